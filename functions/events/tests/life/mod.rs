//! EV-05 to EV-10, EV-16, EV-19, EV-20: random sequences of everything that can
//! happen to an event, against a small model that says what ought to come of
//! it: which answer, which state, and what others hear.

mod reference;

use jiff::SignedDuration;
use plenary_events::worker::complete_past;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shared::principal::Role;
use shared::testing::{TestReply, TestRequest, TestUser, cx};

use crate::support::{Stage, draft, path};
use crate::worker::{deliver, last};
use reference::{ADMIN, APPROVER, AUTHOR, Field, Match, PEOPLE, Reference, State};

const CAPACITY: u32 = 2;
/// Somebody from outside.
const STRANGER: usize = PEOPLE - 1;

/// What can happen; the first number is who does it.
#[derive(Debug, Clone)]
enum Step {
    Submit(usize),
    Approve(usize, Match),
    Reject(usize),
    Publish(usize),
    Cancel(usize),
    Delete(usize),
    Patch(usize, (Field, u32), Match),
    ApproveChange(usize, Match),
    RejectChange(usize),
    WithdrawChange(usize),
    Register(usize),
    Withdraw(usize),
    HandOver(usize, usize),
    TakeOver(usize, usize),
    CheckIn(usize, usize),
    Feedback(usize),
    Save(usize, bool),
    /// The end passes; nobody has noticed yet.
    End,
    /// The schedule notices.
    Complete,
}

fn step() -> impl Strategy<Value = Step> {
    let anybody = || 0..PEOPLE;
    // Mostly somebody who may, or else nothing ever happens.
    let maker = || prop_oneof![6 => Just(AUTHOR), 2 => Just(ADMIN), 2 => anybody()];
    let decider = || prop_oneof![6 => Just(APPROVER), 2 => Just(ADMIN), 2 => anybody()];
    let version = || prop_oneof![8 => Just(Match::Current), 1 => Just(Match::Stale), 2 => Just(Match::Missing)];
    let field = prop_oneof![
        (Just(Field::Title), 0..4_u32),
        (Just(Field::Capacity), 1..5_u32)
    ];
    let decisions = prop_oneof![
        4 => maker().prop_map(Step::Submit),
        4 => (decider(), version()).prop_map(|(who, version)| Step::Approve(who, version)),
        1 => decider().prop_map(Step::Reject),
        4 => maker().prop_map(Step::Publish),
        1 => maker().prop_map(Step::Cancel),
        1 => maker().prop_map(Step::Delete),
        6 => (maker(), field, version()).prop_map(|(who, set, version)| Step::Patch(who, set, version)),
        3 => (decider(), version()).prop_map(|(who, version)| Step::ApproveChange(who, version)),
        1 => decider().prop_map(Step::RejectChange),
        1 => maker().prop_map(Step::WithdrawChange),
    ];
    let attending = prop_oneof![
        6 => anybody().prop_map(Step::Register),
        3 => anybody().prop_map(Step::Withdraw),
        2 => (anybody(), anybody()).prop_map(|(who, to)| Step::HandOver(who, to)),
        2 => (anybody(), anybody()).prop_map(|(who, from)| Step::TakeOver(who, from)),
        3 => (maker(), anybody()).prop_map(|(who, guest)| Step::CheckIn(who, guest)),
        2 => anybody().prop_map(Step::Feedback),
        2 => (anybody(), any::<bool>()).prop_map(|(who, saves)| Step::Save(who, saves)),
        1 => Just(Step::End),
        1 => Just(Step::Complete),
    ];
    prop_oneof![decisions, attending]
}

/// A life that has got so far already, where the rules let it.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let begun = prop_oneof![
        Just(Vec::new()),
        Just(vec![
            Step::Submit(AUTHOR),
            Step::Approve(APPROVER, Match::Missing),
            Step::Publish(AUTHOR),
        ]),
    ];
    (begun, prop::collection::vec(step(), 5..35)).prop_map(|(begun, more)| [begun, more].concat())
}

/// The real thing beside the reference.
struct Run {
    stage: Stage,
    people: Vec<TestUser>,
    event: Value,
    reference: Reference,
}

impl Run {
    async fn new(approval: bool) -> Self {
        let stage = Stage::new().await;
        let org = stage.organization(approval).await;
        let mut people = Vec::new();
        for role in [
            Role::Organizer,
            Role::Organizer,
            Role::Approver,
            Role::Admin,
            Role::Checkin,
        ] {
            people.push(stage.member(org, role).await);
        }
        people.resize_with(PEOPLE, || stage.world.user());
        let body = draft(json!({"organizationId": org, "capacity": CAPACITY, "title": "0"}));
        let event = stage.create(&people[AUTHOR], body).await;
        Self {
            stage,
            people,
            event,
            reference: Reference::new(approval, CAPACITY),
        }
    }

    fn at(&self, what: &str) -> String {
        format!("{}{what}", path(&self.event))
    }

    async fn post(&self, who: usize, what: &str, body: Value) -> u16 {
        let request = self
            .stage
            .api
            .post(&self.at(what))
            .bearer(&self.people[who]);
        self.answered(request.json(body)).await.status.as_u16()
    }

    async fn put(&self, who: usize, what: &str, body: Value) -> u16 {
        let request = self.stage.api.put(&self.at(what)).bearer(&self.people[who]);
        self.answered(request.json(body)).await.status.as_u16()
    }

    async fn end(&self, who: usize, what: &str) -> u16 {
        let request = self
            .stage
            .api
            .delete(&self.at(what))
            .bearer(&self.people[who]);
        self.answered(request).await.status.as_u16()
    }

    /// Nothing that anybody may do is too much for the server.
    async fn answered(&self, request: TestRequest) -> TestReply {
        let reply = request.send().await;
        assert!(reply.status.as_u16() < 500, "{}", reply.text);
        reply
    }

    fn matching(&self, request: TestRequest, version: Match) -> TestRequest {
        let current = self
            .reference
            .event
            .as_ref()
            .map_or(0, |event| event.version);
        match version {
            Match::Current => request.header("if-match", &format!("\"{current}\"")),
            Match::Stale => request.header("if-match", "\"99\""),
            Match::Missing => request,
        }
    }

    async fn decide(&self, who: usize, what: &str, version: Match) -> u16 {
        let request = self
            .stage
            .api
            .post(&self.at(what))
            .bearer(&self.people[who]);
        let request = self.matching(request, version).json(json!({}));
        self.answered(request).await.status.as_u16()
    }

    async fn patch(&self, who: usize, (field, value): (Field, u32), version: Match) -> u16 {
        let body = match field {
            Field::Title => json!({"title": value.to_string()}),
            Field::Capacity => json!({"capacity": value}),
        };
        let request = self.stage.api.patch(&self.at("")).bearer(&self.people[who]);
        let request = self.matching(request, version).json(body);
        self.answered(request).await.status.as_u16()
    }

    /// Does a step, and has the worker hear of what followed.
    async fn take(&mut self, step: &Step) {
        let reason = json!({"reason": "No."});
        let done = match *step {
            Step::Submit(who) => self.post(who, "/submit", json!({})).await,
            Step::Approve(who, version) => self.decide(who, "/approve", version).await,
            Step::Reject(who) => self.post(who, "/reject", reason).await,
            Step::Publish(who) => self.post(who, "/publish", json!({})).await,
            Step::Cancel(who) => self.post(who, "/cancel", json!({})).await,
            Step::Delete(who) => self.end(who, "").await,
            Step::Patch(who, set, version) => self.patch(who, set, version).await,
            Step::ApproveChange(who, version) => self.decide(who, "/change/approve", version).await,
            Step::RejectChange(who) => self.post(who, "/change/reject", reason).await,
            Step::WithdrawChange(who) => self.end(who, "/change").await,
            Step::Register(who) => self.post(who, "/registrations", json!({})).await,
            Step::Withdraw(who) => self.end(who, "/registrations").await,
            Step::HandOver(who, to) => {
                let body = json!({"userId": self.people[to].id});
                self.post(who, "/registrations/me/transfer", body).await
            }
            Step::TakeOver(who, from) => {
                let body = json!({"fromUserId": self.people[from].id});
                self.post(who, "/registrations/take-over", body).await
            }
            Step::CheckIn(who, guest) => return self.check_in(who, guest).await,
            Step::Feedback(who) => self.put(who, "/feedback", json!({"rating": 4})).await,
            Step::Save(who, true) => self.put(who, "/save", json!({})).await,
            Step::Save(who, false) => self.end(who, "/save").await,
            Step::End => return self.pass(),
            Step::Complete => {
                complete_past(&self.stage.store, &cx()).await.unwrap();
                return self.reference.complete();
            }
        };
        let before = self.reference.told.clone();
        assert_eq!(done, self.expected(step), "{step:?}");
        for kind in ["event.cancelled", "event.updated"] {
            if self.reference.told.get(kind) != before.get(kind) {
                let told = last(&self.stage, kind).await;
                // The bus may tell it twice.
                let twice = [told.clone(), told];
                assert_eq!(deliver(&self.stage, &twice).await, 0);
            }
        }
    }

    fn expected(&mut self, step: &Step) -> u16 {
        let reference = &mut self.reference;
        let outcome = match *step {
            Step::Submit(who) => reference.submit(who),
            Step::Approve(who, version) => reference.decide(who, true, version),
            Step::Reject(who) => reference.decide(who, false, Match::Missing),
            Step::Publish(who) => reference.publish(who),
            Step::Cancel(who) => reference.cancel(who),
            Step::Delete(who) => reference.delete(who),
            Step::Patch(who, set, version) => reference.patch(who, set, version),
            Step::ApproveChange(who, version) => reference.decide_change(who, true, version),
            Step::RejectChange(who) => reference.decide_change(who, false, Match::Missing),
            Step::WithdrawChange(who) => reference.withdraw_change(who),
            Step::Register(who) => reference.register(who),
            Step::Withdraw(who) => reference.withdraw(who),
            Step::HandOver(who, to) => reference.hand_over(who, to),
            Step::TakeOver(who, from) => reference.take_over(who, from),
            Step::Feedback(who) => reference.feedback(who),
            Step::Save(who, saves) => reference.save(who, saves),
            Step::CheckIn(..) | Step::End | Step::Complete => unreachable!("no plain request"),
        };
        outcome.unwrap_or_else(|refused| refused)
    }

    async fn check_in(&mut self, who: usize, guest: usize) {
        let request = self.stage.api.post(&self.at("/check-ins"));
        let body = json!({"userId": self.people[guest].id});
        let request = request.bearer(&self.people[who]).json(body);
        let reply = self.answered(request).await;
        match self.reference.check_in(who, guest) {
            Ok(reason) => assert_eq!(reply.expect(200).body["reason"], reason),
            Err(refused) => assert_eq!(reply.status, refused),
        }
    }

    fn pass(&mut self) {
        if self.reference.over {
            return;
        }
        self.reference.over = true;
        let world = &self.stage.world;
        world.clock.advance(SignedDuration::from_hours(24 * 60));
        for user in &mut self.people {
            user.token = world.token(&world.claims(user.id, user.session));
        }
    }

    /// The event is as it ought to be.
    async fn agree(&self) {
        let read = self.stage.read(&self.people[AUTHOR], &self.event).await;
        let Some(event) = &self.reference.event else {
            read.expect(404);
            return;
        };
        let body = read.expect(200).body;
        let places = |state| self.reference.count(|other| other == state);
        for (name, value) in [
            ("status", json!(event.status.name())),
            ("version", json!(event.version)),
            ("title", json!(event.fields[&Field::Title].to_string())),
            ("capacity", json!(event.fields[&Field::Capacity])),
            ("attendeeCount", json!(self.reference.confirmed())),
            ("waitlistCount", json!(places(State::Waitlisted))),
        ] {
            assert_eq!(body[name], value, "{name} in {body}");
        }
        let pending = event.pending.is_some();
        assert_eq!(body["changePending"] == true, pending, "{body}");
        assert!(self.reference.confirmed() <= event.fields[&Field::Capacity]);
    }

    /// And so is everything else.
    async fn agree_wholly(&self) {
        let reference = &self.reference;
        for (who, user) in self.people.iter().enumerate() {
            let mine = self.stage.mine(user, &self.event).await;
            let place = reference.places[who].map(|place| place.state.name());
            assert_eq!(mine["status"].as_str(), place, "{who}: {mine}");
            let saved = self.stage.api.get("/v1/events/saved").bearer(user);
            let saved = saved.send().await.expect(200).body;
            let shown = usize::from(reference.saved[who] && reference.visible(who));
            assert_eq!(saved["items"].as_array().unwrap().len(), shown, "{who}");
        }
        let seen = self.stage.read(&self.people[STRANGER], &self.event).await;
        assert_eq!(seen.status == 200, reference.visible(STRANGER));
        if let Some(event) = &reference.event {
            let history = self.stage.api.get(&self.at("/history?limit=100"));
            let history = history
                .bearer(&self.people[AUTHOR])
                .send()
                .await
                .expect(200);
            let entries = history.body["items"].as_array().unwrap().len() as u64;
            assert_eq!(entries, event.version);
        }
        let mut told = reference.told.clone();
        for kind in self.stage.kinds().await {
            let left = told.get_mut(kind.as_str());
            let left = left.unwrap_or_else(|| panic!("{kind} was told"));
            *left = left
                .checked_sub(1)
                .unwrap_or_else(|| panic!("{kind} again"));
        }
        assert!(told.values().all(|left| *left == 0), "not told: {told:?}");
    }
}

#[test]
fn ev_05_to_10_the_life_of_an_event_follows_the_model() {
    let mut config = ProptestConfig::with_cases(150);
    config.failure_persistence = None;
    TestRunner::new(config)
        .run(&(any::<bool>(), steps()), |(approval, steps)| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut run = Run::new(approval).await;
                for step in &steps {
                    run.take(step).await;
                    run.agree().await;
                }
                run.agree_wholly().await;
            });
            Ok(())
        })
        .unwrap();
}
