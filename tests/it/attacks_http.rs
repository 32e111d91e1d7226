//! The known attacks over real sockets. The attacker has a mirror of his own, to which the reader comes, and brings his
//! bundle to an honest mirror.
//!
//! In each the reader and the mirror refuse and name what is wrong, nothing of it is written, and the last good edition
//! still opens. The same attacks on the rules alone are in `trust::client::attacks`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use bytes::Bytes;
use colport::base::{Digest, MetadataName};
use colport::io::fetch::{self, HttpFetch};
use colport::packager::{Lifetimes, Revision, Settled};
use colport::reader::{self, FirstTrust, Got, ReadError, Store};
use colport::server::Server;
use colport::trust::{Freshness, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::evil::{Answers, Reply};
use super::keys::thief::{Forgery, Thief, put, signed_part};
use super::press::{Newsroom, path, site};
use super::server::{begin, exchange, options};
use super::server_intake::post;

const HOME: &str = "index.html";
const OLD: &str = "be/2026/10/river/index.html";
const NEW: &str = "be/2026/11/bridge/index.html";
const HONEST: &str = "<p>The river rose, corrected.";

/// A newsroom of whose people two of three sign `root`. A mirror and a reader have its second edition, the third was seen
/// by nobody yet.
struct Siege {
    newsroom: Newsroom,
    mirror: Server,
    place: TempDir,
    first: Forgery,
    second: Forgery,
    third: Forgery,
}

/// What one attack looks like, and what is said of it.
struct Attack {
    shown: Answers,
    brought: Bytes,
    /// Words of what the reader is told about the attacker's mirror.
    reader: &'static str,
    /// Words of the honest mirror's answer.
    mirror: &'static str,
}

impl Attack {
    fn of(forgery: &Forgery, reader: &'static str, mirror: &'static str) -> Self {
        Self {
            shown: forgery.answers(),
            brought: forgery.bundle(),
            reader,
            mirror,
        }
    }
}

/// Every file below a folder with its bytes, but for what is made again from them, behind.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("forms") => {}
            true => found.extend(content(&path)),
            false => drop(found.insert(path.clone(), std::fs::read(path).unwrap())),
        }
    }
    found
}

impl Siege {
    async fn begin() -> Self {
        let mut newsroom = Newsroom::new();
        let place = TempDir::new().unwrap();
        two_of_three_sign_root(&newsroom);
        let first = newsroom.publish(&site(&[
            (HOME, "<p>home"),
            ("be/index.html", "<p>front"),
            (OLD, "<p>The river rose."),
        ]));
        newsroom.pass(1);
        let files = [
            (HOME, "<p>home"),
            ("be/index.html", "<p>front"),
            (OLD, HONEST),
        ];
        let second = newsroom.publish(&site(&files));
        let mut options = options(&newsroom, &place.path().join("mirror"));
        options.bundle = Some(newsroom.folder.bundle(2));
        let mirror = begin(&newsroom, options).await;
        newsroom.pass(1);
        let more = [(NEW, "<p>A bridge opened.")];
        let third = newsroom.publish(&site(&[&files[..], &more].concat()));
        let siege = Self {
            newsroom,
            mirror,
            place,
            first: Forgery::of(&first),
            second: Forgery::of(&second),
            third: Forgery::of(&third),
        };
        let got = siege.read(&[siege.mirror_url()], siege.patience()).await;
        assert_eq!(got.unwrap().edition.number(), 2);
        siege
    }

    fn mirror_url(&self) -> Url {
        let url = format!("http://{}/", self.mirror.address());
        url.parse().unwrap()
    }

    fn store(&self) -> PathBuf {
        self.place.path().join("reader")
    }

    fn patience(&self) -> reader::Patience {
        reader::Patience::default()
    }

    async fn read(&self, mirrors: &[Url], patience: reader::Patience) -> Result<Got, ReadError> {
        let fetch = HttpFetch::new(fetch::Patience::default());
        let fingerprint = self.newsroom.folder.fingerprint().unwrap();
        let trust = FirstTrust::Fingerprint(fingerprint);
        let mut options = reader::Options::new(mirrors.to_vec(), self.store(), trust);
        options.patience = patience;
        reader::get(&fetch, self.newsroom.now, &options, &mut |_| {}).await
    }

    fn thief(&self, names: &[&str]) -> Thief {
        Thief::with(self.newsroom.folder.place(), names)
    }

    /// Who has taken over the machine that signs every day.
    fn thief_of_machine(&self) -> Thief {
        self.thief(&["newsrooms/be", "online/snapshot", "online/timestamp"])
    }

    async fn withstands(&self, attack: Attack) {
        self.reader_withstands(attack.shown, attack.reader, self.patience())
            .await;
        self.mirror_withstands(&attack.brought, attack.mirror).await;
    }

    async fn reader_withstands(&self, shown: Answers, says: &str, patience: reader::Patience) {
        let kept = |name: &str| std::fs::read(self.store().join(name)).unwrap();
        let before = ["edition.tar.gz", "anchor.json"].map(kept);
        let refused = self.read(&[shown.show().await], patience).await;
        let error = refused.map(|got| got.edition.number()).unwrap_err();
        let said: Vec<_> = error.faults().iter().map(|(_, f)| f.to_string()).collect();
        assert!(said.iter().any(|it| it.contains(says)), "{says}: {said:?}");
        assert!(["edition.tar.gz", "anchor.json"].map(kept) == before);
        self.still_opens();
    }

    fn still_opens(&self) {
        let store = Store::open(&self.store()).unwrap();
        let edition = store.edition(self.newsroom.now).unwrap().unwrap();
        assert_eq!(edition.number(), 2);
        let old = edition.file(&path(OLD)).unwrap();
        assert_eq!(edition.content(old), HONEST);
    }

    async fn mirror_withstands(&self, bundle: &[u8], says: &str) {
        let state = self.place.path().join("mirror");
        let before = content(&state);
        let refused = post(self.mirror.address(), bundle).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text());
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
        assert_eq!(self.mirror.edition(), Some(2));
        assert!(content(&state) == before, "nothing is written");
        let page = super::server::get(self.mirror.address(), &format!("/{OLD}")).await;
        assert_eq!(page.text(), HONEST);
    }

    /// The third edition with another file in place of one of its metadata.
    fn instead(&self, role: &str, change: impl FnOnce(&Bytes) -> Bytes) -> Forgery {
        let mut forgery = self.third.clone();
        let (name, file) = self.third.set.newest(role).unwrap();
        forgery.set.put(name.clone(), change(file));
        forgery
    }
}

fn two_of_three_sign_root(newsroom: &Newsroom) {
    let mut revision = Revision::begin(&newsroom.folder).unwrap();
    for _ in 0..2 {
        let (key, _) = revision.make_key("root", None, None).unwrap();
        revision.add("root", key).unwrap();
    }
    revision.threshold("root", 2).unwrap();
    let settled = revision.settle(&[], &mut |_| None, newsroom.now, &Lifetimes::default());
    assert!(matches!(settled, Ok(Settled::InForce(_))), "{settled:?}");
}

#[tokio::test]
async fn an_arbitrary_file_is_refused_over_http() {
    let siege = Siege::begin().await;
    let mut forgery = siege.third.clone();
    let hoax = Bytes::from_static(b"<p>The bridge is open.");
    forgery.files.insert(path(NEW), hoax);
    siege.withstands(Attack::of(&forgery, NEW, NEW)).await;
}

#[tokio::test]
async fn a_rollback_is_refused_over_http() {
    let siege = Siege::begin().await;
    let attack = Attack::of(&siege.first, "was seen before", "not newer");
    siege.withstands(attack).await;
    // With the online keys he can give it a new number, but not take the correction back.
    let thief = siege.thief(&["online/snapshot", "online/timestamp"]);
    let first = thief.listed(siege.first.set.clone(), 9, |_| {});
    let forgery = Forgery {
        set: first,
        files: siege.first.files.clone(),
    };
    let attack = Attack::of(&forgery, "`be-2026-10`", "`be-2026-10`");
    siege.withstands(attack).await;
}

#[tokio::test]
async fn a_freeze_is_named_over_http() {
    let mut siege = Siege::begin().await;
    siege.newsroom.pass(24 * 8);
    let frozen = siege.second.show().await;
    // Alone it is no news, and what is kept says itself that it is old.
    let got = siege
        .read(std::slice::from_ref(&frozen), siege.patience())
        .await;
    let got = got.unwrap();
    assert_eq!(got.edition.number(), 2);
    let freshness = got.edition.freshness_at(siege.newsroom.now);
    assert!(matches!(freshness, Freshness::Expired { role, .. } if role == "timestamp"));
    siege
        .mirror_withstands(&siege.second.bundle(), "not newer")
        .await;
    siege.still_opens();
    // Beside one that has what is new it is named, and not used.
    let fourth = Forgery::of(&siege.newsroom.publish(&siege.third.files));
    let patience = reader::Patience {
        newer: Duration::from_secs(60),
        ..siege.patience()
    };
    let got = siege.read(&[frozen, fourth.show().await], patience).await;
    let got = got.unwrap();
    assert_eq!(got.edition.number(), 4);
    let said: Vec<_> = got
        .faults
        .iter()
        .map(|(_, fault)| fault.to_string())
        .collect();
    assert!(
        said.iter()
            .any(|it| it.contains("should have been renewed")),
        "{said:?}"
    );
}

#[tokio::test]
async fn mix_and_match_is_refused_over_http() {
    let siege = Siege::begin().await;
    // The front page's role as the second edition had it, under the third's snapshot.
    let second = siege.second.set.newest("be").unwrap().1.clone();
    let mixed = siege.instead("be", |_| second);
    // What the snapshot does not describe is left aside, and then there is none.
    let attack = Attack::of(&mixed, "`be` is missing", "`be` is missing");
    siege.withstands(attack).await;
}

#[tokio::test]
async fn endless_data_is_refused_over_http() {
    let siege = Siege::begin().await;
    // A timestamp without an end, and a bundle that is one.
    let endless = Reply::Endless(Bytes::from_static(b"{"));
    let shown = siege.third.answers();
    let shown = shown.with("/.colport/metadata/timestamp.json", endless);
    siege
        .reader_withstands(shown, "more than 16384 bytes", siege.patience())
        .await;
    let mut longer = siege.third.bundle().to_vec();
    longer.truncate(400);
    longer.resize(1 << 20, b' ');
    siege.mirror_withstands(&longer, "").await;
    // Metadata that is longer than was signed.
    let longer = |file: &Bytes| [file, &b" "[..]].concat().into();
    let forgery = siege.instead("snapshot", longer);
    siege
        .withstands(Attack::of(&forgery, "`snapshot`", "`snapshot`"))
        .await;
    // A page that is.
    let mut forgery = siege.third.clone();
    let endless: Vec<u8> = b"<p>A bridge opened. ".repeat(10_000);
    forgery.files.insert(path(NEW), endless.into());
    siege.withstands(Attack::of(&forgery, NEW, NEW)).await;
}

#[tokio::test]
async fn slow_retrieval_is_given_up_over_http() {
    let siege = Siege::begin().await;
    let timestamp = siege.third.set.newest("timestamp").unwrap().1.clone();
    let shown = siege.third.answers();
    let shown = shown.with("/.colport/metadata/timestamp.json", Reply::Drip(timestamp));
    let patience = reader::Patience {
        metadata: Duration::from_secs(1),
        ..siege.patience()
    };
    siege
        .reader_withstands(shown, "did not answer", patience)
        .await;
}

#[tokio::test]
async fn a_file_at_a_wrong_path_is_refused_over_http() {
    let siege = Siege::begin().await;
    let mut forgery = siege.third.clone();
    let [old, new] = [OLD, NEW].map(|place| forgery.files[&path(place)].clone());
    forgery.files.extend([(path(OLD), new), (path(NEW), old)]);
    siege.withstands(Attack::of(&forgery, OLD, OLD)).await;
}

#[tokio::test]
async fn an_extraneous_file_is_refused_over_http() {
    let siege = Siege::begin().await;
    let mut forgery = siege.third.clone();
    let extra = "be/2026/11/hoax/index.html";
    forgery.files.extend(site(&[(extra, "<p>More.")]));
    // It is not asked for where files come one by one, and refused in a bundle.
    siege.withstands_in_bundles(&forgery, extra).await;
}

impl Siege {
    /// The attacker's mirror has the bundle and no files beside it.
    async fn withstands_in_bundles(&self, forgery: &Forgery, says: &'static str) {
        let metadata = Forgery {
            files: BTreeMap::new(),
            ..forgery.clone()
        };
        let place = format!("/.colport/bundle/{}.tar.gz", forgery.number());
        let shown = metadata.answers();
        self.withstands(Attack {
            shown: shown.with(&place, Reply::Whole(forgery.bundle())),
            brought: forgery.bundle(),
            reader: says,
            mirror: says,
        })
        .await;
    }
}

fn parsed(file: &Bytes) -> Value {
    serde_json::from_slice(file).unwrap()
}

#[tokio::test]
async fn a_duplicate_signature_is_refused_over_http() {
    let siege = Siege::begin().await;
    let forgery = siege.instead("timestamp", |file| {
        let mut file = parsed(file);
        let again = file["signatures"][0].clone();
        file["signatures"].as_array_mut().unwrap().push(again);
        file.to_string().into()
    });
    let says = "two signatures are of the key";
    siege.withstands(Attack::of(&forgery, says, says)).await;
}

#[tokio::test]
async fn a_threshold_that_is_not_met_is_refused_over_http() {
    let siege = Siege::begin().await;
    // One of the three people was made to sign, and names the attacker's key for everything.
    let thief = siege.thief(&["offline/root"]);
    let mut root = signed_part(&siege.third.set, "root");
    root["version"] = json!(3);
    root["roles"]["root"]["threshold"] = json!(1);
    let mut forgery = siege.third.clone();
    put(&mut forgery.set, "root", 3, thief.sign(root, "root"));
    let says = "`root` has 1 valid signatures of 2 needed";
    siege.withstands(Attack::of(&forgery, says, says)).await;
}

#[tokio::test]
async fn an_unknown_key_is_refused_over_http() {
    let siege = Siege::begin().await;
    let forgery = siege.instead("timestamp", |file| {
        let stranger = SigningKey::generate(&ring::rand::SystemRandom::new()).unwrap();
        let mut file = parsed(file);
        file["signed"]["version"] = json!(9);
        let payload = file["signed"].to_string();
        file["signatures"] = json!([stranger.sign(payload.as_bytes())]);
        file.to_string().into()
    });
    let says = "`timestamp` has 0 valid signatures";
    siege.withstands(Attack::of(&forgery, says, says)).await;
}

#[tokio::test]
async fn an_expired_root_chain_is_named_over_http() {
    let mut siege = Siege::begin().await;
    siege.newsroom.pass(24 * 366);
    let says = "should have been renewed";
    // It is not taken for fresh beside one that is; alone it says itself how old it is.
    let mut revision = Revision::begin(&siege.newsroom.folder).unwrap();
    revision.renew("root");
    revision.renew("targets");
    let settled = revision.settle(
        &[],
        &mut |_| None,
        siege.newsroom.now,
        &Lifetimes::default(),
    );
    assert!(matches!(settled, Ok(Settled::InForce(_))), "{settled:?}");
    let renewed = Forgery::of(&siege.newsroom.publish(&siege.third.files));
    let mirrors = [siege.third.show().await, renewed.show().await];
    let patience = reader::Patience {
        newer: Duration::from_secs(60),
        ..siege.patience()
    };
    let got = siege.read(&mirrors, patience).await.unwrap();
    assert_eq!(got.edition.number(), 4);
    let said: Vec<_> = got
        .faults
        .iter()
        .map(|(_, fault)| fault.to_string())
        .collect();
    assert!(said.iter().any(|it| it.contains(says)), "{said:?}");
    let old = siege.newsroom.folder.edition(3, siege.newsroom.now);
    let freshness = old.unwrap().freshness_at(siege.newsroom.now);
    assert!(matches!(freshness, Freshness::Expired { .. }));
}

#[tokio::test]
async fn a_delegation_outside_its_paths_is_refused_over_http() {
    let siege = Siege::begin().await;
    let thief = siege.thief_of_machine();
    let hoax = "<p>hoax";
    let signed = json!({ "length": hoax.len(), "hashes": { "sha256": Digest::of(hoax.as_bytes()).to_string() } });
    // The newsroom's key signs the home page, and a page of a newsroom that there is not.
    for (place, number) in [(HOME, 8), ("ru/index.html", 9)] {
        let set = thief.with_role(&siege.third.set, "be", "be", number, |be| {
            be["targets"][place] = signed.clone();
        });
        let mut files = siege.third.files.clone();
        files.extend(site(&[(place, hoax)]));
        siege
            .withstands_in_bundles(&Forgery { set, files }, place)
            .await;
    }
}

#[tokio::test]
async fn cyclic_delegations_come_to_an_end_over_http() {
    let siege = Siege::begin().await;
    let thief = siege.thief_of_machine();
    // `be` delegates to `x`, which delegates to `be` and to a role that is not there.
    let be = signed_part(&siege.third.set, "be");
    let delegation = |name: &str| json!({ "name": name, "keyids": be["delegations"]["roles"][0]["keyids"], "threshold": 1, "terminating": false, "paths": ["be/*"] });
    let mut x = be.clone();
    x["version"] = json!(1);
    x["targets"] = json!({});
    x["delegations"]["roles"] = json!([delegation("be"), delegation("y")]);
    let mut set = siege.third.set.clone();
    put(&mut set, "x", 1, thief.sign(x, "be"));
    let set = thief.with_role(&set, "be", "be", 8, |be| {
        let roles = be["delegations"]["roles"].as_array_mut().unwrap();
        roles.push(delegation("x"));
    });
    let set = thief.listed(set, 9, |meta| {
        meta["x.json"] = json!({ "version": 1 });
        meta["y.json"] = json!({ "version": 1 });
    });
    let files = siege.third.files.clone();
    let forgery = Forgery { set, files };
    let says = "`y` is missing";
    siege.withstands(Attack::of(&forgery, says, says)).await;
}

#[tokio::test]
async fn a_metadata_bomb_is_refused_over_http() {
    let siege = Siege::begin().await;
    for (bomb, says) in [
        (
            format!(
                r#"{{"signatures":[],"signed":{}{}}}"#,
                "[".repeat(8_000),
                "]".repeat(8_000)
            ),
            "nested too deeply",
        ),
        (
            format!(
                r#"{{"signatures":[],"signed":{{"version":{}}}}}"#,
                "9".repeat(16_000)
            ),
            "number",
        ),
        (
            r#"{"signatures":[],"signatures":[],"signed":{}}"#.to_owned(),
            "`signatures` stands twice",
        ),
    ] {
        let forgery = siege.instead("timestamp", |_| bomb.into());
        siege.withstands(Attack::of(&forgery, says, says)).await;
    }
}

#[tokio::test]
async fn json_that_is_not_canonical_means_the_same_over_http() {
    let siege = Siege::begin().await;
    let spelled = |file: &Bytes| Bytes::from(format!("{:#}\n", parsed(file)));
    let forgery = siege.instead("timestamp", spelled);
    let got = siege.read(&[forgery.show().await], siege.patience()).await;
    assert_eq!(got.unwrap().edition.number(), 3);
    let taken = post(siege.mirror.address(), &forgery.bundle()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[tokio::test]
async fn a_clock_set_back_makes_nothing_old_new_over_http() {
    let mut siege = Siege::begin().await;
    siege.newsroom.pass(-24 * 30);
    let attack = Attack::of(&siege.first, "was seen before", "not newer");
    siege.withstands(attack).await;
    // What is really new is taken, and tells that the clock is wrong.
    let got = siege
        .read(&[siege.third.show().await], siege.patience())
        .await;
    let freshness = got.unwrap().edition.freshness_at(siege.newsroom.now);
    assert!(
        matches!(freshness, Freshness::ClockBehind { .. }),
        "{freshness:?}"
    );
}

#[tokio::test]
async fn a_mirror_that_answers_differently_each_time_gets_nowhere_over_http() {
    let siege = Siege::begin().await;
    let (second, third) = (&siege.second, &siege.third);
    let mut shown = third.answers();
    let timestamp = MetadataName::timestamp();
    let names = third.set.iter().map(|(name, _)| name.clone());
    for name in names.chain([timestamp.clone()]) {
        let of = |forgery: &Forgery| {
            let newest = forgery.set.newest(name.role());
            newest.map(|(_, file)| file.clone())
        };
        let turns = vec![of(third), of(second), None];
        let path = format!("/.colport/metadata/{name}");
        shown = shown.with(&path, Reply::InTurn(turns, AtomicUsize::new(0)));
    }
    let lies = Forgery {
        files: second.files.clone(),
        ..third.clone()
    };
    let turns = vec![
        Some(lies.bundle()),
        None,
        Some(second.bundle()),
        Some(third.bundle()),
    ];
    let bundles = Reply::InTurn(turns, AtomicUsize::new(0));
    let url = shown
        .with("/.colport/bundle/3.tar.gz", bundles)
        .show()
        .await;
    for _ in 0..6 {
        // Whatever came together is one edition or the other, never a mixture.
        let _ = siege
            .read(std::slice::from_ref(&url), siege.patience())
            .await;
        let store = Store::open(&siege.store()).unwrap();
        let edition = store.edition(siege.newsroom.now).unwrap().unwrap();
        let whole = [(2, second), (3, third)];
        let (_, whole) = whole
            .into_iter()
            .find(|(n, _)| *n == edition.number())
            .unwrap();
        assert!(Forgery::of(&edition).files == whole.files);
    }
    // Who brings half of one bundle and half of another is refused.
    let half = [&third.bundle()[..1500], &second.bundle()[1500..]].concat();
    siege.mirror_withstands(&half, "").await;
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_the_end() {
    let siege = Siege::begin().await;
    // The head promises more than any bundle has.
    let head = format!(
        "POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n",
        1_u64 << 40
    );
    let refused = exchange(siege.mirror.address(), head.as_bytes()).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    siege.still_opens();
}
