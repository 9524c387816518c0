//! The pyramid's schedule: sizes, and the steps of each.

use super::{Dimensions, Shapes};
use crate::settings::{MIN_SIZE, Objective, Settings};
use impasto_network::vgg::Layer;

/// Approximate longest side of the smallest level, in pixels (within a fifth).
const SMALLEST: u32 = 128;
/// Steps of a level relative to those of the next smaller one: small levels, whose steps are cheap and have a
/// large receptive field, lay out the strokes, and larger levels refine them.
const SHARE: f64 = 0.7;
/// Minimum steps of a level, since the fine texture of its size starts from nothing; with too few steps, half
/// of an even share.
const LEAST: f64 = 20.0;

/// One size of a pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Longest side in pixels.
    pub size: u32,
    /// Step of the whole run at which it ends.
    pub until: u32,
}

/// The levels of a run, from the smallest to the final size. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Level>);

impl Schedule {
    /// Sizes a factor √2 apart from about 128 pixels to the settings' size (Snelgrove, SIGGRAPH Asia 2017),
    /// or that size alone without a pyramid. The picture of every level is large enough for the deepest layer
    /// in use; the styles always are, see [`Shapes::new`].
    pub fn new(settings: &Settings, content: Dimensions) -> Self {
        let size = match settings.objective {
            // Classic enlarges nothing.
            Objective::Classic => settings.longest_side().min(content.0.max(content.1)),
            _ => settings.longest_side(),
        };
        let below = match settings.pyramid && size > SMALLEST {
            true => (2.0 * (f64::from(size) / f64::from(SMALLEST)).log2()).round() as i32,
            false => 0,
        };
        let scaled = |k: i32| (f64::from(size) / (f64::from(k) / 2.0).exp2()).round() as u32;
        let mut sizes: Vec<u32> =
            (1..=below).rev().map(scaled).filter(|&size| fits(size, settings, content)).collect();
        sizes.push(size);
        Self(sizes.into_iter().map(|size| Level { size, until: 0 }).collect()).shared(0, 0, settings.steps)
    }

    /// The same with a level below the smallest; `None` if the picture would be too small there.
    pub fn from_below(&self, settings: &Settings, content: Dimensions) -> Option<Self> {
        let smallest = self.0[0];
        let size = (f64::from(smallest.size) / 2.0_f64.sqrt()).round() as u32;
        let until = 0;
        (size >= MIN_SIZE && fits(size, settings, content))
            .then(|| Self(std::iter::once(Level { size, until }).chain(self.0.iter().copied()).collect()))
    }

    /// These levels, from the smallest to the final size.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn of(levels: Vec<Level>) -> Self {
        assert!(!levels.is_empty(), "a schedule has at least one level");
        Self(levels)
    }

    /// Redistribute the steps from `entered` to `steps` over the levels from `level` on. The final size
    /// always gets one.
    #[must_use]
    pub fn shared(&self, level: usize, entered: u32, steps: u32) -> Self {
        let last = self.0.len() - 1;
        let left = f64::from(steps.saturating_sub(entered));
        let counts = counts(self.0.len().saturating_sub(level), left);
        let mut sum = 0.0;
        let levels = self.0.iter().enumerate().map(|(index, &Level { size, .. })| {
            let until = if index < level {
                entered
            } else if index == last {
                steps
            } else {
                sum += counts[index - level];
                (entered + sum.round() as u32).min(steps.saturating_sub(1))
            };
            Level { size, until }
        });
        Self(levels.collect())
    }

    pub fn levels(&self) -> &[Level] {
        &self.0
    }

    /// Cost of a step at a level, in steps at the final size: proportional to the pixels.
    pub fn cost(&self, level: usize) -> f64 {
        let last = self.0[self.0.len() - 1].size;
        (f64::from(self.0[level].size) / f64::from(last)).powi(2)
    }

    /// Remaining work from a step at a level to the end of each level from there on, in steps at the final
    /// size.
    pub fn work_left(&self, level: usize, step: u32) -> Vec<f64> {
        let (mut from, mut work) = (step, 0.0);
        let ends = self.0.iter().enumerate().skip(level).map(|(index, level)| {
            work += f64::from(level.until.saturating_sub(from)) * self.cost(index);
            from = from.max(level.until);
            work
        });
        ends.collect()
    }

    /// The level that a step belongs to, from `level` on.
    pub fn level_at(&self, level: usize, step: u32) -> usize {
        (level..self.0.len()).find(|&index| step < self.0[index].until).unwrap_or(self.0.len() - 1)
    }

    /// The smallest level of about at least the size of a picture with this longest side.
    pub fn level_for(&self, longest: u32) -> usize {
        let large = |level: &Level| f64::from(level.size) >= 0.9 * f64::from(longest);
        self.0.iter().position(large).unwrap_or(self.0.len() - 1)
    }
}

/// Whether the picture is large enough for the deepest layer in use with this longest side.
fn fits(size: u32, settings: &Settings, content: Dimensions) -> bool {
    let least = settings.deepest_layer().map_or(2, Layer::stride).max(2) as u32;
    let shapes = Shapes::new(content, &[], &Settings { size, ..settings.clone() });
    shapes.content.0.min(shapes.content.1) >= least
}

/// Distribute steps over levels, the smallest first.
fn counts(levels: usize, mut steps: f64) -> Vec<f64> {
    let least = LEAST.min(steps / (2 * levels) as f64);
    let mut counts: Vec<f64> = (0..levels).map(|index| SHARE.powi(index as i32)).collect();
    let mut total: f64 = counts.iter().sum();
    // Raise the levels with the fewest steps to the minimum first; the others share the rest.
    for count in counts.iter_mut().rev() {
        let share = *count;
        *count = (steps * share / total).max(least);
        steps -= *count;
        total -= share;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(size: u32, steps: u32) -> Schedule {
        let settings = Settings { size, steps, pyramid: true, ..Settings::default() };
        Schedule::new(&settings, (600, 400))
    }

    fn sizes(schedule: &Schedule) -> Vec<u32> {
        schedule.levels().iter().map(|level| level.size).collect()
    }

    #[test]
    fn sizes_climb_by_the_square_root_of_two_and_most_steps_are_small() {
        let schedule = schedule(512, 500);
        assert_eq!(sizes(&schedule), [128, 181, 256, 362, 512]);
        let until: Vec<u32> = schedule.levels().iter().map(|level| level.until).collect();
        assert_eq!(until.last(), Some(&500));
        assert!(until[0] > 170 && until.windows(3).all(|w| w[1] - w[0] > w[2] - w[1]), "{until:?}");
        assert_eq!((schedule.level_at(0, 0), schedule.level_at(0, until[0])), (0, 1));
        assert_eq!((schedule.level_at(2, 0), schedule.level_at(0, 9999)), (2, 4));
        assert_eq!((schedule.level_for(100), schedule.level_for(256), schedule.level_for(4000)), (0, 2, 4));
    }

    #[test]
    fn the_final_size_gets_a_step_however_few_there_are() {
        for steps in 1..=20 {
            let schedule = schedule(512, steps);
            assert_eq!(schedule.level_at(0, steps - 1), 4, "{steps} steps: {schedule:?}");
        }
    }

    #[test]
    fn no_size_has_but_a_few_steps() {
        let counts = |size, steps| {
            let until = schedule(size, steps).levels().iter().map(|level| level.until).collect::<Vec<_>>();
            let ends = until.iter().zip(std::iter::once(&0).chain(&until));
            ends.map(|(end, begin)| end - begin).collect::<Vec<_>>()
        };
        assert_eq!(counts(2048, 500), [150, 104, 74, 51, 36, 25, 20, 20, 20]);
        // Enough steps: the usual shares.
        assert_eq!(counts(512, 500), [180, 127, 88, 62, 43]);
        // Too few steps: at least half of an even share.
        let few = counts(1024, 70);
        assert_eq!((few.len(), few.iter().sum::<u32>()), (7, 70));
        assert!(few.iter().all(|&steps| steps >= 4), "{few:?}");
    }

    #[test]
    fn a_late_level_shares_the_remaining_steps() {
        let shared = schedule(512, 500).shared(3, 460, 500);
        let until: Vec<u32> = shared.levels().iter().map(|level| level.until).collect();
        assert_eq!((until[2], until[4]), (460, 500));
        assert!((475..=490).contains(&until[3]), "{until:?}");
        // Additional steps go to the remaining levels.
        assert!(shared.shared(3, 460, 2000).levels()[3].until > 1200);
        assert_eq!(shared.shared(4, 490, 300).levels()[4].until, 300);
    }

    #[test]
    fn small_or_narrow_pictures_and_disabled_pyramids_get_fewer_levels() {
        assert_eq!(schedule(128, 10).levels().len(), 1);
        assert_eq!(schedule(16, 10).levels(), [Level { size: 16, until: 10 }]);
        let settings = Settings { size: 512, pyramid: true, ..Settings::default() };
        assert_eq!(sizes(&Schedule::new(&settings, (2000, 100))), [362, 512]);
        let flat = Settings { pyramid: false, ..settings.clone() };
        assert_eq!(Schedule::new(&flat, (600, 400)).levels().len(), 1);
        let classic = Settings { objective: Objective::Classic, ..settings };
        assert_eq!(sizes(&Schedule::new(&classic, (200, 150))), [141, 200]);
    }

    #[test]
    fn below_the_smallest_level_there_is_one_more_while_the_picture_is_large_enough() {
        let settings = Settings { size: 256, ..Settings::default() };
        let mut schedule = schedule(256, 100);
        let mut levels = sizes(&schedule);
        while let Some(lower) = schedule.from_below(&settings, (600, 400)) {
            levels.insert(0, sizes(&lower)[0]);
            assert_eq!(sizes(&lower), levels);
            schedule = lower;
        }
        // 16 px are what relu5_1 needs on the shorter side.
        assert_eq!(levels, [32, 45, 64, 91, 128, 181, 256]);
    }

    #[test]
    fn work_counts_pixels() {
        let schedule = schedule(256, 100);
        let left = schedule.work_left(0, 0);
        assert_eq!(left.len(), 3);
        assert!(left[2] > 20.0 && left[2] < 60.0 && left.is_sorted(), "{left:?}");
        assert_eq!(schedule.work_left(2, 90), [10.0]);
        assert_eq!(schedule.work_left(0, 100), [0.0; 3]);
    }
}
