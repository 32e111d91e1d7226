//! What was wrong with a mirror: data, so that a table can show it and a test can name it.

use jiff::Timestamp;

use crate::base::{EditionNumber, SitePath};
use crate::io::fetch::FetchError;
use crate::{edition, trust};

/// One mirror's failing. A person sees it beside the mirror's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Refused, reset, no such host, wrong certificate: the network's words.
    #[error("{0}")]
    Unreachable(String),
    #[error("it did not answer within {seconds} seconds")]
    Silent { seconds: u64 },
    #[error("it fell silent in the middle")]
    Stalled,
    #[error("it was too slow, at {bytes_per_second} bytes a second")]
    Slow { bytes_per_second: u64 },
    #[error("it ended too early")]
    EndedEarly,
    /// Not the mirror's doing as a rule, but of someone on the way.
    #[error("a web page came instead, as providers answer for what they block")]
    BlockPage,
    #[error("it has no edition")]
    Empty,
    #[error("it does not have this edition's bundle")]
    NoBundle,
    /// Not a lie by itself: what was held may be another copy, and the plain form is still there.
    #[error("its dense copy of the bundle could not be used: {0}")]
    Dense(String),
    #[error(
        "it offers version {got} of `{role}`, but {had} was seen before: someone may want to hide newer articles"
    )]
    Older { role: String, had: u64, got: u64 },
    #[error("it still has edition {has}, elsewhere there is {newest}")]
    Behind {
        has: EditionNumber,
        newest: EditionNumber,
    },
    #[error("what it offers should have been renewed by {since}: newer articles may be held back")]
    Stale { since: Timestamp },
    #[error("what it sent is not what the newsroom signed: {0}")]
    Lied(String),
    /// Not a lie by itself: a host that only keeps files may be in the middle of being brought up to date.
    #[error("it shows another `{0}` than was signed")]
    Differs(SitePath),
    /// Two mirrors sent parts of something wrong, and it cannot be told whose fault it is.
    #[error("this or another mirror sent something wrong: {0}")]
    Suspect(String),
    #[error("it shows another site: the fingerprint is not the one asked for")]
    OtherSite,
}

impl Fault {
    /// Whether somebody tampered: such a mirror is asked last, also next time.
    pub fn is_lie(&self) -> bool {
        matches!(self, Self::Lied(_) | Self::Older { .. } | Self::OtherSite)
    }

    /// Whether the same mirror may well do better a moment later.
    pub fn is_weather(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Silent { .. }
                | Self::Stalled
                | Self::Slow { .. }
                | Self::EndedEarly
        )
    }
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::TooLarge { .. } => Self::Lied(error.reason()),
            _ => Self::Unreachable(error.reason()),
        }
    }
}

impl From<trust::Refusal> for Fault {
    fn from(refusal: trust::Refusal) -> Self {
        match refusal {
            trust::Refusal::Rollback { role, had, got } => Self::Older { role, had, got },
            trust::Refusal::Expired { since, .. } => Self::Stale { since },
            trust::Refusal::Missing { ref role } if role == "timestamp" => Self::Empty,
            other => Self::Lied(other.to_string()),
        }
    }
}

impl From<edition::Refusal> for Fault {
    fn from(refusal: edition::Refusal) -> Self {
        match refusal {
            edition::Refusal::Trust(refusal) => refusal.into(),
            other => Self::Lied(other.to_string()),
        }
    }
}

/// Whether bytes that should be metadata or a bundle are a web page.
pub(super) fn is_web_page(bytes: &[u8]) -> bool {
    let start = bytes
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf));
    start == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_pages_are_told_from_metadata_and_bundles() {
        for page in ["<!doctype html>", "\r\n <html>", "\u{feff}<p>"] {
            assert!(is_web_page(page.as_bytes()), "{page:?}");
        }
        for other in [&b"{\"signed\""[..], b"", b"\x1f\x8b", b" {"] {
            assert!(!is_web_page(other), "{other:?}");
        }
    }

    #[test]
    fn bad_weather_is_no_lie() {
        let rollback = trust::Refusal::Rollback {
            role: "timestamp".into(),
            had: 7,
            got: 5,
        };
        assert!(Fault::from(rollback).is_lie());
        for fault in [
            Fault::BlockPage,
            Fault::Stalled,
            Fault::EndedEarly,
            Fault::Empty,
        ] {
            assert!(!fault.is_lie(), "{fault}");
        }
        assert!(Fault::Stalled.is_weather() && !Fault::BlockPage.is_weather());
    }
}
