//! The manual shows a bundle byte by byte; here those bytes are compared with what the writer writes.

use super::{Input, file, read};

const MANUAL: &str = include_str!("../../../src/manual/bundle.md");

/// The bundle of the manual's last part.
fn shown() -> Input {
    Input {
        metadata: vec![],
        files: vec![file("a.txt", b"hello\n")],
    }
}

/// Bytes as `hexdump -C` shows them, from the place where they lie.
fn dump(bundle: &[u8]) -> Vec<String> {
    let row = |(index, bytes): (usize, &[u8])| {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:08x}  {}", index * 16, hex.join(" "))
    };
    bundle.chunks(16).enumerate().map(row).collect()
}

/// The lines of the manual that begin with a place of eight hexadecimal digits; comments stand behind `|`.
fn bytes_in_manual() -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in MANUAL.lines() {
        let Some((place, rest)) = line.split_once("  ") else {
            continue;
        };
        if place.len() != 8 || u32::from_str_radix(place, 16) != Ok(bytes.len() as u32) {
            continue;
        }
        let hex = rest.split('|').next().unwrap_or_default();
        bytes.extend(
            hex.split_whitespace()
                .map(|byte| u8::from_str_radix(byte, 16).expect(line)),
        );
    }
    bytes
}

#[test]
fn the_bytes_in_the_manual_are_those_that_are_written() {
    let bundle = shown().write();
    assert!(
        bytes_in_manual() == bundle,
        "the manual must show:\n{}",
        dump(&bundle).join("\n")
    );
}

#[test]
fn the_bytes_in_the_manual_are_a_bundle() {
    let members = read(bytes_in_manual()).expect("it is sound");
    let table = members
        .last()
        .map(|(_, table)| String::from_utf8_lossy(table));
    let table = table.expect("it has members");
    for line in table.lines() {
        assert!(MANUAL.contains(line), "the manual must show `{line}`");
    }
}
