//! The little of DER and PEM (RFC 7468) in which keys are written: fixed shapes, anything else is refused.
//!
//! Public keys are SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), private ones PKCS#8 (RFC 5958) of Ed25519 (RFC 8410).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BIT_STRING: u8 = 0x03;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// What stands before the 32 bytes of a private Ed25519 key in PKCS#8 version 1, the form that `openssl` writes too.
const ED25519_PRIVATE: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The label's content. Text around the block is allowed, as in any PEM file; a second block is not looked at.
pub(super) fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

pub(super) fn to_pem(der: &[u8], label: &str) -> String {
    let body = STANDARD.encode(der);
    let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// The `RSAPublicKey` (PKCS#1) inside a SubjectPublicKeyInfo.
pub(super) fn rsa_key(info: &[u8]) -> Option<Vec<u8>> {
    let (algorithm, key) = public_key(info)?;
    let (kind, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    (kind == RSA).then(|| key.to_vec())
}

/// The uncompressed point inside a SubjectPublicKeyInfo of the curve P-256.
pub(super) fn p256_point(info: &[u8]) -> Option<Vec<u8>> {
    let (algorithm, key) = public_key(info)?;
    let (kind, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (curve, rest) = element(parameters, OBJECT_IDENTIFIER)?;
    (kind == EC && curve == P256 && rest.is_empty()).then(|| key.to_vec())
}

pub(super) fn ed25519_private(seed: &[u8; 32]) -> Vec<u8> {
    [ED25519_PRIVATE.as_slice(), seed].concat()
}

/// Of version 1 or 2 of PKCS#8; of the latter, which `ring` writes, the public half is not needed.
pub(super) fn ed25519_seed(pkcs8: &[u8]) -> Option<[u8; 32]> {
    let (body, rest) = element(pkcs8, SEQUENCE)?;
    let [0x02, 0x01, 0x00 | 0x01, body @ ..] = body else {
        return None;
    };
    let after = ED25519_PRIVATE.get(5..)?;
    let seed = body.strip_prefix(after)?.first_chunk::<32>()?;
    rest.is_empty().then_some(*seed)
}

/// The algorithm and the bits of the key.
fn public_key(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, nothing) = element(info, SEQUENCE)?;
    let (algorithm, after) = element(body, SEQUENCE)?;
    let (bits, rest) = element(after, BIT_STRING)?;
    // The first byte counts the unused bits of the last.
    let (0, key) = bits.split_first()? else {
        return None;
    };
    (nothing.is_empty() && rest.is_empty()).then_some((algorithm, key))
}

/// One element of the tag wanted, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (*found == tag)
        .then(|| rest.split_at_checked(length))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text: String) {
            let _ = rsa_key(&bytes);
            let _ = p256_point(&bytes);
            let _ = ed25519_seed(&bytes);
            let _ = from_pem(&text, "PUBLIC KEY");
        }

        #[test]
        fn pem_goes_there_and_back(bytes: Vec<u8>) {
            prop_assert_eq!(from_pem(&to_pem(&bytes, "X Y"), "X Y"), Some(bytes));
        }

        #[test]
        fn a_private_key_goes_there_and_back(seed: [u8; 32]) {
            prop_assert_eq!(ed25519_seed(&ed25519_private(&seed)), Some(seed));
        }
    }

    #[test]
    fn a_private_key_written_by_ring_is_read() {
        let random = ring::rand::SystemRandom::new();
        let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).expect("random bytes");
        let seed = ed25519_seed(pkcs8.as_ref()).expect("a seed");
        let ours = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        let theirs = ring::signature::Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        use ring::signature::KeyPair as _;
        assert_eq!(ours.public_key().as_ref(), theirs.public_key().as_ref());
    }

    #[test]
    fn other_labels_are_refused() {
        assert_eq!(from_pem(&to_pem(b"x", "PUBLIC KEY"), "PRIVATE KEY"), None);
        assert_eq!(
            from_pem(
                "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----",
                "PUBLIC KEY"
            ),
            None
        );
    }
}
