//! What a person sees: plain lines on standard output, progress and errors on standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program prints"
)]

use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use crate::base::tame;

/// Progress bars are drawn only where somebody looks at a terminal; a log gets plain lines.
pub(crate) struct Screen {
    is_terminal: bool,
    /// Before each line.
    indent: &'static str,
}

impl Screen {
    pub(crate) fn of_terminal() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            indent: "",
        }
    }

    pub(crate) fn line(&self, text: impl fmt::Display) {
        println!("{}{}", self.indent, plain(text));
    }

    /// The same screen, for lines that belong to one before.
    pub(crate) fn indented(&self) -> Self {
        Self {
            is_terminal: self.is_terminal,
            indent: "      ",
        }
    }

    /// Something that went wrong without stopping the rest.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        eprintln!("{}{}", self.indent, plain(text));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        eprintln!("{}", plain(failure));
    }

    /// Whether a person sits there who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.is_terminal && std::io::stdin().is_terminal()
    }

    /// Asks on standard error, so that what goes to a pipe stays clean. An empty answer if nobody answers.
    pub(crate) fn ask(&self, question: &str) -> String {
        eprint!("{question} ");
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(_) => answer.trim().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// A bar that counts things.
    pub(crate) fn counting(&self, doing: &str) -> ProgressBar {
        self.bar(doing, "{msg:<28} {bar:30} {pos}/{len}")
    }

    /// A bar that counts bytes.
    pub(crate) fn bytes(&self, doing: &str) -> ProgressBar {
        self.bar(
            doing,
            "{msg:<28} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec}",
        )
    }

    fn bar(&self, doing: &str, template: &str) -> ProgressBar {
        if !self.is_terminal {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        let bar = ProgressBar::no_length()
            .with_style(style)
            .with_message(doing.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// Much of what is shown was written by strangers: whatever else a terminal would obey, only our line ends pass.
pub(crate) fn plain(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let lines: Vec<_> = text.split('\n').map(tame).collect();
    lines.join("\n")
}

/// A number of bytes as people say it.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// A table with left-aligned columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain(head.get(column).map(|cell| cell.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [
            vec!["навіны".to_owned(), "a".to_owned()],
            vec!["b".to_owned(), "longer".to_owned()],
        ];
        assert_eq!(
            table(&["name", "state"], &rows),
            "name    state\nнавіны  a\nb       longer"
        );
    }
}
