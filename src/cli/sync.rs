//! `colport sync`: the newest edition to every mirror, once or for ever.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::{MultiProgress, ProgressBar};

use super::daemon;
use super::failure::{Failure, Outcome};
use super::screen::{Screen, size, table};
use crate::config::{self, Config};
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::packager::{FolderError, NewsroomFolder, Variant};
use crate::sync::{self, Event, Intent, Mirror, Sending, Source};

/// Keep every mirror up to date, and tell each channel of its own.
///
/// Goes on until Ctrl-C: pushes each new edition, looks whether mirrors can be reached, gives each `[[channel]]` its own
/// list of mirrors, and replaces what is blocked. What it must not forget lies in `sync/`; it may be stopped and killed at
/// any moment. `colport.toml` is read anew when it changes.
///
/// With `--once` it pushes the newest edition and ends, with exit code 1 if any mirror does not have it. Only what a mirror
/// lacks travels, and a dead one holds up nobody.
#[derive(Args)]
pub(crate) struct Sync {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// Push once and end
    #[arg(long)]
    once: bool,
    /// Say what would be done, and do nothing
    #[arg(long, requires = "once")]
    dry_run: bool,
}

impl Sync {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let config = config::load(&self.site)?;
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
            Err(failure.try_this("run the command again: only what is still missing will travel"))
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
        let (mirror, bytes) = match event {
            Event::Progress { mirror, bytes } => (mirror, Some(bytes)),
            Event::Begun { mirror } | Event::Done { mirror, .. } => (mirror, None),
        };
        if let Some((bar, bytes)) = self.bars.get(mirror).zip(bytes) {
            bar.set_position(bytes);
        }
    }

    fn clear(&self) {
        // A terminal that is gone needs no tidying.
        let _ = self.all.clear();
    }
}
