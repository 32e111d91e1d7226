//! What was withdrawn does not come back under another name.

use super::super::super::Source;
use super::super::super::fetching::tests::Web;
use super::rounds::{ONE, OTHER, gathered_but, page, titles, whole, whole_feed};
use super::*;

const HOME: &str = "https://n.example/feed";
const NOW: &str = "2026-11-23T12:00:00Z";

fn feeds() -> [Source; 2] {
    [HOME, OTHER].map(|feed| Source::Feed(Url::parse(feed).unwrap()))
}

/// What is shown, and what was said of what was left out.
async fn round(archive: &mut Archive, withdrawn: &[Withdrawn], web: Web) -> (Stock, Vec<String>) {
    let gathered = gathered_but(withdrawn, &feeds(), &web, archive, NOW).await;
    let said = gathered.skipped.iter();
    let said = said
        .map(|one| format!("{}: {}", one.what, one.why))
        .collect();
    let stock = stocked(archive, gathered, withdrawn);
    *archive = reread(archive);
    assert!(stock.unknown.is_empty(), "{:?}", stock.unknown);
    (stock, said)
}

#[tokio::test]
async fn a_copy_of_what_was_withdrawn_goes_with_it() {
    let says = "A source told us what she saw.</p><p>She lives in the old town.</p><p>It was on Monday.</p><p>";
    let (saw, two) = (
        whole(ONE, "What she saw", says),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let other = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
    let copied = whole("https://b.example/1", "What she saw", says);
    let later = copied.replace("Fri, 20 Nov 2026", "Sun, 22 Nov 2026");
    let web = |own: &[&str], other: &[&str]| {
        Web::default().with(HOME, "text/xml", whole_feed(own)).with(
            OTHER,
            "text/xml",
            whole_feed(other),
        )
    };
    for name in [ONE, "place"] {
        for copy in [&*copied, &*later] {
            let mut archive = empty();
            let (stock, _) = round(&mut archive, &[], web(&[&saw, &two], &[&other])).await;
            let mut places = stock.articles.iter().map(|slip| slip.path.to_string());
            let place = places.find(|place| place.contains("/1-")).unwrap();
            let name = name.replace("place", &place);
            let withdrawn = [Withdrawn::parse(&name).unwrap()];
            round(&mut archive, &withdrawn, web(&[&two], &[&other])).await;
            for said in [1, 0] {
                let told = web(&[&two], &[copy, &other]);
                let (stock, skipped) = round(&mut archive, &withdrawn, told).await;
                assert_eq!(titles(&stock), ["Two", "Nine"], "{name}");
                assert_eq!(stock.taken_back.len(), said, "{name}");
                assert_eq!(skipped.len(), said, "{skipped:?}");
                for skipped in skipped {
                    let why = format!("https://b.example/1: `{name}` is withdrawn, and");
                    assert!(skipped.starts_with(&why), "{skipped}");
                }
            }
            let kept = text(&archive);
            assert!(
                !kept.contains("old town") && !kept.contains("she saw"),
                "{kept}"
            );
            // Another text under the same headline is another.
            let new = copied.replace("/1<", "/5<").replace("old town", "new town");
            let told = web(&[&two], &[&new, &other]);
            let (stock, _) = round(&mut archive, &withdrawn, told).await;
            assert_eq!(titles(&stock).len(), 3);
            // The line was removed: nothing is locked for good.
            let told = web(&[&two], &[copy, &other]);
            round(&mut archive, &[], told).await;
            let told = web(&[&two], &[copy, &other]);
            let (stock, _) = round(&mut archive, &[], told).await;
            assert!(titles(&stock).contains(&"What she saw".to_owned()));
        }
    }
}

#[tokio::test]
async fn another_spelling_of_what_was_withdrawn_is_withdrawn() {
    let meta = "<meta property='article:published_time' content='2026-11-20T10:00:00Z'><title>";
    let saw = page("<p>This is what she saw in the street.</p>").replace("<title>", meta);
    let claim = "<link rel=canonical href='https://n.example/a'><title>";
    let claims = saw.replace("<title>", claim);
    let web = |link: &str| {
        let item = format!("<item><title>T</title><link>https://n.example/{link}</link></item>");
        let two = whole("https://n.example/2", "Two", "It went on.");
        let nine = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
        let (asked, there) = (format!("https://n.example/{link}"), "https://n.example/a");
        let web = Web::default()
            .with(HOME, "text/xml", whole_feed(&[&item, &two]))
            .with(OTHER, "text/xml", whole_feed(&[&nine]));
        match link {
            "go/a" => web
                .redirect(&asked, "/a")
                .with(there, "text/html", saw.clone()),
            _ => web.with(&asked, "text/html", claims.clone()),
        }
    };
    let withdrawn = [Withdrawn::parse("https://n.example/a").unwrap()];
    for (first, then) in [("a", "a?from=rss"), ("a", "go/a"), ("go/a", "go/a")] {
        let mut archive = empty();
        let (stock, _) = round(&mut archive, &[], web(first)).await;
        assert_eq!(titles(&stock), ["Two", "Nine", "T"], "{first}");
        for _ in 0..2 {
            let (stock, _) = round(&mut archive, &withdrawn, web(first)).await;
            assert_eq!(titles(&stock), ["Two", "Nine"], "{first}");
        }
        let is_new = usize::from(first != then);
        for said in [is_new, 0] {
            let (stock, skipped) = round(&mut archive, &withdrawn, web(then)).await;
            assert_eq!(titles(&stock), ["Two", "Nine"], "{then}");
            assert_eq!(skipped.len(), said, "{skipped:?}");
        }
        // When its feed has forgotten it, it is known all the same.
        let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
        assert_eq!(stock.withdrawn.len(), 1 + is_new, "{then}");
        assert!(stock.unknown.is_empty());
    }
}

#[tokio::test]
async fn what_is_shown_beside_it_in_the_same_words_goes_too() {
    let says = "A source told us what she saw.</p><p>She lives in the old town.</p><p>It was on Monday.</p><p>";
    let (saw, two) = (
        whole(ONE, "What she saw", says),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let copied = whole("https://b.example/1", "What she saw", says)
        .replace("Fri, 20 Nov 2026", "Sun, 22 Nov 2026");
    let other = copied.replace("/1<", "/9<").replace("old town", "new town");
    let web = || {
        Web::default()
            .with(HOME, "text/xml", whole_feed(&[&saw, &two]))
            .with(OTHER, "text/xml", whole_feed(&[&copied, &other]))
    };
    let mut archive = empty();
    let (stock, _) = round(&mut archive, &[], web()).await;
    assert_eq!(stock.articles.len(), 4);
    let withdrawn = [Withdrawn::parse(ONE).unwrap()];
    for copies in [1, 0] {
        let (stock, skipped) = round(&mut archive, &withdrawn, web()).await;
        assert_eq!(titles(&stock), ["Two", "What she saw"]);
        assert_eq!(stock.copies.len(), copies, "{:?}", stock.copies);
        assert_eq!(stock.taken_back.len(), 2 * copies);
        assert!(skipped.is_empty(), "{skipped:?}");
    }
}

#[tokio::test]
async fn no_source_fills_the_site_with_notes_of_what_is_withdrawn() {
    let says = "She lives in the old town.";
    let (saw, two) = (
        whole(ONE, "What she saw", says),
        whole("https://n.example/2", "Two", "It went on."),
    );
    let copy = |number: usize| whole(&format!("https://b.example/{number}"), "What she saw", says);
    let web = |own: &[&str], copies: std::ops::Range<usize>| {
        let copies: Vec<_> = copies.map(copy).collect();
        let copies: Vec<&str> = copies.iter().map(|copy| &**copy).collect();
        let own = Web::default().with(HOME, "text/xml", whole_feed(own));
        own.with(OTHER, "text/xml", whole_feed(&copies))
    };
    let withdrawn = [Withdrawn::parse(ONE).unwrap()];
    let mut archive = empty();
    round(&mut archive, &[], web(&[&saw, &two], 0..1)).await;
    round(&mut archive, &withdrawn, web(&[&two], 0..1)).await;
    for copies in [0..600, 600..1200, 1200..1202] {
        let (stock, _) = round(&mut archive, &withdrawn, web(&[&two], copies)).await;
        assert_eq!(titles(&stock), ["Two"]);
        assert!(stock.withdrawn.len() <= 1001, "{}", stock.withdrawn.len());
    }
}

/// What is told under `id`, in a place of its own.
fn told_as(slug: &str, id: &str, html: &str) -> Line {
    Line {
        id: id.to_owned(),
        source: Some(id.to_owned()),
        ..line(&article(slug, html))
    }
}

#[test]
fn the_address_of_a_strangers_article_takes_none_that_lies_where_it_ends() {
    let scoop = told_as("scoop-5f0545", "https://n.example/scoop", "<p>ours");
    let lies = "http://b.example/fa/2026/11/scoop-5f0545/";
    let vile = told_as("scoop-702683", lies, "<p>vile");
    let withdrawn = [Withdrawn::parse(lies).unwrap()];
    let mut archive = empty();
    stocked(&mut archive, gathered_lines(&[scoop, vile]), &[]);
    for _ in 0..2 {
        archive = reread(&archive);
        let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
        assert!(stock.unknown.is_empty());
        let [kept] = &stock.articles[..] else {
            panic!("{:?}", stock.articles);
        };
        assert_eq!(&*kept.id, "https://n.example/scoop");
        // Who means that one is told how to say so.
        let beside = [(withdrawn[0].clone(), kept.path.clone())];
        assert_eq!(stock.beside, beside);
        assert_eq!(stock.withdrawn.len(), 1);
    }
    let place = [Withdrawn::parse("fa/2026/11/scoop-5f0545/").unwrap()];
    let stock = stocked(&mut archive, Gathered::default(), &place);
    assert_eq!((stock.articles.len(), stock.beside.len()), (0, 0));
}

#[test]
fn a_copy_on_a_mirror_still_means_its_article() {
    let scoop = told_as("scoop-5f0545", "https://n.example/scoop", "<p>ours");
    let other = told_as("other-702683", "https://b.example/other", "<p>other");
    for mirror in ["https://m.example/x", "https://n.example/mirror"] {
        let copy = format!("{mirror}/fa/2026/11/scoop-5f0545/index.html");
        let withdrawn = [Withdrawn::parse(&copy).unwrap()];
        let mut archive = empty();
        let both = [scoop.clone(), other.clone()];
        stocked(&mut archive, gathered_lines(&both), &[]);
        for _ in 0..2 {
            archive = reread(&archive);
            let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
            assert_eq!((stock.articles.len(), stock.beside.len()), (1, 0));
            assert!(stock.unknown.is_empty());
        }
    }
}

#[test]
fn what_takes_several_articles_is_named() {
    let [place, name] = ["fa/2026/11/scoop-5f0545", "https://n.example/scoop"];
    let lines = [
        told_as("scoop-5f0545", name, "<p>ours"),
        told_as("a-702683", place, "<p>theirs"),
    ];
    let mut archive = empty();
    stocked(&mut archive, gathered_lines(&lines), &[]);
    let withdrawn = [
        Withdrawn::parse(place).unwrap(),
        Withdrawn::parse(name).unwrap(),
    ];
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    let [(by, places)] = &stock.several[..] else {
        panic!("{:?}", stock.several);
    };
    assert_eq!((by, places.len()), (&withdrawn[0], 2));
    let stock = stocked(&mut archive, Gathered::default(), &withdrawn);
    assert!(stock.several.is_empty());
}

/// A page of a folder, withdrawn by the address that it gives itself, in the place of what a feed told.
#[test]
fn what_is_withdrawn_in_the_place_of_another_leaves_one_line() {
    let told = told_as("court-a41d6c", "court.html", "<p>theirs");
    let page = told_as("court-a41d6c", "https://n.example/court", "<p>ours");
    let withdrawn = [Withdrawn::parse("https://n.example/court").unwrap()];
    let mut archive = empty();
    stocked(&mut archive, gathered_lines(&[told]), &[]);
    let gathered = || Gathered {
        articles: vec![Slip::of(&page, false, &drawer()).into()],
        ..Gathered::default()
    };
    for _ in 0..2 {
        let stock = stocked(&mut archive, gathered(), &withdrawn);
        assert_eq!((stock.articles.len(), stock.withdrawn.len()), (0, 1));
        archive = reread(&archive);
        assert_eq!(text(&archive).lines().count(), 1);
    }
}

const SAYS: &str = "A source told us what she saw.</p><p>She lives in the old town.</p><p>It was on Monday.</p><p>";

fn own_and_stolen() -> [String; 2] {
    let stolen = whole("https://b.example/1", "What she saw", SAYS);
    let stolen = stolen.replace("Fri, 20 Nov 2026", "Sun, 22 Nov 2026");
    [whole(ONE, "What she saw", SAYS), stolen]
}

/// What the newsroom says, and the other one, besides what each always does.
fn web_of(own: &[&str], other: &[&str]) -> Web {
    let two = whole("https://n.example/2", "Two", "It went on.");
    let nine = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
    let [own, other] = [(own, &two), (other, &nine)].map(|(items, always)| {
        let items: Vec<&str> = items.iter().copied().chain([&**always]).collect();
        whole_feed(&items)
    });
    let web = Web::default().with(HOME, "text/xml", own);
    web.with(OTHER, "text/xml", other)
}

#[tokio::test]
async fn the_original_stays_when_a_stolen_copy_is_withdrawn() {
    let [saw, stolen] = own_and_stolen();
    let mut archive = empty();
    round(&mut archive, &[], web_of(&[&saw], &[&stolen])).await;
    let withdrawn = [Withdrawn::parse("https://b.example/1").unwrap()];
    // Its feed has forgotten it meanwhile.
    for named in [1, 0] {
        let (stock, _) = round(&mut archive, &withdrawn, web_of(&[], &[&stolen])).await;
        assert_eq!(titles(&stock), ["What she saw", "Two", "Nine"]);
        assert!(stock.articles.iter().any(|slip| &*slip.id == ONE));
        assert_eq!((stock.copies.len(), stock.alike.len()), (0, named));
    }
    // If it is withdrawn itself, no other copy comes back.
    let withdrawn = [ONE, "https://b.example/1"].map(|one| Withdrawn::parse(one).unwrap());
    let again = stolen.replace("/1<", "/5<");
    for stolen in [&stolen, &again, &again] {
        let (stock, _) = round(&mut archive, &withdrawn, web_of(&[&saw], &[stolen])).await;
        assert_eq!(titles(&stock), ["Two", "Nine"]);
    }
}

#[tokio::test]
async fn the_original_is_published_though_a_leak_of_it_was_withdrawn() {
    let [saw, stolen] = own_and_stolen();
    let mut archive = empty();
    round(&mut archive, &[], web_of(&[], &[&stolen])).await;
    let withdrawn = [Withdrawn::parse("https://b.example/1").unwrap()];
    round(&mut archive, &withdrawn, web_of(&[], &[&stolen])).await;
    for named in [1, 0] {
        let web = web_of(&[&saw], &[&stolen]);
        let gathered = gathered_but(&withdrawn, &feeds(), &web, &archive, NOW).await;
        let odd = gathered.odd.iter().filter(|odd| odd.what == ONE);
        assert_eq!(odd.count(), named, "{:?}", gathered.odd);
        let stock = stocked(&mut archive, gathered, &withdrawn);
        archive = reread(&archive);
        assert_eq!(titles(&stock), ["What she saw", "Two", "Nine"]);
        assert_eq!(stock.withdrawn.len(), 1);
    }
    // Under a third name the leak is still one.
    let again = stolen.replace("/1<", "/5<");
    let (stock, _) = round(&mut archive, &withdrawn, web_of(&[&saw], &[&again])).await;
    assert_eq!(titles(&stock), ["What she saw", "Two", "Nine"]);
}

#[test]
fn a_copy_that_lies_with_its_source_is_named() {
    let [own, print] = ["https://n.example/a", "https://n.example/a?print=1"];
    let told = told_as("a-702683", own, "<p>One.<p>Two.<p>Three.");
    let mut copy = told_as("b-702683", print, "<p>One.<p>Two.<p>Three.");
    copy.story.as_mut().unwrap().title = told.story.as_ref().unwrap().title.clone();
    let gathered = || Gathered {
        articles: vec![Slip::of(&copy, false, &drawer()).into()],
        has_crawl: true,
        ..Gathered::default()
    };
    let mut archive = empty();
    stocked(
        &mut archive,
        gathered_lines(std::slice::from_ref(&told)),
        &[],
    );
    let withdrawn = [Withdrawn::parse(own).unwrap()];
    let stock = stocked(&mut archive, gathered(), &withdrawn);
    assert_eq!(stock.articles.len(), 1);
    assert_eq!(stock.alike, [(print.to_owned(), own.to_owned())]);

    // What lies in a crawl may be a stranger's; all else on the disk is the newsroom's.
    for (has_crawl, left) in [(true, 1), (false, 0)] {
        let mut archive = empty();
        stocked(
            &mut archive,
            gathered_lines(std::slice::from_ref(&told)),
            &[],
        );
        let withdrawn = [Withdrawn::parse(print).unwrap()];
        let gathered = Gathered {
            has_crawl,
            ..gathered()
        };
        let stock = stocked(&mut archive, gathered, &withdrawn);
        assert_eq!(stock.articles.len(), left);
        assert_eq!((stock.alike.len(), stock.copies.len()), (left, 1 - left));
    }
}
