//! The queue of the auth group and the commands of its operators: wiring only.
#![recursion_limit = "256"]

use std::time::Duration;

use lambda_runtime::Error;
use plenary_auth::{
    store::Store,
    worker::{Payload, Worker},
};
use serde_json::Value;
use shared::{aws::Aws, config::Env, cx::Context, run};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let (table, access) = (env.required("TABLE_NAME"), env.required("ACCESS_TABLE"));
    env.check()?;
    let worker = Worker {
        store: Store::new(aws.table(table), aws.table(access)),
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
        Payload::Command(command) => {
            let cx = Context::begin(PATIENCE);
            Ok(serde_json::to_value(worker.obey(&cx, command).await?)?)
        }
    }
}
