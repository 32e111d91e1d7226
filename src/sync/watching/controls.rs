//! Whether a vantage sees at all.
//!
//! 1. More than half of the controls must answer: whatever they say, as long as it is they who say it.
//! 2. Over `https` the certificate shows who speaks. Over `http` an answer that leads to another host is that of a hotel's
//!    login page, or of a censor.
//! 3. How fast they come is what a mirror's speed is compared with.
//! 4. Without controls nothing is known, so the vantage accuses nobody.

use futures_util::{FutureExt, StreamExt};
use url::Url;

use super::Options;
use crate::io::probe::{Ask, End, Line, Trace, probe};

/// Of each control so much is read.
const BYTES: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighted {
    Blind,
    /// `bytes_per_second`: of the slowest control that sent enough to tell.
    Sees {
        bytes_per_second: Option<u64>,
    },
}

pub(super) async fn look(line: &Line, controls: &[Url], options: &Options) -> Sighted {
    let look = |url: &Url| {
        let ask = Ask {
            url: url.clone(),
            most_bytes: BYTES,
        };
        async move { probe(line, &[ask], None, &options.patience).await }.boxed()
    };
    let looks = controls.iter().map(look);
    // In boxes, so that a look may move between threads.
    let looks: Vec<_> = looks
        .enumerate()
        .map(|(at, look)| look.map(move |trace| (at, trace)))
        .collect();
    let traces: Vec<(usize, Trace)> = futures_util::stream::iter(looks)
        .buffer_unordered(options.abreast.max(1))
        .collect()
        .await;
    let traces = traces.into_iter();
    let traces: Vec<(&Url, Trace)> = traces
        .filter_map(|(at, trace)| Some((controls.get(at)?, trace)))
        .collect();
    judge(&traces)
}

fn judge(traces: &[(&Url, Trace)]) -> Sighted {
    let good: Vec<&Trace> = traces
        .iter()
        .filter(|(url, trace)| answers(url, trace))
        .map(|(_, trace)| trace)
        .collect();
    match good.len() * 2 > traces.len() {
        true => Sighted::Sees {
            bytes_per_second: good
                .iter()
                .filter_map(|trace| trace.bytes_per_second())
                .min(),
        },
        false => Sighted::Blind,
    }
}

fn answers(url: &Url, trace: &Trace) -> bool {
    let [answer] = &trace.answers[..] else {
        return false;
    };
    let leads_away = || {
        let to = answer.location.as_deref().and_then(|to| url.join(to).ok());
        to.is_some_and(|to| to.domain() != url.domain())
    };
    trace.end == End::Whole && (url.scheme() == "https" || !leads_away())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::io::probe::{Answer, Stage};

    fn trace(end: End, location: Option<&str>) -> Trace {
        Trace {
            stage: Stage::Body,
            end,
            resolved: Vec::new(),
            answers: vec![Answer {
                status: 200,
                location: location.map(str::to_owned),
                body: vec![0; 50_000].into(),
                is_whole: true,
            }],
            received_bytes: 50_000,
            body_bytes: 50_000,
            reading: Duration::from_secs(5),
        }
    }

    #[test]
    fn more_than_half_must_answer_for_themselves() {
        let url = Url::parse("http://big.example/").unwrap();
        let check = |traces: &[Trace], expected| {
            let traces: Vec<_> = traces.iter().map(|trace| (&url, trace.clone())).collect();
            assert_eq!(judge(&traces), expected, "{traces:?}");
        };
        let sees = Sighted::Sees {
            bytes_per_second: Some(10_000),
        };
        let good = || trace(End::Whole, None);
        check(&[], Sighted::Blind);
        check(&[good()], sees);
        check(&[good(), trace(End::Silent, None)], Sighted::Blind);
        check(&[good(), trace(End::Silent, None), good()], sees);
        check(
            &[trace(End::Whole, Some("http://login.hotel.example/"))],
            Sighted::Blind,
        );
        check(&[trace(End::Whole, Some("/start"))], sees);
    }
}
