//! The bundle from outside: properties of the format, other programs that read it, and the manual that describes it.

mod manual;
mod properties;
mod tools;

use bytes::Bytes;
use colport::base::{MetadataName, SitePath};
use colport::bundle::{About, BundleError, Effort, Kind, Scanner, Writer, pack};

/// Path in the archive and content, in the order of the archive.
type Members = Vec<(String, Vec<u8>)>;

/// What goes into a bundle.
#[derive(Debug, Clone, Default)]
struct Input {
    metadata: Vec<(MetadataName, Vec<u8>)>,
    files: Vec<(SitePath, Vec<u8>)>,
}

const ABOUT: About = About {
    kind: Kind::Full,
    edition: 1,
};

fn metadata(name: &str, content: &[u8]) -> (MetadataName, Vec<u8>) {
    (MetadataName::parse(name).expect(name), content.to_vec())
}

fn file(path: &str, content: &[u8]) -> (SitePath, Vec<u8>) {
    (SitePath::parse(path).expect(path), content.to_vec())
}

/// Does not deflate at all.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(step).take(length).collect()
}

impl Input {
    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::start(Vec::new(), &ABOUT).expect("memory takes all");
        for (name, content) in &self.metadata {
            writer.metadata(name, content).expect("the order is right");
        }
        for (path, content) in &self.files {
            let packed = pack(content, Effort::Quick);
            writer
                .file(path, content.len() as u64, &packed)
                .expect("the order is right");
        }
        writer.finish().expect("memory takes all")
    }

    /// What must come out, but the table of contents.
    fn members(&self) -> Members {
        let about = (".colport/bundle.json".to_owned(), ABOUT.to_json());
        let metadata = self
            .metadata
            .iter()
            .map(|(name, content)| (format!(".colport/metadata/{name}"), content.clone()));
        let files = self
            .files
            .iter()
            .map(|(path, content)| (path.to_string(), content.clone()));
        std::iter::once(about)
            .chain(metadata)
            .chain(files)
            .collect()
    }
}

/// The whole bundle, or why it is refused.
fn read(bundle: impl Into<Bytes>) -> Result<Members, BundleError> {
    let mut scanner = Scanner::default();
    scanner.push(bundle.into());
    let mut members = Vec::new();
    while let Some(member) = scanner.next()? {
        members.push((member.name.to_string(), member.content()?));
    }
    scanner.finish().map(|()| members)
}
