//! A vantage that is somebody else's program: an in-country machine behind SSH, OONI's probe, whatever can print JSON.
//!
//! It is started once for each look, and reads a line of JSON for each control and each mirror:
//!
//! ```json
//! {"control": "https://big.example/"}
//! {"mirror": "https://a.example/", "addresses": ["192.0.2.7"], "edition": 12,
//!  "timestamp": "https://a.example/.colport/metadata/timestamp.json", "timestamp_sha256": "…",
//!  "page": "https://a.example/be/2026/11/river/1.webp", "page_sha256": "…", "page_bytes": 48211}
//! ```
//!
//! It prints a line for each that it could look at, in any order, and nothing for the others:
//!
//! ```json
//! {"control": "https://big.example/", "works": true}
//! {"mirror": "https://a.example/", "seen": "works"}
//! {"mirror": "https://b.example/", "seen": "frozen", "after_kb": 16}
//! ```
//!
//! `seen` is one of `works`, `dns_lies`, `refused`, `reset`, `blackhole`, `block_page`, `throttled`, `frozen`,
//! `wrong_content` and `stale`. It must look at the controls itself, best both before and after; when not more than half
//! of them work, its other lines accuse nobody. What is not such a line is passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Options, Target};
use crate::base::MetadataName;
use crate::io::address;
use crate::io::program::{self, Bounds, Program};
use crate::sync::rotation::{Cause, Seen};

/// Of its output, for each line that it was given.
const ANSWER_BYTES: usize = 1_000;
/// A program may look at them one after the other.
const ABREAST: u32 = 2;
/// However many there are: what takes longer was seen too long ago.
const LONGEST: Duration = Duration::from_secs(480);

#[derive(Serialize)]
#[serde(untagged)]
enum Question<'a> {
    Control {
        control: &'a str,
    },
    Mirror {
        mirror: &'a str,
        addresses: Vec<String>,
        edition: u64,
        timestamp: String,
        timestamp_sha256: String,
        page: String,
        page_sha256: String,
        page_bytes: u64,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Control {
        control: String,
        works: bool,
    },
    Mirror {
        mirror: String,
        #[serde(flatten)]
        seen: Word,
    },
}

#[derive(Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
enum Word {
    Works,
    DnsLies,
    Refused,
    Reset,
    Blackhole,
    BlockPage,
    Throttled,
    Frozen { after_kb: u32 },
    WrongContent,
    Stale,
}

impl From<Word> for Seen {
    fn from(word: Word) -> Self {
        Self::Fails(match word {
            Word::Works => return Self::Works,
            Word::DnsLies => Cause::DnsLies,
            Word::Refused => Cause::Refused,
            Word::Reset => Cause::Reset,
            Word::Blackhole => Cause::Blackhole,
            Word::BlockPage => Cause::BlockPage,
            Word::Throttled => Cause::Throttled,
            Word::Frozen { after_kb } => Cause::Frozen { after_kb },
            Word::WrongContent => Cause::WrongContent,
            Word::Stale => Cause::Stale,
        })
    }
}

/// `None`: not seen.
pub(super) async fn look(
    program: &Program,
    targets: &[Target],
    controls: &[Url],
    options: &Options,
) -> Vec<Option<Seen>> {
    let asked = targets.len() + controls.len();
    let bounds = Bounds {
        time: time_for(asked, options.patience.whole / ABREAST),
        output_bytes: 4_000 + ANSWER_BYTES * asked,
    };
    match program::run(program, &questions(targets, controls), &bounds).await {
        Ok(output) => read(&output, targets, controls),
        // A program that failed has seen nothing.
        Err(_) => vec![None; targets.len()],
    }
}

fn time_for(asked: usize, each: Duration) -> Duration {
    let all = each.saturating_mul(u32::try_from(asked).unwrap_or(u32::MAX));
    all.saturating_add(Duration::from_secs(30)).min(LONGEST)
}

fn questions(targets: &[Target], controls: &[Url]) -> Vec<u8> {
    let controls = controls.iter().map(|url| Question::Control {
        control: url.as_str(),
    });
    let mirrors = targets.iter().map(|target| {
        let expected = &target.expected;
        Question::Mirror {
            mirror: target.url.as_str(),
            addresses: target.addresses.iter().map(ToString::to_string).collect(),
            edition: expected.edition,
            timestamp: address::metadata(&target.url, &MetadataName::timestamp()).into(),
            timestamp_sha256: expected.timestamp.to_string(),
            page: address::file(&target.url, &expected.page.path).into(),
            page_sha256: expected.page.digest.to_string(),
            page_bytes: expected.page.bytes,
        }
    });
    let mut lines = Vec::new();
    for question in controls.chain(mirrors) {
        lines.extend(serde_json::to_vec(&question).expect("a question has numbers and texts only"));
        lines.push(b'\n');
    }
    lines
}

fn read(output: &[u8], targets: &[Target], controls: &[Url]) -> Vec<Option<Seen>> {
    let (mut working, mut seen) = (BTreeMap::new(), BTreeMap::new());
    for line in output.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            // A control that failed once is not there.
            Ok(Line::Control { control, works }) => {
                *working.entry(control).or_insert(true) &= works;
            }
            Ok(Line::Mirror { mirror, seen: word }) => {
                seen.entry(mirror).or_insert(Seen::from(word));
            }
            Err(_) => {}
        }
    }
    let good = controls
        .iter()
        .filter(|url| working.get(url.as_str()) == Some(&true))
        .count();
    let is_sighted = good * 2 > controls.len();
    let sights = targets.iter().map(|target| {
        let seen = seen.get(target.url.as_str()).copied();
        seen.filter(|seen| is_sighted || *seen == Seen::Works)
    });
    sights.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_time_for_each_and_never_longer_than_looks_count() {
        let each = Duration::from_secs(20);
        assert_eq!(time_for(3, each), Duration::from_secs(90));
        assert_eq!(time_for(30, each), LONGEST);
        assert_eq!(time_for(usize::MAX, Duration::MAX), LONGEST);
    }
}
