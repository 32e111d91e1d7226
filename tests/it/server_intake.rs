//! Bundles that are brought to a mirror, and what is left in its state folder whatever happens.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use colport::packager::Files;
use colport::server::{Anchor, HoldingsError, Options, StartError, start};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::press::{Newsroom, path, site};
use super::server::{Answer, Mirror, Stopped, begin, exchange, first, get, options};

fn head_of_post(length: u64, more: &str) -> String {
    format!("POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ncontent-length: {length}\r\n{more}\r\n")
}

pub async fn post(address: SocketAddr, bundle: &[u8]) -> Answer {
    let mut request = head_of_post(bundle.len() as u64, "").into_bytes();
    request.extend_from_slice(bundle);
    exchange(address, &request).await
}

pub fn second() -> Files {
    let mut files = first();
    files.extend(site(&[("be/index.html", "<p>second front")]));
    files
}

/// What lies in the state folder, sorted, but for what is made again at any time.
pub fn left_in(state: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lock" && name != "forms")
        .collect();
    names.sort();
    names
}

pub async fn check_untouched(mirror: &Mirror) {
    assert_eq!(mirror.server.edition(), Some(1));
    assert!(mirror.page("/be/").await.text().starts_with("<p>front"));
    assert_eq!(
        left_in(mirror.state.path()),
        ["edition.seal", "edition.tar.gz", "remembered.json"]
    );
    let kept = std::fs::read(mirror.state.path().join("edition.tar.gz")).unwrap();
    assert_eq!(
        kept,
        std::fs::read(mirror.newsroom.folder.bundle(1)).unwrap()
    );
}

#[tokio::test]
async fn anyone_may_bring_what_the_newsroom_signed() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let taken = post(mirror.server.address(), edition.bundle()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(taken.header("location"), Some("/.colport/bundle/2.tar.gz"));
    assert_eq!(taken.text(), "edition 2 is served now\n");
    assert_eq!(mirror.page("/be/").await.text(), "<p>second front");
    assert_eq!(
        mirror.page("/.colport/bundle/2.tar.gz").await.body,
        edition.bundle()[..]
    );
    assert_eq!(mirror.page("/.colport/bundle/1.tar.gz").await.status, 404);
    assert_eq!(
        left_in(mirror.state.path()),
        ["edition.seal", "edition.tar.gz", "remembered.json"]
    );
}

#[tokio::test]
async fn an_update_becomes_the_same_full_bundle() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let update = mirror.newsroom.update(1, 2);
    assert!(update.len() < edition.bundle().len());
    let taken = post(mirror.server.address(), &update).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(
        mirror.page("/.colport/bundle/2.tar.gz").await.body,
        edition.bundle()[..]
    );
}

#[tokio::test]
async fn a_chunked_body_is_as_good() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let mut request =
        b"POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for chunk in edition.bundle().chunks(1000) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(mirror.answer(&request).await.status, 201);
}

#[tokio::test]
async fn what_is_not_newer_is_refused() {
    let mirror = Mirror::of(&first()).await;
    let same = mirror.newsroom.folder.edition(1, mirror.newsroom.now);
    let refused = post(mirror.server.address(), same.unwrap().bundle()).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("not newer"), "{}", refused.text());
    check_untouched(&mirror).await;
}

#[tokio::test]
async fn an_update_of_another_edition_is_refused() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    mirror.newsroom.publish(&second());
    mirror.newsroom.pass(24);
    mirror.newsroom.publish(&first());
    let update = mirror.newsroom.update(2, 3);
    let refused = post(mirror.server.address(), &update).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("edition 1"), "{}", refused.text());
    check_untouched(&mirror).await;
}

#[tokio::test]
async fn what_another_newsroom_signed_is_refused() {
    let mirror = Mirror::of(&first()).await;
    let mut stranger = Newsroom::new();
    stranger.publish(&second());
    stranger.pass(24);
    let forged = stranger.publish(&second());
    let refused = post(mirror.server.address(), forged.bundle()).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    check_untouched(&mirror).await;
}

#[tokio::test]
async fn what_is_damaged_is_refused_wherever_the_damage_is() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let good = edition.bundle();
    for at in (0..good.len()).step_by(good.len() / 25) {
        let mut bad = good.to_vec();
        // All bits, since some of them may be mere padding between two gzip members.
        bad[at] ^= 0xff;
        let refused = post(mirror.server.address(), &bad).await;
        assert!(
            matches!(refused.status, 403 | 409 | 413 | 422),
            "byte {at}: {} {}",
            refused.status,
            refused.text()
        );
        let said = refused.text();
        assert!(
            said.ends_with('\n') && said.lines().count() == 1,
            "{said:?}"
        );
        assert!(
            !said.contains(&*mirror.state.path().to_string_lossy()),
            "{said:?}"
        );
    }
    for end in [0, 1, 100, good.len() / 2, good.len() - 1] {
        let refused = post(mirror.server.address(), &good[..end]).await;
        assert_eq!(refused.status, 422, "{end}: {}", refused.text());
    }
    let mut longer = good.to_vec();
    longer.push(0);
    assert_eq!(post(mirror.server.address(), &longer).await.status, 422);
    assert_eq!(post(mirror.server.address(), b"GIF89a").await.status, 422);
    check_untouched(&mirror).await;
}

/// Until there are so many files, or for a minute.
async fn wait_for(state: &Path, is_so: impl Fn(usize) -> bool) {
    for _ in 0..3000 {
        if is_so(left_in(state).len()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    for part in [10, edition.bundle().len() / 2, edition.bundle().len() - 1] {
        let mut stream = TcpStream::connect(mirror.server.address()).await.unwrap();
        let head = head_of_post(edition.bundle().len() as u64, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&edition.bundle()[..part]).await.unwrap();
        // What is too short to be judged has no part.
        if part == edition.bundle().len() - 1 {
            wait_for(mirror.state.path(), |count| count > 3).await;
        }
        drop(stream);
        wait_for(mirror.state.path(), |count| count == 3).await;
    }
    // The place of the broken ones is free again, and their parts are gone.
    let left = left_in(mirror.state.path());
    assert_eq!(left, ["edition.seal", "edition.tar.gz", "remembered.json"]);
    check_untouched(&mirror).await;
    assert_eq!(
        post(mirror.server.address(), edition.bundle()).await.status,
        201
    );
}

/// Sends `head` and then rubbish for as long as it is taken, up to `most`; how much was, and the answer.
async fn pour(address: SocketAddr, head: &str, first: &[u8], most: usize) -> (usize, Answer) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let (head, first) = (head.to_owned(), first.to_vec());
    let pouring = tokio::spawn(async move {
        writing.write_all(head.as_bytes()).await.unwrap();
        let mut poured = 0;
        let rubbish = vec![b'x'; 1 << 14];
        let _ = writing.write_all(&first).await;
        while poured < most && writing.write_all(&rubbish).await.is_ok() {
            poured += rubbish.len();
        }
        poured
    });
    let mut bytes = Vec::new();
    let whole = timeout(Duration::from_secs(90), async {
        let mut piece = [0; 4096];
        loop {
            match reading.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&piece[..count]),
            }
        }
    });
    whole.await.expect("the server closes");
    pouring.abort();
    let poured = pouring.await.unwrap_or(0);
    (poured, Answer::parse(&bytes))
}

const HUGE: u64 = 8 << 30;

#[tokio::test]
async fn a_refusal_comes_before_the_rest_is_read() {
    let mirror = Mirror::of(&first()).await;
    let old = std::fs::read(mirror.newsroom.folder.bundle(1)).unwrap();
    for start in [&old[..], b"GIF89a"] {
        let head = head_of_post(HUGE, "");
        let (poured, refused) = pour(mirror.server.address(), &head, start, 1 << 30).await;
        assert!(matches!(refused.status, 409 | 422), "{}", refused.status);
        assert_eq!(refused.header("connection"), Some("close"));
        // What the kernel holds for both sides, and no more.
        assert!(poured < 32 << 20, "{poured} bytes were taken");
    }
    check_untouched(&mirror).await;
}

#[tokio::test]
async fn what_is_announced_too_large_is_not_even_asked_for() {
    let mirror = Mirror::with(&first(), |options| options.intake.bundle_bytes = 1000).await;
    let head = head_of_post(1001, "expect: 100-continue\r\n");
    let bytes = super::server::exchange_all(mirror.server.address(), head.as_bytes()).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    let chunked = "POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ntransfer-encoding: chunked\r\n\r\n\
                   500\r\n";
    let mut request = chunked.as_bytes().to_vec();
    let bundle = std::fs::read(mirror.newsroom.folder.bundle(1)).unwrap();
    request.extend_from_slice(&bundle[..0x500]);
    request.extend_from_slice(b"\r\n0\r\n\r\n");
    let refused = mirror.answer(&request).await;
    assert!(matches!(refused.status, 409 | 413), "{}", refused.text());
    check_untouched(&mirror).await;
}

#[tokio::test]
async fn who_asks_first_is_told_to_go_on() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let mut stream = TcpStream::connect(mirror.server.address()).await.unwrap();
    let head = head_of_post(edition.bundle().len() as u64, "expect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(edition.bundle()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 201 "));
}

#[tokio::test]
async fn who_sends_everything_before_he_listens_still_gets_his_answer() {
    let mirror = Mirror::of(&first()).await;
    let mut request = head_of_post(1_500_000, "").into_bytes();
    request.resize(request.len() + 1_500_000, b'x');
    let mut stream = TcpStream::connect(mirror.server.address()).await.unwrap();
    stream.write_all(&request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(
        bytes.starts_with(b"HTTP/1.1 422 "),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    // A reset could overtake the answer and take it away again; so the server does not close on what it did not read.
    for _ in 0..3 {
        stream.write_all(b"x").await.expect("it was not reset");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The answer to another for whom there is no place beside `stalled`. `None`: another had the place when that one came.
async fn refused_beside(stalled: &TcpStream, address: SocketAddr) -> Option<Answer> {
    loop {
        let other = post(address, b"x").await;
        if other.status != 422 {
            return Some(other);
        }
        if timeout(Duration::ZERO, stalled.peek(&mut [0]))
            .await
            .is_ok()
        {
            return None;
        }
    }
}

#[tokio::test]
async fn a_stalled_body_loses_its_place() {
    let mirror = Mirror::with(&first(), |options| {
        options.intake.silence = Duration::from_secs(3);
        options.intake.strangers = 1;
    })
    .await;
    let address = mirror.server.address();
    let (mut stalled, other) = loop {
        let mut stalled = TcpStream::connect(address).await.unwrap();
        let head = head_of_post(1000, "");
        stalled.write_all(head.as_bytes()).await.unwrap();
        if let Some(other) = refused_beside(&stalled, address).await {
            break (stalled, other);
        }
    };
    assert_eq!(other.status, 429);
    assert!(other.header("retry-after").is_some());
    let mut bytes = Vec::new();
    stalled.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 408 "));
    assert_eq!(post(address, b"x").await.status, 422);
}

/// The version and the status of an answer.
async fn start_of(answer: &mut (impl AsyncRead + Unpin)) -> [u8; 13] {
    let mut start = [0; 13];
    timeout(Duration::from_secs(90), answer.read_exact(&mut start))
        .await
        .expect("it is answered in time")
        .unwrap();
    start
}

#[tokio::test]
async fn a_drip_is_not_a_pace() {
    let mirror = Mirror::with(&first(), |options| {
        options.intake.patience = Duration::from_millis(300);
        options.intake.bytes_per_second = 1 << 20;
    })
    .await;
    let bundle = std::fs::read(mirror.newsroom.folder.bundle(1)).unwrap();
    let mut stream = TcpStream::connect(mirror.server.address()).await.unwrap();
    let head = head_of_post(bundle.len() as u64, "");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        for byte in bundle {
            if writing.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(&start_of(&mut reading).await, b"HTTP/1.1 408 ");
    dripping.abort();
}

#[tokio::test]
async fn strangers_who_only_sit_there_cannot_keep_the_newsroom_out() {
    let mut mirror = Mirror::with(&first(), |options| {
        options.intake.strangers = 2;
        options.intake.grace = Duration::from_secs(1);
    })
    .await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let address = mirror.server.address();
    let stranger = || async {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        let head = head_of_post(1000, "");
        stranger.write_all(head.as_bytes()).await.unwrap();
        stranger
    };
    let (mut one, mut other) = (stranger().await, stranger().await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(post(address, edition.bundle()).await.status, 201);
    // Which of the two came first is for the machine to say.
    let left = tokio::select! {
        left = start_of(&mut one) => left,
        left = start_of(&mut other) => left,
    };
    assert_eq!(&left, b"HTTP/1.1 429 ");
}

#[tokio::test]
async fn strangers_cannot_hold_up_a_bundle_that_was_proved() {
    let mut mirror = Mirror::with(&first(), |options| options.intake.strangers = 2).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let address = mirror.server.address();
    let mut good = TcpStream::connect(address).await.unwrap();
    let head = head_of_post(edition.bundle().len() as u64, "");
    let most = edition.bundle().len() - 10;
    good.write_all(head.as_bytes()).await.unwrap();
    good.write_all(&edition.bundle()[..most]).await.unwrap();
    // They may be heard by another thread, and it is to be proved before that.
    wait_for(mirror.state.path(), |count| count > 3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut strangers = Vec::new();
    for _ in 0..5 {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        stranger
            .write_all(head_of_post(1000, "").as_bytes())
            .await
            .unwrap();
        strangers.push(stranger);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    good.write_all(&edition.bundle()[most..]).await.unwrap();
    let mut bytes = Vec::new();
    good.read_to_end(&mut bytes).await.unwrap();
    assert!(
        bytes.starts_with(b"HTTP/1.1 201 "),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
}

#[tokio::test]
async fn a_restart_shows_the_last_good_edition() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    assert_eq!(
        post(mirror.server.address(), edition.bundle()).await.status,
        201
    );
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    // As a killed server leaves them.
    std::fs::write(state.path().join(".colport-x1.part"), b"half").unwrap();
    std::fs::remove_file(state.path().join("remembered.json")).unwrap();
    let mut again = options(&newsroom, state.path());
    // A unit file goes on naming the bundle of the first day.
    again.bundle = Some(newsroom.folder.bundle(1));
    let server = begin(&newsroom, again).await;
    assert_eq!(server.edition(), Some(2));
    assert_eq!(
        get(server.address(), "/be/").await.text(),
        "<p>second front"
    );
    assert_eq!(
        left_in(state.path()),
        ["edition.seal", "edition.tar.gz", "remembered.json"]
    );
    server.stop().await;
    // Nobody needs to say again whom to trust.
    let mut silent = options(&newsroom, state.path());
    silent.anchor = None;
    assert_eq!(begin(&newsroom, silent).await.edition(), Some(2));
}

#[tokio::test]
async fn a_lost_bundle_does_not_open_the_way_to_an_older_one() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    assert_eq!(
        post(mirror.server.address(), edition.bundle()).await.status,
        201
    );
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    std::fs::remove_file(state.path().join("edition.tar.gz")).unwrap();
    let server = begin(&newsroom, options(&newsroom, state.path())).await;
    assert_eq!(server.edition(), None);
    assert_eq!(get(server.address(), "/").await.status, 503);
    let old = std::fs::read(newsroom.folder.bundle(1)).unwrap();
    let refused = post(server.address(), &old).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(left_in(state.path()), ["edition.seal", "remembered.json"]);
    assert_eq!(post(server.address(), edition.bundle()).await.status, 201);
    assert_eq!(
        get(server.address(), "/be/").await.text(),
        "<p>second front"
    );
}

/// The file of the same marks, with a byte changed: what a disk may do by itself.
fn rot(place: &Path, seal: &Path) {
    let before = colport::io::files::marks(place).unwrap();
    let mut bytes = std::fs::read(place).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place, bytes).unwrap();
    let now = colport::io::files::marks(place).unwrap();
    // Nobody can set the time of the last change, so the seal is made to fit.
    let mut sealed = std::fs::read(seal).unwrap();
    let end = sealed.len() - 32;
    for (old, new) in before.0.iter().zip(now.0) {
        let place = sealed
            .windows(8)
            .position(|eight| eight == old.to_be_bytes());
        let place = place.expect("the marks are in the seal");
        sealed[place..place + 8].copy_from_slice(&new.to_be_bytes());
    }
    let digest = colport::base::Digest::of(&sealed[..end]);
    sealed[end..].copy_from_slice(digest.as_bytes());
    std::fs::write(seal, sealed).unwrap();
}

#[tokio::test]
async fn what_was_verified_before_is_shown_and_verified_again_behind_that() {
    let mirror = Mirror::of(&first()).await;
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    let mut server = begin(&newsroom, options(&newsroom, state.path())).await;
    assert_eq!(server.edition(), Some(1));
    assert!(
        get(server.address(), "/be/")
            .await
            .text()
            .starts_with("<p>front")
    );
    server.hurry();
    server.proved().await;
    assert!(server.is_proved());
    assert!(server.damage().is_none());
    server.stop().await;

    let [place, seal] = ["edition.tar.gz", "edition.seal"].map(|name| state.path().join(name));
    rot(&place, &seal);
    let mut server = begin(&newsroom, options(&newsroom, state.path())).await;
    server.hurry();
    server.proved().await;
    assert_eq!(server.edition(), None);
    assert!(
        server
            .damage()
            .unwrap()
            .to_string()
            .contains("edition.tar.gz")
    );
    assert_eq!(get(server.address(), "/be/").await.status, 503);
    let good = std::fs::read(newsroom.folder.bundle(1)).unwrap();
    assert_eq!(post(server.address(), &good).await.status, 201);
    assert_eq!(server.edition(), Some(1));
}

#[tokio::test]
async fn a_bundle_that_comes_while_the_old_one_is_verified_waits_for_that() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    let server = begin(&newsroom, options(&newsroom, state.path())).await;
    assert_eq!(post(server.address(), edition.bundle()).await.status, 201);
    assert_eq!(server.edition(), Some(2));
}

#[tokio::test]
async fn a_mirror_whose_memory_is_lost_while_it_runs_serves_on_and_takes_nothing_in() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    let edition = mirror.newsroom.publish(&second());
    let memory = mirror.state.path().join("remembered.json");
    let good = std::fs::read(&memory).unwrap();
    for damage in [Some(&b"{}"[..]), None] {
        match damage {
            Some(bytes) => std::fs::write(&memory, bytes).unwrap(),
            None => std::fs::remove_file(&memory).unwrap(),
        }
        let refused = post(mirror.server.address(), edition.bundle()).await;
        assert_eq!(refused.status, 500, "{}", refused.text());
        assert_eq!(mirror.server.edition(), Some(1));
        assert!(mirror.page("/be/").await.text().starts_with("<p>front"));
    }
    std::fs::write(&memory, good).unwrap();
    let taken = post(mirror.server.address(), edition.bundle()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[tokio::test]
async fn a_mirror_that_has_an_edition_begins_with_a_newer_one_that_it_is_given() {
    let mut mirror = Mirror::of(&first()).await;
    mirror.newsroom.pass(24);
    mirror.newsroom.publish(&second());
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    let mut given = options(&newsroom, state.path());
    given.bundle = Some(newsroom.folder.bundle(2));
    let server = timeout(Duration::from_secs(60), begin(&newsroom, given)).await;
    assert_eq!(server.expect("it begins").edition(), Some(2));
}

#[tokio::test]
async fn a_rotten_disk_is_told_and_healed_by_the_next_bundle() {
    let mirror = Mirror::of(&first()).await;
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    let place = state.path().join("edition.tar.gz");
    let good = std::fs::read(&place).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&place, &bad).unwrap();
    let server = begin(&newsroom, options(&newsroom, state.path())).await;
    assert!(matches!(server.damage(), Some(HoldingsError::Bundle { path, .. }) if *path == place));
    assert_eq!(
        get(server.address(), "/").await.status,
        503,
        "nothing unproved goes out"
    );
    assert_eq!(post(server.address(), &good).await.status, 201);
    assert_eq!(get(server.address(), "/").await.status, 200);
}

async fn refused(newsroom: &Newsroom, options: Options) -> HoldingsError {
    match start(options, Arc::new(Stopped(newsroom.now))).await {
        Err(StartError::Holdings(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it serves"),
    }
}

#[tokio::test]
async fn a_forged_bundle_to_begin_with_is_refused_and_leaves_nothing() {
    let newsroom = Newsroom::new();
    let stranger = Newsroom::new();
    stranger.publish(&first());
    let state = TempDir::new().unwrap();
    let mut forged = options(&newsroom, state.path());
    forged.bundle = Some(stranger.folder.bundle(1));
    let error = refused(&newsroom, forged).await;
    assert!(matches!(error, HoldingsError::Bundle { .. }), "{error}");
    assert!(error.hint().is_some());
    assert!(left_in(state.path()).is_empty());
}

#[tokio::test]
async fn one_folder_holds_one_site() {
    let mirror = Mirror::of(&first()).await;
    let Mirror {
        server,
        newsroom,
        state,
    } = mirror;
    server.stop().await;
    let stranger = Newsroom::new();
    let error = refused(&newsroom, options(&stranger, state.path())).await;
    assert!(matches!(error, HoldingsError::OtherSite { .. }), "{error}");
    let mut print = options(&newsroom, state.path());
    print.anchor = Some(Anchor::Fingerprint(stranger.folder.fingerprint().unwrap()));
    let error = refused(&newsroom, print).await;
    assert!(matches!(error, HoldingsError::OtherSite { .. }), "{error}");
}

#[tokio::test]
async fn a_new_mirror_must_be_told_whom_to_trust() {
    let newsroom = Newsroom::new();
    let state = TempDir::new().unwrap();
    let mut blind = options(&newsroom, state.path());
    blind.anchor = None;
    let error = refused(&newsroom, blind).await;
    assert!(matches!(error, HoldingsError::NoAnchor(_)), "{error}");
    assert!(error.hint().unwrap().contains("--root"));
}

#[tokio::test]
async fn a_fingerprint_is_enough_to_begin() {
    let newsroom = Newsroom::new();
    let stranger = Newsroom::new();
    let state = TempDir::new().unwrap();
    let mut print = options(&newsroom, state.path());
    print.anchor = Some(Anchor::Fingerprint(newsroom.folder.fingerprint().unwrap()));
    let server = begin(&newsroom, print.clone()).await;
    assert_eq!(get(server.address(), "/").await.status, 503);
    let forged = stranger.publish(&first());
    let refused = post(server.address(), forged.bundle()).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(post(server.address(), b"GIF89a").await.status, 422);
    assert!(left_in(state.path()).is_empty());
    let edition = newsroom.publish(&first());
    let taken = post(server.address(), edition.bundle()).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(get(server.address(), "/").await.text(), "<p>home");
    server.stop().await;
    assert_eq!(begin(&newsroom, print).await.edition(), Some(1));
}

#[tokio::test]
async fn an_update_cannot_be_the_first() {
    let mut newsroom = Newsroom::new();
    newsroom.publish(&first());
    newsroom.pass(24);
    newsroom.publish(&second());
    let update = newsroom.update(1, 2);
    for anchor in [
        Anchor::Root(newsroom.newcomer().root),
        Anchor::Fingerprint(newsroom.folder.fingerprint().unwrap()),
    ] {
        let state = TempDir::new().unwrap();
        let mut empty = options(&newsroom, state.path());
        empty.anchor = Some(anchor);
        let server = begin(&newsroom, empty).await;
        let refused = post(server.address(), &update).await;
        assert!(matches!(refused.status, 409 | 422), "{}", refused.text());
        assert!(left_in(state.path()).is_empty());
    }
}

#[tokio::test]
async fn the_intake_is_for_bringing_only() {
    let mirror = Mirror::of(&first()).await;
    let answer = mirror.page("/.colport/bundle").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("post"));
    let elsewhere = "POST /be/ HTTP/1.1\r\nhost: m\r\ncontent-length: 3\r\n\r\nabc";
    let answer = mirror.answer(elsewhere).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("get, head"));
    let twice =
        "POST /.colport/bundle HTTP/1.1\r\nhost: a\r\nhost: b\r\ncontent-length: 3\r\n\r\nabc";
    assert_eq!(mirror.answer(twice).await.status, 400);
    let place = path("be/index.html");
    assert_eq!(mirror.page(&format!("/{place}")).await.status, 200);
}
