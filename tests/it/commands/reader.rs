//! What readers and volunteers see: `get`, `open`, `verify`, `serve`, and the demo.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::publisher::{other_paper, unused_address};
use super::{COLPORT, Paper, Said, Serving, colport, content};

pub(super) const STRANGER: &str = "0000-1111-2222-3333-4444-5555-6666-7777";

/// `colport get` into a store, with the newsroom's fingerprint.
fn get<'a>(store: &Path, mirrors: impl IntoIterator<Item = &'a str>) -> Said {
    let mut command = Command::new(COLPORT);
    command.arg("get").arg("--store").arg(store);
    command.args(["--root", &Paper::shared().fingerprint()]);
    super::program(command.args(mirrors))
}

fn kept(store: &Path) -> Vec<u8> {
    fs::read(store.join("edition.tar.gz")).unwrap_or_default()
}

#[test]
fn an_edition_comes_from_the_one_mirror_that_is_left() {
    let (good, _state) = Serving::edition(2);
    let store = tempfile::tempdir().unwrap();
    let dead = unused_address();
    let said = get(store.path(), [dead.as_str(), &good.url]);
    let said = said.done(&["Edition 2 is here", "Signed on", "colport open"]);
    assert!(said.err.contains("no connection"), "{said:?}");
    let said = get(store.path(), [good.url.as_str()]);
    said.done(&["Edition 2 was here already"]);
}

#[test]
fn with_all_mirrors_dead_it_fails_within_15_seconds() {
    // Takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/", silent.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("http://{}/", listener.local_addr().unwrap());
    let mirrors = [silent.as_str(), &mute, &unused_address()];
    // The newsroom itself is no part of the time.
    Paper::shared();
    let fails = || {
        let (store, began) = (tempfile::tempdir().unwrap(), Instant::now());
        let said = get(store.path(), mirrors);
        let took = began.elapsed();
        said.refused(&[
            "no mirror gave a good edition",
            "no connection",
            "did not answer",
            "try other addresses",
        ]);
        assert_eq!(kept(store.path()), b"");
        took
    };
    // Waiting takes 14 of them: a machine that stands still for one second gets another try.
    let is_in_time = (0..4).any(|_| fails() < Duration::from_secs(15));
    assert!(is_in_time);
}

#[test]
fn an_edition_older_than_one_seen_is_refused() {
    let [(new, _new), (old, _old)] = [2, 1].map(Serving::edition);
    let store = tempfile::tempdir().unwrap();
    get(store.path(), [new.url.as_str()]).done(&["Edition 2 is here"]);
    let before = kept(store.path());
    get(store.path(), [old.url.as_str()]).refused(&["but 2 was seen before"]);
    assert!(kept(store.path()) == before);
}

#[test]
fn a_mirror_of_another_newsroom_is_refused() {
    let (good, _state) = Serving::edition(2);
    let store = tempfile::tempdir().unwrap();
    let at = store.path().join("new");
    let words = [
        "get",
        "--root",
        STRANGER,
        &good.url,
        "--store",
        at.to_str().unwrap(),
    ];
    colport(words).refused(&[
        "no mirror gave a good edition",
        "the fingerprint is not the one",
        "compare the fingerprint",
    ]);
    assert_eq!(kept(&at), b"");
    get(store.path(), [good.url.as_str()]).done(&[]);
    let words = [
        "get",
        "--root",
        STRANGER,
        &good.url,
        "--store",
        store.path().to_str().unwrap(),
    ];
    colport(words).refused(&["this store belongs to the newsroom", "use another folder"]);
}

#[test]
fn get_asks_whom_to_trust_before_it_asks_anybody() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let at = store.to_str().unwrap();
    let says = ["whom to trust", "fingerprint"];
    colport(["get", "http://127.0.0.1:1/", "--store", at]).wrong_setup(&says);
    let words = [
        "get",
        "http://127.0.0.1:1/",
        "--root",
        "7777",
        "--store",
        at,
    ];
    colport(words).wrong_setup(&["neither a fingerprint nor a file", "eight groups"]);
    let said = colport(["get", "ftp://m.example/", "--store", at]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("ftp://m.example/"), "{said:?}");
    assert!(!store.exists(), "{:?}", content(place.path()).keys());
}

#[test]
fn an_unknown_newsrooms_bundle_is_not_shown() {
    let paper = Paper::shared();
    let bundle = paper.path("editions/2.tar.gz");
    let says = [
        &paper.fingerprint(),
        "nobody has said yet",
        "--root FINGERPRINT",
    ];
    colport(["open", &bundle, "--no-browser"]).refused(&says);
    let says = ["another newsroom", STRANGER];
    colport(["open", &bundle, "--no-browser", "--root", STRANGER]).refused(&says);
}

#[test]
fn a_known_newsrooms_bundle_is_shown_until_it_is_interrupted() {
    let paper = Paper::shared();
    let mut child = Command::new(COLPORT)
        .args(["open", "--no-browser", "--root", &paper.fingerprint()])
        .arg(paper.bundle(2))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(out).map(Result::unwrap);
    let line = lines.find(|line| line.contains("http://")).unwrap();
    let url = line.split(' ').find(|word| word.starts_with("http://"));
    let url = url.unwrap();
    let said = colport(["verify", url]);
    assert!(said.out.contains("Edition 2 "), "{said:?}");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn verify_tells_who_signed_and_ends_with_0_only_if_that_is_proved() {
    let paper = Paper::shared();
    let bundle = paper.path("editions/2.tar.gz");
    let fingerprint = paper.fingerprint();
    let words = [
        "Edition 2 ",
        &fingerprint,
        "who holds the other keys",
        "all there, all as they were signed",
    ];
    colport(["verify", &bundle, "--root", &fingerprint]).done(&words);
    colport(["verify", &bundle, "--root", &paper.root()]).done(&words);
    colport(["verify", &bundle]).refused(&["whose it is was not proved", "--root"]);
    colport(["verify", &bundle, "--root", STRANGER]).refused(&["another newsroom"]);
    let theirs = other_paper();
    colport(["verify", &bundle, "--root", &theirs.root()]).refused(&[]);
    colport(["verify", "no such file"]).wrong_setup(&["`no such file` does not exist", "spelling"]);
}

#[test]
fn verify_names_what_is_wrong_in_a_folder() {
    let (good, _state) = Serving::edition(2);
    let paper = Paper::copied();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().to_str().unwrap();
    let mirror = format!("[[mirror]]\nname = \"stick\"\nfolder = {at:?}\n\n[pack]");
    paper.configure("[pack]", &mirror);
    colport(["sync", "--once", "--site", paper.site()]).done(&["stick   has edition 2 now"]);
    let root = paper.root();
    for whole in [at, &good.url] {
        colport(["verify", whole, "--root", &root]).done(&["Edition 2 ", "all there"]);
        colport(["verify", whole, "--root", STRANGER]).refused(&["another newsroom"]);
    }

    fs::write(stick.path().join("index.html"), "<h1>Lies</h1>").unwrap();
    fs::remove_file(stick.path().join("be/feed.xml")).unwrap();
    fs::write(stick.path().join("be/more.html"), "<h1>More lies</h1>").unwrap();
    let said = colport(["verify", at, "--root", &root]);
    let said = said.refused(&["not all of it is right", "do not use this copy"]);
    for line in [
        "    be/feed.xml: missing\n",
        "    index.html: CHANGED\n",
        "    be/more.html: signed by nobody\n",
    ] {
        assert!(said.out.contains(line), "{said:?}");
    }
    let empty = tempfile::tempdir().unwrap();
    colport(["verify", empty.path().to_str().unwrap()]).refused(&[]);
    colport(["verify", &unused_address()]).refused(&["no connection"]);
}

#[test]
fn a_port_in_use_is_named() {
    let (running, _state) = Serving::edition(1);
    let address = running
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    let words = [
        "serve",
        "--root",
        STRANGER,
        "--state",
        state.to_str().unwrap(),
        "--listen",
        address,
    ];
    let says = ["is in use by another program", "--listen"];
    colport(words).wrong_setup(&says);
    assert!(!state.exists());
}

#[test]
fn a_mirror_needs_to_know_whom_to_trust() {
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    let words = [
        "serve",
        "--state",
        state.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    colport(words).wrong_setup(&["whom to trust", "--root"]);
    assert!(!state.exists());
}

#[test]
fn a_closed_pipe_ends_no_work() {
    let paper = Paper::shared();
    let script = "\"$0\" verify \"$1\" --root \"$2\" | true; exit ${PIPESTATUS[0]}";
    let mut command = Command::new("bash");
    command.args(["-c", script, COLPORT]);
    command.args([paper.path("editions/2.tar.gz"), paper.root()]);
    super::program(&mut command).done(&[]);
}

#[test]
fn the_demo_tells_the_whole_way() {
    let said = colport(["demo", "--once"]).done(&[
        "1. The newsroom makes its keys",
        "zh: 3 articles",
        "because its signature is\n   right",
        "mirror 1: no connection",
        "is not what was signed",
        "are verified and kept",
        "every file is as the newsroom signed it",
        "Open it in your browser:\n      http://127.0.0.1:",
    ]);
    assert_eq!(said.err, "");
}
