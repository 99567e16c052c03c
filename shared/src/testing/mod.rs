//! What the groups' own tests need: an embedded DynamoDB (dynoxide), a world
//! with users and organisations in the `access` table, and requests into a
//! router in process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod api;
mod db;
mod faults;
pub mod ground;
#[cfg(feature = "sealing")]
mod sealer;
#[cfg(feature = "objects")]
mod shelf;
mod stop;

pub use api::{TestApi, TestReply, TestRequest};
pub use db::TestDb;
pub use faults::{Call, Fault, Faults};
#[cfg(feature = "sealing")]
pub use sealer::MemorySealer;
#[cfg(feature = "objects")]
pub use shelf::Shelf;

pub use stop::{Moment, stopped};

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::access::{AccessReader, Membership, RevokedSession, UserAccess};
use crate::clock::Clock;
use crate::commit::Commit;
use crate::cx::Context;
use crate::event::{Contract, Event};
use crate::http::{Core, HttpConfig};
use crate::id::{OrganizationId, SessionId, UserId};
use crate::limit::{Limiter, Policies, Policy};
use crate::principal::{PlatformRole, Role};
use crate::table::Table;
use crate::token::{Claims, Signer, new_key};

/// The issuer of all tests.
pub const ISSUER: &str = "https://api.plenary.test";

/// A context with time enough.
pub fn cx() -> Context {
    Context::begin(Duration::from_secs(20))
}

/// An event as it comes out of a queue.
pub fn event<C: Contract>(payload: &C, sequence: u64) -> Event {
    Event::of(payload, sequence, now(), &cx()).unwrap()
}

/// The instant at which test worlds begin.
pub fn now() -> Timestamp {
    "2026-09-01T10:00:00Z".parse().unwrap()
}

/// Somebody with a valid token.
#[derive(Debug, Clone)]
pub struct TestUser {
    pub id: UserId,
    pub session: SessionId,
    pub token: String,
}

/// Fresh tables, a clock that stands, a signing key.
#[derive(Debug)]
pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub core: Core,
    pub signer: Signer,
}

impl World {
    /// For a group whose name does not matter.
    pub async fn new() -> Self {
        Self::of("test").await
    }

    /// For the group `group`; rate limits are out of the way.
    pub async fn of(group: &str) -> Self {
        let plenty = |name| Policy {
            name,
            quota: 1_000_000,
            window: 60,
        };
        let policies = Policies {
            principal: plenty("principal"),
            ip_auth: plenty("ip-auth"),
            ip_token: plenty("ip-token"),
            token: plenty("token"),
            ip: plenty("ip"),
            account: plenty("account"),
        };
        Self::limited(group, policies).await
    }

    /// With these rate limits.
    pub async fn limited(group: &str, policies: Policies) -> Self {
        // On the heap: creating tables makes a future of 20 KB.
        Box::pin(Self::build(group, policies)).await
    }

    async fn build(group: &str, policies: Policies) -> Self {
        let clock = Clock::fixed(now());
        let db = TestDb::start().await.with_clock(clock.clone());
        let (table, access, limits) =
            tokio::join!(db.table(group), db.table("access"), db.table("limits"));
        let (pkcs8, key) = new_key(now()).unwrap();
        let mut config = HttpConfig::new(group, ISSUER);
        config.policies = policies;
        let world = Self {
            core: Core {
                table,
                // Tests see every change at once.
                access: AccessReader::new(access, ISSUER, Duration::ZERO),
                limiter: Limiter::new(limits),
                config: Arc::new(config),
            },
            signer: Signer::new(&key.kid, &pkcs8),
            db,
            clock,
        };
        let mut commit = Commit::new(world.access(), &cx());
        commit.put(&key);
        commit.execute().await.unwrap();
        world
    }

    /// The group's table.
    pub fn table(&self) -> &Table {
        &self.core.table
    }

    /// The access table.
    pub fn access(&self) -> &Table {
        self.core.access.table()
    }

    /// A new user, signed in.
    pub fn user(&self) -> TestUser {
        let (id, session) = (UserId::new(), SessionId::new());
        TestUser {
            id,
            session,
            token: self.token(&self.claims(id, session)),
        }
    }

    /// What a fresh token of this user says.
    pub fn claims(&self, user: UserId, session: SessionId) -> Claims {
        let now = self.clock.now().as_second();
        Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            sub: user.into(),
            sid: session,
            org: None,
            scope: String::new(),
            jti: uuid::Uuid::now_v7().to_string(),
            client_id: "plenary".into(),
            iat: now,
            exp: now + 900,
        }
    }

    /// Signs claims with the world's key.
    pub fn token(&self, claims: &Claims) -> String {
        self.signer.sign(claims).unwrap()
    }

    async fn grant<E: crate::table::Entity>(&self, entity: &E) {
        let mut commit = Commit::new(self.access(), &cx());
        commit.put(entity);
        commit.execute().await.unwrap();
    }

    /// A new user with a role in an organisation.
    pub async fn member(&self, organization_id: OrganizationId, role: Role) -> TestUser {
        let user = self.user();
        self.join(&user, organization_id, role).await;
        user
    }

    /// Gives a user a role in an organisation.
    pub async fn join(&self, user: &TestUser, organization_id: OrganizationId, role: Role) {
        let user_id = user.id;
        self.grant(&Membership {
            user_id,
            organization_id,
            role,
        })
        .await;
    }

    /// A new user with a role on the platform.
    pub async fn platform(&self, platform_role: PlatformRole) -> TestUser {
        let user = self.user();
        let user_id = user.id;
        self.grant(&UserAccess {
            user_id,
            platform_role,
            suspended: false,
            leaving: false,
        })
        .await;
        user
    }

    /// Ends a user's session.
    pub async fn revoke(&self, user: &TestUser) {
        self.grant(&RevokedSession {
            user_id: user.id,
            session_id: user.session,
            until: self.clock.now() + Duration::from_hours(1),
        })
        .await;
    }

    /// Requests into `router`.
    pub fn api(&self, router: axum::Router) -> TestApi {
        TestApi::new(router)
    }

    /// What `table` has committed for publication, in order.
    pub async fn outbox(&self, table: &Table) -> Vec<Event> {
        self.db.outbox(table).await
    }
}
