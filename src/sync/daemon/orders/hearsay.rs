//! What readers report, by way of the mirrors that they reached: a reason to look sooner, and nothing else.
//!
//! 1. Every few minutes mirrors that readers come to are asked what they heard, some at a time and all in turn.
//! 2. What is new there of a mirror that somebody was told of brings one look at that mirror forward, from each vantage. It
//!    stays due there until the vantage has looked: a mirror that is just being pushed to shows nothing.
//! 3. Anybody may lie, and as often as he likes. So a mirror is looked at out of turn once an hour at most, a few of them
//!    at one time, and the round of all comes when it would have come. No report becomes an observation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::{Daemon, Effect, HOUR, MirrorId, Moment, VantageId};
use crate::base::Timestamp;
use crate::io::report::{Country, Failure, Many};
use crate::sync::watching::hints::Hint;

const ASK_EVERY: SignedDuration = SignedDuration::from_mins(3);
/// Mirrors that are asked at one time.
const ASKED: usize = 16;
/// Mirrors that are looked at out of turn at one time.
const AT_ONCE: usize = 8;
/// Between two such looks from one vantage: one that comes back without having looked is not sent out at once again.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Days, today among them.
const DAYS: i64 = 2;
/// Of one kind of report. Who makes up more of them is not worth the room.
const COUNTRIES: usize = 5;

/// None of it is written down: what is still reported after a start is news again.
#[derive(Debug, Default)]
pub(crate) struct Hearsay {
    is_asking: bool,
    asked: Option<Timestamp>,
    /// With whom the next question begins.
    next: Option<MirrorId>,
    reports: BTreeMap<Kind, Reported>,
    due: BTreeMap<VantageId, BTreeSet<MirrorId>>,
    /// When each vantage was last sent out before its time.
    sent: BTreeMap<VantageId, Timestamp>,
    /// When mirrors were looked at out of turn.
    looked: BTreeMap<MirrorId, Timestamp>,
}

type Kind = (MirrorId, Failure, i64);

#[derive(Debug)]
struct Reported {
    by: Many,
    countries: BTreeSet<Country>,
}

impl Hearsay {
    /// What is reported of it, in words.
    pub fn words_of(&self, mirror: MirrorId) -> Vec<String> {
        let of_it = (mirror, Failure::Unreachable, i64::MIN)..=(mirror, Failure::Stale, i64::MAX);
        let words = self
            .reports
            .range(of_it)
            .map(|((_, failure, _), reported)| {
                let countries = reported.countries.iter().map(ToString::to_string);
                let countries: Vec<String> = countries.collect();
                match countries.is_empty() {
                    true => format!("{} readers say that {failure}", reported.by),
                    false => format!(
                        "{} readers say that {failure} ({})",
                        reported.by,
                        countries.join(", ")
                    ),
                }
            });
        let mut words: Vec<String> = words.collect();
        words.dedup();
        words
    }

    /// Whether more report it than did before.
    fn take(&mut self, hint: &Hint) -> bool {
        let kind = (hint.mirror, hint.failure, hint.day);
        let before = self.reports.get(&kind).map(|reported| reported.by);
        let reported = self.reports.entry(kind).or_insert_with(|| Reported {
            by: hint.reports,
            countries: BTreeSet::new(),
        });
        reported.by = reported.by.max(hint.reports);
        if reported.countries.len() < COUNTRIES {
            reported.countries.extend(hint.country);
        }
        before < Some(hint.reports)
    }

    /// What is reported no more need not be looked at from a vantage that never comes to it.
    fn keep_due(&mut self, vantages: &[VantageId]) {
        let reported = self.reports.keys().map(|(mirror, ..)| *mirror);
        let reported: BTreeSet<MirrorId> = reported.collect();
        self.due.retain(|vantage, _| vantages.contains(vantage));
        self.sent.retain(|vantage, _| vantages.contains(vantage));
        for due in self.due.values_mut() {
            due.retain(|mirror| reported.contains(mirror));
        }
    }

    /// Whether that is news for any vantage.
    fn is_due_now(&mut self, mirror: MirrorId, vantages: &[VantageId]) -> bool {
        let mut is_news = false;
        for vantage in vantages {
            is_news |= self.due.entry(*vantage).or_default().insert(mirror);
        }
        is_news
    }
}

impl Daemon {
    pub(super) fn heard(&mut self, hints: &[Hint], now: Moment) {
        self.hearsay.is_asking = false;
        let today = now.wall.as_second().div_euclid(86_400);
        let days = today - DAYS + 1..=today + 1;
        self.hearsay
            .reports
            .retain(|(_, _, day), _| days.contains(day));
        let looked = &mut self.hearsay.looked;
        looked.retain(|_, at| now.steady.duration_since(*at) < HOUR);
        let wants = self.wants.iter();
        let vantages: Vec<VantageId> = wants
            .flat_map(|it| &it.vantages)
            .map(|(id, _)| *id)
            .collect();
        self.hearsay.keep_due(&vantages);
        for hint in hints {
            // Of a mirror that nobody was told of only liars can speak.
            let is_known = self.is_told(hint.mirror) && days.contains(&hint.day);
            let is_news = is_known && self.hearsay.take(hint);
            let was_looked_at = self.hearsay.looked.contains_key(&hint.mirror);
            if is_news && !was_looked_at && self.hearsay.is_due_now(hint.mirror, &vantages) {
                let name = self.book.mirror_name(hint.mirror);
                let why = format!("readers report that {}", hint.failure);
                self.note(now, format!("`{name}` is looked at before its time"), why);
            }
        }
    }

    pub(super) fn owed_questions(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let asked = self.hearsay.asked;
        let is_due = asked.is_none_or(|at| now.steady.duration_since(at) >= ASK_EVERY);
        if self.hearsay.is_asking || !is_due || !self.can_look() {
            return;
        }
        let works = |id: &MirrorId| {
            let mirror = self.book.planner.mirror(*id);
            mirror.is_some_and(|mirror| mirror.works())
        };
        let members = self.book.members.iter();
        let known = members
            .filter(|(id, member)| member.server().is_some() && self.is_told(**id) && works(id));
        let known: Vec<MirrorId> = known.map(|(id, _)| *id).collect();
        let first = self.hearsay.next.unwrap_or(MirrorId(0));
        let (earlier, mut asked): (Vec<_>, Vec<_>) = known.into_iter().partition(|id| *id < first);
        asked.extend(earlier);
        self.hearsay.next = asked.get(ASKED).copied();
        asked.truncate(ASKED);
        if !asked.is_empty() {
            self.hearsay.is_asking = true;
            self.hearsay.asked = Some(now.steady);
            effects.push(Effect::Hear(asked));
        }
    }

    /// Those of the visible mirrors of which something was reported, to be looked at now from there.
    pub(super) fn hinted(
        &mut self,
        vantage: VantageId,
        visible: &[MirrorId],
        now: Moment,
    ) -> Vec<MirrorId> {
        let sent = self.hearsay.sent.get(&vantage);
        let waits = sent.is_some_and(|at| now.steady.duration_since(*at) < PAUSE);
        let due = self.hearsay.due.get(&vantage).filter(|_| !waits);
        let due = due.into_iter().flatten().filter(|id| visible.contains(id));
        let hinted: Vec<MirrorId> = due.take(AT_ONCE).copied().collect();
        if !hinted.is_empty() {
            self.hearsay.sent.insert(vantage, now.steady);
        }
        hinted
    }

    /// In a round, or out of turn.
    pub(super) fn was_looked_at(&mut self, vantage: VantageId, mirror: MirrorId, now: Moment) {
        let due = self.hearsay.due.get_mut(&vantage);
        if due.is_some_and(|due| due.remove(&mirror)) {
            self.hearsay.looked.insert(mirror, now.steady);
        }
    }
}
