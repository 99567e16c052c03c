//! Second factors: authenticator apps, recovery codes, and the sign-in with them.

use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::{
    model::{
        factors::{Enrolment, Factors},
        totp::{TotpSecret, step},
    },
    sealer::Purpose,
};
use serde_json::{Value, json};
use shared::testing::{TestReply, cx};

use crate::{
    accounts::suspend,
    administration::{decide, owner},
    support::{PASSWORD, Person, Stack},
};

const VERIFY: &str = "/v1/auth/mfa/verify";

/// An authenticator app and what came with it.
pub struct Phone {
    secret: TotpSecret,
    pub text: String,
    pub codes: Vec<String>,
}

impl Phone {
    /// What it shows now.
    pub fn code(&self, stack: &Stack) -> String {
        self.secret.code(step(stack.world.clock.now()))
    }
}

fn base32(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.chars() {
        let five = u32::try_from(ALPHABET.find(c).unwrap()).unwrap();
        bits = ((bits << 5) | five) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    bytes
}

impl Stack {
    pub async fn post(&self, who: &Person, path: &str, body: Value) -> TestReply {
        let request = self.api.post(path).token(&who.access);
        request.json(body).send().await
    }

    pub async fn remove_as(&self, who: &Person, path: &str) -> TestReply {
        self.api.delete(path).token(&who.access).send().await
    }

    pub async fn enrol(&self, who: &Person) -> Phone {
        let request = self.api.post("/v1/auth/mfa/totp").token(&who.access);
        let reply = request.send().await.expect(200);
        let text = reply.body["secret"].as_str().unwrap().to_owned();
        let uri = reply.body["otpauthUri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/") && uri.contains(&text));
        Phone {
            secret: TotpSecret::from_bytes(&base32(&text)).unwrap(),
            text,
            codes: Vec::new(),
        }
    }

    /// An app of this person, in use; the step of its first code is over.
    pub async fn phone(&self, who: &Person) -> Phone {
        let mut phone = self.enrol(who).await;
        let body = json!({"code": phone.code(self)});
        let path = "/v1/auth/mfa/totp/confirm";
        let reply = self.post(who, path, body).await;
        if reply.status == 200 {
            let codes = reply.body["recoveryCodes"].as_array().unwrap();
            phone.codes = codes
                .iter()
                .map(|code| code.as_str().unwrap().to_owned())
                .collect();
        } else {
            reply.expect(204);
        }
        self.pass(30);
        phone
    }

    pub fn pass(&self, seconds: i64) {
        self.world.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub async fn first_step(&self, who: &Person) -> TestReply {
        let body = json!({"email": who.email, "password": PASSWORD});
        let request = self.api.post("/v1/auth/login").json(body);
        request.send().await.expect(200)
    }

    /// A challenge, after the password.
    pub async fn challenge(&self, who: &Person) -> String {
        let reply = self.first_step(who).await;
        reply.body["challengeId"].as_str().unwrap().to_owned()
    }

    pub async fn verify(&self, challenge: &str, field: &str, value: &str) -> TestReply {
        let body = json!({"challengeId": challenge, field: value});
        self.api.post(VERIFY).json(body).send().await
    }

    /// A sign-in with both factors.
    pub async fn login_with(&self, who: &Person, phone: &Phone) -> Person {
        let challenge = self.challenge(who).await;
        let reply = self.verify(&challenge, "code", &phone.code(self)).await;
        self.pass(30);
        Person::of(&reply.expect(200))
    }
}

#[tokio::test]
async fn au_21_an_app_is_enrolled_confirmed_and_asked_for_from_then_on() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let none = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(
        (&none.body["enabled"], &none.body["totp"]),
        (&json!(false), &Value::Null)
    );
    let phone = stack.enrol(&ada).await;
    let confirm = "/v1/auth/mfa/totp/confirm";
    let wrong = stack.post(&ada, confirm, json!({"code": "000000"})).await;
    assert_eq!(wrong.expect(400).body["errors"][0]["pointer"], "/code");
    // Nothing is asked for before the app has shown that it works.
    stack.login(&ada).await;
    let body = json!({"code": phone.code(&stack)});
    let done = stack.post(&ada, confirm, body.clone()).await.expect(200);
    assert_eq!(done.body["recoveryCodes"].as_array().unwrap().len(), 10);
    let again = stack.post(&ada, confirm, body).await;
    again.expect(409).problem("no-enrolment");
    let view = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(view.body["methods"], json!(["totp", "recovery-code"]));
    assert_eq!(view.body["recoveryCodesLeft"], 10);
    let told = ("second-factors-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    let noted = stack.last_event("user.second_factors.changed").await;
    assert_eq!(
        (&noted["authenticatorApp"], &noted["passkeys"]),
        (&json!(true), &json!(0))
    );

    let asked = stack.first_step(&ada).await;
    assert_eq!(asked.body["mfaRequired"], true);
    assert_eq!(asked.body["methods"], json!(["totp", "recovery-code"]));
    assert_eq!(asked.body["expiresIn"], 300);
    assert_eq!(asked.body["accessToken"], Value::Null);
    let challenge = asked.body["challengeId"].as_str().unwrap();
    // The code that confirmed the app is used up.
    let used = stack.verify(challenge, "code", &phone.code(&stack)).await;
    used.expect(400);
    stack.pass(30);
    let code = phone.code(&stack);
    let signed_in = stack.verify(challenge, "code", &code).await.expect(200);
    let session = stack
        .get("/v1/auth/session", &Person::of(&signed_in))
        .await
        .expect(200);
    assert_eq!(session.body["methods"], json!(["pwd", "otp"]));
    stack.pass(30);
    let again = stack.verify(challenge, "code", &phone.code(&stack)).await;
    again.expect(410).problem("challenge-gone");
    assert_eq!(
        stack.last_event("user.login").await["userId"],
        ada.id.to_string()
    );
}

#[tokio::test]
async fn au_21_of_racing_uses_of_one_code_or_one_challenge_one_succeeds() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let phone = stack.phone(&ada).await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(stack.challenge(&ada).await);
    }
    let code = phone.code(&stack);
    let replies = join_all(
        challenges
            .iter()
            .map(|challenge| stack.verify(challenge, "code", &code)),
    )
    .await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 1, "{replies:?}");

    let challenge = stack.challenge(&ada).await;
    let codes = &phone.codes[..4];
    let replies = join_all(
        codes
            .iter()
            .map(|code| stack.verify(&challenge, "recoveryCode", code)),
    )
    .await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 1, "{replies:?}");
    let left = stack.app.store.factors(ada.id).await.unwrap().codes_left();
    assert_eq!(left, 9, "a refused answer uses no code up");
}

#[tokio::test]
async fn au_21_a_challenge_is_good_for_its_time_few_attempts_and_its_person() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let phone = stack.phone(&ada).await;
    let eves = stack.phone(&eve).await;
    let late = stack.challenge(&ada).await;
    stack.pass(300);
    let reply = stack.verify(&late, "code", &phone.code(&stack)).await;
    reply.expect(410).problem("challenge-gone");

    let hers = stack.challenge(&ada).await;
    let foreign = stack.verify(&hers, "code", &eves.code(&stack)).await;
    assert_eq!(foreign.expect(400).body["errors"][0]["code"], "wrong");
    let code = stack.verify(&hers, "recoveryCode", &eves.codes[0]).await;
    code.expect(400);
    for _ in 0..3 {
        stack.verify(&hers, "code", "000000").await.expect(400);
    }
    stack.pass(60);
    let reply = stack.verify(&hers, "code", &phone.code(&stack)).await;
    reply.expect(410).problem("challenge-gone");

    for junk in ["", "plc_", "plc_AAAA", &late[4..]] {
        let reply = stack.verify(junk, "code", &phone.code(&stack)).await;
        reply.expect(410).problem("challenge-gone");
    }
    let fresh = stack.challenge(&ada).await;
    let both = json!({"challengeId": fresh, "code": "1", "recoveryCode": "2"});
    for body in [json!({"challengeId": fresh}), both] {
        stack.api.post(VERIFY).json(body).send().await.expect(400);
    }
    let reply = stack.verify(&fresh, "code", &phone.code(&stack)).await;
    reply.expect(200);
}

#[tokio::test]
async fn au_21_a_challenge_ends_with_the_password_that_it_followed() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let phone = stack.phone(&ada).await;
    let challenge = stack.challenge(&ada).await;
    stack.pass(1);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "seven quiet lanterns above"});
    let path = "/v1/auth/change-password";
    stack.post(&ada, path, change).await.expect(204);
    let reply = stack.verify(&challenge, "code", &phone.code(&stack)).await;
    reply.expect(410).problem("challenge-gone");
}

/// AU-33, AU-21: what an administrator's reset interrupts is not completed, not
/// even where the reset is taken back or falls into the last moment.
#[tokio::test]
async fn au_21_a_challenge_ends_with_a_forced_reset() {
    let stack = Stack::new().await;
    let root = owner(&stack, "root").await;
    let ada = stack.register("ada").await;
    let mut phone = stack.phone(&ada).await;
    let code = phone.codes.pop().unwrap();
    let challenges = [stack.challenge(&ada).await, stack.challenge(&ada).await];
    stack.pass(1);
    for (required, challenge) in [(true, &challenges[0]), (false, &challenges[1])] {
        let reset = json!({"passwordResetRequired": required});
        decide(&stack, &root, &ada, reset).await.expect(200);
        let reply = stack.verify(challenge, "code", &phone.code(&stack)).await;
        reply.expect(410).problem("challenge-gone");
        let reply = stack.verify(challenge, "recoveryCode", &code).await;
        reply.expect(410).problem("challenge-gone");
    }
    // Nothing was used up by that.
    let challenge = stack.challenge(&ada).await;
    let reply = stack.verify(&challenge, "recoveryCode", &code).await;
    reply.expect(200);
}

/// The second factor was right, and the password is replaced before the session
/// is kept.
#[tokio::test]
async fn au_21_a_challenge_is_not_completed_while_the_password_is_replaced() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    let mut phone = stack.phone(&ada).await;
    let challenge = stack.challenge(&ada).await;
    let forgotten = stack.forgotten(&ada).await;
    let code = phone.codes.pop().unwrap();
    let body = json!({"challengeId": challenge, "recoveryCode": code});
    let (api, pause) = stack.pausing(Purpose::SigningKey);
    let sign_in = api.post(VERIFY).json(body.clone()).send();
    let reply = pause.amid(sign_in, stack.reset_by(&forgotten)).await;
    reply.expect(410).problem("challenge-gone");
    assert_eq!(stack.session_count(&ada).await, 0);
}

#[tokio::test]
async fn au_21_a_suspended_account_is_refused_at_the_second_step_too() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let phone = stack.phone(&ada).await;
    let challenge = stack.challenge(&ada).await;
    suspend(&stack, ada.id).await;
    let reply = stack.verify(&challenge, "code", &phone.code(&stack)).await;
    reply.expect(403).problem("account-suspended");
}

#[tokio::test]
async fn au_21_guessing_gets_slow_and_the_owner_is_not_locked_out() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let phone = stack.phone(&ada).await;
    for _ in 0..5 {
        let challenge = stack.challenge(&ada).await;
        stack.verify(&challenge, "code", "000000").await.expect(400);
    }
    // Over new challenges too, and with the right code.
    let challenge = stack.challenge(&ada).await;
    let slow = stack.verify(&challenge, "code", &phone.code(&stack)).await;
    let slow = slow.expect(429).problem("quota-exceeded");
    assert_eq!(slow.body["violated-policies"], json!(["second-factor"]));
    let after: i64 = slow.header("retry-after").parse().unwrap();
    assert!((1..=16).contains(&after));
    stack.pass(after);
    let reply = stack.verify(&challenge, "code", &phone.code(&stack)).await;
    reply.expect(200);
    let factors = stack.app.store.factors(ada.id).await.unwrap();
    assert_eq!(factors.failures, 0);
}

/// Each guess is counted before it is answered, so that asking many times at
/// once is no way round.
#[tokio::test]
async fn au_21_guesses_at_the_same_time_are_all_counted() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    stack.phone(&ada).await;
    let mut challenges = Vec::new();
    for _ in 0..20 {
        challenges.push(stack.challenge(&ada).await);
    }
    let replies = join_all(
        challenges
            .iter()
            .map(|challenge| stack.verify(challenge, "code", "000000")),
    )
    .await;
    let judged = replies.iter().filter(|reply| reply.status == 400).count();
    let factors = stack.app.store.factors(ada.id).await.unwrap();
    assert_eq!(factors.failures as usize, judged, "{replies:?}");
    assert!((1..=5).contains(&judged), "{judged}");
}

#[tokio::test]
async fn au_21_a_recovery_code_works_once_and_new_ones_replace_it() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let path = "/v1/auth/mfa/recovery-codes";
    let early = stack.post(&ada, path, json!({})).await;
    early.expect(409).problem("no-second-factor");
    let phone = stack.phone(&ada).await;
    let challenge = stack.challenge(&ada).await;
    let typed = phone.codes[0].to_uppercase().replace('-', "");
    let reply = stack.verify(&challenge, "recoveryCode", &typed).await;
    let signed_in = Person::of(&reply.expect(200));
    let challenge = stack.challenge(&ada).await;
    let code = &phone.codes[0];
    let reply = stack.verify(&challenge, "recoveryCode", code).await;
    reply.expect(400);
    let view = stack.get("/v1/auth/mfa", &signed_in).await.expect(200);
    assert_eq!(view.body["recoveryCodesLeft"], 9);
    let new = stack.post(&signed_in, path, json!({})).await.expect(200);
    let code = &phone.codes[1];
    let reply = stack.verify(&challenge, "recoveryCode", code).await;
    reply.expect(400);
    let code = new.body["recoveryCodes"][7].as_str().unwrap();
    let reply = stack.verify(&challenge, "recoveryCode", code).await;
    reply.expect(200);
}

#[tokio::test]
async fn au_21_another_app_takes_the_place_of_the_first_when_it_works() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let old = stack.phone(&ada).await;
    let new = stack.enrol(&ada).await;
    let ada = stack.login_with(&ada, &old).await;
    // Only the session that enrolled it can confirm it.
    let confirm = "/v1/auth/mfa/totp/confirm";
    let body = json!({"code": new.code(&stack)});
    let other = stack.post(&ada, confirm, body).await;
    other.expect(409).problem("no-enrolment");
    let new = stack.phone(&ada).await;
    assert!(new.codes.is_empty(), "those of the first time are good");
    let challenge = stack.challenge(&ada).await;
    let reply = stack.verify(&challenge, "code", &old.code(&stack)).await;
    reply.expect(400);
    let reply = stack.verify(&challenge, "code", &new.code(&stack)).await;
    reply.expect(200);
    // An enrolment waits ten minutes.
    let late = stack.enrol(&ada).await;
    stack.pass(600);
    let body = json!({"code": late.code(&stack)});
    let reply = stack.post(&ada, confirm, body).await;
    reply.expect(409).problem("no-enrolment");
}

#[tokio::test]
async fn au_21_without_its_last_factor_an_account_has_no_codes_either() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let path = "/v1/auth/mfa/totp";
    stack.remove_as(&ada, path).await.expect(404);
    stack.phone(&ada).await;
    stack.remove_as(&ada, path).await.expect(204);
    let view = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(view.body["enabled"], false);
    assert_eq!(view.body["recoveryCodesLeft"], 0);
    stack.login(&ada).await;
}

#[tokio::test]
async fn au_21_secrets_and_codes_are_nowhere_in_the_clear_and_sealed_for_one_account() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let phone = stack.phone(&ada).await;
    let challenge = stack.challenge(&ada).await;
    let everything = stack.everything().await;
    let plain = phone.codes[0].replace('-', "");
    for secret in [
        &phone.text,
        &phone.codes[0],
        &plain,
        &challenge[4..].to_owned(),
    ] {
        assert!(!everything.contains(secret.as_str()));
    }
    // Whoever can write the table cannot lend one account another's secret.
    let hers = stack.app.store.factors(ada.id).await.unwrap();
    let session = stack.get("/v1/auth/session", &eve).await.expect(200);
    let stolen = Factors {
        enrolment: Some(Enrolment {
            sealed: hers.totp.unwrap().sealed,
            session_id: session.body["sessionId"].as_str().unwrap().parse().unwrap(),
            expires_at: stack.world.clock.now() + SignedDuration::from_mins(5),
        }),
        ..Factors::none(eve.id)
    };
    let store = &stack.app.store;
    store.begin_enrolment(&cx(), &stolen).await.unwrap();
    let body = json!({"code": phone.code(&stack)});
    let path = "/v1/auth/mfa/totp/confirm";
    stack.post(&eve, path, body).await.expect(500);
}

/// What the first proof of an address takes away is in the log too.
#[tokio::test]
async fn b1_04_the_factors_that_go_with_the_first_proof_are_told() {
    let stack = Stack::new().await;
    let thief = stack.register("ada").await;
    stack.phone(&thief).await;
    let asked = stack.api.post("/v1/auth/magic-link");
    let asked = asked.json(json!({"email": thief.email})).send().await;
    asked.expect(202);
    let token = stack.mailed("sign-in").await;
    let token = token.split_whitespace().next().unwrap();
    let come = stack.api.post("/v1/auth/magic-link/verify");
    let come = come.json(json!({"token": token})).send().await;
    come.expect(200);
    let told = stack.last_event("user.second_factors.changed").await;
    assert_eq!(
        told,
        json!({"userId": thief.id, "authenticatorApp": false, "passkeys": 0})
    );
}
