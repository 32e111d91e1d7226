//! What trust costs a reader and a publisher when a site has grown: bytes are counted and asserted, times are printed.
//!
//! `scripts/bench trust` makes the table of how it grows.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Instant;

use colport::base::{Digest, Secret, SitePath};
use colport::trust::editor::{
    Change, FileFacts, Founding, KeyRing, Lifetimes, MetadataSet, NewsroomId, RoleSigners,
    RootSigners, amend_edition, establish, next_edition,
};
use colport::trust::{Expiry, Refresh, Remembered, SigningKey, Want};
use flate2::Compression;
use flate2::read::GzEncoder;
use jiff::Timestamp;

const NEWSROOMS: usize = 30;
const MONTHS: usize = 36;
const NEW_ARTICLES: usize = 40;

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a date")
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

fn signers(name: &str) -> RoleSigners {
    RoleSigners::one(key(name).public().clone())
}

fn newsroom(number: usize) -> String {
    format!("room-{number}")
}

fn keys() -> KeyRing {
    let rooms = (0..NEWSROOMS).map(newsroom);
    let others = ["root", "targets", "snapshot", "timestamp", "site"].map(str::to_owned);
    rooms.chain(others).map(|name| key(&name)).collect()
}

fn established() -> MetadataSet {
    let founding = Founding {
        top: RootSigners {
            root: signers("root"),
            targets: signers("targets"),
            snapshot: signers("snapshot"),
            timestamp: signers("timestamp"),
        },
        site: signers("site"),
        newsrooms: (0..NEWSROOMS)
            .map(newsroom)
            .map(|id| (id.parse::<NewsroomId>().expect("a name"), signers(&id)))
            .collect(),
    };
    let (root, targets) = establish(&founding, now(), &Lifetimes::default());
    let mut set = MetadataSet::default();
    for mut draft in [root, targets] {
        draft.sign(&keys());
        set.put_signed(draft).expect("all keys are there");
    }
    set
}

fn facts(text: &str) -> FileFacts {
    (text.len() as u64, Digest::of(text.as_bytes()))
}

fn path(text: String) -> SitePath {
    SitePath::parse(&text).expect("a path")
}

/// `count` articles over all newsrooms and months, and some front pages.
fn files(count: usize) -> BTreeMap<SitePath, FileFacts> {
    let articles = (0..count).map(|number| {
        let (room, rest) = (number % NEWSROOMS, number / NEWSROOMS);
        let (year, month) = (2023 + rest % MONTHS / 12, rest % 12 + 1);
        let place = format!(
            "{}/{year}/{month:02}/article-{number}/index.html",
            newsroom(room)
        );
        (path(place.clone()), facts(&place))
    });
    let fronts = (0..NEWSROOMS * 20).map(|number| {
        let (room, page) = (number % NEWSROOMS, number / NEWSROOMS);
        let place = format!("{}/{page}.html", newsroom(room));
        (path(place.clone()), facts(&place))
    });
    articles.chain(fronts).collect()
}

/// A day on which one newsroom publishes, and renews its front pages.
fn a_day() -> Change {
    let articles =
        (0..NEW_ARTICLES).map(|number| format!("room-0/2025/12/new-{number}/index.html"));
    let fronts = (0..20).map(|page| format!("room-0/{page}.html"));
    Change {
        put: articles
            .chain(fronts)
            .map(|place| (path(place), facts("new")))
            .collect(),
        gone: [].into(),
    }
}

/// What a reader fetches who looks up one article of the first newsroom: plain and gzipped bytes, and what he knows then.
fn read(remembered: Remembered, set: &MetadataSet, article: &str) -> (usize, usize, Remembered) {
    let (plain, packed) = (Cell::new(0), Cell::new(0));
    let fetch = |want: &Want| {
        let file = set.file(&want.role, want.version).cloned();
        if let Some(file) = &file {
            plain.set(plain.get() + file.len());
            let mut gzip = GzEncoder::new(file.as_ref(), Compression::best());
            let length = std::io::copy(&mut gzip, &mut std::io::sink()).expect("memory");
            packed.set(packed.get() + usize::try_from(length).expect("a small file"));
        }
        file
    };
    let mut refresh = Refresh::new(remembered, now(), Expiry::Enforce).expect("a good root");
    while let Some(want) = refresh.wants() {
        refresh.give(fetch(&want)).expect("an honest edition");
    }
    let mut trusted = refresh.finish().expect("an honest edition");
    let mut lookup = trusted.lookup(article);
    while let Some(want) = lookup.wants() {
        lookup.give(fetch(&want)).expect("an honest edition");
    }
    assert!(lookup.finish().expect("an honest edition").is_some());
    (plain.get(), packed.get(), trusted.remembered())
}

fn measure(articles: usize) -> (usize, usize) {
    let (ring, lifetimes, files) = (keys(), Lifetimes::default(), files(articles));
    let one =
        next_edition(&established(), &ring, &files, now(), &lifetimes).expect("a first edition");
    let known = Remembered::new(one.first_root().expect("a root").clone());
    let (first, first_packed, known) = read(known, &one, "room-0/2025/12/article-1050/index.html");

    let begun = Instant::now();
    let two = amend_edition(&one, &ring, &a_day(), now(), &lifetimes).expect("a day");
    let amended = begun.elapsed();
    let mut whole = files;
    whole.extend(a_day().put);
    let begun = Instant::now();
    let same = next_edition(&one, &ring, &whole, now(), &lifetimes).expect("a day");
    let from_all = begun.elapsed();
    assert_eq!(two, same);

    let begun = Instant::now();
    let (day, day_packed, _) = read(known, &two, "room-0/2025/12/new-0/index.html");
    let verified = begun.elapsed();
    println!(
        "{articles} articles: first look {first} B ({first_packed} B gzip), a day {day} B ({day_packed} B gzip) read in \
         {verified:.1?}; signed in {amended:.1?} from the change, {from_all:.1?} from all files"
    );
    (day, day_packed)
}

/// The sizes of site to try; larger ones take long without `--release`.
fn sizes() -> Vec<usize> {
    let asked = std::env::var("COLPORT_ARTICLES").unwrap_or_else(|_| "2160".to_owned());
    let sizes = asked
        .split_whitespace()
        .map(|size| size.parse().expect("numbers of articles"));
    sizes.collect()
}

#[test]
fn a_days_update_is_small() {
    for articles in sizes() {
        let (plain, packed) = measure(articles);
        assert!(plain < 190_000 && packed < 60_000, "{plain} {packed}");
    }
}
