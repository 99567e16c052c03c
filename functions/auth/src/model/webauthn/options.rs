//! What a browser is asked: `PublicKeyCredentialCreationOptionsJSON` and
//! `PublicKeyCredentialRequestOptionsJSON` (§5.1).

use serde::Serialize;
use serde_json::{Value, json};
use shared::digest::base64url;
use utoipa::ToSchema;

use crate::{
    model::{account::Account, challenge::CHALLENGE_LIFE, passkey::Passkey},
    relying_party::RelyingParty,
};

/// A credential that the browser is to look for, or to leave alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Descriptor {
    /// Always `public-key`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Base64url.
    id: String,
    /// How to reach it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transports: Vec<String>,
}

impl From<&Passkey> for Descriptor {
    fn from(passkey: &Passkey) -> Self {
        Self {
            kind: "public-key",
            id: passkey.credential_id.clone(),
            transports: passkey.transports.clone(),
        }
    }
}

/// For `PublicKeyCredential.parseRequestOptionsFromJSON`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    /// Base64url.
    challenge: String,
    /// Milliseconds.
    timeout: i64,
    rp_id: String,
    /// Empty where the browser is to offer every passkey that it has for us.
    allow_credentials: Vec<Descriptor>,
    /// Always `required`.
    user_verification: &'static str,
}

impl RequestOptions {
    /// To prove something by one of these passkeys, or by any.
    pub fn new(challenge: String, party: &RelyingParty, passkeys: &[Passkey]) -> Self {
        Self {
            challenge,
            timeout: CHALLENGE_LIFE.as_millis().try_into().unwrap_or(i64::MAX),
            rp_id: party.id.clone(),
            allow_credentials: passkeys.iter().map(Descriptor::from).collect(),
            user_verification: "required",
        }
    }
}

/// For `PublicKeyCredential.parseCreationOptionsFromJSON`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct CreationOptions(Value);

impl CreationOptions {
    /// To add a passkey: discoverable, with user verification, of one of three
    /// algorithms, and none where there is one already.
    pub fn new(
        challenge: String,
        party: &RelyingParty,
        account: &Account,
        passkeys: &[Passkey],
    ) -> Self {
        let algorithm = |alg: i64| json!({"type": "public-key", "alg": alg});
        let name = account.name.as_deref().unwrap_or(&account.email.0);
        let known: Vec<Descriptor> = passkeys.iter().map(Descriptor::from).collect();
        Self(json!({
            "rp": {"id": party.id, "name": party.id},
            "user": {
                "id": base64url(account.id.uuid().as_bytes()),
                "name": account.email.0,
                "displayName": name,
            },
            "challenge": challenge,
            "pubKeyCredParams": [algorithm(-8), algorithm(-7), algorithm(-257)],
            "timeout": CHALLENGE_LIFE.as_millis(),
            "excludeCredentials": known,
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "extensions": {"credProps": true},
        }))
    }
}
