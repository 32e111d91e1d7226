//! What stands on many pages of a newsroom is left out of them.

use super::*;

#[tokio::test]
async fn what_comes_to_stand_on_many_pages_is_left_out_of_those_that_did_not_change() {
    let pages = Pages(tempfile::tempdir().unwrap());
    let appeal = "Write to our editors at any time.";
    let lay = |name: &str| {
        let prose = format!("In the {name}{name}{name} street several hundred people met. ");
        let prose = prose.repeat(4);
        pages.lay(
            &format!("{name}.html"),
            &page(name, &format!("<p>{prose}</p><p>{appeal}</p>")).replace(SENTENCES, &prose),
        );
    };
    let (folder, cache) = cache();
    let web = Web::default();
    let saying = |gathered: &Gathered| {
        let bodies = lines(gathered)
            .into_iter()
            .map(|line| line.story.unwrap().body);
        bodies.filter(|body| body.contains(appeal)).count()
    };
    ["a", "b"].into_iter().for_each(lay);
    let first = gathered_with(&web, &pages.source(), &cache).await;
    assert_eq!((first.articles.len(), saying(&first)), (2, 2));
    ["c", "d", "e", "f"].into_iter().for_each(lay);
    for read in [4, 0] {
        let again = Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
        let gathered = gathered_with(&web, &pages.source(), &again).await;
        assert_eq!((gathered.articles.len(), saying(&gathered)), (6, 0));
        assert_eq!(gathered.repeated[0].pages, 6);
        assert_eq!(again.work().pages, read);
    }
}

#[tokio::test]
async fn what_stands_on_every_page_of_a_newsroom_is_left_out_and_none_is_read_anew_for_it() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let told = |name: &str, appeal: &str| {
        let prose =
            format!("In the {name}{name}{name} street several hundred people met. ").repeat(4);
        let title = format!("The street {name}");
        format!(
            "<title>{title}</title><meta property='article:published_time' content='2026-11-20'>\
             <article><h1>{title}</h1><p>{prose}</p><p>{appeal}</p><p>At last: {prose}</p></article>"
        )
    };
    let web = |last: &str| {
        let web = Web::default().with("https://n.example/feed", "text/xml", feed(&names.map(item)));
        names.iter().fold(web, |web, name| {
            let appeal = if *name == "g" {
                last
            } else {
                "Write to our editors at any time."
            };
            web.with(
                &format!("https://n.example/{name}"),
                "text/html",
                told(name, appeal),
            )
        })
    };
    let bodies = |gathered: &Gathered| -> Vec<String> {
        let lines = lines(gathered).into_iter();
        lines.map(|line| line.story.unwrap().body).collect()
    };
    let (folder, cache) = cache();
    let first = bodies(&gathered_with(&web("Nobody knows why."), &feed_source(), &cache).await);
    assert_eq!(first.len(), 7);
    assert!(first.iter().all(|body| !body.contains("our editors")));
    assert!(first.iter().all(|body| body.contains("At last")));
    assert!(first.iter().any(|body| body.contains("Nobody knows why")));

    let again = Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
    let second = bodies(&gathered_with(&web("Somebody does."), &feed_source(), &again).await);
    assert_eq!(again.work().pages, 1);
    let unlike = first.iter().filter(|body| !second.contains(body));
    assert_eq!(unlike.count(), 1);
}

/// Sixteen articles of which each says this besides, as a source says them.
fn saying(same: &str, said: impl Fn(&str, &str) -> String) -> Vec<String> {
    let prose = |number: usize| {
        let name = "x".repeat(number + 1);
        format!("In the {name} street several hundred people met on Monday. ").repeat(6)
    };
    let body = |number| format!("<p>{}</p><p>{same}</p><p>At last: {0}</p>", prose(number));
    (0..16)
        .map(|number| said(&number.to_string(), &body(number)))
        .collect()
}

const CASE: &str = "Anna Ivanova was sentenced to nine years in prison in 2023 for a letter.";

#[tokio::test]
async fn what_was_told_finished_keeps_what_it_says_on_every_page() {
    let items = saying(CASE, |name, body| {
        format!(
            "<item><title>T {name}</title><link>https://n.example/{name}</link>\
             <content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'><![CDATA[{body}]]></content:encoded></item>"
        )
    });
    let web = Web::default().with("https://n.example/feed", "text/xml", feed(&items));
    let gathered = gathered(&web, &feed_source()).await;
    let bodies = lines(&gathered)
        .into_iter()
        .map(|line| line.story.unwrap().body);
    assert_eq!(bodies.filter(|body| body.contains(CASE)).count(), 16);
    assert!(gathered.repeated.is_empty());
}

#[tokio::test]
async fn what_is_left_out_of_pages_is_told_once() {
    let pages = saying(CASE, |name, body| {
        format!(
            "<title>T {name}</title><meta property='article:published_time' content='2026-11-20'><article><h1>T {name}</h1>{body}</article>"
        )
    });
    let names: Vec<String> = (0..16).map(|name| item(&name.to_string())).collect();
    let web = Web::default().with("https://n.example/feed", "text/xml", feed(&names));
    let web = pages
        .into_iter()
        .enumerate()
        .fold(web, |web, (name, page)| {
            web.with(&format!("https://n.example/{name}"), "text/html", page)
        });
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 16);
    let [told] = &gathered.repeated[..] else {
        panic!("{:?}", gathered.repeated);
    };
    assert!(
        CASE.starts_with(told.what.trim_end_matches('…')),
        "{told:?}"
    );
    assert_eq!(told.pages, 16);
}

#[tokio::test]
async fn no_source_has_anything_left_out_of_what_another_one_offers() {
    let page = |name: &str, body: &str| {
        format!(
            "<title>T {name}</title><meta property='article:published_time' content='2026-11-20'>\
             <link rel=canonical href='https://n.example/x/{name}'><article><h1>T {name}</h1>{body}</article>"
        )
    };
    let liars = saying(CASE, page);
    let links: Vec<String> = (0..16)
        .map(|name| {
            format!("<item><title>T {name}</title><link>https://n.example/l{name}</link></item>")
        })
        .collect();
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
        .with(
            "https://n.example/a",
            "text/html",
            page(
                "a",
                &format!("<p>{SENTENCES}</p><p>{CASE}</p><p>{SENTENCES}</p>"),
            ),
        )
        .with("https://liar.example/feed", "text/xml", feed(&links));
    let web = liars
        .into_iter()
        .enumerate()
        .fold(web, |web, (name, page)| {
            web.with(&format!("https://n.example/l{name}"), "text/html", page)
        });
    let liar = Source::Feed(Url::parse("https://liar.example/feed").unwrap());
    let [own] = feed_source();
    let gathered = gathered(&web, &[own, liar]).await;
    assert_eq!(gathered.articles.len(), 17, "{:?}", gathered.skipped);
    assert!(article(&gathered, "T a").1.body.contains(CASE));
}
