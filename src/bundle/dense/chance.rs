//! What is known of a bit that was seen before: chances that learn, and the numbers they are reckoned with.
//!
//! All of it is in whole numbers, so that every machine reckons the same.

/// How likely a set bit is: 22 bits of that, and behind them in 10 bits how often it was looked at.
#[derive(Clone, Copy)]
pub(super) struct Chance(u32);

/// What is left to learn after so many looks: 2 / (2n + 3), of 65,536.
#[expect(
    clippy::indexing_slicing,
    reason = "a mistake here would be one of the compiler's errors"
)]
static PACE: [i32; 1024] = {
    let mut pace = [0; 1024];
    let mut looks = 0;
    while looks < pace.len() {
        pace[looks] = (2 << 16) / (2 * looks as i32 + 3);
        looks += 1;
    }
    pace
};

impl Chance {
    pub(super) const EVEN: Self = Self(1 << 31);

    /// `of_65536`: how likely it is held to be before the first look.
    pub(super) fn new(of_65536: u16) -> Self {
        Self(u32::from(of_65536) << 16)
    }

    /// Nothing was said of it yet. No other comes to be this.
    pub(super) const UNKNOWN: Self = Self(0);

    /// If it was unknown: so likely, as if looked at so many times.
    pub(super) fn become_known(&mut self, of_65536: u32, looks: u32) {
        if self.0 == 0 {
            self.0 = of_65536 << 16 | looks;
        }
    }

    /// Of 65,536.
    pub(super) fn wide(self) -> u32 {
        self.0 >> 16
    }

    /// Of 4,096.
    pub(super) fn narrow(self) -> usize {
        (self.0 >> 20) as usize
    }

    /// After `most` looks, fewer than 1024, it learns no more slowly.
    pub(super) fn learn(&mut self, bit: bool, most: u32) {
        let (now, looks) = ((self.0 >> 10) as i32, self.0 & 1023);
        let goal = if bit { (1 << 22) - 1 } else { 0 };
        let pace = PACE.get(looks as usize).copied().unwrap_or(0);
        // 15 bits by 16 bits: this cannot overflow.
        let next = now + ((((goal - now) >> 7) * pace) >> 9);
        let looks = if looks < most { looks + 1 } else { looks };
        self.0 = (next.clamp(0, (1 << 22) - 1) as u32) << 10 | looks;
    }
}

/// Of the logarithm of how much likelier a set bit is, in steps of 1/256: beyond this nothing is told apart.
pub(super) const WIDEST: i32 = 2047;

pub(super) struct Tables {
    squash: Vec<u16>,
    stretch: Vec<i16>,
    next: Vec<[u8; 2]>,
    initial: Vec<u16>,
}

/// e^(1/256), of 2^50.
const STEP: u128 = 1_130_306_554_484_061;
const ONE: u128 = 1 << 50;

impl Tables {
    pub(super) fn new() -> Self {
        let squash = squash();
        let states = states();
        Self {
            stretch: stretch(&squash),
            squash,
            next: states.iter().map(|(_, next)| *next).collect(),
            initial: states.iter().map(|(seen, _)| seen.chance()).collect(),
        }
    }

    /// From a logarithm to a chance of 65,536.
    pub(super) fn squash(&self, logarithm: i32) -> i32 {
        let at = (logarithm.clamp(-WIDEST, WIDEST) + WIDEST) as usize;
        i32::from(self.squash.get(at).copied().unwrap_or(32_768))
    }

    /// From a chance of 4,096 to a logarithm.
    pub(super) fn stretch(&self, chance: usize) -> i32 {
        i32::from(self.stretch.get(chance).copied().unwrap_or(0))
    }

    /// What is remembered of a place after a further bit.
    pub(super) fn next(&self, state: u8, bit: bool) -> u8 {
        let next = self.next.get(usize::from(state));
        let [clear, set] = next.copied().unwrap_or_default();
        if bit { set } else { clear }
    }

    /// By what is remembered, before anything was learnt about that.
    pub(super) fn chances(&self) -> Vec<Chance> {
        let all = self.initial.iter().map(|initial| Chance::new(*initial));
        let mut chances: Vec<_> = all.collect();
        chances.resize(256, Chance::EVEN);
        chances
    }
}

fn squash() -> Vec<u16> {
    let mut powers = vec![ONE];
    for _ in 0..WIDEST {
        let last = powers.last().copied().unwrap_or(ONE);
        powers.push((last * STEP) >> 50);
    }
    let of = |logarithm: i32| {
        let power = powers.get(logarithm.unsigned_abs() as usize);
        let power = power.copied().unwrap_or(ONE);
        let part = if logarithm < 0 { ONE } else { power };
        (part * 65_536 / (ONE + power)).clamp(16, 65_520) as u16
    };
    (-WIDEST..=WIDEST).map(of).collect()
}

/// The other way.
fn stretch(squash: &[u16]) -> Vec<i16> {
    let of = |chance: u16| squash.partition_point(|squashed| *squashed < chance * 16 + 8);
    let last = squash.len() - 1;
    let all = (0..4096).map(|chance| of(chance).min(last) as i32 - WIDEST);
    all.map(|logarithm| logarithm as i16).collect()
}

/// How often a bit was clear and set at a place, roughly: of many the number is not kept, and what was seen long ago counts
/// less after something else came.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    clear: u8,
    set: u8,
    /// The last one, while little is known.
    last: bool,
}

impl Seen {
    fn chance(self) -> u16 {
        let (clear, set) = (u32::from(self.clear), u32::from(self.set));
        let chance = (set * 2 + 1) * 65_536 / ((clear + set) * 2 + 2);
        u16::try_from(chance).unwrap_or(u16::MAX)
    }

    fn is_kept(more: u8, fewer: u8) -> bool {
        let most = match fewer {
            0 => 40,
            1 => 24,
            2 => 12,
            3 => 7,
            4 => 5,
            _ => 0,
        };
        more <= most
    }

    fn then(self, bit: bool) -> Self {
        let (mut other, mut same) = match bit {
            true => (self.clear, self.set),
            false => (self.set, self.clear),
        };
        other = match other {
            0..=2 => other,
            3 => 2,
            4..=5 => 3,
            6..=9 => 4,
            10..=18 => 5,
            _ => 6,
        };
        same += 1;
        while !Self::is_kept(same.max(other), same.min(other)) {
            match same > 1 && same > other {
                true => same -= 1,
                false => other -= 1,
            }
        }
        let (clear, set) = if bit { (other, same) } else { (same, other) };
        Self {
            clear,
            set,
            last: bit && clear > 0 && set > 0 && clear + set < 12,
        }
    }
}

/// All that can have been seen, each with the places in this list of what comes of it; nothing stands first.
fn states() -> Vec<(Seen, [u8; 2])> {
    let mut states = vec![(Seen::default(), [0; 2])];
    let mut at = 0;
    while let Some((seen, _)) = states.get(at).copied() {
        let next = [false, true].map(|bit| place(&mut states, seen.then(bit)));
        if let Some(state) = states.get_mut(at) {
            state.1 = next;
        }
        at += 1;
    }
    states
}

fn place(states: &mut Vec<(Seen, [u8; 2])>, seen: Seen) -> u8 {
    let known = states.iter().position(|(known, _)| *known == seen);
    let place = known.unwrap_or_else(|| {
        states.push((seen, [0; 2]));
        states.len() - 1
    });
    u8::try_from(place).expect("there are fewer than 256, whatever comes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_and_its_logarithm_are_one_thing() {
        let tables = Tables::new();
        assert_eq!(tables.squash(0), 32_768);
        assert_eq!((tables.squash(-5000), tables.squash(5000)), (22, 65_513));
        for chance in 8..4088 {
            let back = tables.squash(tables.stretch(chance)) >> 4;
            assert!(back.abs_diff(chance as i32) <= 4, "{chance}: {back}");
        }
    }

    #[test]
    fn what_always_comes_is_expected() {
        let tables = Tables::new();
        let (mut state, mut chances) = (0, tables.chances());
        for _ in 0..2000 {
            chances[usize::from(state)].learn(true, 255);
            state = tables.next(state, true);
        }
        assert!(chances[usize::from(state)].wide() > 65_000);
        // And soon no more, when something else comes.
        for _ in 0..3 {
            state = tables.next(state, false);
        }
        assert!(tables.chances()[usize::from(state)].wide() < 50_000);
    }

    #[test]
    fn a_chance_stays_in_its_bounds() {
        for bit in [false, true] {
            let mut chance = Chance::EVEN;
            (0..5000).for_each(|_| chance.learn(bit, 1023));
            let expected = if bit { 65_400..65_536 } else { 0..136 };
            assert!(expected.contains(&chance.wide()), "{}", chance.wide());
        }
    }
}
