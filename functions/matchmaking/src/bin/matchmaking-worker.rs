//! The SQS function of the matchmaking group: wiring only.

use plenary_matchmaking::{App, worker};
use shared::{aws::Aws, config::Env, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    run::start()?;
    let mut env = Env::read();
    let table = env.required("TABLE_NAME");
    env.check()?;
    let app = App::new(Aws::from_env()?.table(table))?;
    let app = &app;
    run::worker(|batch| worker::handle(app, batch)).await
}
