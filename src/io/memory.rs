//! Memory that the C library keeps for later.
//!
//! What C code of ours asks for, zstd above all, comes from the C library and not from the program's own allocator. It keeps
//! most of what was freed, for a next time that comes a day later.

/// From now on it is taken from one place, of which all can be given back: of those that threads have by themselves, the C
/// library gives back only what lies between other things. To be called before there are threads.
pub fn keep_together() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the C library has no other way to ask for it")]
    // SAFETY: it takes no pointer, and changes only where memory comes from that is asked for afterwards.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives it back to the system.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the C library has no other way to ask for it")]
    // SAFETY: it takes no pointer, may be called at any time from any thread, and gives back only what nobody holds.
    unsafe {
        libc::malloc_trim(0);
    }
}
