//! What a volunteer has: a mirror that copies others, as a service of the machine, and shut in with its folder.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use colport::base::Timestamp;
use colport::edition::{Remembered, VerifiedEdition};

use super::super::server_tls::{Authority, Secure};
use super::publisher::unused_address;
use super::{COLPORT, Paper, Serving, colport};

/// A mirror that waits for its first edition, from others or from whoever brings it.
fn waiting(state: &Path, from: &[&str]) -> Serving {
    let (root, state) = (Paper::shared().fingerprint(), state.to_str().unwrap());
    let mut words = vec!["--root", &root, "--state", state];
    for mirror in from {
        words.extend(["--from", mirror]);
    }
    if !from.is_empty() {
        words.extend(["--every", "1"]);
    }
    Serving::start(&words)
}

fn ask(url: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn push(url: &str, bundle: &Path) {
    let bundle = fs::read(bundle).unwrap();
    let head = format!(
        "POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n",
        bundle.len()
    );
    let answer = ask(url, &head, &bundle);
    assert!(answer.starts_with(b"HTTP/1.1 201 "), "{answer:?}");
}

fn edition(url: &str, number: u64) -> Option<Vec<u8>> {
    let head = format!(
        "GET /.colport/bundle/{number}.tar.gz HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n"
    );
    let answer = ask(url, &head, b"");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    (answer.starts_with(b"HTTP/1.1 200 ")).then(|| answer[end + 4..].to_vec())
}

/// Waits until the mirror has it, for as long as a loaded machine may need.
fn await_edition(url: &str, number: u64) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        if let Some(bundle) = edition(url, number) {
            return bundle;
        }
        assert!(begun.elapsed() < PATIENCE, "edition {number} never came");
        std::thread::sleep(Duration::from_millis(100));
    }
}

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn one_push_reaches_three_mirrors_in_a_chain() {
    let paper = Paper::shared();
    let states = [0; 3].map(|_| tempfile::tempdir().unwrap());
    let first = waiting(states[0].path(), &[]);
    let second = waiting(states[1].path(), &[&first.url]);
    // One of those that it copies is not there.
    let third = waiting(states[2].path(), &["http://127.0.0.1:9/", &second.url]);
    for number in [1, 2] {
        push(&first.url, &paper.bundle(number));
        for url in [&second.url, &third.url] {
            let copied = await_edition(url, number).into();
            let root = fs::read(paper.root()).unwrap();
            let newcomer = Remembered::new(root.into());
            let opened = VerifiedEdition::open(copied, &newcomer, Timestamp::now()).unwrap();
            assert_eq!(opened.number(), number);
        }
    }
    // What was copied is served by the next start, also without anyone to copy.
    drop((first, second, third));
    let again = waiting(states[2].path(), &[]);
    assert!(edition(&again.url, 2).is_some());
}

#[test]
fn a_mirror_takes_nothing_from_a_mirror_of_another_newsroom() {
    let (right, _state) = Serving::edition(1);
    let states = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let stranger = ["--root", super::reader::STRANGER, "--every", "1"];
    let place = states[0].path().to_str().unwrap();
    let words = [&stranger[..], &["--state", place, "--from", &right.url]].concat();
    let mut serving = Serving::start(&words);
    let said = complaint(&mut serving);
    assert!(said.contains("nothing could be copied"), "{said}");
    assert_eq!(edition(&serving.url, 1), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_another_mirror_cannot_be_copied_is_told_with_what_to_try() {
    let [empty, own] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let waiting_one = waiting(empty.path(), &[]);
    let secure = Secure::of(&["127.0.0.1"]).await;
    let is_secure = format!("https://{}/", secure.address());
    let cases = [
        (
            "http://nobody.invalid/",
            "could not be looked up",
            "getent hosts",
        ),
        (
            &unused_address(),
            "nobody listens at that port",
            "whether that mirror runs",
        ),
        (&waiting_one.url, "has no edition", "open it in a browser"),
        (
            &waiting_one.url.replace("http:", "https:"),
            "no TLS",
            "begins with `http://`",
        ),
        (
            &is_secure.replace("https:", "http:"),
            "connection broke",
            "begins with `https://`",
        ),
        (
            &is_secure,
            "nobody whom browsers trust",
            "how the name is spelled",
        ),
    ];
    for (mirror, why, advice) in cases {
        let state = own.path().join(mirror.replace(['/', ':'], "-"));
        let mut serving = waiting(&state, &[mirror]);
        let said = complaint(&mut serving);
        assert!(said.contains(mirror) && said.contains(why), "{said}");
        assert!(said.contains(advice), "{said}");
    }
}

/// The next line on standard error.
fn complaint(serving: &mut Serving) -> String {
    let mut line = String::new();
    let err = serving.child.stderr.as_mut().unwrap();
    BufReader::new(err).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_mirror_is_shut_in_with_its_folder() {
    let [state, outside] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let readable = outside.path().join("1.root.json");
    fs::copy(Paper::shared().root(), &readable).unwrap();
    let copied = state.path().join("copied");
    fs::create_dir(&copied).unwrap();
    std::os::unix::fs::symlink(&readable, copied.join("anchor.json")).unwrap();
    let mut serving = waiting(state.path(), &["http://127.0.0.1:9/"]);
    let said = complaint(&mut serving);
    if said.contains("Landlock") {
        println!("skipped: this kernel has no Landlock");
        return;
    }
    assert!(said.contains("anchor.json"), "{said}");
    assert!(said.to_lowercase().contains("permission denied"), "{said}");
    let statuses = statuses(&serving);
    for status in &statuses {
        assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
    }
    assert!(statuses.len() > 1);
}

/// What the kernel says of each of its threads. One that ends while they are read has nothing left
/// that it may do.
fn statuses(serving: &Serving) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", serving.child.id())).unwrap();
    let status = |task: fs::DirEntry| match fs::read_to_string(task.path().join("status")) {
        Ok(status) => Some(status),
        Err(error) if has_ended(&error) => None,
        Err(error) => panic!("{}: {error}", task.path().display()),
    };
    let told: Vec<String> = tasks.filter_map(|task| status(task.unwrap())).collect();
    assert!(!told.is_empty());
    told
}

/// A thread that is gone cannot be opened, or no longer be read if it ends after that.
fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::SRCH)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_mirror_that_root_starts_gives_its_rights_away() {
    if !is_root() {
        println!("left out: only root has something to give away");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let place = state.path().join("new/mirror");
    fs::set_permissions(state.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let serving = waiting(&place, &[]);
    for status in statuses(&serving) {
        let root = status
            .lines()
            .find(|line| line.starts_with("Uid:") && line.split_whitespace().any(|id| id == "0"));
        assert_eq!(root, None);
        for rights in ["CapPrm", "CapEff", "CapAmb", "CapInh"] {
            assert!(
                status.contains(&format!("{rights}:\t0000000000000000\n")),
                "{status}"
            );
        }
        assert!(status.contains("Groups:\t \n"), "{status}");
    }
    // It is whole all the same: takes in, serves, and does so again after a restart.
    let bundles = [1, 2].map(|number| Paper::shared().bundle(number));
    push(&serving.url, &bundles[0]);
    drop(serving);
    let again = waiting(&place, &[]);
    assert_eq!(edition(&again.url, 1), Some(fs::read(&bundles[0]).unwrap()));
    push(&again.url, &bundles[1]);
    for file in fs::read_dir(&place).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let is_known = colport::server::STATE_FILES.contains(&name.as_str());
        assert!(is_known || name.starts_with(".colport-"), "{name}");
        assert_ne!(
            fs::symlink_metadata(file.path()).map_or(1, |file| file.uid()),
            0
        );
    }
}

/// What all threads of it may.
fn check_rights(serving: &Serving, expected: &str) {
    for status in statuses(serving) {
        for sets in ["CapPrm", "CapEff"] {
            assert!(
                status.contains(&format!("{sets}:\t{expected}\n")),
                "{status}"
            );
        }
        assert!(!status.contains("Uid:\t0"), "{status}");
    }
}

/// CAP_DAC_READ_SEARCH.
const READS_ALL: &str = "0000000000000004";
const NOTHING: &str = "0000000000000000";

#[test]
fn a_bundle_for_roots_eyes_is_read_and_nothing_more_can_be_read_with_that() {
    if !is_root() {
        println!("left out: only root has something to give away");
        return;
    }
    // A folder of root's alone.
    let (hidden, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bundle = hidden.path().join("1.tar.gz");
    fs::copy(Paper::shared().bundle(1), &bundle).unwrap();
    fs::set_permissions(&bundle, PermissionsExt::from_mode(0o600)).unwrap();
    let (root, at) = (Paper::shared().root(), state.path().to_str().unwrap());
    let serving = Serving::start(&["--root", &root, "--state", at, bundle.to_str().unwrap()]);
    assert!(edition(&serving.url, 1).is_some());
    check_rights(&serving, NOTHING);
}

#[test]
fn certificates_for_roots_eyes_can_be_read_again() {
    if !is_root() {
        println!("left out: only root has something to give away");
        return;
    }
    let (hidden, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let identity = Authority::new().identity(hidden.path(), "own", &["localhost"]);
    fs::set_permissions(&identity.key, PermissionsExt::from_mode(0o600)).unwrap();
    let (root, at) = (Paper::shared().root(), state.path().to_str().unwrap());
    let [certificate, key] = [&identity.certificate, &identity.key].map(|it| it.to_str().unwrap());
    let words = [
        "--root",
        &root,
        "--state",
        at,
        "--certificate",
        certificate,
        "--key",
        key,
    ];
    check_rights(&Serving::start(&words), READS_ALL);
}

#[test]
fn a_folder_of_roots_with_other_things_in_it_is_not_taken_for_a_mirrors() {
    if !is_root() {
        println!("left out: only root has something to give away");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    fs::write(state.path().join("letter.txt"), "x").unwrap();
    let (root, at) = (
        Paper::shared().fingerprint(),
        state.path().to_str().unwrap(),
    );
    let words = [
        "serve",
        "--root",
        &root,
        "--state",
        at,
        "--listen",
        "127.0.0.1:0",
    ];
    colport(words).wrong_setup(&["holds other things"]);
    for place in [state.path().to_path_buf(), state.path().join("letter.txt")] {
        assert_eq!(fs::metadata(place).unwrap().uid(), 0);
    }
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
}

#[test]
fn what_a_mirror_counts_is_told_to_this_machine_alone() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9100"] {
        let said = colport(["serve", "--metrics", address]);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("only told to this machine"), "{said:?}");
    }
}

#[test]
fn nobody_agrees_to_an_authoritys_terms_unasked() {
    let said = colport(["serve", "--acme", "mirror.example"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("--agree"), "{said:?}");
    for (name, directory) in [
        ("127.0.0.1", "https://a.example/"),
        ("m.example", "http://a.example/"),
    ] {
        let words = [
            "serve",
            "--acme",
            name,
            "--agree",
            "--acme-directory",
            directory,
        ];
        assert_eq!(colport(words).code, Some(2), "{name} {directory}");
    }
}

/// All of it at once: shut in, without root's rights, and the certificate from a real authority.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_gets_its_certificate_from_behind_the_closed_door() {
    use crate::pebble::{Place, Refuses, free_port};
    let (place, state, port) = (Place::new(), tempfile::tempdir().unwrap(), free_port());
    let pebble = place.open(port, Refuses(0)).await;
    let (root, at, listen) = (
        place.root(),
        state.path().to_str().unwrap(),
        format!("127.0.0.1:{port}"),
    );
    let (fingerprint, directory) = (Paper::shared().fingerprint(), place.directory());
    let mut command = Command::new(COLPORT);
    command
        .args([
            "serve",
            "--root",
            &fingerprint,
            "--state",
            at,
            "--listen",
            &listen,
        ])
        .args([
            "--acme",
            "mirror.example",
            "--agree",
            "--acme-directory",
            &directory,
        ])
        .arg("--acme-root")
        .arg(root);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = String::new();
    for line in said.by_ref() {
        heard = line.unwrap();
        if heard.contains("certificate") {
            break;
        }
    }
    if !heard.starts_with("`mirror.example` has a certificate until ") {
        child.kill().unwrap();
        let mut err = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        panic!("{heard}{err}");
    }
    let issuer = pebble.issuer().await;
    let shown = crate::server_acme::shown_to(
        format!("127.0.0.1:{port}").parse().unwrap(),
        &issuer,
        "mirror.example",
    )
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    shown.unwrap();
    let key = state.path().join("acme/mirror.example.pem");
    assert_eq!(
        fs::metadata(key).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// A moment of each part of `scripts/soak` that is not another test already: load, attacks and faults.
#[test]
fn a_mirror_is_not_worn_out_in_a_moment() {
    let soak = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/soak");
    let parts = ["connections", "slow", "heads", "kills", "disk", "clock"];
    let mut command = Command::new(soak);
    command.arg("--short").args(parts).env("COLPORT", COLPORT);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{err}");
    // Something was looked at in each of them.
    assert!(said.matches("  ok   ").count() >= 10, "{said}{err}");
}

#[test]
fn a_mirror_that_is_killed_in_the_middle_of_a_bundle_serves_the_one_before() {
    let bundles = [1, 2].map(|number| fs::read(Paper::shared().bundle(number)).unwrap());
    for tenth in 0..=10 {
        let (mut serving, state) = Serving::edition(1);
        let address = serving
            .url
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let mut line = TcpStream::connect(address).unwrap();
        let length = bundles[1].len();
        let head = format!(
            "POST /.colport/bundle HTTP/1.1\r\nhost: m\r\ncontent-length: {length}\r\n\r\n"
        );
        line.write_all(head.as_bytes()).unwrap();
        line.write_all(&bundles[1][..length * tenth / 10]).unwrap();
        serving.child.kill().unwrap();
        serving.child.wait().unwrap();
        let again = waiting(state.path(), &[]);
        let served = [1, 2].map(|number| edition(&again.url, number));
        match served {
            [Some(first), None] => assert!(first == bundles[0]),
            // All of it had come.
            [None, Some(second)] if tenth == 10 => assert!(second == bundles[1]),
            _ => panic!("after {tenth} tenths"),
        }
        // And it takes the other then.
        if tenth < 10 {
            push(&again.url, &Paper::shared().bundle(2));
        }
    }
}

#[test]
fn the_system_hears_when_a_service_is_ready_and_when_it_stops() {
    let [state, place] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let socket = place.path().join("notify");
    let system = UnixDatagram::bind(&socket).unwrap();
    // As the system's own: whoever is started may speak there, also one that was root.
    for (path, mode) in [(place.path(), 0o755), (socket.as_path(), 0o777)] {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    system.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut space = [0; 64];
        let count = system.recv(&mut space).unwrap();
        String::from_utf8(space[..count].to_vec()).unwrap()
    };
    let (paper, root) = (Paper::copied(), Paper::shared().fingerprint());
    let mirror = "[[mirror]]\nname = \"stick\"\nfolder = \"stick\"\n\n[pack]";
    paper.configure("[pack]", mirror);
    let state = state.path().to_str().unwrap();
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--root",
        &root,
        "--state",
        state,
    ];
    let pack = ["pack", "--watch", "--site", paper.site()];
    let sync = ["sync", "--site", paper.site()];
    for words in [&serve[..], &pack, &sync] {
        let mut command = Command::new(COLPORT);
        command
            .args(words)
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(hear(), "READY=1", "{words:?}");
        let id = child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert_eq!(hear(), "STOPPING=1", "{words:?}");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words:?}");
    }
}

/// A file of `scripts`, with one thing in it replaced, in a folder of its own.
fn script(name: &str, from: &str, to: &str) -> (tempfile::TempDir, String) {
    let text = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts")
        .join(name);
    let text = fs::read_to_string(text).unwrap();
    assert!(text.contains(from), "{name} names no {from}");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(name);
    fs::write(&place, text.replace(from, to)).unwrap();
    let place = place.to_str().unwrap().to_owned();
    (folder, place)
}

/// `None` where the program, which `scripts/test-tools` installs, is missing and that is allowed.
fn foreign(program: &str, words: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        let is_allowed = std::env::var_os("COLPORT_ALLOW_MISSING_TOOLS").is_some();
        assert!(is_allowed, "`{program}` is missing: run scripts/test-tools");
        println!("not tried, since it is missing: `{program}`");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn tor_takes_the_settings_of_the_onion_service() {
    let data = tempfile::tempdir().unwrap();
    let onion = data.path().join("onion");
    let (_folder, file) = script("torrc", "/var/lib/tor/colport", onion.to_str().unwrap());
    let at = data.path().to_str().unwrap();
    let none = ["--defaults-torrc", "/dev/null"];
    let words = ["--verify-config", "-f", &file, "--DataDirectory", at];
    if let Some((good, said)) = foreign("tor", &[&words[..], &none[..]].concat()) {
        assert!(good && said.contains("Configuration was valid"), "{said}");
    }
}

/// `tenths`: 0 is nothing, 100 everything.
fn systemd_takes(unit: &str, tenths: u32) {
    let exec = format!("ExecStart={COLPORT}");
    let (_folder, file) = script(unit, "ExecStart=colport", &exec);
    if let Some((good, said)) = foreign("systemd-analyze", &["verify", &file]) {
        assert!(good && said.is_empty(), "{said}");
    }
    let threshold = format!("--threshold={tenths}");
    let strict = ["security", "--offline=true", &threshold, &file];
    if let Some((good, said)) = foreign("systemd-analyze", &strict) {
        assert!(good, "{said}");
    }
}

#[test]
fn systemd_takes_the_units_and_finds_little_that_they_could_do() {
    systemd_takes("colport-mirror.service", 14);
    systemd_takes("colport-pack.service", 11);
    systemd_takes("colport-sync.service", 11);
}

#[test]
fn what_the_debian_package_is_made_of_is_there() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = fs::read_to_string(sources.join("Cargo.toml")).unwrap();
    let package: toml::Value = toml::from_str(&package).unwrap();
    let assets = &package["package"]["metadata"]["deb"]["assets"];
    let assets = assets.as_array().unwrap().iter();
    let files: Vec<_> = assets.filter_map(|asset| asset[0].as_str()).collect();
    for file in &files {
        let is_made = file.starts_with("target/");
        let place = sources.join(file.trim_end_matches('*'));
        assert!(is_made || place.exists(), "{file}");
    }
    for script in fs::read_dir(sources.join("scripts")).unwrap() {
        let name = script.unwrap().file_name().into_string().unwrap();
        let is_packed = files.contains(&format!("scripts/{name}").as_str());
        assert!(is_packed || !name.ends_with(".service"), "{name}");
    }
}
