//! SNS and SQS as far as the relay and the health checks speak with them:
//! over HTTP on loopback, with faults on request.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What goes wrong with the next call of `PublishBatch`.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The call fails with a 500 that is no throttling.
    Down,
    /// One entry fails, by its place in the batch.
    Entry {
        /// The place.
        index: usize,
        /// The code.
        code: &'static str,
        /// Whether SNS blames the sender.
        sender_fault: bool,
    },
}

/// A message as the topic got it.
#[derive(Debug, Clone)]
pub struct Published {
    /// The body.
    pub body: String,
    /// The attributes.
    pub attributes: BTreeMap<String, String>,
}

impl Published {
    /// The id of the event in it.
    pub fn id(&self) -> String {
        let event: Value = serde_json::from_str(&self.body).unwrap();
        event["id"].as_str().unwrap().to_owned()
    }
}

#[derive(Debug, Default)]
struct Inner {
    published: Vec<Published>,
    calls: usize,
    faults: VecDeque<Fault>,
    refused_text: Option<String>,
    queues: BTreeMap<String, Vec<String>>,
    in_flight: BTreeMap<String, (String, String)>,
    broken_queues: Vec<String>,
    questions: usize,
}

/// The stub; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<Inner>>);

impl Cloud {
    /// Starts it and returns clients for it.
    pub async fn start() -> (Self, aws_sdk_sns::Client, aws_sdk_sqs::Client) {
        let cloud = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(cloud.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let credentials = Credentials::new("test", "test", None, None, "test");
        let http = aws_smithy_http_client::Builder::new().build_http();
        let sns = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(credentials.clone())
            .http_client(http.clone())
            .retry_config(aws_sdk_sns::config::retry::RetryConfig::disabled())
            .endpoint_url(&url)
            .build();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(credentials)
            .http_client(http)
            .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
            .endpoint_url(&url)
            .build();
        (
            cloud,
            aws_sdk_sns::Client::from_conf(sns),
            aws_sdk_sqs::Client::from_conf(sqs),
        )
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// The next calls of `PublishBatch` go wrong so, one fault a call.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner().faults.extend(faults);
    }

    /// From now on a call with this text in a message is refused as a whole.
    pub fn refuse(&self, text: &str) {
        self.inner().refused_text = Some(text.to_owned());
    }

    /// From now on this queue answers with an error.
    pub fn break_queue(&self, url: &str) {
        self.inner().broken_queues.push(url.to_owned());
    }

    /// From now on all queues answer again.
    pub fn mend_queues(&self) {
        self.inner().broken_queues.clear();
    }

    /// Everything published so far, in order.
    pub fn published(&self) -> Vec<Published> {
        self.inner().published.clone()
    }

    /// How often `PublishBatch` was called.
    pub fn calls(&self) -> usize {
        self.inner().calls
    }

    /// How often a queue was asked for its attributes.
    pub fn questions(&self) -> usize {
        self.inner().questions
    }

    /// Puts a message into a queue.
    pub fn send(&self, url: &str, body: impl Into<String>) {
        self.inner()
            .queues
            .entry(url.to_owned())
            .or_default()
            .push(body.into());
    }

    /// What waits in a queue; messages in flight do not.
    pub fn waiting(&self, url: &str) -> Vec<String> {
        self.inner().queues.get(url).cloned().unwrap_or_default()
    }

    /// Ends the visibility timeout of everything in flight.
    pub fn return_in_flight(&self) {
        let mut inner = self.inner();
        for (_, (url, body)) in std::mem::take(&mut inner.in_flight) {
            inner.queues.entry(url).or_default().push(body);
        }
    }
}

async fn answer(State(cloud): State<Cloud>, headers: HeaderMap, body: Bytes) -> Response {
    match headers.get("x-amz-target") {
        Some(target) => queue(&cloud, target.to_str().unwrap(), &body),
        None => publish(&cloud, &body),
    }
}

fn publish(cloud: &Cloud, body: &[u8]) -> Response {
    let mut inner = cloud.inner();
    inner.calls += 1;
    let entries = entries(body);
    assert!(entries.len() <= 10, "SNS takes ten entries");
    let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
    assert!(bytes <= 256 * 1024, "SNS takes 256 KiB");
    let refused = inner.refused_text.clone();
    if refused.is_some_and(|text| entries.iter().any(|entry| entry.body.contains(&text))) {
        return sns_error(StatusCode::BAD_REQUEST, "InvalidParameter");
    }
    let fault = inner.faults.pop_front();
    if matches!(fault, Some(Fault::Down)) {
        return sns_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
    }
    let (mut good, mut bad) = (String::new(), String::new());
    for (place, entry) in entries.into_iter().enumerate() {
        match fault {
            Some(Fault::Entry {
                index,
                code,
                sender_fault,
            }) if index == place => {
                write!(bad,
                    "<member><Id>{place}</Id><Code>{code}</Code><Message>no</Message><SenderFault>{sender_fault}</SenderFault></member>"
                ).unwrap();
            }
            _ => {
                write!(
                    good,
                    "<member><Id>{place}</Id><MessageId>m-{place}</MessageId></member>"
                )
                .unwrap();
                inner.published.push(entry);
            }
        }
    }
    xml(
        StatusCode::OK,
        format!(
            "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Successful>{good}</Successful><Failed>{bad}</Failed></PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>"
        ),
    )
}

/// The entries of the form `PublishBatchRequestEntries.member.1.Message=…`.
fn entries(body: &[u8]) -> Vec<Published> {
    let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).unwrap();
    let prefix = |n: usize| format!("PublishBatchRequestEntries.member.{n}");
    (1..)
        .map_while(|n| {
            form.get(&format!("{}.Message", prefix(n)))
                .map(|body| (n, body))
        })
        .map(|(n, body)| {
            let at = |k: usize, what: &str| {
                form.get(&format!("{}.MessageAttributes.entry.{k}.{what}", prefix(n)))
            };
            let attributes = (1..)
                .map_while(|k| Some((at(k, "Name")?.clone(), at(k, "Value.StringValue")?.clone())))
                .collect();
            Published {
                body: body.clone(),
                attributes,
            }
        })
        .collect()
}

fn sns_error(status: StatusCode, code: &str) -> Response {
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

fn queue(cloud: &Cloud, target: &str, body: &[u8]) -> Response {
    let mut inner = cloud.inner();
    let call: Value = serde_json::from_slice(body).unwrap();
    let url = call["QueueUrl"].as_str().unwrap().to_owned();
    if inner.broken_queues.contains(&url) {
        return sqs(
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"__type": "com.amazonaws.sqs#InternalError", "message": "no"}),
        );
    }
    let answer = match target {
        "AmazonSQS.SendMessage" => {
            let text = call["MessageBody"].as_str().unwrap().to_owned();
            inner.queues.entry(url).or_default().push(text);
            json!({"MessageId": "m", "MD5OfMessageBody": "0"})
        }
        "AmazonSQS.ReceiveMessage" => receive(&mut inner, &url),
        "AmazonSQS.DeleteMessage" => {
            let receipt = call["ReceiptHandle"].as_str().unwrap();
            assert!(inner.in_flight.remove(receipt).is_some(), "deleted twice");
            json!({})
        }
        "AmazonSQS.GetQueueAttributes" => {
            inner.questions += 1;
            let count = inner.queues.get(&url).map_or(0, Vec::len);
            json!({"Attributes": {"ApproximateNumberOfMessages": count.to_string()}})
        }
        other => panic!("unexpected call {other}"),
    };
    sqs(StatusCode::OK, answer)
}

fn receive(inner: &mut Inner, url: &str) -> Value {
    let queue = inner.queues.entry(url.to_owned()).or_default();
    let taken: Vec<String> = queue.drain(..queue.len().min(10)).collect();
    let mut messages = Vec::new();
    for body in taken {
        let receipt = uuid::Uuid::now_v7().to_string();
        messages.push(json!({"MessageId": receipt, "ReceiptHandle": receipt, "Body": body}));
        inner.in_flight.insert(receipt, (url.to_owned(), body));
    }
    json!({"Messages": messages})
}

fn sqs(status: StatusCode, body: Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/x-amz-json-1.0")],
        body.to_string(),
    )
        .into_response()
}
