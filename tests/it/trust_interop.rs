//! Clients written by others read a mirror that colport has written, with a replaced root, over HTTP.
//!
//! `scripts/test-tools` brings them. `COLPORT_PYTHON` may name another Python that has the package `tuf`, and `TUF_JS`
//! another folder with the package `tuf-js`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use colport::base::{Digest, Secret, SitePath};
use colport::io::files;
use colport::trust::SigningKey;
use colport::trust::editor::{
    Founding, KeyRing, Lifetimes, MetadataSet, RoleSigners, RootSigners, establish, next_edition,
    revise_root,
};

const FILES: [(&str, &str); 5] = [
    ("index.html", "home"),
    ("assets/style.css", "body {}"),
    ("be/index.html", "be home"),
    ("be/2026/11/рака з прабелам/index.html", "river"),
    ("be/2026/11/рака з прабелам/1.webp", "no picture"),
];

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

fn signers(name: &str) -> RoleSigners {
    RoleSigners::one(key(name).public().clone())
}

fn top(people: [&str; 3], timestamp: &str) -> RootSigners {
    let people = people.map(|name| key(name).public().clone()).to_vec();
    RootSigners {
        root: RoleSigners::of(people, 2).expect("three keys"),
        targets: signers("targets"),
        snapshot: signers("snapshot"),
        timestamp: signers(timestamp),
    }
}

/// A mirror's folder with two roots and one edition.
fn write_mirror(folder: &Path) {
    let names = [
        "a",
        "b",
        "c",
        "d",
        "targets",
        "snapshot",
        "timestamp",
        "timestamp-2",
        "site",
        "be",
    ];
    let ring: KeyRing = names.iter().map(|name| key(name)).collect();
    let (now, lifetimes) = (clock(), Lifetimes::default());
    let founding = Founding {
        top: top(["a", "b", "c"], "timestamp"),
        site: signers("site"),
        newsrooms: [("be".parse().expect("a name"), signers("be"))].into(),
    };
    let (root, targets) = establish(&founding, now, &lifetimes);
    let mut set = MetadataSet::default();
    let put = |set: &mut MetadataSet, mut draft: colport::trust::editor::Draft| {
        draft.sign(&ring);
        set.put_signed(draft).expect("all keys are there");
    };
    put(&mut set, root);
    put(&mut set, targets);
    let next = revise_root(&set, &top(["b", "c", "d"], "timestamp-2"), now, &lifetimes);
    put(&mut set, next.expect("a draft"));
    let facts: BTreeMap<_, _> = FILES
        .iter()
        .map(|(path, text)| {
            let facts = (text.len() as u64, Digest::of(text.as_bytes()));
            (SitePath::parse(path).expect("a path"), facts)
        })
        .collect();
    let set = next_edition(&set, &ring, &facts, now, &lifetimes).expect("a good edition");
    let metadata = set
        .iter()
        .map(|(name, file)| (format!(".colport/metadata/{name}"), file.to_vec()));
    let site = FILES.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    for (path, bytes) in metadata.chain(site) {
        let place = folder.join(path);
        files::create_folder(place.parent().expect("a folder")).expect("a folder for tests");
        files::write(&place, &bytes).expect("a folder for tests");
    }
}

/// The other clients ask the clock themselves.
fn clock() -> jiff::Timestamp {
    use colport::io::clock::{Clock, SystemClock};
    let seconds = SystemClock.now().as_second();
    jiff::Timestamp::from_second(seconds).expect("a time of today")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clients under test are programs"
)]
fn run(program: &str, script: &str, packages: &str, mirror: &Path) -> Output {
    std::process::Command::new(program)
        .env("TUF_JS", packages)
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/conformance")
                .join(script),
        )
        .arg(mirror)
        .args(FILES.map(|(path, _)| path))
        .output()
        .expect("the program can be started")
}

fn check(program: &str, script: &str, packages: &str) {
    let folder = tempfile::tempdir().expect("a folder for tests");
    write_mirror(folder.path());
    let output = run(program, script, packages, folder.path());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert_eq!(output.stdout, format!("ok {}\n", FILES.len()).into_bytes());
    // And it would have noticed a changed file.
    let changed = folder.path().join("be/index.html");
    files::write(&changed, b"be hoax").expect("a folder for tests");
    assert!(
        !run(program, script, packages, folder.path())
            .status
            .success()
    );
}

/// Where `scripts/test-tools` puts the foreign clients. One that is missing fails the test unless the environment allows it.
fn foreign(variable: &str, usual: &str) -> Option<String> {
    let usual = || format!("{}/target/foreign/{usual}", env!("CARGO_MANIFEST_DIR"));
    let place = std::env::var(variable).unwrap_or_else(|_| usual());
    if Path::new(&place).exists() {
        return Some(place);
    }
    let is_allowed = std::env::var_os("COLPORT_ALLOW_MISSING_TOOLS").is_some();
    assert!(is_allowed, "`{place}` is missing: run scripts/test-tools");
    println!("not tried, since it is missing: `{place}`");
    None
}

#[test]
fn python_tuf_reads_our_mirror() {
    if let Some(python) = foreign("COLPORT_PYTHON", "python/bin/python") {
        check(&python, "python_tuf.py", "");
    }
}

#[test]
fn tuf_js_reads_our_mirror() {
    if let Some(packages) = foreign("TUF_JS", "node") {
        check("node", "tuf_js.mjs", &packages);
    }
}
