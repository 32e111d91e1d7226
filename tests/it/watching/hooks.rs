//! The example hooks in `scripts`, each run as colport runs it.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::io::program::{Program, ProgramError};
use colport::sync::hooks::{Avoid, Hook, Need, Occasion, call};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::hosts::{Conduct, Host};
use super::script;
use crate::pebble::free_port;
use crate::world::{Newsroom, moment};

const COLPORT: &str = env!("CARGO_BIN_EXE_colport");

fn is_there(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        let found = Command::new("sh")
            .args(["-c", "command -v \"$1\"", "sh", program])
            .output();
        !found.is_ok_and(|found| found.status.success())
    });
    if let Some(program) = missing {
        println!("left out: `{program}` is not installed");
    }
    missing.is_none()
}

/// `variables` as `NAME=VALUE`.
fn hook(variables: &[String], name: &str, words: &[&str], folder: &Path) -> Hook {
    let words = words.iter().map(|word| (*word).to_owned());
    Hook {
        on: Occasion::NeedMirror,
        program: Program {
            name: "env".into(),
            arguments: variables
                .iter()
                .cloned()
                .chain([script(name).display().to_string()])
                .chain(words)
                .collect(),
            folder: folder.into(),
            passed: Vec::new(),
        },
        time: Duration::from_secs(120),
    }
}

fn need(fingerprint: &str, follow: &[&str]) -> Need {
    Need {
        name: "balotikus".into(),
        avoid: Avoid::default(),
        fingerprint: fingerprint.into(),
        follow: follow.iter().map(|url| Url::parse(url).unwrap()).collect(),
    }
}

async fn made(hook: &Hook, need: &Need) -> Value {
    let said = call(hook, need).await.unwrap();
    serde_json::from_slice(&said).unwrap()
}

#[test]
fn shellcheck_finds_nothing_in_the_examples() {
    if !is_there(&["shellcheck"]) {
        return;
    }
    for folder in ["hooks", "probes"] {
        for entry in std::fs::read_dir(script(folder)).unwrap() {
            let path = entry.unwrap().path();
            let checked = Command::new("shellcheck").arg(&path).output().unwrap();
            assert!(
                checked.status.success(),
                "{}",
                String::from_utf8_lossy(&checked.stdout)
            );
        }
    }
}

#[tokio::test]
async fn a_bucket_is_made_that_everybody_may_read() {
    if !is_there(&["curl", "jq"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("bucket.toml");
    std::fs::write(&keys, "user = \"AKEY\"\npassword = \"hunter2\"\n").unwrap();
    let paths = ["/balotikus", "/balotikus?policy="].map(|path| (path.to_owned(), Bytes::new()));
    let host = Host::start(Conduct::Good, &Arc::new(HashMap::from(paths)), None).await;
    let endpoint = format!("http://{}", host.address);
    let words = [
        endpoint.as_str(),
        "us-east-1",
        keys.to_str().unwrap(),
        "hoster",
        "anna",
        "https://BUCKET.s3.example/",
    ];
    let hook = hook(&[], "hooks/bucket", &words, folder.path());
    let said = made(&hook, &need("9f2c", &[])).await;
    assert_eq!(said["mirror"]["s3"]["bucket"], "balotikus");
    assert_eq!(said["mirror"]["url"], "https://balotikus.s3.example/");
    assert_eq!(said["provider"], "hoster");
    assert_eq!(said["account"], "anna");
    assert!(!said.to_string().contains("hunter2"));
    let asked = host.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for (head, path) in asked.iter().zip(["/balotikus", "/balotikus?policy="]) {
        assert!(
            head.starts_with(&format!("PUT {path} HTTP/1.1\r\n")),
            "{head}"
        );
        let lower = head.to_lowercase();
        assert!(
            lower.contains("authorization: aws4-hmac-sha256 credential=akey/"),
            "{head}"
        );
        assert!(!lower.contains("hunter2"), "{head}");
    }
    let avoided = Need {
        avoid: Avoid {
            accounts: vec!["anna".into()],
            ..Avoid::default()
        },
        ..need("9f2c", &[])
    };
    let refused = call(&hook, &avoided).await;
    assert!(
        matches!(&refused, Err(ProgramError::Failed { said, .. }) if said.contains("not wanted")),
        "{refused:?}"
    );
    assert_eq!(host.asked.lock().unwrap().len(), 2, "and nothing was made");
}

#[tokio::test]
async fn a_cdn_is_put_in_front() {
    if !is_there(&["curl", "jq"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let answer =
        Bytes::from_static(b"{\"Id\": 7, \"Hostnames\": [{\"Value\": \"balotikus.b-cdn.net\"}]}");
    let tree = Arc::new(HashMap::from([("/pullzone".to_owned(), answer)]));
    let host = Host::start(Conduct::Good, &tree, None).await;
    let api = format!("http://{}", host.address);
    let key = ["BUNNY_KEY=hunter2".to_owned()];
    let words = ["https://origin.example/", "anna", &api];
    let said = made(
        &hook(&key, "hooks/cdn", &words, folder.path()),
        &need("9f2c", &[]),
    )
    .await;
    assert_eq!(said["mirror"]["follows"], "https://balotikus.b-cdn.net/");
    let asked = host.asked.lock().unwrap().clone();
    assert!(
        asked[0].starts_with("POST /pullzone HTTP/1.1\r\n")
            && asked[0].contains("AccessKey: hunter2"),
        "{asked:?}"
    );
    let keyless = call(
        &hook(&[], "hooks/cdn", &words, folder.path()),
        &need("9f2c", &[]),
    )
    .await;
    assert!(
        matches!(&keyless, Err(ProgramError::Failed { said, .. }) if said.contains("BUNNY_KEY")),
        "{keyless:?}"
    );
}

/// A folder for `PATH`, with programs that write down the words with which they are started: what other users of the machine
/// see.
fn overlooked(folder: &Path, programs: &[&str]) -> String {
    use std::os::unix::fs::PermissionsExt;
    let bin = folder.join("overlooked");
    std::fs::create_dir_all(&bin).unwrap();
    for program in programs {
        let find = format!("command -v {program}");
        let found = Command::new("sh").args(["-c", &find]).output().unwrap();
        let real = String::from_utf8(found.stdout).unwrap();
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec {} \"$@\"\n",
            folder.join("words").display(),
            real.trim()
        );
        let place = bin.join(program);
        std::fs::write(&place, script).unwrap();
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o755)).unwrap();
    }
    format!("PATH={}:{}", bin.display(), std::env::var("PATH").unwrap())
}

#[tokio::test]
async fn no_other_user_of_the_machine_sees_a_key_a_word_or_an_address() {
    if !is_there(&["curl", "jq", "sed"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = overlooked(folder.path(), &["curl", "jq", "sed", "sha256sum", "awk"]);
    let cdn = Bytes::from_static(b"{\"Hostnames\": [{\"Value\": \"balotikus.b-cdn.net\"}]}");
    let done = Bytes::from_static(b"{\"ok\": true}");
    let tree = [
        ("/pullzone", cdn),
        ("/balotikus", Bytes::new()),
        ("/balotikus?policy=", Bytes::new()),
        ("/bothunter2/sendMessage", done),
    ];
    let tree = tree.map(|(path, body)| (path.to_owned(), body));
    let host = Host::start(Conduct::Good, &Arc::new(HashMap::from(tree)), None).await;
    let at = format!("http://{}", host.address);

    let keys = folder.path().join("bucket.toml");
    std::fs::write(&keys, "user = \"AKEY\"\npassword = \"hunter2\"\n").unwrap();
    let keys = keys.to_str().unwrap();
    let words = [
        &at,
        "region",
        keys,
        "hoster",
        "anna",
        "https://BUCKET.s3.example/",
    ];
    let bucket = hook(
        std::slice::from_ref(&path),
        "hooks/bucket",
        &words,
        folder.path(),
    );
    let said = made(&bucket, &need("9f2c", &[])).await;
    assert_eq!(said["mirror"]["url"], "https://balotikus.s3.example/");

    let variables = [path.clone(), "BUNNY_KEY=hunter2".into()];
    let words = ["https://origin.example/", "anna", &at];
    let cdn = hook(&variables, "hooks/cdn", &words, folder.path());
    let said = made(&cdn, &need("9f2c", &[])).await;
    assert_eq!(said["mirror"]["follows"], "https://balotikus.b-cdn.net/");

    let variables = [path, "TELEGRAM_TOKEN=hunter2".into()];
    let telegram = hook(
        &variables,
        "hooks/telegram",
        &["open", "@river", &at],
        folder.path(),
    );
    let text = "Чытайце: https://balotikus.example/#secret-word\n\"і\" \\ яшчэ\u{7f}";
    let told = serde_json::json!({"channel": "open", "text": text});
    call(&telegram, &told).await.unwrap();

    let words = std::fs::read_to_string(folder.path().join("words")).unwrap();
    assert!(words.lines().count() > 10, "{words}");
    for secret in ["hunter2", "balotikus", "secret-word"] {
        assert!(!words.contains(secret), "{secret}: {words}");
    }
}

/// A service that takes what is posted, and gives one answer to everything.
struct Service {
    address: std::net::SocketAddr,
    posted: Arc<Mutex<Vec<(String, String)>>>,
}

impl Service {
    async fn start(answer: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, posted) = (listener.local_addr().unwrap(), Arc::default());
        let service = Self {
            address,
            posted: Arc::clone(&posted),
        };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else {
                        break;
                    };
                    head.push(byte);
                }
                let head = String::from_utf8(head).unwrap();
                let length = head.to_lowercase();
                let length = length
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
                let _ = stream.read_exact(&mut body).await;
                posted
                    .lock()
                    .unwrap()
                    .push((head, String::from_utf8(body).unwrap()));
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{answer}",
                    answer.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        service
    }

    fn posted(&self) -> Vec<(String, String)> {
        self.posted.lock().unwrap().clone()
    }
}

/// What a channel is told, as the daemon tells it; with what could break out of quotes.
fn announcement(channel: &str) -> Value {
    serde_json::json!({
        "channel": channel,
        "version": 4,
        "addresses": ["https://balotikus.example/#k3q9x2m7k3q9"],
        "text": "Ракаўнік: \"навіны\" $(touch broken) `touch broken` \\n\nhttps://balotikus.example/#k3q9x2m7k3q9",
    })
}

fn announcing(hook: Hook) -> Hook {
    Hook {
        on: Occasion::Announce,
        ..hook
    }
}

#[tokio::test]
async fn a_telegram_channel_is_told_through_a_bot() {
    if !is_there(&["curl", "jq"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start("{\"ok\": true, \"result\": {}}").await;
    let api = format!("http://{}", service.address);
    let words = ["letter", "@mynews", &api];
    let token = ["TELEGRAM_TOKEN=123:hunter2".to_owned()];
    let tells = |token: &[String]| announcing(hook(token, "hooks/telegram", &words, folder.path()));
    call(&tells(&token), &announcement("letter")).await.unwrap();
    let posted = service.posted();
    let [(head, body)] = &posted[..] else {
        panic!("{posted:?}");
    };
    assert!(
        head.starts_with("POST /bot123:hunter2/sendMessage HTTP/1.1\r\n"),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["chat_id"], "@mynews");
    assert_eq!(
        body["text"],
        announcement("letter")["text"],
        "to the letter"
    );
    assert!(!folder.path().join("broken").exists());

    // What is for another channel, and what nobody has the token for.
    call(&tells(&token), &announcement("friends"))
        .await
        .unwrap();
    let keyless = call(&tells(&[]), &announcement("letter")).await;
    assert!(
        matches!(&keyless, Err(ProgramError::Failed { said, .. }) if said.contains("TELEGRAM_TOKEN")),
        "{keyless:?}"
    );
    assert_eq!(service.posted().len(), 1);
}

#[tokio::test]
async fn what_telegram_refuses_is_said_without_the_token() {
    if !is_there(&["curl", "jq"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let token = ["TELEGRAM_TOKEN=123:hunter2".to_owned()];
    let told = async |api: &str| {
        let words = ["letter", "@mynews", api];
        let tells = announcing(hook(&token, "hooks/telegram", &words, folder.path()));
        match call(&tells, &announcement("letter")).await {
            Err(ProgramError::Failed { said, .. }) => said,
            other => panic!("{other:?}"),
        }
    };
    let service = Service::start("{\"ok\": false, \"description\": \"chat not found\"}").await;
    let refused = told(&format!("http://{}", service.address)).await;
    assert!(refused.contains("chat not found"), "{refused}");
    let page = Service::start("<!doctype html>blocked").await;
    let blocked = told(&format!("http://{}", page.address)).await;
    assert!(blocked.contains("no answer of Telegram"), "{blocked}");
    let gone = told(&format!("http://127.0.0.1:{}", free_port())).await;
    for said in [refused, blocked, gone] {
        assert!(!said.is_empty() && !said.contains("hunter2"), "{said}");
    }
}

/// In the place of `sendmail`: it writes down what it was given, and fails for one address.
fn sendmail(folder: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let place = folder.join("sendmail");
    let script = format!(
        "#!/bin/sh\ncat >>{at}/mails\necho \"$@\" >>{at}/words\n! grep -q '^To: nobody@' {at}/mails\n",
        at = folder.display()
    );
    std::fs::write(&place, script).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o700)).unwrap();
    place
}

#[tokio::test]
async fn a_letter_and_an_alarm_go_out_by_mail() {
    if !is_there(&["jq"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = sendmail(folder.path());
    let program = program.to_str().unwrap();
    let words = ["letter", "letter@lists.example", program];
    let letter = announcing(hook(&[], "hooks/mail", &words, folder.path()));
    call(&letter, &announcement("letter")).await.unwrap();
    call(&letter, &announcement("friends")).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let text = announcement("letter")["text"].as_str().unwrap().to_owned();
    let expected = format!(
        "To: letter@lists.example\nSubject: Mirrors\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    );
    assert_eq!(read("mails"), expected, "one mail, to the letter");
    assert_eq!(
        read("words"),
        "-t -oi\n",
        "nothing of it is among the words of a command"
    );
    assert!(!folder.path().join("broken").exists());

    let words = ["alert", "operator@mynews.example", program];
    let alert = Hook {
        on: Occasion::Alert,
        ..hook(&[], "hooks/mail", &words, folder.path())
    };
    let told = serde_json::json!({"text": "2 mirrors were blocked"});
    call(&alert, &told).await.unwrap();
    assert!(read("mails").ends_with("\n\n2 mirrors were blocked\n"));

    let words = ["letter", "nobody@lists.example", program];
    let refused = announcing(hook(&[], "hooks/mail", &words, folder.path()));
    assert!(
        call(&refused, &announcement("letter")).await.is_err(),
        "it is tried again"
    );
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Debian's login server on loopback, for whoever runs the test; `home` stands in the place of the user's own.
fn sshd(place: &Path, home: &Path, port: u16) -> Option<Running> {
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(place.join(key))
            .status();
        assert!(made.unwrap().success());
    }
    let at = place.display();
    let settings = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSetEnv HOME={}\n",
        home.display()
    );
    std::fs::write(place.join("settings"), settings).unwrap();
    let host = std::fs::read_to_string(place.join("host.pub")).unwrap();
    std::fs::write(place.join("known"), format!("[127.0.0.1]:{port} {host}")).unwrap();
    // Where it shuts itself in, which its service would make.
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut command = Command::new("/usr/sbin/sshd");
    command.args(["-D", "-e", "-f"]).arg(place.join("settings"));
    command
        .stdin(Stdio::null())
        .stderr(std::fs::File::create(place.join("log")).unwrap());
    let running = Running(command.spawn().ok()?);
    let until = Instant::now() + Duration::from_secs(120);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = std::fs::read_to_string(place.join("log")).unwrap_or_default();
        assert!(Instant::now() < until, "{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(running)
}

#[tokio::test]
async fn a_machine_becomes_a_mirror_that_follows_by_ssh() {
    if !is_there(&["/usr/sbin/sshd", "ssh", "ssh-keygen", "jq", "nohup"]) {
        return;
    }
    let is_systemd = Command::new("systemctl").arg("is-system-running").output();
    if is_systemd.is_ok_and(|said| said.status.success()) {
        println!("left out: the hook would make a service of this very machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [home, ssh, bin] = ["home", "ssh", "bin"].map(|name| folder.path().join(name));
    for place in [&home, &ssh, &bin] {
        std::fs::create_dir(place).unwrap();
    }
    std::os::unix::fs::symlink(COLPORT, bin.join("colport")).unwrap();
    let (port, listen) = (free_port(), free_port());
    let Some(_sshd) = sshd(&ssh, &home, port) else {
        println!("left out: `sshd` does not start");
        return;
    };

    let mut newsroom = Newsroom::found(1, 2);
    let edition = newsroom.publish(moment(0));
    let bundle = folder.path().join("edition.tar.gz");
    std::fs::write(&bundle, edition.bundle()).unwrap();
    let fingerprint = Fingerprint::of_first_root(&newsroom.first_root()).to_string();
    let first = free_port();
    let mut serve = Command::new(COLPORT);
    serve
        .args([
            "serve",
            "--root",
            &fingerprint,
            "--listen",
            &format!("127.0.0.1:{first}"),
            "--state",
        ])
        .arg(folder.path().join("first"))
        .arg(&bundle)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _first = Running(serve.spawn().unwrap());

    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let machines = format!(
        "# machines\n{}@127.0.0.1 http://127.0.0.1:{listen}/ 127.0.0.1:{listen} hoster anna\n",
        user.trim()
    );
    std::fs::write(folder.path().join("machines"), machines).unwrap();
    let path = std::env::var("PATH").unwrap();
    let variables = [format!("PATH={}:{path}", bin.display())];
    let (key, known) = (
        ssh.join("user"),
        format!("UserKnownHostsFile={}", ssh.join("known").display()),
    );
    let (port, key) = (port.to_string(), key.to_str().unwrap());
    let words = [
        "machines", "-F", "none", "-i", key, "-p", &port, "-o", &known,
    ];
    let hook = hook(&variables, "hooks/vps", &words, folder.path());
    let need = need(&fingerprint, &[&format!("http://127.0.0.1:{first}/")]);
    let said = made(&hook, &need).await;
    let pid = std::fs::read_to_string(home.join("balotikus.pid")).unwrap();
    let timestamp = Url::parse(&format!(
        "http://127.0.0.1:{listen}/.colport/metadata/timestamp.json"
    ))
    .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let copied = loop {
        let got = Command::new("curl")
            .args(["-sf", timestamp.as_str()])
            .output()
            .unwrap();
        if got.status.success() || Instant::now() > until {
            break got.stdout;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let _ = Command::new("kill").arg(pid.trim()).status();
    let gathered = edition.gathered();
    let expected = gathered
        .iter()
        .find(|(name, _)| name.to_string() == "timestamp.json")
        .unwrap()
        .1;
    assert_eq!(copied, expected.to_vec(), "it has copied the edition");
    assert_eq!(
        said["mirror"]["follows"],
        format!("http://127.0.0.1:{listen}/")
    );
    assert_eq!(said["addresses"][0], "127.0.0.1");
    // A machine is taken once.
    let none = call(&hook, &need).await;
    assert!(
        matches!(&none, Err(ProgramError::Failed { said, .. }) if said.contains("no machine")),
        "{none:?}"
    );
}
