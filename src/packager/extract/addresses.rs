//! Where a picture of a page really lies. Pages load pictures late, and keep the address in many places meanwhile.
//!
//! 1. The widest candidate that is not needlessly wide, of `srcset` and its lazy variants, also of `<picture>`.
//! 2. The lazy variants of `src`.
//! 3. `src` itself, unless it is a placeholder.

use dom_query::NodeRef;
use url::Url;

/// Pixels. Nothing is gained from a picture much wider than what readers get, see `pictures::MAX_WIDTH`.
const ENOUGH: f64 = 1600.0;

const LAZY_SETS: &[&str] = &[
    "data-srcset",
    "data-lazy-srcset",
    "data-original-set",
    "srcset",
];
const LAZY: &[&str] = &[
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-lazy",
    "data-url",
    "data-image",
    "data-img",
    "data-src-large",
    "data-hi-res-src",
    "data-full-src",
    "data-echo",
    "data-actualsrc",
];

/// The absolute address of the picture that `img` (or `amp-img`, or the poster of a `video`) shows.
pub fn of_picture(img: &NodeRef, base: &Url) -> Option<Url> {
    if img.has_name("video") || img.has_name("amp-video") {
        return img.attr("poster").and_then(|src| absolute(&src, base));
    }
    let sources = siblings_in_picture(img);
    let sets = sources.iter().chain([img]);
    let widest = sets
        .flat_map(|node| LAZY_SETS.iter().filter_map(|name| node.attr(name)))
        .find_map(|set| best_of_set(&set, base));
    let lazy = || {
        LAZY.iter()
            .filter_map(|name| img.attr(name))
            .find_map(|src| absolute(&src, base))
    };
    let unnamed = || unnamed_lazy(img).and_then(|src| absolute(&src, base));
    let plain = || img.attr("src").and_then(|src| absolute(&src, base));
    widest.or_else(lazy).or_else(unnamed).or_else(plain)
}

/// Every script has its own name for it; what it holds tells.
fn unnamed_lazy(img: &NodeRef) -> Option<String> {
    const ENDINGS: &[&str] = &[".jpg", ".jpeg", ".png", ".webp", ".gif"];
    let is_picture = |value: &str| {
        let path = value.split(['?', '#']).next().unwrap_or_default();
        let path = path.to_ascii_lowercase();
        ENDINGS.iter().any(|ending| path.ends_with(ending)) && !path.contains(char::is_whitespace)
    };
    let attributes = img.attrs().into_iter();
    attributes
        .filter(|attribute| {
            let name = &*attribute.name.local;
            name.starts_with("data-") && name.ends_with("src")
        })
        .map(|attribute| attribute.value.to_string())
        .find(|value| is_picture(value))
}

fn siblings_in_picture<'a>(img: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let Some(parent) = img.parent().filter(|parent| parent.has_name("picture")) else {
        return Vec::new();
    };
    let is_source = |node: &NodeRef| {
        // AVIF is not read here; where there is only that, `img` itself has another kind.
        node.has_name("source") && !node.attr_or("type", "").contains("avif")
    };
    parent
        .element_children()
        .into_iter()
        .filter(is_source)
        .collect()
}

/// `a.jpg 250w, b.jpg 1023w`. Addresses may hold commas, so a comma parts only where white space is behind it.
fn best_of_set(set: &str, base: &Url) -> Option<Url> {
    let mut best: Option<(f64, Url)> = None;
    let words: Vec<&str> = set.split_ascii_whitespace().flat_map(parted).collect();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        let address = word.trim_matches(',');
        let mut width = 1.0;
        if !word.ends_with(',')
            && let Some(size) = words.get(at).and_then(|size| descriptor(size))
        {
            width = size;
            at += 1;
        }
        let Some(url) = absolute(address, base) else {
            continue;
        };
        let better = best.as_ref().is_none_or(|(old, _)| {
            (width > *old && *old < ENOUGH) || (*old > ENOUGH && width < *old && width >= ENOUGH)
        });
        if better {
            best = Some((width, url));
        }
    }
    best.map(|(_, url)| url)
}

/// `640w,https://n.example/a.jpg` lacks the blank behind its comma.
fn parted(word: &str) -> impl Iterator<Item = &str> {
    let parts = word
        .split_once(',')
        .filter(|(size, next)| !next.is_empty() && descriptor(size).is_some());
    let (first, second) = parts.map_or((word, None), |(size, next)| (size, Some(next)));
    [first].into_iter().chain(second)
}

fn descriptor(word: &str) -> Option<f64> {
    let word = word.trim_end_matches(',');
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
    match word.strip_suffix('w') {
        Some(width) => number(width),
        // Densities count as multiples of a column's width.
        None => number(word.strip_suffix('x')?).map(|density| density * 600.0),
    }
}

/// HTTP addresses only; `data:` is a placeholder in nearly every page.
pub fn absolute(address: &str, base: &Url) -> Option<Url> {
    let address = address.trim();
    if address.is_empty() || address.starts_with('#') || address.len() > 4000 {
        return None;
    }
    let url = base.join(address).ok()?;
    let http = matches!(url.scheme(), "http" | "https");
    (http && url.has_host()).then_some(url)
}

/// Whether a link leads to a file and to no page: an order, a list, an app, a recording.
pub fn is_document(address: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "pdf", "doc", "docx", "rtf", "odt", "xls", "xlsx", "ods", "csv", "ppt", "pptx", "odp",
        "epub", "fb2", "djvu", "zip", "rar", "7z", "gz", "apk", "exe", "dmg", "deb", "appimage",
        "torrent", "mp3", "m4a", "ogg", "oga", "opus", "wav", "flac", "mp4", "m4v", "webm", "ogv",
        "mov",
    ];
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.splitn(4, '/').nth(3).unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// The hosts under which a newsroom publishes its own pages.
#[derive(Debug, Clone, Default)]
pub struct Home(Vec<String>);

impl Home {
    pub fn of<'a>(addresses: impl IntoIterator<Item = &'a Url>) -> Self {
        let hosts = addresses.into_iter().filter_map(Url::host_str);
        Self(hosts.map(|host| named(host).to_owned()).collect())
    }

    /// Hosts are of one home if one lies below the other: a newsroom's tracker of faults is no place for its articles.
    pub fn holds(&self, address: &str) -> bool {
        let url = Url::parse(address).ok();
        let host = url.as_ref().and_then(Url::host_str).map(named);
        let is_below = |host: &str, above: &str| {
            let head = host.strip_suffix(above);
            head.is_some_and(|head| head.is_empty() || head.ends_with('.'))
        };
        let is_akin = |home: &String, host| is_below(host, home) || is_below(home, host);
        host.is_some_and(|host| self.0.iter().any(|home| is_akin(home, host)))
    }
}

/// `news.example` of `www.news.example` and `m.news.example`.
fn named(host: &str) -> &str {
    let mut doors = ["www.", "m."].into_iter();
    doors
        .find_map(|door| host.strip_prefix(door))
        .unwrap_or(host)
}

/// What two addresses of one picture in different sizes have in common.
pub fn key(url: &Url) -> String {
    let name = url
        .path_segments()
        .and_then(|mut s| s.next_back())
        .unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = stem.split(['_', '-']).filter(|word| !is_size(word));
    let mut key: Vec<&str> = words.collect();
    // Where the file is named by its size alone, a folder names the picture.
    if key.is_empty() && !stem.is_empty() {
        let folders = url.path_segments().into_iter().flatten().rev().skip(1);
        key.extend(folders.filter(|folder| folder.len() >= TELLING).take(1));
    }
    // A proxy of pictures names the real one in its query or at the end of its path.
    let query = url.query().unwrap_or_default();
    if matches!(stem, "image" | "img" | "index" | "resize" | "fetch") || stem.is_empty() {
        key.push(query);
    }
    key.join("-").to_ascii_lowercase()
}

/// A shorter folder is a size, a day, or a shelf.
const TELLING: usize = 8;

/// `w1023`, `cx0`, `640@60`, `1200x800`, `640`, `scaled`, `s`, `r1`.
fn is_size(word: &str) -> bool {
    let bare = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = word.len() - bare.len();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let pair = bare
        .split_once(['x', '@'])
        .is_some_and(|(w, h)| digits(w) && digits(h));
    matches!(
        word,
        "scaled" | "original" | "s" | "n" | "b" | "large" | "medium" | "small" | "thumb"
    ) || (letters <= 2 && letters > 0 && digits(bare) && bare.len() <= 4)
        || pair
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;

    #[test]
    fn a_document_is_told_from_a_page_by_its_path() {
        for (address, expected) in [
            ("https://n.example/doc.pdf", true),
            ("https://n.example/a/APP.APK?v=1#x", true),
            ("https://n.example/doc.pdf/", false),
            ("https://n.example/doc?file=a.pdf", false),
            ("https://news.zip", false),
            ("https://news.zip/", false),
            ("https://n.example/pdf", false),
            ("", false),
        ] {
            assert_eq!(is_document(address), expected, "{address}");
        }
    }

    fn check(html: &str, expected: Option<&str>) {
        let doc = Document::from(html);
        let images = doc.select("img, amp-img, video");
        let base = Url::parse("https://n.example/a/b.html").unwrap();
        let found = images
            .nodes()
            .first()
            .and_then(|img| of_picture(img, &base));
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{html}");
    }

    #[test]
    fn late_pictures_are_found() {
        let big = Some("https://n.example/big.jpg");
        check("<img src='/big.jpg'>", big);
        check("<img src='small.jpg' data-src='/big.jpg'>", big);
        check(
            "<img src='data:image/gif;base64,R0' data-lazy-src='/big.jpg'>",
            big,
        );
        check("<img src='s.jpg' srcset='s.jpg 250w, /big.jpg 1023w'>", big);
        check("<img srcset='s.jpg 1x, /big.jpg 2x'>", big);
        check(
            "<img srcset='/huge.jpg 4000w, /big.jpg 1700w, s.jpg 300w'>",
            big,
        );
        check(
            "<picture><source srcset='/a.avif' type='image/avif'><source srcset='s.jpg?w=640 640w, /big.jpg 1023w'><img src='x.jpg'></picture>",
            big,
        );
        check("<img srcset='s.jpg 250w,/big.jpg 1023w'>", big);
        check("<img src='data:,' data-zoomy-src='/big.jpg'>", big);
        check("<amp-img src='/big.jpg'></amp-img>", big);
        check("<video poster='/big.jpg' src='v.mp4'></video>", big);
        check(
            "<img srcset='/w_1,h_2/a.jpg 800w'>",
            Some("https://n.example/w_1,h_2/a.jpg"),
        );
    }

    #[test]
    fn what_is_no_address_is_none() {
        for html in [
            "<img>",
            "<img src=''>",
            "<img src='javascript:1'>",
            "<img src='data:,x'>",
            "<img srcset=', ,'>",
        ] {
            check(html, None);
        }
    }

    #[test]
    fn a_newsroom_has_several_hosts() {
        let at = |address: &str| Url::parse(address).unwrap();
        let home = Home::of([
            &at("https://www.news.example/a"),
            &at("https://m.post.co.uk/"),
        ]);
        for (address, expected) in [
            ("https://be.news.example/x", true),
            ("https://post.co.uk/x", true),
            ("https://other.example/news.example", false),
            ("https://othernews.example/", false),
            ("https://other.co.uk/", false),
            ("mailto:a@news.example", false),
            ("", false),
        ] {
            assert_eq!(home.holds(address), expected, "{address}");
        }
    }

    #[test]
    fn sizes_of_one_picture_have_one_key() {
        let key = |text: &str| key(&Url::parse(text).unwrap());
        assert_eq!(
            key("https://i.example/0aff-0242_cx0_cy9_cw0_w1023_r1_s.jpg"),
            key("https://i.example/0aff-0242_cx0_cy9_cw0_w250_r1_s.webp?x=1")
        );
        assert_eq!(
            key("https://i.example/river-1200x800.jpg"),
            key("https://i.example/river.jpg")
        );
        assert_ne!(
            key("https://i.example/river-2.jpg"),
            key("https://i.example/bank-2.jpg")
        );
    }

    #[test]
    fn a_picture_named_by_its_folder_has_the_key_of_the_folder() {
        let key = |path: &str| key(&Url::parse(&format!("https://n.example{path}")).unwrap());
        assert_eq!(key("/a/court_w640.jpg"), key("/b/court_w1280.webp"));
        let (one, other) = (
            "/images/44152f97b643491c/16x9",
            "/images/5a0c2f97b6434911/16x9",
        );
        assert_eq!(
            key(&format!("{one}/640@60.jpg")),
            key(&format!("{one}/original.jpg"))
        );
        assert_ne!(
            key(&format!("{one}/original.jpg")),
            key(&format!("{other}/original.jpg"))
        );
    }
}
