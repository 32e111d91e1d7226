//! Asking many mirrors the same small thing at once, in waves, and hearing each answer as it comes.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

use super::{Fault, MirrorId, Mirrors, Patience};

/// What one mirror said, and how long it took.
pub(super) struct Answer<T> {
    pub(super) mirror: MirrorId,
    pub(super) took: Duration,
    pub(super) result: Result<T, Fault>,
}

pub(super) struct Race<'a, T> {
    patience: Patience,
    ask: Box<dyn Fn(Url) -> BoxFuture<'a, Result<T, Fault>> + Send + 'a>,
    waiting: VecDeque<(MirrorId, Url)>,
    running: FuturesUnordered<BoxFuture<'a, Answer<T>>>,
    begun: Instant,
    asked: usize,
    failed: usize,
    all: bool,
}

impl<'a, T: Send + 'a> Race<'a, T> {
    pub(super) fn new(
        mirrors: &Mirrors,
        patience: &Patience,
        ask: impl Fn(Url) -> BoxFuture<'a, Result<T, Fault>> + Send + 'a,
    ) -> Self {
        Self {
            patience: patience.clone(),
            ask: Box::new(ask),
            waiting: mirrors
                .to_ask()
                .into_iter()
                .map(|id| (id, mirrors.url(id).clone()))
                .collect(),
            running: FuturesUnordered::new(),
            begun: Instant::now(),
            asked: 0,
            failed: 0,
            all: false,
        }
    }

    /// From now on nobody waits for a turn.
    pub(super) fn ask_all(&mut self) {
        self.all = true;
    }

    /// The next answer; `None` when everybody has answered. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Answer<T>> {
        loop {
            self.ask_those_due();
            if self.running.is_empty() {
                return None;
            }
            let wave = Instant::now() + self.next_wave();
            tokio::select! {
                answer = self.running.next() => {
                    let answer = answer?;
                    self.failed += usize::from(answer.result.is_err());
                    return Some(answer);
                }
                () = sleep_until(wave), if !self.waiting.is_empty() => {}
            }
        }
    }

    fn ask_those_due(&mut self) {
        let due = self.patience.asked(self.begun.elapsed(), self.failed);
        while self.all || self.asked < due {
            let Some((mirror, url)) = self.waiting.pop_front() else {
                return;
            };
            self.asked += 1;
            let answer = timeout(self.patience.metadata, (self.ask)(url));
            let seconds = self.patience.metadata.as_secs();
            self.running.push(Box::pin(async move {
                let begun = Instant::now();
                let result = answer.await.unwrap_or(Err(Fault::Silent { seconds }));
                let took = begun.elapsed();
                Answer {
                    mirror,
                    took,
                    result,
                }
            }));
        }
    }

    /// How long until more mirrors may be due.
    fn next_wave(&self) -> Duration {
        let since = self.begun.elapsed();
        let waves = [self.patience.two_more, self.patience.all];
        let next = waves.into_iter().find(|wave| *wave > since);
        next.map_or(Duration::from_secs(1), |wave| wave - since)
    }
}
