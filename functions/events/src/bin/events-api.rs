//! The HTTP side of the events group.

use lambda_runtime::Error;
use shared::aws::Aws;
use shared::http::Core;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::run::start()?;
    let aws = Aws::from_env()?;
    let (router, _) = plenary_events::api(Core::from_env(&aws)?);
    shared::run::http(router).await
}
