//! A picture of the newsroom's becomes a light WebP that says nothing about camera, place or editor.
//!
//! 1. What the bytes are is read from the bytes; what the address or the server says about them does not count.
//! 2. The size it claims is checked before a pixel is unpacked, so that a small file cannot ask for much memory.
//! 3. It is unpacked, turned the way its EXIF says, made at most [`MAX_WIDTH`] wide, and encoded anew from the bare
//!    pixels, on paper where they let something through: no EXIF, GPS, thumbnail or comment can come along.
//! 4. What is still heavier than [`SMALL_BYTES`] gets a small companion that is not, which is what pages show first.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Pixel, Rgb, RgbImage};

use super::jpeg;
use crate::base::LIMITS;
use crate::site::Logo;

/// Pixels. Wider ones gain nothing in an article's column.
pub const MAX_WIDTH: u32 = 1200;

/// Pixels. WebP ends at 16383; a taller strip of a picture is an infographic that is shrunk.
const MAX_HEIGHT: u32 = 8000;

/// Narrower or lower ones are counters, rules and icons.
const MIN_SIDE: u32 = 32;

/// Of 100, by libwebp's scale.
const QUALITY: f32 = 72.0;

/// A small picture is no heavier. Some networks let a connection starve after about 15 KB.
pub const SMALL_BYTES: usize = 10_000;

/// How small pictures are tried, the best first: sides of the square that it must fit in, and quality. The last is a
/// stamp that nothing on earth makes heavier than [`SMALL_BYTES`].
const SMALL_TRIES: &[(u32, f32)] = &[
    (560, 60.0),
    (520, 45.0),
    (480, 35.0),
    (440, 25.0),
    (360, 20.0),
    (240, 15.0),
    (120, 10.0),
];

/// A picture ready to be laid into an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    pub full: Encoded,
    /// At most [`SMALL_BYTES`]; `None` if the full one is no heavier than that.
    pub small: Option<Encoded>,
}

/// One file of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub webp: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// With its kind, as far as it can be told.
    #[error("it is {0}; JPEG, PNG, GIF, WebP can be read")]
    Unknown(&'static str),
    #[error("it claims {width} x {height} pixels")]
    TooManyPixels { width: u32, height: u32 },
    #[error(
        "its {width} x {height} pixels come in passes, which take {megabytes} MB to unpack; a smaller or a baseline JPEG can be read"
    )]
    InPasses {
        width: u32,
        height: u32,
        megabytes: u64,
    },
    #[error("it is too small to be part of an article ({width} x {height} pixels)")]
    TooSmall { width: u32, height: u32 },
    #[error("it moves")]
    Animated,
    #[error("it is broken: {0}")]
    Broken(String),
}

/// About how much memory it takes to unpack this, in bytes; nothing if it will be refused at once.
pub fn claim(bytes: &[u8]) -> u64 {
    let decoder = kind_of(bytes).and_then(|format| Ok((format, decoder(bytes, format)?)));
    decoder.map_or(0, |(format, decoder)| memory(&decoder, bytes, format))
}

fn memory(decoder: &impl ImageDecoder, bytes: &[u8], format: ImageFormat) -> u64 {
    let held = match format {
        ImageFormat::Jpeg => jpeg::coefficient_bytes(bytes),
        _ => 0,
    };
    decoder.total_bytes().saturating_add(held)
}

/// Bytes as they came → WebP. Takes some 50 ms of CPU for a large photo.
pub fn encode(bytes: &[u8]) -> Result<Sizes, PictureError> {
    let format = kind_of(bytes)?;
    if is_animated(bytes, format) {
        return Err(PictureError::Animated);
    }
    let (picture, orientation) = unpack(bytes, format)?;
    let mut picture = shrink(picture);
    picture.apply_orientation(orientation);
    let picture = on_paper(picture);
    let full = pack(&picture, QUALITY);
    let small = (full.webp.len() > SMALL_BYTES).then(|| small(picture));
    Ok(Sizes { full, small })
}

/// How logos are tried, the best first: the widest and highest in pixels, and quality.
const LOGO_TRIES: &[(u32, u32, f32)] = &[
    (640, 192, 90.0),
    (640, 192, 60.0),
    (420, 128, 60.0),
    (320, 96, 40.0),
    (160, 48, 20.0),
];

/// A logo, at most [`SMALL_BYTES`] of WebP.
pub fn logo(bytes: &[u8]) -> Result<Logo, PictureError> {
    let format = kind_of(bytes)?;
    let (mut picture, _) = unpack(bytes, format)?;
    let mut packed = None;
    for (width, height, quality) in LOGO_TRIES {
        if picture.width() > *width || picture.height() > *height {
            picture = picture.resize(*width, *height, image::imageops::FilterType::CatmullRom);
        }
        let tried = packed.insert(pack(&picture, *quality));
        if tried.webp.len() <= SMALL_BYTES {
            break;
        }
    }
    let Encoded {
        webp,
        width,
        height,
    } = packed.expect("there are tries");
    Ok(Logo {
        width,
        height,
        webp,
    })
}

fn kind_of(bytes: &[u8]) -> Result<ImageFormat, PictureError> {
    let known = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ];
    let format = image::guess_format(bytes).ok();
    let format = format.filter(|format| known.contains(format));
    format.ok_or_else(|| PictureError::Unknown(kind_named(bytes)))
}

/// What it is instead, so that its newsroom knows what to send.
fn kind_named(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    match (head, head.get(4..12)) {
        (_, Some(b"ftypavif" | b"ftypavis")) => "an AVIF",
        (_, Some(b"ftypheic" | b"ftypheix" | b"ftypmif1")) => "a HEIC",
        ([b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..], _) => "a TIFF",
        ([b'B', b'M', ..], _) => "a BMP",
        ([b'%', b'P', b'D', b'F', ..], _) => "a PDF",
        _ if text.contains("<svg") => "an SVG, which is a program rather than a picture",
        _ => "no picture",
    }
}

/// Behind which no kind shows itself.
const HEAD_BYTES: usize = 1_000;

/// A moving picture is mostly an advertisement, and its first frame mostly empty.
fn is_animated(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Gif => frames_of_gif(bytes) > 1,
        // RIFF header, `VP8X` chunk header, flags: bit 1 is the animation bit (RFC 9649 section 2.7.1.1).
        ImageFormat::WebP => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
        }
        // `acTL` must stand before the first `IDAT` (APNG specification).
        ImageFormat::Png => bytes
            .windows(4)
            .take_while(|w| *w != b"IDAT")
            .any(|w| w == b"acTL"),
        _ => false,
    }
}

/// Counted by the graphic control blocks that begin frames; at most two are looked for.
fn frames_of_gif(bytes: &[u8]) -> usize {
    let begins = |w: &&[u8]| matches!(w, [0x21, 0xf9, 0x04, _, _, _, _, 0x00, 0x2c]);
    bytes.windows(9).filter(begins).take(2).count()
}

fn unpack(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), PictureError> {
    let mut decoder = decoder(bytes, format)?;
    let (width, height) = decoder.dimensions();
    let is_many = u64::from(width) * u64::from(height) > LIMITS.picture_pixels;
    if is_many || decoder.total_bytes() > MOST_BYTES {
        return Err(PictureError::TooManyPixels { width, height });
    }
    let bytes = memory(&decoder, bytes, format);
    if bytes > MOST_BYTES {
        return Err(PictureError::InPasses {
            width,
            height,
            megabytes: bytes / 1_000_000,
        });
    }
    if width < MIN_SIDE || height < MIN_SIDE {
        return Err(PictureError::TooSmall { width, height });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok((picture, orientation))
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    reader.into_decoder().map_err(broken)
}

/// Of a picture while it is unpacked: four a pixel, so that of those with 16 bits a channel only half as many pixels can
/// be read. Of progressive JPEGs, whose passes are all held, the largest have some 33 million pixels, or 22 million where
/// colours are as fine as light.
const MOST_BYTES: u64 = LIMITS.picture_pixels * 4;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    limits
}

fn broken(error: image::ImageError) -> PictureError {
    PictureError::Broken(error.to_string().chars().take(120).collect())
}

fn shrink(picture: DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    if width <= MAX_WIDTH && height <= MAX_HEIGHT {
        return picture;
    }
    // A box average over a large photo is as good as Lanczos to the eye and several times faster.
    if width >= MAX_WIDTH * 2 && height <= MAX_HEIGHT {
        return picture.thumbnail(MAX_WIDTH, MAX_HEIGHT);
    }
    picture.resize(
        MAX_WIDTH,
        MAX_HEIGHT,
        image::imageops::FilterType::CatmullRom,
    )
}

/// As `--paper` in the style of pages by day.
const PAPER: Rgb<u8> = Rgb([0xfc, 0xfa, 0xf6]);

/// Black lines on nothing would be lost on a page by night.
fn on_paper(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let pixels = picture.into_rgba8();
    let laid = RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let mut paper = PAPER.to_rgba();
        paper.blend(pixels.get_pixel(x, y));
        paper.to_rgb()
    });
    laid.into()
}

/// Each try begins at the one before, which is smaller to read and good enough.
fn small(mut picture: DynamicImage) -> Encoded {
    let mut packed = None;
    for (side, quality) in SMALL_TRIES {
        if picture.width().max(picture.height()) > *side {
            picture = picture.thumbnail(*side, *side);
        }
        let tried = packed.insert(pack(&picture, *quality));
        if tried.webp.len() <= SMALL_BYTES {
            break;
        }
    }
    packed.expect("there are tries")
}

fn pack(picture: &DynamicImage, quality: f32) -> Encoded {
    let (width, height) = (picture.width(), picture.height());
    // Most are of these two kinds already, and need no copy.
    let webp = match picture {
        DynamicImage::ImageRgb8(pixels) => webp::Encoder::from_rgb(pixels, width, height),
        DynamicImage::ImageRgba8(pixels) => webp::Encoder::from_rgba(pixels, width, height),
        _ if picture.color().has_alpha() => return pack(&picture.to_rgba8().into(), quality),
        _ => return pack(&picture.to_rgb8().into(), quality),
    };
    Encoded {
        webp: webp.encode(quality).to_vec(),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_fn(width, height, |x, y| {
            let byte = |n: u32| u8::try_from(n % 256).unwrap();
            Rgb([byte(x), byte(y), byte(x * y / 7)])
        })
        .into()
    }

    fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// What a camera notes (TIFF, one entry: orientation), with a place behind it.
    fn noted(orientation: u8) -> Vec<u8> {
        let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        exif.extend(b"GPS 53.9,27.56");
        exif
    }

    /// The picture with a note where its format has a place for one.
    fn with_exif(picture: &[u8], format: ImageFormat, orientation: u8) -> Vec<u8> {
        let exif = noted(orientation);
        match format {
            // Behind the first marker.
            ImageFormat::Jpeg => {
                let exif = [b"Exif\0\0", &exif[..]].concat();
                let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
                let (start, rest) = picture.split_at(2);
                [start, &[0xff, 0xe1], &length, &exif, rest].concat()
            }
            // Behind the header of 8 + 25 bytes: `eXIf`, and a text.
            ImageFormat::Png => {
                let (start, rest) = picture.split_at(33);
                let chunk = |kind: &[u8], content: &[u8]| {
                    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
                    let body = [kind, content].concat();
                    [&length[..], &body, &crc32(&body).to_be_bytes()].concat()
                };
                let text = chunk(b"tEXt", b"Author\0GPS of Alena");
                [start, &chunk(b"eXIf", &exif), &text, rest].concat()
            }
            // The extended form (RFC 9649 section 2.7): flags and size, the picture, then `EXIF`.
            ImageFormat::WebP => {
                let image = picture.get(12..).unwrap();
                let mut body = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0".to_vec();
                for side in [639u32, 479] {
                    body.extend(&side.to_le_bytes()[..3]);
                }
                body.extend(image);
                body.extend(b"EXIF");
                body.extend(u32::try_from(exif.len()).unwrap().to_le_bytes());
                body.extend(&exif);
                body.resize(body.len().next_multiple_of(2), 0);
                let whole = u32::try_from(body.len()).unwrap().to_le_bytes();
                [b"RIFF", &whole[..], &body].concat()
            }
            // A comment before the trailer.
            _ => {
                let (rest, trailer) = picture.split_at(picture.len() - 1);
                let comment = [
                    &[0x21, 0xfe, u8::try_from(exif.len()).unwrap()],
                    &exif[..],
                    &[0],
                ];
                [rest, &comment.concat(), trailer].concat()
            }
        }
    }

    const READ: [ImageFormat; 4] = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ];

    #[test]
    fn wide_pictures_are_made_narrow() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            for width in [1300, 2600] {
                let encoded = encode(&written(&photo(width, 650), format)).unwrap().full;
                assert_eq!(encoded.width, MAX_WIDTH);
                assert_eq!(encoded.height, 650 * MAX_WIDTH / width);
                assert_eq!(kind_of(&encoded.webp), Ok(ImageFormat::WebP));
            }
        }
    }

    #[test]
    fn what_the_camera_noted_is_gone() {
        for format in READ {
            let picture = with_exif(&written(&photo(640, 480), format), format, 6);
            let holds = |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|w| w == words);
            assert!(holds(&picture, b"GPS"));
            let Sizes { full, small } = encode(&picture).unwrap();
            let turned = match format {
                // It has no place for a turn.
                ImageFormat::Gif => (640, 480),
                _ => (480, 640),
            };
            assert_eq!((full.width, full.height), turned, "{format:?}");
            for file in [&full].into_iter().chain(&small) {
                for words in [&b"GPS"[..], b"EXIF", b"Exif", b"Alena", b"XMP", b"ICCP"] {
                    assert!(!holds(&file.webp, words), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn a_heavy_picture_has_a_light_companion() {
        // Noise is the heaviest there is.
        let noise = |width, height| -> DynamicImage {
            let mut state = 1u32;
            RgbImage::from_fn(width, height, |_, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [a, b, c, _] = state.to_be_bytes();
                Rgb([a, b, c])
            })
            .into()
        };
        for picture in [photo(1300, 860), noise(320, 214), noise(90, 1000)] {
            let Sizes { full, small } = encode(&written(&picture, ImageFormat::Png)).unwrap();
            let small = small.expect("the full one is heavy");
            assert!(full.webp.len() > SMALL_BYTES && small.webp.len() <= SMALL_BYTES);
            let lies = full.width > full.height;
            assert_eq!(small.width > small.height, lies, "the same shape");
        }
        let light = encode(&written(&photo(64, 64), ImageFormat::Png)).unwrap();
        assert_eq!(light.small, None);
    }

    #[test]
    fn what_shines_through_a_picture_is_paper() {
        let chart = image::RgbaImage::from_fn(64, 64, |x, _| match x {
            ..32 => image::Rgba([0, 0, 0, 255]),
            _ => image::Rgba([0; 4]),
        });
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let encoded = encode(&written(&chart.clone().into(), format)).unwrap();
            let shown = image::load_from_memory(&encoded.full.webp).unwrap();
            assert!(!shown.color().has_alpha());
            let at = |x| shown.to_rgb8().get_pixel(x, 32).0;
            assert!(at(8).iter().all(|light| *light < 12), "{:?}", at(8));
            assert!(at(56).iter().all(|light| *light > 240), "{:?}", at(56));
        }
    }

    #[test]
    fn a_logo_is_small() {
        let logo = logo(&written(&photo(3000, 900), ImageFormat::Png)).unwrap();
        assert!(logo.width <= 640 && logo.height <= 192 && logo.webp.len() <= SMALL_BYTES);
        assert_eq!(logo.width / logo.height, 3);
    }

    /// The picture with another size in its header.
    fn claiming(format: ImageFormat, width: u16, height: u16) -> Vec<u8> {
        let mut bomb = written(&photo(64, 64), format);
        let found = |bytes: &[u8], words: &[u8]| {
            let mut windows = bytes.windows(words.len());
            windows.position(|window| window == words).unwrap()
        };
        match format {
            ImageFormat::Jpeg => {
                let at = found(&bomb, &[0xff, 0xc0]) + 5;
                bomb[at..at + 2].copy_from_slice(&height.to_be_bytes());
                bomb[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
            }
            ImageFormat::Png => {
                bomb[16..20].copy_from_slice(&u32::from(width).to_be_bytes());
                bomb[20..24].copy_from_slice(&u32::from(height).to_be_bytes());
                let crc = crc32(&bomb[12..29]);
                bomb[29..33].copy_from_slice(&crc.to_be_bytes());
            }
            ImageFormat::Gif => {
                bomb[6..8].copy_from_slice(&width.to_le_bytes());
                bomb[8..10].copy_from_slice(&height.to_le_bytes());
            }
            // 14 bits each, less one, behind the signature of the lossless form (RFC 9649 section 3.4).
            _ => {
                let at = found(&bomb, b"VP8L") + 9;
                let size = u32::from(width - 1) | u32::from(height - 1) << 14;
                bomb[at..at + 4].copy_from_slice(&size.to_le_bytes());
            }
        }
        bomb
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        for format in READ {
            let (width, height) = match format {
                ImageFormat::WebP => (16_000, 16_000),
                _ => (60_000, 60_000),
            };
            let refused = encode(&claiming(format, width, height)).unwrap_err();
            let is_named = refused.to_string().contains(&width.to_string());
            let is_broken = matches!(refused, PictureError::Broken(_));
            assert!(is_named || is_broken, "{format:?}: {refused}");
            assert!(
                claim(&claiming(format, 5_000, 5_000)) >= 75_000_000,
                "{format:?}"
            );
        }
        assert_eq!(claim(b"<html>"), 0);
    }

    #[test]
    fn a_picture_in_passes_is_refused_where_they_would_fill_the_memory() {
        let check = |marker, size: (u16, u16), sampled, expected| {
            let jpeg = jpeg::tests::headers(marker, size, sampled, 3);
            let pixels = u64::from(size.0) * u64::from(size.1);
            assert!(claim(&jpeg) >= pixels * 3, "{size:?}");
            assert_eq!(claim(&jpeg) > MOST_BYTES, expected, "{size:?}");
            if expected {
                let refused = encode(&jpeg).unwrap_err();
                assert!(matches!(refused, PictureError::InPasses { .. }));
                assert!(refused.to_string().contains(&size.0.to_string()));
            }
        };
        let (fine, usual): (&[u8], &[u8]) = (&[0x11, 0x11, 0x11], &[0x22, 0x11, 0x11]);
        check(0xc2, (8_600, 5_700), usual, true);
        check(0xc2, (6_000, 4_000), fine, true);
        check(0xc2, (6_000, 4_000), usual, false);
        check(0xc0, (8_600, 5_700), usual, false);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn what_is_no_picture_that_can_be_read_is_refused_and_named() {
        let check = |bytes: &[u8], named: &str| {
            let refused = encode(bytes).unwrap_err();
            assert_eq!(refused, PictureError::Unknown(kind_named(bytes)));
            assert!(refused.to_string().contains(named), "{refused}");
            assert!(refused.to_string().contains("JPEG, PNG, GIF, WebP"));
        };
        check(b"", "no picture");
        check(b"<html><body>404", "no picture");
        check(
            b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "SVG",
        );
        check(b"\xef\xbb\xbf <SVG onload=alert(1)>", "SVG");
        check(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF");
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC");
        check(b"II*\0\x08\0\0\0", "TIFF");
        check(b"MM\0*\0\0\0\x08", "TIFF");
        check(b"BM\x00\x00\x00\x00", "BMP");
        check(b"%PDF-1.7", "PDF");
        check(b"\0\0\x01\0\x01\0", "no picture");
    }

    #[test]
    fn counters_and_broken_ones_are_refused() {
        let pixel = written(&photo(1, 1), ImageFormat::Png);
        assert!(matches!(encode(&pixel), Err(PictureError::TooSmall { .. })));
        let mut cut = written(&photo(640, 480), ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        assert!(matches!(encode(&cut), Err(PictureError::Broken(_))));
    }

    #[test]
    fn moving_ones_are_refused() {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        let frame = || image::Frame::new(photo(64, 64).to_rgba8());
        encoder.encode_frames([frame(), frame()]).unwrap();
        drop(encoder);
        assert_eq!(encode(&bytes).err(), Some(PictureError::Animated));
        assert!(encode(&written(&photo(64, 64), ImageFormat::Gif)).is_ok());
    }

    #[test]
    fn flipped_bits_never_panic() {
        for format in READ {
            let good = written(&photo(48, 40), format);
            for place in (0..good.len()).step_by(11) {
                let mut bad = good.clone();
                bad[place] ^= 0x55;
                let _ = encode(&bad);
            }
        }
    }
}
