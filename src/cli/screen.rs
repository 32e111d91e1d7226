//! What a person sees: plain lines on standard output, progress and errors on standard error.
//!
//! 1. Names, paths and answers come from strangers: nothing that a terminal would obey, or that turns the direction of
//!    a line, gets through ([`harmless`]).
//! 2. Who listened may be gone, as `head -1` is after a line. That ends neither the work nor its exit code.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::failure::Failure;
use crate::base::{Secret, is_wild, tame};

/// Progress bars are drawn only where somebody looks at a terminal; a log gets plain lines.
#[derive(Debug, Clone)]
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
        print(
            std::io::stdout(),
            self.indented_text(text, width(&std::io::stdout())),
        );
    }

    /// For programs, and for people who read JSON.
    pub(crate) fn json(&self, value: &impl Serialize) {
        print_json(serde_json::to_string_pretty(value));
    }

    /// The same on one line.
    pub(crate) fn json_line(&self, value: &impl Serialize) {
        print_json(serde_json::to_string(value));
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
        print(
            std::io::stderr(),
            self.indented_text(text, width(&std::io::stderr())),
        );
    }

    fn indented_text(&self, text: impl fmt::Display, width: Option<usize>) -> String {
        let text = text.to_string();
        let lines = text.split('\n').map(|line| {
            let line = format!("{}{line}", self.indent);
            match width {
                Some(width) => wrapped(&line, width),
                None => line,
            }
        });
        lines.map(|line| line + "\n").collect()
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        print(
            std::io::stderr(),
            self.indented_text(failure, width(&std::io::stderr())),
        );
    }

    /// Whether progress is drawn.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_terminal
    }

    /// Whether a person sits there who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.is_terminal && std::io::stdin().is_terminal()
    }

    /// Whether what goes to standard output is drawn, so that it can have colours.
    pub(crate) fn has_colours(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether words may be coloured: not where a person said no (<https://no-color.org>), nor where nobody looks.
    fn paints(&self) -> bool {
        let says = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_dumb = says("TERM").is_none_or(|term| term == "dumb");
        self.has_colours() && says("NO_COLOR").is_none() && !is_dumb
    }

    /// A table with left-aligned columns, of which some words have colours.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<Cell>]) {
        let text = painted_table(head, rows, self.paints());
        let written = std::io::stdout().write_all(text.as_bytes());
        // See 2 above.
        let _ = written.and_then(|()| std::io::stdout().flush());
    }

    /// Asks on standard error, so that what goes to a pipe stays clean. An empty answer if nobody answers.
    pub(crate) fn ask(&self, question: &str) -> String {
        print(std::io::stderr(), format!("{question} "));
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(_) => answer.trim().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// Asks for what is not shown while it is written. Empty if nobody answers.
    pub(crate) fn ask_secret(&self, question: &str) -> Secret<String> {
        print(std::io::stderr(), format!("{question} "));
        let answer = console::Term::stderr().read_secure_line();
        Secret::new(answer.unwrap_or_default())
    }

    /// A bar that counts things.
    pub(crate) fn counting(&self, doing: &str) -> ProgressBar {
        self.bar(doing, "{msg:28!} {bar:30} {pos}/{len}")
    }

    /// Shows that the program lives though nothing happens.
    pub(crate) fn waiting(&self, what: &str) -> ProgressBar {
        self.bar(what, "{spinner} {msg}")
    }

    /// Counts bytes of which nobody knows yet how many there will be.
    pub(crate) fn bytes(&self, doing: &str) -> ProgressBar {
        self.bar(doing, "{msg:28!} {bytes:>11}  {binary_bytes_per_sec}")
    }

    fn bar(&self, doing: &str, template: &str) -> ProgressBar {
        if !self.is_terminal {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::no_length()
            .with_style(style(template))
            .with_message(harmless(doing));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// It is known by now how many [bytes](Screen::bytes) there will be.
pub(crate) fn expect_bytes(bar: &ProgressBar, bytes: u64) {
    bar.set_length(bytes);
    bar.set_style(style(
        "{msg:28!} {bytes:>11} of {total_bytes:11} {bar:20} {binary_bytes_per_sec}",
    ));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}

/// Of the terminal that is written to; `None` where a file or a program takes the lines.
fn width(to: &impl IsTerminal) -> Option<usize> {
    let (_, columns) = console::Term::stderr().size();
    to.is_terminal().then_some(usize::from(columns))
}

/// The line broken between words, indented as it began. Tables stay as they are.
fn wrapped(line: &str, width: usize) -> String {
    let words = line.trim_start_matches(' ');
    let indent = " ".repeat(line.len() - words.len());
    if line.chars().count() <= width || words.contains("  ") {
        return line.to_owned();
    }
    let (mut lines, mut last) = (String::new(), indent.clone());
    for word in words.split(' ') {
        let is_first = last.len() == indent.len();
        if !is_first && last.chars().count() + 1 + word.chars().count() > width {
            lines += &last;
            lines.push('\n');
            last.clone_from(&indent);
        } else if !is_first {
            last.push(' ');
        }
        last += word;
    }
    lines + &last
}

// One write a line, so that lines of several programs in one log do not mix.
fn print(mut out: impl Write, text: String) {
    let written = out.write_all(harmless(&text).as_bytes());
    // See 2 above.
    let _ = written.and_then(|()| out.flush());
}

fn print_json(json: serde_json::Result<String>) {
    let json = json.expect("texts and numbers can be written as JSON");
    print(std::io::stdout(), escaped_json(&json) + "\n");
}

/// What a terminal would obey is escaped the way of JSON, so that it is still the same value.
fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || c == ' ' || c.is_ascii_graphic() || !is_wild(c) {
            escaped.push(c);
        } else {
            // All of them lie below U+10000.
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    escaped
}

/// Much of what is shown was written by strangers: whatever else a terminal would obey, only our line ends pass.
pub(crate) fn harmless(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(tame).collect();
    lines.join("\n")
}

/// A stranger's text for the middle of a line: it cannot begin a line of its own.
pub(crate) fn one_line(text: impl fmt::Display) -> String {
    text.to_string().replace('\n', " ")
}

/// A number of bytes as people say it.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// What a colour says. It is said in words or by a sign as well, for who sees none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Good,
    Doubt,
    Bad,
    Soft,
}

impl Paint {
    /// As ECMA-48 selects it (SGR).
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Doubt => Some("33"),
            Self::Bad => Some("31"),
            Self::Soft => Some("2"),
        }
    }
}

/// A cell of a table, in pieces of one colour each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell(Vec<(Paint, String)>);

impl Cell {
    pub(crate) fn new(paint: Paint, text: impl fmt::Display) -> Self {
        Self::of([(paint, text.to_string())])
    }

    pub(crate) fn of(pieces: impl IntoIterator<Item = (Paint, String)>) -> Self {
        // What a stranger said can neither colour the table nor make a row of its own.
        let tamed = pieces
            .into_iter()
            .map(|(paint, text)| (paint, tame(&one_line(text))));
        Self(tamed.collect())
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    fn shown(&self, with_colours: bool) -> String {
        let piece = |(paint, text): &(Paint, String)| match paint.code() {
            Some(code) if with_colours => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.clone(),
        };
        self.0.iter().map(piece).collect()
    }
}

impl<T: fmt::Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Paint::Plain, text)
    }
}

fn painted_table(head: &[&str], rows: &[Vec<Cell>], with_colours: bool) -> String {
    let head: Vec<Cell> = head.iter().map(Cell::from).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.chain(head.get(column));
        cells.map(Cell::width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[Cell]| {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            line += &cell.shown(with_colours);
            if at + 1 < cells.len() {
                line += &" ".repeat(width - cell.width() + 2);
            }
        }
        format!("{}\n", line.trim_end())
    };
    std::iter::once(&head)
        .chain(rows)
        .map(|cells| line(cells))
        .collect()
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
    // What a stranger's server said cannot make a row of its own.
    let lines: Vec<_> = lines.into_iter().map(one_line).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Cell, Paint, escaped_json, harmless, painted_table, table, wrapped};

    #[test]
    fn colours_change_neither_words_nor_columns_and_a_stranger_has_none() {
        let rows = [
            vec![
                Cell::new(Paint::Bad, "blocked"),
                Cell::of([(Paint::Good, "✓".into()), (Paint::Bad, "✕".into())]),
                Cell::from("x\x1b[31m\ny"),
            ],
            vec![Cell::from("навіны"), Cell::from("–"), Cell::from("")],
        ];
        let shown = |with_colours| painted_table(&["state", "reach", "why"], &rows, with_colours);
        let plain = shown(false);
        assert_eq!(
            plain,
            "state    reach  why\nblocked  ✓✕     x\\u{1b}[31m y\nнавіны   –\n"
        );
        let mut painted = shown(true);
        assert!(painted.contains("\x1b[31mblocked\x1b[0m  \x1b[32m✓\x1b[0m\x1b[31m✕\x1b[0m     x"));
        for code in ["0", "31", "32"] {
            painted = painted.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(painted, plain);
    }

    #[test]
    fn lines_break_between_words() {
        let check = |line: &str, shown: &str| assert_eq!(wrapped(line, 12), shown);
        check("навіны з ракі", "навіны з\nракі");
        check("  try: a b c d e", "  try: a b c\n  d e");
        check("a-very-long-word is long", "a-very-long-word\nis long");
        check("role 1   says   key", "role 1   says   key");
        check("", "");
    }

    #[test]
    fn nothing_from_outside_speaks_to_the_terminal() {
        let check = |text: &str, shown: &str| assert_eq!(harmless(text), shown);
        check("навіны\nрадок", "навіны\nрадок");
        check("\x1b[2J\x07a\rb\tc", "\\u{1b}[2J\\u{7}a\\u{d}b\\u{9}c");
        check("\u{9b}31m", "\\u{9b}31m");
        check("evil\u{202e}gpj.exe", "evil\\u{202e}gpj.exe");
    }

    #[test]
    fn json_is_the_same_value_and_harmless() {
        let text = "a\u{202e}b\u{1b}[2J\u{85}\nс".to_owned();
        let json = escaped_json(&serde_json::to_string(&text).unwrap());
        assert_eq!(json, "\"a\\u202eb\\u001b[2J\\u0085\\nс\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

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
