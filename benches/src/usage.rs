//! What a journey consumed, and what AWS would charge for it.

use std::ops::AddAssign;

use crate::prices as p;

/// Everything that is metered, summed over the invocations of a journey.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// HTTP API requests, in units of 512 KB.
    pub http_requests: f64,
    /// Lambda invocations.
    pub invocations: f64,
    /// Traces that X-Ray records.
    pub traces: f64,
    /// Billed Lambda time times memory, in ms × MB.
    pub ms_mb: f64,
    /// DynamoDB read request units.
    pub reads: f64,
    /// DynamoDB write request units.
    pub writes: f64,
    /// SNS publish requests, in units of 64 KB.
    pub publishes: f64,
    /// SQS requests (send, receive, delete), in units of 64 KB.
    pub sqs_requests: f64,
    /// Bytes written to the log.
    pub log_bytes: f64,
    /// KMS requests.
    pub kms_requests: f64,
    /// Mails handed to SES.
    pub mails: f64,
    /// S3 requests that write.
    pub s3_puts: f64,
    /// S3 requests that read.
    pub s3_gets: f64,
}

impl Usage {
    /// The same usage, `factor` times.
    pub fn times(&self, factor: f64) -> Self {
        Self {
            http_requests: self.http_requests * factor,
            invocations: self.invocations * factor,
            traces: self.traces * factor,
            ms_mb: self.ms_mb * factor,
            reads: self.reads * factor,
            writes: self.writes * factor,
            publishes: self.publishes * factor,
            sqs_requests: self.sqs_requests * factor,
            log_bytes: self.log_bytes * factor,
            kms_requests: self.kms_requests * factor,
            mails: self.mails * factor,
            s3_puts: self.s3_puts * factor,
            s3_gets: self.s3_gets * factor,
        }
    }

    /// US$ for this usage, without the mails.
    pub fn price(&self) -> f64 {
        self.parts().iter().map(|(_, price)| price).sum()
    }

    /// US$ by what is charged, without the mails.
    pub fn parts(&self) -> [(&'static str, f64); 9] {
        let million = |count: f64, price: f64| count * price / 1e6;
        let gb_seconds = self.ms_mb / 1000.0 / 1024.0;
        [
            (
                "HTTP API",
                million(self.http_requests, p::HTTP_API_PER_MILLION),
            ),
            (
                "Lambda invocations",
                million(self.invocations, p::LAMBDA_PER_MILLION),
            ),
            ("Lambda time", gb_seconds * p::LAMBDA_GB_SECOND),
            ("X-Ray", million(self.traces, p::XRAY_PER_MILLION)),
            (
                "DynamoDB reads",
                million(self.reads, p::DYNAMODB_READ_PER_MILLION),
            ),
            (
                "DynamoDB writes",
                million(self.writes, p::DYNAMODB_WRITE_PER_MILLION),
            ),
            (
                "SNS and SQS",
                million(self.publishes, p::SNS_PER_MILLION)
                    + million(self.sqs_requests, p::SQS_PER_MILLION),
            ),
            ("logs", self.log_bytes / 1e9 * p::LOGS_PER_GB),
            (
                "KMS and S3",
                million(self.kms_requests, p::KMS_PER_MILLION)
                    + million(self.s3_puts, p::S3_PUT_PER_MILLION)
                    + million(self.s3_gets, p::S3_GET_PER_MILLION),
            ),
        ]
    }

    /// US$ for the mails alone.
    pub fn mail_price(&self) -> f64 {
        self.mails * p::SES_PER_MILLION / 1e6
    }
}

impl AddAssign<&Self> for Usage {
    fn add_assign(&mut self, other: &Self) {
        self.http_requests += other.http_requests;
        self.invocations += other.invocations;
        self.traces += other.traces;
        self.ms_mb += other.ms_mb;
        self.reads += other.reads;
        self.writes += other.writes;
        self.publishes += other.publishes;
        self.sqs_requests += other.sqs_requests;
        self.log_bytes += other.log_bytes;
        self.kms_requests += other.kms_requests;
        self.mails += other.mails;
        self.s3_puts += other.s3_puts;
        self.s3_gets += other.s3_gets;
    }
}

/// Chargeable units of a payload: at least one, one more per started `unit`.
pub fn units(bytes: usize, unit: usize) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "payloads are far below 2^52 bytes"
    )]
    let units = bytes.div_ceil(unit).max(1) as f64;
    units
}

/// Calls that an invocation made and waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Calls {
    /// DynamoDB calls that are no transactions.
    pub dynamodb: u32,
    /// DynamoDB transactions.
    pub transactions: u32,
    /// SNS, SQS and KMS calls.
    pub messages: u32,
    /// S3 requests.
    pub s3: u32,
    /// SES requests.
    pub mails: u32,
}

/// Milliseconds that Lambda would bill for an invocation: the processor time
/// that it took here, stretched by the share of a processor that its memory
/// buys, and its calls one after the other, rounded up.
pub fn billed_ms(cpu_ms: f64, memory_mb: f64, calls: Calls) -> f64 {
    let share = (memory_mb / p::MEMORY_OF_ONE_CPU_MB).min(1.0);
    let waits = f64::from(calls.dynamodb) * p::WAITS.dynamodb
        + f64::from(calls.transactions) * p::WAITS.transaction
        + f64::from(calls.messages) * p::WAITS.message
        + f64::from(calls.s3) * p::WAITS.s3
        + f64::from(calls.mails) * p::WAITS.mail;
    (cpu_ms / share + waits).ceil().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_plain_read_costs_request_invocation_trace_and_units() {
        let read = Usage {
            http_requests: 1.0,
            invocations: 1.0,
            traces: 0.05,
            reads: 1.5,
            ..Usage::default()
        };
        // 1.00 + 0.20 + 5 % of 5.00 + 1.5 × 0.125
        assert!(close(read.price() * 1e6, 1.6375), "{}", read.price() * 1e6);
    }

    #[test]
    fn a_write_with_its_message_costs_the_sum_of_its_parts() {
        let write = Usage {
            writes: 8.0,
            publishes: 1.0,
            sqs_requests: 3.0,
            log_bytes: 2000.0,
            ms_mb: 1024.0 * 1000.0,
            ..Usage::default()
        };
        // 8 × 0.625 + 0.50 + 3 × 0.40 + 2 KB × 0.50/GB + 1 GB-s
        let expected = 5.0 + 0.5 + 1.2 + 1.0 + 13.3334;
        assert!(
            close(write.price() * 1e6, expected),
            "{}",
            write.price() * 1e6
        );
    }

    #[test]
    fn mails_are_priced_apart() {
        let usage = Usage {
            mails: 2.0,
            ..Usage::default()
        };
        assert!(close(usage.price(), 0.0));
        assert!(close(usage.mail_price(), 0.0002));
    }

    #[test]
    fn usage_adds_and_scales_in_every_field() {
        let one = Usage {
            http_requests: 1.0,
            invocations: 2.0,
            traces: 0.5,
            ms_mb: 3.0,
            reads: 4.0,
            writes: 5.0,
            publishes: 6.0,
            sqs_requests: 7.0,
            log_bytes: 8.0,
            kms_requests: 9.0,
            mails: 10.0,
            s3_puts: 11.0,
            s3_gets: 12.0,
        };
        let mut twice = one.clone();
        twice += &one;
        assert_eq!(twice, one.times(2.0));
        assert!(close(twice.price(), one.price() * 2.0));
    }

    #[test]
    fn payloads_are_charged_by_the_started_unit() {
        let unit = p::MESSAGE_UNIT_BYTES;
        for (bytes, expected) in [(0, 1.0), (1, 1.0), (unit, 1.0), (unit + 1, 2.0)] {
            assert!(close(units(bytes, unit), expected), "{bytes}");
        }
    }

    #[test]
    fn billed_time_stretches_processor_time_and_adds_the_waits() {
        let calls = Calls {
            dynamodb: 2,
            ..Calls::default()
        };
        // A quarter of a processor: 1 ms becomes 4, and two calls take 8.
        let quarter = p::MEMORY_OF_ONE_CPU_MB / 4.0;
        assert!(close(billed_ms(1.0, quarter, calls), 12.0));
        // More memory than one processor does not make one thread faster.
        assert!(close(billed_ms(1.2, 4096.0, Calls::default()), 2.0));
        assert!(close(billed_ms(0.0, 128.0, Calls::default()), 1.0));
    }
}
