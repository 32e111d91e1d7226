//! Whole pages, from their bytes to what readers get.

use super::*;

fn extracted(html: &str) -> Result<Extracted, NoArticle> {
    let url = Url::parse("https://n.example/a/1.html").unwrap();
    extract_page(html.as_bytes(), &url)
}

pub(super) const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before.";

#[test]
fn a_deep_page_does_not_overflow_the_stack() {
    for tag in [
        "div",
        "b",
        "blockquote",
        "ul",
        "figure",
        "table",
        "section",
        "em",
    ] {
        let nest = format!("<{tag}>").repeat(290);
        let _ = extracted(&format!(
            "<body>{nest}<p>{PROSE}</p><img src=/1.jpg><p>{PROSE}</p>"
        ));
    }
}

#[test]
fn a_tangled_page_is_refused() {
    let page = "<div><b>".repeat(50_000);
    assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
    assert_eq!(plain_text(&page), "");
    // What looks as if it closed, and does not.
    for page in ["<rt>x".repeat(20_000), "<li><dd>x".repeat(20_000)] {
        assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
        let url = Url::parse("https://n.example/a").unwrap();
        assert!(extract_finished(&page, None, &url).is_err());
        assert_eq!(plain_text(&page), "");
    }
}

/// Each is as large as pages are let in. If one of them took time by the square of its size, this test would not
/// end in an hour.
#[test]
fn a_page_made_to_keep_a_reader_busy_is_read_or_refused_in_good_time() {
    let head = "<title>The court</title><meta property='article:published_time' content=2026-11-20><h1>The court</h1>";
    for (unit, count) in [
        ("<p>x", 40_000),
        ("<br>", 40_000),
        ("word ", 400_000),
        ("<a href=/1>x</a> ", 20_000),
        ("<span>x</span>", 20_000),
        ("<li>x", 40_000),
        ("<p><img src=/1.jpg>x</p>", 10_000),
        ("<p>The same line once more</p>", 10_000),
        ("<time>20 November</time>", 10_000),
        (
            "<figure><img src=/1.jpg><figcaption>A caption</figcaption></figure>",
            5_000,
        ),
        ("<meta name=author content=x>", 20_000),
        ("&amp;", 40_000),
    ] {
        let _ = extracted(&format!("{head}{}", unit.repeat(count)));
    }
    for (nest, unit, count) in [
        ("<div>", "<p>A paragraph of some words</p>", 1_000),
        ("<blockquote>", "<img src=/1.jpg>", 1_000),
        (
            "<div class=gallery>",
            "<p>A paragraph of some words</p>",
            1_000,
        ),
        ("<article>", "<h2>x</h2>", 1_000),
    ] {
        let _ = extracted(&format!("{head}{}{}", nest.repeat(280), unit.repeat(count)));
    }
    for page in [
        "<div>".repeat(1 << 20),
        "<div></div>".repeat(450_000),
        format!("<p {}>", "a=1 ".repeat(1 << 20)),
        "<p a=1 b=2 c=3>".repeat(300_000),
        "&".repeat(5 << 20),
        "<".repeat(5 << 20),
        "x\n".repeat(2 << 20),
    ] {
        assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
    }
}

#[test]
fn what_stands_behind_the_text_that_the_page_marks_is_none() {
    let page = format!(
        "<title>The court</title><meta property='article:published_time' content=2026-11-20><article><h1>The court</h1><p>In short: {PROSE}</p>\
         <div itemprop='x articleBody'><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></div><div><h4>Say something</h4><p>Be kind to one another.</p></div></article>"
    );
    let text = extracted(&page).unwrap().text;
    assert!(
        text.starts_with("In short") && text.ends_with(&format!("{PROSE}\n")),
        "{text}"
    );
}

#[test]
fn a_front_page_that_calls_itself_an_article_is_none_of_a_newsroom() {
    let at = |address: &str| {
        let page = format!(
            "<meta property=og:type content=article><link rel=canonical href={address}><title>Notes</title><div><p>{PROSE}</p>\
             <p><a href=/2>The second part of these notes</a></p><p>{PROSE}</p></div>"
        );
        extracted(&page).unwrap().text.contains("The second part")
    };
    assert!(at("https://n.example/") && at("https://n.example/be/"));
    assert!(!at("https://n.example/be/the-court"));
}

#[test]
fn what_the_metadata_does_not_tell_behind_the_end_is_no_text() {
    const END: &str = "So it ended, and nobody was surprised by any of it, for once.";
    let page = |told: &str| {
        let json = serde_json::json!({"@type": "NewsArticle", "headline": "The court", "articleBody": told});
        let page = format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script><article><h1>The court</h1><p>{PROSE}</p><p>Then {PROSE}</p>\
             <p>At last {PROSE} {END}</p><p>Write to us about this text, we are glad.</p></article>"
        );
        extracted(&page).unwrap().text
    };
    let whole = format!("{PROSE} Then {PROSE} <p>At last {PROSE} {END}</p>");
    assert!(!page(&whole).contains("Write to us"));
    // One that is cut off tells nothing.
    for told in [whole.split_at(whole.len() - 40).0, PROSE, ""] {
        assert!(page(told).contains("Write to us"), "{told}");
    }
}

#[test]
fn furniture_and_scripts_stay_out() {
    let page = format!(
        "<title>The court | News</title><meta property='og:type' content=article><body><nav>Menu</nav><article><h1>The court</h1>\
         <div class=byline>By Olga Carter</div><time datetime=2026-11-20T10:00:00+03:00>20 November</time><p>{PROSE}</p>\
         <script>alert(1)</script><div class='share-bar'>Share</div><p>{PROSE}</p><div class=also-read><a href=/2>Read also: more</a></div></article>"
    );
    let article = extracted(&page).unwrap();
    assert_eq!(article.title, "The court");
    assert_eq!(article.byline.as_deref(), Some("Olga Carter"));
    assert_eq!(
        article.published.unwrap().to_string(),
        "2026-11-20T10:00:00+03:00"
    );
    assert_eq!(article.text, format!("{PROSE}\n{PROSE}\n"));
    for word in ["Menu", "alert", "Share", "Read also", "Olga", "20 November"] {
        assert!(!article.html.contains(word), "{word}: {}", article.html);
    }
}

#[test]
fn pages_without_an_article_are_told_apart() {
    for (page, why) in [
        ("", NoArticle::NoText),
        (
            "<title>News</title><ul><li><a href=/1>One</a><li><a href=/2>Two</a></ul>",
            NoArticle::NoText,
        ),
        (
            "<title>404 Not Found</title><h1>Not found</h1><p>The page you asked for is not here. Try our search instead.</p>",
            NoArticle::NotFound,
        ),
        (
            "<title>N</title><div class=cookie-consent><p>We use cookies to improve how this site works, and so do our 800 partners.</p></div>",
            NoArticle::Wall,
        ),
    ] {
        assert_eq!(extracted(page).err(), Some(why), "{page}");
    }
}

#[test]
fn a_page_that_says_that_it_is_something_else_is_known() {
    let article = r#"{"@type":"NewsArticle","headline":"The court"}"#;
    let list = |kind: &str, more: &str| format!(r#"{{"@type":{kind},"name":"River"{more}}}"#);
    let script = |json: &str| format!("<script type=application/ld+json>{json}</script>");
    let check = |head: &str, is_other: bool| {
        let page = format!(
            "{head}<title>River</title><article><h1>River</h1><p>{PROSE}</p><p>{PROSE}</p></article>"
        );
        assert_eq!(extracted(&page).unwrap().is_other, is_other, "{head}");
    };
    for kind in [
        "\"CollectionPage\"",
        "\"ProfilePage\"",
        "[\"WebPage\",\"AboutPage\"]",
        "\"ContactPage\"",
        "\"SearchResultsPage\"",
    ] {
        check(&script(&list(kind, "")), true);
    }
    check("<meta property=og:type content=profile>", true);
    let page = list("\"CollectionPage\"", "");
    let graph = |all: &[&str]| script(&format!(r#"{{"@graph":[{}]}}"#, all.join(",")));
    check(&graph(&[&page, r#"{"@type":"WebSite"}"#]), true);
    check(&graph(&[&page, article]), false);
    // What a list tells of is not the page.
    let item = format!(r#","mainEntity":{{"@type":"ItemList","itemListElement":[{article}]}}"#);
    check(&script(&list("\"CollectionPage\"", &item)), true);
    let main = format!(r#","mainEntity":{article}"#);
    check(&script(&list("\"AboutPage\"", &main)), false);
    // Nor is an article the list that it is in.
    let part = format!(r#"{{"@type":"Article","headline":"River","isPartOf":{page}}}"#);
    check(&script(&part), false);
    check(
        &script(&format!(r#"{{"@type":"WebPage","isPartOf":{page}}}"#)),
        false,
    );
    check("", false);
}

#[test]
fn what_is_no_newsroom_page_is_read_as_readability_reads_it() {
    let page = |meta: &str| {
        format!(
            "{meta}<title>Notes</title><body><div><p>{PROSE}</p><p><a href=/2>The second part of these notes</a></p><p>{PROSE}</p></div>"
        )
    };
    let link = "The second part";
    let text = |meta: &str| extracted(&page(meta)).unwrap().text;
    assert!(text("").contains(link));
    assert!(!text("<meta property=og:type content=article>").contains(link));
    assert!(!text("<meta name=date content=2026-11-20>").contains(link));
}

/// The html of a newsroom's page in which this stands in the midst of the text, and at its end.
fn amid(html: &str) -> String {
    let meta = "<meta property=og:type content=article>";
    let page = format!(
        "{meta}<title>The court</title><article><h1>The court</h1><p>{PROSE}</p><p>{PROSE} So they say.</p>{html}<p>Then {PROSE}</p>{html}</article>"
    );
    extracted(&page).unwrap().html
}

#[test]
fn a_text_that_is_laid_out_in_many_boxes_is_one() {
    let more = "The river rose again, and the ferries stayed at their piers until the wind had turned to the south. ";
    let part = |number: usize| {
        format!(
            "<div class=row><div class=col><h2>Part {number}</h2><p>{number}: {}</p></div></div>",
            more.repeat(5)
        )
    };
    let parts: String = (1..6).map(part).collect();
    let text = |frame: &str, widget: &str| {
        let body = frame.replace("$", &parts.replace("class=col", widget));
        let page = format!(
            "<meta property=og:type content=article><title>The river</title><h1>The river</h1>{body}"
        );
        extracted(&page).unwrap().text
    };
    for frame in [
        "<main><div>$</div></main>",
        "<article><div><div>$</div></div></article>",
    ] {
        for widget in ["class=col", "class=elementor-widget"] {
            let text = text(frame, widget);
            assert!(
                text.contains("1: The") && text.contains("5: The"),
                "{frame}: {text}"
            );
        }
    }
}

#[test]
fn what_holds_the_article_is_no_furniture_whatever_it_is_called() {
    for frame in [
        "<aside class=banner><main>$</main></aside>",
        "<nav class=navigation>$</nav>",
        "<div class=newsletter-wrapper><article>$</article></div>",
        "<div><div class=sidebar-content>$</div></div>",
        "<div hidden id=S:0>$</div>",
    ] {
        let text = format!("<p>{PROSE}</p><p>Then {PROSE}</p><p>At last {PROSE}</p>");
        let page = format!(
            "<meta property='article:published_time' content=2026-11-20><title>The court</title><h1>The court</h1>{}\
             <div><p>{}</p></div>",
            frame.replace('$', &text.repeat(3)),
            "Our house is open from ten to six. ".repeat(6),
        );
        let text = extracted(&page).unwrap().text;
        assert!(text.contains("At last"), "{frame}: {text}");
    }
}

#[test]
fn links_that_stand_far_beside_a_page_are_no_text() {
    let spam = "<div style='position:absolute; left:-35255px'><p>Whether you like slots or tables, this house of games offers a wide choice.</p></div>";
    assert!(!amid(spam).contains("slots"));
    assert!(amid(&spam.replace("-35255px", "-5px")).contains("slots"));
}

#[test]
fn lines_of_a_program_stay_lines() {
    assert!(amid("<pre><code>one<br>two</code></pre>").contains("one\ntwo"));
}

#[test]
fn a_day_about_the_headline_is_that_of_the_article() {
    let published = |head: &str, behind: &str| {
        let page = format!(
            "<meta property=og:type content=article><title>The court</title><div>{head}</div><article><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>{behind}</article>"
        );
        extracted(&page)
            .unwrap()
            .published
            .map(|day| day.to_string().chars().take(10).collect::<String>())
    };
    let day = Some("2026-11-20".to_owned());
    for head in [
        "<h1>The court</h1><div class=x>By Olga</div><div>Nov 20, 2026</div>",
        "<div>Updated: Nov 20, 2026</div><h1>The court</h1>",
        "<h1>The court</h1><span>Updated Nov 22, 2026</span><span>Published Nov 20, 2026</span>",
    ] {
        assert_eq!(published(head, ""), day, "{head}");
    }
    assert_eq!(
        published(
            "<h1>The court</h1>",
            "<p>So it was on 20 November 2026 as well, they said, in the old town.</p>"
        ),
        None
    );
}

#[test]
fn a_day_behind_the_text_is_no_text() {
    let page = |line: &str| {
        format!(
            "<meta property=og:type content=article><title>The court</title><article><h1>The court</h1><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>{line}</article>"
        )
    };
    assert!(
        !extracted(&page("<p>Last updated: 20 November 2026</p>"))
            .unwrap()
            .text
            .contains("updated")
    );
    assert!(
        extracted(&page("<p>They go on 20 November 2026.</p>"))
            .unwrap()
            .text
            .contains("go on")
    );
}

#[test]
fn links_to_documents_of_the_newsroom_stay() {
    for link in [
        "<p><a href=/doc.pdf>The leaked order (PDF)</a></p>",
        "<div class=wp-block-file><a href=/doc.pdf>The leaked order</a><a href=/doc.pdf class=wp-block-file__button download>Download</a></div>",
        "<p><a class=button href='/colport.apk?v=2'>The app</a></p>",
        "<ul><li><a href=/1.xlsx>The first list</a><li><a href=/2.ods>The second list</a></ul>",
    ] {
        let html = amid(link);
        let count = html.matches("href=").count();
        assert_eq!(count, link.matches("href=").count() * 2, "{html}");
    }
    assert!(!amid("<p><a href=/2>Seven go on trial for shouting</a></p>").contains("href="));
}

#[test]
fn a_list_that_the_text_announces_stays_though_it_is_all_links() {
    let list = "<ul><li><a href=/ivanova>Anna Ivanova</a><li><a href=/petrov>Ivan Petrov</a></ul>";
    let html = amid(&format!("<p>Detained today:</p>{list}"));
    assert_eq!(html.matches("Ivan Petrov").count(), 2, "{html}");
    for before in ["", "<p>Read also:</p>", "<p>They went home.</p>"] {
        let html = amid(&format!("{before}{list}"));
        assert!(!html.contains("Ivan Petrov"), "{html}");
    }
}

#[test]
fn a_box_of_facts_is_text_and_a_box_of_links_is_none() {
    let aside = |class: &str| {
        format!(
            "<aside class={class}><p>The court has sentenced nine people since the spring, of whom two are sixteen.</p></aside>"
        )
    };
    assert!(amid(&aside("fact-box")).contains("nine people"));
    assert!(!amid(&aside("sidebar")).contains("nine people"));
    assert!(!amid("<aside class=fact-box><a href=/1>The court has sentenced nine people since the spring</a></aside>").contains("nine people"));
}

#[test]
fn an_aside_in_the_midst_of_the_text_is_text_if_it_only_tells() {
    for (aside, stays) in [
        (
            "<aside>The hotline for relatives works day and night.</aside>",
            true,
        ),
        (
            "<aside>The hotline for relatives works all day.</aside><h3>At noon</h3>",
            true,
        ),
        (
            "<aside class=pullquote><p>The hotline nobody answered in spring</p></aside>",
            true,
        ),
        (
            "<aside class=infobox><h3>The hotline</h3><ul><li>Ivan Petrov, 41<li>Anna Orlova, 33</ul></aside>",
            true,
        ),
        (
            "<aside>The hotline is <a href=/2>here</a>, day and night.</aside>",
            false,
        ),
        (
            "<aside>The hotline for relatives<button>Share</button></aside>",
            false,
        ),
        (
            "<aside role=complementary>The hotline for relatives works.</aside>",
            false,
        ),
        (
            "<aside class=newsletter>The hotline for relatives works.</aside>",
            false,
        ),
        ("<aside>The hotline</aside>", false),
        (
            "<div><aside>The hotline for relatives works day and night.</aside></div>",
            false,
        ),
    ] {
        let meta = "<meta property=og:type content=article>";
        let page = format!(
            "{meta}<title>The court</title><article><p>{PROSE}</p>{aside}<p>Then {PROSE}</p></article>"
        );
        let text = extracted(&page).unwrap().text;
        assert_eq!(text.contains("The hotline"), stays, "{aside}: {text}");
    }
    // What is set large beside a text stands in it already.
    let (said, _) = PROSE.split_once('.').unwrap();
    let html = amid(&format!("<aside><p>“{said}”</p></aside>"));
    assert_eq!(html.matches(said).count(), 3, "{html}");
}

#[test]
fn a_figure_of_words_is_text_and_no_picture_that_is_missing() {
    let base = Url::parse("https://n.example/a").unwrap();
    let names = "<figure><figcaption>The dead</figcaption><ul><li>Ivan Petrov, 41<li>Anna Orlova, 33</ul></figure>";
    let expected =
        "<p><small>The dead</small></p>\n<ul><li>Ivan Petrov, 41</li><li>Anna Orlova, 33</li></ul>";
    assert!(amid(names).contains(expected), "{}", amid(names));
    for told in [
        "<figure><p>We wrote three letters to the ministry,</p></figure>",
        "<figure class=callout><div><span>!</span></div><div>We wrote three letters to the ministry.</div></figure>",
    ] {
        assert!(amid(told).contains("three letters"), "{told}");
        let finished = extract_finished(told, None, &base).unwrap();
        assert!(finished.text.contains("three letters"), "{told}");
    }
    for shown in [
        "<figure><div style='background-image:url(/1.jpg)'></div><p>We wrote three letters to them.</p></figure>",
        "<figure><figcaption>We wrote three letters to the ministry</figcaption></figure>",
        "<figure><p class=caption>We wrote three letters to the ministry</p></figure>",
        "<figure><div class=rating>Good</div><p>We wrote three letters to the ministry</p></figure>",
        "<figure><svg></svg><p>We wrote three letters to the ministry</p></figure>",
        "<figure><p><a href=/2>We wrote three letters to the ministry</a></p></figure>",
    ] {
        assert!(!amid(shown).contains("three letters"), "{shown}");
    }
}

#[test]
fn what_is_played_elsewhere_is_told_once() {
    let base = Url::parse("https://n.example/a").unwrap();
    let film = "https://www.youtube.com/watch?v=abc";
    let frame = "<iframe src='https://www.youtube.com/embed/abc?feature=oembed'></iframe>";
    for (html, expected) in [
        (
            format!("<div class=rll-youtube-player data-id=abc></div><noscript>{frame}</noscript>"),
            film,
        ),
        (
            format!("<iframe data-src='https://www.youtube.com/embed/abc'></iframe><noscript>{frame}</noscript>"),
            film,
        ),
        (format!("<div><noscript>{frame}</noscript></div>"), film),
        (
            r#"<div class=elementor-widget-video data-settings='{"youtube_url":"https://www.youtube.com/watch?v=abc"}'><div><div style='background:url(/1.jpg)'><span>Play Video</span></div></div></div>"#.to_owned(),
            film,
        ),
        (
            "<div><b>The film</b><noscript><a href='https://youtu.be/abc'><img src=/1.jpg></a></noscript></div>".to_owned(),
            "https://youtu.be/abc",
        ),
        (
            "<blockquote class=mastodon-embed data-embed-url='https://social.example/@river/1/embed'><a href='https://social.example/@river/1/'><div>View</div></a></blockquote>".to_owned(),
            "https://social.example/@river/1/",
        ),
        (
            "<div id=DV-viewer-1></div><noscript><a href='https://d.example/letter.pdf'>The letter</a></noscript>".to_owned(),
            "https://d.example/letter.pdf",
        ),
        (
            "<div class=kg-file-card><a href=https://n.example/letter.pdf><div>The letter</div><div>1 MB<svg><title>icon</title></svg></div></a></div>".to_owned(),
            "https://n.example/letter.pdf",
        ),
        (
            "<figure class=kg-bookmark-card><a href=https://d.example/report><div class=kg-bookmark-content><div>The report</div></div><div><img src=/thumb.jpg></div></a></figure>".to_owned(),
            "https://d.example/report",
        ),
    ] {
        let link = format!("href=\"{expected}\"");
        let page = amid(&html);
        assert_eq!(page.matches(&link).count(), 2, "{html}: {page}");
        assert!(!page.contains("icon") && !page.contains("thumb.jpg") && !page.contains("Play"), "{page}");
        let finished = format!("<p>{PROSE}</p>{html}<p>{PROSE}</p>");
        let finished = extract_finished(&finished, None, &base).unwrap().html;
        assert_eq!(finished.matches(&link).count(), 1, "{html}: {finished}");
    }
    let counter =
        "<noscript><iframe src='https://c.example/ns' height=0 width=0></iframe></noscript>";
    assert!(!amid(counter).contains("c.example"));
    let own = "<figure><a href=/2><div>Seven go on trial</div></a></figure>";
    assert!(!amid(own).contains("Seven"));
}

#[test]
fn what_is_marked_below_the_headline_introduces_the_text() {
    const TOLD: &str = "A night that the town will remember for long";
    let meta = "<meta property=og:type content=article>";
    for (head, stays) in [
        (
            "<header><h1>The court</h1><p class=subtitle>$</p></header>",
            true,
        ),
        ("<header><h1>The court</h1><h2>$</h2></header>", true),
        ("<h1>The court</h1><div class=deck>$</div>", true),
        (
            "<div class=hero><h1>The court</h1><h3 class=subtitle>$</h3></div>",
            true,
        ),
        (
            "<header><div><h1>The court</h1></div><div class=field--name-field-subtitle>$</div></header>",
            true,
        ),
        ("<header><h1>The court</h1><p>$</p></header>", false),
        (
            "<header><h1>The court</h1><p class=subtitle>20 November 2026, 10:00, in the old town</p></header>",
            false,
        ),
        (
            "<header><h1>The court</h1><p class=subtitle><a href=/2>$</a></p></header>",
            false,
        ),
        (
            "<header><h1>The court</h1><div class='lead newsletter'>$</div></header>",
            false,
        ),
    ] {
        let head = head.replace('$', TOLD);
        let page = |first: &str| {
            format!(
                "{meta}<title>The court</title><article>{head}<div class=entry-content>{first}<p>{PROSE}</p><p>Then {PROSE}</p><p>So {PROSE}</p></div></article>"
            )
        };
        let text = extracted(&page("")).unwrap().text;
        let expected = if stays {
            format!("{TOLD}\n{PROSE}\n")
        } else {
            format!("{PROSE}\n")
        };
        assert!(text.starts_with(&expected), "{head}: {text}");
        let twice = extracted(&page(&format!("<p>{TOLD}</p>"))).unwrap().text;
        assert_eq!(twice.matches(TOLD).count(), 1, "{head}: {twice}");
    }
}

#[test]
fn words_beside_a_picture_of_a_paragraph_are_text() {
    let meta = "<meta property=og:type content=article>";
    let page = format!(
        "{meta}<title>The court</title><article><p><a href=/1.jpg><img class=wp-image-1 src=/1.jpg></a>{PROSE}</p><p>{PROSE}</p></article>"
    );
    assert_eq!(extracted(&page).unwrap().text.lines().count(), 2);
}

#[test]
fn a_table_of_facts_keeps_its_caption() {
    let check = |caption: &str, expected: &str| {
        let table = format!("<table>{caption}<tr><th>Year<th>Ferries<tr><td>2025<td>7</table>");
        let meta = "<meta property=og:type content=article>";
        let page = format!(
            "{meta}<title>The court</title><article><p>{PROSE}</p>{table}<p>{PROSE}</p></article>"
        );
        let article = extracted(&page).unwrap();
        let rows = "<tr><th>Year</th><th>Ferries</th></tr><tr><td>2025</td><td>7</td></tr>";
        let found = format!("<table>{expected}{rows}</table>");
        assert!(article.html.contains(&found), "{}", article.html);
        assert!(!article.text.contains("crossings"));
    };
    check("", "");
    check("<caption> </caption>", "");
    check(
        "<caption>River <b>crossings</b>, <a href=/s>official</a></caption>",
        "<caption>River <strong>crossings</strong>, <a href=\"https://n.example/s\">official</a></caption>",
    );
}

#[test]
fn all_words_stay_in_the_cell_of_a_table_in_which_they_stand() {
    let cells = [
        (
            "<ul><li><a href=/ivan>Ivan Petrov</a><li><a href=/anna>Anna Ivanova</a></ul>",
            "<td><ul><li><a href=\"https://n.example/ivan\">Ivan Petrov</a></li><li><a href=\"https://n.example/anna\">Anna Ivanova</a></li></ul>\n</td>",
        ),
        (
            "Two: <ol><li>Ivan<li>Anna</ol>",
            "<td><p>Two:</p>\n<ol><li>Ivan</li><li>Anna</li></ol>\n</td>",
        ),
        (
            "<blockquote>Let them go</blockquote>",
            "<td><blockquote><p>Let them go</p>\n</blockquote>\n</td>",
        ),
        ("<pre>17\n18</pre>", "<td><pre>17\n18</pre>\n</td>"),
        (
            "<iframe src=/watch></iframe>",
            "<td><p>▶ <a href=\"https://n.example/watch\">n.example</a></p>\n</td>",
        ),
        ("<p>Ivan<p>Anna", "<td>Ivan<br>Anna</td>"),
        (
            "<div><a href=/ivan>Ivan</a> <a href=/anna>Anna</a></div>",
            "<td><a href=\"https://n.example/ivan\">Ivan</a> <a href=\"https://n.example/anna\">Anna</a></td>",
        ),
    ];
    let base = Url::parse("https://n.example/a").unwrap();
    for (cell, expected) in cells {
        let table = format!("<table><tr><th>Town<th>Detained<tr><td>Minsk<td>{cell}</table>");
        let told = format!("<p>{PROSE}</p>{table}<p>{PROSE}</p>");
        let meta = "<meta property=og:type content=article><title>The court</title>";
        let read = extracted(&format!("{meta}<article>{told}</article>")).unwrap();
        let finished = extract_finished(&told, None, &base).unwrap();
        let expected = format!("<tr><td>Minsk</td>{expected}</tr></table>");
        for article in [read, finished] {
            assert!(article.html.contains(&expected), "{}", article.html);
        }
    }
    let caption = "<caption>Detained:<ul><li>Ivan<li>Anna</ul></caption>";
    let table = format!("<table>{caption}<tr><th>A<th>B<tr><td>1<td>2</table>");
    let finished = extract_finished(&table, None, &base).unwrap();
    let expected = "<table><caption>Detained:<br>Ivan<br>Anna</caption><tr>";
    assert!(finished.html.contains(expected), "{}", finished.html);
}

#[test]
fn a_picture_stands_in_its_cell_of_a_table() {
    let table = "<table><tr><th>Party<th>Votes<tr><td><img src=/one.png alt=One> First<td>7<tr><td>Second<td>8</table>";
    let base = Url::parse("https://n.example/a").unwrap();
    let html = format!("<p>{PROSE}</p>{table}<p>{PROSE}</p>");
    let article = extract_finished(&html, None, &base).unwrap();
    let cell = "<td><figure><img src=\"https://n.example/one.png\" alt=\"One\"></figure>\n<p>First</p>\n</td><td>7</td>";
    assert!(article.html.contains(cell), "{}", article.html);
    assert_eq!(article.pictures.len(), 1);
}

#[test]
fn another_article_in_a_box_is_no_text() {
    let meta = "<meta property=og:type content=article>";
    let card = "<section><article><h4><a href=/2>Seven go on trial for shouting</a></h4><span>by Olga</span></article></section>";
    let page = format!(
        "{meta}<title>The court</title><article><p>{PROSE}</p>{card}<p>{PROSE}</p></article>"
    );
    assert_eq!(
        extracted(&page).unwrap().text,
        format!("{PROSE}\n{PROSE}\n")
    );
}

#[test]
fn the_picture_of_another_article_goes_with_its_card() {
    let title = "The court let the owner of the house go home";
    for card in [
        "<div><a href=/2><img src=/x.jpg></a><div><span>Read also</span><a href=/2>$</a></div></div>",
        "<div><div><img src=/x.jpg></div><div><p>READ ALSO</p><p><a href=/2>$</a></p></div></div>",
        "<a href=/2><img src=/x.jpg><span>Read also</span><span>$</span></a>",
        "<p><a href=/2><img src=/x.jpg></a></p><p><a href=/2>$</a></p>",
        "<p><a href=/2><img src=/x.jpg></a></p><p>Read also: <a href=/2>$</a></p>",
        "<p><img src=/x.jpg><br>Read also: <a href=/2>$</a></p>",
        "<figure><a href=/2><img src=/x.jpg>$</a></figure>",
        "<blockquote><a href=/2><img src=/x.jpg></a><p>Read also: <a href=/2>$</a></p></blockquote>",
    ] {
        let html = amid(&card.replace('$', title));
        for word in ["x.jpg", "owner", "also"] {
            assert!(!html.to_lowercase().contains(word), "{card}: {html}");
        }
    }
    for own in [
        "<p><a href=/x.jpg><img src=/x.jpg></a></p>",
        "<p><a href=/2><img src=/x.jpg></a></p>",
        "<p><a href=/a/1.html/photo><img src=/x.jpg></a></p><p><a href=/a/1.html/photo>$</a></p>",
        "<p><a href=https://other.example/2><img src=/x.jpg></a></p><p><a href=https://other.example/2>$</a></p>",
        "<figure><a href=/2><img src=/x.jpg><figcaption>$</figcaption></a></figure>",
        "<a href=/2><img src=/x.jpg><span class=caption>$</span></a>",
        "<div><img src=/x.jpg><p>Photo: <a href=/olga>Olga Carter</a></p></div>",
    ] {
        let html = amid(&own.replace('$', title));
        assert!(html.contains("x.jpg"), "{own}: {html}");
    }
}

#[test]
fn what_only_points_to_other_articles_goes_with_them() {
    let link = "<a href=/2>The court let the owner of the house go home</a>";
    let list = format!("<ul><li>{link}<li>{link}</ul>");
    for label in [
        "Read also:",
        "See also",
        "Читайте также:",
        "Чытайце таксама:",
        "Читайте також:",
        "همچنین بخوانید:",
        "İlgili haber:",
        "İLGİLİ HABERLER",
        "اقرأ أيضا:",
        "相关阅读：",
    ] {
        for pointer in [
            format!("<p><strong>{label}</strong></p>{list}"),
            format!("<h3>{label}</h3>{list}"),
            format!("<div>{label}</div><p>{link}</p><p>{link}</p>"),
            format!("<p>{label} <a href=/2>Bridges</a></p>"),
            format!("<blockquote><p><strong>{label}</strong><br>{link}</p></blockquote>"),
            format!("<blockquote><p>{label}</p><p>{link}</p></blockquote>"),
            format!("<details><summary>{label}</summary><p>{link}</p></details>"),
            format!("<p>{label}</p><div class=related>{link}</div>"),
        ] {
            let html = amid(&pointer);
            assert_eq!(
                html.matches("<p>").count() * 2,
                html.matches('<').count(),
                "{pointer}: {html}"
            );
        }
    }
    for (told, word) in [
        (
            "<p>Read also:</p><ul><li><a href=https://other.example/>A book</a></ul>",
            "Read also:",
        ),
        (
            "<p>Read more about the strike <a href=/2>here</a>.</p>",
            "about the strike",
        ),
        (
            "<p>Read what they wrote:</p><p>We will not go home tonight.</p>",
            "Read what",
        ),
        (
            "<blockquote><p>We wrote to <a href=/2>the ministry of the houses</a> and to all others.</p></blockquote>",
            "We wrote",
        ),
        (
            "<blockquote><p><a href=https://other.example/>We wrote three letters</a></p></blockquote>",
            "We wrote",
        ),
    ] {
        assert!(amid(told).contains(word), "{told}");
    }
    let base = Url::parse("https://n.example/a").unwrap();
    let finished = extract_finished(&format!("<p>Read also:</p>{list}"), None, &base).unwrap();
    assert!(finished.html.contains("Read also:") && finished.html.contains("<li>"));
}

#[test]
fn an_article_that_is_shown_in_another_is_linked_once() {
    let frame = "<iframe class=wp-embedded-content src=https://$/2/embed/#?secret=a title='The court let him go'></iframe>";
    let link = "<blockquote class=wp-embedded-content><a href=https://$/2/>The court let him go</a></blockquote>";
    let shown = format!("<figure class=wp-block-embed><div>{link}{frame}</div></figure>");
    let base = Url::parse("https://n.example/a").unwrap();
    let finished = |html: &str| {
        let html = format!("<p>{PROSE}</p>{html}").replace('$', "n.example");
        extract_finished(&html, None, &base).unwrap().html
    };
    let both = finished(&shown);
    assert_eq!(
        both.matches("href=\"https://n.example/2/\"").count(),
        1,
        "{both}"
    );
    assert!(!both.contains("embed/"), "{both}");
    let bare = finished(frame);
    assert!(bare.contains("href=\"https://n.example/2/\""), "{bare}");
    assert!(!amid(&shown.replace('$', "n.example")).contains("let him go"));
    assert!(
        amid(&shown.replace('$', "other.example")).contains("href=\"https://other.example/2/\"")
    );
}

#[test]
fn the_section_is_named_by_the_article_or_by_the_trail_to_it() {
    let trail = r#"{"@type":"BreadcrumbList","itemListElement":[{"name":"Home"},{"item":{"name":"Politics"}},{"name":"The court"}]}"#;
    let article = r#"{"@type":"NewsArticle","headline":"The court","articleSection":["Law","X"]}"#;
    for (json, meta, expected) in [
        (article, "", Some("Law")),
        (&*format!("[{article},{trail}]"), "", Some("Law")),
        (trail, "", Some("Politics")),
        (
            "{}",
            "<meta property=article:section content=Courts>",
            Some("Courts"),
        ),
        ("{}", "", None),
    ] {
        let page = format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script>{meta}<article><h1>The court</h1><p>{PROSE}</p><p>{PROSE}</p></article>"
        );
        let article = extracted(&page).unwrap();
        assert_eq!(article.section.as_deref(), expected, "{json}");
    }
}

#[test]
fn a_short_text_is_an_article_where_nothing_else_is_on_the_page() {
    assert_eq!(
        extracted("<ol><li><p>Only this.</p></li></ol>")
            .unwrap()
            .text,
        "Only this.\n"
    );
    for (page, why) in [
        (
            "<script>check()</script><p>Wait before you go on.</p>",
            NoArticle::NoText,
        ),
        (
            "<p>Checking your browser before you go on.</p>",
            NoArticle::Wall,
        ),
        ("<form action=/><p>Only this.</p></form>", NoArticle::NoText),
        (
            "<a href=/1>Only</a> <a href=/2>this.</a>",
            NoArticle::NoText,
        ),
    ] {
        assert_eq!(extracted(page).err(), Some(why), "{page}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, tags in "(<(p|div|a href=x|img src=y|ul|li|table|td|br|h1|figure|/p|/div|/a|/ul)>[a-z ]{0,9}){0,60}") {
        let url = Url::parse("https://n.example/a").unwrap();
        let _ = extract_page(&bytes, &url);
        let _ = extract_finished(&tags, None, &url);
        let _ = extract_summary(&tags, None, &url);
        let _ = extract_page(tags.as_bytes(), &url);
    }
}

#[test]
fn no_mans_photo_stands_above_anothers_name() {
    let figure = |src: &str, caption: &str| {
        format!("<figure><img src=/{src}/photo.jpg><figcaption>{caption}</figcaption></figure>")
    };
    let two =
        figure("ivanov", "Ivan Ivanov in the court") + &figure("petrov", "Pyotr Petrov at home");
    let html = amid(&two);
    let [ivanov, petrov] = ["ivanov/photo", "petrov/photo"].map(|src| html.find(src).unwrap());
    let [his, others] = ["Ivan Ivanov", "Pyotr Petrov"].map(|name| html.find(name).unwrap());
    assert!(ivanov < his && his < petrov && petrov < others, "{html}");
    let bare = "<figure><img src=/ivanov/photo.jpg></figure>";
    let html = amid(&(bare.to_owned() + &figure("petrov", "Pyotr Petrov at home")));
    assert!(html.contains("petrov/photo"), "{html}");
}
