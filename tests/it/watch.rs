//! `colport pack --watch` as a process: what it publishes, what it says, and how it ends.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::archive::{Newsroom, colport, page};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The process, ended with the test.
struct Watching(Option<Child>);

impl Watching {
    fn begin(newsroom: &Newsroom) -> Self {
        Self::with(newsroom, &["--watch"])
    }

    fn with(newsroom: &Newsroom, words: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_colport"))
            .args(["pack", "--site"])
            .arg(&newsroom.site)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(Some(child.unwrap()))
    }

    fn end(mut self, signal: &str) -> Output {
        let child = self.0.take().unwrap();
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        child.wait_with_output().unwrap()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn is_there(newsroom: &Newsroom, edition: u64) -> bool {
    newsroom
        .site
        .join(format!("editions/{edition}.tar.gz"))
        .exists()
}

fn rounds(newsroom: &Newsroom) -> usize {
    newsroom.web.rounds.load(Ordering::Relaxed)
}

fn leftovers(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let parts = names.filter(|name| name.to_string_lossy().ends_with(".part"));
    parts.count()
}

#[test]
fn a_watch_publishes_what_is_new_says_it_once_and_ends_when_told() {
    let newsroom = Newsroom::open();
    newsroom.web.feed(&["ferry", "river", "nothing-there"]);
    let watching = Watching::begin(&newsroom);
    until("the first edition", || is_there(&newsroom, 1));
    // Rounds in which nothing is new.
    let seen = rounds(&newsroom);
    until("three rounds", || rounds(&newsroom) > seen + 3);
    assert!(!is_there(&newsroom, 2));

    newsroom.web.lay("market", page("Market", 22, ""));
    newsroom
        .web
        .feed(&["ferry", "river", "nothing-there", "market"]);
    until("the second edition", || is_there(&newsroom, 2));
    let output = watching.end("-TERM");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert_eq!(out.matches("Edition 1: ").count(), 1, "{out}");
    assert_eq!(out.matches("Edition 2: ").count(), 1, "{out}");
    assert!(out.ends_with("Stopped.\n"), "{out}");
    assert_eq!(err.matches("left out: ").count(), 1, "{err}");
    assert!(err.contains("nothing-there"), "{err}");
    assert_eq!(newsroom.article("market").len(), 1);
}

#[test]
fn one_folder_has_one_publisher() {
    let newsroom = Newsroom::open();
    let watching = Watching::begin(&newsroom);
    until("the first edition", || is_there(&newsroom, 1));
    let site = newsroom.site.to_str().unwrap();
    let said = colport(&["pack", "--site", site]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("another colport"), "{said:?}");
    watching.end("-INT");
    newsroom.packed();
}

#[test]
fn a_source_that_fails_is_told_once_and_asked_again() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    newsroom.web.lay("feed", "<html>This site is blocked");
    let watching = Watching::begin(&newsroom);
    let seen = rounds(&newsroom);
    until("two rounds", || rounds(&newsroom) > seen + 2);
    newsroom.web.feed(&["ferry", "river", "market"]);
    newsroom.web.lay("market", page("Market", 22, ""));
    until("the second edition", || is_there(&newsroom, 2));
    let err = String::from_utf8(watching.end("-TERM").stderr).unwrap();
    assert_eq!(err.matches("is not a feed").count(), 1, "{err}");
}

#[test]
fn a_folder_that_is_no_newsroom_ends_it_at_once() {
    let empty = tempfile::tempdir().unwrap();
    let place = empty.path().to_str().unwrap();
    let said = colport(&["pack", "--watch", "--site", place]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

/// By chance, up to a second: what a kill meets shall not be the same in each run of the tests.
fn a_moment() -> Duration {
    let dice = RandomState::new().build_hasher().finish();
    Duration::from_millis(dice % 1000)
}

fn check_kills(words: &[&str], moment: impl Fn(u8) -> Duration) {
    let newsroom = Newsroom::open();
    newsroom.packed();
    for round in 0..10u8 {
        let killed = Watching::with(&newsroom, words);
        newsroom.lay_notice(&format!("piece-{round}"));
        std::thread::sleep(moment(round));
        killed.end("-KILL");
        // Opens only what is whole, to the last file.
        newsroom.edition();
    }
    newsroom.packed();
    for round in 0..10u8 {
        assert_eq!(newsroom.article(&format!("piece-{round}")).len(), 1);
    }
    assert_eq!(leftovers(&newsroom.site.join("editions")), 0);
    let said = newsroom.packed();
    assert!(said.out.contains("Nothing is new"), "{said:?}");
}

#[test]
fn a_kill_at_any_moment_leaves_the_last_edition_whole() {
    check_kills(&[], |round| Duration::from_millis(u64::from(round) * 25));
}

#[test]
fn a_kill_of_the_watch_at_any_moment_leaves_the_last_edition_whole() {
    check_kills(&["--watch"], |_| a_moment());
}

/// A mirror at `folder` beside the newsroom, to which editions are pushed.
fn with_mirror(newsroom: &Newsroom, folder: &Path) {
    let file = newsroom.site.join("colport.toml");
    let settings = fs::read_to_string(&file).unwrap();
    let mirror = format!("\n[[mirror]]\nname = \"stick\"\nfolder = {folder:?}\n");
    fs::write(&file, settings + &mirror).unwrap();
}

#[test]
fn a_push_that_failed_is_tried_again_though_nothing_is_new() {
    let newsroom = Newsroom::open();
    let stick = newsroom.site.join("stick");
    with_mirror(&newsroom, &stick);
    // A file lies where the folder should be.
    fs::write(&stick, "").unwrap();
    let watching = Watching::with(&newsroom, &["--watch", "--sync"]);
    until("the first edition", || is_there(&newsroom, 1));
    let seen = rounds(&newsroom);
    until("two rounds", || rounds(&newsroom) > seen + 2);
    fs::remove_file(&stick).unwrap();
    fs::create_dir(&stick).unwrap();
    let newest = stick.join(".colport/metadata/timestamp.json");
    until("the mirror has it", || newest.exists());
    // Once it has it, it is left alone.
    let seen = rounds(&newsroom);
    until("two more rounds", || rounds(&newsroom) > seen + 2);
    let output = watching.end("-TERM");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(!is_there(&newsroom, 2));
    assert_eq!(out.matches("has edition 1 now").count(), 1, "{out}");
    assert_eq!(err.matches("do not have edition 1").count(), 1, "{err}");
    assert!(!out.contains("has edition 1 already"), "{out}");
}

#[test]
fn a_watch_that_begins_serves_the_mirrors_what_the_one_before_owes_them() {
    let newsroom = Newsroom::open();
    newsroom.packed();
    let stick = newsroom.site.join("stick");
    fs::create_dir(&stick).unwrap();
    with_mirror(&newsroom, &stick);
    let watching = Watching::with(&newsroom, &["--watch", "--sync"]);
    let newest = stick.join(".colport/metadata/timestamp.json");
    until("the mirror has it", || newest.exists());
    watching.end("-TERM");
    assert!(!is_there(&newsroom, 2));
}
