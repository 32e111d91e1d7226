//! Attacks that need keys: a thief's, or those of a forger who knows the public halves of the newsroom's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use colport::base::{Digest, MetadataName, Secret, SitePath};
use colport::bundle::{About, Effort, Kind, Writer, pack};
use colport::edition::{Assembler, Gathered, Receiver, Refusal, Remembered, VerifiedEdition};
use colport::io::fetch::{self, Fetch, FetchError, HttpFetch, Request};
use colport::io::files;
use colport::io::visit::{Ground, HttpVisitor, Proxy, Validators, Visit, Visitor};
use colport::reader::{self, FirstTrust, News, Options};
use colport::server;
use colport::trust::editor::{
    Founding, KeyRing, Lifetimes, MetadataSet, RoleSigners, RootSigners, establish, next_edition,
    revise_root,
};
use colport::trust::{self, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::world::{Behaviour, World, moment};

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

fn ring(names: &[&str]) -> KeyRing {
    names.iter().map(|name| key(name)).collect()
}

fn one(name: &str) -> RoleSigners {
    RoleSigners::one(key(name).public().clone())
}

fn top(root: RoleSigners, online: &str) -> RootSigners {
    RootSigners {
        root,
        targets: one("targets"),
        snapshot: one(&format!("{online} snapshot")),
        timestamp: one(&format!("{online} timestamp")),
    }
}

fn established(root: RoleSigners) -> MetadataSet {
    let founding = Founding {
        top: top(root, "old"),
        site: one("site"),
        newsrooms: BTreeMap::new(),
    };
    let (mut root, mut targets) = establish(&founding, moment(-48), &Lifetimes::default());
    let mut set = MetadataSet::default();
    for draft in [&mut root, &mut targets] {
        draft.sign(&ring(&["root", "targets", "forger"]));
        set.put_signed(draft.clone()).unwrap();
    }
    set
}

/// A newsroom with a home page, and no edition yet.
fn founded() -> MetadataSet {
    established(one("root"))
}

fn home() -> (SitePath, Bytes) {
    (SitePath::parse("index.html").unwrap(), Bytes::from("home"))
}

/// The next edition, signed with the online keys of this name.
fn next(set: &MetadataSet, online: &str, hours: i64) -> MetadataSet {
    let (path, content) = home();
    let facts = (content.len() as u64, Digest::of(&content));
    let (snapshot, timestamp) = (format!("{online} snapshot"), format!("{online} timestamp"));
    let keys = ring(&["site", &snapshot, &timestamp]);
    let files = BTreeMap::from([(path, facts)]);
    next_edition(set, &keys, &files, moment(hours), &Lifetimes::default()).unwrap()
}

/// With another root, which names the online keys of this name.
fn rerooted(set: &MetadataSet, online: &str) -> MetadataSet {
    let signers = top(one("root"), online);
    let root = revise_root(set, &signers, moment(0), &Lifetimes::default());
    let mut root = root.unwrap();
    root.sign(&ring(&["root"]));
    let mut set = set.clone();
    set.put_signed(root).unwrap();
    set
}

fn gathered(set: &MetadataSet) -> Gathered {
    set.iter()
        .map(|(name, content)| (name.clone(), content.clone()))
        .collect()
}

fn newcomer(set: &MetadataSet) -> Remembered {
    Remembered::new(set.first_root().unwrap().clone())
}

fn printed(set: &MetadataSet) -> Arc<VerifiedEdition> {
    let metadata = gathered(set);
    let proof = metadata.prove(&newcomer(set), moment(1)).unwrap();
    let mut assembler = Assembler::new(Vec::new(), proof, &metadata, None).unwrap();
    let (path, content) = home();
    assembler
        .add(&path, &pack(&content, Effort::Quick))
        .unwrap();
    let edition = assembler.finish(|bundle| Ok::<_, Refusal>(Bytes::from(bundle)));
    Arc::new(edition.unwrap())
}

fn receive(bundle: &Bytes, held: &Arc<VerifiedEdition>) -> Result<u64, Refusal> {
    let remembered = held.remembered();
    let mut receiver = Receiver::new(Vec::new(), remembered, Some(held.clone()), moment(2));
    receiver.push(bundle.clone())?;
    let edition = receiver.finish(|bundle| Ok::<_, Refusal>(Bytes::from(bundle)))?;
    Ok(edition.number())
}

/// What a thief of the online keys published, far ahead, and what the newsroom published with new keys.
fn stolen_and_recovered() -> [Arc<VerifiedEdition>; 2] {
    let honest = next(&founded(), "old", 0);
    let stolen = (0..5).fold(honest.clone(), |set, _| next(&set, "old", 0));
    let recovered = next(&rerooted(&honest, "new"), "new", 1);
    let editions = [printed(&stolen), printed(&recovered)];
    assert!(editions[0].number() > editions[1].number());
    editions
}

#[test]
fn a_thief_of_online_keys_cannot_number_a_mirror_into_the_future() {
    let [stolen, recovered] = stolen_and_recovered();
    let taken = receive(recovered.bundle(), &stolen);
    assert_eq!(taken, Ok(recovered.number()));
    // And there is no way back.
    let back = receive(stolen.bundle(), &recovered);
    assert!(matches!(back, Err(Refusal::Trust(_))), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn a_thief_of_online_keys_cannot_number_a_reader_into_the_future() {
    let [stolen, recovered] = stolen_and_recovered();
    let mut world = World::default();
    let mirror = world.add(Behaviour::Good);
    let store = tempfile::tempdir().unwrap();
    let options = Options::new(
        world.urls(),
        store.path().join("store"),
        FirstTrust::Fingerprint(stolen.remembered().first_root.unwrap()),
    );
    for edition in [&stolen, &recovered] {
        mirror.show(edition);
        let got = reader::get(&world, moment(2), &options, &mut |_| {}).await;
        let got = got.unwrap();
        assert_eq!(got.news, News::New);
        assert_eq!(got.edition.number(), edition.number());
    }
}

#[test]
fn a_forged_first_root_that_leads_to_the_real_one_is_refused() {
    let real = next(&rerooted(&next(&founded(), "old", 0), "old"), "old", 1);
    // It says that the newsroom's own key may sign the next root, which that key has done.
    let both = RoleSigners::of(
        vec![key("forger").public().clone(), key("root").public().clone()],
        1,
    );
    let forged = established(both.unwrap());
    let first = MetadataName::versioned("root", 1).unwrap();
    let mut mixed = gathered(&real);
    let forged = forged.first_root().unwrap().clone();
    mixed.insert(first.clone(), forged.clone()).unwrap();
    // By itself nothing is wrong with it.
    assert!(mixed.prove(&Remembered::new(forged), moment(1)).is_ok());
    let later = printed(&real).remembered();
    for remembered in [newcomer(&real), later] {
        let refused = mixed
            .prove(&remembered, moment(1))
            .map(|proof| proof.edition());
        let name = first.clone();
        assert_eq!(refused, Err(Refusal::MetadataAltered { name }));
    }
}

/// A bundle of these metadata files and nothing else, with all that a table of contents needs.
fn of_metadata(files: &[(&str, &[u8])]) -> Bytes {
    let about = About {
        kind: Kind::Full,
        edition: 9,
    };
    let mut writer = Writer::start(Vec::new(), &about).unwrap();
    for (name, content) in files {
        let name = MetadataName::parse(name).unwrap();
        writer.metadata(&name, content).unwrap();
    }
    writer.finish().unwrap().into()
}

#[test]
fn a_strangers_metadata_is_refused_at_the_first_file_that_nobody_signed() {
    let set = next(&founded(), "old", 0);
    let root = set.first_root().unwrap();
    let thief = next(&rerooted(&founded(), "thief"), "thief", 0);
    let timestamp = thief.newest("timestamp").unwrap().1;
    let junk = vec![b' '; 1 << 20];
    let check = |files: &[(&str, &[u8])], role: &str| {
        let bundle = of_metadata(files);
        let mut receiver = Receiver::new(Vec::new(), newcomer(&set), None, moment(1));
        // Without its last byte: nothing waits for the end.
        let refused = receiver.push(bundle.slice(..bundle.len() - 1));
        match refused {
            Err(Refusal::Trust(refusal)) => assert_eq!(refusal.role(), Some(role), "{refusal}"),
            other => panic!("{other:?}"),
        }
    };
    check(
        &[("1.root.json", root), ("timestamp.json", timestamp)],
        "timestamp",
    );
    check(&[("1.root.json", root), ("2.root.json", b"{}")], "root");
    check(
        &[("1.root.json", root), ("1.snapshot.json", &junk)],
        "timestamp",
    );
    check(&[("1.root.json", root), ("1.be.json", &junk)], "timestamp");
}

#[test]
fn a_file_before_its_metadata_is_refused_when_it_is_announced() {
    let set = next(&founded(), "old", 0);
    let about = About {
        kind: Kind::Full,
        edition: 9,
    };
    let content: Vec<u8> = (0..200_000u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    let mut writer = Writer::start(Vec::new(), &about).unwrap();
    let packed = pack(&content, Effort::Quick);
    let path = home().0;
    writer.file(&path, content.len() as u64, &packed).unwrap();
    let bundle = Bytes::from(writer.finish().unwrap());
    let mut receiver = Receiver::new(Vec::new(), newcomer(&set), None, moment(1));
    let refused = receiver.push(bundle.slice(..2_000)).unwrap_err();
    assert!(
        matches!(refused, Refusal::Trust(trust::Refusal::Missing { .. })),
        "{refused}"
    );
}

/// Answers every request with this head and no body, and counts them.
async fn answering(head: String) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let answer = format!("{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_redirect_does_not_lead_into_a_private_network() {
    let (inside, asked) = answering("HTTP/1.1 200 OK".into()).await;
    for target in [
        format!("http://localhost:{}/reboot", inside.port()),
        format!("http://[::ffff:127.0.0.1]:{}/reboot", inside.port()),
    ] {
        let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {target}");
        let (mirror, _) = answering(redirect).await;
        let url = Url::parse(&format!("http://{mirror}/")).unwrap();
        let fetch = HttpFetch::new(fetch::Patience::default());
        let refused = fetch.fetch(Request::get(url)).await.map(|_| ());
        let Err(FetchError::Permanent { why, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(why, "it leads into a private network");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody inside was asked");
}

fn asking(url: &Url, ground: Ground) -> Visit {
    Visit {
        url: url.clone(),
        ground,
        known: Validators::default(),
    }
}

#[tokio::test]
async fn a_strangers_page_reaches_only_the_private_hosts_that_a_person_named() {
    let (inside, asked) = answering("HTTP/1.1 200 OK".into()).await;
    let url = Url::parse(&format!("http://localhost:{}/", inside.port())).unwrap();
    let patience = fetch::Patience::default;
    let strangers = HttpVisitor::new(patience(), None, []);
    let refused = strangers.visit(asking(&url, Ground::Public)).await;
    assert!(matches!(refused, Err(FetchError::Permanent { .. })));
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody inside was asked");
    let named = HttpVisitor::new(patience(), None, [&url]);
    assert!(named.visit(asking(&url, Ground::Public)).await.is_ok());
    let allowed = strangers.visit(asking(&url, Ground::Anywhere)).await;
    assert!(allowed.is_ok());
}

#[tokio::test]
async fn a_proxy_is_asked_for_names_and_no_page_reaches_the_proxys_own_host() {
    // Says 200 to whatever it is asked, as a proxy for plain HTTP would.
    let (proxy, asked) = answering("HTTP/1.1 200 OK\r\nETag: \"1\"".into()).await;
    let written = format!("http://user:hunter2@{proxy}");
    let through = HttpVisitor::new(
        fetch::Patience::default(),
        Some(&Proxy::parse(&written).unwrap()),
        [],
    );
    let public = Url::parse("http://nowhere.example/page").unwrap();
    let answer = through
        .visit(asking(&public, Ground::Public))
        .await
        .unwrap();
    assert_eq!(answer.validators.etag.as_deref(), Some("\"1\""));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "it looked up the name");
    let own = Url::parse(&format!("http://{proxy}/admin")).unwrap();
    let refused = through.visit(asking(&own, Ground::Public)).await;
    assert!(matches!(refused, Err(FetchError::Permanent { .. })));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // One that is gone: the error says so without its password.
    let address = format!("127.0.0.1:{}", crate::pebble::free_port());
    for scheme in ["socks5h", "http"] {
        let proxy = Proxy::parse(&format!("{scheme}://user:hunter2@{address}")).unwrap();
        let through = HttpVisitor::new(fetch::Patience::default(), Some(&proxy), []);
        let failed = through.visit(asking(&public, Ground::Public)).await;
        let error = failed.err().expect("nobody is there");
        assert!(matches!(error, FetchError::Transient { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again_over_the_wire() {
    let (host, _) =
        answering("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=60".into()).await;
    let url = Url::parse(&format!("http://{host}/")).unwrap();
    let visitor = HttpVisitor::new(fetch::Patience::default(), None, [&url]);
    let mut visit = asking(&url, Ground::Public);
    visit.known.etag = Some("\"1\"".into());
    let answer = visitor.visit(visit).await.unwrap();
    assert_eq!(answer.status, 304);
    assert_eq!(answer.fresh.map(|fresh| fresh.as_secs()), Some(60));
}

async fn ask(showing: &server::Showing, heads: &str) -> String {
    let url = Url::parse(&showing.url()).unwrap();
    let address = url.socket_addrs(|| None).unwrap()[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\n{heads}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.to_ascii_lowercase()
}

#[tokio::test]
async fn a_page_elsewhere_cannot_find_out_what_is_read_here() {
    let edition = printed(&next(&founded(), "old", 0));
    let showing = server::show(&edition).await.unwrap();
    let url = showing.url();
    let own = url.trim_start_matches("http://").trim_end_matches('/');
    let (_, port) = own.split_once(':').unwrap();
    let check = async |heads: String, status: &str| {
        let answer = ask(&showing, &heads).await;
        let begins = format!("http/1.1 {status} ");
        assert!(answer.starts_with(&begins), "{heads:?}: {answer}");
        assert!(answer.contains("cross-origin-resource-policy: same-origin"));
        assert_eq!(
            answer.ends_with("\r\n\r\nhome"),
            status == "200",
            "{answer}"
        );
    };
    let own = format!("Host: {own}\r\n");
    check(own.clone(), "200").await;
    check(format!("{own}Sec-Fetch-Site: none\r\n"), "200").await;
    check(format!("{own}Sec-Fetch-Site: same-origin\r\n"), "200").await;
    check(format!("{own}Sec-Fetch-Site: cross-site\r\n"), "403").await;
    check(format!("{own}Sec-Fetch-Site: same-site\r\n"), "403").await;
    check(format!("Host: localhost:{port}\r\n"), "421").await;
    check(format!("Host: rebinding.example:{port}\r\n"), "421").await;
    check(format!("{own}Host: rebinding.example\r\n"), "400").await;
    showing.stop().await;
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder() {
    let edition = printed(&next(&founded(), "old", 0));
    let state = tempfile::tempdir().unwrap();
    let options = || {
        let mut options =
            server::Options::new(state.path().join("state"), "127.0.0.1:0".parse().unwrap());
        options.anchor = edition
            .remembered()
            .first_root
            .map(server::Anchor::Fingerprint);
        options
    };
    let clock = Arc::new(colport::io::clock::SystemClock);
    let first = server::start(options(), clock.clone()).await.unwrap();
    let arriving = state.path().join("state/.colport-arriving.part");
    std::fs::write(&arriving, "half a bundle").unwrap();
    let second = server::start(options(), clock.clone()).await;
    let refused = second.err().expect("the folder is in use").to_string();
    assert!(refused.contains("another colport"), "{refused}");
    assert!(arriving.exists(), "nothing was swept away");
    first.stop().await;
    server::start(options(), clock).await.unwrap().stop().await;
    assert!(!arriving.exists());
}

#[test]
fn what_a_killed_reader_left_half_written_goes_and_others_cannot_look() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("a/store");
    drop(reader::Store::open(&store).unwrap());
    let mode = std::fs::metadata(&store).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let left = store.join(".colport-Xy.part");
    std::fs::write(&left, "half an edition").unwrap();
    let kept = store.join("part-3.tar.gz");
    std::fs::write(&kept, "what was proved").unwrap();
    drop(reader::Store::open(&store).unwrap());
    assert!(!left.exists());
    assert!(kept.exists());
}

/// A stick can give other bytes when it is read again.
#[tokio::test]
async fn a_bundle_that_changes_after_it_was_verified_is_not_shown() {
    let edition = printed(&next(&founded(), "old", 0));
    let stick = tempfile::tempdir().unwrap();
    let place = stick.path().join("1.tar.gz");
    std::fs::write(&place, edition.bundle()).unwrap();
    let given = files::map(&place).unwrap();
    let opened = VerifiedEdition::open(given, &edition.remembered(), moment(1)).unwrap();
    let (path, content) = home();
    let at = opened.file(&path).unwrap().place();
    let showing = server::show(&opened).await.unwrap();
    let host = showing.url().replace("http://", "").replace('/', "");
    for accepted in ["gzip", "identity"] {
        let heads = format!("Host: {host}\r\nAccept-Encoding: {accepted}\r\n");
        assert!(ask(&showing, &heads).await.starts_with("http/1.1 200 "));
    }
    // A member of the same length, sound in itself.
    let lie = pack(b"lies", Effort::Quick);
    assert_eq!((lie.len() as u64, 4), (at.end - at.start, content.len()));
    files::vandalise(&place, at.start, &lie).unwrap();
    for accepted in ["gzip", "identity"] {
        let heads = format!("Host: {host}\r\nAccept-Encoding: {accepted}\r\n");
        let answer = ask(&showing, &heads).await;
        assert!(answer.starts_with("http/1.1 500 "), "{answer}");
        assert!(!answer.contains("lies"));
    }
    showing.stop().await;
}
