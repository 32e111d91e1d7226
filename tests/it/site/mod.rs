//! The site as a reader has it: the demo newsroom's edition, packed by the program, unpacked on a disk, and looked at with
//! a browser, a checker of accessibility, and browsers that show text only.

mod keyboard;
mod light;
mod tongues;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

const COLPORT: &str = env!("CARGO_BIN_EXE_colport");
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo");
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/target/foreign/axe/node_modules/axe-core/axe.min.js"
);

/// The unpacked site of the demo newsroom, made once.
fn demo() -> &'static Path {
    static SITE: OnceLock<TempDir> = OnceLock::new();
    SITE.get_or_init(unpacked).path()
}

fn unpacked() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::copy(
        format!("{DEMO}/colport.toml"),
        desk.path().join("colport.toml"),
    )
    .unwrap();
    copy(
        Path::new(&format!("{DEMO}/newsroom")),
        &desk.path().join("articles"),
    );
    run(Command::new(COLPORT).arg("init").arg(desk.path()));
    run(Command::new(COLPORT)
        .args(["pack", "--site"])
        .arg(desk.path()));
    let site = tempfile::tempdir().unwrap();
    let bundle = desk.path().join("editions/1.tar.gz");
    run(Command::new("tar")
        .arg("-xzf")
        .arg(bundle)
        .arg("-C")
        .arg(site.path()));
    site
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (source, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        match source.is_dir() {
            true => copy(&source, &target),
            false => drop(fs::copy(&source, &target).unwrap()),
        }
    }
}

/// Every page below `folder`, relative to `site`, in order.
fn pages(site: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(pages(site, &path)),
            false if path.extension().is_some_and(|e| e == "html") => {
                let below = path.strip_prefix(site).unwrap();
                found.push(below.to_str().unwrap().to_owned());
            }
            false => {}
        }
    }
    found.sort();
    found
}

/// A tool that `scripts/test-tools` installs. A missing one fails the test unless the environment allows it.
fn has(tool: &str) -> bool {
    let found = match tool.contains('/') {
        true => Path::new(tool).exists(),
        false => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(tool).exists()),
    };
    let is_allowed = std::env::var_os("COLPORT_ALLOW_MISSING_TOOLS").is_some();
    assert!(
        found || is_allowed,
        "`{tool}` is missing: run scripts/test-tools"
    );
    if !found {
        println!("not tried, since it is missing: `{tool}`");
    }
    found
}

/// Lays a page with a script beside the site and lets a browser run it; gives what the script says.
fn browse(site: &Path, script: &str, more: &[&str]) -> Vec<String> {
    let page = site.join("run.html");
    let html =
        format!("<!DOCTYPE html><meta charset=utf-8><pre id=said></pre><script>{script}</script>");
    fs::write(&page, html).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut chromium = Command::new("chromium");
    // A page on a disk is a world of its own; the flag lets the one that drives look into the others.
    chromium
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--allow-file-access-from-files",
        ])
        .args(["--virtual-time-budget=600000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(more)
        .arg(format!("file://{}", page.display()));
    let dom = run(&mut chromium);
    fs::remove_file(page).unwrap();
    let (_, said) = dom.split_once("id=\"said\">").expect("the page is there");
    let (said, _) = said.split_once("</pre>").expect("the page is whole");
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(lines.last().map(String::as_str), Some("finished"), "{said}");
    lines
}

/// A copy of the site with axe in every page, and without the policies that would stop it.
fn with_axe(site: &Path) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    copy(site, place.path());
    fs::copy(AXE, place.path().join("axe.js")).unwrap();
    for page in pages(place.path(), place.path()) {
        let file = place.path().join(&page);
        let html = fs::read_to_string(&file).unwrap();
        let start = html
            .find("<meta http-equiv=\"Content-Security-Policy\"")
            .unwrap();
        let end = start + html[start..].find('>').unwrap() + 1;
        let up = "../".repeat(page.matches('/').count());
        let axe = format!("<script src=\"{up}axe.js\"></script></body>");
        let html = format!("{}{}", &html[..start], &html[end..]).replace("</body>", &axe);
        fs::write(&file, html).unwrap();
    }
    place
}

/// WCAG 2.2 A and AA and axe's own best practices, on all pages that are wanted; nothing is wider than the screen. A screen
/// of 320 pixels is one of 1280 at 400 %.
fn check_access(
    site: &Path,
    is_wanted: impl Fn(&str) -> bool,
    widths: &[u32],
    scheme: &str,
    more: &[&str],
) {
    if !(has("chromium") && has(AXE)) {
        return;
    }
    let place = with_axe(site);
    let mut looked_at = pages(place.path(), place.path());
    looked_at.retain(|page| is_wanted(page));
    let addresses = serde_json::to_string(&looked_at).unwrap();
    let script = format!(
        "const pages = {addresses}, widths = {widths:?};{}",
        include_str!("inspect.js")
    );
    let said = browse(place.path(), &script, more);
    let wrong: Vec<_> = said
        .iter()
        .filter(|line| line.starts_with("wrong"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let looked = said
        .iter()
        .filter(|line| line.contains(&format!(" {scheme}: ")));
    let expected = looked_at.len() * widths.len();
    assert_eq!(looked.count(), expected, "{scheme}: {said:#?}");
    assert!(looked_at.len() > 20, "{looked_at:?}");
}

#[test]
fn axe_finds_nothing_on_the_pages_of_the_demo() {
    let is_wanted =
        |page: &str| !page.contains('/') || page.starts_with("be/") || page.starts_with("fa/");
    check_access(demo(), is_wanted, &[320, 1280], "light", &[]);
}

/// The page that `colport sync` shows to the operator.
fn check_operators_page(scheme: &str, more: &[&str]) {
    if !(has("chromium") && has(AXE)) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    fs::copy(AXE, place.path().join("axe.js")).unwrap();
    let html = crate::page::html();
    let with_axe = html.replace("</body>", "<script src=\"axe.js\"></script></body>");
    fs::write(place.path().join("page.html"), with_axe).unwrap();
    let script = format!(
        "const pages = [\"page.html\"], widths = [320, 1280];{}",
        include_str!("inspect.js")
    );
    let said = browse(place.path(), &script, more);
    let wrong = said.iter().filter(|line| line.starts_with("wrong"));
    assert_eq!(wrong.count(), 0, "{said:#?}");
    let looked = said
        .iter()
        .filter(|line| line.contains(&format!(" {scheme}: ")));
    assert_eq!(looked.count(), 2, "{said:#?}");
}

#[test]
fn axe_finds_nothing_on_the_operators_page() {
    check_operators_page("light", &[]);
    check_operators_page("dark", &["--blink-settings=preferredColorScheme=0"]);
}

#[test]
fn axe_would_find_something() {
    if !(has("chromium") && has(AXE)) {
        return;
    }
    let place = with_axe(demo());
    let page = place.path().join("be/index.html");
    let html = fs::read_to_string(&page).unwrap();
    let pale = html
        .replace("--soft:#5d584f", "--soft:#cccccc")
        .replace("<main", "<img src=x><main");
    assert_ne!(html, pale);
    fs::write(&page, pale).unwrap();
    let script = format!(
        "const pages = [\"be/index.html\"], widths = [320];{}",
        include_str!("inspect.js")
    );
    let said = browse(place.path(), &script, &[]).join("\n");
    for fault in ["color-contrast", "image-alt"] {
        assert!(said.contains(fault), "{said}");
    }
}

/// The pages are those of the edition, with their policies, on a disk.
#[test]
fn the_search_finds_words_in_other_forms_without_a_server() {
    if !has("chromium") {
        return;
    }
    let site = tempfile::tempdir().unwrap();
    copy(demo(), site.path());
    let questions = [
        ["en/search.html", "nurse bakers"],
        ["en/search.html", "BRIDGES"],
        ["be/search.html", "паромамі"],
        ["fa/search.html", "كاريز"],
        ["zh/search.html", "显微镜"],
        ["en/search.html", "zeppelin"],
        ["be/search.html", "рамонт"],
    ];
    let addresses = serde_json::to_string(&questions).unwrap();
    let script = format!("const questions = {addresses};{}", include_str!("ask.js"));
    let said = browse(site.path(), &script, &[]);
    let check = |line: usize, found: &str| {
        let line = &said[line];
        assert!(
            line.starts_with("true | ") && line.contains(found),
            "{line}"
        );
    };
    check(
        0,
        "| The last tram no longer leaves at ten &lt;2026/11/night-trams-",
    );
    check(1, "| The town that mended its own bridge");
    check(2, "| Паром вярнуўся на Мжану");
    check(3, "| کاریز هفت‌صدساله");
    check(4, "| 年轻人回到茶山");
    check(5, "| Nothing was found.");
    check(6, "| Паром вярнуўся на Мжану");
}

fn text_of(program: &str, arguments: &[&str], page: &Path) -> String {
    run(Command::new(program)
        .args(arguments)
        .arg(page)
        .env("LANG", "C.UTF-8"))
}

/// What stands in a text browser, in this order.
#[track_caller]
fn check_order(text: &str, wanted: &[&str]) {
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = flowing.as_str();
    for words in wanted {
        let found = rest.split_once(words);
        (_, rest) =
            found.unwrap_or_else(|| panic!("`{words}` is not there, or too early, in\n{text}"));
    }
}

#[test]
fn text_browsers_show_all_there_is_to_read() {
    let article = pages(demo(), &demo().join("en/2026/11"));
    let article = article.iter().find(|page| page.contains("bridge")).unwrap();
    for (program, arguments) in [
        ("w3m", &["-dump", "-cols", "80"][..]),
        (
            "lynx",
            &["-dump", "-width=80", "-display_charset=utf-8"][..],
        ),
    ] {
        if !has(program) {
            continue;
        }
        let text = |page: &str| text_of(program, arguments, &demo().join(page));
        check_order(
            &text("en/index.html"),
            &[
                "The River Post",
                "Latest",
                "Archive",
                "Search",
                "News from both banks",
                "Villages",
                "The town that mended its own bridge",
                "For six years",
                "22 November 2026",
                "The last tram",
                "Older articles",
                "About this copy",
            ],
        );
        check_order(
            &text(article),
            &[
                "Villages",
                "The town that mended its own bridge",
                "Ruth Applin",
                "22 November 2026",
                "bridge",
                "Nobody cut a ribbon",
                "All of November 2026",
            ],
        );
        check_order(
            &text("be/search.html"),
            &["Пошук", "патрабуе JavaScript", "Архіў"],
        );
        let search = text("be/search.html");
        assert!(
            !search.contains("Знайсці"),
            "what cannot work is not shown: {search}"
        );
        check_order(
            &text("404.html"),
            &["This page is not here", "Такой старонкі тут няма"],
        );
    }
}
