//! `GET /v1/matchmaking/matches`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Path, Query, Reply};
use shared::id::{EventId, UserId};
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use shared::table::{Key, Position};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::matcher::Found;
use crate::model::explain::Reason;
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

/// Somebody you should meet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    user_id: UserId,
    /// The event at which you can meet.
    event_id: EventId,
    name: Option<String>,
    headline: Option<String>,
    company: Option<String>,
    roles: Vec<String>,
    /// From 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    score: f32,
    reasons: Vec<Reason>,
    /// Saved events and tags in common.
    mutual_interests: Vec<String>,
    /// From 0 to 1; `null` until both have connected a calendar.
    #[schema(minimum = 0, maximum = 1)]
    availability_overlap: Option<f32>,
}

impl From<Found> for Match {
    fn from(Found { badge, score, why }: Found) -> Self {
        Self {
            user_id: badge.user_id,
            event_id: badge.event_id,
            name: badge.name,
            headline: badge.headline,
            company: badge.company,
            roles: badge.roles,
            score,
            reasons: why.reasons,
            mutual_interests: why.mutual_interests,
            availability_overlap: None,
        }
    }
}

/// A page of matches, best first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Matches {
    /// A page can be short: who left or hides meanwhile is left out.
    items: Vec<Match>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
    /// When the ranking was made.
    #[schema(value_type = String, format = DateTime)]
    computed_at: Timestamp,
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
    )
)]
pub async fn get(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Query(filter): Query<Filter>,
) -> Result<Reply, Problem> {
    list(&app, &cx, &principal, filter).await
}

/// Who you should meet (deprecated)
///
/// As `GET /v1/matchmaking/matches`; the id must be your own.
#[utoipa::path(
    get, path = "/v1/matchmaking/matches/{userId}", tag = "matchmaking",
    operation_id = "listMatchesOfUser",
    params(("userId" = UserId, Path), Filter),
    responses(
        (status = 200, description = "Your matches, best first", body = Matches),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`not-attending`"),
        (status = 404, description = "It is not your id"),
        (status = 409, description = "`profile-required`, `matching-off`, `matching-cancelled`"),
    )
)]
#[deprecated = "an alias"]
pub async fn get_for(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(user_id): Path<UserId>,
    Query(filter): Query<Filter>,
) -> Result<Reply, Problem> {
    if user_id != principal.user_id {
        return Err(Problem::not_found("The list of matches"));
    }
    list(&app, &cx, &principal, filter).await
}

async fn list(
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
    let from = page
        .position()
        .and_then(|at| at.key.sk.parse().ok())
        .unwrap_or(0_usize);
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
        .page(&person, profile, &results, from, count)
        .await?;
    let next = more.then(|| Position {
        key: Key::new("MATCHES", (from + count).to_string()),
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
