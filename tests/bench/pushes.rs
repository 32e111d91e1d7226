//! Pushes one edition of some 100 MB to a hundred mirrors on this machine, most of them good, and then a day's update:
//! `pushes FOLDER COLPORT [LINE_MB_PER_SECOND [EDITION_MB]]`.
//!
//! | mirrors | what they are |
//! | --- | --- |
//! | 65 | good: `colport serve` in this process, on the disk |
//! | 10 | dead: nobody listens |
//! | 10 | dead: connections are taken, and nothing is said |
//! | 10 | slow: 50 KB a second |
//! | 5 | lie: they take everything, say so, and show nothing |
//!
//! The line is what colport is told that it may use, so the time that it allows is known. Then the same edition to 65 others,
//! of which 3 are pushed to and 62, each a process, copy these and one another.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is a program of its own, and says what it measures"
)]

use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use colport::base::{Fingerprint, SitePath, Timestamp};
use colport::edition::{Entry, VerifiedEdition};
use colport::io::address;
use colport::io::clock::SystemClock;
use colport::io::fetch::{HttpFetch, Patience};
use colport::packager::{Effort, Files, Lifetimes, NewsroomFolder, Press, PublishError};
use colport::server::{self, Anchor, Server};
use colport::sync::{Event, Mirror, Options, Outcome, Place, Source, push_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Fallible<T> = Result<T, Box<dyn Error>>;

const GOOD: usize = 65;
const PUSHED: usize = 3;
const SLOW_BYTES: usize = 50_000;

#[tokio::main]
async fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, colport, rest @ ..] = words.as_slice() else {
        return Err("usage: pushes FOLDER COLPORT [LINE_MB_PER_SECOND [EDITION_MB]]".into());
    };
    let line: u64 = rest.first().map_or(Ok(20), |text| text.parse())?;
    let size: u64 = rest.get(1).map_or(Ok(100), |text| text.parse())?;
    let folder = Path::new(folder);
    let mut paper = Paper::new(folder, size)?;
    let first = paper.publish(None)?;
    let source = Arc::new(Source::new(first.clone(), Vec::new())?);
    let (mirrors, servers) = mirrors(folder, &paper.root).await?;
    to_a_hundred(&source, &mirrors, line).await;

    paper.a_day_passes()?;
    let second = paper.publish(Some(first.clone()))?;
    a_day_later(&first, &second, mirrors.get(..GOOD).unwrap_or_default()).await?;
    drop(servers);
    to_those_who_copy(folder, &paper.root, colport, &source).await
}

async fn to_a_hundred(source: &Arc<Source>, mirrors: &[Mirror], line: u64) {
    let whole = source.edition().bundle().len() as u64;
    println!(
        "an edition of {:.1} MB to {} mirrors, {line} MB a second",
        megabytes(whole),
        mirrors.len()
    );
    let took = pushed(source, mirrors, line * 1_000_000).await;
    let allowed = (whole * GOOD as u64) as f64 / (line * 1_000_000) as f64;
    let ratio = took / allowed;
    println!(
        "all {GOOD} good ones have it after {took:.1} s; the line allows {allowed:.1} s: {ratio:.3}"
    );
}

async fn a_day_later(
    first: &Arc<VerifiedEdition>,
    second: &Arc<VerifiedEdition>,
    good: &[Mirror],
) -> Fallible<()> {
    let source = Arc::new(Source::new(second.clone(), vec![first.clone()])?);
    let outcomes = push_all(&wire(), &source, good, &Options::default(), &mut |_| ()).await;
    let sent: Vec<u64> = outcomes
        .iter()
        .filter_map(|(_, outcome)| sent(outcome))
        .collect();
    let new = new_bytes(first, second);
    let most = sent.iter().max().copied().unwrap_or_default();
    let (count, ratio) = (sent.len(), most as f64 / new as f64);
    let (most, new) = (megabytes(most), megabytes(new));
    let mut others: Vec<String> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.is_good())
        .map(|(_, outcome)| outcome.to_string())
        .collect();
    others.sort();
    if !others.is_empty() {
        println!("a day later, of the others was told: {others:#?}");
    }
    println!(
        "a day later: {count} of {GOOD} have it; {most:.3} MB sent to each for {new:.3} MB that is new, packed: {ratio:.3}"
    );
    Ok(())
}

fn sent(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Pushed(pushed) => Some(pushed.bytes),
        _ => None,
    }
}

async fn to_those_who_copy(
    folder: &Path,
    root: &Bytes,
    colport: &str,
    source: &Arc<Source>,
) -> Fallible<()> {
    let (mut servers, mut mirrors) = (Vec::new(), Vec::new());
    for n in 0..PUSHED {
        let server = serve(&folder.join(format!("origin-{n}")), root).await?;
        mirrors.push(mirror(
            &format!("http://{}", server.address()),
            Place::Colport,
        )?);
        servers.push(server);
    }
    let fingerprint = Fingerprint::of_first_root(root).to_string();
    let ports: Vec<u16> = (PUSHED..GOOD)
        .map(|_| free_port())
        .collect::<Result<_, _>>()?;
    let mut copying = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        // The three, and three others who copy.
        let others = [7, 23, 41].map(|step| {
            format!(
                "http://127.0.0.1:{}",
                ports
                    .get((n + step) % ports.len())
                    .copied()
                    .unwrap_or_default()
            )
        });
        let three = servers
            .iter()
            .map(|server| format!("http://{}", server.address()));
        let from = three
            .chain(others)
            .flat_map(|url| ["--from".to_owned(), url]);
        let mut serve = Command::new(colport);
        serve.args([
            "serve",
            "--root",
            &fingerprint,
            "--every",
            "10",
            "--listen",
            &format!("127.0.0.1:{port}"),
        ]);
        serve
            .arg("--state")
            .arg(folder.join(format!("copy-{n}")))
            .args(from);
        copying.push(Running(
            serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?,
        ));
        mirrors.push(mirror(&format!("http://127.0.0.1:{port}"), Place::Follows)?);
    }
    let begun = Instant::now();
    let mut bytes = 0;
    loop {
        let outcomes = push_all(&wire(), source, &mirrors, &Options::default(), &mut |_| ()).await;
        bytes += outcomes
            .iter()
            .filter_map(|(_, outcome)| sent(outcome))
            .sum::<u64>();
        let good = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.is_good())
            .count();
        let took = begun.elapsed().as_secs();
        if good == GOOD || took > 1200 {
            let ratio = bytes as f64 / source.edition().bundle().len() as f64;
            println!(
                "with those who copy: {good} of {GOOD} have it after {took} s; the publisher sent {ratio:.3} times the edition"
            );
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// A process that ends with the measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// A newsroom whose pictures cannot be compressed, as pictures are.
struct Paper {
    folder: NewsroomFolder,
    files: Files,
    root: Bytes,
}

impl Paper {
    fn new(folder: &Path, megabytes: u64) -> Fallible<Self> {
        let folder = NewsroomFolder::at(&folder.join("newsroom"));
        folder.found(&["be".parse()?], Timestamp::now(), &Lifetimes::default())?;
        let root = folder.newcomer()?.root.clone();
        let mut paper = Self {
            folder,
            files: Files::new(),
            root,
        };
        paper.write("index.html", "<title>First</title>".repeat(20).into())?;
        for n in 0..megabytes * 20 {
            paper.write(&format!("be/2026/11/river/{n}.webp"), noise(n + 1, 50_000))?;
        }
        Ok(paper)
    }

    fn write(&mut self, path: &str, content: Bytes) -> Fallible<()> {
        self.files.insert(SitePath::parse(path)?, content);
        Ok(())
    }

    /// Forty articles with a picture each.
    fn a_day_passes(&mut self) -> Fallible<()> {
        for n in 0..40 {
            self.write(
                &format!("be/2026/11/next/{n}.webp"),
                noise(9000 + n, 40_000),
            )?;
            let page = format!("<p>The river rose again, {n}.").repeat(100);
            self.write(&format!("be/2026/11/next{n}/index.html"), page.into())?;
        }
        self.write("index.html", "<title>Next</title>".repeat(20).into())
    }

    fn publish(&self, previous: Option<Arc<VerifiedEdition>>) -> Fallible<Arc<VerifiedEdition>> {
        let press = Press {
            metadata: self.folder.metadata(previous.as_deref())?,
            previous,
            kept: Default::default(),
            waiting: Default::default(),
            keys: self.folder.publishing_keys(&["be".parse()?])?,
            lifetimes: Lifetimes::default(),
            effort: Effort::Quick,
        };
        let place = |out: Vec<u8>| Ok::<_, PublishError>(Bytes::from(out));
        Ok(Arc::new(press.print(
            &self.files,
            Timestamp::now(),
            Vec::new(),
            place,
        )?))
    }
}

/// The same for the same seed.
fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Of files and metadata that the first has not, as they are packed.
fn new_bytes(first: &VerifiedEdition, second: &VerifiedEdition) -> u64 {
    let packed = |entry: Entry| entry.place().end - entry.place().start;
    let files = second
        .files()
        .filter(|(path, entry)| first.file(path).map(|old| old.digest) != Some(entry.digest));
    let metadata = second.metadata().filter(|(name, entry)| {
        first.metadata_file(name).map(|old| old.digest) != Some(entry.digest)
    });
    files.map(|(_, entry)| packed(entry)).sum::<u64>()
        + metadata.map(|(_, entry)| packed(entry)).sum::<u64>()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn wire() -> HttpFetch {
    HttpFetch::new(Patience::default())
}

/// Seconds until all good ones, which come first in the list, said that they have it.
async fn pushed(source: &Arc<Source>, mirrors: &[Mirror], line: u64) -> f64 {
    let begun = Instant::now();
    let (tell, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let mut order: Vec<usize> = (0..mirrors.len()).collect();
    // Good and bad ones mixed, always alike.
    order.sort_by_key(|n| (n * 37) % mirrors.len());
    let mixed: Vec<Mirror> = order
        .iter()
        .filter_map(|n| mirrors.get(*n).cloned())
        .collect();
    let (source, places) = (source.clone(), order);
    let pushing = tokio::spawn(async move {
        let options = Options {
            line_bytes_per_second: Some(line),
            ..Options::default()
        };
        let mut report = |event| drop(tell.send(event));
        push_all(&wire(), &source, &mixed, &options, &mut report).await
    });
    let (mut good, mut bad) = (0, Vec::new());
    while good < GOOD {
        let Some(event) = hear.recv().await else {
            break;
        };
        if let Event::Done { mirror, outcome } = event {
            let is_good_one = places.get(mirror).is_some_and(|place| *place < GOOD);
            match is_good_one && outcome.is_good() {
                true => good += 1,
                false => bad.push(outcome.to_string()),
            }
        }
    }
    let took = begun.elapsed().as_secs_f64();
    // The slow ones would take half an hour more.
    pushing.abort();
    bad.sort();
    bad.dedup();
    println!("{good} good ones; of the others was told meanwhile: {bad:#?}");
    took
}

async fn mirrors(folder: &Path, root: &Bytes) -> Fallible<(Vec<Mirror>, Vec<Server>)> {
    let (mut urls, mut servers) = (Vec::new(), Vec::new());
    for n in 0..GOOD {
        let server = serve(&folder.join(n.to_string()), root).await?;
        urls.push(format!("http://{}", server.address()));
        servers.push(server);
    }
    for _ in 0..10 {
        urls.push(format!("http://127.0.0.1:{}", free_port()?));
    }
    for (count, bytes_per_second) in [(10, None), (10, Some(SLOW_BYTES)), (5, Some(usize::MAX))] {
        for _ in 0..count {
            urls.push(listen(bytes_per_second).await?);
        }
    }
    let mirrors = urls.iter().map(|url| mirror(url, Place::Colport));
    Ok((mirrors.collect::<Result<_, _>>()?, servers))
}

fn mirror(url: &str, place: fn(url::Url) -> Place) -> Result<Mirror, address::AddressError> {
    address::parse(url).map(|url| Mirror {
        name: url.to_string(),
        place: place(url),
    })
}

async fn serve(state: &Path, root: &Bytes) -> Fallible<Server> {
    let mut options = server::Options::new(state.to_path_buf(), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(Anchor::Root(root.clone()));
    Ok(server::start(options, Arc::new(SystemClock)).await?)
}

/// Takes so many bytes a second and says that it took them; without a number it says nothing at all.
async fn listen(bytes_per_second: Option<usize>) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            tokio::spawn(async move {
                match bytes_per_second {
                    Some(rate) => drop(talk(wire, rate).await),
                    None => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        drop(wire);
                    }
                }
            });
        }
    });
    Ok(format!("http://{address}"))
}

async fn talk(mut wire: TcpStream, rate: usize) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(wire.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.lines().next()?.parse().ok());
        let mut left: usize = length.unwrap_or_default();
        let mut piece = vec![0; 1 << 16];
        while left > 0 {
            let want = piece.len().min(left).min((rate / 4).max(1));
            let had = wire.read(piece.get_mut(..want).unwrap_or_default()).await?;
            if had == 0 {
                return Ok(());
            }
            left -= had;
            if rate != usize::MAX {
                tokio::time::sleep(Duration::from_secs_f64(had as f64 / rate as f64)).await;
            }
        }
        let answer: &[u8] = match head.starts_with("post") {
            true => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken",
            false => b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n",
        };
        wire.write_all(answer).await?;
    }
}
