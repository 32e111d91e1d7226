//! Telling a mirror that works which others did not, if the reader wants that.
//!
//! What is told stands in [`report`](crate::io::report). It goes to the first mirror that takes it, and to no other.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;
use url::Url;

use super::{Fault, Got};
use crate::io::address;
use crate::io::push::{Body, Post};
use crate::io::report::{Country, Failure, Mark, Report};

/// Mirrors that are tried: one that only keeps files takes no reports.
const TRIES: usize = 3;
const TIME: Duration = Duration::from_secs(10);

/// Whether there was something to tell, and somebody took it.
pub async fn tell(post: &dyn Post, mirrors: &[Url], got: &Got, country: Option<Country>) -> bool {
    let failures: Vec<_> = got
        .faults
        .iter()
        .filter_map(|(mirror, fault)| failure(mirror, fault))
        .collect();
    if failures.is_empty() {
        return false;
    }
    let report = Bytes::from(Report::new(failures, country).to_json());
    let failed = |mirror: &Url| {
        got.faults
            .iter()
            .any(|(failed, _)| failed == mirror.as_str())
    };
    for mirror in mirrors.iter().filter(|mirror| !failed(mirror)).take(TRIES) {
        let body = Body {
            length: report.len() as u64,
            content_type: "application/json",
            pieces: futures_util::stream::iter([report.clone()]).boxed(),
        };
        let answer = timeout(TIME, post.post(address::reports(mirror), body)).await;
        if matches!(answer, Ok(Ok(answer)) if answer.status == 202) {
            return true;
        }
    }
    false
}

/// What is not the mirror's or the line's doing is nobody's business.
fn failure(mirror: &str, fault: &Fault) -> Option<(Mark, Failure)> {
    let failure = match fault {
        Fault::Unreachable(_) => Failure::Unreachable,
        Fault::Silent { .. } | Fault::Stalled | Fault::EndedEarly => Failure::Silent,
        Fault::Slow { .. } => Failure::Slow,
        Fault::BlockPage => Failure::BlockPage,
        Fault::Lied(_) | Fault::OtherSite => Failure::Wrong,
        Fault::Older { .. } | Fault::Behind { .. } | Fault::Stale { .. } => Failure::Stale,
        Fault::Empty
        | Fault::NoBundle
        | Fault::Dense(_)
        | Fault::Differs(_)
        | Fault::Suspect(_) => return None,
    };
    Some((Mark::of(&Url::parse(mirror).ok()?), failure))
}
