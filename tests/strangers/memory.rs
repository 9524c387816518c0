//! An allocator with a limit: a stranger's file that asks for too much ends the process, and says so.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The system's allocator, which refuses what goes beyond the limit that [`within`] sets.
pub struct Limited;

static NOW: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Counts so many bytes more; false if they are too many.
fn take(bytes: usize) -> bool {
    let now = NOW.fetch_add(bytes, Relaxed).saturating_add(bytes);
    let limit = LIMIT.load(Relaxed);
    if now <= limit {
        return true;
    }
    NOW.fetch_sub(bytes, Relaxed);
    // Tests capture what is printed; and nothing may be allocated here.
    let _ = std::io::stderr().write_all(b"\nover the memory limit of a target\n");
    false
}

// SAFETY: all is done by the system's allocator. What is refused is null, as a failed allocation is.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's guarantees are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && !take(size - layout.size()) {
            return std::ptr::null_mut();
        }
        if size < layout.size() {
            NOW.fetch_sub(layout.size() - size, Relaxed);
        }
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// What `work` gives; the process may have so many bytes more than before meanwhile, in all of its threads.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    struct Lift;
    impl Drop for Lift {
        fn drop(&mut self) {
            LIMIT.store(usize::MAX, Relaxed);
        }
    }
    LIMIT.store(NOW.load(Relaxed).saturating_add(bytes), Relaxed);
    let _lift = Lift;
    work()
}
