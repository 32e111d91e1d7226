//! The style of a page, and the policy that lets a browser use it and nothing else.
//!
//! A page carries its whole style, and only what its kind of page and the scripts on it need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::look::Look;
use super::{Language, search};
use crate::base::Digest;

/// What a page is made of, as far as its style is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something to be read from top to bottom.
    Text,
    /// Headlines.
    List,
    /// The contents of the archive.
    Archive,
    /// Headlines, and the one script there is.
    Search,
}

/// What a page may be written in.
#[derive(Debug, Clone, Copy)]
pub enum Scripts<'a> {
    /// That of one language.
    Of(&'a Language),
    /// Any, side by side.
    Mixed,
}

pub struct Style {
    pub css: String,
    /// A Content-Security-Policy (CSP Level 3): no frame, no form, nothing from another host; pictures of the same
    /// mirror, and just this style. Only the search may run a script, just its own, and load its index, which is data.
    pub policy: String,
}

const BASE: &str = include_str!("style/base.css");
const TEXT: &str = include_str!("style/text.css");
const LISTS: &str = include_str!("style/lists.css");
const ARCHIVE: &str = include_str!("style/archive.css");
const SEARCH: &str = include_str!("style/search.css");
const MIXED: &str = include_str!("style/mixed.css");
const ARABIC: &str = include_str!("style/arabic.css");
const HAN: &str = include_str!("style/han.css");

impl Style {
    pub fn new(kind: Kind, scripts: Scripts<'_>, look: &Look) -> Self {
        let own: &[&str] = match kind {
            Kind::Text => &[BASE, TEXT],
            Kind::List => &[BASE, LISTS],
            Kind::Archive => &[BASE, LISTS, ARCHIVE],
            Kind::Search => &[BASE, LISTS, SEARCH],
        };
        let rules = own.iter().chain(typefaces(scripts));
        let mut css: String = rules.map(|css| without_comments(css)).collect();
        css.push_str(&look.css());
        let sheets = match kind {
            Kind::Search => " 'self'",
            _ => "",
        };
        let script = match kind {
            Kind::Search => format!("script-src {}; ", script_source()),
            _ => String::new(),
        };
        let policy = format!(
            "default-src 'none'; img-src 'self'; style-src {}{sheets}; {script}base-uri 'none'; form-action 'none'",
            source(&css)
        );
        Self { css, policy }
    }
}

fn typefaces(scripts: Scripts<'_>) -> &'static [&'static str] {
    match scripts {
        Scripts::Mixed => &[MIXED, ARABIC, HAN],
        Scripts::Of(language) => match language.primary() {
            "fa" | "ar" | "ckb" | "ps" | "ug" | "ur" => &[ARABIC],
            "zh" | "ja" => &[HAN],
            _ => &[],
        },
    }
}

/// What a policy must allow so that the search works.
pub fn script_source() -> String {
    source(search::SCRIPT)
}

/// A source expression that allows exactly this text.
fn source(text: &str) -> String {
    let digest = Digest::of(text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest.as_bytes()))
}

fn without_comments(css: &str) -> String {
    css.split("/*")
        .map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest))
        .collect::<String>()
        .trim()
        .replace('\n', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_style_loads_anything() {
        for kind in [Kind::Text, Kind::List, Kind::Archive, Kind::Search] {
            let style = Style::new(kind, Scripts::Mixed, &Look::default());
            assert!(style.css.starts_with(":root{") && style.css.ends_with('}'));
            for loading in ["url(", "@import", "@font-face", "image-set", "</", "/*"] {
                assert!(!style.css.contains(loading), "{loading}");
            }
            let opened = style.css.matches('{').count();
            assert_eq!(opened, style.css.matches('}').count(), "{kind:?}");
        }
    }

    #[test]
    fn only_the_search_may_run_a_script() {
        let policy = |kind| Style::new(kind, Scripts::Mixed, &Look::default()).policy;
        for kind in [Kind::Text, Kind::List, Kind::Archive] {
            assert!(
                !policy(kind).contains("script-src") && !policy(kind).contains("style-src 'self'")
            );
        }
        let script = format!("script-src {};", script_source());
        assert!(policy(Kind::Search).contains(&script));
        assert!(!policy(Kind::Search).contains("unsafe"));
    }
}
