//! From the ticket to the door, with the real sealing of its key behind it.

use plenary_events::model::{KeyId, Ticket};
use reqwest::Method;
use serde_json::json;
use shared::digest::from_base64url;

use crate::stack::{Stack, eventually, send, somewhere, text};

/// EV-20, B3-06: the role of events-api may seal and open ticket keys and seal
/// codes for letters; a picture passes the gateway whole.
#[tokio::test]
async fn ev_20_a_ticket_opens_the_door_of_the_deployed_stack() {
    let stack = Stack::up();
    let (rosa, ada) = (stack.person("rosa").await, stack.person("ada").await);
    let event = rosa.publishes(json!({"capacity": 1})).await;
    let path = format!("/v1/events/{}", text(&event, "id"));
    let admission = json!({"ticketTypes": [{"id": "early", "name": "Early bird", "quota": 1}],
        "offerMinutes": 30});
    let set = rosa.request(Method::PUT, &format!("{path}/admission"));
    let set = set.header("if-match", "\"0\"").json(&admission);
    send(set).await.expect(200);
    let registrations = format!("{path}/registrations");
    let made = ada.post(&registrations, &json!({})).await.expect(201).body;
    assert_eq!(made["ticketType"], "early");
    let tickets = ada.get(&format!("{registrations}/me/tickets")).await;
    let tickets = tickets.expect(200).body;
    let ticket = text(&tickets["items"][0], "ticket");
    let keys = stack.get("/v1/events/ticket-keys").await.expect(200).body;
    let key = |id: KeyId| {
        let keys = keys["keys"].as_array().unwrap().iter();
        let mut keys = keys.map(|key| from_base64url(text(key, "x")).unwrap());
        keys.find(|key| KeyId::of(key) == id)
    };
    let said = Ticket::verified(ticket, key).unwrap();
    assert_eq!(said.user_id.to_string(), ada.id);
    let at = format!("{registrations}/me/tickets/1/qr.png");
    let picture = ada.get(&at).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/png");
    assert!(image::load_from_memory(&picture.bytes).is_ok());
    let scan = json!({"ticket": ticket});
    let in_ = rosa.post(&format!("{path}/check-ins"), &scan).await;
    assert_eq!(in_.expect(200).body["reason"], "admitted");
}

/// B3-02: a hand-over by letter, from the mail to the other person's place.
#[tokio::test]
async fn ev_20_a_registration_is_handed_over_by_mail() {
    let stack = Stack::up();
    let (rosa, ada) = (stack.person("rosa").await, stack.person("ada").await);
    let grace = stack.person("grace").await;
    let event = rosa.publishes(json!({})).await;
    let registrations = format!("/v1/events/{}/registrations", text(&event, "id"));
    ada.post(&registrations, &json!({})).await.expect(201);
    let to = json!({"email": grace.email});
    let offer = ada.post(&format!("{registrations}/me/transfer"), &to).await;
    offer.expect(202);
    let link = format!("{registrations}/take-over#");
    let code = eventually("the letter with the code", || async {
        let mails = stack.mail_to(&grace.email).await;
        let mail = mails
            .iter()
            .map(ToString::to_string)
            .find(|mail| mail.contains(&link))?;
        let rest = mail.split(&link).nth(1)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    })
    .await;
    let client = somewhere();
    let take = format!("{registrations}/take-over");
    let request = stack.request(&client, Method::POST, &take);
    let request = request.bearer_auth(&grace.token);
    let taken = send(request.json(&json!({"code": code}))).await.expect(201);
    assert_eq!(taken.body["status"], "confirmed");
    let mine = ada.get(&format!("{registrations}/me")).await.expect(200);
    assert_eq!(mine.body["status"], "cancelled");
}
