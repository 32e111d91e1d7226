//! Records of WARC files (ISO 28500, version 1.0 and 1.1), one at a time, and the HTTP answer in them.
//!
//! ```text
//! WARC/1.1 CRLF  field lines  CRLF  block of Content-Length bytes  CRLF CRLF
//! ```
//!
//! The block of a `response` is an HTTP answer as it went over the wire: status line, field lines, and a body that may be
//! chunked and packed. That of a `resource` is the thing itself.
//!
//! What a length or a field claims is never believed for more than there are bytes, nor held beyond a ceiling. Nor is more
//! unpacked than there is room for, even if nothing of it is kept: that takes time.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::base::LIMITS;
use crate::packager::source::unpacked::{read_whole, unzstd};

/// The field lines of a record or of an answer.
#[derive(Debug, Default)]
pub(super) struct Head {
    first: String,
    fields: Vec<(String, String)>,
    /// Of all its lines.
    bytes: u64,
}

impl Head {
    /// Reads up to and with the empty line. `None` at the end of the bytes.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut lines = from.take(LIMITS.record_head_bytes);
        let mut head = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line)?;
            head.bytes += line.len() as u64;
            if !line.ends_with(b"\n") {
                return match (line.is_empty(), head.first.is_empty()) {
                    (true, true) => Ok(None),
                    _ => Err(broken("it breaks off, or its head is too long")),
                };
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if text.is_empty() && !head.first.is_empty() {
                return Ok(Some(head));
            }
            head.take(text);
        }
    }

    /// Empty lines before the first are what is left of the record before.
    fn take(&mut self, line: &str) {
        if self.first.is_empty() {
            line.clone_into(&mut self.first);
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            self.fields.push((name, value.trim().to_owned()));
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    fn length(&self) -> io::Result<u64> {
        let length = self.field("content-length").and_then(|n| n.parse().ok());
        length.ok_or_else(|| broken("it has no length"))
    }

    /// `HTTP/1.1 200 OK`
    fn status(&self) -> Option<u16> {
        self.first.split(' ').nth(1)?.parse().ok()
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::other(why)
}

/// A record whose body is still to be read.
pub(super) struct Record<R> {
    pub head: Head,
    /// Of a `response`.
    answer: Option<Head>,
    block: io::Take<R>,
}

impl<R: BufRead> Record<R> {
    /// `None` where nothing follows.
    pub(super) fn read(mut from: R) -> io::Result<Option<Self>> {
        let Some(head) = Head::read(&mut from)? else {
            return Ok(None);
        };
        if !head.first.starts_with("WARC/") {
            return Err(broken("no record begins there"));
        }
        let mut block = from.take(head.length()?);
        let is_http = head
            .field("content-type")
            .is_some_and(|kind| kind.starts_with("application/http"));
        let answer = match head.field("warc-type") {
            Some("response") if is_http => Head::read(&mut block)?,
            _ => None,
        };
        Ok(Some(Self {
            head,
            answer,
            block,
        }))
    }

    /// The address that was asked for. WARC 1.0 writes it in angle brackets now and then.
    pub(super) fn target(&self) -> Option<&str> {
        let target = self.head.field("warc-target-uri")?;
        Some(target.trim_start_matches('<').trim_end_matches('>'))
    }

    /// What a server sent without complaint.
    pub(super) fn is_content(&self) -> bool {
        match self.head.field("warc-type") {
            Some("response") => self.answer.as_ref().and_then(Head::status) == Some(200),
            Some("resource") => true,
            _ => false,
        }
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        match &self.answer {
            Some(answer) => answer.field("content-type"),
            None => self.head.field("content-type"),
        }
    }

    /// What was read of it so far.
    fn head_bytes(&self) -> u64 {
        self.head.bytes + self.answer.as_ref().map_or(0, |answer| answer.bytes)
    }

    /// The body, unpacked: at most `max_bytes` of it.
    pub(super) fn body(self, max_bytes: u64) -> io::Result<Vec<u8>> {
        let coding = |name: &str| {
            let answer = self.answer.as_ref();
            let coding = answer.and_then(|answer| answer.field(name));
            coding.unwrap_or_default().to_ascii_lowercase()
        };
        let is_page = self.content_type().is_none_or(|kind| kind.contains("html"));
        let (transfer, content) = (coding("transfer-encoding"), coding("content-encoding"));
        let declared = self.block.limit();
        // Twice, since what is packed is seldom larger than what it holds.
        let mut raw = Vec::new();
        let mut block = self.block.take(max_bytes * 2);
        block.read_to_end(&mut raw)?;
        if (raw.len() as u64) < declared.min(max_bytes * 2) {
            return Err(broken("it breaks off"));
        }
        if transfer == "chunked" {
            // Some crawlers store the body joined, and leave the field.
            raw = joined(&raw).unwrap_or(raw);
        }
        match content.as_str() {
            "gzip" | "x-gzip" if raw.starts_with(&[0x1f, 0x8b]) => {
                read_whole(MultiGzDecoder::new(&raw[..]), max_bytes)
            }
            "zstd" if raw.starts_with(&ZSTD) => unzstd(&raw, max_bytes),
            "br" if is_page && !is_text(&raw) => Err(broken(
                "it is packed with `br`, which colport cannot unpack",
            )),
            "deflate" => read_whole(ZlibDecoder::new(&raw[..]), max_bytes)
                .or_else(|_| read_whole(flate2::read::DeflateDecoder::new(&raw[..]), max_bytes)),
            // Others decode the body and leave that field, too; what is really packed with it is no text.
            _ => read_whole(&raw[..], max_bytes),
        }
    }

    /// Reads past the block, if there is room for it.
    fn skip(mut self, room: &mut u64) -> io::Result<R> {
        let length = self.block.limit();
        if length > *room {
            return Err(broken(TOO_LARGE));
        }
        let skipped = io::copy(&mut self.block, &mut io::sink());
        let missing = self.block.limit();
        // What is broken took its time too.
        *room -= length - missing;
        match skipped.is_ok() && missing == 0 {
            true => Ok(self.block.into_inner()),
            false => Err(broken("it breaks off")),
        }
    }
}

/// What is packed has control characters, and no page has.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !byte.is_ascii_whitespace() && *byte != 0x1b;
    !bytes.iter().take(2000).any(is_control)
}

/// A chunked body without its seams (RFC 9112 section 7.1); `None` if it is not chunked.
fn joined(raw: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = rest.iter().take(100).position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = line.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = rest.get(end + 1..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?;
        rest = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n"))?;
    }
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

const TOO_LARGE: &str = "it is too large, or goes round in circles";

/// How the records of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    /// A gzip member for each record, so that each can be read by its place.
    Members,
    /// One stream, to be unpacked before anything can be found in it.
    Stream,
}

/// Refused if it holds no record at its beginning. `room`: how many bytes may still be unpacked.
pub(super) fn packing(file: &[u8], room: &mut u64) -> io::Result<Packing> {
    if !file.starts_with(&GZIP) {
        let first = Record::read(file)?;
        return first
            .map(|_| Packing::Plain)
            .ok_or_else(|| broken("it is empty"));
    }
    let member = BufReader::new(GzDecoder::new(file));
    let first = Record::read(member)?.ok_or_else(|| broken("it is empty"))?;
    let mut rest = first.skip(room)?;
    match Head::read(&mut rest) {
        Ok(None) => Ok(Packing::Members),
        _ if is_blank_to_end(&mut rest) => Ok(Packing::Members),
        _ => Ok(Packing::Stream),
    }
}

fn is_blank_to_end(rest: &mut impl BufRead) -> bool {
    rest.fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// The record that begins at this byte.
pub(super) fn at(file: &[u8], offset: u64) -> io::Result<Record<Box<dyn BufRead + '_>>> {
    let start = usize::try_from(offset).ok().and_then(|at| file.get(at..));
    let start = start.ok_or_else(|| broken("it lies behind the end"))?;
    let from: Box<dyn BufRead> = match start.starts_with(&GZIP) {
        true => Box::new(BufReader::new(GzDecoder::new(start))),
        false => Box::new(start),
    };
    Record::read(from)?.ok_or_else(|| broken("it lies behind the end"))
}

/// Shows every record with its place, in order. What was seen before a break counts; the break is the error. `room`: how
/// many bytes may still be gone through, unpacked.
pub(super) fn walk(
    file: &[u8],
    room: &mut u64,
    mut each: impl FnMut(u64, &Record<&mut dyn BufRead>),
) -> io::Result<()> {
    let mut rest = file;
    for _ in 0..LIMITS.records {
        let offset = (file.len() - rest.len()) as u64;
        let before = rest.len();
        if rest.starts_with(&GZIP) {
            let mut member = BufReader::new(GzDecoder::new(rest));
            one(&mut member, offset, room, &mut each)?;
            // To the end of the member, or its checksum would be taken for the next.
            let mut tail = (&mut member).take(*room);
            let ended = io::copy(&mut tail, &mut io::sink());
            *room = tail.limit();
            ended?;
            rest = member.into_inner().into_inner();
        } else {
            let mut plain = rest;
            if !one(&mut plain, offset, room, &mut each)? {
                return Ok(());
            }
            rest = plain;
        }
        if rest.is_empty() {
            return Ok(());
        }
        if rest.len() == before || *room == 0 {
            return Err(broken(TOO_LARGE));
        }
    }
    Err(broken("it has too many records"))
}

/// `false` where nothing follows.
fn one(
    from: &mut dyn BufRead,
    offset: u64,
    room: &mut u64,
    each: &mut impl FnMut(u64, &Record<&mut dyn BufRead>),
) -> io::Result<bool> {
    let Some(record) = Record::read(from)? else {
        return Ok(false);
    };
    each(offset, &record);
    *room = room.saturating_sub(record.head_bytes());
    record.skip(room)?;
    Ok(true)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::packager::source::unpacked::tests::gzip;

    pub(in super::super) fn record(kind: &str, url: &str, block: &[u8]) -> Vec<u8> {
        let content = match kind {
            "response" => "application/http; msgtype=response",
            _ => "image/jpeg",
        };
        let length = block.len();
        let head = format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n\
             Content-Type: {content}\r\nContent-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), block, b"\r\n\r\n"].concat()
    }

    pub(in super::super) fn answer(status: u16, fields: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
        [head.as_bytes(), body].concat()
    }

    fn room() -> u64 {
        LIMITS.unpacked_crawl_bytes
    }

    fn body_of(fields: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let file = record("response", "https://n.example/", &answer(200, fields, body));
        at(&file, 0)?.body(1000)
    }

    #[test]
    fn a_body_is_joined_and_unpacked() {
        let html = "Content-Type: text/html\r\n";
        assert_eq!(body_of(html, b"page").unwrap(), b"page");
        let chunked = format!("{html}Transfer-Encoding: chunked\r\n");
        let chunks = b"2\r\npa\r\n2;x=1\r\nge\r\n0\r\n\r\n";
        assert_eq!(body_of(&chunked, chunks).unwrap(), b"page");
        assert_eq!(
            body_of(&chunked, b"joined already").unwrap(),
            b"joined already"
        );
        let packed = format!("{html}Content-Encoding: gzip\r\n");
        assert_eq!(body_of(&packed, &gzip(b"page")).unwrap(), b"page");
        assert_eq!(
            body_of(&packed, b"unpacked already").unwrap(),
            b"unpacked already"
        );
        assert!(body_of(&packed, &gzip(&[b'a'; 1001])).is_err(), "a bomb");
        assert!(body_of(html, &[b'a'; 1001]).is_err(), "too long");
    }

    #[test]
    fn a_body_packed_with_zstd_is_unpacked_and_what_cannot_be_is_named() {
        let html = "Content-Type: text/html\r\n";
        let packed = format!("{html}Content-Encoding: zstd\r\n");
        let zstd = |bytes: &[u8]| {
            let mut zstd = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
            zstd_safe::compress(&mut zstd, bytes, 3).unwrap();
            zstd
        };
        assert_eq!(body_of(&packed, &zstd(b"page")).unwrap(), b"page");
        let two = [zstd(b"pa"), zstd(b"ge")].concat();
        assert_eq!(body_of(&packed, &two).unwrap(), b"page");
        assert_eq!(body_of(&packed, b"unpacked").unwrap(), b"unpacked");
        assert_eq!(body_of(&packed, &zstd(&[b'a'; 1000])).unwrap().len(), 1000);
        assert!(body_of(&packed, &zstd(&[b'a'; 1001])).is_err(), "a bomb");
        assert!(body_of(&packed, &zstd(b"page")[..8]).is_err(), "broken");
        let packed = format!("{html}Content-Encoding: br\r\n");
        assert_eq!(body_of(&packed, b"unpacked").unwrap(), b"unpacked");
        let why = body_of(&packed, b"\x0b\x01\x80page\x03").unwrap_err();
        assert!(why.to_string().contains("packed with `br`"), "{why}");
    }

    #[test]
    fn a_lie_about_the_length_is_seen_through() {
        let file = record("response", "https://n.example/", &answer(200, "", b"page"));
        let text = String::from_utf8(file.clone()).unwrap();
        for length in [
            "99999999999999999999",
            "18446744073709551615",
            "5000",
            "-1",
            "",
        ] {
            let field = text.lines().find(|line| line.starts_with("Content-Length"));
            let lie = text.replace(field.unwrap(), &format!("Content-Length: {length}\r"));
            let read = at(lie.as_bytes(), 0).and_then(|record| record.body(100));
            assert!(read.is_err(), "{length}");
            let walked = walk(lie.as_bytes(), &mut room(), |_, _| {});
            assert!(walked.is_err(), "{length}");
        }
        assert!(at(&file, 1 << 60).is_err());
    }

    fn places(file: &[u8]) -> (Vec<u64>, bool) {
        let mut places = Vec::new();
        let whole = walk(file, &mut room(), |offset, _| places.push(offset));
        (places, whole.is_ok())
    }

    #[test]
    fn records_are_found_by_their_place_in_every_packing() {
        let one = record("response", "https://n.example/1", &answer(200, "", b"one"));
        let two = record("resource", "https://n.example/2", b"two");
        let plain = [one.clone(), two.clone()].concat();
        let members = [gzip(&one), gzip(&two)].concat();
        let stream = gzip(&plain);
        for (file, kind) in [(&plain, Packing::Plain), (&members, Packing::Members)] {
            assert_eq!(packing(file, &mut room()).unwrap(), kind);
            let (places, is_whole) = places(file);
            assert!(is_whole);
            assert_eq!(places.len(), 2);
            let second = at(file, places[1]).unwrap();
            assert_eq!(second.target(), Some("https://n.example/2"));
            assert_eq!(second.body(9).unwrap(), b"two");
        }
        assert_eq!(packing(&stream, &mut room()).unwrap(), Packing::Stream);
        for file in [&b"<html>"[..], b"", &gzip(b"text")] {
            assert!(packing(file, &mut room()).is_err());
        }
        // What stands before a break counts.
        for file in [&plain, &members] {
            let (places, is_whole) = places(&file[..file.len() - 20]);
            assert!(!is_whole);
            assert!(!places.is_empty());
        }
    }

    #[test]
    fn no_more_is_unpacked_than_there_is_room_for() {
        let large = record("resource", "https://n.example/1", &[0; 100_000]);
        let file = gzip(&large);
        let mut room = 250_000;
        for left in [150_000, 50_000] {
            assert!(packing(&file, &mut room).is_ok());
            assert_eq!(room, left);
        }
        assert!(packing(&file, &mut room).is_err());
        let walked = walk(&file, &mut room, |_, _| {}).unwrap_err();
        assert!(walked.to_string().contains("too large"), "{walked}");
        // What stands behind the record, or breaks off, took as long.
        let small = record("resource", "https://n.example/1", b"x");
        for file in [
            &gzip(&[&small[..], &large].concat()),
            &file[..file.len() - 20],
        ] {
            let mut room = 150_000;
            let _ = walk(file, &mut room, |_, _| {});
            assert!(room < 120_000, "{room}");
        }
    }

    #[test]
    fn a_head_without_end_is_refused() {
        let file = [&b"WARC/1.0\r\n"[..], &b"X: y\r\n".repeat(1 << 16)].concat();
        assert!(at(&file, 0).is_err());
        assert!(walk(&[b'a'; 1 << 20], &mut room(), |_, _| {}).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes: Vec<u8>,
            fields in "((Content-Length|Transfer-Encoding|Content-Encoding|WARC-Type|Content-Type): (-?[0-9]{0,20}|chunked|gzip|deflate|response|application/http)\r\n){0,8}",
        ) {
            let file = [format!("WARC/1.0\r\n{fields}\r\n").as_bytes(), &bytes].concat();
            for file in [&bytes, &file, &gzip(&file)] {
                let _ = packing(file, &mut room());
                let _ = walk(file, &mut room(), |_, _| {});
                let _ = at(file, 0).and_then(|record| record.body(1000));
            }
            let _ = joined(&bytes);
        }
    }
}
