//! Where articles come from, and the list of those that a source offers. One file a kind:
//!
//! | kind | names its articles by |
//! | --- | --- |
//! | [`feed`] | RSS, Atom, JSON Feed; often with the whole text |
//! | [`sitemap`] | sitemaps and indexes of sitemaps, with what they tell about news |
//! | [`wordpress`] | the interface that every WordPress has; with the whole text |
//! | [`list`] | a text file of addresses |
//! | [`folder`] | HTML pages with pictures beside them |
//! | [`crawl`] | WARC and WACZ: pages and pictures as a crawler saw them |
//! | [`inbox`] | finished articles that the newsroom's own system pushes |
//!
//! All give [`Offer`]s: what an article is called, where its page is, what was told of it, and, of those that hold pages
//! and pictures themselves, a [`Shelf`] to read them from.

mod crawl;
pub(super) mod feed;
mod folder;
mod inbox;
mod json;
mod list;
mod loose;
mod named;
mod pasted;
mod shelf;
mod sitemap;
mod unpacked;
mod wordpress;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Skipped;
use super::extract::Extracted;
use super::fetching::{GetError, Getter, Terms};
use super::patience::{self, GivenUp, PATIENCE};
use super::tellers::Teller;
use super::waiting::Drawer;
use super::withheld;
use crate::base::{LIMITS, Timestamp};
use crate::io::fetch::{self, FetchError, NO_PROXY};
use crate::io::files::{self, FileError};
use crate::io::reach::LEADS_INSIDE;
use crate::io::visit::Ground;

pub use self::feed::Entry;
pub use self::inbox::{IMAGES, PushError, Pushed, Refused, Taken, take};
pub use self::named::Named;
pub(super) use self::shelf::address;
pub use self::shelf::{Held, Shelf, ShelfError, is_on_shelf, is_web, is_web_address, shown};

/// What an operator names as the source of a newsroom's articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// HTML pages with pictures beside them.
    Folder(PathBuf),
    /// RSS, Atom or JSON Feed at an address.
    Feed(Url),
    /// The same in a file. Articles it does not hold whole are fetched.
    FeedFile(Named),
    /// A sitemap or an index of sitemaps. Of its pages the newest so many.
    Sitemap(Document, usize),
    /// A site that runs WordPress, by its home page. Of its posts the newest so many.
    WordPress(Url, usize),
    /// A text file with an address on each line.
    List(Named),
    /// A WARC or WACZ file.
    Crawl(PathBuf),
    /// A folder into which the newsroom's own system puts finished articles.
    Inbox(PathBuf),
    /// One whose pages and pictures may lie in private networks.
    Anywhere(Box<Source>),
}

/// Something to read, wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    Address(Url),
    File(Named),
}

/// Of a sitemap or a WordPress that says no more.
pub const NEWEST: usize = 1000;

impl Source {
    /// Whether it names only its last articles. A folder, a crawl and an inbox hold all of theirs, so what is not there is
    /// not wanted.
    pub fn forgets(&self) -> bool {
        match self {
            Self::Folder(_) | Self::Crawl(_) | Self::Inbox(_) => false,
            Self::Anywhere(source) => source.forgets(),
            _ => true,
        }
    }

    /// Whether it names addresses and tells nothing of what lies there.
    pub fn is_list(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Anywhere(source) => source.is_list(),
            _ => false,
        }
    }

    /// Whether it holds pages as they once were.
    pub fn is_crawl(&self) -> bool {
        match self {
            Self::Crawl(_) => true,
            Self::Anywhere(source) => source.is_crawl(),
            _ => false,
        }
    }

    /// The address that the operator named, if it is one: its host may lie inside if the address says so.
    pub fn address(&self) -> Option<&Url> {
        match self {
            Self::Feed(url)
            | Self::WordPress(url, _)
            | Self::Sitemap(Document::Address(url), _) => Some(url),
            Self::Anywhere(source) => source.address(),
            _ => None,
        }
    }

    /// The file that names its articles, if it is one.
    pub fn file(&self) -> Option<&Named> {
        match self {
            Self::FeedFile(file) | Self::List(file) | Self::Sitemap(Document::File(file), _) => {
                Some(file)
            }
            Self::Anywhere(source) => source.file(),
            _ => None,
        }
    }

    /// The folder into which articles are pushed, if it is one.
    pub fn inbox(&self) -> Option<&Path> {
        match self {
            Self::Inbox(path) => Some(path),
            Self::Anywhere(source) => source.inbox(),
            _ => None,
        }
    }
}

/// How people tell sources apart.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path)
            | Self::FeedFile(Named { path, .. })
            | Self::List(Named { path, .. })
            | Self::Crawl(path)
            | Self::Inbox(path)
            | Self::Sitemap(Document::File(Named { path, .. }), _) => {
                write!(f, "{}", path.display())
            }
            Self::Feed(url)
            | Self::WordPress(url, _)
            | Self::Sitemap(Document::Address(url), _) => f.write_str(&withheld::shown(url)),
            Self::Anywhere(source) => source.fmt(f),
        }
    }
}

/// A source that gave nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("`{0}` is not a feed")]
    NotAFeed(String),
    #[error("the feed `{0}` names no article")]
    EmptyFeed(String),
    #[error("`{0}` holds no HTML page")]
    NoPages(String),
    #[error("`{0}` is not a sitemap")]
    NotASitemap(String),
    #[error("`{0}` names no address")]
    NoAddress(String),
    #[error("`{0}` does not answer as a WordPress does: {1}")]
    NotAWordPress(String, String),
    #[error("`{place}` is no crawl that can be read: {why}")]
    NotACrawl { place: String, why: String },
    #[error("`{0}` could not be read in {seconds} seconds", seconds = PATIENCE.as_secs())]
    TooLong(String),
    #[error("reading `{0}` failed; please report this")]
    Fault(String),
    #[error("it could not be fetched: {0}")]
    Fetch(#[from] GetError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl SourceError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAFeed(_) => {
                "open it in a browser: an RSS or Atom feed begins with `<rss`, `<feed` or `<rdf:RDF`; \
                 a newsroom's page often links its feed at the bottom"
            }
            Self::EmptyFeed(_) => {
                "wait until the feed is whole again, or take it out of the sources: every article of it would vanish for readers"
            }
            Self::NoPages(_) => {
                "pages are files whose name ends in `.html`, `.htm` or `.xhtml`; in a crawl, what the server called HTML. \
                 If the articles come from elsewhere, take this `[[newsroom.source]]` out of `colport.toml`"
            }
            Self::NotASitemap(_) => {
                "open it in a browser: it begins with `<urlset` or `<sitemapindex`; `/robots.txt` of the site often names it"
            }
            Self::NoAddress(_) => "write one address on each line, beginning with `https://`",
            Self::NotAWordPress(..) => {
                "open `/wp-json/wp/v2/posts` of the site in a browser; where the site has switched that off, name its feed instead"
            }
            Self::NotACrawl { .. } => {
                "check that it was copied whole; a WARC begins with `WARC/1.`, a WACZ is a zip that holds some"
            }
            Self::TooLong(_) | Self::Fault(_) => {
                "look at what it says with an editor: something in it was not written to be read. Until that is mended, name \
                 another source, such as the sitemap"
            }
            Self::Fetch(GetError::Fetch(FetchError::Permanent { why, .. }))
                if why == LEADS_INSIDE =>
            {
                "if it is meant to lie in your own network, say `allow_private = true` under this `[[newsroom.source]]`; if not, \
                 somebody lets the name of this host lead into it"
            }
            Self::Fetch(GetError::Fetch(FetchError::Transient { why, .. }))
                if why.starts_with(NO_PROXY) =>
            {
                "see whether the proxy runs (Tor: `systemctl start tor`), and what `proxy` in `colport.toml` says"
            }
            Self::Fetch(_) => "check the address, or save it to a file and name that",
            Self::File(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

/// An article that a source offers, and what is known of it before its page is read.
#[derive(Debug)]
pub struct Offer {
    /// Never changes while the article lives.
    pub id: String,
    pub page: Page,
    /// `None` if nothing is told: there may be very many of a folder.
    pub told: Option<Box<Entry>>,
    /// When the article was there at the latest: the last resort for one that tells no date.
    pub seen: Option<Timestamp>,
    /// What the source holds itself. An article without one is forgotten by its source sooner or later.
    pub shelf: Option<Arc<dyn Shelf>>,
    pub terms: Terms,
    /// The source, if it forgets.
    pub teller: Option<Arc<Teller>>,
    /// Whether what is kept of it was told by another, whose date does not count any more.
    pub takes_over: bool,
}

/// There may be very many, so it is kept small.
#[derive(Debug)]
pub enum Page {
    Address(Box<Url>),
    /// The source tells the whole article.
    Told(Box<Url>),
    /// It lies on the shelf.
    Held(Box<Url>),
    /// It lies there under the id of the article.
    Lying,
}

impl Offer {
    /// Of its page.
    pub fn address(&self) -> Url {
        match &self.page {
            Page::Address(url) | Page::Told(url) | Page::Held(url) => Url::clone(url),
            Page::Lying => address(&self.id),
        }
    }

    /// Whether the page of the article may say something else than what is kept; `is_other`: whether what is told of it
    /// does.
    pub fn may_differ(&self, is_other: Option<bool>) -> bool {
        match &self.page {
            Page::Address(_) => true,
            Page::Told(_) => is_other == Some(true),
            Page::Held(_) | Page::Lying => false,
        }
    }

    /// Lets go of what is told of the article: for the one that told it before, its page is read.
    pub fn tell_by_page(&mut self, teller: &Arc<Teller>) {
        let mut url = self.address();
        // What this source keeps to itself that one does not know of.
        if let Some(shown) = self
            .teller
            .as_ref()
            .and_then(|own| own.withheld.shown(&url))
        {
            url = shown;
        }
        self.page = Page::Address(url.into());
        self.told = None;
        self.teller = Some(Arc::clone(teller));
    }

    /// Lets go of what a source tells that has no say where the page lies: its words would stand over another's text. Only what
    /// that page does not tell and an article must have is taken from it.
    pub fn believe_page(&mut self, read: &Extracted) {
        let told = self.told.take();
        self.told = told.map(|told| {
            let had = |text: &String| !text.is_empty();
            let title = Some(&read.title).filter(|title| had(title));
            let told = Entry {
                id: told.id,
                link: told.link,
                title: title.cloned().or(told.title),
                published: read.published.or(told.published),
                language: told.language,
                ..Entry::default()
            };
            told.into()
        });
    }

    /// Whether its page lies on the shelf.
    pub fn is_held(&self) -> bool {
        matches!(self.page, Page::Held(_) | Page::Lying)
    }

    fn new(id: String, page: Page, told: Entry) -> Self {
        Self {
            told: Some(Box::new(told)),
            ..Self::bare(id, page)
        }
    }

    /// One of which nothing is told.
    fn bare(id: String, page: Page) -> Self {
        Self {
            id,
            page,
            told: None,
            seen: None,
            shelf: None,
            terms: Terms::default(),
            teller: None,
            takes_over: false,
        }
    }

    /// Where an article was found is shown to readers, so no user name and no password may stand in it; nor may what its
    /// source keeps to itself stand in its name. With that its page is asked for.
    fn forget_login(&mut self) {
        if let Page::Address(url) | Page::Told(url) | Page::Held(url) = &mut self.page {
            **url = fetch::without_login(url);
        }
        if let Some(link) = self.told.as_mut().and_then(|told| told.link.as_mut()) {
            *link = fetch::without_login(link);
        }
        let told = self.told.as_mut().map(|told| &mut told.id);
        for id in [Some(&mut self.id), told].into_iter().flatten() {
            let named = Url::parse(id).ok();
            let clean = named.map(|url| (fetch::without_login(&url), url));
            if let Some((clean, url)) = clean
                && clean != url
            {
                *id = clean.into();
            }
            if let Some(teller) = &self.teller {
                teller.withheld.removed(id);
            }
        }
    }
}

/// What a source offers.
#[derive(Debug, Default)]
pub struct Found {
    pub offers: Vec<Offer>,
    /// Names of articles that the source takes back.
    pub withdrawn: Vec<String>,
}

impl From<Vec<Offer>> for Found {
    fn from(offers: Vec<Offer>) -> Self {
        Self {
            offers,
            withdrawn: Vec::new(),
        }
    }
}

/// Asks a source what it offers; `place`: its own among those of the newsroom; `drawer`: on whose disk there is room for
/// what must be unpacked. What of it cannot be used is named in
/// `skipped`.
pub async fn discover(
    source: &Source,
    place: u32,
    getter: &Getter<'_>,
    drawer: &Drawer,
    skipped: &mut Vec<Skipped>,
) -> Result<Found, SourceError> {
    let teller = Teller::of(source);
    let (source, ground) = match source {
        Source::Anywhere(source) => (&**source, Ground::Anywhere),
        source => (source, Ground::Public),
    };
    let terms = Terms {
        ground,
        changed: None,
        source: place,
    };
    let before = skipped.len();
    let found = offered(source, terms, getter, drawer, skipped).await;
    if let Some(teller) = &teller {
        for Skipped { what, why } in skipped.iter_mut().skip(before) {
            teller.withheld.removed(what);
            teller.withheld.removed(why);
        }
    }
    let mut found = found?;
    for offer in &mut found.offers {
        offer.terms = Terms {
            changed: offer.terms.changed,
            ..terms
        };
        offer.teller.clone_from(&teller);
        offer.forget_login();
    }
    refuse_long(&mut found, source, skipped);
    bound(&mut found, source, skipped);
    Ok(found)
}

/// What a source that forgets offers too much may come another day. Of one that holds all of its articles, what is left out
/// would go from the site, so all of it is taken; what no site can hold is refused when it is signed.
fn bound(found: &mut Found, source: &Source, skipped: &mut Vec<Skipped>) {
    let left_out = found.offers.len().saturating_sub(LIMITS.offers);
    if left_out > 0 && source.forgets() {
        skipped.push(Skipped {
            what: source.to_string(),
            why: format!(
                "it offers too much; what stands behind the first {} was left out",
                LIMITS.offers
            ),
        });
        found.offers.truncate(LIMITS.offers);
    }
}

/// Nobody reads an article at an address that no browser opens, and it is held in memory and written down many times.
fn refuse_long(found: &mut Found, source: &Source, skipped: &mut Vec<Skipped>) {
    let before = found.offers.len();
    let is_short = |text: &str| text.len() <= LIMITS.address_bytes;
    found
        .offers
        .retain(|offer| is_short(&offer.id) && is_short(offer.address().as_str()));
    let refused = before - found.offers.len();
    if refused > 0 {
        skipped.push(Skipped {
            what: source.to_string(),
            why: format!("it gives {refused} of its articles names or addresses that are too long"),
        });
    }
}

async fn offered(
    source: &Source,
    terms: Terms,
    getter: &Getter<'_>,
    drawer: &Drawer,
    skipped: &mut Vec<Skipped>,
) -> Result<Found, SourceError> {
    let offers = match source {
        Source::Feed(url) => {
            let got = getter.get_on(url, terms).await?;
            let (shown, feed) = (source.to_string(), source.clone());
            let read =
                move || feed::offers(&got.bytes, got.content_type.as_deref(), &got.url, &feed);
            let (offers, unnamed) = in_time(PATIENCE, &shown, read).await??;
            skipped.extend(unnamed);
            offers
        }
        Source::FeedFile(file) => {
            let bytes = files::read(&file.path, LIMITS.listing_bytes)?;
            let (shown, feed) = (source.to_string(), source.clone());
            let read = move || feed::offers(&bytes, None, &shelf::address(""), &feed);
            let (offers, unnamed) = in_time(PATIENCE, &shown, read).await??;
            skipped.extend(unnamed);
            offers
        }
        Source::Sitemap(document, newest) => {
            sitemap::offers(document, *newest, terms, getter, skipped).await?
        }
        Source::WordPress(url, newest) => {
            wordpress::offers(url, *newest, terms, getter, skipped).await?
        }
        Source::List(file) => list::offers(&file.path, skipped)?,
        Source::Folder(root) => {
            let root = root.clone();
            apart(skipped, move |skipped| folder::offers(&root, skipped)).await?
        }
        Source::Crawl(path) => {
            let (path, drawer) = (path.clone(), drawer.clone());
            let read = move |skipped: &mut Vec<_>| crawl::offers(&path, &drawer, skipped);
            apart(skipped, read).await?
        }
        Source::Inbox(path) => {
            let path = path.clone();
            return apart(skipped, move |skipped| inbox::found(&path, skipped)).await;
        }
        Source::Anywhere(source) => {
            return Box::pin(offered(source, terms, getter, drawer, skipped)).await;
        }
    };
    Ok(offers.into())
}

/// Reads a large source on a thread that may wait.
async fn apart<T: Send + 'static>(
    skipped: &mut Vec<Skipped>,
    read: impl FnOnce(&mut Vec<Skipped>) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut skipped = Vec::new();
        (read(&mut skipped), skipped)
    });
    let (read, more) = reading
        .await
        .expect("reading a source gives errors, not panics");
    skipped.extend(more);
    read
}

/// Reads what a host says that it offers, on a thread of its own, so that a tangled listing holds up nobody.
async fn in_time<T: Send + 'static>(
    patience: Duration,
    what: &str,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    let read = patience::in_time(None, patience, read).await;
    read.map_err(|why| match why {
        GivenUp::TooLong | GivenUp::Behind => SourceError::TooLong(what.to_owned()),
        GivenUp::Fault => SourceError::Fault(what.to_owned()),
    })
}

/// The newest `most`; what has no date keeps its place behind those that have one.
fn newest<T>(mut all: Vec<T>, most: usize, date: impl Fn(&T) -> Option<Timestamp>) -> Vec<T> {
    all.sort_by_cached_key(|one| std::cmp::Reverse(date(one)));
    all.truncate(most);
    all
}

#[cfg(test)]
mod tests {
    use super::super::fetching::tests::Web;
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_to_read_is_named_and_holds_up_nobody() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let read = in_time(
            Duration::from_millis(20),
            "https://n.example/feed",
            move || ended.recv(),
        );
        let error = read.await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`https://n.example/feed` could not be read in"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("another source"));
        drop(end);
        let read = in_time(PATIENCE, "x", || panic!("a fault"));
        assert!(matches!(read.await, Err::<(), _>(SourceError::Fault(_))));
    }

    #[tokio::test]
    async fn while_a_long_listing_is_read_others_go_on() {
        let title = format!("&lt;b&gt;{}", "&lt;i&gt;Title&lt;/i&gt; ".repeat(40));
        let items: String = (0..400)
            .map(|n| {
                format!("<item><title>{title}</title><link>https://n.example/{n}</link></item>")
            })
            .collect();
        let feed = format!("<rss version='2.0'><channel>{items}</channel></rss>");
        let posts: Vec<_> = (0..100)
            .map(|n| serde_json::json!({"link": format!("https://n.example/{n}"), "title": {"rendered": "<i>Title</i> ".repeat(150)}}))
            .collect();
        let url = |path: &str| Url::parse(&format!("https://n.example/{path}")).unwrap();
        let first = "wp-json/wp/v2/posts?per_page=100&orderby=date&order=desc&_embed=author,wp:featuredmedia,wp:term&page=1";
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed)
            .with(
                url(first).as_str(),
                "application/json",
                serde_json::to_string(&posts).unwrap(),
            );
        for source in [Source::Feed(url("feed")), Source::WordPress(url(""), 100)] {
            let mut rounds = 0;
            let others = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    rounds += 1;
                }
            };
            let found = tokio::select! {
                found = found_on(&web, &source) => found,
                () = others => unreachable!(),
            };
            assert!(found.0.unwrap().len() >= 100);
            assert!(rounds > 3, "{source}: {rounds}");
        }
    }

    pub(super) fn folder(names: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in names {
            let path = root.path().join(name);
            files::create_folder(path.parent().unwrap()).unwrap();
            files::write_new(&path, text.as_bytes()).unwrap();
        }
        root
    }

    pub(super) async fn found_on(
        web: &Web,
        source: &Source,
    ) -> (Result<Vec<Offer>, SourceError>, Vec<Skipped>) {
        let getter = Getter::new(web, std::iter::once(source.address().cloned()));
        let drawer = Drawer::on(&std::env::temp_dir());
        let mut skipped = Vec::new();
        let found = discover(source, 0, &getter, &drawer, &mut skipped).await;
        (found.map(|found| found.offers), skipped)
    }

    pub(super) async fn found(source: &Source) -> (Result<Vec<Offer>, SourceError>, Vec<Skipped>) {
        found_on(&Web::default(), source).await
    }

    #[tokio::test]
    async fn what_is_no_feed_is_named() {
        let root = folder(&[("feed.xml", "<html><body>Not found</body></html>")]);
        let (offers, _) = found(&Source::FeedFile(root.path().join("feed.xml").into())).await;
        let error = offers.unwrap_err();
        assert!(
            error.to_string().contains("feed.xml` is not a feed"),
            "{error}"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn who_has_a_proxy_that_is_down_is_told_to_look_at_it() {
        let hint = |why: &str| {
            let (address, why) = ("http://n.example/feed".to_owned(), why.to_owned());
            let error = GetError::from(FetchError::Transient { address, why });
            SourceError::from(error).hint().unwrap()
        };
        let down = format!("{NO_PROXY} `socks5h://127.0.0.1:9050`");
        assert!(hint(&down).contains("proxy"));
        assert!(!hint(fetch::NOBODY_THERE).contains("proxy"));
    }

    #[test]
    fn of_a_source_that_holds_all_of_its_articles_none_is_left_out() {
        let check = |source: Source, taken: usize| {
            let offer = |number: usize| {
                Offer::bare(number.to_string(), Page::Held(shelf::address("a").into()))
            };
            let offers: Vec<_> = (0..=LIMITS.offers).map(offer).collect();
            let (mut found, mut skipped) = (Found::from(offers), Vec::new());
            bound(&mut found, &source, &mut skipped);
            assert_eq!(found.offers.len(), taken, "{source}");
            assert_eq!(skipped.len(), LIMITS.offers + 1 - taken);
        };
        check(Source::List("list.txt".into()), LIMITS.offers);
        for source in [Source::Folder, Source::Crawl, Source::Inbox] {
            check(source("articles".into()), LIMITS.offers + 1);
        }
    }

    #[tokio::test]
    async fn no_offer_holds_a_password() {
        let root = folder(&[
            ("list.txt", "http://editor:PASSW@n.example/a\n"),
            (
                "map.xml",
                "<urlset><url><loc>http://editor:PASSW@n.example/a</loc></url></urlset>",
            ),
            (
                "feed.xml",
                "<rss version='2.0'><channel><item><title>A</title><link>http://editor:PASSW@n.example/a</link></item></channel></rss>",
            ),
        ]);
        let place = |name: &str| root.path().join(name).into();
        for source in [
            Source::List(place("list.txt")),
            Source::Sitemap(Document::File(place("map.xml")), NEWEST),
            Source::FeedFile(place("feed.xml")),
        ] {
            let (offers, _) = found(&source).await;
            let offers = offers.unwrap();
            assert_eq!(offers[0].id, "http://n.example/a");
            let held = format!("{:?}", offers[0]);
            assert!(
                !held.contains("PASSW") && !held.contains("editor"),
                "{held}"
            );
        }
    }

    #[tokio::test]
    async fn what_a_source_was_allowed_its_offers_are_too() {
        let root = folder(&[("list.txt", "http://10.0.0.1/a\n")]);
        let list = Source::List(root.path().join("list.txt").into());
        for (source, ground) in [
            (list.clone(), Ground::Public),
            (Source::Anywhere(Box::new(list)), Ground::Anywhere),
        ] {
            assert!(source.forgets());
            let (offers, _) = found(&source).await;
            assert_eq!(offers.unwrap()[0].terms.ground, ground);
        }
    }
}
