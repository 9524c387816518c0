//! Linked faders: one moves, the others follow by the same factor.

use std::collections::{BTreeMap, BTreeSet};

use impasto_core::settings::{ParamId, Settings};

/// A move under way.
struct Held {
    moved: ParamId,
    /// The weights of all linked faders when it began, so that a fader that was drawn to 0 and up again
    /// brings the others back.
    start: BTreeMap<ParamId, f64>,
}

/// The linked faders' memory of the move under way.
#[derive(Default)]
pub struct Links {
    held: Option<Held>,
}

impl Links {
    /// Let the linked faders follow the one that has moved between `before` and `settings`, if one has.
    /// `held` means that the pointer is down, so that the move may go on. A fader at 0 stays there, and one
    /// that is moved up from 0 moves alone: neither has a factor.
    pub fn follow(
        &mut self,
        linked: &BTreeSet<ParamId>,
        before: &Settings,
        settings: &mut Settings,
        held: bool,
    ) {
        let moved = linked.iter().copied().find(|param| {
            param.stored(before, &[]).zip(param.stored(settings, &[])).is_some_and(|(was, is)| was != is)
        });
        if let Some(moved) = moved {
            if self.held.as_ref().is_none_or(|held| held.moved != moved) {
                let start =
                    linked.iter().filter_map(|param| Some((*param, param.stored(before, &[])?))).collect();
                self.held = Some(Held { moved, start });
            }
            if let Some(held) = &self.held {
                held.carry(settings);
            }
        }
        if !held {
            self.held = None;
        }
    }
}

impl Held {
    fn carry(&self, settings: &mut Settings) {
        let from = self.start.get(&self.moved).copied().unwrap_or(0.0);
        let Some(to) = self.moved.stored(settings, &[]).filter(|_| from > 0.0) else { return };
        for (param, weight) in self.start.iter().filter(|(param, _)| **param != self.moved) {
            let carried = weight * (to / from);
            if carried.is_finite() {
                param.store(settings, &mut [], carried);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{LayerWeights, Strip};
    use impasto_network::vgg::Layer;

    const FIRST: ParamId = ParamId::Style(Layer::PAPER_STYLE[0]);
    const SECOND: ParamId = ParamId::Style(Layer::PAPER_STYLE[1]);
    const THIRD: ParamId = ParamId::Style(Layer::PAPER_STYLE[2]);
    const CONTENT: ParamId = ParamId::Content(Layer::PAPER_CONTENT);

    fn weights(settings: &Settings) -> [f64; 4] {
        [FIRST, SECOND, THIRD, CONTENT].map(|param| param.stored(settings, &[]).unwrap())
    }

    #[test]
    fn the_others_follow_by_the_same_factor_and_come_back_from_zero() {
        let linked = BTreeSet::from([FIRST, SECOND, CONTENT]);
        let style_layers = LayerWeights::classic_style();
        let content_layers = [(Layer::PAPER_CONTENT, 0.5)].into_iter().collect();
        let mut settings = Settings { style_layers, content_layers, ..Settings::default() };
        let muted = Strip { weight: 0.7, muted: true, solo: false };
        settings.style_layers.set_strip(Layer::PAPER_STYLE[1], muted);
        let mut links = Links::default();
        let mut to = |settings: &mut Settings, param: ParamId, weight, held| {
            let before = settings.clone();
            param.store(settings, &mut [], weight);
            links.follow(&linked, &before, settings, held);
        };
        assert_eq!(weights(&settings), [1.0, 0.7, 0.5, 0.5]);
        to(&mut settings, FIRST, 2.0, true);
        assert_eq!(weights(&settings), [2.0, 1.4, 0.5, 1.0]);
        assert!(settings.style_layers.strip(Layer::PAPER_STYLE[1]).unwrap().muted);
        to(&mut settings, FIRST, 0.0, true);
        assert_eq!(weights(&settings), [0.0, 0.0, 0.5, 0.0]);
        to(&mut settings, FIRST, 1.0, true);
        assert_eq!(weights(&settings), [1.0, 0.7, 0.5, 0.5]);
        // The hand lets go: what is 0 now has no factor any more.
        to(&mut settings, FIRST, 0.0, false);
        to(&mut settings, FIRST, 3.0, false);
        assert_eq!(weights(&settings), [3.0, 0.0, 0.5, 0.0]);
        // One that is not linked moves alone.
        to(&mut settings, THIRD, 9.0, false);
        assert_eq!(weights(&settings), [3.0, 0.0, 9.0, 0.0]);
    }

    #[test]
    fn a_layer_that_comes_or_goes_moves_nobody() {
        let linked = BTreeSet::from([FIRST, SECOND]);
        let before = Settings::default();
        let mut settings = before.clone();
        settings.style_layers.remove(Layer::PAPER_STYLE[0]);
        let wanted = settings.clone();
        Links::default().follow(&linked, &before, &mut settings, false);
        assert_eq!(settings, wanted);
    }
}
