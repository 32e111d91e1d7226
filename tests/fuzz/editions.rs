//! Two editions of a small newsroom and their dense forms, always the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use colport::base::{Digest, Secret, SitePath};
use colport::bundle::dense::Texts;
use colport::edition::{DenseForms, Remembered, Variant, VerifiedEdition};
use colport::packager::{Effort, Files, Lifetimes, Press, PublishError};
use colport::trust::SigningKey;
use colport::trust::editor::{Founding, KeyRing, MetadataSet, RoleSigners, RootSigners, establish};
use jiff::{SignedDuration, Timestamp};

pub(crate) struct Editions {
    pub(crate) now: Timestamp,
    pub(crate) remembered: Remembered,
    pub(crate) old: Arc<VerifiedEdition>,
    /// All of the new one, what is new in it, all of it but its pictures, and what is new once more with texts pressed.
    pub(crate) dense: [Bytes; 4],
}

impl Editions {
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a date");
        let key = SigningKey::from_seed(Secret::new(*Digest::of(b"fuzz").as_bytes()));
        let all = || RoleSigners::one(key.public().clone());
        let founding = Founding {
            top: RootSigners {
                root: all(),
                targets: all(),
                snapshot: all(),
                timestamp: all(),
            },
            site: all(),
            newsrooms: [("be".parse().expect("a newsroom's name"), all())].into(),
        };
        let keys: KeyRing = [key.clone()].into_iter().collect();
        let (mut root, mut targets) = establish(&founding, now, &Lifetimes::default());
        let mut metadata = MetadataSet::default();
        for draft in [&mut root, &mut targets] {
            draft.sign(&keys);
            metadata
                .put_signed(draft.clone())
                .expect("all keys are there");
        }
        let mut press = Press {
            metadata,
            previous: None,
            kept: Default::default(),
            waiting: Default::default(),
            keys,
            lifetimes: Lifetimes::default(),
            effort: Effort::Quick,
        };
        let picture: String = (0..1500u32)
            .map(|n| char::from((n * n % 251) as u8))
            .collect();
        let page = "<p>Рака стала. ".repeat(30);
        let mut files = site(&[("index.html", "<p>home"), ("be/index.html", &page)]);
        let old = print(&press, &files, now);
        press.metadata = MetadataSet::new(
            old.gathered()
                .iter()
                .map(|(name, file)| (name.clone(), file.clone())),
        );
        let photo = SitePath::parse("be/2026/11/river/2.webp").expect("a path");
        files.insert(photo, Bytes::from_static(include_bytes!("photo.webp")));
        files.extend(site(&[
            ("be/2026/11/river/index.html", &page),
            ("be/2026/11/river/1.webp", &picture),
            ("index.html", "<p>home, newer"),
        ]));
        let new = print(&press, &files, now + SignedDuration::from_hours(1));
        let write = |mut forms: DenseForms<'_>, variant| {
            let written = forms.write(Vec::new(), variant);
            Bytes::from(written.expect("memory takes all"))
        };
        let since = DenseForms::since(&old, &new).expect("a dictionary is small");
        let pressed = DenseForms::since_with(&old, &new, Texts::Pressed);
        let pressed = pressed.expect("a dictionary is small");
        let dense = [
            write(DenseForms::of(&new), Variant::Full),
            write(since, Variant::Full),
            write(DenseForms::of(&new), Variant::Text),
            write(pressed, Variant::Full),
        ];
        Self {
            now: now + SignedDuration::from_hours(2),
            remembered: Remembered::new(press.metadata.first_root().expect("it has one").clone()),
            old,
            dense,
        }
    }
}

fn site(files: &[(&str, &str)]) -> Files {
    let file = |(path, content): &(&str, &str)| {
        (
            SitePath::parse(path).expect("a path"),
            Bytes::from((*content).to_owned()),
        )
    };
    files.iter().map(file).collect::<BTreeMap<_, _>>()
}

fn print(press: &Press, files: &Files, now: Timestamp) -> Arc<VerifiedEdition> {
    let place = |out: Vec<u8>| Ok::<_, PublishError>(Bytes::from(out));
    Arc::new(
        press
            .print(files, now, Vec::new(), place)
            .expect("all keys are there"),
    )
}
