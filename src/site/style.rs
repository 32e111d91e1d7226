//! The one style of all pages, and the policy that lets a browser use it and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;

use crate::base::Digest;

pub struct Style {
    pub css: String,
    /// A Content-Security-Policy (CSP Level 3): no script, no frame, no form, nothing from another host; pictures of
    /// the same mirror, and just this style.
    pub policy: String,
}

pub static STYLE: LazyLock<Style> = LazyLock::new(|| {
    let css = without_comments(include_str!("style.css"));
    let digest = STANDARD.encode(Digest::of(css.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    );
    Style { css, policy }
});

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
    fn the_style_loads_nothing() {
        let css = &STYLE.css;
        assert!(css.starts_with(":root{") && css.ends_with("}}"));
        for loading in ["url(", "@import", "@font-face", "image-set", "</"] {
            assert!(!css.contains(loading), "{loading}");
        }
    }
}
