//! What the operator is told: how things stand, why, and what comes next.
//!
//! 1. Every channel: its tier, `P(leak)`, and the three pieces of evidence that weigh most, in words. One piece is what
//!    it was told on one day.
//! 2. Mirrors by phase; the stock, and how long it lasts at the pace of the last week.
//! 3. What the planner will do next, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::state::{Channel, ChannelId, Loss, Mirror, Phase, Split, State, Tier, Use, hours};
use super::suspicion::{Evidence, haste, silence};
use super::{Lack, drip, stock};
use crate::base::Timestamp;

const PIECES: usize = 3;
const WEEK_HOURS: f64 = 7.0 * 24.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub channels: Vec<ChannelReport>,
    pub mirrors: BTreeMap<&'static str, usize>,
    pub stock: StockReport,
    pub next: Vec<Next>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChannelReport {
    pub channel: ChannelId,
    pub tier: Tier,
    pub since: Timestamp,
    pub p_leak: f64,
    /// The operator decided.
    pub overruled: bool,
    /// Mirrors on its list that work.
    pub working: usize,
    /// The weightiest first.
    pub evidence: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// In nats: above zero it speaks for a leak, below against it.
    pub weight: f64,
    pub words: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StockReport {
    pub standby: usize,
    /// Of these are told to nobody without need.
    pub reserve: usize,
    /// At the pace of the last week, if nothing comes in; `None` if nothing was spent.
    pub lasts_days: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    pub what: String,
    pub why: String,
}

/// How things stand.
pub fn report(state: &State, now: Timestamp) -> Report {
    let mut mirrors = BTreeMap::new();
    for mirror in state.mirrors.values() {
        *mirrors.entry(mirror.phase.name()).or_default() += 1;
    }
    let channels = state
        .channels
        .iter()
        .filter(|(_, channel)| channel.is_in_use());
    Report {
        channels: channels
            .map(|(id, channel)| of_channel(state, *id, channel, now))
            .collect(),
        mirrors,
        stock: of_stock(state, now),
        next: next(state, now),
    }
}

fn of_channel(state: &State, id: ChannelId, channel: &Channel, now: Timestamp) -> ChannelReport {
    let mut evidence: Vec<Piece> = tellings(state, id, now)
        .iter()
        .map(Telling::piece)
        .collect();
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    evidence.truncate(PIECES);
    ChannelReport {
        channel: id,
        tier: channel.tier,
        since: channel.since,
        p_leak: channel.p_leak,
        overruled: channel.overruled.is_some(),
        working: channel
            .told
            .bundle
            .iter()
            .filter(|mirror| state.works(**mirror))
            .count(),
        evidence,
    }
}

/// What a channel was told on one day, and what became of it.
#[derive(Debug, Default)]
struct Telling {
    day: Option<Timestamp>,
    told: usize,
    blocked: usize,
    with_provider: usize,
    /// Of those blocked, the longest.
    within_hours: f64,
    /// Other channels that knew one of those blocked, and are clean.
    clean_sharers: usize,
    until: Option<Timestamp>,
    weight: f64,
}

fn tellings(state: &State, id: ChannelId, now: Timestamp) -> Vec<Telling> {
    let mut days = BTreeMap::<i64, Telling>::new();
    let haste = haste(state);
    for mirror in state.mirrors.values() {
        let Some(known) = mirror.knowers.get(&id).filter(|_| mirror.use_ != Use::Drip) else {
            continue;
        };
        let day = days
            .entry(known.since.as_second().div_euclid(86_400))
            .or_default();
        day.day.get_or_insert(known.since);
        day.told += 1;
        day.until = Some(now);
        match Evidence::of(mirror, haste, state, now) {
            Some(evidence) => {
                day.weight += evidence.against(id, &state.channels);
                day.blocked += 1;
                day.clean_sharers += clean_sharers(state, id, mirror);
            }
            None => day.weight -= silence(mirror, *known, haste, state, now),
        }
        if let Some((at, loss)) = mirror.blocked() {
            day.with_provider += usize::from(loss == Loss::Provider);
            day.within_hours = day.within_hours.max(hours(known.since, at));
        }
    }
    days.into_values().collect()
}

fn clean_sharers(state: &State, id: ChannelId, mirror: &Mirror) -> usize {
    let others = mirror.knowers.keys().filter(|other| **other != id);
    let others = others.filter_map(|other| state.channels.get(other));
    others.filter(|channel| channel.tier == Tier::Clean).count()
}

impl Telling {
    fn piece(&self) -> Piece {
        let day = self
            .day
            .map(|at| at.strftime("%-d %B").to_string())
            .unwrap_or_default();
        let mut words = format!("told {} on {day}", mirrors(self.told));
        let _ = match (self.blocked, self.told) {
            (0, _) if self.with_provider > 0 => Ok(()),
            (0, _) => write!(
                words,
                "; {} blocked in {}",
                none_of(self.told),
                self.lived()
            ),
            (blocked, told) if blocked == told => {
                write!(
                    words,
                    "; {} blocked within {}",
                    all_of(told),
                    span(self.within_hours)
                )
            }
            (blocked, told) => {
                let within = span(self.within_hours);
                write!(words, "; {blocked} of {told} blocked within {within}")
            }
        };
        if self.clean_sharers > 0 {
            let _ = write!(
                words,
                "; {} that shared them look clean",
                channels(self.clean_sharers)
            );
        }
        if self.with_provider > 0 {
            let _ = write!(
                words,
                "; {} lost with the provider, which accuses nobody",
                self.with_provider
            );
        }
        Piece {
            weight: self.weight,
            words,
        }
    }

    fn lived(&self) -> String {
        let lived = self
            .day
            .zip(self.until)
            .map(|(day, until)| hours(day, until));
        span(lived.unwrap_or(0.0))
    }
}

fn mirrors(count: usize) -> String {
    if count == 1 {
        "1 mirror".to_owned()
    } else {
        format!("{count} mirrors")
    }
}

fn channels(count: usize) -> String {
    if count == 1 {
        "1 channel".to_owned()
    } else {
        format!("{count} channels")
    }
}

fn none_of(count: usize) -> &'static str {
    if count == 1 { "it was not" } else { "none was" }
}

fn all_of(count: usize) -> String {
    match count {
        1 => "it was".to_owned(),
        2 => "both were".to_owned(),
        _ => format!("all {count} were"),
    }
}

fn span(hours: f64) -> String {
    match hours {
        hours if hours < 48.0 => format!("{:.0} h", hours.ceil()),
        hours => format!("{:.0} days", (hours / 24.0).floor()),
    }
}

fn of_stock(state: &State, now: Timestamp) -> StockReport {
    let standby = state
        .mirrors
        .values()
        .filter(|mirror| mirror.is_standby())
        .count();
    let first_told = |mirror: &Mirror| mirror.knowers.values().map(|known| known.since).min();
    let spent = state.mirrors.values().filter_map(first_told);
    let spent = spent.filter(|at| hours(*at, now) <= WEEK_HOURS).count();
    StockReport {
        standby,
        reserve: stock::reserve(state, now).min(standby),
        lasts_days: (spent > 0).then(|| standby as f64 * 7.0 / spent as f64),
    }
}

fn next(state: &State, now: Timestamp) -> Vec<Next> {
    let mut next = Vec::new();
    let mut say = |what: String, why: &str| {
        next.push(Next {
            what,
            why: why.to_owned(),
        });
    };
    for (id, channel) in state
        .channels
        .iter()
        .filter(|(_, channel)| channel.is_in_use())
    {
        let working = channel
            .told
            .bundle
            .iter()
            .filter(|mirror| state.works(**mirror))
            .count();
        match channel.tier {
            Tier::Suspect => say(
                format!("channel {}: watch its canary", id.0),
                "only this channel knows it: if it is blocked the channel leaks, if it lives the channel is cleared",
            ),
            Tier::Clean if working < state.rules.least => say(
                format!(
                    "channel {}: give it another mirror as soon as one stands by",
                    id.0
                ),
                match state.lack(*id) {
                    Some(Lack::Account) => {
                        "a trusted channel has less than two that work, and all in stock are in an account of which it has one"
                    }
                    _ => "a trusted channel has less than two that work, and the stock is empty",
                },
            ),
            _ if channel.split == Split::Asked => say(
                format!("channel {}: invite its readers to two fresh groups", id.0),
                "it leaks, and only one of the halves has the agent",
            ),
            _ => {}
        }
    }
    let dripping = drip::dripping(state).len();
    let leaking = state
        .channels
        .values()
        .any(|channel| channel.tier.is_fed_by_drip());
    if leaking {
        say(
            match dripping {
                0 => "tell the next mirror to open and burnt channels as soon as one is free".to_owned(),
                1 => "tell another mirror to open and burnt channels when this one is blocked, or there is plenty".to_owned(),
                _ => format!("let the {dripping} mirrors of open and burnt channels work"),
            },
            "the censor reads along there: what they are told lives for hours, so it is told little by little",
        );
    }
    retirements(state, now)
        .map(|what| say(what, "readers elsewhere may still have used them"))
        .unwrap_or(());
    next
}

fn retirements(state: &State, now: Timestamp) -> Option<String> {
    let kept = state.rules.kept_days as f64 * 24.0;
    let soon = state.mirrors.values().filter(|mirror| match mirror.phase {
        Phase::Blocked { at, .. } => hours(at, now) + 24.0 >= kept,
        _ => false,
    });
    let soon = soon.count();
    let days = state.rules.kept_days;
    (soon > 0).then(|| {
        format!(
            "switch off {} blocked {days} days ago, within a day",
            mirrors(soon)
        )
    })
}
