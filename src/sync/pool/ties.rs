//! By what one mirror leads to another: a domain that was registered once, or an account that one person has.
//!
//! 1. Under which part of a name anybody can register is told by the Public Suffix List: `a.pages.example` and
//!    `b.pages.example` may belong to strangers, `a.river.example` and `b.river.example` do not.
//! 2. Two mirrors of a newsroom are never under one domain: one order to the registry takes both. So a file that names two
//!    is refused ([`first_clash`] of all), and so is a new mirror ([`admit`]).
//! 3. Two mirrors may be in one account, but no channel is told of both ([`apart`]), for who joins it would learn that they
//!    belong together, and one letter to the provider takes both. The planner only *prefers* other providers: where few are
//!    left it gives a channel two of one. What the operator gave no name counts as an account of its own.

use std::fmt;

use url::{Host, Url};

/// Who would be asked to take the mirror down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub provider: String,
    /// What the operator calls it; empty if he says nothing. The customer's number is nobody's business.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ties {
    pub domain: String,
    pub account: Account,
}

impl Ties {
    pub fn of(url: &Url, account: &Account) -> Self {
        Self {
            domain: registrable(url),
            account: account.clone(),
        }
    }

    /// By what the other is found from this one.
    fn clash(&self, other: &Self) -> Option<Clash> {
        match () {
            () if self.domain == other.domain => Some(Clash::Domain(self.domain.clone())),
            () if self.account == other.account && !self.account.name.is_empty() => {
                Some(Clash::Account(self.account.clone()))
            }
            () => None,
        }
    }
}

/// Two mirrors that lead to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    Domain(String),
    Account(Account),
}

/// Beware: it names no domain. What a hook tried would tell whoever reads the journal, or an alert, of a mirror that perhaps
/// nobody is told of.
impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(_) => f.write_str("under the same domain"),
            Self::Account(account) => write!(
                f,
                "in the same account, `{}` at `{}`",
                account.name, account.provider
            ),
        }
    }
}

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

/// Whether a new mirror may be taken beside those there are.
pub fn admit<'a>(new: &Ties, living: impl IntoIterator<Item = &'a Ties>) -> Result<(), Clash> {
    let mut living = living.into_iter();
    match living.find(|other| other.domain == new.domain) {
        Some(_) => Err(Clash::Domain(new.domain.clone())),
        None => Ok(()),
    }
}

/// The first two of one domain, by their places.
pub fn first_clash(all: &[Ties]) -> Option<(usize, usize, Clash)> {
    let mut pairs = all.iter().enumerate().flat_map(|(index, one)| {
        let later = all.iter().enumerate().skip(index + 1);
        later.map(move |(place, other)| (index, place, one, other))
    });
    pairs.find_map(|(index, place, one, other)| {
        let clash = one.clash(other);
        let clash = clash.filter(|clash| matches!(clash, Clash::Domain(_)))?;
        Some((index, place, clash))
    })
}

/// Those of `all` of which one channel may be told together: each that is not tied to one before it. The others with the
/// place of the one that is in their way.
pub fn apart(all: &[Ties]) -> (Vec<usize>, Vec<(usize, usize, Clash)>) {
    let (mut told, mut left_out): (Vec<usize>, Vec<_>) = (Vec::new(), Vec::new());
    for (place, ties) in all.iter().enumerate() {
        let in_the_way = told.iter().find_map(|before| {
            let clash = all.get(*before)?.clash(ties)?;
            Some((place, *before, clash))
        });
        match in_the_way {
            Some(clash) => left_out.push(clash),
            None => told.push(place),
        }
    }
    (told, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(url: &str, provider: &str, account: &str) -> Ties {
        let account = Account {
            provider: provider.into(),
            name: account.into(),
        };
        Ties::of(&Url::parse(url).unwrap(), &account)
    }

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
    fn a_new_mirror_under_a_domain_in_use_is_refused() {
        let living = [ties("https://a.balo.com/", "one", "x")];
        let check = |url: &str, expected| {
            assert_eq!(admit(&ties(url, "two", "y"), &living), expected, "{url}");
        };
        let clash = Clash::Domain("balo.com".into());
        let words = clash.to_string();
        assert!(!words.contains("balo"), "{words}");
        check("https://b.balo.com/", Err(clash));
        check("https://kide.github.io/", Ok(()));
    }

    #[test]
    fn two_under_one_domain_are_found_wherever_they_stand() {
        let check = |urls: &[&str], expected: Option<(usize, usize, &str)>| {
            let all: Vec<Ties> = urls.iter().map(|url| ties(url, "one", "x")).collect();
            let expected = expected.map(|(a, b, domain)| (a, b, Clash::Domain(domain.into())));
            assert_eq!(first_clash(&all), expected, "{urls:?}");
        };
        check(&[], None);
        check(&["https://balo.com/", "https://kide.com/"], None);
        check(
            &[
                "https://balo.com/",
                "https://kide.com/",
                "https://www.balo.com/x",
            ],
            Some((0, 2, "balo.com")),
        );
        check(&["http://127.0.0.1:1/", "http://127.0.0.1:2/"], None);
        check(
            &["http://192.0.2.7:1/", "http://192.0.2.7:2/"],
            Some((0, 1, "192.0.2.7")),
        );
    }

    #[test]
    fn of_one_account_a_channel_is_told_of_one_mirror() {
        let one = ties("https://balo.com/", "one", "x");
        let all = [
            one.clone(),
            ties("https://kide.com/", "one", "x"),
            ties("https://muna.com/", "one", "y"),
            ties("https://www.muna.com/", "two", "z"),
            ties("https://suho.com/", "one", ""),
            ties("https://nela.com/", "one", ""),
        ];
        let left_out = vec![
            (1, 0, Clash::Account(one.account)),
            (3, 2, Clash::Domain("muna.com".into())),
        ];
        assert_eq!(apart(&all), (vec![0, 2, 4, 5], left_out));
    }
}
