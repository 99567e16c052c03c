//! `PUT /v1/events/{id}/feedback`, `GET /v1/events/{id}/feedback/me`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::digest::{base64url, random};
use shared::event::events::FeedbackGiven;
use shared::http::{Json, Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG, over};
use super::OwnFeedback;
use crate::model::{Feedback, Status};
use crate::problems::FEEDBACK_CLOSED;

/// What one thought.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Opinion {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    rating: u8,
    /// In words, for the organisers.
    #[serde(default)]
    #[schema(max_length = 2000)]
    comment: String,
}

/// Says what the caller thought of an event, in place of what was said before.
///
/// For those who had a place, once it is over. Organisers read it without a
/// name.
#[utoipa::path(
    put,
    path = "/v1/events/{id}/feedback",
    tag = TAG,
    operation_id = "giveFeedback",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = Opinion,
    responses(
        (status = 200, description = "What is kept.", body = OwnFeedback),
        (status = 403, description = "`forbidden`: not an attendee"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`feedback-closed`, `conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn give_feedback(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(opinion): Json<Opinion>,
) -> Result<Reply, Problem> {
    if !(1..=5).contains(&opinion.rating) {
        return Err(Problem::invalid(
            "/rating",
            "out-of-range",
            "must be 1 to 5",
        ));
    }
    let comment = opinion.comment.trim();
    if comment.chars().count() > 2000 {
        let detail = "must have at most 2000 characters";
        return Err(Problem::invalid("/comment", "length", detail));
    }
    let (event, _, registration) = app.store.with_registration(id, principal.user_id).await?;
    if !event.visible_to(Some(&principal)) {
        return Err(Problem::not_found("The event"));
    }
    if !registration.is_some_and(|registration| registration.status.may_enter()) {
        return Err(Problem::forbidden(
            "Only those who had a place give feedback.",
        ));
    }
    let held = matches!(event.status, Status::Published | Status::Completed);
    if !held || !over(&event, app.store.now()) {
        return Err(Problem::new(&FEEDBACK_CLOSED));
    }
    let before = app.store.feedback(id, principal.user_id).await?;
    let mut commit = app.store.commit(&cx);
    let next = Feedback {
        event_id: id,
        id: match &before {
            Some(before) => before.id.clone(),
            None => base64url(random::<16>().map_err(|err| Problem::internal(err.to_string()))?),
        },
        rating: opinion.rating,
        comment: comment.to_owned(),
        updated_at: commit.now(),
        version: before.as_ref().map_or(0, |before| before.version),
    };
    let user = principal.user_id;
    app.store
        .give_feedback(&mut commit, user, before.as_ref(), &next);
    let given = FeedbackGiven {
        event_id: id,
        user_id: user,
        rating: next.rating,
    };
    commit.publish(&given, next.version + 1);
    commit.finish(Reply::ok(&OwnFeedback::new(&next))?).await
}

/// Reads the caller's own feedback.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/feedback/me",
    tag = TAG,
    operation_id = "getMyFeedback",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "What is kept.", body = OwnFeedback),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn my_feedback(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let feedback = app.store.feedback(id, principal.user_id).await?;
    let feedback = feedback.ok_or_else(|| Problem::not_found("The feedback"))?;
    Reply::ok(&OwnFeedback::new(&feedback))
}
