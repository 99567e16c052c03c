//! The door's part of the table: scans, presence, attendance.

use shared::commit::Commit;
use shared::id::{EventId, RegistrationId};
use shared::problem::{Problem, ProblemType};
use shared::table::{Found, Position, Query, StoreError};

use super::{Store, moved};
use crate::model::{Attendance, Presence, Scan};

impl Store {
    /// A scan that was told before.
    pub async fn scan(
        &self,
        event: EventId,
        device: &str,
        nonce: &str,
    ) -> Result<Option<Scan>, StoreError> {
        self.table
            .get_consistent(&Scan::key_of(event, device, nonce))
            .await
    }

    /// What is known of a ticket on a list.
    pub async fn presence(
        &self,
        event: EventId,
        list: &str,
        registration: RegistrationId,
        number: u8,
    ) -> Result<Presence, StoreError> {
        let key = Presence::key_of(event, list, registration, number);
        let found = self.table.get_consistent(&key).await?;
        Ok(found.unwrap_or_else(|| Presence::none(event, list, registration, number)))
    }

    /// Whether any of these places of a registration came in, on any of these
    /// lists.
    pub async fn came(
        &self,
        event: EventId,
        lists: &[String],
        registration: RegistrationId,
        places: u32,
    ) -> Result<Vec<Presence>, StoreError> {
        let numbers = 1..=u8::try_from(places).unwrap_or(u8::MAX);
        let all = lists
            .iter()
            .flat_map(|list| numbers.clone().map(move |number| (list, number)));
        let read = all.map(|(list, number)| self.presence(event, list, registration, number));
        let all = futures::future::try_join_all(read).await?;
        Ok(all.into_iter().filter(|one| one.entries > 0).collect())
    }

    /// How many a list has let in.
    pub async fn attendance(&self, event: EventId, list: &str) -> Result<Attendance, StoreError> {
        let found = self
            .table
            .get_consistent(&Attendance::key_of(event, list))
            .await?;
        Ok(found.unwrap_or_else(|| Attendance {
            admitted: 0,
            inside: 0,
            event_id: Some(event),
            list: list.to_owned(),
        }))
    }

    /// A page of what is known on a list.
    pub async fn presences(
        &self,
        event: EventId,
        list: &str,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Presence>, StoreError> {
        let query = Query::partition(format!("DOOR#{event}"))
            .begins_with(format!("AT#{list}#"))
            .consistent();
        self.table.query(query.limit(limit).after(after)).await
    }

    /// A page of an event's scans, by device.
    pub async fn scans(
        &self,
        event: EventId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Scan>, StoreError> {
        let query = Query::partition(format!("DOOR#{event}"))
            .begins_with("SCAN#")
            .consistent();
        self.table.query(query.limit(limit).after(after)).await
    }

    /// Keeps a scan that was refused: told once, it is known for ever.
    pub fn note(&self, commit: &mut Commit, scan: &Scan) {
        commit.create(scan).or(Problem::new(&TOLD_BEFORE));
    }

    /// Keeps a scan, and what is known after it; the attendance follows.
    pub fn pass(&self, commit: &mut Commit, scan: &Scan, before: &Presence, after: &Presence) {
        self.note(commit, scan);
        // The ticket may be scanned elsewhere at this moment.
        if before.version == 0 {
            commit.create(after).or(moved());
        } else {
            commit.replace(after).or(moved());
        }
        let admitted = i64::from(after.entries > 0) - i64::from(before.entries > 0);
        let inside = i64::from(after.inside) - i64::from(before.inside);
        if (admitted, inside) == (0, 0) {
            return;
        }
        let counts = commit.update(Attendance::key_of(scan.event_id, &scan.list));
        for (name, by) in [("admitted", admitted), ("inside", inside)] {
            if by != 0 {
                counts.add(name, by);
            }
        }
    }
}

/// The mark of the scan is known. Whoever sends it again gets the first answer,
/// so that this one is never sent.
pub const TOLD_BEFORE: ProblemType = ProblemType {
    slug: "scan-told-before",
    title: "This scan was told before",
    status: 409,
    description: "",
};
