//! The auth group's API against an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::large_futures
)]

mod accounts;
mod deletion;
mod discovery;
mod invitations;
mod limits;
mod magic_link;
mod members;
mod openid;
mod organizations;
mod recovery;
mod refresh;
mod routes;
mod sessions;
mod support;
mod tokens;
