use url::Url;

use super::super::{Extracted, extract_finished, extract_page};

const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
    The ministry promises to solve the problem by the end of the month, as it did before.";

/// As a feed tells it; what stands before the text is the lead picture.
fn read(html: &str) -> Extracted {
    let base = Url::parse("https://n.example/a/1.html").unwrap();
    extract_finished(&format!("<p>{PROSE}</p>{html}<p>{PROSE}</p>"), None, &base).unwrap()
}

/// As a page of a newsroom shows it.
fn read_page(html: &str) -> Extracted {
    let url = Url::parse("https://n.example/a/1.html").unwrap();
    let page = format!(
        "<meta property=og:type content=article><title>The court</title><article><p>{PROSE}</p>{html}<p>{PROSE}</p></article>"
    );
    extract_page(page.as_bytes(), &url).unwrap()
}

fn pictures(article: &Extracted) -> Vec<(&str, Option<&str>)> {
    let pictures = article.pictures.iter();
    pictures
        .map(|figure| {
            let name = figure.src.path().trim_start_matches('/');
            (name, figure.caption.as_deref())
        })
        .collect()
}

fn check(html: &str, expected: &[(&str, Option<&str>)]) {
    for article in [read(html), read_page(html)] {
        assert_eq!(pictures(&article), expected, "{html}");
    }
}

const TRAM: (&str, Option<&str>) = ("tram.jpg", Some("Tram cap"));
const BRIDGE: (&str, Option<&str>) = ("bridge.jpg", Some("Bridge cap"));

fn framed(name: &str, caption: &str) -> String {
    format!(
        "<figure class=wp-block-image><img src=/{name}><figcaption>{caption}</figcaption></figure>"
    )
}

#[test]
fn each_picture_of_a_gallery_keeps_its_own_caption() {
    let (bridge, tram) = (
        framed("bridge.jpg", "Bridge cap"),
        framed("tram.jpg", "Tram cap"),
    );
    let gallery =
        |inner: &str| format!("<figure class='wp-block-gallery columns-2'>{inner}</figure>");
    check(&gallery(&format!("{bridge}{tram}")), &[BRIDGE, TRAM]);
    let listed = format!("<ul class=blocks-gallery-grid><li>{bridge}</li><li>{tram}</li></ul>");
    check(&gallery(&listed), &[BRIDGE, TRAM]);
    assert!(!read(&gallery(&listed)).html.contains("<li>"));
    let bare = "<figure><img src=/tram.jpg></figure>";
    check(
        &gallery(&format!("{bridge}{bare}")),
        &[BRIDGE, ("tram.jpg", None)],
    );
}

#[test]
fn what_is_said_of_a_whole_gallery_is_said_of_no_picture() {
    let html = "<figure class=wp-block-gallery><figure><img src=/bridge.jpg></figure><figure><img src=/tram.jpg></figure>\
        <figcaption>Both by <a href=/olga>Olga</a></figcaption></figure>";
    check(html, &[("bridge.jpg", None), ("tram.jpg", None)]);
    let told = "<p><small>Both by <a href=\"https://n.example/olga\">Olga</a></small></p>";
    assert!(read(html).html.contains(told));
}

#[test]
fn a_classic_gallery_keeps_its_captions_apart() {
    let item = |name: &str, caption: &str| {
        format!(
            "<dl class=gallery-item><dt class=gallery-icon><a href=/{name}><img src=/{name}></a></dt>\
             <dd class='wp-caption-text gallery-caption'>{caption}</dd></dl>"
        )
    };
    let (bridge, tram) = (
        item("bridge.jpg", "Bridge cap"),
        item("tram.jpg", "Tram cap"),
    );
    check(
        &format!("<div class=gallery>{bridge}{tram}<br></div>"),
        &[BRIDGE, TRAM],
    );
}

#[test]
fn captions_in_one_frame_belong_to_the_pictures_they_stand_with() {
    let (bridge, tram) = ("<img src=/bridge.jpg>", "<img src=/tram.jpg>");
    let (of_bridge, of_tram) = (
        "<figcaption>Bridge cap</figcaption>",
        "<figcaption>Tram cap</figcaption>",
    );
    let frame = |inner: &[&str]| format!("<figure>{}</figure>", inner.concat());
    check(&frame(&[bridge, of_bridge, tram, of_tram]), &[BRIDGE, TRAM]);
    check(&frame(&[of_bridge, bridge, of_tram, tram]), &[BRIDGE, TRAM]);
    check(
        &frame(&[bridge, of_bridge, tram]),
        &[BRIDGE, ("tram.jpg", None)],
    );
    check(
        &frame(&[bridge, tram, of_tram]),
        &[("bridge.jpg", None), TRAM],
    );
}

#[test]
fn of_two_captions_of_one_picture_the_first_is_told() {
    let credit = "<figcaption>Photo: Olga</figcaption>";
    let (cap, img) = (
        "<figcaption>Bridge cap</figcaption>",
        "<img src=/bridge.jpg>",
    );
    let frames = [[cap, img, credit], [img, cap, credit]].map(|parts| parts.concat());
    for frame in frames.map(|inner| format!("<figure>{inner}</figure>")) {
        assert_eq!(pictures(&read_page(&frame)), [BRIDGE]);
        // An editor who calls it finished means both.
        let both = ("bridge.jpg", Some("Bridge cap Photo: Olga"));
        assert_eq!(pictures(&read(&frame)), [both]);
    }
}

#[test]
fn a_document_that_an_article_links_is_no_other_article() {
    let link = "<a href=/verdict.pdf>The verdict</a>";
    let kept = "<a href=\"https://n.example/verdict.pdf\">The verdict</a>";
    holds(&format!("<p>{link}</p>"), kept);
    // On a page Readability drops a box of links, whatever they lead to.
    let file = format!("<div class=wp-block-file>{link} <a href=/verdict.pdf>Download</a></div>");
    assert!(read(&file).html.contains(kept));
}

#[test]
fn a_late_picture_and_its_copy_are_one() {
    check(
        "<p><img class=lazy src=/blank.gif><noscript><img src=/bridge.jpg></noscript></p>",
        &[("bridge.jpg", None)],
    );
    check(
        "<figure><img src=/placeholder.png><noscript><img src=/bridge.jpg></noscript><figcaption>Bridge cap</figcaption></figure>",
        &[BRIDGE],
    );
    check(
        "<p><img src=/bridge.jpg><noscript><img src=/count.gif width=1></noscript></p>",
        &[("bridge.jpg", None)],
    );
}

#[test]
fn a_caption_that_says_what_the_picture_shows_says_it_once() {
    let alt = |alt: &str| {
        let html = format!(
            "<figure><img src=/a.jpg alt='{alt}'><figcaption>The bridge.</figcaption></figure>"
        );
        read(&html).html.contains("alt=\"\"")
    };
    assert!(alt("The bridge") && alt(""));
    assert!(!alt("A bridge of stone"));
}

fn holds(html: &str, expected: &str) {
    for article in [read(html), read_page(html)] {
        assert!(article.html.contains(expected), "{html}: {}", article.html);
    }
}

#[test]
fn what_is_played_elsewhere_is_a_link_that_says_what_it_is() {
    let film = "<iframe src='https://www.youtube.com/embed/abc' title='Interview with the captain'></iframe>";
    let link = "▶ <a href=\"https://www.youtube.com/watch?v=abc\">";
    let named = format!("<p>{link}Interview with the captain (youtube.com)</a></p>\n");
    let caption = "<figcaption>He spoke on Monday</figcaption>";
    holds(film, &named);
    holds(
        &format!("<figure>{film}{caption}</figure>"),
        &format!("{named}<p><small>He spoke on Monday</small></p>\n"),
    );
    let unnamed = film.replace("Interview with the captain", "YouTube video player");
    holds(
        &format!("<figure>{unnamed}{caption}</figure>"),
        &format!("{link}He spoke on Monday (youtube.com)</a></p>"),
    );
    holds(&unnamed, &format!("{link}youtube.com</a></p>"));
}

#[test]
fn no_host_is_named_to_which_no_reader_can_go() {
    let base = Url::parse("http://folder.invalid/b/page.html").unwrap();
    let frames = "<iframe src='./page_files/saved_resource.html'></iframe>\
        <iframe src='http://cms.corp/film' title='Interview with the captain'></iframe>";
    let html = format!("<p>{PROSE}</p>{frames}<p>{PROSE}</p>");
    let html = extract_finished(&html, None, &base).unwrap().html;
    let named = "<p>▶ <a href=\"http://cms.corp/film\">Interview with the captain</a></p>";
    assert!(html.contains(named), "{html}");
    assert_eq!(html.matches('▶').count(), 1, "{html}");
}

#[test]
fn nothing_that_is_played_vanishes() {
    let link = |to: &str| format!("▶ <a href=\"{to}\">");
    for (html, to) in [
        ("<video src=/a.mp4></video>", "https://n.example/a.mp4"),
        (
            "<figure class=wp-block-audio><audio controls src=/a.mp3></audio></figure>",
            "https://n.example/a.mp3",
        ),
        (
            "<script async src='https://telegram.org/js/telegram-widget.js?22' data-telegram-post='news/12'></script>",
            "https://t.me/news/12",
        ),
        (
            "<div class=fb-post data-href='https://www.facebook.com/n/posts/1'></div>",
            "https://www.facebook.com/n/posts/1",
        ),
        (
            "<blockquote class=instagram-media data-instgrm-permalink='https://www.instagram.com/p/a/?x=1'></blockquote>",
            "https://www.instagram.com/p/a/",
        ),
        (
            "<lite-youtube videoid=abc></lite-youtube>",
            "https://www.youtube.com/watch?v=abc",
        ),
        (
            "<figure class=wp-block-embed><div class=wp-block-embed__wrapper>\nhttps://youtu.be/abc\n</div></figure>",
            "https://youtu.be/abc",
        ),
        (
            "<object data=/verdict.pdf type=application/pdf><p>No viewer</p></object>",
            "https://n.example/verdict.pdf",
        ),
    ] {
        holds(html, &link(to));
    }
    let video =
        "<figure><video src=/a.mp4></video><figcaption>The ferry at work</figcaption></figure>";
    holds(
        video,
        &format!(
            "{}The ferry at work (n.example)</a>",
            link("https://n.example/a.mp4")
        ),
    );
}

#[test]
fn a_telegram_post_is_found_in_a_page_that_is_cut_down_too() {
    let page = format!(
        "<meta property=article:published_time content=2026-11-20><title>The court</title><article><p>{PROSE}</p>\
         <script async data-telegram-post='news/12'>a()</script><p>{PROSE}</p></article>"
    );
    let url = Url::parse("https://n.example/a/1.html").unwrap();
    let html = extract_page(page.as_bytes(), &url).unwrap().html;
    assert!(html.contains("https://t.me/news/12"), "{html}");
}

#[test]
fn a_film_is_shown_by_its_picture_and_a_link() {
    let html = "<figure><video poster=/bridge.jpg><source src=/a.mp4></video><figcaption>Bridge cap</figcaption></figure>";
    check(html, &[BRIDGE]);
    holds(html, "▶ <a href=\"https://n.example/a.mp4\">n.example</a>");
}

#[test]
fn a_late_frame_and_its_copy_are_one_link() {
    let film = "<iframe src='https://www.youtube.com/embed/abc'></iframe>";
    let html = format!(
        "<figure><iframe data-src='https://www.youtube.com/embed/abc'></iframe><noscript>{film}</noscript></figure>"
    );
    assert_eq!(read(&html).html.matches('▶').count(), 1);
}

#[test]
fn figures_stand_under_their_headings() {
    let table = "<table><tr><th rowspan=2>Year</th><th colspan=2>Ferries</th></tr><tr><td>new</td><td colspan=9999>old</td></tr></table>";
    holds(
        table,
        "<tr><th rowspan=\"2\">Year</th><th colspan=\"2\">Ferries</th></tr><tr><td>new</td><td>old</td></tr>",
    );
    let one_year = "<table><tr><td rowspan=3>2025</td><td>7</td></tr><tr><td>8</td></tr><tr><td>9</td></tr></table>";
    holds(one_year, "<td rowspan=\"3\">2025</td>");
    holds(
        "<ol start=4><li>Fourth</li><li>Fifth</li></ol>",
        "<ol start=\"4\"><li>Fourth</li>",
    );
    holds(
        "<ol start=-4><li>First</li><li>Second</li></ol>",
        "<ol><li>First</li>",
    );
}

#[test]
fn a_table_and_a_quotation_keep_what_is_said_below_them() {
    let table = "<table><tr><td>2025</td><td>7</td></tr><tr><td>2026</td><td>8</td></tr></table>";
    let framed = |inner: &str| {
        format!(
            "<figure class=wp-block-table>{inner}<figcaption>Source: council</figcaption></figure>"
        )
    };
    let told = "\n<p><small>Source: council</small></p>";
    holds(&framed(table), &format!("</table>{told}"));
    holds(
        &framed("<blockquote><p>The engine is old but reliable.</p></blockquote>"),
        &format!("</blockquote>{told}"),
    );
}

#[test]
fn parts_in_another_language_say_so() {
    let fa = "قنات کهن پس از دو سال دوباره پرآب شد";
    let ru = "Паром вернулся на реку после ремонта";
    holds(
        &format!("<p dir=rtl lang=fa>{fa}</p>"),
        "<p lang=\"fa\" dir=\"rtl\">",
    );
    holds(
        &format!("<blockquote lang=ru><p>{ru}</p></blockquote>"),
        "<blockquote><p lang=\"ru\">",
    );
    holds(
        &format!("<ul><li lang=ru>{ru}</li><li>The ferry</li></ul>"),
        "<ul><li lang=\"ru\">",
    );
    // What a program that texts were pasted from thought of them.
    holds(&format!("<p lang=en-US>{ru}</p>"), &format!("<p>{ru}</p>"));
    holds(
        &format!("<p lang='\"x' dir=up>{ru}</p>"),
        &format!("<p>{ru}</p>"),
    );
    let table = format!(
        "<table lang=ru><tr><td>{ru}</td><td lang=fa>{fa}</td></tr><tr><td>1</td><td>2</td></tr></table>"
    );
    holds(
        &table,
        &format!("<table lang=\"ru\"><tr><td>{ru}</td><td lang=\"fa\">{fa}</td>"),
    );
}

#[test]
fn what_is_true_of_the_whole_article_is_not_said_of_its_parts() {
    let fa = "قنات کهن پس از دو سال دوباره پرآب شد و مردم شهر جشن گرفتند. ".repeat(5);
    let base = Url::parse("https://n.example/a/1.html").unwrap();
    let html = format!("<p dir=rtl lang=fa>{fa}</p><p dir=rtl lang=fa>{fa} دو</p>");
    let article = extract_finished(&html, None, &base).unwrap();
    assert_eq!(article.lang.as_deref(), Some("fa"));
    assert!(
        !article.html.contains("lang=") && !article.html.contains("dir="),
        "{}",
        article.html
    );
    // Nor where only the letters tell which way it is written.
    let html = format!("<p dir=rtl>{fa}</p><p dir=ltr>The ferry</p>");
    let article = extract_finished(&html, None, &base).unwrap();
    assert!(!article.html.contains("dir=\"rtl\""), "{}", article.html);
    assert!(article.html.contains("<p dir=\"ltr\">The ferry</p>"));
}

#[test]
fn what_runs_another_way_than_its_line_is_told_apart() {
    let fa = "قنات کهن پس از دو سال دوباره پرآب شد و مردم شهر جشن گرفتند. ".repeat(5);
    let base = Url::parse("https://n.example/a/1.html").unwrap();
    let check = |marked: &str, expected: &str| {
        let html = format!("<p>{fa}</p><p>تلفن: {marked} (دفتر)</p>");
        let article = extract_finished(&html, None, &base).unwrap();
        let expected = format!("تلفن: {expected} (دفتر)");
        assert!(article.html.contains(&expected), "{}", article.html);
    };
    let number = "+98 21 1234 5678";
    let apart = format!("<bdi dir=\"ltr\">{number}</bdi>");
    check(&format!("<span dir=ltr>{number}</span>"), &apart);
    check(&format!("<bdo dir=LTR>{number}</bdo>"), &apart);
    check(
        &format!("<bdi>{number}</bdi>"),
        &format!("<bdi>{number}</bdi>"),
    );
    check(
        &format!("<b dir=ltr>{number}</b>"),
        &format!("<bdi dir=\"ltr\"><strong>{number}</strong></bdi>"),
    );
    // What programs write for nothing.
    check("<span dir=rtl>یک</span> <span dir=ltr></span>", "یک");
    let html = format!("<p>{fa}</p><pre dir=ltr>{number}</pre>");
    let article = extract_finished(&html, None, &base).unwrap();
    let expected = format!("<pre dir=\"ltr\">{number}</pre>");
    assert!(article.html.contains(&expected), "{}", article.html);
}

#[test]
fn how_to_reach_somebody_is_told() {
    holds(
        "<p>Call <a href='tel:+375-29-1234567'>the captain</a> or <a href='tel:+375291234568'>+375 29 123 45 68</a> \
         or <a href='mailto:news@n.example?subject=x'>write to us</a> about it.</p>",
        "Call the captain (+375291234567) or +375 29 123 45 68 or <a href=\"mailto:news@n.example\">write to us</a> about it.",
    );
}

#[test]
fn an_empty_box_that_names_its_background_is_a_picture() {
    let filled = "<div class=t-bgimg data-original=/tram.jpg style='background-image:url(/20x/tram.jpg)'></div>";
    check(filled, &[("tram.jpg", None)]);
    check(
        "<div data-original=/tram.jpg><p>The trams stand still tonight.</p></div>",
        &[],
    );
    check("<div data-original=/tram></div>", &[]);
}
