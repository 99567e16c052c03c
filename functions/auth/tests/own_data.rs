//! B1-12, XC-03, SC-11: deleting one's own account, changing one's mind, what is
//! left, exports and consents.

use std::time::Duration;

use jiff::SignedDuration;
use plenary_auth::{
    model::deletion::UNDO_WINDOW,
    worker::{Disobedience, GivenUp},
};
use serde_json::{Value, json};
use shared::{
    event::Event,
    id::OperationId,
    testing::{Moment, TestReply, cx, stopped},
};

use crate::{
    administration::{decide, deliver, last, login, owner},
    support::{PASSWORD, Person, Stack},
};

const CANCEL: &str = "/v1/users/me/deletion/cancel";

impl Stack {
    async fn leave(&self, who: &Person) -> TestReply {
        let request = self.api.delete("/v1/users/me").token(&who.access);
        request.send().await
    }

    async fn stay(&self, token: &str) -> TestReply {
        let request = self.api.post(CANCEL).json(json!({"token": token}));
        request.send().await
    }

    async fn sweep(&self) -> usize {
        self.worker().sweep(&cx()).await.unwrap()
    }

    /// An account that was given up; the event that says so.
    async fn given_up(&self, who: &Person) -> Event {
        self.leave(who).await.expect(202);
        self.world.clock.advance(UNDO_WINDOW);
        assert_eq!(self.sweep().await, 1);
        last(self, "user.deleted").await
    }

    /// What the tables still hold of somebody, but for what is published, the mark,
    /// the ends of sessions and memberships, and the id of who founded an
    /// organisation.
    async fn left_of(&self, who: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for table in [self.world.table(), self.world.access()] {
            for item in self.world.db.items(table).await {
                let key = format!("{:?} {:?}", item["pk"], item["sk"]);
                let text = format!("{item:?}");
                let named = text.contains(&who.id.to_string()) || text.contains(&who.email);
                let kind = item.get("kind").map(|kind| kind.as_s().unwrap().as_str());
                let expected = match kind {
                    Some("outbox" | "erased" | "revoked-session" | "member") => true,
                    Some("organization" | "invitation") => !text.contains(&who.email),
                    _ => false,
                };
                if named && !expected {
                    left.push(key);
                }
            }
        }
        left
    }

    /// How often the erasing was said to be done, and what it counted.
    async fn erased(&self) -> Vec<Value> {
        let told = self.world.outbox(self.world.table()).await;
        let told = told.into_iter();
        told.filter(|event| event.kind == "saga.step.completed")
            .map(|event| event.data)
            .collect()
    }
}

/// B1-12: deactivated at once, for every way in; a sign-in gets what undoes it,
/// once.
#[tokio::test]
async fn b1_12_a_deleted_account_is_out_at_once_and_comes_back_by_signing_in() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let other = stack.login(&ada).await;
    let (_, key) = stack.key(&ada, &["users:read"]).await;
    stack.me_by(&key).await.expect(200);
    let reply = stack.leave(&ada).await.expect(202);
    let id: OperationId = reply.body["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(reply.header("location"), format!("/v1/operations/{id}"));
    assert_eq!(reply.body["kind"], "account-deletion");
    assert_eq!(reply.body["eraseAt"], "2026-09-15T10:00:00Z");
    for person in [&ada, &other] {
        stack.get("/v1/users/me", person).await.expect(401);
        stack.refresh(&person.refresh).await.expect(401);
    }
    stack.me_by(&key).await.expect(401);
    assert_eq!(stack.session_count(&ada).await, 0);
    let letter = last(&stack, "auth.mail.requested").await;
    assert_eq!(
        letter.data["operationId"],
        id.to_string(),
        "the proof to keep"
    );
    let asked = last(&stack, "user.deletion.requested").await;
    let said = json!({"userId": ada.id, "operationId": id, "eraseAt": "2026-09-15T10:00:00Z"});
    assert_eq!(asked.data, said);
    login(&stack, &ada, "wrong wrong wrong wrong")
        .await
        .expect(401)
        .problem("invalid-credentials");
    let answer = login(&stack, &ada, PASSWORD).await.expect(403);
    let answer = answer.problem("account-deleting");
    assert_eq!(answer.body["operationId"], id.to_string());
    assert!(answer.body["accessToken"].is_null());
    let token = answer.body["cancelToken"].as_str().unwrap().to_owned();
    stack.stay(&token).await.expect(204);
    stack.stay(&token).await.expect(410).problem("link-gone");
    let mailed = stack.mailed("deletion-requested").await;
    stack.stay(&mailed).await.expect(410);
    let kept = last(&stack, "user.deletion.cancelled").await;
    assert_eq!(kept.data, json!({"userId": ada.id, "operationId": id}));
    stack.me_by(&key).await.expect(200);
    for person in [&ada, &other] {
        stack.get("/v1/users/me", person).await.expect(401);
    }
    let back = Person::of(&login(&stack, &ada, PASSWORD).await.expect(200));
    // An event that comes days later ends nothing that began after it.
    stack.world.clock.advance(SignedDuration::from_secs(1));
    let later = Person::of(&login(&stack, &ada, PASSWORD).await.expect(200));
    assert_eq!(deliver(&stack, &[asked]).await, 0);
    stack.get("/v1/users/me", &later).await.expect(200);
    drop(back);
    stack.world.clock.advance(UNDO_WINDOW);
    assert_eq!(stack.sweep().await, 0, "nothing is erased of who stays");
}

/// B1-12: the mailed link works until the account is given up, and for nobody
/// else's; a token of another kind undoes nothing.
#[tokio::test]
async fn b1_12_the_mailed_link_undoes_it_until_it_is_too_late() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let bob = stack.register("bob").await;
    let verify = stack.mailed("verify-email").await;
    stack.leave(&bob).await.expect(202);
    let of_bob = stack.mailed("deletion-requested").await;
    stack.leave(&ada).await.expect(202);
    let of_ada = stack.mailed("deletion-requested").await;
    for wrong in [
        "",
        "plm_",
        "plc_",
        verify.as_str(),
        &of_ada[..of_ada.len() - 4],
    ] {
        let reply = stack.stay(wrong).await;
        assert!([400, 410].contains(&reply.status.as_u16()), "{wrong}");
    }
    let page = stack.api.get(CANCEL).send().await.expect(200);
    assert!(page.text.contains(CANCEL), "the page posts to it");
    stack.stay(&of_bob).await.expect(204);
    login(&stack, &bob, PASSWORD).await.expect(200);
    login(&stack, &ada, PASSWORD).await.expect(403);
    stack
        .world
        .clock
        .advance(UNDO_WINDOW - SignedDuration::from_secs(1));
    assert_eq!(stack.sweep().await, 0);
    stack.world.clock.advance(SignedDuration::from_secs(1));
    // Its time has come, whether or not the schedule was there.
    stack.stay(&of_ada).await.expect(410);
    assert_eq!(stack.sweep().await, 1);
    assert_eq!(stack.sweep().await, 0, "once");
    let late = login(&stack, &ada, PASSWORD).await.expect(403);
    let late = late.problem("account-deleting");
    assert!(late.body["cancelToken"].is_null());
}

/// B1-12: what a thief began does not outlive it: a change of address on its way
/// takes no deactivated account away.
#[tokio::test]
async fn b1_12_a_change_of_address_on_its_way_ends_with_the_account() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let change = json!({"newEmail": "thief@example.org", "currentPassword": PASSWORD});
    let asked = stack.post(&ada, "/v1/auth/change-email", change.clone());
    asked.await.expect(202);
    let token = stack.mailed("change-email").await;
    stack.leave(&ada).await.expect(202);
    let confirm = stack.api.post("/v1/auth/change-email/confirm");
    let confirm = confirm.json(json!({"token": token})).send().await;
    confirm.expect(410).problem("link-gone");
}

/// B1-12: the same again, before its answer is known, is the same operation.
#[tokio::test]
async fn b1_12_asking_twice_is_asking_once() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let (one, two) = futures::future::join(stack.leave(&ada), stack.leave(&ada)).await;
    let accepted: Vec<_> = [one, two]
        .into_iter()
        .filter(|reply| reply.status == 202)
        .map(|reply| reply.body["id"].clone())
        .collect();
    let asked = stack.event_types().await;
    let asked = asked
        .iter()
        .filter(|kind| *kind == "user.deletion.requested");
    assert_eq!(asked.count(), 1);
    let kept = last(&stack, "user.deletion.requested").await.data;
    assert!(!accepted.is_empty() && accepted.iter().all(|id| *id == kept["operationId"]));
}

/// B1-04: an address that nobody proved is not held: it is somebody else's.
#[tokio::test]
async fn b1_12_an_address_that_was_never_proved_is_free_at_once() {
    let stack = Stack::new().await;
    let mallory = stack.register("victim").await;
    let event = stack.given_up(&mallory).await;
    assert_eq!(deliver(&stack, &[event]).await, 0);
    stack.register("victim").await;
}

/// B1-12: after a restore, what came back is erased once more.
#[tokio::test]
async fn b1_12_an_operator_has_it_erased_once_more() {
    let stack = Stack::new().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let event = stack.given_up(&ada).await;
    let again = |who: &Person| GivenUp {
        user_id: who.id,
        operation_id: event.data["operationId"].as_str().unwrap().parse().unwrap(),
    };
    let worker = stack.worker();
    worker.erase_again(&cx(), again(&ada)).await.unwrap();
    assert_eq!(deliver(&stack, std::slice::from_ref(&event)).await, 0);
    worker.erase_again(&cx(), again(&ada)).await.unwrap();
    let said = last(&stack, "user.deleted").await;
    assert_eq!(said.data, event.data);
    assert!(said.sequence >= event.sequence);
    let refused = worker.erase_again(&cx(), again(&bob)).await;
    assert!(matches!(refused, Err(Disobedience::Staying)));
}

/// B1-12: who has a second factor shows it before they learn what undoes it.
#[tokio::test]
async fn b1_12_a_second_factor_stands_before_the_way_back() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let phone = stack.phone(&ada).await;
    stack.pass(30);
    stack.leave(&ada).await.expect(202);
    let asked = login(&stack, &ada, PASSWORD).await.expect(200);
    assert_eq!(asked.body["mfaRequired"], true);
    assert!(asked.body["cancelToken"].is_null());
    let challenge = asked.body["challengeId"].as_str().unwrap();
    let answer = stack.verify(challenge, "code", &phone.code(&stack)).await;
    let answer = answer.expect(403);
    let answer = answer.problem("account-deleting");
    let token = answer.body["cancelToken"].as_str().unwrap();
    stack.stay(token).await.expect(204);
}

/// B1-12: only by who just proved it, and not while others depend on them.
#[tokio::test]
async fn b1_12_deleting_needs_a_fresh_proof_and_nobody_left_behind() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let org = stack.organization(&ada, "club").await;
    let refused = stack.leave(&ada).await.expect(409).problem("last-owner");
    assert_eq!(refused.body["organizations"], json!([org]));
    let bob = stack.member(&ada, org, "owner").await;
    let (_, key) = stack.key(&ada, &["users:read", "users:write"]).await;
    let by_key = stack.api.delete("/v1/users/me").token(&key).send().await;
    assert!(
        [401, 403].contains(&by_key.status.as_u16()),
        "{}",
        by_key.status
    );
    stack.pass(601);
    stack
        .leave(&ada)
        .await
        .expect(403)
        .problem("step-up-required");
    let proof = stack.post(&ada, "/v1/auth/step-up", json!({"password": PASSWORD}));
    proof.await.expect(200);
    stack.leave(&ada).await.expect(202);
    let admin = owner(&stack, "root").await;
    stack.leave(&admin).await.expect(409).problem("role-held");
    stack
        .get(&format!("/v1/organizations/{org}"), &bob)
        .await
        .expect(200);
}

/// AU-33: administrators see who goes, and neither hold them nor push them.
#[tokio::test]
async fn b1_12_administrators_see_it_and_only_the_person_undoes_it() {
    let stack = Stack::new().await;
    let root = owner(&stack, "root").await;
    let ada = stack.register("ada").await;
    let push = json!({"status": "deleting"});
    decide(&stack, &root, &ada, push).await.expect(400);
    stack.leave(&ada).await.expect(202);
    let list = stack
        .get("/v1/auth/users?status=deleting", &root)
        .await
        .expect(200);
    assert_eq!(list.body["items"][0]["id"], ada.id.to_string());
    assert_eq!(
        list.body["items"][0]["deletion"]["eraseAt"],
        "2026-09-15T10:00:00Z"
    );
    let hold = json!({"status": "active"});
    decide(&stack, &root, &ada, hold).await.expect(409);
    let suspend = json!({"status": "suspended", "reason": "Spam."});
    decide(&stack, &root, &ada, suspend).await.expect(200);
    login(&stack, &ada, PASSWORD)
        .await
        .expect(403)
        .problem("account-suspended");
    // By mistake: whoever lost the letter can still come back.
    let sorry = json!({"status": "active"});
    decide(&stack, &root, &ada, sorry).await.expect(200);
    login(&stack, &ada, PASSWORD)
        .await
        .expect(403)
        .problem("account-deleting");
    let spam = json!({"status": "suspended", "reason": "Spam."});
    decide(&stack, &root, &ada, spam).await.expect(200);
    // Who kept the account is still suspended.
    let mailed = stack.mailed("deletion-requested").await;
    stack.stay(&mailed).await.expect(204);
    login(&stack, &ada, PASSWORD)
        .await
        .expect(403)
        .problem("account-suspended");
    let early = stack.worker().erase_now(&cx(), &ada.email).await;
    assert!(early.is_err(), "nobody else deletes an account");
}

/// Everything that a person can have, for what is left of it.
async fn furnished(stack: &Stack, name: &str) -> (Person, Person) {
    let ada = stack.verified_person(name).await;
    let root = owner(stack, &format!("{name}-root")).await;
    let elsewhere = json!({"externalIds": [{"provider": "firebase", "id": "x"}]});
    decide(stack, &root, &ada, elsewhere).await.expect(200);
    let bob = stack.person(&format!("{name}-friend")).await;
    stack.login(&ada).await;
    stack.key(&ada, &["users:read"]).await;
    stack.phone(&ada).await;
    let shared = stack.organization(&bob, &format!("{name}-shared")).await;
    stack.add(&bob, shared, &ada, "admin").await.expect(201);
    let path = "/v1/users/me/consents/news";
    let put = stack.api.put(path).token(&ada.access);
    let agrees = json!({"granted": true, "version": "1"});
    put.json(agrees).send().await.expect(200);
    (ada, bob)
}

/// XC-03: nothing of a person is left but what expires; each thing is counted
/// once, whoever delivers how often.
#[tokio::test]
async fn xc_03_everything_of_an_account_is_erased_and_counted_once() {
    let stack = Stack::new().await;
    let (ada, bob) = furnished(&stack, "ada").await;
    let alone = stack.organization(&ada, "alone").await;
    let follows = stack.organization(&ada, "follows").await;
    stack
        .add(&ada, follows, &bob, "organizer")
        .await
        .expect(201);
    let admin = stack.member(&ada, follows, "admin").await;
    // As if the other owners had left after the request.
    let fake = stack.member(&ada, alone, "owner").await;
    let second = stack.member(&ada, follows, "owner").await;
    stack.leave(&ada).await.expect(202);
    stack.remove(&fake, alone, &fake).await.expect(204);
    stack.remove(&second, follows, &second).await.expect(204);
    stack.world.clock.advance(UNDO_WINDOW);
    assert_eq!(stack.sweep().await, 1);
    let event = last(&stack, "user.deleted").await;
    assert_eq!(deliver(&stack, &[event.clone(), event.clone()]).await, 0);
    assert_eq!(stack.left_of(&ada).await, Vec::<String>::new());
    let erased = stack.erased().await;
    assert_eq!(erased.len(), 1, "{erased:?}");
    assert_eq!(erased[0]["operationId"], event.data["operationId"]);
    let counts = &erased[0]["counts"];
    for (what, number) in [("accounts", 1), ("apiKeys", 1), ("memberships", 3)] {
        assert_eq!(counts[what], number, "{what}: {counts}");
    }
    // Whoever stands highest follows; where nobody is left, it is gone.
    let (admin, bob) = (stack.begun(&admin).await, stack.begun(&bob).await);
    let here = stack
        .get(&format!("/v1/organizations/{follows}"), &admin)
        .await;
    assert_eq!(here.expect(200).body["role"], "owner");
    let gone = stack.get(&format!("/v1/organizations/{alone}"), &bob).await;
    gone.expect(404);
    // The address is held for some weeks, and belongs to nobody.
    let again = json!({"email": ada.email, "password": PASSWORD});
    let register = || {
        stack
            .api
            .post("/v1/auth/register")
            .json(again.clone())
            .send()
    };
    register().await.expect(409).problem("email-taken");
    login(&stack, &ada, PASSWORD)
        .await
        .expect(401)
        .problem("invalid-credentials");
    stack
        .world
        .clock
        .advance(SignedDuration::from_hours(30 * 24));
    register().await.expect(201);
}

/// XC-03, XC-12: wherever the process stops, the next delivery goes on, and the
/// counts are those of a run that never stopped.
#[tokio::test]
async fn xc_03_an_erasing_that_stops_anywhere_goes_on() {
    let stack = Stack::new().await;
    let (whole, _) = furnished(&stack, "whole").await;
    let event = stack.given_up(&whole).await;
    let mut polls = 0;
    loop {
        polls += 1;
        let work = stack.worker();
        let work = work.handle(crate::administration::batch(std::slice::from_ref(&event)));
        let moment = Moment::ALL[polls % Moment::ALL.len()];
        if stopped(polls, moment, work).await.is_some() {
            break;
        }
        assert!(polls < 400, "it comes to an end");
        // What was on its way may still arrive.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(deliver(&stack, std::slice::from_ref(&event)).await, 0);
    assert_eq!(stack.left_of(&whole).await, Vec::<String>::new());
    let broken = stack.erased().await;
    assert_eq!(broken.len(), 1);
    let calm = Stack::new().await;
    let (other, _) = furnished(&calm, "whole").await;
    let event = calm.given_up(&other).await;
    assert_eq!(deliver(&calm, &[event]).await, 0);
    let counts = |erased: &[Value]| erased[0]["counts"].clone();
    assert_eq!(counts(&broken), counts(&calm.erased().await));
}

/// SC-11: the export has everything and nothing that opens anything; once a day.
#[tokio::test]
async fn sc_11_an_export_has_everything_and_no_secret() {
    let stack = Stack::new().await;
    let (ada, friend) = furnished(&stack, "ada").await;
    let export = || stack.post(&ada, "/v1/users/me/export", json!({}));
    let reply = export().await.expect(202);
    assert_eq!(reply.body["kind"], "account-export");
    let id = reply.body["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), format!("/v1/operations/{id}"));
    let twice = export().await.expect(409).problem("export-underway");
    assert_eq!(twice.body["operationId"], id);
    let event = last(&stack, "user.export.requested").await;
    assert_eq!(deliver(&stack, &[event.clone(), event]).await, 0);
    let said = stack.erased().await;
    assert_eq!(said.len(), 1, "said once");
    assert_eq!(said[0]["operationId"], id);
    let key = format!("parts/{id}/auth.json");
    assert_eq!(stack.exports.names(), std::slice::from_ref(&key));
    let text = String::from_utf8(stack.exports.bytes(&key).unwrap()).unwrap();
    for secret in ["$argon2", "sealed", "\"hash", "fingerprint", "\"secrets"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let part: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(part["account"]["email"], ada.email);
    assert_eq!(part["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(part["secondFactors"]["authenticatorApp"], true);
    assert_eq!(part["apiKeys"][0]["name"], "n");
    assert_eq!(part["memberships"][0]["role"], "admin");
    assert_eq!(part["consents"][0]["history"][0]["version"], "1");
    // The file is for its owner, and for nobody who is only signed in.
    let link = format!("/v1/users/me/export/{id}/link");
    let fetched = stack.post(&ada, &link, json!({})).await.expect(200);
    let href = fetched.body["href"].as_str().unwrap();
    for part in [
        format!("/exports/{id}.zip?"),
        "X-Amz-Expires=900&".to_owned(),
        format!("response-content-disposition=attachment%3B%20filename%3D%22plenary-{id}.zip%22"),
    ] {
        assert!(href.contains(&part), "{href}");
    }
    assert_eq!(fetched.header("cache-control"), "private, no-store");
    stack.post(&friend, &link, json!({})).await.expect(404);
    stack.pass(601);
    export().await.expect(403).problem("step-up-required");
    let stale = stack.post(&ada, &link, json!({})).await.expect(403);
    stale.problem("step-up-required");
}

/// SC-11: the next day there is another one, whose file takes the place of the first.
#[tokio::test]
async fn sc_11_of_several_exports_the_last_is_fetched() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let path = "/v1/users/me/export";
    let export = async |who: &Person| {
        let reply = stack.post(who, path, json!({})).await;
        reply.expect(202).body["id"].as_str().unwrap().to_owned()
    };
    let first = export(&ada).await;
    stack.pass(24 * 3600 - 1);
    let ada = stack.begun(&ada).await;
    let early = stack.post(&ada, path, json!({})).await.expect(409);
    early.problem("export-underway");
    stack.pass(1);
    let second = export(&ada).await;
    let link = async |id: &str| {
        stack
            .post(&ada, &format!("{path}/{id}/link"), json!({}))
            .await
    };
    link(&first).await.expect(404);
    link(&second).await.expect(200);
}

/// B1-12: whoever registers agrees to today's texts, and what they decide has a
/// history.
#[tokio::test]
async fn b1_12_consents_have_versions_and_a_history() {
    let world = shared::testing::World::of("auth").await;
    let stack = Stack::with(world, |settings| {
        settings.documents = "terms=2,privacy=1".parse().unwrap();
    });
    let register = |consents: Value| {
        let body = json!({"email": "ada@example.org", "password": PASSWORD, "consents": consents});
        stack.api.post("/v1/auth/register").json(body).send()
    };
    let refused = register(json!({"terms": "1"})).await.expect(400);
    let faults: Vec<_> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["pointer"].as_str().unwrap(),
                fault["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        faults,
        [
            ("/consents/privacy", "missing"),
            ("/consents/terms", "outdated")
        ]
    );
    let agreed = json!({"terms": "2", "privacy": "1", "news": "spring"});
    let ada = Person::of(&register(agreed).await.expect(201));
    let path = "/v1/users/me/consents";
    let list = stack.get(path, &ada).await.expect(200).body;
    let of = |list: &Value, purpose: &str| {
        let items = list["items"].as_array().unwrap().iter();
        items
            .clone()
            .find(|item| item["purpose"] == purpose)
            .unwrap()
            .clone()
    };
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    for purpose in ["terms", "privacy", "news"] {
        assert_eq!(of(&list, purpose)["granted"], true);
        assert_eq!(of(&list, purpose)["due"], false);
    }
    let decide = |purpose: &str, granted: bool, version: &str| {
        let path = format!("{path}/{purpose}");
        let body = json!({"granted": granted, "version": version});
        stack.api.put(&path).token(&ada.access).json(body).send()
    };
    decide("terms", true, "1").await.expect(400);
    decide("Terms", true, "2").await.expect(404);
    decide("news", true, "").await.expect(400);
    let before = stack.event_types().await.len();
    decide("terms", true, "2").await.expect(200);
    assert_eq!(stack.event_types().await.len(), before, "nothing new");
    let after = decide("terms", false, "2").await.expect(200).body;
    assert_eq!(
        (&after["granted"], &after["due"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(after["history"].as_array().unwrap().len(), 2);
    let told = last(&stack, "user.consent.changed").await.data;
    let said = json!({"userId": ada.id, "purpose": "terms", "version": "2", "granted": false});
    assert_eq!(told, said);
    // Nobody else's.
    let bob = stack.person("bob").await;
    let list = stack.get(path, &bob).await.expect(200).body;
    assert_eq!(of(&list, "terms")["due"], true);
    assert_eq!(of(&list, "terms")["history"], json!([]));
}
