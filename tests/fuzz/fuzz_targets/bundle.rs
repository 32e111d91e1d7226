//! Nothing that calls itself a bundle makes the reader panic, and what the reader accepts is a bundle in every way.
//!
//! The first byte says how the bundle is made of the rest, the second in what pieces it comes.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use colport::bundle::{
    About, BundleError, Member, MemberName, Scanner, Writer, carry, contents, stored_runs, unpack,
};
use libfuzzer_sys::fuzz_target;

#[path = "../bundles.rs"]
mod bundles;
#[path = "../forge.rs"]
mod forge;
#[path = "../checks/splice.rs"]
mod splice;

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(bundles::sound);

fuzz_target!(|data: &[u8]| {
    let Some(([kind, piece], rest)) = data.split_first_chunk() else {
        return;
    };
    let bundle = match kind % 3 {
        0 => rest.to_vec(),
        1 => splice::splice(&SOUND, rest),
        _ => forge::forge(rest),
    };
    check(bundle.into(), usize::from(*piece) + 1);
    let _ = unpack(rest, u64::from(*piece) << 8);
    for run in stored_runs(rest).unwrap_or_default() {
        assert!(rest.get(run).is_some());
    }
});

fn check(bundle: Bytes, piece: usize) {
    let _ = contents(&bundle);
    let mut rest = bundle.clone();
    let pieces =
        std::iter::from_fn(|| (!rest.is_empty()).then(|| rest.split_to(piece.min(rest.len()))));
    let (members, end) = scan(pieces);
    let (same, same_end) = scan([bundle.clone()]);
    assert_eq!(end, same_end);
    assert_eq!(members.len(), same.len());
    for (one, other) in members.iter().zip(&same) {
        assert_eq!(
            (&one.name, one.length, one.offset, &one.packed),
            (&other.name, other.length, other.offset, &other.packed)
        );
        if let Ok(content) = one.content() {
            assert_eq!(content.len() as u64, one.length);
        }
    }
    if end.is_ok() {
        check_accepted(&bundle, &members);
    }
}

fn scan(pieces: impl IntoIterator<Item = Bytes>) -> (Vec<Member>, Result<(), BundleError>) {
    let mut scanner = Scanner::default();
    let mut members = Vec::new();
    for piece in pieces {
        scanner.push(piece);
        loop {
            match scanner.next() {
                Ok(Some(member)) => members.push(member),
                Ok(None) => break,
                Err(error) => return (members, Err(error)),
            }
        }
    }
    (members, scanner.finish())
}

/// The table says what was seen, and the writer takes all of it.
fn check_accepted(bundle: &[u8], members: &[Member]) {
    let (table, members) = members
        .split_last()
        .expect("the table of contents at least");
    assert_eq!(table.name, MemberName::Contents);
    let listed = contents(bundle).expect("it was compared with what was seen");
    assert_eq!(listed.len(), members.len());
    for ((name, slot), member) in listed.iter().zip(members) {
        assert_eq!((name, slot.offset), (&member.name, member.offset));
    }
    let (first, members) = members.split_first().expect("what it says of itself");
    let Some(about) = first
        .content()
        .ok()
        .and_then(|json| About::parse(&json).ok())
    else {
        return;
    };
    carry(Vec::new(), bundle.to_vec().into(), &[]).expect("all of it was in order");
    let mut writer = Writer::start(Vec::new(), &about).expect("memory takes all");
    for member in members {
        match (&member.name, member.content()) {
            (MemberName::Metadata(name), Ok(content)) => {
                writer.metadata(name, &content).expect("it was in order")
            }
            (MemberName::File(path), _) => writer
                .file(path, member.length, &member.packed)
                .expect("it was in order"),
            _ => return,
        };
    }
    let again = writer.finish().expect("memory takes all");
    assert!(scan([again.into()]).1.is_ok());
}
