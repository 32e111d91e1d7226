//! The first entry of a bundle, `.colport/bundle.json`: one line of JSON.

use serde::{Deserialize, Serialize};

use crate::base::EditionNumber;

use super::BundleError;

/// What the first entry, `.colport/bundle.json`, says. Nothing of it is trusted; it lets a stream be understood early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub kind: Kind,
    pub edition: EditionNumber,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Every file of the edition.
    Full,
    /// All but some pictures, and all metadata.
    Excerpt,
    /// The files that are not in the edition `base`, and all metadata that `base` does not have.
    Update { base: EditionNumber },
}

/// As it is written. Fields that a later colport adds are passed over; what would change the meaning of the rest
/// comes with another `format`.
#[derive(Serialize, Deserialize)]
struct Written {
    format: String,
    kind: WrittenKind,
    edition: EditionNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<EditionNumber>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKind {
    Full,
    Excerpt,
    Update,
}

const FORMAT: &str = "colport-bundle-1";

impl About {
    pub fn to_json(&self) -> Vec<u8> {
        let (kind, base) = match self.kind {
            Kind::Full => (WrittenKind::Full, None),
            Kind::Excerpt => (WrittenKind::Excerpt, None),
            Kind::Update { base } => (WrittenKind::Update, Some(base)),
        };
        let written = Written {
            format: FORMAT.into(),
            kind,
            edition: self.edition,
            base,
        };
        let mut json = serde_json::to_vec(&written).expect("numbers and plain words are JSON");
        json.push(b'\n');
        json
    }

    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|_| BundleError::NotABundle("its first entry does not say what it carries"))?;
        if written.format != FORMAT {
            return Err(BundleError::NotABundle(
                "its format is none that this colport knows; a newer one may",
            ));
        }
        let kind = match (written.kind, written.base) {
            (WrittenKind::Full, None) => Kind::Full,
            (WrittenKind::Excerpt, None) => Kind::Excerpt,
            (WrittenKind::Update, Some(base)) if 0 < base && base < written.edition => {
                Kind::Update { base }
            }
            _ => {
                return Err(BundleError::NotABundle(
                    "what it says of itself makes no sense",
                ));
            }
        };
        Ok(Self {
            kind,
            edition: written.edition,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_go_there_and_back() {
        let full = About {
            kind: Kind::Full,
            edition: 5,
        };
        let update = About {
            kind: Kind::Update { base: 4 },
            edition: 5,
        };
        assert_eq!(
            full.to_json(),
            b"{\"format\":\"colport-bundle-1\",\"kind\":\"full\",\"edition\":5}\n"
        );
        let excerpt = About {
            kind: Kind::Excerpt,
            edition: 5,
        };
        for about in [full, update, excerpt] {
            assert_eq!(About::parse(&about.to_json()), Ok(about));
        }
    }

    #[test]
    fn fields_of_the_future_are_passed_over() {
        let json = br#"{"format":"colport-bundle-1","kind":"full","edition":5,"variant":"text"}"#;
        assert_eq!(
            About::parse(json),
            Ok(About {
                kind: Kind::Full,
                edition: 5
            })
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for json in [
            "",
            "[]",
            r#"{"format":"colport-bundle-2","kind":"full","edition":5}"#,
            r#"{"format":"colport-bundle-1","kind":"full","edition":-5}"#,
            r#"{"format":"colport-bundle-1","kind":"full","edition":5,"base":4}"#,
            r#"{"format":"colport-bundle-1","kind":"full","edition":5,"edition":6}"#,
            r#"{"format":"colport-bundle-1","kind":"update","edition":5}"#,
            r#"{"format":"colport-bundle-1","kind":"update","edition":5,"base":5}"#,
            r#"{"format":"colport-bundle-1","kind":"update","edition":5,"base":0}"#,
            r#"{"format":"colport-bundle-1","kind":"half","edition":5}"#,
        ] {
            assert!(About::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
