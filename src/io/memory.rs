//! Memory that the C library keeps for later.

/// Gives it back to the system.
///
/// What C code of ours asks for, zstd above all, comes from the C library and not from the program's own allocator. It keeps
/// most of what was freed, for a next time that comes a day later.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the C library has no other way to ask for it")]
    // SAFETY: it takes no pointer, may be called at any time from any thread, and gives back only what nobody holds.
    unsafe {
        libc::malloc_trim(0);
    }
}
