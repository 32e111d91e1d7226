//! `colport pack`: from sources to a signed bundle.
//!
//! 1. Gather what the sources hold now, and add what the archive holds of what feeds have forgotten.
//! 2. Print the edition beside its place: everything that can fail, fails here, before anything is changed.
//! 3. Write the archive, then the edition's small copies, then put the edition in place. Cut short in between, the archive is
//!    ahead of the edition, and the next run makes up for it; the other way round, an article could be lost. And whoever looks
//!    for the newest edition finds all that belongs to it.
//!
//! A folder that cannot be read stops everything: an edition without its pages would take them from every reader. A feed
//! that cannot be read stops nothing once there is an archive, which holds all that it ever told of, nor before readers
//! had anything of it: a newsroom whose site is blocked or attacked today must be able to publish what comes from
//! elsewhere. It is named, and the exit code is 1.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::failure::{Failure, Outcome};
use super::screen::{Screen, one_line, size};
use super::telling::Telling;
use super::watch::{Mirrors, watch};
use super::words::count;
use crate::base::{Fingerprint, LIMITS};
use crate::config::{self, Config, Desk};
use crate::edition::VerifiedEdition;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::Patience;
use crate::io::files::{self, Copying, FileError, Spool};
use crate::io::visit::{HttpVisitor, Proxy};
use crate::packager::{
    self, Archive, Background, Drawer, Files, FolderError, Getter, MadeUp, Makeup, NewsroomFolder,
    Press, Progress, Source, SourceError, Stock, WebCache, Withdrawn,
};
use crate::site::{self, About, Logo, Newsroom, SiteIdentity, Typesetter};

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
    /// Of `--watch`: after each edition push it to the mirrors, as `colport sync --once` does
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
        let now = SystemClock.now();
        let packed = pack(&config, &folder, now, packager::OF_A_RUN, &telling).await?;
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

/// From the sources to the next edition, if something is new. `time`: what each source may take.
pub(super) async fn pack(
    config: &Config,
    folder: &NewsroomFolder,
    now: Timestamp,
    time: Duration,
    telling: &Telling<'_>,
) -> Result<Packed, Failure> {
    let fingerprint = folder.fingerprint()?;
    // Said before an hour of fetching, and not behind it.
    folder.publishing_keys(&config.ids())?;
    let config = &signed_for(config, folder, telling)?;
    let Collected {
        made_up,
        silent_feed,
    } = collect(config, folder, fingerprint, now, time, telling).await?;
    warn_of_gone(&made_up, telling);
    let takes_back = made_up.takes_back();
    let edition = publish(config, folder, made_up, now)?;
    if takes_back {
        warn_of_earlier(folder, edition.as_ref(), telling)?;
    }
    if let Some(edition) = &edition {
        telling.line(summary(folder, edition));
    }
    folder.cache(now).sweep();
    Ok(Packed {
        edition,
        silent_feed,
    })
}

/// Without newsrooms for which the offline keys have not signed: no reader would believe their pages.
fn signed_for(
    config: &Config,
    folder: &NewsroomFolder,
    telling: &Telling<'_>,
) -> Result<Config, Failure> {
    let unsigned = folder.unsigned(&config.ids())?;
    let mut config = config.clone();
    config
        .newsrooms
        .retain(|desk| !unsigned.contains(&desk.newsroom.id));
    if unsigned.is_empty() {
        return Ok(config);
    }
    let wants = match folder.pending()? {
        Some((draft, _)) => format!("it waits for `{}` to be signed", draft.display()),
        None => "nobody has signed for it: run `colport init .` in this folder".to_owned(),
    };
    for id in unsigned {
        telling.warn(format!("the newsroom `{id}` is left out: {wants}"));
    }
    match config.newsrooms.is_empty() {
        true => Err(
            Failure::refused("no newsroom is signed for, so no edition was made")
                .try_this("have the file in `drafts` signed, then `colport key finish`"),
        ),
        false => Ok(config),
    }
}

/// Everything that the site shall hold.
pub(super) struct Collected {
    pub made_up: MadeUp,
    /// A feed gave nothing; the site shows what was kept of it.
    silent_feed: Option<Failure>,
}

pub(super) async fn collect(
    config: &Config,
    folder: &NewsroomFolder,
    fingerprint: Fingerprint,
    now: Timestamp,
    time: Duration,
    telling: &Telling<'_>,
) -> Result<Collected, Failure> {
    let masthead = Masthead::of(config, fingerprint)?;
    let cache = Arc::new(folder.cache(now));
    let drawer = folder.drawer();
    let newest = folder.newest_and_pages(now)?;
    let mut makeup = Makeup::new(
        masthead.setter(),
        newest,
        Arc::clone(&cache),
        drawer.clone(),
    );
    let web_cache = folder.web_cache(now)?;
    let (mut silent_feed, mut left_out) = (None, false);
    for desk in &config.newsrooms {
        let archive = folder.archive(&desk.newsroom.id)?;
        let background = Background {
            newsroom: &desk.newsroom,
            archive: &archive,
            rules: &desk.rules,
            cache: &cache,
            drawer: &drawer,
            previous: makeup.previous(),
            now,
        };
        let web = (&web_cache, config.proxy.as_ref(), time);
        let gathered = gather(desk, background, web, telling).await;
        left_out |= !gathered.skipped.is_empty();
        let taken = take(&mut makeup, desk, archive, gathered, &drawer, telling);
        let silent = taken.inspect_err(|_| web_cache.end())?;
        // Each is named: the first at the end.
        for silent in silent {
            match &silent_feed {
                None => silent_feed = Some(silent),
                Some(_) => telling.warn(silent),
            }
        }
    }
    web_cache.end();
    if makeup.articles() == 0 && !makeup.is_all_withdrawn() {
        let failure = Failure::refused("there is not one article, so no edition was made");
        return Err(silent_feed.unwrap_or_else(|| {
            failure.try_this(match left_out {
                true => "check the sources in `colport.toml`; what was left out is named above",
                false => "check the sources in `colport.toml`: what they tell now holds no article that is not withdrawn",
            })
        }));
    }
    let made_up = makeup.finish(&config.variants);
    let made_up = made_up.map_err(FolderError::from)?;
    if let Err(error) = packager::forget(&made_up, &cache, &web_cache) {
        telling.warn(format!(
            "something of what is withdrawn may still lie in `cache`: {error}; remove that folder, if nobody may find it"
        ));
    }
    Ok(Collected {
        made_up,
        silent_feed,
    })
}

/// Takes up what one newsroom shows. Gives what is to be said of its feeds that gave nothing.
fn take(
    makeup: &mut Makeup<'_>,
    desk: &Desk,
    mut archive: Archive,
    mut gathered: packager::Gathered,
    drawer: &Drawer,
    telling: &Telling<'_>,
) -> Result<Vec<Failure>, Failure> {
    let failed = std::mem::take(&mut gathered.failed);
    if let Some(failed) = failed.iter().find(|failed| !failed.source.forgets()) {
        // An edition without what a source held until yesterday would take those articles from every reader.
        return Err(silence(desk, failed, ""));
    }
    let lacking = lacking(&gathered);
    let withdrawn = withdrawn(desk, &gathered);
    let stock = archive.stock(gathered, &withdrawn, makeup.previous(), drawer);
    let mut stock = stock.map_err(FolderError::from)?;
    stock.unknown.retain(|one| desk.withdrawn.contains(one));
    if let Some(failed) = failed.first()
        && !archive.is_there()
        && let Some(missing) = makeup.missing(&desk.newsroom, &stock)
    {
        let why = format!("; nothing was kept of it, and readers would lose `{missing}`");
        return Err(silence(desk, failed, &why));
    }
    let what = match archive.is_there() {
        true => "; what was kept of it is shown",
        false => "; nothing was kept of it yet",
    };
    let silent = failed.iter().map(|failed| silence(desk, failed, what));
    let silent = silent.collect();
    warn_of_stock(&stock, telling);
    let (told, kept) = (told(&stock), told_kept(&stock));
    telling.line(format!("{}: {told}{lacking}{kept}", desk.newsroom.id));
    let taken = makeup.take(&desk.newsroom, archive, stock);
    taken.map_err(FolderError::from)?;
    Ok(silent)
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
    (web_cache, proxy, time): (&WebCache, Option<&Proxy>, Duration),
    telling: &Telling<'_>,
) -> packager::Gathered {
    let named = || desk.sources.iter().map(Source::address);
    let web = HttpVisitor::new(Patience::default(), proxy, named().flatten());
    let getter = Getter::new(&web, named().map(Option::<&_>::cloned))
        .with_time(time)
        .with_cache(Some(web_cache));
    let id = &desk.newsroom.id;
    let bar = telling.counting(&format!("{id}: sources"));
    let mut show = |progress| {
        let (doing, done, of) = match progress {
            Progress::Reading { done, of } => ("pages read", done, of),
            Progress::Pictures { done, of } => ("articles made", done, of),
        };
        bar.set_message(format!("{id}: {doing}"));
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let options = packager::Options {
        withdrawn: desk.withdrawn.clone(),
        ..packager::Options::default()
    };
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

/// What is to be said of a source that gave nothing.
fn silence(desk: &Desk, failed: &packager::Failed, what_else: &str) -> Failure {
    let (id, why) = (&desk.newsroom.id, failed.why());
    let what = format!("a source of `{id}` gave nothing: {why}{what_else}");
    Failure::refused(what).hint(mended(failed))
}

fn mended(packager::Failed { source, error }: &packager::Failed) -> Option<String> {
    match error {
        SourceError::File(FileError::NotFound(_)) if source.inbox().is_some() => {
            Some("start `colport intake`, which makes this folder, or make it yourself".into())
        }
        SourceError::File(FileError::Other { source, .. })
            if source.kind() == ErrorKind::IsADirectory =>
        {
            Some("it is a folder: for a folder of pages say `folder =` in `colport.toml`".into())
        }
        error => error.hint(),
    }
}

fn warn_of_stock(stock: &Stock, telling: &Telling<'_>) {
    warn_of_lost(&stock.lost_pictures, telling);
    for crowded in &stock.crowded {
        telling.warn(told_crowded(crowded));
    }
    for (copy, one) in &stock.copies {
        telling.warn(format!(
            "`{}` says the same as `{}`, which is withdrawn, and goes with it",
            one_line(copy),
            one_line(one)
        ));
    }
    for (copy, one) in &stock.alike {
        telling.warn(format!(
            "`{}` says the same as `{}`, which is withdrawn, and stays: withdraw it too, if it shall go",
            one_line(copy),
            one_line(one)
        ));
    }
    for (withdrawn, places) in &stock.several {
        let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        telling.warn(format!(
            "`{withdrawn}` is withdrawn, and means {} articles, which all go: {}; name the place of the one that you mean",
            places.len(),
            places.join(", ")
        ));
    }
    for (withdrawn, place) in &stock.beside {
        telling.warn(format!(
            "`{withdrawn}` is withdrawn; the article at `{place}` stays, since others write on that host: name its place, if it is meant"
        ));
    }
    for unknown in &stock.unknown {
        telling.warn(format!(
            "`{unknown}` is withdrawn, but no article has this address: check its spelling, or remove it from `colport.toml`"
        ));
    }
}

fn told_crowded(
    packager::Crowded {
        source,
        month,
        articles,
    }: &packager::Crowded,
) -> String {
    let place = match month {
        Some(month) => format!("the month `{month}` is full"),
        None => "the newsroom is full".to_owned(),
    };
    let whose = match source {
        Some(source) => format!("of `{}`", one_line(source)),
        None => "of what lies in folders, crawls and inboxes".to_owned(),
    };
    let articles = count(*articles, "newest article", "newest articles");
    format!("{place}: the {articles} {whose} were left out")
}

fn told_kept(stock: &Stock) -> String {
    let kept = match stock.kept_articles {
        0 => String::new(),
        kept => format!("; kept from before: {}", count(kept, "article", "articles")),
    };
    match stock.withdrawn.len() {
        0 => kept,
        withdrawn => format!(
            "{kept}; withdrawn: {}",
            count(withdrawn, "article", "articles")
        ),
    }
}

const SHOWN_GONE: usize = 5;

/// Says which articles readers had and have no more, so that none goes unnoticed.
fn warn_of_gone(made_up: &MadeUp, telling: &Telling<'_>) {
    let gone = made_up.gone();
    for path in gone.iter().take(SHOWN_GONE) {
        telling.warn(format!("no longer in the site: {path}"));
    }
    if gone.len() > SHOWN_GONE {
        let more = gone.len() - SHOWN_GONE;
        let more = count(more, "more article is", "more articles are");
        telling.warn(format!("{more} no longer in the site"));
    }
}

/// Says which bundles here still hold what was withdrawn just now. Mirrors make updates of them.
fn warn_of_earlier(
    folder: &NewsroomFolder,
    edition: Option<&VerifiedEdition>,
    telling: &Telling<'_>,
) -> Outcome {
    let newest = edition.map(|edition| edition.number());
    let earlier = folder.kept()?.into_iter();
    let earlier = earlier.filter(|number| newest.is_some_and(|newest| *number < newest));
    let named: Vec<String> = earlier
        .map(|number| format!("`{}`", folder.bundle(number).display()))
        .collect();
    if !named.is_empty() {
        telling.warn(format!(
            "what is withdrawn now still stands in earlier editions on this computer: remove {} if nobody may find it here; \
             readers of those then fetch the whole edition in place of an update",
            named.join(" and ")
        ));
    }
    Ok(())
}

/// Every page that is left out and every picture that is missing, since readers will miss it, unless very many are for one
/// reason.
fn warn(gathered: &packager::Gathered, telling: &Telling<'_>) {
    for (what, all) in [
        ("left out", &gathered.skipped),
        ("shown as it was", &gathered.stale),
        ("to be looked at", &gathered.odd),
    ] {
        for told in told_grouped(all) {
            telling.warn(format!("{what}: {told}"));
        }
    }
    for told in told_repeated(&gathered.repeated) {
        telling.warn(told);
    }
    warn_of_lost(&gathered.lost_pictures, telling);
}

const SHOWN_REPEATED: usize = 20;

/// What stands on many pages, and of how many it was left out: what an editor wrote may be among it.
fn told_repeated(repeated: &[packager::Repeated]) -> Vec<String> {
    let shown = repeated.iter().take(SHOWN_REPEATED);
    let mut told: Vec<String> = shown
        .map(|packager::Repeated { what, pages }| {
            let (what, pages) = (one_line(what), count(*pages, "page", "pages"));
            format!("left out of {pages}, since it stands on so many of one host: `{what}`")
        })
        .collect();
    if repeated.len() > SHOWN_REPEATED {
        let more = repeated.len() - SHOWN_REPEATED;
        let more = count(
            more,
            "more thing that stands on many pages of one host was",
            "more things that stand on many pages of one host were",
        );
        told.push(format!("{more} left out of them"));
    }
    told
}

const SHOWN_ALIKE: usize = 20;

fn told_grouped(all: &[packager::Skipped]) -> Vec<String> {
    let told = all
        .iter()
        .map(|one| (reason(&one.what, &one.why), told_once(one)));
    by_reason(told, |more| count(more, "more", "more"))
}

/// Of those that have one reason the first are named, and the others counted: a source may name very many. Each comes with
/// its reason.
fn by_reason(
    all: impl Iterator<Item = (String, String)>,
    counted: impl Fn(usize) -> String,
) -> Vec<String> {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut told = Vec::new();
    for (why, one) in all {
        let number = alike.entry(why).or_default();
        *number += 1;
        if *number <= SHOWN_ALIKE {
            told.push(one);
        }
    }
    let more = alike.into_iter().filter(|(_, all)| *all > SHOWN_ALIKE);
    told.extend(more.map(|(why, all)| {
        let more = counted(all - SHOWN_ALIKE);
        format!("{more}: {}", one_line(&why))
    }));
    told
}

/// Without the name of what it is the reason for.
fn reason(what: &str, why: &str) -> String {
    let about = what.split('?').next().unwrap_or_default();
    [what, about].iter().fold(why.to_owned(), |why, name| {
        why.replace(&format!("`{name}`"), "it")
    })
}

/// Many reasons name what they are about.
fn told_once(packager::Skipped { what, why }: &packager::Skipped) -> String {
    let (what, why) = (one_line(what), one_line(why));
    match why.contains(&format!("`{what}`")) {
        true => why,
        false => format!("{what}: {why}"),
    }
}

fn warn_of_lost(lost: &[packager::LostPicture], telling: &Telling<'_>) {
    for told in told_lost(lost) {
        telling.warn(told);
    }
}

fn told_lost(lost: &[packager::LostPicture]) -> Vec<String> {
    let told = lost
        .iter()
        .map(|one| (reason(&one.picture, &one.why), told_missing(one)));
    by_reason(told, |more| {
        count(more, "more picture is missing", "more pictures are missing")
    })
}

fn told_missing(
    packager::LostPicture {
        article,
        picture,
        why,
    }: &packager::LostPicture,
) -> String {
    let (article, picture, why) = (one_line(article), one_line(picture), one_line(why));
    let named = match why.contains(&picture) {
        true => why,
        false => format!("`{picture}`: {why}"),
    };
    format!("a picture is missing in {article}: {named}")
}

/// What is shown of what the sources tell now.
fn told(stock: &Stock) -> String {
    let articles = stock.articles.len() - stock.kept_articles;
    let articles = count(articles, "article", "articles");
    let pictures = stock.pictures.iter();
    let pictures = pictures.filter(|(path, _)| !site::Picture::is_small_place(path));
    let pictures = count(pictures.count(), "picture", "pictures");
    format!("{articles}, {pictures}")
}

fn lacking(gathered: &packager::Gathered) -> String {
    let skipped = match gathered.skipped.len() {
        0 => String::new(),
        skipped => format!("; left out: {}", count(skipped, "page", "pages")),
    };
    let lost = match gathered.lost_pictures.len() {
        0 => String::new(),
        lost => format!("; missing: {}", count(lost, "picture", "pictures")),
    };
    format!("{skipped}{lost}")
}

/// The next edition in the newsroom's folder; `None` if none is due.
pub(super) fn publish(
    config: &Config,
    folder: &NewsroomFolder,
    made_up: MadeUp,
    now: Timestamp,
) -> Result<Option<VerifiedEdition>, Failure> {
    let MadeUp {
        previous,
        pages,
        kept,
        waiting,
        archives,
        ..
    } = made_up;
    let number = previous
        .as_ref()
        .map_or(1, |previous| previous.number() + 1);
    let press = Press {
        metadata: folder.metadata(previous.as_deref())?,
        previous,
        kept,
        waiting,
        keys: folder.publishing_keys(&config.ids())?,
        lifetimes: config.lifetimes.clone(),
        effort: config.effort,
    };
    // Everything waits; nothing is held.
    let files = &Files::new();
    if let Some(previous) = &press.previous
        && !press.is_due(files, now)
    {
        put_in_place(archives)?;
        folder.note_published(previous.number())?;
        // After a kill, or when others are wanted now.
        folder.write_small(previous, &pages, &config.variants)?;
        return Ok(None);
    }
    let place = folder.bundle(number);
    let spool = Copying::new(Spool::beside(&place)?, pages);
    let mut printed = None;
    let edition = press.print(files, now, spool, |spool| {
        put_in_place(archives)?;
        let mut spool = spool.into_inner();
        let (bundle, pages) = spool.map_pages()?;
        printed = Some((spool, pages));
        Ok::<_, FolderError>(bundle)
    })?;
    let (spool, pages) = printed.expect("what was printed was placed");
    folder.lay_small(&edition, &pages, &config.variants)?;
    spool.publish()?;
    folder.note_good(&edition, &pages, now);
    folder.note_published(number)?;
    folder.prune(config.keep_editions)?;
    folder.write_small(&edition, &pages, &config.variants)?;
    Ok(Some(edition))
}

fn put_in_place(archives: Vec<packager::Ready>) -> Result<(), FolderError> {
    let mut archives = archives.into_iter();
    Ok(archives.try_for_each(packager::Ready::put_in_place)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_that_are_left_out_for_one_reason_some_are_named() {
        let gone = |number: usize| {
            let what = format!("https://n.example/{number}?page=1");
            let why = format!("`https://n.example/{number}` has nothing there");
            packager::Skipped { what, why }
        };
        let mut all: Vec<_> = (0..1000).map(gone).collect();
        all.push(packager::Skipped {
            what: "https://n.example/pdf".into(),
            why: "it is no page".into(),
        });
        let told = told_grouped(&all);
        assert_eq!(told.len(), SHOWN_ALIKE + 2);
        assert_eq!(told[SHOWN_ALIKE], "https://n.example/pdf: it is no page");
        assert_eq!(told[SHOWN_ALIKE + 1], "980 more: it has nothing there");
    }

    #[test]
    fn every_missing_picture_is_named_unless_very_many_are_missing_for_one_reason() {
        let lost = |number: usize, why: &str| packager::LostPicture {
            article: format!("https://n.example/{}", number / 4),
            picture: format!("https://n.example/{number}.jpg?w=9"),
            why: why.to_owned(),
        };
        let gone = |number: usize| {
            let why = format!("`https://n.example/{number}.jpg` has nothing there");
            lost(number, &why)
        };
        let mut all: Vec<_> = (0..SHOWN_ALIKE).map(gone).collect();
        all.push(lost(70, "it is a bomb"));
        let told = told_lost(&all);
        assert_eq!(told.len(), SHOWN_ALIKE + 1);
        assert_eq!(
            told[1],
            "a picture is missing in https://n.example/0: `https://n.example/1.jpg?w=9`: `https://n.example/1.jpg` has \
             nothing there"
        );
        assert!(told[SHOWN_ALIKE].ends_with("70.jpg?w=9`: it is a bomb"));
        let told_of =
            |more: usize| told_lost(&(0..SHOWN_ALIKE + more).map(gone).collect::<Vec<_>>());
        let reason = "it has nothing there";
        assert_eq!(
            told_of(1)[SHOWN_ALIKE],
            format!("1 more picture is missing: {reason}")
        );
        assert_eq!(
            told_of(900)[SHOWN_ALIKE],
            format!("900 more pictures are missing: {reason}")
        );
    }

    #[test]
    fn what_is_left_out_of_many_pages_is_told_with_its_beginning() {
        let one = |number: usize| packager::Repeated {
            what: format!("Anna\nIvanova {number}…"),
            pages: 16,
        };
        let told = told_repeated(&[one(1)]);
        assert_eq!(
            told,
            ["left out of 16 pages, since it stands on so many of one host: `Anna Ivanova 1…`"]
        );
        let many: Vec<_> = (0..SHOWN_REPEATED + 3).map(one).collect();
        let told = told_repeated(&many);
        assert_eq!(told.len(), SHOWN_REPEATED + 1);
        assert!(told[SHOWN_REPEATED].starts_with("3 more things"));
    }
}
