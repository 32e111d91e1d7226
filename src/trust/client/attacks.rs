//! The known attacks on a client, one test each. Every test ends with [`Reader::is_unharmed`]: refused by name, nothing
//! of the attack remembered, and the next honest edition read as if nothing had been.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Refusal;
use super::super::editor::{Lifetimes, MetadataSet, revise_root};
use super::super::testing::*;
use super::{Expiry, Freshness, Remembered};
use crate::base::LIMITS;

/// Somebody who has read the first edition honestly.
struct Reader {
    honest: MetadataSet,
    remembered: Remembered,
}

impl Reader {
    fn new() -> Self {
        Self::of(first())
    }

    fn of(honest: MetadataSet) -> Self {
        let (trusted, _) =
            everything(trusted(&honest), &self::honest(&honest)).expect("an honest edition");
        let remembered = trusted.remembered();
        Self { honest, remembered }
    }

    fn refresh(&self, answer: Answer<'_>, at: Timestamp) -> (Result<(), Refusal>, Remembered) {
        let (read, remembered) = refresh(self.remembered.clone(), answer, at, Expiry::Enforce);
        (read.map(|_| ()), remembered)
    }

    /// Everything from the root to the last role, as a mirror or a bundle's reader verifies it.
    fn read_all(&self, answer: Answer<'_>) -> Result<(), Refusal> {
        let (read, _) = refresh(self.remembered.clone(), answer, now(), Expiry::Enforce);
        everything(read?, answer).map(|_| ())
    }

    /// The attack is refused at a top-level role.
    fn refuses(&self, answer: Answer<'_>, expected: Refusal) {
        let (read, remembered) = self.refresh(answer, now());
        assert_eq!(read, Err(expected));
        assert_eq!(remembered, self.remembered, "nothing is remembered of it");
        self.is_unharmed();
    }

    fn is_unharmed(&self) {
        let next = edition(&self.honest, &SOME_FILES, now());
        assert_eq!(
            self.read_all(&honest(&self.honest)),
            Ok(()),
            "the last good edition still opens"
        );
        assert_eq!(
            self.read_all(&honest(&next)),
            Ok(()),
            "and so does the next"
        );
    }
}

fn string(text: &str) -> String {
    text.to_owned()
}

fn not_signed(role: &str, valid: usize, needed: u64) -> Refusal {
    Refusal::ThresholdNotMet {
        role: string(role),
        valid,
        needed,
    }
}

/// Answers with `file` where `role` is asked for, and honestly otherwise.
fn instead<'a>(
    set: &'a MetadataSet,
    role: &'a str,
    file: Bytes,
) -> impl Fn(&super::Want) -> Option<Bytes> + 'a {
    move |want| {
        if want.role == role {
            return Some(file.clone());
        }
        set.file(&want.role, want.version).cloned()
    }
}

#[test]
fn an_arbitrary_file_is_refused() {
    let set = first();
    let mut trusted = trusted(&set);
    let file = lookup(&mut trusted, "be/index.html", &honest(&set)).expect("an honest search");
    let file = file.expect("a file of the edition");
    assert!(file.fits(b"be home"));
    assert!(!file.fits(b"be hoax"), "as long, but not the same");
    assert!(!file.fits(b""));
}

#[test]
fn a_timestamp_rollback_is_refused() {
    let reader = Reader::of(edition(&first(), &SOME_FILES, now()));
    let (role, had, got) = (string("timestamp"), 2, 1);
    reader.refuses(&honest(&first()), Refusal::Rollback { role, had, got });
}

#[test]
fn a_snapshot_rollback_is_refused() {
    let reader = Reader::of(edition(&first(), &SOME_FILES, now()));
    let old = first();
    let snapshot = old.newest("snapshot").expect("a snapshot").1;
    let stamped = restamp(&reader.honest, |signed| {
        signed["version"] = 9.into();
        signed["meta"]["snapshot.json"] = described(1, snapshot);
    });
    let (role, had, got) = (string("snapshot"), 2, 1);
    reader.refuses(&honest(&stamped), Refusal::Rollback { role, had, got });
}

#[test]
fn a_rollback_of_one_newsroom_is_refused() {
    let mut corrected = SOME_FILES;
    corrected[2] = ("be/index.html", "be home, corrected");
    let reader = Reader::of(edition(&first(), &corrected, now()));
    let old = first();
    let old = old.newest("be").expect("a newsroom").1;
    let attack = reseal(&reader.honest, |meta| meta["be.json"] = described(1, old));
    let (read, remembered) = reader.refresh(&honest(&attack), now());
    let (role, had, got) = (string("be"), 2, 1);
    assert_eq!(read, Err(Refusal::Rollback { role, had, got }));
    // The thief's timestamp was validly signed, and is kept: it only raises the floor.
    assert_eq!(remembered.snapshot, reader.remembered.snapshot);
    assert_eq!(remembered.targets, reader.remembered.targets);
}

#[test]
fn a_role_that_disappears_is_refused() {
    let reader = Reader::new();
    let attack = reseal(&reader.honest, |meta| {
        meta.as_object_mut()
            .expect("an object")
            .remove("be-2026-11.json");
    });
    let (read, remembered) = reader.refresh(&honest(&attack), now());
    let role = string("be-2026-11");
    assert_eq!(read, Err(Refusal::Missing { role }));
    assert_eq!(remembered.snapshot, reader.remembered.snapshot);
}

#[test]
fn a_freeze_is_refused() {
    let reader = Reader::new();
    let later = now() + days(8);
    let (read, remembered) = reader.refresh(&honest(&reader.honest), later);
    let (role, since) = (string("timestamp"), now() + days(7));
    assert_eq!(read, Err(Refusal::Expired { role, since }));
    assert_eq!(remembered, reader.remembered);
    reader.is_unharmed();
}

#[test]
fn a_date_is_passed_in_the_very_second_that_it_names() {
    let reader = Reader::new();
    let (read, _) = reader.refresh(&honest(&reader.honest), now() + days(7));
    assert!(matches!(read, Err(Refusal::Expired { .. })));
    let just_before = now() + days(7) - jiff::SignedDuration::from_secs(1);
    assert_eq!(
        reader.refresh(&honest(&reader.honest), just_before).0,
        Ok(())
    );
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
    signers.timestamp = super::super::testing::signers("timestamp-2");
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
fn mix_and_match_is_refused() {
    let mut corrected = SOME_FILES;
    corrected[4] = ("be/2026/11/river/index.html", "rivet");
    let old = first();
    let new = edition(&old, &corrected, now());
    let month = old.newest("be-2026-11").expect("a month").1.clone();
    let reader = Reader::new();
    let refused = reader.read_all(&instead(&new, "be-2026-11", month));
    let role = string("be-2026-11");
    assert_eq!(refused, Err(Refusal::WrongHash { role }));
    reader.is_unharmed();
}

#[test]
fn endless_metadata_is_refused() {
    let reader = Reader::new();
    let endless = Bytes::from(vec![b' '; 600_000]);
    for (role, max_bytes) in [
        ("root", LIMITS.root_bytes),
        ("timestamp", LIMITS.timestamp_bytes),
    ] {
        let refusal = Refusal::TooLong {
            role: string(role),
            max_bytes,
        };
        reader.refuses(&instead(&reader.honest, role, endless.clone()), refusal);
    }
}

#[test]
fn metadata_longer_than_signed_is_refused() {
    let next = edition(&first(), &SOME_FILES, now());
    let snapshot = next.newest("snapshot").expect("a snapshot").1;
    let mut longer = snapshot.to_vec();
    longer.push(b' ');
    let reader = Reader::new();
    let (read, remembered) =
        reader.refresh(&instead(&next, "snapshot", longer.clone().into()), now());
    let told = snapshot.len() as u64;
    let (role, got) = (string("snapshot"), longer.len() as u64);
    assert_eq!(read, Err(Refusal::WrongLength { role, told, got }));
    assert_eq!(remembered.snapshot, reader.remembered.snapshot);
    reader.is_unharmed();
}

#[test]
fn a_file_at_a_wrong_path_is_refused() {
    let set = first();
    let mut trusted = trusted(&set);
    let mut file = |path| {
        lookup(&mut trusted, path, &honest(&set))
            .expect("an honest search")
            .expect("a file")
    };
    // Both contents are signed, but each for its own place.
    assert!(file("be/2026/10/old/index.html").fits(b"old"));
    assert!(!file("be/2026/11/river/index.html").fits(b"old"));
}

#[test]
fn one_role_in_place_of_another_is_refused() {
    let reader = Reader::new();
    let next = edition(&reader.honest, &SOME_FILES, now());
    let snapshot = next.newest("snapshot").expect("a snapshot").1.clone();
    let role = string("timestamp");
    let why = string("it is of type `snapshot`, not `timestamp`");
    reader.refuses(
        &instead(&next, "timestamp", snapshot),
        Refusal::Malformed { role, why },
    );
}

#[test]
fn an_extraneous_file_is_found_nowhere() {
    let set = first();
    let mut trusted = trusted(&set);
    for path in [
        "be/2026/11/river/extra.html",
        "extra.html",
        "fa/index.html",
        "be/2027/01/x/index.html",
    ] {
        assert_eq!(
            lookup(&mut trusted, path, &honest(&set)),
            Ok(None),
            "{path}"
        );
    }
}

#[test]
fn a_duplicate_signature_is_refused() {
    let reader = Reader::new();
    let next = edition(&reader.honest, &SOME_FILES, now());
    let mut file: Value =
        serde_json::from_slice(next.file("timestamp", None).expect("a timestamp")).expect("JSON");
    let signatures = file["signatures"].as_array_mut().expect("signatures");
    signatures.push(signatures[0].clone());
    let why = format!("two signatures are of the key `{}`", key("timestamp").id());
    let file = Bytes::from(file.to_string());
    let role = string("timestamp");
    reader.refuses(
        &instead(&next, "timestamp", file),
        Refusal::Malformed { role, why },
    );
}

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
fn an_unknown_key_counts_for_nothing() {
    let reader = Reader::new();
    let next = edition(&reader.honest, &SOME_FILES, now());
    let timestamp = next.file("timestamp", None).expect("a timestamp");
    let forged = forge(timestamp, &["stranger"], |_| {});
    reader.refuses(
        &instead(&next, "timestamp", forged),
        not_signed("timestamp", 0, 1),
    );
    // Nor does another's signature under the right name.
    let mut renamed: Value = serde_json::from_slice(timestamp).expect("JSON");
    renamed["signatures"][0]["sig"] = json!("00".repeat(64));
    let renamed = Bytes::from(renamed.to_string());
    reader.refuses(
        &instead(&next, "timestamp", renamed),
        not_signed("timestamp", 0, 1),
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
        super::super::editor::renew_targets(&set, later, &Lifetimes::default()).expect("a draft");
    targets.sign(&ring(&OFFLINE));
    set.put_signed(targets).expect("enough keys");
    let set = edition(&set, &SOME_FILES, later);
    assert_eq!(reader.refresh(&honest(&set), later).0, Ok(()));
}

#[test]
fn a_delegation_outside_its_paths_speaks_for_nobody() {
    let stolen = republish(&first(), "ru", &["ru"], |signed| {
        signed["targets"]["be/index.html"] =
            json!({ "length": 4, "hashes": { "sha256": "00".repeat(32) } });
        signed["targets"]["be/2026/11/hoax/index.html"] =
            signed["targets"]["be/index.html"].clone();
        signed["targets"]["ru/a/b/c/d/e.html"] = signed["targets"]["be/index.html"].clone();
    });
    let mut trusted = trusted(&stolen);
    let home = lookup(&mut trusted, "be/index.html", &honest(&stolen)).expect("a search");
    assert!(home.is_some_and(|file| file.role == "be" && file.fits(b"be home")));
    for path in ["be/2026/11/hoax/index.html", "ru/a/b/c/d/e.html"] {
        assert_eq!(
            lookup(&mut trusted, path, &honest(&stolen)),
            Ok(None),
            "{path}"
        );
    }
    let (_, files) = everything(trusted, &honest(&stolen)).expect("a walk");
    assert_eq!(
        files.keys().cloned().collect::<Vec<_>>(),
        self::files(&SOME_FILES).into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_file_name_that_leads_out_of_the_site_is_refused() {
    let attack = republish(&first(), "be", &["be"], |signed| {
        signed["targets"]["be/.."] =
            json!({ "length": 4, "hashes": { "sha256": "00".repeat(32) } });
    });
    let refused = everything(trusted(&attack), &honest(&attack)).map(|_| ());
    assert!(matches!(refused, Err(Refusal::BadTargetName { role, .. }) if role == "be"));
}

#[test]
fn cyclic_delegations_come_to_an_end() {
    // `ru` delegates to `be` and `be` to `ru`, each for everything.
    let delegate_to = |other: &str| {
        let public = key(other).public().clone();
        json!({
            "keys": { public.id.as_str(): public.key },
            "roles": [{
                "name": other, "keyids": [public.id], "threshold": 1, "terminating": false,
                "paths": ["*", "*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*"],
            }],
        })
    };
    let set = republish(&first(), "ru", &["ru"], |signed| {
        signed["delegations"] = delegate_to("be")
    });
    let set = republish(&set, "be", &["be"], |signed| {
        signed["delegations"] = delegate_to("ru")
    });
    let mut trusted = trusted(&set);
    assert_eq!(
        lookup(&mut trusted, "be/nothing.html", &honest(&set)),
        Ok(None)
    );
    let (_, files) = everything(trusted, &honest(&set)).expect("a walk with an end");
    assert!(files.contains_key(&path("be/index.html")));
}

#[test]
fn too_many_delegations_are_refused() {
    let be = key("be").public().clone();
    let signed = |name: &str, next: &str| {
        json!({
            "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": {},
            "delegations": {
                "keys": { be.id.as_str(): be.key },
                "roles": [{
                    "name": next, "keyids": [be.id], "threshold": 1, "terminating": false, "paths": [format!("be/*")],
                }],
            },
            "x-name": name,
        })
    };
    // A chain without end: `be` → `b1` → `b2` → …; each new role is made up as it is asked for.
    let chain = |number: usize| {
        sign_value(
            signed(&format!("b{number}"), &format!("b{}", number + 1)),
            &["be"],
        )
    };
    let set = republish(&first(), "be", &["be"], |it| {
        *it = {
            let mut first = signed("be", "b1");
            first["version"] = it["version"].clone();
            first
        }
    });
    let set = reseal(&set, |meta| {
        for number in 1..=60 {
            meta[format!("b{number}.json")] = json!({ "version": 1 });
        }
    });
    let answer = |want: &super::Want| {
        let number = want
            .role
            .strip_prefix('b')
            .and_then(|number| number.parse().ok());
        number
            .map(chain)
            .or_else(|| set.file(&want.role, want.version).cloned())
    };
    let limited = || {
        let (read, _) = refresh(newcomer(&set), &answer, now(), Expiry::Enforce);
        read.expect("good top-level roles").with_max_roles(50)
    };
    let limit = 50;
    let refused = everything(limited(), &answer).map(|_| ());
    assert!(matches!(refused, Err(Refusal::TooManyRoles { limit: at, .. }) if at == limit));
    let refused = lookup(&mut limited(), "be/nothing.html", &answer);
    assert!(matches!(refused, Err(Refusal::TooManyRoles { limit: at, .. }) if at == limit));
    // Every role of it is validly signed: one fewer, and it is merely found nowhere.
    let mut trusted = limited().with_max_roles(63);
    assert_eq!(
        lookup(&mut trusted, "be/nothing.html", &answer),
        Err(Refusal::Missing {
            role: string("b61")
        })
    );
}

#[test]
fn a_metadata_bomb_is_refused() {
    let reader = Reader::new();
    let deep = format!(
        r#"{{"signatures":[],"signed":{}{}}}"#,
        "[".repeat(8_000),
        "]".repeat(8_000)
    );
    let huge = format!(
        r#"{{"signatures":[],"signed":{{"version":{}}}}}"#,
        "9".repeat(16_000)
    );
    for (bomb, words) in [
        (deep.as_str(), "nested too deeply"),
        (huge.as_str(), "number"),
        (
            r#"{"signatures":[],"signatures":[],"signed":{}}"#,
            "`signatures` stands twice",
        ),
        (
            r#"{"signatures":[],"signed":{"version":1,"version":2}}"#,
            "`version` stands twice",
        ),
        (
            r#"{"signatures":[],"signed":{"version":1.5}}"#,
            "floating point",
        ),
        (r#"{"signatures":[],"signed":{"version":1e400}}"#, "number"),
        ("", "EOF"),
        ("\u{0}", "expected"),
    ] {
        let (read, remembered) = reader.refresh(
            &instead(&reader.honest, "timestamp", bomb.to_owned().into()),
            now(),
        );
        let Err(Refusal::Malformed { role, why }) = read else {
            panic!("`{words}` was not refused: {read:?}");
        };
        assert_eq!(role, "timestamp");
        assert!(why.contains(words), "{why}");
        assert_eq!(remembered, reader.remembered);
    }
    reader.is_unharmed();
}

#[test]
fn json_that_is_not_canonical_means_what_its_canonical_form_means() {
    let reader = Reader::new();
    let next = edition(&reader.honest, &SOME_FILES, now());
    let timestamp = next.file("timestamp", None).expect("a timestamp");
    let value: Value = serde_json::from_slice(timestamp).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value)
        .expect("JSON")
        .replace("timestamp", "\\u0074imestamp");
    // The same content in another spelling is the same content, and kept as it came.
    let (read, remembered) =
        reader.refresh(&instead(&next, "timestamp", pretty.clone().into()), now());
    assert_eq!(read, Ok(()));
    assert_eq!(remembered.timestamp, Some(pretty.clone().into()));
    // A different content in whatever spelling is not.
    let changed = pretty.replace("\"version\": 2", "\"version\": 3");
    reader.refuses(
        &instead(&next, "timestamp", changed.into()),
        not_signed("timestamp", 0, 1),
    );
    // Letters that look alike are different letters: no Unicode form is forced on what was signed.
    let spoofed = forge(timestamp, &["timestamp"], |signed| {
        signed["x-note"] = "e\u{301}".into()
    });
    let spoofed = String::from_utf8(spoofed.to_vec())
        .expect("text")
        .replace("e\u{301}", "\u{e9}");
    reader.refuses(
        &instead(&next, "timestamp", spoofed.into()),
        not_signed("timestamp", 0, 1),
    );
}

#[test]
fn a_clock_set_back_makes_nothing_old_new() {
    let set = first();
    let next = edition(&set, &SOME_FILES, now() + days(20));
    let reader = Reader {
        honest: set.clone(),
        remembered: refresh(
            newcomer(&next),
            &honest(&next),
            now() + days(20),
            Expiry::Enforce,
        )
        .1,
    };
    // To this clock the old edition looks fresh, but it was seen to be replaced.
    let (read, remembered) = reader.refresh(&honest(&set), now());
    let (role, had, got) = (string("timestamp"), 2, 1);
    assert_eq!(read, Err(Refusal::Rollback { role, had, got }));
    assert_eq!(remembered, reader.remembered);
    // And a clock that is behind the publisher's is told, not believed.
    let (read, _) = refresh(newcomer(&next), &honest(&next), now(), Expiry::Enforce);
    let issued = now() + days(20);
    assert_eq!(
        read.map(|trusted| trusted.freshness()).ok(),
        Some(Freshness::ClockBehind { issued })
    );
}

#[test]
fn a_mirror_that_answers_differently_each_time_gets_nowhere() {
    let old = first();
    let mut corrected = SOME_FILES;
    corrected[2] = ("be/index.html", "be home, corrected");
    let new = edition(&old, &corrected, now());
    let reader = Reader::new();
    // Every way of answering each of the four questions that are left (`root`, `timestamp`, `snapshot`, `be`) from the old
    // edition, the new one, or not at all.
    let choices = [Some(&old), Some(&new), None];
    let mut complete = 0;
    for seed in 0..3_usize.pow(4) {
        let asked = std::cell::Cell::new(seed);
        let answer = |want: &super::Want| {
            let rest = asked.get();
            asked.set(rest / 3);
            let set = choices[rest % 3]?;
            let (_, newest) = set.newest(&want.role)?;
            if want.role == "root" {
                None
            } else {
                Some(newest.clone())
            }
        };
        let (read, remembered) =
            refresh(reader.remembered.clone(), &answer, now(), Expiry::Enforce);
        if remembered.timestamp != reader.remembered.timestamp {
            assert_eq!(remembered.timestamp.as_ref(), new.file("timestamp", None));
        }
        let Ok((trusted, files)) = read.and_then(|trusted| everything(trusted, &answer)) else {
            continue;
        };
        complete += 1;
        // Whatever came together is one edition or the other, never a mixture.
        let whole = if trusted.edition() == 1 {
            &SOME_FILES
        } else {
            &corrected
        };
        let expected = self::files(whole);
        assert!(
            files
                .iter()
                .all(|(path, file)| file.digest() == expected.get(path).map(|facts| facts.1))
        );
        assert_eq!(files.len(), expected.len());
    }
    assert!(complete > 0);
    reader.is_unharmed();
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
    let rekeyed = super::super::editor::rekey_newsroom(
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
fn each_role_past_its_date_is_refused() {
    let set = first();
    let reader = Reader::new();
    let since = now() - days(1);
    let date = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for (role, keys) in [("targets", "targets"), ("be", "be"), ("be-2026-11", "be")] {
        let attack = republish(&set, role, &[keys], |signed| {
            signed["expires"] = date.clone().into();
        });
        let role = string(role);
        let refused = reader.read_all(&honest(&attack));
        assert_eq!(refused, Err(Refusal::Expired { role, since }));
    }
    let mut attack = reseal(&set, |_| {});
    let snapshot = attack.newest("snapshot").expect("a snapshot").1;
    let snapshot = forge(snapshot, &["snapshot"], |signed| {
        signed["expires"] = date.into()
    });
    put(&mut attack, "snapshot", 2, snapshot.clone());
    let attack = restamp(&attack, |signed| {
        signed["meta"]["snapshot.json"] = described(2, &snapshot);
    });
    let role = string("snapshot");
    let refused = reader.read_all(&honest(&attack));
    assert_eq!(refused, Err(Refusal::Expired { role, since }));
    reader.is_unharmed();
}

#[test]
fn an_old_file_under_a_new_number_is_refused() {
    let reader = Reader::new();
    let set = &reader.honest;
    // Without hashes only the version inside the file tells.
    for role in ["targets", "be", "be-2026-11"] {
        let mut attack = set.clone();
        let old = set.newest(role).expect("a role").1.clone();
        put(&mut attack, role, 7, old);
        let attack = reseal(&attack, |meta| {
            meta[format!("{role}.json")] = json!({ "version": 7 })
        });
        let (role, expected, got) = (string(role), 7, 1);
        let refused = reader.read_all(&honest(&attack));
        assert_eq!(
            refused,
            Err(Refusal::WrongVersion {
                role,
                expected,
                got
            })
        );
    }
    let mut attack = set.clone();
    let old = set.newest("snapshot").expect("a snapshot").1.clone();
    put(&mut attack, "snapshot", 7, old);
    let attack = restamp(&attack, |signed| {
        signed["version"] = 7.into();
        signed["meta"]["snapshot.json"] = json!({ "version": 7 });
    });
    let (role, expected, got) = (string("snapshot"), 7, 1);
    let refused = reader.read_all(&honest(&attack));
    assert_eq!(
        refused,
        Err(Refusal::WrongVersion {
            role,
            expected,
            got
        })
    );
    reader.is_unharmed();
}

/// A delegation of everything in the folder `ru`, by the key of that name.
fn delegation(name: &str, by: &str, terminating: bool) -> Value {
    json!({
        "name": name, "keyids": [key(by).id()], "threshold": 1, "terminating": terminating,
        "paths": ["ru/*"],
    })
}

fn small_role(name: &str) -> Value {
    let target = json!({ "length": 1, "hashes": { "sha256": "00".repeat(32) } });
    json!({
        "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
        "targets": { format!("ru/{name}.html"): target, "ru/both.html": target },
    })
}

fn with_small_roles(set: &MetadataSet, roles: &[(&str, Value, &str)]) -> MetadataSet {
    let mut set = set.clone();
    let mut files = Vec::new();
    for (name, signed, by) in roles {
        let file = sign_value(signed.clone(), &[by]);
        put(&mut set, name, 1, file.clone());
        files.push((format!("{name}.json"), described(1, &file)));
    }
    reseal(&set, |meta| {
        for (name, described) in files {
            meta[name] = described;
        }
    })
}

#[test]
fn nothing_is_searched_behind_a_terminating_delegation() {
    let set = with_small_roles(
        &first(),
        &[
            ("one", small_role("one"), "ru"),
            ("two", small_role("two"), "ru"),
        ],
    );
    let delegating = |terminating: bool| {
        republish(&set, "ru", &["ru"], |signed| {
            let ru = key("ru").public().clone();
            signed["delegations"] = json!({
                "keys": { ru.id.as_str(): ru.key },
                "roles": [delegation("one", "ru", terminating), delegation("two", "ru", false)],
            });
        })
    };
    let found = |set: &MetadataSet, path: &str| {
        let file = lookup(&mut trusted(set), path, &honest(set)).expect("a search");
        let (_, all) = everything(trusted(set), &honest(set)).expect("a walk");
        let listed = all
            .get(&super::super::testing::path(path))
            .map(|file| file.role.clone());
        assert_eq!(
            file.map(|file| file.role),
            listed,
            "{path}: a walk finds what a search finds"
        );
        listed
    };
    let (open, closed) = (delegating(false), delegating(true));
    assert_eq!(found(&open, "ru/two.html").as_deref(), Some("two"));
    assert_eq!(found(&closed, "ru/two.html"), None);
    // Nor behind one that is further down: not the next in its role, nor the next of the role above.
    let further_down = |terminating: bool| {
        let ru = key("ru").public().clone();
        let mut one = small_role("one");
        one["delegations"] = json!({
            "keys": { ru.id.as_str(): ru.key }, "roles": [delegation("inner", "ru", terminating)],
        });
        let roles = [
            ("one", one, "ru"),
            ("two", small_role("two"), "ru"),
            ("inner", small_role("inner"), "ru"),
        ];
        republish(
            &with_small_roles(&first(), &roles),
            "ru",
            &["ru"],
            |signed| {
                signed["delegations"] = json!({
                    "keys": { ru.id.as_str(): ru.key },
                    "roles": [delegation("one", "ru", false), delegation("two", "ru", false)],
                });
            },
        )
    };
    assert_eq!(
        found(&further_down(false), "ru/two.html").as_deref(),
        Some("two")
    );
    assert_eq!(found(&further_down(true), "ru/two.html"), None);
    // The first in order wins.
    assert_eq!(found(&open, "ru/both.html").as_deref(), Some("one"));
    assert_eq!(found(&closed, "ru/both.html").as_deref(), Some("one"));
}

#[test]
fn what_is_signed_for_one_delegator_is_not_for_another() {
    // `be` and `ru` both delegate to `shared`, each to another key; only the one of `be` has signed.
    let mut signed = small_role("shared");
    signed["targets"]["be/shared.html"] = signed["targets"]["ru/shared.html"].clone();
    let set = with_small_roles(&first(), &[("shared", signed, "shared-be")]);
    let delegate = |set: &MetadataSet, newsroom: &'static str, by: &'static str| {
        republish(set, newsroom, &[newsroom], |signed| {
            let public = key(by).public().clone();
            let mut to = delegation("shared", by, false);
            to["paths"] = json!([format!("{newsroom}/*")]);
            signed["delegations"] =
                json!({ "keys": { public.id.as_str(): public.key }, "roles": [to] });
        })
    };
    let set = delegate(&delegate(&set, "be", "shared-be"), "ru", "shared-ru");
    let mut both = trusted(&set);
    let good = lookup(&mut both, "be/shared.html", &honest(&set)).expect("a search");
    assert_eq!(good.map(|file| file.role).as_deref(), Some("shared"));
    let bad = lookup(&mut both, "ru/shared.html", &honest(&set));
    assert_eq!(bad, Err(not_signed("shared", 0, 1)));
    let whole = everything(trusted(&set), &honest(&set)).map(|_| ());
    assert_eq!(whole, Err(not_signed("shared", 0, 1)));
}
