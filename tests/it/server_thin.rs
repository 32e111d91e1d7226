//! Thin lines: a network that lets every connection freeze after some 15 KB, in both directions together.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use colport::edition::{Entry, VerifiedEdition};
use colport::io::clock::{Clock, SystemClock};
use colport::packager::{Lifetimes, NewsroomFolder};
use colport::server::{Anchor, Identity, Options, Server, start};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::server::{Answer, exchange};
use super::server_tls::{Authority, connect};

/// Just where the mirror says that it ends.
const FREEZES_AT: usize = THIN as usize;
const THIN: u64 = 14_000;

/// A network before a mirror.
struct Network {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Network {
    async fn before(mirror: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let far = TcpStream::connect(mirror).await.unwrap();
                let passed = Arc::new(AtomicUsize::new(0));
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(pass(near_in, far_out, Arc::clone(&passed)));
                tokio::spawn(pass(far_in, near_out, passed));
            }
        });
        Self {
            address,
            connections,
        }
    }
}

async fn pass(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, passed: Arc<AtomicUsize>) {
    let mut space = [0; 1024];
    while let Ok(count) = from.read(&mut space).await {
        if passed.fetch_add(count, Ordering::Relaxed) + count > FREEZES_AT {
            // Nobody is told. Both ends wait.
            std::future::pending::<()>().await;
        }
        if count == 0 || to.write_all(&space[..count]).await.is_err() {
            break;
        }
    }
}

/// The newsroom of `colport demo`.
struct Demo {
    place: TempDir,
    folder: NewsroomFolder,
}

impl Demo {
    fn new() -> Self {
        let place = TempDir::new().unwrap();
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo");
        std::fs::copy(demo.join("colport.toml"), place.path().join("colport.toml")).unwrap();
        copy(&demo.join("newsroom"), &place.path().join("articles"));
        let folder = NewsroomFolder::at(place.path());
        let ids = ["be", "en", "fa", "zh"].map(|id| id.parse().unwrap());
        folder
            .found(&ids, SystemClock.now(), &Lifetimes::default())
            .unwrap();
        let packed = Command::new(env!("CARGO_BIN_EXE_colport"))
            .args(["pack", "--site"])
            .arg(place.path())
            .output()
            .unwrap();
        assert!(packed.status.success(), "{packed:?}");
        Self { place, folder }
    }

    fn edition(&self) -> VerifiedEdition {
        self.folder.edition(1, SystemClock.now()).unwrap()
    }

    async fn mirror(&self, change: impl FnOnce(&mut Options)) -> Server {
        let state = self.place.path().join("mirror");
        let mut options = Options::new(state, "127.0.0.1:0".parse().unwrap());
        options.anchor = Some(Anchor::Root(self.folder.newcomer().unwrap().root));
        options.bundle = Some(self.folder.bundle(1));
        options.thin = Some(THIN);
        change(&mut options);
        start(options, Arc::new(SystemClock)).await.unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// As a browser asks: what it says of itself takes room on the line too.
fn as_a_browser(place: &str, more: &str) -> String {
    let talk = "x".repeat(700);
    format!(
        "GET /{place} HTTP/1.1\r\nhost: localhost\r\nuser-agent: {talk}\r\naccept-encoding: gzip\r\n{more}\r\n"
    )
}

/// Whether all of it came, and is what was signed.
fn check_whole(edition: &VerifiedEdition, place: &str, entry: Entry, answer: &Answer) {
    assert_eq!(answer.status, 200, "{place}");
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body.len(), length, "{place} was cut off");
    if answer.header("content-encoding") == Some("gzip") {
        assert_eq!(answer.body, edition.packed(entry), "{place}");
    } else {
        assert_eq!(answer.body, edition.content(entry), "{place}");
    }
}

fn texts(edition: &VerifiedEdition) -> Vec<(&str, Entry)> {
    let texts = edition
        .files()
        .map(|(path, entry)| (path.as_str(), entry))
        .filter(|(path, _)| path.ends_with(".html") || path.ends_with(".xml"));
    let texts: Vec<_> = texts.collect();
    assert!(texts.len() > 20, "{texts:?}");
    texts
}

#[tokio::test]
async fn every_text_arrives_on_one_connection() {
    let demo = Demo::new();
    let server = demo.mirror(|_| ()).await;
    let network = Network::before(server.address()).await;
    let edition = demo.edition();
    for (place, entry) in texts(&edition) {
        let answer = exchange(network.address, as_a_browser(place, "").as_bytes()).await;
        check_whole(&edition, place, entry, &answer);
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

/// A chain as long as those of Let's Encrypt, 2.3 to 3 KB.
struct Certified {
    authority: Authority,
    identity: Identity,
}

impl Certified {
    fn new(place: &Path) -> Self {
        let authority = Authority::of_size(2_100);
        let identity = authority.identity(place, "mirror", &["localhost"]);
        let pem = std::fs::read_to_string(&identity.certificate).unwrap();
        let chain_bytes = pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .map(str::len)
            .sum::<usize>()
            / 4
            * 3;
        assert!((2_700..3_000).contains(&chain_bytes), "{chain_bytes}");
        Self {
            authority,
            identity,
        }
    }

    /// A whole handshake, with a hello as long as a browser's that brings a share of ML-KEM-768: some 1.8 KB. It is long by
    /// protocols that nobody speaks.
    async fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let odd = ["a", "b", "c", "d", "e", "f"].map(|letter| letter.repeat(240));
        let mut protocols = vec!["h2", "http/1.1"];
        protocols.extend(odd.iter().map(String::as_str));
        let stream = connect(self.authority.client(&protocols), address, "localhost").await;
        let stream = stream.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        stream
    }
}

#[tokio::test]
async fn every_text_arrives_on_one_connection_over_tls() {
    let demo = Demo::new();
    let certified = Certified::new(demo.place.path());
    let server = demo
        .mirror(|options| options.identities = vec![certified.identity.clone()])
        .await;
    let network = Network::before(server.address()).await;
    let edition = demo.edition();
    for (place, entry) in texts(&edition) {
        let mut stream = certified.connect(network.address).await;
        let request = as_a_browser(place, "");
        let answer = super::server_tls::ask(&mut stream, &request).await;
        check_whole(&edition, place, entry, &answer);
    }
}

/// How much of a file that is too long comes before the connection ends: `src/manual/mirror.md` tells.
#[tokio::test]
async fn a_text_of_twelve_kilobytes_arrives_and_over_tls_one_of_seven() {
    let demo = Demo::new();
    let certified = Certified::new(demo.place.path());
    let edition = demo.edition();
    let (place, _) = picture(&edition);
    let request = as_a_browser(place, "");
    let server = demo.mirror(|_| ()).await;
    let network = Network::before(server.address()).await;
    let plain = exchange(network.address, request.as_bytes()).await;
    drop(server);
    let server = demo
        .mirror(|options| options.identities = vec![certified.identity.clone()])
        .await;
    let network = Network::before(server.address()).await;
    let mut stream = certified.connect(network.address).await;
    let secure = super::server_tls::ask(&mut stream, &request).await;
    let [plain, secure] = [plain, secure].map(|answer| answer.body.len());
    println!("plain {plain}, over TLS {secure}");
    assert!(plain >= 12_000, "{plain}");
    assert!(secure >= 7_000, "{secure}");
}

/// Of a file that is too large for one connection.
fn picture(edition: &VerifiedEdition) -> (&str, Entry) {
    let largest = edition.files().max_by_key(|(_, entry)| entry.length);
    let (path, entry) = largest.unwrap();
    assert!(entry.length > 3 * THIN, "{path}: {}", entry.length);
    (path.as_str(), entry)
}

#[tokio::test]
async fn a_picture_arrives_in_whole_pieces() {
    let demo = Demo::new();
    let server = demo.mirror(|_| ()).await;
    let network = Network::before(server.address()).await;
    let edition = demo.edition();
    let (place, entry) = picture(&edition);
    let (mut content, mut tag) = (Vec::new(), String::new());
    while (content.len() as u64) < entry.length {
        let from = content.len();
        let mut more = format!("range: bytes={from}-\r\n");
        if from > 0 {
            more += &format!("if-range: {tag}\r\n");
        }
        let request = as_a_browser(place, &more);
        let answer = exchange(network.address, request.as_bytes()).await;
        assert_eq!(answer.status, 206);
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert_eq!(answer.body.len(), length, "a piece was cut off");
        let range = format!("bytes {from}-{}/{}", from + length - 1, entry.length);
        assert_eq!(answer.header("content-range"), Some(range.as_str()));
        tag = answer.header("etag").unwrap().to_owned();
        content.extend_from_slice(&answer.body);
    }
    assert_eq!(content, edition.content(entry));
    let pieces = network.connections.load(Ordering::Relaxed) as u64;
    assert!(pieces <= entry.length / 10_000 + 1, "{pieces} pieces");
}

#[tokio::test]
async fn what_was_not_asked_for_in_pieces_is_cut_off_but_never_freezes() {
    let demo = Demo::new();
    let server = demo.mirror(|_| ()).await;
    let network = Network::before(server.address()).await;
    let edition = demo.edition();
    let (place, entry) = picture(&edition);
    let answer = exchange(network.address, as_a_browser(place, "").as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 10_000, "{}", answer.body.len());
    assert!(edition.content(entry).starts_with(&answer.body));
}

#[tokio::test]
async fn a_mirror_that_does_not_know_of_thin_lines_freezes() {
    let demo = Demo::new();
    let server = demo.mirror(|options| options.thin = None).await;
    let network = Network::before(server.address()).await;
    let edition = demo.edition();
    let (place, _) = picture(&edition);
    let request = as_a_browser(place, "");
    let asked = exchange(network.address, request.as_bytes());
    assert!(timeout(Duration::from_secs(2), asked).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_edition_arrives_by_going_on_where_each_connection_ended() {
    let demo = Demo::new();
    let server = demo.mirror(|_| ()).await;
    let network = Network::before(server.address()).await;
    let place = demo.place.path();
    let mut get = tokio::process::Command::new(env!("CARGO_BIN_EXE_colport"));
    get.args(["get", &format!("http://{}/", network.address), "--root"])
        .arg(demo.folder.fingerprint().unwrap().to_string())
        .arg("--store")
        .arg(place.join("store"))
        .arg("--out")
        .arg(place.join("got.tar.gz"))
        .kill_on_drop(true);
    let got = timeout(Duration::from_secs(60), get.output()).await;
    let got = got.expect("it ends").unwrap();
    assert!(got.status.success(), "{got:?}");
    let bundle = std::fs::read(place.join("got.tar.gz")).unwrap();
    assert!(bundle == demo.edition().bundle()[..]);
}
