//! A file that is a source, and what it is called: as the operator wrote it, so that it is the same one wherever colport is
//! started.

use std::path::{Component, Path, PathBuf};

use crate::base::Digest;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub path: PathBuf,
    /// Without what means the folder itself.
    written: PathBuf,
}

impl Named {
    /// `written`: below that folder unless it begins at the root.
    pub fn below(folder: &Path, written: &Path) -> Self {
        let parts = written.components();
        Self {
            path: folder.join(written),
            written: parts.filter(|part| *part != Component::CurDir).collect(),
        }
    }

    /// As archives call it. Of one that does not lie below the folder the way there tells whose computer it is, so nobody
    /// reads more of that than a digest.
    pub fn name(&self) -> String {
        let written = self.written.display().to_string();
        let mut parts = self.written.components();
        if parts.all(|part| matches!(part, Component::Normal(_))) {
            return written;
        }
        let name = self.written.file_name().unwrap_or_default().display();
        let digest = Digest::of(format!("file {written}").as_bytes()).to_string();
        format!("{name} #{}", digest.get(..32).unwrap_or_default())
    }

    /// Whether archives called it so that were written before: by the way there from where colport was started. No address of
    /// the web is such a way, however it ends.
    pub fn was_called(&self, noted: &str) -> bool {
        !noted.contains("://") && Path::new(noted).ends_with(&self.written)
    }

    /// Of two that were called so the one of which more is the same.
    pub fn depth(&self) -> usize {
        self.written.components().count()
    }
}

/// As it is named on the command line.
impl From<PathBuf> for Named {
    fn from(path: PathBuf) -> Self {
        Self::below(Path::new(""), &path)
    }
}

impl From<&str> for Named {
    fn from(path: &str) -> Self {
        PathBuf::from(path).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_the_same_wherever_colport_is_started() {
        let name = |folder: &str, written: &str| {
            let named = Named::below(Path::new(folder), Path::new(written));
            assert_eq!(named.path, Path::new(folder).join(written));
            named.name()
        };
        for folder in ["", ".", "news", "/home/maryam/news", "/srv"] {
            assert_eq!(name(folder, "own.xml"), "own.xml");
            assert_eq!(name(folder, "./feeds//own.xml"), "feeds/own.xml");
            for outside in ["/home/maryam/own.xml", "../maryam/own.xml"] {
                let name = name(folder, outside);
                assert!(name.starts_with("own.xml #") && name.len() == 41, "{name}");
            }
        }
        let one = name("", "/home/maryam/own.xml");
        assert_ne!(one, name("", "/home/anna/own.xml"));
    }

    #[test]
    fn what_an_archive_of_before_called_it_is_known() {
        let check = |written: &str, noted: &str, expected: bool| {
            let named = Named::from(written);
            assert_eq!(named.was_called(noted), expected, "{written} {noted}");
        };
        for noted in [
            "own.xml",
            "./own.xml",
            "news/own.xml",
            "/home/maryam/news/own.xml",
        ] {
            check("own.xml", noted, true);
        }
        for noted in [
            "/home/maryam/own.xml",
            "disown.xml",
            "own.xml/a",
            "https://n.example/own",
        ] {
            check("feeds/own.xml", noted, false);
        }
        check("own.xml", "https://n.example/own.xml", false);
        check("/srv/own.xml", "/srv/own.xml", true);
        check("/srv/own.xml", "/home/srv/own.xml", false);
    }
}
