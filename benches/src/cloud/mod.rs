//! The AWS services that a function talks to, behind one loopback endpoint.
//!
//! DynamoDB calls are passed on to the embedded database and metered on the
//! way; SNS, SQS, KMS, SES and S3 do just what the functions need, and keep
//! what they were given.

pub mod capacity;
mod dynamodb;
mod kms;
mod objects;
mod queues;
mod topic;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::usage::Calls;
use crate::web::{self, Answer};
use crate::{Context as _, Result};
pub use topic::Message;

/// What passed through since the meter was last taken.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// Read and write units by table.
    pub units: capacity::ByTable,
    /// Calls that the functions waited for.
    pub calls: Calls,
    /// SNS publishes in units of 64 KB.
    pub publishes: f64,
    /// SQS requests that functions made themselves, in units of 64 KB.
    pub sqs_requests: f64,
    /// KMS requests.
    pub kms_requests: f64,
    /// Mails.
    pub mails: f64,
    /// S3 requests that write.
    pub s3_puts: f64,
    /// S3 requests that read.
    pub s3_gets: f64,
}

#[derive(Default)]
struct Kept {
    meter: Meter,
    published: Vec<Message>,
    queued: BTreeMap<String, Vec<(String, String)>>,
    objects: BTreeMap<String, objects::Object>,
    writes: Vec<String>,
}

/// The endpoint and what it keeps.
pub struct Cloud {
    kept: Arc<Mutex<Kept>>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct State {
    kept: Arc<Mutex<Kept>>,
    database: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    key: Arc<kms::Key>,
}

impl State {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked left plain counters behind.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cloud {
    /// Opens the endpoint in front of the database at `database`.
    pub async fn open(database: SocketAddr) -> Result<Self> {
        let kept = Arc::default();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let state = State {
            kept: Arc::clone(&kept),
            database,
            client: Client::builder(TokioExecutor::new()).build(connector),
            key: Arc::new(kms::Key::generate().context("KMS key")?),
        };
        let (address, server) = web::serve(state, handle).await?;
        Ok(Self {
            kept,
            address,
            server,
        })
    }

    /// The value of `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the meter and sets it to zero.
    pub fn take_meter(&self) -> Meter {
        std::mem::take(&mut self.kept().meter)
    }

    /// Takes the messages that were published.
    pub fn take_published(&self) -> Vec<Message> {
        std::mem::take(&mut self.kept().published)
    }

    /// Takes the descriptions of the writes.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut self.kept().writes)
    }

    /// Puts an object as a client with a presigned upload would.
    pub fn upload(&self, bucket: &str, key: &str, content_type: &str, body: Bytes) {
        let object = objects::Object::new(content_type, body);
        self.kept()
            .objects
            .insert(format!("/{bucket}/{key}"), object);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(state: State, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
    else {
        return refuse("IncompleteBody");
    };
    let target = header(&head, "x-amz-target").to_owned();
    let form = header(&head, "content-type").starts_with("application/x-www-form-urlencoded");
    match target.split_once('.') {
        Some((api, operation)) if api.starts_with("DynamoDB") => {
            dynamodb::call(&state, &head, operation, body).await
        }
        Some(("TrentService", operation)) => kms::call(&state, operation, &body),
        Some(("AmazonSQS", operation)) => queues::call(&state, operation, &body),
        _ if form => topic::call(&state, &body),
        _ if head.uri.path() == "/v2/email/outbound-emails" => mail(&state),
        _ => objects::call(&state, &head, body),
    }
}

fn mail(state: &State) -> Answer {
    let mut kept = state.kept();
    kept.meter.mails += 1.0;
    kept.meter.calls.mails += 1;
    json_answer(&json!({"MessageId": message_id()}))
}

fn message_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn header<'a>(head: &'a Parts, name: &str) -> &'a str {
    let value = head.headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn json_answer(body: &Value) -> Answer {
    web::answer(
        StatusCode::OK,
        "application/x-amz-json-1.0",
        body.to_string(),
    )
}

/// A request that this endpoint does not understand: the function fails, and
/// with it the bench, rather than a figure being wrong.
fn refuse(code: &str) -> Answer {
    let body = json!({"__type": code, "message": format!("the bench refuses: {code}")});
    web::answer(
        StatusCode::BAD_REQUEST,
        "application/x-amz-json-1.0",
        body.to_string(),
    )
}
