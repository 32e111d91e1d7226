//! Looking at mirrors over real sockets: every cause of a failure, in every way of looking.

mod hooks;
mod hosts;
mod netns;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use colport::base::{Digest, SitePath};
use colport::io::clock::SystemClock;
use colport::io::fetch::HttpFetch;
use colport::io::probe::{Line, Lookup, Patience};
use colport::io::program::Program;
use colport::io::push::{Body, Post};
use colport::io::report::{Failure, Mark, Report};
use colport::io::visit::Proxy;
use colport::sync::Source;
use colport::sync::rotation::{Cause, Controls, MirrorId, Place, Probe, Seen, VantageId};
use colport::sync::watching::{
    Expectation, Options, Page, Scope, Target, Vantage, Way, hints, look,
};
use colport::{reader, server};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use url::Url;

use crate::server_tls::Authority;
use crate::world::{Newsroom, moment, noise};
use hosts::{Conduct, Host, Names, ProxyHost, Speech, Tree};

/// A resolver of the test's own.
struct Book(Names);

impl Lookup for Book {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let found = self.0.get(name).copied();
        Box::pin(async move { Ok(vec![found.ok_or(io::ErrorKind::NotFound)?]) })
    }
}

/// What mirrors show, and what is expected of them.
struct Paper {
    tree: Tree,
    stale: Tree,
    expected: Arc<Expectation>,
}

const PAGE: &str = "be/2026/11/river/1.webp";
const TIMESTAMP: &str = "/.colport/metadata/timestamp.json";

impl Paper {
    fn new() -> Self {
        let mut newsroom = Newsroom::found(1, 0);
        let picture = noise(7, 60_000);
        newsroom.write(PAGE, picture.clone());
        let timestamps = [0, 1].map(|hour| {
            let edition = newsroom.publish(moment(hour));
            let gathered = edition.gathered();
            let mut metadata = gathered.iter();
            let found = metadata.find(|(name, _)| name.to_string() == "timestamp.json");
            found.unwrap().1.clone()
        });
        let tree = |timestamp: &bytes::Bytes| {
            let files = [
                (TIMESTAMP.to_owned(), timestamp.clone()),
                (format!("/{PAGE}"), picture.clone()),
            ];
            let control = ("/control".to_owned(), noise(8, 40_000));
            Arc::new(
                files
                    .into_iter()
                    .chain([control])
                    .collect::<HashMap<_, _>>(),
            )
        };
        let [old, new] = timestamps;
        Self {
            tree: tree(&new),
            stale: tree(&old),
            expected: Arc::new(Expectation {
                edition: 2,
                timestamp: Digest::of(&new),
                page: Page {
                    path: SitePath::parse(PAGE).unwrap(),
                    digest: Digest::of(&picture),
                    bytes: 60_000,
                },
            }),
        }
    }
}

fn options(authority: &Authority, names: &Names) -> Options {
    Options {
        line: Line::with(None, Arc::new(Book(names.clone())), authority.client(&[])),
        patience: patience(),
        abreast: 32,
        spread: Duration::ZERO,
        least_bytes_per_second: 8_000,
    }
}

/// Where all hosts are good.
fn unhurried(authority: &Authority, names: &Names) -> Options {
    let mut options = options(authority, names);
    options.patience = Patience {
        silence: Duration::from_secs(60),
        whole: Duration::from_secs(120),
    };
    options
}

/// Looks again if this test was held up meanwhile: what was late then says nothing of the hosts.
async fn looked(vantage: &Vantage, targets: &[Target], options: &Options) -> Vec<Probe> {
    for _ in 0..5 {
        let looking = look(vantage, targets, options, moment(0));
        let (probes, longest) = held_up(looking).await;
        if longest < Duration::from_secs(1) {
            return probes;
        }
        println!("once more: nothing ran for {longest:?}");
    }
    panic!("this machine stands still again and again");
}

/// With the longest time for which nothing of this test ran.
async fn held_up<T>(work: impl Future<Output = T>) -> (T, Duration) {
    const BEAT: Duration = Duration::from_millis(50);
    let (mut work, mut longest) = (std::pin::pin!(work), Duration::ZERO);
    loop {
        let begun = Instant::now();
        let done = tokio::time::timeout(BEAT, work.as_mut()).await;
        longest = longest.max(begun.elapsed());
        if let Ok(done) = done {
            return (done, longest);
        }
    }
}

fn patience() -> Patience {
    Patience {
        silence: Duration::from_millis(2_500),
        whole: Duration::from_secs(6),
    }
}

fn vantage(way: Way, controls: Vec<Url>) -> Vantage {
    Vantage {
        id: VantageId(1),
        name: "x".into(),
        place: Place::Inside,
        way,
        scope: Scope::All,
        controls,
    }
}

/// All causes at once, each on a host of its own.
struct Censored {
    authority: Authority,
    names: Names,
    cases: Vec<(&'static str, Host, Target, Seen)>,
    controls: Vec<(Host, Url)>,
    _liars: [Host; 2],
}

impl Censored {
    async fn start() -> Self {
        let (paper, authority) = (Paper::new(), Authority::new());
        let mut names = HashMap::new();
        let mut cases = Vec::new();
        let secure = hosts::tls(&authority, &["m.example", "control.example"]);
        names.insert("m.example".to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        names.insert(
            "control.example".to_owned(),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        );
        let fails = Seen::Fails;
        let frozen = fails(Cause::Frozen { after_kb: 0 });
        let wanted: [(&str, Conduct, bool, Seen); 14] = [
            ("works", Conduct::Good, true, Seen::Works),
            (
                "works, a connection each",
                Conduct::GoodOnce,
                true,
                Seen::Works,
            ),
            ("refused", Conduct::Refused, true, fails(Cause::Refused)),
            (
                "reset at the hello",
                Conduct::ResetsHello,
                true,
                fails(Cause::Reset),
            ),
            (
                "reset at the request",
                Conduct::ResetsRequest,
                false,
                fails(Cause::Reset),
            ),
            ("dropped", Conduct::Dropped, true, fails(Cause::Blackhole)),
            ("silent", Conduct::Silent, true, fails(Cause::Blackhole)),
            (
                "silent, without TLS",
                Conduct::Silent,
                false,
                fails(Cause::Blackhole),
            ),
            ("frozen", Conduct::FreezesAfter(15_000), true, frozen),
            (
                "throttled",
                Conduct::Slow(2_000),
                true,
                fails(Cause::Throttled),
            ),
            (
                "block page",
                Conduct::Page(200),
                false,
                fails(Cause::BlockPage),
            ),
            (
                "block page by law",
                Conduct::Page(451),
                false,
                fails(Cause::BlockPage),
            ),
            (
                "redirected",
                Conduct::Redirects,
                false,
                fails(Cause::BlockPage),
            ),
            (
                "flipped byte",
                Conduct::Flips,
                true,
                fails(Cause::WrongContent),
            ),
        ];
        for (what, conduct, is_secure, seen) in wanted {
            let tls = is_secure.then(|| secure.clone());
            let host = Host::start(conduct, &paper.tree, tls).await;
            let target = target(&paper, &host, is_secure, "m.example", cases.len());
            cases.push((what, host, target, seen));
        }
        let host = Host::start(Conduct::Good, &paper.stale, Some(secure.clone())).await;
        let target_ = target(&paper, &host, true, "m.example", cases.len());
        cases.push(("stale", host, target_, fails(Cause::Stale)));
        // Somebody else's certificate, at the right address.
        let other = hosts::tls(&authority, &["blocked.example"]);
        let host = Host::start(Conduct::Good, &paper.tree, Some(other.clone())).await;
        let target_ = target(&paper, &host, true, "m.example", cases.len());
        cases.push(("intercepted", host, target_, fails(Cause::WrongContent)));
        // The name leads to the censor's own host; the mirror is where it was.
        let tls = hosts::tls(&authority, &["lie.example"]);
        let (host, liar) = two_at_one_port(&paper.tree, Some(tls), Some(other)).await;
        names.insert("lie.example".to_owned(), liar.address.ip());
        let target_ = target(&paper, &host, true, "lie.example", cases.len());
        cases.push(("the resolver lies", host, target_, fails(Cause::DnsLies)));
        let (host, page) = two_at_one_port(&paper.tree, None, None).await;
        names.insert("page.example".to_owned(), page.address.ip());
        let target_ = target(&paper, &host, false, "page.example", cases.len());
        cases.push((
            "the resolver leads to a block page",
            host,
            target_,
            fails(Cause::DnsLies),
        ));
        // The resolver says that there is no such name.
        let host = Host::start(
            Conduct::Good,
            &paper.tree,
            Some(hosts::tls(&authority, &["gone.example"])),
        )
        .await;
        let target_ = target(&paper, &host, true, "gone.example", cases.len());
        cases.push(("the resolver hides", host, target_, fails(Cause::DnsLies)));
        let mut controls = Vec::new();
        for _ in 0..2 {
            let host = Host::start(Conduct::Good, &paper.tree, Some(secure.clone())).await;
            let url = format!("https://control.example:{}/control", host.address.port());
            controls.push((host, Url::parse(&url).unwrap()));
        }
        Self {
            authority,
            names: Arc::new(names),
            cases,
            controls,
            _liars: [liar, page],
        }
    }

    fn targets(&self) -> Vec<Target> {
        self.cases
            .iter()
            .map(|(_, _, target, _)| target.clone())
            .collect()
    }

    fn controls(&self) -> Vec<Url> {
        self.controls.iter().map(|(_, url)| url.clone()).collect()
    }

    async fn check(&self, way: Way, options: &Options) {
        let vantage = vantage(way, self.controls());
        let probes = looked(&vantage, &self.targets(), options).await;
        assert_eq!(probes.len(), self.cases.len());
        let mut faults = Vec::new();
        for ((what, _, target, expected), probe) in self.cases.iter().zip(probes) {
            assert_eq!((probe.mirror, probe.vantage), (target.mirror, VantageId(1)));
            let minutes = (probe.at - moment(0)).get_seconds() / 60;
            assert!(probe.at >= moment(0) && minutes < 30, "{}", probe.at);
            let seen = match probe.seen {
                Seen::Fails(Cause::Frozen { after_kb: 15..=24 }) => {
                    Seen::Fails(Cause::Frozen { after_kb: 0 })
                }
                seen => seen,
            };
            if (probe.controls, seen) != (Controls::Work, *expected) {
                faults.push(format!(
                    "{what}: expected {expected:?}, saw {:?}, controls {:?}",
                    probe.seen, probe.controls
                ));
            }
        }
        assert_eq!(faults, [""; 0], "by {:?}", vantage.way);
    }
}

fn target(paper: &Paper, host: &Host, is_secure: bool, name: &str, number: usize) -> Target {
    let scheme = if is_secure { "https" } else { "http" };
    Target {
        mirror: MirrorId(number as u64),
        url: Url::parse(&format!("{scheme}://{name}:{}/", host.address.port())).unwrap(),
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        expected: paper.expected.clone(),
    }
}

/// A mirror, and somebody else's host at another address but the same port.
async fn two_at_one_port(
    tree: &Tree,
    mirror: Option<Arc<rustls::ServerConfig>>,
    liar: Option<Arc<rustls::ServerConfig>>,
) -> (Host, Host) {
    for _ in 0..20 {
        let host = Host::start(Conduct::Good, tree, mirror.clone()).await;
        let beside = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), host.address.port()));
        if std::net::TcpListener::bind(beside).is_ok() {
            return (host, Host::at(beside, Conduct::Page(200), tree, liar).await);
        }
    }
    panic!("no port is free at two addresses");
}

#[tokio::test]
async fn every_cause_is_named_from_this_machine() {
    let censored = Censored::start().await;
    let options = options(&censored.authority, &censored.names);
    censored.check(Way::Direct, &options).await;
}

async fn check_proxied(speech: Speech, scheme: &str) {
    let censored = Censored::start().await;
    // This machine's own resolver does not see the mirrors at all.
    let options = options(&censored.authority, &Arc::default());
    let proxy = ProxyHost::start(speech, &censored.names).await;
    let proxy = Proxy::parse(&format!("{scheme}://{}", proxy.address)).map(|way| (proxy, way));
    let (_running, way) = proxy.unwrap();
    censored.check(Way::Proxy(way), &options).await;
}

#[tokio::test]
async fn every_cause_is_named_through_a_socks_proxy() {
    check_proxied(Speech::Socks5, "socks5h").await;
}

#[tokio::test]
async fn every_cause_is_named_through_an_http_proxy() {
    check_proxied(Speech::Connect, "http").await;
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts")
        .join(name)
}

/// `curl` with the censored network in its settings, as it would find it inside the country.
fn curl_probe(censored: &Censored, folder: &TempDir) -> Program {
    let mut settings = format!("cacert = \"{}\"\n", folder.path().join("ca.pem").display());
    for (_, _, target, _) in &censored.cases {
        let (name, port) = (target.url.domain().unwrap(), target.url.port().unwrap());
        if let Some(ip) = censored.names.get(name) {
            settings.push_str(&format!("resolve = \"{name}:{port}:{ip}\"\n"));
        }
    }
    for (_, url) in &censored.controls {
        settings.push_str(&format!(
            "resolve = \"control.example:{}:127.0.0.1\"\n",
            url.port().unwrap()
        ));
    }
    std::fs::write(folder.path().join(".curlrc"), settings).unwrap();
    std::fs::write(folder.path().join("ca.pem"), censored.authority.pem()).unwrap();
    Program {
        name: "env".into(),
        arguments: vec![
            format!("CURL_HOME={}", folder.path().display()),
            format!("HOME={}", folder.path().display()),
            script("probes/curl").display().to_string(),
            "2".into(),
            // curl needs five seconds to see that nothing comes any more.
            "15".into(),
        ],
        folder: folder.path().into(),
        passed: Vec::new(),
    }
}

#[tokio::test]
async fn every_cause_is_named_by_a_command() {
    for tool in ["curl", "jq"] {
        if std::process::Command::new(tool)
            .arg("--version")
            .output()
            .is_err()
        {
            println!("left out: `{tool}` is not installed");
            return;
        }
    }
    let (censored, folder) = (Censored::start().await, tempfile::tempdir().unwrap());
    let mut options = options(&censored.authority, &Arc::default());
    options.patience.whole = Duration::from_secs(15);
    let program = curl_probe(&censored, &folder);
    censored.check(Way::Command(program), &options).await;
}

/// Mirrors are not throttled by more than the line itself is.
#[tokio::test]
async fn a_command_on_a_slow_line_accuses_nobody() {
    for tool in ["curl", "jq"] {
        let found = std::process::Command::new(tool).arg("--version").output();
        if found.is_err() {
            println!("left out: `{tool}` is not installed");
            return;
        }
    }
    let (paper, folder) = (Paper::new(), tempfile::tempdir().unwrap());
    let mut options = options(&Authority::new(), &Arc::default());
    options.patience.whole = Duration::from_secs(15);
    let mirror = Host::start(Conduct::Slow(7_000), &paper.tree, None).await;
    for (control, expected) in [
        (Conduct::Slow(5_000), Seen::Works),
        (Conduct::Good, Seen::Fails(Cause::Throttled)),
    ] {
        let control = Host::start(control, &paper.tree, None).await;
        let url = Url::parse(&format!("http://{}/control", control.address)).unwrap();
        let program = Program {
            name: "env".into(),
            arguments: vec![
                format!("CURL_HOME={}", folder.path().display()),
                script("probes/curl").display().to_string(),
                "5".into(),
                "15".into(),
            ],
            folder: folder.path().into(),
            passed: Vec::new(),
        };
        let vantage = vantage(Way::Command(program), vec![url]);
        let targets = [target(&paper, &mirror, false, "127.0.0.1", 0)];
        let probes = looked(&vantage, &targets, &options).await;
        assert_eq!(
            (probes[0].seen, probes[0].controls),
            (expected, Controls::Work)
        );
    }
}

/// What a vantage says of two mirrors, of which one is blocked, when its controls do so.
async fn blind(
    controls: &[Conduct],
    way: impl AsyncFnOnce(&Names) -> (Way, Option<ProxyHost>),
) -> (Vec<Seen>, Vec<Controls>, usize) {
    let (paper, authority) = (Paper::new(), Authority::new());
    let names: Names = Arc::new(
        ["m.example", "control.example"]
            .map(|name| (name.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .into(),
    );
    let mirrors = [
        Host::start(Conduct::Good, &paper.tree, None).await,
        Host::start(Conduct::ResetsRequest, &paper.tree, None).await,
    ];
    let targets: Vec<Target> = mirrors
        .iter()
        .enumerate()
        .map(|(n, host)| target(&paper, host, false, "m.example", n))
        .collect();
    let (mut running, mut urls) = (Vec::new(), Vec::new());
    for conduct in controls {
        let host = Host::start(*conduct, &paper.tree, None).await;
        urls.push(
            Url::parse(&format!(
                "http://control.example:{}/control",
                host.address.port()
            ))
            .unwrap(),
        );
        running.push(host);
    }
    let (way, _kept) = way(&names).await;
    let probes = looked(&vantage(way, urls), &targets, &options(&authority, &names)).await;
    let met = mirrors.iter().map(Host::met).sum();
    let (seen, controls) = probes
        .iter()
        .map(|probe| (probe.seen, probe.controls))
        .unzip();
    (seen, controls, met)
}

async fn direct(_: &Names) -> (Way, Option<ProxyHost>) {
    (Way::Direct, None)
}

#[tokio::test]
async fn a_vantage_whose_controls_fail_accuses_nobody_and_asks_no_mirror() {
    use Conduct::{Dropped, Good, Redirects, Refused};
    for controls in [
        &[][..],
        &[Dropped],
        &[Good, Refused],
        &[Refused, Refused, Good],
        &[Redirects],
    ] {
        let (_, said, met) = blind(controls, direct).await;
        assert_eq!(said, [Controls::Fail; 2], "{controls:?}");
        assert_eq!(met, 0, "{controls:?}");
    }
    let (seen, said, _) = blind(&[Good, Refused, Good], direct).await;
    assert_eq!(seen, [Seen::Works, Seen::Fails(Cause::Reset)]);
    assert_eq!(said, [Controls::Work; 2]);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_accuses_nobody() {
    let gone = async |_: &Names| {
        let port = {
            std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let proxy = Proxy::parse(&format!("socks5h://127.0.0.1:{port}")).unwrap();
        (Way::Proxy(proxy), None)
    };
    let (_, said, met) = blind(&[Conduct::Good], gone).await;
    assert_eq!((said, met), (vec![Controls::Fail; 2], 0));
}

#[tokio::test]
async fn a_command_that_fails_or_lies_about_its_controls_accuses_nobody() {
    let says = |script: &str| {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let program = Program {
            name: "sh".into(),
            arguments,
            folder: "/".into(),
            passed: Vec::new(),
        };
        async move |_: &Names| (Way::Command(program), None)
    };
    let accuse = "while read -r line; do echo \"$line\"; done | sed -n 's/.*\"mirror\":\"\\([^\"]*\\)\".*/{\"mirror\":\"\\1\",\"seen\":\"reset\"}/p'";
    let controls = "sed 's/\"control\":\\(\"[^\"]*\"\\)/\"control\":\\1,\"works\":true/'";
    for script in ["exit 1", "echo no JSON at all", "yes", accuse] {
        let (_, said, _) = blind(&[Conduct::Good], says(script)).await;
        assert_eq!(said, [Controls::Fail; 2], "{script}");
    }
    let both = format!("tee all >/dev/null; {controls} <all; cat all | {accuse}");
    let in_folder = format!("cd \"$(mktemp -d)\" && {both}");
    let (seen, said, _) = blind(&[Conduct::Good], says(&in_folder)).await;
    assert_eq!(
        (seen, said),
        (vec![Seen::Fails(Cause::Reset); 2], vec![Controls::Work; 2])
    );
}

#[tokio::test]
async fn a_network_that_goes_down_during_the_look_accuses_nobody() {
    let (paper, authority) = (Paper::new(), Authority::new());
    let names: Names = Arc::new(
        ["m.example", "control.example"]
            .map(|name| (name.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .into(),
    );
    let good = Host::start(Conduct::Good, &paper.tree, None).await;
    let silent = Host::start(Conduct::Silent, &paper.tree, None).await;
    let control = Host::start(Conduct::Good, &paper.tree, None).await;
    let controls = [Url::parse(&format!(
        "http://control.example:{}/control",
        control.address.port()
    ))
    .unwrap()];
    let targets = [
        target(&paper, &good, false, "m.example", 0),
        target(&paper, &silent, false, "m.example", 1),
    ];
    let options = options(&authority, &names);
    let vantage = vantage(Way::Direct, controls.into());
    let looking = look(&vantage, &targets, &options, moment(0));
    let fails = async {
        // The first look at the control is over when the silent mirror is met.
        while silent.met() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(control);
    };
    let (probes, ()) = tokio::join!(looking, fails);
    assert_eq!(
        (probes[0].seen, probes[0].controls),
        (Seen::Works, Controls::Work)
    );
    assert_eq!(probes[1].controls, Controls::Fail);
}

#[tokio::test]
async fn a_thin_line_is_no_throttling() {
    let (paper, authority) = (Paper::new(), Authority::new());
    let names: Names = Arc::new(
        ["m.example", "control.example"]
            .map(|name| (name.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .into(),
    );
    let host = Host::start(Conduct::Slow(14_000), &paper.tree, None).await;
    let targets = [target(&paper, &host, false, "m.example", 0)];
    let mut options = options(&authority, &names);
    options.patience.whole = Duration::from_secs(20);
    options.least_bytes_per_second = 100_000;
    for (rate, expected) in [
        (14_000, Seen::Works),
        (10_000_000, Seen::Fails(Cause::Throttled)),
    ] {
        let control = Host::start(Conduct::Slow(rate), &paper.tree, None).await;
        let controls = [Url::parse(&format!(
            "http://control.example:{}/control",
            control.address.port()
        ))
        .unwrap()];
        let probes = looked(&vantage(Way::Direct, controls.into()), &targets, &options).await;
        assert_eq!(
            (probes[0].seen, probes[0].controls),
            (expected, Controls::Work),
            "{rate}"
        );
    }
}

#[tokio::test]
async fn a_probe_asks_as_a_browser_does_and_names_nobody() {
    let (paper, authority) = (Paper::new(), Authority::new());
    let names: Names = Arc::new([("m.example".to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))].into());
    let host = Host::start(Conduct::Good, &paper.tree, None).await;
    let targets = [target(&paper, &host, false, "m.example", 0)];
    let controls =
        [Url::parse(&format!("http://m.example:{}/control", host.address.port())).unwrap()];
    look(
        &vantage(Way::Direct, controls.into()),
        &targets,
        &unhurried(&authority, &names),
        moment(0),
    )
    .await;
    let asked = host.asked.lock().unwrap().clone();
    assert_eq!(
        asked.len(),
        4,
        "controls, timestamp, page, controls: {asked:?}"
    );
    for head in asked {
        let head = head.to_lowercase();
        for header in [
            "host: m.example",
            "user-agent: mozilla/5.0",
            "accept: text/html",
            "accept-language: ",
            "accept-encoding: gzip",
        ] {
            assert!(head.contains(&format!("\r\n{header}")), "{head}");
        }
        for telling in ["colport/", "probe", "cookie", "referer", "range", "if-"] {
            assert!(!head.contains(&format!("\r\n{telling}")), "{head}");
        }
    }
    assert_eq!(host.met(), 3, "timestamp and page come by one connection");
}

/// A mirror that runs, and what it tells of others.
async fn rumours(mirror: &Url, others: &[(MirrorId, Url)]) -> Vec<hints::Hint> {
    let wire = HttpFetch::new(colport::io::fetch::Patience::default());
    hints::hear(&wire, std::slice::from_ref(mirror), others).await
}

#[tokio::test]
async fn what_readers_report_reaches_the_publisher_as_a_hint_and_accuses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut newsroom = Newsroom::found(1, 2);
    let edition = newsroom.publish(moment(0));
    std::fs::write(folder.path().join("edition.tar.gz"), edition.bundle()).unwrap();
    let mut options =
        server::Options::new(folder.path().join("mirror"), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(server::Anchor::Root(newsroom.first_root()));
    options.bundle = Some(folder.path().join("edition.tar.gz"));
    let server = server::start(options, Arc::new(SystemClock)).await.unwrap();
    let good = Url::parse(&server.url()).unwrap();
    let refused = Host::start(Conduct::Refused, &Tree::default(), None).await;
    let blocked = Url::parse(&format!("http://{}/", refused.address)).unwrap();
    let mirrors = [(MirrorId(4), blocked.clone()), (MirrorId(5), good.clone())];
    for reader in 0..40 {
        // Each comes by connections of his own.
        let wire = HttpFetch::new(colport::io::fetch::Patience::default());
        let store = folder.path().join(format!("reader-{}", reader % 2));
        let trust = reader::FirstTrust::Root(newsroom.first_root());
        let options = reader::Options::new(vec![blocked.clone(), good.clone()], store, trust);
        let got = reader::get(&wire, moment(1), &options, &mut |_| {})
            .await
            .unwrap();
        assert!(reader::tell(&wire, &options.mirrors, &got, "by".parse().ok()).await);
        if reader == 0 {
            assert_eq!(
                rumours(&good, &mirrors).await,
                [],
                "one reader leaves no trace"
            );
        }
    }
    let heard = rumours(&good, &mirrors).await;
    let [hint] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(
        (hint.mirror, hint.failure, hint.country),
        (MirrorId(4), Failure::Unreachable, "by".parse().ok())
    );
    // Whoever does not know the address learns nothing from it.
    let strange = [(MirrorId(4), Url::parse("https://other.example/").unwrap())];
    assert_eq!(rumours(&good, &strange).await, []);
}

#[tokio::test]
async fn a_mirror_refuses_what_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let newsroom = Newsroom::found(1, 0);
    let mut options =
        server::Options::new(folder.path().join("mirror"), ([127, 0, 0, 1], 0).into());
    options.anchor = Some(server::Anchor::Root(newsroom.first_root()));
    let server = server::start(options, Arc::new(SystemClock)).await.unwrap();
    let url = colport::io::address::reports(&Url::parse(&server.url()).unwrap());
    let wire = HttpFetch::new(colport::io::fetch::Patience::default());
    let mark = Mark::of(&url);
    let good = Report::new(vec![(mark, Failure::Slow)], None).to_json();
    for (body, status) in [
        (good.clone(), 202),
        (b"{}".to_vec(), 400),
        (vec![b' '; 3_000], 400),
        ([&good[..], b"x"].concat(), 400),
    ] {
        let body = Body {
            length: body.len() as u64,
            content_type: "application/json",
            pieces: futures_util::stream::iter([bytes::Bytes::from(body)]).boxed(),
        };
        let answer = wire.post(url.clone(), body).await.unwrap();
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_real_mirror_works_over_http_2_and_with_gzip() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let mut newsroom = Newsroom::found(1, 0);
    newsroom.write("be/long.html", "<p>The river rose again.".repeat(3_000));
    let edition = newsroom.publish(moment(0));
    std::fs::write(folder.path().join("edition.tar.gz"), edition.bundle()).unwrap();
    let mut options_of =
        server::Options::new(folder.path().join("mirror"), ([127, 0, 0, 1], 0).into());
    options_of.anchor = Some(server::Anchor::Root(newsroom.first_root()));
    options_of.bundle = Some(folder.path().join("edition.tar.gz"));
    options_of.identities = vec![authority.identity(folder.path(), "m", &["m.example"])];
    let server = server::start(options_of, Arc::new(SystemClock))
        .await
        .unwrap();
    let names: Names = Arc::new([("m.example".to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))].into());
    let url = Url::parse(&format!("https://m.example:{}/", server.address().port())).unwrap();
    let source = Source::new(edition, Vec::new()).unwrap();
    let expected = Expectation::of(&source, 0).unwrap();
    assert_eq!(expected.page.path.as_str(), "be/long.html");
    let targets = [Target {
        mirror: MirrorId(1),
        url: url.clone(),
        addresses: Vec::new(),
        expected: Arc::new(expected),
    }];
    let vantage = vantage(Way::Direct, vec![url]);
    let options = unhurried(&authority, &names);
    let probes = look(&vantage, &targets, &options, moment(0)).await;
    assert_eq!(
        (probes[0].seen, probes[0].controls),
        (Seen::Works, Controls::Work)
    );
}
