//! Passkeys. A credential belongs to one account: its id is claimed.

use shared::{
    access::UserAccess,
    commit::Commit,
    cx::Context,
    http::Reply,
    id::{PasskeyId, UserId},
    problem::Problem,
    table::{Query, StoreError},
};

use super::{
    Spent, Store,
    factors::{keep, told},
    items::{self, Claim},
};
use crate::{
    model::{
        account::Account,
        administration::Administrator,
        factors::Factors,
        passkey::{MAX_PASSKEYS, Passkey},
        session::Session,
    },
    problems::PASSKEY_TAKEN,
};

impl Store {
    /// A passkey of this user.
    pub async fn passkey(
        &self,
        user: UserId,
        id: PasskeyId,
    ) -> Result<Option<Passkey>, StoreError> {
        self.read(&items::passkey(user, id)).await
    }

    /// All passkeys of this user, the oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let query = Query::partition(items::user(user))
            .begins_with(items::PASSKEY)
            .consistent()
            .limit(MAX_PASSKEYS);
        let mut all = self.table.query::<Passkey>(query).await?.items;
        all.sort_by_key(|passkey| passkey.created_at);
        Ok(all)
    }

    /// Adds a passkey, and uses up the challenge that it answers; the owner is
    /// told.
    ///
    /// # Errors
    /// [`PASSKEY_TAKEN`]: at any account.
    pub async fn add_passkey(
        &self,
        cx: &Context,
        account: &Account,
        passkey: &Passkey,
        session: &Session,
        spent: &Spent,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        spent.write(&mut commit);
        let claim = items::credential_claim(&passkey.credential_id);
        commit
            .create(&Claim::new(claim, account.id))
            .or(Problem::new(&PASSKEY_TAKEN));
        commit.create(passkey).or(Problem::new(&PASSKEY_TAKEN));
        commit.replace(session);
        if let Some(factors) = &spent.factors {
            told(&mut commit, account, factors);
        }
        commit.finish(reply).await
    }

    /// Keeps another name of a passkey.
    pub async fn rename_passkey(
        &self,
        cx: &Context,
        passkey: &Passkey,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(passkey);
        commit.finish(reply).await
    }

    /// Removes a passkey; `factors` are those that are left. The owner is told.
    pub async fn remove_passkey(
        &self,
        cx: &Context,
        account: &Account,
        passkey: &Passkey,
        factors: &Factors,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        keep(&mut commit, factors);
        commit
            .delete(items::passkey(account.id, passkey.id))
            .when("attribute_exists(#pk)")
            .or(Problem::not_found("The passkey"));
        commit.delete(items::credential_claim(&passkey.credential_id));
        told(&mut commit, account, factors);
        commit.finish(reply).await
    }

    /// Removes every second factor of an account: its owner lost them, and is
    /// told. The administrator must still be what the token said, and stand
    /// above the owner.
    pub async fn remove_all_factors(
        &self,
        cx: &Context,
        what: &FactorRemoval<'_>,
        by: Administrator,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let (account, factors) = (what.account, what.factors);
        let mut commit = Commit::new(&self.table, cx);
        self.administers(&mut commit, by);
        let key = UserAccess::key_of(account.id);
        let unchanged = commit.within(&self.access).check(key);
        let unchanged = match what.standing {
            None => unchanged.when("attribute_not_exists(#pk)"),
            Some(standing) => unchanged
                .when("#platformRole = :role")
                .bind(":role", standing.platform_role),
        };
        unchanged.or(Problem::forbidden(
            "Their role on the platform has changed.",
        ));
        let none = Factors {
            version: factors.version,
            ..Factors::none(account.id)
        };
        keep(&mut commit, &none);
        for passkey in what.passkeys {
            commit.delete(items::passkey(account.id, passkey.id));
            commit.delete(items::credential_claim(&passkey.credential_id));
        }
        told(&mut commit, account, &none);
        commit.finish(reply).await
    }
}

/// Whose second factors an administrator takes away, as they were read.
#[derive(Debug)]
pub struct FactorRemoval<'a> {
    /// Whose.
    pub account: &'a Account,
    /// The second factors.
    pub factors: &'a Factors,
    /// The passkeys.
    pub passkeys: &'a [Passkey],
    /// What their owner is on the platform; nothing if nobody said.
    pub standing: Option<&'a UserAccess>,
}
