//! Addresses of mail that pages hide from robots and show by a script. No script runs here, so what stands in attributes is
//! read by hand: whom to write to belongs to the text.
//!
//! 1. Cloudflare writes each byte in hexadecimal, changed by the first one, into `data-cfemail` or behind the address of a
//!    link.
//! 2. Joomla writes what is before and behind the `@` in base64 into an element of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dom_query::{Document, NodeRef};

use super::addresses::{self, Contact};
use super::nodes;

/// Where Cloudflare's links lead until its script has run.
const PROTECTION: &str = "/cdn-cgi/l/email-protection#";

/// No page with more was seen.
const MOST: usize = 1_000;

/// Puts each address where its page shows it, with a link to it.
pub fn uncover(doc: &Document) {
    let root = doc.root();
    let hidden = root.descendants_it().filter_map(|node| {
        let found = hidden_in(&node)?;
        Some((node, found))
    });
    for (node, (mailbox, is_shown)) in hidden.take(MOST).collect::<Vec<_>>() {
        let Some(Contact::Mail(link)) = addresses::contact(&format!("mailto:{mailbox}")) else {
            continue;
        };
        let anchor = link_around(&node).unwrap_or(node);
        anchor.rename("a");
        anchor.set_attr("href", &link);
        if is_shown {
            node.set_text(mailbox.as_str());
        }
    }
}

fn link_around<'a>(node: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let mut around = [*node].into_iter().chain(node.ancestors_it(Some(3)));
    around.find(|up| up.has_name("a"))
}

/// The address, and whether it is what readers see there.
fn hidden_in(node: &NodeRef) -> Option<(String, bool)> {
    // Nearly all elements are neither.
    let is_hiding = nodes::any_attribute(node, |name, value| match name {
        "data-cfemail" | "first" => true,
        "href" => value.contains(PROTECTION),
        _ => false,
    });
    if !is_hiding {
        return None;
    }
    if node.has_name("joomla-hidden-mail") {
        let part = |name: &str| {
            let bytes = STANDARD.decode(&*node.attr(name)?).ok()?;
            String::from_utf8(bytes).ok()
        };
        return Some((format!("{}@{}", part("first")?, part("last")?), true));
    }
    if let Some(digits) = node.attr("data-cfemail") {
        return Some((unmasked(&digits)?, true));
    }
    let href = node.attr("href")?;
    let (_, digits) = href.split_once(PROTECTION)?;
    Some((unmasked(digits)?, false))
}

// Step 1.
fn unmasked(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| {
        let pair = str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    let (mask, rest) = bytes.split_first()?;
    String::from_utf8(rest.iter().map(|byte| byte ^ mask).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{extract_finished, extract_page};
    use url::Url;

    const LINK: &str = "<a href=\"mailto:help@river.example\">";

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let prose = "<p>Several hundred people carrying flowers took to the streets on Monday evening, and went home.</p>".repeat(3);
        let text = format!("{prose}{html}{prose}");
        let page = format!(
            "<meta property=og:type content=article><title>The court</title><article><h1>The court</h1>{text}</article>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        let read = extract_page(page.as_bytes(), &url).unwrap().html;
        assert!(read.contains(expected), "{read}");
        let told = extract_finished(&text, None, &url).unwrap().html;
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn addresses_that_cloudflare_hides_are_told() {
        const HEX: &str = "543c31382414263d2231267a312c3539243831";
        let shown = format!("{LINK}help@river.example</a>");
        let span =
            format!("<span class=__cf_email__ data-cfemail={HEX}>[email&#160;protected]</span>");
        check(
            &format!("<p>E-mail: <a href='/cdn-cgi/l/email-protection#{HEX}'>{span}</a></p>"),
            &format!("<p>E-mail: {shown}</p>"),
        );
        check(
            &format!(
                "<p>Write to <a href=/cdn-cgi/l/email-protection class=__cf_email__ data-cfemail={HEX}>[email&#160;protected]</a> now.</p>"
            ),
            &format!("<p>Write to {shown} now.</p>"),
        );
        check(
            &format!("<p>Write to {span} now.</p>"),
            &format!("<p>Write to {shown} now.</p>"),
        );
        check(
            &format!(
                "<p>Write to <a href='/cdn-cgi/l/email-protection#{HEX}'>our lawyers</a> now.</p>"
            ),
            &format!("<p>Write to {LINK}our lawyers</a> now.</p>"),
        );
    }

    #[test]
    fn addresses_that_joomla_hides_are_told() {
        check(
            "<p>Write to <joomla-hidden-mail is-link=1 is-email=1 first='aGVscA==' last='cml2ZXIuZXhhbXBsZQ==' \
             text='aGVscEByaXZlci5leGFtcGxl'>This address is protected from spambots.</joomla-hidden-mail> now.</p>",
            &format!("<p>Write to {LINK}help@river.example</a> now.</p>"),
        );
    }

    #[test]
    fn what_is_no_address_is_left_as_it_is() {
        for hex in ["", "5", "54zz", "543c", "§§", "543c31382414"] {
            check(
                &format!("<p>Write to <span data-cfemail='{hex}'>us</span> now.</p>"),
                "Write to us now.",
            );
        }
        check(
            "<p>Write to <joomla-hidden-mail first='%' last=''>us</joomla-hidden-mail> now.</p>",
            "Write to",
        );
    }
}
