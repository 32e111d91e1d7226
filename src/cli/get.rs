//! `colport get`: the newest edition, from whatever mirrors still answer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;
use url::Url;

use super::failure::{Failure, Outcome};
use super::open;
use super::root::Root;
use super::screen::{Screen, harmless, one_line, size, table};
use super::words::{count, freshness, lacking};
use crate::base::{Fingerprint, Variant};
use crate::edition::Excerpt;
use crate::io::address;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files;
use crate::io::report::Country;
use crate::reader::{
    self, Brought, Event, Fault, FirstTrust, KnownList, News, Newsroom, Onions, OpenError, Options,
    ReadError, Sideload, Store,
};
use crate::server::Anchor;
use crate::trust::lists::ChannelWord;

/// Fetch the newest edition from mirrors, some of which may be dead, slow or lying.
///
/// Asks them side by side, takes the newest edition that is validly signed, goes on at another mirror when one fails in
/// the middle, and keeps what it has. An edition older than one seen before is refused. Needs the newsroom's fingerprint
/// the first time; then the store knows it.
///
/// Through Tor, while that runs here, with `ALL_PROXY=socks5h://127.0.0.1:9050` before the command; addresses that end in
/// `.onion` are reached in no other way.
#[derive(Args)]
pub(crate) struct Get {
    /// Addresses of mirrors, such as `https://mirror.example/`; the more, the better. Give them with the part behind `#` if
    /// they have one: by that more mirrors are found, and next time none need be given
    #[arg(value_name = "ADDRESS", value_parser = told)]
    mirrors: Vec<(Url, Option<ChannelWord>)>,
    /// Whose edition: the newsroom's fingerprint (eight groups of four, such as `9f2c-…-01ab`), or a file `1.root.json`
    /// that you got from them. Needed the first time
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
    /// The folder that keeps the edition, and what was seen, for the next time. What lies in it tells who looks there what
    /// you read
    #[arg(long, value_name = "DIR", default_value = "colport-reader")]
    store: PathBuf,
    /// A bundle that you were given by somebody of your channel, also an old one: before any mirror is asked, the mirrors are taken
    /// up that it tells the channel of. The news in it is not: read that with `colport open`
    #[arg(long, value_name = "FILE")]
    beside: Option<PathBuf>,
    /// Also write the bundle to this file, to give it to somebody
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave out all pictures: an article then costs a few kilobytes. What is here already stays
    #[arg(long, conflicts_with = "light")]
    text: bool,
    /// Leave out pictures of more than 10 KB
    #[arg(long)]
    light: bool,
    /// Tell a mirror that works which others did not, and how, so that the newsroom can look after them; with a country, such
    /// as `--report=by` for Belarus, also from where. It is not told who you are, but it sees where you come
    /// from, as with every page that you read
    #[arg(long, value_name = "COUNTRY", num_args = 0..=1, require_equals = true)]
    report: Option<Option<Country>>,
}

/// An address as a channel is told it: behind a `#` may stand the channel's word.
fn told(text: &str) -> Result<(Url, Option<ChannelWord>), String> {
    let Some((address, word)) = text.split_once('#').filter(|(_, word)| !word.is_empty()) else {
        return Ok((mirror(text.trim_end_matches('#'))?, None));
    };
    let word = ChannelWord::parse(word)
        .ok_or_else(|| format!("`{word}` behind the `#` is not as it was given"))?;
    Ok((mirror(address)?, Some(word)))
}

pub(super) fn mirror(text: &str) -> Result<Url, String> {
    address::parse(text).map_err(|error| error.to_string())
}

impl Get {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let (mirrors, words): (Vec<Url>, Vec<_>) = self.mirrors.into_iter().unzip();
        let mut options = Options::new(mirrors, self.store, first_trust(self.root)?);
        options.brought = self
            .beside
            .map(|path| brought(&path, &options))
            .transpose()?;
        options.channel = words.into_iter().flatten().next();
        options.onions = onions();
        if options.onions == Onions::Unreached && options.mirrors.iter().any(is_onion) {
            screen.warn(
                "addresses that end in `.onion` are reached through Tor only: start Tor, and put \
                 `ALL_PROXY=socks5h://127.0.0.1:9050` before the command",
            );
        }
        options.variant = match (self.text, self.light) {
            (true, _) => Variant::Text,
            (_, true) => Variant::Light,
            (false, false) => Variant::Full,
        };
        let fetch = HttpFetch::new(Patience::default());
        let now = SystemClock.now();
        let bar = screen.bytes("fetching");
        let mut shown = BTreeSet::new();
        let mut show = |event| show(&bar, &mut shown, event);
        let got = reader::get(&fetch, now, &options, &mut show).await;
        bar.finish_and_clear();
        let got = got.map_err(|error| failure(error, screen))?;
        show_faults(&got.faults, screen);
        if let Some(country) = self.report
            && reader::tell(&fetch, &options.mirrors, &got, country).await
        {
            screen.line("Which mirrors failed was told to one that works. Thank you.");
        }
        if let Some(out) = &self.out {
            files::write(out, got.edition.bundle())?;
        }
        let number = got.edition.number();
        match got.news {
            News::New => screen.line(format!(
                "Edition {number} is here, {}.",
                size(got.received_bytes)
            )),
            News::Nothing => screen.line(format!(
                "Edition {number} was here already; nobody has a newer one."
            )),
        }
        if let Some(lacking) = lacking(&got.edition) {
            screen.line(lacking);
        }
        screen.line(freshness(got.edition.proof(), now));
        if let Some(list) = &got.list {
            screen.line(told_of(list));
        }
        let place = self.out.unwrap_or(options.store.join("edition.tar.gz"));
        let newsroom = got.newsroom.map(|it| format!(" --root {it}"));
        screen.line(format!(
            "Read it with `colport open {}{}`.",
            place.display(),
            newsroom.unwrap_or_default()
        ));
        Ok(())
    }
}

/// The lists in a bundle of the newsroom that the reader trusts.
fn brought(path: &Path, options: &Options) -> Result<Brought, Failure> {
    // The store knows roots that came after the one that was named, and what was seen since.
    let known = match files::exists(&options.store) {
        true => Store::open(&options.store).and_then(|store| Newsroom::of_store(&store)),
        false => Ok(None),
    };
    let newsroom = known
        .map_err(ReadError::from)?
        .or_else(|| match &options.trust {
            FirstTrust::Root(root) => Some(Newsroom::new(root.clone())),
            FirstTrust::Kept | FirstTrust::Fingerprint(_) => None,
        });
    let now = SystemClock.now();
    let bundle = open::bundle(path)?;
    let brought = match (newsroom, &options.trust) {
        (Some(newsroom), _) => reader::brought(bundle, &newsroom, now)?,
        (None, FirstTrust::Fingerprint(fingerprint)) => {
            Brought::of(&compared(bundle, *fingerprint, now)?)
        }
        (None, _) => return Err(Failure::from(ReadError::NobodyToTrust)),
    };
    if brought.is_empty() {
        let failure = Failure::refused(format!("`{}` carries no list of mirrors", path.display()));
        return Err(
            failure.try_this("open it with `colport open`, and ask who gave it for addresses")
        );
    }
    Ok(brought)
}

/// Of a newsroom of which nothing is known but its fingerprint.
fn compared(bundle: Bytes, fingerprint: Fingerprint, now: Timestamp) -> Result<Excerpt, OpenError> {
    match reader::open(bundle, None, now)? {
        Sideload::Verified(edition) => Ok(*edition),
        Sideload::UnknownNewsroom(unproved) => Ok(unproved.accept(fingerprint)?.0),
    }
}

fn told_of(list: &KnownList) -> String {
    let known = count(list.mirrors, "mirror is", "mirrors are");
    match list.is_expired {
        false => format!("{known} known for the next time."),
        true => format!(
            "{known} known for the next time, but that list is of {} and past its date.",
            list.issued.strftime("%-d %B %Y")
        ),
    }
}

fn is_onion(mirror: &Url) -> bool {
    mirror
        .host_str()
        .is_some_and(|host| host.ends_with(".onion"))
}

/// Through Tor or the like, which looks names up itself.
fn onions() -> Onions {
    let names = ["all_proxy", "ALL_PROXY"];
    let is_set = names
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|proxy| proxy.starts_with("socks5h://")));
    match is_set {
        true => Onions::Reached,
        false => Onions::Unreached,
    }
}

pub(super) fn first_trust(root: Option<Root>) -> Result<FirstTrust, Failure> {
    Ok(match root.map(Root::anchor).transpose()? {
        None => FirstTrust::Kept,
        Some(Anchor::Root(root)) => FirstTrust::Root(root),
        Some(Anchor::Fingerprint(fingerprint)) => FirstTrust::Fingerprint(fingerprint),
    })
}

/// On a terminal; where there is none, all faults come in one table at the end.
fn show(bar: &ProgressBar, shown: &mut BTreeSet<String>, event: Event) {
    match event {
        Event::Failed { mirror, fault } => {
            let line = one_line(format!("{mirror}: {fault}"));
            if shown.insert(line.clone()) {
                bar.println(harmless(&line));
            }
        }
        Event::Progress { bytes, .. } | Event::Resumed { bytes, .. } => bar.set_position(bytes),
        Event::KeptIsDamaged(why) => bar.println(harmless(&format!(
            "the edition that was kept is damaged and is fetched anew: {why}"
        ))),
        Event::Found { .. } | Event::Asked { .. } | Event::FileByFile { .. } => {}
    }
}

fn show_faults(faults: &[(String, Fault)], screen: &Screen) {
    if !faults.is_empty() && !screen.is_watched() {
        let rows: Vec<_> = faults
            .iter()
            .map(|(mirror, fault)| vec![mirror.clone(), fault.to_string()])
            .collect();
        screen.warn(table(&["mirror", "what was wrong"], &rows));
    }
}

fn failure(error: ReadError, screen: &Screen) -> Failure {
    show_faults(error.faults(), screen);
    error.into()
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let hint = error.hint();
        match error {
            ReadError::NoGoodMirror { .. }
            | ReadError::Unfinished { .. }
            | ReadError::OtherNewsroom { .. } => Self::refused(&error).hint(hint),
            _ => Self::setup(&error).hint(hint),
        }
    }
}
