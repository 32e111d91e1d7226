//! TLS 1.3 and 1.2 by rustls, with certificates from files.
//!
//! 1. Each certificate says itself which names it is for. A client that asks for none of them, or for none at all and
//!    not for an address that a certificate names, gets no certificate: it learns that TLS is spoken here and nothing
//!    else.
//! 2. The files are looked at from time to time, and read again when one of them has changed. If what is there now is
//!    no good, what was read before stays.
//! 3. A client that comes again may take up its session by a ticket, which only it keeps.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

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
    #[error("the key `{key}` does not belong to the certificate `{certificate}`")]
    Mismatch { certificate: PathBuf, key: PathBuf },
}

impl TlsError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::File(error) => return error.hint(),
            Self::NoCertificate(_) => {
                "give the whole chain in PEM, the one that begins with `-----BEGIN CERTIFICATE-----`"
            }
            Self::NoKey(_) => "give the key in PEM, without a passphrase",
            Self::Mismatch { .. } => "give the two files that were made together",
        };
        Some(words.to_owned())
    }
}

const FILE_BYTES: u64 = 1 << 20;

/// Those that are shown now, exchanged as a whole.
#[derive(Debug, Default)]
pub(super) struct Certificates(RwLock<Arc<Vec<Shown>>>);

#[derive(Debug, Clone)]
struct Shown {
    certified: Arc<CertifiedKey>,
}

impl Shown {
    fn is_for(&self, name: &ServerName<'_>) -> bool {
        let Ok(certificate) = self.certified.end_entity_cert() else {
            return false;
        };
        ParsedCertificate::try_from(certificate)
            .is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
    }
}

impl Certificates {
    fn hold(&self) -> Arc<Vec<Shown>> {
        // Only an exchange of pointers happens under the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn exchange(&self, next: Vec<Shown>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(next);
    }

    fn find(&self, name: &ServerName<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.hold();
        let found = shown.iter().find(|shown| shown.is_for(name))?;
        Some(Arc::clone(&found.certified))
    }

    /// Whether one of them is for `host`, a name or an address without a port.
    pub(super) fn cover(&self, host: &str) -> bool {
        ServerName::try_from(host).is_ok_and(|name| self.find(&name).is_some())
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
        self.certificates.find(&name)
    }
}

/// What is spoken inside of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http1And2,
}

pub(super) fn config(
    certificates: Arc<Certificates>,
    here: IpAddr,
    speaks: Speaks,
) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("ring has the suites of TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Resolver { certificates, here }));
    config.alpn_protocols = match speaks {
        Speaks::Http1 => vec![b"http/1.1".to_vec()],
        Speaks::Http1And2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    // Nothing of a session is kept here: the ticket holds it, under a key that changes and never leaves this process.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 1;
    if let Ok(ticketer) = ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    Arc::new(config)
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

    fn load(&self) -> Result<(), TlsError> {
        let shown: Result<Vec<_>, _> = self.identities.iter().map(shown).collect();
        self.certificates.exchange(shown?);
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
    let no_certificate = || TlsError::NoCertificate(identity.certificate.clone());
    let pem = files::read(&identity.certificate, FILE_BYTES)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|_| no_certificate())?;
    let first = chain.first().ok_or_else(no_certificate)?;
    ParsedCertificate::try_from(first).map_err(|_| no_certificate())?;
    let no_key = || TlsError::NoKey(identity.key.clone());
    let pem = files::read(&identity.key, FILE_BYTES)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
    let key = ring::sign::any_supported_type(&key).map_err(|_| no_key())?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|_| TlsError::Mismatch {
        certificate: identity.certificate.clone(),
        key: identity.key.clone(),
    })?;
    Ok(Shown {
        certified: Arc::new(certified),
    })
}
