//! Memory of the chain, used again from step to step: a large block that comes fresh from the system costs a page fault
//! for every 4 KiB that are touched, which is a good part of a step.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// Blocks that wait to be used again. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Pool(Arc<Mutex<Vec<Vec<f32>>>>);

/// A block of floats that returns to its pool. It may be the beginning of a longer one.
#[derive(Debug)]
pub struct Buffer {
    values: Vec<f32>,
    len: usize,
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
        let fitting = blocks.iter().enumerate().filter(|(_, block)| (len..=2 * len).contains(&block.len()));
        let best = fitting.min_by_key(|(_, block)| block.len()).map(|(at, _)| at);
        let values = best.map(|at| blocks.swap_remove(at));
        drop(blocks);
        Buffer { values: values.unwrap_or_else(|| vec![0.0; len]), len, pool: self.clone() }
    }

    /// Gives the blocks that nobody uses back to the system.
    pub fn clear(&self) {
        self.blocks().clear();
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
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
    fn a_block_is_used_again_by_whoever_asks_for_about_its_length() {
        let pool = Pool::default();
        let mut first = pool.take(1000);
        first[7] = 3.0;
        let address = first.as_ptr();
        drop(first);
        let other = pool.take(400);
        let again = pool.take(1000);
        assert_eq!((again.as_ptr(), again[7], other.len()), (address, 3.0, 400));
        drop(again);
        let shorter = pool.take(700);
        assert_eq!((shorter.as_ptr(), shorter.len()), (address, 700));
        drop(shorter);
        assert_eq!(pool.take(1000).len(), 1000);
        pool.clear();
        assert!(pool.blocks().is_empty());
    }
}
