//! Bringing an edition to folders and servers, good and bad.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::edition::{Holding, Remembered, VerifiedEdition, write_dense_update, write_update};
use colport::io::address::BundleName;
use colport::io::fetch::{Fetch, FetchError, Request, Response};
use colport::io::files;
use colport::io::push::{Answer, Body, Post};
use colport::reader::{self, FirstTrust};
use colport::sync::{
    Event, Intent, Mirror, Options, Outcome, Place, Pushed, Sending, Source, Stage, Step, plan_all,
    push_all,
};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::world::{Behaviour, Newsroom, World, moment, noise};

struct Scene {
    newsroom: Newsroom,
    editions: Vec<Arc<VerifiedEdition>>,
    world: World,
    folder: tempfile::TempDir,
    mirrors: Vec<Mirror>,
    events: Vec<Event>,
}

impl Scene {
    fn new() -> Self {
        let mut newsroom = Newsroom::found(1, 10);
        let editions = vec![newsroom.publish(moment(0))];
        Self {
            newsroom,
            editions,
            world: World::default(),
            folder: tempfile::tempdir().unwrap(),
            mirrors: Vec::new(),
            events: Vec::new(),
        }
    }

    fn folder(&mut self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        files::create_folder(&path).unwrap();
        self.mirrors.push(mirror(Place::Folder(path.clone())));
        path
    }

    fn server(&mut self, behaviour: Behaviour) -> Arc<crate::world::Mirror> {
        let mirror = self.world.add(behaviour);
        self.mirrors
            .push(self::mirror(Place::Colport(mirror.url())));
        mirror
    }

    /// One article more, one less.
    fn publish_next(&mut self) {
        let number = self.editions.len() as u64;
        let path = |n: u64| format!("be/2026/11/next/{n}.webp");
        self.newsroom
            .write(&path(number), noise(500 + number, 60_000));
        if number > 1 {
            self.newsroom.remove(&path(number - 1));
        }
        self.editions.push(self.newsroom.publish(moment(1)));
    }

    fn newest(&self) -> &Arc<VerifiedEdition> {
        self.editions.last().unwrap()
    }

    fn source(&self) -> Arc<Source> {
        let earlier = self.editions[..self.editions.len() - 1].to_vec();
        Arc::new(Source::new(self.newest().clone(), earlier).unwrap())
    }

    async fn push(&mut self) -> Vec<Outcome> {
        let source = self.source();
        let options = Options::default();
        let events = &mut self.events;
        let mut report = |event| events.push(event);
        let pushed = push_all(&self.world, &source, &self.mirrors, &options, &mut report).await;
        pushed.into_iter().map(|(_, outcome)| outcome).collect()
    }

    async fn plan(&self) -> Vec<Intent> {
        let (source, options) = (self.source(), Options::default());
        let planned = plan_all(&self.world, &source, &self.mirrors, &options).await;
        planned.into_iter().map(|(_, intent)| intent).collect()
    }
}

fn mirror(place: Place) -> Mirror {
    let name = place.to_string();
    Mirror { name, place }
}

fn names(folder: &Path) -> Vec<String> {
    let names = files::list(folder).unwrap().into_iter();
    names
        .map(|name| name.to_str().unwrap().to_owned())
        .collect()
}

fn pushed(edition: u64) -> impl Fn(&Outcome) -> bool {
    move |outcome| matches!(outcome, Outcome::Pushed(pushed) if pushed.edition == edition)
}

#[tokio::test(start_paused = true)]
async fn a_folder_becomes_a_mirror_that_a_reader_can_read() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    let outcomes = scene.push().await;
    assert!(outcomes.iter().all(pushed(1)), "{outcomes:?}");
    let options = reader::Options::new(
        vec![url::Url::from_directory_path(&folder).unwrap()],
        scene.folder.path().join("store"),
        FirstTrust::Fingerprint(Fingerprint::of_first_root(&scene.newsroom.first_root())),
    );
    let fetch = colport::io::folder::FolderFetch;
    let got = reader::get(&fetch, moment(1), &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(got.edition.bundle(), scene.newest().bundle());
}

#[tokio::test(start_paused = true)]
async fn a_second_push_sends_nothing() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    scene.push().await;
    let before = std::fs::metadata(folder.join("index.html"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(scene.push().await, [Outcome::Already { edition: 1 }]);
    let after = std::fs::metadata(folder.join("index.html"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_missing_travels_and_what_nobody_names_goes() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    scene.publish_next();
    scene.push().await;
    scene.publish_next();
    let Some(Intent::Steps(plan)) = scene.plan().await.pop() else {
        panic!("a folder has steps")
    };
    let lines: Vec<_> = plan.steps.iter().map(Step::to_string).collect();
    let old_files = lines.iter().filter(|line| line.contains("river"));
    assert_eq!(old_files.count(), 0, "{lines:#?}");
    let removed: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("remove"))
        .collect();
    assert_eq!(
        removed,
        [
            "remove `.colport/bundle/1-2.tar.gz`",
            "remove `.colport/bundle/2.tar.gz`",
            "remove `be/2026/11/next/1.webp`"
        ]
    );
    let outcomes = scene.push().await;
    assert_eq!(
        outcomes,
        [Outcome::Pushed(Pushed {
            edition: 3,
            bytes: plan.bytes()
        })]
    );
    let names = names(&folder);
    assert!(!names.contains(&"be/2026/11/next/1.webp".into()));
    assert!(names.contains(&"be/2026/11/next/2.webp".into()));
    for bundle in ["3.tar.gz", "1-3.tar.gz", "2-3.tar.gz"] {
        assert!(
            names.contains(&format!(".colport/bundle/{bundle}")),
            "{names:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_changes_nothing_and_ends_with_the_timestamp() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    let server = scene.server(Behaviour::Good);
    let intents = scene.plan().await;
    let Intent::Steps(plan) = &intents[0] else {
        panic!("a folder has steps")
    };
    let last = plan.steps.last().unwrap();
    assert!(
        matches!(
            last,
            Step::Put {
                stage: Stage::Timestamp,
                ..
            }
        ),
        "{last}"
    );
    let whole = scene.newest().bundle().len() as u64;
    assert_eq!(intents[1], Intent::Send(Sending::Whole { bytes: whole }));
    assert_eq!(names(&folder), [""; 0]);
    assert!(server.taken().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_folder_cut_off_in_the_middle_still_shows_the_last_edition() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    scene.push().await;
    let timestamp = folder.join(".colport/metadata/timestamp.json");
    let before = files::read(&timestamp, 1 << 20).unwrap();
    scene.publish_next();
    // A folder where a file shall be: the push breaks on the way.
    files::create_folder(&folder.join(".colport/metadata/2.snapshot.json/x")).unwrap();
    let outcomes = scene.push().await;
    assert!(matches!(&outcomes[0], Outcome::Refused(_)), "{outcomes:?}");
    assert_eq!(files::read(&timestamp, 1 << 20).unwrap(), before);
    assert!(
        names(&folder)
            .iter()
            .any(|name| name == ".colport/bundle/1.tar.gz")
    );
}

#[tokio::test(start_paused = true)]
async fn a_folder_with_a_newer_edition_is_not_put_back() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    scene.publish_next();
    scene.push().await;
    let before = names(&folder);
    let older = Source::new(scene.editions[0].clone(), Vec::new()).unwrap();
    let older = Arc::new(older);
    let options = Options::default();
    let push = async || push_all(&scene.world, &older, &scene.mirrors, &options, &mut |_| {}).await;
    let outcome = push().await.remove(0).1;
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("it shows edition 2")),
        "{outcome:?}"
    );
    assert_eq!(names(&folder), before);
    // What none of our keys signed keeps nobody from mending it.
    let timestamp = folder.join(".colport/metadata/timestamp.json");
    let forged = files::read(&timestamp, 1 << 20).unwrap();
    let forged = String::from_utf8(forged).unwrap();
    let forged = forged.replace("\"version\":2", "\"version\":9");
    files::write(&timestamp, forged.as_bytes()).unwrap();
    let outcome = push().await.remove(0).1;
    assert!(pushed(1)(&outcome), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stick_that_is_not_plugged_in_is_not_made_up() {
    let mut scene = Scene::new();
    let path = scene.folder.path().join("stick");
    scene.mirrors.push(mirror(Place::Folder(path.clone())));
    let outcomes = scene.push().await;
    assert!(
        matches!(&outcomes[0], Outcome::Unreachable(_)),
        "{outcomes:?}"
    );
    assert!(!path.exists());
}

#[tokio::test(start_paused = true)]
async fn a_link_in_a_folder_does_not_lead_the_push_elsewhere() {
    let mut scene = Scene::new();
    let folder = scene.folder("mirror");
    let outside = scene.folder.path().join("outside");
    files::create_folder(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("be")).unwrap();
    let outcomes = scene.push().await;
    assert!(
        matches!(&outcomes[0], Outcome::Refused(why) if why.contains("symbolic link")),
        "{outcomes:?}"
    );
    assert_eq!(names(&outside), [""; 0]);
    assert!(!folder.join(".colport").exists());
}

#[tokio::test(start_paused = true)]
async fn a_server_gets_the_whole_first_and_then_the_update() {
    let mut scene = Scene::new();
    let server = scene.server(Behaviour::Good);
    // It says that it took it and does not show it: that is told.
    let outcomes = scene.push().await;
    assert!(matches!(&outcomes[0], Outcome::Unsure(_)), "{outcomes:?}");
    assert_eq!(server.taken(), [scene.newest().bundle().clone()]);
    server.show(scene.newest());
    assert_eq!(scene.push().await, [Outcome::Already { edition: 1 }]);
    assert_eq!(server.taken().len(), 1);
    scene.publish_next();
    scene.push().await;
    let base = Holding::from(scene.editions[0].proof());
    let update = write_update(Vec::new(), scene.newest(), &base).unwrap();
    assert_eq!(server.taken()[1], update);
    assert!(update.len() < scene.newest().bundle().len() / 4);
}

#[tokio::test(start_paused = true)]
async fn a_server_gets_the_dense_form_and_the_plain_one_if_it_cannot_take_that() {
    let mut scene = Scene::new();
    let server = scene.server(Behaviour::Good);
    server.show(scene.newest());
    scene.publish_next();
    let base = scene.editions[0].clone();
    let name = BundleName::Update {
        base: 1,
        edition: 2,
    };
    let dense: Bytes = write_dense_update(Vec::new(), scene.newest(), &base)
        .unwrap()
        .into();
    let holding = Holding::from(base.proof());
    let plain = write_update(Vec::new(), scene.newest(), &holding).unwrap();
    assert!(dense.len() < plain.len());
    let source = Source::new(scene.newest().clone(), vec![base]).unwrap();
    let source = Arc::new(source.with_forms([(name.dense(), dense.clone())]));
    let options = Options::default();
    let plans = plan_all(&scene.world, &source, &scene.mirrors, &options).await;
    let bytes = dense.len() as u64;
    assert_eq!(plans[0].1, Intent::Send(Sending::Update { base: 1, bytes }));
    server.refuse_posts(422, "it does not begin as bundles do");
    let push =
        async || push_all(&scene.world, &source, &scene.mirrors, &options, &mut |_| {}).await;
    let outcomes = push().await;
    let why = "it does not begin as bundles do".to_owned();
    assert_eq!(outcomes[0].1, Outcome::Refused(why));
    assert_eq!(server.refused(), [dense.clone(), plain.into()]);
    server.refuse_posts(429, "others are being taken in already");
    push().await;
    assert_eq!(server.refused().len(), 3, "the plain form would not help");
    server.take_posts();
    push().await;
    assert_eq!(server.taken(), [dense]);
}

#[tokio::test(start_paused = true)]
async fn a_server_with_an_unknown_edition_gets_the_whole() {
    let mut scene = Scene::new();
    let server = scene.server(Behaviour::Good);
    server.put(".colport/metadata/timestamp.json", "{\"what\": \"else\"}");
    scene.publish_next();
    scene.push().await;
    assert_eq!(server.taken(), [scene.newest().bundle().clone()]);
}

#[tokio::test(start_paused = true)]
async fn a_servers_refusal_is_shown() {
    let mut scene = Scene::new();
    let server = scene.server(Behaviour::Good);
    server.refuse_posts(409, "edition 1 is not newer than edition 7");
    let outcomes = scene.push().await;
    assert_eq!(
        outcomes,
        [Outcome::Refused(
            "edition 1 is not newer than edition 7".into()
        )]
    );
    // Something else answers there, with a page for a person.
    server.refuse_posts(
        405,
        "<!DOCTYPE HTML>\n<html lang=\"en\"><title>Error</title>",
    );
    let why = "no `colport serve` answers there (status 405)".to_owned();
    assert_eq!(scene.push().await, [Outcome::Refused(why)]);
}

#[tokio::test(start_paused = true)]
async fn dead_and_slow_mirrors_hold_up_nobody() {
    let mut scene = Scene::new();
    scene.server(Behaviour::Silent);
    scene.server(Behaviour::Refused);
    scene.server(Behaviour::Slow(20_000));
    let folder = scene.folder("good");
    let begun = Instant::now();
    let outcomes = scene.push().await;
    let took = begun.elapsed();
    assert_eq!(
        outcomes[0],
        Outcome::Unreachable("nothing moved for 30 seconds".into())
    );
    assert_eq!(outcomes[1], Outcome::Unreachable("no connection".into()));
    // It took all of it, slowly; it is only that the simulated one does not show it.
    assert!(matches!(&outcomes[2], Outcome::Unsure(_)), "{outcomes:?}");
    assert!(pushed(1)(&outcomes[3]));
    assert!(folder.join("index.html").exists());
    assert!(took < Duration::from_secs(60), "{took:?}");
    let done = |mirror| {
        let is_done =
            |event: &Event| matches!(event, Event::Done { mirror: m, .. } if *m == mirror);
        scene.events.iter().position(is_done).unwrap()
    };
    assert!(done(3) < done(0) && done(1) < done(0), "{:?}", scene.events);
}

#[tokio::test(start_paused = true)]
async fn many_mirrors_are_served_with_a_limit_and_in_order() {
    let mut scene = Scene::new();
    for n in 0..20 {
        scene.folder(&format!("mirror-{n}"));
    }
    let outcomes = scene.push().await;
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(pushed(1)));
    let begun = scene
        .events
        .iter()
        .take_while(|event| matches!(event, Event::Begun { .. }));
    assert_eq!(begun.count(), 16);
}

#[tokio::test(start_paused = true)]
async fn who_copies_others_is_looked_at_and_sent_nothing() {
    let mut scene = Scene::new();
    scene.publish_next();
    let copies: Vec<_> = (0..4).map(|_| scene.world.add(Behaviour::Good)).collect();
    let dead = scene.world.add(Behaviour::Refused);
    copies[0].show(scene.newest());
    copies[1].show(&scene.editions[0]);
    copies[2].put(".colport/metadata/timestamp.json", "{}");
    for mirror in copies.iter().chain([&dead]) {
        let place = Place::Follows(mirror.url());
        scene.mirrors.push(self::mirror(place));
    }
    assert!(
        scene
            .plan()
            .await
            .iter()
            .all(|intent| *intent == Intent::Leave)
    );
    let outcomes = scene.push().await;
    let expected = [
        Outcome::Already { edition: 2 },
        Outcome::Behind { edition: Some(1) },
        Outcome::Behind { edition: None },
        Outcome::Behind { edition: None },
        Outcome::Unreachable("no connection".into()),
    ];
    assert_eq!(outcomes, expected);
    let faults: Vec<_> = outcomes.iter().map(Outcome::is_fault).collect();
    assert_eq!(faults, [false, false, false, false, true]);
    assert!(copies.iter().all(|mirror| mirror.taken().is_empty()));
    // A newer one than ours is not called none.
    let first = Source::new(scene.editions[0].clone(), Vec::new()).unwrap();
    let (first, options) = (Arc::new(first), Options::default());
    let ahead = &scene.mirrors[..1];
    let outcomes = push_all(&scene.world, &first, ahead, &options, &mut |_| {}).await;
    let why = "it shows edition 2, and the newest here is 1".to_owned();
    assert_eq!(outcomes[0].1, Outcome::Unsure(why));
}

#[tokio::test(start_paused = true)]
async fn what_the_line_may_carry_holds_for_all_mirrors_together() {
    let mut scene = Scene::new();
    for _ in 0..4 {
        scene.server(Behaviour::Good);
    }
    let whole = scene.newest().bundle().len() as u64;
    let (line, mirror) = (Some(whole / 10), Some(whole / 10));
    for (options, seconds) in [
        (
            Options {
                line_bytes_per_second: line,
                ..Options::default()
            },
            40.0,
        ),
        (
            Options {
                mirror_bytes_per_second: mirror,
                ..Options::default()
            },
            10.0,
        ),
    ] {
        let begun = Instant::now();
        let source = scene.source();
        push_all(&scene.world, &source, &scene.mirrors, &options, &mut |_| ()).await;
        let took = begun.elapsed().as_secs_f64();
        assert!(
            (seconds * 0.9..seconds * 1.1).contains(&took),
            "{took} of {seconds}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn how_much_will_travel_is_told_while_it_travels() {
    let mut scene = Scene::new();
    scene.server(Behaviour::Good);
    let whole = scene.newest().bundle().len() as u64;
    let options = Options {
        line_bytes_per_second: Some(whole / 10),
        ..Options::default()
    };
    let source = scene.source();
    let mut told = Vec::new();
    push_all(
        &scene.world,
        &source,
        &scene.mirrors,
        &options,
        &mut |event| {
            if let Event::Progress { sent, .. } = event {
                told.push(sent);
            }
        },
    )
    .await;
    assert!(told.len() > 10, "{told:?}");
    assert!(told.is_sorted_by_key(|sent| sent.bytes), "{told:?}");
    assert!(told.iter().all(|sent| sent.of == Some(whole)), "{told:?}");
    assert!(told.last().unwrap().bytes > whole / 10 * 9, "{told:?}");
}

/// Longer than any mirror may be still: it is our own limit that holds them.
#[tokio::test(start_paused = true)]
async fn nobody_is_given_up_because_our_own_line_is_thin() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.server(Behaviour::Good);
    }
    let options = Options {
        line_bytes_per_second: Some(500),
        ..Options::default()
    };
    let source = scene.source();
    let outcomes = push_all(&scene.world, &source, &scene.mirrors, &options, &mut |_| ()).await;
    // They took it all; it is only that simulated ones do not show it.
    assert!(
        outcomes
            .iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Unsure(_))),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn updates_made_for_mirrors_are_what_readers_take() {
    let mut scene = Scene::new();
    scene.publish_next();
    let source = scene.source();
    let update = source.content(".colport/bundle/1-2.tar.gz").unwrap();
    let remembered = Remembered::new(scene.newsroom.first_root());
    let held = Some(scene.editions[0].clone());
    let mut receiver = colport::edition::Receiver::new(Vec::new(), remembered, held, moment(1));
    receiver.push(update).unwrap();
    let edition = receiver
        .finish(|out| Ok::<_, colport::edition::Refusal>(out.into()))
        .unwrap();
    assert_eq!(edition.bundle(), scene.newest().bundle());
}

/// A mirror that has taken everything, and looks through it for so long before it answers.
struct Thorough {
    world: World,
    mirror: Arc<crate::world::Mirror>,
    edition: Arc<VerifiedEdition>,
    looks: Duration,
}

impl Fetch for Thorough {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        self.world.fetch(request)
    }
}

impl Post for Thorough {
    fn post(&self, url: url::Url, body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
        Box::pin(async move {
            let answer = self.world.post(url, body).await;
            tokio::time::sleep(self.looks).await;
            self.mirror.show(&self.edition);
            answer
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_has_all_of_it_may_take_its_time_but_not_for_ever() {
    let mut newsroom = Newsroom::found(1, 100);
    let edition = newsroom.publish(moment(0));
    let megabytes = edition.bundle().len() as u64 >> 20;
    let source = Arc::new(Source::new(edition.clone(), Vec::new()).unwrap());
    let options = Options {
        stall: Duration::from_secs(1),
        ..Options::default()
    };
    for (looks, is_good) in [(megabytes - 1, true), (600, false)] {
        let mut world = World::default();
        let mirror = world.add(Behaviour::Good);
        let wire = Thorough {
            world,
            edition: edition.clone(),
            looks: Duration::from_secs(looks),
            mirror: mirror.clone(),
        };
        let mirrors = [self::mirror(Place::Colport(mirror.url()))];
        let begun = Instant::now();
        let outcomes = push_all(&wire, &source, &mirrors, &options, &mut |_| ()).await;
        assert_eq!(outcomes[0].1.is_good(), is_good, "{outcomes:?}");
        assert!(begun.elapsed() < Duration::from_secs(3 * megabytes + 3));
    }
}

/// Falls still in the middle of its first upload, as a machine that has too much to do; the second goes through.
struct Overworked {
    inner: Thorough,
    has_failed: std::sync::atomic::AtomicBool,
}

impl Fetch for Overworked {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        self.inner.fetch(request)
    }
}

impl Post for Overworked {
    fn post(&self, url: url::Url, body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
        match self
            .has_failed
            .swap(true, std::sync::atomic::Ordering::Relaxed)
        {
            false => Box::pin(std::future::pending()),
            true => self.inner.post(url, body),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_there_and_fell_still_is_tried_a_second_time() {
    let mut newsroom = Newsroom::found(1, 2);
    let edition = newsroom.publish(moment(0));
    let source = Arc::new(Source::new(edition.clone(), Vec::new()).unwrap());
    let mut world = World::default();
    let mirror = world.add(Behaviour::Good);
    mirror.put(".colport/metadata/timestamp.json", "{}");
    let mirrors = [self::mirror(Place::Colport(mirror.url()))];
    let looks = Duration::ZERO;
    let inner = Thorough {
        world,
        edition,
        looks,
        mirror,
    };
    let wire = Overworked {
        inner,
        has_failed: false.into(),
    };
    let outcomes = push_all(&wire, &source, &mirrors, &Options::default(), &mut |_| ()).await;
    assert!(pushed(1)(&outcomes[0].1), "{outcomes:?}");
}
