//! What networks, mail programs and newsletters put around the links of others and append to them, to see who follows which.
//!
//! 1. An address that only leads on gives way to the one that it carries. Who stands between would learn where a reader
//!    goes, and some of them carry to whom the link was sent.
//! 2. What is appended to tell apart who passed a link on, and who followed it, is taken off. A name of one or two letters
//!    means something else elsewhere, so such a one counts on the hosts that append it.

use url::{Url, form_urlencoded};

use super::extract::is_of_host;

/// Where the address leads in the end, without what was appended on the way.
pub fn direct(url: &Url) -> Url {
    without_marks(&followed(url))
}

/// Where it leads in the end.
pub fn followed(url: &Url) -> Url {
    let mut url = url.clone();
    for _ in 0..DEEPEST {
        match carried(&url) {
            Some(next) => url = next,
            None => break,
        }
    }
    url
}

/// Of one within another.
const DEEPEST: usize = 5;

/// The address to which it only leads on.
fn carried(url: &Url) -> Option<Url> {
    let path = url.path().trim_end_matches('/');
    let leads_on =
        |(host, at): &(&str, &str)| (at.is_empty() || path == *at) && is_of_host(url, host);
    if !(LEAD_ON.iter().any(leads_on) || path == "/url" && is_google(url)) {
        return None;
    }
    url.query_pairs().find_map(|(_, value)| {
        let to = Url::parse(&value).ok()?;
        (matches!(to.scheme(), "http" | "https") && to.has_host()).then_some(to)
    })
}

/// It has a host in each country.
fn is_google(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.trim_start_matches("www.").starts_with("google.")
}

/// Hosts, and the path at which they lead on if they have others. Which of their parameters carries the address can be
/// seen by what stands in it.
const LEAD_ON: [(&str, &str); 35] = [
    // Mail programs and messengers.
    ("safelinks.protection.outlook.com", ""),
    ("safelinks.office365.us", ""),
    ("statics.teams.cdn.office.net", ""),
    ("linkprotect.cudasvc.com", "/url"),
    ("checklink.mail.ru", ""),
    ("click.mail.ru", "/redir"),
    ("sba.yandex.net", "/redirect"),
    ("l.messenger.com", ""),
    ("slack-redir.net", "/link"),
    ("t.me", "/iv"),
    // Networks.
    ("l.facebook.com", ""),
    ("lm.facebook.com", ""),
    ("facebook.com", "/l.php"),
    ("facebook.com", "/flx/warn"),
    ("l.instagram.com", ""),
    ("l.threads.com", ""),
    ("l.threads.net", ""),
    ("vk.com", "/away.php"),
    ("vk.ru", "/away.php"),
    ("away.vk.com", ""),
    ("ok.ru", "/dk"),
    ("youtube.com", "/redirect"),
    ("twitter.com", "/i/redirect"),
    ("x.com", "/i/redirect"),
    ("out.reddit.com", ""),
    ("linkedin.com", "/redir/redirect"),
    ("linkedin.com", "/safety/go"),
    ("t.umblr.com", "/redirect"),
    ("exit.sc", ""),
    ("gate.sc", ""),
    ("steamcommunity.com", "/linkfilter"),
    ("link.zhihu.com", ""),
    ("medium.com", "/r"),
    // Searching and keeping.
    ("duckduckgo.com", "/l"),
    ("getpocket.com", "/redirect"),
];

/// The same address without what tells where a reader came from, and from whom: whoever sees it at the other end could know
/// him by that.
pub fn without_marks(url: &Url) -> Url {
    let mut url = url.clone();
    let Some(query) = url.query() else {
        return url;
    };
    let is_rest = |pair: &&str| {
        let mut named = form_urlencoded::parse(pair.as_bytes());
        named.all(|(name, _)| !is_campaign(&name) && !is_appended_there(&url, &name))
    };
    let rest: Vec<&str> = query.split('&').filter(is_rest).collect();
    if rest.len() < query.split('&').count() {
        let rest = (!rest.is_empty()).then(|| rest.join("&"));
        url.set_query(rest.as_deref());
    }
    url
}

/// What social networks, advertisers and newsletters append to the addresses of others, each time anew.
pub fn is_campaign(name: &str) -> bool {
    name.starts_with("utm_") || ANYWHERE.contains(&name)
}

const ANYWHERE: [&str; 39] = [
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "gad_source",
    "gad_campaignid",
    "srsltid",
    "_ga",
    "_gl",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "epik",
    "yclid",
    "ysclid",
    "ymclid",
    "igshid",
    "igsh",
    "mibextid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "ck_subscriber_id",
    "vero_id",
    "vero_conv",
    "oly_enc_id",
    "oly_anon_id",
    "_branch_match_id",
    "_openstat",
    "_kx",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "__hsfp",
];

/// What a network appends to its own addresses: who shared one, and on which of his devices.
fn is_appended_there(url: &Url, name: &str) -> bool {
    let name = name.split('[').next().unwrap_or_default();
    let is_there = |(hosts, names): &(&[&str], &[&str])| {
        names.contains(&name) && hosts.iter().any(|host| is_of_host(url, host))
    };
    THERE.iter().any(is_there)
}

/// Hosts, and what they append.
const THERE: [(&[&str], &[&str]); 12] = [
    (&["youtube.com", "youtu.be"], &["si", "pp"]),
    (&["spotify.com", "soundcloud.com"], &["si"]),
    (
        &["twitter.com", "x.com"],
        &["s", "t", "ref_src", "ref_url", "cxt"],
    ),
    (
        &["facebook.com", "fb.watch"],
        &[
            "__cft__",
            "__tn__",
            "__xts__",
            "__eep__",
            "rdid",
            "share_url",
            "paipv",
            "eav",
            "fref",
            "hc_ref",
            "notif_id",
            "notif_t",
        ],
    ),
    (&["threads.com", "threads.net"], &["xmt", "slof"]),
    (
        &["tiktok.com"],
        &[
            "_t",
            "_r",
            "is_from_webapp",
            "sender_device",
            "sender_web_id",
            "web_id",
            "u_code",
            "user_id",
            "sec_uid",
            "sec_user_id",
            "share_app_id",
            "share_link_id",
            "share_item_id",
            "share_author_id",
            "share_iid",
            "tt_from",
        ],
    ),
    (
        &["linkedin.com"],
        &["rcm", "trk", "trackingId", "lipi", "midToken", "midSig"],
    ),
    (
        &["reddit.com", "redd.it"],
        &["share_id", "rdt", "correlation_id", "ref", "ref_source"],
    ),
    (&["substack.com"], &["r", "j"]),
    (&["medium.com"], &["source"]),
    (&["docs.google.com", "drive.google.com"], &["ouid"]),
    (&["t.me", "telegram.me"], &["rhash"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &str) {
        let direct = direct(&Url::parse(address).unwrap());
        assert_eq!(direct.as_str(), expected, "{address}");
    }

    #[test]
    fn who_stands_between_is_left_out() {
        let report = "https://docs.example/report?id=5";
        let carried = "https%3A%2F%2Fdocs.example%2Freport%3Fid%3D5";
        for wrapped in [
            "https://www.google.com/url?q=URL&sa=D&source=editors&ust=1763&usg=AOvVaw0abc",
            "https://google.com.ua/url?sa=t&url=URL&usg=AOv",
            "https://eur05.safelinks.protection.outlook.com/?url=URL&data=05%7C02%7Calena%40river.example%7C638&sdata=x%3D&reserved=0",
            "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url=URL",
            "https://l.facebook.com/l.php?u=URL%26fbclid%3DIwAR&h=AT0abc",
            "http://m.facebook.com/l.php?u=URL",
            "https://vk.com/away.php?to=URL&cc_key=",
            "https://ok.ru/dk?cmd=logExternal&st.cmd=logExternal&st.link=URL&st.name=externalLinkRedirect",
            "https://www.youtube.com/redirect?event=video_description&redir_token=QUFF&q=URL",
            "https://out.reddit.com/?url=URL&token=AQ",
            "https://l.instagram.com/?u=URL&e=AT",
            "https://t.me/iv?url=URL&rhash=abc",
            "https://duckduckgo.com/l/?uddg=URL",
            "https://medium.com/r/?url=URL",
        ] {
            check(&wrapped.replace("URL", carried), report);
        }
        check(
            "https://www.google.com/url?q=https://l.facebook.com/l.php?u%3Dhttps%253A%252F%252Fdocs.example%252F%2523end",
            "https://docs.example/#end",
        );
    }

    #[test]
    fn an_address_that_carries_another_and_does_not_only_lead_there_stays() {
        for address in [
            "https://www.google.com/search?q=https://docs.example/",
            "https://www.google.com/url?q=docs",
            "https://www.google.com/url?q=javascript:alert(1)",
            "https://www.facebook.com/sharer/sharer.php?u=https://docs.example/",
            "https://vk.com/share.php?url=https://docs.example/",
            "https://vk.com/away.php?to=%2Ffeed",
            "https://web.archive.org/web/2026/https://docs.example/",
            "https://translate.google.com/translate?sl=ru&tl=en&u=https://docs.example/",
            "https://t.me/share/url?url=https://docs.example/",
            "https://notvk.com/away.php?to=https://docs.example/",
            "https://n.example/url?q=https://docs.example/",
            "mailto:a@n.example?subject=https://docs.example/",
        ] {
            check(address, address);
        }
    }

    #[test]
    fn no_link_tells_where_a_reader_came_from() {
        let check = |query: &str, expected: &str| {
            check(
                &format!("https://b.example/a{query}"),
                &format!("https://b.example/a{expected}"),
            );
        };
        check("?utm_source=x&utm_medium=y#part", "#part");
        check("?id=5&fbclid=z&page=2&mc_eid=q", "?id=5&page=2");
        check("?vero_id=a&oly_enc_id=1&_gl=1*x&mibextid=w", "");
        check("?gclid", "");
        check("?%75tm_source=x", "");
        check("?q=a%20b&&c=%d8&utm=1", "?q=a%20b&&c=%d8&utm=1");
        check("?", "?");
        let short = "?t=1&s=2&r=3&si=4&j=5&_t=6&ref=7&source=8";
        check(short, short);
    }

    #[test]
    fn no_link_tells_who_shared_it() {
        for (given, kept) in [
            ("youtu.be/abc?si=Jp3kX9&t=30", "youtu.be/abc?t=30"),
            (
                "www.youtube.com/watch?v=abc&pp=x&si=y",
                "www.youtube.com/watch?v=abc",
            ),
            (
                "open.spotify.com/episode/7ab?si=a",
                "open.spotify.com/episode/7ab",
            ),
            ("x.com/river/status/1?s=20&t=AbC", "x.com/river/status/1"),
            (
                "twitter.com/river/status/1?ref_src=twsrc%5Etfw&ref_url=https%3A%2F%2Fn.example",
                "twitter.com/river/status/1",
            ),
            (
                "www.facebook.com/river/posts/1?__cft__[0]=AZX&__tn__=%2CO&comment_id=2",
                "www.facebook.com/river/posts/1?comment_id=2",
            ),
            (
                "www.tiktok.com/@river/video/7?_r=1&_t=8abc&web_id=73",
                "www.tiktok.com/@river/video/7",
            ),
            (
                "www.linkedin.com/posts/x?rcm=ACo",
                "www.linkedin.com/posts/x",
            ),
            (
                "www.threads.net/@river/post/1?xmt=AQ",
                "www.threads.net/@river/post/1",
            ),
            (
                "www.reddit.com/r/a/1/?share_id=a&rdt=3",
                "www.reddit.com/r/a/1/",
            ),
            (
                "open.substack.com/pub/river/p/fire?r=1abcd",
                "open.substack.com/pub/river/p/fire",
            ),
            (
                "substack.com/redirect/abc?j=eyJ1",
                "substack.com/redirect/abc",
            ),
            (
                "docs.google.com/document/d/1abc/edit?usp=sharing&ouid=10",
                "docs.google.com/document/d/1abc/edit?usp=sharing",
            ),
        ] {
            check(&format!("https://{given}"), &format!("https://{kept}"));
        }
    }
}
