//! `colport key` as a person meets it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A machine with the program on it.
struct Desk {
    place: TempDir,
}

/// What a command said, and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn well(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    fn badly(self, code: i32, because: &str) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(because), "{}", self.err);
        self.out
    }
}

/// `colport verify` says that there are two versions of the timestamp, and prints both hashes.
pub(super) fn check_told(root: &Path, what: &[&Path], hashes: &[String; 2]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_colport"));
    command.arg("verify").args(what).arg("--root").arg(root);
    let said = Said::of(command.output().unwrap());
    let told = said.badly(1, "two different, validly signed versions");
    assert!(told.contains("SOMEONE SAYS TWO THINGS"), "{told}");
    assert!(told.contains("versions 2 of `timestamp`"), "{told}");
    assert!(hashes.iter().all(|hash| told.contains(hash)), "{told}");
}

impl Desk {
    fn new() -> Self {
        let place = TempDir::new().unwrap();
        Self { place }
    }

    /// With a newsroom `be` in `news`, and one article.
    fn founded(more: &[&str]) -> Self {
        let desk = Self::new();
        desk.run(&[&["init", "news", "--newsroom", "be"], more].concat())
            .well();
        let article = "<html lang=en><head><title>The river rose</title></head><body><article><h1>The river rose</h1>\
            <p>The river rose again last night, higher than anyone in the lower town can remember it.</p>\
            <p>Boats carried people from their houses until the morning, and the school is open to all of them.</p>\
            </article></body></html>";
        std::fs::write(desk.path("news/articles/river.html"), article).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colport"));
        let command = command.args(arguments).current_dir(self.place.path());
        Said::of(command.output().unwrap())
    }

    fn key(&self, arguments: &[&str]) -> Said {
        self.run(&[&["key"], arguments, &["--site", "news"]].concat())
    }

    fn pack(&self) -> String {
        self.run(&["pack", "--site", "news"]).well()
    }

    /// The one draft that waits.
    fn draft(&self) -> String {
        let drafts: Vec<_> = std::fs::read_dir(self.path("news/drafts"))
            .unwrap()
            .collect();
        assert_eq!(drafts.len(), 1);
        let name = drafts.into_iter().next().unwrap().unwrap().file_name();
        name.into_string().unwrap()
    }

    fn signed(&self) -> Vec<String> {
        names(&self.path("news/signed"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap();
    let mut all: Vec<_> = all
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    all.sort();
    all
}

fn carry(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

#[test]
fn two_of_three_people_change_the_keys_by_carrying_one_file() {
    let desk = Desk::founded(&[]);
    desk.pack();
    let (boris, vera) = (Desk::new(), Desk::new());
    for person in [&boris, &vera] {
        person.run(&["key", "new", "mine.pem"]).well();
    }
    carry(&boris.path("mine.pem.pub"), &desk.path("boris.pub"));
    carry(&vera.path("mine.pem.pub"), &desk.path("vera.pub"));
    desk.key(&["add", "root", "--person", "Boris", "--public", "boris.pub"])
        .well();
    desk.key(&["add", "root", "--person", "Vera", "--public", "vera.pub"])
        .well();
    let both_missing = desk.key(&["threshold", "root", "2"]).well();
    assert!(
        both_missing.contains("Boris") && both_missing.contains("Vera"),
        "{both_missing}"
    );
    // The second signature is wanted of one of the newcomers.
    let draft = desk.draft();
    carry(
        &desk.path("news/drafts").join(&draft),
        &boris.path("d.json"),
    );
    boris
        .run(&["key", "sign", "d.json", "--key", "mine.pem", "--yes"])
        .well();
    carry(&boris.path("d.json"), &desk.path("back.json"));
    desk.key(&["finish", "back.json"]).well();
    let list = desk.key(&["list"]).well();
    assert_eq!(list.matches("2 of 3").count(), 3, "{list}");

    // From here on the first key alone changes nothing.
    let before = desk.signed();
    let waits = desk.key(&["rotate", "snapshot"]).well();
    assert!(
        waits.contains("1 signature more") && waits.contains("Nothing has changed yet"),
        "{waits}"
    );
    assert_eq!(desk.signed(), before);
    let draft = desk.draft();
    // Also by its bare name, as the command before called it.
    desk.key(&["finish", &draft]).badly(1, "Vera");
    desk.key(&["finish", &format!("news/drafts/{draft}")])
        .badly(1, "Vera");
    assert_eq!(desk.signed(), before);
    carry(&desk.path("news/drafts").join(&draft), &vera.path("d.json"));
    let seen = vera
        .run(&["key", "sign", "d.json", "--key", "mine.pem", "--yes"])
        .well();
    assert!(
        seen.contains("snapshot: key") && seen.contains("may NOT sign any more"),
        "{seen}"
    );
    carry(&vera.path("d.json"), &desk.path("back.json"));
    desk.key(&["finish", "back.json"]).well();
    assert_eq!(desk.signed().len(), before.len() + 1);
    assert!(!desk.path("news/drafts").join(&draft).exists());
    let packed = desk.pack();
    assert!(packed.contains("Edition 2"), "{packed}");
    let root = "news/signed/1.root.json";
    desk.run(&["verify", "news/editions/2.tar.gz", "--root", root])
        .well();
}

#[test]
fn the_list_says_where_keys_are_and_what_expires() {
    let desk = Desk::founded(&[]);
    let settings = std::fs::read_to_string(desk.path("news/colport.toml")).unwrap();
    let short = settings.replace("# offline_days = 365", "offline_days = 30");
    std::fs::write(desk.path("news/colport.toml"), short).unwrap();
    desk.key(&["renew", "root"]).well();
    desk.key(&["rotate", "be"]).well();
    std::fs::remove_dir_all(desk.path("news/keys/offline")).unwrap();
    let said = desk.key(&["list"]);
    assert!(
        said.err
            .contains("`root` expires in 29 days: run `colport key renew root`"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("`news/keys/newsrooms/be.pem` has no say"),
        "{}",
        said.err
    );
    let list = said.well();
    let of = |role: &str| {
        list.lines()
            .find(|line| line.starts_with(role))
            .unwrap()
            .to_owned()
    };
    assert!(of("root").contains("not here"), "{list}");
    assert!(of("snapshot").contains("here, online"), "{list}");
    assert!(of("be ").contains("here"), "{list}");
}

#[test]
fn who_has_no_say_signs_nothing() {
    let desk = Desk::founded(&[]);
    std::fs::rename(desk.path("news/keys/offline"), desk.path("stick")).unwrap();
    desk.key(&["rotate", "be"]).well();
    let file = format!("news/drafts/{}", desk.draft());
    let before = std::fs::read(desk.path(&file)).unwrap();
    for key in ["stick/root.pem", "news/keys/newsrooms/be.pem"] {
        desk.run(&["key", "sign", &file, "--key", key, "--yes"])
            .badly(1, "has no say");
    }
    // Nobody is asked where nobody can answer.
    desk.run(&["key", "sign", &file, "--key", "stick/targets.pem"])
        .badly(2, "nobody is there");
    assert_eq!(std::fs::read(desk.path(&file)).unwrap(), before);
    assert_eq!(desk.signed(), ["1.root.json", "1.targets.json"]);
    desk.run(&["key", "sign", &file, "--key", "stick/targets.pem", "--yes"])
        .well();
    desk.key(&["finish", &file]).well();
    desk.key(&["finish", "stick/targets.pem"]).badly(2, "draft");
    assert!(desk.signed().contains(&"2.targets.json".to_owned()));
}

/// What tells who holds the keys is for nobody else on the machine.
#[test]
fn who_holds_the_keys_is_hidden_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::founded(&[]);
    std::fs::rename(desk.path("news/keys/offline"), desk.path("stick")).unwrap();
    desk.key(&["rotate", "be"]).well();
    desk.key(&["add", "targets", "--person", "Vera"]).well();
    let draft = format!("news/drafts/{}", desk.draft());
    let check = |name: &str, mode: u32| {
        let facts = std::fs::metadata(desk.path(name)).unwrap();
        assert_eq!(facts.permissions().mode() & 0o777, mode, "{name}");
    };
    for folder in ["news/keys", "news/keys/offline", "news/drafts"] {
        check(folder, 0o700);
    }
    check("news/keys/people.toml", 0o600);
    check(&draft, 0o600);
    desk.run(&["key", "sign", &draft, "--key", "stick/targets.pem", "--yes"])
        .well();
    check(&draft, 0o600);
}

/// A power cut comes between the files of a change of keys.
#[test]
fn a_change_of_keys_that_broke_off_is_finished() {
    let desk = Desk::founded(&[]);
    std::fs::rename(desk.path("news/keys/offline"), desk.path("stick")).unwrap();
    desk.key(&["rotate", "targets"]).well();
    let draft = format!("news/drafts/{}", desk.draft());
    desk.run(&["key", "sign", &draft, "--key", "stick/root.pem", "--yes"])
        .well();
    carry(&desk.path(&draft), &desk.path("back.json"));
    for lost in ["2.targets.json", "2.root.json"] {
        desk.key(&["finish", "back.json"]).well();
        let signed = desk.signed();
        assert_eq!(signed.len(), 4, "{signed:?}");
        desk.key(&["finish", "back.json"]).badly(1, "other keys");
        std::fs::remove_file(desk.path("news/signed").join(lost)).unwrap();
    }
    desk.key(&["finish", "back.json"]).well();
    desk.pack();
}

#[test]
fn no_half_of_a_change_of_keys_is_in_force_without_its_draft() {
    let desk = Desk::founded(&[]);
    let before = desk.signed();
    // As a full disk would.
    std::fs::write(desk.path("news/drafts"), "no folder").unwrap();
    desk.key(&["rotate", "targets"]).badly(2, "drafts");
    assert_eq!(desk.signed(), before);
}

/// Who carries the file may change it: into what the newsroom did not mean, or what nobody could read.
#[test]
fn a_draft_that_was_changed_on_the_way_is_refused() {
    let desk = Desk::founded(&[]);
    std::fs::rename(desk.path("news/keys/offline"), desk.path("stick")).unwrap();
    desk.key(&["rotate", "be"]).well();
    let file = desk.path("news/drafts").join(desk.draft());
    let draft = std::fs::read_to_string(&file).unwrap();
    let check = |from: &str, to: &str, says: &str| {
        let changed = draft.replacen(from, to, 1);
        assert_ne!(changed, draft, "{from}");
        std::fs::write(desk.path("changed.json"), changed).unwrap();
        let sign = [
            "key",
            "sign",
            "changed.json",
            "--key",
            "stick/targets.pem",
            "--yes",
        ];
        desk.run(&sign).badly(2, says);
    };
    // In the part that is proposed, which comes last.
    let proposed = |text: &str| text.replace('"', "\\\"");
    let folder = proposed("\"be/*/*/*/*\"],\"terminating\":true");
    check(
        &folder,
        &proposed("\"be/*/*/*/*\",\"*\"],\"terminating\":true"),
        "",
    );
    check(
        &proposed("\"consistent_snapshot\":true"),
        &proposed("\"consistent_snapshot\":false"),
        "",
    );
    check("colport-draft\": 1", "colport-draft\": 2", "not written by");
    check("{", "", "");
    let half = &draft[..draft.len() / 2];
    std::fs::write(desk.path("half.json"), half).unwrap();
    desk.run(&[
        "key",
        "sign",
        "half.json",
        "--key",
        "stick/targets.pem",
        "--yes",
    ])
    .badly(2, "");
}

#[test]
fn too_few_keys_are_refused_before_anything_is_made() {
    let desk = Desk::founded(&[]);
    desk.key(&["threshold", "root", "2"]).badly(2, "has 1 keys");
    desk.key(&["threshold", "root", "0"]).badly(2, "");
    desk.key(&["rotate", "nobody"])
        .badly(2, "no newsroom `nobody`");
    desk.key(&["add", "nobody", "--person", "x"])
        .badly(2, "no newsroom `nobody`");
    desk.key(&["revoke", "root", "--person", "Nobody"])
        .badly(2, "which key");
    assert_eq!(desk.signed(), ["1.root.json", "1.targets.json"]);
    assert_eq!(
        names(&desk.path("news/keys/offline")),
        ["root.pem", "targets.pem"]
    );
    assert_eq!(
        names(&desk.path("news/keys/newsrooms")),
        ["be.pem", "site.pem"]
    );
}

#[test]
fn a_revoked_only_key_is_replaced_and_a_second_one_goes() {
    let desk = Desk::founded(&[]);
    desk.pack();
    let said = desk.key(&["revoke", "be"]).well();
    assert!(
        said.contains("no other key") && said.contains("may NOT sign"),
        "{said}"
    );
    desk.key(&["add", "targets", "--person", "Vera"]).well();
    let said = desk.key(&["revoke", "targets", "--person", "Vera"]).well();
    assert!(said.contains("targets: Vera"), "{said}");
    let packed = desk.pack();
    assert!(packed.contains("Edition 2"), "{packed}");
}

#[test]
fn locked_keys_need_their_passphrase() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let secret = |name: &str, text: &str| {
        std::fs::write(desk.path(name), text).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(desk.path(name), private).unwrap();
    };
    secret("right", "seven rivers and a ford\n");
    secret("wrong", "seven rivers and a fjord\n");
    secret("short", "river\n");
    let init = ["init", "news", "--newsroom", "be", "--passphrase-file"];
    desk.run(&[&init[..], &["short"]].concat())
        .badly(2, "fewer than");
    desk.run(&["init", "news", "--passphrase"])
        .badly(2, "nobody is there");
    assert!(!desk.path("news").exists());
    desk.run(&[&init[..], &["right"]].concat()).well();
    let pem = std::fs::read_to_string(desk.path("news/keys/offline/root.pem")).unwrap();
    assert!(pem.contains("BEGIN ENCRYPTED PRIVATE KEY"));
    desk.key(&["renew", "root"]).badly(2, "locked");
    desk.key(&["renew", "root", "--passphrase-file", "wrong"])
        .badly(2, "passphrase is wrong");
    assert_eq!(desk.signed().len(), 2);
    desk.key(&["renew", "root", "--passphrase-file", "right"])
        .well();
    assert_eq!(desk.signed().len(), 3);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(desk.path("right"), open).unwrap();
    desk.key(&["renew", "root", "--passphrase-file", "right"])
        .badly(2, "");
    desk.key(&["list"]).well();
}
