//! Pages, feeds and pictures of a made-up web, gathered.

mod furniture;

use std::path::Path;
use std::sync::Arc;

use image::ImageFormat;

use crate::io::files;
use crate::site::{Language, NewsroomId};

use super::super::archive::Archive;
use super::super::archive::{Line, Story};
use super::super::cache::tests::{cache, kept_cache};
use super::super::cache::{Cache, Work};
use super::super::extract::{Rulebook, Rules, Selector};
use super::super::fetching::WebCache;
use super::super::fetching::tests::Web;
use super::super::waiting::Drawer;
use super::*;
use crate::site::Newsroom;
use url::Url;

const NOW: &str = "2026-11-23T12:00:00Z";

fn newsroom() -> Newsroom {
    Newsroom {
        id: NewsroomId::parse("be").unwrap(),
        name: "News".into(),
        tagline: String::new(),
        language: Language::parse("be").unwrap(),
        logo: None,
    }
}

fn photo() -> Vec<u8> {
    photo_of(200)
}

fn photo_of(red: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([red, 30, 30]));
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before. \
    Rights groups consider the defendants to be political prisoners and ask for their release.";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title>\
         <meta property='article:published_time' content='2026-11-20T10:00:00+03:00'></head><body><nav><a href=/>Home</a></nav>\
         <article><h1>{title}</h1>{body}<p>{SENTENCES}</p><p>{SENTENCES}</p></article></body></html>"
    )
}

fn nothing() -> Archive {
    Archive::read("/nowhere".into(), &newsroom().id).unwrap()
}

async fn gathered(web: &Web, sources: &[Source]) -> Gathered {
    gathered_with(web, sources, &kept_cache()).await
}

async fn gathered_with(web: &Web, sources: &[Source], cache: &Arc<Cache>) -> Gathered {
    let named = sources.iter().map(|source| source.address().cloned());
    gathered_by(&Getter::new(web, named), sources, cache).await
}

async fn gathered_by(getter: &Getter<'_>, sources: &[Source], cache: &Arc<Cache>) -> Gathered {
    gathered_under(&Rulebook::default(), getter, sources, cache).await
}

async fn gathered_under(
    rules: &Rulebook,
    getter: &Getter<'_>,
    sources: &[Source],
    cache: &Arc<Cache>,
) -> Gathered {
    let background = Background {
        newsroom: &newsroom(),
        archive: &nothing(),
        rules,
        cache,
        drawer: &Drawer::on(&std::env::temp_dir()),
        previous: None,
        now: NOW.parse().unwrap(),
    };
    gather(
        getter,
        sources,
        background,
        &Options::default(),
        &mut |_| {},
    )
    .await
}

fn lines(gathered: &Gathered) -> Vec<Line> {
    let articles = gathered.articles.iter();
    articles.map(|slip| slip.line().unwrap()).collect()
}

/// The article with this title.
#[track_caller]
fn article(gathered: &Gathered, title: &str) -> (Line, Story) {
    let lines = lines(gathered).into_iter();
    let mut told = lines.map(|line| (line.clone(), line.story.unwrap()));
    told.find(|(_, story)| story.title == title).unwrap()
}

fn feed_source() -> [Source; 1] {
    [Source::Feed(Url::parse("https://n.example/feed").unwrap())]
}

fn why<'a>(gathered: &'a Gathered, what: &str) -> &'a str {
    let found = gathered.skipped.iter().find(|s| s.what.contains(what));
    found.map_or_else(
        || panic!("`{what}` was not skipped: {:?}", gathered.skipped),
        |s| s.why.as_str(),
    )
}

fn item(link: &str) -> String {
    format!("<item><title>T {link}</title><link>https://n.example/{link}</link></item>")
}

fn feed(items: &[String]) -> String {
    format!(
        "<rss version='2.0'><channel>{}</channel></rss>",
        items.concat()
    )
}

#[tokio::test]
async fn a_feed_becomes_articles_with_pictures_and_links_inside() {
    let first = page(
        "The court",
        "<figure><img src=/1.jpg alt=Court><figcaption>The building</figcaption></figure>\
         <p>As <a href='/b?utm_source=x'>reported</a> and <a href='https://other.example/'>elsewhere</a>, it went on for many hours without a break.</p>",
    );
    let web = Web::default()
        .with(
            "https://n.example/feed",
            "text/xml",
            feed(&[item("a"), item("b"), item("gone")]),
        )
        .with("https://n.example/a", "text/html", first)
        .with("https://n.example/b", "text/html", page("The river", ""))
        .with("https://n.example/1.jpg", "text/html", photo());
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 2, "{:?}", gathered.skipped);
    assert!(why(&gathered, "gone").contains("nothing there"));
    let (court, story) = article(&gathered, "T a");
    assert!(
        court.path.as_str().starts_with("be/2026/11/a-"),
        "{}",
        court.path
    );
    assert_eq!(story.published.0.to_string(), "2026-11-20T07:00:00Z");
    assert_eq!(court.source.as_deref(), Some("https://n.example/a"));
    let lead = story.lead.unwrap();
    let [picture] = &story.pictures[..] else {
        panic!("one picture");
    };
    assert_eq!((picture.width, picture.height), (640, 480));
    assert_eq!(lead.caption.as_deref(), Some("The building"));
    assert_eq!(gathered.pictures.len(), 1);
    assert_eq!(gathered.pictures[0].0, lead.path);
    let body = story.body;
    assert!(body.contains("../b-"), "{body}");
    assert!(body.contains("https://other.example/"), "{body}");
}

#[tokio::test]
async fn two_spellings_of_an_address_are_one_article() {
    let items = ["a", "a?utm_source=top", "a/"].map(item);
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&items))
        .with("https://n.example/a", "text/html", page("A", ""));
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 1);
    assert!(gathered.skipped.is_empty(), "{:?}", gathered.skipped);
}

#[tokio::test]
async fn a_list_of_articles_is_no_article() {
    let list = "<script type=application/ld+json>{\"@type\":\"CollectionPage\"}</script>";
    let web = Web::default()
        .with(
            "https://n.example/feed",
            "text/xml",
            feed(&[item("a"), item("tag")]),
        )
        .with("https://n.example/a", "text/html", page("T a", ""))
        .with("https://n.example/tag", "text/html", page("T tag", list));
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 1);
    assert!(why(&gathered, "/tag").contains("a list of articles"));
}

#[tokio::test]
async fn full_content_needs_no_fetch() {
    let whole = format!(
        "<item><title>Whole</title><link>https://n.example/w</link><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>\
         <description>&lt;p&gt;{0}&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;p&gt;{0}&lt;/p&gt;&lt;p&gt;{0}{0}{0}{0}&lt;/p&gt;</description></item>",
        SENTENCES
    );
    let web = Web::default().with("https://n.example/feed", "text/xml", feed(&[whole]));
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 1, "{:?}", gathered.skipped);
    assert_eq!(
        web.asked.load(std::sync::atomic::Ordering::Relaxed),
        1,
        "only the feed"
    );
    let body = article(&gathered, "Whole").1.body;
    assert!(
        body.contains("political prisoners") && !body.contains("alert"),
        "{body}"
    );
}

#[tokio::test]
async fn no_password_and_no_token_of_a_feed_is_told() {
    let entry = |title: &str, link: &str| {
        format!(
            "<item><title>{title}</title>{link}<guid isPermaLink='false'>{title}</guid><content:encoded><![CDATA[<p>{SENTENCES}\
             <a href='/more'>More</a> <a href='/more?token=SECRET123&n=1'>More</a> <a href='http://192.168.1.1/reboot?now=1'>x</a> \
             <img src='/lost.png?token=SECRET123'></p>]]></content:encoded>\
             <enclosure url='https://n.example/a.mp3?token=SECRET123' type='audio/mpeg' length='1'/></item>"
        )
    };
    let items = [
        entry("Bare", ""),
        entry("Relative", "<link>/a/1</link>"),
        entry("Fragment", "<link>#1</link>"),
        entry("Repeated", "<link>/a/4?token=SECRET123&amp;n=1</link>"),
        entry("Inside", "<link>http://cms.lan:8080/a</link>"),
        "<item><title>Asked for with it</title><link>/a/5?token=SECRET123</link></item>".into(),
        "<item><title>Gone</title><link>/a/6?token=SECRET123</link></item>".into(),
        "<item><title>Gone</title><link>/a/2</link></item>".into(),
        "<item><title>Read</title><link>/a/3</link></item>".into(),
    ]
    .concat();
    let feed = format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>{items}</channel></rss>"
    );
    let address = "https://editor:PASSW@n.example/feed.xml?token=SECRET123";
    let moved = "https://editor:PASSW@n.example/a/3";
    let asked = "https://editor:PASSW@n.example/a/5?token=SECRET123";
    let web = Web::default()
        .with(address, "text/xml", feed)
        .with(moved, "text/html", page("Read", ""))
        .with(asked, "text/html", page("Asked for with it", ""));
    let source = Source::Feed(Url::parse(address).unwrap());
    let gathered = gathered(&web, &[source]).await;
    assert_eq!(article(&gathered, "Bare").0.source, None);
    let source = article(&gathered, "Relative").0.source;
    assert_eq!(source.as_deref(), Some("https://n.example/a/1"));
    for (title, shown) in [
        ("Fragment", Some("https://n.example/feed.xml#1")),
        ("Repeated", Some("https://n.example/a/4?n=1")),
        ("Inside", None),
        ("Asked for with it", Some("https://n.example/a/5")),
    ] {
        let source = article(&gathered, title).0.source;
        assert_eq!(source.as_deref(), shown, "{title}");
    }
    let body = article(&gathered, "Repeated").1.body;
    for (told, expected) in [("more?n=1", true), ("a.mp3\"", true), ("192.168", false)] {
        assert_eq!(body.contains(told), expected, "{told}: {body}");
    }
    assert!(why(&gathered, "n.example/a/6").contains("nothing there"));
    // The host that the operator named is told the password for all of its pages.
    article(&gathered, "Read");
    assert!(why(&gathered, "n.example/a/2").contains("nothing there"));
    assert!(!gathered.lost_pictures.is_empty());
    let lines = lines(&gathered).into_iter();
    let written = lines.map(|line| String::from_utf8(line.written()).unwrap());
    let said = format!("{:?}{:?}", gathered.skipped, gathered.lost_pictures);
    for text in written.chain([said]) {
        let is_told = ["PASSW", "editor", "SECRET123"]
            .iter()
            .any(|it| text.contains(it));
        assert!(!is_told, "{text}");
    }
}

#[tokio::test]
async fn what_a_newsroom_took_down_is_not_told_in_short() {
    let item = |name: &str| {
        format!(
            "<item><title>{name}</title><link>https://n.example/{name}</link><description>{SENTENCES}</description></item>"
        )
    };
    let items = ["deleted", "removed", "shielded"].map(item);
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&items))
        .refusing("https://n.example/removed", 9, 410, None)
        .refusing("https://n.example/shielded", 9, 403, None);
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 1);
    article(&gathered, "shielded");
    for name in ["deleted", "removed"] {
        assert!(why(&gathered, name).contains("nothing there"));
    }
}

#[tokio::test]
async fn an_article_of_which_nobody_says_the_language_has_that_of_its_letters() {
    let told = |title: &str, text: &str| {
        let text = text.repeat(6);
        format!(
            "<item><title>{title}</title><link>https://n.example/{title}</link><content:encoded><![CDATA[<p>{text}</p><p>{text}</p>]]></content:encoded></item>"
        )
    };
    let items = [
        told(
            "fa",
            "قنات کهن پس از دو سال دوباره پرآب شد و مردم شهر جشن گرفتند. ",
        ),
        told(
            "ru",
            "Паром вернулся на реку после трёх месяцев ремонта, и все были рады. ",
        ),
    ]
    .concat();
    let feed = format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>{items}</channel></rss>"
    );
    let web = Web::default().with("https://n.example/feed", "text/xml", feed);
    let gathered = gathered(&web, &feed_source()).await;
    let language = |title: &str| article(&gathered, title).1.language.0.to_string();
    assert_eq!(language("fa"), "fa");
    // It may be the newsroom's own.
    assert_eq!(language("ru"), "be");
}

#[tokio::test]
async fn bad_pages_are_skipped_and_named() {
    let links = [
        "good", "huge", "endless", "pdf", "wall", "empty", "lost", "10.0.0.1",
    ];
    let items: Vec<String> = links.iter().map(|link| item(link)).collect();
    let inner = "<item><title>x</title><link>http://192.168.1.1/admin</link></item>".to_owned();
    let mut web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&[items.concat(), inner]))
        .with("https://n.example/good", "text/html", page("Good", "<img src=/lie.png width=640><img src=/bomb.png width=640>"))
        .with("https://n.example/lie.png", "image/png", "<html>not a picture</html>")
        .with("https://n.example/bomb.png", "image/png", &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\xff\xff\xff\0\xff\xff\xff\x08\x02\0\0\0"[..])
        .with("https://n.example/huge", "text/html", vec![b'a'; 100 << 20])
        .with("https://n.example/pdf", "application/pdf", "%PDF-1.7")
        .with("https://n.example/wall", "text/html", "<title>News</title><div id=cookie-consent role=dialog><p>We use cookies to improve how this site works.</p></div>")
        .with("https://n.example/empty", "text/html", "")
        .with("https://n.example/lost", "text/html", "<title>Page not found | News</title><h1>Page not found</h1><p>Page not found. Try the home page or our search.</p>");
    web.endless.push("https://n.example/endless".into());
    let gathered = gathered(&web, &feed_source()).await;
    assert_eq!(gathered.articles.len(), 1);
    assert!(why(&gathered, "huge").contains("more than"));
    assert!(why(&gathered, "endless").contains("more than"));
    assert!(why(&gathered, "n.example/pdf").contains("application/pdf"));
    assert!(why(&gathered, "wall").contains("no article"));
    assert!(why(&gathered, "empty").contains("no article"));
    assert!(why(&gathered, "lost").contains("not found"));
    assert!(why(&gathered, "192.168").contains("private network"));
    let lost: Vec<_> = gathered
        .lost_pictures
        .iter()
        .map(|lost| (lost.picture.as_str(), lost.why.contains("no picture")))
        .collect();
    let at = ["https://n.example/lie.png", "https://n.example/bomb.png"];
    assert_eq!(lost, [(at[0], true), (at[1], false)]);
    assert!(gathered.pictures.is_empty());
}

#[tokio::test]
async fn an_article_too_long_for_any_page_is_named_and_stops_no_other() {
    let told = |link: &str, title: &str, text: &str| {
        format!(
            "<item><title>{title}</title><link>https://n.example/{link}</link><dc:creator>{title}</dc:creator>\
             <content:encoded><![CDATA[<p>{SENTENCES}</p><p>{text}</p>]]></content:encoded></item>"
        )
    };
    let items = [
        told("endless", "Endless", &">>>>>>>>> ".repeat(60_000)),
        told("titled", &"'\" word ".repeat(1000), "Short."),
        told("good", "Good", "Short."),
    ]
    .concat();
    let feed = format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'>\
         <channel>{items}</channel></rss>"
    );
    let web = Web::default().with("https://n.example/feed", "text/xml", feed);
    let gathered = gathered(&web, &feed_source()).await;
    assert!(why(&gathered, "n.example/endless").contains("too large"));
    article(&gathered, "Good");
    let lines = lines(&gathered);
    let [titled, _] = &lines[..] else {
        panic!("two articles");
    };
    let story = titled.story.as_ref().unwrap();
    for (cut, most) in [(&story.title, 501), (story.byline.as_ref().unwrap(), 301)] {
        assert!(cut.ends_with('…') && cut.chars().count() <= most, "{cut}");
    }
}

#[tokio::test]
async fn one_bad_source_does_not_stop_the_others() {
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
        .with("https://n.example/a", "text/html", page("A", ""))
        .with("https://n.example/home", "text/html", page("Home", ""));
    let sources = [
        Source::Feed(Url::parse("https://n.example/home").unwrap()),
        feed_source()[0].clone(),
    ];
    let gathered = gathered(&web, &sources).await;
    assert_eq!(gathered.articles.len(), 1);
    assert_eq!(
        gathered.failed[0].error.to_string(),
        "`https://n.example/home` is not a feed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_drips_does_not_keep_others_from_being_published() {
    let slow = |number: usize| format!("https://{number}.example/slow");
    let items = (0..200).map(|number| {
        let link = slow(number);
        format!("<item><title>{number}</title><link>{link}</link></item>")
    });
    let partner = feed(&items.collect::<Vec<_>>());
    let web = Web::default()
        .with("https://partner.example/feed", "text/xml", partner)
        .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
        .with("https://n.example/a", "text/html", page("A", ""))
        .dripping((0..200).map(slow));
    let partner = Source::Feed(Url::parse("https://partner.example/feed").unwrap());
    let sources = [partner, feed_source()[0].clone()];
    let time = std::time::Duration::from_secs(300);
    let getter = Getter::new(&web, std::iter::empty()).with_time(time);
    let begun = tokio::time::Instant::now();
    let gathered = gathered_by(&getter, &sources, &kept_cache()).await;
    article(&gathered, "T a");
    assert!(begun.elapsed() < 2 * time);
    let named = gathered.skipped.iter();
    let named = named.filter(|one| {
        let why = "`https://partner.example/feed` takes too long for one run";
        one.why.starts_with(why)
    });
    assert!(named.count() > 150, "{:?}", gathered.skipped.last());
}

#[tokio::test]
async fn a_picture_whose_host_fails_today_stays() {
    let shown = "<figure><img src=https://pictures.example/1.jpg alt=A></figure>";
    let web = || {
        Web::default()
            .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
            .with("https://n.example/a", "text/html", page("A", shown))
            .with("https://pictures.example/1.jpg", "image/jpeg", photo())
    };
    let folder = tempfile::tempdir().unwrap();
    let (sources, now) = (feed_source(), NOW.parse().unwrap());
    for failures in [0, 9] {
        let web = web().refusing("https://pictures.example/1.jpg", failures, 503, Some(3600));
        let kept = WebCache::begin(folder.path(), now).unwrap();
        let getter = Getter::new(&web, std::iter::empty()).with_cache(Some(&kept));
        let gathered = gathered_by(&getter, &sources, &kept_cache()).await;
        kept.end();
        assert_eq!(gathered.pictures.len(), 1, "{:?}", gathered.lost_pictures);
    }
}

#[tokio::test]
async fn a_folder_becomes_articles_with_the_pictures_beside_them() {
    let root = tempfile::tempdir().unwrap();
    let lay = |name: &str, bytes: &[u8]| {
        let path = root.path().join(name);
        files::create_folder(path.parent().unwrap()).unwrap();
        files::write_new(&path, bytes).unwrap();
    };
    let body = "<img src='pics/1.jpg'><p>See <a href='sub/two.html'>the other</a> and <a href='missing.html'>nothing</a>, which is enough for now.</p><img src='../../etc/passwd'>";
    lay("one.html", page("One", body).as_bytes());
    lay(
        "sub/two.html",
        page("Two", "<img src='/pics/1.jpg'>").as_bytes(),
    );
    lay("pics/1.jpg", &photo());
    lay("broken.html", b"<html><p>too short");
    let russian = page("Суд", "<p>Городской суд в понедельник огласил приговор по делу журналистов, сообщает корреспондент.</p>").replace("charset=utf-8", "charset=windows-1251");
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&russian);
    lay("old.html", &bytes);
    let web = Web::default();
    let gathered = gathered(&web, &[Source::Folder(root.path().into())]).await;
    assert_eq!(gathered.articles.len(), 3, "{:?}", gathered.skipped);
    assert_eq!(gathered.pictures.len(), 2);
    why(&gathered, "broken.html");
    let (one, story) = article(&gathered, "One");
    assert!(story.body.contains("two-"), "{}", story.body);
    assert!(!story.body.contains("missing"));
    assert_eq!(one.source, None);
    article(&gathered, "Суд");
    assert_eq!(
        web.asked.load(std::sync::atomic::Ordering::Relaxed),
        0,
        "nothing was fetched"
    );
}

#[tokio::test]
async fn two_pages_of_one_address_are_named() {
    let root = tempfile::tempdir().unwrap();
    for (name, address) in [("1", "a"), ("2", "a"), ("3", "c")] {
        let link = format!("<link rel=canonical href=https://n.example/{address}>");
        let page = page(name, "").replace("<head>", &format!("<head>{link}"));
        files::write(&root.path().join(format!("{name}.html")), page.as_bytes()).unwrap();
    }
    let gathered = gathered(&Web::default(), &[Source::Folder(root.path().into())]).await;
    assert_eq!(gathered.articles.len(), 3);
    let [odd] = &gathered.odd[..] else {
        panic!("{:?}", gathered.odd);
    };
    assert_eq!(odd.what, "2.html");
    assert!(
        odd.why
            .contains("`https://n.example/a`, and so does `1.html`"),
        "{}",
        odd.why
    );
}

#[tokio::test]
async fn the_same_input_gives_the_same_articles() {
    let web = Web::default()
        .with(
            "https://n.example/feed",
            "text/xml",
            feed(&[item("a"), item("b"), item("c")]),
        )
        .with(
            "https://n.example/a",
            "text/html",
            page("A", "<img src=/1.jpg>"),
        )
        .with(
            "https://n.example/b",
            "text/html",
            page("B", "<img src=/1.jpg>"),
        )
        .with("https://n.example/c", "text/html", page("C", ""))
        .with("https://n.example/1.jpg", "image/jpeg", photo());
    let (one, other) = (
        gathered(&web, &feed_source()).await,
        gathered(&web, &feed_source()).await,
    );
    assert_eq!(one.articles.len(), 3);
    assert_eq!(format!("{:?}", lines(&one)), format!("{:?}", lines(&other)));
    let digests = |gathered: &Gathered| -> Vec<_> {
        let pictures = gathered.pictures.iter();
        pictures
            .map(|(path, p)| (path.clone(), p.webp.digest))
            .collect()
    };
    assert_eq!(digests(&one), digests(&other));
}

#[tokio::test]
async fn what_did_not_change_is_neither_read_nor_encoded_again() {
    let (folder, cache) = cache();
    let web = |red: u8, second: &str| {
        Web::default()
            .with(
                "https://n.example/feed",
                "text/xml",
                feed(&["a", "b"].map(item)),
            )
            .with(
                "https://n.example/a",
                "text/html",
                page("A", "<img src=/1.jpg>"),
            )
            .with(
                "https://n.example/b",
                "text/html",
                page(second, "<img src=/2.jpg>"),
            )
            .with("https://n.example/1.jpg", "image/jpeg", photo())
            .with("https://n.example/2.jpg", "image/jpeg", photo_of(red))
    };
    let again = || Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
    let first = gathered_with(&web(1, "B"), &feed_source(), &cache).await;
    assert_eq!(
        cache.work(),
        Work {
            pictures: 2,
            pages: 2,
            articles: 2,
            settings: 0
        }
    );

    let unchanged = again();
    let second = gathered_with(&web(1, "B"), &feed_source(), &unchanged).await;
    assert_eq!(
        unchanged.work(),
        Work {
            pictures: 0,
            pages: 0,
            articles: 0,
            settings: 0
        }
    );
    assert_eq!(
        format!("{:?}", lines(&first)),
        format!("{:?}", lines(&second))
    );
    assert_eq!(first.pictures, second.pictures);

    let changed = again();
    gathered_with(&web(2, "New"), &feed_source(), &changed).await;
    assert_eq!(
        changed.work(),
        Work {
            pictures: 1,
            pages: 1,
            articles: 0,
            settings: 0
        }
    );

    // Without it the same comes out, only later.
    for entry in files::list(folder.path()).unwrap() {
        files::remove(&folder.path().join(entry)).unwrap();
    }
    let anew = again();
    let third = gathered_with(&web(1, "B"), &feed_source(), &anew).await;
    assert_eq!(
        anew.work(),
        Work {
            pictures: 2,
            pages: 2,
            articles: 2,
            settings: 0
        }
    );
    assert_eq!(
        format!("{:?}", lines(&first)),
        format!("{:?}", lines(&third))
    );
}

/// A folder with such pages, the same to the byte from one time to the next.
struct Pages(tempfile::TempDir);

impl Pages {
    fn lay(&self, name: &str, page: &str) {
        files::write(&self.0.path().join(name), page.as_bytes()).unwrap();
    }

    fn source(&self) -> [Source; 1] {
        [Source::Folder(self.0.path().into())]
    }
}

#[tokio::test]
async fn of_a_page_in_a_folder_that_is_the_same_the_text_is_not_needed() {
    let pages = Pages(tempfile::tempdir().unwrap());
    pages.lay(
        "a.html",
        &page(
            "A",
            "<p>See <a href=b.html>the other</a>, which is about it.</p>",
        ),
    );
    pages.lay("b.html", &page("B", ""));
    let (folder, cache) = cache();
    let web = Web::default();
    let told = |gathered: &Gathered| format!("{:?}", lines(gathered));
    let first = told(&gathered_with(&web, &pages.source(), &cache).await);
    let again = || Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
    let damage = |shelf: &str, content: Option<&[u8]>| {
        let shelf = folder.path().join("cache").join(shelf);
        for entry in files::list(&shelf).unwrap() {
            let place = shelf.join(entry);
            match content {
                Some(content) => files::write(&place, content).unwrap(),
                None => files::remove(&place).unwrap(),
            }
        }
    };
    // Nobody looks at it.
    damage("pages", Some(b"damaged"));
    let unchanged = again();
    let second = told(&gathered_with(&web, &pages.source(), &unchanged).await);
    assert_eq!(second, first);
    assert_eq!((unchanged.work().pages, unchanged.work().articles), (0, 0));
    // It is wanted, and made anew.
    damage("articles", None);
    let (wanted, third) = (again(), again());
    assert_eq!(
        told(&gathered_with(&web, &pages.source(), &wanted).await),
        first
    );
    assert_eq!((wanted.work().pages, wanted.work().articles), (2, 2));
    damage("pages", None);
    assert_eq!(
        told(&gathered_with(&web, &pages.source(), &third).await),
        first
    );
    assert_eq!(third.work().pages, 2);
    // What changed is read.
    pages.lay(
        "b.html",
        &page(
            "B",
            "<p>Today the ministry said so once more, and again.</p>",
        ),
    );
    let changed = again();
    let fourth = told(&gathered_with(&web, &pages.source(), &changed).await);
    assert!(fourth.contains("once more") && fourth != first);
    assert_eq!((changed.work().pages, changed.work().articles), (1, 1));
}

#[tokio::test]
async fn a_page_of_which_only_the_furniture_changed_is_not_read_again() {
    let web = |word: &str, more: &str| {
        let body = format!(
            "<p>{SENTENCES}{more}</p><div class='ad' id=gpt-{word}>{word}</div>{}",
            format!("<p>{SENTENCES}</p>").repeat(3)
        );
        let boxes = format!(
            "<aside class=sidebar><a href=/{word}>Most read: {word}</a></aside>\
             <script src=/x.js?{word}></script>"
        );
        let page = page("The ferry", &body) + &boxes;
        Web::default()
            .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
            .with("https://n.example/a", "text/html", page)
    };
    let (folder, cache) = cache();
    let body = |gathered: &Gathered| lines(gathered).remove(0).story.unwrap().body;
    let first = gathered_with(&web("alpha", ""), &feed_source(), &cache).await;
    assert!(!body(&first).contains("alpha"));
    for (word, more, read) in [("beta", "", 0), ("gamma", " So it was.", 1)] {
        let again = Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
        let gathered = gathered_with(&web(word, more), &feed_source(), &again).await;
        assert_eq!(again.work().pages, read, "{word}");
        assert_eq!(body(&gathered) == body(&first), read == 0, "{word}");
        // It does not hang on what was kept.
        let fresh = self::gathered(&web(word, more), &feed_source()).await;
        assert_eq!(body(&gathered), body(&fresh));
    }
}

#[tokio::test]
async fn a_page_without_an_article_is_read_once() {
    let (folder, cache) = cache();
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
        .with(
            "https://n.example/a",
            "text/html",
            "<title>Page not found</title><h1>Page not found</h1>",
        );
    let first = gathered_with(&web, &feed_source(), &cache).await;
    let again = Arc::new(Cache::at(folder.path().join("cache"), NOW.parse().unwrap()));
    let second = gathered_with(&web, &feed_source(), &again).await;
    assert_eq!(again.work().pages, 0);
    assert_eq!(first.skipped, second.skipped);
}

/// The made-up newsroom pages that lie beside the project on the developers' machines.
#[tokio::test]
async fn made_up_newsroom_pages_become_articles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/articles/ours/pages");
    if !files::is_folder(&folder) {
        println!("left out: `{}` is not there", folder.display());
        return;
    }
    let gathered = gathered(&Web::default(), &[Source::Folder(folder)]).await;
    assert_eq!(gathered.articles.len(), 90, "{:?}", gathered.skipped);
    assert_eq!(gathered.skipped.len(), 30);
}

#[tokio::test]
async fn rules_of_a_host_hold_for_its_pages_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lines =
        format!("<div class=right>The court</div><div class=text><p>Right. {SENTENCES}</p></div>");
    for (name, host) in [("a", "www.n.example"), ("b", "m.example")] {
        let head = format!("<link rel=canonical href=https://{host}/{name}><title>");
        let page = page(&format!("Wrong {name}"), &lines).replace("<title>", &head);
        files::write(
            &folder.path().join(name.to_owned() + ".html"),
            page.as_bytes(),
        )
        .unwrap();
    }
    let selector = |text| Some(Selector::parse(text).unwrap());
    let rulebook = |title| {
        Rulebook::new(vec![Rules {
            host: Some("n.example".into()),
            title: selector(title),
            body: selector(".text"),
            ..Rules::default()
        }])
    };
    let cache = kept_cache();
    // The second time from what was kept, and the third by other rules.
    for (title, shown) in [
        (".right", "The court"),
        (".right", "The court"),
        ("h1", "Wrong a"),
    ] {
        let (web, sources) = (Web::default(), [Source::Folder(folder.path().into())]);
        let getter = Getter::new(&web, std::iter::empty());
        let gathered = gathered_under(&rulebook(title), &getter, &sources, &cache).await;
        let (_, story) = article(&gathered, shown);
        assert!(story.body.starts_with("<p>Right."), "{}", story.body);
        article(&gathered, "Wrong b");
    }
}

#[tokio::test]
async fn of_a_crawl_nothing_is_asked_of_the_web() {
    let folder = tempfile::tempdir().unwrap();
    let crawl = folder.path().join("a.warc");
    let page = page(
        "The ferry",
        "<img src=https://n.example/1.jpg width=640 height=480>",
    );
    let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}");
    let warc = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://n.example/a\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
        http.len()
    );
    files::write(&crawl, warc.as_bytes()).unwrap();
    let web = Web::default().with("https://n.example/1.jpg", "image/jpeg", photo());
    let gathered = gathered(&web, &[Source::Crawl(crawl)]).await;
    article(&gathered, "The ferry");
    let asked = web.asked.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(asked, 0);
    let [lost] = &gathered.lost_pictures[..] else {
        panic!("{:?}", gathered.lost_pictures);
    };
    assert_eq!(lost.picture, "https://n.example/1.jpg");
    assert!(lost.why.contains("not in the crawl"), "{}", lost.why);
}
