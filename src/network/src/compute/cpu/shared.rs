//! A slice that several threads write at disjoint positions.

use std::marker::PhantomData;

/// A slice shared between threads that write disjoint parts.
pub struct SharedSlice<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: `write` is unsafe, and its callers guarantee that no two threads write the same position.
unsafe impl Sync for SharedSlice<'_> {}
// SAFETY: as above; this is a mutable borrow of floats.
unsafe impl Send for SharedSlice<'_> {}

impl<'a> SharedSlice<'a> {
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// Pointer to `count` values from `at` on.
    ///
    /// # Safety
    ///
    /// While this is shared, nothing else reads or writes the positions written through it.
    ///
    /// # Panics
    ///
    /// If the values reach beyond the slice.
    #[inline(always)]
    pub unsafe fn place(&self, at: usize, count: usize) -> *mut f32 {
        assert!(at + count <= self.len, "inside the slice");
        // SAFETY: inside the slice by the check.
        unsafe { self.start.add(at) }
    }

    /// Write values from `at` on.
    ///
    /// # Safety
    ///
    /// As [`SharedSlice::place`].
    ///
    /// # Panics
    ///
    /// If the values reach beyond the slice.
    #[inline(always)]
    pub unsafe fn write(&self, at: usize, values: &[f32]) {
        // SAFETY: inside the slice by the check; exclusive guaranteed by the caller.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.place(at, values.len()), values.len()) };
    }
}
