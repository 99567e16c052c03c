//! Decoded pixels: from untrusted bytes to sRGB, upright, 8 bits a channel.

use std::io::Cursor;

use fast_image_resize::images::Image;
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{ImageType, MAX_PIXELS, MAX_SIDE, Rejection, jpeg};

/// Room for a decoder's working memory beside the pixels themselves.
const DECODER_ALLOWANCE: u64 = 64 * 1024 * 1024;

/// Pixels in rows from the top left, RGB or (with `alpha`) RGBA.
pub(super) struct Raster {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alpha: bool,
    pub(super) pixels: Vec<u8>,
}

impl Raster {
    /// Decodes a picture, turns it upright as its EXIF orientation says, and
    /// converts its colours to sRGB. Nothing of the file's metadata is kept.
    ///
    /// The dimensions are read from the header and checked before anything is
    /// allocated for pixels.
    pub(super) fn decode(bytes: &[u8], kind: ImageType) -> Result<Self, Rejection> {
        if kind == ImageType::Jpeg {
            jpeg::check(bytes)?;
        }
        let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
        reader.limits(limits());
        let mut decoder = reader.into_decoder().map_err(rejection)?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(Rejection::TooManyPixels);
        }
        // Unreadable metadata is no reason to refuse readable pixels.
        let orientation = decoder.orientation().ok();
        let profile = decoder.icc_profile().ok().flatten();
        let mut image = DynamicImage::from_decoder(decoder).map_err(rejection)?;
        if let Some(orientation) = orientation {
            image.apply_orientation(orientation);
        }
        let mut raster = Self::from_image(image);
        if let Some(profile) = profile {
            raster.convert_to_srgb(&profile);
        }
        Ok(raster)
    }

    fn from_image(image: DynamicImage) -> Self {
        let (width, height) = (image.width(), image.height());
        if image.color().has_alpha() {
            let rgba = image.into_rgba8();
            if rgba.as_raw().iter().skip(3).step_by(4).any(|&a| a != 255) {
                return Self {
                    width,
                    height,
                    alpha: true,
                    pixels: rgba.into_raw(),
                };
            }
            return Self {
                width,
                height,
                alpha: false,
                pixels: DynamicImage::from(rgba).into_rgb8().into_raw(),
            };
        }
        Self {
            width,
            height,
            alpha: false,
            pixels: image.into_rgb8().into_raw(),
        }
    }

    /// Applies an ICC profile, row by row to keep memory flat. A profile that
    /// is broken or not for RGB is passed over, as browsers do.
    fn convert_to_srgb(&mut self, profile: &[u8]) {
        let Ok(profile) = ColorProfile::new_from_slice(profile) else {
            return;
        };
        if profile.color_space != DataColorSpace::Rgb {
            return;
        }
        let layout = if self.alpha {
            Layout::Rgba
        } else {
            Layout::Rgb
        };
        let Ok(transform) = profile.create_transform_8bit(
            layout,
            &ColorProfile::new_srgb(),
            layout,
            TransformOptions::default(),
        ) else {
            return;
        };
        let stride = self.width as usize * self.channels();
        let mut converted = vec![0; stride];
        for row in self.pixels.chunks_exact_mut(stride) {
            if transform.transform(row, &mut converted).is_ok() {
                row.copy_from_slice(&converted);
            }
        }
    }

    pub(super) fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// A scaled copy, cut from the middle where the shapes differ.
    pub(super) fn resized(&mut self, width: u32, height: u32) -> Result<Self, Rejection> {
        let kind = if self.alpha {
            PixelType::U8x4
        } else {
            PixelType::U8x3
        };
        let source = Image::from_slice_u8(self.width, self.height, &mut self.pixels, kind)
            .map_err(|_| Rejection::Damaged)?;
        let mut target = Image::new(width, height, kind);
        let options = ResizeOptions::new().fit_into_destination(None);
        Resizer::new()
            .resize(&source, &mut target, &options)
            .map_err(|_| Rejection::Damaged)?;
        Ok(Self {
            width,
            height,
            alpha: self.alpha,
            pixels: target.into_vec(),
        })
    }

    /// The same pixels with an alpha channel, for those who need one.
    pub(super) fn to_rgba(&self) -> Vec<u8> {
        if self.alpha {
            return self.pixels.clone();
        }
        self.pixels
            .chunks_exact(3)
            .flat_map(|p| [p[0], p[1], p[2], 255])
            .collect()
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_PIXELS * 4 + DECODER_ALLOWANCE);
    limits
}

fn rejection(error: ImageError) -> Rejection {
    match error {
        ImageError::Limits(_) => Rejection::TooManyPixels,
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Rejection::Truncated
        }
        _ => Rejection::Damaged,
    }
}
