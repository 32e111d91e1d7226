//! What to do to a host that only keeps files. Pure: what it shall have and what it has go in, steps come out.
//!
//! 1. Only what is missing or differs is put.
//! 2. In the order of TUF: files of the site (those with new names first, since others will link to them), bundles, metadata of delegated roles, roots, `targets`, `snapshot`, and
//!    `timestamp.json` last, so that nobody is told of what is not there yet.
//! 3. After that what nobody is told of any more is removed: bundles of other editions, and withdrawn files of the site,
//!    but only if they are just what we once put there. Anything else on the host is not ours to touch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::source::{Item, Stage};
use crate::base::Digest;
use crate::io::address::BundleFile;

/// What lies on the host.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    /// Of every file that the host shall have, or that may have to go: what is there now.
    pub digests: BTreeMap<String, Digest>,
    /// Where something is, of whatever content.
    pub taken: BTreeSet<String>,
    /// The names in the folder of bundles.
    pub bundles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Put {
        path: String,
        length: u64,
        stage: Stage,
        /// Whether something else is there now.
        replaces: bool,
    },
    Remove {
        path: String,
    },
}

impl Step {
    pub fn path(&self) -> &str {
        match self {
            Self::Put { path, .. } | Self::Remove { path } => path,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { path, length, .. } => write!(f, "put `{path}` ({length} bytes)"),
            Self::Remove { path } => write!(f, "remove `{path}`"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In the order in which they must be done.
    pub steps: Vec<Step>,
    /// Files that are there already.
    pub kept: usize,
}

impl Plan {
    /// Bytes to be put.
    pub fn bytes(&self) -> u64 {
        let lengths = self.steps.iter().map(|step| match step {
            Step::Put { length, .. } => *length,
            Step::Remove { .. } => 0,
        });
        lengths.sum()
    }
}

/// `withdrawn`: files that earlier editions had, with the contents that we may have put there.
pub fn plan<'a>(
    items: impl IntoIterator<Item = &'a Item>,
    withdrawn: &BTreeMap<String, Vec<Digest>>,
    holding: &Holding,
) -> Plan {
    let (kept, mut missing): (Vec<&Item>, Vec<&Item>) = items
        .into_iter()
        .partition(|item| holding.digests.get(&item.path) == Some(&item.digest));
    let replaces = |item: &Item| holding.taken.contains(&item.path);
    missing.sort_by_key(|item| (item.stage, replaces(item), &item.path));
    let puts = missing.iter().map(|item| Step::Put {
        path: item.path.clone(),
        length: item.length,
        stage: item.stage,
        replaces: replaces(item),
    });
    let wanted: BTreeSet<&str> = kept
        .iter()
        .chain(&missing)
        .map(|item| item.path.as_str())
        .collect();
    let removals = old_bundles(&wanted, holding).chain(ours(withdrawn, holding));
    Plan {
        steps: puts
            .chain(removals.map(|path| Step::Remove { path }))
            .collect(),
        kept: kept.len(),
    }
}

fn old_bundles(wanted: &BTreeSet<&str>, holding: &Holding) -> impl Iterator<Item = String> {
    let paths = holding.bundles.iter();
    let paths = paths.filter(|name| BundleFile::is_ours(name));
    let paths = paths.map(|name| format!(".colport/bundle/{name}"));
    paths.filter(|path| !wanted.contains(path.as_str()))
}

fn ours(
    withdrawn: &BTreeMap<String, Vec<Digest>>,
    holding: &Holding,
) -> impl Iterator<Item = String> {
    let is_ours = |path: &String, digests: &Vec<Digest>| {
        let there = holding.digests.get(path);
        there.is_some_and(|digest| digests.contains(digest))
    };
    let ours = withdrawn
        .iter()
        .filter(move |(path, digests)| is_ours(path, digests));
    ours.map(|(path, _)| path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &str, stage: Stage) -> Item {
        Item {
            path: path.into(),
            stage,
            length: 10,
            digest: Digest::of(path.as_bytes()),
        }
    }

    fn items() -> Vec<Item> {
        vec![
            item(".colport/metadata/timestamp.json", Stage::Timestamp),
            item(".colport/metadata/2.snapshot.json", Stage::Snapshot),
            item(".colport/metadata/1.targets.json", Stage::Targets),
            item(".colport/metadata/1.root.json", Stage::Root),
            item(".colport/metadata/2.be.json", Stage::Delegated),
            item(".colport/bundle/2.tar.gz", Stage::Bundle),
            item("z.html", Stage::File),
            item("a.html", Stage::File),
        ]
    }

    fn lines(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(Step::to_string).collect()
    }

    fn check(holding: &Holding, withdrawn: &BTreeMap<String, Vec<Digest>>, expected: &[&str]) {
        assert_eq!(lines(&plan(&items(), withdrawn, holding)), expected);
    }

    fn everything() -> Holding {
        let digests = items()
            .into_iter()
            .map(|item| (item.path, item.digest))
            .collect();
        Holding {
            digests,
            taken: BTreeSet::new(),
            bundles: vec!["2.tar.gz".into()],
        }
    }

    #[test]
    fn an_empty_host_gets_everything_and_the_timestamp_last() {
        let expected = [
            "put `a.html` (10 bytes)",
            "put `z.html` (10 bytes)",
            "put `.colport/bundle/2.tar.gz` (10 bytes)",
            "put `.colport/metadata/2.be.json` (10 bytes)",
            "put `.colport/metadata/1.root.json` (10 bytes)",
            "put `.colport/metadata/1.targets.json` (10 bytes)",
            "put `.colport/metadata/2.snapshot.json` (10 bytes)",
            "put `.colport/metadata/timestamp.json` (10 bytes)",
        ];
        check(&Holding::default(), &BTreeMap::new(), &expected);
    }

    #[test]
    fn a_host_that_has_it_gets_nothing() {
        check(&everything(), &BTreeMap::new(), &[]);
        assert_eq!(plan(&items(), &BTreeMap::new(), &everything()).kept, 8);
    }

    #[test]
    fn only_what_differs_is_put() {
        let mut holding = everything();
        holding.digests.insert("z.html".into(), Digest::of(b"old"));
        check(&holding, &BTreeMap::new(), &["put `z.html` (10 bytes)"]);
    }

    #[test]
    fn what_has_a_new_name_goes_before_what_is_changed() {
        let mut holding = everything();
        holding.digests.remove("a.html");
        holding.digests.remove("z.html");
        holding.taken.insert("a.html".into());
        let expected = ["put `z.html` (10 bytes)", "put `a.html` (10 bytes)"];
        check(&holding, &BTreeMap::new(), &expected);
    }

    #[test]
    fn bundles_of_other_editions_go_at_the_end_and_strange_files_stay() {
        let mut holding = everything();
        holding.digests.remove(".colport/metadata/timestamp.json");
        let strange = [
            "1.tar.gz",
            "1-2.tar.gz",
            "1-2.zst",
            "notes.txt",
            "notes.zst",
            "-.tar.gz",
            "x-1.tar.gz",
            "light.tar.gz",
            "tiny.tar.gz",
        ];
        holding.bundles.extend(strange.map(String::from));
        let expected = [
            "put `.colport/metadata/timestamp.json` (10 bytes)",
            "remove `.colport/bundle/1.tar.gz`",
            "remove `.colport/bundle/1-2.tar.gz`",
            "remove `.colport/bundle/1-2.zst`",
            "remove `.colport/bundle/light.tar.gz`",
        ];
        check(&holding, &BTreeMap::new(), &expected);
    }

    #[test]
    fn a_withdrawn_file_goes_unless_it_is_somebody_elses() {
        let mut holding = everything();
        holding
            .digests
            .insert("gone.html".into(), Digest::of(b"ours"));
        holding
            .digests
            .insert("mine.html".into(), Digest::of(b"somebody else's"));
        let withdrawn = ["gone.html", "mine.html", "never-put.html"]
            .map(|path| (path.to_owned(), vec![Digest::of(b"ours")]));
        check(
            &holding,
            &BTreeMap::from(withdrawn),
            &["remove `gone.html`"],
        );
    }
}
