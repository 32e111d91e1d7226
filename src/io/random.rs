//! Where chance comes from.

use crate::base::Secret;

/// The operating system's source, for keys.
pub fn system() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// For pauses and the like, not for keys: zero if the system gives none.
pub fn byte() -> u8 {
    use ring::rand::SecureRandom;
    let mut byte = [0];
    let filled = system().fill(&mut byte);
    filled.map_or(0, |()| byte[0])
}

/// Any number below `end`, for choices that no secret hangs on; zero if there is none.
pub fn below(end: usize) -> usize {
    let bytes = [(); 4].map(|()| byte());
    let chance = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or_default();
    chance.checked_rem(end).unwrap_or_default()
}

/// A word that nobody can guess: 32 bytes of chance in hexadecimal digits.
pub fn token() -> Secret<String> {
    let mut bytes = [0; 32];
    let filled = ring::rand::SecureRandom::fill(&system(), &mut bytes);
    filled.expect("the operating system has chance to give");
    Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Twenty bytes of chance, for words that nobody shall guess.
pub fn bytes() -> [u8; 20] {
    let mut bytes = [0; 20];
    let filled = ring::rand::SecureRandom::fill(&system(), &mut bytes);
    filled.expect("the operating system has chance to give");
    bytes
}
