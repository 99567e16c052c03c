//! What a registration tells besides itself: guests by letter, and the
//! matchmaking of answers that it may use.

use shared::commit::Commit;
use shared::event::attendees::{AnswersShared, GuestNoticed};
use shared::id::RegistrationId;

use super::Hall;
use crate::model::{Admission, Event, Guest, Registration};

/// What a guest is to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The event changed in these fields.
    Changed(Vec<String>),
    /// The registration ended, for this reason if one was given.
    Ended(Option<String>),
}

/// What a guest hears.
pub fn guest_noticed(
    event: &Event,
    registration_id: RegistrationId,
    guest: &Guest,
    news: News,
) -> GuestNoticed {
    let details = &event.details;
    let (cancelled, reason, changed) = match news {
        News::Changed(fields) => (false, None, fields),
        News::Ended(reason) => (true, reason, Vec::new()),
    };
    GuestNoticed {
        registration_id,
        email: guest.email.clone(),
        event: event.brief(),
        cancelled,
        reason,
        changed,
        venue_name: details.venue.as_ref().map(|venue| venue.name.clone()),
        calendar_sequence: event.sequence,
        calendar: Some(event.calendar(false)),
    }
}

pub(super) fn answers_shared(
    event: &Event,
    registration: &Registration,
    answers: Vec<String>,
) -> AnswersShared {
    AnswersShared {
        registration_id: registration.id,
        event_id: registration.event_id,
        user_id: registration.user_id,
        starts_at: event.details.starts_at,
        answers,
    }
}

/// Shares what the person lets the matchmaking use, if anything, with the
/// commit that writes the registration.
pub fn share(commit: &mut Commit, hall: &Hall, registration: &Registration) {
    let answers = hall.admission.shared_answers(registration);
    if !answers.is_empty() {
        let payload = answers_shared(&hall.event, registration, answers);
        commit.publish(&payload, registration.version + 1);
    }
}

/// The same where the consent changed: nothing to share is told too.
pub fn share_anew(
    commit: &mut Commit,
    event: &Event,
    admission: &Admission,
    registration: &Registration,
) {
    let answers = admission.shared_answers(registration);
    let payload = answers_shared(event, registration, answers);
    commit.publish(&payload, registration.version + 1);
}
