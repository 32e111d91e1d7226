//! The fuzzer's checks, for a moment each: with what it begins with, with what it has found, and with both changed by dice.

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::fs;
use std::path::Path;

use checks::{TARGETS, Target};

const TRIES: usize = 400;

/// Dice that fall the same way in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end
    }
}

/// Inputs that once made a check fail lie in `tests/fuzz/found/TARGET`.
fn found(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found");
    let Ok(entries) = fs::read_dir(folder.join(target.name)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn changed(input: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut input = input.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(input.len() + 1);
        let byte = u8::try_from(dice.below(256)).unwrap();
        match (dice.below(3), input.get_mut(at)) {
            (0, Some(here)) => *here = byte,
            (1, Some(_)) => drop(input.remove(at)),
            _ => input.insert(at, byte),
        }
    }
    input
}

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut inputs = (target.seeds)();
    inputs.extend(found(target));
    inputs.iter().for_each(|input| (target.check)(input));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..TRIES {
        let input = changed(&inputs[dice.below(inputs.len())], &mut dice);
        // So that a failure can be repeated.
        let caught = std::panic::catch_unwind(|| (target.check)(&input));
        assert!(caught.is_ok(), "`{name}` fails with {input:?}");
    }
}

#[test]
fn whatever_is_done_to_a_dense_stream_no_other_edition_comes_of_it() {
    check("dense");
}

#[test]
fn whatever_is_done_to_one_role_only_its_keys_can_change_what_is_believed() {
    check("metadata");
}

#[test]
fn a_chain_of_roots_is_followed_as_far_as_people_have_consented() {
    check("roots");
}

#[test]
fn what_was_remembered_is_read_or_refused() {
    check("remembered");
}

#[test]
fn a_change_of_keys_that_comes_back_is_what_people_are_shown() {
    check("proposal");
}

#[test]
fn a_key_file_is_read_or_refused() {
    check("keyfile");
}

#[test]
fn a_channel_hears_what_was_sealed_for_it_or_nothing() {
    check("lists");
}

#[test]
fn a_pattern_matches_what_a_simple_reading_of_it_says() {
    check("pattern");
}

#[test]
fn json_has_one_canonical_form() {
    check("json");
}

#[test]
fn no_request_can_be_hidden_in_another() {
    check("heads");
}
