//! What is to be published: an event as the outbox has it, or the reason why
//! it can never be published.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// SNS and SQS take 256 KiB, attributes included, per message and per batch.
pub const MAX_BYTES: usize = 256 * 1024;

/// The attribute of an outbox item that holds the event as JSON.
const EVENT: &str = "event";

/// An outbox item with where it came from, so that nothing of it is lost.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The table that it was committed to.
    pub table: String,
    /// The item, or the record around it, in full.
    pub item: Value,
}

/// An event that can be published.
#[derive(Debug, Clone)]
pub struct Message {
    /// The event's id.
    pub id: Uuid,
    /// The event's type: what the filter policies look at.
    pub kind: String,
    /// When it happened.
    pub time: Timestamp,
    /// The `CloudEvents` JSON as it was stored.
    pub body: String,
    /// SNS message attributes: `type`, `correlationid`, `traceparent`.
    pub attributes: Vec<(&'static str, String)>,
    /// Where it came from.
    pub origin: Origin,
}

/// An item that no attempt will ever publish.
#[derive(Debug, Clone)]
pub struct Poison {
    /// What is wrong with it, for the operator.
    pub reason: String,
    /// The whole item.
    pub origin: Origin,
}

impl Poison {
    /// An item and what is wrong with it.
    pub fn new(reason: impl Into<String>, origin: Origin) -> Self {
        Self {
            reason: reason.into(),
            origin,
        }
    }
}

/// What the relay has to know of an envelope; the rest is the consumers'.
#[derive(Deserialize)]
struct Head {
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    time: Timestamp,
    #[serde(rename = "correlationid")]
    correlation_id: Option<String>,
    #[serde(rename = "traceparent")]
    trace_parent: Option<String>,
}

impl Message {
    /// Reads the event out of an item.
    ///
    /// # Errors
    /// [`Poison`] if there is none, it is malformed, or too large for SNS.
    pub fn from_item(event: Option<&str>, origin: Origin) -> Result<Self, Box<Poison>> {
        let Some(text) = event else {
            let reason = format!("the item has no text attribute `{EVENT}`");
            return Err(Box::new(Poison::new(reason, origin)));
        };
        let head: Head = match serde_json::from_str(text) {
            Ok(head) => head,
            Err(err) => {
                let reason = format!("the event is malformed: {err}");
                return Err(Box::new(Poison::new(reason, origin)));
            }
        };
        if head.kind.is_empty() {
            return Err(Box::new(Poison::new("the event has no type", origin)));
        }
        let message = Self {
            id: head.id,
            time: head.time,
            body: publishable(text),
            attributes: attributes(&head),
            kind: head.kind,
            origin,
        };
        let bytes = message.bytes();
        if bytes > MAX_BYTES {
            let reason = format!("{bytes} bytes with attributes, {MAX_BYTES} can be published");
            return Err(Box::new(Poison::new(reason, message.origin)));
        }
        Ok(message)
    }

    /// What SNS counts: the body, and name, type and value of each attribute.
    pub fn bytes(&self) -> usize {
        let attributes: usize = self
            .attributes
            .iter()
            .map(|(name, value)| name.len() + "String".len() + value.len())
            .sum();
        self.body.len() + attributes
    }
}

fn attributes(head: &Head) -> Vec<(&'static str, String)> {
    [
        ("type", Some(&head.kind)),
        ("correlationid", head.correlation_id.as_ref()),
        ("traceparent", head.trace_parent.as_ref()),
    ]
    .into_iter()
    // SNS refuses an attribute with an empty value.
    .filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?.clone())))
    .collect()
}

/// SNS takes the characters of XML 1.0 only; of what JSON leaves unescaped,
/// that excludes these two, which mean the same as escapes.
fn publishable(text: &str) -> String {
    if text.contains(['\u{FFFE}', '\u{FFFF}']) {
        return text
            .replace('\u{FFFE}', "\\ufffe")
            .replace('\u{FFFF}', "\\uffff");
    }
    text.to_owned()
}

/// A record of a table's stream, as far as the relay reads it.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    name: String,
    #[serde(rename = "eventSourceARN")]
    stream: String,
    dynamodb: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "NewImage", default)]
    image: Value,
}

/// What the stream record of an outbox item asks for; `None` for a record
/// of anything else, should the event source's filter let one through.
pub fn from_record(record: Value) -> Option<Result<Message, Box<Poison>>> {
    let parsed: Record = match serde_json::from_value(record.clone()) {
        Ok(parsed) => parsed,
        Err(err) => {
            let origin = Origin {
                table: String::new(),
                item: record,
            };
            let reason = format!("the stream record is malformed: {err}");
            return Some(Err(Box::new(Poison::new(reason, origin))));
        }
    };
    let image = parsed.dynamodb.image;
    let text = |name: &str| image.get(name).and_then(|value| value.get("S")?.as_str());
    if parsed.name != "INSERT" || !text("pk").is_some_and(|pk| pk.starts_with(super::span::PREFIX))
    {
        return None;
    }
    let event = text(EVENT).map(str::to_owned);
    let origin = Origin {
        table: table_of(&parsed.stream).unwrap_or_default().to_owned(),
        item: image,
    };
    Some(Message::from_item(event.as_deref(), origin))
}

/// The table in a stream's ARN: `arn:aws:dynamodb:…:table/<name>/stream/<label>`.
pub fn table_of(stream_arn: &str) -> Option<&str> {
    stream_arn.split_once(":table/")?.1.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const EVENT_TEXT: &str = r#"{"specversion":"1.0","id":"01932c07-0000-7000-8000-000000000001","type":"event.created","source":"/domains/events","subject":"event_1","time":"2026-05-01T10:00:00Z","correlationid":"c-1","traceparent":"","data":{"title":"￿"}}"#;

    fn origin() -> Origin {
        Origin {
            table: "t".into(),
            item: json!({"whole": true}),
        }
    }

    #[test]
    fn xc_12_attributes_are_taken_from_the_envelope_and_never_empty() {
        let message = Message::from_item(Some(EVENT_TEXT), origin()).unwrap();
        assert_eq!(
            message.attributes,
            [
                ("type", "event.created".to_owned()),
                ("correlationid", "c-1".to_owned())
            ]
        );
    }

    #[test]
    fn xc_12_characters_that_sns_refuses_are_escaped_and_mean_the_same() {
        let message = Message::from_item(Some(EVENT_TEXT), origin()).unwrap();
        assert!(!message.body.contains('\u{FFFF}'));
        let sent: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(sent, serde_json::from_str::<Value>(EVENT_TEXT).unwrap());
    }

    #[test]
    fn xc_12_what_is_malformed_or_too_large_is_poison_and_kept_whole() {
        let large = EVENT_TEXT.replace('\u{FFFF}', &"x".repeat(MAX_BYTES));
        for bad in [None, Some("{"), Some("{}"), Some(large.as_str())] {
            let poison = Message::from_item(bad, origin()).unwrap_err();
            assert_eq!(poison.origin.item, origin().item);
        }
    }

    #[test]
    fn xc_12_the_table_is_read_from_the_stream() {
        let arn =
            "arn:aws:dynamodb:eu-west-1:1:table/plenary-events/stream/2026-05-01T00:00:00.000";
        assert_eq!(table_of(arn), Some("plenary-events"));
        assert_eq!(table_of("arn:aws:sqs:eu-west-1:1:q"), None);
    }
}
