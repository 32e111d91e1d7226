//! Lists at meeting places: what only some have. That they come to every kind of host is in the suite of [hosts](super::hosts).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use colport::io::address;
use colport::io::fetch::{Fetch, HttpFetch, Patience, Request, read_all};
use colport::io::store::{Credentials, Git, Keeper, WebDav};
use colport::server::{self, Anchor};
use colport::sync::daemon::{Sealed, lay};
use colport::sync::{Host, Place};
use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous};
use tokio::net::TcpListener;
use url::Url;

use crate::world::{Newsroom, moment};

fn wire() -> HttpFetch {
    HttpFetch::new(Patience::default())
}

fn sealed(version: u64) -> Sealed {
    let word = ChannelWord::parse("k3q9x2m7k3q9x2m7").unwrap();
    let list = AddressList {
        version,
        issued: moment(0),
        expires: moment(24 * 14),
        mirrors: vec![Address {
            url: Url::parse("https://balotikus.example/").unwrap(),
            onion: None,
            spki: None,
        }],
        rendezvous: Rendezvous::default(),
    };
    (word.name(), list.seal(&word, &[Newsroom::list_key(1)]))
}

fn host(keeper: Keeper) -> Place {
    Place::Host(Host {
        keeper,
        url: None,
        bundles: false,
    })
}

/// The list comes, the next takes its place, and the same is no news.
async fn check(place: &Place, seen: impl AsyncFn(&str) -> Option<Bytes>) {
    for version in [1, 1, 2] {
        let (name, bytes) = sealed(version);
        lay(&wire(), place, &(name.clone(), bytes.clone()))
            .await
            .unwrap();
        assert_eq!(
            seen(&format!("{name}.json")).await,
            Some(bytes),
            "{place:?}"
        );
    }
}

fn file(root: &Path, name: &str) -> Option<Bytes> {
    std::fs::read(root.join(name)).ok().map(Bytes::from)
}

#[tokio::test]
async fn a_list_comes_to_a_folder_and_no_folder_is_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("srv");
    let place = Place::Folder(root.clone());
    assert!(lay(&wire(), &place, &sealed(1)).await.is_err());
    assert!(!root.exists());
    std::fs::create_dir(&root).unwrap();
    check(&place, async |name| file(&root, name)).await;
}

fn credentials(folder: &Path, password: &str) -> Credentials {
    use std::os::unix::fs::PermissionsExt as _;
    let place = folder.join(format!("{password}.toml"));
    std::fs::write(
        &place,
        format!("user = \"river\"\npassword = \"{password}\"\n"),
    )
    .unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o600)).unwrap();
    Credentials::File(place)
}

#[tokio::test]
async fn a_list_comes_to_a_branch_and_what_is_there_is_not_pushed_again() {
    let folder = tempfile::tempdir().unwrap();
    let git = |words: &[&str]| {
        let output = Command::new("git")
            .current_dir(folder.path())
            .args(words)
            .output();
        output.ok().filter(|output| output.status.success())
    };
    if git(&["init", "--quiet", "--bare", "pages.git"]).is_none() {
        println!("left out: `git` is not installed");
        return;
    }
    let place = host(Keeper::Git(Git {
        repository: folder.path().join("pages.git").to_str().unwrap().into(),
        branch: "pages".into(),
        credentials: None,
        copy: folder.path().join("copy"),
    }));
    let shown = |name: &str| {
        let what = format!("pages:{name}");
        git(&["--git-dir", "pages.git", "show", &what]).map(|output| Bytes::from(output.stdout))
    };
    check(&place, async |name| shown(name)).await;
    let commit = || {
        git(&["--git-dir", "pages.git", "rev-parse", "pages"])
            .unwrap()
            .stdout
    };
    let before = commit();
    lay(&wire(), &place, &sealed(2)).await.unwrap();
    assert_eq!(commit(), before);
}

#[tokio::test]
async fn a_list_comes_to_a_colport_server_by_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 2);
    let edition = newsroom.publish(moment(0));
    let bundle = folder.path().join("1.tar.gz");
    std::fs::write(&bundle, edition.bundle()).unwrap();
    let mut options = server::Options::new(folder.path().join("state"), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(Anchor::Root(newsroom.first_root()));
    options.bundle = Some(bundle);
    let server = server::start(options, Arc::new(Still)).await.unwrap();
    let url = address::parse(&format!("http://{}", server.address())).unwrap();
    check(&Place::Colport(url.clone()), async |name| {
        let shown = url.join(&format!(".colport/lists/{name}")).unwrap();
        let answer = wire().fetch(Request::get(shown)).await.ok()?;
        read_all(answer, 100_000).await.ok()
    })
    .await;
}

struct Still;

impl colport::io::clock::Clock for Still {
    fn now(&self) -> colport::base::Timestamp {
        moment(1)
    }
}

/// Nobody waits for ever, and nothing secret is said.
#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let place = host(Keeper::WebDav(WebDav {
        address: format!("http://{address}/lists/").parse().unwrap(),
        credentials: Some(credentials(folder.path(), "hunter2")),
    }));
    let (wire, list) = (wire(), sealed(1));
    let laid = tokio::time::timeout(Duration::from_secs(600), lay(&wire, &place, &list));
    let why = laid.await.expect("it is given up").unwrap_err();
    assert!(!why.contains("hunter2"), "{why}");
    drop(listener);
}
