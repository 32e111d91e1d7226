//! A folder on a disk.

use std::os::unix::fs::PermissionsExt;

use colport::io::store::Keeper;
use tempfile::TempDir;
use url::Url;

use super::{Ground, Root};

struct Folder {
    _folder: TempDir,
    root: Root,
}

async fn start() -> Option<Folder> {
    let folder = super::folder();
    let root = Root(folder.path().join("site"));
    std::fs::create_dir(&root.0).unwrap();
    Some(Folder {
        _folder: folder,
        root,
    })
}

impl Ground for Folder {
    fn keeper(&self) -> Keeper {
        Keeper::Folder(self.root.0.clone())
    }

    fn url(&self) -> Option<Url> {
        None
    }

    fn root(&self) -> Option<&Root> {
        Some(&self.root)
    }

    fn bundles(&self) -> bool {
        true
    }

    /// Rights do not bind the superuser, as whom tests may run; a folder in the place of a file binds everybody.
    fn revoke(&self) {
        let rights = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(&self.root.0, rights).unwrap();
        std::fs::create_dir_all(self.root.0.join(".colport/metadata/2.snapshot.json/x")).unwrap();
    }
}

super::suite!(super::folder::start);
