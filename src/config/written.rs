//! The file as it is written: its own types, so that inner ones can change without breaking anybody's file.

mod daemon;
mod mirror;
mod watching;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::said;
use crate::base::LIMITS;
use crate::io::visit::Proxy;
use crate::packager::extract::{Rulebook, Rules, Selector};
use crate::packager::{self, Document, Lifetimes, NEWEST, Named, Rhythm, Source, Withdrawn};
use crate::site::{self, Language, Newsroom, NewsroomId, SiteIdentity};
use crate::sync::daemon::Member;
use crate::sync::pool::{self, Described};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    site: Site,
    #[serde(default)]
    newsroom: Vec<Desk>,
    #[serde(default)]
    mirror: Vec<mirror::Mirror>,
    #[serde(default)]
    push: mirror::Push,
    #[serde(default)]
    channel: Vec<daemon::Channel>,
    #[serde(default)]
    sync: daemon::Sync,
    #[serde(default)]
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
    pub(super) fn check(mut self, folder: &Path) -> Result<super::Config, String> {
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
        let members: Vec<Member> = checked(self.mirror, |mirror| mirror.member(folder))?;
        refuse_doubles(
            "mirror",
            members.iter().map(|member| member.mirror.name.as_str()),
        )?;
        let channels = checked(self.channel, daemon::Channel::check)?;
        refuse_doubles(
            "channel",
            channels.iter().map(|channel| channel.name.as_str()),
        )?;
        let vantages = checked(self.vantage, |vantage| vantage.check(folder))?;
        refuse_doubles(
            "vantage",
            vantages.iter().map(|vantage| vantage.name.as_str()),
        )?;
        let mut makers = self.hook.iter().filter_map(watching::Hook::allowed);
        let made = makers.next().transpose()?.unwrap_or_default();
        let hooks = checked(self.hook, |hook| hook.check(folder))?;
        let pool = checked(self.pool, |pooled| pooled.check(folder))?;
        let mut all = members.clone();
        all.extend(pool.iter().map(Member::of_pool));
        refuse_doubles(
            "mirror",
            all.iter().map(|member| member.mirror.name.as_str()),
        )?;
        if !channels.is_empty() {
            refuse_one_domain(&all)?;
        }
        let meeting_places = self.sync.meeting_places(folder)?;
        let sync = &self.sync;
        let wanted = sync.check(all, channels, &meeting_places, &vantages, &hooks)?;
        Ok(super::Config {
            vantages,
            hooks,
            made,
            pool,
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
            meeting_places,
            wanted,
            push: self.push.check()?,
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
        let file = |path: PathBuf| Named::below(folder, &path);
        let newest = self.newest.unwrap_or(NEWEST);
        if !(1..=LIMITS.offers).contains(&newest) {
            let most = LIMITS.offers;
            return Err(format!("`newest = {newest}` must lie between 1 and {most}"));
        }
        let document = |text: String| match text.contains("://") {
            true => http_address(&text).map(Document::Address),
            false => Ok(Document::File(file(text.into()))),
        };
        let feed = |text: String| match document(text)? {
            Document::Address(url) => Ok(Source::Feed(url)),
            Document::File(file) => Ok(Source::FeedFile(file)),
        };
        let sitemap = |text: String| Ok(Source::Sitemap(document(text)?, newest));
        let wordpress = |text: String| Ok(Source::WordPress(http_address(&text)?, newest));
        let named: [Option<Result<Source, String>>; 7] = [
            self.folder.map(|path| Ok(Source::Folder(at(path)))),
            self.feed.map(feed),
            self.sitemap.map(sitemap),
            self.wordpress.map(wordpress),
            self.list.map(|path| Ok(Source::List(file(path)))),
            self.crawl.map(|path| Ok(Source::Crawl(at(path)))),
            self.inbox.map(|path| Ok(Source::Inbox(at(path)))),
        ];
        let kinds = [
            "folder",
            "feed",
            "sitemap",
            "wordpress",
            "list",
            "crawl",
            "inbox",
        ];
        let mut named = kinds
            .iter()
            .zip(named)
            .filter_map(|(kind, source)| Some((kind, source?)));
        let source = match (named.next(), named.next()) {
            (Some((_, source)), None) => source?,
            (Some((one, _)), Some((other, _))) => {
                return Err(format!(
                    "a `[[newsroom.source]]` names both `{one}` and `{other}`: write a line `[[newsroom.source]]` before each"
                ));
            }
            (None, _) => {
                return Err(format!(
                    "a `[[newsroom.source]]` names none of `{}`",
                    kinds.join("`, `")
                ));
            }
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
        serde_json::from_slice(json).map_err(|error| said::of_json(&error))?;
    pooled.check(folder)
}

pub(super) fn made(
    json: &[u8],
    folder: &Path,
    allowed: &super::Allowed,
) -> Result<Described, String> {
    let pooled: watching::Pooled =
        serde_json::from_slice(json).map_err(|error| said::of_json(&error))?;
    pooled.is_allowed(allowed)?;
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
    let url = Url::parse(text).map_err(|error| {
        format!(
            "`{}` is no address ({error}); one begins with `https://`",
            said::of_address(text)
        )
    })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!(
            "`{}` begins with `{scheme}`, not with `https` or `http`",
            said::of_address(text)
        )),
    }
}

/// Readers are told of these: who takes a domain away shall take one of them.
fn refuse_one_domain(members: &[Member]) -> Result<(), String> {
    let told = members
        .iter()
        .filter_map(|member| Some((member, member.domain()?)));
    let (members, domains): (Vec<_>, Vec<_>) = told.unzip();
    let name = |place: usize| members.get(place).map_or("", |member| &member.mirror.name);
    match pool::first_double(&domains) {
        None => Ok(()),
        Some((one, other)) => Err(format!(
            "the mirrors `{}` and `{}` are under the same domain, so that who takes that away takes both: put one of them \
             under another domain, or leave its address out, so that nobody is told of it",
            name(one),
            name(other)
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
