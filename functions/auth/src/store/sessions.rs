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
use crate::model::{organization::next_sequence, session::Session};

/// Beyond the life of the last access token: clocks may differ a little.
const REVOCATION_MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Sessions ended by one commit: three actions each.
const CHUNK: u32 = 30;

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
        access_life: SignedDuration,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.end(&mut commit, user, id, ending, access_life);
        commit.finish(reply).await
    }

    /// Ends all sessions of a user, but perhaps one, chunk by chunk. Whatever
    /// was ended stays ended if it stops half-way; the same call goes on.
    pub async fn end_sessions(
        &self,
        cx: &Context,
        user: UserId,
        keep: Option<SessionId>,
        access_life: SignedDuration,
    ) -> Result<(), CommitError> {
        let first = Query::partition(items::user(user))
            .begins_with(items::SESSION)
            .consistent();
        let mut after = None;
        loop {
            let query = first.clone().limit(CHUNK).after(after);
            let found = self.table.query::<Session>(query).await?;
            let mut commit = Commit::new(&self.table, cx);
            for session in found
                .items
                .iter()
                .filter(|session| Some(session.id) != keep)
            {
                self.end(&mut commit, user, session.id, Ending::Revoked, access_life);
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
        access_life: SignedDuration,
    ) {
        let now = commit.now();
        commit.delete(items::session(user_id, session_id));
        commit.within(&self.access).put(&RevokedSession {
            user_id,
            session_id,
            until: now + access_life + REVOCATION_MARGIN,
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
