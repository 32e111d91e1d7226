//! What lies in the inbox, as offers of a source.
//!
//! There may be very many articles, with their pictures in them. So of each no more is held than its name and where it lies;
//! it is read again when it is its turn.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::super::feed::Entry;
use super::super::shelf::{self, Held, Shelf, ShelfError};
use super::super::{Found, Offer, Page, SourceError};
use super::pushed::{Image, Pushed};
use super::taking::picture;
use super::{PushError, Refused};
use crate::base::{LIMITS, Timestamp};
use crate::io::fetch::without_login;
use crate::io::files;
use crate::packager::Skipped;
use crate::packager::extract::parse_date;

/// One file.
struct Lying {
    at: Timestamp,
    place: PathBuf,
    says: Says,
}

enum Says {
    /// An article, with the address to which those in it are relative.
    Article(Url),
    /// That it is withdrawn, and the address that it had.
    Withdrawn(Option<String>),
}

pub fn found(inbox: &Path, skipped: &mut Vec<Skipped>) -> Result<Found, SourceError> {
    let mut latest: HashMap<String, Lying> = HashMap::new();
    for below in files::list(inbox)? {
        let is_article = below
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if !is_article || below.components().count() != 1 {
            continue;
        }
        let place = inbox.join(&below);
        match lying(place) {
            Ok((id, lying)) => {
                let had = latest.get(&id);
                if had.is_none_or(|had| had.at <= lying.at) {
                    latest.insert(id, lying);
                }
            }
            Err(error) => skipped.push(Skipped {
                what: below.to_string_lossy().into_owned(),
                why: error.to_string(),
            }),
        }
    }
    let mut latest: Vec<_> = latest.into_iter().collect();
    // Newest first, in an order that does not hang on the file system.
    latest.sort_by(|(one, a), (other, b)| (b.at, one).cmp(&(a.at, other)));
    let mut found = Found::default();
    for (id, Lying { at, place, says }) in latest {
        match says {
            Says::Withdrawn(address) => found.withdrawn.extend(names(id, address)),
            Says::Article(base) => found.offers.push(offer(id, base, place, at)),
        }
    }
    Ok(found)
}

/// By its name the article was placed; by its address a feed may have told of it too.
fn names(id: String, address: Option<String>) -> impl Iterator<Item = String> {
    let address = address.filter(|address| *address != id);
    [id].into_iter().chain(address)
}

fn lying(place: PathBuf) -> Result<(String, Lying), PushError> {
    let at = files::modified(&place)?;
    let pushed = read(&place)?;
    let says = match pushed.withdraw {
        true => Says::Withdrawn(pushed.url),
        false => Says::Article(pushed.base()),
    };
    Ok((pushed.id, Lying { at, place, says }))
}

fn read(place: &Path) -> Result<Pushed, PushError> {
    let json = files::read(place, LIMITS.pushed_bytes)?;
    Ok(Pushed::parse(&json)?)
}

fn offer(id: String, base: Url, place: PathBuf, at: Timestamp) -> Offer {
    Offer {
        seen: Some(at),
        shelf: Some(Arc::new(Article { place })),
        ..Offer::bare(id, Page::Told(base.into()))
    }
}

fn entry(pushed: Pushed) -> Entry {
    let base = pushed.base();
    let lead = pushed.lead.as_ref();
    let caption = lead.and_then(|lead| {
        let mut images = pushed.images.iter();
        images.find(|image| image.name == *lead)?.caption.clone()
    });
    let images = pushed.images.into_iter();
    let captions = images.filter_map(|image| Some((image.name, image.caption?)));
    let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
    Entry {
        id: pushed.id,
        link: (!shelf::is_on_shelf(&base)).then_some(base),
        published: date(&pushed.published),
        updated: date(&pushed.updated),
        picture: pushed.lead,
        caption,
        alt: None,
        captions: captions.collect(),
        title: pushed.title,
        byline: pushed.byline,
        language: pushed.language,
        section: pushed.section,
        content: pushed.html,
        summary: pushed.summary,
    }
}

/// One article and its pictures.
#[derive(Debug)]
struct Article {
    place: PathBuf,
}

impl Shelf for Article {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        let pushed = match self.pushed() {
            Ok(pushed) => pushed,
            Err(error) => return Some(Err(error)),
        };
        let base = pushed.base();
        let is_meant = |image: &&Image| {
            let address = base.join(&image.name).map(|url| without_login(&url));
            address.as_ref() == Ok(url)
        };
        match pushed.images.iter().rfind(is_meant) {
            Some(image) => Some(self.picture(image).map(Held::of)),
            None => shelf::is_on_shelf(url).then_some(Err(ShelfError::Absent)),
        }
    }

    /// It may have been withdrawn since it was offered.
    fn told(&self) -> Result<Entry, ShelfError> {
        let pushed = self.pushed()?;
        match pushed.withdraw {
            true => Err(ShelfError::Absent),
            false => Ok(entry(pushed)),
        }
    }
}

impl Article {
    fn pushed(&self) -> Result<Pushed, ShelfError> {
        read(&self.place).map_err(|error| match error {
            PushError::Refused(why) => ShelfError::Damaged(why.to_string()),
            PushError::File(error) => error.into(),
        })
    }

    fn picture(&self, image: &Image) -> Result<Vec<u8>, ShelfError> {
        match &image.file {
            Some(name) => {
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
            None => {
                let damaged = |why: Refused| ShelfError::Damaged(why.to_string());
                let bytes = picture(image, &HashMap::new()).map_err(damaged)?;
                Ok(bytes.to_vec())
            }
        }
    }
}
