//! Detects when a picture has settled: further painting hardly changes it, or the objective has stopped
//! falling.

use std::sync::Arc;

use image::RgbImage;

/// Minimum number of steps between two compared pictures.
const STEPS: u32 = 50;
/// Mean difference per channel, in levels of 256, below which two pictures look the same.
const SAME_DIFFERENCE: f64 = 0.5;

/// Compares the displayed pictures of a run.
#[derive(Debug, Default)]
pub struct Settling {
    reference: Option<(u32, Arc<RgbImage>)>,
    settled: bool,
}

impl Settling {
    /// Start over, after a change.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Add the picture displayed after `step` steps, and whether the objective has stopped falling.
    pub fn observe(&mut self, step: u32, picture: &Arc<RgbImage>, converged: bool) {
        match &self.reference {
            Some((since, before)) if before.dimensions() == picture.dimensions() && step >= *since => {
                if step - since < STEPS {
                    return;
                }
                self.settled = converged || difference(before, picture) < SAME_DIFFERENCE;
            }
            _ => self.settled = false,
        }
        self.reference = Some((step, Arc::clone(picture)));
    }

    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

/// Mean absolute difference of two pictures of one size, in levels.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(shade: u8) -> Arc<RgbImage> {
        Arc::new(RgbImage::from_pixel(8, 8, image::Rgb([shade, 90, 90])))
    }

    #[test]
    fn it_settles_when_pictures_far_enough_apart_are_the_same() {
        let mut settling = Settling::default();
        settling.observe(500, &picture(10), false);
        settling.observe(520, &picture(10), true);
        assert!(!settling.is_settled(), "too soon to say");
        settling.observe(560, &picture(20), false);
        assert!(!settling.is_settled(), "it changes");
        settling.observe(610, &picture(20), false);
        assert!(settling.is_settled());
        settling.reset();
        assert!(!settling.is_settled());
        settling.observe(611, &picture(20), true);
        assert!(!settling.is_settled(), "after a change it takes its time again");
        // A picture of another size or of an earlier step is not compared.
        settling.observe(700, &Arc::new(RgbImage::new(4, 4)), true);
        settling.observe(100, &Arc::new(RgbImage::new(4, 4)), true);
        assert!(!settling.is_settled());
        settling.observe(150, &picture(10), false);
        settling.observe(200, &picture(90), true);
        assert!(settling.is_settled(), "the objective falls no more");
    }
}
