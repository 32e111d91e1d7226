//! From the pictures that an article shows to files beside its page.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::draft::Draft;
use super::extract::{Figure, picture_key};
use super::fetching::{Getter, Terms};
use super::gather::LostPicture;
use super::pictures::{self, Encoded, Sizes};
use super::source;
use crate::base::SitePath;
use crate::site::Picture;

/// Where pictures are made.
pub struct Studio<'a> {
    getter: &'a Getter<'a>,
    encoders: Arc<Semaphore>,
    most: usize,
}

/// The pictures of one article.
#[derive(Default)]
pub struct Shown {
    pub by_address: HashMap<String, Picture>,
    pub files: Vec<(SitePath, Encoded)>,
    pub lost: Vec<LostPicture>,
}

impl<'a> Studio<'a> {
    /// Encodes `encoders` pictures at a time, and shows at most `most` in an article.
    pub fn new(getter: &'a Getter<'a>, encoders: usize, most: usize) -> Self {
        Self {
            getter,
            encoders: Arc::new(Semaphore::new(encoders.max(1))),
            most,
        }
    }

    pub async fn pictures_of(&self, draft: &Draft, page: &SitePath) -> Shown {
        let mut shown = Shown::default();
        let mut by_key: HashMap<String, Picture> = HashMap::new();
        let figures = draft.read.lead.iter().chain(&draft.read.pictures);
        for figure in figures.take(self.most) {
            let address = figure.src.to_string();
            // The same picture in another size.
            let key = format!(
                "{} {}",
                figure.src.host_str().unwrap_or_default(),
                picture_key(&figure.src)
            );
            if let Some(same) = by_key.get(&key) {
                let same = described(same, figure);
                shown.by_address.entry(address).or_insert(same);
                continue;
            }
            match self.picture(figure, draft).await {
                Ok(sizes) => {
                    if let Some((picture, files)) = laid(figure, sizes, page, by_key.len() + 1) {
                        by_key.insert(key, picture.clone());
                        shown.by_address.insert(address, picture);
                        shown.files.extend(files);
                    }
                }
                Err(why) => shown.lost.push(LostPicture {
                    article: draft.id.clone(),
                    picture: source::shown(&figure.src).to_owned(),
                    why,
                }),
            }
        }
        shown
    }

    /// From what the source holds, or else from the web.
    async fn bytes(&self, figure: &Figure, draft: &Draft) -> Result<Bytes, String> {
        if let Some(shelf) = draft.shelf.clone() {
            let url = figure.src.clone();
            let read = tokio::task::spawn_blocking(move || shelf.read(&url));
            let read = read.await.map_err(|_| "reading it failed")?;
            if let Some(held) = read {
                return held
                    .map(|held| held.bytes)
                    .map_err(|error| error.to_string());
            }
        }
        let terms = Terms {
            changed: None,
            ..draft.terms
        };
        let got = self.getter.get_on(&figure.src, terms).await;
        got.map(|got| got.bytes).map_err(|error| error.to_string())
    }

    async fn picture(&self, figure: &Figure, draft: &Draft) -> Result<Sizes, String> {
        let bytes = self.bytes(figure, draft).await?;
        let permit = Arc::clone(&self.encoders).acquire_owned().await;
        let encoding = tokio::task::spawn_blocking(move || {
            let encoded = pictures::encode(&bytes);
            drop(permit);
            encoded
        });
        let encoded = encoding
            .await
            .map_err(|_| "reading it failed; please report this picture")?;
        encoded.map_err(|error| error.to_string())
    }
}

/// A picture beside its page, by its number there: one file or two.
fn laid(
    figure: &Figure,
    Sizes { full, small }: Sizes,
    page: &SitePath,
    number: usize,
) -> Option<(Picture, Vec<(SitePath, Encoded)>)> {
    let folder = page.as_str().strip_suffix("index.html")?;
    let path = SitePath::parse(&format!("{folder}{number}.webp")).ok()?;
    let small = small.and_then(|small| Some((Picture::small_place(&path)?, small)));
    let picture = Picture {
        path: path.clone(),
        small: small.as_ref().map(|(path, _)| path.clone()),
        width: full.width,
        height: full.height,
        alt: String::new(),
        caption: None,
    };
    let files = [(path, full)].into_iter().chain(small).collect();
    Some((described(&picture, figure), files))
}

fn described(picture: &Picture, figure: &Figure) -> Picture {
    let alt = if figure.alt.is_empty() {
        figure.caption.clone().unwrap_or_default()
    } else {
        figure.alt.clone()
    };
    Picture {
        alt,
        caption: figure.caption.clone(),
        ..picture.clone()
    }
}
