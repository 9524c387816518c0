//! Cache of the targets of other levels, so that switching levels back and forth doesn't recompute them.

use super::{prepare::StyleImageKey, targets::Targets};

/// Maximum floats kept for other levels at the largest one: a few per cent of a step's memory at 512 px.
const MAX_FLOATS: usize = 8 << 20;

/// See the module's documentation.
#[derive(Default)]
pub struct TargetCache(Vec<CachedTargets>);

struct CachedTargets {
    /// Longest side of the level.
    size: u32,
    /// The style images' keys.
    style_images: Vec<StyleImageKey>,
    targets: Targets,
}

impl TargetCache {
    /// Store the targets of a level.
    pub fn put(&mut self, size: u32, style_images: Vec<StyleImageKey>, targets: Targets) {
        self.0.retain(|entry| entry.size != size);
        self.0.push(CachedTargets { size, style_images, targets });
    }

    /// Take the targets of a level if they are of the same style images.
    pub fn take(&mut self, size: u32, style_images: &[StyleImageKey]) -> Option<Targets> {
        let at = self.0.iter().position(|entry| entry.size == size)?;
        let entry = self.0.swap_remove(at);
        (entry.style_images == style_images).then_some(entry.targets)
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
