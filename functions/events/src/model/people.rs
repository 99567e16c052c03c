//! Whose ids stand in an event.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::id::UserId;
use shared::personal::NOBODY;

use super::event::Event;

/// The field of a change that names speakers, and that of their accounts.
const SPEAKERS: &str = "speakers";
const USER_ID: &str = "userId";

impl Event {
    /// Who speaks and has an account, also by a change that waits.
    pub fn people(&self) -> BTreeSet<UserId> {
        let now = self.details.speakers.iter();
        let now = now.filter_map(|speaker| speaker.user_id);
        let pending = self.pending.iter();
        let pending = pending.filter_map(|change| change.fields.get(SPEAKERS)?.as_array());
        let waiting = pending
            .flatten()
            .filter_map(|speaker| speaker.get(USER_ID)?.as_str()?.parse().ok());
        now.chain(waiting).collect()
    }

    /// The event with nobody in place of `user`; `None` if they are not in it.
    /// What speakers are called stays: it is the organiser's programme.
    pub fn without(&self, user: UserId) -> Option<Self> {
        let mut next = self.clone();
        if next.created_by == user {
            next.created_by = NOBODY;
        }
        for speaker in &mut next.details.speakers {
            speaker.user_id = speaker.user_id.filter(|id| *id != user);
        }
        if let Some(change) = &mut next.pending {
            if change.proposed_by == user {
                change.proposed_by = NOBODY;
            }
            let own = user.to_string();
            let speakers = change.fields.get_mut(SPEAKERS);
            let speakers = speakers.and_then(Value::as_array_mut);
            for speaker in speakers.into_iter().flatten() {
                if let Some(speaker) = speaker.as_object_mut() {
                    speaker.retain(|name, value| name != USER_ID || value.as_str() != Some(&own));
                }
            }
        }
        if next == *self {
            return None;
        }
        // To who reviews it, it is the same.
        if next.submitted_version == Some(self.version) {
            next.submitted_version = Some(self.version + 1);
        }
        Some(next)
    }
}
