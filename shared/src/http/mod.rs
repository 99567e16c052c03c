//! The HTTP interface that every group offers alike: extractors that answer
//! with our problems, replies, and the layers around each route.
//!
//! From the outside in: the frame (correlation, deadline, security headers,
//! problems, log), the body limit, authentication with its scopes, then per class of route the
//! rate limit and the Idempotency-Key.

mod api;
mod describe;
mod extract;
mod frame;
mod guard;
mod limits;
mod reply;
mod scopes;

pub use api::{Api, Core, HttpConfig};
pub use extract::{IfMatch, Json, MergePatch, Path, Query};
pub use frame::ClientIp;
pub use limits::{AccountOf, TokenOf};
pub use reply::{Reply, deprecated};
pub use scopes::insufficient;
