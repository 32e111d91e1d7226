//! What fuzzing of the bundle begins with.

use colport::base::{MetadataName, SitePath};
use colport::bundle::{About, Effort, Kind, Writer, pack};

/// A small bundle with everything in it.
pub(crate) fn sound() -> Vec<u8> {
    let about = About {
        kind: Kind::Update { base: 1 },
        edition: 2,
    };
    let mut writer = Writer::start(Vec::new(), &about).expect("memory takes all");
    for name in ["1.root.json", "timestamp.json", "2.be.json"] {
        let name = MetadataName::parse(name).expect("a name");
        writer.metadata(&name, b"{}").expect("the order is right");
    }
    let page = "<p>Рака стала. ".repeat(20);
    let long = format!("be/{}/index.html", "рака".repeat(20));
    for (path, content) in [("a.webp", "x\u{1f}9"), ("be/empty", ""), (&long, &page)] {
        let path = SitePath::parse(path).expect("a path");
        let packed = pack(content.as_bytes(), Effort::Quick);
        writer
            .file(&path, content.len() as u64, &packed)
            .expect("the order is right");
    }
    writer.finish().expect("memory takes all")
}

/// What `forge` makes a bundle of that begins like a sound one.
pub(crate) fn forged_seed() -> Vec<u8> {
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
