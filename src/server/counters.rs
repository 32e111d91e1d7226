//! How much is going on, for who runs the mirror: numbers since the start, and nothing about anybody.
//!
//! Every number is rounded down to a coarse step, so that two looks, however close to each other, do not tell when a
//! single reader was here. They are told in the text format of Prometheus, on an address of their own that only this
//! machine should reach.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use http::StatusCode;

/// Since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    connections: AtomicU64,
    refused: AtomicU64,
    /// By several threads, so that processors seldom wait for one another to count.
    answers: [Answers; 8],
    taken_in: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Answers {
    /// By the first digit of the status, from 2 to 5.
    classes: [AtomicU64; 4],
    body_bytes: AtomicU64,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Relaxed);
}

/// Steps in which is told.
const OF_EVENTS: u64 = 50;
const OF_BYTES: u64 = 16 << 20;

impl Counters {
    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// One that was closed at once, because there were too many from where it came.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn answer(&self, status: StatusCode, body_bytes: u64) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(2);
        let thread = THREAD.with(|thread| *thread % self.answers.len());
        let Some(answers) = self.answers.get(thread) else {
            return;
        };
        if let Some(count) = answers.classes.get(class) {
            count.fetch_add(1, Relaxed);
        }
        answers.body_bytes.fetch_add(body_bytes, Relaxed);
    }

    fn of_all(&self, count: impl Fn(&Answers) -> Option<&AtomicU64>) -> u64 {
        let counts = self.answers.iter().filter_map(count);
        counts.map(|count| count.load(Relaxed)).sum()
    }

    /// An edition. It is public that there is one, so this is exact.
    pub(super) fn taken_in(&self) {
        self.taken_in.fetch_add(1, Relaxed);
    }

    /// `edition` is live.
    pub(super) fn to_text(&self, edition: Option<u64>) -> String {
        let mut text = String::new();
        let mut tell = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
            // A string takes all that is written to it.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let events = |count: &AtomicU64| rounded(count.load(Relaxed), OF_EVENTS);
        tell(
            "colport_edition",
            "gauge",
            "The edition that is live, 0 if none.",
            &[("", edition.unwrap_or(0))],
        );
        tell(
            "colport_editions_taken_in_total",
            "counter",
            "Editions that were brought since the start.",
            &[("", self.taken_in.load(Relaxed))],
        );
        tell(
            "colport_connections_total",
            "counter",
            "Connections, in steps of 50.",
            &[("", events(&self.connections))],
        );
        tell(
            "colport_connections_refused_total",
            "counter",
            "Connections closed because there were too many from one place, in steps of 50.",
            &[("", events(&self.refused))],
        );
        let classes = ["2xx", "3xx", "4xx", "5xx"].map(|class| format!("{{class=\"{class}\"}}"));
        let answers: Vec<_> = (classes.iter().enumerate())
            .map(|(class, labels)| {
                let count = self.of_all(|answers| answers.classes.get(class));
                (labels.as_str(), rounded(count, OF_EVENTS))
            })
            .collect();
        let body_bytes = self.of_all(|answers| Some(&answers.body_bytes));
        tell(
            "colport_answers_total",
            "counter",
            "Answers by the class of their status, in steps of 50.",
            &answers,
        );
        tell(
            "colport_body_bytes_total",
            "counter",
            "Bytes of bodies, in steps of 16 MiB.",
            &[("", rounded(body_bytes, OF_BYTES))],
        );
        text
    }
}

fn rounded(count: u64, step: u64) -> u64 {
    count - count % step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_reader_leaves_no_trace() {
        let counters = Counters::default();
        let before = counters.to_text(Some(7));
        counters.connection();
        counters.answer(StatusCode::OK, 30_000);
        counters.answer(StatusCode::NOT_FOUND, 500);
        assert_eq!(counters.to_text(Some(7)), before);
    }

    #[test]
    fn many_can_be_seen() {
        let counters = Counters::default();
        for _ in 0..149 {
            counters.answer(StatusCode::OK, 1 << 20);
        }
        let text = counters.to_text(None);
        assert!(text.contains("\ncolport_edition 0\n"), "{text}");
        assert!(
            text.contains("\ncolport_answers_total{class=\"2xx\"} 100\n"),
            "{text}"
        );
        assert!(
            text.contains("\ncolport_answers_total{class=\"5xx\"} 0\n"),
            "{text}"
        );
        let bytes = 9 * OF_BYTES;
        assert!(
            text.contains(&format!("\ncolport_body_bytes_total {bytes}\n")),
            "{text}"
        );
    }
}
