//! An article as the newsroom's own system says it, and what can be wrong with it.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::{pasted, shelf};
use super::{Refused, key};
use crate::base::LIMITS;
use crate::packager::charset;
use crate::packager::extract::{NoArticle, extract_finished, parse_date};
use crate::site::Language;

/// Longer ones are no names.
const NAME_BYTES: usize = 1000;

/// Of one article.
pub const IMAGES: usize = 200;

/// An article as it is pushed. Dates are RFC 3339, or what feeds write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pushed {
    /// Never changes while the article lives: an address or any other name.
    pub id: String,
    /// The article is taken back; nothing else is said then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdraw: bool,
    /// Where people find the original.
    pub url: Option<String>,
    pub title: Option<String>,
    pub byline: Option<String>,
    pub published: Option<String>,
    pub updated: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    pub section: Option<String>,
    pub summary: Option<String>,
    /// The whole article and nothing else. It names pictures by `<img src="NAME">`.
    pub html: Option<String>,
    /// The name of the picture above the text.
    pub lead: Option<String>,
    pub images: Vec<Image>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// As the HTML names it.
    pub name: String,
    /// Below the picture, unless the HTML says something else of it.
    pub caption: Option<String>,
    /// The picture itself, or …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// … the name of a file beside the article's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Pushed {
    pub fn parse(json: &[u8]) -> Result<Self, Refused> {
        // Systems on Windows put a byte order mark before it.
        let json = charset::unmarked(json);
        let mut pushed: Self = serde_json::from_slice(&json)
            .map_err(|why| Refused(format!("it is no article in JSON: {why}")))?;
        pushed.unpaste();
        pushed.check()?;
        Ok(pushed)
    }

    /// A picture that an editor pasted into the text becomes one of the article's images.
    fn unpaste(&mut self) {
        let Some(html) = self.html.as_deref() else {
            return;
        };
        let (mut images, mut known) = (Vec::new(), HashSet::new());
        let unpasted = pasted::unpasted(html.as_bytes(), |name, picture| {
            if known.insert(name.clone()) {
                images.push(Image {
                    base64: Some(STANDARD.encode(picture)),
                    name: name.clone(),
                    ..Image::default()
                });
            }
            name
        });
        if let Some(Ok(html)) = unpasted.map(String::from_utf8) {
            self.html = Some(html);
            self.images.retain(|image| !known.contains(&image.name));
            self.images.append(&mut images);
        }
    }

    pub(super) fn check(&self) -> Result<(), Refused> {
        let refuse = |why: String| Err(Refused(why));
        if self.id.trim().is_empty() || self.id.len() > NAME_BYTES {
            return refuse(format!("`id` is empty or longer than {NAME_BYTES} bytes"));
        }
        if self.withdraw {
            return Ok(());
        }
        for (name, text) in [("title", &self.title), ("html", &self.html)] {
            if text.as_deref().is_none_or(|text| text.trim().is_empty()) {
                return refuse(format!("`{name}` is missing"));
            }
        }
        for (name, date) in [("published", &self.published), ("updated", &self.updated)] {
            if let Some(date) = date.as_deref().filter(|date| parse_date(date).is_none()) {
                return refuse(format!("`{name}` is no date: `{}`", short(date)));
            }
        }
        if let Some(url) = &self.url {
            let Some(address) = web_address(url) else {
                return refuse(format!("`url` is no address: `{}`", short(url)));
            };
            let most = LIMITS.address_bytes;
            if address.as_str().len() > most {
                return refuse(format!("`url` is longer than {most} bytes"));
            }
        }
        let language = self.language.as_deref();
        if let Some(tag) = language.filter(|tag| Language::parse(tag).is_none()) {
            return refuse(format!("`language` is none: `{}`", short(tag)));
        }
        self.check_images()
    }

    /// Refused if readers would see nothing of its text. That takes as long as to read a page, so it is asked once.
    pub fn check_text(&self) -> Result<(), Refused> {
        let Some(html) = self.html.as_deref().filter(|_| !self.withdraw) else {
            return Ok(());
        };
        match extract_finished(html, self.title.clone(), &self.base()) {
            Ok(_) => Ok(()),
            Err(NoArticle::TooLarge) => Err(Refused("`html` is too large or too tangled".into())),
            Err(_) => {
                let why = "`html` holds nothing that readers would see: no word and no picture";
                Err(Refused(why.into()))
            }
        }
    }

    fn check_images(&self) -> Result<(), Refused> {
        let mut names = HashSet::new();
        if self.images.len() > IMAGES {
            return Err(Refused(format!("it has more than {IMAGES} images")));
        }
        for image in &self.images {
            let is_good = !image.name.is_empty() && image.name.len() <= NAME_BYTES;
            if !is_good || !names.insert(image.name.as_str()) {
                let name = short(&image.name);
                return Err(Refused(format!(
                    "the image `{name}` has no name of its own"
                )));
            }
        }
        match &self.lead {
            Some(lead) if !names.contains(lead.as_str()) && web_address(lead).is_none() => {
                Err(Refused(format!("`lead` names no image: `{}`", short(lead))))
            }
            _ => Ok(()),
        }
    }

    /// To which the addresses in the HTML are relative.
    pub(super) fn base(&self) -> Url {
        let url = self.url.as_deref().or(Some(&self.id));
        url.and_then(web_address)
            .unwrap_or_else(|| shelf::address(&format!("{}/", key(&self.id))))
    }
}

pub(super) fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && !shelf::is_on_shelf(&url)).then_some(url)
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
