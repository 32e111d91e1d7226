//! The operator's page over real connections: what it shows, to whom, and whose word it takes.

use std::net::SocketAddr;
use std::time::Duration;

use colport::base::{Secret, Timestamp};
use colport::io::door;
use colport::sync::daemon::page::{self, Office};
use colport::sync::daemon::{
    ChannelView, Entry, Event, MirrorView, Reach, ReachView, View, WayView,
};
use colport::sync::rotation::Tier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

fn at(hour: i64) -> Timestamp {
    crate::world::moment(hour)
}

fn reach(vantage: &str, reach: Reach, how: Option<&str>) -> ReachView {
    ReachView {
        vantage: vantage.into(),
        reach,
        how: how.map(str::to_owned),
        at: (reach != Reach::Unseen).then(|| at(0)),
    }
}

fn mirror(id: u64, name: &str, state: &str) -> MirrorView {
    MirrorView {
        id,
        name: name.into(),
        state: state.into(),
        why: None,
        provider: "first hoster".into(),
        copies_others: false,
        edition: 41,
        lag: 0,
        behind_since: None,
        pushing: false,
        sent_bytes: None,
        sent_of_bytes: None,
        trouble: None,
        pushed: Some(at(0)),
        fails: Vec::new(),
        reach: vec![
            reach("line one", Reach::Reached, None),
            reach("line two", Reach::Blind, None),
            reach("home", Reach::Reached, None),
        ],
        reports: Vec::new(),
        channels: vec!["letter-a".into(), "friends".into()],
        cost_a_day: 0.2,
    }
}

fn channel(id: u64, name: &str, tier: &str, p_leak: f64) -> ChannelView {
    ChannelView {
        id,
        name: name.into(),
        tier: tier.into(),
        overruled: false,
        since: at(-48),
        p_leak,
        evidence: vec!["told 3 mirrors on 12 March; all 3 were blocked within 9 h; 5 channels that shared them look clean".into()],
        readers: 400,
        working: 3,
        shows: vec!["balotikus".into(), "nevado".into()],
        version: 1_795_694_400,
        expires: Some(at(24 * 14)),
        ways: vec![WayView { name: "files".into(), is_done: true, trouble: None }],
    }
}

/// With everything that can be wrong, and a name that wants to be markup.
pub(crate) fn view() -> View {
    let blocked = MirrorView {
        why: Some("the TLS hello is reset".into()),
        reach: vec![
            reach("line one", Reach::Fails, Some("the TLS hello is reset")),
            reach("line two", Reach::Fails, Some("it freezes after 16 KB")),
            reach("home", Reach::Reached, None),
        ],
        reports: vec!["some readers say that nothing comes back (by)".into()],
        fails: vec![
            ("line one".into(), "the TLS hello is reset".into()),
            ("line two".into(), "the TLS hello is reset".into()),
        ],
        ..mirror(2, "nevado", "blocked")
    };
    let behind = MirrorView {
        edition: 39,
        lag: 2,
        behind_since: Some(at(-3)),
        pushing: true,
        sent_bytes: Some(3_240_000),
        sent_of_bytes: Some(9_100_000),
        trouble: Some("not reached: nothing moved for 30 seconds".into()),
        ..mirror(3, "kidemuta", "suspect")
    };
    let stick = MirrorView {
        provider: String::new(),
        channels: Vec::new(),
        cost_a_day: 0.0,
        ..mirror(5, "memory stick", "kept")
    };
    View {
        at: Some(at(1)),
        edition: 41,
        mirrors: vec![
            mirror(1, "balotikus", "serving"),
            blocked,
            behind,
            MirrorView {
                channels: Vec::new(),
                reach: vec![
                    reach("line one", Reach::Unseen, None),
                    reach("line two", Reach::Unseen, None),
                    reach("home", Reach::Reached, None),
                ],
                ..mirror(4, "<script>alert(1)</script>", "standby")
            },
            stick,
        ],
        channels: vec![
            channel(7, "letter-a", "clean", 0.03),
            channel(8, "bot", "suspect", 0.41),
            ChannelView {
                working: 1,
                overruled: true,
                ..channel(9, "friends", "burnt", 0.97)
            },
            channel(10, "telegram", "open", 0.95),
        ],
        standby: 1,
        reserve: 1,
        lasts_days: Some(3.4),
        cost_a_day: 0.8,
        next: vec![(
            "`bot`: watch its canary".into(),
            "only this channel knows it".into(),
        )],
        journal: vec![
            Entry {
                at: at(1),
                what: "`nevado` is blocked, was serving".into(),
                why: "the TLS hello is reset".into(),
            },
            Entry {
                at: at(0),
                what: "edition 41 goes to all mirrors".into(),
                why: "it is new".into(),
            },
        ],
        trouble: Some(
            "no mirror is left in stock, and 2 channels have less than two that work".into(),
        ),
    }
}

struct Scene {
    address: SocketAddr,
    views: watch::Sender<View>,
    said: mpsc::Receiver<Event>,
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "fedcba9876543210fedcba9876543210";

impl Scene {
    async fn new() -> Self {
        let (listener, address) = door::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (views, seen) = watch::channel(view());
        let (say, said) = mpsc::channel(4);
        let office = Office {
            views: seen,
            say,
            key: Secret::new(KEY.into()),
            token: Secret::new(TOKEN.into()),
        };
        tokio::spawn(page::serve(listener, address, office));
        Self {
            address,
            views,
            said,
        }
    }

    /// As the operator's browser does, that has been let in.
    async fn ask(&self, head: &str, body: &str) -> String {
        let port = self.address.port();
        let cookie = format!("Cookie: a=b; colport-{port}={KEY}\r\n");
        self.ask_as(&format!("{head}{cookie}"), body).await
    }

    async fn ask_as(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str) -> String {
        self.ask(
            &format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address),
            "",
        )
        .await
    }

    async fn overrule(&self, more: &str, body: &str) -> String {
        let head = format!(
            "POST /overrule HTTP/1.1\r\nHost: {}\r\n{more}",
            self.address
        );
        self.ask(&head, body).await
    }
}

/// The page as it goes out, without its head.
pub(crate) fn html() -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let page = runtime.block_on(async { Scene::new().await.get("/").await });
    page.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[tokio::test]
async fn the_page_shows_how_things_stand_and_loads_nothing() {
    let scene = Scene::new().await;
    let page = scene.get("/").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for words in [
        "balotikus",
        "the TLS hello is reset",
        "letter-a",
        "Leaks with 41 %",
        "told 3 mirrors on 12 March",
        "no mirror is left in stock",
        "<b aria-hidden=\"true\">✓</b> home<span class=\"unseen\">: it is reached</span>",
        "<b aria-hidden=\"true\">✕</b> line two<span>: it freezes after 16 KB</span>",
        "<b aria-hidden=\"true\">?</b> line two",
        "<b aria-hidden=\"true\">–</b> line one",
        "sending: 3.2 MB of 9.1 MB<progress max=\"9100000\" value=\"3240000\"",
        "2 behind since",
        "0.20 a day",
        "hearsay: some readers say that nothing comes back (by)",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let head = page.split("\r\n\r\n").next().unwrap();
    assert!(
        head.contains("default-src 'none'")
            && head.contains("script-src 'sha256-")
            && !head.contains("unsafe"),
        "{head}"
    );
    // With `no-referrer` a browser sends the button's form with `Origin: null`, which is refused.
    assert!(head.contains("referrer-policy: same-origin"), "{head}");
    assert!(
        !page.contains("<script>alert") && page.contains("&#60;script&#62;alert"),
        "names are text"
    );
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn a_page_elsewhere_sees_nothing_and_presses_nothing() {
    let mut scene = Scene::new().await;
    let body = format!("token={TOKEN}&channel=7&tier=burnt");
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost"] {
        let answer = scene
            .ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n"), "")
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 421") && !answer.contains("balotikus"),
            "{host}: {answer}"
        );
        let answer = scene
            .ask(
                &format!("POST /overrule HTTP/1.1\r\nHost: {host}\r\n"),
                &body,
            )
            .await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}");
    }
    for strange in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
    ] {
        let answer = scene.overrule(strange, &body).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{strange}: {answer}");
    }
    for guess in [
        "",
        "token=&",
        "token=0123&",
        "token=0123456789abcdef0123456789abcdeF&",
    ] {
        let answer = scene
            .overrule("", &format!("{guess}channel=7&tier=burnt"))
            .await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{guess}: {answer}");
    }
    let answer = scene.get(&format!("/overrule?{body}")).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert!(scene.said.try_recv().is_err(), "nobody was heard");
}

#[tokio::test]
async fn another_user_of_this_machine_sees_nothing_and_presses_nothing() {
    let mut scene = Scene::new().await;
    let host = format!("Host: {}\r\n", scene.address);
    let port = scene.address.port();
    for guess in [
        String::new(),
        "Cookie: colport=1\r\n".into(),
        format!("Cookie: colport-{port}=\r\n"),
        format!("Cookie: colport-{port}={TOKEN}\r\n"),
        format!("Cookie: other={KEY}\r\n"),
        format!("Authorization: Bearer {TOKEN}\r\n"),
        format!("Authorization: Basic {KEY}\r\n"),
    ] {
        for path in ["/", "/events", "/mirrors.json", "/metrics", "/nothing"] {
            let head = format!("GET {path} HTTP/1.1\r\n{host}{guess}");
            let answer = scene.ask_as(&head, "").await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{head}{answer}");
            assert!(!answer.contains("balotikus") && !answer.contains(TOKEN));
        }
        let head = format!("POST /overrule HTTP/1.1\r\n{host}{guess}");
        let body = format!("token={TOKEN}&channel=7&tier=burnt");
        let answer = scene.ask_as(&head, &body).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    for path in ["/?key=", "/?key=0", &format!("/metrics?key={KEY}")] {
        let head = format!("GET {path} HTTP/1.1\r\n{host}");
        let answer = scene.ask_as(&head, "").await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
    }
    assert!(scene.said.try_recv().is_err(), "nobody was heard");
}

#[tokio::test]
async fn the_key_is_exchanged_for_a_cookie_and_stays_in_no_address() {
    let scene = Scene::new().await;
    let host = format!("Host: {}\r\n", scene.address);
    let head = format!("GET /?key={KEY} HTTP/1.1\r\n{host}");
    let answer = scene.ask_as(&head, "").await;
    assert!(
        answer.starts_with("HTTP/1.1 303") && answer.contains("location: /\r\n"),
        "{answer}"
    );
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    let head = format!("GET / HTTP/1.1\r\n{host}Cookie: {cookie}\r\n");
    let page = scene.ask_as(&head, "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && !page.contains(KEY),
        "{page}"
    );
    // From a page elsewhere not even the key helps.
    let head = format!("GET /?key={KEY} HTTP/1.1\r\n{host}Sec-Fetch-Site: cross-site\r\n");
    assert!(scene.ask_as(&head, "").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn programs_bring_the_key_as_a_bearer_for_what_is_made_for_them() {
    let scene = Scene::new().await;
    let head = |path: &str| {
        let host = format!("Host: {}\r\n", scene.address);
        format!("GET {path} HTTP/1.1\r\n{host}Authorization: Bearer {KEY}\r\n")
    };
    for (path, status) in [("/metrics", 200), ("/mirrors.json", 200), ("/", 401)] {
        let answer = scene.ask_as(&head(path), "").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn the_button_is_heard() {
    let mut scene = Scene::new().await;
    let here = format!(
        "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n",
        scene.address
    );
    for (tier, expected) in [
        ("burnt", Some(Tier::Burnt)),
        ("clean", Some(Tier::Clean)),
        ("", None),
    ] {
        let answer = scene
            .overrule(&here, &format!("token={TOKEN}&channel=7&tier={tier}"))
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 303") && answer.contains("location: /"),
            "{answer}"
        );
        let Some(Event::Overruled { channel, tier }) = scene.said.recv().await else {
            panic!("nothing was heard");
        };
        assert_eq!((channel.0, tier), (7, expected));
    }
    for bad in [
        "channel=7&tier=mild",
        "channel=x&tier=clean",
        "tier=clean",
        "channel=7",
    ] {
        let answer = scene.overrule(&here, &format!("token={TOKEN}&{bad}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad}: {answer}");
    }
    let long = scene.overrule(&here, &"x".repeat(5000)).await;
    assert!(long.starts_with("HTTP/1.1 400"), "{long}");
}

/// With all that a browser says by itself of where a request comes from, and with the key as the operator is given it.
#[tokio::test]
async fn the_button_is_heard_from_a_real_browser() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/button.js");
    let find = |tool| std::process::Command::new(tool).arg("--version").output();
    if find("node").is_err() || find("chromium").is_err() {
        println!("not tried, since `node` or `chromium` is missing");
        return;
    }
    let mut scene = Scene::new().await;
    let profile = tempfile::tempdir().unwrap();
    let page = format!("http://{}/?key={KEY}", scene.address);
    let mut walk = tokio::process::Command::new("node");
    walk.arg(script).arg(profile.path()).arg(page);
    let walk = tokio::time::timeout(Duration::from_secs(120), walk.output());
    let said = String::from_utf8(walk.await.unwrap().unwrap().stdout).unwrap();
    let looks: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(looks.len(), 2, "{said}");
    for look in looks {
        assert_eq!(look["at"], format!("http://{}/", scene.address));
        assert!(look["words"].as_str().unwrap().contains("balotikus"));
        assert_eq!(look["cookie"], "", "no script sees the key");
    }
    let heard = scene.said.try_recv();
    assert!(matches!(heard, Ok(Event::Overruled { .. })), "{heard:?}");
}

#[tokio::test]
async fn what_changes_comes_by_itself() {
    let scene = Scene::new().await;
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let (address, port) = (scene.address, scene.address.port());
    let request =
        format!("GET /events HTTP/1.1\r\nHost: {address}\r\nCookie: colport-{port}={KEY}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut piece = [0; 4096];
    let mut hear = async |heard: &mut String, wanted: &str| {
        while !heard.contains(wanted) {
            let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut piece)).await;
            let read = read.expect("it comes").unwrap();
            assert!(read > 0, "{heard}");
            heard.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    };
    hear(&mut heard, ": hello").await;
    assert!(heard.contains("text/event-stream"), "{heard}");
    let mut next = view();
    next.mirrors[0].name = "suhorabal".into();
    scene.views.send_replace(next);
    hear(&mut heard, "suhorabal").await;
    assert!(heard.contains("\ndata: "), "{heard}");
}

#[tokio::test]
async fn programs_read_json_and_metrics() {
    let scene = Scene::new().await;
    let json = scene.get("/mirrors.json").await;
    let (_, json) = json.split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<View>(json).unwrap(), view());
    let text = scene.get("/metrics").await;
    for line in [
        "colport_mirrors{state=\"blocked\"} 1",
        "colport_mirror_lag_editions{mirror=\"kidemuta\"} 2",
        "colport_channel_leak_probability{channel=\"bot\"} 0.41",
        "colport_mirror_reached{mirror=\"nevado\",vantage=\"line one\"} 0",
        "colport_mirror_reached{mirror=\"nevado\",vantage=\"home\"} 1",
        "colport_stock 1",
        "colport_needs_operator 1",
        "# TYPE colport_edition gauge",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(scene.get("/nothing").await.starts_with("HTTP/1.1 404"));
}
