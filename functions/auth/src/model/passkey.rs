//! Passkeys of accounts.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use shared::{
    digest::base64url,
    id::{PasskeyId, UserId},
};
use uuid::{Builder, Uuid};

use super::webauthn::{NewCredential, PublicKey};

/// How many passkeys one account can have.
pub const MAX_PASSKEYS: u32 = 20;
/// How long a passkey's name can be, in characters.
pub const MAX_NAME: usize = 60;

/// A passkey: public, all of it, but for whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// Whose.
    pub user_id: UserId,
    /// Our id of it, derived from the credential's.
    pub id: PasskeyId,
    /// Counts its changes.
    pub version: u64,
    /// The credential's id, base64url.
    pub credential_id: String,
    /// What its signatures are verified by.
    pub key: PublicKey,
    /// The last counter seen; many authenticators always say 0.
    pub sign_count: u32,
    /// How browsers reach it.
    #[serde(default)]
    pub transports: Vec<String>,
    /// The model of the authenticator.
    pub aaguid: Uuid,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

impl Passkey {
    /// A credential of a ceremony becomes a passkey of an account.
    pub fn new(user_id: UserId, new: NewCredential, name: String, now: Timestamp) -> Self {
        Self {
            user_id,
            id: id_of(&new.id),
            version: 0,
            credential_id: base64url(&new.id),
            key: new.key,
            sign_count: new.sign_count,
            transports: new.transports,
            aaguid: new.aaguid,
            backup_eligible: new.backup_eligible,
            backed_up: new.backed_up,
            name,
            created_at: now,
            last_used_at: None,
        }
    }
}

/// Our id of a credential: a hash of its own (a `UUIDv8`, RFC 9562 §5.8), so
/// that an assertion leads to its passkey without an index.
pub fn id_of(credential_id: &[u8]) -> PasskeyId {
    let hash = digest(&SHA256, credential_id);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    PasskeyId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
}
