//! A mirror that is a folder: a memory stick, a share, the place from which some web server serves.

use std::path::Path;

use super::plan::{Holding, Plan, Step, plan};
use super::source::{Source, Stage};
use super::{Outcome, Pulse, Pushed};
use crate::io::files::FileError;
use crate::io::tree::Tree;

/// What would be done.
pub(super) fn look(folder: &Path, source: &Source, pulse: &Pulse) -> Result<Plan, FileError> {
    let tree = Tree::open(folder)?;
    let withdrawn = source.withdrawn();
    let holding = holding(&tree, source, pulse)?;
    Ok(plan(source.items(), &withdrawn, &holding))
}

fn holding(tree: &Tree, source: &Source, pulse: &Pulse) -> Result<Holding, FileError> {
    let mut holding = Holding {
        bundles: tree.names(".colport/bundle")?,
        ..Holding::default()
    };
    let withdrawn = source.withdrawn();
    let paths = source
        .items()
        .map(|item| &item.path)
        .chain(withdrawn.keys());
    for path in paths {
        pulse.beat();
        if let Some(digest) = tree.digest(path)? {
            holding.digests.insert(path.clone(), digest);
        }
    }
    Ok(holding)
}

/// Does it, and shows in `pulse` that it goes on.
pub(super) fn push(folder: &Path, source: &Source, pulse: &Pulse) -> Outcome {
    match perform(folder, source, pulse) {
        Ok(outcome) => outcome,
        Err(FileError::NotFound(path)) => {
            Outcome::Unreachable(format!("`{}` is not there", path.display()))
        }
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

fn perform(folder: &Path, source: &Source, pulse: &Pulse) -> Result<Outcome, FileError> {
    let plan = look(folder, source, pulse)?;
    let edition = source.edition().number();
    if plan.steps.is_empty() {
        return Ok(Outcome::Already { edition });
    }
    let mut tree = Tree::open(folder)?;
    for step in &plan.steps {
        match step {
            Step::Put {
                path,
                length,
                stage,
            } => {
                // Beware: everything must be on disk before the file that tells of it.
                if *stage == Stage::Timestamp {
                    tree.settle()?;
                }
                let content = source.content(path).unwrap_or_default();
                tree.write(path, &content)?;
                pulse.moved(*length);
            }
            Step::Remove { path } => tree.remove(path)?,
        }
    }
    tree.settle()?;
    read_back(folder, source, plan.bytes(), pulse)
}

/// Whether it is there as a reader would find it.
fn read_back(
    folder: &Path,
    source: &Source,
    bytes: u64,
    pulse: &Pulse,
) -> Result<Outcome, FileError> {
    let left = look(folder, source, pulse)?;
    Ok(match left.steps.first() {
        None => Outcome::Pushed(Pushed {
            edition: source.edition().number(),
            bytes,
        }),
        Some(step) => Outcome::Unsure(format!("after writing it would still have to {step}")),
    })
}
