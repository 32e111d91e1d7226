//! Asking public resolvers for the TXT records of a name, over HTTPS, so that a censor's resolver is asked nothing.
//!
//! The answer is the JSON that Google's, AdGuard's and AliDNS' resolvers speak: `Answer` with `name`, `type` and `data` for each
//! record, in which strings may stand in quotes, several behind each other.
//!
//! 1. An answer counts if it says that all went well (`Status`) and that nothing was left out (`TC`).
//! 2. Of its records those count that belong to the name that was asked for, or to one that it stands for (`CNAME`).
//! 3. What they say is proved elsewhere: a resolver can withhold a list, and not make one up.

use serde::Deserialize;
use url::Url;

const RESOLVERS: [&str; 3] = [
    "https://dns.google/resolve",
    "https://dns.adguard-dns.com/resolve",
    "https://dns.alidns.com/resolve",
];
/// RFC 1035 section 3.2.2.
const CNAME: u16 = 5;
const TXT: u16 = 16;
/// RFC 1035 section 4.1.1: no error.
const NOERROR: u16 = 0;
/// A name stands for another, which stands for another, no further than this.
const ALIASES: usize = 8;

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "TC", default)]
    is_truncated: bool,
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

/// Who is asked, if nothing else is said.
pub(super) fn resolvers() -> Vec<Url> {
    let urls = RESOLVERS.iter();
    urls.filter_map(|url| Url::parse(url).ok()).collect()
}

/// Where to ask for the records of `name`.
pub(super) fn questions(resolvers: &[Url], name: &str) -> Vec<Url> {
    let urls = resolvers.iter().cloned();
    urls.map(|mut url| {
        url.query_pairs_mut()
            .append_pair("name", name)
            .append_pair("type", "TXT");
        url
    })
    .collect()
}

/// The text of each TXT record of `name`.
pub(super) fn records(answer: &[u8], name: &str) -> Vec<String> {
    let message: Message = match serde_json::from_slice(answer) {
        Ok(message) => message,
        Err(_) => return Vec::new(),
    };
    if message.status != NOERROR || message.is_truncated {
        return Vec::new();
    }
    let names = names(&message.answer, name);
    let records = message.answer.into_iter();
    let records = records.filter(|record| {
        record.kind == TXT && names.iter().any(|name| is_same(name, &record.name))
    });
    records.map(|record| unquoted(&record.data)).collect()
}

/// The name, and those that it stands for.
fn names(records: &[Record], name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    while let Some(last) = names.last().filter(|_| names.len() <= ALIASES) {
        let mut aliases = records.iter().filter(|record| record.kind == CNAME);
        match aliases.find(|record| is_same(&record.name, last)) {
            Some(alias) => names.push(alias.data.clone()),
            None => break,
        }
    }
    names
}

/// Whoever answers may write it in other letters, and with the dot at its end.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.')
        .eq_ignore_ascii_case(other.trim_end_matches('.'))
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
            {"name":"A.example.","type":16,"TTL":300,"data":"\"colport1;aa;1;2;QUJD\""},
            {"name":"a.example","type":16,"TTL":300,"data":"\"colport1;aa\" \";2;2;REVG\""},
            {"name":"a.example.","type":5,"TTL":300,"data":"b.example."},
            {"name":"b.example.","type":16,"TTL":300,"data":"v=spf1 -all"},
            {"name":"c.example.","type":16,"TTL":300,"data":"of somebody else"}]}"#;
        assert_eq!(
            records(answer, "a.example"),
            [
                "colport1;aa;1;2;QUJD",
                "colport1;aa;2;2;REVG",
                "v=spf1 -all"
            ]
        );
        for nothing in ["", "{}", "[]", "<html>", "{\"Status\":3}"] {
            assert!(
                records(nothing.as_bytes(), "a.example").is_empty(),
                "{nothing}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_not_all_or_not_well_says_nothing() {
        let check = |head: &str, expected: usize| {
            let answer = format!(
                "{{{head}\"Answer\":[{{\"name\":\"a.example.\",\"type\":16,\"data\":\"x\"}}]}}"
            );
            assert_eq!(
                records(answer.as_bytes(), "a.example").len(),
                expected,
                "{head}"
            );
        };
        check("\"Status\":0,", 1);
        check("\"Status\":0,\"TC\":true,", 0);
        check("\"Status\":3,", 0);
        check("", 0);
    }

    #[test]
    fn names_that_stand_for_one_another_come_to_an_end() {
        let record =
            |name: &str, to: &str| format!("{{\"name\":\"{name}\",\"type\":5,\"data\":\"{to}\"}}");
        let circle = [
            record("a.example", "b.example"),
            record("b.example", "a.example"),
        ]
        .join(",");
        let answer = format!("{{\"Status\":0,\"Answer\":[{circle}]}}");
        assert!(records(answer.as_bytes(), "a.example").is_empty());
    }

    #[test]
    fn the_question_names_the_record() {
        let urls = questions(&resolvers(), "0a1b.list.example");
        assert_eq!(
            urls[0].as_str(),
            "https://dns.google/resolve?name=0a1b.list.example&type=TXT"
        );
    }
}
