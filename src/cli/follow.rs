//! `colport serve --from`: a mirror that copies others, and goes on to do so.
//!
//! 1. At start, and then every few minutes, the others are asked in random order which edition is the newest, as a
//!    reader asks them: none of them is trusted.
//! 2. A newer edition comes as an update of the one that is held, if somebody has such an update.
//! 3. It is taken in like one that someone brings.
//!
//! The pauses are random too, so that a thousand mirrors that were started in one minute do not come in one minute.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::screen::{Screen, one_line};
use crate::edition::Effort;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{self, HttpFetch, Patience};
use crate::io::files::{self, FileError};
use crate::io::random;
use crate::reader::{self, Fault, FirstTrust, Options, ReadError};
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
    fn told(&self) -> Vec<String> {
        let (faults, hint) = match self {
            Self::Read(error) => (error.faults(), error.hint()),
            Self::Holdings(error) => (&[][..], error.hint()),
            Self::File(error) => (&[][..], error.hint()),
        };
        if faults.is_empty() {
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            return vec![one_line(format!("nothing could be copied: {self}{hint}"))];
        }
        faults.iter().map(told_of).collect()
    }
}

/// On one line, since it goes into a system's journal.
fn told_of((mirror, fault): &(String, Fault)) -> String {
    let advice = advice(fault, mirror.starts_with("https:"));
    let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
    one_line(format!(
        "nothing could be copied from `{mirror}`: {fault}{advice}"
    ))
}

/// What whoever runs this mirror may try.
fn advice(fault: &Fault, is_secure: bool) -> Option<&'static str> {
    let advice = match fault {
        Fault::Unreachable(why) => return advice_by_words(why, is_secure),
        Fault::Silent { .. } => {
            "see whether that mirror runs; a firewall in between may swallow what is sent there"
        }
        Fault::BlockPage => {
            "open it in a browser: perhaps it is no mirror, or it is blocked where this machine stands"
        }
        Fault::Empty => {
            "open it in a browser: perhaps it is no mirror, or waits for its first edition itself"
        }
        Fault::Older { .. } => "name a mirror that is up to date with another `--from`",
        Fault::Lied(_) => "name another mirror with `--from`, and tell the newsroom of this one",
        Fault::OtherSite => {
            "compare the address, and the fingerprint behind `--root`, with the newsroom's own word"
        }
        _ => return None,
    };
    Some(advice)
}

fn advice_by_words(why: &str, is_secure: bool) -> Option<&'static str> {
    let advice = match why {
        fetch::NO_NAME => {
            "see how the name is spelled, and whether this machine can look up others: `getent hosts example.org`"
        }
        fetch::NOBODY_THERE => {
            "see whether the address and its port are right, and whether that mirror runs"
        }
        fetch::NO_WAY => "see whether this machine reaches the internet",
        fetch::NO_TLS if is_secure => "perhaps its address begins with `http://`",
        fetch::BROKE if !is_secure => {
            "perhaps its address begins with `https://`, or it is blocked where this machine stands"
        }
        fetch::PAST_DATE | fetch::NOT_YET => {
            "look at the clock with `date`; if it is right, tell whoever runs that mirror"
        }
        fetch::OTHER_NAME | fetch::UNKNOWN_AUTHORITY | fetch::REFUSED_CERTIFICATE => {
            "see how the name is spelled; if it is right, somebody stands in between, or that mirror is not set up well"
        }
        _ if why.starts_with(fetch::STATUS) => {
            "that host has trouble of its own; it is asked again"
        }
        _ if why.starts_with(fetch::REFUSED) => "open it in a browser: perhaps it is no mirror",
        _ => return None,
    };
    Some(advice)
}

/// Of others that gave what was wanted, nobody need hear but of liars; but at first a person looks on, who may have spelled one
/// of them wrongly.
fn is_worth_telling(fault: &Fault, is_first: bool) -> bool {
    match fault {
        Fault::Lied(_) | Fault::OtherSite => true,
        Fault::Unreachable(_) | Fault::Silent { .. } | Fault::BlockPage | Fault::Empty => is_first,
        _ => false,
    }
}

impl Following {
    /// For ever. A trouble is told when it begins, and not each time.
    pub(super) async fn run(mut self, screen: &Screen) {
        let fetch = HttpFetch::new(Patience::default());
        let mut told = BTreeSet::new();
        let (mut is_first, mut is_cut_off) = (true, false);
        loop {
            let looked = self.look(&fetch).await;
            if is_cut_off && looked.is_ok() {
                screen.line("The other mirrors can be copied again");
            }
            is_cut_off = looked.is_err();
            let troubles: BTreeSet<_> = match looked {
                Ok(faults) => faults
                    .iter()
                    .filter(|(_, fault)| is_worth_telling(fault, is_first))
                    .map(told_of)
                    .collect(),
                Err(error) => error.told().into_iter().collect(),
            };
            troubles
                .difference(&told)
                .for_each(|trouble| screen.warn(trouble));
            told = troubles;
            is_first = false;
            tokio::time::sleep(pause(
                self.every,
                self.door.edition().is_some(),
                random::byte(),
            ))
            .await;
        }
    }

    /// What was wrong with some of them, if others gave the newest edition.
    async fn look(&mut self, fetch: &HttpFetch) -> Result<Vec<(String, Fault)>, FollowError> {
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
        let got = reader::get(fetch, SystemClock.now(), &options, &mut |_| ()).await?;
        self.door.offer(kept).await?;
        Ok(got.faults)
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
