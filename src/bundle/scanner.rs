//! Takes a bundle apart from front to back.
//!
//! Over and over:
//! 1. the head of a header member says how long it and the content behind it are: too long is refused here, before
//!    anything is waited for or kept;
//! 2. the header member is inflated, to a few kilobytes at most, and must hold exactly what
//!    [`tar::header`] would write;
//! 3. the name must be greater than the last one, and the first must be `.colport/bundle.json`;
//! 4. the content member is handed out. Whether it holds what it should is the business of who asked;
//!    only the table of contents is compared here with what was seen;
//! 5. behind the table come the end of the archive, the footer, and nothing.
//!
//! What was proved lies in `Progress` and changes only when a member is handed out, so that a download can break off,
//! or turn out to be rubbish, and go on from another mirror.

use bytes::Bytes;

use crate::base::LIMITS;

use super::buffer::Buffer;
use super::gzip::{self, FOOTER_BYTES, HEADER_START, LONG_HEAD_BYTES, Lengths};
use super::packing::{most_packed_bytes, too_large};
use super::table::{Expected, MOST_HEADER_BYTES, TABLE_BYTES, header_blocks};
use super::writer::is_plausible;
use super::{BundleError, Member, MemberName, Slot, tar};

/// Takes a bundle apart from front to back, in pieces of any size as they come from a network. Holds at most one
/// member beside what was pushed and not yet asked for: so push a piece, ask [`Self::next`] until it gives `None`, and
/// push the next.
///
/// After an error every further [`Self::next`] gives the same error, until [`Self::rewind`].
#[derive(Default)]
pub struct Scanner {
    buffer: Buffer,
    progress: Progress,
    /// Before the last member was handed out.
    before: Option<Progress>,
    phase: Phase,
    failed: Option<BundleError>,
}

/// What stays true whatever comes next.
#[derive(Clone, Default)]
struct Progress {
    position: u64,
    last: Option<MemberName>,
    members: usize,
    /// Length of the content before [`Self::position`].
    unfilled: u64,
    expected: Expected,
    /// Where the header member of the last member begins.
    last_header: u64,
}

#[derive(Default)]
enum Phase {
    #[default]
    Header,
    Content(Coming),
    /// The end of the archive was read and took so many bytes.
    Footer(u64),
    Complete,
}

/// A member of which only the content is missing.
struct Coming {
    name: MemberName,
    length: u64,
    header_bytes: u64,
    packed_bytes: u32,
}

impl Scanner {
    pub fn push(&mut self, bytes: Bytes) {
        self.buffer.push(bytes);
    }

    /// The next member; `None` while more bytes are needed, and at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that gives `None` and later goes on would surprise"
    )]
    pub fn next(&mut self) -> Result<Option<Member>, BundleError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None => self
                .advance()
                .inspect_err(|error| self.failed = Some(error.clone())),
        }
    }

    /// The name of the member of which only the content is still missing.
    pub fn announced(&self) -> Option<&MemberName> {
        match &self.phase {
            Phase::Content(coming) => Some(&coming.name),
            _ => None,
        }
    }

    /// The place right behind the last member handed out; once complete, the length of the bundle. A download may go on
    /// from here: see [`Self::rewind`].
    pub fn position(&self) -> u64 {
        self.progress.position
    }

    /// Forgets what was pushed behind [`Self::position`], and an error that it led to; the next push continues from
    /// there.
    pub fn rewind(&mut self) {
        self.buffer = Buffer::default();
        self.failed = None;
        if !self.is_complete() {
            self.phase = Phase::Header;
        }
    }

    /// Forgets also the member handed out last, since its content turned out to be wrong: [`Self::position`] is before
    /// it again. Goes back by one member only, however often it is called.
    pub fn reject(&mut self) {
        if let Some(before) = self.before.take() {
            self.progress = before;
            self.phase = Phase::Header;
        }
        self.rewind();
    }

    /// Whether the footer was read: nothing is missing, nothing may follow.
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::Complete)
    }

    /// To be asked when no more bytes will come.
    pub fn finish(&self) -> Result<(), BundleError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.is_complete() => Ok(()),
            None if self.is_untouched() => Err(BundleError::NotABundle("it is empty")),
            None => Err(BundleError::Truncated {
                at: self.progress.position,
            }),
        }
    }

    fn is_untouched(&self) -> bool {
        self.position() == 0 && self.buffer.is_empty() && matches!(self.phase, Phase::Header)
    }

    fn advance(&mut self) -> Result<Option<Member>, BundleError> {
        loop {
            match &self.phase {
                Phase::Header => match self.header()? {
                    Some(phase) => self.phase = phase,
                    None => return Ok(None),
                },
                Phase::Content(_) => return self.content(),
                Phase::Footer(end_bytes) => {
                    let end_bytes = *end_bytes;
                    if !self.footer(end_bytes)? {
                        return Ok(None);
                    }
                }
                Phase::Complete if self.buffer.is_empty() => return Ok(None),
                Phase::Complete => return Err(self.damaged("something follows its footer")),
            }
        }
    }

    fn damaged(&self, why: &'static str) -> BundleError {
        match self.progress.position {
            0 => BundleError::NotABundle(why),
            at => BundleError::Damaged { at, why },
        }
    }

    /// Steps 1 to 3.
    fn header(&mut self) -> Result<Option<Phase>, BundleError> {
        let (head, known) = self.buffer.peek::<LONG_HEAD_BYTES>();
        // As soon as one byte is wrong: a web page may be shorter than a head.
        let alike = head
            .iter()
            .zip(HEADER_START)
            .take(known)
            .all(|(a, b)| *a == b);
        if !alike {
            return Err(self.damaged("a header member should begin here and does not"));
        }
        if known < LONG_HEAD_BYTES {
            return Ok(None);
        }
        let lengths = gzip::lengths(&head).ok_or(self.damaged("a header member has no lengths"))?;
        self.check_lengths(lengths)?;
        let Some(member) = self.buffer.take(lengths.header as usize) else {
            return Ok(None);
        };
        let blocks =
            header_blocks(&member).ok_or(self.damaged("a header member cannot be unpacked"))?;
        match lengths.content {
            0 => self.end(&blocks, lengths).map(Some),
            _ => self.entry(&blocks, lengths).map(Some),
        }
    }

    /// Anything but the table of contents is at most a member with all of it stored.
    fn check_lengths(&self, lengths: Lengths) -> Result<(), BundleError> {
        if u64::from(lengths.header) > MOST_HEADER_BYTES {
            return Err(BundleError::TooLarge {
                what: "a header member",
                claimed: lengths.header.into(),
                most: MOST_HEADER_BYTES,
            });
        }
        let most = most_packed_bytes(LIMITS.member_bytes.max(self.progress.expected.length()));
        match u64::from(lengths.content) > most {
            true => Err(too_large(lengths.content.into(), most)),
            false => Ok(()),
        }
    }

    fn end(&self, blocks: &[u8], lengths: Lengths) -> Result<Phase, BundleError> {
        if self.progress.last != Some(MemberName::Contents) {
            return Err(self.damaged("it ends without a table of contents"));
        }
        if blocks != tar::end(self.progress.unfilled) {
            return Err(self.damaged("the end of the archive is not of zeros"));
        }
        Ok(Phase::Footer(lengths.header.into()))
    }

    fn entry(&self, blocks: &[u8], lengths: Lengths) -> Result<Phase, BundleError> {
        let entry = tar::read(blocks, self.progress.position)?;
        let filled = self.progress.unfilled % tar::BLOCK as u64 + blocks.len() as u64;
        if !filled.is_multiple_of(tar::BLOCK as u64) {
            return Err(self.damaged("the previous content is not filled up to a tar block"));
        }
        let name = MemberName::parse(&entry.path)?;
        self.check_order(&name)?;
        self.check_length(&name, entry.length)?;
        if u64::from(lengths.content) > most_packed_bytes(entry.length) {
            return Err(self.damaged("a content is packed to more than its length"));
        }
        Ok(Phase::Content(Coming {
            name,
            length: entry.length,
            header_bytes: lengths.header.into(),
            packed_bytes: lengths.content,
        }))
    }

    fn check_order(&self, name: &MemberName) -> Result<(), BundleError> {
        match &self.progress.last {
            None if *name != MemberName::About => {
                Err(self.damaged("its first entry does not say what it carries"))
            }
            Some(last) if name <= last => {
                Err(self.damaged("a member stands twice or in the wrong order"))
            }
            _ if *name != MemberName::Contents && self.progress.members >= LIMITS.members => {
                Err(BundleError::TooLarge {
                    what: "a number of members",
                    claimed: self.progress.members as u64 + 1,
                    most: LIMITS.members as u64,
                })
            }
            _ => Ok(()),
        }
    }

    fn check_length(&self, name: &MemberName, length: u64) -> Result<(), BundleError> {
        let expected = self.progress.expected.length();
        match name {
            MemberName::Contents if length != expected => {
                Err(self.damaged("the table of contents has the wrong length"))
            }
            MemberName::Contents if length > TABLE_BYTES => Err(too_large(length, TABLE_BYTES)),
            MemberName::Contents => Ok(()),
            _ if length > name.most_bytes() => Err(too_large(length, name.most_bytes())),
            _ => Ok(()),
        }
    }

    /// Step 4.
    fn content(&mut self) -> Result<Option<Member>, BundleError> {
        let Phase::Content(coming) = &self.phase else {
            return Ok(None);
        };
        let Some(packed) = self.buffer.take(coming.packed_bytes as usize) else {
            return Ok(None);
        };
        if !is_plausible(&packed, coming.length) {
            return Err(self.damaged("a content does not fit its header"));
        }
        if coming.name == MemberName::Contents {
            self.progress
                .expected
                .check(&packed)
                .map_err(|why| self.damaged(why))?;
        }
        let member = Member {
            name: coming.name.clone(),
            length: coming.length,
            offset: self.progress.position + coming.header_bytes,
            packed,
        };
        let behind = self.progress.behind(&member);
        self.before = Some(std::mem::replace(&mut self.progress, behind));
        self.phase = Phase::Header;
        Ok(Some(member))
    }

    /// Step 5.
    fn footer(&mut self, end_bytes: u64) -> Result<bool, BundleError> {
        let Some(footer) = self.buffer.take(FOOTER_BYTES) else {
            return Ok(false);
        };
        if footer != gzip::footer(self.progress.last_header)[..] {
            return Err(self.damaged("its footer does not point to its table of contents"));
        }
        self.progress.position += end_bytes + FOOTER_BYTES as u64;
        self.before = None;
        self.phase = Phase::Complete;
        Ok(true)
    }
}

impl Progress {
    fn behind(&self, member: &Member) -> Self {
        let slot = Slot {
            offset: member.offset,
            packed_bytes: member.packed.len() as u64,
            length: member.length,
        };
        let mut expected = self.expected.clone();
        expected.add(&member.name, slot);
        Self {
            position: slot.offset + slot.packed_bytes,
            last: Some(member.name.clone()),
            members: self.members + 1,
            unfilled: member.length,
            expected,
            last_header: self.position,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, Sample};
    use super::super::{Effort, pack};
    use super::*;

    fn scan(bundle: &[u8]) -> Result<Vec<Member>, BundleError> {
        let mut scanner = Scanner::default();
        scanner.push(Bytes::copy_from_slice(bundle));
        let members = drain(&mut scanner)?;
        scanner.finish().map(|()| members)
    }

    fn drain(scanner: &mut Scanner) -> Result<Vec<Member>, BundleError> {
        std::iter::from_fn(|| scanner.next().transpose()).collect()
    }

    fn damaged(bundle: &[u8], expected: &str) {
        match scan(bundle).map(|members| members.len()) {
            Err(BundleError::Damaged { why, .. } | BundleError::NotABundle(why)) => {
                assert_eq!(why, expected);
            }
            other => panic!("{other:?} where it should be: {expected}"),
        }
    }

    #[test]
    fn every_member_comes_out_as_it_went_in() {
        let sample = Sample::default();
        let bundle = sample.write();
        let members = scan(&bundle).expect("it is sound");
        let names: Vec<String> = members.iter().map(|m| m.name.to_string()).collect();
        assert_eq!(
            names.first().map(String::as_str),
            Some(".colport/bundle.json")
        );
        assert_eq!(
            names.last().map(String::as_str),
            Some(".colport/contents.jsonl")
        );
        let contents: Vec<Vec<u8>> = members
            .iter()
            .map(|m| m.content().expect("it is sound"))
            .collect();
        assert_eq!(contents[0], sample.about.to_json());
        assert_eq!(contents[1], sample.metadata[0].1);
        let files: Vec<&Vec<u8>> = sample.files.iter().map(|(_, content)| content).collect();
        let found: Vec<&Vec<u8>> = contents[1 + sample.metadata.len()..contents.len() - 1]
            .iter()
            .collect();
        assert_eq!(found, files);
        for member in &members {
            let place = usize::try_from(member.offset).expect("small");
            assert!(bundle[place..].starts_with(&member.packed));
        }
    }

    #[test]
    fn a_bundle_in_one_piece_is_not_copied() {
        let bundle = Bytes::from(Sample::default().write());
        let mut scanner = Scanner::default();
        scanner.push(bundle.clone());
        for member in drain(&mut scanner).expect("it is sound") {
            let place = usize::try_from(member.offset).expect("small");
            assert_eq!(member.packed.as_ptr(), bundle[place..].as_ptr());
        }
    }

    #[test]
    fn a_truncated_bundle_is_never_complete() {
        let bundle = Sample::small().write();
        for length in 0..bundle.len() {
            match scan(&bundle[..length]).map(|members| members.len()) {
                Err(BundleError::Truncated { at }) => assert!(at <= length as u64),
                Err(BundleError::NotABundle("it is empty")) => assert_eq!(length, 0),
                other => panic!("{length}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_download_goes_on_from_another_mirror() {
        let bundle = Bytes::from(Sample::default().write());
        let all = scan(&bundle).expect("it is sound").len();
        for broken in (0..bundle.len()).step_by(97) {
            let mut scanner = Scanner::default();
            scanner.push(bundle.slice(..broken));
            let mut found = drain(&mut scanner).expect("it is sound so far").len();
            // The mirror goes on with rubbish, which must leave no trace.
            scanner.push(Bytes::from_static(&[7; 5000]));
            while let Ok(Some(member)) = scanner.next() {
                found += usize::from(member.content().is_ok());
                if member.content().is_err() {
                    scanner.reject();
                    break;
                }
            }
            scanner.rewind();
            let place = usize::try_from(scanner.position()).expect("small");
            scanner.push(bundle.slice(place..));
            found += drain(&mut scanner).expect("the rest is sound").len();
            assert_eq!((found, scanner.is_complete()), (all, true), "{broken}");
            assert_eq!(scanner.position(), bundle.len() as u64);
        }
    }

    #[test]
    fn a_rejected_member_comes_again() {
        let bundle = Bytes::from(Sample::default().write());
        let mut scanner = Scanner::default();
        scanner.push(bundle.clone());
        scanner.next().expect("sound").expect("the first");
        let place = scanner.position();
        let second = scanner.next().expect("sound").expect("the second");
        scanner.reject();
        assert_eq!(scanner.position(), place);
        assert_eq!(
            scanner.next().expect("nothing is left").map(|m| m.name),
            None
        );
        scanner.push(bundle.slice(usize::try_from(place).expect("small")..));
        let again = scanner.next().expect("sound").expect("the second");
        assert_eq!((again.name, again.offset), (second.name, second.offset));
    }

    #[test]
    fn an_error_stays_until_the_scanner_is_rewound() {
        let mut scanner = Scanner::default();
        scanner.push(Bytes::from_static(b"<!doctype html>"));
        let first = scanner.next().map(|_| ());
        assert!(matches!(first, Err(BundleError::NotABundle(_))));
        scanner.push(Bytes::from(Sample::small().write()));
        assert_eq!(scanner.next().map(|_| ()), first);
        scanner.rewind();
        scanner.push(Bytes::from(Sample::small().write()));
        assert!(drain(&mut scanner).is_ok() && scanner.is_complete());
    }

    #[test]
    fn what_follows_the_footer_is_refused() {
        let mut bundle = Sample::small().write();
        bundle.push(0);
        damaged(&bundle, "something follows its footer");
    }

    #[test]
    fn a_web_page_or_another_archive_is_no_bundle() {
        for bytes in [
            b"<!doctype html>".to_vec(),
            pack(b"hello", Effort::Quick),
            sample::raw(&[("index.html", b"x")]),
        ] {
            let refused = scan(&bytes).map(|members| members.len());
            assert!(
                matches!(refused, Err(BundleError::NotABundle(_))),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn members_in_the_wrong_order_are_refused() {
        let about = sample::about();
        let wrong = "a member stands twice or in the wrong order";
        let first = (".colport/bundle.json", about.as_slice());
        damaged(&sample::raw(&[first, ("b", b""), ("a", b"")]), wrong);
        damaged(&sample::raw(&[first, ("a", b""), ("a", b"")]), wrong);
        damaged(&sample::raw(&[first, first]), wrong);
        damaged(
            &sample::raw(&[first, ("a", b""), (".colport/metadata/1.root.json", b"")]),
            wrong,
        );
        damaged(
            &sample::raw(&[first, ("a", b"")]),
            "it ends without a table of contents",
        );
    }

    #[test]
    fn a_path_that_leads_out_of_the_site_is_forbidden() {
        let about = sample::about();
        for path in ["../x", "/etc/passwd", "a/../b", ".colport/x", "a\\b"] {
            let bundle = sample::raw(&[
                (".colport/bundle.json", about.as_slice()),
                (path, b"x".as_slice()),
            ]);
            let refused = scan(&bundle).map(|members| members.len());
            assert!(
                matches!(refused, Err(BundleError::Forbidden { .. })),
                "{path}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_table_of_contents_of_another_bundle_is_refused() {
        let about = sample::about();
        let first = (".colport/bundle.json", about.as_slice());
        let bundle = sample::raw(&[first, (".colport/contents.jsonl", b"{}\n")]);
        damaged(&bundle, "the table of contents has the wrong length");
        let honest = Sample::small();
        let table = honest.table();
        let forged = String::from_utf8(table)
            .expect("JSON")
            .replace("\"a", "\"b");
        let mut members = honest.raw_members();
        members.pop();
        members.push((".colport/contents.jsonl".into(), forged.into_bytes()));
        damaged(
            &sample::raw(&members),
            "the table of contents is not of these members",
        );
    }

    #[test]
    fn a_large_member_is_refused_from_its_header() {
        let claim = LIMITS.member_bytes + 1;
        let bundle = Sample::small().write();
        let about_ends = sample::end_of_first(&bundle);
        let mut start = bundle[..about_ends].to_vec();
        start.extend(sample::header_after_about("big", claim, 1000));
        assert_eq!(
            scan(&start).map(|members| members.len()),
            Err(too_large(claim, LIMITS.member_bytes))
        );
        start.truncate(about_ends);
        start.extend(sample::header_after_about("big", 5, u32::MAX));
        // Also when nothing behind the head has come yet.
        start.truncate(about_ends + LONG_HEAD_BYTES);
        assert!(matches!(scan(&start), Err(BundleError::TooLarge { .. })));
    }

    #[test]
    fn a_header_member_that_inflates_to_more_than_headers_is_refused() {
        let bundle = Sample::small().write();
        let mut start = bundle[..sample::end_of_first(&bundle)].to_vec();
        start.extend(sample::header_of(&vec![0; 1 << 20], 100));
        damaged(&start, "a header member cannot be unpacked");
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let bundle = Sample::small().write();
        // Lengths of the first header member and of its content.
        for place in [16, 17, 18, 19, 20, 21, 22, 23] {
            for bit in 0..8 {
                let mut forged = bundle.clone();
                forged[place] ^= 1 << bit;
                assert!(scan(&forged).is_err(), "{place} {bit}");
            }
        }
    }
}
