//! What REDbot, which knows HTTP caching by heart, thinks of our answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use colport::io::clock::{Clock, SystemClock};
use colport::server::start;
use tempfile::TempDir;

use super::press::{Newsroom, path, site};
use super::server::options;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redbot_finds_nothing_bad() {
    let usual = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/foreign/redbot/bin/python"
    );
    let python = std::env::var("COLPORT_REDBOT").unwrap_or_else(|_| usual.to_owned());
    if !Path::new(&python).exists() {
        let is_allowed = std::env::var_os("COLPORT_ALLOW_MISSING_TOOLS").is_some();
        assert!(is_allowed, "`{python}` is missing: run scripts/test-tools");
        println!("not tried, since it is missing: `{python}`");
        return;
    }
    let page = format!("<!doctype html><title>t</title><p>{}", "river ".repeat(500));
    // REDbot asks for a part of about a hundred bytes.
    let feed = format!("<feed>{}</feed>", "<entry/>".repeat(50));
    let mut files = site(&[
        ("index.html", &page),
        ("be/index.html", &page),
        ("be/2026/11/river/index.html", &page),
        ("be/feed.xml", &feed),
        ("assets/style.css", &"p { color: #111 }\n".repeat(20)),
    ]);
    // A picture is only stored, so that its bytes can be sent as they lie.
    let picture = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fuzz/photo.webp"
    ));
    let picture = picture.expect("it is part of the project");
    files.insert(path("be/2026/11/river/1.webp"), picture.into());
    // REDbot compares our clock with its own.
    let mut newsroom = Newsroom::new();
    newsroom.now = SystemClock.now();
    newsroom.publish(&files);
    let state = TempDir::new().unwrap();
    let mut options = options(&newsroom, state.path());
    options.bundle = Some(newsroom.folder.bundle(1));
    let server = start(options, Arc::new(SystemClock)).await.unwrap();
    let places = [
        "",
        "be/2026/11/river/",
        "be/feed.xml",
        "assets/style.css",
        "be/2026/11/river/1.webp",
        ".colport/metadata/timestamp.json",
        ".colport/metadata/1.root.json",
        ".colport/bundle/1.tar.gz",
    ];
    for place in places {
        let url = format!("{}{place}", server.url());
        let mut check = tokio::process::Command::new(&python);
        check.arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/redbot/check.py"
        ));
        let checked = check.arg(&url).kill_on_drop(true).output();
        let checked = tokio::time::timeout(Duration::from_secs(120), checked).await;
        let checked = checked.expect("it ends").unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        let erred = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}{erred}");
        assert!(said.starts_with(&format!("{url} 200\n")), "{said}");
        println!("{said}");
    }
}
