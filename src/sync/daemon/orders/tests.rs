//! The daemon in virtual time, without a network.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::rotation::{
    Cause, Controls, Kind, Place as Where, Probe, Seen, Tier, VantageId,
};
use super::super::super::{Mirror, Place, Pushed};
use super::super::{Audience, Part, Public, Rendezvous, WantedChannel, Way};
use super::*;
use crate::io::report::{Failure, Many};
use crate::sync::watching::hints::Hint;

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
                let lists = lists
                    .iter()
                    .map(|told| (told.channel, told.list.version))
                    .collect();
                Some(Event::Pushed {
                    mirror,
                    edition,
                    lists,
                    outcome,
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

#[test]
fn a_new_mirror_is_filled_before_anybody_is_told_and_shows_the_list_before_it_is_announced() {
    let mut bench = Bench::new(12, &CHANNELS);
    bench.begin();
    bench.minutes(3);
    let mut seen = BTreeSet::new();
    for (mirror, lists) in &bench.pushed {
        let is_first = seen.insert(mirror);
        assert!(!is_first || lists.is_empty(), "first only the edition");
    }
    for (channel, _) in CHANNELS {
        assert!(
            bench.working(channel) >= 2,
            "{channel}: {:?}",
            bench.told(channel)
        );
    }
    let first = bench.announced.first().unwrap();
    assert!(
        bench
            .pushed
            .iter()
            .any(|(_, lists)| lists.contains(&first.0)),
        "{first:?}"
    );
    assert!(
        bench
            .announced
            .iter()
            .all(|(_, _, shown)| (1..=2).contains(&shown.len()))
    );
}

#[test]
fn a_mirror_carries_only_lists_of_channels_that_were_told_of_it() {
    let mut bench = Bench::new(16, &CHANNELS);
    bench.begin();
    bench.minutes(300);
    let mut carried: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (mirror, lists) in &bench.pushed {
        carried
            .entry(mirror.clone())
            .or_default()
            .extend(lists.clone());
    }
    let mut seen = 0;
    for (mirror, lists) in carried {
        for list in lists {
            assert!(
                bench.told(&list).contains(&mirror),
                "{mirror} shows the list of {list}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn a_dead_mirror_is_tried_ever_more_rarely_and_holds_up_nobody() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.dead = vec!["m3".into()];
    bench.begin();
    bench.minutes(240);
    let tries = bench
        .pushed
        .iter()
        .filter(|(mirror, _)| mirror == "m3")
        .count();
    assert!((6..=15).contains(&tries), "{tries} tries in four hours");
    assert!(bench.working("letter") >= 2);
    bench.dead.clear();
    bench.minutes(60);
    let view = super::super::View::of(&bench.daemon, bench.now());
    assert!(
        view.mirrors.iter().all(|mirror| mirror.lag == 0),
        "{view:?}"
    );
}

#[test]
fn mirrors_with_which_a_push_never_ends_keep_no_hands_from_others() {
    let mut bench = Bench::new(40, &CHANNELS[..1]);
    bench.hung = (0..30).map(|n| format!("m{n}")).collect();
    bench.begin();
    assert!(bench.pushed.is_empty(), "all hands are with those who hang");
    bench.minutes(10);
    let filled: BTreeSet<&String> = bench.pushed.iter().map(|(mirror, _)| mirror).collect();
    assert_eq!(filled.len(), 10, "{filled:?}");
    assert!(bench.working("letter") >= 2);
}

#[test]
fn there_is_a_limit_to_pushes_that_hang() {
    let mut bench = Bench::new(MOST_ABREAST + 40, &CHANNELS[..1]);
    bench.hung = (0..MOST_ABREAST + 40).map(|n| format!("m{n}")).collect();
    bench.begin();
    bench.minutes(200);
    let busy = bench.daemon.book.mirrors.values();
    assert_eq!(busy.filter(|kept| kept.is_busy).count(), MOST_ABREAST);
}

#[test]
fn a_mirror_with_which_a_push_hangs_is_looked_at_and_replaced_when_it_is_blocked() {
    for hangs in [true, false] {
        let mut bench = Bench::new(14, &CHANNELS);
        bench.begin();
        bench.minutes(60);
        let name = bench.told("friends")[0].clone();
        match hangs {
            true => bench.hung.push(name.clone()),
            false => bench.slow.push(name.clone()),
        }
        bench.give(Event::Edition(8));
        bench.lost.push(name.clone());
        bench.minutes(50);
        assert_eq!(bench.blocked(), 0, "it may be busy for a while");
        bench.minutes(90);
        assert_eq!(bench.blocked(), 1);
        assert!(!bench.told("friends")[..2].contains(&name));
    }
}

#[test]
fn another_host_under_an_old_name_is_filled_before_anybody_is_told() {
    let elsewhere = Url::parse("https://elsewhere.example/").unwrap();
    for was_down in [true, false] {
        let mut bench = Bench::new(14, &CHANNELS);
        bench.begin();
        bench.minutes(60);
        let name = bench.told("friends")[0].clone();
        let named = |bench: &Bench| {
            let members = bench.daemon.book.members.iter();
            let mut members = members.filter(|(_, member)| member.mirror.name == name);
            *members.next().unwrap().0
        };
        let old = named(&bench);
        let mut members = bench.wanted.members.iter_mut();
        let member = members.find(|member| member.mirror.name == name).unwrap();
        member.mirror.place = Place::Colport(elsewhere.clone());
        member.public.as_mut().unwrap().url = elsewhere.clone();
        bench.pushed.clear();
        bench.hung.push(name.clone());
        match was_down {
            true => bench.restart(),
            false => bench.begin(),
        }
        let new = named(&bench);
        assert_ne!(old, new);
        // A push to the old place ends now.
        bench.give(Event::Pushed {
            mirror: old,
            edition: 7,
            lists: Vec::new(),
            outcome: Outcome::Already { edition: 7 },
        });
        bench.minutes(30);
        assert_eq!(bench.daemon.book.mirrors[&new].edition, 0);
        assert!(!bench.daemon.is_told(new));
        for (channel, _) in CHANNELS {
            let told = bench.daemon.told(bench.channel(channel)).unwrap();
            let told = told.list.mirrors.iter();
            assert!(
                told.map(|it| &it.url).all(|url| *url != elsewhere),
                "{channel}"
            );
        }
    }
}

#[test]
fn a_key_that_was_replaced_makes_no_other_host() {
    use crate::io::store::{Credentials, Keeper, WebDav};
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    let place = |key: &str| {
        let keeper = Keeper::WebDav(WebDav {
            address: Url::parse("https://dav.example/").unwrap(),
            credentials: Some(Credentials::Environment(key.into())),
        });
        let host = super::super::super::Host {
            keeper,
            url: None,
            bundles: false,
        };
        Place::Host(host)
    };
    bench.wanted.members[0].mirror.place = place("OLD");
    bench.begin();
    let before: Vec<MirrorId> = bench.daemon.book.members.keys().copied().collect();
    bench.wanted.members[0].mirror.place = place("NEW");
    bench.begin();
    let after: Vec<MirrorId> = bench.daemon.book.members.keys().copied().collect();
    assert_eq!(before, after);
}

#[test]
fn one_that_takes_an_edition_and_never_shows_it_is_told_to_nobody() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.takes.push("m3".into());
    bench.begin();
    bench.minutes(60);
    let mut mirrors = bench.daemon.book.mirrors.iter();
    let (id, kept) = mirrors.find(|(_, kept)| kept.name == "m3").unwrap();
    assert_eq!(kept.edition, 0);
    assert!(kept.trouble.is_some());
    let mirror = bench.daemon.book.planner.mirror(*id).unwrap();
    assert_eq!(mirror.phase, Phase::Filling);
    assert!(bench.working("letter") >= 2);
}

#[test]
fn one_that_copies_nobody_for_three_days_has_failed() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.slow.push("m3".into());
    bench.begin();
    bench.minutes(2 * 24 * 60);
    let is_there = |bench: &Bench| {
        let members = bench.daemon.book.mirrors.values();
        members
            .filter(|kept| kept.name == "m3" && !kept.gone)
            .count()
    };
    assert_eq!(is_there(&bench), 1);
    bench.minutes(2 * 24 * 60);
    assert_eq!(is_there(&bench), 0);
    assert!(bench.alerts.iter().any(|words| words.contains("`m3`")));
}

#[test]
fn one_that_was_given_up_is_not_begun_again_until_the_file_says_another_place() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.dead.push("m3".into());
    bench.begin();
    bench.minutes(4 * 24 * 60);
    let is_there = |bench: &Bench| {
        let mut members = bench.daemon.book.members.values();
        members.any(|member| member.mirror.name == "m3")
    };
    bench.pushed.clear();
    for round in 0..3 {
        assert!(!is_there(&bench), "{round}");
        bench.wanted.mirrors_a_day += 1.0;
        bench.begin();
        bench.minutes(60);
        bench.restart();
    }
    assert!(bench.pushed.iter().all(|(name, _)| name != "m3"));
    // Its name and its domain are in nobody's way.
    let alerts = bench.alerts.len();
    bench.give(Event::Made(Ok(Box::new(made(20, "https://m3.example/x")))));
    let names = |bench: &Bench| -> Vec<String> {
        let members = bench.daemon.members().into_iter();
        members.map(|member| member.mirror.name).collect()
    };
    assert!(names(&bench).contains(&"m20".into()) && !is_there(&bench));
    assert_eq!(bench.alerts.len(), alerts);

    bench.dead.clear();
    let mirror = bench.wanted.members.remove(3);
    let mut elsewhere = mirror.clone();
    elsewhere.mirror.place = Place::Colport(Url::parse("https://elsewhere.example/").unwrap());
    bench.wanted.members.push(elsewhere);
    bench.begin();
    assert!(is_there(&bench), "another place is another mirror");
    bench.wanted.members.pop();
    bench.begin();
    bench.wanted.members.push(mirror);
    bench.begin();
    bench.minutes(10);
    assert!(is_there(&bench), "taken out, and put in again");
    let mut kept = bench.daemon.book.mirrors.values();
    assert!(kept.any(|kept| kept.name == "m3" && kept.edition == 7));
}

#[test]
fn trouble_of_our_own_accuses_no_mirror_and_is_told_once() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.sick = Some("the disk cannot be read".into());
    bench.begin();
    bench.minutes(60);
    assert_eq!(bench.alerts.len(), 1, "{:?}", bench.alerts);
    let view = super::super::View::of(&bench.daemon, bench.now());
    assert_eq!(view.trouble, bench.sick);
    assert!(view.mirrors.iter().all(|mirror| mirror.trouble.is_none()));
    bench.sick = None;
    bench.minutes(3);
    let view = super::super::View::of(&bench.daemon, bench.now());
    assert_eq!(view.trouble, None);
    assert!(view.mirrors.iter().all(|mirror| mirror.lag == 0));
}

#[test]
fn two_troubles_at_one_time_are_told_once_each_and_shown_until_they_are_over() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    let say = |bench: &mut Bench, of, words: &str| {
        let words = words.to_owned();
        bench.give(Event::Trouble { of, words });
    };
    let shown = |bench: &Bench| super::super::View::of(&bench.daemon, bench.now()).trouble;
    for _ in 0..20 {
        say(&mut bench, Part::File, "the file is odd");
        say(&mut bench, Part::Folder, "the folder is away");
    }
    let both = ["the file is odd", "the folder is away"];
    assert_eq!(bench.alerts, both);
    assert_eq!(
        shown(&bench).as_deref(),
        Some("the file is odd; the folder is away")
    );
    say(&mut bench, Part::Folder, "");
    assert_eq!(shown(&bench).as_deref(), Some("the file is odd"));
    say(&mut bench, Part::File, "");
    assert_eq!(shown(&bench), None);
    say(&mut bench, Part::File, "the file is odd");
    assert_eq!(bench.alerts.len(), 3, "it is news again");
}

#[test]
fn a_blocked_mirror_is_replaced_and_the_readers_of_its_channel_are_told() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(60);
    let before = bench.told("friends");
    let told = bench.announced.len();
    bench.lost = vec![before[0].clone()];
    bench.minutes(60);
    let after = bench.told("friends");
    assert!(!after[..2].contains(&before[0]), "{before:?} {after:?}");
    assert!(bench.working("friends") >= 2);
    let news = &bench.announced[told..];
    assert!(
        news.iter()
            .any(|(channel, way, _)| channel == "friends" && way == "telegram"),
        "{news:?}"
    );
}

#[test]
fn nothing_is_announced_twice_to_people_whatever_happens() {
    let mut bench = Bench::new(12, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let people = |bench: &Bench| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == "telegram")
            .count()
    };
    let told = people(&bench);
    assert_eq!(told, CHANNELS.len());
    for _ in 0..5 {
        bench.restart();
        bench.minutes(10);
    }
    // Lists are signed anew after a week; what is shown is the same.
    bench.minutes(8 * 24 * 60);
    let mut distinct = bench.announced.clone();
    distinct.retain(|(_, way, _)| way == "telegram");
    distinct.sort();
    let all = distinct.len();
    distinct.dedup();
    assert_eq!(distinct.len(), all, "{distinct:?}");
    let programs = bench
        .announced
        .iter()
        .filter(|(_, way, _)| way == "files")
        .count();
    assert!(programs > people(&bench), "programs got the newer lists");
}

#[test]
fn a_kill_while_people_are_told_leaves_it_to_the_operator() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.telling = Ok(None);
    bench.begin();
    bench.minutes(5);
    let count = |bench: &Bench, name: &str| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == name)
            .count()
    };
    assert_eq!((count(&bench, "telegram"), count(&bench, "files")), (1, 1));
    bench.telling = Ok(Some(()));
    bench.restart();
    bench.minutes(60);
    assert_eq!(count(&bench, "telegram"), 1, "people are not told twice");
    assert_eq!(
        count(&bench, "files"),
        2,
        "a program is, which does no harm"
    );
    let doubts = bench
        .alerts
        .iter()
        .filter(|words| words.contains("not known"));
    assert_eq!(doubts.count(), 1, "{:?}", bench.alerts);
}

#[test]
fn who_could_not_be_told_is_tried_again() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.telling = Err("status 502".into());
    bench.begin();
    bench.minutes(20);
    let tries = bench
        .announced
        .iter()
        .filter(|(_, way, _)| way == "telegram")
        .count();
    assert!((3..=7).contains(&tries), "{tries}");
    bench.telling = Ok(Some(()));
    bench.restart();
    bench.minutes(40);
    let id = bench.channel("letter");
    assert!(bench.daemon.book.channels[&id].announced["telegram"].is_done);
}

#[test]
fn all_vantages_down_at_once_rotates_nothing() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    bench.controls = Controls::Fail;
    bench.minutes(24 * 60);
    let after: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    assert_eq!(bench.blocked(), 0);
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
    assert!(bench.alerts.is_empty(), "{:?}", bench.alerts);
}

#[test]
fn a_clock_that_jumps_rotates_nothing() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let mut steady = super::super::Steady::start(bench.now().wall, bench.daemon.last());
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    let wall = bench.now().wall;
    let (year, mut passed) = (SignedDuration::from_hours(24 * 365), SignedDuration::ZERO);
    for jump in [year, -year, year * 5, SignedDuration::ZERO] {
        for _ in 0..20 {
            passed += SignedDuration::from_secs(60);
            let (moment, _) = steady.tell(wall + passed + jump, passed);
            let effects = bench.daemon.on(Event::Tick, moment);
            bench.perform(effects);
        }
    }
    let after: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    assert_eq!(bench.blocked(), 0);
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
}

#[test]
fn a_censor_who_blocks_every_known_mirror_in_one_hour_meets_the_reserve() {
    let mut bench = Bench::new(30, &CHANNELS);
    bench.begin();
    // Until the reserve has grown.
    bench.minutes(15 * 24 * 60);
    let known: Vec<String> = bench
        .daemon
        .book
        .planner
        .mirrors()
        .filter(|(_, mirror)| mirror.knowers().next().is_some())
        .map(|(id, _)| bench.name(id))
        .collect();
    let untold = 30 - known.len();
    assert!(untold >= 6, "{untold} are in reserve");
    bench.alerts.clear();
    bench.lost = known.clone();
    bench.minutes(90);
    assert!(
        bench
            .alerts
            .iter()
            .any(|words| words.contains("at one time")),
        "{:?}",
        bench.alerts
    );
    for (channel, kind) in CHANNELS {
        if !kind.is_public() {
            assert!(
                bench.working(channel) >= 2,
                "{channel}: {:?}",
                bench.told(channel)
            );
            assert!(
                bench.told(channel)[..2]
                    .iter()
                    .all(|mirror| !known.contains(mirror))
            );
        }
    }
}

#[test]
fn a_mirror_that_leaves_the_file_leaves_the_lists_and_comes_back_as_another() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let name = bench.told("letter")[0].clone();
    let whole = bench.wanted.clone();
    bench
        .wanted
        .members
        .retain(|member| member.mirror.name != name);
    bench.begin();
    bench.minutes(1);
    assert!(bench.working("letter") >= 2);
    let id = bench.channel("letter");
    let told = bench.daemon.told(id).unwrap();
    assert!(
        told.list
            .mirrors
            .iter()
            .all(|address| !address.url.as_str().contains(&format!("{name}.")))
    );
    bench.wanted = whole;
    bench.begin();
    bench.minutes(1);
    assert_eq!(bench.daemon.members().len(), 14);
}

#[test]
fn a_channel_that_leaves_the_file_is_told_no_more() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    bench
        .wanted
        .channels
        .retain(|channel| channel.name != "bot");
    bench.begin();
    bench.announced.clear();
    bench.minutes(10 * 24 * 60);
    assert!(
        bench
            .announced
            .iter()
            .all(|(channel, _, _)| channel != "bot")
    );
}

#[test]
fn a_new_mirror_is_told_of_none_but_those_that_the_censor_reads_or_the_operator_named() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let open = bench.told("telegram");
    bench.wanted.can_make = true;
    bench.begin();
    let follow = bench.asked.pop().unwrap();
    assert!((1..=MOST_TO_FOLLOW).contains(&follow.len()), "{follow:?}");
    for url in &follow {
        let name = url.host_str().unwrap().split('.').next().unwrap();
        assert!(open.iter().any(|mirror| mirror == name), "{url} {open:?}");
    }

    let mut bench = Bench::new(14, &CHANNELS[1..2]);
    bench.wanted.can_make = true;
    bench.begin();
    bench.minutes(120);
    assert_eq!(bench.asked.pop(), Some(Vec::new()), "only friends know any");
    bench.wanted.origins = vec!["m9".into()];
    bench.daemon.making = false;
    bench.begin();
    let origin = Url::parse("https://m9.example/").unwrap();
    assert_eq!(bench.asked.pop(), Some(vec![origin]));
}

#[test]
fn a_hook_that_makes_no_mirror_spends_nothing_and_is_asked_ever_more_rarely() {
    let mut bench = Bench::new(8, &CHANNELS);
    bench.wanted.can_make = true;
    bench.making = Some(Err("no machine is left".into()));
    bench.begin();
    bench.minutes(12 * 60);
    let tries = bench.asked.len();
    assert!((4..=8).contains(&tries), "{tries} tries in twelve hours");
    let told = bench
        .alerts
        .iter()
        .filter(|it| it.contains("could not be made"));
    assert_eq!(told.count(), 1, "{:?}", bench.alerts);
    bench.making = Some(Ok(Box::new(member(20))));
    bench.minutes(12 * 60);
    assert!(
        bench
            .daemon
            .members()
            .iter()
            .any(|it| it.mirror.name == "m20")
    );
}

#[test]
fn a_vantage_that_hangs_blinds_no_other() {
    let mut bench = Bench::new(14, &CHANNELS);
    let fourth = (VantageId(4), "out-2".into());
    bench.wanted.vantages.push(fourth);
    bench.blind = Some(VantageId(4));
    bench.begin();
    bench.minutes(60);
    bench.lost = vec![bench.told("friends")[0].clone()];
    bench.minutes(60);
    assert_eq!(bench.blocked(), 1);
}

#[test]
fn two_halves_take_the_place_of_a_channel() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    bench
        .wanted
        .channels
        .retain(|channel| channel.name != "letter");
    for name in ["letter-a", "letter-b"] {
        let half = WantedChannel {
            instead_of: Some("letter".into()),
            ..channel(name, Kind::Newsletter)
        };
        bench.wanted.channels.push(half);
    }
    bench.begin();
    bench.minutes(30);
    for name in ["letter-a", "letter-b"] {
        assert!(!bench.told(name).is_empty(), "{name}");
    }
    let old = bench.channel("letter");
    assert!(!bench.daemon.book.planner.channel(old).unwrap().is_in_use());
}

#[test]
fn the_operators_word_stands_until_it_is_taken_back() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let channel = bench.channel("letter");
    let tier = |bench: &Bench| bench.daemon.book.planner.channel(channel).unwrap().tier;
    bench.give(Event::Overruled {
        channel,
        tier: Some(Tier::Burnt),
    });
    assert_eq!(tier(&bench), Tier::Burnt);
    bench.restart();
    bench.minutes(300);
    assert_eq!(tier(&bench), Tier::Burnt);
    bench.give(Event::Overruled {
        channel,
        tier: None,
    });
    assert_ne!(tier(&bench), Tier::Burnt);
}

/// Kills at every step of two days of work, blocks and announcements: what goes on is what would have gone on.
#[test]
fn what_is_written_down_is_all_that_counts() {
    let (mut straight, mut killed) = (Bench::new(14, &CHANNELS), Bench::new(14, &CHANNELS));
    for bench in [&mut straight, &mut killed] {
        // The planner of both has the same seed, whatever other tests drew meanwhile.
        bench.daemon = Daemon::open(&Entries::new(), || [7; 20]).unwrap();
        bench.begin();
    }
    for hour in 0..48 {
        let lost = straight
            .told("telegram")
            .into_iter()
            .take(usize::from(hour % 6 == 5))
            .collect::<Vec<_>>();
        for bench in [&mut straight, &mut killed] {
            bench.lost.extend(lost.clone());
            bench.minutes(60);
        }
        let entries = killed.daemon.entries();
        killed.daemon = Daemon::open(&entries, || [7; 20]).unwrap();
        assert_eq!(killed.daemon.entries(), entries, "hour {hour}");
        killed.begin();
    }
    for (channel, kind) in CHANNELS {
        if !kind.is_public() {
            assert_eq!(straight.working(channel), killed.working(channel));
        }
    }
}

#[test]
fn neither_journal_nor_alerts_name_an_address() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.dead = vec!["m2".into()];
    bench.begin();
    bench.minutes(60);
    bench.lost = (0..8).map(|n| format!("m{n}")).collect();
    bench.minutes(24 * 60);
    let view = super::super::View::of(&bench.daemon, bench.now());
    let lines = bench
        .daemon
        .book
        .journal
        .iter()
        .map(|line| format!("{} {}", line.what, line.why));
    for line in lines
        .chain(bench.alerts.clone())
        .chain([format!("{view:?}")])
    {
        assert!(
            !line.contains(".example") && !line.contains("://"),
            "{line}"
        );
    }
}

#[test]
fn what_is_remembered_has_an_end() {
    let mut bench = Bench::new(10, &CHANNELS[..2]);
    bench.begin();
    let size = |bench: &Bench| bench.daemon.entries().values().map(Vec::len).sum::<usize>();
    bench.minutes(24 * 60);
    for round in 0..40 {
        bench.wanted.members.remove(0);
        bench.wanted.members.push(member(100 + round));
        bench.begin();
        bench.minutes(5 * 24 * 60 / 10);
    }
    assert!(bench.daemon.book.journal.len() <= 500);
    assert!(size(&bench) < 400_000, "{}", size(&bench));
}

#[test]
fn what_readers_report_brings_a_look_forward() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(61);
    let name = bench.told("friends")[0].clone();
    let begun = bench.minutes;
    bench.rumours = vec![(name.clone(), Failure::Silent, Many::Few)];
    bench.minutes(4);
    let early = |look: &&(i64, Vec<String>)| look.0 > begun && look.1 == [name.clone()];
    assert_eq!(
        bench.looks.iter().filter(early).count(),
        1,
        "{:?}",
        bench.looks
    );
    let all: BTreeSet<String> = bench
        .wanted
        .members
        .iter()
        .map(|m| m.mirror.name.clone())
        .collect();
    let untold: BTreeSet<&String> = all.difference(&bench.heard_of).collect();
    assert!(bench.heard_of.contains(&name) && !untold.is_empty());
    let view = super::super::View::of(&bench.daemon, bench.now());
    let shown = view.mirrors.iter().find(|mirror| mirror.name == name);
    assert_eq!(
        shown.unwrap().reports,
        ["a few readers say that nothing comes back (by)"]
    );
}

#[test]
fn a_report_counts_until_the_mirror_was_looked_at_from_every_vantage() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(61);
    let name = bench.told("friends")[0].clone();
    let mirror = bench.mirror(&name);
    // It is just being pushed to, so that nobody knows what it should show; and one vantage hangs.
    let begun = bench.now().wall;
    bench.hung.push(name.clone());
    bench.give(Event::Edition(8));
    bench.blind = Some(VantageId(2));
    bench.minutes(9);
    bench.rumours = vec![(name.clone(), Failure::Silent, Many::Few)];
    bench.minutes(4);
    let seen_from = |bench: &Bench| {
        let sights = &bench.daemon.book.mirrors[&mirror].sights;
        [1, 2, 3].map(|vantage| sights[&vantage].at > begun)
    };
    assert_eq!(seen_from(&bench), [false; 3]);
    bench.hung.clear();
    bench.give(Event::Pushed {
        mirror,
        edition: 8,
        lists: Vec::new(),
        outcome: Outcome::Already { edition: 8 },
    });
    bench.minutes(1);
    assert_eq!(seen_from(&bench), [true, false, true]);
    // That one comes back at last, from a round in which it saw nothing.
    bench.blind = None;
    bench.give(Event::Probed {
        vantage: VantageId(2),
        probes: Vec::new(),
    });
    bench.minutes(1);
    assert_eq!(seen_from(&bench), [true; 3]);
}

/// Whoever can reach a mirror can say what he likes there, and as often as he likes.
#[test]
fn who_lies_about_mirrors_has_none_blocked_and_puts_off_nobodys_look() {
    let (mut honest, mut lied) = (Bench::new(14, &CHANNELS), Bench::new(14, &CHANNELS));
    for bench in [&mut honest, &mut lied] {
        bench.begin();
        bench.minutes(60);
        bench.looks.clear();
    }
    let begun = lied.minutes;
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| lied.told(name)).collect();
    let all = [
        Failure::Unreachable,
        Failure::Silent,
        Failure::Slow,
        Failure::BlockPage,
        Failure::Wrong,
        Failure::Stale,
    ];
    for hour in 0..4 {
        for failure in all {
            for many in [Many::Few, Many::Some, Many::Many] {
                let liar = |number: usize| (format!("m{number}"), failure, many);
                lied.rumours = (0..14).map(liar).collect();
                lied.minutes(3);
                honest.minutes(3);
            }
        }
        lied.minutes(6);
        honest.minutes(6);
        assert_eq!(lied.minutes, begun + (hour + 1) * 60);
    }
    let rounds = |bench: &Bench| -> Vec<i64> {
        let rounds = bench.looks.iter().filter(|look| look.1.len() == 14);
        rounds.map(|look| look.0).collect()
    };
    assert_eq!(
        rounds(&lied),
        rounds(&honest),
        "the round of all is when it was"
    );
    for (before, (name, _)) in before.iter().zip(CHANNELS) {
        let after = lied.told(name);
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
    let view = super::super::View::of(&lied.daemon, lied.now());
    for mirror in &view.mirrors {
        let early = lied
            .looks
            .iter()
            .filter(|look| look.1.len() < 14 && look.1.contains(&mirror.name));
        let (early, is_told) = (early.count(), !mirror.channels.is_empty());
        assert!(
            early <= 4 && (early > 0) == is_told,
            "{}: {early}",
            mirror.name
        );
        assert!(
            ["serving", "standby"].contains(&mirror.state.as_str()),
            "{mirror:?}"
        );
    }
}

#[test]
fn a_mirror_that_was_made_under_a_domain_in_use_is_refused_and_the_operator_is_told() {
    let mut bench = Bench::new(10, &CHANNELS[..2]);
    bench.begin();
    bench.minutes(10);
    let count = |bench: &Bench| bench.daemon.members().len();
    for tied in ["https://m3.example/x", "https://www.m3.example/"] {
        bench.give(Event::Made(Ok(Box::new(made(20, tied)))));
        assert_eq!(count(&bench), 10, "{tied}");
        let told = bench.alerts.pop().unwrap();
        assert!(
            told.contains("`m20` is refused, since `m3`") && !told.contains(".example"),
            "{told}"
        );
    }
    bench.give(Event::Made(Ok(Box::new(made(3, "https://other.example/")))));
    assert!(
        bench
            .alerts
            .pop()
            .unwrap()
            .contains("there is a mirror `m3` already")
    );
    bench.give(Event::Made(Ok(Box::new(made(
        20,
        "https://other.example/",
    )))));
    assert_eq!((count(&bench), bench.alerts.len()), (11, 0));

    // Later the file names one in its place: the file is what counts.
    bench
        .wanted
        .members
        .push(made(20, "https://other.example/"));
    let in_file = Member {
        made: None,
        ..made(21, "https://www.other.example/")
    };
    bench.wanted.members.push(in_file);
    bench.begin();
    let names: Vec<String> = bench
        .daemon
        .members()
        .into_iter()
        .map(|member| member.mirror.name)
        .collect();
    assert!(
        names.contains(&"m21".into()) && !names.contains(&"m20".into()),
        "{names:?}"
    );
    assert!(
        bench.alerts.pop().unwrap().contains("is let go"),
        "{:?}",
        bench.alerts
    );
    assert!(
        bench.daemon.made().is_empty(),
        "and it is not offered again"
    );
}

#[test]
fn a_channel_is_told_of_one_mirror_of_an_account() {
    let mut bench = Bench::new(12, &CHANNELS);
    for (number, member) in bench.wanted.members.iter_mut().enumerate() {
        let public = member.public.as_mut().unwrap();
        // So few providers that the planner gives a channel two of one.
        public.provider = format!("p{}", number % 2);
        public.account = format!("a{}", number % 2);
    }
    let accounts: BTreeMap<String, String> = bench
        .wanted
        .members
        .iter()
        .map(|member| {
            let public = member.public.as_ref().unwrap();
            (public.url.to_string(), public.account.clone())
        })
        .collect();
    bench.begin();
    bench.minutes(60);
    let mut planned = 0;
    for (name, _) in CHANNELS {
        let told = bench.daemon.told(bench.channel(name)).unwrap();
        let mut seen = BTreeSet::new();
        for address in &told.list.mirrors {
            let account = &accounts[address.url.as_str()];
            assert!(seen.insert(account), "{name} is told of two in {account}");
        }
        assert!(
            told.show
                .iter()
                .all(|url| told.list.mirrors.iter().any(|address| address.url == *url))
        );
        assert!(!told.show.is_empty());
        planned = planned.max(bench.told(name).len());
    }
    assert!(planned > 2, "the planner itself would have told of more");
    let is_told = |line: &super::super::Entry| {
        line.what.contains("is not told of") && line.why.contains("in the same account")
    };
    assert!(bench.daemon.book.journal.iter().any(is_told));
}

#[test]
fn one_left_out_of_a_list_for_its_account_counts_as_told_to_nobody() {
    let mut bench = Bench::new(2, &CHANNELS[3..]);
    for member in &mut bench.wanted.members {
        let public = member.public.as_mut().unwrap();
        (public.provider, public.account) = ("p".into(), "a".into());
    }
    bench.wanted.can_make = true;
    bench.begin();
    bench.minutes(60);
    let channel = bench.channel("telegram");
    let planned = bench.told("telegram");
    let told = bench.daemon.told(channel).unwrap().list.mirrors;
    assert_eq!((planned.len(), told.len()), (2, 1));
    let is_listed = |name: &String| told[0].url.as_str().contains(&format!("{name}."));
    let (listed, left_out): (Vec<String>, Vec<String>) = planned.into_iter().partition(is_listed);
    for _ in 0..2 {
        assert!(bench.daemon.is_told(bench.mirror(&listed[0])));
        assert!(!bench.daemon.is_told(bench.mirror(&left_out[0])));
        bench.restart();
    }
    let carried = |name: &String| {
        let mut pushed = bench.pushed.iter();
        pushed.any(|(mirror, lists)| mirror == name && !lists.is_empty())
    };
    assert!(carried(&listed[0]) && !carried(&left_out[0]));
    let view = super::super::View::of(&bench.daemon, bench.now());
    assert_eq!(
        (view.channels[0].working, view.channels[0].shows.len()),
        (1, 1)
    );
    let announced = &bench.daemon.book.channels[&channel].announced["telegram"];
    assert_eq!(announced.shown, [bench.mirror(&listed[0]).0]);
    let is_lacking = |words: &String| words.contains("one channel has less than two");
    assert!(bench.alerts.iter().any(is_lacking), "{:?}", bench.alerts);

    // A new machine may copy the one that the censor reads of, and not the other.
    bench.daemon.making = false;
    bench.give(Event::Tick);
    assert_eq!(bench.asked.pop().unwrap(), [told[0].url.clone()]);
}

#[test]
fn a_list_that_says_something_else_has_another_version() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(60);
    let id = bench.channel("letter");
    let told = |bench: &Bench| bench.daemon.told(id).unwrap().list;
    let members = |bench: &Bench| -> Vec<usize> {
        let all = told(bench).mirrors;
        let at = |address: &Address| {
            let mut members = bench.wanted.members.iter();
            members.position(|it| it.public.as_ref().unwrap().url == address.url)
        };
        all.iter().map(|address| at(address).unwrap()).collect()
    };
    let place = Url::parse("https://place.example/").unwrap();
    let changes: [fn(&mut Wanted, &[usize], &Url); 4] = [
        |wanted, _, _| wanted.rendezvous.dns = Some("river.example".into()),
        |wanted, _, place| wanted.rendezvous.urls.push(place.clone()),
        |wanted, told, place| {
            wanted.members[told[0]].public.as_mut().unwrap().onion = Some(place.clone());
        },
        |wanted, told, _| {
            for member in [told[0], told[1]] {
                let public = wanted.members[member].public.as_mut().unwrap();
                (public.provider, public.account) = ("p".into(), "a".into());
            }
        },
    ];
    for change in changes {
        let (before, standing) = (told(&bench), members(&bench));
        bench.announced.clear();
        bench.pushed.clear();
        change(&mut bench.wanted, &standing, &place);
        bench.begin();
        bench.minutes(5);
        let after = told(&bench);
        assert!(after.version > before.version, "{after:?}");
        assert!(
            (&after.mirrors, &after.rendezvous) != (&before.mirrors, &before.rendezvous),
            "{after:?}"
        );
        let ways: Vec<&String> = bench.announced.iter().map(|(_, way, _)| way).collect();
        assert!(ways.contains(&&"files".to_owned()), "{ways:?}");
        let lists = bench.pushed.iter().filter(|(_, lists)| !lists.is_empty());
        assert!(lists.count() >= after.mirrors.len(), "{:?}", bench.pushed);
        bench.restart();
        bench.minutes(60);
        assert_eq!(told(&bench), after, "and it stays as it is");
    }
    let journal = &bench.daemon.book.journal;
    let lines = journal.iter().filter(|line| line.why.contains("changed"));
    assert!(lines.count() >= changes.len());
}

#[test]
fn whom_an_earlier_colport_told_is_not_forgotten() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(10);
    let mut entries = bench.daemon.entries();
    let name = format!("channel/{}", bench.channel("letter").0);
    let entry = entries.get_mut(&name).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(entry).unwrap();
    json.as_object_mut().unwrap().remove("told").unwrap();
    *entry = serde_json::to_vec(&json).unwrap();
    let told: Vec<MirrorId> = bench
        .told("letter")
        .iter()
        .map(|n| bench.mirror(n))
        .collect();
    let daemon = Daemon::open(&entries, dice).unwrap();
    assert!(told.iter().all(|mirror| daemon.is_told(*mirror)));
}

#[test]
fn a_meeting_place_that_is_away_is_tried_again_and_holds_up_no_other() {
    let mut bench = Bench::new(12, &CHANNELS[..2]);
    for channel in &mut bench.wanted.channels {
        let place = |name: &str| Way {
            name: name.into(),
            to: Audience::Programs,
        };
        channel.ways.extend(["bucket", "branch"].map(place));
    }
    bench.broken = Some("bucket".into());
    bench.begin();
    bench.minutes(120);
    let count = |bench: &Bench, name: &str| {
        let told = bench.announced.iter();
        told.filter(|(channel, way, _)| channel == "letter" && way == name)
            .count()
    };
    let lists = count(&bench, "branch");
    assert!(lists >= 1, "the other has it");
    assert!(
        (5..=12).contains(&count(&bench, "bucket")),
        "{}",
        count(&bench, "bucket")
    );
    let view = super::super::View::of(&bench.daemon, bench.now());
    let ways = &view
        .channels
        .iter()
        .find(|channel| channel.name == "letter")
        .unwrap()
        .ways;
    let trouble = |name: &str| {
        ways.iter()
            .find(|way| way.name == name)
            .unwrap()
            .trouble
            .clone()
    };
    assert_eq!(
        (trouble("bucket"), trouble("branch")),
        (Some("not reached".into()), None)
    );
    bench.broken = None;
    bench.minutes(40);
    let tries = count(&bench, "bucket");
    bench.minutes(120);
    assert_eq!(count(&bench, "bucket"), tries, "and then it has it");
}

#[test]
fn what_is_handed_on_is_made_anew_for_each_edition() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.wanted.channels[0].ways[0].to = Audience::Carriers;
    bench.begin();
    bench.minutes(120);
    let count = |bench: &Bench, name: &str| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == name)
            .count()
    };
    let before = (count(&bench, "files"), count(&bench, "telegram"));
    bench.give(Event::Edition(8));
    bench.minutes(10);
    assert_eq!(count(&bench, "files"), before.0 + 1);
    assert_eq!(
        count(&bench, "telegram"),
        before.1,
        "people are told nothing new"
    );
    bench.restart();
    bench.give(Event::Edition(8));
    bench.minutes(10);
    assert_eq!(count(&bench, "files"), before.0 + 1);
}

#[test]
fn since_when_a_mirror_is_behind_is_shown_until_it_is_not() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(10);
    let behind = |bench: &Bench| {
        let view = super::super::View::of(&bench.daemon, bench.now());
        let mirrors = view.mirrors.into_iter();
        let mut mirrors = mirrors.filter(|mirror| mirror.name == "m3");
        let mirror = mirrors.next().unwrap();
        (mirror.lag, mirror.behind_since)
    };
    assert_eq!(behind(&bench), (0, None));
    bench.dead = vec!["m3".into()];
    let since = bench.now().wall;
    bench.give(Event::Edition(8));
    bench.minutes(30);
    bench.give(Event::Edition(9));
    bench.restart();
    bench.minutes(30);
    assert_eq!(
        behind(&bench),
        (2, Some(since)),
        "since the first that it lacks"
    );
    bench.dead.clear();
    bench.minutes(40);
    assert_eq!(behind(&bench), (0, None));
}
