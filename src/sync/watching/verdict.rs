//! What a connection's fate means: a function of values.
//!
//! 1. The vantage itself could not try: nothing was seen.
//! 2. All came, and is what was expected: it works. It is throttled if it came too slowly for the line that brought it.
//! 3. The name leads nowhere, or only inside, or the mirror works at its known address: the resolver lies.
//! 4. No connection: refused, or nothing came back, which is a blackhole.
//! 5. In the hello or in an answer it was torn down: reset. A certificate of somebody else: something else is shown.
//! 6. Bytes came and then none: frozen, after as many as came on the connection. None of any answer: a blackhole.
//! 7. Something came, but not the mirror's: a block page if it is a web page in the place of something else, leads to
//!    another host, or refuses by law; stale if it is an earlier edition; else wrong content.

use std::net::IpAddr;
use std::time::Duration;

use super::Expectation;
use crate::base::Digest;
use crate::io::probe::{Answer, End, Stage, Trace};
use crate::io::reach::is_private_ip;
use crate::sync::rotation::{Cause, Seen};
use crate::trust::metadata::{Document, TIMESTAMP, TimestampRole};

/// All that was seen of one mirror.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    pub by_name: Option<&'a Trace>,
    /// Tried when the name failed.
    pub by_address: Option<&'a Trace>,
    /// The mirror's own, where they are known.
    pub addresses: &'a [IpAddr],
}

/// By which speed is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yardstick {
    pub least_bytes_per_second: u64,
}

/// A mirror on the same line as a control may well be so many times slower.
const SLOWER: u64 = 4;

impl Yardstick {
    /// On a thin line everything is slow: nobody is expected to be faster than a part of what the controls were.
    pub fn new(least: u64, controls: [Option<u64>; 2]) -> Self {
        let slowest = controls.into_iter().flatten().min();
        Self {
            least_bytes_per_second: slowest.map_or(least, |slowest| least.min(slowest / SLOWER)),
        }
    }
}

/// `None`: the vantage could not look.
pub fn classify(sight: &Sight<'_>, expected: &Expectation, yardstick: Yardstick) -> Option<Seen> {
    let by_name = sight.by_name?;
    let seen = of_trace(by_name, expected, yardstick)?;
    let Seen::Fails(cause) = seen else {
        return Some(seen);
    };
    let at_address = sight
        .by_address
        .and_then(|trace| of_trace(trace, expected, yardstick));
    let is_lie = match at_address {
        // An old edition behind the right address is the mirror's own fault.
        Some(Seen::Works | Seen::Fails(Cause::Stale)) => true,
        _ => leads_inside(&by_name.resolved, sight.addresses),
    };
    Some(Seen::Fails(if is_lie { Cause::DnsLies } else { cause }))
}

/// The name leads only to where no mirror can be.
fn leads_inside(resolved: &[IpAddr], known: &[IpAddr]) -> bool {
    !resolved.is_empty()
        && resolved.iter().all(|ip| is_private_ip(*ip))
        && !known.iter().any(|ip| is_private_ip(*ip))
}

fn of_trace(trace: &Trace, expected: &Expectation, yardstick: Yardstick) -> Option<Seen> {
    let cause = match (trace.end, trace.stage) {
        (End::NoWay, _) => return None,
        (End::Whole, _) => match wrong(trace, expected) {
            Some(cause) => cause,
            None if trace.is_slower_than(yardstick) => Cause::Throttled,
            None => return Some(Seen::Works),
        },
        (End::NoName, _) => Cause::DnsLies,
        (End::Refused, _) => Cause::Refused,
        (End::Broken, Stage::Resolve | Stage::Connect) => Cause::Refused,
        (End::Broken, _) => Cause::Reset,
        (End::Certificate, _) => Cause::WrongContent,
        (End::Nonsense, _) => Cause::WrongContent,
        (End::Silent, _) => still(trace),
        // Connecting and the hello take no minute on any line that the controls came over.
        (End::Slow, Stage::Resolve | Stage::Connect) => Cause::Blackhole,
        (End::Slow, _) => Cause::Throttled,
    };
    Some(Seen::Fails(wrong_so_far(trace, expected).unwrap_or(cause)))
}

fn still(trace: &Trace) -> Cause {
    let of_answers = trace
        .answers
        .iter()
        .map(|answer| answer.body.len())
        .sum::<usize>();
    match of_answers {
        0 if trace.stage < Stage::Body => Cause::Blackhole,
        _ => Cause::Frozen {
            after_kb: u32::try_from(trace.received_bytes.div_ceil(1000)).unwrap_or(u32::MAX),
        },
    }
}

/// The answers that came whole were somebody else's, whatever became of the connection after that.
fn wrong_so_far(trace: &Trace, expected: &Expectation) -> Option<Cause> {
    let timestamp = trace.answers.first().filter(|answer| answer.is_whole)?;
    wrong_timestamp(timestamp, expected).filter(|cause| *cause != Cause::Stale)
}

fn wrong(trace: &Trace, expected: &Expectation) -> Option<Cause> {
    let Some(timestamp) = trace.answers.first() else {
        return Some(Cause::WrongContent);
    };
    wrong_timestamp(timestamp, expected).or_else(|| match trace.answers.get(1) {
        Some(page) => wrong_page(page, expected),
        None => Some(Cause::WrongContent),
    })
}

fn wrong_timestamp(answer: &Answer, expected: &Expectation) -> Option<Cause> {
    if answer.status == 200 && Digest::of(&answer.body) == expected.timestamp {
        return None;
    }
    if is_of_law(answer) || leads_elsewhere(answer) || is_web_page(answer) && answer.status != 404 {
        return Some(Cause::BlockPage);
    }
    let parsed = Document::<TimestampRole>::parse(TIMESTAMP, answer.body.clone());
    Some(match parsed {
        Ok(document) if document.signed.version < expected.edition => Cause::Stale,
        _ => Cause::WrongContent,
    })
}

fn wrong_page(answer: &Answer, expected: &Expectation) -> Option<Cause> {
    if answer.status == 200 && Digest::of(&answer.body) == expected.page.digest {
        return None;
    }
    if is_of_law(answer) || leads_elsewhere(answer) {
        return Some(Cause::BlockPage);
    }
    // A page of about the right size is rather ours with something changed than a censor's.
    let expects_page = expected.page.path.as_str().ends_with(".html");
    let is_ours = expects_page && answer.body.len() as u64 > expected.page.bytes / 2;
    Some(
        match is_web_page(answer) && answer.status != 404 && !is_ours {
            true => Cause::BlockPage,
            false => Cause::WrongContent,
        },
    )
}

/// RFC 9110 section 15.5.4, RFC 7725.
fn is_of_law(answer: &Answer) -> bool {
    matches!(answer.status, 403 | 451)
}

/// No mirror redirects: what is asked for lies where it is asked for.
fn leads_elsewhere(answer: &Answer) -> bool {
    matches!(answer.status, 300..=399) && answer.location.is_some()
}

fn is_web_page(answer: &Answer) -> bool {
    let start = answer.body.iter();
    let mut start =
        start.skip_while(|byte| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf));
    start.next() == Some(&b'<')
}

/// Shorter readings say nothing about speed.
const LEAST_READING: Duration = Duration::from_secs(2);

impl Trace {
    /// While bodies were read, if that was long enough to tell.
    pub fn bytes_per_second(&self) -> Option<u64> {
        let bytes: usize = self.answers.iter().map(|answer| answer.body.len()).sum();
        let millis = u64::try_from(self.reading.as_millis()).unwrap_or(u64::MAX);
        (self.reading >= LEAST_READING).then(|| bytes as u64 * 1000 / millis.max(1))
    }

    fn is_slower_than(&self, yardstick: Yardstick) -> bool {
        let speed = self.bytes_per_second();
        speed.is_some_and(|speed| speed < yardstick.least_bytes_per_second)
    }
}
