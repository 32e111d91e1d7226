//! What stands in the address of a source and is nobody's business: a token, a password. Some systems repeat it in the
//! addresses of articles, pictures and recordings. These are fetched with it, and shown without.
//!
//! 1. In the query: what is called a token, and what looks drawn by lot.
//! 2. A password; and the user name, where no password stands beside it: then that is the token.
//! 3. In the path: what is called a token there (`;token=…`); and a part that looks drawn by lot, which counts only beside the
//!    name of the source's host. In a path numbers of that kind also are what a recording is known by, on other hosts too.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Url, form_urlencoded};

use crate::base::Secret;
use crate::io::fetch;

/// Of one source.
#[derive(Debug, Clone, Default)]
pub struct Withheld {
    /// Wherever they stand.
    anywhere: Vec<Secret<String>>,
    /// Beside the name of this host.
    at_home: Vec<Secret<String>>,
    home: String,
}

/// Of a source that has no address.
pub static NOTHING: Withheld = Withheld {
    anywhere: Vec::new(),
    at_home: Vec::new(),
    home: String::new(),
};

/// The address of a source, as people may see it.
pub fn shown(source: &Url) -> String {
    let mut shown = fetch::shown(source);
    Withheld::of(source).removed(&mut shown);
    shown
}

impl Withheld {
    /// Most of what stands in a query says which feed it is (`feed=rss2`, `lang=en`), and addresses of articles need it.
    pub fn of(source: &Url) -> Self {
        let told = source.query_pairs();
        let told = told.filter(|(name, value)| is_secret(name, value));
        let password = source.password().map(decoded);
        let password = password.filter(|password| password.len() >= SHORTEST);
        let user = decoded(source.username());
        let is_token = password.is_none() && is_unlike(&user) && !is_words(&user);
        let user = Some(user).filter(|user| is_token || is_drawn(user));
        let told = told.map(|(_, value)| value).chain(password).chain(user);
        let mut anywhere: Vec<String> = told.map(Cow::into_owned).collect();
        let mut at_home = Vec::new();
        for part in source.path().split(['/', ';', ':']).map(decoded) {
            let named = part.split_once('=');
            if let Some((_, value)) = named.filter(|(name, value)| is_named(name, value)) {
                anywhere.push(value.to_owned());
            } else if is_drawn(stem(&part)) {
                at_home.push(stem(&part).to_owned());
            }
        }
        let secrets = |all: Vec<String>| all.into_iter().map(Secret::new).collect();
        Self {
            anywhere: secrets(anywhere),
            at_home: secrets(at_home),
            home: bare(source).to_owned(),
        }
    }

    pub fn is_none(&self) -> bool {
        self.anywhere.is_empty() && self.at_home.is_empty()
    }

    /// The address without it; `None` where it stands elsewhere than in the query.
    pub fn shown(&self, url: &Url) -> Option<Url> {
        let mut shown = url.clone();
        if self.is_none() {
            return Some(shown);
        }
        let is_home = self.is_home(url.as_str());
        let query = url.query().unwrap_or_default();
        let is_open = |pair: &&str| {
            !form_urlencoded::parse(pair.as_bytes())
                .any(|(name, value)| self.is_told(&name, &value, is_home))
        };
        let open: Vec<&str> = query.split('&').filter(is_open).collect();
        let open = open.join("&");
        if open != query {
            shown.set_query((!open.is_empty()).then_some(&*open));
        }
        let stands = |text: &str| self.standing(text, is_home).next().is_some();
        if url.fragment().is_some_and(stands) {
            shown.set_fragment(None);
        }
        (!stands(shown.as_str())).then_some(shown)
    }

    /// The name of an article, or a sentence, without it.
    pub fn removed(&self, text: &mut String) {
        if self.is_none() {
            return;
        }
        let url = Url::parse(text).ok();
        if let Some((shown, url)) = url.and_then(|url| Some((self.shown(&url)?, url))) {
            if shown != url {
                *text = shown.into();
            }
        } else if self.is_in(text) {
            let mut rest = decoded(text).into_owned();
            for secret in self.standing(text, self.is_home(text)) {
                rest = rest.replace(secret, "");
            }
            *text = rest;
        }
    }

    /// By what an article is called that lies there.
    pub fn name(&self, url: &Url) -> Option<Url> {
        let mut name = url.to_string();
        self.removed(&mut name);
        Url::parse(&name).ok()
    }

    fn is_told(&self, name: &str, value: &str, is_home: bool) -> bool {
        let mut all = self.all(is_home);
        let stands = |text: &str| self.standing(text, is_home).next().is_some();
        all.any(|secret| secret == value) || stands(name) || stands(value)
    }

    fn is_in(&self, text: &str) -> bool {
        self.standing(text, self.is_home(text)).next().is_some()
    }

    fn is_home(&self, text: &str) -> bool {
        !self.at_home.is_empty()
            && (text.contains(&self.home) || decoded(text).contains(&self.home))
    }

    fn all(&self, is_home: bool) -> impl Iterator<Item = &str> {
        let at_home = self.at_home.iter().filter(move |_| is_home);
        let all = self.anywhere.iter().chain(at_home);
        all.map(|secret| &**secret.expose())
    }

    /// Those that stand there, and not by chance.
    fn standing<'a>(&'a self, text: &'a str, is_home: bool) -> impl Iterator<Item = &'a str> {
        let stands = move |secret: &&str| {
            is_unlike(secret) && (text.contains(*secret) || decoded(text).contains(*secret))
        };
        self.all(is_home).filter(stands)
    }
}

impl PartialEq for Withheld {
    fn eq(&self, other: &Self) -> bool {
        self.home == other.home && self.all(true).eq(other.all(true))
    }
}

impl Eq for Withheld {}

/// Its host, which may send those who ask for it to the one without `www.`.
fn bare(source: &Url) -> &str {
    let host = source.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The name of a file without what it ends in.
fn stem(name: &str) -> &str {
    let is_end = |end: &str| end.len() <= 5 && end.bytes().all(|byte| byte.is_ascii_lowercase());
    let parts = name.rsplit_once('.');
    parts.map_or(name, |(stem, end)| if is_end(end) { stem } else { name })
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
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let is_mixed = value.len() >= LONG && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_whole = !value.contains([' ', '/', '.', ',']);
    // Base64, in which a slash is a letter.
    let is_based = value.ends_with('=') || value.contains('+');
    // A list, a path or an address may hold one; so does a token of several parts (RFC 7519).
    let is_in_part = || value.split([' ', '/', '.', ',', ':']).any(is_drawn);
    is_named(name, value) || is_mixed && (is_whole || is_based || is_in_part())
}

/// Whether it is called a secret.
fn is_named(name: &str, value: &str) -> bool {
    const NAMES: [&str; 13] = [
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
        "jwt",
    ];
    // A country and a section have a code too, and an event has tickets.
    const DOUBTFUL: [&str; 3] = ["code", "access", "ticket"];
    let name = name.to_ascii_lowercase();
    let is_named = NAMES.iter().any(|end| name.ends_with(end));
    let is_doubtful = DOUBTFUL.contains(&&*name);
    is_named && value.len() >= SHORTEST || is_doubtful && is_unlike(value) && !is_words(value)
}

/// Whether a person may have written it: words with an initial capital at most, and numbers behind them.
fn is_words(text: &str) -> bool {
    let is_word = |word: &str| {
        let small = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut small = small.chars().skip(1);
        !small.any(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
    };
    text.split(['-', '_', '.', ' ']).all(is_word)
}

/// Whether it looks drawn by lot: letters and digits come in turns within one word, as they do in no word that somebody chose
/// (`covid19`, `f16s`, `2026`), and few of a kind stand together.
fn is_drawn(text: &str) -> bool {
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric());
    let length: usize = words().map(str::len).sum();
    let runs: usize = words().map(runs).sum();
    let is_dense = length >= LONG && runs >= 6 && runs * 3 >= length;
    let is_long = |word: &str| word.len() >= 20 && turns(word) >= 5;
    words().any(|word| is_long(word) || is_dense && turns(word) >= 3) || is_uuid(text)
}

/// RFC 9562.
fn is_uuid(text: &str) -> bool {
    let is_hex = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_hex && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// How often a digit and a letter stand beside each other.
fn turns(word: &str) -> usize {
    let bytes = word.as_bytes();
    let turns = bytes.iter().zip(bytes.iter().skip(1));
    turns
        .filter(|(one, next)| one.is_ascii_digit() != next.is_ascii_digit())
        .count()
}

/// How many parts there are of one kind: small letters, capitals, digits. An initial capital is of the word behind it.
fn runs(word: &str) -> usize {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Initial,
        Capital,
        Small,
        Digit,
    }
    let (mut runs, mut last) = (0, None);
    for byte in word.bytes() {
        let kind = match byte {
            b'0'..=b'9' => Kind::Digit,
            b'A'..=b'Z' if matches!(last, Some(Kind::Initial | Kind::Capital)) => Kind::Capital,
            b'A'..=b'Z' => Kind::Initial,
            _ => Kind::Small,
        };
        let goes_on = matches!(
            (last, kind),
            (Some(Kind::Initial), Kind::Capital | Kind::Small)
        );
        runs += usize::from(last != Some(kind) && !goes_on);
        last = Some(kind);
    }
    runs
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
    fn a_user_name_without_a_password_is_a_token() {
        let withheld = Withheld::of(&url("https://TOKENabc123xyz@n.example/feed"));
        let shown = |address: &str| withheld.shown(&url(address)).map(String::from);
        let asked = "https://cdn.example/a.mp3?u=TOKENabc123xyz&n=1";
        assert_eq!(
            shown(asked).as_deref(),
            Some("https://cdn.example/a.mp3?n=1")
        );
        assert_eq!(shown("https://n.example/TOKENabc123xyz/a"), None);
        let bare = Withheld::of(&url(
            "https://9f86d081884c7d65:x-oauth-basic@n.example/feed",
        ));
        assert_eq!(bare.shown(&url("https://n.example/9f86d081884c7d65")), None);
        for open in ["river-newspaper", "maryam", "river-newspaper:PASSWORD1"] {
            let withheld = Withheld::of(&url(&format!("https://{open}@n.example/feed")));
            let address = url("https://n.example/river-newspaper/a?by=maryam");
            assert_eq!(withheld.shown(&address), Some(address), "{open}");
        }
    }

    #[test]
    fn a_token_in_the_path_is_shown_nowhere_beside_its_host() {
        let check = |feed: &str, secret: &str| {
            let feed = url(feed);
            let (withheld, shown) = (Withheld::of(&feed), shown(&feed));
            assert!(!shown.contains(secret), "{shown}");
            for leads in [
                format!("https://n.example/private/{secret}/ep1"),
                format!("https://n.example/a/{secret}.mp3"),
            ] {
                assert_eq!(withheld.shown(&url(&leads)), None, "{leads}");
                for mut text in [leads.clone(), format!("`{leads}` is not there")] {
                    withheld.removed(&mut text);
                    assert!(!text.contains(secret), "{text}");
                }
                let passed_on = format!("https://b.example/share?u={leads}");
                let open = withheld.shown(&url(&passed_on)).map(String::from);
                assert_eq!(open.as_deref(), Some("https://b.example/share"));
            }
            let asked = withheld.shown(&url(&format!("https://n.example/a?n=1&u={secret}")));
            assert_eq!(asked, Some(url("https://n.example/a?n=1")));
        };
        for token in [
            "PATHtok555abc999zz",
            "9f86d081884c7d65",
            "550e8400-e29b-41d4-a716-446655440000",
            "kx7f2jq9mpzw4hd81",
            "dGhpc0lz-QVRva2Vu_x1b9Q2",
            "9f86d081884c7d659a2feaa0c55ad015",
        ] {
            check(
                &format!("https://n.example/private/{token}/feed.json"),
                token,
            );
            check(&format!("https://www.n.example/{token}.xml"), token);
            check(&format!("https://n.example/rss/secret:{token}/"), token);
        }
        let named = Withheld::of(&url("https://n.example/e.xml/;token=SEMITOKEN"));
        let asked = named.shown(&url("https://b.example/a?t=SEMITOKEN"));
        assert_eq!(asked, Some(url("https://b.example/a")));
    }

    #[test]
    fn what_a_recording_is_known_by_stays_in_addresses_on_other_hosts() {
        let id = "5ea17537-f11f-4532-8202-294d976b9d5c";
        let feed = format!("https://feeds.n.example/public/shows/{id}");
        let withheld = Withheld::of(&url(&feed));
        let recording = url(&format!("https://media.n.example/{id}/a.mp3?s={id}"));
        assert_eq!(withheld.shown(&recording), Some(recording));
    }

    #[test]
    fn tokens_of_several_parts_or_without_a_digit_are_known() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJ5YW0ifQ.SflKxwRJSMeKKF2QT4";
        for told in [
            &*format!("x={jwt}"),
            "jwt=eyJhbG.eyJzdW.SflKxw",
            "t=ab12cd%2Fef34gh%2Bij56kl%3D%3D",
            "code=QWERTYUIOPASDFGH",
            "access=QWERTYUIOPASDFGH",
            "ticket=a1b2c3d4",
        ] {
            let withheld = Withheld::of(&url(&format!("https://n.example/feed?lang=en&{told}")));
            let article = url(&format!("https://n.example/a?id=5&{told}"));
            let shown = withheld.shown(&article);
            assert_eq!(shown, Some(url("https://n.example/a?id=5")), "{told}");
        }
    }

    #[test]
    fn what_only_says_which_feed_it_is_is_no_secret() {
        for address in [
            "https://n.example/blog/feed",
            "https://n.example/2026/11/rss.xml",
            "https://n.example/2026/11/26/20261126T101500Z/feed",
            "https://n.example/category/politics-and-society-news/feed",
            "https://n.example/tag/covid19-news-2026-top-10/feed",
            "https://n.example/us-f16s-and-su27s-for-ukraine-top-10/feed",
            "https://n.example/tag/Covid19News2026/feed",
            "https://n.example/@RadioSvaboda2010/feed",
            "https://n.example/user/top10news24live/rss.xml",
            "https://n.example/NewsOfTheDayInUA2026.xml",
            "https://n.example/%D1%80%D0%B0%D1%87%D0%BD%D1%8B%D1%8F-2026/feed",
            "https://n.example/feeds/1234567890123456.rss",
            "https://n.example/a;lang=en/feed;type=rss",
            "https://n.example/feed?code=belarus2026&access=international-news",
            "https://n.example/feed?url=https://river.example/news/2026/11/top10/feed.xml",
            "https://n.example/feed?fields=id,title,date2,v1.2.3&path=/news/2026/g7/f16s",
            "https://river-newspaper@n.example/feed",
            "https://n.example/?feed=rss2",
            "https://n.example/index.php?option=com_content&format=feed&type=rss",
            "https://n.example/rss?lang=en&category=politics-and-economy&keyword=minsk",
            "https://ed:pw@n.example/feed?key=1",
        ] {
            assert!(Withheld::of(&url(address)).is_none(), "{address}");
        }
    }
}
