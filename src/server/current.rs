//! The edition that is live now.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::respond::Catalogue;

/// Exchanged as a whole: a request takes one hold of the edition and answers from it to the end, so no answer is ever
/// made of two editions, and nobody waits while a new one goes live.
#[derive(Default)]
pub(super) struct Current {
    live: ArcSwap<Catalogue>,
    /// Held by who changes it. Who reads need not wait for that.
    changing: Mutex<()>,
}

impl Current {
    pub(super) fn hold(&self) -> impl Deref<Target = Arc<Catalogue>> {
        self.live.load()
    }

    /// Changes what stands beside the edition. `None`: it stays as it is.
    pub(super) fn amend(&self, change: impl FnOnce(&Catalogue) -> Option<Catalogue>) {
        let _one_at_a_time = self.changing.lock();
        if let Some(changed) = change(&self.live.load()) {
            self.live.store(Arc::new(changed));
        }
    }

    pub(super) fn exchange(&self, next: Catalogue) {
        let _one_at_a_time = self.changing.lock();
        self.live.store(Arc::new(next));
    }
}
