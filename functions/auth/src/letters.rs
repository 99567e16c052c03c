//! Links for letters: a token that only the letter carries.

use shared::{digest::base64url, id::UserId, problem::Problem};
use zeroize::Zeroizing;

use crate::{
    keyring::unavailable,
    model::{
        account::Address,
        code::Code,
        email::Email,
        mailed::{Link, LinkUse, PAUSE},
        token::MailToken,
    },
    problems::LINK_GONE,
    sealer::Purpose,
    state::App,
    store::Sealed,
};

impl App {
    /// A link to be sent to `email`.
    ///
    /// # Errors
    /// 503 when KMS cannot be reached.
    pub async fn link(
        &self,
        user: UserId,
        purpose: LinkUse,
        email: &Email,
    ) -> Result<Sealed, Problem> {
        let token = MailToken::new(user).map_err(Problem::internal)?;
        let address = Address(email.as_str().to_owned());
        let link = Link::new(&token, purpose, address, self.clock.now());
        self.sealed(link, &token.reveal()).await
    }

    /// A link to sign in by, and the code beside it, to be sent to `email`.
    ///
    /// # Errors
    /// 503 when KMS cannot be reached.
    pub async fn sign_in_link(&self, user: UserId, email: &Email) -> Result<Sealed, Problem> {
        let token = MailToken::new(user).map_err(Problem::internal)?;
        let code = Code::new().map_err(Problem::internal)?;
        let address = Address(email.as_str().to_owned());
        let link = Link::new(&token, LinkUse::SignIn, address, self.clock.now())
            .with_code(code.hash().map_err(Problem::internal)?);
        let secrets = Zeroizing::new(format!("{} {}", *token.reveal(), code.reveal()));
        self.sealed(link, &secrets).await
    }

    async fn sealed(&self, link: Link, secrets: &str) -> Result<Sealed, Problem> {
        let sealed = self
            .sealer
            .seal(Purpose::Mail, secrets.as_bytes())
            .await
            .map_err(unavailable)?;
        Ok(Sealed {
            link,
            token: base64url(sealed),
        })
    }

    /// The link that a presented token opens.
    ///
    /// # Errors
    /// [`LINK_GONE`], whatever is wrong with it.
    pub async fn opened(&self, token: &str, purpose: LinkUse) -> Result<Link, Problem> {
        let gone = || Problem::new(&LINK_GONE);
        let token = MailToken::parse(token).ok_or_else(gone)?;
        let link = self.store.link(token.user(), purpose).await?;
        link.filter(|link| link.opened_by(&token, self.clock.now()))
            .ok_or_else(gone)
    }

    /// Whether a person was sent a link for this purpose a moment ago.
    ///
    /// # Errors
    /// 503 when the store cannot be read.
    pub async fn was_just_sent(&self, user: UserId, purpose: LinkUse) -> Result<bool, Problem> {
        let last = self.store.link(user, purpose).await?;
        Ok(last.is_some_and(|link| self.clock.now().duration_since(link.sent_at) < PAUSE))
    }
}
