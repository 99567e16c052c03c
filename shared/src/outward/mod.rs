//! HTTP calls to providers outside AWS: with a deadline, retries and a circuit
//! breaker (GW-13, GW-14, GW-21).
//!
//! It is the TLS stack of the AWS clients with the system's root certificates.
//! Nothing is loaded before the first call: most cold starts make none.

mod call;

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use http::header::RETRY_AFTER;
use http_body_util::{BodyExt, Limited};

pub use call::{Answer, Call, is_secure};

use crate::breaker::{Breaker, Open};
use crate::cx::Context;
use crate::digest;
use crate::problem::{Problem, TIMEOUT, UNAVAILABLE};

/// The largest answer that is read.
const MAX_ANSWER: usize = 256 * 1024;
const CONNECT: Duration = Duration::from_secs(1);
/// For one attempt, the answer's body included.
const ATTEMPT: Duration = Duration::from_secs(2);
/// What is left of the request's time for what comes after the call.
const RESERVE: Duration = Duration::from_millis(500);
const ATTEMPTS: u32 = 3;
/// The first wait between attempts, at most; each next one is twice as long.
const BACKOFF_MS: u64 = 100;

/// Makes calls; one for a process, since it holds the connections.
#[derive(Debug, Default)]
pub struct Outward(OnceLock<SharedHttpConnector>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutwardError {
    /// The provider failed again and again; it is left alone for a while.
    #[error(transparent)]
    Open(#[from] Open),
    /// It could not be reached, or broke off, or answered with a 5xx or 429.
    #[error("the provider cannot be used: {reason}")]
    Failed {
        /// For the log.
        reason: String,
        /// Whether the provider cannot have seen the call.
        unsent: bool,
    },
    /// No answer within the time.
    #[error("the provider did not answer in time")]
    Timeout,
    /// Not https, and not on this machine.
    #[error("the URL is neither https nor on loopback")]
    Insecure,
}

impl From<OutwardError> for Problem {
    fn from(err: OutwardError) -> Self {
        let unavailable = |seconds: i64| {
            Self::new(&UNAVAILABLE)
                .detail("A provider outside does not answer as it should.")
                .header(RETRY_AFTER, &seconds.to_string())
        };
        match &err {
            OutwardError::Open(open) => unavailable(open.retry_after),
            OutwardError::Failed { .. } => unavailable(1),
            OutwardError::Timeout => Self::new(&TIMEOUT).header(RETRY_AFTER, "1"),
            OutwardError::Insecure => return Self::internal(err),
        }
        .caused_by(err)
    }
}

impl Outward {
    /// Makes a call within the request's time; `breaker` is the provider's.
    ///
    /// # Errors
    /// [`OutwardError`]; any status but 429 and 5xx is an answer.
    pub async fn call(
        &self,
        cx: &Context,
        breaker: &Breaker,
        call: &Call,
    ) -> Result<Answer, OutwardError> {
        let request = call.request()?;
        let permit = breaker.admit(cx).await?;
        let result = self.attempts(cx, call, request).await;
        match &result {
            Ok(_) => permit.succeeded(cx).await,
            Err(err) => {
                tracing::warn!(error = %err, outward.call = ?call, "a provider failed");
                permit.failed(cx).await;
            }
        }
        result
    }

    async fn attempts(
        &self,
        cx: &Context,
        call: &Call,
        first: HttpRequest,
    ) -> Result<Answer, OutwardError> {
        let mut request = first;
        for attempt in 1.. {
            let again = call.request()?;
            let time = ATTEMPT.min(cx.remaining().saturating_sub(RESERVE));
            let err = match self.attempt(request, time).await {
                Ok(answer) => return Ok(answer),
                Err(err) => err,
            };
            let repeatable =
                call.idempotent || matches!(&err, OutwardError::Failed { unsent: true, .. });
            let wait = jitter(BACKOFF_MS << attempt);
            let left = cx.remaining().saturating_sub(RESERVE + wait);
            if attempt >= ATTEMPTS || !repeatable || left.is_zero() {
                return Err(err);
            }
            tokio::time::sleep(wait).await;
            request = again;
        }
        Err(OutwardError::Timeout)
    }

    async fn attempt(&self, request: HttpRequest, time: Duration) -> Result<Answer, OutwardError> {
        let whole = async {
            let response = self.connector().call(request).await.map_err(|err| {
                let unsent = is_connect(&err);
                OutwardError::Failed {
                    reason: chain(&err),
                    unsent,
                }
            })?;
            read(response).await
        };
        tokio::time::timeout(time, whole)
            .await
            .unwrap_or(Err(OutwardError::Timeout))
    }

    fn connector(&self) -> &SharedHttpConnector {
        self.0.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT);
            let connector = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .connector_settings(settings.build())
                .sleep_impl(crate::aws::sleep())
                .build();
            SharedHttpConnector::new(connector)
        })
    }
}

async fn read(response: HttpResponse) -> Result<Answer, OutwardError> {
    let status = response.status().as_u16();
    let failed = |reason: String| OutwardError::Failed {
        reason,
        unsent: false,
    };
    if status == 429 || status >= 500 {
        return Err(failed(format!("status {status}")));
    }
    let body = Limited::new(response.into_body(), MAX_ANSWER);
    let body = body
        .collect()
        .await
        .map_err(|err| failed(err.to_string()))?;
    Ok(Answer {
        status,
        body: body.to_bytes().to_vec(),
    })
}

/// Whether no connection came about, so that nothing can have been sent.
fn is_connect(err: &(dyn Error + 'static)) -> bool {
    let mut next = Some(err);
    while let Some(err) = next {
        if let Some(err) = err.downcast_ref::<hyper_util::client::legacy::Error>() {
            return err.is_connect();
        }
        next = err.source();
    }
    false
}

fn chain(err: &(dyn Error + 'static)) -> String {
    let mut text = err.to_string();
    let mut next = err.source();
    while let Some(err) = next {
        text.push_str(": ");
        text.push_str(&err.to_string());
        next = err.source();
    }
    text
}

/// Between half of `most` and all of it.
fn jitter(most: u64) -> Duration {
    let random = digest::random::<2>().map_or(0, u16::from_be_bytes);
    Duration::from_millis(most / 2 + most / 2 * u64::from(random) / u64::from(u16::MAX))
}
