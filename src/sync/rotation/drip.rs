//! What open and burnt channels are told: a drip.
//!
//! The censor reads along, so every address lives for hours only. All these channels get the same mirrors, one after
//! another:
//!
//! 1. While less than two work, the next one at once, if there is any besides the reserve.
//! 2. More only when so much time has passed that the budget lasts, and at most five together.
//! 3. One that is in the account of another which a channel has is not told to that channel.

use super::clean::alive;
use super::state::{ChannelId, MirrorId, Owners, State, Use, apart, hours};
use super::stock::{Need, Stock, tell};
use crate::base::Timestamp;

pub(super) fn supply(state: &mut State, stock: &mut Stock, now: Timestamp) {
    let fed = fed(state);
    if fed.is_empty() {
        return;
    }
    let mut dripping = dripping(state);
    while is_due(state, stock, dripping.len(), now) {
        let owners = Owners::of(state, &dripping);
        let Some(mirror) = stock.take(Need::Ordinary, &owners, state) else {
            break;
        };
        dripping.push(mirror);
        state.dripped = Some(now);
    }
    for channel in fed {
        let has = alive(state, channel);
        // To be told again of what it has changes nothing.
        for mirror in apart(state, has.into_iter().chain(dripping.iter().copied())) {
            tell(state, channel, mirror, Use::Drip, now);
        }
    }
}

fn fed(state: &State) -> Vec<ChannelId> {
    let fed = state
        .channels
        .iter()
        .filter(|(_, channel)| channel.is_in_use() && channel.tier.is_fed_by_drip());
    fed.map(|(id, _)| *id).collect()
}

/// Mirrors of the drip that work, one of each account.
pub(super) fn dripping(state: &State) -> Vec<MirrorId> {
    let drip = state
        .mirrors
        .iter()
        .filter(|(_, mirror)| mirror.use_ == Use::Drip && mirror.works());
    apart(state, drip.map(|(id, _)| *id))
}

fn is_due(state: &State, stock: &Stock, working: usize, now: Timestamp) -> bool {
    let passed = state.dripped.map_or(f64::INFINITY, |at| hours(at, now));
    let pace = 24.0 / state.mirrors_per_day.max(0.1);
    let is_plenty = stock.free() as f64 > state.mirrors_per_day / 2.0;
    match working {
        few if few < state.rules.least => true,
        many if many >= state.rules.drip_alive => false,
        _ => passed >= pace && is_plenty,
    }
}
