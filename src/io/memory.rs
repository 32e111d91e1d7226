//! Memory: how much there is, and what the C library keeps for later.
//!
//! What C code of ours asks for, zstd above all, comes from the C library and not from the program's own allocator. It keeps
//! most of what was freed, for a next time that comes a day later.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// How much this program can have, in bytes: all of the machine, or less where the system was told so, be it by `MemoryMax=`
/// or by a container. `None`: nobody tells here.
pub fn of_machine() -> Option<u64> {
    [total(), granted()].into_iter().flatten().min()
}

/// Asked of the kernel itself: of `/proc` a service may see nothing but processes.
fn total() -> Option<u64> {
    let told = rustix::system::sysinfo();
    in_bytes(told.totalram.try_into().ok()?, told.mem_unit)
}

/// `units` is as wide as the machine's words; a small machine with much memory counts in larger units. `None`: the kernel
/// tells nothing.
fn in_bytes(units: usize, unit_bytes: u32) -> Option<u64> {
    let bytes = u64::try_from(units).ok()?.saturating_mul(unit_bytes.into());
    (bytes > 0).then_some(bytes)
}

/// The least that this program's control group and those around it may have.
fn granted() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = around(&groups)?;
    let limits = limits
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    limits.filter_map(|told| limit(&told)).min()
}

/// Where the limits stand of the group that `groups` (`/proc/PID/cgroup`, cgroups(7)) tells of, and of those around it.
fn around(groups: &str) -> Option<Vec<PathBuf>> {
    let ours = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let top = Path::new("/sys/fs/cgroup");
    let group = top.join(ours);
    let around = group.ancestors().take_while(|group| group.starts_with(top));
    Some(around.map(|group| group.join("memory.max")).collect())
}

/// A group without a limit says `max`.
fn limit(told: &str) -> Option<u64> {
    told.trim().parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_that_runs_this_has_some() {
        let told = fs::read_to_string("/proc/meminfo").unwrap();
        let line = told.lines().find(|line| line.starts_with("MemTotal:"));
        let kibibytes = line.unwrap().split_whitespace().nth(1).unwrap();
        let all = kibibytes.parse::<u64>().unwrap() << 10;
        assert_eq!(total(), Some(all));
        assert!(of_machine().is_some_and(|bytes| (16 << 20..=all).contains(&bytes)));
    }

    #[test]
    fn memory_is_counted_in_units() {
        assert_eq!(in_bytes(512 << 20, 1), Some(512 << 20));
        assert_eq!(in_bytes(3 << 20, 4096), Some(12 << 30));
        assert_eq!(in_bytes(0, 1), None);
    }

    #[test]
    fn a_limit_is_looked_for_in_the_group_and_in_those_around_it() {
        let check = |groups: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|files| files.iter().map(PathBuf::from).collect());
            assert_eq!(around(groups), expected, "{groups}");
        };
        check(
            "0::/system.slice/colport-mirror.service\n",
            Some(&[
                "/sys/fs/cgroup/system.slice/colport-mirror.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]),
        );
        check("0::/\n", Some(&["/sys/fs/cgroup/memory.max"]));
        check("4:memory:/a\n", None);
        check("", None);
        assert_eq!(limit("268435456\n"), Some(256 << 20));
        assert_eq!(limit("max\n"), None);
    }
}
