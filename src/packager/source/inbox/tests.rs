use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use url::Url;

use super::super::pasted::tests as pasted;
use super::super::tests::found as found_in;
use super::super::{Offer, Page, ShelfError, Source, shelf};
use super::pushed::Image;
use super::*;
use crate::io::files;
use crate::packager::Skipped;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

fn article() -> Pushed {
    let image = Image {
        name: "1.png".into(),
        caption: Some("The ferry".into()),
        base64: Some(STANDARD.encode(PNG)),
        file: None,
    };
    Pushed {
        id: "https://n.example/river".into(),
        title: Some("The river".into()),
        html: Some("<p>Text <img src='1.png'>".into()),
        published: Some("2026-11-20T10:00:00+03:00".into()),
        language: Some("be".into()),
        section: Some("Society".into()),
        lead: Some("1.png".into()),
        images: vec![image],
        ..Pushed::default()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let listed = files::list(folder).unwrap();
    listed
        .iter()
        .map(|below| below.display().to_string())
        .collect()
}

fn push(folder: &Path, pushed: Pushed) -> Taken {
    take(folder, pushed, &HashMap::new()).unwrap()
}

async fn offers(folder: &Path) -> (Vec<Offer>, Vec<Skipped>) {
    let (offers, skipped) = found_in(&Source::Inbox(folder.into())).await;
    (offers.unwrap(), skipped)
}

#[tokio::test]
async fn a_pushed_article_is_offered_with_its_pictures() {
    let inbox = tempfile::tempdir().unwrap();
    assert_eq!(push(inbox.path(), article()), Taken::New);
    let (offers, skipped) = offers(inbox.path()).await;
    assert!(skipped.is_empty());
    let offer = &offers[0];
    assert_eq!(offer.id, "https://n.example/river");
    assert!(matches!(&offer.page, Page::Told(url) if url.as_str() == offer.id));
    assert!(offer.told.is_none(), "it is read when it is its turn");
    let told = offer.shelf.as_ref().unwrap().told().unwrap();
    assert_eq!(told.section.as_deref(), Some("Society"));
    assert_eq!(told.caption.as_deref(), Some("The ferry"));
    assert_eq!(told.captions, [("1.png".into(), "The ferry".into())]);
    assert_eq!(told.picture.as_deref(), Some("1.png"));
    let picture = Url::parse("https://n.example/1.png").unwrap();
    let shelf = offer.shelf.as_ref().unwrap();
    assert_eq!(&shelf.read(&picture).unwrap().unwrap().bytes[..], PNG);
    let other = Url::parse("https://n.example/2.png").unwrap();
    assert!(shelf.read(&other).is_none(), "to be fetched");
}

#[tokio::test]
async fn what_is_pushed_again_is_replaced_and_what_is_withdrawn_goes_with_its_pictures() {
    let inbox = tempfile::tempdir().unwrap();
    push(inbox.path(), article());
    assert_eq!(names(inbox.path()).len(), 2);
    let mut second = article();
    second.title = Some("The river, again".into());
    second.images[0].base64 = Some(STANDARD.encode([PNG, b"x"].concat()));
    assert_eq!(push(inbox.path(), second), Taken::Replaced);
    assert_eq!(names(inbox.path()).len(), 2);
    let (found, _) = offers(inbox.path()).await;
    let shelf = found[0].shelf.clone().unwrap();
    assert_eq!(
        shelf.told().unwrap().title.as_deref(),
        Some("The river, again")
    );
    let withdrawal = Pushed {
        withdraw: true,
        ..article()
    };
    assert_eq!(push(inbox.path(), withdrawal), Taken::Withdrawn);
    assert_eq!(names(inbox.path()).len(), 1, "no picture");
    assert!(matches!(shelf.told(), Err(ShelfError::Absent)));
    let left = files::read(&inbox.path().join(&names(inbox.path())[0]), 1000).unwrap();
    assert!(!String::from_utf8(left).unwrap().contains("Text"));
    let found = super::found(inbox.path(), &mut Vec::new()).unwrap();
    assert!(found.offers.is_empty());
    assert_eq!(found.withdrawn, ["https://n.example/river"]);
}

#[tokio::test]
async fn another_program_may_put_files_there() {
    let inbox = tempfile::tempdir().unwrap();
    let lay = |name: &str, text: &str| {
        files::write(&inbox.path().join(name), text.as_bytes()).unwrap();
    };
    lay("any name.json", &serde_json::to_string(&article()).unwrap());
    files::write(&inbox.path().join("photo.png"), PNG).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", inbox.path().join("link.png")).unwrap();
    lay(
        "two.json",
        r#"{"id":"two","title":"Two","html":"<p>x","images":[{"name":"a.png","file":"photo.png"},
        {"name":"b.png","file":"../../etc/passwd"},{"name":"c.png","file":"link.png"},{"name":"d.png","file":"/etc/passwd"}]}"#,
    );
    lay("half.json", r#"{"id":"half","title":"#);
    lay("odd.json", r#"{"id":"odd","tilte":"x"}"#);
    lay("notes.txt", "x");
    let (offers, mut skipped) = offers(inbox.path()).await;
    assert_eq!(offers.len(), 2);
    skipped.sort_by(|a, b| a.what.cmp(&b.what));
    assert_eq!(skipped[0].what, "half.json");
    assert!(skipped[1].why.contains("tilte"), "{skipped:?}");
    let inside = offers.iter().find(|offer| offer.id != "two").unwrap();
    let picture = Url::parse("https://n.example/1.png").unwrap();
    let held = inside.shelf.as_ref().unwrap().read(&picture);
    assert_eq!(&held.unwrap().unwrap().bytes[..], PNG);
    let two = offers.iter().find(|offer| offer.id == "two").unwrap();
    let Page::Told(base) = &two.page else {
        panic!("not told");
    };
    assert!(shelf::is_on_shelf(base));
    let read = |name: &str| {
        let held = two.shelf.as_ref().unwrap().read(&base.join(name).unwrap());
        held.unwrap().map(|held| held.bytes)
    };
    assert_eq!(&read("a.png").unwrap()[..], PNG);
    for name in ["b.png", "c.png", "d.png", "e.png"] {
        assert!(matches!(read(name), Err(ShelfError::Absent)), "{name}");
    }
}

#[tokio::test]
async fn a_picture_that_was_pasted_into_the_text_is_one_of_its_images() {
    let inbox = tempfile::tempdir().unwrap();
    let picture = pasted::png(64);
    let html = format!(
        "<p>Text</p><figure><img src=\"{0}\"><figcaption>The yard</figcaption></figure><img src='1.png'><img src='{0}'>",
        pasted::data(&picture)
    );
    let json = |article| serde_json::to_vec(&article).unwrap();
    let json = json(Pushed {
        html: Some(html),
        ..article()
    });
    let check = async || {
        let (offers, skipped) = offers(inbox.path()).await;
        assert!(skipped.is_empty());
        let shelf = offers[0].shelf.as_ref().unwrap();
        let told = shelf.told().unwrap();
        let html = told.content.unwrap();
        assert!(!html.contains("data:"), "{html}");
        let name = html.split('"').nth(1).unwrap();
        assert_eq!(html.matches(name).count(), 2);
        let address = told.link.unwrap().join(name).unwrap();
        assert_eq!(shelf.read(&address).unwrap().unwrap().bytes, picture);
    };
    // Put there by another program, and pushed.
    files::write(&inbox.path().join("a.json"), &json).unwrap();
    check().await;
    files::remove(&inbox.path().join("a.json")).unwrap();
    let pushed = Pushed::parse(&json).unwrap();
    assert!(pushed.check_text().is_ok());
    assert_eq!(push(inbox.path(), pushed), Taken::New);
    check().await;
    assert_eq!(names(inbox.path()).len(), 3);
}

#[tokio::test]
async fn systems_on_windows_mark_the_order_of_bytes_and_write_names_in_capitals() {
    let inbox = tempfile::tempdir().unwrap();
    let json = serde_json::to_string(&article()).unwrap();
    let wide = |bytes: fn(u16) -> [u8; 2]| {
        let units = format!("\u{feff}{json}");
        units.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    for marked in [
        format!("\u{feff}{json}").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ] {
        assert_eq!(Pushed::parse(&marked), Ok(article()));
    }
    assert!(Pushed::parse(b"\xff\xfe{\0\"\0\x00\xd8").is_err());
    files::write(&inbox.path().join("NAME.JSON"), json.as_bytes()).unwrap();
    assert_eq!(offers(inbox.path()).await.0.len(), 1);
}

#[test]
fn what_is_wrong_with_an_article_is_said() {
    let inbox = tempfile::tempdir().unwrap();
    let check = |change: fn(&mut Pushed), says: &str| {
        let mut pushed = article();
        change(&mut pushed);
        let beside = HashMap::from([("2.png".to_owned(), Bytes::from_static(PNG))]);
        let beside = match says.contains("is called") {
            true => beside,
            false => HashMap::new(),
        };
        let refused = take(inbox.path(), pushed, &beside).unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    };
    check(|p| p.id = " ".into(), "`id`");
    check(|p| p.title = None, "`title`");
    check(|p| p.html = Some("\n".into()), "`html`");
    check(|p| p.published = Some("soon".into()), "`published`");
    check(|p| p.url = Some("javascript:x".into()), "`url`");
    let long = |p: &mut Pushed| p.url = Some(format!("https://n.example/{}", "ж".repeat(700)));
    check(long, "`url` is longer than 4096 bytes");
    check(|p| p.language = Some("!".into()), "`language`");
    check(|p| p.lead = Some("2.png".into()), "`lead`");
    check(|p| p.images[0].base64 = Some("§".into()), "`base64`");
    check(
        |p| p.images[0].base64 = Some("aGVsbG8=".into()),
        "no picture",
    );
    check(|p| p.images[0].base64 = None, "comes not once");
    check(
        |p| {
            p.images[0].base64 = None;
            p.images[0].file = Some("x".into());
        },
        "names a file",
    );
    check(|p| p.images.push(p.images[0].clone()), "name of its own");
    check(|_| {}, "is called `2.png`");
    assert!(names(inbox.path()).is_empty(), "nothing was written");
}

proptest::proptest! {
    #[test]
    fn any_push_is_taken_or_refused(bytes: Vec<u8>, id: String, name: String, data: String) {
        let _ = Pushed::parse(&bytes);
        let inbox = tempfile::tempdir().unwrap();
        let image = Image { name, base64: Some(data), ..Image::default() };
        let pushed = Pushed { id, images: vec![image], ..article() };
        let _ = take(inbox.path(), pushed, &HashMap::new());
        found(inbox.path(), &mut Vec::new()).unwrap();
    }
}
