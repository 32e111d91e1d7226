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

mod configured;
mod hearsay;
mod listing;
mod owed;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use url::Url;

use self::hearsay::Hearsay;
use super::super::Outcome;
use super::super::rotation::{
    self, ChannelId, Lack, MirrorId, Observation, Phase, State, Upkeep, VantageId,
};
use super::book::{Book, BookError, Kept, Sight};
use super::{Audience, Effect, Event, Member, Moment, Part, Wanted};
use crate::base::{EditionNumber, Timestamp};
use crate::io::ledger::Entries;

/// So many times in a row is no passing trouble.
const TOLD_FAILURES: u32 = 3;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const PROBE_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// A new mirror that could not be filled for so long is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(72);
/// One that is not done for so long is looked at like those that are.
const LAGGING: SignedDuration = HOUR;
/// Who took an edition shows it after so long.
const UNREAD: SignedDuration = SignedDuration::from_mins(2);
/// More are not kept in stock.
const MOST_STANDBY: usize = 30;
/// Mirrors that one has begun to push to within [`BRISK`].
const ABREAST: usize = 16;
/// Who takes longer keeps no place from others: some hang, and some drip on purpose.
const BRISK: SignedDuration = SignedDuration::from_mins(2);
/// Mirrors pushed to at one time, with the slow ones.
const MOST_ABREAST: usize = 128;
const MOST_IN_LIST: usize = 64;
/// Mirrors that a new one is told of.
const MOST_TO_FOLLOW: usize = 3;
/// For so long mirrors that are ready wait for others that are nearly.
const GATHERING: SignedDuration = SignedDuration::from_mins(5);
/// For so long people wait for a second address.
const SETTLING: SignedDuration = SignedDuration::from_mins(10);

/// Which mirrors are being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looking {
    AtAll,
    AtSome,
}

/// See the module.
#[derive(Debug)]
pub struct Daemon {
    pub(super) book: Book,
    pub(super) wants: Option<Wanted>,
    dice: fn() -> [u8; 20],
    /// Which vantages are looking, and at what.
    probing: BTreeMap<VantageId, Looking>,
    /// When each was done the last time with all.
    looked: BTreeMap<VantageId, Timestamp>,
    pub(super) hearsay: Hearsay,
    making: bool,
    /// Whether what is sent to one mirror is taken from the others.
    is_line_limited: bool,
    /// How asking for a mirror failed, how often in a row, and until when nobody is asked again.
    unmade: Option<(String, u32, Timestamp)>,
    /// What keeps channels from having two mirrors, and how many; the operator was told of it, and is told once.
    lacking: BTreeMap<Lack, usize>,
    troubles: BTreeMap<Part, String>,
    /// Why nothing could be pushed at all.
    held: Option<String>,
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
            probing: BTreeMap::new(),
            looked: BTreeMap::new(),
            hearsay: Hearsay::default(),
            making: false,
            is_line_limited: false,
            unmade: None,
            lacking: BTreeMap::new(),
            troubles: BTreeMap::new(),
            held: None,
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

    /// Under which addresses readers find mirrors.
    pub fn addresses(&self) -> Vec<(MirrorId, Url)> {
        let members = self.book.members.iter();
        let public = members.filter_map(|(id, member)| Some((*id, member.public.as_ref()?)));
        let urls = public.flat_map(|(id, public)| {
            let urls = std::iter::once(&public.url).chain(&public.onion);
            urls.map(move |url| (id, url.clone()))
        });
        urls.collect()
    }

    /// Whether somebody was told of it.
    pub fn is_told(&self, mirror: MirrorId) -> bool {
        self.book.knowers(mirror).next().is_some()
    }

    pub fn is_in_trouble(&self, of: Part) -> bool {
        self.troubles.contains_key(&of)
    }

    /// All that is wrong here, for the operator.
    pub(super) fn trouble(&self) -> Option<String> {
        let own = self.troubles.values().chain(&self.held).cloned();
        let lacking = self.lacking.iter();
        let lacking = lacking.map(|(lack, channels)| words_of(*lack, *channels).0);
        let all: Vec<String> = own.chain(lacking).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    pub fn on(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut seen = self.take(event, now, &mut effects);
        seen.extend(self.filled(now));
        let due = self
            .last()
            .is_none_or(|last| now.steady.duration_since(last) >= HOUR);
        if self.wants.is_some() && (due || !seen.is_empty()) {
            // Steps 2 and 3.
            self.plan(&seen, now, &mut effects);
        }
        // Step 4.
        if self.wants.is_some() {
            self.tell_stock(now, &mut effects);
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

    /// Step 1.
    fn take(&mut self, event: Event, now: Moment, effects: &mut Vec<Effect>) -> Vec<Observation> {
        match event {
            Event::Configured(wanted) => {
                let wanted = self.without_given_up(wanted);
                self.configured(wanted, now, effects)
            }
            Event::Edition(edition) => {
                if edition > self.book.rest.edition {
                    self.book.rest.edition = edition;
                    let filled = self.book.mirrors.values_mut();
                    for kept in filled.filter(|kept| kept.edition > 0) {
                        kept.behind_since.get_or_insert(now.wall);
                    }
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
                outcome,
                lists,
                untaken,
            } => {
                self.took_lists(mirror, lists);
                self.pushed(mirror, edition, &outcome, untaken.as_ref(), now, effects)
            }
            Event::Held { mirror, why } => self.held(mirror, why, now, effects),
            Event::Probed { vantage, probes } => {
                // A look at a few, for what was reported of them, puts off nobody else's.
                if self.probing.remove(&vantage) != Some(Looking::AtSome) {
                    self.looked.insert(vantage, now.steady);
                    self.book.rest.probed = Some(now.steady);
                }
                self.saw(&probes, now);
                for probe in &probes {
                    self.was_looked_at(vantage, probe.mirror, now);
                }
                // Nothing was seen in time to come, whatever a clock says.
                let probes = probes.into_iter().map(|probe| rotation::Probe {
                    at: probe.at.min(now.steady),
                    ..probe
                });
                probes.map(Observation::Probed).collect()
            }
            Event::Heard(hints) => {
                self.heard(&hints, now);
                Vec::new()
            }
            Event::Announced {
                channel,
                way,
                version,
                failed,
            } => {
                self.announced(channel, &way, version, failed, now, effects);
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
            Event::Trouble { of, words } if words.is_empty() => {
                self.troubles.remove(&of);
                Vec::new()
            }
            Event::Trouble { of, words } => {
                if self.troubles.get(&of) != Some(&words) {
                    self.note(now, words.clone(), "");
                    effects.push(Effect::Alert(words.clone()));
                    self.troubles.insert(of, words);
                }
                Vec::new()
            }
        }
    }

    /// For the operator to see.
    fn saw(&mut self, probes: &[rotation::Probe], now: Moment) {
        for probe in probes {
            if let Some(kept) = self.book.mirrors.get_mut(&probe.mirror) {
                let sight = Sight::of(probe, now.wall);
                kept.sights.insert(probe.vantage.0, sight);
            }
        }
        let vantages = self.wants.iter().flat_map(|wants| &wants.vantages);
        let known: BTreeSet<u64> = vantages.map(|(id, _)| id.0).collect();
        for kept in self.book.mirrors.values_mut() {
            kept.sights.retain(|vantage, _| known.contains(vantage));
        }
    }

    fn note(&mut self, now: Moment, what: impl Into<String>, why: impl Into<String>) {
        self.book.note(now.wall, what, why);
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
        outcome: &Outcome,
        untaken: Option<&Outcome>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        let Some(kept) = self.book.mirrors.get_mut(&id) else {
            return Vec::new();
        };
        kept.is_busy = false;
        self.held = None;
        if let Outcome::Behind { edition } = outcome {
            // It copies others in its own time, but not for ever.
            let edition = edition.unwrap_or(0);
            if edition > kept.edition {
                kept.lags_since = None;
            }
            kept.edition = edition;
            let since = *kept.lags_since.get_or_insert(now.steady);
            if now.steady.duration_since(since) >= PATIENCE {
                kept.fails_since.get_or_insert(since);
                return self.failed(id, outcome, now, effects);
            }
            kept.again = now.steady.checked_add(SignedDuration::from_mins(1)).ok();
            kept.trouble = None;
            return Vec::new();
        }
        if let Outcome::Taken(_) = outcome {
            // It counts when it is seen.
            kept.again = now.steady.checked_add(UNREAD).ok();
            return Vec::new();
        }
        if !outcome.is_good() {
            return self.failed(id, outcome, now, effects);
        }
        let is_news = kept.edition != edition;
        kept.edition = edition;
        kept.pushed = Some(now.wall);
        if edition >= self.book.rest.edition {
            kept.behind_since = None;
        }
        kept.lags_since = None;
        let mut is_over = false;
        if untaken.is_none() {
            (kept.failures, kept.again, kept.fails_since) = (0, None, None);
            is_over = kept.trouble.take().is_some();
        }
        if is_news || is_over {
            let words = format!("`{}` has edition {edition}", self.book.mirror_name(id));
            self.note(now, words, "it was read back");
        }
        match untaken {
            Some(untaken) => self.failed(id, untaken, now, effects),
            None => Vec::new(),
        }
    }

    fn took_lists(&mut self, id: MirrorId, lists: Vec<(ChannelId, u64)>) {
        if let Some(kept) = self.book.mirrors.get_mut(&id) {
            let lists = lists.into_iter();
            kept.lists
                .extend(lists.map(|(channel, version)| (channel.0, version)));
        }
    }

    /// Nobody is accused: what is wrong is wrong here.
    fn held(
        &mut self,
        id: MirrorId,
        why: String,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        if let Some(kept) = self.book.mirrors.get_mut(&id) {
            kept.is_busy = false;
            kept.again = now.steady.checked_add(SignedDuration::from_mins(1)).ok();
        }
        // Every mirror is held for the same reason.
        if self.held.as_ref() != Some(&why) {
            self.note(now, "what is new cannot be sent to mirrors", why.clone());
            effects.push(Effect::Alert(format!(
                "what is new cannot be sent to mirrors: {why}"
            )));
            self.held = Some(why);
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
        let before = kept.trouble.replace(words.clone());
        // Of what kind it is, and not in which words: a host that says something else each time would fill the journal.
        if before.is_none_or(|before| kind_of(&before) != kind_of(&words)) {
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
                "mirror `{}` could not be filled for three days and is given up; once it is mended, take it out of \
                 `colport.toml`, and put it in again",
                self.book.mirror_name(id)
            );
            effects.push(Effect::Alert(words));
            let why = "it could not be filled for three days";
            self.give_up_for_good(id, why, now, &mut seen);
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
        effects: &mut Vec<Effect>,
    ) {
        let Some(audit) = self.book.channels.get_mut(&channel) else {
            return;
        };
        audit.busy.remove(way);
        let name = audit.name.clone();
        let wanted = self.book.wanted.get(&channel);
        let mut ways = wanted.into_iter().flat_map(|channel| &channel.ways);
        let why_told = match ways.find(|known| known.name == way).map(|way| way.to) {
            Some(Audience::Carriers) => "its mirrors are others, or the edition is",
            _ => "its mirrors are others",
        };
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
                    why_told,
                );
            }
            Some(why) => {
                announced.failures += 1;
                if announced.failures == TOLD_FAILURES {
                    effects.push(Effect::Alert(format!(
                        "channel `{name}` could not be told by `{way}`: {why}"
                    )));
                }
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
                self.not_made(why, now, effects);
                return Vec::new();
            }
        };
        self.unmade = None;
        let Some(mut wanted) = self.wants.clone() else {
            return Vec::new();
        };
        if let Some(in_the_way) = self.in_the_way(&member, &wanted.members) {
            let words = format!(
                "the new mirror `{}` is refused, since {in_the_way}: switch it off, and have the next one made otherwise",
                member.mirror.name
            );
            self.note(now, words.clone(), "who takes one away would take both");
            effects.push(Effect::Alert(words));
            return Vec::new();
        }
        wanted.members.push(member);
        self.configured(wanted, now, effects)
    }

    /// What was not made costs nothing of what the day affords; but nobody is asked again at once, since each try may cost
    /// money all the same.
    fn not_made(&mut self, why: String, now: Moment, effects: &mut Vec<Effect>) {
        self.book.rest.made.pop();
        let before = self.unmade.take();
        let failures = before.as_ref().map_or(1, |(_, failures, _)| failures + 1);
        if before.is_none_or(|(before, ..)| before != why) {
            let words = format!("a new mirror could not be made: {why}");
            self.note(now, words.clone(), "the stock is low");
            effects.push(Effect::Alert(words));
        }
        let pause = SignedDuration::from_mins(10 * 2i64.pow((failures - 1).min(6)));
        let again = now.steady.checked_add(pause).unwrap_or(now.steady);
        self.unmade = Some((why, failures, again));
    }

    /// Why it cannot be taken beside these.
    pub(super) fn in_the_way(&self, new: &Member, living: &[Member]) -> Option<String> {
        let name = &new.mirror.name;
        if living.iter().any(|member| member.mirror.name == *name) {
            return Some(format!("there is a mirror `{name}` already"));
        }
        let domain = new.domain()?;
        let mut living = living.iter();
        let tied = living.find(|member| member.domain().as_ref() == Some(&domain))?;
        // Beware: no domain is named. What a hook tried would tell whoever reads the journal, or an alert, of a mirror that
        // perhaps nobody is told of.
        Some(format!("`{}` is under the same domain", tied.mirror.name))
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
                self.issue(channel, &list, now, "its mirrors changed");
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
        let mut lacking = BTreeMap::new();
        // Where nothing can be sent at all, it is said already, and no mirror is to blame.
        if self.held.is_none() {
            let is_being_filled = self.is_being_filled(now);
            for lack in self.lacks() {
                // What is being filled may help. If the last one did not, for its account, this may be another such.
                let is_known = lack == Lack::Account && self.lacking.contains_key(&lack);
                if !is_being_filled || is_known {
                    *lacking.entry(lack).or_default() += 1;
                }
            }
        }
        let before = std::mem::replace(&mut self.lacking, lacking.clone());
        let news = lacking
            .iter()
            .filter(|(lack, _)| !before.contains_key(lack));
        for (lack, channels) in news {
            let (words, why) = words_of(*lack, *channels);
            self.note(now, words.clone(), why);
            effects.push(Effect::Alert(words));
        }
    }

    /// Whether a mirror will soon be ready, as far as anybody can tell: who fails, or takes too long, may never be.
    fn is_being_filled(&self, now: Moment) -> bool {
        let lags = |since: Timestamp| now.steady.duration_since(since) >= LAGGING;
        let mut mirrors = self.book.planner.mirrors();
        mirrors.any(|(id, mirror)| {
            let kept = self.book.mirrors.get(&id);
            let is_well = |kept: &Kept| kept.failures == 0 && !kept.lags_since.is_some_and(lags);
            matches!(mirror.phase, Phase::Ready | Phase::Filling) && kept.is_some_and(is_well)
        })
    }

    /// What keeps channels from having two mirrors that work.
    fn lacks(&self) -> Vec<Lack> {
        let planner = &self.book.planner;
        let in_use = planner.channels().filter(|(_, known)| known.is_in_use());
        in_use.filter_map(|(id, _)| planner.lack(id)).collect()
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
            channels,
            members,
            ..
        } = &mut self.book;
        mirrors.retain(|id, kept| {
            !kept.gone || members.contains_key(id) || planner.mirror(*id).is_some()
        });
        for audit in channels.values_mut() {
            audit.told.retain(|id| mirrors.contains_key(&MirrorId(*id)));
        }
    }

    pub(super) fn public(&self, id: MirrorId) -> Option<&super::Public> {
        self.book.members.get(&id)?.public.as_ref()
    }
}

/// What is lacking, for the operator, and why it is told.
fn words_of(lack: Lack, lacking: usize) -> (String, &'static str) {
    let channels = match lacking {
        1 => "one channel has".to_owned(),
        many => format!("{many} channels have"),
    };
    match lack {
        Lack::Stock => (
            format!("no mirror is left in stock, and {channels} less than two that work"),
            "they can be given another as soon as there is one",
        ),
        Lack::Account => (
            format!(
                "{channels} less than two mirrors that work, and all in stock are in an account of which it has one: mirrors in \
                 other accounts are needed"
            ),
            "no channel is told of two mirrors in one account",
        ),
    }
}

/// Such as `refused`.
fn kind_of(trouble: &str) -> &str {
    trouble.split(':').next().unwrap_or_default()
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
