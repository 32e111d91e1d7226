//! The name by which people compare a site: short enough to be read over the phone.

use std::fmt;
use std::str::FromStr;

use super::Digest;

/// The first 128 bits of the SHA-256 of a site's first `root` metadata file (`1.root.json`, byte for byte).
///
/// The first root never changes, so a site keeps its fingerprint while its keys are replaced; finding another
/// root with the same fingerprint takes some 2^128 tries. Written as eight groups of four hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a fingerprint: it has eight groups of four digits or letters a-f, such as `9f2c-…-01ab`"
)]
pub struct FingerprintError(String);

impl Fingerprint {
    pub fn of_first_root(root_json: &[u8]) -> Self {
        let digest = Digest::of(root_json);
        let mut first = [0; 16];
        first.copy_from_slice(&digest.as_bytes()[..16]);
        Self(first)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let dash = if index > 0 && index % 2 == 0 { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Case, blanks, dashes and colons do not matter: people copy it by hand.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let refused = || FingerprintError(text.chars().take(80).collect());
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | ':'))
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<_>>()
            .ok_or_else(refused)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        if digits.len() != 32 {
            return Err(refused());
        }
        Ok(Self(bytes.try_into().map_err(|_| refused())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_write_it_their_way() {
        let print = Fingerprint::of_first_root(b"abc");
        assert_eq!(print.to_string(), "ba78-16bf-8f01-cfea-4141-40de-5dae-2223");
        for text in [
            "ba78-16bf-8f01-cfea-4141-40de-5dae-2223",
            "BA7816BF8F01CFEA414140DE5DAE2223",
            "ba78 16bf:8f01 cfea 4141 40de 5dae 2223 ",
        ] {
            assert_eq!(text.parse(), Ok(print), "{text}");
        }
    }

    #[test]
    fn a_part_of_it_is_refused() {
        for text in [
            "",
            "ba78",
            "ba78-16bf-8f01-cfea-4141-40de-5dae-222",
            "ba78-16bf-8f01-cfea-4141-40de-5dae-22234",
            "xx78-16bf-8f01-cfea-4141-40de-5dae-2223",
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
