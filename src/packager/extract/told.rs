//! What is told as the article, with no page around it.
//!
//! 1. Of what an editor says to be finished all is kept, however short it is: its lists, boxes and links are his.
//! 2. What a feed tells in short is read as a page is.
//! 3. Pages that show their text by a script often tell it in their metadata too.

use dom_query::Document;
use url::Url;

use super::addresses::Home;
use super::container::{Manner, Reading};
use super::furniture::{self, Measures};
use super::metadata::Metadata;
use super::nodes;
use super::{Extracted, Found, NoArticle, assemble, cloaks, document, tangle, texts_below, words};

/// Reads HTML that an editor says to be the article and nothing else, as a newsroom's system pushes it and feeds carry it.
/// All of it is kept, however short it is, but for `title` where that stands above it.
pub fn extract_finished(
    html: &str,
    title: Option<String>,
    base: &Url,
) -> Result<Extracted, NoArticle> {
    extract_captioned(html, title, &[], base)
}

/// The same, knowing what is said of pictures in it, by their addresses.
pub fn extract_captioned(
    html: &str,
    title: Option<String>,
    captions: &[(String, String)],
    base: &Url,
) -> Result<Extracted, NoArticle> {
    let doc = untangled_document(html)?;
    let home = Home::of([base]);
    let found = found_finished(&doc, base, &home);
    let meta = Metadata {
        captions: captions.to_vec(),
        ..told_of(title)
    };
    assemble(meta, found, base, &home, false, "UTF-8")
}

/// Reads what a feed tells of an article in short. `title` is not repeated in the result.
pub fn extract_summary(
    html: &str,
    title: Option<String>,
    base: &Url,
) -> Result<Extracted, NoArticle> {
    let doc = untangled_document(html)?;
    let home = Home::of([base]);
    let found = within_all(&doc, base, &home, Manner::Newsroom, |reading| Found {
        blocks: reading.blocks(&doc, &Metadata::default()).0,
        ..Found::default()
    });
    assemble(told_of(title), found, base, &home, false, "UTF-8")
}

fn untangled_document(html: &str) -> Result<Document, NoArticle> {
    let is_tangled = tangle::is_tangled(html.as_bytes());
    let doc = (!is_tangled).then(|| document::parsed(html)).flatten();
    let doc = doc.ok_or(NoArticle::TooLarge)?;
    cloaks::uncover(&doc);
    Ok(doc)
}

fn told_of(title: Option<String>) -> Metadata {
    Metadata {
        title,
        says_article: true,
        ..Metadata::default()
    }
}

fn found_finished(doc: &Document, base: &Url, home: &Home) -> Found {
    let manner = Manner::Finished;
    within_all(doc, base, home, manner, |reading| Found {
        blocks: reading.blocks_of(doc.body().as_slice()),
        manner,
        ..Found::default()
    })
}

/// Where all text is of the article.
fn within_all(
    doc: &Document,
    base: &Url,
    home: &Home,
    manner: Manner,
    read: impl FnOnce(&Reading) -> Found,
) -> Found {
    let measures = Measures::of(doc);
    let mut furniture = furniture::find_certain(doc, &measures);
    if manner == Manner::Finished {
        // What is asked in a form, and the contents of a long text, are words of the editor's.
        let is_said = |name: &str| matches!(name, "form" | "nav");
        let root = doc.root();
        let said = root.descendants_it();
        for node in said.filter(|node| nodes::is_named(node, is_said)) {
            furniture.remove(&node.id);
        }
    }
    read(&Reading {
        base,
        home,
        measures: &measures,
        furniture: &furniture,
        kept: &texts_below(&[doc.root()]),
        manner,
    })
}

/// A page whose metadata tells less than this weight tells no article in it.
const TOLD: usize = 200;

// Step 3.

/// Whether what a page shows is some words of the site, or scraps, and no part of the text that its metadata tells.
pub(super) fn is_beside(text: &str, meta: &Metadata) -> bool {
    let told = meta.text.as_deref();
    let told = told.filter(|told| {
        let (shown, told) = (words::weight(text), words::weight(told));
        told >= MUCH_MORE && (shown < TOLD || shown * 4 < told)
    });
    let is_part = |told: &str| {
        let lines = text.lines().map(words::letters);
        let mut lines = lines.filter(|line| !line.is_empty());
        lines.any(|line| told.contains(&line))
    };
    told.is_some_and(|told| !is_part(told))
}

const MUCH_MORE: usize = 2 * TOLD;

pub(super) fn found_in_metadata(meta: &Metadata, base: &Url, home: &Home) -> Option<Found> {
    let body = meta.body.as_deref().map(words::unescaped)?;
    let is_enough = words::weight(&body) >= TOLD && !tangle::is_tangled(body.as_bytes());
    let html = match body.contains("</p>") || body.contains("<br") {
        true => body,
        false => {
            let lines = body.lines().map(words::escaped);
            lines.map(|line| format!("<p>{line}</p>")).collect()
        }
    };
    let doc = is_enough.then(|| document::parsed(&html)).flatten()?;
    Some(found_finished(&doc, base, home))
}

#[cfg(test)]
mod tests {
    use super::super::{Figure, extract_page};
    use super::*;

    fn base() -> Url {
        Url::parse("https://n.example/a/1").unwrap()
    }

    #[track_caller]
    fn finished(html: &str) -> Extracted {
        extract_finished(html, Some("The town".into()), &base()).expect("something is left")
    }

    /// What stands in the html, in this order.
    #[track_caller]
    fn keeps(html: &str, parts: &[&str]) {
        let article = finished(html).html_with_lead();
        let mut rest = &*article;
        for part in parts {
            let (_, behind) = rest
                .split_once(part)
                .unwrap_or_else(|| panic!("`{part}`: {article}"));
            rest = behind;
        }
    }

    #[test]
    fn lists_links_and_films_of_a_finished_article_stay() {
        keeps(
            "<p>Detained:</p><ul><li><a href=/ivanova>Anna Ivanova</a></li><li><a href=/petrov>Ivan Petrov</a></li></ul>\
             <p><a href='/order.pdf'>The order (PDF)</a></p><p><a href=/2>Our report</a></p>\
             <video controls src=/film.mp4></video><figure><audio src='/talk.mp3'></audio><figcaption>The talk</figcaption></figure>",
            &[
                "<p>Detained:</p>",
                "<ul><li><a href=\"https://n.example/ivanova\">Anna",
                "Ivan Petrov</a></li></ul>",
                "<a href=\"https://n.example/order.pdf\">The order",
                "/2\">Our report</a>",
                "▶ <a href=\"https://n.example/film.mp4\">",
                "▶ <a href=\"https://n.example/talk.mp3\">",
                "The talk",
            ],
        );
    }

    #[test]
    fn readings_fractions_and_films_of_a_finished_article_are_told() {
        keeps(
            "<p><ruby>汉<rp>(</rp><rt>hàn</rt><rp>)</rp>字<rt>zì</rt></ruby>, <math><mn>3</mn><mfrac><mn>1</mn><mn>2</mn></mfrac></math></p>\
             <blockquote class=tiktok-embed cite='https://www.tiktok.com/@n/video/7'><section>The ferry</section></blockquote>",
            &[
                "汉(hàn)字(zì), 3 1/2",
                "The ferry",
                "▶ <a href=\"https://www.tiktok.com/@n/video/7\">",
            ],
        );
    }

    #[test]
    fn boxes_labels_and_refrains_of_a_finished_article_stay() {
        let thrice = "<p>Never again, they sang.</p>".repeat(3);
        keeps(
            &format!(
                "<div>Minsk</div><p>20 November 2026</p>{0}<aside class=related><p>Who is who: <a href=/who>our list</a></p></aside>\
                 <div class=box><a href=/1>One</a> <a href=/2>Two</a></div><a href=/3><div><img src=/3.jpg><h3>Three</h3></div></a>\
                 {thrice}<p>Photo: Olga</p><h2>What comes</h2>",
                "<p>Several hundred people carrying flowers took to the streets on Monday evening, they say.</p>".repeat(2)
            ),
            &[
                "Minsk", "20 November 2026", "Several", "Several", "Who is who", "/1\">One", "/2\">Two", "3.jpg", "<a href=\"https://n.example/3\">Three</a>",
                "again", "again", "again", "Photo: Olga", "<h2>What comes</h2>",
            ],
        );
    }

    #[test]
    fn pictures_of_a_finished_article_stay_with_their_words() {
        keeps(
            "<p>Before them.</p><figure class=gallery><figure><img src=/1.jpg><figcaption>One</figcaption></figure>\
             <figure><img src=/2.jpg><figcaption>Two</figcaption></figure></figure>\
             <figure><video src=/v.mp4></video><figcaption>The film</figcaption></figure>\
             <div><img src=/3.jpg><p>Words and <a href=/l>a link</a></p></div><table><tr><td><ul><li>A<li>B</ul></td><td>C</td></tr><tr><td>D</td><td>E</td></tr></table>",
            &[
                "1.jpg",
                "One",
                "Before",
                "2.jpg",
                "Two",
                "/v.mp4",
                "The film",
                "3.jpg",
                "Words and <a href=",
                "A",
                "B",
                "C",
                "D",
                "E",
            ],
        );
    }

    #[test]
    fn words_in_a_frame_of_a_finished_article_stay_also_where_they_are_no_caption() {
        let frame = |inner: &str| format!("<p>Before.</p><figure>{inner}</figure><p>Behind.</p>");
        keeps(
            &frame(
                "<img src=/1.jpg><p>The old bridge.</p><figcaption>It stands</figcaption><figcaption>Photo: Olga</figcaption>",
            ),
            &["1.jpg", "The old bridge. It stands Photo: Olga"],
        );
        let long = "It stands there for many years. ".repeat(40) + "So they say.";
        keeps(
            &frame(&format!("<img src=/1.jpg><figcaption>{long}</figcaption>")),
            &["1.jpg", "So they say.", "Behind."],
        );
        keeps(
            &frame("<figcaption>Nothing to be seen</figcaption>"),
            &["Before.", "Nothing to be seen", "Behind."],
        );
        for alone in [
            "<p class=image><img width=9 src=/i.gif>Alone</p>",
            "<figcaption>Alone</figcaption>",
        ] {
            keeps(&format!("<p>Before.</p>{alone}"), &["Before.", "Alone"]);
        }
        keeps(
            "<p>Before.</p><a href=/3><h3>Three</h3><figure><img src=/3.jpg><figcaption>They met</figcaption></figure></a>",
            &["3.jpg", "/3\">Three They met</a>"],
        );
    }

    #[test]
    fn the_picture_that_an_editor_names_takes_the_place_of_no_other() {
        let lead = |address: &str| Figure {
            src: base().join(address).unwrap(),
            spare: None,
            alt: String::new(),
            caption: Some("The ferry".into()),
            linked: None,
        };
        let mut article = finished("<p><img src=/a1.jpg></p><p>Fire.</p><p><img src=/b.jpg></p>");
        article.lead_with(lead("/a1.jpg"));
        assert_eq!(
            (article.html.matches("<img").count(), article.pictures.len()),
            (1, 1)
        );
        article.lead_with(lead("/a2.jpg"));
        assert!(article.lead.as_ref().unwrap().src.path() == "/a2.jpg");
        assert!(
            article
                .html
                .starts_with("<figure><img src=\"https://n.example/a1.jpg")
        );
        assert_eq!(
            (article.html.matches("<img").count(), article.pictures.len()),
            (2, 2)
        );
    }

    #[test]
    fn the_picture_that_an_editor_names_goes_above_the_text_in_which_it_stands() {
        let html = "<p>Fire.</p><figure><img src=/a.jpg><figcaption>The ferry</figcaption></figure><p>End.</p><img src=/b.jpg>";
        let mut article = finished(html);
        let bare = Figure {
            src: base().join("/a.jpg").unwrap(),
            spare: None,
            alt: String::new(),
            caption: None,
            linked: None,
        };
        article.lead_with(bare);
        let caption = article
            .lead
            .as_ref()
            .and_then(|lead| lead.caption.as_deref());
        assert_eq!(caption, Some("The ferry"));
        assert!(!article.html.contains("a.jpg"), "{}", article.html);
        assert_eq!(article.pictures.len(), 1);
    }

    #[test]
    fn what_a_system_says_of_pictures_stands_below_those_that_have_no_caption() {
        let captions = [
            ("a-large.jpg", "One"),
            ("a-small.jpg", "Two"),
            ("b.jpg", "Three"),
        ];
        let captions = captions.map(|(name, caption)| (name.to_owned(), caption.to_owned()));
        let html = "<p>Fire.</p><img src=a-large.jpg><p>And.</p><img src=a-small.jpg>\
                    <figure><img src=b.jpg><figcaption>Own</figcaption></figure>";
        let article = extract_captioned(html, None, &captions, &base()).unwrap();
        let shown = article.lead.iter().chain(&article.pictures);
        let said: Vec<_> = shown.map(|figure| figure.caption.as_deref()).collect();
        assert_eq!(said, [Some("One"), Some("Two"), Some("Own")]);
    }

    #[test]
    fn a_flash_and_a_photo_are_finished_articles() {
        assert_eq!(finished("<p>Take shelter.</p>").text, "Take shelter.\n");
        assert_eq!(finished("<p>The town</p>").text, "The town\n");
        assert_eq!(finished("<h1>The town</h1><p>Fire.</p>").text, "Fire.\n");
        assert!(finished("<p><img src=/1.jpg></p>").lead.is_some());
        for html in [
            "",
            "<p> </p>",
            "<script>x</script>",
            "<img src='data:x'>",
            "<p>&nbsp;</p>",
        ] {
            assert!(extract_finished(html, None, &base()).is_err(), "{html}");
        }
        // What a feed tells in short is none.
        assert!(extract_summary("<p>Take shelter.</p>", None, &base()).is_err());
    }

    #[test]
    fn nothing_that_runs_comes_with_a_finished_article() {
        let html = "<p onclick=x()>Words<script>x()</script><style>p{}</style></p><form><input value=v></form><a href='javascript:x()'>l</a>";
        let html = finished(html).html;
        for part in ["onclick", "x()", "p{}", "input", "javascript"] {
            assert!(!html.contains(part), "{html}");
        }
    }

    fn page(told: &str) -> Result<Extracted, NoArticle> {
        page_showing("", told)
    }

    fn page_showing(shown: &str, told: &str) -> Result<Extracted, NoArticle> {
        let json = serde_json::json!({"@type": "NewsArticle", "headline": "The court", "articleBody": told});
        let page = format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script><body><div id=root>{shown}</div>"
        );
        extract_page(page.as_bytes(), &base())
    }

    #[test]
    fn a_page_that_shows_nothing_is_read_by_its_metadata() {
        let line = "Several hundred people carrying flowers took to the streets on Monday evening, and went home. ";
        let (one, two) = (line.repeat(2), line.repeat(3));
        let (one, two) = (one.trim(), two.trim());
        let expected = format!("{one}\n{two}\n");
        for told in [
            format!("{one}\n\n{two}"),
            format!("<p>{one}</p><p>{two}</p>"),
            format!("&lt;p&gt;{one}&lt;/p&gt;&lt;p&gt;{two}&lt;/p&gt;"),
        ] {
            let article = page(&told).unwrap();
            assert_eq!(
                (article.text, article.title),
                (expected.clone(), "The court".into()),
                "{told}"
            );
        }
        assert_eq!(page(line).err(), Some(NoArticle::NoText));
    }

    #[test]
    fn the_day_and_the_caption_beside_a_text_in_the_metadata_are_read_too() {
        let line = "Several hundred people carrying flowers took to the streets on Monday evening, and went home. ";
        let json = serde_json::json!({
            "@type": "NewsArticle", "headline": "The court", "datePublished": "2024-03-05T10:00:00Z",
            "articleBody": line.repeat(4),
            "image": { "@type": "ImageObject", "url": "https://n.example/1.jpg", "caption": "The square" },
        });
        let page = format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script><body><div id=root></div>"
        );
        let article = extract_page(page.as_bytes(), &base()).unwrap();
        let day = article.published.map(|moment| moment.at.to_string());
        assert_eq!(day.as_deref(), Some("2024-03-05T10:00:00Z"));
        let lead = article.lead.unwrap();
        assert_eq!(lead.caption.as_deref(), Some("The square"));
    }

    #[test]
    fn words_of_the_site_are_no_article_where_the_metadata_tells_one() {
        let line = "Several hundred people carrying flowers took to the streets on Monday evening, and went home. ";
        let told = line.repeat(6);
        let told = told.trim();
        let notice = "<p>This page can be read in a browser that runs scripts, and in our own application.</p>";
        assert_eq!(page_showing(notice, told).unwrap().text.trim(), told);
        // A text that is cut off is what the page shows.
        let shown = format!("<p>{line}</p>");
        assert_eq!(page_showing(&shown, told).unwrap().text.trim(), line.trim());
    }

    #[test]
    fn words_between_the_items_of_a_list_stay_in_their_places() {
        keeps(
            "<ul>Detained in <b>Minsk</b> yesterday: <li>Anna</li><br>and in Brest:<li>Ivan</li></ul><ol start=3>First<li>Olga</li>then<li>Petr</li></ol>",
            &[
                "<p>Detained in <strong>Minsk</strong> yesterday:</p>\n<ul><li>Anna</li></ul>",
                "<p>and in Brest:</p>\n<ul><li>Ivan</li></ul>",
                "<p>First</p>\n<ol start=\"3\"><li>Olga</li></ol>\n<p>then</p>\n<ol start=\"4\"><li>Petr</li></ol>",
            ],
        );
        // Nobody wrote more than the items.
        keeps(
            "<ul> <li>Anna</li> <br><li>Ivan</li> </ul>",
            &["<ul><li>Anna</li><li>Ivan</li></ul>"],
        );
    }

    #[test]
    fn terms_what_can_be_opened_and_lines_between_stay_what_they_are() {
        keeps(
            "<p>First.</p><hr><p>Then.</p><dl>In short:<dt>NGO</dt><dd>A <a href=/n>group</a></dd><dd><p>Or two</p><ul><li>More</li></ul></dd>\
             <div><dt>KGB</dt><dd>The police</dd></div>and so on<dt>Alone</dt></dl>\
             <details><summary>Who is <b>who</b></summary><p>Anna</p><hr><dl><dt>Ivan</dt><dd>Hers</dd></dl></details><p>End.</p>",
            &[
                "<p>First.</p>\n<hr>\n<p>Then.</p>\n<p>In short:</p>\n",
                "<dl><dt>NGO</dt><dd>A <a href=\"https://n.example/n\">group</a></dd><dd><p>Or two</p>\n<ul><li>More</li></ul>\n</dd>",
                "<dt>KGB</dt><dd>The police</dd></dl>\n<p>and so on</p>\n<p>Alone</p>\n",
                "<details open><summary>Who is <strong>who</strong></summary><p>Anna</p>\n<hr>\n<dl><dt>Ivan</dt><dd>Hers</dd></dl>\n</details>\n<p>End.</p>",
            ],
        );
        // Nothing is parted, nothing is explained, nothing is to be opened.
        let plain = finished(
            "<hr><p>First.</p><hr><hr><p>Then.</p><dl><dd>Only</dd></dl><details>Open</details><details><summary>Sum</summary></details><hr>",
        );
        assert_eq!(
            plain.html,
            "<p>First.</p>\n<hr>\n<p>Then.</p>\n<p>Only</p>\n<p>Open</p>\n<p>Sum</p>\n"
        );
        // Also in a cell.
        keeps(
            "<p>Before.</p><table><tr><th>A<th>B<tr><td><dl><dt>C<dd>D</dl><td>E</table>",
            &["Before", "A", "B", "<dl><dt>C</dt><dd>D</dd></dl>", "E"],
        );
    }

    #[test]
    fn links_in_captions_stay() {
        keeps(
            "<figure><img src=/0.jpg><figcaption>Above: <a href=/plain>plain</a></figcaption></figure><p>Before.</p>\
             <figure><img src=/1.jpg><figcaption>The ferry &amp; <a href=/crew onclick=x()>its crew</a> by <a href='javascript:x()'>Olga</a></figcaption></figure>\
             <img src=/2.jpg><figcaption>See <a href=https://e.example/>them</a></figcaption>\
             <figure><a href=/3.jpg><img src=/3.jpg></a><figcaption>No link</figcaption></figure><p>Photo: <a href=/olga>Olga</a></p>",
            &[
                "0.jpg\" alt=\"\"><figcaption>Above: plain</figcaption>",
                "1.jpg\" alt=\"\"><figcaption>The ferry &amp; <a href=\"https://n.example/crew\">its crew</a> by Olga</figcaption>",
                "2.jpg\" alt=\"\"><figcaption>See <a href=\"https://e.example/\">them</a></figcaption>",
                "3.jpg\" alt=\"\"><figcaption>No link Photo: <a href=\"https://n.example/olga\">Olga</a></figcaption>",
            ],
        );
    }

    const BOXES: &[&str] = &[
        "p",
        "div",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "details",
        "summary",
        "h1",
        "h2",
        "h3",
        "h5",
        "center",
        "font",
        "b",
        "em",
        "span",
        "a href=/x",
        "section",
        "aside",
        "header",
        "footer",
        "address",
        "fieldset",
        "legend",
        "label",
        "x-own",
        "menu",
        "dir",
        "ruby",
        "rt",
        "main",
        "article",
        "sub",
        "q",
        "cite",
        "small",
        "ins",
        "nav",
        "form",
        "hgroup",
        "search",
        "big",
        "tt",
        "marquee",
        "object",
    ];

    /// Boxes in boxes, of which each says something, and all that they say. Tables are whole: what stands in one beside its
    /// cells a parser puts before it.
    fn laid_out(choices: &[(u8, u8)]) -> (String, Vec<String>) {
        let (mut html, mut said, mut open) = (String::new(), Vec::new(), Vec::new());
        let mut say = |html: &mut String| {
            let word = format!("w{}x", said.len());
            html.push_str(&word);
            said.push(word);
        };
        for (choice, kind) in choices {
            match kind % 8 {
                0..=2 => {
                    let tag = BOXES[usize::from(*choice) % BOXES.len()];
                    open.push(tag);
                    html.extend(["<", tag, ">"]);
                }
                3..=4 => {
                    let tag = open.pop().and_then(|tag| tag.split(' ').next());
                    html.extend(tag.map(|tag| format!("</{tag}>")));
                }
                5 if choice % 5 == 0 => {
                    html.push_str("<table><caption>");
                    say(&mut html);
                    for part in [
                        "</caption><tr><th>",
                        "<th>",
                        "<tr><td>",
                        "<ul>",
                        "<li>",
                        "</ul><td>",
                        "</table>",
                    ] {
                        html.push_str(part);
                        if part != "</table>" {
                            say(&mut html);
                        }
                    }
                }
                5 if choice % 5 == 1 => html.push_str("<br>"),
                _ => {
                    html.push(' ');
                    say(&mut html);
                }
            }
        }
        (html, said)
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]
        #[test]
        fn every_word_of_a_finished_article_stays(choices in proptest::collection::vec(proptest::prelude::any::<(u8, u8)>(), 1..60)) {
            let (html, said) = laid_out(&choices);
            let read = extract_finished(&html, None, &base());
            let shown = read.map_or(String::new(), |read| read.html_with_lead());
            let mut rest = &*shown;
            for word in &said {
                let found = rest.split_once(&**word);
                proptest::prop_assert!(found.is_some(), "{word} of {html}: {shown}");
                rest = found.unwrap_or_default().1;
            }
        }
    }
}
