//! Writes what the fuzzer begins with into the folder that is given: `cargo run --example seeds -- tests/fuzz/corpus`.
#![expect(
    clippy::disallowed_methods,
    reason = "it writes files and nothing else"
)]

use std::path::Path;

mod bundles;

fn main() -> std::io::Result<()> {
    let corpus = std::env::args().nth(1).unwrap_or_else(|| "corpus".into());
    let corpus = Path::new(&corpus);
    let bundles = [
        [&[0, 99], &bundles::sound()[..]].concat(),
        [&[1, 9], &[24, 0, 1, 1, b'x'][..]].concat(),
        [&[2, 200], &bundles::forged_seed()[..]].concat(),
    ];
    write(&corpus.join("bundle"), &bundles)?;
    // One changed byte in each file of the small site, with a true signature over it and without.
    let metadata: Vec<Vec<u8>> = (0..8)
        .flat_map(|file| [1, 3].map(|how| vec![file, how, 40, 0, 1, 1, b'9']))
        .collect();
    write(&corpus.join("metadata"), &metadata)
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed)?;
    }
    Ok(())
}
