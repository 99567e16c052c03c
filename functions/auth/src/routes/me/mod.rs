//! `/v1/users/me`: what a person sees of their account and does with all of it.

pub mod cancel_deletion;
pub mod consents;
pub mod delete;
pub mod export;

use axum::extract::State;
use http::header::LOCATION;
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    http::Reply,
    id::{OperationId, OrganizationId},
    principal::{Permission, PlatformRole, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{grant::User, state::App};

/// You.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    #[serde(flatten)]
    user: User,
    /// What the person is on the platform, from where the request comes.
    platform_role: PlatformRole,
    /// Where you belong, and what you may do there.
    organizations: Vec<Place>,
}

/// Your place in an organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    id: OrganizationId,
    name: String,
    slug: String,
    role: Role,
    own_capabilities: Vec<Permission>,
}

/// Something that takes its time, as it began; `GET /v1/operations/{operationId}`
/// shows how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    id: OperationId,
    /// `account-deletion` or `account-export`.
    #[schema(example = "account-deletion")]
    kind: &'static str,
    /// `scheduled` or `running`.
    #[schema(example = "scheduled")]
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Of a deletion: from when on the account is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    erase_at: Option<Timestamp>,
}

impl Begun {
    fn reply(&self) -> Result<Reply, Problem> {
        let place = format!("/v1/operations/{}", self.id);
        Ok(Reply::accepted(self)?.header(LOCATION, &place))
    }
}

/// Who am I
///
/// Your account, your organisations, and what your role lets you do in each.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "users", operation_id = "getMe",
    responses(
        (status = 200, description = "You", body = Me),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn me(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let (account, memberships) = futures::future::try_join(
        app.store.account(principal.user_id),
        app.store.all_memberships(principal.user_id),
    )
    .await?;
    let account = account.ok_or_else(|| Problem::not_found("The account"))?;
    let ids: Vec<OrganizationId> = memberships
        .iter()
        .map(|place| place.organization_id)
        .collect();
    let organizations = app.store.organizations(&ids).await?;
    let organizations = organizations
        .into_iter()
        .filter_map(|organization| {
            let role = memberships
                .iter()
                .find(|m| m.organization_id == organization.id)?
                .role;
            Some(Place {
                id: organization.id,
                name: organization.name,
                slug: organization.slug,
                role,
                own_capabilities: role.permissions(),
            })
        })
        .collect();
    Reply::ok(&Me {
        user: User::from(&account),
        platform_role: principal.platform_role,
        organizations,
    })
}
