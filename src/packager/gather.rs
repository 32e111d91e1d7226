//! Everything that sources offer, as articles of a site.
//!
//! 1. Ask every source what it offers; one that gives nothing is reported and the others go on.
//! 2. Read the pages, several at a time.
//! 3. Give each article its place; two sources of one article make one article.
//! 4. Fetch and encode the pictures of an article and clean its HTML, several articles at a time. At most one unpacked
//!    picture an encoder is in memory; what is kept is the encoded ones.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::Semaphore;
use url::Url;

use super::draft::{self, Draft};
use super::extract::{Figure, picture_key};
use super::fetching::Getter;
use super::links::{Inside, Known};
use super::pictures::{self, Encoded};
use super::slug;
use super::source::{self, Offer, Page, Source, SourceError};
use crate::base::{LIMITS, SitePath, Timestamp};
use crate::io::fetch::Fetch;
use crate::io::files;
use crate::site::{self, Article, Newsroom, Picture};

#[derive(Debug, Clone)]
pub struct Options {
    /// Pages that are fetched or read at a time.
    pub pages_at_once: usize,
    /// Pictures that are encoded at a time: processors to use.
    pub encoders: usize,
    /// Pictures that one article may show; further ones are left out.
    pub pictures_per_article: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pages_at_once: 6,
            encoders: std::thread::available_parallelism().map_or(2, usize::from),
            pictures_per_article: 60,
        }
    }
}

/// What gathering brought.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Newest first.
    pub articles: Vec<Article>,
    /// WebP files, ascending by path.
    pub pictures: Vec<(SitePath, Vec<u8>)>,
    pub skipped: Vec<Skipped>,
    /// Sources that gave nothing at all.
    pub failed: Vec<SourceError>,
}

/// A page or picture that is not in the edition. Both texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub what: String,
    pub why: String,
}

/// How far gathering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Reading { done: usize, of: usize },
    Pictures { done: usize, of: usize },
}

/// Gathers the articles of one newsroom. `now` bounds dates that lie in the future and stands for missing ones.
pub async fn gather(
    fetch: &dyn Fetch,
    newsroom: &Newsroom,
    sources: &[Source],
    options: &Options,
    now: Timestamp,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Gathered {
    let own = sources.iter().filter_map(|source| match source {
        Source::Feed(url) => Some(url.clone()),
        _ => None,
    });
    let getter = Getter::new(fetch, own);
    let mut gathered = Gathered::default();
    let offers = offers(sources, &getter, &mut gathered).await;
    let drafts = drafts(
        offers,
        &getter,
        newsroom,
        options,
        now,
        &mut gathered.skipped,
        progress,
    )
    .await;
    let placed = placed(drafts, newsroom, &mut gathered.skipped);
    finish(placed, &getter, newsroom, options, &mut gathered, progress).await;
    gathered
        .articles
        .sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    gathered.pictures.sort_by(|a, b| a.0.cmp(&b.0));
    gathered
}

// Step 1.
async fn offers(sources: &[Source], getter: &Getter<'_>, gathered: &mut Gathered) -> Vec<Offer> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for source in sources {
        match source::discover(source, getter, &mut gathered.skipped).await {
            Ok(offers) => all.extend(
                offers
                    .into_iter()
                    .filter(|offer| seen.insert(offer.id.clone())),
            ),
            Err(error) => gathered.failed.push(error),
        }
    }
    all
}

// Step 2.
async fn drafts(
    offers: Vec<Offer>,
    getter: &Getter<'_>,
    newsroom: &Newsroom,
    options: &Options,
    now: Timestamp,
    skipped: &mut Vec<Skipped>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Vec<Draft> {
    let of = offers.len();
    let reading = offers
        .into_iter()
        .map(|offer| draft::draft(offer, getter, newsroom, now));
    // In the order of the sources, so that the same input gives the same edition.
    let mut reading = stream::iter(reading).buffered(options.pages_at_once.max(1));
    let mut drafts = Vec::new();
    let mut done = 0;
    while let Some(read) = reading.next().await {
        done += 1;
        progress(Progress::Reading { done, of });
        match read {
            Ok(draft) => drafts.push(draft),
            Err((what, error)) => skipped.push(Skipped {
                what,
                why: error.to_string(),
            }),
        }
    }
    drafts
}

struct Placed {
    draft: Draft,
    path: SitePath,
}

// Step 3.
fn placed(drafts: Vec<Draft>, newsroom: &Newsroom, skipped: &mut Vec<Skipped>) -> Vec<Placed> {
    let mut taken = HashSet::new();
    let mut placed = Vec::new();
    for draft in drafts {
        let path = Article::place(&newsroom.id, draft.published, &slug::slug(&draft.id));
        let why = match path {
            Some(path) if taken.insert(path.clone()) => {
                placed.push(Placed { draft, path });
                continue;
            }
            Some(_) => "another article has the same address",
            None => "it can have no address",
        };
        skipped.push(Skipped {
            what: draft.id,
            why: why.into(),
        });
    }
    placed
}

fn inside(placed: &[Placed]) -> Inside {
    let mut inside = Inside::default();
    for Placed { draft, path } in placed {
        inside.add(&draft.base, path);
        if let Ok(url) = Url::parse(&draft.id) {
            inside.add(&url, path);
        }
    }
    // What a page claims to be comes last, so that it takes no other's address.
    for Placed { draft, path } in placed {
        if let Some(canonical) = &draft.read.canonical {
            inside.add(canonical, path);
        }
    }
    inside
}

// Step 4.
async fn finish(
    placed: Vec<Placed>,
    getter: &Getter<'_>,
    newsroom: &Newsroom,
    options: &Options,
    gathered: &mut Gathered,
    progress: &mut (dyn FnMut(Progress) + Send),
) {
    let inside = inside(&placed);
    let studio = Studio {
        getter,
        encoders: Arc::new(Semaphore::new(options.encoders.max(1))),
        most: options.pictures_per_article,
    };
    let of = placed.len();
    let finishing = placed
        .into_iter()
        .map(|placed| finished(placed, &studio, &inside, newsroom));
    let mut finishing = stream::iter(finishing).buffered(options.encoders.max(1) + 2);
    let mut done = 0;
    while let Some(one) = finishing.next().await {
        done += 1;
        progress(Progress::Pictures { done, of });
        gathered.articles.push(one.article);
        gathered.pictures.extend(one.pictures);
        gathered.skipped.extend(one.skipped);
    }
}

struct Finished {
    article: Article,
    pictures: Vec<(SitePath, Vec<u8>)>,
    skipped: Vec<Skipped>,
}

async fn finished(
    placed: Placed,
    studio: &Studio<'_>,
    inside: &Inside,
    newsroom: &Newsroom,
) -> Finished {
    let Placed { draft, path } = placed;
    let shown = studio.pictures_of(&draft, &path).await;
    let known = Known {
        base: &draft.base,
        inside,
        pictures: &shown.by_address,
    };
    let body = site::clean(&draft.read.html, &path, &known);
    let lead = draft
        .read
        .lead
        .as_ref()
        .and_then(|lead| shown.by_address.get(lead.src.as_str()).cloned());
    let article = Article {
        newsroom: newsroom.id.clone(),
        source: original(&draft),
        path,
        title: draft.title,
        byline: draft.byline,
        published: draft.published,
        updated: draft.updated,
        language: draft.language,
        summary: draft.summary,
        lead,
        body,
    };
    Finished {
        article,
        pictures: shown.files,
        skipped: shown.skipped,
    }
}

/// Where people find the original: not a file on the editor's machine.
fn original(draft: &Draft) -> Option<String> {
    match &draft.page {
        Page::Address(url) | Page::Told(url) => Some(url.to_string()),
        Page::File { .. } => {
            let canonical = draft.read.canonical.as_ref();
            canonical
                .filter(|url| url.host_str() != Some("folder.invalid"))
                .map(Url::to_string)
        }
    }
}

/// Where pictures are made.
struct Studio<'a> {
    getter: &'a Getter<'a>,
    encoders: Arc<Semaphore>,
    most: usize,
}

#[derive(Default)]
struct Shown {
    by_address: HashMap<String, Picture>,
    files: Vec<(SitePath, Vec<u8>)>,
    skipped: Vec<Skipped>,
}

impl Studio<'_> {
    async fn pictures_of(&self, draft: &Draft, page: &SitePath) -> Shown {
        let mut shown = Shown::default();
        let mut by_key: HashMap<String, Picture> = HashMap::new();
        let figures = draft.read.lead.iter().chain(&draft.read.pictures);
        for figure in figures.take(self.most) {
            let address = figure.src.to_string();
            // The same picture in another size.
            let key = format!(
                "{} {}",
                figure.src.host_str().unwrap_or_default(),
                picture_key(&figure.src)
            );
            if let Some(same) = by_key.get(&key) {
                let same = described(same, figure);
                shown.by_address.entry(address).or_insert(same);
                continue;
            }
            match self.picture(figure, draft).await {
                Ok(encoded) => {
                    if let Some((picture, file)) =
                        laid(figure, encoded, page, shown.files.len() + 1)
                    {
                        by_key.insert(key, picture.clone());
                        shown.by_address.insert(address, picture);
                        shown.files.push(file);
                    }
                }
                Err(why) => shown.skipped.push(Skipped {
                    what: format!("{} (picture {address})", draft.id),
                    why,
                }),
            }
        }
        shown
    }

    async fn picture(&self, figure: &Figure, draft: &Draft) -> Result<Encoded, String> {
        let bytes = match &draft.page {
            Page::File { folder, .. } if figure.src.host_str() == Some("folder.invalid") => {
                let path = folder
                    .file(&figure.src)
                    .ok_or("it does not lie in the folder")?;
                let read =
                    tokio::task::spawn_blocking(move || files::read(&path, LIMITS.fetched_bytes));
                let read = read.await.map_err(|_| "reading it failed")?;
                read.map_err(|error| error.to_string())?.into()
            }
            _ => {
                self.getter
                    .get(&figure.src)
                    .await
                    .map_err(|error| error.to_string())?
                    .bytes
            }
        };
        let permit = Arc::clone(&self.encoders).acquire_owned().await;
        let encoding = tokio::task::spawn_blocking(move || {
            let encoded = pictures::encode(&bytes);
            drop(permit);
            encoded
        });
        let encoded = encoding
            .await
            .map_err(|_| "reading it failed; please report this picture")?;
        encoded.map_err(|error| error.to_string())
    }
}

/// A picture beside its page, by its number there.
fn laid(
    figure: &Figure,
    encoded: Encoded,
    page: &SitePath,
    number: usize,
) -> Option<(Picture, (SitePath, Vec<u8>))> {
    let folder = page.as_str().strip_suffix("index.html")?;
    let path = SitePath::parse(&format!("{folder}{number}.webp")).ok()?;
    let picture = Picture {
        path: path.clone(),
        width: encoded.width,
        height: encoded.height,
        alt: String::new(),
        caption: None,
    };
    Some((described(&picture, figure), (path, encoded.webp)))
}

fn described(picture: &Picture, figure: &Figure) -> Picture {
    let alt = if figure.alt.is_empty() {
        figure.caption.clone().unwrap_or_default()
    } else {
        figure.alt.clone()
    };
    Picture {
        alt,
        caption: figure.caption.clone(),
        ..picture.clone()
    }
}
