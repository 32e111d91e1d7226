//! The daemon in virtual time, without a network.

mod filling;
mod keeping;
mod looking;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::rotation::{
    Cause, ChannelId, Controls, Kind, Place as Where, Probe, Seen, Tier, VantageId,
};
use super::super::super::{Host, Mirror, Outcome, Place, Pushed};
use super::super::{Audience, Part, Public, Rendezvous, View, WantedChannel, Way};
use super::*;
use crate::io::report::{Failure, Many};
use crate::sync::watching::hints::Hint;
use crate::trust::lists::Address;

fn dice() -> [u8; 20] {
    use std::sync::atomic::{AtomicU8, Ordering};
    static NEXT: AtomicU8 = AtomicU8::new(1);
    std::array::from_fn(|_| NEXT.fetch_add(7, Ordering::Relaxed))
}

/// A daemon, and a world in which every push succeeds unless its mirror is dead.
struct Bench {
    daemon: Daemon,
    minutes: i64,
    wanted: Wanted,
    dead: Vec<String>,
    /// With which a push never ends.
    hung: Vec<String>,
    /// Who copy others, and never come to it.
    slow: Vec<String>,
    /// Who take everything and show nothing.
    takes: Vec<String>,
    /// The vantage that never comes back from looking.
    blind: Option<VantageId>,
    /// What is wrong with ourselves.
    sick: Option<String>,
    pushed: Vec<(String, Vec<String>)>,
    announced: Vec<(String, String, Vec<String>)>,
    alerts: Vec<String>,
    /// How announcing ends, if it does.
    telling: Result<Option<()>, String>,
    /// A way by which nobody can be told.
    broken: Option<String>,
    lost: Vec<String>,
    /// What new mirrors were told to follow, each time that one was asked for; and what came of it.
    asked: Vec<Vec<Url>>,
    making: Option<Result<Box<Member>, String>>,
    controls: Controls,
    /// Which mirrors were looked at, and in which minute.
    looks: Vec<(i64, Vec<String>)>,
    /// What mirrors heard of others from readers.
    rumours: Vec<(String, Failure, Many)>,
    heard_of: BTreeSet<String>,
}

fn member(number: usize) -> Member {
    let url = Url::parse(&format!("https://m{number}.example/")).unwrap();
    Member {
        mirror: Mirror {
            name: format!("m{number}"),
            place: Place::Colport(url.clone()),
        },
        public: Some(Public {
            url,
            onion: None,
            provider: format!("p{}", number % 5),
            account: String::new(),
            upkeep: Upkeep::Free,
            cost_a_day: 0.0,
        }),
        addresses: Vec::new(),
        made: None,
    }
}

/// One that a program made.
fn made(number: usize, url: &str) -> Member {
    let mut member = member(number);
    let url = Url::parse(url).unwrap();
    member.mirror.place = Place::Colport(url.clone());
    member.public.as_mut().unwrap().url = url;
    member.made = Some(format!("{{\"number\": {number}}}"));
    member
}

fn channel(name: &str, kind: Kind) -> WantedChannel {
    let ways = vec![
        Way {
            name: "files".into(),
            to: Audience::Programs,
        },
        Way {
            name: "telegram".into(),
            to: Audience::People,
        },
    ];
    WantedChannel {
        name: name.into(),
        kind,
        prior: None,
        readers: 100,
        instead_of: None,
        ways,
    }
}

impl Bench {
    fn new(mirrors: usize, channels: &[(&str, Kind)]) -> Self {
        let wanted = Wanted {
            members: (0..mirrors).map(member).collect(),
            channels: channels
                .iter()
                .map(|(name, kind)| channel(name, *kind))
                .collect(),
            mirrors_a_day: 4.0,
            can_make: false,
            origins: Vec::new(),
            list_days: 14,
            rendezvous: Rendezvous::default(),
            vantages: vec![
                (VantageId(1), "in-1".into()),
                (VantageId(2), "in-2".into()),
                (VantageId(3), "out".into()),
            ],
        };
        Self {
            daemon: Daemon::open(&Entries::new(), dice).unwrap(),
            minutes: 0,
            wanted,
            dead: Vec::new(),
            hung: Vec::new(),
            sick: None,
            blind: None,
            takes: Vec::new(),
            slow: Vec::new(),
            pushed: Vec::new(),
            announced: Vec::new(),
            alerts: Vec::new(),
            telling: Ok(Some(())),
            broken: None,
            lost: Vec::new(),
            asked: Vec::new(),
            making: None,
            controls: Controls::Work,
            looks: Vec::new(),
            rumours: Vec::new(),
            heard_of: BTreeSet::new(),
        }
    }

    fn now(&self) -> Moment {
        let at = Timestamp::from_second(1_800_000_000 + self.minutes * 60).unwrap();
        Moment {
            wall: at,
            steady: at,
        }
    }

    fn begin(&mut self) {
        let now = self.now();
        let mut effects = self.daemon.on(Event::Configured(self.wanted.clone()), now);
        effects.extend(self.daemon.on(Event::Edition(7), now));
        self.perform(effects);
    }

    fn give(&mut self, event: Event) {
        let now = self.now();
        let effects = self.daemon.on(event, now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Some(event) = self.done(effect) {
                self.give(event);
            }
        }
    }

    fn name(&self, id: MirrorId) -> String {
        self.daemon.member(id).unwrap().mirror.name.clone()
    }

    fn done(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Push {
                mirror,
                edition,
                lists,
            } => {
                let name = self.name(mirror);
                if self.hung.contains(&name) {
                    return None;
                }
                if let Some(why) = self.sick.clone() {
                    return Some(Event::Held { mirror, why });
                }
                let outcome = match self.dead.contains(&name) {
                    true => Outcome::Unreachable("no connection".into()),
                    false if self.slow.contains(&name) => Outcome::Behind { edition: None },
                    false if self.takes.contains(&name) => {
                        let had = self.pushed.iter().any(|(mirror, _)| *mirror == name);
                        match had {
                            true => Outcome::Unsure("it does not show it".into()),
                            false => Outcome::Taken(Pushed { edition, bytes: 1 }),
                        }
                    }
                    false => Outcome::Pushed(Pushed { edition, bytes: 1 }),
                };
                self.pushed
                    .push((name, lists.iter().map(|told| told.name.clone()).collect()));
                let lists = lists.iter().filter(|_| outcome.is_good());
                let lists = lists
                    .map(|told| (told.channel, told.list.version))
                    .collect();
                Some(Event::Pushed {
                    mirror,
                    edition,
                    lists,
                    outcome,
                    untaken: None,
                })
            }
            Effect::Probe { vantage, mirrors } => {
                if self.blind == Some(vantage) {
                    return None;
                }
                let names = mirrors.iter().map(|id| self.name(*id)).collect();
                // From all vantages at once, as long as none hangs.
                let look = (self.minutes, names);
                if !self.looks.contains(&look) {
                    self.looks.push(look);
                }
                let probes = mirrors.iter().map(|id| self.look(*id, vantage));
                Some(Event::Probed {
                    vantage,
                    probes: probes.collect(),
                })
            }
            Effect::Hear(mirrors) => {
                let names: Vec<String> = mirrors.iter().map(|id| self.name(*id)).collect();
                self.heard_of.extend(names);
                Some(Event::Heard(self.hints()))
            }
            Effect::Announce { way, told } => {
                let shown = told.show.iter().map(Url::to_string).collect();
                self.announced.push((told.name.clone(), way.clone(), shown));
                let failed = match &self.telling {
                    _ if self.broken.as_ref() == Some(&way) => Some("not reached".into()),
                    Ok(Some(())) => None,
                    Ok(None) => return None,
                    Err(why) => Some(why.clone()),
                };
                Some(Event::Announced {
                    channel: told.channel,
                    way,
                    version: told.list.version,
                    failed,
                })
            }
            Effect::Alert(words) => {
                self.alerts.push(words);
                None
            }
            Effect::Make { follow } => {
                self.asked.push(follow);
                self.making.clone().map(Event::Made)
            }
            Effect::Retire { .. } => None,
        }
    }

    fn look(&self, id: MirrorId, vantage: VantageId) -> Probe {
        let is_lost = self.lost.contains(&self.name(id));
        let place = if vantage.0 >= 3 {
            Where::Outside
        } else {
            Where::Inside
        };
        let fails = is_lost && place == Where::Inside || self.controls == Controls::Fail;
        Probe {
            at: self.now().steady,
            vantage,
            place,
            mirror: id,
            seen: if fails {
                Seen::Fails(Cause::Reset)
            } else {
                Seen::Works
            },
            controls: self.controls,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let day = self.now().wall.as_second().div_euclid(86_400);
        let hint = |(name, failure, reports): &(String, Failure, Many)| Hint {
            mirror: self.mirror(name),
            failure: *failure,
            country: "by".parse().ok(),
            day,
            reports: *reports,
        };
        self.rumours.iter().map(hint).collect()
    }

    fn mirror(&self, name: &str) -> MirrorId {
        let mut mirrors = self.daemon.book.mirrors.iter();
        *mirrors.find(|(_, kept)| kept.name == name).unwrap().0
    }

    fn minutes(&mut self, minutes: i64) {
        let stride = if minutes > 300 { 5 } else { 1 };
        for _ in 0..minutes / stride {
            self.minutes += stride;
            self.give(Event::Tick);
        }
    }

    /// As after a kill: nothing is left but what was written down.
    fn restart(&mut self) {
        self.daemon = Daemon::open(&self.daemon.entries(), dice).unwrap();
        self.begin();
    }

    fn told(&self, channel: &str) -> Vec<String> {
        let id = self.channel(channel);
        let bundle = &self.daemon.book.planner.channel(id).unwrap().told.bundle;
        bundle.iter().map(|id| self.name(*id)).collect()
    }

    fn channel(&self, name: &str) -> ChannelId {
        *self
            .daemon
            .book
            .channels
            .iter()
            .find(|(_, audit)| audit.name == name)
            .unwrap()
            .0
    }

    fn working(&self, channel: &str) -> usize {
        let id = self.channel(channel);
        let bundle = &self.daemon.book.planner.channel(id).unwrap().told.bundle;
        bundle
            .iter()
            .filter(|id| {
                self.daemon
                    .book
                    .planner
                    .mirror(**id)
                    .is_some_and(rotation::Mirror::works)
            })
            .count()
    }

    fn blocked(&self) -> usize {
        let mirrors = self.daemon.book.planner.mirrors();
        mirrors
            .filter(|(_, mirror)| {
                matches!(
                    mirror.phase,
                    Phase::Blocked { .. } | Phase::Failed { .. } | Phase::Retired { .. }
                )
            })
            .count()
    }
}

const CHANNELS: [(&str, Kind); 4] = [
    ("letter", Kind::Newsletter),
    ("friends", Kind::Invite),
    ("bot", Kind::Bot),
    ("telegram", Kind::Telegram),
];
