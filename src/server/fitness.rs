//! Whether readers will see anything by the certificates that were given. A mirror serves all the same: they are read again
//! when they are renewed, and a clock can be set.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::ServerName;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::renewal::Validity;
use super::tls::Shown;

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the certificate `{0}` names no host, so nobody is ever shown it")]
    Nameless(PathBuf),
    #[error("browsers refuse the certificate `{certificate}`: its date was {}", day(*.until))]
    PastDate {
        certificate: PathBuf,
        until: Timestamp,
    },
    #[error("browsers refuse the certificate `{certificate}`: it holds from {} on", day(*.from))]
    NotYet {
        certificate: PathBuf,
        from: Timestamp,
    },
    #[error("no certificate is for `{0}`, so nobody sees a page under that name")]
    Uncovered(String),
}

impl Unfit {
    /// What a person may try.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nameless(_) => {
                "get one that has your host name among its alternative names; that it is the common name does not count any more"
            }
            Self::PastDate { .. } => {
                "renew it; the mirror reads the new one by itself. If it is new, set this machine's clock"
            }
            Self::NotYet { .. } => "look at this machine's clock with `date`",
            Self::Uncovered(_) => "get one for that name, or leave `--name` away",
        }
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// With where each of them lies, and with the names that the mirror is to answer under, if they were said.
pub(super) fn judge(given: &[(PathBuf, Shown)], names: &[String], now: Timestamp) -> Vec<Unfit> {
    let of_each = given
        .iter()
        .filter_map(|(path, shown)| of(path, shown, now));
    // Where there is none, no TLS is spoken.
    let asked = names.iter().filter(|_| !given.is_empty());
    let uncovered = asked.filter(|name| {
        let name = ServerName::try_from(name.trim_matches(['[', ']']));
        !name.is_ok_and(|name| given.iter().any(|(_, shown)| shown.is_for(&name)))
    });
    of_each
        .chain(uncovered.cloned().map(Unfit::Uncovered))
        .collect()
}

fn of(path: &Path, shown: &Shown, now: Timestamp) -> Option<Unfit> {
    let certificate = path.to_path_buf();
    let Validity { from, until } = Validity::of(shown.certificate()?)?;
    if hosts(shown).is_empty() {
        return Some(Unfit::Nameless(certificate));
    }
    if until < now {
        return Some(Unfit::PastDate { certificate, until });
    }
    (now < from).then_some(Unfit::NotYet { certificate, from })
}

/// Whom a certificate names (RFC 5280 section 4.2.1.6).
pub(super) fn hosts(shown: &Shown) -> Vec<String> {
    let certificate = shown
        .certificate()
        .and_then(|der| Certificate::from_der(der).ok());
    let named = certificate.and_then(|certificate| {
        let named = certificate
            .tbs_certificate()
            .get_extension::<SubjectAltName>();
        Some(named.ok()??.1.0)
    });
    named.iter().flatten().filter_map(host).collect()
}

fn host(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(|four| Ipv4Addr::from(four).to_string());
            let sixteen = || <[u8; 16]>::try_from(bytes).map(|all| Ipv6Addr::from(all).to_string());
            four.or_else(|_| sixteen()).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> (PathBuf, Shown) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 11, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 30);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let shown = Shown::of(pem.as_bytes(), key.serialize_pem().as_bytes());
        ("chain.pem".into(), shown.unwrap())
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const GOOD: &str = "2026-11-25T00:00:00Z";

    #[test]
    fn a_certificate_that_browsers_refuse_is_named() {
        let given = [certificate(&["m.example"])];
        let check = |now: &str, expected: &[Unfit]| {
            assert_eq!(judge(&given, &[], time(now)), expected, "{now}");
        };
        check(GOOD, &[]);
        let certificate = PathBuf::from("chain.pem");
        check(
            "2027-02-01T00:00:00Z",
            &[Unfit::PastDate {
                certificate: certificate.clone(),
                until: time("2027-01-30T00:00:00Z"),
            }],
        );
        check(
            "1970-01-01T00:10:00Z",
            &[Unfit::NotYet {
                certificate,
                from: time("2026-11-01T00:00:00Z"),
            }],
        );
    }

    #[test]
    fn a_name_without_a_certificate_and_a_certificate_without_a_name_are_named() {
        let names = [
            "m.news.example",
            "other.news.example",
            "192.0.2.1",
            "[2001:db8::1]",
        ];
        let names = names.map(str::to_owned);
        let given = [certificate(&["*.news.example", "192.0.2.1", "2001:db8::1"])];
        assert_eq!(judge(&given, &names, time(GOOD)), []);
        assert_eq!(
            hosts(&given[0].1),
            ["*.news.example", "192.0.2.1", "2001:db8::1"]
        );
        let given = [certificate(&["m.news.example"]), certificate(&[])];
        let unfit = judge(&given, &names[..2], time(GOOD));
        let expected = [
            Unfit::Nameless("chain.pem".into()),
            Unfit::Uncovered("other.news.example".into()),
        ];
        assert_eq!(unfit, expected);
        assert_eq!(judge(&[], &names, time(GOOD)), [], "no TLS is spoken");
    }
}
