//! The file as it is written: its own types, so that inner ones can change without breaking anybody's file.

mod watching;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use crate::base::LIMITS;
use crate::io::address;
use crate::io::visit::Proxy;
use crate::packager::extract::{Rulebook, Rules, Selector};
use crate::packager::{self, Document, Lifetimes, NEWEST, Rhythm, Source, Withdrawn};
use crate::site::{self, Language, Newsroom, NewsroomId, SiteIdentity};
use crate::sync::daemon::{
    Audience, FILES, MeetingPlace, Member, Public, Rendezvous, Wanted, WantedChannel, Way,
};
use crate::sync::rotation::{Kind, Upkeep};
use crate::sync::pool::Described;
use crate::sync::{self, Place};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    site: Site,
    #[serde(default)]
    newsroom: Vec<Desk>,
    #[serde(default)]
    mirror: Vec<Mirror>,
    #[serde(default)]
    channel: Vec<Channel>,
    #[serde(default)]
    sync: Sync,
    vantage: Vec<watching::Vantage>,
    #[serde(default)]
    hook: Vec<watching::Hook>,
    #[serde(default)]
    pool: Vec<watching::Pooled>,
    #[serde(default)]
    pack: Pack,
    #[serde(default)]
    lifetimes: Days,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    name: String,
    language: String,
    contact: Option<String>,
    #[serde(default)]
    elsewhere: Vec<String>,
    accent: Option<String>,
    #[serde(default)]
    logo: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Desk {
    id: String,
    name: String,
    #[serde(default)]
    tagline: String,
    language: String,
    #[serde(default)]
    logo: PathBuf,
    #[serde(default)]
    withdrawn: Vec<String>,
    #[serde(default)]
    source: Vec<From>,
    #[serde(default)]
    extract: Vec<Extract>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extract {
    host: Option<String>,
    body: Option<String>,
    title: Option<String>,
    byline: Option<String>,
    date: Option<String>,
    lead: Option<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    folder: Option<PathBuf>,
    feed: Option<String>,
    sitemap: Option<String>,
    wordpress: Option<String>,
    list: Option<PathBuf>,
    crawl: Option<PathBuf>,
    inbox: Option<PathBuf>,
    newest: Option<usize>,
    #[serde(default)]
    allow_private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mirror {
    name: String,
    folder: Option<PathBuf>,
    colport: Option<String>,
    address: Option<String>,
    onion: Option<String>,
    provider: Option<String>,
    #[serde(default)]
    cost_a_day: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    name: String,
    kind: String,
    #[serde(default = "some_readers")]
    readers: u64,
    leak: Option<f64>,
    instead_of: Option<String>,
}

fn some_readers() -> u64 {
    100
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sync {
    mirrors_a_day: f64,
    list_days: i64,
    page: String,
    dns: String,
    meeting_place: Vec<WrittenPlace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlace {
    folder: PathBuf,
    address: String,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            mirrors_a_day: 1.0,
            list_days: 14,
            page: "127.0.0.1:8071".into(),
            dns: String::new(),
            meeting_place: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pack {
    effort: Effort,
    keep_editions: usize,
    variants: Vec<Variant>,
    every: Option<String>,
    proxy: String,
}

impl Default for Pack {
    fn default() -> Self {
        Self {
            effort: Effort::Best,
            keep_editions: 7,
            variants: vec![Variant::Full, Variant::Text],
            every: None,
            proxy: String::new(),
        }
    }
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Variant {
    Full,
    Light,
    Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Best,
    Quick,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Days {
    timestamp_days: i64,
    snapshot_days: i64,
    newsroom_days: i64,
    month_days: i64,
    offline_days: i64,
}

impl Default for Days {
    fn default() -> Self {
        let usual = Lifetimes::default();
        Self {
            timestamp_days: days(usual.timestamp),
            snapshot_days: days(usual.snapshot),
            newsroom_days: days(usual.newsroom),
            month_days: days(usual.month),
            offline_days: days(usual.root),
        }
    }
}

fn days(lifetime: SignedDuration) -> i64 {
    lifetime.as_hours() / 24
}

impl Config {
    pub(super) fn check(self, folder: &Path) -> Result<super::Config, String> {
        let newsrooms: Vec<_> = self
            .newsroom
            .into_iter()
            .map(|desk| desk.check(folder))
            .collect::<Result<_, _>>()?;
        refuse_doubles(
            "newsroom",
            newsrooms
                .iter()
                .map(|desk: &super::Desk| desk.newsroom.id.as_str()),
        )?;
        let members: Vec<Member> = self
            .mirror
            .into_iter()
            .map(|mirror| mirror.check(folder))
            .collect::<Result<_, _>>()?;
        refuse_doubles(
            "mirror",
            members.iter().map(|member| member.mirror.name.as_str()),
        )?;
        let channels: Vec<WantedChannel> = self
            .channel
            .into_iter()
            .map(Channel::check)
            .collect::<Result<_, _>>()?;
        refuse_doubles(
            "channel",
            channels.iter().map(|channel| channel.name.as_str()),
        )?;
        let vantages = checked(self.vantage, |vantage| vantage.check(folder))?;
        refuse_doubles(
            "vantage",
            vantages.iter().map(|vantage| vantage.name.as_str()),
        )?;
        Ok(super::Config {
            vantages,
            hooks: checked(self.hook, |hook| hook.check(folder))?,
            pool: checked(self.pool, |pooled| pooled.check(folder))?,
            site: SiteIdentity {
                name: self.site.name,
                language: language(&self.site.language)?,
                look: look(self.site.accent.as_deref())?,
                logo: None,
            },
            logo: place(folder, &self.site.logo),
            contact: self.site.contact,
            elsewhere: self.site.elsewhere,
            newsrooms,
            mirrors: members.iter().map(|member| member.mirror.clone()).collect(),
            page: self.sync.page()?,
            meeting_places: self.sync.meeting_places(folder)?,
            wanted: self.sync.check(members, channels)?,
            effort: match self.pack.effort {
                Effort::Best => packager::Effort::Best,
                Effort::Quick => packager::Effort::Quick,
            },
            keep_editions: self.pack.keep_editions.max(1),
            variants: variants(self.pack.variants)?,
            rhythm: match &self.pack.every {
                Some(text) => rhythm(text)?,
                None => Rhythm::default(),
            },
            proxy: match self.pack.proxy.as_str() {
                "" => None,
                text => Some(Proxy::parse(text)?),
            },
            lifetimes: self.lifetimes.check()?,
        })
    }
}

impl Desk {
    fn check(self, folder: &Path) -> Result<super::Desk, String> {
        let id = NewsroomId::parse(&self.id).map_err(|error| error.to_string())?;
        let sources = self
            .source
            .into_iter()
            .map(|source| source.check(folder))
            .collect::<Result<_, _>>()?;
        let withdrawn = self
            .withdrawn
            .iter()
            .map(|text| Withdrawn::parse(text))
            .collect::<Result<_, _>>()?;
        let rules = self
            .extract
            .into_iter()
            .map(Extract::check)
            .collect::<Result<_, _>>()?;
        let language = language(&self.language)?;
        let newsroom = Newsroom {
            id,
            name: self.name,
            tagline: self.tagline,
            language,
            logo: None,
        };
        Ok(super::Desk {
            newsroom,
            logo: place(folder, &self.logo),
            sources,
            rules: Rulebook::new(rules),
            withdrawn,
        })
    }
}

impl From {
    fn check(self, folder: &Path) -> Result<Source, String> {
        let at = |path: PathBuf| folder.join(path);
        let newest = self.newest.unwrap_or(NEWEST);
        if !(1..=LIMITS.offers).contains(&newest) {
            let most = LIMITS.offers;
            return Err(format!("`newest = {newest}` must lie between 1 and {most}"));
        }
        let document = |text: String| match text.contains("://") {
            true => http_address(&text).map(Document::Address),
            false => Ok(Document::File(folder.join(text))),
        };
        let feed = |text: String| match document(text)? {
            Document::Address(url) => Ok(Source::Feed(url)),
            Document::File(path) => Ok(Source::FeedFile(path)),
        };
        let sitemap = |text: String| Ok(Source::Sitemap(document(text)?, newest));
        let wordpress = |text: String| Ok(Source::WordPress(http_address(&text)?, newest));
        let named: [Option<Result<Source, String>>; 7] = [
            self.folder.map(|path| Ok(Source::Folder(at(path)))),
            self.feed.map(feed),
            self.sitemap.map(sitemap),
            self.wordpress.map(wordpress),
            self.list.map(|path| Ok(Source::List(at(path)))),
            self.crawl.map(|path| Ok(Source::Crawl(at(path)))),
            self.inbox.map(|path| Ok(Source::Inbox(at(path)))),
        ];
        let mut named = named.into_iter().flatten();
        let source = match (named.next(), named.next()) {
            (Some(source), None) => source?,
            _ => return Err("a `[[newsroom.source]]` has one of `folder`, `feed`, `sitemap`, `wordpress`, `list`, `crawl` and `inbox`".into()),
        };
        let counts = matches!(source, Source::Sitemap(..) | Source::WordPress(..));
        if self.newest.is_some() && !counts {
            return Err("`newest` is for a `sitemap` and a `wordpress`".into());
        }
        Ok(match self.allow_private {
            true => Source::Anywhere(Box::new(source)),
            false => source,
        })
    }
}

impl Extract {
    fn check(self) -> Result<Rules, String> {
        let one = |text: Option<String>| text.map(|text| selector(&text)).transpose();
        Ok(Rules {
            host: self.host,
            body: one(self.body)?,
            title: one(self.title)?,
            byline: one(self.byline)?,
            date: one(self.date)?,
            lead: one(self.lead)?,
            remove: self
                .remove
                .iter()
                .map(|text| selector(text))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn selector(text: &str) -> Result<Selector, String> {
    Selector::parse(text)
        .ok_or_else(|| format!("`{text}` is no CSS selector, such as `div.article-text`"))
}

impl Mirror {
    fn check(self, folder: &Path) -> Result<Member, String> {
        let public = self.public()?;
        let place = match (self.folder, self.colport) {
            (Some(path), None) => Place::Folder(folder.join(path)),
            (None, Some(address)) => Place::Colport(http_address(&address)?),
            _ => {
                return Err(format!(
                    "the mirror `{}` has one of `folder` and `colport`",
                    self.name
                ));
            }
        };
        Ok(Member {
            mirror: sync::Mirror {
                name: self.name,
                place,
            },
            public,
            made: None,
        })
    }

    /// What readers may know of it. Nobody is told of a folder whose address nobody said.
    fn public(&self) -> Result<Option<Public>, String> {
        let name = &self.name;
        let Some(address) = self.address.as_ref().or(self.colport.as_ref()) else {
            return match self.onion {
                Some(_) => Err(format!(
                    "the mirror `{name}` has an `onion` and no `address`"
                )),
                None => Ok(None),
            };
        };
        let url = mirror_address(address)?;
        let onion = self.onion.as_deref().map(mirror_address).transpose()?;
        if onion.as_ref().is_some_and(|onion| {
            !onion
                .host_str()
                .is_some_and(|host| host.ends_with(".onion"))
        }) {
            return Err(format!(
                "the `onion` of the mirror `{name}` does not end with `.onion`"
            ));
        }
        if !(0.0..=100_000.0).contains(&self.cost_a_day) {
            return Err(format!(
                "`cost_a_day` of the mirror `{name}` is no sum of money"
            ));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Some(Public {
            url,
            onion,
            provider: self.provider.clone().unwrap_or(host),
            upkeep: match self.cost_a_day > 0.0 {
                true => Upkeep::Paid,
                false => Upkeep::Free,
            },
            cost_a_day: self.cost_a_day,
        }))
    }
}

fn mirror_address(text: &str) -> Result<Url, String> {
    address::parse(text).map_err(|error| error.to_string())
}

impl Channel {
    fn check(self) -> Result<WantedChannel, String> {
        let name = &self.name;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=40).contains(&name.len()) || !name.chars().all(is_plain) {
            return Err(format!(
                "the channel's name `{name}` must be small letters, digits and dashes"
            ));
        }
        let kind = Kind::parse(&self.kind).ok_or_else(|| {
            format!("the channel `{name}` is of the kind `{}`, which is none of telegram, footer, partner, newsletter, bot and invite", self.kind)
        })?;
        if self.leak.is_some_and(|leak| !(0.0..=1.0).contains(&leak)) {
            return Err(format!(
                "`leak` of the channel `{name}` must lie between 0 and 1"
            ));
        }
        Ok(WantedChannel {
            kind,
            prior: self.leak,
            readers: self.readers,
            instead_of: self.instead_of,
            ways: vec![Way {
                name: FILES.into(),
                to: Audience::Programs,
            }],
            name: self.name,
        })
    }
}

impl Sync {
    /// On this machine only: who can reach it can overrule.
    fn page(&self) -> Result<Option<SocketAddr>, String> {
        let text = &self.page;
        if text.is_empty() {
            return Ok(None);
        }
        let address: Option<SocketAddr> = text.parse().ok();
        let address = address.filter(|address| address.ip().is_loopback());
        address.map(Some).ok_or_else(|| {
            format!(
                "`page = \"{text}\"` is no address of this machine itself, such as `127.0.0.1:8071`"
            )
        })
    }

    fn meeting_places(&self, folder: &Path) -> Result<Vec<MeetingPlace>, String> {
        let places = self.meeting_place.iter().map(|place| {
            Ok(MeetingPlace {
                folder: folder.join(&place.folder),
                address: mirror_address(&place.address)?,
            })
        });
        places.collect()
    }

    fn rendezvous(&self) -> Result<Rendezvous, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if self.dns.len() > 200 || !self.dns.chars().all(is_plain) {
            return Err(format!("`dns = \"{}\"` is no name", self.dns));
        }
        let addresses = self
            .meeting_place
            .iter()
            .map(|place| mirror_address(&place.address));
        Ok(Rendezvous {
            urls: addresses.collect::<Result<_, _>>()?,
            dns: (!self.dns.is_empty()).then(|| self.dns.clone()),
        })
    }

    fn check(self, members: Vec<Member>, channels: Vec<WantedChannel>) -> Result<Wanted, String> {
        if !(0.0..=10_000.0).contains(&self.mirrors_a_day) {
            return Err("`mirrors_a_day` must lie between 0 and 10000".into());
        }
        if !(2..=90).contains(&self.list_days) {
            return Err("`list_days` must lie between 2 and 90".into());
        }
        Ok(Wanted {
            members,
            channels,
            mirrors_a_day: self.mirrors_a_day,
            can_make: false,
            list_days: self.list_days,
            rendezvous: self.rendezvous()?,
            vantages: Vec::new(),
        })
    }
}

impl Days {
    fn check(self) -> Result<Lifetimes, String> {
        let lifetime = |name: &str, days: i64| match days {
            1..=36_500 => Ok(SignedDuration::from_hours(24 * days)),
            _ => Err(format!("`{name} = {days}` must lie between 1 and 36500")),
        };
        Ok(Lifetimes {
            root: lifetime("offline_days", self.offline_days)?,
            targets: lifetime("offline_days", self.offline_days)?,
            newsroom: lifetime("newsroom_days", self.newsroom_days)?,
            month: lifetime("month_days", self.month_days)?,
            snapshot: lifetime("snapshot_days", self.snapshot_days)?,
            timestamp: lifetime("timestamp_days", self.timestamp_days)?,
        })
    }
}

fn checked<W, T>(
    written: Vec<W>,
    check: impl FnMut(W) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    written.into_iter().map(check).collect()
}

/// What a hook prints of a mirror that it made: one JSON object.
pub(super) fn described(json: &[u8], folder: &Path) -> Result<Described, String> {
    let pooled: watching::Pooled =
        serde_json::from_slice(json).map_err(|error| error.to_string())?;
    pooled.check(folder)
}

/// An empty path is none.
fn place(folder: &Path, path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| folder.join(path))
}

fn look(accent: Option<&str>) -> Result<site::Look, String> {
    let accent = accent.map(site::Accent::parse).transpose();
    let accent = accent.map_err(|error| format!("`accent`: {error}"))?;
    Ok(site::Look { accent })
}

fn variants(written: Vec<Variant>) -> Result<Vec<packager::Variant>, String> {
    if !written.contains(&Variant::Full) {
        return Err("`variants` must name `full`: mirrors take nothing else".into());
    }
    let variants = written.into_iter().map(|variant| match variant {
        Variant::Full => packager::Variant::Full,
        Variant::Light => packager::Variant::Light,
        Variant::Text => packager::Variant::Text,
    });
    Ok(variants.collect())
}

fn rhythm(text: &str) -> Result<Rhythm, String> {
    let every: SignedDuration = text.parse().map_err(|_| {
        format!("`every = \"{text}\"` is no length of time, such as `10min` or `1h`")
    })?;
    match every.as_secs() {
        1..=86_400 => Ok(Rhythm { every }),
        _ => Err(format!(
            "`every = \"{text}\"` must lie between a second and a day"
        )),
    }
}

fn language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| format!("`{tag}` is no language, such as `be` or `zh-Hans`"))
}

pub(super) fn http_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!(
            "`{text}` begins with `{scheme}`, not with `https` or `http`"
        )),
    }
}

fn refuse_doubles<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("there are two of the {what} `{name}`"));
        }
    }
    Ok(())
}
