//! One certificate, from the order to the file.
//!
//! 1. The account of this mirror with the authority is taken from the state folder, or made.
//! 2. A certificate for one name is ordered.
//! 3. Unless the authority knows already that the name is ours, it asks for a proof: a certificate that we make, for that
//!    name, with the authority's riddle solved in it. It is shown to whoever asks for a proof and for that name, until the
//!    order is done or has failed.
//! 4. With a new key (ECDSA, P-256) the certificate is asked for, and comes.
//! 5. It must be for that name, for that key, and hold now. Then it is kept.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, HttpClient, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{FILE_BYTES, Validity, place, validity};
use crate::base::tame;
use crate::io::fetch::FetchError;
use crate::io::files::{self, FileError};
use crate::server::names::HostName;
use crate::server::tls::{Certificates, Proof, Shown};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("the authority cannot be reached: {0}")]
    Unreachable(FetchError),
    #[error("the authority refused: {0}")]
    Refused(String),
    /// It looked for the proof, and did not find it.
    #[error("the authority could not make sure that `{name}` is this mirror: {why}")]
    Unproved { name: HostName, why: String },
    #[error("the authority takes no proof inside of TLS (TLS-ALPN-01)")]
    OtherProofs,
    #[error("the authority has not come to an end in time")]
    Late,
    /// What it sent is not what RFC 8555 says.
    #[error("the authority's answer cannot be used: {0}")]
    Strange(String),
    #[error(transparent)]
    File(#[from] FileError),
}

impl OrderError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::File(error) => return error.hint(),
            Self::Unreachable(_) => "check that this machine reaches the internet, and its clock",
            Self::Unproved { .. } => {
                "check that the name leads to this machine, and that its port 443 leads to the mirror"
            }
            Self::OtherProofs => "use another authority, or get certificates with another program",
            Self::Refused(_) | Self::Late | Self::Strange(_) => return None,
        };
        Some(words.to_owned())
    }

    fn strange(why: impl ToString) -> Self {
        Self::Strange(why.to_string())
    }
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => Self::Refused(words(&problem)),
            Error::Timeout(_) => Self::Late,
            Error::Other(error) => match error.downcast::<FetchError>() {
                Ok(error) => Self::Unreachable(*error),
                Err(error) => Self::strange(error),
            },
            error => Self::strange(error),
        }
    }
}

/// A stranger's words, for a person's screen.
fn words(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let detail = problem.detail.as_deref().unwrap_or_default();
    let said = [kind, detail].map(|text| text.chars().take(300).collect::<String>());
    match said {
        [kind, detail] if detail.is_empty() => tame(&kind),
        [kind, detail] => tame(&format!("{detail} ({kind})")),
    }
}

/// Where orders are made out.
pub(super) struct Desk {
    line: Arc<dyn HttpClient>,
    directory: Url,
    folder: PathBuf,
}

/// As it lies in the state folder. An account is good with one authority alone.
#[derive(Serialize, Deserialize)]
struct KeptAccount {
    directory: Url,
    account: AccountCredentials,
}

/// An authority may look at a name from several places, and thinks between two looks.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));
/// For all of it.
const WHOLE: Duration = Duration::from_secs(300);

impl Desk {
    pub(super) fn new(line: Arc<dyn HttpClient>, directory: Url, folder: PathBuf) -> Self {
        Self {
            line,
            directory,
            folder,
        }
    }

    /// A new certificate for `name`, kept, and shown by `certificates`, as the proof was meanwhile.
    pub(super) async fn get(
        &self,
        name: &HostName,
        certificates: &Arc<Certificates>,
        now: Timestamp,
    ) -> Result<Validity, OrderError> {
        // The library trusts an authority in some corners, and a mirror must outlive whatever one says.
        let order = AssertUnwindSafe(self.order(name, certificates)).catch_unwind();
        let ended = tokio::time::timeout(WHOLE, order).await;
        let pem = ended
            .map_err(|_| OrderError::Late)?
            .map_err(|_| OrderError::strange("it cannot be borne"))??;
        let (shown, validity) = checked(&pem, name, now)?;
        files::write_private(&place(&self.folder, name), pem.as_bytes())?;
        certificates.put(name.clone(), shown);
        Ok(validity)
    }

    /// The key and the chain that came for it.
    async fn order(
        &self,
        name: &HostName,
        certificates: &Arc<Certificates>,
    ) -> Result<String, OrderError> {
        let account = self.account().await?;
        let identifiers = [Identifier::Dns(name.to_string())];
        let ordered = account.new_order(&NewOrder::new(&identifiers)).await;
        let mut order = ordered.map_err(|error| self.forget_account(error))?;
        let proof = prove(&mut order, name, certificates).await?;
        match order.poll_ready(&PATIENCE).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) | Err(Error::Api(_)) => return Err(unproved(&mut order, name).await),
            Err(error) => return Err(error.into()),
        }
        drop(proof);
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok(format!("{key}{chain}"))
    }

    async fn account(&self) -> Result<Account, OrderError> {
        files::create_private_folder(&self.folder)?;
        let builder = Account::builder_with_http(Box::new(Shared(Arc::clone(&self.line))));
        if let Some(account) = self.kept_account() {
            return Ok(builder.from_credentials(account).await?);
        }
        // Whoever runs the mirror has agreed on the command line.
        let new = NewAccount {
            contact: &[],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = self.directory.to_string();
        let (account, credentials) = builder.create(&new, directory, None).await?;
        let kept = KeptAccount {
            directory: self.directory.clone(),
            account: credentials,
        };
        let json = serde_json::to_vec(&kept).map_err(OrderError::strange)?;
        files::write_private(&self.account_place(), &json)?;
        Ok(account)
    }

    fn account_place(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    fn kept_account(&self) -> Option<AccountCredentials> {
        let json = files::read_private(&self.account_place(), FILE_BYTES).ok()?;
        let kept: KeptAccount = serde_json::from_slice(&json).ok()?;
        (kept.directory == self.directory).then_some(kept.account)
    }

    /// If the authority knows it no more, the next try makes a new one.
    fn forget_account(&self, error: Error) -> OrderError {
        if let Error::Api(Problem { r#type: kind, .. }) = &error
            && kind.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
        {
            // If that fails, so does the next try, which tells why.
            let _ = files::remove(&self.account_place());
        }
        error.into()
    }
}

/// The library wants a line that it may keep.
struct Shared(Arc<dyn HttpClient>);

impl HttpClient for Shared {
    fn request(
        &self,
        request: http::Request<instant_acme::BodyWrapper<bytes::Bytes>>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<instant_acme::BytesResponse, Error>> + Send>>
    {
        self.0.request(request)
    }
}

/// Shows the proof that is asked for, if any, and says that it can be looked at. It is shown until the value is dropped.
async fn prove(
    order: &mut Order,
    name: &HostName,
    certificates: &Arc<Certificates>,
) -> Result<Option<Proof>, OrderError> {
    let mut proof = None;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or(OrderError::OtherProofs)?;
        let digest = challenge.key_authorization().digest();
        let certified = solved(name, digest.as_ref())?;
        proof = Some(certificates.show_proof(name.clone(), certified));
        challenge.set_ready().await?;
    }
    Ok(proof)
}

/// RFC 8737 section 3.
fn solved(name: &HostName, digest: &[u8]) -> Result<CertifiedKey, OrderError> {
    let solve = || {
        let mut params = CertificateParams::new(vec![name.to_string()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        Ok::<_, rcgen::Error>((params.self_signed(&key)?, key))
    };
    let (certificate, key) = solve().map_err(OrderError::strange)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::sign::any_supported_type(&key).map_err(OrderError::strange)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

/// What the authority says of the proof that it did not find.
async fn unproved(order: &mut Order, name: &HostName) -> OrderError {
    let mut why = None;
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if let Ok(state) = authorization.refresh().await {
            let errors = state.challenges.iter();
            why = errors
                .filter_map(|challenge| challenge.error.as_ref())
                .next()
                .map(words);
        }
    }
    OrderError::Unproved {
        name: name.clone(),
        why: why.unwrap_or_else(|| "it does not say why".to_owned()),
    }
}

fn checked(pem: &str, name: &HostName, now: Timestamp) -> Result<(Shown, Validity), OrderError> {
    let strange = |why: &str| OrderError::Strange(why.to_owned());
    let shown = Shown::of(pem.as_bytes(), pem.as_bytes());
    let shown = shown.ok_or_else(|| strange("it is no certificate for the key that was sent"))?;
    let validity = validity(&shown).ok_or_else(|| strange("the certificate has no dates"))?;
    if !shown.is_for(&name.server_name()) {
        return Err(strange("the certificate is for another name"));
    }
    if validity.until <= now {
        return Err(strange(
            "the certificate is past its time, or the clock is wrong",
        ));
    }
    Ok((shown, validity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use instant_acme::{BodyWrapper, BytesResponse};
    use std::pin::Pin;
    use std::sync::atomic::{AtomicBool, Ordering};

    const NAME: &str = "m.example";

    fn host() -> HostName {
        NAME.parse().unwrap()
    }

    /// A key and a certificate, each for itself.
    fn pair(name: &str, from: i32, until: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        (key.serialize_pem(), params.self_signed(&key).unwrap().pem())
    }

    #[test]
    fn only_a_certificate_for_the_name_and_the_key_that_holds_now_is_taken() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let refused = |pem: &str, expected: &str| {
            let refused = checked(pem, &host(), now).err().unwrap().to_string();
            assert!(refused.contains(expected), "{refused}");
        };
        let (key, good) = pair(NAME, 2026, 2028);
        assert!(checked(&format!("{key}{good}"), &host(), now).is_ok());
        let (_, other_key) = pair(NAME, 2026, 2028);
        refused(&format!("{key}{other_key}"), "for the key");
        let (key, other_name) = pair("other.example", 2026, 2028);
        refused(&format!("{key}{other_name}"), "for another name");
        let (key, past) = pair(NAME, 2025, 2026);
        refused(&format!("{key}{past}"), "past its time");
        refused(&key, "no certificate");
        refused("<html>", "no certificate");
    }

    /// An authority that says yes to all, and at `place` says something else.
    struct Says {
        place: &'static str,
        status: u16,
        body: &'static str,
        is_final: Arc<AtomicBool>,
    }

    impl HttpClient for Says {
        fn request(
            &self,
            request: http::Request<BodyWrapper<Bytes>>,
        ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
            let place = request.uri().path().to_owned();
            let (status, body) = match place.as_str() {
                place if place == self.place => (self.status, self.body.to_owned()),
                "/directory" => (200, DIRECTORY.to_owned()),
                "/account" => (201, r#"{"status":"valid"}"#.to_owned()),
                "/finalize" => {
                    self.is_final.store(true, Ordering::Relaxed);
                    (200, ORDER.replace("ready", "processing"))
                }
                "/orders/1" if self.is_final.load(Ordering::Relaxed) => {
                    (200, ORDER.replace("ready", "valid"))
                }
                "/order" | "/orders/1" => (201, ORDER.to_owned()),
                "/authorization" => (200, AUTHORIZATION.to_owned()),
                "/challenge" => (200, CHALLENGE.to_owned()),
                "/certificate" => (200, pair(NAME, 2026, 4000).1),
                _ => (200, String::new()),
            };
            let answer = http::Response::builder()
                .status(status)
                .header("replay-nonce", "n")
                .header("location", "https://a.example/orders/1")
                .body(
                    Full::new(Bytes::from(body))
                        .map_err(|never| match never {})
                        .boxed(),
                );
            Box::pin(async move { Ok::<_, Error>(answer?.into()) })
        }
    }

    const DIRECTORY: &str = r#"{"newNonce":"https://a.example/nonce","newAccount":"https://a.example/account","newOrder":"https://a.example/order"}"#;
    const NO_ADDRESS: &str = r#"{"newNonce":"\u0000","newAccount":"https://a.example/account","newOrder":"https://a.example/order"}"#;
    const ORDER: &str = r#"{"status":"ready","identifiers":[{"type":"dns","value":"m.example"}],"authorizations":["https://a.example/authorization"],"finalize":"https://a.example/finalize","certificate":"https://a.example/certificate"}"#;
    const AUTHORIZATION: &str = r#"{"status":"pending","identifier":{"type":"dns","value":"m.example"},"challenges":[{"type":"tls-alpn-01","url":"https://a.example/challenge","token":"t","status":"pending"}]}"#;
    const CHALLENGE: &str = r#"{"type":"tls-alpn-01","url":"https://a.example/challenge","token":"t","status":"valid"}"#;

    /// Gives what went wrong. Whatever it is, nothing is kept but the account, and no proof is shown any more.
    async fn trouble(place: &'static str, status: u16, body: &'static str) -> OrderError {
        let folder = files::temporary_folder("order").unwrap();
        let line = Says {
            place,
            status,
            body,
            is_final: Arc::default(),
        };
        let directory = "https://a.example/directory".parse().unwrap();
        let desk = Desk::new(Arc::new(line), directory, folder.path().to_path_buf());
        let certificates = Arc::<Certificates>::default();
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        let got = desk.get(&host(), &certificates, now).await;
        assert!(!files::exists(&super::place(folder.path(), &host())));
        assert!(!certificates.cover(NAME));
        got.expect_err("nothing good comes of it")
    }

    #[tokio::test(start_paused = true)]
    async fn an_authority_that_talks_nonsense_is_told_apart_from_one_that_refuses() {
        let html = "<html>\u{1b}[2J</html>";
        for place in [
            "/directory",
            "/account",
            "/order",
            "/authorization",
            "/challenge",
            "/finalize",
        ] {
            let error = trouble(place, 200, html).await;
            assert!(matches!(error, OrderError::Strange(_)), "{place}: {error}");
        }
        let problem = r#"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many\u001b[2J certificates","status":429}"#;
        for place in [
            "/account",
            "/order",
            "/authorization",
            "/challenge",
            "/finalize",
            "/certificate",
        ] {
            let error = trouble(place, 429, problem).await;
            let OrderError::Refused(words) = &error else {
                panic!("{place}: {error}");
            };
            assert_eq!(words, "too many\\u{1b}[2J certificates (rateLimited)");
        }
        // No address at all, on which the library ends with a panic.
        let error = trouble("/directory", 200, NO_ADDRESS).await;
        assert!(matches!(error, OrderError::Strange(_)), "{error}");
        // All of it is well, but the certificate is for a key of somebody else.
        let error = trouble("", 200, "").await;
        assert!(error.to_string().contains("for the key"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_authority_with_other_proofs_or_without_end_is_left() {
        let other = r#"{"status":"pending","identifier":{"type":"dns","value":"m.example"},"challenges":[{"type":"http-01","url":"https://a.example/c","token":"t","status":"pending"}]}"#;
        let error = trouble("/authorization", 200, other).await;
        assert!(matches!(error, OrderError::OtherProofs), "{error}");
        let waiting = r#"{"status":"pending","identifiers":[],"authorizations":[],"finalize":"https://a.example/finalize"}"#;
        let error = trouble("/orders/1", 200, waiting).await;
        assert!(matches!(error, OrderError::Late), "{error}");
    }
}
