//! Somebody who did everything that one can do here.

use jiff::SignedDuration;
use plenary_events::worker::{complete_past, go_on};
use serde_json::{Map, Value, json};
use shared::event::users::{ConnectionAccepted, UserProfileUpdated};
use shared::id::{ConnectionId, OrganizationId};
use shared::principal::Role;
use shared::testing::{TestUser, cx, event};

use super::soon;
use crate::approval::patch;
use crate::attendees::code;
use crate::support::{Stage, draft, path};
use crate::worker::{deliver, last};

/// What the person left behind.
pub struct Life {
    pub stage: Stage,
    pub user: TestUser,
    pub admin: TestUser,
    pub other: TestUser,
    pub organization: OrganizationId,
    /// Of the organisation, authored by the person; in review by them.
    pub theirs: Value,
    /// Where the person came; it is over.
    pub past: Value,
    /// With one place, which the person has; the other waits.
    pub full: Value,
    pub feed: String,
}

impl Life {
    pub async fn lived() -> Self {
        let stage = Stage::new().await;
        let organization = stage.organization(true).await;
        let user = stage.member(organization, Role::Owner).await;
        let admin = stage.member(organization, Role::Owner).await;
        let other = stage.world.user();
        let feed = stage.feed(&user).await;
        let mut life = Self {
            stage,
            user,
            admin,
            other,
            organization,
            theirs: Value::Null,
            past: Value::Null,
            full: Value::Null,
            feed,
        };
        life.organises().await;
        life.attends().await;
        life.hands_over().await;
        life.owns().await;
        life.is_known().await;
        life
    }

    /// Events of the organisation: made, decided on, changed, spoken at.
    async fn organises(&mut self) {
        let (stage, user, admin) = (&self.stage, &self.user, &self.admin);
        let org = json!({"organizationId": self.organization});
        let speaker = json!({"name": "Ada", "userId": user.id});
        let theirs = stage.create(user, draft(org.clone())).await;
        stage
            .act(user, &theirs, "submit", json!({}))
            .await
            .expect(200);
        stage
            .act(admin, &theirs, "approve", json!({}))
            .await
            .expect(200);
        let mine = stage.create(admin, draft(org.clone())).await;
        stage
            .act(admin, &mine, "submit", json!({}))
            .await
            .expect(200);
        stage
            .act(user, &mine, "reject", json!({"reason": "Not yet."}))
            .await
            .expect(200);
        let organizer = stage.member(self.organization, Role::Organizer).await;
        let reviewed = stage.create(&organizer, draft(org.clone())).await;
        stage
            .act(&organizer, &reviewed, "submit", json!({}))
            .await
            .expect(200);
        stage
            .act(user, &reviewed, "approve", json!({"note": "Fine."}))
            .await
            .expect(200);
        stage
            .act(user, &reviewed, "publish", json!({}))
            .await
            .expect(200);
        let change = json!({"title": "Another"});
        patch(stage, &organizer, &reviewed, change)
            .await
            .expect(202);
        let parent = reviewed["id"].clone();
        let session = json!({"parentId": parent, "speakers": [speaker]});
        let session = stage.create(&organizer, draft(session)).await;
        stage
            .act(&organizer, &session, "submit", json!({}))
            .await
            .expect(200);
        self.theirs = theirs;
    }

    /// Came to one, has a place at another, waits, gave up, and stood at a door.
    async fn attends(&mut self) {
        let (stage, user, other) = (&self.stage, &self.user, &self.other);
        let past = stage.published(other, soon(json!({"title": "Past"}))).await;
        let answers = json!([{"id": "diet", "label": "Diet", "type": "text",
            "matchmaking": true}]);
        stage
            .admit(other, &past, json!({"questions": answers}))
            .await
            .expect(200);
        let wish = json!({"answers": {"diet": "plants"}, "matchmakingConsent": true});
        stage.wish(user, &past, wish).await.expect(201);
        let scan = json!({"userId": user.id, "device": "d1", "nonce": "n1"});
        stage.act(other, &past, "check-ins", scan).await.expect(200);
        let full = stage
            .published(other, json!({"title": "Full", "capacity": 1}))
            .await;
        stage.register(user, &full).await.expect(201);
        stage.register(&self.admin, &full).await.expect(201);
        let waits = stage
            .published(other, json!({"title": "Waits", "capacity": 1}))
            .await;
        stage.register(&self.admin, &waits).await.expect(201);
        stage.register(user, &waits).await.expect(201);
        let left = stage.published(other, json!({"title": "Left"})).await;
        stage.register(user, &left).await.expect(201);
        stage.withdraw(user, &left).await.expect(204);
        for event in [&past, &full] {
            stage.save(user, event).await;
        }
        let door = json!({"organizationId": self.organization});
        let door = stage.create(&self.admin, draft(door)).await;
        stage
            .act(&self.admin, &door, "submit", json!({}))
            .await
            .expect(200);
        stage
            .act(user, &door, "approve", json!({}))
            .await
            .expect(200);
        stage
            .act(&self.admin, &door, "publish", json!({}))
            .await
            .expect(200);
        stage.register(other, &door).await.expect(201);
        let scan = json!({"userId": other.id, "device": "d1", "nonce": "n1"});
        stage.act(user, &door, "check-ins", scan).await.expect(200);
        let undo = json!({"userId": other.id, "reason": "It was Bob."});
        stage
            .act(user, &door, "check-ins/undo", undo)
            .await
            .expect(200);
        (self.past, self.full) = (past, full);
    }

    /// Took one over, is offered one, and offers one.
    async fn hands_over(&self) {
        let (stage, user, other) = (&self.stage, &self.user, &self.other);
        let to_user = json!({"userId": user.id});
        let minute = || stage.world.clock.advance(SignedDuration::from_secs(61));
        for taken in [true, false] {
            let event = stage
                .published(&self.admin, json!({"title": "Given"}))
                .await;
            stage.register(other, &event).await.expect(201);
            let offer = "registrations/me/transfer";
            stage
                .act(other, &event, offer, to_user.clone())
                .await
                .expect(202);
            minute();
            if taken {
                let from = json!({"fromUserId": other.id});
                let take = "registrations/take-over";
                stage.act(user, &event, take, from).await.expect(201);
                let back = json!({"userId": self.admin.id});
                stage.act(user, &event, offer, back).await.expect(202);
            }
        }
        let event = stage
            .published(&self.admin, json!({"title": "Claimed"}))
            .await;
        let guest = json!({"email": "ada@example.org"});
        let added = stage.act(&self.admin, &event, "attendees", guest).await;
        added.expect(201);
        let claim = json!({"code": code(stage).await});
        let claimed = stage.act(user, &event, "registrations/take-over", claim);
        claimed.await.expect(201);
    }

    /// Own events, past, ahead and in the making; venues.
    async fn owns(&self) {
        let (stage, user, other) = (&self.stage, &self.user, &self.other);
        let ahead = stage.published(user, json!({"title": "Mine"})).await;
        stage.register(other, &ahead).await.expect(201);
        stage
            .published(user, soon(json!({"title": "Mine, past"})))
            .await;
        stage
            .create(user, draft(json!({"title": "Mine, draft"})))
            .await;
        for organization in [Value::Null, json!(self.organization)] {
            let body = json!({"organizationId": organization, "name": "Hall", "city": "Ulm"});
            let request = stage.api.post("/v1/venues").bearer(user).json(body);
            request.send().await.expect(201);
        }
    }

    /// What other groups told.
    async fn is_known(&self) {
        let interests = Map::from_iter([("interests".to_owned(), json!(["Wine"]))]);
        let profile = UserProfileUpdated {
            user_id: self.user.id,
            changes: interests,
        };
        let connected = ConnectionAccepted {
            connection_id: ConnectionId::new(),
            users: [self.other.id, self.user.id],
        };
        let told = [event(&profile, 3), event(&connected, 3)];
        assert_eq!(Box::pin(deliver(&self.stage, &told)).await, 0);
    }

    /// Ten minutes later, when the past is past.
    pub async fn goes_by(&self) {
        let stage = &self.stage;
        stage.world.clock.advance(SignedDuration::from_mins(9));
        complete_past(&stage.store, &cx()).await.unwrap();
        let at = format!("{}/feedback", path(&self.past));
        let request = stage.api.put(&at).bearer(&self.user);
        let said = request
            .json(json!({"rating": 4, "comment": "Fine."}))
            .send()
            .await;
        assert!(said.status.is_success(), "{}", said.text);
    }

    /// What the end of the own events sets off.
    pub async fn follows(&self) {
        let cancelled = last(&self.stage, "event.cancelled").await;
        assert_eq!(deliver(&self.stage, &[cancelled]).await, 0);
        go_on(&self.stage.store, &cx()).await.unwrap();
    }
}
