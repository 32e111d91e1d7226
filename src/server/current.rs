//! The edition that is live now.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::respond::Catalogue;

/// Exchanged as a whole: a request takes one hold of the edition and answers from it to the end, so no answer is ever
/// made of two editions, and nobody waits while a new one goes live.
#[derive(Default)]
pub(super) struct Current(ArcSwap<Catalogue>);

impl Current {
    pub(super) fn hold(&self) -> impl Deref<Target = Arc<Catalogue>> {
        self.0.load()
    }

    pub(super) fn exchange(&self, next: Catalogue) {
        self.0.store(Arc::new(next));
    }
}
