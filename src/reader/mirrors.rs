//! Which mirror to ask next, given what each did so far. Pure: nothing here fetches or waits.
//!
//! 1. Before anything is known, those that were good last time come first and those that lied come last; otherwise the
//!    order is the one that was given.
//! 2. A bundle is asked only of mirrors that proved to have the newest edition, the quickest first. When these are used
//!    up, those follow that failed for reasons of the network, once.
//! 3. A mirror that brought something and then broke may be asked again; one that brought nothing twice may not.
//! 4. A mirror that lied is not asked again in this run. That it lied is kept for the next.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Fault;
use crate::base::EditionNumber;
use crate::io::fetch::shown;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MirrorId(usize);

/// What is kept of a mirror from one run to the next, by its shown address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    #[serde(default)]
    pub lies: u32,
    /// It answered well in the last run.
    #[serde(default)]
    pub good: bool,
}

#[derive(Debug)]
struct Mirror {
    url: Url,
    past: Past,
    edition: Option<EditionNumber>,
    answered_in: Option<Duration>,
    /// As last measured while downloading.
    bytes_per_second: Option<u64>,
    faults: Vec<Fault>,
    /// Tries for a bundle that brought nothing.
    barren: u32,
    /// Tries that brought something and broke.
    broken: u32,
    suspected: u32,
    lacks_bundle: bool,
}

#[derive(Debug)]
pub struct Mirrors(Vec<Mirror>);

const BARREN_TRIES: u32 = 2;
const SUSPICIONS: u32 = 3;

impl Mirrors {
    /// One mirror that was given twice is one mirror.
    pub fn new(urls: &[Url], past: &BTreeMap<String, Past>) -> Self {
        let mut mirrors: Vec<Mirror> = Vec::new();
        for url in urls {
            if mirrors.iter().all(|known| known.url != *url) {
                mirrors.push(Mirror::new(
                    url.clone(),
                    past.get(&shown(url)).copied().unwrap_or_default(),
                ));
            }
        }
        mirrors.sort_by_key(|mirror| (mirror.past.lies, !mirror.past.good));
        Self(mirrors)
    }

    /// Whom to ask for metadata, in this order: all who have not lied in this run, those without any fault first.
    pub fn to_ask(&self) -> Vec<MirrorId> {
        let mut ids: Vec<_> = self.ids().filter(|id| !self.mirror(*id).lied()).collect();
        ids.sort_by_key(|id| !self.mirror(*id).faults.is_empty());
        ids
    }

    fn ids(&self) -> impl Iterator<Item = MirrorId> + use<> {
        (0..self.0.len()).map(MirrorId)
    }

    pub fn url(&self, id: MirrorId) -> &Url {
        &self.mirror(id).url
    }

    pub fn shown(&self, id: MirrorId) -> String {
        shown(self.url(id))
    }

    /// It proved to have an edition. An answer after a fault makes up for it, unless the fault was a lie.
    pub fn answered(&mut self, id: MirrorId, edition: EditionNumber, took: Duration) {
        let mirror = self.mirror_mut(id);
        mirror.edition = Some(edition);
        mirror.answered_in = Some(took);
    }

    pub fn failed(&mut self, id: MirrorId, fault: Fault) {
        let mirror = self.mirror_mut(id);
        if fault.is_lie() {
            mirror.past.lies += 1;
        }
        match fault {
            Fault::NoBundle | Fault::Dense(_) => mirror.lacks_bundle = true,
            Fault::Suspect(_) => mirror.suspected += 1,
            _ => {}
        }
        if mirror.faults.last() != Some(&fault) {
            mirror.faults.push(fault);
        }
    }

    /// The bundle that is asked for now is not there, which is no fault.
    pub fn lacks_bundle(&mut self, id: MirrorId) {
        self.mirror_mut(id).lacks_bundle = true;
    }

    /// The time for answers is over: who said nothing at all was silent.
    pub fn name_the_silent(&mut self, seconds: u64) {
        for mirror in &mut self.0 {
            if mirror.edition.is_none() && mirror.faults.is_empty() {
                mirror.faults.push(Fault::Silent { seconds });
            }
        }
    }

    /// A try for a bundle broke, after it `brought` so many bytes.
    pub fn broke(&mut self, id: MirrorId, fault: Fault, brought: u64) {
        let mirror = self.mirror_mut(id);
        if brought >= 1024 {
            mirror.broken += 1;
        } else {
            mirror.barren += 1;
        }
        self.failed(id, fault);
    }

    pub fn measured(&mut self, id: MirrorId, bytes_per_second: u64) {
        self.mirror_mut(id).bytes_per_second = Some(bytes_per_second);
    }

    /// Another bundle is asked for: who lacks one may have the other.
    pub fn begin_bundle(&mut self) {
        for mirror in &mut self.0 {
            mirror.lacks_bundle = false;
            mirror.barren = 0;
        }
    }

    /// The same bundle is asked for from its first byte on: what did not fit behind others' bytes may do.
    pub fn begin_anew(&mut self) {
        self.begin_bundle();
        for mirror in &mut self.0 {
            mirror.suspected = 0;
        }
    }

    /// How long its silence may last before another mirror is asked as well: a mirror behind three proxies is not dead
    /// when it takes its usual time.
    pub fn patience(&self, id: MirrorId, least: Duration) -> Duration {
        let usual = self.mirror(id).answered_in.unwrap_or_default();
        usual.clamp(least, least * 10)
    }

    /// How long its silence may last before it is given up: not long if its lines broke before.
    pub fn hope(&self, id: MirrorId, least: Duration) -> Duration {
        let times = if self.mirror(id).broken > 0 { 2 } else { 8 };
        self.patience(id, least) * times
    }

    /// The mirror to ask for the bundle of `edition`. `busy` are being asked; `faster_than` leaves out those measured
    /// to be no faster.
    pub fn next(
        &self,
        edition: EditionNumber,
        busy: &[MirrorId],
        faster_than: Option<u64>,
    ) -> Option<MirrorId> {
        let slow = |mirror: &Mirror| {
            faster_than
                .zip(mirror.bytes_per_second)
                .is_some_and(|(floor, rate)| rate <= floor)
        };
        self.ids()
            .filter(|id| !busy.contains(id))
            .map(|id| (self.mirror(id), id))
            .filter(|(mirror, _)| mirror.may_have(edition) && !slow(mirror))
            .min_by_key(|(mirror, id)| (mirror.rank(edition), *id))
            .map(|(_, id)| id)
    }

    /// Whether all that was wrong with the mirrors that have the edition is that they lack the bundle's file.
    pub fn only_lack_bundle(&self, edition: EditionNumber) -> bool {
        let mut proven = self
            .0
            .iter()
            .filter(|m| m.edition == Some(edition))
            .peekable();
        proven.peek().is_some() && proven.all(|mirror| mirror.lacks_bundle)
    }

    pub fn has(&self, id: MirrorId, edition: EditionNumber) -> bool {
        self.mirror(id).edition == Some(edition)
    }

    /// Those that proved to have `edition`, the quickest first.
    pub fn proven(&self, edition: EditionNumber) -> Vec<MirrorId> {
        let mut proven: Vec<_> = self
            .ids()
            .filter(|id| self.mirror(*id).edition == Some(edition) && !self.mirror(*id).lied())
            .collect();
        proven.sort_by_key(|id| (self.mirror(*id).rank(edition), *id));
        proven
    }

    /// Those that proved to have an older edition than `newest`.
    pub fn behind(&self, newest: EditionNumber) -> Vec<(MirrorId, EditionNumber)> {
        let has = |id: MirrorId| Some((id, self.mirror(id).edition.filter(|has| *has < newest)?));
        self.ids().filter_map(has).collect()
    }

    /// Those that had something wrong, with the last of it.
    pub fn faults(&self) -> Vec<(String, Fault)> {
        let last = |mirror: &Mirror| {
            let lie = mirror.faults.iter().rfind(|fault| fault.is_lie());
            lie.or(mirror.faults.last()).cloned()
        };
        self.0
            .iter()
            .filter_map(|mirror| Some((shown(&mirror.url), last(mirror)?)))
            .collect()
    }

    /// What to keep for the next run.
    pub fn past(&self) -> BTreeMap<String, Past> {
        let kept = |mirror: &Mirror| Past {
            lies: mirror.past.lies,
            good: mirror.edition.is_some() && mirror.faults.is_empty(),
        };
        self.0
            .iter()
            .map(|mirror| (shown(&mirror.url), kept(mirror)))
            .filter(|(_, past)| *past != Past::default())
            .collect()
    }

    fn mirror(&self, id: MirrorId) -> &Mirror {
        self.0
            .get(id.0)
            .expect("ids are only made here, and no mirror is removed")
    }

    fn mirror_mut(&mut self, id: MirrorId) -> &mut Mirror {
        self.0
            .get_mut(id.0)
            .expect("ids are only made here, and no mirror is removed")
    }
}

impl Mirror {
    fn new(url: Url, past: Past) -> Self {
        Self {
            url,
            past,
            edition: None,
            answered_in: None,
            bytes_per_second: None,
            faults: Vec::new(),
            barren: 0,
            broken: 0,
            suspected: 0,
            lacks_bundle: false,
        }
    }

    fn lied(&self) -> bool {
        self.faults.iter().any(Fault::is_lie)
    }

    fn may_have(&self, edition: EditionNumber) -> bool {
        let plausible = match self.edition {
            Some(has) => has == edition,
            None => self.faults.iter().all(Fault::is_weather) && self.barren == 0,
        };
        plausible
            && !self.lied()
            && !self.lacks_bundle
            && self.barren < BARREN_TRIES
            && self.suspected < SUSPICIONS
    }

    /// The least is the best.
    fn rank(&self, edition: EditionNumber) -> impl Ord + use<> {
        let unproven = self.edition != Some(edition);
        // `None` is the least: one that was never measured goes before one that was found slow.
        let slowness = self.bytes_per_second.map(std::cmp::Reverse);
        (
            unproven,
            self.past.lies,
            self.suspected,
            self.barren + self.broken,
            slowness,
            self.answered_in.unwrap_or(Duration::MAX),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(count: usize) -> Mirrors {
        Mirrors::new(&urls(count), &BTreeMap::new())
    }

    fn urls(count: usize) -> Vec<Url> {
        let url = |n| Url::parse(&format!("https://m{n}.example/")).expect("an address");
        (0..count).map(url).collect()
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn id(n: usize) -> MirrorId {
        MirrorId(n)
    }

    #[test]
    fn the_quickest_that_has_the_edition_is_asked_first() {
        let mut all = mirrors(4);
        all.answered(id(0), 6, ms(1));
        all.answered(id(1), 7, ms(30));
        all.answered(id(2), 7, ms(20));
        assert_eq!(all.next(7, &[], None), Some(id(2)));
        assert_eq!(all.next(7, &[id(2)], None), Some(id(1)));
        assert_eq!(all.next(7, &[id(2), id(1)], None), Some(id(3)));
        assert_eq!(all.next(7, &[id(1), id(2), id(3)], None), None);
    }

    #[test]
    fn a_liar_is_not_asked_again_and_not_forgotten() {
        let mut all = mirrors(2);
        all.answered(id(0), 7, ms(1));
        all.answered(id(1), 7, ms(500));
        all.failed(id(0), Fault::Lied("`a` is not what was signed".into()));
        all.answered(id(0), 7, ms(1));
        assert_eq!(all.next(7, &[], None), Some(id(1)));
        assert_eq!(all.next(7, &[id(1)], None), None);
        let next_run = Mirrors::new(&urls(2), &all.past());
        assert_eq!(next_run.shown(id(0)), "https://m1.example/");
        assert_eq!(next_run.shown(id(1)), "https://m0.example/");
    }

    #[test]
    fn one_that_brought_something_is_asked_again_and_one_that_did_not_is_not() {
        let mut all = mirrors(2);
        all.answered(id(0), 7, ms(1));
        all.answered(id(1), 7, ms(2));
        for _ in 0..10 {
            all.broke(id(0), Fault::Stalled, 15_000);
        }
        all.broke(id(1), Fault::Stalled, 0);
        assert_eq!(all.next(7, &[], None), Some(id(1)));
        all.broke(id(1), Fault::Stalled, 0);
        assert_eq!(all.next(7, &[], None), Some(id(0)));
        assert_eq!(all.next(7, &[id(0)], None), None);
    }

    #[test]
    fn who_did_not_answer_in_time_is_the_last_resort_but_a_block_page_is_none() {
        let mut all = mirrors(2);
        all.failed(id(0), Fault::BlockPage);
        all.failed(id(1), Fault::Silent { seconds: 12 });
        assert_eq!(all.next(7, &[], None), Some(id(1)));
        assert_eq!(all.next(7, &[id(1)], None), None);
    }

    #[test]
    fn who_said_nothing_is_named_and_nobody_else() {
        let mut all = mirrors(3);
        all.answered(id(0), 7, ms(1));
        all.failed(id(1), Fault::BlockPage);
        all.name_the_silent(14);
        let faults: Vec<_> = all.faults().into_iter().map(|(_, fault)| fault).collect();
        assert_eq!(faults, [Fault::BlockPage, Fault::Silent { seconds: 14 }]);
    }

    #[test]
    fn only_a_faster_one_is_worth_a_change() {
        let mut all = mirrors(3);
        for n in 0..3 {
            all.answered(id(n), 7, ms(n as u64));
        }
        all.measured(id(1), 900);
        assert_eq!(all.next(7, &[id(0)], Some(1000)), Some(id(2)));
        assert_eq!(all.next(7, &[id(0), id(2)], Some(1000)), None);
        assert_eq!(all.next(7, &[id(0), id(2)], Some(800)), Some(id(1)));
    }

    #[test]
    fn mirrors_without_the_bundle_are_told_from_broken_ones() {
        let mut all = mirrors(2);
        assert!(!all.only_lack_bundle(7));
        all.answered(id(0), 7, ms(1));
        all.answered(id(1), 7, ms(1));
        all.failed(id(0), Fault::NoBundle);
        assert!(!all.only_lack_bundle(7));
        all.failed(id(1), Fault::NoBundle);
        assert!(all.only_lack_bundle(7));
        assert_eq!(all.next(7, &[], None), None);
        all.begin_bundle();
        assert_eq!(all.next(7, &[], None), Some(id(0)));
    }

    #[test]
    fn a_damaged_dense_copy_says_nothing_about_the_plain_one() {
        let mut all = mirrors(1);
        all.answered(id(0), 7, ms(1));
        all.broke(id(0), Fault::Dense("it is damaged".into()), 50_000);
        assert_eq!(all.next(7, &[], None), None);
        all.begin_bundle();
        assert_eq!(all.next(7, &[], None), Some(id(0)));
        assert!(all.past().is_empty(), "nothing is held against it");
    }

    #[test]
    fn patience_follows_the_mirrors_own_time() {
        let mut all = mirrors(3);
        all.answered(id(0), 7, ms(20));
        all.answered(id(1), 7, ms(1500));
        all.answered(id(2), 7, ms(60_000));
        let patience = |n| all.patience(id(n), ms(400));
        assert_eq!(patience(0), ms(400));
        assert_eq!(patience(1), ms(1500));
        assert_eq!(patience(2), ms(4000));
    }
}
