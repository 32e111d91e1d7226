//! What a reader kept may have been damaged by a disk, or written by somebody else: it is read or refused, comes back as
//! it was written, and what is believed with it is still signed.
//!
//! The first byte says whether the text or the values in it are changed, the rest what.

use std::sync::LazyLock;

use colport::trust::{Expiry, Remembered, Want};
use serde_json::Value;

use super::alter::alter;
use super::oracle::check_trusted;
use super::site::{Answer, SITE, now, refresh};
use super::splice::splice;

static KEPT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let set = &SITE.first;
    let answer: Answer<'_> = &|want| set.file(&want.role, want.version).cloned();
    let (_, kept) = refresh(SITE.newcomer(), answer, now(), Expiry::Enforce);
    kept.to_json()
});

pub(crate) fn check(data: &[u8]) {
    let Some((how, changes)) = data.split_first() else {
        return;
    };
    let text = match how % 3 {
        0 => splice(&KEPT, changes),
        1 => altered(changes),
        _ => changes.to_vec(),
    };
    let Some(kept) = Remembered::from_json(&text) else {
        return;
    };
    assert_eq!(Remembered::from_json(&kept.to_json()), Some(kept.clone()));
    let answer: Answer<'_> = &|want: &Want| SITE.second.file(&want.role, want.version).cloned();
    let (read, after) = refresh(kept, answer, now(), Expiry::Report);
    assert!(Remembered::from_json(&after.to_json()).is_some());
    if let Ok(trusted) = read {
        check_trusted(&trusted, now(), Expiry::Report);
    }
}

/// Changes to the values of the file, or of one of the files inside it.
fn altered(changes: &[u8]) -> Vec<u8> {
    let mut kept: Value = serde_json::from_slice(&KEPT).expect("it was written");
    let Some((inside, changes)) = changes.split_first() else {
        return kept.to_string().into();
    };
    let inner = ["/root", "/timestamp", "/snapshot", "/targets/targets"];
    let place = inner
        .get(usize::from(*inside))
        .and_then(|place| kept.pointer_mut(place));
    match place {
        None => alter(&mut kept, changes),
        Some(place) => {
            let text = place.as_str().unwrap_or_default();
            let mut file: Value = serde_json::from_str(text).expect("it was signed");
            alter(&mut file, changes);
            *place = file.to_string().into();
        }
    }
    kept.to_string().into()
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0], KEPT.clone()];
    for inside in 0..5 {
        for change in [[2, 0, 0, 0], [3, 0, 1, 5], [6, 0, 3, 30], [9, 0, 4, 2]] {
            seeds.push([&[1, inside][..], &change].concat());
        }
    }
    seeds.push(vec![0, 30, 0, 4, 2, b'{', b'"']);
    seeds.push([&[2][..], br#"{"root":"{}","targets":{}}"#].concat());
    seeds
}
