//! Under which names this mirror answers. Who asks for another one learns nothing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use rustls::pki_types::{DnsName, ServerName};

use super::tls::Certificates;

/// A full name in the DNS, in lower case, that one machine can have: no wildcard, no number, no dot at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(DnsName<'static>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no full host name, such as `mirror.example.org`")]
pub struct HostNameError(String);

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let wrong = || HostNameError(text.to_owned());
        let name = DnsName::try_from(text.to_ascii_lowercase()).map_err(|_| wrong())?;
        let (_, last) = name.as_ref().rsplit_once('.').ok_or_else(wrong)?;
        let is_whole = last.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.ends_with('.');
        is_whole.then(|| Self(name.clone())).ok_or_else(wrong)
    }
}

impl HostName {
    pub(super) fn server_name(&self) -> ServerName<'static> {
        ServerName::DnsName(self.0.clone())
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

#[derive(Debug, Default)]
pub(super) enum Names {
    #[default]
    Any,
    /// In lower case.
    Listed(Vec<String>),
    /// Those that a certificate is for.
    OfCertificates(Arc<Certificates>),
}

impl Names {
    pub(super) fn listed(names: &[String]) -> Self {
        Self::Listed(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    pub(super) fn is_asked(&self, head: &Parts) -> bool {
        if self.are_any() {
            return true;
        }
        match head.uri.authority() {
            Some(authority) => self.has(authority.host()),
            None => (head.headers.get(HOST)).is_some_and(|host| self.are_said(host.as_bytes())),
        }
    }

    pub(super) fn are_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    /// `host`, as the field of that name has it. A user's name has no place there (RFC 9110 section 7.2).
    pub(super) fn are_said(&self, host: &[u8]) -> bool {
        let is_one = |host: Authority| !host.as_str().contains('@') && self.has(host.host());
        self.are_any() || Authority::try_from(host).is_ok_and(is_one)
    }

    fn has(&self, host: &str) -> bool {
        // With a dot at its end a name is the same, only surely whole (RFC 1034 section 3.1).
        let host = host.strip_suffix('.').unwrap_or(host);
        match self {
            Self::Any => true,
            Self::Listed(names) => names.iter().any(|name| name.eq_ignore_ascii_case(host)),
            Self::OfCertificates(certificates) => {
                let bare = host
                    .strip_prefix('[')
                    .and_then(|host| host.strip_suffix(']'));
                certificates.cover(bare.unwrap_or(host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn a_host_name_is_whole_and_can_be_a_file_name() {
        let parse = |text: &str| text.parse::<HostName>();
        assert_eq!(
            parse("Mirror.Example").unwrap().to_string(),
            "mirror.example"
        );
        assert!(parse("a-b.c1.example").is_ok());
        for wrong in [
            "",
            "localhost",
            "*.example",
            "mirror.example.",
            "127.0.0.1",
            "::1",
            "../x.example",
            "a/b.example",
            "a b.example",
            "https://m.example",
            "m.example:443",
            ".example",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn who_asks_for_another_name_is_not_known_here() {
        let check = |host: &str, expected: bool| {
            let names = Names::listed(&["Mirror.example".to_owned(), "[::1]".to_owned()]);
            let (head, ()) = Request::get("/")
                .header(HOST, host)
                .body(())
                .unwrap()
                .into_parts();
            assert_eq!(names.is_asked(&head), expected, "{host}");
            assert!(Names::Any.is_asked(&head));
        };
        check("mirror.example", true);
        check("MIRROR.example:8080", true);
        check("[::1]:80", true);
        check("other.example", false);
        check("mirror.example.", true);
        check("mirror.example..", false);
        check("a@mirror.example", false);
        check("127.0.0.1", false);
        check("", false);
        check("a b", false);
    }

    #[test]
    fn http_2_says_the_name_elsewhere() {
        let names = Names::listed(&["mirror.example".to_owned()]);
        let check = |uri: &str, expected: bool| {
            let (head, ()) = Request::get(uri).body(()).unwrap().into_parts();
            assert_eq!(names.is_asked(&head), expected, "{uri}");
        };
        check("https://mirror.example/be/", true);
        check("https://other.example/be/", false);
        check("/be/", false);
    }
}
