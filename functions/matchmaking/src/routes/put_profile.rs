//! `PUT /v1/matchmaking/profile`, and `POST` as its alias

use axum::extract::State;
use http::HeaderMap;
use http::header::IF_MATCH;
use shared::cx::Context;
use shared::http::{IfMatch, Json, Reply};
use shared::principal::Principal;
use shared::problem::Problem;

use super::get_profile::ProfileView;
use super::lost_a_race;
use crate::App;
use crate::model::profile::Profile;
use crate::store::items::Member;
use crate::store::person::Change;

/// How often the write begins again when an event changed the person meanwhile.
const ATTEMPTS: usize = 4;

/// What the caller must have seen, if they say so.
struct Precondition(Option<IfMatch>);

impl Precondition {
    fn of(headers: &HeaderMap, if_match: IfMatch) -> Self {
        Self(headers.contains_key(IF_MATCH).then_some(if_match))
    }
}

/// Set your networking profile
///
/// Sets the whole profile; what you leave out is empty afterwards. Your vector
/// and your matches follow at once. `If-Match` is optional.
#[utoipa::path(
    put, path = "/v1/matchmaking/profile", tag = "matchmaking",
    operation_id = "setNetworkingProfile",
    request_body = Profile,
    responses(
        (status = 200, description = "Your profile", body = ProfileView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 409, description = "`changed-meanwhile`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = [])),
)]
pub async fn put(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    headers: HeaderMap,
    if_match: IfMatch,
    Json(profile): Json<Profile>,
) -> Result<Reply, Problem> {
    set(
        &app,
        &cx,
        &principal,
        Precondition::of(&headers, if_match),
        profile,
    )
    .await
}

/// Set your networking profile (deprecated)
///
/// As `PUT /v1/matchmaking/profile`.
#[utoipa::path(
    post, path = "/v1/matchmaking/profile", tag = "matchmaking",
    operation_id = "postNetworkingProfile",
    request_body = Profile,
    responses(
        (status = 200, description = "Your profile", body = ProfileView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 409, description = "`changed-meanwhile`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = [])),
)]
#[deprecated = "an alias"]
pub async fn post(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    headers: HeaderMap,
    if_match: IfMatch,
    Json(profile): Json<Profile>,
) -> Result<Reply, Problem> {
    set(
        &app,
        &cx,
        &principal,
        Precondition::of(&headers, if_match),
        profile,
    )
    .await
}

async fn set(
    app: &App,
    cx: &Context,
    principal: &Principal,
    precondition: Precondition,
    profile: Profile,
) -> Result<Reply, Problem> {
    let profile = profile.tidy()?;
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        let person = app.store.person(principal.user_id).await?;
        if let Precondition(Some(if_match)) = &precondition {
            if_match.require(person.member.version)?;
        }
        let now = app.store.now();
        let member = Member {
            profile: Some(profile.clone()),
            updated_at: Some(now),
            ..person.member.clone()
        };
        let view = ProfileView::new(&person, profile.clone(), Some(now));
        let reply = Reply::ok(&view)?.etag(person.member.version + 1);
        let change = Change::Member(Box::new(member));
        match app.store.change_and_reply(cx, &person, change, reply).await {
            Err(problem) if left > 0 && lost_a_race(&problem) => {}
            done => return done,
        }
    }
}
