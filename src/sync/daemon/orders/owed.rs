//! Step 4: what is owed, as it follows from what is remembered, each time anew.

use super::super::super::Place;
use super::super::super::rotation::{ChannelId, Lack, MirrorId, Phase, Tier, VantageId};
use super::super::book::Announced;
use super::super::{Audience, Effect, Moment, Told, Way};
use super::{
    ABREAST, BRISK, DAY, Daemon, LAGGING, Looking, MOST_ABREAST, MOST_STANDBY, MOST_TO_FOLLOW,
    PROBE_EVERY, SETTLING,
};
use crate::base::{EditionNumber, Timestamp};
use url::Url;

impl Daemon {
    // Step 4.
    pub(super) fn owed(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.owed_pushes(now, effects);
        self.owed_announcements(now, effects);
        self.owed_questions(now, effects);
        self.owed_looks(now, effects);
        self.owed_mirrors(now, effects);
    }

    fn owed_pushes(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let newest = self.book.rest.edition;
        if newest == 0 {
            return;
        }
        let mut free = self.free_hands(now);
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
                kept.begun = Some(now.steady);
                kept.lags_since.get_or_insert(now.steady);
            }
            effects.push(Effect::Push {
                mirror,
                edition: newest,
                lists,
            });
        }
    }

    /// To be told before what happened, and whenever it changes.
    pub fn line_is_limited(&mut self, is_limited: bool) {
        self.is_line_limited = is_limited;
    }

    /// How many more may be pushed to now. Along a limited line all are slow, by no fault of theirs: each who begins takes from
    /// the others, and in the end none would be done.
    fn free_hands(&self, now: Moment) -> usize {
        let busy = self.book.mirrors.values().filter(|kept| kept.is_busy);
        let begun: Vec<Option<Timestamp>> = busy.map(|kept| kept.begun).collect();
        let is_brisk =
            |at: &&Option<Timestamp>| at.is_some_and(|at| now.steady.duration_since(at) < BRISK);
        let brisk = begun.iter().filter(is_brisk).count();
        let beside = match self.is_line_limited {
            true => ABREAST.saturating_sub(begun.len()),
            false => MOST_ABREAST.saturating_sub(begun.len()),
        };
        ABREAST.saturating_sub(brisk).min(beside)
    }

    /// The lists that the mirror lacks, of channels that were ever told of it.
    fn lists_for(&self, id: MirrorId, has_edition: bool) -> Vec<Told> {
        let Some(kept) = self.book.mirrors.get(&id) else {
            return Vec::new();
        };
        let lacks = self.book.knowers(id).filter(|(channel, audit)| {
            audit.version > kept.lists.get(&channel.0).copied().unwrap_or(0)
        });
        let mut lacking: Vec<ChannelId> = lacks.map(|(channel, _)| channel).collect();
        let is_server = self
            .member(id)
            .is_some_and(|member| member.server().is_some());
        if !(is_server || lacking.is_empty() && has_edition) {
            // What a host of files is not given it may lose: a branch is replaced whole.
            lacking = self.book.knowers(id).map(|(channel, _)| channel).collect();
        }
        lacking
            .into_iter()
            .filter_map(|channel| self.told(channel))
            .collect()
    }

    fn owed_announcements(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let newest = self.book.rest.edition;
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
            let shown: Vec<u64> = self.shown(id).iter().map(|id| id.0).collect();
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
                        (&told, newest),
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
                        edition: newest,
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

    /// The round of all mirrors when it is due, and between two rounds those of which readers reported something.
    fn owed_looks(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if !self.can_look() {
            return;
        }
        let visible: Vec<MirrorId> = self.visible(now).collect();
        let idle: Vec<VantageId> = self.idle_vantages().collect();
        for vantage in idle {
            let (mirrors, looking) = match self.is_due(vantage, now) {
                true => (visible.clone(), Looking::AtAll),
                false => (self.hinted(vantage, &visible, now), Looking::AtSome),
            };
            if !mirrors.is_empty() {
                self.probing.insert(vantage, looking);
                effects.push(Effect::Probe { vantage, mirrors });
            }
        }
    }

    /// Each for itself: one that hangs, or is slow, keeps the others from nothing.
    fn idle_vantages(&self) -> impl Iterator<Item = VantageId> {
        let vantages = self.wants.iter().flat_map(|wants| &wants.vantages);
        let all = vantages.map(|(vantage, _)| *vantage);
        all.filter(|vantage| !self.probing.contains_key(vantage))
    }

    fn is_due(&self, vantage: VantageId, now: Moment) -> bool {
        let looked = self.looked.get(&vantage).copied();
        let looked = looked.or(self.book.rest.probed.filter(|_| self.looked.is_empty()));
        looked.is_none_or(|at| now.steady.duration_since(at) >= PROBE_EVERY)
    }

    pub(super) fn can_look(&self) -> bool {
        let wants = self.wants.as_ref();
        wants.is_some_and(|wants| !wants.vantages.is_empty())
    }

    /// Mirrors of which it means something what is seen there: they show the newest edition, as far as is known, or should.
    fn visible(&self, now: Moment) -> impl Iterator<Item = MirrorId> {
        let newest = self.book.rest.edition;
        let mirrors = self.book.planner.mirrors();
        let visible = mirrors.filter(move |(id, mirror)| {
            let kept = self.book.mirrors.get(id);
            // One that is just being pushed to may show either edition. But who hangs, or never comes to the end, may be
            // blocked or gone.
            let lags = |since: Timestamp| now.steady.duration_since(since) >= LAGGING;
            let is_settled = kept.is_some_and(|kept| {
                kept.edition == newest && !kept.is_busy
                    || kept.failures > 0
                    || kept.lags_since.is_some_and(lags)
            });
            is_settled && (mirror.works() || matches!(mirror.phase, Phase::Blocked { .. }))
        });
        visible.map(|(id, _)| id)
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
        // One in another account may help who has one of each; but who makes all of them in one account, makes no end of them.
        let most = match self.lacks().contains(&Lack::Account) {
            true => 2 * MOST_STANDBY,
            false => MOST_STANDBY,
        };
        let is_low = self.standby() + filling < most;
        let waits = self
            .unmade
            .as_ref()
            .is_some_and(|(.., again)| *again > now.steady);
        if is_low && is_affordable && !waits && !self.making {
            self.making = true;
            self.book.rest.made.push(now.steady);
            let follow = self.to_follow();
            effects.push(Effect::Make { follow });
        }
    }

    /// What a new mirror may copy: it learns of no more than the operator named, or the censor reads anyway. Whoever makes it
    /// or takes it would else have all the rest, with the reserve.
    fn to_follow(&self) -> Vec<Url> {
        let planner = &self.book.planner;
        let is_read = |id: MirrorId| {
            let known = planner.mirror(id).filter(|mirror| mirror.works());
            let mut knowers = self.book.knowers(id);
            known.is_some()
                && knowers.any(|(channel, _)| {
                    let channel = planner.channel(channel);
                    channel.is_some_and(|it| matches!(it.tier, Tier::Open | Tier::Burnt))
                })
        };
        let origins = self.wants.iter().flat_map(|wants| &wants.origins);
        let named = origins.filter_map(|name| {
            let mut members = self.book.members.values();
            members.find(|member| member.mirror.name == *name)?.server()
        });
        let read = self.book.members.iter().filter(|(id, _)| is_read(**id));
        let read = read.filter_map(|(_, member)| match &member.mirror.place {
            Place::Colport(url) => Some(url),
            _ => None,
        });
        let mut follow: Vec<Url> = Vec::new();
        for url in named.chain(read) {
            if !follow.contains(url) {
                follow.push(url.clone());
            }
        }
        follow.truncate(MOST_TO_FOLLOW);
        follow
    }
}

fn is_owed(
    done: Option<&Announced>,
    way: &Way,
    (told, edition): (&Told, EditionNumber),
    shown: &[u64],
    now: Timestamp,
) -> bool {
    let Some(done) = done else {
        return true;
    };
    let is_news = match way.to {
        Audience::People => done.shown != shown,
        Audience::Programs => done.version < told.list.version,
        Audience::Carriers => done.version < told.list.version || done.edition < edition,
    };
    let is_to_repeat = !done.is_done && done.again.is_none_or(|again| again <= now);
    // What was begun by an earlier run: programs are told again, people are not (see `not_known`).
    is_news && done.again.is_none_or(|again| again <= now) || is_to_repeat
}
