//! What lies in the inbox, as offers of a source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::super::feed::Entry;
use super::super::shelf::{self, Held, Shelf, ShelfError};
use super::super::{Found, Offer, Page, SourceError};
use super::pushed::Pushed;
use super::taking::picture;
use super::{PushError, Refused};
use crate::base::{LIMITS, Timestamp};
use crate::io::files;
use crate::packager::Skipped;
use crate::packager::extract::parse_date;

pub fn found(inbox: &Path, skipped: &mut Vec<Skipped>) -> Result<Found, SourceError> {
    let mut latest: HashMap<String, (Timestamp, PathBuf, Pushed)> = HashMap::new();
    for below in files::list(inbox)? {
        let is_article = below.extension().is_some_and(|end| end == "json");
        if !is_article || below.components().count() != 1 {
            continue;
        }
        let place = inbox.join(&below);
        match read(&place) {
            Ok((at, pushed)) => {
                let had = latest.get(&pushed.id);
                if had.is_none_or(|(before, ..)| *before <= at) {
                    latest.insert(pushed.id.clone(), (at, place, pushed));
                }
            }
            Err(error) => skipped.push(Skipped {
                what: below.to_string_lossy().into_owned(),
                why: error.to_string(),
            }),
        }
    }
    let mut latest: Vec<_> = latest.into_values().collect();
    // Newest first, in an order that does not hang on the file system.
    latest.sort_by(|(a, _, one), (b, _, other)| (b, &one.id).cmp(&(a, &other.id)));
    let mut found = Found::default();
    for (at, place, pushed) in latest {
        match pushed.withdraw {
            true => found.withdrawn.extend(names(pushed)),
            false => found.offers.push(offer(pushed, &place, at)),
        }
    }
    Ok(found)
}

/// By its name the article was placed; by its address a feed may have told of it too.
fn names(withdrawn: Pushed) -> impl Iterator<Item = String> {
    let Pushed { id, url, .. } = withdrawn;
    let address = url.filter(|url| *url != id);
    [id].into_iter().chain(address)
}

fn read(place: &Path) -> Result<(Timestamp, Pushed), PushError> {
    let json = files::read(place, LIMITS.pushed_bytes)?;
    Ok((files::modified(place)?, Pushed::parse(&json)?))
}

fn offer(pushed: Pushed, place: &Path, at: Timestamp) -> Offer {
    let base = pushed.base();
    let address = |name: &str| base.join(name).ok();
    let mut images: HashMap<Url, Stored> = HashMap::new();
    for image in &pushed.images {
        let stored = match &image.file {
            Some(file) => Stored::File(file.clone()),
            None => Stored::Inside(image.name.clone()),
        };
        images.extend(address(&image.name).map(|url| (url, stored)));
    }
    let lead = pushed.lead.as_ref();
    let caption = lead.and_then(|lead| {
        let mut images = pushed.images.iter();
        images.find(|image| image.name == *lead)?.caption.clone()
    });
    let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
    let told = Entry {
        id: pushed.id.clone(),
        link: (!shelf::is_on_shelf(&base)).then(|| base.clone()),
        published: date(&pushed.published),
        updated: date(&pushed.updated),
        picture: pushed.lead,
        caption,
        title: pushed.title,
        byline: pushed.byline,
        language: pushed.language,
        section: pushed.section,
        content: pushed.html,
        summary: pushed.summary,
    };
    let article = Article {
        place: place.to_path_buf(),
        images,
    };
    Offer {
        seen: Some(at),
        shelf: Some(Arc::new(article)),
        ..Offer::new(pushed.id, Page::Told(base.into()), told)
    }
}

/// The pictures of one article.
#[derive(Debug)]
struct Article {
    place: PathBuf,
    images: HashMap<Url, Stored>,
}

#[derive(Debug)]
enum Stored {
    /// Beside the article's file.
    File(String),
    /// In the article's file, under this name.
    Inside(String),
}

impl Shelf for Article {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        match self.images.get(url) {
            Some(stored) => Some(self.picture(stored).map(Held::of)),
            None => shelf::is_on_shelf(url).then_some(Err(ShelfError::Absent)),
        }
    }
}

impl Article {
    fn picture(&self, stored: &Stored) -> Result<Vec<u8>, ShelfError> {
        match stored {
            Stored::File(name) => {
                // A name that leads elsewhere is none.
                let is_plain = Path::new(name)
                    .file_name()
                    .is_some_and(|file| file == &**name);
                let folder = self.place.parent().filter(|_| is_plain);
                let place = folder.ok_or(ShelfError::Absent)?.join(name);
                match files::is_plain_file(&place) {
                    true => Ok(files::read(&place, LIMITS.fetched_bytes)?),
                    false => Err(ShelfError::Absent),
                }
            }
            Stored::Inside(name) => {
                let json = files::read(&self.place, LIMITS.pushed_bytes)?;
                let damaged = |why: Refused| ShelfError::Damaged(why.to_string());
                let pushed = Pushed::parse(&json).map_err(damaged)?;
                let image = pushed.images.iter().find(|image| image.name == *name);
                let image = image.ok_or(ShelfError::Absent)?;
                let bytes = picture(image, &HashMap::new()).map_err(damaged)?;
                Ok(bytes.to_vec())
            }
        }
    }
}
