//! Where chance comes from.

/// The operating system's source, for keys.
pub fn system() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}
