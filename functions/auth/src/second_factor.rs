//! Second factors: asking for one, and judging what is presented.

use shared::{
    cx::Context,
    digest::{base64url, from_base64url},
    http::Reply,
    id::UserId,
    problem::{Problem, QUOTA_EXCEEDED, UNAVAILABLE, VERSION_CONFLICT},
};
use zeroize::Zeroizing;

use crate::{
    grant::SecondFactorNeeded,
    keyring::unavailable,
    leaving::Admission,
    model::{
        account::{Account, SeenPassword},
        challenge::{Challenge, ChallengeToken, ChallengeUse},
        factors::{Factors, Totp},
        recovery::{Recovery, RecoveryKey, generate},
        session::Method,
        totp::TotpSecret,
        webauthn::Assertion,
    },
    problems::CHALLENGE_GONE,
    sealer::Purpose,
    state::App,
    store::Spent,
};

/// How often a lost race is looked at again.
const ATTEMPTS: u32 = 4;
/// What a sealed secret begins with: whose it is. It opens for nobody else.
const OWNER_LEN: usize = 16;

/// What somebody presents as a second factor.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// A code of the authenticator app.
    Code(&'a str),
    /// A recovery code.
    RecoveryCode(&'a str),
    /// A passkey, for the challenge of this token.
    Passkey(&'a Assertion, &'a ChallengeToken),
}

/// A second factor that was right.
#[derive(Debug)]
pub struct Proof {
    /// Which.
    pub method: Method,
    /// What it uses up.
    pub spent: Spent,
}

/// Recovery codes to show, once, and as they are kept.
pub struct NewCodes {
    /// To show.
    pub shown: Vec<Zeroizing<String>>,
    /// To keep.
    pub kept: Recovery,
}

/// Does it again when somebody else changed the same thing in between.
///
/// # Errors
/// Those of the attempt; 503 when every one of them lost its race.
pub async fn again<T, F>(attempt: impl Fn() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    for _ in 0..ATTEMPTS {
        match Box::pin(attempt()).await {
            Err(problem) if *problem.kind() == VERSION_CONFLICT => {}
            other => return other,
        }
    }
    Err(Problem::new(&UNAVAILABLE).header(http::header::RETRY_AFTER, "1"))
}

/// The challenge was answered, is late, or never was.
pub fn gone() -> Problem {
    Problem::new(&CHALLENGE_GONE)
}

impl App {
    /// Asks for a second factor, after `methods` were right.
    ///
    /// # Errors
    /// 503 when the store cannot be written.
    pub async fn ask_second_factor(
        &self,
        cx: &Context,
        factors: &Factors,
        methods: &[Method],
        spent: &Spent,
    ) -> Result<Reply, Problem> {
        let token = ChallengeToken::new().map_err(Problem::internal)?;
        let challenge = Challenge {
            user_id: Some(factors.user_id),
            methods: methods.to_vec(),
            password: spent.password,
            ..Challenge::new(&token, ChallengeUse::SecondFactor, self.clock.now())
        };
        self.store.set_challenge(cx, &challenge, spent).await?;
        let options = self.request_options(factors, &token).await?;
        Reply::ok(&SecondFactorNeeded::new(&token, factors, options))
    }

    /// The challenge of a token, if it is open for this purpose.
    ///
    /// # Errors
    /// [`CHALLENGE_GONE`], whatever is wrong with it.
    pub async fn open_challenge(
        &self,
        token: &ChallengeToken,
        purpose: ChallengeUse,
    ) -> Result<Challenge, Problem> {
        let challenge = self.store.challenge(&token.fingerprint()).await?;
        challenge
            .filter(|challenge| challenge.is_open(purpose, self.clock.now()))
            .ok_or_else(gone)
    }

    /// Judges a second factor. A wrong code is counted before it is answered,
    /// so that nobody gets free guesses by asking many times at once.
    ///
    /// # Errors
    /// 400 for a wrong code, 429 after too many, [`VERSION_CONFLICT`] for a
    /// lost race: see [`again`].
    pub async fn second_factor(
        &self,
        cx: &Context,
        factors: Factors,
        presented: Presented<'_>,
        challenge: Option<&Challenge>,
    ) -> Result<Proof, Problem> {
        let now = self.clock.now();
        if let Presented::Passkey(assertion, token) = presented {
            // Nobody guesses a signature: there is nothing to count.
            let user = factors.user_id;
            return self.passkey_proof(user, assertion, token, "/passkey").await;
        }
        if let Some(wait) = factors.wait(now) {
            let seconds = wait.as_secs().max(0) + 1;
            return Err(Problem::new(&QUOTA_EXCEEDED)
                .detail("Too many wrong codes. Wait before the next one.")
                .with("violated-policies", vec!["second-factor"])
                .header(http::header::RETRY_AFTER, &seconds.to_string()));
        }
        let (method, pointer, after) = match presented {
            Presented::Code(code) => {
                let after = self.after_code(&factors, code).await?;
                (Method::Totp, "/code", after)
            }
            Presented::Passkey(..) => return Err(Problem::internal("a passkey is no code")),
            Presented::RecoveryCode(code) => {
                let after = self.after_recovery_code(&factors, code).await?;
                (Method::RecoveryCode, "/recoveryCode", after)
            }
        };
        let token = challenge.map(|challenge| challenge.token.clone());
        if let Some(after) = after {
            return Ok(Proof {
                method,
                spent: Spent {
                    challenge: token,
                    factors: Some(after.proved()),
                    ..Spent::default()
                },
            });
        }
        let failed = factors.failed(now);
        self.store.count_failure(cx, &failed, challenge).await?;
        let detail = "is wrong, was used before, or is no longer shown";
        Err(Problem::invalid(pointer, "wrong", detail))
    }

    /// The factors once the code of an app is used up; `None` if it is wrong.
    async fn after_code(&self, factors: &Factors, code: &str) -> Result<Option<Factors>, Problem> {
        let Some(totp) = &factors.totp else {
            return Ok(None);
        };
        let secret = self.totp_secret(factors.user_id, &totp.sealed).await?;
        let step = secret.step_of(code, self.clock.now(), Some(totp.last_step));
        Ok(step.map(|last_step| {
            let totp = Totp {
                last_step,
                ..totp.clone()
            };
            Factors {
                totp: Some(totp),
                ..factors.clone()
            }
        }))
    }

    async fn after_recovery_code(
        &self,
        factors: &Factors,
        code: &str,
    ) -> Result<Option<Factors>, Problem> {
        let Some(recovery) = factors.recovery.as_ref().filter(|_| factors.is_active()) else {
            return Ok(None);
        };
        let key = self.unseal(factors.user_id, &recovery.sealed_key).await?;
        let rest = recovery.without(&RecoveryKey::from_bytes(&key), code);
        Ok(rest.map(|rest| Factors {
            recovery: Some(rest),
            ..factors.clone()
        }))
    }

    /// Ten new recovery codes of an account.
    ///
    /// # Errors
    /// 503 when KMS cannot be reached.
    pub async fn recovery_codes(&self, user: UserId) -> Result<NewCodes, Problem> {
        let key = RecoveryKey::new().map_err(Problem::internal)?;
        let (shown, left) = generate(&key).map_err(Problem::internal)?;
        let kept = Recovery {
            sealed_key: self.seal(user, key.as_bytes()).await?,
            left,
            made_at: self.clock.now(),
        };
        Ok(NewCodes { shown, kept })
    }

    /// The secret of an authenticator app.
    ///
    /// # Errors
    /// 503 when KMS cannot be reached.
    pub async fn totp_secret(&self, user: UserId, sealed: &str) -> Result<TotpSecret, Problem> {
        let clear = self.unseal(user, sealed).await?;
        TotpSecret::from_bytes(&clear)
            .ok_or_else(|| Problem::internal("a sealed TOTP secret has another length"))
    }

    /// Seals a secret of an account, for that account alone.
    ///
    /// # Errors
    /// 503 when KMS cannot be reached.
    pub async fn seal(&self, user: UserId, clear: &[u8]) -> Result<String, Problem> {
        let owned = Zeroizing::new([user.uuid().as_bytes(), clear].concat());
        let sealed = self.sealer.seal(Purpose::SecondFactor, &owned).await;
        Ok(base64url(sealed.map_err(unavailable)?))
    }

    async fn unseal(&self, user: UserId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let foreign = || Problem::internal("a sealed second factor is not this account's");
        let sealed = from_base64url(sealed).ok_or_else(foreign)?;
        let opened = self.sealer.open(Purpose::SecondFactor, &sealed).await;
        let opened = opened.map_err(unavailable)?;
        let (owner, clear) = opened.split_at_checked(OWNER_LEN).ok_or_else(foreign)?;
        if owner == user.uuid().as_bytes() {
            Ok(Zeroizing::new(clear.to_vec()))
        } else {
            Err(foreign())
        }
    }

    /// Completes a sign-in by the second factor that its challenge asks for.
    ///
    /// # Errors
    /// [`CHALLENGE_GONE`], those of [`App::second_factor`], and
    /// [`ACCOUNT_SUSPENDED`](crate::problems::ACCOUNT_SUSPENDED).
    pub async fn finish_sign_in(
        &self,
        cx: &Context,
        token: &ChallengeToken,
        presented: Presented<'_>,
    ) -> Result<Reply, Problem> {
        let challenge = self
            .open_challenge(token, ChallengeUse::SecondFactor)
            .await?;
        let user = challenge.user_id.ok_or_else(gone)?;
        let (account, admission, factors, password) = self.asked(user, &challenge).await?;
        let proof = self
            .second_factor(cx, factors, presented, Some(&challenge))
            .await?;
        let methods = [challenge.methods, vec![proof.method]].concat();
        let spent = Spent {
            password: Some(password),
            ..proof.spent
        };
        self.complete(cx, account, admission, &methods, &spent)
            .await
    }

    /// The account of a challenge as it stands now, and the password that it has.
    async fn asked(
        &self,
        user: UserId,
        challenge: &Challenge,
    ) -> Result<(Account, Admission, Factors, SeenPassword), Problem> {
        let (account, factors, credential, standing) = futures::future::try_join4(
            self.store.account(user),
            self.store.factors(user),
            self.store.credential(user),
            self.store.standing(user),
        )
        .await?;
        let admission = Admission::of(standing.as_ref())?;
        // Whoever knew a password that was replaced since, or that is to be,
        // knows nothing now.
        let password = SeenPassword::of(user, credential.as_ref());
        if challenge.password != Some(password) {
            return Err(gone());
        }
        Ok((account.ok_or_else(gone)?, admission, factors, password))
    }
}
