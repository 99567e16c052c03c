use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::TestUser;
use crate::http::ClientIp;

/// Sends requests into a router.
#[derive(Debug, Clone)]
pub struct TestApi(Router);

impl TestApi {
    pub fn new(router: Router) -> Self {
        Self(router)
    }

    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest {
            router: self.0.clone(),
            request: Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap(),
        }
    }

    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> TestRequest {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> TestRequest {
        self.request(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> TestRequest {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }
}

/// A request in the making.
#[derive(Debug)]
pub struct TestRequest {
    router: Router,
    request: Request<Body>,
}

impl TestRequest {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub fn bearer(self, user: &TestUser) -> Self {
        self.token(&user.token)
    }

    pub fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn from_ip(mut self, ip: &str) -> Self {
        self.request
            .extensions_mut()
            .insert(ClientIp(ip.to_owned()));
        self
    }

    pub fn json(self, body: Value) -> Self {
        let with = if self.request.headers().contains_key(CONTENT_TYPE) {
            self
        } else {
            self.header(CONTENT_TYPE.as_str(), "application/json")
        };
        with.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<String>) -> Self {
        *self.request.body_mut() = Body::from(body.into());
        self
    }

    pub async fn send(self) -> TestReply {
        let response = self.router.oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        TestReply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct TestReply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// `null` when the body is no JSON.
    pub body: Value,
    pub text: String,
}

impl TestReply {
    /// The value of a header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails with the body unless the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails unless it is this problem.
    #[track_caller]
    pub fn problem(self, slug: &str) -> Self {
        let wanted = format!("/v1/problems/{slug}");
        assert_eq!(self.body["type"], Value::from(wanted), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], Value::from(self.status.as_u16()));
        self
    }
}
