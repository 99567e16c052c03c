//! The circumstances under which a request or an event is handled.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::event::Event;
use crate::idempotency::Slot;

/// Who asked, under which correlation id, and until when.
#[derive(Debug, Clone)]
pub struct Context {
    /// One id for everything that a client's action sets off.
    pub correlation_id: String,
    /// An id of this hop alone.
    pub request_id: String,
    /// W3C Trace Context, as it came or as it was begun here.
    pub traceparent: String,
    /// When the answer must be there.
    pub deadline: Instant,
    /// The acting user, for the events' `actor`.
    pub actor: Option<String>,
    /// The API key or service account that acts for them, for the events'
    /// `actorby`.
    pub actor_by: Option<String>,
    /// The caller's address as the gateway saw it.
    pub client_ip: Option<String>,
    /// The caller's `User-Agent`, cut to 256 characters.
    pub user_agent: Option<String>,
    pub(crate) slot: Option<Slot>,
}

impl Context {
    /// A context of its own, for schedules and commands.
    pub fn begin(timeout: Duration) -> Self {
        let correlation_id = Uuid::now_v7().to_string();
        Self {
            traceparent: new_traceparent(&correlation_id),
            correlation_id,
            request_id: Uuid::now_v7().to_string(),
            deadline: Instant::now() + timeout,
            actor: None,
            actor_by: None,
            client_ip: None,
            user_agent: None,
            slot: None,
        }
    }

    /// The context of an event goes on with the correlation of its cause.
    pub fn for_event(event: &Event, deadline: Instant) -> Self {
        Self {
            correlation_id: event.correlationid.clone(),
            request_id: Uuid::now_v7().to_string(),
            traceparent: event
                .traceparent
                .clone()
                .unwrap_or_else(|| new_traceparent(&event.correlationid)),
            deadline,
            actor: event.actor.clone(),
            actor_by: event.actorby.clone(),
            client_ip: None,
            user_agent: None,
            slot: None,
        }
    }

    /// What is left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// A new trace (W3C Trace Context §3.2): version 00, not sampled by us. Where the correlation id is one of ours, the trace has the same
/// id, so that either finds the other.
pub(crate) fn new_traceparent(correlation_id: &str) -> String {
    let trace = Uuid::parse_str(correlation_id)
        .ok()
        .filter(|id| !id.is_nil())
        .unwrap_or_else(Uuid::now_v7);
    // The halves of a UUIDv7 differ in kind: the lower is random but for two bits.
    let (_, span) = Uuid::now_v7().as_u64_pair();
    format!("00-{}-{span:016x}-00", trace.simple())
}
