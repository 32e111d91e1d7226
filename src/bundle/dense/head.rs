//! What a dense stream says of itself: one line of JSON in a skippable frame.

use serde::{Deserialize, Serialize};

use super::super::BundleError;
use crate::base::{Digest, EditionNumber};

/// Nothing of it is trusted; it lets a stream be understood, or refused, early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub edition: EditionNumber,
    /// `None`: all of the edition.
    pub base: Option<Base>,
    /// Pictures may be left out.
    pub is_excerpt: bool,
}

/// What the receiver must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    pub edition: EditionNumber,
    /// Of the digest of the dictionary: see [`Head::mark_of`].
    pub mark: String,
    pub texts: Texts,
}

/// How texts come in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// In zstd frames.
    Pressed,
    Foretold,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: String,
    edition: EditionNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<EditionNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dictionary: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    excerpt: bool,
}

const FORMAT: &str = "colport-dense-1";
/// Of an update of which the texts are foretold.
const FORETOLD: &str = "colport-dense-2";
/// Of the JSON.
pub(super) const MOST_BYTES: u32 = 1024;

impl Head {
    /// The first 16 digits, enough to see whether two have the same by chance or by mistake.
    pub fn mark_of(dictionary: &Digest) -> String {
        dictionary.to_string().chars().take(16).collect()
    }

    pub fn to_json(&self) -> Vec<u8> {
        let texts = self.base.as_ref().map(|base| base.texts);
        let format = match texts {
            Some(Texts::Foretold) => FORETOLD,
            Some(Texts::Pressed) | None => FORMAT,
        };
        let written = Written {
            format: format.into(),
            edition: self.edition,
            base: self.base.as_ref().map(|base| base.edition),
            dictionary: self.base.as_ref().map(|base| base.mark.clone()),
            excerpt: self.is_excerpt,
        };
        let mut json = serde_json::to_vec(&written).expect("numbers and plain words are JSON");
        json.push(b'\n');
        json
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|_| BundleError::NotABundle("its head does not say what it carries"))?;
        let texts = match written.format.as_str() {
            FORMAT => Texts::Pressed,
            FORETOLD => Texts::Foretold,
            _ => {
                return Err(BundleError::NotABundle(
                    "its format is none that this colport knows; a newer one may",
                ));
            }
        };
        let base = match (written.base, written.dictionary) {
            (None, None) if texts == Texts::Pressed => None,
            (Some(edition), Some(mark)) if 0 < edition && edition < written.edition => Some(Base {
                edition,
                mark,
                texts,
            }),
            _ => {
                return Err(BundleError::NotABundle(
                    "what it says of itself makes no sense",
                ));
            }
        };
        Ok(Self {
            edition: written.edition,
            base,
            is_excerpt: written.excerpt,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_go_there_and_back() {
        let full = Head {
            edition: 5,
            base: None,
            is_excerpt: false,
        };
        let update = Head {
            edition: 5,
            base: Some(Base {
                edition: 4,
                mark: Head::mark_of(&Digest::of(b"what was before")),
                texts: Texts::Pressed,
            }),
            is_excerpt: true,
        };
        let mut foretold = update.clone();
        if let Some(base) = &mut foretold.base {
            base.texts = Texts::Foretold;
        }
        assert_eq!(
            full.to_json(),
            b"{\"format\":\"colport-dense-1\",\"edition\":5}\n"
        );
        for head in [full, update, foretold] {
            assert_eq!(Head::parse(&head.to_json()), Ok(head));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for json in [
            "",
            "[]",
            r#"{"format":"colport-dense-3","edition":5}"#,
            r#"{"format":"colport-dense-2","edition":5}"#,
            r#"{"format":"colport-dense-1","edition":5,"base":4}"#,
            r#"{"format":"colport-dense-1","edition":5,"dictionary":"00"}"#,
            r#"{"format":"colport-dense-1","edition":5,"base":5,"dictionary":"00"}"#,
            r#"{"format":"colport-dense-1","edition":5,"base":0,"dictionary":"00"}"#,
        ] {
            assert!(Head::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
