//! Events as the services hand them to functions.

use std::collections::BTreeMap;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::cloud::Message;
use crate::{Context as _, Error, Result};

/// A client's request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Method.
    pub method: &'static str,
    /// Path, with a query perhaps.
    pub target: String,
    /// Bearer token.
    pub token: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// JSON body.
    pub body: Option<Value>,
    /// Caller's address.
    pub address: String,
}

impl Request {
    /// A request without token and body.
    pub fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            address: "198.51.100.7".into(),
            ..Self::default()
        }
    }

    /// As a signed-in user.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// With a JSON body.
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a fresh Idempotency-Key.
    pub fn keyed(self) -> Self {
        let key = uuid::Uuid::now_v7().to_string();
        self.header("idempotency-key", &key)
    }

    /// From another address.
    pub fn from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The event that the HTTP API makes of it (payload format 2.0).
    pub fn event(&self) -> Value {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut headers = self.headers.clone();
        let mut header = |name: &str, value: String| {
            headers.entry(name.into()).or_insert(value);
        };
        header("host", "api.example.com".into());
        header("accept", "application/json".into());
        header("user-agent", "bench".into());
        header("x-forwarded-for", self.address.clone());
        header("x-forwarded-proto", "https".into());
        header(
            "x-amzn-trace-id",
            "Root=1-00000000-000000000000000000000000".into(),
        );
        if let Some(token) = &self.token {
            header("authorization", format!("Bearer {token}"));
        }
        if self.body.is_some() {
            header("content-type", "application/json".into());
        }
        let parameters: BTreeMap<_, _> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "bench",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {
                    "method": self.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.address,
                    "userAgent": "bench",
                },
                "requestId": uuid::Uuid::now_v7().simple().to_string(),
                "routeKey": "$default",
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": 1_767_225_600_000_i64,
            },
            "isBase64Encoded": false,
        });
        if !parameters.is_empty() {
            event["queryStringParameters"] = json!(parameters);
        }
        if let Some(body) = &self.body {
            event["body"] = body.to_string().into();
        }
        event
    }
}

/// A function's answer to a request.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status.
    pub status: u64,
    /// Body, JSON or null.
    pub body: Value,
    /// Size of the body in bytes.
    pub bytes: usize,
}

impl Response {
    /// Reads what the function gave the HTTP API.
    pub fn parse(raw: &[u8]) -> Result<Self> {
        let answer: Value = serde_json::from_slice(raw)?;
        let status = answer["statusCode"]
            .as_u64()
            .context("an answer without statusCode")?;
        let text = answer["body"].as_str().unwrap_or_default();
        let body = if answer["isBase64Encoded"] == true {
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .context("base64 body")?
        } else {
            text.as_bytes().to_vec()
        };
        Ok(Self {
            status,
            bytes: body.len(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }

    /// Fails unless the status is of the 2xx.
    pub fn succeeded(self, what: &str) -> Result<Self> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(Error(format!("{what}: {} {}", self.status, self.body)))
        }
    }

    /// A text of the body by JSON pointer.
    pub fn text(&self, pointer: &str) -> Result<String> {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
            .context(format!("no {pointer} in {}", self.body))
    }
}

/// The SQS batch that delivers `messages` to the worker of `queue`.
pub fn sqs_batch(queue: &str, messages: &[Message]) -> Value {
    let record = |message: &Message| {
        let attributes: serde_json::Map<_, _> = message
            .attributes
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    json!({"stringValue": value, "dataType": "String"}),
                )
            })
            .collect();
        json!({
            "messageId": uuid::Uuid::now_v7().to_string(),
            "receiptHandle": "bench",
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1767225600000",
                "SenderId": "bench",
                "ApproximateFirstReceiveTimestamp": "1767225600001",
            },
            "messageAttributes": attributes,
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

/// The notification that S3 sends to a queue when an object was uploaded.
pub fn object_created(bucket: &str, key: &str, size: usize) -> Message {
    let body = json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Post",
        "userIdentity": {"principalId": "bench"},
        "requestParameters": {"sourceIPAddress": "198.51.100.7"},
        "responseElements": {"x-amz-request-id": "bench", "x-amz-id-2": "bench"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "bench"},
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {"key": key, "size": size, "eTag": "bench", "sequencer": "0"},
        },
    }]});
    Message {
        body: body.to_string(),
        ..Message::default()
    }
}

/// The JSON of an event as bytes.
pub fn bytes(event: &Value) -> Bytes {
    event.to_string().into()
}

/// The same text with every `TypeID` and UUID in it replaced by a fresh one,
/// each occurrence of one id by the same.
pub fn renewed(text: &str) -> String {
    let mut fresh: BTreeMap<&str, String> = BTreeMap::new();
    let mut renewed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        renewed.push_str(&rest[..start]);
        rest = &rest[start..];
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let (token, tail) = rest.split_at(rest.find(word).unwrap_or(rest.len()));
        rest = tail;
        match fresh_id(token) {
            Some(id) => renewed.push_str(fresh.entry(token).or_insert(id)),
            None => renewed.push_str(token),
        }
    }
    renewed.push_str(rest);
    renewed
}

fn fresh_id(token: &str) -> Option<String> {
    let id = uuid::Uuid::now_v7();
    if token.len() == 36 && uuid::Uuid::parse_str(token).is_ok() {
        return Some(id.to_string());
    }
    let (prefix, suffix) = token.rsplit_once('_')?;
    let is_id = suffix.len() == 26 && suffix.bytes().all(|b| CROCKFORD.contains(&b));
    is_id.then(|| format!("{prefix}_{}", type_id_suffix(id)))
}

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The suffix of a `TypeID`: 128 bits in 26 digits of Crockford's base 32.
fn type_id_suffix(id: uuid::Uuid) -> String {
    let bits = id.as_u128();
    (0..26)
        .rev()
        .map(|digit| char::from(CROCKFORD[usize::try_from(bits >> (digit * 5) & 31).unwrap_or(0)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_an_event_of_the_http_api() {
        let request = Request::new("POST", "/v1/events?limit=2&tag=a")
            .token("t")
            .keyed()
            .body(json!({"title": "x"}));
        let event = request.event();
        assert_eq!(event["rawPath"], "/v1/events");
        assert_eq!(event["rawQueryString"], "limit=2&tag=a");
        assert_eq!(event["queryStringParameters"]["tag"], "a");
        assert_eq!(event["headers"]["authorization"], "Bearer t");
        assert_eq!(
            event["headers"]["idempotency-key"].as_str().unwrap().len(),
            36
        );
        assert_eq!(event["body"], "{\"title\":\"x\"}");
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
    }

    #[test]
    fn an_answer_is_read_also_from_base64() {
        let raw = br#"{"statusCode":201,"headers":{"ETag":"1"},"body":"eyJpZCI6ImEifQ==","isBase64Encoded":true}"#;
        let response = Response::parse(raw).unwrap().succeeded("x").unwrap();
        assert_eq!(response.text("/id").unwrap(), "a");
        assert!(response.text("/none").is_err());
        let refused = Response::parse(br#"{"statusCode":409,"body":"{}"}"#).unwrap();
        assert!(refused.succeeded("x").is_err());
    }

    #[test]
    fn ids_are_renewed_consistently_and_nothing_else() {
        let text = r#"{"id":"01932c07-7d4b-7a52-8000-000000000001","subject":"user_01h2xcejqtf2nbrexx3vqjhp41","data":{"userId":"user_01h2xcejqtf2nbrexx3vqjhp41","event_type":"a"}}"#;
        let renewed: Value = serde_json::from_str(&renewed(text)).unwrap();
        assert_eq!(renewed["subject"], renewed["data"]["userId"]);
        assert_ne!(renewed["subject"], "user_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(renewed["subject"].as_str().unwrap().len(), 31);
        assert_ne!(renewed["id"], "01932c07-7d4b-7a52-8000-000000000001");
        assert_eq!(renewed["data"]["event_type"], "a");
    }

    #[test]
    fn a_type_id_suffix_is_the_number_in_base_32() {
        // From the TypeID specification's valid examples.
        let id = uuid::Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(type_id_suffix(id), "01h455vb4pex5vsknk084sn02q");
        assert_eq!(type_id_suffix(uuid::Uuid::nil()), "0".repeat(26));
    }
}
