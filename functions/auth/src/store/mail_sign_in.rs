//! Signing in by what was mailed.

use jiff::SignedDuration;
use shared::{
    commit::Commit,
    cx::Context,
    event::{accounts::PasswordChange, auth::Letter},
    problem::Problem,
};

use super::{Store, Unproven, items, links};
use crate::{
    model::{
        account::Account,
        code::{TRIES, TRIES_A_DAY},
        mailed::{Link, LinkUse},
    },
    problems::CODE_REFUSED,
};

/// A day, and as long again for clocks and stragglers.
const TRIES_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl Store {
    /// Counts one try of the code of a link, before it is compared: of racing
    /// guesses none goes uncounted.
    ///
    /// # Errors
    /// [`CODE_REFUSED`] when the link is gone, or it or its account was tried
    /// too often.
    pub async fn try_code(&self, cx: &Context, link: &Link) -> Result<(), Problem> {
        let mut commit = Commit::new(&self.table, cx);
        let now = commit.now();
        commit
            .update(items::link(link.user_id, link.purpose))
            .add("tries", 1)
            .when("#token = :token AND #tries < :tries")
            .bind(":token", &link.token)
            .bind(":tries", TRIES)
            .or(Problem::new(&CODE_REFUSED));
        commit
            .update(items::code_tries(link.user_id, now))
            .add("tries", 1)
            .until(now + TRIES_KEPT)
            .when("(attribute_not_exists(#tries) OR #tries < :tries)")
            .bind(":tries", TRIES_A_DAY)
            .or(Problem::new(&CODE_REFUSED));
        Ok(commit.execute().await?)
    }

    /// Uses a link up; who reads the mail of the address owns it.
    ///
    /// What was set up before that proof may be somebody else's, who registered
    /// with an address that is not theirs and waits for its owner: the password,
    /// second factors and a change of address on its way go, and the owner is
    /// told.
    ///
    /// # Errors
    /// [`LINK_GONE`](crate::problems::LINK_GONE) if it was used meanwhile or the
    /// address changed.
    pub async fn prove_by_mail(
        &self,
        cx: &Context,
        link: &Link,
        account: &Account,
        unproven: Option<&Unproven>,
    ) -> Result<(), Problem> {
        let mut commit = Commit::new(&self.table, cx);
        links::spend(&mut commit, link);
        if let Some(unproven) = unproven {
            unproven.disown(&mut commit);
            links::verified(&mut commit, link);
            commit.delete(items::credential(account.id));
            links::password_changed(&mut commit, account.id, PasswordChange::Removed, None);
            commit.delete(items::link(account.id, LinkUse::ChangeEmail));
            links::tell(
                &mut commit,
                account.id,
                &account.email,
                Letter::PasswordRemoved,
            );
        } else {
            links::still_of(&mut commit, link);
        }
        Ok(commit.execute().await?)
    }
}
