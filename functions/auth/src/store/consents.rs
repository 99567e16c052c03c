//! What people agreed to.

use shared::{
    commit::Commit,
    cx::Context,
    event::accounts::UserConsentChanged,
    http::Reply,
    id::UserId,
    problem::{CONFLICT, Problem},
    table::{Query, StoreError},
};

use super::{Store, items};
use crate::model::{
    consent::{Consent, Purpose},
    organization::next_sequence,
};

impl Store {
    /// What a person decided about one purpose.
    pub async fn consent(&self, user: UserId, purpose: &Purpose) -> Result<Consent, StoreError> {
        let kept = self.read(&items::consent(user, purpose)).await?;
        Ok(kept.unwrap_or_else(|| Consent::none(user, purpose.clone())))
    }

    /// What a person decided about every purpose: at most
    /// [`MAX_PURPOSES`](crate::model::consent::MAX_PURPOSES), or a few more.
    pub async fn consents(&self, user: UserId) -> Result<Vec<Consent>, StoreError> {
        let query = Query::partition(items::user(user))
            .begins_with(items::CONSENT)
            .consistent();
        self.table.query_all(query).await
    }

    /// Keeps one more decision, and answers.
    pub async fn decide_consent(
        &self,
        cx: &Context,
        consent: &Consent,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        keep(&mut commit, consent);
        commit
            .check(items::account(consent.user_id))
            .when("attribute_exists(#pk)")
            .or(Problem::not_found("The account"));
        commit.finish(reply).await
    }
}

/// Keeps the last decision of a consent, and says so.
pub(super) fn keep(commit: &mut Commit, consent: &Consent) {
    let action = if consent.version == 0 {
        commit.create(consent)
    } else {
        commit.replace(consent)
    };
    action.or(Problem::new(&CONFLICT).detail("It was decided at the same time: read it again."));
    if let Some(last) = consent.current() {
        let changed = UserConsentChanged {
            user_id: consent.user_id,
            purpose: consent.purpose.as_str().to_owned(),
            version: last.version.clone(),
            granted: last.granted,
        };
        let sequence = next_sequence(None, commit.now());
        commit.publish(&changed, sequence);
    }
}
