//! Passphrases: asked for on the terminal or read from a file, never taken from arguments or the environment, which others
//! on the machine can see.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::failure::Failure;
use super::super::screen::Screen;
use crate::base::Secret;
use crate::io::files;

const FILE_BYTES: u64 = 4096;
/// Shorter ones are guessed in a day, whatever is done to slow that down.
const SHORTEST: usize = 10;

#[derive(Args)]
pub(crate) struct Passphrase {
    /// Lock new private keys of `root` and `targets` with a passphrase, which is asked for twice
    #[arg(long)]
    passphrase: bool,
    #[command(flatten)]
    known: Known,
}

/// A passphrase that a script brings.
#[derive(Args)]
pub(crate) struct Known {
    /// For scripts: the passphrase is the first line of this file, which nobody else may be able to read
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    /// With what new keys are locked; `None` if they are not.
    pub(crate) fn to_lock(&self, screen: &Screen) -> Result<Option<Secret<String>>, Failure> {
        let passphrase = match &self.known.passphrase_file {
            Some(file) => from_file(file)?,
            None if self.passphrase => asked_twice(screen)?,
            None => return Ok(None),
        };
        if passphrase.expose().chars().count() < SHORTEST {
            let what = format!("the passphrase has fewer than {SHORTEST} letters");
            return Err(Failure::setup(what)
                .try_this("five or six words that are not from a book are good"));
        }
        Ok(Some(passphrase))
    }

    pub(crate) fn unlock<'a>(
        &'a self,
        screen: &'a Screen,
    ) -> impl FnMut(&Path) -> Option<Secret<String>> + 'a {
        self.known.unlock(screen)
    }
}

impl Known {
    /// Says the passphrase of a key that is locked.
    pub(crate) fn unlock<'a>(
        &'a self,
        screen: &'a Screen,
    ) -> impl FnMut(&Path) -> Option<Secret<String>> + 'a {
        move |path| match &self.passphrase_file {
            Some(file) => from_file(file).ok(),
            None if screen.can_ask() => {
                Some(screen.ask_secret(&format!("Passphrase of `{}`:", path.display())))
            }
            None => None,
        }
    }
}

fn asked_twice(screen: &Screen) -> Result<Secret<String>, Failure> {
    if !screen.can_ask() {
        return Err(
            Failure::setup("nobody is there to be asked for a passphrase")
                .try_this("run this in a terminal, or give `--passphrase-file FILE`"),
        );
    }
    let first = screen.ask_secret("A new passphrase (it is not shown):");
    let again = screen.ask_secret("The same once more:");
    match first.expose() == again.expose() {
        true => Ok(first),
        false => Err(Failure::setup(
            "the two were not the same, so nothing was made",
        )),
    }
}

fn from_file(path: &Path) -> Result<Secret<String>, Failure> {
    let bytes = files::read_private(path, FILE_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Secret::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}
