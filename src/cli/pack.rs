//! `colport pack`: from sources to a signed bundle.

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use jiff::Timestamp;

use super::failure::{Failure, Outcome};
use super::screen::{Screen, one_line, size};
use super::words::count;
use crate::base::Fingerprint;
use crate::config::{self, Config, Desk};
use crate::edition::VerifiedEdition;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, Spool};
use crate::packager::{self, Files, FolderError, NewsroomFolder, Press, Progress, Source};
use crate::site::{self, About, Article};

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
        let files = collect(&config, fingerprint, now, screen).await?;
        match publish(&config, &folder, &files, now)? {
            None => screen.line("Nothing is new since the last edition, so nothing was written."),
            Some(edition) => screen.line(summary(&folder, &edition)),
        }
        Ok(())
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
pub(super) async fn collect(
    config: &Config,
    fingerprint: Fingerprint,
    now: Timestamp,
    screen: &Screen,
) -> Result<Files, Failure> {
    let mut articles: Vec<Article> = Vec::new();
    let mut files = Files::new();
    for desk in &config.newsrooms {
        let gathered = gather(desk, now, screen).await?;
        articles.extend(gathered.articles);
        files.extend(
            gathered
                .pictures
                .into_iter()
                .map(|(path, picture)| (path, Bytes::from(picture))),
        );
    }
    if articles.is_empty() {
        let failure = Failure::refused("there is not one article, so no edition was made");
        return Err(failure
            .try_this("check the sources in `colport.toml`; what was left out is named above"));
    }
    let newsrooms: Vec<_> = config
        .newsrooms
        .iter()
        .map(|desk| desk.newsroom.clone())
        .collect();
    let about = About {
        fingerprint: Some(fingerprint),
        contact: config.contact.clone(),
    };
    let pages = site::render(&config.site, &newsrooms, &articles, &about);
    files.extend(
        pages
            .into_iter()
            .map(|(path, page)| (path, Bytes::from(page))),
    );
    Ok(files)
}

async fn gather(
    desk: &Desk,
    now: Timestamp,
    screen: &Screen,
) -> Result<packager::Gathered, Failure> {
    let fetch = HttpFetch::new(Patience::default());
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
        &mut show,
    );
    let gathered = gathered.await;
    bar.finish_and_clear();
    warn(&gathered, screen);
    // An edition without what a source held until yesterday would take those articles from every reader.
    if let Some(failed) = gathered.failed.first() {
        return Err(
            Failure::refused(format!("a source of `{id}` gave nothing: {failed}"))
                .hint(failed.hint()),
        );
    }
    screen.line(format!("{id}: {}", told(&gathered)));
    Ok(gathered)
}

const SHOWN_PICTURES: usize = 5;

/// Every page that is left out, since its readers will miss it; of lost pictures, which may be hundreds, some.
fn warn(gathered: &packager::Gathered, screen: &Screen) {
    for packager::Skipped { what, why } in &gathered.skipped {
        screen.warn(format!("left out: {}: {}", one_line(what), one_line(why)));
    }
    let lost = &gathered.lost_pictures;
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
    let pictures = count(gathered.pictures.len(), "picture", "pictures");
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
    files: &Files,
    now: Timestamp,
) -> Result<Option<VerifiedEdition>, Failure> {
    let previous = folder.newest(now)?;
    let number = previous
        .as_ref()
        .map_or(1, |previous| previous.number() + 1);
    let press = Press {
        metadata: folder.metadata(previous.as_deref())?,
        previous,
        keys: folder.publishing_keys(&config.ids())?,
        lifetimes: config.lifetimes.clone(),
        effort: config.effort,
    };
    if !press.is_due(files, now) {
        return Ok(None);
    }
    let place = folder.bundle(number);
    let spool = Spool::beside(&place)?;
    let edition = press.print(files, now, spool, |spool| {
        spool.publish().map_err(FolderError::from)?;
        files::map(&place).map_err(FolderError::from)
    })?;
    folder.prune(config.keep_editions)?;
    Ok(Some(edition))
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
