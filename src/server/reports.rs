//! `/.colport/reports`: what readers' clients tell of other mirrors, counted in memory and forgotten after two days.
//!
//! 1. A report is small and strict ([`Report`]); what else comes is refused. One of each connection is counted.
//! 2. Counted is in how many of 64 places those who report the same stand: whoever has one address stands always in the
//!    same, so he does not become many by repeating himself. Who stands there is not kept. Those who come through a web
//!    server or an onion service cannot be told apart, and stand anywhere.
//! 3. There is room for so many counts. When it is full, what the fewest report makes room.
//! 4. Anybody may read it: less than three are not shown, and the others in three steps.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Response, StatusCode};

use super::respond::{self, Body};
use crate::base::Timestamp;
use crate::io::random;
use crate::io::report::{Country, Failure, Many, Mark, Report, Rumour};

/// The path.
pub(super) const REPORTS: &str = "/.colport/reports";

const COUNTS: usize = 1024;
const DAYS: i64 = 2;

type Key = (i64, Mark, Failure, Option<Country>);

/// One bit for each place.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<Key, u64>>);

impl Tally {
    /// `who`: a number that is the same for the same address; none for those who cannot be told apart.
    pub(super) fn count(&self, report: &Report, who: Option<u64>, now: Timestamp) {
        let place = 1 << (who.unwrap_or_else(|| random::byte().into()) % 64);
        let today = day(now);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|(day, ..), _| (today - DAYS + 1..=today).contains(day));
        for (mirror, failure) in &report.failures {
            let key = (today, *mirror, *failure, report.country);
            if counts.len() >= COUNTS && !counts.contains_key(&key) {
                let least = counts.iter().min_by_key(|(_, places)| places.count_ones());
                let least = least.map(|(key, _)| *key);
                least.map(|key| counts.remove(&key));
            }
            *counts.entry(key).or_default() |= place;
        }
    }

    fn rumours(&self, now: Timestamp) -> Vec<Rumour> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = counts
            .iter()
            .filter(|((day, ..), _)| *day > self::day(now) - DAYS);
        let told = recent.filter_map(|(&(day, mirror, failure, country), places)| {
            let reports = many(places.count_ones())?;
            Some(Rumour {
                day,
                mirror,
                failure,
                country,
                reports,
            })
        });
        told.collect()
    }

    pub(super) fn answer(&self, now: Timestamp) -> Response<Body> {
        let json =
            serde_json::to_vec(&self.rumours(now)).expect("rumours have numbers and texts only");
        let mut answer = Response::new(Body::Whole(json.into()));
        respond::insert(&mut answer, CONTENT_TYPE, "application/json");
        respond::insert(&mut answer, CACHE_CONTROL, "no-store");
        answer
    }
}

/// A single reader leaves no trace.
fn many(places: u32) -> Option<Many> {
    match places {
        0..3 => None,
        3..12 => Some(Many::Few),
        12..40 => Some(Many::Some),
        _ => Some(Many::Many),
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(86_400)
}

pub(super) fn taken() -> Response<Body> {
    respond::sentence(StatusCode::ACCEPTED, "thank you")
}

pub(super) fn refused() -> Response<Body> {
    respond::closing(respond::sentence(
        StatusCode::BAD_REQUEST,
        "that is no report",
    ))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
    }

    fn report(name: &str) -> Report {
        let url = Url::parse(&format!("https://{name}.example/")).unwrap();
        Report::new(vec![(Mark::of(&url), Failure::Silent)], None)
    }

    fn told(tally: &Tally, days: i64) -> Vec<Many> {
        let rumours = tally.rumours(at(days));
        rumours.iter().map(|rumour| rumour.reports).collect()
    }

    #[test]
    fn many_readers_are_heard_and_one_is_not_however_loud() {
        let tally = Tally::default();
        for _ in 0..10_000 {
            tally.count(&report("a"), Some(7), at(0));
        }
        assert_eq!(told(&tally, 0), []);
        let mut steps = Vec::new();
        for who in 0..64 {
            tally.count(&report("a"), Some(who), at(0));
            steps.extend(told(&tally, 0));
        }
        steps.dedup();
        assert_eq!(steps, [Many::Few, Many::Some, Many::Many]);
    }

    #[test]
    fn it_is_forgotten_after_two_days() {
        let tally = Tally::default();
        for who in 0..5 {
            tally.count(&report("a"), Some(who), at(0));
        }
        assert_eq!(told(&tally, 1), [Many::Few]);
        assert_eq!(told(&tally, 2), []);
        tally.count(&report("b"), Some(1), at(2));
        assert_eq!(
            tally.0.lock().unwrap().len(),
            1,
            "and it takes no room any more"
        );
    }

    #[test]
    fn a_flood_of_lies_has_an_end_and_drowns_nothing_that_many_say() {
        let tally = Tally::default();
        for who in 0..5 {
            tally.count(&report("true"), Some(who), at(0));
        }
        for n in 0..3_000 {
            tally.count(&report(&format!("lie-{n}")), Some(9), at(0));
        }
        assert_eq!(told(&tally, 0), [Many::Few]);
        assert_eq!(tally.0.lock().unwrap().len(), COUNTS);
    }

    #[test]
    fn no_address_of_a_mirror_is_told() {
        let tally = Tally::default();
        for who in 0..5 {
            tally.count(&report("secret"), Some(who), at(0));
        }
        let Body::Whole(json) = tally.answer(at(0)).into_body() else {
            panic!("it is whole");
        };
        let text = String::from_utf8(json.to_vec()).unwrap();
        assert!(
            text.contains("\"few\"") && !text.contains("secret"),
            "{text}"
        );
    }
}
