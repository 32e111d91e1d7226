//! What a file is, told by its name: media type, how long a copy may be kept, and what a browser may do with it.
//!
//! Nothing is guessed from content: `X-Content-Type-Options: nosniff` goes out with every answer, so what is said here
//! is what a browser acts upon, and an unknown extension is only ever downloaded.

use crate::base::SitePath;

/// How a browser treats a file, which decides the Content-Security-Policy that it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// A page of the site.
    Page,
    /// Opened by itself it is a document too (SVG, XML), but never one that needs a script.
    Drawing,
    /// No document.
    Data,
}

/// How long a copy may be used without asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Ask each time: `timestamp.json` is how everybody learns of a new edition.
    Revalidate,
    /// Pages and feeds change with an edition.
    Minutes,
    /// Styles, scripts and fonts keep their names.
    Day,
    /// A picture under a name stays that picture, nearly always.
    Month,
    /// The version is part of the name.
    Forever,
}

impl Lifetime {
    /// A `Cache-Control` value (RFC 9111 section 5.2). `no-transform`: a proxy that "optimises" a file makes it look forged.
    pub(crate) const fn cache_control(self) -> &'static str {
        match self {
            Self::Revalidate => "no-cache, no-transform",
            // Stale is better than nothing on the day that a mirror is blocked (RFC 5861 section 4).
            Self::Minutes => "max-age=120, stale-if-error=604800, no-transform",
            Self::Day => "max-age=86400, stale-if-error=604800, no-transform",
            Self::Month => "max-age=2592000, no-transform",
            Self::Forever => "max-age=31536000, immutable, no-transform",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) content_type: &'static str,
    pub(crate) rendering: Rendering,
    pub(crate) lifetime: Lifetime,
}

const fn kind(content_type: &'static str, rendering: Rendering, lifetime: Lifetime) -> Kind {
    Kind {
        content_type,
        rendering,
        lifetime,
    }
}

static TIMESTAMP: Kind = kind("application/json", Rendering::Data, Lifetime::Revalidate);
static VERSIONED_METADATA: Kind = kind("application/json", Rendering::Data, Lifetime::Forever);
pub(crate) static BUNDLE: Kind = kind("application/gzip", Rendering::Data, Lifetime::Forever);
/// Of the newest edition, under a name that stays.
static LATEST: Kind = kind("application/gzip", Rendering::Data, Lifetime::Minutes);
static DENSE: Kind = kind("application/zstd", Rendering::Data, Lifetime::Forever);
/// Of a channel's mirrors: addresses change at any time.
static LIST: Kind = kind("application/json", Rendering::Data, Lifetime::Revalidate);
static UNKNOWN: Kind = kind("application/octet-stream", Rendering::Data, Lifetime::Day);

/// By extension in lower case. Text is UTF-8, always: the packager writes nothing else.
static KINDS: &[(&str, Kind)] = {
    use Lifetime::{Day, Minutes, Month};
    use Rendering::{Data, Drawing, Page};
    &[
        ("html", kind("text/html; charset=utf-8", Page, Minutes)),
        ("htm", kind("text/html; charset=utf-8", Page, Minutes)),
        (
            "xhtml",
            kind("application/xhtml+xml; charset=utf-8", Page, Minutes),
        ),
        (
            "xml",
            kind("application/xml; charset=utf-8", Drawing, Minutes),
        ),
        (
            "rss",
            kind("application/rss+xml; charset=utf-8", Drawing, Minutes),
        ),
        (
            "atom",
            kind("application/atom+xml; charset=utf-8", Drawing, Minutes),
        ),
        ("json", kind("application/json", Data, Minutes)),
        ("txt", kind("text/plain; charset=utf-8", Data, Minutes)),
        ("md", kind("text/markdown; charset=utf-8", Data, Minutes)),
        ("csv", kind("text/csv; charset=utf-8", Data, Minutes)),
        ("css", kind("text/css; charset=utf-8", Data, Day)),
        ("js", kind("text/javascript; charset=utf-8", Data, Day)),
        ("mjs", kind("text/javascript; charset=utf-8", Data, Day)),
        (
            "webmanifest",
            kind("application/manifest+json", Data, Minutes),
        ),
        ("wasm", kind("application/wasm", Data, Day)),
        ("woff", kind("font/woff", Data, Month)),
        ("woff2", kind("font/woff2", Data, Month)),
        ("ttf", kind("font/ttf", Data, Month)),
        ("svg", kind("image/svg+xml", Drawing, Day)),
        ("webp", kind("image/webp", Data, Month)),
        ("avif", kind("image/avif", Data, Month)),
        ("jpg", kind("image/jpeg", Data, Month)),
        ("jpeg", kind("image/jpeg", Data, Month)),
        ("png", kind("image/png", Data, Month)),
        ("gif", kind("image/gif", Data, Month)),
        ("ico", kind("image/x-icon", Data, Day)),
        ("mp3", kind("audio/mpeg", Data, Month)),
        ("m4a", kind("audio/mp4", Data, Month)),
        ("ogg", kind("audio/ogg", Data, Month)),
        ("opus", kind("audio/ogg", Data, Month)),
        ("mp4", kind("video/mp4", Data, Month)),
        ("webm", kind("video/webm", Data, Month)),
        ("pdf", kind("application/pdf", Data, Month)),
        ("epub", kind("application/epub+zip", Data, Day)),
        ("gz", kind("application/gzip", Data, Day)),
        ("zip", kind("application/zip", Data, Day)),
        ("zst", kind("application/zstd", Data, Day)),
    ]
};

/// Every one that something can be of.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    let named = KINDS.iter().map(|(_, kind)| kind);
    named.chain([
        &UNKNOWN,
        &TIMESTAMP,
        &VERSIONED_METADATA,
        &BUNDLE,
        &LATEST,
        &DENSE,
        &LIST,
    ])
}

/// The folder of metadata on a mirror.
pub(crate) const METADATA: &str = ".colport/metadata/";
const BUNDLES: &str = ".colport/bundle/";
const LISTS: &str = ".colport/lists/";

/// Of a file as it lies on a mirror; `None` if nothing of ours has such a path.
pub(crate) fn of_mirror_file(path: &str) -> Option<&'static Kind> {
    match (path.strip_prefix(METADATA), path.strip_prefix(BUNDLES)) {
        (Some("timestamp.json"), _) => Some(&TIMESTAMP),
        (Some(_), _) => Some(&VERSIONED_METADATA),
        (_, Some(name)) if name.ends_with(".zst") => Some(&DENSE),
        (_, Some(name)) if name.starts_with(|c: char| c.is_ascii_digit()) => Some(&BUNDLE),
        (_, Some(_)) => Some(&LATEST),
        _ if path.starts_with(LISTS) => Some(&LIST),
        _ => SitePath::parse(path)
            .ok()
            .map(|path| of_site_file(path.as_str())),
    }
}

/// Of a path that is one of the site's.
pub(crate) fn of_site_file(path: &str) -> &'static Kind {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let mut kinds = KINDS.iter();
    extension
        .and_then(|extension| kinds.find(|(name, _)| name.eq_ignore_ascii_case(extension)))
        .map_or(&UNKNOWN, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, content_type: &str, rendering: Rendering, lifetime: Lifetime) {
        let kind = of_site_file(path);
        assert_eq!(kind.content_type, content_type, "{path}");
        assert_eq!(
            (kind.rendering, kind.lifetime),
            (rendering, lifetime),
            "{path}"
        );
    }

    #[test]
    fn the_last_extension_decides_whatever_its_case() {
        use Lifetime::{Day, Minutes, Month};
        use Rendering::{Data, Drawing, Page};
        check("be/index.html", "text/html; charset=utf-8", Page, Minutes);
        check("a/1.WEBP", "image/webp", Data, Month);
        check("a.html/picture.svg", "image/svg+xml", Drawing, Day);
        check(
            "be/feed.xml",
            "application/xml; charset=utf-8",
            Drawing,
            Minutes,
        );
        check("a.html.gz", "application/gzip", Data, Day);
    }

    #[test]
    fn what_is_not_of_the_site_is_told_by_its_folder() {
        let check = |path: &str, content_type: &str, lifetime| {
            let kind = of_mirror_file(path).expect("a good path");
            assert_eq!((kind.content_type, kind.lifetime), (content_type, lifetime));
        };
        let metadata = |name| format!(".colport/metadata/{name}");
        let json = "application/json";
        check(&metadata("timestamp.json"), json, Lifetime::Revalidate);
        check(&metadata("7.snapshot.json"), json, Lifetime::Forever);
        let bundle = |name| format!(".colport/bundle/{name}");
        check(&bundle("7.tar.gz"), "application/gzip", Lifetime::Forever);
        check(&bundle("6-7.zst"), "application/zstd", Lifetime::Forever);
        check(
            &bundle("text.tar.gz"),
            "application/gzip",
            Lifetime::Minutes,
        );
        check("feed.json", json, Lifetime::Minutes);
    }

    #[test]
    fn what_is_unknown_is_never_shown() {
        check(
            "run.exe",
            "application/octet-stream",
            Rendering::Data,
            Lifetime::Day,
        );
        check(
            "html",
            "application/octet-stream",
            Rendering::Data,
            Lifetime::Day,
        );
    }

    #[test]
    fn only_names_that_hold_a_version_are_kept_for_ever() {
        assert!(
            VERSIONED_METADATA
                .lifetime
                .cache_control()
                .contains("immutable")
        );
        assert!(BUNDLE.lifetime.cache_control().contains("immutable"));
        assert!(TIMESTAMP.lifetime.cache_control().starts_with("no-cache"));
        assert!(
            KINDS
                .iter()
                .all(|(_, kind)| kind.lifetime != Lifetime::Forever)
        );
    }
}
