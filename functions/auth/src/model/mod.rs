//! The rules of accounts, sessions and organisations: no HTTP, no AWS.

pub mod account;
pub mod administration;
pub mod device;
pub mod email;
pub mod mailed;
pub mod organization;
pub mod password;
pub mod refresh;
pub mod role;
pub mod secret;
pub mod session;
pub mod text;
pub mod token;
