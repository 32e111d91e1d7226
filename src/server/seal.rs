//! What was proved of the edition in the state folder, so that a restart shows it in a moment.
//!
//! To verify an edition is to read every byte of it, which takes a second or more. So after it was done once, it is
//! written down next to the edition, in `edition.seal`: by what marks the file was known, and where each thing lies in it.
//!
//! 1. If the file bears the same marks at the next start (size, place on the disk, the times of the last write and of
//!    the last change, of which nobody can set the second), it is shown at once.
//! 2. All of it is verified again all the same, behind that, and taken down if it was damaged.
//!
//! What that gives away: for the second in which it is verified, bytes that the disk has lost by itself could be shown; a
//! reader's gzip would mostly notice. Who can write into the state folder could deceive a running mirror as well, since
//! it sends from the file; readers that verify notice both.
//!
//! ```text
//! "colport seal 1\n" · marks, 6 × u64 · edition, u64 · how many, u32 · listings · SHA-256 of all before
//! listing: length of path, u16 · path · 1 if stored · digest, 32 · length, offset, packed bytes, 3 × u64
//! ```
//! Numbers are big-endian.

use crate::base::{Digest, EditionNumber};
use crate::io::files::Marks;

/// One thing that can be asked for, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    /// As in the catalogue.
    pub(super) path: String,
    /// Its gzip member only stores it.
    pub(super) is_stored: bool,
    pub(super) digest: Digest,
    /// As the reader sees it, in bytes.
    pub(super) length: u64,
    /// In the bundle.
    pub(super) offset: u64,
    pub(super) packed_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) marks: Marks,
    pub(super) edition: EditionNumber,
    pub(super) listings: Vec<Listing>,
}

const MAGIC: &[u8] = b"colport seal 1\n";

impl Seal {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for number in self.marks.0 {
            out.extend(number.to_be_bytes());
        }
        out.extend(self.edition.to_be_bytes());
        let count = u32::try_from(self.listings.len()).unwrap_or(u32::MAX);
        out.extend(count.to_be_bytes());
        for listing in &self.listings {
            // A path is at most some hundred bytes long; one that were cut off would break the seal, and no more.
            let length = u16::try_from(listing.path.len()).unwrap_or(u16::MAX);
            out.extend(length.to_be_bytes());
            out.extend(listing.path.as_bytes());
            out.push(listing.is_stored.into());
            out.extend(listing.digest.as_bytes());
            for number in [listing.length, listing.offset, listing.packed_bytes] {
                out.extend(number.to_be_bytes());
            }
        }
        let digest = Digest::of(&out);
        out.extend(digest.as_bytes());
        out
    }

    /// `None`: it is torn, or of another version.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mut rest, digest) = bytes.split_last_chunk::<32>()?;
        if Digest::of(rest).as_bytes() != digest {
            return None;
        }
        rest = rest.strip_prefix(MAGIC)?;
        let mut marks = [0; 6];
        for mark in &mut marks {
            *mark = number(&mut rest)?;
        }
        let edition = number(&mut rest)?;
        let count = u32::from_be_bytes(*take(&mut rest)?);
        let listings: Option<Vec<_>> = (0..count).map(|_| listing(&mut rest)).collect();
        rest.is_empty().then_some(())?;
        Some(Self {
            marks: Marks(marks),
            edition,
            listings: listings?,
        })
    }
}

fn listing(rest: &mut &[u8]) -> Option<Listing> {
    let length = u16::from_be_bytes(*take(rest)?);
    let (path, behind) = rest.split_at_checked(length.into())?;
    *rest = behind;
    let [is_stored] = *take(rest)?;
    Some(Listing {
        path: str::from_utf8(path).ok()?.to_owned(),
        is_stored: is_stored == 1,
        digest: Digest::from(*take(rest)?),
        length: number(rest)?,
        offset: number(rest)?,
        packed_bytes: number(rest)?,
    })
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(|bytes| u64::from_be_bytes(*bytes))
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        let listing = |path: &str, is_stored, offset| Listing {
            path: path.to_owned(),
            is_stored,
            digest: Digest::of(path.as_bytes()),
            length: 70_000,
            offset,
            packed_bytes: 300,
        };
        Seal {
            marks: Marks([1, 2, 3, 4, 5, u64::MAX]),
            edition: 7,
            listings: vec![
                listing(
                    "be/\u{43d}\u{430}\u{432}\u{456}\u{43d}\u{44b}.html",
                    false,
                    0,
                ),
                listing("be/1.webp", true, 300),
            ],
        }
    }

    #[test]
    fn what_is_written_down_can_be_read() {
        assert_eq!(Seal::from_bytes(&seal().to_bytes()), Some(seal()));
    }

    #[test]
    fn a_seal_that_is_torn_or_changed_counts_for_nothing() {
        let whole = seal().to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Seal::from_bytes(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(Seal::from_bytes(&changed), None, "{at}");
        }
    }
}
