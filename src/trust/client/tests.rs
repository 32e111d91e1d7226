//! The ordinary course of the workflow, and what is told about it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::json;

use super::super::Refusal;
use super::super::testing::*;
use super::*;

/// A refresh and a walk over everything, and the names of what was fetched for it.
fn fetched(
    remembered: Remembered,
    set: &super::super::editor::MetadataSet,
) -> (Vec<String>, Remembered) {
    let asked = RefCell::new(Vec::new());
    let answer = |want: &Want| {
        let version = want
            .version
            .map_or(String::new(), |version| format!("{version}."));
        asked.borrow_mut().push(version + &want.role);
        set.file(&want.role, want.version).cloned()
    };
    let (read, _) = refresh(remembered, &answer, now(), Expiry::Enforce);
    let (trusted, _) = everything(read.expect("an honest edition"), &answer).expect("all roles");
    (asked.take(), trusted.remembered())
}

#[test]
fn what_is_remembered_is_never_fetched_again() {
    let one = first();
    let (asked, remembered) = fetched(newcomer(&one), &one);
    let all = [
        "2.root",
        "timestamp",
        "1.snapshot",
        "1.targets",
        "1.site",
        "1.be",
        "1.ru",
        "1.be-2026-10",
        "1.be-2026-11",
        "1.ru-2026-11",
    ];
    assert_eq!(
        asked.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        all.into()
    );
    assert_eq!(asked.len(), all.len(), "each once");

    let (asked, remembered) = fetched(remembered, &one);
    assert_eq!(asked, ["2.root", "timestamp"]);

    let mut more = SOME_FILES.to_vec();
    more.push(("ru/2026/11/ice/index.html", "ice"));
    let two = edition(&one, &more, now());
    let (asked, _) = fetched(remembered, &two);
    assert_eq!(asked, ["2.root", "timestamp", "2.snapshot", "2.ru-2026-11"]);
}

#[test]
fn a_search_loads_only_the_roles_on_its_way() {
    let set = first();
    let mut trusted = trusted(&set);
    let asked = RefCell::new(Vec::new());
    let answer = |want: &Want| {
        asked.borrow_mut().push(want.role.clone());
        set.file(&want.role, want.version).cloned()
    };
    let file = lookup(&mut trusted, "be/2026/11/river/index.html", &answer).expect("a search");
    assert!(file.is_some_and(|file| file.role == "be-2026-11" && file.fits(b"river")));
    assert_eq!(asked.take(), ["be", "be-2026-11"]);
    let file = lookup(&mut trusted, "be/index.html", &answer).expect("a search");
    assert!(file.is_some());
    assert_eq!(
        asked.take(),
        [""; 0],
        "what is loaded is not asked for again"
    );
}

#[test]
fn without_consistent_snapshots_only_roots_have_a_version_in_their_name() {
    let set = first();
    let root = forge(
        set.first_root().expect("a root"),
        &["root-1", "root-2"],
        |signed| {
            signed["consistent_snapshot"] = false.into();
        },
    );
    let asked = RefCell::new(Vec::new());
    let answer = |want: &Want| {
        asked.borrow_mut().push((want.role.clone(), want.version));
        if want.role == "root" {
            return None;
        }
        set.newest(&want.role).map(|(_, bytes)| bytes.clone())
    };
    let (read, _) = refresh(Remembered::new(root), &answer, now(), Expiry::Enforce);
    assert!(read.is_ok_and(|trusted| !trusted.consistent_snapshot()));
    let versions: Vec<_> = asked
        .take()
        .into_iter()
        .map(|(_, version)| version)
        .collect();
    assert_eq!(versions, [Some(2), None, None, None]);
}

#[test]
fn expired_metadata_may_be_read_and_is_told() {
    let set = first();
    let later = now() + days(400);
    let (read, remembered) = refresh(newcomer(&set), &honest(&set), later, Expiry::Report);
    let (trusted, files) = everything(read.expect("accepted"), &honest(&set)).expect("accepted");
    assert_eq!(files.len(), SOME_FILES.len());
    let (role, since) = (String::from("timestamp"), now() + days(7));
    assert_eq!(trusted.freshness(), Freshness::Expired { role, since });
    assert_eq!(remembered.timestamp.as_ref(), set.file("timestamp", None));
    // Old is one thing, older than what was seen is another.
    let next = edition(&set, &SOME_FILES, now());
    let (read, remembered) = refresh(remembered, &honest(&next), later, Expiry::Report);
    assert!(read.is_ok());
    let (read, unchanged) = refresh(remembered.clone(), &honest(&set), later, Expiry::Report);
    let (role, had, got) = (String::from("timestamp"), 2, 1);
    assert_eq!(read.map(|_| ()), Err(Refusal::Rollback { role, had, got }));
    assert_eq!(unchanged, remembered);
}

#[test]
fn what_was_verified_before_a_failure_is_remembered() {
    let set = first();
    let missing = |role: &'static str| {
        let set = &set;
        move |want: &Want| {
            if want.role == role {
                None
            } else {
                set.file(&want.role, want.version).cloned()
            }
        }
    };
    let check = |role: &'static str, timestamp: bool, snapshot: bool, targets: bool| {
        let (read, kept) = refresh(newcomer(&set), &missing(role), now(), Expiry::Enforce);
        assert_eq!(
            read.map(|_| ()),
            Err(Refusal::Missing { role: role.into() })
        );
        let kept = (
            kept.timestamp.is_some(),
            kept.snapshot.is_some(),
            !kept.targets.is_empty(),
        );
        assert_eq!(kept, (timestamp, snapshot, targets), "{role}");
    };
    check("timestamp", false, false, false);
    check("snapshot", true, false, false);
    check("targets", true, true, false);
}

#[test]
fn two_editions_of_one_number_are_kept_as_evidence() {
    let set = first();
    let remembered = refresh(newcomer(&set), &honest(&set), now(), Expiry::Enforce).1;
    let mut changed = SOME_FILES;
    changed[0] = ("index.html", "another home");
    let other = edition(&established(), &changed, now());
    let (read, kept) = refresh(remembered.clone(), &honest(&other), now(), Expiry::Enforce);
    let trusted = read.expect("the edition that is known is still good");
    let [evidence] = trusted.evidence() else {
        panic!("one contradiction, not {:?}", trusted.evidence());
    };
    assert_eq!((evidence.role.as_str(), evidence.version), ("timestamp", 1));
    assert_eq!(Some(&evidence.known), set.file("timestamp", None));
    assert_eq!(Some(&evidence.other), other.file("timestamp", None));
    assert_ne!(evidence.hashes()[0], evidence.hashes()[1]);
    assert_eq!(kept, remembered, "nothing is overwritten");
}

#[test]
fn a_contradiction_below_the_timestamp_is_evidence_too() {
    let set = first();
    let remembered = everything(trusted(&set), &honest(&set))
        .expect("all roles")
        .0
        .remembered();
    let other = republish(&set, "be", &["be"], |signed| {
        signed["version"] = 1.into();
        signed["targets"] = json!({});
    });
    // The same version of `be`, with another content.
    let mut other = other;
    let be = other.newest("be").expect("a newsroom").1.clone();
    put(&mut other, "be", 1, be.clone());
    let other = reseal(&other, |meta| meta["be.json"] = described(1, &be));
    let answer = |want: &Want| {
        if want.role == "be" {
            Some(be.clone())
        } else {
            honest(&other)(want)
        }
    };
    let (read, _) = refresh(remembered, &answer, now(), Expiry::Enforce);
    let (trusted, _) = everything(read.expect("good top-level roles"), &answer).expect("all roles");
    let roles: Vec<_> = trusted
        .evidence()
        .iter()
        .map(|it| (it.role.as_str(), it.version))
        .collect();
    assert_eq!(roles, [("be", 1)]);
}

#[test]
fn who_has_listed_all_files_can_still_look_one_up() {
    let set = first();
    let (mut trusted, files) = everything(trusted(&set), &honest(&set)).expect("all roles");
    let nobody = |_: &Want| -> Option<Bytes> { panic!("all of it is there") };
    for (path, file) in files {
        let found = lookup(&mut trusted, path.as_str(), &nobody);
        assert_eq!(found, Ok(Some(file)), "{path}");
    }
    let found = lookup(&mut trusted, "be/none.html", &nobody);
    assert_eq!(found, Ok(None));
}

#[test]
fn the_proofs_say_who_signed_what() {
    let set = first();
    let (trusted, _) = everything(trusted(&set), &honest(&set)).expect("all roles");
    let proofs = trusted.proofs();
    let roles: Vec<_> = proofs.iter().map(|proof| proof.role.as_str()).collect();
    let top = ["root", "timestamp", "snapshot", "targets"];
    let delegated = ["be", "be-2026-10", "be-2026-11", "ru", "ru-2026-11", "site"];
    assert_eq!(roles, [top.as_slice(), delegated.as_slice()].concat());
    assert_eq!((proofs[0].signers.len(), proofs[0].threshold), (2, 2));
    let month = &proofs[6];
    assert_eq!(month.delegated_by.as_deref(), Some("be"));
    assert_eq!(month.signers, [key("be").id().clone()]);
    assert_eq!(
        (month.issued, month.expires),
        (Some(now()), now() + days(3650))
    );
}

#[test]
fn damaged_memory_is_not_taken_for_none() {
    let set = first();
    let mut remembered = refresh(newcomer(&set), &honest(&set), now(), Expiry::Enforce).1;
    remembered.timestamp = remembered
        .timestamp
        .map(|file| file.slice(..file.len() / 2));
    let (read, _) = refresh(remembered, &honest(&set), now(), Expiry::Enforce);
    assert!(matches!(read, Err(Refusal::DamagedMemory { role, .. }) if role == "timestamp"));
}

#[test]
fn a_root_that_is_no_root_is_no_beginning() {
    let stranger = forge(first().first_root().expect("a root"), &["stranger"], |_| {});
    let (role, valid, needed) = (String::from("root"), 0, 2);
    let refused = Refresh::new(Remembered::new(stranger), now(), Expiry::Report).map(|_| ());
    assert_eq!(
        refused,
        Err(Refusal::ThresholdNotMet {
            role,
            valid,
            needed
        })
    );
    assert!(Refresh::new(Remembered::new(Bytes::new()), now(), Expiry::Report).is_err());
}

#[test]
fn nothing_can_be_given_that_is_not_wanted() {
    let set = first();
    let mut refresh = Refresh::new(newcomer(&set), now(), Expiry::Enforce).expect("a good root");
    let unfinished = Refresh::new(newcomer(&set), now(), Expiry::Enforce)
        .expect("a good root")
        .finish();
    let role = String::from("root");
    assert_eq!(unfinished.map(|_| ()), Err(Refusal::Unfinished { role }));
    while let Some(want) = refresh.wants() {
        refresh.give(honest(&set)(&want)).expect("an honest server");
    }
    assert_eq!(refresh.give(None), Err(Refusal::NotWanted));
    assert!(refresh.finish().is_ok());
}

#[test]
fn hash_prefixes_are_followed() {
    let digest = crate::base::Digest::of(b"ru/bin/x").to_string();
    let bin = key("bin").public().clone();
    let mut set = republish(&first(), "ru", &["ru"], |signed| {
        signed["delegations"] = json!({
            "keys": { bin.id.as_str(): bin.key },
            "roles": [{
                "name": "bin", "keyids": [bin.id], "threshold": 1, "terminating": false,
                "path_hash_prefixes": [digest[..8]],
            }],
        });
    });
    let file = sign_value(
        json!({
            "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": {
                "ru/bin/x": { "length": 1, "hashes": { "sha256": crate::base::Digest::of(b"x").to_string() } },
                "ru/bin/y": { "length": 1, "hashes": { "sha256": crate::base::Digest::of(b"y").to_string() } },
            },
        }),
        &["bin"],
    );
    put(&mut set, "bin", 1, file.clone());
    let set = reseal(&set, |meta| meta["bin.json"] = described(1, &file));
    let mut trusted = trusted(&set);
    let found = lookup(&mut trusted, "ru/bin/x", &honest(&set)).expect("a search");
    assert!(found.is_some_and(|file| file.role == "bin" && file.fits(b"x")));
    assert_eq!(lookup(&mut trusted, "ru/bin/y", &honest(&set)), Ok(None));
}

#[test]
fn withdrawn_keys_are_forgotten_even_if_the_next_root_is_refused() {
    let set = first();
    let remembered = refresh(newcomer(&set), &honest(&set), now(), Expiry::Enforce).1;
    let mut signers = top();
    signers.timestamp = super::super::testing::signers("timestamp-2");
    let lifetimes = super::super::editor::Lifetimes::default();
    let draft = super::super::editor::revise_root(&set, &signers, now(), &lifetimes);
    let mut draft = draft.expect("a draft");
    draft.sign(&ring(&OFFLINE));
    let mut rotated = set.clone();
    rotated.put_signed(draft).expect("enough keys");
    let answer = |want: &Want| match want.version {
        Some(3) => Some(Bytes::from_static(b"{}")),
        _ => rotated.file(&want.role, want.version).cloned(),
    };
    let (read, kept) = refresh(remembered, &answer, now(), Expiry::Enforce);
    assert!(matches!(read, Err(Refusal::Malformed { role, .. }) if role == "root"));
    assert_eq!(Some(&kept.root), rotated.file("root", Some(2)));
    assert_eq!((kept.timestamp, kept.snapshot), (None, None));
}
