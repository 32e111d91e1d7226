//! A model of text that foretells the next byte by what came before, after which little of it has to be said.
//!
//! 1. Where what came last stood before, for [`LONG`] bytes or more, the byte that followed there is expected: one bit says
//!    that it came. So what is copied from old pages costs next to nothing, in bytes and in time.
//! 2. Else the byte comes bit by bit. Several parties foretell each bit: those who remember what followed the last two, four
//!    and six bytes, the word up to here, and this word behind that one ([`Memory`]); what followed the last byte; and
//!    the place where the last [`SHORT`] bytes stood before.
//! 3. Two judges weigh the parties by how well they did, and two more correct what they say by the bits of this byte and by
//!    the byte before.
//! 4. Everybody learns from what came, who writes and who reads alike, so nothing about the model travels.
//!
//! What it is given beforehand as `matched` is only looked up by 1 and the last of 2; from what is `learned` everybody learns.
//! That takes most of a microsecond a byte, and some 30 MB.
#![expect(
    clippy::indexing_slicing,
    reason = "it is all indices, each of so many bits as its table has places, and half as fast with more checks"
)]

use super::chance::{Chance, Tables, WIDEST};
use super::coder::{Bits, Learning, Reading, Writing};
use super::foretold::Known;

/// See the module.
pub(super) struct Model {
    tables: Tables,
    history: Vec<u8>,
    past: Past,
    place: Match,
    memories: [Memory; MEMORIES],
    /// By the last byte and the bits of this one.
    after_byte: Vec<Chance>,
    matched: Vec<Chance>,
    copied: [Chance; 3],
    judges: [Judge; 2],
    correctors: [Corrector; 2],
    /// Of this byte, behind a 1.
    bits: usize,
    /// What the parties say of the next bit, as logarithms.
    said: [i32; PARTIES],
}

const MEMORIES: usize = 5;
const PARTIES: usize = MEMORIES + 2;
/// From so many bytes on a place is trusted with whole bytes.
const LONG: usize = 32;
/// Places are found again by so many bytes.
const SHORT: usize = 12;
const PLACE_BITS: u32 = 20;

/// What came last.
#[derive(Default)]
struct Past {
    bytes: u64,
    word: u32,
    word_before: u32,
}

impl Past {
    fn push(&mut self, byte: u8) {
        self.bytes = self.bytes << 8 | u64::from(byte);
        if byte >= 0x80 || byte.is_ascii_alphanumeric() {
            self.word = mix(self.word, u32::from(byte) + 1);
        } else if self.word != 0 {
            (self.word_before, self.word) = (self.word, 0);
        }
    }

    fn last(&self) -> usize {
        (self.bytes & 0xff) as usize
    }

    /// What the memories go by.
    fn contexts(&self) -> [u32; MEMORIES] {
        let of = |bytes: u32| {
            let last = self.bytes & ((1 << (8 * bytes)) - 1);
            mix(last as u32, (last >> 32) as u32 ^ bytes << 24)
        };
        let word = mix(self.word, 77 + self.last() as u32);
        let words = mix(self.word ^ 0x5555, self.word_before);
        [of(2), of(4), of(6), word, words]
    }
}

fn mix(one: u32, other: u32) -> u32 {
    let sum = one
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add(other.wrapping_mul(0x85eb_ca6b));
    (sum ^ sum >> 15).wrapping_mul(0xc2b2_ae35)
}

/// Where what came last stood before.
struct Match {
    /// The last places, by a hash of the bytes before them; 0 is none.
    places: Vec<u32>,
    at: usize,
    /// So many bytes before it are those that came last. 0: there is no such place.
    length: usize,
    /// After a byte that was another, a while more is tried.
    tries: u32,
    /// The bit that it foretells.
    bit: Option<bool>,
}

impl Match {
    fn hash(history: &[u8]) -> Option<usize> {
        let last = history.last_chunk::<SHORT>()?;
        let (one, _) = last.split_first_chunk::<8>()?;
        let (_, other) = last.split_last_chunk::<8>()?;
        let one = u64::from_le_bytes(*one).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let other = u64::from_le_bytes(*other).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let sum = (one.rotate_left(29) ^ other).wrapping_mul(0x1656_67b1_9e37_79f9);
        Some((sum >> (64 - PLACE_BITS)) as usize)
    }

    /// Looks for a better place, and notes this one.
    fn look(&mut self, history: &[u8]) {
        let Some(hash) = Self::hash(history) else {
            return;
        };
        let is_weak = self.length == 0 || (self.length < 16 && self.tries > 0);
        let place = self.places[hash] as usize;
        if is_weak && place > 0 {
            let pairs = history[..place].iter().rev().zip(history.iter().rev());
            let length = pairs.take(400).take_while(|(a, b)| a == b).count();
            if length >= SHORT && length > self.length {
                (self.at, self.length, self.tries) = (place, length, 0);
            }
        }
        self.places[hash] = history.len() as u32;
    }

    fn note(&mut self, history: &[u8]) {
        if let Some(hash) = Self::hash(history) {
            self.places[hash] = history.len() as u32;
        }
    }

    fn lose(&mut self) {
        (self.length, self.tries) = (0, 8);
    }

    /// A byte came; `expected` is the one at the place.
    fn follow(&mut self, byte: u8, expected: Option<u8>) {
        let is_right = expected == Some(byte);
        if self.length > 0 && is_right {
            (self.at, self.length) = (self.at + 1, self.length + 1);
        } else if self.tries > 0 && expected.is_some() {
            (self.at, self.tries) = (self.at + 1, self.tries - 1);
            self.length = usize::from(is_right);
        } else {
            self.length = 0;
        }
    }

    fn step(&self) -> usize {
        match self.length {
            length @ 0..16 => length,
            length @ 16..32 => 16 + (length - 16) / 4,
            length => (20 + (length - 32) / 16).min(31),
        }
    }
}

/// What followed: for each half of a byte, found by its context, 15 states, for the bits that can have come of it.
struct Memory {
    /// The first byte of each is a check.
    slots: Vec<[u8; 16]>,
    /// By state.
    chances: Vec<Chance>,
    context: u32,
    slot: usize,
}

const SLOT_BITS: u32 = 18;

impl Memory {
    fn new(tables: &Tables) -> Self {
        Self {
            slots: vec![[0; 16]; 1 << SLOT_BITS],
            chances: tables.chances(),
            context: 0,
            slot: 0,
        }
    }

    /// Of two places the one with this check, or else the one where less was seen.
    fn find(&mut self, bits: usize) {
        let hash = mix(self.context, bits as u32);
        let check = (hash >> 24) as u8 | 1;
        let one = (hash & ((1 << SLOT_BITS) - 1)) as usize;
        let other = one ^ 1;
        self.slot = if self.slots[one][0] == check {
            one
        } else if self.slots[other][0] == check {
            other
        } else {
            let less = match self.slots[one][1] <= self.slots[other][1] {
                true => one,
                false => other,
            };
            self.slots[less] = [0; 16];
            self.slots[less][0] = check;
            less
        };
    }

    fn say(&self, node: usize, tables: &Tables) -> i32 {
        match self.slots[self.slot][node] {
            0 => 0,
            state => tables.stretch(self.chances[usize::from(state)].narrow()),
        }
    }

    fn learn(&mut self, node: usize, bit: bool, tables: &Tables) {
        let state = &mut self.slots[self.slot][node];
        self.chances[usize::from(*state)].learn(bit, 255);
        *state = tables.next(*state, bit);
    }
}

/// Weighs the parties.
struct Judge {
    weights: Vec<[i32; PARTIES]>,
    chosen: usize,
    /// Of 65,536.
    chance: i32,
}

impl Judge {
    /// 65,536 is a whole vote.
    fn new(sets: usize) -> Self {
        Self {
            weights: vec![[19_660; PARTIES]; sets],
            chosen: 0,
            chance: 0,
        }
    }

    fn say(&mut self, set: usize, said: &[i32; PARTIES], tables: &Tables) -> i32 {
        self.chosen = set;
        let votes = said.iter().zip(&self.weights[set]);
        let sum: i64 = votes
            .map(|(said, weight)| i64::from(*said) * i64::from(*weight))
            .sum();
        let widest = i64::from(WIDEST);
        let logarithm = (sum >> 16).clamp(-widest, widest) as i32;
        self.chance = tables.squash(logarithm);
        logarithm
    }

    fn learn(&mut self, said: &[i32; PARTIES], bit: bool) {
        let goal = if bit { 65_536 } else { 0 };
        let error = ((goal - self.chance) * 10) >> 6;
        for (weight, said) in self.weights[self.chosen].iter_mut().zip(said) {
            *weight = (*weight + ((said * error + (1 << 13)) >> 14)).clamp(-(1 << 24), 1 << 24);
        }
    }
}

/// What came of it when so much was said: 33 steps of logarithms, for each context.
struct Corrector {
    chances: Vec<[u16; 33]>,
    context: usize,
    step: usize,
}

impl Corrector {
    fn new(contexts: usize, tables: &Tables) -> Self {
        let step = |step: usize| tables.squash(step as i32 * 128 - 2048) as u16;
        Self {
            chances: vec![std::array::from_fn(step); contexts],
            context: 0,
            step: 0,
        }
    }

    fn say(&mut self, context: usize, logarithm: i32) -> u32 {
        let at = (logarithm + WIDEST + 1) as usize;
        let (step, part) = (at / 128, (at % 128) as u32);
        (self.context, self.step) = (context, step + usize::from(part >= 64));
        let steps = &self.chances[context];
        let (lower, upper) = (u32::from(steps[step]), u32::from(steps[step + 1]));
        (lower * (128 - part) + upper * part) >> 7
    }

    fn learn(&mut self, bit: bool) {
        let chance = &mut self.chances[self.context][self.step];
        let goal = if bit { 65_535 } else { 0 };
        *chance = (i32::from(*chance) + (goal - i32::from(*chance)) / 64) as u16;
    }
}

impl Model {
    /// With what both sides know.
    pub(super) fn new(known: &Known) -> Self {
        let tables = Tables::new();
        let mut model = Self {
            history: Vec::with_capacity(known.matched.len() + known.learned.len()),
            past: Past::default(),
            place: Match {
                places: vec![0; 1 << PLACE_BITS],
                at: 0,
                length: 0,
                tries: 0,
                bit: None,
            },
            memories: std::array::from_fn(|_| Memory::new(&tables)),
            after_byte: vec![Chance::EVEN; 1 << 16],
            matched: vec![Chance::EVEN; 64],
            copied: [Chance::new(49_152); 3],
            judges: [Judge::new(256 * 3), Judge::new(256 * 8)],
            correctors: [256, 1 << 16].map(|contexts| Corrector::new(contexts, &tables)),
            bits: 1,
            said: [0; PARTIES],
            tables,
        };
        for byte in &known.matched {
            model.place.note(&model.history);
            model.past.push(*byte);
            model.history.push(*byte);
        }
        for byte in &known.learned {
            model.byte(&mut Learning, *byte);
        }
        model
    }

    /// What must be said of these bytes, which come next.
    pub(super) fn write(&mut self, content: &[u8]) -> Vec<u8> {
        let mut writing = Writing::new();
        for byte in content {
            self.byte(&mut writing, *byte);
        }
        writing.finish()
    }

    /// The other way: so many bytes. `None`: it was not said as [`Self::write`] says it.
    pub(super) fn read(&mut self, coded: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut reading = Reading::new(coded);
        let content = (0..length).map(|_| self.byte(&mut reading, 0)).collect();
        reading.is_spent().then_some(content)
    }

    fn byte(&mut self, bits: &mut impl Bits, wanted: u8) -> u8 {
        if self.place.length < LONG {
            self.place.look(&self.history);
        } else {
            self.place.note(&self.history);
            let expected = self.history[self.place.at];
            let length = self.place.length;
            let copied = &mut self.copied[usize::from(length >= 64) + usize::from(length >= 300)];
            let is_right = bits.bit(copied.wide().clamp(2, 65_533), expected == wanted);
            copied.learn(is_right, 1000);
            if is_right {
                self.push(expected);
                return expected;
            }
            self.place.lose();
        }
        for (memory, context) in self.memories.iter_mut().zip(self.past.contexts()) {
            memory.context = context;
        }
        self.bits = 1;
        for at in 0..8 {
            if at % 4 == 0 {
                let bits = self.bits;
                self.memories
                    .iter_mut()
                    .for_each(|memory| memory.find(bits));
            }
            let bit = bits.bit(self.say(at), wanted >> (7 - at) & 1 == 1);
            self.learn(at, bit);
            self.bits = self.bits << 1 | usize::from(bit);
        }
        let byte = (self.bits & 0xff) as u8;
        self.push(byte);
        byte
    }

    fn push(&mut self, byte: u8) {
        let expected = self.history.get(self.place.at).copied();
        self.place.follow(byte, expected);
        self.past.push(byte);
        self.history.push(byte);
    }

    /// The place of the next bit in a slot: behind a 1, the bits of this half of the byte.
    fn node(&self, at: u32) -> usize {
        let known = at % 4;
        1 << known | self.bits & ((1 << known) - 1)
    }

    fn context_of_byte(&self) -> usize {
        self.past.last() << 8 | self.bits
    }

    /// How likely the next bit is set.
    fn say(&mut self, at: u32) -> u32 {
        let (node, tables) = (self.node(at), &self.tables);
        for (said, memory) in self.said.iter_mut().zip(&self.memories) {
            *said = memory.say(node, tables);
        }
        let after_byte = self.after_byte[self.context_of_byte()];
        self.said[MEMORIES] = tables.stretch(after_byte.narrow());
        self.place.bit = self.bit_at_place(at);
        self.said[MEMORIES + 1] = match self.place.bit {
            Some(bit) => {
                let matched = self.matched[self.place.step() * 2 + usize::from(bit)];
                self.tables.stretch(matched.narrow())
            }
            None => 0,
        };
        let trust = match (self.place.bit, self.place.length) {
            (None, _) => 0,
            (Some(_), 0..16) => 1,
            (Some(_), _) => 2,
        };
        let of_byte = self.context_of_byte();
        let (said, tables) = (&self.said, &self.tables);
        let [one, other] = &mut self.judges;
        let sets = [trust * 256 + self.bits, self.past.last() * 8 + at as usize];
        let logarithms = [
            one.say(sets[0], said, tables),
            other.say(sets[1], said, tables),
        ];
        let logarithm = (logarithms[0] + logarithms[1]) / 2;
        let [one, other] = &mut self.correctors;
        let corrected = one.say(self.bits, logarithm) + other.say(of_byte, logarithm);
        let sum = tables.squash(logarithm) as u32 * 2 + corrected;
        (sum / 4).clamp(24, 65_536 - 24)
    }

    /// What the place foretells, unless a bit of this byte was another already.
    fn bit_at_place(&mut self, at: u32) -> Option<bool> {
        if self.place.length == 0 {
            return None;
        }
        let expected = usize::from(self.history[self.place.at]) | 0x100;
        if expected >> (8 - at) != self.bits {
            self.place.lose();
            return None;
        }
        Some(expected >> (7 - at) & 1 == 1)
    }

    fn learn(&mut self, at: u32, bit: bool) {
        let (node, of_byte) = (self.node(at), self.context_of_byte());
        for memory in &mut self.memories {
            memory.learn(node, bit, &self.tables);
        }
        self.after_byte[of_byte].learn(bit, 100);
        if let Some(expected) = self.place.bit {
            let step = self.place.step() * 2 + usize::from(expected);
            self.matched[step].learn(bit, 1000);
        }
        for judge in &mut self.judges {
            judge.learn(&self.said, bit);
        }
        for corrector in &mut self.correctors {
            corrector.learn(bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use bytes::Bytes;

    fn known(matched: &[u8], learned: &[u8]) -> Known {
        Known {
            matched: Bytes::copy_from_slice(matched),
            learned: Bytes::copy_from_slice(learned),
        }
    }

    fn check(known: &Known, blocks: &[&[u8]]) -> usize {
        let (mut writer, mut reader) = (Model::new(known), Model::new(known));
        let lengths = blocks.iter().map(|block| {
            let coded = writer.write(block);
            let back = reader.read(&coded, block.len());
            assert_eq!(back.as_deref(), Some(*block));
            coded.len()
        });
        lengths.sum()
    }

    const LINE: &[u8] = "Рака стала на досвітку, і людзі пайшлі па лёдзе на той бок. ".as_bytes();
    const OTHER: &[u8] = "Мост закрыты да канца месяца, паведаміла гарадская ўлада. ".as_bytes();

    #[test]
    fn what_both_know_costs_hardly_anything() {
        let fresh = check(&Known::default(), &[LINE]);
        let learned = check(&known(OTHER, LINE), &[LINE]);
        let matched = check(&known(&[OTHER, LINE].concat(), OTHER), &[LINE]);
        assert!(fresh > 60 && fresh < LINE.len(), "{fresh}");
        assert!(learned < 15 && matched < 30, "{learned}, {matched}");
    }

    #[test]
    fn blocks_go_on_from_one_another() {
        let apart = check(&Known::default(), &[LINE]) + check(&Known::default(), &[LINE]);
        let together = check(&Known::default(), &[LINE, b"", LINE]);
        assert!(together < apart - 40, "{together} of {apart}");
    }

    /// Of the format: another colport must say the same.
    #[test]
    fn what_is_said_never_changes() {
        let new = "Людзі пайшлі па лёдзе, бо мост закрыты. Улада: «гэта да месяца»; рака стала на досвітку, і \
                   людзі пайшлі на мост.";
        let said = Model::new(&known(LINE, OTHER)).write(new.as_bytes());
        assert_eq!(
            said,
            [
                214, 130, 141, 141, 249, 86, 88, 71, 27, 89, 177, 31, 104, 6, 167, 216, 119, 141,
                123, 212, 35, 134, 101, 162, 48, 118, 7, 10, 77, 120, 40, 154, 2, 118, 21, 17, 148,
                49, 225, 175, 220, 105, 182, 252, 138, 216, 47, 100, 107, 143, 13, 38, 190, 184,
                69, 201, 146, 68, 64
            ]
        );
    }

    #[test]
    fn more_than_is_needed_is_refused() {
        let coded = Model::new(&Known::default()).write(LINE);
        let longer = [&coded[..], &[1, 2, 3, 4, 5]].concat();
        assert_eq!(
            Model::new(&Known::default()).read(&longer, LINE.len()),
            None
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn any_bytes_go_there_and_back(
            old in proptest::collection::vec(0..4u8, 0..300),
            new in proptest::collection::vec(any::<u8>(), 0..300),
            from in 0..100usize,
        ) {
            let from = from.min(old.len());
            let known = known(&old[..from], &old[from..]);
            check(&known, &[&old, &new, &old]);
        }

        #[test]
        fn nothing_that_is_read_makes_it_panic(
            coded in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut model = Model::new(&known(LINE, OTHER));
            let read = model.read(&coded, 500);
            prop_assert!(read.is_none_or(|read| read.len() == 500));
        }
    }
}
