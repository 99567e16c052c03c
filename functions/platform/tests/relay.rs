//! The bus: what was committed is published, whatever goes wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use plenary_platform::relay::dead::DeadLetters;
use plenary_platform::relay::failures::Failures;
use plenary_platform::relay::replay::Replay;
use plenary_platform::relay::span::{Outbox, Place};
use plenary_platform::relay::topic::Topic;
use plenary_platform::relay::{Outcome, Relay, RelayError, Request};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::commit::{Commit, OUTBOX_SHARDS, outbox_partition};
use shared::cx::Context;
use shared::event::auth::UserRegistered;
use shared::id::UserId;
use shared::table::Table;
use shared::testing::{TestDb, now};

use crate::stub::{Cloud, Fault};

const DLQ: &str = "http://queue/relay-dlq";
const FAILURES: &str = "http://queue/relay-failures";

/// A table with an outbox, and the relay between it and the stub.
struct Bus {
    cloud: Cloud,
    table: Table,
    relay: Relay,
}

impl Bus {
    async fn start() -> Self {
        let db = TestDb::start().await.with_clock(Clock::fixed(now()));
        let table = db.table("platform").await;
        let (cloud, sns, sqs) = Cloud::start().await;
        let relay = Relay {
            topic: Topic::new(sns, "arn:aws:sns:eu-west-1:000000000000:events"),
            dead_letters: DeadLetters::new(sqs.clone(), DLQ),
            failures: Failures::new(sqs, FAILURES),
            outbox: Outbox::new(table.client().clone(), vec![table.name().to_owned()]),
            clock: table.clock().clone(),
        };
        Self {
            cloud,
            table,
            relay,
        }
    }

    fn now(&self) -> Timestamp {
        self.table.clock().now()
    }

    /// Commits so many events, each about another user.
    async fn commit(&self, count: usize, name: &str) {
        for _ in 0..count {
            let cx = Context::begin(Duration::from_secs(10));
            let mut commit = Commit::new(&self.table, &cx);
            let payload = UserRegistered {
                user_id: UserId::new(),
                name: Some(name.to_owned()),
                username: None,
            };
            commit.publish(&payload, 1);
            commit.execute().await.unwrap();
        }
    }

    /// The outbox items of the hours around now, as the stream has them.
    async fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for shard in 0..OUTBOX_SHARDS {
            let query = self.table.client().query().table_name(self.table.name());
            let partition = AttributeValue::S(outbox_partition(self.now(), shard));
            let output = query
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", partition)
                .send()
                .await
                .unwrap();
            let items = output.items.unwrap_or_default();
            records.extend(items.iter().map(|item| self.record("INSERT", item)));
        }
        records
    }

    fn record(&self, name: &str, item: &HashMap<String, AttributeValue>) -> Value {
        let image: BTreeMap<&str, Value> = item
            .iter()
            .map(|(key, value)| match value {
                AttributeValue::S(text) => (key.as_str(), json!({"S": text})),
                AttributeValue::N(text) => (key.as_str(), json!({"N": text})),
                other => panic!("unexpected attribute {other:?}"),
            })
            .collect();
        json!({
            "eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "eventSourceARN": format!("arn:aws:dynamodb:eu-west-1:0:table/{}/stream/2026", self.table.name()),
            "dynamodb": {"Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image,
                         "ApproximateCreationDateTime": 1.0, "SequenceNumber": "1", "StreamViewType": "NEW_IMAGE"},
        })
    }

    async fn invoke(&self, payload: Value) -> Result<Outcome, RelayError> {
        self.invoke_within(payload, Duration::from_mins(5)).await
    }

    async fn invoke_within(&self, payload: Value, time: Duration) -> Result<Outcome, RelayError> {
        let request: Request = serde_json::from_value(payload).unwrap();
        self.relay.handle(request, Instant::now() + time).await
    }

    async fn stream(&self, records: &[Value]) -> Result<Outcome, RelayError> {
        self.invoke(json!({ "Records": records })).await
    }

    fn published_ids(&self) -> Vec<String> {
        self.cloud
            .published()
            .iter()
            .map(crate::stub::Published::id)
            .collect()
    }

    fn distinct(&self) -> BTreeSet<String> {
        self.published_ids().into_iter().collect()
    }

    /// A record of Lambda's on-failure destination about the last minute.
    fn failure_record(&self) -> String {
        json!({
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {
                "shardId": "shardId-1", "batchSize": 1,
                "approximateArrivalOfFirstRecord": self.now(),
                "approximateArrivalOfLastRecord": self.now(),
                "streamArn": format!("arn:aws:dynamodb:eu-west-1:0:table/{}/stream/2026", self.table.name()),
            },
        })
        .to_string()
    }
}

/// XC-12, XC-01: each item once, exactly as it was stored, with the
/// attributes that filter policies and consumers look at.
#[tokio::test]
async fn xc_12_each_item_is_published_once_as_it_was_stored() {
    let bus = Bus::start().await;
    bus.commit(25, "Ada").await;
    let records = bus.records().await;
    let outcome = bus.stream(&records).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (25, 0));
    assert_eq!(bus.cloud.calls(), 3, "ten a call");
    let published = bus.cloud.published();
    assert_eq!(published.len(), 25);
    for (record, message) in records.iter().zip(&published) {
        let stored = record["dynamodb"]["NewImage"]["event"]["S"]
            .as_str()
            .unwrap();
        assert_eq!(
            message.body, stored,
            "the order of the records, and nothing changed"
        );
        let event: Value = serde_json::from_str(stored).unwrap();
        assert_eq!(message.attributes["type"], "user.registered");
        assert_eq!(message.attributes["correlationid"], event["correlationid"]);
        assert_eq!(message.attributes["traceparent"], event["traceparent"]);
    }
}

/// XC-12: large events share a call only as far as SNS takes them; the stub
/// fails the test at more than 256 KiB.
#[tokio::test]
async fn xc_12_a_batch_keeps_to_the_size_that_sns_takes() {
    let bus = Bus::start().await;
    bus.commit(10, &"x".repeat(60 * 1024)).await;
    bus.stream(&bus.records().await).await.unwrap();
    assert_eq!(bus.cloud.calls(), 3, "four of sixty KiB a call");
    assert_eq!(bus.distinct().len(), 10);
}

/// XC-12: an outage fails the invocation; when the records come again, all
/// of them are published.
#[tokio::test]
async fn xc_12_a_transient_failure_fails_the_invocation_and_loses_nothing() {
    let bus = Bus::start().await;
    bus.commit(15, "Ada").await;
    let records = bus.records().await;
    bus.cloud.fail([Fault::Down]);
    assert!(matches!(
        bus.stream(&records).await,
        Err(RelayError::Publish(_))
    ));
    assert!(
        bus.cloud.waiting(DLQ).is_empty(),
        "an outage is nobody's poison"
    );
    assert!(
        bus.published_ids().is_empty(),
        "a later batch must not overtake"
    );
    bus.stream(&records).await.unwrap();
    assert_eq!(bus.distinct().len(), 15);
}

/// XC-12: single entries that fail are sent again alone.
#[tokio::test]
async fn xc_12_an_entry_that_fails_is_sent_again_and_the_others_are_not() {
    let bus = Bus::start().await;
    bus.commit(5, "Ada").await;
    bus.cloud.fail([Fault::Entry {
        index: 2,
        code: "InternalError",
        sender_fault: false,
    }]);
    let outcome = bus.stream(&bus.records().await).await.unwrap();
    assert_eq!(outcome.published, 5);
    assert_eq!(bus.cloud.calls(), 2);
    assert_eq!(bus.published_ids().len(), 5, "none twice");
    assert_eq!(bus.distinct().len(), 5);
}

/// XC-12: an entry that goes on failing fails the invocation.
#[tokio::test]
async fn xc_12_an_entry_that_goes_on_failing_is_not_passed_over() {
    let bus = Bus::start().await;
    bus.commit(1, "Ada").await;
    // A missing right is the sender's fault too, but not this message's.
    let fault = Fault::Entry {
        index: 0,
        code: "AuthorizationError",
        sender_fault: true,
    };
    bus.cloud.fail(vec![fault; 4]);
    assert!(matches!(
        bus.stream(&bus.records().await).await,
        Err(RelayError::Publish(_))
    ));
    assert!(bus.cloud.waiting(DLQ).is_empty());
}

/// XC-12: what SNS will never take goes whole to the dead letters.
#[tokio::test]
async fn xc_12_an_entry_that_sns_refuses_goes_to_the_dead_letters() {
    let bus = Bus::start().await;
    bus.commit(3, "Ada").await;
    let records = bus.records().await;
    bus.cloud.fail([Fault::Entry {
        index: 1,
        code: "InvalidParameter",
        sender_fault: true,
    }]);
    let outcome = bus.stream(&records).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (2, 1));
    let dead: Value = serde_json::from_str(&bus.cloud.waiting(DLQ)[0]).unwrap();
    assert_eq!(dead["item"], records[1]["dynamodb"]["NewImage"]);
    assert_eq!(dead["table"], bus.table.name());
    assert!(
        dead["reason"]
            .as_str()
            .unwrap()
            .contains("InvalidParameter")
    );
}

/// XC-12: a call that is refused as a whole does not take the innocent along.
#[tokio::test]
async fn xc_12_a_refused_call_is_taken_apart() {
    let bus = Bus::start().await;
    bus.commit(4, "Ada").await;
    bus.commit(1, "unspeakable").await;
    bus.cloud.refuse("unspeakable");
    let outcome = bus.stream(&bus.records().await).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (4, 1));
    assert!(bus.cloud.waiting(DLQ)[0].contains("unspeakable"));
}

/// XC-12: malformed items are passed over, whole, and hold nothing up; records
/// that are no outbox items are nobody's business.
#[tokio::test]
async fn xc_12_poison_goes_to_the_dead_letters_and_is_passed_over() {
    let bus = Bus::start().await;
    bus.commit(3, "Ada").await;
    let good = bus.records().await;
    let mut records = good.clone();
    let mut malformed = good[0].clone();
    malformed["dynamodb"]["NewImage"]["event"] = json!({"S": "{\"id\": 1}"});
    let mut too_large = good[1].clone();
    let text = good[1]["dynamodb"]["NewImage"]["event"]["S"]
        .as_str()
        .unwrap();
    let text = text.replace("Ada", &"x".repeat(300 * 1024));
    too_large["dynamodb"]["NewImage"]["event"] = json!({ "S": text });
    let mut other = good[2].clone();
    other["dynamodb"]["NewImage"]["pk"] = json!({"S": "USER#1"});
    let mut removal = good[2].clone();
    removal["eventName"] = json!("REMOVE");
    records.splice(
        1..1,
        [
            malformed.clone(),
            too_large.clone(),
            json!({"no": "record"}),
            other,
            removal,
        ],
    );
    let outcome = bus.stream(&records).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (3, 3));
    let dead: Vec<Value> = bus
        .cloud
        .waiting(DLQ)
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect();
    assert_eq!(dead[0]["item"], malformed["dynamodb"]["NewImage"]);
    assert_eq!(dead[1]["item"], too_large["dynamodb"]["NewImage"]);
    assert_eq!(dead[2]["item"], json!({"no": "record"}));
}

/// XC-12: what cannot be set aside is not passed over either.
#[tokio::test]
async fn xc_12_poison_is_kept_when_the_dead_letters_are_out_of_reach() {
    let bus = Bus::start().await;
    bus.commit(1, "Ada").await;
    let mut records = bus.records().await;
    records.push(json!({"no": "record"}));
    bus.cloud.break_queue(DLQ);
    assert!(matches!(
        bus.stream(&records).await,
        Err(RelayError::DeadLetter(_))
    ));
    bus.cloud.mend_queues();
    assert_eq!(bus.stream(&records).await.unwrap().rejected, 1);
    assert_eq!(bus.cloud.waiting(DLQ).len(), 1);
}

/// XC-12: a replay publishes a span again, and nothing outside it.
#[tokio::test]
async fn xc_12_replay_publishes_a_span_again() {
    let bus = Bus::start().await;
    bus.commit(5, "before").await;
    bus.table.clock().advance(SignedDuration::from_mins(90));
    let from = bus.now();
    bus.commit(20, "within").await;
    bus.table.clock().advance(SignedDuration::from_mins(45));
    bus.commit(5, "within").await;
    bus.table.clock().advance(SignedDuration::from_secs(1));
    let to = bus.now();
    bus.commit(5, "after").await;
    let outcome = bus
        .invoke(json!({"replay": {"from": from, "to": to}}))
        .await
        .unwrap();
    assert_eq!((outcome.published, outcome.resume), (25, None));
    assert_eq!(bus.distinct().len(), 25);
    assert!(
        bus.cloud
            .published()
            .iter()
            .all(|message| message.body.contains("within"))
    );
}

/// XC-12: a replay can be confined to tables and types.
#[tokio::test]
async fn xc_12_replay_can_be_confined() {
    let bus = Bus::start().await;
    bus.commit(2, "Ada").await;
    let span = |more: Value| {
        let mut replay = json!({
            "from": bus.now(), "to": bus.now() + SignedDuration::from_secs(1),
        });
        replay
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "replay": replay })
    };
    let none = bus
        .invoke(span(json!({"types": ["event.created"]})))
        .await
        .unwrap();
    assert_eq!(none.published, 0);
    let both = bus
        .invoke(span(
            json!({"types": ["user.registered"], "tables": [bus.table.name()]}),
        ))
        .await;
    assert_eq!(both.unwrap().published, 2);
    let unknown = bus.invoke(span(json!({"tables": ["elsewhere"]}))).await;
    assert!(matches!(unknown, Err(RelayError::Command(_))));
    let backwards = json!({"replay": {"from": bus.now(), "to": bus.now()}});
    assert!(matches!(
        bus.invoke(backwards).await,
        Err(RelayError::Command(_))
    ));
}

/// XC-12: a replay that runs out of time says how to go on, to the end.
#[tokio::test]
async fn xc_12_replay_goes_on_where_time_ran_out() {
    let bus = Bus::start().await;
    bus.commit(3, "Ada").await;
    let command = json!({"replay": {
        "from": bus.now(), "to": bus.now() + SignedDuration::from_secs(1),
    }});
    let stopped = bus
        .invoke_within(command, Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(
        stopped.published, 0,
        "nothing is begun that cannot be finished"
    );
    let mut rest: Replay =
        serde_json::from_value(stopped.resume.unwrap()["replay"].clone()).unwrap();
    // As if the last shard had been reached: only its events are left.
    rest.after = Some(Place {
        shard: OUTBOX_SHARDS - 1,
        ..rest.after.unwrap()
    });
    let last = bus.invoke(json!({"replay": rest})).await.unwrap();
    rest.after = None;
    let all = bus.invoke(json!({"replay": rest})).await.unwrap();
    assert_eq!(all.published, 3);
    assert!(last.published <= all.published);
    assert_eq!(bus.published_ids().len(), last.published + 3);
}

/// XC-12: the sweep publishes what the stream gave up, once for many records.
#[tokio::test]
async fn xc_12_sweep_publishes_what_the_stream_gave_up() {
    let bus = Bus::start().await;
    bus.commit(12, "Ada").await;
    bus.cloud.send(FAILURES, bus.failure_record());
    bus.cloud.send(FAILURES, bus.failure_record());
    bus.cloud.send(FAILURES, "no record");
    let outcome = bus.invoke(json!({"sweep": true})).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (12, 1));
    assert_eq!(bus.published_ids().len(), 12, "overlapping spans are one");
    assert_eq!(bus.cloud.waiting(DLQ).len(), 1);
    bus.cloud.return_in_flight();
    assert!(bus.cloud.waiting(FAILURES).is_empty(), "all are done");
    let again = bus.invoke(json!({"sweep": true})).await.unwrap();
    assert_eq!(again, Outcome::default());
}

/// XC-12: a batch that the stream gave up left its poison where it was; the
/// sweep sets it aside, and a replay by hand does not do it again.
#[tokio::test]
async fn xc_12_sweep_sets_aside_the_poison_of_what_was_given_up() {
    let bus = Bus::start().await;
    bus.commit(2, "Ada").await;
    let name = bus.table.name();
    let put = bus.table.client().put_item().table_name(name);
    put.item("pk", AttributeValue::S(outbox_partition(bus.now(), 0)))
        .item("sk", AttributeValue::S("poison".into()))
        .item("event", AttributeValue::S("{\"id\": 1}".into()))
        .send()
        .await
        .unwrap();
    bus.cloud.send(FAILURES, bus.failure_record());
    let outcome = bus.invoke(json!({"sweep": true})).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (2, 1));
    let dead = bus.cloud.waiting(DLQ);
    assert_eq!(dead.len(), 1);
    let dead: Value = serde_json::from_str(&dead[0]).unwrap();
    assert_eq!(dead["item"]["sk"], "poison");
    let minute = jiff::SignedDuration::from_mins(1);
    let (from, to) = (bus.now() - minute, bus.now() + minute);
    let replay = json!({"replay": {"from": from, "to": to}});
    let outcome = bus.invoke(replay).await.unwrap();
    assert_eq!((outcome.published, outcome.rejected), (2, 0));
}

/// XC-12: as long as the outage lasts, the sweep keeps the spans.
#[tokio::test]
async fn xc_12_a_sweep_during_the_outage_keeps_the_spans() {
    let bus = Bus::start().await;
    bus.commit(2, "Ada").await;
    bus.cloud.send(FAILURES, bus.failure_record());
    bus.cloud.fail([Fault::Down]);
    assert!(bus.invoke(json!({"sweep": true})).await.is_err());
    bus.cloud.return_in_flight();
    assert_eq!(bus.cloud.waiting(FAILURES).len(), 1);
    assert_eq!(
        bus.invoke(json!({"sweep": true})).await.unwrap().published,
        2
    );
}
