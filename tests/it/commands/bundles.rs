//! Bundles that a forger, a bad line or a bad stick made: refused by whoever takes a bundle, with nothing written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{COLPORT, Paper, colport, content, program};

/// `verify`, `open` and `serve` all refuse such a bundle, and each says all of `says`.
#[track_caller]
fn check(bundle: &[u8], says: &[&str]) {
    let paper = Paper::shared();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("inner");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("forged.tar.gz");
    fs::write(&file, bundle).unwrap();
    let before = content(place.path());
    let (root, file) = (paper.root(), file.to_str().unwrap());
    for known in [&root, &paper.fingerprint()] {
        let said = colport(["verify", file, "--root", known]).refused(says);
        assert_eq!(said.out, "", "nothing is told of what was not proved");
        let said = colport(["open", file, "--root", known, "--no-browser"]).refused(says);
        assert_eq!(said.out, "");
        let state = folder.join("state");
        let at = ["--listen=127.0.0.1:0", "--state", state.to_str().unwrap()];
        colport(["serve", file, "--root", known, at[0], at[1], at[2]]).refused(says);
        // A bundle that is refused at a glance does not even make the folder.
        fs::create_dir_all(&state).unwrap();
        let kept: Vec<_> = content(&state).into_keys().collect();
        let is_own =
            |path: &std::path::PathBuf| path.ends_with("remembered.json") || path.ends_with("lock");
        assert!(kept.iter().all(is_own), "{kept:?}");
        let _ = fs::remove_dir_all(state);
    }
    assert!(content(place.path()) == before, "something was written");
}

fn good() -> Vec<u8> {
    fs::read(Paper::shared().bundle(2)).unwrap()
}

#[test]
fn a_small_copy_is_told_from_a_whole_one() {
    let paper = Paper::shared();
    let bundle = paper.path("editions/2-text.tar.gz");
    let said = colport(["verify", &bundle, "--root", &paper.root()]);
    let said = said.done(&["files are here, all as they were signed; ", "left out."]);
    assert!(!said.out.contains("all there"), "{said:?}");
}

/// Where the gzip members begin, as their heads say; for each entry its header and its content.
fn entries(bundle: &[u8]) -> Vec<[std::ops::Range<usize>; 2]> {
    let word = |at: usize| u32::from_le_bytes(bundle[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut found) = (0, Vec::new());
    while word(at + 20) > 0 {
        let content = at + word(at + 16);
        let end = content + word(at + 20);
        found.push([at..content, content..end]);
        at = end;
    }
    found
}

/// The entry in the middle: some article or picture.
fn middle(bundle: &[u8]) -> [std::ops::Range<usize>; 2] {
    let entries = entries(bundle);
    entries[entries.len() / 2].clone()
}

#[test]
fn a_truncated_bundle_is_refused() {
    let good = good();
    for length in [good.len() / 9, good.len() / 2, good.len() - 1] {
        check(&good[..length], &["ends too early", "download it again"]);
    }
    check(b"", &["empty"]);
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_is() {
    let good = good();
    let [header, content] = middle(&good);
    for at in [0, 100, header.start + 30, content.end - 20, good.len() - 30] {
        let mut flipped = good.clone();
        flipped[at] ^= 4;
        check(&flipped, &[]);
    }
}

#[test]
fn a_changed_article_is_named() {
    let good = good();
    let [_, content] = middle(&good);
    let mut changed = good.clone();
    changed[content.end - 6] ^= 1;
    check(&changed, &["be/2026/"]);
}

#[test]
fn entries_in_another_order_are_refused() {
    let good = good();
    let entries = entries(&good);
    let at = entries.len() / 2;
    let [first, second] = [&entries[at], &entries[at + 1]].map(|[h, c]| h.start..c.end);
    let swapped = [
        &good[..first.start],
        &good[second.clone()],
        &good[first],
        &good[second.end..],
    ];
    check(&swapped.concat(), &["the bundle is damaged at byte"]);
}

/// A gzip member that inflates to 4 GiB of zeros; its checksum is never reached.
fn bomb() -> Vec<u8> {
    let mut zeros = GzEncoder::new(Vec::new(), Compression::best());
    zeros.write_all(&[0; 1 << 20]).unwrap();
    zeros.flush().unwrap();
    let head = zeros.get_ref().len();
    zeros.write_all(&[0; 1 << 20]).unwrap();
    zeros.flush().unwrap();
    // Both pieces end on a byte, so the second may be repeated. The window holds nothing but zeros either way.
    let bytes = zeros.get_ref().clone();
    let mut bomb = bytes[..head].to_vec();
    (0..4095).for_each(|_| bomb.extend(&bytes[head..]));
    bomb
}

/// With a content replaced, as the head before it says.
fn with_content(
    bundle: &[u8],
    [header, content]: &[std::ops::Range<usize>; 2],
    new: &[u8],
) -> Vec<u8> {
    let mut forged = bundle[..content.start].to_vec();
    let length = u32::try_from(new.len()).unwrap().to_le_bytes();
    forged[header.start + 20..header.start + 24].copy_from_slice(&length);
    forged.extend(new);
    forged.extend(&bundle[content.end..]);
    forged
}

/// As [`check`], with little memory.
#[track_caller]
fn check_frugal(bundle: &[u8]) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("bomb.tar.gz");
    fs::write(&file, bundle).unwrap();
    let mut frugal = Command::new("sh");
    frugal
        .args([
            "-c",
            "ulimit -v 1500000; exec \"$0\" \"$@\"",
            COLPORT,
            "verify",
        ])
        .args([
            file.as_os_str(),
            "--root".as_ref(),
            Paper::shared().root().as_ref(),
        ])
        .envs([("TOKIO_WORKER_THREADS", "2"), ("MALLOC_ARENA_MAX", "2")]);
    program(&mut frugal).refused(&[]);
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let (good, bomb) = (good(), bomb());
    for entry in [&entries(&good)[1], &middle(&good)] {
        let forged = with_content(&good, entry, &bomb);
        check(&forged, &[]);
        check_frugal(&forged);
    }
    // The whole file is one.
    check_frugal(&bomb);
    check(&bomb, &["this is no bundle"]);
}

#[test]
fn huge_lengths_are_refused_before_anything_is_kept() {
    let good = good();
    let [header, _] = middle(&good);
    for field in [16, 20] {
        let mut forged = good.clone();
        forged[header.start + field..header.start + field + 4].fill(0xff);
        check(
            &forged,
            &["too large", "take the bundle from another place"],
        );
    }
}

/// A tar header with a name and kind that [`tar::Header`] would not be talked into by its safe setters.
fn tar_header(name: &str, kind: u8, target: &str) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1 << 30);
    let bytes = header.as_mut_bytes();
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes[156] = kind;
    bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    *header.as_bytes()
}

/// One sound entry as the format has it, but for its tar header.
fn entry(header: &[u8]) -> Vec<u8> {
    let packed = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let [header, content] = [packed(header), packed(b"")];
    let [lengths, body] = [header.len() as u32 + 14, content.len() as u32];
    let mut entry = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x0c\0CP\x08\0".to_vec();
    entry.extend(lengths.to_le_bytes());
    entry.extend(body.to_le_bytes());
    entry.extend(&header[10..]);
    entry.extend(b"\x1f\x8b\x08\0\0\0\0\0\0\xff");
    entry.extend(&content[10..]);
    entry
}

const OUTSIDE: [(&str, u8, &str); 7] = [
    ("../evil.html", b'0', ""),
    ("/tmp/evil.html", b'0', ""),
    ("be/../../evil.html", b'0', ""),
    ("be/evil.html", b'2', "/etc/passwd"),
    ("be/evil.html", b'1', "../../evil"),
    ("be/evil.html", b'3', ""),
    ("be/evil\x1b[2J.html", b'0', ""),
];

#[test]
fn an_entry_outside_the_site_or_of_another_kind_is_refused() {
    let good = good();
    for (name, kind, target) in OUTSIDE {
        // In place of the first entry that is not metadata, where the content before needs no filling.
        let place = entries(&good)[0][0].start;
        let forged = [
            &good[..place],
            &entry(&tar_header(name, kind, target)),
            &good[place..],
        ];
        check(&forged.concat(), &["do not unpack it"]);
    }
}

#[test]
fn an_archive_that_wants_out_is_refused() {
    for (name, kind, target) in OUTSIDE {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&tar_header(name, kind, target)).unwrap();
        gzip.write_all(&[0; 1024]).unwrap();
        check(&gzip.finish().unwrap(), &["this is no bundle"]);
    }
    assert!(!Path::new("/tmp/evil.html").exists());
}

#[test]
fn what_is_no_bundle_at_all_is_refused() {
    check(
        b"<!doctype html><title>Log in</title>",
        &["this is no bundle", "try: check that it is the file"],
    );
    check(&[0; 100_000], &["this is no bundle"]);
}
