//! A change of keys on its way between people: one file that goes to each who must sign, and comes back.
//!
//! 1. [`Proposal::of`] drafts the next `root` or `targets`, or both, from who shall sign what.
//! 2. The file holds all roots from the first on, the `targets` in force, and the drafts with the signatures so far. So a
//!    machine without a network can prove which site it is for, and tell by itself what changes.
//! 3. [`Proposal::read`] believes nothing: the roots must follow from one another, the drafts must be the next versions,
//!    say nothing that colport would not write, and carry only good signatures.
//! 4. [`Proposal::changes`] compares what is in force with what would be. What a person is shown is taken from the very
//!    bytes that are signed.
//! 5. [`Proposal::finish`] gives the metadata with the new versions, once every threshold is met.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::json;
use super::super::keys::{self, PublicKey};
use super::super::metadata::{
    Delegation, Delegations, Document, Key, KeyId, ROOT, RoleKeys, Root, Signature, Signed,
    TARGETS, Targets,
};
use super::draft::{Authority, Draft, Missing};
use super::founding::{authority, rekey_all, revise_root};
use super::layout::{SITE, newsroom_delegation, site_delegation};
use super::{EditorError, KeyRing, Lifetimes, MetadataSet, NewsroomId, RoleSigners, Staff};
use crate::base::{Fingerprint, MetadataName};

/// See the module.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Every root, and `targets`.
    known: MetadataSet,
    /// `root` before `targets`.
    drafts: Vec<Draft>,
}

/// One thing that would be different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    KeyComes {
        role: String,
        key: KeyId,
    },
    KeyGoes {
        role: String,
        key: KeyId,
    },
    Threshold {
        role: String,
        from: u64,
        to: u64,
    },
    /// A newsroom may speak that could not.
    Opened {
        newsroom: String,
    },
    Closed {
        newsroom: String,
    },
    /// How long the new version is good.
    Until {
        role: String,
        from: Timestamp,
        to: Timestamp,
    },
}

const FORMAT: &str = "colport-draft";

impl Proposal {
    /// What has to be signed so that `staff` signs from now on; `None` if nothing has. The roles of `anew` get a next
    /// version in any case.
    pub fn of(
        set: &MetadataSet,
        staff: &Staff,
        anew: &BTreeSet<String>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Option<Self>, EditorError> {
        let known = known(set)?;
        let former = Staff::of(&known)?;
        let mut drafts = Vec::new();
        let mut next = known.clone();
        if former.top != staff.top || anew.contains(ROOT) {
            let signers = staff.top().ok_or_else(|| missing(ROOT))?;
            let draft = revise_root(&known, &signers, now, lifetimes)?;
            place(&mut next, &draft)?;
            drafts.push(draft);
        }
        let rekeyed = former.delegated != staff.delegated;
        let other_signers = former.role(TARGETS) != staff.role(TARGETS);
        if rekeyed || other_signers || anew.contains(TARGETS) {
            drafts.push(rekey_all(&next, &staff.delegated, now, lifetimes)?);
        }
        Ok((!drafts.is_empty()).then_some(Self { known, drafts }))
    }

    /// Such as `root-2` or `root-3-targets-7`.
    pub fn name(&self) -> String {
        let drafts = self.drafts.iter();
        let names = drafts.map(|draft| format!("{}-{}", draft.role(), draft.version()));
        names.collect::<Vec<_>>().join("-")
    }

    /// The roles of which there would be a next version.
    pub fn roles(&self) -> BTreeSet<String> {
        self.drafts.iter().map(|d| d.role().to_owned()).collect()
    }

    /// The site whose keys are changed.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let first = self.known.first_root();
        first.map(|root| Fingerprint::of_first_root(root))
    }

    pub fn sign(&mut self, ring: &KeyRing) {
        self.drafts.iter_mut().for_each(|draft| draft.sign(ring));
    }

    /// Whether a signature of this key would count.
    pub fn heeds(&self, key: &KeyId) -> bool {
        self.drafts.iter().any(|draft| draft.heeds(key))
    }

    /// Whose signatures are wanted still.
    pub fn missing(&self) -> Vec<Missing> {
        self.drafts.iter().flat_map(Draft::missing).collect()
    }

    /// Who would sign what. Beware: nobody has consented yet.
    pub fn staff(&self) -> Result<Staff, EditorError> {
        Staff::of(&self.proposed()?)
    }

    /// What is different between what is in force and what is proposed.
    pub fn changes(&self) -> Result<Vec<KeyChange>, EditorError> {
        let next = self.proposed()?;
        let (old, new) = (Staff::of(&self.known)?, Staff::of(&next)?);
        let mut changes = Vec::new();
        let names: BTreeSet<&str> = old
            .roles()
            .chain(new.roles())
            .map(|(name, _)| name)
            .collect();
        for name in names {
            compare(name, old.role(name), new.role(name), &mut changes);
        }
        for role in self.roles() {
            let (from, to) = (expires(&self.known, &role)?, expires(&next, &role)?);
            changes.push(KeyChange::Until { role, from, to });
        }
        Ok(changes)
    }

    fn proposed(&self) -> Result<MetadataSet, EditorError> {
        let mut next = self.known.clone();
        for draft in &self.drafts {
            place(&mut next, draft)?;
        }
        Ok(next)
    }

    /// `people` says who is meant by a key; it is carried for those who look, and not signed.
    pub fn to_bytes(&self, people: &BTreeMap<KeyId, String>) -> Bytes {
        let text = |bytes: &Bytes| Value::from(String::from_utf8_lossy(bytes).into_owned());
        let known = self.known.iter();
        let known: BTreeMap<_, _> = known.map(|(name, b)| (name.to_string(), text(b))).collect();
        let drafts: Vec<_> = self.drafts.iter().map(|d| text(&d.to_bytes())).collect();
        let people: BTreeMap<_, _> = people
            .iter()
            .filter(|(id, _)| self.heeds(id) || self.names_key(id))
            .map(|(id, name)| (id.to_string(), name))
            .collect();
        let file = json!({ FORMAT: 1, "people": people, "proposed": drafts, "in-force": known });
        format!("{file:#}\n").into()
    }

    fn names_key(&self, id: &KeyId) -> bool {
        let named = |staff: Result<Staff, _>| {
            staff.is_ok_and(|staff: Staff| {
                let mut roles = staff.roles();
                roles.any(|(_, signers)| signers.public().iter().any(|key| key.id == *id))
            })
        };
        named(self.staff()) || named(Staff::of(&self.known))
    }

    /// What [`Self::to_bytes`] wrote, wherever the file has been meanwhile, and who it says the people are.
    pub fn read(bytes: &[u8]) -> Result<(Self, BTreeMap<KeyId, String>), EditorError> {
        let file = json::parse(bytes).map_err(damaged)?;
        if file.get(FORMAT).and_then(Value::as_u64) != Some(1) {
            return Err(damaged("it was not written by `colport key`"));
        }
        let known = in_force(&file)?;
        let mut read = Self {
            known,
            drafts: Vec::new(),
        };
        let drafts = file.get("proposed").and_then(Value::as_array);
        for draft in drafts.ok_or_else(|| damaged("it proposes nothing"))? {
            let text = draft
                .as_str()
                .ok_or_else(|| damaged("a draft is no text"))?;
            read.take(Bytes::from(text.to_owned()))?;
        }
        if read.drafts.is_empty() {
            return Err(damaged("it proposes nothing"));
        }
        // The file may have left out a draft without which the others would lock everybody out.
        let targets: Document<Targets> = read.proposed()?.require(TARGETS)?;
        let root: Document<Root> = read.proposed()?.require(ROOT)?;
        if !read.roles().contains(TARGETS) {
            check_signed(TARGETS, &targets, &authority(&root.signed, TARGETS))?;
        }
        Ok((read, people(&file)))
    }

    fn take(&mut self, bytes: Bytes) -> Result<(), EditorError> {
        let value = json::parse(&bytes).map_err(damaged)?;
        let role = value.pointer("/signed/_type").and_then(Value::as_str);
        let (mut draft, signatures) = match role {
            Some(ROOT) if self.drafts.is_empty() => self.root(bytes)?,
            Some(TARGETS) if self.drafts.iter().all(|draft| draft.role() == ROOT) => {
                self.targets(bytes)?
            }
            _ => return Err(damaged("a draft is neither of `root` nor of `targets`")),
        };
        for (keyid, sig) in signatures {
            draft.attach(Signature { keyid, sig })?;
        }
        self.drafts.push(draft);
        Ok(())
    }

    fn root(&self, bytes: Bytes) -> Result<(Draft, BTreeMap<KeyId, String>), EditorError> {
        let former: Root = self.known.require::<Root>(ROOT)?.signed;
        let next: Document<Root> = Document::parse(ROOT, bytes)?;
        check_version(ROOT, former.version, next.signed.version)?;
        check_root(&next.signed)?;
        let authorities = vec![authority(&former, ROOT), authority(&next.signed, ROOT)];
        Ok((Draft::restored(ROOT, &next, authorities)?, next.signatures))
    }

    fn targets(&self, bytes: Bytes) -> Result<(Draft, BTreeMap<KeyId, String>), EditorError> {
        let former: Targets = self.known.require::<Targets>(TARGETS)?.signed;
        let next: Document<Targets> = Document::parse(TARGETS, bytes)?;
        check_version(TARGETS, former.version, next.signed.version)?;
        check_targets(&next.signed)?;
        let root: Root = self.proposed()?.require::<Root>(ROOT)?.signed;
        let authorities = vec![authority(&root, TARGETS)];
        Ok((
            Draft::restored(TARGETS, &next, authorities)?,
            next.signatures,
        ))
    }

    /// Whether it changes exactly what is in force by `set`, or did so in part: a crash may come between its files.
    pub fn follows(&self, set: &MetadataSet) -> bool {
        let Ok(set) = known(set) else {
            return false;
        };
        let is_there = |draft: &&Draft| {
            set.file(draft.role(), Some(draft.version())) == Some(&draft.to_bytes())
        };
        let there: Vec<&Draft> = self.drafts.iter().filter(is_there).collect();
        let mut begun = self.known.clone();
        there.len() < self.drafts.len()
            && there.iter().all(|draft| place(&mut begun, draft).is_ok())
            && set == begun
    }

    /// Adds the signatures of another copy of the same file.
    pub fn merge(&mut self, other: &Self) -> Result<(), EditorError> {
        let same = self.known == other.known && self.drafts.len() == other.drafts.len();
        let pairs = self.drafts.iter_mut().zip(&other.drafts);
        if !same {
            return Err(damaged("the files propose different things"));
        }
        for (mine, theirs) in pairs {
            mine.merge(theirs)?;
        }
        Ok(())
    }

    /// When what is in force was signed: a draft over something old would surprise who signs it.
    pub fn in_force(&self) -> Result<Vec<(String, u64, Option<Timestamp>)>, EditorError> {
        let root: Root = self.known.require::<Root>(ROOT)?.signed;
        let targets: Targets = self.known.require::<Targets>(TARGETS)?.signed;
        Ok(vec![
            (ROOT.to_owned(), root.version, root.issued),
            (TARGETS.to_owned(), targets.version, targets.issued),
        ])
    }

    /// What counts from now on. Refused if it does not follow from what `set` holds, or while signatures are wanted.
    pub fn finish(self, set: &MetadataSet) -> Result<MetadataSet, EditorError> {
        if !self.follows(set) {
            return Err(EditorError::Stale {
                why: "other keys or another `targets` are in force here".into(),
            });
        }
        let mut next = set.clone();
        for draft in self.drafts {
            next.put_signed(draft)?;
        }
        Ok(next)
    }
}

/// The part of the metadata that is about keys.
fn known(set: &MetadataSet) -> Result<MetadataSet, EditorError> {
    let about_keys = |role: &str| [ROOT, TARGETS].contains(&role);
    let files = set.iter().filter(|(name, _)| about_keys(name.role()));
    let known = MetadataSet::new(files.map(|(name, bytes)| (name.clone(), bytes.clone())));
    let root: Root = known.require::<Root>(ROOT)?.signed;
    for version in 1..=root.version {
        known
            .file(ROOT, Some(version))
            .ok_or_else(|| missing(ROOT))?;
    }
    Ok(known)
}

/// Proved from the first root on.
fn in_force(file: &Value) -> Result<MetadataSet, EditorError> {
    let files = file.get("in-force").and_then(Value::as_object);
    let files = files.ok_or_else(|| damaged("it does not tell what is in force"))?;
    let named = files.iter().map(|(name, content)| {
        let name = MetadataName::parse(name)?;
        Some((name, Bytes::from(content.as_str()?.to_owned())))
    });
    let files: Option<Vec<_>> = named.collect();
    let set = known(&MetadataSet::new(
        files.ok_or_else(|| damaged("it holds other files"))?,
    ))?;
    let newest = set.newest(ROOT).and_then(|(name, _)| name.version());
    let mut root = root_file(&set, 1)?;
    check_signed(ROOT, &root, &authority(&root.signed, ROOT))?;
    for version in 2..=newest.unwrap_or(1) {
        let next = root_file(&set, version)?;
        check_signed(ROOT, &next, &authority(&root.signed, ROOT))?;
        check_signed(ROOT, &next, &authority(&next.signed, ROOT))?;
        root = next;
    }
    let targets: Document<Targets> = set.require(TARGETS)?;
    check_signed(TARGETS, &targets, &authority(&root.signed, TARGETS))?;
    Ok(set)
}

fn root_file(set: &MetadataSet, version: u64) -> Result<Document<Root>, EditorError> {
    let bytes = set.file(ROOT, Some(version)).ok_or_else(|| missing(ROOT))?;
    let root: Document<Root> = Document::parse(ROOT, bytes.clone())?;
    match root.signed.version == version {
        true => Ok(root),
        false => Err(damaged("a root has another version than its name")),
    }
}

fn check_signed<T>(role: &str, document: &Document<T>, by: &Authority) -> Result<(), EditorError> {
    let (payload, signatures) = (&document.payload, &document.signatures);
    keys::signers(role, &by.role, &by.keys, payload, signatures)?;
    Ok(())
}

fn check_version(role: &str, former: u64, next: u64) -> Result<(), EditorError> {
    if Some(next) == former.checked_add(1) {
        return Ok(());
    }
    Err(EditorError::Stale {
        why: format!("version {next} of `{role}` does not follow {former}"),
    })
}

/// Only what `changes` can put into words may be in it.
fn check_root(root: &Root) -> Result<(), EditorError> {
    let used: BTreeSet<_> = root.roles.values().flat_map(|role| &role.keyids).collect();
    let plain = root.consistent_snapshot && root.roles.len() == 4;
    if plain && are_honest(&root.keys, &used) && root.roles.values().all(is_plain) {
        return Ok(());
    }
    Err(damaged(
        "the root says something that colport would not write",
    ))
}

fn check_targets(targets: &Targets) -> Result<(), EditorError> {
    let none = Delegations::default();
    let delegations = targets.delegations.as_ref().unwrap_or(&none);
    let roles = delegations.roles.iter();
    let used: BTreeSet<_> = roles.flat_map(|role| &role.signers.keyids).collect();
    let plain = targets.targets.is_empty() && delegations.roles.iter().all(is_usual);
    if plain && are_honest(&delegations.keys, &used) {
        return Ok(());
    }
    Err(damaged(
        "the targets say something that colport would not write",
    ))
}

/// Every key is used, and has the id by which a person knows it.
fn are_honest(keys: &BTreeMap<KeyId, Key>, used: &BTreeSet<&KeyId>) -> bool {
    let named = keys
        .iter()
        .all(|(id, key)| PublicKey::from(key.clone()).id == *id);
    named && keys.keys().collect::<BTreeSet<_>>() == *used
}

fn is_plain(role: &RoleKeys) -> bool {
    let different: BTreeSet<_> = role.keyids.iter().collect();
    different.len() == role.keyids.len() && role.threshold <= different.len() as u64
}

/// Speaks for its own folder and nothing else.
fn is_usual(role: &Delegation) -> bool {
    let signers = role.signers.clone();
    let usual = match role.name.as_str() {
        SITE => Some(site_delegation(signers)),
        id => NewsroomId::parse(id)
            .ok()
            .map(|id| newsroom_delegation(id.as_str(), signers)),
    };
    usual.as_ref() == Some(role) && is_plain(&role.signers)
}

fn compare(
    name: &str,
    old: Option<&RoleSigners>,
    new: Option<&RoleSigners>,
    changes: &mut Vec<KeyChange>,
) {
    let ids = |signers: Option<&RoleSigners>| -> BTreeSet<KeyId> {
        let keys = signers.map(RoleSigners::public).unwrap_or_default();
        keys.iter().map(|key| key.id.clone()).collect()
    };
    let (role, newsroom) = (name.to_owned(), name.to_owned());
    match (old, new) {
        (None, Some(_)) => changes.push(KeyChange::Opened { newsroom }),
        (Some(_), None) => changes.push(KeyChange::Closed { newsroom }),
        _ => {}
    }
    let (had, has) = (ids(old), ids(new));
    let comes = |key: &KeyId| KeyChange::KeyComes {
        role: role.clone(),
        key: key.clone(),
    };
    changes.extend(has.difference(&had).map(comes));
    let goes = |key: &KeyId| KeyChange::KeyGoes {
        role: role.clone(),
        key: key.clone(),
    };
    changes.extend(had.difference(&has).map(goes));
    if let (Some(old), Some(new)) = (old, new)
        && old.threshold() != new.threshold()
    {
        let (from, to) = (old.threshold(), new.threshold());
        changes.push(KeyChange::Threshold { role, from, to });
    }
}

fn expires(set: &MetadataSet, role: &str) -> Result<Timestamp, EditorError> {
    Ok(match role {
        ROOT => set.require::<Root>(ROOT)?.signed.expires(),
        _ => set.require::<Targets>(role)?.signed.expires(),
    })
}

/// Beware: without a look at signatures.
fn place(set: &mut MetadataSet, draft: &Draft) -> Result<(), EditorError> {
    let name = MetadataName::versioned(draft.role(), draft.version());
    set.put(name.ok_or_else(|| missing(draft.role()))?, draft.to_bytes());
    Ok(())
}

/// A person's name is shown, so it is kept short and without what could draw on a terminal.
fn people(file: &Value) -> BTreeMap<KeyId, String> {
    let people = file.get("people").and_then(Value::as_object);
    let named = people.into_iter().flatten().filter_map(|(id, name)| {
        let name = name.as_str()?.chars().filter(|c| !draws(*c));
        Some((KeyId::new(id.clone()), name.take(NAME_CHARACTERS).collect()))
    });
    named.collect()
}

const NAME_CHARACTERS: usize = 40;

/// Control characters, and those by which text can be shown in another order than it stands.
fn draws(c: char) -> bool {
    let turns =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

fn damaged(why: impl Into<String>) -> EditorError {
    EditorError::Damaged {
        role: "draft".into(),
        why: why.into(),
    }
}

fn missing(role: &str) -> EditorError {
    EditorError::Missing { role: role.into() }
}
