//! A newsroom whose feed forgets, published by the real program: what stays in the next edition, and what goes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use colport::edition::VerifiedEdition;
use colport::packager::NewsroomFolder;
use tempfile::TempDir;

type Pages = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// The newsroom's own web site, of which a test takes things away.
pub struct Web {
    pages: Pages,
    port: u16,
    /// How often the feed was asked for.
    pub rounds: Arc<AtomicUsize>,
}

impl Web {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self {
            pages: Pages::default(),
            port: listener.local_addr().unwrap().port(),
            rounds: Arc::default(),
        };
        let pages = Arc::clone(&web.pages);
        let rounds = Arc::clone(&web.rounds);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = Arc::clone(&pages);
                let rounds = Arc::clone(&rounds);
                std::thread::spawn(move || answer(&stream, &pages, &rounds));
            }
        });
        web
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub fn lay(&self, path: &str, content: impl Into<Vec<u8>>) {
        let path = format!("/{path}");
        self.pages.lock().unwrap().insert(path, content.into());
    }

    fn remove(&self, path: &str) {
        let gone = self.pages.lock().unwrap().remove(&format!("/{path}"));
        assert!(gone.is_some(), "{path}");
    }

    pub fn feed(&self, names: &[&str]) {
        let items: Vec<String> = names
            .iter()
            .map(|name| {
                let link = self.address(name);
                format!("<item><title>Title {name}</title><link>{link}</link></item>")
            })
            .collect();
        let items = items.concat();
        self.lay(
            "feed",
            format!("<rss version='2.0'><channel>{items}</channel></rss>"),
        );
    }
}

fn answer(mut stream: &TcpStream, pages: &Pages, rounds: &AtomicUsize) {
    let mut head = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(path) = head
        .next()
        .and_then(|line| Some(line.split(' ').nth(1)?.to_owned()))
    else {
        return;
    };
    head.find(String::is_empty);
    if path == "/feed" {
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    let found = pages.lock().unwrap().get(&path).cloned();
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

fn photo(red: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([red, 90, 30]));
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

/// Pages name the better picture first, and beside it one that every browser can show.
#[test]
fn a_picture_that_is_missing_at_its_first_address_is_shown_by_its_second() {
    let newsroom = Newsroom::open();
    let web = &newsroom.web;
    web.lay("7.avif", b"\0\0\0\x20ftypavif".to_vec());
    web.lay("dot.png", {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let dot = image::RgbImage::new(9, 9);
        dot.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    });
    let pictures = [
        "<picture><source type=image/webp srcset=/gone.webp><img src=/2.jpg></picture>",
        "<img src=/3.jpg srcset='/3.jpg 300w, /3-2000.jpg 2000w'>",
        "<a href=/4.jpg><img src=/4-300x200.jpg></a>",
        "<picture><source srcset=/7.avif><img src=/5.jpg></picture>",
        "<img src=/6.jpg data-src=/6-large.jpg>",
        // These only hold the place of one.
        "<img src=/dot.png data-src=/a.jpg>",
        "<img src=/8.jpg data-src=/b.jpg>",
        "<img src=/8.jpg data-src=/c.jpg>",
    ];
    for (red, place) in (100..).zip(["2.jpg", "3.jpg", "4-300x200.jpg", "5.jpg", "6.jpg", "8.jpg"])
    {
        web.lay(place, photo(red));
    }
    let shown = pictures.map(|picture| format!("<p>{SENTENCES}</p>{picture}"));
    web.lay("ferry", page("Ferry", 20, &shown.concat()));
    let said = newsroom.packed();
    assert!(said.out.contains("5 pictures"), "{said:?}");
    for lost in ["a.jpg", "b.jpg", "c.jpg"] {
        assert!(said.err.contains(lost), "{said:?}");
    }
    assert!(!said.err.contains("gone.webp"), "{said:?}");
}

#[test]
fn what_is_said_of_a_picture_that_is_missing_stays() {
    let newsroom = Newsroom::open();
    let figure = |name: &str, caption: &str| {
        format!("<figure><img src=/{name}><figcaption>{caption}</figcaption></figure>")
    };
    let body = [
        figure("a.svg", "Seats on the ferry: 60"),
        format!("<p>{SENTENCES}</p>"),
        figure("b.jpg", "Ferries in 2019: 1204"),
        figure("c.jpg", "Photo: Olga Carter"),
    ];
    newsroom.web.lay("ferry", page("Ferry", 20, &body.concat()));
    newsroom.packed();
    let files = newsroom.article("ferry");
    let html = files.values().map(|file| String::from_utf8_lossy(file));
    let html: String = html.collect();
    for said in ["Seats on the ferry: 60", "Ferries in 2019: 1204"] {
        let line = format!("<p><small>{said}</small></p>");
        assert_eq!(html.matches(&line).count(), 1, "{html}");
    }
    assert!(!html.contains("Olga Carter"), "{html}");
}

const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before. \
    Rights groups consider the defendants to be political prisoners and ask for their release.";

pub fn page(title: &str, day: u8, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title>\
         <meta property='article:published_time' content='2025-11-{day:02}T10:00:00Z'></head>\
         <body><article><h1>{title}</h1>{body}<p>{SENTENCES}</p><p>{SENTENCES}</p></article></body></html>"
    )
}

pub struct Newsroom {
    pub web: Web,
    pub site: PathBuf,
    _place: TempDir,
}

#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn colport(words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_colport"))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Newsroom {
    /// A feed with the articles `ferry`, which shows a picture and links to `river`, and `river`, in Persian; and a
    /// folder with the article `notice`.
    pub fn open() -> Self {
        let place = TempDir::new().unwrap();
        let site = place.path().join("news");
        let web = Web::open();
        let links = format!(
            "<figure><img src=/1.jpg alt=Ferry><figcaption>The ferry</figcaption></figure><p>As <a href='{}?utm_source=x'>told</a> \
             and <a href=https://e.example/>elsewhere</a>, it stood still for hours and hours.</p>",
            web.address("river")
        );
        web.lay("ferry", page("Ferry", 20, &links));
        web.lay("1.jpg", photo(200));
        let persian = page(
            "River",
            19,
            "<p dir=rtl>رودخانه دوباره بالا آمد و مردم نگران هستند.</p>",
        );
        web.lay("river", persian.replace("lang=en", "lang=fa dir=rtl"));
        web.feed(&["ferry", "river"]);
        let newsroom = Self {
            web,
            site,
            _place: place,
        };
        let said = colport(&["init", newsroom.site.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{said:?}");
        newsroom.settle("");
        newsroom.lay_notice("notice");
        newsroom
    }

    pub fn settle(&self, more: &str) {
        let feed = self.web.address("feed");
        let settings = format!(
            "site = {{ name = \"Post\", language = \"en\" }}\npack = {{ effort = \"quick\", every = \"1s\" }}\n\
             [[newsroom]]\nid = \"news\"\nname = \"Post\"\nlanguage = \"en\"\n{more}\n\
             [[newsroom.source]]\nfeed = \"{feed}\"\n[[newsroom.source]]\nfolder = \"articles\"\n"
        );
        fs::write(self.site.join("colport.toml"), settings).unwrap();
    }

    pub fn lay_notice(&self, name: &str) {
        let file = self.site.join(format!("articles/{name}.html"));
        fs::write(file, page(name, 18, "")).unwrap();
    }

    pub fn pack(&self) -> Said {
        colport(&["pack", "--site", self.site.to_str().unwrap()])
    }

    #[track_caller]
    pub fn packed(&self) -> Said {
        let said = self.pack();
        assert_eq!(said.code, Some(0), "{said:?}");
        said
    }

    /// Which files on this computer hold these bytes, besides earlier editions, the folder of pages and the settings.
    fn traces(&self, of: &[u8]) -> Vec<PathBuf> {
        let is_told = |path: &Path| {
            let below = path.strip_prefix(&self.site).unwrap();
            ["editions", "articles", "colport.toml"]
                .iter()
                .any(|name| below.starts_with(name))
        };
        let mut found = content(&self.site);
        found.retain(|path, content| {
            !is_told(path) && content.windows(of.len()).any(|piece| piece == of)
        });
        found.into_keys().collect()
    }

    fn archive(&self) -> PathBuf {
        self.site.join("archive/news.jsonl")
    }

    /// The newest edition: its number, and its files.
    pub fn edition(&self) -> (u64, BTreeMap<String, Vec<u8>>) {
        let folder = NewsroomFolder::at(&self.site);
        let now = jiff::Timestamp::now();
        let edition: Arc<VerifiedEdition> = folder.newest(now).unwrap().unwrap();
        let files = edition.files();
        let files = files.map(|(path, entry)| (path.to_string(), edition.content(entry).to_vec()));
        (edition.number(), files.collect())
    }

    /// Of the newest edition, the files of the article of that name.
    pub fn article(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.edition().1;
        let start = format!("news/2025/11/{name}-");
        files.retain(|path, _| path.starts_with(&start));
        files
    }

    /// Whether a page of the newest edition leads to the article.
    #[track_caller]
    fn leads(&self, page: &str, name: &str) -> bool {
        let files = self.edition().1;
        String::from_utf8_lossy(&files[page]).contains(&format!("{name}-"))
    }
}

/// What lies in a newsroom's folder, but for what may be deleted.
fn valued(site: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = content(site);
    found.retain(|path, _| !path.starts_with(site.join("cache")));
    found
}

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(content(&path)),
            false => drop(found.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

#[test]
fn an_article_that_its_feed_forgot_stays_as_it_was() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let fresh = [newsroom.article("ferry"), newsroom.article("river")];
    assert_eq!((fresh[0].len(), fresh[1].len()), (2, 1), "page and picture");

    // Neither the feed nor the site knows them any more.
    let web = &newsroom.web;
    web.lay("market", page("Market", 22, ""));
    web.feed(&["market"]);
    for path in ["ferry", "river", "1.jpg"] {
        web.remove(path);
    }
    let said = newsroom.packed();
    assert!(
        said.out.contains("kept from before: 2 articles"),
        "{said:?}"
    );
    assert_eq!(said.err, "");
    assert_eq!(newsroom.edition().0, 2);
    assert_eq!(
        fresh,
        [newsroom.article("ferry"), newsroom.article("river")]
    );
    for page in ["index.html", "2025/11/index.html", "feed.xml"] {
        for name in ["market", "ferry", "river", "notice"] {
            assert!(
                newsroom.leads(&format!("news/{page}"), name),
                "{page} {name}"
            );
        }
    }
    let (_, files) = newsroom.edition();
    let feed = String::from_utf8_lossy(&files["news/feed.xml"]).into_owned();
    assert!(feed.find("market-") < feed.find("ferry-"), "{feed}");
}

#[test]
fn packing_again_writes_nothing() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let check = || {
        let before = valued(&newsroom.site);
        let said = newsroom.packed();
        assert!(said.out.contains("Nothing is new"), "{said:?}");
        assert_eq!(before, valued(&newsroom.site));
    };
    check();
    newsroom.web.feed(&["river"]);
    check();
    check();
}

#[test]
fn an_article_is_brought_up_to_date_in_its_place() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let before = newsroom.article("ferry");
    newsroom.web.lay(
        "ferry",
        page(
            "Ferry",
            20,
            "<p>It goes again, as it did for a hundred years.</p>",
        ),
    );
    newsroom.packed();
    let after = newsroom.article("ferry");
    assert_eq!(after.len(), 1, "the picture is gone");
    let (path, html) = after.first_key_value().unwrap();
    assert!(before.contains_key(path));
    assert!(String::from_utf8_lossy(html).contains("It goes again"));
}

#[test]
fn a_withdrawn_article_goes_with_its_pictures_for_good() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let (words, picture) = (&b"stood still"[..], &photo(200)[..]);
    assert!(newsroom.traces(words).len() > 3 && newsroom.traces(picture).len() == 1);
    newsroom.web.feed(&["river"]);
    newsroom.packed();
    let address = newsroom.web.address("ferry");
    newsroom.settle(&format!(
        "withdrawn = [\"{address}\", \"news/2025/11/unknown-000000/\"]"
    ));
    let said = newsroom.packed();
    assert!(
        said.err
            .contains("`news/2025/11/unknown-000000/` is withdrawn, but"),
        "{said:?}"
    );
    assert!(!said.err.contains(&address), "{said:?}");
    assert!(
        said.err
            .contains("no longer in the site: news/2025/11/ferry-"),
        "{said:?}"
    );
    let grave = newsroom.article("ferry");
    assert_eq!(grave.len(), 1, "neither picture nor text");
    let (place, html) = grave.first_key_value().unwrap();
    assert!(place.ends_with("/index.html"));
    assert!(String::from_utf8_lossy(html).contains("This article was withdrawn"));
    let (_, files) = newsroom.edition();
    for (path, file) in &files {
        assert!(!String::from_utf8_lossy(file).contains("ferry-"), "{path}");
    }
    for trace in [words, picture, b"Ferry", b"RIFF"] {
        assert_eq!(newsroom.traces(trace), Vec::<PathBuf>::new());
    }
    assert!(said.err.contains("1.tar.gz` if nobody"), "{said:?}");

    newsroom.web.feed(&["ferry", "river"]);
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
}

#[test]
fn an_article_that_was_pushed_and_taken_back_leaves_a_page_that_says_so() {
    let newsroom = Newsroom::open();
    newsroom.settle("[[newsroom.source]]\ninbox = \"inbox\"");
    let inbox = newsroom.site.join("inbox");
    fs::create_dir_all(&inbox).unwrap();
    let push = |json: &str| {
        fs::write(inbox.join("a.json"), json).unwrap();
        newsroom.packed()
    };
    // Named by no address, so that only its place tells where it was.
    let article = format!(
        "{{\"id\":\"cms-4711\",\"title\":\"A source named Maryam\",\"language\":\"fa\",\
         \"published\":\"2025-11-21T10:00:00Z\",\"html\":\"<p>{SENTENCES}</p>\"}}"
    );
    push(&article);
    let shown = newsroom.article("cms-4711");
    assert_eq!(shown.len(), 1);
    assert!(newsroom.leads("news/index.html", "cms-4711"));

    let withdrawal = "{\"id\":\"cms-4711\",\"withdraw\":true}";
    let said = push(withdrawal);
    assert!(said.err.contains("no longer in the site"), "{said:?}");
    let left = newsroom.article("cms-4711");
    assert!(left.keys().eq(shown.keys()));
    let page = String::from_utf8(left.into_values().next().unwrap()).unwrap();
    assert!(page.contains("<html lang=\"fa\" dir=\"rtl\">"), "{page}");
    assert!(
        !page.contains("Maryam") && !page.contains("flowers"),
        "{page}"
    );
    assert!(!newsroom.leads("news/index.html", "cms-4711"));
    let archive = fs::read_to_string(newsroom.archive()).unwrap();
    assert!(archive.contains("cms-4711"));
    assert_eq!(newsroom.traces(b"Maryam"), Vec::<PathBuf>::new());
    let said = push(withdrawal);
    assert!(said.out.contains("Nothing is new"), "{said:?}");

    push(&article);
    assert!(newsroom.article("cms-4711") == shown);
    assert!(newsroom.leads("news/index.html", "cms-4711"));
}

/// Anybody can find a name that gives the place of another's article.
#[test]
fn a_name_that_gives_the_place_of_an_article_takes_none() {
    let (own, found) = (
        "http://own.example/18/ferry",
        "http://evil.example/4440777/ferry",
    );
    let newsroom = Newsroom::open();
    let settle = |source: &str, withdrawn: &str| {
        let source = format!("[[newsroom.source]]\n{source}\n");
        newsroom.settle(&format!("{withdrawn}\n{source}"));
    };
    let inbox = newsroom.site.join("inbox");
    fs::create_dir_all(&inbox).unwrap();
    let article = format!(
        "{{\"id\":\"{own}\",\"title\":\"Ferry\",\"published\":\"2025-11-21T10:00:00Z\",\"html\":\"<p>{SENTENCES}</p>\"}}"
    );
    fs::write(inbox.join("a.json"), article).unwrap();
    let feed = format!(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><item><title>Ferry</title>\
         <link>{own}</link><pubDate>Fri, 21 Nov 2025 10:00:00 GMT</pubDate>\
         <content:encoded><![CDATA[<p>{SENTENCES}]]></content:encoded></item></channel></rss>"
    );
    fs::write(newsroom.site.join("told.xml"), feed).unwrap();
    for source in ["inbox = \"inbox\"", "feed = \"told.xml\""] {
        settle(source, "");
        newsroom.packed();
        let place = "news/2025/11/ferry-702683/index.html";
        assert!(newsroom.edition().1.contains_key(place));
        settle(source, &format!("withdrawn = [\"{found}\"]"));
        for _ in 0..2 {
            let said = newsroom.packed();
            let unknown = format!("`{found}` is withdrawn, but no article");
            assert!(said.err.contains(&unknown), "{said:?}");
            let page = String::from_utf8(newsroom.edition().1[place].clone()).unwrap();
            assert!(page.contains("flowers"), "{page}");
        }
        newsroom.settle("");
        newsroom.packed();
    }
}

#[test]
fn a_withdrawn_page_of_a_folder_says_so_also_when_its_file_is_gone() {
    let newsroom = Newsroom::open();
    newsroom.lay_notice("second");
    let articles = |out: &str| -> usize {
        let (_, told) = out.split_once("news: ").unwrap();
        told.split(' ').next().unwrap().parse().unwrap()
    };
    let before = articles(&newsroom.packed().out);
    let place = newsroom.article("notice").into_keys().next().unwrap();
    newsroom.settle(&format!("withdrawn = [\"{place}\"]"));
    let told = newsroom.packed().out;
    assert_eq!(articles(&told), before - 1, "{told}");
    assert!(told.contains("; withdrawn: 1 article\n"), "{told}");
    let texts = newsroom.site.join("archive/news.texts.jsonl");
    let check = || {
        let texts = fs::read_to_string(&texts).unwrap();
        assert!(
            texts.contains("second.html") && !texts.contains("notice.html"),
            "{texts}"
        );
        let grave = newsroom.article("notice");
        let html = String::from_utf8_lossy(&grave[&place]).into_owned();
        assert!(html.contains("This article was withdrawn"), "{html}");
        assert!(!html.contains("Several hundred people"), "{html}");
        assert!(!newsroom.leads("news/index.html", "notice"));
    };
    check();
    fs::remove_file(newsroom.site.join("articles/notice.html")).unwrap();
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
    assert_eq!(said.err, "");
    check();

    newsroom.lay_notice("notice");
    newsroom.settle("");
    newsroom.packed();
    let back = newsroom.article("notice");
    assert!(String::from_utf8_lossy(&back[&place]).contains("Several hundred people"));
}

#[test]
fn an_article_that_is_dated_anew_keeps_its_address_and_shows_both_dates() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let before = newsroom.article("river").into_keys().next();
    let updated = page(
        "River",
        19,
        "<p>The water has fallen again, slowly, since the morning.</p>",
    )
    .replace("2025-11-19", "2025-12-01");
    newsroom.web.lay("river", updated);
    newsroom.packed();
    let after = newsroom.article("river");
    assert_eq!(after.keys().next(), before.as_ref());
    let html = String::from_utf8_lossy(after.values().next().unwrap()).into_owned();
    assert!(html.contains("The water has fallen"), "{html}");
    assert!(html.contains("datetime=\"2025-11-19T"), "{html}");
    assert!(html.contains("datetime=\"2025-12-01T"), "{html}");
}

#[test]
fn a_page_without_a_date_keeps_the_one_it_had_when_it_was_first_seen() {
    let newsroom = Newsroom::open();
    let file = newsroom.site.join("articles/notice.html");
    let undated = page("notice", 18, "").replace("article:published_time", "x");
    fs::write(&file, undated).unwrap();
    let written = |days: u64| {
        let day = std::time::Duration::from_secs(days * 86_400);
        let then = std::time::SystemTime::UNIX_EPOCH + day;
        let file = fs::File::options().append(true).open(&file).unwrap();
        file.set_modified(then).unwrap();
    };
    written(20_000);
    newsroom.packed();
    let first = newsroom.edition();
    assert!(
        first
            .1
            .keys()
            .any(|path| path.starts_with("news/2024/10/notice-"))
    );
    written(20_200);
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
    assert_eq!(newsroom.edition(), first);
}

#[test]
fn a_page_that_was_dated_by_utc_keeps_its_address() {
    let newsroom = Newsroom::open();
    let file = newsroom.site.join("articles/notice.html");
    let told = |date: &str| {
        let dated = page("notice", 18, "").replace("2025-11-18T10:00:00Z", date);
        fs::write(&file, dated).unwrap();
        newsroom.packed();
        let paths = newsroom.edition().1.into_keys();
        let notices = paths.filter(|path| path.contains("/notice-"));
        notices.collect::<Vec<_>>()
    };
    let before = told("2025-10-31T23:30:00Z");
    assert!(before[0].starts_with("news/2025/10/"), "{before:?}");
    assert_eq!(told("2025-11-01T07:30:00+08:00"), before);
}

#[test]
fn small_copies_lie_beside_the_newest_edition_only() {
    let newsroom = Newsroom::open();
    let bundles = || -> Vec<String> {
        let found = content(&newsroom.site.join("editions")).into_keys();
        let names = found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        names.collect()
    };
    newsroom.packed();
    assert_eq!(bundles(), ["1-text.tar.gz", "1.tar.gz"]);
    newsroom.lay_notice("second");
    newsroom.packed();
    assert_eq!(bundles(), ["1.tar.gz", "2-text.tar.gz", "2.tar.gz"]);

    let small = newsroom.site.join("editions/2-text.tar.gz");
    let root = newsroom.site.join("signed/1.root.json");
    let said = colport(&[
        "verify",
        small.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("1 picture is left out, and nothing else"),
        "{said:?}"
    );

    let bytes = fs::read(&small).unwrap();
    fs::remove_file(&small).unwrap();
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
    assert_eq!(fs::read(&small).unwrap(), bytes);
}

#[test]
fn what_a_newsroom_loses_with_the_cache_is_time() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    fs::remove_dir_all(newsroom.site.join("cache")).unwrap();
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
    let cache = newsroom.site.join("cache");
    for (place, mut entry) in content(&cache) {
        let middle = entry.len() / 2;
        // The lock is empty.
        if let Some(byte) = entry.get_mut(middle) {
            *byte ^= 1;
            fs::write(place, entry).unwrap();
        }
    }
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
    assert_eq!(said.err, "");
}

#[test]
fn a_page_taken_out_of_its_folder_goes() {
    let newsroom = Newsroom::open();
    newsroom.lay_notice("second");
    newsroom.packed();
    assert_eq!(newsroom.article("notice").len(), 1);
    fs::remove_file(newsroom.site.join("articles/notice.html")).unwrap();
    let said = newsroom.packed();
    assert!(
        said.err
            .contains("no longer in the site: news/2025/11/notice-"),
        "{said:?}"
    );
    assert_eq!(newsroom.article("notice"), BTreeMap::new());
    assert_eq!(newsroom.article("ferry").len(), 2);
    assert!(
        !fs::read_to_string(newsroom.archive())
            .unwrap()
            .contains("notice")
    );
}

#[test]
fn a_feed_that_cannot_be_read_does_not_silence_the_rest() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let before = newsroom.article("ferry");
    newsroom.web.lay("feed", "<html>This site is blocked");
    newsroom.lay_notice("second");
    let said = newsroom.pack();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err
            .contains("is not a feed; what was kept of it is shown"),
        "{said:?}"
    );
    assert_eq!(newsroom.edition().0, 2);
    assert_eq!(newsroom.article("ferry"), before);
    assert_eq!(newsroom.article("second").len(), 1);

    let written = valued(&newsroom.site);
    let said = newsroom.pack();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(written, valued(&newsroom.site));
}

#[test]
fn a_source_of_which_nothing_was_kept_stops_the_edition() {
    let check = |newsroom: &Newsroom| {
        let written = valued(&newsroom.site);
        let said = newsroom.pack();
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains("gave nothing"), "{said:?}");
        assert_eq!(written, valued(&newsroom.site));
    };
    let newsroom = Newsroom::open();
    newsroom.packed();
    fs::remove_file(newsroom.site.join("articles/notice.html")).unwrap();
    check(&newsroom);
    newsroom.lay_notice("notice");
    newsroom.web.remove("feed");
    fs::remove_file(newsroom.archive()).unwrap();
    check(&newsroom);
}

#[test]
fn a_damaged_archive_is_named_and_nothing_is_written() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let text = fs::read_to_string(newsroom.archive()).unwrap();
    fs::write(newsroom.archive(), &text[..text.len() - 20]).unwrap();
    let written = valued(&newsroom.site);
    let said = newsroom.pack();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("news.jsonl` is damaged in line 2"),
        "{said:?}"
    );
    assert!(said.err.contains("try: put the file back"), "{said:?}");
    assert_eq!(written, valued(&newsroom.site));
}

/// A power cut after the archive was written and before the edition was in place.
#[test]
fn an_archive_ahead_of_its_edition_loses_no_article() {
    let newsroom = Newsroom::open();
    newsroom.web.feed(&["river"]);
    newsroom.packed();
    newsroom.web.feed(&["ferry", "river"]);
    newsroom.packed();
    let whole = newsroom.article("ferry");
    let cut = || {
        fs::remove_file(newsroom.site.join("editions/2.tar.gz")).unwrap();
        fs::write(newsroom.site.join("archive/newest-edition"), "1\n").unwrap();
    };
    cut();

    // The feed still names it: nothing is lost.
    newsroom.packed();
    assert_eq!(newsroom.article("ferry"), whole);

    // The feed has forgotten it meanwhile: only the picture, which was never published, is lost.
    cut();
    newsroom.web.feed(&["river"]);
    let said = newsroom.packed();
    assert!(
        said.err
            .contains("a picture is missing in news/2025/11/ferry-"),
        "{said:?}"
    );
    let ferry = newsroom.article("ferry");
    assert_eq!(ferry.len(), 1);
    let page = String::from_utf8_lossy(ferry.first_key_value().unwrap().1).into_owned();
    assert!(
        page.contains("stood still") && !page.contains("1.webp"),
        "{page}"
    );
    assert!(newsroom.packed().out.contains("Nothing is new"));
}
