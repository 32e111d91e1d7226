//! Pictures that stand in the HTML itself, as `data:` addresses (RFC 2397): editors paste them so, and so do programs that
//! save a page whole. Nothing behind this reads such an address: each picture gets an address of its own, and what it holds
//! goes the way of all pictures.
//!
//! 1. One that is the source of an element is looked for, in base64. What is no picture, or too small to be one of an
//!    article, stays: it only stands where another will be.
//! 2. In what is pushed it becomes one of the article's images.
//! 3. On a shelf it gets an address that names its page, in which it is found again.

use std::io::Cursor;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageReader;
use memchr::memmem;
use url::Url;

use super::shelf::{self, Held, Shelf, ShelfError};
use crate::base::Digest;

// Step 1.

const BEGIN: &[u8] = b"data:image/";

/// Pixels. As of all pictures of articles; see `pictures`.
const MIN_SIDE: u32 = 32;

/// Pixels, of the longer side. In a page a smaller one is a blur that is shown until the picture comes.
const BLURRED: u32 = 160;

/// In one page.
const MOST: usize = 200;

/// The HTML with other addresses for the pictures that stand in it: as `named` calls each, by its name and bytes. `None` if
/// there are none.
pub(super) fn unpasted(
    html: &[u8],
    named: impl FnMut(String, Vec<u8>) -> String,
) -> Option<Vec<u8>> {
    renamed(html, MIN_SIDE, named)
}

fn renamed(
    html: &[u8],
    least: u32,
    mut named: impl FnMut(String, Vec<u8>) -> String,
) -> Option<Vec<u8>> {
    let (mut unpasted, mut copied) = (Vec::new(), 0);
    for (place, picture) in pasted(html, least) {
        unpasted.extend(html.get(copied..place.start).unwrap_or_default());
        unpasted.extend(named(name(&picture), picture).into_bytes());
        copied = place.end;
    }
    unpasted.extend(html.get(copied..).unwrap_or_default());
    (copied > 0).then_some(unpasted)
}

fn name(picture: &[u8]) -> String {
    let digest = Digest::of(picture).to_string();
    format!("pasted-{}", digest.get(..16).unwrap_or(&digest))
}

/// `least`: pixels of the longer side.
fn pasted(html: &[u8], least: u32) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> {
    let places = memmem::find_iter(html, BEGIN).filter_map(|at| place(html, at));
    let pictures = places.filter_map(move |place| {
        let picture = decoded(html.get(place.clone())?)?;
        is_of_article(&picture, least).then_some((place, picture))
    });
    pictures.take(MOST)
}

/// Where the address that begins there ends, if it is a source.
fn place(html: &[u8], at: usize) -> Option<Range<usize>> {
    let (before, behind) = html.split_at_checked(at)?;
    let (quote, before) = match before.split_last()? {
        (quote @ (b'"' | b'\''), before) => (Some(*quote), before),
        _ => (None, before),
    };
    let name = before.trim_ascii_end().strip_suffix(b"=")?;
    let name = name.trim_ascii_end().last_chunk::<3>()?;
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote,
        None => byte.is_ascii_whitespace() || *byte == b'>',
    };
    let length = behind.iter().position(ends)?;
    name.eq_ignore_ascii_case(b"src").then(|| at..at + length)
}

fn decoded(address: &[u8]) -> Option<Vec<u8>> {
    let comma = memchr::memchr(b',', address)?;
    let (kind, data) = address.split_at_checked(comma)?;
    let kind = str::from_utf8(kind).ok()?.to_ascii_lowercase();
    let data = percent_encoding::percent_decode(data.get(1..)?);
    // Mailers break lines.
    let data: Vec<u8> = data.filter(|byte| !byte.is_ascii_whitespace()).collect();
    kind.ends_with(";base64")
        .then(|| STANDARD.decode(data).ok())?
}

/// One that cannot be read is named as such later.
fn is_of_article(picture: &[u8], least: u32) -> bool {
    let Ok(format) = image::guess_format(picture) else {
        return false;
    };
    let reader = ImageReader::with_format(Cursor::new(picture), format);
    let sides = reader.into_dimensions().ok();
    sides.is_none_or(|(width, height)| width.min(height) >= MIN_SIDE && width.max(height) >= least)
}

// Step 3.

/// A shelf on which such pictures lie beside their pages.
#[derive(Debug)]
pub(super) struct Unpasted<S>(pub S);

impl<S: Shelf> Shelf for Unpasted<S> {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        let Some((page, wanted)) = page_and_name(url) else {
            let held = self.0.read(url)?;
            return Some(held.map(|held| without_pasted(held, url)));
        };
        let picture = self.0.read(&page)?.and_then(|held| {
            let mut pictures = pasted(&held.bytes, BLURRED).map(|(_, picture)| picture);
            let picture = pictures.find(|picture| name(picture) == wanted);
            picture.ok_or(ShelfError::Absent)
        });
        Some(picture.map(Held::of))
    }
}

fn without_pasted(held: Held, page: &Url) -> Held {
    let renamed = renamed(&held.bytes, BLURRED, |name, _| address(&name, page).into());
    match renamed {
        Some(bytes) => Held {
            bytes: bytes.into(),
            ..held
        },
        None => held,
    }
}

const FOLDER: &str = "pasted-pictures";

fn address(name: &str, page: &Url) -> Url {
    let mut url = shelf::address(&format!("{FOLDER}/{name}"));
    url.query_pairs_mut().append_pair("page", page.as_str());
    url
}

/// What such an address says.
fn page_and_name(url: &Url) -> Option<(Url, String)> {
    let path = shelf::path_of(url)?;
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    let (_, page) = url.query_pairs().find(|(key, _)| key == "page")?;
    Some((Url::parse(&page).ok()?, name.to_owned()))
}

#[cfg(test)]
pub(super) mod tests {
    use image::{ImageFormat, RgbImage};

    use super::*;

    pub fn png(side: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_pixel(side, side, image::Rgb([9, 9, 9]));
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    pub fn data(picture: &[u8]) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(picture))
    }

    fn check(html: &str, expected: &str) {
        let mut found = Vec::new();
        let unpasted = unpasted(html.as_bytes(), |_, picture| {
            found.push(picture);
            format!("N{}", found.len())
        });
        let unpasted = unpasted.map_or(html.to_owned(), |html| String::from_utf8(html).unwrap());
        assert_eq!(unpasted, expected);
        assert!(found.iter().all(|picture| *picture == png(64)));
    }

    #[test]
    fn a_picture_in_the_html_gets_an_address() {
        let data = data(&png(64));
        let broken: Vec<String> = (data.as_bytes().chunks(70))
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        check(
            &format!("Ж <img alt=a src=\"{data}\"> b <IMG SRC = '{data}'><img src={data}>"),
            "Ж <img alt=a src=\"N1\"> b <IMG SRC = 'N2'><img src=N3>",
        );
        check(
            &format!("<img src=\"{}\">", broken.join("\n")),
            "<img src=\"N1\">",
        );
        let escaped = data.replace('+', "%2B").replace('=', "%3D");
        check(&format!("<img src='{escaped}'>"), "<img src='N1'>");
    }

    #[test]
    fn what_is_no_picture_of_an_article_stays() {
        let small = data(&png(8));
        let svg = format!("data:image/svg+xml;base64,{}", STANDARD.encode("<svg/>"));
        let whole = data(&png(64));
        for html in [
            format!("<img src=\"{small}\" data-src=/a.jpg>"),
            format!("<img src=\"{svg}\">"),
            format!("<style>p{{background:url(\"{whole}\")}}</style>"),
            format!("<a href=\"{whole}\">a</a>"),
            format!("<img src=\"{whole}"),
            "<img src='data:image/png;base64,§'><img src='data:image/png,x'>data:image/".into(),
        ] {
            check(&html, &html);
        }
    }

    #[test]
    fn what_is_blurred_in_a_page_stands_for_no_picture() {
        let page = Url::parse("http://n.example/a").unwrap();
        let held = |side| format!("<img src='{}' srcset='/a.jpg 900w'>", data(&png(side)));
        let read = |side| without_pasted(Held::of(held(side).into()), &page).bytes;
        assert_eq!(read(64), held(64));
        assert_ne!(read(200), held(200));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_gone_through(parts in proptest::collection::vec("(src=|\"|'|data:image/|png;base64,|iVBORw0KGgo=|R0lGODlhAQABAAAAADs=| |>|%|,){0,9}", 0..20)) {
            let _ = unpasted(parts.concat().as_bytes(), |name, _| name);
        }
    }
}
