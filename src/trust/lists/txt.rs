//! A sealed list in the TXT records of a name, readable by any resolver, also over HTTPS (RFC 8484, and the JSON that most
//! public resolvers speak).
//!
//! ```text
//! NAME.list.example. 300 IN TXT "colport1;TAG;1;3;BASE64"
//! NAME.list.example. 300 IN TXT "colport1;TAG;2;3;BASE64"
//! NAME.list.example. 300 IN TXT "colport1;TAG;3;3;BASE64"
//! ```
//!
//! 1. Each record is one string of at most 255 bytes (RFC 1035 section 3.3), since providers differ in how they take longer
//!    ones. They come in any order.
//! 2. `TAG` is the beginning of the list's SHA-256: pieces of an old and a new list, which caches mix, are told apart.
//! 3. What is put together proves nothing: it is verified like a list from anywhere.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;

use super::ChannelWord;
use crate::base::{Digest, LIMITS};

const MARK: &str = "colport1";
/// Of Base64 in one record; with the rest it stays below 255.
const PIECE: usize = 220;
const TAG: usize = 8;
const TTL_SECONDS: u32 = 300;

fn tag(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string().chars().take(TAG).collect()
}

/// The strings of the records, in order.
pub fn records(list: &[u8]) -> Vec<String> {
    let (text, tag) = (BASE64.encode(list), tag(list));
    let pieces: Vec<&str> = text
        .as_bytes()
        .chunks(PIECE)
        .filter_map(|piece| std::str::from_utf8(piece).ok())
        .collect();
    let count = pieces.len();
    let pieces = pieces.into_iter().zip(1..);
    pieces
        .map(|(piece, number)| format!("{MARK};{tag};{number};{count};{piece}"))
        .collect()
}

/// The lists that are whole among these strings; others and pieces are passed over.
pub fn lists<'a>(records: impl IntoIterator<Item = &'a str>) -> Vec<Bytes> {
    let mut found: BTreeMap<(String, usize), BTreeMap<usize, &str>> = BTreeMap::new();
    for record in records {
        let mut fields = record.splitn(5, ';');
        let mut next = || fields.next();
        let (Some(MARK), Some(tag), Some(number), Some(count), Some(piece)) =
            (next(), next(), next(), next(), next())
        else {
            continue;
        };
        if let (Ok(number), Ok(count)) = (number.parse(), count.parse()) {
            found
                .entry((tag.to_owned(), count))
                .or_default()
                .insert(number, piece);
        }
    }
    let whole = found.into_iter().filter_map(|((claimed, count), pieces)| {
        let most = LIMITS.address_list_bytes as usize;
        let is_whole = pieces.len() == count
            && pieces.keys().copied().eq(1..=count)
            && count * PIECE <= 2 * most;
        let text: String = pieces.into_values().filter(|_| is_whole).collect();
        let list = BASE64
            .decode(text)
            .ok()
            .filter(|list| !list.is_empty() && list.len() <= most)?;
        (tag(&list) == claimed).then(|| Bytes::from(list))
    });
    whole.collect()
}

/// Where a channel's records stand below a name of the newsroom's.
pub fn name_below(word: &ChannelWord, name: &str) -> String {
    format!("{}.{}", word.name(), name.trim_end_matches('.'))
}

/// What goes into the zone, of the list of this name.
pub fn zone(list: &str, records: &[String], name: &str) -> String {
    let owner = format!("{list}.{}", name.trim_end_matches('.'));
    let lines = records.iter();
    lines
        .map(|record| format!("{owner}. {TTL_SECONDS} IN TXT \"{record}\"\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_comes_back_from_its_records_in_any_order_and_among_others() {
        let list: Vec<u8> = (0..900u32).map(|n| (n * 31 % 251) as u8).collect();
        let mut strings = records(&list);
        assert!(strings.len() > 4 && strings.iter().all(|string| string.len() <= 255));
        let other = records(b"an older list, of which a cache has kept a piece");
        strings.reverse();
        strings.push("v=spf1 -all".into());
        strings.extend(other.iter().take(1).cloned());
        let found = lists(strings.iter().map(String::as_str));
        assert_eq!(found.len(), 2);
        assert!(found.contains(&Bytes::from(list.clone())));
        strings.remove(0);
        let found = lists(strings.iter().map(String::as_str));
        assert!(!found.contains(&Bytes::from(list)), "one piece is missing");
    }

    proptest! {
        #[test]
        fn no_record_makes_the_reader_panic_or_swell(records in proptest::collection::vec("(colport1;)?[a-f0-9;]{0,40}.{0,80}", 0..20)) {
            for list in lists(records.iter().map(String::as_str)) {
                prop_assert!(list.len() as u64 <= LIMITS.address_list_bytes);
            }
        }

        #[test]
        fn every_list_comes_back(list in proptest::collection::vec(any::<u8>(), 1..3000)) {
            let strings = records(&list);
            prop_assert_eq!(lists(strings.iter().map(String::as_str)), vec![Bytes::from(list)]);
        }
    }
}
