//! What may be uploaded, recognised by content and not by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A picture format that may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ImageType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG; of an animated one the first frame counts.
    #[serde(rename = "image/png")]
    Png,
    /// WebP; of an animated one the first frame counts.
    #[serde(rename = "image/webp")]
    WebP,
    /// GIF; of an animated one the first frame counts.
    #[serde(rename = "image/gif")]
    Gif,
}

impl ImageType {
    /// Every format, in the order in which the limits list them.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::WebP, Self::Gif];

    /// The format of a content type as sent by a client; parameters are not
    /// admitted, since the upload policy compares the text exactly.
    pub fn from_content_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.content_type() == text)
    }

    /// The media type, e.g. `image/jpeg`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The extension of stored objects, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }

    /// Recognises a format by its first bytes. A declared type or a file name
    /// is never believed.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            _ => None,
        }
    }

    pub(super) const fn format(self) -> image::ImageFormat {
        match self {
            Self::Jpeg => image::ImageFormat::Jpeg,
            Self::Png => image::ImageFormat::Png,
            Self::WebP => image::ImageFormat::WebP,
            Self::Gif => image::ImageFormat::Gif,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_matched_exactly() {
        for kind in ImageType::ALL {
            assert_eq!(
                ImageType::from_content_type(kind.content_type()),
                Some(kind)
            );
        }
        for other in [
            "image/svg+xml",
            "image/jpeg; q=1",
            "IMAGE/PNG",
            "text/html",
            "",
        ] {
            assert_eq!(ImageType::from_content_type(other), None, "{other}");
        }
    }

    #[test]
    fn text_and_fragments_are_no_pictures() {
        for bytes in [
            &b"hello, I am a .jpg"[..],
            b"",
            b"\xFF\xD8",
            b"RIFF1234WAVE",
            b"GIF88a",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ] {
            assert_eq!(ImageType::sniff(bytes), None);
        }
    }
}
