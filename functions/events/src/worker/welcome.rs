//! What a person's own news sets off: a first selection, other interests.

use shared::cx::Context;
use shared::event::Event as Envelope;
use shared::event::events::WelcomeEventsFound;
use shared::event::users::UserProfileUpdated;
use shared::id::UserId;
use shared::worker::WorkerError;

use super::gone::{commit_of, gone};
use crate::model::Interests;
use crate::recommend::recommended;
use crate::store::Store;

/// How many events a newcomer is shown.
const WELCOME: usize = 5;

/// Finds events for a newcomer; once, however often the news comes. Where
/// nothing is ahead there is nothing to say.
pub(super) async fn welcome(
    store: &Store,
    event: &Envelope,
    cx: &Context,
    user_id: UserId,
) -> Result<(), WorkerError> {
    if gone(store, &[user_id]).await? {
        return Ok(());
    }
    let found = recommended(store, user_id, WELCOME).await?;
    if found.is_empty() {
        return Ok(());
    }
    let events = found.iter().map(|found| found.event.brief()).collect();
    let mut commit = store.commit(cx);
    commit.once(event.id);
    commit.publish(&WelcomeEventsFound { user_id, events }, 1);
    commit_of(commit, &[user_id]).await
}

/// How many interests of a person are kept.
const MOST_INTERESTS: usize = 50;

/// Copies a person's interests, where a change of the profile names them.
pub(super) async fn learn_interests(
    store: &Store,
    event: &Envelope,
    cx: &Context,
    data: &UserProfileUpdated,
) -> Result<(), WorkerError> {
    let Some(interests) = data.changes.get("interests") else {
        return Ok(());
    };
    if gone(store, &[data.user_id]).await? {
        return Ok(());
    }
    let listed = interests.as_array().into_iter().flatten();
    let tags = listed
        .filter_map(|interest| interest.as_str())
        .map(|interest| interest.trim().to_lowercase())
        .filter(|interest| (1..=50).contains(&interest.chars().count()))
        .take(MOST_INTERESTS)
        .collect();
    let mut commit = store.commit(cx);
    let user_id = data.user_id;
    commit.project(&Interests { user_id, tags }, event.sequence);
    commit_of(commit, &[user_id]).await
}
