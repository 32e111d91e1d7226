//! Where chance comes from.

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
