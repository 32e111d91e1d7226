//! A branch from which a pages host serves, pushed by the `git` program.
//!
//! 1. The branch is one commit without a parent, put in the place of the one before. So an article that was taken back is not
//!    kept in a history, and a repository does not grow by an edition a day.
//! 2. It takes the place only of a commit that has no parent either, and of the very one that was looked at: a branch on which
//!    somebody works is refused.
//! 3. Files of others in that commit stay. `.nojekyll` is put beside ours, without which some hosts hide `.colport`.
//! 4. A copy of what was pushed lies here, bare, so that only what is new travels. It may be lost.
//! 5. What the host sends has a ceiling: a few kilobytes of a repository can stand for a listing, a file or a copy of any size.
//!    A `git` that says or fetches more is ended, with what it started.
//! 6. The commit says nobody's name and no time. A token travels in the environment of `git`, never among its arguments.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that starts a program"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::{BUNDLES, Body, Found, Git, Result, Store, StoreError, Survey, told};
use crate::base::Secret;
use crate::io::files;
use crate::io::line::Line;
use crate::io::program::Group;

/// The name of a content in git: SHA-1, since that is what pages hosts have. It tells contents of ours apart; nobody's
/// trust hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobId([u8; 20]);

impl BlobId {
    pub fn of(content: &[u8]) -> Self {
        use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(format!("blob {}\0", content.len()).as_bytes());
        context.update(content);
        let mut id = [0; 20];
        id.copy_from_slice(context.finish().as_ref());
        Self(id)
    }

    fn parse(hex: &str) -> Option<Self> {
        let mut id = [0; 20];
        (hex.len() == 40).then_some(())?;
        for (byte, at) in id.iter_mut().zip((0..40).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(super) struct GitStore {
    place: Git,
    line: Arc<Line>,
    /// A header, as `git` takes it.
    authorization: Option<Secret<String>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_ready: bool,
    /// The commit that the branch had when it was looked at.
    there: Option<String>,
    /// A commit being written.
    next: Option<Child>,
    /// Whether one was written that is not with the host.
    is_waiting: bool,
}

const THERE: &str = "refs/colport/there";
const NEXT: &str = "refs/colport/next";
const MARK: &str = ".nojekyll";

/// Of a word, a commit, or what `git` prints by the way.
const WORD_BYTES: u64 = 64 << 10;
/// Of the list of all files: some half a million.
const LISTING_BYTES: u64 = 64 << 20;
/// Of the copy on this disk. Pages hosts take a gigabyte.
const COPY_BYTES: u64 = 4 << 30;
const WEIGHED_EVERY: Duration = Duration::from_millis(500);

/// What became of a `git`.
struct Answer {
    end: End,
    out: Vec<u8>,
    /// The last of what it said about it.
    said: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Succeeded,
    Failed,
    /// It had more to print than was asked for.
    Cut,
}

impl GitStore {
    pub(super) fn new(place: &Git, line: Arc<Line>) -> Result<Self> {
        let login = place.credentials.as_ref().map(|it| it.read()).transpose()?;
        let authorization = login.map(|login| {
            let pair = format!("{}:{}", login.user.expose(), login.password.expose());
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            Secret::new(format!("Authorization: Basic {pair}"))
        });
        Ok(Self {
            place: place.clone(),
            line,
            authorization,
            state: Mutex::default(),
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(&self.place.copy).args(arguments);
        for (name, _) in std::env::vars_os() {
            // Whatever would print requests, or lead to another repository.
            if name.to_string_lossy().starts_with("GIT_") {
                git.env_remove(name);
            }
        }
        git.env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
            .env("LC_ALL", "C")
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(authorization) = &self.authorization {
            // Of this address alone, wherever it may redirect to.
            let key = format!("http.{}.extraHeader", self.place.repository);
            git.env("GIT_CONFIG_COUNT", "2")
                .env("GIT_CONFIG_KEY_0", key)
                .env("GIT_CONFIG_VALUE_0", authorization.expose())
                .env("GIT_CONFIG_KEY_1", "http.followRedirects")
                .env("GIT_CONFIG_VALUE_1", "false");
        }
        git
    }

    /// Its standard output, up to so many bytes.
    async fn run(&self, arguments: &[&str], most: u64) -> Result<Vec<u8>> {
        let answer = self.ask(arguments, most).await?;
        match answer.end {
            End::Succeeded => Ok(answer.out),
            End::Failed => Err(failed(&answer.said)),
            End::Cut => Err(StoreError::Permanent(
                "the repository holds more than a mirror may".into(),
            )),
        }
    }

    /// Each word of its progress is a sign of life.
    async fn ask(&self, arguments: &[&str], most: u64) -> Result<Answer> {
        let mut git = self.command(arguments).spawn().map_err(no_git)?;
        let mut group = Group::of(&git);
        let (mut out, mut said) = (Vec::new(), Vec::new());
        let (from, complaints) = (git.stdout.take(), git.stderr.take());
        let read = async {
            if let Some(from) = from {
                let _ = from
                    .take(most.saturating_add(1))
                    .read_to_end(&mut out)
                    .await;
            }
            let is_cut = out.len() as u64 > most;
            if is_cut {
                group.end();
            }
            is_cut
        };
        let hear = async {
            let Some(mut complaints) = complaints else {
                return;
            };
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = complaints.read(&mut piece).await {
                self.line.beat();
                let heard = piece.get(..length).unwrap_or_default();
                said.extend_from_slice(heard);
                // Why it failed stands at the end.
                let from = said.len().saturating_sub(SAID_BYTES);
                said.drain(..from);
            }
        };
        let (is_cut, (), status) = tokio::join!(read, hear, git.wait());
        let end = match status.is_ok_and(|status| status.success()) {
            _ if is_cut => End::Cut,
            true => End::Succeeded,
            false => End::Failed,
        };
        if end == End::Succeeded {
            group.release();
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok(Answer { end, out, said })
    }

    async fn word(&self, arguments: &[&str]) -> Result<String> {
        let out = self.run(arguments, WORD_BYTES).await?;
        Ok(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// Brings what the branch has into the copy.
    async fn look(&self, state: &mut State) -> Result<()> {
        if state.is_ready {
            return Ok(());
        }
        let copy = &self.place.copy;
        if !files::exists(&copy.join("HEAD")) {
            files::create_private_folder(copy)?;
            self.word(&["init", "--bare", "--quiet", "--template="])
                .await?;
            // Pictures and bundles do not get smaller by comparing them.
            self.word(&["config", "core.bigFileThreshold", "128k"])
                .await?;
        }
        let branch = format!("refs/heads/{}", self.place.branch);
        let listed = self
            .word(&["ls-remote", "--", &self.place.repository, &branch])
            .await?;
        state.there = listed.split_whitespace().next().map(str::to_owned);
        if let Some(there) = &state.there {
            self.fetch(&branch).await?;
            let commit = self.word(&["cat-file", "commit", there]).await?;
            if commit.lines().any(|line| line.starts_with("parent ")) {
                return Err(StoreError::Permanent(format!(
                    "the branch `{}` has a history, which would be lost: name a branch that is only for this",
                    self.place.branch
                )));
            }
        }
        state.is_ready = true;
        Ok(())
    }

    async fn fetch(&self, branch: &str) -> Result<()> {
        let refspec = format!("+{branch}:{THERE}");
        let fetch = ["fetch", "--progress", "--no-tags", "--depth=1"];
        let words = [&fetch[..], &["--", &self.place.repository, &refspec]].concat();
        tokio::select! {
            fetched = self.word(&words) => fetched.map(drop),
            () = outgrown(&self.place.copy, COPY_BYTES) => {
                // It may be lost, and so it begins anew where the host means well.
                let _ = std::fs::remove_dir_all(&self.place.copy);
                Err(StoreError::Permanent("the repository is larger than a mirror may be".into()))
            }
        }
    }

    /// The commit being written, begun with what is there.
    async fn next<'a>(&self, state: &'a mut State) -> Result<&'a mut Child> {
        self.look(state).await?;
        if state.next.is_none() {
            self.ask(&["update-ref", "-d", NEXT], WORD_BYTES).await?;
            let arguments = ["fast-import", "--quiet", "--done"];
            let mut import = self.command(&arguments);
            let mut import = import
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(no_git)?;
            let mut head = format!(
                "commit {NEXT}\ncommitter colport <colport@mirror.invalid> 0 +0000\ndata 8\nEdition\n"
            );
            if let Some(there) = &state.there {
                let tree = self
                    .word(&["rev-parse", &format!("{there}^{{tree}}")])
                    .await?;
                head += &format!("M 040000 {tree} \"\"\n");
            }
            head += &format!("M 100644 inline {MARK}\ndata 0\n\n");
            write(&mut import, head.as_bytes()).await?;
            state.next = Some(import);
        }
        state
            .next
            .as_mut()
            .ok_or_else(|| StoreError::Permanent("no commit was begun".into()))
    }

    async fn say(&self, words: &[&[u8]]) -> Result<()> {
        let mut state = self.state.lock().await;
        let import = self.next(&mut state).await?;
        for word in words {
            if let Err(error) = write(import, word).await {
                state.next = None;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if let Some(mut import) = state.next.take() {
            write(&mut import, b"done\n").await?;
            drop(import.stdin.take());
            match import.wait().await {
                Ok(status) if status.success() => state.is_waiting = true,
                _ => return Err(StoreError::Permanent("`git fast-import` failed".into())),
            }
        }
        match state.is_waiting {
            true => self.push(&mut state).await,
            false => Ok(()),
        }
    }

    async fn push(&self, state: &mut State) -> Result<()> {
        // Beware: git works out what the host has only for commits with a history in common, or where history is known to be
        // cut off. This says that it is.
        if let Some(there) = &state.there {
            files::write_lightly(
                &self.place.copy.join("shallow"),
                format!("{there}\n").as_bytes(),
            )?;
        }
        let expected = state.there.as_deref().unwrap_or_default();
        let branch = format!("refs/heads/{}", self.place.branch);
        let lease = format!("--force-with-lease={branch}:{expected}");
        let refspec = format!("{NEXT}:{branch}");
        let push = ["push", "--progress", "--no-verify", &lease, "--"];
        self.word(&[&push[..], &[&self.place.repository, &refspec]].concat())
            .await?;
        state.is_waiting = false;
        let there = self.word(&["rev-parse", NEXT]).await?;
        self.word(&["update-ref", THERE, &there]).await?;
        state.there = Some(there);
        // Old editions go; that they stay longer harms nobody.
        let _ = files::remove(&self.place.copy.join("shallow"));
        let _ = self.word(&["gc", "--quiet", "--prune=now"]).await;
        Ok(())
    }
}

const SAID_BYTES: usize = 2_000;

impl Store for GitStore {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            self.look(&mut state).await?;
            let Some(there) = &state.there else {
                return Ok(Survey::new());
            };
            let list = ["ls-tree", "-r", "-z", "--full-tree", there];
            let listed = self.run(&list, LISTING_BYTES).await?;
            Ok(entries(&listed, wanted))
        })
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            self.look(&mut state).await?;
            let gone = || StoreError::NotFound(format!("`{path}` is not there"));
            let there = state.there.clone().ok_or_else(gone)?;
            let blob = format!("{there}:{path}");
            let answer = self.ask(&["cat-file", "blob", &blob], part.end).await?;
            if answer.end == End::Failed {
                return Err(gone());
            }
            let content = Bytes::from(answer.out);
            let end = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(content.len());
            Ok(content.slice(end(part.start)..end(part.end)))
        })
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let head = format!(
                "M 100644 inline {}\ndata {}\n",
                quoted(path),
                body.bytes.len()
            );
            self.say(&[head.as_bytes(), &body.bytes, b"\n"]).await?;
            self.line.pass(body.bytes.len()).await;
            Ok(())
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.say(&[format!("D {}\n", quoted(path)).as_bytes()])
                .await
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.finish())
    }

    fn is_atomic(&self) -> bool {
        true
    }

    fn abreast(&self) -> usize {
        1
    }
}

/// Ends when what lies there is more than so many bytes.
async fn outgrown(folder: &Path, most: u64) {
    loop {
        tokio::time::sleep(WEIGHED_EVERY).await;
        let files = files::list(folder).unwrap_or_default();
        // One that is gone meanwhile weighs nothing.
        let lengths = files
            .iter()
            .filter_map(|file| files::length(&folder.join(file)).ok());
        if lengths.sum::<u64>() > most {
            return;
        }
    }
}

async fn write(import: &mut Child, bytes: &[u8]) -> Result<()> {
    let written = match &mut import.stdin {
        Some(stdin) => stdin.write_all(bytes).await,
        None => Err(std::io::ErrorKind::BrokenPipe.into()),
    };
    written.map_err(|error| StoreError::Permanent(format!("`git fast-import` ended: {error}")))
}

/// `MODE blob ID\tPATH` each, with a zero behind it.
fn entries(listed: &[u8], wanted: &BTreeSet<String>) -> Survey {
    let lines = listed.split(|byte| *byte == 0);
    let entry = |line: &[u8]| {
        let (head, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
        let id = head.strip_prefix("100644 blob ")?;
        if !wanted.contains(path) && !path.starts_with(BUNDLES) {
            return None;
        }
        Some((path.to_owned(), Found::Blob(BlobId::parse(id)?)))
    };
    lines.filter_map(entry).collect()
}

/// As `git fast-import` reads a path: in quotes, with C's escapes.
fn quoted(path: &str) -> String {
    let escaped = path
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

fn no_git(error: std::io::Error) -> StoreError {
    StoreError::Permanent(format!("the program `git` could not be started: {error}"))
}

fn failed(said: &str) -> StoreError {
    let lower = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let why = lower
        .lines()
        .rev()
        .find(|line| line.contains("fatal:") || line.contains("rejected"));
    let why = told(why.unwrap_or("`git` failed"));
    match () {
        () if has(&[
            "authentication failed",
            "permission denied",
            "403",
            "401",
            "could not read username",
        ]) =>
        {
            StoreError::Denied("it lets us not in".into())
        }
        () if has(&["no space left", "quota", "size limit", "file size"]) => {
            StoreError::Full("no space is left there".into())
        }
        () if has(&[
            "does not exist",
            "not found",
            "does not appear to be a git repository",
        ]) =>
        {
            StoreError::NotFound("the repository is not there".into())
        }
        () if has(&["stale info", "fetch first", "non-fast-forward"]) => {
            StoreError::Transient("somebody else pushed meanwhile".into())
        }
        () if has(&[
            "could not resolve",
            "timed out",
            "connection",
            "early eof",
            "hung up",
            "unable to access",
        ]) =>
        {
            StoreError::Transient(why)
        }
        () => StoreError::Permanent(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_has_the_name_that_git_gives_it() {
        let id = BlobId::of(b"hello\n").to_string();
        assert_eq!(id, "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(BlobId::parse(&id), Some(BlobId::of(b"hello\n")));
        for bad in ["", "ce01", &"x".repeat(40), &"é".repeat(20)] {
            assert_eq!(BlobId::parse(bad), None, "{bad}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_grows_beyond_measure_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("objects/pack")).unwrap();
        let pack = folder.path().join("objects/pack/tmp_pack_1");
        std::fs::write(&pack, [0; 1000]).unwrap();
        let minute = Duration::from_secs(60);
        let waited = tokio::time::timeout(minute, outgrown(folder.path(), 1000)).await;
        assert!(waited.is_err());
        std::fs::write(&pack, [0; 1001]).unwrap();
        let waited = tokio::time::timeout(minute, outgrown(folder.path(), 1000)).await;
        assert!(waited.is_ok());
    }

    #[test]
    fn paths_are_quoted() {
        assert_eq!(quoted("a b/\"c\"\\.html"), r#""a b/\"c\"\\.html""#);
    }
}
