//! What is kept, shown and let go of.

use crate::site::{
    self, About, Article, Clock, Language, Link, Newsroom, Picture, Resolve, SiteIdentity,
};

use super::super::Waiting;
use super::*;

mod partners;
mod rounds;
mod withdrawing;

fn id() -> NewsroomId {
    "fa".parse().unwrap()
}

fn path(text: &str) -> SitePath {
    SitePath::parse(text).unwrap()
}

fn empty() -> Archive {
    Archive::read("/nowhere/fa.jsonl".into(), &id()).unwrap()
}

impl Archive {
    fn write(self) -> Result<(), ArchiveError> {
        Ok(self.write_beside()?.put_in_place()?)
    }
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
        let text = Whereabouts::Memory(slip.text().unwrap().into());
        Arc::make_mut(slip).text = text;
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
        published: "2026-11-20T10:00:00Z".parse().unwrap(),
        clock: Clock::ahead(210),
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
        also: Vec::new(),
        said: None,
        told_by: None,
        is_hearsay: false,
        own_id: None,
        left_out: None,
        read_by: None,
        language: None,
        story: Some(Story {
            title: article.title.clone(),
            byline: article.byline.clone(),
            published: Moment(article.published),
            minutes_ahead: article.clock.minutes_ahead(),
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
            .map(|line| Slip::of(line, true, &drawer()).into())
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
    let shelf = Shelf::of(&stock.articles, &stock.graves);
    let article = |slip: &Slip| {
        let line = slip.line().unwrap();
        let body = &line.story.as_ref().unwrap().body;
        Article {
            body: site::clean(body, &line.path, &line.page(&shelf).unwrap()),
            ..line.bare_article().unwrap()
        }
    };
    stock.articles.iter().map(|slip| article(slip)).collect()
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
    assert!(
        body.contains("<a href=\"../ruz/index.html\">in</a>"),
        "{body}"
    );
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

#[test]
fn a_link_to_what_was_withdrawn_leads_to_the_page_that_says_so() {
    let link = "<p>As <a href='https://n.example/ruz?utm_source=x'>told</a>, at <a href='https://n.example/other'>length</a>";
    let lines = |is_hearsay: bool| {
        let ruz = Line {
            told_by: Some("https://partner.example/feed".into()),
            is_hearsay,
            ..line(&article("ruz", "<p>secret"))
        };
        [ruz, line(&article("bazar", link))]
    };
    let withdrawn = [Withdrawn::parse("https://n.example/ruz").unwrap()];
    // Where the other site alone said that it lies there, only its own links do.
    for (is_hearsay, inside) in [(false, 1), (true, 0)] {
        let mut archive = empty();
        stocked(&mut archive, gathered_lines(&lines(is_hearsay)), &[]);
        for _ in 0..2 {
            archive = reread(&archive);
            let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
            let body = text_of(&stock, "bazar");
            assert_eq!(body.matches("href=\"../ruz/").count(), inside, "{body}");
            assert_eq!(
                body.matches("https://n.example/").count(),
                2 - inside,
                "{body}"
            );
            assert_eq!(stock.withdrawn.len(), 1);
        }
    }
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
            slips.push(Slip::of(&line, *deed == 1, &drawer()).into());
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

/// What somebody may call an article: spellings of one address, names that are none, places, and addresses that end so.
const NAMES: [&str; 8] = [
    "https://n.example/a",
    "http://www.n.example/a/?utm_source=x",
    "n.example/a?",
    "a.html",
    "fa/2026/11/a-a1b2c3/index.html",
    "fa/2026/11/b-a1b2c3",
    "https://b.example/fa/2026/11/a-a1b2c3/",
    "https://n.example/x/fa/2026/11/b-a1b2c3/",
];

const PLACES: [&str; 3] = ["a-a1b2c3", "b-a1b2c3", "c-a1b2c3d4e5f6a7b8"];

/// By what name something is told in each place, who tells it, and which other name it has; by what names it is withdrawn.
type Round = (Vec<(usize, u8, usize)>, Vec<usize>);

fn walk(archive: &mut Archive, (deeds, withdrawn): &Round) -> Stock {
    let mut slips = Slips::new();
    for (slug, (name, kind, also)) in PLACES.iter().zip(deeds) {
        let told = Line {
            id: NAMES[*name].to_owned(),
            also: vec![NAMES[*also].to_owned()],
            told_by: (*kind == 1).then(|| "https://b.example/feed".into()),
            is_hearsay: *kind == 1,
            ..line(&article(slug, "<p>The same everywhere."))
        };
        if *kind > 0 {
            slips.push(Slip::of(&told, *kind < 3, &drawer()).into());
        }
    }
    let gathered = Gathered {
        articles: slips,
        ..Gathered::default()
    };
    let withdrawn = withdrawn.iter().map(|name| Withdrawn::pushed(NAMES[*name]));
    stocked(archive, gathered, &withdrawn.collect::<Vec<_>>())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn whatever_is_called_as_it_likes_what_is_written_can_be_read(
        rounds in proptest::collection::vec(
            (
                proptest::collection::vec((0..NAMES.len(), 0u8..4, 0..NAMES.len()), 3),
                proptest::collection::vec(0..NAMES.len(), 0..3),
            ),
            1..8,
        )
    ) {
        let mut archive = empty();
        for round in &rounds {
            let stock = walk(&mut archive, round);
            let shown = stock.articles.iter().map(|slip| &slip.path);
            let mut places: Vec<_> = shown.chain(stock.withdrawn.iter().map(|(path, _)| path)).collect();
            places.sort();
            let all = places.len();
            places.dedup();
            proptest::prop_assert_eq!(places.len(), all);
            // With all that stood there.
            archive = reread(&archive);
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
fn what_earlier_versions_wrote_twice_is_read_once() {
    let told = |slug: &str, id: &str| Line {
        id: id.to_owned(),
        ..line(&article(slug, "<p>kept"))
    };
    let gone = |slug: &str, id: &str| Line {
        source: None,
        story: None,
        language: Some(Tongue(Language::parse("fa").unwrap())),
        ..told(slug, id)
    };
    let check = |lines: &[Line], kept: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("fa.jsonl");
        let lines: Vec<Vec<u8>> = lines.iter().map(Line::written).collect();
        files::write(&place, &lines.join(&b'\n')).unwrap();
        let archive = Archive::read(place.clone(), &id()).unwrap();
        let mut ids: Vec<&str> = archive.slips.values().map(|slip| &*slip.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, kept);
        // It is mended with the next writing.
        archive.write().unwrap();
        assert_eq!(Archive::read(place, &id()).unwrap().slips.len(), kept.len());
    };
    let [own, other] = ["https://n.example/a", "https://b.example/a"];
    // A withdrawn one that was laid over what is shown, and beneath it.
    check(&[gone("a", other), told("a", own)], &[own]);
    check(&[told("a", own), gone("a", other)], &[own]);
    check(&[told("a", own), told("a", own)], &[own]);
    check(&[told("a", own), told("a", other)], &[own]);
    check(
        &[told("a", own), told("b", own), told("c", other)],
        &[other, own],
    );
    check(&[gone("a", own), told("b", own)], &[own]);
    check(
        &[gone("a", own), gone("a", other), told("b", "c")],
        &["c", own],
    );
    // Neither is there twice: a bare name may look like what an address is known by.
    let bare = key(own);
    check(&[told("a", own), told("b", &bare)], &[own, &bare]);
}

#[test]
fn what_was_two_articles_by_two_spellings_stays_and_is_withdrawn_as_one() {
    let spelled = |slug: &str, address: &str| Line {
        id: address.to_owned(),
        source: Some(address.to_owned()),
        ..line(&article(slug, "<p>secret"))
    };
    let (small, large) = (
        "https://n.example/%d8%ae%d8%a8%d8%b1/",
        "https://n.example/%D8%AE%D8%A8%D8%B1",
    );
    let [first, second] = [spelled("a", small), spelled("b", large)];
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("fa.jsonl");
    let written = [first.written(), second.written()].join(&b'\n');
    files::write(&place, &[&written[..], b"\n"].concat()).unwrap();
    let read = || Archive::read(place.clone(), &id()).unwrap();

    // The same again, in another spelling, stands where the first does.
    let mut archive = read();
    let now = BTreeSet::from([small.to_owned()]);
    let then = archive.of_moment("2026-11-20T10:00:00Z".parse().unwrap(), &now);
    assert!(then.is_empty());
    assert_eq!(archive.first_id("http://n.example/خبر"), Some(small));
    let stock = stocked(&mut archive, gathered_lines(&[first]), &[]);
    assert_eq!(stock.articles.len(), 2);
    assert_eq!(text(&reread(&archive)).lines().count(), 2);

    let withdrawn = [Withdrawn::parse("https://n.example/خبر").unwrap()];
    let mut archive = read();
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    assert!(stock.unknown.is_empty() && stock.articles.is_empty());
    assert_eq!(stock.withdrawn.len(), 2);
    assert!(!text(&archive).contains("secret"), "{}", text(&archive));
    assert_eq!(text(&reread(&archive)).lines().count(), 2);
}

#[test]
fn bytes_that_are_no_text_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("fa.jsonl");
    files::write(&place, b"\n\xff\xfe\n").unwrap();
    assert!(Archive::read(place, &id()).is_err());
}

#[test]
fn the_name_of_a_source_is_held_once() {
    let mut names = BTreeSet::new();
    let mut held = |name: &str| held_once(&mut names, name.into());
    let (one, other) = (held("the feed"), held("a list"));
    assert!(Arc::ptr_eq(&one, &held("the feed")));
    assert_ne!(one, other);
}

#[test]
fn a_full_archive_and_a_full_disk_are_named_with_what_helps() {
    let check = |kind: std::io::ErrorKind, says: &str, hint: &str| {
        let error = ArchiveError::unwritten(Path::new("be.jsonl"), 9, kind.into());
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    };
    check(
        ErrorKind::FileTooLarge,
        "`be.jsonl` would be longer than 9 bytes",
        "two sites",
    );
    check(
        ErrorKind::StorageFull,
        "no space is left for `be.jsonl`",
        "free some space",
    );
    check(
        ErrorKind::PermissionDenied,
        "could not write `be.jsonl`",
        "ls -ld be.jsonl",
    );
    let (path, max_bytes) = ("be.jsonl".into(), 9);
    let overlong = ArchiveError::from(FileError::TooLarge { path, max_bytes });
    assert!(overlong.hint().unwrap().contains("two sites"));
}
