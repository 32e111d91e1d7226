//! Where a picture of a page really lies. Pages load pictures late, and keep the address in many places meanwhile.
//!
//! 1. The widest candidate that is not needlessly wide, of `srcset` and its lazy variants, also of `<picture>`.
//! 2. Where none is wide, the same picture in large, if the page names it or links the small one to it.
//! 3. The lazy variants of `src`.
//! 4. `src` itself, unless it is a placeholder.
//!
//! Which of them can be had, and be read, shows only when it is fetched. So `src` is noted beside a better one.

use dom_query::NodeRef;
use url::Url;

/// Pixels. Nothing is gained from a picture much wider than what readers get, see `pictures::MAX_WIDTH`.
const ENOUGH: f64 = 1600.0;

/// Pixels. A narrower one is a thumbnail, if it links to a larger one.
const WIDE: f64 = 800.0;

const LAZY_SETS: &[&str] = &[
    "nitro-lazy-srcset",
    "data-srcset",
    "data-lazy-srcset",
    "data-original-set",
    "srcset",
];
const LAZY: &[&str] = &[
    "nitro-lazy-src",
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

/// Where a picture of which only a small one is shown lies in large.
const LARGE: &[&str] = &["data-large-file", "data-orig-file", "data-pin-media"];

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
    let is_wide = widest.as_ref().is_some_and(|(width, _)| *width >= WIDE);
    let lazy = || {
        LAZY.iter()
            .filter_map(|name| img.attr(name))
            .find_map(|src| absolute(&src, base))
    };
    let unnamed = || unnamed_lazy(img).and_then(|src| absolute(&src, base));
    let plain = || img.attr("src").and_then(|src| absolute(&src, base));
    let widest = widest.map(|(_, url)| url);
    let shown = widest.or_else(lazy).or_else(unnamed).or_else(plain)?;
    if is_wide {
        return Some(shown);
    }
    let named = LARGE.iter().filter_map(|name| img.attr(name));
    let named = named.filter_map(|large| absolute(&large, base));
    let mut large = named.chain(linked(img, base));
    let own = key(&shown);
    Some(large.find(|url| key(url) == own).unwrap_or(shown))
}

/// Whether an element is to be filled with a picture, as its background.
pub fn is_painted(node: &NodeRef) -> bool {
    node.attr("data-original")
        .is_some_and(|src| is_picture(&src))
}

/// What an `img` itself names as its picture, for browsers that know nothing better.
pub fn spare_of(img: &NodeRef, base: &Url) -> Option<Url> {
    let is_img = img.has_name("img") || img.has_name("amp-img");
    let src = img.attr("src").filter(|src| is_img && !is_blank(src))?;
    absolute(&src, base)
}

/// Whether a picture only stands where another will be, by the name of its file.
pub fn is_blank(src: &str) -> bool {
    const BLANKS: &[&str] = &[
        "blank",
        "placeholder",
        "spacer",
        "transparent",
        "loading",
        "loader",
        "lazy",
        "pixel",
        "grey",
        "gray",
        "empty",
        "1x1",
        "preload",
    ];
    let name = src.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let mut words = stem.split(['-', '_']);
    words.any(|word| BLANKS.iter().any(|blank| word.eq_ignore_ascii_case(blank)))
}

/// The picture to which the link around this one leads.
fn linked(img: &NodeRef, base: &Url) -> Option<Url> {
    let mut around = img.ancestors_it(Some(2));
    let link = around.find(|up| up.has_name("a"))?;
    let pictures = link.descendants_it().filter(|below| below.has_name("img"));
    let href = link.attr("href").filter(|href| is_picture(href))?;
    let is_all = pictures.take(2).count() == 1 && link.text().trim().is_empty();
    absolute(&href, base).filter(|_| is_all)
}

/// By its ending.
fn is_picture(address: &str) -> bool {
    const ENDINGS: &[&str] = &[".jpg", ".jpeg", ".png", ".webp", ".gif"];
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let path = path.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| path.ends_with(ending)) && !path.contains(char::is_whitespace)
}

/// Every script has its own name for it; what it holds tells.
fn unnamed_lazy(img: &NodeRef) -> Option<String> {
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
/// With its width.
fn best_of_set(set: &str, base: &Url) -> Option<(f64, Url)> {
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
    best
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

/// How somebody can be reached, if a link says that and nothing more. What else it would put into a letter, or dial, was
/// chosen by others than who sends it.
#[derive(Debug, PartialEq, Eq)]
pub enum Contact {
    /// An address of mail, as a link to it is written.
    Mail(String),
    /// A number of a telephone, as it is dialled.
    Telephone(String),
}

pub fn contact(address: &str) -> Option<Contact> {
    let (scheme, rest) = address.trim().split_once(':')?;
    let rest = rest.split('?').next()?.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => is_mailbox(rest).then(|| Contact::Mail(format!("mailto:{rest}"))),
        "tel" => {
            let bare = rest.replace("%20", " ");
            let number: String = bare
                .chars()
                .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
                .collect();
            let digits = number.strip_prefix('+').unwrap_or(&number);
            let is_number = digits.bytes().all(|b| b.is_ascii_digit());
            (is_number && (3..=15).contains(&digits.len())).then_some(Contact::Telephone(number))
        }
        _ => None,
    }
}

/// `name@host.example`, as nearly all are; see RFC 6068, section 2, for the others.
fn is_mailbox(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    text.len() <= 254
        && text.split_once('@').is_some_and(|(name, host)| {
            let is_host = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
            !name.is_empty() && is_host && (name.chars().chain(host.chars())).all(is_plain)
        })
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

/// Where a newsroom publishes its own pages, and where the one that is read lies.
#[derive(Debug, Clone, Default)]
pub struct Home {
    hosts: Vec<String>,
    pages: Vec<String>,
}

impl Home {
    pub fn of<'a>(addresses: impl IntoIterator<Item = &'a Url>) -> Self {
        let addresses = addresses.into_iter().filter(|url| url.has_host());
        let places = addresses.map(|url| {
            let host = named(url.host_str().unwrap_or_default());
            (host.to_owned(), place_of(url))
        });
        let (hosts, pages) = places.unzip();
        Self { hosts, pages }
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
        host.is_some_and(|host| self.hosts.iter().any(|home| is_akin(home, host)))
    }

    /// Whether it is a page of the newsroom's and neither the one that is read nor one below it, as those of its pictures
    /// are, nor a file.
    pub fn holds_another(&self, url: &Url) -> bool {
        let place = place_of(url);
        let is_here = |page: &String| {
            let below = place.strip_prefix(&**page);
            below.is_some_and(|below| {
                below.is_empty() || below.starts_with('/') && page.contains('/')
            })
        };
        self.holds(url.as_str())
            && !self.pages.iter().any(is_here)
            && !is_document(url.as_str())
            && !is_picture(url.as_str())
    }
}

/// What tells a page from all others.
fn place_of(url: &Url) -> String {
    let host = named(url.host_str().unwrap_or_default());
    let path = url.path().trim_end_matches('/');
    let query = url
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    format!("{host}{path}{query}")
}

/// `news.example` of `www.news.example` and `m.news.example`.
fn named(host: &str) -> &str {
    let mut doors = ["www.", "m."].into_iter();
    doors
        .find_map(|door| host.strip_prefix(door))
        .unwrap_or(host)
}

/// Whether an address is one of this host, or of one below it.
pub fn is_of_host(url: &Url, host: &str) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    let (own, host) = (bare(url.host_str().unwrap_or_default()), bare(host));
    let above = own.strip_suffix(&host);
    !host.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
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
        let mut folders = url.path_segments().into_iter().flatten().rev().skip(1);
        key.push(folders.find(|folder| is_telling(folder)).unwrap_or(stem));
    }
    // A proxy of pictures names the real one in its query or at the end of its path.
    let query = url.query().unwrap_or_default();
    if matches!(stem, "image" | "img" | "index" | "resize" | "fetch") || stem.is_empty() {
        key.push(query);
    }
    key.join("-").to_ascii_lowercase()
}

/// A shorter folder is a size, a day, or a shelf; and one without numbers is where all pictures lie.
fn is_telling(folder: &str) -> bool {
    folder.len() >= 8 && folder.bytes().any(|b| b.is_ascii_digit())
}

/// Whether these are one picture in two sizes. Beware: a man's photo must not stand above another's name. So where the name of
/// the file tells little (`photo.jpg`), both must lie in one folder.
pub fn are_one(one: &Url, other: &Url) -> bool {
    let name = key(one);
    name == key(other) && (is_telling(&name) || lie_together(one, other))
}

/// A proxy of pictures puts the folders of the real one behind its own.
fn lie_together(one: &Url, other: &Url) -> bool {
    let [one, other] = [one, other].map(folders);
    let (long, short) = match one.len() < other.len() {
        true => (other, one),
        false => (one, other),
    };
    long.ends_with(&short) && long.is_empty() == short.is_empty()
}

/// Those that are no sizes.
fn folders(url: &Url) -> Vec<String> {
    let mut all: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    all.pop();
    let is_folder = |name: &&str| !name.is_empty() && !name.split(['_', '-', ',']).all(is_width);
    let folders = all.into_iter().filter(is_folder);
    folders.map(str::to_ascii_lowercase).collect()
}

/// As folders are called, in which years have four digits too.
fn is_width(word: &str) -> bool {
    let is_number = word.bytes().all(|b| b.is_ascii_digit());
    let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    word.len() > 1 && is_size(word) || is_number && (3..=4).contains(&word.len()) && !is_year
}

/// `w1023`, `cx0`, `640@60`, `1200x800`, `scaled`, `s`, `r1`; but not `p1`, which is the first of several.
fn is_size(word: &str) -> bool {
    let bare = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = word.len() - bare.len();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let pair = bare
        .split_once(['x', '@'])
        .is_some_and(|(w, h)| digits(w) && digits(h));
    matches!(
        word,
        "scaled" | "original" | "s" | "n" | "b" | "large" | "medium" | "small" | "thumb" | "thumbs"
    ) || (is_side(word.get(..letters).unwrap_or_default())
        && digits(bare)
        && (3..=4).contains(&bare.len()))
        || (is_measure(word.get(..letters).unwrap_or_default()) && digits(bare) && bare.len() <= 2)
        || pair
}

/// How wide or high a picture is stands behind such letters; behind others its number (`p101`, `t1`).
fn is_side(letters: &str) -> bool {
    const SIDES: [&str; 16] = [
        "w", "h", "s", "x", "l", "m", "q", "r", "cw", "ch", "cx", "cy", "sw", "mw", "sz", "wh",
    ];
    SIDES.contains(&letters)
}

/// What a small number behind these letters says is no number of a picture: where it was cut, how well it is kept.
fn is_measure(letters: &str) -> bool {
    matches!(letters, "cx" | "cy" | "cw" | "ch" | "r" | "q")
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
    fn a_thumbnail_is_the_picture_that_it_links_to() {
        let big = Some("https://n.example/wp/bread.jpg");
        let small = Some("https://n.example/wp/bread-150x150.jpg");
        let thumb = "<img src='/wp/bread-150x150.jpg'>";
        let set = "<img src='/wp/bread-150x150.jpg' srcset='/wp/bread-150x150.jpg 150w'>";
        for thumb in [thumb, set] {
            check(&format!("<a href='/wp/bread.jpg'>{thumb}</a>"), big);
        }
        check(&format!("<a href='/wp/milk.jpg'>{thumb}</a>"), small);
        check(&format!("<a href='/wp/bread/'>{thumb}</a>"), small);
        check(&format!("<a href='/File:bread.jpg'>{thumb}</a>"), small);
        check(&format!("<a href='/wp/bread.jpg'>{thumb} words</a>"), small);
        check(
            "<a href='/wp/bread.jpg'><img srcset='/wp/bread-1024x768.jpg 1024w'></a>",
            Some("https://n.example/wp/bread-1024x768.jpg"),
        );
    }

    #[test]
    fn a_small_picture_is_the_large_one_that_the_page_names() {
        let big = Some("https://n.example/wp/bread.jpg");
        for html in [
            "<img src=/wp/bread-150x150.jpg data-medium-file=/wp/bread-300x200.jpg data-large-file=/wp/bread.jpg>",
            "<img src=/wp/bread-150x150.jpg srcset='/wp/bread-150x150.jpg 150w' data-orig-file=/wp/bread.jpg>",
            "<img src=/v1/w_147,blur_2/bread.jpg data-pin-media=/wp/bread.jpg>",
            "<a href=/wp/bread.jpg><img src=/wp/thumbs/thumbs_bread.jpg></a>",
            "<img src=data:, nitro-lazy-src=/wp/bread.jpg>",
            "<img src=data:, nitro-lazy-srcset='/wp/b.jpg 300w, /wp/bread.jpg 1200w' nitro-lazy-src=/wp/b.jpg>",
        ] {
            check(html, big);
        }
        check(
            "<img src=/wp/bread-150x150.jpg data-pin-media=/pins/ten-breads.jpg>",
            Some("https://n.example/wp/bread-150x150.jpg"),
        );
    }

    #[test]
    fn a_contact_is_an_address_and_nothing_more() {
        let mail = |text: &str| Some(Contact::Mail(text.into()));
        let call = |text: &str| Some(Contact::Telephone(text.into()));
        for (link, expected) in [
            ("mailto:news@n.example", mail("mailto:news@n.example")),
            (
                "MAILTO:news@n.example?bcc=spy@e.org&body=x",
                mail("mailto:news@n.example"),
            ),
            ("tel:+375 (29) 123-45-67", call("+375291234567")),
            ("tel:112", call("112")),
            ("mailto:", None),
            ("mailto:a@n.example,b@n.example", None),
            ("mailto:a%0Abcc:b@n.example", None),
            ("mailto:a@localhost", None),
            ("tel:*#06#", None),
            ("tel:1", None),
            ("tel:+375;ext=1", None),
            ("sms:+375291234567", None),
            ("javascript:a@n.example", None),
        ] {
            assert_eq!(contact(link), expected, "{link}");
        }
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
    fn several_pictures_have_several_keys() {
        let key = |path: &str| key(&Url::parse(&format!("https://n.example{path}")).unwrap());
        for (one, other) in [
            ("/t1.jpg", "/t2.jpg"),
            ("/wp-content/t1.jpg", "/wp-content/t2.jpg"),
            ("/march_p1.jpg", "/march_p2.jpg"),
            ("/s.jpg", "/large.jpg"),
            ("/20261126/p101.jpg", "/20261126/p102.jpg"),
            ("/court_a101.jpg", "/court_a102.jpg"),
        ] {
            assert_ne!(key(one), key(other), "{one}");
        }
        assert_eq!(key("/t1-150x150.jpg"), key("/t1.jpg"));
    }

    #[test]
    fn pictures_of_one_name_in_two_folders_are_two() {
        let are_one = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| Url::parse(text).unwrap());
            are_one(&one, &other)
        };
        for (one, other) in [
            (
                "https://n.example/ivanov/photo.jpg",
                "https://n.example/petrov/photo.jpg",
            ),
            (
                "https://n.example/2026/10/photo.jpg",
                "https://n.example/2026/11/photo.jpg",
            ),
            ("https://n.example/1.jpg", "https://n.example/b/1.jpg"),
        ] {
            assert!(!are_one(one, other), "{one}");
        }
        for (one, other) in [
            (
                "https://n.example/a/photo-w640.jpg",
                "https://n.example/a/photo-w1280.webp",
            ),
            (
                "https://n.example/640/a/photo.jpg",
                "https://n.example/1280/a/photo.jpg",
            ),
            (
                "https://n.example/large/a/photo.jpg",
                "https://n.example/thumbs/a/photo.jpg",
            ),
            (
                "https://i0.wp.example/n.example/up/photo.jpg?w=9",
                "https://n.example/up/photo.jpg",
            ),
            (
                "https://n.example/a/river-20261120.jpg",
                "https://n.example/b/river-20261120.jpg",
            ),
        ] {
            assert!(are_one(one, other), "{one}");
        }
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
