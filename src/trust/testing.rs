//! A small site for tests: keys, files, editions, and a client that is served from memory.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::editor::{
    FileFacts, Founding, KeyRing, Lifetimes, MetadataSet, NewsroomId, RoleSigners, RootSigners,
    establish, next_edition,
};
use super::json;
use super::{
    Everything, Expiry, Refresh, Refusal, Remembered, SigningKey, TargetFile, Trusted, Want,
};
use crate::base::{Digest, MetadataName, Secret, SitePath};

pub fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a date")
}

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// A key that is the same in every run.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

pub fn signers(name: &str) -> RoleSigners {
    RoleSigners::one(key(name).public().clone())
}

pub fn ring(names: &[&str]) -> KeyRing {
    names.iter().map(|name| key(name)).collect()
}

pub fn newsroom(name: &str) -> NewsroomId {
    name.parse().expect("a newsroom's name")
}

pub fn path(text: &str) -> SitePath {
    SitePath::parse(text).expect("a path")
}

pub fn facts(content: &str) -> FileFacts {
    (content.len() as u64, Digest::of(content.as_bytes()))
}

pub fn files(all: &[(&str, &str)]) -> BTreeMap<SitePath, FileFacts> {
    all.iter()
        .map(|(name, content)| (path(name), facts(content)))
        .collect()
}

pub fn top() -> RootSigners {
    let two_of_three = ["root-1", "root-2", "root-3"].map(|name| key(name).public().clone());
    RootSigners {
        root: RoleSigners::of(two_of_three.to_vec(), 2).expect("three keys"),
        targets: signers("targets"),
        snapshot: signers("snapshot"),
        timestamp: signers("timestamp"),
    }
}

pub const OFFLINE: [&str; 3] = ["root-1", "root-2", "targets"];
pub const ONLINE: [&str; 5] = ["be", "ru", "site", "snapshot", "timestamp"];

/// The first `root` and `targets`, with the newsrooms `be` and `ru`.
pub fn established() -> MetadataSet {
    let founding = Founding {
        top: top(),
        site: signers("site"),
        newsrooms: ["be", "ru"].map(|id| (newsroom(id), signers(id))).into(),
    };
    let (mut root, mut targets) = establish(&founding, now(), &Lifetimes::default());
    let mut set = MetadataSet::default();
    for draft in [&mut root, &mut targets] {
        draft.sign(&ring(&OFFLINE));
        set.put_signed(draft.clone()).expect("all keys are there");
    }
    set
}

pub const SOME_FILES: [(&str, &str); 6] = [
    ("index.html", "home"),
    ("assets/style.css", "style"),
    ("be/index.html", "be home"),
    ("be/2026/10/old/index.html", "old"),
    ("be/2026/11/river/index.html", "river"),
    ("ru/2026/11/снег/index.html", "snow"),
];

pub fn edition(previous: &MetadataSet, all: &[(&str, &str)], at: Timestamp) -> MetadataSet {
    edition_by(previous, &ONLINE, all, at)
}

pub fn edition_by(
    previous: &MetadataSet,
    keys: &[&str],
    all: &[(&str, &str)],
    at: Timestamp,
) -> MetadataSet {
    next_edition(
        previous,
        &ring(keys),
        &files(all),
        at,
        &Lifetimes::default(),
    )
    .expect("a good edition")
}

/// The first edition of the small site.
pub fn first() -> MetadataSet {
    edition(&established(), &SOME_FILES, now())
}

/// What somebody answers who is asked for a file.
pub type Answer<'a> = &'a dyn Fn(&Want) -> Option<Bytes>;

/// A server that tells the truth about `set`.
pub fn honest(set: &MetadataSet) -> impl Fn(&Want) -> Option<Bytes> + '_ {
    |want| set.file(&want.role, want.version).cloned()
}

/// Runs a refresh to its end; also what is to be remembered then.
pub fn refresh(
    remembered: Remembered,
    answer: Answer<'_>,
    at: Timestamp,
    expiry: Expiry,
) -> (Result<Trusted, Refusal>, Remembered) {
    let mut refresh = Refresh::new(remembered, at, expiry).expect("the remembered root is good");
    while let Some(want) = refresh.wants() {
        // A refusal is kept, and told by `finish`.
        let _ = refresh.give(answer(&want));
    }
    let remembered = refresh.remembered();
    (refresh.finish(), remembered)
}

/// A reader who comes for the first time, with the first root.
pub fn newcomer(set: &MetadataSet) -> Remembered {
    Remembered::new(set.first_root().expect("a first root").clone())
}

pub fn trusted(set: &MetadataSet) -> Trusted {
    refresh(newcomer(set), &honest(set), now(), Expiry::Enforce)
        .0
        .expect("an honest server")
}

pub fn lookup(
    trusted: &mut Trusted,
    path: &str,
    answer: Answer<'_>,
) -> Result<Option<TargetFile>, Refusal> {
    let mut lookup = trusted.lookup(path);
    while let Some(want) = lookup.wants() {
        let _ = lookup.give(answer(&want));
    }
    lookup.finish()
}

pub fn everything(
    trusted: Trusted,
    answer: Answer<'_>,
) -> Result<(Trusted, BTreeMap<SitePath, TargetFile>), Refusal> {
    let mut walk: Everything = trusted.everything();
    while let Some(want) = walk.wants() {
        let _ = walk.give(answer(&want));
    }
    walk.finish()
}

/// The file with another `signed`, signed by these keys alone.
pub fn forge(file: &Bytes, keys: &[&str], change: impl FnOnce(&mut Value)) -> Bytes {
    let mut value: Value = serde_json::from_slice(file).expect("a file of ours");
    change(&mut value["signed"]);
    sign_value(value["signed"].take(), keys)
}

pub fn sign_value(signed: Value, keys: &[&str]) -> Bytes {
    let payload = json::canonical(&signed);
    let signatures: Vec<_> = keys.iter().map(|name| key(name).sign(&payload)).collect();
    let file = serde_json::json!({ "signatures": signatures, "signed": signed });
    json::canonical(&file).into()
}

pub fn put(set: &mut MetadataSet, role: &str, version: u64, file: Bytes) {
    let name = match role {
        "timestamp" => MetadataName::timestamp(),
        _ => MetadataName::versioned(role, version).expect("a file name"),
    };
    set.put(name, file);
}

/// `set` with a role's file changed and signed by `keys`, and a new snapshot and timestamp that name it: what somebody
/// can publish who holds `keys` and the two online keys.
pub fn republish(
    set: &MetadataSet,
    role: &str,
    keys: &[&str],
    change: impl FnOnce(&mut Value),
) -> MetadataSet {
    let mut new = set.clone();
    let (name, file) = set.newest(role).expect("a role of the set");
    let version = name.version().expect("a version") + 1;
    let file = forge(file, keys, |signed| {
        signed["version"] = version.into();
        change(signed);
    });
    put(&mut new, role, version, file.clone());
    reseal(&new, |meta| {
        meta[format!("{role}.json")] = described(version, &file);
    })
}

pub fn described(version: u64, file: &Bytes) -> Value {
    serde_json::json!({
        "hashes": { "sha256": Digest::of(file).to_string() },
        "length": file.len(),
        "version": version,
    })
}

/// A new snapshot with another list, and a timestamp for it.
pub fn reseal(set: &MetadataSet, change: impl FnOnce(&mut Value)) -> MetadataSet {
    let mut new = set.clone();
    let (name, file) = set.newest("snapshot").expect("a snapshot");
    let version = name.version().expect("a version") + 1;
    let snapshot = forge(file, &["snapshot"], |signed| {
        signed["version"] = version.into();
        change(&mut signed["meta"]);
    });
    put(&mut new, "snapshot", version, snapshot.clone());
    restamp(&new, |signed| {
        signed["version"] = version.into();
        signed["meta"]["snapshot.json"] = described(version, &snapshot);
    })
}

/// A changed timestamp.
pub fn restamp(set: &MetadataSet, change: impl FnOnce(&mut Value)) -> MetadataSet {
    let mut new = set.clone();
    let file = set.file("timestamp", None).expect("a timestamp");
    put(
        &mut new,
        "timestamp",
        0,
        forge(file, &["timestamp"], change),
    );
    new
}
