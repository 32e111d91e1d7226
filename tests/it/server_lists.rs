//! Lists of channels on a colport server, over real connections: who may bring one, and who can find it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use colport::base::Timestamp;
use colport::io::address;
use colport::io::clock::Clock;
use colport::io::fetch::{Fetch, FetchError, HttpFetch, Patience, Request, read_all};
use colport::io::push::{Body, Post};
use colport::server::{self, Anchor, Server};
use colport::sync::{Mirror, Options, Place, Source, push_all};
use colport::trust::SigningKey;
use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::world::{Newsroom, moment};

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn word() -> ChannelWord {
    ChannelWord::parse("k3q9x2m7k3q9x2m7").unwrap()
}

fn list(version: u64, key: &SigningKey) -> Bytes {
    let list = AddressList {
        version,
        issued: moment(0),
        expires: moment(24 * 14),
        mirrors: vec![Address {
            url: Url::parse(&format!("https://v{version}.example/")).unwrap(),
            onion: None,
            spki: None,
        }],
        rendezvous: Rendezvous::default(),
    };
    list.seal(&word(), std::slice::from_ref(key))
}

struct Scene {
    folder: tempfile::TempDir,
    newsroom: Newsroom,
    server: Server,
    wire: HttpFetch,
}

async fn serve(newsroom: &Newsroom, state: &Path) -> Server {
    let mut options = server::Options::new(state.to_path_buf(), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(Anchor::Root(newsroom.first_root()));
    let server = server::start(options, Arc::new(Still(moment(1)))).await;
    server.unwrap()
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut newsroom = Newsroom::found(1, 2);
        let edition = newsroom.publish(moment(0));
        let server = serve(&newsroom, &folder.path().join("mirror")).await;
        let scene = Self {
            folder,
            newsroom,
            server,
            wire: HttpFetch::new(Patience::default()),
        };
        let source = Arc::new(Source::new(edition, Vec::new()).unwrap());
        let mirror = Mirror {
            name: "m".into(),
            place: Place::Colport(scene.url()),
        };
        let pushed = push_all(
            &scene.wire,
            &source,
            &[mirror],
            &Options::default(),
            &mut |_| (),
        )
        .await;
        assert!(pushed[0].1.is_good());
        scene
    }

    fn url(&self) -> Url {
        address::parse(&format!("http://{}", self.server.address())).unwrap()
    }

    async fn bring(&self, name: &str, bytes: Bytes) -> u16 {
        let body = Body {
            length: bytes.len() as u64,
            content_type: "application/json",
            pieces: futures_util::stream::once(async { bytes }).boxed(),
        };
        let answer = self.wire.post(address::list(&self.url(), name), body).await;
        answer.unwrap().status
    }

    async fn shown(&self, name: &str) -> Result<Bytes, FetchError> {
        let answer = self
            .wire
            .fetch(Request::get(address::list(&self.url(), name)))
            .await?;
        read_all(answer, 100_000).await
    }
}

#[tokio::test]
async fn a_list_is_taken_by_its_signature_and_only_forwards() {
    let mut scene = Scene::new().await;
    let (key, name) = (Newsroom::list_key(1), word().name());
    assert_eq!(
        scene.shown(name.as_str()).await.unwrap_err().reason(),
        "it has no such file"
    );
    assert_eq!(scene.bring(name.as_str(), list(5, &key)).await, 201);
    assert_eq!(scene.shown(name.as_str()).await.unwrap(), list(5, &key));
    assert_eq!(
        scene.bring(name.as_str(), list(5, &key)).await,
        409,
        "the same again"
    );
    assert_eq!(
        scene.bring(name.as_str(), list(4, &key)).await,
        409,
        "an older one"
    );
    assert_eq!(
        scene
            .bring(name.as_str(), list(6, &Newsroom::list_key(2)))
            .await,
        403,
        "another newsroom's"
    );
    assert_eq!(
        scene.bring(name.as_str(), Bytes::from_static(b"{}")).await,
        422
    );
    assert_eq!(
        scene.bring(name.as_str(), vec![b' '; 70_000].into()).await,
        413
    );
    let other = ChannelWord::parse("anotherchannel").unwrap().name();
    assert_eq!(
        scene.bring(other.as_str(), list(7, &key)).await,
        400,
        "under another's name"
    );
    assert_eq!(scene.bring("../../etc/passwd", list(7, &key)).await, 400);
    assert_eq!(scene.shown(name.as_str()).await.unwrap(), list(5, &key));
    assert_eq!(scene.bring(name.as_str(), list(6, &key)).await, 201);

    let state = scene.folder.path().join("mirror");
    scene.server.stop().await;
    scene.server = serve(&scene.newsroom, &state).await;
    assert_eq!(
        scene.shown(name.as_str()).await.unwrap(),
        list(6, &key),
        "it is kept"
    );
}

#[tokio::test]
async fn who_knows_no_word_finds_no_list() {
    let scene = Scene::new().await;
    assert_eq!(
        scene
            .bring(word().name().as_str(), list(5, &Newsroom::list_key(1)))
            .await,
        201
    );
    let below = |path: &str| scene.url().join(path).unwrap();
    for path in [
        ".colport/lists/",
        ".colport/lists",
        ".colport/lists/k3q9x2m7k3q9x2m7.json",
        ".colport/",
    ] {
        let answer = scene.wire.fetch(Request::get(below(path))).await;
        assert!(matches!(answer, Err(FetchError::NotFound(_))), "{path}");
    }
    let text = scene.shown(word().name().as_str()).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(!text.contains("v5") && !text.contains("k3q9"), "{text}");
}

#[tokio::test]
async fn a_mirror_without_an_edition_takes_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let newsroom = Newsroom::found(1, 0);
    let mut options =
        server::Options::new(folder.path().join("mirror"), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(Anchor::Fingerprint(
        colport::base::Fingerprint::of_first_root(&newsroom.first_root()),
    ));
    let server = server::start(options, Arc::new(Still(moment(1))))
        .await
        .unwrap();
    let scene = Scene {
        folder,
        newsroom,
        server,
        wire: HttpFetch::new(Patience::default()),
    };
    assert_eq!(
        scene
            .bring(word().name().as_str(), list(5, &Newsroom::list_key(1)))
            .await,
        503
    );
}

/// So a mirror need not unpack them for anybody, which it does for a few at a time only.
#[tokio::test]
async fn metadata_are_asked_for_as_they_lie_in_the_bundle() {
    use std::io::Write as _;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"signed\": 1}").unwrap();
    let packed = gzip.finish().unwrap();
    let heads = tokio::spawn(async move {
        let mut heads = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.push(String::from_utf8(head).unwrap().to_lowercase());
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                packed.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.write_all(&packed).await.unwrap();
        }
        (heads, packed)
    });
    let wire = HttpFetch::new(Patience::default());
    let get = async |path: &str| {
        let url = Url::parse(&format!("http://{address}/.colport/{path}")).unwrap();
        let answer = wire.fetch(Request::get(url)).await.unwrap();
        read_all(answer, 1000).await.unwrap()
    };
    let metadata = get("metadata/timestamp.json").await;
    let bundle = get("bundle/1.tar.gz").await;
    let (heads, packed) = heads.await.unwrap();
    assert_eq!(metadata, b"{\"signed\": 1}"[..]);
    assert_eq!(bundle, packed, "whose bytes are what is wanted");
    assert!(heads[0].contains("accept-encoding: gzip"), "{}", heads[0]);
    assert!(!heads[1].contains("accept-encoding"), "{}", heads[1]);
}
