//! Types and rules of the media domain; nothing here knows HTTP or AWS.

mod encode;
mod jpeg;
mod kind;
pub mod medium;
pub mod objects;
mod picture;
mod preset;
mod raster;
mod reject;

pub use encode::Encoded;
pub use kind::ImageType;
pub use picture::{Picture, process};
pub use preset::Preset;
pub use reject::Rejection;

/// The most bytes that an upload may have: 20 MiB.
pub const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// The most pixels that are decoded: 40 million, whatever the file's size.
pub const MAX_PIXELS: u64 = 40_000_000;

/// The longest side that is decoded, in pixels (WebP's own limit).
pub const MAX_SIDE: u32 = 16_383;

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}
