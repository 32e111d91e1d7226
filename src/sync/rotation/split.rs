//! Halving a burnt channel: its readers are invited to two fresh groups, of which at most one has the agent.
//!
//! It costs mirrors before it gains readers, so it is asked for only from plenty, one channel at a time, and only where
//! the channel has a way to invite.

use super::observation::{Action, NewChannel};
use super::state::{Channel, ChannelId, Split, State, Tier, hours};
use super::stock::{Need, Stock};
use crate::base::Timestamp;

/// A channel is burnt for so long before it is halved: a mistake may show.
const SURE_AFTER_HOURS: f64 = 24.0;
/// The agent is in one of two halves; he may also have seen both invitations.
const HALF_LEAKS: f64 = 0.55;

pub(super) fn ask(state: &mut State, stock: &Stock, now: Timestamp, actions: &mut Vec<Action>) {
    let waits = state
        .channels
        .values()
        .any(|channel| channel.split == Split::Asked);
    if waits || !stock.allows(Need::Luxury) {
        return;
    }
    let least = state.rules.split_readers;
    let ripe = |channel: &&mut Channel| {
        channel.tier == Tier::Burnt
            && channel.overruled.is_none()
            && channel.split == Split::Whole
            && channel.kind.can_be_split()
            && channel.readers >= least
            && hours(channel.since, now) >= SURE_AFTER_HOURS
    };
    let ripe = state
        .channels
        .iter_mut()
        .filter(|(_, channel)| ripe(&channel));
    if let Some((id, channel)) = ripe.max_by_key(|(_, channel)| channel.readers) {
        channel.split = Split::Asked;
        actions.push(Action::Split { channel: *id });
    }
}

pub(super) fn done(state: &mut State, channel: ChannelId, into: &[NewChannel], now: Timestamp) {
    let Some(parent) = state.channels.get_mut(&channel) else {
        return;
    };
    parent.split = Split::Done;
    let p_leak = parent.p_leak;
    for new in into {
        let half = NewChannel {
            prior: new.prior.or(Some(p_leak * HALF_LEAKS)),
            ..new.clone()
        };
        let fresh = Channel::new(&half, now);
        state.channels.entry(new.channel).or_insert(fresh);
    }
}
