//! A newsroom in each language that there are words in, full of what is hard to set: words longer than a telephone is
//! wide, wide tables, articles in another language than their newsroom's, and pictures that are all missing.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use colport::base::{NewsroomId, SitePath};
use colport::site::{
    self, About, Article, Clock, Language, Link, Look, Newsroom, Picture, Resolve, SiteIdentity,
};
use tempfile::TempDir;

use super::{browse, check_access, copy, has};

/// Language, name of the newsroom, a headline, a sentence, and a word that is too long.
const TONGUES: &[[&str; 5]] = &[
    [
        "be",
        "Рачная пошта",
        "Паром вярнуўся пасля пятнаццаці гадоў цішыні",
        "Праезд каштуе рубель, для школьнікаў — бясплатна.",
        "шматмільённадоларавыразнаёдабрахімічнасельскагаспадарчы",
    ],
    [
        "ru",
        "Речная почта",
        "Паром вернулся после пятнадцати лет тишины",
        "Проезд стоит рубль, для школьников — бесплатно.",
        "тетрагидропиранилциклопентилтетрагидропиридопиридиновые",
    ],
    [
        "uk",
        "Річкова пошта",
        "Пором повернувся після пʼятнадцяти років тиші",
        "Проїзд коштує гривню, для школярів — безкоштовно.",
        "дихлордифенілтрихлорметилметандихлордифенілового",
    ],
    [
        "en",
        "The River Post",
        "The ferry is back after fifteen silent years",
        "A ride costs a shilling, and nothing for pupils.",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    ],
    [
        "fa",
        "پیک رود",
        "کشتی پس از پانزده سال خاموشی بازگشت",
        "دادگاه سه هفته عقب افتاد، چون وکیل بیمار شد.",
        "خوش‌برخوردترین‌هایشان‌راخوش‌برخوردترین‌هایشان‌را",
    ],
    [
        "zh",
        "河畔邮报",
        "渡船沉寂十五年后重新开航",
        "因为律师病了，法院把案子推迟了三个星期。",
        "https://news.example/a-very-long-address-that-nobody-wants-to-read/aloud",
    ],
    [
        "tr",
        "Irmak Postası",
        "Feribot on beş yıllık sessizlikten sonra döndü",
        "Avukat hastalandığı için mahkeme davayı erteledi.",
        "Muvaffakiyetsizleştiricileştiriveremeyebileceklerimizdenmişsinizcesine",
    ],
    [
        "ar",
        "بريد النهر",
        "عادت العبّارة بعد خمسة عشر عاماً من الصمت",
        "أجلت المحكمة القضية ثلاثة أسابيع لأن المحامي مريض.",
        "أفاستسقيناكموهاوالمستشفياتأفاستسقيناكموهاوالمستشفيات",
    ],
];

/// So many that a month has a second page, in the first language. Pages of lists take axe long.
const PLAIN: usize = 50;
const FEW: usize = 4;

struct Anywhere;

impl Resolve for Anywhere {
    fn link(&self, href: &str) -> Link {
        Link::Outside(href.to_owned())
    }

    /// One with a small one of its own, and one that is small itself and has no words.
    fn picture(&self, src: &str) -> Option<Picture> {
        let path = |file: &str| SitePath::parse(&format!("pictures/{file}.webp")).unwrap();
        Some(Picture {
            path: path(src),
            small: (src == "1").then(|| path("1s")),
            width: 1200,
            height: 800,
            alt: String::new(),
            caption: None,
        })
    }
}

fn newsroom([tag, name, _, tagline, _]: &[&str; 5]) -> Newsroom {
    Newsroom {
        id: NewsroomId::parse(tag).unwrap(),
        name: (*name).to_owned(),
        tagline: (*tagline).to_owned(),
        language: Language::parse(tag).unwrap(),
        logo: None,
    }
}

fn article(room: &str, slug: &str, day: usize, tongue: &[&str; 5], body: &str) -> Article {
    let [tag, name, headline, sentence, word] = tongue;
    let newsroom = NewsroomId::parse(room).unwrap();
    let published = format!("2026-10-{day:02}T10:00:00Z").parse().unwrap();
    let path = Article::place(&newsroom, published, Clock::default(), slug).unwrap();
    Article {
        title: match slug {
            "long" => format!("{word} {headline}"),
            _ => (*headline).to_owned(),
        },
        byline: Some((*name).to_owned()),
        updated: Some(published),
        language: Language::parse(tag).unwrap(),
        summary: (*sentence).to_owned(),
        section: Some((*word).to_owned()),
        lead: (slug != "long").then(|| Anywhere.picture("1").unwrap()),
        body: site::clean(body, &path, &Anywhere),
        source: Some(format!("https://news.example/{}", "long".repeat(40))),
        newsroom,
        path,
        published,
        clock: Clock::default(),
    }
}

/// Everything that an article may hold, wider than a telephone wherever it can be.
fn wide([_, _, headline, sentence, word]: &[&str; 5]) -> String {
    let row = |cell: &str| format!("<tr>{}</tr>", cell.repeat(9));
    let head = row(&format!("<th>{headline}</th>"));
    let rows = row(&format!("<td>{sentence}</td>")).repeat(3);
    format!(
        "<p>{sentence} <a href='https://news.example/'>{headline}</a> {word} <code>{word}</code></p><h2>{headline}</h2>\
         <table><caption>{headline}</caption>{head}{rows}</table><p><img src=2> {sentence}</p>\
         <figure><img src=1><figcaption>{sentence}</figcaption></figure><pre>{}</pre>\
         <ul><li>{sentence}<ol><li>{word}</li></ol></li></ul><blockquote><p>{sentence}</p><p>{word}</p></blockquote>\
         <blockquote lang=fa dir=rtl><p>دادگاه سه هفته عقب افتاد</p></blockquote><hr><dl><dt>{headline}<dd>{sentence}</dl>\
         <details><summary>{headline}</summary><p>{sentence}</p></details>",
        sentence.repeat(9)
    )
}

fn articles(number: usize) -> Vec<Article> {
    let tongue = &TONGUES[number];
    let other = &TONGUES[(number + 4) % TONGUES.len()];
    let [room, _, _, sentence, word] = tongue;
    let prose = format!("<p>{sentence} {word}</p>");
    let many = if number == 0 { PLAIN } else { FEW };
    let plain = (0..many).map(|n| article(room, &format!("plain-{n}"), 1 + n % 20, tongue, &prose));
    let hard = [
        article(room, "wide", 27, tongue, &wide(tongue)),
        article(room, "long", 26, tongue, &prose),
        article(room, "other", 25, other, &format!("<p>{}</p>", other[3])),
    ];
    plain.chain(hard).collect()
}

fn tongues() -> &'static Path {
    static SITE: OnceLock<TempDir> = OnceLock::new();
    SITE.get_or_init(set).path()
}

fn set() -> TempDir {
    let newsrooms: Vec<Newsroom> = TONGUES.iter().map(newsroom).collect();
    let articles: Vec<Article> = (0..TONGUES.len()).flat_map(articles).collect();
    let identity = SiteIdentity {
        name: "The Post of All Rivers".into(),
        language: Language::parse("en").unwrap(),
        look: Look::default(),
        logo: None,
    };
    let place = tempfile::tempdir().unwrap();
    let about = About {
        fingerprint: Some("ce27-ebec-bb65-77ea-80a5-31f7-174e-a519".parse().unwrap()),
        elsewhere: vec![TONGUES[3][4].to_owned()],
        ..About::default()
    };
    for (path, file) in site::render(&identity, &newsrooms, &articles, &about) {
        let at = place.path().join(path.as_str());
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, file).unwrap();
    }
    place
}

/// One of each kind of page in each language.
fn is_of_a_kind(page: &str) -> bool {
    !page.contains("plain-")
}

#[test]
fn axe_finds_nothing_in_any_language_on_light_paper() {
    check_access(tongues(), is_of_a_kind, &[320, 1280], "light", &[]);
}

#[test]
fn axe_finds_nothing_in_any_language_on_dark_paper() {
    let dark = ["--blink-settings=preferredColorScheme=0"];
    check_access(tongues(), is_of_a_kind, &[320], "dark", &dark);
}

#[test]
fn a_picture_that_is_missing_takes_no_more_room_than_its_words() {
    if !has("chromium") {
        return;
    }
    let pages = ["index.html", "fa/index.html", "be/2026/10/wide/index.html"];
    let addresses = serde_json::to_string(&pages).unwrap();
    let script = format!("const pages = {addresses};{}", include_str!("missing.js"));
    let site = tempfile::tempdir().unwrap();
    copy(tongues(), site.path());
    let said = browse(site.path(), &script, &[]);
    let looked = said.iter().filter(|line| line.starts_with("looked at"));
    assert_eq!(looked.count(), 6, "{said:#?}");
    let large: Vec<_> = said
        .iter()
        .filter(|line| line.starts_with("large"))
        .collect();
    assert!(large.is_empty(), "{large:#?}");
}
