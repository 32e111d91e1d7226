//! The hours of one world: the newsroom gets mirrors, looks whether they work, decides whom to tell; the censor blocks;
//! readers come.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Baseline;
use super::figures::{Hour, Run, tier_index};
use super::readers::Audience;
use super::settings::Settings;
use super::world::{Machine, NIGHT, World};
use crate::base::Timestamp;
use crate::sync::rotation::{
    Action, Cause, ChannelId, Controls, Dice, MirrorId, NewChannel, Observation, Phase, Place,
    Probe, ProviderId, Seen, State, Telling, Tier, Upkeep, VantageId, step,
};

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Everybody is told the same.
    OneList,
    EachItsOwn,
    /// What colport does.
    Planner,
}

/// Both inside the country, then one outside.
const VANTAGES: [(VantageId, Place); 3] = [
    (VantageId(0), Place::Inside),
    (VantageId(1), Place::Inside),
    (VantageId(2), Place::Outside),
];
/// Looks before the hour is full, in seconds.
const LOOKS: [i64; 2] = [35 * 60, 0];
const HOUR_SECONDS: i64 = 3600;

/// The days of one world.
pub fn run(settings: &Settings, policy: Policy, seed: u64) -> Run {
    let mut newsroom = Newsroom::new(settings, policy, seed);
    for hour in 0..settings.days * 24 {
        newsroom.hour(hour);
    }
    newsroom.run
}

struct Newsroom<'a> {
    settings: &'a Settings,
    policy: Policy,
    world: World,
    baseline: Baseline,
    /// Empty where another policy decides.
    state: State,
    lists: BTreeMap<ChannelId, Telling>,
    audiences: BTreeMap<ChannelId, Audience>,
    pending: Vec<Observation>,
    dice: Dice,
    run: Run,
}

impl<'a> Newsroom<'a> {
    fn new(settings: &'a Settings, policy: Policy, seed: u64) -> Self {
        let world = World::new(settings, seed);
        let leaking = world
            .channels
            .iter()
            .filter(|member| member.leaks && !member.kind.is_public());
        let leaking = leaking.map(|member| (member.id, None)).collect();
        let channels = world.channels.iter().map(|member| {
            Observation::NewChannel(NewChannel {
                channel: member.id,
                kind: member.kind,
                prior: None,
                readers: member.readers,
            })
        });
        let night = settings.censor.strikes_on_day.map(|day| day * 24 + NIGHT);
        Self {
            settings,
            policy,
            pending: channels.collect(),
            world,
            baseline: Baseline::default(),
            state: State::new(seed, settings.mirrors_a_day),
            lists: BTreeMap::new(),
            audiences: BTreeMap::new(),
            dice: Dice::of_seed(seed ^ 0x05ea_de45),
            run: Run {
                leaking,
                night: night.filter(|hour| *hour < settings.days * 24),
                ..Run::default()
            },
        }
    }

    fn hour(&mut self, hour: u32) {
        let new = self.world.deliver(hour, self.settings.mirrors_a_day);
        if self.world.is_night(hour) {
            self.world.strike(hour);
        }
        match self.policy {
            Policy::Planner => self.plan(hour, &new),
            _ => self.compare(hour, &new),
        }
        for (channel, list) in &self.lists {
            self.world.tell(*channel, list, hour);
        }
        let measured = self.measure(hour);
        self.run.hours.push(measured);
    }

    fn compare(&mut self, hour: u32, new: &[(MirrorId, ProviderId)]) {
        self.baseline.add(new.iter().map(|(mirror, _)| *mirror));
        let channels: Vec<ChannelId> = self.world.channels.iter().map(|member| member.id).collect();
        let works = |mirror| self.world.works(mirror, hour);
        match self.policy {
            Policy::OneList => self.baseline.one_list(&channels, works),
            _ => self.baseline.own_lists(&channels, works),
        }
        self.lists.clone_from(&self.baseline.lists);
    }

    fn plan(&mut self, hour: u32, new: &[(MirrorId, ProviderId)]) {
        let now = moment(hour);
        let mut seen = std::mem::take(&mut self.pending);
        for (mirror, provider) in new {
            seen.push(Observation::Made {
                mirror: *mirror,
                provider: *provider,
                account: None,
                upkeep: Upkeep::Free,
            });
            seen.push(Observation::Filled { mirror: *mirror });
        }
        self.look(hour, &mut seen);
        let state = std::mem::replace(&mut self.state, State::new(0, 0.0));
        let (state, actions) = step(state, now, &seen);
        self.state = state;
        for action in actions {
            self.perform(action);
        }
        self.note(hour);
    }

    /// Every mirror that may work is looked at from every vantage, twice an hour.
    fn look(&self, hour: u32, seen: &mut Vec<Observation>) {
        let dark = hour % 24 < self.settings.censor.dark_hours_a_day;
        for before in LOOKS {
            let at = f64::from(hour) - before as f64 / HOUR_SECONDS as f64;
            let moment = moment(hour).as_second() - before;
            let Ok(moment) = Timestamp::from_second(moment) else {
                continue;
            };
            let watched = self.state.mirrors().filter(|(_, mirror)| mirror.works());
            for (mirror, _) in watched {
                let blocked = self
                    .world
                    .mirrors
                    .get(&mirror)
                    .is_none_or(|m| m.blocked <= at);
                seen.extend(VANTAGES.map(|(vantage, place)| {
                    let is_dark = dark && place == Place::Inside;
                    Observation::Probed(Probe {
                        at: moment,
                        vantage,
                        place,
                        mirror,
                        seen: match place == Place::Inside && (blocked || is_dark) {
                            true => Seen::Fails(Cause::Reset),
                            false => Seen::Works,
                        },
                        controls: if is_dark {
                            Controls::Fail
                        } else {
                            Controls::Work
                        },
                    })
                }));
            }
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Publish { channel, list } => drop(self.lists.insert(channel, list)),
            Action::Split { channel } => self.split(channel),
            Action::Fill { .. } | Action::Retire { .. } | Action::Alarm { .. } => {}
        }
    }

    fn split(&mut self, channel: ChannelId) {
        let halves = self.world.split(channel);
        self.lists.remove(&channel);
        let list = Telling::default();
        for half in &halves {
            self.audiences.insert(half.id, Audience::new(&list));
        }
        let into = halves.iter().map(|half| NewChannel {
            channel: half.id,
            kind: half.kind,
            prior: None,
            readers: half.readers,
        });
        let into = into.collect();
        self.pending.push(Observation::WasSplit { channel, into });
    }

    /// Who was found by now, and what was given up although it worked.
    fn note(&mut self, hour: u32) {
        for (id, channel) in self.state.channels() {
            if let Some(found @ None) = self.run.leaking.get_mut(&id)
                && channel.tier == Tier::Burnt
            {
                *found = Some(hour);
            }
        }
        let now = moment(hour);
        let given_up = self.state.mirrors().filter(|(id, mirror)| {
            let just = matches!(mirror.phase, Phase::Blocked { at, .. } | Phase::Failed { at } if at == now);
            just && self.world.works(*id, hour)
        });
        self.run.lost_in_error += given_up.count() as u32;
    }

    fn measure(&mut self, hour: u32) -> Hour {
        let mut seen = Hour::default();
        let (mut readers, mut innocents) = (0.0, 0.0);
        let nothing = Telling::default();
        for member in self.world.channels.iter().filter(|member| !member.closed) {
            let list = self.lists.get(&member.id).unwrap_or(&nothing);
            let audience = self
                .audiences
                .entry(member.id)
                .or_insert_with(|| Audience::new(list));
            let came = audience.hour(list, &self.world, hour, &mut self.dice);
            let own = member.readers as f64;
            readers += own;
            seen.reach += own * came.reach;
            seen.visits += own * f64::from(came.visits);
            seen.read += own * f64::from(came.read);
            if !member.leaks {
                innocents += own;
                seen.innocent += own * came.reach;
                let tier = self.tier(member.id);
                if matches!(tier, Some(Tier::Suspect | Tier::Burnt)) && !member.kind.is_public() {
                    seen.wronged += own;
                }
            }
        }
        let all = f64::max(readers, 1.0);
        seen.reach /= all;
        seen.wronged /= all;
        seen.innocent = if innocents > 0.0 {
            seen.innocent / innocents
        } else {
            1.0
        };
        self.count(hour, &mut seen);
        seen
    }

    fn tier(&self, channel: ChannelId) -> Option<Tier> {
        self.state
            .channels()
            .find(|(id, _)| *id == channel)
            .map(|(_, channel)| channel.tier)
    }

    fn count(&self, hour: u32, seen: &mut Hour) {
        let this_hour = |machine: &Machine| {
            let (from, to) = (f64::from(hour) - 1.0, f64::from(hour));
            machine.blocked > from && machine.blocked <= to
        };
        seen.blocks = self.world.mirrors.values().filter(|m| this_hour(m)).count() as u32;
        for (_, mirror) in self.state.mirrors() {
            seen.standby += u32::from(mirror.is_standby());
            seen.serving += u32::from(mirror.works() && !mirror.is_standby());
        }
        let open: BTreeSet<ChannelId> = self
            .world
            .channels
            .iter()
            .filter(|member| !member.closed)
            .map(|member| member.id)
            .collect();
        for (_, channel) in self.state.channels().filter(|(id, _)| open.contains(id)) {
            if let Some(count) = seen.tiers.get_mut(tier_index(channel.tier)) {
                *count += 1;
            }
        }
    }
}

/// Of the simulated hour. The days are no particular ones.
fn moment(hour: u32) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::from(hour) * HOUR_SECONDS).unwrap_or(Timestamp::MAX)
}
