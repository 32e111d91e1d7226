//! What a newsroom sees: `init`, `pack` and `sync`.

use std::fs::{self, File};
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
    let says = ["is gone from", "site/signed`", ".colport/metadata"];
    colport(["init", paper.site()]).wrong_setup(&says);
    paper.pack().wrong_setup(&says);
    assert!(content(&paper.site) == before);
}

#[test]
fn a_key_that_is_gone_is_named_with_what_brings_another() {
    for (key, remedy) in [
        ("newsrooms/be.pem", "colport key rotate be`"),
        ("newsrooms/site.pem", "colport key rotate site`"),
        ("online/timestamp.pem", "colport key rotate timestamp`"),
    ] {
        let paper = Paper::copied();
        fs::remove_file(paper.site.join("keys").join(key)).unwrap();
        let says = [&format!("keys/{key}` is gone"), "from a copy", remedy];
        paper.pack().wrong_setup(&says);
    }
}

fn article_more(paper: &Paper) {
    let article = ARTICLE.replace("аром", "аравік");
    fs::write(paper.site.join("articles/more.html"), article).unwrap();
}

/// Else mirrors would be put back to an edition that readers refuse, and there would be two of one number.
#[test]
fn a_lost_edition_is_put_back_before_the_next_is_made() {
    let stick = tempfile::tempdir().unwrap();
    let paper = with_mirrors(&[("stick", "folder", stick.path().to_str().unwrap())]);
    sync(&paper, "--").done(&["has edition 2 now"]);
    article_more(&paper);
    let shown = content(stick.path());
    let away = tempfile::tempdir().unwrap();
    copy(&paper.site.join("editions"), away.path());
    let lose = || {
        for (path, _) in paper.editions() {
            fs::remove_file(path).unwrap();
        }
    };
    let bring = |name: &str| {
        let place = paper.site.join("editions").join(name);
        fs::copy(away.path().join(name), place).unwrap();
    };
    lose();
    let says = ["editions/2.tar.gz` is gone", "put it back"];
    paper.pack().wrong_setup(&says);
    sync(&paper, "--").wrong_setup(&says);
    bring("1.tar.gz");
    paper.pack().wrong_setup(&says);
    sync(&paper, "--").wrong_setup(&says);
    assert!(content(stick.path()) == shown);
    bring("2.tar.gz");
    paper.pack().done(&["Edition 3"]);
    // Nobody has it: then it may begin anew.
    lose();
    fs::remove_file(paper.site.join("archive/newest-edition")).unwrap();
    paper.pack().done(&["Edition 1"]);
    // But no host goes back, whatever was lost here.
    let said = sync(&paper, "--").refused(&["mend what the table names"]);
    assert!(said.out.contains("it shows edition 2"), "{said:?}");
    assert!(content(stick.path()) == shown);
}

#[test]
fn a_newsroom_that_is_not_signed_for_is_left_out_and_named() {
    let paper = Paper::copied();
    let away = tempfile::tempdir().unwrap();
    let offline = paper.site.join("keys/offline");
    copy(&offline, away.path());
    fs::remove_dir_all(&offline).unwrap();
    article_more(&paper);
    let second = "[[newsroom]]\nid = \"ru\"\nname = \"r\"\nlanguage = \"ru\"\n\
        [[newsroom.source]]\nfolder = \"articles\"\n\n# Where editions go;";
    paper.configure("# Where editions go;", second);
    paper.pack().wrong_setup(&["`ru`", "colport init .`"]);
    let init = ["init", "."];
    let said = super::program(
        Command::new(super::COLPORT)
            .args(init)
            .current_dir(&paper.site),
    );
    said.done(&["Made a key for the newsroom `ru`", "drafts/targets-2"]);
    let said = paper.pack().done(&["be: 5 articles", "Edition 3"]);
    let says = ["`ru` is left out", "drafts/targets-2.draft.json", "signed"];
    assert!(
        says.iter().all(|words| said.err.contains(words)),
        "{said:?}"
    );
    assert!(!said.out.contains("ru: "), "{said:?}");
}

#[test]
fn feeds_that_never_gave_anything_stop_nothing_and_are_each_named() {
    let paper = Paper::copied();
    article_more(&paper);
    let feeds = [unused_address(), unused_address()];
    let named = feeds
        .each_ref()
        .map(|feed| format!("[[newsroom.source]]\nfeed = {feed:?}\n"));
    let sources = format!("folder = \"articles\"\n{}", named.concat());
    paper.configure("folder = \"articles\"\n", &sources);
    let said = paper.pack().refused(&["a source of `be` gave nothing"]);
    assert!(said.out.contains("Edition 3"), "{said:?}");
    assert!(feeds.iter().all(|feed| said.err.contains(feed)), "{said:?}");
    // A folder in the place of a feed, and one that nobody made yet, are called what they are.
    let paper = Paper::copied();
    paper.configure("folder = \"articles\"", "feed = \"articles\"");
    paper.pack().refused(&["is a folder", "`folder =`"]);
    paper.configure("feed = \"articles\"", "inbox = \"nowhere\"");
    paper.pack().refused(&["colport intake"]);
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
    format!("http://127.0.0.1:{}/", crate::pebble::free_port())
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
        "mend what the table names",
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
    let says = "theirs  refused: it believes another newsroom";
    assert!(said.out.contains(says), "{said:?}");
    // A host whose password is not there was not even asked.
    let dav = "webdav = \"https://dav.invalid/\"\ncredentials = \"keys/none.toml\"";
    paper.configure(&format!("colport = {:?}", theirs.url), dav);
    let said = sync(&paper, "--").refused(&["1 of 1 mirrors"]);
    assert!(said.out.contains("theirs  not reached: "), "{said:?}");
    assert!(said.out.contains("none.toml` does not exist"), "{said:?}");
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
    sync(&paper, "--").wrong_setup(&["2.tar.gz` is gone", "put it back"]);
    fs::remove_file(paper.site.join("archive/newest-edition")).unwrap();
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
