//! When a certificate is asked for. Pure.
//!
//! 1. The first time at once.
//! 2. Again when two thirds of its time have passed, so that a third is left in which everything may go wrong.
//! 3. What fails is tried again, first after minutes, then more and more seldom: an authority bears five failures of a
//!    name in an hour. A day has two tries at least.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// From when until when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Validity {
    /// `None`: it is no certificate.
    pub(in crate::server) fn of(certificate: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let validity = certificate.tbs_certificate().validity();
        let seconds = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        Some(Self {
            from: seconds(validity.not_before)?,
            until: seconds(validity.not_after)?,
        })
    }

    pub(super) fn renew_at(&self) -> Timestamp {
        let whole = self.until.duration_since(self.from).as_secs();
        let after = SignedDuration::from_secs(whole / 3 * 2);
        self.from.checked_add(after).unwrap_or(self.from)
    }
}

/// Before the next try, after so many failures in a row. `chance` spreads it by a fifth, so that mirrors that failed together
/// do not come back together.
pub(super) fn pause(failures: u32, chance: u8) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_PAUSE) * (1000 + 200 * u32::from(chance) / 255) / 1000
}

const FIRST_PAUSE: Duration = Duration::from_secs(5 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_time_is_left_for_trouble() {
        let check = |from: &str, until: &str, expected: &str| {
            let [from, until, expected] = [from, until, expected].map(|t| t.parse().unwrap());
            assert_eq!(Validity { from, until }.renew_at(), expected);
        };
        let (from, until) = ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z");
        check(from, until, "2026-03-02T00:00:00Z");
        check(from, "2026-01-07T00:00:00Z", "2026-01-05T00:00:00Z");
        check(from, from, from);
    }

    #[test]
    fn an_hour_has_four_tries_and_a_day_two_at_least() {
        let tries =
            |failures: std::ops::Range<u32>| failures.map(|n| pause(n, 0)).sum::<Duration>();
        // The first try is at once.
        assert!(tries(1..4) < Duration::from_secs(3600));
        assert!(tries(1..5) > Duration::from_secs(3600));
        assert!(pause(1000, 255) <= Duration::from_secs(12 * 3600));
        assert!(pause(u32::MAX, 0) >= pause(8, 0));
    }

    #[test]
    fn a_certificate_tells_until_when_it_holds() {
        let mut params = rcgen::CertificateParams::new(vec!["m.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 11, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 30);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let expected = Validity {
            from: "2026-11-01T00:00:00Z".parse().unwrap(),
            until: "2027-01-30T00:00:00Z".parse().unwrap(),
        };
        assert_eq!(Validity::of(certificate.der()), Some(expected));
        assert_eq!(Validity::of(b"none"), None);
    }
}
