//! Calendars through the gateway, as calendar programs fetch them: without a
//! token.

use serde_json::json;

use crate::stack::{Stack, eventually, text};

/// B3-04, B3-09: one event, the public list and a person's secret calendar.
#[tokio::test]
async fn b3_04_b3_09_calendars_need_no_token() {
    let stack = Stack::up();
    let (author, reader) = (stack.person("carla").await, stack.person("cem").await);
    let tag = format!("calendar-{}", &author.id[20..]);
    let event = author.publishes(json!({"tags": [tag]})).await;
    let uid = format!("UID:{}", text(&event, "id"));
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(&uid);
    let one = format!("/v1/events/{}.ics", text(&event, "id"));
    let answer = stack.get(&one).await.expect(200);
    assert!(answer.header("content-type").starts_with("text/calendar"));
    assert!(holds(&answer.bytes));
    let list = format!("/v1/events.ics?tag={tag}");
    eventually("the event in the public calendar", || async {
        let answer = stack.get(&list).await;
        (answer.status == 200 && holds(&answer.bytes)).then_some(())
    })
    .await;
    let feed = reader
        .post("/v1/events/feeds", &json!({}))
        .await
        .expect(201)
        .body;
    let (_, path) = text(&feed, "url").split_once("/v1/").unwrap();
    let path = format!("/v1/{path}");
    assert!(!holds(&stack.get(&path).await.expect(200).bytes));
    let save = format!("/v1/events/{}/save", text(&event, "id"));
    reader.put(&save, &json!({})).await.expect(204);
    eventually("the saved event in the secret calendar", || async {
        holds(&stack.get(&path).await.bytes).then_some(())
    })
    .await;
    let revoke = format!("/v1/events/feeds/{}", text(&feed, "id"));
    reader.delete(&revoke).await.expect(204);
    stack.get(&path).await.expect(404);
}

/// EV-21: an event follows its venue over the bus.
#[tokio::test]
async fn ev_21_an_event_follows_its_venue_over_the_bus() {
    let stack = Stack::up();
    let author = stack.person("vera").await;
    let venue = json!({"name": "Old hall", "city": "Berlin"});
    let venue = author.post("/v1/venues", &venue).await.expect(201).body;
    let mut draft = crate::stack::draft(json!({"venueId": venue["id"]}));
    draft.as_object_mut().unwrap().remove("venue");
    let event = author.post("/v1/events", &draft).await.expect(201).body;
    assert_eq!(event["venue"]["name"], "Old hall");
    let at = format!("/v1/venues/{}", text(&venue, "id"));
    let request = author.request(reqwest::Method::PATCH, &at);
    let request = request
        .header("if-match", "*")
        .json(&json!({"name": "New hall"}));
    crate::stack::send(request).await.expect(200);
    let path = format!("/v1/events/{}", text(&event, "id"));
    eventually("the event at the renamed venue", || async {
        let event = author.get(&path).await.body;
        (event["venue"]["name"] == "New hall").then_some(())
    })
    .await;
}
