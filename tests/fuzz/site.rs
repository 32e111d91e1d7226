//! A small signed site for fuzzing, always the same, whose keys are at hand.

use std::collections::BTreeMap;

use bytes::Bytes;
use colport::base::{Digest, MetadataName, Secret, SitePath};
use colport::trust::SigningKey;
use colport::trust::editor::{
    Founding, KeyRing, Lifetimes, MetadataSet, NewsroomId, RoleSigners, RootSigners, establish,
    next_edition,
};
use jiff::Timestamp;

pub(crate) struct Site {
    pub(crate) now: Timestamp,
    pub(crate) files: BTreeMap<MetadataName, Bytes>,
    /// Of every role.
    pub(crate) key: SigningKey,
}

impl Site {
    pub(crate) fn new() -> Self {
        let now = "2026-11-23T12:00:00Z".parse().expect("a date");
        let key = SigningKey::from_seed(Secret::new(*Digest::of(b"fuzz").as_bytes()));
        let all = || RoleSigners::one(key.public().clone());
        let newsroom: NewsroomId = "be".parse().expect("a newsroom's name");
        let founding = Founding {
            top: RootSigners {
                root: all(),
                targets: all(),
                snapshot: all(),
                timestamp: all(),
            },
            site: all(),
            newsrooms: [(newsroom, all())].into(),
        };
        let ring: KeyRing = [key.clone()].into_iter().collect();
        let (mut root, mut targets) = establish(&founding, now, &Lifetimes::default());
        let mut set = MetadataSet::default();
        for draft in [&mut root, &mut targets] {
            draft.sign(&ring);
            set.put_signed(draft.clone()).expect("all keys are there");
        }
        let contents = ["index.html", "be/index.html", "be/2026/11/river/index.html"].map(|path| {
            let facts = (path.len() as u64, Digest::of(path.as_bytes()));
            (SitePath::parse(path).expect("a path"), facts)
        });
        let set = next_edition(&set, &ring, &contents.into(), now, &Lifetimes::default())
            .expect("all keys are there");
        let files = set
            .iter()
            .map(|(name, file)| (name.clone(), file.clone()))
            .collect();
        Self { now, files, key }
    }
}
