//! A medium as callers see it.

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{MediaId, UserId};
use utoipa::ToSchema;

use crate::model::medium::{Medium, Rendition, Status, Visibility};
use crate::model::{ImageType, Preset, Rejection};

/// A size in which a picture is offered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantView {
    /// Its name: `?variant=` of the content.
    preset: Preset,
    /// Its format.
    content_type: ImageType,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
    /// Size in bytes.
    bytes: u64,
}

/// A medium.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MediumView {
    /// Which.
    id: MediaId,
    /// Whose.
    owner_id: UserId,
    /// Who may see it once it is ready.
    visibility: Visibility,
    /// How far it is.
    status: Status,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<Rejection>,
    /// The format: what was declared, and once ready what is kept.
    content_type: ImageType,
    /// Size in bytes, likewise.
    bytes: u64,
    /// SHA-256 of the kept original, hexadecimal; once ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Pixels; once ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    /// Pixels; once ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// A placeholder (blurha.sh); once ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    blurhash: Option<String>,
    /// What the client calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    /// A description for those who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    alt: Option<String>,
    /// The sizes; empty until ready.
    variants: Vec<VariantView>,
    /// When it was announced.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&Medium> for MediumView {
    fn from(medium: &Medium) -> Self {
        let content = medium.content.as_ref();
        let original: Option<Rendition> = content.map(|content| content.original);
        Self {
            id: medium.id,
            owner_id: medium.owner_id,
            visibility: medium.visibility,
            status: medium.status,
            rejection: medium.rejection,
            content_type: original.map_or(medium.declared, |original| original.content_type),
            bytes: original.map_or(medium.declared_bytes, |original| original.bytes),
            sha256: content.map(|content| content.sha256.clone()),
            width: original.map(|original| original.width),
            height: original.map(|original| original.height),
            blurhash: content.and_then(|content| content.blurhash.clone()),
            file_name: medium.file_name.clone(),
            alt: medium.alt.clone(),
            variants: content
                .iter()
                .flat_map(|content| &content.variants)
                .map(|variant| VariantView {
                    preset: variant.preset,
                    content_type: variant.rendition.content_type,
                    width: variant.rendition.width,
                    height: variant.rendition.height,
                    bytes: variant.rendition.bytes,
                })
                .collect(),
            created_at: medium.created_at,
        }
    }
}
