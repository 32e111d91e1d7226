//! `colport demo`: the whole way of an edition, on this machine.
//!
//! 1. A newsroom's folder is made, with keys, and a small newsroom in four languages is packed and signed.
//! 2. Three mirrors start on loopback, and the edition is pushed to them.
//! 3. One mirror is switched off, and bytes of another's bundle are changed on its disk.
//! 4. A reader who knows the fingerprint fetches the edition from what is left, and it is shown.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_util::future::BoxFuture;
use include_dir::{Dir, include_dir};
use jiff::Timestamp;
use url::Url;

use super::failure::{Failure, Outcome};
use super::pack;
use super::screen::{Screen, size};
use super::serve::until_interrupted;
use super::telling::Telling;
use super::words::{count, freshness};
use crate::base::{Fingerprint, SitePath};
use crate::config::{self, Config};
use crate::edition::{Excerpt, VerifiedEdition};
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{Fetch, FetchError, HttpFetch, Patience, Request, Response};
use crate::io::files;
use crate::packager::{Lifetimes, NewsroomFolder, OF_A_RUN};
use crate::reader::{self, Event, FirstTrust};
use crate::server::{self, Anchor, Server};
use crate::sync::{self, Mirror, Place, Source};

/// Show the whole way in a minute: a newsroom, three mirrors and a reader on this machine.
///
/// Needs nothing and leaves nothing behind. Nothing leaves this machine.
#[derive(Args)]
pub(crate) struct Demo {
    /// End by itself instead of showing the site until Ctrl-C
    #[arg(long)]
    once: bool,
}

static NEWSROOM: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/newsroom");
const SETTINGS: &str = include_str!("demo/colport.toml");

impl Demo {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let place = files::temporary_folder("colport-demo-")?;
        let now = SystemClock.now();
        screen.line("A newspaper is blocked where its readers live. Watch how it reaches them:\n");

        let stage = Stage::set(place.path(), now, screen).await?;
        let mirrors = Mirrors::start(&stage).await?;
        screen.line(
            "3. Three volunteers start mirrors, the third far away. A mirror holds no key,\n   so it can forge nothing.",
        );
        mirrors.receive(&stage, screen).await?;
        let addresses = mirrors.addresses.clone();
        let survivors = mirrors.fall(&stage, screen).await?;

        let edition = read(&stage, addresses, screen).await?;
        let showing = server::show(&edition).await?;
        screen.line(format!(
            "8. The reader can read. Open it in your browser:\n      {}",
            showing.url()
        ));
        if !self.once {
            screen.line("\nIt is there until you press Ctrl-C.\nNext: `colport init DIR` makes a newsroom of your own.");
            until_interrupted().await;
        }
        showing.stop().await;
        for survivor in survivors {
            survivor.stop().await;
        }
        Ok(())
    }
}

/// The newsroom, with its first edition.
struct Stage {
    place: PathBuf,
    fingerprint: Fingerprint,
    edition: Arc<VerifiedEdition>,
}

impl Stage {
    async fn set(place: &Path, now: Timestamp, screen: &Screen) -> Result<Self, Failure> {
        let site = place.join("newsroom");
        write_newsroom(&site)?;
        let config = config::load(&site)?;
        let folder = NewsroomFolder::at(&site);
        let fingerprint = folder.found(&config.ids(), now, &Lifetimes::default())?;
        screen.line("1. The newsroom makes its keys. Readers know it by its fingerprint:");
        screen.line(format!("      {fingerprint}"));
        let edition = Self::pack(&config, &folder, fingerprint, now, screen).await?;
        Ok(Self {
            place: place.to_path_buf(),
            fingerprint,
            edition: Arc::new(edition),
        })
    }

    async fn pack(
        config: &Config,
        folder: &NewsroomFolder,
        fingerprint: Fingerprint,
        now: Timestamp,
        screen: &Screen,
    ) -> Result<VerifiedEdition, Failure> {
        screen
            .line("2. Its articles are cleaned of all that could betray a reader, signed, packed:");
        let indented = screen.indented();
        let telling = Telling::all(&indented);
        let collected = pack::collect(config, folder, fingerprint, now, OF_A_RUN, &telling);
        let collected = collected.await?;
        let edition = pack::publish(config, folder, collected.made_up, now)?
            .expect("a first edition is always due");
        let bytes = size(edition.bundle().len() as u64);
        screen.line(format!(
            "      one signed bundle with {}, {bytes}",
            count(edition.files().count(), "file", "files")
        ));
        Ok(edition)
    }
}

fn write_newsroom(site: &Path) -> Outcome {
    files::create_folder(site)?;
    files::write_new(&site.join(config::FILE), SETTINGS.as_bytes())?;
    write_folder(&NEWSROOM, &site.join("articles"))
}

fn write_folder(folder: &Dir<'_>, below: &Path) -> Outcome {
    for file in folder.files() {
        let place = below.join(file.path());
        files::create_folder(place.parent().unwrap_or(below))?;
        files::write_new(&place, file.contents())?;
    }
    folder
        .dirs()
        .try_for_each(|folder| write_folder(folder, below))
}

/// Three mirrors on loopback.
struct Mirrors {
    servers: Vec<Server>,
    addresses: Vec<Url>,
}

const NAMES: [&str; 3] = ["mirror 1", "mirror 2", "mirror 3"];

impl Mirrors {
    async fn start(stage: &Stage) -> Result<Self, Failure> {
        let (mut servers, mut addresses) = (Vec::new(), Vec::new());
        for name in NAMES {
            let mut options = server::Options::new(
                stage.place.join(name),
                SocketAddr::from(([127, 0, 0, 1], 0)),
            );
            options.anchor = Some(Anchor::Fingerprint(stage.fingerprint));
            let server = server::start(options, Arc::new(SystemClock)).await?;
            let address = format!("http://{}/", server.address());
            addresses.push(Url::parse(&address).expect("a socket's address is an address"));
            servers.push(server);
        }
        Ok(Self { servers, addresses })
    }

    async fn receive(&self, stage: &Stage, screen: &Screen) -> Outcome {
        let source = Source::new(stage.edition.clone(), Vec::new());
        let source =
            source.map_err(|error| Failure::setup(format!("no edition to push: {error}")))?;
        let mirrors: Vec<_> = NAMES
            .iter()
            .zip(&self.addresses)
            .map(|(name, address)| Mirror {
                name: (*name).to_owned(),
                place: Place::Colport(address.clone()),
            })
            .collect();
        let wire = HttpFetch::new(Patience::default());
        let outcomes = sync::push_all(
            &wire,
            &Arc::new(source),
            &mirrors,
            &sync::Options::default(),
            &mut |_| {},
        )
        .await;
        for (mirror, outcome) in outcomes {
            if !outcome.is_good() {
                return Err(Failure::refused(format!(
                    "{} did not take the edition: {outcome}",
                    mirror.name
                )));
            }
        }
        screen.line("4. The edition is pushed to all three. They take it because its signature is\n   right: there is no password.");
        Ok(())
    }

    /// One mirror goes dark, another lies. Gives those that still run.
    async fn fall(mut self, stage: &Stage, screen: &Screen) -> Result<Vec<Server>, Failure> {
        let first = self.servers.remove(0);
        first.stop().await;
        screen.line("5. The censor finds mirror 1 and has it switched off.");
        corrupt(&stage.place.join(NAMES[1]), &stage.edition).await?;
        screen.line("6. He breaks into mirror 2 and changes an article on its disk.");
        Ok(self.servers)
    }
}

/// Changes a few bytes in the middle of an article, in the very file that the mirror serves, and in the other forms of it.
async fn corrupt(mirror: &Path, edition: &VerifiedEdition) -> Outcome {
    let is_article = |path: &&SitePath| {
        path.as_str().split('/').count() == 5 && path.as_str().ends_with("/index.html")
    };
    let (_, article) = edition
        .files()
        .find(|(path, _)| is_article(path))
        .expect("the demo has articles");
    let place = article.place();
    let middle = place.start + (place.end - place.start) / 2;
    let forms = mirror.join("forms");
    // They are made behind; this is the last.
    for _ in 0..300 {
        match files::exists(&forms.join("1-text.zst")) {
            true => break,
            false => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    for name in files::list(&forms).unwrap_or_default() {
        let form = forms.join(name);
        // Where a dense one has its last picture.
        let near_end = files::length(&form)?.saturating_sub(100);
        files::vandalise(&form, near_end, b"LIES")?;
    }
    Ok(files::vandalise(
        &mirror.join("edition.tar.gz"),
        middle,
        b"LIES",
    )?)
}

/// The network as the reader has it: the last mirror is on another continent, so the others are tried first.
struct Network {
    wire: HttpFetch,
    distant: Option<Url>,
}

const DISTANCE: Duration = Duration::from_millis(150);

impl Fetch for Network {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        let is_distant = self
            .distant
            .as_ref()
            .is_some_and(|mirror| mirror.port() == request.url.port());
        Box::pin(async move {
            if is_distant {
                tokio::time::sleep(DISTANCE).await;
            }
            self.wire.fetch(request).await
        })
    }
}

/// A line ends before the 80th column where it can.
fn in_two_lines(fault: &str) -> String {
    fault.replacen(": ", ":\n         ", 1)
}

async fn read(stage: &Stage, mirrors: Vec<Url>, screen: &Screen) -> Result<Arc<Excerpt>, Failure> {
    screen.line("7. A reader asks all three, knowing only the fingerprint:");
    let named = |address: &str, mirrors: &[Url]| {
        let at = mirrors.iter().position(|mirror| mirror.as_str() == address);
        at.and_then(|at| NAMES.get(at))
            .map_or_else(|| address.to_owned(), |name| (*name).to_owned())
    };
    let options = reader::Options::new(
        mirrors.clone(),
        stage.place.join("reader"),
        FirstTrust::Fingerprint(stage.fingerprint),
    );
    let wire = HttpFetch::new(Patience::default());
    let network = Network {
        wire,
        distant: mirrors.last().cloned(),
    };
    let now = SystemClock.now();
    let (mut fallen, mut asked) = (BTreeSet::new(), BTreeSet::new());
    let mut show = |event| {
        let (mirror, what) = match event {
            Event::Failed { mirror, fault } => {
                let is_known = !fallen.insert(mirror.clone());
                (
                    mirror,
                    (!is_known).then(|| in_two_lines(&fault.to_string())),
                )
            }
            Event::Asked { mirror, .. } if fallen.contains(&mirror) => (mirror, None),
            // It may be asked for one form of the bundle after the other.
            Event::Asked {
                mirror,
                from_byte: 0,
            } if !asked.insert(mirror.clone()) => (mirror, None),
            Event::Asked {
                mirror,
                from_byte: 0,
            } => (mirror, Some("has the newest edition, fetching".into())),
            Event::Asked { mirror, from_byte } => (
                mirror,
                Some(format!(
                    "going on here; the first {} are verified and kept",
                    size(from_byte)
                )),
            ),
            _ => return,
        };
        if let Some(what) = what {
            screen.line(format!("      {}: {what}", named(&mirror, &mirrors)));
        }
    };
    let got = reader::get(&network, now, &options, &mut show).await;
    let got = got.map_err(|error| Failure::refused(&error).hint(error.hint()))?;
    screen.line(format!(
        "      Edition {} is whole, and every file is as the newsroom signed it.",
        got.edition.number()
    ));
    screen.indented().line(freshness(got.edition.proof(), now));
    Ok(got.edition)
}
