//! EV-10: very many keys, each sent sixteen times at once while about half of
//! the senders stop somewhere on the way. Each key has one effect and one
//! answer, and nobody else is shown that answer for having the same key.
//! `PLENARY_KEYS` says how many; a thousand unless given.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::id::OrganizationId;
use shared::principal::Role;
use shared::testing::{Moment, TestReply, TestUser, stopped};

use crate::race::size;
use crate::support::{Stage, draft, path};

/// Twins of a request.
const TWINS: usize = 16;
/// Rather more await points than any of these requests has.
const POLLS: u64 = 40;
/// The operations.
const OPERATIONS: usize = 6;

/// Numbers in no apparent order, the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides).unwrap()
    }

    /// Where a sender stops, if it does.
    fn stop(&mut self) -> Option<(usize, Moment)> {
        let stops = self.roll(2) == 0;
        let polls = self.roll(POLLS);
        let moment = Moment::ALL[self.roll(3)];
        stops.then_some((polls, moment))
    }
}

/// Two organisations and their people.
struct Houses {
    stage: Stage,
    ours: OrganizationId,
    theirs: OrganizationId,
    author: TestUser,
    colleague: TestUser,
    competitor: TestUser,
    approvers: [TestUser; 3],
    doors: [TestUser; 3],
    festival: Value,
}

impl Houses {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let (ours, theirs) = (
            stage.organization(true).await,
            stage.organization(true).await,
        );
        let trio = async |role| {
            [
                stage.member(ours, role).await,
                stage.member(ours, role).await,
                stage.member(theirs, role).await,
            ]
        };
        let [author, colleague, competitor] = trio(Role::Organizer).await;
        let (approvers, doors) = (trio(Role::Approver).await, trio(Role::Checkin).await);
        let body = draft(json!({"organizationId": ours, "capacity": 100_000}));
        let festival = stage.create(&author, body).await;
        for (who, step) in [
            (&author, "submit"),
            (&approvers[0], "approve"),
            (&author, "publish"),
        ] {
            let moved = stage.act(who, &festival, step, json!({})).await;
            moved.expect(200);
        }
        Self {
            stage,
            ours,
            theirs,
            author,
            colleague,
            competitor,
            approvers,
            doors,
            festival,
        }
    }

    async fn send(&self, by: &TestUser, path: &str, key: &str, body: &Value) -> TestReply {
        let request = self.stage.api.post(path).bearer(by).key(key);
        request.json(body.clone()).send().await
    }

    /// The one answer that all senders of a key get, sooner or later.
    async fn twins(
        &self,
        dice: &mut Dice,
        by: &TestUser,
        path: &str,
        key: &str,
        body: &Value,
    ) -> TestReply {
        let stops: Vec<_> = (0..TWINS).map(|_| dice.stop()).collect();
        let sent = join_all(stops.into_iter().map(async |stop| {
            let sending = self.send(by, path, key, body);
            match stop {
                None => Some(sending.await),
                Some((polls, moment)) => stopped(polls, moment, sending).await,
            }
        }))
        .await;
        let again = [
            self.patient(by, path, key, body).await,
            self.patient(by, path, key, body).await,
        ];
        let last = again[1].clone();
        assert!(last.status.is_success(), "{path} {key}: {}", last.text);
        assert_eq!(last.header("idempotency-replayed"), "true");
        for reply in sent.iter().flatten().chain(&again) {
            // Too much at once is no answer but the advice to come again.
            if reply.status != 503 {
                assert_eq!(reply.status, last.status, "{path} {key}: {}", reply.text);
                assert_eq!(reply.text, last.text, "{path} {key}");
            }
        }
        last
    }

    /// Comes again as long as it is told to.
    async fn patient(&self, by: &TestUser, path: &str, key: &str, body: &Value) -> TestReply {
        for _ in 0..20 {
            let reply = self.send(by, path, key, body).await;
            if reply.status != 503 {
                return reply;
            }
        }
        panic!("{path} {key} is never done");
    }

    /// Somebody else's answer for the same key: their own.
    async fn other(
        &self,
        by: &TestUser,
        (path, key, body): (&str, &str, &Value),
        status: u16,
    ) -> TestReply {
        let reply = self.patient(by, path, key, body).await.expect(status);
        assert_eq!(reply.header("idempotency-replayed"), "", "{path} {key}");
        reply
    }

    /// A draft, and the steps that it has taken.
    async fn event(&self, steps: &[&str]) -> Value {
        let body = draft(json!({"organizationId": self.ours}));
        let event = self.stage.create(&self.author, body).await;
        for step in steps {
            let moved = self.stage.act(&self.author, &event, step, json!({})).await;
            moved.expect(200);
        }
        event
    }

    async fn create(&self, dice: &mut Dice, key: &str) {
        let body = draft(json!({"organizationId": self.ours, "title": key}));
        let path = "/v1/events";
        let first = self.twins(dice, &self.author, path, key, &body).await;
        let second = self.other(&self.colleague, (path, key, &body), 201).await;
        assert_ne!(first.body["id"], second.body["id"]);
        self.other(&self.competitor, (path, key, &body), 404).await;
        let body = draft(json!({"organizationId": self.theirs, "title": key}));
        let third = self.other(&self.competitor, (path, key, &body), 201).await;
        assert_ne!(first.body["id"], third.body["id"]);
        assert_eq!(third.body["organizationId"], json!(self.theirs));
    }

    /// A step of the life cycle: it is taken once, and whoever takes it too
    /// learns that, or that there is no such event.
    async fn step(
        &self,
        dice: &mut Dice,
        key: &str,
        (people, step): ([&TestUser; 3], &str),
        (before, body): (&[&str], Value),
    ) {
        let event = self.event(before).await;
        let path = format!("{}/{step}", path(&event));
        let [first, second, stranger] = people;
        let reply = self.twins(dice, first, &path, key, &body).await;
        let version = event["version"].as_u64().unwrap() + before.len() as u64 + 1;
        assert_eq!(reply.body["version"], version);
        let late = self.other(second, (&path, key, &body), 409).await;
        late.problem("wrong-transition");
        let nothing = self.other(stranger, (&path, key, &body), 404).await;
        nothing.problem("not-found");
    }

    async fn register(&self, dice: &mut Dice, key: &str) -> TestUser {
        let (guest, other) = (self.stage.world.user(), self.stage.world.user());
        let path = format!("{}/registrations", path(&self.festival));
        let first = self.twins(dice, &guest, &path, key, &json!({})).await;
        let second = self.other(&other, (&path, key, &json!({})), 201).await;
        assert_ne!(first.body["id"], second.body["id"]);
        assert_eq!(second.body["userId"], json!(other.id));
        guest
    }

    async fn check_in(&self, dice: &mut Dice, key: &str) {
        let guest = self.stage.world.user();
        let registered = self.stage.register(&guest, &self.festival).await;
        registered.expect(201);
        let path = format!("{}/check-ins", path(&self.festival));
        let body = json!({"userId": guest.id});
        let [door, second, stranger] = &self.doors;
        let first = self.twins(dice, door, &path, key, &body).await;
        assert_eq!(first.body["reason"], "admitted");
        let again = self.other(second, (&path, key, &body), 200).await;
        assert_eq!(again.body["reason"], "already-checked-in");
        self.other(stranger, (&path, key, &body), 403).await;
    }

    /// One operation with `keys` keys, one after the other.
    async fn operation(&self, number: usize, keys: usize) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ number as u64);
        let dice = &mut dice;
        let authors = [&self.author, &self.colleague, &self.competitor];
        let approvers = self.approvers.each_ref();
        for n in 0..keys {
            let key = &format!("{number}-{n}");
            match number {
                0 => self.create(dice, key).await,
                1 => {
                    let nothing = (&[][..], json!({}));
                    self.step(dice, key, (authors, "submit"), nothing).await;
                }
                2 => {
                    let submitted = (&["submit"][..], json!({"note": "Good."}));
                    self.step(dice, key, (approvers, "approve"), submitted)
                        .await;
                }
                3 => {
                    let submitted = (&["submit"][..], json!({"reason": "No."}));
                    self.step(dice, key, (approvers, "reject"), submitted).await;
                }
                4 => drop(self.register(dice, key).await),
                _ => self.check_in(dice, key).await,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ev_10_a_thousand_keys_sent_sixteen_times_at_once_have_one_effect_each() {
    let houses = Houses::new().await;
    let keys = size("PLENARY_KEYS", 1000);
    let shares: Vec<usize> = (0..OPERATIONS)
        .map(|number| (keys + OPERATIONS - 1 - number) / OPERATIONS)
        .collect();
    assert_eq!(shares.iter().sum::<usize>(), keys);
    let operations = shares.iter().enumerate();
    join_all(operations.map(|(number, share)| houses.operation(number, *share))).await;

    let kinds = houses.stage.kinds().await;
    let told = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
    let [create, submit, approve, reject, register, check_in] = shares[..] else {
        panic!("six operations");
    };
    // Each key of `create` is used by three people; the steps before the one
    // that is tried, and the festival's own, are events too.
    let made = submit + approve + reject;
    assert_eq!(told("event.created"), 3 * create + made + 1);
    assert_eq!(told("event.submitted"), made + 1);
    assert_eq!(told("event.approved"), approve + 1);
    assert_eq!(told("event.rejected"), reject);
    assert_eq!(told("event.registration.created"), 2 * register + check_in);
    assert_eq!(told("event.registration.checked_in"), check_in);
    let read = houses.stage.read(&houses.author, &houses.festival).await;
    let attending = 2 * register + check_in;
    assert_eq!(read.body["attendeeCount"], attending);
}
