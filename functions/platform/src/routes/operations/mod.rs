//! `/v1/operations`: how far the deletion or the export of an account is
//! (XC-03, SC-11, B1-12).

pub mod get;
pub mod list;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::OperationId;
use shared::problem::{Problem, UNAVAILABLE};
use utoipa::ToSchema;

use crate::app::App;
use crate::operations::archive;
use crate::operations::model::{Kind, Operation, Status, Step};

/// How long a link works: long enough for a slow network to begin with the file.
const LINK_VALID: Duration = Duration::from_mins(15);

/// A long job over all groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Operation, example = json!({
    "id": "op_01k3mzv8x2e9vtt3qq1h1cwf4b",
    "kind": "account-export",
    "status": "completed",
    "createdAt": "2026-09-01T10:00:00Z",
    "eraseAt": null,
    "cancelledAt": null,
    "startedAt": "2026-09-01T10:00:00Z",
    "completedAt": "2026-09-01T10:00:04Z",
    "steps": [{
        "group": "media",
        "status": "completed",
        "completedAt": "2026-09-01T10:00:02Z",
        "counts": {"media": 3}
    }],
    "download": {
        "href": "https://exports.example.org/exports/op_01k3mzv8x2e9vtt3qq1h1cwf4b.zip?X-Amz-Expires=900",
        "expiresAt": "2026-09-08T10:00:04Z"
    }
}))]
pub struct OperationView {
    id: OperationId,
    kind: Kind,
    status: Status,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a deletion begins; until then it can be cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    erase_at: Option<Timestamp>,
    /// When a deletion was cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancelled_at: Option<Timestamp>,
    /// When the groups were told to begin.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When nothing was left to do.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// The part of every group.
    steps: Vec<StepView>,
    /// Where the file of an export is, as long as it is kept.
    download: Option<Download>,
}

/// The part of a group in an operation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OperationStep)]
pub struct StepView {
    /// The group.
    #[schema(example = "media")]
    group: &'static str,
    status: StepStatus,
    /// When it was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// How many of what were erased, or exported.
    counts: BTreeMap<String, u64>,
}

/// How far a group is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OperationStepStatus)]
pub enum StepStatus {
    /// It has not answered.
    Pending,
    /// Its part is done.
    Completed,
}

/// Where the file of an export is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OperationDownload)]
pub struct Download {
    /// Good for 15 minutes, for whoever has it: ask again rather than keep it.
    #[schema(format = "uri")]
    href: String,
    /// When the file is removed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl OperationView {
    /// As it is shown, if there is anything to be shown; without a download.
    fn of(operation: &Operation) -> Option<Self> {
        let (kind, status) = (operation.kind?, operation.status()?);
        let steps = kind.groups().map(|group| {
            let step = operation.steps.get(group);
            StepView {
                group,
                status: step.map_or(StepStatus::Pending, |_| StepStatus::Completed),
                completed_at: step.map(|step| step.completed_at),
                counts: step.map_or_else(BTreeMap::new, |Step { counts, .. }| counts.clone()),
            }
        });
        Some(Self {
            id: operation.id,
            kind,
            status,
            created_at: operation.created_at(),
            erase_at: operation.erase_at,
            cancelled_at: operation.cancelled_at,
            started_at: operation.started_at(),
            completed_at: operation.completed_at(),
            steps: steps.collect(),
            download: None,
        })
    }

    /// With where the file is, if it is still there.
    async fn with_download(mut self, app: &App, operation: &Operation) -> Result<Self, Problem> {
        let now = app.clock.now();
        let archive = operation.archive.filter(|archive| archive.expires_at > now);
        if let Some(archive) = archive {
            let (key, name) = (archive::key(self.id), archive::file_name(self.id));
            let left = archive.expires_at.duration_since(now).unsigned_abs();
            let href = app
                .exports
                .download(&key, &name, LINK_VALID.min(left))
                .await;
            self.download = Some(Download {
                href: href.map_err(|err| Problem::new(&UNAVAILABLE).caused_by(err))?,
                expires_at: archive.expires_at,
            });
        }
        Ok(self)
    }
}
