//! `/v1/operations`: how far the deletion or the export of an account is
//! (XC-03, SC-11, B1-12).

pub mod get;
pub mod list;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::OperationId;
use utoipa::ToSchema;

use crate::app::App;
use crate::operations::model::{Kind, Operation, Status, Step};

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
        "link": "https://api.example.org/v1/users/me/export/op_01k3mzv8x2e9vtt3qq1h1cwf4b/link",
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
    /// `POST` there, on a recent proof that it is you, answers with the address of
    /// the file.
    #[schema(format = "uri")]
    link: String,
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
    fn with_download(mut self, app: &App, operation: &Operation) -> Self {
        let now = app.clock.now();
        let archive = operation.archive.filter(|archive| archive.expires_at > now);
        self.download = archive.map(|archive| Download {
            link: format!(
                "{}/v1/users/me/export/{}/link",
                app.deployment.public_url, self.id
            ),
            expires_at: archive.expires_at,
        });
        self
    }
}
