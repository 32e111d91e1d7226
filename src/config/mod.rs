//! The file `colport.toml`: as written by a person, then checked, then split into the options that each part owns.
//!
//! 1. [`parse`] reads the text; an unknown or misspelt setting is an error that names it and its line.
//! 2. Every value goes into the type that cannot be wrong (`NewsroomId`, `Language`, `Url`).
//! 3. Relative paths are taken from the folder that the file lies in.

mod said;
mod written;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::io::files::{self, FileError};
use crate::io::visit::Proxy;
use crate::packager::extract::Rulebook;
use crate::packager::{Document, Effort, Lifetimes, NEWEST, Rhythm, Source, Variant, Withdrawn};
use crate::site::{Newsroom, NewsroomId, SiteIdentity};
use crate::sync::daemon::{MeetingPlace, Wanted};
use crate::sync::hooks::Hook;
use crate::sync::pool::Described;
use crate::sync::watching::Vantage;
use crate::sync::{self, Mirror};

/// The name of the file in a newsroom's folder.
pub const FILE: &str = "colport.toml";

/// The file with every setting explained, which `colport init` writes.
pub const EXAMPLE: &str = include_str!("../../config/colport.toml");

const FILE_BYTES: u64 = 1 << 20;

/// A newsroom's folder, as its `colport.toml` describes it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its logo is not read yet.
    pub site: SiteIdentity,
    pub logo: Option<PathBuf>,
    pub contact: Option<String>,
    /// Where else readers find the site.
    pub elsewhere: Vec<String>,
    pub newsrooms: Vec<Desk>,
    pub mirrors: Vec<Mirror>,
    /// Where `colport sync` shows how things stand.
    pub page: Option<SocketAddr>,
    /// Where lists lie for those whom no mirror answers.
    pub meeting_places: Vec<MeetingPlace>,
    /// What `colport sync` keeps going.
    pub wanted: Wanted,
    /// From where mirrors are looked at.
    pub vantages: Vec<Vantage>,
    pub hooks: Vec<Hook>,
    /// What the hook that makes mirrors may make.
    pub made: Allowed,
    /// Mirrors that stand by.
    pub pool: Vec<Described>,
    /// How editions are pushed to them.
    pub push: sync::Options,
    pub effort: Effort,
    pub keep_editions: usize,
    /// Which bundles are made of an edition, besides the full one.
    pub variants: Vec<Variant>,
    /// Of `colport pack --watch`.
    pub rhythm: Rhythm,
    /// Through which the sources are fetched.
    pub proxy: Option<Proxy>,
    pub lifetimes: Lifetimes,
}

/// One newsroom and where its articles come from.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Its logo is not read yet.
    pub newsroom: Newsroom,
    pub logo: Option<PathBuf>,
    pub sources: Vec<Source>,
    /// Where the parts of an article stand on its pages.
    pub rules: Rulebook,
    /// What shall not be shown, whatever the sources say.
    pub withdrawn: Vec<Withdrawn>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{path}` cannot be understood: {why}")]
    Malformed { path: PathBuf, why: String },
}

impl ConfigError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(FileError::NotFound(_)) => Some(
                "run `colport init DIR` first, or name the newsroom's folder with `--site DIR`"
                    .into(),
            ),
            Self::File(error) => error.hint(),
            Self::Malformed { .. } => {
                Some("every setting is explained in the file that `colport init` writes".into())
            }
        }
    }
}

/// Reads the configuration of the newsroom's folder `site`.
pub fn load(site: &Path) -> Result<Config, ConfigError> {
    let path = site.join(FILE);
    let bytes = files::read(&path, FILE_BYTES)?;
    let malformed = |why: String| ConfigError::Malformed {
        path: path.clone(),
        why,
    };
    let text = String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8 text".into()))?;
    parse(&text, site).map_err(malformed)
}

/// `folder` is what relative paths begin at.
pub fn parse(text: &str, folder: &Path) -> Result<Config, String> {
    let written: written::Config =
        toml::from_str(text).map_err(|error| said::of_toml(&error, text))?;
    written.check(folder)
}

/// What a hook prints of a mirror that it made: an object with the settings of a `[[pool]]`. `folder` is the newsroom's.
pub fn described(json: &[u8], folder: &Path) -> Result<Described, String> {
    written::described(json, folder)
}

/// What the operator lets a hook make, besides what is harmless: it prints where colport writes and which key it uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Of `folder`, `git`, `sftp` and `key`.
    pub kinds: Vec<String>,
    /// As they are written.
    pub credentials: Vec<String>,
}

/// The same, of a mirror that was made just now.
pub fn made(json: &[u8], folder: &Path, allowed: &Allowed) -> Result<Described, String> {
    written::made(json, folder, allowed)
}

/// A source as it is named on the command line, told by its name: an address is a feed unless it ends like a sitemap, a
/// folder is a folder of pages, and a file is a crawl, a sitemap, a list or a feed.
pub fn source(text: &str) -> Result<Source, String> {
    if text.contains("://") {
        let url = written::http_address(text)?;
        return Ok(match is_sitemap(url.path()) {
            true => Source::Sitemap(Document::Address(url), NEWEST),
            false => Source::Feed(url),
        });
    }
    let path = PathBuf::from(text);
    let lower = text.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    Ok(match () {
        () if files::is_folder(&path) => Source::Folder(path),
        () if ends(&[".warc", ".warc.gz", ".wacz"]) => Source::Crawl(path),
        () if is_sitemap(&lower) => Source::Sitemap(Document::File(path.into()), NEWEST),
        () if ends(&[".txt"]) => Source::List(path.into()),
        () => Source::FeedFile(path.into()),
    })
}

/// `sitemap.xml`, `news-sitemap.xml`, `sitemap_index.xml.gz`
fn is_sitemap(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let stem = name.trim_end_matches(".gz").strip_suffix(".xml");
    stem.is_some_and(|stem| stem.contains("sitemap"))
}

impl Config {
    pub fn ids(&self) -> Vec<NewsroomId> {
        self.newsrooms
            .iter()
            .map(|desk| desk.newsroom.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::sync::watching::{Scope, Way};

    #[test]
    fn the_example_loads_and_means_what_it_says() {
        let config = parse(EXAMPLE, Path::new("/news")).unwrap();
        assert_eq!(config.site.name, "River Post");
        assert_eq!(config.newsrooms.len(), 1);
        assert_eq!(config.newsrooms[0].newsroom.id.as_str(), "en");
        assert!(
            matches!(&config.newsrooms[0].sources[..], [Source::Folder(path)] if path == Path::new("/news/articles"))
        );
        assert_eq!(config.lifetimes, Lifetimes::default());
        assert!(config.mirrors.is_empty());
    }

    /// What the example shows behind `#` is what is used when nothing is said, or at least understood.
    #[test]
    fn the_example_loads_with_every_setting_uncommented() {
        let is_setting = |line: &str| line.contains(" = ") || line.starts_with("[[");
        let uncommented: Vec<&str> = EXAMPLE
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| is_setting(rest))
                    .unwrap_or(line)
            })
            .collect();
        let config = parse(&uncommented.join("\n"), Path::new("/news")).unwrap();
        assert_eq!(config.lifetimes, Lifetimes::default());
        assert_eq!((config.effort, config.keep_editions), (Effort::Best, 7));
        assert_eq!(config.rhythm, Rhythm::default());
        assert_eq!(config.variants, [Variant::Full, Variant::Text]);
        assert_eq!(config.mirrors.len(), 7, "one of each kind");
        assert!(config.mirrors.iter().all(|mirror| !mirror.name.is_empty()));
        assert_eq!(config.push.line_bytes_per_second, Some(2_000_000));
        assert_eq!(config.wanted.members.len(), 8, "with the one in stock");
        assert!(config.wanted.members[0].public.is_none(), "a stick");
        let public = config.wanted.members[1].public.as_ref().unwrap();
        assert_eq!(public.provider, "first hoster");
        assert!(public.onion.is_some() && public.cost_a_day > 0.0);
        assert_eq!(config.wanted.channels.len(), 2);
        assert_eq!(config.wanted.channels[0].name, "letter-a");
        assert_eq!(config.wanted.rendezvous.urls.len(), 1);
        assert_eq!(config.page, "127.0.0.1:8071".parse().ok());
        assert_eq!(
            (config.vantages.len(), config.hooks.len(), config.pool.len()),
            (3, 3, 1)
        );
        let sources = &config.newsrooms[0].sources;
        assert_eq!(sources.len(), 7, "one of each kind");
        assert!(matches!(&sources[2], Source::Anywhere(_)));
        assert!(config.proxy.is_some());
        let address = Url::parse("https://news.example/a").unwrap();
        let rules = config.newsrooms[0].rules.rules_for(&address);
        assert!(rules.body.is_some() && rules.remove.len() == 2);
    }

    fn check(change: (&str, &str), says: &str) {
        let text = EXAMPLE.replacen(change.0, change.1, 1);
        assert_ne!(text, EXAMPLE, "{change:?} changes something");
        let error = parse(&text, Path::new("/news")).unwrap_err();
        assert!(error.contains(says), "{change:?}: {error}");
    }

    #[test]
    fn mistakes_are_named() {
        check(("tagline", "tagling"), "tagling");
        check(("id = \"en\"", "id = \"root\""), "root");
        check(("language = \"en\"", "language = \"!\""), "!");
        check(
            (
                "folder = \"articles\"",
                "folder = \"articles\"\nfeed = \"x\"",
            ),
            "both `folder` and `feed`",
        );
        check(("folder = \"articles\"", ""), "names none of `folder`");
        let mirror = |line: &str| format!("[[mirror]]\nname = \"x\"\n{line}\n[pack]");
        for (lines, says) in [
            ("", "has one of"),
            (
                "folder = \"a\"\ncolport = \"https://a.example\"",
                "has one of",
            ),
            (
                "webdav = \"https://a:hunter2@a.example/\"",
                "never in this file",
            ),
            (
                "git = { repository = \"https://t:hunter2@a.example/\" }",
                "never in this file",
            ),
            (
                "git = { repository = \"--upload-pack=x\" }",
                "--upload-pack",
            ),
            ("git = { repository = \"ext::sh -c x\" }", "ext::"),
            ("sftp = \"ssh://-oProxyCommand=x/site\"", "-oProxyCommand"),
            ("sftp = \"ssh://a.example\"", "no folder"),
            ("folder = \"a\"\nkey = \"k\"", "`key`"),
            ("folder = \"a\"\ncredentials = \"k\"", "`credentials`"),
            (
                "colport = \"https://a.example\"\nurl = \"https://b.example\"",
                "`url`",
            ),
            (
                "s3 = { bucket = \"b\", endpoint = \"https://a.example\" }",
                "`credentials`",
            ),
        ] {
            check(("[pack]", &mirror(lines)), says);
        }
        check(
            ("# line_kb_per_second = 2000", "line_kb_per_second = 0"),
            "line_kb_per_second",
        );
        for (line, says) in [
            ("newest = 7", "`newest`"),
            ("sitemap = \"a\"\nnewest = 0", "`newest = 0`"),
            ("wordpress = \"news.example\"", "begins with `https://`"),
        ] {
            let named = match line.starts_with("newest") {
                true => format!("folder = \"articles\"\n{line}"),
                false => line.to_owned(),
            };
            check(("folder = \"articles\"", &named), says);
        }
        check(
            ("# keep_editions", "proxy = \"socks5://a:hunter2@h\"\n#"),
            "socks5h",
        );
        check(
            ("folder = \"articles\"", "feed = \"ftp://news.example/x\""),
            "ftp",
        );
        check(
            ("# timestamp_days = 7", "timestamp_days = 0"),
            "timestamp_days",
        );
        check(("# withdrawn = []", "withdrawn = [\"../x\"]"), "../x");
        check(("# accent = \"#8a1c1c\"", "accent = \"#ffcc00\""), "darker");
        check(
            ("# accent = \"#8a1c1c\"", "accent = \"red\""),
            "`red` is no colour",
        );
        check(
            (
                "# [[newsroom.extract]]",
                "[[newsroom.extract]]\nbody = \"p[\"",
            ),
            "p[",
        );
        check(("# effort = \"best\"", "effort = \"harder\""), "harder");
        check(("# every = \"10min\"", "every = \"often\""), "often");
        check(("# variants = [\"full\"", "variants = [\"tiny\""), "tiny");
        check(("# variants = [\"full\", ", "variants = ["), "full");
        check(("# every = \"10min\"", "every = \"2 days\""), "2 days");
        check(("# every = \"10min\"", "every = \"0s\""), "0s");
        check(
            ("# page = \"127.0.0.1:8071\"", "page = \"0.0.0.0:8071\""),
            "this machine itself",
        );
        check(("# list_days = 14", "list_days = 0"), "list_days");
        check(("# dns = \"list.example\"", "dns = \"a b\""), "a b");
        let channel = |line: &str| format!("[[channel]]\nname = \"a\"\n{line}\n[pack]");
        for (line, says) in [
            ("kind = \"club\"", "club"),
            ("kind = \"bot\"\nleak = 2.0", "leak"),
            (
                "kind = \"bot\"\n[[channel]]\nname = \"a\"\nkind = \"bot\"",
                "two of the channel `a`",
            ),
            (
                "kind = \"bot\"\n[[channel]]\nname = \"../x\"\nkind = \"bot\"",
                "../x",
            ),
        ] {
            check(("[pack]", &channel(line)), says);
        }
    }

    #[test]
    fn two_mirrors_under_one_domain_are_refused_where_channels_are_told_of_them() {
        let check = |one: &str, other: &str, is_told: bool, says: Option<&str>| {
            let mirror = |name: &str, url: &str| {
                format!("[[mirror]]\nname = \"{name}\"\ncolport = \"{url}\"\n")
            };
            let channel = "[[channel]]\nname = \"letter\"\nkind = \"newsletter\"\n";
            let pool = "[[pool]]\nprovider = \"p\"\nupkeep = \"paid\"\n";
            let text = format!(
                "[site]\nname = \"x\"\nlanguage = \"en\"\n{}{}{pool}mirror = {{ name = \"c\", colport = \"{other}\" }}\n",
                if is_told { channel } else { "" },
                mirror("a", one),
            );
            let parsed = parse(&text, Path::new("/news"));
            match says {
                Some(says) => {
                    let error = parsed.unwrap_err();
                    assert!(
                        error.contains(says) && error.contains("another domain"),
                        "{error}"
                    );
                    // It comes onto the operator's page, and into alarms.
                    assert!(!error.contains("balo.com"), "{error}");
                }
                None => assert!(parsed.is_ok(), "{parsed:?}"),
            }
        };
        let (one, below) = ("https://a.balo.com/", "https://b.balo.com/");
        let says = "the mirrors `a` and `c` are under the same domain";
        check(one, below, true, Some(says));
        check(one, below, false, None);
        check(one, "https://kide.com/", true, None);
        check("https://a.github.io/", "https://b.github.io/", true, None);
        check("http://127.0.0.1:1/", "http://127.0.0.1:2/", true, None);
    }

    #[test]
    fn a_meeting_place_is_any_host_at_an_address() {
        let read = |places: &str| {
            let text = format!(
                "[site]\nname = \"x\"\nlanguage = \"en\"\n[[channel]]\nname = \"letter\"\nkind = \"bot\"\n[sync]\nmeeting_place = [{places}]\n"
            );
            parse(&text, Path::new("/news"))
        };
        let config = read(
            "{ folder = \"srv\", address = \"https://a.example/x\" }, \
             { name = \"branch\", git = { repository = \"https://git.example/x.git\" }, address = \"https://b.example/\" }, \
             { webdav = \"https://dav.example/\", credentials = \"k\", address = \"https://c.example/\" }, \
             { s3 = { endpoint = \"https://s3.example\", bucket = \"b\" }, credentials = \"k\", address = \"https://d.example/\" }, \
             { sftp = \"ssh://h.example/www\", address = \"https://e.example/\" }, \
             { colport = \"https://f.example/\" }",
        )
        .unwrap();
        let urls = config.wanted.rendezvous.urls.iter();
        let urls: Vec<&str> = urls.map(|url| url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://a.example/x/",
                "https://b.example/",
                "https://c.example/",
                "https://d.example/",
                "https://e.example/",
                "https://f.example/.colport/lists/",
            ]
        );
        let ways = &config.wanted.channels[0].ways;
        assert_eq!(ways.len(), 7, "each is told by itself: {ways:?}");
        assert_eq!(
            (ways[0].name.as_str(), ways[2].name.as_str()),
            ("files", "branch")
        );
        assert!(ways[1].name.starts_with("meeting place ") && !ways[1].name.contains("example"));
        for (places, says) in [
            ("{ folder = \"srv\" }", "`address`"),
            ("{ address = \"https://a.example/\" }", "has one of"),
            (
                "{ colport = \"https://f.example/\", address = \"https://a.example/\" }",
                "known already",
            ),
            ("{ folder = \"a\", address = \"ftp://a.example/\" }", "ftp"),
            (
                "{ folder = \"a\", address = \"https://a.example/\", follows = \"https://b.example/\" }",
                "follows",
            ),
            (
                "{ folder = \"a\", address = \"https://a.example/\" }, { folder = \"b\", address = \"https://a.example/\" }",
                "two of the meeting place",
            ),
        ] {
            let error = read(places).unwrap_err();
            assert!(error.contains(says), "{places}: {error}");
        }
    }

    #[test]
    fn vantages_hooks_and_mirrors_that_stand_by_are_read() {
        let text = "[site]\nname = \"x\"\nlanguage = \"en\"\n\
            [[vantage]]\nname = \"a\"\nplace = \"outside\"\n\
            [[vantage]]\nname = \"b\"\nplace = \"inside\"\nproxy = \"socks5h://10.0.0.2:1080\"\n\
            [[vantage]]\nname = \"c\"\nplace = \"inside\"\ncommand = [\"probes/curl\", \"12\"]\nuntold = true\ncontrols = [\"https://bank.example/\"]\n\
            [[hook]]\non = \"need_mirror\"\ncommand = [\"hooks/new\"]\npass = [\"TOKEN\"]\n\
            [[hook]]\non = \"alert\"\ncommand = [\"mail\"]\ntime = \"30s\"\n\
            [[pool]]\nprovider = \"p\"\naccount = \"q\"\nupkeep = \"paid\"\naddresses = [\"192.0.2.7\"]\n\
            mirror = { name = \"balo\", colport = \"https://balo.example/\" }\n";
        let config = parse(text, Path::new("/news")).unwrap();
        let [a, b, c] = &config.vantages[..] else {
            panic!("{:?}", config.vantages);
        };
        assert_eq!(
            (&a.way, a.scope, a.controls.len()),
            (&Way::Direct, Scope::All, 3)
        );
        assert_eq!(
            (matches!(b.way, Way::Proxy(_)), b.scope),
            (true, Scope::Told)
        );
        assert_eq!((c.scope, c.controls.len()), (Scope::All, 1));
        assert!(a.id != b.id && b.id != c.id);
        let Way::Command(program) = &c.way else {
            panic!("{c:?}");
        };
        assert_eq!(
            (program.name.as_str(), &program.arguments[..]),
            ("/news/probes/curl", &["12".to_owned()][..])
        );
        let times: Vec<u64> = config
            .hooks
            .iter()
            .map(|hook| hook.time.as_secs())
            .collect();
        assert_eq!(
            (times, config.hooks[1].program.name.as_str()),
            (vec![600, 30], "mail")
        );
        let json = r#"{"provider": "p", "account": "q", "upkeep": "paid", "addresses": ["192.0.2.7"],
            "mirror": {"name": "balo", "colport": "https://balo.example/"}}"#;
        let described = described(json.as_bytes(), Path::new("/news"));
        assert_eq!(described.as_ref(), Ok(&config.pool[0]));
        for (find, put, says) in [
            ("outside", "within", "within"),
            ("\"outside\"", "\"outside\"\ncontrols = []", "accuse nobody"),
            ("\"b\"", "\"a\"", "two of the vantage `a`"),
            (
                "\"outside\"",
                "\"outside\"\ncommand = [\"x\"]\nproxy = \"http://h/\"",
                "one of",
            ),
            ("[\"mail\"]", "[]", "`command`"),
            ("30s", "2 days", "2 days"),
            ("\"p\"", "\"\"", "`provider`"),
            ("192.0.2.7", "192.0.2", "at `addresses`"),
            (
                "colport = \"https://balo.example/\"",
                "folder = \"x\"",
                "no address for readers",
            ),
            ("https://balo", "https://anna@balo", "a user name"),
            ("example/\" }", "example/?x\" }", "`?`"),
            ("example/\" }", "example/\", account = \"a\" }", "beside it"),
            (
                "example/\" }",
                "example/\", provider = \"a\" }",
                "beside it",
            ),
            (
                "example/\" }",
                "example/\", onion = \"http://balo.example\" }",
                "`.onion`",
            ),
            (
                "example/\" }",
                "example/\", cost_a_day = -1.0 }",
                "`cost_a_day`",
            ),
        ] {
            let error = parse(&text.replacen(find, put, 1), Path::new("/news")).unwrap_err();
            assert!(error.contains(says), "{find}: {error}");
            assert!(!error.contains("anna"), "{error}");
        }
        let more = "example/\", onion = \"http://balo.onion\", cost_a_day = 0.5 }";
        let config = parse(&text.replacen("example/\" }", more, 1), Path::new("/news"));
        let wanted = config.unwrap().wanted;
        let public = wanted.members[0].public.as_ref().unwrap();
        assert_eq!(
            public.onion.as_ref().map(|onion| onion.as_str()),
            Some("http://balo.onion/")
        );
        assert!((public.cost_a_day - 0.5).abs() < 1e-9);
    }

    /// No reader opens a list that names one.
    #[test]
    fn no_reader_is_told_a_user_name() {
        for mirror in [
            "[[mirror]]\nname = \"a\"\ncolport = \"https://anna@balo.com/\"\n",
            "[[mirror]]\nname = \"a\"\nfolder = \"x\"\nurl = \"https://anna:hunter2@balo.com/\"\n",
            "[[mirror]]\nname = \"a\"\ncolport = \"https://balo.com/\"\nonion = \"http://anna@balo.onion/\"\n",
            "[sync]\nmeeting_place = [{ colport = \"https://anna@balo.com/\" }]\n",
            "[sync]\nmeeting_place = [{ folder = \"x\", address = \"https://anna@balo.com/\" }]\n",
        ] {
            let text = format!("[site]\nname = \"x\"\nlanguage = \"en\"\n{mirror}");
            let error = parse(&text, Path::new("/news")).unwrap_err();
            assert!(error.contains("a user name"), "{mirror}: {error}");
            assert!(!error.contains("anna"), "{error}");
        }
    }

    #[test]
    fn a_hook_makes_only_what_it_is_allowed() {
        let hook = "[[hook]]\non = \"need_mirror\"\ncommand = [\"new\"]\nallow = [\"sftp\"]\ncredentials = [\"keys/a\"]\n";
        let config = parse(&format!("{EXAMPLE}\n{hook}"), Path::new("/news")).unwrap();
        let check = |mirror: &str, says: &str| {
            let json =
                format!("{{\"provider\": \"p\", \"upkeep\": \"free\", \"mirror\": {{{mirror}}}}}");
            let made = made(json.as_bytes(), Path::new("/news"), &config.made);
            match says {
                "" => assert!(made.is_ok(), "{mirror}: {made:?}"),
                says => assert!(made.unwrap_err().contains(says), "{mirror}"),
            }
        };
        let url = "\"url\": \"https://balo.example/\"";
        let named = "\"name\": \"balo-1\"";
        check(
            &format!("{named}, \"colport\": \"https://balo.example/\""),
            "",
        );
        check(
            &format!("{named}, \"sftp\": \"ssh://a@h.example/x\", {url}"),
            "",
        );
        check(&format!("{named}, \"folder\": \"/etc\", {url}"), "`folder`");
        let git = "\"git\": {\"repository\": \"/root\"}";
        check(&format!("{named}, {git}, {url}"), "`git`");
        let key = "\"sftp\": \"ssh://h.example/x\", \"key\": \"keys/offline/root.pem\"";
        check(&format!("{named}, {key}, {url}"), "`key`");
        let dav = "\"webdav\": \"https://dav.example/\", \"credentials\"";
        check(&format!("{named}, {dav}: \"keys/a\", {url}"), "");
        check(
            &format!("{named}, {dav}: \"env:TOKEN\", {url}"),
            "`credentials`",
        );
        for name in ["", "Balo", "a b", "../x", "\\u001b[2J", &"a".repeat(41)] {
            let name = format!("\"name\": \"{name}\"");
            check(
                &format!("{name}, \"colport\": \"https://balo.example/\""),
                "name",
            );
        }
        let wrong = hook.replace("sftp", "s3");
        let error = parse(&format!("{EXAMPLE}\n{wrong}"), Path::new("/news")).unwrap_err();
        assert!(error.contains("`allow`"), "{error}");
    }

    #[test]
    fn a_source_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: fn(&Source) -> bool| {
            let source = source(text).unwrap();
            assert!(expected(&source), "{text}: {source:?}");
        };
        check(folder.path().to_str().unwrap(), |s| {
            matches!(s, Source::Folder(_))
        });
        check("https://n.example/feed", |s| matches!(s, Source::Feed(_)));
        let at_address = |s: &Source| matches!(s, Source::Sitemap(Document::Address(_), NEWEST));
        check("https://n.example/sitemap.xml", at_address);
        check("https://n.example/News-Sitemap.xml.gz?x=1", at_address);
        check("a/sitemap_index.xml", |s| {
            matches!(s, Source::Sitemap(Document::File(_), NEWEST))
        });
        for crawl in ["a.warc", "a.warc.gz", "A.WACZ"] {
            check(crawl, |s| matches!(s, Source::Crawl(_)));
        }
        check("addresses.txt", |s| matches!(s, Source::List(_)));
        check("feed.xml", |s| matches!(s, Source::FeedFile(_)));
        assert!(source("ftp://n.example/").is_err());
    }

    #[test]
    fn what_is_withdrawn_is_read() {
        let text = EXAMPLE.replacen(
            "# withdrawn = []",
            "withdrawn = [\"https://news.example/1\", \"en/2026/11/river-a1b2c3/\"]",
            1,
        );
        let config = parse(&text, Path::new("/news")).unwrap();
        let named = config.newsrooms[0].withdrawn.iter();
        let named: Vec<String> = named.map(ToString::to_string).collect();
        assert_eq!(
            named,
            ["https://news.example/1", "en/2026/11/river-a1b2c3/"]
        );
    }

    #[test]
    fn two_newsrooms_of_one_name_are_refused() {
        let second = "[[newsroom]]\nid = \"en\"\nname = \"x\"\ntagline = \"\"\nlanguage = \"en\"\n";
        let error = parse(&format!("{EXAMPLE}\n{second}"), Path::new("/news")).unwrap_err();
        assert!(error.contains("`en`"), "{error}");
    }
}
