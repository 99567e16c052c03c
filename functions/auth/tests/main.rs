//! The auth group's API against an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::large_futures
)]

mod accounts;
mod administration;
mod api_keys;
mod attempts;
mod authenticator;
mod browser;
mod deletion;
mod discovery;
mod imported;
mod introspection;
mod invitations;
mod key_life;
mod key_rights;
mod limits;
mod magic_link;
mod members;
mod mfa;
mod openid;
mod organizations;
mod own_data;
mod passkeys;
mod recovery;
mod refresh;
mod relying_party;
mod rotation;
mod routes;
mod service_accounts;
mod sessions;
mod step_up;
mod support;
mod suspension;
mod takeover;
mod timing;
mod tokens;
