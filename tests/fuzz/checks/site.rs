//! A small signed site, always the same, whose keys are at hand: the first two editions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use colport::base::{Digest, Secret, SitePath};
use colport::trust::editor::{
    Founding, KeyRing, Lifetimes, MetadataSet, RoleSigners, RootSigners, establish, next_edition,
    sign_detached,
};
use colport::trust::{Everything, Expiry, Refresh, Refusal, Remembered, SigningKey, Trusted, Want};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Two of the first three sign `root`; each other key signs the role of its name.
pub(super) const KEYS: [&str; 8] = [
    "root-1",
    "root-2",
    "root-3",
    "targets",
    "snapshot",
    "timestamp",
    "site",
    "be",
];

pub(super) const PATHS: [&str; 4] = [
    "index.html",
    "be/index.html",
    "be/2026/11/river/index.html",
    "be/nowhere.html",
];

pub(super) struct Site {
    pub(super) first: MetadataSet,
    pub(super) second: MetadataSet,
    keys: BTreeMap<&'static str, SigningKey>,
}

pub(super) static SITE: LazyLock<Site> = LazyLock::new(Site::new);

pub(super) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a date")
}

impl Site {
    fn new() -> Self {
        let keys: BTreeMap<_, _> = KEYS.map(|name| (name, seeded(name))).into();
        let one = |name: &str| RoleSigners::one(keys[name].public().clone());
        let people = ["root-1", "root-2", "root-3"].map(|name| keys[name].public().clone());
        let founding = Founding {
            top: RootSigners {
                root: RoleSigners::of(people.to_vec(), 2).expect("three keys"),
                targets: one("targets"),
                snapshot: one("snapshot"),
                timestamp: one("timestamp"),
            },
            site: one("site"),
            newsrooms: [("be".parse().expect("a name"), one("be"))].into(),
        };
        let ring: KeyRing = keys.values().cloned().collect();
        let lifetimes = Lifetimes::default();
        let (root, targets) = establish(&founding, now(), &lifetimes);
        let mut set = MetadataSet::default();
        for mut draft in [root, targets] {
            draft.sign(&ring);
            set.put_signed(draft).expect("all keys are there");
        }
        let edition = |set: &MetadataSet, river: &str| {
            let files = [
                ("index.html", "home"),
                ("be/index.html", "be home"),
                ("be/2026/11/river/index.html", river),
            ];
            let files = files.map(|(path, text)| {
                let facts = (text.len() as u64, Digest::of(text.as_bytes()));
                (SitePath::parse(path).expect("a path"), facts)
            });
            next_edition(set, &ring, &files.into(), now(), &lifetimes).expect("all keys are there")
        };
        let first = edition(&set, "river");
        let second = edition(&first, "river, corrected");
        Self {
            first,
            second,
            keys,
        }
    }

    pub(super) fn key(&self, name: &str) -> &SigningKey {
        &self.keys[name]
    }

    /// Who has only the first root.
    pub(super) fn newcomer(&self) -> Remembered {
        Remembered::new(self.first.first_root().expect("a root").clone())
    }
}

/// A key that is the same in every run.
pub(super) fn seeded(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

/// True signatures over whatever is said; `None` if it is nothing that could be signed.
pub(super) fn sign<'a>(
    signed: &Value,
    keys: impl IntoIterator<Item = &'a SigningKey>,
) -> Option<Value> {
    let draft = json!({ "signatures": [], "signed": signed }).to_string();
    let signatures = keys
        .into_iter()
        .map(|key| sign_detached(draft.as_bytes(), key).ok());
    let signatures = signatures.collect::<Option<Vec<_>>>()?;
    Some(json!({ "signatures": signatures, "signed": signed }))
}

/// What somebody answers who is asked for a file.
pub(super) type Answer<'a> = &'a dyn Fn(&Want) -> Option<Bytes>;

/// The whole refresh; also what is to be remembered then.
pub(super) fn refresh(
    remembered: Remembered,
    answer: Answer<'_>,
    now: Timestamp,
    expiry: Expiry,
) -> (Result<Trusted, Refusal>, Remembered) {
    let mut refresh = match Refresh::new(remembered.clone(), now, expiry) {
        Ok(refresh) => refresh,
        Err(refusal) => return (Err(refusal), remembered),
    };
    while let Some(want) = refresh.wants() {
        // A refusal is kept, and told by `finish`.
        let _ = refresh.give(answer(&want));
    }
    let remembered = refresh.remembered();
    (refresh.finish(), remembered)
}

/// A file by its path: its length and digest, and the role that speaks for it.
pub(super) type Found = Option<(u64, Option<Digest>, String)>;

pub(super) fn look_up(
    trusted: &mut Trusted,
    path: &str,
    answer: Answer<'_>,
) -> Result<Found, Refusal> {
    let mut lookup = trusted.lookup(path);
    while let Some(want) = lookup.wants() {
        let _ = lookup.give(answer(&want));
    }
    let file = lookup.finish()?;
    Ok(file.map(|file| (file.length, file.digest(), file.role)))
}

pub(super) fn walk(
    trusted: Trusted,
    answer: Answer<'_>,
) -> Result<(Trusted, BTreeMap<String, Found>), Refusal> {
    let mut walk: Everything = trusted.everything();
    while let Some(want) = walk.wants() {
        let _ = walk.give(answer(&want));
    }
    let (trusted, files) = walk.finish()?;
    let files = files.into_iter().map(|(path, file)| {
        let found = Some((file.length, file.digest(), file.role));
        (path.to_string(), found)
    });
    Ok((trusted, files.collect()))
}
