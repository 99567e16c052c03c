//! Clients for AWS, built by hand: loading configuration the usual way costs
//! milliseconds of every cold start that a function does not have.
//!
//! Lambda hands region and credentials to a function in its environment.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Region, SharedAsyncSleep, SharedHttpClient};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{ConfigError, Env};
use crate::table::Table;

/// The roots that AWS's endpoints chain up to: parsing six takes 0.2 ms, the
/// system's whole store 4. <https://www.amazontrust.com/repository/>
const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Everything that a client of any AWS service is made of; cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The region.
    pub region: Region,
    /// Another endpoint than AWS's own: the local cloud.
    pub endpoint: Option<String>,
    /// The function's credentials.
    pub credentials: Credentials,
    /// One connection pool for all services.
    pub http: SharedHttpClient,
    /// The clock.
    pub clock: Clock,
}

impl Aws {
    /// From the environment that Lambda gives.
    ///
    /// # Errors
    /// What is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut env = Env::read();
        let region = env.required("AWS_REGION");
        let (key, secret) = (
            env.required("AWS_ACCESS_KEY_ID"),
            env.required("AWS_SECRET_ACCESS_KEY"),
        );
        let token = env.optional("AWS_SESSION_TOKEN");
        let endpoint = env.optional("AWS_ENDPOINT_URL");
        env.check()?;
        let credentials = Credentials::new(key, secret, token, None, "lambda");
        Ok(Self::new(region, endpoint, credentials))
    }

    /// From given parts.
    pub fn new(region: String, endpoint: Option<String>, credentials: Credentials) -> Self {
        Self {
            region: Region::new(region),
            endpoint,
            credentials,
            http: http_client(),
            clock: Clock::system(),
        }
    }

    /// With nothing behind it: for describing routes and for tests.
    pub fn detached() -> Self {
        let credentials = Credentials::new("none", "none", None, None, "none");
        Self::new(
            "none".to_owned(),
            Some("http://127.0.0.1:9".to_owned()),
            credentials,
        )
    }

    /// The credentials as the SDK wants them.
    pub fn credentials_provider(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self.credentials.clone())
    }

    /// A DynamoDB client. It retries passing trouble twice by itself; the
    /// commit knows more and does the rest.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = crate::client_config!(aws_sdk_dynamodb, self);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A table.
    pub fn table(&self, name: impl Into<String>) -> Table {
        Table::new(self.dynamodb(), name, self.clock.clone())
    }
}

/// A service's configuration builder from an [`Aws`]: region, endpoint,
/// credentials, connection pool, retries and time-outs.
///
/// ```ignore
/// let client = aws_sdk_sns::Client::from_conf(shared::client_config!(aws_sdk_sns, &aws).build());
/// ```
#[macro_export]
macro_rules! client_config {
    ($sdk:ident, $aws:expr) => {{
        let aws = $aws;
        let mut config = $sdk::config::Builder::new()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region(aws.region.clone())
            .credentials_provider(aws.credentials_provider())
            .http_client(aws.http.clone())
            .sleep_impl($crate::aws::sleep())
            .retry_config($crate::aws::retries())
            .timeout_config($crate::aws::timeouts());
        if let Some(endpoint) = &aws.endpoint {
            config = config.endpoint_url(endpoint);
        }
        config
    }};
}

/// Two retries with short waits.
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(400))
}

/// A connection within a second, an answer within three.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .build()
}

/// Tokio's sleep.
pub fn sleep() -> SharedAsyncSleep {
    SharedAsyncSleep::new(TokioSleep::new())
}

fn http_client() -> SharedHttpClient {
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(ROOTS))
        .build();
    let builder = aws_smithy_http_client::Builder::new();
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    match context {
        Ok(context) => builder.tls_context(context).build_https(),
        // The pinned file is malformed: the system's roots still work.
        Err(_) => builder.build_https(),
    }
}
