//! The word of a channel: who has it can find the channel's list and read it.
//!
//! It is part of the addresses that the channel is told, behind a `#`, which no browser sends to anybody. Derived from it
//! are the list's name on mirrors, and the key that locks it; neither leads back to the word.

use std::fmt;

use ring::digest::{SHA256, digest};
use ring::hmac;

use super::super::metadata::hex;
use crate::base::Secret;

/// 8 to 64 of `a-z 0-9`. A good one is random and has twenty or more.
#[derive(Clone)]
pub struct ChannelWord(Secret<String>);

/// Under what name mirrors keep a channel's list: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListName(String);

impl ChannelWord {
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let fits = is_plain && (8..=64).contains(&text.len());
        fits.then(|| Self(Secret::new(text.to_owned())))
    }

    /// A word of twenty letters out of as many bytes of chance.
    pub fn of_chance(bytes: [u8; 20]) -> Self {
        // As many as divide 256: each is as likely as the others. None is mistaken for another.
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied();
        let letters = bytes.into_iter().filter_map(letter).map(char::from);
        Self(Secret::new(letters.collect()))
    }

    /// Look where it goes from here: it belongs to the readers of the channel.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub fn name(&self) -> ListName {
        let whole = digest(
            &SHA256,
            format!("colport list {}", self.expose()).as_bytes(),
        );
        ListName(hex(whole.as_ref().get(..16).unwrap_or_default()))
    }

    /// 32 bytes for one purpose, which tell nothing of those for another.
    pub(super) fn derived(&self, purpose: &str, from: &[u8]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.expose().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(purpose.as_bytes());
        context.update(from);
        context.sign()
    }
}

impl PartialEq for ChannelWord {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ChannelWord {}

impl fmt::Debug for ChannelWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the word of list {}", self.name())
    }
}

impl ListName {
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_plain_and_its_name_leads_nowhere() {
        for bad in [
            "",
            "short",
            "Svaboda News",
            "k3q9x2m7/../a",
            &"a".repeat(65),
        ] {
            assert_eq!(ChannelWord::parse(bad), None, "{bad}");
        }
        let word = ChannelWord::parse("k3q9x2m7").unwrap();
        assert_eq!(ListName::parse(word.name().as_str()), Some(word.name()));
        assert!(
            !format!("{word:?}").contains("k3q9x2m7"),
            "a log shows no word"
        );
        let other = ChannelWord::parse("k3q9x2m8").unwrap();
        assert_ne!(word.name(), other.name());
    }

    #[test]
    fn chance_makes_a_word_that_is_read_back() {
        let word = ChannelWord::of_chance(std::array::from_fn(|at| at as u8 * 13));
        assert_eq!(word.expose().len(), 20);
        assert_eq!(ChannelWord::parse(word.expose()), Some(word));
    }
}
