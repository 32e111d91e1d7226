//! What a page plays from another host. Readers of a mirror would betray themselves to it, so they get a link.

use dom_query::NodeRef;
use url::Url;

use super::addresses;
use super::block::Embed;
use super::hidden;
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
        "amp-vimeo" | "lite-vimeo" => {
            page_at("https://vimeo.com/", &first(&["data-videoid", "videoid"])?)?
        }
        "amp-dailymotion" => page_at(DAILYMOTION, &attr("data-videoid")?)?,
        "amp-soundcloud" => track(&attr("data-trackid")?)?,
        "amp-vk" => page_at(
            VK,
            &format!("{}_{}", attr("data-owner-id")?, attr("data-post-id")?),
        )?,
        "amp-twitter" => page_at("https://x.com/i/status/", &attr("data-tweetid")?)?,
        "amp-instagram" => page_at("https://www.instagram.com/p/", &attr("data-shortcode")?)?,
        "amp-facebook" => absolute("data-href")?,
        "script" => page_at("https://t.me/", &attr("data-telegram-post")?)?,
        "blockquote" => {
            let names = ["data-instgrm-permalink", "data-text-post-permalink", "cite"];
            let post = names.iter().find_map(|name| absolute(name));
            match post {
                Some(post) => unmarked(post),
                None => of_post(absolute("data-embed-url")?),
            }
        }
        "div" if is_facebook(node) => absolute("data-href")?,
        "div" => of_box(node)?,
        "video" | "amp-video" | "audio" | "amp-audio" => of_player(node, base)?,
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
    let title = first(&["title", "aria-label", "playlabel", "data-title", "data-alt"]);
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
            | "amp-audio"
            | "amp-vimeo"
            | "amp-dailymotion"
            | "amp-soundcloud"
            | "amp-vk"
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

const DAILYMOTION: &str = "https://www.dailymotion.com/video/";

const VK: &str = "https://vk.com/wall";

/// Soundcloud's number of it.
fn track(number: &str) -> Option<Url> {
    let track = page_at("https://api.soundcloud.com/tracks/", number)?;
    let mut url = Url::parse("https://w.soundcloud.com/player/").ok()?;
    url.query_pairs_mut().append_pair("url", track.as_str());
    Some(url)
}

/// An empty box that a script would fill.
pub fn is_box(node: &NodeRef) -> bool {
    node.has_name("blockquote") || is_facebook(node) || is_named_box(node)
}

/// One that names a player. There may be words on its button.
pub fn is_named_box(node: &NodeRef) -> bool {
    node.has_name("div") && of_box(node).is_some()
}

/// What a box says that a script shall show in it, each script in its own way.
fn of_box(node: &NodeRef) -> Option<Url> {
    let attr = |name: &str| node.attr(name).filter(|value| !value.trim().is_empty());
    if let Some(post) = attr("id").and_then(|id| id.strip_prefix("vk_post_").map(str::to_owned)) {
        return page_at(VK, &post);
    }
    if node.has_class("infogram-embed") {
        return page_at("https://infogram.com/", &attr("data-id")?);
    }
    if node.has_class("rll-youtube-player") {
        return watch(&attr("data-id")?);
    }
    if node.has_class("elementor-widget-video") {
        return of_settings(&attr("data-settings")?);
    }
    let (provider, film) = (attr("data-plyr-provider")?, attr("data-plyr-embed-id")?);
    match &*provider {
        _ if film.contains("://") => of_address(Url::parse(&film).ok()?),
        "youtube" => watch(&film),
        "vimeo" => page_at("https://vimeo.com/", &film),
        _ => None,
    }
}

/// As Elementor writes them: JSON.
fn of_settings(settings: &str) -> Option<Url> {
    let settings: serde_json::Value = serde_json::from_str(settings).ok()?;
    let films = ["youtube_url", "vimeo_url", "dailymotion_url"];
    let files = ["hosted_url", "external_url"];
    let film = films.iter().find_map(|name| settings.get(name)?.as_str());
    let file = || {
        let files = files
            .iter()
            .map(|name| settings.get(name)?.get("url")?.as_str());
        files.flatten().next()
    };
    let url = Url::parse(film.or_else(file)?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| of_address(url))?
}

/// Whether a frame shows anything: counters have no size.
pub fn is_seen(frame: &NodeRef) -> bool {
    let is_flat = |name: &&str| matches!(frame.attr_or(name, "").trim(), "0" | "1" | "0px" | "1px");
    let style = frame.attr_or("style", "");
    !["width", "height"].iter().any(is_flat) && !hidden::by_style(frame, &style)
}

/// The film that a link around its picture leads to.
pub fn of_link(link: &NodeRef, base: &Url) -> Option<Embed> {
    const HOUSES: &[&str] = &["youtube.com", "youtu.be", "vimeo.com", "dailymotion.com"];
    let url = addresses::absolute(&link.attr("href")?, base)?;
    let is_film = HOUSES.iter().any(|host| addresses::is_of_host(&url, host));
    is_film.then(|| of_url(url))
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
                "<blockquote class=mastodon-embed data-embed-url='https://m.example/@river/1/embed'></blockquote>",
                "https://m.example/@river/1/",
            ),
            (
                "<blockquote data-text-post-permalink='https://www.threads.com/@river/post/D1?x'></blockquote>",
                "https://www.threads.com/@river/post/D1",
            ),
            (
                "<amp-audio src=/a.mp3></amp-audio>",
                "https://n.example/a.mp3",
            ),
            (
                "<amp-vimeo data-videoid=7></amp-vimeo>",
                "https://vimeo.com/7",
            ),
            (
                "<amp-dailymotion data-videoid=x2></amp-dailymotion>",
                "https://www.dailymotion.com/video/x2",
            ),
            (
                "<amp-soundcloud data-trackid=24></amp-soundcloud>",
                "https://w.soundcloud.com/player/?url=https%3A%2F%2Fapi.soundcloud.com%2Ftracks%2F24",
            ),
            (
                "<amp-vk data-owner-id=-1 data-post-id=4></amp-vk>",
                "https://vk.com/wall-1_4",
            ),
            ("<div id=vk_post_-1_2></div>", "https://vk.com/wall-1_2"),
            (
                "<div class=infogram-embed data-id=uuid-1></div>",
                "https://infogram.com/uuid-1",
            ),
            (
                "<div class=rll-youtube-player data-id=abc></div>",
                "https://www.youtube.com/watch?v=abc",
            ),
            (
                r#"<div class=elementor-widget-video data-settings='{"youtube_url":"https:\/\/youtu.be\/abc"}'></div>"#,
                "https://youtu.be/abc",
            ),
            (
                r#"<div class=elementor-widget-video data-settings='{"video_type":"hosted","hosted_url":{"url":"https://n.example/v.mp4"}}'></div>"#,
                "https://n.example/v.mp4",
            ),
            (
                "<div data-plyr-provider=youtube data-plyr-embed-id=abc></div>",
                "https://www.youtube.com/watch?v=abc",
            ),
            (
                "<div data-plyr-provider=vimeo data-plyr-embed-id='https://player.vimeo.com/video/7'></div>",
                "https://vimeo.com/7",
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
            "<div class=infogram-embed data-id='../x?y'></div>",
            "<div class=elementor-widget-video data-settings='{'></div>",
            "<div class=elementor-widget-video data-settings='{\"youtube_url\":\"javascript:x\"}'></div>",
            "<div data-plyr-provider=html5 data-plyr-embed-id=x></div>",
            "<video src='blob:https://n.example/1'></video>",
        ] {
            check(nothing, None);
        }
        check("<iframe></iframe>", None);
    }
}
