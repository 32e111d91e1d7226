//! Everything that the site shall hold, put together page by page.
//!
//! 1. What a newsroom shows is taken up: pictures that wait on the disk or stay as they are, and a page for each article.
//! 2. Once all newsrooms are there, the lists are set from their headlines.
//! 3. A page that the edition before holds stays there; every other lies in the drawer until it is packed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::archive::{Archive, ArchiveError, Ready, Shelf, Stock};
use super::cache::Cache;
use super::forgetting::TakenBack;
use super::recall::Losses;
use super::setting::{Set, Setting, mark_of};
use super::waiting::{Drawer, Waiting};
use crate::base::{Digest, SitePath};
use crate::edition::{Variant, VerifiedEdition};
use crate::io::files::Pages;
use crate::site::{About, Headline, Newsroom, SmallCopy, Typesetter};

/// See the module.
#[derive(Debug)]
pub struct Makeup<'a> {
    setter: Typesetter<'a>,
    mark: String,
    cache: Arc<Cache>,
    drawer: Drawer,
    headlines: Vec<Headline>,
    losses: Losses,
    made_up: MadeUp,
}

/// Everything that the site shall hold.
#[derive(Debug, Default)]
pub struct MadeUp {
    pub previous: Option<Arc<VerifiedEdition>>,
    /// Of its bundle.
    pub pages: Pages,
    /// Files that stay as they are in the edition before.
    pub kept: BTreeSet<SitePath>,
    /// Files that are read when they are packed.
    pub waiting: BTreeMap<SitePath, Waiting>,
    /// Pages that say that an article was withdrawn, and did not say so before.
    graves: BTreeSet<SitePath>,
    /// What had a text here until now, and was withdrawn.
    pub taken_back: Vec<TakenBack>,
    pub archives: Vec<Ready>,
}

impl<'a> Makeup<'a> {
    pub fn new(
        setter: Typesetter<'a>,
        previous: Option<(Arc<VerifiedEdition>, Pages)>,
        cache: Arc<Cache>,
        drawer: Drawer,
    ) -> Self {
        let (previous, pages) = previous.unzip();
        Self {
            mark: mark_of(&setter),
            setter,
            cache,
            drawer,
            headlines: Vec::new(),
            losses: Losses::default(),
            made_up: MadeUp {
                previous,
                pages: pages.unwrap_or_default(),
                ..MadeUp::default()
            },
        }
    }

    pub fn previous(&self) -> Option<&VerifiedEdition> {
        self.made_up.previous.as_deref()
    }

    /// An article of the newsroom that readers had and that is neither in the stock nor withdrawn.
    pub fn missing(&self, newsroom: &Newsroom, stock: &Stock) -> Option<&SitePath> {
        let shown = stock.articles.iter().map(|slip| &slip.path);
        let withdrawn = stock.withdrawn.iter().map(|(path, _)| path);
        let there: BTreeSet<&SitePath> = shown.chain(withdrawn).collect();
        let is_its =
            |path: &&SitePath| path.as_str().split('/').next() == Some(newsroom.id.as_str());
        let mut had = self.made_up.had().filter(is_its);
        had.find(|path| !there.contains(path))
    }

    /// Whether of every article that readers had a page says that it was withdrawn, if no article was taken up.
    pub fn is_all_withdrawn(&self) -> bool {
        let (mut had, made_up) = (self.made_up.had().peekable(), &self.made_up);
        let is_there =
            |path: &SitePath| made_up.waiting.contains_key(path) || made_up.kept.contains(path);
        had.peek().is_some() && had.all(is_there)
    }

    /// How many articles were taken up.
    pub fn articles(&self) -> usize {
        self.headlines.len()
    }

    // Step 1.
    pub fn take(
        &mut self,
        newsroom: &Newsroom,
        archive: Archive,
        stock: Stock,
    ) -> Result<(), ArchiveError> {
        self.made_up.archives.push(archive.write_beside()?);
        for (path, language) in &stock.withdrawn {
            let (path, page) = self.setter.withdrawn(newsroom, path, language);
            if self.made_up.lay(path.clone(), page, &self.drawer) {
                self.made_up.graves.insert(path);
            }
        }
        self.made_up.taken_back.extend(stock.taken_back);
        let pictures = stock.pictures.into_iter();
        let pictures = pictures.map(|(path, picture)| (path, picture.webp));
        self.made_up.waiting.extend(pictures);
        self.made_up.kept.extend(stock.kept_pictures);
        let shelf = Shelf::of(&stock.articles, &stock.graves);
        let all = stock.articles.len();
        self.headlines.reserve_exact(all);
        let (mut waiting, mut kept) = (Vec::with_capacity(all), Vec::with_capacity(all));
        for slip in stock.articles {
            let setting = Setting {
                setter: &self.setter,
                mark: &self.mark,
                shelf: &shelf,
                cache: &self.cache,
                drawer: &self.drawer,
                losses: &self.losses,
            };
            let made_up = &self.made_up;
            let set = setting.set(&slip, |path, sha256| made_up.holds(path, sha256))?;
            let Some(Set { headline, page }) = set else {
                continue;
            };
            match page.and_then(|page| self.made_up.laid(&slip.path, page, &self.drawer)) {
                Some(page) => waiting.push((slip.path.clone(), page)),
                None => kept.push(slip.path.clone()),
            }
            self.headlines.push(headline);
        }
        self.made_up.take(waiting, kept);
        Ok(())
    }

    /// Step 2. `variants`: the copies that every mirror will have.
    pub fn finish(self, variants: &[Variant]) -> Result<MadeUp, ArchiveError> {
        let mut made_up = self.made_up;
        self.setter.lists(&self.headlines, &mut |(path, page)| {
            made_up.lay(path, page, &self.drawer);
        });
        let about = About {
            small: made_up.small_copies(variants),
            ..self.setter.about.clone()
        };
        let setter = Typesetter {
            about: &about,
            ..self.setter
        };
        for (path, page) in setter.abouts(&self.headlines) {
            made_up.lay(path, page, &self.drawer);
        }
        drop(self.headlines);
        made_up.pack();
        match self.losses.are_none() {
            true => Ok(made_up),
            false => Err(ArchiveError::Lost),
        }
    }
}

impl MadeUp {
    fn holds(&self, path: &SitePath, sha256: &str) -> bool {
        let before = self.previous.as_ref();
        let before = before.and_then(|previous| previous.file(path));
        before.is_some_and(|before| before.digest.to_string() == sha256)
    }

    /// Step 3. Gives whether it is new.
    fn lay(&mut self, path: SitePath, page: Vec<u8>, drawer: &Drawer) -> bool {
        match self.laid(&path, page, drawer) {
            Some(waiting) => {
                self.waiting.insert(path, waiting);
                true
            }
            None => {
                self.kept.insert(path);
                false
            }
        }
    }

    /// `None` if the edition before holds it.
    fn laid(&self, path: &SitePath, page: Vec<u8>, drawer: &Drawer) -> Option<Waiting> {
        let digest = Digest::of(&page);
        let before = self.previous.as_ref();
        let before = before.and_then(|previous| previous.file(path));
        let is_new = before.is_none_or(|before| before.digest != digest);
        let length = page.len() as u64;
        is_new.then(|| Waiting::known(length, digest, drawer.lay(page)))
    }

    /// Very many at once.
    fn take(&mut self, waiting: Vec<(SitePath, Waiting)>, kept: Vec<SitePath>) {
        self.waiting.append(&mut waiting.into_iter().collect());
        self.kept.append(&mut kept.into_iter().collect());
    }

    /// What was added in order, one by one, left these half empty; all at once they are full.
    fn pack(&mut self) {
        self.waiting = std::mem::take(&mut self.waiting).into_iter().collect();
        self.kept = std::mem::take(&mut self.kept).into_iter().collect();
    }

    /// What of these every mirror will have.
    fn small_copies(&self, variants: &[Variant]) -> Vec<SmallCopy> {
        let facts = || {
            let kept = self.kept.iter().filter_map(|path| {
                let entry = self.previous.as_ref()?.file(path)?;
                Some((path, entry.length))
            });
            let waiting = self.waiting.iter().map(|(path, file)| (path, file.length));
            let all = kept.chain(waiting);
            all.map(|(path, length)| (path.as_str().ends_with(".webp"), length))
        };
        let small = variants.iter().filter(|variant| **variant != Variant::Full);
        small
            .map(|variant| SmallCopy::of(*variant, facts()))
            .collect()
    }

    /// Articles that readers had and that are no longer there.
    pub fn gone(&self) -> Vec<&SitePath> {
        let is_there = |path: &SitePath| {
            let is_held = self.waiting.contains_key(path) || self.kept.contains(path);
            is_held && !self.graves.contains(path)
        };
        self.had().filter(|path| !is_there(path)).collect()
    }

    /// Whether readers had an article that is withdrawn now.
    pub fn takes_back(&self) -> bool {
        !self.taken_back.is_empty() && self.had().any(|path| self.graves.contains(path))
    }

    /// Articles of the edition before, also withdrawn ones.
    fn had(&self) -> impl Iterator<Item = &SitePath> {
        let is_article = |path: &&SitePath| {
            path.as_str().ends_with("/index.html") && path.as_str().split('/').count() == 5
        };
        let before = self.previous.iter().flat_map(|edition| edition.files());
        before.map(|(path, _)| path).filter(is_article)
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive::{Line, Moment, Story, Tongue};
    use super::super::cache::tests::cache;
    use super::*;
    use crate::packager::Slip;
    use crate::site::{Language, Look, SiteIdentity};

    fn line(slug: &str, body: &str) -> Line {
        let language = Language::parse("be").unwrap();
        Line {
            path: SitePath::parse(&format!("be/2026/11/{slug}/index.html")).unwrap(),
            id: format!("https://n.example/{slug}"),
            source: None,
            also: Vec::new(),
            said: None,
            told_by: None,
            is_hearsay: false,
            own_id: None,
            left_out: None,
            read_by: None,
            language: None,
            story: Some(Story {
                title: slug.into(),
                byline: None,
                published: Moment("2026-11-20T10:00:00Z".parse().unwrap()),
                minutes_ahead: 0,
                updated: None,
                language: Tongue(language),
                summary: String::new(),
                section: None,
                lead: None,
                pictures: Vec::new(),
                body: body.into(),
            }),
        }
    }

    /// All that lies in the drawer of a site with these articles, by path.
    fn laid(tagline: &str, lines: &[Line], cache: &Arc<Cache>) -> BTreeMap<SitePath, String> {
        let language = Language::parse("be").unwrap();
        let newsroom = Newsroom {
            id: "be".parse().unwrap(),
            name: "Post".into(),
            tagline: tagline.into(),
            language: language.clone(),
            logo: None,
        };
        let site = SiteIdentity {
            name: "Post".into(),
            language,
            look: Look::default(),
            logo: None,
        };
        let setter = Typesetter {
            site: &site,
            newsrooms: std::slice::from_ref(&newsroom),
            about: &About::default(),
        };
        let drawer = Drawer::on(&std::env::temp_dir());
        let slips = lines.iter().map(|line| Slip::of(line, true, &drawer));
        let stock = Stock {
            articles: slips.map(Arc::new).collect(),
            ..Stock::default()
        };
        let archive = Archive::read("/nowhere/be.jsonl".into(), &newsroom.id).unwrap();
        let mut makeup = Makeup::new(setter, None, Arc::clone(cache), drawer.clone());
        makeup.take(&newsroom, archive, stock).unwrap();
        assert_eq!(makeup.articles(), lines.len());
        let waiting = makeup.finish(&[]).unwrap().waiting.into_iter();
        let text = |file: Waiting| String::from_utf8_lossy(&file.content().unwrap()).into_owned();
        waiting.map(|(path, file)| (path, text(file))).collect()
    }

    #[test]
    fn a_page_is_set_again_only_if_something_in_it_changed() {
        let (_folder, cache) = cache();
        let [a, b] = [
            line("a", "<p>See <a href=https://n.example/b>it</a></p>"),
            line("b", "<p>b</p>"),
        ];
        let other = line("b", "<p>other</p>");
        let mut before = 0;
        let mut check = |tagline: &str, lines: &[Line], set: usize| {
            let found = laid(tagline, lines, &cache);
            assert_eq!(cache.work().settings - before, set, "{tagline}");
            before = cache.work().settings;
            // Whatever was set before, the same comes out.
            let (_folder, fresh) = super::super::cache::tests::cache();
            assert_eq!(found, laid(tagline, lines, &fresh));
            found
        };
        check("", &[a.clone(), b.clone()], 2);
        check("", &[b.clone(), a.clone()], 0);
        check("", &[a.clone(), other], 1);
        let alone = check("", std::slice::from_ref(&a), 1);
        assert!(
            alone[&a.path].contains("https://n.example/b"),
            "it leads out"
        );
        check("", &[a.clone(), b.clone()], 1);
        check("another", &[a, b], 2);
    }
}
