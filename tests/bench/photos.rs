//! Decodes and encodes every photo below a folder as the packager does, on all cores, and nothing else: the part of its
//! work that cannot be saved, to measure the rest by. `photos FOLDER`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is a program of its own"
)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use colport::packager::encode_picture;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        println!("usage: photos FOLDER");
        return Ok(());
    };
    let mut photos = Vec::new();
    find(Path::new(&folder), &mut photos)?;
    let number = photos.len();
    let waiting = Mutex::new(photos);
    let next = || waiting.lock().ok()?.pop();
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(photo) = next() {
                    if let Ok(bytes) = fs::read(photo) {
                        let _ = encode_picture(&bytes);
                    }
                }
            });
        }
    });
    println!("{number} photos");
    Ok(())
}

fn find(folder: &Path, photos: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, photos)?;
        } else if path.extension().is_some_and(|kind| kind == "jpg") {
            photos.push(path);
        }
    }
    Ok(())
}
