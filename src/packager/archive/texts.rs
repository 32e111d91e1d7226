//! What the pages of folders, crawls and inboxes said when they were last seen, and when that was new: they lie with their
//! source and not in the archive, and few of them tell when they were changed.
//!
//! A line of JSON for each, in the order of their marks; the first line names the program that read them. In memory is
//! only by what each is known: the line is read if its page has changed.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::mark::Mark;
use super::super::slug;
use super::super::trace::PROGRAM;
use super::super::waiting::{Drawer, Whereabouts};
use super::super::wording::{Saying, Wording};
use super::ArchiveError;
use super::line::Moment;
use crate::io::files::{self, FileError, Spool};

/// As many pages as fit into one site, of 2 KB each.
const TEXTS_BYTES: u64 = 1 << 30;

#[derive(Debug, Default)]
pub(super) struct Texts {
    place: PathBuf,
    /// Whether this program read them: another may read the same page otherwise.
    are_read_alike: bool,
    /// In ascending order of page.
    kept: Vec<Kept>,
    /// The same of what is to be written.
    new: Vec<Said>,
    /// Of which nothing is to be left.
    forgotten: HashSet<Mark>,
}

/// Of a page by what its source calls it, and where in the file its line lies.
#[derive(Debug)]
struct Kept {
    page: Mark,
    /// Of all that it said.
    of: Mark,
    start: u64,
    length: u32,
    is_updated: bool,
}

/// A line that is not written yet.
#[derive(Debug)]
pub struct Said {
    page: Mark,
    line: Whereabouts,
}

/// How an article was when it was last seen.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::packager) struct Before {
    /// As it is now, to the letter.
    pub is_same: bool,
    /// It did not say all that it says now. Nobody knows if another program read it.
    pub says_less: bool,
    pub updated: Option<Moment>,
    /// What was left out of it then, unless it lies with its source.
    pub left_out: Option<Wording>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    read_by: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// What its source calls it.
    id: String,
    of: Mark,
    says: Wording,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Moment>,
}

impl Said {
    pub(in crate::packager) fn lay(
        id: &str,
        now: &Saying<'_>,
        updated: Option<Moment>,
        drawer: &Drawer,
    ) -> Self {
        let line = Line {
            id: id.to_owned(),
            of: now.mark,
            says: now.wording().clone(),
            updated,
        };
        let line = serde_json::to_vec(&line).expect("texts and numbers can always be written");
        Self {
            page: page(id),
            line: drawer.lay(line),
        }
    }
}

fn page(id: &str) -> Mark {
    Mark::of(&[id.as_bytes()])
}

impl Texts {
    pub fn read(place: PathBuf) -> Result<Self, ArchiveError> {
        let mut texts = Self {
            place,
            ..Self::default()
        };
        let place = texts.place.clone();
        let mut number = 0;
        let read = files::lines(&place, TEXTS_BYTES, |range, text| {
            number += 1;
            let taken = match number {
                1 => texts.begin(text),
                _ => texts.take(range.start, text),
            };
            taken.map_err(|why| ArchiveError::Damaged {
                place: place.clone(),
                line: number,
                why,
            })
        });
        match read {
            Err(ArchiveError::File(FileError::NotFound(_))) => {}
            other => other?,
        }
        texts.kept.shrink_to_fit();
        Ok(texts)
    }

    fn begin(&mut self, text: &[u8]) -> Result<(), String> {
        let head: Head = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        self.are_read_alike = head.read_by == PROGRAM;
        Ok(())
    }

    fn take(&mut self, start: u64, text: &[u8]) -> Result<(), String> {
        let line: Line = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let page = page(&line.id);
        if self.kept.last().is_some_and(|last| last.page >= page) {
            return Err(format!("`{}` stands in another's place", line.id));
        }
        self.kept.push(Kept {
            page,
            of: line.of,
            start,
            length: text.len().try_into().map_err(|_| "it is too long")?,
            is_updated: line.updated.is_some(),
        });
        Ok(())
    }

    /// `None` for a page that was not seen before.
    pub fn before(&self, id: &str, now: &Saying<'_>) -> Option<Before> {
        let page = page(id);
        let at = self.kept.binary_search_by_key(&page, |kept| kept.page);
        let kept = self.kept.get(at.ok()?)?;
        let is_same = self.are_read_alike && kept.of == now.mark;
        if is_same && !kept.is_updated {
            return Some(Before {
                is_same,
                says_less: false,
                updated: None,
                left_out: None,
            });
        }
        let line = self.line(kept).filter(|line| line.id == id)?;
        let says_less = self.are_read_alike && !is_same && now.wording().adds_to(&[&line.says]);
        Some(Before {
            is_same,
            says_less,
            updated: line.updated,
            left_out: None,
        })
    }

    fn line(&self, kept: &Kept) -> Option<Line> {
        serde_json::from_slice(&self.text(kept)?).ok()
    }

    fn text(&self, kept: &Kept) -> Option<Vec<u8>> {
        let range = kept.start..kept.start + u64::from(kept.length);
        files::read_range(&self.place, &range).ok()
    }

    pub fn add(&mut self, said: Vec<Said>) {
        self.new = said;
        // Of two of one page the later one stays.
        self.new.reverse();
        self.new.sort_by_key(|said| said.page);
        self.new.dedup_by_key(|said| said.page);
    }

    /// Lets go of what articles said that were withdrawn, by the last part of their places. Where none were before (`is_new`)
    /// what is kept is looked through.
    pub fn forget(&mut self, slugs: &HashSet<&str>, is_new: bool) {
        if slugs.is_empty() {
            return;
        }
        let is_gone = |line: &[u8]| {
            let line = serde_json::from_slice::<Line>(line);
            let slugs_of = |id: &str| [slug::slug(id), slug::long_slug(id)];
            line.is_ok_and(|line| {
                slugs_of(&line.id)
                    .iter()
                    .any(|slug| slugs.contains(&**slug))
            })
        };
        self.new
            .retain(|said| !said.line.read().is_ok_and(|line| is_gone(&line)));
        if is_new || !self.are_read_alike {
            let kept = self.kept.iter();
            let gone = kept.filter(|kept| self.text(kept).is_some_and(|line| is_gone(&line)));
            self.forgotten = gone.map(|kept| kept.page).collect();
        }
    }

    /// The file as it shall be, if something is new.
    pub fn write_beside(&self) -> Result<Option<Spool>, ArchiveError> {
        if self.new.is_empty() && self.forgotten.is_empty() {
            return Ok(None);
        }
        let mut sheet = Sheet(super::spool_at(&self.place, TEXTS_BYTES)?, &self.place);
        let head = Head {
            read_by: PROGRAM.to_owned(),
        };
        sheet.line(&serde_json::to_vec(&head).expect("a text can always be written"))?;
        let mut new = self.new.iter().peekable();
        let mut kept = self.kept.iter();
        if !self.kept.is_empty() {
            let mut is_head = true;
            files::lines(&self.place, TEXTS_BYTES, |range, text| {
                if std::mem::take(&mut is_head) {
                    return Ok(());
                }
                let is_there = |kept: &&Kept| kept.start == range.start;
                let kept = kept.next().filter(is_there).ok_or(ArchiveError::Lost)?;
                while let Some(said) = new.next_if(|said| said.page < kept.page) {
                    sheet.line(&said.line.read()?)?;
                }
                match new.next_if(|said| said.page == kept.page) {
                    Some(said) => sheet.line(&said.line.read()?),
                    None if self.forgotten.contains(&kept.page) => Ok(()),
                    None => sheet.line(text),
                }
            })?;
        }
        new.try_for_each(|said| sheet.line(&said.line.read()?))?;
        Ok(Some(sheet.0))
    }
}

/// What is being written, and where it shall lie.
struct Sheet<'a>(Spool, &'a Path);

impl Sheet<'_> {
    fn line(&mut self, text: &[u8]) -> Result<(), ArchiveError> {
        let Self(spool, place) = self;
        let written = spool.write_all(text).and_then(|()| spool.write_all(b"\n"));
        written.map_err(|source| ArchiveError::unwritten(place, TEXTS_BYTES, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: &str, now: &Saying<'_>, updated: Option<Moment>) -> Said {
        Said::lay(id, now, updated, &Drawer::on(&std::env::temp_dir()))
    }

    fn saying(body: &str) -> Saying<'_> {
        Saying::new("One", body, "", Mark::of(&[body.as_bytes()]))
    }

    fn write(texts: &Texts) {
        let file = texts.write_beside().unwrap();
        file.map_or(Ok(()), Spool::publish).unwrap();
    }

    #[test]
    fn what_was_said_is_known_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("archive/be.texts.jsonl");
        let updated = Some(Moment("2026-11-20T10:00:00Z".parse().unwrap()));
        let [old, new] = [
            "<p>It began with some 20 people.</p>",
            "<p>It went on for days.</p>",
        ];
        let read = || Texts::read(place.clone()).unwrap();
        let mut texts = read();
        texts.add(Vec::new());
        write(&texts);
        assert!(!files::exists(&place), "nothing is known");
        assert_eq!(texts.before("a.html", &saying(old)), None);
        let names: Vec<String> = (0..20).map(|number| format!("{number}.html")).collect();
        let first = names.iter().map(|name| said(name, &saying(old), updated));
        texts.add(first.collect());
        write(&texts);
        let mut texts = read();
        let check = |texts: &Texts, name: &str, now: &str, is_same: bool, says_less: bool| {
            let before = Before {
                is_same,
                says_less,
                updated,
                left_out: None,
            };
            assert_eq!(texts.before(name, &saying(now)), Some(before), "{name}");
        };
        check(&texts, "7.html", old, true, false);
        check(&texts, "7.html", new, false, true);
        check(&texts, "7.html", "", false, false);
        // One is new, and one says something else.
        let changed = ["7.html", "a.html"].map(|name| said(name, &saying(new), updated));
        texts.add(changed.into());
        write(&texts);
        let mut texts = read();
        assert_eq!(texts.kept.len(), 21);
        check(&texts, "6.html", old, true, false);
        check(&texts, "7.html", new, true, false);
        check(&texts, "a.html", new, true, false);
        let written = files::modified(&place).unwrap();
        texts.add(Vec::new());
        write(&texts);
        assert_eq!(files::modified(&place).unwrap(), written, "nothing is new");
    }

    /// Of one page; with the text of the file.
    fn written(folder: &Path) -> (PathBuf, String) {
        let place = folder.join("archive/be.texts.jsonl");
        let mut texts = Texts::read(place.clone()).unwrap();
        texts.add(vec![said("a.html", &saying("<p>It began.</p>"), None)]);
        write(&texts);
        let whole = String::from_utf8(files::read(&place, 10_000).unwrap()).unwrap();
        (place, whole)
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (place, whole) = written(folder.path());
        let last = whole.lines().last().unwrap();
        for (damaged, line) in [("{}".to_owned(), 1), (format!("{whole}{last}\n"), 3)] {
            files::write(&place, damaged.as_bytes()).unwrap();
            let error = Texts::read(place.clone()).unwrap_err().to_string();
            assert!(
                error.contains(&format!("be.texts.jsonl` is damaged in line {line}")),
                "{error}"
            );
        }
    }

    #[test]
    fn what_another_program_read_is_not_compared() {
        let folder = tempfile::tempdir().unwrap();
        let (place, whole) = written(folder.path());
        files::write(&place, whole.replace(PROGRAM, "another").as_bytes()).unwrap();
        let texts = Texts::read(place).unwrap();
        for body in ["<p>It began.</p>", "<p>It went on.</p>"] {
            let before = texts.before("a.html", &saying(body)).unwrap();
            assert!(!before.is_same && !before.says_less);
        }
    }
}
