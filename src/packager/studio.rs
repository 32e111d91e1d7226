//! From the pictures that an article shows to files beside its page.
//!
//! 1. Get the bytes of each as they are at the source.
//! 2. If they were encoded before, by the same code, the cache has what became of them.
//! 3. If not, encode them, at most so many at a time: an unpacked picture takes much memory.
//! 4. What they became lies in the cache until it is packed; in memory is only where.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::cache::{Cache, Key, Kind, Waiting};
use super::draft::Draft;
use super::extract::{Figure, picture_key};
use super::fetching::{Getter, Terms};
use super::gather::LostPicture;
use super::pictures::{self, Encoded, PictureError, Sizes};
use super::source;
use crate::base::SitePath;
use crate::site::Picture;

/// Where pictures are made.
pub struct Studio<'a> {
    getter: &'a Getter<'a>,
    cache: &'a Arc<Cache>,
    encoders: Arc<Semaphore>,
    most: usize,
}

/// A file of a picture, ready to be laid into an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// In pixels.
    pub width: u32,
    pub height: u32,
    pub webp: Waiting,
}

/// The same picture, full and, if that is heavy, small.
#[derive(Debug, PartialEq, Eq)]
struct FinishedSizes {
    full: Finished,
    small: Option<Finished>,
}

/// The pictures of one article.
#[derive(Default)]
pub struct Shown {
    pub by_address: HashMap<String, Picture>,
    pub files: Vec<(SitePath, Finished)>,
    pub lost: Vec<LostPicture>,
}

impl<'a> Studio<'a> {
    /// Encodes `encoders` pictures at a time, and shows at most `most` in an article.
    pub fn new(
        getter: &'a Getter<'a>,
        cache: &'a Arc<Cache>,
        encoders: usize,
        most: usize,
    ) -> Self {
        Self {
            getter,
            cache,
            encoders: Arc::new(Semaphore::new(encoders.max(1))),
            most,
        }
    }

    pub async fn pictures_of(&self, draft: &Draft, page: &SitePath) -> Shown {
        let mut shown = Shown::default();
        let mut by_key: HashMap<String, Picture> = HashMap::new();
        let figures = draft.read.lead.iter().chain(&draft.read.pictures);
        for figure in figures.take(self.most) {
            let address = figure.src.to_string();
            // The same picture in another size.
            let key = format!(
                "{} {}",
                figure.src.host_str().unwrap_or_default(),
                picture_key(&figure.src)
            );
            if let Some(same) = by_key.get(&key) {
                let same = described(same, figure);
                shown.by_address.entry(address).or_insert(same);
                continue;
            }
            match self.picture(figure, draft).await {
                Ok(finished) => {
                    if let Some((picture, files)) = laid(figure, finished, page, by_key.len() + 1) {
                        by_key.insert(key, picture.clone());
                        shown.by_address.insert(address, picture);
                        shown.files.extend(files);
                    }
                }
                Err(why) => shown.lost.push(LostPicture {
                    article: draft.id.clone(),
                    picture: source::shown(&figure.src).to_owned(),
                    why,
                }),
            }
        }
        shown
    }

    async fn picture(&self, figure: &Figure, draft: &Draft) -> Result<FinishedSizes, String> {
        let bytes = self.original(figure, draft).await?;
        let permit = Arc::clone(&self.encoders).acquire_owned().await;
        let cache = Arc::clone(self.cache);
        let finishing = tokio::task::spawn_blocking(move || {
            let finished = finished(&bytes, &cache);
            drop(permit);
            finished
        });
        let finished = finishing
            .await
            .map_err(|_| "reading it failed; please report this picture")?;
        finished.map_err(|error| error.to_string())
    }

    // Step 1: from what the source holds, or else from the web.
    async fn original(&self, figure: &Figure, draft: &Draft) -> Result<Bytes, String> {
        if let Some(shelf) = draft.shelf.clone() {
            let url = figure.src.clone();
            let read = tokio::task::spawn_blocking(move || shelf.read(&url));
            let read = read.await.map_err(|_| "reading it failed")?;
            if let Some(held) = read {
                return held
                    .map(|held| held.bytes)
                    .map_err(|error| error.to_string());
            }
        }
        let terms = Terms {
            changed: None,
            ..draft.terms
        };
        let got = self.getter.get_on(&figure.src, terms).await;
        got.map(|got| got.bytes).map_err(|error| error.to_string())
    }
}

/// The encoder is told by its code: what another one made is not taken for its work.
const ENCODER: &[u8] = include_bytes!("pictures.rs");

// Steps 2 to 4.
fn finished(bytes: &[u8], cache: &Cache) -> Result<FinishedSizes, PictureError> {
    let key = Key::of(&[ENCODER, bytes]);
    if let Some(entry) = cache.find(Kind::Pictures, key)
        && let Some(finished) = finished_before(&entry, key, cache)
    {
        return Ok(finished);
    }
    let sizes = pictures::encode(bytes)?;
    let kept = cache.keep(Kind::Pictures, key, &entry(&sizes));
    let mut at = 0;
    let mut file = |encoded: Encoded| {
        at += HEAD_BYTES;
        let place = at..at + encoded.webp.len();
        at = place.end;
        Finished {
            width: encoded.width,
            height: encoded.height,
            webp: match kept {
                Ok(()) => waiting(&encoded.webp, place, key, cache),
                Err(_) => Waiting::held(encoded.webp.into()),
            },
        }
    };
    Ok(FinishedSizes {
        full: file(sizes.full),
        small: sizes.small.map(file),
    })
}

/// Of each file of a picture its width, height and length, four bytes each, and then its bytes.
fn entry(sizes: &Sizes) -> Vec<u8> {
    let mut entry = Vec::new();
    for file in [&sizes.full].into_iter().chain(&sizes.small) {
        let length = u32::try_from(file.webp.len()).expect("a picture for the web is no gigabytes");
        for number in [file.width, file.height, length] {
            entry.extend(number.to_le_bytes());
        }
        entry.extend(&file.webp);
    }
    entry
}

const HEAD_BYTES: usize = 12;

fn finished_before(entry: &[u8], key: Key, cache: &Cache) -> Option<FinishedSizes> {
    let (full, rest) = file_before(entry, 0, key, cache)?;
    let at = entry.len() - rest.len();
    let small = match rest {
        [] => None,
        rest => Some(file_before(rest, at, key, cache)?.0),
    };
    Some(FinishedSizes { full, small })
}

/// The file at the beginning of `entry`, which itself lies `at` bytes behind that of the whole one; and what follows.
fn file_before<'a>(
    entry: &'a [u8],
    at: usize,
    key: Key,
    cache: &Cache,
) -> Option<(Finished, &'a [u8])> {
    let (width, rest) = entry.split_first_chunk()?;
    let (height, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (webp, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let begin = at + HEAD_BYTES;
    let finished = Finished {
        width: u32::from_le_bytes(*width),
        height: u32::from_le_bytes(*height),
        webp: waiting(webp, begin..begin + webp.len(), key, cache),
    };
    Some((finished, rest))
}

fn waiting(webp: &[u8], place: Range<usize>, key: Key, cache: &Cache) -> Waiting {
    Waiting::new(webp, cache.lying(Kind::Pictures, key, place))
}

/// A picture beside its page, by its number there: one file or two.
fn laid(
    figure: &Figure,
    FinishedSizes { full, small }: FinishedSizes,
    page: &SitePath,
    number: usize,
) -> Option<(Picture, Vec<(SitePath, Finished)>)> {
    let folder = page.as_str().strip_suffix("index.html")?;
    let path = SitePath::parse(&format!("{folder}{number}.webp")).ok()?;
    let small = small.and_then(|small| Some((Picture::small_place(&path)?, small)));
    let picture = Picture {
        path: path.clone(),
        small: small.as_ref().map(|(path, _)| path.clone()),
        width: full.width,
        height: full.height,
        alt: String::new(),
        caption: None,
    };
    let files = [(path, full)].into_iter().chain(small).collect();
    Some((described(&picture, figure), files))
}

fn described(picture: &Picture, figure: &Figure) -> Picture {
    let alt = if figure.alt.is_empty() {
        figure.caption.clone().unwrap_or_default()
    } else {
        figure.alt.clone()
    };
    Picture {
        alt,
        caption: figure.caption.clone(),
        ..picture.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::io::files;

    use image::ImageFormat;

    use super::super::cache::Work;
    use super::super::cache::tests::cache;
    use super::*;

    fn photo(red: u8) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([red, 30, 30]));
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_encoded_once() {
        let (_folder, cache) = cache();
        let first = finished(&photo(200), &cache).unwrap();
        assert_eq!((first.full.width, first.full.height), (640, 480));
        assert_eq!(finished(&photo(200), &cache).unwrap(), first);
        assert_eq!(cache.work().pictures, 1);
        let other = finished(&photo(10), &cache).unwrap();
        assert_ne!(other.full.webp.digest, first.full.webp.digest);
        assert_eq!(
            cache.work(),
            Work {
                pictures: 2,
                pages: 0
            }
        );
    }

    #[test]
    fn what_waits_is_what_was_encoded() {
        let (_folder, cache) = cache();
        let webp = pictures::encode(&photo(200)).unwrap().full.webp;
        for _ in 0..2 {
            let finished = finished(&photo(200), &cache).unwrap();
            assert_eq!(finished.full.webp.content().unwrap(), webp);
        }
    }

    #[test]
    fn without_room_on_the_disk_a_picture_stays_in_memory() {
        let (folder, cache) = cache();
        files::write(&folder.path().join("cache"), b"a file in the way").unwrap();
        let webp = pictures::encode(&photo(200)).unwrap().full.webp;
        let finished = finished(&photo(200), &cache).unwrap();
        assert_eq!(finished.full.webp.content().unwrap(), webp);
    }

    #[test]
    fn what_is_no_picture_is_refused_every_time() {
        let (_folder, cache) = cache();
        for _ in 0..2 {
            assert!(finished(b"<html>", &cache).is_err());
        }
    }
}
