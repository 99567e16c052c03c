//! Plain HTTP to loopback.

use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// A status and, if the body is JSON, the body.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body; null when it is not JSON.
    pub body: Value,
}

impl Reply {
    /// The body, unless the status is not the one expected.
    pub fn expect(self, what: &str, statuses: &[u16]) -> Outcome<Value> {
        if statuses.contains(&self.status) {
            Ok(self.body)
        } else {
            Err(format!("{what} answered {}: {}", self.status, self.body))
        }
    }
}

/// Talks to one base URL.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    agent: ureq::Agent,
}

impl Http {
    /// A client for `base`, which has no trailing slash.
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        Self {
            base: base.to_owned(),
            agent: config.into(),
        }
    }

    /// Sends a request.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Outcome<Reply> {
        let fail = |err: String| format!("{method} {path}: {err}");
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let text = match body {
            Some(body) => {
                request = request.header("content-type", content_type(method));
                body.to_string()
            }
            None => String::new(),
        };
        let request = request.body(text).map_err(|err| fail(err.to_string()))?;
        let mut response = self
            .agent
            .run(request)
            .map_err(|err| fail(err.to_string()))?;
        let text = response
            .body_mut()
            .read_to_string()
            .map_err(|err| fail(err.to_string()))?;
        Ok(Reply {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        })
    }

    /// A request without a body or headers.
    pub fn get(&self, path: &str) -> Outcome<Reply> {
        self.send("GET", path, &[], None)
    }
}

fn content_type(method: &str) -> &'static str {
    if method == "PATCH" {
        "application/merge-patch+json"
    } else {
        "application/json"
    }
}
