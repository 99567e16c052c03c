//! The Lambda function behind `/v1/notifications`.

use plenary_notifications::{App, api};
use shared::aws::Aws;
use shared::http::Core;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::run::start()?;
    let core = Core::from_env(&Aws::from_env()?)?;
    let app = App::new(core.table.clone());
    shared::run::http(api(core).build(app)).await
}
