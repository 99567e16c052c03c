//! What the group does when an upload has arrived, and when a medium is gone.
//!
//! Both come at least once and in any order: an upload that nobody announced,
//! that was deleted meanwhile or is done already changes nothing; work that was
//! begun twice ends with the same pictures under the same names.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use shared::commit::CommitError;
use shared::cx::Context;
use shared::event::media::MediaDeleted;
use shared::event::{Contract, Event};
use shared::id::MediaId;
use shared::objects::Objects;
use shared::worker::{WorkerError, run_messages};

use crate::model::medium::{Content, Medium, Status};
use crate::model::{ImageType, MAX_BYTES, Picture, Rejection, objects, process};
use crate::store::Store;

/// How long one message may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(50);

/// The message of an S3 notification.
#[derive(Debug, Deserialize)]
struct Notification {
    #[serde(rename = "Records", default)]
    records: Vec<Arrival>,
}

#[derive(Debug, Deserialize)]
struct Arrival {
    s3: Location,
}

#[derive(Debug, Deserialize)]
struct Location {
    object: Object,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default, alias = "etag")]
    e_tag: String,
    #[serde(default)]
    size: u64,
}

/// Decodes on a thread of its own: the time-out holds meanwhile, and a decoder
/// that panics has met a damaged picture, which is no reason to try again.
async fn examined(bytes: Vec<u8>, declared: ImageType) -> Result<Picture, Rejection> {
    tokio::task::spawn_blocking(move || process(&bytes, declared))
        .await
        .unwrap_or(Err(Rejection::Damaged))
}

/// Checks and resizes uploads, and removes the objects of deleted media.
#[derive(Debug)]
pub struct Processor<O> {
    store: Store,
    objects: O,
}

impl<O: Objects> Processor<O> {
    /// With its table and its bucket.
    pub fn new(store: Store, objects: O) -> Self {
        Self { store, objects }
    }

    /// Handles a batch of messages, each on its own.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        run_messages(batch, PATIENCE, |body, _| async move {
            self.message(&body).await
        })
        .await
    }

    async fn message(&self, body: &str) -> Result<(), WorkerError> {
        if let Ok(event) = serde_json::from_str::<Event>(body) {
            return match event.kind.as_str() {
                MediaDeleted::TYPE => self.forget(event.data::<MediaDeleted>()?.media_id).await,
                _ => Ok(()),
            };
        }
        // The test message that S3 sends when it is set up has no records.
        let notification: Notification =
            serde_json::from_str(body).map_err(WorkerError::permanent)?;
        for arrival in notification.records {
            self.arrived(&arrival.s3.object).await?;
        }
        Ok(())
    }

    /// Removes every object that a medium can have.
    async fn forget(&self, id: MediaId) -> Result<(), WorkerError> {
        for key in objects::all(id) {
            self.objects.remove(&key).await?;
        }
        Ok(())
    }

    async fn arrived(&self, object: &Object) -> Result<(), WorkerError> {
        // S3 writes keys in notifications like form fields.
        let key = object.key.replace('+', " ");
        let key = percent_decode_str(&key)
            .decode_utf8()
            .map_err(WorkerError::permanent)?;
        let Some(id) = objects::uploaded(&key) else {
            return Ok(());
        };
        let Some(medium) = self.store.current(id).await? else {
            // Nobody announced it, or it was deleted: nothing may stay.
            return self.forget(id).await;
        };
        match medium.status {
            // Done before. The form admits another upload while it is valid;
            // what was checked stays, what was not goes.
            Status::Ready | Status::Rejected => Ok(self.objects.remove(&key).await?),
            Status::Uploading | Status::Processing => self.work(medium, &key, object).await,
        }
    }

    async fn work(
        &self,
        mut medium: Medium,
        key: &str,
        object: &Object,
    ) -> Result<(), WorkerError> {
        let now = self.store.now();
        if medium.claimed_by_other(&object.e_tag, now) {
            return Err(WorkerError::transient(
                "another upload of it is being processed",
            ));
        }
        let mut cx = Context::begin(PATIENCE);
        cx.correlation_id.clone_from(&medium.correlation_id);
        cx.actor = Some(medium.owner_id.to_string());
        let first = medium.status == Status::Uploading;
        medium.begin(object.e_tag.clone(), now);
        self.store.begin(&cx, &medium, first, object.size).await?;
        medium.version += 1;
        let Some(bytes) = self.objects.read(key, MAX_BYTES).await? else {
            // Removed by a twin that is further than we knew.
            return Err(WorkerError::transient("the upload is not there"));
        };
        match examined(bytes, medium.declared).await {
            Ok(picture) => {
                self.keep(medium.id, &picture).await?;
                medium.complete(Content::from(&picture));
            }
            Err(rejection) => self.refuse(&mut medium, rejection),
        }
        match self.store.conclude(&cx, &medium).await {
            Ok(()) => Ok(self.objects.remove(key).await?),
            // Deleted or taken over meanwhile: look again.
            Err(err @ CommitError::Condition(_)) => Err(WorkerError::transient(err)),
            Err(err) => Err(err.into()),
        }
    }

    async fn keep(&self, id: MediaId, picture: &Picture) -> Result<(), WorkerError> {
        let original = &picture.original;
        self.objects
            .write(&objects::original(id, original.kind), original.object())
            .await?;
        for (preset, encoded) in &picture.variants {
            let key = objects::variant(id, *preset, encoded.kind);
            self.objects.write(&key, encoded.object()).await?;
        }
        Ok(())
    }

    fn refuse(&self, medium: &mut Medium, rejection: Rejection) {
        tracing::info!(media.id = %medium.id, media.rejection = rejection.code(), "an upload was rejected");
        medium.reject(rejection, self.store.now());
    }
}
