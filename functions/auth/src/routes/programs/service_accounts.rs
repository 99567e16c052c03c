//! `/v1/organizations/{organizationId}/service-accounts`

use axum::{Extension, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    api_key::{KeyOwner, OwnLimit},
    cx::Context,
    http::{IfMatch, Json, MergePatch, Path, Query, Reply},
    id::{OrganizationId, ServiceAccountId},
    page::{Binding, Listing, PageRequest, Paging},
    principal::{Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::{Draft, ProgramView, Rights, Rotation, Usage, change, manager, rotate};
use crate::{
    model::{
        program::{Program, ProgramId},
        rights::Checks,
    },
    state::App,
    store::{Actor, Programs},
};

/// A new service account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewServiceAccount {
    /// What it is called.
    #[schema(max_length = 100, example = "Ticket shop")]
    name: String,
    /// As what it acts in the organisation; not `owner`.
    role: Role,
    /// What its tokens may do.
    #[schema(min_items = 1, example = json!(["events:write"]))]
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

/// A service account with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedClient {
    #[serde(flatten)]
    view: ProgramView,
    /// With `id` as `client_id`, it gets tokens at `POST /v1/auth/token`.
    #[schema(example = "plnr_secret_…")]
    client_secret: String,
}

/// Create a service account
///
/// of the organisation: a program that gets short-lived tokens by client
/// credentials. Needs `keys.manage`, and a role that is not below the account's.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/service-accounts", tag = "api-keys",
    operation_id = "createServiceAccount",
    params(("organizationId" = OrganizationId, Path)),
    request_body = NewServiceAccount,
    responses(
        (status = 201, description = "Created", body = IssuedClient),
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
    Path(organization_id): Path<OrganizationId>,
    Json(body): Json<NewServiceAccount>,
) -> Result<Reply, Problem> {
    let seat = manager(&app, &principal, organization_id).await?;
    let mut checks = Checks::default();
    checks.place(Some(organization_id), Some(body.role));
    seat.require_reach(body.role)?;
    let id = ServiceAccountId::new();
    let draft = Draft {
        id: ProgramId::ServiceAccount(id),
        owner: KeyOwner::Organization {
            organization_id,
            role: body.role,
        },
        actor: seat.actor,
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
    let (view, client_secret) = draft.create(&app, &cx, rights, checks).await?;
    let location = format!("/v1/organizations/{organization_id}/service-accounts/{id}");
    let issued = IssuedClient {
        view,
        client_secret,
    };
    Ok(Reply::created(&issued, &location)?.etag(1))
}

/// List the service accounts
///
/// the newest first. Needs `keys.manage`.
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}/service-accounts", tag = "api-keys",
    operation_id = "listServiceAccounts",
    params(("organizationId" = OrganizationId, Path), Paging),
    responses(
        (status = 200, description = "A page of service accounts", body = Listing<ProgramView>),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation, or you are no member"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Extension(usage): Usage,
    principal: Principal,
    Path(organization_id): Path<OrganizationId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    manager(&app, &principal, organization_id).await?;
    let binding = Binding::new("/v1/organizations/service-accounts")
        .caller(principal.user_id)
        .filter("of", organization_id);
    let page = PageRequest::new(&paging, binding, 20, 50)?;
    let owner = KeyOwner::Organization {
        organization_id,
        // Whatever role: the list is of the organisation.
        role: Role::Member,
    };
    let found = app
        .store
        .programs(owner, Programs::ServiceAccounts, &page)
        .await?;
    let now = app.clock.now();
    let views = found
        .items
        .iter()
        .map(|account| ProgramView::read(&usage, account, now));
    let items = futures::future::try_join_all(views).await?;
    Reply::ok(&page.listing(items, found.next))
}

/// Read a service account
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}/service-accounts/{serviceAccountId}",
    tag = "api-keys", operation_id = "getServiceAccount",
    params(
        ("organizationId" = OrganizationId, Path), ("serviceAccountId" = ServiceAccountId, Path)
    ),
    responses(
        (status = 200, description = "The account, without its secret", body = ProgramView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation or account"),
    )
)]
pub async fn get(
    State(app): State<App>,
    Extension(usage): Usage,
    principal: Principal,
    Path(which): Path<(OrganizationId, ServiceAccountId)>,
) -> Result<Reply, Problem> {
    let (account, _) = managed(&app, &principal, which).await?;
    let view = ProgramView::read(&usage, &account, app.clock.now()).await?;
    Ok(Reply::ok(&view)?.tag(&view.tag(&account)))
}

/// Change a service account
///
/// its name, scopes, networks, limit or end. A scope that is taken away is gone
/// from tokens issued before within 5 seconds. Whatever lets it do more asks for
/// a recent proof that it is you. Needs `If-Match`.
#[utoipa::path(
    patch, path = "/v1/organizations/{organizationId}/service-accounts/{serviceAccountId}",
    tag = "api-keys", operation_id = "updateServiceAccount",
    params(
        ("organizationId" = OrganizationId, Path), ("serviceAccountId" = ServiceAccountId, Path),
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
        (status = 404, description = "No such organisation or account"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    )
)]
pub async fn update(
    State(app): State<App>,
    Extension(usage): Usage,
    cx: Context,
    principal: Principal,
    Path(which): Path<(OrganizationId, ServiceAccountId)>,
    if_match: IfMatch,
    patch: MergePatch<Rights>,
) -> Result<Reply, Problem> {
    let (account, actor) = managed(&app, &principal, which).await?;
    let found = (account, Some(actor));
    change(&app, &cx, &usage, &principal, found, if_match, patch).await
}

/// Replace the secret of a service account
///
/// The new one is shown this once. Those before go on working for the overlap.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/service-accounts/{serviceAccountId}/rotate",
    tag = "api-keys", operation_id = "rotateServiceAccount",
    params(
        ("organizationId" = OrganizationId, Path), ("serviceAccountId" = ServiceAccountId, Path)
    ),
    request_body(content = Option<Rotation>),
    responses(
        (status = 200, description = "The account with its new secret", body = IssuedClient),
        (status = 400, description = "`invalid-request`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "No such organisation or account"),
        (status = 409, description = "`too-many-secrets`"),
        (status = 412, description = "`version-conflict`: somebody else changed it just now"),
    )
)]
pub async fn rotate_secret(
    State(app): State<App>,
    Extension(usage): Usage,
    cx: Context,
    principal: Principal,
    Path(which): Path<(OrganizationId, ServiceAccountId)>,
    body: Option<Json<Rotation>>,
) -> Result<Reply, Problem> {
    let (account, actor) = managed(&app, &principal, which).await?;
    app.require_fresh(&principal).await?;
    let rotation = body.map(|Json(body)| body).unwrap_or_default();
    let (view, client_secret) = rotate(&app, &cx, &usage, (account, Some(actor)), rotation).await?;
    Reply::ok(&IssuedClient {
        view,
        client_secret,
    })
}

/// Delete a service account
///
/// Its tokens are refused everywhere within 5 seconds.
#[utoipa::path(
    delete, path = "/v1/organizations/{organizationId}/service-accounts/{serviceAccountId}",
    tag = "api-keys", operation_id = "deleteServiceAccount",
    params(
        ("organizationId" = OrganizationId, Path), ("serviceAccountId" = ServiceAccountId, Path)
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation or account"),
        (status = 409, description = "`conflict`: it was changed at the same time"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(which): Path<(OrganizationId, ServiceAccountId)>,
) -> Result<Reply, Problem> {
    let (account, actor) = managed(&app, &principal, which).await?;
    app.store
        .end_program(&cx, &account, Some(actor), Reply::no_content())
        .await
}

/// An account that the caller may handle.
async fn managed(
    app: &App,
    principal: &Principal,
    (organization, id): (OrganizationId, ServiceAccountId),
) -> Result<(Program, Actor), Problem> {
    let seat = manager(app, principal, organization).await?;
    let id = ProgramId::ServiceAccount(id);
    let account = app.store.program_of(organization, id).await?;
    let account = account.ok_or_else(|| Problem::not_found("The service account"))?;
    if let Some((_, role)) = account.place() {
        seat.require_reach(role)?;
    }
    Ok((account, seat.actor))
}
