use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::commit::{Commit, CommitError};
use shared::event::users::UserProfileUpdated;
use shared::id::UserId;
use shared::table::{Entity, Item, Key, Table};
use shared::testing::{TestDb, cx};

/// The simplest thing that can be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) version: u64,
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
    /// What an update sets or counts.
    #[serde(default)]
    pub(crate) n: i64,
}

impl Note {
    pub(crate) fn new(id: &str, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            text: text.to_owned(),
            version: 0,
            until: None,
            n: 0,
        }
    }

    pub(crate) fn at(id: &str) -> Key {
        Key::new(format!("NOTE#{id}"), "NOTE")
    }

    pub(crate) async fn read(table: &Table, id: &str) -> Option<Self> {
        table.get_consistent(&Self::at(id)).await.unwrap()
    }
}

impl Entity for Note {
    const KIND: &'static str = "note";

    fn key(&self) -> Key {
        Self::at(&self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}

/// An event about somebody whose profile says `text`.
pub(crate) fn profile(user_id: UserId, text: &str) -> UserProfileUpdated {
    let mut changes = serde_json::Map::new();
    changes.insert("text".into(), text.into());
    UserProfileUpdated { user_id, changes }
}

/// One commit with what `fill` puts into it.
pub(crate) async fn commit(
    table: &Table,
    fill: impl FnOnce(&mut Commit),
) -> Result<(), CommitError> {
    let mut commit = Commit::new(table, &cx());
    fill(&mut commit);
    commit.execute().await
}

/// What a failed condition declared.
#[track_caller]
pub(crate) fn declared(result: Result<(), CommitError>) -> &'static str {
    match result {
        Err(CommitError::Condition(problem)) => problem.kind().slug,
        other => panic!("{other:?}"),
    }
}

/// How many items of each kind there are: notes, events, replies, handled events.
pub(crate) async fn census(db: &TestDb, table: &Table) -> Census {
    let items = db.items(table).await;
    let count = |test: &dyn Fn(&str) -> bool| items.iter().filter(|item| test(pk(item))).count();
    Census {
        notes: count(&|pk| pk.starts_with("NOTE#")),
        events: count(&|pk| pk.starts_with("OUTBOX#")),
        replies: count(&|pk| pk.starts_with("IDEMPOTENCY#")),
        seen: count(&|pk| pk.starts_with("SEEN#")),
    }
}

fn pk(item: &Item) -> &str {
    item["pk"].as_s().unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) notes: usize,
    pub(crate) events: usize,
    pub(crate) replies: usize,
    pub(crate) seen: usize,
}
