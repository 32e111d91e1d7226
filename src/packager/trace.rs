//! Work that need not be done again, though links go into it.
//!
//! What becomes of an article depends on where its links lead, and that depends on which other articles there are. So what
//! came of it is kept with its trace: every link that was asked for, and the article that it led to, if it did. As long as
//! each leads there still, the work would come out the same.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cache::{Cache, Key, Kind};
use crate::base::SitePath;
use crate::site::{Link, Picture, Resolve};

/// The program by its code: what another one made is not taken for its work. See the build script.
pub(super) const PROGRAM: &str = env!("COLPORT_PACKAGING");

/// Each link with the article that it led to.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Trace(Vec<(String, Option<SitePath>)>);

impl Trace {
    fn holds(&self, resolve: &dyn Resolve) -> bool {
        let mut asked = self.0.iter();
        asked.all(|(href, led)| inside(&resolve.link(href)) == led.as_ref())
    }
}

fn inside(link: &Link) -> Option<&SitePath> {
    match link {
        Link::Inside(path) => Some(path),
        Link::Outside(_) | Link::Drop => None,
    }
}

/// Answers as the other does, and remembers.
struct Tracing<'a> {
    resolve: &'a dyn Resolve,
    asked: RefCell<Asked>,
}

/// Each link once, however many there are.
#[derive(Default)]
struct Asked {
    trace: Trace,
    seen: HashSet<String>,
}

impl Resolve for Tracing<'_> {
    fn link(&self, href: &str) -> Link {
        let link = self.resolve.link(href);
        let Asked { trace, seen } = &mut *self.asked.borrow_mut();
        if !seen.contains(href) {
            seen.insert(href.to_owned());
            trace.0.push((href.to_owned(), inside(&link).cloned()));
        }
        link
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        self.resolve.picture(src)
    }

    fn is_telling(&self, caption: &str) -> bool {
        self.resolve.is_telling(caption)
    }
}

/// Work that is done.
pub(super) struct Done {
    /// The trace, the end of its line, and what was made.
    entry: Vec<u8>,
    start: usize,
    /// Whether it lies in the cache.
    pub is_kept: bool,
}

impl Done {
    /// As [`made`] kept it at this place.
    pub fn at(place: &Path, key: Key) -> Option<Self> {
        Self::of(Cache::read(place, key)?)
    }

    fn of(entry: Vec<u8>) -> Option<Self> {
        let start = memchr::memchr(b'\n', &entry)? + 1;
        Some(Self {
            entry,
            start,
            is_kept: true,
        })
    }

    /// With the key it says of what the work was made, and so what was made.
    pub fn trace(&self) -> &[u8] {
        self.entry.get(..self.start).unwrap_or_default()
    }

    pub fn into_content(mut self) -> Vec<u8> {
        self.entry.drain(..self.start);
        self.entry
    }
}

/// What was [`made`] under this key, if every link leads where it led then.
pub(super) fn found(
    (cache, kind, key): (&Cache, Kind, Key),
    resolve: &dyn Resolve,
) -> Option<Done> {
    let done = Done::of(cache.find(kind, key)?)?;
    let trace: Trace = serde_json::from_slice(done.trace()).ok()?;
    trace.holds(resolve).then_some(done)
}

/// What comes of it, kept for [`found`]. Whatever else it depends on but links must be in the key, pictures among it.
pub(super) fn made(
    (cache, kind, key): (&Cache, Kind, Key),
    resolve: &dyn Resolve,
    make: impl FnOnce(&dyn Resolve) -> Vec<u8>,
) -> Done {
    let tracing = Tracing {
        resolve,
        asked: RefCell::default(),
    };
    let made = make(&tracing);
    let trace = tracing.asked.into_inner().trace;
    let mut entry = serde_json::to_vec(&trace).expect("texts can always be written");
    entry.push(b'\n');
    let start = entry.len();
    entry.extend(made);
    // What cannot be written is made again next time.
    let is_kept = cache.keep(kind, key, &entry).is_ok();
    Done {
        entry,
        start,
        is_kept,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cache::tests::cache;
    use super::*;

    /// Whose articles are those named here.
    struct World(&'static str);

    impl Resolve for World {
        fn link(&self, href: &str) -> Link {
            match self.0.contains(href) {
                true => Link::Inside(SitePath::parse(&format!("be/{href}")).unwrap()),
                false => Link::Outside(href.to_owned()),
            }
        }

        fn picture(&self, _: &str) -> Option<Picture> {
            None
        }
    }

    #[test]
    fn an_article_of_very_many_links_takes_a_moment() {
        let (_folder, cache) = cache();
        let at = (&*cache, Kind::Articles, Key::of(&[b"x"]));
        let links: Vec<String> = (0..200_000)
            .map(|n| format!("https://n.example/{n}"))
            .collect();
        // Each with each, they would take minutes.
        let begun = std::time::Instant::now();
        made(at, &World(""), |resolve| {
            links.iter().for_each(|href| drop(resolve.link(href)));
            Vec::new()
        });
        assert!(begun.elapsed().as_secs() < 60);
    }

    #[test]
    fn work_is_done_again_only_if_one_of_its_links_leads_elsewhere() {
        let (_folder, cache) = cache();
        let key = Key::of(&[b"x"]);
        let check = |articles: &'static str, is_done: bool| {
            let mut done = false;
            let (at, world) = ((&*cache, Kind::Articles, key), World(articles));
            let made = found(at, &world).unwrap_or_else(|| {
                made(at, &world, |resolve| {
                    done = true;
                    let links = ["a", "b", "a"].map(|href| resolve.link(href));
                    format!("{links:?}\nand more").into_bytes()
                })
            });
            let links = ["a", "b", "a"].map(|href| World(articles).link(href));
            assert!(made.is_kept);
            let lies = Done::at(&cache.place(Kind::Articles, key), key).unwrap();
            assert_eq!(lies.trace(), made.trace());
            assert_eq!(lies.into_content(), made.into_content());
            let made = found(at, &world).unwrap().into_content();
            assert_eq!(made, format!("{links:?}\nand more").into_bytes());
            assert_eq!(done, is_done, "{articles}");
        };
        check("", true);
        check("", false);
        check("c", false);
        check("a", true);
        check("a c", false);
        check("a b", true);
        check("", true);
        assert_eq!(cache.work().articles, 4);
    }
}
