//! Buffer pool of the chain, reused from step to step: a fresh large block costs a page fault per 4 KiB, a
//! considerable part of a step.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// Free blocks for reuse. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct BufferPool {
    blocks: Arc<Mutex<Vec<Vec<f32>>>>,
    /// Whether any block that is long enough can be used.
    sharing: bool,
}

/// A block of floats that returns to its pool on drop. It may be the beginning of a longer one.
#[derive(Debug)]
pub struct Buffer {
    values: Vec<f32>,
    len: usize,
    pool: BufferPool,
}

impl Buffer {
    /// Whether it is the beginning of a longer block.
    pub fn is_part(&self) -> bool {
        self.len < self.values.len()
    }
}

/// Requests up to this length never get a much longer block.
const SMALL: usize = 1 << 18;

impl BufferPool {
    /// An empty pool. `sharing` takes the shortest block that is long enough, otherwise one of about the
    /// length.
    pub fn new(sharing: bool) -> Self {
        Self { blocks: Arc::default(), sharing }
    }

    fn blocks(&self) -> std::sync::MutexGuard<'_, Vec<Vec<f32>>> {
        // A panic under the lock cannot leave the list inconsistent.
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take a block of this length with arbitrary contents.
    pub fn take(&self, len: usize) -> Buffer {
        let most = if self.sharing && len > SMALL { usize::MAX } else { 2 * len };
        self.take_up_to(len, most)
    }

    /// As [`BufferPool::take`], never the beginning of a longer block.
    pub fn take_exactly(&self, len: usize) -> Buffer {
        self.take_up_to(len, len)
    }

    fn take_up_to(&self, len: usize, most: usize) -> Buffer {
        let mut blocks = self.blocks();
        let fitting = blocks.iter().enumerate().filter(|(_, block)| (len..=most).contains(&block.len()));
        let best = fitting.min_by_key(|(_, block)| block.len()).map(|(at, _)| at);
        let values = best.map(|at| blocks.swap_remove(at));
        drop(blocks);
        Buffer { values: values.unwrap_or_else(|| vec![0.0; len]), len, pool: self.clone() }
    }

    /// Return unused blocks to the system.
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
    fn blocks_are_reused_for_similar_lengths() {
        let pool = BufferPool::default();
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
        let sharing = BufferPool::new(true);
        drop(sharing.take(10 * SMALL));
        let part = sharing.take(2 * SMALL);
        assert!(part.values.len() == 10 * SMALL && part.is_part());
        drop(part);
        assert_eq!(sharing.take_exactly(2 * SMALL).values.len(), 2 * SMALL);
        assert_eq!(sharing.take(1000).values.len(), 1000);
        pool.clear();
        assert!(pool.blocks().is_empty());
    }
}
