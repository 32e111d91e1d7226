//! The promises of the client workflow, looked at from outside: by plain JSON and Ed25519, without the code that is
//! tested.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use colport::trust::{Expiry, Remembered, Trusted};
use jiff::Timestamp;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

/// What was verified is signed by enough different keys, and is not past its date where that is enforced.
pub(super) fn check_trusted(trusted: &Trusted, now: Timestamp, expiry: Expiry) {
    let files: BTreeMap<&str, &Bytes> = trusted
        .files()
        .map(|(role, _, bytes)| (role, bytes))
        .collect();
    for proof in trusted.proofs() {
        let file = plain(files[proof.role.as_str()]);
        let parent = plain(files[proof.delegated_by.as_deref().unwrap_or("root")]);
        let (keys, role) = authority(&parent, &proof.role);
        let threshold = role["threshold"].as_u64().expect("a threshold");
        let signers = signers(&file, &keys, &role);
        assert!(
            threshold > 0 && signers as u64 >= threshold,
            "{proof:?}: {signers}"
        );
        assert_eq!(proof.signers.len(), signers, "{proof:?}");
        assert_eq!(
            Some(proof.version),
            file["signed"]["version"].as_u64(),
            "{proof:?}"
        );
        if expiry == Expiry::Enforce {
            assert!(proof.expires > now, "{proof:?}");
        }
    }
    for contradiction in trusted.evidence() {
        let [known, other] = [&contradiction.known, &contradiction.other].map(plain);
        assert_ne!(known["signed"], other["signed"]);
        assert_eq!(known["signed"]["version"], other["signed"]["version"]);
    }
}

/// Nothing that was remembered becomes older, unless another root came in between.
pub(super) fn check_not_lowered(before: &Remembered, after: &Remembered) {
    assert_eq!(before.first_root, after.first_root);
    assert!(version(&before.root) <= version(&after.root));
    if before.root != after.root {
        return;
    }
    for (had, has) in [
        (&before.timestamp, &after.timestamp),
        (&before.snapshot, &after.snapshot),
    ] {
        let Some(had) = had else { continue };
        let has = has.as_ref().expect("what was remembered stays");
        assert!(version(had) <= version(has), "{had:?} and {has:?}");
    }
    let Some(had) = &before.snapshot else { return };
    let has = plain(after.snapshot.as_ref().expect("it stays"));
    for (file, had) in plain(had)["signed"]["meta"].as_object().expect("a list") {
        let has = &has["signed"]["meta"][file]["version"];
        assert!(has.as_u64() >= had["version"].as_u64(), "{file}");
    }
}

fn plain(file: &Bytes) -> Value {
    serde_json::from_slice(file).expect("it was accepted, so it is JSON")
}

fn version(file: &Bytes) -> u64 {
    plain(file)["signed"]["version"]
        .as_u64()
        .expect("a version")
}

/// The keys that a role may be signed with, by `root` or a role that delegates.
fn authority(parent: &Value, role: &str) -> (Value, Value) {
    let signed = &parent["signed"];
    let top = &signed["roles"][role];
    if top.is_object() {
        return (signed["keys"].clone(), top.clone());
    }
    let roles = signed["delegations"]["roles"]
        .as_array()
        .expect("delegations");
    let found = roles.iter().find(|found| found["name"] == role);
    let found = found.expect("a delegation").clone();
    (signed["delegations"]["keys"].clone(), found)
}

/// How many different Ed25519 keys have truly signed a file.
pub(super) fn signers(file: &Value, keys: &Value, role: &Value) -> usize {
    let mut payload = Vec::new();
    canonical(&file["signed"], &mut payload);
    let named: BTreeSet<&str> = role["keyids"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let signatures = file["signatures"].as_array().expect("signatures");
    let good = signatures.iter().filter_map(|signature| {
        let id = signature["keyid"]
            .as_str()
            .filter(|id| named.contains(id))?;
        let key = &keys[id];
        let known = key["keytype"] == "ed25519" && key["scheme"] == "ed25519";
        let public = bytes(key["keyval"]["public"].as_str()?)?;
        let signature = bytes(signature["sig"].as_str()?)?;
        let verified = UnparsedPublicKey::new(&ED25519, &public).verify(&payload, &signature);
        (known && verified.is_ok()).then_some(public)
    });
    good.collect::<BTreeSet<_>>().len()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
    let pairs = digits?;
    let pairs = pairs.chunks(2);
    pairs
        .map(|pair| u8::try_from(pair.first()? << 4 | pair.get(1)?).ok())
        .collect()
}

/// Written a second time, so that the two can be compared.
pub(super) fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            out.push(b'{');
            for (index, (name, inner)) in sorted.into_iter().enumerate() {
                out.extend((index > 0).then_some(b','));
                text(name, out);
                out.push(b':');
                canonical(inner, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, inner) in items.iter().enumerate() {
                out.extend((index > 0).then_some(b','));
                canonical(inner, out);
            }
            out.push(b']');
        }
        Value::String(inner) => text(inner, out),
        other => out.extend(other.to_string().bytes()),
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    out.extend(format!("\"{escaped}\"").bytes());
}
