//! Bundles for tests: sound ones, and ones put together by hand.

use crate::base::{MetadataName, SitePath};

use super::gzip::{self, LONG_HEAD_BYTES};
use super::packing::deflate;
use super::writer::HEADER_LEVEL;
use super::{About, Effort, Kind, MemberName, Scanner, Writer, pack, tar};

pub(super) struct Sample {
    pub(super) about: About,
    pub(super) metadata: Vec<(MetadataName, Vec<u8>)>,
    pub(super) files: Vec<(SitePath, Vec<u8>)>,
}

impl Default for Sample {
    fn default() -> Self {
        let picture: Vec<u8> = (0..70_000u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        let long = format!("be/{}/index.html", "навіны".repeat(20));
        Self {
            files: [
                ("404.html", b"<p>404".to_vec()),
                ("be/1.webp", picture),
                ("be/empty", vec![]),
                ("be/index.html", "<p>Рака стала.".repeat(300).into_bytes()),
                (&long, b"<p>long".to_vec()),
            ]
            .map(|(path, content)| (SitePath::parse(path).expect(path), content))
            .into(),
            ..Self::small()
        }
    }
}

impl Sample {
    pub(super) fn small() -> Self {
        let name = |name| MetadataName::parse(name).expect(name);
        Self {
            about: About {
                kind: Kind::Full,
                edition: 1,
            },
            metadata: vec![
                (name("1.root.json"), b"{}".to_vec()),
                (name("timestamp.json"), b"{ }".to_vec()),
            ],
            files: vec![(SitePath::parse("a").expect("a path"), b"b".to_vec())],
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::start(Vec::new(), &self.about).expect("memory takes all");
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

    pub(super) fn table(&self) -> Vec<u8> {
        let mut scanner = Scanner::default();
        scanner.push(self.write().into());
        std::iter::from_fn(|| scanner.next().expect("sound"))
            .find(|member| member.name == MemberName::Contents)
            .and_then(|member| member.content().ok())
            .expect("there is a table")
    }

    pub(super) fn raw_members(&self) -> Vec<(String, Vec<u8>)> {
        let mut scanner = Scanner::default();
        scanner.push(self.write().into());
        std::iter::from_fn(|| scanner.next().expect("sound"))
            .map(|member| (member.name.to_string(), member.content().expect("sound")))
            .collect()
    }
}

pub(super) fn about() -> Vec<u8> {
    Sample::small().about.to_json()
}

pub(super) fn header_of(blocks: &[u8], content_bytes: u32) -> Vec<u8> {
    gzip::header_member(blocks, &deflate(blocks, HEADER_LEVEL), content_bytes)
}

/// Members in any order and of any name, with the end of an archive and a footer that points nowhere.
pub(super) fn raw<P: AsRef<str>, C: AsRef<[u8]>>(members: &[(P, C)]) -> Vec<u8> {
    let mut bundle = Vec::new();
    let mut previous = 0;
    for (path, content) in members {
        let content = content.as_ref();
        let packed = pack(content, Effort::Best);
        let length = content.len() as u64;
        let packed_bytes = u32::try_from(packed.len()).expect("small");
        bundle.extend(header_of(
            &tar::header(previous, path.as_ref(), length),
            packed_bytes,
        ));
        bundle.extend(packed);
        previous = length;
    }
    bundle.extend(header_of(&tar::end(previous), 0));
    bundle.extend(gzip::footer(0));
    bundle
}

/// Where the content of the first member ends.
pub(super) fn end_of_first(bundle: &[u8]) -> usize {
    let lengths = bundle
        .first_chunk::<LONG_HEAD_BYTES>()
        .and_then(gzip::lengths)
        .expect("it begins with a header member");
    (lengths.header + lengths.content) as usize
}

pub(super) fn header_after_about(path: &str, length: u64, content_bytes: u32) -> Vec<u8> {
    header_of(
        &tar::header(about().len() as u64, path, length),
        content_bytes,
    )
}
