//! The site without a mouse: every stop of the Tab key is in its place and seen, and none holds anybody up.

use std::process::Command;

use serde_json::Value;

use super::{demo, has, pages, run};

const WALK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/site/keyboard.js");

/// What was met on each of these pages.
fn walks(pages: &[String]) -> Vec<Value> {
    let profile = tempfile::tempdir().unwrap();
    let address = |page: &String| format!("file://{}/{page}", demo().display());
    let said = run(Command::new("node")
        .arg(WALK)
        .arg(profile.path())
        .args(pages.iter().map(address)));
    let walks: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(walks.len(), pages.len(), "{said}");
    walks
}

fn number(stop: &Value, of: &str) -> i64 {
    stop[of].as_i64().unwrap()
}

#[track_caller]
fn check(walk: &Value, is_right_to_left: bool) {
    let page = &walk["page"];
    let stops = walk["stops"].as_array().unwrap();
    assert!(stops.len() > 5, "{walk:#}");
    assert_eq!(
        number(&stops[0], "of"),
        stops.len() as i64,
        "some are never reached: {walk:#}"
    );
    for stop in stops {
        assert_eq!(stop["isSeen"], true, "{page}: {stop}");
        assert_eq!(stop["hasRing"], true, "{page}: {stop}");
    }
    // Beside each other in the order of reading.
    for pair in stops.windows(2) {
        let [one, next] = pair else { continue };
        let is_row = one["row"] == next["row"] && one["isInNav"] == true && next["isInNav"] == true;
        let goes_left = number(one, "left") > number(next, "left");
        assert!(!is_row || goes_left == is_right_to_left, "{page}: {pair:?}");
    }
    let back: Vec<i64> = (0..stops.len() as i64).rev().collect();
    let went: Vec<i64> = walk["back"].as_array().unwrap()[..back.len()]
        .iter()
        .map(|stop| stop.as_i64().unwrap())
        .collect();
    assert_eq!(went, back, "{page}");
    // The first stop leads past all that stands on every page.
    let first = stops.iter().find(|stop| stop["isInMain"] == true).unwrap();
    assert_eq!(walk["skipped"]["number"], first["number"], "{walk:#}");
    assert!(number(first, "number") > 2, "{walk:#}");
}

#[test]
fn the_site_can_be_walked_by_the_keyboard() {
    if !(has("chromium") && has("node")) {
        return;
    }
    let article = |room: &str| {
        let mut pages = pages(demo(), &demo().join(format!("{room}/2026/11")));
        pages.retain(|page| page.split('/').count() == 5);
        pages.remove(0)
    };
    for (room, skip, is_right_to_left) in [
        ("en", "Skip to the text", false),
        ("fa", "رفتن به متن", true),
    ] {
        let walks = walks(&[
            format!("{room}/index.html"),
            article(room),
            format!("{room}/search.html"),
            format!("{room}/about.html"),
        ]);
        for walk in &walks {
            assert_eq!(walk["stops"][0]["words"], skip, "{walk:#}");
            check(walk, is_right_to_left);
        }
    }
    check(&walks(&["index.html".into()])[0], false);
}
