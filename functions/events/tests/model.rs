//! B3-02, B3-03: random sequences of what can happen to registrations, against
//! a small model that says what ought to come of them.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use plenary_events::worker::end_offers;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shared::testing::{TestUser, cx};

use crate::support::{Stage, path};
use crate::worker::{deliver, last};

const KINDS: [&str; 2] = ["a", "b"];
const PEOPLE: usize = 8;
/// How long an offer stands, and a step of the clock, in minutes.
const OFFER: i64 = 3;

#[derive(Debug, Clone)]
enum Step {
    Register {
        who: usize,
        kind: usize,
        quantity: u32,
        wait: bool,
    },
    Withdraw {
        who: usize,
    },
    Accept {
        who: usize,
    },
    Wait,
    Capacity {
        capacity: u32,
    },
    Quota {
        kind: usize,
        quota: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    prop_oneof![
        6 => (who.clone(), 0..2_usize, 1..=3_u32, prop::bool::weighted(0.9))
            .prop_map(|(who, kind, quantity, wait)| Step::Register { who, kind, quantity, wait }),
        4 => who.clone().prop_map(|who| Step::Withdraw { who }),
        2 => who.prop_map(|who| Step::Accept { who }),
        1 => Just(Step::Wait),
        1 => (1..=8_u32).prop_map(|capacity| Step::Capacity { capacity }),
        1 => (0..2_usize, 0..=5_u32).prop_map(|(kind, quota)| Step::Quota { kind, quota }),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Confirmed,
    Waitlisted,
    Offered(i64),
    Cancelled,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Waitlisted => "waitlisted",
            Self::Offered(_) => "offered",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What ought to be.
struct Reference {
    capacity: u32,
    quotas: [u32; 2],
    offers: bool,
    now: i64,
    people: Vec<Option<(usize, u32, State)>>,
    /// Who waits, in order.
    queue: Vec<usize>,
}

impl Reference {
    fn taken(&self, kind: Option<usize>) -> u32 {
        let all = self.people.iter().flatten();
        all.filter(|(of, _, state)| {
            kind.is_none_or(|kind| kind == *of)
                && matches!(state, State::Confirmed | State::Offered(_))
        })
        .map(|(_, quantity, _)| quantity)
        .sum()
    }

    fn fits(&self, kind: usize, quantity: u32) -> (bool, bool) {
        (
            self.taken(None) + quantity <= self.capacity,
            self.taken(Some(kind)) + quantity <= self.quotas[kind],
        )
    }

    /// Whether so many could ever have places together.
    fn could_hold(&self, kind: usize, quantity: u32) -> bool {
        quantity <= self.capacity.min(self.quotas[kind])
    }

    /// The one who is next, if there are places.
    fn next(&self, queue: &[usize]) -> Option<usize> {
        let mut blocked = BTreeSet::new();
        for who in queue {
            let (kind, quantity, _) = self.people[*who].unwrap();
            if !self.could_hold(kind, quantity) {
                continue;
            }
            let (overall, own) = self.fits(kind, quantity);
            if blocked.contains(&kind) || !own {
                blocked.insert(kind);
            } else {
                return overall.then_some(*who);
            }
        }
        None
    }

    fn settle(&mut self) {
        while let Some(who) = self.next(&self.queue) {
            self.queue.retain(|other| *other != who);
            let until = State::Offered(self.now + OFFER);
            let state = if self.offers { until } else { State::Confirmed };
            self.people[who].as_mut().unwrap().2 = state;
        }
    }

    fn cancel(&mut self, who: usize) {
        self.queue.retain(|other| *other != who);
        self.people[who].as_mut().unwrap().2 = State::Cancelled;
        self.settle();
    }

    fn register(&mut self, who: usize, kind: usize, quantity: u32, wait: bool) -> u16 {
        if self.people[who].is_some_and(|(_, _, state)| state != State::Cancelled) {
            return 409;
        }
        if !self.could_hold(kind, quantity) {
            return 409;
        }
        let before = self.people[who].replace((kind, quantity, State::Waitlisted));
        let queue = [self.queue.clone(), vec![who]].concat();
        if self.next(&queue) == Some(who) {
            self.people[who].as_mut().unwrap().2 = State::Confirmed;
        } else if wait {
            self.queue = queue;
        } else {
            self.people[who] = before;
            return 409;
        }
        201
    }

    fn pass(&mut self) {
        self.now += 1;
        loop {
            // In the order in which they end, as the schedule finds them.
            let ended = self.people.iter().position(|person| {
                matches!(person, Some((_, _, State::Offered(until))) if *until <= self.now)
            });
            let Some(who) = ended else { return };
            self.cancel(who);
        }
    }
}

/// The real thing beside the reference.
struct Run {
    stage: Stage,
    author: TestUser,
    people: Vec<TestUser>,
    event: Value,
    reference: Reference,
}

impl Run {
    async fn new(offers: bool) -> Self {
        let stage = Stage::new().await;
        let author = stage.world.user();
        let event = stage.published(&author, json!({"capacity": 5})).await;
        let people = (0..PEOPLE).map(|_| stage.world.user()).collect();
        let reference = Reference {
            capacity: 5,
            quotas: [3, 4],
            offers,
            now: 0,
            people: vec![None; PEOPLE],
            queue: Vec::new(),
        };
        let run = Self {
            stage,
            author,
            people,
            event,
            reference,
        };
        assert!(run.admit([3, 4]).await);
        run
    }

    async fn admit(&self, quotas: [u32; 2]) -> bool {
        let kind = |i: usize| json!({"id": KINDS[i], "name": KINDS[i], "quota": quotas[i], "maxPerRegistration": 3});
        let mut body = json!({"ticketTypes": [kind(0), kind(1)]});
        if self.reference.offers {
            body["offerMinutes"] = json!(OFFER);
        }
        let set = self.stage.admit(&self.author, &self.event, body).await;
        if set.status != 200 {
            set.problem("capacity-too-small");
            return false;
        }
        let told = last(&self.stage, "event.admission.updated").await;
        assert_eq!(deliver(&self.stage, &[told]).await, 0);
        true
    }

    async fn take(&mut self, step: &Step) {
        let (stage, event, reference) = (&self.stage, &self.event, &mut self.reference);
        match *step {
            Step::Register {
                who,
                kind,
                quantity,
                wait,
            } => {
                let wish =
                    json!({"ticketType": KINDS[kind], "quantity": quantity, "waitlist": wait});
                let status = stage.wish(&self.people[who], event, wish).await.status;
                assert_eq!(
                    status.as_u16(),
                    reference.register(who, kind, quantity, wait)
                );
            }
            Step::Withdraw { who } => {
                let status = stage.withdraw(&self.people[who], event).await.status;
                match reference.people[who] {
                    None => assert_eq!(status, 404),
                    Some((_, _, was)) => {
                        assert_eq!(status, 204);
                        if was != State::Cancelled {
                            reference.cancel(who);
                        }
                    }
                }
            }
            Step::Accept { who } => {
                let accept = format!("{}/registrations/me/accept", path(event));
                let status = stage
                    .api
                    .post(&accept)
                    .bearer(&self.people[who])
                    .send()
                    .await
                    .status;
                let expected = match &mut reference.people[who] {
                    None => 404,
                    Some((_, _, offer @ State::Offered(_))) => {
                        *offer = State::Confirmed;
                        200
                    }
                    Some((_, _, State::Confirmed)) => 200,
                    Some(_) => 409,
                };
                assert_eq!(status, expected);
            }
            Step::Wait => {
                stage.world.clock.advance(SignedDuration::from_mins(1));
                end_offers(&stage.store, &cx()).await.unwrap();
                reference.pass();
                for user in self.people.iter_mut().chain([&mut self.author]) {
                    user.token = stage
                        .world
                        .token(&stage.world.claims(user.id, user.session));
                }
            }
            Step::Capacity { capacity } => {
                let patch = stage
                    .api
                    .patch(&path(event))
                    .bearer(&self.author)
                    .header("if-match", "*");
                let set = patch.json(json!({"capacity": capacity})).send().await;
                if capacity < reference.taken(None) {
                    set.expect(409).problem("capacity-too-small");
                } else {
                    set.expect(200);
                    let told = last(stage, "event.updated").await;
                    assert_eq!(deliver(stage, &[told]).await, 0);
                    reference.capacity = capacity;
                    reference.settle();
                }
            }
            Step::Quota { kind, quota } => {
                let mut quotas = reference.quotas;
                quotas[kind] = quota;
                let fits = quota >= reference.taken(Some(kind));
                assert_eq!(self.admit(quotas).await, fits);
                if fits {
                    self.reference.quotas = quotas;
                    self.reference.settle();
                }
            }
        }
    }

    async fn agree(&self) {
        let reference = &self.reference;
        for (who, user) in self.people.iter().enumerate() {
            let mine = self.stage.mine(user, &self.event).await;
            let Some((kind, _, state)) = reference.people[who] else {
                assert_eq!(mine["status"], 404);
                continue;
            };
            assert_eq!(mine["status"], state.name(), "{who}");
            let before = reference.queue.iter().take_while(|other| **other != who);
            let of_kind = before.filter(|other| reference.people[**other].unwrap().0 == kind);
            if state == State::Waitlisted {
                assert_eq!(mine["waitlistPosition"], of_kind.count() + 1);
            }
        }
        let id = self.event["id"].as_str().unwrap().parse().unwrap();
        let (_, counts) = self.stage.store.event(id).await.unwrap();
        assert_eq!(counts.confirmed, reference.taken(None));
        assert!(counts.confirmed <= reference.capacity);
        for (i, kind) in KINDS.iter().enumerate() {
            assert_eq!(counts.kind(kind).taken, reference.taken(Some(i)));
        }
        let waiting = reference
            .queue
            .iter()
            .map(|who| reference.people[*who].unwrap().1);
        assert_eq!(counts.waitlisted, waiting.sum::<u32>());
    }
}

#[test]
fn ev_19_20_registrations_follow_the_model() {
    let mut config = ProptestConfig::with_cases(12);
    config.failure_persistence = None;
    let steps = (any::<bool>(), prop::collection::vec(step(), 10..30));
    TestRunner::new(config)
        .run(&steps, |(offers, steps)| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut run = Run::new(offers).await;
                for step in &steps {
                    run.take(step).await;
                    run.agree().await;
                }
            });
            Ok(())
        })
        .unwrap();
}
