//! What was worked out before: `NEWSROOM/cache/SHELF/xy/KEY`. Who deletes it loses time and nothing else.
//!
//! 1. The key of an entry is the digest of the code that worked it out and of all that it was worked out of.
//! 2. An entry begins with the digest of its key and of the rest: what a disk has damaged, a power cut has torn, or
//!    somebody has put in another's place is not found.
//! 3. One that cannot be written is left out.
//! 4. An entry that was not found for [`FORGOTTEN`] goes, and beyond [`MOST_BYTES`] those not found for the longest
//!    time. When it was last found, to a day, is the time of its file.
//!
//! It is trusted as little as any file on a disk: what comes out of it goes the same way as if it had just been made.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::base::{Digest, Hasher, LIMITS};
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
    pictures_made: AtomicUsize,
    pages_made: AtomicUsize,
}

/// What was not found and had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Unpacked, shrunk and encoded.
    pub pictures: usize,
    /// Read for the article in them.
    pub pages: usize,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Pictures,
    Pages,
}

/// What an entry was worked out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(Digest);

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
            pictures_made: AtomicUsize::new(0),
            pages_made: AtomicUsize::new(0),
        }
    }

    /// So far.
    pub fn work(&self) -> Work {
        Work {
            pictures: self.pictures_made.load(Ordering::Relaxed),
            pages: self.pages_made.load(Ordering::Relaxed),
        }
    }

    fn shelf(&self, kind: Kind) -> PathBuf {
        self.folder.join(match kind {
            Kind::Pictures => "pictures",
            Kind::Pages => "pages",
        })
    }

    fn place(&self, kind: Kind, key: Key) -> PathBuf {
        let name = key.0.to_string();
        let drawer = name.get(..2).unwrap_or_default();
        self.shelf(kind).join(drawer).join(&name)
    }

    /// The content of the entry, unless it is not there or damaged.
    pub(super) fn find(&self, kind: Kind, key: Key) -> Option<Vec<u8>> {
        let place = self.place(kind, key);
        let entry = files::read(&place, ENTRY_BYTES).ok()?;
        let (seal, content) = entry.split_at_checked(SEAL_BYTES)?;
        if key.seal(content).as_bytes() != seal {
            return None;
        }
        if let Ok((_, found)) = files::look_at(&place)
            && self.now.duration_since(found) > DAY
        {
            // Step 4. If it cannot be noted, the entry goes too early.
            let _ = files::set_modified(&place, self.now);
        }
        Some(content.to_vec())
    }

    /// What was made because it was not found.
    pub(super) fn keep(&self, kind: Kind, key: Key, content: &[u8]) -> Result<(), FileError> {
        let made = match kind {
            Kind::Pictures => &self.pictures_made,
            Kind::Pages => &self.pages_made,
        };
        made.fetch_add(1, Ordering::Relaxed);
        let place = self.place(kind, key);
        if let Some(drawer) = place.parent() {
            files::create_folder(drawer)?;
        }
        let seal = key.seal(content);
        files::write_lightly(&place, &[&seal.as_bytes()[..], content].concat())
    }

    /// A part of an entry, as it lies on the disk.
    pub(super) fn lying(&self, kind: Kind, key: Key, part: Range<usize>) -> Whereabouts {
        let range = (SEAL_BYTES + part.start) as u64..(SEAL_BYTES + part.end) as u64;
        Whereabouts::File(self.place(kind, key), range)
    }
}

/// Where bytes are that are not needed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whereabouts {
    File(PathBuf, Range<u64>),
    /// On a disk that is full, or write-protected.
    Memory(Bytes),
}

/// A file of the site that lies on the disk until it is packed, so that an edition may be larger than memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub length: u64,
    pub digest: Digest,
    whereabouts: Whereabouts,
}

impl Waiting {
    pub(super) fn new(content: &[u8], whereabouts: Whereabouts) -> Self {
        Self {
            length: content.len() as u64,
            digest: Digest::of(content),
            whereabouts,
        }
    }

    /// One that is held in memory after all.
    pub fn held(content: Bytes) -> Self {
        let digest = Digest::of(&content);
        Self {
            length: content.len() as u64,
            digest,
            whereabouts: Whereabouts::Memory(content),
        }
    }

    /// Beware: not compared with the digest. The press does that before anything is published.
    pub fn content(&self) -> Result<Bytes, FileError> {
        match &self.whereabouts {
            Whereabouts::Memory(content) => Ok(content.clone()),
            Whereabouts::File(place, range) => Ok(files::read_range(place, range)?.into()),
        }
    }
}

/// An entry as a sweep sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    place: PathBuf,
    bytes: u64,
    found: Timestamp,
}

impl Cache {
    /// Step 4.
    pub fn sweep(&self) {
        let shelves = [Kind::Pictures, Kind::Pages];
        let entries = shelves.map(|shelf| entries(&self.shelf(shelf))).concat();
        for place in doomed(entries, self.now) {
            // What cannot be removed is tried again after the next edition.
            let _ = files::remove(&place);
        }
    }
}

fn entries(shelf: &Path) -> Vec<Entry> {
    let listed = files::list(shelf).unwrap_or_default();
    let entry = |below: PathBuf| {
        let place = shelf.join(below);
        let (bytes, found) = files::look_at(&place).ok()?;
        Some(Entry {
            place,
            bytes,
            found,
        })
    };
    listed.into_iter().filter_map(entry).collect()
}

fn doomed(mut entries: Vec<Entry>, now: Timestamp) -> Vec<PathBuf> {
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.found));
    let mut kept = 0;
    let doomed = entries.into_iter().filter(|entry| {
        kept += entry.bytes;
        kept > MOST_BYTES || now.duration_since(entry.found) > FORGOTTEN
    });
    doomed.map(|entry| entry.place).collect()
}

#[cfg(test)]
pub(in crate::packager) mod tests {
    use std::sync::Arc;

    use url::Url;

    use super::*;
    use crate::io::visit::Validators;
    use crate::packager::WebCache;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
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
            cache.keep(Kind::Pictures, key, b"picture").unwrap();
        }
        let entry = files::read(&cache.place(Kind::Pictures, other), 100).unwrap();
        files::write(&cache.place(Kind::Pictures, mine), &entry).unwrap();
        assert_eq!(cache.find(Kind::Pictures, mine), None);
        assert!(cache.find(Kind::Pictures, other).is_some());
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
    fn what_waits_is_read_where_it_lies() {
        let (_folder, cache) = cache();
        let key = Key::of(&[b"x"]);
        cache
            .keep(Kind::Pictures, key, b"head and content")
            .unwrap();
        let whereabouts = cache.lying(Kind::Pictures, key, 9..16);
        let waiting = Waiting::new(b"content", whereabouts);
        assert_eq!(waiting.content().unwrap(), &b"content"[..]);
        assert_eq!(
            (waiting.length, waiting.digest),
            (7, Digest::of(b"content"))
        );
        files::remove(&cache.place(Kind::Pictures, key)).unwrap();
        assert!(waiting.content().is_err());
    }

    fn entry(name: &str, bytes: u64, days_ago: i64) -> Entry {
        Entry {
            place: name.into(),
            bytes,
            found: now() - SignedDuration::from_hours(24 * days_ago),
        }
    }

    fn check(entries: &[Entry], expected: &[&str]) {
        let mut doomed = doomed(entries.to_vec(), now());
        doomed.sort();
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(doomed, expected);
    }

    #[test]
    fn what_is_forgotten_and_what_is_too_much_goes() {
        check(&[], &[]);
        check(&[entry("a", 1, 0), entry("b", 1, 29)], &[]);
        check(&[entry("a", 1, 31), entry("b", 1, 29)], &["a"]);
        check(&[entry("old", MOST_BYTES, 3), entry("new", 1, 2)], &["old"]);
        check(
            &[entry("a", MOST_BYTES / 2, 3), entry("b", MOST_BYTES / 2, 2)],
            &[],
        );
        // A clock that was set back.
        check(&[entry("ahead", 1, -3)], &[]);
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
