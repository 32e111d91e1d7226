//! Writes a bundle from front to back.

use std::io::{self, Write};

use crate::base::{LIMITS, MetadataName, SitePath};

use super::gzip::{self, CONTENT_HEAD, TRAILER_BYTES};
use super::packing::{deflate, most_packed_bytes};
use super::table::{TABLE_BYTES, Table};
use super::{About, Effort, ListFile, Member, MemberName, Slot, pack, tar};

/// Header members are small and many: libdeflate's higher levels save nothing up to 9, and the 12th saves 4 % of them for
/// the tenfold time of all else.
pub(super) const HEADER_LEVEL: i32 = 6;

/// Writes a bundle from front to back; knows only how large members are, never holds more than one. What a
/// [`Scanner`](super::Scanner) would refuse is refused here too, as [`io::ErrorKind::InvalidInput`].
pub struct Writer<W> {
    out: W,
    position: u64,
    /// The length of the content written last, which is still to be filled up to a whole tar block.
    unfilled: u64,
    last: MemberName,
    members: usize,
    table: Table,
}

impl<W: Write> Writer<W> {
    pub fn start(out: W, about: &About) -> io::Result<Self> {
        let mut writer = Self {
            out,
            position: 0,
            unfilled: 0,
            last: MemberName::About,
            members: 0,
            table: Table::default(),
        };
        let json = about.to_json();
        writer.member(
            MemberName::About,
            json.len() as u64,
            &pack(&json, Effort::Best),
            &[],
        )?;
        Ok(writer)
    }

    /// Before all files, and in the order that [`MemberName`] describes.
    pub fn metadata(&mut self, name: &MetadataName, content: &[u8]) -> io::Result<Slot> {
        self.packed_metadata(name, content.len() as u64, &pack(content, Effort::Best))
    }

    /// The same out of another bundle; see [`Self::file`].
    pub fn packed_metadata(
        &mut self,
        name: &MetadataName,
        length: u64,
        packed: &[u8],
    ) -> io::Result<Slot> {
        self.later_member(MemberName::Metadata(name.clone()), length, packed, &[])
    }

    /// In ascending order of path. `packed` comes from [`pack`] or out of another bundle; whether it holds `length`
    /// bytes is believed if its trailer says so.
    pub fn file(&mut self, path: &SitePath, length: u64, packed: &[u8]) -> io::Result<Slot> {
        self.file_behind(&[], path, length, packed)
    }

    /// The same with the header member that stands before it in a bundle which was scanned, or written here: it is copied
    /// if it is the one that belongs here, and so not deflated again.
    pub fn file_behind(
        &mut self,
        header: &[u8],
        path: &SitePath,
        length: u64,
        packed: &[u8],
    ) -> io::Result<Slot> {
        self.later_member(MemberName::File(path.clone()), length, packed, header)
    }

    /// A member of another bundle, but for the first and the last.
    pub(super) fn copy(&mut self, member: &Member) -> io::Result<()> {
        let name = member.name.clone();
        self.later_member(name, member.length, &member.packed, &[])
            .map(drop)
    }

    /// Behind all files, in ascending order of name.
    pub(super) fn list(&mut self, name: &ListFile, content: &[u8]) -> io::Result<()> {
        let packed = pack(content, Effort::Best);
        let name = MemberName::List(name.clone());
        self.later_member(name, content.len() as u64, &packed, &[])
            .map(drop)
    }

    /// The table of contents and the footer.
    pub fn finish(mut self) -> io::Result<W> {
        let (length, packed) = std::mem::take(&mut self.table).finish()?;
        if length > TABLE_BYTES {
            return Err(refused("its table of contents is too large"));
        }
        let contents_at = self.position;
        self.member(MemberName::Contents, length, &packed, &[])?;
        self.header(&tar::end(self.unfilled), 0, &[])?;
        self.put(&gzip::footer(contents_at))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn later_member(
        &mut self,
        name: MemberName,
        length: u64,
        packed: &[u8],
        header: &[u8],
    ) -> io::Result<Slot> {
        if name <= self.last {
            return Err(refused(&format!("`{name}` cannot follow `{}`", self.last)));
        }
        if self.members >= LIMITS.members {
            return Err(refused("it has too many members"));
        }
        if length > name.most_bytes() {
            return Err(refused(&format!("`{name}` is too large")));
        }
        self.member(name, length, packed, header)
    }

    fn member(
        &mut self,
        name: MemberName,
        length: u64,
        packed: &[u8],
        header: &[u8],
    ) -> io::Result<Slot> {
        if !is_plausible(packed, length) {
            return Err(refused(&format!("`{name}` is not packed as bundles are")));
        }
        let content_bytes =
            u32::try_from(packed.len()).map_err(|_| refused("a member is too large"))?;
        self.header(
            &tar::header(self.unfilled, &name.to_string(), length),
            content_bytes,
            header,
        )?;
        let slot = Slot {
            offset: self.position,
            packed_bytes: packed.len() as u64,
            length,
        };
        self.put(packed)?;
        self.table.add(&name, slot)?;
        self.unfilled = length;
        self.members += 1;
        self.last = name;
        Ok(slot)
    }

    /// `there`: what stands in this place elsewhere.
    fn header(&mut self, blocks: &[u8], content_bytes: u32, there: &[u8]) -> io::Result<()> {
        if gzip::is_header_member(there, blocks, content_bytes) {
            return self.put(there);
        }
        let deflated = deflate(blocks, HEADER_LEVEL);
        self.put(&gzip::header_member(blocks, &deflated, content_bytes))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("the bundle cannot be written: {why}"),
    )
}

/// Whether `packed` looks like a content member of `length` bytes: without unpacking it.
pub(super) fn is_plausible(packed: &[u8], length: u64) -> bool {
    let claimed = packed.last_chunk::<4>().map(|l| u32::from_le_bytes(*l));
    packed.starts_with(&CONTENT_HEAD)
        && packed.len() > CONTENT_HEAD.len() + TRAILER_BYTES
        && packed.len() as u64 <= most_packed_bytes(length)
        && claimed.map(u64::from) == Some(length)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::super::{BundleError, Kind, Scanner, contents};
    use super::*;

    fn about() -> About {
        About {
            kind: Kind::Full,
            edition: 1,
        }
    }

    fn path(text: &str) -> SitePath {
        SitePath::parse(text).expect(text)
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        assert_eq!(Sample::default().write(), Sample::default().write());
    }

    #[test]
    fn slots_say_where_contents_lie() {
        let mut writer = Writer::start(Vec::new(), &about()).expect("memory takes all");
        let packed = pack(b"hello", Effort::Quick);
        let slot = writer
            .file(&path("a"), 5, &packed)
            .expect("the order is right");
        let bundle = writer.finish().expect("memory takes all");
        let place = usize::try_from(slot.offset).expect("small");
        assert!(bundle[place..].starts_with(&packed));
        assert_eq!((slot.length, slot.packed_bytes), (5, packed.len() as u64));
        let table = contents(&bundle).expect("it is sound");
        assert!(table.contains(&(MemberName::File(path("a")), slot)));
    }

    #[test]
    fn what_a_scanner_would_refuse_is_not_written() {
        let mut writer = Writer::start(Vec::new(), &about()).expect("memory takes all");
        let name = MetadataName::parse("1.root.json").expect("a name");
        let packed = pack(b"hello", Effort::Quick);
        writer.metadata(&name, b"{}").expect("it is the first");
        assert!(writer.metadata(&name, b"{}").is_err(), "twice");
        writer
            .file(&path("b"), 5, &packed)
            .expect("it is the first");
        assert!(writer.file(&path("b"), 5, &packed).is_err(), "twice");
        assert!(writer.file(&path("a"), 5, &packed).is_err(), "backwards");
        assert!(
            writer.metadata(&MetadataName::timestamp(), b"{}").is_err(),
            "too late"
        );
        assert!(
            writer.file(&path("c"), 6, &packed).is_err(),
            "another length"
        );
        assert!(writer.file(&path("c"), 5, b"hello").is_err(), "not packed");
        assert!(
            writer
                .file(&path("c"), LIMITS.member_bytes + 1, &packed)
                .is_err(),
            "too large"
        );
        // And none of it left a trace.
        let members = contents(&writer.finish().expect("memory takes all")).expect("it is sound");
        assert_eq!(members.len(), 3);
    }

    /// The sample with a header member before each file that something else had there.
    fn behind(header: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
        let sample = Sample::default();
        let mut writer = Writer::start(Vec::new(), &sample.about).unwrap();
        for (name, content) in &sample.metadata {
            writer.metadata(name, content).unwrap();
        }
        for (index, (path, content)) in sample.files.iter().enumerate() {
            let packed = pack(content, Effort::Quick);
            let length = content.len() as u64;
            writer
                .file_behind(&header(index), path, length, &packed)
                .unwrap();
        }
        writer.finish().unwrap()
    }

    /// What stands before each file of the sample.
    fn headers() -> Vec<Vec<u8>> {
        let bundle = Sample::default().write();
        let (mut end, mut headers) = (0, Vec::new());
        for (name, slot) in contents(&bundle).unwrap() {
            let start = usize::try_from(slot.offset).unwrap();
            if matches!(name, MemberName::File(_)) {
                headers.push(bundle[end..start].to_vec());
            }
            end = start + usize::try_from(slot.packed_bytes).unwrap();
        }
        headers
    }

    #[test]
    fn copied_header_members_are_those_that_would_be_written() {
        let (fresh, own) = (Sample::default().write(), headers());
        assert_eq!(behind(|index| own[index].clone()), fresh);
        // Those of other files, and what is no whole header member, are not taken.
        for by in 1..own.len() {
            let others = |index: usize| own[(index + by) % own.len()].clone();
            assert_eq!(behind(others), fresh, "{by}");
        }
        for cut in [1, 8, 30] {
            let short = |index: usize| own[index][..own[index].len() - cut].to_vec();
            assert_eq!(behind(short), fresh, "{cut}");
        }
        for at in [0, 16, 20] {
            let wrong = |index: usize| {
                let mut header = own[index].clone();
                header[at] ^= 1;
                header
            };
            assert_eq!(behind(wrong), fresh, "{at}");
        }
    }

    #[test]
    fn a_header_member_that_fits_is_not_deflated_again() {
        let otherwise = |index: usize| {
            let blocks = super::super::table::header_blocks(&headers()[index]).unwrap();
            let content = headers()[index][20..24].try_into().unwrap();
            gzip::header_member(&blocks, &deflate(&blocks, 1), u32::from_le_bytes(content))
        };
        let copied = behind(otherwise);
        assert_ne!(copied, Sample::default().write());
        let all = (0..headers().len()).all(|index| {
            let header = otherwise(index);
            copied.windows(header.len()).any(|part| part == header)
        });
        assert!(all);
    }

    /// Nobody has signed anything yet when a timestamp comes.
    #[test]
    fn metadata_longer_than_any_of_its_role_is_refused_when_it_is_announced() {
        let about = About {
            kind: Kind::Full,
            edition: 1,
        };
        let long = vec![0; (1 << 20) + 1];
        let (name, length) = (MetadataName::timestamp(), long.len() as u64);
        let mut writer = Writer::start(Vec::new(), &about).unwrap();
        assert!(writer.metadata(&name, &long).is_err());
        let packed = pack(&long, Effort::Quick);
        let name = MemberName::Metadata(name);
        writer.member(name, length, &packed, &[]).unwrap();
        let mut scanner = Scanner::default();
        scanner.push(writer.finish().unwrap().into());
        assert!(scanner.next().unwrap().is_some(), "what it carries");
        let refused = scanner.next().map(|_| ());
        assert!(matches!(refused, Err(BundleError::TooLarge { .. })));
    }
}
