//! From what a channel knows to the list that it is told, and what has to be done.
//!
//! 1. What works stays on the list. What is blocked leaves it only when two that work stand there (make before break).
//!    Of two that turn out to be in one account only the first stays.
//! 2. Shown: what was shown and works, then the others until there are two. A canary first, a lifeboat last; of a drip
//!    the newest first.
//! 3. A list that changed is published.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::observation::{Action, Telling};
use super::state::{Channel, ChannelId, MirrorId, Phase, State, Tier, Use, apart};
use crate::base::Timestamp;

/// The lists as they were before.
pub(super) type Before = BTreeMap<ChannelId, Telling>;

pub(super) fn before(state: &State) -> Before {
    let lists = state.channels.iter();
    lists
        .map(|(id, channel)| (*id, channel.told.clone()))
        .collect()
}

pub(super) fn publish(
    state: &mut State,
    before: &Before,
    now: Timestamp,
    actions: &mut Vec<Action>,
) {
    let ids: Vec<ChannelId> = state.channels.keys().copied().collect();
    for id in ids {
        let Some(channel) = state
            .channels
            .get(&id)
            .filter(|channel| channel.is_in_use())
        else {
            continue;
        };
        let list = list(state, channel, before.get(&id));
        mark_shown(state, id, &list, now);
        if before.get(&id) != Some(&list) {
            actions.push(Action::Publish {
                channel: id,
                list: list.clone(),
            });
        }
        if let Some(channel) = state.channels.get_mut(&id) {
            channel.told = list;
        }
    }
}

fn list(state: &State, channel: &Channel, before: Option<&Telling>) -> Telling {
    let (works, gone): (Vec<MirrorId>, Vec<MirrorId>) =
        channel.told.bundle.iter().partition(|id| state.works(**id));
    let mut blocked: Vec<MirrorId> = gone
        .into_iter()
        .filter(|id| is_blocked(state, *id))
        .collect();
    // The last that worked is the one that some may still reach.
    blocked.sort_by_key(|id| Reverse(state.mirrors.get(id).and_then(|mirror| mirror.ended())));
    let mut ranked: Vec<MirrorId> = works;
    let shown: &[MirrorId] = before.map_or(&[], |before| before.show.as_slice());
    ranked.sort_by_cached_key(|id| {
        (
            !shown.contains(id),
            rank(state, channel, *id),
            Reverse(id.0),
        )
    });
    if channel.tier.is_fed_by_drip() {
        ranked.sort_by_cached_key(|id| rank(state, channel, *id));
    }
    let mut bundle = apart(state, ranked);
    let most = bundle.len().max(state.rules.least);
    bundle.extend(blocked);
    bundle = apart(state, bundle);
    bundle.truncate(most);
    let show = bundle.iter().take(state.rules.shown).copied().collect();
    Telling { show, bundle }
}

fn is_blocked(state: &State, id: MirrorId) -> bool {
    let mirror = state.mirrors.get(&id);
    mirror.is_some_and(|mirror| matches!(mirror.phase, Phase::Blocked { .. }))
}

fn rank(state: &State, channel: &Channel, id: MirrorId) -> i64 {
    let Some(mirror) = state.mirrors.get(&id) else {
        return i64::MAX;
    };
    let is_private = mirror.use_ == Use::Private;
    match channel.tier {
        Tier::Suspect => i64::from(!is_private),
        Tier::Clean => i64::from(is_private),
        Tier::Burnt | Tier::Open => {
            let since = mirror
                .knowers
                .values()
                .map(|known| known.since.as_second())
                .min();
            -since.unwrap_or(0)
        }
    }
}

fn mark_shown(state: &mut State, channel: ChannelId, list: &Telling, now: Timestamp) {
    for id in &list.show {
        let mirror = state.mirrors.get_mut(id);
        if let Some(known) = mirror.and_then(|mirror| mirror.knowers.get_mut(&channel)) {
            known.shown.get_or_insert(now);
        }
    }
}
