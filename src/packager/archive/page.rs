//! From what is kept of articles to articles that can be shown.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::super::detours::{direct, followed};
use super::super::links::Inside;
use super::line::{Line, Shown};
use super::slip::Slip;
use crate::base::{self, SitePath};
use crate::io::fetch;
use crate::io::reach::is_private;
use crate::site::{Article, CleanHtml, Link, Picture, Resolve};

/// Where the articles lie that are shown, and the pages that say that one was withdrawn.
#[derive(Debug, Default)]
pub(in crate::packager) struct Shelf {
    places: HashSet<SitePath>,
    inside: Inside,
}

impl Shelf {
    pub fn of(shown: &[Arc<Slip>], graves: &[Arc<Slip>]) -> Self {
        let all = || shown.iter().chain(graves);
        let named = all().flat_map(|slip| {
            let addresses = slip.addresses();
            addresses.map(|url| (url, slip.alone_says(), &slip.path))
        });
        Self {
            places: all().map(|slip| slip.path.clone()).collect(),
            inside: Inside::of(all().count() * 2, named),
        }
    }

    /// Answers for the links of an article, but not for its pictures.
    pub fn links<'a>(&'a self, slip: &'a Slip) -> Option<Page<'a>> {
        Some(Page {
            shelf: self,
            address: address_of(&slip.path)?,
            told_by: slip.told_by.as_deref(),
            pictures: &[],
        })
    }
}

impl Line {
    /// Answers for its body. `None` for one that was withdrawn.
    pub fn page<'a>(&'a self, shelf: &'a Shelf) -> Option<Page<'a>> {
        Some(Page {
            shelf,
            address: address_of(&self.path)?,
            told_by: self.told_by.as_deref(),
            pictures: &self.story.as_ref()?.pictures,
        })
    }

    /// Without its body, which is for [`site::clean`](crate::site::clean()).
    pub fn bare_article(&self) -> Option<Article> {
        let story = self.story.as_ref()?;
        let newsroom = self.path.as_str().split('/').next()?;
        let lead = story.lead.as_ref().and_then(|lead| {
            Some(Picture {
                alt: readable(&lead.alt),
                caption: lead.caption.as_deref().map(readable),
                ..picture_at(&lead.path, &story.pictures)?
            })
        });
        Some(Article {
            newsroom: newsroom.parse().ok()?,
            path: self.path.clone(),
            title: readable(&story.title),
            byline: story.byline.as_deref().map(readable),
            published: story.published.0,
            clock: story.clock(),
            updated: story.updated.map(|moment| moment.0),
            language: story.language.0.clone(),
            summary: readable(&story.summary),
            section: story.section.as_deref().map(readable),
            lead,
            body: CleanHtml::default(),
            source: self.source.as_deref().and_then(|source| self.shown(source)),
        })
    }

    /// The original's address without what could be a secret: earlier versions kept a feed's own, with its password or
    /// token, of an article that has none; and addresses in the newsroom's network.
    fn shown(&self, source: &str) -> Option<String> {
        match Url::parse(source).map(|url| followed(&url)) {
            Ok(url) if is_private(&url) => None,
            Ok(url) if self.id.starts_with("http") => {
                Some(direct(&fetch::without_login(&url)).into())
            }
            Ok(url) => Some(fetch::shown(&url)),
            Err(_) => Some(source.to_owned()),
        }
    }
}

fn readable(text: &str) -> String {
    base::readable(text.to_owned())
}

/// Answers for the body of one article as it was kept.
pub(in crate::packager) struct Page<'a> {
    shelf: &'a Shelf,
    address: Url,
    told_by: Option<&'a str>,
    pictures: &'a [Shown],
}

impl Page<'_> {
    /// The file of the site that a relative reference means.
    fn file(&self, reference: &str) -> Option<SitePath> {
        let url = self.address.join(reference).ok()?;
        let path = percent_encoding::percent_decode_str(url.path().trim_start_matches('/'));
        SitePath::parse(&path.decode_utf8().ok()?).ok()
    }
}

fn picture_at(path: &SitePath, pictures: &[Shown]) -> Option<Picture> {
    let shown = |path: &SitePath| pictures.iter().find(|shown| shown.path == *path);
    let small = Picture::small_place(path).filter(|small| shown(small).is_some());
    Some(Picture {
        small,
        ..shown(path)?.picture()
    })
}

impl Resolve for Page<'_> {
    fn link(&self, href: &str) -> Link {
        if let Ok(url) = Url::parse(href) {
            let (url, direct) = (followed(&url), direct(&url));
            let page = |url: &Url| self.shelf.inside.page(url, self.told_by).cloned();
            return match page(&url).or_else(|| page(&direct)) {
                Some(path) => Link::Inside(path),
                // Kept by an earlier version.
                None if url.has_host() && is_private(&url) => Link::Drop,
                None => Link::Outside(direct.into()),
            };
        }
        match self.file(href) {
            Some(path) if self.shelf.places.contains(&path) => Link::Inside(path),
            _ => Link::Drop,
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        picture_at(&self.file(src)?, self.pictures)
    }
}

/// Stands for the site in addresses, so that relative ones can be resolved. Reserved by RFC 2606, so no host has it.
fn address_of(path: &SitePath) -> Option<Url> {
    let mut url = Url::parse("http://site.invalid/").ok()?;
    let segments = path.as_str().split('/');
    url.path_segments_mut().ok()?.clear().extend(segments);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_kept_turns_the_direction_of_a_line() {
        let turned = "\u{202e}a\u{1b}b";
        let line = serde_json::json!({
            "path": "be/2026/11/1/index.html", "id": "1", "source": null,
            "story": {
                "title": turned, "byline": turned, "published": "2026-11-20T10:00:00Z", "updated": null, "language": "be",
                "summary": turned, "section": turned, "body": "",
                "lead": { "path": "be/2026/11/1/1.webp", "alt": turned, "caption": turned },
                "pictures": [{ "path": "be/2026/11/1/1.webp", "width": 1, "height": 1, "sha256": "0".repeat(64) }],
            },
        });
        let line: Line = serde_json::from_value(line).unwrap();
        let article = line.bare_article().unwrap();
        let lead = article.lead.unwrap();
        let texts = [
            Some(article.title),
            article.byline,
            Some(article.summary),
            article.section,
        ];
        for text in texts.into_iter().chain([Some(lead.alt), lead.caption]) {
            assert_eq!(text.as_deref(), Some("ab"));
        }
    }

    #[test]
    fn what_earlier_versions_kept_of_a_feeds_address_is_not_shown() {
        let check = |id: &str, source: &str, shown: Option<&str>| {
            let line = serde_json::json!({
                "path": "be/2026/11/1/index.html", "id": id, "source": source,
                "story": {
                    "title": "One", "byline": null, "published": "2026-11-20T10:00:00Z", "updated": null, "language": "be",
                    "summary": "", "lead": null, "pictures": [], "body": "",
                },
            });
            let line: Line = serde_json::from_value(line).unwrap();
            assert_eq!(line.bare_article().unwrap().source.as_deref(), shown);
        };
        let own = "https://n.example/?p=1";
        check(own, own, Some(own));
        check(own, "https://n.example/?p=1&utm_source=rss", Some(own));
        check(own, "https://editor:PASSW@n.example/?p=1", Some(own));
        check(
            own,
            "https://www.google.com/url?rct=j&url=https://n.example/?p%3D1&usg=AOv",
            Some(own),
        );
        check("http://cms.lan/a", "http://cms.lan/a", None);
        check(
            "77",
            "https://editor:PASSW@n.example/feed?token=SECRET123",
            Some("https://n.example/feed"),
        );
    }

    #[test]
    fn what_earlier_versions_kept_of_links_leads_nobody_astray() {
        let shelf = Shelf::default();
        let page = Page {
            shelf: &shelf,
            address: address_of(&SitePath::parse("be/2026/11/1/index.html").unwrap()).unwrap(),
            told_by: None,
            pictures: &[],
        };
        let wrapped = "https://vk.com/away.php?to=https%3A%2F%2Fn.example%2Fa%3Ffbclid%3D1";
        let own = Link::Outside("https://n.example/a".into());
        assert_eq!(page.link(wrapped), own);
        let inner = "https://vk.com/away.php?to=http%3A%2F%2Fcms.corp%2Fa";
        assert_eq!(page.link(inner), Link::Drop);
    }
}
