//! `/v1/api-keys`

use axum::{Extension, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    api_key::{KeyOwner, OwnLimit},
    cx::Context,
    http::{IfMatch, Json, MergePatch, Path, Query, Reply},
    id::{ApiKeyId, OrganizationId},
    page::{Binding, Listing, PageRequest, Paging},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::{IntoParams, ToSchema};

use super::{Draft, ProgramView, Rights, Rotation, Usage, change, manager, rotate};
use crate::{
    model::{
        program::{Program, ProgramId},
        rights::Checks,
    },
    routes::organizations::Seat,
    state::App,
    store::{Actor, Programs},
};

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is called.
    #[schema(max_length = 100, example = "Badge printer")]
    name: String,
    /// The organisation that it shall belong to; without one it is yours and
    /// acts as you.
    organization_id: Option<OrganizationId>,
    /// As what it acts in the organisation; not `owner`.
    role: Option<Role>,
    /// What it may do.
    #[schema(min_items = 1, example = json!(["events:read"]))]
    scopes: Vec<String>,
    /// IPv4 and IPv6 networks it may be used from; none means from everywhere.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["203.0.113.0/24"]))]
    networks: Vec<String>,
    /// Its own limit, which can only be stricter than that of everybody.
    rate_limit: Option<OwnLimit>,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key with its text, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedKey {
    #[serde(flatten)]
    view: ProgramView,
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "plnr_key_…")]
    key: String,
}

/// Create an API key
///
/// of yours, or of an organisation (needs `keys.manage` there, and a role that
/// is not below the key's). Its text is in this answer and nowhere else. Asks
/// for a recent proof that it is you.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api-keys", operation_id = "createApiKey",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "Created", body = IssuedKey),
        (status = 400, description = "`invalid-request`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "No such organisation, or you are no member"),
        (status = 409, description = "`too-many-keys`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<NewApiKey>,
) -> Result<Reply, Problem> {
    let mut checks = Checks::default();
    let place = checks.place(body.organization_id, body.role);
    let (owner, actor) = match place {
        None => (yours(&principal), yourself(&principal)),
        Some((organization_id, role)) => {
            let seat = manager(&app, &principal, organization_id).await?;
            seat.require_reach(role)?;
            let owner = KeyOwner::Organization {
                organization_id,
                role,
            };
            (owner, seat.actor)
        }
    };
    let id = ApiKeyId::new();
    let draft = Draft {
        id: ProgramId::ApiKey(id),
        owner,
        actor,
        session: principal.session_id,
    };
    let rights = Rights {
        name: body.name,
        scopes: body.scopes,
        networks: body.networks,
        rate_limit: body.rate_limit,
        expires_at: body.expires_at,
    };
    app.require_fresh(&principal).await?;
    let (view, key) = draft.create(&app, &cx, rights, checks).await?;
    Ok(Reply::created(&IssuedKey { view, key }, &format!("/v1/api-keys/{id}"))?.etag(1))
}

/// Whose keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListApiKeys {
    /// Those of an organisation instead of yours.
    organization_id: Option<OrganizationId>,
    /// How many at most; larger values are cut to the route's maximum.
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List API keys
///
/// yours, or an organisation's (needs `keys.manage`), the newest first.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api-keys", operation_id = "listApiKeys",
    params(ListApiKeys),
    responses(
        (status = 200, description = "A page of keys", body = Listing<ProgramView>),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation, or you are no member"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Extension(usage): Usage,
    principal: Principal,
    Query(query): Query<ListApiKeys>,
) -> Result<Reply, Problem> {
    let owner = match query.organization_id {
        None => yours(&principal),
        Some(organization_id) => {
            manager(&app, &principal, organization_id).await?;
            KeyOwner::Organization {
                organization_id,
                // Whatever role: the list is of the organisation.
                role: Role::Member,
            }
        }
    };
    let of = query.organization_id.map(|id| id.to_string());
    let binding = Binding::new("/v1/api-keys")
        .caller(principal.user_id)
        .filter("of", of.unwrap_or_default());
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let page = PageRequest::new(&paging, binding, 20, 50)?;
    let found = app.store.programs(owner, Programs::ApiKeys, &page).await?;
    let now = app.clock.now();
    let views = found
        .items
        .iter()
        .map(|key| ProgramView::read(&usage, key, now));
    let items = futures::future::try_join_all(views).await?;
    Reply::ok(&page.listing(items, found.next))
}

/// Read an API key
#[utoipa::path(
    get, path = "/v1/api-keys/{keyId}", tag = "api-keys", operation_id = "getApiKey",
    params(("keyId" = ApiKeyId, Path)),
    responses(
        (status = 200, description = "The key, without its text", body = ProgramView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "There is none, or it is not yours"),
    )
)]
pub async fn get(
    State(app): State<App>,
    Extension(usage): Usage,
    principal: Principal,
    Path(id): Path<ApiKeyId>,
) -> Result<Reply, Problem> {
    let (key, _) = managed(&app, &principal, id).await?;
    let view = ProgramView::read(&usage, &key, app.clock.now()).await?;
    Ok(Reply::ok(&view)?.tag(&view.tag(&key)))
}

/// Change an API key
///
/// its name, scopes, networks, limit or end. It holds everywhere within 5
/// seconds. Whatever lets it do more asks for a recent proof that it is you.
/// Needs `If-Match`.
#[utoipa::path(
    patch, path = "/v1/api-keys/{keyId}", tag = "api-keys", operation_id = "updateApiKey",
    params(
        ("keyId" = ApiKeyId, Path),
        ("If-Match" = String, Header, description = "The ETag that you read"),
    ),
    request_body(
        content = Rights, content_type = "application/merge-patch+json",
        description = "The members to change",
    ),
    responses(
        (status = 200, description = "Changed", body = ProgramView),
        (status = 400, description = "`invalid-request`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "There is none, or it is not yours"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    )
)]
pub async fn update(
    State(app): State<App>,
    Extension(usage): Usage,
    cx: Context,
    principal: Principal,
    Path(id): Path<ApiKeyId>,
    if_match: IfMatch,
    patch: MergePatch<Rights>,
) -> Result<Reply, Problem> {
    let found = managed(&app, &principal, id).await?;
    change(&app, &cx, &usage, &principal, found, if_match, patch).await
}

/// Replace the secret of an API key
///
/// The key keeps its id and rights and gets a new text, shown this once. The
/// texts before go on working for the overlap, so that nothing stands still
/// while they are replaced.
#[utoipa::path(
    post, path = "/v1/api-keys/{keyId}/rotate", tag = "api-keys", operation_id = "rotateApiKey",
    params(("keyId" = ApiKeyId, Path)),
    request_body(content = Option<Rotation>),
    responses(
        (status = 200, description = "The key with its new text", body = IssuedKey),
        (status = 400, description = "`invalid-request`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "There is none, or it is not yours"),
        (status = 409, description = "`too-many-secrets`"),
        (status = 412, description = "`version-conflict`: somebody else changed it just now"),
    )
)]
pub async fn rotate_key(
    State(app): State<App>,
    Extension(usage): Usage,
    cx: Context,
    principal: Principal,
    Path(id): Path<ApiKeyId>,
    body: Option<Json<Rotation>>,
) -> Result<Reply, Problem> {
    let found = managed(&app, &principal, id).await?;
    app.require_fresh(&principal).await?;
    let rotation = body.map(|Json(body)| body).unwrap_or_default();
    let (view, key) = rotate(&app, &cx, &usage, found, rotation).await?;
    Reply::ok(&IssuedKey { view, key })
}

/// Delete an API key
///
/// It is refused everywhere within 5 seconds.
#[utoipa::path(
    delete, path = "/v1/api-keys/{keyId}", tag = "api-keys", operation_id = "deleteApiKey",
    params(("keyId" = ApiKeyId, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "There is none, or it is not yours"),
        (status = 409, description = "`conflict`: it was changed at the same time"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<ApiKeyId>,
) -> Result<Reply, Problem> {
    let (key, actor) = managed(&app, &principal, id).await?;
    app.store
        .end_program(&cx, &key, actor, Reply::no_content())
        .await
}

fn yours(principal: &Principal) -> KeyOwner {
    KeyOwner::User {
        user_id: principal.user_id,
    }
}

fn yourself(principal: &Principal) -> Actor {
    Actor {
        user_id: principal.user_id,
        role: None,
        machine: principal.machine(),
    }
}

/// A key that the caller may handle; one of somebody else is none.
async fn managed(
    app: &App,
    principal: &Principal,
    id: ApiKeyId,
) -> Result<(Program, Option<Actor>), Problem> {
    let missing = || Problem::not_found("The API key");
    let key = app.store.program(ProgramId::ApiKey(id)).await?;
    let key = key.ok_or_else(missing)?;
    match key.owner {
        KeyOwner::User { user_id } if user_id == principal.user_id => Ok((key, None)),
        KeyOwner::User { .. } => Err(missing()),
        KeyOwner::Organization {
            organization_id,
            role,
        } => {
            let seat = Seat::take(app, principal, organization_id)
                .await
                .map_err(|problem| {
                    if problem.status() == StatusCode::NOT_FOUND {
                        missing()
                    } else {
                        problem
                    }
                })?;
            seat.require(Permission::KeysManage)?;
            seat.require_reach(role)?;
            Ok((key, Some(seat.actor)))
        }
    }
}
