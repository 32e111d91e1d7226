//! The sealed list of a channel, beside the edition, on every kind of host: it arrives, it changes without a new edition, and
//! who knows the channel's word reads it there.

use std::sync::Arc;

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::io::store::Keeper;
use colport::reader::{self, FirstTrust};
use colport::sync::daemon::lay;
use colport::sync::{Host, Outcome, Place, Source, Step};
use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous, SealedList};
use url::Url;

use super::{Ground, Newspaper, SECRET, plan, push, shows, wire};
use crate::world::{Newsroom, moment};

pub(super) fn word() -> ChannelWord {
    ChannelWord::parse("k3q9x2m7k3q9x2m7").unwrap()
}

pub(super) fn path() -> String {
    format!(".colport/lists/{}.json", word().name())
}

fn list(version: u64, mirrors: usize) -> Bytes {
    list_of(&word(), version, mirrors)
}

fn list_of(word: &ChannelWord, version: u64, mirrors: usize) -> Bytes {
    let address = |number| Address {
        url: Url::parse(&format!("https://m{number}.example/")).unwrap(),
        onion: None,
        spki: None,
    };
    let list = AddressList {
        version,
        issued: moment(0),
        expires: moment(24 * 14),
        mirrors: (0..mirrors).map(address).collect(),
        rendezvous: Rendezvous::default(),
    };
    list.seal(word, &[Newsroom::list_key(7)])
}

/// The newspaper's edition, with the channel's list in this version.
pub(super) fn with_list(paper: &Newspaper, version: u64, mirrors: usize) -> Arc<Source> {
    let list = (word().name().to_string(), list(version, mirrors));
    Arc::new(paper.source().with_lists([list]))
}

pub(super) async fn a_channels_list_arrives_and_who_knows_the_word_reads_it(ground: &dyn Ground) {
    let paper = Newspaper::new(2);
    let (first, second) = (with_list(&paper, 5, 2), with_list(&paper, 6, 3));
    assert!(push(ground, &first).await.is_good());
    shows(ground, &first);
    // Byte for byte: no host has a compressed form of it.
    assert_eq!(ground.read(&path()), Some(list(5, 2)));
    assert_eq!(plan(ground, &first).await, []);

    // Addresses change without a new edition, and nothing else travels then.
    let steps = plan(ground, &second).await;
    let paths: Vec<&str> = steps.iter().map(Step::path).collect();
    assert_eq!(paths, [path()]);
    let outcome = push(ground, &second).await;
    assert!(matches!(outcome, Outcome::Pushed(_)), "{outcome:?}");
    let lying = ground.read(&path()).unwrap();
    assert_eq!(lying, list(6, 3));

    let sealed = SealedList::verify(lying, &paper.newsroom.first_root()).unwrap();
    assert_eq!(sealed.open(&word()).unwrap().mirrors.len(), 3);
    let other = ChannelWord::parse("anotherchannel").unwrap();
    assert!(sealed.open(&other).is_err(), "another's word opens it");
    if let Some(url) = ground.url() {
        a_reader_follows(url, &paper).await;
    }
}

/// Each channel's list by itself, the next in the place of the one before; and what goes wrong gives no secret away.
pub(super) async fn lists_come_to_it_as_to_a_meeting_place(ground: &dyn Ground) {
    let place = || {
        Place::Host(Host {
            keeper: ground.keeper(),
            url: None,
            bundles: false,
        })
    };
    let other = ChannelWord::parse("anotherchannel").unwrap();
    let sealed = |word: &ChannelWord, version| (word.name(), list_of(word, version, 2));
    let lying = |word: &ChannelWord| ground.read(&format!("{}.json", word.name()));
    for version in [1, 1, 2] {
        for word in [word(), other.clone()] {
            let list = sealed(&word, version);
            lay(&wire(), &place(), &list).await.unwrap();
            assert_eq!(lying(&word), Some(list.1));
        }
    }
    ground.revoke();
    let Err(refused) = lay(&wire(), &place(), &sealed(&other, 3)).await else {
        // The superuser writes wherever he likes.
        assert!(matches!(ground.keeper(), Keeper::Folder(_)));
        return;
    };
    assert!(!refused.contains(SECRET), "{refused}");
    for word in [word(), other] {
        assert_eq!(lying(&word), Some(list_of(&word, 2, 2)));
    }
}

/// As `colport get` does that was told of this mirror by the channel.
async fn a_reader_follows(url: Url, paper: &Newspaper) {
    let first = FirstTrust::Fingerprint(Fingerprint::of_first_root(&paper.newsroom.first_root()));
    let folder = super::folder();
    let mut options = reader::Options::new(vec![url], folder.path().join("reader"), first);
    options.channel = Some(word());
    let got = reader::get(&wire(), moment(1), &options, &mut |_| ()).await;
    let list = got
        .unwrap()
        .list
        .expect("the mirror has the channel's list");
    assert_eq!((list.mirrors, list.is_expired), (3, false));
}
