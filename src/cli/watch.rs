//! `colport pack --watch`: the loop around [`packager::Watch`](crate::packager::Watch).
//!
//! 1. One event after another: time is up, a round has ended, somebody wants it to stop.
//! 2. `colport.toml` is read anew in each round, so that an article can be withdrawn without a restart.
//! 3. A round that fails is told and tried again later. Only the first may end the program, when the folder is not as it
//!    must be: then somebody is there who can mend it.
//! 4. Mirrors are served after each edition, and in later rounds again until each has it. They are also served in the
//!    first round: nobody knows what the run before, which may have been killed, left undone.
//!
//! A kill at any moment leaves the last edition whole, since files appear whole or not at all.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;

use super::failure::{Exit, Failure, Outcome};
use super::pack;
use super::screen::Screen;
use super::serve::until_service_ends;
use super::sync;
use super::telling::Telling;
use super::words::{clock, period};
use crate::config;
use crate::io::clock::{Clock, SystemClock};
use crate::io::random;
use crate::packager::{Action, Ended, Event, NewsroomFolder, OF_A_ROUND, Rhythm, Watch};

/// Whether mirrors are served after each edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mirrors {
    Leave,
    Push,
}

/// Until somebody wants it to stop.
pub(super) async fn watch(site: &Path, mirrors: Mirrors, screen: &Screen) -> Outcome {
    let telling = Telling::once(screen);
    let mut rhythm = config::load(site)?.rhythm;
    screen.line(format!(
        "Looking at the sources every {}. Ctrl-C ends it.",
        period(rhythm.every)
    ));
    let mut stopped = pin!(until_service_ends());
    let mut watch = Watch::new(SystemClock.now());
    let mut event = Event::Started;
    let mut is_first = true;
    let mut owed = mirrors;
    loop {
        event = match watch.on(event, rhythm, SystemClock.now(), random::byte()) {
            Action::End => {
                screen.line("Stopped.");
                return Ok(());
            }
            Action::WaitUntil(then) => {
                let bar = screen.waiting(&format!("next look at {}", clock(then)));
                let event = tokio::select! {
                    () = &mut stopped => Event::Stopped,
                    () = until(then) => Event::TimeUp,
                };
                bar.finish_and_clear();
                event
            }
            Action::Round => tokio::select! {
                // First, so that it is listening before the round begins.
                biased;
                () = &mut stopped => Event::Stopped,
                ended = round(site, (mirrors, &mut owed), &mut rhythm, &telling, screen) => {
                    let ended = ended.or_else(|failure| match failure.exit {
                        Exit::Setup if is_first => Err(failure),
                        _ => {
                            telling.warn(&failure);
                            Ok(Ended::Failed)
                        }
                    })?;
                    telling.end_round();
                    is_first = false;
                    Event::RoundEnded(ended)
                }
            },
        };
    }
}

async fn until(then: Timestamp) {
    let left = then.duration_since(SystemClock.now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}

async fn round(
    site: &Path,
    (mirrors, owed): (Mirrors, &mut Mirrors),
    rhythm: &mut Rhythm,
    telling: &Telling<'_>,
    screen: &Screen,
) -> Result<Ended, Failure> {
    let config = config::load(site)?;
    *rhythm = config.rhythm;
    let folder = NewsroomFolder::at(site);
    let packed = pack::pack(&config, &folder, SystemClock.now(), OF_A_ROUND, telling).await?;
    if let Some(silent) = packed.silent_feed {
        telling.warn(silent);
    }
    let ended = match packed.edition {
        Some(_) => Ended::Published,
        None => Ended::NothingNew,
    };
    // Step 4.
    if ended == Ended::Published {
        *owed = mirrors;
    }
    if *owed == Mirrors::Push && !config.mirrors.is_empty() {
        match sync::push_newest(&config, &folder, screen).await {
            Ok(()) => *owed = Mirrors::Leave,
            Err(failure) => telling.warn(failure),
        }
    }
    Ok(ended)
}
