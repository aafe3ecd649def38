//! Memory that is given back is overwritten first: what a secret was in, whichever vector or library held it. The heap of this
//! extension module alone; Python's objects are not in it. What is large is asked for in huge pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use tacit_prover::ask_for_huge_pages;

/// The system's allocator, but for the zeros and the advice.
struct Wiping;

#[global_allocator]
static HEAP: Wiping = Wiping;

// SAFETY: every call goes to the system's allocator with the arguments that came. `realloc` is the trait's own: it allocates,
// copies and calls `dealloc`, so that growth leaves no copy behind.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = unsafe { System.alloc(layout) };
        ask_for_huge_pages(start, layout.size());
        start
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let start = unsafe { System.alloc_zeroed(layout) };
        ask_for_huge_pages(start, layout.size());
        start
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // The block is the caller's until the next line, and nobody else's.
        unsafe { pointer.write_bytes(0, layout.size()) };
        black_box(pointer);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes that are overwritten of the stack of each of the pool's threads, which has 2 MiB.
const DEEP: usize = 256 << 10;
/// Of the caller's stack, whose size is not known here.
const SHALLOW: usize = 8 << 10;

/// Does this, and overwrites what it left on the stacks of the pool's threads and of this one. Not with Python's lock in hand: the
/// pool's threads come when they have time.
pub fn after<T>(work: impl FnOnce() -> T) -> T {
    let done = work();
    stacks();
    done
}

fn stacks() {
    zeroize::zeroize_stack::<SHALLOW>();
    if crate::pool::is_own() {
        rayon::broadcast(|_| zeroize::zeroize_stack::<DEEP>());
    }
}
