//! A stack of its own for each test.

use std::sync::Arc;

use jiff::SignedDuration;
use plenary_auth::{
    App, Settings, api,
    model::{
        account::{Account, Address, Credential},
        email::Email,
        mailed::LinkUse,
        session::Method,
    },
    sealer::{Purpose, Sealer},
    store::{Registration, Spent},
    worker::Worker,
};
use serde_json::{Value, json};
pub use shared::testing::MemorySealer;
use shared::{
    aws::Aws,
    digest::from_base64url,
    id::{OrganizationId, UserId},
    objects::Bucket,
    testing::{ISSUER, Shelf, TestApi, TestReply, World, cx},
};

/// A password that every rule accepts.
pub const PASSWORD: &str = "violet teapot marches north";

/// The group on fresh tables.
pub struct Stack {
    pub world: World,
    pub app: App,
    pub api: TestApi,
    pub sealer: Arc<MemorySealer>,
    /// Where exports are collected.
    pub exports: Shelf,
}

/// Somebody with an account, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub access: String,
    pub refresh: String,
}

impl Person {
    /// From the answer to a sign-in.
    pub fn of(reply: &TestReply) -> Self {
        let text = |pointer: &str| {
            reply
                .body
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        Self {
            id: text("/user/id").parse().unwrap(),
            email: text("/user/email"),
            access: text("/accessToken"),
            refresh: text("/refreshToken"),
        }
    }
}

impl Stack {
    pub async fn new() -> Self {
        Self::with(World::of("auth").await, |_| ())
    }

    pub fn with(world: World, change: impl FnOnce(&mut Settings)) -> Self {
        Self::sealed_by(world, Arc::new(MemorySealer::new()), change)
    }

    pub fn sealed_by(
        world: World,
        sealer: Arc<MemorySealer>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(ISSUER);
        change(&mut settings);
        let (table, access) = (world.core.table.clone(), world.core.access.clone());
        let exports = Bucket::new(&Aws::detached(), "exports");
        let app = App::new(table, access, sealer.clone(), exports, settings);
        let api = world.api(api(world.core.clone()).build(app.clone()));
        Self {
            world,
            app,
            api,
            sealer,
            exports: Shelf::default(),
        }
    }

    /// The group's worker.
    pub fn worker(&self) -> Worker {
        Worker {
            store: self.app.store.clone(),
            exports: Arc::new(self.exports.clone()),
            hold: SignedDuration::from_hours(30 * 24),
        }
    }

    /// Registers through the API.
    pub async fn register(&self, name: &str) -> Person {
        let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        Person::of(
            &self
                .api
                .post("/v1/auth/register")
                .json(body)
                .send()
                .await
                .expect(201),
        )
    }

    /// Signs in through the API.
    pub async fn login(&self, person: &Person) -> Person {
        let body = json!({"email": person.email, "password": PASSWORD});
        Person::of(
            &self
                .api
                .post("/v1/auth/login")
                .json(body)
                .send()
                .await
                .expect(200),
        )
    }

    /// Proves the address of who registered last, on their session.
    pub async fn prove(&self, who: &Person) {
        let body = json!({"token": self.mailed("verify-email").await});
        let request = self.api.post("/v1/auth/verify-email").token(&who.access);
        request.json(body).send().await.expect(204);
    }

    /// Registers through the API and proves the address.
    pub async fn verified_person(&self, name: &str) -> Person {
        let person = self.register(name).await;
        self.prove(&person).await;
        person
    }

    /// An account with a verified address, without the cost of a password.
    pub async fn proven(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.prove(&person).await;
        person
    }

    /// How many sessions there are of a person.
    pub async fn session_count(&self, who: &Person) -> usize {
        let items = self.world.db.items(self.world.table()).await;
        let own = format!("USER#{}", who.id);
        let sessions = items.iter().filter(|item| {
            let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
            *pk == own && sk.starts_with("SESSION#")
        });
        sessions.count()
    }

    pub async fn refresh(&self, token: &str) -> TestReply {
        self.api
            .post("/v1/auth/refresh")
            .json(json!({"refreshToken": token}))
            .send()
            .await
    }

    /// An account without the cost of a password.
    pub async fn person(&self, name: &str) -> Person {
        let email = Email::parse(&format!("{name}@example.org")).unwrap();
        let account = Account {
            id: UserId::new(),
            version: 0,
            email: Address(email.as_str().to_owned()),
            email_verified: false,
            name: Some(name.to_owned()),
            username: None,
            company: None,
            created_at: self.world.clock.now(),
            last_login_at: None,
            default_organization_id: None,
        };
        let credential = Credential {
            user_id: account.id,
            version: 0,
            hash: "none".to_owned(),
            changed_at: account.created_at,
            reset_required: false,
        };
        let (session, tokens) = self
            .app
            .begin_session(
                &cx(),
                &account,
                &[plenary_auth::model::session::Method::Password],
            )
            .await
            .unwrap();
        let verification = self.app.link(account.id, LinkUse::VerifyEmail, &email);
        let new = Registration {
            verification: verification.await.unwrap(),
            account,
            email,
            credential,
            session: Some(session),
            consents: Vec::new(),
        };
        self.app.store.register(&cx(), &new).await.unwrap();
        Person {
            id: new.account.id,
            email: new.email.as_str().to_owned(),
            access: tokens.access_token,
            refresh: tokens.refresh_token,
        }
    }

    /// A session of somebody by password that nothing checked.
    pub async fn begun(&self, who: &Person) -> Person {
        let account = self.app.store.account(who.id).await.unwrap().unwrap();
        let methods = [Method::Password];
        let begun = self.app.begin_session(&cx(), &account, &methods).await;
        let (session, tokens) = begun.unwrap();
        let (cx, nothing) = (cx(), Spent::default());
        let kept = self.app.store.login(&cx, &session, &nothing);
        kept.await.unwrap();
        Person {
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            ..who.clone()
        }
    }

    /// An organisation of this owner.
    pub async fn organization(&self, owner: &Person, slug: &str) -> OrganizationId {
        let body = json!({"name": format!("The {slug}"), "slug": slug});
        let reply = self
            .api
            .post("/v1/organizations")
            .token(&owner.access)
            .json(body)
            .send()
            .await;
        reply.expect(201).body["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// A new person with a role, given by the owner.
    pub async fn member(&self, owner: &Person, org: OrganizationId, role: &str) -> Person {
        let person = self.person(&format!("{role}-{}", UserId::new())).await;
        self.add(owner, org, &person, role).await.expect(201);
        person
    }

    /// Offers somebody a membership.
    pub async fn offer(
        &self,
        by: &Person,
        org: OrganizationId,
        who: UserId,
        role: &str,
    ) -> TestReply {
        self.api
            .post(&format!("/v1/organizations/{org}/members"))
            .token(&by.access)
            .json(json!({"userId": who, "role": role}))
            .send()
            .await
    }

    /// Accepts what [`Stack::offer`] answered.
    pub async fn agree(&self, asked: &TestReply, who: &Person) -> TestReply {
        let path = format!("{}/accept", asked.header("location"));
        self.api.post(&path).token(&who.access).send().await
    }

    /// Offers it to somebody, who accepts; the answer to the one, or to the other if
    /// that came to nothing.
    pub async fn add(
        &self,
        by: &Person,
        org: OrganizationId,
        who: &Person,
        role: &str,
    ) -> TestReply {
        let asked = self.offer(by, org, who.id, role).await;
        if asked.status != 201 {
            return asked;
        }
        let agreed = self.agree(&asked, who).await;
        if agreed.status == 200 { asked } else { agreed }
    }

    pub async fn change(
        &self,
        by: &Person,
        org: OrganizationId,
        who: &Person,
        role: &str,
    ) -> TestReply {
        self.api
            .patch(&format!("/v1/organizations/{org}/members/{}", who.id))
            .token(&by.access)
            .header("content-type", "application/merge-patch+json")
            .json(json!({"role": role}))
            .send()
            .await
    }

    pub async fn remove(&self, by: &Person, org: OrganizationId, who: &Person) -> TestReply {
        self.api
            .delete(&format!("/v1/organizations/{org}/members/{}", who.id))
            .token(&by.access)
            .send()
            .await
    }

    /// The types of all events committed so far, in order.
    pub async fn event_types(&self) -> Vec<String> {
        let events = self.world.outbox(self.world.table()).await;
        events.into_iter().map(|event| event.kind).collect()
    }

    /// The data of the last event of a type.
    pub async fn last_event(&self, kind: &str) -> Value {
        let events = self.world.outbox(self.world.table()).await;
        events
            .into_iter()
            .rfind(|event| event.kind == kind)
            .expect(kind)
            .data
    }

    /// The letters asked for so far: which, and to whom.
    pub async fn letters(&self) -> Vec<(String, String)> {
        let events = self.world.outbox(self.world.table()).await;
        events
            .into_iter()
            .filter(|event| event.kind == "auth.mail.requested")
            .map(|event| {
                let text = |name: &str| event.data[name].as_str().unwrap().to_owned();
                (text("template"), text("email"))
            })
            .collect()
    }

    /// The token of the last letter of a kind, as notifications opens it.
    pub async fn mailed(&self, template: &str) -> String {
        let events = self.world.outbox(self.world.table()).await;
        let letter = events
            .into_iter()
            .rfind(|event| event.data["template"] == template)
            .expect(template);
        let sealed = from_base64url(letter.data["sealedToken"].as_str().unwrap()).unwrap();
        let clear = self.sealer.open(Purpose::Mail, &sealed).await.unwrap();
        String::from_utf8(clear.to_vec()).unwrap()
    }

    /// Everything that the two tables hold, as text.
    pub async fn everything(&self) -> String {
        let own = self.world.db.items(self.world.table()).await;
        let access = self.world.db.items(self.world.access()).await;
        format!("{own:?}{access:?}")
    }

    pub async fn get(&self, path: &str, who: &Person) -> TestReply {
        self.api.get(path).token(&who.access).send().await
    }
}

/// The body without what differs between any two answers.
pub fn comparable(reply: &TestReply) -> Value {
    let mut body = reply.body.clone();
    body.as_object_mut().unwrap().remove("correlationId");
    body
}
