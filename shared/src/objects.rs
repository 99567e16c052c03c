//! Objects in a bucket: what groups need of S3, and S3.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::aws::Aws;
use crate::client_config;
use crate::worker::WorkerError;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

/// S3 failed; the text is for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("S3: {0}")]
pub struct ObjectError(String);

impl From<ObjectError> for WorkerError {
    fn from(err: ObjectError) -> Self {
        Self::transient(err)
    }
}

impl<E: std::error::Error + 'static, R: fmt::Debug> From<SdkError<E, R>> for ObjectError {
    fn from(err: SdkError<E, R>) -> Self {
        Self(DisplayErrorContext(&err).to_string())
    }
}

/// The future of an access.
pub type Access<'a, T> = Pin<Box<dyn Future<Output = Result<T, ObjectError>> + Send + 'a>>;

/// What is written under a key.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Its media type.
    pub content_type: &'a str,
    /// How long who reads it may keep it, as `Cache-Control` has it.
    pub cache_control: &'a str,
    /// The content.
    pub bytes: &'a [u8],
}

/// A bucket, or what stands for one.
pub trait Objects: fmt::Debug + Send + Sync {
    /// An object's bytes, if it exists; one of more than `limit` bytes is cut
    /// just behind them.
    fn read<'a>(&'a self, key: &'a str, limit: u64) -> Access<'a, Option<Vec<u8>>>;
    /// Writes an object, whatever stood there.
    fn write<'a>(&'a self, key: &'a str, object: Object<'a>) -> Access<'a, ()>;
    /// Removes an object; one that is not there is removed already.
    fn remove<'a>(&'a self, key: &'a str) -> Access<'a, ()>;
}

/// The bucket in S3.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket `name`.
    pub fn new(aws: &Aws, name: impl Into<String>) -> Self {
        let config = client_config!(aws_sdk_s3, aws)
            // The local cloud has no host per bucket.
            .force_path_style(aws.endpoint.is_some())
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An address at which `key` can be read for so long.
    ///
    /// # Errors
    /// It cannot be signed.
    pub async fn address(&self, key: &str, valid: Duration) -> Result<String, ObjectError> {
        let config =
            PresigningConfig::expires_in(valid).map_err(|err| ObjectError(err.to_string()))?;
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .presigned(config)
            .await?;
        Ok(request.uri().to_owned())
    }
}

impl Objects for Bucket {
    fn read<'a>(&'a self, key: &'a str, limit: u64) -> Access<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let range = format!("bytes=0-{limit}");
            let sent = self
                .client
                .get_object()
                .bucket(&self.name)
                .key(key)
                .range(range)
                .send()
                .await;
            let output = match sent {
                Ok(output) => output,
                Err(err)
                    if err
                        .as_service_error()
                        .is_some_and(GetObjectError::is_no_such_key) =>
                {
                    return Ok(None);
                }
                // An empty object has no range: it is read as empty.
                Err(err)
                    if err
                        .raw_response()
                        .is_some_and(|raw| raw.status().as_u16() == 416) =>
                {
                    return Ok(Some(Vec::new()));
                }
                Err(err) => return Err(err.into()),
            };
            let bytes = output
                .body
                .collect()
                .await
                .map_err(|err| ObjectError(err.to_string()))?;
            Ok(Some(bytes.to_vec()))
        })
    }

    fn write<'a>(&'a self, key: &'a str, object: Object<'a>) -> Access<'a, ()> {
        Box::pin(async move {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .content_type(object.content_type)
                .cache_control(object.cache_control)
                .body(ByteStream::from(object.bytes.to_vec()))
                .send()
                .await?;
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Access<'a, ()> {
        Box::pin(async move {
            self.client
                .delete_object()
                .bucket(&self.name)
                .key(key)
                .send()
                .await?;
            Ok(())
        })
    }
}
