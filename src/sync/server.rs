//! A mirror that is a colport server: it takes a bundle from anyone, if it is signed well and newer.
//!
//! 1. Its `timestamp.json` tells which edition it has: it must be, byte for byte, the one of an edition that we hold and
//!    have verified. A timestamp that we do not know is no reason to stop: the server decides what is newer.
//! 2. It gets the update from that edition, or, if we cannot make one, the whole bundle; in the dense form if there is one,
//!    and in the plain form if it can make nothing of that.
//! 3. What it says is shown. When it says that it took it, it is asked for the timestamp and a page as a reader would.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use url::Url;

use super::source::Source;
use super::{Outcome, Pushed, Wire};
use crate::base::{EditionNumber, LIMITS, MetadataName};
use crate::io::address::{self, BundleName, Form};
use crate::io::fetch::{FetchError, Request, read_all};
use crate::io::line::{Line, PIECE_BYTES};
use crate::io::push::{Answer, Body};

/// What would be sent to whom has which edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    Nothing,
    Update {
        base: EditionNumber,
        bytes: u64,
    },
    /// It has nothing, or something that we do not know.
    Whole {
        bytes: u64,
    },
}

pub(super) async fn look(
    wire: &dyn Wire,
    mirror: &Url,
    source: &Source,
) -> Result<Sending, FetchError> {
    let has = timestamp(wire, mirror).await?;
    let edition = has.and_then(|timestamp| source.edition_of_timestamp(&timestamp));
    Ok(sending(source, edition))
}

fn sending(source: &Source, has: Option<EditionNumber>) -> Sending {
    let edition = source.edition().number();
    let first = |bundle| {
        let forms = source.forms(bundle);
        forms
            .first()
            .map_or(u64::MAX, |(_, bytes)| bytes.len() as u64)
    };
    let bytes = first(BundleName::Full(edition));
    match has {
        Some(base) if base == edition => Sending::Nothing,
        Some(base) => match first(BundleName::Update { base, edition }) {
            update if update < bytes => Sending::Update {
                base,
                bytes: update,
            },
            _ => Sending::Whole { bytes },
        },
        None => Sending::Whole { bytes },
    }
}

/// `None`: it has no edition, or will not say which: it may be a server that waits for its first.
async fn timestamp(wire: &dyn Wire, mirror: &Url) -> Result<Option<Bytes>, FetchError> {
    let url = address::metadata(mirror, &MetadataName::timestamp());
    match wire.fetch(Request::get(url)).await {
        Ok(answer) => read_all(answer, LIMITS.timestamp_bytes).await.map(Some),
        Err(error) if error.is_answer() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a mirror shows that copies others: it comes to the edition by itself.
pub(super) async fn watch(wire: &dyn Wire, mirror: &Url, source: &Source) -> Outcome {
    match timestamp(wire, mirror).await {
        Err(error) => Outcome::Unreachable(error.reason()),
        Ok(has) => shown(has.as_ref(), source),
    }
}

fn shown(has: Option<&Bytes>, source: &Source) -> Outcome {
    let edition = source.edition().number();
    if let Some(newer) = has.and_then(|timestamp| source.newer_edition(timestamp)) {
        let why = format!("it shows edition {newer}, and the newest here is {edition}");
        return Outcome::Unsure(why);
    }
    match has.and_then(|timestamp| source.edition_of_timestamp(timestamp)) {
        Some(has) if has == edition => Outcome::Already { edition },
        has => Outcome::Behind { edition: has },
    }
}

pub(super) async fn push(
    wire: &dyn Wire,
    mirror: &Url,
    source: &Source,
    line: &Arc<Line>,
) -> Outcome {
    match perform(wire, mirror, source, line).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Unreachable(error.reason()),
    }
}

async fn perform(
    wire: &dyn Wire,
    mirror: &Url,
    source: &Source,
    line: &Arc<Line>,
) -> Result<Outcome, FetchError> {
    let edition = source.edition().number();
    let sending = look(wire, mirror, source).await?;
    line.beat();
    let bundle = match sending {
        Sending::Nothing => return Ok(Outcome::Already { edition }),
        Sending::Update { base, .. } => BundleName::Update { base, edition },
        Sending::Whole { .. } => BundleName::Full(edition),
    };
    let whole = source.edition().bundle().len() as u64;
    let work = Duration::from_secs(whole / CHECKED_BYTES_PER_SECOND);
    let (mut bytes, mut refused) = (0, String::new());
    for (form, content) in source.forms(bundle) {
        bytes += content.len() as u64;
        line.expect(content.len() as u64);
        let sent = body(form, content, line.clone(), work);
        let answer = wire.post(address::intake(mirror), sent).await?;
        line.let_work(Duration::ZERO);
        match answer.status {
            200..=299 => {
                return read_back(wire, mirror, source, Pushed { edition, bytes }).await;
            }
            UNSOUND if form == Form::Dense => refused = refusal(&answer),
            _ => return Ok(Outcome::Refused(refusal(&answer))),
        }
    }
    Ok(Outcome::Refused(refused))
}

/// The status of what a server cannot make sense of (RFC 9110 section 15.5.21): it may know the plain form alone, or have
/// another copy of the edition by which the dense one was pressed.
const UNSOUND: u16 = 422;

fn refusal(answer: &Answer) -> String {
    match answer.text.trim() {
        "" => format!("status {}", answer.status),
        page if page.starts_with('<') => {
            format!(
                "no `colport serve` answers there (status {})",
                answer.status
            )
        }
        text if text.contains(STRANGE) => {
            format!("it believes another newsroom: was its `--root` yours? It says: {text}")
        }
        text => text.to_owned(),
    }
}

/// In what a server says of an edition that no key signed which it knows.
const STRANGE: &str = "has 0 valid signatures";

/// How fast any machine looks through an edition, which it does before it answers: also after a small update, since the whole
/// comes of it.
const CHECKED_BYTES_PER_SECOND: u64 = 1 << 20;

fn body(form: Form, bundle: Bytes, line: Arc<Line>, work: Duration) -> Body {
    let length = bundle.len() as u64;
    let pieces = futures_util::stream::unfold((bundle, line), move |(mut rest, line)| async move {
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        if piece.is_empty() {
            line.let_work(work);
            return None;
        }
        line.pass(piece.len()).await;
        Some((piece, (rest, line)))
    });
    Body {
        length,
        content_type: match form {
            Form::Plain => "application/gzip",
            Form::Dense => "application/zstd",
        },
        pieces: pieces.boxed(),
    }
}

/// Whether it shows what it took.
async fn read_back(
    wire: &dyn Wire,
    mirror: &Url,
    source: &Source,
    pushed: Pushed,
) -> Result<Outcome, FetchError> {
    if timestamp(wire, mirror).await? != source.timestamp() {
        let why = "it said that it took the edition, but still shows another";
        return Ok(Outcome::Unsure(why.into()));
    }
    let Some((path, expected)) = source.sample() else {
        return Ok(Outcome::Pushed(pushed));
    };
    let answer = wire.fetch(Request::get(address::file(mirror, path))).await;
    let shown = match answer {
        Ok(answer) => read_all(answer, expected.len() as u64).await,
        Err(error) => Err(error),
    };
    Ok(match shown {
        Ok(shown) if shown == expected => Outcome::Pushed(pushed),
        Ok(_) | Err(FetchError::TooLarge { .. }) => {
            Outcome::Unsure(format!("it shows another `{path}` than it took"))
        }
        Err(error) => Outcome::Unsure(format!("it does not show `{path}`: {}", error.reason())),
    })
}
