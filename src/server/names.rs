//! Under which names this mirror answers. Who asks for another one learns nothing.

use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use super::tls::Certificates;

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

    /// `host`, as the field of that name has it.
    pub(super) fn are_said(&self, host: &[u8]) -> bool {
        let is_one = |host: Authority| self.has(host.host());
        self.are_any() || Authority::try_from(host).is_ok_and(is_one)
    }

    fn has(&self, host: &str) -> bool {
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
        check("mirror.example.", false);
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
