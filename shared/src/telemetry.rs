//! Logs as JSON lines and metrics in CloudWatch's embedded metric format: a
//! line that is both costs once.
//!
//! Never logged: bodies, tokens, addresses.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

const NAMESPACE: &str = "Plenary";

static DOMAIN: OnceLock<String> = OnceLock::new();

/// Starts logging for the group `domain`.
pub fn init(domain: &str, level: &str) {
    let _ = DOMAIN.set(domain.to_owned());
    // `Targets`, not `EnvFilter`: the same directives without a regex engine.
    let filter: Targets = format!("{level},hyper=warn,aws_smithy_runtime=warn")
        .parse()
        .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false)
        .with_filter(filter);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

fn domain() -> Option<&'static str> {
    DOMAIN.get().map(String::as_str)
}

/// A metric: its name, its unit in CloudWatch's terms, its value.
pub type Metric<'a> = (&'a str, &'a str, f64);

/// Writes one line that CloudWatch Logs shows and CloudWatch counts. Does
/// nothing before [`init`], so that tests stay quiet.
pub fn emit(metrics: &[Metric<'_>], fields: Value) {
    let Some(domain) = domain() else { return };
    let mut line = embedded(domain, metrics, fields).to_string();
    line.push('\n');
    // A log that cannot be written is no reason to fail a request.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// The line in CloudWatch's embedded metric format (its specification, "EMF
/// schema").
fn embedded(domain: &str, metrics: &[Metric<'_>], mut fields: Value) -> Value {
    let Some(map) = fields.as_object_mut() else {
        return fields;
    };
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| match *unit {
            "Count" => json!({"Name": name}),
            unit => json!({"Name": name, "Unit": unit}),
        })
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
    fields
}

fn millis(duration: Duration) -> f64 {
    // To the microsecond.
    (duration.as_secs_f64() * 1e6).round() / 1e3
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

impl Access<'_> {
    /// What happened counts one; what did not is left out, for a log is paid by
    /// the byte, and CloudWatch fills with `FILL(m, 0)`.
    fn metrics(&self) -> Vec<Metric<'static>> {
        let mut metrics = vec![
            ("Requests", "Count", 1.0),
            ("Latency", "Milliseconds", millis(self.took)),
        ];
        for (name, happened) in [
            ("Errors", self.status >= 500),
            ("Timeouts", self.status == 504),
            ("Retries", self.replayed),
        ] {
            if happened {
                metrics.push((name, "Count", 1.0));
            }
        }
        metrics
    }

    fn fields(&self) -> Value {
        let mut fields = json!({
            "level": if self.status >= 500 { "ERROR" } else { "INFO" },
            "message": "request",
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "correlationId": self.correlation_id,
            "requestId": self.request_id,
        });
        // A trace of our own has the correlation id.
        let own = self
            .traceparent
            .contains(&self.correlation_id.replace('-', ""));
        let traceparent = (!own).then_some(self.traceparent);
        for (name, value) in [
            ("traceparent", traceparent),
            ("actor", self.actor),
            ("problem", self.problem),
        ] {
            if let Some(value) = value {
                fields[name] = value.into();
            }
        }
        fields
    }
}

/// The line of a request: `Requests` gives the request rate, `Errors` over it
/// the error rate and the availability, `Latency` the percentiles, `Retries`
/// and `Timeouts` their rates.
pub fn access(access: &Access<'_>) {
    emit(&access.metrics(), access.fields());
}

/// The line of a worker's batch: `Messages`, `MessagesFailed`, `BatchTime`.
/// How long a queue is, and how old, is SQS's own metric.
pub fn batch(messages: usize, failed: usize, took: Duration) {
    emit(
        &batch_metrics(messages, failed, took),
        json!({"level": "INFO", "message": "batch"}),
    );
}

#[allow(clippy::cast_precision_loss)] // a batch is no larger than 10,000
fn batch_metrics(messages: usize, failed: usize, took: Duration) -> [Metric<'static>; 3] {
    [
        ("Messages", "Count", messages as f64),
        ("MessagesFailed", "Count", failed as f64),
        ("BatchTime", "Milliseconds", millis(took)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &Value) -> Vec<&str> {
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn ob_07_a_request_counts_by_the_documented_names() {
        let access = Access {
            method: "GET",
            route: "/v1/events/{id}",
            status: 504,
            took: Duration::from_micros(1_500),
            correlation_id: "c",
            request_id: "r",
            traceparent: "t",
            actor: None,
            problem: Some("timeout"),
            replayed: true,
        };
        let line = embedded("events", &access.metrics(), access.fields());
        let expected = ["Requests", "Latency", "Errors", "Timeouts", "Retries"];
        assert_eq!(names(&line), expected);
        assert_eq!(
            (&line["Errors"], &line["Timeouts"]),
            (&json!(1.0), &json!(1.0))
        );
        assert_eq!(
            (&line["Retries"], &line["Latency"]),
            (&json!(1.0), &json!(1.5))
        );
        assert_eq!(
            (&line["problem"], &line["actor"]),
            (&json!("timeout"), &Value::Null)
        );
        let fine = Access {
            status: 200,
            replayed: false,
            problem: None,
            ..access
        };
        let line = embedded("events", &fine.metrics(), fine.fields());
        assert_eq!(names(&line), ["Requests", "Latency"]);
        assert_eq!(line["domain"], "events");
        let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(dimensions, &json!([["domain"]]));
        assert!(line["_aws"]["Timestamp"].is_i64());
    }

    #[test]
    fn ob_09_a_batch_counts_its_messages_and_its_time() {
        let metrics = batch_metrics(10, 1, Duration::from_millis(20));
        let line = embedded("events", &metrics, json!({}));
        assert_eq!(names(&line), ["Messages", "MessagesFailed", "BatchTime"]);
        assert_eq!(
            (&line["MessagesFailed"], &line["BatchTime"]),
            (&json!(1.0), &json!(20.0))
        );
    }
}
