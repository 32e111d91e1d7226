//! Packs a folder into a bundle that nobody signed, to measure size and time: `bundle_of FOLDER OUT [best]`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is a program of its own"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use colport::base::SitePath;
use colport::bundle::{About, Effort, Kind, Writer, pack};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, out, rest @ ..] = arguments.as_slice() else {
        println!("usage: bundle_of FOLDER OUT [best]");
        return Ok(());
    };
    let effort = match rest {
        [word] if word == "best" => Effort::Best,
        _ => Effort::Quick,
    };
    let about = About {
        kind: Kind::Full,
        edition: 1,
    };
    let mut writer = Writer::start(BufWriter::new(File::create(out)?), &about)?;
    for (path, place) in files(Path::new(folder), "")? {
        let content = fs::read(place)?;
        writer.file(&path, content.len() as u64, &pack(&content, effort))?;
    }
    writer.finish().map(drop)
}

fn files(folder: &Path, below: &str) -> io::Result<BTreeMap<SitePath, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path(), &format!("{path}/"))?);
        } else {
            found.insert(
                SitePath::parse(&path).map_err(io::Error::other)?,
                entry.path(),
            );
        }
    }
    Ok(found)
}
