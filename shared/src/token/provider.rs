//! The cryptography of `jsonwebtoken` by `ring`, which the TLS client links
//! anyway: ES256 for our tokens, and to check those of others RS256 too.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use signature::{Signer, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Es256Signer::new(*algorithm, key)?)),
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::RS256 => Ok(Box::new(Rs256Verifier::new(key)?)),
        algorithm => Ok(Box::new(Es256Verifier::new(*algorithm, key)?)),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `ring` the process's provider; once is enough.
pub fn install() {
    static ONCE: Once = Once::new();
    // It fails only when one is installed, and nobody else installs any.
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

/// A private key in PKCS#8 and its public point (SEC 1, uncompressed).
pub(super) fn generate() -> Result<(Vec<u8>, Vec<u8>), ring::error::Unspecified> {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .map_err(|_| ring::error::Unspecified)?;
    Ok((pkcs8.as_ref().to_vec(), pair.public_key().as_ref().to_vec()))
}

struct Es256Signer(EcdsaKeyPair);

impl Es256Signer {
    fn new(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, Error> {
        if algorithm != Algorithm::ES256 || key.family() != AlgorithmFamily::Ec {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.as_bytes(),
            &SystemRandom::new(),
        )
        .map(Self)
        .map_err(|_| ErrorKind::InvalidEcdsaKey.into())
    }
}

impl Signer<Vec<u8>> for Es256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        self.0
            .sign(&SystemRandom::new(), message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Es256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

struct Es256Verifier(UnparsedPublicKey<Vec<u8>>);

impl Es256Verifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        if algorithm != Algorithm::ES256 || key.family() != AlgorithmFamily::Ec {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        let point = key.try_get_as_bytes()?.to_vec();
        Ok(Self(UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            point,
        )))
    }
}

impl Verifier<Vec<u8>> for Es256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0
            .verify(message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Es256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

/// Keys of fewer than 2048 bits verify nothing.
struct Rs256Verifier(RsaPublicKeyComponents<Vec<u8>>);

impl Rs256Verifier {
    fn new(key: &DecodingKey) -> Result<Self, Error> {
        match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => Ok(Self(RsaPublicKeyComponents {
                n: n.clone(),
                e: e.clone(),
            })),
            DecodingKeyKind::SecretOrDer(_) => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

impl Verifier<Vec<u8>> for Rs256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Rs256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
