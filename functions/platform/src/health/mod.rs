//! Whether the system works: real checks of what each group depends on.

pub mod probe;
pub mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared::clock::Clock;
use tokio::sync::Mutex;

use probe::Probes;
use report::{Dependency, GroupHealth, Standing, Status};

/// How long a result serves: a flood of questions costs one check.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// The result of one round of checks.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub time: Timestamp,
    /// The table of keys, roles and revocations, on which every group depends.
    pub access: Dependency,
    /// Per group.
    pub groups: BTreeMap<String, GroupHealth>,
}

impl Snapshot {
    /// One group's trouble is not everyone's: the whole is unhealthy when no
    /// group works, or when the table that all depend on is out of reach.
    pub fn status(&self) -> Status {
        let all = |wanted| self.groups.values().all(|group| group.status == wanted);
        if self.access.status == Standing::Down || all(Status::Unhealthy) {
            Status::Unhealthy
        } else if all(Status::Healthy) {
            Status::Healthy
        } else {
            Status::Degraded
        }
    }

    /// The tables together.
    pub fn database(&self) -> Standing {
        let tables = self.groups.values().map(|group| group.database);
        if tables
            .chain([self.access.status])
            .any(|standing| standing == Standing::Down)
        {
            Standing::Down
        } else {
            Standing::Up
        }
    }
}

type Kept = Arc<Mutex<Option<Arc<Snapshot>>>>;

/// Takes snapshots and keeps the last for a few seconds.
#[derive(Debug, Clone)]
pub struct Monitor {
    probes: Arc<Probes>,
    clock: Clock,
    last: Kept,
}

impl Monitor {
    /// A monitor over the given probes.
    pub fn new(probes: Probes, clock: Clock) -> Self {
        Self {
            probes: Arc::new(probes),
            clock,
            last: Kept::default(),
        }
    }

    /// The state of now, or of a few seconds ago. Whoever asks while checks
    /// run waits for their result.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some(snapshot) = last.as_ref()
            && now.duration_since(snapshot.time) < FRESH
        {
            return Arc::clone(snapshot);
        }
        let (access, groups) = self.probes.run().await;
        let snapshot = Arc::new(Snapshot {
            time: now,
            access,
            groups,
        });
        *last = Some(Arc::clone(&snapshot));
        snapshot
    }
}
