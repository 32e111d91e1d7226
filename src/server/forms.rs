//! Other forms of the edition that is live, which the mirror makes by itself: updates for those who have an earlier edition,
//! small copies with fewer pictures, and dense forms for thin lines.
//!
//! In the state folder lie, in `forms`,
//! - `11-12.tar.gz`, `11-12.zst`, `12.zst`, `12-text.tar.gz` and so on;
//! - `earlier-11.tar.gz`: what an update is made by, which is all of that edition but its pictures.
//!
//! 1. They are made behind, by one thread: for each earlier edition, the newest first, what is only copied, then what must
//!    be pressed; the whole edition last. What is pressed is pressed once for all variants, and a photo retold once for all.
//! 2. To press takes seconds of a processor and some 100 MB of memory. The thread rests as long as it works, so that readers
//!    find the other half of the smallest machine free.
//! 3. What is whole is shown at once, also at the next start. It is not verified again then: who receives it verifies it.
//! 4. When a newer edition goes live, it leaves off and begins with that one. Forms of other editions go.
//!
//! Nobody can bring a form. What a mirror hands on it has made out of an edition that it verified.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::current::Current;
use crate::base::{Digest, EditionNumber, MetadataName};
use crate::edition::{
    DenseForms, Excerpt, Holding, Remembered, Retold, Variant, VerifiedEdition, write_excerpt,
    write_update,
};
use crate::io::address::{BundleFile, BundleName};
use crate::io::files::{self, FileError, Spool};

/// Editions from which updates are made.
const EARLIER: usize = 7;
/// Of all that is kept of them.
const EARLIER_BYTES: u64 = 256 << 20;
/// An edition with more text is not pressed as a whole: that would take minutes.
const PRESSED_BYTES: u64 = 64 << 20;

/// Orders the forms. Dropped, it has the thread end.
pub(super) struct Forms {
    orders: Mutex<Option<(Sender<Order>, JoinHandle<()>)>>,
    newest: Arc<AtomicU64>,
    folder: PathBuf,
    current: Arc<Current>,
}

struct Order {
    edition: Arc<VerifiedEdition>,
    /// What was live until now.
    before: Option<Arc<VerifiedEdition>>,
}

impl Forms {
    /// Of the editions that will be live, in this folder.
    pub(super) fn begin(folder: PathBuf, current: Arc<Current>) -> Self {
        let (orders, coming) = channel();
        let newest = Arc::new(AtomicU64::new(0));
        let maker = Maker {
            folder: folder.clone(),
            current: Arc::clone(&current),
            newest: Arc::clone(&newest),
        };
        let thread = std::thread::spawn(move || maker.run(&coming));
        Self {
            orders: Mutex::new(Some((orders, thread))),
            newest,
            folder,
            current,
        }
    }

    pub(super) fn order(
        &self,
        edition: Arc<VerifiedEdition>,
        before: Option<Arc<VerifiedEdition>>,
    ) {
        if let Some((orders, _)) = &*self.orders.lock().unwrap_or_else(PoisonError::into_inner) {
            self.newest.store(edition.number(), Ordering::Relaxed);
            // Without the thread there are no forms, and the bundle is still served.
            let _ = orders.send(Order { edition, before });
        }
    }

    /// Gives up all forms, which lie on a full disk in the way of an edition that comes.
    pub(super) fn make_room(&self) {
        self.newest.store(EditionNumber::MAX, Ordering::Relaxed);
        self.current.amend(|live| Some(live.without_forms()));
        for name in files::list(&self.folder).unwrap_or_default() {
            // What is not gone stays in the way, as it was.
            let _ = files::remove(&self.folder.join(name));
        }
    }

    /// Leaves off, and waits until nothing in the state folder is read any more.
    pub(super) fn end(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that no order of the same moment makes another one the newest.
        self.newest.store(EditionNumber::MAX, Ordering::Relaxed);
        let began = orders.take();
        drop(orders);
        if let Some((orders, thread)) = began {
            drop(orders);
            // If it panicked there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

impl Drop for Forms {
    fn drop(&mut self) {
        self.newest.store(EditionNumber::MAX, Ordering::Relaxed);
    }
}

struct Maker {
    folder: PathBuf,
    current: Arc<Current>,
    newest: Arc<AtomicU64>,
}

impl Maker {
    fn run(&self, orders: &Receiver<Order>) {
        for order in orders {
            // In a thread for each order: with it goes all the memory that it came to need.
            std::thread::scope(|scope| {
                // What cannot be made, since the disk is full for instance, is done without.
                let _ = scope.spawn(|| self.make(&order)).join();
            });
        }
    }

    fn make(&self, Order { edition, before }: &Order) -> Result<(), FileError> {
        let number = edition.number();
        files::create_folder(&self.folder)?;
        files::sweep_parts(&self.folder)?;
        if let Some(before) = before.as_ref().filter(|before| before.number() < number) {
            let place = self.earlier_place(before.number());
            self.write(place, number, |out| {
                write_excerpt(out, before, Variant::Text)
            })?;
        }
        let bases = self.tidy(number)?;
        let mut retold = Retold::default();
        for base in bases {
            retold = self.updates(edition, base, retold)?;
        }
        // What follows has no use for it.
        drop(retold);
        for variant in [Variant::Text, Variant::Light] {
            let name = BundleName::of(None, number, variant).plain();
            self.form(&name, number, |out| write_excerpt(out, edition, variant))?;
        }
        match text_bytes(edition) <= PRESSED_BYTES {
            true => self.dense(&mut DenseForms::of(edition), None, number),
            false => Ok(()),
        }
    }

    fn updates(
        &self,
        edition: &VerifiedEdition,
        base: EditionNumber,
        retold: Retold,
    ) -> Result<Retold, FileError> {
        let number = edition.number();
        let name = |variant| BundleName::of(Some(base), number, variant);
        let plain = name(Variant::Full).plain();
        let mut all = vec![plain];
        all.extend(Variant::ALL.map(|variant| name(variant).dense()));
        if all.iter().all(|name| files::exists(&self.place(name))) {
            all.iter().try_for_each(|name| self.show(name, number))?;
            return Ok(retold);
        }
        let Some(base) = self.earlier(base, edition) else {
            return Ok(retold);
        };
        let holding = Holding::from(base.proof());
        self.form(&plain, number, |out| write_update(out, edition, &holding))?;
        let Ok(forms) = DenseForms::since(&base, edition) else {
            return Ok(retold);
        };
        let mut forms = forms.after(retold);
        self.dense(&mut forms, Some(base.number()), number)?;
        Ok(forms.into_retold())
    }

    fn dense(
        &self,
        forms: &mut DenseForms<'_>,
        base: Option<EditionNumber>,
        edition: EditionNumber,
    ) -> Result<(), FileError> {
        for variant in Variant::ALL {
            let name = BundleName::of(base, edition, variant).dense();
            self.form(&name, edition, |out| forms.write(out, variant))?;
        }
        Ok(())
    }

    /// Makes it unless it is there, and shows it.
    fn form(
        &self,
        name: &BundleFile,
        edition: EditionNumber,
        write: impl FnOnce(Paced<'_, Spool>) -> io::Result<Paced<'_, Spool>>,
    ) -> Result<(), FileError> {
        self.write(self.place(name), edition, write)?;
        self.show(name, edition)
    }

    fn show(&self, name: &BundleFile, edition: EditionNumber) -> Result<(), FileError> {
        let content = files::map(&self.place(name))?;
        let digest = Digest::of(&content);
        let name = name.shown();
        self.current
            .amend(|live| live.with_form(edition, &name, content, digest));
        Ok(())
    }

    fn write(
        &self,
        place: PathBuf,
        edition: EditionNumber,
        write: impl FnOnce(Paced<'_, Spool>) -> io::Result<Paced<'_, Spool>>,
    ) -> Result<(), FileError> {
        if files::exists(&place) {
            return Ok(());
        }
        let is_wanted = || self.newest.load(Ordering::Relaxed) <= edition;
        let out = Paced::new(Spool::beside(&place)?, &is_wanted);
        match write(out) {
            Ok(out) => out.out.publish(),
            Err(source) => Err(FileError::Other {
                doing: "write",
                path: place,
                source,
            }),
        }
    }

    /// Removes what is of other editions, and gives the earlier ones from which updates can be made, the newest first.
    fn tidy(&self, edition: EditionNumber) -> Result<Vec<EditionNumber>, FileError> {
        let listed = files::list(&self.folder)?;
        let names: Vec<_> = listed.iter().filter_map(|path| path.to_str()).collect();
        let mut bases: Vec<EditionNumber> =
            names.iter().filter_map(|name| earlier_of(name)).collect();
        bases.retain(|base| *base < edition);
        bases.sort_unstable_by(|a, b| b.cmp(a));
        bases.truncate(EARLIER);
        let mut bytes = 0;
        bases.retain(|base| {
            bytes += files::length(&self.earlier_place(*base)).unwrap_or(u64::MAX / 8);
            bytes <= EARLIER_BYTES
        });
        let is_wanted = |name: &str| match (earlier_of(name), BundleFile::parse(name)) {
            (Some(base), _) => bases.contains(&base),
            (_, Some(file)) => file.bundle.edition() == edition,
            _ => false,
        };
        for name in names.into_iter().filter(|name| !is_wanted(name)) {
            files::remove(&self.folder.join(name))?;
        }
        Ok(bases)
    }

    /// Verified again. `None`: it is damaged.
    fn earlier(&self, base: EditionNumber, edition: &VerifiedEdition) -> Option<Excerpt> {
        let bundle = files::map(&self.earlier_place(base)).ok()?;
        let first_root = edition.metadata_file(&MetadataName::versioned("root", 1)?)?;
        let newcomer = Remembered::new(edition.content(first_root));
        let then = edition.issued().unwrap_or(Timestamp::UNIX_EPOCH);
        let opened = Excerpt::open(bundle, &newcomer, then);
        if opened.is_err() {
            // The next edition finds it gone.
            let _ = files::remove(&self.earlier_place(base));
        }
        opened.ok()
    }

    fn place(&self, name: &BundleFile) -> PathBuf {
        self.folder.join(name.to_string())
    }

    fn earlier_place(&self, edition: EditionNumber) -> PathBuf {
        self.folder.join(format!("earlier-{edition}.tar.gz"))
    }
}

fn earlier_of(name: &str) -> Option<EditionNumber> {
    name.strip_prefix("earlier-")?
        .strip_suffix(".tar.gz")?
        .parse()
        .ok()
}

/// Of what gets smaller.
fn text_bytes(edition: &VerifiedEdition) -> u64 {
    let packed = |place: std::ops::Range<u64>| place.end - place.start;
    let files = edition.files();
    let texts = files.filter(|(_, entry)| packed(entry.place()) < entry.length);
    texts.map(|(_, entry)| entry.length).sum()
}

/// A writer that rests as long as it took to make what is written, and refuses to go on with what nobody wants any more.
struct Paced<'a, W> {
    out: W,
    since: Instant,
    is_wanted: &'a dyn Fn() -> bool,
}

/// Shorter work is put together.
const WORK: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_secs(1);

impl<'a, W> Paced<'a, W> {
    fn new(out: W, is_wanted: &'a dyn Fn() -> bool) -> Self {
        Self {
            out,
            since: Instant::now(),
            is_wanted,
        }
    }
}

impl<W: Write> Write for Paced<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !(self.is_wanted)() {
            return Err(io::Error::other("a newer edition came"));
        }
        let worked = self.since.elapsed();
        if worked >= WORK {
            std::thread::sleep(worked.min(LONGEST_REST));
            self.since = Instant::now();
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
