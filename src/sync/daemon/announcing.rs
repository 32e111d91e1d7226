//! What a channel is told, in the forms in which it travels. Pure.
//!
//! 1. For people: a few lines in each of the newsroom's languages, with the addresses that are shown. Behind each stands
//!    the channel's word, after a `#`: by it colport finds the other mirrors, and no browser sends it to anybody.
//! 2. As a QR code of the first address: for a screen, for paper, for a terminal.
//! 3. For programs: the sealed list, to be laid at plain addresses, and as records for DNS.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, QrCode};
use serde::Serialize;
use url::Url;

use super::{Sealed, Told};
use crate::base::Fingerprint;
use crate::site::{Language, Words};
use crate::trust::lists::{ChannelWord, txt};

/// Everything that one channel may be told by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announcement {
    pub channel: String,
    pub version: u64,
    /// Addresses with the channel's word.
    pub addresses: Vec<String>,
    /// For people.
    pub text: String,
    #[serde(skip)]
    pub qr_svg: String,
    #[serde(skip)]
    pub qr_terminal: String,
    /// Of the sealed list on mirrors and at meeting places.
    pub name: String,
    #[serde(skip)]
    pub list: Vec<u8>,
    /// The strings of its TXT records.
    pub txt: Vec<String>,
}

impl Announcement {
    pub fn of(
        told: &Told,
        sealed: &Sealed,
        site: &str,
        languages: &[Language],
        fingerprint: Fingerprint,
    ) -> Self {
        let (name, list) = sealed;
        let addresses: Vec<String> = told
            .show
            .iter()
            .map(|url| with_word(url, &told.word))
            .collect();
        let first = addresses.first().map(String::as_str).unwrap_or_default();
        Self {
            channel: told.name.clone(),
            version: told.list.version,
            text: text(&addresses, site, languages, fingerprint),
            qr_svg: qr_svg(first),
            qr_terminal: qr_terminal(first),
            name: name.to_string(),
            list: list.to_vec(),
            txt: txt::records(list),
            addresses,
        }
    }
}

impl Announcement {
    /// For the zone of this name.
    pub fn zone(&self, name: &str) -> String {
        txt::zone(&self.name, &self.txt, name)
    }
}

/// The address as the channel is told it.
fn with_word(url: &Url, word: &ChannelWord) -> String {
    let mut url = url.clone();
    url.set_fragment(Some(word.expose()));
    url.into()
}

fn text(
    addresses: &[String],
    site: &str,
    languages: &[Language],
    fingerprint: Fingerprint,
) -> String {
    let mut text = String::new();
    for language in languages {
        let words = Words::of(&[language]);
        let _ = writeln!(text, "{}", words.say_of_site("announce-read", site));
        for address in addresses {
            let _ = writeln!(text, "{address}");
        }
        let _ = writeln!(text, "{}\n", words.say("announce-verify"));
    }
    let _ = writeln!(
        text,
        "colport get --root {fingerprint} '{}'",
        addresses.first().map(String::as_str).unwrap_or_default()
    );
    text
}

fn code(address: &str) -> Option<QrCode> {
    QrCode::new(address.as_bytes()).ok()
}

fn qr_terminal(address: &str) -> String {
    let code = code(address);
    code.map(|code| code.render::<Dense1x2>().build())
        .unwrap_or_default()
}

/// Black on white, with the margin that the standard asks for.
fn qr_svg(address: &str) -> String {
    const MARGIN: usize = 4;
    let Some(code) = code(address) else {
        return String::new();
    };
    let width = code.width();
    let mut path = String::new();
    for (at, colour) in code.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            let _ = write!(
                path,
                "M{} {}h1v1h-1z",
                at % width + MARGIN,
                at / width + MARGIN
            );
        }
    }
    let whole = width + 2 * MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\"{path}\"/></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::rotation::ChannelId;
    use super::*;
    use crate::trust::lists::{Address, AddressList, Rendezvous};

    fn told() -> Told {
        let url = |host: &str| Url::parse(&format!("https://{host}/")).unwrap();
        let address = |host: &str| Address {
            url: url(host),
            onion: None,
            spki: None,
        };
        Told {
            channel: ChannelId(3),
            name: "letter".into(),
            word: ChannelWord::parse("k3q9x2m7k3q9").unwrap(),
            show: vec![url("balotikus.example"), url("nevado.example")],
            list: AddressList {
                version: 7,
                issued: "2026-11-25T12:00:00Z".parse().unwrap(),
                expires: "2026-12-09T12:00:00Z".parse().unwrap(),
                mirrors: ["balotikus.example", "nevado.example", "hidden.example"]
                    .map(address)
                    .to_vec(),
                rendezvous: Rendezvous::default(),
            },
        }
    }

    fn announcement() -> Announcement {
        let languages = ["be", "en"].map(|tag| Language::parse(tag).unwrap());
        let told = told();
        let sealed = (
            told.word.name(),
            bytes::Bytes::from_static(b"{\"signed\":{}}"),
        );
        Announcement::of(
            &told,
            &sealed,
            "Ракаўнік",
            &languages,
            Fingerprint::of_first_root(b"root"),
        )
    }

    #[test]
    fn people_are_told_what_is_shown_and_no_more_in_each_language() {
        let text = announcement().text;
        assert_eq!(
            text.matches("https://balotikus.example/#k3q9x2m7k3q9")
                .count(),
            3,
            "{text}"
        );
        assert_eq!(
            text.matches("https://nevado.example/#k3q9x2m7k3q9").count(),
            2,
            "{text}"
        );
        assert!(
            text.contains("Ракаўнік") && text.contains("colport get --root "),
            "{text}"
        );
        assert!(!text.contains("hidden"), "{text}");
    }

    #[test]
    fn a_code_is_drawn_for_paper_and_terminal() {
        let announcement = announcement();
        assert!(announcement.qr_svg.starts_with("<svg ") && announcement.qr_svg.len() > 2000);
        assert!(announcement.qr_terminal.lines().count() > 12);
    }

    #[test]
    fn programs_are_given_what_can_be_put_together_again() {
        let announcement = announcement();
        let strings = announcement.txt.iter().map(String::as_str);
        assert_eq!(
            txt::lists(strings),
            std::slice::from_ref(&announcement.list)
        );
        let json = serde_json::to_string(&announcement).unwrap();
        assert!(
            json.contains("\"channel\":\"letter\"") && !json.contains("hidden"),
            "{json}"
        );
    }
}
