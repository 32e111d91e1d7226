//! How heavy a page is on the wire. Some networks let a connection starve after about 15 KB, so a page must be whole
//! before that: at most 12 KB with all its styles, wherever the text itself allows.

use std::fs;
use std::io::{Read, Write};

use colport::base::{NewsroomId, SitePath};
use colport::site::{
    self, About, Article, Clock, Headline, Language, Link, Look, Newsroom, Picture, Resolve,
    SiteIdentity, Typesetter,
};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{demo, pages};

/// On the wire.
const PAGE: usize = 12_000;
/// All of an article's page but its text.
const FRAME: usize = 3_000;
const SMALL_PICTURE: usize = 10_000;

fn wire(content: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn every_page_of_the_demo_is_light() {
    let pages = pages(demo(), demo());
    assert!(pages.len() > 40, "{pages:?}");
    for page in pages {
        let weight = wire(&fs::read(demo().join(&page)).unwrap());
        assert!(weight <= PAGE, "{page}: {weight} bytes");
    }
}

#[test]
fn pages_of_the_demo_show_small_pictures_first() {
    let mut seen = 0;
    for page in pages(demo(), demo()) {
        let html = fs::read_to_string(demo().join(&page)).unwrap();
        let folder = demo().join(&page);
        for tag in html.split("<img ").skip(1) {
            let address = tag
                .split("src=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            let address = percent_encoding::percent_decode_str(address)
                .decode_utf8()
                .unwrap();
            let file = folder.parent().unwrap().join(&*address);
            let weight = fs::metadata(&file).unwrap().len();
            assert!(
                weight <= SMALL_PICTURE as u64,
                "{page}: {address}: {weight} bytes"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

struct NoLinks;

impl Resolve for NoLinks {
    fn link(&self, href: &str) -> Link {
        Link::Outside(href.to_owned())
    }

    fn picture(&self, _: &str) -> Option<Picture> {
        None
    }
}

/// Words that no compressor knows, of a length as in newspapers.
fn words(count: usize, letters: &str, seed: u32) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut text = String::new();
    for _ in 0..count {
        let length = 3 + next(8);
        text.extend((0..length).map(|_| letters[next(letters.len())]));
        text.push(' ');
    }
    text
}

fn article(newsroom: &Newsroom, letters: &str, seed: u32) -> Article {
    article_of(newsroom, letters, seed, 1)
}

fn article_of(newsroom: &Newsroom, letters: &str, seed: u32, paragraphs: u32) -> Article {
    let published = "2026-11-20T10:00:00Z".parse().unwrap();
    let slug = format!("a-long-story-about-water-{seed}");
    let path = Article::place(&newsroom.id, published, Clock::default(), &slug).unwrap();
    let beside = |file: &str| SitePath::parse(&path.as_str().replace("index.html", file)).unwrap();
    let picture = Picture {
        path: beside("1.webp"),
        small: Some(beside("1s.webp")),
        width: 1200,
        height: 800,
        alt: words(9, letters, seed + 1),
        caption: Some(words(12, letters, seed + 2)),
    };
    let paragraph = |n| format!("<p>{}</p>", words(700, letters, seed + 3 + n * 1000));
    let body: String = (0..paragraphs).map(paragraph).collect();
    Article {
        newsroom: newsroom.id.clone(),
        title: words(8, letters, seed + 4),
        byline: Some(words(2, letters, seed + 5)),
        published,
        clock: Clock::default(),
        updated: Some(published),
        language: newsroom.language.clone(),
        summary: words(20, letters, seed + 6),
        section: Some("Water".into()),
        lead: Some(picture),
        body: site::clean(&body, &path, &NoLinks),
        source: Some("https://news.example/2026/11/20/a-long-story-about-water".into()),
        path,
    }
}

/// What people wrote.
fn text_of(article: &Article) -> String {
    let lead = article.lead.as_ref().unwrap();
    let texts = [
        &article.title,
        &article.summary,
        article.byline.as_ref().unwrap(),
        &lead.alt,
        lead.caption.as_ref().unwrap(),
        article.body.as_str(),
    ];
    texts.concat()
}

/// A site with one newsroom.
fn site_in(language: &str) -> (SiteIdentity, [Newsroom; 1]) {
    let newsrooms = [Newsroom {
        id: NewsroomId::parse("news").unwrap(),
        name: "The River Post".into(),
        tagline: "News".into(),
        language: Language::parse(language).unwrap(),
        logo: None,
    }];
    let identity = SiteIdentity {
        name: "The Post of All Rivers".into(),
        language: Language::parse("en").unwrap(),
        look: Look {
            accent: Some(site::Accent::parse("#0b4f6c").unwrap()),
        },
        logo: None,
    };
    (identity, newsrooms)
}

fn check(language: &str, letters: &str) {
    let (identity, newsrooms) = site_in(language);
    let setter = Typesetter {
        site: &identity,
        newsrooms: &newsrooms,
        about: &About::default(),
    };
    let articles: Vec<Article> = (0..60)
        .map(|n| article(&newsrooms[0], letters, n * 100))
        .collect();
    let (_, page) = setter.article(&articles[0]).unwrap();
    let frame = wire(&page) - wire(text_of(&articles[0]).as_bytes());
    println!("{language}: {frame} bytes around the text");
    assert!(frame <= FRAME, "{language}: {frame} bytes around the text");

    // Files of the index are filled to a weight that is guessed, and lists by number: this is the heaviest text.
    let headlines: Vec<Headline> = articles.iter().map(Headline::of).collect();
    let mut files = Vec::new();
    setter.lists(&headlines, &mut |page| files.push(page));
    files.extend(setter.abouts(&headlines));
    let parts = files
        .iter()
        .filter(|(path, _)| path.as_str().contains("/search-"));
    assert!(parts.count() > 2);
    for (path, file) in files {
        let weight = wire(&file);
        assert!(weight <= PAGE, "{path}: {weight} bytes");
    }
}

#[test]
fn what_stands_around_a_text_is_light() {
    check("en", "etaoinshrdlu");
    check("be", "аоенісрвлкцзд");
    check("fa", "اینردمتهوشسبک");
    check("zh", "的一是不了人我在有他这中大来上国个到说们");
}

/// Where a connection starves, a reader has what had come by then.
#[test]
fn of_a_long_text_the_first_bytes_are_worth_reading() {
    for (language, letters) in [("en", "etaoinshrdlu"), ("fa", "اینردمتهوشسبک")] {
        let (identity, newsrooms) = site_in(language);
        let setter = Typesetter {
            site: &identity,
            newsrooms: &newsrooms,
            about: &About::default(),
        };
        let article = article_of(&newsrooms[0], letters, 7, 20);
        let (_, page) = setter.article(&article).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&page).unwrap();
        let sent = encoder.finish().unwrap();
        assert!(sent.len() > 3 * PAGE);
        let mut came = Vec::new();
        let mut decoder = GzDecoder::new(&sent[..PAGE]);
        let mut piece = [0; 512];
        while let Ok(read @ 1..) = decoder.read(&mut piece) {
            came.extend(&piece[..read]);
        }
        let came = String::from_utf8_lossy(&came);
        let (_, text) = came.split_once("<div class=\"body\">").unwrap();
        assert!(came.contains("</style>") && came.contains("</h1>"));
        let words = text.split_whitespace().count();
        println!("{language}: {words} words in the first {PAGE} bytes");
        assert!(words > 1_000, "{language}: {words} words");
    }
}
