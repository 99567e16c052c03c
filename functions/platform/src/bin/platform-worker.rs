//! The queue of the platform group: wiring only.
#![recursion_limit = "256"]

use lambda_runtime::Error;
use plenary_platform::audit::AuditStore;
use plenary_platform::operations::{Ledger, OperationStore};
use plenary_platform::worker::{Payload, Worker};
use shared::objects::Bucket;
use shared::{aws::Aws, config::Env, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let names = ["AUDIT_TABLE", "TABLE_NAME", "EXPORT_BUCKET"].map(|name| env.required(name));
    env.check()?;
    let [audit, table, exports] = names;
    let store = OperationStore::new(aws.table(table));
    let worker = &Worker {
        audit: AuditStore::new(aws.table(audit)),
        ledger: Ledger::new(store, Bucket::new(&aws, exports)),
    };
    run::payloads(|payload: Payload| worker.answer(payload)).await
}
