//! Who may sign what: the roles whose keys are kept offline.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::metadata::{
    Delegation, Delegations, Document, ROOT, RoleKeys, Root, SNAPSHOT, TARGETS, TIMESTAMP, Targets,
};
use super::NewsroomId;
use super::draft::{Authority, Draft};
use super::layout::{newsroom_delegation, site_delegation};
use super::{EditorError, Lifetimes, MetadataSet, RoleSigners};

/// The keys of the top-level roles. `root` and `targets` belong on machines without a network.
#[derive(Debug, Clone)]
pub struct RootSigners {
    pub root: RoleSigners,
    pub targets: RoleSigners,
    pub snapshot: RoleSigners,
    pub timestamp: RoleSigners,
}

/// A new site.
#[derive(Debug, Clone)]
pub struct Founding {
    pub top: RootSigners,
    pub site: RoleSigners,
    pub newsrooms: BTreeMap<NewsroomId, RoleSigners>,
}

/// The first `root` and the first `targets`, to be signed.
pub fn establish(founding: &Founding, now: Timestamp, lifetimes: &Lifetimes) -> (Draft, Draft) {
    let root = root(&founding.top, 1, now, lifetimes);
    let mut delegations = Delegations::default();
    add(&mut delegations, &founding.site, site_delegation);
    for (id, signers) in &founding.newsrooms {
        add(&mut delegations, signers, |keys| {
            newsroom_delegation(id.as_str(), keys)
        });
    }
    (
        Draft::new(ROOT, &root, vec![authority(&root, ROOT)]),
        draft_targets(&root, delegations, 1, now, lifetimes),
    )
}

/// The next `root`, with other keys or only with a later date of expiry. It needs the signatures of the former root's
/// keys and of its own.
///
/// Readers forget what keys of `timestamp` and `snapshot` have signed that are withdrawn by it (TUF 5.3.11). A role
/// whose keys it replaces must be signed anew: `targets` by [`renew_targets`].
pub fn revise_root(
    set: &MetadataSet,
    signers: &RootSigners,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    let former = set.require::<Root>(ROOT)?.signed;
    let root = root(signers, former.version + 1, now, lifetimes);
    let authorities = vec![authority(&former, ROOT), authority(&root, ROOT)];
    Ok(Draft::new(ROOT, &root, authorities))
}

/// The next `targets`, which delegates to one newsroom more.
pub fn add_newsroom(
    set: &MetadataSet,
    id: &NewsroomId,
    signers: &RoleSigners,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    revise_targets(set, now, lifetimes, |delegations| {
        if position(delegations, id).is_some() {
            return Err(EditorError::NewsroomExists { id: id.to_string() });
        }
        add(delegations, signers, |keys| {
            newsroom_delegation(id.as_str(), keys)
        });
        Ok(())
    })
}

/// The next `targets`, in which a newsroom has other keys. What the former ones sign counts no more; the next edition
/// signs the newsroom's roles anew, articles of the past included.
pub fn rekey_newsroom(
    set: &MetadataSet,
    id: &NewsroomId,
    signers: &RoleSigners,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    revise_targets(set, now, lifetimes, |delegations| {
        replace_signers(delegations, id.as_str(), signers)
    })
}

/// The next `targets`, in which the delegations have these signers; those of newsrooms that are new come last.
pub(super) fn rekey_all(
    set: &MetadataSet,
    signers: &BTreeMap<String, RoleSigners>,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    revise_targets(set, now, lifetimes, |delegations| {
        for (role, signers) in signers {
            if !delegations.roles.iter().any(|found| found.name == *role) {
                add(delegations, signers, |keys| newsroom_delegation(role, keys));
            }
            replace_signers(delegations, role, signers)?;
        }
        Ok(())
    })
}

fn replace_signers(
    delegations: &mut Delegations,
    role: &str,
    signers: &RoleSigners,
) -> Result<(), EditorError> {
    let mut roles = delegations.roles.iter_mut();
    let found = roles.find(|found| found.name == role);
    let found = found.ok_or_else(|| EditorError::NoNewsroom { id: role.into() })?;
    found.signers = signers.written();
    delegations.keys.extend(signers.keys());
    Ok(())
}

/// The next `targets`, without a newsroom: readers find none of its articles any more.
pub fn remove_newsroom(
    set: &MetadataSet,
    id: &NewsroomId,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    revise_targets(set, now, lifetimes, |delegations| {
        let at = position(delegations, id);
        let at = at.ok_or_else(|| EditorError::NoNewsroom { id: id.to_string() })?;
        delegations.roles.remove(at);
        Ok(())
    })
}

/// The next `targets`, which says the same but expires later.
pub fn renew_targets(
    set: &MetadataSet,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<Draft, EditorError> {
    revise_targets(set, now, lifetimes, |_| Ok(()))
}

fn revise_targets(
    set: &MetadataSet,
    now: Timestamp,
    lifetimes: &Lifetimes,
    revise: impl FnOnce(&mut Delegations) -> Result<(), EditorError>,
) -> Result<Draft, EditorError> {
    let root: Document<Root> = set.require(ROOT)?;
    let former: Targets = set.require::<Targets>(TARGETS)?.signed;
    let mut delegations = former.delegations.unwrap_or_default();
    revise(&mut delegations)?;
    forget_unused_keys(&mut delegations);
    let version = former.version + 1;
    Ok(draft_targets(
        &root.signed,
        delegations,
        version,
        now,
        lifetimes,
    ))
}

fn forget_unused_keys(delegations: &mut Delegations) {
    let roles = delegations.roles.iter();
    let used: BTreeSet<_> = roles.flat_map(|role| &role.signers.keyids).collect();
    delegations.keys.retain(|id, _| used.contains(id));
}

fn position(delegations: &Delegations, id: &NewsroomId) -> Option<usize> {
    let mut roles = delegations.roles.iter();
    roles.position(|role| role.name == id.as_str())
}

fn add(
    delegations: &mut Delegations,
    signers: &RoleSigners,
    delegation: impl FnOnce(RoleKeys) -> Delegation,
) {
    delegations.keys.extend(signers.keys());
    delegations.roles.push(delegation(signers.written()));
}

fn root(signers: &RootSigners, version: u64, now: Timestamp, lifetimes: &Lifetimes) -> Root {
    let roles = [
        (ROOT, &signers.root),
        (TARGETS, &signers.targets),
        (SNAPSHOT, &signers.snapshot),
        (TIMESTAMP, &signers.timestamp),
    ];
    let written = roles.map(|(role, signers)| (role.to_owned(), signers.written()));
    Root {
        version,
        expires: now + lifetimes.root,
        issued: Some(now),
        consistent_snapshot: true,
        keys: roles
            .iter()
            .flat_map(|(_, signers)| signers.keys())
            .collect(),
        roles: written.into(),
    }
}

fn draft_targets(
    root: &Root,
    delegations: Delegations,
    version: u64,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Draft {
    let targets = Targets {
        version,
        expires: now + lifetimes.targets,
        issued: Some(now),
        targets: BTreeMap::new(),
        delegations: Some(delegations),
    };
    Draft::new(TARGETS, &targets, vec![authority(root, TARGETS)])
}

/// The keys that a root names for a role. A parsed root, and one made here, names keys for all four.
pub(super) fn authority(root: &Root, role: &str) -> Authority {
    Authority {
        role: root
            .role(role)
            .expect("a root names keys for all four roles")
            .clone(),
        keys: root.keys.clone(),
    }
}
