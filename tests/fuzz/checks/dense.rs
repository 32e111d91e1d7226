//! Nothing that calls itself a dense stream makes the receiver panic, fill its memory, or accept another edition.
//!
//! The first byte says what is received, by whom, and how it comes; the second in what pieces.

use std::sync::LazyLock;

use bytes::Bytes;
use colport::edition::{Excerpt, Receiver, Refusal, Variant};

use super::splice::splice;

#[path = "../editions.rs"]
mod editions;

static SOUND: LazyLock<editions::Editions> = LazyLock::new(editions::Editions::new);

const VARIANTS: [Variant; 4] = [Variant::Full, Variant::Light, Variant::Text, Variant::Full];

pub(crate) fn check(data: &[u8]) {
    let Some(([kind, piece], rest)) = data.split_first_chunk() else {
        return;
    };
    let sound = &*SOUND;
    let [full, update, text, pressed] = &sound.dense;
    let (dense, held) = match kind & 3 {
        0 => (full, None),
        1 => (text, None),
        2 => (pressed, Some(sound.old.as_excerpt())),
        _ => (update, Some(sound.old.as_excerpt())),
    };
    let stream = match kind & 4 {
        0 => splice(dense, rest),
        _ => rest.to_vec(),
    };
    let variant = VARIANTS
        .get(usize::from(kind >> 3 & 3))
        .copied()
        .unwrap_or(Variant::Full);
    // What is written is never more than the edition.
    let out = Bounded(Vec::new());
    let remembered = sound.remembered.clone();
    let receiver = Receiver::of_variant(out, remembered, held, variant, sound.now);
    receive(receiver, stream.into(), usize::from(*piece) + 1, dense);
}

fn receive(mut receiver: Receiver<Bounded>, stream: Bytes, piece: usize, sound: &Bytes) {
    let mut rest = stream.clone();
    while !rest.is_empty() {
        let next = rest.split_to(piece.min(rest.len()));
        if receiver.push(next).is_err() {
            assert!(receiver.position() <= stream.len() as u64);
            return go_on(receiver, sound);
        }
    }
    let finished: Result<Excerpt, Refusal> = receiver.finish_excerpt(|out| Ok(out.0.into()));
    if let Ok(edition) = finished {
        assert_eq!(edition.number(), 2);
        assert!(edition.covers(Variant::Text));
    }
}

/// What was proved before the damage stays good: the rest may come from somebody else.
fn go_on(mut receiver: Receiver<Bounded>, sound: &Bytes) {
    if receiver.edition().is_none() {
        return;
    }
    receiver.rewind();
    let from = usize::try_from(receiver.position()).expect("it is small");
    // Beware: the same contents may have been pressed otherwise, and then the sound stream does not fit behind it.
    if from <= sound.len() && receiver.push(sound.slice(from..)).is_ok() {
        let _: Result<Excerpt, Refusal> = receiver.finish_excerpt(|out| Ok(out.0.into()));
    }
}

/// Where the bundle is written, which is small.
struct Bounded(Vec<u8>);

const MOST_BYTES: usize = 64 << 10;

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        assert!(
            self.0.len() <= MOST_BYTES,
            "more than was signed is written"
        );
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Changed bytes in each stream, and the streams themselves.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        vec![0, 99, 24, 0, 1, 1, b'x'],
        vec![1, 30, 90, 0, 1, 1, b'x'],
        vec![2, 9, 200, 0, 1, 1, b'x'],
        vec![3, 9, 200, 0, 1, 1, b'x'],
    ];
    let whole = SOUND.dense.iter().zip([4, 7, 5 | 2 << 3, 6]);
    seeds.extend(whole.map(|(stream, kind)| [&[kind, 99], &stream[..]].concat()));
    seeds
}
