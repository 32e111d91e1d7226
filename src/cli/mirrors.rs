//! `colport mirrors`: how the newsroom's mirrors and channels stand, as the daemon last wrote it down.

use std::path::PathBuf;

use clap::Args;

use super::daemon::{STATUS, page_address, page_key};
use super::failure::{Failure, Outcome};
use super::screen::{Screen, table};
use super::words::{age, count};
use crate::config;
use crate::io::clock::{Clock, SystemClock};
use crate::io::files::{self, FileError};
use crate::packager::NewsroomFolder;
use crate::sync::daemon::{ChannelView, MirrorView, View};

const STATUS_BYTES: u64 = 64 << 20;

/// Show how mirrors and channels stand.
///
/// Reads what `colport sync` writes down every few seconds while it runs; afterwards, what was last. The same stands on its
/// page, with the reasons.
#[derive(Args)]
pub(crate) struct Mirrors {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// Print all of it as JSON
    #[arg(long)]
    json: bool,
    /// Print the address of the page, with the key that opens it
    #[arg(long, conflicts_with = "json")]
    page: bool,
}

impl Mirrors {
    pub(crate) fn run(self, screen: &Screen) -> Outcome {
        if self.page {
            return self.page(screen);
        }
        let place = NewsroomFolder::at(&self.site)
            .place()
            .join("sync")
            .join(STATUS);
        let bytes = match files::read_private(&place, STATUS_BYTES) {
            Err(FileError::NotFound(_)) => {
                let failure = Failure::setup("`colport sync` has not run here yet");
                return Err(failure.try_this("start it with `colport sync`"));
            }
            read => read?,
        };
        let view: View = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::setup(format!(
                "`{}` cannot be understood: {error}",
                place.display()
            ))
        })?;
        match self.json {
            true => screen.json(&view),
            false => show(&view, screen),
        }
        Ok(())
    }
}

impl Mirrors {
    fn page(&self, screen: &Screen) -> Outcome {
        let Some(address) = config::load(&self.site)?.page else {
            let failure = Failure::setup("there is no page: `page` under `[sync]` is empty");
            return Err(failure.try_this("give it an address such as `127.0.0.1:8071`"));
        };
        let key = page_key(&NewsroomFolder::at(&self.site).sync_folder()?)?;
        screen.line(page_address(address, &key));
        Ok(())
    }
}

fn show(view: &View, screen: &Screen) {
    let as_of = view.at.map_or_else(String::new, |at| {
        format!("As of {}. ", age(at, SystemClock.now()))
    });
    screen.line(format!(
        "{as_of}Edition {}; {} in stock, {} of them in reserve{}.",
        view.edition,
        count(view.standby, "mirror", "mirrors"),
        view.reserve,
        view.lasts_days
            .map_or_else(String::new, |days| format!(", which lasts {days:.0} days")),
    ));
    if let Some(trouble) = &view.trouble {
        screen.line(format!("Needs you: {trouble}"));
    }
    if !view.channels.is_empty() {
        let rows: Vec<_> = view.channels.iter().map(channel_row).collect();
        screen.line("");
        screen.line(table(
            &["channel", "tier", "leaks", "mirrors", "shows"],
            &rows,
        ));
    }
    let mut mirrors: Vec<&MirrorView> = view.mirrors.iter().collect();
    mirrors.sort_by_key(|mirror| (rank(&mirror.state), mirror.id));
    let rows: Vec<_> = mirrors.into_iter().map(mirror_row).collect();
    screen.line("");
    screen.line(table(
        &["mirror", "state", "edition", "known to", "remarks"],
        &rows,
    ));
}

/// What needs a look comes first.
fn rank(state: &str) -> usize {
    let order = [
        "blocked", "failed", "suspect", "serving", "standby", "filling",
    ];
    order
        .iter()
        .position(|known| *known == state)
        .unwrap_or(order.len())
}

fn channel_row(channel: &ChannelView) -> Vec<String> {
    let tier = match channel.overruled {
        true => format!("{} (your word)", channel.tier),
        false => channel.tier.clone(),
    };
    vec![
        channel.name.clone(),
        tier,
        format!("{:.0} %", channel.p_leak * 100.0),
        channel.working.to_string(),
        channel.shows.join(", "),
    ]
}

fn mirror_row(mirror: &MirrorView) -> Vec<String> {
    let edition = match (mirror.edition, mirror.lag) {
        (0, _) => "none".to_owned(),
        (edition, 0) => edition.to_string(),
        (edition, lag) => format!("{edition}, {lag} behind"),
    };
    let fails = mirror
        .fails
        .iter()
        .map(|(vantage, how)| format!("{vantage}: {how}"));
    let remarks = mirror
        .why
        .iter()
        .cloned()
        .chain(mirror.trouble.clone())
        .chain(fails);
    let mut remarks: Vec<String> = remarks.collect();
    if mirror.pushing {
        remarks.push("sending".into());
    }
    vec![
        mirror.name.clone(),
        mirror.state.clone(),
        edition,
        mirror.channels.join(", "),
        remarks.join("; "),
    ]
}
