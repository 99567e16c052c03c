//! What those are told who go to an event, with what it is to their calendars.

use shared::event::attendees::GuestNoticed;
use shared::event::events::{
    CalendarDetails, EventChangeNoticed, RegistrationCancelled, RegistrationCreated,
    RegistrationOffered, RegistrationPromoted, RegistrationTransferOffered,
};
use shared::event::{Contract, Event};
use shared::id::UserId;
use shared::worker::WorkerError;

use super::notices::{actor, by, in_brief, notice};
use crate::model::{Invitation, Message, Occasion};
use crate::store::{Notice, Store};

/// The notices of an event about a registration; none for every other event.
pub(super) async fn of(store: &Store, event: &Event) -> Result<Vec<Notice>, WorkerError> {
    Ok(match event.kind.as_str() {
        EventChangeNoticed::TYPE => vec![changed(event, event.data()?)],
        RegistrationCreated::TYPE => {
            let created: RegistrationCreated = event.data()?;
            let organizer = organizer(store, &created).await?;
            self::created(event, created, organizer)
        }
        RegistrationPromoted::TYPE => vec![promoted(event, event.data()?)],
        RegistrationOffered::TYPE => vec![offered(event.data()?)],
        RegistrationTransferOffered::TYPE => {
            handed_over(event, event.data()?).into_iter().collect()
        }
        RegistrationCancelled::TYPE => cancelled(event, event.data()?).into_iter().collect(),
        _ => Vec::new(),
    })
}

/// What a registration is for.
macro_rules! occasion {
    ($registration:expr) => {
        Occasion {
            event_id: $registration.event_id,
            title: $registration.title,
            starts_at: $registration.starts_at,
            time_zone: $registration.time_zone,
        }
    };
}

/// The event's state is that of the moment when it was told of.
fn invitation(
    told: &Event,
    occasion: &Occasion,
    details: Option<CalendarDetails>,
    ended: bool,
) -> Option<Invitation> {
    Some(Invitation::to(occasion, details?, ended, told.time))
}

fn changed(told: &Event, noticed: EventChangeNoticed) -> Notice {
    let occasion = in_brief(noticed.event);
    let invitation = invitation(told, &occasion, noticed.calendar, false);
    let message = Message::EventChanged {
        occasion,
        cancelled: noticed.cancelled,
        changed: noticed.changed,
        venue_name: noticed.venue_name,
        calendar_sequence: noticed.calendar_sequence,
    };
    Notice {
        invitation,
        ..notice(noticed.user_id, message, None)
    }
}

/// What a guest reads, and where.
pub(super) fn guest(told: &Event, noticed: GuestNoticed) -> (String, Message, Option<Invitation>) {
    let occasion = in_brief(noticed.event);
    let invitation = invitation(told, &occasion, noticed.calendar, noticed.cancelled);
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
    (noticed.email, message, invitation)
}

/// The letter that hands a registration over to an address, or confirms it
/// there; `None` for one that goes to a user.
pub(super) fn letter(
    told: &Event,
    offered: RegistrationTransferOffered,
) -> Option<(String, Message, Option<Invitation>)> {
    let (email, sealed_token) = (offered.email?, offered.sealed_token?);
    let occasion = occasion!(offered);
    let invitation = invitation(told, &occasion, offered.calendar, false);
    let message = Message::RegistrationTransferLetter {
        occasion,
        sealed_token,
        by_organizer: offered.from_user.is_none(),
        expires_at: offered.expires_at,
    };
    Some((email, message, invitation))
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
fn created(told: &Event, created: RegistrationCreated, organizer: Option<UserId>) -> Vec<Notice> {
    let attendee = created.user_id;
    let occasion = occasion!(created);
    let to_organizer = Message::EventRegistrations {
        event_id: occasion.event_id,
        title: occasion.title.clone(),
    };
    let invitation = invitation(told, &occasion, created.calendar, false);
    let confirmation = match created.status.as_str() {
        "confirmed" => Message::RegistrationConfirmed(occasion),
        "waitlisted" => Message::RegistrationWaitlisted(occasion),
        _ => return Vec::new(),
    };
    let mut notices = vec![Notice {
        invitation,
        ..notice(attendee, confirmation, None)
    }];
    if let Some(organizer) = organizer {
        notices.push(notice(organizer, to_organizer, Some(attendee)));
    }
    notices
}

fn promoted(told: &Event, promoted: RegistrationPromoted) -> Notice {
    let user = promoted.user_id;
    let occasion = occasion!(promoted);
    let invitation = invitation(told, &occasion, promoted.calendar, false);
    Notice {
        invitation,
        ..notice(user, Message::RegistrationPromoted(occasion), None)
    }
}

fn offered(offered: RegistrationOffered) -> Notice {
    let (user, offered_until) = (offered.user_id, offered.offered_until);
    let message = Message::RegistrationOffered {
        occasion: occasion!(offered),
        offered_until,
    };
    notice(user, message, None)
}

/// One to an address goes out as a letter, not by this.
fn handed_over(told: &Event, offered: RegistrationTransferOffered) -> Option<Notice> {
    let (to, expires_at) = (offered.to_user?, offered.expires_at);
    let message = Message::RegistrationTransfer {
        occasion: occasion!(offered),
        expires_at,
    };
    Some(notice(to, message, actor(told)))
}

/// Who gave up the place knows it; only their calendar is told.
fn cancelled(told: &Event, cancelled: RegistrationCancelled) -> Option<Notice> {
    let (user, reason) = (cancelled.user_id, cancelled.reason);
    let occasion = occasion!(cancelled);
    let invitation = invitation(told, &occasion, cancelled.calendar, true);
    let silent = by(told, user);
    if silent && invitation.is_none() {
        return None;
    }
    let message = Message::RegistrationCancelled { occasion, reason };
    Some(Notice {
        invitation,
        silent,
        ..notice(user, message, None)
    })
}
