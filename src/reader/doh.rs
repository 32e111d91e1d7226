//! Asking public resolvers for the TXT records of a name, over HTTPS, so that a censor's resolver is asked nothing.
//!
//! The answer is the JSON that Google's, AdGuard's and AliDNS' resolvers speak: `Answer` with `data` for each record, in
//! which strings may stand in quotes, several behind each other.

use serde::Deserialize;
use url::Url;

const RESOLVERS: [&str; 3] = [
    "https://dns.google/resolve",
    "https://dns.adguard-dns.com/resolve",
    "https://dns.alidns.com/resolve",
];
const TXT: u16 = 16;

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

/// Where to ask for the records of `name`.
pub(super) fn questions(name: &str) -> Vec<Url> {
    let urls = RESOLVERS
        .iter()
        .filter_map(|resolver| Url::parse(resolver).ok());
    urls.map(|mut url| {
        url.query_pairs_mut()
            .append_pair("name", name)
            .append_pair("type", "TXT");
        url
    })
    .collect()
}

/// The text of each TXT record.
pub(super) fn records(answer: &[u8]) -> Vec<String> {
    let message: Message = match serde_json::from_slice(answer) {
        Ok(message) => message,
        Err(_) => return Vec::new(),
    };
    let records = message
        .answer
        .into_iter()
        .filter(|record| record.kind == TXT);
    records.map(|record| unquoted(&record.data)).collect()
}

/// `"one" "two"` is one text; the strings that colport writes hold neither quotes nor backslashes.
fn unquoted(data: &str) -> String {
    match data.starts_with('"') {
        true => data
            .split('"')
            .filter(|part| !part.trim().is_empty())
            .collect(),
        false => data.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_resolvers_are_read() {
        let answer =
            br#"{"Status":0,"TC":false,"Question":[{"name":"a.example.","type":16}],"Answer":[
            {"name":"a.example.","type":16,"TTL":300,"data":"\"colport1;aa;1;2;QUJD\""},
            {"name":"a.example.","type":16,"TTL":300,"data":"\"colport1;aa\" \";2;2;REVG\""},
            {"name":"a.example.","type":5,"TTL":300,"data":"b.example."},
            {"name":"a.example.","type":16,"TTL":300,"data":"v=spf1 -all"}]}"#;
        assert_eq!(
            records(answer),
            [
                "colport1;aa;1;2;QUJD",
                "colport1;aa;2;2;REVG",
                "v=spf1 -all"
            ]
        );
        for nothing in ["", "{}", "[]", "<html>", "{\"Status\":3}"] {
            assert!(records(nothing.as_bytes()).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn the_question_names_the_record() {
        let urls = questions("0a1b.list.example");
        assert_eq!(
            urls[0].as_str(),
            "https://dns.google/resolve?name=0a1b.list.example&type=TXT"
        );
    }
}
