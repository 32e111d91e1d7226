//! What was fetched, kept so that it need not be sent again, and so that a killed run goes on where it was.
//!
//! ```text
//! log.jsonl            a line for each answer and for each beginning and end of a run; only appended to
//! bodies/0a/0a1b…      bodies by their digest
//! lock
//! ```
//!
//! 1. [`WebCache::begin`] reads the log. When a run began and never ended, what came since is used again without asking.
//! 2. It keeps the answers that were used last, up to [`Limits::cache_bytes`](crate::base::Limits::cache_bytes), removes
//!    bodies that belong to none of them, and writes the log anew.
//! 3. [`WebCache::keep`] puts the body in place before its line, so that a line always has its body. One run puts as much
//!    there as may stay of those before it, and no more.
//! 4. What is read is checked against its digest: a torn file is as good as none.
//!
//! The folder holds addresses of the newsroom's own pages, and only its owner may look into it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::{Digest, LIMITS, Timestamp};
use crate::io::files::{self, FileError};
use crate::io::part::{Lock, Part};
use crate::io::visit::Validators;

/// Of all lines; some hundred thousand answers.
const LOG_BYTES: u64 = 128 << 20;

/// Of a run that was killed longer ago, nothing is taken for new.
const RESUMABLE: SignedDuration = SignedDuration::from_hours(3);

/// However long a host says that an answer stays fresh.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
pub struct WebCache {
    folder: PathBuf,
    now: Timestamp,
    /// When the run began that was killed before this one.
    resumes: Option<Timestamp>,
    state: Mutex<State>,
    _lock: Lock,
}

#[derive(Debug)]
struct State {
    log: Part,
    /// In bytes, for what is still to come.
    room: u64,
    /// By the digest of the address that was asked for.
    answers: HashMap<Digest, Kept>,
}

/// An answer that was kept, without its body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    #[serde(with = "written")]
    of: Digest,
    /// When the host last said that it is so.
    #[serde(with = "written")]
    pub at: Timestamp,
    /// After redirects.
    pub url: Url,
    pub content_type: Option<String>,
    pub validators: Validators,
    /// Seconds since 1970.
    fresh_until: Option<i64>,
    #[serde(with = "written")]
    body: Digest,
    length: u64,
}

impl Kept {
    /// Whether nothing spoke against it since; see [`WebCache::doubt`].
    pub fn is_of_use(&self) -> bool {
        self.at > Timestamp::UNIX_EPOCH
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Began(#[serde(with = "written")] Timestamp),
    Ended(#[serde(with = "written")] Timestamp),
    Answer(Box<Kept>),
}

impl WebCache {
    /// Makes the folder if it is not there. Refused while another program uses it.
    pub fn begin(folder: &Path, now: Timestamp) -> Result<Self, FileError> {
        files::create_private_folder(&folder.join("bodies"))?;
        let lock = Lock::take(&folder.join("lock"))?;
        let place = folder.join("log.jsonl");
        // A damaged or overlong log costs a fetch, not an edition.
        let text = files::read(&place, LOG_BYTES).unwrap_or_default();
        let (answers, resumes) = read_log(&text, now);
        let answers = newest(answers, LIMITS.cache_bytes);
        sweep(&folder.join("bodies"), &answers)?;
        files::write(&place, &written_log(&answers, resumes, now))?;
        let answers = answers.into_iter().map(|kept| (kept.of, kept)).collect();
        let log = Part::open(&place)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            now,
            resumes,
            state: Mutex::new(State {
                log,
                room: LIMITS.cache_bytes,
                answers,
            }),
            _lock: lock,
        })
    }

    /// The run came to its end: the next one asks for everything anew.
    pub fn end(&self) {
        self.append(&mut self.state(), &Line::Ended(self.now));
    }

    pub fn answer(&self, url: &Url) -> Option<Kept> {
        self.state().answers.get(&key(url)).cloned()
    }

    /// Whether it can be used without asking the host, who last changed the page at `changed`, if that is known.
    pub fn is_current(&self, kept: &Kept, changed: Option<Timestamp>) -> bool {
        let is_resumed = self.resumes.is_some_and(|began| kept.at >= began);
        let is_fresh = kept
            .fresh_until
            .is_some_and(|until| self.now.as_second() < until);
        is_resumed || is_fresh || changed.is_some_and(|changed| changed < kept.at)
    }

    /// `None` if it was damaged or removed.
    pub fn body(&self, kept: &Kept) -> Option<Bytes> {
        let bytes = files::read(&self.place(&kept.body), LIMITS.fetched_bytes).ok()?;
        (Digest::of(&bytes) == kept.body).then(|| bytes.into())
    }

    /// A full disk costs the cache, not the edition: then nothing is kept.
    pub fn keep(
        &self,
        asked: &Url,
        url: &Url,
        content_type: Option<&str>,
        validators: Validators,
        fresh: Option<Duration>,
        bytes: &[u8],
    ) {
        let body = Digest::of(bytes);
        let place = self.place(&body);
        let is_there = files::exists(&place);
        if !is_there && (!self.has_room(bytes) || lay(&place, bytes).is_err()) {
            return;
        }
        self.note(Kept {
            of: key(asked),
            at: self.now,
            url: url.clone(),
            content_type: content_type.map(str::to_owned),
            validators,
            fresh_until: self.fresh_until(fresh),
            body,
            length: bytes.len() as u64,
        });
    }

    /// Whether it fits; then it counts.
    fn has_room(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        let left = state.room.checked_sub(bytes.len() as u64);
        state.room = left.unwrap_or(state.room);
        left.is_some()
    }

    /// The host said that it is still so.
    pub fn confirm(&self, kept: &Kept, fresh: Option<Duration>) {
        self.note(Kept {
            at: self.now,
            fresh_until: self.fresh_until(fresh),
            ..kept.clone()
        });
    }

    /// It turned out to be of no use, so the host is asked for it anew next time, whatever it says about its age.
    pub fn doubt(&self, url: &Url) {
        if let Some(kept) = self.answer(url) {
            self.note(Kept {
                at: Timestamp::UNIX_EPOCH,
                validators: Validators::default(),
                fresh_until: None,
                ..kept
            });
        }
    }

    /// Removes what came from these addresses, and what says what is not to be found here, pictures apart. To be called after
    /// [`Self::end`]: the log is written anew, so that no address stays in it.
    pub fn forget(&self, addresses: &[Url], says: &dyn Fn(&[u8]) -> bool) -> Result<(), FileError> {
        let keys: HashSet<Digest> = addresses.iter().map(key).collect();
        let is_from_there = |kept: &Kept| keys.contains(&kept.of) || addresses.contains(&kept.url);
        let is_picture = |kept: &Kept| {
            let kind = kept.content_type.as_deref();
            kind.is_some_and(|kind| kind.starts_with("image/"))
        };
        let says_it = |kept: &Kept| self.body(kept).is_some_and(|body| says(&body));
        let mut state = self.state();
        let answers = &mut state.answers;
        answers.retain(|_, kept| !is_from_there(kept) && (is_picture(kept) || !says_it(kept)));
        let mut left: Vec<Kept> = answers.values().cloned().collect();
        left.sort_by_key(|kept| kept.at);
        sweep(&self.folder.join("bodies"), &left)?;
        let place = self.folder.join("log.jsonl");
        let mut log = written_log(&left, None, self.now);
        log.extend(text_of(&Line::Ended(self.now)));
        files::write(&place, &log)?;
        state.log = Part::open(&place)?;
        Ok(())
    }

    fn note(&self, kept: Kept) {
        let mut state = self.state();
        self.append(&mut state, &Line::Answer(Box::new(kept.clone())));
        state.answers.insert(kept.of, kept);
    }

    fn append(&self, state: &mut State, line: &Line) {
        // A full disk costs the cache, not the edition.
        let _ = state.log.append(&text_of(line));
    }

    fn fresh_until(&self, fresh: Option<Duration>) -> Option<i64> {
        let fresh = SignedDuration::try_from(fresh?).unwrap_or(FRESH).min(FRESH);
        Some(self.now.as_second() + fresh.as_secs())
    }

    fn place(&self, body: &Digest) -> PathBuf {
        let name = body.to_string();
        let shelf = name.get(..2).unwrap_or_default();
        self.folder.join("bodies").join(shelf).join(&name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lay(place: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if let Some(shelf) = place.parent() {
        files::create_private_folder(shelf)?;
    }
    files::write_lightly(place, bytes)
}

fn key(url: &Url) -> Digest {
    Digest::of(url.as_str().as_bytes())
}

fn text_of(line: &Line) -> Vec<u8> {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Digests and moments as people write them.
mod written {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        T::Err: Display,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

// Step 1.

/// Answers in the order of their last use, and the beginning of a run that never ended. A torn line is none.
fn read_log(text: &[u8], now: Timestamp) -> (Vec<Kept>, Option<Timestamp>) {
    let mut answers: HashMap<Digest, (usize, Kept)> = HashMap::new();
    let mut began = None;
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice(line) {
            Ok(Line::Answer(kept)) => drop(answers.insert(kept.of, (index, *kept))),
            Ok(Line::Began(at)) => began = began.or(Some(at)),
            Ok(Line::Ended(_)) => began = None,
            Err(_) => {}
        }
    }
    let mut answers: Vec<_> = answers.into_values().collect();
    answers.sort_by_key(|(index, _)| *index);
    let is_near = |began: &Timestamp| now.duration_since(*began) < RESUMABLE;
    let answers = answers.into_iter().map(|(_, kept)| kept).collect();
    (answers, began.filter(is_near))
}

// Step 2.

/// Those used last whose bodies fit into `max_bytes`, in the same order.
fn newest(answers: Vec<Kept>, max_bytes: u64) -> Vec<Kept> {
    let mut room = max_bytes;
    let mut first = answers.len();
    for (index, kept) in answers.iter().enumerate().rev() {
        match room.checked_sub(kept.length) {
            Some(rest) => room = rest,
            None => break,
        }
        first = index;
    }
    answers.into_iter().skip(first).collect()
}

fn sweep(bodies: &Path, answers: &[Kept]) -> Result<(), FileError> {
    let wanted: HashSet<String> = answers.iter().map(|kept| kept.body.to_string()).collect();
    for below in files::list(bodies)? {
        let name = below.file_name().map(|name| name.to_string_lossy());
        if !name.is_some_and(|name| wanted.contains(&*name)) {
            files::remove(&bodies.join(below))?;
        }
    }
    Ok(())
}

fn written_log(answers: &[Kept], resumes: Option<Timestamp>, now: Timestamp) -> Vec<u8> {
    let answers = answers
        .iter()
        .flat_map(|kept| text_of(&Line::Answer(Box::new(kept.clone()))));
    answers
        .chain(text_of(&Line::Began(resumes.unwrap_or(now))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn at(hours: i64) -> Timestamp {
        NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
    }

    fn url(name: &str) -> Url {
        Url::parse(&format!("https://n.example/{name}")).unwrap()
    }

    fn keep(cache: &WebCache, name: &str, bytes: &[u8]) {
        let validators = Validators {
            etag: Some("\"1\"".into()),
            modified: None,
        };
        cache.keep(
            &url(name),
            &url(name),
            Some("text/html"),
            validators,
            None,
            bytes,
        );
    }

    fn body(cache: &WebCache, name: &str) -> Option<Bytes> {
        cache.body(&cache.answer(&url(name))?)
    }

    #[test]
    fn what_was_kept_is_there_in_the_next_run_but_must_be_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        keep(&cache, "a", b"page");
        cache.end();
        drop(cache);
        let cache = WebCache::begin(folder.path(), at(1)).unwrap();
        let kept = cache.answer(&url("a")).unwrap();
        assert_eq!(kept.validators.etag.as_deref(), Some("\"1\""));
        assert_eq!(cache.body(&kept).as_deref(), Some(&b"page"[..]));
        assert!(!cache.is_current(&kept, None));
        assert!(cache.is_current(&kept, Some(at(-1))), "not changed since");
        assert!(!cache.is_current(&kept, Some(at(0))));
        assert_eq!(cache.answer(&url("b")).map(|kept| kept.url), None);
    }

    #[test]
    fn what_a_killed_run_fetched_is_not_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(-1)).unwrap();
        keep(&cache, "old", b"old");
        cache.end();
        drop(cache);
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        keep(&cache, "a", b"page");
        drop(cache);
        let log = folder.path().join("log.jsonl");
        let mut torn = files::read(&log, 1 << 20).unwrap();
        torn.extend(b"{\"answer\":{\"of\":\"");
        files::write(&log, &torn).unwrap();
        // Killed twice, and still the first run's pages count.
        for hour in [1, 2] {
            let cache = WebCache::begin(folder.path(), at(hour)).unwrap();
            let current = |name: &str| cache.is_current(&cache.answer(&url(name)).unwrap(), None);
            assert!(current("a"));
            assert!(!current("old"));
        }
        let cache = WebCache::begin(folder.path(), at(20)).unwrap();
        assert!(!cache.is_current(&cache.answer(&url("a")).unwrap(), None));
    }

    #[test]
    fn a_fresh_answer_is_used_and_freshness_ends() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        let year = Some(Duration::from_secs(365 * 86400));
        cache.keep(
            &url("a"),
            &url("a"),
            None,
            Validators::default(),
            year,
            b"x",
        );
        cache.end();
        drop(cache);
        for (hour, expected) in [(23, true), (25, false)] {
            let cache = WebCache::begin(folder.path(), at(hour)).unwrap();
            let kept = cache.answer(&url("a")).unwrap();
            assert_eq!(cache.is_current(&kept, None), expected, "{hour}");
            cache.end();
        }
    }

    #[test]
    fn what_was_of_no_use_is_asked_for_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        keep(&cache, "a", b"a shield's question");
        cache.doubt(&url("a"));
        drop(cache);
        let cache = WebCache::begin(folder.path(), at(1)).unwrap();
        let kept = cache.answer(&url("a")).unwrap();
        assert!(!cache.is_current(&kept, Some(at(-1))));
        assert_eq!(kept.validators, Validators::default());
    }

    #[test]
    fn a_damaged_body_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        keep(&cache, "a", b"page");
        let place = cache.place(&Digest::of(b"page"));
        files::write(&place, b"pagf").unwrap();
        assert_eq!(body(&cache, "a"), None);
    }

    #[test]
    fn what_was_not_used_for_long_goes_with_its_body() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        for name in ["a", "b", "c"] {
            keep(&cache, name, name.as_bytes());
        }
        cache.confirm(&cache.answer(&url("a")).unwrap(), None);
        let text = files::read(&folder.path().join("log.jsonl"), 1 << 20).unwrap();
        let (answers, _) = read_log(&text, at(0));
        let kept = newest(answers, 2);
        let urls: Vec<&str> = kept.iter().map(|kept| kept.url.path()).collect();
        assert_eq!(urls, ["/c", "/a"]);
        sweep(&folder.path().join("bodies"), &kept).unwrap();
        assert_eq!(body(&cache, "b"), None);
        assert_eq!(body(&cache, "a").as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn one_run_keeps_no_more_than_fits() {
        let folder = tempfile::tempdir().unwrap();
        let cache = WebCache::begin(folder.path(), at(0)).unwrap();
        cache.state().room = 10;
        keep(&cache, "a", b"123456");
        keep(&cache, "b", b"12345");
        keep(&cache, "c", b"1234");
        keep(&cache, "again", b"123456");
        let there = ["a", "b", "c", "again"].map(|name| body(&cache, name).is_some());
        assert_eq!(there, [true, false, true, true]);
    }

    #[test]
    fn it_is_for_its_owner_alone_and_for_one_program() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cache/web");
        let _cache = WebCache::begin(&place, at(0)).unwrap();
        let mode = place.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
        assert!(WebCache::begin(&place, at(0)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_log_is_read(text: Vec<u8>) {
            read_log(&text, at(0));
        }
    }
}
