//! The outermost layer: what every request gets and every answer carries.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use uuid::Uuid;

use crate::cx::{Context, new_traceparent};
use crate::http::api::Core;
use crate::http::reply::{Deliberate, NextPage};
use crate::problem::{
    INTERNAL, INVALID_REQUEST, METHOD_NOT_ALLOWED, PAYLOAD_TOO_LARGE, Problem, TIMEOUT,
};
use crate::telemetry;

const CORRELATION_ID: &str = "x-correlation-id";
const REQUEST_ID: &str = "x-request-id";
const TRACEPARENT: &str = "traceparent";

/// The caller's address, for hosts other than API Gateway.
#[derive(Debug, Clone)]
pub struct ClientIp(pub String);

pub(super) async fn frame(State(core): State<Core>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let timeout = deadline(&core, request.method());
    let cx = context(&request, began + timeout);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    request.extensions_mut().insert(cx.clone());
    let handled = AssertUnwindSafe(buffered(&core, request, next)).catch_unwind();
    let response = match tokio::time::timeout(timeout, handled).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::new(&INTERNAL)
            .caused_by("the handler panicked")
            .into_response(),
        Err(_) => Problem::new(&TIMEOUT).into_response(),
    };
    let (mut response, problem) = rendered(response, &uri, &cx);
    if matches!(method, Method::GET | Method::HEAD) {
        response = not_modified(response, known.as_ref());
    }
    if let Some(link) = next_link(&response, &uri) {
        response.headers_mut().append(LINK, link);
    }
    decorate(response.headers_mut(), &cx);
    log(
        &method,
        &route,
        &response,
        &cx,
        problem.as_ref(),
        began.elapsed(),
    );
    response
}

/// C9: 5 s for auth, 8 s for reads, 10 s for writes.
fn deadline(core: &Core, method: &Method) -> Duration {
    if core.config.group == "auth" {
        Duration::from_secs(5)
    } else if method.is_safe() {
        Duration::from_secs(8)
    } else {
        Duration::from_secs(10)
    }
}

fn context(request: &Request, deadline: Instant) -> Context {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = Uuid::now_v7().to_string();
    let correlation_id = text(CORRELATION_ID)
        .filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    Context {
        traceparent: text(TRACEPARENT)
            .filter(|parent| valid_traceparent(parent))
            .map_or_else(|| new_traceparent(&correlation_id), str::to_owned),
        correlation_id,
        request_id,
        deadline,
        actor: None,
        actor_by: None,
        client_ip: client_ip(request),
        user_agent: text(USER_AGENT.as_str()).map(|agent| agent.chars().take(256).collect()),
        slot: None,
    }
}

/// W3C Trace Context §3.2.2: `version-traceid-parentid-flags`, lower-case hex,
/// ids not all zero.
fn valid_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, len| {
        part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &str| part.bytes().any(|b| b != b'0');
    matches!(parts[..], [version, trace, parent, flags]
        if hex(version, 2) && version != "ff" && hex(trace, 32) && set(trace)
            && hex(parent, 16) && set(parent) && hex(flags, 2))
}

fn client_ip(request: &Request) -> Option<String> {
    use lambda_http::request::RequestContext;
    if let Some(ClientIp(ip)) = request.extensions().get::<ClientIp>() {
        return Some(ip.clone());
    }
    match request.extensions().get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(gateway) => gateway.http.source_ip.clone(),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

/// Takes the body whole, within the limit, so that extractors and the
/// Idempotency-Key see the same bytes.
async fn buffered(core: &Core, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let limit = core.config.body_limit;
    let bytes: Bytes = match axum::body::to_bytes(body, limit).await {
        Ok(bytes) => bytes,
        Err(err) => {
            return Problem::new(&PAYLOAD_TOO_LARGE)
                .detail(format!("The limit is {limit} bytes."))
                .caused_by(err)
                .into_response();
        }
    };
    next.run(Request::from_parts(parts, Body::from(bytes)))
        .await
}

/// Writes the body of a problem, also of errors that axum answered by itself.
fn rendered(mut response: Response, uri: &Uri, cx: &Context) -> (Response, Option<Problem>) {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if response.extensions().get::<Deliberate>().is_some() => return (response, None),
        None if status == StatusCode::METHOD_NOT_ALLOWED => {
            // axum adds the header behind us.
            Problem::new(&METHOD_NOT_ALLOWED).detail("The header Allow names what is allowed here.")
        }
        None if status.is_client_error() && status == StatusCode::NOT_FOUND => {
            Problem::not_found("The path")
        }
        None if status.is_client_error() => Problem::new(&INVALID_REQUEST),
        None if status.is_server_error() => Problem::new(&INTERNAL),
        None => return (response, None),
    };
    let body = problem.body(uri.path(), &cx.correlation_id).to_string();
    let (mut parts, _) = response.into_parts();
    parts.status = problem.status();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(problem.media_type()));
    parts.headers.insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    (Response::from_parts(parts, Body::from(body)), Some(problem))
}

/// RFC 9110 §13.1.2: the reader has it already.
fn not_modified(response: Response, known: Option<&HeaderValue>) -> Response {
    let current = response
        .headers()
        .get(ETAG)
        .and_then(|tag| tag.to_str().ok());
    let known = known.and_then(|known| known.to_str().ok());
    let same = matches!((current, known), (Some(current), Some(known))
    if response.status() == StatusCode::OK
        && known.split(',').map(str::trim).any(|tag| {
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current
        }));
    if !same {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Where the next page of a list is (RFC 8288): the same target with its cursor.
fn next_link(response: &Response, uri: &Uri) -> Option<HeaderValue> {
    let NextPage(cursor) = response.extensions().get()?;
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let path = format!("{}?", uri.path());
    let start = path.len();
    let target = form_urlencoded::Serializer::for_suffix(path, start)
        .extend_pairs(query.filter(|(name, _)| name != "cursor"))
        .append_pair("cursor", cursor)
        .finish();
    HeaderValue::from_str(&format!("<{target}>; rel=\"next\"")).ok()
}

fn decorate(headers: &mut HeaderMap, cx: &Context) {
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(CORRELATION_ID, &cx.correlation_id);
    put(REQUEST_ID, &cx.request_id);
    put(TRACEPARENT, &cx.traceparent);
    put(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    put("x-content-type-options", "nosniff");
    put("referrer-policy", "no-referrer");
}

fn log(
    method: &Method,
    route: &str,
    response: &Response,
    cx: &Context,
    problem: Option<&Problem>,
    took: Duration,
) {
    if let Some(problem) = problem.filter(|problem| problem.status().is_server_error()) {
        tracing::error!(
            correlation_id = cx.correlation_id,
            problem.type = problem.kind().slug,
            cause = problem.causes(),
            "a request failed"
        );
    }
    let actor = response.extensions().get::<super::guard::Actor>();
    telemetry::access(&telemetry::Access {
        method: method.as_str(),
        route,
        status: response.status().as_u16(),
        took,
        correlation_id: &cx.correlation_id,
        request_id: &cx.request_id,
        traceparent: &cx.traceparent,
        actor: actor.map(|actor| actor.0.as_str()),
        problem: problem.map(|problem| problem.kind().slug),
        replayed: response.headers().contains_key("idempotency-replayed"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ob_04_only_valid_traceparents_are_taken_over() {
        assert!(valid_traceparent(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        ));
        let ours = "01932c07-b7a5-7cc0-8000-00805f9b34fb";
        let made = new_traceparent(ours);
        assert!(valid_traceparent(&made) && made.contains(&ours.replace('-', "")));
        assert!(valid_traceparent(&new_traceparent("an order of theirs")));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert!(!valid_traceparent(bad), "{bad}");
        }
    }
}
