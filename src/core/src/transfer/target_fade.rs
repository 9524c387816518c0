//! A fade of the targets from those of replaced pictures to those of the new ones.
//!
//! The styles' statistics are blended as those of several styles are: G = (1 − t)·G₀ + t·G₁ and μ likewise,
//! from which deviations, covariances and energies follow, so that a fade passes through the mixes of the old
//! and the new styles. Of the content the losses are blended, and the unit of its distances.

use std::collections::BTreeMap;

use crate::objective::Moments;
use impasto_network::{compute::Features, vgg::Layer};

/// Steps of a fade. The last one is the first with the new targets alone.
const STEPS: u32 = 10;

/// The course of a fade.
pub struct Fade {
    steps: u32,
    /// α and β when it began.
    balance: [f64; 2],
}

impl Fade {
    pub fn new(balance: [f64; 2]) -> Self {
        Self { steps: 0, balance }
    }

    /// Count a step; false if that ends the fade.
    pub fn advance(&mut self) -> bool {
        self.steps += 1;
        self.steps < STEPS
    }

    /// Share of the new targets, 0 to 1.
    pub fn share(&self) -> f64 {
        f64::from(self.steps) / f64::from(STEPS)
    }

    /// α and β, of which these are the new ones.
    pub fn balance(&self, new: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|index| lerp(self.balance[index], new[index], self.share()))
    }
}

/// What the targets were when the fade began.
pub struct TargetFade {
    /// Share t of the new targets, 0 to 1.
    share: f64,
    content: BTreeMap<Layer, ContentBefore>,
    /// Of each part of the picture that had a style.
    style: BTreeMap<Layer, Vec<Option<Moments>>>,
}

/// What a layer's content target was.
pub struct ContentBefore {
    /// `None` if the content is still the same.
    features: Option<Features>,
    /// See [`super::feature_targets::ContentTarget::unit`].
    unit: f64,
}

impl ContentBefore {
    /// Of the present features and unit, amid a fade from `old` features, which had this share; `replaced` if
    /// the content is now another.
    pub fn of(features: &Features, unit: f64, old: Option<(&Features, f64)>, replaced: bool) -> Self {
        let features = match old {
            Some((old, share)) => Some(between(features, old, share)),
            None => replaced.then(|| features.clone()),
        };
        Self { features, unit }
    }
}

impl TargetFade {
    /// A fade from these targets, which shows only the new ones until its share is set.
    pub fn new(
        content: BTreeMap<Layer, ContentBefore>,
        style: BTreeMap<Layer, Vec<Option<Moments>>>,
    ) -> Self {
        Self { share: 1.0, content, style }
    }

    pub fn set_share(&mut self, share: f64) {
        self.share = share;
    }

    /// The content's former features at a layer, if they differ, and their share.
    pub fn content(&self, layer: Layer) -> Option<(&Features, f64)> {
        Some((self.content.get(&layer)?.features.as_ref()?, 1.0 - self.share))
    }

    /// The unit of the content's distances at a layer, given the new one.
    pub fn unit(&self, layer: Layer, new: f64) -> f64 {
        match self.content.get(&layer) {
            Some(before) if self.share < 1.0 => lerp(before.unit, new, self.share),
            _ => new,
        }
    }

    /// The styles' statistics at a layer in a part of the picture, given the new ones.
    pub fn moments(&self, layer: Layer, part: usize, new: Moments) -> Moments {
        let before = self.style.get(&layer).and_then(|parts| parts.get(part)?.as_ref());
        match before {
            Some(before) if self.share <= 0.0 => before.clone(),
            Some(before) if self.share < 1.0 => before.scaled(1.0 - self.share).plus(new.scaled(self.share)),
            _ => new,
        }
    }
}

fn lerp(a: f64, b: f64, share: f64) -> f64 {
    a * (1.0 - share) + b * share
}

/// The features between `new` and `old`, of which the latter has this share.
fn between(new: &Features, old: &Features, share: f64) -> Features {
    if share >= 1.0 {
        return old.clone();
    }
    let (rest, share) = ((1.0 - share) as f32, share as f32);
    let values: Vec<f32> =
        new.values().iter().zip(old.values()).map(|(new, old)| new * rest + old * share).collect();
    new.with_values(&values)
}
