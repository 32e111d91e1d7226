//! Names by lot, for hosts, buckets and domains.
//!
//! They can be spoken over the telephone and look like many small sites; no one who sees two can tell that they belong
//! together. 70 syllables, four to a name, and a last letter: 336 million.

const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
const VOWELS: &[u8] = b"aeiou";
const SYLLABLES: usize = 4;
/// So many letters in a row that are in a word to be avoided are too many.
const ALIKE: usize = 4;
const TRIES: usize = 64;

/// `chance` gives a byte at each call. `avoid`: names of the newsroom, of its sections, of its hosts.
pub fn draw(mut chance: impl FnMut() -> u8, avoid: &[String]) -> String {
    let mut name = once(&mut chance);
    for _ in 0..TRIES {
        if !is_made_from(&name, avoid) {
            break;
        }
        name = once(&mut chance);
    }
    name
}

fn once(chance: &mut impl FnMut() -> u8) -> String {
    let mut letter = |letters: &[u8]| {
        // Two bytes, so that each letter is as likely as another.
        let drawn = u16::from_le_bytes([chance(), chance()]);
        let place = (usize::from(drawn) * letters.len()) >> 16;
        char::from(letters.get(place).copied().unwrap_or(b'a'))
    };
    let mut name = String::new();
    for _ in 0..SYLLABLES {
        name.push(letter(CONSONANTS));
        name.push(letter(VOWELS));
    }
    name.push(letter(CONSONANTS));
    name
}

/// Whether four letters in a row stand also in one of the words.
pub fn is_made_from(name: &str, words: &[String]) -> bool {
    let letters = |text: &str| -> Vec<char> {
        let lower = text.to_lowercase();
        lower.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let name = letters(name);
    words.iter().any(|word| {
        let word = letters(word);
        word.windows(ALIKE)
            .any(|run| name.windows(ALIKE).any(|other| other == run))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::io::random;

    #[test]
    fn names_are_drawn_that_any_host_and_bucket_can_have() {
        let names: BTreeSet<String> = (0..500).map(|_| draw(random::byte, &[])).collect();
        assert!(
            names.len() >= 499,
            "they are all different: {}",
            names.len()
        );
        for name in &names {
            assert_eq!(name.len(), 9, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        }
        let first: BTreeSet<char> = names
            .iter()
            .filter_map(|name| name.chars().next())
            .collect();
        assert_eq!(first.len(), CONSONANTS.len());
    }

    #[test]
    fn a_name_never_holds_a_piece_of_the_newsrooms() {
        for (name, word) in [
            ("riverpost", "River Post"),
            ("kolidrive", "The-River"),
            ("navinabo", "навіны Navina"),
        ] {
            assert!(is_made_from(name, &[word.into()]), "{name}");
        }
        assert!(!is_made_from(
            "balotikus",
            &["River Post".into(), "be".into()]
        ));
        // The first that is drawn is the newsroom's, so another is.
        let mut drawn = 0;
        let chance = || {
            drawn += 1;
            if drawn <= 18 { 0 } else { 255 }
        };
        assert_eq!(draw(chance, &["Babababab".into()]), "zuzuzuzuz");
    }
}
