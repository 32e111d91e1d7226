//! A public or private key file, written by hand or by another program: read or refused, and what was read comes back as
//! it was written.
//!
//! The first byte says which file is changed, or that the rest is one.

use std::sync::LazyLock;

use colport::base::Secret;
use colport::trust::{PublicKey, SigningKey};

use super::site::seeded;
use super::splice::splice;

/// Locked so weakly that thousands can be tried in a second; `openssl pkcs8 -topk8 -scrypt -scrypt_N 2` made it.
const LOCKED: &str = include_str!("locked.pem");
const PASSPHRASE: &str = "correct horse";

static FILES: LazyLock<[String; 3]> = LazyLock::new(|| {
    let key = seeded("keyfile");
    [
        key.public().to_line(),
        key.to_pem().expose().clone(),
        format!("Key: {}\n{LOCKED}", key.id()),
    ]
});

pub(crate) fn check(data: &[u8]) {
    let Some((which, changes)) = data.split_first() else {
        return;
    };
    let text = match FILES.get(usize::from(*which % 4)) {
        Some(file) => splice(file.as_bytes(), changes),
        None => changes.to_vec(),
    };
    let Ok(text) = String::from_utf8(text) else {
        return;
    };
    check_public(&text);
    check_private(&Secret::new(text));
}

fn check_public(text: &str) {
    let Ok(key) = PublicKey::from_line(text) else {
        return;
    };
    assert_eq!(PublicKey::from_line(&key.to_line()), Ok(key.clone()));
    // An id is the key's own, whatever was written around it.
    let public = serde_json::from_str::<serde_json::Value>(text).expect("it was read");
    assert_eq!(public["keyval"]["public"], key.key.keyval["public"]);
}

fn check_private(text: &Secret<String>) {
    let _ = SigningKey::id_of_locked(text);
    let passphrase = Secret::new(PASSPHRASE.to_owned());
    let plain = SigningKey::from_pem(text);
    let locked = SigningKey::from_locked_pem(text, &passphrase);
    for key in [plain, locked].into_iter().flatten() {
        let again = SigningKey::from_pem(&key.to_pem()).expect("it was written");
        assert_eq!(again.id(), key.id());
        assert_eq!(again.sign(b"x"), key.sign(b"x"));
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for which in 0..3 {
        seeds.push(vec![which]);
        for place in [0, 20, 40, 90, 120] {
            seeds.push(vec![which, place, 0, 1, 1, b'A']);
        }
        seeds.push([&[3], FILES[usize::from(which)].as_bytes()].concat());
    }
    seeds
}
