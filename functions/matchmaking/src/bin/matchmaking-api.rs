//! The HTTP function of the matchmaking group: wiring only.

use plenary_matchmaking::{App, api};
use shared::{aws::Aws, http::Core, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    run::start()?;
    let core = Core::from_env(&Aws::from_env()?)?;
    let app = App::new(core.table.clone())?;
    run::http(api(core).build(app)).await
}
