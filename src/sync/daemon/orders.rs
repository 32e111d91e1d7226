//! What follows from what happened. Pure: see [the module above](super).
//!
//! 1. What happened changes what is remembered, and becomes observations for the planner.
//! 2. The planner is asked at once when something was observed, and every hour.
//! 3. What it wants done changes what is remembered: a list has a new version, a mirror is wanted no more.
//! 4. What is owed follows from what is remembered, each time anew, and is ordered as far as hands are free: an edition or
//!    a list that a mirror lacks, a channel that was not told yet, a look that is due, a mirror that is missing.
//!
//! A mirror carries the lists of all channels that were ever told of it, so that who still reaches it finds the newest.
//! People are told of what is shown when that is another, and at most once: if a kill came in between, it is not known
//! whether they were told, and the operator decides. Programs are told of each version, and to tell them twice does no
//! harm.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use url::Url;

use super::super::Outcome;
use super::super::rotation::{
    self, ChannelId, MirrorId, NewChannel, Observation, Phase, ProviderId, State, Telling, Upkeep,
};
use super::book::{Announced, Audit, Book, BookError, Kept};
use super::{Audience, Effect, Event, Member, Moment, Told, Wanted, WantedChannel, Way};
use crate::base::{EditionNumber, Timestamp};
use crate::io::ledger::Entries;
use crate::trust::lists::{Address, AddressList, ChannelWord, Rendezvous, txt};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const PROBE_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// A new mirror that could not be filled for so long is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(72);
/// More are not kept in stock.
const MOST_STANDBY: usize = 30;
/// Mirrors pushed to at one time.
const ABREAST: usize = 16;
const MOST_IN_LIST: usize = 64;
/// For so long mirrors that are ready wait for others that are nearly.
const GATHERING: SignedDuration = SignedDuration::from_mins(5);
/// For so long people wait for a second address.
const SETTLING: SignedDuration = SignedDuration::from_mins(10);

/// See the module.
#[derive(Debug)]
pub struct Daemon {
    pub(super) book: Book,
    pub(super) wants: Option<Wanted>,
    dice: fn() -> [u8; 20],
    probing: bool,
    making: bool,
    /// What the operator was told of stock, so that he is told once.
    told_empty: bool,
    pub(super) trouble: Option<String>,
}

impl Daemon {
    /// Goes on from what was written down, or begins. `dice` makes words and the planner's seed.
    pub fn open(entries: &Entries, dice: fn() -> [u8; 20]) -> Result<Self, BookError> {
        let book = match Book::read(entries)? {
            Some(book) => book,
            None => {
                let seed = dice()
                    .iter()
                    .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
                Book::new(State::new(seed, 0.0))
            }
        };
        Ok(Self {
            book,
            wants: None,
            dice,
            probing: false,
            making: false,
            told_empty: false,
            trouble: None,
        })
    }

    /// All that must not be forgotten.
    pub fn entries(&self) -> Entries {
        self.book.entries()
    }

    /// Until when it has planned.
    pub fn last(&self) -> Option<Timestamp> {
        self.book.planner.last()
    }

    /// What was said by those who made mirrors that are in use.
    pub fn made(&self) -> Vec<String> {
        let in_use = self.book.mirrors.values().filter(|kept| !kept.gone);
        in_use.filter_map(|kept| kept.made.clone()).collect()
    }

    pub fn member(&self, mirror: MirrorId) -> Option<&Member> {
        self.book.members.get(&mirror)
    }

    /// All hosts that are pushed to.
    pub fn members(&self) -> Vec<Member> {
        self.book.members.values().cloned().collect()
    }

    /// Whether somebody was told of it.
    pub fn is_told(&self, mirror: MirrorId) -> bool {
        let known = self.book.planner.mirror(mirror);
        known.is_some_and(|mirror| mirror.knowers().next().is_some())
    }

    pub fn on(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut seen = self.take(event, now, &mut effects);
        seen.extend(self.filled(now));
        let due = self
            .last()
            .is_none_or(|last| now.steady.duration_since(last) >= HOUR);
        if self.wants.is_some() && (due || !seen.is_empty()) {
            self.plan(&seen, now, &mut effects);
        }
        if self.wants.is_some() {
            self.renew(now);
            self.owed(now, &mut effects);
        }
        effects
    }

    /// Mirrors that have the edition since the planner wanted it there. They are handed over together, once no other is
    /// still being filled or some minutes have passed, so that the planner can choose among them.
    fn filled(&self, now: Moment) -> Vec<Observation> {
        let waits = |id: &MirrorId| {
            let mirror = self.book.planner.mirror(*id);
            mirror.is_some_and(|mirror| {
                matches!(
                    mirror.phase,
                    Phase::Ready | Phase::Filling | Phase::Failed { .. }
                )
            })
        };
        let waiting = self.book.mirrors.iter();
        let waiting = waiting.filter(|(id, kept)| !kept.gone && waits(id));
        let (mut filled, mut is_ripe, mut is_busy) = (Vec::new(), false, false);
        for (id, kept) in waiting {
            is_busy |= kept.is_busy;
            if let Some(pushed) = kept.pushed.filter(|_| kept.edition > 0 && !kept.is_busy) {
                is_ripe |= now.wall.duration_since(pushed).abs() >= GATHERING;
                filled.push(Observation::Filled { mirror: *id });
            }
        }
        if is_busy && !is_ripe {
            filled.clear();
        }
        filled
    }

    // Step 1.
    fn take(&mut self, event: Event, now: Moment, effects: &mut Vec<Effect>) -> Vec<Observation> {
        match event {
            Event::Configured(wanted) => self.configured(wanted, now, effects),
            Event::Edition(edition) => {
                if edition > self.book.rest.edition {
                    self.book.rest.edition = edition;
                    self.note(
                        now,
                        format!("edition {edition} goes to all mirrors"),
                        "it is new",
                    );
                }
                Vec::new()
            }
            Event::Tick => Vec::new(),
            Event::Pushed {
                mirror,
                edition,
                lists,
                outcome,
            } => self.pushed(mirror, edition, lists, &outcome, now, effects),
            Event::Probed(probes) => {
                self.probing = false;
                self.book.rest.probed = Some(now.steady);
                let at = now.steady;
                let probes = probes
                    .into_iter()
                    .map(|probe| rotation::Probe { at, ..probe });
                probes.map(Observation::Probed).collect()
            }
            Event::Announced {
                channel,
                way,
                version,
                failed,
            } => {
                self.announced(channel, &way, version, failed, now);
                Vec::new()
            }
            Event::Made(made) => self.made_one(made, now, effects),
            Event::Overruled { channel, tier } => {
                let name = self.book.channel_name(channel);
                let words = match tier {
                    Some(tier) => format!("channel `{name}` is {}", tier.name()),
                    None => format!("channel `{name}` is judged again"),
                };
                self.note(now, words, "the operator said so");
                vec![Observation::Overruled { channel, tier }]
            }
            Event::Blocked { mirror } => {
                let words = format!("`{}` is blocked", self.book.mirror_name(mirror));
                self.note(now, words, "the operator said so");
                vec![Observation::Blocked {
                    mirror,
                    cause: None,
                }]
            }
            Event::Trouble(words) => {
                if self.trouble.as_ref() != Some(&words) && !words.is_empty() {
                    self.note(now, words.clone(), "");
                    effects.push(Effect::Alert(words.clone()));
                }
                self.trouble = (!words.is_empty()).then_some(words);
                Vec::new()
            }
        }
    }

    fn note(&mut self, now: Moment, what: impl Into<String>, why: impl Into<String>) {
        self.book.note(now.wall, what, why);
    }

    fn configured(
        &mut self,
        wanted: Wanted,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        let mut seen = vec![Observation::Budget {
            mirrors_per_day: wanted.mirrors_a_day,
        }];
        let is_first = self.wants.is_none();
        self.take_members(&wanted, now, &mut seen);
        self.take_channels(&wanted, now, &mut seen);
        if is_first {
            self.not_known(now, effects);
        }
        match self.wants.as_ref() == Some(&wanted) {
            true => Vec::new(),
            false => {
                self.wants = Some(wanted);
                seen
            }
        }
    }

    fn take_members(&mut self, wanted: &Wanted, now: Moment, seen: &mut Vec<Observation>) {
        let before = std::mem::take(&mut self.book.members);
        for member in &wanted.members {
            let name = &member.mirror.name;
            let known = self
                .book
                .mirrors
                .iter()
                .find(|(_, kept)| kept.name == *name && !kept.gone);
            let id = match known.map(|(id, _)| *id) {
                Some(id) => id,
                None => self.begin(member, now),
            };
            // Another place under an old name is a new host.
            if before
                .get(&id)
                .is_some_and(|old| old.mirror.place != member.mirror.place)
                && let Some(kept) = self.book.mirrors.get_mut(&id)
            {
                kept.edition = 0;
                kept.lists.clear();
            }
            self.book.members.insert(id, member.clone());
            if let Some(public) = &member.public
                && self.book.planner.mirror(id).is_none()
            {
                let provider = ProviderId(self.book.number("provider", &public.provider));
                let upkeep = public.upkeep;
                seen.push(Observation::Made {
                    mirror: id,
                    provider,
                    upkeep,
                });
            }
        }
        let gone: Vec<MirrorId> = self
            .book
            .mirrors
            .iter()
            .filter(|(id, kept)| !kept.gone && !self.book.members.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.give_up(id, "it no longer stands in `colport.toml`", now, seen);
        }
    }

    fn begin(&mut self, member: &Member, now: Moment) -> MirrorId {
        let id = MirrorId(self.book.next_id());
        let kept = Kept {
            name: member.mirror.name.clone(),
            made: member.made.clone(),
            since: now.steady,
            edition: 0,
            pushed: None,
            lists: std::collections::BTreeMap::new(),
            fails_since: None,
            failures: 0,
            again: None,
            trouble: None,
            gone: false,
            is_busy: false,
        };
        self.note(now, format!("mirror `{}` joins", kept.name), "it is new");
        self.book.mirrors.insert(id, kept);
        id
    }

    fn give_up(&mut self, id: MirrorId, why: &str, now: Moment, seen: &mut Vec<Observation>) {
        let words = format!("mirror `{}` leaves", self.book.mirror_name(id));
        self.note(now, words, why);
        if let Some(kept) = self.book.mirrors.get_mut(&id) {
            kept.gone = true;
        }
        if self.book.planner.mirror(id).is_some() {
            seen.push(Observation::Dead { mirror: id });
        }
    }

    fn take_channels(&mut self, wanted: &Wanted, now: Moment, seen: &mut Vec<Observation>) {
        self.book.wanted.clear();
        let mut fresh: Vec<(ChannelId, &WantedChannel)> = Vec::new();
        for channel in &wanted.channels {
            let known = self
                .book
                .channels
                .iter()
                .find(|(_, audit)| audit.name == channel.name && !audit.gone);
            let id = match known.map(|(id, _)| *id) {
                Some(id) => id,
                None => {
                    let id = ChannelId(self.book.next_id());
                    self.open_channel(id, channel, now);
                    fresh.push((id, channel));
                    id
                }
            };
            self.book.wanted.insert(id, channel.clone());
        }
        let heirs: BTreeSet<&str> = fresh
            .iter()
            .filter_map(|(_, channel)| channel.instead_of.as_deref())
            .collect();
        for name in heirs {
            let parent = self
                .book
                .channels
                .iter()
                .find(|(_, audit)| audit.name == name)
                .map(|(id, _)| *id);
            let into = fresh
                .iter()
                .filter(|(_, channel)| channel.instead_of.as_deref() == Some(name));
            let into: Vec<NewChannel> = into
                .map(|(id, channel)| new_channel(*id, channel))
                .collect();
            match parent {
                Some(channel) => seen.push(Observation::WasSplit { channel, into }),
                None => seen.extend(into.into_iter().map(Observation::NewChannel)),
            }
        }
        let alone = fresh
            .iter()
            .filter(|(_, channel)| channel.instead_of.is_none());
        seen.extend(alone.map(|(id, channel)| Observation::NewChannel(new_channel(*id, channel))));
        let gone: Vec<ChannelId> = self
            .book
            .channels
            .iter()
            .filter(|(id, audit)| !audit.gone && !self.book.wanted.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        for channel in gone {
            let words = format!(
                "channel `{}` is told no more",
                self.book.channel_name(channel)
            );
            self.note(now, words, "it no longer stands in `colport.toml`");
            if let Some(audit) = self.book.channels.get_mut(&channel) {
                audit.gone = true;
            }
            seen.push(Observation::WasSplit {
                channel,
                into: Vec::new(),
            });
        }
    }

    fn open_channel(&mut self, id: ChannelId, channel: &WantedChannel, now: Moment) {
        self.note(
            now,
            format!("channel `{}` is new", channel.name),
            "it stands in `colport.toml`",
        );
        let audit = Audit {
            name: channel.name.clone(),
            word: ChannelWord::of_chance((self.dice)()),
            version: 0,
            issued: None,
            expires: None,
            announced: std::collections::BTreeMap::new(),
            gone: false,
            busy: std::collections::BTreeMap::new(),
        };
        self.book.channels.insert(id, audit);
    }

    /// What was begun before the program ended, of which nobody knows how it ended.
    fn not_known(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut doubtful = Vec::new();
        for (id, audit) in &mut self.book.channels {
            let ways = self
                .book
                .wanted
                .get(id)
                .map(|channel| channel.ways.as_slice())
                .unwrap_or_default();
            for way in ways.iter().filter(|way| way.to == Audience::People) {
                let begun = audit
                    .announced
                    .get_mut(&way.name)
                    .filter(|announced| !announced.is_done && announced.again.is_none());
                if let Some(begun) = begun {
                    begun.is_done = true;
                    doubtful.push(format!("it is not known whether `{}` told channel `{}` of its mirrors: the program ended meanwhile", way.name, audit.name));
                }
            }
        }
        for words in doubtful {
            self.note(
                now,
                words.clone(),
                "nothing is announced twice; look, and announce it by hand if need be",
            );
            effects.push(Effect::Alert(words));
        }
    }

    fn pushed(
        &mut self,
        id: MirrorId,
        edition: EditionNumber,
        lists: Vec<(ChannelId, u64)>,
        outcome: &Outcome,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        let Some(kept) = self.book.mirrors.get_mut(&id) else {
            return Vec::new();
        };
        kept.is_busy = false;
        if let Outcome::Behind { edition } = outcome {
            // It copies others in its own time.
            kept.edition = edition.unwrap_or(0);
            kept.again = now.steady.checked_add(SignedDuration::from_mins(1)).ok();
            kept.trouble = None;
            return Vec::new();
        }
        if !outcome.is_good() {
            return self.failed(id, outcome, now, effects);
        }
        let is_news = kept.edition != edition;
        kept.edition = edition;
        kept.pushed = Some(now.wall);
        kept.lists.extend(
            lists
                .into_iter()
                .map(|(channel, version)| (channel.0, version)),
        );
        (kept.failures, kept.again, kept.fails_since) = (0, None, None);
        let was_in_trouble = kept.trouble.take().is_some();
        if is_news || was_in_trouble {
            let words = format!("`{}` has edition {edition}", self.book.mirror_name(id));
            self.note(now, words, "it was read back");
        }
        Vec::new()
    }

    fn failed(
        &mut self,
        id: MirrorId,
        outcome: &Outcome,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        let mut seen = Vec::new();
        let Some(kept) = self.book.mirrors.get_mut(&id) else {
            return seen;
        };
        let since = *kept.fails_since.get_or_insert(now.steady);
        kept.failures += 1;
        kept.again = now.steady.checked_add(back_off(kept.failures)).ok();
        let words = outcome.to_string();
        if kept.trouble.as_ref() != Some(&words) {
            kept.trouble = Some(words.clone());
            let what = format!(
                "`{}` could not be brought up to date",
                self.book.mirror_name(id)
            );
            self.note(now, what, words);
        }
        let is_filling = self
            .book
            .planner
            .mirror(id)
            .is_some_and(|mirror| mirror.phase == Phase::Filling);
        if is_filling && now.steady.duration_since(since) >= PATIENCE {
            let words = format!(
                "mirror `{}` could not be filled for three days and is given up",
                self.book.mirror_name(id)
            );
            effects.push(Effect::Alert(words));
            self.give_up(id, "it could not be filled for three days", now, &mut seen);
        }
        seen
    }

    fn announced(
        &mut self,
        channel: ChannelId,
        way: &str,
        version: u64,
        failed: Option<String>,
        now: Moment,
    ) {
        let Some(audit) = self.book.channels.get_mut(&channel) else {
            return;
        };
        audit.busy.remove(way);
        let name = audit.name.clone();
        let Some(announced) = audit
            .announced
            .get_mut(way)
            .filter(|announced| announced.version == version)
        else {
            return;
        };
        match failed {
            None => {
                announced.is_done = true;
                (announced.failures, announced.again, announced.trouble) = (0, None, None);
                self.note(
                    now,
                    format!("channel `{name}` was told by `{way}`"),
                    "its mirrors are others",
                );
            }
            Some(why) => {
                announced.failures += 1;
                announced.again = now.steady.checked_add(back_off(announced.failures)).ok();
                let is_news = announced.trouble.as_ref() != Some(&why);
                announced.trouble = Some(why.clone());
                if is_news {
                    self.note(
                        now,
                        format!("channel `{name}` could not be told by `{way}`"),
                        why,
                    );
                }
            }
        }
    }

    fn made_one(
        &mut self,
        made: Result<Box<Member>, String>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        self.making = false;
        let member = match made {
            Ok(member) => *member,
            Err(why) => {
                let words = format!("a new mirror could not be made: {why}");
                self.note(now, words.clone(), "the stock is low");
                effects.push(Effect::Alert(words));
                return Vec::new();
            }
        };
        let Some(mut wanted) = self.wants.clone() else {
            return Vec::new();
        };
        wanted.members.push(member);
        self.configured(wanted, now, effects)
    }

    // Steps 2 and 3.
    fn plan(&mut self, seen: &[Observation], now: Moment, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.book.planner, State::new(0, 0.0));
        let phases: Vec<(MirrorId, &'static str)> = before
            .mirrors()
            .map(|(id, mirror)| (id, mirror.phase.name()))
            .collect();
        let tiers: Vec<(ChannelId, rotation::Tier)> = before
            .channels()
            .map(|(id, channel)| (id, channel.tier))
            .collect();
        let (planner, actions) = rotation::step(before, now.steady, seen);
        self.book.planner = planner;
        for action in actions {
            self.act(action, now, effects);
        }
        self.tell_changes(&phases, &tiers, now, effects);
        self.tell_stock(now, effects);
        self.forget();
    }

    fn act(&mut self, action: rotation::Action, now: Moment, effects: &mut Vec<Effect>) {
        match action {
            rotation::Action::Fill { mirror } => {
                if let Some(kept) = self.book.mirrors.get_mut(&mirror) {
                    kept.edition = 0;
                    kept.again = None;
                }
            }
            rotation::Action::Publish { channel, list } => {
                self.issue(channel, &list, now, "its mirrors changed")
            }
            rotation::Action::Split { channel } => {
                let name = self.book.channel_name(channel);
                let words = format!(
                    "channel `{name}` leaks: invite its readers to two smaller groups, and name both in `colport.toml` with `instead_of = \"{name}\"`"
                );
                self.note(now, words.clone(), "only one of the halves has the agent");
                effects.push(Effect::Alert(words));
            }
            rotation::Action::Retire { mirror } => {
                let name = self.book.mirror_name(mirror);
                self.note(
                    now,
                    format!("`{name}` is retired"),
                    "it was blocked, and is kept no longer",
                );
                effects.push(Effect::Retire { mirror });
            }
            rotation::Action::Alarm { blocked } => {
                let words = format!(
                    "{blocked} mirrors were blocked at one time; the reserve is opened for two days"
                );
                self.note(now, words.clone(), "so many at once are no chance");
                effects.push(Effect::Alert(words));
            }
        }
    }

    fn tell_changes(
        &mut self,
        phases: &[(MirrorId, &str)],
        tiers: &[(ChannelId, rotation::Tier)],
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        for (id, before) in phases {
            let Some(mirror) = self.book.planner.mirror(*id) else {
                continue;
            };
            let (after, cause) = (mirror.phase.name(), mirror.cause);
            if after == "failed"
                && *before != "failed"
                && let Some(kept) = self.book.mirrors.get_mut(id)
            {
                // When it can be pushed to again, it is back.
                kept.edition = 0;
            }
            if after != *before && after != "retired" {
                let why = cause
                    .filter(|_| after == "blocked")
                    .map_or_else(String::new, |cause| cause.to_string());
                let name = self.book.mirror_name(*id);
                self.note(now, format!("`{name}` is {after}, was {before}"), why);
            }
        }
        for (id, before) in tiers {
            let Some(channel) = self.book.planner.channel(*id) else {
                continue;
            };
            let (after, p) = (channel.tier, channel.p_leak);
            if after != *before {
                let name = self.book.channel_name(*id);
                let words = format!(
                    "channel `{name}` is {}, was {}",
                    after.name(),
                    before.name()
                );
                self.note(
                    now,
                    words.clone(),
                    format!("it leaks with {:.0} %", p * 100.0),
                );
                effects.push(Effect::Alert(words));
            }
        }
    }

    fn tell_stock(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let planner = &self.book.planner;
        let is_filling = planner
            .mirrors()
            .any(|(_, mirror)| matches!(mirror.phase, Phase::Ready | Phase::Filling));
        let works = |id: &&MirrorId| planner.mirror(**id).is_some_and(rotation::Mirror::works);
        let lacking = planner.channels().filter(|(_, channel)| {
            channel.is_in_use() && channel.told.bundle.iter().filter(works).count() < 2
        });
        let lacking = lacking.count();
        let is_empty = self.standby() == 0 && lacking > 0 && !is_filling;
        if is_empty && !self.told_empty {
            let words = format!(
                "no mirror is left in stock, and {lacking} channels have less than two that work"
            );
            self.note(
                now,
                words.clone(),
                "they can be given another as soon as there is one",
            );
            effects.push(Effect::Alert(words));
        }
        self.told_empty = is_empty;
    }

    fn standby(&self) -> usize {
        self.book
            .planner
            .mirrors()
            .filter(|(_, mirror)| mirror.is_standby())
            .count()
    }

    /// What the planner has forgotten and nobody wants is forgotten here too.
    fn forget(&mut self) {
        let Book {
            planner,
            mirrors,
            members,
            ..
        } = &mut self.book;
        mirrors.retain(|id, kept| {
            !kept.gone || members.contains_key(id) || planner.mirror(*id).is_some()
        });
    }

    /// A list of a new version, that counts from now on.
    fn issue(&mut self, channel: ChannelId, list: &Telling, now: Moment, why: &str) {
        let has_any = list.bundle.iter().any(|id| self.public(*id).is_some());
        let days = self.wants.as_ref().map_or(14, |wants| wants.list_days);
        let Some(audit) = self.book.channels.get_mut(&channel).filter(|_| has_any) else {
            return;
        };
        // By the clock, so that a daemon which forgot all goes on above what readers have seen.
        let by_clock = u64::try_from(now.wall.as_second()).unwrap_or(0);
        audit.version = by_clock.max(audit.version + 1);
        audit.issued = Some(now.wall);
        audit.expires = now
            .wall
            .checked_add(SignedDuration::from_hours(24 * days))
            .ok();
        let words = format!(
            "channel `{}` has a new list of {}",
            audit.name,
            list.bundle.len()
        );
        self.note(now, words, why);
    }

    /// Signs lists anew when half of their time is over.
    fn renew(&mut self, now: Moment) {
        let days = self.wants.as_ref().map_or(14, |wants| wants.list_days);
        let half = SignedDuration::from_hours(12 * days);
        let old: Vec<(ChannelId, Telling)> = self
            .book
            .channels
            .iter()
            .filter(|(_, audit)| {
                audit
                    .issued
                    .is_some_and(|at| now.wall.duration_since(at) >= half)
            })
            .filter_map(|(id, _)| {
                let channel = self
                    .book
                    .planner
                    .channel(*id)
                    .filter(|channel| channel.is_in_use())?;
                Some((*id, channel.told.clone()))
            })
            .collect();
        for (channel, list) in old {
            self.issue(channel, &list, now, "half of its time is over");
        }
    }

    pub(super) fn public(&self, id: MirrorId) -> Option<&super::Public> {
        self.book.members.get(&id)?.public.as_ref()
    }

    /// What the channel is told now.
    pub fn told(&self, id: ChannelId) -> Option<Told> {
        let audit = self.book.channels.get(&id)?;
        let telling = &self.book.planner.channel(id)?.told;
        let wanted = self.wants.as_ref()?;
        let address = |id: &MirrorId| {
            let public = self.public(*id)?;
            Some(Address {
                url: public.url.clone(),
                onion: public.onion.clone(),
                spki: None,
            })
        };
        let mut mirrors: Vec<Address> = telling.bundle.iter().filter_map(address).collect();
        let mut urls = BTreeSet::new();
        mirrors.retain(|address| urls.insert(address.url.clone()));
        mirrors.truncate(MOST_IN_LIST);
        let rendezvous = Rendezvous {
            dns: wanted
                .rendezvous
                .dns
                .as_ref()
                .map(|name| txt::name_below(&audit.word, name)),
            urls: wanted
                .rendezvous
                .urls
                .iter()
                .map(|url| below(url, &audit.word))
                .collect(),
        };
        let show = telling
            .show
            .iter()
            .filter_map(|id| Some(self.public(*id)?.url.clone()));
        Some(Told {
            channel: id,
            name: audit.name.clone(),
            word: audit.word.clone(),
            show: show.collect(),
            list: AddressList {
                version: audit.version,
                issued: audit.issued?,
                expires: audit.expires?,
                mirrors,
                rendezvous,
            },
        })
        .filter(|told| !told.list.mirrors.is_empty())
    }

    // Step 4.
    fn owed(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.owed_pushes(now, effects);
        self.owed_announcements(now, effects);
        self.owed_looks(now, effects);
        self.owed_mirrors(now, effects);
    }

    fn owed_pushes(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let newest = self.book.rest.edition;
        if newest == 0 {
            return;
        }
        let mut free = ABREAST.saturating_sub(
            self.book
                .mirrors
                .values()
                .filter(|kept| kept.is_busy)
                .count(),
        );
        let ids: Vec<MirrorId> = self.book.members.keys().copied().collect();
        let mut owing: Vec<(u32, MirrorId, Vec<Told>)> = Vec::new();
        for id in ids {
            let Some(kept) = self
                .book
                .mirrors
                .get(&id)
                .filter(|kept| !kept.is_busy && !kept.gone)
            else {
                continue;
            };
            let is_over = self
                .book
                .planner
                .mirror(id)
                .is_some_and(|mirror| matches!(mirror.phase, Phase::Retired { .. }));
            let waits = kept.again.is_some_and(|again| again > now.steady);
            let failures = kept.failures;
            let has_edition = kept.edition >= newest;
            let lists = self.lists_for(id, has_edition);
            if !is_over && !waits && (!has_edition || !lists.is_empty()) {
                owing.push((failures, id, lists));
            }
        }
        // Who failed often waits behind those who did not.
        owing.sort_by_key(|(failures, id, _)| (*failures, *id));
        for (_, mirror, lists) in owing {
            if free == 0 {
                break;
            }
            free -= 1;
            if let Some(kept) = self.book.mirrors.get_mut(&mirror) {
                kept.is_busy = true;
            }
            effects.push(Effect::Push {
                mirror,
                edition: newest,
                lists,
            });
        }
    }

    /// The lists that the mirror lacks, of channels that were ever told of it.
    fn lists_for(&self, id: MirrorId, has_edition: bool) -> Vec<Told> {
        let (Some(mirror), Some(kept)) = (self.book.planner.mirror(id), self.book.mirrors.get(&id))
        else {
            return Vec::new();
        };
        let lacks = mirror.knowers().filter(|(channel, _)| {
            let version = self
                .book
                .channels
                .get(channel)
                .map_or(0, |audit| audit.version);
            version > kept.lists.get(&channel.0).copied().unwrap_or(0)
        });
        let mut lacking: Vec<ChannelId> = lacks.map(|(channel, _)| channel).collect();
        let is_server = self
            .member(id)
            .is_some_and(|member| member.server().is_some());
        if !(is_server || lacking.is_empty() && has_edition) {
            // What a host of files is not given it may lose: a branch is replaced whole.
            lacking = mirror.knowers().map(|(channel, _)| channel).collect();
        }
        lacking
            .into_iter()
            .filter_map(|channel| self.told(channel))
            .collect()
    }

    fn owed_announcements(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let wanted: Vec<(ChannelId, Vec<Way>)> = self
            .book
            .wanted
            .iter()
            .map(|(id, channel)| (*id, channel.ways.clone()))
            .collect();
        for (id, ways) in wanted {
            let Some(told) = self.told(id) else {
                continue;
            };
            let shown: Vec<u64> = self
                .book
                .planner
                .channel(id)
                .map(|channel| channel.told.show.iter().map(|id| id.0).collect())
                .unwrap_or_default();
            // Nobody is sent to a mirror that does not show the channel's list yet.
            let is_ready = self.carries(&shown, id);
            let is_settled =
                shown.len() > 1 || now.wall.duration_since(told.list.issued).abs() >= SETTLING;
            let Some(audit) = self.book.channels.get_mut(&id) else {
                continue;
            };
            for way in ways.into_iter().filter(|_| is_ready) {
                let waits = way.to == Audience::People && !is_settled;
                if waits
                    || audit.busy.contains_key(&way.name)
                    || !is_owed(
                        audit.announced.get(&way.name),
                        &way,
                        &told,
                        &shown,
                        now.steady,
                    )
                {
                    continue;
                }
                let failures = audit
                    .announced
                    .get(&way.name)
                    .map_or(0, |announced| announced.failures);
                audit.busy.insert(way.name.clone(), told.list.version);
                audit.announced.insert(
                    way.name.clone(),
                    Announced {
                        version: told.list.version,
                        shown: shown.clone(),
                        is_done: false,
                        failures,
                        again: None,
                        trouble: None,
                    },
                );
                effects.push(Effect::Announce {
                    way: way.name,
                    told: told.clone(),
                });
            }
        }
    }

    /// One of those shown has the channel's newest list, or all of them are too far to be reached from here.
    fn carries(&self, shown: &[u64], channel: ChannelId) -> bool {
        let version = self
            .book
            .channels
            .get(&channel)
            .map_or(0, |audit| audit.version);
        let mut mirrors = shown
            .iter()
            .filter_map(|id| self.book.mirrors.get(&MirrorId(*id)));
        mirrors.any(|kept| kept.failures > 2 || kept.lists.get(&channel.0) == Some(&version))
    }

    fn owed_looks(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let is_due = self
            .book
            .rest
            .probed
            .is_none_or(|at| now.steady.duration_since(at) >= PROBE_EVERY);
        let can_look = self
            .wants
            .as_ref()
            .is_some_and(|wants| !wants.vantages.is_empty());
        if self.probing || !is_due || !can_look {
            return;
        }
        let newest = self.book.rest.edition;
        let targets: Vec<MirrorId> = self
            .book
            .planner
            .mirrors()
            .filter(|(id, mirror)| {
                let kept = self.book.mirrors.get(id);
                // One that is just being pushed to may show either edition.
                let is_settled = kept.is_some_and(|kept| {
                    kept.edition == newest && !kept.is_busy || kept.failures > 0
                });
                is_settled && (mirror.works() || matches!(mirror.phase, Phase::Blocked { .. }))
            })
            .map(|(id, _)| id)
            .collect();
        if !targets.is_empty() {
            self.probing = true;
            effects.push(Effect::Probe(targets));
        }
    }

    fn owed_mirrors(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let Some(wants) = self.wants.as_ref().filter(|wants| wants.can_make) else {
            return;
        };
        let made = &mut self.book.rest.made;
        made.retain(|at| now.steady.duration_since(*at) < DAY);
        let is_affordable = (made.len() as f64) < wants.mirrors_a_day;
        let filling = self
            .book
            .planner
            .mirrors()
            .filter(|(_, mirror)| mirror.phase == Phase::Filling)
            .count();
        let is_low = self.standby() + filling < MOST_STANDBY;
        if is_low && is_affordable && !self.making {
            self.making = true;
            self.book.rest.made.push(now.steady);
            effects.push(Effect::Make);
        }
    }
}

fn new_channel(channel: ChannelId, wanted: &WantedChannel) -> NewChannel {
    NewChannel {
        channel,
        kind: wanted.kind,
        prior: wanted.prior,
        readers: wanted.readers,
    }
}

/// Where a channel's own list lies below a meeting place.
fn below(place: &Url, word: &ChannelWord) -> Url {
    let mut url = place.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .push(&format!("{}.json", word.name()));
    }
    url
}

fn is_owed(
    done: Option<&Announced>,
    way: &Way,
    told: &Told,
    shown: &[u64],
    now: Timestamp,
) -> bool {
    let Some(done) = done else {
        return true;
    };
    let is_news = match way.to {
        Audience::People => done.shown != shown,
        Audience::Programs => done.version < told.list.version,
    };
    let is_to_repeat = !done.is_done && done.again.is_none_or(|again| again <= now);
    // What was begun by an earlier run: programs are told again, people are not (see `not_known`).
    is_news && done.again.is_none_or(|again| again <= now) || is_to_repeat
}

/// A minute, then twice as long each time, up to half an hour.
fn back_off(failures: u32) -> SignedDuration {
    SignedDuration::from_mins(2i64.pow(failures.saturating_sub(1).min(5))).min(HOUR / 2)
}

/// It costs something.
pub(super) fn cost(kept: &super::Public) -> f64 {
    match kept.upkeep {
        Upkeep::Free => 0.0,
        Upkeep::Paid => kept.cost_a_day,
    }
}

#[cfg(test)]
mod tests;
