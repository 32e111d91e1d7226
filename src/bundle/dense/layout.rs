//! How the files of an edition come, and in which order.

use crate::base::{MetadataName, SitePath};

/// How one file of the edition comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the T of its group, pressed or foretold.
    Pressed,
    /// As it is, behind that frame: pictures do not get smaller.
    Raw,
    /// Among those, a picture [retold](super::picture).
    Retold,
    /// Not at all: the receiver has it.
    Held,
}

impl Way {
    pub fn letter(self) -> u8 {
        match self {
            Self::Pressed => b'z',
            Self::Raw => b'r',
            Self::Retold => b'w',
            Self::Held => b'-',
        }
    }

    pub fn of_letter(letter: u8) -> Option<Self> {
        [Self::Pressed, Self::Raw, Self::Retold, Self::Held]
            .into_iter()
            .find(|way| way.letter() == letter)
    }
}

/// Files that come together: first what is pressed of them, then what is raw, each in the order of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// All of them in the order of paths, with their lengths in bytes; none is held.
    pub files: Vec<(SitePath, u64, Way)>,
}

impl Group {
    pub fn pressed(&self) -> impl Iterator<Item = &(SitePath, u64, Way)> {
        self.files.iter().filter(|(.., its)| *its == Way::Pressed)
    }

    /// What comes behind that.
    pub fn raw(&self) -> impl Iterator<Item = &(SitePath, u64, Way)> {
        self.files.iter().filter(|(.., its)| *its != Way::Pressed)
    }
}

/// A group is full with the file that brings it to so many bytes. The receiver holds the pressed part of one group until
/// its raw part has come.
const PRESSED_BYTES: u64 = 16 << 20;
/// So that the length of the raw part can be told in 4 bytes, however long the last file is.
const RAW_BYTES: u64 = 1 << 30;

/// The groups of a stream, at least one. `files` in the order of paths.
pub fn groups(files: impl IntoIterator<Item = (SitePath, u64, Way)>) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    let (mut pressed, mut raw) = (0, 0);
    for (path, length, way) in files {
        if pressed >= PRESSED_BYTES || raw >= RAW_BYTES {
            groups.push(Group::default());
            (pressed, raw) = (0, 0);
        }
        match way {
            Way::Held => continue,
            Way::Pressed => pressed += length,
            Way::Raw | Way::Retold => raw += length,
        }
        if let Some(group) = groups.last_mut() {
            group.files.push((path, length, way));
        }
    }
    groups
}

/// What stands before a metadata file.
pub fn folio_entry(name: &MetadataName, length: u64) -> String {
    format!("{name} {length}\n")
}

/// The other way. `None`: it is no such line.
pub(super) fn read_folio_entry(line: &str) -> Option<(MetadataName, u64)> {
    let (name, length) = line.split_once(' ')?;
    let (name, length) = (MetadataName::parse(name)?, length.parse().ok()?);
    let is_plain = folio_entry(&name, length).trim_end() == line;
    is_plain.then_some((name, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, length: u64, way: Way) -> (SitePath, u64, Way) {
        (SitePath::parse(path).expect(path), length, way)
    }

    #[test]
    fn a_group_ends_with_the_file_that_fills_it() {
        let files = [
            file("a", PRESSED_BYTES - 1, Way::Pressed),
            file("b", 5, Way::Raw),
            file("c", 9, Way::Pressed),
            file("d", 9, Way::Held),
            file("e", RAW_BYTES, Way::Raw),
            file("f", 1, Way::Raw),
        ];
        let names = |group: &Group| {
            let paths = group.files.iter().map(|(path, ..)| path.as_str());
            paths.collect::<String>()
        };
        let groups = groups(files);
        assert_eq!(
            groups.iter().map(names).collect::<Vec<_>>(),
            ["abc", "e", "f"]
        );
        assert_eq!(groups[0].pressed().count(), 2);
        assert_eq!(groups[0].raw().count(), 1);
    }

    #[test]
    fn an_edition_without_files_has_one_group() {
        assert_eq!(groups([]), [Group::default()]);
    }

    #[test]
    fn a_line_of_the_folio_has_one_spelling() {
        let name = MetadataName::parse("7.snapshot.json").expect("a name");
        assert_eq!(folio_entry(&name, 30), "7.snapshot.json 30\n");
        assert_eq!(read_folio_entry("7.snapshot.json 30"), Some((name, 30)));
        for line in [
            "",
            "7.snapshot.json",
            "7.snapshot.json 030",
            "7.snapshot.json +3",
            "../x 3",
        ] {
            assert_eq!(read_folio_entry(line), None, "{line}");
        }
    }
}
