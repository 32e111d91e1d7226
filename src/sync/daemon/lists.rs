//! Bringing the lists of channels to a mirror, beside the edition.
//!
//! 1. A host that keeps files gets them as files, in the push of the edition ([`Source::with_lists`]).
//! 2. A colport server is sent each by itself, since it takes bundles and nothing else as a push. It sees by the signature
//!    that the newsroom made it, and takes it if it is newer. Then it is read back. A list is small: a server that does not
//!    do both within the time in which something must move is given up, like one with which a push stands still.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use url::Url;

use super::super::{Outcome, Source, Wire};
use crate::base::{EditionNumber, LIMITS};
use crate::io::address;
use crate::io::fetch::{FetchError, Request, read_all};
use crate::io::push::Body;
use crate::trust::lists::ListName;

/// A sealed list and its name.
pub type Sealed = (ListName, Bytes);

/// The edition with these lists, for a host that keeps files.
pub(super) fn beside(source: &Source, lists: &[Sealed]) -> Source {
    source.with_lists(
        lists
            .iter()
            .map(|(name, bytes)| (name.to_string(), bytes.clone())),
    )
}

/// To a colport server that shows `edition` already.
pub(super) async fn send(
    wire: &dyn Wire,
    mirror: &Url,
    lists: &[Sealed],
    edition: EditionNumber,
    stall: Duration,
) -> Outcome {
    for list in lists {
        match tokio::time::timeout(stall, send_one(wire, mirror, list)).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(why))) => return Outcome::Refused(why),
            Ok(Err(error)) => return Outcome::Unreachable(error.reason()),
            Err(_) => {
                let seconds = stall.as_secs();
                return Outcome::Unreachable(format!(
                    "a list was not taken within {seconds} seconds"
                ));
            }
        }
    }
    Outcome::Already { edition }
}

/// `None`: the server shows it.
pub(super) async fn send_one(
    wire: &dyn Wire,
    mirror: &Url,
    (name, bytes): &Sealed,
) -> Result<Option<String>, FetchError> {
    let url = address::list(mirror, name.as_str());
    let piece = bytes.clone();
    let body = Body {
        length: bytes.len() as u64,
        content_type: "application/json",
        pieces: futures_util::stream::once(async { piece }).boxed(),
    };
    let answer = wire.post(url.clone(), body).await?;
    if !(200..=299).contains(&answer.status) && answer.status != 409 {
        return Ok(Some(match answer.text.as_str() {
            "" => format!("a list, with status {}", answer.status),
            text => format!("a list: {text}"),
        }));
    }
    let shown = wire.fetch(Request::get(url)).await?;
    let shown = read_all(shown, LIMITS.address_list_bytes).await?;
    Ok((shown != *bytes).then(|| "it shows another list than it was sent".to_owned()))
}
