//! Which old files help most to press the new ones.
//!
//! 1. Those that the new edition has otherwise: most of a front page is what it was.
//! 2. Then those with the most runs of [`RUN`] bytes that the new files have too and nothing chosen before has, for their
//!    length. Which is the best changes with each choice, but a file only ever gets worse, so the one that is still at the
//!    top when it is looked at again is the one.
//!
//! More of it would press better and take longer: most of the time goes into the dictionary. The first of the others are
//! those to learn from, when texts are foretold; the old self of a changed file is only looked up, since learning takes
//! longest. Whoever receives an update is told what was chosen, so this may change at any time.

use std::collections::BinaryHeap;

use bytes::Bytes;

use super::excerpt::is_picture;
use super::{Entry, Excerpt};
use crate::base::SitePath;
use crate::bundle;

/// Of all that is chosen. Twice as much takes about twice the time and presses some three hundredths better.
const CHOSEN_BYTES: u64 = 3 << 20;
/// Of all that is looked at; of a larger edition every second, third… file is.
const LOOKED_AT_BYTES: u64 = 16 << 20;
/// Of what is learned from. Twice as much takes a third of a second longer and saves one byte in a hundred.
const LEARNED_BYTES: u64 = 352 << 10;
const RUN: usize = 8;

/// What a file of the old edition is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    None,
    /// The same may stand in the new edition.
    Same,
    /// It is of the kind of what is new.
    Kind,
}

/// For each file that was signed as part of `base`, in the order of paths. Only such as are there are chosen.
pub(super) fn choose(base: &Excerpt, new: &Excerpt) -> Vec<Use> {
    let mut chosen = vec![Use::None; base.proof().files().len()];
    let mut runs = Runs::default();
    for content in contents(new, |path, entry| is_other(base, path, entry)) {
        runs.add(&content.1);
    }
    let mut room = CHOSEN_BYTES;
    let mut choose = |index: usize, length: u64, its: Use| {
        if let (Some(rest), Some(chosen)) = (room.checked_sub(length), chosen.get_mut(index)) {
            (room, *chosen) = (rest, its);
            return true;
        }
        false
    };
    let is_changed = |path: &SitePath, entry: Entry| {
        new.file(path).is_some_and(|its| its.digest != entry.digest)
    };
    for (index, content) in contents(base, is_changed) {
        if choose(index, content.len() as u64, Use::Same) {
            runs.remove(&content);
        }
    }
    let others = others(base, |path, entry| !is_changed(path, entry));
    let mut heap: BinaryHeap<(u64, usize)> = others
        .iter()
        .enumerate()
        .map(|(at, (_, content))| (runs.worth(content), at))
        .collect();
    let mut learned = LEARNED_BYTES;
    while let Some((worth, at)) = heap.pop() {
        let Some((index, content)) = others.get(at).filter(|_| worth > 0) else {
            break;
        };
        let now = runs.worth(content);
        if heap.peek().is_some_and(|(next, _)| *next > now) {
            heap.push((now, at));
            continue;
        }
        let length = content.len() as u64;
        let (its, rest) = match learned.checked_sub(length) {
            Some(rest) => (Use::Kind, rest),
            None => (Use::Same, learned),
        };
        if choose(*index, length, its) {
            learned = rest;
            runs.remove(content);
        }
    }
    chosen
}

fn is_other(base: &Excerpt, path: &SitePath, entry: Entry) -> bool {
    let old = base.proof().files().get(path);
    old.is_none_or(|old| old.digest != entry.digest)
}

/// Texts of an edition by their place in it.
fn contents(
    edition: &Excerpt,
    which: impl Fn(&SitePath, Entry) -> bool,
) -> impl Iterator<Item = (usize, Bytes)> {
    // What a disk has changed meanwhile helps nobody.
    texts(edition, which).filter_map(|(index, entry)| Some((index, unpacked(edition, entry)?)))
}

fn unpacked(edition: &Excerpt, entry: Entry) -> Option<Bytes> {
    let content = bundle::unpack(&edition.packed(entry), entry.length);
    content.ok().map(Bytes::from)
}

fn texts(
    edition: &Excerpt,
    which: impl Fn(&SitePath, Entry) -> bool,
) -> impl Iterator<Item = (usize, Entry)> {
    let signed = edition.proof().files().keys().enumerate();
    let files = signed.filter_map(|(index, path)| Some((index, path, edition.file(path)?)));
    files
        .filter(move |(_, path, entry)| {
            let is_text = || bundle::stored_runs(&edition.packed(*entry)).is_none();
            !is_picture(path) && which(path, *entry) && is_text()
        })
        .map(|(index, _, entry)| (index, entry))
}

fn others(base: &Excerpt, which: impl Fn(&SitePath, Entry) -> bool) -> Vec<(usize, Bytes)> {
    let texts: Vec<_> = texts(base, which).collect();
    let bytes: u64 = texts.iter().map(|(_, entry)| entry.length).sum();
    let step = usize::try_from(bytes.div_ceil(LOOKED_AT_BYTES)).unwrap_or(usize::MAX);
    let texts = texts.into_iter().step_by(step.max(1));
    texts
        .filter_map(|(index, entry)| Some((index, unpacked(base, entry)?)))
        .collect()
}

/// Runs of bytes by 24 bits of a hash. Two may fall together, which makes a choice a little worse.
struct Runs(Vec<u64>);

const BITS: u32 = 24;

impl Default for Runs {
    fn default() -> Self {
        Self(vec![0; 1 << (BITS - 6)])
    }
}

impl Runs {
    fn add(&mut self, content: &[u8]) {
        for (word, bit) in places(content) {
            if let Some(word) = self.0.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn remove(&mut self, content: &[u8]) {
        for (word, bit) in places(content) {
            if let Some(word) = self.0.get_mut(word) {
                *word &= !bit;
            }
        }
    }

    /// Hits for the length.
    fn worth(&self, content: &[u8]) -> u64 {
        let hit = |(word, bit): &(usize, u64)| self.0.get(*word).is_some_and(|word| word & bit > 0);
        let hits = places(content).filter(hit).count() as u64;
        (hits << 20) / (content.len() as u64).max(1)
    }
}

fn places(content: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    content.array_windows::<RUN>().map(|run| {
        let hash = u64::from_le_bytes(*run).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
        ((hash >> 6) as usize, 1 << (hash & 63))
    })
}
