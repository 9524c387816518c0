//! The layer that the window studies, and when the worker studies it again.

use std::time::{Duration, Instant};

use super::RunId;
use impasto_core::transfer::LayerStudy;
use impasto_network::vgg::Layer;

/// Studies take at most one part in this many of the worker's time while it paints.
const SHARE: u32 = 8;

/// A layer's study on its way to the window.
#[derive(Clone, Debug)]
pub struct Study {
    pub run: RunId,
    /// Number of steps painted into the studied picture.
    pub step: u32,
    pub study: LayerStudy,
}

/// The studied layer, and the last study made.
#[derive(Default)]
pub struct Studying {
    pub layer: Option<Layer>,
    seen: Option<(RunId, u32, Layer)>,
    not_before: Option<Instant>,
}

impl Studying {
    /// Study another layer, or none, from now on.
    pub fn set(&mut self, layer: Option<Layer>) {
        *self = Self { layer, ..Self::default() };
    }

    /// The layer to study now, if it is time; a paused run is studied once per step.
    pub fn due(&self, run: RunId, step: u32, resting: bool, now: Instant) -> Option<Layer> {
        let layer = self.layer?;
        let seen = self.seen == Some((run, step, layer));
        let waits = !resting && self.not_before.is_some_and(|time| now < time);
        (!seen && !waits).then_some(layer)
    }

    /// Record that a study was made, and how long it took.
    pub fn done(&mut self, run: RunId, step: u32, took: Duration, now: Instant) {
        self.seen = self.layer.map(|layer| (run, step, layer));
        self.not_before = Some(now + took * (SHARE - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn studies_are_limited_while_painting_and_once_per_step_at_rest() {
        let now = Instant::now();
        let layer = Layer::ALL[4];
        let mut studying = Studying::default();
        assert_eq!(studying.due(1, 0, false, now), None);
        studying.set(Some(layer));
        assert_eq!(studying.due(1, 0, false, now), Some(layer));
        studying.done(1, 0, Duration::from_millis(100), now);
        assert_eq!(studying.due(1, 9, false, now + Duration::from_millis(600)), None);
        assert_eq!(studying.due(1, 9, false, now + Duration::from_millis(701)), Some(layer));
        assert_eq!(studying.due(1, 9, true, now), Some(layer));
        assert_eq!(studying.due(1, 0, true, now), None, "that picture was looked at");
        assert_eq!(studying.due(2, 0, true, now), Some(layer));
    }
}
