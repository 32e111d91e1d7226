//! The way in for the program itself: a bundle that it fetched elsewhere is taken in like one that someone brings.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::counters::Counters;
use super::holdings::{Anchor, Holdings, HoldingsError};
use crate::base::EditionNumber;
use crate::io::clock::Clock;

/// Copies lead to the same mirror.
#[derive(Clone)]
pub struct Door {
    pub(super) holdings: Arc<Holdings>,
    pub(super) counters: Arc<Counters>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Door {
    /// Whose editions are taken in.
    pub fn anchor(&self) -> Anchor {
        self.holdings.anchor()
    }

    /// The number of the edition that is live now.
    pub fn edition(&self) -> Option<EditionNumber> {
        self.holdings.current().hold().edition()
    }

    /// The edition that is live now, as it lies on disk; waits until it is verified.
    pub async fn bundle(&self) -> Option<Bytes> {
        let holdings = Arc::clone(&self.holdings);
        blocking(move || holdings.bundle()).await
    }

    /// Verified whole, and live if it is newer than what is. One that is not newer is no error. Tells whether it is live.
    pub async fn offer(&self, bundle: PathBuf) -> Result<bool, HoldingsError> {
        let (holdings, now) = (Arc::clone(&self.holdings), self.clock.now());
        let is_taken = blocking(move || holdings.take_file(&bundle, now)).await?;
        if is_taken {
            self.counters.taken_in();
        }
        Ok(is_taken)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("it gives errors, not panics")
}
