//! What the group does with all that it keeps of a person (SC-11, XC-03).

use futures::future::try_join_all;
use futures::stream::{self, TryStreamExt};
use shared::cx::Context;
use shared::event::Event;
use shared::event::operations::UserDeleted;
use shared::objects::Objects;
use shared::personal::{Erasure, Export};
use shared::worker::WorkerError;

use crate::model::medium::Medium;
use crate::model::objects;
use crate::routes::MediumView;
use crate::store::Store;

const GROUP: &str = "media";
/// How many media are erased at once.
const PAGE: u32 = 25;
/// How many objects are removed side by side.
const AT_ONCE: usize = 32;

/// An account is gone: its media go with all their objects, the objects first,
/// for what is forgotten is not found again. One that a processor changes
/// meanwhile fails the portion, and is looked at again by the next delivery.
pub(crate) async fn erase(
    store: &Store,
    bucket: &impl Objects,
    event: &Event,
    cx: &Context,
) -> Result<(), WorkerError> {
    let deleted: UserDeleted = event.data()?;
    let begun = Erasure::begin(store.table(), cx, GROUP, &deleted, event.time).await?;
    let Some(mut erasure) = begun else {
        return Ok(());
    };
    let mut after = None;
    loop {
        let found = store.of(deleted.user_id, PAGE, after).await?;
        // The index may show what is gone, or as it was.
        let current = found.items.iter().map(|medium| store.current(medium.id));
        let media: Vec<Medium> = try_join_all(current).await?.into_iter().flatten().collect();
        remove(bucket, &media).await?;
        if !media.is_empty() {
            let fill = |commit: &mut _| media.iter().for_each(|one| Store::forget(commit, one));
            erasure.portion("media", media.len(), fill).await?;
        }
        after = found.next;
        if after.is_none() {
            return Ok(erasure.finish().await?);
        }
    }
}

async fn remove(bucket: &impl Objects, media: &[Medium]) -> Result<(), WorkerError> {
    let keys = media.iter().flat_map(|medium| objects::all(medium.id));
    stream::iter(keys.map(Ok))
        .try_for_each_concurrent(AT_ONCE, |key| async move {
            bucket.remove(&key).await.map_err(WorkerError::from)
        })
        .await
}

/// A person wants what is kept of them: the list of their media. The pictures
/// themselves they fetch by their ids.
pub(crate) async fn export(
    store: &Store,
    exports: &impl Objects,
    event: &Event,
    cx: &Context,
) -> Result<(), WorkerError> {
    let mut export = Export::begin(GROUP, event)?;
    let (mut views, mut after) = (Vec::new(), None);
    loop {
        let found = store.of(export.user(), 1000, after).await?;
        views.extend(found.items.iter().map(MediumView::from));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    export.list("media", views)?;
    export.finish(exports, store.table(), cx, event).await
}
