//! `GET /v1/matchmaking/runs/{runId}`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::RunId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::organises;
use super::start_run::RunView;
use crate::App;

/// See how far a run is
#[utoipa::path(
    get, path = "/v1/matchmaking/runs/{runId}", tag = "matchmaking",
    operation_id = "getMatchingRun",
    params(("runId" = RunId, Path)),
    responses(
        (status = 200, description = "The run", body = RunView),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "No such run, or you do not organise its event"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<RunId>,
) -> Result<Reply, Problem> {
    let hidden = || Problem::not_found("The run");
    let run = app.store.run(run).await?.ok_or_else(hidden)?;
    let (event, _) = app.store.event(run.event_id).await?;
    let event = event.ok_or_else(hidden)?;
    organises(&principal, &event).map_err(|_| hidden())?;
    Reply::ok(&RunView::from(&run))
}
