//! Certificates that the mirror gets by itself, from a real authority.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use colport::io::clock::Clock;
use colport::server::{Acme, HostName, News, Options, OrderError, Renewal, Server, start};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use super::pebble::{Pebble, Place, Refuses};
use super::press::Newsroom;
use super::server::{first, options};
use super::server_tls::{ask, connect};

/// A clock whose hands a test turns.
struct Hands(Mutex<Timestamp>);

impl Hands {
    fn turn_to(&self, then: Timestamp) {
        *self.0.lock().unwrap() = then;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A mirror that has no certificate yet.
struct Bare {
    place: Place,
    newsroom: Newsroom,
    state: TempDir,
    clock: Arc<Hands>,
    server: Server,
    renewal: Renewal,
}

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

impl Bare {
    async fn of(names: &[&str]) -> Self {
        let (place, newsroom, state) = (Place::new(), Newsroom::new(), TempDir::new().unwrap());
        newsroom.publish(&first());
        let mut options = options(&newsroom, state.path());
        options.bundle = Some(newsroom.folder.bundle(1));
        let clock = Arc::new(Hands(Mutex::new(newsroom.now)));
        let (server, renewal) = begin(options, &place, names, &clock).await;
        Self {
            place,
            newsroom,
            state,
            clock,
            server,
            renewal,
        }
    }

    async fn pebble(&self) -> Pebble {
        let port = self.server.address().port();
        self.place.open(port, Refuses(0)).await
    }

    async fn next(&mut self) -> News {
        let next = tokio::time::timeout(Duration::from_secs(180), self.renewal.next());
        next.await.expect("it comes to an end")
    }

    #[track_caller]
    fn renewed(news: News) -> (String, Timestamp) {
        match news {
            News::Renewed { name, until } => (name.to_string(), until),
            News::Failed { why, .. } => panic!("{why}"),
        }
    }
}

async fn begin(
    mut options: Options,
    place: &Place,
    names: &[&str],
    clock: &Arc<Hands>,
) -> (Server, Renewal) {
    options.acme = Some(Acme {
        names: names.iter().map(|name| host(name)).collect(),
        directory: place.directory().parse().unwrap(),
        root: Some(place.root()),
    });
    options.bounds.look_at_files_every = Duration::from_millis(20);
    let clock: Arc<dyn Clock> = Arc::<Hands>::clone(clock);
    let mut server = start(options, clock).await.unwrap();
    let renewal = server.renewal().unwrap();
    (server, renewal)
}

fn trusting(issuer: CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(issuer).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The certificate that is shown for `name`, if one is, and it is good.
pub async fn shown_to(
    address: SocketAddr,
    issuer: &CertificateDer<'static>,
    name: &str,
) -> std::io::Result<CertificateDer<'static>> {
    let stream = connect(trusting(issuer.clone()), address, name).await?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    Ok(certificates[0].clone().into_owned())
}

/// The same; then a page comes too.
async fn shown(
    address: SocketAddr,
    issuer: &CertificateDer<'static>,
    name: &str,
) -> std::io::Result<CertificateDer<'static>> {
    let mut stream = connect(trusting(issuer.clone()), address, name).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let request = format!("GET /be/ HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
    assert_eq!(ask(&mut stream, &request).await.status, 200);
    Ok(shown.into_owned())
}

#[tokio::test]
async fn a_certificate_comes_by_itself_and_is_there_after_a_restart() {
    let mut bare = Bare::of(&["mirror.example"]).await;
    let pebble = bare.pebble().await;
    let issuer = pebble.issuer().await;
    let address = bare.server.address();
    let none = shown(address, &issuer, "mirror.example").await.unwrap_err();
    assert!(none.to_string().contains("UnrecognisedName"), "{none}");

    let (name, until) = Bare::renewed(bare.next().await);
    assert_eq!(name, "mirror.example");
    assert!(until > bare.newsroom.now);
    let first = shown(address, &issuer, "mirror.example").await.unwrap();
    let other = shown(address, &issuer, "other.example").await.unwrap_err();
    assert!(other.to_string().contains("UnrecognisedName"), "{other}");

    // What is secret is for its owner alone.
    let folder = bare.state.path().join("acme");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["account.json", "mirror.example.pem"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["account.json", "mirror.example.pem"]);

    // With nobody to ask, and nothing asked.
    drop(pebble);
    bare.server.stop().await;
    let options = options(&bare.newsroom, bare.state.path());
    let (server, _) = begin(options, &bare.place, &["mirror.example"], &bare.clock).await;
    let again = shown(server.address(), &issuer, "mirror.example").await;
    assert_eq!(again.unwrap(), first);
}

#[tokio::test]
async fn it_is_renewed_in_time_and_the_old_one_works_while_that_fails() {
    let mut bare = Bare::of(&["mirror.example"]).await;
    let (pebble, address) = (bare.pebble().await, bare.server.address());
    let issuer = pebble.issuer().await;
    let (_, until) = Bare::renewed(bare.next().await);
    let first = shown(address, &issuer, "mirror.example").await.unwrap();

    // Before its time nothing is asked.
    let idle = tokio::time::timeout(Duration::from_millis(300), bare.renewal.next()).await;
    assert!(idle.is_err(), "{idle:?}");
    let late = until - SignedDuration::from_hours(24);
    bare.clock.turn_to(late);
    let (_, until) = Bare::renewed(bare.next().await);
    let second = shown(address, &issuer, "mirror.example").await.unwrap();
    assert_ne!(first, second);

    // The authority is gone when the next one is due.
    drop(pebble);
    bare.clock.turn_to(until - SignedDuration::from_hours(24));
    let News::Failed {
        why,
        holds_until,
        next_try_in,
        ..
    } = bare.next().await
    else {
        panic!("there is nobody to give one");
    };
    assert!(matches!(why, OrderError::Unreachable(_)), "{why}");
    assert_eq!(holds_until, Some(until));
    assert!(next_try_in >= Duration::from_secs(300));
    assert_eq!(
        shown(address, &issuer, "mirror.example").await.unwrap(),
        second
    );
}

#[tokio::test]
async fn each_name_has_a_certificate_of_its_own() {
    let mut bare = Bare::of(&["one.example", "two.example"]).await;
    let (pebble, address) = (bare.pebble().await, bare.server.address());
    let issuer = pebble.issuer().await;
    let mut names = [
        Bare::renewed(bare.next().await).0,
        Bare::renewed(bare.next().await).0,
    ];
    names.sort();
    assert_eq!(names, ["one.example", "two.example"]);
    let one = shown(address, &issuer, "one.example").await.unwrap();
    let two = shown(address, &issuer, "two.example").await.unwrap();
    // Nobody learns from one of them that the other is here.
    let tells = |certificate: &[u8], name: &str| {
        certificate
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    assert!(tells(&one, "one.example") && !tells(&one, "two.example"));
    assert!(tells(&two, "two.example") && !tells(&two, "one.example"));
}

#[tokio::test]
async fn a_name_that_is_refused_does_not_keep_the_other_from_its_certificate() {
    let mut bare = Bare::of(&["blocked.example", "mirror.example"]).await;
    let pebble = bare.pebble().await;
    let News::Failed {
        name,
        why,
        holds_until,
        ..
    } = bare.next().await
    else {
        panic!("Pebble was told to refuse it");
    };
    assert_eq!((name, holds_until), (host("blocked.example"), None));
    assert!(
        matches!(&why, OrderError::Refused(words) if words.contains("rejectedIdentifier")),
        "{why}"
    );
    assert_eq!(Bare::renewed(bare.next().await).0, "mirror.example");
    let issuer = pebble.issuer().await;
    let address = bare.server.address();
    shown(address, &issuer, "mirror.example").await.unwrap();
    assert!(shown(address, &issuer, "blocked.example").await.is_err());
}

#[tokio::test]
async fn a_name_that_leads_to_another_machine_is_not_proved() {
    let mut bare = Bare::of(&["mirror.example"]).await;
    // Pebble looks where another TLS server is: a mirror with another name.
    let stranger = Bare::of(&["stranger.example"]).await;
    let port = stranger.server.address().port();
    let _pebble = bare.place.open(port, Refuses(0)).await;
    let News::Failed {
        why, holds_until, ..
    } = bare.next().await
    else {
        panic!("nothing proves that the name is ours");
    };
    assert!(matches!(why, OrderError::Unproved { .. }), "{why}");
    assert!(why.hint().unwrap().contains("port 443"));
    assert_eq!(holds_until, None);
    assert!(!bare.state.path().join("acme/mirror.example.pem").exists());
}

#[tokio::test]
async fn a_nonce_that_is_refused_is_no_failure() {
    // Three refusals in a row fail an order, which two in ten bring about now and then.
    for _ in 0..8 {
        let mut bare = Bare::of(&["mirror.example"]).await;
        let port = bare.server.address().port();
        let _pebble = bare.place.open(port, Refuses(20)).await;
        match bare.next().await {
            News::Renewed { .. } => return,
            News::Failed { why, .. } => assert!(why.to_string().contains("badNonce"), "{why}"),
        }
    }
    panic!("no order came through");
}

#[tokio::test]
async fn an_account_that_the_authority_has_forgotten_is_made_anew() {
    let mut bare = Bare::of(&["one.example", "two.example"]).await;
    let pebble = bare.pebble().await;
    Bare::renewed(bare.next().await);
    // Pebble remembers nothing.
    drop(pebble);
    let _pebble = bare.pebble().await;
    let News::Failed { why, .. } = bare.next().await else {
        panic!("the account is not known there");
    };
    assert!(matches!(why, OrderError::Refused(_)), "{why}");
    let options = options(&bare.newsroom, bare.state.path());
    bare.server.stop().await;
    let (server, mut renewal) = begin(options, &bare.place, &["two.example"], &bare.clock).await;
    drop(_pebble);
    let _pebble = bare.place.open(server.address().port(), Refuses(0)).await;
    Bare::renewed(renewal.next().await);
}
