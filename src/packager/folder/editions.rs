//! Editions on disk: full bundles, small copies of the newest, and the forms in which they travel.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::super::PublishError;
use super::super::cache::{Key, Kind};
use super::{FolderError, NewsroomFolder, Result};
use crate::base::{Digest, EditionNumber};
use crate::edition::{
    DenseForms, Refusal, Retold, Variant, VerifiedEdition, digest_of, write_excerpt,
};
use crate::io::address::{BundleFile, BundleName};
use crate::io::files::{self, Copying, FileError, Pages, Spool, Thrift};
use crate::io::scratch::Scratch;

/// Of the note that holds the number of the newest edition.
pub(super) const PUBLISHED: &str = "newest-edition";
const NOTE_BYTES: u64 = 100;

impl NewsroomFolder {
    /// The numbers of the full bundles that are kept, in ascending order.
    pub fn kept(&self) -> Result<Vec<EditionNumber>> {
        let number = |path: PathBuf| path.to_str()?.strip_suffix(".tar.gz")?.parse().ok();
        let mut kept: Vec<_> = files::list(&self.editions())?
            .into_iter()
            .filter_map(number)
            .collect();
        kept.sort_unstable();
        Ok(kept)
    }

    /// An edition that was published from here, verified again: a disk may have changed it.
    pub fn edition(&self, number: EditionNumber, now: Timestamp) -> Result<VerifiedEdition> {
        Ok(self.edition_and_pages(number, None, now)?.0)
    }

    /// `good`: the digest of the bundle when it was last verified.
    fn edition_and_pages(
        &self,
        number: EditionNumber,
        good: Option<Digest>,
        now: Timestamp,
    ) -> Result<(VerifiedEdition, Pages)> {
        let path = self.bundle(number);
        let (bundle, pages) = files::map_pages(&path)?;
        let mut thrift = Thrift::new(pages.clone());
        let seen = &mut |bytes| thrift.passed(bytes);
        let newcomer = self.newcomer()?;
        let opened = match good {
            Some(digest) => VerifiedEdition::open_again(bundle, digest, &newcomer, now, seen),
            None => VerifiedEdition::open_watched(bundle, &newcomer, now, seen),
        };
        let opened = opened.map_err(|refusal| FolderError::Edition { path, refusal })?;
        pages.let_go();
        Ok((opened, pages))
    }

    /// Notes the digest of a bundle that was found good. As long as it has that and the code is the same that proved it,
    /// [`Self::newest_and_pages`] need not unpack it.
    pub fn note_good(&self, edition: &VerifiedEdition, pages: &Pages, now: Timestamp) {
        let mut thrift = Thrift::new(pages.clone());
        let digest = digest_of(edition.bundle(), &mut |bytes| thrift.passed(bytes));
        pages.let_go();
        // If it cannot be noted, it is unpacked again.
        let key = key_of_good(edition.number());
        let _ = self.cache(now).keep(Kind::Editions, key, digest.as_bytes());
    }

    fn noted(&self, number: EditionNumber, now: Timestamp) -> Option<Digest> {
        let noted = self.cache(now).find(Kind::Editions, key_of_good(number))?;
        Some(<[u8; 32]>::try_from(noted).ok()?.into())
    }

    pub fn newest(&self, now: Timestamp) -> Result<Option<Arc<VerifiedEdition>>> {
        let newest = self.newest_and_pages(now)?;
        Ok(newest.map(|(edition, _)| edition))
    }

    /// The same, with a hold on the memory that its bundle comes to take.
    pub fn newest_and_pages(
        &self,
        now: Timestamp,
    ) -> Result<Option<(Arc<VerifiedEdition>, Pages)>> {
        let newest = self.kept()?.last().copied();
        let published = self.published()?;
        if let Some(number) = published.filter(|published| newest < Some(*published)) {
            return Err(FolderError::EditionLost(self.bundle(number)));
        }
        let Some(number) = newest else {
            return Ok(None);
        };
        let good = self.noted(number, now);
        let (edition, pages) = self.edition_and_pages(number, good, now)?;
        if good.is_none() {
            self.note_good(&edition, &pages, now);
        }
        let (edition, pages) = self.with_lists_aside(edition, pages);
        Ok(Some((Arc::new(edition), pages)))
    }

    /// The same edition, of which the signed lists lie on the disk until they are looked at: of a large one they are tens of
    /// megabytes. On a disk that is full they stay in memory.
    fn with_lists_aside(&self, edition: VerifiedEdition, pages: Pages) -> (VerifiedEdition, Pages) {
        let lay = || {
            let scratch = Scratch::on(&self.place.join("cache"))?;
            let mut lists = edition.proof().trusted().lists();
            lists.try_for_each(|list| scratch.append(list).map(drop))?;
            scratch.into_map()
        };
        let Ok((lists, their_pages)) = lay() else {
            return (edition, pages);
        };
        let edition = edition.with_lists_in(&lists);
        their_pages.let_go();
        (edition, pages.and(their_pages))
    }

    /// The newest edition that was ever put in its place here. Without its bundle the next one would have a number that
    /// readers and mirrors have seen already.
    fn published(&self) -> Result<Option<EditionNumber>> {
        let place = self.published_note();
        let text = match files::read(&place, NOTE_BYTES) {
            Err(FileError::NotFound(_)) => return Ok(None),
            read => read?,
        };
        let number = String::from_utf8_lossy(&text).trim().parse();
        number.map(Some).map_err(|_| FolderError::Note(place))
    }

    /// Remembers that an edition is in its place.
    pub fn note_published(&self, number: EditionNumber) -> Result<()> {
        if self.published()? == Some(number) {
            return Ok(());
        }
        let place = self.published_note();
        files::create_folder(&self.place.join("archive"))?;
        Ok(files::write(&place, format!("{number}\n").as_bytes())?)
    }

    fn published_note(&self) -> PathBuf {
        self.place.join("archive").join(PUBLISHED)
    }

    /// The editions before `newest` that are kept. One that a disk has damaged is of no use for updates, and left out.
    pub fn earlier(
        &self,
        newest: EditionNumber,
        now: Timestamp,
    ) -> Result<Vec<Arc<VerifiedEdition>>> {
        let mut kept = self.kept()?;
        kept.retain(|number| *number < newest);
        Ok(kept
            .into_iter()
            .filter_map(|number| self.edition(number, now).ok())
            .map(Arc::new)
            .collect())
    }

    /// Removes all but the newest edition and `earlier` before it, from which updates can be made.
    pub fn prune(&self, earlier: usize) -> Result<()> {
        let kept = self.kept()?;
        let past = kept.len().saturating_sub(earlier + 1);
        for number in kept.into_iter().take(past) {
            files::remove(&self.bundle(number))?;
        }
        Ok(())
    }
}

/// The code that proves editions; see the build script.
const PROVING: &str = env!("COLPORT_PROVING");

fn key_of_good(number: EditionNumber) -> Key {
    Key::of(&[PROVING, "good", &number.to_string()].map(str::as_bytes))
}

impl NewsroomFolder {
    /// Writes these small copies of an edition that is not in its place yet, also over those that one left which never came
    /// there. `pages`: of the edition's bundle, which is gone through.
    pub fn lay_small(
        &self,
        edition: &VerifiedEdition,
        pages: &Pages,
        variants: &[Variant],
    ) -> Result<()> {
        let places = self.small_places(edition.number(), variants);
        let mut places = places.iter();
        places.try_for_each(|(place, variant)| write_copy(edition, pages, place, *variant))
    }

    /// Writes those of these small copies of the newest edition that are not there, and removes all others.
    pub fn write_small(
        &self,
        edition: &VerifiedEdition,
        pages: &Pages,
        variants: &[Variant],
    ) -> Result<()> {
        let wanted = self.small_places(edition.number(), variants);
        for (place, variant) in &wanted {
            if !files::exists(place) {
                write_copy(edition, pages, place, *variant)?;
            }
        }
        for name in files::list(&self.editions())? {
            let place = self.editions().join(&name);
            let name = name.to_string_lossy();
            let is_small = name.ends_with("-light.tar.gz") || name.ends_with("-text.tar.gz");
            if is_small && !wanted.contains_key(&place) {
                files::remove(&place)?;
            }
        }
        Ok(())
    }

    fn small_places(
        &self,
        edition: EditionNumber,
        variants: &[Variant],
    ) -> BTreeMap<PathBuf, Variant> {
        let small = variants.iter().filter(|variant| **variant != Variant::Full);
        small
            .map(|variant| (self.small_bundle(edition, *variant), *variant))
            .collect()
    }

    /// Those small copies of the edition that were [written](Self::write_small).
    pub fn small_forms(
        &self,
        edition: EditionNumber,
        variants: &[Variant],
    ) -> Result<Vec<(BundleFile, Bytes)>> {
        let small = variants.iter().filter(|variant| **variant != Variant::Full);
        let places = small.map(|variant| {
            let name = BundleName::of(None, edition, *variant).plain();
            (name, self.small_bundle(edition, *variant))
        });
        let there = places.filter(|(_, place)| files::exists(place));
        there
            .map(|(name, place)| Ok((name, files::map(&place)?)))
            .collect()
    }

    /// The dense forms of `newest` and of the updates from `earlier`, in all variants. They take a few seconds to make, so
    /// they are kept, by the mark of the edition; those of other editions go.
    pub fn dense_forms(
        &self,
        newest: &VerifiedEdition,
        earlier: &[Arc<VerifiedEdition>],
        variants: &[Variant],
    ) -> Result<Vec<(BundleFile, Bytes)>> {
        let edition = newest.number();
        let issued = newest.remembered().timestamp.unwrap_or_default();
        let mark: String = Digest::of(&issued).to_string().chars().take(16).collect();
        let folder = self.place.join("dense");
        files::create_folder(&folder)?;
        for name in files::list(&folder)? {
            if !name.to_string_lossy().starts_with(&mark) {
                files::remove(&folder.join(name))?;
            }
        }
        let (mut forms, mut retold) = (Vec::new(), Retold::default());
        let earlier = earlier.iter().filter(|base| base.number() < edition);
        for base in std::iter::once(None).chain(earlier.map(Some)) {
            let mut dense = None;
            for variant in variants {
                let number = base.map(|base| base.number());
                let name = BundleName::of(number, edition, *variant).dense();
                let place = folder.join(format!("{mark}-{name}"));
                let bytes = kept_or_made(&place, |out| {
                    let dense = match &mut dense {
                        Some(dense) => dense,
                        None => dense.insert(match base {
                            None => DenseForms::of(newest),
                            Some(base) => {
                                DenseForms::since(base, newest)?.after(std::mem::take(&mut retold))
                            }
                        }),
                    };
                    dense.write(out, *variant)
                })?;
                forms.push((name, bytes));
            }
            if let Some(dense) = dense {
                retold = dense.into_retold();
            }
        }
        Ok(forms)
    }
}

fn write_copy(
    edition: &VerifiedEdition,
    pages: &Pages,
    place: &Path,
    variant: Variant,
) -> Result<()> {
    let spool = Copying::new(Spool::beside(place)?, pages.clone());
    let written = write_excerpt(spool, edition, variant)
        .map_err(|error| PublishError::from(Refusal::from(error)))?;
    Ok(written.into_inner().publish()?)
}

fn kept_or_made(place: &Path, write: impl FnOnce(Spool) -> io::Result<Spool>) -> Result<Bytes> {
    if !files::exists(place) {
        let written = write(Spool::beside(place)?).map_err(|source| FileError::Other {
            doing: "write",
            path: place.into(),
            source,
        });
        written?.publish()?;
    }
    Ok(files::map(place)?)
}
