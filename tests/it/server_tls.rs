//! The mirror over TLS: who gets in, what is spoken inside, and what the others learn.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use colport::packager::Files;
use colport::server::{Identity, Options, StartError, TlsError, start};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::press::Newsroom;
use super::server::{Answer, Mirror, Stopped, first, options};

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    chain: String,
}

impl Authority {
    pub fn new() -> Self {
        Self::of_size(0)
    }

    /// Whose certificate is longer by so much than it need be. Those of authorities that browsers know name addresses, policies
    /// and logs.
    pub fn of_size(more_bytes: usize) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        if more_bytes > 0 {
            let more = CustomExtension::from_oid_content(
                &[1, 3, 6, 1, 4, 1, 99999, 1],
                vec![7; more_bytes],
            );
            params.custom_extensions = vec![more];
        }
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Else it would bear the name of those whom it certifies, which OpenSSL takes for certifying oneself.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "authority");
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            chain: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.chain
    }

    /// Written into `folder`.
    pub fn identity(&self, folder: &Path, file: &str, names: &[&str]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = Identity {
            certificate: folder.join(format!("{file}.pem")),
            key: folder.join(format!("{file}.key")),
        };
        let chain = format!("{}{}", certificate.pem(), self.chain);
        std::fs::write(&identity.certificate, chain).unwrap();
        std::fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    pub fn client(&self, protocols: &[&str]) -> ClientConfig {
        self.client_of(protocols, rustls::ALL_VERSIONS)
    }

    fn client_of(
        &self,
        protocols: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }
}

pub async fn connect(
    config: impl Into<Arc<ClientConfig>>,
    address: SocketAddr,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(config.into())
        .connect(name, stream)
        .await
}

pub async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(90), stream.read_to_end(&mut bytes));
    read.await.expect("it is closed in time").unwrap();
    Answer::parse(&bytes)
}

pub struct Secure {
    pub mirror: Mirror,
    pub authority: Authority,
    folder: TempDir,
}

impl Secure {
    pub async fn of(names: &[&str]) -> Self {
        Self::with(names, |_| ()).await
    }

    pub async fn with(names: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        Self::showing(&first(), names, change).await
    }

    pub async fn showing(files: &Files, names: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
        let identity = authority.identity(folder.path(), "first", names);
        let mirror = Mirror::with(files, |options| {
            options.identities = vec![identity];
            change(options);
        })
        .await;
        Self {
            mirror,
            authority,
            folder,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.mirror.server.address()
    }

    async fn connect(&self, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.authority.client(&["http/1.1"]), self.address(), name).await
    }

    async fn page(&self, name: &str, host: &str) -> Answer {
        let mut stream = self.connect(name).await.unwrap();
        let request = format!("GET /be/ HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        ask(&mut stream, &request).await
    }
}

const GET: &str = "GET /be/ HTTP/1.1\r\nhost: mirror.example\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn pages_come_over_both_versions_of_tls() {
    let secure = Secure::of(&["mirror.example"]).await;
    for (version, expected) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let config = secure.authority.client_of(&[], &[version]);
        let stream = connect(config, secure.address(), "mirror.example").await;
        let mut stream = stream.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        let page = ask(&mut stream, GET).await;
        assert_eq!(page.status, 200);
        assert!(page.text().starts_with("<p>front"));
    }
    assert!(secure.mirror.server.url().starts_with("https://"));
}

#[tokio::test]
async fn http_2_is_spoken_where_both_can() {
    let mut secure = Secure::of(&["localhost"]).await;
    let config = secure.authority.client(&["h2", "http/1.1"]);
    let address = secure.address();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .resolve("localhost", address)
        .build()
        .unwrap();
    let url = format!("https://localhost:{}", address.port());
    let page = client.get(format!("{url}/be/")).send().await.unwrap();
    assert_eq!(page.version(), http::Version::HTTP_2);
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers().get("server"), None);
    assert!(page.text().await.unwrap().starts_with("<p>front"));
    let large = format!("{url}/.colport/bundle/1.tar.gz");
    let part = client.get(&large).header("range", "bytes=10-19");
    assert_eq!(part.send().await.unwrap().status(), 206);
    secure.mirror.newsroom.pass(24);
    let edition = secure.mirror.newsroom.publish(&first());
    let post = client.post(format!("{url}/.colport/bundle"));
    let taken = post.body(edition.bundle().clone()).send().await.unwrap();
    assert_eq!(taken.status(), 201);
    assert_eq!(secure.mirror.server.edition(), Some(2));
}

#[tokio::test]
async fn who_asks_for_another_name_sees_no_certificate() {
    let secure = Secure::of(&["mirror.example"]).await;
    // Another, and none.
    for name in ["other.example", "127.0.0.1"] {
        let refused = secure.connect(name).await.unwrap_err().to_string();
        assert!(refused.contains("UnrecognisedName"), "{refused}");
    }

    // What goes over the wire is the alert of most servers, byte for byte, and nothing else.
    let mut stream = TcpStream::connect(secure.address()).await.unwrap();
    let name = ServerName::try_from("other.example").unwrap();
    let config = Arc::new(secure.authority.client_of(&[], &[&rustls::version::TLS12]));
    let mut hello = Vec::new();
    let mut client = rustls::ClientConnection::new(config, name).unwrap();
    client.write_tls(&mut hello).unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    assert_eq!(said, [21, 3, 3, 0, 2, 2, 112]);
}

#[tokio::test]
async fn an_address_may_have_a_certificate_too() {
    let secure = Secure::of(&["mirror.example", "127.0.0.1"]).await;
    assert_eq!(secure.page("127.0.0.1", "127.0.0.1").await.status, 200);
    assert_eq!(secure.page("127.0.0.1", "127.0.0.1:8443").await.status, 200);
}

/// An answer that tells nothing.
#[track_caller]
fn check_bland(answer: &Answer) {
    assert_eq!(answer.status, 421);
    assert!(answer.body.is_empty());
    let mut fields: Vec<_> = answer.head.lines().skip(1).collect();
    fields.retain(|field| !field.starts_with("date: "));
    fields.sort();
    assert_eq!(fields, ["connection: close", "content-length: 0"]);
}

#[tokio::test]
async fn inside_of_tls_only_names_of_the_certificates_are_known() {
    let secure = Secure::of(&["mirror.example", "*.many.example"]).await;
    assert_eq!(
        secure.page("mirror.example", "MIRROR.example").await.status,
        200
    );
    assert_eq!(
        secure.page("a.many.example", "b.many.example").await.status,
        200
    );
    check_bland(&secure.page("mirror.example", "other.example").await);
    check_bland(&secure.page("mirror.example", "127.0.0.1").await);
    // Nobody learns there what is taken in, either.
    let mut stream = secure.connect("mirror.example").await.unwrap();
    let post = "POST /.colport/bundle HTTP/1.1\r\nhost: other.example\r\ncontent-length: 0\r\n\r\n";
    check_bland(&ask(&mut stream, post).await);
}

#[tokio::test]
async fn without_tls_only_names_that_were_given_are_known() {
    let mirror = Mirror::with(&first(), |options| {
        options.names = vec!["m".to_owned(), "mirror.example".to_owned()];
    })
    .await;
    assert_eq!(mirror.page("/be/").await.status, 200);
    check_bland(&mirror.answer(GET.replace("mirror.", "other.")).await);
    assert_eq!(mirror.answer(GET).await.status, 200);
}

#[tokio::test]
async fn several_certificates_each_have_their_names() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let one = authority.identity(folder.path(), "one", &["one.example"]);
    let two = authority.identity(folder.path(), "two", &["two.example"]);
    let mirror = Mirror::with(&first(), |options| options.identities = vec![one, two]).await;
    for name in ["one.example", "two.example"] {
        let config = authority.client(&[]);
        let stream = connect(config, mirror.server.address(), name).await;
        let mut stream = stream.unwrap();
        let page = ask(&mut stream, &GET.replace("mirror.example", name)).await;
        assert_eq!(page.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_shown_soon() {
    let secure = Secure::with(&["mirror.example"], |options| {
        options.bounds.look_at_files_every = Duration::from_millis(20);
    })
    .await;
    let shown = async || {
        let stream = secure.connect("mirror.example").await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0]
            .clone()
            .into_owned()
    };
    let before = shown().await;
    // Half of it is not enough.
    let place = secure.folder.path().join("first.pem");
    let whole = std::fs::read(&place).unwrap();
    std::fs::write(&place, &whole[..whole.len() / 3]).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(shown().await, before);
    let names = ["mirror.example"];
    secure
        .authority
        .identity(secure.folder.path(), "first", &names);
    for _ in 0..200 {
        if shown().await != before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is still the old one");
}

#[tokio::test]
async fn who_comes_again_takes_up_the_session() {
    let secure = Secure::of(&["mirror.example"]).await;
    let config = Arc::new(secure.authority.client(&["http/1.1"]));
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let stream = connect(Arc::clone(&config), secure.address(), "mirror.example").await;
        let mut stream = stream.unwrap();
        assert_eq!(ask(&mut stream, GET).await.status, 200);
        kinds.push(stream.get_ref().1.handshake_kind());
    }
    assert_eq!(
        kinds,
        [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]
    );
}

#[tokio::test]
async fn plain_words_at_a_secure_door_get_no_answer() {
    let secure = Secure::of(&["mirror.example"]).await;
    let mut stream = TcpStream::connect(secure.address()).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    // A reset is as good.
    let _ = stream.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_named() {
    let newsroom = Newsroom::new();
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let good = authority.identity(folder.path(), "good", &["mirror.example"]);
    let other = authority.identity(folder.path(), "other", &["mirror.example"]);
    let check = async |identity: Identity, fits: fn(&TlsError) -> bool| {
        let state = TempDir::new().unwrap();
        let mut options = options(&newsroom, state.path());
        options.identities = vec![identity];
        let error = start(options, Arc::new(Stopped(newsroom.now))).await.err();
        let Some(StartError::Tls(error)) = error else {
            panic!("{error:?}");
        };
        assert!(fits(&error), "{error}");
        assert!(error.hint().is_some());
    };
    let (certificate, key) = (good.certificate.clone(), good.key.clone());
    let identity = |certificate: &Path, key: &Path| Identity {
        certificate: certificate.to_path_buf(),
        key: key.to_path_buf(),
    };
    check(identity(&certificate, &other.key), |e| {
        matches!(e, TlsError::Mismatch { .. })
    })
    .await;
    check(identity(&key, &key), |e| {
        matches!(e, TlsError::NoCertificate(_))
    })
    .await;
    check(identity(&certificate, &certificate), |e| {
        matches!(e, TlsError::NoKey(_))
    })
    .await;
    let nothing = folder.path().join("nothing");
    check(identity(&nothing, &key), |e| matches!(e, TlsError::File(_))).await;
}
