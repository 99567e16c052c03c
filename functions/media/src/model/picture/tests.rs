//! Pictures are made here, since a sample file would say less than its recipe.

use image::codecs::gif::GifEncoder;
use image::codecs::webp::WebPEncoder;
use image::{
    DynamicImage, Frame, ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage, Rgba, RgbaImage,
};
use moxcms::ColorProfile;
use proptest::prelude::*;
use std::io::Cursor;

use super::*;
use crate::model::MAX_SIDE;

/// 51° 30' N and 0° 7' W as EXIF writes them would be rationals; the text of
/// the date stamp is easier to look for afterwards.
const SECRET: &[u8] = b"1984:04:04";

fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let part = |at: u32, of: u32| u8::try_from(at * 255 / of.max(1)).unwrap();
        Rgb([part(x, width), part(y, height), 96])
    })
}

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read(encoded: &Encoded) -> DynamicImage {
    let format = match encoded.kind {
        ImageType::Jpeg => ImageFormat::Jpeg,
        ImageType::Png => ImageFormat::Png,
        ImageType::WebP => ImageFormat::WebP,
        ImageType::Gif => ImageFormat::Gif,
    };
    image::load_from_memory_with_format(&encoded.bytes, format).unwrap()
}

/// A TIFF block: orientation in IFD 0, a GPS directory with a date stamp.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend([0, 2]);
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend([0, 2]);
    tiff.extend([0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0]);
    tiff.extend([0, 0x1D, 0, 2, 0, 0, 0, 11, 0, 0, 0, 68]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend(SECRET);
    tiff.push(0);
    tiff
}

fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
}

fn with_chunk(png: &[u8], name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let after_header = 8 + 25;
    let body = [&name[..], content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [
        &png[..after_header],
        &length,
        &body,
        &crc32(&body).to_be_bytes(),
        &png[after_header..],
    ]
    .concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 & (0u32.wrapping_sub(c & 1)))
        })
    })
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

fn gps_jpeg(orientation: u8, width: u32, height: u32) -> Vec<u8> {
    let plain = file(gradient(width, height), ImageFormat::Jpeg);
    let xmp = [&b"http://ns.adobe.com/xap/1.0/\0<x>"[..], SECRET, b"</x>"].concat();
    let tagged = with_segment(&plain, 0xE1, &xmp);
    let tagged = with_segment(&tagged, 0xFE, SECRET);
    with_segment(
        &tagged,
        0xE1,
        &[b"Exif\0\0".as_slice(), &exif(orientation)].concat(),
    )
}

fn assert_clean(picture: &Picture) {
    let variants = picture.variants.iter().map(|(_, encoded)| encoded);
    for encoded in variants.chain([&picture.original]) {
        for trace in [SECRET, b"Exif", b"eXIf", b"ns.adobe.com", b"ICC_PROFILE"] {
            assert!(!holds(&encoded.bytes, trace), "{:?}", encoded.kind);
        }
        let format = if encoded.kind == ImageType::Jpeg {
            ImageFormat::Jpeg
        } else {
            ImageFormat::Png
        };
        let mut decoder = ImageReader::with_format(Cursor::new(&encoded.bytes), format)
            .into_decoder()
            .unwrap();
        assert_eq!(decoder.exif_metadata().unwrap(), None);
        assert_eq!(decoder.xmp_metadata().unwrap(), None);
        assert_eq!(decoder.icc_profile().unwrap(), None);
    }
}

#[test]
fn me_06_b10_03_gps_is_gone_from_variants_and_original_and_the_picture_is_upright() {
    let upload = gps_jpeg(6, 600, 400);
    assert!(holds(&upload, SECRET));
    let picture = process(&upload, ImageType::Jpeg).unwrap();
    assert_clean(&picture);
    assert_eq!(
        (picture.original.width, picture.original.height),
        (400, 600)
    );
    // Turned clockwise, red (growing to the right) grows downwards.
    let upright = read(&picture.original).into_rgb8();
    assert!(upright.get_pixel(200, 20)[0] < 40);
    assert!(upright.get_pixel(200, 580)[0] > 215);
}

#[test]
fn b10_03_metadata_of_a_png_is_gone_too() {
    let plain = file(gradient(40, 30), ImageFormat::Png);
    let text = [b"Comment\0".as_slice(), SECRET].concat();
    let upload = with_chunk(&with_chunk(&plain, *b"tEXt", &text), *b"eXIf", &exif(3));
    let picture = process(&upload, ImageType::Png).unwrap();
    assert_eq!(picture.original.kind, ImageType::Png);
    assert!(!holds(&picture.original.bytes, SECRET));
    assert!(!holds(&picture.original.bytes, b"eXIf"));
    // Orientation 3 is half a turn: what was bottom right is top left.
    assert!(read(&picture.original).into_rgb8().get_pixel(1, 1)[0] > 200);
}

#[test]
fn every_orientation_ends_upright() {
    for orientation in 1..=8 {
        let picture = process(&gps_jpeg(orientation, 64, 32), ImageType::Jpeg).unwrap();
        let turned = orientation >= 5;
        let expected = if turned { (32, 64) } else { (64, 32) };
        assert_eq!((picture.original.width, picture.original.height), expected);
    }
}

#[test]
fn me_06_presets_have_their_sizes() {
    let picture = process(
        &file(gradient(2400, 1600), ImageFormat::Jpeg),
        ImageType::Jpeg,
    )
    .unwrap();
    let sizes: Vec<_> = picture
        .variants
        .iter()
        .map(|(preset, e)| (preset.name(), e.width, e.height))
        .collect();
    assert_eq!(
        sizes,
        [
            ("thumb", 160, 107),
            ("small", 480, 320),
            ("medium", 960, 640),
            ("large", 1920, 1280),
            ("avatar", 256, 256),
        ]
    );
    for (_, encoded) in &picture.variants {
        let image = read(encoded);
        assert_eq!(
            (image.width(), image.height()),
            (encoded.width, encoded.height)
        );
        // Bottom right is red and green in every cut and size.
        let pixel = *image
            .into_rgb8()
            .get_pixel(encoded.width - 3, encoded.height - 3);
        assert!(pixel[1] > 200 && pixel[2] < 140, "{pixel:?}");
    }
    assert_eq!(picture.sha256.len(), 64);
    assert!(picture.blurhash.unwrap().len() > 20);
}

#[test]
fn a_small_picture_is_not_enlarged() {
    let picture = process(&file(gradient(20, 10), ImageFormat::Png), ImageType::Png).unwrap();
    for (preset, encoded) in &picture.variants {
        let expected = if preset.square() { (10, 10) } else { (20, 10) };
        assert_eq!((encoded.width, encoded.height), expected);
    }
}

#[test]
fn transparency_survives() {
    let image = RgbaImage::from_fn(300, 300, |x, _| {
        Rgba([200, 10, 10, if x < 150 { 0 } else { 255 }])
    });
    for (format, kind) in [
        (ImageFormat::Png, ImageType::Png),
        (ImageFormat::WebP, ImageType::WebP),
    ] {
        let picture = process(&file(image.clone(), format), kind).unwrap();
        assert_eq!(picture.original.kind, kind);
        let (_, thumb) = &picture.variants[0];
        assert_eq!(thumb.kind, ImageType::WebP);
        let thumb = read(thumb).into_rgba8();
        assert_eq!(thumb.get_pixel(10, 80)[3], 0);
        assert_eq!(thumb.get_pixel(150, 80)[3], 255);
    }
}

#[test]
fn an_opaque_alpha_channel_is_dropped() {
    let opaque = RgbaImage::from_pixel(64, 64, Rgba([9, 99, 199, 255]));
    let picture = process(&file(opaque, ImageFormat::Png), ImageType::Png).unwrap();
    assert!(
        picture
            .variants
            .iter()
            .all(|(_, e)| e.kind == ImageType::Jpeg)
    );
}

#[test]
fn of_an_animation_the_first_frame_is_taken() {
    let mut bytes = Vec::new();
    let frame = |color| Frame::new(RgbaImage::from_pixel(50, 40, Rgba(color)));
    GifEncoder::new(&mut bytes)
        .encode_frames([frame([255, 0, 0, 255]), frame([0, 0, 255, 255])])
        .unwrap();
    let picture = process(&bytes, ImageType::Gif).unwrap();
    assert_eq!(picture.original.kind, ImageType::Png);
    let pixel = *read(&picture.original).into_rgb8().get_pixel(25, 20);
    assert!(pixel[0] > 240 && pixel[2] < 20, "{pixel:?}");
}

#[test]
fn a_wide_gamut_is_converted_to_srgb() {
    let gray_red = RgbImage::from_pixel(32, 32, Rgb([180, 60, 60]));
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let segment = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    let upload = with_segment(&file(gray_red, ImageFormat::Jpeg), 0xE2, &segment);
    let picture = process(&upload, ImageType::Jpeg).unwrap();
    assert_clean(&picture);
    let pixel = *read(&picture.original).into_rgb8().get_pixel(16, 16);
    assert!(
        pixel[0] > 185,
        "red of Display P3 is stronger in sRGB: {pixel:?}"
    );
}

#[test]
fn a_broken_profile_is_passed_over() {
    let upload = with_segment(
        &file(gradient(16, 16), ImageFormat::Jpeg),
        0xE2,
        b"ICC_PROFILE\0\x01\x01nonsense",
    );
    assert!(process(&upload, ImageType::Jpeg).is_ok());
}

#[test]
fn b10_04_text_named_jpg_is_no_picture() {
    let text = b"just words, whatever the name says".repeat(10);
    assert_eq!(
        process(&text, ImageType::Jpeg).unwrap_err(),
        Rejection::NotAnImage
    );
}

#[test]
fn b10_04_another_type_than_declared_is_refused() {
    let png = file(gradient(8, 8), ImageFormat::Png);
    assert_eq!(
        process(&png, ImageType::Jpeg).unwrap_err(),
        Rejection::ContentTypeMismatch
    );
}

#[test]
fn a_truncated_file_is_refused_in_every_format() {
    let webp = {
        let mut bytes = Vec::new();
        WebPEncoder::new_lossless(&mut bytes)
            .encode(
                &gradient(200, 200),
                200,
                200,
                image::ExtendedColorType::Rgb8,
            )
            .unwrap();
        bytes
    };
    for (bytes, kind) in [
        (file(gradient(200, 200), ImageFormat::Jpeg), ImageType::Jpeg),
        (file(gradient(200, 200), ImageFormat::Png), ImageType::Png),
        (file(gradient(200, 200), ImageFormat::Gif), ImageType::Gif),
        (webp, ImageType::WebP),
    ] {
        assert!(process(&bytes, kind).is_ok());
        let verdict = process(&bytes[..bytes.len() / 2], kind).unwrap_err();
        assert!(
            matches!(verdict, Rejection::Truncated | Rejection::Damaged),
            "{kind:?}: {verdict:?}"
        );
    }
}

/// A header that promises 2.5 thousand million pixels in a few bytes.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let plain = file(gradient(1, 1), ImageFormat::Png);
    let header = [
        b"IHDR".as_slice(),
        &width.to_be_bytes(),
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    [
        &plain[..12],
        &header,
        &crc32(&header).to_be_bytes(),
        &plain[33..],
    ]
    .concat()
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    for (width, height) in [(50_000, 50_000), (MAX_SIDE, MAX_SIDE), (1, MAX_SIDE + 1)] {
        assert_eq!(
            process(&bomb(width, height), ImageType::Png).unwrap_err(),
            Rejection::TooManyPixels
        );
    }
}

#[test]
fn too_many_bytes_are_not_even_looked_at() {
    let bytes = vec![0xFF; usize::try_from(MAX_BYTES).unwrap() + 1];
    assert_eq!(
        process(&bytes, ImageType::Jpeg).unwrap_err(),
        Rejection::TooManyBytes
    );
}

#[test]
fn the_same_bytes_give_the_same_picture() {
    let upload = gps_jpeg(8, 90, 70);
    let (a, b) = (
        process(&upload, ImageType::Jpeg).unwrap(),
        process(&upload, ImageType::Jpeg).unwrap(),
    );
    assert_eq!((a.sha256, a.variants), (b.sha256, b.variants));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a client damages, there is a verdict and no panic.
    #[test]
    fn damaged_files_never_panic(
        which in 0usize..4,
        hits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let (format, kind) = [
            (ImageFormat::Jpeg, ImageType::Jpeg),
            (ImageFormat::Png, ImageType::Png),
            (ImageFormat::Gif, ImageType::Gif),
            (ImageFormat::WebP, ImageType::WebP),
        ][which];
        let mut bytes = file(gradient(48, 40), format);
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(picture) = process(&bytes, kind) {
            prop_assert!(picture.original.width <= MAX_SIDE);
            prop_assert_eq!(picture.variants.len(), Preset::ALL.len());
        }
    }

    #[test]
    fn any_shape_gives_every_variant(width in 1u32..400, height in 1u32..400) {
        let picture = process(&file(gradient(width, height), ImageFormat::Png), ImageType::Png).unwrap();
        for (preset, encoded) in &picture.variants {
            prop_assert_eq!((encoded.width, encoded.height), preset.size_for(width, height));
        }
    }
}
