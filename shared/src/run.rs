//! Starting a function: what every `main` ends with.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{ConfigError, Env};
use crate::telemetry;

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
        Ok::<_, Error>(handle(event.payload).await)
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
        handle(event.payload).await
    }))
    .await
}
