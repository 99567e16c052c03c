//! The outside world of e-mail: Amazon SES, and KMS for the secrets that some
//! e-mails carry. Behind traits, so that tests can stand in for both.

use std::future::Future;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_sesv2::error::{DisplayErrorContext, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use shared::digest;
use shared::ical::Method;
use shared::worker::WorkerError;

use crate::mime;
use crate::templates::Rendered;

/// An e-mail that is ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// Subject, text and HTML.
    pub content: Rendered,
    /// The URL that stops e-mail of this type, where that can be stopped.
    pub unsubscribe: Option<String>,
    /// For the recipient's calendar: at most one for each event.
    pub calendars: Vec<Page>,
}

/// What a letter brings for a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What the calendar is to do.
    pub method: Method,
    /// iCalendar.
    pub text: String,
}

/// Why an e-mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It may be taken later.
    #[error("the mail service did not take it now: {0}")]
    Later(String),
    /// It will never be taken.
    #[error("the mail service refused it: {0}")]
    Refused(String),
    /// The address cannot receive e-mail.
    #[error("the mail service refused the address: {0}")]
    BadAddress(String),
}

/// Sends e-mail.
pub trait Mailer {
    /// The address that letters come from.
    fn sender(&self) -> &str;

    /// Hands a letter to the mail service.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), MailError>>;
}

/// Opens what another group sealed for this one.
pub trait Unsealer {
    /// The secret in `sealed`.
    fn unseal(&self, sealed: &str) -> impl Future<Output = Result<String, WorkerError>>;
}

/// Amazon SES, version 2 of its interface.
#[derive(Debug, Clone)]
pub struct Ses {
    client: aws_sdk_sesv2::Client,
    from: String,
}

impl Ses {
    /// Sends as `from`, which SES must know as verified.
    pub const fn new(client: aws_sdk_sesv2::Client, from: String) -> Self {
        Self { client, from }
    }
}

impl Mailer for Ses {
    fn sender(&self) -> &str {
        &self.from
    }

    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = Blob::new(mime::message(&self.from, letter));
        let message = RawMessage::builder().data(message).build();
        let message = message.map_err(|err| MailError::Refused(err.to_string()))?;
        self.client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&letter.to).build())
            .content(EmailContent::builder().raw(message).build())
            .send()
            .await
            .map(drop)
            .map_err(refusal)
    }
}

/// SES answers a malformed address with `BadRequestException` and a text about
/// the address or its domain; only that speaks against the address. What is
/// wrong with the account heals without the message, so it is worth waiting for.
fn refusal<R: std::fmt::Debug>(err: SdkError<SendEmailError, R>) -> MailError {
    let text = DisplayErrorContext(&err).to_string();
    match err.as_service_error() {
        Some(SendEmailError::BadRequestException(bad)) => {
            let message = bad.message().unwrap_or_default().to_lowercase();
            if ["address", "domain"]
                .iter()
                .any(|word| message.contains(word))
            {
                MailError::BadAddress(text)
            } else {
                MailError::Refused(text)
            }
        }
        Some(SendEmailError::MessageRejected(_)) => MailError::Refused(text),
        _ => MailError::Later(text),
    }
}

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct Kms {
    client: aws_sdk_kms::Client,
    key: String,
}

impl Kms {
    /// Opens what was sealed under `key` for e-mail.
    pub const fn new(client: aws_sdk_kms::Client, key: String) -> Self {
        Self { client, key }
    }
}

impl Unsealer for Kms {
    async fn unseal(&self, sealed: &str) -> Result<String, WorkerError> {
        let blob = digest::from_base64url(sealed)
            .ok_or_else(|| WorkerError::permanent("the sealed secret is not base64url"))?;
        let output = self
            .client
            .decrypt()
            .key_id(&self.key)
            .ciphertext_blob(Blob::new(blob))
            .encryption_context("purpose", "mail")
            .send()
            .await
            .map_err(|err| {
                let text = DisplayErrorContext(&err).to_string();
                match err.as_service_error() {
                    Some(service) if service.is_invalid_ciphertext_exception() => {
                        WorkerError::permanent(text)
                    }
                    _ => WorkerError::transient(text),
                }
            })?;
        let plain = output
            .plaintext
            .ok_or_else(|| WorkerError::transient("KMS gave no plaintext"))?;
        String::from_utf8(plain.into_inner()).map_err(WorkerError::permanent)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::types::error::{
        BadRequestException, MessageRejected, TooManyRequestsException,
    };

    use super::*;

    fn refused(error: SendEmailError) -> MailError {
        refusal(SdkError::service_error(error, ()))
    }

    fn bad(message: &str) -> MailError {
        let error = BadRequestException::builder().message(message).build();
        refused(SendEmailError::BadRequestException(error))
    }

    /// NO-06: only what SES says of the address counts against it.
    #[test]
    fn no_06_errors_of_the_mail_service() {
        assert!(matches!(
            bad("Missing final '@domain'"),
            MailError::BadAddress(_)
        ));
        assert!(matches!(bad("Illegal address"), MailError::BadAddress(_)));
        assert!(matches!(bad("Invalid header"), MailError::Refused(_)));
        let error = MessageRejected::builder()
            .message("Email address is not verified.")
            .build();
        assert!(matches!(
            refused(SendEmailError::MessageRejected(error)),
            MailError::Refused(_)
        ));
        let error = TooManyRequestsException::builder().build();
        assert!(matches!(
            refused(SendEmailError::TooManyRequestsException(error)),
            MailError::Later(_)
        ));
        let timeout = SdkError::<SendEmailError, ()>::timeout_error("slow");
        assert!(matches!(refusal(timeout), MailError::Later(_)));
    }
}
