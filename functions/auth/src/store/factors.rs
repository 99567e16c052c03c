//! Second factors and the challenges that ask for them. Whatever a proof uses
//! up, a code, a step, a challenge, is written by the commit that acts on it.

use shared::{
    commit::{Commit, CommitError},
    cx::Context,
    event::{accounts::UserSecondFactorsChanged, auth::Letter},
    http::Reply,
    id::UserId,
    problem::{Problem, VERSION_CONFLICT},
    table::StoreError,
};

use super::{Store, items, links};
use crate::{
    model::{
        account::{Account, Credential, SeenPassword},
        challenge::{Challenge, MAX_ATTEMPTS},
        factors::Factors,
        organization::next_sequence,
        passkey::Passkey,
        refresh::Fingerprint,
        session::Session,
    },
    problems::CHALLENGE_GONE,
};

/// What a proof uses up, and what must still be as it was.
#[derive(Debug, Default)]
pub struct Spent {
    /// The challenge that it answers.
    pub challenge: Option<Fingerprint>,
    /// The factors without the code that was given.
    pub factors: Option<Factors>,
    /// The passkey with its new counter.
    pub passkey: Option<Passkey>,
    /// A newer hash of the password that was given.
    pub credential: Option<Credential>,
    /// The password that the account must still have.
    pub password: Option<SeenPassword>,
}

impl Spent {
    pub(super) fn write(&self, commit: &mut Commit) {
        if let Some(token) = &self.challenge {
            commit
                .delete(items::challenge(token))
                .when("attribute_exists(#pk)")
                .or(Problem::new(&CHALLENGE_GONE));
        }
        if let Some(factors) = &self.factors {
            keep(commit, factors);
        }
        if let Some(passkey) = &self.passkey {
            commit.replace(passkey);
        }
        match (&self.credential, &self.password) {
            // Its version says as much.
            (Some(credential), _) => {
                commit.replace(credential);
            }
            (None, Some(password)) => unchanged(commit, password),
            (None, None) => {}
        }
    }
}

/// The account still has the password that was seen, and no administrator has
/// wanted another since.
pub(super) fn unchanged(commit: &mut Commit, seen: &SeenPassword) {
    let check = commit.check(items::credential(seen.user_id));
    let check = match seen.changed_at {
        Some(at) => check.when("#changedAt = :seen").bind(":seen", at),
        None => check.when("attribute_not_exists(#pk)"),
    };
    check.or(Problem::new(&VERSION_CONFLICT));
}

impl Store {
    /// The second factors of an account.
    pub async fn factors(&self, user: UserId) -> Result<Factors, StoreError> {
        let kept = self.read(&items::factors(user)).await?;
        Ok(kept.unwrap_or_else(|| Factors::none(user)))
    }

    /// A challenge by the hash of its token.
    pub async fn challenge(&self, token: &Fingerprint) -> Result<Option<Challenge>, StoreError> {
        self.read(&items::challenge(token)).await
    }

    /// Sets a challenge, and uses up what was proved before it.
    pub async fn set_challenge(
        &self,
        cx: &Context,
        challenge: &Challenge,
        spent: &Spent,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        spent.write(&mut commit);
        commit.create(challenge);
        commit.execute().await
    }

    /// Counts a wrong code, against the account and the challenge.
    pub async fn count_failure(
        &self,
        cx: &Context,
        factors: &Factors,
        challenge: Option<&Challenge>,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        keep(&mut commit, factors);
        if let Some(challenge) = challenge {
            commit
                .update(items::challenge(&challenge.token))
                .add("attempts", 1)
                .when("attribute_exists(#pk) AND #attempts < :most")
                .bind(":most", MAX_ATTEMPTS)
                .or(Problem::new(&CHALLENGE_GONE));
        }
        commit.execute().await
    }

    /// Notes another proof on a session.
    pub async fn step_up(
        &self,
        cx: &Context,
        session: &Session,
        spent: &Spent,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        spent.write(&mut commit);
        commit.replace(session);
        commit.execute().await
    }

    /// Keeps an enrolment that was begun: nothing that its owner need be told.
    pub async fn begin_enrolment(
        &self,
        cx: &Context,
        factors: &Factors,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        keep(&mut commit, factors);
        commit.execute().await
    }

    /// Keeps changed factors, and the session whose user just proved the new
    /// one; the owner is told.
    pub async fn change_factors(
        &self,
        cx: &Context,
        account: &Account,
        factors: &Factors,
        session: Option<&Session>,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        keep(&mut commit, factors);
        if let Some(session) = session {
            commit.replace(session);
        }
        told(&mut commit, account, factors);
        commit.finish(reply).await
    }
}

/// The second factors that somebody set up before the address was proved.
#[derive(Debug)]
pub struct Unproven {
    factors: Factors,
    passkeys: Vec<Passkey>,
}

impl Unproven {
    /// They may be somebody else's, who registered with an address that is not
    /// theirs: they go with the first proof. One that is added meanwhile
    /// changes the factors, so that the commit fails.
    pub(super) fn disown(&self, commit: &mut Commit) {
        let user = self.factors.user_id;
        if self.factors.version > 0 {
            keep(
                commit,
                &Factors {
                    version: self.factors.version,
                    ..Factors::none(user)
                },
            );
            if self.factors.is_active() {
                publish(commit, &Factors::none(user));
            }
        } else {
            commit
                .check(items::factors(user))
                .when("attribute_not_exists(#pk)")
                .or(Problem::new(&VERSION_CONFLICT));
        }
        for passkey in &self.passkeys {
            commit.delete(items::passkey(user, passkey.id));
            commit.delete(items::credential_claim(&passkey.credential_id));
        }
    }
}

impl Store {
    /// What goes with the first proof of an account's address; nothing where it
    /// was proved before.
    pub async fn unproven(&self, account: &Account) -> Result<Option<Unproven>, StoreError> {
        if account.email_verified {
            return Ok(None);
        }
        // In this order: a passkey that is added in between changes the factors.
        let factors = self.factors(account.id).await?;
        let passkeys = self.passkeys(account.id).await?;
        Ok(Some(Unproven { factors, passkeys }))
    }
}

/// The factors as they are now; of racing changes one succeeds.
pub(super) fn keep(commit: &mut Commit, factors: &Factors) {
    if factors.version == 0 {
        commit.create(factors).or(Problem::new(&VERSION_CONFLICT));
    } else {
        commit.replace(factors);
    }
}

/// Says what the factors are now: in the log, and in a letter to their owner.
pub(super) fn told(commit: &mut Commit, account: &Account, factors: &Factors) {
    publish(commit, factors);
    links::tell(
        commit,
        account.id,
        &account.email,
        Letter::SecondFactorsChanged,
    );
}

fn publish(commit: &mut Commit, factors: &Factors) {
    let sequence = next_sequence(None, commit.now());
    commit.publish(
        &UserSecondFactorsChanged {
            user_id: factors.user_id,
            authenticator_app: factors.totp.is_some(),
            passkeys: factors.passkeys,
        },
        sequence,
    );
}
