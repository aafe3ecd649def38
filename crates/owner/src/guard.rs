//! Secrets stay in memory: not in core dumps of this process, and not in the swap where the system allows it.

use std::sync::Once;

/// Set to 1 it leaves core dumps as they are.
const CORE_DUMPS: &str = "TACIT_CORE_DUMPS";
/// Bits of the kernel's filter that stay: headers of files. All others stand for memory.
#[cfg(target_os = "linux")]
const HEADERS: u32 = 1 << 4;

/// From the first secret on core dumps of this process hold no memory: secrets pass through vectors, stacks and Python's objects,
/// and no list of places is whole. Where the kernel has no filter nothing changes.
pub fn keep_out_of_dumps() {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        if std::env::var_os(CORE_DUMPS).is_some_and(|v| v == "1") {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let path = "/proc/self/coredump_filter";
            let filter = std::fs::read_to_string(path).ok();
            let filter = filter.and_then(|text| u32::from_str_radix(text.trim(), 16).ok());
            if let Some(filter) = filter {
                let _ = std::fs::write(path, format!("{:#x}", filter & HEADERS));
            }
        }
    });
}

/// Regions of memory that the system keeps out of the swap, if it agreed.
pub struct Locked {
    regions: Vec<(usize, usize)>,
    whole: bool,
}

impl Locked {
    /// Asks for all of these, or for as many as there is room for (RLIMIT_MEMLOCK), in order.
    pub fn new(regions: &[(*const u8, usize)]) -> Self {
        let mut locked = Self {
            regions: Vec::with_capacity(regions.len()),
            whole: true,
        };
        for &(first, bytes) in regions.iter().filter(|(_, bytes)| *bytes > 0) {
            if !lock(first, bytes) {
                locked.whole = false;
                break;
            }
            locked.regions.push((first as usize, bytes));
        }
        locked
    }

    /// Whether all of them are locked.
    pub fn whole(&self) -> bool {
        self.whole
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        for &(first, bytes) in &self.regions {
            unlock(first, bytes);
        }
    }
}

#[cfg(unix)]
fn lock(first: *const u8, bytes: usize) -> bool {
    // SAFETY: whole pages are locked, neighbours with them; no byte of them changes.
    unsafe { libc::mlock(first.cast(), bytes) == 0 }
}

/// Pages that lie in the region alone; those at its ends may hold another secret, and stay.
#[cfg(unix)]
fn unlock(first: usize, bytes: usize) {
    const PAGE: usize = 1 << 14; // the largest usual one
    let start = first.next_multiple_of(PAGE);
    let end = (first + bytes) / PAGE * PAGE;
    if start < end {
        // SAFETY: as above.
        unsafe { libc::munlock(start as *const libc::c_void, end - start) };
    }
}

#[cfg(not(unix))]
fn lock(_: *const u8, _: usize) -> bool {
    false
}

#[cfg(not(unix))]
fn unlock(_: usize, _: usize) {}
