//! Writes what the fuzzer begins with into the folder that is given: `cargo run --example seeds -- tests/fuzz/corpus`.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "it writes files and nothing else, and fails by panicking"
)]

use std::path::Path;

mod bundles;
#[expect(dead_code, reason = "only the seeds are written")]
mod checks;

fn main() -> std::io::Result<()> {
    let corpus = std::env::args().nth(1).unwrap_or_else(|| "corpus".into());
    let corpus = Path::new(&corpus);
    let bundles = [
        [&[0, 99], &bundles::sound()[..]].concat(),
        [&[1, 9], &[24, 0, 1, 1, b'x'][..]].concat(),
        [&[2, 200], &forged()[..]].concat(),
    ];
    write(&corpus.join("bundle"), &bundles)?;
    for target in checks::TARGETS {
        write(&corpus.join(target.name), &(target.seeds)())?;
    }
    Ok(())
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed)?;
    }
    Ok(())
}

/// What `forge` makes a bundle of that begins like a sound one.
fn forged() -> Vec<u8> {
    let about = b"{\"format\":\"colport-bundle-1\",\"kind\":\"full\",\"edition\":1}\n";
    let mut seed = Vec::new();
    for (before, path, content) in [
        (0, ".colport/bundle.json", &about[..]),
        (about.len(), "index.html", b"<p>"),
    ] {
        let mut header = vec![0; (512 - before % 512) % 512];
        header.extend(path.as_bytes());
        header.resize(header.len() + 100 - path.len(), 0);
        header.extend(b"0000644\x000000000\x000000000\0");
        header.extend(format!("{:011o}\x0010000000000\0       \0", content.len()).as_bytes());
        header.push(b'0');
        header.resize(header.len() + 100, 0);
        header.extend(b"ustar\x0000");
        header.resize(header.len() + 247, 0);
        seed.push(1);
        seed.extend((header.len() as u16).to_le_bytes());
        seed.extend((content.len() as u16).to_le_bytes());
        seed.extend(header);
        seed.extend(content);
    }
    seed
}
