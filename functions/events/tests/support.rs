use std::sync::Arc;

use plenary_events::model::Organization;
use plenary_events::store::Store;
use serde_json::{Value, json};
use shared::commit::Commit;
use shared::id::OrganizationId;
use shared::principal::Role;
use shared::testing::{MemorySealer, Shelf, TestApi, TestUser, World, cx};

/// A world with the group's router in it.
pub struct Stage {
    pub world: World,
    pub api: TestApi,
    pub store: Store,
    pub sealer: Arc<MemorySealer>,
    pub exports: Shelf,
    pub router: axum::Router,
}

impl Stage {
    pub async fn new() -> Self {
        let world = World::of("events").await;
        let sealer = Arc::new(MemorySealer::new());
        let app = plenary_events::App::new(&world.core, sealer.clone());
        let router = plenary_events::api(world.core.clone()).build(app);
        Self {
            api: world.api(router.clone()),
            router,
            store: Store::new(world.table().clone()),
            sealer,
            exports: Shelf::default(),
            world,
        }
    }

    /// An organisation that this group knows of.
    pub async fn organization(&self, event_approval: bool) -> OrganizationId {
        let id = OrganizationId::new();
        let mut commit = Commit::new(self.world.table(), &cx());
        commit.project(
            &Organization {
                id,
                event_approval,
                deleted: false,
            },
            1,
        );
        commit.execute().await.unwrap();
        id
    }

    pub async fn member(&self, organization: OrganizationId, role: Role) -> TestUser {
        self.world.member(organization, role).await
    }

    pub async fn create(&self, user: &TestUser, body: Value) -> Value {
        self.api
            .post("/v1/events")
            .bearer(user)
            .json(body)
            .send()
            .await
            .expect(201)
            .body
    }

    pub async fn act(
        &self,
        user: &TestUser,
        event: &Value,
        what: &str,
        body: Value,
    ) -> shared::testing::TestReply {
        let path = format!("/v1/events/{}/{what}", event["id"].as_str().unwrap());
        self.api.post(&path).bearer(user).json(body).send().await
    }

    /// A published personal event.
    pub async fn published(&self, user: &TestUser, changes: Value) -> Value {
        let event = self.create(user, draft(changes)).await;
        self.act(user, &event, "publish", json!({}))
            .await
            .expect(200)
            .body
    }

    pub async fn register(&self, user: &TestUser, event: &Value) -> shared::testing::TestReply {
        self.act(user, event, "registrations", json!({})).await
    }

    pub async fn read(&self, user: &TestUser, event: &Value) -> shared::testing::TestReply {
        self.api.get(&path(event)).bearer(user).send().await
    }

    /// The bytes of an answer that is no text.
    pub async fn bytes(&self, path: &str, user: &TestUser) -> Vec<u8> {
        use tower::ServiceExt;
        let request = http::Request::builder()
            .uri(path)
            .header("authorization", format!("Bearer {}", user.token))
            .body(axum::body::Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX);
        body.await.unwrap().to_vec()
    }

    pub async fn kinds(&self) -> Vec<String> {
        self.world
            .outbox(self.world.table())
            .await
            .into_iter()
            .map(|event| event.kind)
            .collect()
    }
}

pub fn path(event: &Value) -> String {
    format!("/v1/events/{}", event["id"].as_str().unwrap())
}

/// A valid draft with some fields changed.
pub fn draft(changes: Value) -> Value {
    let mut body = json!({
        "title": "Rust for conferences",
        "description": "A day on serverless backends.",
        "startsAt": "2026-10-12T07:00:00Z",
        "endsAt": "2026-10-12T15:00:00Z",
        "timeZone": "Europe/Berlin",
        "tags": ["rust", "serverless"],
        "venue": {"name": "Kongresshalle", "city": "Berlin", "country": "DE",
                  "coordinates": {"lat": 52.5187, "lng": 13.3655}},
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
