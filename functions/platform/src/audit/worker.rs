//! What the audit log makes of a batch: one append per chain, so that a busy
//! chain costs one commit a batch rather than one an event.
//!
//! Events come twice and in any order. The order of a chain is that of arrival;
//! each entry has the time of its event. An event that is in the log is not
//! written again. When an append fails, the events of its chain come again.

use std::collections::HashSet;
use std::time::Instant;

use futures::future::join_all;
use plenary_audit::{Draft, Entry, Trailer, canonical};
use serde::Serialize;
use shared::{cx::Context, event::Event};
use uuid::Uuid;

use super::{PAGE, rules, store::AuditStore};

/// A part of an export.
#[derive(Debug, Serialize)]
pub struct Part {
    /// The lines, the head behind the last entry.
    pub lines: Vec<String>,
    /// The first entry of the next part, if there is one.
    pub next: Option<u64>,
}

/// What is appended to one chain, and the events that it comes from.
struct Share {
    chain: String,
    cx: Context,
    drafts: Vec<Draft>,
    events: Vec<Uuid>,
}

/// Writes events down; those that could not be.
pub async fn append(store: &AuditStore, events: &[Event], deadline: Instant) -> HashSet<Uuid> {
    let shares = shares(events, deadline);
    // Chains do not wait for each other.
    let appends = shares
        .iter()
        .map(|share| store.append(&share.cx, &share.chain, &share.drafts));
    let results = join_all(appends).await;
    let mut failed = HashSet::new();
    for (share, result) in shares.iter().zip(results) {
        if let Err(error) = result {
            tracing::error!(audit.chain = share.chain, %error, "events could not be written down");
            failed.extend(&share.events);
        }
    }
    failed
}

/// The events by chain, in the order of arrival.
fn shares(events: &[Event], deadline: Instant) -> Vec<Share> {
    let mut shares = Vec::<Share>::new();
    for event in events {
        let Some((chain, draft)) = rules::draft(event) else {
            continue;
        };
        let at = shares.iter().position(|share| share.chain == chain);
        let at = at.unwrap_or_else(|| {
            shares.push(Share {
                chain,
                cx: Context::for_event(event, deadline),
                drafts: Vec::new(),
                events: Vec::new(),
            });
            shares.len() - 1
        });
        shares[at].drafts.push(draft);
        shares[at].events.push(event.id);
    }
    shares
}

/// A part of a chain from an entry on, for `cargo xtask audit verify`.
///
/// # Errors
/// The store's.
pub async fn part(
    store: &AuditStore,
    chain: &str,
    from: u64,
) -> Result<Part, Box<dyn std::error::Error + Send + Sync>> {
    let head = store.head(chain).await?;
    let entries = store.span(chain, from, head.sequence, PAGE).await?;
    let mut lines = entries
        .iter()
        .map(canonical::<Entry>)
        .collect::<Result<Vec<_>, _>>()?;
    let next = entries.last().map(|entry| entry.sequence + 1);
    let next = next.filter(|next| *next <= head.sequence);
    if next.is_none() {
        lines.push(canonical(&Trailer { head })?);
    }
    Ok(Part { lines, next })
}
