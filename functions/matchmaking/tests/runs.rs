use serde_json::{Value, json};
use shared::event::Event;
use shared::id::{EventId, OrganizationId};
use shared::principal::Role;
use shared::testing::{TestReply, TestUser};

use crate::stage::{Stage, baker, cancelled, founder, investor};

async fn start(stage: &Stage, user: &TestUser, event: EventId) -> TestReply {
    let request = stage.api.post("/v1/matchmaking/runs").bearer(user);
    request.json(json!({"eventId": event})).send().await
}

/// Hands what was committed for publication to the worker until there is no
/// more, as relay and queue do; how many chunks that were.
async fn drain(stage: &Stage) -> usize {
    let mut done: Vec<Event> = Vec::new();
    loop {
        let outbox = stage.world.outbox(stage.world.table()).await;
        let Some(next) = outbox
            .iter()
            .find(|event| !done.iter().any(|d| d.id == event.id))
        else {
            return done.len();
        };
        stage.done(std::slice::from_ref(next)).await;
        // At least once: the duplicate changes nothing.
        stage.done(std::slice::from_ref(next)).await;
        done.push(next.clone());
    }
}

fn weights(complementarity: f64, industries: f64) -> Value {
    json!({
        "complementarity": complementarity, "similarity": 0, "industries": industries,
        "interests": 0, "availability": 0.1
    })
}

#[tokio::test]
async fn mm_04_a_run_gives_everybody_fresh_results() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let organizer = stage.world.user();
    stage.publish(event, organizer.id, None).await;
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let before = stage
        .matches(&me, &format!("?eventId={event}"))
        .await
        .expect(200);
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_secs(1));
    let reply = start(&stage, &organizer, event).await.expect(202);
    assert_eq!(reply.body["status"], json!("queued"));
    let location = reply.header("location").to_owned();
    assert_eq!(drain(&stage).await, 1);
    let run = stage
        .api
        .get(&location)
        .bearer(&organizer)
        .send()
        .await
        .expect(200);
    assert_eq!(run.body["status"], json!("completed"));
    assert_eq!(
        (&run.body["people"], &run.body["done"]),
        (&json!(2), &json!(2))
    );
    // The results of the run serve: they bear its time although the clock goes on.
    let ran_at = stage.world.clock.now();
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_secs(60));
    for user in [&me, &angel] {
        let after = stage
            .matches(user, &format!("?eventId={event}"))
            .await
            .expect(200);
        assert_eq!(after.body["computedAt"], json!(ran_at));
        assert_ne!(after.body["computedAt"], before.body["computedAt"]);
        assert_eq!(
            after.body["items"][0]["score"],
            before.body["items"][0]["score"]
        );
    }
}

#[tokio::test]
async fn mm_04_a_run_of_many_goes_on_chunk_by_chunk() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let organizer = stage.world.user();
    stage.publish(event, organizer.id, None).await;
    for _ in 0..plenary_matchmaking::worker::RUN_CHUNK + 5 {
        stage.attendee(event, baker()).await;
    }
    let reply = start(&stage, &organizer, event).await.expect(202);
    assert_eq!(drain(&stage).await, 2);
    let location = reply.header("location").to_owned();
    let run = stage
        .api
        .get(&location)
        .bearer(&organizer)
        .send()
        .await
        .expect(200);
    assert_eq!(run.body["status"], json!("completed"));
    assert_eq!(
        (&run.body["people"], &run.body["done"]),
        (&json!(105), &json!(105))
    );
}

#[tokio::test]
async fn mm_04_runs_are_for_organisers_and_not_too_often() {
    let stage = Stage::new().await;
    let (event, organization) = (EventId::new(), OrganizationId::new());
    let organizer = stage.world.member(organization, Role::Organizer).await;
    let checkin = stage.world.member(organization, Role::Checkin).await;
    let foreign = stage.world.member(OrganizationId::new(), Role::Owner).await;
    start(&stage, &organizer, event)
        .await
        .expect(404)
        .problem("not-found");
    stage
        .publish(event, stage.world.user().id, Some(organization))
        .await;
    for user in [&checkin, &foreign, &stage.attendee(event, founder()).await] {
        start(&stage, user, event)
            .await
            .expect(403)
            .problem("forbidden");
    }
    let reply = start(&stage, &organizer, event).await.expect(202);
    let location = reply.header("location").to_owned();
    stage
        .api
        .get(&location)
        .bearer(&foreign)
        .send()
        .await
        .expect(404);
    let missing = "/v1/matchmaking/runs/run_01h2xcejqtf2nbrexx3vqjhp41";
    stage
        .api
        .get(missing)
        .bearer(&organizer)
        .send()
        .await
        .expect(404);
    let soon = start(&stage, &organizer, event)
        .await
        .expect(409)
        .problem("run-too-soon");
    assert!(soon.header("retry-after").parse::<u32>().unwrap() <= 61);
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_secs(61));
    start(&stage, &organizer, event).await.expect(202);
    stage.done(&[cancelled(event, organizer.id, 9)]).await;
    let request = stage.api.post("/v1/matchmaking/runs").bearer(&organizer);
    request
        .json(json!({"eventId": "x"}))
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn mm_04_the_same_key_begins_one_run() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let organizer = stage.world.user();
    stage.publish(event, organizer.id, None).await;
    let post = || {
        let request = stage
            .api
            .post("/v1/matchmaking/runs")
            .bearer(&organizer)
            .key("run-1");
        request.json(json!({"eventId": event})).send()
    };
    let (first, second) = (post().await.expect(202), post().await.expect(202));
    assert_eq!(first.body, second.body);
    assert_eq!(stage.world.outbox(stage.world.table()).await.len(), 1);
}

#[tokio::test]
async fn mm_03_organisers_decide_what_counts() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let path = format!("/v1/matchmaking/events/{event}/weights");
    let organizer = stage.world.user();
    stage
        .api
        .get(&path)
        .bearer(&organizer)
        .send()
        .await
        .expect(404);
    stage.publish(event, organizer.id, None).await;
    let default = stage
        .api
        .get(&path)
        .bearer(&organizer)
        .send()
        .await
        .expect(200);
    assert!((default.body["complementarity"].as_f64().unwrap() - 0.4).abs() < 1e-6);
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let mut colleague = founder();
    colleague["company"] = json!("Initech");
    let colleague = stage.attendee(event, colleague).await;
    let put = |body| stage.api.put(&path).bearer(&organizer).json(body);
    put(weights(1.0, 0.0)).send().await.expect(200);
    assert_eq!(stage.found(&me, event).await[0], angel.id);
    let reply = stage
        .matches(&me, &format!("?eventId={event}"))
        .await
        .expect(200);
    assert_eq!(reply.body["items"][0]["score"], json!(1.0));
    // At once, although the results are kept.
    let only_likeness = json!({
        "complementarity": 0, "similarity": 1, "industries": 0, "interests": 0, "availability": 0
    });
    put(only_likeness).send().await.expect(200);
    assert_eq!(stage.found(&me, event).await[0], colleague.id);
    let stored = stage
        .api
        .get(&path)
        .bearer(&organizer)
        .send()
        .await
        .expect(200);
    assert_eq!(stored.body["similarity"], json!(1.0));
}

#[tokio::test]
async fn mm_03_bad_weights_and_strangers_are_refused() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let path = format!("/v1/matchmaking/events/{event}/weights");
    let organizer = stage.world.user();
    stage.publish(event, organizer.id, None).await;
    let put = |user: &TestUser, body| stage.api.put(&path).bearer(user).json(body).send();
    for (body, pointer) in [
        (weights(1.5, 0.0), "/complementarity"),
        (weights(0.0, -0.1), "/industries"),
        (weights(0.0, 0.0), ""),
        (json!({"complementarity": 1}), ""),
    ] {
        let reply = put(&organizer, body)
            .await
            .expect(400)
            .problem("invalid-request");
        assert_eq!(reply.body["errors"][0]["pointer"], json!(pointer));
    }
    let attendee = stage.attendee(event, founder()).await;
    put(&attendee, weights(1.0, 0.0))
        .await
        .expect(403)
        .problem("forbidden");
    stage
        .api
        .get(&path)
        .bearer(&attendee)
        .send()
        .await
        .expect(403);
    let nonsense = "/v1/matchmaking/events/x/weights";
    stage
        .api
        .get(nonsense)
        .bearer(&organizer)
        .send()
        .await
        .expect(404);
}
