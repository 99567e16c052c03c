//! What programs sign in with: `/v1/api-keys`, and the service accounts of
//! organisations.

pub mod api_keys;
pub mod service_accounts;

use axum::Extension;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    api_key::{KeyOwner, OwnLimit},
    cx::Context,
    event::auth::CredentialChange,
    http::{IfMatch, MergePatch, Reply},
    id::{OrganizationId, SessionId, UserId},
    limit::{API_KEY, Limiter, SERVICE_ACCOUNT},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::organizations::Seat;
use crate::{
    model::{
        program::{IssuedSecret, MAX_OVERLAP, Program, ProgramId},
        rights::Checks,
    },
    problems::TOO_MANY_SECRETS,
    state::App,
    store::Actor,
};

/// How long an old secret goes on unless the request says otherwise, in seconds.
const OVERLAP: i64 = 24 * 3600;

/// What knows when a key was used last.
pub type Usage = Extension<Limiter>;

/// An API key or a service account, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramView {
    /// Of a service account, this is the `client_id` too.
    #[schema(value_type = String, example = "key_01h2xcejqtf2nbrexx3vqjhp41")]
    id: ProgramId,
    name: String,
    /// The person it acts for.
    user_id: Option<UserId>,
    /// The organisation it belongs to.
    organization_id: Option<OrganizationId>,
    /// As what it acts there.
    role: Option<Role>,
    #[schema(example = json!(["events:read"]))]
    scopes: Vec<String>,
    /// The networks it may be used from; none means from everywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    networks: Vec<String>,
    rate_limit: Option<OwnLimit>,
    /// Those that work, the newest last.
    secrets: Vec<SecretView>,
    created_by: UserId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the second or so; `null` if never, or more than a year ago.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A secret, as far as it may be shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretView {
    /// How it begins.
    #[schema(example = "plnr_key_Bq3xYz")]
    prefix: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ceases to work, because a newer one was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl ProgramView {
    fn new(program: &Program, last_used_at: Option<Timestamp>, now: Timestamp) -> Self {
        let place = program.place();
        let live = program.secrets.iter().filter(|secret| secret.is_live(now));
        Self {
            id: program.id,
            name: program.name.clone(),
            user_id: match program.owner {
                KeyOwner::User { user_id } => Some(user_id),
                KeyOwner::Organization { .. } => None,
            },
            organization_id: place.map(|(id, _)| id),
            role: place.map(|(_, role)| role),
            scopes: program.scopes.iter().cloned().collect(),
            networks: program.terms.networks.texts(),
            rate_limit: program.terms.limit,
            secrets: live
                .map(|secret| SecretView {
                    prefix: secret.prefix.clone(),
                    created_at: secret.created_at,
                    expires_at: secret.expires_at,
                })
                .collect(),
            created_by: program.created_by,
            created_at: program.created_at,
            expires_at: program.expires_at,
            last_used_at,
        }
    }

    /// When it was used last changes without the version.
    fn tag(&self, program: &Program) -> String {
        let used = self.last_used_at.map_or(0, Timestamp::as_second);
        format!("{}.{used}", program.version)
    }

    async fn read(usage: &Limiter, program: &Program, now: Timestamp) -> Result<Self, Problem> {
        let policy = match program.id {
            ProgramId::ApiKey(_) => API_KEY,
            ProgramId::ServiceAccount(_) => SERVICE_ACCOUNT,
        };
        let last_used_at = usage.last_seen(policy, &program.id.to_string()).await?;
        Ok(Self::new(program, last_used_at, now))
    }
}

/// What can be changed of a key or a service account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rights {
    /// What it is called.
    #[schema(max_length = 100, example = "Badge printer")]
    pub name: String,
    /// What it may do.
    #[schema(min_items = 1, example = json!(["events:read"]))]
    pub scopes: Vec<String>,
    /// IPv4 and IPv6 networks it may be used from; none means from everywhere.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["203.0.113.0/24"]))]
    pub networks: Vec<String>,
    /// Its own limit, which can only be stricter than that of everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<OwnLimit>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl Rights {
    fn of(program: &Program) -> Self {
        Self {
            name: program.name.clone(),
            scopes: program.scopes.iter().cloned().collect(),
            networks: program.terms.networks.texts(),
            rate_limit: program.terms.limit,
            expires_at: program.expires_at,
        }
    }
}

/// Makes a program and its first secret; the text is in the answer alone.
struct Draft {
    id: ProgramId,
    owner: KeyOwner,
    actor: Actor,
    session: SessionId,
}

impl Draft {
    async fn create(
        self,
        app: &App,
        cx: &Context,
        rights: Rights,
        mut checks: Checks,
    ) -> Result<(ProgramView, String), Problem> {
        let now = app.clock.now();
        let name = checks.name(&rights.name);
        let scopes = checks.scopes(&rights.scopes);
        let terms = checks.terms(&rights.networks, rights.rate_limit);
        let expires_at = checks.expiry(rights.expires_at, now);
        Problem::all(checks.0)?;
        let (secret, text) =
            IssuedSecret::new(self.id.secret_kind(), now).map_err(Problem::internal)?;
        let program = Program {
            id: self.id,
            version: 0,
            owner: self.owner,
            name,
            scopes,
            terms,
            secrets: vec![secret],
            created_by: self.actor.user_id,
            created_at: now,
            expires_at,
        };
        app.store
            .create_program(cx, &program, self.actor, self.session)
            .await?;
        Ok((ProgramView::new(&program, None, now), text))
    }
}

/// Keeps changed rights of a program, and answers. More rights ask for a recent
/// proof, as a new program does; less never have to wait for one.
async fn change(
    app: &App,
    cx: &Context,
    usage: &Limiter,
    principal: &Principal,
    (before, actor): (Program, Option<Actor>),
    if_match: IfMatch,
    patch: MergePatch<Rights>,
) -> Result<Reply, Problem> {
    if_match.require(before.version)?;
    let now = app.clock.now();
    let current = Rights::of(&before);
    let wanted = patch.apply(&current)?;
    let mut checks = Checks::default();
    let name = checks.name(&wanted.name);
    let scopes = checks.scopes(&wanted.scopes);
    let terms = checks.terms(&wanted.networks, wanted.rate_limit);
    // An end that is over may stay while something else is changed.
    let expires_at = if wanted.expires_at == before.expires_at {
        before.expires_at
    } else {
        checks.expiry(wanted.expires_at, now)
    };
    Problem::all(checks.0)?;
    let after = Program {
        name,
        scopes,
        terms,
        expires_at,
        ..before.clone()
    };
    if after.exceeds(&before) {
        app.require_fresh(principal).await?;
    }
    let view = ProgramView::read(usage, &after, now).await?;
    if after == before {
        return Ok(Reply::ok(&view)?.etag(before.version));
    }
    let reply = Reply::ok(&view)?.etag(before.version + 1);
    app.store
        .change_program(cx, &before, &after, CredentialChange::Updated, actor, reply)
        .await
}

/// How to replace a secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// For how long the secrets before go on working: a day unless it says
    /// otherwise, 0 for not at all, 30 days at most.
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    overlap_seconds: Option<i64>,
}

/// Gives a program a new secret, and its text.
async fn rotate(
    app: &App,
    cx: &Context,
    usage: &Limiter,
    (before, actor): (Program, Option<Actor>),
    rotation: Rotation,
) -> Result<(ProgramView, String), Problem> {
    let overlap = rotation.overlap_seconds.unwrap_or(OVERLAP);
    if !(0..=MAX_OVERLAP.as_secs()).contains(&overlap) {
        let detail = format!("must be from 0 to {}", MAX_OVERLAP.as_secs());
        return Err(Problem::invalid("/overlapSeconds", "out-of-range", detail));
    }
    let now = app.clock.now();
    let (secret, text) =
        IssuedSecret::new(before.id.secret_kind(), now).map_err(Problem::internal)?;
    let after = before
        .rotated(secret, SignedDuration::from_secs(overlap), now)
        .map_err(|_| Problem::new(&TOO_MANY_SECRETS))?;
    let view = ProgramView::read(usage, &after, now).await?;
    app.store
        .change_program(
            cx,
            &before,
            &after,
            CredentialChange::Rotated,
            actor,
            Reply::no_content(),
        )
        .await?;
    Ok((view, text))
}

/// A caller who manages the programs of an organisation.
async fn manager(
    app: &App,
    principal: &Principal,
    organization: OrganizationId,
) -> Result<Seat, Problem> {
    Seat::with(app, principal, organization, Permission::KeysManage).await
}
