//! Signs a folder of finished pages as the first edition of a new newsroom, to measure serving it:
//! `edition_of FOLDER NEWSROOM`. Each folder at the top is taken for a newsroom of its own.
#![expect(
    clippy::disallowed_methods,
    reason = "it is a program of its own, and signs with the date of today"
)]

use std::error::Error;
use std::fs;
use std::path::Path;

use colport::base::SitePath;
use colport::io::files::{self, Spool};
use colport::packager::{Effort, Files, FolderError, Lifetimes, NewsroomFolder, Press};
use colport::trust::editor::NewsroomId;
use jiff::Timestamp;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, pages, newsroom] = arguments.as_slice() else {
        return Err("usage: edition_of FOLDER NEWSROOM".into());
    };
    let (pages, now) = (Path::new(pages), Timestamp::now());
    let newsrooms = newsrooms(pages)?;
    let folder = NewsroomFolder::at(Path::new(newsroom));
    folder.found(&newsrooms, now, &Lifetimes::default())?;
    let press = Press {
        metadata: folder.metadata(None)?,
        previous: None,
        kept: Default::default(),
        waiting: Default::default(),
        keys: folder.publishing_keys(&newsrooms)?,
        lifetimes: Lifetimes::default(),
        effort: Effort::Best,
    };
    let place = folder.bundle(1);
    press.print(&site(pages)?, now, Spool::beside(&place)?, |spool| {
        spool.publish().map_err(FolderError::from)?;
        files::map(&place).map_err(FolderError::from)
    })?;
    Ok(())
}

fn newsrooms(pages: &Path) -> Result<Vec<NewsroomId>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(pages)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.file_name().to_string_lossy().parse()?);
        }
    }
    Ok(found)
}

fn site(pages: &Path) -> Result<Files, Box<dyn Error>> {
    let mut site = Files::new();
    for place in files::list(pages)? {
        let path = SitePath::parse(&place.to_string_lossy())?;
        site.insert(path, fs::read(pages.join(place))?.into());
    }
    Ok(site)
}
