//! Transcripts of the real program: what it says, how it ends, and what it leaves behind, above all when what it was
//! given is bad. Exit codes: 0 done, 1 refused or partly failed, 2 wrong usage or set-up.
//!
//! One newsroom with two editions is made by the program itself, once; tests work on copies.

mod bundles;
mod channel;
mod extract;
mod machine;
mod mirror;
mod publisher;
mod reader;
mod simulate;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

const COLPORT: &str = env!("CARGO_BIN_EXE_colport");

/// How a command ended, and what it said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn program(command: &mut Command) -> Said {
    let output = command
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output();
    let output = output.expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it speaks UTF-8");
    let said = Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    assert!(!said.err.contains("panicked"), "{said:?}");
    for text in [&said.out, &said.err] {
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{said:?}"
        );
    }
    said
}

/// Runs `colport` with these words, in an empty folder of its own, which must stay empty.
fn colport<const N: usize>(words: [&str; N]) -> Said {
    let here = tempfile::tempdir().unwrap();
    let said = program(Command::new(COLPORT).args(words).current_dir(here.path()));
    assert_eq!(content(here.path()), BTreeMap::new(), "{said:?}");
    said
}

impl Said {
    /// 0, and all of `says` on standard output.
    #[track_caller]
    fn done(self, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        for words in says {
            assert!(self.out.contains(words), "`{words}` is not in {self:?}");
        }
        self
    }

    /// 1, a sentence with all of `says`, and something to try.
    #[track_caller]
    fn refused(self, says: &[&str]) -> Self {
        self.failed(1, says)
    }

    /// 2, a sentence with all of `says`, and something to try.
    #[track_caller]
    fn wrong_setup(self, says: &[&str]) -> Self {
        self.failed(2, says)
    }

    #[track_caller]
    fn failed(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for words in says {
            assert!(self.err.contains(words), "`{words}` is not in {self:?}");
        }
        let (_, error) = self.err.rsplit_once("error: ").expect("it says `error:`");
        let hint = error.split_once("\n  try: ").map(|(_, hint)| hint);
        assert!(hint.is_some_and(|hint| hint.len() > 10), "{self:?}");
        self
    }
}

/// Every file below a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                // Made again at any time.
                true if path.ends_with("forms") => {}
                true => waiting.push(path),
                false => {
                    found.insert(path.clone(), fs::read(&path).unwrap_or_default());
                }
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &place),
            // Keys keep their mode.
            false => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// A newsroom's folder.
struct Paper {
    site: PathBuf,
    _place: Option<TempDir>,
}

const ARTICLE: &str = "<!doctype html><html lang=be><title>Новая</title><meta property=article:published_time content=2026-11-20T08:00:00Z><h1>Паром спыніўся</h1>\
    <p>Учора ўвечары паром спыніўся пасярод ракі, і пасажыры чакалі дзве гадзіны, пакуль яго не падцягнулі да берага.\
    <p>Капітан сказаў, што рухавік стары, але надзейны, і што заўтра ўсё будзе працаваць як звычайна.";

impl Paper {
    /// With two editions, not to be changed.
    fn shared() -> &'static Self {
        static PAPER: OnceLock<Paper> = OnceLock::new();
        PAPER.get_or_init(|| {
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands");
            let _ = fs::remove_dir_all(&place);
            let site = place.join("site");
            let paper = Self { site, _place: None };
            let words = ["init", paper.site(), "--newsroom", "be", "--language", "be"];
            colport(words).done(&["fingerprint"]);
            let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/newsroom/be");
            copy(&demo, &paper.site.join("articles"));
            paper.quickly();
            paper
                .pack()
                .done(&["3 articles, 4 pictures\n", "Edition 1:"]);
            fs::write(paper.site.join("articles/new.html"), ARTICLE).unwrap();
            paper
                .pack()
                .done(&["4 articles, 4 pictures\n", "Edition 2:"]);
            paper
        })
    }

    /// A copy to work with.
    fn copied() -> Self {
        let place = tempfile::tempdir().unwrap();
        let site = place.path().join("site");
        copy(&Self::shared().site, &site);
        Self {
            site,
            _place: Some(place),
        }
    }

    fn site(&self) -> &str {
        self.site.to_str().unwrap()
    }

    fn quickly(&self) {
        self.configure("# effort = \"best\"", "effort = \"quick\"");
    }

    fn configure(&self, old: &str, new: &str) {
        let file = self.site.join("colport.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(old));
        fs::write(file, text.replacen(old, new, 1)).unwrap();
    }

    fn pack(&self) -> Said {
        colport(["pack", "--site", self.site()])
    }

    fn bundle(&self, edition: u64) -> PathBuf {
        self.site.join(format!("editions/{edition}.tar.gz"))
    }

    fn editions(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        content(&self.site.join("editions"))
    }

    fn root(&self) -> String {
        self.path("signed/1.root.json")
    }

    fn path(&self, below: &str) -> String {
        self.site.join(below).to_str().unwrap().to_owned()
    }

    fn fingerprint(&self) -> String {
        let root = fs::read(self.root()).unwrap();
        colport::base::Fingerprint::of_first_root(&root).to_string()
    }
}

/// A `colport serve` that runs until it is dropped.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(COLPORT);
        command.arg("serve").args(["--listen", "127.0.0.1:0"]);
        Self::of(command.args(words))
    }

    fn of(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut err = String::new();
            child
                .stderr
                .as_mut()
                .unwrap()
                .read_to_string(&mut err)
                .unwrap();
            panic!("it does not serve: {err}");
        }
        let (_, url) = line.trim_end().rsplit_once(' ').unwrap();
        Self {
            child,
            url: url.to_owned(),
        }
    }

    /// A mirror with an edition of the shared paper, and the folder of its state.
    fn edition(number: u64) -> (Self, TempDir) {
        let (state, paper) = (tempfile::tempdir().unwrap(), Paper::shared());
        let [at, bundle] = [state.path().to_path_buf(), paper.bundle(number)];
        let [at, bundle] = [&at, &bundle].map(|path| path.to_str().unwrap());
        let serving = Self::start(&["--root", &paper.root(), "--state", at, bundle]);
        (serving, state)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
