//! Whole pages of which a part was lost, or another text taken for the article.

use super::*;

#[track_caller]
fn text_of(page: &str) -> String {
    let url = Url::parse("https://n.example/a/1.html").unwrap();
    extract_page(page.as_bytes(), &url).unwrap().text
}

const HEAD: &str =
    "<meta property='article:published_time' content=2026-11-20><title>The court</title>";

const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before.";

const OTHER: &str = "The river rose again, and the ferries stayed at their piers until the wind had turned to the south. ";

#[test]
fn a_list_or_quotation_at_the_end_that_the_metadata_tells_stays() {
    let page = |end: &str, told: &str| {
        let told = format!("{PROSE} Then {PROSE} At last {PROSE} What they demand {told}");
        let json = serde_json::json!({"@type": "NewsArticle", "headline": "The court", "articleBody": told});
        text_of(&format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script><article><h1>The court</h1><p>{PROSE}</p>\
             <p>Then {PROSE}</p><p>At last {PROSE}</p><h2>What they demand</h2>{end}<p>Write to us about this text, we are glad.</p></article>"
        ))
    };
    let told = "Free elections by the end of the year. Nobody in prison for what he wrote.";
    for end in [
        "<ul><li>Free elections by the end of the year.</li><li>Nobody in prison for what he wrote.</li></ul>",
        "<blockquote><p>Free elections by the end of the year.</p><p>Nobody in prison for what he wrote.</p></blockquote>",
        "<table><tr><td>Free elections<td>by the end of the year.<tr><td>Nobody in prison<td>for what he wrote.</table>",
    ] {
        let text = page(end, told);
        assert!(text.contains("Nobody in prison"), "{end}: {text}");
        assert!(!text.contains("Write to us"), "{end}: {text}");
    }
}

#[test]
fn scraps_on_a_page_give_way_to_the_text_that_its_metadata_tells() {
    let told = format!("{PROSE} {PROSE} {PROSE}").repeat(5);
    let json =
        serde_json::json!({"@type": "NewsArticle", "headline": "The court", "articleBody": told});
    let page = |shown: &str| {
        text_of(&format!(
            "<title>The court</title><script type='application/ld+json'>{json}</script><h1>The court</h1><div><p>{shown}</p></div>"
        ))
    };
    let scraps = OTHER.repeat(4);
    assert!(page(&scraps).contains("carrying flowers"));
    // Part of it, or much of another: the page is to be believed.
    assert!(!page(&OTHER.repeat(20)).contains("carrying flowers"));
}

#[test]
fn a_short_article_with_a_picture_in_it_is_no_caption() {
    for mark in ["", "itemprop=articleBody"] {
        let text = text_of(&format!(
            "{HEAD}<h1>The court</h1><div class=story><div class=media-text {mark}><img src=/1.jpg><p>{PROSE}</p></div></div>"
        ));
        assert!(text.contains("carrying flowers"), "{mark}: {text}");
    }
}

#[test]
fn a_text_for_browsers_without_scripts_is_the_text() {
    let page = |rest: &str| {
        format!(
            "{HEAD}<div id=main><h1>The court</h1><div class=post><noscript><p>{PROSE}</p><p>Then {PROSE}</p><p>At last {PROSE}</p></noscript></div>{rest}</div>"
        )
    };
    let text = text_of(&page(
        "<p>We use a script to show this text to you, wait.</p>",
    ));
    assert!(text.contains("At last"), "{text}");
    let more = format!("<div>{}</div>", format!("<p>{OTHER}{OTHER}</p>").repeat(5));
    let text = text_of(&page(&more));
    assert!(
        !text.contains("At last") && text.contains("ferries"),
        "{text}"
    );
}
