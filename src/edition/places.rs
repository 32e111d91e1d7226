//! Where in a bundle the files of an edition lie, by their number in the order of path. What else is known of them stands
//! in the proof: there may be a million, so nothing is held twice.

use std::num::NonZeroU64;

use super::metadata::SignedFile;
use super::verified::Entry;

/// See the module.
#[derive(Debug)]
pub(super) struct Places(Vec<Option<Place>>);

/// Of a gzip member.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    /// None is empty; so a file that is not there takes no room of its own.
    packed_bytes: NonZeroU64,
}

impl Places {
    pub fn with_capacity(files: usize) -> Self {
        Self(Vec::with_capacity(files))
    }

    /// Of how many files it is known whether they are there: of all up to the last one that is.
    pub fn known(&self) -> usize {
        self.0.len()
    }

    /// Files come in order; what is left out is not there. `false`, with nothing changed, if this one comes too late.
    pub fn put(&mut self, number: usize, offset: u64, packed_bytes: u64) -> bool {
        let place = NonZeroU64::new(packed_bytes).map(|packed_bytes| Place {
            offset,
            packed_bytes,
        });
        let takes = number >= self.known() && place.is_some();
        if takes {
            self.0.resize(number, None);
            self.0.push(place);
        }
        takes
    }

    /// Of the file with this number. `None` if it is not there.
    pub fn entry(&self, number: usize, file: &SignedFile) -> Option<Entry> {
        let place = (*self.0.get(number)?)?;
        Some(Entry {
            length: file.length,
            digest: file.digest,
            offset: place.offset,
            packed_bytes: place.packed_bytes.get(),
        })
    }

    /// Where the last file that is there before this one ends.
    pub fn end_before(&self, number: usize) -> Option<u64> {
        let before = self.0.get(..number)?.iter().rev().flatten().next();
        before.map(|place| place.offset + place.packed_bytes.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;

    #[test]
    fn files_are_known_by_their_number_and_come_in_order() {
        let file = SignedFile {
            length: 5,
            digest: Digest::of(b"hello"),
        };
        let mut places = Places::with_capacity(0);
        assert!(places.put(1, 100, 20) && places.put(2, 300, 30));
        for (late, packed_bytes) in [(0, 9), (2, 9), (3, 0)] {
            assert!(!places.put(late, 900, packed_bytes), "{late}");
        }
        assert!(places.put(5, 500, 50));
        let there = (0..9).map(|number| places.entry(number, &file).map(|entry| entry.place()));
        let expected = [
            None,
            Some(100..120),
            Some(300..330),
            None,
            None,
            Some(500..550),
            None,
            None,
            None,
        ];
        assert!(there.eq(expected));
        let ends = [0, 1, 2, 3, 5, 6].map(|number| places.end_before(number));
        assert_eq!(
            ends,
            [None, None, Some(120), Some(330), Some(330), Some(550)]
        );
        assert_eq!((places.known(), size_of::<Option<Place>>()), (6, 16));
    }
}
