//! The HTTP function of the platform group: wiring only.

use lambda_runtime::Error;
use plenary_platform::app::{App, Deployment};
use plenary_platform::audit::AuditStore;
use plenary_platform::health::Monitor;
use plenary_platform::health::probe::{Probes, resources};
use plenary_platform::operations::OperationStore;
use shared::aws::Aws;
use shared::config::Env;
use shared::http::Core;
use shared::{client_config, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run::start()?;
    let aws = Aws::from_env()?;
    let core = Core::from_env(&aws)?;
    let mut env = Env::read();
    let deployment = Deployment {
        stage: env.required("STAGE"),
        version: env.required("VERSION"),
        public_url: core.config.public_url.clone(),
    };
    let access_table = env.required("ACCESS_TABLE");
    let audit_table = env.required("AUDIT_TABLE");
    let tables = env.required("GROUP_TABLES");
    let queues = env.optional("GROUP_QUEUES").unwrap_or_default();
    env.check()?;
    let probes = Probes {
        dynamodb: aws.dynamodb(),
        sqs: aws_sdk_sqs::Client::from_conf(client_config!(aws_sdk_sqs, &aws).build()),
        access_table,
        groups: resources(&tables, &queues)?,
    };
    let monitor = Monitor::new(probes, aws.clock.clone());
    let audit = AuditStore::new(aws.table(audit_table));
    let operations = OperationStore::new(core.table.clone());
    let app = App::new(monitor, audit, operations, aws.clock.clone(), deployment);
    run::http(plenary_platform::router(core, app)).await
}
