//! `colport key fingerprint`.

use std::path::PathBuf;

use clap::Args;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::super::failure::Outcome;
use super::super::screen::Screen;
use crate::base::{Fingerprint, LIMITS};
use crate::io::files;
use crate::packager::NewsroomFolder;

/// Show the site's fingerprint, by which readers know that an edition is yours.
///
/// As digits, as words that can be read over the phone, and as a QR code; all three say the same.
#[derive(Args)]
pub(super) struct Show {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// The site's first root, `1.root.json`, instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with = "site")]
    root: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let fingerprint = match &self.root {
            Some(path) => Fingerprint::of_first_root(&files::read(path, LIMITS.root_bytes)?),
            None => NewsroomFolder::at(&self.site).fingerprint()?,
        };
        screen.line(description(&fingerprint, screen));
        Ok(())
    }
}

fn description(fingerprint: &Fingerprint, screen: &Screen) -> String {
    let line: fn(&str) -> String = match screen.has_colours() {
        true => |line| format!("    \u{1b}[97;40m{line}\u{1b}[0m\n"),
        false => |line| format!("    {line}\n"),
    };
    let words = fingerprint.words();
    let lines: Vec<_> = words
        .chunks(WORDS_A_LINE)
        .map(|line| format!("    {}", line.join(" ")))
        .collect();
    format!(
        "    {fingerprint}\n\nTo be read over the phone; whoever has it gives it as `--root \"word word …\"`:\n\n{}\n\n\
         To be shown to a camera:\n\n{}\n\nAll three say the same, and none of it is a secret.",
        lines.join("\n"),
        code(&fingerprint.to_string())
            .lines()
            .map(line)
            .collect::<String>()
    )
}

const WORDS_A_LINE: usize = 6;

/// Two squares of the code in each character, as they look right in white on black.
fn code(text: &str) -> String {
    let code = QrCode::new(text.to_ascii_uppercase()).expect("39 letters fit into a QR code");
    code.render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build()
}
