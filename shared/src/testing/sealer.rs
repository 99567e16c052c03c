use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::sealer::{Purpose, SealError, Sealer, Sealing};

/// Seals like KMS, under a key in memory: what is sealed for one purpose cannot
/// be opened for another.
#[derive(Debug)]
pub struct MemorySealer(LessSafeKey);

impl MemorySealer {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).unwrap();
        Self(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM, &key).unwrap(),
        ))
    }
}

impl Sealer for MemorySealer {
    fn seal<'a>(&'a self, purpose: Purpose, clear: &'a [u8]) -> Sealing<'a, Vec<u8>> {
        Box::pin(async move {
            let mut nonce = [0; NONCE_LEN];
            SystemRandom::new().fill(&mut nonce).unwrap();
            let mut body = clear.to_vec();
            let aad = Aad::from(purpose.as_str());
            let at = Nonce::assume_unique_for_key(nonce);
            self.0.seal_in_place_append_tag(at, aad, &mut body).unwrap();
            Ok([nonce.to_vec(), body].concat())
        })
    }

    fn open<'a>(&'a self, purpose: Purpose, sealed: &'a [u8]) -> Sealing<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let (nonce, body) = sealed.split_at(NONCE_LEN);
            let (nonce, mut body) = (
                Nonce::try_assume_unique_for_key(nonce).unwrap(),
                body.to_vec(),
            );
            let aad = Aad::from(purpose.as_str());
            let clear = self
                .0
                .open_in_place(nonce, aad, &mut body)
                .map_err(SealError::new)?;
            Ok(Zeroizing::new(clear.to_vec()))
        })
    }
}
