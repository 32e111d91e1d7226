//! What a program of root's gives away once it has its ports.
//!
//! 1. It becomes the owner of its folder. A folder of root's is given first to the user `colport`, or to `nobody` where there
//!    is no such user; but only if nothing lies in it that is not the program's own.
//! 2. Of what root may beyond that nothing is kept, or one thing: to read files that others may not. For what is read once that
//!    is only until then; for keys and certificates that were made for root, and are renewed, it is for as long as the program
//!    runs. Where [`enclosure`](super::enclosure) works, it is then for their folders alone, and for a few files that everybody
//!    may read.
//! 3. A program that was not root's gives away what else it was lent, such as the right to low ports.
//!
//! Beware: it holds for the thread that does it and those that come out of it, so it belongs before all others.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// Nothing was given away.
    #[error("root's rights cannot be given away here: {0}")]
    Kept(io::Error),
    #[error("could not make the folder `{folder}`: {source}")]
    Unmade { folder: PathBuf, source: io::Error },
    /// It would be given to another user with all that is in it.
    #[error("`{0}` belongs to root and holds other things")]
    NotOurs(PathBuf),
    #[error("`{folder}` cannot be entered by the user {user}, who runs this program from here on")]
    Shut { folder: PathBuf, user: u32 },
}

impl RightsError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Kept(_) => None,
            Self::Unmade { .. } => {
                Some("name another folder with `--state`, on a disk that can be written to".to_owned())
            }
            Self::NotOurs(_) => Some("name a new folder with `--state`".to_owned()),
            Self::Shut { .. } => Some(
                "name a folder with `--state` that others than root can reach, such as `/var/lib/colport`"
                    .to_owned(),
            ),
        }
    }
}

pub fn is_root() -> bool {
    geteuid().is_root()
}

/// All but the right to write into `folder`, which is made if it is not there. `reads_for_root`: and to read.
pub fn give_away(folder: &Path, ours: &[&str], reads_for_root: bool) -> Result<(), RightsError> {
    if !is_root() {
        // Who has none may not be asked; that is as good.
        let _ = keep(CapabilitySet::empty());
        return Ok(());
    }
    let user = owner(folder, ours)?;
    let kept = match reads_for_root {
        true => CapabilitySet::DAC_READ_SEARCH,
        false => CapabilitySet::empty(),
    };
    become_user(user, kept).map_err(|error| RightsError::Kept(error.into()))?;
    let entered = fs::read_dir(folder);
    entered.map(drop).map_err(|_| RightsError::Shut {
        folder: folder.to_path_buf(),
        user: user.0,
    })
}

/// What was kept of it to read, once all of that was read.
pub fn read_no_more() -> Result<(), RightsError> {
    keep(CapabilitySet::empty()).map_err(|error| RightsError::Kept(error.into()))
}

/// Whether it can read what its user may not.
pub fn reads_all() -> bool {
    let all = CapabilitySet::DAC_READ_SEARCH | CapabilitySet::DAC_OVERRIDE;
    capabilities(None).is_ok_and(|sets| sets.effective.intersects(all))
}

/// User and group.
type User = (u32, u32);

fn owner(folder: &Path, ours: &[&str]) -> Result<User, RightsError> {
    let failed = RightsError::Kept;
    make(folder).map_err(|source| RightsError::Unmade {
        folder: folder.to_path_buf(),
        source,
    })?;
    let looked_at = fs::metadata(folder).map_err(failed)?;
    if looked_at.uid() != 0 {
        return Ok((looked_at.uid(), looked_at.gid()));
    }
    let found = fs::read_dir(folder).map_err(failed)?;
    // Also what a killed program was writing.
    let is_ours = |name: &OsStr| {
        ours.iter().any(|ours| name == *ours) || name.as_bytes().starts_with(b".colport-")
    };
    if !found.flatten().all(|entry| is_ours(&entry.file_name())) {
        return Err(RightsError::NotOurs(folder.to_path_buf()));
    }
    let user = fs::read_to_string("/etc/passwd").map_or(NOBODY, |users| stand_in(&users));
    hand_over(folder, user).map_err(failed)?;
    Ok(user)
}

/// Only the folder itself is for its owner alone: who owns it must be able to reach it.
fn make(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

const NOBODY: User = (65534, 65534);

/// `passwd(5)`.
fn stand_in(users: &str) -> User {
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(wanted);
            let mut numbers = fields.skip(1).map(|number| number.parse().ok());
            is_it.then_some((numbers.next()??, numbers.next()??))
        })
    };
    let found = find("colport").or_else(|| find("nobody"));
    found.filter(|(user, _)| *user != 0).unwrap_or(NOBODY)
}

/// Nobody but root can change anything in there while that happens.
fn hand_over(place: &Path, (user, group): User) -> io::Result<()> {
    if fs::symlink_metadata(place)?.is_dir() {
        for entry in fs::read_dir(place)? {
            hand_over(&entry?.path(), (user, group))?;
        }
    }
    lchown(place, Some(user), Some(group))
}

fn become_user((user, group): User, kept: CapabilitySet) -> rustix::io::Result<()> {
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    keep(kept)
}

fn keep(kept: CapabilitySet) -> rustix::io::Result<()> {
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets)
}

/// Asks for room for so many open files; a system often gives a thousand at first, and more to who asks. Gives how many there may
/// be.
pub fn open_files(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(now) = current.filter(|now| *now < wanted) else {
        return wanted;
    };
    let more = maximum.map_or(wanted, |most| most.min(wanted));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(more),
            maximum,
        },
    );
    raised.map_or(now, |()| more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_who_stands_in_for_root_is_never_root() {
        let check = |users: &str, expected: User| assert_eq!(stand_in(users), expected, "{users}");
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:99:98::/:/bin/false\n";
        check(nobody, (99, 98));
        check(
            &format!("{nobody}colport:x:101:102::/:/bin/false\n"),
            (101, 102),
        );
        check("colport:x:0:0::/:/bin/false\n", NOBODY);
        check("colport:x:no:1::/:/bin/false\nnobody:x:5:6::/:\n", (5, 6));
        check("", NOBODY);
    }

    #[test]
    fn as_many_files_may_be_open_as_the_system_gives() {
        let given = open_files(u64::MAX);
        assert_eq!(open_files(u64::MAX), given);
        assert!(given >= 1024 || given >= open_files(1));
    }

    #[test]
    fn a_folder_of_roots_with_other_things_in_it_is_not_given_away() {
        if !is_root() {
            println!("left out: only root has something to give away");
            return;
        }
        let folder = super::super::files::temporary_folder("rights").unwrap();
        let foreign = folder.path().join("foreign");
        fs::write(&foreign, b"x").unwrap();
        fs::write(folder.path().join("lock"), b"").unwrap();
        let refused = owner(folder.path(), &["lock"]);
        assert!(
            matches!(refused, Err(RightsError::NotOurs(_))),
            "{refused:?}"
        );
        assert_eq!(fs::metadata(&foreign).unwrap().uid(), 0);
        assert_eq!(fs::metadata(folder.path()).unwrap().uid(), 0);
    }
}
