//! The coder of VP8 (RFC 6386 section 7), both ways, as libwebp ends what it writes.

/// A number of two bytes, of which the higher is compared, and behind which the next bytes come in bit by bit.
pub(super) struct BoolReader<'a> {
    rest: &'a [u8],
    value: u32,
    range: u32,
    /// Bits of the lower byte that were used.
    used: u32,
}

impl<'a> BoolReader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        let mut reader = Self {
            rest,
            value: 0,
            range: 255,
            used: 0,
        };
        reader.value = reader.next() << 8;
        reader.value |= reader.next();
        reader
    }

    /// Behind the end there are zeros.
    fn next(&mut self) -> u32 {
        let next = self.rest.split_first();
        let (byte, rest) = next.map_or((0, &[][..]), |(byte, rest)| (*byte, rest));
        self.rest = rest;
        u32::from(byte)
    }

    /// `zero`: how likely a 0 is, of 256.
    pub(super) fn bit(&mut self, zero: u8) -> bool {
        let split = split(self.range, zero);
        let bit = self.value >= split << 8;
        if bit {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        let shift = shift(self.range);
        self.range <<= shift;
        if self.used + shift < 8 {
            self.value <<= shift;
            self.used += shift;
        } else {
            let before = 8 - self.used;
            self.value <<= before;
            self.value |= self.next();
            self.value <<= shift - before;
            self.used = shift - before;
        }
        bit
    }
}

fn split(range: u32, zero: u8) -> u32 {
    1 + (((range - 1) * u32::from(zero)) >> 8)
}

/// The range has its highest of 8 bits set again.
fn shift(range: u32) -> u32 {
    range.leading_zeros() - 24
}

pub(super) struct BoolWriter {
    out: Vec<u8>,
    low: u32,
    range: u32,
    /// Bits of `low` behind the next byte, less those of a byte.
    waiting: u32,
    /// Bytes 255 that a carry may still change.
    full: usize,
}

impl BoolWriter {
    pub(super) fn new() -> Self {
        Self {
            out: Vec::new(),
            low: 0,
            range: 255,
            waiting: 0,
            full: 0,
        }
    }

    /// Bytes so far.
    pub(super) fn length(&self) -> usize {
        self.out.len() + self.full
    }

    pub(super) fn bit(&mut self, zero: u8, bit: bool) {
        let split = split(self.range, zero);
        if bit {
            self.low += split;
            self.range -= split;
        } else {
            self.range = split;
        }
        let shift = shift(self.range);
        self.range <<= shift;
        self.low <<= shift;
        self.waiting += shift;
        if self.waiting > 8 {
            self.byte();
        }
    }

    fn byte(&mut self) {
        let byte = self.low >> self.waiting;
        self.low -= byte << self.waiting;
        self.waiting = self.waiting.saturating_sub(8);
        if byte & 0xff == 0xff {
            self.full += 1;
            return;
        }
        let is_carried = byte > 0xff;
        if let Some(last) = self.out.last_mut().filter(|_| is_carried) {
            *last = last.wrapping_add(1);
        }
        let full = if is_carried { 0 } else { 0xff };
        self.out.extend(std::iter::repeat_n(full, self.full));
        self.full = 0;
        self.out.push((byte & 0xff) as u8);
    }

    /// All of it, as libwebp ends it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for _ in 0..17 - self.waiting {
            self.bit(128, false);
        }
        self.waiting = 8;
        self.byte();
        self.out
    }
}
