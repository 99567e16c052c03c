//! The inbox as its owner reads and changes it. Every method demands the
//! owner, so that nobody's entry can be reached by its id alone.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::http::Reply;
use shared::id::{NotificationId, UserId};
use shared::problem::{Problem, VERSION_CONFLICT};
use shared::table::{Entity, Position, Query, StoreError};

use super::{Store, again, entry_key, inbox_key, user};
use crate::model::notification::first_id_after;
use crate::model::{Inbox, Kind, Notification};
use crate::problems::TOO_MANY_KEPT;

/// Behind every entry's sort key.
const LAST: &str = "NTF#~";

/// A list page reads at most so many times its limit when it filters.
const READS: u32 = 5;

/// What a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only unread, or only read ones.
    pub unread: Option<bool>,
    /// Only this type.
    pub kind: Option<Kind>,
}

/// A page of an inbox.
#[derive(Debug)]
pub struct Page {
    /// Latest first.
    pub entries: Vec<Notification>,
    /// What is read depends on it too.
    pub inbox: Inbox,
    /// Where to go on.
    pub next: Option<Position>,
}

/// What is done to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was read.
    Read,
    /// It shall be unread again.
    Unread,
    /// It is removed.
    Removed,
}

impl Store {
    /// A person's inbox; an empty one if nothing has come yet.
    pub async fn inbox(&self, owner: UserId) -> Result<Inbox, StoreError> {
        let found = self.table.get_consistent(&inbox_key(owner)).await?;
        Ok(found.unwrap_or_else(|| Inbox::new(owner)))
    }

    /// An entry of a person's inbox.
    pub async fn entry(
        &self,
        owner: UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        self.table.get_consistent(&entry_key(owner, id)).await
    }

    /// A page of a person's inbox. It reads a fixed maximum of entries, so a
    /// filtered page can come back short although there is more.
    pub async fn page(
        &self,
        owner: UserId,
        filter: Filter,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Page, StoreError> {
        let inbox = self.inbox(owner).await?;
        let mut page = Page {
            entries: Vec::new(),
            inbox,
            next: after,
        };
        if filter.unread == Some(true) && page.inbox.unread == 0 {
            page.next = None;
            return Ok(page);
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        for _ in 0..READS {
            let query = Query::partition(user(owner)).begins_with("NTF#");
            let query = query.descending().limit(limit).after(page.next.take());
            let found = self.table.query::<Notification>(query).await?;
            page.next = found.next;
            for entry in found.items {
                if page.entries.len() == wanted {
                    // More than fits was read: go on behind the last one shown.
                    page.next = page.entries.last().map(position);
                    return Ok(page);
                }
                if page.shows(filter, &entry) {
                    page.entries.push(entry);
                }
            }
            if page.next.is_none() || page.entries.len() == wanted {
                break;
            }
        }
        Ok(page)
    }

    /// Marks or removes an entry, and counts; `None` when there is none.
    ///
    /// # Errors
    /// [`TOO_MANY_KEPT`], or what the store says.
    pub async fn mark(
        &self,
        cx: &Context,
        owner: UserId,
        id: NotificationId,
        mark: Mark,
    ) -> Result<Option<(Notification, Inbox)>, Problem> {
        let mut attempt = 0;
        loop {
            let (inbox, entry) = futures::try_join!(self.inbox(owner), self.entry(owner, id))?;
            let Some(entry) = entry else {
                return Ok(None);
            };
            match self.try_mark(cx, inbox, entry, mark).await {
                Err(problem) if raced(&problem) && again(cx, attempt).await => attempt += 1,
                done => return done.map(Some),
            }
        }
    }

    async fn try_mark(
        &self,
        cx: &Context,
        mut inbox: Inbox,
        mut entry: Notification,
        mark: Mark,
    ) -> Result<(Notification, Inbox), Problem> {
        let unread = inbox.is_unread(&entry);
        let mut commit = Commit::new(&self.table, cx);
        match mark {
            Mark::Read if unread => {
                inbox.settled(entry.id);
                entry.read_at = Some(commit.now());
                commit.replace(&entry).or(race());
            }
            Mark::Unread if !unread => {
                if !inbox.reopened(entry.id) {
                    return Err(Problem::new(&TOO_MANY_KEPT));
                }
                entry.read_at = None;
                commit.replace(&entry).or(race());
            }
            Mark::Removed => {
                if unread {
                    inbox.settled(entry.id);
                }
                commit
                    .delete(entry.key())
                    .when("#version = :read")
                    .bind(":read", entry.version)
                    .or(race());
            }
            // It is so already.
            Mark::Read | Mark::Unread => return Ok((entry, inbox)),
        }
        if unread || mark == Mark::Unread {
            write(&mut commit, &inbox);
        }
        commit.execute().await?;
        Ok((entry, inbox))
    }

    /// Everything that came until `before` is read: one write, however many
    /// there are. `reply` is stored under the request's Idempotency-Key.
    pub async fn mark_all_read(
        &self,
        cx: &Context,
        owner: UserId,
        before: Timestamp,
        reply: impl Fn(&Inbox) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let mut attempt = 0;
        loop {
            let mut inbox = self.inbox(owner).await?;
            let through = before.as_millisecond();
            let later = self
                .unread_after(owner, through.max(inbox.read_through))
                .await?;
            inbox.read_up_to(through, later);
            let mut commit = Commit::new(&self.table, cx);
            write(&mut commit, &inbox);
            match commit.finish(reply(&inbox)?).await {
                Err(problem) if raced(&problem) && again(cx, attempt).await => attempt += 1,
                done => return done,
            }
        }
    }

    /// How many entries later than the millisecond `through` are unread.
    async fn unread_after(&self, owner: UserId, through: i64) -> Result<u32, StoreError> {
        let first = format!("NTF#{}", first_id_after(through));
        let query = Query::partition(user(owner))
            .between(first, LAST)
            .consistent();
        let later: Vec<Notification> = self.table.query_all(query).await?;
        let unread = later.iter().filter(|entry| entry.read_at.is_none()).count();
        Ok(u32::try_from(unread).unwrap_or(u32::MAX))
    }
}

impl Page {
    fn shows(&self, filter: Filter, entry: &Notification) -> bool {
        let unread = filter
            .unread
            .is_none_or(|unread| unread == self.inbox.is_unread(entry));
        unread && filter.kind.is_none_or(|kind| kind == entry.message.kind())
    }
}

fn position(entry: &Notification) -> Position {
    Position {
        key: entry.key(),
        index_sk: None,
    }
}

/// What a writer is told whose inbox another changed at the same moment; it
/// reads again.
pub(super) fn race() -> Problem {
    Problem::new(&VERSION_CONFLICT).detail("The inbox was changed at the same moment.")
}

pub(super) fn raced(problem: &Problem) -> bool {
    problem.kind() == &VERSION_CONFLICT
}

/// Whether a commit failed because another was faster.
pub(super) fn lost_race(err: &CommitError) -> bool {
    matches!(err, CommitError::Condition(problem) if raced(problem))
}

/// Writes something versioned that may not have been stored yet.
pub(super) fn write<E: Entity>(commit: &mut Commit, entity: &E) {
    if entity.version() == 0 {
        commit.create(entity).or(race());
    } else {
        commit.replace(entity).or(race());
    }
}
