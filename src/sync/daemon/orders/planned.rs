//! Steps 2 and 3: the planner is asked, and what it wants done is remembered; what it lacks is told.

use std::collections::BTreeMap;

use super::super::super::rotation::{self, ChannelId, Lack, MirrorId, Observation, Phase, State};
use super::super::book::Kept;
use super::super::{Effect, Moment};
use super::{Daemon, LAGGING};
use crate::base::Timestamp;

impl Daemon {
    // Steps 2 and 3.
    pub(super) fn plan(&mut self, seen: &[Observation], now: Moment, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.book.planner, State::new(0, 0.0));
        let phases: Vec<(MirrorId, &'static str)> = before
            .mirrors()
            .map(|(id, mirror)| (id, mirror.phase.name()))
            .collect();
        let tiers: Vec<(ChannelId, rotation::Tier)> = before
            .channels()
            .map(|(id, channel)| (id, channel.tier))
            .collect();
        let (planner, actions) = rotation::step(before, now.steady, seen);
        self.book.planner = planner;
        for action in actions {
            self.act(action, now, effects);
        }
        self.tell_changes(&phases, &tiers, now, effects);
        self.forget();
    }

    fn act(&mut self, action: rotation::Action, now: Moment, effects: &mut Vec<Effect>) {
        match action {
            rotation::Action::Fill { mirror } => {
                if let Some(kept) = self.book.mirrors.get_mut(&mirror) {
                    kept.edition = 0;
                    kept.again = None;
                }
            }
            rotation::Action::Publish { channel, list } => {
                self.issue(channel, &list, now, "its mirrors changed");
            }
            rotation::Action::Split { channel } => {
                let name = self.book.channel_name(channel);
                let words = format!(
                    "channel `{name}` leaks: invite its readers to two smaller groups, and name both in `colport.toml` with `instead_of = \"{name}\"`"
                );
                self.note(now, words.clone(), "only one of the halves has the agent");
                effects.push(Effect::Alert(words));
            }
            rotation::Action::Retire { mirror } => {
                let name = self.book.mirror_name(mirror);
                self.note(
                    now,
                    format!("`{name}` is retired"),
                    "it was blocked, and is kept no longer",
                );
                effects.push(Effect::Retire { mirror });
            }
            rotation::Action::Alarm { blocked } => {
                let words = format!(
                    "{blocked} mirrors were blocked at one time; the reserve is opened for two days"
                );
                self.note(now, words.clone(), "so many at once are no chance");
                effects.push(Effect::Alert(words));
            }
        }
    }

    fn tell_changes(
        &mut self,
        phases: &[(MirrorId, &str)],
        tiers: &[(ChannelId, rotation::Tier)],
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        for (id, before) in phases {
            let Some(mirror) = self.book.planner.mirror(*id) else {
                continue;
            };
            let (after, cause) = (mirror.phase.name(), mirror.cause);
            if after == "failed"
                && *before != "failed"
                && let Some(kept) = self.book.mirrors.get_mut(id)
            {
                // When it can be pushed to again, it is back.
                kept.edition = 0;
            }
            if after != *before && after != "retired" {
                let why = cause
                    .filter(|_| after == "blocked")
                    .map_or_else(String::new, |cause| cause.to_string());
                let name = self.book.mirror_name(*id);
                self.note(now, format!("`{name}` is {after}, was {before}"), why);
            }
        }
        for (id, before) in tiers {
            let Some(channel) = self.book.planner.channel(*id) else {
                continue;
            };
            let (after, p) = (channel.tier, channel.p_leak);
            if after != *before {
                let name = self.book.channel_name(*id);
                let words = format!(
                    "channel `{name}` is {}, was {}",
                    after.name(),
                    before.name()
                );
                self.note(
                    now,
                    words.clone(),
                    format!("it leaks with {:.0} %", p * 100.0),
                );
                effects.push(Effect::Alert(words));
            }
        }
    }

    pub(super) fn tell_stock(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut lacking = BTreeMap::new();
        // Where nothing can be sent at all, it is said already, and no mirror is to blame.
        if self.held.is_none() {
            let is_being_filled = self.is_being_filled(now);
            for lack in self.lacks() {
                // What is being filled may help. If the last one did not, for its account, this may be another such.
                let is_known = lack == Lack::Account && self.lacking.contains_key(&lack);
                if !is_being_filled || is_known {
                    *lacking.entry(lack).or_default() += 1;
                }
            }
        }
        let before = std::mem::replace(&mut self.lacking, lacking.clone());
        let news = lacking
            .iter()
            .filter(|(lack, _)| !before.contains_key(lack));
        for (lack, channels) in news {
            let (words, why) = words_of(*lack, *channels);
            self.note(now, words.clone(), why);
            effects.push(Effect::Alert(words));
        }
    }

    /// Whether a mirror will soon be ready, as far as anybody can tell: who fails, or takes too long, may never be.
    fn is_being_filled(&self, now: Moment) -> bool {
        let lags = |since: Timestamp| now.steady.duration_since(since) >= LAGGING;
        let mut mirrors = self.book.planner.mirrors();
        mirrors.any(|(id, mirror)| {
            let kept = self.book.mirrors.get(&id);
            let is_well = |kept: &Kept| kept.failures == 0 && !kept.lags_since.is_some_and(lags);
            matches!(mirror.phase, Phase::Ready | Phase::Filling) && kept.is_some_and(is_well)
        })
    }

    /// What keeps channels from having two mirrors that work.
    pub(super) fn lacks(&self) -> Vec<Lack> {
        let planner = &self.book.planner;
        let in_use = planner.channels().filter(|(_, known)| known.is_in_use());
        in_use.filter_map(|(id, _)| planner.lack(id)).collect()
    }
}

/// What is lacking, for the operator, and why it is told.
pub(super) fn words_of(lack: Lack, lacking: usize) -> (String, &'static str) {
    let channels = match lacking {
        1 => "one channel has".to_owned(),
        many => format!("{many} channels have"),
    };
    match lack {
        Lack::Stock => (
            format!("no mirror is left in stock, and {channels} less than two that work"),
            "they can be given another as soon as there is one",
        ),
        Lack::Account => (
            format!(
                "{channels} less than two mirrors that work, and all in stock are in an account of which it has one: mirrors in \
                 other accounts are needed"
            ),
            "no channel is told of two mirrors in one account",
        ),
    }
}
