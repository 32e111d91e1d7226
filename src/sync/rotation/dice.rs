//! Chance that can be repeated: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
//!
//! It decides between mirrors that are equally good, and nothing that must stay secret.

/// The whole state is one number, so it travels with the planner's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    pub fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// What [`Self::of_seed`] takes to go on from here.
    pub fn seed(&self) -> u64 {
        self.0
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 (inclusive) to 1 (exclusive), evenly.
    pub fn fraction(&mut self) -> f64 {
        // The upper 53 bits are all that an `f64` holds exactly.
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// Waiting time of something that has no memory, with this mean.
    pub fn waiting(&mut self, mean: f64) -> f64 {
        -(1.0 - self.fraction()).ln() * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_published_program() {
        let mut dice = Dice::of_seed(1_234_567);
        let rolls = [dice.roll(), dice.roll(), dice.roll()];
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(rolls, published);
    }

    #[test]
    fn fractions_and_waits_have_their_means() {
        let mut dice = Dice::of_seed(7);
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let fractions = mean((0..10_000).map(|_| dice.fraction()).collect());
        assert!((fractions - 0.5).abs() < 0.01, "{fractions}");
        let waits = mean((0..10_000).map(|_| dice.waiting(4.0)).collect());
        assert!((waits - 4.0).abs() < 0.1, "{waits}");
    }
}
