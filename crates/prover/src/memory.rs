//! Large buffers. The first touch of a page costs as much as the arithmetic on it, so they ask for huge pages.

/// Bytes from which a buffer asks for huge pages: two of them.
const LARGE: usize = 4 << 20;

/// An empty vector with room for n elements.
pub fn with_room<T>(n: usize) -> Vec<T> {
    let out: Vec<T> = Vec::with_capacity(n);
    ask_for_huge_pages(
        out.as_ptr().cast(),
        out.capacity() * std::mem::size_of::<T>(),
    );
    out
}

/// The memory of a vector of fours for twos.
pub fn as_pairs<T: Copy>(fours: Vec<[T; 4]>) -> Vec<[T; 2]> {
    let mut fours = std::mem::ManuallyDrop::new(fours);
    let (start, len, room) = (fours.as_mut_ptr(), fours.len(), fours.capacity());
    // SAFETY: the memory is the vector's alone, and handed over once; [T; 4] is two [T; 2] of the same alignment, so `2 len`
    // of them are there and `2 room` of them have the size that was allocated.
    unsafe { Vec::from_raw_parts(start.cast(), 2 * len, 2 * room) }
}

/// Asks for huge pages under memory that is the caller's, where it is large. Advice may be refused; nothing depends on it.
#[cfg(target_os = "linux")]
pub fn ask_for_huge_pages(start: *const u8, bytes: usize) {
    use std::ffi::{c_int, c_void};
    extern "C" {
        fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
    }
    const HUGE_PAGES: c_int = 14;
    const PAGE: usize = 4096;
    if bytes < LARGE || start.is_null() {
        return;
    }
    let start = start as usize;
    let first = start.next_multiple_of(PAGE);
    let length = (start + bytes - first) / PAGE * PAGE;
    // SAFETY: the range lies inside the caller's memory, and the advice changes no byte of it.
    unsafe {
        madvise(first as *mut c_void, length, HUGE_PAGES);
    }
}

/// There is no such advice here.
#[cfg(not(target_os = "linux"))]
pub fn ask_for_huge_pages(_: *const u8, _: usize) {}
