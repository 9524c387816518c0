//! The pyramid's schedule: at which sizes a picture is painted, and for how many steps each.

use super::prepare::{Dimensions, Shapes};
use crate::{settings::Settings, vgg::Layer};

/// Longest side at which a pyramid begins, in pixels, or a little more.
pub const SMALLEST: u32 = 128;
/// Steps of a level relative to those of the next smaller one: strokes are laid down where a step is cheap and reaches far,
/// and the larger levels refine them.
const SHARE: f64 = 0.7;

/// One size of a pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Longest side in pixels.
    pub size: u32,
    /// Steps of the whole run after which it ends.
    pub until: u32,
}

/// The levels of a run, from the smallest to the final size. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Level>);

impl Schedule {
    /// Sizes a factor √2 apart from about [`SMALLEST`] to the settings' size (Snelgrove, SIGGRAPH Asia 2017, and others
    /// after him), or that size alone where the settings or the pictures want no pyramid. The pictures of every level are
    /// large enough for the deepest layer in use.
    pub fn new(settings: &Settings, content: Dimensions, styles: &[Dimensions]) -> Self {
        let size = settings.longest_side();
        let below = match settings.pyramid && size > SMALLEST {
            true => (2.0 * (f64::from(size) / f64::from(SMALLEST)).log2()).round() as i32,
            false => 0,
        };
        let deepest = settings.content_layers.layers().chain(settings.style_layers.layers()).max();
        let least = deepest.map_or(2, Layer::stride).max(2) as u32;
        let fits = |size: u32| {
            let shapes = Shapes::new(content, styles, &Settings { size, ..settings.clone() });
            shapes.styles.iter().chain([&shapes.content]).all(|(width, height)| *width.min(height) >= least)
        };
        let scaled = |k: i32| (f64::from(size) / (f64::from(k) / 2.0).exp2()).round() as u32;
        let mut sizes: Vec<u32> = (1..=below).rev().map(scaled).filter(|&size| fits(size)).collect();
        sizes.push(size);
        let shares: Vec<f64> = (0..sizes.len()).map(|level| SHARE.powi(level as i32)).collect();
        let total: f64 = shares.iter().sum();
        let mut sum = 0.0;
        let levels = sizes.into_iter().zip(shares).map(|(size, share)| {
            sum += share;
            Level { size, until: (f64::from(settings.steps) * sum / total).round() as u32 }
        });
        Self(levels.collect())
    }

    pub fn levels(&self) -> &[Level] {
        &self.0
    }

    /// Work of the steps up to this one, in steps at the final size: a step's cost goes with the pixels.
    pub fn work(&self, step: u32) -> f64 {
        let (mut from, mut work) = (0, 0.0);
        for level in &self.0 {
            work += f64::from(level.until.min(step).saturating_sub(from)) * self.cost(*level);
            from = level.until;
        }
        work + f64::from(step.saturating_sub(from))
    }

    /// Cost of a step at a level, in steps at the final size.
    pub fn cost(&self, level: Level) -> f64 {
        let last = self.0.last().map_or(level.size, |last| last.size);
        (f64::from(level.size) / f64::from(last)).powi(2)
    }

    /// The level that a step belongs to.
    pub fn level_at(&self, step: u32) -> usize {
        self.0.iter().position(|level| step < level.until).unwrap_or(self.0.len() - 1)
    }

    /// The smallest level that is about as large as a picture with this longest side.
    pub fn level_for(&self, longest: u32) -> usize {
        let large = |level: &Level| f64::from(level.size) >= 0.9 * f64::from(longest);
        self.0.iter().position(large).unwrap_or(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(size: u32, steps: u32) -> Schedule {
        let settings = Settings { size, steps, pyramid: true, ..Settings::default() };
        Schedule::new(&settings, (600, 400), &[(500, 500)])
    }

    #[test]
    fn sizes_climb_by_the_square_root_of_two_and_most_steps_are_small() {
        let schedule = schedule(512, 500);
        let sizes: Vec<u32> = schedule.levels().iter().map(|level| level.size).collect();
        assert_eq!(sizes, [128, 181, 256, 362, 512]);
        let until: Vec<u32> = schedule.levels().iter().map(|level| level.until).collect();
        assert_eq!(until.last(), Some(&500));
        assert!(until[0] > 170 && until.windows(3).all(|w| w[1] - w[0] > w[2] - w[1]), "{until:?}");
        assert_eq!((schedule.level_at(0), schedule.level_at(until[0]), schedule.level_at(9999)), (0, 1, 4));
        assert_eq!((schedule.level_for(100), schedule.level_for(256), schedule.level_for(4000)), (0, 2, 4));
    }

    #[test]
    fn small_pictures_narrow_pictures_and_whoever_wants_none_get_fewer_levels() {
        assert_eq!(schedule(128, 10).levels().len(), 1);
        assert_eq!(schedule(16, 10).levels(), [Level { size: 16, until: 10 }]);
        let settings = Settings { size: 512, pyramid: true, ..Settings::default() };
        let narrow = Schedule::new(&settings, (2000, 100), &[(500, 500)]);
        assert_eq!(narrow.levels().iter().map(|level| level.size).collect::<Vec<_>>(), [362, 512]);
        let flat = Settings { pyramid: false, ..settings };
        assert_eq!(Schedule::new(&flat, (600, 400), &[(9, 9)]).levels().len(), 1);
    }

    #[test]
    fn work_counts_pixels() {
        let schedule = schedule(256, 100);
        assert_eq!(schedule.work(0), 0.0);
        assert!(schedule.work(100) < 60.0 && schedule.work(100) > 20.0);
        assert!((schedule.work(150) - schedule.work(100) - 50.0).abs() < 1e-9);
    }
}
