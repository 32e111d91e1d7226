//! Cleaning: an article's HTML, from anywhere, becomes HTML that can run nothing and load nothing from outside.

use std::fmt;

use crate::base::SitePath;

use super::Picture;

/// HTML for the body of an article that went through [`clean`]; there is no other way to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct CleanHtml(String);

/// What becomes of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// To a page of this site; written relative.
    Inside(SitePath),
    /// To somewhere else, as an absolute `http`, `https` or `mailto` address; marked as such.
    Outside(String),
    /// The words stay, the link goes.
    Drop,
}

/// What the caller knows about addresses in an article. Addresses are given as they stand in the HTML, unescaped.
pub trait Resolve {
    fn link(&self, href: &str) -> Link;

    /// The picture in the site that stands for `src`; without one the picture is left out, with its caption.
    /// Its `alt` is used when the HTML has none; its `caption` when it stands in no `figure`.
    fn picture(&self, src: &str) -> Option<Picture>;
}

/// Cleans the body of the article that will lie at `page`.
pub fn clean(html: &str, page: &SitePath, resolve: &dyn Resolve) -> CleanHtml {
    let _ = (html, page, resolve);
    CleanHtml(String::new())
}

impl CleanHtml {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CleanHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
