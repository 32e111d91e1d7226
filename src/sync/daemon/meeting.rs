//! Laying lists where readers look when no mirror answers: small signed files at plain addresses, on any host that an
//! edition can be pushed to.
//!
//! 1. A host that keeps files is looked at first; what lies there already is not put again. A branch would be replaced whole.
//! 2. It is put, and read back.
//! 3. A colport server takes it by its signature, as mirrors do.
//! 4. A host that does not come to an end in time is given up. It is tried again, and holds up no other: each meeting place is
//!    a [way](super::Way) of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::{Place, Wire, opened};
use super::lists::{Sealed, send_one};
use crate::io::line::Line;
use crate::io::store::{Body, Store, StoreError};

const PATIENCE: Duration = Duration::from_secs(120);

/// Gives what went wrong. May be called again whatever became of it.
pub async fn lay(wire: &dyn Wire, place: &Place, list: &Sealed) -> Result<(), String> {
    let laid = timeout(PATIENCE, async {
        match place {
            Place::Colport(url) | Place::Follows(url) => match send_one(wire, url, list).await {
                Ok(None) => Ok(()),
                Ok(Some(why)) => Err(format!("refused: {why}")),
                Err(error) => Err(format!("not reached: {}", error.reason())),
            },
            Place::Folder(_) | Place::Host(_) => {
                put(place, list).await.map_err(|error| error.to_string())
            }
        }
    });
    let in_time = laid.await;
    in_time.unwrap_or_else(|_| {
        Err(format!(
            "nothing came of it in {} seconds",
            PATIENCE.as_secs()
        ))
    })
}

async fn put(place: &Place, (name, bytes): &Sealed) -> Result<(), StoreError> {
    let store = opened(place, &Arc::new(Line::default()))?;
    let path = format!("{name}.json");
    if is_there(&*store, &path, bytes).await {
        return Ok(());
    }
    let body = Body {
        bytes: bytes.clone(),
        content_type: "application/json",
        cache_control: "no-cache",
        is_gzip: false,
    };
    store.put(&path, &body).await?;
    store.settle().await?;
    match is_there(&*store, &path, bytes).await {
        true => Ok(()),
        false => Err(StoreError::Transient(
            "it took the list, and it is not there".into(),
        )),
    }
}

/// No if that cannot be seen, since then it is put.
async fn is_there(store: &dyn Store, path: &str, bytes: &[u8]) -> bool {
    let length = bytes.len() as u64;
    let there = store.read(path, 0..length).await;
    there.is_ok_and(|there| there == bytes)
}
