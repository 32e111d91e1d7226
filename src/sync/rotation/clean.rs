//! What trusted and suspected channels are told.
//!
//! 1. A mirror is *sound* for a channel if the others who know it probably do not leak.
//! 2. A clean channel has two sound mirrors whatever it costs, three where others can be joined or there is stock.
//! 3. Joining: shared with few (three until all have proved themselves, then six), of another provider than the ones
//!    that it has, with nobody with whom it shares one already, and with those who are trusted as much as itself.
//! 4. From plenty it gets private lifeboats.
//! 5. A suspect gets a private canary, and no longer anything that is others'.
//! 6. Nobody gets a second mirror of one account.
//!
//! The most trusted choose first.

use std::collections::BTreeSet;

use super::state::{Channel, ChannelId, Mirror, MirrorId, Owners, State, Tier, Use, apart};
use super::stock::{Need, Stock, tell};
use crate::base::Timestamp;

/// A mirror is sound while the others who know it leak with less than this.
const SOUND: f64 = 0.5;
/// Expected harm, in channels, for which a new mirror is better than joining.
const JOIN_AT_MOST: f64 = 0.7;

pub(super) fn supply(state: &mut State, stock: &mut Stock, now: Timestamp) {
    let mut trusted: Vec<(f64, ChannelId, Tier)> = state
        .channels
        .iter()
        .filter(|(_, channel)| channel.is_in_use() && !channel.tier.is_fed_by_drip())
        .map(|(id, channel)| (channel.p_leak, *id, channel.tier))
        .collect();
    trusted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut shared: Vec<MirrorId> = state
        .mirrors
        .iter()
        .filter(|(_, mirror)| mirror.use_ == Use::Shared && mirror.works())
        .map(|(id, _)| *id)
        .collect();
    // Everybody's first and second before anybody's third.
    for wanted in 1..=state.rules.shared {
        for (_, channel, tier) in &trusted {
            match tier {
                Tier::Clean => fill_up(state, stock, &mut shared, *channel, wanted, now),
                _ => canary(state, stock, *channel, wanted, now),
            }
        }
    }
    for (_, channel, _) in trusted.iter().filter(|(_, _, tier)| *tier == Tier::Clean) {
        lifeboat(state, stock, *channel, now);
    }
}

/// Mirrors of the channel's list that work, one of each account.
pub(super) fn alive(state: &State, channel: ChannelId) -> Vec<MirrorId> {
    let told = state
        .channels
        .get(&channel)
        .map(|channel| &channel.told.bundle);
    let told = told.into_iter().flatten().copied();
    apart(state, told.filter(|id| state.works(*id)))
}

fn is_sound(state: &State, channel: ChannelId, id: MirrorId) -> bool {
    let Some(mirror) = state.mirrors.get(&id) else {
        return false;
    };
    let others = mirror.knowers.keys().filter(|other| **other != channel);
    let quiet = others.filter_map(|other| state.channels.get(other));
    1.0 - quiet.map(|other| 1.0 - other.p_leak).product::<f64>() < SOUND
}

fn fill_up(
    state: &mut State,
    stock: &mut Stock,
    shared: &mut Vec<MirrorId>,
    channel: ChannelId,
    wanted: usize,
    now: Timestamp,
) {
    let alive = alive(state, channel);
    let sound = alive
        .iter()
        .filter(|id| is_sound(state, channel, **id))
        .count();
    if sound >= wanted {
        return;
    }
    let need = match wanted <= state.rules.least {
        true => Need::Urgent,
        false => Need::Ordinary,
    };
    let owners = Owners::of(state, &alive);
    let joined = join(state, shared, channel, &alive, &owners);
    let taken = joined.or_else(|| {
        let new = stock.take(need, &owners, state)?;
        shared.push(new);
        Some(new)
    });
    if let Some(mirror) = taken.or_else(|| last_resort(state, shared, channel, &alive)) {
        tell(state, channel, mirror, Use::Shared, now);
    }
}

fn join(
    state: &mut State,
    shared: &[MirrorId],
    channel: ChannelId,
    alive: &[MirrorId],
    owners: &Owners,
) -> Option<MirrorId> {
    let own = state.channels.get(&channel)?;
    let met = met(state, channel, alive);
    let candidates = shared.iter().filter_map(|id| {
        let mirror = state.mirrors.get(id)?;
        // The cheap questions first: most mirrors are full.
        let fits = mirror.knowers.len() < state.rules.sharers
            && mirror.works()
            && mirror.failing.is_empty()
            && !owners.providers.contains(&mirror.provider)
            && !alive.contains(id);
        let harm = fits.then(|| harm(state, own, mirror, &met))??;
        Some((harm, *id))
    });
    let candidates: Vec<(f64, MirrorId)> = candidates.collect();
    let least = candidates.iter().map(|(harm, _)| *harm).reduce(f64::min)?;
    let best: Vec<MirrorId> = candidates
        .into_iter()
        .filter(|(harm, _)| *harm <= least + 1e-6)
        .map(|(_, id)| id)
        .collect();
    let roll = state.dice.roll() % best.len() as u64;
    best.get(roll as usize)
        .copied()
        .filter(|_| least <= JOIN_AT_MOST)
}

/// With whom it shares a mirror that works.
fn met(state: &State, channel: ChannelId, alive: &[MirrorId]) -> BTreeSet<ChannelId> {
    let mirrors = alive.iter().filter_map(|id| state.mirrors.get(id));
    let met = mirrors.flat_map(|mirror| mirror.knowers.keys().copied());
    met.filter(|other| *other != channel).collect()
}

/// Channels that would lose a mirror by one another's leak, as expected; `None` if they may not share.
fn harm(state: &State, own: &Channel, mirror: &Mirror, met: &BTreeSet<ChannelId>) -> Option<f64> {
    let mut proven = own.p_leak < state.rules.proven;
    let mut harm = own.p_leak * mirror.knowers.len() as f64;
    for id in mirror.knowers.keys() {
        let other = state.channels.get(id)?;
        if other.tier != Tier::Clean || met.contains(id) {
            return None;
        }
        proven &= other.p_leak < state.rules.proven;
        harm += other.p_leak;
    }
    let most = match proven {
        true => state.rules.sharers,
        false => state.rules.sharers_unproven,
    };
    (mirror.knowers.len() < most).then_some(harm)
}

/// Nothing is in stock and the channel has nothing: better a mirror too many in common than none.
fn last_resort(
    state: &State,
    shared: &[MirrorId],
    channel: ChannelId,
    alive: &[MirrorId],
) -> Option<MirrorId> {
    if !alive.is_empty() {
        return None;
    }
    let works = shared
        .iter()
        .filter(|id| state.works(**id) && is_sound(state, channel, **id));
    let knowers = |id: &&MirrorId| {
        state
            .mirrors
            .get(id)
            .map_or(0, |mirror| mirror.knowers.len())
    };
    let works = works.filter(|id| knowers(id) < state.rules.sharers);
    works.min_by_key(knowers).copied()
}

fn lifeboat(state: &mut State, stock: &mut Stock, channel: ChannelId, now: Timestamp) {
    if !stock.allows(Need::Luxury) {
        return;
    }
    let alive = alive(state, channel);
    let full = private(state, &alive) >= state.rules.lifeboats;
    let is_proven = state
        .channels
        .get(&channel)
        .is_some_and(|channel| channel.p_leak < state.rules.proven);
    if full || !is_proven || alive.len() < state.rules.shared {
        return;
    }
    let owners = Owners::of(state, &alive);
    if let Some(mirror) = stock.take(Need::Luxury, &owners, state) {
        tell(state, channel, mirror, Use::Private, now);
    }
}

fn private(state: &State, mirrors: &[MirrorId]) -> usize {
    let mirrors = mirrors.iter().filter_map(|id| state.mirrors.get(id));
    mirrors.filter(|mirror| mirror.use_ == Use::Private).count()
}

fn canary(state: &mut State, stock: &mut Stock, channel: ChannelId, wanted: usize, now: Timestamp) {
    let alive = alive(state, channel);
    let canaries = private(state, &alive);
    // The first answers the question; the second is for readers.
    let lacks = match wanted {
        1 => canaries == 0,
        2 => alive.len() < state.rules.least,
        _ => false,
    };
    if !lacks {
        return;
    }
    let need = match alive.len() < state.rules.least {
        true => Need::Urgent,
        false => Need::Ordinary,
    };
    let owners = Owners::of(state, &alive);
    if let Some(mirror) = stock.take(need, &owners, state) {
        tell(state, channel, mirror, Use::Private, now);
    }
}
