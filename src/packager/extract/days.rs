//! Which of the days that stand on a page is that of its article, and which it tells of.

use super::tests::PROSE;
use super::*;

fn read(head: &str, text: &str) -> Extracted {
    let page = format!(
        "<title>The court</title>{head}<main><article><h1>The court</h1>{text}</article></main>"
    );
    let url = Url::parse("https://n.example/a/1.html").unwrap();
    extract_page(page.as_bytes(), &url).unwrap()
}

fn day(moment: Option<Moment>) -> Option<String> {
    moment.map(|day| day.to_string().chars().take(10).collect())
}

const ARTICLE: &str =
    "<meta property='article:published_time' content='2026-11-20T06:10:00+03:00'>";

#[test]
fn a_day_of_which_a_text_tells_is_not_its_own() {
    for told in [
        "<div class=tweet><p>The bridge is closed</p><time datetime=2019-03-01T10:00:00Z>1 March 2019</time></div>",
        "<blockquote><p>The bridge is closed.</p><time datetime=2019-03-01>1 March 2019</time></blockquote>",
        "<p>They said more. <ins datetime=2024-01-05>added</ins></p>",
        "<p>The hearing is on <time datetime=2026-12-05T10:00+03:00>5 December</time>, the court says, and everybody may come.</p>",
        "<ul><li>The first hearing <time datetime=2025-12-05>5 December</time></li><li>The second one</li></ul>",
    ] {
        let text = format!("<p>{PROSE}</p><p>{PROSE}</p>{told}<p>{PROSE}</p>");
        let shown = format!("<p class=meta>20 November 2026</p>{text}");
        assert_eq!(
            day(read("", &shown).published).as_deref(),
            Some("2026-11-20"),
            "{told}"
        );
        assert_eq!(day(read("", &text).published), None, "{told}");
    }
}

#[test]
fn a_day_below_the_headline_goes_before_one_that_is_marked_behind_the_text() {
    let marked = format!(
        "<p>{PROSE}</p><p>{PROSE}</p><div><time datetime=2026-11-23>23 November 2026</time></div>"
    );
    let shown = read("", &format!("<p>20 November 2026</p>{marked}"));
    assert_eq!(day(shown.published).as_deref(), Some("2026-11-20"));
    assert!(!shown.text.contains("20 November"), "{}", shown.text);
    let alone = read("", &marked);
    assert_eq!(day(alone.published).as_deref(), Some("2026-11-23"));
}

#[test]
fn the_days_of_a_timeline_stay() {
    let event = |date: &str, text: &str| {
        format!("<div class=event><div class=date>{date}</div><div><p>{text}</p></div></div>")
    };
    let short = "The workers wrote their letter.";
    let amid = format!(
        "<p>{PROSE}</p>{}{}<p>{PROSE}</p>",
        event("3 March 2026", short),
        event("9 April 2026", short)
    );
    let text = read(ARTICLE, &amid).text;
    for date in ["3 March 2026", "9 April 2026"] {
        assert!(text.contains(date), "{text}");
    }
    let days = [
        "3 March 2026",
        "4 March 2026",
        "5 March 2026",
        "6 March 2026",
    ];
    let all: String = days.iter().map(|date| event(date, PROSE)).collect();
    let text = read(ARTICLE, &all).text;
    for date in days {
        assert!(text.contains(date), "{date}: {text}");
    }
    let own = format!("<div>20 November 2026</div><p>{PROSE}</p>{all}");
    assert!(!read(ARTICLE, &own).text.contains("20 November"));
}

#[test]
fn facts_about_an_article_are_no_text_and_tell_when_it_changed() {
    let facts = |published: &str, hits: u32| {
        format!(
            "<dl class='article-info text-muted'><dt class=article-info-term>Details</dt>\
             <dd class=createdby itemprop=author itemscope><span></span> Written by: <span itemprop=name>Olga Carter</span></dd>\
             <dd class=category-name>Category: <a href=/region>Region</a></dd>{published}<dd class=hits>Hits: {hits}</dd></dl>\
             <div itemprop=articleBody><p>{PROSE}</p><p>{PROSE}</p></div>"
        )
    };
    let marked = "<dd class=published><time datetime=2026-11-20T09:10:00+03:00 itemprop=datePublished>Published: 20 November 2026</time></dd>\
        <dd class=modified><time datetime=2026-11-21T09:10:00+03:00 itemprop=dateModified>Last Updated</time></dd>";
    let one = read("", &facts(marked, 103));
    assert_eq!(day(one.published).as_deref(), Some("2026-11-20"));
    assert_eq!(day(one.modified).as_deref(), Some("2026-11-21"));
    assert_eq!(one.byline.as_deref(), Some("Olga Carter"));
    for said in [
        "Details",
        "Written",
        "Category",
        "Published",
        "Updated",
        "Hits",
    ] {
        assert!(!one.text.contains(said), "{}", one.text);
    }
    assert_eq!(one.html, read("", &facts(marked, 104)).html);
    let unmarked = read(
        "",
        &facts("<dd class=create>Created on 20 November 2026</dd>", 103),
    );
    assert_eq!(day(unmarked.published).as_deref(), Some("2026-11-20"));
    assert!(!unmarked.text.contains("Hits"), "{}", unmarked.text);
}

#[test]
fn facts_that_an_article_lists_stay() {
    let list = "<dl><dt>Age</dt><dd>34</dd><dt>Detained</dt><dd>3 March 2026</dd></dl>";
    let text = read(ARTICLE, &format!("<p>{PROSE}</p>{list}<p>{PROSE}</p>")).text;
    assert!(text.contains("3 March 2026"), "{text}");
}
