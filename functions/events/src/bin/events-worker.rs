//! The queue and the schedule of the events group.
#![recursion_limit = "256"]

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::Error;
use plenary_events::{store::Store, worker};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::config::Env;
use shared::cx::Context;
use shared::objects::Bucket;

/// What wakes the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Payload {
    Sweep { sweep: Sweep },
    Batch(SqsEvent),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sweep {
    Completions,
    Offers,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let (table, exports) = (env.required("TABLE_NAME"), env.required("EXPORT_BUCKET"));
    env.check()?;
    let store = &Store::new(aws.table(table));
    let exports = &Bucket::new(&aws, exports);
    shared::run::payloads(|payload: Payload| answer(store, exports, payload)).await
}

async fn answer(store: &Store, exports: &Bucket, payload: Payload) -> Result<Value, Error> {
    match payload {
        Payload::Batch(batch) => Ok(serde_json::to_value(
            worker::handle(store, exports, batch).await,
        )?),
        Payload::Sweep {
            sweep: Sweep::Completions,
        } => {
            // Below the function's time-out; what is left waits for the next run.
            let cx = Context::begin(Duration::from_secs(25));
            let completed = worker::complete_past(store, &cx).await?;
            let told = worker::tell_due(store, &cx).await?;
            Ok(json!({"completed": completed, "told": told}))
        }
        Payload::Sweep {
            sweep: Sweep::Offers,
        } => {
            let cx = Context::begin(Duration::from_secs(25));
            let ended = worker::end_offers(store, &cx).await?;
            let jobs = worker::go_on(store, &cx).await?;
            Ok(json!({"ended": ended, "jobs": jobs}))
        }
    }
}
