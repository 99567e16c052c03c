//! Accounts that are to be deleted: who signs in to one can only keep it.

use shared::{
    access::UserAccess,
    cx::Context,
    id::UserId,
    problem::{Problem, VERSION_CONFLICT},
};

use crate::{
    model::{
        challenge::{Challenge, ChallengeToken, ChallengeUse},
        deletion::Undo,
        mailed::LinkUse,
    },
    problems::{ACCOUNT_DELETING, ACCOUNT_SUSPENDED, LINK_GONE},
    state::App,
    store::{Spent, Undoing},
};

/// How far somebody comes who proves to be the owner of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// They are signed in.
    Full,
    /// They can keep the account, which is to be deleted.
    Return,
}

impl Admission {
    /// By what is known of the account.
    ///
    /// # Errors
    /// [`ACCOUNT_SUSPENDED`]
    pub fn of(standing: Option<&UserAccess>) -> Result<Self, Problem> {
        match standing {
            Some(standing) if standing.leaving => Ok(Self::Return),
            Some(standing) if standing.suspended => Err(Problem::new(&ACCOUNT_SUSPENDED)),
            _ => Ok(Self::Full),
        }
    }
}

impl App {
    /// The answer to a complete sign-in to an account that is to be deleted: by
    /// what it can be kept. Uses up what proved the sign-in.
    pub(crate) async fn offer_return(
        &self,
        cx: &Context,
        user: UserId,
        spent: &Spent,
    ) -> Result<Problem, Problem> {
        let subject = self.store.subject(user).await?;
        let deletion = subject.and_then(|subject| subject.record.deletion);
        // It was kept in this moment.
        let Some(deletion) = deletion else {
            return Ok(Problem::new(&VERSION_CONFLICT));
        };
        let now = self.clock.now();
        if !deletion.can_be_undone(now) {
            return Ok(Problem::new(&ACCOUNT_DELETING).detail("It is too late to keep it."));
        }
        let token = ChallengeToken::new().map_err(Problem::internal)?;
        let challenge = Challenge {
            user_id: Some(user),
            ..Challenge::new(&token, ChallengeUse::CancelDeletion, now)
        };
        self.store.set_challenge(cx, &challenge, spent).await?;
        Ok(Problem::new(&ACCOUNT_DELETING)
            .with("eraseAt", deletion.erase_at.to_string())
            .with("operationId", deletion.operation_id.to_string())
            .with("cancelToken", token.reveal().as_str()))
    }

    /// Whose account a token keeps, and what is used up by that.
    ///
    /// # Errors
    /// [`LINK_GONE`], whatever is wrong with the token.
    pub(crate) async fn undoing(&self, token: &str) -> Result<(UserId, Undoing), Problem> {
        let gone = || Problem::new(&LINK_GONE);
        match Undo::parse(token).ok_or_else(gone)? {
            Undo::Mailed(_) => {
                let link = self.opened(token, LinkUse::CancelDeletion).await?;
                Ok((link.user_id, Undoing::Link(link)))
            }
            Undo::SignedIn(token) => {
                let challenge = self.store.challenge(&token.fingerprint()).await?;
                let open = challenge.filter(|challenge| {
                    challenge.is_open(ChallengeUse::CancelDeletion, self.clock.now())
                });
                let challenge = open.ok_or_else(gone)?;
                let user = challenge.user_id.ok_or_else(gone)?;
                Ok((user, Undoing::Challenge(challenge)))
            }
        }
    }
}
