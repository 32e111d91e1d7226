//! Publisher, mirror and reader over real connections.

use std::path::Path;
use std::sync::Arc;

use colport::base::{Fingerprint, Timestamp};
use colport::io::address;
use colport::io::clock::Clock;
use colport::io::fetch::{HttpFetch, Patience};
use colport::reader::{self, Fault, FirstTrust, ReadError};
use colport::server::{self, Anchor, Server};
use colport::sync::{Mirror, Options, Outcome, Place, Source, push_all};

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
    let options = reader::Options {
        mirrors: mirrors.iter().map(url).collect(),
        store: store.to_path_buf(),
        trust: FirstTrust::Fingerprint(Fingerprint::of_first_root(&newsroom.first_root())),
        channel: None,
        onions: colport::reader::Onions::Unreached,
        patience: reader::Patience::default(),
    };
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
    let fault = Fault::Unreachable("no connection".into());
    assert_eq!(error.faults(), [("http://127.0.0.1:9/".to_owned(), fault)]);
}
