//! The order in which roles are asked about one path (TUF 5.6.7): pre-order, depth first, in the order of delegations.

use std::collections::BTreeSet;

use super::super::Refusal;
use super::super::metadata::{Delegation, ROOT, TARGETS, Targets};
use super::{TargetFile, Trusted};

/// One search. It can be left when a role must be loaded first, and gone on with.
#[derive(Debug)]
pub(super) struct Search {
    path: String,
    visited: BTreeSet<String>,
    /// Delegations still to be followed, from and to; the next one last.
    waiting: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) enum Step {
    Found(TargetFile),
    Absent,
    /// The role must be loaded first, as a delegate of the other.
    Needs {
        parent: String,
        role: String,
    },
}

impl Search {
    pub fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            visited: BTreeSet::new(),
            waiting: vec![(ROOT.to_owned(), TARGETS.to_owned())],
        }
    }

    /// As far as the roles that are loaded will lead.
    pub fn go_on(&mut self, trusted: &Trusted) -> Result<Step, Refusal> {
        while let Some((parent, role)) = self.waiting.pop() {
            // 5.6.7.1
            if self.visited.contains(&role) {
                continue;
            }
            let limit = trusted.max_roles();
            if self.visited.len() >= limit {
                return Err(Refusal::TooManyRoles { role, limit });
            }
            let Some(loaded) = trusted.accepted(&parent, &role) else {
                self.waiting.push((parent.clone(), role.clone()));
                return Ok(Step::Needs { parent, role });
            };
            if let Some(target) = loaded.targets.get(&self.path) {
                return Ok(Step::Found(TargetFile::new(target, &role)));
            }
            // 5.6.7.2
            let (next, ends) = covering(loaded, &self.path);
            if ends {
                self.waiting.clear();
            }
            let next = next.into_iter().rev();
            self.waiting
                .extend(next.map(|child| (role.clone(), child.to_owned())));
            self.visited.insert(role);
        }
        Ok(Step::Absent)
    }
}

/// The delegations for a path in their order up to a terminating one, and whether there was one.
fn covering<'a>(role: &'a Targets, path: &str) -> (Vec<&'a str>, bool) {
    let delegations = role.delegations.iter().flat_map(|all| &all.roles);
    let mut next = Vec::new();
    for delegation in delegations.filter(|delegation: &&Delegation| delegation.covers(path)) {
        next.push(delegation.name.as_str());
        if delegation.terminating {
            return (next, true);
        }
    }
    (next, false)
}
