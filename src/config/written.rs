//! The file as it is written: its own types, so that inner ones can change without breaking anybody's file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use crate::packager::{self, Lifetimes, Source, Withdrawn};
use crate::site::{self, Language, Newsroom, NewsroomId, SiteIdentity};
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    folder: Option<PathBuf>,
    feed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mirror {
    name: String,
    folder: Option<PathBuf>,
    colport: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pack {
    effort: Effort,
    keep_editions: usize,
}

impl Default for Pack {
    fn default() -> Self {
        Self {
            effort: Effort::Best,
            keep_editions: 7,
        }
    }
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
        let mirrors: Vec<_> = self
            .mirror
            .into_iter()
            .map(|mirror| mirror.check(folder))
            .collect::<Result<_, _>>()?;
        refuse_doubles(
            "mirror",
            mirrors
                .iter()
                .map(|mirror: &sync::Mirror| mirror.name.as_str()),
        )?;
        Ok(super::Config {
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
            mirrors,
            effort: match self.pack.effort {
                Effort::Best => packager::Effort::Best,
                Effort::Quick => packager::Effort::Quick,
            },
            keep_editions: self.pack.keep_editions.max(1),
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
            withdrawn,
        })
    }
}

impl From {
    fn check(self, folder: &Path) -> Result<Source, String> {
        match (self.folder, self.feed) {
            (Some(path), None) => Ok(Source::Folder(folder.join(path))),
            (None, Some(feed)) if feed.contains("://") => Ok(Source::Feed(http_address(&feed)?)),
            (None, Some(feed)) => Ok(Source::FeedFile(folder.join(feed))),
            _ => Err("a `[[newsroom.source]]` has one of `folder` and `feed`".into()),
        }
    }
}

impl Mirror {
    fn check(self, folder: &Path) -> Result<sync::Mirror, String> {
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
        Ok(sync::Mirror {
            name: self.name,
            place,
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

/// An empty path is none.
fn place(folder: &Path, path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| folder.join(path))
}

fn look(accent: Option<&str>) -> Result<site::Look, String> {
    let accent = accent.map(site::Accent::parse).transpose();
    let accent = accent.map_err(|error| format!("`accent`: {error}"))?;
    Ok(site::Look { accent })
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
