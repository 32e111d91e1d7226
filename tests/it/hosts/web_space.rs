//! A web space that is filled by WebDAV: Debian's lighttpd, as a process of its own, that asks for a password to write and
//! shows everything to readers under another port.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use colport::io::store::{Keeper, WebDav};
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
mimetype.assign = (".html" => "text/html; charset=utf-8", "" => "application/octet-stream")
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
