//! The group on an empty table, fed by events and asked over HTTP.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::{SignedDuration, Timestamp};
use plenary_matchmaking::{App, api, worker};
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::events::{
    EventCancelled, EventPublished, EventSaved, EventSnapshot, EventUnsaved, RegistrationCancelled,
    RegistrationCreated,
};
use shared::id::{EventId, OrganizationId, RegistrationId, UserId};
use shared::testing::{TestApi, TestReply, TestUser, World, event, now};

pub struct Stage {
    pub world: World,
    pub app: App,
    pub api: TestApi,
}

pub fn starts_at() -> Timestamp {
    now() + SignedDuration::from_hours(24 * 30)
}

impl Stage {
    pub async fn new() -> Self {
        let world = Box::pin(World::of("matchmaking")).await;
        let app = App::new(world.table().clone()).unwrap();
        let api = world.api(api(world.core.clone()).build(app.clone()));
        Self { world, app, api }
    }

    /// Hands events to the worker as the queue does; the ids that failed.
    pub async fn deliver(&self, events: &[Event]) -> Vec<String> {
        let bodies = events
            .iter()
            .map(|event| serde_json::to_string(event).unwrap());
        self.deliver_texts(bodies.collect()).await
    }

    pub async fn deliver_texts(&self, bodies: Vec<String>) -> Vec<String> {
        let mut batch = SqsEvent::default();
        batch.records = bodies
            .into_iter()
            .enumerate()
            .map(|(at, body)| {
                let mut message = SqsMessage::default();
                message.message_id = Some(at.to_string());
                message.body = Some(body);
                message
            })
            .collect();
        let response = worker::handle(&self.app, batch).await;
        response
            .batch_item_failures
            .into_iter()
            .map(|f| f.item_identifier)
            .collect()
    }

    pub async fn done(&self, events: &[Event]) {
        assert_eq!(self.deliver(events).await, Vec::<String>::new());
    }

    pub async fn set(&self, user: &TestUser, profile: Value) -> TestReply {
        self.api
            .put("/v1/matchmaking/profile")
            .bearer(user)
            .json(profile)
            .send()
            .await
    }

    /// A user with a profile and a place at `event`.
    pub async fn attendee(&self, at: EventId, profile: Value) -> TestUser {
        let user = self.world.user();
        self.done(&[registration(at, user.id, RegistrationId::new(), 1)])
            .await;
        self.set(&user, profile).await.expect(200);
        user
    }

    pub async fn matches(&self, user: &TestUser, query: &str) -> TestReply {
        self.api
            .get(&format!("/v1/matchmaking/matches{query}"))
            .bearer(user)
            .send()
            .await
    }

    /// Who is found at an event, best first.
    pub async fn found(&self, user: &TestUser, at: EventId) -> Vec<UserId> {
        let reply = self
            .matches(user, &format!("?eventId={at}&limit=50"))
            .await
            .expect(200);
        ids(&reply.body)
    }

    /// Lets everything that is kept for a while become stale.
    pub fn wait(&self) {
        self.world.clock.advance(SignedDuration::from_secs(6));
    }

    pub async fn publish(&self, at: EventId, by: UserId, organization: Option<OrganizationId>) {
        self.done(&[published(at, by, organization, 3)]).await;
    }
}

pub fn ids(body: &Value) -> Vec<UserId> {
    let items = body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["userId"].as_str().unwrap().parse().unwrap())
        .collect()
}

pub fn registration(at: EventId, user: UserId, id: RegistrationId, sequence: u64) -> Event {
    registration_as(at, user, id, sequence, "confirmed")
}

pub fn registration_as(
    at: EventId,
    user_id: UserId,
    registration_id: RegistrationId,
    sequence: u64,
    status: &str,
) -> Event {
    let payload = RegistrationCreated {
        registration_id,
        event_id: at,
        user_id,
        status: status.into(),
        title: "A conference".into(),
        starts_at: starts_at(),
        time_zone: "Europe/Berlin".into(),
        organizer_id: UserId::new(),
        organization_id: None,
        reason: None,
        accepted: true,
    };
    event(&payload, sequence)
}

pub fn cancellation(at: EventId, user_id: UserId, id: RegistrationId, sequence: u64) -> Event {
    let payload = RegistrationCancelled {
        registration_id: id,
        event_id: at,
        user_id,
        status: "cancelled".into(),
        title: "A conference".into(),
        starts_at: starts_at(),
        time_zone: "Europe/Berlin".into(),
        organizer_id: UserId::new(),
        organization_id: None,
        reason: None,
        accepted: true,
    };
    event(&payload, sequence)
}

pub fn saved(
    user_id: UserId,
    event_id: EventId,
    title: &str,
    tags: &[&str],
    sequence: u64,
) -> Event {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    event(
        &EventSaved {
            event_id,
            user_id,
            title: title.into(),
            tags,
        },
        sequence,
    )
}

pub fn unsaved(user_id: UserId, event_id: EventId, sequence: u64) -> Event {
    event(
        &EventUnsaved {
            event_id,
            user_id,
            title: "A talk".into(),
            tags: vec![],
        },
        sequence,
    )
}

fn snapshot(
    event_id: EventId,
    created_by: UserId,
    organization_id: Option<OrganizationId>,
    status: &str,
) -> EventSnapshot {
    EventSnapshot {
        event_id,
        organization_id,
        created_by,
        status: status.into(),
        title: "A conference".into(),
        description: "About everything.".into(),
        tags: vec![],
        starts_at: starts_at(),
        ends_at: starts_at() + SignedDuration::from_hours(8),
        time_zone: "Europe/Berlin".into(),
        venue_name: None,
        city: None,
        capacity: None,
    }
}

pub fn published(at: EventId, by: UserId, org: Option<OrganizationId>, sequence: u64) -> Event {
    event(
        &EventPublished {
            event: snapshot(at, by, org, "published"),
        },
        sequence,
    )
}

pub fn cancelled(at: EventId, by: UserId, sequence: u64) -> Event {
    event(
        &EventCancelled {
            event: snapshot(at, by, None, "cancelled"),
            reason: None,
        },
        sequence,
    )
}

pub fn founder() -> Value {
    json!({
        "headline": "Builds payment systems",
        "company": "Acme",
        "businessType": "startup",
        "companySize": "2-10",
        "roles": ["founder"],
        "lookingFor": ["seed funding"],
        "offers": ["fintech product"],
        "industries": ["fintech"],
        "goals": ["fundraising"]
    })
}

pub fn investor() -> Value {
    json!({
        "headline": "Backs young companies",
        "company": "Globex Ventures",
        "businessType": "investor",
        "roles": ["business angel"],
        "lookingFor": ["fintech product"],
        "offers": ["seed funding"],
        "industries": ["fintech"],
        "goals": ["deal flow"]
    })
}

pub fn baker() -> Value {
    json!({
        "headline": "Bakes wedding cakes",
        "company": "Crumbs",
        "roles": ["pastry chef"],
        "lookingFor": ["flour supplier"],
        "offers": ["wedding cakes"],
        "industries": ["food"]
    })
}
