//! A small API through which the layers are tried.

use axum::Extension;
use axum::routing::{get, patch, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::commit::Commit;
use shared::cx::Context;
use shared::http::{Api, Json, MergePatch, Query, Reply};
use shared::principal::Principal;
use shared::problem::{FORBIDDEN, Problem};
use shared::table::Table;
use shared::testing::{TestApi, World};
use utoipa_axum::router::OpenApiRouter;

use crate::support::{Note, profile};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct Limit {
    #[serde(default)]
    limit: u32,
}

async fn open(Query(limit): Query<Limit>) -> Result<Reply, Problem> {
    Ok(Reply::ok(&json!({"limit": limit.limit}))?.etag(3))
}

async fn me(cx: Context, principal: Principal) -> Result<Reply, Problem> {
    Reply::ok(&json!({"userId": principal.user_id, "correlationId": cx.correlation_id}))
}

async fn optional(principal: Option<Principal>) -> Result<Reply, Problem> {
    Reply::ok(&json!({"userId": principal.map(|p| p.user_id)}))
}

/// Fails for the text "refuse", and for what exists.
async fn create(
    Extension(table): Extension<Table>,
    cx: Context,
    principal: Principal,
    Json(body): Json<Body>,
) -> Result<Reply, Problem> {
    if body.text == "refuse" {
        return Err(Problem::forbidden("Not this text."));
    }
    let mut commit = Commit::new(&table, &cx);
    commit
        .create(&Note::new(&body.id, &body.text))
        .or(Problem::new(&FORBIDDEN));
    commit.publish(&profile(principal.user_id, &body.text), 1);
    commit
        .finish(Reply::created(&body, &format!("/v1/things/{}", body.id))?)
        .await
}

async fn merge(_: Principal, patch: MergePatch<Body>) -> Result<Reply, Problem> {
    Reply::ok(&patch.apply(&Body {
        id: "1".into(),
        text: "a".into(),
    })?)
}

async fn boom() -> Reply {
    panic!("the secret inside")
}

async fn broken() -> Result<Reply, Problem> {
    Err(Problem::internal("the secret inside"))
}

async fn slow() -> Reply {
    std::future::pending().await
}

pub(crate) fn api_with(world: &World, table: Table) -> TestApi {
    let mut core = world.core.clone();
    core.table = table.clone();
    let routes = OpenApiRouter::new()
        .route("/v1/open", get(open))
        .route("/v1/me", get(me))
        .route("/v1/optional", get(optional))
        .route("/v1/things", post(create))
        .route("/v1/other", post(create))
        .route("/v1/patched", patch(merge))
        .route("/v1/boom", get(boom))
        .route("/v1/broken", get(broken))
        .layer(Extension(table.clone()));
    let credentials = OpenApiRouter::new()
        .route("/v1/sign-in", post(create))
        .layer(Extension(table.clone()));
    let tokens = OpenApiRouter::new()
        .route("/v1/token", post(create))
        .layer(Extension(table));
    let probes = OpenApiRouter::new()
        .route("/v1/probe", get(open))
        .route("/v1/slow", get(slow));
    let api = Api::new(core)
        .routes(routes)
        .credential_routes(credentials, |_, body| {
            std::str::from_utf8(body)
                .ok()
                .filter(|body| !body.is_empty())
                .map(str::to_owned)
        })
        .token_routes(tokens, |_, body| String::from_utf8(body.to_vec()).ok())
        .unlimited_routes(probes);
    world.api(api.build(()))
}

pub(crate) fn api(world: &World) -> TestApi {
    api_with(world, world.core.table.clone())
}
