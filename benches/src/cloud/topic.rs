//! SNS: keeps what the relay publishes, for the pump to deliver.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use hyper::StatusCode;

use super::{State, refuse};
use crate::prices::MESSAGE_UNIT_BYTES;
use crate::usage::units;
use crate::web::{self, Answer};

/// A published message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Its body.
    pub body: String,
    /// Its string attributes.
    pub attributes: BTreeMap<String, String>,
}

/// Answers one call of the query protocol.
pub(super) fn call(state: &State, body: &Bytes) -> Answer {
    let form = decode(&String::from_utf8_lossy(body));
    let action = form.get("Action").map(String::as_str).unwrap_or_default();
    let entries: Vec<String> = match action {
        "Publish" => vec![String::new()],
        "PublishBatch" => batch_prefixes(&form),
        _ => return refuse("InvalidAction"),
    };
    let messages: Vec<_> = entries
        .iter()
        .map(|prefix| message(&form, prefix))
        .collect();
    {
        let mut kept = state.kept();
        kept.meter.calls.messages += 1;
        let bytes = messages.iter().map(size).sum();
        kept.meter.publishes += units(bytes, MESSAGE_UNIT_BYTES);
        kept.published.extend(messages);
    }
    let mut result = String::new();
    for prefix in &entries {
        let id = uuid::Uuid::now_v7();
        // Writing to a string cannot fail.
        let _ = match form.get(&format!("{prefix}Id")) {
            Some(entry) => write!(
                result,
                "<member><Id>{entry}</Id><MessageId>{id}</MessageId></member>"
            ),
            None => write!(result, "<MessageId>{id}</MessageId>"),
        };
    }
    if action == "PublishBatch" {
        result = format!("<Successful>{result}</Successful><Failed></Failed>");
    }
    let xml = format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>\
         {result}</{action}Result></{action}Response>"
    );
    web::answer(StatusCode::OK, "text/xml", xml)
}

fn batch_prefixes(form: &BTreeMap<String, String>) -> Vec<String> {
    (1..=10)
        .map(|n| format!("PublishBatchRequestEntries.member.{n}."))
        .filter(|prefix| form.contains_key(&format!("{prefix}Id")))
        .collect()
}

fn message(form: &BTreeMap<String, String>, prefix: &str) -> Message {
    let text = |name: String| form.get(&name).cloned().unwrap_or_default();
    let attributes = (1..=10)
        .map(|n| format!("{prefix}MessageAttributes.entry.{n}."))
        .filter(|entry| form.contains_key(&format!("{entry}Name")))
        .map(|entry| {
            (
                text(format!("{entry}Name")),
                text(format!("{entry}Value.StringValue")),
            )
        })
        .collect();
    Message {
        body: text(format!("{prefix}Message")),
        attributes,
    }
}

fn size(message: &Message) -> usize {
    let attributes = &message.attributes;
    message.body.len()
        + attributes
            .iter()
            .map(|(k, v)| k.len() + v.len())
            .sum::<usize>()
}

/// Decodes `application/x-www-form-urlencoded`.
fn decode(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (percent_decode(name), percent_decode(value)))
        .collect()
}

/// Undoes percent encoding and `+`.
pub(super) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let code = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code {
            bytes.push(code);
            rest = &tail[2..];
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publish_is_read_with_its_attributes() {
        let form = decode(
            "Action=Publish&Message=%7B%22a%22%3A1%7D&MessageAttributes.entry.1.Name=type\
             &MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=event.created",
        );
        let message = message(&form, "");
        assert_eq!(message.body, "{\"a\":1}");
        assert_eq!(message.attributes["type"], "event.created");
        assert_eq!(size(&message), 7 + 4 + 13);
    }

    #[test]
    fn a_batch_is_read_entry_by_entry() {
        let form = decode(
            "Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=0\
             &PublishBatchRequestEntries.member.1.Message=one\
             &PublishBatchRequestEntries.member.2.Id=1\
             &PublishBatchRequestEntries.member.2.Message=two+2%25",
        );
        let bodies: Vec<_> = batch_prefixes(&form)
            .iter()
            .map(|prefix| message(&form, prefix).body)
            .collect();
        assert_eq!(bodies, ["one", "two 2%"]);
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }
}
