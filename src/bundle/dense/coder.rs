//! Bits as a number between two bounds that come nearer to each other: an arithmetic coder.
//!
//! Who writes and who reads hold the same two bounds, and for each bit the same chance that it is set. The part of the
//! range that belongs to the bit becomes the range, so that a bit that was expected costs nearly nothing. Bytes on which the
//! bounds agree are done with.

/// Says what comes next, or is told: the model in front of it is the same for both.
pub(super) trait Bits {
    /// `chance` that it is set, of 65,536, without 0 and 65,536. `wanted` is what is to be written; who reads passes over it.
    fn bit(&mut self, chance: u32, wanted: bool) -> bool;
}

/// Only to learn from what is known.
pub(super) struct Learning;

impl Bits for Learning {
    fn bit(&mut self, _: u32, wanted: bool) -> bool {
        wanted
    }
}

#[derive(Clone, Copy)]
struct Range {
    low: u32,
    high: u32,
}

impl Range {
    const ALL: Self = Self {
        low: 0,
        high: u32::MAX,
    };

    /// The last number that stands for a bit that is set.
    fn middle(self, chance: u32) -> u32 {
        let width = u64::from(self.high - self.low);
        let part = (width * u64::from(chance)) >> 16;
        self.low + u32::try_from(part).expect("it is less than the width")
    }

    fn take(&mut self, middle: u32, bit: bool) {
        match bit {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
    }

    /// The number in the range that is written at the end: the highest, with zeros where the bounds differ, but for the
    /// first place in which they do.
    fn last(self) -> u32 {
        if self.low == 0 {
            return 0;
        }
        let differ = 32 - (self.low ^ self.high).leading_zeros();
        self.high & !(((1_u64 << differ.saturating_sub(1)) - 1) as u32)
    }

    /// The first byte, if no bit can change it any more.
    fn shift(&mut self) -> Option<u8> {
        let [first, ..] = self.low.to_be_bytes();
        let is_done = (self.low ^ self.high) >> 24 == 0;
        is_done.then(|| {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            first
        })
    }
}

pub(super) struct Writing {
    range: Range,
    out: Vec<u8>,
}

impl Writing {
    pub(super) fn new() -> Self {
        Self {
            range: Range::ALL,
            out: Vec::new(),
        }
    }

    /// What was written. Zeros at its end are left out, as it is read.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(&self.range.last().to_be_bytes());
        let used = self.out.iter().rposition(|byte| *byte != 0);
        self.out.truncate(used.map_or(0, |last| last + 1));
        self.out
    }
}

impl Bits for Writing {
    fn bit(&mut self, chance: u32, wanted: bool) -> bool {
        let middle = self.range.middle(chance);
        self.range.take(middle, wanted);
        while let Some(byte) = self.range.shift() {
            self.out.push(byte);
        }
        wanted
    }
}

pub(super) struct Reading<'a> {
    range: Range,
    number: u32,
    rest: &'a [u8],
    /// A zero at the end says nothing.
    ends_in_zero: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(coded: &'a [u8]) -> Self {
        let mut reading = Self {
            range: Range::ALL,
            number: 0,
            rest: coded,
            ends_in_zero: coded.last() == Some(&0),
        };
        (0..4).for_each(|_| reading.next());
        reading
    }

    /// Behind the end there are zeros.
    fn next(&mut self) {
        let next = self.rest.split_first();
        let (byte, rest) = next.map_or((0, &[][..]), |(byte, rest)| (*byte, rest));
        self.number = self.number << 8 | u32::from(byte);
        self.rest = rest;
    }

    /// Whether just that came which [`Writing`] writes for the bits that were read: the same is said in one way only.
    pub(super) fn is_spent(&self) -> bool {
        self.rest.is_empty() && !self.ends_in_zero && self.number == self.range.last()
    }
}

impl Bits for Reading<'_> {
    fn bit(&mut self, chance: u32, _: bool) -> bool {
        let middle = self.range.middle(chance);
        let bit = self.number <= middle;
        self.range.take(middle, bit);
        while self.range.shift().is_some() {
            self.next();
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bits: &[(u32, bool)]) -> usize {
        let mut writing = Writing::new();
        for (chance, bit) in bits {
            writing.bit(*chance, *bit);
        }
        let coded = writing.finish();
        let mut reading = Reading::new(&coded);
        for (at, (chance, bit)) in bits.iter().enumerate() {
            assert_eq!(reading.bit(*chance, false), *bit, "bit {at} of {bits:?}");
        }
        assert!(reading.is_spent());
        // Nothing else says these bits and nothing more.
        let behind: [&[u8]; 8] = [
            &[0],
            &[1],
            &[128],
            &[255],
            &[0, 0],
            &[0, 1],
            &[1; 3],
            &[1; 5],
        ];
        let mut others: Vec<_> = behind.map(|more| [&coded[..], more].concat()).into();
        if let Some((last, rest)) = coded.split_last() {
            others.push(rest.to_vec());
            others.extend((0..8).map(|bit| [rest, &[last ^ 1 << bit]].concat()));
        }
        for other in others {
            let mut reading = Reading::new(&other);
            let mut is_same = true;
            for (chance, bit) in bits {
                is_same &= reading.bit(*chance, false) == *bit;
            }
            assert!(!is_same || !reading.is_spent(), "{other:?} for {coded:?}");
        }
        coded.len()
    }

    #[test]
    fn bits_go_there_and_back_at_any_chance() {
        let mut state = 1_u32;
        for length in 0..400 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 16
            };
            let bits = (0..length).map(|_| (next().clamp(1, 65_535), next() % 2 == 0));
            check(&bits.collect::<Vec<_>>());
        }
        for (chance, bit) in [(1, true), (1, false), (65_535, true), (65_535, false)] {
            check(&vec![(chance, bit); 5000]);
        }
    }

    #[test]
    fn what_is_expected_costs_hardly_anything() {
        assert!(check(&vec![(65_535, true); 100_000]) <= 4);
        let even: Vec<_> = (0..8000).map(|n| (32_768, n % 3 == 0)).collect();
        assert!(check(&even).abs_diff(1000) <= 4);
    }
}
