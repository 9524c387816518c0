//! Memory of the chain, used again from step to step: a large block that comes fresh from the system costs a page fault
//! for every 4 KiB that are touched, which is a good part of a step.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// Blocks that wait to be used again. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Pool(Arc<Mutex<Vec<Vec<f32>>>>);

/// A block of floats that returns to its pool.
#[derive(Debug)]
pub struct Buffer {
    values: Vec<f32>,
    pool: Pool,
}

impl Pool {
    fn blocks(&self) -> std::sync::MutexGuard<'_, Vec<Vec<f32>>> {
        // A list of blocks is whole whatever panicked while it was locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block of this length whose contents are left from earlier uses.
    pub fn take(&self, len: usize) -> Buffer {
        let mut blocks = self.blocks();
        let waiting = blocks.iter().rposition(|block| block.len() == len);
        let values = waiting.map(|at| blocks.swap_remove(at));
        drop(blocks);
        Buffer { values: values.unwrap_or_else(|| vec![0.0; len]), pool: self.clone() }
    }

    /// Gives the blocks that nobody uses back to the system.
    pub fn clear(&self) {
        self.blocks().clear();
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if !values.is_empty() {
            self.pool.blocks().push(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_by_whoever_asks_for_its_length() {
        let pool = Pool::default();
        let mut first = pool.take(1000);
        first[7] = 3.0;
        let address = first.as_ptr();
        drop(first);
        let other = pool.take(500);
        let again = pool.take(1000);
        assert_eq!((again.as_ptr(), again[7], other.len()), (address, 3.0, 500));
        drop(again);
        pool.clear();
        assert!(pool.blocks().is_empty());
    }
}
