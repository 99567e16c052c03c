//! What every endpoint group of Plenary shares: vocabulary and plumbing, and no
//! group's business.
//!
//! The heart is [`commit`]: a request or an event becomes one atomic write of
//! state, domain events and the stored reply. Around it stand the typed
//! [`table`], the [`event`] envelope and contracts, the [`http`] interface and
//! the [`worker`] loop.

pub mod access;
pub mod api_key;
pub mod aws;
pub mod breaker;
pub mod clock;
pub mod commit;
pub mod config;
pub mod cx;
pub mod digest;
pub mod event;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod limit;
pub mod network;
#[cfg(feature = "objects")]
pub mod objects;
pub mod outward;
pub mod page;
pub mod personal;
pub mod principal;
pub mod problem;
pub mod rotation;
pub mod run;
pub mod scope;
#[cfg(feature = "sealing")]
pub mod sealer;
pub mod table;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
pub mod worker;

pub use jiff::Timestamp;
