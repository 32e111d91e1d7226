//! Where on a page its readers speak and not its newsroom: comments, replies, reviews. What they say is never the article,
//! however much more it is: anybody may say it.
//!
//! 1. A box is theirs by the words in its class and id, or because the page says so (schema.org/Comment).
//! 2. Words by which a part of an article may be called as well, "discussion", "responses", count in classes alone: a long
//!    text has chapters, and their names are ids.
//! 3. No box is theirs that holds the headline or the main part of its page. Words that only say whether something may be
//!    said at all, "comments-open", do not count.

use dom_query::{Document, NodeRef};

use super::names;
use super::nodes::{self, NodeMap, NodeSet};

/// How sure it is that a box is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theirs {
    /// By a word that means nothing else.
    Surely,
    /// By a word that may mean a part of the article too.
    Likely,
}

/// The elements around the headline and the main part of a page.
pub struct Around(NodeSet);

impl Around {
    pub fn of(doc: &Document) -> Self {
        let mut around = NodeSet::default();
        let root = doc.root();
        for name in ["h1", "main"] {
            let mut all = root.descendants_it();
            if let Some(found) = all.find(|node| node.has_name(name)) {
                around.insert(found.id);
                around.extend(found.ancestors_it(None).map(|up| up.id));
            }
        }
        Self(around)
    }

    pub fn theirs(&self, node: &NodeRef) -> Option<Theirs> {
        let is_box = |name: &str| {
            matches!(
                name,
                "div"
                    | "section"
                    | "ol"
                    | "ul"
                    | "dl"
                    | "li"
                    | "aside"
                    | "footer"
                    | "article"
                    | "details"
                    | "table"
                    | "form"
                    | "fieldset"
            ) || name.contains('-')
        };
        if !nodes::is_named(node, is_box) || self.0.contains(&node.id) {
            return None;
        }
        if is_told(node) {
            return Some(Theirs::Surely);
        }
        let words = names::tokens(node);
        by_words(node, &words).and_then(|_| by_words(node, &without_whether(&words)))
    }

    /// Whether it stands in such a box. `known`: what was found of elements before.
    pub fn is_among_theirs(&self, node: &NodeRef, known: &mut NodeMap<bool>) -> bool {
        let mut path = Vec::new();
        let mut is_theirs = false;
        for here in [*node].into_iter().chain(node.ancestors_it(None)) {
            if let Some(known) = known.get(&here.id) {
                is_theirs = *known;
                break;
            }
            path.push(here.id);
            if self.theirs(&here).is_some() {
                is_theirs = true;
                break;
            }
        }
        known.extend(path.into_iter().map(|id| (id, is_theirs)));
        is_theirs
    }
}

fn is_told(node: &NodeRef) -> bool {
    nodes::any_attribute(node, |name, value| match name {
        "itemprop" => value.split_ascii_whitespace().any(|word| word == "comment"),
        "itemtype" => value.ends_with("schema.org/Comment") || value.contains("UserComments"),
        _ => false,
    })
}

/// Whether the words of a name mean what readers say, and nothing else.
pub fn are_of_readers(words: &str) -> bool {
    says(words, SURE, PAIRS)
}

fn says(words: &str, single: &[&str], pairs: &[(&str, &str)]) -> bool {
    let next = words.split(' ').skip(1);
    words.split(' ').any(|word| single.contains(&word))
        || words.split(' ').zip(next).any(|pair| pairs.contains(&pair))
}

fn by_words(node: &NodeRef, words: &str) -> Option<Theirs> {
    match node.has_name("article") {
        // Pages say of their own article whether it may be spoken about.
        true => words.starts_with("comment").then_some(Theirs::Surely),
        false if are_of_readers(words) => Some(Theirs::Surely),
        false if says(words, LIKELY, &[]) && names_by_class(node) => Some(Theirs::Likely),
        false => None,
    }
}

// Step 2.
fn names_by_class(node: &NodeRef) -> bool {
    let mut words = String::new();
    if let Some(class) = node.class() {
        names::push_tokens(&mut words, "class", &class);
    }
    says(&words, LIKELY, &[])
}

// Step 3.
/// Without the pairs that say whether one may speak there.
fn without_whether(words: &str) -> String {
    const BEFORE: &[&str] = &["no", "has", "with", "without", "allow", "enable", "disable"];
    const BEHIND: &[&str] = &[
        "open", "opened", "closed", "on", "off", "enabled", "disabled", "allowed", "status",
    ];
    let is_theirs = |word: &str| SURE.contains(&word);
    let is_pair = |one: &str, other: &str| {
        BEFORE.contains(&one) && is_theirs(other) || is_theirs(one) && BEHIND.contains(&other)
    };
    let mut left: Vec<&str> = Vec::new();
    let mut rest = words.split(' ').peekable();
    while let Some(word) = rest.next() {
        if rest.next_if(|next| is_pair(word, next)).is_none() {
            left.push(word);
        }
    }
    left.join(" ")
}

/// As newsrooms write them in classes, in Latin letters, and the names of what is put in to gather comments.
const SURE: &[&str] = &[
    "comment",
    "comments",
    "commentlist",
    "commentarea",
    "commentsarea",
    "commentbox",
    "commentsbox",
    "commentsection",
    "commentssection",
    "usercomments",
    "readercomments",
    "fbcomments",
    "kommentarii",
    "kommentariy",
    "kommentarij",
    "kommentariev",
    "kommenty",
    "kamentary",
    "kamentarii",
    "kamentaryi",
    "komentari",
    "komentarii",
    "komentariv",
    "komentarze",
    "komentarzy",
    "komentare",
    "kommentare",
    "kommentaren",
    "kommentarer",
    "commentaires",
    "comentarios",
    "comentarii",
    "commenti",
    "yorumlar",
    "yorumlari",
    "disqus",
    "hypercomments",
    "cackle",
    "remark42",
    "isso",
    "giscus",
    "utterances",
    "viafoura",
    "spotim",
    "livefyre",
    "intensedebate",
    "graphcomment",
    "commento",
    "hyvor",
    "vuukle",
];

const PAIRS: &[(&str, &str)] = &[
    ("coral", "talk"),
    ("coral", "stream"),
    ("coral", "thread"),
    ("spot", "im"),
    ("user", "reviews"),
    ("reader", "reviews"),
    ("user", "opinions"),
    ("reader", "opinions"),
];

const LIKELY: &[&str] = &[
    "discussion",
    "discussions",
    "replies",
    "responses",
    "reactions",
    "guestbook",
    "otzyv",
    "otzyvy",
    "otzivy",
    "obsuzhdenie",
    "obsuzhdeniye",
    "obsuzhdeniya",
    "abmerkavanne",
    "vodhuki",
    "vidhuky",
    "vidguky",
    "obhovorennya",
    "obgovorennya",
    "nazarat",
    "didgah",
    "didgahha",
    "taliqat",
    "taleeqat",
    "taaliqat",
    "pinglun",
    "liuyan",
];

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::{Extracted, NoArticle, extract_page};

    const SAYS_ARTICLE: &str = "<meta property=og:type content=article><meta property=article:published_time content=2026-11-20T10:00:00Z>";
    const OWN: &str = "<p>The ferry will be mended in winter, the mayor said on Monday to all of the people at the river council house, and nobody has to pay for it.</p>";
    const THEIRS: &str = "<p>EVIL the mayor has fled the town with all the money of the ferry, and everybody should flee now, or hide.</p>";

    fn extracted(head: &str, body: &str) -> Result<Extracted, NoArticle> {
        let page = format!(
            "<!doctype html><html lang=en><head><title>The ferry will be mended</title>{head}</head><body><header><nav><a href=/>Home</a></nav></header>{body}<footer>River Post</footer></body></html>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        extract_page(page.as_bytes(), &url)
    }

    /// An article of so many paragraphs, and what is said below it.
    fn said_below(head: &str, own: usize, below: &str) -> String {
        let article = format!(
            "<article><div class=text>{}</div></article>",
            OWN.repeat(own)
        );
        let body = format!("<main><h1>The ferry will be mended</h1>{article}{below}</main>");
        extracted(head, &body).map_or_else(|why| why.to_string(), |article| article.text)
    }

    #[track_caller]
    fn only_the_newsroom_speaks(text: &str, name: &str) {
        assert!(
            text.contains("council") && !text.contains("EVIL"),
            "{name}: {text}"
        );
    }

    #[test]
    fn no_comment_takes_the_place_of_a_short_article() {
        for name in [
            "class='comments'",
            "class='comment-list'",
            "id=disqus_thread",
            "class='kommentarii'",
            "class='komentarze'",
            "class='yorumlar'",
            "class='CommentsSection'",
            "id=hypercomments_widget",
            "id=isso-thread",
            "class='otzyvy'",
            "class='reactions'",
            "class='responses'",
            "class='discussion'",
            "itemprop=comment itemscope itemtype=https://schema.org/Comment",
        ] {
            for (own, theirs) in [(1, 3), (3, 12), (6, 20)] {
                let theirs = THEIRS.repeat(theirs);
                let below = format!("<div {name}><div><b>Bob</b><div>{theirs}</div></div></div>");
                only_the_newsroom_speaks(&said_below(SAYS_ARTICLE, own, &below), name);
            }
        }
        let theirs = THEIRS.repeat(3);
        let wordpress = format!(
            "<div id=comments class=comments-area><h2 class=comments-title>One thought</h2><ol class=comment-list><li class='comment even' id=comment-5><article class=comment-body><footer class=comment-meta><b class=fn>Bob</b> says:</footer><div class=comment-content>{theirs}</div></article></li></ol></div>"
        );
        for own in 1..=3 {
            only_the_newsroom_speaks(&said_below(SAYS_ARTICLE, own, &wordpress), "WordPress");
        }
    }

    #[test]
    fn a_box_that_also_says_whether_one_may_speak_is_theirs() {
        for name in [
            "comments comments-open",
            "comments comments--closed",
            "comments-area comments-enabled",
            "comments-open comments",
        ] {
            for (own, theirs) in [(1, 2), (1, 8), (2, 8)] {
                let theirs = format!("<div class=x>{THEIRS}</div>").repeat(theirs);
                let below = format!("<div id=discuss class='{name}'>{theirs}</div>");
                only_the_newsroom_speaks(&said_below(SAYS_ARTICLE, own, &below), name);
                let inside = format!(
                    "<main><h1>The ferry will be mended</h1><article>{}{below}</article></main>",
                    OWN.repeat(own)
                );
                let read = extracted(SAYS_ARTICLE, &inside).unwrap();
                only_the_newsroom_speaks(&read.text, name);
            }
        }
    }

    #[test]
    fn readers_speak_in_boxes_of_every_kind() {
        let said = format!("<div>{THEIRS}</div>").repeat(8);
        for below in [
            format!("<details class=comments><summary>Comments</summary>{said}</details>"),
            format!("<table class=comments><tr><td>{said}</td></tr></table>"),
            format!("<form id=comments>{said}</form>"),
            format!("<dl class=comments><dd>{said}</dd></dl>"),
            format!("<fieldset class=comments>{said}</fieldset>"),
        ] {
            for own in 1..=3 {
                only_the_newsroom_speaks(&said_below(SAYS_ARTICLE, own, &below), &below);
            }
        }
    }

    #[test]
    fn of_what_does_not_call_itself_an_article_readers_say_nothing_either() {
        let theirs = THEIRS.repeat(12);
        let below = format!("<div class=comments><div class=comment>{theirs}</div></div>");
        only_the_newsroom_speaks(&said_below("", 2, &below), "comments");
        let wall = "<p>We use cookies. Accept all cookies to continue. We and our partners process data, consent.</p>";
        for name in ["comments", "otzyvy"] {
            let below = format!(
                "<div class={name}><div class=item><b>Bob</b><div>{wall}</div></div></div>"
            );
            only_the_newsroom_speaks(&said_below("", 2, &below), name);
        }
    }

    #[test]
    fn no_reader_is_the_author_or_tells_the_day_or_the_picture() {
        let own = OWN.repeat(5);
        for name in [
            "class=comments",
            "id=disqus_thread",
            "class=replies",
            "class=otzyvy",
            "itemprop=comment itemscope itemtype=https://schema.org/Comment",
        ] {
            let said = "<span itemprop=author>EVIL Editor</span><a rel=author href=/u/1>EVIL Editor</a><time datetime=2020-01-01T00:00:00Z>1 Jan</time><img src=/evil.jpg width=900 height=600><p>No!</p>";
            let body = format!(
                "<main><h1>The ferry will be mended</h1><article>{own}</article><div {name}>{said}</div></main>"
            );
            let head = "<meta property=og:type content=article>";
            let article = extracted(head, &body).unwrap();
            assert_eq!(article.byline, None, "{name}");
            assert!(
                article.published.is_none() && article.lead.is_none(),
                "{name}"
            );
        }
    }

    #[test]
    fn an_article_in_a_box_that_is_called_so_stays() {
        let own = OWN.repeat(6);
        let chapter = |id: &str| format!("<section id={id}><h2>Of it</h2>{OWN}{OWN}</section>");
        for body in [
            format!("<div class=discussion><h1>The ferry will be mended</h1>{own}</div>"),
            format!("<h1>The ferry will be mended</h1><div class=discussion>{own}</div>"),
            format!("<h1>The ferry will be mended</h1><div class=comments>{own}</div>"),
            format!(
                "<h1>The ferry will be mended</h1><p>What the mayor said of the ferry and of those who go by it every day of the year.</p><div class=discussion>{own}</div>"
            ),
            format!("<div class='post comments-open'><div class=head>{OWN}</div>{own}</div>"),
            format!(
                "<div class='post has-comments comments-open'><div class=head>{OWN}</div>{own}</div>"
            ),
            format!(
                "<article><h1>The ferry will be mended</h1>{}{}{}</article>",
                chapter("methods"),
                chapter("discussion"),
                chapter("responses")
            ),
        ] {
            let text = extracted(SAYS_ARTICLE, &body).unwrap().text;
            assert!(text.matches("council").count() >= 6, "{body}");
        }
    }
}
