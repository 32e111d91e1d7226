//! `colport simulate`: the table, the picture, and the planner under somebody else's simulator.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{COLPORT, colport, program};

const SHORT: [&str; 5] = ["simulate", "--days", "3", "--seeds", "2"];

#[test]
fn the_table_is_the_same_every_time_and_another_with_another_seed() {
    let said = colport(SHORT).done(&[
        "3 days, 4 new mirrors a day, mean of 2 worlds",
        "one list for all",
        "readers who have a working mirror",
    ]);
    assert_eq!(colport(SHORT).out, said.out);
    let other = colport(["simulate", "--days", "3", "--seeds", "2", "--seed", "7"]);
    assert_ne!(other.out, said.out);
}

#[test]
fn json_and_a_picture_are_written_where_they_are_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("plot.svg");
    let words = ["simulate", "--days", "3", "--seeds", "1", "--json", "--svg"];
    let said = program(Command::new(COLPORT).args(words).arg(&file)).done(&[]);
    let figures: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        figures["colport"]["reach"].as_f64().unwrap() > 0.0,
        "{figures}"
    );
    assert!(fs::read_to_string(file).unwrap().starts_with("<svg"));
}

#[test]
fn what_cannot_be_simulated_is_wrong_usage() {
    for words in [
        ["simulate", "--mirrors-a-day", "-1"],
        ["simulate", "--days", "0"],
        ["simulate", "--seeds", "many"],
    ] {
        assert_eq!(colport(words).code, Some(2), "{words:?}");
    }
}

/// The lines that come back, and how it ended.
fn driven(lines: &str) -> (Vec<String>, Option<i32>) {
    let mut planner = Command::new(COLPORT);
    planner
        .args(["simulate", "--stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut planner = planner.spawn().unwrap();
    planner
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let output = planner.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    (
        out.lines().map(str::to_owned).collect(),
        output.status.code(),
    )
}

const OPENING: &str = "{\"seed\": 1, \"budget_per_day\": 4, \"providers\": 6, \"channels\": [{\"id\": 0, \"kind\": \"invite\", \"prior\": 0.05, \"readers\": 9}]}\n";

#[test]
fn another_program_drives_the_planner_line_by_line() {
    let hour = "{\"now_h\": 0, \"ready\": [{\"mirror\": 3, \"provider\": 1}], \"blocked\": []}\n{\"now_h\": 1}\n";
    let (lines, code) = driven(&[OPENING, hour].concat());
    assert_eq!((lines.len(), code), (2, Some(0)));
    assert!(
        lines[0].contains("\"show\":[3],\"bundle\":[3]"),
        "{lines:?}"
    );
    assert!(
        lines[0].ends_with("\"tier\":\"clean\"}],\"split\":[]}"),
        "{lines:?}"
    );
}

#[test]
fn a_driver_that_speaks_nonsense_is_told_so() {
    assert_eq!(driven("hello\n"), (vec![], Some(1)));
    assert_eq!(
        driven(&[OPENING, "{\"now_h\": \"x\"}\n"].concat()),
        (vec![], Some(1))
    );
}
