//! `GET /v1/matchmaking/profile`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::Reply;
use shared::id::UserId;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::App;
use crate::model::profile::Profile;
use crate::store::person::Person;

/// A networking profile, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NetworkingProfile)]
pub struct ProfileView {
    user_id: UserId,
    #[serde(flatten)]
    profile: Profile,
    /// Tags of the events you saved: your interests in the matching.
    interests: Vec<String>,
    /// When you last set it.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Option<Timestamp>,
}

impl ProfileView {
    /// With the interests of a person.
    pub fn new(person: &Person, profile: Profile, updated_at: Option<Timestamp>) -> Self {
        let mut interests: Vec<String> = person
            .interests()
            .into_iter()
            .flat_map(|interest| interest.tags)
            .collect();
        interests.sort_unstable();
        interests.dedup();
        Self {
            user_id: person.member.user_id,
            profile,
            interests,
            updated_at,
        }
    }
}

/// Read your networking profile
#[utoipa::path(
    get, path = "/v1/matchmaking/profile", tag = "matchmaking",
    operation_id = "getNetworkingProfile",
    responses(
        (status = 200, description = "Your profile", body = ProfileView),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "You have none yet"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let person = app.store.person(principal.user_id).await?;
    let Some(profile) = person.member.profile.clone() else {
        return Err(Problem::not_found("Your networking profile"));
    };
    let view = ProfileView::new(&person, profile, person.member.updated_at);
    Ok(Reply::ok(&view)?.etag(person.member.version))
}
