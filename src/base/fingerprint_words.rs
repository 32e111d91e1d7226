//! 128 bits as twelve words, and back.
//!
//! The code of BIP-39: four bits of the SHA-256 of the 16 bytes are put behind them, and each eleven bits of the 132 name
//! one of 2048 words. The words are BIP-39's English list (bitcoin/bips, MIT licence), which was made so that no two of
//! them begin with the same four letters or sound alike.

use super::Digest;
use super::fingerprint::FingerprintError;

pub(super) const COUNT: usize = 12;
const WORD_BITS: u32 = 11;
const CHECK_BITS: u32 = 4;
/// So many letters of a word tell it from all others.
const TELLING_LETTERS: usize = 4;

const LIST: &str = include_str!("words.txt");

pub(super) fn of(bytes: &[u8; 16]) -> [&'static str; COUNT] {
    let value = u128::from_be_bytes(*bytes);
    std::array::from_fn(|position| {
        let end = WORD_BITS * (1 + u32::try_from(position).expect("there are twelve"));
        // The twelfth word reaches beyond the 128 bits, into the check.
        let bits = match u128::BITS.checked_sub(end) {
            Some(below) => value >> below,
            None => value << CHECK_BITS | check(bytes),
        };
        let index = usize::try_from(bits % (1 << WORD_BITS)).expect("eleven bits");
        LIST.split_ascii_whitespace()
            .nth(index)
            .expect("the list has 2048 words")
    })
}

fn check(bytes: &[u8; 16]) -> u128 {
    let [first, ..] = Digest::of(bytes).as_bytes().to_owned();
    u128::from(first >> CHECK_BITS)
}

/// `Check` unless there are twelve.
pub(super) fn read(spoken: &[&str]) -> Result<[u8; 16], FingerprintError> {
    let indices: Vec<u128> = spoken
        .iter()
        .map(|word| index_of(word))
        .collect::<Result<_, _>>()?;
    let (Some((last, rest)), COUNT) = (indices.split_last(), indices.len()) else {
        return Err(FingerprintError::Check);
    };
    let most = rest
        .iter()
        .fold(0, |value, index| value << WORD_BITS | index);
    let bytes = (most << (WORD_BITS - CHECK_BITS) | last >> CHECK_BITS).to_be_bytes();
    match last % (1 << CHECK_BITS) == check(&bytes) {
        true => Ok(bytes),
        false => Err(FingerprintError::Check),
    }
}

fn index_of(spoken: &str) -> Result<u128, FingerprintError> {
    let word = spoken.to_ascii_lowercase();
    let is_meant = |known: &str| {
        let begins = word.chars().count() >= TELLING_LETTERS && known.starts_with(&word);
        known == word || begins
    };
    let index = LIST.split_ascii_whitespace().position(is_meant);
    index
        .and_then(|index| u128::try_from(index).ok())
        .ok_or_else(|| FingerprintError::UnknownWord(spoken.chars().take(20).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From the test vectors of BIP-39.
    #[test]
    fn the_code_is_that_of_bip_39() {
        let check = |bytes: [u8; 16], words: &str| assert_eq!(of(&bytes).join(" "), words);
        check([0; 16], &format!("{}about", "abandon ".repeat(11)));
        check([0xff; 16], &format!("{}wrong", "zoo ".repeat(11)));
        check(
            [0x7f; 16],
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
        );
        check(
            [0x80; 16],
            "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
        );
    }

    #[test]
    fn four_letters_tell_the_words_apart() {
        let words: Vec<&str> = LIST.split_ascii_whitespace().collect();
        assert_eq!(words.len(), 1 << WORD_BITS);
        let begin = |word: &&str| word.chars().take(TELLING_LETTERS).collect::<String>();
        let begins: std::collections::BTreeSet<_> = words.iter().map(begin).collect();
        assert_eq!(begins.len(), words.len());
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expected: FingerprintError| {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(read(&words), Err(expected), "{text}");
        };
        let good =
            "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";
        check(
            &good.replace("doctor", "nurse-"),
            FingerprintError::UnknownWord("nurse-".into()),
        );
        check(
            &good.replace("doctor", "doc"),
            FingerprintError::UnknownWord("doc".into()),
        );
        check(&good.replace("doctor", "donkey"), FingerprintError::Check);
        check(
            &good.replace("amount doctor", "doctor amount"),
            FingerprintError::Check,
        );
        check("letter advice", FingerprintError::Check);
        check(&good.replace(" above", " zoo"), FingerprintError::Check);
    }

    proptest! {
        #[test]
        fn words_lead_back(bytes: [u8; 16]) {
            prop_assert_eq!(read(&of(&bytes)), Ok(bytes));
        }
    }
}
