//! Signing in with a provider, from leaving to coming back (docs/adr/0012).

mod admit;
mod tokens;

use shared::{cx::Context, id::UserId, problem::Problem};

use crate::{
    model::{
        flow::{FLOW_LIFE, Flow, FlowSecrets, State},
        identity::Person,
        pkce,
        provider::ProviderName,
    },
    problems::{FLOW_GONE, REDIRECT_REFUSED},
    providers::{Provider, Tokens},
    state::App,
};

/// How an app begins.
#[derive(Debug)]
pub struct Leaving {
    /// Where it waits.
    pub redirect_uri: String,
    /// Of PKCE between it and us.
    pub challenge: String,
    /// Whom to link, if it is no sign-in.
    pub link_to: Option<UserId>,
}

/// What an app brings back.
#[derive(Debug)]
pub struct Returned<'a> {
    /// Of the provider.
    pub code: &'a str,
    /// Of the flow.
    pub state: &'a str,
    /// Of PKCE between the app and us.
    pub verifier: &'a str,
    /// Who is signed in, if an identity is to be linked.
    pub link_to: Option<UserId>,
}

impl App {
    /// A flow, and where to send its user.
    ///
    /// # Errors
    /// 400 for a place that is not on the list or a challenge that is none; 503
    /// or 504 when the provider does not answer.
    pub async fn leave(
        &self,
        cx: &Context,
        provider: &Provider,
        leaving: Leaving,
    ) -> Result<(Flow, String), Problem> {
        let allowed = &self.settings.oauth.redirect_uris;
        if !allowed.contains(&leaving.redirect_uri) {
            return Err(Problem::new(&REDIRECT_REFUSED));
        }
        if !pkce::is_challenge(&leaving.challenge) {
            let detail = "must be the S256 challenge of RFC 7636: 43 characters of base64url";
            return Err(Problem::invalid("codeChallenge", "malformed", detail));
        }
        let state = State::new().map_err(Problem::internal)?;
        let secrets = FlowSecrets::new().map_err(Problem::internal)?;
        let url = provider
            .authorization_url(cx, &state.reveal(), &secrets)
            .await?;
        let flow = Flow {
            id: state.id(),
            provider: provider.name(),
            redirect_uri: leaving.redirect_uri,
            challenge: leaving.challenge,
            link_to: leaving.link_to,
            sealed: state.seal(&secrets).map_err(Problem::internal)?,
            expires_at: self.clock.now() + FLOW_LIFE,
        };
        Ok((flow, url))
    }

    /// The flow of a state that came back from a provider.
    ///
    /// # Errors
    /// [`FLOW_GONE`]
    pub async fn flow(
        &self,
        provider: ProviderName,
        state: &str,
    ) -> Result<(State, Flow), Problem> {
        let gone = || Problem::new(&FLOW_GONE);
        let state = State::parse(state).ok_or_else(gone)?;
        let flow = self.store.flow(&state.id()).await?;
        let flow = flow.filter(|flow| flow.provider == provider);
        Ok((state, flow.ok_or_else(gone)?))
    }

    /// Ends a flow and asks the provider who it was. The flow ends first:
    /// whatever happens then, neither state nor code works again.
    ///
    /// # Errors
    /// [`FLOW_GONE`] unless this app began it for this purpose; and what the
    /// provider says.
    pub async fn come_back(
        &self,
        cx: &Context,
        provider: &Provider,
        back: &Returned<'_>,
    ) -> Result<(Person, Tokens), Problem> {
        let (state, flow) = self.flow(provider.name(), back.state).await?;
        if flow.link_to != back.link_to || !pkce::proves(back.verifier, &flow.challenge) {
            return Err(Problem::new(&FLOW_GONE));
        }
        let secrets = state.open(&flow.sealed).map_err(Problem::internal)?;
        self.store.take_flow(cx, &flow).await?;
        provider.exchange(cx, back.code, &secrets).await
    }
}
