//! Asking resolvers over HTTPS for a channel's list, when no mirror answers: real connections, TLS, and resolvers that lie.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use colport::base::{Fingerprint, Timestamp};
use colport::bundle::{ListFile, carry};
use colport::edition::{Excerpt, Remembered};
use colport::io::clock::Clock;
use colport::io::fetch::{HttpFetch, Patience};
use colport::reader::{self, Brought, FirstTrust, Got, Options, ReadError};
use colport::server::{self, Anchor, Server};
use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous, txt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::server_tls::Authority;
use crate::world::{Newsroom, moment};

/// How a resolver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Honest,
    /// The name stands for another, which has the records.
    Alias,
    /// The connection ends in the middle.
    CutShort,
    /// It says itself that there is more.
    Truncated,
    Endless,
    Silent,
    /// The records are there, but not of the kind that was asked for.
    WrongType,
    /// They are somebody else's.
    OtherName,
    /// There is no such name, and yet an answer.
    NoSuchName,
    Page,
    /// The list that the reader has already.
    Old,
    /// A newer one, which nobody signed who may.
    Forged,
}

const HOSTILE: [Conduct; 10] = [
    Conduct::CutShort,
    Conduct::Truncated,
    Conduct::Endless,
    Conduct::Silent,
    Conduct::WrongType,
    Conduct::OtherName,
    Conduct::NoSuchName,
    Conduct::Page,
    Conduct::Old,
    Conduct::Forged,
];

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        moment(1)
    }
}

fn word() -> ChannelWord {
    ChannelWord::parse("k3q9x2m7k3q9x2m7").unwrap()
}

fn sealed(version: u64, mirror: &Url, seed: u8) -> Bytes {
    let list = AddressList {
        version,
        issued: moment(0),
        expires: moment(24 * 14),
        mirrors: vec![Address {
            url: mirror.clone(),
            onion: None,
            spki: None,
        }],
        rendezvous: Rendezvous {
            urls: Vec::new(),
            dns: Some(txt::name_below(&word(), "list.example")),
        },
    };
    list.seal(&word(), &[Newsroom::list_key(seed)])
}

/// The three lists that a resolver may have.
#[derive(Clone)]
struct Lists {
    old: Bytes,
    new: Bytes,
    forged: Bytes,
}

fn message(conduct: Conduct, lists: &Lists, asked: &str) -> Value {
    let list = match conduct {
        Conduct::Old => &lists.old,
        Conduct::Forged => &lists.forged,
        _ => &lists.new,
    };
    let name = match conduct {
        Conduct::OtherName => "0123.list.example.".to_owned(),
        Conduct::Alias => "elsewhere.example.".to_owned(),
        _ => format!("{asked}."),
    };
    let kind = if conduct == Conduct::WrongType {
        99
    } else {
        16
    };
    let mut answer: Vec<Value> = txt::records(list)
        .into_iter()
        .map(|text| json!({"name": name, "type": kind, "TTL": 300, "data": format!("\"{text}\"")}))
        .collect();
    if conduct == Conduct::Alias {
        answer.insert(
            0,
            json!({"name": asked, "type": 5, "TTL": 300, "data": name}),
        );
    }
    json!({
        "Status": if conduct == Conduct::NoSuchName { 3 } else { 0 },
        "TC": conduct == Conduct::Truncated,
        "Question": [{"name": asked, "type": 16}],
        "Answer": answer,
    })
}

async fn resolver(
    acceptor: TlsAcceptor,
    conduct: Conduct,
    lists: Lists,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, lists) = (acceptor.clone(), lists.clone());
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap_or_default();
                let url = Url::parse(&format!("https://resolver.example{target}")).unwrap();
                let field = |name: &str| {
                    let mut fields = url.query_pairs();
                    fields
                        .find(|(field, _)| field == name)
                        .map(|(_, value)| value.into_owned())
                };
                assert_eq!(
                    (url.path(), field("type").as_deref()),
                    ("/resolve", Some("TXT"))
                );
                assert!(!head.to_lowercase().contains("cookie"), "{head}");
                let json = message(conduct, &lists, &field("name").unwrap()).to_string();
                let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/dns-json\r\n";
                match conduct {
                    Conduct::Silent => tokio::time::sleep(Duration::from_secs(60)).await,
                    Conduct::Endless => {
                        stream
                            .write_all(format!("{ok}\r\n{{\"Status\": 0").as_bytes())
                            .await?;
                        loop {
                            stream.write_all(&[b' '; 4096]).await?;
                        }
                    }
                    Conduct::Page => {
                        stream
                            .write_all(format!("{ok}\r\n<!doctype html><p>No.").as_bytes())
                            .await?;
                    }
                    Conduct::CutShort => {
                        let head = format!("{ok}Content-Length: {}\r\n\r\n", json.len());
                        let half = &json.as_bytes()[..json.len() / 2];
                        stream.write_all(&[head.as_bytes(), half].concat()).await?;
                    }
                    _ => {
                        let head = format!("{ok}Content-Length: {}\r\n\r\n", json.len());
                        stream.write_all(format!("{head}{json}").as_bytes()).await?;
                    }
                }
                stream.shutdown().await
            });
        }
    });
    Ok(address)
}

/// A reader who knows one mirror, which is gone, and a mirror that he does not know.
struct Scene {
    folder: TempDir,
    newsroom: Newsroom,
    brought: Brought,
    lists: Lists,
    fetch: HttpFetch,
    acceptor: TlsAcceptor,
    _mirror: Server,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut newsroom = Newsroom::found(1, 2);
        let edition = newsroom.publish(moment(0));
        let bundle = folder.path().join("1.tar.gz");
        std::fs::write(&bundle, edition.bundle()).unwrap();
        let state = folder.path().join("mirror");
        let mut options = server::Options::new(state, ([127, 0, 0, 1], 0).into());
        options.anchor = Some(Anchor::Root(newsroom.first_root()));
        options.bundle = Some(bundle);
        let mirror = server::start(options, Arc::new(Still)).await.unwrap();
        let living = Url::parse(&format!("http://{}/", mirror.address())).unwrap();
        let gone = Url::parse("http://127.0.0.1:9/").unwrap();
        let lists = Lists {
            old: sealed(1, &gone, 1),
            new: sealed(2, &living, 1),
            forged: sealed(3, &living, 2),
        };
        let name = ListFile::parse(word().name().as_str()).unwrap();
        let carrying = carry(
            Vec::new(),
            edition.bundle().clone(),
            &[(name, lists.old.clone())],
        );
        let known = Remembered::new(newsroom.first_root());
        let brought = Excerpt::open(carrying.unwrap().into(), &known, moment(1)).unwrap();

        let authority = Authority::new();
        let identity = authority.identity(folder.path(), "resolver", &["127.0.0.1"]);
        let chain = CertificateDer::pem_file_iter(&identity.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&identity.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        Self {
            folder,
            newsroom,
            brought: Brought::of(&brought),
            lists,
            fetch: HttpFetch::vouched_for_by(Patience::default(), roots),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            _mirror: mirror,
        }
    }

    async fn get(&self, store: &str, conducts: &[Conduct]) -> Result<Got, ReadError> {
        let trust = Fingerprint::of_first_root(&self.newsroom.first_root());
        let store = self.folder.path().join(store);
        let mut options = Options::new(Vec::new(), store, FirstTrust::Fingerprint(trust));
        options.channel = Some(word());
        options.brought = Some(self.brought.clone());
        options.resolvers = Vec::new();
        for conduct in conducts {
            let acceptor = self.acceptor.clone();
            let address = resolver(acceptor, *conduct, self.lists.clone())
                .await
                .unwrap();
            let url = Url::parse(&format!("https://{address}/resolve")).unwrap();
            options.resolvers.push(url);
        }
        reader::get(&self.fetch, moment(1), &options, &mut |_| ()).await
    }
}

#[tokio::test]
async fn a_reader_whom_no_mirror_answers_finds_one_through_a_resolver() {
    let scene = Scene::new().await;
    for conduct in [Conduct::Honest, Conduct::Alias] {
        let got = scene.get(&format!("{conduct:?}"), &[conduct]).await;
        let got = got.unwrap_or_else(|error| panic!("{conduct:?}: {error}"));
        assert_eq!((got.edition.number(), got.list.unwrap().version), (1, 2));
    }
}

#[tokio::test]
async fn no_lie_of_a_resolver_is_believed() {
    let scene = Scene::new().await;
    let tried = HOSTILE.map(|conduct| {
        let scene = &scene;
        async move {
            let begun = Instant::now();
            let got = scene.get(&format!("{conduct:?}"), &[conduct]).await;
            let refused = matches!(got, Err(ReadError::NoGoodMirror { .. }));
            assert!(refused, "{conduct:?}: {got:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "{conduct:?}");
        }
    });
    futures_util::future::join_all(tried).await;
}

#[tokio::test]
async fn one_honest_resolver_among_liars_is_enough() {
    let scene = Scene::new().await;
    let mut all = HOSTILE.to_vec();
    all.push(Conduct::Honest);
    let got = scene.get("all", &all).await.unwrap();
    assert_eq!(got.list.unwrap().version, 2);
}
