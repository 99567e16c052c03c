//! DynamoDB: passed on to the embedded database, metered on the way.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::capacity::{self, ByTable};
use super::{State, refuse};
use crate::Result;
use crate::web::Answer;

/// Answers one call.
pub(super) async fn call(state: &State, head: &Parts, operation: &str, body: Bytes) -> Answer {
    if !capacity::is_metered(operation) {
        let answer = pass_on(state, head, body).await;
        return answer.map_or_else(|e| refuse(&e.to_string()), |(s, h, b)| rebuilt(s, h, b));
    }
    let Ok(mut request) = serde_json::from_slice::<Value>(&body) else {
        return refuse("SerializationException");
    };
    request["ReturnConsumedCapacity"] = json!("INDEXES");
    match pass_on(state, head, request.to_string().into()).await {
        Ok((status, headers, answer)) => {
            meter(state, operation, &request, status, &answer);
            rebuilt(status, headers, answer)
        }
        Err(e) => refuse(&e.to_string()),
    }
}

fn meter(state: &State, operation: &str, request: &Value, status: StatusCode, answer: &Bytes) {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let mut units = ByTable::new();
    let condition_failed = answer["__type"].as_str().is_some_and(|kind| {
        kind.ends_with("ConditionalCheckFailedException")
            || kind.ends_with("TransactionCanceledException")
    });
    if status.is_success() {
        capacity::reported(operation, &answer, &mut units);
    } else if condition_failed {
        capacity::refused(operation, request, &mut units);
    }
    let mut kept = state.kept();
    if !capacity::is_read(operation) {
        kept.writes
            .push(capacity::described(operation, request, &units));
    }
    let meter = &mut kept.meter;
    if operation.starts_with("Transact") {
        meter.calls.transactions += 1;
    } else {
        meter.calls.dynamodb += 1;
    }
    for (table, more) in units {
        let sum = meter.units.entry(table).or_default();
        sum.reads += more.reads;
        sum.writes += more.writes;
    }
}

async fn pass_on(
    state: &State,
    head: &Parts,
    body: Bytes,
) -> Result<(StatusCode, hyper::HeaderMap, Bytes)> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{}/", state.database));
    for name in [
        "x-amz-target",
        "content-type",
        "authorization",
        "x-amz-date",
    ] {
        if let Some(value) = head.headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = state.client.request(request.body(Full::new(body))?).await;
    let (head, body) = answer
        .map_err(|e| crate::Error(e.to_string()))?
        .into_parts();
    let body = body.collect().await?.to_bytes();
    Ok((head.status, head.headers, body))
}

/// The answer with the database's own headers, its checksum among them.
fn rebuilt(status: StatusCode, headers: hyper::HeaderMap, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}
