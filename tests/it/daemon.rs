//! The daemon's loop in a simulated world: a newsroom publishes, mirrors are filled and blocked, lists change, and readers
//! move on. No real network and no real time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use colport::base::{EditionNumber, Fingerprint, Timestamp};
use colport::edition::{Remembered, VerifiedEdition};
use colport::io::clock::Clock;
use colport::io::fetch::{Fetch, FetchError, Request, Response};
use colport::io::ledger::{Ledger, LedgerError};
use colport::io::push::{Answer, Body, Post};
use colport::io::random;
use colport::io::report::Mark;
use colport::reader::{self, FirstTrust, Got, ReadError};
use colport::sync::daemon::{
    self, Audience, Daemon, Desk, Event, Exposure, Member, Operator, Public, Rendezvous, Sealed,
    Told, Trouble, View, Wanted, WantedChannel, Way,
};
use colport::sync::rotation::{
    Cause, Controls, Kind, MirrorId, Place as Where, Probe, Seen, Upkeep, VantageId,
};
use colport::sync::{Mirror, Options, Place, Source};
use colport::trust::lists::ChannelWord;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use url::Url;

use crate::world::{Behaviour, Newsroom, World, moment};

/// Runs with the virtual time of the test.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        moment(1) + jiff::SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

/// Mirrors that take bundles and lists as `colport serve` does.
struct Net {
    world: World,
    mirrors: Vec<Arc<crate::world::Mirror>>,
    root: Bytes,
    lists: Mutex<BTreeMap<String, BTreeMap<String, Bytes>>>,
    posts: Mutex<Vec<String>>,
    /// Hosts that hear a list and never answer.
    hang: Mutex<BTreeSet<String>>,
    /// Hosts that refuse everything in these words.
    refuse: Mutex<BTreeMap<String, String>>,
    /// Hosts over whose answers our own code breaks off.
    trip: Mutex<BTreeSet<String>>,
    /// Of bundles.
    sent: Mutex<u64>,
}

impl Net {
    fn new(count: usize, root: Bytes) -> Self {
        let mut world = World::default();
        let mirrors = (0..count).map(|_| world.add(Behaviour::Good)).collect();
        Self {
            world,
            mirrors,
            root,
            lists: Mutex::default(),
            posts: Mutex::default(),
            hang: Mutex::default(),
            refuse: Mutex::default(),
            trip: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    fn take(&self, url: &Url, bytes: Bytes) {
        let host = url.host_str().unwrap();
        let mirror = self
            .mirrors
            .iter()
            .find(|mirror| mirror.host() == host)
            .unwrap();
        let mut lists = self.lists.lock().unwrap();
        let lists = lists.entry(host.to_owned()).or_default();
        if url.path().starts_with("/.colport/lists/") {
            lists.insert(url.path().trim_start_matches('/').to_owned(), bytes);
        } else {
            let remembered = Remembered::new(self.root.clone());
            let edition = VerifiedEdition::open(bytes, &remembered, moment(2)).unwrap();
            mirror.show(&edition);
        }
        for (path, list) in lists.iter() {
            mirror.put(path, list.clone());
        }
    }
}

impl Fetch for Net {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        let trips = self.trip.lock().unwrap().clone();
        if trips.contains(request.url.host_str().unwrap()) {
            return async { panic!("as it may happen") }.boxed();
        }
        self.world.fetch(request)
    }
}

impl Post for Net {
    fn post(&self, url: Url, mut body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
        async move {
            self.posts.lock().unwrap().push(url.to_string());
            let is_list = url.path().starts_with("/.colport/lists/");
            let hangs = self.hang.lock().unwrap().contains(url.host_str().unwrap());
            if is_list && hangs {
                return std::future::pending().await;
            }
            let refused = self
                .refuse
                .lock()
                .unwrap()
                .get(url.host_str().unwrap())
                .cloned();
            if let Some(text) = refused {
                return Ok(Answer { status: 403, text });
            }
            let mut whole = BytesMut::new();
            while let Some(piece) = body.pieces.next().await {
                whole.extend_from_slice(&piece);
            }
            let whole = whole.freeze();
            *self.sent.lock().unwrap() += whole.len() as u64;
            let again = whole.clone();
            let body = Body {
                length: whole.len() as u64,
                content_type: body.content_type,
                pieces: futures_util::stream::once(async { again }).boxed(),
            };
            let answer = self.world.post(url.clone(), body).await?;
            self.take(&url, whole);
            Ok(Answer {
                status: 201,
                ..answer
            })
        }
        .boxed()
    }
}

/// The newsroom, and places inside the country.
#[derive(Default)]
struct Office {
    editions: Mutex<Vec<Arc<VerifiedEdition>>>,
    wanted: Mutex<Option<Wanted>>,
    blocked: Mutex<BTreeSet<String>>,
    words: Mutex<BTreeMap<String, ChannelWord>>,
    /// Channel and addresses, as people were told.
    told: Mutex<Vec<(String, Vec<Url>)>>,
    /// Which mirrors were looked at together.
    looks: Mutex<Vec<Vec<String>>>,
    alerts: Mutex<Vec<String>>,
    said: Mutex<Vec<String>>,
    /// Looking breaks off so many times.
    trips: Mutex<u32>,
    /// Bytes a second.
    line: Mutex<Option<u64>>,
    /// What is wrong with the file, and with the folder.
    odd: Mutex<[Option<String>; 2]>,
}

struct Newsdesk(Arc<Office>);

impl Desk for Newsdesk {
    fn wanted(&self, _: &[String]) -> Option<Result<Wanted, Trouble>> {
        if let Some(why) = self.0.odd.lock().unwrap()[0].clone() {
            return Some(Err(Trouble(why)));
        }
        self.0.wanted.lock().unwrap().take().map(Ok)
    }

    fn newest(&self) -> Result<Option<EditionNumber>, Trouble> {
        if let Some(why) = self.0.odd.lock().unwrap()[1].clone() {
            return Err(Trouble(why));
        }
        Ok(self
            .0
            .editions
            .lock()
            .unwrap()
            .last()
            .map(|edition| edition.number()))
    }

    fn source(&self) -> Result<Arc<Source>, Trouble> {
        let newest = self.0.editions.lock().unwrap().last().cloned().unwrap();
        Ok(Arc::new(Source::new(newest, Vec::new()).unwrap()))
    }

    fn seal(&self, told: &Told) -> Result<Sealed, Trouble> {
        self.0
            .words
            .lock()
            .unwrap()
            .insert(told.name.clone(), told.word.clone());
        Ok((
            told.word.name(),
            told.list.seal(&told.word, &[Newsroom::list_key(1)]),
        ))
    }

    fn probe(
        &self,
        vantage: VantageId,
        members: Vec<(MirrorId, Member, Exposure)>,
        _: Arc<Source>,
        now: Timestamp,
    ) -> BoxFuture<'static, Vec<Probe>> {
        let mut trips = self.0.trips.lock().unwrap();
        if *trips > 0 {
            *trips -= 1;
            return async { panic!("as it may happen") }.boxed();
        }
        let names = members
            .iter()
            .map(|(_, member, _)| member.mirror.name.clone());
        self.0.looks.lock().unwrap().push(names.collect());
        let blocked = self.0.blocked.lock().unwrap().clone();
        let look = move |(mirror, member, exposure): &(MirrorId, Member, Exposure)| {
            let place = if vantage == VantageId(3) {
                Where::Outside
            } else {
                Where::Inside
            };
            let fails = place == Where::Inside && blocked.contains(&member.mirror.name);
            (place == Where::Outside || *exposure == Exposure::Told).then_some(Probe {
                at: now,
                vantage,
                place,
                mirror: *mirror,
                seen: if fails {
                    Seen::Fails(Cause::Blackhole)
                } else {
                    Seen::Works
                },
                controls: Controls::Work,
            })
        };
        let probes: Vec<Probe> = members.iter().filter_map(look).collect();
        async { probes }.boxed()
    }

    fn announce(
        &self,
        _: String,
        told: Told,
        _: Sealed,
    ) -> BoxFuture<'static, Result<(), Trouble>> {
        self.0.told.lock().unwrap().push((told.name, told.show));
        async { Ok(()) }.boxed()
    }

    fn make(
        &self,
        _: Vec<Member>,
        _: Vec<Url>,
    ) -> BoxFuture<'static, Result<Box<Member>, Trouble>> {
        async { Err(Trouble("nobody".into())) }.boxed()
    }

    fn alert(&self, words: String) -> BoxFuture<'static, Result<(), Trouble>> {
        self.0.alerts.lock().unwrap().push(words);
        async { Ok(()) }.boxed()
    }

    fn options(&self) -> Options {
        Options {
            line_bytes_per_second: *self.0.line.lock().unwrap(),
            ..Options::default()
        }
    }

    fn say(&self, line: &str) {
        self.0.said.lock().unwrap().push(line.to_owned());
    }
}

struct Scene {
    folder: tempfile::TempDir,
    newsroom: Newsroom,
    net: Arc<Net>,
    office: Arc<Office>,
    clock: Instant,
    readers: usize,
}

/// The daemon at work.
struct Running {
    stop: oneshot::Sender<()>,
    work: tokio::task::JoinHandle<Result<(), LedgerError>>,
    views: watch::Receiver<View>,
    say: mpsc::Sender<Event>,
}

impl Scene {
    fn new(mirrors: usize, channels: &[(&str, Kind)]) -> Self {
        let mut newsroom = Newsroom::found(1, 2);
        let edition = newsroom.publish(moment(0));
        let net = Net::new(mirrors, newsroom.first_root());
        let member = |(number, mirror): (usize, &Arc<crate::world::Mirror>)| Member {
            mirror: Mirror {
                name: mirror.host().to_owned(),
                place: Place::Colport(mirror.url()),
            },
            public: Some(Public {
                url: mirror.url(),
                onion: None,
                provider: format!("p{}", number % 4),
                account: String::new(),
                upkeep: Upkeep::Free,
                cost_a_day: 0.0,
            }),
            addresses: Vec::new(),
            made: None,
        };
        let channel = |(name, kind): &(&str, Kind)| WantedChannel {
            name: (*name).to_owned(),
            kind: *kind,
            prior: None,
            readers: 100,
            instead_of: None,
            ways: vec![Way {
                name: "telegram".into(),
                to: Audience::People,
            }],
        };
        let wanted = Wanted {
            members: net.mirrors.iter().enumerate().map(member).collect(),
            channels: channels.iter().map(channel).collect(),
            mirrors_a_day: 4.0,
            can_make: false,
            origins: Vec::new(),
            list_days: 14,
            rendezvous: Rendezvous::default(),
            vantages: (1..=3).map(|n| (VantageId(n), format!("v{n}"))).collect(),
        };
        let office = Office {
            editions: Mutex::new(vec![edition]),
            wanted: Mutex::new(Some(wanted)),
            ..Office::default()
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            newsroom,
            net: Arc::new(net),
            office: Arc::new(office),
            clock: Instant::now(),
            readers: 0,
        }
    }

    fn memory(&self) -> std::path::PathBuf {
        self.folder.path().join("state.redb")
    }

    fn start(&self) -> Running {
        let ledger = Ledger::open(&self.memory()).unwrap();
        let memory = Daemon::open(ledger.entries(), random::bytes).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (say, said) = mpsc::channel(1);
        let (views, seen) = watch::channel(View::default());
        let (desk, wire, clock) = (
            Arc::new(Newsdesk(self.office.clone())),
            self.net.clone(),
            Virtual(self.clock),
        );
        let work = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let operator = Operator { said, views };
            daemon::run(desk, wire, &clock, ledger, memory, operator, stopped).await
        });
        Running {
            stop,
            work,
            views: seen,
            say,
        }
    }

    fn publish(&mut self) {
        self.newsroom.write("be/2026/11/river/more.html", "<p>more");
        let edition = self.newsroom.publish(moment(1));
        self.office.editions.lock().unwrap().push(edition);
    }

    /// A reader of a channel, who knows what he was told.
    async fn read(
        &mut self,
        channel: &str,
        addresses: &[Url],
        store: &Path,
    ) -> Result<Got, ReadError> {
        self.readers += 1;
        let trust =
            FirstTrust::Fingerprint(Fingerprint::of_first_root(&self.newsroom.first_root()));
        let mut options = reader::Options::new(addresses.to_vec(), store.to_path_buf(), trust);
        options.channel = self.office.words.lock().unwrap().get(channel).cloned();
        reader::get(
            self.net.as_ref(),
            Virtual(self.clock).now(),
            &options,
            &mut |_| (),
        )
        .await
    }

    fn told(&self, channel: &str) -> Vec<Vec<Url>> {
        let told = self.office.told.lock().unwrap();
        told.iter()
            .filter(|(name, _)| name == channel)
            .map(|(_, shown)| shown.clone())
            .collect()
    }
}

impl Running {
    async fn until(&mut self, what: &str, check: impl Fn(&View) -> bool) -> View {
        let waited = tokio::time::timeout(
            Duration::from_secs(8 * 3600),
            self.views.wait_for(|view| check(view)),
        )
        .await;
        match waited {
            Ok(view) => view.unwrap().clone(),
            Err(_) => panic!("never: {what}"),
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.work.await.unwrap().unwrap();
    }
}

fn all_have(view: &View, edition: EditionNumber) -> bool {
    view.edition == edition && view.mirrors.iter().all(|mirror| mirror.edition == edition)
}

const CHANNELS: [(&str, Kind); 3] = [
    ("letter", Kind::Newsletter),
    ("friends", Kind::Invite),
    ("telegram", Kind::Telegram),
];

#[tokio::test(start_paused = true)]
async fn a_reader_moves_on_when_his_mirror_is_blocked() {
    let mut scene = Scene::new(12, &CHANNELS);
    let mut running = scene.start();
    running
        .until("all are filled and told", |view| {
            all_have(view, 1) && view.channels.iter().all(|channel| channel.ways[0].is_done)
        })
        .await;

    let store = scene.folder.path().join("reader");
    let addresses = scene.told("friends")[0].clone();
    let got = scene.read("friends", &addresses, &store).await.unwrap();
    let list = got.list.expect("the mirror showed the channel's list");
    assert!(list.mirrors >= 2 && !list.is_expired, "{list:?}");

    // All that the channel was shown is blocked, for vantages and readers.
    for url in &addresses {
        let host = url.host_str().unwrap();
        scene.office.blocked.lock().unwrap().insert(host.to_owned());
    }
    let gone: Vec<String> = addresses
        .iter()
        .map(|url| url.host_str().unwrap().to_owned())
        .collect();
    let view = running
        .until("they are found blocked", |view| {
            let state = |name: &String| {
                view.mirrors
                    .iter()
                    .find(|mirror| mirror.name == *name)
                    .map(|mirror| mirror.state.clone())
            };
            gone.iter()
                .all(|name| state(name).as_deref() == Some("blocked"))
        })
        .await;
    let marks = |name: &str| -> String {
        let mut mirrors = view.mirrors.iter();
        let mirror = mirrors.find(|mirror| mirror.name == name).unwrap();
        mirror.reach.iter().map(|from| from.reach.mark()).collect()
    };
    assert_eq!(marks(&gone[0]), "✕✕✓");
    let untold = view
        .mirrors
        .iter()
        .find(|mirror| mirror.channels.is_empty());
    assert_eq!(marks(&untold.unwrap().name), "––✓", "nobody inside looked");
    running
        .until("the channel is told of others", |view| {
            let friends = view
                .channels
                .iter()
                .find(|channel| channel.name == "friends")
                .unwrap();
            friends.working >= 2
                && friends.ways[0].is_done
                && friends.shows.iter().all(|name| !gone.contains(name))
        })
        .await;
    running
        .until("its people are told", |_| scene.told("friends").len() >= 2)
        .await;

    for mirror in scene
        .net
        .mirrors
        .iter()
        .filter(|mirror| gone.iter().any(|name| name == mirror.host()))
    {
        mirror.behave(Behaviour::Silent);
    }
    scene.publish();
    running
        .until("the rest have the next edition", |view| {
            view.edition == 2
                && view
                    .mirrors
                    .iter()
                    .filter(|mirror| !gone.contains(&mirror.name))
                    .all(|mirror| mirror.edition == 2)
        })
        .await;
    // He gives no address: he has the list.
    let got = scene.read("friends", &[], &store).await.unwrap();
    assert_eq!(got.edition.number(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_mirror_shows_a_list_of_a_channel_that_was_not_told_of_it() {
    let scene = Scene::new(12, &CHANNELS);
    let mut running = scene.start();
    let view = running
        .until("all are told", |view| {
            all_have(view, 1) && view.channels.iter().all(|channel| channel.ways[0].is_done)
        })
        .await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    running.stop().await;
    let words = scene.office.words.lock().unwrap();
    let lists = scene.net.lists.lock().unwrap();
    let mut shown = 0;
    for (channel, word) in words.iter() {
        for mirror in &view.mirrors {
            let path = format!(".colport/lists/{}.json", word.name());
            let shows = lists
                .get(&mirror.name)
                .is_some_and(|lists| lists.contains_key(&path));
            assert_eq!(
                shows,
                mirror.channels.contains(channel),
                "{} and {channel}",
                mirror.name
            );
            shown += usize::from(shows);
        }
    }
    assert!(shown >= 6, "{shown}");
}

#[tokio::test(start_paused = true)]
async fn what_readers_told_one_mirror_of_another_brings_a_look_forward() {
    let scene = Scene::new(12, &CHANNELS);
    let mut running = scene.start();
    let view = running
        .until("all are told", |view| {
            all_have(view, 1) && view.channels.iter().all(|channel| channel.ways[0].is_done)
        })
        .await;
    // Our own code breaks off over answers for a while, which is not for ever.
    let hosts = scene.net.mirrors.iter();
    let hosts = hosts.map(|mirror| mirror.host().to_owned()).collect();
    *scene.net.trip.lock().unwrap() = hosts;
    // Between two rounds.
    tokio::time::sleep(Duration::from_secs(62 * 60)).await;
    scene.net.trip.lock().unwrap().clear();
    let shown = &view.channels[0].shows;
    let find = |name: &String| {
        let mut mirrors = scene.net.mirrors.iter();
        mirrors.find(|mirror| mirror.host() == name).unwrap()
    };
    let (teller, failed) = (find(&shown[0]), find(&shown[1]));
    let day = Virtual(scene.clock).now().as_second() / 86_400;
    let mark = String::from(Mark::of(&failed.url()));
    let heard = serde_json::json!([
        {"day": day, "mirror": mark, "failure": "silent", "country": "by", "reports": "some"},
        {"day": day, "mirror": "0123456789abcdef", "failure": "silent", "reports": "many"},
    ]);
    teller.put(".colport/reports", heard.to_string());
    // Another falls silent, and one says nonsense: nobody waits for them.
    let others = scene.net.mirrors.iter();
    let others = others.filter(|mirror| !shown.iter().any(|name| name == mirror.host()));
    for (mirror, told) in others.zip(["", "no JSON"]) {
        match told {
            "" => mirror.behave(Behaviour::Silent),
            text => mirror.put(".colport/reports", Bytes::from_static(text.as_bytes())),
        }
    }
    let rounds = scene.office.looks.lock().unwrap().len();
    let told = "some readers say that nothing comes back (by)".to_owned();
    running
        .until("it is heard", |view| {
            let mirror = view
                .mirrors
                .iter()
                .find(|mirror| mirror.name == failed.host());
            mirror.unwrap().reports.contains(&told)
        })
        .await;
    running
        .until("it is looked at", |_| {
            let looks = scene.office.looks.lock().unwrap();
            looks[rounds..].contains(&vec![failed.host().to_owned()])
        })
        .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_daemon_on_one_memory_is_refused() {
    let scene = Scene::new(3, &CHANNELS[..1]);
    let running = scene.start();
    let refused = Ledger::open(&scene.memory()).err().unwrap();
    assert!(matches!(refused, LedgerError::Busy(_)), "{refused}");
    running.stop().await;
    assert!(Ledger::open(&scene.memory()).is_ok());
}

/// Tasks are cut off in the middle, as a kill does; that the database survives a kill of the process is tested with the
/// real command.
#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_it_goes_on_and_tells_nobody_twice() {
    let scene = Scene::new(8, &CHANNELS);
    let whole = scene.office.wanted.lock().unwrap().clone();
    for moment in 0..60 {
        *scene.office.wanted.lock().unwrap() = whole.clone();
        let running = scene.start();
        tokio::time::sleep(Duration::from_millis(37 * moment)).await;
        running.work.abort();
        // The memory is let go when the task is gone.
        assert!(running.work.await.unwrap_err().is_cancelled());
    }
    *scene.office.wanted.lock().unwrap() = whole.clone();
    let mut running = scene.start();
    running
        .until("all are filled and told", |view| {
            all_have(view, 1) && view.channels.iter().all(|channel| channel.ways[0].is_done)
        })
        .await;
    running.stop().await;
    for (channel, _) in CHANNELS {
        let mut told = scene.told(channel);
        let all = told.len();
        told.dedup();
        assert_eq!(told.len(), all, "{channel} was told twice: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dead_and_silent_mirrors_hold_up_nobody() {
    let mut scene = Scene::new(20, &CHANNELS);
    for (number, mirror) in scene.net.mirrors.iter().enumerate() {
        match number % 4 {
            0 => mirror.behave(Behaviour::Refused),
            1 => mirror.behave(Behaviour::Silent),
            _ => {}
        }
    }
    let begun = Instant::now();
    let mut running = scene.start();
    let good = |view: &View, edition| {
        view.mirrors
            .iter()
            .filter(|mirror| mirror.edition == edition)
            .count()
    };
    running
        .until("the good ones are filled", |view| good(view, 1) == 10)
        .await;
    assert!(
        begun.elapsed() < Duration::from_secs(90),
        "{:?}",
        begun.elapsed()
    );
    scene.publish();
    let begun = Instant::now();
    running
        .until("they have the next edition", |view| good(view, 2) == 10)
        .await;
    assert!(
        begun.elapsed() < Duration::from_secs(90),
        "{:?}",
        begun.elapsed()
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_far_a_push_has_come_is_shown_while_it_lasts() {
    let scene = Scene::new(3, &CHANNELS[..1]);
    let silent = &scene.net.mirrors[0];
    silent.behave(Behaviour::Silent);
    let of = |view: &View| {
        let mut mirrors = view.mirrors.iter();
        mirrors.find(|mirror| mirror.name == silent.host()).cloned()
    };
    let mut running = scene.start();
    running
        .until("it is pushed to", |view| {
            of(view).is_some_and(|mirror| mirror.pushing && mirror.sent_bytes == Some(0))
        })
        .await;
    running
        .until("it is given up", |view| {
            of(view).is_some_and(|mirror| mirror.trouble.is_some() && mirror.sent_bytes.is_none())
        })
        .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_hears_a_list_and_never_answers_is_given_up_and_tried_again() {
    let scene = Scene::new(8, &CHANNELS);
    let hosts = scene
        .net
        .mirrors
        .iter()
        .map(|mirror| mirror.host().to_owned());
    scene.net.hang.lock().unwrap().extend(hosts);
    let mut running = scene.start();
    let was_given_up = |view: &View| {
        let mut told = view.mirrors.iter().filter(|m| !m.channels.is_empty());
        told.clone().count() > 0
            && told.all(|m| m.trouble.as_deref().is_some_and(|t| t.contains("a list")))
    };
    running.until("all are given up", was_given_up).await;
    scene.net.hang.lock().unwrap().clear();
    running
        .until("all are told", |view| {
            view.channels.iter().all(|channel| channel.ways[0].is_done)
                && view.mirrors.iter().all(|mirror| mirror.trouble.is_none())
        })
        .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_mirror_says_of_addresses_comes_to_nobody() {
    let scene = Scene::new(8, &CHANNELS[..1]);
    let host = scene.net.mirrors[0].host().to_owned();
    let words = "ask at https://balotikus.example/ or 192.0.2.7".to_owned();
    scene.net.refuse.lock().unwrap().insert(host.clone(), words);
    let mut running = scene.start();
    let view = running
        .until("it is refused", |view| {
            let mut mirrors = view.mirrors.iter();
            mirrors.any(|mirror| mirror.name == host && mirror.trouble.is_some())
        })
        .await;
    let whole = format!("{view:?}");
    assert!(whole.contains("ask at … or …"), "{whole}");
    assert!(!whole.contains("balotikus") && !whole.contains("192.0.2.7"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_over_an_answer_is_a_failure_like_others() {
    let scene = Scene::new(12, &CHANNELS[..1]);
    let host = scene.net.mirrors[0].host().to_owned();
    scene.net.trip.lock().unwrap().insert(host.clone());
    *scene.office.trips.lock().unwrap() = 7;
    let mut running = scene.start();
    let is_told = |view: &View| {
        let mirror = view.mirrors.iter().find(|mirror| mirror.name == host);
        let trouble = mirror.and_then(|mirror| mirror.trouble.clone());
        trouble.is_some_and(|trouble| trouble.contains("broke off"))
    };
    running.until("it is told of the one", is_told).await;
    scene.net.trip.lock().unwrap().clear();
    let view = running
        .until("it is filled all the same", |view| all_have(view, 1))
        .await;
    for mirror in &view.mirrors {
        scene
            .office
            .blocked
            .lock()
            .unwrap()
            .insert(mirror.name.clone());
    }
    running
        .until("looking goes on", |view| {
            view.mirrors.iter().any(|mirror| mirror.state == "blocked")
        })
        .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn all_pushes_together_keep_to_the_limit_of_the_line() {
    let scene = Scene::new(12, &CHANNELS[..1]);
    *scene.office.line.lock().unwrap() = Some(1000);
    let begun = Instant::now();
    let mut running = scene.start();
    running
        .until("all are filled", |view| all_have(view, 1))
        .await;
    let took = begun.elapsed().as_secs_f64();
    let sent = *scene.net.sent.lock().unwrap() as f64;
    // The last piece of each may go as soon as those before it have gone.
    assert!(sent / took < 1300.0, "{sent} bytes in {took} s");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_push_to_a_mirror_that_leaves_in_the_same_moment_is_no_trouble() {
    let mut scene = Scene::new(6, &CHANNELS[..1]);
    let whole = scene.office.wanted.lock().unwrap().clone().unwrap();
    let mut running = scene.start();
    running
        .until("all are filled", |view| all_have(view, 1))
        .await;
    scene.publish();
    let members = whole.members[1..].to_vec();
    *scene.office.wanted.lock().unwrap() = Some(Wanted { members, ..whole });
    running.say.try_send(Event::Edition(2)).unwrap();
    running
        .until("the others have it", |view| {
            view.mirrors.len() == 5 && all_have(view, 2)
        })
        .await;
    assert_eq!(*scene.office.alerts.lock().unwrap(), Vec::<String>::new());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn along_a_narrow_line_a_few_are_served_at_a_time() {
    let scene = Scene::new(40, &CHANNELS[..1]);
    *scene.office.line.lock().unwrap() = Some(2000);
    let mut running = scene.start();
    running
        .until("all are filled", |view| {
            let pushed = view.mirrors.iter().filter(|mirror| mirror.pushing).count();
            assert!(pushed <= 16, "{pushed} share the line");
            all_have(view, 1)
        })
        .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_troubles_at_one_time_are_told_once_each_and_shown_until_they_are_over() {
    let scene = Scene::new(3, &CHANNELS[..1]);
    let mut running = scene.start();
    running
        .until("all are filled", |view| all_have(view, 1))
        .await;
    let (file, folder) = ("the file is odd".to_owned(), "no folder".to_owned());
    *scene.office.odd.lock().unwrap() = [Some(file.clone()), Some(folder.clone())];
    tokio::time::sleep(Duration::from_secs(120)).await;
    let told = scene.office.alerts.lock().unwrap().clone();
    assert_eq!(told, [file.clone(), folder]);
    scene.office.odd.lock().unwrap()[1] = None;
    running
        .until("one is over", |view| view.trouble.as_ref() == Some(&file))
        .await;
    scene.office.odd.lock().unwrap()[0] = None;
    running
        .until("both are over", |view| view.trouble.is_none())
        .await;
    assert_eq!(scene.office.alerts.lock().unwrap().len(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_our_own_limit_is_not_cut_off() {
    let scene = Scene::new(2, &CHANNELS[..1]);
    *scene.office.line.lock().unwrap() = Some(12);
    let begun = Instant::now();
    let mut running = scene.start();
    running
        .until("both are filled", |view| {
            let mut troubles = view.mirrors.iter().filter_map(|it| it.trouble.as_ref());
            assert_eq!(troubles.next(), None);
            all_have(view, 1)
        })
        .await;
    assert!(begun.elapsed() > Duration::from_secs(4 * 3600));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_of_the_operators_is_heard() {
    let scene = Scene::new(8, &CHANNELS);
    let ledger = Ledger::open(&scene.memory()).unwrap();
    let memory = Daemon::open(ledger.entries(), random::bytes).unwrap();
    let (say, said) = mpsc::channel(1);
    let (views, mut seen) = watch::channel(View::default());
    let (desk, wire) = (Arc::new(Newsdesk(scene.office.clone())), scene.net.clone());
    let clock = Virtual(scene.clock);
    let (stop, stopped) = oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let operator = Operator { said, views };
        daemon::run(desk, wire, &clock, ledger, memory, operator, async {
            drop(stopped.await)
        })
        .await
    });
    let view = seen
        .wait_for(|view| !view.channels.is_empty())
        .await
        .unwrap()
        .clone();
    let channel = view
        .channels
        .iter()
        .find(|channel| channel.name == "letter")
        .unwrap();
    let tier = Some(colport::sync::rotation::Tier::Burnt);
    say.send(Event::Overruled {
        channel: colport::sync::rotation::ChannelId(channel.id),
        tier,
    })
    .await
    .unwrap();
    let is_burnt = |view: &View| {
        view.channels
            .iter()
            .any(|channel| channel.name == "letter" && channel.tier == "burnt" && channel.overruled)
    };
    seen.wait_for(is_burnt).await.unwrap();
    stop.send(()).unwrap();
    work.await.unwrap().unwrap();
}
