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

/// The signed `set` with a draft's signatures by these keys.
fn with(set: &MetadataSet, draft: Result<Draft, EditorError>, keys: &[&str]) -> MetadataSet {
    let mut draft = draft.expect("a draft");
    draft.sign(&ring(keys));
    let mut set = set.clone();
    set.put_signed(draft).expect("enough keys");
    set
}

fn versions(set: &MetadataSet) -> BTreeMap<String, u64> {
    let names = set.iter().map(|(name, _)| name);
    names
        .map(|name| (name.role().to_owned(), name.version().unwrap_or_default()))
        .collect()
}

#[test]
fn a_new_newsroom_publishes_without_the_others_keys() {
    let lifetimes = Lifetimes::default();
    let one = first();
    let added = add_newsroom(&one, &newsroom("fa"), &signers("fa"), now(), &lifetimes);
    let set = with(&one, added, &["targets"]);
    let mut more = SOME_FILES.to_vec();
    more.push(("fa/2026/11/رود/index.html", "rud"));
    // Neither `be` nor `ru` is at hand, and neither is needed.
    let two = edition_by(&set, &["fa", "snapshot", "timestamp"], &more, now());
    let (_, files) = everything(trusted(&two), &honest(&two)).expect("an honest edition");
    assert_eq!(files[&path("fa/2026/11/رود/index.html")].role, "fa-2026-11");
    assert_eq!(files.len(), more.len());
    let twice = add_newsroom(&set, &newsroom("fa"), &signers("fa"), now(), &lifetimes);
    let id = String::from("fa");
    assert_eq!(twice.map(|_| ()), Err(EditorError::NewsroomExists { id }));
}

#[test]
fn a_removed_newsroom_is_found_no_more() {
    let one = first();
    let removed = remove_newsroom(&one, &newsroom("ru"), now(), &Lifetimes::default());
    let set = with(&one, removed, &["targets"]);
    let two = edition(&set, &SOME_FILES[..5], now());
    let reader = everything(trusted(&one), &honest(&one))
        .expect("the first edition")
        .0;
    let (read, _) = refresh(reader.remembered(), &honest(&two), now(), Expiry::Enforce);
    let (_, files) = everything(read.expect("an honest server"), &honest(&two)).expect("all roles");
    assert_eq!(files.len(), 5);
    assert!(!files.keys().any(|path| path.as_str().starts_with("ru/")));
    let none = remove_newsroom(&two, &newsroom("ru"), now(), &Lifetimes::default());
    assert_eq!(
        none.map(|_| ()),
        Err(EditorError::NoNewsroom { id: "ru".into() })
    );
}

#[test]
fn a_month_without_files_stays_and_is_empty() {
    let one = first();
    let remaining: Vec<_> = SOME_FILES
        .into_iter()
        .filter(|(path, _)| !path.contains("/2026/10/"))
        .collect();
    let two = edition(&one, &remaining, now());
    assert_eq!(versions(&two)["be-2026-10"], 2);
    assert_eq!(versions(&two)["be"], 1, "its delegations are as they were");
    let reader = everything(trusted(&one), &honest(&one))
        .expect("the first edition")
        .0;
    let (read, _) = refresh(reader.remembered(), &honest(&two), now(), Expiry::Enforce);
    let (_, files) = everything(read.expect("no rollback"), &honest(&two)).expect("all roles");
    assert_eq!(files.len(), remaining.len());
}

#[test]
fn a_signature_is_made_on_another_machine() {
    let set = first();
    let mut draft = revise_root(&set, &top(), now(), &Lifetimes::default()).expect("a draft");
    draft.sign(&ring(&["root-1"]));
    let (role, valid, needed) = (String::from("root"), 1, 2);
    assert_eq!(
        draft.check(),
        Err(EditorError::Unsigned {
            role,
            valid,
            needed
        })
    );
    let carried = draft.to_bytes();
    let signature = sign_detached(&carried, &key("root-3")).expect("a draft");
    draft.attach(signature).expect("a key of root");
    let stranger = sign_detached(&carried, &key("stranger")).expect("a draft");
    assert!(matches!(
        draft.attach(stranger),
        Err(EditorError::BadSignature { .. })
    ));
    let mut other =
        revise_root(&set, &top(), now() + days(1), &Lifetimes::default()).expect("a draft");
    let earlier = sign_detached(&carried, &key("root-2")).expect("a draft");
    assert!(matches!(
        other.attach(earlier),
        Err(EditorError::BadSignature { .. })
    ));
    let mut set = set;
    set.put_signed(draft).expect("two of three");
    let (read, remembered) = refresh(newcomer(&set), &honest(&set), now(), Expiry::Enforce);
    assert!(read.is_ok());
    assert_eq!(Some(&remembered.root), set.file("root", Some(2)));
    assert!(sign_detached(b"{}", &key("root-1")).is_err());
}

#[test]
fn replaced_root_keys_need_the_consent_of_the_former() {
    let set = first();
    let mut signers = top();
    signers.root = RoleSigners::one(key("root-new").public().clone());
    let mut draft = revise_root(&set, &signers, now(), &Lifetimes::default()).expect("a draft");
    draft.sign(&ring(&["root-new"]));
    assert!(matches!(
        draft.check(),
        Err(EditorError::Unsigned {
            valid: 0,
            needed: 2,
            ..
        })
    ));
    draft.sign(&ring(&["root-1", "root-2"]));
    let mut set = set;
    set.put_signed(draft).expect("both have signed");
    assert!(
        refresh(newcomer(&set), &honest(&set), now(), Expiry::Enforce)
            .0
            .is_ok()
    );
}

#[test]
fn without_its_key_a_changed_role_is_not_published() {
    let mut changed = SOME_FILES.to_vec();
    changed[5] = ("ru/2026/11/снег/index.html", "more snow");
    let edition = next_edition(
        &first(),
        &ring(&["be", "site", "snapshot", "timestamp"]),
        &files(&changed),
        now(),
        &Lifetimes::default(),
    );
    let (role, valid, needed) = (String::from("ru-2026-11"), 0, 1);
    assert_eq!(
        edition,
        Err(EditorError::Unsigned {
            role,
            valid,
            needed
        })
    );
}

#[test]
fn roles_are_renewed_before_they_expire() {
    let later = now() + days(300);
    let renewed = edition(&first(), &SOME_FILES, later);
    let versions = self::versions(&renewed);
    assert_eq!(
        (versions["be"], versions["site"], versions["be-2026-11"]),
        (2, 2, 1)
    );
    // Without the key a role may wait until its date is past, and no longer.
    let waiting = edition_by(&first(), &["snapshot", "timestamp"], &SOME_FILES, later);
    assert_eq!(self::versions(&waiting)["be"], 1);
}

#[test]
fn an_expired_offline_role_is_found_before_readers_find_it() {
    let later = now() + days(365);
    let edition = next_edition(
        &first(),
        &ring(&ONLINE),
        &files(&SOME_FILES),
        later,
        &Lifetimes::default(),
    );
    let (role, since) = (String::from("root"), later);
    assert_eq!(edition, Err(EditorError::Expired { role, since }));
}

#[test]
fn every_edition_has_the_next_number() {
    let mut set = established();
    for number in 1..5 {
        set = edition(&set, &SOME_FILES, now());
        assert_eq!(versions(&set)["snapshot"], number);
        assert_eq!(trusted(&set).edition(), number);
        assert_eq!(trusted(&set).issued(), Some(now()));
    }
    let mut with_new_root = with(
        &set,
        revise_root(&set, &top(), now(), &Lifetimes::default()),
        &OFFLINE,
    );
    with_new_root = edition(&with_new_root, &SOME_FILES, now());
    let roots = with_new_root
        .iter()
        .filter(|(name, _)| name.role() == "root");
    assert_eq!(roots.count(), 2, "all roots stay");
}

#[test]
fn metadata_is_compact_and_canonical() {
    for (name, bytes) in first().iter() {
        let value = super::super::json::parse(bytes).expect("JSON");
        assert_eq!(
            super::super::json::canonical(&value),
            bytes.to_vec(),
            "{name}"
        );
    }
}

#[test]
fn a_signed_set_is_what_a_reader_remembers() {
    let set = first();
    let remembered = set.remembered().expect("a root");
    let asked = std::cell::Cell::new(0);
    let answer = |want: &super::super::Want| {
        asked.set(asked.get() + 1);
        set.file(&want.role, want.version).cloned()
    };
    let (read, _) = refresh(remembered, &answer, now(), Expiry::Enforce);
    everything(read.expect("good"), &answer).expect("all roles");
    assert_eq!(asked.get(), 2, "the next root and the timestamp");
}

#[test]
fn an_amended_edition_is_the_one_made_from_all_files() {
    let (one, lifetimes) = (first(), Lifetimes::default());
    let mut all = SOME_FILES.to_vec();
    all.remove(3);
    all[0].1 = "home, corrected";
    all.push(("ru/2026/12/frost/index.html", "frost"));
    let whole = edition(&one, &all, now());
    let change = Change {
        put: files(&[
            ("index.html", "home, corrected"),
            ("ru/2026/12/frost/index.html", "frost"),
        ]),
        gone: [path("be/2026/10/old/index.html"), path("nowhere/at/all")].into(),
    };
    let amended = amend_edition(&one, &ring(&ONLINE), &change, now(), &lifetimes);
    assert_eq!(amended, Ok(whole));
    let nothing = amend_edition(&one, &ring(&ONLINE), &Change::default(), now(), &lifetimes);
    assert_eq!(nothing, Ok(edition(&one, &SOME_FILES, now())));
}

#[test]
fn a_changed_key_is_noticed_without_a_changed_file() {
    let lifetimes = Lifetimes::default();
    let one = first();
    let rekeyed = rekey_newsroom(&one, &newsroom("be"), &signers("be-2"), now(), &lifetimes);
    let set = with(&one, rekeyed, &["targets"]);
    for keys in [
        ["be-2", "snapshot", "timestamp"],
        ["be", "snapshot", "timestamp"],
    ] {
        let whole = next_edition(&set, &ring(&keys), &files(&SOME_FILES), now(), &lifetimes);
        let amended = amend_edition(&set, &ring(&keys), &Change::default(), now(), &lifetimes);
        assert_eq!(whole, amended);
        let new = whole.map(|set| versions(&set));
        if keys[0] == "be" {
            assert!(matches!(new, Err(EditorError::Unsigned { role, .. }) if role == "be-2026-10"));
        } else {
            let new = new.expect("an edition");
            assert_eq!(
                (new["be"], new["be-2026-10"], new["be-2026-11"], new["ru"]),
                (2, 2, 2, 1)
            );
        }
    }
}
