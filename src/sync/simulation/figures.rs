//! What is counted, and its means.

use std::collections::BTreeMap;

use crate::sync::rotation::{ChannelId, Tier};

/// One hour of one world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hour {
    /// Of all readers, have a working mirror: 0 to 1.
    pub reach: f64,
    /// Of the readers of channels that do not leak.
    pub innocent: f64,
    /// Visits, and those that found something to read, by readers.
    pub visits: f64,
    pub read: f64,
    pub blocks: u32,
    /// Of all readers: are in channels that do not leak and are suspected.
    pub wronged: f64,
    pub standby: u32,
    pub serving: u32,
    /// Channels in use: clean, suspect, burnt, open.
    pub tiers: [u32; 4],
}

/// One world, hour by hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    pub hours: Vec<Hour>,
    /// Channels with an agent that are not public anyway, and after how many hours they were found.
    pub leaking: BTreeMap<ChannelId, Option<u32>>,
    /// Mirrors that were given up although they worked.
    pub lost_in_error: u32,
    /// The hour of the strike.
    pub night: Option<u32>,
}

/// Hours in which the strike is felt.
const NIGHT_HOURS: usize = 6;

impl Run {
    fn mean(&self, of: impl Fn(&Hour) -> f64) -> f64 {
        mean(self.hours.iter().map(of))
    }

    fn night(&self) -> Option<f64> {
        let hours = self
            .hours
            .iter()
            .skip(self.night? as usize)
            .take(NIGHT_HOURS);
        Some(mean(hours.map(|hour| hour.innocent)))
    }
}

pub(super) fn tier_index(tier: Tier) -> usize {
    match tier {
        Tier::Clean => 0,
        Tier::Suspect => 1,
        Tier::Burnt => 2,
        Tier::Open => 3,
    }
}

/// Means over all worlds. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Figures {
    pub reach: f64,
    pub visits_that_succeed: f64,
    pub innocent_reach: f64,
    /// In the six hours from the strike on; `None` if it never came.
    pub innocent_in_the_night: Option<f64>,
    pub leaks_found: Option<f64>,
    pub days_to_find_median: Option<f64>,
    pub readers_wronged: f64,
    pub mirrors_lost_in_error: f64,
    pub blocks_a_day: f64,
}

impl Figures {
    pub fn of(runs: &[Run]) -> Self {
        let over = |of: &dyn Fn(&Run) -> f64| mean(runs.iter().map(of));
        let nights: Vec<f64> = runs.iter().filter_map(Run::night).collect();
        let leaks: Vec<Option<u32>> = runs
            .iter()
            .flat_map(|run| run.leaking.values().copied())
            .collect();
        let mut found: Vec<u32> = leaks.iter().copied().flatten().collect();
        found.sort_unstable();
        Self {
            reach: over(&|run| run.mean(|hour| hour.reach)),
            visits_that_succeed: over(&|run| {
                let visits: f64 = run.hours.iter().map(|hour| hour.visits).sum();
                run.hours.iter().map(|hour| hour.read).sum::<f64>() / visits.max(1e-9)
            }),
            innocent_reach: over(&|run| run.mean(|hour| hour.innocent)),
            innocent_in_the_night: (!nights.is_empty()).then(|| mean(nights.iter().copied())),
            leaks_found: (!leaks.is_empty()).then(|| found.len() as f64 / leaks.len() as f64),
            days_to_find_median: found
                .get(found.len() / 2)
                .map(|hours| f64::from(*hours) / 24.0),
            readers_wronged: over(&|run| run.mean(|hour| hour.wronged)),
            mirrors_lost_in_error: over(&|run| f64::from(run.lost_in_error)),
            blocks_a_day: over(&|run| run.mean(|hour| f64::from(hour.blocks)) * 24.0),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}
