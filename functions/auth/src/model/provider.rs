//! The providers that somebody can sign in with, and what each does in its own way.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{email::Email, identity::Person};

/// A provider of OpenID Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderName {
    /// Google.
    Google,
    /// LinkedIn.
    LinkedIn,
}

/// Where a provider leaves the standard.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The issuer, unless configured otherwise.
    pub issuer: &'static str,
    /// Another spelling of it in ID tokens.
    pub alias: &'static str,
    /// Whether it takes a PKCE verifier together with a client secret.
    pub pkce: bool,
    /// Whether its ID tokens repeat the nonce (OpenID Connect Core §3.1.2.1).
    pub nonce: bool,
}

impl ProviderName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Google, Self::LinkedIn];

    /// As in paths and keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::LinkedIn => "linkedin",
        }
    }

    /// Whether the provider runs the mailbox of a person's address, so that it
    /// knows whose it is today. A verified address elsewhere was the person's once
    /// and may have been given to somebody else since.
    pub fn runs_mailbox_of(self, person: &Person) -> bool {
        let domain = person.email.as_ref().map(Email::domain);
        match (self, domain) {
            (Self::Google, Some("gmail.com")) => true,
            (Self::Google, Some(domain)) => {
                let hosted = person.hosted_domain.as_deref();
                hosted.is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
            }
            (Self::Google, None) | (Self::LinkedIn, _) => false,
        }
    }

    /// What the provider does in its own way.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Google => Dialect {
                issuer: "https://accounts.google.com",
                alias: "accounts.google.com",
                pkce: true,
                nonce: true,
            },
            // It refuses a request with `code_verifier` unless the app is set up
            // as a native one, and leaves the nonce out of its ID tokens.
            Self::LinkedIn => Dialect {
                issuer: "https://www.linkedin.com/oauth",
                alias: "https://www.linkedin.com",
                pkce: false,
                nonce: false,
            },
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
