//! The inner layers: authentication and scopes, the Idempotency-Key.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use crate::api_key;
use crate::cx::Context;
use crate::http::api::Core;
use crate::http::extract::bearer;
use crate::http::limits;
use crate::http::reply::Reply;
use crate::http::scopes::admitted;
use crate::idempotency::{Slot, StoredReply, parse_key};
use crate::principal::Principal;
use crate::problem::{IDEMPOTENCY_KEY_REUSED, Problem};

/// The outcome of authentication: nobody, somebody, or a bad token.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Result<Option<Arc<Principal>>, Problem>);

/// For the log.
#[derive(Debug, Clone)]
pub(super) struct Actor(pub(super) String);

impl Caller {
    pub(super) fn principal(&self) -> Option<&Arc<Principal>> {
        self.0.as_ref().ok()?.as_ref()
    }
}

pub(super) async fn authenticate(
    State(core): State<Core>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(token) = bearer(request.headers()).map(str::to_owned) else {
        request.extensions_mut().insert(Caller(Ok(None)));
        return next.run(request).await;
    };
    let principal = match known(&core, &token, limits::inventor(&request)).await {
        Ok(principal) => Arc::new(principal),
        Err(problem) => {
            request.extensions_mut().insert(Caller(Err(problem)));
            return next.run(request).await;
        }
    };
    let actor = principal.user_id.to_string();
    if let Some(cx) = request.extensions_mut().get_mut::<Context>() {
        cx.actor = Some(actor.clone());
        cx.actor_by = principal.by.program();
    }
    let mut response = if core.access.is_remembered(&token, &principal) {
        run_perhaps_twice(&core, &token, request, principal, next).await
    } else {
        run_as(&core, request, principal, next).await
    };
    response.extensions_mut().insert(Actor(actor));
    response
}

/// The operations that ask nobody to be signed in: methods and path templates.
pub(super) type Open = Arc<HashSet<(Method, String)>>;

/// Where nobody is asked to be signed in, a token says nothing of who acts: that
/// turns out there.
pub(super) async fn forget_actor(
    State(open): State<Open>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map(|path| path.as_str().to_owned());
    let operation = path.map(|path| (request.method().clone(), path));
    if operation.is_some_and(|operation| open.contains(&operation))
        && let Some(cx) = request.extensions_mut().get_mut::<Context>()
    {
        (cx.actor, cx.actor_by) = (None, None);
    }
    next.run(request).await
}

/// Who bears the token. Invented keys are counted per address, and once there
/// were too many nothing is read for another.
async fn known(core: &Core, token: &str, from: String) -> Result<Principal, Problem> {
    if !token.starts_with(api_key::Kind::Key.prefix()) {
        return core.access.authenticate(token).await;
    }
    limits::may_invent(core, &from)?;
    let known = core.access.authenticate(token).await;
    if let Err(problem) = &known
        && problem.status() == StatusCode::UNAUTHORIZED
    {
        limits::invented(core, &from).await;
    }
    known
}

/// Runs the request, and once more if it was refused by rights that were
/// remembered and are others by now: a refusal changed nothing.
async fn run_perhaps_twice(
    core: &Core,
    token: &str,
    request: Request,
    principal: Arc<Principal>,
    next: Next,
) -> Response {
    let (request, again) = twin(request).await;
    let response = run_as(core, request, principal.clone(), next.clone()).await;
    if !matches!(
        response.status(),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    ) {
        return response;
    }
    match core.access.reconsider(token, &principal).await {
        Some(newer) => run_as(core, again, Arc::new(newer), next).await,
        None => response,
    }
}

/// The same request twice; the body is in memory already.
async fn twin(request: Request) -> (Request, Request) {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let copy = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    (Request::from_parts(parts, Body::from(bytes)), copy)
}

async fn run_as(
    core: &Core,
    mut request: Request,
    principal: Arc<Principal>,
    next: Next,
) -> Response {
    let cx = request.extensions().get::<Context>();
    let from = cx.and_then(|cx| cx.client_ip.as_deref());
    let principal = if principal.administers() && !core.config.admin_networks.admit(from) {
        Arc::new(principal.elsewhere())
    } else {
        principal
    };
    let caller = admitted(&principal, &request).map(|()| Some(principal));
    request.extensions_mut().insert(Caller(caller));
    next.run(request).await
}

/// Answers a repeated request with the stored reply, and gives a new one the
/// slot that its commit fills.
pub(super) async fn idempotency(
    State(core): State<Core>,
    request: Request,
    next: Next,
) -> Response {
    match keyed(&core, request, next).await {
        Ok(response) | Err(response) => response,
    }
}

async fn keyed(core: &Core, request: Request, next: Next) -> Result<Response, Response> {
    let principal = request
        .extensions()
        .get::<Caller>()
        .and_then(Caller::principal);
    let header = request.headers().get("idempotency-key");
    let (Some(principal), Some(header), &Method::POST | &Method::PATCH) =
        (principal, header, request.method())
    else {
        return Ok(next.run(request).await);
    };
    let key = header.to_str().ok().and_then(parse_key).ok_or_else(|| {
        let detail = "must have 1 to 255 visible characters, quoted or bare";
        Problem::invalid("Idempotency-Key", "invalid", detail).into_response()
    })?;
    let caller = principal.user_id.to_string();
    let (mut parts, body) = request.into_parts();
    // The frame has buffered the body; this takes it without waiting.
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|err| Problem::internal(err).into_response())?;
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let slot = Slot::new(&caller, parts.method.as_str(), target, &key, &bytes);
    if let Some(response) = stored(core, &slot).await? {
        return Ok(response);
    }
    if let Some(cx) = parts.extensions.get_mut::<Context>() {
        cx.slot = Some(slot.clone());
    }
    let response = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    if slot.is_filled() {
        return Ok(response);
    }
    // It ended without a commit: a twin may have been faster between our two
    // reads, or our own commit's answer was lost. What is stored is the answer.
    match stored(core, &slot).await {
        Ok(Some(replay)) => Ok(replay),
        Err(reused) if reused.status() == StatusCode::UNPROCESSABLE_ENTITY => Ok(reused),
        _ => Ok(response),
    }
}

async fn stored(core: &Core, slot: &Slot) -> Result<Option<Response>, Response> {
    let found: Option<StoredReply> = core
        .table
        .get_consistent(&slot.key)
        .await
        .map_err(|err| Problem::from(err).into_response())?;
    let Some(stored) = found else { return Ok(None) };
    if stored.body_mac != slot.body {
        return Err(Problem::new(&IDEMPOTENCY_KEY_REUSED).into_response());
    }
    Ok(Some(Reply::replay(stored).into_response()))
}
