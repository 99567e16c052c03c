//! The auth group's API against an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::large_futures
)]

mod accounts;
mod attempts;
mod authenticator;
mod browser;
mod deletion;
mod discovery;
mod imported;
mod invitations;
mod limits;
mod magic_link;
mod members;
mod mfa;
mod openid;
mod organizations;
mod passkeys;
mod recovery;
mod refresh;
mod routes;
mod sessions;
mod step_up;
mod support;
mod timing;
mod tokens;
