//! The Lambda Runtime API on loopback: what a function's bootstrap polls.
//!
//! One host serves one function instance, as in the service. It answers
//! `GET …/invocation/next`, `POST …/invocation/{id}/response` and `…/error`,
//! `POST …/init/error`, and the extension end points that a runtime with
//! graceful shutdown registers itself at.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::web::{self, Answer};
use crate::{Context as _, Error, Result};

/// How long an invocation may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The outcome of an invocation.
#[derive(Debug)]
pub struct Outcome {
    /// What the function answered.
    pub body: Bytes,
    /// When it was handed the event.
    pub handed: Instant,
    /// When its whole answer was there.
    pub answered: Instant,
}

struct Invocation {
    payload: Bytes,
    reply: oneshot::Sender<Result<Outcome>>,
}

struct Running {
    reply: oneshot::Sender<Result<Outcome>>,
    handed: Instant,
}

struct State {
    name: String,
    waiting: Mutex<mpsc::Receiver<Invocation>>,
    running: Mutex<HashMap<String, Running>>,
    init_error: Mutex<Option<String>>,
}

/// The Runtime API of one function instance.
pub struct Host {
    address: SocketAddr,
    queue: mpsc::Sender<Invocation>,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Host {
    /// Opens the API for the function `name`.
    pub async fn open(name: &str) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(1);
        let state = Arc::new(State {
            name: name.to_owned(),
            waiting: Mutex::new(waiting),
            running: Mutex::default(),
            init_error: Mutex::default(),
        });
        let (address, server) = web::serve(state.clone(), handle).await?;
        Ok(Self {
            address,
            queue,
            state,
            server,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands the function an event and waits for its answer. An error that the
    /// function reports is an error here.
    pub async fn invoke(&self, payload: Bytes) -> Result<Outcome> {
        let (reply, outcome) = oneshot::channel();
        let invocation = Invocation { payload, reply };
        let name = &self.state.name;
        self.queue
            .send(invocation)
            .await
            .context(format!("{name} is closed"))?;
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error(format!("{name} took an invocation and dropped it"))),
            Err(_) => {
                let init = self.state.init_error.lock().await.take();
                let why = init.unwrap_or_else(|| format!("no answer within {PATIENCE:?}"));
                Err(Error(format!("{name}: {why}")))
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(state: Arc<State>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let runtime = path.strip_prefix("/2018-06-01/runtime/");
    let extension = path.strip_prefix("/2020-01-01/extension/");
    match (request.method(), runtime, extension) {
        (&Method::GET, Some("invocation/next"), _) => next(&state).await,
        (&Method::POST, Some("init/error"), _) => init_error(&state, request).await,
        (&Method::POST, Some(rest), _) => finished(&state, rest, request).await,
        (&Method::POST, _, Some("register")) => registered(&state),
        // Shutdown is by signal here, so the next event never comes.
        (&Method::GET, _, Some("event/next")) => std::future::pending().await,
        _ => web::answer(StatusCode::NOT_FOUND, "application/json", "{}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a deadline of the real clock, not of the domain's"
)]
async fn next(state: &State) -> Answer {
    let Some(invocation) = state.waiting.lock().await.recv().await else {
        return web::answer(StatusCode::GONE, "application/json", "{}");
    };
    let id = uuid::Uuid::now_v7().to_string();
    let deadline = SystemTime::now() + PATIENCE;
    let deadline = deadline
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let arn = format!(
        "arn:aws:lambda:us-east-1:000000000000:function:{}",
        state.name
    );
    let trace = format!(
        "Root=1-{:08x}-{};Sampled=0",
        deadline / 1000,
        &id.replace('-', "")[..24]
    );
    let mut answer = web::answer(StatusCode::OK, "application/json", invocation.payload);
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", &arn),
        ("lambda-runtime-trace-id", &trace),
    ] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    let running = Running {
        reply: invocation.reply,
        handed: Instant::now(),
    };
    state.running.lock().await.insert(id, running);
    answer
}

async fn finished(state: &State, rest: &str, request: Request<Incoming>) -> Answer {
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let answered = Instant::now();
    let mut parts = rest.trim_start_matches("invocation/").splitn(2, '/');
    let (id, kind) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let Some(running) = state.running.lock().await.remove(id) else {
        return web::answer(StatusCode::BAD_REQUEST, "application/json", "{}");
    };
    let outcome = match (kind, body) {
        ("response", Ok(body)) => Ok(Outcome {
            body,
            handed: running.handed,
            answered,
        }),
        (_, Ok(body)) => Err(Error(format!(
            "{} failed: {}",
            state.name,
            String::from_utf8_lossy(&body)
        ))),
        (_, Err(e)) => Err(Error(format!("{} broke off its answer: {e}", state.name))),
    };
    // The receiver is gone only when the bench has already given up.
    let _ = running.reply.send(outcome);
    web::answer(StatusCode::ACCEPTED, "application/json", "{}")
}

async fn init_error(state: &State, request: Request<Incoming>) -> Answer {
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let text = body.map_or_else(
        |e| e.to_string(),
        |b| String::from_utf8_lossy(&b).into_owned(),
    );
    *state.init_error.lock().await = Some(format!("could not start: {text}"));
    web::answer(StatusCode::ACCEPTED, "application/json", "{}")
}

fn registered(state: &State) -> Answer {
    let body = serde_json::json!({
        "functionName": state.name,
        "functionVersion": "$LATEST",
        "handler": "bootstrap",
    });
    let mut answer = web::answer(StatusCode::OK, "application/json", body.to_string());
    if let Ok(id) = uuid::Uuid::now_v7().to_string().parse() {
        answer
            .headers_mut()
            .insert("lambda-extension-identifier", id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    async fn call(
        method: Method,
        url: String,
        body: &str,
    ) -> (StatusCode, hyper::HeaderMap, Bytes) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let body = Full::new(Bytes::from(body.to_owned()));
        let request = Request::builder()
            .method(method)
            .uri(url)
            .body(body)
            .unwrap();
        let answer = client.request(request).await.unwrap();
        let (head, body) = answer.into_parts();
        (
            head.status,
            head.headers,
            body.collect().await.unwrap().to_bytes(),
        )
    }

    async fn answer_with(base: String, kind: &str, body: &str) -> Bytes {
        let (_, headers, event) = call(Method::GET, format!("{base}/invocation/next"), "").await;
        let id = headers["lambda-runtime-aws-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(headers.contains_key("lambda-runtime-deadline-ms"));
        let url = format!("{base}/invocation/{id}/{kind}");
        let (status, _, _) = call(Method::POST, url, body).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        event
    }

    #[tokio::test]
    async fn an_event_goes_out_and_its_answer_comes_back() {
        let host = Host::open("f").await.unwrap();
        let base = format!("http://{}/2018-06-01/runtime", host.address());
        let (outcome, event) = tokio::join!(
            host.invoke(Bytes::from_static(b"{\"n\":1}")),
            answer_with(base, "response", "\"done\""),
        );
        let outcome = outcome.unwrap();
        assert_eq!(&event[..], b"{\"n\":1}");
        assert_eq!(&outcome.body[..], b"\"done\"");
        assert!(outcome.answered >= outcome.handed);
    }

    #[tokio::test]
    async fn an_error_that_the_function_reports_is_an_error() {
        let host = Host::open("f").await.unwrap();
        let base = format!("http://{}/2018-06-01/runtime", host.address());
        let (outcome, _) = tokio::join!(
            host.invoke(Bytes::from_static(b"{}")),
            answer_with(base, "error", "{\"errorMessage\":\"broken\"}"),
        );
        assert!(outcome.unwrap_err().to_string().contains("broken"));
    }

    #[tokio::test]
    async fn a_runtime_with_graceful_shutdown_may_register_itself() {
        let host = Host::open("f").await.unwrap();
        let url = format!("http://{}/2020-01-01/extension/register", host.address());
        let (status, headers, body) = call(Method::POST, url, "{\"events\":[]}").await;
        assert_eq!(status, StatusCode::OK);
        assert!(headers.contains_key("lambda-extension-identifier"));
        assert!(String::from_utf8_lossy(&body).contains("functionName"));
    }

    #[tokio::test]
    async fn an_answer_to_no_invocation_is_refused() {
        let host = Host::open("f").await.unwrap();
        let url = format!(
            "http://{}/2018-06-01/runtime/invocation/none/response",
            host.address()
        );
        let (status, _, _) = call(Method::POST, url, "{}").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}
