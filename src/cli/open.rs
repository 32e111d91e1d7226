//! `colport open`: a bundle from a friend.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use jiff::Timestamp;

use super::failure::{Failure, Outcome};
use super::root::Root;
use super::screen::Screen;
use super::serve::until_interrupted;
use super::words::{count, freshness, lacking};
use crate::base::Fingerprint;
use crate::edition::Excerpt;
use crate::io::clock::{Clock, SystemClock};
use crate::io::files;
use crate::reader::{self, Newsroom, OpenError, Sideload, Unproved};
use crate::server::{self, Anchor};
use crate::trust::lists::ChannelWord;

/// Verify a bundle that you were given, and read it in the browser.
///
/// Every signature and every file is checked first; a forged or damaged copy is not shown. The site is shown on this
/// machine only, and nothing is written to disk but what your browser itself keeps: a private window keeps less.
#[derive(Args)]
pub(crate) struct Open {
    /// The bundle, a file such as `7.tar.gz`
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Whose edition it must be: the newsroom's fingerprint, or a file `1.root.json` that you got from
    /// them. Without it you are asked for the fingerprint
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
    /// The word of your channel, which stands behind the `#` in its addresses: if this copy tells the channel of mirrors, they are
    /// shown
    #[arg(long, value_name = "WORD", value_parser = word)]
    channel: Option<ChannelWord>,
    /// Print the address instead of opening the browser
    #[arg(long)]
    no_browser: bool,
}

impl Open {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let now = SystemClock.now();
        let bundle = bundle(&self.bundle)?;
        let known = self.root.map(Root::anchor).transpose()?;
        let newsroom = match &known {
            Some(Anchor::Root(root)) => Some(Newsroom::new(root.clone())),
            _ => None,
        };
        let edition = match reader::open(bundle, newsroom.as_ref(), now)? {
            Sideload::Verified(edition) => *edition,
            Sideload::UnknownNewsroom(unproved) => compare(*unproved, known, screen)?,
        };
        screen.line(format!(
            "Edition {}: every signature and every file is right.",
            edition.number()
        ));
        if let Some(lacking) = lacking(&edition) {
            screen.line(lacking);
        }
        screen.line(freshness(edition.proof(), now));
        tell_mirrors(&edition, self.channel.as_ref(), now, screen);
        show(&edition, self.no_browser, screen).await
    }
}

/// The word, or an address with it.
fn word(text: &str) -> Result<ChannelWord, String> {
    let word = text.rsplit('#').next().unwrap_or_default();
    ChannelWord::parse(word).ok_or_else(|| format!("`{word}` is not as it was given"))
}

/// What the copy tells the reader's channel, with the word behind each address, as a channel is told.
fn tell_mirrors(edition: &Excerpt, word: Option<&ChannelWord>, now: Timestamp, screen: &Screen) {
    let list = word.and_then(|word| Some((word, reader::list_beside(edition, word)?)));
    match list {
        Some((word, list)) => {
            let age = match list.is_expired(now) {
                true => ", but that list is past its date",
                false => "",
            };
            let mirrors = count(list.mirrors.len(), "mirror", "mirrors");
            screen.line(format!("It tells your channel of {mirrors}{age}:"));
            for mirror in &list.mirrors {
                screen.line(format!("  {}#{}", mirror.url, word.expose()));
            }
            screen.line("Fetch the news from there with `colport get`.");
        }
        None if edition.lists_beside().is_empty() => {
            if word.is_some() {
                screen.line("This copy carries no list of mirrors.");
            }
        }
        None if word.is_some() => screen.line(
            "The word opens no list in this copy: check it, or this copy is another channel's.",
        ),
        None => screen.line(
            "It tells a channel of mirrors: `--channel` with the word of the channel, behind the `#` in its addresses, shows them.",
        ),
    }
}

/// A bundle that a person named.
pub(super) fn bundle(path: &Path) -> Result<Bytes, Failure> {
    if files::is_folder(path) {
        let what = format!("`{}` is a folder, not a bundle", path.display());
        return Err(Failure::setup(what)
            .try_this("name a file such as `7.tar.gz`; `colport verify` looks at folders"));
    }
    let bundle = files::map(path)?;
    if bundle.is_empty() {
        let what = format!("`{}` is empty", path.display());
        return Err(Failure::refused(what).try_this("copy or download it again"));
    }
    Ok(bundle)
}

/// Whose it is, only a person can say who has the fingerprint from elsewhere.
fn compare(unproved: Unproved, known: Option<Anchor>, screen: &Screen) -> Result<Excerpt, Failure> {
    let compared = match known {
        Some(Anchor::Fingerprint(fingerprint)) => fingerprint,
        _ => ask(unproved.fingerprint(), screen)?,
    };
    Ok(unproved.accept(compared)?.0)
}

fn unknown_hint() -> String {
    "compare it with one that reached you another way, then add `--root FINGERPRINT`".to_owned()
}

/// Does not say what the copy says of itself, which would only be typed in again.
fn unsaid() -> Failure {
    let failure = Failure::refused("without the fingerprint nobody can say who made this copy");
    failure.try_this(
        "get it from the newsroom, on paper, by radio or from someone you trust, and not from whoever gave you the file",
    )
}

fn ask(found: Fingerprint, screen: &Screen) -> Result<Fingerprint, Failure> {
    let unknown = || {
        let failure = Failure::refused(format!(
            "nobody has said yet that the newsroom with the fingerprint `{found}` is the right one"
        ));
        failure.hint(unknown_hint())
    };
    if !screen.can_ask() {
        return Err(unknown());
    }
    // What this copy says of itself is not shown before: who only compares the ends of two long numbers can be deceived.
    screen.line(
        "All of this copy fits together, but anyone can sign something. Whose it is shows the fingerprint that the newsroom \
         itself gave you: on paper, by radio, through someone you trust.",
    );
    let answer = screen.ask("Type it, as digits or as its twelve words:");
    match answer.as_str() {
        "" => Err(unsaid()),
        typed => typed
            .parse()
            .map_err(|error| Failure::refused(error).hint(unknown_hint())),
    }
}

/// Shows the edition until Ctrl-C.
async fn show(edition: &Excerpt, no_browser: bool, screen: &Screen) -> Outcome {
    let showing = server::show(edition).await?;
    let url = showing.url();
    screen.line(format!(
        "Read it on {url} - it is there until you press Ctrl-C."
    ));
    if !no_browser && crate::io::browser::open(&url).is_err() {
        screen.line("No browser could be opened: type the address into one.");
    }
    until_interrupted().await;
    showing.stop().await;
    Ok(())
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::refused(&error).hint(error.hint())
    }
}
