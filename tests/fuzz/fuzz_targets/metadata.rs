//! Nothing that calls itself metadata makes the client workflow panic, and nothing that was not signed is believed.
//!
//! The first byte says which file of a sound site is hurt, the second how, and the rest is what to put there.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use colport::base::MetadataName;
use colport::trust::editor::sign_detached;
use colport::trust::{Expiry, Refresh, Refusal, Remembered, Trusted, Want};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use site::Site;

#[path = "../site.rs"]
mod site;
#[path = "../splice.rs"]
mod splice;

const CHANGED: u8 = 1;
const SIGNED: u8 = 2;
const REPORTED: u8 = 4;
const REMEMBERED: u8 = 8;

static SITE: LazyLock<Site> = LazyLock::new(Site::new);
/// What honest metadata says.
static HONEST: LazyLock<Outcome> =
    LazyLock::new(|| outcome(&first_root(), &answer(None), Expiry::Enforce).expect("it is honest"));

type Outcome = (u64, Vec<String>);

fuzz_target!(|data: &[u8]| {
    let Some(([which, how], rest)) = data.split_first_chunk() else {
        return;
    };
    let flag = |flag| how & flag != 0;
    let second_root = MetadataName::versioned("root", 2).expect("a name");
    let names: Vec<&MetadataName> = SITE.files.keys().chain([&second_root]).collect();
    let name = names[usize::from(*which) % names.len()].clone();
    let sound = SITE.files.get(&name).cloned().unwrap_or_else(first_root);
    let mut hurt = if flag(CHANGED) {
        splice::splice(&sound, rest)
    } else {
        rest.to_vec()
    };
    if flag(SIGNED) {
        hurt = signed(&hurt);
    }
    let hurt = Bytes::from(hurt);
    let root = if flag(REMEMBERED) {
        hurt.clone()
    } else {
        first_root()
    };
    let expiry = if flag(REPORTED) {
        Expiry::Report
    } else {
        Expiry::Enforce
    };
    let outcome = outcome(&root, &answer(Some((&name, &hurt))), expiry);
    // Who holds no key can only have the honest site believed.
    if !flag(SIGNED) && !flag(REMEMBERED) {
        assert!(
            outcome.is_err() || outcome.as_ref() == Ok(&*HONEST),
            "{outcome:?}"
        );
    }
});

fn first_root() -> Bytes {
    let name = MetadataName::versioned("root", 1).expect("a name");
    SITE.files[&name].clone()
}

/// The file with a true signature over whatever it says, so that what lies behind the signature is reached too.
fn signed(file: &[u8]) -> Vec<u8> {
    let (Ok(signature), Ok(mut value)) = (
        sign_detached(file, &SITE.key),
        serde_json::from_slice::<Value>(file),
    ) else {
        return file.to_vec();
    };
    value["signatures"] = json!([{ "keyid": signature.keyid, "sig": signature.sig }]);
    value.to_string().into_bytes()
}

fn answer<'a>(hurt: Option<(&'a MetadataName, &'a Bytes)>) -> impl Fn(&Want) -> Option<Bytes> + 'a {
    move |want| {
        let name = match want.version {
            Some(version) => MetadataName::versioned(&want.role, version)?,
            None => MetadataName::timestamp(),
        };
        match hurt {
            Some((which, bytes)) if *which == name => Some(bytes.clone()),
            _ => SITE.files.get(&name).cloned(),
        }
    }
}

/// The number of the edition and its files.
fn outcome(
    root: &Bytes,
    answer: &dyn Fn(&Want) -> Option<Bytes>,
    expiry: Expiry,
) -> Result<Outcome, Refusal> {
    let mut trusted = refresh(root, answer, expiry)?;
    let mut lookup = trusted.lookup("be/2026/11/river/index.html");
    while let Some(want) = lookup.wants() {
        let _ = lookup.give(answer(&want));
    }
    let _ = lookup.finish();
    let mut walk = trusted.everything();
    while let Some(want) = walk.wants() {
        let _ = walk.give(answer(&want));
    }
    let (trusted, files) = walk.finish()?;
    let _ = (trusted.freshness(), trusted.proofs());
    Ok((
        trusted.edition(),
        files
            .into_iter()
            .map(|(path, file)| format!("{path} {:?}", file.digest()))
            .collect(),
    ))
}

fn refresh(
    root: &Bytes,
    answer: &dyn Fn(&Want) -> Option<Bytes>,
    expiry: Expiry,
) -> Result<Trusted, Refusal> {
    let mut refresh = Refresh::new(Remembered::new(root.clone()), SITE.now, expiry)?;
    while let Some(want) = refresh.wants() {
        // A refusal is kept, and told by `finish`.
        let _ = refresh.give(answer(&want));
    }
    let _ = refresh.remembered();
    refresh.finish()
}
