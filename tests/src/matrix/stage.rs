//! All groups on one set of tables, and a tenant with something of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use plenary_auth::sealer::{Purpose, Sealer, Sealing};
use plenary_notifications::Worker;
use plenary_notifications::outgoing::{Letter, MailError, Mailer, Unsealer};
use plenary_notifications::postman::Postman;
use plenary_notifications::templates::Links;
use plenary_notifications::worker::{Trigger, run};
use plenary_platform::app::{App as Platform, Deployment};
use plenary_platform::audit::AuditStore;
use plenary_platform::health::{Monitor, probe::Probes};
use plenary_platform::operations::{Ledger, OperationStore};
use serde_json::{Value, json};
use shared::api_key::{KeyOwner, KeyVerifier, Kind, Terms};
use shared::aws::Aws;
use shared::commit::Commit;
use shared::event::operations::UserExportRequested;
use shared::http::Core;
use shared::id::{ApiKeyId, OperationId, SessionId};
use shared::objects::Bucket;
use shared::principal::PlatformRole;
use shared::table::{Item, Table};
use shared::testing::{ISSUER, Shelf, TestApi, TestReply, TestUser, World, cx, event};
use shared::token::Claims;
use shared::worker::WorkerError;

/// Where administrators of the platform work.
pub const HOME: &str = "203.0.113.7";

/// What the tenant's things are called.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// The id behind the name of a parameter or member.
    pub fn id_of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a text names something of the tenant's.
    pub fn occur_in(&self, text: &str) -> bool {
        self.0.values().any(|id| text.contains(id.as_str()))
    }

    /// What a schema cannot say of an operation's body.
    pub fn body(&self, operation: &str) -> Option<Value> {
        Some(match operation {
            "createEvent" => json!({
                "title": "Rust for conferences", "timeZone": "Europe/Berlin",
                "startsAt": "2026-10-12T07:00:00Z", "endsAt": "2026-10-12T15:00:00Z",
                "organizationId": self.id_of("organizationId"),
            }),
            "updateEvent" => json!({
                "startsAt": "2026-10-13T07:00:00Z", "endsAt": "2026-10-13T15:00:00Z",
            }),
            "createServiceAccount" => json!({"role": "organizer"}),
            "revokeToken" => json!({"token": "none of ours"}),
            "addAttendee" | "checkIn" | "transferRegistration" => {
                json!({"userId": self.id_of("userId")})
            }
            "importAttendees" => json!({"csv": "email\ngrace@example.org\n"}),
            "takeOverRegistration" => json!({"fromUserId": self.id_of("userId")}),
            _ => return None,
        })
    }

    /// A path with the tenant's ids, as far as it has any of that name; `{id}` is
    /// the group's main thing.
    pub fn fill(&self, group: &str, path: &str) -> String {
        path.split('/')
            .map(|segment| {
                let Some(name) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
                    return segment;
                };
                let name = match (name, group) {
                    ("id", "events") => "eventId",
                    ("id", "media") => "mediaId",
                    ("id", "notifications") => "notificationId",
                    (name, _) => name,
                };
                self.id_of(name).unwrap_or(segment)
            })
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// Hides nothing: what is tried here is not the mail.
#[derive(Debug)]
struct Glass;

impl Sealer for Glass {
    fn seal<'a>(&'a self, _: Purpose, clear: &'a [u8]) -> Sealing<'a, Vec<u8>> {
        Box::pin(async move { Ok(clear.to_vec()) })
    }

    fn open<'a>(
        &'a self,
        _: Purpose,
        sealed: &'a [u8],
    ) -> Sealing<'a, zeroize::Zeroizing<Vec<u8>>> {
        Box::pin(async move { Ok(sealed.to_vec().into()) })
    }
}

/// Takes every letter and sends none.
#[derive(Debug, Clone)]
struct Nowhere;

impl Mailer for Nowhere {
    fn sender(&self) -> &'static str {
        "no-reply@plenary.test"
    }

    async fn send(&self, _: &Letter) -> Result<(), MailError> {
        Ok(())
    }
}

impl Unsealer for Nowhere {
    async fn unseal(&self, sealed: &str) -> Result<String, WorkerError> {
        Ok(sealed.to_owned())
    }
}

/// Somebody who registered.
struct Person {
    id: String,
    token: String,
}

pub struct Stage {
    world: World,
    /// The API of each group.
    pub apis: BTreeMap<&'static str, TestApi>,
    tables: BTreeMap<&'static str, Table>,
    /// The tenant's things.
    pub names: Names,
    /// The token of the tenant's owner.
    pub owner: String,
    owner_id: String,
    /// That of its lowest role.
    pub member: String,
    /// That of the owner of another organisation.
    pub stranger: String,
    stranger_id: String,
    /// Tokens of the owner that are no longer any.
    pub bad_tokens: Vec<(&'static str, String)>,
}

impl Stage {
    pub async fn new() -> Self {
        let mut stage = Self::bare().await;
        let owner = stage.register("owner").await;
        let member = stage.register("member").await;
        let other = stage.register("other").await;
        let stranger = stage.register("stranger").await;
        stage.spoil(&owner).await;
        let organization = stage.found(&owner, "inside").await;
        stage.found(&stranger, "outside").await;
        let members = format!("/v1/organizations/{organization}/members");
        for (person, role) in [(&member, "member"), (&other, "organizer")] {
            let body = json!({"userId": person.id, "role": role});
            let asked = stage.act(&owner, "auth", &members, body).await;
            let accept = format!(
                "/v1/organizations/{organization}/invitations/{}/accept",
                text(&asked, "/id")
            );
            stage.act(person, "auth", &accept, json!({})).await;
        }
        let sessions = stage.read(&owner, "auth", "/v1/auth/sessions").await;
        stage.prove(&owner).await;
        let invitations = format!("/v1/organizations/{organization}/invitations");
        let invite = json!({"email": "new@example.org", "role": "member"});
        let invitation = stage.act(&owner, "auth", &invitations, invite).await;
        stage.tell().await;
        let names = [
            ("organizationId", organization),
            ("userId", other.id),
            ("sessionId", text(&sessions, "/items/0/id")),
            ("invitationId", text(&invitation, "/id")),
            ("operationId", stage.export(&owner).await),
        ];
        stage.names = Names(names.into());
        let event = stage.names.body("createEvent").unwrap();
        let event = stage.act(&owner, "events", "/v1/events", event).await;
        let upload = json!({"contentType": "image/jpeg", "bytes": 1000});
        let upload = stage
            .act(&owner, "media", "/v1/media/uploads", upload)
            .await;
        let inbox = stage
            .read_as(&other.token, "notifications", "/v1/notifications")
            .await;
        let things = [
            ("eventId", text(&event, "/id")),
            ("mediaId", text(&upload, "/mediaId")),
            ("notificationId", text(&inbox, "/items/0/id")),
            ("token", stage.invitation_token().await),
        ];
        stage.names.0.extend(things);
        stage.owner_id = owner.id;
        stage.stranger_id = stranger.id;
        stage.owner = owner.token;
        stage.member = member.token;
        stage.stranger = stranger.token;
        stage
    }

    async fn bare() -> Self {
        let mut world = World::of("auth").await;
        Arc::make_mut(&mut world.core.config).admin_networks = HOME.parse().unwrap();
        let mut tables = BTreeMap::from([("auth", world.table().clone())]);
        for name in [
            "events",
            "matchmaking",
            "media",
            "notifications",
            "platform",
            "audit",
        ] {
            tables.insert(name, world.db.table(name).await);
        }
        tables.insert("access", world.access().clone());
        let apis = apis(&world, &tables);
        Self {
            world,
            apis,
            tables,
            names: Names::default(),
            owner: String::new(),
            owner_id: String::new(),
            member: String::new(),
            stranger: String::new(),
            stranger_id: String::new(),
            bad_tokens: Vec::new(),
        }
    }

    async fn register(&self, name: &str) -> Person {
        let body = json!({
            "email": format!("{name}@example.org"),
            "password": "violet teapot marches north",
        });
        let request = self.apis["auth"].post("/v1/auth/register").json(body);
        let reply = request.send().await.expect(201).body;
        Person {
            id: text(&reply, "/user/id"),
            token: text(&reply, "/accessToken"),
        }
    }

    /// Somebody who belongs nowhere.
    pub fn anybody(&self) -> TestUser {
        self.world.user()
    }

    /// An owner of the platform, who belongs nowhere else.
    pub async fn platform_owner(&self) -> TestUser {
        self.world.platform(PlatformRole::Owner).await
    }

    /// The token of another session of somebody.
    pub fn session(&self, user: &TestUser) -> String {
        self.world
            .token(&self.world.claims(user.id, SessionId::new()))
    }

    /// A key of the tenant's owner.
    pub async fn key(&self, scopes: BTreeSet<String>) -> String {
        self.key_of(&self.owner_id, scopes).await
    }

    /// A key of the owner of another organisation.
    pub async fn strangers_key(&self, scopes: BTreeSet<String>) -> String {
        self.key_of(&self.stranger_id, scopes).await
    }

    async fn key_of(&self, user: &str, scopes: BTreeSet<String>) -> String {
        let text = Kind::Key.generate().unwrap();
        let mut commit = Commit::new(self.world.access(), &cx());
        commit.put(&KeyVerifier {
            hash: Kind::Key.hash(&text).unwrap(),
            key_id: ApiKeyId::new(),
            owner: KeyOwner::User {
                user_id: user.parse().unwrap(),
            },
            scopes,
            terms: Terms::default(),
            expires_at: None,
        });
        commit.execute().await.unwrap();
        text
    }

    /// Tokens of this person that must not be taken for any.
    async fn spoil(&mut self, person: &Person) {
        let login = json!({
            "email": "owner@example.org", "password": "violet teapot marches north",
        });
        let login = self.apis["auth"].post("/v1/auth/login").json(login);
        let revoked = text(&login.send().await.expect(200).body, "/accessToken");
        let logout = self.apis["auth"].post("/v1/auth/logout").token(&revoked);
        logout.send().await.expect(204);
        let claims = self
            .world
            .claims(person.id.parse().unwrap(), SessionId::new());
        let late = self.world.token(&Claims {
            iat: claims.iat - 2000,
            exp: claims.iat - 1000,
            ..claims
        });
        let mut tampered = person.token.clone();
        let at = tampered.len() / 2;
        let other = if tampered.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        tampered.replace_range(at..=at, other);
        self.bad_tokens = vec![
            ("revoked", revoked),
            ("expired", late),
            ("tampered", tampered),
        ];
    }

    async fn found(&self, owner: &Person, slug: &str) -> String {
        let body = json!({"name": slug, "slug": slug});
        let reply = self.act(owner, "auth", "/v1/organizations", body).await;
        text(&reply, "/id")
    }

    async fn act(&self, who: &Person, group: &str, path: &str, body: Value) -> Value {
        let request = self.apis[group].post(path).token(&who.token).json(body);
        succeeded(request.send().await)
    }

    async fn read(&self, who: &Person, group: &str, path: &str) -> Value {
        self.read_as(&who.token, group, path).await
    }

    async fn read_as(&self, token: &str, group: &str, path: &str) -> Value {
        succeeded(self.apis[group].get(path).token(token).send().await)
    }

    /// The export of somebody's account, which runs.
    async fn export(&self, who: &Person) -> String {
        let payload = UserExportRequested {
            user_id: who.id.parse().unwrap(),
            operation_id: OperationId::new(),
        };
        let store = OperationStore::new(self.tables["platform"].clone());
        let ledger = Ledger::new(store, Shelf::default());
        ledger.hear(&event(&payload, 1), &cx()).await.unwrap();
        payload.operation_id.to_string()
    }

    /// Brings what auth published to the groups that wait for it.
    async fn tell(&self) {
        let events = self.world.outbox(&self.tables["auth"]).await;
        let batch = || {
            let mut batch = SqsEvent::default();
            for event in &events {
                let mut message = SqsMessage::default();
                message.message_id = Some(event.id.to_string());
                message.body = Some(serde_json::to_string(event).unwrap());
                batch.records.push(message);
            }
            batch
        };
        let store = plenary_events::store::Store::new(self.tables["events"].clone());
        Box::pin(plenary_events::worker::handle(
            &store,
            &Shelf::default(),
            batch(),
        ))
        .await;
        let store = plenary_notifications::store::Store::new(self.tables["notifications"].clone());
        let links = Links::below("https://plenary.test");
        let postman = Postman::new(store.clone(), Nowhere, Nowhere, links);
        let exports = Arc::new(Shelf::default());
        let worker = Worker::new(store, self.world.clock.clone(), postman, exports);
        run(&worker, Trigger::Batch(batch()), Duration::from_secs(20))
            .await
            .unwrap();
    }

    /// What the mail of the invitation carries.
    async fn invitation_token(&self) -> String {
        let events = self.world.outbox(&self.tables["auth"]).await;
        let invited = events
            .iter()
            .rfind(|event| event.kind == "organization.invitation.created")
            .unwrap();
        opened(&invited.data)
    }

    /// Proves the address of somebody by the letter that was mailed.
    async fn prove(&self, who: &Person) {
        let events = self.world.outbox(&self.tables["auth"]).await;
        let letter = events
            .iter()
            .find(|event| event.data["userId"] == who.id && !event.data["sealedToken"].is_null())
            .unwrap();
        let body = json!({"token": opened(&letter.data)});
        self.act(who, "auth", "/v1/auth/verify-email", body).await;
    }

    /// Everything that all tables hold, but for counted requests.
    pub async fn everything(&self) -> BTreeMap<String, Item> {
        let mut all = BTreeMap::new();
        for (name, table) in &self.tables {
            for item in self.world.db.items(table).await {
                let key = format!("{name} {:?} {:?}", item["pk"], item["sk"]);
                all.insert(key, item);
            }
        }
        all
    }
}

/// The token that a letter carries, as the mailer opens it.
fn opened(letter: &Value) -> String {
    let sealed = text(letter, "/sealedToken");
    String::from_utf8(shared::digest::from_base64url(&sealed).unwrap()).unwrap()
}

fn text(body: &Value, pointer: &str) -> String {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in {body}"))
        .to_owned()
}

fn succeeded(reply: TestReply) -> Value {
    assert!(reply.status.is_success(), "{} {}", reply.status, reply.text);
    reply.body
}

/// The API of each group, over its own table and the common ones.
fn apis(world: &World, tables: &BTreeMap<&'static str, Table>) -> BTreeMap<&'static str, TestApi> {
    let core = |group: &str| Core {
        table: tables[group].clone(),
        ..world.core.clone()
    };
    let auth = plenary_auth::App::new(
        tables["auth"].clone(),
        world.core.access.clone(),
        Arc::new(Glass),
        Bucket::new(&Aws::detached(), "exports"),
        plenary_auth::Settings::new(ISSUER),
    );
    let (events, media) = (core("events"), core("media"));
    let events_app = plenary_events::App::new(&events, Arc::new(Glass));
    let media_app = plenary_media::App::new(&media, &Aws::detached(), "pictures");
    let matchmaking = plenary_matchmaking::App::new(tables["matchmaking"].clone()).unwrap();
    let notifications = plenary_notifications::App::new(tables["notifications"].clone());
    BTreeMap::from([
        (
            "auth",
            world.api(plenary_auth::api(core("auth")).build(auth)),
        ),
        (
            "events",
            world.api(plenary_events::api(events).build(events_app)),
        ),
        (
            "matchmaking",
            world.api(plenary_matchmaking::api(core("matchmaking")).build(matchmaking)),
        ),
        (
            "media",
            world.api(plenary_media::api(media).build(media_app)),
        ),
        (
            "notifications",
            world.api(plenary_notifications::api(core("notifications")).build(notifications)),
        ),
        (
            "platform",
            world.api(plenary_platform::api(core("platform")).build(platform(world, tables))),
        ),
    ])
}

fn platform(world: &World, tables: &BTreeMap<&'static str, Table>) -> Platform {
    let aws = Aws::detached();
    let probes = Probes {
        dynamodb: world.db.client().clone(),
        sqs: aws_sdk_sqs::Client::from_conf(shared::client_config!(aws_sdk_sqs, &aws).build()),
        access_table: world.access().name().to_owned(),
        groups: BTreeMap::new(),
    };
    Platform::new(
        Monitor::new(probes, world.clock.clone()),
        AuditStore::new(tables["audit"].clone()),
        OperationStore::new(tables["platform"].clone()),
        world.clock.clone(),
        Deployment {
            stage: "local".into(),
            version: "1.2.3".into(),
            public_url: ISSUER.into(),
        },
    )
}
