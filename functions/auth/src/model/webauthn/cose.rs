//! Public keys of credentials: COSE keys (RFC 9052 §7, RFC 9053) of the three
//! algorithms that are asked for, and nothing but those.

use ciborium::{Value, value::Integer};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use shared::digest::{base64url, from_base64url};

use super::Refusal;

/// Deeper than any authenticator data is nested.
const DEPTH: usize = 8;
/// Bytes of the modulus that `ring` takes: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A credential's public key, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg")]
pub enum PublicKey {
    /// ECDSA with SHA-256 on P-256; the uncompressed point, base64url.
    #[serde(rename = "ES256")]
    Es256 {
        /// `04 ‖ x ‖ y`
        point: String,
    },
    /// Ed25519; the point, base64url.
    #[serde(rename = "EdDSA")]
    Ed25519 {
        /// 32 bytes.
        point: String,
    },
    /// RSASSA-PKCS1-v1_5 with SHA-256; base64url.
    #[serde(rename = "RS256")]
    Rs256 {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
}

/// The next CBOR item (RFC 8949); what follows it stays.
pub(super) fn item(rest: &mut &[u8]) -> Result<Value, Refusal> {
    ciborium::de::from_reader_with_recursion_limit(rest, DEPTH).map_err(|_| Refusal::Malformed)
}

/// The value of a key in a map, which may not be there twice.
pub(super) fn member<'a>(map: &'a [(Value, Value)], key: &Value) -> Result<&'a Value, Refusal> {
    let mut found = map.iter().filter(|(name, _)| name == key);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(Refusal::Malformed),
    }
}

/// A COSE key's parameters by their labels.
struct Labels<'a>(&'a [(Value, Value)]);

impl<'a> Labels<'a> {
    fn value(&self, label: i64) -> Result<&'a Value, Refusal> {
        member(self.0, &Value::Integer(Integer::from(label)))
    }

    fn number(&self, label: i64) -> Result<i128, Refusal> {
        let number = self.value(label)?.as_integer().ok_or(Refusal::Key)?;
        Ok(i128::from(number))
    }

    fn bytes(&self, label: i64) -> Result<&'a [u8], Refusal> {
        let bytes = self.value(label)?.as_bytes().ok_or(Refusal::Key)?;
        Ok(bytes)
    }

    /// A coordinate of 32 bytes.
    fn coordinate(&self, label: i64) -> Result<&'a [u8], Refusal> {
        let bytes = self.bytes(label)?;
        if bytes.len() == 32 {
            Ok(bytes)
        } else {
            Err(Refusal::Key)
        }
    }
}

impl PublicKey {
    /// The key of attested credential data (§6.5.1.1).
    pub(super) fn read(key: &Value) -> Result<Self, Refusal> {
        let labels = Labels(key.as_map().ok_or(Refusal::Malformed)?);
        let (kty, alg) = (labels.number(1)?, labels.number(3)?);
        match (alg, kty) {
            (-7, 2) if labels.number(-1)? == 1 => {
                let (x, y) = (labels.coordinate(-2)?, labels.coordinate(-3)?);
                let point = base64url([&[4], x, y].concat());
                Ok(Self::Es256 { point })
            }
            (-8, 1) if labels.number(-1)? == 6 => {
                let point = base64url(labels.coordinate(-2)?);
                Ok(Self::Ed25519 { point })
            }
            (-257, 3) => {
                let (n, e) = (labels.bytes(-1)?, labels.bytes(-2)?);
                if !MODULUS.contains(&n.len()) || !(1..=8).contains(&e.len()) {
                    return Err(Refusal::Key);
                }
                let (n, e) = (base64url(n), base64url(e));
                Ok(Self::Rs256 { n, e })
            }
            (-7 | -8 | -257, _) => Err(Refusal::Key),
            _ => Err(Refusal::Algorithm),
        }
    }

    /// Whether this key made the signature (§6.5.5).
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let bytes = |text: &str| from_base64url(text).ok_or(Refusal::Key);
        let right = match self {
            Self::Es256 { point } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes(point)?)
                .verify(message, signature),
            Self::Ed25519 { point } => {
                UnparsedPublicKey::new(&ED25519, bytes(point)?).verify(message, signature)
            }
            Self::Rs256 { n, e } => RsaPublicKeyComponents {
                n: bytes(n)?,
                e: bytes(e)?,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        right.map_err(|_| Refusal::Signature)
    }
}
