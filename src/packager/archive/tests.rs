//! What is kept, shown and let go of.

use crate::site::{self, About, Article, Language, Link, Newsroom, Picture, Resolve, SiteIdentity};

use super::super::cache::tests::cache;
use super::super::fetching::tests::Web;
use super::super::{Background, Getter, Options, Source, Waiting, gather};
use super::*;

fn id() -> NewsroomId {
    "fa".parse().unwrap()
}

fn path(text: &str) -> SitePath {
    SitePath::parse(text).unwrap()
}

fn empty() -> Archive {
    Archive::read("/nowhere/fa.jsonl".into(), &id()).unwrap()
}

/// As if it had been written and read.
fn reread(archive: &Archive) -> Archive {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive/fa.jsonl");
    let text = text(archive);
    let written = Archive {
        newsroom: id(),
        place: place.clone(),
        written: None,
        slips: archive.slips.clone(),
        dates: Dates::default(),
        texts: Texts::default(),
    };
    written.write().unwrap();
    let mut read = Archive::read(place, &id()).unwrap();
    assert_eq!(self::text(&read), text);
    // The folder goes.
    for slip in read.slips.values_mut() {
        slip.text = Whereabouts::Memory(slip.text().unwrap().into());
    }
    read
}

fn text(archive: &Archive) -> String {
    let mut text = Vec::new();
    let taken = archive.each_line(|line| {
        text.extend(line);
        Ok(())
    });
    taken.unwrap();
    String::from_utf8(text).unwrap()
}

fn drawer() -> Drawer {
    Drawer::on(&std::env::temp_dir())
}

/// What is shown of an archive that took this up.
fn stocked(archive: &mut Archive, gathered: Gathered, withdrawn: &[Withdrawn]) -> Stock {
    archive.stock(gathered, withdrawn, None, &drawer()).unwrap()
}

struct World;

impl Resolve for World {
    fn link(&self, href: &str) -> Link {
        match href.strip_prefix("own-") {
            Some(slug) => Link::Inside(path(&format!("fa/2026/11/{slug}/index.html"))),
            None => Link::Outside(href.to_owned()),
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        src.ends_with(".jpg").then(|| Picture {
            path: path("fa/2026/11/bazar/1.webp"),
            small: None,
            width: 640,
            height: 480,
            alt: "A \"market\"".into(),
            caption: src.contains("captioned").then(|| "By <night>".into()),
        })
    }
}

fn article(slug: &str, html: &str) -> Article {
    let path = path(&format!("fa/2026/11/{slug}/index.html"));
    Article {
        newsroom: id(),
        title: format!("<{slug}> \u{2028}\n\"&"),
        byline: Some("س".into()),
        published: "2026-11-20T10:00:00.25Z".parse().unwrap(),
        updated: Some("2026-11-21T10:00:00Z".parse().unwrap()),
        language: Language::parse("fa-AF").unwrap(),
        summary: "A summary of its own".into(),
        section: Some("Markets".into()),
        lead: World.picture("captioned.jpg").filter(|_| slug == "bazar"),
        body: site::clean(html, &path, &World),
        source: Some(format!("https://n.example/{slug}")),
        path,
    }
}

fn picture() -> (SitePath, Finished) {
    let finished = Finished {
        webp: Waiting::held("webp".into()),
        width: 640,
        height: 480,
    };
    (path("fa/2026/11/bazar/1.webp"), finished)
}

fn line(article: &Article) -> Line {
    let is_bazar = article.path.as_str().contains("/bazar/");
    Line {
        path: article.path.clone(),
        id: article.source.clone().unwrap(),
        source: article.source.clone(),
        told_by: None,
        read_by: None,
        language: None,
        story: Some(Story {
            title: article.title.clone(),
            byline: article.byline.clone(),
            published: Moment(article.published),
            updated: article.updated.map(Moment),
            language: Tongue(article.language.clone()),
            summary: article.summary.clone(),
            section: article.section.clone(),
            lead: article.lead.as_ref().map(Lead::of),
            pictures: is_bazar
                .then(|| Shown::of(&picture()))
                .into_iter()
                .collect(),
            body: article.body.as_str().to_owned(),
        }),
    }
}

fn gathered_lines(lines: &[Line]) -> Gathered {
    Gathered {
        articles: lines
            .iter()
            .map(|line| Slip::of(line, true, &drawer()))
            .collect(),
        pictures: vec![picture()],
        ..Gathered::default()
    }
}

fn told(articles: &[(&str, &str)]) -> Gathered {
    let lines: Vec<_> = articles
        .iter()
        .map(|(slug, html)| line(&article(slug, html)))
        .collect();
    gathered_lines(&lines)
}

fn articles(stock: &Stock) -> Vec<Article> {
    let shelf = Shelf::of(&stock.articles);
    let article = |slip: &Slip| {
        let line = slip.line().unwrap();
        let body = &line.story.as_ref().unwrap().body;
        Article {
            body: site::clean(body, &line.path, &line.page(&shelf).unwrap()),
            ..line.bare_article().unwrap()
        }
    };
    stock.articles.iter().map(article).collect()
}

fn pages(articles: &[Article]) -> Vec<(SitePath, Vec<u8>)> {
    let language = Language::parse("fa").unwrap();
    let site = SiteIdentity {
        name: "Post".into(),
        language: language.clone(),
        look: site::Look::default(),
        logo: None,
    };
    let newsroom = Newsroom {
        id: id(),
        name: "Post".into(),
        tagline: String::new(),
        language,
        logo: None,
    };
    site::render(&site, &[newsroom], articles, &About::default())
}

fn text_of(stock: &Stock, slug: &str) -> String {
    let articles = articles(stock);
    let found = articles.iter().find(|a| a.path.as_str().contains(slug));
    found.map_or_else(String::new, |article| article.body.as_str().to_owned())
}

const BODY: &str = "<p dir=rtl>متن <a href=own-ruz>in</a> <a href='https://e.org/?a=1&amp;b'>out</a> \
    <a href=mailto:a@e.org>mail</a></p><img src=captioned.jpg><figure><img src=x.jpg alt=''>\
    <figcaption>c</figcaption></figure><p>end";

/// All pages with `told`, fresh and then kept only; pictures as if the edition before held them.
fn fresh_and_kept(html: &str) -> [Vec<(SitePath, Vec<u8>)>; 2] {
    let mut archive = empty();
    let both = [("bazar", html), ("ruz", "<p>other")];
    let fresh = stocked(&mut archive, told(&both), &[]);
    assert_eq!((fresh.articles.len(), fresh.kept_articles), (2, 0));
    let mut archive = reread(&archive);
    let pictures = told(&[]).pictures;
    let forgotten = Gathered {
        pictures,
        ..Gathered::default()
    };
    let kept = stocked(&mut archive, forgotten, &[]);
    assert_eq!((kept.articles.len(), kept.kept_articles), (2, 2));
    [pages(&articles(&fresh)), pages(&articles(&kept))]
}

#[test]
fn a_page_has_the_same_bytes_fresh_and_kept() {
    let [fresh, kept] = fresh_and_kept(BODY);
    assert_eq!(fresh, kept);
    let page = fresh.iter().find(|(p, _)| p.as_str().contains("bazar/"));
    let html = String::from_utf8(page.unwrap().1.clone()).unwrap();
    for part in [
        "<a href=\"../ruz/index.html\">in</a>",
        "<a href=\"https://e.org/?a=1&amp;b\" rel=",
        "<a href=\"mailto:a@e.org\"",
        "<img src=\"1.webp\" width=\"640\" height=\"480\" alt=\"A &quot;market&quot;\"",
        "By &lt;night&gt;",
        "dir=\"rtl\"",
        "A summary of its own",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

proptest::proptest! {
    #[test]
    fn any_page_has_the_same_bytes_fresh_and_kept(
        soup in "(<|</|>|\"| |=|a|img|p|figure|h1|h2|li|marquee|table|td|href|src|own-ruz|x.jpg|captioned.jpg|//e.org|https:){0,40}"
    ) {
        let [fresh, kept] = fresh_and_kept(&soup);
        proptest::prop_assert_eq!(fresh, kept);
    }
}

#[test]
fn the_same_again_gives_the_same_file() {
    let mut archive = empty();
    stocked(&mut archive, told(&[("bazar", BODY), ("ruz", "<p>x")]), &[]);
    let mut again = reread(&archive);
    stocked(&mut again, told(&[("ruz", "<p>x"), ("bazar", BODY)]), &[]);
    assert_eq!(again.written, Some(Digest::of(text(&again).as_bytes())));
}

#[test]
fn what_is_gathered_replaces_what_was_kept() {
    let mut archive = empty();
    stocked(&mut archive, told(&[("bazar", "<p>old")]), &[]);
    let mut moved = line(&article("bazar", "<p>new"));
    // Its feed gave it another date, and so another place.
    moved.path = path("fa/2026/10/bazar/index.html");
    let moved = gathered_lines(&[moved]);
    let stock = stocked(&mut archive, moved, &[]);
    assert_eq!(stock.articles.len(), 1);
    assert_eq!(text_of(&stock, "2026/10/bazar"), "<p>new</p>");
}

#[test]
fn a_withdrawn_article_leaves_only_its_names() {
    let withdrawn = [Withdrawn::parse("https://n.example/ruz").unwrap()];
    let mut archive = empty();
    stocked(
        &mut archive,
        told(&[("bazar", BODY), ("ruz", "<p>secret")]),
        &[],
    );
    let mut archive = reread(&archive);
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    assert!(stock.unknown.is_empty());
    assert_eq!(stock.articles.len(), 1);
    let body = text_of(&stock, "bazar");
    assert!(body.contains("<span>in</span>"), "{body}");
    assert!(!text(&archive).contains("secret"), "{}", text(&archive));
    let language = Language::parse("fa-AF").unwrap();
    let grave = (path("fa/2026/11/ruz/index.html"), language);
    assert_eq!(stock.withdrawn, [grave]);

    // A feed that names it again does not bring it back, and it stays known.
    let mut archive = reread(&archive);
    let stock = stocked(&mut archive, told(&[("ruz", "<p>secret")]), &withdrawn);
    assert_eq!(stock.articles.len(), 1);
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    assert!(stock.unknown.is_empty());

    // Only when it is named no longer.
    let stock = stocked(&mut archive, Gathered::default(), &[]);
    assert_eq!(stock.articles.len(), 1);
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    assert_eq!(stock.unknown, withdrawn);
}

/// What is done with an article in one round: whether its feed tells it, or a folder holds it under one of two names, and by
/// which of its names it is withdrawn.
type Deed = (u8, u8);

/// All places that a newsroom shows, with their bodies and withdrawn ones, after a round.
fn after(archive: &mut Archive, round: usize, deeds: &[Deed]) -> Vec<(SitePath, String)> {
    let (mut slips, mut withdrawn) = (Vec::new(), Vec::new());
    for (slug, (deed, names)) in ["bazar", "ruz", "shab"].iter().zip(deeds) {
        let mut line = line(&article(slug, &format!("<p>{round}")));
        let names = [None, line.source.clone(), Some(line.path.to_string())]
            .get(usize::from(*names))
            .cloned();
        withdrawn.extend(names.flatten().map(|name| Withdrawn::parse(&name).unwrap()));
        if *deed == 3 {
            line.id = line.path.to_string();
            line.source = None;
        }
        if *deed > 0 {
            slips.push(Slip::of(&line, *deed == 1, &drawer()));
        }
    }
    let gathered = Gathered {
        articles: slips,
        ..Gathered::default()
    };
    let stock = stocked(archive, gathered, &withdrawn);
    *archive = reread(archive);
    let gone = stock
        .withdrawn
        .iter()
        .map(|(path, _)| (path.clone(), "withdrawn".to_owned()));
    let shown = articles(&stock).into_iter();
    let shown = shown.map(|article| (article.path, article.body.as_str().to_owned()));
    gone.chain(shown).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happened_each_place_has_one_article(
        rounds in proptest::collection::vec(proptest::collection::vec((0u8..4, 0u8..3), 3), 1..6)
    ) {
        let mut archive = empty();
        for (round, deeds) in rounds.iter().enumerate() {
            let shown = after(&mut archive, round, deeds);
            let places: BTreeSet<&SitePath> = shown.iter().map(|(path, _)| path).collect();
            proptest::prop_assert_eq!(places.len(), shown.len(), "{:?}", shown);
            // The newest is shown of what somebody told now and nobody withdrew.
            for (slug, (deed, names)) in ["bazar", "ruz", "shab"].iter().zip(deeds) {
                let found = shown.iter().find(|(path, _)| path.as_str().contains(&format!("/{slug}/")));
                let expected = format!("<p>{round}</p>");
                let is_new = found.is_some_and(|(_, body)| *body == expected);
                proptest::prop_assert_eq!(is_new, *deed > 0 && *names == 0 || is_new && *deed == 3 && *names == 1);
            }
            // The same again gives the same.
            let again = after(&mut archive, round, deeds);
            proptest::prop_assert_eq!(shown, again);
        }
    }
}

#[test]
fn a_picture_that_is_nowhere_is_left_out_and_named_once() {
    let mut archive = empty();
    stocked(&mut archive, told(&[("bazar", BODY)]), &[]);
    let stock = stocked(&mut archive, Gathered::default(), &[]);
    assert_eq!(stock.lost_pictures.len(), 1);
    assert!(articles(&stock)[0].lead.is_none());
    let body = text_of(&stock, "bazar");
    assert!(
        !body.contains("img") && body.contains("<p>end</p>"),
        "{body}"
    );
    let stock = stocked(&mut archive, Gathered::default(), &[]);
    assert!(stock.lost_pictures.is_empty());
}

#[track_caller]
fn check(text: &str, at: usize, says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("fa.jsonl");
    files::write(&place, text.as_bytes()).unwrap();
    let error = Archive::read(place, &id()).unwrap_err();
    assert!(matches!(&error, ArchiveError::Damaged { line, .. } if *line == at));
    let message = error.to_string();
    assert!(message.contains("fa.jsonl`"), "{message}");
    assert!(message.contains(says), "{message}");
    assert!(error.hint().unwrap().contains(&format!("line {at}:")));
}

#[test]
fn damage_is_named_with_its_line() {
    let mut archive = empty();
    stocked(&mut archive, told(&[("bazar", BODY), ("ruz", "<p>x")]), &[]);
    let good = text(&archive);
    let lines: Vec<&str> = good.lines().collect();
    let [first, second] = lines[..] else {
        panic!("two lines");
    };
    check(&good[..good.len() - 9], 2, "");
    check(&format!("{first}\n\n{second}\n"), 2, "");
    check(&format!("{good}{first}\n"), 3, "twice");
    check(
        &good.replacen("2026-11-20T", "2026-10-20T", 1),
        1,
        "its date",
    );
    check(&good.replacen("2026-11-20T", "x", 1), 1, "no moment");
    check(&good.replacen("\"fa-AF\"", "\"!\"", 1), 1, "no language");
    check(&good.replacen("\"title\"", "\"titel\"", 1), 1, "titel");
    check(&good.replace("fa/2026", "be/2026"), 1, "`fa`");
    check(
        &good.replacen("fa/2026/11/bazar/index", "fa/../x/y/index", 1),
        1,
        "elsewhere",
    );
    check(&good.replacen('س', "\u{1}", 1), 1, "control");
    check("\u{feff}", 1, "");
}

#[test]
fn bytes_that_are_no_text_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("fa.jsonl");
    files::write(&place, b"\n\xff\xfe\n").unwrap();
    assert!(Archive::read(place, &id()).is_err());
}

// ---- with gathering

const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before. \
    Rights groups consider the defendants to be political prisoners and ask for their release.";

fn feed(items: &str) -> String {
    format!("<rss version='2.0'><channel>{items}</channel></rss>")
}

fn page(body: &str) -> String {
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

async fn gathered_but(
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
    let (_folder, cache) = cache();
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
async fn a_new_article_cannot_take_the_place_of_another() {
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", page(""));
    let mut archive = empty();
    let now = "2026-11-23T12:00:00Z";
    let place = gathered(&web, &archive, now).await.articles[0].path.clone();
    // Another article whose digest begins with the same digits.
    let mut other = line(&article("bazar", "<p>other"));
    other.path = place;
    other.id = "https://n.example/other".into();
    let other = gathered_lines(&[other]);
    stocked(&mut archive, other, &[]);
    let gathered = gathered(&web, &archive, now).await;
    assert!(gathered.articles.is_empty());
    assert!(gathered.skipped[0].why.contains("same address"));
    let stock = stocked(&mut archive, gathered, &[]);
    assert_eq!(articles(&stock)[0].body.as_str(), "<p>other</p>");
}

fn whole(address: &str, title: &str, text: &str) -> String {
    format!(
        "<item><title>{title}</title><link>{address}</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>\
         <content:encoded><![CDATA[<p>{text} Several hundred people carrying flowers took to the streets.</p>]]></content:encoded></item>"
    )
}

fn whole_feed(items: &[&str]) -> String {
    format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>{}</channel></rss>",
        items.concat()
    )
}

const OWN: &str = "https://feeds.example/a";
const OTHER: &str = "https://b.example/feed";
const ONE: &str = "https://n.example/1";

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

fn titles(stock: &Stock) -> Vec<String> {
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
    let sources = [Source::List(place.clone())];
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
    let list = [Source::List(list)];
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

#[test]
fn the_name_of_a_source_is_held_once() {
    let mut names = BTreeSet::new();
    let mut held = |name: &str| held_once(&mut names, name.into());
    let (one, other) = (held("the feed"), held("a list"));
    assert!(Arc::ptr_eq(&one, &held("the feed")));
    assert_ne!(one, other);
}
