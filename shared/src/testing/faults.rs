use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::TestDb;
use crate::aws::Aws;
use crate::table::Table;

/// What befalls a call on its way.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// It arrives and is done, and the answer is lost.
    LoseAnswer,
    /// It arrives and is done, and the answer is this.
    ReplaceAnswer(u16, Value),
    /// It never arrives; the answer is this.
    Answer(u16, Value),
    /// It never arrives, and no answer comes.
    Hang,
}

impl Fault {
    /// An error answer of the service.
    pub fn error(status: u16, code: &str) -> Self {
        Self::Answer(
            status,
            json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": code }),
        )
    }

    /// A cancelled transaction with these reasons.
    pub fn cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<Value> = codes
            .iter()
            .map(|code| json!({"Code": code, "Message": code}))
            .collect();
        Self::Answer(
            400,
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": reasons,
            }),
        )
    }
}

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Call {
    /// `PutItem`, `TransactWriteItems`, …
    pub operation: String,
    /// Its JSON body.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Script {
    faults: VecDeque<Fault>,
    always: Option<Fault>,
    calls: Vec<Call>,
}

/// Stands between the SDK and a [`TestDb`]: plays a script of faults, one per
/// call, and remembers the calls.
#[derive(Debug, Clone)]
pub struct Faults {
    inner: SharedHttpClient,
    script: Arc<Mutex<Script>>,
    db: TestDb,
}

impl Faults {
    /// No faults yet.
    pub fn before(db: &TestDb) -> Self {
        Self {
            inner: aws_smithy_http_client::Builder::new().build_http(),
            script: Arc::default(),
            db: db.clone(),
        }
    }

    /// What befalls the next calls; those after them pass.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap().faults.extend(faults);
    }

    /// What befalls every call from now on, or nothing more.
    pub fn always(&self, fault: Option<Fault>) {
        self.script.lock().unwrap().always = fault;
    }

    /// The calls since the last time, in order.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.script.lock().unwrap().calls)
    }

    /// The same table, reached through the faults, as functions reach theirs:
    /// with the SDK's own retries and time-outs.
    pub fn table(&self, table: &Table) -> Table {
        let aws = self.aws();
        Table::new(aws.dynamodb(), table.name(), table.clock().clone())
    }

    /// The same table, without the SDK's own retries: a call is a call.
    pub fn bare_table(&self, table: &Table) -> Table {
        let aws = self.aws();
        let config = crate::client_config!(aws_sdk_dynamodb, &aws);
        let config = config.retry_config(RetryConfig::disabled()).build();
        Table::new(
            Client::from_conf(config),
            table.name(),
            table.clock().clone(),
        )
    }

    fn aws(&self) -> Aws {
        let credentials =
            aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let endpoint = Some(self.db.endpoint().to_owned());
        let mut aws = Aws::new("eu-central-1".to_owned(), endpoint, credentials);
        aws.http = SharedHttpClient::new(self.clone());
        aws
    }

    fn note(&self, request: &HttpRequest) -> Fault {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let bytes = request.body().bytes().unwrap_or_default();
        let call = Call {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(bytes).unwrap_or_default(),
        };
        let mut script = self.script.lock().unwrap();
        script.calls.push(call);
        let next = script.faults.pop_front();
        next.or_else(|| script.always.clone())
            .unwrap_or(Fault::Pass)
    }
}

impl HttpClient for Faults {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            inner: self.inner.http_connector(settings, components),
            faults: self.clone(),
        })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.faults.note(&request);
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            match fault {
                Fault::Pass => inner.call(request).await,
                Fault::LoseAnswer => {
                    inner.call(request).await?;
                    Err(ConnectorError::io("the answer was lost".into()))
                }
                Fault::ReplaceAnswer(status, body) => {
                    inner.call(request).await?;
                    Ok(answer(status, &body))
                }
                Fault::Answer(status, body) => Ok(answer(status, &body)),
                Fault::Hang => std::future::pending().await,
            }
        })
    }
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))
}
