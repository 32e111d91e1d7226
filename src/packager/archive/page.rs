//! From what is kept of articles to articles that can be shown.

use std::collections::BTreeSet;

use url::Url;

use super::super::links::Inside;
use super::line::{Line, Shown};
use crate::base::SitePath;
use crate::site::{self, Article, Link, Picture, Resolve};

/// Every article by what its line holds, and no link to one that has no line here.
pub(super) fn articles(shown: &[&Line]) -> Vec<Article> {
    let mut shelf = Shelf::default();
    for line in shown {
        shelf.places.insert(&line.path);
        for url in line.addresses() {
            shelf.inside.add(&url, &line.path);
        }
    }
    shown
        .iter()
        .filter_map(|line| line.article(&shelf))
        .collect()
}

impl Line {
    fn article(&self, shelf: &Shelf<'_>) -> Option<Article> {
        let story = self.story.as_ref()?;
        let newsroom = self.path.as_str().split('/').next()?;
        let page = Page {
            shelf,
            address: address_of(&self.path)?,
            pictures: &story.pictures,
        };
        let lead = story.lead.as_ref().and_then(|lead| {
            Some(Picture {
                alt: lead.alt.clone(),
                caption: lead.caption.clone(),
                ..page.picture_at(&lead.path)?
            })
        });
        Some(Article {
            newsroom: newsroom.parse().ok()?,
            path: self.path.clone(),
            title: story.title.clone(),
            byline: story.byline.clone(),
            published: story.published.0,
            updated: story.updated.map(|moment| moment.0),
            language: story.language.0.clone(),
            summary: story.summary.clone(),
            section: story.section.clone(),
            lead,
            body: site::clean(&story.body, &self.path, &page),
            source: self.source.clone(),
        })
    }
}

/// Where the articles lie that are shown.
#[derive(Default)]
struct Shelf<'a> {
    places: BTreeSet<&'a SitePath>,
    inside: Inside,
}

/// Answers for the body of one article as it was kept.
struct Page<'a> {
    shelf: &'a Shelf<'a>,
    address: Url,
    pictures: &'a [Shown],
}

impl Page<'_> {
    /// The file of the site that a relative reference means.
    fn file(&self, reference: &str) -> Option<SitePath> {
        let url = self.address.join(reference).ok()?;
        let path = percent_encoding::percent_decode_str(url.path().trim_start_matches('/'));
        SitePath::parse(&path.decode_utf8().ok()?).ok()
    }

    fn picture_at(&self, path: &SitePath) -> Option<Picture> {
        let shown = |path: &SitePath| self.pictures.iter().find(|shown| shown.path == *path);
        let small = Picture::small_place(path).filter(|small| shown(small).is_some());
        Some(Picture {
            small,
            ..shown(path)?.picture()
        })
    }
}

impl Resolve for Page<'_> {
    fn link(&self, href: &str) -> Link {
        if let Ok(url) = Url::parse(href) {
            let inside = self.shelf.inside.page(&url).cloned();
            return inside.map_or_else(|| Link::Outside(href.to_owned()), Link::Inside);
        }
        match self.file(href) {
            Some(path) if self.shelf.places.contains(&path) => Link::Inside(path),
            _ => Link::Drop,
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        self.picture_at(&self.file(src)?)
    }
}

/// Stands for the site in addresses, so that relative ones can be resolved. Reserved by RFC 2606, so no host has it.
fn address_of(path: &SitePath) -> Option<Url> {
    let mut url = Url::parse("http://site.invalid/").ok()?;
    let segments = path.as_str().split('/');
    url.path_segments_mut().ok()?.clear().extend(segments);
    Some(url)
}
