//! `/v1/organizations`: tenants.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    id::OrganizationId,
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::field;
use crate::{
    model::{
        organization::{Member, Organization},
        text,
    },
    state::App,
    store::Actor,
};

/// An organisation as its members see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationView {
    id: OrganizationId,
    name: String,
    slug: String,
    /// Whether its events need approval before they are published.
    event_approval: bool,
    /// Your role there.
    role: Option<Role>,
    /// What your role lets you do.
    own_capabilities: Vec<Permission>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl OrganizationView {
    /// As somebody with this role sees it.
    pub fn new(organization: &Organization, role: Option<Role>) -> Self {
        Self {
            id: organization.id,
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            event_approval: organization.event_approval,
            role,
            own_capabilities: role.map(Role::permissions).unwrap_or_default(),
            created_at: organization.created_at,
        }
    }
}

/// What can be chosen about an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// What it is called.
    #[schema(max_length = 100, example = "Rust Conference")]
    pub name: String,
    /// Unique: 2 to 60 of `a–z 0–9 -`.
    #[schema(min_length = 2, max_length = 60, example = "rust-conference")]
    pub slug: String,
    /// Whether its events need approval before they are published.
    #[serde(default)]
    #[schema(default = false)]
    pub event_approval: bool,
}

impl Profile {
    fn checked(self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut check = |pointer, read: Result<String, text::TextError>| {
            read.map_err(|error| errors.push(field(pointer, error.code(), error)))
                .unwrap_or_default()
        };
        let name = check("/name", text::line(&self.name, 100));
        let slug = check("/slug", text::slug(&self.slug));
        Problem::all(errors)?;
        Ok(Self { name, slug, ..self })
    }
}

/// A caller's place in an organisation, read consistently: a change of role
/// holds here at once.
#[derive(Debug)]
pub struct Seat {
    /// The organisation, in use.
    pub organization: Organization,
    /// Who acts, for the commit to look again.
    pub actor: Actor,
    /// The caller's own role there.
    pub role: Option<Role>,
}

impl Seat {
    /// The caller's place.
    ///
    /// # Errors
    /// 404 for whoever does not belong there: other tenants stay hidden.
    pub async fn take(
        app: &App,
        principal: &Principal,
        id: OrganizationId,
    ) -> Result<Self, Problem> {
        let user_id = principal.user_id;
        let (organization, member) =
            futures::future::try_join(app.store.organization(id), app.store.member(id, user_id))
                .await?;
        let machine = principal.machine();
        let role = match machine {
            None => member.filter(Member::is_active).map(|member| member.role),
            // A program is no member; the commit looks at itself again.
            Some(_) => principal.role_in(id),
        };
        let everywhere = principal.administers();
        match organization {
            Some(organization) if everywhere || role.is_some() => {
                let actor = Actor {
                    user_id,
                    role: if everywhere { None } else { role },
                    machine,
                };
                Ok(Self {
                    organization,
                    actor,
                    role,
                })
            }
            _ => Err(principal.lacks(Problem::not_found("The organization"))),
        }
    }

    /// The caller's place, if it comes with a permission.
    ///
    /// # Errors
    /// 404 as [`Seat::take`], 403 without the permission.
    pub async fn with(
        app: &App,
        principal: &Principal,
        id: OrganizationId,
        permission: Permission,
    ) -> Result<Self, Problem> {
        let seat = Self::take(app, principal, id).await?;
        seat.require(permission)?;
        Ok(seat)
    }

    /// # Errors
    /// 403 without the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.actor.role.is_none_or(|role| role.permits(permission)) {
            return Ok(());
        }
        let name = serde_json::to_value(permission).unwrap_or_default();
        Err(
            Problem::forbidden("Your role in the organization does not allow this.")
                .with("requiredPermission", name),
        )
    }

    /// # Errors
    /// 403 for a role that can do what the caller's own cannot.
    pub fn require_reach(&self, role: Role) -> Result<(), Problem> {
        if self.actor.reaches(role) {
            return Ok(());
        }
        Err(Problem::forbidden(
            "Nobody grants, changes or takes a role above their own.",
        ))
    }
}
