//! The queue of the media group: arrived uploads, deleted media, and what people
//! may ask of all that is kept of them.
#![recursion_limit = "256"]

use lambda_runtime::Error;
use plenary_media::processor::Processor;
use plenary_media::store::Store;
use shared::aws::Aws;
use shared::config::Env;
use shared::objects::Bucket;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let names = ["TABLE_NAME", "MEDIA_BUCKET", "EXPORT_BUCKET"].map(|name| env.required(name));
    env.check()?;
    let [table, media, exports] = names;
    let [media, exports] = [media, exports].map(|name| Bucket::new(&aws, name));
    let processor = Processor::new(Store::new(aws.table(table)), media, exports);
    let processor = &processor;
    shared::run::worker(|batch| processor.handle(batch)).await
}
