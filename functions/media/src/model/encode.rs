//! From pixels to files. Which codec, and why: docs/adr/0007-image-codecs.md.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use shared::objects::Object;

use super::raster::Raster;
use super::{ImageType, Rejection};

/// Quality of variants: below, skies show bands; above, bytes buy nothing seen.
const VARIANT_QUALITY: u8 = 82;

/// Quality of the kept original, from which later variants may be made.
const ORIGINAL_QUALITY: u8 = 92;

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its format.
    pub kind: ImageType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file, without any metadata.
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// As it is kept for ever: its name never stands for anything else.
    pub fn object(&self) -> Object<'_> {
        Object {
            content_type: self.kind.content_type(),
            cache_control: "private, max-age=31536000, immutable",
            bytes: &self.bytes,
        }
    }
}

/// Encodes a variant: JPEG, or WebP where transparency must survive.
pub(super) fn variant(raster: &Raster) -> Result<Encoded, Rejection> {
    let kind = if raster.alpha {
        ImageType::WebP
    } else {
        ImageType::Jpeg
    };
    encode(raster, kind, VARIANT_QUALITY)
}

/// Encodes the original again, in its own format where that loses least.
pub(super) fn original(raster: &Raster, source: ImageType) -> Result<Encoded, Rejection> {
    let kind = match source {
        ImageType::Png | ImageType::Gif => ImageType::Png,
        ImageType::WebP if raster.alpha => ImageType::WebP,
        ImageType::Jpeg | ImageType::WebP => ImageType::Jpeg,
    };
    encode(raster, kind, ORIGINAL_QUALITY)
}

fn encode(raster: &Raster, kind: ImageType, quality: u8) -> Result<Encoded, Rejection> {
    let mut bytes = Vec::new();
    write(raster, kind, quality, &mut bytes).map_err(|_| Rejection::Damaged)?;
    Ok(Encoded {
        kind,
        width: raster.width,
        height: raster.height,
        bytes,
    })
}

fn write(raster: &Raster, kind: ImageType, quality: u8, into: &mut Vec<u8>) -> ImageResult<()> {
    let (pixels, width, height) = (&raster.pixels, raster.width, raster.height);
    let color = if raster.alpha {
        ExtendedColorType::Rgba8
    } else {
        ExtendedColorType::Rgb8
    };
    match kind {
        ImageType::Jpeg => {
            JpegEncoder::new_with_quality(into, quality).write_image(pixels, width, height, color)
        }
        ImageType::WebP => {
            WebPEncoder::new_lossless(into).write_image(pixels, width, height, color)
        }
        ImageType::Png | ImageType::Gif => {
            PngEncoder::new(into).write_image(pixels, width, height, color)
        }
    }
}
