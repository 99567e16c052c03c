//! Passkeys, by an authenticator in software that can be told to lie.

use ciborium::Value as Cbor;
use futures::future::join_all;
use plenary_auth::{model::administration::Administrator, store::FactorRemoval};
use serde_json::{Value, json};
use shared::{
    access::UserAccess,
    commit::Commit,
    digest::{base64url, from_base64url},
    http::Reply,
    id::UserId,
    principal::PlatformRole,
    testing::{TestReply, cx},
};

use crate::{
    accounts::suspend,
    authenticator::{Authenticator, BE, BS, ED, Says, UP, UV, cbor},
    support::{Person, Stack},
};

const PASSKEYS: &str = "/v1/auth/passkeys";
const SIGN_IN: &str = "/v1/auth/passkeys/sign-in";
const VERIFY: &str = "/v1/auth/mfa/verify";
const STEP_UP: &str = "/v1/auth/step-up";

impl Stack {
    async fn ask(&self, path: &str) -> Value {
        self.api.post(path).send().await.expect(200).body
    }

    async fn ask_as(&self, who: &Person, path: &str) -> Value {
        let request = self.api.post(path).token(&who.access);
        request.send().await.expect(200).body
    }

    async fn registration(&self, who: &Person) -> Value {
        let path = "/v1/auth/passkeys/registration/options";
        self.ask_as(who, path).await
    }

    async fn add_passkey(&self, who: &Person, asked: &Value, credential: Value) -> TestReply {
        let body = json!({"challengeId": asked["challengeId"], "credential": credential});
        self.post(who, PASSKEYS, body).await
    }

    /// Adds this authenticator's credential; the answer.
    async fn adopt(&self, who: &Person, authenticator: &mut Authenticator) -> Value {
        let asked = self.registration(who).await;
        let credential = authenticator.create(&asked["publicKey"]);
        self.add_passkey(who, &asked, credential)
            .await
            .expect(201)
            .body
    }

    async fn sign_in_question(&self) -> Value {
        self.ask("/v1/auth/passkeys/sign-in/options").await
    }

    async fn answer(&self, asked: &Value, credential: Value) -> TestReply {
        let body = json!({"challengeId": asked["challengeId"], "credential": credential});
        self.api.post(SIGN_IN).json(body).send().await
    }

    async fn sign_in_by(&self, authenticator: &mut Authenticator) -> TestReply {
        let asked = self.sign_in_question().await;
        let credential = authenticator.get(&asked["publicKey"]);
        self.answer(&asked, credential).await
    }
}

#[track_caller]
fn code(reply: TestReply) -> String {
    let reply = reply.expect(400);
    reply.body["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn au_21_a_passkey_signs_in_without_a_name_or_a_password() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let asked = stack.registration(&ada).await;
    let wanted = &asked["publicKey"];
    assert_eq!(wanted["rp"]["id"], "api.plenary.test");
    assert_eq!(wanted["user"]["name"], "ada@example.org");
    assert_eq!(wanted["attestation"], "none");
    assert_eq!(wanted["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(
        wanted["authenticatorSelection"]["userVerification"],
        "required"
    );
    let algorithms = wanted["pubKeyCredParams"].as_array().unwrap();
    let algorithms: Vec<i64> = algorithms
        .iter()
        .map(|each| each["alg"].as_i64().unwrap())
        .collect();
    assert_eq!(algorithms, [-8, -7, -257]);
    let mut phone = Authenticator::es256();
    let credential = phone.create(wanted);
    let added = stack
        .add_passkey(&ada, &asked, credential)
        .await
        .expect(201);
    assert_eq!(added.body["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(added.body["passkey"]["backedUp"], true);
    let model = "07070707-0707-0707-0707-070707070707";
    assert_eq!(added.body["passkey"]["aaguid"], model);
    let told = ("second-factors-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    let again = stack.registration(&ada).await;
    let known = &again["publicKey"]["excludeCredentials"];
    assert_eq!(known[0]["id"], base64url(&phone.id));
    assert_eq!(known[0]["transports"], json!(["internal", "hybrid"]));

    let asked = stack.sign_in_question().await;
    assert_eq!(asked["publicKey"]["allowCredentials"], json!([]));
    assert_eq!(asked["publicKey"]["userVerification"], "required");
    let credential = phone.get(&asked["publicKey"]);
    let reply = stack.answer(&asked, credential).await.expect(200);
    let here = Person::of(&reply);
    assert_eq!(here.id, ada.id);
    let session = stack.get("/v1/auth/session", &here).await.expect(200);
    assert_eq!(session.body["methods"], json!(["pop"]));
    let list = stack.get(PASSKEYS, &here).await.expect(200);
    assert!(list.body["items"][0]["lastUsedAt"].is_string());
    // It is more than one factor by itself: nothing more is asked for.
    stack
        .remove_as(&here, "/v1/auth/mfa/totp")
        .await
        .expect(404);
}

#[tokio::test]
async fn au_21_every_algorithm_that_is_asked_for_and_no_other() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    for mut authenticator in [
        Authenticator::es256(),
        Authenticator::ed25519(),
        Authenticator::rs256(),
    ] {
        stack.adopt(&ada, &mut authenticator).await;
        stack.sign_in_by(&mut authenticator).await.expect(200);
    }
    let int = |number: i64| Cbor::Integer(number.into());
    let bent = |at: usize, value: Cbor| {
        let mut key = Authenticator::es256().cose();
        key[at].1 = value;
        key
    };
    let twice = [Authenticator::es256().cose(), vec![(int(3), int(-7))]].concat();
    let small = vec![
        (int(1), int(3)),
        (int(3), int(-257)),
        (int(-1), Cbor::Bytes(vec![255; 128])),
        (int(-2), Cbor::Bytes(vec![1, 0, 1])),
    ];
    for (cose, why) in [
        (bent(1, int(-35)), "unsupported-algorithm"),
        (bent(1, int(-65535)), "unsupported-algorithm"),
        (bent(0, int(1)), "malformed-key"),
        (bent(2, int(2)), "malformed-key"),
        (bent(3, Cbor::Bytes(vec![1; 31])), "malformed-key"),
        (bent(3, Cbor::Bool(true)), "malformed-key"),
        (small, "malformed-key"),
        (twice, "malformed"),
        (Vec::new(), "malformed"),
    ] {
        let mut authenticator = Authenticator::es256();
        authenticator.says.cose = Some(cose);
        let asked = stack.registration(&ada).await;
        let credential = authenticator.create(&asked["publicKey"]);
        assert_eq!(code(stack.add_passkey(&ada, &asked, credential).await), why);
    }
}

type Lie = (&'static str, fn(&mut Says));

/// What both ceremonies refuse, by the steps of §7.1 and §7.2.
const LIES: &[Lie] = &[
    ("wrong-origin", |says| {
        says.origin = "https://evil.test".into();
    }),
    ("wrong-origin", |says| says.origin.push_str(":8443")),
    ("wrong-origin", |says| says.origin.insert_str(8, "x.")),
    ("cross-origin", |says| says.cross_origin = Some(true)),
    ("cross-origin", |says| {
        says.top_origin = Some("https://evil.test");
    }),
    ("wrong-relying-party", |says| {
        says.rp_id = "evil.test".into();
    }),
    ("wrong-relying-party", |says| {
        says.rp_id = "plenary.test".into();
    }),
    ("wrong-challenge", |says| {
        says.challenge = Some(base64url([7; 32]));
    }),
    ("wrong-challenge", |says| {
        says.challenge = Some(String::new());
    }),
    ("wrong-type", |says| says.kind = Some("payment.get")),
    ("no-user-verification", |says| says.flags &= !UV),
    ("no-user-presence", |says| says.flags &= !UP),
    ("backup-flags", |says| says.flags = UP | UV | BS),
    ("malformed", |says| says.trailing = vec![0]),
    ("malformed", |says| says.flags |= ED),
    ("malformed", |says| {
        says.flags |= ED;
        says.trailing = cbor(&Cbor::from("no map"));
    }),
    ("malformed", |says| {
        says.flags |= ED;
        says.trailing = vec![0xa1, 0x61];
    }),
];

#[tokio::test]
async fn au_21_a_registration_that_breaks_a_rule_adds_nothing() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let asked = stack.registration(&ada).await;
    let mut phone = Authenticator::es256();
    let truth = phone.says.clone();
    let only: &[Lie] = &[
        ("wrong-type", |says| says.kind = Some("webauthn.get")),
        ("malformed", |says| says.after_object = vec![0xf6]),
    ];
    for (why, lie) in LIES.iter().chain(only) {
        phone.says = truth.clone();
        lie(&mut phone.says);
        let credential = phone.create(&asked["publicKey"]);
        assert_eq!(
            code(stack.add_passkey(&ada, &asked, credential).await),
            *why
        );
    }
    phone.says = truth;
    let good = phone.create(&asked["publicKey"]);
    for (pointer, value) in [
        ("/id", json!(base64url([1; 32]))),
        ("/type", json!("password")),
        ("/response/attestationObject", json!("AA")),
        ("/response/attestationObject", json!("oA")),
        ("/response/clientDataJSON", json!("not base64url!")),
        ("/response/clientDataJSON", json!(base64url("{}"))),
    ] {
        let mut credential = good.clone();
        *credential.pointer_mut(pointer).unwrap() = value;
        assert_eq!(
            code(stack.add_passkey(&ada, &asked, credential).await),
            "malformed"
        );
    }
    let view = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(view.body["enabled"], false);
    // Extensions are read over; and the same challenge is still good, once.
    phone.says.flags |= ED;
    phone.says.trailing = cbor(&Cbor::Map(vec![(Cbor::from("credProtect"), Cbor::from(2))]));
    let good = phone.create(&asked["publicKey"]);
    stack
        .add_passkey(&ada, &asked, good.clone())
        .await
        .expect(201);
    let replayed = stack.add_passkey(&ada, &asked, good).await;
    replayed.expect(410).problem("challenge-gone");
}

#[tokio::test]
async fn au_21_an_assertion_that_breaks_a_rule_signs_nobody_in() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let mut phone = Authenticator::es256();
    stack.adopt(&ada, &mut phone).await;
    let asked = stack.sign_in_question().await;
    let mut good = phone.get(&asked["publicKey"]);
    let truth = phone.says.clone();
    let only: &[Lie] = &[
        ("wrong-type", |says| says.kind = Some("webauthn.create")),
        ("backup-flags", |says| says.flags &= !(BE | BS)),
    ];
    for (why, lie) in LIES.iter().chain(only) {
        phone.says = truth.clone();
        lie(&mut phone.says);
        let credential = phone.get(&asked["publicKey"]);
        assert_eq!(code(stack.answer(&asked, credential).await), *why);
    }
    // Whatever is altered after signing is noticed.
    let signature = from_base64url(good["response"]["signature"].as_str().unwrap()).unwrap();
    let data = from_base64url(good["response"]["authenticatorData"].as_str().unwrap()).unwrap();
    let client = from_base64url(good["response"]["clientDataJSON"].as_str().unwrap()).unwrap();
    let mut flipped = signature.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut counted = data.clone();
    counted[36] = 9;
    let spaced = [client.as_slice(), b" "].concat();
    for (member, bytes) in [
        ("signature", flipped),
        ("signature", Vec::new()),
        ("signature", [signature, vec![0]].concat()),
        ("authenticatorData", counted),
        ("clientDataJSON", spaced),
    ] {
        let mut credential = good.clone();
        credential["response"][member] = json!(base64url(bytes));
        assert_eq!(
            code(stack.answer(&asked, credential).await),
            "wrong-signature"
        );
    }
    good["response"]["userHandle"] = Value::Null;
    let nobody = code(stack.answer(&asked, good.clone()).await);
    assert_eq!(nobody, "unknown", "nobody was named");
    good["response"]["userHandle"] = json!(base64url(&phone.handle));
    stack.answer(&asked, good).await.expect(200);
}

#[tokio::test]
async fn au_21_an_assertion_works_once_for_its_challenge_and_its_purpose() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let mut phone = Authenticator::es256();
    stack.adopt(&ada, &mut phone).await;
    let asked = stack.sign_in_question().await;
    let credential = phone.get(&asked["publicKey"]);
    let answers = (0..6).map(|_| stack.answer(&asked, credential.clone()));
    let replies = join_all(answers).await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 1, "{replies:?}");
    let replayed = stack.answer(&asked, credential.clone()).await;
    replayed.expect(410).problem("challenge-gone");
    // Under a later challenge it is no answer.
    let later = stack.sign_in_question().await;
    assert_eq!(
        code(stack.answer(&later, credential).await),
        "wrong-challenge"
    );
    // A challenge of one kind opens no other door, nor another session's.
    let stepping = stack.ask_as(&ada, "/v1/auth/step-up/options").await;
    let credential = phone.get(&stepping["publicKey"]);
    let other = stack.answer(&stepping, credential.clone()).await;
    other.expect(410).problem("challenge-gone");
    let body = json!({"challengeId": stepping["challengeId"], "passkey": credential});
    let verified = stack.api.post(VERIFY).json(body.clone()).send().await;
    verified.expect(410).problem("challenge-gone");
    let elsewhere = Person::of(&stack.sign_in_by(&mut phone).await.expect(200));
    let foreign = stack.post(&elsewhere, STEP_UP, body.clone()).await;
    foreign.expect(410).problem("challenge-gone");
    stack.post(&ada, STEP_UP, body.clone()).await.expect(200);
    let again = stack.post(&ada, STEP_UP, body).await;
    again.expect(410).problem("challenge-gone");
    // And it waits five minutes.
    let late = stack.sign_in_question().await;
    stack.pass(300);
    let credential = phone.get(&late["publicKey"]);
    let late = stack.answer(&late, credential).await;
    late.expect(410).problem("challenge-gone");
}

#[tokio::test]
async fn au_21_a_counter_that_goes_back_is_refused_and_none_is_fine() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let mut silent = Authenticator::es256();
    stack.adopt(&ada, &mut silent).await;
    for _ in 0..3 {
        stack.sign_in_by(&mut silent).await.expect(200);
    }
    let mut key = Authenticator::ed25519();
    key.says.count = 7;
    stack.adopt(&ada, &mut key).await;
    for (count, fine) in [(8, true), (8, false), (7, false), (0, false), (100, true)] {
        key.says.count = count;
        let reply = stack.sign_in_by(&mut key).await;
        if fine {
            reply.expect(200);
        } else {
            assert_eq!(code(reply), "counter-went-back");
        }
    }
    // A copy that begins to count is told from the one that never did.
    silent.says.count = 1;
    stack.sign_in_by(&mut silent).await.expect(200);
    silent.says.count = 0;
    assert_eq!(
        code(stack.sign_in_by(&mut silent).await),
        "counter-went-back"
    );
}

#[tokio::test]
async fn b1_07_a_passkey_is_a_second_factor_and_proves_a_session_anew() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let elsewhere = stack.login(&ada).await;
    let mut phone = Authenticator::es256();
    stack.adopt(&ada, &mut phone).await;
    let asked = stack.first_step(&ada).await.body;
    assert_eq!(asked["methods"], json!(["passkey", "recovery-code"]));
    let allowed = &asked["publicKey"]["allowCredentials"];
    assert_eq!(allowed[0]["id"], base64url(&phone.id));
    let mut passkey = phone.get(&asked["publicKey"]);
    // Whose it is, is known: the authenticator need not say it.
    passkey["response"]["userHandle"] = Value::Null;
    let body = json!({"challengeId": asked["challengeId"], "passkey": passkey});
    let reply = stack.api.post(VERIFY).json(body).send().await.expect(200);
    let session = stack
        .get("/v1/auth/session", &Person::of(&reply))
        .await
        .expect(200);
    assert_eq!(session.body["methods"], json!(["pwd", "pop"]));

    let codes = "/v1/auth/mfa/recovery-codes";
    let refused = stack.post(&elsewhere, codes, json!({})).await;
    let refused = refused.expect(403).problem("step-up-required");
    assert_eq!(refused.body["methods"], json!(["passkey", "recovery-code"]));
    let asked = stack.ask_as(&elsewhere, "/v1/auth/step-up/options").await;
    let passkey = phone.get(&asked["publicKey"]);
    let alone = json!({"passkey": passkey});
    stack.post(&elsewhere, STEP_UP, alone).await.expect(400);
    let body = json!({"challengeId": asked["challengeId"], "passkey": passkey});
    stack.post(&elsewhere, STEP_UP, body).await.expect(200);
    stack.post(&elsewhere, codes, json!({})).await.expect(200);
}

#[tokio::test]
async fn au_21_a_passkey_is_good_for_its_own_account_alone() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let (mut hers, mut eves) = (Authenticator::es256(), Authenticator::es256());
    stack.adopt(&ada, &mut hers).await;
    stack.adopt(&eve, &mut eves).await;
    // Eve answers for Ada: with her own key, and under Ada's name.
    let asked = stack.first_step(&ada).await.body;
    let passkey = eves.get(&asked["publicKey"]);
    let body = json!({"challengeId": asked["challengeId"], "passkey": passkey});
    let verified = stack.api.post(VERIFY).json(body).send().await;
    assert_eq!(code(verified), "unknown");
    let asked = stack.sign_in_question().await;
    let mut named = eves.get(&asked["publicKey"]);
    named["response"]["userHandle"] = json!(base64url(&hers.handle));
    assert_eq!(code(stack.answer(&asked, named.clone()).await), "unknown");
    named["id"] = json!(base64url(&hers.id));
    named["rawId"] = json!(base64url(&hers.id));
    assert_eq!(code(stack.answer(&asked, named).await), "wrong-signature");
    // One credential is not two accounts'.
    let asked = stack.registration(&eve).await;
    let credential = hers.create(&asked["publicKey"]);
    let taken = stack.add_passkey(&eve, &asked, credential).await;
    taken.expect(409).problem("passkey-taken");
    // Nor can she touch what is Ada's, or add to Ada's session.
    let list = stack.get(PASSKEYS, &ada).await.expect(200);
    let path = format!(
        "{PASSKEYS}/{}",
        list.body["items"][0]["id"].as_str().unwrap()
    );
    let rename = stack.api.patch(&path).token(&eve.access);
    let rename = rename.json(json!({"name": "mine"})).send().await;
    rename.expect(404);
    stack.remove_as(&eve, &path).await.expect(404);
    let asked = stack.registration(&ada).await;
    let credential = Authenticator::es256().create(&asked["publicKey"]);
    let foreign = stack.add_passkey(&eve, &asked, credential).await;
    foreign.expect(410).problem("challenge-gone");
}

#[tokio::test]
async fn au_21_passkeys_are_named_removed_and_known_no_more() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let (mut phone, mut key) = (Authenticator::es256(), Authenticator::ed25519());
    stack.adopt(&ada, &mut phone).await;
    stack.pass(1);
    let second = stack.adopt(&ada, &mut key).await;
    assert_eq!(
        second["recoveryCodes"],
        Value::Null,
        "those before are good"
    );
    let path = |body: &Value| format!("{PASSKEYS}/{}", body["id"].as_str().unwrap());
    let list = stack.get(PASSKEYS, &ada).await.expect(200).body;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][1]["id"], second["passkey"]["id"]);
    let (first, second) = (path(&list["items"][0]), path(&list["items"][1]));
    let rename = async |name: &str| {
        let request = stack.api.patch(&second).token(&ada.access);
        request.json(json!({"name": name})).send().await
    };
    rename(" ").await.expect(400);
    rename(&"x".repeat(61)).await.expect(400);
    let renamed = rename(" Blue key ").await.expect(200);
    assert_eq!(renamed.body["name"], "Blue key");
    stack.remove_as(&ada, &second).await.expect(204);
    stack.remove_as(&ada, &second).await.expect(404);
    assert_eq!(code(stack.sign_in_by(&mut key).await), "unknown");
    stack.sign_in_by(&mut phone).await.expect(200);
    stack.pass(600);
    let stale = stack.remove_as(&ada, &first).await;
    stale.expect(403).problem("step-up-required");
    let here = Person::of(&stack.sign_in_by(&mut phone).await.expect(200));
    stack.remove_as(&here, &first).await.expect(204);
    // Without a second factor a password is enough again.
    let ada = stack.login(&ada).await;
    let view = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(view.body["recoveryCodesLeft"], 0);
    // A removed credential can be added again.
    stack.adopt(&ada, &mut key).await;
}

#[tokio::test]
async fn au_21_an_account_has_twenty_passkeys_at_most() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let early = stack.registration(&ada).await;
    for _ in 0..20 {
        stack.adopt(&ada, &mut Authenticator::es256()).await;
    }
    let credential = Authenticator::es256().create(&early["publicKey"]);
    let full = stack.add_passkey(&ada, &early, credential).await;
    full.expect(409).problem("too-many-passkeys");
    let path = "/v1/auth/passkeys/registration/options";
    let full = stack.post(&ada, path, json!({})).await;
    full.expect(409).problem("too-many-passkeys");
    assert_eq!(stack.app.store.passkeys(ada.id).await.unwrap().len(), 20);
}

#[tokio::test]
async fn au_21_a_suspended_account_is_refused_by_passkey_too() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let mut phone = Authenticator::es256();
    stack.adopt(&ada, &mut phone).await;
    suspend(&stack, ada.id).await;
    let refused = stack.sign_in_by(&mut phone).await;
    refused.expect(403).problem("account-suspended");
}

#[tokio::test]
async fn au_21_who_lost_every_factor_is_helped_by_who_stands_above_them() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let mut phone = Authenticator::es256();
    stack.adopt(&ada, &mut phone).await;
    stack.phone(&ada).await;
    let path = format!("/v1/auth/users/{}/mfa", ada.id);
    stack.remove_as(&eve, &path).await.expect(403);
    appoint(&stack, eve.id, PlatformRole::Admin).await;
    appoint(&stack, ada.id, PlatformRole::Admin).await;
    let equal = stack.remove_as(&eve, &path).await;
    equal.expect(403).problem("forbidden");
    appoint(&stack, ada.id, PlatformRole::User).await;
    let nobody = format!("/v1/auth/users/{}/mfa", UserId::new());
    stack.remove_as(&eve, &nobody).await.expect(404);
    stack.pass(600);
    let stale = stack.remove_as(&eve, &path).await;
    stale.expect(403).problem("step-up-required");
    let eve = stack.login(&eve).await;
    stack.remove_as(&eve, &path).await.expect(204);
    let told = ("second-factors-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    stack.get("/v1/users/me", &ada).await.expect(401);
    assert_eq!(code(stack.sign_in_by(&mut phone).await), "unknown");
    let ada = stack.login(&ada).await;
    let view = stack.get("/v1/auth/mfa", &ada).await.expect(200);
    assert_eq!(view.body["methods"], json!([]));
    stack.adopt(&ada, &mut phone).await;
}

/// Both roles are looked at again by the commit.
#[tokio::test]
async fn au_28_factors_go_only_while_both_are_what_they_were() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    stack.phone(&ada).await;
    appoint(&stack, eve.id, PlatformRole::Admin).await;
    let store = &stack.app.store;
    let account = store.account(ada.id).await.unwrap().unwrap();
    let factors = store.factors(ada.id).await.unwrap();
    let by = Administrator {
        user_id: eve.id,
        role: PlatformRole::Admin,
    };
    let what = FactorRemoval {
        account: &account,
        factors: &factors,
        passkeys: &[],
        standing: None,
    };
    // The one who is helped was promoted meanwhile.
    appoint(&stack, ada.id, PlatformRole::Owner).await;
    let reply = Reply::no_content();
    let refused = store.remove_all_factors(&cx(), &what, by, reply).await;
    assert_eq!(refused.unwrap_err().kind().slug, "forbidden");
    assert!(store.factors(ada.id).await.unwrap().is_active());
}

/// Nor does one who administers no more take anything away.
#[tokio::test]
async fn au_28_a_demoted_administrator_takes_no_factors() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    stack.phone(&ada).await;
    appoint(&stack, eve.id, PlatformRole::User).await;
    let store = &stack.app.store;
    let what = FactorRemoval {
        account: &store.account(ada.id).await.unwrap().unwrap(),
        factors: &store.factors(ada.id).await.unwrap(),
        passkeys: &[],
        standing: None,
    };
    let by = Administrator {
        user_id: eve.id,
        role: PlatformRole::Admin,
    };
    let reply = Reply::no_content();
    let refused = store.remove_all_factors(&cx(), &what, by, reply).await;
    assert_eq!(refused.unwrap_err().kind().slug, "forbidden");
    assert!(store.factors(ada.id).await.unwrap().is_active());
}

async fn appoint(stack: &Stack, user_id: UserId, platform_role: PlatformRole) {
    let mut commit = Commit::new(stack.world.access(), &cx());
    commit.put(&UserAccess {
        user_id,
        platform_role,
        suspended: false,
        leaving: false,
    });
    commit.execute().await.unwrap();
}
