//! How things stand in numbers, as Prometheus reads them. Mirrors and channels are named as the operator names them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::{Reach, View};

pub(super) fn text(view: &View) -> String {
    let mut text = String::new();
    let mut states = BTreeMap::<&str, usize>::new();
    for mirror in &view.mirrors {
        *states.entry(&mirror.state).or_default() += 1;
    }
    let mut table = |name: &str, help: &str, rows: Vec<(String, f64)>| {
        let _ = writeln!(
            text,
            "# HELP colport_{name} {help}\n# TYPE colport_{name} gauge"
        );
        for (labels, value) in rows {
            let _ = writeln!(text, "colport_{name}{labels} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    let states = states
        .iter()
        .map(|(state, count)| (label("state", state), *count as f64));
    table("mirrors", "Mirrors by state.", states.collect());
    let lags = view
        .mirrors
        .iter()
        .map(|mirror| (label("mirror", &mirror.name), mirror.lag as f64));
    table(
        "mirror_lag_editions",
        "Editions that a mirror is behind.",
        lags.collect(),
    );
    let fails = view
        .mirrors
        .iter()
        .map(|mirror| (label("mirror", &mirror.name), mirror.fails.len() as f64));
    table(
        "mirror_failing_vantages",
        "Vantages that fail to reach a mirror.",
        fails.collect(),
    );
    let reach = view.mirrors.iter().flat_map(|mirror| {
        let seen = mirror.reach.iter();
        let seen = seen.filter(|from| matches!(from.reach, Reach::Reached | Reach::Fails));
        seen.map(|from| {
            let labels = labels(&[("mirror", &mirror.name), ("vantage", &from.vantage)]);
            (labels, f64::from(u8::from(from.reach == Reach::Reached)))
        })
    });
    table(
        "mirror_reached",
        "1 if a vantage reaches a mirror, 0 if it fails.",
        reach.collect(),
    );
    let leaks = view
        .channels
        .iter()
        .map(|channel| (label("channel", &channel.name), channel.p_leak));
    table(
        "channel_leak_probability",
        "How likely a channel leaks.",
        leaks.collect(),
    );
    let working = view
        .channels
        .iter()
        .map(|channel| (label("channel", &channel.name), channel.working as f64));
    table(
        "channel_working_mirrors",
        "Mirrors of a channel that work.",
        working.collect(),
    );
    table("edition", "The newest edition.", one(view.edition as f64));
    table(
        "stock",
        "Mirrors that nobody was told of.",
        one(view.standby as f64),
    );
    table("reserve", "Of these held back.", one(view.reserve as f64));
    table("cost_a_day", "What all mirrors cost.", one(view.cost_a_day));
    table(
        "needs_operator",
        "1 if something waits for the operator.",
        one(f64::from(u8::from(view.trouble.is_some()))),
    );
    text
}

fn label(name: &str, value: &str) -> String {
    labels(&[(name, value)])
}

fn labels(labels: &[(&str, &str)]) -> String {
    let label = |(name, value): &(&str, &str)| {
        let escaped = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        format!("{name}=\"{escaped}\"")
    };
    let labels: Vec<String> = labels.iter().map(label).collect();
    format!("{{{}}}", labels.join(","))
}
