//! One world as a picture: an SVG for a browser, with three panels over the same days.
//!
//! 1. Readers with a working mirror: of channels that do not leak, and all.
//! 2. Blocks a day.
//! 3. Channels by tier.
//!
//! Days are means, so that the lines can be read; the days of the strike are marked.

use std::fmt::Write as _;

use super::figures::{Hour, Run};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 640.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const REACH: Panel = Panel {
    top: 84.0,
    height: 250.0,
};
const BLOCKS: Panel = Panel {
    top: 380.0,
    height: 80.0,
};
const TIERS: Panel = Panel {
    top: 506.0,
    height: 80.0,
};

const INNOCENT: &str = "#0f766e";
const ALL: &str = "#1d4ed8";
const BLOCKED: &str = "#b45309";
/// Clean, suspect, burnt, open.
const TIER_COLOURS: [&str; 4] = ["#0f766e", "#eab308", "#b91c1c", "#94a3b8"];
const TIER_NAMES: [&str; 4] = ["clean", "suspect", "burnt", "open to all"];

#[derive(Clone, Copy)]
struct Panel {
    top: f64,
    height: f64,
}

/// What one day was like.
struct Day {
    reach: f64,
    innocent: f64,
    blocks: f64,
    tiers: [f64; 4],
}

/// The picture of one world. `title` is for people; it is escaped.
pub fn plot(run: &Run, title: &str) -> String {
    let days: Vec<Day> = run.hours.chunks(24).map(day).collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1e293b\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, (LEFT, 32.0), "start", 19, "#0f172a", title);
    text(
        &mut svg,
        (LEFT, 62.0),
        "start",
        13,
        "#475569",
        "Readers who have a working mirror",
    );
    strike(&mut svg, run, days.len());
    reach(&mut svg, &days);
    blocks(&mut svg, &days);
    tiers(&mut svg, &days);
    axis(&mut svg, days.len());
    svg.push_str("</svg>\n");
    svg
}

fn day(hours: &[Hour]) -> Day {
    let count = hours.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Hour) -> f64| hours.iter().map(of).sum::<f64>() / count;
    let tier = |index: usize| mean(&|hour| f64::from(hour.tiers.get(index).copied().unwrap_or(0)));
    Day {
        reach: mean(&|hour| hour.reach),
        innocent: mean(&|hour| hour.innocent),
        blocks: hours.iter().map(|hour| f64::from(hour.blocks)).sum(),
        tiers: [tier(0), tier(1), tier(2), tier(3)],
    }
}

fn x(day: usize, days: usize) -> f64 {
    LEFT + (day as f64 + 0.5) / days.max(1) as f64 * (WIDTH - LEFT - RIGHT)
}

fn strike(svg: &mut String, run: &Run, days: usize) {
    let Some(night) = run.night else {
        return;
    };
    let at = x(night as usize / 24, days);
    let (top, end) = (REACH.top - 6.0, TIERS.top + TIERS.height);
    let _ = writeln!(
        svg,
        "<path d=\"M{at:.1} {top}V{end}\" stroke=\"#64748b\" stroke-dasharray=\"4 4\"/>"
    );
    let words = "the night in which all that is known is blocked, and a provider is lost";
    text(svg, (at, top - 8.0), "middle", 12, "#475569", words);
}

fn reach(svg: &mut String, days: &[Day]) {
    grid(
        svg,
        REACH,
        &[
            (0.0, "0 %"),
            (0.25, "25"),
            (0.5, "50"),
            (0.75, "75"),
            (1.0, "100 %"),
        ],
    );
    let all: Vec<f64> = days.iter().map(|day| day.reach).collect();
    let innocent: Vec<f64> = days.iter().map(|day| day.innocent).collect();
    line(svg, REACH, &all, ALL);
    line(svg, REACH, &innocent, INNOCENT);
    let ends = [
        (innocent.last(), INNOCENT, "in channels that", "do not leak"),
        (all.last(), ALL, "all readers", ""),
    ];
    let mut lowest = f64::NEG_INFINITY;
    for (value, colour, first, second) in ends {
        let own = REACH.top + REACH.height * (1.0 - value.copied().unwrap_or(0.0)) + 4.0;
        let y = own.max(lowest + 36.0);
        lowest = y;
        text(svg, (WIDTH - RIGHT + 8.0, y), "start", 13, colour, first);
        text(
            svg,
            (WIDTH - RIGHT + 8.0, y + 16.0),
            "start",
            13,
            colour,
            second,
        );
    }
}

fn blocks(svg: &mut String, days: &[Day]) {
    let values: Vec<f64> = days.iter().map(|day| day.blocks).collect();
    let most = values.iter().copied().fold(1.0, f64::max);
    text(
        svg,
        (LEFT, BLOCKS.top - 12.0),
        "start",
        13,
        "#475569",
        "Mirrors blocked, by day",
    );
    grid(svg, BLOCKS, &[(0.0, "0"), (1.0, &format!("{most:.0}"))]);
    let width = (WIDTH - LEFT - RIGHT) / days.len().max(1) as f64 * 0.7;
    for (index, value) in values.iter().enumerate() {
        let height = BLOCKS.height * value / most;
        let left = x(index, days.len()) - width / 2.0;
        let top = BLOCKS.top + BLOCKS.height - height;
        bar(svg, (left, top), (width, height), BLOCKED);
    }
}

fn tiers(svg: &mut String, days: &[Day]) {
    text(
        svg,
        (LEFT, TIERS.top - 12.0),
        "start",
        13,
        "#475569",
        "Channels, by how far they are trusted",
    );
    let most = days
        .iter()
        .map(|day| day.tiers.iter().sum::<f64>())
        .fold(1.0, f64::max);
    grid(svg, TIERS, &[(0.0, "0"), (1.0, &format!("{most:.0}"))]);
    let width = (WIDTH - LEFT - RIGHT) / days.len().max(1) as f64;
    for (index, day) in days.iter().enumerate() {
        let mut top = TIERS.top + TIERS.height;
        for (value, colour) in day.tiers.iter().zip(TIER_COLOURS) {
            let height = TIERS.height * value / most;
            top -= height;
            bar(
                svg,
                (x(index, days.len()) - width / 2.0, top),
                (width + 0.3, height),
                colour,
            );
        }
    }
    for (index, (name, colour)) in TIER_NAMES.iter().zip(TIER_COLOURS).enumerate() {
        let y = TIERS.top + TIERS.height - 4.0 - index as f64 * 20.0;
        bar(svg, (WIDTH - RIGHT + 10.0, y - 10.0), (11.0, 11.0), colour);
        text(svg, (WIDTH - RIGHT + 28.0, y), "start", 13, "#1e293b", name);
    }
}

fn axis(svg: &mut String, days: usize) {
    let step = (days / 6).max(1);
    let y = TIERS.top + TIERS.height + 20.0;
    for day in (0..days).step_by(step) {
        text(
            svg,
            (x(day, days), y),
            "middle",
            12,
            "#475569",
            &format!("day {}", day + 1),
        );
    }
}

fn grid(svg: &mut String, panel: Panel, marks: &[(f64, &str)]) {
    for (value, words) in marks {
        let y = panel.top + panel.height * (1.0 - value);
        let end = WIDTH - RIGHT;
        let _ = writeln!(svg, "<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#e2e8f0\"/>");
        text(svg, (LEFT - 8.0, y + 4.0), "end", 12, "#475569", words);
    }
}

fn line(svg: &mut String, panel: Panel, values: &[f64], colour: &str) {
    let points = values.iter().enumerate().map(|(index, value)| {
        let y = panel.top + panel.height * (1.0 - value);
        format!("{:.1},{y:.1}", x(index, values.len()))
    });
    let points: Vec<String> = points.collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-linejoin=\"round\"/>",
        points.join(" ")
    );
}

fn bar(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    if height > 0.0 {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        );
    }
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, size: u32, colour: &str, words: &str) {
    let words = words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{colour}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(hours: usize) -> Run {
        let hour = Hour {
            reach: 0.5,
            innocent: 0.75,
            blocks: 1,
            tiers: [3, 2, 1, 1],
            ..Hour::default()
        };
        Run {
            hours: vec![hour; hours],
            night: (hours > 24).then_some(26),
            ..Run::default()
        }
    }

    #[test]
    fn lines_run_through_the_means_of_days() {
        let svg = plot(&run(48), "Two days");
        // 75 % and 50 % of a panel from 84 to 334.
        assert!(svg.contains("points=\"250.5,146.5 623.5,146.5\""), "{svg}");
        assert!(svg.contains("points=\"250.5,209.0 623.5,209.0\""), "{svg}");
        assert!(svg.contains(">24</text>"), "blocks a day: {svg}");
    }

    #[test]
    fn a_title_cannot_become_markup_and_no_day_is_no_fault() {
        let svg = plot(&run(0), "<script>&");
        assert!(svg.contains("&lt;script&gt;&amp;"));
        assert!(!svg.contains("<script"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
