//! From a page, or from what a source tells, to what stands in it: on a thread of its own, unless the cache knows it.
//!
//! Of a page that will be the same to the byte for a long time a head is kept, and nothing else of it is looked at.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::cache::{Cache, Key, Kind};
use super::draft::{Background, DraftError};
use super::extract::{self, Extracted, Lean, NoArticle, Rulebook, Rules};
use super::mark::Mark;
use super::patience::{self, GivenUp, PATIENCE};
use super::source::{self, Entry, Held, Offer, Shelf, ShelfError};

/// The code that reads pages; see the build script.
const READING: &str = env!("COLPORT_READING");

/// What came of a page.
#[derive(Serialize, Deserialize)]
pub struct Read {
    pub article: Extracted,
    /// By which it is compared with others of its newsroom.
    pub blocks: Vec<u64>,
    /// Where the HTML lies, if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lies: Option<Lying>,
}

/// HTML in the cache.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lying {
    /// Of what was read of the page.
    pub key: Key,
    pub html: Mark,
}

/// How many pages that lie with their source are looked up at a time, and by one thread: to go to another thread and back
/// takes as long as to look up one.
pub const LOOKED_UP: usize = 6 * LOOKS;
const LOOKS: usize = 16;

/// What is known of these if they lie with their source and are the same to the byte.
#[expect(clippy::vec_box, reason = "each is let go of when it was read")]
pub async fn looked_up(
    mut offers: Vec<Box<Offer>>,
    background: Background<'_>,
) -> Vec<(Box<Offer>, Option<Read>)> {
    for offer in &mut offers {
        if let Some(first) = background.archive.first_id(&offer.id) {
            first.clone_into(&mut offer.id);
        }
    }
    let looks = offers.chunks(LOOKS).map(|offers| {
        let asked = offers
            .iter()
            .map(|offer| Asked::of(offer, background.rules));
        let (asked, cache): (Vec<_>, _) = (asked.collect(), Arc::clone(background.cache));
        let look = move || {
            let heads = asked.iter().map(|asked| asked.as_ref()?.head(&cache));
            heads.collect::<Vec<_>>()
        };
        (offers.len(), tokio::task::spawn_blocking(look))
    });
    let mut heads = Vec::with_capacity(offers.len());
    for (number, look) in looks.collect::<Vec<_>>() {
        // What takes too long is read one by one.
        let found = tokio::time::timeout(PATIENCE, look).await;
        let found = found.ok().and_then(Result::ok).unwrap_or_default();
        let end = heads.len() + number;
        heads.extend(found);
        heads.resize_with(end, || None);
    }
    offers.into_iter().zip(heads).collect()
}

/// Where a page lies, and how it is read.
struct Asked {
    url: Url,
    shelf: Arc<dyn Shelf>,
    rules: Rulebook,
}

impl Asked {
    fn of(offer: &Offer, rules: &Rulebook) -> Option<Self> {
        let shelf = offer.shelf.as_ref().filter(|_| offer.is_held())?;
        let url = offer.address();
        Some(Self {
            shelf: Arc::clone(shelf),
            rules: rules.clone(),
            url,
        })
    }

    fn head(&self, cache: &Cache) -> Option<Read> {
        let held = self.shelf.read(&self.url)?.ok()?;
        let is_page = held.content_type.as_deref().is_none_or(is_page);
        let key = is_page.then(|| head_key(&held, &self.url, &self.rules));
        head(cache, key?)
    }
}

/// How a page is read.
pub type Reading = fn(&Cache, Held, &Url, &Rulebook) -> Result<Read, DraftError>;

pub async fn page(
    url: Url,
    held: impl FnOnce() -> Result<Held, ShelfError> + Send + 'static,
    background: Background<'_>,
    source: Option<u32>,
    read: Reading,
) -> Result<(Url, Read), DraftError> {
    let base = url.clone();
    let rules = background.rules.clone();
    let read = apart(background, source, move |cache| {
        let held = held()?;
        if let Some(kind) = held.content_type.as_deref().filter(|kind| !is_page(kind)) {
            return Err(DraftError::OtherKind(kind.chars().take(60).collect()));
        }
        read(cache, held, &url, &rules)
    });
    Ok((base, read.await?))
}

pub fn read(cache: &Cache, held: Held, url: &Url, rulebook: &Rulebook) -> Result<Read, DraftError> {
    let rules = &rules_of(&held, url, rulebook);
    let lean = Lean::of(&held.bytes, held.content_type.as_deref(), rules)?;
    drop(held);
    let key = key(&format!("page {rules:?}"), url, lean.html().as_bytes());
    Ok(known(cache, key, || lean.article(url, rules))?)
}

/// Of a page on a disk nothing tells where it lies on the web but itself.
fn rules_of(held: &Held, url: &Url, rulebook: &Rulebook) -> Rules {
    match source::is_on_shelf(url) {
        true => extract::rules_of(&held.bytes, held.content_type.as_deref(), url, rulebook),
        false => rulebook.rules_for(url),
    }
}

/// The same of a page that will be the same to the byte for a long time: then nothing of it but its head is looked at.
pub fn read_once(
    cache: &Cache,
    held: Held,
    url: &Url,
    rulebook: &Rulebook,
) -> Result<Read, DraftError> {
    let head_key = head_key(&held, url, rulebook);
    if let Some(head) = head(cache, head_key) {
        return Ok(head);
    }
    let rules = &rules_of(&held, url, rulebook);
    let lean = Lean::of(&held.bytes, held.content_type.as_deref(), rules)?;
    drop(held);
    let key = key(&format!("page {rules:?}"), url, lean.html().as_bytes());
    let mut read = known(cache, key, || lean.article(url, rules))?;
    // Of very many blocks not all are noted.
    if read.article.html.lines().count() > FEW_LINES || !cache.holds(Kind::Pages, key) {
        return Ok(read);
    }
    let html = std::mem::take(&mut read.article.html);
    read.lies = Some(Lying {
        key,
        html: Mark::of(&[html.as_bytes()]),
    });
    if let Ok(head) = serde_json::to_vec(&read) {
        let _ = cache.keep(Kind::Heads, head_key, &head);
    }
    read.article.html = html;
    Ok(read)
}

fn head_key(held: &Held, url: &Url, rulebook: &Rulebook) -> Key {
    // Which of them count may stand in the page, at which nobody looks yet.
    let rules: &dyn fmt::Debug = match source::is_on_shelf(url) {
        true => rulebook,
        false => &rulebook.rules_for(url),
    };
    let of = format!("head {:?} {rules:?}", held.content_type);
    key(&of, url, &held.bytes)
}

/// What was read of a page, if the rest of it is there too.
fn head(cache: &Cache, key: Key) -> Option<Read> {
    let head: Read = serde_json::from_slice(&cache.find(Kind::Heads, key)?).ok()?;
    let is_there = |lies: &Lying| cache.holds(Kind::Pages, lies.key);
    head.lies.as_ref().is_some_and(is_there).then_some(head)
}

const FEW_LINES: usize = 400;

fn is_page(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "" | "text/html" | "application/xhtml+xml" | "text/plain" | "application/octet-stream"
    )
}

pub async fn held(
    url: &Url,
    shelf: Option<&Arc<dyn Shelf>>,
    background: Background<'_>,
    read: Reading,
) -> Result<(Url, Read), DraftError> {
    let shelf = Arc::clone(shelf.ok_or(ShelfError::Absent)?);
    let asked = url.clone();
    let held = move || shelf.read(&asked).unwrap_or(Err(ShelfError::Absent));
    page(url.clone(), held, background, None, read).await
}

/// The article as its source tells it, whole and finished.
pub async fn told(
    entry: Option<&Entry>,
    url: &Url,
    background: Background<'_>,
    source: Option<u32>,
) -> Result<(Url, Read), DraftError> {
    let entry = entry.ok_or(NoArticle::NoText)?;
    let html = entry.content.clone().ok_or(NoArticle::NoText)?;
    let (base, title) = (url.clone(), entry.title.clone());
    let captions = entry.captions.clone();
    let read = apart(background, source, move |cache| {
        let of = format!("told {title:?} {captions:?}");
        let key = key(&of, &base, html.as_bytes());
        let read = known(cache, key, || {
            extract::extract_captioned(&html, title.clone(), &captions, &base)
        });
        Ok(read?)
    });
    Ok((url.clone(), read.await?))
}

/// The summary, where that is all there is.
pub async fn in_short(
    entry: Option<&Entry>,
    url: &Url,
    background: Background<'_>,
    source: Option<u32>,
) -> Result<(Url, Read), DraftError> {
    let entry = entry.ok_or(NoArticle::NoText)?;
    let html = entry.summary.clone().ok_or(NoArticle::NoText)?;
    let (base, title) = (url.clone(), entry.title.clone());
    let read = apart(background, source, move |cache| {
        let key = key(&format!("in short {title:?}"), &base, html.as_bytes());
        let read = known(cache, key, || {
            extract::extract_summary(&html, title.clone(), &base)
        });
        Ok(read?)
    });
    Ok((url.clone(), read.await?))
}

/// `source`: the place of a stranger's among those of the newsroom.
async fn apart(
    background: Background<'_>,
    source: Option<u32>,
    work: impl FnOnce(&Cache) -> Result<Read, DraftError> + Send + 'static,
) -> Result<Read, DraftError> {
    let cache = Arc::clone(background.cache);
    let whose = source.map(|source| format!("{} {source}", background.newsroom.id));
    let done = patience::in_time(whose, PATIENCE, move || work(&cache)).await;
    done.map_err(|why| match why {
        GivenUp::TooLong => DraftError::TooLong,
        GivenUp::Behind => DraftError::Behind,
        GivenUp::Fault => DraftError::Fault,
    })?
}

/// What is read of a `page`. `of`: what else it depends on.
fn key(of: &str, url: &Url, page: &[u8]) -> Key {
    let on = [READING, of, url.as_str()].map(str::as_bytes);
    Key::of(&[&on[..], &[page]].concat())
}

/// What was read before, by the same code.
pub fn kept(cache: &Cache, key: Key) -> Option<Result<Read, NoArticle>> {
    serde_json::from_slice(&cache.find(Kind::Pages, key)?).ok()
}

/// The addresses of the pictures in what was kept of a page, whole or only its head.
pub fn pictures_in(entry: &[u8]) -> Vec<Url> {
    let whole = serde_json::from_slice::<Result<Read, NoArticle>>(entry);
    let read = whole.ok().and_then(Result::ok);
    let read = read.or_else(|| serde_json::from_slice(entry).ok());
    let article = read.map(|read| read.article);
    let figures = article
        .into_iter()
        .flat_map(|article| article.lead.into_iter().chain(article.pictures));
    figures
        .flat_map(|figure| [Some(figure.src), figure.spare])
        .flatten()
        .collect()
}

/// The same, or else what `read` finds.
fn known(
    cache: &Cache,
    key: Key,
    read: impl FnOnce() -> Result<Extracted, NoArticle>,
) -> Result<Read, NoArticle> {
    if let Some(read) = kept(cache, key) {
        return read;
    }
    let read = read().map(|mut article| {
        // Nothing but a summary is made of it.
        let end = article
            .text
            .find('\n')
            .map_or(article.text.len(), |end| end + 1);
        article.text.truncate(end);
        Read {
            blocks: extract::blocks(&article),
            article,
            lies: None,
        }
    });
    if let Ok(entry) = serde_json::to_vec(&read) {
        // What cannot be written is read again next time.
        let _ = cache.keep(Kind::Pages, key, &entry);
    }
    read
}
