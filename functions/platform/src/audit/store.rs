//! The table of the audit log. Entries are created and never changed: there is
//! no method for it here, and the worker has no right to update or delete. It may
//! put an item, also over another: the chain of hashes shows that (ADR 16).
//!
//! | pk | sk | gsi1 | item |
//! |---|---|---|---|
//! | `AUDIT#<chain>` | `HEAD` | | the end of the chain |
//! | `AUDIT#<chain>` | `ENTRY#<sequence>` | `AUDIT#<chain>#<actor>` by sequence | an entry |
//! | `SEEN#<event>` | `SEEN` | | that the event is in the log, with TTL |

use std::time::Duration;

use futures::future::{try_join, try_join_all};
use plenary_audit::{Draft, Entry, Head};
use serde::{Deserialize, Serialize};
use shared::{
    commit::{Commit, CommitError},
    cx::Context,
    problem::{CONFLICT, Problem},
    table::{Entity, Found, Index, Indexes, Key, Position, Query, StoreError, Table},
};

/// Entries appended by one commit: two actions each, and the head.
const AT_ONCE: usize = 40;
/// How often an append looks again when others append to the same chain.
const ATTEMPTS: u32 = 8;
/// How many entries a page of a list reads at most, whatever the filter admits.
const MOST_READ: u32 = 500;
/// How many it reads at once.
const READ_AT_ONCE: u32 = 100;

fn partition(chain: &str) -> String {
    format!("AUDIT#{chain}")
}

fn entry_key(chain: &str, sequence: u64) -> Key {
    Key::new(partition(chain), format!("ENTRY#{sequence:012}"))
}

fn head_key(chain: &str) -> Key {
    Key::new(partition(chain), "HEAD")
}

/// An entry as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Row(Entry);

impl Entity for Row {
    const KIND: &'static str = "audit-entry";

    fn key(&self) -> Key {
        entry_key(&self.0.chain, self.0.sequence)
    }

    fn indexes(&self) -> Indexes {
        let by = self.0.actor.as_ref().map(|actor| {
            let partition = format!("{}#{actor}", partition(&self.0.chain));
            Key::new(partition, format!("{:012}", self.0.sequence))
        });
        Indexes {
            gsi1: by,
            gsi2: None,
        }
    }
}

/// The end of a chain as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    #[serde(flatten)]
    head: Head,
    version: u64,
    recorded_at: jiff::Timestamp,
}

impl Entity for End {
    const KIND: &'static str = "audit-head";

    fn key(&self) -> Key {
        head_key(&self.head.chain)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// That an event is in the log.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    pk: String,
}

impl Entity for Seen {
    const KIND: &'static str = "seen";

    fn key(&self) -> Key {
        Key::new(self.pk.clone(), "SEEN")
    }
}

/// The table of the audit log.
#[derive(Debug, Clone)]
pub struct AuditStore {
    table: Table,
}

impl AuditStore {
    /// On top of `table`.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The end of a chain.
    ///
    /// # Errors
    /// The store's.
    pub async fn head(&self, chain: &str) -> Result<Head, StoreError> {
        let end = self.end(chain).await?;
        Ok(end.map_or_else(|| Head::empty(chain), |end| end.head))
    }

    async fn end(&self, chain: &str) -> Result<Option<End>, StoreError> {
        self.table.get_consistent(&head_key(chain)).await
    }

    /// Appends what is not in the log yet, in this order. Others may append to
    /// the same chain at the same time: whoever comes second looks again.
    ///
    /// # Errors
    /// The store's; what was appended before stays, and trying again goes on.
    pub async fn append(
        &self,
        cx: &Context,
        chain: &str,
        drafts: &[Draft],
    ) -> Result<(), CommitError> {
        for chunk in drafts.chunks(AT_ONCE) {
            let mut attempt = 0;
            loop {
                match self.append_chunk(cx, chain, chunk).await {
                    Err(CommitError::Condition(_) | CommitError::Duplicate)
                        if attempt < ATTEMPTS =>
                    {
                        attempt += 1;
                        // The other's commit takes some milliseconds as well.
                        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 5)).await;
                    }
                    Err(CommitError::Condition(_) | CommitError::Duplicate) => {
                        return Err(CommitError::Contention(format!("the end of {chain} moves")));
                    }
                    result => break result?,
                }
            }
        }
        Ok(())
    }

    async fn append_chunk(
        &self,
        cx: &Context,
        chain: &str,
        drafts: &[Draft],
    ) -> Result<(), CommitError> {
        let (end, fresh) = try_join(self.end(chain), self.unseen(drafts)).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        let mut commit = Commit::new(&self.table, cx);
        let mut head = end
            .as_ref()
            .map_or_else(|| Head::empty(chain), |end| end.head.clone());
        // A clock that was set back does not turn the log back.
        let now = end
            .as_ref()
            .map_or(commit.now(), |end| end.recorded_at.max(commit.now()));
        for draft in fresh {
            let event = draft.event_id.clone();
            let entry = head
                .follow(draft, now)
                .map_err(|err| CommitError::Invalid(err.to_string()))?;
            head = entry.head();
            commit.once_for(&event);
            commit.create(&Row(entry)).or(Problem::new(&CONFLICT));
        }
        let next = End {
            version: end.as_ref().map_or(0, |end| end.version),
            head: head.clone(),
            recorded_at: now,
        };
        let action = match end {
            None => commit.create(&next),
            Some(_) => commit.replace(&next),
        };
        action.or(Problem::new(&CONFLICT));
        commit.execute().await?;
        // The head once more, where whoever can write the table cannot: in the log.
        tracing::info!(
            audit.chain = head.chain,
            audit.sequence = head.sequence,
            audit.hash = head.hash,
            "the audit log grew"
        );
        Ok(())
    }

    /// Those that are not in the log, each once.
    async fn unseen(&self, drafts: &[Draft]) -> Result<Vec<Draft>, StoreError> {
        let seen = drafts.iter().map(|draft| async move {
            let key = Key::new(format!("SEEN#{}", draft.event_id), "SEEN");
            let seen = self.table.get_consistent::<Seen>(&key).await?;
            Ok::<_, StoreError>(seen.is_some())
        });
        let seen = try_join_all(seen).await?;
        let mut fresh: Vec<Draft> = Vec::new();
        for (draft, seen) in drafts.iter().zip(seen) {
            if !seen && !fresh.iter().any(|other| other.event_id == draft.event_id) {
                fresh.push(draft.clone());
            }
        }
        Ok(fresh)
    }

    /// A page of a chain, the newest first; of one actor, if given. It reads at
    /// most 500 entries and may come back short with more to come. `done` says
    /// that an entry and all before it are of no interest.
    ///
    /// # Errors
    /// The store's.
    pub async fn page(
        &self,
        chain: &str,
        actor: Option<&str>,
        (wanted, done): (impl Fn(&Entry) -> bool, impl Fn(&Entry) -> bool),
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Entry>, StoreError> {
        let query = match actor {
            Some(actor) => {
                Query::partition(format!("{}#{actor}", partition(chain))).index(Index::Gsi1)
            }
            None => Query::partition(partition(chain)).begins_with("ENTRY#"),
        };
        let query = query.descending();
        let mut page = Found {
            items: Vec::new(),
            next: after,
        };
        let mut read = 0;
        while read < MOST_READ {
            let query = query.clone().limit(READ_AT_ONCE).after(page.next.take());
            let found = self.table.query::<Row>(query).await?;
            read += READ_AT_ONCE;
            for Row(entry) in found.items {
                if done(&entry) {
                    return Ok(page);
                }
                let position = position_of(&entry, actor.is_some());
                if wanted(&entry) {
                    page.items.push(entry);
                }
                if page.items.len() as u64 == u64::from(limit) {
                    page.next = Some(position);
                    return Ok(page);
                }
            }
            page.next = found.next;
            if page.next.is_none() {
                break;
            }
        }
        Ok(page)
    }

    /// The entries from `first` to `last`, both included, in order, at most
    /// `limit` of them: what an export reads, consistently.
    ///
    /// # Errors
    /// The store's.
    pub async fn span(
        &self,
        chain: &str,
        first: u64,
        last: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let (from, to) = (entry_key(chain, first), entry_key(chain, last));
        let mut query = Query::partition(partition(chain))
            .between(from.sk, to.sk)
            .consistent();
        let mut entries = Vec::new();
        while u64::from(limit) > entries.len() as u64 && first <= last {
            let left = limit - u32::try_from(entries.len()).unwrap_or(limit);
            let found = self.table.query::<Row>(query.clone().limit(left)).await?;
            entries.extend(found.items.into_iter().map(|Row(entry)| entry));
            if found.next.is_none() {
                break;
            }
            query = query.after(found.next);
        }
        Ok(entries)
    }
}

fn position_of(entry: &Entry, indexed: bool) -> Position {
    Position {
        key: entry_key(&entry.chain, entry.sequence),
        index_sk: indexed.then(|| format!("{:012}", entry.sequence)),
    }
}
