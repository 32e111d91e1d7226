//! Step 1: what became of what was ordered: a push, a message, a mirror that was to be made.

use jiff::SignedDuration;

use super::super::super::Outcome;
use super::super::super::rotation::{ChannelId, MirrorId, Observation, Phase};
use super::super::{Audience, Effect, Member, Moment};
use super::{Daemon, HOUR, PATIENCE, TOLD_FAILURES, UNREAD};
use crate::base::EditionNumber;

impl Daemon {
    pub(super) fn pushed(
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

    pub(super) fn took_lists(&mut self, id: MirrorId, lists: Vec<(ChannelId, u64)>) {
        if let Some(kept) = self.book.mirrors.get_mut(&id) {
            let lists = lists.into_iter();
            kept.lists
                .extend(lists.map(|(channel, version)| (channel.0, version)));
        }
    }

    /// Nobody is accused: what is wrong is wrong here.
    pub(super) fn held(
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

    pub(super) fn announced(
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

    pub(super) fn made_one(
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
}

/// Such as `refused`.
fn kind_of(trouble: &str) -> &str {
    trouble.split(':').next().unwrap_or_default()
}

/// A minute, then twice as long each time, up to half an hour.
fn back_off(failures: u32) -> SignedDuration {
    SignedDuration::from_mins(2i64.pow(failures.saturating_sub(1).min(5))).min(HOUR / 2)
}
