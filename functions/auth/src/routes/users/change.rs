//! `PATCH /v1/auth/users/{userId}`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{MergePatch, Path, Reply},
    id::UserId,
    principal::{PlatformRole, Principal},
    problem::{CONFLICT, Problem},
};
use utoipa::ToSchema;

use super::{UserDetail, administrator, must_reset, refused};
use crate::{
    model::{
        account::Credential,
        administration::{
            Administration, ExternalId, MAX_EXTERNAL_IDS, MAX_REASON, Status, Suspension,
        },
        session::Session,
        text,
    },
    routes::field,
    state::App,
    store::{Decision, Subject, no_password},
};

/// What an administrator decides about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserChange {
    /// What the person is on the platform. Owners alone make and unmake
    /// administrators and owners.
    role: PlatformRole,
    /// `suspended` ends every session and lets nobody sign in.
    status: Status,
    /// Why; required to suspend. It goes into the events, and with a suspension
    /// it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Whether the person must choose another password, by a mailed link, before
    /// signing in with one. It ends every session.
    password_reset_required: bool,
    /// Who the person is in other user bases: at most 10, one of a provider.
    external_ids: Vec<ExternalId>,
}

impl UserChange {
    fn of(subject: &Subject) -> Self {
        Self {
            role: subject.record.role,
            status: subject.record.status(),
            reason: None,
            password_reset_required: must_reset(subject),
            external_ids: subject.record.external_ids.clone(),
        }
    }

    fn checked(self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let reason = self.reason.map(|reason| text::line(&reason, MAX_REASON));
        let reason = reason.transpose().unwrap_or_else(|error| {
            errors.push(field("/reason", error.code(), error));
            None
        });
        let mut external_ids: Vec<ExternalId> = Vec::new();
        for (at, id) in self.external_ids.into_iter().enumerate() {
            let pointer = format!("/externalIds/{at}");
            match id.checked() {
                Ok(id) if external_ids.iter().any(|one| one.provider == id.provider) => {
                    errors.push(field(&pointer, "duplicate", "one identity of a provider"));
                }
                Ok(id) => external_ids.push(id),
                Err(error) => errors.push(field(&pointer, error.code(), error)),
            }
        }
        if external_ids.len() > MAX_EXTERNAL_IDS {
            let detail = format!("at most {MAX_EXTERNAL_IDS}");
            errors.push(field("/externalIds", "too-many", detail));
        }
        Problem::all(errors)?;
        Ok(Self {
            reason,
            external_ids,
            ..self
        })
    }

    /// What it makes of what was decided before.
    fn applied(
        &self,
        before: &Administration,
        by: UserId,
        at: Timestamp,
    ) -> Result<Administration, Problem> {
        let suspension = match (self.status, &before.suspension) {
            (Status::Deleting, suspension) if before.deletion.is_some() => suspension.clone(),
            (Status::Deleting, _) => {
                let detail = "only the person can want that";
                return Err(Problem::invalid("/status", "not-allowed", detail));
            }
            (Status::Active, _) if before.deletion.is_some() => {
                return Err(Problem::new(&CONFLICT)
                    .detail("The person wants the account deleted; only they can undo that."));
            }
            (Status::Active, _) => None,
            (Status::Suspended, Some(suspension)) => Some(suspension.clone()),
            (Status::Suspended, None) => {
                let reason = self.reason.clone().ok_or_else(|| {
                    Problem::invalid("/reason", "missing", "say why the account is suspended")
                })?;
                Some(Suspension { reason, at, by })
            }
        };
        Ok(Administration {
            role: self.role,
            suspension,
            external_ids: self.external_ids.clone(),
            ..before.clone()
        })
    }
}

/// Change what somebody is and may do
///
/// For administrators of the platform: the role, a suspension, a forced reset of
/// the password, identities elsewhere. Nobody changes their own role, suspends
/// themselves or forces a reset on themselves, so there is always an owner. A
/// suspension is in force everywhere within 5 seconds.
#[utoipa::path(
    patch, path = "/v1/auth/users/{userId}", tag = "auth", operation_id = "changeUser",
    params(("userId" = UserId, Path)),
    request_body(
        content = UserChange, content_type = "application/merge-patch+json",
        description = "The members to change",
    ),
    responses(
        (status = 200, description = "Changed", body = UserDetail),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`, `step-up-required`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`external-id-taken`, `conflict`"),
    )
)]
pub async fn change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<UserId>,
    patch: MergePatch<UserChange>,
) -> Result<Reply, Problem> {
    let by = administrator(&principal)?;
    app.require_fresh(&principal).await?;
    let subject = app.store.subject(id).await?;
    let subject = subject.ok_or_else(|| Problem::not_found("The user"))?;
    let current = UserChange::of(&subject);
    let wanted = patch.apply(&current)?.checked()?;
    let after = wanted.applied(&subject.record, by.user_id, app.clock.now())?;
    let reset = wanted.password_reset_required;
    let reset = (reset != current.password_reset_required).then_some(reset);
    by.may(&subject.record, &after, reset.is_some())
        .map_err(refused)?;
    if after == subject.record && reset.is_none() {
        return Reply::ok(&UserDetail::new(&subject));
    }
    if reset.is_some() && subject.credential.is_none() {
        return Err(no_password());
    }
    let decision = Decision {
        subject: &subject,
        after: &after,
        reset,
        reason: wanted.reason.as_deref(),
    };
    let reply = Reply::ok(&UserDetail::new(&decided(&subject, &after, reset)))?;
    if subject.record.status() == Status::Suspended && after.status() == Status::Active {
        // A sign-in that raced the suspension may have left a session that
        // nobody could use so far.
        end_sessions(&app, &cx, id).await?;
    }
    let reply = app.store.decide(&cx, &decision, by, reply).await?;
    let suspends = subject.record.suspension.is_none() && after.suspension.is_some();
    if suspends || reset == Some(true) {
        // It is decided, and the worker ends what this does not.
        if let Err(problem) = end_sessions(&app, &cx, id).await {
            tracing::warn!(user.id = %id, error = %problem, "sessions are left to the worker");
        }
    }
    Ok(reply)
}

async fn end_sessions(app: &App, cx: &Context, id: UserId) -> Result<(), Problem> {
    let now = app.clock.now();
    let begun = |session: &Session| session.created_at <= now;
    Ok(app.store.end_sessions(cx, id, begun).await?)
}

/// The account as it is after the decision.
fn decided(subject: &Subject, after: &Administration, reset: Option<bool>) -> Subject {
    let credential = subject.credential.clone().map(|credential| Credential {
        reset_required: reset.unwrap_or(credential.reset_required),
        ..credential
    });
    Subject {
        record: after.clone(),
        credential,
        ..subject.clone()
    }
}
