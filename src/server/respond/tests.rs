use http::Request;
use proptest::prelude::*;

use super::*;
use crate::base::Digest;

const PAGE: &[u8] =
    b"<!doctype html><title>Rika</title><p>water water water water water water water water water";
const LOREM: &[u8] = b"{\"signed\":{\"signed\":{\"signed\":{\"signed\":{}}}}}";

/// Does not shrink, and is longer than one stored block.
fn picture() -> Vec<u8> {
    (0..3000u64)
        .flat_map(|n| *Digest::of(&n.to_be_bytes()).as_bytes())
        .collect()
}

fn catalogue() -> Catalogue {
    catalogue::simulated::catalogue(
        7,
        &[
            (".colport/metadata/3.root.json", LOREM),
            (".colport/metadata/timestamp.json", LOREM),
            ("index.html", PAGE),
            ("be/index.html", PAGE),
            ("be/feed.xml", PAGE),
            ("be/навіны/index.html", PAGE),
            ("be/1.webp", &picture()),
            ("be/empty.txt", b""),
            ("assets/drawing.svg", PAGE),
        ],
    )
}

fn ask_of(
    catalogue: &Catalogue,
    method: &str,
    path: &str,
    lines: &[(&str, &str)],
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !lines.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "mirror.example");
    }
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).expect("a request").into_parts();
    let pages = NotFoundPages::new(&["en", "be"], |tag| format!("nothing here ({tag})").into());
    respond(catalogue, &pages, &head, Allowed::default())
}

fn ask(method: &str, path: &str, lines: &[(&str, &str)]) -> Response<Body> {
    ask_of(&catalogue(), method, path, lines)
}

fn read(answer: Response<Body>) -> Vec<u8> {
    match answer.into_body() {
        Body::Empty => Vec::new(),
        Body::Whole(bytes) => bytes.into(),
        Body::Runs(runs) => runs.into_iter().flatten().collect(),
    }
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    let mut values = answer.headers().get_all(name).iter();
    let value = values.next().map_or("", |v| v.to_str().expect("text"));
    assert!(values.next().is_none(), "`{name}` stands there twice");
    value
}

#[test]
fn of_a_picture_that_is_left_out_the_small_one_is_shown() {
    let light = catalogue::simulated::catalogue(
        7,
        &[
            ("be/1s.webp", b"small"),
            ("be/2.webp", b"full"),
            ("be/2s.webp", b"small"),
        ],
    );
    let check = |path: &str, status: u16, content: &[u8]| {
        let answer = ask_of(&light, "GET", path, &[]);
        assert_eq!(answer.status(), status, "{path}");
        if status == 200 {
            assert_eq!(header(&answer, "content-type"), "image/webp");
            assert_eq!(read(answer), content, "{path}");
        }
    };
    check("/be/1.webp", 200, b"small");
    check("/be/2.webp", 200, b"full");
    check("/be/3.webp", 404, b"");
    check("/be/1", 404, b"");
}

#[test]
fn each_path_has_its_answer() {
    let check = |path: &str, status: u16, location: &str| {
        let answer = ask("GET", path, &[]);
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(header(&answer, "location"), location, "{path}");
    };
    check("/", 200, "");
    check("/index.html", 200, "");
    check("/be/", 200, "");
    check("/be", 308, "be/");
    check("/be?page=2", 308, "be/");
    check("/be/index.html?x", 200, "");
    check("/%62e/index.html", 200, "");
    check("/be/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D1%8B/", 200, "");
    check(
        "/be/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D1%8B",
        308,
        "%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D1%8B/",
    );
    check("http://mirror.example/be/", 200, "");
    check("/.colport/metadata/timestamp.json", 200, "");
    check("/.colport/metadata/3.root.json", 200, "");
    check("/.colport/bundle/7.tar.gz", 200, "");
    check("/.colport/bundle/6.tar.gz", 404, "");
    check("/.colport/bundle/6-7.tar.gz", 404, "");
    check("/.colport/metadata/4.root.json", 404, "");
    check("/.colport/", 404, "");
    check("/.colport", 404, "");
    check("/assets/", 404, "");
    check("/assets", 404, "");
    check("/index.html/", 404, "");
    check("//", 404, "");
    check("//be/", 404, "");
    check("/be//", 404, "");
    check("/./index.html", 404, "");
    check("/be/../index.html", 404, "");
    check("/%2e%2e/%2e%2e/etc/passwd", 404, "");
    check("/be%2Findex.html", 404, "");
    check("/INDEX.html", 404, "");
    check("/%ff", 400, "");
    check("/%", 400, "");
}

#[test]
fn each_kind_of_file_says_what_it_is() {
    let check = |path: &str, content_type: &str, cache: &str, policy: &str| {
        let answer = ask("GET", path, &[]);
        assert_eq!(header(&answer, "content-type"), content_type, "{path}");
        assert!(header(&answer, "cache-control").contains(cache), "{path}");
        assert!(
            header(&answer, "content-security-policy").starts_with(policy),
            "{path}"
        );
        assert_eq!(
            policy.is_empty(),
            header(&answer, "referrer-policy").is_empty(),
            "{path}"
        );
        assert_eq!(
            header(&answer, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(header(&answer, "accept-ranges"), "bytes", "{path}");
        assert_eq!(header(&answer, "server"), "", "{path}");
    };
    check("/", "text/html; charset=utf-8", "max-age=120", &PAGE_POLICY);
    check(
        "/be/feed.xml",
        "application/xml; charset=utf-8",
        "max-age=120",
        DRAWING_POLICY,
    );
    check(
        "/assets/drawing.svg",
        "image/svg+xml",
        "max-age=86400",
        DRAWING_POLICY,
    );
    check("/be/1.webp", "image/webp", "max-age=2592000", "");
    check(
        "/.colport/metadata/timestamp.json",
        "application/json",
        "no-cache",
        "",
    );
    check(
        "/.colport/metadata/3.root.json",
        "application/json",
        "immutable",
        "",
    );
    check(
        "/.colport/bundle/7.tar.gz",
        "application/gzip",
        "immutable",
        "",
    );
}

#[test]
fn text_goes_out_as_it_lies_in_the_bundle_or_unpacked() {
    let plain = ask("GET", "/", &[]);
    let packed = ask("GET", "/", &[("accept-encoding", "gzip")]);
    for answer in [&plain, &packed] {
        assert_eq!(header(answer, "vary"), "Accept-Encoding");
    }
    assert_ne!(header(&plain, "etag"), header(&packed, "etag"));
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_eq!(read(plain), PAGE);
    assert_eq!(
        crate::bundle::unpack(&read(packed), PAGE.len() as u64).as_deref(),
        Ok(PAGE)
    );
}

#[test]
fn what_does_not_shrink_goes_out_plain_whatever_is_accepted() {
    for accepted in ["gzip", "gzip, identity;q=0", "", "identity"] {
        let answer = ask("GET", "/be/1.webp", &[("accept-encoding", accepted)]);
        assert_eq!(header(&answer, "content-encoding"), "", "{accepted}");
        assert_eq!(header(&answer, "vary"), "", "{accepted}");
        assert_eq!(read(answer), picture(), "{accepted}");
    }
    let bundle = ask(
        "GET",
        "/.colport/bundle/7.tar.gz",
        &[("accept-encoding", "gzip")],
    );
    assert_eq!(header(&bundle, "content-encoding"), "");
    assert_eq!(read(bundle).get(..2), Some(&[0x1f, 0x8b][..]));
}

#[test]
fn an_empty_file_is_a_file() {
    let answer = ask("GET", "/be/empty.txt", &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(read(answer), b"");
}

#[test]
fn a_second_visit_costs_no_bytes() {
    for (path, accepted) in [("/", "gzip"), ("/", "identity"), ("/be/1.webp", "gzip")] {
        let first = ask("GET", path, &[("accept-encoding", accepted)]);
        let tag = header(&first, "etag").to_owned();
        assert!(tag.starts_with('"'), "{tag} is strong");
        for method in ["GET", "HEAD"] {
            let lines = [("accept-encoding", accepted), ("if-none-match", &tag)];
            let second = ask(method, path, &lines);
            assert_eq!(second.status(), 304, "{path}");
            for name in ["etag", "vary", "cache-control"] {
                assert_eq!(header(&second, name), header(&first, name), "{path}");
            }
            assert_eq!(header(&second, "content-length"), "", "{path}");
            assert_eq!(second.body(), &Body::Empty, "{path}");
        }
    }
}

#[test]
fn the_tag_of_one_form_is_not_the_tag_of_the_other() {
    let packed = ask("GET", "/", &[("accept-encoding", "gzip")]);
    let lines = [("if-none-match", header(&packed, "etag"))];
    assert_eq!(ask("GET", "/", &lines).status(), 200);
}

#[test]
fn another_version_than_the_one_asked_for_is_refused() {
    let check = |lines: &[(&str, &str)], status: u16| {
        assert_eq!(ask("GET", "/", lines).status(), status, "{lines:?}");
    };
    let answer = ask("GET", "/", &[]);
    let tag = header(&answer, "etag");
    check(&[("if-match", tag)], 200);
    check(&[("if-match", "*")], 200);
    check(&[("if-match", "\"other\"")], 412);
    check(&[("if-match", "\"other\""), ("if-none-match", tag)], 412);
    // Without a `Last-Modified` of ours a date says nothing.
    check(
        &[("if-modified-since", "Fri, 31 Dec 2099 23:59:59 GMT")],
        200,
    );
    check(
        &[("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")],
        200,
    );
}

#[test]
fn parts_are_cut_out_of_the_form_that_was_chosen() {
    let bundle = read(ask("GET", "/.colport/bundle/7.tar.gz", &[]));
    let check = |path: &str, accepted: &str, whole: &[u8], range: &str, from: usize, to: usize| {
        let answer = ask(
            "GET",
            path,
            &[("accept-encoding", accepted), ("range", range)],
        );
        assert_eq!(answer.status(), 206, "{path} {range}");
        let expected = format!("bytes {from}-{}/{}", to - 1, whole.len());
        assert_eq!(header(&answer, "content-range"), expected, "{path} {range}");
        assert_eq!(answer.body().length(), (to - from) as u64, "{path} {range}");
        assert_eq!(read(answer), &whole[from..to], "{path} {range}");
    };
    let picture = picture();
    let end = picture.len();
    check("/be/1.webp", "gzip", &picture, "bytes=0-0", 0, 1);
    check(
        "/be/1.webp",
        "gzip",
        &picture,
        "bytes=65530-65540",
        65530,
        65541,
    );
    check(
        "/be/1.webp",
        "gzip",
        &picture,
        "bytes=-70000",
        end - 70000,
        end,
    );
    check("/", "identity", PAGE, "bytes=10-", 10, PAGE.len());
    check("/", "gzip", PAGE, "bytes=10-19", 10, 20);
    check(
        "/.colport/bundle/7.tar.gz",
        "gzip",
        &bundle,
        "bytes=100-",
        100,
        bundle.len(),
    );
}

#[test]
fn a_part_of_the_gzip_form_goes_only_to_who_holds_the_rest_of_it() {
    let gzip = ("accept-encoding", "gzip");
    let whole = ask("GET", "/", &[gzip]);
    let tag = header(&whole, "etag").to_owned();
    let packed = read(whole);
    let lines = [gzip, ("range", "bytes=10-19"), ("if-range", &tag)];
    let part = ask("GET", "/", &lines);
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "etag"), tag);
    assert_eq!(header(&part, "content-encoding"), "gzip");
    assert_eq!(read(part), packed[10..20]);
    let plain = ask("GET", "/", &[gzip, ("range", "bytes=10-19")]);
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_ne!(header(&plain, "etag"), tag);
}

#[test]
fn ranges_that_cannot_be_are_told_so_and_odd_ones_passed_over() {
    let check = |method: &str, lines: &[(&str, &str)], status: u16, content_range: &str| {
        let answer = ask(method, "/be/1.webp", lines);
        assert_eq!(answer.status(), status, "{lines:?}");
        assert_eq!(header(&answer, "content-range"), content_range, "{lines:?}");
    };
    check("GET", &[("range", "bytes=96000-")], 416, "bytes */96000");
    check("GET", &[("range", "bytes=-0")], 416, "bytes */96000");
    check("GET", &[("range", "bytes=0-1,3-4")], 200, "");
    check("GET", &[("range", "seconds=1-2")], 200, "");
    check(
        "GET",
        &[("range", "bytes=0-1"), ("if-range", "\"old\"")],
        200,
        "",
    );
    check("HEAD", &[("range", "bytes=0-1")], 200, "");
    check("HEAD", &[("range", "bytes=96000-")], 200, "");
}

#[test]
fn head_is_get_without_the_bytes() {
    for path in [
        "/",
        "/be",
        "/be/1.webp",
        "/nothing",
        "/%",
        "/.colport/bundle/7.tar.gz",
    ] {
        for accepted in ["gzip", "identity"] {
            let get = ask("GET", path, &[("accept-encoding", accepted)]);
            let head = ask("HEAD", path, &[("accept-encoding", accepted)]);
            assert_eq!(head.status(), get.status(), "{path}");
            assert_eq!(head.body(), &Body::Empty, "{path}");
            assert_eq!(
                header(&head, "content-length"),
                get.body().length().to_string(),
                "{path}"
            );
            let mut rest = head.headers().clone();
            rest.remove(CONTENT_LENGTH);
            assert_eq!(&rest, get.headers(), "{path}");
        }
    }
}

#[test]
fn nothing_can_be_changed() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = ask(method, "/", &[]);
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(header(&answer, "allow"), "GET, HEAD", "{method}");
    }
    let answer = ask("GET", INTAKE, &[]);
    assert_eq!(answer.status(), 405);
    assert_eq!(header(&answer, "allow"), "POST");
}

#[test]
fn heads_that_can_be_read_in_two_ways_close_the_connection() {
    let check = |method: &str, lines: &[(&str, &str)]| {
        let answer = ask(method, "/", lines);
        assert_eq!(answer.status(), 400, "{lines:?}");
        assert_eq!(header(&answer, "connection"), "close", "{lines:?}");
    };
    check("GET", &[("host", "a"), ("host", "b")]);
    check("HEAD", &[("host", "a"), ("host", "a")]);
    check("GET", &[("content-length", "5")]);
    check("GET", &[("transfer-encoding", "chunked")]);
    check("HEAD", &[("transfer-encoding", "chunked")]);
    assert_eq!(ask("GET", "/", &[("content-length", "0")]).status(), 200);
}

#[test]
fn who_keeps_what_was_unpacked_for_him_keeps_nobody_else_out() {
    let large = vec![b'a'; 5 << 20];
    let catalogue = catalogue::simulated::catalogue(1, &[("large.txt", &large)]);
    let request = Request::get("/large.txt").header("host", "mirror.example");
    let (head, ()) = request.body(()).expect("a request").into_parts();
    let pages = NotFoundPages::default();
    let ask = |who| {
        let allowed = Allowed {
            who,
            ..Allowed::default()
        };
        respond(&catalogue, &pages, &head, allowed)
    };
    let kept: Vec<_> = (0..20).map(|_| ask(Some(1))).collect();
    let sent = kept.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(sent, 1);
    assert_eq!(kept[1].status(), 503);
    assert_eq!(ask(Some(2)).status(), 200);
    assert_eq!(ask(None).status(), 200);
    drop(kept);
    assert_eq!(ask(Some(1)).status(), 200);
}

#[test]
fn old_clients_need_no_host() {
    let (mut head, ()) = Request::get("/").body(()).expect("a request").into_parts();
    let status = |head: &Parts| {
        respond(
            &catalogue(),
            &NotFoundPages::default(),
            head,
            Allowed::default(),
        )
        .status()
    };
    assert_eq!(status(&head), 400);
    head.version = Version::HTTP_10;
    assert_eq!(status(&head), 200);
}

#[test]
fn nothing_here_is_said_in_the_reader_s_language() {
    let check = |language: &str, expected: &str| {
        let answer = ask("GET", "/no", &[("accept-language", language)]);
        assert_eq!(answer.status(), 404);
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(
            header(&answer, "content-security-policy"),
            PAGE_POLICY.as_str()
        );
        assert_eq!(header(&answer, "vary"), "Accept-Language");
        assert_eq!(read(answer), expected.as_bytes(), "{language}");
    };
    check("be-BY, ru;q=0.8", "nothing here (be)");
    check("de", "nothing here (en)");
}

#[test]
fn a_mirror_without_an_edition_asks_for_patience() {
    let answer = ask_of(&Catalogue::default(), "GET", "/", &[]);
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "retry-after"), "30");
    assert_eq!(header(&answer, "cache-control"), "no-store");
}

#[test]
fn a_mirror_without_an_edition_says_that_it_has_no_metadata() {
    let path = "/.colport/metadata/timestamp.json";
    let answer = ask_of(&Catalogue::default(), "GET", path, &[]);
    assert_eq!(answer.status(), 404);
}

#[test]
fn another_edition_is_another_bundle() {
    let one = |content: &[u8]| {
        let catalogue = catalogue::simulated::catalogue(7, &[("index.html", content)]);
        let answer = ask_of(&catalogue, "GET", "/.colport/bundle/7.tar.gz", &[]);
        header(&answer, "etag").to_owned()
    };
    assert_ne!(one(b"one"), one(b"two"));
    assert_eq!(one(b"one"), one(b"one"));
}

proptest! {
    #[test]
    fn no_head_makes_it_panic_or_lie_about_length(
        path in "/[ -~]{0,40}",
        range in "(bytes=)?[0-9,-]{0,12}",
        encoding in "[a-z*;=0-9.,]{0,20}",
        tags in "[\"a-zW/,* ]{0,20}",
    ) {
        let lines = [
            ("range", range.as_str()),
            ("accept-encoding", encoding.as_str()),
            ("accept-language", encoding.as_str()),
            ("if-none-match", tags.as_str()),
            ("if-range", tags.as_str()),
        ];
        for path in [path.as_str(), "/", "/be/1.webp"] {
            if path.parse::<http::Uri>().is_err() {
                continue;
            }
            let answer = ask("GET", path, &lines);
            let length = answer.body().length();
            let range = header(&answer, "content-range").to_owned();
            prop_assert_eq!(read(answer).len() as u64, length);
            if let Some((first, rest)) = range.strip_prefix("bytes ").and_then(|r| r.split_once('-')) {
                let last = rest.split('/').next().unwrap_or_default();
                let (first, last): (u64, u64) = (first.parse().expect("a number"), last.parse().expect("a number"));
                prop_assert_eq!(last - first + 1, length);
            }
        }
    }
}

#[test]
fn a_brief_answer_says_what_the_long_one_says() {
    let small = &picture()[..5000];
    let catalogue = catalogue::simulated::catalogue(
        7,
        &[
            (".colport/metadata/3.root.json", LOREM),
            ("index.html", PAGE),
            ("be/index.html", PAGE),
            ("be/feed.xml", PAGE),
            ("be/1.webp", small),
            ("be/2.webp", &picture()),
            ("be/empty.txt", b""),
            ("be/strange", PAGE),
        ],
    );
    let paths = [
        "",
        "index.html",
        "be/",
        "be",
        "be/feed.xml",
        "be/1.webp",
        "be/2.webp",
        "be/empty.txt",
        "be/strange",
        "nothing",
        ".colport/metadata/3.root.json",
        ".colport/bundle/7.tar.gz",
    ];
    let accepted = [
        None,
        Some("gzip"),
        Some("gzip;q=0"),
        Some("br"),
        Some("br, gzip;q=0.5"),
    ];
    let sorted = |fields: Vec<u8>| {
        let text = String::from_utf8(fields).expect("ASCII");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let mut given = Vec::new();
    for (path, accepts) in paths
        .iter()
        .flat_map(|path| accepted.map(|one| (*path, one)))
    {
        let Some(brief) = brief(&catalogue, path, accepts) else {
            continue;
        };
        given.push((path, accepts));
        let lines: Vec<_> = accepts
            .map(|one| ("accept-encoding", one))
            .into_iter()
            .collect();
        let long = ask_of(&catalogue, "GET", &format!("/{path}"), &lines);
        assert_eq!(long.status(), 200, "{path} {accepts:?}");
        let mut fields = Vec::new();
        crate::server::head::spell(&mut fields, long.headers());
        let mut briefly = brief.fields.to_vec();
        briefly.extend_from_slice(b"etag: ");
        briefly.extend_from_slice(brief.tag.as_bytes());
        assert_eq!(sorted(briefly), sorted(fields), "{path} {accepts:?}");
        assert_eq!(brief.body.bytes(), read(long), "{path} {accepts:?}");
    }
    for common in [
        ("", Some("gzip")),
        ("be/", Some("br, gzip;q=0.5")),
        ("be/1.webp", None),
    ] {
        assert!(given.contains(&common), "{common:?}");
    }
    for not in [
        ("", None),
        ("be", Some("gzip")),
        ("nothing", None),
        ("be/2.webp", None),
    ] {
        assert!(!given.contains(&not), "{not:?}");
    }
}
