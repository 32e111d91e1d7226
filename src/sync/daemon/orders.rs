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
mod outcomes;
mod owed;
mod planned;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use url::Url;

use self::hearsay::Hearsay;
use self::planned::words_of;
use super::super::rotation::{self, Lack, MirrorId, Observation, Phase, State, Upkeep, VantageId};
use super::book::{Book, BookError, Sight};
use super::{Audience, Effect, Event, Member, Moment, Part, Wanted};
use crate::base::Timestamp;
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

/// It costs something.
pub(super) fn cost(kept: &super::Public) -> f64 {
    match kept.upkeep {
        Upkeep::Free => 0.0,
        Upkeep::Paid => kept.cost_a_day,
    }
}

#[cfg(test)]
mod tests;
