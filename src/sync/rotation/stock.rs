//! The mirrors that nobody was told of: how many may be spent, and which is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{ChannelId, Known, MirrorId, Phase, ProviderId, State, Use, hours};
use crate::base::Timestamp;

/// What an urgent need, and what a mere wish, may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A trusted channel would be left with too little: the reserve is for this.
    Urgent,
    Ordinary,
    /// Only from plenty.
    Luxury,
}

/// Mirrors of days that a luxury leaves for others.
const PLENTY_DAYS: f64 = 1.5;

/// How many nobody is told of until there is need.
pub(super) fn reserve(state: &State, now: Timestamp) -> usize {
    let rules = &state.rules;
    let age_days = state.begun.map_or(0.0, |begun| hours(begun, now) / 24.0);
    let grown = (age_days / rules.reserve_after_days).min(1.0) * rules.reserve as f64;
    let living = state
        .mirrors
        .values()
        .filter(|mirror| mirror.works())
        .count();
    let full = (grown as usize).min(living / 3);
    let alarmed = state
        .alarm
        .is_some_and(|at| hours(at, now) < rules.alarm_hours);
    if alarmed { full / 3 } else { full }
}

/// What is in stock during one step.
#[derive(Debug)]
pub(super) struct Stock {
    by_provider: BTreeMap<ProviderId, Vec<MirrorId>>,
    count: usize,
    reserve: usize,
    plenty: usize,
}

impl Stock {
    pub(super) fn of(state: &State, now: Timestamp) -> Self {
        let mut by_provider = BTreeMap::<ProviderId, Vec<MirrorId>>::new();
        let standby = state
            .mirrors
            .iter()
            .filter(|(_, mirror)| mirror.is_standby());
        // One that a vantage fails to reach is not for giving.
        let standby = standby.filter(|(_, mirror)| mirror.failing.is_empty());
        for (id, mirror) in standby {
            by_provider.entry(mirror.provider).or_default().push(*id);
        }
        let reserve = reserve(state, now);
        Self {
            count: by_provider.values().map(Vec::len).sum(),
            by_provider,
            reserve,
            plenty: reserve + (state.mirrors_per_day * PLENTY_DAYS).ceil() as usize,
        }
    }

    /// What may be given without touching the reserve.
    pub(super) fn free(&self) -> usize {
        self.count.saturating_sub(self.reserve)
    }

    pub(super) fn allows(&self, need: Need) -> bool {
        match need {
            Need::Urgent => self.count > 0,
            Need::Ordinary => self.count > self.reserve,
            Need::Luxury => self.count > self.plenty,
        }
    }

    /// Of another provider than `apart` if there is one, and of the one that has most.
    pub(super) fn take(
        &mut self,
        need: Need,
        apart: &BTreeSet<ProviderId>,
        state: &mut State,
    ) -> Option<MirrorId> {
        if !self.allows(need) {
            return None;
        }
        let rank = |provider: &ProviderId, mirrors: &Vec<MirrorId>| {
            (!apart.contains(provider), mirrors.len())
        };
        let best = self
            .by_provider
            .iter()
            .filter(|(_, mirrors)| !mirrors.is_empty());
        let best = best.max_by_key(|(provider, mirrors)| rank(provider, mirrors))?;
        let provider = *best.0;
        let mirrors = self.by_provider.get_mut(&provider)?;
        let index = (state.dice.roll() % mirrors.len() as u64) as usize;
        self.count -= 1;
        Some(mirrors.swap_remove(index))
    }
}

/// The channel's list has it from now on.
pub(super) fn tell(state: &mut State, channel: ChannelId, id: MirrorId, use_: Use, now: Timestamp) {
    let (Some(told), Some(mirror)) = (state.channels.get_mut(&channel), state.mirrors.get_mut(&id))
    else {
        return;
    };
    if !told.told.bundle.contains(&id) {
        told.told.bundle.push(id);
    }
    let known = Known {
        since: now,
        shown: None,
    };
    mirror.knowers.entry(channel).or_insert(known);
    if mirror.phase == Phase::Standby {
        mirror.phase = Phase::Serving;
        mirror.use_ = use_;
    }
}
