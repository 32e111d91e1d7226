//! Hosts that fail: a wrapper around a good one, and servers that are none.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use colport::io::line::Line;
use colport::io::store::{
    self, Body, Credentials, Found, Keeper, Patient, Result, S3, Store, StoreError, Survey, WebDav,
};
use colport::sync::{Host, Mirror, Options, Outcome, Place, Source, push_all};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Newspaper, credentials, push_through, wire};

/// Does so many changes and from then on nothing, as a process that was killed.
pub(super) struct Killed {
    store: Box<dyn Store>,
    left: AtomicUsize,
    puts: AtomicUsize,
}

impl Killed {
    pub(super) fn after(store: Box<dyn Store>, changes: usize) -> Self {
        Self {
            store,
            left: AtomicUsize::new(changes),
            puts: AtomicUsize::new(0),
        }
    }

    /// That were done.
    pub(super) fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    fn one_less(&self) -> Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let had = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        had.map(drop)
            .map_err(|_| StoreError::Permanent("killed".into()))
    }
}

impl Store for Killed {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        self.store.survey(wanted)
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        self.store.read(path, part)
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.one_less()?;
            self.store.put(path, body).await?;
            self.puts.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.one_less()?;
            self.store.remove(path).await
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        match self.left.load(Ordering::SeqCst) {
            0 => Box::pin(std::future::ready(Err(StoreError::Permanent(
                "killed".into(),
            )))),
            _ => self.store.settle(),
        }
    }

    fn is_atomic(&self) -> bool {
        self.store.is_atomic()
    }

    fn abreast(&self) -> usize {
        self.store.abreast()
    }

    fn says_encoding(&self) -> bool {
        self.store.says_encoding()
    }
}

/// A host in memory, and what is wrong with it.
#[derive(Default)]
struct Memory {
    files: Mutex<std::collections::BTreeMap<String, Bytes>>,
    fault: Fault,
    calls: Mutex<Vec<String>>,
    /// What was done, in order.
    done: Mutex<Vec<String>>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Fault {
    #[default]
    None,
    /// Takes everything; of pictures nothing stays.
    Loses,
    /// Has them all; what it sends of pages is something else.
    Lies,
    DeniesAfter(usize),
    FullAfter(usize),
    /// Of three equal calls one succeeds.
    Flaky,
}

impl Memory {
    fn with(fault: Fault) -> Self {
        Self {
            fault,
            ..Self::default()
        }
    }

    fn call(&self, what: &str) -> Result<()> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(what.to_owned());
        let before = calls.iter().filter(|call| *call == what).count();
        match self.fault {
            Fault::Flaky if !before.is_multiple_of(3) => Err(StoreError::Transient("busy".into())),
            _ => Ok(()),
        }
    }

    fn change(&self, what: String) -> Result<()> {
        self.call(&what)?;
        let mut done = self.done.lock().unwrap();
        match self.fault {
            Fault::DeniesAfter(most) if done.len() >= most => Err(StoreError::Denied("no".into())),
            Fault::FullAfter(most) if done.len() >= most => Err(StoreError::Full("full".into())),
            _ => {
                done.push(what);
                Ok(())
            }
        }
    }

    fn has(&self, path: &str) -> bool {
        self.files.lock().unwrap().contains_key(path)
    }
}

impl Store for Memory {
    fn survey<'a>(&'a self, _: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async {
            self.call("survey")?;
            let files = self.files.lock().unwrap();
            let length = |bytes: &Bytes| Found::Length(bytes.len() as u64);
            Ok(files
                .iter()
                .map(|(path, bytes)| (path.clone(), length(bytes)))
                .collect())
        })
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(async move {
            self.call(&format!("read {path}"))?;
            let files = self.files.lock().unwrap();
            let bytes = files
                .get(path)
                .ok_or_else(|| StoreError::NotFound(path.into()))?;
            let end = |at: u64| usize::try_from(at).unwrap().min(bytes.len());
            let bytes = bytes.slice(end(part.start)..end(part.end));
            let lies = self.fault == Fault::Lies && path.ends_with(".html");
            Ok(if lies {
                bytes.iter().map(|byte| byte ^ 1).collect()
            } else {
                bytes
            })
        })
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.change(format!("put {path}"))?;
            if !(self.fault == Fault::Loses && path.ends_with(".webp")) {
                self.files
                    .lock()
                    .unwrap()
                    .insert(path.into(), body.bytes.clone());
            }
            Ok(())
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.change(format!("remove {path}"))?;
            self.files.lock().unwrap().remove(path);
            Ok(())
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { self.call("settle") })
    }
}

const TIMESTAMP: &str = ".colport/metadata/timestamp.json";

#[tokio::test]
async fn a_host_that_takes_files_and_loses_them_never_promises_them() {
    let store = Memory::with(Fault::Loses);
    let source = Newspaper::new(3).source();
    let outcome = push_through(&store, &source, true).await;
    assert!(
        matches!(&outcome, Outcome::Unsure(why) if why.contains(".webp")),
        "{outcome:?}"
    );
    assert!(store.has(".colport/bundle/1.tar.gz") && !store.has(TIMESTAMP));
}

/// Of what is picked by chance a page is among it before long; nobody is told that all is well for ever.
#[tokio::test]
async fn a_host_that_sends_something_else_is_found_out() {
    let store = Memory::with(Fault::Lies);
    let source = Newspaper::new(0).source();
    for _ in 0..100 {
        let outcome = push_through(&store, &source, true).await;
        if let Outcome::Unsure(why) = outcome {
            assert!(why.contains("it shows another `"), "{why}");
            return;
        }
    }
    panic!("a hundred looks saw no page");
}

#[tokio::test]
async fn credentials_that_are_revoked_and_a_host_that_is_full_leave_the_last_edition() {
    let mut paper = Newspaper::new(3);
    let first = paper.source();
    paper.publish_next();
    for most in [0, 1, 3, 7] {
        for fault in [Fault::DeniesAfter(most), Fault::FullAfter(most)] {
            let good = Memory::default();
            assert!(push_through(&good, &first, true).await.is_good());
            let bad = Memory {
                files: good.files,
                ..Memory::with(fault)
            };
            let outcome = push_through(&bad, &paper.source(), true).await;
            assert!(matches!(&outcome, Outcome::Refused(_)), "{outcome:?}");
            let timestamp = bad.files.lock().unwrap().get(TIMESTAMP).cloned();
            assert_eq!(timestamp, first.timestamp());
            assert!(bad.has(".colport/bundle/1.tar.gz"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_passing_is_tried_again_and_what_is_denied_is_not() {
    let source = Newspaper::new(3).source();
    let store = Patient::new(Memory::with(Fault::Flaky));
    let outcome = push_through(&store, &source, true).await;
    assert!(outcome.is_good(), "{outcome:?}");
    let denied = Memory::with(Fault::DeniesAfter(0));
    assert!(
        !push_through(&Patient::new(&denied), &source, true)
            .await
            .is_good()
    );
    let calls = denied.calls.lock().unwrap();
    let puts: Vec<_> = calls
        .iter()
        .filter(|call| call.starts_with("put"))
        .collect();
    let once: BTreeSet<_> = puts.iter().collect();
    assert!(!puts.is_empty() && once.len() == puts.len(), "{puts:?}");
}

impl Store for &Memory {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        (**self).survey(wanted)
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        (**self).read(path, part)
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        (**self).put(path, body)
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        (**self).remove(path)
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        (**self).settle()
    }
}

/// Every prefix of the changes, from edition to edition: what `timestamp.json` promises is there, with the bundle of a reader
/// who was told of it.
#[tokio::test]
async fn at_every_point_at_which_a_push_may_be_killed_an_edition_is_whole() {
    let mut paper = Newspaper::new(3);
    let first = paper.source();
    paper.publish_next();
    paper.publish_next();
    let second = paper.source();
    let whole = Memory::default();
    assert!(push_through(&whole, &first, true).await.is_good());
    let before = whole.files.lock().unwrap().clone();
    assert!(push_through(&whole, &second, true).await.is_good());
    let changes = whole.done.lock().unwrap().len();
    for killed in 0..=changes {
        let memory: &Memory = Box::leak(Box::default());
        *memory.files.lock().unwrap() = before.clone();
        let store = Killed::after(Box::new(memory), killed);
        let _ = push_through(&store, &second, true).await;
        let number = promised(memory, &[&first, &second]);
        assert!(killed < changes || number == 3);
        // And it goes on from there.
        assert!(
            push_through(&Killed::after(Box::new(memory), usize::MAX), &second, true)
                .await
                .is_good()
        );
        assert_eq!(*memory.files.lock().unwrap(), *whole.files.lock().unwrap());
    }
}

fn promised(memory: &Memory, sources: &[&Arc<Source>]) -> u64 {
    let files = memory.files.lock().unwrap();
    let shown = files.get(TIMESTAMP).cloned();
    let source = sources
        .iter()
        .find(|source| source.timestamp() == shown)
        .expect("one of ours");
    let edition = source.edition().number();
    let bundle = format!(".colport/bundle/{edition}.tar.gz");
    assert_eq!(files.get(&bundle), Some(source.edition().bundle()));
    for (name, entry) in source.edition().metadata() {
        let path = format!(".colport/metadata/{name}");
        assert_eq!(
            files.get(&path),
            Some(&source.edition().content(entry)),
            "{path}"
        );
    }
    edition
}

/// What is answered to every request.
async fn says(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = vec![0; 1 << 16];
                while let Ok(1..) = wire.read(&mut heard).await {
                    if !answer.is_empty() && wire.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    format!("http://{address}/")
}

fn kinds(address: &str, folder: &std::path::Path) -> [Keeper; 2] {
    let credentials = credentials(folder, "newsroom");
    let s3 = S3 {
        endpoint: address.parse().unwrap(),
        region: "us-east-1".into(),
        bucket: "river".into(),
        prefix: String::new(),
        credentials: credentials.clone(),
    };
    let dav = WebDav {
        address: format!("{address}site/").parse().unwrap(),
        credentials: Some(credentials),
    };
    [Keeper::S3(s3), Keeper::WebDav(dav)]
}

fn host(keeper: Keeper) -> Mirror {
    Mirror {
        name: keeper.to_string(),
        place: Place::Host(Host {
            keeper,
            url: None,
            bundles: false,
        }),
    }
}

#[tokio::test]
async fn a_host_that_answers_200_to_everything_is_no_mirror() {
    let folder = super::folder();
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 40\r\n\r\n<!doctype html><title>Welcome</title>   ";
    let address = says(page).await;
    let source = Newspaper::new(1).source();
    for keeper in kinds(&address, folder.path()) {
        let mirrors = [host(keeper)];
        let outcomes = push_all(&wire(), &source, &mirrors, &Options::default(), &mut |_| ()).await;
        let outcome = &outcomes[0].1;
        assert!(!outcome.is_good(), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains(super::SECRET));
    }
}

#[tokio::test]
async fn what_a_host_says_decides_what_is_told() {
    let folder = super::folder();
    let check = async |answer, is_expected: fn(&StoreError) -> bool| {
        let address = says(answer).await;
        for keeper in kinds(&address, folder.path()) {
            let store = store::open(&keeper, &Arc::new(Line::default())).unwrap();
            let error = store.survey(&BTreeSet::new()).await.unwrap_err();
            assert!(is_expected(&error), "{answer}: {keeper}: {error:?}");
        }
    };
    use StoreError::{Denied, Full, NotFound, Permanent};
    check("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", |e| {
        matches!(e, Denied(_))
    })
    .await;
    check("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", |e| {
        matches!(e, Denied(_))
    })
    .await;
    check("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", |e| {
        matches!(e, NotFound(_))
    })
    .await;
    check("HTTP/1.1 507 No\r\ncontent-length: 0\r\n\r\n", |e| {
        matches!(e, Full(_))
    })
    .await;
    let elsewhere = "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    check(
        elsewhere,
        |e| matches!(e, Permanent(why) if why.contains("elsewhere")),
    )
    .await;
    let quota = "HTTP/1.1 403 No\r\ncontent-length: 62\r\n\r\n<Error><Code>QuotaExceeded</Code><Message>x</Message></Error> ";
    check(quota, |e| matches!(e, Full(_))).await;
}

fn bucket(address: &str, prefix: &str, folder: &std::path::Path) -> Box<dyn Store> {
    let [Keeper::S3(s3), _] = kinds(address, folder) else {
        panic!()
    };
    let keeper = Keeper::S3(S3 {
        prefix: prefix.into(),
        ..s3
    });
    store::open(&keeper, &Arc::new(Line::default())).unwrap()
}

#[tokio::test]
async fn a_bucket_that_tells_of_files_outside_of_its_prefix_is_not_believed() {
    let folder = super::folder();
    let page = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 400\r\n\r\n\
        <ListBucketResult><Name>river</Name><IsTruncated>false</IsTruncated>\
        <Contents><Key>x</Key><ETag>\"1\"</ETag><Size>1</Size><LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents>\
        <Contents><Key>below/this/a.html</Key><ETag>\"1\"</ETag><Size>7</Size><LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>";
    let head = page.find("\r\n\r\n").unwrap() + 4;
    let padded = format!("{page}{}", " ".repeat(400 - (page.len() - head)));
    let address = says(padded.leak()).await;
    let wanted = ["x", "a.html"].map(str::to_owned).into();
    let store = bucket(&address, "below/this", folder.path());
    let survey = store.survey(&wanted).await.unwrap();
    assert_eq!(
        survey.into_iter().collect::<Vec<_>>(),
        [("a.html".to_owned(), Found::Length(7))]
    );
}

#[tokio::test]
async fn a_bucket_whose_list_never_ends_is_refused() {
    let folder = super::folder();
    let page = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 129\r\n\r\n\
        <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken>    </ListBucketResult>         ";
    let address = says(page).await;
    let store = bucket(&address, "", folder.path());
    let listed = store.survey(&BTreeSet::new()).await;
    assert!(
        matches!(&listed, Err(StoreError::Permanent(why)) if why.contains("more files")),
        "{listed:?}"
    );
}

/// With one lane and dead hosts before it, a good one has it while they are still being waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_hosts_hold_up_nobody() {
    let folder = super::folder();
    let silent = says("").await;
    let mut mirrors = Vec::new();
    for _ in 0..3 {
        mirrors.extend(kinds(&silent, folder.path()).map(host));
    }
    let site = folder.path().join("site");
    std::fs::create_dir(&site).unwrap();
    mirrors.push(host(Keeper::Folder(site.clone())));
    let options = Options {
        abreast: 1,
        stall: Duration::from_secs(25),
        ..Options::default()
    };
    let source = Newspaper::new(1).source();
    let begun = Instant::now();
    let mut took = None;
    let mut report = |event| {
        if let colport::sync::Event::Done { mirror: 6, .. } = event {
            took = Some(begun.elapsed());
        }
    };
    let outcomes = push_all(&wire(), &source, &mirrors, &options, &mut report).await;
    assert!(outcomes[6].1.is_good(), "{outcomes:?}");
    let dead = &outcomes[..6];
    assert!(
        dead.iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Unreachable(_))),
        "{dead:?}"
    );
    assert!(
        took.unwrap() < begun.elapsed() - Duration::from_secs(5),
        "{took:?}"
    );
    assert!(site.join(TIMESTAMP).exists());
}

#[tokio::test]
async fn credentials_that_are_missing_are_told_and_nothing_is_asked() {
    let folder = super::folder();
    let [keeper, _] = kinds("http://127.0.0.1:9/", folder.path());
    let Keeper::S3(s3) = keeper else { panic!() };
    for credentials in [
        Credentials::File(folder.path().join("none.toml")),
        Credentials::Environment("COLPORT_TEST_NOBODY".into()),
    ] {
        let keeper = Keeper::S3(S3 {
            credentials,
            ..s3.clone()
        });
        let opened = store::open(&keeper, &Arc::new(Line::default()));
        assert!(matches!(opened.err(), Some(StoreError::Denied(_))));
    }
}
