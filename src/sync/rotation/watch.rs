//! From what vantages see to the phase of a mirror.
//!
//! 1. A vantage whose controls fail is blind: what it said before is forgotten, and it begins anew when it sees again.
//! 2. Mirrors that nobody was told of are controls as well: a vantage that fails to reach most of these is blind.
//! 3. A failure counts when it lasted half an hour, looked at again and again, always in the same way.
//! 4. *Blocked*: two vantages inside agree, and one outside reaches it meanwhile.
//! 5. *Failed*: nobody outside reaches it either. Only stale: it is filled again.
//! 6. *Suspect*: one vantage fails. When none does it is serving again.

use std::collections::{BTreeMap, BTreeSet};

use super::observation::{Action, Cause, Controls, Place, Probe, Seen};
use super::rules::Rules;
use super::state::{Failing, Loss, Mirror, MirrorId, Phase, State, VantageId};
use crate::base::Timestamp;

/// Two looks further apart than this say nothing about the time between.
const GAP_SECONDS: i64 = 2 * 3600;
/// Fewer untold mirrors are no control.
const UNTOLD_CONTROLS: usize = 3;

pub(super) fn take(state: &mut State, probe: &Probe) {
    let Some(mirror) = state.mirrors.get_mut(&probe.mirror) else {
        return;
    };
    let reached = probe.seen == Seen::Works;
    if reached && probe.place == Place::Outside {
        mirror.reached_outside = mirror.reached_outside.max(Some(probe.at));
    }
    match (probe.controls, probe.seen) {
        (Controls::Work, Seen::Fails(cause)) => fails(mirror, probe, cause),
        _ => drop(mirror.failing.remove(&probe.vantage)),
    }
}

fn fails(mirror: &mut Mirror, probe: &Probe, cause: Cause) {
    let goes_on = mirror.failing.get(&probe.vantage).filter(|earlier| {
        earlier.cause.is_like(cause) && seconds(earlier.last, probe.at) <= GAP_SECONDS
    });
    let failing = Failing {
        place: probe.place,
        since: goes_on.map_or(probe.at, |earlier| earlier.since),
        last: probe.at,
        cause,
    };
    mirror.failing.insert(probe.vantage, failing);
}

/// What follows for all mirrors from what was taken.
pub(super) fn judge(state: &mut State, now: Timestamp, actions: &mut Vec<Action>) {
    let blind = blind(state);
    let State { mirrors, rules, .. } = state;
    let watched = mirrors.iter_mut().filter(|(_, mirror)| mirror.works());
    for (id, mirror) in watched {
        mirror.failing.retain(|vantage, failing| {
            !blind.contains(vantage) && seconds(failing.last, now) <= GAP_SECONDS
        });
        match verdict(mirror, rules) {
            Verdict::Blocked(cause) => block(mirror, now, Some(cause)),
            Verdict::Failed => mirror.phase = Phase::Failed { at: now },
            Verdict::Stale => refill(*id, mirror, actions),
            Verdict::Open => {}
        }
        match mirror.phase {
            Phase::Serving if !mirror.failing.is_empty() => mirror.phase = Phase::Suspect,
            Phase::Suspect if mirror.failing.is_empty() => mirror.phase = Phase::Serving,
            _ => {}
        }
    }
}

pub(super) fn block(mirror: &mut Mirror, now: Timestamp, cause: Option<Cause>) {
    mirror.cause = cause;
    mirror.phase = Phase::Blocked {
        at: now,
        loss: Loss::Single,
    };
}

fn refill(id: MirrorId, mirror: &mut Mirror, actions: &mut Vec<Action>) {
    mirror.failing.clear();
    actions.push(Action::Fill { mirror: id });
}

fn blind(state: &State) -> BTreeSet<VantageId> {
    let untold = state.mirrors.values().filter(|mirror| mirror.is_standby());
    let (mut all, mut failed) = (0, BTreeMap::<VantageId, usize>::new());
    for mirror in untold {
        all += 1;
        for vantage in mirror.failing.keys() {
            *failed.entry(*vantage).or_default() += 1;
        }
    }
    let enough = UNTOLD_CONTROLS.max(all / 2 + 1);
    let blind = failed.into_iter().filter(|(_, count)| *count >= enough);
    blind.map(|(vantage, _)| vantage).collect()
}

enum Verdict {
    Open,
    Blocked(Cause),
    Failed,
    Stale,
}

fn verdict(mirror: &Mirror, rules: &Rules) -> Verdict {
    let believed = mirror
        .failing
        .values()
        .filter(|failing| seconds(failing.since, failing.last) >= rules.believed_minutes * 60);
    let (inside, outside): (Vec<&Failing>, Vec<&Failing>) =
        believed.partition(|failing| failing.place == Place::Inside);
    let reached_since = |failing: &Failing| mirror.reached_outside >= Some(failing.since);
    let pairs = inside.iter().enumerate().flat_map(|(index, one)| {
        let others = inside.iter().skip(index + 1);
        others.map(move |other| (*one, *other))
    });
    for (one, other) in pairs {
        if one.cause.is_like(other.cause) && reached_since(one) && reached_since(other) {
            return Verdict::Blocked(one.cause);
        }
    }
    let gone = outside.iter().find(|failing| !reached_since(failing));
    match gone {
        Some(failing) if failing.cause == Cause::Stale => Verdict::Stale,
        Some(_) if inside.len() + outside.len() >= 2 => Verdict::Failed,
        _ => Verdict::Open,
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}
