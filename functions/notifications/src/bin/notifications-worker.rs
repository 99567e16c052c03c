//! The Lambda function that turns events into notifications. It takes batches
//! of its queue, and `{"sweep":"mails"}` from a schedule, which sends the
//! e-mails that waited for the end of quiet hours or for a digest.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sesv2::config::retry::RetryConfig;
use plenary_notifications::Worker;
use plenary_notifications::outgoing::{Kms, Ses};
use plenary_notifications::postman::Postman;
use plenary_notifications::store::Store;
use plenary_notifications::templates::Links;
use plenary_notifications::worker::{Trigger, run};
use shared::aws::Aws;
use shared::client_config;
use shared::config::{ConfigError, Env};
use shared::objects::Bucket;

/// Bounds the handling of one event.
const TIMEOUT: Duration = Duration::from_secs(12);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::run::start()?;
    let worker = worker(&Aws::from_env()?)?;
    let worker = &worker;
    shared::run::payloads(|trigger: Trigger| Box::pin(run(worker, trigger, TIMEOUT))).await
}

fn worker(aws: &Aws) -> Result<Worker<Ses, Kms>, ConfigError> {
    let mut env = Env::read();
    let names = [
        "TABLE_NAME",
        "PUBLIC_URL",
        "MAIL_FROM",
        "DATA_KEY_ID",
        "EXPORT_BUCKET",
    ];
    let [table, public_url, from, key, exports] = names.map(|name| env.required(name));
    let app_url = env.optional("APP_URL");
    env.check()?;
    // Sending is not idempotent: an attempt that timed out may have been
    // accepted, so that the queue, not the SDK, decides on another.
    let ses = client_config!(aws_sdk_sesv2, aws).retry_config(RetryConfig::disabled());
    let ses = aws_sdk_sesv2::Client::from_conf(ses.build());
    let kms = aws_sdk_kms::Client::from_conf(client_config!(aws_sdk_kms, aws).build());
    let store = Store::new(aws.table(table));
    let links = Links::below(&public_url).in_app(app_url.as_deref());
    let postman = Postman::new(
        store.clone(),
        Ses::new(ses, from),
        Kms::new(kms, key),
        links,
    );
    let exports = Arc::new(Bucket::new(aws, exports));
    Ok(Worker::new(store, aws.clock.clone(), postman, exports))
}
