//! How much memory answers may take that had to be unpacked first: all together, and those to one client.
//!
//! Nearly everything is sent as it lies in the bundle. Who takes no gzip, or wants a part of the plain content, needs a
//! copy, and keeps it for as long as he takes to read it. He chooses how slowly.

use bytes::Bytes;

use super::super::shares::{Share, Shares};

/// Of this process, whatever it serves.
pub(super) static UNPACKED: Shares = Shares::of(64 << 20, 8 << 20);

/// Given back when the last part of the content is dropped.
struct Leased {
    content: Vec<u8>,
    _share: Share<&'static Shares>,
}

/// What `make` gives, which may be as long as `bytes`; `None` if there is not so much left for `who`.
pub(super) fn hold<E>(
    budget: &'static Shares,
    who: Option<u64>,
    bytes: u64,
    make: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Option<Result<Bytes, E>> {
    // In its hands before anything can fail, so that it is given back in any case.
    let share = Share::take(budget, who, bytes)?;
    Some(make().map(|content| {
        Bytes::from_owner(Leased {
            content,
            _share: share,
        })
    }))
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
        static SMALL: Shares = Shares::of(10, 8);
        let hold = |who, bytes: u64| hold(&SMALL, Some(who), bytes, || Ok::<_, ()>(vec![7; 6]));
        let first = hold(1, 6).unwrap().unwrap();
        assert_eq!(first, vec![7; 6]);
        assert!(
            hold(1, 3).is_none(),
            "there would be enough, but not for one"
        );
        assert!(hold(2, 6).is_none());
        let part = first.slice(..1);
        drop(first);
        assert!(hold(2, 6).is_none(), "a part of it is still there");
        drop(part);
        let failed = super::hold(&SMALL, None, 10, || Err::<Vec<u8>, _>(()));
        assert_eq!(failed, Some(Err(())));
        assert!(hold(2, 10).is_some(), "what failed takes nothing");
    }
}
