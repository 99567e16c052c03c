//! The rules of accounts, sessions and organisations: no HTTP, no AWS.

pub mod account;
pub mod administration;
pub mod breached;
pub mod challenge;
pub mod device;
pub mod email;
pub mod factors;
pub mod guesses;
pub mod kept;
pub mod mailed;
pub mod organization;
pub mod passkey;
pub mod password;
pub mod program;
pub mod recovery;
pub mod refresh;
pub mod rights;
pub mod role;
pub mod secret;
pub mod session;
pub mod text;
pub mod token;
pub mod totp;
pub mod webauthn;
