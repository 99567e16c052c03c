//! Whom an event concerns, and what they are told. Nobody is told of what
//! they did themselves.

use shared::event::attendees::GuestNoticed;
use shared::event::auth::OrganizationInvitationCreated;
use shared::event::events::{
    EventApproved, EventCancelled, EventChangeNoticed, EventInBrief, EventRejected, EventUpdated,
    RegistrationCancelled, RegistrationCreated, RegistrationOffered, RegistrationPromoted,
    RegistrationTransferOffered, WelcomeEventsFound,
};
use shared::event::{Contract, Event};
use shared::id::UserId;
use shared::worker::WorkerError;

use crate::model::{Message, Occasion};
use crate::store::{Notice, Store};

/// The notices of an event that concerns the people it names; none for every
/// other event.
pub(super) async fn of(store: &Store, event: &Event) -> Result<Vec<Notice>, WorkerError> {
    Ok(match event.kind.as_str() {
        EventApproved::TYPE => approved(event.data()?),
        EventRejected::TYPE => rejected(event.data()?),
        EventChangeNoticed::TYPE => vec![event_changed(event.data()?)],
        WelcomeEventsFound::TYPE => welcome_events(event.data()?),
        EventUpdated::TYPE => {
            let actor = actor_name(store, event).await?;
            updated(event, event.data()?, actor)
        }
        EventCancelled::TYPE => cancelled(event, event.data()?),
        RegistrationCreated::TYPE => {
            let created: RegistrationCreated = event.data()?;
            let name = store.name_of(created.user_id).await?;
            let organizer = organizer(store, &created).await?;
            registration_created(created, organizer, name)
        }
        RegistrationPromoted::TYPE => registration_promoted(event.data()?),
        RegistrationOffered::TYPE => registration_offered(event.data()?),
        RegistrationTransferOffered::TYPE => {
            let actor = actor_name(store, event).await?;
            registration_transfer(event.data()?, actor)
        }
        RegistrationCancelled::TYPE => registration_cancelled(event, event.data()?),
        OrganizationInvitationCreated::TYPE => {
            let actor = actor_name(store, event).await?;
            invited(event.data()?, actor)
        }
        _ => Vec::new(),
    })
}

async fn actor_name(store: &Store, event: &Event) -> Result<Option<String>, WorkerError> {
    match event.actor.as_deref().and_then(|actor| actor.parse().ok()) {
        Some(id) => Ok(store.name_of(id).await?),
        None => Ok(None),
    }
}

pub(super) const fn notice(to: UserId, message: Message, actor: Option<String>) -> Notice {
    Notice { to, message, actor }
}

/// Whether `user` did this.
pub(super) fn by(event: &Event, user: UserId) -> bool {
    event.actor.as_deref() == Some(user.to_string().as_str())
}

/// What a guest reads, and where.
pub(super) fn to_guest(noticed: GuestNoticed) -> (String, Message) {
    let occasion = occasion(noticed.event);
    let message = if noticed.cancelled {
        Message::RegistrationCancelled {
            occasion,
            reason: noticed.reason,
        }
    } else {
        Message::EventChanged {
            occasion,
            cancelled: false,
            changed: noticed.changed,
            venue_name: noticed.venue_name,
            calendar_sequence: noticed.calendar_sequence,
        }
    };
    (noticed.email, message)
}

fn occasion(event: EventInBrief) -> Occasion {
    Occasion {
        event_id: event.event_id,
        title: event.title,
        starts_at: event.starts_at,
        time_zone: event.time_zone,
    }
}

fn event_changed(noticed: EventChangeNoticed) -> Notice {
    let message = Message::EventChanged {
        occasion: occasion(noticed.event),
        cancelled: noticed.cancelled,
        changed: noticed.changed,
        venue_name: noticed.venue_name,
        calendar_sequence: noticed.calendar_sequence,
    };
    notice(noticed.user_id, message, None)
}

fn welcome_events(found: WelcomeEventsFound) -> Vec<Notice> {
    let events: Vec<Occasion> = found.events.into_iter().map(occasion).collect();
    if events.is_empty() {
        return Vec::new();
    }
    vec![notice(
        found.user_id,
        Message::WelcomeEvents { events },
        None,
    )]
}

fn approved(review: EventApproved) -> Vec<Notice> {
    let message = Message::EventApproved {
        event_id: review.event_id,
        title: review.title,
        note: review.reason,
        changed: review.changed,
    };
    decided(
        review.actor_id,
        review.created_by,
        review.proposed_by,
        &message,
    )
}

fn rejected(review: EventRejected) -> Vec<Notice> {
    let message = Message::EventRejected {
        event_id: review.event_id,
        title: review.title,
        reason: review.reason,
        changed: review.changed,
    };
    decided(
        review.actor_id,
        review.created_by,
        review.proposed_by,
        &message,
    )
}

/// For the author, and for who proposed a change if that is somebody else.
fn decided(
    actor: UserId,
    author: UserId,
    proposer: Option<UserId>,
    message: &Message,
) -> Vec<Notice> {
    let proposer = proposer.filter(|proposer| *proposer != author);
    [Some(author), proposer]
        .into_iter()
        .flatten()
        .filter(|person| *person != actor)
        .map(|person| notice(person, message.clone(), None))
        .collect()
}

fn updated(event: &Event, updated: EventUpdated, actor: Option<String>) -> Vec<Notice> {
    let author = updated.event.created_by;
    if by(event, author) || updated.changed.is_empty() {
        return Vec::new();
    }
    let message = Message::EventUpdated {
        event_id: updated.event.event_id,
        title: updated.event.title,
        changed: updated.changed,
    };
    vec![notice(author, message, actor)]
}

fn cancelled(event: &Event, cancelled: EventCancelled) -> Vec<Notice> {
    let author = cancelled.event.created_by;
    if by(event, author) {
        return Vec::new();
    }
    let message = Message::EventCancelled {
        event_id: cancelled.event.event_id,
        title: cancelled.event.title,
        reason: cancelled.reason,
    };
    vec![notice(author, message, None)]
}

/// Who hears that somebody registers: the maker of the event, unless they do it
/// themselves, and in an organisation while their role lets them see attendees.
async fn organizer(
    store: &Store,
    created: &RegistrationCreated,
) -> Result<Option<UserId>, WorkerError> {
    let maker = created.organizer_id;
    if maker == created.user_id {
        return Ok(None);
    }
    let hears = match created.organization_id {
        None => true,
        Some(organization) => {
            let member = store.member(organization, maker).await?;
            member.is_some_and(|member| member.sees_attendees())
        }
    };
    Ok(hears.then_some(maker))
}

/// The attendee has it in writing; the organiser hears of others only.
fn registration_created(
    created: RegistrationCreated,
    organizer: Option<UserId>,
    name: Option<String>,
) -> Vec<Notice> {
    let occasion = Occasion {
        event_id: created.event_id,
        title: created.title.clone(),
        starts_at: created.starts_at,
        time_zone: created.time_zone,
    };
    let confirmation = match created.status.as_str() {
        "confirmed" => Message::RegistrationConfirmed(occasion),
        "waitlisted" => Message::RegistrationWaitlisted(occasion),
        _ => return Vec::new(),
    };
    let mut notices = vec![notice(created.user_id, confirmation, None)];
    if let Some(organizer) = organizer {
        let message = Message::EventRegistrations {
            event_id: created.event_id,
            title: created.title,
        };
        notices.push(notice(organizer, message, name));
    }
    notices
}

fn registration_promoted(promoted: RegistrationPromoted) -> Vec<Notice> {
    let message = Message::RegistrationPromoted(Occasion {
        event_id: promoted.event_id,
        title: promoted.title,
        starts_at: promoted.starts_at,
        time_zone: promoted.time_zone,
    });
    vec![notice(promoted.user_id, message, None)]
}

fn registration_offered(offered: RegistrationOffered) -> Vec<Notice> {
    let message = Message::RegistrationOffered {
        occasion: Occasion {
            event_id: offered.event_id,
            title: offered.title,
            starts_at: offered.starts_at,
            time_zone: offered.time_zone,
        },
        offered_until: offered.offered_until,
    };
    vec![notice(offered.user_id, message, None)]
}

/// One to an address goes out as a letter, not by this.
fn registration_transfer(
    offered: RegistrationTransferOffered,
    actor: Option<String>,
) -> Vec<Notice> {
    let Some(to) = offered.to_user else {
        return Vec::new();
    };
    let message = Message::RegistrationTransfer {
        occasion: Occasion {
            event_id: offered.event_id,
            title: offered.title,
            starts_at: offered.starts_at,
            time_zone: offered.time_zone,
        },
        expires_at: offered.expires_at,
    };
    vec![notice(to, message, actor)]
}

/// One to an address goes out as a letter, not by this.
fn invited(invited: OrganizationInvitationCreated, actor: Option<String>) -> Vec<Notice> {
    let Some(to) = invited.user_id else {
        return Vec::new();
    };
    let message = Message::OrganizationInvitationReceived {
        invitation_id: invited.invitation_id,
        organization_id: invited.organization_id,
        name: invited.organization_name,
        role: invited.role,
        expires_at: invited.expires_at,
    };
    vec![notice(to, message, actor)]
}

fn registration_cancelled(event: &Event, cancelled: RegistrationCancelled) -> Vec<Notice> {
    if by(event, cancelled.user_id) {
        return Vec::new();
    }
    let message = Message::RegistrationCancelled {
        occasion: Occasion {
            event_id: cancelled.event_id,
            title: cancelled.title,
            starts_at: cancelled.starts_at,
            time_zone: cancelled.time_zone,
        },
        reason: cancelled.reason,
    };
    vec![notice(cancelled.user_id, message, None)]
}
