//! Addresses as they stand in pages: always relative, so a site reads the same on any mirror, in any folder of one,
//! and unpacked on a disk.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::base::SitePath;

/// What a path segment may not hold as it is (RFC 3986, section 3.3). Letters beyond ASCII are encoded anyway.
const NOT_IN_A_SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The relative reference (RFC 3986, section 4.2) from the page `from` to the file `to`.
///
/// File names are spelled out, also `index.html`: a disk and the simplest hosts have no directory indexes.
pub fn relative(from: &SitePath, to: &SitePath) -> String {
    let from: Vec<&str> = from.as_str().split('/').collect();
    let to: Vec<&str> = to.as_str().split('/').collect();
    let folders = from.len().saturating_sub(1);
    let shared = from
        .iter()
        .take(folders)
        .zip(to.iter().take(to.len().saturating_sub(1)))
        .take_while(|(a, b)| a == b)
        .count();
    let up = "../".repeat(folders - shared);
    let down: Vec<String> = to.iter().skip(shared).map(|s| encoded(s)).collect();
    up + &down.join("/")
}

fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, NOT_IN_A_SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> SitePath {
        SitePath::parse(text).expect("a site path")
    }

    fn from_root(path: &SitePath) -> String {
        let segments: Vec<String> = path.as_str().split('/').map(encoded).collect();
        segments.join("/")
    }

    fn check(from: &str, to: &str, expected: &str) {
        assert_eq!(relative(&path(from), &path(to)), expected, "{from} → {to}");
    }

    #[test]
    fn references_are_relative_and_spelled_out() {
        check("index.html", "be/index.html", "be/index.html");
        check("be/index.html", "index.html", "../index.html");
        check("be/2026/11/a/index.html", "be/2026/11/a/1.webp", "1.webp");
        check(
            "be/2026/11/a/index.html",
            "be/2026/11/b/index.html",
            "../b/index.html",
        );
        check(
            "be/2026/11/a/index.html",
            "about.html",
            "../../../../about.html",
        );
        check("be/index.html", "be/index.html", "index.html");
        check("a/b", "a", "../a");
        check(
            "index.html",
            "be/рака і мост.html",
            "be/%D1%80%D0%B0%D0%BA%D0%B0%20%D1%96%20%D0%BC%D0%BE%D1%81%D1%82.html",
        );
    }

    proptest! {
        #[test]
        fn a_browser_arrives_where_the_reference_points(
            from in "[a-c]{1,2}(/[a-cя ^]{1,2}x){0,4}",
            to in "[a-c]{1,2}(/[a-cя ^&]{1,2}x){0,4}",
        ) {
            let (Ok(from), Ok(to)) = (SitePath::parse(&from), SitePath::parse(&to)) else { return Ok(()) };
            let base = url::Url::parse("https://mirror.example/sub/").unwrap();
            let page = base.join(&from_root(&from)).unwrap();
            let arrived = page.join(&relative(&from, &to)).unwrap();
            prop_assert_eq!(arrived, base.join(&from_root(&to)).unwrap());
        }
    }
}
