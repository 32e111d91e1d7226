//! What newsrooms have: crawls, lists, sitemaps, and systems that push. The examples with curl are those of the manual.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{COLPORT, Paper, Serving, colport, content};

const PHOTO: &str = "src/cli/demo/newsroom/be/photos/parom.jpg";

fn photo() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(PHOTO)).unwrap()
}

fn record(url: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n");
    let length = answer.len() + body.len();
    let head = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n{answer}"
    );
    [head.as_bytes(), body, b"\r\n\r\n"].concat()
}

#[test]
fn a_crawl_becomes_an_edition_and_nobody_is_asked() {
    let paper = Paper::copied();
    let page = super::ARTICLE.replace("<h1>", "<article><img src=/parom.jpg width=800><h1>");
    let crawl = [
        record(
            "https://gone.invalid/parom",
            "text/html; charset=utf-8",
            page.as_bytes(),
        ),
        record("https://gone.invalid/parom.jpg", "image/jpeg", &photo()),
    ];
    let place = paper.site.join("crawl.warc");
    fs::write(&place, crawl.concat()).unwrap();
    let place = place.to_str().unwrap();
    let said = colport(["pack", "--site", paper.site(), place]);
    said.done(&["be: 1 article, 1 picture\n", "Edition 3"]);
}

#[test]
fn what_cannot_be_used_as_a_source_is_named() {
    let paper = Paper::copied();
    let before = paper.editions();
    for (name, text, says) in [
        ("a.warc.gz", "x", "is no crawl that can be read"),
        ("a.wacz", "PK\u{3}\u{4}", "is no crawl that can be read"),
        ("sitemap.xml", "<html>", "is not a sitemap"),
        ("list.txt", "# nothing\n", "names no address"),
    ] {
        let place = paper.site.join(name);
        fs::write(&place, text).unwrap();
        let said = colport(["pack", "--site", paper.site(), place.to_str().unwrap()]);
        said.refused(&[says]);
    }
    assert!(paper.editions() == before);
}

#[test]
fn a_list_of_addresses_does_not_lead_into_the_own_network() {
    let paper = Paper::copied();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let inside = format!("http://{}/admin\n", listener.local_addr().unwrap());
    let place = paper.site.join("list.txt");
    fs::write(&place, inside).unwrap();
    let said = colport(["pack", "--site", paper.site(), place.to_str().unwrap()]);
    let said = said.refused(&["there is not one article"]);
    assert!(said.err.contains("lies in a private network"), "{said:?}");
    assert!(said.err.contains("allow_private"), "{said:?}");
    assert!(listener.accept().is_err(), "nobody knocked");
}

/// The fenced blocks of one language in the manual's part on pushing.
fn blocks(language: &str) -> Vec<String> {
    let manual = include_str!("../../../src/manual/publishing.md");
    let part = manual
        .split("\n### ")
        .find(|part| part.starts_with("Push from your own system"));
    let part = part.expect("the manual tells of pushing");
    let fence = format!("```{language}\n");
    let blocks = part.split(&*fence).skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap().to_owned())
        .collect()
}

/// A paper with an inbox, a door to it, and the manual's examples in its folder.
fn with_inbox() -> (Paper, Serving) {
    let paper = Paper::copied();
    let source = "folder = \"articles\"\n[[newsroom.source]]\ninbox = \"inbox\"";
    paper.configure("folder = \"articles\"", source);
    let [plain, pictured] = blocks("json").try_into().unwrap();
    fs::write(paper.site.join("article.json"), plain).unwrap();
    fs::write(paper.site.join("pictured.json"), pictured).unwrap();
    fs::write(paper.site.join("ferry.jpg"), photo()).unwrap();
    let mut command = Command::new(COLPORT);
    command.args(["intake", "--listen", "127.0.0.1:0", "--site", paper.site()]);
    let door = Serving::of(&mut command);
    (paper, door)
}

/// As a person would type it in the newsroom's folder.
fn shell(paper: &Paper, door: &Serving, line: &str) -> (bool, String) {
    let line = line.replace("http://127.0.0.1:8070/en", &door.url);
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(&paper.site);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), text.trim().to_owned())
}

#[test]
fn the_manuals_examples_push_replace_and_withdraw() {
    let (paper, door) = with_inbox();
    let [start, push, pictured, withdraw] = blocks("sh").try_into().unwrap();
    assert_eq!(start, "colport intake");
    let said = |line: &str| {
        let (is_good, text) = shell(&paper, &door, line);
        assert!(is_good, "{text}");
        text
    };
    assert_eq!(said(&push), "taken");
    paper
        .pack()
        .done(&["5 articles, 4 pictures\n", "Edition 3"]);
    assert_eq!(said(&pictured), "taken in place of what was there");
    paper
        .pack()
        .done(&["5 articles, 5 pictures\n", "Edition 4"]);
    assert_eq!(content(&paper.site.join("inbox")).len(), 2);
    assert_eq!(said(&withdraw), "withdrawn");
    let packed = paper.pack().done(&[
        "4 articles, 4 pictures; withdrawn: 1 article\n",
        "Edition 5",
    ]);
    assert!(packed.err.contains("no longer in the site"), "{packed:?}");
    assert_eq!(content(&paper.site.join("inbox")).len(), 1);
    // A page in its place says so, in this edition and in the next.
    let archive = fs::read_to_string(paper.site.join("archive/be.jsonl")).unwrap();
    assert!(!archive.contains("Паром"), "{archive}");
    paper.pack().done(&["Nothing is new"]);
}

/// Readers must learn of it, although nothing else is left to be shown.
#[test]
fn the_last_article_can_be_withdrawn() {
    let (paper, door) = with_inbox();
    let folder = "folder = \"articles\"\n[[newsroom.source]]\ninbox";
    paper.configure(folder, "inbox");
    let said = |line: &str| shell(&paper, &door, line).1;
    let lines = blocks("sh");
    let [_, push, _, withdraw] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    said(push);
    paper.pack().done(&["be: 1 article", "Edition 3"]);
    assert_eq!(said(withdraw), "withdrawn");
    let says = [
        "be: 0 articles, 0 pictures; withdrawn: 1 article",
        "Edition 4",
    ];
    paper.pack().done(&says);
    paper.pack().done(&["Nothing is new"]);
    let bundle = paper.bundle(4);
    let words = ["verify", bundle.to_str().unwrap(), "--root", &paper.root()];
    colport(words).done(&["all there, all as they were signed"]);
}

#[test]
fn who_has_no_token_pushes_nothing_and_learns_nothing() {
    let (paper, door) = with_inbox();
    let token = paper.site.join("keys/intake.token");
    let mode = fs::metadata(&token).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = fs::read_to_string(&token).unwrap();
    let push = &blocks("sh")[1];
    let (is_good, text) = shell(&paper, &door, &push.replace("cat ", "echo x; true "));
    assert!(
        !is_good && text == "the token is missing or wrong",
        "{text}"
    );
    let (is_good, text) = shell(
        &paper,
        &door,
        &push.replace("@article.json", "'{\"id\":\"x\"}'"),
    );
    assert!(!is_good && text.contains("`title` is missing"), "{text}");
    assert!(content(&paper.site.join("inbox")).is_empty());
    assert!(!text.contains(secret.trim()));
}

#[test]
fn an_intake_needs_an_inbox() {
    let paper = Paper::copied();
    let says = ["no newsroom in `colport.toml` has an inbox", "inbox = "];
    colport(["intake", "--site", paper.site()]).wrong_setup(&says);
}
