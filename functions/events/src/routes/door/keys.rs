//! `GET /v1/events/ticket-keys`

use axum::extract::State;
use serde::Serialize;
use shared::http::Reply;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use crate::store::TicketKey;

/// A public key (RFC 7517, RFC 8037).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketJwk {
    /// `OKP`.
    kty: &'static str,
    /// `Ed25519`.
    crv: &'static str,
    /// The key, base64url.
    x: String,
    /// Its id: four bytes, base64url, as they stand in the ticket.
    kid: String,
    /// `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// `EdDSA`.
    alg: &'static str,
}

impl TicketJwk {
    pub(super) fn new(key: TicketKey) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            x: key.x,
            kid: key.kid,
            usage: "sig",
            alg: "EdDSA",
        }
    }
}

/// The public keys of the tickets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketKeys {
    /// All by which tickets are good: those that sign, signed, or will.
    keys: Vec<TicketJwk>,
}

/// Lists the keys by which a device verifies tickets without a network.
#[utoipa::path(
    get,
    path = "/v1/events/ticket-keys",
    tag = TAG,
    operation_id = "listTicketKeys",
    responses((status = 200, description = "The keys.", body = TicketKeys)),
    security(())
)]
pub async fn list_ticket_keys(State(app): State<App>) -> Result<Reply, Problem> {
    let keys = app.store.ticket_keys().await?;
    let keys = keys.into_iter().map(TicketJwk::new).collect();
    Ok(Reply::ok(&TicketKeys { keys })?.public(300))
}
