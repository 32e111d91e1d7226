//! What a mirror holds: one edition, on disk and live, and the newest metadata it ever saw.
//!
//! In the state folder lie
//! - `edition.tar.gz`, the last good edition as a full bundle;
//! - `edition.seal`, what was proved of it, and where each thing lies in it: see [`seal`];
//! - `remembered.json`, the newest metadata seen, below which nothing is accepted even if the bundle is lost;
//! - `lists/`, sealed lists of channels: see [`lists`](super::lists);
//! - `evidence/`, two validly signed files of one version, whoever brought the second;
//! - `forms/`, the same edition in other [forms](super::forms), which can be made again;
//! - `.colport-….part`, a bundle on its way in;
//! - `lock`, held while a server runs.
//!
//! The one moment at which a new edition counts is the renaming of a part to `edition.tar.gz`:
//! 1. before it, every byte of the new bundle was verified and is on disk;
//! 2. killed before it, a start finds the old edition, and sweeps the part away;
//! 3. killed after it, a start finds the new edition. It verifies it whole, like any other, and with it come the new
//!    metadata, so it does not matter that `remembered.json` is still the old one;
//! 4. `remembered.json` is written after it, in one piece. The other order could leave a memory that forbids the only
//!    edition that is there;
//! 5. the seal is written last. One that belongs to another edition is passed over.
//!
//! What is known of each file of the edition takes memory by their number, and is only needed while somebody brings the next
//! one. So it is let go of when nobody did for a while, and then every byte is verified once more before a new bundle is
//! looked at. For the same reason the signed lists of files that are remembered stay in `remembered.json` until then.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::admission::{Admission, Trust};
use super::current::Current;
use super::forms::Forms;
use super::refused::Refused;
use super::respond::{self, Catalogue};
use super::{index, seal};
use crate::base::{EditionNumber, Fingerprint, LIMITS};
use crate::bundle::{About, MemberName, Scanner};
use crate::edition::{Refusal, Remembered, VerifiedEdition};
use crate::io::evidence;
use crate::io::files::{self, FileError, Spool};
use crate::io::part::Lock;
use crate::trust;

/// Whom a mirror that knows nothing yet believes.
#[derive(Debug, Clone)]
pub enum Anchor {
    /// A root metadata file that came by a trusted way.
    Root(Bytes),
    /// Of the first root, which is then taken from the first bundle.
    Fingerprint(Fingerprint),
}

/// Why the state folder, or the bundle to begin with, cannot be served from.
#[derive(Debug, thiserror::Error)]
pub enum HoldingsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{0}` is new, and nobody said whom to trust")]
    NoAnchor(PathBuf),
    #[error("`{folder}` holds the site `{held}`, not the one that was asked for")]
    OtherSite { folder: PathBuf, held: Fingerprint },
    #[error("what this mirror remembers in `{0}` cannot be read")]
    DamagedMemory(PathBuf),
    #[error("`{path}` was refused: {refused}")]
    Bundle { path: PathBuf, refused: Refused },
}

impl HoldingsError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::File(error) => return error.hint(),
            Self::Bundle { refused, .. } => return refused.hint(),
            Self::NoAnchor(_) => {
                "add `--root` with the newsroom's fingerprint, or with its file `1.root.json`"
            }
            Self::OtherSite { .. } => "use another state folder for each site",
            Self::DamagedMemory(_) => {
                "check the disk; then remove the file and give `--root` again, which forgets how new the newest edition was"
            }
        };
        Some(words.to_owned())
    }
}

pub(super) struct Holdings {
    folder: PathBuf,
    held: Mutex<Held>,
    /// Rung when what is shown by its seal was verified, and when somebody waits for that.
    proved: Condvar,
    /// Held by who verifies once more what was let go of.
    reopening: Mutex<()>,
    current: Arc<Current>,
    forms: Forms,
    damage: OnceLock<HoldingsError>,
}

#[derive(Clone)]
struct Held {
    /// As far as it tells what is newer. Mostly the rest lies in `remembered.json`.
    trust: Trust,
    is_trust_whole: bool,
    /// Of the edition that is live and was proved.
    number: Option<EditionNumber>,
    /// The same edition, until it is let go of.
    edition: Option<Arc<VerifiedEdition>>,
    /// What is shown is still to be verified, and nothing else is taken in before.
    is_on_seal: bool,
    /// Somebody waits for that.
    is_awaited: bool,
    /// It need not be done any more.
    is_closed: bool,
}

/// Keeps other servers out of `folder`, which is made if it is not there and somebody is trusted.
pub(super) fn lock(folder: &Path, anchor: Option<&Anchor>) -> Result<Lock, HoldingsError> {
    if anchor.is_none() && !files::exists(folder) {
        return Err(HoldingsError::NoAnchor(folder.into()));
    }
    files::create_folder(folder)?;
    Ok(Lock::take(&folder.join("lock"))?)
}

impl Holdings {
    /// Reads what lies in `folder`, and verifies it unless its seal is whole: then that is left to [`Self::prove`].
    pub(super) fn open(
        folder: &Path,
        anchor: Option<&Anchor>,
        now: Timestamp,
    ) -> Result<Self, HoldingsError> {
        files::sweep_parts(folder)?;
        let current = Arc::<Current>::default();
        let holdings = Self {
            folder: folder.into(),
            held: Mutex::new(Held {
                trust: believed(folder, anchor)?,
                is_trust_whole: !files::exists(&memory_of(folder)),
                number: None,
                edition: None,
                is_on_seal: false,
                is_awaited: false,
                is_closed: false,
            }),
            proved: Condvar::new(),
            reopening: Mutex::default(),
            forms: Forms::begin(folder.join("forms"), Arc::clone(&current)),
            current,
            damage: OnceLock::new(),
        };
        match holdings.sealed() {
            Some(catalogue) => {
                holdings.lock().is_on_seal = true;
                holdings.current.exchange(catalogue);
            }
            None => holdings.settle(holdings.reopen(now)),
        }
        Ok(holdings)
    }

    /// What lies there, if it bears the marks of what was verified, of a site that is remembered.
    fn sealed(&self) -> Option<Catalogue> {
        // Only what is remembered here tells of which site the edition is.
        if !files::exists(&memory_of(&self.folder)) {
            return None;
        }
        let place = self.place();
        let marks = files::marks(&place).ok()?;
        let index = seal::read(&files::map(&self.folder.join(SEAL)).ok()?, &marks)?;
        Some(Catalogue::indexed(index, files::map(&place).ok()?))
    }

    /// Verifies what is shown on the strength of its seal, and takes it down if it is damaged.
    pub(super) fn prove(&self, now: Timestamp) {
        if self.lock().is_on_seal {
            let Some(opened) = self.patiently(|| self.reopen(now)) else {
                return;
            };
            self.settle(opened);
        }
        self.lock().is_on_seal = false;
        self.proved.notify_all();
    }

    /// The same, in its time: readers whom a restart cut off come back all at once, and go first.
    pub(super) fn prove_at_leisure(&self, now: Timestamp) {
        let waits = |held: &mut Held| held.is_on_seal && !held.is_awaited && !held.is_closed;
        let waited = self.proved.wait_timeout_while(self.lock(), LEISURE, waits);
        drop(waited);
        if self.lock().is_closed {
            return;
        }
        self.prove(now);
        self.let_go();
    }

    /// Whom the mirror believes, with all that is remembered.
    fn trust(&self) -> Result<Trust, HoldingsError> {
        let held = self.lock();
        if held.is_trust_whole {
            return Ok(held.trust.clone());
        }
        drop(held);
        // By now it may be of a newer edition, which is as good.
        let path = memory_of(&self.folder);
        let remembered = Remembered::from_json(&memory(&path)?);
        remembered
            .map(Trust::Remembered)
            .ok_or(HoldingsError::DamagedMemory(path))
    }

    /// Lets what is shown by its seal be verified at once.
    pub(super) fn hurry(&self) {
        self.lock().is_awaited = true;
        self.proved.notify_all();
    }

    /// Tries again for as long as what was tried fails for want of room. `None`: it need not be done any more.
    fn patiently<T>(
        &self,
        tried: impl Fn() -> Result<T, HoldingsError>,
    ) -> Option<Result<T, HoldingsError>> {
        loop {
            match tried() {
                Err(HoldingsError::File(error)) if error.is_passing() => {}
                done => return Some(done),
            }
            let waits = |held: &mut Held| !held.is_closed;
            let waited = (self.proved).wait_timeout_while(self.lock(), PATIENCE, waits);
            drop(waited);
            if self.lock().is_closed {
                return None;
            }
        }
    }

    /// What is shown from now on, after what lies on the disk was verified.
    fn settle(&self, opened: Result<Option<VerifiedEdition>, HoldingsError>) {
        match opened {
            Ok(None) => self.current.exchange(Catalogue::default()),
            Ok(Some(edition)) => {
                let mut held = self.lock();
                // Another one may have come in meanwhile.
                if held.number.is_none() {
                    self.go_live(&mut held, edition);
                }
            }
            Err(damage) => self.take_down(damage),
        }
    }

    fn take_down(&self, damage: HoldingsError) {
        if matches!(damage, HoldingsError::Bundle { .. }) {
            // The next start is to verify first, and then takes a whole one that it is given.
            let _ = files::remove(&self.folder.join(SEAL));
        }
        self.lock().number = None;
        self.current.exchange(Catalogue::default());
        // The first one says enough.
        let _ = self.damage.set(damage);
    }

    /// The edition of the last time, verified again.
    fn reopen(&self, now: Timestamp) -> Result<Option<VerifiedEdition>, HoldingsError> {
        let path = self.place();
        if !files::exists(&path) {
            return Ok(None);
        }
        let bundle = files::map(&path)?;
        let opened = self
            .trust()?
            .remembered(&bundle)
            .and_then(|remembered| Ok(VerifiedEdition::open(bundle, &remembered, now)?));
        opened
            .map(Some)
            .map_err(|refused| HoldingsError::Bundle { path, refused })
    }

    /// Takes in a bundle from disk, unless what is held is as new. Tells whether it did.
    pub(super) fn take_file(&self, path: &Path, now: Timestamp) -> Result<bool, HoldingsError> {
        self.take_mapped(path, files::map(path)?, now)
    }

    /// The same of what is mapped already, out of `path`.
    pub(super) fn take_mapped(
        &self,
        path: &Path,
        bundle: Bytes,
        now: Timestamp,
    ) -> Result<bool, HoldingsError> {
        if self.is_held(&bundle) || (self.claims_no_more(&bundle) && !self.is_news(&bundle, now)) {
            return Ok(false);
        }
        // Whoever takes something in waits for that, and at a start nobody else does it.
        self.prove(now);
        match self.take(bundle, now) {
            Ok(_) => Ok(true),
            Err(Refused::Edition(Refusal::NotNewer { .. })) => Ok(false),
            Err(refused) => Err(HoldingsError::Bundle {
                path: path.into(),
                refused,
            }),
        }
    }

    /// By its length and its beginning, where the metadata are. It saves a restart the rest of it.
    fn is_held(&self, bundle: &Bytes) -> bool {
        let begins = |bundle: &Bytes| bundle.slice(..bundle.len().min(PIECE_BYTES));
        self.current.hold().edition().is_some()
            && files::map(&self.place())
                .is_ok_and(|held| held.len() == bundle.len() && begins(&held) == begins(bundle))
    }

    /// By what the bundle says of itself.
    fn claims_no_more(&self, bundle: &Bytes) -> bool {
        let held = self.current.hold().edition();
        let mut scanner = Scanner::default();
        scanner.push(bundle.slice(..bundle.len().min(PIECE_BYTES)));
        let about = match scanner.next() {
            Ok(Some(member)) if member.name == MemberName::About => member.content().ok(),
            _ => None,
        };
        let about = about.and_then(|about| About::parse(&about).ok());
        about.is_some_and(|about| held >= Some(about.edition))
    }

    /// By its metadata: after a theft of keys the newsroom's next edition has a lower number than the thief's, and a
    /// newer root.
    fn is_news(&self, bundle: &Bytes, now: Timestamp) -> bool {
        let (trust, shown) = (self.lock().trust.clone(), self.current.hold().edition());
        let (Trust::Remembered(remembered), Some(shown)) = (&trust, shown) else {
            return true;
        };
        let mut admission = Admission::new(Part::of(self.place()), trust.clone(), None, now);
        let mut rest = bundle.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            if admission.push(piece).is_err() {
                return false;
            }
            if let Some(proof) = admission.proof() {
                return proof.refuse_older_than(remembered, shown).is_ok();
            }
        }
        false
    }

    fn take(&self, mut bundle: Bytes, now: Timestamp) -> Result<EditionNumber, Refused> {
        let mut admission = self.admission(now);
        while !bundle.is_empty() {
            // A copy: the file may be a stranger's, who could write other bytes into it between the proof and the disk.
            let piece = bundle.split_to(bundle.len().min(PIECE_BYTES));
            self.push(&mut admission, Bytes::copy_from_slice(&piece))?;
        }
        self.commit(admission)
    }

    /// For a bundle that comes in pieces.
    pub(super) fn admission(&self, now: Timestamp) -> Admission {
        let edition = self.edition(now);
        match self.trust() {
            Ok(trust) => Admission::new(Part::of(self.place()), trust, edition, now),
            // Without its memory a mirror cannot tell the new from the old.
            Err(HoldingsError::File(error)) => Admission::refused(error.into(), now),
            Err(_) => Admission::refused(damaged_memory(), now),
        }
    }

    /// The next piece of it. When it is refused, what contradicts what is held stays.
    pub(super) fn push(&self, admission: &mut Admission, piece: Bytes) -> Result<(), Refused> {
        let pushed = admission.push(piece);
        pushed.inspect_err(|refused| {
            self.keep_evidence(admission);
            self.make_room(refused);
        })
    }

    /// So that the next try finds some.
    fn make_room(&self, refused: &Refused) {
        if let Refused::Edition(Refusal::Unwritable {
            disk_full: true, ..
        }) = refused
        {
            self.forms.make_room();
        }
    }

    fn keep_evidence(&self, admission: &Admission) {
        for found in admission.evidence() {
            let files = [&found.known, &found.other].map(|file| &file[..]);
            // A full disk must not keep the mirror from its work.
            let folder = self.folder.join(evidence::FOLDER);
            let _ = evidence::keep(&folder, &found.role, found.version, files);
        }
    }

    /// Puts a bundle that came in whole into its place and live. One at a time.
    pub(super) fn commit(&self, admission: Admission) -> Result<EditionNumber, Refused> {
        self.keep_evidence(&admission);
        let mut held = self.settled();
        // Another one may have come in meanwhile.
        if let (Some(proof), Some(number), Trust::Remembered(remembered)) =
            (admission.proof(), held.number, &held.trust)
        {
            proof.refuse_older_than(remembered, number)?;
        }
        let edition = admission.finish(|part| {
            let place = part.place.clone();
            part.publish()?;
            Ok(files::map(&place)?)
        });
        let edition = edition.inspect_err(|refused| self.make_room(refused))?;
        let number = edition.number();
        self.go_live(&mut held, edition);
        Ok(number)
    }

    fn go_live(&self, held: &mut Held, edition: VerifiedEdition) {
        let remembered = edition.remembered();
        // A memory that could not be written is made again out of the bundle at the next start.
        held.is_trust_whole = self.remember(&remembered).is_err();
        held.trust = Trust::Remembered(match held.is_trust_whole {
            true => remembered,
            false => remembered.top_level(),
        });
        let sealed = self.seal(&edition);
        self.current
            .exchange(sealed.unwrap_or_else(|| Catalogue::of(&edition)));
        held.number = Some(edition.number());
        let edition = Arc::new(edition);
        let before = held.edition.replace(Arc::clone(&edition));
        self.forms.order(edition, before);
        held.is_on_seal = false;
    }

    /// In the file, unless that is what stands there.
    fn remember(&self, remembered: &Remembered) -> Result<(), FileError> {
        let (path, json) = (memory_of(&self.folder), remembered.to_json());
        match files::map(&path) {
            Ok(there) if there == json => Ok(()),
            _ => files::write(&path, &json),
        }
    }

    /// With its table where the next start finds it. Without, that one verifies before it shows, and what lies where is
    /// kept in memory until then.
    fn seal(&self, edition: &VerifiedEdition) -> Option<Catalogue> {
        let (bundle, path) = (edition.bundle().clone(), self.folder.join(SEAL));
        let marks = files::marks(&self.place()).ok()?;
        let listings = respond::listings(edition);
        let table = index::write(edition.number(), listings, bundle.len() as u64);
        files::write_lightly(&path, &seal::write(&marks, &table)).ok()?;
        let index = seal::read(&files::map(&path).ok()?, &marks)?;
        Some(Catalogue::indexed(index, bundle))
    }

    /// The edition that is live, once every byte of it was verified; once more, if it was let go of.
    fn edition(&self, now: Timestamp) -> Option<Arc<VerifiedEdition>> {
        let _one_at_a_time = self.reopening.lock();
        let held = self.settled().clone();
        if held.number.is_none() || held.edition.is_some() {
            return held.edition;
        }
        match self.reopen(now) {
            Ok(edition) => {
                let edition = Arc::new(edition?);
                let mut held = self.lock();
                // Another one may have gone live meanwhile.
                if held.number == Some(edition.number()) && held.edition.is_none() {
                    held.edition = Some(Arc::clone(&edition));
                }
                Some(edition)
            }
            Err(damage @ HoldingsError::Bundle { .. }) => {
                self.take_down(damage);
                None
            }
            // What is live was proved. Only nothing can be taken in.
            Err(_) => None,
        }
    }

    /// For the slow clock: forgets of the edition what nobody uses.
    pub(super) fn let_go(&self) {
        let mut held = self.lock();
        let is_used = |edition: &Arc<_>| Arc::strong_count(edition) > 1;
        let unused = held.edition.take_if(|edition| !is_used(edition));
        drop(held);
        // A large table, and nobody should wait for it.
        drop(unused);
    }

    /// Whether every byte of what is live was verified by this process.
    pub(super) fn is_proved(&self) -> bool {
        self.lock().number.is_some()
    }

    /// What is live, as it lies on disk, once it is verified.
    pub(super) fn bundle(&self) -> Option<Bytes> {
        self.settled().number?;
        files::map(&self.place()).ok()
    }

    /// Whose editions are taken in, by the first root where that is known.
    pub(super) fn anchor(&self) -> Anchor {
        match &self.lock().trust {
            Trust::Fingerprint(fingerprint) => Anchor::Fingerprint(*fingerprint),
            Trust::Remembered(remembered) => match remembered.first_root {
                Some(fingerprint) => Anchor::Fingerprint(fingerprint),
                None => Anchor::Root(remembered.root.clone()),
            },
        }
    }

    /// The newest root that is trusted; `None` before the first edition.
    pub(super) fn root(&self) -> Option<Bytes> {
        match &self.lock().trust {
            Trust::Fingerprint(_) => None,
            Trust::Remembered(remembered) => Some(remembered.root.clone()),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the wait for what need not be verified any more.
    pub(super) fn forgo(&self) {
        self.lock().is_closed = true;
        self.proved.notify_all();
    }

    /// Behind this nothing is read or written here but for requests.
    pub(super) fn close(&self) {
        self.forgo();
        self.forms.end();
    }

    pub(super) fn current(&self) -> &Current {
        &self.current
    }

    /// Why the edition of the last time is not served, if there was one.
    pub(super) fn damage(&self) -> Option<&HoldingsError> {
        self.damage.get()
    }

    fn place(&self) -> PathBuf {
        self.folder.join("edition.tar.gz")
    }

    /// Waits until nothing is shown by its seal alone.
    fn settled(&self) -> MutexGuard<'_, Held> {
        self.hurry();
        let waits = |held: &mut Held| held.is_on_seal && !held.is_closed;
        let waited = self.proved.wait_while(self.lock(), waits);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // All fields are set by moves that cannot fail, so a panic elsewhere leaves them whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PIECE_BYTES: usize = 1 << 18;
const LEISURE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(1);
const SEAL: &str = "edition.seal";

/// As far as it is held in memory. What the folder remembers goes before what is said now, if both are of one site.
fn believed(folder: &Path, anchor: Option<&Anchor>) -> Result<Trust, HoldingsError> {
    let Some((remembered, site)) = recall(folder)? else {
        return match anchor {
            None => Err(HoldingsError::NoAnchor(folder.into())),
            Some(Anchor::Root(root)) => Ok(Trust::Remembered(Remembered::new(root.clone()))),
            Some(Anchor::Fingerprint(print)) => Ok(Trust::Fingerprint(*print)),
        };
    };
    let wanted = match anchor {
        Some(Anchor::Fingerprint(print)) => Some(*print),
        Some(Anchor::Root(root)) if is_first_root(root) => Some(Fingerprint::of_first_root(root)),
        // A later root does not tell of which site it is.
        Some(Anchor::Root(_)) | None => None,
    };
    if wanted.is_some_and(|wanted| wanted != site) {
        let folder = folder.into();
        return Err(HoldingsError::OtherSite { folder, held: site });
    }
    Ok(Trust::Remembered(remembered))
}

fn is_first_root(root: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(root)
        .ok()
        .and_then(|root| root.pointer("/signed/version")?.as_u64())
        == Some(1)
}

fn memory_of(folder: &Path) -> PathBuf {
    folder.join("remembered.json")
}

fn recall(folder: &Path) -> Result<Option<(Remembered, Fingerprint)>, HoldingsError> {
    let path = memory_of(folder);
    let text = match memory(&path) {
        Err(HoldingsError::File(FileError::NotFound(_))) => return Ok(None),
        read => read?,
    };
    let recalled = Remembered::top_level_from_json(&text).and_then(|remembered| {
        let site = remembered.first_root?;
        Some((remembered, site))
    });
    recalled.map(Some).ok_or(HoldingsError::DamagedMemory(path))
}

fn damaged_memory() -> Refused {
    let refusal = trust::Refusal::DamagedMemory {
        role: "targets".to_owned(),
        why: "it is not what was written".to_owned(),
    };
    Refusal::from(refusal).into()
}

fn memory(path: &Path) -> Result<Bytes, HoldingsError> {
    let text = files::map(path)?;
    match text.len() as u64 <= 2 * LIMITS.metadata_bytes {
        true => Ok(text),
        false => Err(HoldingsError::DamagedMemory(path.into())),
    }
}

/// A file that is begun when its first byte comes: a bundle that is refused before that never touches the disk.
pub(super) struct Part {
    place: PathBuf,
    spool: Option<Spool>,
}

impl Part {
    fn of(place: PathBuf) -> Self {
        Self { place, spool: None }
    }

    fn spool(&mut self) -> io::Result<&mut Spool> {
        if self.spool.is_none() {
            // Without the path, which is nobody's business out there.
            let spool = Spool::beside(&self.place).map_err(|error| match error {
                FileError::Full(_) => io::ErrorKind::StorageFull,
                _ => io::ErrorKind::Other,
            })?;
            return Ok(self.spool.insert(spool));
        }
        Ok(self.spool.as_mut().expect("it is there already"))
    }

    fn publish(self) -> Result<(), FileError> {
        match self.spool {
            Some(spool) => spool.publish(),
            None => Err(FileError::NotFound(self.place)),
        }
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.spool()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.spool {
            Some(spool) => spool.flush(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn empty(folder: &Path) -> Holdings {
        let anchor = Anchor::Root(Bytes::from_static(b"{}"));
        let holdings = Holdings::open(folder, Some(&anchor), Timestamp::UNIX_EPOCH);
        holdings.expect("an empty folder")
    }

    fn no_room() -> HoldingsError {
        let source = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        HoldingsError::File(FileError::Other {
            doing: "open",
            path: PathBuf::new(),
            source,
        })
    }

    #[test]
    fn what_cannot_be_opened_for_want_of_room_is_not_taken_for_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let (holdings, tries) = (empty(folder.path()), Cell::new(0));
        let opened = holdings.patiently(|| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 {
                Err(no_room())
            } else {
                Ok(7)
            }
        });
        assert!(matches!(opened, Some(Ok(7))));
        let gone = || FileError::NotFound(PathBuf::new());
        let opened = holdings.patiently(|| Err::<(), _>(gone().into()));
        assert!(matches!(opened, Some(Err(_))), "that does not pass");
        holdings.close();
        assert!(holdings.patiently(|| Err::<(), _>(no_room())).is_none());
    }

    #[test]
    fn what_is_closed_does_not_wait_to_be_verified() {
        let folder = tempfile::tempdir().expect("a folder");
        let holdings = empty(folder.path());
        holdings.lock().is_on_seal = true;
        std::thread::scope(|scope| {
            scope.spawn(|| holdings.prove_at_leisure(Timestamp::UNIX_EPOCH));
            holdings.close();
        });
        assert!(holdings.lock().is_on_seal, "it was not verified");
        assert!(
            holdings.bundle().is_none(),
            "and who asks for it need not wait"
        );
    }
}
