//! Attacks by the form of a single file.

use super::*;

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
