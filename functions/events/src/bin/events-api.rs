//! The HTTP side of the events group.

use std::sync::Arc;

use lambda_runtime::Error;
use plenary_events::{App, api};
use shared::aws::Aws;
use shared::config::Env;
use shared::http::Core;
use shared::sealer::Kms;
use shared::{rotation, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let mut env = Env::read();
    let key_id = env.required("DATA_KEY_ID");
    env.check()?;
    let aws = Aws::from_env()?;
    let core = Core::from_env(&aws)?;
    let kms = aws_sdk_kms::Client::from_conf(shared::client_config!(aws_sdk_kms, &aws).build());
    let app = App::new(&core, Arc::new(Kms::new(kms, key_id)));
    let keyring = &app.keyring.clone();
    let router = api(core).build(app);
    run::http_or(router, |operation| rotation::operate(keyring, operation)).await
}
