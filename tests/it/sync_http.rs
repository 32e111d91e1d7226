//! Publisher, mirror and reader over real connections.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use colport::base::{Fingerprint, Timestamp};
use colport::edition::{write_dense, write_dense_update};
use colport::io::address::{self, BundleName};
use colport::io::clock::Clock;
use colport::io::fetch::{Fetch, HttpFetch, Patience};
use colport::reader::{self, Fault, FirstTrust, ReadError};
use colport::server::{self, Anchor, Server};
use colport::sync::{Mirror, Options, Outcome, Place, Source, push_all};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Newsroom, moment, noise};

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

async fn serve(newsroom: &Newsroom, state: &Path) -> Server {
    let mut options = server::Options::new(state.to_path_buf(), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(Anchor::Root(newsroom.first_root()));
    server::start(options, Arc::new(Still(moment(1))))
        .await
        .unwrap()
}

fn mirror(server: &Server) -> Mirror {
    let url = address::parse(&format!("http://{}", server.address())).unwrap();
    let place = Place::Colport(url);
    Mirror {
        name: place.to_string(),
        place,
    }
}

fn wire() -> HttpFetch {
    HttpFetch::new(Patience::default())
}

async fn push(source: Source, mirrors: &[Mirror]) -> Vec<Outcome> {
    let (source, options) = (Arc::new(source), Options::default());
    let outcomes = push_all(&wire(), &source, mirrors, &options, &mut |_| {}).await;
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn get(
    newsroom: &Newsroom,
    mirrors: &[Mirror],
    store: &Path,
) -> Result<reader::Got, ReadError> {
    let url = |mirror: &Mirror| mirror.place.url().unwrap().clone();
    let options = reader::Options::new(
        mirrors.iter().map(url).collect(),
        store.to_path_buf(),
        FirstTrust::Fingerprint(Fingerprint::of_first_root(&newsroom.first_root())),
    );
    reader::get(&wire(), moment(1), &options, &mut |_| {}).await
}

#[tokio::test]
async fn an_edition_travels_from_publisher_to_mirror_to_reader() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 20);
    let first = newsroom.publish(moment(0));
    let server = serve(&newsroom, &folder.path().join("mirror")).await;
    let dead = Mirror {
        name: "dead".into(),
        place: Place::Colport(address::parse("http://127.0.0.1:9").unwrap()),
    };
    let mirrors = [dead, mirror(&server)];

    let outcomes = push(Source::new(first.clone(), Vec::new()).unwrap(), &mirrors).await;
    assert!(
        matches!(outcomes[0], Outcome::Unreachable(_)),
        "{outcomes:?}"
    );
    let whole = first.bundle().len() as u64;
    assert!(
        matches!(&outcomes[1], Outcome::Pushed(p) if p.bytes == whole),
        "{outcomes:?}"
    );
    let store = folder.path().join("reader");
    let got = get(&newsroom, &mirrors, &store).await.unwrap();
    assert_eq!(got.edition.bundle(), first.bundle());
    assert_eq!(got.faults.len(), 1);

    newsroom.write("be/2026/11/river/new.webp", noise(90, 50_000));
    let second = newsroom.publish(moment(1));
    let outcomes = push(Source::new(second.clone(), vec![first]).unwrap(), &mirrors).await;
    assert!(
        matches!(&outcomes[1], Outcome::Pushed(p) if p.bytes < 80_000),
        "{outcomes:?}"
    );
    let outcomes = push(Source::new(second.clone(), Vec::new()).unwrap(), &mirrors).await;
    assert_eq!(outcomes[1], Outcome::Already { edition: 2 });
    let got = get(&newsroom, &mirrors, &store).await.unwrap();
    assert_eq!(got.edition.bundle(), second.bundle());
}

#[tokio::test]
async fn a_servers_early_refusal_is_heard_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 60);
    let newest = newsroom.publish(moment(0));
    let server = serve(&newsroom, &folder.path().join("mirror")).await;
    let mirrors = [mirror(&server)];
    push(Source::new(newest, Vec::new()).unwrap(), &mirrors).await;

    // Another newsroom's bundle, of some megabytes.
    let mut stranger = Newsroom::found(2, 60);
    stranger.publish(moment(0));
    let forged = stranger.publish(moment(0));
    let outcomes = push(Source::new(forged, Vec::new()).unwrap(), &mirrors).await;
    let Outcome::Refused(why) = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(why.contains("root") || why.contains("sign"), "{why}");
    assert_eq!(server.edition(), Some(1));
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let newsroom = Newsroom::found(1, 0);
    let place = Place::Colport(address::parse("http://127.0.0.1:9").unwrap());
    let mirrors = [Mirror {
        name: "dead".into(),
        place,
    }];
    let error = get(&newsroom, &mirrors, &folder.path().join("reader"))
        .await
        .unwrap_err();
    let fault = Fault::Unreachable("no connection: nobody listens at that port".into());
    assert_eq!(error.faults(), [("http://127.0.0.1:9/".to_owned(), fault)]);
}

/// A web host with a long page for whatever it does not have, which counts what it sends.
#[derive(Default)]
struct WordyHost {
    files: BTreeMap<String, Bytes>,
    asked: Mutex<Vec<String>>,
    body_bytes: AtomicU64,
}

static LONG_PAGE: [u8; 60_000] = [b'x'; 60_000];

impl WordyHost {
    async fn show(self: Arc<Self>) -> Mirror {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                let host = self.clone();
                // Who hangs up has heard enough.
                tokio::spawn(async move { drop(host.answer(wire).await) });
            }
        });
        let place = Place::Colport(address::parse(&url).unwrap());
        Mirror { name: url, place }
    }

    async fn answer(&self, mut wire: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(wire.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        let from = head.split_once("range: bytes=").map_or(0, |(_, range)| {
            let digits = range.split('-').next().unwrap();
            digits.parse::<usize>().unwrap()
        });
        let (status, body) = match self.files.get(path) {
            None => ("404 Not Found", &LONG_PAGE[..]),
            Some(file) if from > 0 => ("206 Partial Content", &file[from..]),
            Some(file) => ("200 OK", &file[..]),
        };
        let range = format!("content-range: bytes {from}-{}/*", from + body.len() - 1);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\n{range}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        wire.write_all(head.as_bytes()).await?;
        if method == "get" {
            self.body_bytes.fetch_add(length as u64, Ordering::SeqCst);
            wire.write_all(body).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_look_costs_little_also_at_a_host_with_a_long_page_for_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 3);
    let edition = newsroom.publish(moment(0));
    let mut source = Source::new(edition.clone(), Vec::new()).unwrap();
    let dense = write_dense(Vec::new(), &edition).unwrap();
    source = source.with_forms([(BundleName::Full(1).dense(), dense.into())]);
    let paths: Vec<_> = source.items().map(|item| item.path.clone()).collect();
    let files = paths.into_iter().map(|path| {
        let content = source.content(&path).unwrap();
        (format!("/{path}"), content)
    });
    let host = Arc::new(WordyHost {
        files: files.collect(),
        ..WordyHost::default()
    });
    let mirrors = [host.clone().show().await];
    let store = folder.path().join("reader");
    let asked = || std::mem::take(&mut *host.asked.lock().unwrap());
    get(&newsroom, &mirrors, &store).await.unwrap();
    let expected = [
        "get /.colport/metadata/1.root.json",
        "head /.colport/metadata/2.root.json",
        "get /.colport/metadata/timestamp.json",
        "get /.colport/bundle/1.zst",
    ];
    assert_eq!(asked(), expected);
    host.body_bytes.store(0, Ordering::SeqCst);
    let got = get(&newsroom, &mirrors, &store).await.unwrap();
    assert_eq!(got.news, reader::News::Nothing);
    assert_eq!(asked(), expected[1..3]);
    let sent = host.body_bytes.load(Ordering::SeqCst);
    assert!(sent <= 400, "{sent}");
}

/// A push in the dense form, and mirrors and readers that take what is new from a mirror that was pushed to.
#[tokio::test]
async fn what_was_pushed_in_the_dense_form_is_handed_on_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 4);
    newsroom.write(
        "be/2026/11/a/index.html",
        "<p>The river has risen. ".repeat(400),
    );
    let first = newsroom.publish(moment(0));
    let server = serve(&newsroom, &folder.path().join("mirror")).await;
    let mirrors = [mirror(&server)];
    let dense: Bytes = write_dense(Vec::new(), &first).unwrap().into();
    let source = Source::new(first.clone(), Vec::new()).unwrap();
    let source = source.with_forms([(BundleName::Full(1).dense(), dense.clone())]);
    let outcomes = push(source, &mirrors).await;
    let sent = |outcome: &Outcome| match outcome {
        Outcome::Pushed(pushed) => pushed.bytes,
        other => panic!("{other}"),
    };
    assert_eq!(sent(&outcomes[0]), dense.len() as u64);
    let store = folder.path().join("reader");
    await_form(&mirrors[0], "1.zst").await;
    let got = get(&newsroom, &mirrors, &store).await.unwrap();
    assert_eq!(got.received_bytes, dense.len() as u64);

    newsroom.write(
        "be/2026/11/b/index.html",
        "<p>The bridge is open. ".repeat(400),
    );
    newsroom.write("be/2026/11/b/1.webp", noise(70, 30_000));
    let second = newsroom.publish(moment(1));
    let update: Bytes = write_dense_update(Vec::new(), &second, &first)
        .unwrap()
        .into();
    let name = BundleName::Update {
        base: 1,
        edition: 2,
    };
    let source = Source::new(second.clone(), vec![first]).unwrap();
    let source = source.with_forms([(name.dense(), update.clone())]);
    let outcomes = push(source, &mirrors).await;
    assert_eq!(sent(&outcomes[0]), update.len() as u64);
    assert!(update.len() < 33_000, "{}", update.len());
    await_form(&mirrors[0], "1-2.zst").await;
    let got = get(&newsroom, &mirrors, &store).await.unwrap();
    assert_eq!(got.received_bytes, update.len() as u64);
    assert_eq!(got.edition.number(), 2);
    assert_eq!(got.edition.lacking().count(), 0);
}

/// Such forms are made behind.
async fn await_form(mirror: &Mirror, name: &str) {
    let Place::Colport(url) = &mirror.place else {
        panic!("it is no server");
    };
    let url = url.join(&format!(".colport/bundle/{name}")).unwrap();
    let begun = tokio::time::Instant::now();
    while !wire().finds(url.clone()).await.unwrap() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{name} never came"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
