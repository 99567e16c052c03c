//! What comes late, twice, or at the same time.

use plenary_events::worker::go_on;
use serde_json::{Map, json};
use shared::event::auth::UserRegistered;
use shared::event::users::{ConnectionAccepted, ConnectionRemoved, UserProfileUpdated};
use shared::id::ConnectionId;
use shared::testing::{cx, event};

use super::news;
use crate::support::Stage;
use crate::worker::deliver;

/// XC-03: news of who is gone, however late, brings nothing back; nor does
/// anybody who knows the id.
#[tokio::test]
async fn xc_03_nothing_comes_back() {
    let stage = Stage::new().await;
    let (author, other, user) = (stage.world.user(), stage.world.user(), stage.world.user());
    let event_ = stage.published(&author, json!({})).await;
    let gone = news(user.id);
    assert_eq!(deliver(&stage, std::slice::from_ref(&gone)).await, 0);
    stage.settle();
    go_on(&stage.store, &cx()).await.unwrap();
    let users = [other.id, user.id];
    let connection_id = ConnectionId::new();
    let interests = Map::from_iter([("interests".to_owned(), json!(["Wine"]))]);
    let late = [
        event(
            &UserRegistered {
                user_id: user.id,
                name: None,
                username: None,
            },
            1,
        ),
        event(
            &UserProfileUpdated {
                user_id: user.id,
                changes: interests,
            },
            9,
        ),
        event(
            &ConnectionAccepted {
                connection_id,
                users,
            },
            8,
        ),
        event(
            &ConnectionRemoved {
                connection_id,
                users,
            },
            9,
        ),
        gone,
    ];
    assert_eq!(deliver(&stage, &late).await, 0);
    let added = json!({"userId": user.id});
    let refused = stage
        .act(&author, &event_, "attendees", added.clone())
        .await;
    refused.expect(400).problem("invalid-request");
    stage.register(&other, &event_).await.expect(201);
    let offer = "registrations/me/transfer";
    let refused = stage.act(&other, &event_, offer, added).await;
    refused.expect(400).problem("invalid-request");
    assert!(stage.naming(user.id).await.is_empty());
    assert_eq!(stage.answers().await.len(), 1, "answered once");
    let kinds = stage.kinds().await;
    assert!(!kinds.contains(&"event.recommendations.welcome".to_owned()));
    assert_eq!(stage.read(&author, &event_).await.body["attendeeCount"], 1);
}

/// XC-03: a request that was under way when the account went does not survive.
#[tokio::test]
async fn xc_03_what_was_under_way_does_not_survive() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let full = stage.published(&author, json!({"capacity": 1})).await;
    let open = stage.published(&author, json!({})).await;
    stage.register(&user, &open).await.expect(201);
    assert_eq!(deliver(&stage, &[news(user.id)]).await, 0);
    // The first look is over; these were only a little slower.
    stage.register(&user, &full).await.expect(201);
    stage.register(&user, &open).await.expect(201);
    stage.save(&user, &open).await;
    let feed = stage.feed(&user).await;
    stage.published(&user, json!({})).await;
    // Too early for the second look to be the last.
    go_on(&stage.store, &cx()).await.unwrap();
    assert!(stage.answers().await.is_empty());
    stage.settle();
    go_on(&stage.store, &cx()).await.unwrap();
    let answers = stage.answers().await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["registrations"], 3);
    assert_eq!(stage.read(&author, &full).await.body["attendeeCount"], 0);
    stage.api.get(&feed).send().await.expect(404);
    assert!(stage.naming(user.id).await.is_empty());
}

/// XC-03: the same news twice at the same time, and the schedule with it.
#[tokio::test]
async fn xc_03_at_the_same_time_it_is_counted_once() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    for i in 0..12 {
        let event = stage
            .published(&author, json!({"title": format!("E{i}")}))
            .await;
        stage.register(&user, &event).await.expect(201);
        stage.save(&user, &event).await;
    }
    let gone = news(user.id);
    let both = [gone.clone(), gone];
    let (one, two) = tokio::join!(deliver(&stage, &both), deliver(&stage, &both));
    assert!(one + two < 4, "one of them at least got through");
    stage.settle();
    let (context, same) = (cx(), cx());
    let (one, two) = tokio::join!(go_on(&stage.store, &context), go_on(&stage.store, &same));
    one.unwrap();
    two.unwrap();
    go_on(&stage.store, &cx()).await.unwrap();
    let answers = stage.answers().await;
    assert_eq!(answers.len(), 1, "{answers:?}");
    let counts = (&answers[0]["registrations"], &answers[0]["savedEvents"]);
    assert_eq!(counts, (&json!(12), &json!(12)));
}
