//! What many blocks at one time mean.
//!
//! 1. A provider of which nothing that was told survives explains its own losses: they accuse no channel.
//! 2. Many other blocks within six hours are one test of everybody at once: the censor struck whatever he knew, so how
//!    long he had known it says little, and what he did *not* strike says much.
//! 3. Either is an alarm: for two days more of the reserve may be spent.

use std::collections::{BTreeMap, BTreeSet};

use super::observation::Action;
use super::state::{Loss, Mirror, Phase, ProviderId, State, Use, hours};
use crate::base::Timestamp;

/// A provider with fewer told mirrors can lose them all by chance.
const PROVIDER_MIRRORS: usize = 3;

pub(super) fn name(state: &mut State, now: Timestamp, actions: &mut Vec<Action>) {
    let recent = |mirror: &Mirror| {
        let blocked = mirror.blocked();
        blocked.is_some_and(|(at, _)| hours(at, now) <= state.rules.group_hours)
    };
    let lost = lost_providers(state, recent);
    let others = state.mirrors.values().filter(|mirror| {
        recent(mirror) && mirror.use_ != Use::Drip && !lost.contains(&mirror.provider)
    });
    let many = others.count() >= state.rules.group_blocks;
    if lost.is_empty() && !many {
        return;
    }
    let group_hours = state.rules.group_hours;
    let mut struck = 0;
    for mirror in state.mirrors.values_mut() {
        let Phase::Blocked { at, loss } = &mut mirror.phase else {
            continue;
        };
        if hours(*at, now) > group_hours {
            continue;
        }
        match () {
            () if lost.contains(&mirror.provider) => *loss = Loss::Provider,
            () if many && *loss == Loss::Single => *loss = Loss::Group,
            () => {}
        }
        struck += 1;
    }
    let told_already = state.alarm.is_some_and(|at| hours(at, now) <= group_hours);
    state.alarm = Some(now);
    if !told_already {
        actions.push(Action::Alarm { blocked: struck });
    }
}

fn lost_providers(state: &State, recent: impl Fn(&Mirror) -> bool) -> BTreeSet<ProviderId> {
    let mut counts = BTreeMap::<ProviderId, (usize, usize)>::new();
    let told = state
        .mirrors
        .values()
        .filter(|mirror| !mirror.knowers.is_empty());
    for mirror in told {
        let (struck, alive) = counts.entry(mirror.provider).or_default();
        *struck += usize::from(recent(mirror));
        *alive += usize::from(mirror.works());
    }
    let lost = counts
        .into_iter()
        .filter(|(_, (struck, alive))| *struck >= PROVIDER_MIRRORS && *alive == 0);
    lost.map(|(provider, _)| provider).collect()
}
