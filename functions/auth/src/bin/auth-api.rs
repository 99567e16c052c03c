//! The HTTP function of the auth group: wiring only.

use std::sync::Arc;

use plenary_auth::{App, Settings, api, sealer::Kms};
use shared::{aws::Aws, config::Env, http::Core, objects::Bucket, rotation, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    run::start()?;
    let mut env = Env::read();
    let key_id = env.required("DATA_KEY_ID");
    let exports = env.required("EXPORT_BUCKET");
    let settings = Settings::read(&mut env);
    env.check()?;
    let aws = Aws::from_env()?;
    let core = Core::from_env(&aws)?;
    let kms = aws_sdk_kms::Client::from_conf(shared::client_config!(aws_sdk_kms, &aws).build());
    let sealer = Arc::new(Kms::new(kms, key_id));
    let exports = Bucket::new(&aws, exports);
    let (table, access) = (core.table.clone(), core.access.clone());
    let app = App::new(table, access, sealer, exports, settings);
    let keyring = &app.keyring.clone();
    let router = api(core).build(app);
    run::http_or(router, |operation| rotation::operate(&**keyring, operation)).await
}
