//! A real authority in a test: Pebble, by those who run Let's Encrypt, with a DNS of its own in which every name leads to
//! this machine. Both are Debian's (`apt install pebble`).

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

use super::server_tls::Authority;

/// A port that nobody has, and that nobody is given by chance: the kernel hands out those from 32,768 on.
pub fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id();
    loop {
        let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = (FIRST + next % COUNT) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Where to find Pebble before it runs, so that a mirror may be told first.
pub struct Place {
    folder: TempDir,
    port: u16,
    /// Vouches for Pebble itself.
    authority: Authority,
}

pub struct Pebble {
    management: u16,
    client: reqwest::Client,
    children: Vec<Child>,
}

/// In percent: how many good nonces are refused.
pub struct Refuses(pub u8);

impl Place {
    pub fn new() -> Self {
        let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
        authority.identity(folder.path(), "pebble", &["localhost"]);
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self {
            folder,
            port: free_port(),
            authority,
        }
    }

    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Pebble looks for proofs at port `mirror` of this machine.
    pub async fn open(&self, mirror: u16, refuses: Refuses) -> Pebble {
        let [management, dns, dns_management] = [0; 3].map(|_| free_port());
        let file = |name: &str| self.folder.path().join(name);
        let settings = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": file("pebble.pem"),
            "privateKey": file("pebble.key"),
            "httpPort": 1,
            "tlsPort": mirror,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": ["blocked.example"],
        }});
        std::fs::write(file("settings.json"), settings.to_string()).unwrap();
        let mut names = Command::new("pebble-challtestsrv");
        names
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-dns01", &format!("127.0.0.1:{dns}")])
            .args(["-management", &format!("127.0.0.1:{dns_management}")]);
        let mut pebble = Command::new("pebble");
        pebble
            .arg("-strict")
            .arg("-config")
            .arg(file("settings.json"))
            .args(["-dnsserver", &format!("127.0.0.1:{dns}")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_AUTHZREUSE", "0")
            .env("PEBBLE_WFE_NONCEREJECT", refuses.0.to_string());
        let children = [names, pebble].map(|mut program| {
            let program = program.stdout(Stdio::null()).stderr(Stdio::null());
            program
                .spawn()
                .expect("`scripts/test-tools` installs pebble")
        });
        for port in [dns_management, management, self.port] {
            await_port(port).await;
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.authority.client(&["http/1.1"]))
            .build();
        Pebble {
            management,
            client: client.unwrap(),
            children: children.into(),
        }
    }
}

async fn await_port(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nobody at port {port}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Pebble {
    /// Who vouches for the certificates that it gives.
    pub async fn issuer(&self) -> CertificateDer<'static> {
        let url = format!("https://localhost:{}/roots/0", self.management);
        let pem = self.client.get(url).send().await.unwrap();
        CertificateDer::from_pem_slice(&pem.bytes().await.unwrap()).unwrap()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
