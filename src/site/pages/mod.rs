//! The pages. Each is a function from what it shows to its path and bytes.
//!
//! What a page depends on is kept small, because a page that changes must travel anew: an article's page depends on
//! the article and on the names of its newsroom and site; a page of a list on the articles in it; a newsroom's front
//! page, contents and feeds on that newsroom; only the home page on all.

mod about;
mod archive;
mod article;
mod fronts;
mod lists;
mod lost;
mod search;

use askama::Template;

use crate::base::SitePath;

pub use about::{about_newsroom, about_site};
pub use archive::archive;
pub use article::article;
pub use fronts::{front, home};
pub use lists::sections;
pub use lost::{not_found, not_found_in_all, withdrawn};
pub use search::search;

pub type Page = (SitePath, Vec<u8>);

fn page(path: SitePath, template: &impl Template) -> Page {
    let html = template.render().expect("a template writes to memory");
    (path, html.into_bytes())
}
