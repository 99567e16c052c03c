//! The price list: what AWS charges in us-east-1, without any free tier.
//!
//! Change a price here and nowhere else; the report prints the list beside
//! every figure that was computed from it.

/// The state of the public price pages that the constants below follow.
pub const AS_OF: &str =
    "us-east-1, on demand, first tier, no free tier, as published in November 2025";

/// API Gateway HTTP API, per million requests of up to 512 KB.
pub const HTTP_API_PER_MILLION: f64 = 1.00;
/// Bytes that one HTTP API request may carry before it counts twice.
pub const HTTP_API_UNIT_BYTES: usize = 512 * 1024;
/// Lambda, per million invocations.
pub const LAMBDA_PER_MILLION: f64 = 0.20;
/// Lambda on arm64, per GB-second.
pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// DynamoDB on demand, per million write request units.
pub const DYNAMODB_WRITE_PER_MILLION: f64 = 0.625;
/// DynamoDB on demand, per million read request units.
pub const DYNAMODB_READ_PER_MILLION: f64 = 0.125;
/// SNS standard topic, per million publishes of up to 64 KB. Deliveries to SQS
/// are free, and Lambda reads DynamoDB streams for nothing.
pub const SNS_PER_MILLION: f64 = 0.50;
/// SQS standard queue, per million requests of up to 64 KB.
pub const SQS_PER_MILLION: f64 = 0.40;
/// Bytes that one SNS or SQS request may carry before it counts twice.
pub const MESSAGE_UNIT_BYTES: usize = 64 * 1024;
/// CloudWatch Logs ingestion, per GB.
pub const LOGS_PER_GB: f64 = 0.50;
/// X-Ray, per million traces recorded.
pub const XRAY_PER_MILLION: f64 = 5.00;
/// Share of invocations that X-Ray's default rule records.
pub const XRAY_SAMPLED: f64 = 0.05;
/// KMS, per million requests.
pub const KMS_PER_MILLION: f64 = 3.00;
/// SES, per million mails.
pub const SES_PER_MILLION: f64 = 100.00;
/// S3 standard, per million PUT, POST, COPY or LIST requests.
pub const S3_PUT_PER_MILLION: f64 = 5.00;
/// S3 standard, per million GET or HEAD requests.
pub const S3_GET_PER_MILLION: f64 = 0.40;

/// A customer managed KMS key, per month.
pub const KMS_KEY_MONTH: f64 = 1.00;
/// One metric of a standard-resolution alarm, per month.
pub const ALARM_METRIC_MONTH: f64 = 0.10;
/// One metric of a high-resolution alarm (period below 60 s), per month.
pub const ALARM_METRIC_HIGH_MONTH: f64 = 0.30;
/// A composite alarm, per month.
pub const ALARM_COMPOSITE_MONTH: f64 = 0.50;
/// A CloudWatch dashboard, per month.
pub const DASHBOARD_MONTH: f64 = 3.00;
/// A Secrets Manager secret, per month.
pub const SECRET_MONTH: f64 = 0.40;
/// `EventBridge` Scheduler, per million invocations. (Rules with a schedule are
/// free; charging both alike keeps the figure on the safe side.)
pub const SCHEDULER_PER_MILLION: f64 = 1.00;
/// Hours in a month, as AWS reckons them.
pub const MONTH_HOURS: f64 = 730.0;
/// Receive calls per hour that Lambda makes on a queue without messages: five
/// pollers, each with a long poll of 20 s.
pub const IDLE_POLLS_PER_HOUR: f64 = 5.0 * 3600.0 / 20.0;

/// Memory at which a Lambda function has one whole processor.
pub const MEMORY_OF_ONE_CPU_MB: f64 = 1769.0;

/// What one call to a service takes within the region, in ms. Loopback hides
/// it, and a function is billed while it waits.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// DynamoDB get, query or single write.
    pub dynamodb: f64,
    /// DynamoDB transaction.
    pub transaction: f64,
    /// SNS, SQS or KMS call.
    pub message: f64,
    /// S3 request.
    pub s3: f64,
    /// SES request.
    pub mail: f64,
}

/// The waits that the report reckons with.
pub const WAITS: Waits = Waits {
    dynamodb: 4.0,
    transaction: 12.0,
    message: 15.0,
    s3: 30.0,
    mail: 60.0,
};

/// The price list as rows of a table: what, unit, US$.
pub fn list() -> Vec<[String; 3]> {
    let row =
        |what: &str, unit: &str, price: f64| [what.to_owned(), unit.to_owned(), trimmed(price)];
    vec![
        row(
            "API Gateway HTTP API",
            "million requests",
            HTTP_API_PER_MILLION,
        ),
        row("Lambda", "million invocations", LAMBDA_PER_MILLION),
        row("Lambda arm64", "million GB-s", LAMBDA_GB_SECOND * 1e6),
        row(
            "DynamoDB on demand",
            "million write units",
            DYNAMODB_WRITE_PER_MILLION,
        ),
        row(
            "DynamoDB on demand",
            "million read units",
            DYNAMODB_READ_PER_MILLION,
        ),
        row("DynamoDB streams read by Lambda", "million reads", 0.0),
        row("SNS publish", "million × 64 KB", SNS_PER_MILLION),
        row("SNS delivery to SQS", "million", 0.0),
        row("SQS", "million requests × 64 KB", SQS_PER_MILLION),
        row("CloudWatch Logs ingestion", "GB", LOGS_PER_GB),
        row(
            "X-Ray, 5 % of invocations recorded if Tracing is Active",
            "million traces",
            XRAY_PER_MILLION,
        ),
        row("KMS", "million requests", KMS_PER_MILLION),
        row("SES (listed apart)", "million mails", SES_PER_MILLION),
        row("S3 PUT", "million", S3_PUT_PER_MILLION),
        row("S3 GET", "million", S3_GET_PER_MILLION),
        row("KMS key", "month", KMS_KEY_MONTH),
        row("CloudWatch alarm", "metric and month", ALARM_METRIC_MONTH),
        row("CloudWatch composite alarm", "month", ALARM_COMPOSITE_MONTH),
        row("CloudWatch dashboard", "month", DASHBOARD_MONTH),
        row("Secrets Manager secret", "month", SECRET_MONTH),
        row(
            "EventBridge schedule",
            "million runs",
            SCHEDULER_PER_MILLION,
        ),
    ]
}

/// A price with as many digits as it needs.
fn trimmed(price: f64) -> String {
    let text = format!("{price:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
