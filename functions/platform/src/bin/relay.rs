//! The function that publishes what was committed: wiring only.

use std::time::{Duration, Instant};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use plenary_platform::relay::dead::DeadLetters;
use plenary_platform::relay::failures::Failures;
use plenary_platform::relay::span::Outbox;
use plenary_platform::relay::topic::Topic;
use plenary_platform::relay::{Relay, Request};
use shared::aws::Aws;
use shared::config::Env;
use shared::{client_config, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let mut env = Env::read();
    let topic = env.required("TOPIC_ARN");
    let tables = env.required("OUTBOX_TABLES");
    let dead_letters = env.required("RELAY_DLQ_URL");
    let failures = env.required("RELAY_FAILURES_URL");
    env.check()?;
    let tables = tables
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    let sns = aws_sdk_sns::Client::from_conf(client_config!(aws_sdk_sns, &aws).build());
    let sqs = aws_sdk_sqs::Client::from_conf(client_config!(aws_sdk_sqs, &aws).build());
    let relay = &Relay {
        topic: Topic::new(sns, topic),
        dead_letters: DeadLetters::new(sqs.clone(), dead_letters),
        failures: Failures::new(sqs, failures),
        outbox: Outbox::new(aws.dynamodb(), tables),
        clock: aws.clock.clone(),
    };
    let clock = &aws.clock;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Request>| async move {
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        let left = Duration::from_millis(event.context.deadline.saturating_sub(now));
        let deadline = Instant::now() + left;
        Ok::<_, Error>(relay.handle(event.payload, deadline).await?)
    }))
    .await
}
