//! What was worked out before: `NEWSROOM/cache/SHELF/xy/KEY`. Who deletes it loses time and nothing else.
//!
//! 1. The key of an entry is the digest of the code that worked it out and of all that it was worked out of.
//! 2. An entry begins with the digest of its key and of the rest: what a disk has damaged, a power cut has torn, or
//!    somebody has put in another's place is not found. Of pictures, which are large and mostly not needed again, it is
//!    that of their heads, which name the digests of the rest.
//! 3. One that cannot be written is left out.
//! 4. An entry that was not found for [`FORGOTTEN`] goes, and beyond [`MOST_BYTES`] those not found for the longest
//!    time. When it was last found, to a day, is the time of its file.
//!
//! It is swept once a day.
//!
//! It is trusted as little as any file on a disk: what comes out of it goes the same way as if it had just been made.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::waiting::Whereabouts;
use crate::base::{Digest, DigestError, Hasher, LIMITS};
use crate::io::files::{self, FileError};

const FORGOTTEN: SignedDuration = SignedDuration::from_hours(30 * 24);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_BYTES: u64 = 8 << 30;

/// Of one entry.
const ENTRY_BYTES: u64 = 2 * LIMITS.member_bytes;

/// The digest before the content.
const SEAL_BYTES: usize = 32;

/// See the module.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    now: Timestamp,
    made: [AtomicUsize; KINDS.len()],
}

/// What was not found and had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Unpacked, shrunk and encoded.
    pub pictures: usize,
    /// Read for the article in them.
    pub pages: usize,
    /// Cleaned.
    pub articles: usize,
    /// Set as pages of the site.
    pub settings: usize,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Pictures,
    Pages,
    Articles,
    Settings,
    /// Of pages, by their very bytes: all but the text of the article.
    Heads,
    /// Digests of bundles that were found good.
    Editions,
}

const KINDS: [Kind; 6] = [
    Kind::Pictures,
    Kind::Pages,
    Kind::Articles,
    Kind::Settings,
    Kind::Heads,
    Kind::Editions,
];

impl Kind {
    fn shelf(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Pages => "pages",
            Self::Articles => "articles",
            Self::Settings => "settings",
            Self::Heads => "heads",
            Self::Editions => "editions",
        }
    }
}

/// What an entry was worked out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Key(Digest);

impl TryFrom<String> for Key {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0.to_string()
    }
}

impl Key {
    /// Each part counts with its length, so that no two lists of parts are one key.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Hasher::default();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finish())
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn half(self) -> [u8; 16] {
        *self.0.as_bytes().first_chunk().expect("it is 32 bytes")
    }

    fn seal(self, content: &[u8]) -> Digest {
        let mut hasher = Hasher::default();
        hasher.update(self.0.as_bytes());
        hasher.update(content);
        hasher.finish()
    }
}

impl Cache {
    /// `now` says which entries are old.
    pub fn at(folder: PathBuf, now: Timestamp) -> Self {
        Self {
            folder,
            now,
            made: Default::default(),
        }
    }

    /// So far.
    pub fn work(&self) -> Work {
        let [pictures, pages, articles, settings, ..] = self
            .made
            .each_ref()
            .map(|made| made.load(Ordering::Relaxed));
        Work {
            pictures,
            pages,
            articles,
            settings,
        }
    }

    fn shelf(&self, kind: Kind) -> PathBuf {
        self.folder.join(kind.shelf())
    }

    pub(super) fn place(&self, kind: Kind, key: Key) -> PathBuf {
        let name = key.0.to_string();
        let drawer = name.get(..2).unwrap_or_default();
        self.shelf(kind).join(drawer).join(&name)
    }

    /// The content of the entry, unless it is not there or damaged.
    pub(super) fn find(&self, kind: Kind, key: Key) -> Option<Vec<u8>> {
        let place = self.place(kind, key);
        let (entry, found) = files::read_dated(&place, ENTRY_BYTES).ok()?;
        let content = content(entry, key)?;
        self.touch(&place, found);
        Some(content)
    }

    /// The same of an entry that was found or kept a moment ago, by its place.
    pub(super) fn read(place: &Path, key: Key) -> Option<Vec<u8>> {
        content(files::read(place, ENTRY_BYTES).ok()?, key)
    }

    /// Whether there is such an entry, damaged or not. It counts as found.
    pub(super) fn holds(&self, kind: Kind, key: Key) -> bool {
        let place = self.place(kind, key);
        let found = files::modified(&place);
        found.map(|found| self.touch(&place, found)).is_ok()
    }

    /// The head of an entry that [`Self::keep_picture`] wrote, if the rest of it has its length.
    pub(super) fn find_picture<const HEAD: usize>(
        &self,
        key: Key,
        rest: impl FnOnce(&[u8; HEAD]) -> u64,
    ) -> Option<[u8; HEAD]> {
        let place = self.place(Kind::Pictures, key);
        let (entry, length) = files::read_head(&place, (SEAL_BYTES + HEAD) as u64).ok()?;
        let head = unsealed(&entry, key)?.try_into().ok()?;
        let behind = length.checked_sub(entry.len() as u64)?;
        if let Ok(found) = files::modified(&place) {
            self.touch(&place, found);
        }
        (rest(&head) == behind).then_some(head)
    }

    /// Step 4. If it cannot be noted, the entry goes too early.
    fn touch(&self, place: &Path, found: Timestamp) {
        if self.now.duration_since(found) > DAY {
            let _ = files::set_modified(place, self.now);
        }
    }

    /// What was made because it was not found.
    pub(super) fn keep(&self, kind: Kind, key: Key, content: &[u8]) -> Result<(), FileError> {
        self.lay(kind, key, content, &[])
    }

    /// The same of a picture: the head is sealed, and says of the `rest` how it can be checked.
    pub(super) fn keep_picture(&self, key: Key, head: &[u8], rest: &[u8]) -> Result<(), FileError> {
        self.lay(Kind::Pictures, key, head, rest)
    }

    fn lay(&self, kind: Kind, key: Key, sealed: &[u8], rest: &[u8]) -> Result<(), FileError> {
        if let Some(made) = self.made.get(kind as usize) {
            made.fetch_add(1, Ordering::Relaxed);
        }
        let place = self.place(kind, key);
        if let Some(drawer) = place.parent() {
            files::create_folder(drawer)?;
        }
        let seal = key.seal(sealed);
        files::write_lightly(&place, &[seal.as_bytes(), sealed, rest].concat())
    }

    /// So many bytes of a picture, `behind` its head.
    pub(super) fn lying(&self, key: Key, behind: u64, length: u64) -> Whereabouts {
        let start = SEAL_BYTES as u64 + behind;
        Whereabouts::File(
            self.place(Kind::Pictures, key).into(),
            start..start + length,
        )
    }
}

fn content(mut entry: Vec<u8>, key: Key) -> Option<Vec<u8>> {
    unsealed(&entry, key)?;
    entry.drain(..SEAL_BYTES);
    Some(entry)
}

/// What stands behind the seal, if it is what was sealed.
fn unsealed(entry: &[u8], key: Key) -> Option<&[u8]> {
    let (seal, content) = entry.split_at_checked(SEAL_BYTES)?;
    (key.seal(content).as_bytes() == seal).then_some(content)
}

/// What a sweep must know of an entry, of which there may be a million.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// When it was last found, in seconds since 1970.
    found: i64,
    bytes: u64,
}

impl Cache {
    /// Step 4.
    pub fn sweep(&self) {
        let swept = self.folder.join("swept");
        let is_fresh = |then: Timestamp| self.now.duration_since(then).abs() < DAY;
        if files::modified(&swept).is_ok_and(is_fresh) {
            return;
        }
        self.sweep_now();
        // If it cannot be noted, the next one comes early.
        let noted = files::write_lightly(&swept, &[]);
        let _ = noted.and_then(|()| files::set_modified(&swept, self.now));
    }

    fn sweep_now(&self) {
        let mut marks = Vec::new();
        self.each_entry(&mut |_, mark| marks.push(mark));
        let oldest = marks.iter().map(|mark| mark.found).min();
        let horizon = horizon(marks, self.now);
        if oldest.is_none_or(|oldest| oldest >= horizon) {
            return;
        }
        self.each_entry(&mut |place, mark| {
            if mark.found < horizon {
                // What cannot be removed is tried again after the next edition.
                let _ = files::remove(place);
            }
        });
    }

    /// Removes each entry that is meant. Of pictures only the head is asked about, of so many bytes. A damaged one is asked
    /// about like any other.
    pub(super) fn forget(
        &self,
        picture_head: usize,
        is_meant: &mut dyn FnMut(Kind, &[u8]) -> bool,
    ) -> Result<(), FileError> {
        let mut all = Ok(());
        for kind in KINDS {
            let shelf = self.shelf(kind);
            let mut one = |place: &Path| {
                let entry = match kind {
                    Kind::Pictures => {
                        files::read_head(place, (SEAL_BYTES + picture_head) as u64)?.0
                    }
                    _ => files::read(place, ENTRY_BYTES)?,
                };
                match is_meant(kind, entry.get(SEAL_BYTES..).unwrap_or_default()) {
                    true => files::remove(place),
                    false => Ok(()),
                }
            };
            // A shelf that is not there has no entries.
            let _ = files::walk(&shelf, &mut |below| {
                if let Err(error) = one(&shelf.join(below)) {
                    all = Err(error);
                }
            });
        }
        all
    }

    fn each_entry(&self, each: &mut dyn FnMut(&Path, Mark)) {
        for shelf in KINDS.map(|kind| self.shelf(kind)) {
            // One that is not there has no entries.
            let _ = files::walk(&shelf, &mut |below| {
                let place = shelf.join(below);
                if let Ok((bytes, found)) = files::look_at(&place) {
                    let found = found.as_second();
                    each(&place, Mark { found, bytes });
                }
            });
        }
    }
}

/// What was last found before this second goes.
fn horizon(mut marks: Vec<Mark>, now: Timestamp) -> i64 {
    let forgotten = (now - FORGOTTEN).as_second();
    marks.sort_unstable_by_key(|mark| std::cmp::Reverse(mark.found));
    let mut kept: u64 = 0;
    let mut beyond = marks.iter().filter(|mark| {
        kept = kept.saturating_add(mark.bytes);
        kept > MOST_BYTES
    });
    let beyond = beyond.next().map(|first| first.found + 1);
    beyond.map_or(forgotten, |beyond| beyond.max(forgotten))
}

#[cfg(test)]
pub(in crate::packager) mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;

    use url::Url;

    use super::*;
    use crate::io::visit::Validators;
    use crate::packager::WebCache;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    thread_local! {
        static KEPT: RefCell<Vec<tempfile::TempDir>> = const { RefCell::new(Vec::new()) };
    }

    /// One in a folder that vanishes with the test: in it lies what was gathered.
    pub fn kept_cache() -> Arc<Cache> {
        let (folder, cache) = cache();
        KEPT.with_borrow_mut(|kept| kept.push(folder));
        cache
    }

    /// One in a folder that vanishes with it.
    pub fn cache() -> (tempfile::TempDir, Arc<Cache>) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"), now());
        (folder, Arc::new(cache))
    }

    #[test]
    fn what_was_kept_is_found_under_its_key_alone() {
        let (_folder, cache) = cache();
        let key = Key::of(&[b"code", b"page"]);
        assert_eq!(cache.find(Kind::Pages, key), None);
        cache.keep(Kind::Pages, key, b"read").unwrap();
        assert_eq!(cache.find(Kind::Pages, key).as_deref(), Some(&b"read"[..]));
        assert_eq!(cache.find(Kind::Pictures, key), None);
        assert_eq!(cache.find(Kind::Pages, Key::of(&[b"codepage"])), None);
        assert_eq!(cache.find(Kind::Pages, Key::of(&[b"codep", b"age"])), None);
    }

    #[test]
    fn an_entry_in_the_place_of_another_is_not_found() {
        let (_folder, cache) = cache();
        let [mine, other] = [Key::of(&[b"a"]), Key::of(&[b"b"])];
        for key in [mine, other] {
            cache.keep(Kind::Pages, key, b"page").unwrap();
            cache.keep_picture(key, b"head", b"rest").unwrap();
        }
        for kind in [Kind::Pages, Kind::Pictures] {
            let entry = files::read(&cache.place(kind, other), 100).unwrap();
            files::write(&cache.place(kind, mine), &entry).unwrap();
        }
        let head = |key| cache.find_picture::<4>(key, |_| 4);
        assert_eq!((cache.find(Kind::Pages, mine), head(mine)), (None, None));
        assert!(cache.find(Kind::Pages, other).is_some() && head(other).is_some());
    }

    #[test]
    fn a_damaged_entry_is_not_found_and_can_be_made_again() {
        let (_folder, cache) = cache();
        let key = Key::of(&[b"x"]);
        let place = cache.place(Kind::Pages, key);
        cache.keep(Kind::Pages, key, b"whole").unwrap();
        let whole = files::read(&place, 100).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            files::write(&place, &damaged).unwrap();
            assert_eq!(cache.find(Kind::Pages, key), None, "byte {at}");
            files::write(&place, &whole[..at]).unwrap();
            assert_eq!(cache.find(Kind::Pages, key), None, "cut at {at}");
        }
        cache.keep(Kind::Pages, key, b"whole").unwrap();
        assert!(cache.find(Kind::Pages, key).is_some());
    }

    #[test]
    fn of_a_picture_the_head_is_found_and_the_rest_lies_behind_it() {
        let (_folder, cache) = cache();
        let key = Key::of(&[b"x"]);
        let place = cache.place(Kind::Pictures, key);
        cache.keep_picture(key, b"head", b" and picture").unwrap();
        let head = || cache.find_picture::<4>(key, |_| 12);
        assert_eq!(head().as_ref(), Some(b"head"));
        assert_eq!(&cache.lying(key, 9, 7).read().unwrap()[..], b"picture");
        let whole = files::read(&place, 100).unwrap();
        for cut in 0..whole.len() {
            files::write(&place, &whole[..cut]).unwrap();
            assert_eq!(head(), None, "cut at {cut}");
        }
        for at in 0..SEAL_BYTES + 4 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            files::write(&place, &damaged).unwrap();
            assert_eq!(head(), None, "byte {at}");
        }
    }

    /// `entries`: how heavy each is, and how many days ago it was found. `expected`: which of them go.
    fn check(entries: &[(u64, i64)], expected: &[usize]) {
        let found = |days: i64| (now() - SignedDuration::from_hours(24 * days)).as_second();
        let mark = |(bytes, days): &(u64, i64)| Mark {
            found: found(*days),
            bytes: *bytes,
        };
        let horizon = horizon(entries.iter().map(mark).collect(), now());
        let goes = |index: &usize| found(entries[*index].1) < horizon;
        let gone: Vec<usize> = (0..entries.len()).filter(goes).collect();
        assert_eq!(gone, expected);
    }

    #[test]
    fn what_is_forgotten_and_what_is_too_much_goes() {
        check(&[], &[]);
        check(&[(1, 0), (1, 29)], &[]);
        check(&[(1, 31), (1, 29)], &[0]);
        check(&[(MOST_BYTES, 3), (1, 2)], &[0]);
        check(&[(MOST_BYTES, 2), (1, 3)], &[1]);
        check(&[(MOST_BYTES / 2, 3), (MOST_BYTES / 2, 2)], &[]);
        // A clock that was set back.
        check(&[(1, -3)], &[]);
    }

    #[test]
    fn an_entry_in_use_is_not_forgotten() {
        let (folder, cache) = cache();
        let [used, unused] = [Key::of(&[b"a"]), Key::of(&[b"b"])];
        for key in [used, unused] {
            cache.keep(Kind::Pages, key, b"x").unwrap();
            let long_ago = now() - SignedDuration::from_hours(24 * 29);
            files::set_modified(&cache.place(Kind::Pages, key), long_ago).unwrap();
        }
        assert!(cache.find(Kind::Pages, used).is_some());
        let later = now() + SignedDuration::from_hours(24 * 2);
        let later = Cache::at(folder.path().join("cache"), later);
        later.sweep();
        assert!(later.find(Kind::Pages, used).is_some());
        assert_eq!(later.find(Kind::Pages, unused), None);
    }

    #[test]
    fn it_is_swept_once_a_day() {
        let (folder, cache) = cache();
        let key = Key::of(&[b"x"]);
        let lay_old = || {
            cache.keep(Kind::Pages, key, b"x").unwrap();
            files::set_modified(&cache.place(Kind::Pages, key), now() - FORGOTTEN * 2).unwrap();
        };
        let is_there = || files::exists(&cache.place(Kind::Pages, key));
        let sweep = |hours: i64| {
            let then = now() + SignedDuration::from_hours(hours);
            Cache::at(folder.path().join("cache"), then).sweep();
        };
        for (hours, stays) in [(0, false), (20, true), (25, false), (-100, false)] {
            lay_old();
            sweep(hours);
            assert_eq!(is_there(), stays, "after {hours} hours");
        }
    }

    #[test]
    fn a_sweep_leaves_what_was_fetched_alone_and_the_other_way_round() {
        let (folder, cache) = cache();
        let web_place = folder.path().join("cache/web");
        let begin = || WebCache::begin(&web_place, now()).unwrap();
        let key = Key::of(&[b"x"]);
        cache.keep(Kind::Pages, key, b"made").unwrap();
        let url = Url::parse("https://n.example/a").unwrap();
        let web = begin();
        web.keep(&url, &url, None, Validators::default(), None, b"fetched");
        drop(web);
        // Both are as old as can be swept.
        let bodies = web_place.join("bodies");
        let mut all: Vec<_> = files::list(&bodies).unwrap();
        assert_eq!(all.len(), 1);
        all.iter_mut().for_each(|body| *body = bodies.join(&*body));
        all.push(cache.place(Kind::Pages, key));
        for place in &all {
            files::set_modified(place, now() - FORGOTTEN * 2).unwrap();
        }
        // The other one sweeps when it begins.
        drop(begin());
        assert!(files::exists(&cache.place(Kind::Pages, key)));
        cache.sweep();
        assert!(!files::exists(&cache.place(Kind::Pages, key)));
        let web = begin();
        let kept = web.answer(&url).unwrap();
        assert_eq!(web.body(&kept).as_deref(), Some(&b"fetched"[..]));
    }
}
