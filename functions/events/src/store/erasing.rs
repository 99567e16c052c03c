//! What the table keeps of a person, for erasing it.

use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::operations::UserDeleted;
use shared::id::UserId;
use shared::personal::{Erased, Erasure, NOBODY};
use shared::table::{Entity, Found, Position, Query, StoreError};

use super::{Store, moved};
use crate::model::{Connection, HistoryEntry, KnownVenue, Scan, VenueCard};

/// How many venues or connections are read at once.
const AT_ONCE: u32 = 40;

impl Store {
    /// Begins to erase an account, or goes on; `None` if that is done.
    ///
    /// # Errors
    /// The store's.
    pub async fn erasure<'a>(
        &'a self,
        cx: &'a Context,
        deleted: &UserDeleted,
    ) -> Result<Option<Erasure<'a>>, CommitError> {
        Erasure::begin(&self.table, cx, crate::GROUP, deleted, self.now()).await
    }

    /// How far the erasure of an account came, if it was begun.
    pub async fn erased(&self, user: UserId) -> Result<Option<Erased>, StoreError> {
        self.table.get_consistent(&Erased::key_of(user)).await
    }

    /// A page of a person's connections, and of what was one.
    pub async fn connections_of(
        &self,
        user: UserId,
        after: Option<Position>,
    ) -> Result<Found<Connection>, StoreError> {
        let query = of_person(user, Connection::PREFIX).limit(AT_ONCE);
        self.table.query(query.consistent().after(after)).await
    }

    /// A page of a person's own venues.
    pub async fn venues_of(
        &self,
        user: UserId,
        after: Option<Position>,
    ) -> Result<Found<VenueCard>, StoreError> {
        let own = VenueCard::partition(&format!("USER#{user}"));
        let query = Query::partition(own).limit(AT_ONCE);
        self.table.query(query.consistent().after(after)).await
    }
}

/// What is kept under a person's own key with a sort key that begins so.
pub fn of_person(user: UserId, prefix: &str) -> Query {
    Query::partition(format!("USER#{user}")).begins_with(prefix)
}

/// Both sides of a connection go.
pub fn disconnect(commit: &mut Commit, connection: &Connection) {
    let other_side = Connection {
        user_id: connection.other,
        other: connection.user_id,
        ..connection.clone()
    };
    commit.delete(connection.key());
    commit.delete(other_side.key());
}

/// A venue goes that is still as it was read.
pub fn remove_venue(commit: &mut Commit, venue: &KnownVenue) {
    commit
        .delete(venue.key())
        .when("#version = :read")
        .bind(":read", venue.version)
        .or(moved());
    super::shelves::shelve_venue(commit, Some(venue), None);
}

/// Nobody made this step of a history any more.
pub fn forget_actor(commit: &mut Commit, entry: &HistoryEntry) {
    commit
        .update(entry.key())
        .set("actorId", NOBODY)
        .when("attribute_exists(#pk)")
        .or(moved());
}

/// A scan without `user`, at whichever side of the door they stood. It keeps
/// the registration, which keeps nobody's name.
pub fn forget_scanned(commit: &mut Commit, scan: &Scan, user: UserId) {
    let action = commit.update(scan.key());
    action.when("attribute_exists(#pk)").or(moved());
    if scan.told_by == user {
        action.set("toldBy", NOBODY);
    }
    if scan.user_id == Some(user) {
        // What was shown names the person too, as a hash.
        action.remove("userId").remove("what");
    }
}
