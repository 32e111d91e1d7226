//! `colport sync`: the newest edition to every mirror, once or for ever.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use indicatif::{MultiProgress, ProgressBar};

use super::daemon::{self, outlay};
use super::failure::{Failure, Outcome};
use super::screen::{self, Screen, size, table};
use crate::base::LIMITS;
use crate::config::{self, Config};
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files;
use crate::packager::{FolderError, NewsroomFolder, Variant};
use crate::sync::daemon::Trouble;
use crate::sync::{self, Event, Intent, Mirror, Sending, Source};
use crate::trust::lists::SealedList;

/// Keep every mirror up to date, and tell each channel of its own.
///
/// Goes on until Ctrl-C: pushes each new edition, looks whether mirrors can be reached, gives each `[[channel]]` its own
/// list of mirrors, and replaces what is blocked. What it must not forget lies in `sync/`; it may be stopped and killed at
/// any moment. `colport.toml` is read anew when it changes. `colport mirrors` shows how things stand, and so does a page on this
/// machine, whose address it prints.
///
/// What each channel is to be told lies in `sync/announce/`; programs under `[[hook]]` can tell it.
///
/// With `--once` it pushes the newest edition and ends, with exit code 1 if any mirror that it pushes to does not have it, or one
/// that copies others cannot be reached. Only what a mirror lacks travels, and a dead one holds up nobody.
#[derive(Args)]
pub(crate) struct Sync {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// Push once and end
    #[arg(long)]
    once: bool,
    /// Of `--once`: say what would be done, and do nothing
    #[arg(long, requires = "once")]
    dry_run: bool,
    /// Write the newest edition to a file, to be handed around in this channel, with the channel's list of mirrors in it, and end
    #[arg(
        long,
        value_name = "CHANNEL",
        requires = "out",
        conflicts_with = "once"
    )]
    bundle_for: Option<String>,
    /// The file for `--bundle-for`
    #[arg(long, value_name = "FILE", requires = "bundle_for")]
    out: Option<PathBuf>,
    /// Of `--bundle-for`: without pictures
    #[arg(long, requires = "bundle_for", conflicts_with = "light")]
    text: bool,
    /// Of `--bundle-for`: with small pictures
    #[arg(long, requires = "bundle_for")]
    light: bool,
}

impl Sync {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let config = config::load(&self.site)?;
        if let (Some(channel), Some(out)) = (&self.bundle_for, &self.out) {
            let variant = match (self.text, self.light) {
                (true, _) => Variant::Text,
                (_, true) => Variant::Light,
                (false, false) => Variant::Full,
            };
            return hand_out(
                &NewsroomFolder::at(&self.site),
                channel,
                variant,
                out,
                screen,
            );
        }
        if config.mirrors.is_empty() {
            let failure = Failure::setup("there is no mirror in `colport.toml`");
            return Err(failure.try_this(
                "name one under `[[mirror]]`: a folder, a `colport serve`, a bucket or another host",
            ));
        }
        if !self.once {
            return daemon::keep(&self.site, screen).await;
        }
        let source = source(&NewsroomFolder::at(&self.site), &config.variants)?;
        let wire = HttpFetch::new(Patience::default());
        match self.dry_run {
            true => plan(&wire, &source, &config, screen).await,
            false => push(&wire, &source, &config, screen).await,
        }
    }
}

/// The list is the one that the daemon told the channel last.
fn hand_out(
    folder: &NewsroomFolder,
    channel: &str,
    variant: Variant,
    out: &Path,
    screen: &Screen,
) -> Outcome {
    let place = outlay::folder_of(folder, channel)?;
    let untold = || {
        let failure = Failure::setup(format!("channel `{channel}` was told of no mirrors yet"));
        failure
            .try_this("let `colport sync` run until it was; `colport mirrors` shows the channels")
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !channel.chars().all(is_plain) || !files::exists(&place.join("list.json")) {
        return Err(untold());
    }
    let list = files::read_private(&place.join("list.json"), LIMITS.address_list_bytes)?;
    let list = Bytes::from(list);
    let name = SealedList::name_in(list.clone()).ok_or_else(untold)?;
    let (from, _) = outlay::source(folder, variant)?.ok_or_else(|| {
        let failure = Failure::setup("there is no such bundle of the newest edition");
        failure.try_this("`colport pack` makes those that `variants` in `colport.toml` names")
    })?;
    outlay::write(&from, out, name.as_str(), &list)?;
    screen.line(format!(
        "`{}` carries the newest edition, and what channel `{channel}` is told.",
        out.display()
    ));
    Ok(())
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::setup(trouble)
    }
}

/// As `colport sync --once` does.
pub(super) async fn push_newest(
    config: &Config,
    folder: &NewsroomFolder,
    screen: &Screen,
) -> Outcome {
    let source = source(folder, &config.variants)?;
    push(
        &HttpFetch::new(Patience::default()),
        &source,
        config,
        screen,
    )
    .await
}

pub(super) fn source(
    folder: &NewsroomFolder,
    variants: &[Variant],
) -> Result<Arc<Source>, Failure> {
    let now = SystemClock.now();
    let newest = folder
        .newest(now)?
        .ok_or_else(|| FolderError::NoEdition(folder.place().to_path_buf()))?;
    let earlier = folder.earlier(newest.number(), now)?;
    let mut forms = folder.dense_forms(&newest, &earlier, variants)?;
    forms.extend(folder.small_forms(newest.number(), variants)?);
    let source = Source::new(newest, earlier)
        .map_err(|error| Failure::setup(format!("no update could be made: {error}")))?;
    Ok(Arc::new(source.with_forms(forms)))
}

async fn push(wire: &HttpFetch, source: &Arc<Source>, config: &Config, screen: &Screen) -> Outcome {
    let bars = Bars::new(&config.mirrors, screen);
    let outcomes = sync::push_all(wire, source, &config.mirrors, &config.push, &mut |event| {
        bars.show(event)
    })
    .await;
    bars.clear();
    let rows: Vec<_> = outcomes
        .iter()
        .map(|(mirror, outcome)| vec![mirror.name.clone(), told(outcome)])
        .collect();
    screen.line(table(&["mirror", "what became of it"], &rows));
    match outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_fault())
        .count()
    {
        0 => Ok(()),
        failed => {
            let failure = Failure::refused(format!(
                "{failed} of {} mirrors do not have edition {}",
                outcomes.len(),
                source.edition().number()
            ));
            Err(failure.try_this(
                "mend what the table names, then run it again: only what is still missing will travel",
            ))
        }
    }
}

fn told(outcome: &sync::Outcome) -> String {
    match outcome {
        sync::Outcome::Pushed(pushed) => format!(
            "has edition {} now, {} sent",
            pushed.edition,
            size(pushed.bytes)
        ),
        sync::Outcome::Taken(pushed) => format!(
            "took edition {}, {} sent, and was not read yet",
            pushed.edition,
            size(pushed.bytes)
        ),
        other => other.to_string(),
    }
}

async fn plan(wire: &HttpFetch, source: &Arc<Source>, config: &Config, screen: &Screen) -> Outcome {
    let intents = sync::plan_all(wire, source, &config.mirrors, &config.push).await;
    for (mirror, intent) in intents {
        screen.line(format!("{}:", mirror.name));
        match intent {
            Intent::Steps(plan) if plan.steps.is_empty() => screen.line("  nothing"),
            Intent::Steps(plan) => plan
                .steps
                .iter()
                .for_each(|step| screen.line(format!("  {step}"))),
            Intent::Send(Sending::Nothing) => screen.line("  nothing"),
            Intent::Send(Sending::Update { base, bytes }) => {
                screen.line(format!(
                    "  send the update from edition {base}, {}",
                    size(bytes)
                ));
            }
            Intent::Send(Sending::Whole { bytes }) => {
                screen.line(format!("  send the whole edition, {}", size(bytes)))
            }
            Intent::Leave => screen.line("  nothing: it copies others"),
            Intent::Unreachable(why) => screen.line(format!("  not reached: {why}")),
        }
    }
    Ok(())
}

/// One bar a mirror.
struct Bars {
    bars: Vec<ProgressBar>,
    all: MultiProgress,
}

impl Bars {
    fn new(mirrors: &[Mirror], screen: &Screen) -> Self {
        let all = MultiProgress::new();
        let bars = mirrors
            .iter()
            .map(|mirror| all.add(screen.bytes(&mirror.name)))
            .collect();
        Self { bars, all }
    }

    fn show(&self, event: Event) {
        let Event::Progress { mirror, sent } = event else {
            return;
        };
        if let Some(bar) = self.bars.get(mirror) {
            bar.set_position(sent.bytes);
            if let Some(of) = sent.of.filter(|of| bar.length() != Some(*of)) {
                screen::expect_bytes(bar, of);
            }
        }
    }

    fn clear(&self) {
        // A terminal that is gone needs no tidying.
        let _ = self.all.clear();
    }
}
