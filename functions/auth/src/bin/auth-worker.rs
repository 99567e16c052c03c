//! The queue of the auth group and the commands of its operators: wiring only.
#![recursion_limit = "256"]

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use lambda_runtime::Error;
use plenary_auth::{
    store::Store,
    worker::{Payload, Sweep, Worker},
};
use serde_json::{Value, json};
use shared::{aws::Aws, config::Env, cx::Context, objects::Bucket, run};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let (table, access) = (env.required("TABLE_NAME"), env.required("ACCESS_TABLE"));
    let exports = env.required("EXPORT_BUCKET");
    let days = env.or("DELETED_EMAIL_HOLD_DAYS", 30_u16);
    env.check()?;
    let worker = Worker {
        store: Store::new(aws.table(table), aws.table(access)),
        exports: Arc::new(Bucket::new(&aws, exports)),
        hold: SignedDuration::from_hours(i64::from(days) * 24),
    };
    run::payloads(|payload: Payload| {
        let worker = worker.clone();
        async move { answer(&worker, payload).await }
    })
    .await
}

async fn answer(worker: &Worker, payload: Payload) -> Result<Value, Error> {
    match payload {
        Payload::Batch(batch) => Ok(serde_json::to_value(worker.handle(batch).await)?),
        Payload::Sweep {
            sweep: Sweep::Deletions,
        } => {
            let cx = Context::begin(PATIENCE);
            let given_up = worker.sweep(&cx).await?;
            Ok(json!({"givenUp": given_up}))
        }
        Payload::Command(command) => {
            let cx = Context::begin(PATIENCE);
            Ok(serde_json::to_value(worker.obey(&cx, command).await?)?)
        }
    }
}
