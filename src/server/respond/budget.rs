//! How much memory answers may take that had to be unpacked first, all together.
//!
//! Nearly everything is sent as it lies in the bundle. Who takes no gzip, or wants a part of the plain content, needs a
//! copy, and keeps it for as long as he takes to read it. He chooses how slowly.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;

pub(super) struct Budget {
    left: AtomicU64,
}

/// Of this process, whatever it serves.
pub(super) static UNPACKED: Budget = Budget::of(64 << 20);

/// Given back when the last part of the content is dropped.
struct Leased {
    content: Vec<u8>,
    bytes: u64,
    budget: &'static Budget,
}

impl Budget {
    const fn of(bytes: u64) -> Self {
        Self {
            left: AtomicU64::new(bytes),
        }
    }

    /// What `make` gives, which may be as long as `bytes`; `None` if there is not so much left.
    pub(super) fn hold<E>(
        &'static self,
        bytes: u64,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Option<Result<Bytes, E>> {
        let less = |left: u64| left.checked_sub(bytes);
        self.left.fetch_update(Relaxed, Relaxed, less).ok()?;
        // In its hands before anything can fail, so that it is given back in any case.
        let mut leased = Leased {
            content: Vec::new(),
            bytes,
            budget: self,
        };
        Some(make().map(|content| {
            leased.content = content;
            Bytes::from_owner(leased)
        }))
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Relaxed);
    }
}

impl AsRef<[u8]> for Leased {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_copy_leaves_less_for_the_others_until_it_is_dropped() {
        static SMALL: Budget = Budget::of(10);
        let hold = |bytes: u64| SMALL.hold(bytes, || Ok::<_, ()>(vec![7; 6]));
        let first = hold(6).unwrap().unwrap();
        assert_eq!(first, vec![7; 6]);
        assert!(hold(6).is_none());
        let part = first.slice(..1);
        drop(first);
        assert!(hold(6).is_none(), "a part of it is still there");
        drop(part);
        assert_eq!(SMALL.hold(10, || Err(())), Some(Err(())));
        assert!(hold(10).is_some(), "what failed takes nothing");
    }
}
