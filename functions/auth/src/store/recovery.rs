//! Taking an account back: what somebody else may have left in it goes.

use jiff::Timestamp;
use shared::{commit::CommitError, cx::Context, id::UserId};

use super::Store;

impl Store {
    /// Ends every identity at a provider, session and API key of a person that
    /// came into being until then: who had to take their account back cannot
    /// know which of them is theirs. Second factors stay, or whoever reads the
    /// mail had the account.
    ///
    /// In this order, so that none of them makes another meanwhile. What is
    /// ended stays so if it stops half-way; the same call goes on.
    ///
    /// # Errors
    /// Those of the store, and a conflict where somebody else changes the same.
    pub async fn evict(
        &self,
        cx: &Context,
        user: UserId,
        until: Timestamp,
    ) -> Result<(), CommitError> {
        self.unlink_identities_of(cx, user, until).await?;
        self.end_sessions(cx, user, |session| session.created_at <= until)
            .await?;
        self.end_keys_of(cx, user, until).await
    }
}
