//! By what one mirror leads to another: a domain that was registered once.
//!
//! 1. Under which part of a name anybody can register is told by the Public Suffix List: `a.pages.example` and
//!    `b.pages.example` may belong to strangers, `a.river.example` and `b.river.example` do not.
//! 2. Two mirrors of a newsroom are never under one domain: one order to the registry takes both. So a file that names two
//!    is refused ([`first_double`]), and so is a new mirror under a domain that is in use.
//!
//! Two may be in one account, of which the [planner](crate::sync::rotation) knows.

use url::{Host, Url};

/// What was registered of the host's name, or its address. Of this very machine, where mirrors are tried out, each port is
/// another: nobody else can take them away.
pub fn registrable(url: &Url) -> String {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.host() {
        Some(host) if is_here => {
            format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            psl::domain_str(name).unwrap_or(name).to_owned()
        }
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

/// The first two of one domain, by their places.
pub fn first_double(domains: &[String]) -> Option<(usize, usize)> {
    let mut all = domains.iter().enumerate();
    all.find_map(|(place, domain)| {
        let later = domains.iter().skip(place + 1);
        let other = later.zip(place + 1..).find(|(other, _)| *other == domain)?;
        Some((place, other.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_registered_of_a_name_is_known() {
        let check = |url: &str, expected: &str| {
            assert_eq!(registrable(&Url::parse(url).unwrap()), expected, "{url}");
        };
        check("https://a.b.river.com/x", "river.com");
        check("https://river.co.uk/", "river.co.uk");
        check("https://www.river.com.tr./", "river.com.tr");
        check("https://balo.github.io/", "balo.github.io");
        check("https://balo.s3.amazonaws.com/", "balo.s3.amazonaws.com");
        check("https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com");
        check("http://192.0.2.7:8080/", "192.0.2.7");
        check("http://[2001:db8::7]/", "[2001:db8::7]");
        check("http://abc.onion/", "abc.onion");
        check("http://127.0.0.1:8080/", "127.0.0.1:8080");
        check("http://localhost/", "localhost:80");
    }

    #[test]
    fn two_under_one_domain_are_found_wherever_they_stand() {
        let check = |urls: &[&str], expected: Option<(usize, usize)>| {
            let domain = |url: &&str| registrable(&Url::parse(url).unwrap());
            let all: Vec<String> = urls.iter().map(domain).collect();
            assert_eq!(first_double(&all), expected, "{urls:?}");
        };
        check(&[], None);
        check(&["https://balo.com/", "https://kide.com/"], None);
        check(
            &[
                "https://balo.com/",
                "https://kide.com/",
                "https://www.balo.com/x",
            ],
            Some((0, 2)),
        );
        check(&["http://127.0.0.1:1/", "http://127.0.0.1:2/"], None);
        check(
            &["http://192.0.2.7:1/", "http://192.0.2.7:2/"],
            Some((0, 1)),
        );
    }
}
