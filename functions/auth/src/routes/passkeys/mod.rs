//! `/v1/auth/passkeys`

pub mod add;
pub mod change;
pub mod list;
pub mod registration_options;
pub mod remove;
pub mod sign_in;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::PasskeyId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{
    challenge::{CHALLENGE_LIFE, ChallengeToken},
    passkey::Passkey,
    secret::Disclosed,
    webauthn::RequestOptions,
};

/// A passkey as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyView {
    id: PasskeyId,
    #[schema(example = "Chrome on Android")]
    name: String,
    /// For `PublicKeyCredential.signalAllAcceptedCredentials`.
    credential_id: String,
    /// The model of the authenticator; zeros say nothing.
    #[schema(value_type = String, example = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")]
    aaguid: Uuid,
    /// Whether it is copied to the owner's other devices.
    backed_up: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<&Passkey> for PasskeyView {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name.clone(),
            credential_id: passkey.credential_id.clone(),
            aaguid: passkey.aaguid,
            backed_up: passkey.backed_up,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// What a browser is asked, to prove something by a passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertionRequest {
    /// Send it back with the answer.
    #[schema(value_type = String, example = "plc_3q2-7w…")]
    challenge_id: Disclosed,
    /// For `PublicKeyCredential.parseRequestOptionsFromJSON`.
    public_key: RequestOptions,
    /// Seconds until it can no longer be answered.
    #[schema(example = 300)]
    expires_in: i64,
}

impl AssertionRequest {
    /// A question under this challenge.
    pub fn new(token: &ChallengeToken, public_key: RequestOptions) -> Self {
        Self {
            challenge_id: Disclosed(token.reveal()),
            public_key,
            expires_in: CHALLENGE_LIFE.as_secs(),
        }
    }
}
