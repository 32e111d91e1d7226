//! A door that closes behind the program: from then on the kernel refuses it every file but a few, and every port.
//!
//! By Landlock, which needs no rights and cannot be undone; programs that are started from here, and rights that they
//! would bring (`no_new_privs`), are refused too. An older kernel refuses less, or nothing: then [`Enclosed`] says so.
//!
//! Beware: it holds for the thread that asks for it and those that come out of it, so it belongs before all others.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, path_beneath_rules,
};
use url::Url;

use super::rights;

/// What stays open. A path that is not there is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// Folders to read and write.
    pub kept: Vec<PathBuf>,
    /// Files and folders to read.
    pub read: Vec<PathBuf>,
    /// Whether other machines are connected to.
    pub reaches_out: bool,
}

impl Open {
    /// To connect to `address`, and to look up its name if it has one.
    pub fn reach_out(&mut self, address: &Url) {
        self.reaches_out = true;
        if address.domain().is_some() {
            self.read.extend(places_of_names(rights::reads_all()));
        }
    }
}

/// How much of it the kernel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enclosed {
    Wholly,
    /// Files are refused, or some ways of reaching them; ports perhaps not.
    Partly,
    Not,
}

/// Up to here all that matters to files and TCP is there.
const KNOWN: ABI = ABI::V5;

/// For this thread and all that come out of it. Cannot be undone.
pub fn enclose(open: &Open) -> Result<Enclosed, RulesetError> {
    let all = AccessFs::from_all(KNOWN);
    let mut ports: BitFlags<AccessNet> = AccessNet::BindTcp.into();
    if !open.reaches_out {
        ports |= AccessNet::ConnectTcp;
    }
    let status = Ruleset::default()
        .handle_access(all)?
        .handle_access(ports)?
        .create()?
        .add_rules(path_beneath_rules(&open.kept, all & !AccessFs::Execute))?
        .add_rules(path_beneath_rules(
            &open.read,
            AccessFs::ReadFile | AccessFs::ReadDir,
        ))?
        .restrict_self()?;
    Ok(enclosed(&status))
}

fn enclosed(status: &RestrictionStatus) -> Enclosed {
    match status.ruleset {
        RulesetStatus::FullyEnforced if status.no_new_privs => Enclosed::Wholly,
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Enclosed::Partly,
        RulesetStatus::NotEnforced => Enclosed::Not,
    }
}

/// The folders in which `file` lies: as it is named, and where links lead to. Who renews a file puts another one in its place,
/// so the file alone would not do.
pub fn folders_of(file: &Path) -> Vec<PathBuf> {
    let folder = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let real = file.canonicalize().ok();
    let mut folders = vec![folder(file)];
    folders.extend(real.map(|real| folder(&real)));
    folders
}

/// Where the machine says how names are looked up, and what does it. These files are replaced whole too, so it is their folder;
/// but there lie the secrets of the machine as well, and who could read them has the files alone, as they are now.
fn places_of_names(reads_all: bool) -> Vec<PathBuf> {
    let etc = Path::new("/etc");
    let mut places = match reads_all {
        true => NAMES.map(|file| etc.join(file)).to_vec(),
        false => vec![etc.to_path_buf()],
    };
    // Often a link to what a service of the machine writes, into a folder of its own.
    let linked = folders_of(&etc.join("resolv.conf"));
    places.extend(linked.into_iter().filter(|folder| folder != etc));
    places
}

/// What the C library reads.
const NAMES: [&str; 6] = [
    "resolv.conf",
    "hosts",
    "nsswitch.conf",
    "host.conf",
    "gai.conf",
    "services",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::files;

    #[test]
    fn behind_the_door_only_what_was_left_open_is_there() {
        let (kept, other) = (
            files::temporary_folder("kept").unwrap(),
            files::temporary_folder("other").unwrap(),
        );
        let [inside, read, shut] = [
            kept.path().join("file"),
            other.path().join("read"),
            other.path().join("shut"),
        ];
        for path in [&inside, &read, &shut] {
            files::write(path, b"x").unwrap();
        }
        let open = Open {
            kept: vec![kept.path().into()],
            read: vec![read.clone()],
            reaches_out: false,
        };
        // The door closes behind this thread alone, and the other tests go on outside.
        let thread = std::thread::spawn(move || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let enclosed = enclose(&open).unwrap();
            if enclosed == Enclosed::Not {
                println!("skipped: this kernel has no Landlock");
                return;
            }
            files::write(&inside, b"y").unwrap();
            assert_eq!(files::read(&read, 10).unwrap(), b"x");
            assert!(files::write(&read, b"y").is_err());
            assert!(files::read(&shut, 10).is_err());
            assert!(files::read(Path::new("/etc/passwd"), 1 << 20).is_err());
            if enclosed == Enclosed::Wholly {
                let here = listener.local_addr().unwrap();
                assert!(std::net::TcpStream::connect(here).is_err());
                assert!(std::net::TcpListener::bind("127.0.0.1:0").is_err());
            }
        });
        thread.join().unwrap();
    }

    #[test]
    fn who_may_read_all_sees_of_etc_only_how_names_are_looked_up() {
        let [all, few] = [false, true].map(places_of_names);
        assert!(all.contains(&PathBuf::from("/etc")), "{all:?}");
        assert!(!few.contains(&PathBuf::from("/etc")), "{few:?}");
        let open = Open {
            read: few,
            reaches_out: true,
            ..Open::default()
        };
        let thread = std::thread::spawn(move || {
            let is_there = |name: &str| files::read(&Path::new("/etc").join(name), 1 << 20).is_ok();
            let before = ["hosts", "resolv.conf"].map(is_there);
            assert!(is_there("passwd"));
            if enclose(&open).unwrap() == Enclosed::Not {
                println!("skipped: this kernel has no Landlock");
                return;
            }
            assert_eq!(["hosts", "resolv.conf"].map(is_there), before);
            for secret in ["passwd", "shadow", "ssl/openssl.cnf"] {
                assert!(!is_there(secret), "{secret}");
            }
        });
        thread.join().unwrap();
    }

    #[test]
    fn a_link_is_followed_to_where_it_leads() {
        let folder = files::temporary_folder("links").unwrap();
        let real = folder.path().canonicalize().unwrap().join("archive");
        files::create_folder(&real).unwrap();
        files::write(&real.join("chain1.pem"), b"x").unwrap();
        let link = folder.path().join("chain.pem");
        std::os::unix::fs::symlink(real.join("chain1.pem"), &link).unwrap();
        assert_eq!(folders_of(&link), [folder.path().to_path_buf(), real]);
        assert_eq!(folders_of(Path::new("missing.pem")), [PathBuf::from(".")]);
    }
}
