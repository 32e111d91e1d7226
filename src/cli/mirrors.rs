//! `colport mirrors`: how the newsroom's mirrors and channels stand, as the daemon last wrote it down.

use std::path::PathBuf;

use clap::Args;

use super::daemon::{STATUS, page_address, page_key};
use super::failure::{Failure, Outcome};
use super::screen::{Cell, Paint, Screen};
use super::words::{age, count, span};
use crate::config;
use crate::io::clock::{Clock, SystemClock};
use crate::io::files::{self, FileError};
use crate::packager::NewsroomFolder;
use crate::sync::daemon::{ChannelView, MirrorView, Reach, ReachView, View};

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
        "{as_of}Edition {}; {} in stock, {} of them in reserve{}; {:.2} a day.",
        view.edition,
        count(view.standby, "mirror", "mirrors"),
        view.reserve,
        view.lasts_days
            .map_or_else(String::new, |days| format!(", which lasts {days:.0} days")),
        view.cost_a_day,
    ));
    if let Some(trouble) = &view.trouble {
        screen.line(format!("Needs you: {trouble}"));
    }
    if !view.channels.is_empty() {
        let rows: Vec<_> = view.channels.iter().map(channel_row).collect();
        screen.line("");
        let head = ["channel", "tier", "leaks", "mirrors", "shows", "remarks"];
        screen.table(&head, &rows);
    }
    let vantages = view.mirrors.first().map(|mirror| &mirror.reach);
    let vantages: Vec<&str> = vantages
        .into_iter()
        .flatten()
        .map(|from| from.vantage.as_str())
        .collect();
    let rows: Vec<_> = view.mirrors.iter().map(mirror_row).collect();
    screen.line("");
    let head = [
        "mirror",
        "state",
        "reach",
        "edition",
        "cost a day",
        "known to",
        "remarks",
    ];
    screen.table(&head, &rows);
    if !vantages.is_empty() {
        screen.line("");
        screen.line(format!(
            "Reach, one sign for each place: {}. ✓ it is reached, ✕ it fails, ? the place sees nothing, – nobody looked from there.",
            vantages.join(", ")
        ));
    }
}

fn channel_row(channel: &ChannelView) -> Vec<Cell> {
    let tier = match channel.overruled {
        true => format!("{} (your word)", channel.tier),
        false => channel.tier.clone(),
    };
    let paint = match channel.tier.as_str() {
        "clean" => Paint::Good,
        "suspect" => Paint::Doubt,
        "burnt" => Paint::Bad,
        _ => Paint::Plain,
    };
    let few = match channel.working {
        0 | 1 => Paint::Bad,
        _ => Paint::Plain,
    };
    let troubles = channel.ways.iter().filter_map(|way| {
        let why = way.trouble.as_ref()?;
        Some(format!("not told by `{}`: {why}", way.name))
    });
    let troubles: Vec<String> = troubles.collect();
    vec![
        Cell::from(&channel.name),
        Cell::new(paint, tier),
        Cell::from(format!("{:.0} %", channel.p_leak * 100.0)),
        Cell::new(few, channel.working),
        Cell::from(channel.shows.join(", ")),
        Cell::from(troubles.join("; ")),
    ]
}

fn mirror_row(mirror: &MirrorView) -> Vec<Cell> {
    let state = match mirror.state.as_str() {
        "serving" => Paint::Good,
        "suspect" => Paint::Doubt,
        "blocked" | "failed" => Paint::Bad,
        _ => Paint::Plain,
    };
    let (edition, paint) = match (mirror.edition, mirror.lag) {
        (0, _) => ("none".to_owned(), Paint::Soft),
        (edition, 0) => (edition.to_string(), Paint::Plain),
        (edition, lag) => (format!("{edition}, {lag} behind"), Paint::Doubt),
    };
    let cost = match mirror.cost_a_day > 0.0 {
        true => format!("{:.2}", mirror.cost_a_day),
        false => String::new(),
    };
    vec![
        Cell::from(&mirror.name),
        Cell::new(state, &mirror.state),
        Cell::of(mirror.reach.iter().map(reached)),
        Cell::new(paint, edition),
        Cell::from(cost),
        Cell::from(mirror.channels.join(", ")),
        Cell::from(remarks(mirror).join("; ")),
    ]
}

fn reached(from: &ReachView) -> (Paint, String) {
    let paint = match from.reach {
        Reach::Reached => Paint::Good,
        Reach::Fails => Paint::Bad,
        Reach::Blind | Reach::Unseen => Paint::Soft,
    };
    (paint, from.reach.mark().to_owned())
}

fn remarks(mirror: &MirrorView) -> Vec<String> {
    let failing = mirror
        .reach
        .iter()
        .filter(|from| from.reach == Reach::Fails);
    let failing = failing.map(|from| format!("{}: {}", from.vantage, from.words()));
    let behind = mirror.behind_since.filter(|_| mirror.lag > 0);
    let behind =
        behind.map(|at| format!("behind for {}", span(SystemClock.now().duration_since(at))));
    let remarks = mirror.trouble.clone().into_iter().chain(behind);
    let remarks = remarks.chain(failing).chain(mirror.sending());
    let copies = mirror.copies_others.then(|| "copies others".to_owned());
    remarks
        .chain(copies)
        .chain(mirror.reports.clone())
        .collect()
}
