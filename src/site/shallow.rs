//! A ceiling on how deep a page may nest, because parsers take time by the square of the depth.

/// No page for people nests elements deeper. Parsers take time by the square of the depth.
const DEPTH: usize = 400;

/// Elements that need not or cannot be closed, so that counting them says nothing of the depth.
const UNCLOSED: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "rb", "rt", "rp",
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "html", "head", "body",
];

/// The part of a page before elements nest deeper than 400, so that parsing it takes no more than a moment.
/// All of it, for any page that people wrote.
pub fn shallow(html: &str) -> &str {
    let mut depth = 0usize;
    for (at, _) in html.match_indices('<') {
        let rest = html.get(at + 1..).unwrap_or_default();
        let (name, is_end) = match rest.strip_prefix('/') {
            Some(name) => (name, true),
            None => (rest, false),
        };
        if !counts(name) {
            continue;
        }
        depth = if is_end {
            depth.saturating_sub(1)
        } else {
            depth + 1
        };
        if depth > DEPTH {
            return html.get(..at).unwrap_or_default();
        }
    }
    html
}

/// Whether what follows `<` or `</` is the name of an element whose depth matters.
fn counts(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = text.get(..letters).unwrap_or_default();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name
        && !UNCLOSED
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_where_it_nests_absurdly_deep() {
        for unit in ["<div>", "<ul><li>", "<DIV x=1><b>", "<blockquote><p>"] {
            let deep = unit.repeat(100_000);
            assert!(shallow(&deep).len() <= unit.len() * (DEPTH + 1), "{unit}");
        }
    }

    #[test]
    fn a_long_page_is_left_whole() {
        let unclosed = "<p>a<li>b<br><img src=x><td>c".repeat(1_000);
        let closed = "<div><i>d</i></div> <3 я<".repeat(1_000);
        let page = unclosed + &closed;
        assert_eq!(shallow(&page), page);
    }

    proptest::proptest! {
        #[test]
        fn any_text_passes(text in ".*") {
            proptest::prop_assert_eq!(shallow(&text), text.as_str());
        }
    }
}
