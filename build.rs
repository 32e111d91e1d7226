//! Tells the program by which code it reads and makes pages, so that what an older one made of them is not taken for its own.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// All that a page of the site depends on.
const PACKAGING: [&str; 4] = ["src/packager", "src/site", "src/base/tame.rs", "Cargo.lock"];

/// All that extraction depends on, packages included.
const READING: [&str; 5] = [
    "src/packager/extract",
    "src/packager/charset.rs",
    "src/site/shallow.rs",
    "src/base/tame.rs",
    "Cargo.lock",
];

/// All that the proof of an edition depends on.
const PROVING: [&str; 5] = [
    "src/edition",
    "src/bundle",
    "src/trust",
    "src/base",
    "Cargo.lock",
];

fn main() {
    tell("COLPORT_PROVING", &PROVING);
    tell("COLPORT_READING", &READING);
    tell("COLPORT_PACKAGING", &PACKAGING);
}

fn tell(name: &str, places: &[&str]) {
    let mut hasher = DefaultHasher::new();
    for place in places {
        println!("cargo:rerun-if-changed={place}");
        for file in files(Path::new(place)) {
            file.hash(&mut hasher);
            content(&file).hash(&mut hasher);
        }
    }
    println!("cargo:rustc-env={name}={:016x}", hasher.finish());
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is no part of the program"
)]
fn content(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_default()
}

/// The file, or the files below the folder, sorted.
fn files(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else {
        return vec![place.to_path_buf()];
    };
    let mut found: Vec<_> = entries
        .flatten()
        .flat_map(|entry| files(&entry.path()))
        .collect();
    found.sort();
    found
}
