//! What a reader's client tells one mirror of another, if the reader wants that: as little as is of use.
//!
//! 1. The mirror that failed is named by a [`Mark`], which is made of its address: who knows the address knows which one is
//!    meant, and nobody learns an address from it.
//! 2. How it failed is one of six words. Of the reader nothing is said, except the country if he says so himself.
//! 3. What mirrors tell of it is a [`Rumour`]: how many reported the same that day, in three steps.
//!
//! Whoever wants to can lie, and say so a thousand times. So this is hearsay: a reason to look, never more.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::Digest;

/// Of a report, or of what a mirror tells.
pub const REPORT_BYTES: u64 = 2_000;
pub const RUMOURS_BYTES: u64 = 256 << 10;
/// Failures of one report.
const FAILURES: usize = 16;

/// Stands for the address of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(u64);

impl Mark {
    /// `mirror`: as [`address::parse`](super::address::parse) gives it.
    pub fn of(mirror: &Url) -> Self {
        let digest = Digest::of(format!("colport mirror {mirror}").as_bytes());
        let first = digest.as_bytes().iter().take(8);
        Self(first.fold(0, |mark, byte| (mark << 8) | u64::from(*byte)))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        mark.to_string()
    }
}

impl TryFrom<String> for Mark {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_hex = text.len() == 16
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(&text, 16) {
            Ok(mark) if is_hex => Ok(Self(mark)),
            _ => Err("a mark has 16 hexadecimal digits"),
        }
    }
}

/// How a mirror failed, as far as a reader can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    Unreachable,
    Silent,
    Slow,
    BlockPage,
    Wrong,
    Stale,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "it is not reached",
            Self::Silent => "nothing comes back",
            Self::Slow => "it is slow",
            Self::BlockPage => "a block page is shown",
            Self::Wrong => "it shows something else",
            Self::Stale => "it shows an old edition",
        })
    }
}

/// Two letters, such as `by` (ISO 3166-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl FromStr for Country {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [one, two] if one.is_ascii_alphabetic() && two.is_ascii_alphabetic() => {
                Ok(Self([one.to_ascii_lowercase(), two.to_ascii_lowercase()]))
            }
            _ => Err("a country is two letters, such as `by`"),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl TryFrom<String> for Country {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.0.map(char::from).iter().collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub failures: Vec<(Mark, Failure)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

impl Report {
    /// Of more failures than a report may hold the first.
    pub fn new(mut failures: Vec<(Mark, Failure)>, country: Option<Country>) -> Self {
        failures.truncate(FAILURES);
        Self { failures, country }
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a report has texts only")
    }

    /// `None`: it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let report: Self = serde_json::from_slice(bytes).ok()?;
        (report.failures.len() <= FAILURES).then_some(report)
    }
}

/// How many there were who reported the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Many {
    Few,
    Some,
    Many,
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Few => "a few",
            Self::Some => "some",
            Self::Many => "many",
        })
    }
}

/// What a mirror heard of another on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rumour {
    /// Since 1970.
    pub day: i64,
    pub mirror: Mark,
    pub failure: Failure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    pub reports: Many,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_neither_who_nor_where() {
        let url = Url::parse("https://blocked.example/").unwrap();
        let report = Report::new(vec![(Mark::of(&url), Failure::Silent)], "BY".parse().ok());
        let json = String::from_utf8(report.to_json()).unwrap();
        assert_eq!(
            json,
            "{\"failures\":[[\"7c2635968e28809b\",\"silent\"]],\"country\":\"by\"}"
        );
        assert_eq!(Report::parse(json.as_bytes()), Some(report));
        let many = Report::new(vec![(Mark(7), Failure::Slow); 40], None);
        assert_eq!(Report::parse(&many.to_json()), Some(many.clone()));
        assert!(many.to_json().len() < REPORT_BYTES as usize);
    }

    #[test]
    fn what_is_no_report_is_not_taken_for_one() {
        let mark = "0123456789abcdef";
        for bad in [
            String::new(),
            "{}".into(),
            format!("{{\"failures\":[[\"{mark}\",\"tired\"]]}}"),
            "{\"failures\":[[\"https://a.example/\",\"silent\"]]}".into(),
            format!("{{\"failures\":[],\"country\":\"Belarus\",\"mirror\":\"{mark}\"}}"),
            format!("{{\"failures\":[],\"name\":\"{mark}\"}}"),
            format!(
                "{{\"failures\":[{}]}}",
                vec![format!("[\"{mark}\",\"silent\"]"); 17].join(",")
            ),
        ] {
            assert_eq!(Report::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
