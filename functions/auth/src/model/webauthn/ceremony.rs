//! Registration (§7.1) and authentication (§7.2).

use ciborium::Value;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use shared::digest::{base64url, from_base64url};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    PublicKey, Refusal,
    authenticator_data::AuthenticatorData,
    client_data::{self, Kind},
    cose,
};
use crate::{model::passkey::Passkey, relying_party::RelyingParty};

/// How many transports of a credential are kept, and how long their names are.
const TRANSPORTS: usize = 8;
const TRANSPORT_LEN: usize = 32;

/// What a ceremony must answer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The challenge, base64url.
    pub challenge: &'a str,
    /// For whom.
    pub party: &'a RelyingParty,
}

/// `RegistrationResponseJSON` (§5.1): what `PublicKeyCredential.toJSON()`
/// gives. Browsers add members over time, so others are passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestationJson {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: AttestationResponse,
}

/// What the authenticator made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

/// `AuthenticationResponseJSON` (§5.1): what `PublicKeyCredential.toJSON()`
/// gives. Browsers add members over time, so others are passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertionJson {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: AssertionResponse,
}

/// What the authenticator signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// A credential that was made just now.
#[derive(Debug)]
pub struct NewCredential {
    /// Its id.
    pub id: Vec<u8>,
    /// Its public key.
    pub key: PublicKey,
    /// Its counter.
    pub sign_count: u32,
    /// The model of the authenticator; zeros say nothing.
    pub aaguid: Uuid,
    /// How browsers reach it.
    pub transports: Vec<String>,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
}

/// The bytes of a credential id that is named twice and once as what it is.
fn credential_id(id: &str, raw_id: &str, kind: &str) -> Result<Vec<u8>, Refusal> {
    if id != raw_id || kind != "public-key" {
        return Err(Refusal::Malformed);
    }
    bytes(raw_id)
}

fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    from_base64url(text).ok_or(Refusal::Malformed)
}

/// Verifies a registration.
///
/// # Errors
/// The first step that fails.
pub fn register(
    expected: &Expected<'_>,
    credential: &AttestationJson,
) -> Result<NewCredential, Refusal> {
    let named = credential_id(&credential.id, &credential.raw_id, &credential.kind)?;
    client_data::check(
        &bytes(&credential.response.client_data)?,
        Kind::Create,
        expected,
    )?;
    // Step 12 and 13: the attestation object, whole. Its statement is not
    // looked at: see the module.
    let object = bytes(&credential.response.attestation_object)?;
    let mut rest = object.as_slice();
    let object = cose::item(&mut rest)?;
    let map = object.as_map().ok_or(Refusal::Malformed)?;
    if !rest.is_empty() {
        return Err(Refusal::Malformed);
    }
    let data = cose::member(map, &Value::from("authData"))?;
    let data = data.as_bytes().ok_or(Refusal::Malformed)?;
    let data = AuthenticatorData::parse(data)?;
    data.check(&expected.party.id)?;
    let attested = data.attested.as_ref().ok_or(Refusal::Malformed)?;
    if attested.id != named {
        return Err(Refusal::Malformed);
    }
    // Step 20: one of the algorithms that were asked for.
    let key = PublicKey::read(&attested.key)?;
    Ok(NewCredential {
        id: named,
        key,
        sign_count: data.sign_count,
        aaguid: Uuid::from_bytes(*attested.aaguid),
        transports: transports(&credential.response.transports),
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
    })
}

/// Hints for the browser only: what is no name of a transport is left out.
fn transports(given: &[String]) -> Vec<String> {
    let name = |text: &&String| {
        (1..=TRANSPORT_LEN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    };
    given
        .iter()
        .filter(name)
        .take(TRANSPORTS)
        .cloned()
        .collect()
}

/// An assertion, read but not verified.
#[derive(Debug)]
pub struct Assertion {
    credential_id: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl TryFrom<&AssertionJson> for Assertion {
    type Error = Refusal;

    fn try_from(json: &AssertionJson) -> Result<Self, Refusal> {
        let response = &json.response;
        let handle = response.user_handle.as_deref().map(bytes).transpose()?;
        Ok(Self {
            credential_id: credential_id(&json.id, &json.raw_id, &json.kind)?,
            client_data: bytes(&response.client_data)?,
            authenticator_data: bytes(&response.authenticator_data)?,
            signature: bytes(&response.signature)?,
            user_handle: handle,
        })
    }
}

impl Assertion {
    /// Which credential signed.
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// Whose credential it says it is; present where the browser was not told.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }

    /// Verifies it against the passkey that it names, and gives the passkey
    /// as it is after this use.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn verify(&self, expected: &Expected<'_>, passkey: &Passkey) -> Result<Passkey, Refusal> {
        // Step 6: the user handle, where there is one, is the owner's.
        let owner = passkey.user_id.uuid();
        if self
            .user_handle()
            .is_some_and(|handle| handle != owner.as_bytes())
            || passkey.credential_id != base64url(&self.credential_id)
        {
            return Err(Refusal::Unknown);
        }
        client_data::check(&self.client_data, Kind::Get, expected)?;
        let data = AuthenticatorData::parse(&self.authenticator_data)?;
        data.check(&expected.party.id)?;
        // Step 20: what may be copied does not change.
        if data.backup_eligible() != passkey.backup_eligible {
            return Err(Refusal::Backup);
        }
        // Steps 21 and 22.
        let hash = digest(&SHA256, &self.client_data);
        let signed = [self.authenticator_data.as_slice(), hash.as_ref()].concat();
        passkey.key.verify(&signed, &self.signature)?;
        // Step 23: many passkeys do not count, and always say 0; one that
        // counts only counts up.
        let (before, after) = (passkey.sign_count, data.sign_count);
        if (before != 0 || after != 0) && after <= before {
            return Err(Refusal::Counter);
        }
        Ok(Passkey {
            sign_count: after,
            backed_up: data.backed_up(),
            ..passkey.clone()
        })
    }
}
