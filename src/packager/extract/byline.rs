//! Who wrote an article, where the page's metadata does not tell or tells only whose page it is.
//!
//! 1. Elements that may name an author are tried by kind, best first; those of comments and of boxes beside the text
//!    are not tried, unless there is no other and all of them name the same people.
//! 2. Of one such element the first name in it counts, with those that follow it by "and" or a comma. What stands there
//!    too, as a title, a town or a date, is no name.
//! 3. Several of one kind side by side are several authors.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::nodes;
use super::words::{self, squeezed};

/// Best first.
static KINDS: LazyLock<Vec<Matcher>> = LazyLock::new(|| {
    super::metadata::matchers(&[
        "[itemprop='author'] [itemprop='name']",
        "[itemprop='author']",
        "[rel='author'], [rel~='author']",
        ".byline-name, .author-name, .author__name, .article-author, .post-author, .entry-author",
        ".byline",
        ".author",
        "a[href*='/author/'], a[href*='/authors/'], a[href*='/avtor/']",
        "[class*='byline'], [class*='Byline']",
        "[class*='author'], [class*='Author'], [class*='writer-name']",
    ])
});

/// Nobody reads more names than this.
const MOST: usize = 12;

/// No longer list of names is made longer, in bytes.
const LONG: usize = 500;

/// Of one kind that are tried.
const TRIED: usize = 3;

/// `hints`: elements that may fit one of the kinds, in the order of the page, without those in the midst of the text.
pub fn marked(hints: &[NodeRef]) -> Option<String> {
    let places: Vec<(&NodeRef, Place)> = hints.iter().map(|node| (node, place_of(node))).collect();
    KINDS
        .iter()
        .find_map(|kind| {
            let of_kind = places.iter().filter(|(node, _)| node.is_match(kind));
            let own = of_kind.filter(|(_, place)| *place == Place::Text);
            let own: Vec<&NodeRef> = own.map(|(node, _)| *node).collect();
            own.iter()
                .take(TRIED)
                .find_map(|node| names_with(node, &own))
        })
        .or_else(|| unanimous(&places))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Beside,
    Comments,
}

fn place_of(node: &NodeRef) -> Place {
    let mut place = Place::Text;
    for up in node.ancestors_it(Some(12)) {
        // Systems tell on the page itself whether it takes comments.
        let is_page = nodes::is_named(&up, |name| {
            matches!(name, "html" | "body" | "main" | "article")
        });
        let tells = |name: &str| up.attr_or(name, "").contains("comment");
        if !is_page && (tells("id") || tells("class")) {
            return Place::Comments;
        }
        if nodes::is_named(&up, |name| matches!(name, "aside" | "footer")) {
            place = Place::Beside;
        }
    }
    place
}

/// What stands beside the text, if it names nobody else.
fn unanimous(places: &[(&NodeRef, Place)]) -> Option<String> {
    KINDS.iter().take(SURE).find_map(|kind| {
        let of_kind = places
            .iter()
            .filter(|(node, place)| *place == Place::Beside && node.is_match(kind));
        let beside: Vec<&NodeRef> = of_kind.map(|(node, _)| *node).collect();
        let first = beside.first()?;
        let all = names_with(first, &beside)?;
        let mut names = beside.iter().filter_map(|node| name_of(node));
        names.all(|name| all.contains(&name)).then_some(all)
    })
}

/// Kinds that are no guess.
const SURE: usize = 3;

// Step 3.
fn names_with(node: &NodeRef, all: &[&NodeRef]) -> Option<String> {
    let mut names = name_of(node)?;
    let above = |node: &NodeRef| {
        node.ancestors_it(Some(2))
            .map(|up| up.id)
            .collect::<Vec<_>>()
    };
    let near = above(node);
    let others = all.iter().filter(|other| other.id != node.id);
    let beside = others.filter(|other| above(other).iter().any(|up| near.contains(up)));
    for name in beside.take(MOST).filter_map(|other| name_of(other)) {
        if !names.contains(&name) {
            names = format!("{names}, {name}");
        }
    }
    Some(names)
}

// Step 2.
fn name_of(node: &NodeRef) -> Option<String> {
    if let Some(told) = node.attr("content") {
        return fitting(&told);
    }
    let pieces = node.descendants_it();
    let pieces: Vec<String> = pieces
        .filter_map(|piece| nodes::with_text(&piece, squeezed))
        .filter(|piece| !piece.is_empty() && !is_by(piece))
        .collect();
    let first = pieces.first().and_then(|first| fitting(first));
    // First and last name may stand apart.
    let Some(mut names) = first.filter(|first| pieces.len() == 1 || first.contains(' ')) else {
        return fitting(&node.text());
    };
    let mut rest = pieces.iter().skip(1).peekable();
    while let Some(piece) = rest.next() {
        if !is_and(piece) || names.len() > LONG {
            break;
        }
        if let Some(name) = rest.next().and_then(|next| fitting(next)) {
            names = format!("{names}, {name}");
        }
    }
    Some(names)
}

/// A name is short and has no digits: whatever else stands in a byline is not it.
fn fitting(text: &str) -> Option<String> {
    let text = squeezed(text);
    let name = words::without_by(&text).trim_matches([',', ' ', '·', '•', '|', '–', '—', '-']);
    let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '@' | '|' | '•' | '·');
    let fits = (2..=90).contains(&name.chars().count()) && !name.chars().any(is_sign);
    (fits && !name.contains("://") && !is_by(name) && !is_label(name)).then(|| name.to_owned())
}

fn is_by(text: &str) -> bool {
    const BYS: &[&str] = &[
        "by",
        "written by",
        "words by",
        "text by",
        "von",
        "par",
        "por",
        "da",
        "di",
        "door",
        "av",
        "af",
        "автор",
        "аўтар",
        "author",
        "posted by",
        "story by",
        "published by",
    ];
    let folded = words::folded(text);
    folded.is_empty() || BYS.contains(&&*folded)
}

fn is_and(text: &str) -> bool {
    const ANDS: &[&str] = &[
        "and", "und", "et", "y", "e", "en", "och", "i", "и", "і", "та", "with", "mit", "avec",
    ];
    let folded = words::folded(text);
    (folded.is_empty() && text.contains([',', '&', ';', '/'])) || ANDS.contains(&&*folded)
}

/// What stands on buttons beside names.
fn is_label(text: &str) -> bool {
    const LABELS: &[&str] = &[
        "see full bio",
        "see all",
        "follow",
        "full bio",
        "view profile",
        "view all posts",
        "read more",
        "contact",
        "about the author",
        "more by this author",
        "authors",
        "contributor",
        "contributors",
        "staff",
        "subscribe",
        "share",
        "comments",
        "mehr",
        "lesedauer",
    ];
    LABELS.contains(&&*words::folded(text))
}

#[cfg(test)]
mod tests {
    use super::super::extract_page;
    use url::Url;

    #[track_caller]
    fn check(html: &str, expected: Option<&str>) {
        let prose = "<p>Several hundred people carrying flowers took to the streets on Monday evening, and went home.</p>".repeat(3);
        let page = format!(
            "<meta property=og:type content=article><title>The court</title><article><h1>The court</h1>{html}{prose}</article>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        let byline = extract_page(page.as_bytes(), &url).unwrap().byline;
        assert_eq!(byline.as_deref(), expected, "{html}");
    }

    #[test]
    fn of_a_byline_the_names_count() {
        check(
            "<div class=article_byline>By <span>Olga Carter</span><span>River Post</span> • 20 Nov, 7:16 pm</div>",
            Some("Olga Carter"),
        );
        check(
            "<div class=author-name>By <a href=/p/1>Olga Carter</a><span>Staff Writer</span></div>",
            Some("Olga Carter"),
        );
        check(
            "<p class=story__authors>By <a>Olga Carter</a> and <a>Jan Mill</a> in Brest</p>",
            Some("Olga Carter, Jan Mill"),
        );
        check(
            "<div><a rel=author>Olga Carter</a> in Brest and <a rel=author>Jan Mill</a></div>",
            Some("Olga Carter, Jan Mill"),
        );
        check(
            "<div class=byline><i>Olga</i> <i>Carter</i></div>",
            Some("Olga Carter"),
        );
        check(
            "<div class=author>By</div><a class=author>See full bio</a>",
            None,
        );
    }

    #[test]
    fn who_publishes_a_page_wrote_it_only_where_nobody_else_did() {
        let house = "<meta name=author content='River Press'><meta name=copyright content='(c) River Press 2026'>";
        check(house, Some("River Press"));
        check(
            &format!("{house}<meta name='article:author' content='Olga Carter'>"),
            Some("Olga Carter"),
        );
        check(
            &format!("{house}<div class=byline>By Olga Carter</div>"),
            Some("Olga Carter"),
        );
    }

    #[test]
    fn beside_a_text_only_one_author_is_its_own() {
        let aside = |names: &[&str]| -> String {
            names
                .iter()
                .map(|name| format!("<aside><p><a rel=author>{name}</a></p></aside>"))
                .collect()
        };
        check(&aside(&["Olga Carter"]), Some("Olga Carter"));
        check(&aside(&["Olga Carter", "Jan Mill"]), None);
        check(
            "<div class=comments><a rel=author>Olga Carter</a></div>",
            None,
        );
    }

    /// What a page shows as its author, with this in the midst of its text.
    fn byline_amid(head: &str, html: &str) -> Option<String> {
        let prose =
            |sentence: &str| format!("<p>{sentence}, and all went home when it was dark.</p>");
        let page = format!(
            "<meta property=og:type content=article>{head}<title>The court</title><article><h1>The court</h1><div class=text>{}{}{html}{}{}</div></article>",
            prose("Several hundred people carrying flowers took to the streets on Monday evening"),
            prose(
                "The ministry promises to solve the problem by the end of the month, as it did before"
            ),
            prose("The river was still rising, and nobody knew whether the dam would hold"),
            prose(
                "Schools stay closed until the end of the week, as the town council told parents"
            ),
        );
        let url = Url::parse("https://n.example/a").unwrap();
        let article = extract_page(page.as_bytes(), &url).unwrap();
        let is_quoted = html.starts_with("<blockquote");
        assert!(!is_quoted || article.html.contains("Petrov"), "{html}");
        article.byline
    }

    #[test]
    fn who_is_quoted_or_named_in_a_text_has_not_written_it() {
        const ORGANIZATION: &str = "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\
            \"author\":{\"@type\":\"Organization\",\"name\":\"River Post\"},\"publisher\":{\"name\":\"River Post\"}}</script>";
        const META: &str = "<meta name=author content='River Post'><meta property=og:site_name content='River Post'>";
        let words = "We wrote three letters and got no answer to any.";
        for html in [
            format!("<blockquote><p>{words}</p><div class=quote-author>Ivan Petrov</div></blockquote>"),
            format!("<blockquote><p>{words}</p><cite class=author>Ivan Petrov</cite></blockquote>"),
            format!("<div class=quote><p>{words}</p><span class=author>Ivan Petrov, electrician</span></div>"),
            format!("<div class=q><div class=q-text>{words}</div><div class=q-author>Ivan Petrov</div></div>"),
            format!("<div class=opinion><div class=author-name>Ivan Petrov</div><p>{words}</p></div>"),
            format!("<figure class=quote><blockquote>{words}</blockquote><figcaption class=author>Ivan Petrov</figcaption></figure>"),
            "<figure><img src=/a.jpg><figcaption>The yard <span class=author>Ivan Petrov</span></figcaption></figure>".into(),
            "<div class=book><p class=book__title>The River</p><p class=book__author>Ivan Petrov</p></div>".into(),
            format!("<div class=post><div class=post__author>Channel of Petrov</div><p>{words}</p></div>"),
            format!("<div class=chat><div><span class=author>Olga</span><p>Are you there?</p></div><div><span class=author>Ivan Petrov</span><p>{words}</p></div></div>"),
            "<p>The letter was written by <span class=author>Ivan Petrov</span>, who asks the prosecutor to hear him at last.</p>".into(),
        ] {
            assert_eq!(byline_amid("", &html), None, "{html}");
            for head in [ORGANIZATION, META] {
                assert_eq!(byline_amid(head, &html).as_deref(), Some("River Post"), "{html}");
            }
        }
    }

    #[test]
    fn a_chat_right_below_the_first_paragraph_names_no_author() {
        check(
            "<p>Several hundred people carrying flowers took to the streets on Monday evening, they say.</p>\
             <div class=msg><span class=author>Olga</span><p>Are you there?</p></div>",
            None,
        );
    }

    #[test]
    fn authors_stand_before_the_text_below_its_summary_or_behind_it() {
        let summary = "<p>In short: several hundred people took to the streets on Monday evening, and went home.</p>";
        check(
            &format!("{summary}<div class=author>Olga Carter</div>"),
            Some("Olga Carter"),
        );
        check(
            &format!(
                "<header>{summary}<p>Another sentence of the summary.</p></header><div class=author>Olga Carter</div>"
            ),
            Some("Olga Carter"),
        );
        let prose = format!("{summary}<p>Schools stay closed until the end of the week, as the town council told parents.</p>").repeat(2);
        let page = format!(
            "<meta property=og:type content=article><title>The court</title><h1>The court</h1><div>{prose}</div><div class=author>Olga Carter</div>\
             <div class=more><p>The river was still rising, and nobody knew whether the dam would hold at all.</p></div>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        let byline = extract_page(page.as_bytes(), &url).unwrap().byline;
        assert_eq!(byline.as_deref(), Some("Olga Carter"));
    }
}
