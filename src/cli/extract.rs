//! `colport extract`: what readers will get of a page, for an editor who wonders and for programs that measure.
//!
//! 1. Read the page as `colport pack` reads it; the same pages are refused for the same reasons.
//! 2. Print it as one JSON object; texts that would steer a terminal are escaped as JSON escapes them.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use url::Url;

use super::failure::{Failure, Outcome};
use super::screen::Screen;
use crate::base::LIMITS;
use crate::config;
use crate::io::files;
use crate::packager::extract::{self, Extracted, NoArticle, Rulebook};

/// Show what readers will get of a page: its article as JSON.
///
/// Reads one page as `colport pack` does and prints one JSON object: title, byline, date, section, pictures, and the
/// article as plain text and as HTML (`pack` cleans that once more, leaves out what stands on many pages of the same
/// host, and puts its own copies of the pictures in). A page that holds no article gives `"article": false` and the
/// reason, and exit code 1; so does one without a title, beside what was read of it: where a feed tells a title it is one.
#[derive(Args)]
pub(crate) struct Extract {
    /// A file with the page as it came from the server; `-` for standard input
    #[arg(value_name = "PAGE", required_unless_present = "batch")]
    page: Option<String>,
    /// The address that the page came from: its links and pictures are relative to it
    #[arg(long, value_name = "URL", default_value = NOWHERE)]
    url: String,
    /// Read lines `ID<TAB>FILE<TAB>URL` from standard input, and answer each with a line of JSON that holds its `id`
    #[arg(long, conflicts_with = "page")]
    batch: bool,
    /// A newsroom's folder: its pages are read by the rules under `[[newsroom.extract]]` in its `colport.toml`
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
}

/// Stands for the address of a page of which none is told. Reserved by RFC 2606, so no host has it.
const NOWHERE: &str = "https://page.invalid/";

/// What is printed of a page.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Article(Box<Article>),
    /// `pack` leaves it out; one without a title only if no feed tells that.
    LeftOut {
        article: bool,
        why: String,
        #[serde(flatten)]
        read: Box<Article>,
    },
    None {
        article: bool,
        why: String,
    },
}

#[derive(Serialize)]
struct Article {
    title: String,
    byline: Option<String>,
    date: Option<String>,
    modified: Option<String>,
    section: Option<String>,
    description: Option<String>,
    lang: Option<String>,
    dir: Option<String>,
    /// The picture above the text.
    image: Option<String>,
    /// Those in the text.
    images: Vec<String>,
    canonical: Option<String>,
    charset: &'static str,
    text: String,
    html: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    #[serde(flatten)]
    shown: Shown,
}

impl Extract {
    pub(crate) fn run(self, screen: &Screen) -> Outcome {
        let rules = self
            .site
            .as_deref()
            .map_or(Ok(Rulebook::default()), rules_in)?;
        let Some(page) = self.page else {
            return batch(&rules, screen);
        };
        let url = Url::parse(&self.url).map_err(|error| {
            Failure::setup(format!("`{}` is no address: {error}", self.url))
                .try_this("an address is such as `https://news.example/2026/11/court.html`")
        })?;
        let bytes = match page.as_str() {
            "-" => standard_input()?,
            path => files::read(Path::new(path), LIMITS.fetched_bytes)?,
        };
        let rules = match self.url == NOWHERE {
            true => extract::rules_of(&bytes, None, &url, &rules),
            false => rules.rules_for(&url),
        };
        let read = extract::extract_page_as(&bytes, None, &url, &rules);
        let shown = Shown::from(read);
        screen.json(&shown);
        let why = match &shown {
            Shown::Article(_) => return Ok(()),
            Shown::LeftOut { why, .. } | Shown::None { why, .. } => why,
        };
        Err(Failure::refused(format!("`{page}` is skipped: {why}"))
            .try_this("open the page in a browser with scripts switched off: is its text there?"))
    }
}

/// Of all newsrooms of the folder: their pages differ by host.
fn rules_in(site: &Path) -> Result<Rulebook, Failure> {
    let config = config::load(site)?;
    Ok(Rulebook::joined(
        config.newsrooms.into_iter().map(|desk| desk.rules),
    ))
}

/// Answers line by line, so that whoever asks can wait for each.
fn batch(rules: &Rulebook, screen: &Screen) -> Outcome {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::setup(format!("the list breaks off: {error}")))?;
        let mut words = line.split('\t');
        let (Some(id), Some(path)) = (words.next(), words.next()) else {
            return Err(Failure::setup(format!(
                "`{line}` is no `ID<TAB>FILE<TAB>URL`"
            )));
        };
        let url = words.next().and_then(|url| Url::parse(url).ok());
        let shown = shown(Path::new(path), url, rules);
        screen.json_line(&Answer { id, shown });
    }
    Ok(())
}

fn shown(path: &Path, url: Option<Url>, rules: &Rulebook) -> Shown {
    let Some(url) = url else {
        return Shown::none("its address cannot be read");
    };
    match files::read(path, LIMITS.fetched_bytes) {
        Ok(bytes) => extract::extract_page_as(&bytes, None, &url, &rules.rules_for(&url)).into(),
        Err(error) => Shown::none(error),
    }
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock().take(LIMITS.fetched_bytes + 1);
    let read = input.read_to_end(&mut bytes);
    read.map_err(|error| Failure::setup(format!("the page breaks off: {error}")))?;
    match bytes.len() as u64 > LIMITS.fetched_bytes {
        true => Err(Failure::setup("the page is larger than any page")),
        false => Ok(bytes),
    }
}

impl Shown {
    fn left_out(why: impl ToString, read: Extracted) -> Self {
        Self::LeftOut {
            article: false,
            why: why.to_string(),
            read: Box::new(read.into()),
        }
    }

    fn none(why: impl ToString) -> Self {
        Self::None {
            article: false,
            why: why.to_string(),
        }
    }
}

impl From<Result<Extracted, NoArticle>> for Shown {
    fn from(read: Result<Extracted, NoArticle>) -> Self {
        match read {
            Ok(read) if read.is_other => Self::left_out(NoArticle::Other, read),
            Ok(read) if read.title.is_empty() => Self::left_out("it has no title", read),
            Ok(read) => Self::Article(Box::new(read.into())),
            Err(why) => Self::none(why),
        }
    }
}

impl From<Extracted> for Article {
    fn from(read: Extracted) -> Self {
        Self {
            html: read.html_with_lead(),
            image: read.lead.map(|lead| lead.src.into()),
            images: read
                .pictures
                .into_iter()
                .map(|picture| picture.src.into())
                .collect(),
            title: read.title,
            byline: read.byline,
            date: read.published.map(|moment| moment.to_string()),
            modified: read.modified.map(|moment| moment.to_string()),
            section: read.section,
            description: read.description,
            lang: read.lang,
            dir: read.dir,
            canonical: read.canonical.map(String::from),
            charset: read.charset,
            text: read.text,
        }
    }
}
