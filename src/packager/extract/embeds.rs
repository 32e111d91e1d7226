//! What a page plays from another host. Readers of a mirror would betray themselves to it, so they get a link.

use dom_query::NodeRef;
use url::Url;

use super::addresses;
use super::block::Embed;
use super::words;

/// The page where people can see what a frame, a player, a widget or an AMP element shows; `None` if it is no content.
pub fn of(node: &NodeRef, base: &Url) -> Option<Embed> {
    let attr = |name: &str| node.attr(name).filter(|value| !value.trim().is_empty());
    let absolute = |name: &str| addresses::absolute(&attr(name)?, base);
    let first = |names: &[&str]| names.iter().find_map(|name| attr(name));
    let url = match node.node_name().as_deref()? {
        "amp-youtube" | "lite-youtube" | "youtube-video" => {
            watch(&first(&["data-videoid", "videoid", "video-id"])?)?
        }
        "lite-vimeo" => page_at("https://vimeo.com/", &attr("videoid")?)?,
        "amp-twitter" => page_at("https://x.com/i/status/", &attr("data-tweetid")?)?,
        "amp-instagram" => page_at("https://www.instagram.com/p/", &attr("data-shortcode")?)?,
        "amp-facebook" => absolute("data-href")?,
        "script" => page_at("https://t.me/", &attr("data-telegram-post")?)?,
        "blockquote" => unmarked(absolute("data-instgrm-permalink").or_else(|| absolute("cite"))?),
        "div" => absolute("data-href").filter(|_| is_facebook(node))?,
        "video" | "amp-video" | "audio" => of_player(node, base)?,
        "object" => return of_object(node, base),
        name if is_named(name) => {
            let src = ["src", "data-src", "data-lazy-src", "data-litespeed-src"];
            let url = of_address(src.iter().find_map(|name| absolute(name))?)?;
            match node.has_class(POST) {
                true => of_post(url),
                false => url,
            }
        }
        _ => return None,
    };
    let title = first(&["title", "aria-label", "playlabel", "data-title"]);
    Some(Embed {
        title: title
            .map(|title| words::squeezed(&title))
            .filter(|title| tells(title)),
        ..of_url(url)
    })
}

/// How WordPress calls the two parts by which it shows one article in another: its link, and a frame.
const POST: &str = "wp-embedded-content";

/// Whether it is a frame to what the link before it leads to as well.
pub fn is_quoted(node: &NodeRef) -> bool {
    let link = node.prev_element_sibling();
    node.has_class(POST)
        && link.is_some_and(|link| link.has_name("blockquote") && link.has_class(POST))
}

/// The article itself, of the address under which it is shown in others.
fn of_post(url: Url) -> Url {
    let mut post = unmarked(url);
    if let Some(path) = post.path().trim_end_matches('/').strip_suffix("/embed") {
        let path = format!("{path}/");
        post.set_path(&path);
    }
    post
}

/// Elements that are nothing else.
pub fn is_named(name: &str) -> bool {
    matches!(
        name,
        "iframe"
            | "embed"
            | "object"
            | "audio"
            | "lite-youtube"
            | "lite-vimeo"
            | "youtube-video"
            | "amp-youtube"
            | "amp-twitter"
            | "amp-instagram"
            | "amp-facebook"
            | "amp-iframe"
    )
}

/// Where the address itself stands in a text, and a system would put a frame in its place.
pub fn of_text(text: &str, base: &Url) -> Option<Embed> {
    let is_address = text.starts_with("http") && !text.contains(char::is_whitespace);
    let url = addresses::absolute(text, base).filter(|_| is_address)?;
    Some(of_url(of_address(url)?))
}

fn of_url(url: Url) -> Embed {
    Embed {
        url,
        title: None,
        caption: None,
    }
}

/// What all films of a house are called is the name of none.
fn tells(title: &str) -> bool {
    const NAMES_OF_ALL: &[&str] = &[
        "youtube video player",
        "video player",
        "player",
        "video",
        "audio",
        "embed",
        "embedded content",
        "embedded video",
        "iframe",
        "untitled",
        "spotify embed",
    ];
    (1..=200).contains(&words::weight(title))
        && !NAMES_OF_ALL.contains(&title.to_lowercase().as_str())
}

/// `what` comes from a page, and is nothing but letters, numbers and what parts them.
fn page_at(place: &str, what: &str) -> Option<Url> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    let what = what.trim();
    let end = if place.ends_with("/p/") { "/" } else { "" };
    let address = format!("{place}{what}{end}");
    what.chars()
        .all(is_plain)
        .then(|| Url::parse(&address).ok())?
}

/// Without what only tells from where it was followed.
fn unmarked(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// An empty box that a script would fill.
pub fn is_box(node: &NodeRef) -> bool {
    node.has_name("blockquote") || is_facebook(node)
}

fn is_facebook(node: &NodeRef) -> bool {
    node.has_class("fb-post") || node.has_class("fb-video")
}

/// The film or the sound itself.
fn of_player(node: &NodeRef, base: &Url) -> Option<Url> {
    let sources = node.descendants_it();
    let sources = sources.filter(|below| below.has_name("source"));
    let mut all = [*node].into_iter().chain(sources);
    all.find_map(|node| {
        let src = ["src", "data-src"]
            .into_iter()
            .find_map(|name| node.attr(name));
        addresses::absolute(&src?, base)
    })
}

/// A document; or what stands in an `object` for browsers that could not show it.
fn of_object(node: &NodeRef, base: &Url) -> Option<Embed> {
    let data = node.attr("data");
    let url = data.and_then(|data| addresses::absolute(&data, base));
    let is_document = |url: &Url| {
        let ends = url.path().to_ascii_lowercase().ends_with(".pdf");
        ends || node.attr_or("type", "").trim() == "application/pdf"
    };
    if let Some(url) = url.filter(is_document) {
        let name = node.attr("title").or_else(|| node.attr("aria-label"));
        let name = name.map(|name| words::squeezed(&name));
        return Some(Embed {
            title: name.filter(|name| tells(name)),
            ..of_url(url)
        });
    }
    let mut below = node.descendants_it();
    let frame = below.find(|below| below.has_name("iframe") || below.has_name("embed"))?;
    of(&frame, base)
}

fn watch(video: &str) -> Option<Url> {
    let mut url = Url::parse("https://www.youtube.com/watch").ok()?;
    url.query_pairs_mut().append_pair("v", video);
    Some(url)
}

fn of_address(url: Url) -> Option<Url> {
    let host = url.host_str()?.to_ascii_lowercase();
    let host = host.trim_start_matches("www.");
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.next_back());
    let foreign = [
        "googletagmanager",
        "doubleclick",
        "google.com/recaptcha",
        "adform",
        "criteo",
        "facebook.com/plugins/like",
        "facebook.com/plugins/page",
    ];
    let whole = format!("{host}{}", url.path());
    let is_sold = |name: &str| name == "ads" || name.starts_with("ads-") || name == "adserver";
    if foreign.iter().any(|part| whole.contains(part)) || whole.split(['.', '/']).any(is_sold) {
        return None;
    }
    match host {
        "youtube.com" | "youtube-nocookie.com" if url.path().starts_with("/embed/") => watch(last?),
        "player.vimeo.com" => Url::parse(&format!("https://vimeo.com/{}", last?)).ok(),
        "facebook.com" if url.path().starts_with("/plugins/") => {
            let mut asked = url.query_pairs();
            let shown = asked.find(|(name, _)| name == "href");
            shown.and_then(|(_, href)| addresses::absolute(&href, &url))
        }
        "t.me" => Some(unmarked(url)),
        _ => Some(url),
    }
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;

    fn found(html: &str) -> Option<Embed> {
        let doc = Document::from(html);
        let base = Url::parse("https://n.example/a").unwrap();
        let body = doc.body().unwrap();
        let first = body.first_element_child();
        // The parser puts some into the head.
        let first = first.or_else(|| doc.select("script").nodes().first().copied());
        of(&first?, &base)
    }

    fn check(html: &str, expected: Option<&str>) {
        let found = found(html);
        let url = found.as_ref().map(|embed| embed.url.as_str());
        assert_eq!(url, expected, "{html}");
    }

    #[test]
    fn films_become_links_to_their_pages() {
        let page = Some("https://www.youtube.com/watch?v=abc");
        check(
            "<iframe src='https://www.youtube.com/embed/abc?rel=0'></iframe>",
            page,
        );
        check(
            "<iframe data-src='//www.youtube-nocookie.com/embed/abc'></iframe>",
            page,
        );
        check("<amp-youtube data-videoid=abc></amp-youtube>", page);
        check(
            "<iframe src='https://player.vimeo.com/video/7'></iframe>",
            Some("https://vimeo.com/7"),
        );
    }

    #[test]
    fn players_and_widgets_become_links_too() {
        for (html, expected) in [
            (
                "<video src=/uploads/a.mp4></video>",
                "https://n.example/uploads/a.mp4",
            ),
            (
                "<video><source src=/a.webm></video>",
                "https://n.example/a.webm",
            ),
            ("<audio src=/a.mp3></audio>", "https://n.example/a.mp3"),
            (
                "<script async data-telegram-post='news/123'></script>",
                "https://t.me/news/123",
            ),
            (
                "<iframe src='https://t.me/news/123?embed=1'></iframe>",
                "https://t.me/news/123",
            ),
            (
                "<div class='fb-post' data-href='https://www.facebook.com/news/posts/1'></div>",
                "https://www.facebook.com/news/posts/1",
            ),
            (
                "<iframe src='https://www.facebook.com/plugins/post.php?href=https%3A%2F%2Fwww.facebook.com%2Fn%2Fposts%2F1&width=500'></iframe>",
                "https://www.facebook.com/n/posts/1",
            ),
            (
                "<blockquote class=instagram-media data-instgrm-permalink='https://www.instagram.com/p/a/?utm_source=x'></blockquote>",
                "https://www.instagram.com/p/a/",
            ),
            (
                "<lite-youtube videoid=abc></lite-youtube>",
                "https://www.youtube.com/watch?v=abc",
            ),
            (
                "<object data=/verdict.pdf type=application/pdf></object>",
                "https://n.example/verdict.pdf",
            ),
            (
                "<object data=a.swf><embed src='https://www.youtube.com/embed/abc'></object>",
                "https://www.youtube.com/watch?v=abc",
            ),
            (
                "<iframe src='https://www.threads.net/t/1/embed'></iframe>",
                "https://www.threads.net/t/1/embed",
            ),
        ] {
            check(html, Some(expected));
        }
    }

    #[test]
    fn a_frame_is_called_what_the_page_calls_it() {
        let title = |title: &str| {
            let html = format!("<iframe src='https://youtu.be/a' title='{title}'></iframe>");
            found(&html).and_then(|embed| embed.title)
        };
        let own = "Interview with the captain";
        assert_eq!(title(own).as_deref(), Some(own));
        assert_eq!(title("YouTube video player"), None);
        assert_eq!(title(""), None);
    }

    #[test]
    fn counters_become_nothing() {
        check(
            "<iframe src='https://www.googletagmanager.com/ns.html?id=1'></iframe>",
            None,
        );
        for nothing in [
            "<iframe src='about:blank'></iframe>",
            "<iframe src='https://ads.example.org/uploads/1'></iframe>",
            "<script data-telegram-post='../x?y'></script>",
            "<div data-href='https://www.facebook.com/n'></div>",
            "<object data=a.swf></object>",
            "<video src='blob:https://n.example/1'></video>",
        ] {
            check(nothing, None);
        }
        check("<iframe></iframe>", None);
    }
}
