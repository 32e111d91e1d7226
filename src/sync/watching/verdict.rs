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
        Some(Seen::Works) => true,
        Some(Seen::Fails(Cause::Stale)) => cause != Cause::Stale,
        _ => leads_inside(&by_name.resolved, sight.addresses),
    };
    Some(Seen::Fails(if is_lie { Cause::DnsLies } else { cause }))
}

/// Whether all came, and was right.
pub(super) fn is_right(trace: &Trace, expected: &Expectation) -> bool {
    trace.end == End::Whole && wrong(trace, expected).is_none()
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
        // A line that is as slow for the controls has only not brought it to the end.
        (End::Slow, Stage::Body) if trace.is_fast_enough(yardstick) => return None,
        (End::Slow, _) => Cause::Throttled,
    };
    Some(Seen::Fails(wrong_so_far(trace, expected).unwrap_or(cause)))
}

fn still(trace: &Trace) -> Cause {
    match trace.body_bytes {
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
        let millis = u64::try_from(self.reading.as_millis()).unwrap_or(u64::MAX);
        (self.reading >= LEAST_READING).then(|| self.body_bytes * 1000 / millis.max(1))
    }

    fn is_slower_than(&self, yardstick: Yardstick) -> bool {
        let speed = self.bytes_per_second();
        speed.is_some_and(|speed| speed < yardstick.least_bytes_per_second)
    }

    fn is_fast_enough(&self, yardstick: Yardstick) -> bool {
        let speed = self.bytes_per_second();
        speed.is_some_and(|speed| speed >= yardstick.least_bytes_per_second)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::base::SitePath;
    use crate::sync::watching::Page;

    const NEW: &str = r#"{"signed":{"_type":"timestamp","spec_version":"1.0.34","version":12,"expires":"2026-12-01T00:00:00Z","meta":{"snapshot.json":{"version":12}}},"signatures":[]}"#;
    const HTML: &str = "<!doctype html><h1>By order of the court</h1>";

    fn expectation(path: &str, page: &[u8]) -> Expectation {
        Expectation {
            edition: 12,
            timestamp: Digest::of(NEW.as_bytes()),
            page: Page {
                path: SitePath::parse(path).unwrap(),
                digest: Digest::of(page),
                bytes: page.len() as u64,
            },
        }
    }

    fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
        Answer {
            status,
            location: None,
            body: body.into(),
            is_whole: true,
        }
    }

    fn cut(body: impl Into<Bytes>) -> Answer {
        Answer {
            is_whole: false,
            ..answer(200, body)
        }
    }

    fn trace(stage: Stage, end: End, answers: Vec<Answer>) -> Trace {
        let of_answers: usize = answers.iter().map(|answer| answer.body.len()).sum();
        Trace {
            stage,
            end,
            resolved: Vec::new(),
            received_bytes: 4_100 + of_answers as u64,
            body_bytes: of_answers as u64,
            answers,
            reading: Duration::from_millis(300),
        }
    }

    fn seen(trace: &Trace) -> Option<Seen> {
        let sight = Sight {
            by_name: Some(trace),
            by_address: None,
            addresses: &[],
        };
        let expected = expectation("be/1.webp", &[7; 50_000]);
        classify(&sight, &expected, Yardstick::new(8_000, [None; 2]))
    }

    #[test]
    fn how_far_a_connection_came_tells_the_cause() {
        use End::*;
        use Stage::*;
        let fails = |cause| Some(Seen::Fails(cause));
        let frozen = |after_kb| fails(Cause::Frozen { after_kb });
        let good = || answer(200, NEW);
        let page = || answer(200, vec![7; 50_000]);
        let check = |stage, end, answers: Vec<Answer>, expected: Option<Seen>| {
            let trace = trace(stage, end, answers);
            assert_eq!(seen(&trace), expected, "{stage:?} {end:?}");
        };
        check(Body, Whole, vec![good(), page()], Some(Seen::Works));
        for stage in [Resolve, Connect, Hello, Head, Body] {
            check(stage, NoWay, vec![], None);
        }
        check(Resolve, NoName, vec![], fails(Cause::DnsLies));
        check(Connect, Refused, vec![], fails(Cause::Refused));
        check(Connect, Broken, vec![], fails(Cause::Refused));
        check(Connect, Silent, vec![], fails(Cause::Blackhole));
        check(Connect, Slow, vec![], fails(Cause::Blackhole));
        check(Hello, Broken, vec![], fails(Cause::Reset));
        check(Hello, Silent, vec![], fails(Cause::Blackhole));
        check(Hello, Certificate, vec![], fails(Cause::WrongContent));
        check(Hello, Nonsense, vec![], fails(Cause::WrongContent));
        check(Head, Broken, vec![], fails(Cause::Reset));
        check(Head, Silent, vec![], fails(Cause::Blackhole));
        check(Head, Silent, vec![good()], frozen(5));
        check(Body, Silent, vec![good(), cut(vec![7; 11_000])], frozen(16));
        check(
            Body,
            Broken,
            vec![good(), cut(vec![7; 11_000])],
            fails(Cause::Reset),
        );
        check(
            Body,
            Slow,
            vec![good(), cut(vec![7; 40_000])],
            fails(Cause::Throttled),
        );
        // A block page that does not end is one all the same.
        check(
            Head,
            Broken,
            vec![answer(200, HTML)],
            fails(Cause::BlockPage),
        );
    }

    #[test]
    fn what_came_instead_tells_the_cause() {
        let check = |path: &str, timestamp: Answer, page: Option<Answer>, cause: Option<Cause>| {
            let trace = trace(
                Stage::Body,
                End::Whole,
                [Some(timestamp), page].into_iter().flatten().collect(),
            );
            let sight = Sight {
                by_name: Some(&trace),
                by_address: None,
                addresses: &[],
            };
            let expected = expectation(path, &[b'<'; 50_000]);
            let seen = classify(&sight, &expected, Yardstick::new(0, [None; 2]));
            assert_eq!(
                seen,
                Some(cause.map_or(Seen::Works, Seen::Fails)),
                "{path} {trace:?}"
            );
        };
        let good = || answer(200, NEW);
        let version = |number: &str| answer(200, NEW.replace("12,", number));
        let moved = || Answer {
            location: Some("http://10.10.34.35/".into()),
            ..answer(302, "")
        };
        let block = Some(Cause::BlockPage);
        let wrong = Some(Cause::WrongContent);
        for status in [200, 403, 451, 500] {
            check("a.webp", answer(status, HTML), None, block);
        }
        check("a.webp", answer(403, ""), None, block);
        check("a.webp", moved(), None, block);
        check("a.webp", answer(404, HTML), None, wrong);
        check("a.webp", answer(502, "bad gateway"), None, wrong);
        check("a.webp", version("11,"), None, Some(Cause::Stale));
        // We are the publisher: nobody can have a newer one.
        check("a.webp", version("13,"), None, wrong);
        check("a.webp", answer(200, format!("{NEW} ")), None, wrong);
        check("a.webp", good(), None, wrong);
        check("a.webp", good(), Some(answer(200, HTML)), block);
        check("a.webp", good(), Some(moved()), block);
        check("a.webp", good(), Some(answer(404, HTML)), wrong);
        check("a.webp", good(), Some(answer(200, vec![8; 50_000])), wrong);
        check("a.html", good(), Some(answer(200, HTML)), block);
        let changed = [&[b'<'; 49_000][..], b"!"].concat();
        check("a.html", good(), Some(answer(200, changed)), wrong);
        check(
            "a.html",
            good(),
            Some(answer(200, vec![b'<'; 50_000])),
            None,
        );
    }

    #[test]
    fn a_lie_of_the_resolver_is_known_by_the_right_address() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let works = trace(
            Stage::Body,
            End::Whole,
            vec![answer(200, NEW), answer(200, vec![7; 50_000])],
        );
        let old = trace(
            Stage::Body,
            End::Whole,
            vec![answer(200, NEW.replace("12,", "11,"))],
        );
        let silent = trace(Stage::Connect, End::Silent, vec![]);
        let check = |resolved: &[&str], by_address: Option<&Trace>, known: &[&str], cause| {
            let by_name = Trace {
                resolved: resolved.iter().map(|text| ip(text)).collect(),
                ..silent.clone()
            };
            let known: Vec<_> = known.iter().map(|text| ip(text)).collect();
            let sight = Sight {
                by_name: Some(&by_name),
                by_address,
                addresses: &known,
            };
            let expected = expectation("be/1.webp", &[7; 50_000]);
            let seen = classify(&sight, &expected, Yardstick::new(8_000, [None; 2]));
            assert_eq!(seen, Some(Seen::Fails(cause)), "{resolved:?} {known:?}");
        };
        check(&["192.0.2.9"], Some(&works), &["192.0.2.7"], Cause::DnsLies);
        check(&["192.0.2.9"], Some(&old), &["192.0.2.7"], Cause::DnsLies);
        check(
            &["192.0.2.9"],
            Some(&silent),
            &["192.0.2.7"],
            Cause::Blackhole,
        );
        check(&["192.0.2.7"], None, &["192.0.2.7"], Cause::Blackhole);
        check(&["192.0.2.7"], None, &[], Cause::Blackhole);
        // Iran's resolvers answer with 10.10.34.35.
        check(&["10.10.34.35"], None, &["192.0.2.7"], Cause::DnsLies);
        check(&["10.10.34.35"], None, &[], Cause::DnsLies);
        check(&["127.0.0.1"], None, &["127.0.0.1"], Cause::Blackhole);
    }

    #[test]
    fn an_old_edition_at_both_addresses_is_no_lie() {
        let old = trace(
            Stage::Body,
            End::Whole,
            vec![answer(200, NEW.replace("12,", "11,"))],
        );
        let sight = Sight {
            by_name: Some(&old),
            by_address: Some(&old),
            addresses: &[],
        };
        let expected = expectation("be/1.webp", &[7; 50_000]);
        let seen = classify(&sight, &expected, Yardstick::new(8_000, [None; 2]));
        assert_eq!(seen, Some(Seen::Fails(Cause::Stale)));
    }

    #[test]
    fn slowness_is_measured_by_the_line_and_only_when_it_lasted() {
        let check = |millis, controls, expected| {
            let trace = Trace {
                reading: Duration::from_millis(millis),
                ..trace(
                    Stage::Body,
                    End::Whole,
                    vec![answer(200, NEW), answer(200, vec![7; 50_000])],
                )
            };
            let sight = Sight {
                by_name: Some(&trace),
                by_address: None,
                addresses: &[],
            };
            let expected_of = expectation("be/1.webp", &[7; 50_000]);
            let seen = classify(&sight, &expected_of, Yardstick::new(20_000, controls));
            assert_eq!(seen, Some(expected), "{millis} {controls:?}");
        };
        let throttled = Seen::Fails(Cause::Throttled);
        check(1_900, [None; 2], Seen::Works);
        check(2_400, [None; 2], Seen::Works);
        check(5_000, [None; 2], throttled);
        check(5_000, [Some(1_000_000), None], throttled);
        check(5_000, [Some(1_000_000), Some(12_000)], Seen::Works);
        let unfinished = |controls| {
            let trace = Trace {
                reading: Duration::from_secs(30),
                ..trace(
                    Stage::Body,
                    End::Slow,
                    vec![answer(200, NEW), cut(vec![7; 40_000])],
                )
            };
            let sight = Sight {
                by_name: Some(&trace),
                by_address: None,
                addresses: &[],
            };
            let expected = expectation("be/1.webp", &[7; 50_000]);
            classify(&sight, &expected, Yardstick::new(20_000, controls))
        };
        assert_eq!(unfinished([None; 2]), Some(throttled));
        assert_eq!(
            unfinished([Some(4_000), None]),
            None,
            "the line is as slow for all"
        );
    }
}
