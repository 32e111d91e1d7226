use proptest::prelude::*;
use serde_json::json;

use super::super::testing::{first, key, sign_value};
use super::hashes::*;
use super::*;
use crate::base::Digest;
use sha2::{Digest as _, Sha512};

fn root() -> Value {
    let key = key("k").public().clone();
    let role = json!({ "keyids": [key.id], "threshold": 1 });
    json!({
        "_type": "root", "spec_version": "1.0.34", "version": 1, "expires": "2030-01-01T00:00:00Z",
        "consistent_snapshot": true,
        "keys": { key.id.as_str(): key.key },
        "roles": { "root": role, "targets": role, "snapshot": role, "timestamp": role },
    })
}

fn delegating(delegations: Value) -> Value {
    json!({
        "_type": "targets", "spec_version": "1.0.34", "version": 1, "expires": "2030-01-01T00:00:00Z",
        "targets": {}, "delegations": delegations,
    })
}

fn delegation(name: &str) -> Value {
    json!({ "name": name, "keyids": [], "threshold": 1, "terminating": false, "paths": [] })
}

/// Why `signed` is refused as `T`, or `None`.
fn check<T: Signed>(signed: Value, expected: Option<&str>) {
    let file = sign_value(signed.clone(), &[]);
    let why = match Document::<T>::parse("r", file) {
        Ok(_) => None,
        Err(Refusal::Malformed { role, why }) if role == "r" => Some(why),
        Err(other) => panic!("{other}"),
    };
    let fits = match (&why, expected) {
        (None, None) => true,
        (Some(why), Some(words)) => why.contains(words),
        _ => false,
    };
    assert!(fits, "{signed}: {why:?} where {expected:?} was expected");
}

fn check_root(change: impl FnOnce(&mut Value), expected: Option<&str>) {
    let mut signed = root();
    change(&mut signed);
    check::<Root>(signed, expected);
}

#[test]
fn fields_are_checked() {
    check_root(|_| (), None);
    check_root(|it| it["x-unknown"] = json!({ "a": [1, null] }), None);
    check_root(
        |it| it["roles"]["mirrors"] = it["roles"]["root"].clone(),
        None,
    );
    check_root(|it| it["spec_version"] = "1.1".into(), None);
    check_root(|it| it["x-colport-issued"] = 7.into(), None);
    check_root(
        |it| it["_type"] = "targets".into(),
        Some("of type `targets`"),
    );
    check_root(
        |it| it["spec_version"] = "2.0.0".into(),
        Some("version `2.0.0`"),
    );
    check_root(
        |it| it["spec_version"] = "1.x".into(),
        Some("version `1.x`"),
    );
    check_root(|it| it["version"] = 0.into(), Some("nonzero"));
    check_root(|it| it["version"] = (-1).into(), Some("nonzero"));
    check_root(|it| it["version"] = "1".into(), Some("nonzero"));
    check_root(
        |it| it["roles"]["root"]["threshold"] = 0.into(),
        Some("nonzero"),
    );
    check_root(|it| it["roles"]["snapshot"] = Value::Null, Some("RoleKeys"));
    check_root(|it| it["keys"] = Value::Null, Some("map"));
    check_root(
        |it| {
            it["roles"]
                .as_object_mut()
                .map(|roles| roles.remove("snapshot"));
        },
        Some("no keys for `snapshot`"),
    );
}

#[test]
fn dates_have_one_spelling() {
    for (date, good) in [
        ("2030-01-01T00:00:00Z", true),
        ("2028-02-29T23:59:59Z", true),
        ("2030-02-29T00:00:00Z", false),
        ("2030-01-01T00:00:00.5Z", false),
        ("2030-01-01T00:00:00+00:00", false),
        ("2030-01-01 00:00:00Z", false),
        ("2030-01-01T00:00:00z", false),
        ("+02030-01-01T00:00:00Z", false),
        ("2030-01-01T25:00:00Z", false),
        ("\u{661}030-01-01T00:00:00Z", false),
        ("", false),
    ] {
        check_root(
            |it| it["expires"] = date.into(),
            (!good).then_some("is no date"),
        );
    }
}

#[test]
fn delegations_are_checked() {
    let roles = |roles: Value| delegating(json!({ "keys": {}, "roles": roles }));
    check::<Targets>(roles(json!([delegation("a"), delegation("b")])), None);
    check::<Targets>(
        roles(json!([delegation("a"), delegation("a")])),
        Some("`a`, which is taken"),
    );
    for name in ["root", "timestamp", "snapshot", "targets", ""] {
        check::<Targets>(roles(json!([delegation(name)])), Some("which is taken"));
    }
    let mut both = delegation("a");
    both["path_hash_prefixes"] = json!([]);
    check::<Targets>(roles(json!([both])), Some("either"));
    let mut neither = delegation("a");
    neither["paths"] = Value::Null;
    check::<Targets>(roles(json!([neither])), Some("either"));
    let mut lasting = delegation("a");
    lasting["terminating"] = Value::Null;
    check::<Targets>(roles(json!([lasting])), Some("boolean"));
}

#[test]
fn hashes_are_checked() {
    let with = |hashes: Value| {
        let mut signed = delegating(json!({ "keys": {}, "roles": [] }));
        signed["targets"]["a"] = json!({ "length": 1, "hashes": hashes });
        signed
    };
    check::<Targets>(
        with(json!({ "sha256": "ab".repeat(32), "sha512": "ab".repeat(64) })),
        None,
    );
    check::<Targets>(with(json!({ "other": "anything" })), None);
    check::<Targets>(with(json!({})), Some("no hash"));
    check::<Targets>(with(json!({ "sha256": "AB".repeat(32) })), Some("SHA-256"));
    check::<Targets>(with(json!({ "sha512": "AB".repeat(64) })), Some("SHA-512"));
    check::<Targets>(with(json!({ "sha512": "ab" })), Some("SHA-512"));
}

#[test]
fn a_file_fits_only_by_a_hash_that_is_known() {
    let both = Hashes {
        sha256: Some(Digest::of(b"a")),
        sha512: from_hex(&hex(&Sha512::digest(b"a")))
            .and_then(|bytes| Some(Box::new(bytes.try_into().ok()?))),
    };
    let mut first = both.clone();
    first.sha512 = None;
    let mut second = both.clone();
    second.sha256 = None;
    let mut torn = both.clone();
    torn.sha256 = Some(Digest::of(b"b"));
    for hashes in [&both, &first, &second] {
        assert!(hashes.fit(b"a") && !hashes.fit(b"b"));
    }
    assert!(!torn.fit(b"a") && !torn.fit(b"b"));
    assert!(!Hashes::default().fit(b"a"));
}

#[test]
fn each_role_has_its_ceiling() {
    for (role, max_bytes) in [
        (ROOT, LIMITS.root_bytes),
        (TIMESTAMP, LIMITS.timestamp_bytes),
        (SNAPSHOT, LIMITS.snapshot_bytes),
        (TARGETS, LIMITS.targets_bytes),
        ("be", LIMITS.targets_bytes),
    ] {
        let file = Bytes::from(vec![
            b' ';
            usize::try_from(max_bytes).expect("a small limit") + 1
        ]);
        let refused = Document::<Targets>::parse(role, file.clone()).map(|_| ());
        let role = role.to_owned();
        assert_eq!(
            refused,
            Err(Refusal::TooLong {
                role: role.clone(),
                max_bytes
            })
        );
        let within = Document::<Targets>::parse(&role, file.slice(1..));
        assert!(matches!(within, Err(Refusal::Malformed { .. })));
    }
}

#[test]
fn a_strangers_text_does_not_fill_the_screen() {
    let long = "x".repeat(10_000);
    for change in [json!(long), json!({ long.as_str(): 1 })] {
        for field in [
            "_type",
            "spec_version",
            "version",
            "expires",
            "keys",
            "roles",
        ] {
            let mut signed = root();
            signed[field] = change.clone();
            let refused = Document::<Root>::parse("r", sign_value(signed, &[]));
            let words = refused.map(|_| ()).expect_err(field).to_string();
            assert!(words.len() < 600, "{field}: {}", words.len());
        }
    }
}

/// Every file of a small edition, by which the mutations below start near good ones.
fn files() -> Vec<Bytes> {
    first().iter().map(|(_, bytes)| bytes.clone()).collect()
}

fn parse_as_all(bytes: &Bytes) {
    let _ = Document::<Root>::parse(ROOT, bytes.clone());
    let _ = Document::<TimestampRole>::parse(TIMESTAMP, bytes.clone());
    let _ = Document::<Snapshot>::parse(SNAPSHOT, bytes.clone());
    let _ = Document::<Targets>::parse(TARGETS, bytes.clone());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        parse_as_all(&bytes.into());
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic(
        which: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut: prop::sample::Index,
    ) {
        let files = files();
        let mut bytes = which.get(&files).to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        parse_as_all(&bytes.clone().into());
        bytes.truncate(cut.index(bytes.len()));
        parse_as_all(&bytes.into());
    }

    #[test]
    fn what_is_written_is_read(version in 1..u64::MAX, length: u64, name: String, content: Vec<u8>) {
        let target = Target { length, hashes: Hashes::sha256(Digest::of(&content)) };
        let written = Targets {
            version,
            expires: "2030-01-01T00:00:00Z".parse().expect("a date"),
            issued: None,
            targets: [(name, target)].into(),
            delegations: None,
        };
        let mut signed = serde_json::to_value(&written).expect("plain data");
        signed["_type"] = "targets".into();
        signed["spec_version"] = SPEC_VERSION.into();
        let read = Document::<Targets>::parse("r", sign_value(signed, &[])).map(|it| it.signed);
        prop_assert_eq!(read, Ok(written));
    }
}
