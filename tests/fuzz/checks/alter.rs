//! Changes to a JSON value, as a fuzzer's bytes describe them.

use serde_json::{Value, json};

/// Each change is four bytes: a place (2, counted from the top through all values), what to do, and with what.
pub(super) fn alter(value: &mut Value, changes: &[u8]) {
    for change in changes.chunks_exact(4) {
        let [low, high, what, with] = [change[0], change[1], change[2], change[3]];
        let places = places(value);
        let at = usize::from(u16::from_le_bytes([low, high])) % places.len();
        if let Some(place) = places.get(at) {
            change_one(value, place, what, usize::from(with));
        }
    }
}

fn change_one(value: &mut Value, place: &str, what: u8, with: usize) {
    let places = places(value);
    let other = value.pointer(&places[with % places.len()]).cloned();
    let step = with as u64 + 1;
    if what.is_multiple_of(8) {
        return remove(value, place);
    }
    let Some(here) = value.pointer_mut(place) else {
        return;
    };
    let number = here.as_u64();
    *here = match (what % 8, here.take()) {
        (1, Value::Number(_)) => number.unwrap_or(0).saturating_add(step).into(),
        (2, Value::Number(_)) => number.unwrap_or(0).saturating_sub(step).into(),
        (3, Value::Array(mut items)) => {
            items.extend(items.get(with % items.len().max(1)).cloned());
            items.into()
        }
        (3, Value::Object(mut fields)) => {
            fields.insert("x-unknown".into(), odd(with));
            fields.into()
        }
        (4, _) => other.unwrap_or_default(),
        (5, Value::String(text)) => {
            let keep = with % (text.chars().count() + 1);
            text.chars().take(keep).collect::<String>().into()
        }
        (6, Value::String(text)) => format!("{text}{}", char::from(with as u8)).into(),
        (7, Value::Array(mut items)) => {
            let steps = with % items.len().max(1);
            items.rotate_left(steps);
            items.into()
        }
        _ => odd(with),
    };
}

fn remove(value: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            drop(fields.remove(&name.replace("~1", "/").replace("~0", "~")))
        }
        Some(Value::Array(items)) => drop(name.parse().map(|index: usize| items.remove(index))),
        _ => {}
    }
}

/// Values that a careless reader would stumble over.
fn odd(which: usize) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(1u64 << 40),
        json!(""),
        json!([]),
        json!({}),
        json!("1"),
        json!("root"),
        json!("targets"),
        json!("snapshot"),
        json!("timestamp"),
        json!("site"),
        json!("be"),
        json!("be-2026-11"),
        json!("../be"),
        json!("*"),
        json!("be/*"),
        json!("be/*/*/*/*"),
        json!("[!-"),
        json!("be/\u{0}"),
        json!("\u{202e}\"\\\n"),
        json!("2020-01-01T00:00:00Z"),
        json!("2026-11-23T12:00:00Z"),
        json!("9999-12-31T23:59:59Z"),
        json!("9999-99-99T99:99:99Z"),
        json!("1.0.0"),
        json!("2.0.0"),
        json!("1.99.x"),
        json!("ed25519"),
        json!("rsa"),
        json!("rsassa-pss-sha256"),
        json!("ecdsa"),
        json!("ecdsa-sha2-nistp256"),
        json!("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"),
        json!("00".repeat(32)),
        json!("00".repeat(64)),
        json!({ "version": 1 }),
        json!({ "length": 0, "hashes": { "sha256": "00".repeat(32) } }),
        json!({ "length": 0, "hashes": { "sha512": "00".repeat(64) } }),
        json!({ "length": 0, "hashes": {} }),
    ];
    values[which % values.len()].clone()
}

/// JSON pointers to all values inside a value, itself first.
fn places(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    collect(value, String::new(), &mut all);
    all
}

fn collect(value: &Value, here: String, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (name.replace('~', "~0").replace('/', "~1"), inner))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, inner)| (index.to_string(), inner))
            .collect(),
        _ => Vec::new(),
    };
    let places: Vec<_> = inner
        .into_iter()
        .map(|(name, inner)| (format!("{here}/{name}"), inner))
        .collect();
    all.push(here);
    for (place, inner) in places {
        collect(inner, place, all);
    }
}
