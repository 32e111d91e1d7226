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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use jiff::Timestamp;

use super::failure::{Failure, Outcome};
use super::screen::{Screen, one_line, size};
use super::words::count;
use crate::base::{Fingerprint, LIMITS, SitePath};
use crate::config::{self, Config, Desk};
use crate::edition::VerifiedEdition;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, Spool};
use crate::packager::{
    self, Archive, Files, FolderError, NewsroomFolder, Press, Progress, Source, Stock,
};
use crate::site::{self, About, Article, Logo, Newsroom, SiteIdentity};

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
    /// Take articles from here instead of the sources in `colport.toml`: a folder of HTML pages, or a feed by its address
    /// or file
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// The newsroom that these sources are for, if there are several
    #[arg(long, value_name = "ID", requires = "sources")]
    newsroom: Option<String>,
}

impl Pack {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let mut config = config::load(&self.site)?;
        if !self.sources.is_empty() {
            self.take_sources(&mut config)?;
        }
        let now = SystemClock.now();
        let folder = NewsroomFolder::at(&self.site);
        let fingerprint = folder.fingerprint()?;
        let collected = collect(&config, &folder, fingerprint, now, screen).await?;
        warn_of_gone(&collected, screen);
        match publish(&config, &folder, &collected, now)? {
            None => screen.line("Nothing is new since the last edition, so nothing was written."),
            Some(edition) => screen.line(summary(&folder, &edition)),
        }
        collected.silent_feed.map_or(Ok(()), Err)
    }

    fn take_sources(&self, config: &mut Config) -> Outcome {
        let sources = self.sources.iter().map(|text| config::source(text));
        let sources: Vec<Source> = sources.collect::<Result<_, _>>().map_err(|why| {
            Failure::setup(why).try_this(
                "name a folder, the file of a feed, or an address that begins with `https://`",
            )
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

/// Everything that the site shall hold.
pub(super) struct Collected {
    files: Files,
    /// Files that stay as they are in the edition before.
    kept: BTreeSet<SitePath>,
    previous: Option<Arc<VerifiedEdition>>,
    archives: Vec<Archive>,
    /// A feed gave nothing; the site shows what was kept of it.
    silent_feed: Option<Failure>,
}

impl Collected {
    fn add(&mut self, stock: Stock) -> Vec<Article> {
        let pictures = stock.pictures.into_iter();
        self.files
            .extend(pictures.map(|(path, picture)| (path, Bytes::from(picture.webp))));
        self.kept.extend(stock.kept_pictures);
        stock.articles
    }
}

pub(super) async fn collect(
    config: &Config,
    folder: &NewsroomFolder,
    fingerprint: Fingerprint,
    now: Timestamp,
    screen: &Screen,
) -> Result<Collected, Failure> {
    let mut articles: Vec<Article> = Vec::new();
    let mut collected = Collected {
        files: Files::new(),
        kept: BTreeSet::new(),
        previous: folder.newest(now)?,
        archives: Vec::new(),
        silent_feed: None,
    };
    for desk in &config.newsrooms {
        let mut archive = folder.archive(&desk.newsroom.id)?;
        let mut gathered = gather(desk, &archive, now, screen).await;
        let failed = std::mem::take(&mut gathered.failed);
        let silent = excuse(desk, &archive, failed)?;
        collected.silent_feed = collected.silent_feed.or(silent);
        let told = told(&gathered);
        let previous = collected.previous.as_deref();
        let stock = archive.stock(gathered, &desk.withdrawn, previous);
        warn_of_stock(&stock, screen);
        screen.line(format!("{}: {told}{}", desk.newsroom.id, told_kept(&stock)));
        articles.extend(collected.add(stock));
        collected.archives.push(archive);
    }
    if articles.is_empty() {
        let failure = Failure::refused("there is not one article, so no edition was made");
        return Err(failure
            .try_this("check the sources in `colport.toml`; what was left out is named above"));
    }
    let newsrooms = config.newsrooms.iter().map(|desk| {
        Ok(Newsroom {
            logo: logo(desk.logo.as_deref())?,
            ..desk.newsroom.clone()
        })
    });
    let newsrooms: Vec<Newsroom> = newsrooms.collect::<Result<_, Failure>>()?;
    let identity = SiteIdentity {
        logo: logo(config.logo.as_deref())?,
        ..config.site.clone()
    };
    let about = About {
        fingerprint: Some(fingerprint),
        contact: config.contact.clone(),
        elsewhere: config.elsewhere.clone(),
    };
    let pages = site::render(&identity, &newsrooms, &articles, &about);
    collected.files.extend(
        pages
            .into_iter()
            .map(|(path, page)| (path, Bytes::from(page))),
    );
    Ok(collected)
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
    archive: &Archive,
    now: Timestamp,
    screen: &Screen,
) -> packager::Gathered {
    let feeds = desk.sources.iter().filter_map(|source| match source {
        Source::Feed(url) => Some(url),
        _ => None,
    });
    let fetch = HttpFetch::for_strangers(Patience::default(), feeds);
    let id = &desk.newsroom.id;
    let bar = screen.counting(&format!("{id}: pages"));
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
    let gathered = packager::gather(
        &fetch,
        &desk.newsroom,
        &desk.sources,
        &options,
        now,
        archive,
        &mut show,
    );
    let gathered = gathered.await;
    bar.finish_and_clear();
    warn(&gathered, screen);
    gathered
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

fn warn_of_stock(stock: &Stock, screen: &Screen) {
    warn_of_lost(&stock.lost_pictures, screen);
    for unknown in &stock.unknown {
        screen.warn(format!(
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
fn warn_of_gone(collected: &Collected, screen: &Screen) {
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
        .filter(|path| !collected.files.contains_key(*path))
        .collect();
    for path in gone.iter().take(SHOWN_GONE) {
        screen.warn(format!("no longer in the site: {path}"));
    }
    if gone.len() > SHOWN_GONE {
        let more = gone.len() - SHOWN_GONE;
        screen.warn(format!("{more} more articles are no longer in the site"));
    }
}

const SHOWN_PICTURES: usize = 5;

/// Every page that is left out, since its readers will miss it; of lost pictures, which may be hundreds, some.
fn warn(gathered: &packager::Gathered, screen: &Screen) {
    for packager::Skipped { what, why } in &gathered.skipped {
        screen.warn(format!("left out: {}: {}", one_line(what), one_line(why)));
    }
    for packager::Skipped { what, why } in &gathered.stale {
        let (what, why) = (one_line(what), one_line(why));
        screen.warn(format!("shown as it was: {what}: {why}"));
    }
    warn_of_lost(&gathered.lost_pictures, screen);
}

fn warn_of_lost(lost: &[packager::LostPicture], screen: &Screen) {
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
        screen.warn(format!("a picture is missing in {article}: {named}"));
    }
    if lost.len() > SHOWN_PICTURES {
        screen.warn(format!(
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
        keys: folder.publishing_keys(&config.ids())?,
        lifetimes: config.lifetimes.clone(),
        effort: config.effort,
    };
    if !press.is_due(files, now) {
        write_all(archives)?;
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
