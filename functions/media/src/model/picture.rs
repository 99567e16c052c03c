//! The whole way from an upload's bytes to what is kept of it.

use ring::digest;

use super::encode::{self, Encoded};
use super::raster::Raster;
use super::{ImageType, MAX_BYTES, Preset, Rejection, hex};

/// The blurhash is computed on a copy of this longest side: it holds a dozen
/// frequencies and sees no more.
const BLURHASH_SIDE: u32 = 32;

/// What is kept of a picture.
#[derive(Debug)]
pub struct Picture {
    /// The upload, encoded again: upright, sRGB, without any metadata.
    pub original: Encoded,
    /// SHA-256 of the original's bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// One variant per preset.
    pub variants: Vec<(Preset, Encoded)>,
    /// A placeholder of about 28 characters (blurha.sh), 4 × 3 components.
    pub blurhash: Option<String>,
}

/// Makes a [`Picture`] of uploaded bytes that were declared to be `declared`.
///
/// Deterministic: the same bytes give the same picture, so that work done
/// twice does no harm. Memory: docs/adr/0007-image-codecs.md.
///
/// # Errors
/// A [`Rejection`] when the bytes are no such picture.
pub fn process(bytes: &[u8], declared: ImageType) -> Result<Picture, Rejection> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Rejection::TooManyBytes);
    }
    let kind = ImageType::sniff(bytes).ok_or(Rejection::NotAnImage)?;
    if kind != declared {
        return Err(Rejection::ContentTypeMismatch);
    }
    let mut raster = Raster::decode(bytes, kind)?;
    let original = encode::original(&raster, kind)?;
    let sha256 = hex(digest::digest(&digest::SHA256, &original.bytes).as_ref());
    let (variants, blurhash) = derive(&mut raster)?;
    Ok(Picture {
        original,
        sha256,
        variants,
        blurhash,
    })
}

type Derived = (Vec<(Preset, Encoded)>, Option<String>);

/// Makes every variant. The avatar comes from the full picture; the others
/// each from the next larger one, so that the full picture is read only twice.
fn derive(full: &mut Raster) -> Result<Derived, Rejection> {
    let (width, height) = (full.width, full.height);
    let mut made = Vec::with_capacity(Preset::ALL.len());
    let (w, h) = Preset::Avatar.size_for(width, height);
    made.push((Preset::Avatar, encode::variant(&full.resized(w, h)?)?));
    let mut current: Option<Raster> = None;
    for preset in [Preset::Large, Preset::Medium, Preset::Small, Preset::Thumb] {
        let (w, h) = preset.size_for(width, height);
        let next = current.as_mut().unwrap_or(full).resized(w, h)?;
        made.push((preset, encode::variant(&next)?));
        current = Some(next);
    }
    made.sort_by_key(|(preset, _)| *preset);
    let blurhash = blurhash(current.as_mut().unwrap_or(full));
    Ok((made, blurhash))
}

fn blurhash(thumb: &mut Raster) -> Option<String> {
    let longest = thumb.width.max(thumb.height).max(1);
    let scaled = |length: u32| (length * BLURHASH_SIDE.min(longest) / longest).max(1);
    let (width, height) = (scaled(thumb.width), scaled(thumb.height));
    let small = thumb.resized(width, height).ok()?;
    ::blurhash::encode(4, 3, width, height, &small.to_rgba()).ok()
}

#[cfg(test)]
mod tests;
