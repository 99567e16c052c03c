//! `GET /v1/matchmaking/matches`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::http::{Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use shared::table::{Key, Position};
use utoipa::IntoParams;

use super::match_view::{Match, Matches};
use crate::App;
use crate::problems::{MATCHING_CANCELLED, MATCHING_OFF, NOT_ATTENDING, PROFILE_REQUIRED};
use crate::store::items::Results;
use crate::store::person::Person;

/// Which matches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Among the attendees of one event; of all that you attend without it.
    event_id: Option<EventId>,
    /// How many at most: 10, or up to 50.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Who you should meet
#[utoipa::path(
    get, path = "/v1/matchmaking/matches", tag = "matchmaking", operation_id = "listMatches",
    params(Filter),
    responses(
        (status = 200, description = "Your matches, best first", body = Matches),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`not-attending`"),
        (status = 409, description = "`profile-required`, `matching-off`, `matching-cancelled`"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Query(filter): Query<Filter>,
) -> Result<Reply, Problem> {
    list(&app, &cx, &principal, filter).await
}

pub(super) async fn list(
    app: &App,
    cx: &Context,
    principal: &Principal,
    filter: Filter,
) -> Result<Reply, Problem> {
    let Filter {
        event_id,
        limit,
        cursor,
    } = filter;
    let scope = event_id.map(|event| event.to_string()).unwrap_or_default();
    let binding = Binding::new("/v1/matchmaking/matches")
        .caller(principal.user_id)
        .filter("eventId", scope);
    let page = PageRequest::new(&Paging { limit, cursor }, binding, 10, 50)?;
    let after = page.position().and_then(|at| at.key.sk.parse().ok());
    let person = app.store.person(principal.user_id).await?;
    let Some(profile) = person.visible() else {
        return Err(Problem::new(match person.member.profile {
            Some(_) => &MATCHING_OFF,
            None => &PROFILE_REQUIRED,
        }));
    };
    let results = match event_id {
        Some(event) => at_event(app, cx, &person, event).await?,
        None => app.matcher.overall(cx, &person, profile).await?,
    };
    let count = page.limit as usize;
    let (found, more) = app
        .matcher
        .page(&person, profile, &results, after, count)
        .await?;
    let next = more.map(|spot| Position {
        key: Key::new("MATCHES", spot.to_string()),
        index_sk: None,
    });
    let listing = page.listing(found.into_iter().map(Match::from).collect(), next);
    Reply::ok(&Matches {
        items: listing.items,
        next_cursor: listing.next_cursor,
        computed_at: results.computed_at,
    })
}

async fn at_event(
    app: &App,
    cx: &Context,
    person: &Person,
    event: EventId,
) -> Result<Results, Problem> {
    let Some(profile) = person.visible().filter(|_| person.attends(event)) else {
        return Err(Problem::new(&NOT_ATTENDING));
    };
    let board = app.store.board(event, person.member.user_id).await?;
    if board.event.is_some_and(|event| event.status == "cancelled") {
        return Err(Problem::new(&MATCHING_CANCELLED));
    }
    Ok(app
        .matcher
        .at_event(cx, person, profile, &board.settings, board.results)
        .await?)
}
