//! The same repository over HTTP, as pages hosts have it: `git http-backend` behind a small server of the test, which asks for
//! a name and a token.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use bytes::Bytes;
use colport::io::store::{Git, Keeper};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use url::Url;

use super::git::Pages;
use super::{Ground, Newspaper, SECRET, credentials, push};

const USER: &str = "newsroom";

/// What stands in the head of a request that is let in.
fn token() -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{SECRET}-{USER}"))
}

struct Web {
    pages: Pages,
    address: SocketAddr,
    door: Arc<Door>,
}

/// The server's side.
struct Door {
    root: std::path::PathBuf,
    is_revoked: AtomicBool,
    asked: Mutex<Vec<String>>,
}

async fn start() -> Option<Web> {
    let pages = super::git::start().await?;
    pages.show(&["config", "http.receivepack", "true"]).unwrap();
    let door = Arc::new(Door {
        root: pages.at("."),
        is_revoked: AtomicBool::new(false),
        asked: Mutex::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = door.clone();
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            let door = served.clone();
            let service = service_fn(move |request| answer(door.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(wire), service));
        }
    });
    Some(Web {
        pages,
        address,
        door,
    })
}

type Answer = Result<Response<Full<Bytes>>, hyper::Error>;

async fn answer(door: Arc<Door>, request: Request<Incoming>) -> Answer {
    door.asked.lock().unwrap().push(request.uri().to_string());
    let said = request.headers().get("authorization");
    let is_let_in = said.is_some_and(|said| *said == format!("Basic {}", token()));
    if !is_let_in || door.is_revoked.load(Ordering::Relaxed) {
        let refused = Response::builder().status(401);
        let refused = refused.header("www-authenticate", "Basic realm=\"pages\"");
        return Ok(refused.body(Full::default()).unwrap());
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(ran(&door, &head, &body).await)
}

/// By the rules of CGI (RFC 3875): the head in the environment, the body on the input.
async fn ran(door: &Door, head: &http::request::Parts, body: &[u8]) -> Response<Full<Bytes>> {
    let header = |name: &str| {
        let value = head.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &door.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", USER)
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = backend.stdin.take().unwrap();
    let feed = async move {
        // It may have heard enough before the end.
        let _ = input.write_all(body).await;
    };
    let (output, ()) = tokio::join!(backend.wait_with_output(), feed);
    let output = Bytes::from(output.unwrap().stdout);
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let (lines, content) = (
        output.slice(..end.unwrap()),
        output.slice(end.unwrap() + 4..),
    );
    let mut answer = Response::builder();
    for line in std::str::from_utf8(&lines).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        answer = match name {
            "Status" => answer.status(&value[..3]),
            _ => answer.header(name, value),
        };
    }
    answer.body(Full::new(content)).unwrap()
}

impl Ground for Web {
    fn keeper(&self) -> Keeper {
        Keeper::Git(Git {
            repository: format!("http://{}/pages.git", self.address),
            branch: "pages".into(),
            credentials: Some(credentials(&self.pages.at("."), USER)),
            copy: self.pages.at("copy"),
        })
    }

    fn url(&self) -> Option<Url> {
        None
    }

    fn read(&self, path: &str) -> Option<Bytes> {
        self.pages.read(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        self.pages.write(path, bytes);
    }

    fn names(&self) -> BTreeSet<String> {
        self.pages.names()
    }

    fn revoke(&self) {
        self.door.is_revoked.store(true, Ordering::Relaxed);
    }
}

super::suite!(super::git_http::start);

/// While `is_over` is not set: the words by which any program on this machine was started that tell the token.
fn overheard(is_over: &AtomicBool) -> BTreeSet<String> {
    let mut heard = BTreeSet::new();
    while !is_over.load(Ordering::Relaxed) {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            let tells = words.contains(&format!("{SECRET}-{USER}")) || words.contains(&token());
            heard.extend(tells.then_some(words));
        }
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_token_is_in_no_address_no_list_of_programs_no_file_and_no_message() {
    let Some(ground) = start().await else { return };
    let is_over = Arc::new(AtomicBool::new(false));
    let listening = tokio::task::spawn_blocking({
        let is_over = is_over.clone();
        move || overheard(&is_over)
    });
    let mut paper = Newspaper::new(10);
    let pushed = push(&ground, &paper.source()).await;
    paper.publish_next();
    ground.revoke();
    let refused = push(&ground, &paper.source()).await;
    is_over.store(true, Ordering::Relaxed);
    assert_eq!(listening.await.unwrap(), BTreeSet::new());
    assert!(pushed.is_good() && !refused.is_good());

    let tells = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.contains(SECRET) || text.contains(&token())
    };
    assert!(!tells(
        format!("{pushed:?} {refused:?} {:?}", ground.keeper()).as_bytes()
    ));
    let asked = ground.door.asked.lock().unwrap().clone();
    assert!(
        asked.len() > 3 && !tells(asked.join("\n").as_bytes()),
        "{asked:?}"
    );
    let copy = ground.pages.at("copy");
    let kept = colport::io::files::list(&copy).unwrap();
    assert!(kept.iter().any(|name| name.ends_with("config")));
    for name in kept {
        assert!(
            !tells(&std::fs::read(copy.join(&name)).unwrap()),
            "{name:?}"
        );
    }
}
