//! A folder on a machine that one may log in to, by SFTP (version 3, as OpenSSH has it).
//!
//! 1. The line is the `ssh` program's, with the user's own settings: keys, jump hosts, proxies. It asks nothing, believes
//!    only a host whose key is known, and ends when we do.
//! 2. One connection for all files; if it breaks, the next call makes another.
//! 3. A file is written under another name beside its place, brought to disk, and renamed.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that starts a program"
)]

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt};
use openssh_sftp_client::error::SftpErrorKind;
use openssh_sftp_client::file::TokioCompatFile;
use openssh_sftp_client::{Error, Sftp, SftpOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::{Child, ChildStderr, Command};

use super::walk::{MOST_IN_FOLDER, Named, above, too_many, walk};
use super::{Body, Result, Sftp as Place, Store, StoreError, Survey, told};
use crate::io::line::Line;

pub(super) struct SftpStore {
    place: Place,
    line: Arc<Line>,
    session: tokio::sync::Mutex<Option<Arc<Session>>>,
    /// Folders that are known to be there.
    made: Mutex<HashSet<String>>,
}

struct Session {
    sftp: Sftp,
    /// Ends with the session.
    _ssh: Child,
    said: Arc<Mutex<String>>,
}

/// Of what `ssh` says about its troubles.
const SAID_BYTES: usize = 2_000;

impl SftpStore {
    pub(super) fn new(place: &Place, line: Arc<Line>) -> Self {
        Self {
            place: place.clone(),
            line,
            session: tokio::sync::Mutex::default(),
            made: Mutex::default(),
        }
    }

    fn command(&self) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
        ]);
        ssh.args(["-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15"]);
        // No connection shared with others, which would outlive us.
        ssh.args(["-o", "ControlPath=none", "-o", "ForwardAgent=no"]);
        if let Some(port) = self.place.port {
            ssh.args(["-p", &port.to_string()]);
        }
        if let Some(user) = &self.place.user {
            ssh.args(["-l", user]);
        }
        if let Some(key) = &self.place.key {
            ssh.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(key);
        }
        if let Some(known) = &self.place.known_hosts {
            ssh.arg("-o").arg(format!(
                "UserKnownHostsFile={}",
                quoted(&known.display().to_string())
            ));
        }
        ssh.args(["-s", "--", &self.place.host, "sftp"]);
        ssh.kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ssh
    }

    async fn connect(&self) -> Result<Session> {
        let mut ssh = self.command().spawn().map_err(|error| {
            StoreError::Permanent(format!("the program `ssh` could not be started: {error}"))
        })?;
        let pipes = (ssh.stdin.take(), ssh.stdout.take(), ssh.stderr.take());
        let (Some(to), Some(from), Some(complaints)) = pipes else {
            return Err(StoreError::Permanent("`ssh` has no pipes".into()));
        };
        let said = Arc::new(Mutex::new(String::new()));
        let listening = tokio::spawn(listen(complaints, said.clone()));
        match Sftp::new(to, from, SftpOptions::default()).await {
            Ok(sftp) => Ok(Session {
                sftp,
                _ssh: ssh,
                said,
            }),
            Err(_) => {
                // It says why before it ends.
                let _ = tokio::time::timeout(std::time::Duration::from_secs(2), listening).await;
                let said = said.lock().unwrap_or_else(PoisonError::into_inner);
                Err(refused(&said))
            }
        }
    }

    async fn session(&self) -> Result<Arc<Session>> {
        let mut held = self.session.lock().await;
        match &*held {
            Some(session) => Ok(session.clone()),
            None => {
                let session = Arc::new(self.connect().await?);
                self.line.beat();
                let mut fs = session.sftp.fs();
                fs.metadata(&self.place.path)
                    .await
                    .map_err(|error| failed(&error, &self.place.path))?;
                Ok(held.insert(session).clone())
            }
        }
    }

    /// What is left of a session that broke is no use to the next call.
    async fn judged<T>(
        &self,
        session: &Arc<Session>,
        path: &str,
        done: std::result::Result<T, Error>,
    ) -> Result<T> {
        self.line.beat();
        let error = match done {
            Ok(done) => return Ok(done),
            Err(error) => failed(&error, path),
        };
        if matches!(error, StoreError::Transient(_)) {
            let mut held = self.session.lock().await;
            if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, session)) {
                *held = None;
            }
            let said = session.said.lock().unwrap_or_else(PoisonError::into_inner);
            if !said.is_empty() {
                return Err(StoreError::Transient(format!(
                    "the line broke: {}",
                    told(&said)
                )));
            }
        }
        Err(error)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.place.path.trim_end_matches('/'))
    }

    async fn list_folder(&self, session: &Arc<Session>, folder: &str) -> Result<Vec<Named>> {
        let listed = self.entries(session, folder).await;
        let listed = match listed {
            Err(Error::SftpError(SftpErrorKind::NoSuchFile, _)) => return Ok(Vec::new()),
            listed => self.judged(session, folder, listed).await?,
        };
        let listed = listed.ok_or_else(too_many)?;
        self.know(folder);
        Ok(listed)
    }

    /// `None`: there are more than a folder may hold.
    async fn entries(
        &self,
        session: &Session,
        folder: &str,
    ) -> std::result::Result<Option<Vec<Named>>, Error> {
        let open = session.sftp.fs().open_dir(self.at(folder)).await?;
        let entries = open.read_dir().take(MOST_IN_FOLDER + 1);
        let entries = entries.inspect(|_| self.line.beat());
        let entries: Vec<_> = entries.try_collect().await?;
        if entries.len() > MOST_IN_FOLDER {
            return Ok(None);
        }
        let named = entries.iter().filter_map(|entry| {
            let kind = entry.file_type()?;
            let is_thing = kind.is_file() || kind.is_dir();
            let name = entry.filename().to_str()?.to_owned();
            (is_thing && name != "." && name != "..").then(|| Named {
                name,
                is_folder: kind.is_dir(),
                length: entry.metadata().len().unwrap_or_default(),
            })
        });
        Ok(Some(named.collect()))
    }

    fn know(&self, folder: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(folder.to_owned());
    }

    fn is_known(&self, folder: &str) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.contains(folder)
    }

    async fn make_way(&self, session: &Session, path: &str) -> std::result::Result<(), Error> {
        let missing = above(path).take_while(|folder| !self.is_known(folder));
        for folder in missing.collect::<Vec<_>>().into_iter().rev() {
            match session.sftp.fs().create_dir(self.at(folder)).await {
                // Version 3 has no word for "it is there already".
                Ok(()) | Err(Error::SftpError(SftpErrorKind::Failure, _)) => self.know(folder),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        session: &Session,
        path: &str,
        bytes: &Bytes,
    ) -> std::result::Result<(), Error> {
        self.make_way(session, path).await?;
        // Always the same for a place: what a killed push left is written over by the next.
        let part = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.colport-{name}.part"),
            None => format!(".colport-{path}.part"),
        };
        let part = self.at(&part);
        let mut file = session.sftp.create(&part).await?;
        for piece in bytes.chunks(SENT_BYTES) {
            self.line.pass(piece.len()).await;
            file.write_all(piece).await?;
        }
        if session.sftp.support_fsync() {
            file.sync_all().await?;
        }
        file.close().await?;
        session.sftp.fs().rename(&part, self.at(path)).await
    }

    async fn part_of(
        &self,
        session: &Session,
        path: &str,
        part: Range<u64>,
    ) -> std::result::Result<Vec<u8>, Error> {
        let file = session.sftp.open(self.at(path)).await?;
        let mut file = std::pin::pin!(TokioCompatFile::new(file));
        file.seek(std::io::SeekFrom::Start(part.start)).await?;
        let mut bytes = Vec::new();
        let length = part.end.saturating_sub(part.start);
        file.take(length).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn take_away(&self, session: &Session, path: &str) -> std::result::Result<(), Error> {
        let mut fs = session.sftp.fs();
        match fs.remove_file(self.at(path)).await {
            Ok(()) | Err(Error::SftpError(SftpErrorKind::NoSuchFile, _)) => {}
            Err(error) => return Err(error),
        }
        // Folders that became empty go too; the first that holds something stays.
        for folder in above(path) {
            if fs.remove_dir(self.at(folder)).await.is_err() {
                break;
            }
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.remove(folder);
        }
        Ok(())
    }
}

/// As much as OpenSSH takes at a time: each piece waits for its answer.
const SENT_BYTES: usize = 1 << 17;

impl Store for SftpStore {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let session = &self.session().await?;
            walk(wanted, self.abreast(), |folder| {
                Box::pin(async move { self.list_folder(session, &folder).await })
            })
            .await
        })
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(async move {
            let session = self.session().await?;
            let read = self.part_of(&session, path, part).await;
            self.judged(&session, path, read).await.map(Bytes::from)
        })
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let session = self.session().await?;
            let written = self.write(&session, path, &body.bytes).await;
            self.judged(&session, path, written).await
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let session = self.session().await?;
            let removed = self.take_away(&session, path).await;
            self.judged(&session, path, removed).await
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Keeps the beginning; the rest is dropped, so that `ssh` never waits.
async fn listen(mut complaints: ChildStderr, said: Arc<Mutex<String>>) {
    let mut piece = [0; 512];
    while let Ok(length @ 1..) = complaints.read(&mut piece).await {
        let heard = String::from_utf8_lossy(piece.get(..length).unwrap_or_default());
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < SAID_BYTES {
            said.push_str(&heard);
        }
    }
}

fn refused(said: &str) -> StoreError {
    let why = told(said);
    match () {
        () if said.contains("Host key verification failed") || said.contains("HOST IDENTIFICATION") => {
            StoreError::Denied(
                "the host's key is not the one that is known here: log in once by hand, and compare it".into(),
            )
        }
        () if said.contains("Permission denied") || said.contains("Too many authentication") => {
            StoreError::Denied(format!("it lets us not in: {why}"))
        }
        () if why.is_empty() => StoreError::Transient("it hung up".into()),
        () => StoreError::Transient(why),
    }
}

fn failed(error: &Error, path: &str) -> StoreError {
    match error {
        Error::SftpError(SftpErrorKind::NoSuchFile, _) => {
            StoreError::NotFound(format!("`{path}` is not there"))
        }
        Error::SftpError(SftpErrorKind::PermDenied, _) => {
            StoreError::Denied(format!("it lets us not write `{path}`"))
        }
        // Version 3 has one word for all that a disk may have; no space is the most likely.
        Error::SftpError(SftpErrorKind::Failure, message) => {
            let what = told(&format!("{message:?}"));
            match what.contains("space") || what.contains("quota") {
                true => StoreError::Full("no space is left there".into()),
                false => StoreError::Full(format!(
                    "it cannot write `{path}`: perhaps no space is left there"
                )),
            }
        }
        Error::SftpError(..) => StoreError::Permanent(format!("it cannot do this with `{path}`")),
        _ => StoreError::Transient("the line broke".into()),
    }
}

/// As `ssh` wants a path with blanks.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('"', ""))
}
