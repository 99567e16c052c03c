//! The queue of the platform group: wiring only.
#![recursion_limit = "256"]

use lambda_runtime::Error;
use plenary_platform::audit::{
    AuditStore,
    worker::{self, Command, Payload},
};
use serde_json::Value;
use shared::{aws::Aws, config::Env, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let table = env.required("AUDIT_TABLE");
    env.check()?;
    let store = AuditStore::new(aws.table(table));
    run::payloads(|payload: Payload| {
        let store = store.clone();
        async move { answer(&store, payload).await }
    })
    .await
}

async fn answer(store: &AuditStore, payload: Payload) -> Result<Value, Error> {
    match payload {
        Payload::Batch(batch) => Ok(serde_json::to_value(worker::handle(store, batch).await)?),
        Payload::Command(Command::Audit { chain, from }) => Ok(serde_json::to_value(
            worker::part(store, &chain, from).await?,
        )?),
    }
}
