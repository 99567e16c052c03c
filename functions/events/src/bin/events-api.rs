//! The HTTP side of the events group.

use lambda_runtime::Error;
use plenary_events::{App, api};
use shared::aws::Aws;
use shared::http::Core;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::run::start()?;
    let aws = Aws::from_env()?;
    let core = Core::from_env(&aws)?;
    let app = App::new(&core);
    shared::run::http(api(core).build(app)).await
}
