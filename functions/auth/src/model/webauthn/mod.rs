//! WebAuthn Level 3, as a relying party: the two ceremonies, verified.
//!
//! Only what passkeys need: no attestation is asked for and none is believed
//! (whoever could alter a statement could put `none` in its place), user
//! verification is required, and signatures are `ring`'s to judge. The steps
//! named in the code are those of §7.1 and §7.2 of the specification
//! (docs/adr/0010).

mod authenticator_data;
mod ceremony;
mod client_data;
mod cose;
mod options;

pub use ceremony::{Assertion, AssertionJson, AttestationJson, Expected, NewCredential, register};
pub use cose::PublicKey;
pub use options::{CreationOptions, Descriptor, RequestOptions};

/// Why a ceremony is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Some part of it cannot be read.
    #[error("cannot be read")]
    Malformed,
    /// It is of the other ceremony.
    #[error("is of another ceremony")]
    Type,
    /// It answers another challenge.
    #[error("answers another challenge")]
    Challenge,
    /// It was made on a page or in an app that is not ours.
    #[error("comes from an origin that is not allowed")]
    Origin,
    /// It was made in a frame of another site.
    #[error("comes from a frame of another site")]
    CrossOrigin,
    /// It is for another domain.
    #[error("is for another relying party")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("was made without a person present")]
    UserPresence,
    /// The authenticator did not verify who touched it.
    #[error("was made without user verification")]
    UserVerification,
    /// Its backup flags contradict each other, or what they were.
    #[error("says two things about its backup")]
    Backup,
    /// Its algorithm is none of those asked for.
    #[error("has a key of an algorithm that was not asked for")]
    Algorithm,
    /// Its key is not well-formed.
    #[error("has a malformed key")]
    Key,
    /// The signature does not fit.
    #[error("has a signature that does not fit")]
    Signature,
    /// Its counter went back: there may be two copies of the key.
    #[error("has a counter that went back: the passkey may have been copied")]
    Counter,
    /// No passkey of the account has this id.
    #[error("is not known: it was removed, or is of another account")]
    Unknown,
}

impl Refusal {
    /// A stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Type => "wrong-type",
            Self::Challenge => "wrong-challenge",
            Self::Origin => "wrong-origin",
            Self::CrossOrigin => "cross-origin",
            Self::RelyingParty => "wrong-relying-party",
            Self::UserPresence => "no-user-presence",
            Self::UserVerification => "no-user-verification",
            Self::Backup => "backup-flags",
            Self::Algorithm => "unsupported-algorithm",
            Self::Key => "malformed-key",
            Self::Signature => "wrong-signature",
            Self::Counter => "counter-went-back",
            Self::Unknown => "unknown",
        }
    }
}
