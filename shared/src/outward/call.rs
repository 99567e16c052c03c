//! A call, and what came back.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use serde::de::DeserializeOwned;

use super::OutwardError;

/// A call that may be made several times.
#[derive(Clone)]
pub struct Call {
    method: &'static str,
    url: String,
    body: Option<String>,
    pub(super) idempotent: bool,
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// Reads something.
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET",
            url: url.to_owned(),
            body: None,
            idempotent: true,
        }
    }

    /// Sends a form that must not arrive twice: it is tried again only if the
    /// connection failed before anything was sent.
    pub fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        Self {
            method: "POST",
            url: url.to_owned(),
            body: Some(form.finish()),
            idempotent: false,
        }
    }

    pub(super) fn request(&self) -> Result<HttpRequest, OutwardError> {
        if !is_secure(&self.url) {
            return Err(OutwardError::Insecure);
        }
        let body = self
            .body
            .as_deref()
            .map_or_else(SdkBody::empty, SdkBody::from);
        let mut request = HttpRequest::new(body);
        let malformed = |err: &dyn Error| OutwardError::Failed {
            reason: err.to_string(),
            unsent: true,
        };
        request
            .set_uri(self.url.as_str())
            .map_err(|err| malformed(&err))?;
        request
            .set_method(self.method)
            .map_err(|err| malformed(&err))?;
        let headers = request.headers_mut();
        headers.insert("accept", "application/json");
        headers.insert("user-agent", "plenary");
        if let Some(body) = &self.body {
            headers.insert("content-type", "application/x-www-form-urlencoded");
            headers.insert("content-length", body.len().to_string());
        }
        Ok(request)
    }
}

/// A form may hold secrets.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({} {})", self.method, self.url)
    }
}

/// So may an answer.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

impl Answer {
    /// Whether the status is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, as JSON.
    ///
    /// # Errors
    /// It is none, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Whether what goes to this URL is safe on its way: it is https, or stays on
/// this machine.
pub fn is_secure(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let loopback = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_17_only_https_and_loopback_are_spoken_to() {
        for url in [
            "https://accounts.google.com/x?y=1",
            "http://127.0.0.1:8080/x",
            "http://localhost/x",
            "http://[::1]:3000/",
        ] {
            assert!(is_secure(url), "{url}");
        }
        for url in [
            "http://accounts.google.com/",
            "http://127.0.0.1.example.org/",
            "http://localhost@example.org/",
            "ftp://localhost/",
            "https:///x",
            "/x",
            "",
        ] {
            assert!(!is_secure(url), "{url}");
        }
        assert!(Call::get("http://example.org/").request().is_err());
    }

    #[test]
    fn au_29_forms_and_answers_stay_out_of_debug_output() {
        let call = Call::form("https://example.org/token", &[("client_secret", "s3cret")]);
        assert_eq!(format!("{call:?}"), "Call(POST https://example.org/token)");
        let answer = Answer {
            status: 200,
            body: b"s3cret".to_vec(),
        };
        assert_eq!(format!("{answer:?}"), "Answer(200)");
    }
}
