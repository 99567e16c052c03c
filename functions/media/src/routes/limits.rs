//! `GET /v1/media/limits`

use serde::Serialize;
use shared::http::Reply;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::TAG;
use crate::model::medium::UPLOAD_WINDOW;
use crate::model::{ImageType, MAX_BYTES, MAX_PIXELS, MAX_SIDE, Preset};

/// A fixed size.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresetView {
    /// Its name.
    name: Preset,
    /// The longest side, in pixels.
    longest_side: u32,
}

/// What can be uploaded.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Content types.
    content_types: Vec<ImageType>,
    /// The most bytes.
    max_bytes: u64,
    /// The most pixels, width times height.
    max_pixels: u64,
    /// The longest side, in pixels.
    max_side: u32,
    /// For how long a permit is good, in seconds.
    upload_seconds: i64,
    /// The sizes that are made.
    presets: Vec<PresetView>,
}

/// Reads what can be uploaded.
#[utoipa::path(
    get,
    path = "/v1/media/limits",
    tag = TAG,
    operation_id = "getMediaLimits",
    responses((status = 200, description = "The limits.", body = Limits)),
    security((), ("bearer" = []))
)]
pub async fn limits(_: Option<Principal>) -> Result<Reply, Problem> {
    let limits = Limits {
        content_types: ImageType::ALL.to_vec(),
        max_bytes: MAX_BYTES,
        max_pixels: MAX_PIXELS,
        max_side: MAX_SIDE,
        upload_seconds: UPLOAD_WINDOW.as_secs(),
        presets: Preset::ALL
            .iter()
            .map(|preset| PresetView {
                name: *preset,
                longest_side: preset.side(),
            })
            .collect(),
    };
    Ok(Reply::ok(&limits)?.public(3600).hashed())
}
