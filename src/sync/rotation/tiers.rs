//! From `P(leak)` to how far a channel is trusted, with hysteresis, so that it does not flutter.

use super::rules::Rules;
use super::state::{Channel, State, Tier};
use crate::base::Timestamp;

pub(super) fn set(state: &mut State, now: Timestamp) {
    for channel in state
        .channels
        .values_mut()
        .filter(|channel| channel.is_in_use())
    {
        let tier = channel
            .overruled
            .unwrap_or_else(|| judged(channel, &state.rules));
        if tier != channel.tier {
            channel.tier = tier;
            channel.since = now;
        }
    }
}

fn judged(channel: &Channel, rules: &Rules) -> Tier {
    let p = channel.p_leak;
    match channel.tier {
        _ if channel.kind.is_public() => Tier::Open,
        _ if p >= rules.burnt => Tier::Burnt,
        _ if p < rules.cleared => Tier::Clean,
        Tier::Clean if p >= rules.suspect => Tier::Suspect,
        // Nothing is learned from the drip. What was held against it fades, and it may be tried again.
        Tier::Burnt if p < rules.doubted => Tier::Suspect,
        // An overruled public tier, taken back.
        Tier::Open => Tier::Suspect,
        tier => tier,
    }
}
