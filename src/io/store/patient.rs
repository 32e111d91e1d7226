//! A layer around a store: what failed in passing is tried again, after pauses that grow and are a little random, so that a
//! host that was down is not met by everybody at once.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::{Body, Result, Store, StoreError, Survey};
use crate::io::random;

pub struct Patient<S>(S);

/// Tries after the first.
pub(super) const TRIES: u32 = 3;
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);

impl<S: Store> Patient<S> {
    pub fn new(store: S) -> Self {
        Self(store)
    }

    async fn trying<'a, T>(
        &'a self,
        call: impl Fn(&'a S) -> BoxFuture<'a, Result<T>>,
    ) -> Result<T> {
        for tried in 0..TRIES {
            match call(&self.0).await {
                Err(StoreError::Transient(_)) => sleep(pause(tried, random::byte())).await,
                done => return done,
            }
        }
        call(&self.0).await
    }
}

/// Doubled each time, and up to half of it more.
fn pause(tried: u32, chance: u8) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.pow(tried);
    pause + pause * u32::from(chance) / 510
}

impl<S: Store> Store for Patient<S> {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(self.trying(move |store| store.survey(wanted)))
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(self.trying(move |store| store.read(path, part.clone())))
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.trying(move |store| store.put(path, body)))
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.trying(move |store| store.remove(path)))
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.trying(Store::settle))
    }

    fn is_atomic(&self) -> bool {
        self.0.is_atomic()
    }

    fn abreast(&self) -> usize {
        self.0.abreast()
    }

    fn says_encoding(&self) -> bool {
        self.0.says_encoding()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_a_little_random() {
        let millis = |tried, chance| pause(tried, chance).as_millis();
        assert_eq!((millis(0, 0), millis(0, 255)), (500, 750));
        assert_eq!((millis(2, 0), millis(2, 255)), (2000, 3000));
    }
}
