//! What a good mirror shows.

use crate::base::{Digest, EditionNumber, SitePath};
use crate::sync::Source;

/// Of one edition, for all mirrors that should have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    pub edition: EditionNumber,
    /// Of the file `timestamp.json`.
    pub timestamp: Digest,
    pub page: Page,
}

/// A file of the site that readers open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub path: SitePath,
    pub digest: Digest,
    pub bytes: u64,
}

/// Beyond what a line lets through that freezes connections, and below what would be a burden for hosts.
const ENOUGH_BYTES: std::ops::RangeInclusive<u64> = 40_000..=400_000;

impl Expectation {
    /// `chance` draws the file: not every probe asks for the same one. Among files that are large enough to see a line
    /// freeze, if there are such; else the largest. `None`: the edition has no files or no timestamp.
    pub fn of(source: &Source, chance: u8) -> Option<Self> {
        let edition = source.edition();
        let pages = edition.files().map(|(path, entry)| Page {
            path: path.clone(),
            digest: entry.digest,
            bytes: entry.length,
        });
        Some(Self {
            edition: edition.number(),
            timestamp: Digest::of(&source.timestamp()?),
            page: choose(pages, chance)?,
        })
    }
}

fn choose(pages: impl Iterator<Item = Page>, chance: u8) -> Option<Page> {
    let (mut enough, mut largest) = (Vec::new(), None::<Page>);
    for page in pages {
        if ENOUGH_BYTES.contains(&page.bytes) {
            enough.push(page);
        } else if page.bytes < *ENOUGH_BYTES.start()
            && largest
                .as_ref()
                .is_none_or(|largest| largest.bytes < page.bytes)
        {
            largest = Some(page);
        }
    }
    let drawn = usize::from(chance) * enough.len() / 256;
    enough.into_iter().nth(drawn).or(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, bytes: u64) -> Page {
        Page {
            path: SitePath::parse(name).unwrap(),
            digest: Digest::of(name.as_bytes()),
            bytes,
        }
    }

    #[test]
    fn a_file_is_drawn_that_is_large_enough_to_see_a_line_freeze() {
        let check = |sizes: &[u64], chance, expected: Option<u64>| {
            let pages = sizes.iter().enumerate();
            let pages = pages.map(|(n, bytes)| page(&format!("p{n}"), *bytes));
            assert_eq!(choose(pages, chance).map(|page| page.bytes), expected);
        };
        check(&[3_000, 50_000, 60_000, 9_000_000], 0, Some(50_000));
        check(&[3_000, 50_000, 60_000, 9_000_000], 255, Some(60_000));
        check(&[3_000, 7_000, 9_000_000], 128, Some(7_000));
        check(&[], 0, None);
    }
}
