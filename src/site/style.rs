//! The one style of all pages, and the policy that lets a browser use it and nothing else.

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
    let digest = base64(Digest::of(css.as_bytes()).as_bytes());
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

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, i| {
            bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0))
        });
        let digit = |i: usize| match i <= chunk.len() {
            true => char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]),
            false => '=',
        };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_examples_of_its_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_style_loads_nothing() {
        let css = &STYLE.css;
        assert!(css.starts_with(":root{") && css.ends_with("}}"));
        for loading in ["url(", "@import", "@font-face", "image-set", "</"] {
            assert!(!css.contains(loading), "{loading}");
        }
    }
}
