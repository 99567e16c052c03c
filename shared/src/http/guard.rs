//! The inner layers: authentication, rate limits, the Idempotency-Key.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, StatusCode};

use crate::cx::Context;
use crate::http::api::Core;
use crate::http::extract::bearer;
use crate::http::reply::Reply;
use crate::idempotency::{Slot, StoredReply, parse_key};
use crate::limit::{Policy, Verdict};
use crate::principal::Principal;
use crate::problem::{IDEMPOTENCY_KEY_REUSED, Problem, QUOTA_EXCEEDED};

/// The outcome of authentication: nobody, somebody, or a bad token.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Result<Option<Arc<Principal>>, Problem>);

/// For the log.
#[derive(Debug, Clone)]
pub(super) struct Actor(pub(super) String);

impl Caller {
    fn principal(&self) -> Option<&Arc<Principal>> {
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
    let principal = match core.access.authenticate(&token).await {
        Ok(principal) => Arc::new(principal),
        Err(problem) => {
            request.extensions_mut().insert(Caller(Err(problem)));
            return next.run(request).await;
        }
    };
    let actor = principal.user_id.to_string();
    if let Some(cx) = request.extensions_mut().get_mut::<Context>() {
        cx.actor = Some(actor.clone());
    }
    let (request, again) = twin(request).await;
    let mut response = run_as(request, principal.clone(), next.clone()).await;
    // A refusal changed nothing, so the request may be made once more.
    if matches!(
        response.status(),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    ) && let Some(newer) = core.access.reconsider(&token, &principal).await
    {
        response = run_as(again, Arc::new(newer), next).await;
    }
    response.extensions_mut().insert(Actor(actor));
    response
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

async fn run_as(mut request: Request, principal: Arc<Principal>, next: Next) -> Response {
    request.extensions_mut().insert(Caller(Ok(Some(principal))));
    next.run(request).await
}

/// Per principal, or per address where there is none.
pub(super) async fn limit(State(core): State<Core>, request: Request, next: Next) -> Response {
    let user = request
        .extensions()
        .get::<Caller>()
        .and_then(Caller::principal)
        .map(|principal| principal.user_id.to_string());
    let (policy, subject) = match user {
        Some(user) => (&core.config.policies.principal, user),
        None => (&core.config.policies.ip, address(&request)),
    };
    let verdict = core.limiter.count_leased(policy, &subject).await;
    limited(policy, verdict, request, next).await
}

/// Per address, exactly.
pub(super) async fn limit_credentials(
    State(core): State<Core>,
    request: Request,
    next: Next,
) -> Response {
    let policy = &core.config.policies.ip_auth;
    let verdict = core.limiter.count(policy, &address(&request)).await;
    limited(policy, verdict, request, next).await
}

fn address(request: &Request) -> String {
    request
        .extensions()
        .get::<Context>()
        .and_then(|cx| cx.client_ip.clone())
        .unwrap_or_else(|| "unknown".to_owned())
}

async fn limited(
    policy: &Policy,
    verdict: Option<Verdict>,
    request: Request,
    next: Next,
) -> Response {
    let Some(verdict) = verdict else {
        return next.run(request).await;
    };
    let mut response = if verdict.allowed {
        next.run(request).await
    } else {
        let after = verdict.reset.to_string();
        Problem::new(&QUOTA_EXCEEDED)
            .detail(if policy.name == "principal" {
                "Too many requests from this account."
            } else {
                "Too many requests from this IP."
            })
            .with("violated-policies", vec![policy.name])
            .header(RETRY_AFTER, &after)
            .into_response()
    };
    // draft-ietf-httpapi-ratelimit-headers-11 §3, §4
    let headers = response.headers_mut();
    let name = policy.name;
    for (header, value) in [
        (
            "ratelimit-policy",
            format!("\"{name}\";q={};w={}", policy.quota, policy.window),
        ),
        (
            "ratelimit",
            format!("\"{name}\";r={};t={}", verdict.remaining, verdict.reset),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
    response
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
