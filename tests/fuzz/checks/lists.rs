//! A channel's list says what the newsroom sealed or nothing, however it comes: as a file, as what is inside, or in TXT records.

use std::sync::LazyLock;

use bytes::Bytes;
use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous, SealedList, txt};

use super::site::{SITE, now};
use super::splice::splice;

struct Sound {
    word: ChannelWord,
    list: AddressList,
    sealed: Bytes,
    records: Vec<String>,
    root: Bytes,
}

static SOUND: LazyLock<Sound> = LazyLock::new(|| {
    let word = ChannelWord::parse("k3q9x2m7k3q9x2m7").expect("a word");
    let url = |text: &str| text.parse().expect("an address");
    let list = AddressList {
        version: 7,
        issued: now(),
        expires: "2026-12-09T12:00:00Z".parse().expect("a date"),
        mirrors: vec![Address {
            url: url("https://qz7.example/"),
            onion: Some(url("http://qz7.onion/")),
            spki: Some("0123456789abcdef".repeat(4)),
        }],
        rendezvous: Rendezvous {
            urls: vec![url("https://meet.example/list")],
            dns: Some("list.example".into()),
        },
    };
    let sealed = list.seal(&word, &[SITE.key("timestamp").clone()]);
    Sound {
        records: txt::records(&sealed),
        root: SITE.first.first_root().expect("a root").clone(),
        word,
        list,
        sealed,
    }
});

/// The first byte says what is changed by the rest, or is the rest.
pub(crate) fn check(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let change = |sound: &[u8]| match kind & 4 {
        0 => splice(sound, rest),
        _ => rest.to_vec(),
    };
    match kind & 3 {
        0 => sealed(change(&SOUND.sealed).into()),
        1 => opened(&change(&SOUND.list.to_json())),
        _ => records(&change(SOUND.records.join("\n").as_bytes())),
    }
}

/// What is signed is the one that was sealed, whatever stands around it.
fn sealed(bytes: Bytes) {
    if let Ok(sealed) = SealedList::verify(bytes, &SOUND.root) {
        assert_eq!(sealed.open(&SOUND.word).as_ref(), Ok(&SOUND.list));
    }
}

/// What was read is written and read again as the same.
fn opened(bytes: &[u8]) {
    if let Ok(list) = AddressList::parse(bytes) {
        assert_eq!(AddressList::parse(&list.to_json()), Ok(list));
    }
}

fn records(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for list in txt::lists(text.lines()) {
        sealed(list);
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let change = [24, 0, 1, 1, b'x'];
    let mut seeds: Vec<_> = (0..3).map(|kind| [&[kind], &change[..]].concat()).collect();
    let records = SOUND.records.join("\n").into_bytes();
    let whole = [SOUND.sealed.to_vec(), SOUND.list.to_json(), records];
    let kinds = [4, 5, 6].into_iter().zip(whole);
    seeds.extend(kinds.map(|(kind, whole)| [&[kind], &whole[..]].concat()));
    seeds
}
