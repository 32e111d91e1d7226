//! A disk that is full: a small file system of its own, in a namespace, for each command that writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{COLPORT, Paper, Said, Serving, colport, content, program};

/// `script` with a disk of `kib` at `$DISK`; `None` where the system does not allow it.
fn on_small_disk(kib: u32, disk: &Path, script: &str, words: &[&str]) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("left out: `unshare -rm` is not allowed here, so no disk can be full");
        return None;
    }
    let script = format!("mount -t tmpfs -o size={kib}k tmpfs \"$DISK\" && {script}");
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script, COLPORT]);
    command.args(words).env("DISK", disk);
    Some(command)
}

/// Ends as `colport` does, and lists what is on the disk then, below a line `left:`.
const AND_LIST: &str = "\"$0\" \"$@\"; code=$?; echo left:; ls -A \"$DISK\"; exit $code";

fn left(said: &Said) -> Vec<&str> {
    let (_, left) = said.out.split_once("left:\n").unwrap();
    left.lines().collect()
}

const SAYS: [&str; 2] = ["no space is left", "free some space"];

#[test]
fn pack_on_a_full_disk_leaves_nothing() {
    let paper = Paper::copied();
    let editions = paper.site.join("editions");
    // On the small disk there is no edition yet, as far as anybody remembers.
    fs::remove_file(paper.site.join("archive/newest-edition")).unwrap();
    let words = ["pack", "--site", paper.site()];
    let Some(mut command) = on_small_disk(64, &editions, AND_LIST, &words) else {
        return;
    };
    let said = program(&mut command).wrong_setup(&SAYS);
    assert_eq!(left(&said), [""; 0]);
    // The next run, with space, is as if nothing had been.
    paper.pack().done(&["Nothing is new"]);
}

#[test]
fn init_on_a_full_disk_can_be_run_again() {
    let place = tempfile::tempdir().unwrap();
    let script = "for n in 1 2 3 4 5 6 7 8; do \
        mount -t tmpfs -o size=$((n * 4))k tmpfs \"$DISK\"; \"$0\" \"$@\" >&2 && exit 0; \
        mount -o remount,size=1m \"$DISK\"; \"$0\" \"$@\" || { ls -R \"$DISK\"; exit 9; }; done";
    let at = place.path().to_str().unwrap();
    let Some(mut command) = on_small_disk(64, place.path(), script, &["init", at]) else {
        return;
    };
    let said = program(&mut command);
    assert!(
        said.err.contains(SAYS[0]) && said.err.contains(SAYS[1]),
        "{said:?}"
    );
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn get_on_a_full_disk_leaves_no_half_edition() {
    let (good, _state) = Serving::edition(2);
    let store = tempfile::tempdir().unwrap();
    let (at, fingerprint) = (
        store.path().to_str().unwrap(),
        Paper::shared().fingerprint(),
    );
    let words = ["get", &good.url, "--store", at, "--root", &fingerprint];
    let Some(mut command) = on_small_disk(128, store.path(), AND_LIST, &words) else {
        return;
    };
    let said = program(&mut command).wrong_setup(&SAYS);
    let left = left(&said);
    assert!(!left.contains(&"edition.tar.gz"), "{left:?}");
}

#[test]
fn a_mirror_with_a_full_disk_refuses_and_serves_what_it_has() {
    let paper = Paper::copied();
    let state = tempfile::tempdir().unwrap();
    let (at, root, first) = (
        state.path().to_str().unwrap(),
        paper.root(),
        paper.path("editions/1.tar.gz"),
    );
    let words = [
        "serve",
        &first,
        "--root",
        &root,
        "--state",
        at,
        "--listen",
        "127.0.0.1:0",
    ];
    let exec = "exec \"$0\" \"$@\"";
    let Some(mut command) = on_small_disk(300, state.path(), exec, &words) else {
        return;
    };
    let serving = Serving::of(&mut command);
    // As seen in its namespace.
    let inside = Path::new("/proc")
        .join(serving.child.id().to_string())
        .join("root");
    let inside = inside.join(at.trim_start_matches('/'));
    let before = content(&inside);
    assert!(!before.is_empty());

    let mirror = format!(
        "[[mirror]]\nname = \"full\"\ncolport = {:?}\n\n[pack]",
        serving.url
    );
    paper.configure("[pack]", &mirror);
    // Without an earlier edition there is no small update that might fit.
    fs::remove_file(paper.bundle(1)).unwrap();
    let said = colport(["sync", "--once", "--site", paper.site()]).refused(&["1 of 1"]);
    assert!(said.out.contains("no space is left"), "{said:?}");
    assert!(content(&inside) == before, "{:?}", content(&inside).keys());
    colport(["verify", &serving.url, "--root", &root]).done(&["Edition 1 ", "all there"]);
}

#[test]
fn a_full_memory_stick_never_shows_half_an_edition() {
    let paper = Paper::copied();
    let stick = tempfile::tempdir().unwrap();
    let mirror = format!(
        "[[mirror]]\nname = \"stick\"\nfolder = {:?}\n\n[pack]",
        stick.path()
    );
    paper.configure("[pack]", &mirror);
    let script = AND_LIST
        .replace("ls -A", "find")
        .replace("; exit", " -type f; exit");
    let words = ["sync", "--once", "--site", paper.site()];
    let Some(mut command) = on_small_disk(256, stick.path(), &script, &words) else {
        return;
    };
    let said = program(&mut command).refused(&["1 of 1 mirrors do not have edition 2"]);
    assert!(said.out.contains("no space is left"), "{said:?}");
    let left = left(&said);
    let is_half = |name: &&str| name.ends_with(".part") || name.ends_with("timestamp.json");
    assert!(!left.iter().any(is_half), "{left:?}");
}
