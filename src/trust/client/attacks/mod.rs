//! The known attacks on a client, by name. In each: refused with the right word, nothing of the attack remembered, and
//! ([`Reader::is_unharmed`]) the next honest edition read as if nothing had been. Slow retrieval is not among them: this
//! part of the program waits for nobody.

mod delegations;
mod documents;
mod roots;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Expiry, Freshness, Remembered};
use crate::base::LIMITS;
use crate::trust::Refusal;
use crate::trust::editor::{Lifetimes, MetadataSet, revise_root};
use crate::trust::testing::*;

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
) -> impl Fn(&crate::trust::Want) -> Option<Bytes> + 'a {
    move |want| {
        if want.role == role {
            return Some(file.clone());
        }
        set.file(&want.role, want.version).cloned()
    }
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
        let answer = |want: &crate::trust::Want| {
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
