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
