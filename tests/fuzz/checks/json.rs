//! JSON is read strictly, and what is signed over it is one form of it: written and read again it is the same, whoever
//! writes it.

use colport::trust::json;
use serde_json::Value;

use super::oracle;

pub(crate) fn check(data: &[u8]) {
    let Ok(value) = json::parse(data) else {
        return;
    };
    let usual: Value = serde_json::from_slice(data).expect("what is strict is JSON");
    assert_eq!(usual, value);
    let canonical = json::canonical(&value);
    let mut by_another = Vec::new();
    oracle::canonical(&value, &mut by_another);
    assert_eq!(canonical, by_another);
    // By OLPC's rules a control character stands for itself, which JSON does not allow.
    if canonical.iter().all(|byte| *byte >= b' ') {
        let again = json::parse(&canonical).expect("it is JSON");
        assert_eq!(again, value);
        assert_eq!(json::canonical(&again), canonical);
    }
    // Nor can another spelling change what was signed.
    let spaced = format!("{value:#}");
    let again = json::parse(spaced.as_bytes()).expect("it is the same JSON");
    assert_eq!(json::canonical(&again), canonical);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        r#" { "b" : [ 1 , -2, true, null ], "a":{} }"#,
        r#""q\"b\\s\/u\u00e9t\u0009\ud83d\ude00""#,
        "{\"\u{10000}\":1,\"\u{ffff}\":2}",
        "18446744073709551615",
        "-9223372036854775808",
        r#"{"a":1,"a":2}"#,
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "1e3",
        "-0",
        r#"{"signatures":[{"keyid":"","sig":""}],"signed":{"_type":"root","version":1}}"#,
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .to_vec()
}
