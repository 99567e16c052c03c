//! The Lambda function behind `/v1/notifications`.

use shared::aws::Aws;
use shared::http::Core;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::run::start()?;
    let core = Core::from_env(&Aws::from_env()?)?;
    let (router, _) = plenary_notifications::router(core);
    shared::run::http(router).await
}
