//! Logs as JSON lines and metrics in CloudWatch's embedded metric format: a
//! line that is both costs once.
//!
//! Never logged: bodies, tokens, addresses.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

const NAMESPACE: &str = "Plenary";

static DOMAIN: OnceLock<String> = OnceLock::new();

/// Starts logging for the group `domain`.
pub fn init(domain: &str, level: &str) {
    let _ = DOMAIN.set(domain.to_owned());
    let filter = EnvFilter::try_new(format!("{level},hyper=warn,aws_smithy_runtime=warn"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_ansi(false)
        .try_init();
}

fn domain() -> Option<&'static str> {
    DOMAIN.get().map(String::as_str)
}

/// A metric: its name, its unit in CloudWatch's terms, its value.
pub type Metric<'a> = (&'a str, &'a str, f64);

/// Writes one line that CloudWatch Logs shows and CloudWatch counts. Does
/// nothing before [`init`], so that tests stay quiet.
pub fn emit(metrics: &[Metric<'_>], mut fields: Value) {
    let (Some(domain), Some(map)) = (domain(), fields.as_object_mut()) else {
        return;
    };
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let now = crate::clock::Clock::system().now();
    map.insert("domain".into(), domain.into());
    map.insert("timestamp".into(), now.to_string().into());
    for (name, _, value) in metrics {
        map.insert((*name).to_owned(), json!(value));
    }
    map.insert(
        "_aws".into(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE, "Dimensions": [["domain"]], "Metrics": definitions,
            }],
        }),
    );
    let mut line = fields.to_string();
    line.push('\n');
    // A log that cannot be written is no reason to fail a request.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What is known of a request when it is over.
#[derive(Debug)]
pub struct Access<'a> {
    /// The method.
    pub method: &'a str,
    /// The route's template, not the path: ids stay out.
    pub route: &'a str,
    /// The answer's status.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// The correlation id.
    pub correlation_id: &'a str,
    /// The request's own id.
    pub request_id: &'a str,
    /// W3C Trace Context.
    pub traceparent: &'a str,
    /// The caller, if known.
    pub actor: Option<&'a str>,
    /// The slug of the problem, if one was answered.
    pub problem: Option<&'a str>,
    /// Whether it was a repetition that found its stored reply.
    pub replayed: bool,
}

/// The line of a request: `Requests` gives the request rate, `Errors` over it
/// the error rate and the availability, `Latency` the percentiles, `Retries`
/// and `Timeouts` their rates.
pub fn access(access: &Access<'_>) {
    let flag = |on: bool| f64::from(u8::from(on));
    emit(
        &[
            ("Requests", "Count", 1.0),
            ("Errors", "Count", flag(access.status >= 500)),
            ("Timeouts", "Count", flag(access.status == 504)),
            ("Retries", "Count", flag(access.replayed)),
            ("Latency", "Milliseconds", millis(access.took)),
        ],
        json!({
            "level": if access.status >= 500 { "ERROR" } else { "INFO" },
            "message": "request",
            "method": access.method,
            "route": access.route,
            "status": access.status,
            "correlationId": access.correlation_id,
            "requestId": access.request_id,
            "traceparent": access.traceparent,
            "actor": access.actor,
            "problem": access.problem,
        }),
    );
}

/// The line of a worker's batch.
pub fn batch(messages: usize, failed: usize, took: Duration) {
    #[allow(clippy::cast_precision_loss)]
    let count = |n: usize| n as f64;
    emit(
        &[
            ("Messages", "Count", count(messages)),
            ("MessagesFailed", "Count", count(failed)),
            ("BatchTime", "Milliseconds", millis(took)),
        ],
        json!({"level": "INFO", "message": "batch"}),
    );
}
