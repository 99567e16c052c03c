//! What the stack costs a month when nobody calls it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Template, binary_of, events};
use crate::prices as p;

/// Resource types that cost nothing while they are idle and empty.
const FREE: [&str; 31] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
];

/// Resource types that `Idle` counts.
const COUNTED: [&str; 6] = [
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::KMS::Key",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
];

/// A function that runs by the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Binary that is invoked, if the target is a function.
    pub binary: Option<String>,
    /// The event it gets.
    pub input: Value,
    /// Runs in a month.
    pub runs: f64,
}

/// What an idle stack is charged for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Idle {
    /// Metrics that standard alarms watch.
    pub alarm_metrics: u32,
    /// Metrics that high-resolution alarms watch.
    pub high_resolution_metrics: u32,
    /// Composite alarms.
    pub composite_alarms: u32,
    /// Dashboards.
    pub dashboards: u32,
    /// Customer managed keys.
    pub keys: u32,
    /// Secrets.
    pub secrets: u32,
    /// Queues that Lambda polls.
    pub polled_queues: u32,
    /// What runs by the clock.
    pub schedules: Vec<Schedule>,
    /// Resource types whose idle price this program does not know.
    pub unknown: BTreeMap<String, u32>,
}

impl Idle {
    /// Rows of the bill without the functions' own work: what, count, US$.
    pub fn bill(&self) -> Vec<(String, f64, f64)> {
        let polls = f64::from(self.polled_queues) * p::IDLE_POLLS_PER_HOUR * p::MONTH_HOURS;
        let runs: f64 = self.schedules.iter().map(|schedule| schedule.runs).sum();
        let row = |what: &str, count: f64, price: f64| (what.to_owned(), count, count * price);
        let per = |count: u32| f64::from(count);
        vec![
            row(
                "alarm metrics",
                per(self.alarm_metrics),
                p::ALARM_METRIC_MONTH,
            ),
            row(
                "high-resolution alarm metrics",
                per(self.high_resolution_metrics),
                p::ALARM_METRIC_HIGH_MONTH,
            ),
            row(
                "composite alarms",
                per(self.composite_alarms),
                p::ALARM_COMPOSITE_MONTH,
            ),
            row("dashboards", per(self.dashboards), p::DASHBOARD_MONTH),
            row("KMS keys", per(self.keys), p::KMS_KEY_MONTH),
            row("secrets", per(self.secrets), p::SECRET_MONTH),
            row(
                "receive calls on empty queues",
                polls,
                p::SQS_PER_MILLION / 1e6,
            ),
            row("scheduled runs", runs, p::SCHEDULER_PER_MILLION / 1e6),
            ("stored logs".to_owned(), 0.0, 0.0),
        ]
    }
}

impl Template {
    /// Counts what is charged while nobody calls.
    pub fn idle(&self) -> Idle {
        let mut idle = Idle::default();
        for (_, resource) in self.deployed() {
            let kind = resource["Type"].as_str().unwrap_or_default();
            if !FREE.contains(&kind) && !COUNTED.contains(&kind) {
                *idle.unknown.entry(kind.to_owned()).or_default() += 1;
            }
            let properties = &resource["Properties"];
            match kind {
                "AWS::CloudWatch::Alarm" => self.count_alarm(properties, &mut idle),
                "AWS::CloudWatch::CompositeAlarm" => idle.composite_alarms += 1,
                "AWS::CloudWatch::Dashboard" => idle.dashboards += 1,
                "AWS::KMS::Key" => idle.keys += 1,
                "AWS::SecretsManager::Secret" => idle.secrets += 1,
                "AWS::Events::Rule" => self.count_rule(properties, &mut idle),
                "AWS::Scheduler::Schedule" => {
                    let target = &properties["Target"];
                    self.count_schedule(properties, target, "ScheduleExpression", &mut idle);
                }
                "AWS::Serverless::Function" => count_function_schedules(self, resource, &mut idle),
                _ => {}
            }
        }
        idle.polled_queues = u32::try_from(self.queue_workers().len()).unwrap_or(u32::MAX);
        idle
    }

    /// An alarm is charged by the metrics it watches; the expressions of
    /// metric math are free.
    fn count_alarm(&self, properties: &Value, idle: &mut Idle) {
        let metrics = properties["Metrics"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let periods: Vec<&Value> = match metrics {
            [] => vec![&properties["Period"]],
            metrics => metrics
                .iter()
                .map(|metric| &metric["MetricStat"])
                .filter(|stat| !stat.is_null())
                .map(|stat| &stat["Period"])
                .collect(),
        };
        for period in periods {
            let period = self.conditions.value(period);
            let seconds = period.as_u64().or_else(|| period.as_str()?.parse().ok());
            if seconds.is_some_and(|seconds| seconds < 60) {
                idle.high_resolution_metrics += 1;
            } else {
                idle.alarm_metrics += 1;
            }
        }
    }

    fn count_rule(&self, properties: &Value, idle: &mut Idle) {
        for target in properties["Targets"].as_array().into_iter().flatten() {
            self.count_schedule(properties, target, "ScheduleExpression", idle);
        }
    }

    fn count_schedule(&self, at: &Value, target: &Value, field: &str, idle: &mut Idle) {
        let expression = self.conditions.value(&at[field]).as_str();
        let enabled = self.conditions.value(&at["State"]) != "DISABLED";
        if let Some(expression) = expression.filter(|_| enabled) {
            let function = super::referred(&target["Arn"]).and_then(|id| self.resources.get(id));
            idle.schedules.push(Schedule {
                binary: function.and_then(binary_of),
                input: parsed(&target["Input"]),
                runs: runs_per_month(expression),
            });
        }
    }
}

fn count_function_schedules(template: &Template, function: &Value, idle: &mut Idle) {
    for event in events(function) {
        let properties = &event["Properties"];
        let field = match event["Type"].as_str() {
            Some("Schedule") => "Schedule",
            Some("ScheduleV2") => "ScheduleExpression",
            _ => continue,
        };
        let expression = template.conditions.value(&properties[field]).as_str();
        let off = template.conditions.value(&properties["State"]) == "DISABLED"
            || template.conditions.value(&properties["Enabled"]) == false;
        if let Some(expression) = expression.filter(|_| !off) {
            idle.schedules.push(Schedule {
                binary: binary_of(function),
                input: parsed(&properties["Input"]),
                runs: runs_per_month(expression),
            });
        }
    }
}

/// The input of a schedule: JSON in a text.
fn parsed(input: &Value) -> Value {
    let text = input.as_str().unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

/// Runs a month of `rate(5 minutes)` or `cron(0 3 * * ? *)`; of the fields of
/// a cron expression, minutes, hours and the day of the week are reckoned
/// with, so that the figure is never too small.
pub(super) fn runs_per_month(expression: &str) -> f64 {
    let inner = expression
        .split_once('(')
        .map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let fields: Vec<&str> = inner.split_whitespace().collect();
    let hours = p::MONTH_HOURS;
    match fields.as_slice() {
        [count, unit] if expression.starts_with("rate") => {
            let count = count.parse::<f64>().unwrap_or(1.0).max(1.0);
            let per_hour = match unit.trim_end_matches('s') {
                "minute" => 60.0,
                "hour" => 1.0,
                _ => 1.0 / 24.0,
            };
            hours * per_hour / count
        }
        [minute, hour, _, _, weekday, ..] if expression.starts_with("cron") => {
            let weekdays = if matches!(*weekday, "*" | "?") {
                7.0
            } else {
                listed(weekday, 7.0)
            };
            listed(minute, 60.0) * listed(hour, 24.0) * (hours / 24.0) * weekdays / 7.0
        }
        // A single run, as `at(…)`.
        _ => 1.0,
    }
}

/// How many values a cron field names, of `all`.
fn listed(field: &str, all: f64) -> f64 {
    let one = |part: &str| -> f64 {
        if part == "*" {
            return all;
        }
        if let Some((_, step)) = part.split_once('/') {
            return (all / step.parse::<f64>().unwrap_or(1.0)).ceil();
        }
        match part.split_once('-') {
            Some((from, to)) => match (from.parse::<f64>(), to.parse::<f64>()) {
                (Ok(from), Ok(to)) => to - from + 1.0,
                _ => all,
            },
            None => 1.0,
        }
    };
    field.split(',').map(one).sum::<f64>().min(all)
}
