//! The mirrors that nobody was told of: how many may be spent, and which is taken.

use std::collections::BTreeMap;

use super::clean::alive;
use super::state::{
    AccountId, ChannelId, Known, MirrorId, Owners, Phase, ProviderId, State, Use, hours,
};
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
    by_provider: BTreeMap<ProviderId, Vec<(MirrorId, Option<AccountId>)>>,
    count: usize,
    reserve: usize,
    plenty: usize,
}

impl Stock {
    pub(super) fn of(state: &State, now: Timestamp) -> Self {
        let mut by_provider = BTreeMap::<ProviderId, Vec<_>>::new();
        let standby = state
            .mirrors
            .iter()
            .filter(|(_, mirror)| mirror.is_standby());
        // One that a vantage fails to reach is not for giving.
        let standby = standby.filter(|(_, mirror)| mirror.failing.is_empty());
        for (id, mirror) in standby {
            let of_provider = by_provider.entry(mirror.provider).or_default();
            of_provider.push((*id, mirror.account));
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

    /// Never of an account that these owners have; of another provider than theirs if there is one, and of the one that has
    /// most.
    pub(super) fn take(
        &mut self,
        need: Need,
        owners: &Owners,
        state: &mut State,
    ) -> Option<MirrorId> {
        if !self.allows(need) {
            return None;
        }
        let best = self.by_provider.iter().map(|(provider, mirrors)| {
            let is_other = !owners.providers.contains(provider);
            let fitting = match is_other {
                true => mirrors.len(),
                false => fitting(mirrors, *provider, owners).count(),
            };
            (is_other, fitting, *provider)
        });
        let (_, count, provider) = best.filter(|(_, count, _)| *count > 0).max()?;
        let mirrors = self.by_provider.get_mut(&provider)?;
        let roll = (state.dice.roll() % count as u64) as usize;
        let index = fitting(mirrors, provider, owners).nth(roll)?;
        self.count -= 1;
        Some(mirrors.swap_remove(index).0)
    }
}

/// The places of those that are in no account of these owners.
fn fitting(
    mirrors: &[(MirrorId, Option<AccountId>)],
    provider: ProviderId,
    owners: &Owners,
) -> impl Iterator<Item = usize> {
    let mirrors = mirrors.iter().enumerate();
    let fitting = mirrors.filter(move |(_, (_, account))| !owners.have(provider, *account));
    fitting.map(|(index, _)| index)
}

/// Why a channel cannot have two mirrors that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// None stands by.
    Stock,
    /// Each that stands by is in an account of which the channel has one already.
    Account,
}

impl State {
    /// `None` also where the channel will have another, or is given none of the reserve.
    pub fn lack(&self, channel: ChannelId) -> Option<Lack> {
        let alive = alive(self, channel);
        if alive.len() >= self.rules.least {
            return None;
        }
        let owners = Owners::of(self, &alive);
        let mut standby = self
            .mirrors
            .values()
            .filter(|it| it.is_standby() && it.failing.is_empty())
            .peekable();
        match standby.peek() {
            None => Some(Lack::Stock),
            Some(_) => standby
                .all(|it| owners.have(it.provider, it.account))
                .then_some(Lack::Account),
        }
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
