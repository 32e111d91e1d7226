//! By what one mirror leads to another: a domain that was registered once, or an account that one person has.
//!
//! 1. Under which part of a name anybody can register is told by the Public Suffix List: `a.pages.example` and
//!    `b.pages.example` may belong to strangers, `a.river.example` and `b.river.example` do not.
//! 2. A new mirror whose domain another has is refused: one order to the registry takes both.
//! 3. Of one provider the planner gives a channel no two mirrors, and so no two of one account. A list that breaks this,
//!    by whatever way it came, is seen by [`first_clash`].

use std::fmt;

use url::{Host, Url};

use crate::base::Digest;
use crate::sync::rotation::ProviderId;

/// Who would be asked to take the mirror down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub provider: String,
    /// What the operator calls it. The customer's number is nobody's business.
    pub name: String,
}

impl Account {
    /// The same each time, as the planner's state outlives the program.
    pub fn provider_id(&self) -> ProviderId {
        let digest = Digest::of(self.provider.to_lowercase().as_bytes());
        let first = digest.as_bytes().iter().take(8);
        ProviderId(first.fold(0, |id, byte| (id << 8) | u64::from(*byte)))
    }
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
            Self::Domain(_) => f.write_str("another mirror is under its domain already"),
            Self::Account(account) => write!(
                f,
                "another mirror of the channel is in the account `{}` at `{}`",
                account.name, account.provider
            ),
        }
    }
}

/// What was registered of the host's name, or its address.
pub fn registrable(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            psl::domain_str(name).unwrap_or(name).to_owned()
        }
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

/// The provider under which the planner knows a new mirror, if it may be taken beside those there are.
pub fn admit<'a>(
    new: &Ties,
    living: impl IntoIterator<Item = &'a Ties>,
) -> Result<ProviderId, Clash> {
    let mut living = living.into_iter();
    match living.find(|other| other.domain == new.domain) {
        Some(_) => Err(Clash::Domain(new.domain.clone())),
        None => Ok(new.account.provider_id()),
    }
}

/// Within what one channel is told.
pub fn first_clash(told: &[Ties]) -> Option<Clash> {
    let pairs = told
        .iter()
        .enumerate()
        .flat_map(|(index, one)| told.iter().skip(index + 1).map(move |other| (one, other)));
    for (one, other) in pairs {
        if one.domain == other.domain {
            return Some(Clash::Domain(one.domain.clone()));
        }
        if one.account == other.account {
            return Some(Clash::Account(one.account.clone()));
        }
    }
    None
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
    }

    #[test]
    fn a_new_mirror_under_a_domain_in_use_is_refused() {
        let living = [ties("https://a.balo.com/", "one", "x")];
        let check = |url: &str, provider: &str| admit(&ties(url, provider, "y"), &living);
        assert_eq!(
            check("https://b.balo.com/", "two"),
            Err(Clash::Domain("balo.com".into()))
        );
        let words = check("https://b.balo.com/", "two").unwrap_err().to_string();
        assert!(!words.contains("balo"), "{words}");
        let other = check("https://kide.github.io/", "one");
        assert_eq!(
            other,
            Ok(living[0].account.provider_id()),
            "the planner keeps them apart"
        );
        assert_ne!(check("https://kide.github.io/", "two"), other);
    }

    #[test]
    fn a_channel_that_is_told_two_of_one_account_is_seen() {
        let one = ties("https://balo.com/", "one", "x");
        let same = ties("https://kide.com/", "one", "x");
        let other = ties("https://muna.com/", "one", "y");
        assert_eq!(first_clash(&[one.clone(), other.clone()]), None);
        let clash = first_clash(&[one.clone(), other.clone(), same]);
        assert_eq!(clash, Some(Clash::Account(one.account.clone())));
        let below = ties("https://www.muna.com/", "two", "z");
        assert_eq!(
            first_clash(&[one, other, below]),
            Some(Clash::Domain("muna.com".into()))
        );
    }
}
