//! Nothing that calls itself a dense stream makes the receiver panic, fill its memory, or accept another edition.
//!
//! The first byte says what is received and how it comes, the second in what pieces.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use colport::edition::{Receiver, Refusal, VerifiedEdition};
use libfuzzer_sys::fuzz_target;

#[path = "../editions.rs"]
mod editions;
#[path = "../splice.rs"]
mod splice;

static SOUND: LazyLock<editions::Editions> = LazyLock::new(editions::Editions::new);

fuzz_target!(|data: &[u8]| {
    let Some(([kind, piece], rest)) = data.split_first_chunk() else {
        return;
    };
    let sound = &*SOUND;
    let (dense, held) = match kind & 1 {
        0 => (&sound.full, None),
        _ => (&sound.update, Some(sound.old.clone())),
    };
    let stream = match kind & 2 {
        0 => splice::splice(dense, rest),
        _ => rest.to_vec(),
    };
    let receiver = Receiver::new(Vec::new(), sound.remembered.clone(), held, sound.now);
    receive(receiver, stream.into(), usize::from(*piece) + 1, dense);
});

fn receive(mut receiver: Receiver<Vec<u8>>, stream: Bytes, piece: usize, sound: &Bytes) {
    let mut rest = stream.clone();
    while !rest.is_empty() {
        let next = rest.split_to(piece.min(rest.len()));
        if receiver.push(next).is_err() {
            assert!(receiver.position() <= stream.len() as u64);
            return go_on(receiver, sound);
        }
    }
    let finished: Result<VerifiedEdition, Refusal> = receiver.finish(|out| Ok(out.into()));
    if let Ok(edition) = finished {
        assert_eq!(edition.number(), 2);
        assert!(edition.files().count() > 0);
    }
}

/// What was proved before the damage stays good: the rest may come from somebody else.
fn go_on(mut receiver: Receiver<Vec<u8>>, sound: &Bytes) {
    if receiver.edition().is_none() {
        return;
    }
    receiver.rewind();
    let from = usize::try_from(receiver.position()).expect("it is small");
    // Beware: the same contents may have been pressed otherwise, and then the sound stream does not fit behind it.
    if from <= sound.len() && receiver.push(sound.slice(from..)).is_ok() {
        let _: Result<VerifiedEdition, Refusal> = receiver.finish(|out| Ok(out.into()));
    }
}
