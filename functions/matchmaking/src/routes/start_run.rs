//! `POST /v1/matchmaking/runs`

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Reply};
use shared::id::{EventId, RunId};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::organises;
use crate::App;
use crate::problems::{MATCHING_CANCELLED, RUN_TOO_SOON};
use crate::store::event_items::{Run, RunStatus, Settings};

/// An event's matches are made afresh at most so often: bounds what a run can cost.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// For whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StartMatchingRun)]
pub struct StartRun {
    /// For the attendees of this event.
    event_id: EventId,
}

/// A batch run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatchingRun)]
pub struct RunView {
    id: RunId,
    event_id: EventId,
    status: RunStatus,
    /// How many people take part; `null` until it has begun.
    people: Option<u32>,
    /// How many have fresh matches.
    done: u32,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        Self {
            id: run.run_id,
            event_id: run.event_id,
            status: run.status,
            people: run.people,
            done: run.done,
            requested_at: run.requested_at,
            finished_at: run.finished_at,
        }
    }
}

/// Make all matches of an event afresh
///
/// For its organisers. Earlier results are not served any more; up to 5,000
/// people get new ones in the background, beyond that as they look.
#[utoipa::path(
    post, path = "/v1/matchmaking/runs", tag = "matchmaking", operation_id = "startMatchingRun",
    request_body = StartRun,
    responses(
        (status = 202, description = "It has begun", body = RunView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "You do not organise the event"),
        (status = 404, description = "No such event is published"),
        (status = 409, description = "`run-too-soon`, `matching-cancelled`, `changed-meanwhile`"),
    ),
    security(("bearer" = [])),
)]
pub async fn post(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(StartRun { event_id }): Json<StartRun>,
) -> Result<Reply, Problem> {
    let (event, settings) = app.store.event(event_id).await?;
    let event = event.ok_or_else(|| Problem::not_found("The event"))?;
    organises(&principal, &event)?;
    if event.status == "cancelled" {
        return Err(Problem::new(&MATCHING_CANCELLED));
    }
    let now = app.store.now();
    if let Some(wait) = settings.run_at.map(|at| EVERY - now.duration_since(at))
        && wait.is_positive()
    {
        let seconds = wait.as_secs() + 1;
        return Err(Problem::new(&RUN_TOO_SOON)
            .detail(format!("The next run can begin in {seconds} seconds."))
            .header(http::header::RETRY_AFTER, &seconds.to_string()));
    }
    let run = Run {
        run_id: RunId::new(),
        event_id,
        requested_by: principal.user_id,
        status: RunStatus::Queued,
        people: None,
        done: 0,
        requested_at: now,
        finished_at: None,
    };
    let location = format!("/v1/matchmaking/runs/{}", run.run_id);
    let reply = Reply::accepted(&RunView::from(&run))?.header(http::header::LOCATION, &location);
    let settings = Settings {
        run_at: Some(now),
        ..settings
    };
    app.store.begin_run(&cx, &settings, &run, reply).await
}
