//! Which mirrors there are, and which channel is told of which: a planner.
//!
//! A censor learns addresses from the channels that he has joined. So channels that look clean share mirrors in
//! overlapping groups, so that what gets blocked tells which of them leaks; a channel that leaks is told nothing more
//! that is precious.
//!
//! [`step`] is a function of what is remembered, what was seen, and the time. It asks nobody, sleeps never, and its only
//! chance comes from a seed in the state: the same history gives the same plan. One step:
//!
//! 1. Observations are taken: mirrors and channels that are new, probes, the operator's word ([`watch`]).
//! 2. Probes become verdicts; many blocks at one time are named for what they are ([`losses`]).
//! 3. What was blocked and what was not becomes `P(leak)` of each channel ([`suspicion`]), and that its tier ([`tiers`]).
//! 4. Trusted channels are supplied first ([`clean`]), then those that leak ([`drip`]), from a [`stock`] with a reserve.
//! 5. Lists that changed are published ([`publish`]); groups of a burnt channel are asked for ([`split`]); what was
//!    blocked long ago is retired.
//!
//! What must never happen, and is tested over random histories: a channel is told another's private mirror; the reserve
//! is announced without need; a working mirror is dropped because a probe's own network failed; a trusted channel is
//! left with less than two while an untold mirror stands by that is not tied to what it has; a list holds two mirrors of
//! one account; a channel shows more than two addresses.
//!
//! Deliberately absent: hosts, pushing, probing and announcing, which are the daemon's; and names: a mirror is a number
//! here, so nothing of the planner's can put an address into a log.

mod clean;
mod dice;
mod drip;
#[cfg(test)]
mod histories;
mod losses;
mod observation;
mod publish;
mod record;
mod report;
mod rules;
mod split;
mod state;
mod stock;
mod suspicion;
#[cfg(test)]
mod tests;
mod tiers;
mod watch;

pub use dice::Dice;
pub use observation::{
    Action, Cause, Controls, NewChannel, Observation, Place, Probe, Seen, Telling, Upkeep,
};
pub use record::RecordError;
pub use report::{ChannelReport, Next, Piece, Report, StockReport, report};
pub use state::{
    AccountId, Channel, ChannelId, Kind, Known, Loss, Mirror, MirrorId, Phase, ProviderId, Split,
    State, Tier, Use, VantageId,
};
pub use stock::Lack;

use state::hours;
use stock::Stock;

use crate::base::Timestamp;

/// Lives of mirrors by which the censor's haste is judged.
const LIVES: usize = 32;
/// Evidence that weighs less than an eighth is forgotten, and the mirror with it.
const HALF_LIVES: f64 = 3.0;

/// What follows from what was seen. To be called every hour, and at once when something fails.
///
/// A clock that went back stands still until it has caught up.
pub fn step(
    mut state: State,
    now: Timestamp,
    observations: &[Observation],
) -> (State, Vec<Action>) {
    let now = state.last.map_or(now, |last| last.max(now));
    let now = whole_second(now);
    let passed = state.last.map_or(0.0, |last| hours(last, now));
    state.last = Some(now);
    state.begun.get_or_insert(now);
    let (mut actions, before) = (Vec::new(), publish::before(&state));
    for observation in observations {
        take(&mut state, observation, now, &mut actions);
    }
    watch::judge(&mut state, now, &mut actions);
    losses::name(&mut state, now, &mut actions);
    learn_haste(&mut state, now);
    learn_chance(&mut state, now, passed);
    suspicion::weigh(&mut state, now);
    tiers::set(&mut state, now);
    let mut stock = Stock::of(&state, now);
    clean::supply(&mut state, &mut stock, now);
    drip::supply(&mut state, &mut stock, now);
    publish::publish(&mut state, &before, now, &mut actions);
    split::ask(&mut state, &stock, now, &mut actions);
    retire(&mut state, now, &mut actions);
    (state, actions)
}

fn take(state: &mut State, observation: &Observation, now: Timestamp, actions: &mut Vec<Action>) {
    match observation {
        Observation::Made {
            mirror,
            provider,
            account,
            upkeep,
        } => {
            let fresh = Mirror::new(*provider, *account, *upkeep);
            made(state, *mirror, fresh, actions);
        }
        Observation::Filled { mirror } => filled(state, *mirror),
        Observation::Dead { mirror } => died(state, *mirror, now),
        Observation::Probed(probe) => {
            let at = whole_second(probe.at);
            watch::take(
                state,
                &Probe {
                    at,
                    ..probe.clone()
                },
            );
        }
        Observation::Blocked { mirror, cause } => {
            let mirror = state.mirrors.get_mut(mirror);
            if let Some(mirror) = mirror.filter(|mirror| mirror.works()) {
                watch::block(mirror, now, *cause);
            }
        }
        Observation::NewChannel(new) => {
            let channel = state.channels.entry(new.channel);
            channel.or_insert_with(|| Channel::new(new, now));
        }
        Observation::WasSplit { channel, into } => split::done(state, *channel, into, now),
        Observation::Overruled { channel, tier } => {
            if let Some(channel) = state.channels.get_mut(channel) {
                channel.overruled = *tier;
            }
        }
        Observation::Budget { mirrors_per_day } => {
            state.mirrors_per_day = mirrors_per_day.clamp(0.0, 10_000.0);
        }
    }
}

/// The state is written down in seconds.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn made(state: &mut State, id: MirrorId, mut mirror: Mirror, actions: &mut Vec<Action>) {
    if let Some(known) = state.mirrors.get_mut(&id) {
        (known.provider, known.account) = (mirror.provider, mirror.account);
        known.upkeep = mirror.upkeep;
        return;
    }
    mirror.phase = Phase::Filling;
    state.mirrors.insert(id, mirror);
    actions.push(Action::Fill { mirror: id });
}

fn filled(state: &mut State, id: MirrorId) {
    let Some(mirror) = state.mirrors.get_mut(&id) else {
        return;
    };
    match mirror.phase {
        Phase::Ready | Phase::Filling => mirror.phase = Phase::Standby,
        // The host is back. Who knows it knows it still.
        Phase::Failed { .. } if mirror.knowers.is_empty() => mirror.phase = Phase::Standby,
        Phase::Failed { .. } => mirror.phase = Phase::Serving,
        _ => {}
    }
}

fn died(state: &mut State, id: MirrorId, now: Timestamp) {
    if let Some(mirror) = state.mirrors.get_mut(&id)
        && !matches!(mirror.phase, Phase::Retired { .. })
    {
        mirror.phase = match mirror.blocked() {
            was_blocked @ Some(_) => Phase::Retired {
                at: now,
                was_blocked,
            },
            None => Phase::Failed { at: now },
        };
    }
}

/// From mirrors blocked just now that were told to channels which surely leak.
fn learn_haste(state: &mut State, now: Timestamp) {
    let State {
        mirrors,
        channels,
        lives,
        ..
    } = state;
    let leaks = |channel: &ChannelId| {
        let channel = channels.get(channel);
        channel.is_some_and(|channel| channel.tier.is_fed_by_drip())
    };
    let just = mirrors.values().filter(|mirror| {
        let blocked = mirror.blocked();
        blocked.is_some_and(|(at, loss)| at == now && loss != Loss::Provider)
    });
    for mirror in just.filter(|mirror| mirror.use_ == Use::Drip) {
        let knew = mirror.knowers.iter().filter(|(channel, _)| leaks(channel));
        let first = knew.filter_map(|(_, known)| known.shown).min();
        lives.extend(first.map(|at| hours(at, now)));
    }
    lives.drain(..lives.len().saturating_sub(LIVES));
}

/// From mirrors that nobody knows, or only channels that have proved themselves.
fn learn_chance(state: &mut State, now: Timestamp, passed: f64) {
    let State {
        mirrors,
        channels,
        chance,
        rules,
        ..
    } = state;
    let is_proven = |channel: &ChannelId| {
        let channel = channels.get(channel);
        channel.is_some_and(|channel| channel.p_leak < rules.proven)
    };
    let unbetrayed = mirrors
        .values()
        .filter(|mirror| mirror.knowers.keys().all(is_proven));
    for mirror in unbetrayed {
        chance.hours += if mirror.works() { passed } else { 0.0 };
        let just = mirror
            .blocked()
            .filter(|(at, loss)| *at == now && *loss == Loss::Single);
        chance.blocks += f64::from(u8::from(just.is_some()));
    }
}

fn retire(state: &mut State, now: Timestamp, actions: &mut Vec<Action>) {
    let kept = state.rules.kept_days as f64 * 24.0;
    for (id, mirror) in &mut state.mirrors {
        if let Phase::Blocked { at, loss } = mirror.phase
            && (mirror.upkeep == Upkeep::Paid || hours(at, now) >= kept)
        {
            mirror.phase = Phase::Retired {
                at: now,
                was_blocked: Some((at, loss)),
            };
            actions.push(Action::Retire { mirror: *id });
        }
    }
    let remembered = state.rules.half_life_days * 24.0 * HALF_LIVES;
    state.mirrors.retain(|_, mirror| {
        let is_over = matches!(mirror.phase, Phase::Retired { .. } | Phase::Failed { .. });
        !is_over || mirror.ended().is_none_or(|at| hours(at, now) < remembered)
    });
}
