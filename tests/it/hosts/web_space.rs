//! A web space that is filled by WebDAV: Debian's lighttpd, as a process of its own, that asks for a password to write and
//! shows everything to readers under another port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use colport::io::store::{Keeper, WebDav};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use url::Url;

use super::{Ground, Root, Running, SECRET, credentials, free_port, is_installed, listens};

struct WebSpace {
    folder: TempDir,
    root: Root,
    port: u16,
    public: u16,
    _server: Running,
}

const USER: &str = "newsroom";

async fn start() -> Option<WebSpace> {
    if !is_installed("lighttpd") || !PathBuf::from("/usr/lib/lighttpd/mod_webdav.so").exists() {
        return None;
    }
    let folder = super::folder();
    let root = Root(folder.path().join("site"));
    std::fs::create_dir_all(root.0.join("own")).unwrap();
    let (port, public) = (free_port(), free_port());
    let at = folder.path().display();
    std::fs::write(
        folder.path().join("users"),
        format!("{USER}:{SECRET}-{USER}\n"),
    )
    .unwrap();
    let settings = format!(
        r#"
server.modules = ("mod_auth", "mod_authn_file", "mod_webdav")
server.document-root = "{at}/site"
server.bind = "127.0.0.1"
server.port = {port}
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html; charset=utf-8", ".json" => "application/json", ".webp" => "image/webp",
    "" => "application/octet-stream")
$SERVER["socket"] == "127.0.0.1:{port}" {{
    auth.backend = "plain"
    auth.backend.plain.userfile = "{at}/users"
    auth.require = ("" => ("method" => "basic", "realm" => "site", "require" => "valid-user"))
    webdav.activate = "enable"
    webdav.is-readonly = "disable"
}}
$SERVER["socket"] == "127.0.0.1:{public}" {{ }}
"#
    );
    std::fs::write(folder.path().join("lighttpd.conf"), settings).unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let server = Command::new("/usr/sbin/lighttpd")
        .arg("-D")
        .arg("-f")
        .arg(folder.path().join("lighttpd.conf"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let server = Running(server);
    listens(port).await;
    Some(WebSpace {
        folder,
        root,
        port,
        public,
        _server: server,
    })
}

impl Ground for WebSpace {
    fn keeper(&self) -> Keeper {
        Keeper::WebDav(WebDav {
            address: format!("http://127.0.0.1:{}/", self.port).parse().unwrap(),
            credentials: Some(credentials(self.folder.path(), USER)),
        })
    }

    fn url(&self) -> Option<Url> {
        format!("http://127.0.0.1:{}/", self.public).parse().ok()
    }

    fn root(&self) -> Option<&Root> {
        Some(&self.root)
    }

    fn revoke(&self) {
        std::fs::write(self.folder.path().join("users"), "somebody:else\n").unwrap();
    }
}

super::suite!(super::web_space::start);

/// Below a folder of the web space, and not outside of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_a_web_space_is_a_mirror_too() {
    let Some(ground) = start().await else { return };
    let source = super::Newspaper::new(1).source();
    let keeper = |path: &str| {
        Keeper::WebDav(WebDav {
            address: format!("http://127.0.0.1:{}/{path}", ground.port)
                .parse()
                .unwrap(),
            credentials: Some(credentials(ground.folder.path(), USER)),
        })
    };
    let store = |path| colport::io::store::open(&keeper(path), &Default::default()).unwrap();
    let outcome = super::push_through(&*store("own/"), &source, false).await;
    assert!(outcome.is_good(), "{outcome:?}");
    assert!(ground.names().iter().all(|name| name.starts_with("own/")));
    let outcome = super::push_through(&*store("nowhere/"), &source, false).await;
    assert!(!outcome.is_good(), "{outcome:?}");
    assert!(!ground.root.0.join("nowhere").exists());
}

/// As a reader's browser is told. The server goes by names, so they must be such that it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_space_tells_browsers_what_pages_and_lists_are() {
    let Some(ground) = start().await else { return };
    let source = super::lists::with_list(&super::Newspaper::new(1), 1, 2);
    assert!(super::push(&ground, &source).await.is_good());
    let client = super::bucket::browser();
    for (path, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("be/навіны/a b.html", "text/html; charset=utf-8"),
        (super::lists::path().as_str(), "application/json"),
        (".colport/metadata/timestamp.json", "application/json"),
        ("be/2026/11/river/0.webp", "image/webp"),
    ] {
        let url = ground.url().unwrap().join(path).unwrap();
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], kind, "{path}");
        // It would say that of nothing, so pages must not lie there as gzip.
        assert!(!headers.contains_key("content-encoding"), "{path}");
        assert_eq!(
            Some(answer.bytes().await.unwrap()),
            ground.read(path),
            "{path}"
        );
    }
}

/// Some servers keep what they are told with the file and tell it to readers.
#[tokio::test]
async fn what_is_put_into_a_web_space_says_what_it_is() {
    let (said, address) = listening().await;
    let folder = super::folder();
    let keeper = Keeper::WebDav(WebDav {
        address: format!("http://{address}/").parse().unwrap(),
        credentials: Some(credentials(folder.path(), USER)),
    });
    let store = colport::io::store::open(&keeper, &Default::default()).unwrap();
    let source = super::Newspaper::new(1).source();
    let body = |path| source.body(path, store.says_encoding()).unwrap();
    for (name, path) in [
        ("index.html", "index.html"),
        ("picture.webp", "be/2026/11/river/0.webp"),
        ("timestamp.json", ".colport/metadata/timestamp.json"),
    ] {
        store.put(name, &body(path)).await.unwrap();
    }
    let said = said.lock().unwrap().clone();
    let kinds = said
        .iter()
        .map(|put| (put.uri.path(), put.header("content-type")));
    let expected = [
        ("/index.html", Some("text/html; charset=utf-8")),
        ("/picture.webp", Some("image/webp")),
        ("/timestamp.json", Some("application/json")),
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    for put in &said {
        assert_eq!(put.header("content-encoding"), None);
        let authorization = put.header("authorization").unwrap();
        assert!(authorization.starts_with("Basic "), "{authorization}");
        assert!(!put.uri.to_string().contains(SECRET), "{}", put.uri);
    }
}

#[derive(Clone)]
struct Put {
    uri: http::Uri,
    headers: http::HeaderMap,
}

impl Put {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A web space that takes everything, and what was put there.
async fn listening() -> (Arc<Mutex<Vec<Put>>>, SocketAddr) {
    let said = Arc::<Mutex<Vec<Put>>>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hears = said.clone();
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            let said = hears.clone();
            let service = service_fn(move |request: http::Request<Incoming>| {
                let (head, body) = request.into_parts();
                let said = said.clone();
                async move {
                    body.collect().await?;
                    let (uri, headers) = (head.uri, head.headers);
                    said.lock().unwrap().push(Put { uri, headers });
                    let taken = http::Response::builder().status(201);
                    Ok::<_, hyper::Error>(taken.body(Empty::<Bytes>::new()).unwrap())
                }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(wire), service));
        }
    });
    (said, address)
}
