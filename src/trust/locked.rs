//! Private keys behind a passphrase: PKCS#8 with PBES2 (RFC 8018), scrypt (RFC 7914) and AES-256-CBC.
//!
//! The form that `openssl pkey` reads, so that a key can be saved without colport. For that scrypt gets 16 MiB, which is
//! as much as OpenSSL allows by itself in round numbers, and five times the work, which by OWASP's table of 2023 is worth
//! as much as 128 MiB once.

use pkcs8::der::asn1::OctetString;
use pkcs8::der::{Decode, Encode};
use pkcs8::pkcs5::{
    EncryptionScheme,
    pbes2::{Kdf, Parameters},
    scrypt,
};
use pkcs8::{EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef};
use ring::rand::SecureRandom;

use super::der;
use super::keys::KeyError;
use crate::base::Secret;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const LOG_N: u8 = 14;
const BLOCKS: u32 = 8;
const TIMES: u32 = 5;
/// In units of 128 bytes: 256 MiB, twice of what OWASP asks for.
const MOST_MEMORY: u64 = 1 << 21;
/// The same, times the repetitions.
const MOST_WORK: u64 = 1 << 23;
const MOST_ITERATIONS: u32 = 2_000_000;

pub(super) fn is_locked(pem: &Secret<String>) -> bool {
    pem.expose().contains(&format!("-----BEGIN {LABEL}-----"))
}

pub(super) fn lock(
    seed: &Secret<[u8; 32]>,
    passphrase: &Secret<String>,
    random: &dyn SecureRandom,
) -> Result<Secret<String>, KeyError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    let filled = random.fill(&mut salt).and_then(|()| random.fill(&mut iv));
    filled.map_err(|_| KeyError::NoRandomness)?;
    let strength = scrypt::Params::new(LOG_N, BLOCKS, TIMES).expect("RFC 7914 allows them");
    let scheme = Parameters::generate_scrypt_aes256cbc(strength, &salt, iv)
        .expect("the salt is neither too short nor too long");
    let plain = Secret::new(der::ed25519_private(seed.expose()));
    let encrypted = scheme
        .encrypt(passphrase.expose(), plain.expose())
        .expect("a key of 48 bytes can be encrypted");
    let info = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: scheme.into(),
        encrypted_data: OctetString::new(encrypted).expect("it is short"),
    };
    let der = info.to_der().expect("it is short and well-formed");
    Ok(Secret::new(der::to_pem(&der, LABEL)))
}

pub(super) fn open(
    pem: &Secret<String>,
    passphrase: &Secret<String>,
) -> Result<Secret<[u8; 32]>, KeyError> {
    let der = der::from_pem(pem.expose(), LABEL).ok_or(KeyError::NotAKey)?;
    let info = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| KeyError::NotAKey)?;
    if !is_bearable(&info.encryption_algorithm) {
        return Err(KeyError::TooCostly);
    }
    let plain = info.decrypt(passphrase.expose());
    let plain = plain.map_err(|_| KeyError::WrongPassphrase)?;
    let seed = der::ed25519_seed(plain.as_bytes()).ok_or(KeyError::WrongPassphrase)?;
    Ok(Secret::new(seed))
}

/// A file says itself how hard it is to open. Beware: the library takes a cost of 0 for impossible, and panics.
fn is_bearable(scheme: &EncryptionScheme) -> bool {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return true;
    };
    match &parameters.kdf {
        Kdf::Scrypt(asked) => {
            let memory = asked.cost_parameter.checked_mul(asked.block_size.into());
            let work = memory.and_then(|memory| memory.checked_mul(asked.parallelization.into()));
            asked.cost_parameter > 1
                && memory.is_some_and(|memory| memory <= MOST_MEMORY)
                && work.is_some_and(|work| work <= MOST_WORK)
        }
        Kdf::Pbkdf2(asked) => asked.iteration_count <= MOST_ITERATIONS,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::SigningKey;
    use super::*;

    // Made by `openssl genpkey -algorithm ed25519` and `openssl pkcs8 -topk8 -scrypt -passout pass:…`.
    const OF_OPENSSL: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAj+n3rrPK+YIwICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBBiARDMN/gSMFr0YfaAH7vEBEAZ2KuYQiSmng6L
Sh9/m9juOgV2ISahQg67EqZMz9HiRXijinXqwOGxShtoz7hk8XHbGKt8TsEJ+TUX
gD6b1VWE
-----END ENCRYPTED PRIVATE KEY-----
";

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_locked_key_opens_with_its_passphrase_only() {
        let random = ring::rand::SystemRandom::new();
        let key = SigningKey::generate(&random).expect("random numbers");
        let pem = key
            .to_locked_pem(&secret("дом над ракой"), &random)
            .expect("random numbers");
        assert_eq!(SigningKey::id_of_locked(&pem).as_ref(), Some(key.id()));
        let opened = SigningKey::from_locked_pem(&pem, &secret("дом над ракой"));
        assert_eq!(opened.expect("the right one").id(), key.id());
        let check = |pem: &Secret<String>, passphrase: &str, expected: KeyError| {
            let opened = SigningKey::from_locked_pem(pem, &secret(passphrase));
            assert_eq!(opened.map(|key| key.id().clone()), Err(expected));
        };
        check(&pem, "дом над ракою", KeyError::WrongPassphrase);
        check(&pem, "", KeyError::WrongPassphrase);
        check(&key.to_pem(), "", KeyError::NotAKey);
        let unasked = SigningKey::from_pem(&pem).map(|key| key.id().clone());
        assert_eq!(unasked, Err(KeyError::Locked));
    }

    #[test]
    fn a_key_that_openssl_locked_is_opened() {
        let opened = SigningKey::from_locked_pem(&secret(OF_OPENSSL), &secret("correct horse"));
        assert_eq!(
            opened.expect("a key of openssl").id().as_str(),
            "7ce758bb1db04bc4335222e8ca4f98fac3c85f23ed7ffadc2b2774fa9e73175b"
        );
    }

    /// A file that asks for this cost.
    fn asking(cost: u64, block: u16, repetitions: u16) -> Secret<String> {
        let strength = scrypt::Params::new(1, 1, 1).expect("RFC 7914 allows them");
        let mut scheme = Parameters::generate_scrypt_aes256cbc(strength, &[7; 16], [7; 16])
            .expect("the salt is long enough");
        if let Kdf::Scrypt(asked) = &mut scheme.kdf {
            asked.cost_parameter = cost;
            asked.block_size = block;
            asked.parallelization = repetitions;
        }
        let info = EncryptedPrivateKeyInfoOwned {
            encryption_algorithm: scheme.into(),
            encrypted_data: OctetString::new([7; 64]).expect("it is short"),
        };
        let der = info.to_der().expect("it is short and well-formed");
        Secret::new(der::to_pem(&der, LABEL))
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_a_machine_has() {
        let check = |cost, block, repetitions, expected: KeyError| {
            let pem = asking(cost, block, repetitions);
            let opened = SigningKey::from_locked_pem(&pem, &secret("correct horse"));
            assert_eq!(opened.map(|key| key.id().clone()), Err(expected));
        };
        check(2, 1, 1, KeyError::WrongPassphrase);
        check(0, 1, 1, KeyError::TooCostly);
        check(1, 1, 1, KeyError::TooCostly);
        check(1 << 19, 8, 1, KeyError::TooCostly);
        check(1 << 14, 8, 65, KeyError::TooCostly);
        check(1 << 63, u16::MAX, u16::MAX, KeyError::TooCostly);
    }
}
