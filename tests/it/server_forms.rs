//! The other forms of an edition on a mirror: what it makes by itself, and what is brought to it in the dense form.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use colport::base::SitePath;
use colport::edition::{
    DenseForms, Receiver, Refusal, Remembered, Variant, VerifiedEdition, write_dense,
    write_dense_update, write_excerpt,
};
use colport::packager::Files;
use colport::server::Anchor;
use tempfile::TempDir;
use tokio::time::Instant;

use super::press::{Newsroom, site};
use super::server::{Answer, Mirror, begin, first, get, options};
use super::server_intake::{check_untouched, left_in, post, second};

fn third() -> Files {
    let mut files = second();
    files.extend(site(&[("be/index.html", "<p>third front")]));
    files
}

/// Such a form is made behind; a loaded machine may need a while.
async fn await_form(mirror: &Mirror, name: &str) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = mirror.page(&format!("/.colport/bundle/{name}")).await;
        if answer.status == 200 {
            return answer;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{name} never came"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn receive(
    form: &[u8],
    remembered: Remembered,
    held: Option<Arc<VerifiedEdition>>,
    newsroom: &Newsroom,
) -> VerifiedEdition {
    let mut receiver = Receiver::new(Vec::new(), remembered, held, newsroom.now);
    receiver.push(Bytes::copy_from_slice(form)).unwrap();
    let edition: Result<_, Refusal> = receiver.finish(|out| Ok(Bytes::from(out)));
    edition.unwrap()
}

fn contents(edition: &VerifiedEdition) -> BTreeMap<SitePath, Bytes> {
    let files = edition.files();
    files
        .map(|(path, entry)| (path.clone(), edition.content(entry)))
        .collect()
}

fn dense_update(newsroom: &Newsroom, base: u64, number: u64) -> Vec<u8> {
    let [base, new] = [base, number].map(|number| newsroom.folder.edition(number, newsroom.now));
    write_dense_update(Vec::new(), &new.unwrap(), &base.unwrap()).unwrap()
}

#[tokio::test]
async fn a_mirror_makes_updates_and_dense_forms_by_itself() {
    let mut mirror = Mirror::of(&first()).await;
    let editions = [&second(), &third()].map(|files| {
        mirror.newsroom.pass(24);
        mirror.newsroom.publish(files)
    });
    await_form(&mirror, "1.zst").await;
    for edition in &editions {
        assert_eq!(
            post(mirror.server.address(), edition.bundle()).await.status,
            201
        );
        let update = format!("{}-{}.zst", edition.number() - 1, edition.number());
        await_form(&mirror, &update).await;
    }
    let newsroom = &mirror.newsroom;
    for base in [1, 2] {
        let held = Arc::new(newsroom.folder.edition(base, newsroom.now).unwrap());
        for end in ["tar.gz", "zst"] {
            let update = await_form(&mirror, &format!("{base}-3.{end}")).await;
            let held = Some(held.clone());
            let made = receive(&update.body, newsroom.newcomer(), held, newsroom);
            assert_eq!(contents(&made), contents(&editions[1]));
        }
        // The publisher, who has all of both editions, makes the same.
        let update = await_form(&mirror, &format!("{base}-3.zst")).await;
        assert_eq!(update.body, dense_update(newsroom, base, 3));
    }
    // Small copies of it, which a reader opens.
    for (variant, name) in [(Variant::Text, "text"), (Variant::Light, "light")] {
        let small = await_form(&mirror, &format!("{name}.tar.gz")).await;
        let expected = write_excerpt(Vec::new(), &editions[1], variant).unwrap();
        assert_eq!(small.body, expected);
        let kept = small.header("cache-control").unwrap();
        assert!(
            kept.contains("max-age=120,"),
            "it will be another one: {kept}"
        );
        let mut forms = DenseForms::of(&editions[1]);
        let dense = await_form(&mirror, &format!("3-{name}.zst")).await;
        assert_eq!(dense.body, forms.write(Vec::new(), variant).unwrap());
        await_form(&mirror, &format!("2-3-{name}.zst")).await;
    }
    let full = await_form(&mirror, "3.zst").await;
    let made = receive(&full.body, newsroom.newcomer(), None, newsroom);
    assert_eq!(contents(&made), contents(&editions[1]));
    for gone in [
        "1.zst",
        "2.zst",
        "1-2.zst",
        "1-2.tar.gz",
        "0-3.zst",
        "3-3.zst",
    ] {
        let answer = mirror.page(&format!("/.colport/bundle/{gone}")).await;
        assert_eq!(answer.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn a_form_is_sent_like_any_file_that_never_changes() {
    let mirror = Mirror::of(&first()).await;
    let whole = await_form(&mirror, "1.zst").await;
    assert_eq!(whole.header("content-type"), Some("application/zstd"));
    assert_eq!(whole.header("content-encoding"), None);
    let kept = whole.header("cache-control").unwrap();
    assert!(kept.contains("immutable"), "{kept}");
    let tag = whole.header("etag").unwrap();
    let ask = |more: &str| {
        let head = "GET /.colport/bundle/1.zst HTTP/1.1\r\nhost: m\r\nconnection: close";
        mirror.answer(format!("{head}\r\n{more}\r\n\r\n"))
    };
    let rest = ask("range: bytes=100-").await;
    assert_eq!((rest.status, &rest.body[..]), (206, &whole.body[100..]));
    let again = ask(&format!("if-none-match: {tag}")).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn what_is_made_is_shown_again_after_a_restart_and_not_made_again() {
    let Mirror {
        server,
        newsroom,
        state,
    } = {
        let mirror = Mirror::of(&first()).await;
        await_form(&mirror, "1.zst").await;
        mirror
    };
    server.stop().await;
    let forms = state.path().join("forms");
    let place = forms.join("1.zst");
    let made = |place: &std::path::Path| -> SystemTime {
        std::fs::metadata(place).unwrap().modified().unwrap()
    };
    let before = made(&place);
    let torn = state.path().join("forms").join(".colport-torn.part");
    std::fs::write(&torn, "half").unwrap();
    std::fs::write(state.path().join("forms").join("notes.txt"), "x").unwrap();
    let server = begin(&newsroom, options(&newsroom, state.path())).await;
    server.hurry();
    let mirror = Mirror {
        server,
        newsroom,
        state,
    };
    let form = await_form(&mirror, "1.zst").await;
    assert_eq!(form.body, std::fs::read(&place).unwrap());
    assert_eq!(made(&place), before);
    assert!(!torn.exists());
    assert_eq!(mirror.page("/.colport/bundle/notes.txt").await.status, 404);
}

#[tokio::test]
async fn a_damaged_earlier_edition_costs_its_update_and_no_more() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    assert_eq!(
        post(mirror.server.address(), edition.bundle()).await.status,
        201
    );
    await_form(&mirror, "2.zst").await;
    let place = mirror.state.path().join("forms").join("earlier-1.tar.gz");
    let mut earlier = std::fs::read(&place).unwrap();
    let middle = earlier.len() / 2;
    earlier[middle] ^= 0xff;
    std::fs::write(&place, earlier).unwrap();
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&third());
    assert_eq!(
        post(mirror.server.address(), edition.bundle()).await.status,
        201
    );
    await_form(&mirror, "3.zst").await;
    await_form(&mirror, "2-3.zst").await;
    assert_eq!(mirror.page("/.colport/bundle/1-3.zst").await.status, 404);
}

#[tokio::test]
async fn what_comes_in_the_dense_form_becomes_the_publishers_bundle() {
    let mut newsroom = Newsroom::new();
    let state = TempDir::new().unwrap();
    let edition = newsroom.publish(&first());
    let mut print = options(&newsroom, state.path());
    print.anchor = Some(Anchor::Fingerprint(newsroom.folder.fingerprint().unwrap()));
    let server = begin(&newsroom, print).await;
    // Who knows only a fingerprint cannot begin with an update, or with what another newsroom signed.
    let stranger = Newsroom::new();
    let forged = write_dense(Vec::new(), &stranger.publish(&first())).unwrap();
    let refused = post(server.address(), &forged).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    newsroom.pass(24);
    let next = newsroom.publish(&second());
    let update = dense_update(&newsroom, 1, 2);
    assert_eq!(post(server.address(), &update).await.status, 422);
    assert!(left_in(state.path()).is_empty());

    let full = write_dense(Vec::new(), &edition).unwrap();
    let taken = post(server.address(), &full).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    let taken = post(server.address(), &update).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    let shown = get(server.address(), "/.colport/bundle/2.tar.gz")
        .await
        .body;
    let opened = VerifiedEdition::open(shown.into(), &newsroom.newcomer(), newsroom.now).unwrap();
    assert_eq!(contents(&opened), contents(&next));
    let page = get(server.address(), "/be/").await;
    assert_eq!(page.text(), "<p>second front");
}

#[tokio::test]
async fn a_hostile_dense_stream_is_refused_and_leaves_the_old_edition() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let address = mirror.server.address();
    let held = (mirror.newsroom.folder).edition(1, mirror.newsroom.now);
    let held = Some(Arc::new(held.unwrap()));
    // Some bits say the same either way.
    let is_bad = |stream: &[u8]| {
        let (newcomer, now) = (mirror.newsroom.newcomer(), mirror.newsroom.now);
        let mut receiver = Receiver::new(Vec::new(), newcomer, held.clone(), now);
        let pushed = receiver.push(Bytes::copy_from_slice(stream));
        let finish = || receiver.finish(|out| Ok::<_, Refusal>(Bytes::from(out)));
        pushed.and_then(|()| finish().map(drop)).is_err()
    };
    for good in [
        write_dense(Vec::new(), &edition).unwrap(),
        dense_update(&mirror.newsroom, 1, 2),
    ] {
        let flipped = |at: usize| {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            bad
        };
        let places = (0..good.len()).step_by(good.len() / 40);
        let lies: Vec<_> = places.map(flipped).filter(|bad| is_bad(bad)).collect();
        assert!(lies.len() > 30, "{}", lies.len());
        for bad in lies {
            let refused = post(address, &bad).await;
            let is_refused = matches!(refused.status, 403 | 409 | 413 | 422);
            assert!(is_refused, "{} {}", refused.status, refused.text());
        }
        for end in [1, 100, good.len() / 2, good.len() - 1] {
            assert_eq!(post(address, &good[..end]).await.status, 422, "{end}");
        }
        let longer = [&good[..], b"x"].concat();
        assert_eq!(post(address, &longer).await.status, 422);
    }
    check_untouched(&mirror).await;
    // Behind a good beginning, ten thousand blocks of a kind that inflates to 128 KiB each.
    let good = write_dense(Vec::new(), &edition).unwrap();
    let frame = good
        .windows(4)
        .position(|four| four == [0x28, 0xb5, 0x2f, 0xfd]);
    let mut bomb = good[..frame.unwrap() + 6].to_vec();
    let block = (1u32 << 20) | (1 << 1);
    for _ in 0..10_000 {
        bomb.extend(&block.to_le_bytes()[..3]);
        bomb.push(b'a');
    }
    let refused = post(address, &bomb).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    check_untouched(&mirror).await;
    assert_eq!(post(address, &good).await.status, 201);
}
