//! XC-05, XC-12: the process stops at every await point of a request and of a
//! worker, alone and with a racing duplicate; state, events and replies agree
//! at every moment, and in the end everything has happened exactly once.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use axum::Extension;
use serde::Deserialize;
use serde_json::json;
use shared::commit::{Commit, Settled};
use shared::cx::Context;
use shared::event::Event;
use shared::event::users::UserProfileUpdated;
use shared::http::{Api, Json, Reply};
use shared::id::{EventId, UserId};
use shared::principal::Principal;
use shared::problem::Problem;
use shared::table::Table;
use shared::testing::{TestApi, TestDb, TestReply, TestUser, World, event};
use shared::worker::{WorkerError, run_batch};
use utoipa_axum::router::OpenApiRouter;

use crate::support::{Census, Note, census, profile};
use shared::testing::{Moment, stopped};

/// More await points than any of this has; the tests find the true number.
const ENOUGH: usize = 500;

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn create_note(
    Extension(table): Extension<Table>,
    cx: Context,
    principal: Principal,
    Json(new): Json<NewNote>,
) -> Result<Reply, Problem> {
    // A fresh id each time: only the stored reply makes the repetition the same.
    let id = EventId::new().to_string();
    let mut commit = Commit::new(&table, &cx);
    commit.create(&Note::new(&id, &new.text));
    commit.publish(&profile(principal.user_id, &id), 1);
    commit
        .finish(Reply::created(
            &json!({"id": id}),
            &format!("/v1/notes/{id}"),
        )?)
        .await
}

fn api(world: &World) -> TestApi {
    let routes = OpenApiRouter::new()
        .route("/v1/notes", axum::routing::post(create_note))
        .layer(Extension(world.core.table.clone()));
    world.api(Api::new(world.core.clone()).routes(routes).build(()))
}

async fn request(api: &TestApi, user: &TestUser, key: &str) -> TestReply {
    api.post("/v1/notes")
        .bearer(user)
        .key(key)
        .json(json!({"text": "x"}))
        .send()
        .await
}

/// At every moment a request has happened wholly or not at all.
fn whole(counted: Census, before: usize) -> bool {
    counted.notes == counted.events
        && counted.events == counted.replies
        && (counted.notes == before || counted.notes == before + 1)
}

/// What the client got, if anything, and what it gets now, are one reply.
fn agree(earlier: &[Option<TestReply>], last: &TestReply) {
    for reply in earlier.iter().flatten() {
        assert_eq!(reply.status, 201, "{}", reply.text);
        assert_eq!(reply.text, last.text);
        assert_eq!(reply.header("location"), last.header("location"));
    }
}

#[tokio::test]
async fn xc_05_a_request_that_stops_anywhere_happens_once() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let (mut round, mut in_doubt) = (0, 0);
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let key = format!("k{round}");
            let first = stopped(polls, moment, request(&api, &user, &key)).await;
            assert!(
                whole(count(&world).await, round),
                "{moment:?} after {polls} polls"
            );
            let second = request(&api, &user, &key).await.expect(201);
            let third = request(&api, &user, &key).await.expect(201);
            assert_eq!(third.header("idempotency-replayed"), "true");
            done &= first.is_some();
            let replayed = second.header("idempotency-replayed") == "true";
            in_doubt += usize::from(first.is_none() && replayed);
            agree(&[first, Some(second)], &third);
            round += 1;
            assert_eq!(count(&world).await, once_each(round));
        }
        if done {
            // It also stopped where the write was done and the answer unseen.
            assert!(
                polls > 3 && in_doubt > 0,
                "{polls} polls, {in_doubt} in doubt"
            );
            return;
        }
    }
    panic!("it never completed by itself");
}

#[tokio::test]
async fn xc_05_racing_duplicates_that_stop_anywhere_happen_once() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let mut round = 0;
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            for twin in [polls, polls / 2, ENOUGH] {
                let key = format!("k{round}");
                let (a, b) = tokio::join!(
                    stopped(polls, moment, request(&api, &user, &key)),
                    stopped(twin, moment, request(&api, &user, &key)),
                );
                assert!(
                    whole(count(&world).await, round),
                    "{moment:?}, {polls} and {twin} polls"
                );
                done &= a.is_some();
                let last = request(&api, &user, &key).await.expect(201);
                agree(&[a, b], &last);
                round += 1;
                assert_eq!(count(&world).await, once_each(round));
            }
        }
        if done {
            return;
        }
    }
    panic!("it never completed by itself");
}

async fn count(world: &World) -> Census {
    census(&world.db, &world.core.table).await
}

fn once_each(n: usize) -> Census {
    Census {
        notes: n,
        events: n,
        replies: n,
        seen: 0,
    }
}

/// The consumer: a projection per user, and an event of its own.
async fn project(table: Table, event: Event, cx: Context) -> Result<(), WorkerError> {
    let data: UserProfileUpdated = event.data()?;
    let id = data.user_id.to_string();
    let note = table.get_consistent::<Note>(&Note::at(&id)).await?;
    let mut commit = Commit::new(&table, &cx);
    commit.once(event.id);
    commit.project(&Note::new(&id, "projected"), event.sequence);
    let told = note.map_or("first", |_| "later");
    commit.publish(&profile(data.user_id, told), event.sequence);
    commit.execute().await.settled()
}

fn batch(event: &Event) -> SqsEvent {
    let mut message = SqsMessage::default();
    message.message_id = Some("1".into());
    message.body = Some(serde_json::to_string(event).unwrap());
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    batch
}

/// Whether the message was handled, so that the queue forgets it.
async fn deliver(table: &Table, event: &Event) -> bool {
    let handle = |event, cx| project(table.clone(), event, cx);
    run_batch(batch(event), Duration::from_secs(10), handle)
        .await
        .batch_item_failures
        .is_empty()
}

fn fresh() -> Event {
    event(&profile(UserId::new(), "x"), 1)
}

#[tokio::test]
async fn xc_12_a_worker_that_stops_anywhere_handles_once() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    let mut round = 0;
    for polls in 0..ENOUGH {
        let mut done = true;
        for (moment, twin) in Moment::ALL
            .into_iter()
            .flat_map(|m| [(m, 0), (m, polls), (m, ENOUGH)])
        {
            let event = fresh();
            let (a, _) = tokio::join!(
                stopped(polls, moment, deliver(&table, &event)),
                stopped(twin, moment, deliver(&table, &event)),
            );
            let counted = census(&db, &table).await;
            assert!(
                counted.notes == counted.events && counted.events == counted.seen,
                "{counted:?}"
            );
            done &= a.is_some();
            while !deliver(&table, &event).await {}
            assert!(deliver(&table, &event).await, "what comes again is settled");
            round += 1;
            let n = round;
            let counted = census(&db, &table).await;
            assert_eq!(
                counted,
                Census {
                    notes: n,
                    events: n,
                    replies: 0,
                    seen: n
                }
            );
        }
        if done {
            assert!(
                db.outbox(&table)
                    .await
                    .iter()
                    .all(|e| e.data["changes"]["text"] == "first")
            );
            return;
        }
    }
    panic!("it never completed by itself");
}

/// Runs `work` in a runtime of its own, which ends with it: connections and
/// whatever else it had spawned are torn down.
fn in_a_process_of_its_own<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// The service, in a thread that outlives the processes.
fn service() -> (Arc<World>, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let world = runtime
        .block_on(runtime.spawn(async { World::new().await }))
        .unwrap();
    (Arc::new(world), runtime)
}

/// The same tables, with a client of this process.
fn here(world: &World, table: &Table) -> Table {
    let db = TestDb::at(world.db.endpoint());
    Table::new(db.client().clone(), table.name(), table.clock().clone())
}

fn api_here(world: &World) -> TestApi {
    let mut core = world.core.clone();
    core.table = here(world, &core.table);
    core.access = shared::access::AccessReader::new(
        here(world, world.core.access.table()),
        world.core.access.issuer(),
        Duration::ZERO,
    );
    core.limiter = shared::limit::Limiter::new(here(world, world.core.access.table()));
    let routes = OpenApiRouter::new()
        .route("/v1/notes", axum::routing::post(create_note))
        .layer(Extension(core.table.clone()));
    TestApi::new(Api::new(core).routes(routes).build(()))
}

#[test]
fn xc_05_a_process_that_dies_anywhere_leaves_all_or_nothing() {
    let (world, _runtime) = service();
    let user = world.user();
    let (mut round, mut in_doubt) = (0, 0);
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let key = format!("k{round}");
            let attempt = |polls| {
                in_a_process_of_its_own(async {
                    stopped(polls, moment, request(&api_here(&world), &user, &key)).await
                })
            };
            let first = attempt(polls);
            assert!(
                whole(count_here(&world), round),
                "{moment:?} after {polls} polls"
            );
            let last = attempt(ENOUGH).unwrap().expect(201);
            done &= first.is_some();
            let replayed = last.header("idempotency-replayed") == "true";
            in_doubt += usize::from(first.is_none() && replayed);
            agree(&[first], &last);
            round += 1;
            assert_eq!(count_here(&world), once_each(round));
        }
        if done {
            assert!(
                polls > 3 && in_doubt > 0,
                "{polls} polls, {in_doubt} in doubt"
            );
            return;
        }
    }
    panic!("it never completed by itself");
}

#[test]
fn xc_12_a_worker_whose_process_dies_anywhere_handles_once() {
    let (world, _runtime) = service();
    let mut round = 0;
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let event = fresh();
            let attempt = |polls| {
                in_a_process_of_its_own(async {
                    let table = here(&world, &world.core.table);
                    Box::pin(stopped(polls, moment, deliver(&table, &event))).await
                })
            };
            done &= attempt(polls).is_some();
            while attempt(ENOUGH) != Some(true) {}
            round += 1;
            let n = round;
            assert_eq!(
                count_here(&world),
                Census {
                    notes: n,
                    events: n,
                    replies: 0,
                    seen: n
                }
            );
        }
        if done {
            return;
        }
    }
    panic!("it never completed by itself");
}

fn count_here(world: &World) -> Census {
    in_a_process_of_its_own(async {
        let db = TestDb::at(world.db.endpoint());
        census(&db, &here(world, &world.core.table)).await
    })
}
