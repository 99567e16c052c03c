//! Step-up: what is sensitive asks for a recent proof on the same session.

use shared::{
    principal::{Permission, Principal, Role},
    problem::Problem,
};

use crate::{
    model::{
        factors::{Factors, Way},
        session::{FRESH, Session},
    },
    problems::{STEP_UP_REQUIRED, ended},
    state::App,
};

/// The caller's session and second factors, read for deciding on them.
#[derive(Debug)]
pub struct Standing {
    /// The session.
    pub session: Session,
    /// The second factors of its user.
    pub factors: Factors,
}

impl App {
    /// The caller's session and second factors.
    ///
    /// # Errors
    /// 401 if the session ended a moment ago.
    pub async fn standing_of(&self, principal: &Principal) -> Result<Standing, Problem> {
        let (session, factors) = futures::future::try_join(
            self.store.session(principal.user_id, principal.session_id),
            self.store.factors(principal.user_id),
        )
        .await?;
        let session = session.ok_or_else(ended)?;
        Ok(Standing { session, factors })
    }

    /// Lets only somebody pass who proved to be the owner of the account in the
    /// last ten minutes, and by a second factor if there is one.
    ///
    /// # Errors
    /// [`STEP_UP_REQUIRED`], with what would do.
    pub async fn require_fresh(&self, principal: &Principal) -> Result<Standing, Problem> {
        let standing = self.standing_of(principal).await?;
        let now = self.clock.now();
        if standing.session.is_fresh(standing.factors.is_active(), now) {
            return Ok(standing);
        }
        Err(self.step_up_required(&standing.factors).await?)
    }

    /// As [`App::require_fresh`], to give somebody a role in an organisation by
    /// which they give roles in turn.
    ///
    /// # Errors
    /// [`STEP_UP_REQUIRED`], with what would do.
    pub async fn require_fresh_to_grant(
        &self,
        principal: &Principal,
        role: Role,
    ) -> Result<(), Problem> {
        if role.permits(Permission::MembersManage) {
            self.require_fresh(principal).await?;
        }
        Ok(())
    }

    /// As [`App::require_fresh`], where the request carries the right password:
    /// that is proof enough for who has nothing more.
    ///
    /// # Errors
    /// [`STEP_UP_REQUIRED`], with what would do.
    pub async fn require_fresh_or_password(
        &self,
        principal: &Principal,
        password: bool,
    ) -> Result<Standing, Problem> {
        if password {
            let standing = self.standing_of(principal).await?;
            if !standing.factors.is_active() {
                return Ok(standing);
            }
        }
        self.require_fresh(principal).await
    }

    /// The refusal, with the ways that are open to this account.
    ///
    /// # Errors
    /// 503 when the store cannot be read.
    pub async fn step_up_required(&self, factors: &Factors) -> Result<Problem, Problem> {
        let ways = if factors.is_active() {
            factors.ways()
        } else {
            let credential = self.store.credential(factors.user_id).await?;
            credential.map(|_| Way::Password).into_iter().collect()
        };
        let ways = serde_json::to_value(ways).map_err(Problem::internal)?;
        Ok(Problem::new(&STEP_UP_REQUIRED)
            .detail("Prove again that it is you, at /v1/auth/step-up, and repeat the request.")
            .with("methods", ways)
            .with("maxAge", FRESH.as_secs()))
    }
}
