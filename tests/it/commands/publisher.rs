//! What a newsroom sees: `init`, `pack` and `sync`.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{ARTICLE, Paper, Serving, colport, content, copy};

#[test]
fn a_newsroom_is_made_with_keys_for_its_owner_alone() {
    let paper = Paper::shared();
    for (path, _) in content(&paper.site.join("keys")) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_second_init_changes_nothing() {
    let paper = Paper::copied();
    let before = content(&paper.site);
    let says = ["is a newsroom's folder already", "choose another folder"];
    colport(["init", paper.site()]).wrong_setup(&says);
    assert!(content(&paper.site) == before);
    // Nor does it make new keys in place of some that lost what they signed.
    fs::remove_dir_all(paper.site.join("signed")).unwrap();
    let before = content(&paper.site);
    colport(["init", paper.site()]).wrong_setup(&["keys/", "exists already"]);
    assert!(content(&paper.site) == before);
}

#[test]
fn a_mistake_in_the_settings_is_named_with_its_line() {
    let paper = Paper::copied();
    paper.configure("effort =", "efort =");
    paper.pack().wrong_setup(&["colport.toml", "efort"]);
}

#[test]
fn pack_needs_a_newsroom() {
    let place = tempfile::tempdir().unwrap();
    let site = place.path().to_str().unwrap();
    let says = ["colport.toml` does not exist", "colport init"];
    colport(["pack", "--site", site]).wrong_setup(&says);
    colport(["sync", "--once", "--site", site]).wrong_setup(&says);
    assert!(content(place.path()).is_empty());
}

#[test]
fn nothing_new_makes_no_edition() {
    let paper = Paper::copied();
    let before = paper.editions();
    paper.pack().done(&["Nothing is new"]);
    assert!(paper.editions() == before);
}

/// Who finds it hands it on at once, with what there is of it.
#[test]
fn an_edition_lies_there_when_its_small_copies_do() {
    let paper = Paper::copied();
    let editions = paper.site.join("editions");
    let (whole, text) = (editions.join("3.tar.gz"), editions.join("3-text.tar.gz"));
    let article = ARTICLE.replace("аром", "аравік");
    fs::write(paper.site.join("articles/more.html"), article).unwrap();
    // Nothing can be put in this place.
    fs::create_dir_all(text.join("x")).unwrap();
    paper.pack().failed(2, &["3-text.tar.gz"]);
    assert!(!whole.exists());
    fs::remove_dir_all(&text).unwrap();
    // Left by one that was cut short, of an edition that nobody has seen.
    fs::write(&text, "another").unwrap();
    paper.pack().done(&["Edition 3"]);
    assert!(whole.exists() && fs::read(&text).unwrap() != b"another");
}

/// A pack that is refused or cannot work leaves the editions as they were.
#[track_caller]
fn check_pack(paper: &Paper, source: &str, code: i32, says: &[&str]) {
    let before = paper.editions();
    colport(["pack", "--site", paper.site(), source]).failed(code, says);
    assert!(paper.editions() == before);
}

#[test]
fn a_source_that_vanished_takes_no_article_from_readers() {
    let paper = Paper::copied();
    fs::rename(paper.site.join("articles"), paper.site.join("elsewhere")).unwrap();
    check_pack(&paper, "--", 1, &["a source of `be` gave nothing"]);
}

#[test]
fn an_edition_without_an_article_is_not_made() {
    let paper = Paper::copied();
    let articles = paper.site.join("articles");
    fs::remove_dir_all(&articles).unwrap();
    fs::create_dir(&articles).unwrap();
    check_pack(&paper, "--", 1, &["holds no HTML page"]);
    fs::write(articles.join("a.html"), "<title>Not found</title>").unwrap();
    check_pack(
        &paper,
        "--",
        1,
        &["left out: a.html", "there is not one article"],
    );
}

#[test]
fn a_feed_that_is_none_is_refused() {
    let paper = Paper::copied();
    let feed = paper.path("feed.xml");
    let check = |text: &str, says: &[&str]| {
        fs::write(&feed, text).unwrap();
        check_pack(&paper, &feed, 1, says);
    };
    let says = ["feed.xml` is not a feed", "open it in a browser"];
    for text in [
        "<!doctype html><title>Sign in</title>",
        "",
        "\0\x01\x02",
        "{}",
    ] {
        check(text, &says);
    }
    // A newsroom's server that stumbles must not take all articles from readers.
    for text in [
        "<rss",
        "<rss version=\"2.0\"><channel><title>x</title></channel></rss>",
    ] {
        check(text, &["names no article", "wait until the feed is whole"]);
    }
    let nobody = unused_address();
    check_pack(
        &paper,
        &format!("{nobody}feed"),
        1,
        &["it could not be fetched", "no connection"],
    );
    check_pack(&paper, "ftp://news.example/feed", 2, &["ftp"]);
}

#[test]
fn a_page_of_100_mb_is_left_out_and_named() {
    let paper = Paper::copied();
    let page = paper.site.join("articles/endless.html");
    fs::write(&page, ARTICLE).unwrap();
    File::options()
        .write(true)
        .open(&page)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let said = paper
        .pack()
        .done(&["4 articles, 4 pictures; left out: 1 page"]);
    assert!(said.err.contains("left out: endless.html: "), "{said:?}");
}

#[test]
fn names_from_outside_do_not_speak_to_the_terminal() {
    let paper = Paper::copied();
    let name = "evil\x1b[2J\nerror: all is lost\u{202e}.html";
    fs::write(
        paper.site.join("articles").join(name),
        "<title>\x1b[31m</title>",
    )
    .unwrap();
    let said = paper.pack().done(&["left out: 1 page"]);
    assert!(said.err.contains("evil\\u{1b}[2J error: all"), "{said:?}");
    assert!(said.err.contains("\\u{202e}.html"), "{said:?}");
}

#[test]
fn a_name_that_is_no_unicode_is_packed_or_named() {
    use std::os::unix::ffi::OsStrExt;
    let paper = Paper::copied();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.html");
    fs::write(
        paper.site.join("articles").join(name),
        ARTICLE.replace("Паром", "Другі паром"),
    )
    .unwrap();
    let said = paper.pack();
    assert!(
        said.code == Some(0) && said.out.contains("5 articles"),
        "{said:?}"
    );
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let paper = Paper::copied();
    fs::write(
        paper.site.join("articles/newer.html"),
        ARTICLE.replace("Паром", "Човен"),
    )
    .unwrap();
    let key = paper.site.join("keys/online/timestamp.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    check_pack(
        &paper,
        "--",
        2,
        &["others can read", "timestamp.pem", "chmod 600"],
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(
        &key,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    check_pack(&paper, "--", 2, &["timestamp.pem` cannot be used"]);
}

/// Where nobody listens.
pub(super) fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn with_mirrors(mirrors: &[(&str, &str, &str)]) -> Paper {
    let paper = Paper::copied();
    let toml: String = mirrors
        .iter()
        .map(|(name, kind, place)| format!("[[mirror]]\nname = {name:?}\n{kind} = {place:?}\n"))
        .collect();
    paper.configure("[pack]", &format!("{toml}\n[pack]"));
    paper
}

fn sync(paper: &Paper, more: &str) -> super::Said {
    colport(["sync", "--site", paper.site(), "--once", more])
}

fn live(folder: &Path) -> bool {
    let newest = fs::read_to_string(folder.join(".colport/metadata/timestamp.json"));
    newest.is_ok_and(|timestamp| timestamp.contains("\"version\":2"))
}

#[test]
fn a_dead_mirror_holds_up_nobody_and_is_named() {
    let (old, _state) = Serving::edition(1);
    let stick = tempfile::tempdir().unwrap();
    let dead = unused_address();
    let paper = with_mirrors(&[
        ("away", "colport", &dead),
        ("stick", "folder", stick.path().to_str().unwrap()),
        ("not plugged in", "folder", "/nowhere/at/all"),
        ("abroad", "colport", &old.url),
    ]);

    let before = content(stick.path());
    let said = sync(&paper, "--dry-run").done(&[
        "away:\n  not reached",
        "send the update from edition 1",
        "timestamp.json",
    ]);
    assert!(content(stick.path()) == before, "{said:?}");
    colport(["verify", &old.url, "--root", &paper.root()]).done(&["Edition 1 "]);

    let said = sync(&paper, "--").refused(&[
        "2 of 4 mirrors do not have edition 2",
        "run the command again",
    ]);
    let row = |name: &str| {
        said.out
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
    };
    assert!(
        row("away ").contains("not reached: no connection"),
        "{said:?}"
    );
    assert!(row("not plugged in ").contains("is not there"), "{said:?}");
    assert!(row("stick ").contains("has edition 2 now"), "{said:?}");
    assert!(row("abroad ").contains("has edition 2 now"), "{said:?}");
    assert!(live(stick.path()));
    colport(["verify", &old.url, "--root", &paper.root()]).done(&["Edition 2 "]);

    let before = content(stick.path());
    let said = sync(&paper, "--").refused(&["2 of 4 mirrors"]);
    assert_eq!(
        said.out.matches("had edition 2 already").count(),
        2,
        "{said:?}"
    );
    assert!(content(stick.path()) == before);
}

#[test]
fn a_mirror_of_another_newsroom_refuses_and_says_so() {
    let (theirs, _state) = Serving::edition(2);
    let paper = other_paper();
    let toml = format!(
        "[[mirror]]\nname = \"theirs\"\ncolport = {:?}\n\n[pack]",
        theirs.url
    );
    paper.configure("[pack]", &toml);
    let said = sync(&paper, "--").refused(&["1 of 1 mirrors"]);
    assert!(said.out.contains("theirs  refused: "), "{said:?}");
    colport(["verify", &theirs.url, "--root", &Paper::shared().root()]).done(&["Edition 2 "]);
}

/// Another newsroom's folder with one edition.
pub(super) fn other_paper() -> Paper {
    let place = tempfile::tempdir().unwrap();
    let site = place.path().join("site");
    let paper = Paper {
        site,
        _place: Some(place),
    };
    colport(["init", paper.site(), "--newsroom", "be", "--language", "be"]).done(&[]);
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/newsroom/be");
    copy(&demo, &paper.site.join("articles"));
    paper.quickly();
    paper.pack().done(&["Edition 1:"]);
    paper
}

#[test]
fn sync_needs_a_mirror_and_an_edition() {
    let paper = Paper::copied();
    sync(&paper, "--").wrong_setup(&["there is no mirror", "[[mirror]]"]);
    let paper = with_mirrors(&[("stick", "folder", "/nowhere")]);
    fs::remove_dir_all(paper.site.join("editions")).unwrap();
    fs::create_dir(paper.site.join("editions")).unwrap();
    sync(&paper, "--").wrong_setup(&["there is no edition", "colport pack"]);
}

/// A short form of `scripts/soak-sync`: the daemon, and a push, killed in the middle, and what readers find then.
#[test]
fn a_publisher_that_is_killed_leaves_mirrors_lists_and_channels_whole() {
    let soak = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/soak-sync");
    let mut command = Command::new(soak);
    command.arg("--short").env("COLPORT", super::COLPORT);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{err}");
    assert!(said.contains("8 kills of the daemon"), "{said}{err}");
}
