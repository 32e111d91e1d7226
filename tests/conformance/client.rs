//! colport's TUF client behind the command line of the public suite `tuf-conformance`
//! (<https://github.com/theupdateframework/tuf-conformance>). `scripts/conformance` runs the suite against it.
//!
//! ```text
//! --metadata-dir DIR init ROOT
//! --metadata-dir DIR --metadata-url URL refresh
//! --metadata-dir DIR --metadata-url URL --target-name NAME… --target-base-url URL --target-dir DIR download
//! ```
//!
//! 1. What is remembered lies in the metadata folder, a file for each role, and nothing else.
//! 2. A refresh is run and remembered, also when it fails half-way.
//! 3. Each target is looked up, remembered, and fetched unless it is there already.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use colport::base::LIMITS;
use colport::io::clock::{Clock, SystemClock};
use colport::io::fetch::{Fetch, FetchError, HttpFetch, Patience, Request, read_all};
use colport::io::files;
use colport::trust::{Expiry, Refresh, Remembered, TargetFile, Trusted, Want};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

type Failure = Box<dyn Error>;

#[expect(
    clippy::print_stderr,
    reason = "the suite shows it to whoever looks into a failure"
)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: impl Iterator<Item = String>) -> Result<(), Failure> {
    let call = Call::parse(words)?;
    let memory = Memory {
        folder: call.one("--metadata-dir")?.into(),
    };
    match call.command.as_str() {
        "init" => memory.init(Path::new(&call.argument)),
        "refresh" => Client::new(&call, memory)?.refresh().await.map(|_| ()),
        "download" => Client::new(&call, memory)?.download(&call).await,
        other => Err(format!("`{other}` is no command").into()),
    }
}

/// The command line.
#[derive(Default)]
struct Call {
    options: BTreeMap<String, Vec<String>>,
    command: String,
    argument: String,
}

impl Call {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut call = Self::default();
        while let Some(word) = words.next() {
            if word.starts_with("--") {
                let value = words.next().ok_or("an option has no value")?;
                call.options.entry(word).or_default().push(value);
            } else if call.command.is_empty() {
                call.command = word;
            } else {
                call.argument = word;
            }
        }
        Ok(call)
    }

    fn all(&self, option: &str) -> &[String] {
        self.options.get(option).map_or(&[], Vec::as_slice)
    }

    fn one(&self, option: &str) -> Result<&str, Failure> {
        let value = self.all(option).last();
        Ok(value.ok_or_else(|| format!("`{option}` is missing"))?)
    }
}

/// Everything but letters, digits and these, so that a role can be named `../x`.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn quote(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).to_string()
}

/// The metadata folder.
struct Memory {
    folder: PathBuf,
}

impl Memory {
    fn place(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{}.json", quote(role)))
    }

    fn init(&self, root: &Path) -> Result<(), Failure> {
        let root = files::read(root, LIMITS.root_bytes)?;
        files::create_folder(&self.folder)?;
        Ok(files::write(&self.place("root"), &root)?)
    }

    fn load(&self) -> Result<Remembered, Failure> {
        let mut roles = BTreeMap::new();
        for file in files::list(&self.folder)? {
            let name = file.to_string_lossy();
            if let Some(role) = name.strip_suffix(".json") {
                let role = percent_decode_str(role).decode_utf8()?.into_owned();
                let bytes = files::read(&self.folder.join(&file), LIMITS.targets_bytes)?;
                roles.insert(role, Bytes::from(bytes));
            }
        }
        let root = roles.remove("root").ok_or("there is no root")?;
        Ok(Remembered {
            first_root: None,
            root,
            timestamp: roles.remove("timestamp"),
            snapshot: roles.remove("snapshot"),
            targets: roles,
        })
    }

    fn store(&self, new: &Remembered) -> Result<(), Failure> {
        let old = self.load()?;
        self.put("root", Some(&old.root), Some(&new.root))?;
        self.put("timestamp", old.timestamp.as_ref(), new.timestamp.as_ref())?;
        self.put("snapshot", old.snapshot.as_ref(), new.snapshot.as_ref())?;
        for (role, bytes) in &new.targets {
            self.put(role, old.targets.get(role), Some(bytes))?;
        }
        Ok(())
    }

    fn put(&self, role: &str, old: Option<&Bytes>, new: Option<&Bytes>) -> Result<(), Failure> {
        match (old, new) {
            (_, Some(new)) if old != Some(new) => files::write(&self.place(role), new)?,
            (Some(_), None) => files::remove(&self.place(role))?,
            _ => {}
        }
        Ok(())
    }
}

struct Client {
    memory: Memory,
    metadata_url: String,
    http: HttpFetch,
}

impl Client {
    fn new(call: &Call, memory: Memory) -> Result<Self, Failure> {
        Ok(Self {
            memory,
            metadata_url: folder_url(call.one("--metadata-url")?),
            http: HttpFetch::new(Patience::default()),
        })
    }

    async fn refresh(&self) -> Result<Trusted, Failure> {
        let remembered = self.memory.load()?;
        let mut refresh = Refresh::new(remembered, SystemClock.now(), Expiry::Enforce)?;
        while let Some(want) = refresh.wants() {
            let file = self.metadata(&want).await;
            let given = file.and_then(|file| Ok(refresh.give(file)?));
            self.memory.store(&refresh.remembered())?;
            given?;
        }
        Ok(refresh.finish()?)
    }

    async fn download(&self, call: &Call) -> Result<(), Failure> {
        let base = folder_url(call.one("--target-base-url")?);
        let folder = PathBuf::from(call.one("--target-dir")?);
        let mut trusted = self.refresh().await?;
        for name in call.all("--target-name") {
            let file = self.lookup(&mut trusted, name).await?;
            let place = folder.join(quote(name));
            if is_there(&place, &file)? {
                continue;
            }
            let url = base.clone() + &address(name, &file, trusted.consistent_snapshot());
            let content = self.fetch(&url, file.length).await?;
            let content = content.ok_or_else(|| format!("`{name}` is not there"))?;
            if !file.fits(&content) {
                return Err(format!("`{name}` is not what was signed").into());
            }
            files::write(&place, &content)?;
        }
        Ok(())
    }

    async fn lookup(&self, trusted: &mut Trusted, name: &str) -> Result<TargetFile, Failure> {
        let found = self.search(trusted, name).await;
        self.memory.store(&trusted.remembered())?;
        Ok(found?.ok_or_else(|| format!("nobody has signed `{name}`"))?)
    }

    async fn search(
        &self,
        trusted: &mut Trusted,
        name: &str,
    ) -> Result<Option<TargetFile>, Failure> {
        let mut lookup = trusted.lookup(name);
        while let Some(want) = lookup.wants() {
            lookup.give(self.metadata(&want).await?)?;
        }
        Ok(lookup.finish()?)
    }

    async fn metadata(&self, want: &Want) -> Result<Option<Bytes>, Failure> {
        let role = quote(&want.role);
        let name = match want.version {
            Some(version) => format!("{version}.{role}.json"),
            None => format!("{role}.json"),
        };
        self.fetch(&(self.metadata_url.clone() + &name), want.max_bytes)
            .await
    }

    async fn fetch(&self, url: &str, max_bytes: u64) -> Result<Option<Bytes>, Failure> {
        let request = Request::get(Url::parse(url)?);
        match self.http.fetch(request).await {
            Ok(response) => Ok(Some(read_all(response, max_bytes).await?)),
            Err(FetchError::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

fn folder_url(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

/// With consistent snapshots the hash stands before the last segment (TUF 5.7.3).
fn address(name: &str, file: &TargetFile, consistent: bool) -> String {
    let (folder, last) = name
        .rsplit_once('/')
        .map_or(("", name), |(folder, last)| (folder, last));
    let mut segments: Vec<String> = folder
        .split('/')
        .filter(|s| !s.is_empty())
        .map(quote)
        .collect();
    segments.push(match file.hashes.names().next().filter(|_| consistent) {
        Some(hash) => format!("{hash}.{}", quote(last)),
        None => quote(last),
    });
    segments.join("/")
}

fn is_there(place: &Path, file: &TargetFile) -> Result<bool, Failure> {
    Ok(files::exists(place) && file.fits(&files::read(place, LIMITS.member_bytes)?))
}
