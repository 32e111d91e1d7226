//! A bundle from a friend: known newsroom, unknown newsroom, forger, old news.

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::edition::{Freshness, Refusal};
use colport::reader::{Newsroom as Known, OpenError, Sideload, Store, open};
use colport::trust;
use jiff::SignedDuration;

use super::press::{Newsroom, site};

fn first_root(newsroom: &Newsroom) -> Bytes {
    newsroom.newcomer().root
}

fn bundle(newsroom: &Newsroom, words: &str) -> Bytes {
    newsroom
        .publish(&site(&[("be/index.html", words)]))
        .bundle()
        .clone()
}

#[test]
fn a_known_newsrooms_bundle_opens() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let known = Known::new(first_root(&newsroom));
    let opened = open(bundle, Some(&known), newsroom.now).unwrap();
    assert!(matches!(opened, Sideload::Verified(edition) if edition.number() == 1));
}

#[test]
fn an_unknown_newsrooms_bundle_is_shown_only_after_the_fingerprint_was_compared() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let right = Fingerprint::of_first_root(&first_root(&newsroom));
    let wrong = Fingerprint::of_first_root(b"another");
    let unproved = |compared| match open(bundle.clone(), None, newsroom.now).unwrap() {
        Sideload::UnknownNewsroom(unproved) => unproved.accept(compared),
        Sideload::Verified(_) => panic!("nobody vouched for it"),
    };
    assert_eq!(unproved(right).unwrap().0.number(), 1);
    assert_eq!(
        unproved(wrong).map(|_| ()).unwrap_err(),
        OpenError::OtherNewsroom {
            found: right,
            known: wrong
        }
    );
}

#[test]
fn another_newsrooms_bundle_is_refused_by_its_fingerprint() {
    let (expected, other) = (Newsroom::new(), Newsroom::new());
    let bundle = bundle(&other, "forged");
    let known = Known::new(first_root(&expected));
    let refused = open(bundle, Some(&known), expected.now)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::OtherNewsroom { .. }),
        "{refused:?}"
    );
}

/// He takes a genuine bundle's first root, and signs the rest with keys of his own.
#[test]
fn a_forger_with_the_right_root_and_his_own_keys_is_refused() {
    let (genuine, forger) = (Newsroom::new(), Newsroom::new());
    let (root, bundle) = (first_root(&genuine), bundle(&forger, "forged"));
    let known = Known::new(root);
    // His bundle carries the genuine root, so that the fingerprint is right.
    let forged = super::edition::with_first_root(&bundle, &first_root(&genuine));
    let refused = open(forged, Some(&known), genuine.now)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::Refused(Refusal::Trust(_))),
        "{refused:?}"
    );
    assert!(refused.hint().is_some());
}

#[test]
fn old_news_opens_and_is_told_to_be_old() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let known = Known::new(first_root(&newsroom));
    let later = newsroom.now + SignedDuration::from_hours(24 * 100);
    let Sideload::Verified(edition) = open(bundle, Some(&known), later).unwrap() else {
        panic!("the newsroom is known");
    };
    assert!(matches!(
        edition.freshness_at(later),
        Freshness::Expired { .. }
    ));
}

#[test]
fn an_older_bundle_than_was_seen_is_refused() {
    let mut newsroom = Newsroom::new();
    let old = bundle(&newsroom, "old");
    newsroom.pass(24);
    let new = newsroom.publish(&site(&[("be/index.html", "new")]));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.drop_anchor(&first_root(&newsroom)).unwrap();
    store.remember(&new.remembered()).unwrap();
    let known = Known::of_store(&store).unwrap().unwrap();
    let refused = open(old, Some(&known), newsroom.now)
        .map(|_| ())
        .unwrap_err();
    let OpenError::Refused(Refusal::Trust(trust::Refusal::Rollback { had, got, .. })) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((had, got), (2, 1));
}
