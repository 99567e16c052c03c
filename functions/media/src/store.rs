//! The media table: the only file that knows DynamoDB.
//!
//! | item | pk | sk | gsi1 |
//! |---|---|---|---|
//! | medium | `MEDIA#<id>` | `MEDIUM` | `OWNER#<user>` by id |
//! | that an account is gone | `ERASED#<user>` | `ERASED` | |
//!
//! Every access of the API is by id: one read unit (half of one when eventually
//! consistent), and no key that many write. The index serves erasing and
//! exporting; an account is closed for days before it is erased, so that the
//! index knows everything by then.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::media::{MediaDeleted, MediaProcessed, MediaUploaded};
use shared::http::Reply;
use shared::id::{MediaId, UserId};
use shared::personal::Erased;
use shared::problem::Problem;
use shared::table::{Entity, Found, Index, Indexes, Key, Position, Query, StoreError, Table};

use crate::model::medium::{Medium, Status};

const IMAGE: &str = "image";

fn owner_partition(owner: UserId) -> String {
    format!("OWNER#{owner}")
}

fn key(id: MediaId) -> Key {
    Key::new(format!("MEDIA#{id}"), "MEDIUM")
}

impl Entity for Medium {
    const KIND: &'static str = "medium";

    fn key(&self) -> Key {
        key(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: Some(Key::new(
                owner_partition(self.owner_id),
                self.id.to_string(),
            )),
            gsi2: None,
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

/// The media table.
#[derive(Clone, Debug)]
pub struct Store {
    table: Table,
}

impl Store {
    /// On top of the group's table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The instant that the table goes by.
    pub fn now(&self) -> Timestamp {
        self.table.clock().now()
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// A page of a person's media, as the index knows them.
    pub async fn of(
        &self,
        owner: UserId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Medium>, StoreError> {
        let query = Query::partition(owner_partition(owner)).index(Index::Gsi1);
        self.table.query(query.limit(limit).after(after)).await
    }

    /// Whether the owner's account is gone.
    pub async fn is_orphan(&self, medium: &Medium) -> Result<bool, StoreError> {
        Erased::is(&self.table, medium.owner_id).await
    }

    /// Forgets a medium unless it was changed since it was read.
    pub fn forget(commit: &mut Commit, medium: &Medium) {
        commit
            .delete(medium.key())
            .when("#version = :version_read")
            .bind(":version_read", medium.version)
            .or(Problem::new(&shared::problem::CONFLICT)
                .detail("The medium is being processed; try again."));
    }

    /// Forgets a medium whose owner's account is gone.
    pub async fn disown(&self, cx: &Context, medium: &Medium) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        Self::forget(&mut commit, medium);
        commit.execute().await
    }

    /// The medium if `viewer` may see it.
    pub async fn visible(&self, id: MediaId, viewer: UserId) -> Result<Medium, Problem> {
        let medium: Option<Medium> = self.table.get(&key(id)).await?;
        medium
            .filter(|medium| medium.visible_to(viewer))
            .ok_or_else(|| Problem::not_found("The medium"))
    }

    /// The medium as it is now; for the processor, which acts for nobody.
    pub async fn current(&self, id: MediaId) -> Result<Option<Medium>, StoreError> {
        self.table.get_consistent(&key(id)).await
    }

    /// The medium as it is now, if it is `owner`'s to change: hidden media are
    /// not found, other people's forbidden.
    pub async fn owned(&self, id: MediaId, owner: UserId) -> Result<Medium, Problem> {
        match self.current(id).await? {
            Some(medium) if medium.owner_id == owner => Ok(medium),
            Some(medium) if medium.visible_to(owner) => {
                Err(Problem::forbidden("The medium belongs to somebody else."))
            }
            _ => Err(Problem::not_found("The medium")),
        }
    }

    /// Announces a medium.
    pub async fn announce(
        &self,
        cx: &Context,
        medium: &Medium,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit.create(medium);
        commit.finish(reply).await
    }

    /// A processor claims a medium; the first time, its upload has arrived.
    pub async fn begin(
        &self,
        cx: &Context,
        medium: &Medium,
        first: bool,
        bytes: u64,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(medium);
        if first {
            let event = MediaUploaded {
                media_id: medium.id,
                owner_id: medium.owner_id,
                kind: IMAGE.to_owned(),
                bytes,
            };
            commit.publish(&event, medium.version + 1);
        }
        commit.execute().await
    }

    /// Records the outcome of processing: ready or rejected.
    pub async fn conclude(&self, cx: &Context, medium: &Medium) -> Result<(), CommitError> {
        let original = medium.content.as_ref().map(|content| content.original);
        let variants = medium.content.iter().flat_map(|content| &content.variants);
        let ready = medium.status == Status::Ready;
        let event = MediaProcessed {
            media_id: medium.id,
            owner_id: medium.owner_id,
            kind: IMAGE.to_owned(),
            status: if ready { "ready" } else { "rejected" }.to_owned(),
            reason: medium
                .rejection
                .map(|rejection| rejection.code().to_owned()),
            width: original.map(|original| original.width),
            height: original.map(|original| original.height),
            variants: variants
                .map(|variant| variant.preset.name().to_owned())
                .collect(),
        };
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(medium);
        commit.publish(&event, medium.version + 1);
        commit.execute().await
    }

    /// Forgets a medium. Its objects are removed afterwards, by whoever hears
    /// of the event: what is forgotten cannot be read.
    pub async fn delete(&self, cx: &Context, medium: &Medium) -> Result<(), CommitError> {
        let event = MediaDeleted {
            media_id: medium.id,
            owner_id: medium.owner_id,
            kind: IMAGE.to_owned(),
        };
        let mut commit = Commit::new(&self.table, cx);
        Self::forget(&mut commit, medium);
        commit.publish(&event, medium.version + 1);
        commit.execute().await
    }
}
