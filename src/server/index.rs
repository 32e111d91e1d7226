//! Where each thing lies that can be asked for: a table in one piece of bytes, so that it can lie in a file and be mapped.
//! A mirror of a hundred thousand files then needs no more memory of its own than one of ten.
//!
//! ```text
//! head:   edition, u64 · how many, u32 · slots, u32 · key, 2 × u64 · tag of the bundle, 32
//! slots:  each a u32, 0 or 1 + where a listing begins behind the slots
//! listings, one behind the other: length of its path, u16 · 1 if stored, u8 · 0 · digest, 32 · length, offset, packed
//!         bytes, 3 × u64 · path
//! ```
//! Numbers are big-endian, and listings stand in ascending order of path. A path is looked for from the slot of its hash
//! on (SipHash, under a key that was drawn for this table) until an empty slot. What belongs to a listing stands together,
//! since each further place in memory that a look-up leads to costs as much as the rest of it.
//!
//! Whoever reads a table checks who made it ([`seal`](super::seal)); here it is only seen to that no bytes, whatever they
//! are, lead outside of it or into an endless search.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher as _, RandomState};

use bytes::Bytes;
use siphasher::sip::SipHasher13;

use crate::base::{Digest, EditionNumber, Hasher};

/// One thing that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing<'a> {
    /// As in the catalogue.
    pub(super) path: Cow<'a, str>,
    pub(super) place: Place,
}

/// Where and how it lies in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its gzip member only stores it.
    pub(super) is_stored: bool,
    pub(super) digest: Digest,
    /// As the reader sees it, in bytes.
    pub(super) length: u64,
    pub(super) offset: u64,
    pub(super) packed_bytes: u64,
}

impl Place {
    fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.packed_bytes)
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Index {
    bytes: Bytes,
    edition: EditionNumber,
    key: [u64; 2],
    tag: Digest,
    /// A power of two, and more than there are listings.
    slots: u32,
    /// No listing speaks of more.
    bundle_bytes: u64,
}

const HEAD: usize = 8 + 4 + 4 + 16 + 32;
const SLOT: usize = 4;
/// Without its path.
const LISTING: usize = 60;

/// Of `listings`, in any order, which lie in a bundle of `bundle_bytes`.
pub(super) fn write(
    edition: EditionNumber,
    mut listings: Vec<Listing<'_>>,
    bundle_bytes: u64,
) -> Vec<u8> {
    listings.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let count = u32::try_from(listings.len()).unwrap_or(u32::MAX);
    // Half of them empty at least: then a search takes two looks or three.
    let slots = count.saturating_mul(2).max(2).next_power_of_two();
    let random = RandomState::new();
    let key = [random.hash_one(0), random.hash_one(1)];
    let mut out = Vec::with_capacity(HEAD + slots as usize * SLOT + listings.len() * 2 * LISTING);
    out.extend(edition.to_be_bytes());
    out.extend(count.to_be_bytes());
    out.extend(slots.to_be_bytes());
    out.extend(key.iter().flat_map(|half| half.to_be_bytes()));
    out.extend(tag_of(&listings, bundle_bytes).as_bytes());
    let taken = taken(&listings, &key, slots);
    out.extend(taken.iter().flat_map(|slot| slot.to_be_bytes()));
    for Listing { path, place } in &listings {
        out.extend(path_length(path).to_be_bytes());
        out.extend([place.is_stored.into(), 0]);
        out.extend(place.digest.as_bytes());
        for number in [place.length, place.offset, place.packed_bytes] {
            out.extend(number.to_be_bytes());
        }
        out.extend(path.bytes().take(path_length(path).into()));
    }
    out
}

/// A path is at most some hundred bytes long; one that were cut off would not be found, and no more.
fn path_length(path: &str) -> u16 {
    u16::try_from(path.len()).unwrap_or(u16::MAX)
}

fn taken(listings: &[Listing<'_>], key: &[u64; 2], slots: u32) -> Vec<u32> {
    let mut taken = vec![0; slots as usize];
    let mut at = 0_u32;
    for listing in listings {
        let from = first_slot(key, &listing.path, slots);
        let order = (from..slots).chain(0..from);
        let free = order
            .map(|slot| slot as usize)
            .find(|slot| taken.get(*slot) == Some(&0));
        if let Some(slot) = free.and_then(|slot| taken.get_mut(slot)) {
            *slot = at.saturating_add(1);
        }
        let length = LISTING as u32 + u32::from(path_length(&listing.path));
        // Behind four gigabytes nothing would be found.
        at = at.saturating_add(length);
    }
    taken
}

fn first_slot(key: &[u64; 2], path: &str, slots: u32) -> u32 {
    let mut hasher = SipHasher13::new_with_keys(key[0], key[1]);
    hasher.write(path.as_bytes());
    // Below `slots`, which is a power of two.
    (hasher.finish() & u64::from(slots.saturating_sub(1))) as u32
}

/// The bundle's entity tag. The digest of it would cost a second look at every byte, so it is made of what lies in it:
/// two bundles with the same could differ only in how deflate spelled a content in the very same number of bytes.
fn tag_of(sorted: &[Listing<'_>], bundle_bytes: u64) -> Digest {
    let mut hasher = Hasher::default();
    for Listing { path, place } in sorted {
        hasher.update(&(path.len() as u64).to_be_bytes());
        hasher.update(path.as_bytes());
        hasher.update(place.digest.as_bytes());
        hasher.update(&place.packed_bytes.to_be_bytes());
    }
    hasher.update(&bundle_bytes.to_be_bytes());
    hasher.finish()
}

impl Index {
    /// Of a bundle of `bundle_bytes`. `None`: they are no such table.
    pub(super) fn read(bytes: Bytes, bundle_bytes: u64) -> Option<Self> {
        let mut head = bytes.get(..HEAD)?;
        let edition = number(&mut head)?;
        let count = u32::from_be_bytes(*take(&mut head)?);
        let slots = u32::from_be_bytes(*take(&mut head)?);
        let key = [number(&mut head)?, number(&mut head)?];
        let tag = Digest::from(*take(&mut head)?);
        let slot_bytes = (slots as usize).checked_mul(SLOT)?;
        let listing_bytes = bytes.len().checked_sub(HEAD)?.checked_sub(slot_bytes)?;
        let is_table = slots.is_power_of_two() && slots > count;
        let has_room = listing_bytes / LISTING >= count as usize;
        (is_table && has_room).then_some(Self {
            bytes,
            edition,
            key,
            tag,
            slots,
            bundle_bytes,
        })
    }

    pub(super) fn edition(&self) -> EditionNumber {
        self.edition
    }

    /// Of the bundle as a whole.
    pub(super) fn tag(&self) -> Digest {
        self.tag
    }

    pub(super) fn find(&self, path: &str) -> Option<Place> {
        let mut slot = first_slot(&self.key, path, self.slots);
        for _ in 0..self.slots {
            let at = HEAD + slot as usize * SLOT;
            let taken = u32::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?);
            let (found, listing) = self.listing(taken.checked_sub(1)?)?;
            if found == path.as_bytes() {
                return self.place(listing);
            }
            slot = (slot + 1) & self.slots.saturating_sub(1);
        }
        None
    }

    /// Of which path one that begins there is, and what it says.
    fn listing(&self, at: u32) -> Option<(&[u8], &[u8; LISTING])> {
        let first = HEAD.checked_add((self.slots as usize).checked_mul(SLOT)?)?;
        let rest = self.bytes.get(first.checked_add(at as usize)?..)?;
        let (listing, behind) = rest.split_first_chunk::<LISTING>()?;
        let length = u16::from_be_bytes(*listing.first_chunk()?);
        Some((behind.get(..length.into())?, listing))
    }

    /// `None`: it does not lie inside of the bundle.
    fn place(&self, listing: &[u8; LISTING]) -> Option<Place> {
        let mut rest = listing.get(2..)?;
        let [is_stored, _] = *take(&mut rest)?;
        let place = Place {
            is_stored: is_stored == 1,
            digest: Digest::from(*take(&mut rest)?),
            length: number(&mut rest)?,
            offset: number(&mut rest)?,
            packed_bytes: number(&mut rest)?,
        };
        let is_inside = place.end().is_some_and(|end| end <= self.bundle_bytes);
        is_inside.then_some(place)
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(|bytes| u64::from_be_bytes(*bytes))
}

/// Also for what stands around a table.
pub(super) fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listing(path: &str, offset: u64) -> Listing<'static> {
        Listing {
            path: path.to_owned().into(),
            place: Place {
                is_stored: path.len().is_multiple_of(2),
                digest: Digest::of(path.as_bytes()),
                length: 70_000,
                offset,
                packed_bytes: 300,
            },
        }
    }

    const BUNDLE: u64 = 1 << 20;

    fn index(listings: &[Listing<'static>]) -> Index {
        let bytes = write(7, listings.to_vec(), BUNDLE);
        Index::read(bytes.into(), BUNDLE).expect("a table")
    }

    fn many() -> Vec<Listing<'static>> {
        (0..500)
            .map(|n| listing(&format!("be/2026/11/новость-{n}/index.html"), n * 300))
            .collect()
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let index = index(&many());
        for Listing { path, place } in many() {
            assert_eq!(index.find(&path), Some(place), "{path}");
        }
        for path in ["", "be", "be/2026/11/новость-500/index.html"] {
            assert_eq!(index.find(path), None, "{path}");
        }
        assert_eq!(index.edition(), 7);
    }

    #[test]
    fn a_table_of_nothing_holds_nothing() {
        assert_eq!(index(&[]).find("index.html"), None);
    }

    #[test]
    fn the_bundle_has_one_tag_in_whatever_order_its_files_are_told() {
        let backwards: Vec<_> = many().into_iter().rev().collect();
        assert_eq!(index(&many()).tag(), index(&backwards).tag());
        let longer = Index::read(write(7, many(), BUNDLE + 1).into(), BUNDLE).expect("a table");
        assert_ne!(index(&many()).tag(), longer.tag());
    }

    #[test]
    fn what_would_lie_outside_of_the_bundle_is_not_found() {
        let check = |offset: u64, is_good: bool| {
            let index = index(&[listing("a", offset)]);
            assert_eq!(index.find("a").is_some(), is_good, "{offset}");
        };
        check(BUNDLE - 300, true);
        check(BUNDLE - 299, false);
        check(u64::MAX, false);
    }

    #[test]
    fn in_a_table_that_is_cut_off_only_what_is_whole_is_found() {
        let all = [listing("a", 0), listing("bc", 300)];
        let whole = write(7, all.to_vec(), BUNDLE);
        let second = whole.len() - LISTING - "bc".len();
        for length in 0..whole.len() {
            let cut = Bytes::copy_from_slice(&whole[..length]);
            let Some(index) = Index::read(cut, BUNDLE) else {
                assert!(length < second + LISTING, "{length}");
                continue;
            };
            let first = index.find("a");
            assert!(first.is_none_or(|place| place == all[0].place), "{length}");
            assert_eq!(index.find("bc"), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_lead_outside_or_round_and_round(
            changes in prop::collection::vec((0_usize..400, any::<u8>()), 1..8),
        ) {
            let mut bytes = write(7, vec![listing("a", 0), listing("bc", 300)], BUNDLE);
            for (at, byte) in changes {
                if let Some(changed) = bytes.get_mut(at) {
                    *changed = byte;
                }
            }
            if let Some(index) = Index::read(bytes.into(), BUNDLE) {
                for path in ["a", "bc", "", "d"] {
                    let found = index.find(path);
                    prop_assert!(found.is_none_or(|place| place.end().is_some_and(|end| end <= BUNDLE)));
                }
            }
        }
    }
}
