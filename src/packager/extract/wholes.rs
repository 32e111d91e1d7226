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

/// An article in so many paragraphs, below its headline.
fn article(title: &str, line: &str, count: usize) -> String {
    let lines: String = (0..count)
        .map(|at| format!("<p>{at}: {line}</p>"))
        .collect();
    format!("<article><h1>{title}</h1>{lines}</article>")
}

#[test]
fn the_article_under_the_title_is_meant_though_others_on_the_page_are_longer() {
    let own = article("The court", PROSE, 9);
    let other = article("The river", &OTHER.repeat(4), 12);
    let text = text_of(&format!("{HEAD}<main>{own}{other}</main>"));
    assert!(
        text.contains("8: Several") && !text.contains("ferries"),
        "{text}"
    );
    let notices = format!("<div class=slide><p>{OTHER}{OTHER}</p></div>").repeat(20);
    let own = own.replace("<h1>The court</h1>", "");
    let text = text_of(&format!(
        "{HEAD}<div class=cover><h1>The court</h1></div><div>{own}</div><div class=slides>{notices}</div>"
    ));
    assert!(
        text.contains("8: Several") && !text.contains("ferries"),
        "{text}"
    );
}

#[test]
fn a_summary_in_an_article_is_not_taken_for_the_text_outside() {
    let summary = article("The court", PROSE, 2);
    let text = format!("<p>{OTHER}{OTHER}</p>").repeat(12);
    let text = text_of(&format!(
        "{HEAD}<main>{summary}<div class=text>{text}</div></main>"
    ));
    assert!(text.contains("ferries"), "{text}");
}

#[test]
fn what_an_article_is_filed_under_does_not_name_its_text() {
    let lines = format!("<p>{PROSE} {PROSE}</p>").repeat(6);
    for word in [
        "cookies",
        "comments",
        "related",
        "newsletter",
        "social",
        "ad",
    ] {
        let text = text_of(&format!(
            "{HEAD}<h1>The court</h1><div id=content><div class='post hentry category-{word} tag-{word}'>{lines}</div>\
             <aside><p>{OTHER}{OTHER}</p></aside></div><footer><p>{OTHER}{OTHER}</p></footer>"
        ));
        assert!(
            text.matches("carrying flowers").count() == 12,
            "{word}: {text}"
        );
    }
}

#[test]
fn a_name_on_the_text_itself_tells_nothing() {
    let lines: String = (0..6)
        .map(|at| format!("<p>{at}: {PROSE} {PROSE}</p>"))
        .collect();
    let around = format!("<div class=notes><p>{}</p></div>", OTHER.repeat(12));
    for frame in [
        "<div><div class='relatedstory related paywall' itemprop='x articleBody'>$</div></div>",
        "<article><section class='js-truncate-related-to-my-size'>$</section></article>",
        "<div class=above-footer><h1>The court</h1><div>$</div></div>",
    ] {
        let frame = frame.replace('$', &lines);
        let text = text_of(&format!("{HEAD}{frame}{around}"));
        assert!(text.contains("carrying flowers"), "{frame}: {text}");
    }
    let section = |number: usize| {
        format!(
            "<section id=Part-{number} class='part part--ads'><h2>{number}</h2><div><p>{number}: {PROSE} {PROSE}</p></div></section>"
        )
    };
    let sections: String = (1..8).map(section).collect();
    let text = text_of(&format!(
        "{HEAD}<article><h1>The court</h1>{sections}</article>"
    ));
    assert!(
        text.contains("1: Several") && text.contains("7: Several"),
        "{text}"
    );
}

#[test]
fn a_teaser_that_leads_nowhere_is_the_standfirst() {
    let lines = format!("<p>{PROSE} {PROSE}</p>").repeat(4);
    let said =
        "The court has sentenced nine people since the spring, of whom two are sixteen years old.";
    let page = |meta: &str, teaser: &str| {
        text_of(&format!(
            "{HEAD}{meta}<main><h1>The court</h1>{teaser}<div class=text>{lines}</div></main>"
        ))
    };
    let meta = format!(
        "<meta property=og:description content='All about the court'><meta name=description content='{said}'>"
    );
    let teaser =
        format!("<div class=head><div class='teaser-text news__teaser'><p>{said}</p></div></div>");
    assert!(page(&meta, &teaser).contains(said));
    // Its first words are those of another article.
    let other = format!(
        "<div class=head><div class=teaser><a href=/2><h3>Nine people</h3></a><p>{said}</p></div></div>"
    );
    assert!(!page("", &other).contains(said));
    let within = format!("<div class=teaser-text><p>{said}</p></div>");
    let lines = format!("<article><h1>The court</h1>{within}{lines}</article>");
    assert!(text_of(&format!("{HEAD}{lines}")).contains(said));
}
