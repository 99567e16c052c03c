//! B3-05: the calendar in the mailbox, as the mail service has it.

use icalendar::parser::{read_calendar, unfold};
use mail_parser::{MessageParser, MimeHeaders};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{Stack, eventually, send, text};

/// What a mail says to a calendar: METHOD, UID, SEQUENCE.
type Said = (String, String, String);

/// Reads the whole message, and its calendar, by parsers that are not ours.
fn said(mail: &Value) -> Option<Said> {
    let encoded = text(mail, "Raw");
    let raw = mail_parser::decoders::base64::base64_decode(encoded.as_bytes()).unwrap();
    let message = MessageParser::default().parse(&raw).unwrap();
    let mut parts = message.parts.iter();
    let part = parts.find(|part| part.is_content_type("text", "calendar"))?;
    let calendar = String::from_utf8(part.contents().to_vec()).unwrap();
    let unfolded = unfold(&calendar);
    let read = read_calendar(&unfolded).unwrap();
    let event = &read.components[0].properties;
    let of = |name: &str| {
        let found = event.iter().find(|property| property.name == name);
        found.unwrap().val.as_str().to_owned()
    };
    let mut properties = read.properties.iter();
    let method = properties.find(|property| property.name == "METHOD");
    let method = method.unwrap().val.as_str().to_owned();
    let part = part.content_type().unwrap().attribute("method");
    assert_eq!(part, Some(method.as_str()));
    Some((method, of("UID"), of("SEQUENCE")))
}

/// Waits for the mail that says this to a calendar.
async fn told(stack: &Stack, email: &str, wanted: (&str, &str, u32)) {
    let (method, uid, sequence) = wanted;
    let wanted = (method.to_owned(), uid.to_owned(), sequence.to_string());
    eventually(&format!("{wanted:?} in a mail to {email}"), || async {
        let mails = stack.mail_to(email).await;
        let mut all = mails.iter().filter_map(said);
        all.any(|said| said == wanted).then_some(())
    })
    .await;
}

/// Who registered before and after a change, and who has no account, have the
/// event in their calendars as its own calendar has it, until it is cancelled.
#[tokio::test]
async fn b3_05_calendars_come_by_mail_and_move_on() {
    let stack = Stack::up();
    let (rosa, ada) = (stack.person("rosa").await, stack.person("ada").await);
    let (bob, guest) = (
        stack.person("bob").await,
        format!("{}@guest.example.org", rosa.id),
    );
    let event = rosa.publishes(json!({})).await;
    let (id, path) = (
        text(&event, "id"),
        format!("/v1/events/{}", text(&event, "id")),
    );
    let registrations = format!("{path}/registrations");
    ada.post(&registrations, &json!({})).await.expect(201);
    told(&stack, &ada.email, ("REQUEST", id, 0)).await;

    let request = rosa.request(Method::PATCH, &path).header("if-match", "*");
    let moved = request.json(&json!({"startsAt": "2027-10-12T08:00:00Z"}));
    send(moved).await.expect(200);
    bob.post(&registrations, &json!({})).await.expect(201);
    told(&stack, &bob.email, ("REQUEST", id, 1)).await;
    let attendee = json!({"email": guest, "name": "Grace"});
    let added = rosa.post(&format!("{path}/attendees"), &attendee).await;
    added.expect(201);
    told(&stack, &guest, ("REQUEST", id, 1)).await;

    let cancel = json!({"reason": "Storm."});
    rosa.post(&format!("{path}/cancel"), &cancel)
        .await
        .expect(200);
    for email in [&ada.email, &bob.email, &guest] {
        told(&stack, email, ("CANCEL", id, 2)).await;
        let mails = stack.mail_to(email).await;
        let ages: Vec<String> = mails.iter().filter_map(said).map(|said| said.2).collect();
        assert!(ages.is_sorted(), "{ages:?}");
    }
    let own = stack.get(&format!("{path}.ics")).await.expect(200);
    let own = String::from_utf8_lossy(&own.bytes).into_owned();
    for line in ["METHOD:CANCEL", "SEQUENCE:2", &format!("UID:{id}")] {
        assert!(own.contains(line), "{own}");
    }
}
