//! Drawn masks of a replay: the next is mostly a few strokes after or before one that was drawn just now.

use std::{collections::VecDeque, sync::Arc};

use impasto_core::picture::{Drawing, Picture};

/// Masks that are kept, 3 MB each at most: more than settings name.
const KEPT: usize = 32;
/// From so many strokes on, a mask is kept on the way, for those that come before it when strokes are undone.
const APART: usize = 12;

/// The masks that were used last.
#[derive(Clone, Debug, Default)]
pub struct DrawnMasks(VecDeque<Arc<Picture>>);

impl DrawnMasks {
    /// Begin with these, of which those count that were drawn.
    pub fn of(masks: &[Arc<Picture>]) -> Self {
        let mut drawn = Self::default();
        masks.iter().filter(|mask| mask.drawing.is_some()).for_each(|mask| drawn.keep(mask));
        drawn
    }

    /// Draw a mask, on top of one that is kept if there is one.
    ///
    /// # Errors
    ///
    /// In words, if it does not come out as it was.
    pub fn draw(&mut self, drawing: &Arc<Drawing>) -> Result<Arc<Picture>, String> {
        let known = |drawing: &Drawing| self.0.iter().any(|mask| mask.sha256 == drawing.sha256);
        if !drawing.seen().take(APART).any(known)
            && drawing.seen().nth(APART).is_some()
            && let Some(earlier) = drawing.seen().nth(APART - 1).and_then(|last| last.base.clone())
            // It is drawn on the way in any case, and its hash does not matter to this one's.
            && let Ok(earlier) = earlier.picture_over(self.0.make_contiguous())
        {
            self.keep(&earlier);
        }
        let mask = drawing.picture_over(self.0.make_contiguous())?;
        self.keep(&mask);
        Ok(mask)
    }

    fn keep(&mut self, mask: &Arc<Picture>) {
        self.0.retain(|known| known.sha256 != mask.sha256);
        self.0.push_front(Arc::clone(mask));
        self.0.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use impasto_core::picture::drawing::{Mode, Shape, Stroke};

    use super::*;

    #[test]
    fn masks_come_out_in_any_order_and_those_before_a_late_one_are_near() {
        let dab = |at: u32| {
            let shape = Shape::Ellipse { centre: [at as f32 / 40.0, 0.5], radii: [0.1; 2], feather: 0.1 };
            Stroke { opacity: 0.3, ..Stroke::new(shape, Mode::Add) }
        };
        let mut masks: Vec<Arc<Picture>> = Vec::new();
        for at in 0..40 {
            let base = masks.last().and_then(|mask| mask.drawing.clone());
            masks.push(Arc::new(Drawing::on(base, (24, 16), dab(at)).unwrap()));
        }
        let mut drawn = DrawnMasks::default();
        let order = (0..40).rev().chain([3, 39, 0, 20, 39]).chain(0..40);
        for (time, at) in order.enumerate() {
            let drawing = masks[at].drawing.as_ref().unwrap();
            assert_eq!(drawn.draw(drawing).unwrap().rgb, masks[at].rgb);
            if time == 0 {
                let kept: Vec<_> = drawn.0.iter().map(|mask| mask.sha256).collect();
                assert_eq!(kept, [masks[39].sha256, masks[39 - APART].sha256]);
            }
            assert!(drawn.0.len() <= KEPT);
        }
        let wrong = Drawing::recorded(masks[7].sha256, (24, 16), None, dab(1)).unwrap();
        assert!(DrawnMasks::default().draw(&wrong).is_err());
        // What is kept counts: it is not drawn again.
        let known = DrawnMasks::of(&masks[7..8]).draw(masks[7].drawing.as_ref().unwrap()).unwrap();
        assert!(Arc::ptr_eq(&known, &masks[7]));
    }
}
