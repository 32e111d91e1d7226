//! What an update is pressed or foretold by: contents of the edition before, chosen by letters.

use bytes::Bytes;

use super::choice::Use;
use super::dense::too_large;
use super::{Excerpt, Refusal};
use crate::base::{Hasher, LIMITS};
use crate::bundle::dense::{Head, Known, Texts};

/// More is not learned from, however much a stranger offers: it takes most of a microsecond a byte.
const LEARNED_BYTES: u64 = 1 << 20;

/// What a file of the old edition is in the dictionary.
pub(super) fn letter(its: Use) -> u8 {
    match its {
        Use::None => b'-',
        Use::Same => b'+',
        Use::Kind => b'*',
    }
}

/// Only what is foretold is learned for.
pub(super) fn use_of_letter(letter: u8, texts: Texts) -> Option<Use> {
    let all = match texts {
        Texts::Pressed => &[Use::None, Use::Same][..],
        Texts::Foretold => &[Use::None, Use::Same, Use::Kind],
    };
    all.iter().copied().find(|its| self::letter(*its) == letter)
}

/// What an update is pressed by: of the edition before.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    same: Bytes,
    kind: Bytes,
    metadata: Bytes,
}

impl Dictionary {
    /// The contents of the chosen files of `base`, in the order of paths, then of its metadata but the roots, in the order
    /// of a bundle. Roots may have come to one copy of the edition and not to another. Of metadata beyond the limit only
    /// the end is taken.
    pub(super) fn of(base: &Excerpt, chosen: &[Use]) -> Result<Self, Refusal> {
        let files = |of: Use| {
            let files = base.proof().files().iter().zip(chosen);
            files.filter(move |(_, its)| **its == of)
        };
        let all = files(Use::Same).chain(files(Use::Kind));
        let length: u64 = all.map(|((_, file), _)| file.length).sum();
        too_large("a dictionary", length, HALF_BYTES)?;
        let learned = files(Use::Kind).map(|((_, file), _)| file.length).sum();
        too_large("what is to be learned from", learned, LEARNED_BYTES)?;
        let contents = |of: Use| -> Result<Bytes, Refusal> {
            let mut texts = Vec::new();
            for ((path, _), _) in files(of) {
                // Of a small copy, a picture may be missing.
                let other = Refusal::OtherBase {
                    base: base.number(),
                };
                let entry = base.file(path).ok_or(other)?;
                texts.extend_from_slice(&base.content(entry));
            }
            Ok(texts.into())
        };
        let mut metadata = Vec::new();
        for name in base.proof().names() {
            if let Some(entry) = base.metadata_file(&name).filter(|_| name.role() != "root") {
                metadata.extend_from_slice(&base.content(entry));
            }
        }
        Ok(Self {
            same: contents(Use::Same)?,
            kind: contents(Use::Kind)?,
            metadata: Bytes::copy_from_slice(end_of(&metadata)),
        })
    }

    /// See [`Base::mark`](crate::bundle::dense::Base::mark).
    pub(super) fn mark(&self) -> String {
        let mut hasher = Hasher::default();
        let parts = [&self.same, &self.kind, &self.metadata];
        parts.into_iter().for_each(|part| hasher.update(part));
        Head::mark_of(&hasher.finish())
    }

    pub(super) fn of_metadata(&self) -> Bytes {
        self.metadata.clone()
    }

    /// `folio`: the metadata that came, as it stands in its frame. Pages speak of what is new in it.
    pub(super) fn of_texts(&self, folio: &[u8]) -> Known {
        Known {
            matched: [&self.same, end_of(folio)].concat().into(),
            learned: self.kind.clone(),
        }
    }
}

const HALF_BYTES: u64 = LIMITS.dictionary_bytes / 2;

fn end_of(metadata: &[u8]) -> &[u8] {
    let half = usize::try_from(HALF_BYTES).unwrap_or(usize::MAX);
    let surplus = metadata.len().saturating_sub(half);
    metadata.get(surplus..).unwrap_or_default()
}
