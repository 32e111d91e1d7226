//! What a crawler saw: WARC, packed or not, and WACZ. Pages and pictures are read from there, and nothing else is: the site
//! may be gone, and whoever has its name by now would see who asks.
//!
//! 1. The file is mapped and not read: where its records lie is taken from the index of a WACZ, or found by walking over
//!    them once. A stream that allows no reading in the middle is unpacked onto the disk first, into files without a name
//!    beside the cache: crawlers write down what they said too, with cookies.
//! 2. Of each address the newest answer counts. There are ceilings on how many there are, how long each is, and all of
//!    them together. So there are on all that is unpacked of a crawl, however many files it says that it is made of.
//! 3. Offered are the pages that a WACZ lists, or else everything that was called HTML on the site that has the most of
//!    it: what others show in frames is called HTML too.

mod sizes;
mod wacz;
mod warc;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use url::{Host, Url};

use self::sizes::Place;
use self::wacz::{Member, Wacz};
use self::warc::Packing;
use super::pasted::Unpasted;
use super::shelf::{Held, Shelf, ShelfError};
use super::{Offer, Page, SourceError};
use crate::base::{LIMITS, Timestamp};
use crate::io::files;
use crate::io::scratch::Scratch;
use crate::packager::{Drawer, Skipped};

#[derive(Debug)]
struct Crawl {
    warcs: Vec<Bytes>,
    captures: BTreeMap<Place, Capture>,
    /// Of what [`Self::captures`] is spelled with.
    addresses_bytes: usize,
    /// Records that are beyond a ceiling.
    beyond: usize,
    /// On whose disk it is unpacked.
    drawer: Drawer,
    /// Of all that had to be.
    unpacked_bytes: u64,
    /// How many bytes may still be gone through, unpacked, to find its records.
    room: u64,
}

/// So many are looked at of one picture, and so many of them are read.
const LOOKS: usize = 64;
const SIZES: usize = 8;

/// Texts are packed to a tenth of their length, and photos hardly at all.
const PACKED: u64 = 16;

/// Where an answer lies.
#[derive(Debug, Clone)]
struct Capture {
    url: Url,
    at: Option<Timestamp>,
    is_page: bool,
    /// In [`Crawl::warcs`].
    warc: usize,
    offset: u64,
}

impl Shelf for Crawl {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        let place = Place::of(url);
        let Some(capture) = self.captures.get(&place) else {
            return Some(self.other_size(&place).ok_or(ShelfError::NotCrawled));
        };
        let held = self.held(capture);
        Some(held.map_err(|why| ShelfError::Damaged(format!("in the crawl: {why}"))))
    }
}

pub(super) fn offers(
    path: &Path,
    drawer: &Drawer,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Offer>, SourceError> {
    let bytes = files::map(path)?;
    let mut crawl = Crawl::on(drawer.clone(), bytes.len() as u64);
    let listed = match bytes.starts_with(b"PK") {
        true => crawl.take_wacz(bytes, skipped),
        false => crawl.take_warc(bytes, skipped).map(|()| Vec::new()),
    };
    let listed = listed.map_err(|why| SourceError::NotACrawl {
        place: path.display().to_string(),
        why: why.to_string(),
    })?;
    if crawl.beyond > 0 {
        skipped.push(Skipped {
            what: path.display().to_string(),
            why: format!(
                "it holds too much, or its addresses are too long; {} of its records were left out",
                crawl.beyond
            ),
        });
    }
    let mut pages = crawl.listed(&listed);
    if pages.is_empty() {
        let (own, others) = of_one_site(crawl.pages());
        skipped.extend(left_out(path, &own, &others));
        pages = own;
    }
    if pages.is_empty() {
        return Err(SourceError::NoPages(path.display().to_string()));
    }
    let shelf: Arc<dyn Shelf> = Arc::new(Unpasted(crawl));
    Ok(pages.into_iter().map(|page| offer(page, &shelf)).collect())
}

fn offer(page: Capture, shelf: &Arc<dyn Shelf>) -> Offer {
    Offer {
        seen: page.at,
        shelf: Some(Arc::clone(shelf)),
        ..Offer::bare(page.url.to_string(), Page::Held(page.url.into()))
    }
}

/// The pages of the site with the most, or the first of those, and the hosts of all others.
fn of_one_site(pages: Vec<Capture>) -> (Vec<Capture>, BTreeSet<String>) {
    let mut counted: HashMap<&str, usize> = HashMap::new();
    for page in &pages {
        *counted.entry(site(&page.url)).or_default() += 1;
    }
    let sites = pages.iter().rev().map(|page| site(&page.url));
    let most = sites.max_by_key(|site| counted.get(site));
    let most = most.unwrap_or_default().to_owned();
    let (own, others): (Vec<_>, Vec<_>) =
        pages.into_iter().partition(|page| site(&page.url) == most);
    let hosts = others.iter().filter_map(|page| page.url.host_str());
    (own, hosts.map(str::to_owned).collect())
}

/// What was registered of its host's name: all that is below it is of one site.
fn site(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    match url.host() {
        Some(Host::Domain(_)) => psl::domain_str(host.trim_end_matches('.')).unwrap_or(host),
        _ => host,
    }
}

const NAMED_HOSTS: usize = 5;

/// One sentence for all.
fn left_out(path: &Path, own: &[Capture], others: &BTreeSet<String>) -> Option<Skipped> {
    let site = site(&own.first()?.url);
    let named: Vec<&str> = others
        .iter()
        .take(NAMED_HOSTS)
        .map(String::as_str)
        .collect();
    let more = match others.len().saturating_sub(NAMED_HOSTS) {
        0 => String::new(),
        more => format!(" and {more} other hosts"),
    };
    (!named.is_empty()).then(|| Skipped {
        what: path.display().to_string(),
        why: format!(
            "most of its pages are of `{site}`, so those of `{}`{more} were left out, as frames and advertisements are; a \
             WACZ that lists its pages says which are articles",
            named.join("`, `")
        ),
    })
}

impl Crawl {
    /// Of a file of so many bytes.
    fn on(drawer: Drawer, bytes: u64) -> Self {
        Self {
            warcs: Vec::new(),
            captures: BTreeMap::new(),
            addresses_bytes: 0,
            beyond: 0,
            drawer,
            unpacked_bytes: 0,
            room: LIMITS
                .unpacked_crawl_bytes
                .max(bytes.saturating_mul(PACKED)),
        }
    }

    fn take_wacz(&mut self, bytes: Bytes, skipped: &mut Vec<Skipped>) -> io::Result<Vec<String>> {
        let mut wacz = Wacz::open(bytes)?;
        let names = wacz.warcs();
        if names.is_empty() {
            return Err(io::Error::other("there is no WARC in it"));
        }
        let index = wacz.index();
        let mut numbers = HashMap::new();
        for name in names {
            let warc = match wacz.warc(&name)? {
                Member::Stored(bytes) => bytes,
                Member::Packed { index } => {
                    self.on_disk(|out, room| wacz.unpack(index, room, out))?
                }
            };
            // An index speaks of the places in the file as it lies there.
            let is_indexed = || index.iter().any(|one| one.told.filename == name);
            let taken = match warc::packing(&warc, &mut self.room) {
                Ok(Packing::Plain | Packing::Members) if is_indexed() => {
                    numbers.insert(name, self.warcs.len());
                    self.warcs.push(warc);
                    continue;
                }
                packing => packing.and_then(|packing| self.take_packed(warc, packing, skipped)),
            };
            if let Err(why) = taken {
                skipped.push(Skipped {
                    what: format!("archive/{name}"),
                    why: why.to_string(),
                });
            }
        }
        for one in index {
            if let Some(warc) = numbers.get(&one.told.filename) {
                self.take_indexed(&one, *warc);
            }
        }
        Ok(wacz.pages())
    }

    fn take_indexed(&mut self, one: &wacz::Indexed, warc: usize) {
        let is_good = one.told.status.as_ref().and_then(wacz::Number::value) == Some(200);
        let (Some(offset), Ok(url)) = (one.told.offset.value(), Url::parse(&one.told.url)) else {
            return;
        };
        if is_good {
            let kind = Some(one.told.mime.as_str());
            self.note(url, kind, one.at, warc, offset);
        }
    }

    fn take_warc(&mut self, bytes: Bytes, skipped: &mut Vec<Skipped>) -> io::Result<()> {
        let packing = warc::packing(&bytes, &mut self.room)?;
        self.take_packed(bytes, packing, skipped)
    }

    /// Walks over the records. A break leaves what comes before it.
    fn take_packed(
        &mut self,
        bytes: Bytes,
        packing: Packing,
        skipped: &mut Vec<Skipped>,
    ) -> io::Result<()> {
        let bytes = match packing {
            Packing::Stream => self.on_disk(|out, room| unpack_stream(&bytes, room, out))?,
            Packing::Plain | Packing::Members => bytes,
        };
        let number = self.warcs.len();
        self.warcs.push(bytes.clone());
        let (mut last, mut room) = (String::new(), self.room);
        let walked = warc::walk(&bytes, &mut room, |offset, record| {
            let Some(Ok(url)) = record.target().map(Url::parse) else {
                return;
            };
            if record.is_content() {
                let at = record.head.field("warc-date");
                let at = at.and_then(|at| at.parse().ok());
                url.as_str().clone_into(&mut last);
                self.note(url, record.content_type(), at, number, offset);
            } else if record.head.field("warc-type") == Some("revisit") {
                self.note_same(&url, record.head.field("warc-refers-to-target-uri"));
            }
        });
        self.room = room;
        if let Err(why) = walked {
            skipped.push(Skipped {
                what: format!("the crawl behind {last}"),
                why: why.to_string(),
            });
        }
        Ok(())
    }

    // Step 2.
    fn note(
        &mut self,
        url: Url,
        kind: Option<&str>,
        at: Option<Timestamp>,
        warc: usize,
        offset: u64,
    ) {
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        let is_page = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || !(is_page || kind.starts_with("image/") || kind.contains("octet-stream")) {
            return;
        }
        if url.as_str().len() > LIMITS.address_bytes {
            self.beyond += 1;
            return;
        }
        let place = Place::of(&url);
        let is_newer = self.captures.get(&place).map(|had| had.at <= at);
        match is_newer {
            Some(true) => {}
            Some(false) => return,
            None if self.has_room(place.key.len() + url.as_str().len()) => {}
            None => {
                self.beyond += 1;
                return;
            }
        }
        let capture = Capture {
            url,
            at,
            is_page,
            warc,
            offset,
        };
        self.captures.insert(place, capture);
    }

    /// For one more, spelled with so many bytes; then they count.
    fn has_room(&mut self, more: usize) -> bool {
        let all = self.addresses_bytes + more;
        let fits = all <= LIMITS.crawl_addresses_bytes && self.captures.len() < LIMITS.records;
        if fits {
            self.addresses_bytes = all;
        }
        fits
    }

    /// The crawler met under `url` what it had stored under another address.
    fn note_same(&mut self, url: &Url, other: Option<&str>) {
        let other = other.and_then(|other| Url::parse(other).ok());
        let capture = other.and_then(|other| self.captures.get(&Place::of(&other)).cloned());
        let place = Place::of(url);
        if let Some(capture) = capture
            && !self.captures.contains_key(&place)
            && place.key.len() <= LIMITS.address_bytes
            && self.has_room(place.key.len() + capture.url.as_str().len())
        {
            self.captures.insert(place, capture);
        }
    }

    // Step 3.
    fn listed(&self, listed: &[String]) -> Vec<Capture> {
        let urls = listed.iter().filter_map(|url| Url::parse(url).ok());
        let found = urls.filter_map(|url| self.captures.get(&Place::of(&url)));
        found.filter(|page| page.is_page).cloned().collect()
    }

    /// All, in the order of the file.
    fn pages(&self) -> Vec<Capture> {
        let all = self.captures.values().filter(|page| page.is_page);
        let mut pages: Vec<Capture> = all.cloned().collect();
        pages.sort_by_key(|page| (page.warc, page.offset));
        pages
    }

    /// The largest that the crawler saw of this picture.
    fn other_size(&self, place: &Place) -> Option<Held> {
        let sizes = self.alike(place).take(LOOKS).filter(|one| !one.is_page);
        let held = sizes.take(SIZES).filter_map(|one| self.held(one).ok());
        held.max_by_key(|held| held.bytes.len())
    }

    /// What has the name of this picture but for its size.
    fn alike(&self, place: &Place) -> impl Iterator<Item = &Capture> {
        let meant = sizes::sizeless(&place.key);
        let near = meant.map(|meant| (self.captures.range(place.first_alike()..), meant));
        let near = near.into_iter().flat_map(move |(near, meant)| {
            let near = near.take_while(|(other, _)| other.picture == place.picture);
            near.filter(move |(other, _)| sizes::sizeless(&other.key).as_ref() == Some(&meant))
        });
        near.map(|(_, one)| one)
    }

    fn held(&self, capture: &Capture) -> io::Result<Held> {
        let warc = self.warcs.get(capture.warc);
        let record = warc::at(warc.map_or(&[], |warc| warc), capture.offset)?;
        let is_meant = record.target().is_some_and(|target| {
            target == capture.url.as_str() || Url::parse(target).as_ref() == Ok(&capture.url)
        });
        if !is_meant || !record.is_content() {
            return Err(io::Error::other("the index is wrong about it"));
        }
        let content_type = record.content_type().map(str::to_owned);
        Ok(Held {
            content_type,
            bytes: record.body(LIMITS.fetched_bytes)?.into(),
        })
    }

    /// Writes a file that goes with the crawl, of so many bytes at most, and maps it.
    fn on_disk(
        &mut self,
        write: impl FnOnce(&mut Scratch, u64) -> io::Result<()>,
    ) -> io::Result<Bytes> {
        let room = LIMITS
            .unpacked_crawl_bytes
            .saturating_sub(self.unpacked_bytes);
        let mut scratch = self.drawer.another().map_err(io::Error::other)?;
        write(&mut scratch, room)?;
        let (bytes, _) = scratch.into_map().map_err(io::Error::other)?;
        self.unpacked_bytes += bytes.len() as u64;
        Ok(bytes)
    }
}

fn unpack_stream(bytes: &[u8], max_bytes: u64, out: &mut impl Write) -> io::Result<()> {
    let mut stream = MultiGzDecoder::new(bytes).take(max_bytes);
    // A stream that breaks off is read as far as it goes.
    match io::copy(&mut stream, out) {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::tests::found;
    use super::super::unpacked::tests::gzip;
    use super::warc::tests::{answer, record};
    use super::*;

    const PAGE: &str = "https://n.example/page";

    fn drawer() -> Drawer {
        Drawer::on(&std::env::temp_dir())
    }

    fn html(url: &str, body: &str) -> Vec<u8> {
        let fields = "Content-Type: text/html; charset=utf-8\r\n";
        record("response", url, &answer(200, fields, body.as_bytes()))
    }

    fn jpeg(url: &str, body: &str) -> Vec<u8> {
        let fields = "Content-Type: image/jpeg\r\n";
        record("response", url, &answer(200, fields, body.as_bytes()))
    }

    fn records() -> Vec<Vec<u8>> {
        let info = record("warcinfo", "", b"software: x");
        let gone = record(
            "response",
            "https://n.example/gone",
            &answer(404, "Content-Type: text/html\r\n", b"no"),
        );
        let script = record(
            "response",
            "https://n.example/x.js",
            &answer(200, "Content-Type: text/javascript\r\n", b"x"),
        );
        let same = String::from_utf8(record("revisit", "https://n.example/same.jpg", b"")).unwrap();
        let same = same.replace(
            "WARC-Date",
            "WARC-Refers-To-Target-URI: https://n.example/1.jpg\r\nWARC-Date",
        );
        vec![
            info,
            html(PAGE, "old"),
            gone,
            script,
            jpeg("https://n.example/1.jpg", "photo"),
            jpeg("https://n.example/2-150x150.jpg", "tiny"),
            jpeg("https://n.example/2-1024x683.jpg", "a larger one"),
            jpeg(
                "https://n.example/_next/image?url=%2F3.jpg&w=640&q=75",
                "resized",
            ),
            html(PAGE, "new"),
            html("https://n.example/other", "other"),
            same.into_bytes(),
        ]
    }

    /// As `found` gives it, of a file with these bytes.
    async fn offered(
        bytes: &[u8],
    ) -> (
        Result<Vec<Offer>, SourceError>,
        Vec<Skipped>,
        tempfile::TempDir,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crawl");
        files::write(&path, bytes).unwrap();
        let (offers, skipped) = found(&Source::Crawl(path)).await;
        (offers, skipped, folder)
    }

    fn read(offer: &Offer, href: &str) -> Option<String> {
        let url = Url::parse(PAGE).unwrap().join(href).unwrap();
        let held = offer.shelf.as_ref()?.read(&url)?.ok()?;
        Some(String::from_utf8_lossy(&held.bytes).into_owned())
    }

    fn zip(members: &[(&str, &[u8])], packed: bool) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            let method = match packed {
                true => zip::CompressionMethod::Deflated,
                false => zip::CompressionMethod::Stored,
            };
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[track_caller]
    fn check(offers: &[Offer]) {
        let ids: Vec<&str> = offers.iter().map(|offer| offer.id.as_str()).collect();
        assert_eq!(ids, [PAGE, "https://n.example/other"]);
        assert_eq!(read(&offers[0], "").as_deref(), Some("new"));
        assert_eq!(read(&offers[0], "/1.jpg").as_deref(), Some("photo"));
        assert_eq!(read(&offers[0], "/same.jpg").as_deref(), Some("photo"));
        let other = read(&offers[0], "/2-scaled.jpg?w=1600");
        assert_eq!(other.as_deref(), Some("a larger one"));
        assert_eq!(read(&offers[0], "/2-scaled.png"), None);
        let resized = read(&offers[0], "/_next/image?url=%2F3.jpg&w=3840&q=75");
        assert_eq!(resized.as_deref(), Some("resized"));
        assert_eq!(read(&offers[0], "/gone"), None);
        assert_eq!(read(&offers[0], "/x.js"), None);
        let seen = offers[0].seen.unwrap().to_string();
        assert_eq!(seen, "2026-11-20T10:00:00Z");
    }

    #[tokio::test]
    async fn a_crawl_gives_pages_and_pictures_in_every_packing() {
        let members: Vec<u8> = records().iter().flat_map(|record| gzip(record)).collect();
        let plain = records().concat();
        for file in [plain.clone(), members.clone(), gzip(&plain)] {
            let (offers, skipped, _folder) = offered(&file).await;
            assert!(skipped.is_empty(), "{skipped:?}");
            check(&offers.unwrap());
        }
        for packed in [false, true] {
            let file = zip(&[("archive/data.warc.gz", &members)], packed);
            let (offers, _, _folder) = offered(&file).await;
            check(&offers.unwrap());
        }
    }

    #[test]
    fn what_is_unpacked_has_no_name_and_lies_beside_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let (place, cache) = (folder.path().join("crawl"), folder.path().join("cache"));
        let stream = gzip(&records().concat());
        files::write(&place, &zip(&[("archive/data.warc.gz", &stream)], true)).unwrap();
        let named = |folder: &Path| files::list(folder).unwrap();
        let offers = offers(&place, &Drawer::on(&cache), &mut Vec::new()).unwrap();
        check(&offers);
        assert!(named(&cache).is_empty());
        // Where nothing can be written it is said.
        files::remove(&place).unwrap();
        files::write(&place, &stream).unwrap();
        let nowhere = Drawer::on(&place);
        assert!(super::offers(&place, &nowhere, &mut Vec::new()).is_err());
    }

    #[tokio::test]
    async fn pages_of_other_sites_are_no_articles_unless_they_are_listed() {
        let all = [
            html("https://ads.evil.example/frame", "advertisement"),
            html("https://www.n.example/1", "one"),
            html("https://blog.n.example/2", "two"),
            html("http://n.example:8080/3", "three"),
            html("https://evil-n.example/4", "another"),
            html("https://ads.evil.example/frame2", "advertisement"),
            jpeg("https://cdn.example/1.jpg", "photo"),
        ];
        let (offers, skipped, _folder) = offered(&all.concat()).await;
        let offers = offers.unwrap();
        let hosts: Vec<_> = offers.iter().map(|offer| offer.address()).collect();
        let hosts: Vec<_> = hosts.iter().filter_map(Url::host_str).collect();
        assert_eq!(hosts, ["www.n.example", "blog.n.example", "n.example"]);
        assert_eq!(skipped.len(), 1);
        let why = &skipped[0].why;
        assert!(
            why.contains("`n.example`, so those of `ads.evil.example`, `evil-n.example` were"),
            "{why}"
        );
        assert_eq!(
            read(&offers[0], "https://cdn.example/1.jpg").as_deref(),
            Some("photo")
        );
        let listed = "{\"format\":\"x\"}\n{\"url\":\"https://ads.evil.example/frame\"}\n";
        let file = zip(
            &[
                ("archive/data.warc", &all.concat()),
                ("pages/pages.jsonl", listed.as_bytes()),
            ],
            true,
        );
        let (offers, skipped, _folder) = offered(&file).await;
        assert_eq!((offers.unwrap().len(), skipped.len()), (1, 0));
    }

    #[tokio::test]
    async fn addresses_that_are_too_long_are_left_out_and_counted() {
        let long = format!("https://n.example/{}", "a".repeat(LIMITS.address_bytes));
        let all = [html(PAGE, "page"), html(&long, "long"), jpeg(&long, "long")];
        let (offers, skipped, _folder) = offered(&all.concat()).await;
        assert_eq!(offers.unwrap().len(), 1);
        assert!(skipped[0].why.contains("2 of its records"), "{skipped:?}");
    }

    #[test]
    fn all_addresses_of_a_crawl_have_one_ceiling() {
        let page = |number: usize| Url::parse(&format!("https://n.example/{number}")).unwrap();
        let mut crawl = Crawl {
            addresses_bytes: LIMITS.crawl_addresses_bytes - 2 * page(0).as_str().len(),
            ..Crawl::on(drawer(), 0)
        };
        for number in [0, 1, 0] {
            crawl.note(page(number), Some("text/html"), None, 0, 7);
        }
        crawl.note_same(&page(2), Some(page(0).as_str()));
        assert_eq!((crawl.captures.len(), crawl.beyond), (1, 1));
    }

    fn indexed(records: &[Vec<u8>], shift: u64) -> Vec<u8> {
        let mut offset = shift;
        let mut index = String::from("!meta 0 {\"format\": \"cdxj\"}\n");
        for record in records {
            let text = String::from_utf8_lossy(record);
            let url = text
                .lines()
                .find_map(|line| line.strip_prefix("WARC-Target-URI: "));
            let mime = match text.contains("image/jpeg") {
                true => "image/jpeg",
                false => "text/html",
            };
            index += &format!(
                "x 20261120100000 {{\"url\":{:?},\"mime\":\"{mime}\",\"status\":200,\"offset\":{offset},\"filename\":\"data.warc\"}}\n",
                url.unwrap_or_default()
            );
            offset += record.len() as u64;
        }
        index.into_bytes()
    }

    #[test]
    fn all_that_a_crawl_unpacks_has_one_ceiling() {
        let warc = records().concat();
        let members = [("archive/a.warc", &warc[..]), ("archive/b.warc", &warc)];
        let file = zip(&members, true);
        let with_room = |room: u64| {
            let mut crawl = Crawl {
                unpacked_bytes: LIMITS.unpacked_crawl_bytes - room,
                ..Crawl::on(drawer(), 0)
            };
            crawl.take_wacz(file.clone().into(), &mut Vec::new())
        };
        let length = warc.len() as u64;
        assert!(with_room(2 * length).is_ok());
        let refused = with_room(2 * length - 1).unwrap_err();
        assert!(refused.to_string().contains("too much"), "{refused}");
    }

    #[test]
    fn all_that_a_crawl_is_gone_through_has_one_ceiling() {
        let page = |name: &str| html(&format!("https://n.example/{name}"), &"a".repeat(10_000));
        let (one, two) = (gzip(&page("1")), gzip(&page("2")));
        let members = [("archive/1.warc.gz", &one[..]), ("archive/2.warc.gz", &two)];
        let file = zip(&members, false);
        // Each is looked at for how it is packed, and walked over.
        for (room, pages, named) in [(50_000, 2, 0), (30_000, 1, 1), (5_000, 0, 2)] {
            let mut crawl = Crawl {
                room,
                ..Crawl::on(drawer(), 0)
            };
            let mut skipped = Vec::new();
            crawl.take_wacz(file.clone().into(), &mut skipped).unwrap();
            assert_eq!((crawl.pages().len(), skipped.len()), (pages, named));
        }
        let large = Crawl::on(drawer(), 1 << 40);
        assert!(large.room > 1 << 40, "what is large may hold much");
    }

    #[test]
    fn members_that_lie_over_one_another_are_no_crawl() {
        let file = zip(&[("archive/1.warc", &records().concat())], false);
        let mut crawl = Crawl::on(drawer(), 0);
        assert!(
            crawl
                .take_wacz(file.clone().into(), &mut Vec::new())
                .is_ok()
        );
        // The list at its end names the one once more.
        let found = |words: &[u8]| file.windows(4).rposition(|four| four == words).unwrap();
        let (list, end) = (found(b"PK\x01\x02"), found(b"PK\x05\x06"));
        let mut twin = file[list..end].to_vec();
        let name = twin.windows(6).position(|six| six == b"1.warc").unwrap();
        twin[name] = b'2';
        let mut tail = file[end..].to_vec();
        let length = u32::try_from(2 * twin.len()).unwrap();
        (tail[8], tail[10]) = (2, 2);
        tail[12..16].copy_from_slice(&length.to_le_bytes());
        let file = [&file[..end], &twin, &tail].concat();
        let refused = crawl.take_wacz(file.into(), &mut Vec::new()).unwrap_err();
        assert!(
            refused.to_string().contains("over one another"),
            "{refused}"
        );
    }

    #[test]
    fn for_another_size_nothing_but_this_picture_is_looked_at() {
        let mut crawl = Crawl::on(drawer(), 0);
        let at = |path: &str| Url::parse(&format!("https://n.example/{path}")).unwrap();
        for number in 0..1000 {
            for name in [format!("a{number}.jpg"), format!("a-{number}.jpg")] {
                crawl.note(at(&name), Some("image/jpeg"), None, 0, 7);
            }
        }
        for name in ["a-300x200.jpg", "a-scaled.jpg"] {
            crawl.note(at(name), Some("image/jpeg"), None, 0, 7);
        }
        let alike = |name: &str| crawl.alike(&Place::of(&at(name))).count();
        assert_eq!(alike("a.jpg"), 2);
        assert_eq!(alike("a7.jpg"), 1);
        assert_eq!(alike("a"), 0);
    }

    #[tokio::test]
    async fn a_page_that_cannot_be_unpacked_is_named() {
        let fields = "Content-Type: text/html\r\nContent-Encoding: br\r\n";
        let page = record(
            "response",
            PAGE,
            &answer(200, fields, b"\x0b\x01\x80page\x03"),
        );
        let (offers, _, _folder) = offered(&page).await;
        let offer = &offers.unwrap()[0];
        let shelf = offer.shelf.as_ref().unwrap();
        let why = shelf.read(&offer.address()).unwrap().unwrap_err();
        assert!(why.to_string().contains("packed with `br`"), "{why}");
    }

    #[tokio::test]
    async fn a_wacz_is_read_by_its_index_and_offers_the_pages_it_lists() {
        let records = [
            html(PAGE, "new"),
            jpeg("https://n.example/1.jpg", "photo"),
            html("https://n.example/frame", "advertisement"),
        ];
        let pages = format!("{{\"format\":\"json-pages-1.0\"}}\n{{\"url\":\"{PAGE}\"}}\n");
        for (shift, good) in [(0, true), (7, false), (1 << 40, false)] {
            let file = zip(
                &[
                    ("archive/data.warc", &records.concat()),
                    ("indexes/index.cdx.gz", &gzip(&indexed(&records, shift))),
                    ("pages/pages.jsonl", pages.as_bytes()),
                    ("../../etc/evil", b"x"),
                ],
                true,
            );
            let (offers, _, _folder) = offered(&file).await;
            let offers = offers.unwrap();
            assert_eq!(offers.len(), 1);
            // An index that lies gives nothing, rather than another page.
            assert_eq!(read(&offers[0], "").is_some(), good, "{shift}");
            assert_eq!(read(&offers[0], "/1.jpg").is_some(), good);
        }
    }

    #[tokio::test]
    async fn what_breaks_off_gives_what_came_before() {
        let plain = records().concat();
        let at = plain.len() - 420;
        for file in [
            plain[..at].to_vec(),
            gzip(&plain)[..gzip(&plain).len() - 30].to_vec(),
        ] {
            let (offers, skipped, _folder) = offered(&file).await;
            assert!(!offers.unwrap().is_empty());
            assert!(skipped[0].what.contains("behind"), "{skipped:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_crawl_is_named() {
        let no_warc = zip(&[("readme.txt", b"x")], false);
        for file in [&b"<html>"[..], b"PK\x03\x04", b"", &gzip(b"x"), &no_warc] {
            let (offers, _, _folder) = offered(file).await;
            let error = offers.unwrap_err();
            assert!(matches!(error, SourceError::NotACrawl { .. }), "{error}");
            assert!(error.hint().is_some());
        }
        let empty = record("warcinfo", "", b"x");
        let (offers, _, _folder) = offered(&empty).await;
        assert!(matches!(offers, Err(SourceError::NoPages(_))));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn a_damaged_zip_is_read_or_refused(at in 0_usize..2000, to: u8) {
            let members: Vec<u8> = records().iter().flat_map(|record| gzip(record)).collect();
            let index = indexed(&records(), 0);
            let mut file = zip(&[("archive/data.warc", &members), ("indexes/index.cdx", &index)], false);
            let at = at % file.len();
            file[at] = to;
            let mut crawl = Crawl::on(drawer(), 0);
            if crawl.take_wacz(file.into(), &mut Vec::new()).is_ok() {
                for page in crawl.captures.values() {
                    let _ = crawl.held(page);
                }
            }
        }
    }
}
