//! Whom an event concerns, and what they are told. Nobody is told of what
//! they did themselves.

use shared::event::auth::OrganizationInvitationCreated;
use shared::event::events::{
    EventApproved, EventCancelled, EventInBrief, EventRejected, EventUpdated, WelcomeEventsFound,
};
use shared::event::{Contract, Event};
use shared::id::UserId;
use shared::worker::WorkerError;

use super::registrations;
use crate::model::{Message, Occasion};
use crate::store::{Notice, Store};

/// The notices of an event that concerns the people it names; none for every
/// other event.
pub(super) async fn of(store: &Store, event: &Event) -> Result<Vec<Notice>, WorkerError> {
    Ok(match event.kind.as_str() {
        EventApproved::TYPE => approved(event.data()?),
        EventRejected::TYPE => rejected(event.data()?),
        WelcomeEventsFound::TYPE => welcome_events(event.data()?),
        EventUpdated::TYPE => updated(event, event.data()?),
        EventCancelled::TYPE => cancelled(event, event.data()?),
        OrganizationInvitationCreated::TYPE => invited(event, event.data()?),
        _ => registrations::of(store, event).await?,
    })
}

/// Who did this, if a person did.
pub(super) fn actor(event: &Event) -> Option<UserId> {
    event.actor.as_deref()?.parse().ok()
}

pub(super) const fn notice(to: UserId, message: Message, actor: Option<UserId>) -> Notice {
    Notice {
        to,
        message,
        actor,
        invitation: None,
        silent: false,
    }
}

/// Whether `user` did this.
pub(super) fn by(event: &Event, user: UserId) -> bool {
    event.actor.as_deref() == Some(user.to_string().as_str())
}

pub(super) fn in_brief(event: EventInBrief) -> Occasion {
    Occasion {
        event_id: event.event_id,
        title: event.title,
        starts_at: event.starts_at,
        time_zone: event.time_zone,
    }
}

fn welcome_events(found: WelcomeEventsFound) -> Vec<Notice> {
    let events: Vec<Occasion> = found.events.into_iter().map(in_brief).collect();
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

fn updated(event: &Event, updated: EventUpdated) -> Vec<Notice> {
    let author = updated.event.created_by;
    if by(event, author) || updated.changed.is_empty() {
        return Vec::new();
    }
    let message = Message::EventUpdated {
        event_id: updated.event.event_id,
        title: updated.event.title,
        changed: updated.changed,
    };
    vec![notice(author, message, actor(event))]
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

/// One to an address goes out as a letter, not by this.
fn invited(event: &Event, invited: OrganizationInvitationCreated) -> Vec<Notice> {
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
    vec![notice(to, message, actor(event))]
}
