//! What must never happen, over random histories.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::stock::reserve;
use super::*;

/// One thing that happens; the number says to whom.
#[derive(Debug, Clone, Copy)]
enum Event {
    Mirrors(u8),
    Blocked(u16),
    /// Everything that one provider has.
    ProviderLost(u8),
    Dead(u16),
    /// The operator says that it is in this account.
    Moved(u16, u8),
    /// A vantage whose controls fail says that all mirrors fail; and another says so alone.
    BlindVantage,
    LoneVantage(u16),
    Overruled(u8, u8),
    NewChannel(u8),
    Split,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..6u8).prop_map(Event::Mirrors),
        8 => any::<u16>().prop_map(Event::Blocked),
        1 => (0..4u8).prop_map(Event::ProviderLost),
        1 => any::<u16>().prop_map(Event::Dead),
        1 => (any::<u16>(), 0..3u8).prop_map(|(mirror, account)| Event::Moved(mirror, account)),
        2 => Just(Event::BlindVantage),
        2 => any::<u16>().prop_map(Event::LoneVantage),
        1 => (any::<u8>(), 0..4u8).prop_map(|(channel, tier)| Event::Overruled(channel, tier)),
        1 => (0..6u8).prop_map(Event::NewChannel),
        1 => Just(Event::Split),
    ]
}

const KINDS: [Kind; 6] = [
    Kind::Telegram,
    Kind::Footer,
    Kind::Partner,
    Kind::Newsletter,
    Kind::Bot,
    Kind::Invite,
];

struct World {
    state: State,
    now: Timestamp,
    next: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            state: State::new(seed, 4.0),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            next: 100,
        };
        let mut seen: Vec<Observation> = (0..10)
            .map(|_| Event::NewChannel(0))
            .enumerate()
            .flat_map(|(index, _)| world.observations(Event::NewChannel(index as u8)))
            .collect();
        seen.extend(world.observations(Event::Mirrors(12)));
        (world.state, _) = step(world.state.clone(), world.now, &seen);
        world
    }

    fn observations(&mut self, event: Event) -> Vec<Observation> {
        let working: Vec<MirrorId> = self
            .state
            .mirrors()
            .filter(|(_, mirror)| mirror.works())
            .map(|(id, _)| id)
            .collect();
        let pick = |index: u16| working.get(index as usize % working.len().max(1)).copied();
        let blocked = |mirror| Observation::Blocked {
            mirror,
            cause: None,
        };
        match event {
            Event::Mirrors(count) => (0..count).flat_map(|_| self.mirror()).collect(),
            Event::Blocked(index) => pick(index).into_iter().map(blocked).collect(),
            Event::ProviderLost(provider) => self
                .state
                .mirrors()
                .filter(|(_, mirror)| mirror.provider == ProviderId(provider.into()))
                .map(|(id, _)| blocked(id))
                .collect(),
            Event::Dead(index) => pick(index)
                .into_iter()
                .map(|mirror| Observation::Dead { mirror })
                .collect(),
            Event::Moved(index, account) => pick(index)
                .into_iter()
                .map(|mirror| {
                    let account = Some(AccountId(account.into()));
                    made(mirror, ProviderId(mirror.0 % 4), account)
                })
                .collect(),
            Event::BlindVantage => working
                .iter()
                .flat_map(|id| self.looks(1, *id, Controls::Fail))
                .collect(),
            Event::LoneVantage(index) => pick(index)
                .into_iter()
                .flat_map(|id| self.looks(2, id, Controls::Work))
                .collect(),
            Event::Overruled(channel, tier) => {
                let ids: Vec<ChannelId> = self.state.channels().map(|(id, _)| id).collect();
                let tiers = [
                    None,
                    Some(Tier::Clean),
                    Some(Tier::Burnt),
                    Some(Tier::Suspect),
                ];
                let channel = ids.get(channel as usize % ids.len().max(1)).copied();
                let tier = tiers[tier as usize];
                channel
                    .into_iter()
                    .map(|channel| Observation::Overruled { channel, tier })
                    .collect()
            }
            Event::NewChannel(kind) => vec![Observation::NewChannel(
                self.channel(KINDS[kind as usize % 6]),
            )],
            Event::Split => {
                let asked = self
                    .state
                    .channels()
                    .find(|(_, channel)| channel.split == Split::Asked);
                let Some((channel, kind)) = asked.map(|(id, channel)| (id, channel.kind)) else {
                    return Vec::new();
                };
                let into = vec![self.channel(kind), self.channel(kind)];
                vec![Observation::WasSplit { channel, into }]
            }
        }
    }

    fn channel(&mut self, kind: Kind) -> NewChannel {
        self.next += 1;
        NewChannel {
            channel: ChannelId(self.next),
            kind,
            prior: None,
            readers: 50,
        }
    }

    fn mirror(&mut self) -> [Observation; 2] {
        self.next += 1;
        let mirror = MirrorId(self.next);
        // A third is in one of two accounts of its provider, the others are each in one of their own.
        let account = self.next.is_multiple_of(3);
        let account = account.then_some(AccountId(self.next / 3 % 2));
        let made = made(mirror, ProviderId(self.next % 4), account);
        [made, Observation::Filled { mirror }]
    }

    fn looks(&self, vantage: u64, mirror: MirrorId, controls: Controls) -> Vec<Observation> {
        let look = |minutes: i64, vantage, place, seen| {
            let at = Timestamp::from_second(self.now.as_second() + minutes * 60).unwrap();
            Observation::Probed(Probe {
                at,
                vantage: VantageId(vantage),
                place,
                mirror,
                seen,
                controls,
            })
        };
        let fails = Seen::Fails(Cause::Blackhole);
        vec![
            look(5, vantage, Place::Inside, fails),
            look(50, vantage, Place::Inside, fails),
            look(55, 9, Place::Outside, Seen::Works),
        ]
    }

    /// One hour, and everything that must never happen in it.
    fn hour(&mut self, events: &[Event]) {
        let seen: Vec<Observation> = events
            .iter()
            .flat_map(|event| self.observations(*event))
            .collect();
        self.now = Timestamp::from_second(self.now.as_second() + 3600).unwrap();
        let before = self.state.clone();
        let (after, actions) = step(before.clone(), self.now, &seen);
        assert_eq!(
            step(before.clone(), self.now, &seen),
            (after.clone(), actions.clone()),
            "chance"
        );
        lists_are_well_formed(&after);
        what_works_stays(&before, &after);
        nothing_is_blocked_by_one_network(&before, &after, &seen);
        nobody_trusted_is_left_with_too_little(&after);
        the_reserve_is_kept(&before, &after, self.now);
        every_change_is_published(&before, &after, &actions);
        assert_eq!(State::from_json(&after.to_json()).as_ref(), Ok(&after));
        report(&after, self.now);
        self.state = after;
    }
}

fn made(mirror: MirrorId, provider: ProviderId, account: Option<AccountId>) -> Observation {
    let upkeep = match mirror.0.is_multiple_of(5) {
        true => Upkeep::Paid,
        false => Upkeep::Free,
    };
    Observation::Made {
        mirror,
        provider,
        account,
        upkeep,
    }
}

fn lists_are_well_formed(state: &State) {
    for (id, channel) in state.channels() {
        let bundle: BTreeSet<_> = channel.told.bundle.iter().collect();
        assert_eq!(bundle.len(), channel.told.bundle.len(), "twice on a list");
        let accounts = accounts(state, &channel.told.bundle);
        let different: BTreeSet<_> = accounts.iter().collect();
        assert!(
            !channel.is_in_use() || different.len() == accounts.len(),
            "{id:?} is told of two in one account"
        );
        assert!(channel.told.show.len() <= 2, "more than two are shown");
        assert!(channel.told.show.iter().all(|id| bundle.contains(id)));
        assert!((0.0..=1.0).contains(&channel.p_leak));
    }
    for (id, mirror) in state.mirrors() {
        let knowers = mirror.knowers().count();
        match mirror.use_ {
            Use::Private => assert_eq!(knowers, 1, "{id:?} is private"),
            Use::Shared => assert!(
                knowers <= state.rules.sharers,
                "{id:?} is shared by {knowers}"
            ),
            Use::Unused => assert_eq!(knowers, 0, "{id:?} was told"),
            Use::Drip => {}
        }
    }
}

fn accounts(state: &State, mirrors: &[MirrorId]) -> Vec<(ProviderId, AccountId)> {
    let mirrors = mirrors.iter().filter_map(|id| state.mirrors.get(id));
    mirrors
        .filter_map(|mirror| Some((mirror.provider, mirror.account?)))
        .collect()
}

/// Make before break. Only what turns out to be in the account of another that stays leaves at once.
fn what_works_stays(before: &State, after: &State) {
    for (id, old) in before.channels() {
        let new = &after.channels[&id];
        if !new.is_in_use() {
            continue;
        }
        let working = new
            .told
            .bundle
            .iter()
            .filter(|mirror| after.works(**mirror))
            .count();
        for mirror in old
            .told
            .bundle
            .iter()
            .filter(|mirror| !new.told.bundle.contains(mirror))
        {
            let is_tied = |kept: &MirrorId| {
                after.mirrors[mirror].is_tied_to(&after.mirrors[kept]) && after.works(*kept)
            };
            if new.told.bundle.iter().any(is_tied) {
                continue;
            }
            assert!(!after.works(*mirror), "{mirror:?} works and left the list");
            let is_blocked = matches!(after.mirrors[mirror].phase, Phase::Blocked { .. });
            assert!(
                !is_blocked || working + new.told.bundle.len() >= 2,
                "{mirror:?} left nothing"
            );
        }
        assert!(old.told.bundle.is_empty() || !new.told.bundle.is_empty() || all_gone(after, old));
    }
}

fn all_gone(after: &State, old: &Channel) -> bool {
    let phases = old
        .told
        .bundle
        .iter()
        .filter_map(|id| after.mirrors.get(id));
    phases
        .into_iter()
        .all(|mirror| matches!(mirror.phase, Phase::Failed { .. } | Phase::Retired { .. }))
}

fn nothing_is_blocked_by_one_network(before: &State, after: &State, seen: &[Observation]) {
    for (id, mirror) in after.mirrors() {
        let worked = before.mirrors.get(&id).is_none_or(Mirror::works);
        if worked && !mirror.works() && !matches!(mirror.phase, Phase::Ready | Phase::Filling) {
            let is_said = seen.iter().any(|seen| match seen {
                Observation::Blocked { mirror, .. } | Observation::Dead { mirror } => *mirror == id,
                _ => false,
            });
            assert!(is_said, "{id:?} was given up");
        }
    }
}

fn nobody_trusted_is_left_with_too_little(state: &State) {
    let untold = state
        .mirrors()
        .filter(|(_, mirror)| mirror.is_standby() && mirror.failing.is_empty());
    let untold: Vec<&Mirror> = untold.map(|(_, mirror)| mirror).collect();
    for (id, channel) in state.channels().filter(|(_, channel)| channel.is_in_use()) {
        let working = channel
            .told
            .bundle
            .iter()
            .filter(|mirror| state.works(**mirror))
            .count();
        let spare = match channel.tier {
            Tier::Clean | Tier::Suspect => 0,
            Tier::Burnt | Tier::Open => reserve(state, state.last.unwrap()),
        };
        let has = accounts(state, &channel.told.bundle);
        let is_free = |mirror: &&&Mirror| {
            let account = mirror.account.map(|account| (mirror.provider, account));
            account.is_none_or(|account| !has.contains(&account))
        };
        let free = untold.iter().filter(is_free).count();
        let is_held = untold.len() <= spare;
        assert!(
            working >= 2 || free == 0 || is_held,
            "{id:?} has {working}, {free} stand by"
        );
    }
}

/// What goes to those who leak, or beyond need, never comes from the reserve.
fn the_reserve_is_kept(before: &State, after: &State, now: Timestamp) {
    let untold = after
        .mirrors()
        .filter(|(_, mirror)| mirror.is_standby() && mirror.failing.is_empty());
    let untold = untold.count();
    let dripped = after.mirrors().any(|(id, mirror)| {
        mirror.use_ == Use::Drip
            && before
                .mirrors
                .get(&id)
                .is_none_or(|mirror| mirror.use_ != Use::Drip)
    });
    assert!(
        !dripped || untold >= reserve(after, now),
        "{untold} of the reserve are left"
    );
}

fn every_change_is_published(before: &State, after: &State, actions: &[Action]) {
    for (id, channel) in after.channels().filter(|(_, channel)| channel.is_in_use()) {
        let old = before.channels.get(&id).map(|channel| &channel.told);
        let said = actions.iter().any(|action| match action {
            Action::Publish {
                channel: other,
                list,
            } => *other == id && *list == channel.told,
            _ => false,
        });
        assert!(
            said || old.is_none_or(|old| *old == channel.told),
            "{id:?} changed in silence"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_must_never_happen_does_not(
        seed: u64,
        hours in vec(vec(event(), 0..5), 1..60),
    ) {
        let mut world = World::new(seed);
        for events in &hours {
            world.hour(events);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_of_states_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = State::from_json(&bytes);
    }
}
