//! What a partner's feed cannot do by naming what the newsroom has not published yet.

use std::path::Path;

use super::super::super::Source;
use super::super::super::fetching::tests::Web;
use super::rounds::{ONE, OTHER, gathered_but, titles, whole, whole_feed};
use super::*;

const HOME: &str = "https://n.example/feed";
const NOW: &str = "2026-11-23T12:00:00Z";

fn at(address: &str) -> Source {
    Source::Feed(Url::parse(address).unwrap())
}

/// What is shown when the partner says one thing and the newsroom's feed another; each says something else too.
async fn shown(archive: &mut Archive, sources: &[Source], own: &str, partner: &Path) -> Stock {
    let told = String::from_utf8(files::read(partner, 1 << 20).unwrap()).unwrap();
    let two = whole("https://n.example/2", "Two", "It went on.");
    let web = Web::default()
        .with(HOME, "text/xml", whole_feed(&[&two, own]))
        .with(OTHER, "text/xml", told);
    let gathered = gathered_but(&[], sources, &web, archive, NOW).await;
    let stock = stocked(archive, gathered, &[]);
    *archive = reread(archive);
    stock
}

fn dated(item: &str, date: &str) -> String {
    item.replace("Fri, 20 Nov 2026", date)
}

#[tokio::test]
async fn who_tells_an_article_ahead_does_not_bury_it_in_a_month_of_long_ago() {
    let root = tempfile::tempdir().unwrap();
    let (partner, inbox) = (root.path().join("partner.xml"), root.path().join("inbox"));
    files::create_folder(&inbox).unwrap();
    let pushed = format!(
        "{{\"id\":\"{ONE}\",\"title\":\"One\",\"published\":\"2026-11-20T10:00:00Z\",\"html\":\"<p>It began.</p>\"}}"
    );
    files::write(&inbox.join("1.json"), pushed.as_bytes()).unwrap();
    let fake = dated(
        &whole(ONE, "Ferry times", "They run at ten."),
        "Fri, 05 Jan 1990",
    );
    files::write(&partner, whole_feed(&[&fake]).as_bytes()).unwrap();
    let own = whole(ONE, "One", "It began.");
    for theirs in [at(OTHER), Source::FeedFile(partner.clone().into())] {
        for ours in [at(HOME), Source::Inbox(inbox.clone())] {
            for later in [vec![ours.clone(), theirs.clone()], vec![ours]] {
                let mut archive = empty();
                let before = [at(HOME), theirs.clone()];
                let stock = shown(&mut archive, &before, "", &partner).await;
                assert_eq!(titles(&stock), ["Ferry times", "Two"]);
                // Twice: it stays where it is then.
                for _ in 0..2 {
                    let stock = shown(&mut archive, &later, &own, &partner).await;
                    let all = articles(&stock);
                    let one: Vec<_> = all.iter().filter(|one| one.title != "Two").collect();
                    let [one] = one[..] else {
                        panic!("{later:?}: {:?}", titles(&stock));
                    };
                    assert_eq!(one.title, "One", "{later:?}");
                    assert!(one.path.as_str().starts_with("fa/2026/11/1-"), "{later:?}");
                    let date = one.published.to_string();
                    assert_eq!((&*date, one.updated), ("2026-11-20T10:00:00Z", None));
                    assert_eq!(one.source.as_deref(), Some(ONE), "{later:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_an_inbox_calls_by_another_name_stands_in_no_feeds_shadow() {
    let root = tempfile::tempdir().unwrap();
    let (partner, inbox) = (root.path().join("partner.xml"), root.path().join("inbox"));
    files::create_folder(&inbox).unwrap();
    let pushed = format!(
        "{{\"id\":\"cms-1\",\"url\":\"{ONE}\",\"title\":\"One\",\"html\":\"<p>It began.</p>\"}}"
    );
    files::write(&inbox.join("1.json"), pushed.as_bytes()).unwrap();
    let fake = whole(ONE, "Ferry times", "They run at ten.");
    files::write(&partner, whole_feed(&[&fake]).as_bytes()).unwrap();
    let sources = [Source::Inbox(inbox), at(OTHER)];
    let mut archive = empty();
    for _ in 0..2 {
        let stock = shown(&mut archive, &sources, "", &partner).await;
        assert_eq!(titles(&stock), ["One"]);
    }
}

#[tokio::test]
async fn what_one_source_dates_anew_stays_in_its_month() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("partner.xml");
    let item = whole("https://n.example/3", "Three", "It ended.");
    files::write(&nothing, whole_feed(&[&item]).as_bytes()).unwrap();
    let first = whole(ONE, "One", "It began.");
    let (mut archive, sources) = (empty(), [at(HOME), at(OTHER)]);
    for date in ["Fri, 20 Nov 2026", "Tue, 20 Oct 2026"] {
        let stock = shown(&mut archive, &sources, &dated(&first, date), &nothing).await;
        let all = articles(&stock);
        let one = all.iter().find(|one| one.title == "One").unwrap();
        assert!(one.path.as_str().starts_with("fa/2026/11/1-"), "{date}");
    }
}

#[tokio::test]
async fn what_a_partner_makes_up_was_first_published_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let partner = folder.path().join("partner.xml");
    let own = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
    let fake = whole(ONE, "Ferry times", "They run at ten.");
    files::write(&partner, whole_feed(&[&fake, &own]).as_bytes()).unwrap();
    let origins = |stock: &Stock| {
        let all = articles(stock).into_iter();
        let told = all.map(|one| (one.title, one.source));
        told.collect::<BTreeMap<_, _>>()
    };
    let stock = shown(&mut empty(), &[at(HOME), at(OTHER)], "", &partner).await;
    let found = origins(&stock);
    assert_eq!(found["Ferry times"], None);
    assert_eq!(found["Nine"].as_deref(), Some("https://b.example/9"));
    // The newsroom's own feed may lie anywhere.
    let stock = shown(&mut empty(), &[at(OTHER)], "", &partner).await;
    assert_eq!(origins(&stock)["Ferry times"].as_deref(), Some(ONE));
}

/// A page that says of itself what it is.
fn own_page(title: &str) -> String {
    let says = "<meta property='article:published_time' content='2026-11-20T10:00:00Z'><meta name=author content='Anna'>";
    super::rounds::page("")
        .replace("<title>", &format!("{says}<title>"))
        .replace(">T</", &format!(">{title}</"))
}

#[tokio::test]
async fn a_partner_puts_none_of_his_words_over_a_page_of_the_newsroom() {
    let forged = format!(
        "<item><title>The court was bought</title><link>{ONE}</link><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>\
         <category>Crimes</category><dc:creator>Minister</dc:creator><description>They took money from abroad for it.</description></item>"
    );
    let forged = whole_feed(&[&forged])
        .replace("<rss ", "<rss xmlns:dc='http://purl.org/dc/elements/1.1/' ");
    let two = whole("https://n.example/2", "Two", "It went on.");
    let web = Web::default()
        .with(HOME, "text/xml", whole_feed(&[&two]))
        .with(OTHER, "text/xml", forged)
        .with(ONE, "text/html", own_page("The court"));
    for (sources, expected) in [
        (
            vec![at(HOME), at(OTHER)],
            ("The court", "Anna", "2026-11-20T10:00:00Z", None),
        ),
        // The newsroom's own feed may lie anywhere.
        (
            vec![at(OTHER)],
            (
                "The court was bought",
                "Minister",
                "2026-11-22T10:00:00Z",
                Some("Crimes"),
            ),
        ),
    ] {
        let gathered = gathered_but(&[], &sources, &web, &empty(), NOW).await;
        let stock = stocked(&mut empty(), gathered, &[]);
        let all = articles(&stock);
        let one = all.iter().find(|one| one.source.as_deref() == Some(ONE));
        let one = one.unwrap();
        let (title, byline, date, section) = expected;
        assert_eq!((&*one.title, one.byline.as_deref()), (title, Some(byline)));
        assert_eq!(one.published.to_string(), date);
        assert_eq!((one.updated, one.section.as_deref()), (None, section));
        assert!(!one.summary.contains("money") || section.is_some());
    }
}

#[tokio::test]
async fn who_copies_an_article_ahead_does_not_keep_the_newsrooms_own_out() {
    let folder = tempfile::tempdir().unwrap();
    let partner = folder.path().join("partner.xml");
    let copied = whole("https://b.example/stolen", "One", "It began.");
    let own = whole(ONE, "One", "It began.");
    let check = async |sources: [&str; 2], expected: &[&str]| {
        let (mut archive, sources) = (empty(), sources.map(at));
        files::write(&partner, whole_feed(&[&copied]).as_bytes()).unwrap();
        shown(&mut archive, &sources, "", &partner).await;
        let nothing = whole("https://b.example/9", "Nine", "Elsewhere it rained.");
        files::write(&partner, whole_feed(&[&nothing]).as_bytes()).unwrap();
        for _ in 0..2 {
            let stock = shown(&mut archive, &sources, &own, &partner).await;
            let told: BTreeSet<_> = articles(&stock)
                .into_iter()
                .filter_map(|one| one.source)
                .collect();
            let told: Vec<_> = told.iter().map(String::as_str).collect();
            assert_eq!(told, expected);
        }
    };
    let (nine, stolen, two) = (
        "https://b.example/9",
        "https://b.example/stolen",
        "https://n.example/2",
    );
    check([HOME, OTHER], &[nine, stolen, ONE, two]).await;
    check([OTHER, HOME], &[nine, stolen, two]).await;
}

#[tokio::test]
async fn what_a_partner_made_up_leads_nobody_inside_when_he_moves_it() {
    let folder = tempfile::tempdir().unwrap();
    let partner = folder.path().join("partner.xml");
    let link = format!("Read our <a href='{ONE}'>report</a> of it.");
    let own = whole("https://n.example/3", "Three", &link);
    let mut archive = empty();
    for address in [ONE, "https://b.example/x", "https://b.example/x"] {
        let item = whole(address, "The court", "It was bought.");
        files::write(&partner, whole_feed(&[&item]).as_bytes()).unwrap();
        let stock = shown(&mut archive, &[at(HOME), at(OTHER)], &own, &partner).await;
        assert_eq!(titles(&stock).len(), 3, "{address}");
        let text = text_of(&stock, "/3-");
        assert!(text.contains(&format!("\"{ONE}\"")), "{address}: {text}");
    }
}

/// An item that only has a name.
fn named(name: &str, title: &str, text: &str) -> String {
    let guid = format!("<guid isPermaLink='false'>{name}</guid>");
    let link = format!("<link>{ONE}</link>");
    let item = whole(ONE, title, text).replace(&link, &guid);
    dated(&item, "Mon, 01 Jan 2001")
}

#[tokio::test]
async fn what_a_partner_calls_by_the_name_of_another_article_is_his_own() {
    let root = tempfile::tempdir().unwrap();
    let (partner, inbox) = (root.path().join("partner.xml"), root.path().join("inbox"));
    let pages = root.path().join("pages");
    for folder in [&inbox, &pages] {
        files::create_folder(folder).unwrap();
    }
    let his = [
        named("1042", "His number", "It rained."),
        named("court.html", "His page", "It snowed."),
    ];
    let his: Vec<&str> = his.iter().map(|item| &**item).collect();
    files::write(&partner, whole_feed(&his).as_bytes()).unwrap();
    files::write(&pages.join("a.html"), own_page("First").as_bytes()).unwrap();
    let (inbox_source, folder) = (Source::Inbox(inbox.clone()), Source::Folder(pages.clone()));
    let ours = [inbox_source, folder];
    for is_ahead in [true, false] {
        let mut sources = ours.to_vec();
        let place = if is_ahead { 0 } else { sources.len() };
        sources.insert(place, at(OTHER));
        let mut archive = empty();
        if is_ahead {
            let stock = shown(&mut archive, &sources, "", &partner).await;
            assert_eq!(titles(&stock).len(), 3);
        }
        let pushed =
            "{\"id\":\"1042\",\"title\":\"Our number\",\"html\":\"<p>It began at nine.</p>\"}";
        files::write(&inbox.join("1.json"), pushed.as_bytes()).unwrap();
        let page = super::rounds::page("").replace(">T</", ">Our page</");
        files::write(&pages.join("court.html"), page.as_bytes()).unwrap();
        for _ in 0..2 {
            let stock = shown(&mut archive, &sources, "", &partner).await;
            let all = articles(&stock);
            let place = |title: &str| {
                let found = all.iter().find(|one| one.title == title);
                found.map(|one| one.path.as_str().to_owned()).unwrap()
            };
            assert_eq!(all.len(), 5);
            assert!(place("His number").starts_with("fa/2001/01/1042-"));
            for (title, slug) in [("Our number", "1042-"), ("Our page", "court-")] {
                let place = place(title);
                assert!(
                    !place.starts_with("fa/2001/") && place.contains(slug),
                    "{place}"
                );
            }
        }
        for (folder, name) in [(&inbox, "1.json"), (&pages, "court.html")] {
            files::remove(&folder.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_kept_under_a_name_alone_keeps_its_name_and_place() {
    let root = tempfile::tempdir().unwrap();
    let (partner, inbox) = (root.path().join("partner.xml"), root.path().join("inbox"));
    files::create_folder(&inbox).unwrap();
    let his = named("1042", "His number", "It rained.");
    files::write(&partner, whole_feed(&[&his]).as_bytes()).unwrap();
    let mut before = line(&article("1042-abcdef", "<p>It rained."));
    before.id = "1042".into();
    before.source = None;
    let slug = super::super::slug::slug("1042");
    before.path = path(&format!("fa/2026/11/{slug}/index.html"));
    before.told_by = Some(OTHER.into());
    for told_by in [Some(OTHER), None, Some("https://gone.example/feed")] {
        before.told_by = told_by.map(Box::from);
        let mut archive = empty();
        stocked(&mut archive, gathered_lines(&[before.clone()]), &[]);
        let mut archive = reread(&archive);
        let sources = [Source::Inbox(inbox.clone()), at(OTHER)];
        for _ in 0..2 {
            let stock = shown(&mut archive, &sources, "", &partner).await;
            let places: Vec<_> = stock.articles.iter().map(|one| one.path.clone()).collect();
            assert_eq!(places, [before.path.clone()], "{told_by:?}");
        }
    }
    // What another told by that name is not his.
    before.told_by = Some(HOME.into());
    let mut archive = empty();
    stocked(&mut archive, gathered_lines(&[before.clone()]), &[]);
    let mut archive = reread(&archive);
    let stock = shown(&mut archive, &[at(HOME), at(OTHER)], "", &partner).await;
    assert_eq!(stock.articles.len(), 3);
}
