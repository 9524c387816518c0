//! A slice that several threads write, each at places of its own.

use std::marker::PhantomData;

/// Shares a slice between threads that write disjoint parts.
pub struct SharedSlice<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: `write` is unsafe, and its callers guarantee that no two threads write the same place.
unsafe impl Sync for SharedSlice<'_> {}
// SAFETY: as above; it is a mutable borrow of plain floats.
unsafe impl Send for SharedSlice<'_> {}

impl<'a> SharedSlice<'a> {
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// Where `count` values from `at` on lie.
    ///
    /// # Safety
    ///
    /// While this is shared, nothing else reads or writes the places that are written through it.
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

    /// Writes values from `at` on.
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
