//! `colport extract`: one page as JSON, and many.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{COLPORT, colport, program};

const PAGE: &str = "<!DOCTYPE html><html lang=be><meta charset=utf-8><title>Суд | Навіны</title>\
    <meta property='article:published_time' content='2026-11-20T10:00:00+03:00'><meta property='article:section' content='Грамадства'>\
    <nav><a href=/>Галоўная</a></nav><article><h1>Суд</h1><figure><img src=/1.jpg alt=''><figcaption>Будынак суду</figcaption></figure>\
    <p>Гарадскі суд у панядзелак агучыў прысуд журналістам, паведамляе наш карэспандэнт з залы суда.\u{202e}\u{200f}</p>\
    <p>Сваякі кажуць, што адвакату не далі слова, і збіраюцца падаць скаргу ў вышэйшы суд.</p><script>alert(1)</script></article></html>";

const NOT_FOUND: &str =
    "<title>404 Not Found</title><h1>Not found</h1><p>Try our search instead.</p>";

fn laid(page: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(page.as_bytes()).unwrap();
    file
}

#[test]
fn extract_shows_what_readers_get() {
    let page = laid(PAGE);
    let path = page.path().to_str().unwrap();
    let said = colport(["extract", path, "--url", "https://n.example/a/1.html"]).done(&["Суд"]);
    let shown: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(shown["title"], "Суд");
    assert_eq!(shown["date"], "2026-11-20T10:00:00+03:00");
    assert_eq!(shown["section"], "Грамадства");
    assert_eq!(shown["lang"], "be");
    assert_eq!(shown["image"], "https://n.example/1.jpg");
    let html = shown["html"].as_str().unwrap();
    assert!(
        html.contains("<figcaption>Будынак суду</figcaption>"),
        "{html}"
    );
    assert!(
        !html.contains("alert") && !html.contains("Галоўная"),
        "{html}"
    );
    // What turns the direction of a text is gone; a mark of one sign is there, and the terminal does not see it.
    let text = shown["text"].as_str().unwrap();
    assert!(text.contains('\u{200f}') && !text.contains('\u{202e}'));
    assert!(!said.out.contains('\u{200f}'));
}

#[test]
fn extract_says_what_pack_would_of_a_page_without_a_title() {
    let page = laid("<p>x</p>");
    let path = page.path().to_str().unwrap();
    let said = colport(["extract", path]).refused(&["it has no title"]);
    let shown: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(shown["article"], false);
    assert_eq!(shown["why"], "it has no title");
}

#[test]
fn extract_reads_the_rules_of_the_newsroom() {
    let place = tempfile::tempdir().unwrap();
    let site = place.path().to_str().unwrap();
    colport(["init", site]).done(&[]);
    let config = place.path().join("colport.toml");
    let rules = "\n[[newsroom.extract]]\nhost = \"n.example\"\ntitle = \"figcaption\"\nremove = [\"p + p\"]\n";
    let mut text = std::fs::read_to_string(&config).unwrap();
    let end = text.find("# Where editions go;").unwrap();
    text.insert_str(end, rules);
    std::fs::write(&config, text).unwrap();
    let page = laid(PAGE);
    let path = page.path().to_str().unwrap();
    let title = |host: &str| {
        let url = format!("https://{host}/a/1.html");
        let said = colport(["extract", path, "--url", &url, "--site", site]).done(&[]);
        let shown: Value = serde_json::from_str(&said.out).unwrap();
        let text = shown["text"].as_str().unwrap();
        assert_eq!(text.contains("Сваякі"), host != "n.example", "{text}");
        shown["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(title("n.example"), "Будынак суду");
    assert_eq!(title("other.example"), "Суд");
    colport(["extract", path, "--site", "missing"]).wrong_setup(&["missing"]);
}

#[test]
fn extract_says_why_a_page_is_skipped() {
    let page = laid(NOT_FOUND);
    let said = colport(["extract", page.path().to_str().unwrap()]).refused(&["not found"]);
    let shown: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(shown["article"], false);
    assert!(shown["why"].as_str().unwrap().contains("not found"));
}

#[test]
fn extract_names_what_it_cannot_read() {
    colport(["extract", "missing.html"]).wrong_setup(&["missing.html"]);
    let page = laid(PAGE);
    let path = page.path().to_str().unwrap();
    colport(["extract", path, "--url", "somewhere"]).wrong_setup(&["somewhere"]);
    assert_eq!(program(Command::new(COLPORT).arg("extract")).code, Some(2));
}

#[test]
fn extract_answers_a_list_line_by_line() {
    let (page, lost, untitled) = (laid(PAGE), laid(NOT_FOUND), laid("<p>x</p>"));
    let list = format!(
        "a\t{}\thttps://n.example/1\nb\t{}\thttps://n.example/2\nc\tmissing.html\thttps://n.example/3\nd\t{}\thttps://n.example/4\n",
        page.path().display(),
        lost.path().display(),
        untitled.path().display()
    );
    let mut child = Command::new(COLPORT)
        .args(["extract", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: Vec<_> = answers
        .iter()
        .map(|answer| answer["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    assert_eq!(answers[0]["title"], "Суд");
    assert_eq!(answers[1]["article"], false);
    assert!(answers[2]["why"].as_str().unwrap().contains("missing.html"));
    // As of a page alone.
    assert_eq!(answers[3]["article"], false);
    assert_eq!(answers[3]["why"], "it has no title");
    assert_eq!(answers[3]["text"], "x\n");
    assert_eq!(answers[0]["article"], Value::Null);
}
