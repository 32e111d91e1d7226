//! From the pictures that an article shows to files beside its page.
//!
//! 1. Get the bytes of each as they are at the source. What cannot be had at its first address, or not be read, is looked
//!    for at its second.
//! 2. If they were encoded before, by the same code, the cache has what became of them.
//! 3. If not, encode them: at most so many at a time, and fewer if they are large, since an unpacked picture takes much
//!    memory.
//! 4. What they became lies in the cache until it is packed; in memory is only where.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use url::Url;

use super::cache::{Cache, Key};
use super::draft::Draft;
use super::extract::{Extracted, Figure, picture_key};
use super::fetching::{Getter, Terms};
use super::gather::LostPicture;
use super::pictures::{self, Encoded, PictureError, Sizes};
use super::source;
use super::waiting::{Waiting, Whereabouts};
use crate::base::{Digest, SitePath};
use crate::site::Picture;

/// Where pictures are made.
pub struct Studio<'a> {
    getter: &'a Getter<'a>,
    cache: &'a Arc<Cache>,
    encoders: Arc<Semaphore>,
    /// Of memory to unpack pictures in.
    megabytes: Arc<Semaphore>,
    most: usize,
}

/// For all that are unpacked at a time. A larger one is unpacked alone.
const MEGABYTES: u32 = 96;

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
            megabytes: Arc::new(Semaphore::new(MEGABYTES as usize)),
            most,
        }
    }

    pub async fn pictures_of(&self, draft: &Draft, read: &Extracted, page: &SitePath) -> Shown {
        let mut shown = Shown::default();
        let mut laid_out = LaidOut::default();
        let figures = || read.lead.iter().chain(&read.pictures);
        for figure in figures().take(self.most) {
            let address = figure.src.to_string();
            if let Some(same) = laid_out.same(figure) {
                let same = described(same, figure);
                shown.by_address.entry(address).or_insert(same);
                continue;
            }
            let spare = figure.spare.as_ref();
            let spare = spare.filter(|spare| !is_shared(spare, figure, figures()));
            match self.picture(&figure.src, spare, draft).await {
                Ok(finished) => {
                    if let Some((picture, files)) = laid(figure, finished, page, laid_out.number())
                    {
                        laid_out.take(figure, picture.clone());
                        shown.by_address.insert(address, picture);
                        shown.files.extend(files);
                    }
                }
                Err(mut why) => {
                    let mut picture = source::shown(&figure.src);
                    draft.withheld().removed(&mut picture);
                    draft.withheld().removed(&mut why);
                    shown.lost.push(LostPicture {
                        article: draft.id.clone(),
                        picture,
                        why,
                    });
                }
            }
        }
        shown
    }

    async fn picture(
        &self,
        src: &Url,
        spare: Option<&Url>,
        draft: &Draft,
    ) -> Result<FinishedSizes, String> {
        let first = self.picture_at(src, draft).await;
        match (first, spare) {
            (Err(why), Some(spare)) => {
                let second = self.picture_at(spare, draft).await;
                second.map_err(|_| why)
            }
            (first, _) => first,
        }
    }

    async fn picture_at(&self, url: &Url, draft: &Draft) -> Result<FinishedSizes, String> {
        let bytes = self.original(url, draft).await?;
        let (key, found) = self.apart(bytes.clone(), known).await?;
        if let Some(found) = found {
            return Ok(found);
        }
        let megabytes = u32::try_from(pictures::claim(&bytes) >> 20).unwrap_or(MEGABYTES);
        let megabytes = megabytes.clamp(1, MEGABYTES);
        let room = Arc::clone(&self.megabytes).acquire_many_owned(megabytes);
        let permits = (Arc::clone(&self.encoders).acquire_owned().await, room.await);
        let making = self.apart(bytes, move |bytes, cache| {
            let made = made(key, bytes, cache);
            drop(permits);
            made
        });
        making.await?.map_err(|error| error.to_string())
    }

    /// On a thread that may take its time.
    async fn apart<T: Send + 'static>(
        &self,
        bytes: Bytes,
        work: impl FnOnce(&[u8], &Cache) -> T + Send + 'static,
    ) -> Result<T, String> {
        let cache = Arc::clone(self.cache);
        let done = tokio::task::spawn_blocking(move || work(&bytes, &cache)).await;
        done.map_err(|_| "reading it failed; please report this picture".to_owned())
    }

    // Step 1: from what the source holds, or else from the web.
    async fn original(&self, url: &Url, draft: &Draft) -> Result<Bytes, String> {
        if let Some(shelf) = draft.shelf.clone() {
            let url = url.clone();
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
        let got = self.getter.get_on(url, terms).await;
        let got = got.or_else(|error| {
            // Readers who have it shall not lose it since its host fails today.
            let kept = error.is_passing().then(|| self.getter.kept(url, terms));
            kept.flatten().ok_or(error)
        });
        got.map(|got| got.bytes).map_err(|error| error.to_string())
    }
}

/// What was laid beside a page already, so that no picture lies there in two sizes.
#[derive(Default)]
struct LaidOut(Vec<(Url, Picture)>);

impl LaidOut {
    /// Of the next.
    fn number(&self) -> usize {
        self.0.len() + 1
    }

    fn take(&mut self, figure: &Figure, picture: Picture) {
        self.0.push((figure.src.clone(), picture));
    }

    /// Beware: a man's photo must not stand above another's name. So one of the same name that lies elsewhere is another
    /// picture, and so is one of which something else is said.
    fn same(&self, figure: &Figure) -> Option<&Picture> {
        let is_same = |(src, picture): &&(Url, Picture)| {
            let captions = picture.caption.as_ref().zip(figure.caption.as_ref());
            let is_said = captions.is_none_or(|(one, other)| one == other);
            *src == figure.src || (is_said && is_size(src, &figure.src))
        };
        self.0.iter().find(is_same).map(|(_, picture)| picture)
    }
}

/// Whether one is the other in another size, by its name.
fn is_size(one: &Url, other: &Url) -> bool {
    let (folder, name) = one.path().rsplit_once('/').unwrap_or_default();
    let (other_folder, _) = other.path().rsplit_once('/').unwrap_or_default();
    if one.host_str() != other.host_str() || folder != other_folder {
        return false;
    }
    let key = picture_key(one);
    // Where all of the name could be a size, the folder was asked.
    let first = key.split('-').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    // A script gives another picture for every question.
    let endings = [".jpg", ".jpeg", ".png", ".webp", ".gif"];
    let is_file = endings.iter().any(|ending| name.ends_with(ending));
    name.contains(first) && (is_file || one.query() == other.query()) && key == picture_key(other)
}

/// Whether several pictures name this: then it is none of them, but stands where they will be.
fn is_shared<'f>(spare: &Url, of: &Figure, all: impl Iterator<Item = &'f Figure>) -> bool {
    let mut others = all.filter(|other| other.src != of.src);
    others.any(|other| other.spare.as_ref() == Some(spare))
}

/// The encoder is told by its code: what another one made is not taken for its work.
const ENCODER: &[u8] = include_bytes!("pictures.rs");

// Step 2.
fn known(bytes: &[u8], cache: &Cache) -> (Key, Option<FinishedSizes>) {
    let key = Key::of(&[ENCODER, bytes]);
    let head = cache.find_picture(key, Head::rest);
    let found = head.map(|head| Head::read(&head).finished(key, cache));
    (key, found)
}

// Steps 3 and 4.
fn made(key: Key, bytes: &[u8], cache: &Cache) -> Result<FinishedSizes, PictureError> {
    let sizes = pictures::encode(bytes)?;
    let head = Head::of(&sizes);
    let all = [&sizes.full].into_iter().chain(&sizes.small);
    let rest: Vec<u8> = all.flat_map(|file| &file.webp).copied().collect();
    match cache.keep_picture(key, &head.written(), &rest) {
        Ok(()) => Ok(head.finished(key, cache)),
        Err(_) => Ok(FinishedSizes {
            full: held(sizes.full),
            small: sizes.small.map(held),
        }),
    }
}

fn held(encoded: Encoded) -> Finished {
    Finished {
        width: encoded.width,
        height: encoded.height,
        webp: Waiting::held(encoded.webp.into()),
    }
}

/// Of the files of a picture, by what the cache holds at its head.
pub(super) fn digests_in(head: &[u8]) -> Vec<Digest> {
    let head = head.first_chunk().map(Head::read);
    let facts = head.into_iter().flat_map(|Head(facts)| facts).flatten();
    facts.map(|facts| facts.digest).collect()
}

/// What is known of the files of a picture without a look into them: the full one, and the small one if there is one.
struct Head([Option<Facts>; 2]);

struct Facts {
    width: u32,
    height: u32,
    length: u32,
    digest: Digest,
}

/// Width, height and length of a file, four bytes each, and its digest; zeros if there is none.
const FACTS_BYTES: usize = 44;
pub(super) const HEAD_BYTES: usize = 2 * FACTS_BYTES;

impl Head {
    fn of(sizes: &Sizes) -> Self {
        let facts = |file: &Encoded| Facts {
            width: file.width,
            height: file.height,
            length: u32::try_from(file.webp.len()).expect("a picture for the web is no gigabytes"),
            digest: Digest::of(&file.webp),
        };
        Self([Some(facts(&sizes.full)), sizes.small.as_ref().map(facts)])
    }

    fn written(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        for facts in self.0.iter().flatten() {
            for number in [facts.width, facts.height, facts.length] {
                head.extend(number.to_le_bytes());
            }
            head.extend(facts.digest.as_bytes());
        }
        head.resize(HEAD_BYTES, 0);
        head
    }

    fn read(head: &[u8; HEAD_BYTES]) -> Self {
        let (full, small) = head.split_at(FACTS_BYTES);
        Self([Facts::read(full), Facts::read(small)])
    }

    /// How many bytes must lie behind it. No file is so long that one without a full size would be found.
    fn rest(head: &[u8; HEAD_BYTES]) -> u64 {
        let length = |facts: &Option<Facts>| facts.as_ref().map(|facts| u64::from(facts.length));
        let [full, small] = Self::read(head).0.each_ref().map(length);
        full.map_or(u64::MAX, |full| full + small.unwrap_or_default())
    }

    fn finished(self, key: Key, cache: &Cache) -> FinishedSizes {
        let mut behind = HEAD_BYTES as u64;
        let mut file = |facts: Facts| {
            let whereabouts = cache.lying(key, behind, facts.length.into());
            behind += u64::from(facts.length);
            facts.finished(whereabouts)
        };
        let [full, small] = self.0.map(|facts| facts.map(&mut file));
        let full = full.expect("every picture has a full size");
        FinishedSizes { full, small }
    }
}

impl Facts {
    fn read(written: &[u8]) -> Option<Self> {
        let (width, rest) = written.split_first_chunk()?;
        let (height, rest) = rest.split_first_chunk()?;
        let (length, digest) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length);
        (length > 0).then_some(Self {
            width: u32::from_le_bytes(*width),
            height: u32::from_le_bytes(*height),
            length,
            digest: Digest::from(<[u8; 32]>::try_from(digest).ok()?),
        })
    }

    fn finished(self, whereabouts: Whereabouts) -> Finished {
        Finished {
            width: self.width,
            height: self.height,
            webp: Waiting::known(self.length.into(), self.digest, whereabouts),
        }
    }
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
    Picture {
        alt: figure.alt().to_owned(),
        caption: figure.caption.clone(),
        ..picture.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::io::files;

    use image::ImageFormat;

    use super::super::cache::tests::cache;
    use super::*;

    fn finished(bytes: &[u8], cache: &Cache) -> Result<FinishedSizes, PictureError> {
        match known(bytes, cache) {
            (_, Some(found)) => Ok(found),
            (key, None) => made(key, bytes, cache),
        }
    }

    fn photo(red: u8) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([red, 30, 30]));
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// Heavy enough to have a small companion.
    fn noise() -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut state = 1u32;
        let picture = image::RgbImage::from_fn(640, 480, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [red, green, blue, _] = state.to_be_bytes();
            image::Rgb([red, green, blue])
        });
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_of_one_name_in_several_folders_are_several() {
        let figure = |address: &str, caption: Option<&str>| Figure {
            src: Url::parse("https://n.example/")
                .unwrap()
                .join(address)
                .unwrap(),
            spare: None,
            alt: String::new(),
            caption: caption.map(str::to_owned),
            linked: None,
        };
        let path = SitePath::parse("be/2026/11/a/1.webp").unwrap();
        let mut laid_out = LaidOut::default();
        let first = figure("ivanov/photo.jpg", Some("Ivanov"));
        let picture = Picture {
            path,
            small: None,
            width: 640,
            height: 480,
            alt: String::new(),
            caption: first.caption.clone(),
        };
        laid_out.take(&first, picture.clone());
        laid_out.take(&figure("photo.php?of=ivanov", None), picture.clone());
        laid_out.take(&figure("2026-11-20/p100.jpg", None), picture);
        for (address, caption, expected) in [
            ("ivanov/photo.jpg", Some("Both"), true),
            ("ivanov/photo-800x600.jpg", None, true),
            ("ivanov/photo-800x600.jpg", Some("Ivanov"), true),
            ("ivanov/photo-800x600.jpg", Some("Petrov"), false),
            ("petrov/photo.jpg", None, false),
            ("petrov/photo.jpg", Some("Petrov"), false),
            ("2026-11-20/p101.jpg", None, false),
            ("photo.php?of=petrov", None, false),
            ("https://o.example/ivanov/photo.jpg", None, false),
        ] {
            let found = laid_out.same(&figure(address, caption)).is_some();
            assert_eq!(found, expected, "{address} {caption:?}");
        }
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
        assert_eq!(cache.work().pictures, 2);
    }

    #[track_caller]
    fn check(made: &FinishedSizes, sizes: &Sizes) {
        assert_eq!(made.full.webp.content().unwrap(), sizes.full.webp);
        let small = made
            .small
            .as_ref()
            .map(|small| small.webp.content().unwrap());
        assert_eq!(
            small.as_deref(),
            sizes.small.as_ref().map(|small| &*small.webp)
        );
    }

    #[test]
    fn what_waits_is_what_was_encoded() {
        let (_folder, cache) = cache();
        for (photo, sizes) in [(photo(200), 1), (noise(), 2)] {
            let encoded = pictures::encode(&photo).unwrap();
            assert_eq!(1 + usize::from(encoded.small.is_some()), sizes);
            for _ in 0..2 {
                check(&finished(&photo, &cache).unwrap(), &encoded);
            }
        }
    }

    #[test]
    fn without_room_on_the_disk_a_picture_stays_in_memory() {
        let (folder, cache) = cache();
        files::write(&folder.path().join("cache"), b"a file in the way").unwrap();
        let encoded = pictures::encode(&noise()).unwrap();
        check(&finished(&noise(), &cache).unwrap(), &encoded);
    }

    #[test]
    fn what_is_no_picture_is_refused_every_time() {
        let (_folder, cache) = cache();
        for _ in 0..2 {
            assert!(finished(b"<html>", &cache).is_err());
        }
    }
}
