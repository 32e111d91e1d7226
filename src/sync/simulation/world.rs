//! What is so, whether anybody knows it or not. Time is in hours from the beginning.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{Censor, Settings};
use crate::sync::rotation::{ChannelId, Dice, Kind, MirrorId, ProviderId, Telling};

/// The night of the strike is its first six hours; this is the hour of the blow.
pub(super) const NIGHT: u32 = 2;
const STRAGGLERS: (f64, f64) = (24.0, 120.0);

#[derive(Debug)]
pub(super) struct World {
    censor: Censor,
    dice: Dice,
    pub channels: Vec<Member>,
    pub mirrors: BTreeMap<MirrorId, Machine>,
    providers: Vec<ProviderId>,
    /// What agents have seen already or will: who, which, and whether it was shown to all.
    reported: BTreeSet<(ChannelId, MirrorId, bool)>,
    owed: f64,
    stock: u32,
    next_mirror: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub id: ChannelId,
    pub kind: Kind,
    pub readers: u64,
    pub leaks: bool,
    pub closed: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub provider: ProviderId,
    /// When the censor learns of it, and when he blocks it. Infinite: as things are, never.
    pub seen: f64,
    pub blocked: f64,
    /// From the one to the other.
    hesitation: f64,
}

impl World {
    pub(super) fn new(settings: &Settings, seed: u64) -> Self {
        let mut dice = Dice::of_seed(seed ^ 0x05ee_d0f7_4ece_4504);
        let mut channels = Vec::new();
        for (kind, count, share) in &settings.channels {
            for _ in 0..*count {
                channels.push(Member {
                    id: ChannelId(channels.len() as u64),
                    kind: *kind,
                    readers: (settings.readers as f64 * share / *count as f64).round() as u64,
                    leaks: dice.chance(settings.censor.agents.probability(*kind)),
                    closed: false,
                });
            }
        }
        Self {
            censor: settings.censor.clone(),
            dice,
            channels,
            mirrors: BTreeMap::new(),
            providers: (0..settings.providers).map(ProviderId).collect(),
            reported: BTreeSet::new(),
            owed: settings.mirrors_a_day / 24.0,
            stock: settings.stock,
            next_mirror: 0,
        }
    }

    /// The mirrors that the newsroom gets in this hour.
    pub(super) fn deliver(&mut self, hour: u32, mirrors_a_day: f64) -> Vec<(MirrorId, ProviderId)> {
        if hour == 0 {
            self.owed += f64::from(self.stock);
        } else {
            self.owed += mirrors_a_day / 24.0;
        }
        let mut delivered = Vec::new();
        while self.owed >= 1.0 && !self.providers.is_empty() {
            self.owed -= 1.0;
            let id = MirrorId(self.next_mirror);
            let turn = (self.next_mirror % self.providers.len() as u64) as usize;
            self.next_mirror += 1;
            let Some(provider) = self.providers.get(turn).copied() else {
                break;
            };
            let found = self.censor.found_otherwise_a_day / 24.0;
            let seen = match found > 0.0 {
                true => f64::from(hour) + self.dice.waiting(1.0 / found),
                false => f64::INFINITY,
            };
            let machine = Machine {
                provider,
                seen,
                blocked: seen,
                hesitation: self.hesitation(),
            };
            self.mirrors.insert(id, machine);
            delivered.push((id, provider));
        }
        delivered
    }

    /// A channel is told; if it has an agent the censor will know in time.
    pub(super) fn tell(&mut self, channel: ChannelId, list: &Telling, hour: u32) {
        let member = self.channels.iter().find(|member| member.id == channel);
        if member.is_none_or(|member| !member.leaks) {
            return;
        }
        for mirror in &list.show {
            self.report(channel, *mirror, true, hour);
        }
        for mirror in &list.bundle {
            self.report(channel, *mirror, false, hour);
        }
    }

    fn report(&mut self, channel: ChannelId, mirror: MirrorId, shown: bool, hour: u32) {
        if !self.reported.insert((channel, mirror, shown)) {
            return;
        }
        let median = match shown {
            true => self.censor.sees_shown_after,
            false => self.censor.sees_bundle_after,
        };
        let seen = f64::from(hour) + self.dice.waiting(median / std::f64::consts::LN_2);
        if let Some(machine) = self.mirrors.get_mut(&mirror) {
            machine.seen = machine.seen.min(seen);
            machine.blocked = machine.blocked.min(seen + machine.hesitation);
        }
    }

    /// From seeing an address to blocking it.
    fn hesitation(&mut self) -> f64 {
        let (least, most) = STRAGGLERS;
        match self.dice.chance(self.censor.promptly) {
            true => self
                .dice
                .waiting(self.censor.blocks_after / std::f64::consts::LN_2),
            false => least + self.dice.fraction() * (most - least),
        }
    }

    pub(super) fn is_night(&self, hour: u32) -> bool {
        self.censor
            .strikes_on_day
            .is_some_and(|day| hour == day * 24 + NIGHT)
    }

    /// The night in which everything known is blocked, and one provider with all that it has.
    pub(super) fn strike(&mut self, hour: u32) {
        let now = f64::from(hour);
        let turn = (self.dice.roll() % self.providers.len().max(1) as u64) as usize;
        let lost = (turn < self.providers.len()).then(|| self.providers.remove(turn));
        for machine in self.mirrors.values_mut() {
            if machine.seen <= now || Some(machine.provider) == lost {
                machine.blocked = machine.blocked.min(now);
            }
        }
    }

    /// Half of the readers go to each new group, the agent to one of them.
    pub(super) fn split(&mut self, channel: ChannelId) -> Vec<Member> {
        let next = self.channels.len() as u64;
        let first_has_agent = self.dice.chance(0.5);
        let Some(parent) = self.channels.iter_mut().find(|member| member.id == channel) else {
            return Vec::new();
        };
        let half = |id, readers, has_agent| Member {
            id: ChannelId(id),
            kind: parent.kind,
            readers,
            leaks: parent.leaks && has_agent,
            closed: false,
        };
        let small = parent.readers / 2;
        let halves = vec![
            half(next, small, first_has_agent),
            half(next + 1, parent.readers - small, !first_has_agent),
        ];
        parent.closed = true;
        self.channels.extend(halves.clone());
        halves
    }

    pub(super) fn works(&self, mirror: MirrorId, hour: u32) -> bool {
        let machine = self.mirrors.get(&mirror);
        machine.is_some_and(|machine| machine.blocked > f64::from(hour))
    }
}
