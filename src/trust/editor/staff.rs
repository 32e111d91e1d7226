//! Who may sign what, taken together: the four top-level roles, and those to which `targets` delegates.

use std::collections::BTreeMap;

use super::super::metadata::{ROOT, Root, SNAPSHOT, TARGETS, TIMESTAMP, Targets};
use super::{EditorError, MetadataSet, NewsroomId, RoleSigners, RootSigners};

/// See the module. Changed here, it becomes a [`Proposal`](super::Proposal).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub(super) top: BTreeMap<String, RoleSigners>,
    pub(super) delegated: BTreeMap<String, RoleSigners>,
}

impl Staff {
    /// As the newest `root` and `targets` name them.
    pub fn of(set: &MetadataSet) -> Result<Self, EditorError> {
        let root: Root = set.require(ROOT)?.signed;
        let targets: Targets = set.require(TARGETS)?.signed;
        let damaged = |role: &str| EditorError::Damaged {
            role: role.to_owned(),
            why: "it names keys that it does not hold".into(),
        };
        let top = root.roles.iter().map(|(role, keys)| {
            let signers = RoleSigners::read(keys, &root.keys).ok_or_else(|| damaged(role))?;
            Ok((role.clone(), signers))
        });
        let delegations = targets.delegations.unwrap_or_default();
        let delegated = delegations.roles.iter().map(|role| {
            let signers = RoleSigners::read(&role.signers, &delegations.keys);
            Ok((
                role.name.clone(),
                signers.ok_or_else(|| damaged(&role.name))?,
            ))
        });
        Ok(Self {
            top: top.collect::<Result<_, EditorError>>()?,
            delegated: delegated.collect::<Result<_, EditorError>>()?,
        })
    }

    /// Of a top-level role, of `site`, or of a newsroom.
    pub fn role(&self, name: &str) -> Option<&RoleSigners> {
        self.top.get(name).or_else(|| self.delegated.get(name))
    }

    /// In the order in which they answer for one another.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &RoleSigners)> {
        let top = [ROOT, TARGETS, SNAPSHOT, TIMESTAMP].into_iter();
        let top = top.filter_map(|role| self.top.get_key_value(role));
        top.chain(&self.delegated)
            .map(|(role, signers)| (role.as_str(), signers))
    }

    /// `NoNewsroom` if there is no such role.
    pub fn replace(&mut self, name: &str, signers: RoleSigners) -> Result<(), EditorError> {
        let found = self.top.get_mut(name);
        match found.or_else(|| self.delegated.get_mut(name)) {
            Some(found) => *found = signers,
            None => return Err(EditorError::NoNewsroom { id: name.into() }),
        }
        Ok(())
    }

    /// Gives a newsroom a say; one that has it keeps its keys.
    pub fn open(&mut self, newsroom: &NewsroomId, signers: RoleSigners) {
        let found = self.delegated.entry(newsroom.to_string());
        found.or_insert(signers);
    }

    /// The four of the top, as a next `root` would name them.
    pub fn top(&self) -> Option<RootSigners> {
        let role = |name: &str| self.top.get(name).cloned();
        Some(RootSigners {
            root: role(ROOT)?,
            targets: role(TARGETS)?,
            snapshot: role(SNAPSHOT)?,
            timestamp: role(TIMESTAMP)?,
        })
    }
}
