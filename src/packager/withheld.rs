//! What stands in the address of a source and is nobody's business: a token, a password. Some systems repeat it in the
//! addresses of articles, pictures and recordings. These are fetched with it, and shown without.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Url, form_urlencoded};

use crate::base::Secret;

/// Of one source.
#[derive(Debug, Clone, Default)]
pub struct Withheld(Vec<Secret<String>>);

/// Of a source that has no address.
pub static NOTHING: Withheld = Withheld(Vec::new());

impl Withheld {
    /// Most of what stands in a query says which feed it is (`feed=rss2`, `lang=en`), and addresses of articles need it.
    pub fn of(source: &Url) -> Self {
        let told = source.query_pairs();
        let told = told.filter(|(name, value)| is_secret(name, value));
        let password = source.password().map(decoded);
        let password = password.filter(|password| password.len() >= SHORTEST);
        let all = told.map(|(_, value)| value).chain(password);
        Self(all.map(|value| Secret::new(value.into_owned())).collect())
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The address without it; `None` where it stands elsewhere than in the query.
    pub fn shown(&self, url: &Url) -> Option<Url> {
        let mut shown = url.clone();
        let query = url.query().unwrap_or_default();
        let is_open = |pair: &&str| {
            !form_urlencoded::parse(pair.as_bytes())
                .any(|(name, value)| self.is_told(&name, &value))
        };
        let open: Vec<&str> = query.split('&').filter(is_open).collect();
        let open = open.join("&");
        if open != query {
            shown.set_query((!open.is_empty()).then_some(&*open));
        }
        if url.fragment().is_some_and(|fragment| self.is_in(fragment)) {
            shown.set_fragment(None);
        }
        (!self.is_in(shown.as_str())).then_some(shown)
    }

    /// The name of an article, or a sentence, without it.
    pub fn removed(&self, text: &mut String) {
        let url = Url::parse(text).ok().filter(|_| !self.is_none());
        if let Some((shown, url)) = url.and_then(|url| Some((self.shown(&url)?, url))) {
            if shown != url {
                *text = shown.into();
            }
        } else if self.is_in(text) {
            *text = decoded(text).into_owned();
            for secret in self.0.iter().filter(|secret| is_unlike(secret.expose())) {
                *text = text.replace(secret.expose(), "");
            }
        }
    }

    fn is_told(&self, name: &str, value: &str) -> bool {
        let is_it = |secret: &Secret<String>| secret.expose() == value;
        self.0.iter().any(is_it) || self.is_in(name) || self.is_in(value)
    }

    /// Whether one stands there that does not by chance.
    fn is_in(&self, text: &str) -> bool {
        let mut unlike = self.0.iter().map(Secret::expose);
        unlike.any(|secret| {
            is_unlike(secret) && (text.contains(&**secret) || decoded(text).contains(&**secret))
        })
    }
}

impl PartialEq for Withheld {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |all: &Self| {
            all.0
                .iter()
                .map(|one| one.expose().clone())
                .collect::<Vec<_>>()
        };
        exposed(self) == exposed(other)
    }
}

impl Eq for Withheld {}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// In bytes. What is shorter is no secret.
const SHORTEST: usize = 6;

/// Whether it is unlike a word, which stands in many an address by chance.
fn is_unlike(value: &str) -> bool {
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    value.len() >= if has_digit { 8 } else { LONG }
}

/// Of what is called nothing in particular.
const LONG: usize = 12;

/// By its name, or since it looks like nothing that a person wrote.
fn is_secret(name: &str, value: &str) -> bool {
    const NAMES: [&str; 12] = [
        "token",
        "key",
        "auth",
        "secret",
        "pass",
        "password",
        "pwd",
        "sig",
        "signature",
        "session",
        "sid",
        "hash",
    ];
    let name = name.to_ascii_lowercase();
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let is_random = value.len() >= LONG
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !value.contains([' ', '/', '.', ',']);
    let is_named = NAMES.iter().any(|end| name.ends_with(end));
    is_random || (is_named && value.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_sources_token_is_shown_nowhere() {
        let withheld = Withheld::of(&url(
            "https://ed:PASSWORD1@n.example/feed?token=SECRET%2FTOKEN&lang=en&v=a1b2c3d4e5f6",
        ));
        let check = |address: &str, shown: Option<&str>| {
            let found = withheld.shown(&url(address)).map(String::from);
            assert_eq!(found.as_deref(), shown, "{address}");
            let mut text = address.to_owned();
            withheld.removed(&mut text);
            assert!(!withheld.is_in(&text), "{text}");
        };
        let same = |address: &str| check(address, Some(address));
        same("https://n.example/a?lang=en&id=7");
        same("https://n.example/a?token=another&x=%20");
        check(
            "https://n.example/a?token=SECRET%2FTOKEN",
            Some("https://n.example/a"),
        );
        check(
            "https://cdn.example/a.mp3?id=%37&key=SECRET/TOKEN&lang=en",
            Some("https://cdn.example/a.mp3?id=%37&lang=en"),
        );
        check(
            "https://n.example/a?p=PASSWORD1#a1b2c3d4e5f6",
            Some("https://n.example/a"),
        );
        check("https://n.example/SECRET%2fTOKEN/a", None);
        check("https://n.example/SECRET/TOKEN/a", None);
        let mut text = "the token SECRET/TOKEN of it".to_owned();
        withheld.removed(&mut text);
        assert_eq!(text, "the token  of it");
        assert!(!format!("{withheld:?}").contains("TOKEN"));
    }

    #[test]
    fn a_token_that_is_a_word_may_stand_in_the_names_of_articles() {
        let withheld = Withheld::of(&url("https://n.example/feed?key=public"));
        let shown = |address: &str| withheld.shown(&url(address)).map(String::from);
        for address in [
            "https://n.example/public/a",
            "https://n.example/?q=republic#public",
        ] {
            assert_eq!(shown(address).as_deref(), Some(address));
            let mut name = address.to_owned();
            withheld.removed(&mut name);
            assert_eq!(name, address);
        }
        let repeated = shown("https://n.example/a?key=public&n=1");
        assert_eq!(repeated.as_deref(), Some("https://n.example/a?n=1"));
    }

    #[test]
    fn what_only_says_which_feed_it_is_is_no_secret() {
        for address in [
            "https://n.example/?feed=rss2",
            "https://n.example/index.php?option=com_content&format=feed&type=rss",
            "https://n.example/rss?lang=en&category=politics-and-economy&keyword=minsk",
            "https://ed:pw@n.example/feed?key=1",
        ] {
            assert!(Withheld::of(&url(address)).is_none(), "{address}");
        }
    }
}
