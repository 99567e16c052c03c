//! Why an upload is refused after its content was looked at.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// A final verdict on uploaded bytes: looking again cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rejection {
    /// The first bytes are those of no picture format that is taken.
    #[error("the content is not a JPEG, PNG, WebP or GIF picture")]
    NotAnImage,
    /// The bytes are a picture, but not of the declared type.
    #[error("the content is a picture of another type than the one declared")]
    ContentTypeMismatch,
    /// More bytes than may be uploaded.
    #[error("the file is larger than the limit")]
    TooManyBytes,
    /// More pixels, or a longer side, than are decoded.
    #[error("the picture has more pixels than the limit")]
    TooManyPixels,
    /// The file ends before the picture does.
    #[error("the file is incomplete")]
    Truncated,
    /// The picture cannot be decoded.
    #[error("the picture is damaged")]
    Damaged,
}

impl Rejection {
    /// The stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnImage => "not-an-image",
            Self::ContentTypeMismatch => "content-type-mismatch",
            Self::TooManyBytes => "too-many-bytes",
            Self::TooManyPixels => "too-many-pixels",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
        }
    }
}
