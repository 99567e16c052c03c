//! Passkeys: setting their challenges, and judging what answers them.

use shared::{cx::Context, http::Reply, id::UserId, principal::Principal, problem::Problem};
use uuid::Uuid;

use crate::{
    leaving::Admission,
    model::{
        challenge::{Challenge, ChallengeToken, ChallengeUse},
        factors::Factors,
        passkey::{Passkey, id_of},
        session::Method,
        webauthn::{Assertion, Expected, Refusal, RequestOptions},
    },
    second_factor::{Proof, gone},
    state::App,
    store::Spent,
};

/// 400 for what answers a challenge wrongly.
pub fn refused(pointer: &str, refusal: Refusal) -> Problem {
    Problem::invalid(pointer, refusal.code(), refusal.to_string())
}

impl App {
    /// A challenge of a signed-in person, on their session.
    ///
    /// # Errors
    /// 503 when the store cannot be written.
    pub async fn challenge_session(
        &self,
        cx: &Context,
        principal: &Principal,
        token: &ChallengeToken,
        purpose: ChallengeUse,
    ) -> Result<(), Problem> {
        let challenge = Challenge {
            user_id: Some(principal.user_id),
            session_id: Some(principal.session_id),
            ..Challenge::new(token, purpose, self.clock.now())
        };
        Ok(self
            .store
            .set_challenge(cx, &challenge, &Spent::default())
            .await?)
    }

    /// The open challenge of a token, if it was set for this session.
    ///
    /// # Errors
    /// [`CHALLENGE_GONE`](crate::problems::CHALLENGE_GONE), whatever is wrong
    /// with it.
    pub async fn session_challenge(
        &self,
        principal: &Principal,
        token: &ChallengeToken,
        purpose: ChallengeUse,
    ) -> Result<Challenge, Problem> {
        let challenge = self.open_challenge(token, purpose).await?;
        let own = challenge.user_id == Some(principal.user_id)
            && challenge.session_id == Some(principal.session_id);
        if own { Ok(challenge) } else { Err(gone()) }
    }

    /// What a browser is asked, of somebody with these factors; nothing where
    /// there is no passkey.
    ///
    /// # Errors
    /// 503 when the store cannot be read.
    pub async fn request_options(
        &self,
        factors: &Factors,
        token: &ChallengeToken,
    ) -> Result<Option<RequestOptions>, Problem> {
        if factors.passkeys == 0 {
            return Ok(None);
        }
        let passkeys = self.store.passkeys(factors.user_id).await?;
        let party = &self.settings.relying_party;
        Ok(Some(RequestOptions::new(
            token.webauthn(),
            party,
            &passkeys,
        )))
    }

    /// Judges an assertion of an account's passkey.
    ///
    /// # Errors
    /// 400 with what is wrong with it.
    pub async fn passkey_proof(
        &self,
        user: UserId,
        assertion: &Assertion,
        token: &ChallengeToken,
        pointer: &str,
    ) -> Result<Proof, Problem> {
        let wrong = |refusal| refused(pointer, refusal);
        let id = id_of(assertion.credential_id());
        let passkey = self.store.passkey(user, id).await?;
        let passkey = passkey.ok_or_else(|| wrong(Refusal::Unknown))?;
        let expected = Expected {
            challenge: &token.webauthn(),
            party: &self.settings.relying_party,
        };
        let after = assertion.verify(&expected, &passkey).map_err(|refusal| {
            if refusal == Refusal::Counter {
                tracing::warn!(
                    auth.user = %user,
                    auth.passkey = %id,
                    "the counter of a passkey went back: it may have been copied"
                );
            }
            wrong(refusal)
        })?;
        Ok(Proof {
            method: Method::Passkey,
            spent: Spent {
                challenge: Some(token.fingerprint()),
                passkey: Some(Passkey {
                    last_used_at: Some(self.clock.now()),
                    ..after
                }),
                ..Spent::default()
            },
        })
    }

    /// Signs in whoever holds a passkey, which is more than one factor by
    /// itself.
    ///
    /// # Errors
    /// Those of [`App::passkey_proof`], [`ACCOUNT_SUSPENDED`](crate::problems::ACCOUNT_SUSPENDED), and 410 for a
    /// challenge that is not open.
    pub async fn sign_in_by_passkey(
        &self,
        cx: &Context,
        assertion: &Assertion,
        token: &ChallengeToken,
    ) -> Result<Reply, Problem> {
        self.open_challenge(token, ChallengeUse::SignIn).await?;
        // §7.2 step 6: nobody was named before, so the authenticator must.
        let unknown = || refused("/credential", Refusal::Unknown);
        let handle = assertion.user_handle().ok_or_else(unknown)?;
        let user = UserId::from_uuid(Uuid::from_slice(handle).map_err(|_| unknown())?);
        let proof = self
            .passkey_proof(user, assertion, token, "/credential")
            .await?;
        let (account, standing) =
            futures::future::try_join(self.store.account(user), self.store.standing(user)).await?;
        let admission = Admission::of(standing.as_ref())?;
        let account = account.ok_or_else(unknown)?;
        self.complete(cx, account, admission, &[proof.method], &proof.spent)
            .await
    }
}
