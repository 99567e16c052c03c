//! The SQS function of the matchmaking group: wiring only.

use plenary_matchmaking::{App, worker};
use shared::objects::Bucket;
use shared::{aws::Aws, config::Env, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    run::start()?;
    let mut env = Env::read();
    let (table, exports) = (env.required("TABLE_NAME"), env.required("EXPORT_BUCKET"));
    env.check()?;
    let aws = Aws::from_env()?;
    let (app, exports) = (&App::new(aws.table(table))?, &Bucket::new(&aws, exports));
    run::worker(|batch| worker::handle(app, exports, batch)).await
}
