//! Starting a function: what every `main` ends with.

use std::pin::Pin;
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use lambda_http::Adapter;
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Context, Error, LambdaEvent, Service, service_fn};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::config::{ConfigError, Env};
use crate::telemetry;
use crate::worker::until;

/// Starts logging, as `GROUP` and `LOG_LEVEL` say.
///
/// # Errors
/// `GROUP` is not set.
pub fn start() -> Result<(), ConfigError> {
    let mut env = Env::read();
    let group = env.required("GROUP");
    let level = env.or("LOG_LEVEL", "info".to_owned());
    env.check()?;
    telemetry::init(&group, &level);
    Ok(())
}

/// Serves HTTP requests until the environment is taken away.
///
/// # Errors
/// The runtime's own.
pub async fn http(router: Router) -> Result<(), Error> {
    lambda_http::run(router).await
}

/// Serves HTTP requests, and what operators invoke the function with: payloads
/// of a type that no HTTP event can be read as, and that only who may invoke the
/// function can send.
///
/// # Errors
/// The runtime's own.
pub async fn http_or<P, R, H, F>(router: Router, operate: H) -> Result<(), Error>
where
    P: DeserializeOwned,
    R: Serialize,
    H: Fn(P) -> F,
    F: Future<Output = Result<R, Error>>,
{
    let (adapter, operate) = (&Adapter::from(router), &operate);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Payload<P>>| async move {
        let (payload, context) = event.into_parts();
        match payload {
            Payload::Http(request) => {
                let event = LambdaEvent::new(*request, context);
                let answer = adapter.clone().call(event).await?;
                Ok::<_, Error>(Answer::Http(answer))
            }
            Payload::Operation(operation) => {
                // Without its type: an operation's future is as deep as a request's.
                let operated: Pin<Box<dyn Future<Output = _>>> = Box::pin(operate(operation));
                Ok(Answer::Operation(operated.await?))
            }
        }
    }))
    .await
}

enum Payload<P> {
    Http(Box<LambdaRequest>),
    Operation(P),
}

impl<'de, P: DeserializeOwned> Deserialize<'de> for Payload<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // An HTTP event fails here at its first member.
        if let Ok(operation) = serde_json::from_str(raw.get()) {
            return Ok(Self::Operation(operation));
        }
        serde_json::from_str(raw.get())
            .map(|request| Self::Http(Box::new(request)))
            .map_err(D::Error::custom)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<H, O> {
    Http(H),
    Operation(O),
}

/// Serves SQS batches until the environment is taken away.
///
/// # Errors
/// The runtime's own.
pub async fn worker<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(SqsEvent) -> F,
    F: Future<Output = SqsBatchResponse>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let ends = ends(&event.context);
        // Boxed: what a worker does is deep.
        Ok::<_, Error>(until(ends, Box::pin(handle(event.payload))).await)
    }))
    .await
}

/// Serves any other payload until the environment is taken away.
///
/// # Errors
/// The runtime's own.
pub async fn payloads<P, R, H, F>(handle: H) -> Result<(), Error>
where
    P: DeserializeOwned,
    R: Serialize,
    H: Fn(P) -> F,
    F: Future<Output = Result<R, Error>>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<P>| async move {
        let ends = ends(&event.context);
        until(ends, Box::pin(handle(event.payload))).await
    }))
    .await
}

/// When the service ends the function.
fn ends(context: &Context) -> Instant {
    let now = u64::try_from(Clock::system().now().as_millisecond()).unwrap_or(0);
    Instant::now() + Duration::from_millis(context.deadline.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Operation {
        number: u8,
    }

    /// B1-13: no HTTP request is taken for an operator's, whatever it carries.
    #[test]
    fn b1_13_payloads_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Payload<Operation>>(text);
        assert!(matches!(read("{\"number\":7}"), Ok(Payload::Operation(o)) if o.number == 7));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/http");
        let text = std::fs::read_to_string(format!("{folder}/auth-login.json")).unwrap();
        let mut event: serde_json::Value = serde_json::from_str(&text).unwrap();
        event["body"] = "{\"number\":7}".into();
        event["number"] = 7.into();
        assert!(matches!(read(&event.to_string()), Ok(Payload::Http(_))));
        assert!(read("{\"other\":7}").is_err() && read("{}").is_err());
    }
}
