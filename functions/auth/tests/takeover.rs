//! An account in two hands: what a thief began before its owner acted does not
//! end after it, and what they left goes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join;
use jiff::SignedDuration;
use plenary_auth::{
    App,
    keyring::KeyRing,
    model::mailed::LinkUse,
    sealer::{Purpose, Sealer},
};
use serde_json::{Value, json};
use shared::{
    sealer::Sealing,
    testing::{TestApi, TestReply},
};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::{
    administration::{decide, deliver, last, owner},
    support::{MemorySealer, PASSWORD, Person, Stack},
};

/// Another password.
pub const OTHER: &str = "seven quiet lanterns above";

/// Stops a request where it first seals or opens something for a purpose.
#[derive(Debug)]
pub struct Pause {
    sealer: Arc<MemorySealer>,
    purpose: Purpose,
    over: AtomicBool,
    reached: Notify,
    go_on: Notify,
}

impl Pause {
    async fn here(&self, purpose: Purpose) {
        if purpose.as_str() == self.purpose.as_str() && !self.over.swap(true, Ordering::SeqCst) {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
    }

    /// Makes a request, and in its middle does something else.
    pub async fn amid<T>(
        &self,
        request: impl Future<Output = T>,
        meanwhile: impl Future<Output = ()>,
    ) -> T {
        let act = async {
            self.reached.notified().await;
            meanwhile.await;
            self.go_on.notify_one();
        };
        let both = tokio::time::timeout(Duration::from_mins(1), join(request, act));
        both.await.expect("the request never came to the pause").0
    }
}

impl Sealer for Pause {
    fn seal<'a>(&'a self, purpose: Purpose, clear: &'a [u8]) -> Sealing<'a, Vec<u8>> {
        Box::pin(async move {
            self.here(purpose).await;
            self.sealer.seal(purpose, clear).await
        })
    }

    fn open<'a>(&'a self, purpose: Purpose, sealed: &'a [u8]) -> Sealing<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            self.here(purpose).await;
            self.sealer.open(purpose, sealed).await
        })
    }
}

impl Stack {
    /// Another instance of the function, whose first request stops where it
    /// needs the sealer for a purpose.
    pub fn pausing(&self, purpose: Purpose) -> (TestApi, Arc<Pause>) {
        let pause = Arc::new(Pause {
            sealer: self.sealer.clone(),
            purpose,
            over: AtomicBool::new(false),
            reached: Notify::new(),
            go_on: Notify::new(),
        });
        let clock = self.world.clock.clone();
        let app = App {
            keyring: Arc::new(KeyRing::new(self.app.store.clone(), pause.clone(), clock)),
            sealer: pause.clone(),
            ..self.app.clone()
        };
        let api = plenary_auth::api(self.world.core.clone()).build(app);
        (self.world.api(api), pause)
    }

    /// The link of a mail to choose another password by.
    pub async fn forgotten(&self, who: &Person) -> String {
        let forgot = self.api.post("/v1/auth/forgot-password");
        let body = json!({"email": who.email});
        forgot.json(body).send().await.expect(202);
        self.mailed("reset-password").await
    }

    pub async fn reset_to(&self, token: &str, password: &str) {
        // Two passwords of one instant cannot be told apart.
        self.world.clock.advance(SignedDuration::from_secs(1));
        let reset = self.api.post("/v1/auth/reset-password");
        let body = json!({"token": token, "newPassword": password});
        reset.json(body).send().await.expect(204);
    }

    pub async fn reset_by(&self, token: &str) {
        self.reset_to(token, OTHER).await;
    }

    /// The owner chooses another password by mail.
    pub async fn take_back(&self, who: &Person) {
        let token = self.forgotten(who).await;
        self.reset_by(&token).await;
    }

    pub async fn login_by(&self, who: &Person, password: &str) -> Person {
        let body = json!({"email": who.email, "password": password});
        let request = self.api.post("/v1/auth/login").json(body);
        Person::of(&request.send().await.expect(200))
    }

    async fn confirm_address(&self, token: &str, more: Value, bearer: Option<&str>) -> TestReply {
        let mut body = json!({"token": token});
        if let Some(password) = more.as_str() {
            body["password"] = json!(password);
        }
        let request = self.api.post("/v1/auth/verify-email").json(body);
        match bearer {
            Some(token) => request.token(token).send().await,
            None => request.send().await,
        }
    }

    async fn proved(&self, who: &Person) -> bool {
        let account = self.app.store.account(who.id).await.unwrap().unwrap();
        account.email_verified
    }
}

/// The password was compared, and is replaced before the session is kept.
#[tokio::test]
async fn au_14_15_31_33_a_sign_in_that_began_before_its_password_went_does_not_end_after_it() {
    for what in ["reset", "change", "removal", "forced"] {
        let stack = Stack::new().await;
        let root = owner(&stack, "root").await;
        let ada = stack.register("ada").await;
        let forgotten = stack.forgotten(&ada).await;
        let letter = json!({"email": ada.email});
        let ask = stack.api.post("/v1/auth/magic-link").json(letter);
        ask.send().await.expect(202);
        let mail = stack.mailed("sign-in").await;
        let owners = async || match what {
            "reset" => stack.reset_by(&forgotten).await,
            "change" => {
                stack.world.clock.advance(SignedDuration::from_secs(1));
                let body = json!({"currentPassword": PASSWORD, "newPassword": OTHER});
                let change = stack.api.post("/v1/auth/change-password");
                let change = change.token(&ada.access).json(body);
                change.send().await.expect(204);
            }
            "removal" => {
                let token = mail.split_once(' ').unwrap().0;
                let verify = stack.api.post("/v1/auth/magic-link/verify");
                let verify = verify.json(json!({"token": token}));
                verify.send().await.expect(200);
            }
            _ => {
                stack.world.clock.advance(SignedDuration::from_secs(1));
                let forced = json!({"passwordResetRequired": true});
                decide(&stack, &root, &ada, forced).await.expect(200);
            }
        };
        let (api, pause) = stack.pausing(Purpose::SigningKey);
        let body = json!({"email": ada.email, "password": PASSWORD});
        let sign_in = api.post("/v1/auth/login").json(body).send();
        let reply = pause.amid(sign_in, owners()).await;
        let refused = if what == "forced" { 403 } else { 401 };
        assert_eq!(reply.status, refused, "{what}: {}", reply.text);
        let left = usize::from(matches!(what, "change" | "removal"));
        assert_eq!(stack.session_count(&ada).await, left, "{what}");
    }
}

/// The link of a mail was right, and the password is replaced before the session
/// is kept.
#[tokio::test]
async fn au_15_20_a_sign_in_by_mail_does_not_end_after_a_reset_either() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    let forgotten = stack.forgotten(&ada).await;
    let ask = stack.api.post("/v1/auth/magic-link");
    let ask = ask.json(json!({"email": ada.email}));
    ask.send().await.expect(202);
    let mail = stack.mailed("sign-in").await;
    let (api, pause) = stack.pausing(Purpose::SigningKey);
    let body = json!({"token": mail.split_once(' ').unwrap().0});
    let sign_in = api.post("/v1/auth/magic-link/verify").json(body).send();
    let reply = pause.amid(sign_in, stack.reset_by(&forgotten)).await;
    reply.expect(410).problem("link-gone");
    assert_eq!(stack.session_count(&ada).await, 0);
}

/// The thief's request has passed every check when the owner acts: no link to
/// the thief's mailbox is left.
#[tokio::test]
async fn au_15_31_a_change_of_address_that_began_before_the_reset_leaves_no_link() {
    for forced in [false, true] {
        let stack = Stack::new().await;
        let root = owner(&stack, "root").await;
        let ada = stack.register("ada").await;
        let forgotten = stack.forgotten(&ada).await;
        let (api, pause) = stack.pausing(Purpose::Mail);
        let body = json!({"newEmail": "thief@example.org", "currentPassword": PASSWORD});
        let change = api.post("/v1/auth/change-email").token(&ada.access);
        let change = change.json(body).send();
        let owners = async {
            if forced {
                stack.world.clock.advance(SignedDuration::from_secs(1));
                let reset = json!({"passwordResetRequired": true});
                decide(&stack, &root, &ada, reset).await.expect(200);
            } else {
                stack.reset_by(&forgotten).await;
            }
        };
        let reply = pause.amid(change, owners).await;
        assert!(
            matches!(reply.status.as_u16(), 400 | 401 | 403),
            "{reply:?}"
        );
        let link = stack.app.store.link(ada.id, LinkUse::ChangeEmail).await;
        assert!(link.unwrap().is_none());
    }
}

/// A request that stopped after its commit is finished by the worker, and an
/// event that comes days later ends nothing that began after it.
#[tokio::test]
async fn au_15_25_what_a_reset_did_not_come_to_is_ended_by_the_worker() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.take_back(&ada).await;
    // As if the request had left it: a session, and a key that was made by it.
    let thief = stack.begun(&ada).await;
    let (_, key) = stack.key(&thief, &["users:read"]).await;
    let event = last(&stack, "user.password.changed").await;
    assert_eq!(event.data["by"], "reset");
    assert_eq!(deliver(&stack, &[event.clone(), event.clone()]).await, 0);
    stack.refresh(&thief.refresh).await.expect(401);
    stack.world.clock.advance(SignedDuration::from_secs(5));
    stack.get("/v1/users/me", &thief).await.expect(401);
    stack.me_by(&key).await.expect(401);
    stack.world.clock.advance(SignedDuration::from_hours(24));
    let later = stack.login_by(&ada, OTHER).await;
    let (_, key) = stack.key(&later, &["users:read"]).await;
    assert_eq!(deliver(&stack, &[event]).await, 0);
    stack.get("/v1/users/me", &later).await.expect(200);
    stack.me_by(&key).await.expect(200);
}

#[tokio::test]
async fn au_31_what_a_change_did_not_come_to_is_ended_by_the_worker() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": OTHER});
    let change = stack.api.post("/v1/auth/change-password");
    let change = change.token(&ada.access).json(body);
    change.send().await.expect(204);
    let thief = stack.begun(&ada).await;
    let event = last(&stack, "user.password.changed").await;
    assert_eq!(deliver(&stack, &[event]).await, 0);
    stack.refresh(&thief.refresh).await.expect(401);
    stack.get("/v1/users/me", &ada).await.expect(200);
}

/// Plenary mails the owner of an address a link to confirm what somebody else
/// registered with it.
#[tokio::test]
async fn b1_04_au_16_confirming_an_address_does_not_confirm_who_registered_with_it() {
    // Without a session, on that of somebody else, and by a key of the account.
    for who in ["nobody", "another", "a key"] {
        let stack = Stack::new().await;
        let eve = stack.register("eve").await;
        let thief = stack.register("ada").await;
        let token = stack.mailed("verify-email").await;
        let phone = stack.phone(&thief).await;
        let (_, key) = stack.key(&thief, &["users:read"]).await;
        let bearer = match who {
            "nobody" => None,
            "another" => Some(eve.access.as_str()),
            _ => {
                let refused = stack.confirm_address(&token, Value::Null, Some(&key)).await;
                refused.expect(403);
                None
            }
        };
        let done = stack.confirm_address(&token, Value::Null, bearer).await;
        done.expect(204);
        assert!(stack.proved(&thief).await);
        let told = ("password-removed".to_owned(), thief.email.clone());
        assert_eq!(stack.letters().await.last(), Some(&told));
        stack.get("/v1/users/me", &thief).await.expect(401);
        stack.refresh(&thief.refresh).await.expect(401);
        stack.me_by(&key).await.expect(401);
        let body = json!({"email": thief.email, "password": PASSWORD});
        let login = stack.api.post("/v1/auth/login").json(body);
        login.send().await.expect(401);
        let factors = stack.app.store.factors(thief.id).await.unwrap();
        assert!(!factors.is_active(), "{}", phone.text.len());
        // Nothing happened to who only sent it.
        stack.get("/v1/users/me", &eve).await.expect(200);
        assert!(!stack.proved(&eve).await);
    }
}

/// Whoever registered keeps everything: on the session, or by the password where
/// nobody is signed in.
#[tokio::test]
async fn b1_04_au_16_who_registered_confirms_by_session_or_password_and_keeps_all() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let token = stack.mailed("verify-email").await;
    let wrong = stack.confirm_address(&token, json!(OTHER), None).await;
    assert_eq!(wrong.expect(400).body["errors"][0]["pointer"], "/password");
    assert!(!stack.proved(&ada).await);
    let (_, key) = stack.key(&ada, &["users:read"]).await;
    let done = stack.confirm_address(&token, json!(PASSWORD), None).await;
    done.expect(204);
    assert!(stack.proved(&ada).await);
    stack.get("/v1/users/me", &ada).await.expect(200);
    stack.me_by(&key).await.expect(200);
    stack.login(&ada).await;

    let bob = stack.register("bob").await;
    let token = stack.mailed("verify-email").await;
    let other = stack.login(&bob).await;
    let out = stack.api.post("/v1/auth/logout").token(&other.access);
    out.send().await.expect(204);
    // A session that ended decides nothing: the app continues it, or asks.
    let ended = stack.confirm_address(&token, Value::Null, Some(&other.access));
    ended.await.expect(401);
    assert!(!stack.proved(&bob).await);
    let done = stack.confirm_address(&token, Value::Null, Some(&bob.access));
    done.await.expect(204);
    assert!(stack.proved(&bob).await);
    stack.login(&bob).await;
    // Used up.
    let again = stack.confirm_address(&token, Value::Null, Some(&bob.access));
    again.await.expect(410).problem("link-gone");
}
