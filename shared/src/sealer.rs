//! What seals the few secrets that must be kept readable: KMS.

use std::{collections::HashMap, fmt, pin::Pin};

use aws_sdk_kms::{
    Client,
    error::{DisplayErrorContext, SdkError},
    primitives::Blob,
};
use zeroize::Zeroizing;

/// What a sealed text is for. It is bound to it: a key sealed for signing
/// cannot be opened as a mail secret, nor by who may open only those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The private key of the access tokens.
    SigningKey,
    /// A token on its way to the notifications group, which puts it into a mail.
    Mail,
    /// The secret of an authenticator app, or the key of recovery codes.
    SecondFactor,
    /// The private key of the tickets.
    TicketKey,
}

impl Purpose {
    /// The value of `purpose` in the encryption context.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SigningKey => "signing-key",
            Self::Mail => "mail",
            Self::SecondFactor => "second-factor",
            Self::TicketKey => "ticket-key",
        }
    }
}

/// Sealing or opening failed; the text is for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("sealing: {0}")]
pub struct SealError(String);

impl SealError {
    /// A failure with its reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl<E, R> From<SdkError<E, R>> for SealError
where
    E: std::error::Error + 'static,
    R: fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::new(DisplayErrorContext(&error))
    }
}

/// The future of a sealing or an opening.
pub type Sealing<'a, T> = Pin<Box<dyn Future<Output = Result<T, SealError>> + Send + 'a>>;

/// Seals short secrets under a key that never leaves its keeper.
pub trait Sealer: fmt::Debug + Send + Sync {
    /// Seals at most 4 KiB.
    fn seal<'a>(&'a self, purpose: Purpose, clear: &'a [u8]) -> Sealing<'a, Vec<u8>>;

    /// Opens what was sealed for the same purpose.
    fn open<'a>(&'a self, purpose: Purpose, sealed: &'a [u8]) -> Sealing<'a, Zeroizing<Vec<u8>>>;
}

/// The sealer of a deployed stack.
#[derive(Debug, Clone)]
pub struct Kms {
    client: Client,
    key_id: String,
}

impl Kms {
    /// Seals with the key `key_id`.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self {
            client,
            key_id: key_id.into(),
        }
    }
}

fn context(purpose: Purpose) -> HashMap<String, String> {
    HashMap::from([("purpose".to_owned(), purpose.as_str().to_owned())])
}

impl Sealer for Kms {
    fn seal<'a>(&'a self, purpose: Purpose, clear: &'a [u8]) -> Sealing<'a, Vec<u8>> {
        Box::pin(async move {
            let output = self
                .client
                .encrypt()
                .key_id(&self.key_id)
                .set_encryption_context(Some(context(purpose)))
                .plaintext(Blob::new(clear))
                .send()
                .await?;
            output
                .ciphertext_blob
                .map(Blob::into_inner)
                .ok_or_else(|| SealError::new("KMS returned no ciphertext"))
        })
    }

    fn open<'a>(&'a self, purpose: Purpose, sealed: &'a [u8]) -> Sealing<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let output = self
                .client
                .decrypt()
                .key_id(&self.key_id)
                .set_encryption_context(Some(context(purpose)))
                .ciphertext_blob(Blob::new(sealed))
                .send()
                .await?;
            output
                .plaintext
                .map(|blob| Zeroizing::new(blob.into_inner()))
                .ok_or_else(|| SealError::new("KMS returned no plaintext"))
        })
    }
}
