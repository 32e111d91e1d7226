//! `colport serve --from`: a mirror that copies others, and goes on to do so.
//!
//! 1. At start, and then every few minutes, the others are asked in random order which edition is the newest, as a
//!    reader asks them: none of them is trusted.
//! 2. A newer edition comes as an update of the one that is held, if somebody has such an update.
//! 3. It is taken in like one that someone brings.
//!
//! The pauses are random too, so that a thousand mirrors that were started in one minute do not come in one minute.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::screen::{Screen, one_line};
use crate::edition::Effort;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, FileError};
use crate::io::random;
use crate::reader::{self, FirstTrust, Options, ReadError};
use crate::server::{Anchor, Door, HoldingsError};

pub(super) struct Following {
    pub(super) mirrors: Vec<Url>,
    /// What a reader keeps.
    pub(super) store: PathBuf,
    /// Between two looks, on average.
    pub(super) every: Duration,
    pub(super) door: Door,
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Holdings(#[from] HoldingsError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl FollowError {
    /// On one line, since it goes into a system's journal.
    fn told(&self) -> String {
        let faults = match self {
            Self::Read(error) => error.faults(),
            _ => &[],
        };
        let faults = faults
            .iter()
            .map(|(mirror, fault)| format!("; {mirror}: {fault}"));
        one_line(format!("{self}{}", faults.collect::<String>()))
    }
}

impl Following {
    /// For ever. A trouble is told when it begins, and not each time.
    pub(super) async fn run(mut self, screen: &Screen) {
        let fetch = HttpFetch::new(Patience::default());
        let mut told = String::new();
        loop {
            let looked = self.look(&fetch).await;
            let trouble = looked.err().map(|error| error.told()).unwrap_or_default();
            if !trouble.is_empty() && trouble != told {
                screen.warn(format!("nothing could be copied: {trouble}"));
            }
            told = trouble;
            tokio::time::sleep(pause(
                self.every,
                self.door.edition().is_some(),
                random::byte(),
            ))
            .await;
        }
    }

    async fn look(&mut self, fetch: &HttpFetch) -> Result<(), FollowError> {
        shuffle(&mut self.mirrors, random::byte);
        files::create_private_folder(&self.store)?;
        let kept = self.store.join("edition.tar.gz");
        if let Some(bundle) = self.door.bundle().await {
            // Somebody may have brought a newer one than the last that was copied.
            if files::length(&kept).ok() != Some(bundle.len() as u64) {
                files::write(&kept, &bundle)?;
            }
        }
        let mut options = Options::new(
            self.mirrors.clone(),
            self.store.clone(),
            match self.door.anchor() {
                Anchor::Fingerprint(fingerprint) => FirstTrust::Fingerprint(fingerprint),
                Anchor::Root(root) => FirstTrust::Root(root),
            },
        );
        options.effort = Effort::Best;
        reader::get(fetch, SystemClock.now(), &options, &mut |_| ()).await?;
        self.door.offer(kept).await?;
        Ok(())
    }
}

/// From six to fourteen tenths of `every`; who has nothing to show yet is less patient.
fn pause(every: Duration, has_edition: bool, chance: u8) -> Duration {
    let every = match has_edition {
        true => every,
        false => every.min(IMPATIENT),
    };
    every * (600 + 800 * u32::from(chance) / 255) / 1000
}

const IMPATIENT: Duration = Duration::from_secs(15);

/// By Fisher and Yates. That a byte of chance does not divide evenly matters to nobody here.
fn shuffle<T>(list: &mut [T], chance: impl Fn() -> u8) {
    for last in (1..list.len()).rev() {
        list.swap(last, usize::from(chance()) % (last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_random_within_bounds() {
        let five = Duration::from_secs(300);
        for (has_edition, chance, seconds) in [
            (true, 0, 180),
            (true, 255, 420),
            (false, 0, 9),
            (false, 255, 21),
        ] {
            let expected = Duration::from_secs(seconds);
            assert_eq!(pause(five, has_edition, chance), expected);
        }
        let second = Duration::from_secs(1);
        assert!(pause(second, false, 255) < second * 2);
    }

    #[test]
    fn a_shuffle_loses_nobody_and_can_bring_anyone_to_the_front() {
        let mut fronts = std::collections::BTreeSet::new();
        for chance in 0..=255 {
            let mut list = [0, 1, 2, 3];
            shuffle(&mut list, || chance);
            fronts.insert(list[0]);
            list.sort_unstable();
            assert_eq!(list, [0, 1, 2, 3]);
        }
        assert_eq!(fronts.len(), 4);
    }
}
