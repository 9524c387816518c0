//! Cache of the targets of other levels, so that switching levels back and forth doesn't recompute them.

use super::{prepare::ImageKeys, targets::Targets};

/// Maximum floats kept for other levels at the largest one: 96 MiB, in which two styles have room with four
/// bases of distributions. Without these it is a few per cent of a step's memory at 512 px.
const MAX_FLOATS: usize = 24 << 20;

/// See the module's documentation.
#[derive(Default)]
pub struct TargetCache(Vec<CachedTargets>);

struct CachedTargets {
    /// Longest side of the level.
    size: u32,
    images: ImageKeys,
    targets: Targets,
}

impl TargetCache {
    /// Store the targets of a level.
    pub fn put(&mut self, size: u32, images: ImageKeys, targets: Targets) {
        self.0.retain(|entry| entry.size != size);
        self.0.push(CachedTargets { size, images, targets });
    }

    /// Take the targets of a level if they are of the same images.
    pub fn take(&mut self, size: u32, images: &ImageKeys) -> Option<Targets> {
        let at = self.0.iter().position(|entry| entry.size == size)?;
        let entry = self.0.swap_remove(at);
        (entry.images == *images).then_some(entry.targets)
    }

    /// Drop the largest targets beyond the limit for a level of this size. Those of larger levels don't
    /// count: they take less memory than a step there would.
    pub fn trim(&mut self, size: u32) {
        self.0.sort_by_key(|entry| entry.size);
        let mut floats = 0;
        self.0.retain(|entry| {
            floats += entry.targets.floats();
            entry.size > size || floats <= MAX_FLOATS
        });
    }
}
