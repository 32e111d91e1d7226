//! A newsroom's life with keys: what a thief can do with which, and what is left to him once they are replaced; over
//! real mirrors, with a real reader.

pub(crate) mod thief;
mod transcripts;

use std::path::PathBuf;
use std::sync::Arc;

use colport::edition::{Excerpt, VerifiedEdition};
use colport::io::address;
use colport::io::fetch::{HttpFetch, Patience};
use colport::packager::{Files, Lifetimes, Revision, Settled};
use colport::reader::{self, FirstTrust, Got, ReadError};
use colport::server::Server;
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use super::press::{Newsroom, path, site};
use super::server::{begin, get, options};
use super::server_intake::post;
use thief::{Forgery, Thief, signed_part};

const OLD: &str = "be/2026/10/river/index.html";
const MACHINE: [&str; 4] = [
    "newsrooms/be",
    "newsrooms/site",
    "online/snapshot",
    "online/timestamp",
];
const HONEST: &str = "<p>The river rose.";
const FORGED: &str = "<p>The river is fine. Go home.";

fn articles() -> Files {
    site(&[
        ("index.html", "<title>Home</title>"),
        ("be/index.html", "<title>Front</title>"),
        (OLD, HONEST),
    ])
}

fn forged_articles() -> Files {
    let mut files = articles();
    files.extend(site(&[(OLD, FORGED)]));
    files
}

/// A newsroom with an edition, two mirrors that have it, and a reader who has read it.
struct Town {
    newsroom: Newsroom,
    mirrors: Vec<Server>,
    place: TempDir,
}

impl Town {
    async fn with_a_first_edition() -> (Self, Arc<VerifiedEdition>) {
        let newsroom = Newsroom::new();
        let place = TempDir::new().unwrap();
        let mut mirrors = Vec::new();
        for name in ["one", "two"] {
            mirrors.push(begin(&newsroom, options(&newsroom, &place.path().join(name))).await);
        }
        let town = Self {
            newsroom,
            mirrors,
            place,
        };
        let first = town.newsroom.publish(&articles());
        town.push(&first).await;
        assert_eq!(town.read().await.unwrap().edition.number(), 1);
        (town, first)
    }

    async fn push(&self, edition: &VerifiedEdition) {
        for mirror in &self.mirrors {
            let taken = post(mirror.address(), edition.bundle()).await;
            assert_eq!(taken.status, 201, "{}", taken.text());
        }
    }

    /// What all mirrors say to a bundle that they must refuse.
    async fn refused(&self, forgery: &Forgery) -> String {
        let mut said = String::new();
        for mirror in &self.mirrors {
            let before = mirror.edition();
            let refused = post(mirror.address(), &forgery.bundle()).await;
            assert!((400..500).contains(&refused.status), "{}", refused.text());
            assert_eq!(mirror.edition(), before);
            said = refused.text().to_owned();
        }
        said
    }

    async fn shown(&self, page: &str) -> Vec<String> {
        let mut shown = Vec::new();
        for mirror in &self.mirrors {
            shown.push(
                get(mirror.address(), &format!("/{page}"))
                    .await
                    .text()
                    .to_owned(),
            );
        }
        shown
    }

    async fn read(&self) -> Result<Got, ReadError> {
        let urls = self.mirrors.iter().map(|mirror| {
            let url = format!("http://{}", mirror.address());
            address::parse(&url).unwrap()
        });
        self.read_from(urls.collect(), "reader").await
    }

    async fn read_from(&self, mirrors: Vec<Url>, store: &str) -> Result<Got, ReadError> {
        let fetch = HttpFetch::new(Patience::default());
        let options = reader::Options::new(
            mirrors,
            self.store(store),
            FirstTrust::Fingerprint(self.newsroom.folder.fingerprint().unwrap()),
        );
        reader::get(&fetch, self.newsroom.now, &options, &mut |_| {}).await
    }

    fn store(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// The reader who knows the site meets only the thief's mirror. What he is told.
    async fn reader_refuses(&self, forgery: &Forgery) -> String {
        let refused = self.read_from(vec![forgery.show().await], "reader").await;
        let error = refused.unwrap_err();
        let said: Vec<_> = error.faults().iter().map(|(_, f)| f.to_string()).collect();
        said.join("; ")
    }

    /// Whoever meets the thief's mirror first, and nobody else.
    async fn newcomer(&self, name: &str, forgery: &Forgery) -> Result<Got, ReadError> {
        self.read_from(vec![forgery.show().await], name).await
    }

    /// All keys of the stolen machine are replaced, with the offline keys.
    fn replace(&self, roles: &[&str]) {
        let folder = &self.newsroom.folder;
        let mut revision = Revision::begin(folder).unwrap();
        for role in roles {
            let former = revision.key_of(role, None).unwrap();
            let (key, _) = revision.make_key(role, None, None).unwrap();
            revision.replace(role, &former.id, key).unwrap();
        }
        let now = self.newsroom.now;
        let settled = revision.settle(&[], &mut |_| None, now, &Lifetimes::default());
        assert!(matches!(settled, Ok(Settled::InForce(_))), "{settled:?}");
    }
}

fn page(edition: &Excerpt, place: &str) -> String {
    let entry = edition.file(&path(place)).unwrap();
    String::from_utf8(edition.content(entry).to_vec()).unwrap()
}

fn signers(edition: &Excerpt, role: &str) -> Vec<String> {
    let proofs = edition.proof().trusted().proofs();
    let proof = proofs.into_iter().find(|proof| proof.role == role).unwrap();
    proof.signers.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_stolen_newsroom_key_counts_no_more_once_it_is_replaced() {
    let (mut town, first) = Town::with_a_first_edition().await;
    // He has the online keys too, but only the newsroom's key is replaced.
    let thief = Thief::with(town.newsroom.folder.place(), &MACHINE);
    town.newsroom.pass(1);
    town.replace(&["be"]);
    let second = town.newsroom.publish(&articles());
    town.push(&second).await;
    let got = town.read().await.unwrap();
    assert_eq!(got.edition.number(), 2);
    // The article of last month is there, word for word, signed by the new key.
    assert_eq!(page(&got.edition, OLD), HONEST);
    assert_ne!(
        signers(&got.edition, "be-2026-10"),
        signers(&first, "be-2026-10")
    );

    // He goes on from the first edition, as if nothing had been replaced.
    let now = town.newsroom.now;
    let again = thief.edition_after(&Forgery::of(&first).set, &articles(), now);
    let forgery = thief.edition_after(&again.set, &forged_articles(), now);
    assert_eq!(forgery.number(), 3);
    let said = town.refused(&forgery).await;
    assert!(said.contains("was seen before"), "{said}");
    let said = town.reader_refuses(&forgery).await;
    assert!(said.contains("was seen before"), "{said}");
    assert_eq!(town.shown(OLD).await, [HONEST, HONEST]);

    // Or from the second, with the key that he has.
    let stolen = Forgery::of(&second);
    let digest = colport::base::Digest::of(FORGED.as_bytes()).to_string();
    let set = thief.with_role(&stolen.set, "be-2026-10", "be", 3, |signed| {
        signed["targets"][OLD] = json!({ "length": FORGED.len(), "hashes": { "sha256": digest } });
    });
    let forgery = Forgery {
        set,
        files: forged_articles(),
    };
    let said = town.refused(&forgery).await;
    assert!(
        said.contains("`be-2026-10`") && said.contains("sign"),
        "{said}"
    );
    let said = town.reader_refuses(&forgery).await;
    assert!(said.contains("be-2026-10"), "{said}");
    assert_eq!(town.shown(OLD).await, [HONEST, HONEST]);
}

#[tokio::test]
async fn a_stolen_machine_speaks_until_its_keys_are_replaced_and_then_never_again() {
    let (mut town, first) = Town::with_a_first_edition().await;
    let thief = Thief::with(town.newsroom.folder.place(), &MACHINE);
    town.newsroom.pass(1);
    let now = town.newsroom.now;
    // Until it is noticed he is the newsroom, and drives the number where the newsroom would never come.
    let set = thief.listed(Forgery::of(&first).set, 4_000_000_000, |_| {});
    let forgery = thief.edition_after(&set, &forged_articles(), now);
    for mirror in &town.mirrors {
        let taken = post(mirror.address(), &forgery.bundle()).await;
        assert_eq!(taken.status, 201, "{}", taken.text());
    }
    assert_eq!(page(&town.read().await.unwrap().edition, OLD), FORGED);

    town.newsroom.pass(1);
    town.replace(&["be", "site", "snapshot", "timestamp"]);
    let second = town.newsroom.publish(&articles());
    assert_eq!(second.number(), 2);
    // One mirror is out of reach, and still shows the thief's edition.
    let taken = post(town.mirrors[0].address(), second.bundle()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(town.shown(OLD).await, [HONEST, FORGED]);
    let got = town.read().await.unwrap();
    assert_eq!(
        (got.edition.number(), page(&got.edition, OLD)),
        (2, HONEST.into())
    );

    let more = thief.edition_after(&forgery.set, &forged_articles(), town.newsroom.now);
    let refused = post(town.mirrors[0].address(), &more.bundle()).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    let said = town.reader_refuses(&more).await;
    assert!(!said.is_empty());
    assert_eq!(town.shown(OLD).await, [HONEST, FORGED]);

    // The other one copies it, as mirrors that follow others do. A lower number is no reason against it.
    let copied = town.place.path().join("copied.tar.gz");
    std::fs::write(&copied, second.bundle()).unwrap();
    let door = town.mirrors[1].door();
    assert!(door.offer(copied.clone()).await.unwrap());
    assert_eq!(town.shown(OLD).await, [HONEST, HONEST]);
    assert_eq!(page(&town.read().await.unwrap().edition, OLD), HONEST);
    assert!(!door.offer(copied).await.unwrap(), "it is there already");
    let stolen = town.place.path().join("stolen.tar.gz");
    std::fs::write(&stolen, more.bundle()).unwrap();
    assert!(door.offer(stolen).await.is_err());
    assert_eq!(town.shown(OLD).await, [HONEST, HONEST]);
}

const ONLINE: [&str; 2] = ["online/snapshot", "online/timestamp"];

#[tokio::test]
async fn with_the_online_keys_alone_no_article_can_be_forged_or_taken_back() {
    let (mut town, first) = Town::with_a_first_edition().await;
    let thief = Thief::with(town.newsroom.folder.place(), &ONLINE);
    town.newsroom.pass(1);
    let mut files = articles();
    files.extend(site(&[(OLD, "<p>The river rose, corrected.")]));
    let second = town.newsroom.publish(&files);
    town.push(&second).await;
    town.read().await.unwrap();
    let honest = Forgery::of(&second);

    // He signs the month's role with a key that is not the newsroom's.
    let set = thief.with_role(&honest.set, "be-2026-10", "snapshot", 3, |signed| {
        signed["targets"][OLD]["length"] = json!(FORGED.len());
    });
    let forgery = Forgery {
        set,
        files: forged_articles(),
    };
    let said = town.refused(&forgery).await;
    assert!(said.contains("`be-2026-10`"), "{said}");
    assert!(town.newcomer("one newcomer", &forgery).await.is_err());

    // He lists the article as it was before it was corrected: genuine, and older than what was seen.
    let old_month = Forgery::of(&first).set;
    let (name, content) = old_month.newest("be-2026-10").unwrap();
    let mut set = MetadataOf(&honest).without("be-2026-10");
    set.put(name.clone(), content.clone());
    let set = thief.listed(set, 3, |meta| {
        meta["be-2026-10.json"] = json!({ "version": 1 })
    });
    let rollback = Forgery {
        set,
        files: articles(),
    };
    let said = town.refused(&rollback).await;
    assert!(said.contains("be-2026-10"), "{said}");
    let said = town.reader_refuses(&rollback).await;
    assert!(said.contains("be-2026-10"), "{said}");

    // He can: show a newcomer, who meets nobody else, genuine articles in a combination that never was.
    let got = town.newcomer("another", &rollback).await.unwrap();
    assert_eq!(page(&got.edition, OLD), HONEST);
}

/// Metadata of which a role is left out.
struct MetadataOf<'a>(&'a Forgery);

impl MetadataOf<'_> {
    fn without(&self, role: &str) -> colport::trust::editor::MetadataSet {
        let others = self.0.set.iter().filter(|(name, _)| name.role() != role);
        let others = others.map(|(name, bytes)| (name.clone(), bytes.clone()));
        colport::trust::editor::MetadataSet::new(others)
    }
}

#[tokio::test]
async fn with_the_online_keys_readers_can_be_held_back_until_they_are_replaced() {
    let (mut town, first) = Town::with_a_first_edition().await;
    let thief = Thief::with(town.newsroom.folder.place(), &ONLINE);
    // Freeze: the same edition, said to be the newest for a year.
    let mut timestamp = signed_part(&Forgery::of(&first).set, "timestamp");
    timestamp["version"] = json!(1_000);
    timestamp["expires"] = json!("2027-11-23T00:00:00Z");
    let frozen = Forgery {
        set: thief.stamped(Forgery::of(&first).set, timestamp),
        files: articles(),
    };
    town.newsroom.pass(24 * 20);
    let got = town.read_from(vec![frozen.show().await], "reader").await;
    assert_eq!(got.unwrap().edition.number(), 1);

    // The newsroom's next edition has a smaller number than the thief's: who met him refuses it.
    let second = town.newsroom.publish(&articles());
    town.push(&second).await;
    let held_back = town.read().await;
    assert!(held_back.is_err(), "{:?}", held_back.map(|got| got.news));

    town.replace(&["snapshot", "timestamp"]);
    town.newsroom.pass(1);
    let third = town.newsroom.publish(&articles());
    town.push(&third).await;
    assert_eq!(town.read().await.unwrap().edition.number(), 3);
    assert!(!town.reader_refuses(&frozen).await.is_empty());
}

#[tokio::test]
async fn two_editions_of_one_number_are_kept_as_evidence() {
    let (mut town, _) = Town::with_a_first_edition().await;
    let thief = Thief::with(town.newsroom.folder.place(), &ONLINE);
    town.newsroom.pass(1);
    let second = town.newsroom.publish(&articles());
    town.push(&second).await;
    town.read().await.unwrap();
    let mut timestamp = signed_part(&Forgery::of(&second).set, "timestamp");
    timestamp["expires"] = json!("2027-11-23T00:00:00Z");
    let other = Forgery {
        set: thief.stamped(Forgery::of(&second).set, timestamp),
        files: articles(),
    };
    let got = town.read_from(vec![other.show().await], "reader").await;
    assert_eq!(got.unwrap().edition.bundle(), second.bundle());
    let kept = std::fs::read_dir(town.store("reader").join("evidence")).unwrap();
    let kept: Vec<_> = kept
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let both = [&Forgery::of(&second).set, &other.set];
    let both = both.map(|set| set.newest("timestamp").unwrap().1.to_vec());
    assert_eq!(kept.len(), 2);
    assert!(both.iter().all(|file| kept.contains(file)));
}

#[tokio::test]
async fn a_mirror_keeps_a_second_edition_of_one_number_as_evidence() {
    let (mut town, _) = Town::with_a_first_edition().await;
    let thief = Thief::with(town.newsroom.folder.place(), &MACHINE);
    town.newsroom.pass(1);
    let second = town.newsroom.publish(&articles());
    town.push(&second).await;
    // With all keys of the machine: another second edition, with other articles, as valid as the newsroom's.
    let first = Forgery::of(&town.newsroom.folder.edition(1, town.newsroom.now).unwrap());
    let other = thief.edition_after(&first.set, &forged_articles(), town.newsroom.now);
    assert_eq!(other.number(), 2);
    let state = town.place.path().join("one");
    let live = std::fs::read(state.join("edition.tar.gz")).unwrap();
    for _ in 0..2 {
        let said = town.refused(&other).await;
        assert!(said.contains("not newer"), "{said}");
    }
    assert_eq!(std::fs::read(state.join("edition.tar.gz")).unwrap(), live);
    let kept = std::fs::read_dir(state.join("evidence")).unwrap();
    let kept: Vec<_> = kept
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let both = [&Forgery::of(&second).set, &other.set];
    let both = both.map(|set| set.newest("timestamp").unwrap().1.to_vec());
    assert_eq!(kept.len(), 2);
    assert!(both.iter().all(|file| kept.contains(file)));
    // What a stranger has signed is no evidence of anything.
    let mut forged = other.clone();
    let timestamp = signed_part(&other.set, "timestamp");
    let stranger = Thief::with(town.newsroom.folder.place(), &["newsrooms/site"]);
    forged.set.put(
        colport::base::MetadataName::timestamp(),
        stranger.sign(timestamp, "site"),
    );
    town.refused(&forged).await;
    assert_eq!(
        std::fs::read_dir(state.join("evidence")).unwrap().count(),
        2
    );
    // The reader who is shown it keeps both too, and the program prints their hashes.
    town.read().await.unwrap();
    let got = town.read_from(vec![other.show().await], "reader").await;
    assert_eq!(got.unwrap().edition.bundle(), second.bundle());
    let place = town.place.path().join("other.tar.gz");
    std::fs::write(&place, other.bundle()).unwrap();
    let genuine = town.newsroom.folder.bundle(2);
    let root = town.newsroom.folder.place().join("signed/1.root.json");
    let hashes = both.map(|file| colport::base::Digest::of(&file).to_string());
    transcripts::check_told(&root, &[&place, &genuine], &hashes);
    transcripts::check_told(&root, &[&state], &hashes);
    transcripts::check_told(&root, &[&town.store("reader")], &hashes);
}
