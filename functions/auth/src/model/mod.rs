//! The rules of accounts, sessions and organisations: no HTTP, no AWS.

pub mod account;
pub mod code;
pub mod device;
pub mod email;
pub mod flow;
pub mod id_token;
pub mod identity;
pub mod mailed;
pub mod organization;
pub mod password;
pub mod pkce;
pub mod provider;
pub mod refresh;
pub mod role;
pub mod secret;
pub mod session;
pub mod text;
pub mod token;
