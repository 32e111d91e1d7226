//! `2026-11-23T12:00:00Z` and no other spelling (TUF 1.0 section 4.2: ISO 8601, in UTC, without fractions).

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::short;

const SHAPE: &str = "9999-99-99T99:99:99Z";

pub(in crate::trust) fn read(text: &str) -> Option<Timestamp> {
    let shaped = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE.bytes())
            .all(|(byte, shape)| match shape {
                b'9' => byte.is_ascii_digit(),
                _ => byte == shape,
            });
    shaped.then(|| text.parse().ok()).flatten()
}

pub(in crate::trust) fn write(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(reader)?;
    read(&text).ok_or_else(|| D::Error::custom(format_args!("`{}` is no date", short(&text))))
}

pub fn serialize<S: Serializer>(moment: &Timestamp, writer: S) -> Result<S::Ok, S::Error> {
    writer.serialize_str(&write(*moment))
}

/// A field that only informs: whatever else stands there counts as nothing.
pub mod lenient {
    use super::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(
        reader: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let value = Value::deserialize(reader)?;
        Ok(value.as_str().and_then(read))
    }

    pub fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        writer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(write).serialize(writer)
    }
}
