//! KMS: one key that really seals, so that a wrong encryption context fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

use super::{State, json_answer, refuse};
use crate::web::{self, Answer};

/// The key of the stack.
pub(super) struct Key {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Key {
    /// A fresh key.
    pub(super) fn generate() -> Result<Self, ring::error::Unspecified> {
        let random = SystemRandom::new();
        let mut bytes = [0; 32];
        random.fill(&mut bytes)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes)?);
        Ok(Self { key, random })
    }

    fn seal(&self, plain: &[u8], context: &Value) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce)?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(context.to_string());
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, aad, &mut sealed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, blob: &[u8], context: &Value) -> Option<Vec<u8>> {
        let (nonce, sealed) = blob.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(context.to_string());
        self.key
            .open_in_place(nonce, aad, &mut sealed)
            .ok()
            .map(|plain| plain.to_vec())
    }
}

/// Answers one call.
pub(super) fn call(state: &State, operation: &str, body: &Bytes) -> Answer {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refuse("SerializationException");
    };
    {
        let meter = &mut state.kept().meter;
        meter.kms_requests += 1.0;
        meter.calls.messages += 1;
    }
    // The members of a JSON object are sorted here, so the order in which the
    // context was written does not matter.
    let context = &request["EncryptionContext"];
    let binary = |name: &str| {
        STANDARD
            .decode(request[name].as_str().unwrap_or_default())
            .ok()
    };
    let mut answer = json!({"KeyId": "arn:aws:kms:us-east-1:000000000000:key/bench"});
    match operation {
        "Encrypt" => {
            let sealed = binary("Plaintext").and_then(|plain| state.key.seal(&plain, context).ok());
            let Some(sealed) = sealed else {
                return invalid();
            };
            answer["CiphertextBlob"] = STANDARD.encode(sealed).into();
        }
        "Decrypt" => {
            let plain = binary("CiphertextBlob").and_then(|blob| state.key.open(&blob, context));
            let Some(plain) = plain else { return invalid() };
            answer["Plaintext"] = STANDARD.encode(plain).into();
        }
        "GenerateDataKey" => {
            let mut data = [0; 32];
            let sealed = state.key.random.fill(&mut data).ok();
            let Some(sealed) = sealed.and_then(|()| state.key.seal(&data, context).ok()) else {
                return invalid();
            };
            answer["Plaintext"] = STANDARD.encode(data).into();
            answer["CiphertextBlob"] = STANDARD.encode(sealed).into();
        }
        "DescribeKey" => {
            answer =
                json!({"KeyMetadata": {"KeyId": "bench", "KeyState": "Enabled", "Enabled": true}});
        }
        _ => return refuse("UnknownOperationException"),
    }
    json_answer(&answer)
}

fn invalid() -> Answer {
    let body = json!({"__type": "InvalidCiphertextException", "message": "does not open"});
    web::answer(
        StatusCode::BAD_REQUEST,
        "application/x-amz-json-1.1",
        body.to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_context_only() {
        let key = Key::generate().unwrap();
        let context = json!({"purpose": "signing-key"});
        let blob = key.seal(b"secret", &context).unwrap();
        assert_eq!(key.open(&blob, &context).as_deref(), Some(&b"secret"[..]));
        assert_eq!(key.open(&blob, &json!({"purpose": "mail"})), None);
        assert_eq!(key.open(&blob[1..], &context), None);
        assert_eq!(key.open(&[], &context), None);
    }
}
