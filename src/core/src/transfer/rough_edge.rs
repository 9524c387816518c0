//! Rough edges of masks: where a mask is soft, patches of the size of strokes are in or out, so that the
//! strokes of both sides interlock.

use super::Dimensions;
use impasto_base::random::SplitMix64;

/// Patches along the longer side.
const PATCHES: f32 = 40.0;
/// How far the noise moves the threshold.
const AMOUNT: f32 = 0.3;
/// The noise is the same in every run.
const SEED: u64 = 0x6d61_736b;

/// Give each position of these masks `[H, W]`, of this width and height, to one of them, which becomes 1
/// there, or to none; the others become 0. What they leave of 1 takes part as a first mask. Of the two that
/// have most, b behind a, b gets the position where (b − a)/2 + 0.3·noise is at least 0: so they interlock
/// without gaps, and a single mask m is where m + 0.3·noise is at least ½. The noise, −1 to 1, depends on the
/// place alone, not on the size.
pub fn roughen(masks: &mut [&mut [f32]], (width, height): Dimensions) {
    if masks.is_empty() {
        return;
    }
    let scale = PATCHES / width.max(height).max(1) as f32;
    let (coarse, fine) = (Noise::new(SEED), Noise::new(SEED + 1));
    for y in 0..height {
        let v = (y as f32 + 0.5) * scale;
        for x in 0..width {
            let u = (x as f32 + 0.5) * scale;
            let noise = (2.0 * coarse.at(u, v) + fine.at(2.0 * u, 2.0 * v)) / 3.0;
            let at = (y * width + x) as usize;
            let owner = owner(masks.iter().map(|mask| mask[at]), noise);
            for (index, mask) in (1..).zip(masks.iter_mut()) {
                mask[at] = if index == owner { 1.0 } else { 0.0 };
            }
        }
    }
}

/// Who gets a position of which the masks have so much: 0 for what they leave, else from 1.
fn owner(masks: impl Iterator<Item = f32> + Clone, noise: f32) -> usize {
    let rest = (1.0 - masks.clone().sum::<f32>()).max(0.0);
    let (mut most, mut next) = ((0, rest), (0, f32::NEG_INFINITY));
    for mask in (1..).zip(masks) {
        if mask.1 > most.1 {
            (most, next) = (mask, most);
        } else if mask.1 > next.1 {
            next = mask;
        }
    }
    let (a, b) = if most.0 < next.0 { (most, next) } else { (next, most) };
    if 0.5 * (b.1 - a.1) + AMOUNT * noise >= 0.0 { b.0 } else { a.0 }
}

/// Random values on a grid of whole numbers, smooth in between.
struct Noise(Vec<f32>);

impl Noise {
    /// Values along a side of the grid.
    const SIDE: usize = 2 * PATCHES as usize + 2;

    fn new(seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let mut value = || (random.next_u64() >> 40) as f32 / (1 << 23) as f32 - 1.0;
        Self((0..Self::SIDE * Self::SIDE).map(|_| value()).collect())
    }

    /// At a place from 0 to twice the patches.
    fn at(&self, u: f32, v: f32) -> f32 {
        let (x, y) = (u as usize, v as usize);
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (s, t) = (smooth(u - x as f32), smooth(v - y as f32));
        let row = |y: usize| {
            let pair = &self.0[y * Self::SIDE + x..][..2];
            pair[0] + (pair[1] - pair[0]) * s
        };
        let (above, below) = (row(y), row(y + 1));
        above + (below - above) * t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cross-fade from left to right, 0 and 1 in the outer fifths.
    fn ramp(width: u32, height: u32) -> Vec<f32> {
        let ramp = |x: u32| ((x as f32 + 0.5) / width as f32 * 5.0 / 3.0 - 1.0 / 3.0).clamp(0.0, 1.0);
        (0..height).flat_map(|_| (0..width).map(ramp)).collect()
    }

    fn rough(width: u32, height: u32) -> Vec<f32> {
        let mut mask = ramp(width, height);
        roughen(&mut [&mut mask], (width, height));
        mask
    }

    #[test]
    fn the_edge_wanders_where_the_mask_is_soft_and_is_the_same_at_every_size() {
        let (small, large) = (rough(200, 150), rough(800, 600));
        assert!(small.iter().chain(&large).all(|&m| m == 0.0 || m == 1.0));
        for row in small.chunks_exact(200) {
            // 0.2 and 0.8 of the mask.
            assert!(row[..64].iter().all(|&m| m == 0.0) && row[136..].iter().all(|&m| m == 1.0));
        }
        let changes = |row: &[f32]| row.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let places: std::collections::BTreeSet<usize> =
            small.chunks_exact(200).map(|row| row.iter().filter(|&&m| m == 0.0).count()).collect();
        assert!(places.len() > 10, "{places:?}");
        assert!(small.chunks_exact(200).any(|row| changes(row) > 1), "patches on the other side");
        let same = (0..200 * 150)
            .filter(|at| small[*at] == large[(at / 200 * 4 + 2) * 800 + at % 200 * 4 + 2])
            .count();
        assert!(same > 200 * 150 * 97 / 100, "{same}");
        let half: f32 = small.iter().sum::<f32>() / (200.0 * 150.0);
        assert!((half - 0.5).abs() < 0.03, "{half}");
    }

    #[test]
    fn the_grid_reaches_the_last_pixel_of_every_shape() {
        for (width, height) in [(1, 1), (8192, 1), (3, 4000)] {
            let mut mask = vec![1.0; (width * height) as usize];
            roughen(&mut [&mut mask], (width, height));
            assert!(mask.iter().all(|&m| m == 1.0));
        }
    }

    #[test]
    fn masks_that_meet_interlock_without_gaps_and_overlaps() {
        let shape = (200, 150);
        let alone = rough(200, 150);
        let (right, left): (Vec<f32>, Vec<f32>) = ramp(200, 150).into_iter().map(|m| (m, 1.0 - m)).unzip();
        // In either order they leave nothing, and their edge is as rough as that of one.
        for swapped in [false, true] {
            let (mut a, mut b) =
                if swapped { (right.clone(), left.clone()) } else { (left.clone(), right.clone()) };
            roughen(&mut [&mut a, &mut b], shape);
            assert!(a.iter().zip(&b).all(|(a, b)| a + b == 1.0 && a * b == 0.0));
            let (first, last) = if swapped { (&b, &a) } else { (&a, &b) };
            for (first, last) in first.chunks_exact(200).zip(last.chunks_exact(200)) {
                assert!(first[..64].iter().all(|&m| m == 1.0) && last[136..].iter().all(|&m| m == 1.0));
            }
            if !swapped {
                let same = b.iter().zip(&alone).filter(|(b, alone)| b == alone).count();
                assert!(same > 29_990, "{same}");
            }
        }
        // A mask does not get a position of which it has nothing.
        let mut three = [vec![0.0; 30_000], right.clone(), vec![0.0; 30_000]];
        let [a, b, c] = three.each_mut();
        roughen(&mut [a, b, c], shape);
        assert!(three[0].iter().chain(&three[2]).all(|&m| m == 0.0) && three[1] == alone);
    }
}
