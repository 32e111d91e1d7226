//! Hostile markup in a real browser: what comes out of extraction and cleaning runs nothing and asks nobody.
//!
//! 1. Every snippet is cleaned as it is and as either way of extraction leaves it, and laid into a real page of the site,
//!    many to a page.
//! 2. Chromium opens the pages from a server of ours, once with their Content-Security-Policy and once without, so that
//!    the cleaning is seen to hold alone. Every host name leads back to that server.
//! 3. A hook in each page counts what scripts do; the server counts what is asked for besides the pages.
//! 4. A page that was not cleaned shows that both are counted.
//!
//! Without Chromium this is left out, and says so.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use colport::base::SitePath;
use colport::packager::extract;
use colport::site::{self, Language, Link, Picture, Resolve};
use url::Url;

/// Snippets to a page.
const BATCH: usize = 60;

/// Counts whatever a script of a snippet could do that shows, and errors, which only a script makes.
const HOOK: &str = "<script>var runs=0;for(const n of ['alert','confirm','prompt','print','open','fetch','eval','atob','postMessage'])\
    window[n]=()=>{runs++};addEventListener('error',e=>{if(e.target===window)runs++},true);\
    console.log=()=>{runs++};document.write=()=>{runs++};document.writeln=()=>{runs++};</script>";

/// Opens one page after the other in a frame; what it finds is its own text at the end.
const HARNESS: &str = "<!DOCTYPE html><meta charset=utf-8><link rel=icon href=data:,><body><script>(async()=>{let found=[];\
    for(let n=0;n<COUNT;n++){const f=document.createElement('iframe');document.body.append(f);\
    await new Promise(d=>{f.onload=d;f.src='/page/'+n;});await new Promise(d=>setTimeout(d,20));let w=f.contentWindow,r;\
    try{r=[w.runs,w.document.querySelectorAll('main b[data-end]').length,\
    w.document.querySelectorAll('main script,main iframe,main object,main embed,main form,main link,main style,main meta,main svg,main math,'+\
    '[onload],[onerror],[style],main [srcset],main [poster],main [background],main [src]:not([src=\"1.webp\"])').length]}\
    catch(e){r=['gone',0,0]}found.push(r.join(' '));f.remove();}\
    document.body.innerHTML='<pre id=found>'+found.join('\\n')+'</pre>';})()</script>";

/// When there is no corpus beside the project.
const OWN: &[&str] = &[
    "<script>alert(1)</script><img src=//e.example/1 onerror=alert(1)>",
    "<svg onload=alert(1)><image href=//e.example/2></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<noscript><p title=\"</noscript><img src=//e.example/3 onerror=alert(1)>\">",
    "<a href=\"java\tscript:alert(1)\" autofocus onfocus=alert(1) tabindex=1>x</a>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe><object data=//e.example/4></object><embed src=//e.example/5>",
    "<meta http-equiv=refresh content='0;url=//e.example/6'><base href=//e.example/7><link rel=stylesheet href=//e.example/8>",
    "<p style='background:url(//e.example/9)'>x</p><table background=//e.example/10><tr><td background=//e.example/11>",
    "<video poster=//e.example/12 src=//e.example/13 autoplay></video><picture><source srcset=//e.example/14><img></picture>",
    "<input autofocus onfocus=alert(1)><details open ontoggle=alert(1)>x</details><body onload=alert(1)>",
    "<style>@import '//e.example/15';*{background:url(//e.example/16)}</style><xmp><img src=x onerror=alert(1)></xmp>",
];

fn snippets() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/xss/vectors.json");
    let Ok(json) = std::fs::read(file) else {
        println!(
            "no corpus of hostile markup beside the project: a few snippets of its own are shown"
        );
        return OWN.iter().map(ToString::to_string).collect();
    };
    let vectors: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    let payloads = vectors
        .iter()
        .map(|vector| vector["payload"].as_str().unwrap().to_owned());
    payloads
        .chain(OWN.iter().map(ToString::to_string))
        .collect()
}

struct World;

impl Resolve for World {
    fn link(&self, href: &str) -> Link {
        Link::Outside(href.to_owned())
    }

    /// Every picture has a copy in the site.
    fn picture(&self, _: &str) -> Option<Picture> {
        Some(Picture {
            small: None,
            path: path("be/2026/11/river/1.webp"),
            width: 8,
            height: 8,
            alt: String::new(),
            caption: None,
        })
    }
}

fn path(text: &str) -> SitePath {
    SitePath::parse(text).unwrap()
}

/// As an article that is nothing but this, and as one that holds it, told finished and in short.
fn cleaned(snippet: &str) -> [String; 3] {
    let clean = |html: &str| {
        site::clean(html, &path("be/2026/11/river/index.html"), &World)
            .as_str()
            .to_owned()
    };
    let base = Url::parse("https://n.example/a").unwrap();
    let within = format!("<p>{}</p>{snippet}", "Words of an article. ".repeat(20));
    let finished = extract::extract_finished(&within, None, &base);
    let summary = extract::extract_summary(&within, None, &base);
    let shown = [finished, summary]
        .map(|read| read.map_or(String::new(), |read| clean(&read.html_with_lead())));
    let [finished, summary] = shown;
    [clean(snippet), finished, summary]
}

/// Real pages of the site, with what is in `bodies` in their text; the hook stands before their policy.
fn pages(bodies: &[String], has_policy: bool) -> Vec<String> {
    let page = String::from_utf8(site::not_found(&Language::parse("be").unwrap())).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains("</main>"));
    let page = match has_policy {
        true => page.replacen("<meta ", &format!("{HOOK}<meta "), 1),
        false => page
            .replacen("<meta ", &format!("{HOOK}<meta "), 1)
            .replacen("http-equiv=\"Content-Security-Policy\"", "name=\"none\"", 1),
    };
    let laid = bodies.chunks(BATCH).map(|bodies| {
        let mut text = String::new();
        for body in bodies {
            let _ = write!(text, "<div>{body}</div><b data-end></b>");
        }
        page.replacen("</main>", &format!("{text}</main>"), 1)
    });
    laid.collect()
}

/// What was asked for besides the pages, as a request line and a host, or `TLS`.
type Asked = Arc<Mutex<Vec<String>>>;

fn serve(pages: Vec<String>) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let harness = HARNESS.replace("COUNT", &pages.len().to_string());
    let (pages, log) = (Arc::new((harness, pages)), asked.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (pages, log) = (pages.clone(), log.clone());
            std::thread::spawn(move || answer(stream, port, &pages.0, &pages.1, &log));
        }
    });
    (port, asked)
}

fn answer(mut stream: TcpStream, port: u16, harness: &str, pages: &[String], log: &Asked) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n")
        && head.len() < 16_000
        && stream.read(&mut byte).is_ok_and(|n| n == 1)
    {
        head.push(byte[0]);
        if head[0] == 0x16 {
            let mut hello = [0; 4096];
            let length = stream.read(&mut hello).unwrap_or(0);
            let hello = String::from_utf8_lossy(&hello[..length]).into_owned();
            if !is_browsers_own(&hello) {
                log.lock().unwrap().push(format!("TLS {hello:?}"));
            }
            return;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let Some(line) = head.lines().next() else {
        return;
    };
    let own = head.contains(&format!("Host: 127.0.0.1:{port}\r\n"));
    let wanted = line.split(' ').nth(1).unwrap_or_default();
    let page = wanted
        .strip_prefix("/page/")
        .and_then(|number| pages.get(number.parse::<usize>().ok()?));
    let body = match (own, wanted, page) {
        (true, "/", _) => harness,
        (true, _, Some(page)) => page,
        // The copy of a picture, which lies beside the page.
        (true, "/page/1.webp" | "/1.webp", _) => "",
        _ => {
            let host = head
                .lines()
                .find(|line| line.starts_with("Host:"))
                .unwrap_or_default();
            if !is_browsers_own(host) {
                log.lock().unwrap().push(format!("{line} {host}"));
            }
            ""
        }
    };
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Chromium asks its maker for updates, whatever it is told. An address of those hosts in a page would be seen among the
/// elements that should not be there.
fn is_browsers_own(host: &str) -> bool {
    [".google.com", ".googleapis.com", ".gvt1.com"]
        .iter()
        .any(|own| host.contains(own))
}

/// Of each page: how often scripts ran, how many snippets ended where they should, how many elements should not be there.
struct Shown {
    pages: Vec<(String, usize, usize)>,
    asked: Vec<String>,
}

/// `None` where there is no Chromium.
fn shown(pages: Vec<String>) -> Option<Shown> {
    let count = pages.len();
    let (port, asked) = serve(pages);
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--disable-default-apps",
        ])
        .args([
            "--disable-domain-reliability",
            "--disable-client-side-phishing-detection",
            "--no-pings",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "--host-resolver-rules=MAP * 127.0.0.1:{port}, EXCLUDE 127.0.0.1"
        ))
        .args([
            "--timeout=900000",
            "--virtual-time-budget=600000",
            "--dump-dom",
        ])
        .arg(format!("http://127.0.0.1:{port}/"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let dom = String::from_utf8_lossy(&output.stdout);
    let found = dom
        .split_once("<pre id=\"found\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"));
    let (found, _) =
        found.unwrap_or_else(|| panic!("the browser did not come to the end: {dom:.300}"));
    let pages: Vec<(String, usize, usize)> = found
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (
                words[0].to_owned(),
                words[1].parse().unwrap(),
                words[2].parse().unwrap(),
            )
        })
        .collect();
    assert_eq!(pages.len(), count);
    let asked = asked.lock().unwrap().clone();
    Some(Shown { pages, asked })
}

#[test]
fn hostile_markup_runs_nothing_and_asks_nobody_in_a_browser() {
    let raw = vec![
        "<script>alert(1)</script><img src='http://e.example/1.png' onerror='alert(1)'>".to_owned(),
    ];
    let Some(control) = shown(pages(&raw, false)) else {
        println!("left out: `chromium` is not installed");
        return;
    };
    assert!(
        control.pages[0].0.parse::<usize>().unwrap() >= 1,
        "scripts are counted"
    );
    assert!(
        control
            .asked
            .iter()
            .any(|asked| asked.contains("e.example")),
        "{:?}",
        control.asked
    );

    let snippets = snippets();
    let bodies: Vec<String> = snippets
        .iter()
        .flat_map(|snippet| cleaned(snippet))
        .collect();
    assert!(bodies.iter().filter(|body| !body.trim().is_empty()).count() > snippets.len());
    for has_policy in [true, false] {
        let shown = shown(pages(&bodies, has_policy)).unwrap();
        assert_eq!(shown.asked, [""; 0], "with policy: {has_policy}");
        for (number, (runs, ends, strange)) in shown.pages.iter().enumerate() {
            let expected = bodies.chunks(BATCH).nth(number).unwrap().len();
            assert_eq!(runs, "0", "page {number}, with policy: {has_policy}");
            assert_eq!(
                *ends, expected,
                "page {number} is torn, with policy: {has_policy}"
            );
            assert_eq!(*strange, 0, "page {number}, with policy: {has_policy}");
        }
    }
    println!(
        "{} snippets, with policy and without: no script ran, nothing was asked for",
        snippets.len()
    );
}
