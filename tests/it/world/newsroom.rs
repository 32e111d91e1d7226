//! A newsroom that founds its site and publishes editions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use colport::base::{MetadataName, Secret, SitePath, Timestamp};
use colport::edition::VerifiedEdition;
use colport::packager::{Effort, Files, Lifetimes, Press, PublishError};
use colport::trust::SigningKey;
use colport::trust::editor::{
    Founding, KeyRing, MetadataSet, RoleSigners, RootSigners, Staff, establish, rekey_newsroom,
    revise_root,
};

#[derive(Clone)]
pub(crate) struct Newsroom {
    ring: KeyRing,
    set: MetadataSet,
    files: Files,
}

/// A moment of the day on which the world begins, in hours from noon; also negative, also many days.
pub(crate) fn moment(hours: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    noon + jiff::SignedDuration::from_hours(hours)
}

/// Bytes that cannot be compressed, as those of a picture; the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

impl Newsroom {
    /// By which [`Self::found`] signs lists of mirrors.
    pub(crate) fn list_key(seed: u8) -> SigningKey {
        SigningKey::from_seed(Secret::new([seed.wrapping_mul(16) + 3; 32]))
    }

    /// With a home page, a few articles and `pictures` pictures of 50 kB. Different seeds are different newsrooms.
    pub(crate) fn found(seed: u8, pictures: u64) -> Self {
        let key = |n: u8| SigningKey::from_seed(Secret::new([seed.wrapping_mul(16) + n; 32]));
        let keys: Vec<_> = (0..6).map(key).collect();
        let one = |n: usize| RoleSigners::one(keys[n].public().clone());
        let founding = Founding {
            top: RootSigners {
                root: one(0),
                targets: one(1),
                snapshot: one(2),
                timestamp: one(3),
            },
            site: one(4),
            newsrooms: BTreeMap::from([("be".parse().unwrap(), one(5))]),
        };
        let ring: KeyRing = keys.into_iter().collect();
        let mut set = MetadataSet::default();
        let (mut root, mut targets) = establish(&founding, moment(-24), &Lifetimes::default());
        root.sign(&ring);
        set.put_signed(root).unwrap();
        targets.sign(&ring);
        set.put_signed(targets).unwrap();
        let files = Files::new();
        let mut newsroom = Self { ring, set, files };
        newsroom.write("index.html", "<title>Навіны</title>".repeat(20));
        newsroom.write("be/index.html", "<title>Беларуская</title>".repeat(20));
        newsroom.write(
            "be/2026/11/river/index.html",
            "<p>The river rose again.".repeat(50),
        );
        for n in 0..pictures {
            newsroom.write(&format!("be/2026/11/river/{n}.webp"), noise(n + 1, 50_000));
        }
        newsroom
    }

    pub(crate) fn write(&mut self, path: &str, content: impl Into<Bytes>) {
        self.files
            .insert(SitePath::parse(path).unwrap(), content.into());
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.files.remove(&SitePath::parse(path).unwrap()).unwrap();
    }

    pub(crate) fn remove_if_there(&mut self, path: &str) {
        self.files.remove(&SitePath::parse(path).unwrap());
    }

    pub(crate) fn first_root(&self) -> Bytes {
        self.set.first_root().unwrap().clone()
    }

    pub(crate) fn newest_root(&self) -> Bytes {
        self.set.newest("root").unwrap().1.clone()
    }

    /// Gives a newsroom another key, and both offline roles a new date.
    pub(crate) fn rekey(&mut self, seed: u8, now: Timestamp) {
        let key = SigningKey::from_seed(Secret::new([seed; 32]));
        let signers = RoleSigners::one(key.public().clone());
        self.ring.add(key);
        let (be, lifetimes) = ("be".parse().unwrap(), Lifetimes::default());
        let signers_of_root = Staff::of(&self.set).unwrap().top().unwrap();
        let root = revise_root(&self.set, &signers_of_root, now, &lifetimes).unwrap();
        let targets = rekey_newsroom(&self.set, &be, &signers, now, &lifetimes).unwrap();
        for mut draft in [root, targets] {
            draft.sign(&self.ring);
            self.set.put_signed(draft).unwrap();
        }
    }

    /// Takes the key back that signs timestamps, and lists of mirrors, and names another.
    pub(crate) fn replace_list_key(&mut self, seed: u8, now: Timestamp) {
        let key = Self::list_key(seed);
        let mut top = Staff::of(&self.set).unwrap().top().unwrap();
        top.timestamp = RoleSigners::one(key.public().clone());
        self.ring.add(key);
        let mut root = revise_root(&self.set, &top, now, &Lifetimes::default()).unwrap();
        root.sign(&self.ring);
        self.set.put_signed(root).unwrap();
    }

    /// The next edition.
    pub(crate) fn publish(&mut self, now: Timestamp) -> Arc<VerifiedEdition> {
        self.publish_after(None, now).unwrap()
    }

    /// The next edition, made by who still has the one before.
    pub(crate) fn publish_after(
        &mut self,
        previous: Option<Arc<VerifiedEdition>>,
        now: Timestamp,
    ) -> Result<Arc<VerifiedEdition>, PublishError> {
        let press = Press {
            metadata: self.set.clone(),
            previous,
            kept: BTreeSet::new(),
            waiting: Default::default(),
            keys: self.ring.clone(),
            lifetimes: Lifetimes::default(),
            effort: Effort::Quick,
        };
        let place = |out: Vec<u8>| Ok::<_, PublishError>(Bytes::from(out));
        let edition = press.print(&self.files, now, Vec::new(), place)?;
        let metadata = edition.gathered();
        let files = metadata
            .iter()
            .map(|(name, content)| (name.clone(), content.clone()));
        self.set = MetadataSet::new(files);
        Ok(Arc::new(edition))
    }
}

/// What a mirror shows of an edition: paths below its root, and what lies there.
pub(super) fn lay_out(edition: &VerifiedEdition) -> BTreeMap<String, Bytes> {
    let site = edition
        .files()
        .map(|(path, entry)| (path.to_string(), edition.content(entry)));
    let metadata = edition.metadata().map(|(name, entry): (&MetadataName, _)| {
        (format!(".colport/metadata/{name}"), edition.content(entry))
    });
    let bundle = (
        format!(".colport/bundle/{}.tar.gz", edition.number()),
        edition.bundle().clone(),
    );
    site.chain(metadata).chain([bundle]).collect()
}
