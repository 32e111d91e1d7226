//! Memory: how much there is, and what the C library keeps for later.
//!
//! What C code of ours asks for, zstd above all, comes from the C library and not from the program's own allocator. It keeps
//! most of what was freed, for a next time that comes a day later.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs;
use std::path::Path;

/// How much this program can have, in bytes: all of the machine, or less where the system was told so, be it by `MemoryMax=`
/// or by a container. `None`: nobody tells here.
pub fn of_machine() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let total = told
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes = total.trim().strip_suffix(" kB")?.parse::<u64>().ok()?;
    let all = kibibytes.saturating_mul(1 << 10);
    Some(granted().map_or(all, |granted| granted.min(all)))
}

/// The least that this program's control group and those around it may have.
fn granted() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let ours = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let top = Path::new("/sys/fs/cgroup");
    let group = top.join(ours);
    let around = group.ancestors().take_while(|group| group.starts_with(top));
    let limit = |group: &Path| {
        let told = fs::read_to_string(group.join("memory.max")).ok()?;
        // A group without a limit says `max`.
        told.trim().parse::<u64>().ok()
    };
    around.filter_map(limit).min()
}

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_machine_that_runs_this_has_some() {
        assert!(super::of_machine().is_some_and(|bytes| bytes > 16 << 20));
    }
}
