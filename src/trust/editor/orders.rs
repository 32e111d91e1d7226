//! Which files each role shall speak for in the next edition.

use std::collections::{BTreeMap, BTreeSet};

use super::super::metadata::{Delegation, Hashes, Target, Targets};
use super::edition::{Change, FileFacts};
use super::layout::{Month, SITE};
use super::{EditorError, json};
use crate::base::SitePath;

/// By role, sorted out once.
pub(super) struct Orders<'a> {
    by_role: BTreeMap<String, Order<'a>>,
    /// By newsroom: the roles of months that are mentioned.
    months: BTreeMap<String, BTreeSet<String>>,
    /// For roles that are not mentioned.
    otherwise: Order<'a>,
}

#[derive(Clone)]
pub(super) enum Order<'a> {
    /// These files and no others, in ascending order of path.
    Exactly(Vec<(&'a SitePath, &'a FileFacts)>),
    /// What it has, but for these: a file, or that there is none.
    Amend(BTreeMap<&'a SitePath, Option<&'a FileFacts>>),
}

impl<'a> Orders<'a> {
    pub fn exactly(
        files: &'a BTreeMap<SitePath, FileFacts>,
        targets: &Targets,
    ) -> Result<Self, EditorError> {
        let mut orders = Self::of(Order::Exactly(Vec::new()));
        for (path, facts) in files {
            orders.put(path, Some(facts), targets)?;
        }
        Ok(orders)
    }

    pub fn amend(change: &'a Change, targets: &Targets) -> Result<Self, EditorError> {
        let mut orders = Self::of(Order::Amend(BTreeMap::new()));
        for path in &change.gone {
            // A file may go because the newsroom that held it is gone.
            match orders.put(path, None, targets) {
                Ok(()) | Err(EditorError::NoRole { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        for (path, facts) in &change.put {
            orders.put(path, Some(facts), targets)?;
        }
        Ok(orders)
    }

    fn of(otherwise: Order<'a>) -> Self {
        Self {
            by_role: BTreeMap::new(),
            months: BTreeMap::new(),
            otherwise,
        }
    }

    fn put(
        &mut self,
        path: &'a SitePath,
        facts: Option<&'a FileFacts>,
        targets: &Targets,
    ) -> Result<(), EditorError> {
        let role = &responsible(path, targets)?.name;
        let month = Month::of(path).filter(|_| role != SITE);
        let role = match month {
            None => role.clone(),
            Some(month) => {
                let name = month.role();
                let months = self.months.entry(role.clone()).or_default();
                months.insert(name.clone());
                name
            }
        };
        let order = self.by_role.entry(role);
        match order.or_insert_with(|| self.otherwise.clone()) {
            Order::Exactly(files) => files.extend(facts.map(|facts| (path, facts))),
            Order::Amend(files) => drop(files.insert(path, facts)),
        }
        Ok(())
    }

    pub fn months(&self, newsroom: &str) -> BTreeSet<String> {
        self.months.get(newsroom).cloned().unwrap_or_default()
    }

    /// What to do with one role. To be asked once for each.
    pub fn take(&mut self, role: &str) -> Order<'a> {
        let order = self.by_role.remove(role);
        order.unwrap_or_else(|| self.otherwise.clone())
    }
}

/// The first delegation that covers the path, as a reader's search would choose.
fn responsible<'a>(path: &SitePath, targets: &'a Targets) -> Result<&'a Delegation, EditorError> {
    let mut roles = targets.delegations.iter().flat_map(|all| &all.roles);
    let found = roles.find(|role| role.covers(path.as_str()));
    found.ok_or_else(|| EditorError::NoRole {
        path: path.to_string(),
    })
}

impl Order<'_> {
    /// Whether a file that colport wrote says just this already, found out without taking it apart. `false` when in
    /// doubt.
    pub fn is_met_by(&self, file: &[u8]) -> bool {
        match self {
            Self::Amend(files) => files.is_empty(),
            Self::Exactly(files) => {
                let written = written(files);
                let place = find(file, OPENING);
                place.is_some_and(|place| {
                    file.get(place..).is_some_and(|it| it.starts_with(&written))
                })
            }
        }
    }

    pub fn carry_out(&self, former: BTreeMap<String, Target>) -> BTreeMap<String, Target> {
        match self {
            Self::Exactly(files) => files
                .iter()
                .map(|(path, facts)| (path.as_str().to_owned(), target(facts)))
                .collect(),
            Self::Amend(files) => {
                let mut targets = former;
                for (path, facts) in files {
                    match facts {
                        Some(facts) => targets.insert(path.as_str().to_owned(), target(facts)),
                        None => targets.remove(path.as_str()),
                    };
                }
                targets
            }
        }
    }
}

fn target((length, digest): &FileFacts) -> Target {
    Target {
        length: *length,
        hashes: Hashes::sha256(*digest),
    }
}

const OPENING: &[u8] = b"\"targets\":{";
const CLOSING: &[u8] = b"},\"version\":";

/// The files as they stand in canonical JSON, with what stands around them.
fn written(files: &[(&SitePath, &FileFacts)]) -> Vec<u8> {
    let mut out = OPENING.to_vec();
    for (index, (path, (length, digest))) in files.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::write_string(&mut out, path.as_str());
        let rest = format!(r#":{{"hashes":{{"sha256":"{digest}"}},"length":{length}}}"#);
        out.extend(rest.bytes());
    }
    out.extend(CLOSING);
    out
}

pub(super) fn find(file: &[u8], wanted: &[u8]) -> Option<usize> {
    file.windows(wanted.len())
        .position(|window| window == wanted)
}
