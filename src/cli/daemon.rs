//! `colport sync` without `--once`: the newsroom's side of the [daemon].
//!
//! 1. Its memory is opened, or refused in words: a second daemon, a torn database, another format.
//! 2. [`NewsroomDesk`] reads the file and the folder, and signs.
//! 3. Beside it run the operator's [page], and a file that says how things stand, for
//!    `colport mirrors`.
//! 4. It goes on until somebody wants it to stop.

pub(super) mod outlay;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use url::Url;

use super::failure::{Failure, Outcome};
use super::screen::Screen;
use super::serve::until_service_ends;
use super::sync::source;
use crate::base::{EditionNumber, Secret, Timestamp};
use crate::config::{self, Config, ConfigError};
use crate::io::clock::SystemClock;
use crate::io::door;
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, FileError, Marks};
use crate::io::ledger::{Ledger, LedgerError};
use crate::io::random;
use crate::packager::NewsroomFolder;
use crate::sync::daemon::page::{self, Office};
use crate::sync::daemon::{
    self, Announcement, BookError, Daemon, Desk, Exposure, FILES, Member, Operator, Sealed, Told,
    Trouble, View, Wanted,
};
use crate::sync::hooks::{self, Avoid, Hook, Need, Occasion};
use crate::sync::pool;
use crate::sync::rotation::{MirrorId, Place, Probe, VantageId};
use crate::sync::watching::{self, Expectation, Scope, Target, Vantage};
use crate::sync::{self, Source};

/// The daemon's memory in the folder `sync`.
const MEMORY: &str = "state.redb";
/// How things stand, in the same folder.
pub(super) const STATUS: &str = "status.json";
/// Who has it may see the page; in the same folder.
const PAGE_KEY: &str = "page.key";
/// A shorter one could be guessed.
const PAGE_KEY_LENGTH: usize = 16;
const STATUS_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn keep(site: &Path, screen: &Screen) -> Outcome {
    // Once in front of the person, who can mend it.
    let config = config::load(site)?;
    let folder = NewsroomFolder::at(site);
    folder.fingerprint()?;
    folder.list_keys()?;
    let sync = folder.sync_folder()?;
    let ledger = Ledger::open(&sync.join(MEMORY))?;
    let memory = Daemon::open(ledger.entries(), random::bytes)?;
    let wire = HttpFetch::new(Patience::default());
    let desk = Arc::new(NewsroomDesk {
        site: site.to_path_buf(),
        folder,
        wire: wire.clone(),
        read: Mutex::default(),
        turns: Mutex::default(),
        screen: screen.clone(),
    });
    let (say, said) = mpsc::channel(16);
    let (views, seen) = watch::channel(View::default());
    let mut beside = JoinSet::new();
    beside.spawn(write_status(sync.join(STATUS), seen.clone()));
    if let Some(address) = config.page {
        let (listener, address) = page_listener(address).await?;
        let (token, key) = (random::token(), page_key(&sync)?);
        beside.spawn(page::serve(
            listener,
            address,
            Office {
                views: seen,
                say: say.clone(),
                key: key.clone(),
                token,
            },
        ));
        // Where nobody sits before it, it may be a log, in which the key has no place.
        let shown = match screen.has_colours() {
            true => format!("on {}", page_address(address, &key)),
            false => "on the address that `colport mirrors --page` prints".into(),
        };
        screen.line(format!("How things stand is shown {shown}"));
    }
    if !config.wanted.channels.is_empty() && !is_watched_from_inside(&config) {
        screen.warn(
            "fewer than two places inside look at mirrors, so none is ever taken for blocked and replaced: see `[[vantage]]` in \
             `colport.toml`",
        );
    }
    screen.line("Mirrors are kept up to date from now on. Ctrl-C ends it.");
    let wire = Arc::new(wire);
    let (clock, stop) = (&SystemClock, until_service_ends());
    let operator = Operator { said, views };
    daemon::run(desk, wire, clock, ledger, memory, operator, stop).await?;
    drop(say);
    screen.line("Stopped.");
    Ok(())
}

/// Whether somebody could see that a mirror is blocked.
fn is_watched_from_inside(config: &Config) -> bool {
    let inside = config.vantages.iter();
    inside.filter(|it| it.place == Place::Inside).count() >= 2
}

/// The same at each start, so that a bookmark and whoever asks for numbers go on.
pub(super) fn page_key(sync: &Path) -> Result<Secret<String>, FileError> {
    let place = sync.join(PAGE_KEY);
    let read = match files::read_private(&place, 200) {
        Err(FileError::NotFound(_)) => Vec::new(),
        read => read?,
    };
    let key = String::from_utf8_lossy(&read).trim().to_owned();
    // A torn file, or one that somebody emptied, would let everybody in.
    if key.len() >= PAGE_KEY_LENGTH {
        return Ok(Secret::new(key));
    }
    let key = random::token();
    files::write_private(&place, key.expose().as_bytes())?;
    Ok(key)
}

/// With the key, so for the operator's eyes alone.
pub(super) fn page_address(address: SocketAddr, key: &Secret<String>) -> String {
    format!("http://{address}/?key={}", key.expose())
}

async fn page_listener(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    door::open(address).await.map_err(|error| {
        Failure::setup(format!("could not listen on `{address}`: {error}")).try_this(
            "stop what listens there, or choose another `page` under `[sync]` in `colport.toml`",
        )
    })
}

async fn write_status(place: PathBuf, mut seen: watch::Receiver<View>) {
    while seen.changed().await.is_ok() {
        let view = seen.borrow_and_update().clone();
        let json = serde_json::to_vec(&view).unwrap_or_default();
        // Written again in a moment; the daemon's own memory tells of a full disk.
        let _ = files::write_private(&place, &json);
        tokio::time::sleep(STATUS_EVERY).await;
    }
}

/// See the module.
struct NewsroomDesk {
    site: PathBuf,
    folder: NewsroomFolder,
    wire: HttpFetch,
    /// The file as it was last read, and its marks.
    read: Mutex<Option<(Marks, Arc<Config>)>>,
    /// Of each meeting place, by name.
    turns: Mutex<BTreeMap<String, Turn>>,
    screen: Screen,
}

/// One channel's list after another: a branch is replaced whole, by way of one copy of it.
type Turn = Arc<tokio::sync::Mutex<()>>;

fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble(error.to_string())
}

impl NewsroomDesk {
    fn read(&self) -> Option<Result<Arc<Config>, Trouble>> {
        let marks = match files::marks(&self.site.join(config::FILE)) {
            Ok(marks) => marks,
            Err(error) => return Some(Err(trouble(error))),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.as_ref().is_some_and(|(before, _)| *before == marks) {
            return None;
        }
        match config::load(&self.site) {
            Ok(config) => {
                let config = Arc::new(config);
                *read = Some((marks, config.clone()));
                Some(Ok(config))
            }
            Err(error) => Some(Err(not_understood(&self.site, &error))),
        }
    }
}

impl NewsroomDesk {
    /// The file as it was last understood.
    fn config(&self) -> Result<Arc<Config>, Trouble> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let config = read.as_ref().map(|(_, config)| config.clone());
        config.ok_or_else(|| Trouble("`colport.toml` cannot be read".into()))
    }

    fn turn(&self, meeting_place: &str) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(meeting_place.to_owned()).or_default().clone()
    }

    fn announcement(
        &self,
        config: &Config,
        told: &Told,
        sealed: &Sealed,
    ) -> Result<Announcement, Trouble> {
        let fingerprint = self.folder.fingerprint().map_err(trouble)?;
        let mut languages = vec![config.site.language.clone()];
        for desk in &config.newsrooms {
            if !languages.contains(&desk.newsroom.language) {
                languages.push(desk.newsroom.language.clone());
            }
        }
        Ok(Announcement::of(
            told,
            sealed,
            &config.site.name,
            &languages,
            fingerprint,
        ))
    }
}

impl Desk for NewsroomDesk {
    fn wanted(&self, made: &[String]) -> Option<Result<Wanted, Trouble>> {
        let read = self.read()?;
        Some(read.map(|config| {
            let mut wanted = config.wanted.clone();
            for json in made {
                // What cannot be understood any more is let go like one that was taken out of the file.
                if let Ok(described) = config::described(json.as_bytes(), &self.site) {
                    let made = Some(json.clone());
                    wanted.members.push(Member {
                        made,
                        ..Member::of_pool(&described)
                    });
                }
            }
            wanted
        }))
    }

    fn newest(&self) -> Result<Option<EditionNumber>, Trouble> {
        let kept = self.folder.kept().map_err(trouble)?;
        Ok(kept.last().copied())
    }

    fn source(&self) -> Result<Arc<Source>, Trouble> {
        source(&self.folder, &self.config()?.variants).map_err(trouble)
    }

    fn seal(&self, told: &Told) -> Result<Sealed, Trouble> {
        let keys = self.folder.list_keys().map_err(trouble)?;
        Ok((told.word.name(), told.list.seal(&told.word, &keys)))
    }

    fn probe(
        &self,
        vantage: VantageId,
        members: Vec<(MirrorId, Member, Exposure)>,
        source: Arc<Source>,
        now: Timestamp,
    ) -> BoxFuture<'static, Vec<Probe>> {
        let (Ok(config), Some(expected)) = (
            self.config(),
            Expectation::of(&source, random::byte()).map(Arc::new),
        ) else {
            return async { Vec::new() }.boxed();
        };
        let mut vantages = config.vantages.iter();
        let Some(vantage) = vantages.find(|it| it.id == vantage).cloned() else {
            return async { Vec::new() }.boxed();
        };
        let targets = targets(&vantage, &members, &expected);
        async move {
            let options = watching::Options::default();
            watching::look(&vantage, &targets, &options, now).await
        }
        .boxed()
    }

    fn announce(
        &self,
        way: String,
        told: Told,
        sealed: Sealed,
    ) -> BoxFuture<'static, Result<(), Trouble>> {
        let config = match self.config() {
            Ok(config) => config,
            Err(trouble) => return async { Err(trouble) }.boxed(),
        };
        let mut places = config.meeting_places.iter();
        if let Some(meeting) = places.find(|place| place.name == way) {
            let (wire, place) = (self.wire.clone(), meeting.place.clone());
            let turn = self.turn(&way);
            return async move {
                let _turn = turn.lock().await;
                let laid = daemon::lay(&wire, &place, &sealed).await;
                // Hosts and programs name addresses.
                laid.map_err(|why| Trouble(hooks::discreet(&why)))
            }
            .boxed();
        }
        let announcement = match self.announcement(&config, &told, &sealed) {
            Ok(announcement) => announcement,
            Err(trouble) => return async { Err(trouble) }.boxed(),
        };
        let site = self.site.clone();
        match way == FILES {
            true => {
                let folder = NewsroomFolder::at(&self.site);
                async move { lay_out(folder, announcement, config).await }.boxed()
            }
            false => async move { call(&config, &way, &announcement, &site).await }.boxed(),
        }
    }

    fn make(
        &self,
        living: Vec<Member>,
        follow: Vec<Url>,
    ) -> BoxFuture<'static, Result<Box<Member>, Trouble>> {
        let config = self.config();
        let fingerprint = self.folder.fingerprint().map_err(trouble);
        let site = self.site.clone();
        async move {
            let (config, fingerprint) = (config?, fingerprint?);
            let need = need(&config, &living, fingerprint.to_string(), follow);
            made(&config, need, &site).await
        }
        .boxed()
    }

    fn alert(&self, words: String) -> BoxFuture<'static, Result<(), Trouble>> {
        let config = self.config();
        let site = self.site.clone();
        async move {
            let config = config?;
            let alerted = config.hooks.iter().filter(|it| it.on == Occasion::Alert);
            let alerted: Vec<Hook> = alerted.cloned().collect();
            let failed = hooks::call_all(&alerted, &Alert { text: &words }).await;
            let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
            match failed.is_empty() {
                true => Ok(()),
                false => Err(kept(&site, Occasion::Alert, &failed.join("; "))),
            }
        }
        .boxed()
    }

    fn options(&self) -> sync::Options {
        self.config()
            .map(|config| config.push.clone())
            .unwrap_or_default()
    }

    fn say(&self, line: &str) {
        self.screen.line(line);
    }
}

/// What went wrong with a hook, without the addresses that it may have named.
fn kept(site: &Path, on: Occasion, error: &dyn std::fmt::Display) -> Trouble {
    let (whole, name) = (error.to_string(), format!("hook-{}.txt", on.name()));
    let bare = hooks::discreet(&whole);
    match bare == whole {
        true => Trouble(whole),
        false => set_aside(site, &name, bare, &whole),
    }
}

/// What is wrong with the file, without addresses: it goes to people by ways that others read.
fn not_understood(site: &Path, error: &ConfigError) -> Trouble {
    let ConfigError::Malformed { why, .. } = error else {
        return trouble(error);
    };
    let bare = format!(
        "`{}` cannot be understood: {}",
        config::FILE,
        hooks::discreet(why)
    );
    set_aside(site, "config.txt", bare, &error.to_string())
}

/// With the whole of it in a file, where only the operator reads it.
fn set_aside(site: &Path, name: &str, bare: String, whole: &str) -> Trouble {
    let folder = NewsroomFolder::at(site).sync_folder().map_err(trouble);
    let written = folder.and_then(|folder| {
        let place = folder.join(name);
        // The same is found every few seconds, until it is mended.
        let before = files::read_private(&place, 2 * whole.len() as u64);
        match before.is_ok_and(|before| before == whole.as_bytes()) {
            true => Ok(()),
            false => files::write_private(&place, whole.as_bytes()).map_err(trouble),
        }
    });
    match written {
        Ok(()) => Trouble(format!(
            "{bare} (all of it is in the file {name} in the folder sync)"
        )),
        Err(_) => Trouble(bare),
    }
}

/// On a thread that may wait for a disk.
async fn lay_out(
    folder: NewsroomFolder,
    announcement: Announcement,
    config: Arc<Config>,
) -> Result<(), Trouble> {
    let laying = tokio::task::spawn_blocking(move || {
        let dns = config.wanted.rendezvous.dns.as_deref();
        outlay::lay_out(&folder, &announcement, dns)
    });
    laying.await.map_err(trouble)?
}

/// Has the hook of this name tell the channel.
async fn call(
    config: &Config,
    way: &str,
    announcement: &Announcement,
    site: &Path,
) -> Result<(), Trouble> {
    let mut hooks = config.hooks.iter();
    let hook = hooks.find(|hook| hook.on == Occasion::Announce && hook.words() == way);
    let hook = hook.ok_or_else(|| Trouble(format!("there is no hook `{way}` any more")))?;
    let said = hooks::call(hook, announcement).await;
    said.map(drop).map_err(|error| kept(site, hook.on, &error))
}

/// Has a hook make a mirror, and reads what it says of it. Whether it may be taken, the daemon decides.
async fn made(config: &Config, need: Need, site: &Path) -> Result<Box<Member>, Trouble> {
    let mut hooks = config.hooks.iter();
    let hook = hooks.find(|hook| hook.on == Occasion::NeedMirror);
    let hook = hook.ok_or_else(|| Trouble("there is no hook that makes mirrors".into()))?;
    let json = hooks::call(hook, &need).await;
    let json = json.map_err(|error| kept(site, hook.on, &error))?;
    let described = config::made(&json, site, &config.made);
    let described = described.map_err(|error| kept(site, hook.on, &error))?;
    let mut member = Member::of_pool(&described);
    member.made = Some(String::from_utf8_lossy(&json).into_owned());
    Ok(Box::new(member))
}

/// What a hook that alerts is told.
#[derive(Serialize)]
struct Alert<'a> {
    text: &'a str,
}

/// What the vantage may look at.
fn targets(
    vantage: &Vantage,
    members: &[(MirrorId, Member, Exposure)],
    expected: &Arc<Expectation>,
) -> Vec<Target> {
    let may = |exposure: Exposure| vantage.scope == Scope::All || exposure == Exposure::Told;
    let seen = members.iter().filter(|(_, _, exposure)| may(*exposure));
    seen.filter_map(|(mirror, member, _)| {
        Some(Target {
            mirror: *mirror,
            url: member.public.as_ref()?.url.clone(),
            addresses: member.addresses.clone(),
            expected: expected.clone(),
        })
    })
    .collect()
}

fn need(config: &Config, living: &[Member], fingerprint: String, follow: Vec<Url>) -> Need {
    let mut words: Vec<String> = config
        .newsrooms
        .iter()
        .map(|desk| desk.newsroom.name.clone())
        .collect();
    words.push(config.site.name.clone());
    let public: Vec<_> = living
        .iter()
        .filter_map(|member| member.public.as_ref())
        .collect();
    Need {
        name: pool::draw(random::byte, &words),
        avoid: Avoid {
            providers: public
                .iter()
                .map(|public| public.provider.clone())
                .collect(),
            accounts: public
                .iter()
                .map(|public| public.account.clone())
                .filter(|account| !account.is_empty())
                .collect(),
            domains: public
                .iter()
                .map(|public| pool::registrable(&public.url))
                .collect(),
        },
        fingerprint,
        follow,
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        let hint = error.hint();
        Self::setup(&error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Digest, SitePath};
    use crate::io::store::Keeper;
    use crate::sync::rotation;
    use crate::sync::watching::{Page, Way};
    use crate::trust::lists::{AddressList, ChannelWord};

    const SITE: &str = "[site]\nname = \"x\"\nlanguage = \"en\"\n";

    fn desk(site: &Path, rest: &str) -> NewsroomDesk {
        let file = format!("{SITE}{rest}");
        files::write(&site.join(config::FILE), file.as_bytes()).unwrap();
        NewsroomDesk {
            site: site.to_path_buf(),
            folder: NewsroomFolder::at(site),
            wire: HttpFetch::new(Patience::default()),
            read: Mutex::default(),
            turns: Mutex::default(),
            screen: Screen::of_terminal(),
        }
    }

    #[test]
    fn an_empty_key_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let key = || page_key(folder.path()).unwrap().expose().clone();
        let first = key();
        assert_eq!(key(), first);
        for torn in ["", "\n", &first[..3]] {
            files::write_private(&folder.path().join(PAGE_KEY), torn.as_bytes()).unwrap();
            assert!(key().len() >= PAGE_KEY_LENGTH && key() == key(), "{torn:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_file_names_no_address() {
        let folder = tempfile::tempdir().unwrap();
        let check = |mirror: &str, says: &str, only_here: &str| {
            let desk = desk(
                folder.path(),
                &format!("[[mirror]]\nname = \"a\"\n{mirror}\n"),
            );
            let Some(Err(Trouble(words))) = desk.wanted(&[]) else {
                panic!("it is understood");
            };
            assert!(
                !words.contains("balo") && !words.contains("anna"),
                "{words}"
            );
            assert!(words.starts_with("`colport.toml` cannot be understood: "));
            assert!(words.contains(says), "{words}");
            let whole = folder.path().join("sync/config.txt");
            let whole = files::read_private(&whole, 10_000).unwrap();
            assert!(String::from_utf8(whole).unwrap().contains(only_here));
        };
        check("colport = \"https://balo.example/", "line 6", "line 6");
        check("colport = 3 # anna at balo", "line 6", "line 6");
        check(
            "colport = \"ftp://balo.example/\"",
            "begins with `ftp`",
            "balo",
        );
    }

    #[tokio::test]
    async fn lists_of_many_channels_come_to_one_branch() {
        let folder = tempfile::tempdir().unwrap();
        let branch = folder.path().join("pages.git");
        let git = |words: &[&str]| {
            #[expect(clippy::disallowed_methods, reason = "a test looks at a branch")]
            let mut git = std::process::Command::new("git");
            let done = git.arg("--git-dir").arg(&branch).args(words).output();
            done.is_ok_and(|done| done.status.success())
        };
        if !git(&["init", "--quiet", "--bare"]) {
            return;
        }
        let rest = format!(
            "[[mirror]]\nname = \"m\"\ngit = {{ repository = \"/a\" }}\n[sync]\n\
             meeting_place = [{{ name = \"m\", git = {{ repository = \"{}\" }}, address = \"https://a.example/\" }}]\n",
            branch.display()
        );
        let desk = desk(folder.path(), &rest);
        assert!(desk.wanted(&[]).unwrap().is_ok());
        let config = desk.config().unwrap();
        let (one, other) = (&config.mirrors[0].place, &config.meeting_places[0].place);
        let copy = |place: &sync::Place| match place {
            sync::Place::Host(sync::Host {
                keeper: Keeper::Git(git),
                ..
            }) => git.copy.clone(),
            _ => panic!("{place:?}"),
        };
        assert_ne!(copy(one), copy(other));
        let words = ["k3q9x2m7k3q9", "another7word", "thirdxx7word"];
        let words = words.map(|word| ChannelWord::parse(word).unwrap());
        let laid = (1..).zip(&words).map(|(id, word)| {
            let told = told(id, word.clone());
            let sealed = (told.word.name(), format!("{{{id}}}").into());
            desk.announce("m".into(), told, sealed)
        });
        for done in futures_util::future::join_all(laid).await {
            assert_eq!(done, Ok(()));
        }
        for word in words {
            let name = word.name();
            assert!(git(&["cat-file", "-e", &format!("pages:{name}.json")]));
        }
    }

    fn told(id: u64, word: ChannelWord) -> Told {
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        Told {
            channel: rotation::ChannelId(id),
            name: format!("c{id}"),
            word,
            list: AddressList {
                version: 1,
                issued: at,
                expires: at,
                mirrors: Vec::new(),
                rendezvous: daemon::Rendezvous::default(),
            },
            show: Vec::new(),
        }
    }

    /// A lie of the resolver shows only where the address is known.
    #[test]
    fn the_addresses_that_a_hook_told_of_a_mirror_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let rest = "[[pool]]\nprovider = \"p\"\nupkeep = \"paid\"\naddresses = [\"192.0.2.1\"]\n\
            mirror = { name = \"balo\", colport = \"https://balo.com/\" }\n";
        let desk = desk(folder.path(), rest);
        let made = r#"{"provider": "q", "upkeep": "paid", "addresses": ["192.0.2.7"],
            "mirror": {"name": "kide", "colport": "https://kide.com/"}}"#;
        let wanted = desk.wanted(&[made.to_owned()]).unwrap().unwrap();
        let members: Vec<_> = (1..)
            .zip(wanted.members)
            .map(|(id, member)| (MirrorId(id), member, Exposure::Told))
            .collect();
        let expected = Expectation {
            edition: 1,
            timestamp: Digest::of(b""),
            page: Page {
                path: SitePath::parse("a.html").unwrap(),
                digest: Digest::of(b""),
                bytes: 0,
            },
        };
        let vantage = Vantage {
            id: Vantage::id_of("a"),
            name: "a".into(),
            place: rotation::Place::Inside,
            way: Way::Direct,
            scope: Scope::Told,
            controls: Vec::new(),
        };
        let targets = targets(&vantage, &members, &Arc::new(expected));
        let known: Vec<String> = targets
            .iter()
            .map(|target| format!("{:?}", target.addresses))
            .collect();
        assert_eq!(known, ["[192.0.2.1]", "[192.0.2.7]"]);
    }
}
