//! A slice that several threads write at disjoint positions.

use std::marker::PhantomData;

/// A slice shared between threads that write disjoint parts.
pub struct SharedSlice<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: what it points to is reached by `place` and `write` alone. They are unsafe, and their callers
// guarantee that nothing else reads or writes the same places.
unsafe impl Sync for SharedSlice<'_> {}
// SAFETY: it is a mutable borrow of plain floats, which any thread may have.
unsafe impl Send for SharedSlice<'_> {}

impl<'a> SharedSlice<'a> {
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// Pointer to `count` values from `at` on.
    ///
    /// # Safety
    ///
    /// While the slice is borrowed, nothing else reads or writes the places that are written through the
    /// pointer, and no more than `count` values are.
    ///
    /// # Panics
    ///
    /// If the values reach beyond the slice.
    #[inline(always)]
    pub unsafe fn place(&self, at: usize, count: usize) -> *mut f32 {
        // Not `at + count <= len`, whose sum can wrap.
        assert!(self.len.checked_sub(count).is_some_and(|last| at <= last), "inside the slice");
        // SAFETY: inside the slice, or at its end if `count` is 0, by the check.
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
        // SAFETY: inside the slice by the check; that the place is nobody else's, `values` least of all, is
        // guaranteed by the caller.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.place(at, values.len()), values.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_reaches_beyond_the_slice_not_even_by_a_sum_that_wraps() {
        let mut values = vec![0.0; 48];
        let shared = SharedSlice::new(&mut values);
        // SAFETY: no place is written but the last one, by this thread.
        unsafe { shared.write(32, &[1.0; 16]) };
        for (at, count) in
            [(33, 16), (49, 0), (0, 49), (usize::MAX, 1), (usize::MAX - 15, 16), (8, usize::MAX)]
        {
            // SAFETY: nothing is written.
            let place = std::panic::catch_unwind(|| unsafe { shared.place(at, count) }.is_null());
            assert!(place.is_err(), "{at} {count}");
        }
        assert!(values.iter().enumerate().all(|(at, value)| *value == f32::from(u8::from(at >= 32))));
    }
}
