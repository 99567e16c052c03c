//! An authenticator in software, which can also be told to lie.

use ciborium::Value as Cbor;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use serde_json::{Value, json};
use shared::digest::{base64url, from_base64url, random};

/// A key of this test alone.
const RSA: &[u8] = include_bytes!("authenticator-rsa.pk8");

pub const UP: u8 = 1;
pub const UV: u8 = 1 << 2;
pub const BE: u8 = 1 << 3;
pub const BS: u8 = 1 << 4;
const AT: u8 = 1 << 6;
pub const ED: u8 = 1 << 7;

enum Key {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

fn int(number: i64) -> Cbor {
    Cbor::Integer(number.into())
}

pub fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

impl Key {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    fn cose(&self) -> Vec<(Cbor, Cbor)> {
        match self {
            Self::Es256(key) => {
                let point = key.public_key().as_ref();
                vec![
                    (int(1), int(2)),
                    (int(3), int(-7)),
                    (int(-1), int(1)),
                    (int(-2), Cbor::Bytes(point[1..33].to_vec())),
                    (int(-3), Cbor::Bytes(point[33..].to_vec())),
                ]
            }
            Self::Ed25519(key) => vec![
                (int(1), int(1)),
                (int(3), int(-8)),
                (int(-1), int(6)),
                (int(-2), Cbor::Bytes(key.public_key().as_ref().to_vec())),
            ],
            Self::Rs256(key) => {
                let public = rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                vec![
                    (int(1), int(3)),
                    (int(3), int(-257)),
                    (int(-1), Cbor::Bytes(public.n)),
                    (int(-2), Cbor::Bytes(public.e)),
                ]
            }
        }
    }
}

/// One credential, and what it would say of itself.
pub struct Authenticator {
    key: Key,
    pub id: Vec<u8>,
    /// The user that it was made for.
    pub handle: Vec<u8>,
    /// What it says next.
    pub says: Says,
}

/// Everything that a ceremony states, to be bent.
#[derive(Debug, Clone)]
pub struct Says {
    /// Instead of the ceremony's own.
    pub kind: Option<&'static str>,
    pub origin: String,
    pub cross_origin: Option<bool>,
    pub top_origin: Option<&'static str>,
    pub rp_id: String,
    pub flags: u8,
    pub count: u32,
    /// Instead of the challenge that was given.
    pub challenge: Option<String>,
    /// Added to the authenticator data.
    pub trailing: Vec<u8>,
    /// Instead of the key's own COSE key.
    pub cose: Option<Vec<(Cbor, Cbor)>>,
    /// Added to the attestation object.
    pub after_object: Vec<u8>,
}

impl Says {
    fn the_truth(origin: &str, rp_id: &str) -> Self {
        Self {
            kind: None,
            origin: origin.to_owned(),
            cross_origin: Some(false),
            top_origin: None,
            rp_id: rp_id.to_owned(),
            flags: UP | UV | BE | BS,
            count: 0,
            challenge: None,
            trailing: Vec::new(),
            cose: None,
            after_object: Vec::new(),
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let challenge = self.challenge.as_deref().unwrap_or(challenge);
        let mut data = json!({
            "type": self.kind.unwrap_or(kind), "challenge": challenge, "origin": self.origin,
            "other_keys_can_be_added_here": "and are passed over",
        });
        if let Some(cross) = self.cross_origin {
            data["crossOrigin"] = json!(cross);
        }
        if let Some(top) = self.top_origin {
            data["topOrigin"] = json!(top);
        }
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, attested: Option<Vec<u8>>) -> Vec<u8> {
        let flags = self.flags | if attested.is_some() { AT } else { 0 };
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data.extend(attested.unwrap_or_default());
        data.extend(&self.trailing);
        data
    }
}

impl Authenticator {
    fn of(key: Key) -> Self {
        let rp_id = "api.plenary.test";
        Self {
            key,
            id: random::<32>().unwrap().to_vec(),
            handle: Vec::new(),
            says: Says::the_truth("https://api.plenary.test", rp_id),
        }
    }

    pub fn es256() -> Self {
        let random = SystemRandom::new();
        let alg = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(alg, &random).unwrap();
        Self::of(Key::Es256(
            EcdsaKeyPair::from_pkcs8(alg, pkcs8.as_ref(), &random).unwrap(),
        ))
    }

    pub fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::of(Key::Ed25519(
            Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap(),
        ))
    }

    pub fn rs256() -> Self {
        Self::of(Key::Rs256(RsaKeyPair::from_pkcs8(RSA).unwrap()))
    }

    /// Its COSE key, to be bent.
    pub fn cose(&self) -> Vec<(Cbor, Cbor)> {
        self.key.cose()
    }

    /// `navigator.credentials.create`, as JSON.
    pub fn create(&mut self, public_key: &Value) -> Value {
        let user = public_key["user"]["id"].as_str().unwrap();
        self.handle = from_base64url(user).unwrap();
        let client_data = self
            .says
            .client_data("webauthn.create", public_key["challenge"].as_str().unwrap());
        let cose = self.says.cose.clone().unwrap_or_else(|| self.cose());
        let mut attested = vec![7; 16];
        attested.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        attested.extend(&self.id);
        attested.extend(cbor(&Cbor::Map(cose)));
        let data = self.says.authenticator_data(Some(attested));
        let object = Cbor::Map(vec![
            (Cbor::from("fmt"), Cbor::from("none")),
            (Cbor::from("attStmt"), Cbor::Map(Vec::new())),
            (Cbor::from("authData"), Cbor::Bytes(data)),
        ]);
        let object = [cbor(&object), self.says.after_object.clone()].concat();
        let id = base64url(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": base64url(client_data),
                "attestationObject": base64url(object),
                "transports": ["internal", "hybrid", "Not A Transport"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// `navigator.credentials.get`, as JSON.
    pub fn get(&mut self, public_key: &Value) -> Value {
        let client_data = self
            .says
            .client_data("webauthn.get", public_key["challenge"].as_str().unwrap());
        let data = self.says.authenticator_data(None);
        let hash = digest(&SHA256, &client_data);
        let signature = self.key.sign(&[data.as_slice(), hash.as_ref()].concat());
        let id = base64url(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(client_data),
                "authenticatorData": base64url(data),
                "signature": base64url(signature),
                "userHandle": base64url(&self.handle),
            },
        })
    }
}
