//! `colport pack`: from sources to a signed bundle.
//!
//! 1. Gather what the sources hold now, and add what the archive holds of what feeds have forgotten.
//! 2. Print the edition beside its place: everything that can fail, fails here, before anything is changed.
//! 3. Write the archive, then put the edition in place. Cut short in between, the archive is ahead of the edition, and
//!    the next run makes up for it; the other way round, an article could be lost.
//!
//! A folder that cannot be read stops everything: an edition without its pages would take them from every reader. A feed
//! that cannot be read stops nothing once there is an archive, which holds all that it ever told of: a newsroom whose
//! site is blocked or attacked today must be able to publish what comes from elsewhere. It is named, and the exit code
//! is 1.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use super::failure::{Failure, Outcome};
use super::screen::{Screen, one_line, size};
use super::telling::Telling;
use super::watch::{Mirrors, watch};
use super::words::count;
use crate::base::{Digest, Fingerprint, LIMITS, SitePath};
use crate::config::{self, Config, Desk};
use crate::edition::VerifiedEdition;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::Patience;
use crate::io::files::{self, Spool};
use crate::io::visit::{HttpVisitor, Proxy};
use crate::packager::{
    self, Archive, Background, Files, FolderError, Getter, NewsroomFolder, Press, Progress, Source,
    Stock, Variant, Waiting, WebCache, Withdrawn,
};
use crate::site::{
    self, About, Article, Headline, Logo, Newsroom, SiteIdentity, SmallCopy, Typesetter,
};

/// Make a signed edition from the newsroom's sources.
///
/// Takes the articles out of pages and feeds, throws away everything that runs or phones home, makes a light site of
/// them, signs it, and writes `editions/N.tar.gz`. A page that cannot be used is named and left out. When nothing is
/// new, nothing is written.
#[derive(Args)]
pub(crate) struct Pack {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// Take articles from here instead of the sources in `colport.toml`: a folder of HTML pages, a feed or sitemap by its
    /// address or file, a text file of addresses, or a crawl (.warc, .warc.gz, .wacz)
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// The newsroom that these sources are for, if there are several
    #[arg(long, value_name = "ID", requires = "sources")]
    newsroom: Option<String>,
    /// Go on: look at the sources again and again, and make an edition when something is new. How often says `every` in
    /// `colport.toml`. Ctrl-C ends it
    #[arg(long, conflicts_with = "sources")]
    watch: bool,
    /// After each edition push it to the mirrors, as `colport sync --once` does
    #[arg(long, requires = "watch")]
    sync: bool,
}

impl Pack {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let mut config = config::load(&self.site)?;
        let folder = NewsroomFolder::at(&self.site);
        folder.fingerprint()?;
        let _lock = folder.lock()?;
        if self.watch {
            let mirrors = match self.sync {
                true => Mirrors::Push,
                false => Mirrors::Leave,
            };
            return watch(&self.site, mirrors, screen).await;
        }
        if !self.sources.is_empty() {
            self.take_sources(&mut config)?;
        }
        let telling = Telling::all(screen);
        let packed = pack(&config, &folder, SystemClock.now(), &telling).await?;
        if packed.edition.is_none() {
            screen.line("Nothing is new since the last edition, so nothing was written.");
        }
        packed.silent_feed.map_or(Ok(()), Err)
    }

    fn take_sources(&self, config: &mut Config) -> Outcome {
        let sources = self.sources.iter().map(|text| config::source(text));
        let sources: Vec<Source> = sources.collect::<Result<_, _>>().map_err(|why| {
            Failure::setup(why)
                .try_this("name a folder, a file, or an address that begins with `https://`")
        })?;
        let wanted = self.newsroom.as_deref();
        let mut fitting = config
            .newsrooms
            .iter_mut()
            .filter(|desk| wanted.is_none_or(|id| desk.newsroom.id.as_str() == id));
        match (fitting.next(), fitting.next()) {
            (Some(desk), None) => desk.sources = sources,
            (Some(_), Some(_)) => {
                return Err(Failure::setup("there are several newsrooms")
                    .try_this("say which one with `--newsroom ID`"));
            }
            (None, _) => {
                let id = wanted.unwrap_or_default();
                return Err(Failure::setup(format!(
                    "there is no newsroom `{id}` in `colport.toml`"
                ))
                .try_this("name one of its `[[newsroom]]` by its `id`"));
            }
        }
        Ok(())
    }
}

/// What came of looking at the sources once.
pub(super) struct Packed {
    /// `None` if nothing was new.
    pub edition: Option<VerifiedEdition>,
    /// A feed gave nothing; the site shows what was kept of it.
    pub silent_feed: Option<Failure>,
}

/// From the sources to the next edition, if something is new.
pub(super) async fn pack(
    config: &Config,
    folder: &NewsroomFolder,
    now: Timestamp,
    telling: &Telling<'_>,
) -> Result<Packed, Failure> {
    let fingerprint = folder.fingerprint()?;
    let collected = collect(config, folder, fingerprint, now, telling).await?;
    warn_of_gone(&collected, telling);
    let edition = publish(config, folder, &collected, now)?;
    if let Some(edition) = &edition {
        telling.line(summary(folder, edition));
    }
    folder.cache(now).sweep();
    Ok(Packed {
        edition,
        silent_feed: collected.silent_feed,
    })
}

/// Everything that the site shall hold.
pub(super) struct Collected {
    files: Files,
    /// Pages of articles among them.
    articles: BTreeSet<SitePath>,
    /// Files that stay as they are in the edition before.
    kept: BTreeSet<SitePath>,
    /// Files that are read when they are packed.
    waiting: BTreeMap<SitePath, Waiting>,
    previous: Option<Arc<VerifiedEdition>>,
    archives: Vec<Archive>,
    /// A feed gave nothing; the site shows what was kept of it.
    silent_feed: Option<Failure>,
}

impl Collected {
    fn after(previous: Option<Arc<VerifiedEdition>>) -> Self {
        Self {
            files: Files::new(),
            articles: BTreeSet::new(),
            kept: BTreeSet::new(),
            waiting: BTreeMap::new(),
            previous,
            archives: Vec::new(),
            silent_feed: None,
        }
    }

    /// Takes up what one newsroom shows, and gives its articles.
    fn take(
        &mut self,
        desk: &Desk,
        mut archive: Archive,
        mut gathered: packager::Gathered,
        setter: &Typesetter<'_>,
        telling: &Telling<'_>,
    ) -> Result<Vec<Article>, Failure> {
        let failed = std::mem::take(&mut gathered.failed);
        let silent = excuse(desk, &archive, failed)?;
        self.silent_feed = self.silent_feed.take().or(silent);
        let told = told(&gathered);
        let withdrawn = withdrawn(desk, &gathered);
        let mut stock = archive.stock(gathered, &withdrawn, self.previous.as_deref());
        stock.unknown.retain(|one| desk.withdrawn.contains(one));
        for (path, language) in &stock.withdrawn {
            let (path, page) = setter.withdrawn(&desk.newsroom, path, language);
            self.lay(path, page);
        }
        warn_of_stock(&stock, telling);
        telling.line(format!("{}: {told}{}", desk.newsroom.id, told_kept(&stock)));
        self.archives.push(archive);
        Ok(self.add(stock))
    }

    /// Sets the lists and pages of all newsrooms.
    fn set(&mut self, articles: Vec<Article>, setter: &Typesetter<'_>, variants: &[Variant]) {
        let headlines: Vec<_> = articles.iter().map(Headline::of).collect();
        self.lay_all(setter.lists(&headlines));
        // One page at a time, so that those that did not change take no memory.
        self.lay_all(
            articles
                .iter()
                .filter_map(|article| setter.article(article)),
        );
        let about = About {
            small: self.small_copies(variants),
            ..setter.about.clone()
        };
        let setter = Typesetter {
            about: &about,
            ..*setter
        };
        self.lay_all(setter.abouts(&headlines));
        self.articles = articles.into_iter().map(|article| article.path).collect();
    }

    /// What of these every mirror will have.
    fn small_copies(&self, variants: &[Variant]) -> Vec<SmallCopy> {
        let kept = self.kept.iter().filter_map(|path| {
            let entry = self.previous.as_ref()?.file(path)?;
            Some((path, entry.length))
        });
        let waiting = self.waiting.iter().map(|(path, file)| (path, file.length));
        let files = self.files.iter();
        let files = files.map(|(path, content)| (path, content.len() as u64));
        let all: BTreeMap<_, _> = kept.chain(waiting).chain(files).collect();
        let facts = || {
            let all = all.iter();
            all.map(|(path, length)| (path.as_str().ends_with(".webp"), *length))
        };
        let small = variants.iter().filter(|variant| **variant != Variant::Full);
        small
            .map(|variant| SmallCopy::of(*variant, facts()))
            .collect()
    }

    /// A page that the edition before holds need not be held in memory.
    fn lay(&mut self, path: SitePath, page: Vec<u8>) {
        let previous = self.previous.as_ref();
        let before = previous.and_then(|previous| previous.file(&path));
        match before {
            Some(before) if before.digest == Digest::of(&page) => drop(self.kept.insert(path)),
            _ => drop(self.files.insert(path, page.into())),
        }
    }

    fn lay_all(&mut self, pages: impl IntoIterator<Item = (SitePath, Vec<u8>)>) {
        for (path, page) in pages {
            self.lay(path, page);
        }
    }

    fn add(&mut self, stock: Stock) -> Vec<Article> {
        let pictures = stock.pictures.into_iter();
        self.waiting
            .extend(pictures.map(|(path, picture)| (path, picture.webp)));
        self.kept.extend(stock.kept_pictures);
        stock.articles
    }
}

pub(super) async fn collect(
    config: &Config,
    folder: &NewsroomFolder,
    fingerprint: Fingerprint,
    now: Timestamp,
    telling: &Telling<'_>,
) -> Result<Collected, Failure> {
    let masthead = Masthead::of(config, fingerprint)?;
    let setter = masthead.setter();
    let mut collected = Collected::after(folder.newest(now)?);
    let cache = Arc::new(folder.cache(now));
    let web_cache = folder.web_cache(now)?;
    let mut articles: Vec<Article> = Vec::new();
    for desk in &config.newsrooms {
        let archive = folder.archive(&desk.newsroom.id)?;
        let background = Background {
            newsroom: &desk.newsroom,
            archive: &archive,
            rules: &desk.rules,
            cache: &cache,
            now,
        };
        let web = (&web_cache, config.proxy.as_ref());
        let gathered = gather(desk, background, web, telling).await;
        let shown = collected.take(desk, archive, gathered, &setter, telling);
        articles.extend(shown.inspect_err(|_| web_cache.end())?);
    }
    web_cache.end();
    if articles.is_empty() {
        let failure = Failure::refused("there is not one article, so no edition was made");
        return Err(failure
            .try_this("check the sources in `colport.toml`; what was left out is named above"));
    }
    collected.set(articles, &setter, &config.variants);
    Ok(collected)
}

/// What stands at the head of every page, with the logos read.
struct Masthead {
    site: SiteIdentity,
    newsrooms: Vec<Newsroom>,
    about: About,
}

impl Masthead {
    fn of(config: &Config, fingerprint: Fingerprint) -> Result<Self, Failure> {
        let newsrooms = config.newsrooms.iter().map(|desk| {
            Ok(Newsroom {
                logo: logo(desk.logo.as_deref())?,
                ..desk.newsroom.clone()
            })
        });
        Ok(Self {
            newsrooms: newsrooms.collect::<Result<_, Failure>>()?,
            site: SiteIdentity {
                logo: logo(config.logo.as_deref())?,
                ..config.site.clone()
            },
            about: About {
                fingerprint: Some(fingerprint),
                contact: config.contact.clone(),
                elsewhere: config.elsewhere.clone(),
                small: Vec::new(),
            },
        })
    }

    fn setter(&self) -> Typesetter<'_> {
        Typesetter {
            site: &self.site,
            newsrooms: &self.newsrooms,
            about: &self.about,
        }
    }
}

fn logo(path: Option<&Path>) -> Result<Option<Logo>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    let bytes = files::read(path, LIMITS.fetched_bytes)?;
    let logo = packager::logo(&bytes).map_err(|error| {
        Failure::setup(format!(
            "the logo `{}` cannot be used: {error}",
            path.display()
        ))
        .try_this("name a PNG or JPEG in `logo`, or leave the setting out")
    });
    logo.map(Some)
}

async fn gather(
    desk: &Desk,
    background: Background<'_>,
    (web_cache, proxy): (&WebCache, Option<&Proxy>),
    telling: &Telling<'_>,
) -> packager::Gathered {
    let named = || desk.sources.iter().filter_map(Source::address);
    let web = HttpVisitor::new(Patience::default(), proxy, named());
    let getter = Getter::new(&web, named().cloned()).with_cache(Some(web_cache));
    let id = &desk.newsroom.id;
    let bar = telling.counting(&format!("{id}: pages"));
    let mut show = |progress| {
        let (doing, done, of) = match progress {
            Progress::Reading { done, of } => ("pages", done, of),
            Progress::Pictures { done, of } => ("pictures", done, of),
        };
        bar.set_message(format!("{id}: {doing}"));
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let options = packager::Options::default();
    let gathered = packager::gather(&getter, &desk.sources, background, &options, &mut show).await;
    bar.finish_and_clear();
    warn(&gathered, telling);
    gathered
}

/// What the settings name, and what the newsroom's own system takes back, which a feed may have told of too.
fn withdrawn(desk: &Desk, gathered: &packager::Gathered) -> Vec<Withdrawn> {
    let taken_back = gathered.withdrawn.iter().map(|id| Withdrawn::pushed(id));
    desk.withdrawn.iter().cloned().chain(taken_back).collect()
}

/// What is to be said at the end of sources that gave nothing, unless it must be said at once.
fn excuse(
    desk: &Desk,
    archive: &Archive,
    failed: Vec<packager::Failed>,
) -> Result<Option<Failure>, Failure> {
    let mut silent = None;
    for packager::Failed { source, error } in failed {
        let what = format!("a source of `{}` gave nothing: {error}", desk.newsroom.id);
        // An edition without what a source held until yesterday would take those articles from every reader.
        if !(source.forgets() && archive.is_there()) {
            return Err(Failure::refused(what).hint(error.hint()));
        }
        let what = format!("{what}; what was kept of it is shown");
        silent.get_or_insert(Failure::refused(what).hint(error.hint()));
    }
    Ok(silent)
}

fn warn_of_stock(stock: &Stock, telling: &Telling<'_>) {
    warn_of_lost(&stock.lost_pictures, telling);
    for unknown in &stock.unknown {
        telling.warn(format!(
            "`{unknown}` is withdrawn, but no article has this address: check its spelling, or remove it from `colport.toml`"
        ));
    }
}

fn told_kept(stock: &Stock) -> String {
    match stock.kept_articles {
        0 => String::new(),
        kept => format!("; kept from before: {}", count(kept, "article", "articles")),
    }
}

const SHOWN_GONE: usize = 5;

/// Says which articles readers had and have no more, so that none goes unnoticed.
fn warn_of_gone(collected: &Collected, telling: &Telling<'_>) {
    let is_article = |path: &&SitePath| {
        path.as_str().ends_with("/index.html") && path.as_str().split('/').count() == 5
    };
    let before = collected
        .previous
        .iter()
        .flat_map(|edition| edition.files());
    let gone: Vec<&SitePath> = before
        .map(|(path, _)| path)
        .filter(is_article)
        .filter(|path| !collected.articles.contains(*path))
        // A page that says so, and said so before.
        .filter(|path| !collected.kept.contains(*path))
        .collect();
    for path in gone.iter().take(SHOWN_GONE) {
        telling.warn(format!("no longer in the site: {path}"));
    }
    if gone.len() > SHOWN_GONE {
        let more = gone.len() - SHOWN_GONE;
        telling.warn(format!("{more} more articles are no longer in the site"));
    }
}

const SHOWN_PICTURES: usize = 5;

/// Every page that is left out, since its readers will miss it; of lost pictures, which may be hundreds, some.
fn warn(gathered: &packager::Gathered, telling: &Telling<'_>) {
    for packager::Skipped { what, why } in &gathered.skipped {
        telling.warn(format!("left out: {}: {}", one_line(what), one_line(why)));
    }
    for packager::Skipped { what, why } in &gathered.stale {
        let (what, why) = (one_line(what), one_line(why));
        telling.warn(format!("shown as it was: {what}: {why}"));
    }
    warn_of_lost(&gathered.lost_pictures, telling);
}

fn warn_of_lost(lost: &[packager::LostPicture], telling: &Telling<'_>) {
    for packager::LostPicture {
        article,
        picture,
        why,
    } in lost.iter().take(SHOWN_PICTURES)
    {
        let (article, picture, why) = (one_line(article), one_line(picture), one_line(why));
        let named = match why.contains(&picture) {
            true => why,
            false => format!("`{picture}`: {why}"),
        };
        telling.warn(format!("a picture is missing in {article}: {named}"));
    }
    if lost.len() > SHOWN_PICTURES {
        telling.warn(format!(
            "{} more pictures are missing",
            lost.len() - SHOWN_PICTURES
        ));
    }
}

fn told(gathered: &packager::Gathered) -> String {
    let articles = count(gathered.articles.len(), "article", "articles");
    let pictures = gathered.pictures.iter();
    let pictures = pictures.filter(|(path, _)| !site::Picture::is_small_place(path));
    let pictures = count(pictures.count(), "picture", "pictures");
    let skipped = match gathered.skipped.len() {
        0 => String::new(),
        skipped => format!("; left out: {}", count(skipped, "page", "pages")),
    };
    let lost = match gathered.lost_pictures.len() {
        0 => String::new(),
        lost => format!("; missing: {}", count(lost, "picture", "pictures")),
    };
    format!("{articles}, {pictures}{skipped}{lost}")
}

/// The next edition in the newsroom's folder; `None` if none is due.
pub(super) fn publish(
    config: &Config,
    folder: &NewsroomFolder,
    collected: &Collected,
    now: Timestamp,
) -> Result<Option<VerifiedEdition>, Failure> {
    let Collected {
        files, archives, ..
    } = collected;
    let previous = collected.previous.clone();
    let number = previous
        .as_ref()
        .map_or(1, |previous| previous.number() + 1);
    let press = Press {
        metadata: folder.metadata(previous.as_deref())?,
        previous,
        kept: collected.kept.clone(),
        waiting: collected.waiting.clone(),
        keys: folder.publishing_keys(&config.ids())?,
        lifetimes: config.lifetimes.clone(),
        effort: config.effort,
    };
    if let Some(previous) = &press.previous
        && !press.is_due(files, now)
    {
        write_all(archives)?;
        // After a kill, or when others are wanted now.
        folder.write_small(previous, &config.variants)?;
        return Ok(None);
    }
    let place = folder.bundle(number);
    let spool = Spool::beside(&place)?;
    let edition = press.print(files, now, spool, |spool| {
        write_all(archives)?;
        spool.publish().map_err(FolderError::from)?;
        files::map(&place).map_err(FolderError::from)
    })?;
    folder.prune(config.keep_editions)?;
    folder.write_small(&edition, &config.variants)?;
    Ok(Some(edition))
}

fn write_all(archives: &[Archive]) -> Result<(), FolderError> {
    Ok(archives.iter().try_for_each(Archive::write)?)
}

fn summary(folder: &NewsroomFolder, edition: &VerifiedEdition) -> String {
    let files = count(edition.files().count(), "file", "files");
    let bytes = size(edition.bundle().len() as u64);
    let number = edition.number();
    let place = folder.bundle(number);
    format!(
        "Edition {number}: {files}, {bytes}, signed and written to `{}`.",
        place.display()
    )
}
