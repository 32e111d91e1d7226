use std::collections::BTreeSet;

use super::super::testing::*;
use super::super::{Expiry, Freshness};
use super::*;

#[test]
fn an_edition_is_read_by_the_client() {
    let set = first();
    let (trusted, found) = everything(trusted(&set), &honest(&set)).expect("an honest edition");
    assert_eq!(trusted.edition(), 1);
    let expected = files(&SOME_FILES);
    let seen: BTreeMap<_, _> = found
        .iter()
        .map(|(path, file)| {
            (
                path.clone(),
                (file.length, file.digest().expect("a digest")),
            )
        })
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(
        found[&path("be/2026/11/river/index.html")].role,
        "be-2026-11"
    );
    assert!(matches!(trusted.freshness(), Freshness::Fresh { role, .. } if role == "timestamp"));
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    assert_eq!(first(), first());
}

#[test]
fn only_roles_with_changed_files_are_signed_anew() {
    let one = first();
    let mut changed = SOME_FILES.to_vec();
    changed[4] = ("be/2026/11/river/index.html", "river, corrected");
    let two = edition(&one, &changed, now());
    let new: BTreeSet<String> = two
        .iter()
        .filter(|(name, bytes)| one.file(name.role(), name.version()) != Some(bytes))
        .map(|(name, _)| name.to_string())
        .collect();
    let expected = ["2.be-2026-11.json", "2.snapshot.json", "timestamp.json"];
    assert_eq!(new, expected.map(str::to_owned).into());
    let (mut trusted, _) = refresh(newcomer(&two), &honest(&two), now(), Expiry::Enforce);
    let trusted = trusted.as_mut().expect("an honest server");
    let file = lookup(trusted, "be/2026/11/river/index.html", &honest(&two));
    assert!(file.is_ok_and(|file| file.is_some_and(|file| file.fits(b"river, corrected"))));
}

#[test]
fn a_file_that_no_role_may_speak_for_is_an_error() {
    for name in ["fa/index.html", "be/1/2/3/4/5.html", "assets/fonts/a.woff2"] {
        let set = established();
        let edition = next_edition(
            &set,
            &ring(&ONLINE),
            &files(&[(name, "x")]),
            now(),
            &Lifetimes::default(),
        );
        let path = name.to_owned();
        assert_eq!(edition, Err(EditorError::NoRole { path }));
    }
}
