//! The edition that is live now.

use std::sync::{Arc, PoisonError, RwLock};

use super::respond::Catalogue;

/// Exchanged as a whole: a request takes one hold of the edition and answers from it to the end, so no answer is ever
/// made of two editions, and nobody waits while a new one goes live.
#[derive(Default)]
pub(super) struct Current(RwLock<Arc<Catalogue>>);

impl Current {
    pub(super) fn hold(&self) -> Arc<Catalogue> {
        // Only an exchange of pointers happens under the lock, so even a poisoned one guards a whole edition.
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// Changes what stands beside the edition. `None`: it stays as it is.
    pub(super) fn amend(&self, change: impl FnOnce(&Catalogue) -> Option<Catalogue>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(changed) = change(&held) {
            *held = Arc::new(changed);
        }
    }

    pub(super) fn exchange(&self, next: Catalogue) {
        let next = Arc::new(next);
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, next);
        drop(held);
        // A large table may go with this; not while others wait.
        drop(before);
    }
}
