//! The HTTP side of the media group.

use lambda_runtime::Error;
use plenary_media::{App, api};
use shared::aws::Aws;
use shared::config::Env;
use shared::http::Core;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let bucket = env.required("MEDIA_BUCKET");
    env.check()?;
    let core = Core::from_env(&aws)?;
    let app = App::new(&core, &aws, &bucket);
    shared::run::http(api(core).build(app)).await
}
