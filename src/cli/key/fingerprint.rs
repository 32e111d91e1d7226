//! `colport key fingerprint`.

use std::path::PathBuf;

use clap::Args;

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
        screen.line(format!("{fingerprint}"));
        Ok(())
    }
}
