//! Numbers and times as people say them.

use jiff::{SignedDuration, Timestamp};

use crate::edition::{Excerpt, Freshness, Proof};

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// `23 November 2026, 12:00 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `12:00 UTC`.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// `23 Nov 2026`, where many stand in a table.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// How long before `now`, roughly: `3 hours ago`.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at) {
        past if past.is_negative() => "in the future, by this machine's clock".to_owned(),
        past => format!("{} ago", span(past)),
    }
}

/// Roughly: `3 hours`, `12 days`.
pub(crate) fn span(length: SignedDuration) -> String {
    let (minutes, hours) = (length.as_mins(), length.as_hours());
    let said = |number: i64, unit: &str| match number {
        1 => format!("1 {unit}"),
        _ => format!("{number} {unit}s"),
    };
    match hours {
        0 if minutes == 0 => "less than a minute".to_owned(),
        0 => said(minutes, "minute"),
        1..=47 => said(hours, "hour"),
        48..=1439 => said(hours / 24, "day"),
        _ => said(hours / (24 * 30), "month"),
    }
}

/// How often something is done: `20 seconds`, `hour`, `12 hours`, to stand behind "every".
pub(crate) fn period(length: SignedDuration) -> String {
    let said = match length.as_mins() {
        0 => count(
            usize::try_from(length.as_secs()).unwrap_or_default(),
            "second",
            "seconds",
        ),
        _ => span(length),
    };
    said.strip_prefix("1 ").map_or(said.clone(), str::to_owned)
}

/// When an edition was signed, and whether a newer one should exist.
pub(crate) fn freshness(proof: &Proof, now: Timestamp) -> String {
    let signed = match proof.trusted().issued() {
        Some(issued) => format!("Signed on {}, {}.", moment(issued), age(issued, now)),
        None => "When it was signed is not said.".to_owned(),
    };
    let newest = match proof.freshness_at(now) {
        Freshness::Fresh { until, .. } => {
            format!("It counts as the newest until {}.", moment(until))
        }
        Freshness::Expired { since, .. } => format!(
            "It is OLD: a newer one should have come by {}. It is genuine, but much may have happened since.",
            moment(since)
        ),
        Freshness::ClockBehind { .. } => {
            "This machine's clock is behind, so nobody can tell how old it is: set the clock."
                .to_owned()
        }
    };
    format!("{signed}\n{newest}")
}

/// What was left out of a copy to make it small; `None` if nothing was.
pub(crate) fn lacking(edition: &Excerpt) -> Option<String> {
    let left_out = edition.lacking().count();
    let signed = edition.proof().files().len();
    let here = edition.files().count();
    (left_out > 0).then(|| {
        format!(
            "This is a small copy: it holds {here} of {signed} files. {} left out, and nothing else.",
            count(left_out, "picture is", "pictures are")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_one_unit() {
        let check =
            |seconds, said: &str| assert_eq!(span(SignedDuration::from_secs(seconds)), said);
        check(5, "less than a minute");
        check(60, "1 minute");
        check(3 * 3600 + 59, "3 hours");
        check(47 * 3600, "47 hours");
        check(12 * 86_400, "12 days");
        check(90 * 86_400, "3 months");
    }

    #[test]
    fn how_often_is_said_as_people_say_it() {
        let check =
            |seconds, said: &str| assert_eq!(period(SignedDuration::from_secs(seconds)), said);
        check(1, "second");
        check(20, "20 seconds");
        check(60, "minute");
        check(600, "10 minutes");
        check(3600, "hour");
        check(43_200, "12 hours");
    }
}
