//! TLS 1.3 and 1.2 by rustls, with certificates from files, or got by the mirror itself ([`renewal`](super::renewal)).
//!
//! 1. Each certificate says itself which names it is for. A client that asks for none of them, or for none at all and
//!    not for an address that a certificate names, gets no certificate: it learns that TLS is spoken here and nothing
//!    else, in the words of most servers.
//! 2. The files are looked at from time to time, and read again when one of them has changed. If what is there now is
//!    no good, what was read before stays.
//! 3. Who offers to speak of proofs (RFC 8737) is shown the proof that is under way for the name it asks for, and nothing else.
//! 4. A client that comes again may take up its session by a ticket, which only it keeps.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite as suite};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CipherSuite, ServerConfig, SupportedCipherSuite};

use super::names::HostName;
use crate::io::authority::RootError;
use crate::io::files::{self, FileError};

/// Where a certificate lies and the key that belongs to it, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The server's own first, then those that vouch for it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("no certificate can be read in `{0}`")]
    NoCertificate(PathBuf),
    #[error("no private key can be read in `{0}`")]
    NoKey(PathBuf),
    #[error("the private key in `{0}` is locked with a passphrase")]
    Locked(PathBuf),
    #[error("the private key in `{0}` is of a kind or a length that is not spoken here")]
    OtherKind(PathBuf),
    #[error("the key `{key}` does not belong to the certificate `{certificate}`")]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error(transparent)]
    Root(#[from] RootError),
}

impl TlsError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::File(error) => return error.hint(),
            Self::Root(RootError::File(error)) => return error.hint(),
            Self::NoCertificate(_) | Self::Root(RootError::NoCertificate(_)) => {
                "give the whole chain in PEM, the one that begins with `-----BEGIN CERTIFICATE-----`; `openssl x509 -inform der` \
                 makes it of the other form"
            }
            Self::NoKey(_) => {
                "give the key in PEM, the file that begins with `-----BEGIN PRIVATE KEY-----` or nearly so"
            }
            Self::Locked(_) => {
                "`openssl pkey -in FILE -out OPEN` asks for the passphrase and writes the key without it; \
                 let only its owner read that"
            }
            Self::OtherKind(_) => {
                "make a key for ECDSA with P-256 or P-384, for Ed25519, or for RSA with 2048 to 4096 bits"
            }
            Self::Mismatch { .. } => "give the two files that were made together",
        };
        Some(words.to_owned())
    }
}

const FILE_BYTES: u64 = 1 << 20;

/// Those that are shown now.
#[derive(Debug, Default)]
pub(super) struct Certificates(RwLock<Board>);

#[derive(Debug, Default)]
struct Board {
    /// From files, exchanged as a whole.
    given: Vec<Shown>,
    /// Those that the mirror got by itself, one for each name.
    own: Vec<(HostName, Shown)>,
    /// Under way, each for one name.
    proofs: Vec<(HostName, Arc<CertifiedKey>)>,
    /// The last name that one of them was for: nearly everybody asks for the same, and to read a certificate takes time.
    found: ArcSwapOption<(ServerName<'static>, Arc<CertifiedKey>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Shown {
    certified: Arc<CertifiedKey>,
}

impl Shown {
    /// `None`: it is no certificate and its key, both PEM.
    pub(super) fn of(chain: &[u8], key: &[u8]) -> Option<Self> {
        let certified = CertifiedKey::new(read_chain(chain)?, read_key(key).ok()?);
        certified.keys_match().ok()?;
        Some(Self::new(certified))
    }

    fn new(certified: CertifiedKey) -> Self {
        Self {
            certified: Arc::new(certified),
        }
    }

    /// The one that the others vouch for.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.certified.cert.first()
    }

    pub(super) fn is_for(&self, name: &ServerName<'_>) -> bool {
        let Ok(certificate) = self.certified.end_entity_cert() else {
            return false;
        };
        ParsedCertificate::try_from(certificate)
            .is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
    }
}

impl Certificates {
    fn look(&self) -> RwLockReadGuard<'_, Board> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Board> {
        let board = self.0.write().unwrap_or_else(PoisonError::into_inner);
        board.found.store(None);
        board
    }

    /// In the place of the one that there was for this name.
    pub(super) fn put(&self, name: HostName, shown: Shown) {
        let mut board = self.change();
        board.own.retain(|(other, _)| *other != name);
        board.own.push((name, shown));
    }

    /// Until the value is dropped.
    pub(super) fn show_proof(self: &Arc<Self>, name: HostName, proof: CertifiedKey) -> Proof {
        let proof = Arc::new(proof);
        self.change().proofs.push((name, Arc::clone(&proof)));
        Proof {
            certificates: Arc::clone(self),
            proof,
        }
    }

    fn proof(&self, name: &ServerName<'_>) -> Option<Arc<CertifiedKey>> {
        let board = self.look();
        let mut proofs = board.proofs.iter();
        let (_, proof) = proofs.find(|(of, _)| of.server_name() == *name)?;
        Some(Arc::clone(proof))
    }

    fn find(&self, name: &ServerName<'_>) -> Option<Arc<CertifiedKey>> {
        let board = self.look();
        if let Some(found) = &*board.found.load()
            && found.0 == *name
        {
            return Some(Arc::clone(&found.1));
        }
        let own = board.own.iter().map(|(_, shown)| shown);
        let found = board
            .given
            .iter()
            .chain(own)
            .find(|shown| shown.is_for(name))?;
        let certified = Arc::clone(&found.certified);
        let found = (name.to_owned(), Arc::clone(&certified));
        board.found.store(Some(Arc::new(found)));
        Some(certified)
    }

    /// Whether one of them is for `host`, a name or an address without a port.
    pub(super) fn cover(&self, host: &str) -> bool {
        ServerName::try_from(host).is_ok_and(|name| self.find(&name).is_some())
    }
}

/// A proof that is shown.
pub(super) struct Proof {
    certificates: Arc<Certificates>,
    proof: Arc<CertifiedKey>,
}

impl Drop for Proof {
    fn drop(&mut self) {
        let mut board = self.certificates.change();
        board
            .proofs
            .retain(|(_, other)| !Arc::ptr_eq(other, &self.proof));
    }
}

/// The protocol in which proofs are looked at, RFC 8737 section 4. Nothing is said in it.
pub(super) const PROVES: &[u8] = b"acme-tls/1";

/// HTTP/2.
pub(super) const SHARED: &[u8] = b"h2";

/// Who asks for a name of which there is no certificate is told so by rustls with "access denied" (49), and by nearly all other
/// servers, nginx among them, with "unrecognized name" (112, RFC 6066 section 3). The rare word would tell what runs here.
pub(super) fn say_as_others(alert: &mut [u8]) {
    if let [21, 3, _, 0, 2, 2, word @ 49] = alert {
        *word = 112;
    }
}

/// The address that a client reached, for those who ask for no name.
#[derive(Debug)]
struct Resolver {
    certificates: Arc<Certificates>,
    here: IpAddr,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = match hello.server_name() {
            Some(name) => ServerName::try_from(name).ok()?,
            None => ServerName::IpAddress(self.here.into()),
        };
        let mut offers = hello.alpn().into_iter().flatten();
        match offers.any(|offer| offer == PROVES) {
            true => self.certificates.proof(&name),
            false => self.certificates.find(&name),
        }
    }
}

/// What is spoken inside of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http1And2,
}

/// What is agreed on with a client.
#[derive(Clone)]
pub(super) struct Terms {
    /// Where there is a place for HTTP/2.
    shared: Choice,
    /// Where there is none.
    alone: Choice,
    speaks: Speaks,
}

#[derive(Clone)]
struct Choice {
    /// The client's wish decides, among what both can.
    theirs: Arc<ServerConfig>,
    /// Ours does.
    ours: Arc<ServerConfig>,
}

impl Choice {
    fn of(theirs: ServerConfig) -> Self {
        let mut ours = theirs.clone();
        ours.ignore_client_order = true;
        Self {
            theirs: Arc::new(theirs),
            ours: Arc::new(ours),
        }
    }
}

impl Terms {
    pub(super) fn new(certificates: Arc<Certificates>, here: IpAddr, speaks: Speaks) -> Self {
        let shared = config(certificates, here, speaks);
        // With the same key for tickets.
        let mut alone = shared.clone();
        alone.alpn_protocols.retain(|protocol| protocol != SHARED);
        Self {
            shared: Choice::of(shared),
            alone: Choice::of(alone),
            speaks,
        }
    }

    /// Whether it would be HTTP/2, if there is a place.
    pub(super) fn may_share(&self, hello: &ClientHello<'_>) -> bool {
        let mut offers = hello.alpn().into_iter().flatten();
        self.speaks == Speaks::Http1And2 && offers.any(|offer| offer == SHARED)
    }

    /// Of what is strong enough, ours is what most processors have instructions for. Who has none of these for AES wishes
    /// for ChaCha20 first, and gets it.
    pub(super) fn with(&self, hello: &ClientHello<'_>, is_place: bool) -> Arc<ServerConfig> {
        let choice = if is_place { &self.shared } else { &self.alone };
        let mut wished = hello.cipher_suites().iter();
        let first = wished.find(|suite| SUITES.iter().any(|ours| ours.suite() == **suite));
        match first {
            Some(
                CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ) => Arc::clone(&choice.theirs),
            _ => Arc::clone(&choice.ours),
        }
    }
}

/// The first is the one that we wish for most: SHA-384 takes several times as long as SHA-256.
const SUITES: [SupportedCipherSuite; 9] = [
    suite::TLS13_AES_128_GCM_SHA256,
    suite::TLS13_AES_256_GCM_SHA384,
    suite::TLS13_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

fn config(certificates: Arc<Certificates>, here: IpAddr, speaks: Speaks) -> ServerConfig {
    let provider = CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        ..ring::default_provider()
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("ring has the suites of TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Resolver { certificates, here }));
    config.alpn_protocols = match speaks {
        Speaks::Http1 => vec![b"http/1.1".to_vec()],
        Speaks::Http1And2 => vec![SHARED.to_vec(), b"http/1.1".to_vec()],
    };
    config.alpn_protocols.push(PROVES.to_vec());
    // Nothing of a session is kept here: the ticket holds it, under a key that changes and never leaves this process.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 1;
    if let Ok(ticketer) = ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    config
}

/// Reads the files, and keeps what is shown in step with them.
pub(super) struct Files {
    identities: Vec<Identity>,
    certificates: Arc<Certificates>,
    seen: Vec<Option<Timestamp>>,
}

impl Files {
    pub(super) fn open(identities: Vec<Identity>) -> Result<Self, TlsError> {
        let mut files = Self {
            seen: Vec::new(),
            identities,
            certificates: Arc::default(),
        };
        files.seen = files.times();
        files.load()?;
        Ok(files)
    }

    pub(super) fn certificates(&self) -> Arc<Certificates> {
        Arc::clone(&self.certificates)
    }

    /// With where each of them lies.
    pub(super) fn shown(&self) -> Vec<(PathBuf, Shown)> {
        let board = self.certificates.look();
        let places = self.identities.iter();
        let places = places.map(|identity| identity.certificate.clone());
        places.zip(board.given.iter().cloned()).collect()
    }

    fn load(&self) -> Result<(), TlsError> {
        let shown: Result<Vec<_>, _> = self.identities.iter().map(shown).collect();
        self.certificates.change().given = shown?;
        Ok(())
    }

    /// When each file was last written. It is gone for a moment while some programs renew it.
    fn times(&self) -> Vec<Option<Timestamp>> {
        let files = self
            .identities
            .iter()
            .flat_map(|identity| [&identity.certificate, &identity.key]);
        files.map(|path| files::modified(path).ok()).collect()
    }

    /// For ever.
    pub(super) async fn watch(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let times = self.times();
            // Who writes two files is seen between them sooner or later; then they do not fit, and are read again.
            if times != self.seen && self.load().is_ok() {
                self.seen = times;
            }
        }
    }
}

fn shown(identity: &Identity) -> Result<Shown, TlsError> {
    let (certificate, key) = (&identity.certificate, &identity.key);
    let pem = files::read(certificate, FILE_BYTES)?;
    let chain = read_chain(&pem).ok_or_else(|| TlsError::NoCertificate(certificate.clone()))?;
    let pem = files::read(key, FILE_BYTES)?;
    let signs = read_key(&pem).map_err(|no_key| no_key(key.clone()))?;
    let certified = CertifiedKey::new(chain, signs);
    certified.keys_match().map_err(|_| TlsError::Mismatch {
        certificate: certificate.clone(),
        key: key.clone(),
    })?;
    Ok(Shown::new(certified))
}

fn read_chain(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.ok()?;
    ParsedCertificate::try_from(chain.first()?).ok()?;
    Some(chain)
}

fn read_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, fn(PathBuf) -> TlsError> {
    let is_locked = memchr::memmem::find(pem, b"ENCRYPTED").is_some();
    let Ok(key) = PrivateKeyDer::from_pem_slice(pem) else {
        return Err(if is_locked {
            TlsError::Locked
        } else {
            TlsError::NoKey
        });
    };
    ring::sign::any_supported_type(&key).map_err(|_| match is_locked {
        true => TlsError::Locked as fn(PathBuf) -> TlsError,
        false => TlsError::OtherKind,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn why_a_key_cannot_be_used_is_told() {
        let refused = |pem: &str| {
            let refused = read_key(pem.as_bytes()).map(drop);
            refused.map_err(|error| error("k".into()).to_string())
        };
        let pem = |kind: &str, content: &[u8]| {
            let content = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, content);
            format!("-----BEGIN {kind}-----\n{content}\n-----END {kind}-----\n")
        };
        let good = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert_eq!(refused(&good), Ok(()));
        let locked = pem("ENCRYPTED PRIVATE KEY", b"0");
        assert!(
            refused(&locked)
                .unwrap_err()
                .contains("locked with a passphrase")
        );
        let other = pem("PRIVATE KEY", b"0");
        assert!(
            refused(&other)
                .unwrap_err()
                .contains("of a kind or a length")
        );
        assert!(refused("none").unwrap_err().contains("no private key"));
    }
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::server::Acceptor;
    use rustls::{
        ClientConfig, ClientConnection, DigitallySignedStruct, ServerConnection, SignatureScheme,
    };

    fn certified(name: &str) -> CertifiedKey {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let key = ring::sign::any_supported_type(&key).unwrap();
        CertifiedKey::new(vec![cert.der().clone()], key)
    }

    #[derive(Debug)]
    struct Anyone;

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: rustls::pki_types::UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ECDSA_NISTP256_SHA256]
        }
    }

    /// What somebody sees who asks for `name` and offers to speak `protocols`.
    fn seen(server: &Arc<ServerConfig>, name: &str, protocols: &[&[u8]]) -> Option<Vec<u8>> {
        let mut client = client(ring::default_provider());
        client.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
        for _ in 0..4 {
            let mut way = Vec::new();
            client.write_tls(&mut way).unwrap();
            server.read_tls(&mut way.as_slice()).unwrap();
            let _ = server.process_new_packets();
            let mut way = Vec::new();
            server.write_tls(&mut way).unwrap();
            client.read_tls(&mut way.as_slice()).unwrap();
            let _ = client.process_new_packets();
        }
        let certificates = client.peer_certificates()?;
        Some(certificates.first()?.to_vec())
    }

    #[test]
    fn a_proof_is_only_shown_to_those_who_ask_for_one_and_while_it_is_under_way() {
        let certificates = Arc::<Certificates>::default();
        let (own, proof) = (certified("m.example"), certified("m.example"));
        let [own_bytes, proof_bytes] = [&own, &proof].map(|it| Some(it.cert[0].to_vec()));
        certificates.put("m.example".parse().unwrap(), Shown::new(own));
        let here = IpAddr::from([127, 0, 0, 1]);
        let config = config(Arc::clone(&certificates), here, Speaks::Http1And2).into();
        let browser: &[&[u8]] = &[b"h2", b"http/1.1"];
        let both: &[&[u8]] = &[b"h2", PROVES];

        assert_eq!(seen(&config, "m.example", browser), own_bytes);
        assert_eq!(seen(&config, "m.example", &[PROVES]), None);
        assert_eq!(seen(&config, "m.example", both), None);

        let shown = certificates.show_proof("m.example".parse().unwrap(), proof);
        assert_eq!(seen(&config, "m.example", &[PROVES]), proof_bytes);
        assert_eq!(seen(&config, "m.example", browser), own_bytes);
        assert_eq!(seen(&config, "m.example", &[]), own_bytes);
        assert_eq!(seen(&config, "other.example", &[PROVES]), None);
        assert_eq!(seen(&config, "other.example", browser), None);

        drop(shown);
        assert_eq!(seen(&config, "m.example", &[PROVES]), None);
        assert_eq!(seen(&config, "m.example", browser), own_bytes);
    }

    /// For a server of this name, and for a client of it.
    pub(in crate::server) fn terms_and_client(name: &str) -> (Terms, Arc<ClientConfig>) {
        let certificates = Arc::<Certificates>::default();
        certificates.put(name.parse().unwrap(), Shown::new(certified(name)));
        let here = IpAddr::from([127, 0, 0, 1]);
        let client = client(ring::default_provider());
        (
            Terms::new(certificates, here, Speaks::Http1),
            Arc::new(client),
        )
    }

    fn client(provider: CryptoProvider) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth()
    }

    /// What is agreed on with somebody who wishes for these.
    fn agreed(terms: &Terms, wishes: &[SupportedCipherSuite]) -> Option<CipherSuite> {
        let provider = CryptoProvider {
            cipher_suites: wishes.to_vec(),
            ..ring::default_provider()
        };
        let client = client(provider);
        let name = ServerName::try_from("m.example").unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut way = Vec::new();
        client.write_tls(&mut way).unwrap();
        let mut heard = Acceptor::default();
        heard.read_tls(&mut way.as_slice()).unwrap();
        let heard = heard.accept().unwrap().unwrap();
        let config = terms.with(&heard.client_hello(), true);
        let mut server = heard.into_connection(config).unwrap();
        let mut way = Vec::new();
        server.write_tls(&mut way).unwrap();
        client.read_tls(&mut way.as_slice()).unwrap();
        let _ = client.process_new_packets();
        Some(client.negotiated_cipher_suite()?.suite())
    }

    #[test]
    fn who_has_no_instructions_for_aes_gets_chacha20_and_nobody_sha_384_unless_he_must() {
        let (terms, _) = terms_and_client("m.example");
        let [aes_128, aes_256, chacha] = [SUITES[0], SUITES[1], SUITES[2]];
        for (wishes, expected) in [
            (vec![aes_256, chacha, aes_128], aes_128),
            (vec![aes_128, chacha, aes_256], aes_128),
            (vec![chacha, aes_128, aes_256], chacha),
            (vec![chacha], chacha),
            (vec![aes_256], aes_256),
            (vec![SUITES[4], SUITES[5], SUITES[3]], SUITES[3]),
            (vec![SUITES[5], SUITES[4], SUITES[3]], SUITES[5]),
        ] {
            assert_eq!(
                agreed(&terms, &wishes),
                Some(expected.suite()),
                "{wishes:?}"
            );
        }
    }

    #[test]
    fn a_proof_does_not_make_a_name_known() {
        let certificates = Arc::<Certificates>::default();
        let _shown = certificates.show_proof("m.example".parse().unwrap(), certified("m.example"));
        assert!(!certificates.cover("m.example"));
    }
}
