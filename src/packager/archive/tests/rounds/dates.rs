//! By which day an article is dated, and in whose month it lies.

use super::*;

/// A feed of one article that was published half an hour before midnight in UTC, and the page of the article.
fn early_in_china(in_feed: &str, on_page: &str) -> Web {
    let item = ITEM_A.replace("<desc", &format!("<pubDate>{in_feed}</pubDate><desc"));
    let meta = format!("<meta property='article:published_time' content='{on_page}'><title>");
    Web::default()
        .with("https://n.example/feed", "text/xml", feed(&item))
        .with(
            "https://n.example/a",
            "text/html",
            page("").replace("<title>", &meta),
        )
}

#[tokio::test]
async fn an_article_lies_and_is_dated_by_the_newsrooms_day() {
    let (local, utc) = ("2026-11-01T07:30:00+08:00", "2026-10-31T23:30:00Z");
    for (in_feed, on_page, day) in [
        (local, local, "2026-11-01"),
        // Many feeds tell in UTC.
        ("Sat, 31 Oct 2026 23:30:00 GMT", local, "2026-11-01"),
        ("Sun, 01 Nov 2026 07:30:00 +0800", "", "2026-11-01"),
        (utc, utc, "2026-10-31"),
        // Of another moment the page's offset says nothing.
        (utc, "2026-10-30T07:30:00+08:00", "2026-10-31"),
    ] {
        let mut archive = empty();
        let web = early_in_china(in_feed, on_page);
        for _ in 0..2 {
            let round = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
            let stock = stocked(&mut archive, round, &[]);
            let article = &articles(&stock)[0];
            assert_eq!(article.published.to_string(), utc);
            assert_eq!(
                article.clock.date(article.published).to_string(),
                day,
                "{in_feed} {on_page}"
            );
            let month = format!("fa/{}/", day[..7].replace('-', "/"));
            assert!(
                article.path.as_str().starts_with(&month),
                "{}",
                article.path
            );
            archive = reread(&archive);
        }
    }
}

#[tokio::test]
async fn an_article_that_was_dated_by_utc_keeps_its_address() {
    let mut archive = empty();
    let utc = "2026-10-31T23:30:00Z";
    let mut told = Vec::new();
    for date in [
        utc,
        "2026-11-01T07:30:00+08:00",
        "2026-11-02T07:30:00+08:00",
    ] {
        let web = early_in_china(date, date);
        let round = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
        let stock = stocked(&mut archive, round, &[]);
        let article = articles(&stock).remove(0);
        assert!(article.path.as_str().starts_with("fa/2026/10/"));
        told.push((
            article.published.to_string(),
            article.updated.map(|at| at.to_string()),
        ));
    }
    let later = Some("2026-11-01T23:30:00Z".to_owned());
    assert_eq!(
        told,
        [None, None, later].map(|updated| (utc.to_owned(), updated))
    );
}

#[tokio::test]
async fn a_page_that_tells_its_date_at_last_stays_in_its_month() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive/fa.jsonl");
    let file = folder.path().join("pages/1.html");
    files::create_folder(file.parent().unwrap()).unwrap();
    let source = [Source::Folder(file.parent().unwrap().to_owned())];
    let dated = "<meta property='article:published_time' content='2026-11-20T10:00:00+03:30'>";
    for head in ["", dated, dated] {
        let page =
            format!("{head}<title>One</title><article><h1>One</h1><p>{SENTENCES}</p></article>");
        files::write(&file, page.as_bytes()).unwrap();
        files::set_modified(&file, "2026-10-20T10:00:00Z".parse().unwrap()).unwrap();
        let mut archive = Archive::read(place.clone(), &id()).unwrap();
        let now = "2026-11-23T12:00:00Z";
        let gathered = gathered_from(&source, &Web::default(), &archive, now).await;
        let stock = stocked(&mut archive, gathered, &[]);
        archive.write().unwrap();
        let article = &articles(&stock)[0];
        assert!(
            article.path.as_str().starts_with("fa/2026/10/"),
            "{}",
            article.path
        );
    }
}

#[tokio::test]
async fn nobody_learns_to_the_second_when_an_editor_saved_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (pages, place) = (
        folder.path().join("pages"),
        folder.path().join("archive/fa.jsonl"),
    );
    files::create_folder(&pages).unwrap();
    let source = [Source::Folder(pages.clone())];
    let page = |text: &str| {
        format!("<title>One</title><article><h1>One</h1><p>{text}</p><p>{SENTENCES}</p></article>")
    };
    let mut told = Vec::new();
    for (text, saved, now) in [
        (
            "It began at noon.",
            "2026-11-20T15:31:53.763728395Z",
            "2026-11-23T10:11:12.5Z",
        ),
        (
            "It began at night, we know.",
            "2026-11-23T09:01:02.3Z",
            "2026-11-23T11:22:33.4Z",
        ),
    ] {
        let file = pages.join("1.html");
        files::write(&file, page(text).as_bytes()).unwrap();
        files::set_modified(&file, saved.parse().unwrap()).unwrap();
        let mut archive = Archive::read(place.clone(), &id()).unwrap();
        let gathered = gathered_from(&source, &Web::default(), &archive, now).await;
        let stock = stocked(&mut archive, gathered, &[]);
        archive.write().unwrap();
        let article = &articles(&stock)[0];
        told.push((
            article.published.to_string(),
            article.updated.map(|at| at.to_string()),
        ));
    }
    let published = "2026-11-20T15:00:00Z".to_owned();
    let updated = Some("2026-11-23T11:00:00Z".to_owned());
    assert_eq!(told, [(published.clone(), None), (published, updated)]);
    // One that tells no date, of a feed.
    let web = Web::default()
        .with("https://n.example/feed", "text/xml", feed(ITEM_A))
        .with("https://n.example/a", "text/html", self::page(""));
    let mut archive = empty();
    let first = gathered(&web, &archive, "2026-11-23T12:34:56.789Z").await;
    let stock = stocked(&mut archive, first, &[]);
    let at = articles(&stock)[0].published.to_string();
    assert_eq!(at, "2026-11-23T12:00:00Z");
}
