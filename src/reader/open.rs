//! A bundle that came from a friend, on a stick or by a messenger: what may be believed of it.
//!
//! 1. Known newsroom: every signature and every file is proved from its first root. An expired edition is opened all the
//!    same, and says how old it is ([`Excerpt::freshness_at`]); one that is older than what was seen is refused.
//! 2. Unknown newsroom: the bundle is proved from the root inside, which shows that nothing was changed since *someone*
//!    signed it, and not who. So what comes back cannot be shown before a person has compared the fingerprint.
//! 3. Lists of mirrors: they belong to no edition, and have versions of their own below which a reader accepts none. So those
//!    in a bundle are taken up however old its edition is ([`brought`]); but no news can be made of that. It must be by the
//!    keys that count now: who stole one that was taken back signs no lists.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Store, StoreError};
use crate::base::{EditionNumber, Fingerprint, MetadataName};
use crate::bundle::{MemberName, Scanner};
use crate::edition::{Excerpt, Refusal, Remembered};

/// A newsroom that this reader knows.
#[derive(Debug, Clone)]
pub struct Newsroom {
    fingerprint: Fingerprint,
    remembered: Remembered,
}

impl Newsroom {
    /// Known by its first root alone: nothing of it was seen yet.
    pub fn new(first_root: Bytes) -> Self {
        Self {
            fingerprint: Fingerprint::of_first_root(&first_root),
            remembered: Remembered::new(first_root),
        }
    }

    /// The newsroom that a store belongs to, with what was seen of it; `None` if the store is new.
    pub fn of_store(store: &Store) -> Result<Option<Self>, StoreError> {
        let (anchor, remembered) = (store.anchor()?, store.remembered()?);
        Ok(anchor.zip(remembered).map(|(anchor, remembered)| Self {
            fingerprint: Fingerprint::of_first_root(&anchor),
            remembered,
        }))
    }

    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A bundle in which everything fits together.
#[derive(Debug)]
pub enum Sideload {
    Verified(Box<Excerpt>),
    /// Ask the person to compare the fingerprint with one that came another way.
    UnknownNewsroom(Box<Unproved>),
}

/// An edition by who knows whom. It gives nothing away but its fingerprint.
#[derive(Debug)]
pub struct Unproved {
    fingerprint: Fingerprint,
    first_root: Bytes,
    edition: Excerpt,
}

impl Unproved {
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub fn edition_number(&self) -> EditionNumber {
        self.edition.number()
    }

    /// `compared` must come from the person, not from here. With the edition comes the root to keep as anchor.
    pub fn accept(self, compared: Fingerprint) -> Result<(Excerpt, Bytes), OpenError> {
        if compared != self.fingerprint {
            return Err(OpenError::OtherNewsroom {
                found: self.fingerprint,
                known: compared,
            });
        }
        Ok((self.edition, self.first_root))
    }
}

/// What a bundle tells channels of mirrors, and by which root that is proved. Nothing of its edition.
#[derive(Debug, Clone)]
pub struct Brought {
    pub(super) root: Remembered,
    pub(super) lists: Vec<Bytes>,
}

impl Brought {
    pub fn of(edition: &Excerpt) -> Self {
        Self {
            root: Remembered::new(edition.remembered().root),
            lists: edition.lists_beside().to_vec(),
        }
    }

    /// Whether no list came.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Forged, damaged, or older than what was seen.
    #[error("this copy was refused: {0}")]
    Refused(#[from] Refusal),
    #[error("this copy is of another newsroom: its fingerprint is `{found}` and not `{known}`")]
    OtherNewsroom {
        found: Fingerprint,
        known: Fingerprint,
    },
    /// It may be signed well, but there is nothing to compare.
    #[error("this copy does not hold the newsroom's first key, so nobody can tell whose it is")]
    NoRoot,
}

impl OpenError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::OtherNewsroom { .. } => Some(
                "do not trust it unless you know that other fingerprint too; ask who gave you this copy"
                    .into(),
            ),
            Self::NoRoot => Some("take the bundle again, from a mirror or another friend".into()),
        }
    }
}

/// Proves a whole bundle, every byte. `known`: the newsroom that the reader expects it from, if any.
pub fn open(
    bundle: Bytes,
    known: Option<&Newsroom>,
    now: Timestamp,
) -> Result<Sideload, OpenError> {
    if let Some(newsroom) = known {
        let edition = of_known(bundle, newsroom, now)?;
        return Ok(Sideload::Verified(Box::new(edition)));
    }
    let first_root = first_root(&bundle)?.ok_or(OpenError::NoRoot)?;
    let edition = Excerpt::open(bundle, &Remembered::new(first_root.clone()), now)?;
    Ok(Sideload::UnknownNewsroom(Box::new(Unproved {
        fingerprint: Fingerprint::of_first_root(&first_root),
        first_root,
        edition,
    })))
}

/// The lists in a bundle of this newsroom, whose edition may be older than what was seen of it.
pub fn brought(bundle: Bytes, known: &Newsroom, now: Timestamp) -> Result<Brought, OpenError> {
    let known = Newsroom {
        fingerprint: known.fingerprint,
        remembered: Remembered::new(known.remembered.root.clone()),
    };
    Ok(Brought::of(&of_known(bundle, &known, now)?))
}

fn of_known(bundle: Bytes, known: &Newsroom, now: Timestamp) -> Result<Excerpt, OpenError> {
    let found = first_root(&bundle)?.map(|root| Fingerprint::of_first_root(&root));
    match found.filter(|found| *found != known.fingerprint) {
        Some(found) => Err(OpenError::OtherNewsroom {
            found,
            known: known.fingerprint,
        }),
        None => Ok(Excerpt::open(bundle, &known.remembered, now)?),
    }
}

/// The first root inside, which comes before all files.
fn first_root(bundle: &Bytes) -> Result<Option<Bytes>, OpenError> {
    let name = MetadataName::versioned("root", 1).map(MemberName::Metadata);
    let mut scanner = Scanner::default();
    scanner.push(bundle.clone());
    while let Some(member) = scanner.next().map_err(Refusal::from)? {
        if Some(&member.name) == name.as_ref() {
            return Ok(Some(member.content().map_err(Refusal::from)?.into()));
        }
        if !matches!(member.name, MemberName::About | MemberName::Metadata(_)) {
            break;
        }
    }
    Ok(None)
}
