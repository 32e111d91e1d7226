//! A text file with an address on each line. Empty lines and what stands behind `#` at the beginning of a line are for
//! people; what else is no address is named, up to [`NAMED`] lines.

use std::path::Path;

use url::Url;

use super::{Offer, Page, SourceError};
use crate::base::LIMITS;
use crate::io::files;
use crate::packager::Skipped;

/// A file that is no list has as many lines as it likes.
const NAMED: usize = 1000;

pub(super) fn offers(path: &Path, skipped: &mut Vec<Skipped>) -> Result<Vec<Offer>, SourceError> {
    let bytes = files::read(path, LIMITS.listing_bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let (mut offers, named) = (Vec::new(), skipped.len());
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match page(line) {
            Some(url) => offers.push(Offer::bare(url.to_string(), Page::Address(url.into()))),
            None if skipped.len() - named >= NAMED => {}
            None => skipped.push(Skipped {
                what: line.chars().take(200).collect(),
                why: "it is no address that begins with `https://` or `http://`".into(),
            }),
        }
    }
    match offers.is_empty() {
        true => Err(SourceError::NoAddress(path.display().to_string())),
        false => Ok(offers),
    }
}

fn page(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::tests::{folder, found};
    use super::*;

    #[tokio::test]
    async fn addresses_are_offered_in_their_order_and_the_rest_is_named() {
        let text = "\u{feff}# The archive\r\nhttps://n.example/b#top\r\n\r\n  http://n.example/a  \nfile:///etc/passwd\nn.example/c\n";
        let root = folder(&[("list.txt", text), ("empty.txt", "# nothing yet\n")]);
        let (offers, skipped) = found(&Source::List(root.path().join("list.txt").into())).await;
        let ids: Vec<String> = offers.unwrap().into_iter().map(|offer| offer.id).collect();
        assert_eq!(ids, ["https://n.example/b", "http://n.example/a"]);
        let named: Vec<&str> = skipped.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(named, ["file:///etc/passwd", "n.example/c"]);
        let junk = root.path().join("junk.txt");
        files::write(&junk, "x\n".repeat(NAMED + 9).as_bytes()).unwrap();
        let (_, skipped) = found(&Source::List(junk.into())).await;
        assert_eq!(skipped.len(), NAMED);
        let (offers, _) = found(&Source::List(root.path().join("empty.txt").into())).await;
        assert!(matches!(offers, Err(SourceError::NoAddress(_))));
    }
}
