//! JSON as TUF needs it: read strictly, and written in the one form that is signed.
//!
//! 1. [`parse`] refuses what two readers could understand in two ways, or what only serves to exhaust one: the same
//!    name twice in an object, numbers that are no integers of 64 bits, and depth without end.
//! 2. [`canonical`] writes OLPC's canonical JSON: names sorted by code point, no blanks, only `"` and `\` escaped.
//!
//! Strings are signed as they were received. The package `olpc-cjson` brings them to Unicode form NFC first, which the
//! reference implementation (python-tuf) does not do, and by which two different file names would share a signature.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Objects and arrays inside one another. TUF's own formats reach seven.
const DEPTH: usize = 32;
const WHY_CHARACTERS: usize = 200;

/// The value, or in words why there is none.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: DEPTH }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| error.to_string().chars().take(WHY_CHARACTERS).collect())
}

/// Reads one value, and inside it values of one level less.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth
            .map(|depth| Self { depth })
            .ok_or_else(|| E::custom("it is nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions and huge numbers")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if object.contains_key(&name) {
                let name: String = name.chars().take(WHY_CHARACTERS / 2).collect();
                return Err(de::Error::custom(format_args!(
                    "`{name}` stands twice in an object"
                )));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// OLPC canonical JSON (<https://wiki.laptop.org/go/Canonical_JSON>), the form over which TUF signs.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(value) => out.extend(value.to_string().bytes()),
        Value::Number(number) => out.extend(number.to_string().bytes()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            write_between(out, b"[]", items, write_value);
        }
        Value::Object(object) => {
            // `serde_json` sorts by itself unless some other package asks it to keep the order of insertion.
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| name.as_str());
            write_between(out, b"{}", entries, |out, (name, value)| {
                write_string(out, name);
                out.push(b':');
                write_value(out, value);
            });
        }
    }
}

fn write_between<T>(
    out: &mut Vec<u8>,
    brackets: &[u8; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    let [open, close] = *brackets;
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}

pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let value = parse(text.as_bytes()).expect("the test's own JSON is good");
        assert_eq!(
            String::from_utf8(canonical(&value)).as_deref(),
            Ok(expected)
        );
    }

    #[test]
    fn the_canonical_form_is_the_one_of_securesystemslib() {
        check(
            r#" { "b" : [ 1 , -2, true, null ], "a":{} }"#,
            r#"{"a":{},"b":[1,-2,true,null]}"#,
        );
        check(r#""q\"b\\s\/u\u00e9t\u0009""#, "\"q\\\"b\\\\s/u\u{e9}t\t\"");
        // By code point, not by UTF-16 unit: U+FFFF comes before U+10000.
        check(
            "{\"\u{10000}\":1,\"\u{ffff}\":2}",
            "{\"\u{ffff}\":2,\"\u{10000}\":1}",
        );
        // Not brought to form NFC.
        check("\"e\u{301}\"", "\"e\u{301}\"");
        check("18446744073709551615", "18446744073709551615");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (text, why) in [
            (r#"{"a":1,"a":2}"#, "`a` stands twice"),
            (r#"{"a":{"b":1,"\u0062":2}}"#, "`b` stands twice"),
            ("1.0", "floating point"),
            ("1e3", "floating point"),
            ("18446744073709551616", "floating point"),
            ("-0", "floating point"),
            (r#""\ud800""#, "escape"),
            ("{} {}", "trailing"),
            ("", "EOF"),
            ("[1,]", "trailing comma"),
            ("NaN", "expected"),
        ] {
            let error = parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(DEPTH + 1).as_bytes()).is_err());
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
        assert!(parse(r#"{"a":"#.repeat(1_000_000).as_bytes()).is_err());
    }
}
