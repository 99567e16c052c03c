//! What media publishes.

use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{MediaId, UserId};

/// The bytes of an upload have arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaUploaded {
    /// Which.
    pub media_id: MediaId,
    /// Whose.
    pub owner_id: UserId,
    /// `image` or `document`.
    pub kind: String,
    /// How many.
    pub bytes: u64,
}
contract!(MediaUploaded, "media.uploaded", "media", media_id);

/// An upload was checked, and its variants made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaProcessed {
    /// Which.
    pub media_id: MediaId,
    /// Whose.
    pub owner_id: UserId,
    /// `image` or `document`.
    pub kind: String,
    /// `ready` or `rejected`.
    pub status: String,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The names of the variants.
    pub variants: Vec<String>,
}
contract!(MediaProcessed, "media.processed", "media", media_id);

/// A medium and all its variants are gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaDeleted {
    /// Which.
    pub media_id: MediaId,
    /// Whose.
    pub owner_id: UserId,
    /// `image` or `document`.
    pub kind: String,
}
contract!(MediaDeleted, "media.deleted", "media", media_id);
