//! The inner layers: authentication and scopes, rate limits, the
//! Idempotency-Key.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::cx::Context;
use crate::http::api::Core;
use crate::http::extract::bearer;
use crate::http::reply::{Proves, Reply};
use crate::http::scopes::{admitted, refuse_narrowed};
use crate::idempotency::{Slot, StoredReply, parse_key};
use crate::limit::{API_KEY, Attempt, Policy, SERVICE_ACCOUNT, Verdict};
use crate::principal::{Means, Principal};
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
    let mut response = if core.access.is_remembered(&token, &principal) {
        run_perhaps_twice(&core, &token, request, principal, next).await
    } else {
        run_as(&core, request, principal, next).await
    };
    response.extensions_mut().insert(Actor(actor));
    response
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

/// Per principal, or per address where there is none.
pub(super) async fn limit(State(core): State<Core>, request: Request, next: Next) -> Response {
    let principal = request
        .extensions()
        .get::<Caller>()
        .and_then(Caller::principal);
    let policies = &core.config.policies;
    let (policy, subject) = match principal.map(|principal| (principal.user_id, &principal.by)) {
        None => (policies.ip.clone(), address(&request)),
        Some((user, Means::SignIn)) => (policies.principal.clone(), user.to_string()),
        Some((_, Means::ApiKey { id, terms, .. })) => {
            (terms.policy(API_KEY, &policies.principal), id.to_string())
        }
        Some((_, Means::ServiceAccount { id, terms })) => {
            let policy = terms.policy(SERVICE_ACCOUNT, &policies.principal);
            (policy, id.to_string())
        }
    };
    let verdict = core.limiter.count_leased(&policy, &subject).await;
    limited(&policy, verdict, request, next).await
}

/// Which account a request to a credential route is about, by its caller and
/// body, in one spelling and whether or not it exists.
pub type AccountOf = fn(Option<&Principal>, &[u8]) -> Option<String>;

/// Per address, exactly, and then per account that somebody tries to be.
pub(super) async fn limit_credentials(
    State((core, account_of)): State<(Core, AccountOf)>,
    mut request: Request,
    next: Next,
) -> Response {
    refuse_narrowed(&mut request);
    let policy = &core.config.policies.ip_auth;
    let from = address(&request);
    let verdict = core.limiter.count(policy, &from).await;
    if verdict.as_ref().is_some_and(|verdict| !verdict.allowed) {
        return limited(policy, verdict, request, next).await;
    }
    let mut response = limit_account(&core, account_of, &from, request, next).await;
    if let Some(verdict) = verdict {
        announce(response.headers_mut(), policy, &verdict);
    }
    response
}

async fn limit_account(
    core: &Core,
    account_of: AccountOf,
    from: &str,
    request: Request,
    next: Next,
) -> Response {
    let policy = &core.config.policies.account;
    let realm = &core.config.public_url;
    let (parts, body) = request.into_parts();
    // The frame has buffered the body; this takes it without waiting.
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let caller = parts.extensions.get::<Caller>();
    let principal = caller.and_then(Caller::principal);
    let account = account_of(principal.map(AsRef::as_ref), &bytes);
    let attempt = account.map(|account| Attempt::new(realm, parts.uri.path(), &account, from));
    let tried = match &attempt {
        Some(attempt) => core.limiter.attempt(policy, attempt).await,
        None => None,
    };
    let known = tried.as_ref().is_some_and(|tried| !tried.as_stranger);
    let request = Request::from_parts(parts, Body::from(bytes));
    let response = limited(policy, tried.map(|tried| tried.verdict), request, next).await;
    if let Some(Proves { what, account }) = response.extensions().get() {
        let proved = Attempt::new(realm, what, account, from);
        let everywhere = !(known && attempt.as_ref() == Some(&proved));
        core.limiter.forgive(policy, &proved, everywhere).await;
    }
    response
}

/// The address, and of IPv6 the network that one household or machine has, all
/// of whose addresses are the same person's (RFC 6177).
fn address(request: &Request) -> String {
    let text = request
        .extensions()
        .get::<Context>()
        .and_then(|cx| cx.client_ip.clone())
        .unwrap_or_else(|| "unknown".to_owned());
    match text.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let network = u128::from(ip) & !u128::from(u64::MAX);
            Ipv6Addr::from(network).to_string()
        }
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Err(_) => text,
    }
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
            .detail(match policy.name {
                "principal" => "Too many requests from this account.",
                "account" => "Too many attempts for this account: wait before the next.",
                API_KEY => "Too many requests with this API key.",
                SERVICE_ACCOUNT => "Too many requests from this service account.",
                _ => "Too many requests from this IP.",
            })
            .with("violated-policies", vec![policy.name])
            .header(RETRY_AFTER, &after)
            .into_response()
    };
    announce(response.headers_mut(), policy, &verdict);
    response
}

/// draft-ietf-httpapi-ratelimit-headers-11 §3, §4: lists of policies.
fn announce(headers: &mut HeaderMap, policy: &Policy, verdict: &Verdict) {
    let name = policy.name;
    for (header, mut value) in [
        (
            "ratelimit-policy",
            format!("\"{name}\";q={};w={}", policy.quota, policy.window),
        ),
        (
            "ratelimit",
            format!("\"{name}\";r={};t={}", verdict.remaining, verdict.reset),
        ),
    ] {
        if let Some(others) = headers.get(header).and_then(|others| others.to_str().ok()) {
            value = format!("{value}, {others}");
        }
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
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
