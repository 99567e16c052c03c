//! The queue of the media group: arrived uploads, deleted media.
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
    let (table, bucket) = (env.required("TABLE_NAME"), env.required("MEDIA_BUCKET"));
    env.check()?;
    let processor = Processor::new(Store::new(aws.table(table)), Bucket::new(&aws, bucket));
    let processor = &processor;
    shared::run::worker(|batch| processor.handle(batch)).await
}
