//! Any computer can read a bundle: five programs that know nothing of colport unpack one, and every file is compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use colport::base::Digest;
use colport::bundle::{ListFile, carry};
use tempfile::TempDir;

use super::{Input, file, metadata, noise, read};

/// Where a missing program is told, not failed for: a machine that cannot have them all.
const ALLOW_MISSING: &str = "COLPORT_ALLOW_MISSING_TOOLS";

/// Everything that a bundle may hold and a program may stumble over.
fn input() -> Input {
    let cyrillic = format!("be/2026/11/{}/index.html", "вялікая-рака-".repeat(9));
    let ascii = format!("en/2026/11/{}/index.html", "a-very-long-river-".repeat(9));
    assert!(cyrillic.len() > 200 && ascii.len() > 100);
    let page = "<p>Рака стала на досвітку. ".repeat(200);
    let mut files: Vec<_> = [
        ("404.html", b"<p>404".as_slice()),
        ("be/2026/11/empty", b""),
        ("be/2026/11/photo.webp", &noise(200_000)),
        ("be/2026/11/фота 1.webp", &noise(65_535)),
        ("en/block", &noise(512)),
        ("en/page", page.as_bytes()),
        (&cyrillic, page.as_bytes()),
        (&ascii, page.as_bytes()),
        ("fa/نان.html", page.as_bytes()),
        ("zh/河.html", page.as_bytes()),
    ]
    .map(|(path, content)| file(path, content))
    .into();
    files.extend(
        (0..500).map(|n| file(&format!("small/{n}/index.html"), format!("{n}").as_bytes())),
    );
    files.sort();
    Input {
        metadata: vec![
            metadata("1.root.json", b"{}"),
            metadata("timestamp.json", b"{ }"),
        ],
        files,
    }
}

static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| input().write());
/// What must come out, by path.
static EXPECTED: LazyLock<BTreeMap<String, Digest>> = LazyLock::new(|| {
    let members = read(BUNDLE.clone()).expect("it is sound");
    members
        .into_iter()
        .map(|(path, content)| (path, Digest::of(&content)))
        .collect()
});

/// A folder with the bundle in it.
struct Workbench {
    folder: TempDir,
}

impl Workbench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        fs::write(folder.path().join("bundle.tar.gz"), &*BUNDLE).expect("there is room");
        fs::create_dir(folder.path().join("out")).expect("there is room");
        Self { folder }
    }

    /// Runs a line of shell in the folder. UTF-8 as everywhere but in the poorest shell: bsdtar asks the locale.
    fn run(&self, line: &str) -> Output {
        Command::new("sh")
            .args(["-euc", line])
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.folder.path())
            .output()
            .expect("every system has a shell")
    }

    fn unpacked(&self) -> BTreeMap<String, Digest> {
        let mut found = BTreeMap::new();
        collect(&self.folder.path().join("out"), "", &mut found);
        found
    }
}

fn collect(folder: &Path, below: &str, found: &mut BTreeMap<String, Digest>) {
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let entry = entry.expect("it can be listed");
        let name = entry.file_name().into_string().expect("it is UTF-8");
        let kind = entry.file_type().expect("it can be looked at");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{below}{name}/"), found);
        } else {
            assert!(kind.is_file(), "{below}{name}");
            let content = fs::read(entry.path()).expect("it can be read");
            found.insert(format!("{below}{name}"), Digest::of(&content));
        }
    }
}

/// Whether the program can be asked; a missing one fails the test unless the environment allows it.
fn present(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|output| output.status.success());
    let allowed = std::env::var_os(ALLOW_MISSING).is_some();
    assert!(
        found || allowed,
        "`{program}` is missing; install it or set `{ALLOW_MISSING}`"
    );
    if !found {
        println!("not tried, since it is missing: `{program}`");
    }
    found
}

/// `line` unpacks `bundle.tar.gz` into `out`, without a word of warning.
fn check(program: &str, line: &str) {
    if !present(program) {
        return;
    }
    let bench = Workbench::new();
    let output = bench.run(line);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    assert_eq!(complaint, "", "{program}");
    let found = bench.unpacked();
    assert_eq!(found.len(), EXPECTED.len(), "{program}");
    assert!(found == *EXPECTED, "{program} unpacked something else");
}

#[test]
fn gnu_tar_unpacks_it() {
    check(
        "tar",
        "tar --version | grep -q GNU; tar -xzf bundle.tar.gz -C out",
    );
}

#[test]
fn bsdtar_unpacks_it() {
    check("bsdtar", "bsdtar -xzf bundle.tar.gz -C out");
}

#[test]
fn busybox_unpacks_it() {
    check("busybox", "busybox tar -xzf bundle.tar.gz -C out");
}

#[test]
fn seven_zip_unpacks_it() {
    // In two steps, as a person would with a mouse. Its Debian package calls it `7z`, its own `7zz`.
    let program = if Command::new("7zz").output().is_ok() {
        "7zz"
    } else {
        "7z"
    };
    check(
        program,
        &format!(
            "{program} x -bd bundle.tar.gz -ostep >log; {program} x -bd step/bundle.tar -oout >>log; ! grep -i warning log >&2"
        ),
    );
}

#[test]
fn python_unpacks_it() {
    check(
        "python3",
        r#"python3 -c 'import tarfile; tarfile.open("bundle.tar.gz", "r:gz").extractall("out", filter="data")'"#,
    );
}

#[test]
fn gzip_finds_nothing_to_complain_of() {
    if present("gzip") {
        let output = Workbench::new().run("gzip -t bundle.tar.gz");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}

/// Half a download is worth something: what was there unpacks.
#[test]
fn gnu_tar_unpacks_what_has_come() {
    if !present("tar") {
        return;
    }
    let bench = Workbench::new();
    let output = bench.run("head -c 30000 bundle.tar.gz | tar -xz -C out");
    assert!(!output.status.success());
    let found = bench.unpacked();
    let whole = found
        .iter()
        .filter(|(path, digest)| EXPECTED.get(*path) == Some(digest));
    assert!(whole.count() >= 4, "{found:?}");
}

/// A second reader, in another language, written from the manual alone.
fn second_reader(bench: &Workbench) -> Output {
    let reader = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/bundle/read_bundle.py"
    );
    bench.run(&format!("python3 '{reader}' bundle.tar.gz"))
}

#[test]
fn a_reader_written_from_the_manual_reads_it() {
    if !present("python3") {
        return;
    }
    let bench = Workbench::new();
    let output = second_reader(&bench);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let listed = String::from_utf8(output.stdout).expect("it is UTF-8");
    let found: BTreeMap<String, Digest> = listed
        .lines()
        .map(|line| line.split_once("  ").expect("digest and path"))
        .map(|(digest, path)| (path.to_owned(), digest.parse().expect("a digest")))
        .collect();
    assert_eq!(found, *EXPECTED);
}

/// The edition's files, and one more that no edition knows of.
#[test]
fn a_bundle_with_a_list_beside_it_is_read_by_others() {
    let bench = Workbench::new();
    let name = ListFile::parse(&"0a".repeat(16)).unwrap();
    let list = (name, bytes::Bytes::from_static(b"{\"signed\": 1}"));
    let carrying = carry(Vec::new(), BUNDLE.clone().into(), &[list]).unwrap();
    fs::write(bench.folder.path().join("bundle.tar.gz"), carrying).unwrap();
    let path = format!(".colport/lists/{}.json", "0a".repeat(16));
    if present("python3") {
        let output = second_reader(&bench);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains(&path));
    }
    if present("tar") {
        let output = bench.run("tar -xzf bundle.tar.gz -C out");
        assert!(output.status.success() && output.stderr.is_empty());
        let found = bench.unpacked();
        assert_eq!(found.len(), EXPECTED.len() + 1);
        // The table tells of one member more.
        let same = EXPECTED
            .iter()
            .filter(|(path, digest)| found.get(*path) == Some(digest));
        assert_eq!(same.count(), EXPECTED.len() - 1);
        assert!(found.contains_key(&path));
    }
}

#[test]
fn a_reader_written_from_the_manual_refuses_what_is_hurt() {
    if !present("python3") {
        return;
    }
    let bench = Workbench::new();
    let place = bench.folder.path().join("bundle.tar.gz");
    let whole = &*BUNDLE;
    for hurt in [
        whole[..whole.len() - 1].to_vec(),
        whole[..30_000].to_vec(),
        [whole.clone(), vec![0]].concat(),
        [&whole[..16], &[0], &whole[17..]].concat(),
        [&whole[..20_000], &[whole[20_000] ^ 1], &whole[20_001..]].concat(),
    ] {
        fs::write(&place, hurt).expect("there is room");
        let complaint = second_reader(&bench).stderr;
        assert!(
            complaint.starts_with(b"refused: "),
            "{}",
            String::from_utf8_lossy(&complaint)
        );
    }
}
