//! What holds for any bundle, and for any bytes at all.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use colport::bundle::{Effort, Member, MemberName, Scanner, contents, pack, stored_runs, unpack};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Input, Members, file, metadata, noise, read};

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..600),
        "[а-яa-z ]{0,300}".prop_map(String::into_bytes),
        (0..140_000usize).prop_map(noise),
        Just(vec![0; 100_000]),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let names = prop_oneof![
        Just("timestamp.json"),
        Just("7.snapshot.json"),
        Just("2.be.json")
    ];
    let roots = 0..4u32;
    let files = btree_map("([a-zа-я]{1,60}/){0,3}[a-z]{1,9}\\.html", content(), 0..8);
    (roots, btree_set(names, 0..3), content(), files).prop_map(|(roots, names, json, files)| {
        let roots = (1..=roots).map(|n| format!("{n}.root.json"));
        let mut metadata: Vec<_> = roots
            .chain(names.into_iter().map(String::from))
            .map(|name| metadata(&name, &json))
            .collect();
        metadata.sort_by_key(|(name, _)| MemberName::Metadata(name.clone()));
        let files = files
            .iter()
            .map(|(path, content)| file(path, content))
            .collect();
        Input { metadata, files }
    })
}

/// Few and short members: every way to hurt them can be tried.
fn small() -> Input {
    Input {
        metadata: vec![
            metadata("1.root.json", b"{}"),
            metadata("timestamp.json", b"[]"),
        ],
        files: vec![
            file("a.html", b"<p>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            file("b.webp", &noise(20)),
            file("я", b""),
        ],
    }
}

fn scan(pieces: impl IntoIterator<Item = Bytes>) -> Vec<Member> {
    let mut scanner = Scanner::default();
    let mut members = Vec::new();
    for piece in pieces {
        scanner.push(piece);
        while let Some(member) = scanner.next().expect("it is sound") {
            members.push(member);
        }
    }
    scanner.finish().expect("it is whole");
    members
}

/// Header member and content member of each member, then what follows the last.
fn parts(bundle: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for member in scan([Bytes::copy_from_slice(bundle)]) {
        let end = usize::try_from(member.offset).expect("small") + member.packed.len();
        parts.push(start..end);
        start = end;
    }
    parts.push(start..bundle.len());
    parts
}

/// Whether it is refused; what is not must be just what was written.
fn refused(hurt: Vec<u8>, original: &Members) -> bool {
    match read(hurt) {
        Ok(members) => {
            assert_eq!(members, *original);
            false
        }
        Err(_) => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_goes_in_comes_out(input in input()) {
        let mut members = read(input.write()).expect("it is sound");
        let table = members.pop().map(|(path, _)| path);
        prop_assert_eq!(table.as_deref(), Some(".colport/contents.jsonl"));
        prop_assert_eq!(members, input.members());
    }

    #[test]
    fn pieces_of_any_size_give_the_same_members(input in input(), sizes in vec(1..5000usize, 1..50)) {
        let bundle = Bytes::from(input.write());
        let shape = |members: Vec<Member>| -> Vec<_> {
            members.into_iter().map(|m| (m.name, m.length, m.offset, m.packed)).collect()
        };
        let mut rest = bundle.clone();
        let pieces = sizes.iter().cycle().map_while(|size| {
            (!rest.is_empty()).then(|| rest.split_to((*size).min(rest.len())))
        });
        prop_assert_eq!(shape(scan(pieces)), shape(scan([bundle.clone()])));
    }

    #[test]
    fn the_table_of_contents_says_where_members_lie(input in input()) {
        let bundle = input.write();
        let table = contents(&bundle).expect("it is sound");
        let mut found = scan([Bytes::from(bundle)]);
        found.pop();
        prop_assert_eq!(table.len(), found.len());
        for ((name, slot), member) in table.into_iter().zip(found) {
            prop_assert_eq!(name, member.name);
            prop_assert_eq!((slot.offset, slot.length), (member.offset, member.length));
            prop_assert_eq!(slot.packed_bytes, member.packed.len() as u64);
        }
    }

    #[test]
    fn contents_are_packed_and_unpacked(content in content()) {
        for effort in [Effort::Quick, Effort::Best] {
            let packed = pack(&content, effort);
            prop_assert_eq!(unpack(&packed, content.len() as u64), Ok(content.clone()));
            if let Some(runs) = stored_runs(&packed) {
                let stored: Vec<u8> = runs.into_iter().flat_map(|run| &packed[run]).copied().collect();
                prop_assert_eq!(&stored, &content);
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_changes_nothing_or_is_refused(input in input(), place: Index, bit in 0..8u32) {
        let bundle = input.write();
        let original = read(bundle.clone()).expect("it is sound");
        let mut hurt = bundle;
        let place = place.index(hurt.len());
        hurt[place] ^= 1u8 << bit;
        refused(hurt, &original);
    }

    #[test]
    fn bytes_lost_or_doubled_are_refused(input in input(), one: Index, other: Index) {
        let bundle = input.write();
        let (one, other) = (one.index(bundle.len()), other.index(bundle.len()));
        let (from, to) = (one.min(other), one.max(other) + 1);
        let original = read(bundle.clone()).expect("it is sound");
        prop_assert!(refused([&bundle[..from], &bundle[to..]].concat(), &original));
        prop_assert!(refused([&bundle[..to], &bundle[from..]].concat(), &original));
    }

    #[test]
    fn members_of_two_bundles_do_not_mix(one in input(), other in input(), place: Index) {
        let (one, other) = (one.write(), other.write());
        let original = read(one.clone()).expect("it is sound");
        let cut = |bundle: &[u8]| {
            let parts = parts(bundle);
            parts[place.index(parts.len())].start
        };
        let mixed = [&one[..cut(&one)], &other[cut(&other)..]].concat();
        if mixed != one && mixed != other {
            prop_assert!(refused(mixed, &original));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400), keep: Index, length: u64) {
        let bundle = small().write();
        let start = &bundle[..keep.index(bundle.len())];
        for bytes in [bytes.clone(), [start, &bytes].concat()] {
            prop_assert!(read(bytes.clone()).is_err());
            prop_assert!(contents(&bytes).is_err());
            prop_assert!(unpack(&bytes, length).is_err());
            let _ = stored_runs(&bytes);
        }
    }

    #[test]
    fn no_forged_content_makes_it_panic(body in vec(any::<u8>(), 0..400), length in 0..100_000u64) {
        let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff], &body[..]].concat();
        if let Ok(content) = unpack(&packed, length) {
            prop_assert_eq!(content.len() as u64, length);
        }
        for run in stored_runs(&packed).unwrap_or_default() {
            prop_assert!(packed.get(run).is_some());
        }
    }
}

/// The places of a bundle that are no deflate stream: heads and trailers of header members and content members.
fn frames(bundle: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut header = 0;
    for member in scan([Bytes::copy_from_slice(bundle)]) {
        let content = usize::try_from(member.offset).expect("small");
        let end = content + member.packed.len();
        frames.extend([header..header + 24, content - 8..content + 10, end - 8..end]);
        header = end;
    }
    frames
}

#[test]
fn every_single_bit_counts() {
    let bundle = small().write();
    let original = read(bundle.clone()).expect("it is sound");
    let frames = frames(&bundle);
    for bit in 0..bundle.len() * 8 {
        let mut hurt = bundle.clone();
        hurt[bit / 8] ^= 1 << (bit % 8);
        // Some bits of deflate mean nothing, such as those behind the end of a stream; all others count.
        if !refused(hurt, &original) {
            assert!(
                !frames.iter().any(|frame| frame.contains(&(bit / 8))),
                "{bit}"
            );
        }
    }
}

#[test]
fn no_part_of_a_bundle_is_a_bundle() {
    let bundle = small().write();
    let original = read(bundle.clone()).expect("it is sound");
    for cut in 0..bundle.len() {
        assert!(refused(bundle[..cut].to_vec(), &original), "up to {cut}");
        assert!(
            cut == 0 || refused(bundle[cut..].to_vec(), &original),
            "from {cut}"
        );
    }
}

#[test]
fn members_in_any_other_order_are_refused() {
    let bundle = small().write();
    let original = read(bundle.clone()).expect("it is sound");
    let parts = parts(&bundle);
    let mut tried = BTreeSet::new();
    for one in 0..parts.len() {
        for other in 0..parts.len() {
            let mut swapped: Vec<&[u8]> = parts.iter().map(|part| &bundle[part.clone()]).collect();
            swapped.swap(one, other);
            let left_out = [&bundle[..parts[one].start], &bundle[parts[one].end..]].concat();
            assert!(refused(left_out, &original), "without {one}");
            if tried.insert(swapped.concat()) && swapped.concat() != bundle {
                assert!(refused(swapped.concat(), &original), "{one} and {other}");
            }
        }
    }
}
