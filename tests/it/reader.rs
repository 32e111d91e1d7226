//! The reader's client against mirrors of every bad kind, in virtual time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::edition::{
    DenseForms, Effort, Excerpt, Freshness, Receiver, Refusal, Remembered, Variant,
    VerifiedEdition, write_excerpt,
};
use colport::io::files;
use colport::reader::{self, Event, Fault, FirstTrust, Got, News, Options, ReadError};
use tokio::time::Instant;

use crate::world::{Behaviour, Mirror, Newsroom, World, moment, noise};

/// A newsroom with one edition of some 2 MB, a world to put mirrors into, and a reader's store.
struct Scene {
    newsroom: Newsroom,
    edition: Arc<VerifiedEdition>,
    world: World,
    folder: tempfile::TempDir,
    events: Vec<Event>,
    hours: i64,
    variant: Variant,
}

impl Scene {
    fn new() -> Self {
        let mut newsroom = Newsroom::found(1, 40);
        let edition = newsroom.publish(moment(0));
        Self {
            newsroom,
            edition,
            world: World::default(),
            folder: tempfile::tempdir().unwrap(),
            events: Vec::new(),
            hours: 1,
            variant: Variant::Full,
        }
    }

    /// Mirrors of the edition, in this order.
    fn with(mut self, behaviours: &[Behaviour]) -> Self {
        for behaviour in behaviours {
            self.mirror(*behaviour);
        }
        self
    }

    fn mirror(&mut self, behaviour: Behaviour) -> Arc<Mirror> {
        let mirror = self.world.add(behaviour);
        mirror.show(&self.edition);
        mirror
    }

    fn size(&self) -> u64 {
        self.edition.bundle().len() as u64
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    async fn get(&mut self) -> Result<Got, ReadError> {
        let trust =
            FirstTrust::Fingerprint(Fingerprint::of_first_root(&self.newsroom.first_root()));
        self.get_trusting(trust).await
    }

    async fn get_trusting(&mut self, trust: FirstTrust) -> Result<Got, ReadError> {
        let mut options = Options::new(self.world.urls(), self.store(), trust);
        options.variant = self.variant;
        let events = &mut self.events;
        let mut report = |event| events.push(event);
        reader::get(&self.world, moment(self.hours), &options, &mut report).await
    }

    fn kept(&self) -> Option<Vec<u8>> {
        files::read(&self.store().join("edition.tar.gz"), 1 << 30).ok()
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fault_of(faults: &[(String, Fault)], n: usize) -> Option<&Fault> {
    let address = format!("http://m{n}.example/");
    faults
        .iter()
        .find(|(mirror, _)| *mirror == address)
        .map(|(_, fault)| fault)
}

/// What hostile networks do, one of each.
const BAD: [Behaviour; 9] = [
    Behaviour::Refused,
    Behaviour::Silent,
    Behaviour::Drip,
    Behaviour::Wrong,
    Behaviour::Truncated,
    Behaviour::Page403,
    Behaviour::Page200,
    Behaviour::FreezesAfter(100),
    Behaviour::Slow(200),
];

#[tokio::test(start_paused = true)]
async fn a_good_mirror_gives_the_very_bundle_of_the_publisher() {
    let mut scene = Scene::new().with(&[Behaviour::Good]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.news, News::New);
    assert_eq!(got.edition.number(), 1);
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert_eq!(scene.kept().as_deref(), Some(&scene.edition.bundle()[..]));
    assert_eq!(got.faults, []);
    assert_eq!(got.received_bytes, scene.size());
}

#[tokio::test(start_paused = true)]
async fn a_second_look_fetches_nothing_but_the_timestamp() {
    let mut scene = Scene::new().with(&[Behaviour::Good]);
    scene.get().await.unwrap();
    let before = scene.world.sent();
    let got = scene.get().await.unwrap();
    assert_eq!(got.news, News::Nothing);
    assert_eq!(got.edition.number(), 1);
    let sent = scene.world.sent() - before;
    assert!(sent <= 600, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn one_good_mirror_among_all_bad_kinds_is_found_in_any_order() {
    let alone = {
        let mut scene = Scene::new().with(&[Behaviour::Good]);
        let begun = Instant::now();
        scene.get().await.unwrap();
        begun.elapsed()
    };
    for place in 0..=BAD.len() {
        let mut order = BAD.to_vec();
        order.rotate_left(place);
        order.insert(place, Behaviour::Good);
        let mut scene = Scene::new().with(&order);
        let begun = Instant::now();
        let got = scene.get().await.unwrap();
        assert_eq!(got.edition.bundle(), scene.edition.bundle());
        let took = begun.elapsed();
        assert!(
            took <= alone + ms(1000),
            "{order:?}: {took:?}, alone {alone:?}"
        );
        let sent = scene.world.sent();
        assert!(
            sent as f64 <= scene.size() as f64 * 1.15,
            "{order:?}: {sent}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn with_no_good_mirror_the_failure_is_clear_and_comes_soon() {
    let mut scene = Scene::new().with(&BAD);
    let begun = Instant::now();
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.faults().len(), BAD.len());
    assert!(begun.elapsed() <= ms(15_000), "{:?}", begun.elapsed());
    // One that is hopelessly slow still shows what there is.
    assert!(
        matches!(error, ReadError::Unfinished { edition: 1, .. }),
        "{error}"
    );
    assert_eq!(
        fault_of(error.faults(), 0),
        Some(&Fault::Unreachable("no connection".into()))
    );
    assert_eq!(fault_of(error.faults(), 3), Some(&Fault::OtherSite));
    assert_eq!(fault_of(error.faults(), 6), Some(&Fault::BlockPage));
    assert_eq!(scene.kept(), None);
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer_is_cut_off() {
    let mut scene = Scene::new().with(&[Behaviour::Endless, Behaviour::Far(ms(400))]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert!(scene.world.sent() <= scene.size() + 600_000);
}

#[tokio::test(start_paused = true)]
async fn a_slow_mirror_is_kept_when_it_is_the_only_good_one() {
    let slow = 30_000;
    let mut scene = Scene::new().with(&[
        Behaviour::Page200,
        Behaviour::Slow(slow),
        Behaviour::Wrong,
        Behaviour::Silent,
    ]);
    let begun = Instant::now();
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    let alone = scene.size() as f64 / slow as f64;
    assert!(
        begun.elapsed().as_secs_f64() <= alone * 1.1,
        "{:?} of {alone}",
        begun.elapsed()
    );
    assert!(scene.world.sent() as f64 <= scene.size() as f64 * 1.05);
}

#[tokio::test(start_paused = true)]
async fn a_slow_mirror_is_left_for_a_faster_one() {
    // The fast one is far away, so the slow one proves good first.
    let mut scene = Scene::new().with(&[Behaviour::Slow(20_000), Behaviour::Far(ms(2500))]);
    let begun = Instant::now();
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert!(begun.elapsed() < ms(25_000), "{:?}", begun.elapsed());
    assert!(
        matches!(fault_of(&got.faults, 0), Some(Fault::Slow { .. })),
        "{:?}",
        got.faults
    );
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_dies_in_the_middle_costs_nothing_of_what_it_brought() {
    let mut scene = Scene::new().with(&[Behaviour::DiesAfter(1_200_000), Behaviour::Far(ms(50))]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    let sent = scene.world.sent();
    assert!(
        sent as f64 <= scene.size() as f64 * 1.02,
        "{sent} of {}",
        scene.size()
    );
    assert!(fault_of(&got.faults, 0).is_some());
}

#[tokio::test(start_paused = true)]
async fn when_all_die_in_the_middle_it_says_so_and_keeps_what_came() {
    let behaviours = [Behaviour::DiesAfter(900_000), Behaviour::DiesAfter(300_000)];
    let mut scene = Scene::new().with(&behaviours);
    let begun = Instant::now();
    let error = scene.get().await.unwrap_err();
    assert!(begun.elapsed() <= ms(15_000), "{:?}", begun.elapsed());
    assert!(
        matches!(error, ReadError::Unfinished { edition: 1, .. }),
        "{error}"
    );
    assert_eq!(error.faults().len(), 2);
    assert_eq!(scene.kept(), None);
    let before = scene.world.sent();
    scene.mirror(Behaviour::Good);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert!(scene.world.sent() - before < scene.size() - 800_000);
}

#[tokio::test(start_paused = true)]
async fn connections_that_freeze_after_15_kb_are_good_enough() {
    connections_may_freeze(&[Behaviour::FreezesAfter(16_384)]).await;
    connections_may_freeze(&[Behaviour::FreezesAfter(16_384); 3]).await;
}

async fn connections_may_freeze(behaviours: &[Behaviour]) {
    let mut scene = Scene::new().with(behaviours);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    let sent = scene.world.sent();
    assert!(
        sent as f64 <= scene.size() as f64 * 1.15,
        "{sent} of {}",
        scene.size()
    );
}

#[tokio::test(start_paused = true)]
async fn a_lie_in_the_middle_is_found_and_what_came_before_is_kept() {
    let mut scene = Scene::new().with(&[Behaviour::LiesAt(1_500_000), Behaviour::Far(ms(50))]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert!(
        matches!(fault_of(&got.faults, 0), Some(Fault::Lied(_))),
        "{:?}",
        got.faults
    );
    assert!(fault_of(&got.faults, 1).is_none());
    let honest = scene.world.sent() - 1_500_000;
    assert!(honest <= scene.size() - 1_500_000 + 400_000, "{honest}");
}

/// A mirror that received the edition in the dense form may have packed it otherwise.
#[tokio::test(start_paused = true)]
async fn who_has_the_edition_packed_otherwise_is_no_liar_and_good_enough_alone() {
    let mut scene = Scene::new();
    let words: String = (0..9000u32).map(|n| format!("{} ", n * n % 977)).collect();
    scene.newsroom.write("a.html", words);
    scene.edition = scene.newsroom.publish(moment(0));
    scene.mirror(Behaviour::DiesAfter(900_000));
    let other = scene.mirror(Behaviour::Far(ms(300)));
    let dense = colport::edition::write_dense(Vec::new(), &scene.edition).unwrap();
    let newcomer = Remembered::new(scene.newsroom.first_root());
    let receiver = Receiver::new(Vec::new(), newcomer, None, moment(1));
    let mut receiver = receiver.packing(Effort::Best);
    receiver.push(dense.into()).unwrap();
    let packed = receiver.finish(|out| Ok::<_, Refusal>(Bytes::from(out)));
    let packed = packed.unwrap();
    assert_ne!(packed.bundle(), scene.edition.bundle());
    other.show(&packed);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), packed.bundle());
    let fault = fault_of(&got.faults, 1);
    assert!(matches!(fault, None | Some(Fault::Suspect(_))), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn a_liar_is_asked_last_the_next_time() {
    let mut scene = Scene::new();
    let liar = scene.mirror(Behaviour::LiesAt(500_000));
    let other = scene.mirror(Behaviour::Far(ms(50)));
    scene.get().await.unwrap();
    scene
        .newsroom
        .write("be/2026/11/river/new.webp", noise(99, 50_000));
    scene.edition = scene.newsroom.publish(moment(2));
    scene.hours = 3;
    // Now it is the quickest of all, and behaves.
    liar.behave(Behaviour::Good);
    liar.show(&scene.edition);
    other.show(&scene.edition);
    scene.events.clear();
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 2);
    let bundles = |mirror: &Mirror| {
        let asked = mirror.asked().into_iter();
        asked.filter(|path| path.ends_with("/2.tar.gz")).count()
    };
    assert_eq!((bundles(&liar), bundles(&other)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_ranges_can_be_gone_on_with() {
    let mut scene = Scene::new().with(&[Behaviour::DiesAfter(1_200_000), Behaviour::KnowsNoRanges]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
}

#[tokio::test(start_paused = true)]
async fn an_old_edition_does_not_win_where_a_newer_one_is() {
    let mut scene = Scene::new().with(&[Behaviour::Good]);
    scene.newsroom.write("index.html", "<title>newer</title>");
    scene.edition = scene.newsroom.publish(moment(1));
    scene.hours = 2;
    scene.mirror(Behaviour::Far(ms(30)));
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 2);
    assert_eq!(
        fault_of(&got.faults, 0),
        Some(&Fault::Behind { has: 1, newest: 2 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_refused_and_named_and_the_last_good_edition_opens() {
    let mut scene = Scene::new();
    let old = scene.edition.clone();
    scene.edition = scene.newsroom.publish(moment(1));
    scene.hours = 2;
    let mirror = scene.mirror(Behaviour::Good);
    scene.get().await.unwrap();
    let kept = scene.kept();
    mirror.show(&old);
    let error = scene.get().await.unwrap_err();
    let fault = fault_of(error.faults(), 0);
    assert!(
        matches!(fault, Some(Fault::Older { had: 2, got: 1, .. })),
        "{fault:?}"
    );
    assert_eq!(scene.kept(), kept);
    let store = reader::Store::open(&scene.store()).unwrap();
    assert_eq!(store.edition(moment(2)).unwrap().unwrap().number(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_mirror_is_named_and_another_one_is_used() {
    let mut scene = Scene::new().with(&[Behaviour::Good]);
    scene.hours = 8 * 24;
    scene.edition = scene.newsroom.publish(moment(8 * 24 - 1));
    scene.mirror(Behaviour::Far(ms(30)));
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 2);
    assert!(
        matches!(fault_of(&got.faults, 0), Some(Fault::Stale { .. })),
        "{:?}",
        got.faults
    );
}

/// Mirrors that froze a week ago answer at once; one that is far away has the news.
#[tokio::test(start_paused = true)]
async fn a_frozen_mirror_that_answers_first_does_not_win() {
    let mut scene = Scene::new().with(&[Behaviour::Good, Behaviour::Good]);
    scene.hours = 8 * 24;
    scene.edition = scene.newsroom.publish(moment(8 * 24 - 1));
    scene.mirror(Behaviour::Far(ms(2_000)));
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 2);
}

#[tokio::test(start_paused = true)]
async fn old_news_are_better_than_none_and_say_how_old_they_are() {
    let mut scene = Scene::new().with(&[Behaviour::Good, Behaviour::Refused]);
    scene.hours = 8 * 24;
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 1);
    let freshness = got.edition.freshness_at(moment(8 * 24));
    assert!(matches!(freshness, Freshness::Expired { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_kill_is_not_fetched_again() {
    let mut scene = Scene::new().with(&[Behaviour::Slow(400_000)]);
    let killed = tokio::time::timeout(ms(4000), scene.get()).await;
    assert!(killed.is_err());
    // What runs on a thread of its own when the rest is dropped, still ends.
    tokio::task::spawn_blocking(|| {}).await.unwrap();
    let before = scene.world.sent();
    assert!(before > 1_000_000, "{before}");
    assert_eq!(scene.kept(), None);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    let sent = scene.world.sent();
    assert!(
        sent as f64 <= scene.size() as f64 * 1.1,
        "{sent} of {}",
        scene.size()
    );
    assert!(
        scene
            .events
            .iter()
            .any(|event| matches!(event, Event::Resumed { .. }))
    );
    assert!(no_parts_in(&scene.store()));
}

fn no_parts_in(store: &Path) -> bool {
    let names = files::list(store).unwrap();
    names
        .iter()
        .all(|name| !name.to_str().unwrap().starts_with("part-"))
}

#[tokio::test(start_paused = true)]
async fn a_damaged_part_is_noticed_and_replaced() {
    let mut scene = Scene::new().with(&[Behaviour::Slow(400_000)]);
    let _ = tokio::time::timeout(ms(4000), scene.get()).await;
    tokio::task::spawn_blocking(|| {}).await.unwrap();
    let place = scene.store().join("part-1.tar.gz");
    let mut part = files::read(&place, 1 << 30).unwrap();
    let middle = part.len() / 2;
    part[middle] ^= 1;
    files::write(&place, &part).unwrap();
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert_eq!(got.faults, []);
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_goes_on_to_the_next_edition_meanwhile_is_followed() {
    let mut scene = Scene::new();
    let mirror = scene.mirror(Behaviour::FreezesAfter(200_000));
    scene.newsroom.write("index.html", "<title>two</title>");
    let next = scene.newsroom.publish(moment(0));
    let changing = async {
        tokio::time::sleep(ms(1500)).await;
        mirror.show(&next);
    };
    let (got, ()) = tokio::join!(scene.get(), changing);
    let got = got.unwrap();
    assert_eq!(got.edition.number(), 2);
    assert_eq!(got.edition.bundle(), next.bundle());
    assert!(no_parts_in(&scene.store()));
}

#[tokio::test(start_paused = true)]
async fn an_update_is_taken_and_gives_the_publishers_bundle() {
    let mut scene = Scene::new();
    let mirror = scene.mirror(Behaviour::Good);
    scene.get().await.unwrap();
    let old = scene.edition.clone();
    scene
        .newsroom
        .write("be/2026/11/flood/index.html", "<p>Flood.".repeat(100));
    scene
        .newsroom
        .write("be/2026/11/flood/1.webp", noise(77, 50_000));
    scene.newsroom.remove("be/2026/11/river/3.webp");
    scene.edition = scene.newsroom.publish(moment(1));
    scene.hours = 2;
    mirror
        .show(&scene.edition)
        .show_update(&old, &scene.edition);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert_eq!(scene.kept().as_deref(), Some(&scene.edition.bundle()[..]));
    assert!(got.received_bytes < 70_000, "{}", got.received_bytes);
}

#[tokio::test(start_paused = true)]
async fn without_an_update_the_whole_is_fetched() {
    let mut scene = Scene::new();
    let mirror = scene.mirror(Behaviour::Good);
    scene.get().await.unwrap();
    scene.newsroom.write("index.html", "<title>two</title>");
    scene.edition = scene.newsroom.publish(moment(1));
    scene.hours = 2;
    mirror.show(&scene.edition);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.bundle(), scene.edition.bundle());
    assert_eq!(got.received_bytes, scene.size());
}

#[tokio::test(start_paused = true)]
async fn a_host_without_bundles_is_read_file_by_file() {
    let mut scene = Scene::new().with(&[Behaviour::NoBundles]);
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 1);
    let contents = |edition: &Excerpt| -> Vec<_> {
        edition
            .files()
            .map(|(path, entry)| (path.clone(), entry.digest))
            .collect()
    };
    assert_eq!(contents(&got.edition), contents(&scene.edition));
    let store = reader::Store::open(&scene.store()).unwrap();
    assert_eq!(store.edition(moment(1)).unwrap().unwrap().number(), 1);
}

#[tokio::test(start_paused = true)]
async fn file_by_file_a_forged_file_is_refused_and_taken_from_another() {
    let mut scene = Scene::new();
    let forger = scene.mirror(Behaviour::NoBundles);
    forger.put("be/index.html", "<p>forged");
    scene.mirror(Behaviour::NoBundles);
    let got = scene.get().await.unwrap();
    let fault = fault_of(&got.faults, 0);
    assert!(matches!(fault, Some(Fault::Differs(_))), "{fault:?}");
    let forged = colport::base::Digest::of(b"<p>forged");
    assert!(got.edition.files().all(|(_, entry)| entry.digest != forged));
}

#[tokio::test(start_paused = true)]
async fn another_newsrooms_mirror_is_not_followed() {
    let mut other = Newsroom::found(2, 1);
    let edition = other.publish(moment(0));
    let mut scene = Scene::new();
    scene.world.add(Behaviour::Good).show(&edition);
    let error = scene.get().await.unwrap_err();
    assert_eq!(fault_of(error.faults(), 0), Some(&Fault::OtherSite));
    let root = scene.newsroom.first_root();
    let error = scene
        .get_trusting(FirstTrust::Root(root))
        .await
        .unwrap_err();
    assert!(matches!(fault_of(error.faults(), 0), Some(Fault::Lied(_))));
    assert_eq!(scene.kept(), None);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_trusted_by_default_and_a_store_has_one_newsroom() {
    let mut scene = Scene::new().with(&[Behaviour::Good]);
    let error = scene.get_trusting(FirstTrust::Kept).await.unwrap_err();
    assert!(matches!(error, ReadError::NobodyToTrust));
    assert_eq!(scene.world.sent(), 0);
    scene.get().await.unwrap();
    let other = FirstTrust::Root(Newsroom::found(2, 0).first_root());
    let error = scene.get_trusting(other).await.unwrap_err();
    assert!(matches!(error, ReadError::OtherNewsroom { .. }));
    scene.get_trusting(FirstTrust::Kept).await.unwrap();
}

/// A scene whose reader has edition 1, and whose one mirror has edition 2, also in the dense form.
async fn next_day() -> (Scene, Arc<Mirror>) {
    let mut scene = Scene::new();
    let mirror = scene.mirror(Behaviour::Good);
    scene.get().await.unwrap();
    let base = scene.edition.clone();
    scene
        .newsroom
        .write("be/2026/11/new/index.html", "<p>The new bridge.".repeat(30));
    scene
        .newsroom
        .write("be/2026/11/new/1.webp", noise(900, 60_000));
    scene.edition = scene.newsroom.publish(moment(24));
    scene.hours = 25;
    mirror.show(&scene.edition);
    mirror.show_update(&base, &scene.edition);
    mirror.show_dense(Some(&base), &scene.edition);
    (scene, mirror)
}

fn since(mirror: &Mirror, before: usize) -> Vec<String> {
    mirror.asked()[before..].to_vec()
}

#[tokio::test(start_paused = true)]
async fn the_day_after_costs_three_requests_and_little_more_than_the_news() {
    let (mut scene, mirror) = next_day().await;
    let (asked, sent) = (mirror.asked().len(), mirror.sent());
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, 2));
    assert_eq!(got.faults, []);
    assert_eq!(
        since(&mirror, asked),
        [
            ".colport/metadata/2.root.json",
            ".colport/metadata/timestamp.json",
            ".colport/bundle/1-2.zst",
        ]
    );
    let sent = mirror.sent() - sent;
    assert!(sent < 60_000 + 3_500, "{sent}");
    let whole = |edition: &Excerpt| {
        let files = edition.files();
        files
            .map(|(path, entry)| (path.clone(), entry.digest))
            .collect::<Vec<_>>()
    };
    assert_eq!(whole(&got.edition), whole(&scene.edition));
    // It opens again, and is as good a base for the next day.
    let again = scene.get().await.unwrap();
    assert_eq!((again.news, again.edition.number()), (News::Nothing, 2));
}

#[tokio::test(start_paused = true)]
async fn nothing_new_costs_two_requests_and_part_of_a_timestamp() {
    const ASKED: [&str; 2] = [
        ".colport/metadata/2.root.json",
        ".colport/metadata/timestamp.json",
    ];
    let (mut scene, mirror) = next_day().await;
    scene.get().await.unwrap();
    let (asked, sent) = (mirror.asked().len(), mirror.sent());
    let got = scene.get().await.unwrap();
    assert_eq!(got.news, News::Nothing);
    assert_eq!(since(&mirror, asked), ASKED);
    assert!(mirror.sent() - sent <= 400, "{}", mirror.sent() - sent);
    // Of a host that knows no ranges it costs all of the timestamp.
    mirror.behave(Behaviour::KnowsNoRanges);
    let (asked, sent) = (mirror.asked().len(), mirror.sent());
    assert_eq!(scene.get().await.unwrap().news, News::Nothing);
    assert_eq!(since(&mirror, asked), ASKED);
    assert!(mirror.sent() - sent <= 600);
}

#[tokio::test(start_paused = true)]
async fn a_new_root_counts_at_once_also_while_the_old_one_would_do() {
    let (mut scene, mirror) = next_day().await;
    scene.get().await.unwrap();
    // Its keys are the same, so all else is good by either root.
    scene.newsroom.rekey(9, moment(25));
    let root = scene.newsroom.newest_root();
    mirror.put(".colport/metadata/2.root.json", root);
    assert_eq!(scene.get().await.unwrap().news, News::Nothing);
    let asked = mirror.asked().len();
    assert_eq!(scene.get().await.unwrap().news, News::Nothing);
    assert_eq!(since(&mirror, asked)[0], ".colport/metadata/3.root.json");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_dense_form_costs_a_request_and_nobody_his_name() {
    let (mut scene, mirror) = next_day().await;
    for at in [3, 100, 400, 2000, 20_000] {
        mirror.damage(".colport/bundle/1-2.zst", at);
    }
    let asked = mirror.asked().len();
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, 2));
    let bundles: Vec<_> = since(&mirror, asked).split_off(2);
    assert_eq!(
        bundles,
        [".colport/bundle/1-2.zst", ".colport/bundle/1-2.tar.gz"]
    );
    let fault = fault_of(&got.faults, 0).unwrap();
    assert!(matches!(fault, Fault::Dense(_)), "{fault}");
    assert!(!fault.is_lie());
}

#[tokio::test(start_paused = true)]
async fn a_dense_form_cut_short_on_the_host_is_given_up_for_the_plain_one() {
    let (mut scene, mirror) = next_day().await;
    mirror.put(".colport/bundle/1-2.zst", "");
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, 2));
    let (mut scene, mirror) = next_day().await;
    let base = scene.get().await.unwrap().edition;
    assert_eq!(base.number(), 2);
    scene.newsroom.write("be/index.html", noise(5, 30_000));
    scene.edition = scene.newsroom.publish(moment(48));
    scene.hours = 49;
    mirror.show(&scene.edition);
    let update = colport::edition::write_dense_update(Vec::new(), &scene.edition, &base);
    let update = update.unwrap();
    mirror.put(
        ".colport/bundle/2-3.zst",
        update[..update.len() / 2].to_vec(),
    );
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, 3));
}

#[tokio::test(start_paused = true)]
async fn a_first_download_is_dense_and_goes_on_where_it_broke_off() {
    let mut scene = Scene::new();
    let dying = scene.mirror(Behaviour::DiesAfter(900_000));
    let good = scene.mirror(Behaviour::Good);
    for mirror in [&dying, &good] {
        mirror.show_dense(None, &scene.edition);
    }
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, 1));
    let of_bundles = |mirror: &Mirror| {
        let asked = mirror.asked();
        let bundles = asked.into_iter().filter(|path| path.contains("/bundle/"));
        bundles.collect::<Vec<_>>()
    };
    assert_eq!(of_bundles(&good), [".colport/bundle/1.zst"]);
    assert!(got.received_bytes < scene.size() + 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_dense_download_goes_on_after_a_kill() {
    let mut scene = Scene::new();
    let mirror = scene.mirror(Behaviour::DiesAfter(900_000));
    mirror.show_dense(None, &scene.edition);
    scene.get().await.unwrap_err();
    mirror.behave(Behaviour::Good);
    let sent = mirror.sent();
    let got = scene.get().await.unwrap();
    assert_eq!(got.edition.number(), 1);
    let resumed = |event: &Event| matches!(event, Event::Resumed { bytes, .. } if *bytes > 500_000);
    assert!(scene.events.iter().any(resumed));
    assert!(mirror.sent() - sent < scene.size() - 500_000);
}

/// A scene whose one mirror has edition 1 with small copies of it.
fn with_small_copies() -> (Scene, Arc<Mirror>) {
    let mut scene = Scene::new();
    scene.variant = Variant::Text;
    scene
        .newsroom
        .write("be/2026/11/a/index.html", "<p>The old bridge.".repeat(90));
    scene.edition = scene.newsroom.publish(moment(0));
    let mirror = scene.mirror(Behaviour::Good);
    let small = write_excerpt(Vec::new(), &scene.edition, Variant::Text).unwrap();
    mirror.put(".colport/bundle/text.tar.gz", small);
    (scene, mirror)
}

fn bundles(mirror: &Mirror, before: usize) -> Vec<String> {
    let asked = since(mirror, before).into_iter();
    asked.filter(|path| path.contains("/bundle/")).collect()
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_pictures_gets_none_and_then_only_what_is_new() {
    let (mut scene, mirror) = with_small_copies();
    let base = scene.edition.clone();
    let small = DenseForms::of(&base)
        .write(Vec::new(), Variant::Text)
        .unwrap();
    let number = base.number();
    mirror.put(&format!(".colport/bundle/{number}-text.zst"), small);
    let got = scene.get().await.unwrap();
    assert_eq!((got.edition.number(), got.faults), (number, Vec::new()));
    assert!(got.edition.covers(Variant::Text) && got.edition.lacking().count() > 30);
    assert!(mirror.sent() < 12_000, "{}", mirror.sent());
    assert_eq!(scene.get().await.unwrap().news, News::Nothing);

    scene
        .newsroom
        .write("be/2026/11/b/index.html", "<p>The new bridge.".repeat(90));
    scene
        .newsroom
        .write("be/2026/11/b/1.webp", noise(901, 60_000));
    scene.edition = scene.newsroom.publish(moment(24));
    scene.hours = 25;
    mirror.show(&scene.edition);
    let mut forms = DenseForms::since(&base, &scene.edition).unwrap();
    let update = forms.write(Vec::new(), Variant::Text).unwrap();
    let name = format!(".colport/bundle/{number}-{}-text.zst", number + 1);
    mirror.put(&name, update);
    let (asked, sent) = (mirror.asked().len(), mirror.sent());
    let got = scene.get().await.unwrap();
    assert_eq!((got.news, got.edition.number()), (News::New, number + 1));
    assert_eq!(bundles(&mirror, asked), [name]);
    assert!(mirror.sent() - sent < 3_500, "{}", mirror.sent() - sent);

    // Who wants all of it after all is given all of it.
    scene.variant = Variant::Full;
    let got = scene.get().await.unwrap();
    assert_eq!(got.news, News::New);
    assert_eq!(got.edition.lacking().count(), 0);
    // And with fewer pictures from then on, those that are here stay.
    scene.variant = Variant::Text;
    assert_eq!(scene.get().await.unwrap().news, News::Nothing);
}

#[tokio::test(start_paused = true)]
async fn a_plain_small_copy_will_do_and_so_will_the_pages_alone() {
    let (mut scene, mirror) = with_small_copies();
    let got = scene.get().await.unwrap();
    assert!(got.edition.covers(Variant::Text));
    assert_eq!(got.faults, []);
    let number = got.edition.number();
    let dense = format!(".colport/bundle/{number}-text.zst");
    let expected = [dense.as_str(), ".colport/bundle/text.tar.gz"];
    assert_eq!(bundles(&mirror, 0), expected);
    assert!(mirror.sent() < 20_000, "{}", mirror.sent());

    // A newsroom that makes no small copies.
    let mut scene = Scene::new();
    scene.variant = Variant::Text;
    let mirror = scene.mirror(Behaviour::Good);
    let got = scene.get().await.unwrap();
    assert!(got.edition.covers(Variant::Text) && !got.edition.covers(Variant::Full));
    assert_eq!(got.faults, []);
    assert!(mirror.asked().iter().all(|path| !path.ends_with(".webp")));
    assert!(mirror.sent() < 50_000, "{}", mirror.sent());
}
