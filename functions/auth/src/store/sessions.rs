//! Sessions: begun by `accounts`, continued and ended here.

use jiff::SignedDuration;
use shared::{
    access::RevokedSession,
    commit::{Commit, CommitError},
    cx::Context,
    event::auth::{SessionRevoked, UserLogout},
    http::Reply,
    id::{SessionId, UserId},
    page::PageRequest,
    problem::Problem,
    table::{Found, Query, StoreError},
};

use super::{Store, items};
use crate::{
    model::{
        organization::next_sequence,
        session::{MARGIN, MAX_ACCESS_MINUTES, MAX_SESSIONS, Session},
    },
    problems::ended,
};

/// How long the end of a session is remembered: until the last access token has
/// expired that can have been signed for it.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(MAX_ACCESS_MINUTES + MARGIN.as_mins());
/// Sessions ended by one commit: three actions each.
const CHUNK: u32 = 30;
/// How many a sign-in ends at most, should there be too many; the next goes on.
const SURPLUS: u32 = 20;

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its user signed out of it.
    Logout,
    /// It was ended from elsewhere, or because its refresh token was spent twice.
    Revoked,
}

impl Store {
    /// A session of this user.
    pub async fn session(
        &self,
        user: UserId,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        self.read(&items::session(user, id)).await
    }

    /// A page of this user's sessions, the newest first.
    pub async fn sessions(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Found<Session>, StoreError> {
        let query = Query::partition(items::user(user))
            .begins_with(items::SESSION)
            .descending()
            .consistent()
            .limit(page.limit)
            .after(page.position());
        self.table.query(query).await
    }

    /// Keeps a rotated session; of racing rotations one succeeds.
    pub async fn rotate(&self, cx: &Context, session: &Session) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(session);
        commit.execute().await
    }

    /// Ends one session and answers.
    pub async fn end_session(
        &self,
        cx: &Context,
        user: UserId,
        id: SessionId,
        ending: Ending,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.end(&mut commit, user, id, ending);
        commit.finish(reply).await
    }

    /// The oldest sessions of a user, where one more would be too many.
    pub(super) async fn surplus_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let query = Query::partition(items::user(user))
            .begins_with(items::SESSION)
            .descending()
            .consistent()
            .limit(MAX_SESSIONS + SURPLUS);
        let found = self.table.query::<Session>(query).await?;
        Ok(found
            .items
            .into_iter()
            .skip(MAX_SESSIONS as usize - 1)
            .collect())
    }

    /// Ends those sessions of a user that `which` names, chunk by chunk.
    /// Whatever was ended stays ended if it stops half-way; the same call goes on.
    pub async fn end_sessions(
        &self,
        cx: &Context,
        user: UserId,
        which: impl Fn(&Session) -> bool,
    ) -> Result<(), CommitError> {
        let first = Query::partition(items::user(user))
            .begins_with(items::SESSION)
            .consistent();
        let mut after = None;
        loop {
            let query = first.clone().limit(CHUNK).after(after);
            let found = self.table.query::<Session>(query).await?;
            let mut commit = Commit::new(&self.table, cx);
            for session in found.items.iter().filter(|session| which(session)) {
                self.end(&mut commit, user, session.id, Ending::Revoked);
            }
            if !commit.is_empty() {
                commit.execute().await?;
            }
            if found.next.is_none() {
                return Ok(());
            }
            after = found.next;
        }
    }

    pub(super) fn end(
        &self,
        commit: &mut Commit,
        user_id: UserId,
        session_id: SessionId,
        ending: Ending,
    ) {
        let now = commit.now();
        commit.delete(items::session(user_id, session_id));
        commit.within(&self.access).put(&RevokedSession {
            user_id,
            session_id,
            until: now + REMEMBERED,
        });
        // A session ends once; the time keeps this above what came before.
        let sequence = next_sequence(None, now);
        match ending {
            Ending::Logout => commit.publish(
                &UserLogout {
                    user_id,
                    session_id,
                },
                sequence,
            ),
            Ending::Revoked => commit.publish(
                &SessionRevoked {
                    session_id,
                    user_id,
                },
                sequence,
            ),
        }
    }
}

/// The session has not ended: its token is remembered elsewhere as good for some
/// seconds, and what is begun here outlives it.
pub(super) fn still_signed_in(commit: &mut Commit, user: UserId, session: SessionId) {
    commit
        .check(items::session(user, session))
        .when("attribute_exists(#pk)")
        .or(ended());
}
