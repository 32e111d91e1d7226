//! One suite for all hosts that keep files: folder, object store, WebDAV, SFTP, git. Each is a real server, in the test's
//! process or as a process of its own on loopback. Where a host cannot be had on this machine (`sshd`, `lighttpd`, `git`:
//! see `scripts/test-tools`), its tests say so and pass.

mod bucket;
mod faults;
mod folder;
mod garage;
mod git;
mod git_http;
mod lists;
mod shell;
mod web_space;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use colport::edition::VerifiedEdition;
use colport::io::fetch::{HttpFetch, Patience};
use colport::io::line::Line;
use colport::io::store::{self, Credentials, Keeper, Store};
use colport::sync::{
    Host, Intent, Item, Mirror, Options, Outcome, Place, Push, Source, Stage, Step, plan_all,
    push_all,
};
use tempfile::TempDir;
use url::Url;

use crate::pebble::free_port;
use crate::world::{Newsroom, moment, noise};
use lists::{
    a_channels_list_arrives_and_who_knows_the_word_reads_it, lists_come_to_it_as_to_a_meeting_place,
};

/// A host for the time of a test, and what someone sees and does there who goes around colport.
trait Ground: Send + Sync {
    fn keeper(&self) -> Keeper;
    /// Where readers find it.
    fn url(&self) -> Option<Url>;
    /// Where its files lie on this disk, if they lie there as they are.
    fn root(&self) -> Option<&Root> {
        None
    }

    fn read(&self, path: &str) -> Option<Bytes> {
        self.root()?.read(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        self.root().expect("it has files").write(path, bytes);
    }

    fn names(&self) -> BTreeSet<String> {
        self.root().expect("it has files").names()
    }

    /// From now on nobody is let in with what [`Ground::keeper`] has.
    fn revoke(&self);
    /// Whether it gets bundles.
    fn bundles(&self) -> bool {
        false
    }
    /// Whether what is read and written here is gzip where a page is.
    fn is_packed(&self) -> bool {
        false
    }
}

/// Where a host keeps its files on this disk.
struct Root(PathBuf);

impl Root {
    fn read(&self, path: &str) -> Option<Bytes> {
        std::fs::read(self.0.join(path)).ok().map(Bytes::from)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let place = self.0.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }

    fn names(&self) -> BTreeSet<String> {
        let names = colport::io::files::list(&self.0).unwrap().into_iter();
        names
            .map(|name| name.to_str().unwrap().to_owned())
            .collect()
    }
}

struct Newspaper {
    newsroom: Newsroom,
    editions: Vec<Arc<VerifiedEdition>>,
}

impl Newspaper {
    fn new(pictures: u64) -> Self {
        let mut newsroom = Newsroom::found(7, pictures);
        newsroom.write("be/навіны/a b.html", "<p>Рака зноў паднялася.".repeat(40));
        newsroom.write("style.css", "body { margin: 0 }\n".repeat(50));
        let editions = vec![newsroom.publish(moment(0))];
        Self { newsroom, editions }
    }

    /// One article more, one less, and another home page.
    fn publish_next(&mut self) {
        let number = self.editions.len();
        let path = |n: usize| format!("be/2026/11/next/{n}.webp");
        let picture = noise(500 + number as u64, 60_000);
        self.newsroom.write(&path(number), picture);
        self.newsroom.remove_if_there(&path(number - 1));
        let home = format!("<title>Навіны {number}</title>").repeat(20);
        self.newsroom.write("index.html", home);
        self.editions.push(self.newsroom.publish(moment(1)));
    }

    fn source(&self) -> Arc<Source> {
        let (newest, earlier) = self.editions.split_last().unwrap();
        Arc::new(Source::new(newest.clone(), earlier.to_vec()).unwrap())
    }
}

fn mirror(ground: &dyn Ground) -> Mirror {
    Mirror {
        name: "it".into(),
        place: Place::Host(Host {
            keeper: ground.keeper(),
            url: ground.url(),
            bundles: ground.bundles(),
        }),
    }
}

fn wire() -> HttpFetch {
    HttpFetch::new(Patience::default())
}

/// With a second look at who has only taken it.
async fn push(ground: &dyn Ground, source: &Arc<Source>) -> Outcome {
    match push_once(ground, source).await {
        Outcome::Taken(pushed) if push_once(ground, source).await.is_good() => {
            Outcome::Pushed(pushed)
        }
        outcome => outcome,
    }
}

async fn push_once(ground: &dyn Ground, source: &Arc<Source>) -> Outcome {
    let mirrors = [mirror(ground)];
    let outcomes = push_all(&wire(), source, &mirrors, &Options::default(), &mut |_| ()).await;
    outcomes.into_iter().next().unwrap().1
}

async fn plan(ground: &dyn Ground, source: &Arc<Source>) -> Vec<Step> {
    let planned = plan_all(&wire(), source, &[mirror(ground)], &Options::default()).await;
    match planned.into_iter().next().unwrap().1 {
        Intent::Steps(plan) => plan.steps,
        other => panic!("{other:?}"),
    }
}

/// What goes on with a store that is not the host's own but stands before it.
async fn push_through(store: &dyn Store, source: &Source, bundles: bool) -> Outcome {
    let line = Line::default();
    let push = Push {
        store,
        line: &line,
        source,
        bundles,
        reader: None,
    };
    match push.perform().await {
        Outcome::Taken(pushed) if push.perform().await.is_good() => Outcome::Pushed(pushed),
        outcome => outcome,
    }
}

fn open(ground: &dyn Ground) -> Box<dyn Store> {
    store::open(&ground.keeper(), &Arc::new(Line::default())).unwrap()
}

fn items<'a>(ground: &dyn Ground, source: &'a Source) -> impl Iterator<Item = &'a Item> {
    let bundles = ground.bundles();
    let items = source.items();
    items.filter(move |item| bundles || item.stage != Stage::Bundle)
}

/// Everything of the edition is there, to the byte.
#[track_caller]
fn shows(ground: &dyn Ground, source: &Source) {
    for Item { path, .. } in items(ground, source) {
        let expected = source.body(path, ground.is_packed()).unwrap().bytes;
        assert!(
            ground.read(path).is_some_and(|found| found == expected),
            "{path}"
        );
    }
}

/// What `timestamp.json` promises is there: the edition's bundle and metadata, and no file of the site is half of one.
fn promised_is_there(ground: &dyn Ground, sources: &[&Source]) -> Option<u64> {
    let timestamp = ground.read(".colport/metadata/timestamp.json")?;
    let source = sources
        .iter()
        .find(|source| source.timestamp() == Some(timestamp.clone()));
    let source = source.expect("it is one of ours, whole");
    let promised = items(ground, source).filter(|item| item.path.starts_with(".colport/"));
    for item in promised {
        let is_update = item.path.starts_with(".colport/bundle/") && item.path.contains('-');
        let expected = source.content(&item.path).unwrap();
        assert!(
            is_update || ground.read(&item.path) == Some(expected),
            "{}",
            item.path
        );
    }
    Some(source.edition().number())
}

async fn a_fresh_host_gets_everything_and_then_nothing(ground: &dyn Ground) {
    let source = Newspaper::new(10).source();
    let steps = plan(ground, &source).await;
    assert_eq!(steps.len(), items(ground, &source).count());
    assert_eq!(
        steps.last().unwrap().path(),
        ".colport/metadata/timestamp.json"
    );
    let before = ground.names();
    assert!(
        !before.iter().any(|name| name.contains(".colport/")),
        "a plan changes nothing: {before:?}"
    );

    let outcome = push(ground, &source).await;
    assert!(
        matches!(&outcome, Outcome::Pushed(pushed) if pushed.edition == 1),
        "{outcome:?}"
    );
    shows(ground, &source);
    assert_eq!(plan(ground, &source).await, []);
    assert_eq!(push(ground, &source).await, Outcome::Already { edition: 1 });
}

async fn only_what_is_new_travels_and_what_is_withdrawn_goes(ground: &dyn Ground) {
    let mut paper = Newspaper::new(40);
    ground.write("notes.txt", b"a stranger's");
    ground.write(".colport/bundle/notes.txt", b"a stranger's");
    push(ground, &paper.source()).await;
    paper.publish_next();
    push(ground, &paper.source()).await;
    assert!(ground.names().contains("be/2026/11/next/1.webp"));
    ground.write("be/2026/11/next/2.webp.txt", b"a stranger's");
    paper.publish_next();
    let source = paper.source();
    let new = new_bytes(ground, &paper);
    let outcome = push(ground, &source).await;
    let Outcome::Pushed(pushed) = outcome else {
        panic!("{outcome:?}")
    };
    // Questions count too where they travel as bodies: those of WebDAV.
    let ratio = pushed.bytes as f64 / new as f64;
    assert!(
        ground.bundles() || ratio <= 1.05,
        "{} for {new}",
        pushed.bytes
    );
    shows(ground, &source);
    let names = ground.names();
    for gone in [
        "be/2026/11/next/1.webp",
        ".colport/bundle/1.tar.gz",
        ".colport/bundle/1-2.tar.gz",
    ] {
        assert!(!names.contains(gone), "{gone}");
    }
    for stranger in [
        "notes.txt",
        ".colport/bundle/notes.txt",
        "be/2026/11/next/2.webp.txt",
    ] {
        assert_eq!(
            ground.read(stranger).as_deref(),
            Some(&b"a stranger's"[..]),
            "{stranger}"
        );
    }
}

/// Of files and metadata that the edition before had not, as they lie on the host.
fn new_bytes(ground: &dyn Ground, paper: &Newspaper) -> u64 {
    let source = paper.source();
    let before = source.edition().number() - 1;
    let new = source.items().filter(|item| {
        item.stage != Stage::Bundle && source.promised(before, &item.path) != Some(item.digest)
    });
    let lengths = new.map(|item| {
        source
            .stored_length(&item.path, ground.is_packed())
            .unwrap()
    });
    lengths.sum()
}

async fn a_file_in_the_place_of_a_withdrawn_one_stays_if_it_is_a_strangers(ground: &dyn Ground) {
    let mut paper = Newspaper::new(2);
    paper.publish_next();
    push(ground, &paper.source()).await;
    let path = "be/2026/11/next/1.webp";
    let ours = ground.read(path).unwrap();
    let theirs = noise(4, ours.len());
    ground.write(path, &theirs);
    paper.publish_next();
    // Its length is right, so a host that tells only lengths is believed: it shows the edition that promises the file. What
    // no edition of ours is shown for is read.
    let timestamp = ".colport/metadata/timestamp.json";
    ground.write(timestamp, b"{}");
    push(ground, &paper.source()).await;
    assert_eq!(ground.read(path), Some(theirs));
    shows(ground, &paper.source());
}

async fn how_much_will_travel_is_known_before(ground: &dyn Ground) {
    let source = Newspaper::new(10).source();
    let line = Arc::new(Line::default());
    let store = store::open(&ground.keeper(), &line).unwrap();
    let push = Push {
        store: &*store,
        line: &line,
        source: &source,
        bundles: ground.bundles(),
        reader: None,
    };
    push.perform().await;
    let packed = ground.is_packed();
    let lengths = items(ground, &source).map(|item| source.stored_length(&item.path, packed));
    let whole: u64 = lengths.map(Option::unwrap).sum();
    let sent = line.sent();
    // Questions that travel as bodies count too.
    let is_near = |bytes: u64| (whole..=whole + whole / 20).contains(&bytes);
    assert!(
        is_near(sent.bytes) && sent.of.is_some_and(is_near),
        "{sent:?} of {whole}"
    );
}

async fn a_push_killed_at_any_point_leaves_an_edition_whole_and_goes_on(ground: &dyn Ground) {
    let mut paper = Newspaper::new(6);
    let first = paper.source();
    push(ground, &first).await;
    paper.publish_next();
    paper.publish_next();
    let second = paper.source();
    let mut puts = 0;
    for after in [0, 1, 2, 3, 5, 8, 12, 14] {
        let store = faults::Killed::after(open(ground), after);
        let outcome = push_through(&store, &second, ground.bundles()).await;
        puts += store.puts();
        if outcome.is_good() {
            break;
        }
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        promised_is_there(ground, &[&first, &second]).expect("an edition");
    }
    let begun = open(ground);
    let store = faults::Killed::after(begun, usize::MAX);
    let outcome = push_through(&store, &second, ground.bundles()).await;
    assert!(outcome.is_good(), "{outcome:?}");
    puts += store.puts();
    assert_eq!(promised_is_there(ground, &[&second]), Some(3));
    shows(ground, &second);
    // Where files appear one by one none is put a second time.
    let items = items(ground, &second).count();
    assert!(store.is_atomic() || puts <= items, "{puts} of {items}");
}

async fn who_has_lost_its_credentials_is_told_and_shows_the_last_edition(ground: &dyn Ground) {
    let mut paper = Newspaper::new(2);
    let first = paper.source();
    push(ground, &first).await;
    paper.publish_next();
    ground.revoke();
    let outcome = push(ground, &paper.source()).await;
    assert!(matches!(&outcome, Outcome::Refused(_)), "{outcome:?}");
    let told = format!("{outcome:?}");
    assert!(!told.contains(SECRET), "{told}");
    assert_eq!(promised_is_there(ground, &[&first]), Some(1));
}

async fn what_a_host_changed_is_found_and_mended(ground: &dyn Ground) {
    let source = Newspaper::new(2).source();
    push(ground, &source).await;
    ground.write("index.html", b"<title>Something else</title>");
    let outcome = push(ground, &source).await;
    assert!(matches!(&outcome, Outcome::Pushed(_)), "{outcome:?}");
    shows(ground, &source);
}

/// In everything that is a secret in these tests.
const SECRET: &str = "hunter2";

/// A file with credentials that only its owner can read.
fn credentials(folder: &Path, user: &str) -> Credentials {
    let path = folder.join("credentials.toml");
    let text = format!("user = \"{user}\"\npassword = \"{SECRET}-{user}\"\n");
    let _ = std::fs::remove_file(&path);
    colport::io::files::write_new_private(&path, text.as_bytes()).unwrap();
    Credentials::File(path)
}

/// Until someone listens there.
async fn listens(port: u16) {
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "nobody listens on {port}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process that ends with the test.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_installed(program: &str) -> bool {
    let is_there = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into()])
            .any(|folder| folder.join(program).exists())
    });
    if !is_there {
        println!("not tested: `{program}` is not installed; see scripts/test-tools");
    }
    is_there
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The suite, for one kind of host.
macro_rules! suite {
    ($start:path) => {
        $crate::hosts::suite! { $start;
            a_fresh_host_gets_everything_and_then_nothing,
            only_what_is_new_travels_and_what_is_withdrawn_goes,
            a_file_in_the_place_of_a_withdrawn_one_stays_if_it_is_a_strangers,
            how_much_will_travel_is_known_before,
            lists_come_to_it_as_to_a_meeting_place,
            a_push_killed_at_any_point_leaves_an_edition_whole_and_goes_on,
            who_has_lost_its_credentials_is_told_and_shows_the_last_edition,
            what_a_host_changed_is_found_and_mended,
            a_channels_list_arrives_and_who_knows_the_word_reads_it,
        }
    };
    ($start:path; $($test:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(ground) = $start().await {
                    $crate::hosts::$test(&ground).await;
                }
            }
        )*
    };
}
use suite;
