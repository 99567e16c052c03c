//! Connections, and where they are going.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::Timestamp;
use shared::commit::Commit;
use shared::cx::Context;
use shared::id::{EventId, UserId};
use shared::table::{Query, StoreError};

use super::Store;
use crate::model::{Connection, RegistrationStatus};

/// How many connections are read, and of how many of them, the latest, it is
/// looked up where they are going.
const MOST_READ: u32 = 500;
const LOOKED_UP: usize = 50;
/// How many registrations of each.
const NEWEST: u32 = 20;

impl Store {
    /// Copies what became of two people, on both sides: a commit that is stale
    /// for older news.
    pub fn connect(
        &self,
        cx: &Context,
        [one, two]: [UserId; 2],
        connected: bool,
        (since, sequence): (Timestamp, u64),
    ) -> Commit {
        let mut commit = self.commit(cx);
        for (user_id, other) in [(one, two), (two, one)] {
            let side = Connection {
                user_id,
                other,
                connected,
                since,
            };
            commit.project(&side, sequence);
        }
        commit
    }

    /// How many of a person's connections go to which event, of those who let
    /// their connections know.
    pub async fn company(&self, user: UserId) -> Result<BTreeMap<EventId, u32>, StoreError> {
        let query = Query::partition(format!("USER#{user}")).begins_with(Connection::PREFIX);
        let found = self
            .table
            .query::<Connection>(query.limit(MOST_READ))
            .await?;
        let mut known: Vec<Connection> = found.items;
        known.retain(|connection| connection.connected);
        known.sort_by_key(|connection| std::cmp::Reverse(connection.since));
        let look = known
            .iter()
            .take(LOOKED_UP)
            .map(|connection| self.registrations_of(connection.other, NEWEST, None));
        let mut company = BTreeMap::new();
        for registration in try_join_all(look).await?.into_iter().flat_map(|f| f.items) {
            let goes = matches!(
                registration.status,
                RegistrationStatus::Confirmed | RegistrationStatus::CheckedIn
            );
            if goes && registration.visible_to_connections {
                *company.entry(registration.event_id).or_default() += 1;
            }
        }
        Ok(company)
    }
}
