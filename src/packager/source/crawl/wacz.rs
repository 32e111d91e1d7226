//! WACZ 1.1 (specs.webrecorder.net): a zip with WARC files in `archive/`, an index of their records in `indexes/`, and a
//! list of the pages in `pages/`.
//!
//! Names in the zip are only compared, never used as paths. What the index says of a record is checked against the
//! record when it is read.

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use serde::Deserialize;
use zip::read::ZipArchive;

use crate::base::{LIMITS, Timestamp};
use crate::packager::source::unpacked::{read_whole, unpacked};

pub(super) struct Wacz {
    /// For all indexes and lists of pages that are still to be read, in bytes.
    room: u64,
    /// Of all WARC files that lie in it as they are.
    stored: usize,
    bytes: Bytes,
    zip: ZipArchive<Cursor<Bytes>>,
}

/// A member of the zip.
pub(super) enum Member {
    /// It lies in the file as it is.
    Stored(Bytes),
    /// It is packed once more.
    Packed { index: usize },
}

/// A record, as a line of the index (CDXJ) tells it.
#[derive(Debug)]
pub(super) struct Indexed {
    pub at: Option<Timestamp>,
    pub told: IndexedAt,
}

#[derive(Debug, Deserialize)]
pub(super) struct IndexedAt {
    pub url: String,
    #[serde(default)]
    pub mime: String,
    pub status: Option<Number>,
    pub offset: Number,
    pub filename: String,
}

/// Written as a number by some, as text by others.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Number(u64),
    Text(String),
}

impl Number {
    pub(super) fn value(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl Wacz {
    pub(super) fn open(bytes: Bytes) -> io::Result<Self> {
        let zip = ZipArchive::new(Cursor::new(bytes.clone())).map_err(io::Error::other)?;
        Ok(Self {
            room: LIMITS.crawl_lists_bytes,
            stored: 0,
            bytes,
            zip,
        })
    }

    /// The names of members in this folder, without it, in their order.
    fn names(&self, folder: &str) -> Vec<String> {
        let names = self.zip.file_names().filter_map(Result::ok);
        let names = names.filter_map(|name| Some(name.strip_prefix(folder)?.to_owned()));
        names.filter(|name| !name.is_empty()).collect()
    }

    pub(super) fn warcs(&self) -> Vec<String> {
        let mut names = self.names("archive/");
        names.retain(|name| name.ends_with(".warc") || name.ends_with(".warc.gz"));
        names
    }

    pub(super) fn warc(&mut self, name: &str) -> io::Result<Member> {
        let index = self.zip.index_for_name(&format!("archive/{name}"));
        let index = index.ok_or_else(|| io::Error::other("it is not in the zip"))?;
        let member = self.zip.by_index_raw(index).map_err(io::Error::other)?;
        if member.compression() != zip::CompressionMethod::Stored || member.encrypted() {
            return Ok(Member::Packed { index });
        }
        let start = member.data_start().and_then(|at| usize::try_from(at).ok());
        let length = usize::try_from(member.compressed_size()).ok();
        let end = start.and_then(|start| start.checked_add(length?));
        let lying = start
            .zip(end)
            .and_then(|(start, end)| self.bytes.get(start..end));
        let lying = lying.ok_or_else(|| io::Error::other("it claims to be longer than the zip"))?;
        self.stored = self.stored.saturating_add(lying.len());
        match self.stored > self.bytes.len() {
            true => Err(io::Error::other("its files lie over one another")),
            false => Ok(Member::Stored(self.bytes.slice_ref(lying))),
        }
    }

    /// Unpacks a packed member to `out`, up to a ceiling.
    pub(super) fn unpack(
        &mut self,
        index: usize,
        max_bytes: u64,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        let member = self.zip.by_index(index).map_err(io::Error::other)?;
        match io::copy(&mut member.take(max_bytes + 1), out)? > max_bytes {
            true => Err(io::Error::other("it unpacks to too much")),
            false => Ok(()),
        }
    }

    fn member(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let member = self.zip.by_name(name).map_err(io::Error::other)?;
        let most = LIMITS.listing_bytes.min(self.room);
        let packed = read_whole(member, most)?;
        let text = unpacked(&packed, most)?;
        self.room -= text.len() as u64;
        Ok(text)
    }

    /// What the index says; nothing if there is none, or one of its files cannot be read.
    pub(super) fn index(&mut self) -> Vec<Indexed> {
        let names = self.names("indexes/");
        let is_index = |name: &&String| {
            let name = name.trim_end_matches(".gz");
            name.ends_with(".cdx") || name.ends_with(".cdxj")
        };
        let mut all = Vec::new();
        for name in names.iter().filter(is_index) {
            let Ok(text) = self.member(&format!("indexes/{name}")) else {
                return Vec::new();
            };
            let lines = text.split(|byte| *byte == b'\n').filter_map(indexed);
            all.extend(lines.take(LIMITS.records.saturating_sub(all.len())));
        }
        all
    }

    /// The addresses of pages, as against what belongs to pages; nothing if no list says.
    pub(super) fn pages(&mut self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Listed {
            url: String,
        }
        let names = self.names("pages/");
        let is_list = |name: &&String| name.ends_with(".jsonl");
        let mut all = Vec::new();
        for name in names.iter().filter(is_list) {
            let text = self.member(&format!("pages/{name}")).unwrap_or_default();
            let lines = text.split(|byte| *byte == b'\n');
            let listed = lines.filter_map(|line| serde_json::from_slice::<Listed>(line).ok());
            let listed = listed.map(|listed| listed.url);
            let listed = listed.filter(|url| url.len() <= LIMITS.address_bytes);
            all.extend(listed.take(LIMITS.offers));
        }
        all
    }
}

/// `com,example)/path 20261120100000 {"url": …}`
fn indexed(line: &[u8]) -> Option<Indexed> {
    if line.len() > 4 * LIMITS.address_bytes {
        return None;
    }
    let line = std::str::from_utf8(line).ok()?;
    let (head, told) = line.split_at(line.find('{')?);
    let digits = head.split_ascii_whitespace().nth(1)?;
    Some(Indexed {
        at: moment(digits),
        told: serde_json::from_str(told).ok()?,
    })
}

/// `20261120100000`, in UTC.
fn moment(digits: &str) -> Option<Timestamp> {
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits.get(..14)?).ok()?;
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_of_the_index_is_read() {
        let line = br#"example,n)/1 20261120100000 {"url":"https://n.example/1","mime":"text/html","status":"200","offset":"12","length":7,"filename":"a.warc.gz"}"#;
        let read = indexed(line).unwrap();
        assert_eq!(read.at.unwrap().to_string(), "2026-11-20T10:00:00Z");
        assert_eq!(read.told.offset.value(), Some(12));
        assert_eq!(read.told.status.unwrap().value(), Some(200));
        for line in [
            "",
            "{",
            "a b {}",
            "a 2026 {\"url\":1}",
            "!meta 0 {\"format\": \"cdxj-gzip-1.0\"}",
        ] {
            assert!(indexed(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn all_indexes_and_lists_have_one_ceiling() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let line = br#"a 20261120100000 {"url":"https://n.example/1","offset":1,"filename":"a"}"#;
        for name in ["indexes/1.cdx", "indexes/2.cdx"] {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(name, options).unwrap();
            zip.write_all(line).unwrap();
        }
        let bytes = Bytes::from(zip.finish().unwrap().into_inner());
        let read = |room: usize| {
            let mut wacz = Wacz::open(bytes.clone()).unwrap();
            wacz.room = room as u64;
            wacz.index().len()
        };
        assert_eq!(read(2 * line.len()), 2);
        assert_eq!(read(2 * line.len() - 1), 0, "the records are walked over");
        let long = format!(
            r#"a 20261120100000 {{"url":"https://n.example/{}","offset":1,"filename":"a"}}"#,
            "a".repeat(4 * LIMITS.address_bytes)
        );
        assert!(indexed(long.as_bytes()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_or_left(line: Vec<u8>, digits in "[0-9]{0,16}") {
            let _ = indexed(&line);
            let _ = moment(&digits);
        }
    }
}
