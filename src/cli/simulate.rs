//! `colport simulate`: what the planner is worth against a simulated censor.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tokio::task::{JoinHandle, spawn_blocking};

use super::failure::{Failure, Outcome};
use super::screen::{Screen, table};
use super::words::count;
use crate::io::files;
use crate::sync::simulation::{Figures, Policy, Run, Session, Settings, plot, run};

/// Try out, against a simulated censor, how mirrors are shared among channels.
///
/// A newsroom with 29 channels, of which about eight have an agent of the censor, gets some new mirrors every day. The
/// censor blocks what he learns, and strikes at everything he knows in one night. The table says how many readers still
/// have a working mirror: with one list for everybody, with mirrors of its own for each channel, and with colport's
/// planner. Nothing here was measured in a country; see "Which mirrors, and who is told" in the manual.
#[derive(Args)]
pub(crate) struct Simulate {
    /// Days that pass
    #[arg(long, value_name = "NUMBER", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Worlds over which the mean is taken
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// New mirrors that the newsroom can afford
    #[arg(long, value_name = "NUMBER", default_value_t = 4.0, value_parser = mirrors_a_day)]
    mirrors_a_day: f64,
    /// The first world; the same number gives the same figures
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Draw the first world, day by day, into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Be the planner for another simulator: JSON lines from standard input, one step a line
    #[arg(long, conflicts_with_all = ["days", "seeds", "mirrors_a_day", "seed", "json", "svg"])]
    stdio: bool,
}

fn mirrors_a_day(text: &str) -> Result<f64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (0.0..=1000.0).contains(number));
    number.ok_or_else(|| "it must be a number from 0 to 1000".to_owned())
}

const POLICIES: [(&str, Policy); 3] = [
    ("one list for all", Policy::OneList),
    ("each channel its own", Policy::EachItsOwn),
    ("colport", Policy::Planner),
];

#[derive(Serialize)]
struct Compared {
    days: u32,
    seeds: u64,
    seed: u64,
    mirrors_a_day: f64,
    one_list: Figures,
    each_its_own: Figures,
    colport: Figures,
}

impl Simulate {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        if self.stdio {
            let served = spawn_blocking(serve).await;
            return served.map_err(Failure::setup)?;
        }
        let settings = Settings {
            days: self.days,
            mirrors_a_day: self.mirrors_a_day,
            ..Settings::default()
        };
        let mut figures = Vec::new();
        let mut first = None;
        for (_, policy) in POLICIES {
            let runs = self.worlds(&settings, policy).await?;
            figures.push(Figures::of(&runs));
            first = runs.into_iter().next();
        }
        if let (Some(file), Some(world)) = (&self.svg, &first) {
            let title = format!(
                "{} against a simulated censor",
                count(self.days as usize, "day", "days")
            );
            files::write(file, plot(world, &title).as_bytes())?;
        }
        let [one_list, each_its_own, colport] =
            figures.try_into().expect("there are three policies");
        let compared = Compared {
            days: self.days,
            seeds: self.seeds,
            seed: self.seed,
            mirrors_a_day: self.mirrors_a_day,
            one_list,
            each_its_own,
            colport,
        };
        self.tell(&compared, screen);
        Ok(())
    }

    /// Side by side on all cores; the result does not depend on which ends first.
    async fn worlds(&self, settings: &Settings, policy: Policy) -> Result<Vec<Run>, Failure> {
        let seeds = (0..self.seeds).map(|index| self.seed.wrapping_add(index));
        let worlds: Vec<JoinHandle<Run>> = seeds
            .map(|seed| {
                let settings = settings.clone();
                spawn_blocking(move || run(&settings, policy, seed))
            })
            .collect();
        let mut runs = Vec::new();
        for world in worlds {
            runs.push(world.await.map_err(Failure::setup)?);
        }
        Ok(runs)
    }

    fn tell(&self, compared: &Compared, screen: &Screen) {
        if self.json {
            let json = serde_json::to_string_pretty(compared).expect("figures are numbers");
            return screen.line(json);
        }
        let (one, own, colport) = (
            &compared.one_list,
            &compared.each_its_own,
            &compared.colport,
        );
        let row = |name: &str, of: &dyn Fn(&Figures) -> String| {
            vec![name.to_owned(), of(one), of(own), of(colport)]
        };
        let rows = [
            row("readers who have a working mirror", &|f| percent(f.reach)),
            row("visits that find something to read", &|f| {
                percent(f.visits_that_succeed)
            }),
            row("readers of channels that do not leak", &|f| {
                percent(f.innocent_reach)
            }),
            row("the same, in the night of the strike", &|f| {
                maybe(f.innocent_in_the_night, percent)
            }),
        ];
        let own = |name: &str, value: String| vec![name.to_owned(), "-".into(), "-".into(), value];
        let found = [
            own(
                "leaking channels found",
                maybe(colport.leaks_found, percent),
            ),
            own(
                "after (median)",
                maybe(colport.days_to_find_median, |days| {
                    format!("{days:.1} days")
                }),
            ),
            own(
                "readers wrongly suspected",
                percent(colport.readers_wronged),
            ),
            own(
                "working mirrors given up",
                format!("{:.1}", colport.mirrors_lost_in_error),
            ),
        ];
        let head = ["", POLICIES[0].0, POLICIES[1].0, POLICIES[2].0];
        screen.line(format!(
            "{}, {} a day, mean of {}:\n",
            count(self.days as usize, "day", "days"),
            match self.mirrors_a_day {
                1.0 => "1 new mirror".to_owned(),
                number => format!("{number} new mirrors"),
            },
            count(self.seeds as usize, "world", "worlds"),
        ));
        screen.line(table(&head, &[rows, found].concat()));
        if let Some(file) = &self.svg {
            screen.line(format!("\nDrawn: {}", file.display()));
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn maybe(value: Option<f64>, said: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), said)
}

/// Answers line by line, until the driver ends.
fn serve() -> Outcome {
    let mut session = Session::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::setup(format!("the driver's line: {error}")))?;
        let answer = session.line(&line).map_err(|error| {
            Failure::refused(error).try_this(
                "the lines are described in the manual, under \"Which mirrors, and who is told\"",
            )
        })?;
        if let Some(answer) = answer {
            // Who no longer listens has ended.
            if writeln!(out, "{answer}")
                .and_then(|()| out.flush())
                .is_err()
            {
                break;
            }
        }
    }
    Ok(())
}
