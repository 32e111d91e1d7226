use url::Url;

use super::super::{Figure, extract_page};
use super::*;

const APPEAL: &str = "Support us: 12 people did so.";

/// Some pages of a newsroom; of every `nth` the text is followed by an appeal and the newsroom's own picture.
fn pages(count: usize, nth: usize) -> Vec<(String, Extracted)> {
    let page = |number: usize| {
        let words = [
            "court", "river", "school", "bridge", "market", "forest", "museum",
        ];
        let word = format!("{}{}", words[number % 7], "x".repeat(number / 7));
        let prose = format!(
            "In the {word} several hundred people carrying flowers met on Monday evening. "
        )
        .repeat(3);
        let appeal = match number % nth {
            0 => format!("<img src=/appeal.jpg><p>{}</p>", APPEAL),
            _ => String::new(),
        };
        let html = format!(
            "<title>The {word}</title><meta property='article:published_time' content=2026-11-20>\
             <meta property='og:image' content=/logo.png><article><h1>The {word}</h1><p>{prose}</p>{appeal}<p>The {word}: {prose}</p></article>"
        );
        let url = Url::parse(&format!("https://n.example/{number}")).unwrap();
        (
            url.to_string(),
            extract_page(html.as_bytes(), &url).unwrap(),
        )
    };
    (0..count).map(page).collect()
}

fn cleared(mut pages: Vec<(String, Extracted)>) -> Vec<(String, Extracted)> {
    let counted = pages.iter().map(|(_, page)| {
        let lead = block_of_lead(page);
        blocks(page).into_iter().chain(lead).collect()
    });
    let counted: Vec<Box<[u64]>> = counted.collect();
    let names = pages.iter().map(|(name, _)| name.as_str());
    let familiar = Familiar::on(&sample(names.zip(counted)));
    for (_, page) in &mut pages {
        familiar.clear(page);
    }
    pages
}

fn sample<'a>(pages: impl Iterator<Item = (&'a str, Box<[u64]>)>) -> Sample {
    let mut sample = Sample::default();
    pages.for_each(|(name, blocks)| sample.add(name, blocks));
    sample
}

#[test]
fn what_stands_on_many_pages_is_left_out_and_nothing_else() {
    let before = pages(14, 2);
    assert!(before[0].1.html.contains("Support us") && before[0].1.html.contains("appeal.jpg"));
    for ((_, page), (_, before)) in cleared(before.clone()).iter().zip(&before) {
        assert!(!page.html.contains("Support us"));
        assert!(
            !page.html.contains("appeal.jpg") && page.pictures.is_empty() && page.lead.is_none()
        );
        let is_own = |line: &&str| !line.contains("Support") && !line.contains("appeal");
        let own: String = before.html.split_inclusive('\n').filter(is_own).collect();
        assert_eq!(page.html, own);
    }
}

#[test]
fn no_block_is_torn() {
    let key = |line| key(line, usize::MAX);
    let appeal = key("<p>Support <b>us</b></p>\n");
    assert!(appeal.is_some() && appeal == key("<h2>Support us</h2>"));
    for line in [
        "<blockquote><p>Support us</p>",
        "<pre>Support us",
        "Support us</pre>",
        "<ul><li>Support us</li></ul>",
        "</blockquote>",
        "",
    ] {
        assert_eq!(key(line), None, "{line}");
    }
}

#[test]
fn a_film_in_every_article_is_no_furniture() {
    let page = |number: usize| {
        let prose = format!(
            "In town {} several hundred people met. ",
            "x".repeat(number)
        );
        let html = format!(
            "<title>The {number}</title><meta property='article:published_time' content=2026-11-20>\
             <article><h1>The {number}</h1><p>{0}</p><iframe src='https://video.example/embed/{number}a'></iframe>\
             <p>{0}</p><p><a href='https://n.example/support'>Support our newsroom today</a></p><p>{0}</p></article>",
            prose.repeat(6)
        );
        let url = Url::parse(&format!("https://n.example/{number}")).unwrap();
        let page = extract_page(html.as_bytes(), &url).unwrap();
        (url.to_string(), page)
    };
    for (number, (_, page)) in cleared((0..12).map(page).collect()).iter().enumerate() {
        let film = format!("https://video.example/embed/{number}a");
        assert!(page.html.contains(&film), "{}", page.html);
        assert!(!page.html.contains("Support our"), "{}", page.html);
    }
}

#[test]
fn what_stands_on_few_pages_stays() {
    for (count, nth) in [(3, 1), (20, 7), (40, 8)] {
        let pages = cleared(pages(count, nth));
        assert!(pages[0].1.html.contains("Support us"), "{count} {nth}");
    }
}

/// Sixteen pages of one host. `lines` stand on the first `count` of them.
fn sixteen(lines: &str, count: usize) -> Vec<(String, Extracted)> {
    let mut pages = pages(16, 100);
    for (_, page) in pages.iter_mut().take(count) {
        page.html = format!("{}{lines}", page.html.repeat(2));
    }
    pages
}

#[test]
fn what_an_editor_may_have_written_again_stays_unless_half_of_the_pages_have_it() {
    let check = |lines: &str, least: usize| {
        for (count, stays) in [(least - 1, true), (least, false)] {
            let pages = cleared(sixteen(lines, count));
            assert_eq!(pages[0].1.html.contains(lines), stays, "{count} {lines}");
        }
    };
    check(
        "<p>Anna Ivanova was sentenced to nine years in prison in 2023 for a letter.</p>\n",
        8,
    );
    check(
        "<figure><img src=\"https://n.example/anna.jpg\" alt=\"\"><figcaption>Anna</figcaption></figure>\n",
        8,
    );
    check(
        "<p><a href=\"https://n.example/verdict.pdf\">The verdict</a></p>\n",
        8,
    );
    check(
        "<p>▶ <a href=\"https://films.example/anna\">films.example</a></p>\n",
        8,
    );
    check("<p>Follow us on Telegram</p>\n", 4);
    check(
        "<p><a href=\"https://n.example/help\">Support us</a></p>\n",
        4,
    );
}

#[test]
fn a_lead_picture_with_a_caption_or_in_the_text_stays_unless_half_of_the_pages_have_it() {
    let photo = |caption: Option<&str>| Figure {
        src: Url::parse("https://n.example/anna.jpg").unwrap(),
        spare: None,
        alt: String::new(),
        linked: None,
        caption: caption.map(str::to_owned),
    };
    for (caption, is_in_text, count, stays) in [
        (Some("Anna"), false, 7, true),
        (Some("Anna"), false, 8, false),
        (None, true, 7, true),
        (None, true, 8, false),
        (None, false, 3, true),
        (None, false, 4, false),
    ] {
        let mut pages = sixteen("", 0);
        for (_, page) in pages.iter_mut().take(count) {
            page.lead = Some(photo(caption));
            page.has_lead_in_text = is_in_text;
        }
        let lead = cleared(pages).remove(0).1.lead;
        assert_eq!(lead.is_some(), stays, "{caption:?} {count}");
    }
}

/// Twenty pages; on `count` of them these lines stand between two of their own paragraphs, or behind both.
fn victim(lines: &str, count: usize, is_in_midst: bool) -> String {
    let mut pages = pages(20, 100);
    for (_, page) in pages.iter_mut().skip(1).take(count) {
        let (head, rest) = page.html.split_once('\n').unwrap();
        page.html = match is_in_midst {
            true => format!("{head}\n{lines}{rest}"),
            false => format!("{head}\n{rest}{lines}"),
        };
    }
    cleared(pages).remove(1).1.html
}

#[test]
fn posts_that_repeat_lines_from_the_midst_of_an_article_take_none_from_it() {
    let lines = "<p>He says that none of it is true.</p>\n<p>Anna Ivanova, 43, teacher</p>\n";
    for (count, stays) in [(4, true), (9, true), (10, false)] {
        assert_eq!(victim(lines, count, true).contains(lines), stays, "{count}");
    }
    assert!(!victim(lines, 4, false).contains("Anna"));
    let link = "<p><a href=\"https://n.example/help\">Support us</a></p>\n";
    assert!(!victim(link, 4, true).contains("Support"));
}

#[test]
fn what_is_left_out_is_told_with_its_beginning() {
    let long = format!(
        "<p>Write &amp; <b>tell</b> us, {}.</p>\n",
        "dear ".repeat(40)
    );
    let photo = "<figure><img src=\"https://n.example/a.jpg?a=1&amp;b=2\" alt=\"\"></figure>\n";
    let mut pages = sixteen(&format!("{long}{photo}"), 16);
    let counted = pages
        .iter()
        .map(|(name, page)| (name.as_str(), blocks(page).into()));
    let familiar = Familiar::on(&sample(counted));
    pages[0].1.lead = None;
    let told = familiar.clear(&mut pages[0].1);
    let told: Vec<&str> = told.iter().map(|one| &*one.what).collect();
    let beginning = format!("Write & tell us, {}", "dear ".repeat(40));
    let beginning: String = beginning.chars().take(70).collect();
    assert_eq!(
        told,
        [&*format!("{beginning}…"), "https://n.example/a.jpg?a=1&b=2"]
    );
    assert!(familiar.clear(&mut pages[0].1).is_empty());
}

#[test]
fn the_order_of_pages_is_of_no_matter() {
    let forth = cleared(pages(30, 3));
    let mut back = pages(30, 3);
    back.reverse();
    let mut back = cleared(back);
    back.reverse();
    let html = |pages: &[(String, Extracted)]| {
        pages
            .iter()
            .map(|(_, page)| page.html.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(html(&forth), html(&back));
}

#[test]
fn an_article_that_is_told_on_many_pages_stays_whole() {
    let one = pages(1, 1).remove(0).1;
    let same: Vec<_> = (0..20)
        .map(|number| (number.to_string(), one.clone()))
        .collect();
    assert_eq!(cleared(same)[7].1.html, one.html);
}

#[test]
fn beyond_a_thousand_pages_a_sample_is_counted() {
    let one = pages(1, 1).remove(0).1;
    let many: Vec<_> = (0..1_500).map(|number| number.to_string()).collect();
    let one = &blocks(&one)[..];
    let forth = many.iter().map(|name| (name.as_str(), one.into()));
    let back = forth.clone().rev();
    let (forth, back) = (sample(forth), sample(back));
    let [forth, back] = [forth, back].map(|sample| Familiar::on(&sample));
    assert_eq!(forth.blocks, back.blocks);
    assert!(!forth.blocks.is_empty());
}

/// Twelve pages of which each says the same lines, but for `#`, which is another number on each. Gives what becomes of
/// the seventh.
fn seventh(lines: &str) -> String {
    let page = |number: usize| {
        let prose = format!("<p>{} met.</p>\n", "several hundred people ".repeat(12));
        let own = prose.replace("several", &"x".repeat(number + 1));
        let lines = lines.replace('#', &number.to_string());
        let page = Extracted {
            html: format!("{own}{lines}{}", own.replace("met", "spoke")),
            ..pages(1, 1).remove(0).1
        };
        (number.to_string(), page)
    };
    let mut cleared = cleared((0..12).map(page).collect());
    let html = cleared.remove(7).1.html;
    let inner = html
        .split_once('\n')
        .and_then(|(_, rest)| rest.rsplit_once("<p>"));
    inner.expect("a page of several lines").0.to_owned()
}

#[track_caller]
fn stays(lines: &str) {
    assert_eq!(seventh(lines), lines.replace('#', "7"));
}

#[track_caller]
fn goes(lines: &str) {
    assert_eq!(seventh(lines), "", "{lines}");
}

#[test]
fn the_same_words_about_another_thing_are_no_furniture() {
    stays("<p>The rate of the dollar on Monday: 41.#</p>\n");
    stays("<p>Listen: <a href=\"https://n.example/#.mp3\">the whole talk</a></p>\n");
    stays("<p>From <a href=\"https://e.example/watch?v=#\">the archive of the agency</a></p>\n");
    let film = "https://films.example/plugins/video.php?height=314&amp;href=https%3A%2F%2Ffilms.example%2F#";
    stays(&format!("<p>▶ <a href=\"{film}\">films.example</a></p>\n"));
    let ruling = "https://docs.example/viewer?url=https://court.example/#.pdf&amp;embedded=true";
    stays(&format!(
        "<p>Read <a href=\"{ruling}\">the ruling in full</a></p>\n"
    ));
    stays("<p>今日美元兑人民币中间价报#</p>\n");
    stays(
        "<figure><img src=\"https://n.example/#.jpg\" alt=\"\"><figcaption>Photo: agency</figcaption></figure>\n",
    );
    stays("<table><tr><th>Party</th><th>Votes</th></tr><tr><td>One</td><td>#</td></tr></table>\n");
    stays("<blockquote><p>Not one step back, they sang.</p>\n</blockquote>\n");
    stays("<ul><li>Support our newsroom</li></ul>\n");
}

#[test]
fn what_says_and_means_the_same_is_furniture() {
    goes("<p># comments</p>\n");
    goes("<p>#条评论</p>\n");
    goes("<p>Support our newsroom today</p>\n");
    goes(
        "<p>Help us: <a href=\"https://n.example/help?utm_source=#\">support the newsroom</a></p>\n",
    );
    goes(
        "<p>Tell <a href=\"https://share.example/?url=https://n.example/#\">your friends</a></p>\n",
    );
    goes("<figure><img src=\"https://n.example/logo.jpg\" alt=\"#\"></figure>\n");
}

#[test]
fn what_warns_readers_reaches_them_on_every_page() {
    stays(
        "<p>This newsroom was declared extremist. Do not share its articles inside the country.</p>\n",
    );
    stays("<p>Выданне прызнана экстрэмісцкім: не рабіце рэпостаў.</p>\n");
    stays("<p>Организация признана нежелательной.</p>\n");
    stays("<p>TEHLİKE: bu sayfayı paylaşmayın.</p>\n");
    stays("<p>AŞIRILIK SUÇLAMASI NEDENİYLE PAYLAŞMAYIN.</p>\n");
}

#[test]
fn a_heading_stays_with_what_it_heads() {
    stays(
        "<h2>What happened</h2>\n<p>It was number #, and nobody in the town had expected it.</p>\n",
    );
    goes("<h3>Support the newsroom</h3>\n<p>Every month thousands of people help us.</p>\n");
    goes(
        "<h2>More to read</h2>\n<h3>Support the newsroom</h3>\n<p>Thousands of people help us.</p>\n",
    );
}

#[test]
fn what_is_too_long_to_be_furniture_is_not_read_to_its_end() {
    let long = format!("<p>{}</p>", "support ".repeat(5));
    let number = key(&long, 35).expect("it has 35 letters");
    assert_eq!((length_of(number), key(&long, 34)), (35, None));
    assert_eq!(key(&long, usize::MAX), Some(number));
}
