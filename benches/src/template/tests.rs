use std::collections::BTreeMap;

use serde_json::json;

use super::idle::runs_per_month;
use super::*;

const TEMPLATE: &str = r#"
Globals:
  Function:
    MemorySize: 256
    LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN}
Parameters:
  Big: {Type: Number, Default: 1024}
  Stage: {Type: String, Default: dev}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/notifications-worker/
      MemorySize: !Ref Big
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt NotificationsQueue.Arn}}
        Sweep:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(5 minutes), Input: '{"sweep":true}'}
        Off:
          Type: Schedule
          Properties: {Schedule: rate(1 minute), Enabled: false}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: target/lambda/events-worker}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt EventsQueue.Arn, FunctionName: !Ref Other}
  Streamed:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Table.StreamArn, FunctionName: !Ref Other}
  Table: {Type: AWS::DynamoDB::Table}
  NotificationsQueue: {Type: AWS::SQS::Queue}
  EventsQueue: {Type: AWS::SQS::Queue}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      Endpoint: {Fn::GetAtt: NotificationsQueue.Arn}
      FilterPolicy: {type: [user.registered, {prefix: organization.}]}
  Simple:
    Type: AWS::CloudWatch::Alarm
    Properties: {Period: 60}
  Math:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: a, MetricStat: {Period: 300}}
        - {Id: b, MetricStat: {Period: 10}}
        - {Id: sum, Expression: a + b}
  Key: {Type: AWS::KMS::Key}
  Prod: {Type: AWS::KMS::Key, Condition: IsProd}
  Dev: {Type: AWS::CloudWatch::Dashboard, Condition: IsDev}
  Strange: {Type: AWS::EC2::NatGateway}
"#;

fn template() -> Template {
    Template::parse(TEMPLATE).unwrap()
}

#[test]
fn memory_is_the_functions_own_or_the_global_one() {
    assert_eq!(template().memory_mb("notifications-worker"), 1024);
    assert_eq!(template().memory_mb("events-worker"), 256);
    assert_eq!(
        Template::parse("Resources: {}").unwrap().memory_mb("x"),
        128
    );
}

#[test]
fn queues_are_found_through_events_and_mappings_but_streams_are_not() {
    let workers = template().queue_workers();
    assert_eq!(workers["NotificationsQueue"], "notifications-worker");
    assert_eq!(workers["EventsQueue"], "events-worker");
    assert_eq!(workers.len(), 2);
}

#[test]
fn a_subscription_names_its_worker_and_filters_by_type() {
    let subscriptions = template().subscriptions();
    assert_eq!(subscriptions.len(), 1);
    assert_eq!(subscriptions[0].binary, "notifications-worker");
    let typed = |name: &str| BTreeMap::from([("type".to_owned(), name.to_owned())]);
    let through = |name| lets_through(&subscriptions[0].policy, &typed(name));
    assert!(through("user.registered"));
    assert!(through("organization.member.added"));
    assert!(!through("user.login"));
    assert!(!lets_through(&subscriptions[0].policy, &BTreeMap::new()));
    assert!(lets_through(&Value::Null, &BTreeMap::new()));
}

#[test]
fn idle_counts_metrics_keys_queues_and_schedules_by_the_defaults() {
    let idle = template().idle();
    assert_eq!((idle.alarm_metrics, idle.high_resolution_metrics), (2, 1));
    assert_eq!((idle.keys, idle.dashboards, idle.polled_queues), (1, 1, 2));
    assert_eq!(
        idle.unknown,
        BTreeMap::from([("AWS::EC2::NatGateway".to_owned(), 1)])
    );
    let [sweep] = idle.schedules.as_slice() else {
        panic!("{:?}", idle.schedules)
    };
    assert_eq!(sweep.binary.as_deref(), Some("notifications-worker"));
    assert_eq!(sweep.input, json!({"sweep": true}));
    assert!((sweep.runs - 8760.0).abs() < 1e-9);
}

#[test]
fn the_idle_bill_is_count_times_price() {
    let bill = template().idle().bill();
    let of = |what: &str| bill.iter().find(|row| row.0 == what).unwrap().2;
    assert!((of("alarm metrics") - 0.20).abs() < 1e-9);
    assert!((of("KMS keys") - 1.0).abs() < 1e-9);
    assert!((of("dashboards") - 3.0).abs() < 1e-9);
    // Two queues, five pollers, three receives a minute each, 730 hours.
    let polls = 2.0 * 5.0 * 180.0 * 730.0;
    assert!((of("receive calls on empty queues") - polls * 0.4e-6).abs() < 1e-9);
}

#[test]
fn platform_logs_are_off_only_when_json_and_warn() {
    assert!(!template().has_platform_logs());
    let text = TEMPLATE.replace("SystemLogLevel: WARN", "SystemLogLevel: INFO");
    assert!(Template::parse(&text).unwrap().has_platform_logs());
}

#[test]
fn the_access_log_costs_its_format() {
    let stage = r#"
Resources:
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {AccessLogSettings: {Format: '{"id":"$context.requestId"}'}}
"#;
    let bytes = Template::parse(stage).unwrap().access_log_bytes();
    assert!((bytes - 27.0).abs() < 1e-9, "{bytes}");
    assert!(template().access_log_bytes().abs() < 1e-9);
}

#[test]
fn schedules_are_reckoned_in_runs_a_month() {
    for (expression, runs) in [
        ("rate(1 hour)", 730.0),
        ("rate(30 minutes)", 1460.0),
        ("rate(1 day)", 730.0 / 24.0),
        ("cron(0 3 * * ? *)", 730.0 / 24.0),
        ("cron(0/15 * * * ? *)", 2920.0),
        ("cron(0,30 8-9 ? * 2-6 *)", 4.0 * 730.0 / 24.0 * 5.0 / 7.0),
        ("at(2030-01-01T00:00:00)", 1.0),
    ] {
        let actual = runs_per_month(expression);
        assert!((actual - runs).abs() < 1e-6, "{expression}: {actual}");
    }
}
