//! Attacks by who has stolen keys, or would like others to be taken for the right ones.

use super::*;

#[test]
fn a_root_signed_by_too_few_people_is_refused() {
    let reader = Reader::new();
    let root = reader.honest.first_root().expect("a root");
    let next = |keys: &[&str]| forge(root, keys, |signed| signed["version"] = 2.into());
    reader.refuses(
        &instead(&reader.honest, "root", next(&["root-1"])),
        not_signed("root", 1, 2),
    );
    let with_other_roles = next(&["root-1", "targets", "be"]);
    reader.refuses(
        &instead(&reader.honest, "root", with_other_roles),
        not_signed("root", 1, 2),
    );
}

#[test]
fn a_root_that_its_own_keys_have_not_signed_is_refused() {
    let reader = Reader::new();
    let root = reader.honest.first_root().expect("a root");
    let stranger = key("stranger");
    let next = forge(root, &["root-1", "root-2"], |signed| {
        signed["version"] = 2.into();
        signed["keys"][stranger.id().as_str()] = json!(stranger.public().key);
        signed["roles"]["root"] = json!({ "keyids": [stranger.id()], "threshold": 1 });
    });
    reader.refuses(
        &instead(&reader.honest, "root", next),
        not_signed("root", 0, 1),
    );
}

#[test]
fn a_root_that_skips_a_version_is_refused() {
    let reader = Reader::new();
    let root = reader.honest.first_root().expect("a root");
    let keys = ["root-1", "root-2"];
    for got in [1, 3] {
        let other = forge(root, &keys, |signed| signed["version"] = got.into());
        let (role, expected) = (string("root"), 2);
        let refusal = Refusal::WrongVersion {
            role,
            expected,
            got,
        };
        reader.refuses(&instead(&reader.honest, "root", other), refusal);
    }
}

#[test]
fn a_root_of_strangers_is_refused() {
    let reader = Reader::new();
    let root = reader.honest.first_root().expect("a root");
    let stranger = key("stranger");
    let forged = forge(root, &["stranger"], |signed| {
        signed["version"] = 2.into();
        signed["keys"][stranger.id().as_str()] = json!(stranger.public().key);
        for role in ["root", "targets", "snapshot", "timestamp"] {
            signed["roles"][role] = json!({ "keyids": [stranger.id()], "threshold": 1 });
        }
    });
    reader.refuses(
        &instead(&reader.honest, "root", forged),
        not_signed("root", 0, 2),
    );
}

#[test]
fn an_expired_root_chain_is_refused() {
    let reader = Reader::new();
    let later = now() + days(366);
    let (read, _) = reader.refresh(&honest(&reader.honest), later);
    let (role, since) = (string("root"), now() + days(365));
    assert_eq!(read, Err(Refusal::Expired { role, since }));
    // An expired root in the middle of the chain does no harm: only the last must be in date.
    let mut set = reader.honest.clone();
    let mut root = revise_root(&set, &top(), later, &Lifetimes::default()).expect("a draft");
    root.sign(&ring(&OFFLINE));
    set.put_signed(root).expect("enough keys");
    let mut targets =
        crate::trust::editor::renew_targets(&set, later, &Lifetimes::default()).expect("a draft");
    targets.sign(&ring(&OFFLINE));
    set.put_signed(targets).expect("enough keys");
    let set = edition(&set, &SOME_FILES, later);
    assert_eq!(reader.refresh(&honest(&set), later).0, Ok(()));
}

#[test]
fn a_fast_forward_is_undone_by_new_online_keys() {
    let reader = Reader::new();
    let attack = reseal(&reader.honest, |meta| {
        meta["be.json"]["version"] = u64::MAX.into()
    });
    let attack = restamp(&attack, |signed| signed["version"] = u64::MAX.into());
    let (_, poisoned) = reader.refresh(&honest(&attack), now());
    let poisoned = Reader {
        honest: reader.honest,
        remembered: poisoned,
    };
    let (role, had, got) = (string("timestamp"), u64::MAX, 2);
    let next = edition(&poisoned.honest, &SOME_FILES, now());
    let (read, _) = poisoned.refresh(&honest(&next), now());
    assert_eq!(read, Err(Refusal::Rollback { role, had, got }));

    let mut signers = top();
    signers.timestamp = crate::trust::testing::signers("timestamp-2");
    let mut root =
        revise_root(&poisoned.honest, &signers, now(), &Lifetimes::default()).expect("a draft");
    root.sign(&ring(&OFFLINE));
    let mut recovered = poisoned.honest.clone();
    recovered.put_signed(root).expect("enough keys");
    let keys = ["be", "ru", "site", "snapshot", "timestamp-2"];
    let recovered = edition_by(&recovered, &keys, &SOME_FILES, now());
    let (read, remembered) = poisoned.refresh(&honest(&recovered), now());
    assert_eq!(read, Ok(()));
    assert_eq!(
        remembered.timestamp.as_ref(),
        recovered.file("timestamp", None)
    );
}

#[test]
fn stolen_online_keys_can_hold_back_but_not_forge() {
    let reader = Reader::new();
    let set = &reader.honest;
    // They cannot speak for an article, whatever they write into the newsroom's roles.
    for role in ["targets", "be", "be-2026-11"] {
        let attack = republish(set, role, &["snapshot", "timestamp"], |signed| {
            signed["targets"]["be/2026/11/hoax/index.html"] =
                json!({ "length": 4, "hashes": { "sha256": "00".repeat(32) } });
        });
        assert_eq!(
            reader.read_all(&honest(&attack)),
            Err(not_signed(role, 0, 1))
        );
    }
    // They cannot bring an older article back to who has seen the newer.
    let mut corrected = SOME_FILES;
    corrected[4] = ("be/2026/11/river/index.html", "river, corrected");
    let seen = Reader::of(edition(set, &corrected, now()));
    let old = set.newest("be-2026-11").expect("a month").1;
    let attack = reseal(&seen.honest, |meta| {
        meta["be-2026-11.json"] = described(1, old)
    });
    let (role, had, got) = (string("be-2026-11"), 2, 1);
    assert_eq!(
        seen.read_all(&honest(&attack)),
        Err(Refusal::Rollback { role, had, got })
    );
    // They can show an old edition as new to who has seen nothing newer, as long as the newsroom's own date lasts.
    let frozen = |at: Timestamp| {
        let again = reseal(set, |_| {});
        let date = (at + days(7)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let snapshot = forge(
            again.newest("snapshot").expect("a snapshot").1,
            &["snapshot"],
            |signed| {
                signed["expires"] = date.clone().into();
            },
        );
        let mut again = again.clone();
        put(&mut again, "snapshot", 2, snapshot.clone());
        restamp(&again, |signed| {
            signed["expires"] = date.into();
            signed["meta"]["snapshot.json"] = described(2, &snapshot);
        })
    };
    let at = now() + days(300);
    assert_eq!(reader.refresh(&honest(&frozen(at)), at).0, Ok(()));
    let at = now() + days(366);
    assert!(matches!(
        reader.refresh(&honest(&frozen(at)), at).0,
        Err(Refusal::Expired { .. })
    ));
}

#[test]
fn a_revoked_newsroom_key_signs_nothing_more() {
    let reader = Reader::new();
    let lifetimes = Lifetimes::default();
    let rekeyed = crate::trust::editor::rekey_newsroom(
        &reader.honest,
        &newsroom("be"),
        &signers("be-2"),
        now(),
        &lifetimes,
    );
    let mut targets = rekeyed.expect("a draft");
    targets.sign(&ring(&OFFLINE));
    let mut set = reader.honest.clone();
    set.put_signed(targets).expect("enough keys");
    let keys = ["be-2", "ru", "site", "snapshot", "timestamp"];
    let set = edition_by(&set, &keys, &SOME_FILES, now());
    // Articles of the past stay readable, signed anew.
    let (read, remembered) = refresh(
        reader.remembered.clone(),
        &honest(&set),
        now(),
        Expiry::Enforce,
    );
    let (_, files) =
        everything(read.expect("an honest edition"), &honest(&set)).expect("all roles");
    assert!(
        files
            .get(&path("be/2026/10/old/index.html"))
            .is_some_and(|file| file.fits(b"old"))
    );
    // What the thief signs now is refused.
    for role in ["be", "be-2026-11"] {
        let attack = republish(&set, role, &["be"], |_| {});
        let (read, _) = refresh(remembered.clone(), &honest(&attack), now(), Expiry::Enforce);
        let refused = everything(read.expect("good top-level roles"), &honest(&attack)).map(|_| ());
        assert_eq!(refused, Err(not_signed(role, 0, 1)));
    }
}
