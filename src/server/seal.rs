//! What was proved of the edition in the state folder, so that a restart shows it in a moment, and so that what lies where
//! in it need not be kept in memory.
//!
//! To verify an edition is to read every byte of it, which takes a second or more. So after it was done once, it is
//! written down next to the edition, in `edition.seal`: by what marks the file was known, and where each thing lies in it.
//!
//! 1. If the file bears the same marks at the next start (size, place on the disk, the times of the last write and of
//!    the last change, of which nobody can set the second), it is shown at once.
//! 2. All of it is verified again all the same, within a minute, and taken down if it was damaged.
//!
//! What that gives away: while it is verified, bytes that the disk has lost by itself could be shown; a
//! reader's gzip would mostly notice. Who can write into the state folder could deceive a running mirror as well, since
//! it sends from the file; readers that verify notice both.
//!
//! ```text
//! "colport seal 3\n" · 0 · marks, 6 × u64 · table (see `index`) · SHA-256 of all before
//! ```
//! Numbers are big-endian.

use bytes::Bytes;

use super::index::{Index, take};
use crate::base::Digest;
use crate::io::files::Marks;

const MAGIC: &[u8] = b"colport seal 3\n\0";

/// `table`: of the bundle that bears these marks.
pub(super) fn write(marks: &Marks, table: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.reserve_exact(size_of::<Marks>() + table.len() + size_of::<Digest>());
    for number in marks.0 {
        out.extend(number.to_be_bytes());
    }
    out.extend_from_slice(table);
    let digest = Digest::of(&out);
    out.extend(digest.as_bytes());
    out
}

/// `None`: it is torn, of another version, or of another file than the one that bears these marks.
pub(super) fn read(bytes: &Bytes, marks: &Marks) -> Option<Index> {
    let (mut rest, digest) = bytes.split_last_chunk::<32>()?;
    if Digest::of(rest).as_bytes() != digest {
        return None;
    }
    rest = rest.strip_prefix(MAGIC)?;
    for mark in marks.0 {
        (u64::from_be_bytes(*take(&mut rest)?) == mark).then_some(())?;
    }
    let [bundle_bytes, ..] = marks.0;
    Index::read(bytes.slice_ref(rest), bundle_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::index::{self, Listing, Place};
    use super::*;

    const MARKS: Marks = Marks([1000, 2, 3, 4, 5, u64::MAX]);

    fn seal() -> Bytes {
        let listing = |path: &'static str, is_stored, offset| Listing {
            path: path.into(),
            place: Place {
                is_stored,
                digest: Digest::of(path.as_bytes()),
                length: 70_000,
                offset,
                packed_bytes: 300,
            },
        };
        let listings = vec![
            listing("be/навіны.html", false, 0),
            listing("be/1.webp", true, 300),
        ];
        write(&MARKS, &index::write(7, listings, 1000)).into()
    }

    #[test]
    fn what_is_written_down_can_be_read() {
        let index = read(&seal(), &MARKS).unwrap();
        assert_eq!(index.edition(), 7);
        assert!(index.find("be/1.webp").unwrap().is_stored);
        assert_eq!(index.find("be/2.webp"), None);
    }

    #[test]
    fn a_seal_of_another_file_counts_for_nothing() {
        for at in 0..MARKS.0.len() {
            let mut other = MARKS;
            other.0[at] -= 1;
            assert!(read(&seal(), &other).is_none(), "{at}");
        }
    }

    #[test]
    fn a_seal_that_is_torn_or_changed_counts_for_nothing() {
        let whole = seal();
        for length in 0..whole.len() {
            assert!(read(&whole.slice(..length), &MARKS).is_none(), "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[at] ^= 1;
            assert!(read(&changed.into(), &MARKS).is_none(), "{at}");
        }
    }
}
