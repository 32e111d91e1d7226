//! Talking to an authority that gives certificates (ACME, RFC 8555): how its answers come, not what they mean.
//!
//! Only by HTTPS, each answer bounded in time and size, and no redirect is followed: an authority says itself where to ask.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::fetch::{self, FetchError, Response};
use super::files::{self, FileError};
use crate::base::LIMITS;

/// A line to one authority. Copies share it.
#[derive(Debug, Clone)]
pub struct AuthorityLine(reqwest::Client);

/// The file of an authority's own root has none in it.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("no certificate can be read in `{0}`")]
    NoCertificate(std::path::PathBuf),
}

const FILE_BYTES: u64 = 1 << 20;
/// An authority may think for a while before it answers.
const ANSWER: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
const LONGEST_WAIT_SECONDS: u64 = 24 * 60 * 60;

impl AuthorityLine {
    /// To one that browsers know.
    pub fn public() -> Self {
        Self::new(fetch::tls())
    }

    /// To one that only the roots in this file vouch for, PEM.
    pub fn vouched_for_by(roots: &Path) -> Result<Self, RootError> {
        let none = || RootError::NoCertificate(roots.to_path_buf());
        let pem = files::read(roots, FILE_BYTES)?;
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let added = certificate.map(|certificate| store.add(certificate));
            added.map_err(|_| none())?.map_err(|_| none())?;
        }
        match store.is_empty() {
            true => Err(none()),
            false => Ok(Self::new(fetch::tls_with(store))),
        }
    }

    fn new(tls: rustls::ClientConfig) -> Self {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build();
        Self(client.expect("a client whose authorities are there can always be made"))
    }
}

impl HttpClient for AuthorityLine {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let answer = exchange(&client, request).await;
            answer.map_err(|error| Error::Other(Box::new(error)))
        })
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: http::Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, FetchError> {
    let (parts, body) = request.into_parts();
    let address = parts.uri.to_string();
    let url = Url::parse(&address).map_err(|_| FetchError::Permanent {
        address,
        why: "it is no address".into(),
    })?;
    let Ok(body) = body.collect().await;
    let sent = client
        .request(parts.method, url.clone())
        .headers(parts.headers)
        .body(body.to_bytes())
        .send();
    let answer = sent.await.map_err(|e| fetch::classify(&url, &e))?;
    let mut bare = http::Response::new(());
    *bare.status_mut() = answer.status();
    *bare.headers_mut() = bearable(answer.headers().clone());
    let body = whole(url, answer).await?;
    Ok(bare.map(|()| Full::new(body)).into())
}

/// Without a wait that nobody can wait for, and that the library cannot add to the time of day.
fn bearable(mut headers: HeaderMap) -> HeaderMap {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if seconds.is_none_or(|seconds| seconds > LONGEST_WAIT_SECONDS) {
        headers.remove(RETRY_AFTER);
    }
    headers
}

async fn whole(url: Url, answer: reqwest::Response) -> Result<Bytes, FetchError> {
    let asked = url.clone();
    let body = answer
        .bytes_stream()
        .map(move |piece| piece.map_err(|e| fetch::classify(&asked, &e)))
        .boxed();
    let response = Response {
        url,
        content_type: None,
        first_byte: 0,
        body,
    };
    fetch::read_all(response, LIMITS.authority_bytes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_beyond_all_reason_is_not_heard() {
        let heard = |said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, said.parse().unwrap());
            bearable(headers).contains_key(RETRY_AFTER)
        };
        assert!(heard("30"));
        for said in [
            "18446744073709551615",
            "999999999999999999999999",
            "86401",
            "soon",
        ] {
            assert!(!heard(said), "{said}");
        }
    }
}
