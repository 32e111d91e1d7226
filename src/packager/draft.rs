//! From an offer to an article that only lacks its pictures and its place among the others.
//!
//! 1. Get the page from the web or from what the source holds, unless the source tells the whole article.
//! 2. Extract it on a thread of its own, so that a tangled page holds up nobody; unless the cache knows what was in it.
//! 3. What the source told beats what was read out of the page, unless that came from where the source has no say.
//! 4. All of it is laid aside, so that only what tells articles from each other is held in memory.
//!
//! Of a page that lies with its source the text is not even looked at as long as the page is the same to the byte: it
//! stays in the cache, and is read if anything must be made of it ([`Draft::complete`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::archive::{self, Archive, Moment as At, Slip, Tongue};
use super::cache::Cache;
use super::dating;
use super::extract::{self, Extracted, Familiar, LeftOut, NoArticle, Rulebook, Sample};
use super::fetching::{GetError, Getter, Terms};
use super::links;
use super::mark::Mark;
use super::patience::PATIENCE;
use super::reading::{self, Lying, Read};
use super::script;
use super::source::{self, Entry, Held, Offer, Page, Shelf, ShelfError};
use super::tellers::Teller;
use super::waiting::{Drawer, Whereabouts};
use super::withheld::{NOTHING, Withheld};
use super::wording::Wording;
use crate::base::Timestamp;
use crate::edition::VerifiedEdition;
use crate::site::{self, Clock, Language, Newsroom};

/// What an article depends on besides its page.
#[derive(Debug, Clone, Copy)]
pub struct Background<'a> {
    pub newsroom: &'a Newsroom,
    /// What it holds is not gathered, but links may lead to it; see [`Archive::stock`].
    pub archive: &'a Archive,
    pub rules: &'a Rulebook,
    pub cache: &'a Arc<Cache>,
    /// For what is read, until all of it is.
    pub drawer: &'a Drawer,
    /// The edition before, of which the places are shared.
    pub previous: Option<&'a VerifiedEdition>,
    /// Bounds dates that lie in the future, and stands for missing ones.
    pub now: Timestamp,
}

pub struct Draft {
    pub id: String,
    /// Of its page, unless it lies on the shelf under its id: there may be very many drafts.
    address: Option<Box<str>>,
    /// Whether its page lies on the shelf.
    pub is_held: bool,
    /// Whether it was read out of a page, and not told as it is.
    is_page: bool,
    /// What its source holds itself. An article without one is forgotten by its source sooner or later.
    pub shelf: Option<Arc<dyn Shelf>>,
    pub terms: Terms,
    /// The source, if it forgets.
    pub teller: Option<Arc<Teller>>,
    /// Whether its source tells all of it, and that it lies where that source does not.
    is_hearsay: bool,
    /// Whether what is kept of it gives way: another source told it, and of another day.
    pub takes_over: bool,
    /// Whether its source tells where the original is. If not, its address is that of the source.
    pub has_original: bool,
    /// Where the page was found, if that is another address than was asked for.
    found: Option<Box<Url>>,
    pub published: Timestamp,
    /// By which its dates are told, and in whose month it lies.
    pub clock: Clock,
    /// Neither its source nor its page tells when it was published.
    pub is_undated: bool,
    /// The address that the page gives itself, if it is another.
    pub canonical: Option<Box<str>>,
    /// The names of what says the same and was withdrawn.
    pub copied: Box<[String]>,
    /// A [`struct@Copy`] and, on lines of its own, its HTML, unless that lies in the cache.
    copy: Whereabouts,
    /// By which it is compared with others of its newsroom, until [`Furniture`] takes them.
    blocks: Box<[u64]>,
    /// What is left out of it when it is read.
    familiar: Option<Arc<Familiar>>,
}

/// All that an article is made of but its pictures.
#[derive(Serialize, Deserialize)]
pub struct Copy {
    pub title: String,
    pub byline: Option<String>,
    pub updated: Option<At>,
    pub language: Tongue,
    pub summary: String,
    pub section: Option<String>,
    /// What its source calls it besides its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_id: Option<Mark>,
    /// What stood in its page.
    pub read: Extracted,
    /// Where its HTML lies, if it is not in what was read.
    lies: Option<Lying>,
    /// The blocks of what lies there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<u64>,
    /// What stood there too, as on many pages.
    #[serde(skip)]
    pub left_out: Vec<LeftOut>,
    /// Of all this but the HTML.
    #[serde(skip)]
    mark: Option<Mark>,
}

impl Copy {
    /// Whether its HTML is not here.
    fn is_lying(&self) -> bool {
        self.lies.is_some() && self.read.html.is_empty()
    }

    /// Of its HTML.
    pub fn html_mark(&self) -> Mark {
        match &self.lies {
            Some(lies) if self.read.html.is_empty() => lies.html,
            _ => Mark::of(&[self.read.html.as_bytes()]),
        }
    }

    /// Of all that it tells.
    pub fn mark(&self) -> Mark {
        let head = self.mark.as_ref().map(Mark::as_bytes);
        Mark::of(&[head.unwrap_or_default(), self.html_mark().as_bytes()])
    }
}

impl Draft {
    /// To which addresses in the article are relative, and under which other articles link it.
    pub fn base(&self) -> Url {
        let found = self.found.as_deref().cloned();
        found.unwrap_or_else(|| self.address())
    }

    /// As its source told it.
    pub fn address(&self) -> Url {
        match &self.address {
            Some(address) => Url::parse(address).expect("it was an address before"),
            None => source::address(&self.id),
        }
    }

    /// What the page says of itself, if it is another address.
    pub fn canonical_url(&self) -> Option<Url> {
        Url::parse(self.canonical.as_deref()?).ok()
    }

    /// Where its page came from. Only of one that lies on a shelf nothing is known but what it says itself.
    fn host(&self) -> String {
        let base = self.base();
        let said = source::is_on_shelf(&base).then(|| self.canonical_url());
        let from = said.flatten().unwrap_or(base);
        from.host_str().unwrap_or_default().to_owned()
    }

    /// Whether its source forgets it sooner or later.
    pub fn is_fleeting(&self) -> bool {
        self.shelf.is_none()
    }

    /// Its source as the archive names it, if that forgets.
    pub fn told_by(&self) -> Option<&str> {
        self.teller.as_ref().map(|teller| &*teller.name)
    }

    /// What of its source's address is shown nowhere.
    pub fn withheld(&self) -> &Withheld {
        self.teller
            .as_ref()
            .map_or(&NOTHING, |teller| &teller.withheld)
    }

    /// Whether its source says that it lies where another is at home.
    fn is_foreign(&self) -> bool {
        let teller = self.teller.as_ref().filter(|_| self.is_fleeting());
        let named = [Some(self.address()), Url::parse(&self.id).ok()];
        let mut named = named.iter().flatten().filter(|url| url.has_host());
        teller.is_some_and(|teller| !named.all(|url| teller.may_speak_for(url)))
    }

    /// Whether it lies where its source has a say.
    pub fn is_at_home(&self) -> bool {
        let has_say = has_say(self.terms, self.teller.as_deref(), &self.base());
        has_say && (self.terms.source == 0 || !self.is_foreign())
    }

    /// It is what was kept under another name. If nobody has seen that where it was said to lie, nobody has now, unless it
    /// lies on that host.
    pub fn go_on_as(&mut self, kept: &Slip) {
        let base = self.base();
        let host = base.host_str().unwrap_or_default();
        let is_there = Url::parse(&kept.id).is_ok_and(|url| links::is_of_host(&url, host));
        self.is_hearsay |= kept.alone_says().is_some() && !is_there;
        (*kept.id).clone_into(&mut self.id);
        self.clock = kept.clock();
    }

    /// By which names it may be withdrawn besides its own: no harm is done if it only claims them.
    pub fn also(&self) -> Vec<String> {
        if self.is_held && self.canonical.is_none() && self.copied.is_empty() {
            return Vec::new();
        }
        let lies = [Some(self.address()), self.found.as_deref().cloned()];
        let mut known = HashSet::from([archive::key(&self.id)]);
        let lies = lies.into_iter().flatten().chain(self.canonical_url());
        let lies = lies.filter_map(|url| self.withheld().shown(&url));
        let lies = lies.filter(|url| !source::is_on_shelf(url) && known.insert(links::key(url)));
        let mut also: Vec<String> = lies.map(String::from).collect();
        for name in &self.copied {
            if !also.contains(name) {
                also.push(name.clone());
            }
        }
        also
    }

    /// By which a copy of what was withdrawn is known.
    pub fn said(&self) -> Option<Mark> {
        let copy = self.copy()?;
        Some(Wording::of(&copy.title, &copy.read.html).mark(self.published))
    }

    /// The source that alone says where it lies.
    pub fn alone_says(&self) -> Option<&str> {
        self.told_by().filter(|_| self.is_hearsay)
    }

    /// Whether its page can be believed to lie at this address too: it came from that host, or is told by who is at home
    /// there. Pages in folders come from no host.
    pub fn may_claim(&self, url: &Url) -> bool {
        let base = self.base();
        let teller = self.teller.as_ref();
        source::is_on_shelf(&base)
            || base
                .host_str()
                .is_some_and(|host| links::is_of_host(url, host))
            || teller.is_some_and(|teller| teller.is_home_of(url))
    }

    /// Without its plain text and what stood on many pages; `None` if a broken disk lost it since. Where nothing is to be
    /// left out its HTML may be lacking; see [`Self::complete`].
    pub fn copy(&self) -> Option<Copy> {
        let laid = self.copy.read().ok()?;
        let (head, html) = laid.split_at_checked(memchr::memchr(b'\n', &laid)?)?;
        let mut copy: Copy = serde_json::from_slice(head).ok()?;
        copy.mark = Some(Mark::of(&[head]));
        str::from_utf8(html.get(1..)?)
            .ok()?
            .clone_into(&mut copy.read.html);
        self.leave_out(&mut copy);
        Some(copy)
    }

    fn leave_out(&self, copy: &mut Copy) {
        if let Some(familiar) = self.familiar.as_ref().filter(|_| !copy.is_lying()) {
            copy.left_out = familiar.clear(&mut copy.read);
        }
    }

    /// Whether something may have to be left out of HTML that is not here.
    pub fn is_in_doubt(&self, copy: &Copy) -> bool {
        let familiar = self.familiar.as_ref().filter(|_| copy.is_lying());
        familiar.is_some_and(|familiar| familiar.may_be_in(&copy.read, &copy.blocks))
    }

    /// Brings the HTML if it is lacking: from the cache, or the page is read again. `None` if that says something else by
    /// now.
    pub async fn complete(&self, copy: &mut Copy, background: Background<'_>) -> Option<()> {
        let Some(lies) = copy.lies.as_ref().filter(|_| copy.is_lying()) else {
            return Some(());
        };
        let is_it = |html: &String| Mark::of(&[html.as_bytes()]) == lies.html;
        let kept = reading::kept(background.cache, lies.key).and_then(Result::ok);
        let html = match kept.map(|read| read.article.html).filter(is_it) {
            Some(html) => html,
            None => {
                let (url, shelf) = (self.address(), self.shelf.as_ref());
                let again = reading::held(&url, shelf, background, reading::read).await;
                Some(again.ok()?.1.article.html).filter(is_it)?
            }
        };
        copy.read.html = html;
        self.leave_out(copy);
        Some(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error(transparent)]
    Get(#[from] GetError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    NoArticle(#[from] NoArticle),
    #[error("it is no page but `{0}`")]
    OtherKind(String),
    #[error("it could not be read in {} seconds", PATIENCE.as_secs())]
    TooLong,
    #[error(
        "it was not read, since another page of the same source is being read for a long time already"
    )]
    Behind,
    #[error("reading it failed; please report this page")]
    Fault,
    #[error("it has no title")]
    NoTitle,
    #[error(
        "another page stands in its place: nothing there says that it is an article, and its headline is `{0}`"
    )]
    Another(String),
}

impl DraftError {
    /// Whether there was no time left for its source.
    pub fn is_of_time(&self) -> bool {
        matches!(self, Self::Get(GetError::NoTimeLeft(_)))
    }

    /// Whether the article may be well, and only its page cannot be had today.
    fn is_passing(&self) -> bool {
        match self {
            Self::Get(error) => error.is_passing(),
            Self::NoArticle(why) => matches!(why, NoArticle::Wall),
            Self::Another(_) => true,
            _ => false,
        }
    }
}

/// `head`: what was [looked up](reading::looked_up).
pub async fn draft(
    mut offer: Offer,
    head: Option<Read>,
    getter: &Getter<'_>,
    background: Background<'_>,
) -> Result<Box<Draft>, (String, DraftError)> {
    let id = offer.id.clone();
    // What lies on the operator's own disk is read to the last page: what is left out of it goes from the site.
    let source = offer.shelf.is_none().then_some(offer.terms.source);
    if let (Page::Told(_), None, Some(shelf)) = (&offer.page, &offer.told, &offer.shelf) {
        let shelf = Arc::clone(shelf);
        let told = blocking(move || Ok(shelf.told()?)).await.flatten();
        offer.told = Some(Box::new(told.map_err(|error| (id.clone(), error))?));
    }
    let mut is_told = matches!(offer.page, Page::Told(_));
    let read = match &offer.page {
        Page::Told(url) => reading::told(offer.told.as_deref(), url, background, source).await,
        Page::Address(url) => {
            let told = offer.told.as_deref();
            match fetched(url, &id, told, offer.terms, getter, background, source).await {
                // A shield stands before the site: what was kept is better than what the feed tells, and that is better
                // than nothing.
                Err(error)
                    if error.is_passing()
                        && (offer.takes_over || !background.archive.holds(&id)) =>
                {
                    is_told = true;
                    let told = reading::in_short(told, url, background, source).await;
                    told.map_err(|_| error)
                }
                other => other,
            }
        }
        Page::Held(_) | Page::Lying => {
            let address = offer.address();
            match head {
                Some(head) => Ok((address, head)),
                None => {
                    let shelf = offer.shelf.as_ref();
                    reading::held(&address, shelf, background, reading::read_once).await
                }
            }
        }
    };
    let finished = read.and_then(|(base, read)| {
        let is_seen = matches!(offer.page, Page::Address(_)) && !is_told;
        if is_seen && !has_say(offer.terms, offer.teller.as_deref(), &base) {
            offer.believe_page(&read.article);
        }
        finish(offer, base, read, background)
    });
    let finished = finished.map(|mut draft| {
        draft.is_hearsay = is_told && draft.is_foreign();
        draft
    });
    finished.map_err(|error| (id, error))
}

async fn fetched(
    url: &Url,
    id: &str,
    told: Option<&Entry>,
    terms: Terms,
    getter: &Getter<'_>,
    background: Background<'_>,
    source: Option<u32>,
) -> Result<(Url, Read), DraftError> {
    let got = getter.get_on(url, terms).await?;
    let held = Held {
        content_type: got.content_type,
        bytes: got.bytes,
    };
    let read = reading::page(got.url, move || Ok(held), background, source, reading::read).await;
    // Most pages say what they are, so what was kept is rarely asked.
    let title = || {
        let told = told.and_then(|told| told.title.clone());
        told.or_else(|| background.archive.title(id))
    };
    let read = read.and_then(|(base, read)| {
        let title = (!read.article.is_vouched_for).then(title).flatten();
        match title {
            Some(title) if is_another(&title, url, &base, &read.article) => {
                let headline = read.article.title.chars().take(80).collect();
                Err(DraftError::Another(headline))
            }
            _ => Ok((base, read)),
        }
    });
    if read.is_err() {
        getter.doubt(url);
    }
    read
}

/// Whether a source may say of what lies there what its page does not say. The first of all may, which is trusted most: the
/// newsroom's own feed may lie anywhere.
fn has_say(terms: Terms, teller: Option<&Teller>, lies: &Url) -> bool {
    terms.source == 0 || teller.is_none_or(|teller| teller.may_speak_for(lies))
}

/// Whether the page that was `asked` for is not that of the article with this title: a shield of a kind that nobody
/// knows, or the front page. What says of itself that it is an article may have any headline.
fn is_another(title: &str, asked: &Url, base: &Url, read: &Extracted) -> bool {
    let (in_headline, _) = extract::shared(title, &read.title);
    if read.is_vouched_for || in_headline > 0 {
        return false;
    }
    let (in_text, all) = extract::shared(title, &extract::plain_text(&read.html));
    let leads_home = is_home(read.canonical.as_ref().unwrap_or(base)) && !is_home(asked);
    all > 0 && (in_text * 2 < all || leads_home)
}

fn is_home(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none()
}

/// Whether a source says something else of an article than what is kept; `None` if it only names it.
pub async fn is_other(offer: &Offer, kept: &Slip, background: Background<'_>) -> Option<bool> {
    let story = kept.line().ok()?.story?;
    let entry = offer.told.as_deref();
    let title = entry.and_then(|told| told.title.as_deref());
    let html = match &offer.page {
        Page::Told(url) => {
            let read = reading::told(entry, url, background, Some(offer.terms.source)).await;
            Some(read.ok()?.1.article.html)
        }
        _ => None,
    };
    title.or(html.as_deref())?;
    let (title, html) = (
        title.unwrap_or(&story.title),
        html.as_deref().unwrap_or(&story.body),
    );
    Some(Wording::of(title, html) != Wording::of(&story.title, &story.body))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DraftError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| DraftError::Fault)
}

// Step 3.

fn finish(
    offer: Offer,
    base: Url,
    read: Read,
    background: Background<'_>,
) -> Result<Box<Draft>, DraftError> {
    let newsroom = background.newsroom;
    let asked = offer.address();
    let Offer {
        id,
        page,
        told,
        seen,
        shelf,
        terms,
        teller,
        takes_over,
    } = offer;
    let told = told.map(|told| *told).unwrap_or_default();
    let has_original = !matches!(page, Page::Told(_)) || told.link.is_some();
    let Read {
        article: mut read,
        mut blocks,
        lies,
    } = read;
    if read.is_other {
        return Err(NoArticle::Other.into());
    }
    match lead(&told, &base) {
        // An editor named it.
        Some(lead) if matches!(page, Page::Told(_)) && shelf.is_some() => read.lead_with(lead),
        lead => read.lead = read.lead.or(lead),
    }
    blocks.extend(extract::block_of_lead(&read));
    let own_id = told.own_id(&id);
    let title = told
        .title
        .filter(|title| !title.is_empty())
        .or_else(|| (!read.title.is_empty()).then(|| read.title.clone()));
    // News in a feed may have none. Other pages without one are no articles.
    let is_told = matches!(page, Page::Told(_)) || told.summary.is_some();
    let title = title.or_else(|| headline(&read.text).filter(|_| is_told));
    let title = title.ok_or(DraftError::NoTitle)?;
    let title = site::shortened(&title, LONGEST_TITLE).into_owned();
    let byline = told.byline.or_else(|| read.byline.clone());
    let byline = byline.map(|byline| site::shortened(&byline, LONGEST_BYLINE).into_owned());
    let figures = read.lead.iter_mut().chain(&mut read.pictures);
    figures.for_each(bound);
    let on = dating::Told {
        by_source: told.published,
        on_page: read.published,
        seen,
        takes_over,
    };
    let dated = dating::date(&id, on, background);
    let updated = read
        .modified
        .or(told.updated)
        .filter(|moment| dating::is_plausible(*moment, background.now))
        .map(|moment| moment.at)
        .max(dated.renewed);
    let language = read.lang.as_deref().and_then(Language::parse);
    let language = language.or_else(|| told.language.as_deref().and_then(Language::parse));
    // Where nobody says it, the letters do.
    let language = language.or_else(|| script::language_of(&read.text, &newsroom.language));
    let updated = updated.filter(|updated| dating::is_noticeable(*updated, dated.published));
    let summary = summary(
        read.description.as_deref().or(told.summary.as_deref()),
        &read.text,
    );
    // Nothing else is told of it.
    read.text = String::new();
    let canonical = read.canonical.clone().filter(|url| *url != base);
    let canonical = canonical.map(|url| String::from(url).into());
    let html = std::mem::take(&mut read.html);
    let copy = Copy {
        title,
        byline,
        updated: updated.map(At),
        language: Tongue(language.unwrap_or_else(|| newsroom.language.clone())),
        summary,
        section: section(told.section.or_else(|| read.section.clone()).as_deref()),
        own_id,
        read,
        blocks: lies.as_ref().map(|_| blocks.clone()).unwrap_or_default(),
        lies,
        left_out: Vec::new(),
        mark: None,
    };
    // Text in JSON is long to write and to read.
    let mut copy = serde_json::to_vec(&copy).expect("texts can always be written");
    copy.push(b'\n');
    copy.extend(html.as_bytes());
    Ok(Box::new(Draft {
        found: (base != asked).then(|| Box::new(base)),
        is_held: matches!(page, Page::Held(_) | Page::Lying),
        is_page: !matches!(page, Page::Told(_)),
        has_original,
        address: (shelf.is_none() || asked != source::address(&id)).then(|| asked.as_str().into()),
        id,
        shelf,
        terms,
        teller,
        is_hearsay: false,
        takes_over: dated.is_moved,
        published: dated.published,
        clock: dated.clock,
        is_undated: dated.is_undated,
        canonical,
        copied: Box::default(),
        copy: background.drawer.lay(copy),
        blocks: blocks.into(),
        familiar: None,
    }))
}

/// Pages also name whole paths of sections, or lists of tags, where a section should stand.
fn section(told: Option<&str>) -> Option<String> {
    let name = extract::squeezed(told?);
    (!name.is_empty() && name.chars().count() <= LONGEST_SECTION).then_some(name)
}

/// In characters, as all of these. No true ones are so long; a false one would be paid for by every reader.
const LONGEST_SECTION: usize = 40;
const LONGEST_TITLE: usize = 500;
const LONGEST_BYLINE: usize = 300;
const LONGEST_CAPTION: usize = 4000;

/// Cuts what is said of a picture.
fn bound(figure: &mut extract::Figure) {
    if let Some(cut) = figure.caption.as_deref().and_then(cut_caption) {
        figure.caption = Some(cut);
        figure.linked = None;
    }
    if let Some(cut) = cut_caption(&figure.alt) {
        figure.alt = cut;
    }
}

/// `None` if it is short enough.
fn cut_caption(text: &str) -> Option<String> {
    match site::shortened(text, LONGEST_CAPTION) {
        Cow::Owned(cut) => Some(cut),
        Cow::Borrowed(_) => None,
    }
}

/// The picture that the source names, for an article whose page shows none.
fn lead(told: &Entry, base: &Url) -> Option<extract::Figure> {
    Some(extract::Figure {
        src: base.join(told.picture.as_deref()?).ok()?,
        spare: None,
        alt: told.alt.clone().unwrap_or_default(),
        caption: told.caption.clone(),
        linked: None,
    })
}

/// In characters; of a short news that has no title.
const HEADLINE: std::ops::Range<usize> = 20..80;

/// The first sentence, or its beginning. A full stop further ahead may be that of an abbreviation.
fn headline(text: &str) -> Option<String> {
    let line = extract::squeezed(text.lines().next()?);
    let mut letters = line.char_indices().enumerate().skip(HEADLINE.start);
    let is_end = |at: usize, letter: char| match letter {
        '.' | '!' | '?' | '…' | '؟' | '۔' => line
            .get(at..)
            .is_some_and(|rest| rest.chars().nth(1).is_none_or(char::is_whitespace)),
        '。' | '！' | '？' => true,
        _ => false,
    };
    let end = letters.find(|(_, (at, letter))| is_end(*at, *letter));
    match (end, line.char_indices().nth(HEADLINE.end)) {
        (Some((number, (at, letter))), _) if number < HEADLINE.end => {
            let stop = if matches!(letter, '.' | '。' | '۔') {
                0
            } else {
                letter.len_utf8()
            };
            line.get(..at + stop).map(str::to_owned)
        }
        (_, Some((cut, _))) => {
            let head = line.get(..cut)?;
            let word = head.rfind(' ').and_then(|end| head.get(..end));
            Some(format!("{}…", word.unwrap_or(head)))
        }
        _ => (!line.is_empty()).then_some(line),
    }
}

/// In characters; longer ones are cut behind a sentence or a word.
const SUMMARY: usize = 280;

fn summary(told: Option<&str>, text: &str) -> String {
    let told = told.map(extract::plain_text);
    let told = told.filter(|told| told.chars().count() > 20);
    let whole = told.unwrap_or_else(|| extract::squeezed(text.lines().next().unwrap_or_default()));
    let Some((cut, _)) = whole.char_indices().nth(SUMMARY) else {
        return whole;
    };
    let head = whole.get(..cut).unwrap_or_default();
    let sentence = head
        .rfind(['.', '!', '?', '。', '؟', '…'])
        .filter(|end| *end * 2 > cut);
    if let Some(end) = sentence {
        return head
            .chars()
            .take(head.get(..end).map_or(0, |h| h.chars().count()) + 1)
            .collect();
    }
    let word = head.rfind(' ').unwrap_or(cut);
    format!("{}…", head.get(..word).unwrap_or(head))
}

/// What stands on many pages of a host, counted while they come, and then left out of them. They may come from the cache
/// or not: what it holds is what was read, before this. What was told finished is no page: nothing is left out of it, and
/// it counts for none.
///
/// Each source stands alone, so that no source can have anything left out of what another one offers.
#[derive(Debug, Default)]
pub struct Furniture {
    samples: BTreeMap<(u32, String), Sample>,
}

impl Furniture {
    pub fn count(&mut self, draft: &mut Draft) {
        let blocks = std::mem::take(&mut draft.blocks);
        if draft.is_page {
            let sample = self
                .samples
                .entry((draft.terms.source, draft.host()))
                .or_default();
            sample.add(&draft.id, blocks);
        }
    }

    pub fn leave_out(self, drafts: &mut [Box<Draft>]) {
        let familiar = self.samples.into_iter();
        let familiar = familiar.map(|(place, sample)| (place, Arc::new(Familiar::on(&sample))));
        let familiar: BTreeMap<_, _> = familiar.collect();
        for draft in drafts.iter_mut().filter(|draft| draft.is_page) {
            draft.familiar = familiar.get(&(draft.terms.source, draft.host())).cloned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_ends_behind_a_sentence_or_a_word() {
        let long = "слова ".repeat(100);
        let sentence = format!("{}. {long}", "а".repeat(200));
        assert_eq!(summary(Some(&sentence), "").chars().count(), 201);
        let cut = summary(None, &long);
        assert!(cut.ends_with("слова…") && cut.chars().count() <= SUMMARY + 1);
        assert_eq!(
            summary(Some("<p>Short &amp; good, but long enough</p>"), "text"),
            "Short & good, but long enough"
        );
        assert_eq!(summary(None, "First line.\nSecond."), "First line.");
        assert_eq!(summary(None, ""), "");
    }

    #[test]
    fn what_is_said_of_a_picture_has_a_ceiling() {
        let figure = |text: &str| extract::Figure {
            src: Url::parse("https://n.example/1.jpg").unwrap(),
            spare: None,
            alt: text.into(),
            caption: Some(text.into()),
            linked: Some(text.into()),
        };
        let (mut short, mut long) = (figure("A ferry"), figure(&"A ferry ".repeat(1000)));
        bound(&mut short);
        bound(&mut long);
        assert_eq!(
            (short.caption.as_deref(), short.linked.as_deref()),
            (Some("A ferry"), Some("A ferry"))
        );
        assert_eq!(long.linked, None);
        for cut in [&long.alt, &long.caption.unwrap()] {
            assert!(cut.ends_with("ferry…") && cut.chars().count() <= LONGEST_CAPTION + 1);
        }
    }

    #[test]
    fn short_news_without_a_title_has_its_first_sentence_as_one() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(headline(text).as_deref(), expected, "{text}");
        };
        check("", None);
        check("Short.", Some("Short."));
        check(
            "The ferry to the island runs again. It stood for a week.\nMore.",
            Some("The ferry to the island runs again"),
        );
        check(
            "В г. Минске снова ходит паром? Да.",
            Some("В г. Минске снова ходит паром?"),
        );
        check(
            "渡轮在修理一个星期之后又重新开始向小岛航行了。此前它停了一个星期。",
            Some("渡轮在修理一个星期之后又重新开始向小岛航行了"),
        );
        let long = headline(&"слово ".repeat(40)).unwrap();
        assert!(
            long.ends_with("слово…") && long.chars().count() <= 81,
            "{long}"
        );
    }

    #[test]
    fn a_page_that_has_nothing_of_the_title_is_another() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (asked, home) = (url("https://n.example/a"), url("https://n.example/"));
        let check = |headline: &str, text: &str, base: &Url, expected: bool| {
            let text = format!(
                "<p>{text} {}</p>",
                "It went on for many hours without a break. ".repeat(6)
            );
            let page = format!("<title>{headline}</title><h1>{headline}</h1>{text}");
            let read = extract::extract_page(page.as_bytes(), base).unwrap();
            let title = "The ferries run again after a repair";
            assert_eq!(
                is_another(title, &asked, base, &read),
                expected,
                "{headline}"
            );
            let claim = "<meta property=og:type content=article>";
            let read = extract::extract_page((claim.to_owned() + &page).as_bytes(), base).unwrap();
            assert!(!is_another(title, &asked, base, &read));
        };
        check(
            "Please hold on a minute",
            "Your request is in a queue.",
            &asked,
            true,
        );
        check(
            "A ferry for the island",
            "Your request is in a queue.",
            &asked,
            false,
        );
        check(
            "River Post",
            "The ferry runs again after a week of repair.",
            &asked,
            false,
        );
        check(
            "River Post",
            "The ferry runs again after a week of repair.",
            &home,
            true,
        );
    }
}
