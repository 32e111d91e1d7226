//! The pages. Each is a function from what it shows to its path and bytes.
//!
//! What a page depends on is kept small, because a page that changes must travel anew: an article's page depends on
//! the article and on the names of its newsroom and site; a month's page on that month's articles; a newsroom's front
//! page, archive and feed on that newsroom; only the home page on all.

use std::collections::BTreeMap;

use askama::Template;

use crate::base::SitePath;

use super::calendar::Day;
use super::frame::{ABOUT, ARCHIVE, Frame, HOME, NOT_FOUND, RoomLinks, room_path, site_path};
use super::links::relative;
use super::story::{Image, Story};
use super::words::Words;
use super::{About, Article, Language, Newsroom, SiteIdentity};

pub type Page = (SitePath, Vec<u8>);

/// Stories on a newsroom's front page: one on top, a row of cards with pictures, then headlines.
const CARDS: usize = 3;
const FRONT_STORIES: usize = 30;

/// Stories of each newsroom on the home page.
const HOME_STORIES: usize = 5;

fn page(path: SitePath, template: &impl Template) -> Page {
    let html = template.render().expect("a template writes to memory");
    (path, html.into_bytes())
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
    rooms: Vec<Room<'a>>,
}

struct Room<'a> {
    links: RoomLinks<'a>,
    tagline: &'a str,
    stories: Vec<Story<'a>>,
}

/// `rooms`: each newsroom with its articles, the newest first.
pub fn home(
    site: &SiteIdentity,
    newsrooms: &[Newsroom],
    rooms: &[(&Newsroom, Vec<&Article>)],
) -> Page {
    let path = site_path(HOME);
    let rooms = rooms
        .iter()
        .map(|(newsroom, articles)| Room {
            links: RoomLinks::new(site, newsroom, &path),
            tagline: &newsroom.tagline,
            stories: home_stories(newsroom, articles, &path),
        })
        .collect();
    let frame = Frame::of_site(site, newsrooms, &path);
    page(path, &HomePage { frame, rooms })
}

fn home_stories<'a>(
    newsroom: &Newsroom,
    articles: &[&'a Article],
    path: &SitePath,
) -> Vec<Story<'a>> {
    let words = Words::of(&[&newsroom.language]);
    let stories = articles.iter().take(HOME_STORIES).enumerate();
    stories
        .map(|(index, article)| match index {
            0 => Story::with_picture(article, path, words),
            _ => Story::short(article, path, words),
        })
        .collect()
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "newsroom.html")]
struct NewsroomPage<'a> {
    frame: Frame<'a>,
    tagline: &'a str,
    lead: Option<Story<'a>>,
    cards: Vec<Story<'a>>,
    list: Vec<Story<'a>>,
    archive: String,
}

/// The front page of a newsroom. `articles` with the newest first.
pub fn front(site: &SiteIdentity, newsroom: &Newsroom, articles: &[&Article]) -> Page {
    let path = room_path(newsroom, HOME);
    let frame = Frame::of_newsroom(site, newsroom, &newsroom.language, &path);
    let words = frame.words;
    let mut stories = articles.iter().take(FRONT_STORIES);

    let template = NewsroomPage {
        lead: stories.next().map(|a| Story::with_picture(a, &path, words)),
        cards: stories
            .by_ref()
            .take(CARDS)
            .map(|a| Story::with_picture(a, &path, words))
            .collect(),
        list: stories.map(|a| Story::told(a, &path, words)).collect(),
        tagline: &newsroom.tagline,
        archive: relative(&path, &room_path(newsroom, ARCHIVE)),
        frame,
    };
    page(path.clone(), &template)
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "article.html")]
struct ArticlePage<'a> {
    frame: Frame<'a>,
    article: &'a Article,
    lede: Option<&'a str>,
    lead: Option<Image<'a>>,
    published: String,
    /// Empty if it never was.
    updated: String,
    month: Option<Month>,
}

pub fn article(site: &SiteIdentity, newsroom: &Newsroom, article: &Article) -> Page {
    let path = &article.path;
    let frame = Frame::of_newsroom(site, newsroom, &article.language, path).titled(&article.title);
    let lead = article.lead.as_ref().map(|lead| Image::new(lead, path));
    let month = MonthFolder::of(article).map(|folder| Month {
        address: relative(path, &folder.path()),
        title: frame.words.all_of_month(folder.year, folder.month),
        count: String::new(),
    });
    let template = ArticlePage {
        published: frame.words.date(article.published),
        updated: article
            .updated
            .map(|time| frame.words.updated(time))
            .unwrap_or_default(),
        frame,
        article,
        lede: lede(article),
        lead: lead.filter(|lead| !is_in_body(lead, article)),
        month,
    };
    page(path.clone(), &template)
}

/// The summary, unless it is just how the text begins.
fn lede(article: &Article) -> Option<&str> {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.take(60).collect()
    };
    let body = dom_query::Document::fragment(article.body.as_str()).text();
    let summary = article.summary.trim();
    let is_new = !summary.is_empty() && !letters(&body).starts_with(&letters(summary));
    is_new.then_some(summary)
}

fn is_in_body(lead: &Image<'_>, article: &Article) -> bool {
    let source = format!("src=\"{}\"", lead.address);
    article.body.as_str().contains(&source)
}

/// A month's folder of a newsroom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MonthFolder {
    year: i32,
    month: u8,
    folder: String,
}

/// A month as other pages name it.
struct Month {
    address: String,
    title: String,
    count: String,
}

impl MonthFolder {
    /// By where the article lies. `None` if that is not as [`Article::place`] has it.
    fn of(article: &Article) -> Option<Self> {
        let mut segments = article.path.as_str().split('/');
        let room = segments
            .next()
            .filter(|s| *s == article.newsroom.as_str())?;
        let (year, month) = (segments.next()?, segments.next()?);
        let day = Day::of(article.published);
        let is_its_month = year.parse() == Ok(day.year) && month.parse() == Ok(day.month);
        (is_its_month && segments.count() == 2).then(|| Self {
            year: day.year,
            month: day.month,
            folder: format!("{room}/{year}/{month}"),
        })
    }

    fn path(&self) -> SitePath {
        site_path(&format!("{}/index.html", self.folder))
    }
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "month.html")]
struct MonthPage<'a> {
    frame: Frame<'a>,
    heading: String,
    stories: Vec<Story<'a>>,
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "archive.html")]
struct ArchivePage<'a> {
    frame: Frame<'a>,
    months: Vec<Month>,
}

/// The archive of a newsroom and a page for each of its months. `articles` with the newest first.
pub fn archive(site: &SiteIdentity, newsroom: &Newsroom, articles: &[&Article]) -> Vec<Page> {
    let mut months: BTreeMap<MonthFolder, Vec<&Article>> = BTreeMap::new();
    for article in articles {
        if let Some(folder) = MonthFolder::of(article) {
            months.entry(folder).or_default().push(article);
        }
    }
    let path = room_path(newsroom, ARCHIVE);
    let frame = Frame::of_newsroom(site, newsroom, &newsroom.language, &path);
    let named = |(folder, articles): (&MonthFolder, &Vec<&Article>)| Month {
        address: relative(&path, &folder.path()),
        title: frame.words.month(folder.year, folder.month),
        count: frame.words.articles(articles.len()),
    };
    let template = ArchivePage {
        months: months.iter().rev().map(named).collect(),
        frame: Frame::of_newsroom(site, newsroom, &newsroom.language, &path)
            .titled(&frame.words.say("archive")),
    };
    let contents = page(path.clone(), &template);
    let pages = months
        .iter()
        .map(|(folder, articles)| month(site, newsroom, folder, articles));
    pages.chain([contents]).collect()
}

fn month(
    site: &SiteIdentity,
    newsroom: &Newsroom,
    folder: &MonthFolder,
    articles: &[&Article],
) -> Page {
    let path = folder.path();
    let frame = Frame::of_newsroom(site, newsroom, &newsroom.language, &path);
    let heading = frame.words.month(folder.year, folder.month);
    let stories = articles
        .iter()
        .map(|article| Story::told(article, &path, frame.words))
        .collect();
    let template = MonthPage {
        frame: frame.titled(&heading),
        heading,
        stories,
    };
    page(path.clone(), &template)
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "about.html")]
struct AboutPage<'a> {
    frame: Frame<'a>,
    site: &'a str,
    about: &'a About,
}

/// "About this copy", once for the site and once for each newsroom in its language.
pub fn about(site: &SiteIdentity, newsrooms: &[Newsroom], about: &About) -> Vec<Page> {
    let written = |path: SitePath, frame: Frame<'_>| {
        let title = frame.words.say("about");
        let template = AboutPage {
            frame: frame.titled(&title),
            site: &site.name,
            about,
        };
        page(path, &template)
    };
    let of_site = site_path(ABOUT);
    let frame = Frame::of_site(site, newsrooms, &of_site);
    let mut pages = vec![written(of_site, frame)];
    for newsroom in newsrooms {
        let path = room_path(newsroom, ABOUT);
        let frame = Frame::of_newsroom(site, newsroom, &newsroom.language, &path);
        pages.push(written(path, frame));
    }
    pages
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "withdrawn.html")]
struct WithdrawnPage<'a> {
    frame: Frame<'a>,
}

pub fn withdrawn(
    site: &SiteIdentity,
    newsroom: &Newsroom,
    path: &SitePath,
    language: &Language,
) -> Page {
    let frame = Frame::of_newsroom(site, newsroom, language, path);
    let title = frame.words.say("withdrawn-title");
    let frame = frame.titled(&title);
    page(path.clone(), &WithdrawnPage { frame })
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "not_found.html")]
struct NotFoundPage<'a> {
    frame: Frame<'a>,
    tongues: Vec<&'static Words>,
}

pub fn not_found(language: &Language) -> Vec<u8> {
    not_found_in(vec![Words::of(&[language])])
}

/// For hosts that cannot ask which language a reader likes: all of them, the site's own first.
pub fn not_found_in_all(site: &SiteIdentity) -> Page {
    let own = Words::of(&[&site.language]);
    let others = Words::all()
        .iter()
        .filter(|w| w.language() != own.language());
    let tongues = [own].into_iter().chain(others).collect();
    (site_path(NOT_FOUND), not_found_in(tongues))
}

fn not_found_in(tongues: Vec<&'static Words>) -> Vec<u8> {
    let words = tongues.first().copied().unwrap_or_else(|| Words::of(&[]));
    let frame = Frame::standing_alone(words.say("not-found-title"), words);
    let template = NotFoundPage { frame, tongues };
    template
        .render()
        .expect("a template writes to memory")
        .into_bytes()
}
