//! The owner of an address comes: what others may have set up in the account goes.

use shared::{cx::Context, id::UserId, problem::Problem};

use crate::{
    model::{account::Account, mailed::Link},
    second_factor::again,
    state::App,
};

impl App {
    /// Ends what somebody else may have left in an account, before the commit
    /// that takes it from them: if this stops half-way, the link still works.
    ///
    /// # Errors
    /// Those of [`Store::evict`](crate::store::Store::evict).
    pub async fn evict(&self, cx: &Context, user: UserId) -> Result<(), Problem> {
        let until = self.clock.now();
        again(|| async {
            let evicted = self.store.evict(cx, user, until).await;
            evicted.map_err(Problem::from)
        })
        .await
    }

    /// And what they began meanwhile, after that commit. It is decided: what
    /// cannot be ended now is left to the worker.
    pub async fn evict_rest(&self, cx: &Context, user: UserId) {
        if let Err(problem) = self.evict(cx, user).await {
            tracing::warn!(user.id = %user, error = %problem, "the rest is left to the worker");
        }
    }

    /// Uses a link up by which somebody who reads the mail of the address comes
    /// in. Where it is the first proof of the address, whoever registered with it
    /// may have been somebody else: every way in that was set up before goes.
    ///
    /// # Errors
    /// [`LINK_GONE`](crate::problems::LINK_GONE) if it was used meanwhile or the
    /// address changed.
    pub async fn prove_by_mail(
        &self,
        cx: &Context,
        link: &Link,
        account: &Account,
    ) -> Result<(), Problem> {
        if account.email_verified {
            return self.store.prove_by_mail(cx, link, account, None).await;
        }
        self.evict(cx, account.id).await?;
        again(|| async {
            let unproven = self.store.unproven(account).await?;
            self.store
                .prove_by_mail(cx, link, account, unproven.as_ref())
                .await
        })
        .await?;
        self.evict_rest(cx, account.id).await;
        Ok(())
    }
}
