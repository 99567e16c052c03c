//! OB-01, OB-02, OB-03, GW-19, GW-22: health is checked, not asserted.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use plenary_platform::app::{App, Deployment};
use plenary_platform::audit::AuditStore;
use plenary_platform::health::Monitor;
use plenary_platform::health::probe::{Probes, Queues, Resources};
use plenary_platform::operations::{Ledger, OperationStore};
use plenary_platform::worker::Worker;
use shared::testing::{Shelf, TestApi, World};

use crate::stub::Cloud;

const QUEUE: &str = "http://queue/events";
const DLQ: &str = "http://queue/events-dlq";

/// Two groups: `events` with a queue, `platform` without.
pub struct Setup {
    pub world: World,
    pub cloud: Cloud,
    pub audit: AuditStore,
    pub exports: Shelf,
    pub worker: Worker<Shelf>,
    pub api: TestApi,
}

impl Setup {
    pub async fn start() -> Self {
        let world = World::of("platform").await;
        let events = world.db.table("events").await;
        let tables = [
            ("events", events.name()),
            ("platform", world.table().name()),
        ];
        let parts = Self::over(world.access().name(), &tables, &world).await;
        parts.with(world)
    }

    async fn over(access: &str, tables: &[(&str, &str)], world: &World) -> Parts {
        let (cloud, _, sqs) = Cloud::start().await;
        let groups = tables
            .iter()
            .map(|(group, table)| {
                let queues = Queues {
                    queue: QUEUE.into(),
                    dead_letters: DLQ.into(),
                };
                let resources = Resources {
                    table: (*table).to_owned(),
                    queues: if *group == "events" {
                        vec![queues]
                    } else {
                        vec![]
                    },
                };
                ((*group).to_owned(), resources)
            })
            .collect::<BTreeMap<_, _>>();
        let probes = Probes {
            dynamodb: world.db.client().clone(),
            sqs,
            access_table: access.to_owned(),
            groups,
        };
        let deployment = Deployment {
            stage: "local".into(),
            version: "1.2.3".into(),
            public_url: "https://api.plenary.test".into(),
        };
        let app = App::new(
            Monitor::new(probes, world.clock.clone()),
            AuditStore::new(world.db.table("audit").await),
            OperationStore::new(world.table().clone()),
            world.clock.clone(),
            deployment,
        );
        Parts { cloud, app }
    }
}

struct Parts {
    cloud: Cloud,
    app: App,
}

impl Parts {
    fn with(self, world: World) -> Setup {
        let audit = self.app.audit.clone();
        let exports = Shelf::default();
        let worker = Worker {
            audit: audit.clone(),
            ledger: Ledger::new(self.app.operations.clone(), exports.clone()),
        };
        let api = world.api(plenary_platform::router(world.core.clone(), self.app));
        Setup {
            world,
            audit,
            exports,
            worker,
            cloud: self.cloud,
            api,
        }
    }
}

/// OB-01, OB-02, GW-19: the fields of both reference designs, from real checks.
#[tokio::test]
async fn ob_01_health_reports_every_group_and_what_it_stands_on() {
    let setup = Setup::start().await;
    setup.world.clock.advance(SignedDuration::from_secs(30));
    let reply = setup.api.get("/v1/health").send().await.expect(200);
    assert_eq!(reply.header("content-type"), "application/health+json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = &reply.body;
    assert_eq!(body["service"], "plenary");
    assert_eq!(body["status"], "healthy");
    assert_eq!(body["version"], "1.2.3");
    assert_eq!(body["uptime"], 30);
    assert_eq!(body["timestamp"], "2026-09-01T10:00:30Z");
    assert_eq!(body["database"], "up");
    assert_eq!(body["dependencies"][0]["name"], "access");
    assert_eq!(body["dependencies"][0]["status"], "up");
    assert!(body["dependencies"][0]["responseTimeMs"].as_f64().unwrap() > 0.0);
    assert_eq!(body["groups"]["events"]["status"], "healthy");
    let names: Vec<&str> = body["groups"]["events"]["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["table", "queue", "dead-letters"]);
    for field in ["responseTime", "errorRate", "throughput"] {
        assert!(body["metrics"][field].is_number(), "{field}");
    }
}

/// OB-02: the metrics count what the instance answered.
#[tokio::test]
async fn ob_02_metrics_count_requests_and_errors() {
    let setup = Setup::start().await;
    for _ in 0..3 {
        setup.api.get("/v1/health/live").send().await.expect(200);
    }
    setup.world.clock.advance(SignedDuration::from_secs(60));
    let metrics = setup.api.get("/v1/health").send().await.body["metrics"].clone();
    assert_eq!(metrics["throughput"], 3.0);
    assert_eq!(metrics["errorRate"], 0.0);
    assert!(metrics["responseTime"].as_f64().unwrap() > 0.0);
}

/// OB-01: nothing that an anonymous caller should not know.
#[tokio::test]
async fn ob_01_health_names_no_resources() {
    let setup = Setup::start().await;
    setup.cloud.break_queue(QUEUE);
    for path in ["/v1/health", "/v1/health/events", "/v1/meta/services"] {
        let text = setup.api.get(path).send().await.text;
        for secret in [
            setup.world.table().name(),
            setup.world.access().name(),
            QUEUE,
            "InternalError",
        ] {
            assert!(!text.contains(secret), "{path} tells {secret}");
        }
    }
}

/// OB-02: dead letters need attention, and requests are still answered.
#[tokio::test]
async fn ob_02_dead_letters_degrade_the_group_and_the_whole() {
    let setup = Setup::start().await;
    setup.cloud.send(DLQ, "poison");
    let whole = setup.api.get("/v1/health").send().await.expect(200);
    assert_eq!(whole.body["status"], "degraded");
    assert_eq!(whole.body["groups"]["events"]["status"], "degraded");
    assert_eq!(whole.body["groups"]["platform"]["status"], "healthy");
    let group = setup.api.get("/v1/health/events").send().await.expect(200);
    assert_eq!(group.body["dependencies"][3]["name"], "dead-letters");
    assert!(group.body["dependencies"][3]["attention"].is_string());
}

/// OB-02: so do a queue that does not answer, and a backlog.
#[tokio::test]
async fn ob_02_a_queue_in_trouble_degrades_its_group() {
    let setup = Setup::start().await;
    setup.cloud.break_queue(QUEUE);
    let group = setup.api.get("/v1/health/events").send().await.expect(200);
    assert_eq!(group.body["status"], "degraded");
    assert_eq!(group.body["dependencies"][2]["status"], "down");
    setup.cloud.mend_queues();
    for _ in 0..1_001 {
        setup.cloud.send(QUEUE, "waiting");
    }
    setup.world.clock.advance(SignedDuration::from_secs(5));
    let group = setup.api.get("/v1/health/events").send().await.expect(200);
    assert_eq!(group.body["status"], "degraded");
    assert_eq!(group.body["dependencies"][2]["status"], "up");
}

/// OB-02, OP-14: a group without its table is unhealthy; the others are not.
#[tokio::test]
async fn ob_02_a_missing_table_makes_its_group_unhealthy_and_the_whole_degraded() {
    let world = World::of("platform").await;
    let tables = [
        ("events", "no-such-table"),
        ("platform", world.table().name()),
    ];
    let setup = Setup::over(world.access().name(), &tables, &world)
        .await
        .with(world);
    let group = setup.api.get("/v1/health/events").send().await.expect(503);
    assert_eq!(group.header("content-type"), "application/health+json");
    assert_eq!(group.body["status"], "unhealthy");
    assert_eq!(group.body["database"], "down");
    let whole = setup.api.get("/v1/health").send().await.expect(200);
    assert_eq!(whole.body["status"], "degraded");
    assert_eq!(whole.body["database"], "down");
    setup.api.get("/v1/health/ready").send().await.expect(200);
}

/// OB-02, OB-03: without the table of keys and roles nothing works.
#[tokio::test]
async fn ob_03_without_the_access_table_the_whole_is_unhealthy_but_alive() {
    let world = World::of("platform").await;
    let tables = [("platform", world.table().name())];
    let setup = Setup::over("no-such-table", &tables, &world)
        .await
        .with(world);
    let whole = setup.api.get("/v1/health").send().await.expect(503);
    assert_eq!(whole.body["status"], "unhealthy");
    assert_eq!(
        setup
            .api
            .get("/v1/health/ready")
            .send()
            .await
            .expect(503)
            .body["status"],
        "unhealthy"
    );
    assert_eq!(
        setup
            .api
            .get("/v1/health/platform")
            .send()
            .await
            .expect(503)
            .body["status"],
        "unhealthy"
    );
    assert_eq!(
        setup
            .api
            .get("/v1/health/live")
            .send()
            .await
            .expect(200)
            .body["status"],
        "healthy"
    );
}

/// OB-01: a flood of questions costs one round of checks.
#[tokio::test]
async fn ob_01_checks_run_once_in_five_seconds() {
    let setup = Setup::start().await;
    for _ in 0..20 {
        setup.api.get("/v1/health").send().await.expect(200);
        setup.api.get("/v1/health/events").send().await.expect(200);
    }
    assert_eq!(
        setup.cloud.questions(),
        2,
        "one for the queue, one for its dead letters"
    );
    setup.world.clock.advance(SignedDuration::from_secs(5));
    setup.api.get("/v1/health/ready").send().await.expect(200);
    assert_eq!(setup.cloud.questions(), 4);
}

/// OB-01: a group that is none.
#[tokio::test]
async fn ob_01_an_unknown_group_is_not_found() {
    let setup = Setup::start().await;
    setup
        .api
        .get("/v1/health/nothing")
        .send()
        .await
        .expect(404)
        .problem("not-found");
}

/// GW-22: the registry lists the domains that are deployed, with their state.
#[tokio::test]
async fn gw_22_services_are_listed_with_version_and_status() {
    let setup = Setup::start().await;
    setup.cloud.send(DLQ, "poison");
    let body = setup
        .api
        .get("/v1/meta/services")
        .send()
        .await
        .expect(200)
        .body;
    let items = body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "only what is deployed");
    assert_eq!(items[0]["name"], "events");
    assert_eq!(items[0]["status"], "degraded");
    assert_eq!(items[0]["version"], "1.2.3");
    assert_eq!(items[0]["prefixes"][0], "/v1/events");
    assert_eq!(items[1]["status"], "healthy");
    let health = items[0]["health"].as_str().unwrap();
    setup.api.get(health).send().await.expect(200);
}
