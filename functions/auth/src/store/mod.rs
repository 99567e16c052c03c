//! The tables of this group: the only place that knows DynamoDB.
//!
//! Every decision rests on consistent reads of keyed items (AU-28); addresses,
//! usernames and slugs are claimed by guard items. The table `access`, which
//! all groups read, is written here in the same transactions.

mod accounts;
mod administration;
mod consents;
mod deletion;
mod directory;
mod erasure;
mod export;
mod factors;
mod identities;
mod invitations;
mod items;
mod links;
mod mail_sign_in;
mod members;
mod organizations;
mod passkeys;
mod programs;
mod recovery;
mod sessions;
mod signing;

use jiff::Timestamp;
use shared::table::{Entity, Key, StoreError, Table};

pub use accounts::{Registration, SignIn};
pub use administration::{Decision, Subject, no_password};
pub use deletion::Undoing;
pub use directory::Crowd;
pub use factors::{Spent, Unproven};
pub use items::{NextSecret, SigningSecret};
pub use links::{Registrant, Sealed};
pub use members::Actor;
pub use organizations::{RESERVE, Removal};
pub use passkeys::FactorRemoval;
pub use programs::Programs;
pub use sessions::Ending;

/// The group's table and the table `access`.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
    access: Table,
}

impl Store {
    /// Over the two tables.
    pub fn new(table: Table, access: Table) -> Self {
        Self { table, access }
    }

    /// What time it is for the tables.
    pub fn now(&self) -> Timestamp {
        self.table.clock().now()
    }

    /// One item, consistently. Boxed: the SDK's futures are large, and several
    /// of them go into one request's.
    async fn read<E: Entity>(&self, key: &Key) -> Result<Option<E>, StoreError> {
        Box::pin(self.table.get_consistent(key)).await
    }
}
