//! What a page plays from another host. Readers of a mirror would betray themselves to it, so they get a link.

use dom_query::NodeRef;
use url::Url;

use super::addresses;
use super::block::Embed;

/// The page where people can see what the frame or AMP element shows; `None` if it is no content.
pub fn of(node: &NodeRef, base: &Url) -> Option<Embed> {
    let attr = |name: &str| node.attr(name).filter(|value| !value.trim().is_empty());
    let url = match node.node_name().as_deref()? {
        "amp-youtube" => watch(&attr("data-videoid")?)?,
        "amp-twitter" => {
            Url::parse(&format!("https://x.com/i/status/{}", attr("data-tweetid")?)).ok()?
        }
        "amp-instagram" => Url::parse(&format!(
            "https://www.instagram.com/p/{}/",
            attr("data-shortcode")?
        ))
        .ok()?,
        "amp-facebook" => addresses::absolute(&attr("data-href")?, base)?,
        _ => {
            let src = ["src", "data-src", "data-lazy-src", "data-litespeed-src"];
            let address = src
                .iter()
                .find_map(|name| addresses::absolute(&attr(name)?, base));
            of_frame(address?)?
        }
    };
    let label = url.host_str()?.trim_start_matches("www.").to_owned();
    Some(Embed { url, label })
}

/// The page's own recording, that nobody can play from a mirror.
pub fn of_film(node: &NodeRef, base: &Url) -> Option<Embed> {
    let sources = node.element_children();
    let mut nodes = [*node].into_iter().chain(sources);
    let url = nodes.find_map(|node| addresses::absolute(&node.attr("src")?, base))?;
    let label = url.host_str()?.trim_start_matches("www.").to_owned();
    Some(Embed { url, label })
}

fn watch(video: &str) -> Option<Url> {
    let mut url = Url::parse("https://www.youtube.com/watch").ok()?;
    url.query_pairs_mut().append_pair("v", video);
    Some(url)
}

fn of_frame(url: Url) -> Option<Url> {
    let host = url.host_str()?.to_ascii_lowercase();
    let host = host.trim_start_matches("www.");
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.next_back());
    let foreign = [
        "googletagmanager",
        "doubleclick",
        "google.com/recaptcha",
        "ads",
        "adform",
        "criteo",
        "facebook.com/plugins/like",
        "facebook.com/plugins/page",
    ];
    let whole = format!("{host}{}", url.path());
    if foreign.iter().any(|part| whole.contains(part)) {
        return None;
    }
    match host {
        "youtube.com" | "youtube-nocookie.com" if url.path().starts_with("/embed/") => watch(last?),
        "player.vimeo.com" => Url::parse(&format!("https://vimeo.com/{}", last?)).ok(),
        _ => Some(url),
    }
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;

    fn check(html: &str, expected: Option<&str>) {
        let doc = Document::from(html);
        let base = Url::parse("https://n.example/a").unwrap();
        let found = doc
            .select("iframe, amp-youtube")
            .nodes()
            .first()
            .and_then(|node| of(node, &base));
        assert_eq!(found.as_ref().map(|embed| embed.url.as_str()), expected);
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
    fn counters_become_nothing() {
        check(
            "<iframe src='https://www.googletagmanager.com/ns.html?id=1'></iframe>",
            None,
        );
        check("<iframe src='about:blank'></iframe>", None);
        check("<iframe></iframe>", None);
    }
}
