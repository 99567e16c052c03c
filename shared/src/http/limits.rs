//! The rate limits as layers, and what they announce.

use std::net::{IpAddr, Ipv6Addr};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use crate::api_key::KeyOwner;
use crate::cx::Context;
use crate::digest;
use crate::http::api::Core;
use crate::http::guard::Caller;
use crate::http::reply::Proves;
use crate::http::scopes::refuse_narrowed;
use crate::limit::{API_KEY, Attempt, Policies, Policy, SERVICE_ACCOUNT, Verdict};
use crate::principal::{Means, Principal};
use crate::problem::{Problem, QUOTA_EXCEEDED};

/// What a request counts against: a policy and whose bucket.
type Count = (Policy, String);

/// Per principal, or per address where there is none.
pub(super) async fn limit(State(core): State<Core>, request: Request, next: Next) -> Response {
    let policies = &core.config.policies;
    let counts = match principal_of(&request) {
        Some(principal) => of_principal(policies, principal),
        None => vec![(policies.ip.clone(), address(&request))],
    };
    counted(&core, counts, request, next).await
}

/// A key's own bucket, and a person's for all that acts for them.
fn of_principal(policies: &Policies, principal: &Principal) -> Vec<Count> {
    let person = || (policies.principal.clone(), principal.user_id.to_string());
    match &principal.by {
        Means::SignIn => vec![person()],
        Means::ApiKey { id, terms, owner } => {
            let own = (terms.policy(API_KEY, &policies.principal), id.to_string());
            match owner {
                KeyOwner::User { .. } => vec![own, person()],
                KeyOwner::Organization { .. } => vec![own],
            }
        }
        Means::ServiceAccount { id, terms } => {
            let policy = terms.policy(SERVICE_ACCOUNT, &policies.principal);
            vec![(policy, id.to_string())]
        }
    }
}

/// Which token or client a request is about, by its headers and body: something
/// that only its holder can name, so that no stranger fills the bucket.
pub type TokenOf = fn(&HeaderMap, &[u8]) -> Option<String>;

/// Per address, generously, and per token: nobody guesses 256 random bits, and
/// at a venue thousands of people share an address.
pub(super) async fn limit_tokens(
    State((core, token_of)): State<(Core, TokenOf)>,
    mut request: Request,
    next: Next,
) -> Response {
    refuse_narrowed(&mut request);
    let policies = &core.config.policies;
    if let Some(principal) = principal_of(&request) {
        let counts = of_principal(policies, principal);
        return counted(&core, counts, request, next).await;
    }
    let (request, bytes) = read(request).await;
    let mut counts = vec![(policies.ip_token.clone(), address(&request))];
    if let Some(token) = token_of(request.headers(), &bytes) {
        let hash = digest::sha256(&[token.as_bytes()]);
        let subject = digest::hmac(core.config.public_url.as_bytes(), hash.as_bytes());
        counts.push((policies.token.clone(), subject));
    }
    counted(&core, counts, request, next).await
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
    if let Some(verdict) = verdict.as_ref().filter(|verdict| !verdict.allowed) {
        return refuse(policy, verdict);
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
    let (request, bytes) = read(request).await;
    let account = account_of(principal_of(&request), &bytes);
    let attempt = account.map(|account| Attempt::new(realm, request.uri().path(), &account, from));
    let tried = match &attempt {
        Some(attempt) => core.limiter.attempt(policy, attempt).await,
        None => None,
    };
    let known = tried.as_ref().is_some_and(|tried| !tried.as_stranger);
    let mut response = match &tried {
        Some(tried) if !tried.verdict.allowed => return refuse(policy, &tried.verdict),
        _ => next.run(request).await,
    };
    if let Some(tried) = &tried {
        announce(response.headers_mut(), policy, &tried.verdict);
    }
    if let Some(Proves { what, account }) = response.extensions().get() {
        let proved = Attempt::new(realm, what, account, from);
        let everywhere = !(known && attempt.as_ref() == Some(&proved));
        core.limiter.forgive(policy, &proved, everywhere).await;
    }
    response
}

/// # Errors
/// 429 where too many keys came from that are none, as far as is known here.
pub(super) fn may_invent(core: &Core, from: &str) -> Result<(), Problem> {
    let policy = &core.config.policies.ip;
    let known = core.limiter.refused(policy, from);
    known.map_or(Ok(()), |verdict| Err(exceeded(policy, &verdict)))
}

/// Counts a key that is none.
pub(super) async fn invented(core: &Core, from: &str) {
    let policy = &core.config.policies.ip;
    core.limiter.count_leased(policy, from).await;
}

/// Whose invented keys are counted: an address, apart from its other requests,
/// which close it for nobody's good key.
pub(super) fn inventor(request: &Request) -> String {
    format!("keys#{}", address(request))
}

fn principal_of(request: &Request) -> Option<&Principal> {
    let caller = request.extensions().get::<Caller>()?;
    caller.principal().map(AsRef::as_ref)
}

/// The request and its body; the frame has buffered it, so this does not wait.
async fn read(request: Request) -> (Request, Bytes) {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let body = Body::from(bytes.clone());
    (Request::from_parts(parts, body), bytes)
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

/// Runs what every bucket has room for, and says how they stand.
async fn counted(core: &Core, counts: Vec<Count>, request: Request, next: Next) -> Response {
    let mut verdicts = Vec::new();
    let mut refused = None;
    for (policy, subject) in counts {
        let Some(verdict) = core.limiter.count_leased(&policy, &subject).await else {
            continue;
        };
        if !verdict.allowed {
            refused = Some(refuse(&policy, &verdict));
            break;
        }
        verdicts.push((policy, verdict));
    }
    let mut response = match refused {
        Some(refused) => refused,
        None => next.run(request).await,
    };
    for (policy, verdict) in verdicts.iter().rev() {
        announce(response.headers_mut(), policy, verdict);
    }
    response
}

fn exceeded(policy: &Policy, verdict: &Verdict) -> Problem {
    Problem::new(&QUOTA_EXCEEDED)
        .detail(match policy.name {
            "principal" => "Too many requests from this account.",
            "account" => "Too many attempts for this account: wait before the next.",
            "token" => "Too many requests with this token or by this client.",
            API_KEY => "Too many requests with this API key.",
            SERVICE_ACCOUNT => "Too many requests from this service account.",
            _ => "Too many requests from this IP.",
        })
        .with("violated-policies", vec![policy.name])
        .header(RETRY_AFTER, &verdict.reset.to_string())
}

fn refuse(policy: &Policy, verdict: &Verdict) -> Response {
    let mut response = exceeded(policy, verdict).into_response();
    announce(response.headers_mut(), policy, verdict);
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
