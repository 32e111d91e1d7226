//! From the files of a site to a signed bundle.
//!
//! 1. Files are compared by digest with the edition before; when nothing differs and that one is still young, there is
//!    nothing to do.
//! 2. The editor of `trust` signs what changed.
//! 3. The metadata is proved as a new reader would, from the first root on: what he would refuse is never published.
//! 4. Changed files are packed, on all cores; the rest is copied, still packed, from the edition before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::num::NonZero;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::waiting::Waiting;
use crate::base::{Digest, SitePath};
use crate::bundle;
use crate::edition::{Assembler, Gathered, Refusal, Remembered, VerifiedEdition};
use crate::io::files::FileError;
use crate::trust::editor::{self, Change, EditorError, FileFacts, KeyRing, MetadataSet};

pub use crate::bundle::Effort;
pub use crate::trust::editor::Lifetimes;

/// What an edition is made with, besides its files.
#[derive(Debug)]
pub struct Press {
    /// The metadata of the edition before, or what the offline keys signed if there is none; whichever is newer of each.
    pub metadata: MetadataSet,
    pub previous: Option<Arc<VerifiedEdition>>,
    /// Files that stay as they are in the edition before. They are neither read nor held in memory.
    pub kept: BTreeSet<SitePath>,
    /// Files that are read when they are packed, and only those that the edition before does not hold.
    pub waiting: BTreeMap<SitePath, Waiting>,
    pub keys: KeyRing,
    pub lifetimes: Lifetimes,
    pub effort: Effort,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Editor(#[from] EditorError),
    #[error(transparent)]
    Edition(#[from] Refusal),
    /// What waited on the disk to be packed.
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the newsroom's first key, `1.root.json`, is missing")]
    NoRoot,
    #[error(
        "the edition names so many files that its metadata is longer than {max_bytes} bytes, and no reader takes more"
    )]
    TooLarge { max_bytes: u64 },
}

impl PublishError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Editor(error) => error.hint(),
            Self::Edition(refusal) => refusal.hint(),
            Self::File(_) => Some("run the command again: what is missing is made anew".into()),
            Self::NoRoot => {
                Some("take it from any bundle or mirror and put it into the folder `signed`".into())
            }
            Self::TooLarge { .. } => Some(
                "take sources out of `colport.toml`, or divide them over two sites, each in a folder of its own: some 350,000 \
                 articles without pictures fit into one, and fewer with pictures"
                    .into(),
            ),
        }
    }
}

/// The files of a site by path.
pub type Files = BTreeMap<SitePath, Bytes>;

impl Press {
    /// Whether these files differ from the edition before, or half of the time is over for which that one is the newest.
    pub fn is_due(&self, files: &Files, now: Timestamp) -> bool {
        let Some(previous) = &self.previous else {
            return true;
        };
        let before = previous
            .files()
            .map(|(path, entry)| (path, (entry.length, entry.digest)));
        let changed = !before.eq(self.facts(files));
        let half_time = previous
            .issued()
            .map(|issued| issued + self.lifetimes.timestamp / 2);
        changed || half_time.is_none_or(|half_time| half_time <= now) || self.is_resigned(previous)
    }

    /// Whether the offline keys have signed something that the edition before does not carry.
    fn is_resigned(&self, previous: &VerifiedEdition) -> bool {
        self.metadata
            .iter()
            .any(|(name, _)| previous.metadata_file(name).is_none())
    }

    /// Writes the next edition to `out`; `place` puts it where it shall lie and returns its bytes.
    pub fn print<W: Write, E: From<PublishError>>(
        &self,
        files: &Files,
        now: Timestamp,
        out: W,
        place: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<VerifiedEdition, E> {
        let assembler = self.assemble(files, now, out)?;
        assembler
            .finish(|out| place(out).map_err(Placing::Failed))
            .map_err(|error| match error {
                Placing::Refused(refusal) => PublishError::from(refusal).into(),
                Placing::Failed(error) => error,
            })
    }

    fn assemble<W: Write>(
        &self,
        files: &Files,
        now: Timestamp,
        out: W,
    ) -> Result<Assembler<W>, PublishError> {
        let signed = self.sign(files, now)?;
        let first_root = signed.first_root().ok_or(PublishError::NoRoot)?;
        let newcomer = Remembered::new(first_root.clone());
        let gathered = gathered(&signed)?;
        let paths = self.facts(files).map(|(path, _)| path);
        let proof = gathered.prove_sharing(&newcomer, now, paths)?;
        let mut assembler = Assembler::new(out, proof, &gathered, self.previous.clone())?;
        let mut changed = self.changed(files).peekable();
        while changed.peek().is_some() {
            let batch = batch(&mut changed)?;
            for ((path, _), packed) in batch.iter().zip(pack_all(&batch, self.effort)) {
                assembler.add(path, &packed)?;
            }
        }
        Ok(assembler)
    }

    /// Who knows the edition before looks only into the roles in which something changes. When the offline keys have
    /// signed since, all are looked at: a newsroom may be gone, or have other keys.
    fn sign(&self, files: &Files, now: Timestamp) -> Result<MetadataSet, EditorError> {
        let (metadata, keys, lifetimes) = (&self.metadata, &self.keys, &self.lifetimes);
        match &self.previous {
            Some(previous) if !self.is_resigned(previous) => {
                let change = self.difference(previous, files);
                editor::amend_edition(metadata, keys, &change, now, lifetimes)
            }
            _ => {
                let facts = self.facts(files);
                let facts = facts.map(|(path, facts)| (path.clone(), facts)).collect();
                editor::next_edition(metadata, keys, &facts, now, lifetimes)
            }
        }
    }

    /// Length and digest of every file that the edition shall hold, in ascending order of path. There may be very many, so
    /// they are gone through and not listed.
    fn facts<'a>(&'a self, files: &'a Files) -> impl Iterator<Item = (&'a SitePath, FileFacts)> {
        let kept = self.kept.iter().filter_map(|path| {
            let entry = self.previous.as_ref()?.file(path)?;
            Some((path, (entry.length, entry.digest)))
        });
        let waiting = self
            .waiting
            .iter()
            .map(|(path, file)| (path, (file.length, file.digest)));
        let new = files
            .iter()
            .map(|(path, content)| (path, (content.len() as u64, Digest::of(content))));
        merged(merged(kept, waiting), new)
    }

    fn holds(&self, path: &SitePath, files: &Files) -> bool {
        self.kept.contains(path) || self.waiting.contains_key(path) || files.contains_key(path)
    }

    /// What makes of the edition before the next.
    fn difference(&self, previous: &VerifiedEdition, files: &Files) -> Change {
        let is_new = |(path, facts): &(&SitePath, FileFacts)| {
            let before = previous.file(path);
            before.map(|entry| (entry.length, entry.digest)) != Some(*facts)
        };
        let put = self.facts(files).filter(is_new);
        let gone = previous.files().map(|(path, _)| path);
        let gone = gone.filter(|path| !self.holds(path, files));
        Change {
            put: put.map(|(path, facts)| (path.clone(), facts)).collect(),
            gone: gone.cloned().collect(),
        }
    }

    /// What the edition before does not hold, in ascending order of path.
    fn changed<'a>(
        &'a self,
        files: &'a Files,
    ) -> impl Iterator<Item = (&'a SitePath, Changed<'a>)> {
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|(path, file)| !self.is_unchanged(path, file.digest));
        let held = files.iter();
        let held = held.filter(|(path, content)| !self.is_unchanged(path, Digest::of(content)));
        merged(
            waiting.map(|(path, file)| (path, Changed::Waiting(file))),
            held.map(|(path, content)| (path, Changed::Held(content))),
        )
    }

    fn is_unchanged(&self, path: &SitePath, digest: Digest) -> bool {
        let before = self.previous.as_ref();
        let entry = before.and_then(|previous| previous.file(path));
        entry.is_some_and(|entry| entry.digest == digest)
    }
}

/// As a reader would gather it, with his limits.
fn gathered(signed: &MetadataSet) -> Result<Gathered, PublishError> {
    let mut gathered = Gathered::default();
    for (name, content) in signed.iter() {
        let taken = gathered.insert(name.clone(), content.clone());
        taken.map_err(|refusal| match refusal {
            Refusal::TooMuchMetadata { max_bytes } => PublishError::TooLarge { max_bytes },
            other => other.into(),
        })?;
    }
    Ok(gathered)
}

/// Both in ascending order of key, each key once: of two the `later` one counts.
fn merged<K: Ord, V>(
    former: impl Iterator<Item = (K, V)>,
    later: impl Iterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, V)> {
    let (mut former, mut later) = (former.peekable(), later.peekable());
    std::iter::from_fn(move || {
        let Some((next, _)) = later.peek() else {
            return former.next();
        };
        match former.next_if(|(key, _)| key < next) {
            Some(first) => Some(first),
            None => {
                former.next_if(|(key, _)| key == next);
                later.next()
            }
        }
    })
}

/// A file that must be packed.
enum Changed<'a> {
    Held(&'a Bytes),
    Waiting(&'a Waiting),
}

/// Enough for every core to be busy, little enough to be held in memory.
const BATCH_FILES: usize = 256;
const BATCH_BYTES: usize = 16 << 20;

fn batch<'a>(
    changed: &mut impl Iterator<Item = (&'a SitePath, Changed<'a>)>,
) -> Result<Vec<(&'a SitePath, Bytes)>, FileError> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
        let content = match changed.next() {
            Some((path, Changed::Held(content))) => (path, content.clone()),
            Some((path, Changed::Waiting(file))) => (path, file.content()?),
            None => break,
        };
        bytes += content.1.len();
        batch.push(content);
    }
    Ok(batch)
}

fn pack_all(files: &[(&SitePath, Bytes)], effort: Effort) -> Vec<Vec<u8>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = files.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let pack = |files: &[(&SitePath, Bytes)]| {
            files
                .iter()
                .map(|(_, content)| bundle::pack(content, effort))
                .collect::<Vec<_>>()
        };
        let workers: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(move || pack(files)))
            .collect();
        let packed = workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("packing does not panic"));
        packed.collect()
    })
}

enum Placing<E> {
    Refused(Refusal),
    Failed(E),
}

impl<E> From<Refusal> for Placing<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{LIMITS, MetadataName};

    /// So many files of 4 MB, which share their bytes.
    fn set(files: u64) -> MetadataSet {
        let content = Bytes::from(vec![b' '; 4 << 20]);
        let name = |number| MetadataName::versioned(&format!("be-{number}"), 1).unwrap();
        MetadataSet::new((0..files).map(|number| (name(number), content.clone())))
    }

    #[test]
    fn what_comes_later_takes_the_place_of_what_was_there() {
        let check = |former: &[(u8, char)], later: &[(u8, char)], expected: &[(u8, char)]| {
            let merged: Vec<_> = merged(former.iter().copied(), later.iter().copied()).collect();
            assert_eq!(merged, expected);
        };
        check(&[], &[], &[]);
        check(&[(1, 'a')], &[], &[(1, 'a')]);
        check(&[], &[(1, 'b')], &[(1, 'b')]);
        check(
            &[(1, 'a'), (3, 'a'), (4, 'a'), (7, 'a')],
            &[(2, 'b'), (3, 'b'), (4, 'b'), (9, 'b')],
            &[(1, 'a'), (2, 'b'), (3, 'b'), (4, 'b'), (7, 'a'), (9, 'b')],
        );
    }

    #[test]
    fn an_edition_too_large_for_its_readers_is_refused_with_what_to_try() {
        let most = LIMITS.metadata_bytes / (4 << 20);
        assert!(gathered(&set(most)).is_ok());
        let error = gathered(&set(most + 1)).unwrap_err();
        let max_bytes = LIMITS.metadata_bytes;
        assert!(
            error.to_string().contains(&max_bytes.to_string()),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("two sites"));
    }
}
