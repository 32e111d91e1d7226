//! The list of addresses of one channel, as only those see it who know the channel's word.
//!
//! It says which addresses there are, until when they count, and where to look when all fail. It says nothing of states,
//! of other channels, or of how many mirrors there are.
//!
//! [`AddressList::parse`] takes nothing that [`AddressList::to_json`] would not have written but unknown fields, which a
//! later version may add. How it is locked and signed is [`sealed`](super::sealed)'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ListRefusal;
use crate::base::{LIMITS, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressList {
    /// A reader never goes back to a smaller one.
    pub version: u64,
    pub issued: Timestamp,
    pub expires: Timestamp,
    pub mirrors: Vec<Address>,
    pub rendezvous: Rendezvous,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub url: Url,
    pub onion: Option<Url>,
    /// SHA-256 of the key of its certificate, in hexadecimal.
    pub spki: Option<String>,
}

/// Where to look for a newer list when no mirror answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendezvous {
    pub urls: Vec<Url>,
    /// Whose TXT records carry it.
    pub dns: Option<String>,
}

const LONGEST_SPAN_SECONDS: i64 = 90 * 86_400;
const MOST_ADDRESSES: usize = 64;

#[derive(Serialize, Deserialize)]
struct Written {
    version: u64,
    issued: String,
    expires: String,
    mirrors: Vec<WrittenAddress>,
    rendezvous: WrittenRendezvous,
}

#[derive(Serialize, Deserialize)]
struct WrittenAddress {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    onion: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spki: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WrittenRendezvous {
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dns: Option<String>,
}

impl AddressList {
    /// The bytes that are signed.
    pub fn to_json(&self) -> Vec<u8> {
        let mirrors = self.mirrors.iter().map(|address| WrittenAddress {
            url: address.url.to_string(),
            onion: address.onion.as_ref().map(Url::to_string),
            spki: address.spki.clone(),
        });
        let list = Written {
            version: self.version,
            issued: written(self.issued),
            expires: written(self.expires),
            mirrors: mirrors.collect(),
            rendezvous: WrittenRendezvous {
                urls: self.rendezvous.urls.iter().map(Url::to_string).collect(),
                dns: self.rendezvous.dns.clone(),
            },
        };
        serde_json::to_vec(&list).expect("a list has text fields")
    }

    /// Reads a list that was signed. One that has expired is read like any other: it is better than none.
    pub fn parse(bytes: &[u8]) -> Result<Self, ListRefusal> {
        if bytes.len() as u64 > LIMITS.address_list_bytes {
            let most = LIMITS.address_list_bytes;
            return Err(ListRefusal::TooLong { most });
        }
        let written: Written = serde_json::from_slice(bytes).map_err(unreadable)?;
        let list = Self {
            version: written.version,
            issued: moment(&written.issued)?,
            expires: moment(&written.expires)?,
            mirrors: addresses(&written.mirrors)?,
            rendezvous: rendezvous(&written.rendezvous)?,
        };
        let (issued, expires) = (list.issued, list.expires);
        let span = expires.as_second() - issued.as_second();
        match (1..=LONGEST_SPAN_SECONDS).contains(&span) {
            true => Ok(list),
            false => Err(ListRefusal::Span { issued, expires }),
        }
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires <= now
    }
}

fn unreadable(error: serde_json::Error) -> ListRefusal {
    ListRefusal::Unreadable(error.to_string().chars().take(200).collect())
}

fn written(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// In whole seconds, and in one spelling: what is written again must be the same.
fn moment(text: &str) -> Result<Timestamp, ListRefusal> {
    let moment = text.parse().ok().filter(|moment| written(*moment) == text);
    moment.ok_or_else(|| {
        let text: String = text.chars().take(80).collect();
        ListRefusal::Unreadable(format!("`{text}` is no date"))
    })
}

fn addresses(written: &[WrittenAddress]) -> Result<Vec<Address>, ListRefusal> {
    let mut seen = BTreeSet::new();
    if written.is_empty() || written.len() > MOST_ADDRESSES {
        let words = format!(
            "{} mirrors; there must be 1 to {MOST_ADDRESSES}",
            written.len()
        );
        return Err(ListRefusal::Unreadable(words));
    }
    let address = |written: &WrittenAddress| {
        let url = web(&written.url)?;
        if !seen.insert(url.clone()) {
            return Err(ListRefusal::Twice(url.to_string()));
        }
        let onion = written.onion.as_deref().map(onion).transpose()?;
        let spki = written.spki.clone().map(spki).transpose()?;
        Ok(Address { url, onion, spki })
    };
    written.iter().map(address).collect()
}

fn rendezvous(written: &WrittenRendezvous) -> Result<Rendezvous, ListRefusal> {
    if written.urls.len() > MOST_ADDRESSES {
        return Err(ListRefusal::Unreadable("too many rendezvous".to_owned()));
    }
    let urls: Result<Vec<Url>, ListRefusal> = written.urls.iter().map(|url| web(url)).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let dns = written.dns.clone();
    match dns
        .as_deref()
        .filter(|name| !name.chars().all(plain) || name.len() > 253)
    {
        Some(name) => Err(refused(name)),
        None => Ok(Rendezvous { urls: urls?, dns }),
    }
}

/// A plain web address: nobody's name and password in it.
fn web(text: &str) -> Result<Url, ListRefusal> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    url.ok_or_else(|| refused(text))
}

fn onion(text: &str) -> Result<Url, ListRefusal> {
    let url = web(text)?;
    match url.host_str().is_some_and(|host| host.ends_with(".onion")) {
        true => Ok(url),
        false => Err(refused(text)),
    }
}

fn spki(text: String) -> Result<String, ListRefusal> {
    match text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        true => Ok(text),
        false => Err(refused(&text)),
    }
}

fn refused(text: &str) -> ListRefusal {
    ListRefusal::Address(text.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> AddressList {
        AddressList {
            version: 4,
            issued: "2026-11-23T12:00:00Z".parse().unwrap(),
            expires: "2026-12-07T12:00:00Z".parse().unwrap(),
            mirrors: vec![
                Address {
                    url: Url::parse("https://qz7.example/").unwrap(),
                    onion: Some(Url::parse("http://abcdef.onion/").unwrap()),
                    spki: Some("0a".repeat(32)),
                },
                Address {
                    url: Url::parse("https://b.example:8443/x/").unwrap(),
                    onion: None,
                    spki: None,
                },
            ],
            rendezvous: Rendezvous {
                urls: vec![Url::parse("https://paste.example/r").unwrap()],
                dns: Some("list.example".into()),
            },
        }
    }

    #[test]
    fn a_list_comes_back_as_it_was_written_and_says_nothing_else() {
        let json = list().to_json();
        assert_eq!(AddressList::parse(&json), Ok(list()));
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let names: Vec<&String> = value.as_object().unwrap().keys().collect();
        let all = ["expires", "issued", "mirrors", "rendezvous", "version"];
        assert_eq!(names, all);
    }

    #[track_caller]
    fn check(change: impl Fn(&mut serde_json::Value), why: &str) {
        let mut value: serde_json::Value = serde_json::from_slice(&list().to_json()).unwrap();
        change(&mut value);
        let bytes = serde_json::to_vec(&value).unwrap();
        let refusal = AddressList::parse(&bytes).unwrap_err().to_string();
        assert!(refusal.contains(why), "{refusal}");
    }

    #[test]
    fn what_a_reader_must_not_believe_is_refused() {
        check(
            |list| list["expires"] = "2027-11-23T18:00:00Z".into(),
            "counts from",
        );
        check(
            |list| list["expires"] = "2026-11-22T18:00:00Z".into(),
            "counts from",
        );
        check(|list| list["issued"] = "yesterday".into(), "no date");
        check(|list| list["mirrors"] = serde_json::json!([]), "0 mirrors");
        check(
            |list| list["mirrors"][1]["url"] = "https://qz7.example".into(),
            "twice",
        );
        check(
            |list| list["mirrors"][0]["url"] = "javascript:alert(1)".into(),
            "no address",
        );
        check(
            |list| list["mirrors"][0]["url"] = "https://me:pw@b.example/".into(),
            "no address",
        );
        check(
            |list| list["mirrors"][0]["onion"] = "https://b.example/".into(),
            "no address",
        );
        check(
            |list| list["mirrors"][0]["spki"] = "00".into(),
            "no address",
        );
        check(
            |list| list["rendezvous"]["dns"] = "a b".into(),
            "no address",
        );
        check(
            |list| list["rendezvous"]["urls"][0] = "file:///etc/passwd".into(),
            "no address",
        );
    }

    #[test]
    fn length_has_an_end_and_later_fields_are_let_pass() {
        let long = vec![b' '; LIMITS.address_list_bytes as usize + 1];
        let refusal = AddressList::parse(&long).unwrap_err();
        assert!(matches!(refusal, ListRefusal::TooLong { .. }));
        let mut value: serde_json::Value = serde_json::from_slice(&list().to_json()).unwrap();
        value["colour"] = "blue".into();
        let bytes = serde_json::to_vec(&value).unwrap();
        assert_eq!(AddressList::parse(&bytes), Ok(list()));
    }
}
