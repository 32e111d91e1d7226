//! A shell account: Debian's OpenSSH server, as a process of its own on a port of loopback, with keys of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use colport::io::store::{Keeper, Sftp};
use colport::sync::Outcome;
use tempfile::TempDir;
use url::Url;

use super::{Ground, Newspaper, Root, Running, free_port, is_installed, listens, push};

struct Shell {
    folder: TempDir,
    root: Root,
    port: u16,
    _server: Running,
}

fn key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap().success());
}

async fn start() -> Option<Shell> {
    if !is_installed("sshd") || !is_installed("ssh-keygen") {
        return None;
    }
    let folder = super::folder();
    let at = |name: &str| folder.path().join(name);
    key(&at("host"));
    key(&at("user"));
    let root = Root(at("site"));
    std::fs::create_dir(&root.0).unwrap();
    std::fs::copy(at("user.pub"), at("allowed")).unwrap();
    let port = free_port();
    let host_key = std::fs::read_to_string(at("host.pub")).unwrap();
    std::fs::write(at("known hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
    let settings = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nAuthorizedKeysFile {at}/allowed\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPidFile none\n\
         Subsystem sftp internal-sftp\n",
        at = folder.path().display()
    );
    std::fs::write(at("sshd_config"), settings).unwrap();
    // Where it leaves its rights; only the superuser's needs it.
    let _ = std::fs::create_dir_all("/run/sshd");
    let server = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(at("sshd_config"))
        .stderr(std::fs::File::create(at("log")).unwrap())
        .spawn()
        .unwrap();
    let server = Running(server);
    listens(port).await;
    Some(Shell {
        folder,
        root,
        port,
        _server: server,
    })
}

impl Shell {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn place(&self) -> Sftp {
        Sftp {
            user: None,
            host: "127.0.0.1".into(),
            port: Some(self.port),
            path: self.root.0.to_str().unwrap().into(),
            key: Some(self.at("user")),
            known_hosts: Some(self.at("known hosts")),
        }
    }
}

impl Ground for Shell {
    fn keeper(&self) -> Keeper {
        Keeper::Sftp(self.place())
    }

    fn url(&self) -> Option<Url> {
        None
    }

    fn root(&self) -> Option<&Root> {
        Some(&self.root)
    }

    fn revoke(&self) {
        std::fs::write(self.at("allowed"), "").unwrap();
    }
}

super::suite!(super::shell::start);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_with_another_key_gets_nothing() {
    let Some(ground) = start().await else { return };
    key(&ground.at("other"));
    let other = std::fs::read_to_string(ground.at("other.pub")).unwrap();
    let known = format!("[127.0.0.1]:{} {other}", ground.port);
    std::fs::write(ground.at("known hosts"), known).unwrap();
    let outcome = push(&ground, &Newspaper::new(1).source()).await;
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("host's key")),
        "{outcome:?}"
    );
    assert!(ground.names().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_there_is_not_made_and_nothing_half_written_stays() {
    let Some(ground) = start().await else { return };
    std::fs::remove_dir(&ground.root.0).unwrap();
    let source = Newspaper::new(1).source();
    let outcome = push(&ground, &source).await;
    assert!(
        matches!(&outcome, Outcome::Unreachable(why) if why.contains("not there")),
        "{outcome:?}"
    );
    std::fs::create_dir(&ground.root.0).unwrap();
    ground.write(".colport-index.html.part", b"what a killed push left");
    assert!(push(&ground, &source).await.is_good());
    assert!(ground.names().iter().all(|name| !name.ends_with(".part")));
}
