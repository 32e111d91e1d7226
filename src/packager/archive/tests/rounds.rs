//! What becomes of articles while their sources are read again and again.

mod dates;

use super::super::super::cache::tests::kept_cache;
use super::super::super::fetching::tests::Web;
use super::super::super::{Background, Getter, Options, Source, gather};
use super::*;

const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before. \
    Rights groups consider the defendants to be political prisoners and ask for their release.";

fn feed(items: &str) -> String {
    format!("<rss version='2.0'><channel>{items}</channel></rss>")
}

pub(super) fn page(body: &str) -> String {
    format!("<html><title>T</title><article><h1>T</h1>{body}<p>{SENTENCES}<p>{SENTENCES}</article>")
}

async fn gathered(web: &Web, archive: &Archive, now: &str) -> Gathered {
    gathered_of(&["https://n.example/feed"], web, archive, now).await
}

async fn gathered_of(feeds: &[&str], web: &Web, archive: &Archive, now: &str) -> Gathered {
    let feeds = feeds
        .iter()
        .map(|feed| Source::Feed(Url::parse(feed).unwrap()));
    gathered_from(&feeds.collect::<Vec<_>>(), web, archive, now).await
}

async fn gathered_from(sources: &[Source], web: &Web, archive: &Archive, now: &str) -> Gathered {
    gathered_but(&[], sources, web, archive, now).await
}

pub(super) async fn gathered_but(
    withdrawn: &[Withdrawn],
    sources: &[Source],
    web: &Web,
    archive: &Archive,
    now: &str,
) -> Gathered {
    let newsroom = Newsroom {
        id: id(),
        name: "News".into(),
        tagline: String::new(),
        language: Language::parse("fa").unwrap(),
        logo: None,
    };
    let cache = kept_cache();
    let background = Background {
        newsroom: &newsroom,
        archive,
        rules: &Default::default(),
        cache: &cache,
        drawer: &drawer(),
        previous: None,
        now: now.parse().unwrap(),
    };
    let getter = Getter::new(web, std::iter::empty());
    let options = Options {
        withdrawn: withdrawn.to_vec(),
        ..Options::default()
    };
    gather(&getter, sources, background, &options, &mut |_| {}).await
}

const ITEM_A: &str = "<item><title>A</title><link>https://n.example/a</link>\
    <description>Only a summary of what happened to people in the streets.</description></item>";
const ITEM_B: &str = "<item><title>B</title><link>https://n.example/b</link></item>";

#[tokio::test]
async fn an_article_without_a_date_stays_where_it_was_first_seen() {
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", page(""));
    let mut archive = empty();
    let first = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
    let first = stocked(&mut archive, first, &[]);
    let later = gathered(&web, &archive, "2026-12-24T12:00:00Z").await;
    let later = stocked(&mut archive, later, &[]);
    assert_eq!(first.articles.len(), 1);
    assert_eq!(pages(&articles(&first)), pages(&articles(&later)));
}

/// The one article of a feed whose site lies at `host`, after it lay at `https://n.example`.
async fn found_again(host: &str) {
    let dated = page("").replace(
        "<title>",
        "<meta property='article:published_time' content='2026-11-20T10:00:00Z'><title>",
    );
    let item = |link: &str| feed(&ITEM_A.replace("https://n.example/a", link));
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", dated.clone());
    let mut archive = empty();
    let now = "2026-11-23T12:00:00Z";
    let first = gathered(&web, &archive, now).await;
    let first = stocked(&mut archive, first, &[]);
    let link = format!("{host}/a");
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", item(&link))
        .with(&link, "text/html", dated);
    for _ in 0..2 {
        let again = gathered(&web, &archive, now).await;
        assert_eq!(again.articles.len(), 1, "{host}");
        let again = stocked(&mut archive, again, &[]);
        assert_eq!(again.articles.len(), 1, "{host}");
        assert_eq!(again.articles[0].path, first.articles[0].path);
    }
    // It can be withdrawn by its old and its new address, also once the feed has forgotten it.
    for address in ["https://n.example/a", &link] {
        let mut archive = reread(&archive);
        let withdrawn = [Withdrawn::parse(address).unwrap()];
        for _ in 0..2 {
            let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
            assert_eq!((stock.articles.len(), stock.unknown), (0, Vec::new()));
        }
    }
}

#[tokio::test]
async fn an_article_whose_address_changes_is_not_shown_twice() {
    found_again("http://n.example").await;
    found_again("https://www.n.example").await;
    found_again("https://not-yet-blocked.example").await;
}

#[tokio::test]
async fn an_article_with_the_headline_and_the_moment_of_another_does_not_take_its_place() {
    let brief = |number: usize, says: &str| {
        let link = format!("https://n.example/brief-{number}");
        whole(&link, "News in brief", says)
    };
    let (first, second) = (
        brief(1, "The ferry stood for a week."),
        brief(2, "The orchard was cut down in one night."),
    );
    let mut archive = empty();
    next(&mut archive, &[OWN], &[&first], &[]).await;
    for items in [&[&*second][..], &[&*second, &*first]] {
        let (stock, stale) = next(&mut archive, &[OWN], items, &[]).await;
        assert_eq!(stock.articles.len(), 2);
        assert!(text_of(&stock, "/brief-1-").contains("ferry"));
        assert!(text_of(&stock, "/brief-2-").contains("orchard"));
        assert!(stale.is_empty(), "{stale:?}");
    }
}

#[tokio::test]
async fn no_page_and_no_feed_takes_links_to_what_lies_on_another_host() {
    let links = ["donate", "petition", "alias", "help"]
        .map(|name| format!("<a href='https://n.example/{name}'>{name}</a>"));
    let links = format!(
        "<p>Here you can do a lot: {}, and more of it.</p>",
        links.concat()
    );
    let own = page(&links).replace("<title>", "<link rel=canonical href=/alias><title>");
    let evil = page("").replace(
        "<title>",
        "<link rel=canonical href='https://n.example/petition'><title>",
    );
    let told = [
        whole("https://n.example/donate", "Told", "Give it to us."),
        whole("https://b.example/more", "More", &links),
        "<item><title>E</title><link>https://b.example/evil</link></item>".into(),
        // A shield stands before it.
        format!(
            "<item><title>Short</title><link>https://n.example/help</link><description>{SENTENCES}</description></item>"
        ),
    ];
    let told: Vec<&str> = told.iter().map(|item| &**item).collect();
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", own)
        .with(OTHER, "text/xml", whole_feed(&told))
        .with("https://b.example/evil", "text/html", evil)
        .refusing("https://n.example/help", 9, 403, None);
    let mut archive = empty();
    // The second time it is also what was kept.
    for _ in 0..2 {
        let feeds = ["https://n.example/feed", OTHER];
        let gathered = gathered_of(&feeds, &web, &archive, "2026-11-23T12:00:00Z").await;
        let stock = stocked(&mut archive, gathered, &[]);
        archive = reread(&archive);
        assert_eq!(stock.articles.len(), 5);
        let (own, told) = (text_of(&stock, "/a-"), text_of(&stock, "/more-"));
        for name in ["donate", "petition", "help"] {
            assert!(
                own.contains(&format!("\"https://n.example/{name}\"")),
                "{own}"
            );
        }
        assert!(!own.contains("https://n.example/alias"), "{own}");
        // The articles of one source lead to each other.
        for name in ["donate", "help"] {
            assert!(told.contains(&format!("\"../{name}-")), "{told}");
        }
        assert!(told.contains("\"https://n.example/petition\""), "{told}");
    }
}

#[tokio::test]
async fn a_page_behind_a_shield_is_shown_as_it_was() {
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", page(""));
    let mut archive = empty();
    let first = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
    stocked(&mut archive, first, &[]);
    let shielded = Web::default().with("https://n.example/feed", "text/xml", feed(ITEM_A));
    let second = gathered(&shielded, &archive, "2026-11-24T12:00:00Z").await;
    assert_eq!(second.stale.len(), 1);
    assert!(second.skipped.is_empty(), "{:?}", second.skipped);
    let stock = stocked(&mut archive, second, &[]);
    assert!(text_of(&stock, "/a-").contains("political prisoners"));
}

#[tokio::test]
async fn what_is_withdrawn_is_not_fetched_again() {
    let sources = [Source::Feed(Url::parse("https://n.example/feed").unwrap())];
    let withdrawn = [Withdrawn::parse("https://www.n.example/a").unwrap()];
    let (mut archive, now) = (empty(), "2026-11-23T12:00:00Z");
    // The feed and the page, then the feed alone, until the article is wanted again.
    for (withdrawn, is_fetched, shown) in [
        (&[][..], true, 1),
        (&withdrawn[..], true, 0),
        (&withdrawn[..], false, 0),
        (&[][..], true, 1),
    ] {
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_A))
            .with("https://n.example/a", "text/html", page(""));
        let gathered = gathered_but(withdrawn, &sources, &web, &archive, now).await;
        let asked = web.asked.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(asked > 1, is_fetched);
        let stock = stocked(&mut archive, gathered, withdrawn);
        assert!(stock.unknown.is_empty());
        assert_eq!(stock.articles.len(), shown);
        archive = reread(&archive);
    }
}

#[tokio::test]
async fn one_address_in_two_spellings_is_one_article_that_stays_where_it_is() {
    let (small, large) = (
        "https://n.example/%d8%ae%d8%a8%d8%b1/",
        "https://n.example/%D8%AE%D8%A8%D8%B1",
    );
    let item = |address: &str| {
        let title = "<title>T</title>";
        format!(
            "<item>{title}<link>{address}</link><pubDate>Fri, 20 Nov 2026 10:00:00 +0000</pubDate></item>"
        )
    };
    let mut archive = empty();
    let mut places = Vec::new();
    for items in [item(small), item(large), item(small) + &item(large)] {
        let mut web = Web::default().with("https://n.example/feed", "text/xml", feed(&items));
        for address in [small, large] {
            web = web.with(address, "text/html", page(""));
        }
        let gathered = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
        let stock = stocked(&mut archive, gathered, &[]);
        places.extend(stock.articles.iter().map(|slip| slip.path.clone()));
        archive = reread(&archive);
    }
    assert_eq!(places, [&places[0]; 3].map(Clone::clone));
}

#[tokio::test]
async fn a_crawl_does_not_bring_back_what_was_corrected_since() {
    let folder = tempfile::tempdir().unwrap();
    let crawl = folder.path().join("a.warc");
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}",
        page("<p>Wrong at first, as the crawler saw it.</p>")
    );
    let warc = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://n.example/a\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
        http.len()
    );
    files::write(&crawl, warc.as_bytes()).unwrap();
    let feed_source = Source::Feed(Url::parse("https://n.example/feed").unwrap());
    let crawl = Source::Crawl(crawl);
    let web = |item: &str| {
        let corrected = page("<p>Corrected since, and told by the feed.</p>");
        Web::default()
            .with("https://n.example/feed", "text/xml", feed(item))
            .with("https://n.example/a", "text/html", corrected)
            .with(
                "https://n.example/b",
                "text/html",
                page("<p>Another one.</p>"),
            )
    };
    for (sources, says) in [
        ([feed_source.clone(), crawl.clone()], "Corrected since"),
        ([crawl, feed_source], "Wrong at first"),
    ] {
        let (mut archive, now) = (empty(), "2026-11-23T12:00:00Z");
        for (item, shown) in [(ITEM_A, 1), (ITEM_B, 2), (ITEM_B, 2)] {
            let gathered = gathered_from(&sources, &web(item), &archive, now).await;
            let stock = stocked(&mut archive, gathered, &[]);
            assert_eq!(stock.articles.len(), shown);
            assert!(text_of(&stock, "/a-").contains(says), "{says}");
            archive = reread(&archive);
        }
    }
}

#[tokio::test]
async fn links_to_what_the_feed_forgot_stay_inside() {
    let b = page("<p>As <a href=/a>reported</a> before, and at length, by many.</p>");
    let web = Web::default()
        .with(
            "https://n.example/feed",
            "text/xml",
            feed(&[ITEM_A, ITEM_B].concat()),
        )
        .with("https://n.example/a", "text/html", page(""))
        .with("https://n.example/b", "text/html", b.clone());
    let mut archive = empty();
    let now = "2026-11-23T12:00:00Z";
    let first = gathered(&web, &archive, now).await;
    let first = stocked(&mut archive, first, &[]);
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_B))
        .with("https://n.example/b", "text/html", b);
    let second = gathered(&web, &archive, now).await;
    assert_eq!(second.articles.len(), 1);
    let second = stocked(&mut archive, second, &[]);
    assert!(text_of(&second, "/b-").contains("href=\"../a-"));
    assert_eq!(pages(&articles(&first)), pages(&articles(&second)));
}

#[tokio::test]
async fn an_article_whose_address_another_has_gets_a_longer_one_and_keeps_it() {
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", page(""));
    let now = "2026-11-23T12:00:00Z";
    let place = gathered(&web, &empty(), now).await.articles[0].path.clone();
    // Another article whose digest begins with the same digits.
    let mut other = line(&article("bazar", "<p>other"));
    other.path = place.clone();
    other.id = "https://n.example/other".into();
    let gone = [Withdrawn::parse(&other.id).unwrap()];
    for first in [&[][..], &gone] {
        let mut archive = empty();
        let stock = stocked(&mut archive, gathered_lines(&[other.clone()]), first);
        assert_eq!(stock.articles.len(), usize::from(first.is_empty()));
        // It may be taken back later, too.
        for withdrawn in [first, &gone, &[]] {
            archive = reread(&archive);
            let gathered = gathered(&web, &archive, now).await;
            assert!(gathered.skipped.is_empty(), "{:?}", gathered.skipped);
            let long = gathered.articles[0].path.clone();
            let stem = place.as_str().strip_suffix("/index.html").unwrap();
            assert!(long.as_str().starts_with(stem) && long != place, "{long}");
            let stock = stocked(&mut archive, gathered, withdrawn);
            assert!(text_of(&stock, long.as_str()).contains("political prisoners"));
        }
    }
}

pub(super) fn whole(address: &str, title: &str, text: &str) -> String {
    format!(
        "<item><title>{title}</title><link>{address}</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>\
         <content:encoded><![CDATA[<p>{text} Several hundred people carrying flowers took to the streets.</p>]]></content:encoded></item>"
    )
}

pub(super) fn whole_feed(items: &[&str]) -> String {
    format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>{}</channel></rss>",
        items.concat()
    )
}

pub(super) const OWN: &str = "https://feeds.example/a";
pub(super) const OTHER: &str = "https://b.example/feed";
pub(super) const ONE: &str = "https://n.example/1";

/// What both sources say, to an archive that holds what was told before.
async fn next(
    archive: &mut Archive,
    sources: &[&str],
    own: &[&str],
    other: &[&str],
) -> (Stock, Vec<String>) {
    let web = Web::default().with(OWN, "text/xml", whole_feed(own)).with(
        OTHER,
        "text/xml",
        whole_feed(other),
    );
    let gathered = gathered_of(sources, &web, archive, "2026-11-23T12:00:00Z").await;
    let stale = gathered.stale.iter();
    let stale = stale
        .map(|stale| format!("{}: {}", stale.what, stale.why))
        .collect();
    let stock = stocked(archive, gathered, &[]);
    *archive = reread(archive);
    (stock, stale)
}

pub(super) fn titles(stock: &Stock) -> Vec<String> {
    let articles = articles(stock).into_iter();
    articles.map(|article| article.title).collect()
}

#[tokio::test]
async fn a_source_cannot_rewrite_what_another_told_and_forgot() {
    let forged = whole(ONE, "Forged one", "The minister did no wrong.");
    let (first, second) = (
        whole(ONE, "One", "It began."),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let both = [OWN, OTHER];
    let mut archive = empty();
    let mine = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
    next(&mut archive, &both, &[&first], &[&mine]).await;
    // The own one tells it still: that another says something else is named, and that it says the same is not.
    let said = "https://n.example/1: `https://b.example/feed` tells it too, but it is another source's, \
        which told it first or stands before it";
    let (stock, stale) = next(&mut archive, &both, &[&first], &[&forged, &mine]).await;
    assert_eq!(titles(&stock), ["One", "Nine"]);
    assert_eq!(stale, [said]);
    let (_, stale) = next(&mut archive, &both, &[&first], &[&first, &mine]).await;
    assert!(stale.is_empty(), "{stale:?}");
    // It forgets it.
    let (stock, stale) = next(&mut archive, &both, &[&second], &[&forged, &mine]).await;
    assert_eq!(titles(&stock), ["One", "Two", "Nine"]);
    assert_eq!(stale, [said]);
    assert!(text_of(&stock, "/1-").contains("It began"));
    // Under an address of its own it cannot either, though it calls it the same.
    let copied = whole("https://b.example/1", "One", "The minister did no wrong.");
    let (stock, _) = next(&mut archive, &both, &[&second], &[&copied]).await;
    let bodies = articles(&stock)
        .into_iter()
        .map(|article| article.body.as_str().to_owned());
    assert_eq!(bodies.filter(|body| body.contains("It began")).count(), 1);
    // It is gone from the configuration: whoever is left may take it up, so that nothing is locked.
    let (stock, stale) = next(&mut archive, &[OTHER], &[&second], &[&forged]).await;
    assert!(titles(&stock).contains(&"Forged one".to_owned()));
    assert!(stale.is_empty(), "{stale:?}");
}

#[tokio::test]
async fn on_a_host_that_many_share_no_feed_rewrites_what_another_told() {
    let feeds = ["https://n.example/alice/feed", "https://n.example/bob/feed"];
    let (first, second) = (
        whole(ONE, "One", "It began."),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let forged = whole(ONE, "Forged one", "The minister did no wrong.");
    let copied = whole(
        "https://n.example/bob/copy",
        "One",
        "The minister did no wrong.",
    );
    let mut archive = empty();
    let mut round = async |alice: &str, bob: &str, page: Option<&str>| {
        let mut web = Web::default()
            .with(feeds[0], "text/xml", whole_feed(&[alice]))
            .with(feeds[1], "text/xml", whole_feed(&[bob]));
        if let Some(says) = page {
            let title = "<title>One, again</title><article><h1>One, again</h1>";
            let says = format!("{title}<p>{says} {SENTENCES}</p><p>{SENTENCES}</p></article>");
            web = web.with(ONE, "text/html", says);
        }
        let gathered = gathered_of(&feeds, &web, &archive, "2026-11-23T12:00:00Z").await;
        let stale = gathered.stale.len();
        let stock = stocked(&mut archive, gathered, &[]);
        archive = reread(&archive);
        (text_of(&stock, "/1-"), stock.articles.len(), stale)
    };
    round(&first, &second, None).await;
    for (bob, articles, stale) in [(&forged, 2, 1), (&copied, 3, 0)] {
        let (text, shown, named) = round(&second, bob, None).await;
        assert!(text.contains("It began"), "{text}");
        assert_eq!((shown, named), (articles, stale), "{bob}");
    }
    // What stands on the page itself is news of it, and as the first one's it is kept.
    for page in ["It ended.", "It ended at last."] {
        let (text, ..) = round(&second, &forged, Some(page)).await;
        assert!(
            text.contains(page) && !text.contains("minister did"),
            "{text}"
        );
    }
    let (text, ..) = round(&first, &second, None).await;
    assert!(text.contains("It began"), "{text}");
}

#[tokio::test]
async fn who_names_an_article_first_does_not_keep_it_from_a_source_that_stands_before() {
    let both = [OWN, OTHER];
    let (first, forged) = (
        whole(ONE, "One", "It began."),
        whole(ONE, "Forged one", "The minister did no wrong."),
    );
    let mine = whole("https://n.example/2", "Two", "It went on.");
    let mut archive = empty();
    let (stock, _) = next(&mut archive, &both, &[&mine], &[&forged]).await;
    assert_eq!(titles(&stock), ["Forged one", "Two"]);
    let web = Web::default()
        .with(OWN, "text/xml", whole_feed(&[&first]))
        .with(OTHER, "text/xml", whole_feed(&[&forged]));
    for said in [1, 0] {
        let gathered = gathered_of(&both, &web, &archive, "2026-11-23T12:00:00Z").await;
        assert_eq!(gathered.odd.len(), said, "{:?}", gathered.odd);
        for odd in &gathered.odd {
            assert!(
                odd.why.contains(&format!("`{OWN}` tells it from now on")),
                "{}",
                odd.why
            );
            assert!(odd.why.contains(&format!("`{OTHER}` did")), "{}", odd.why);
        }
        let stock = stocked(&mut archive, gathered, &[]);
        archive = reread(&archive);
        assert_eq!(titles(&stock), ["One", "Two"]);
    }
    let (stock, _) = next(&mut archive, &both, &[&mine], &[&forged]).await;
    assert_eq!(titles(&stock), ["One", "Two"]);
}

#[tokio::test]
async fn no_source_takes_over_an_article_by_telling_less_of_it_under_an_address_of_its_own() {
    let says = "It began with a fire in the old town, and it went on until the morning.</p><p>Killed: 27</p><p>";
    let (first, second) = (
        whole(ONE, "One", says),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let both = [OWN, OTHER];
    let told_by = |archive: &Archive| archive.shown(ONE).unwrap().told_by.clone();
    let mut archive = empty();
    next(&mut archive, &both, &[&first], &[]).await;
    let told_first = told_by(&archive);
    for (says, shown) in [
        // The same words, with another number in a short line.
        (
            "It began with a fire in the old town, and it went on until the morning.</p><p>Killed: 3</p><p>",
            2,
        ),
        ("</p><p>Killed: 3</p><p>", 3),
        ("The minister did nothing wrong.", 3),
    ] {
        let copied = whole("https://b.example/1", "One", says);
        let (stock, _) = next(&mut archive, &both, &[&second], &[&copied]).await;
        assert_eq!(stock.articles.len(), shown, "{says}");
        let kept = archive.shown(ONE).unwrap();
        assert_eq!(kept.source.as_deref(), Some(ONE), "{says}");
        let body = kept.line().unwrap().story.unwrap().body;
        assert!(body.contains("old town") && body.contains("27"), "{body}");
        assert_eq!(told_by(&archive), told_first);
    }
}

#[tokio::test]
async fn what_cannot_be_read_today_was_not_moved() {
    let item = |link: &str| {
        format!(
            "<item><title>One</title><link>https://n.example/{link}</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
        )
    };
    let web = |items: &[&str], pages: &[&str]| {
        let items: Vec<_> = items.iter().map(|link| item(link)).collect();
        let web = Web::default().with("https://n.example/feed", "text/xml", feed(&items.concat()));
        pages.iter().fold(web, |web, link| {
            let page = page(&format!("<p>This is what {link} says, at some length.</p>"));
            web.with(&format!("https://n.example/{link}"), "text/html", page)
        })
    };
    let mut archive = empty();
    let now = "2026-11-23T12:00:00Z";
    let first = gathered(&web(&["a"], &["a"]), &archive, now).await;
    stocked(&mut archive, first, &[]);
    let mut archive = reread(&archive);
    let second = gathered(&web(&["a", "b"], &["b"]), &archive, now).await;
    let stock = stocked(&mut archive, second, &[]);
    assert_eq!(stock.articles.len(), 2);
    assert!(text_of(&stock, "/a-").contains("what a says"));
}

#[tokio::test]
async fn a_list_moves_what_lies_on_the_same_host_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("list.txt");
    let sources = [Source::List(place.clone().into())];
    let (mut archive, now) = (empty(), "2026-11-23T12:00:00Z");
    let meta = "<meta property='article:published_time' content='2026-11-20T10:00:00Z'><title>";
    for (address, says, bodies) in [
        ("https://n.example/a", "first", &["first"][..]),
        ("https://b.example/a", "forged", &["first", "forged"]),
        ("https://n.example/2026/a", "later", &["later", "forged"]),
    ] {
        files::write(&place, address.as_bytes()).unwrap();
        let page = page(&format!(
            "<p>This is what it says {says}, at some length.</p>"
        ));
        let web = Web::default().with(address, "text/html", page.replace("<title>", meta));
        let gathered = gathered_from(&sources, &web, &archive, now).await;
        let stock = stocked(&mut archive, gathered, &[]);
        archive = reread(&archive);
        let shown = articles(&stock);
        assert_eq!(shown.len(), bodies.len(), "{address}");
        for says in bodies {
            let has = |article: &Article| article.body.as_str().contains(says);
            assert!(shown.iter().any(has), "{address}: {says}");
        }
    }
}

#[tokio::test]
async fn what_says_something_new_was_updated_now_unless_its_source_says_when() {
    let tell = |text: &str| whole(ONE, "One", text);
    let mut archive = empty();
    let mut check = async |text: &str, expected: Option<&str>| {
        let (stock, _) = next(&mut archive, &[OWN], &[&tell(text)], &[]).await;
        let updated = articles(&stock)[0].updated.map(|at| at.to_string());
        assert_eq!(updated.as_deref(), expected, "{text}");
        text_of(&stock, "/1-")
    };
    let now = Some("2026-11-23T12:00:00Z");
    check("It began with some 20 people, said the police.", None).await;
    check(
        "It began with some <em>20</em> people, said the police.",
        None,
    )
    .await;
    let later = check("It began with some 900 people, said the police.", now).await;
    assert!(later.contains("900"));
    check("It began with some 900 people, said the police.", now).await;
}

#[tokio::test]
async fn a_page_in_a_folder_that_says_something_new_was_updated_now() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    files::create_folder(&pages).unwrap();
    let page = |text: &str, visits: usize| {
        let meta = "<meta property='article:published_time' content=2026-11-20>";
        format!(
            "{meta}<title>One</title><article><h1>One</h1><p>{text}</p><p>{SENTENCES}</p><p>Read {visits} times</p></article>"
        )
    };
    let (mut updated, place) = (Vec::new(), folder.path().join("archive/fa.jsonl"));
    for (text, visits) in [
        ("It began in the morning of that day.", 1),
        ("It began in the morning of that day.", 2),
        ("It began at night, we know now.", 3),
        ("It began at night, we know now.", 4),
    ] {
        files::write(&pages.join("1.html"), page(text, visits).as_bytes()).unwrap();
        let mut archive = Archive::read(place.clone(), &id()).unwrap();
        let now = format!("2026-11-23T1{visits}:00:00Z");
        let gathered = gathered_from(
            &[Source::Folder(pages.clone())],
            &Web::default(),
            &archive,
            &now,
        )
        .await;
        let stock = stocked(&mut archive, gathered, &[]);
        archive.write().unwrap();
        updated.push(articles(&stock)[0].updated.map(|at| at.to_string()));
    }
    let changed = Some("2026-11-23T13:00:00Z".to_owned());
    assert_eq!(updated, [None, None, changed.clone(), changed]);
}

/// One of five pages of a site, dated, with these words at its end.
fn one_of_five(number: usize, end: &str) -> String {
    let prose =
        format!("In the street number {number}{number}{number} several hundred people met. ");
    let prose = prose.replace(
        &number.to_string(),
        ["aa", "bee", "sea", "dee", "eel"][number],
    );
    let prose = format!("<p>{}</p>", prose.repeat(4));
    let meta = "<meta property='article:published_time' content='2026-11-20T10:00:00Z'>";
    format!(
        "{meta}<title>Street {number}</title><article><h1>Street {number}</h1>{prose}{end}</article>"
    )
}

#[tokio::test]
async fn what_comes_back_to_a_page_since_fewer_have_it_makes_no_article_newer() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    files::create_folder(&pages).unwrap();
    let link = |number: usize| format!("https://n.example/{number}");
    let items = (0..5).map(|number| format!("<item><link>{}</link></item>", link(number)));
    let items = feed(&items.collect::<String>());
    let sources = [
        Source::Folder(pages.clone()),
        Source::Feed(Url::parse("https://n.example/feed").unwrap()),
    ];
    for source in sources {
        let place = folder.path().join(format!("{}/fa.jsonl", source.forgets()));
        let mut updated = Vec::new();
        let appeal = "<p>Write to our editors at any time.</p>";
        // On so many pages; at last one says something of its own too.
        for (hour, with, own) in [
            (10, 5, ""),
            (11, 5, ""),
            (12, 3, ""),
            (13, 3, "<p>Five were hurt, we hear.</p>"),
        ] {
            let mut web = Web::default().with("https://n.example/feed", "text/xml", items.clone());
            for number in 0..5 {
                let end = if number < with { appeal } else { "" };
                let own = if number == 0 { own } else { "" };
                let page = one_of_five(number, &format!("{own}{end}"));
                files::write(&pages.join(format!("{number}.html")), page.as_bytes()).unwrap();
                web = web.with(&link(number), "text/html", page);
            }
            let mut archive = Archive::read(place.clone(), &id()).unwrap();
            let now = format!("2026-11-23T{hour}:00:00Z");
            let sources = std::slice::from_ref(&source);
            let gathered = gathered_from(sources, &web, &archive, &now).await;
            let stock = stocked(&mut archive, gathered, &[]);
            archive.write().unwrap();
            let shown = articles(&stock);
            let says = |article: &&Article| article.body.as_str().contains("Write to");
            let says = shown.iter().filter(says).count();
            assert_eq!(
                (shown.len(), says),
                (5, if with == 5 { 0 } else { 3 }),
                "{hour}"
            );
            updated.push(
                shown
                    .iter()
                    .filter(|article| article.updated.is_some())
                    .count(),
            );
        }
        assert_eq!(updated, [0, 0, 0, 1], "{source}");
    }
}

#[tokio::test]
async fn what_stands_in_place_of_the_page_does_not_replace_the_article() {
    let item = "<item><title>The ferry runs again</title><link>https://n.example/a</link>\
        <description>Only a summary of what happened to people in the streets.</description></item>";
    let prose = "Your request is in a queue, and it will be answered in its turn. ".repeat(4);
    let shields = [
        format!(
            "<title>DDoS-Guard</title><h1>Checking your browser before accessing n.example</h1><p>{prose}</p>"
        ),
        format!("<title>n.example</title><h1>Please hold on</h1><p>{prose}</p>"),
    ];
    for (shield, why) in shields.into_iter().zip(["a wall stands", "`n.example`"]) {
        let web = |page: String| {
            Web::default()
                .with("https://n.example/feed", "text/xml", feed(item))
                .with("https://n.example/a", "text/html", page)
        };
        let page = page("").replace(">T</", ">The ferry</");
        let mut archive = empty();
        let first = gathered(&web(page), &archive, "2026-11-23T12:00:00Z").await;
        stocked(&mut archive, first, &[]);
        let second = gathered(&web(shield.clone()), &archive, "2026-11-23T13:00:00Z").await;
        assert!(second.stale[0].why.contains(why), "{:?}", second.stale);
        assert_eq!(second.articles.len(), 0);
        // One that nobody has yet is shown as its feed tells it.
        let third = gathered(&web(shield), &empty(), "2026-11-23T13:00:00Z").await;
        let body = third.articles[0].line().unwrap().story.unwrap().body;
        assert!(body.contains("Only a summary"), "{body}");
    }
}

#[tokio::test]
async fn a_page_of_a_list_is_known_by_the_title_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    files::write(&list, b"https://n.example/a\n").unwrap();
    let list = [Source::List(list.into())];
    let web = |page: &str| Web::default().with("https://n.example/a", "text/html", page.to_owned());
    let page = |title: &str, meta: &str| {
        format!("<title>{title}</title>{meta}<h1>{title}</h1><p>{SENTENCES}</p><p>{SENTENCES}</p>")
    };
    let meta = "<meta property='article:published_time' content=2026-11-20>";
    let mut archive = empty();
    let now = "2026-11-23T12:00:00Z";
    let first = gathered_from(&list, &web(&page("The ferry", meta)), &archive, now).await;
    stocked(&mut archive, first, &[]);
    let second = gathered_from(&list, &web(&page("Please hold on", "")), &archive, now).await;
    let [stale] = &second.stale[..] else {
        panic!("{:?}", second.skipped);
    };
    assert!(stale.why.contains("`Please hold on`"), "{}", stale.why);
}

#[tokio::test]
async fn news_without_a_title_has_its_first_sentence() {
    let item = whole(
        ONE,
        "",
        "The ferry to the island runs again. It stood for a week.",
    );
    let (stock, _) = next(&mut empty(), &[OWN], &[&item], &[]).await;
    assert_eq!(titles(&stock), ["The ferry to the island runs again"]);
}

/// An item with an id besides its address.
fn with_id(id: &str, item: &str) -> String {
    let guid = format!("<guid isPermaLink='false'>{id}</guid></item>");
    item.replace("</item>", &guid)
}

#[tokio::test]
async fn an_article_of_which_headline_and_address_change_is_known_by_its_sources_own_id() {
    let first = whole(
        "https://n.example/ivan-told",
        "Ivan told us",
        "It was Ivan who saw the fire.",
    );
    let second = whole(
        "https://n.example/a-witness-told",
        "A witness told us",
        "Somebody saw the fire in the night.",
    );
    let other = whole("https://n.example/2", "Two", "It went on.");
    let post = "https://n.example/?p=1";
    let page = |id: &str, items: [&str; 2]| {
        let items = items.map(|item| with_id(id, item));
        whole_feed(&items.each_ref().map(|item| &**item))
    };
    let now = "2026-11-23T12:00:00Z";
    let round = async |archive: &mut Archive, told: String| {
        let web = Web::default().with(OWN, "text/xml", told);
        let gathered = gathered_of(&[OWN], &web, archive, now).await;
        let odd: Vec<_> = gathered.odd.iter().map(|odd| odd.why.clone()).collect();
        let stock = stocked(archive, gathered, &[]);
        *archive = reread(archive);
        let all = articles(&stock).into_iter();
        let told = all.map(|one| (one.title, one.path.to_string()));
        (told.collect::<Vec<_>>(), odd)
    };
    let mut archive = empty();
    let (told, _) = round(&mut archive, whole_feed(&[&with_id(post, &first)])).await;
    let [(_, place)] = &told[..] else {
        panic!("{told:?}");
    };
    for named in [1, 0] {
        let (told, odd) = round(&mut archive, whole_feed(&[&with_id(post, &second)])).await;
        assert_eq!(told, [("A witness told us".into(), place.clone())]);
        assert_eq!(odd.len(), named, "{odd:?}");
        assert!(odd.iter().all(|odd| odd.contains(place)), "{odd:?}");
    }
    assert!(!text(&archive).contains("was Ivan"));
    // An id that all have tells nothing, and what is there still was not renamed.
    let mut archive = empty();
    round(&mut archive, page("1", [&first, &other])).await;
    let (told, _) = round(&mut archive, page("1", [&second, &other])).await;
    assert_eq!(told.len(), 3);
    let mut archive = empty();
    round(&mut archive, whole_feed(&[&with_id(post, &first)])).await;
    let both = [with_id(post, &second), first.clone()];
    let (told, _) = round(&mut archive, whole_feed(&[&both[0], &both[1]])).await;
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn what_says_much_of_an_article_that_its_source_names_no_more_is_named() {
    let says = |who: &str| {
        let text = format!(
            "{who} saw the fire in the old town from the window.</p><p>It went on until the morning, and nobody came.</p><p>"
        );
        whole(
            &format!("https://n.example/{who}"),
            &format!("{who} told us"),
            &text,
        )
    };
    let mut archive = empty();
    for (items, named) in [
        (&["Ivan"][..], 0),
        (&["Ivan", "Somebody"], 0),
        (&["Another"], 1),
        (&["Another"], 0),
    ] {
        let items: Vec<_> = items.iter().map(|who| says(who)).collect();
        let items: Vec<&str> = items.iter().map(|item| &**item).collect();
        let web = Web::default().with(OWN, "text/xml", whole_feed(&items));
        let gathered = gathered_of(&[OWN], &web, &archive, "2026-11-23T12:00:00Z").await;
        assert_eq!(gathered.odd.len(), named, "{:?}", gathered.odd);
        let whys = gathered.odd.iter().map(|odd| &odd.why);
        for why in whys {
            assert!(why.contains("`https://n.example/"), "{why}");
        }
        stocked(&mut archive, gathered, &[]);
        archive = reread(&archive);
    }
}
