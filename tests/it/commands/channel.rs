//! A channel from end to end, by the real program: the daemon tells it of mirrors, a bundle is handed around in it, and a
//! reader to whom every other way is closed learns from that where to ask.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use colport::bundle::{ListFile, carry};
use colport::trust::lists::ChannelWord;

use super::publisher::unused_address;
use super::{COLPORT, Paper, Serving, colport};

/// A process that ends with the test.
struct Running(Child);

impl Running {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(COLPORT);
        command.args(words).stdin(Stdio::null());
        Self(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(place: &Path) {
    let until = Instant::now() + Duration::from_secs(120);
    while !place.exists() {
        assert!(Instant::now() < until, "{} never came", place.display());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_bundle_from_hand_to_hand_leads_a_channels_readers_to_its_mirrors() {
    let [(one, _one), (other, _other)] = [2, 2].map(Serving::edition);
    let paper = Paper::copied();
    let root = paper.fingerprint();
    let folder = tempfile::tempdir().unwrap();
    let (square, out) = (
        folder.path().join("square"),
        folder.path().join("text.tar.gz"),
    );
    fs::create_dir(&square).unwrap();
    let more = format!(
        "[[mirror]]\nname = \"one\"\ncolport = {:?}\n[[mirror]]\nname = \"other\"\ncolport = {:?}\n\
         [[channel]]\nname = \"letter\"\nkind = \"newsletter\"\n[pack]",
        one.url, other.url
    );
    paper.configure("[pack]", &more);
    paper.configure("# page = \"127.0.0.1:8071\"", "page = \"\"");
    let places = format!("[{{ folder = {square:?}, address = \"https://square.example/\" }}]");
    let line =
        "# meeting_place = [{ folder = \"/srv/meeting\", address = \"https://meeting.example/\" }]";
    paper.configure(line, &format!("meeting_place = {places}"));
    let asked = [
        "sync",
        "--bundle-for",
        "letter",
        "--text",
        "--site",
        paper.site(),
        "--out",
        out.to_str().unwrap(),
    ];
    colport(asked).wrong_setup(&["was told of no mirrors yet", "colport mirrors"]);

    let daemon = Running::start(&["sync", "--site", paper.site()]);
    let told = paper.site.join("sync/announce/letter");
    let bundle = told.join("bundle.tar.gz");
    wait_for(&bundle);
    let word = fs::read_to_string(told.join("text.txt")).unwrap();
    let word = word.split_once('#').unwrap().1;
    let word: String = word
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let list = fs::read(told.join("list.json")).unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while !fs::read_dir(&square)
        .unwrap()
        .any(|file| fs::read(file.unwrap().path()).unwrap() == list)
    {
        assert!(Instant::now() < until, "the meeting place has it not");
        std::thread::sleep(Duration::from_millis(200));
    }
    colport(asked).done(&["carries the newest edition"]);
    drop(daemon);

    for bundle in [bundle.to_str().unwrap(), out.to_str().unwrap()] {
        colport(["verify", bundle, "--root", &root]).done(&[]);
        let store = tempfile::tempdir().unwrap();
        let gone = format!("{}#{word}", unused_address());
        let at = store.path().join("store");
        let words = [
            "get",
            "--root",
            &root,
            "--store",
            at.to_str().unwrap(),
            "--beside",
            bundle,
            &gone,
        ];
        colport(words).done(&["Edition 2 is here", "2 mirrors are known"]);
    }
    // To who has the newest edition the list in an old one is of use, and its news is not.
    let name = ListFile::parse(ChannelWord::parse(&word).unwrap().name().as_str()).unwrap();
    let old = fs::read(paper.bundle(1)).unwrap();
    let old = carry(Vec::new(), old.into(), &[(name, list.into())]).unwrap();
    let brought = folder.path().join("old.tar.gz");
    fs::write(&brought, old).unwrap();
    let seen = folder.path().join("seen");
    let seen = seen.to_str().unwrap();
    colport(["get", "--root", &root, "--store", seen, &one.url]).done(&["Edition 2 is here"]);
    let gone = format!("{}#{word}", unused_address());
    let brought = brought.to_str().unwrap();
    colport(["get", "--store", seen, "--beside", brought, &gone])
        .done(&["Edition 2 was here already", "2 mirrors are known"]);

    // A bundle without a list, and one of another newsroom's.
    let plain = paper.bundle(2);
    let at = folder.path().join("store");
    let words = [
        "get",
        "--root",
        &root,
        "--store",
        at.to_str().unwrap(),
        "--beside",
        plain.to_str().unwrap(),
        &one.url,
    ];
    colport(words).refused(&["carries no list"]);
    let stranger = super::reader::STRANGER;
    let words = [
        "get",
        "--root",
        stranger,
        "--store",
        at.to_str().unwrap(),
        "--beside",
        bundle.to_str().unwrap(),
        &one.url,
    ];
    colport(words).refused(&["another newsroom"]);

    let shown = |channel: &str| {
        let words = [
            "open",
            bundle.to_str().unwrap(),
            "--no-browser",
            "--root",
            &root,
            "--channel",
            channel,
        ];
        let mut open = Running::start(&words);
        let lines = BufReader::new(open.0.stdout.take().unwrap()).lines();
        let lines = lines.map_while(Result::ok);
        let lines: Vec<String> = lines
            .take_while(|line| !line.starts_with("Read it on"))
            .collect();
        lines.join("\n")
    };
    let said = shown(&format!("https://any.example/#{word}"));
    for url in [&one.url, &other.url] {
        assert!(said.contains(&format!("  {url}#{word}")), "{said}");
    }
    let said = shown("anotherword7");
    assert!(
        said.contains("opens no list") && !said.contains("127.0.0.1"),
        "{said}"
    );
}
