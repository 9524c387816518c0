//! Random variations of a mix.

use super::{
    Kind, LayerWeights, PARAMETERS, ParamId, Settings,
    parameters::{Layers, RandomChange, Randomize},
    three_digits,
};
use impasto_base::random::SplitMix64;

/// A random number from -1 to 1 for a name: SplitMix64 of the seed and the name's FNV-1a hash. So each
/// parameter has its own random number, regardless of which others are locked.
fn random(seed: u64, name: &str) -> f64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    SplitMix64::new(SplitMix64::new(seed).next_u64() ^ name).next_signed()
}

/// 2^x for |x| ≤ 32 by sums and products only, which are the same on every machine, unlike the system's math
/// library. Relative error below 1e-15.
fn power_of_two(x: f64) -> f64 {
    let whole = x.floor();
    let rest = (x - whole) * std::f64::consts::LN_2;
    // Taylor's series of e^rest, 0 ≤ rest < ln 2, by Horner.
    let series = (1..=20).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    let factor = (1_u64 << whole.abs() as u32) as f64;
    if whole < 0.0 { series / factor } else { series * factor }
}

/// Seeded random changes.
struct Random {
    seed: u64,
    /// 0 to 1.
    amount: f64,
}

impl Random {
    /// Change a value. A weight that is 0, or would overflow, stays.
    fn change(&self, name: &str, change: &RandomChange, value: f64) -> f64 {
        match *change {
            RandomChange::Octaves(octaves) => {
                let changed = value * power_of_two(self.amount * octaves * random(self.seed, name));
                let changed = three_digits(changed);
                if changed > 0.0 && changed.is_finite() { changed } else { value }
            }
            RandomChange::Share(far, [least, most]) => {
                let changed = value + self.amount * far * random(self.seed, name);
                // A value that is already outside may stay there.
                three_digits(changed).clamp(least.min(value), most.max(value))
            }
        }
    }
}

impl Settings {
    /// Randomize the mix: change each parameter that can be randomized by `amount`, 0 to 1, of its largest
    /// change. Parameters that are 0, ineffective or `locked` stay, and so do choices. The same seed, amount
    /// and settings give the same mix to the last bit on every machine.
    #[must_use]
    pub fn randomized(&self, seed: u64, amount: f64, locked: impl Fn(ParamId) -> bool) -> Settings {
        let amount = if amount.is_nan() { 0.0 } else { amount.clamp(0.0, 1.0) };
        let mut new = self.clone();
        if amount == 0.0 {
            return new;
        }
        let random = Random { seed, amount };
        let any_solo = self.any_solo();
        let layers = |table: &Layers, Randomize { name, change, .. }: &Randomize| -> LayerWeights {
            let strips = (table.get)(self).strips().map(|(layer, mut strip)| {
                if strip.effective(any_solo) > 0.0 && !locked((table.id)(layer)) {
                    strip.weight = random.change(&format!("{name} {layer}"), change, strip.weight);
                }
                (layer, strip)
            });
            strips.collect()
        };
        for row in PARAMETERS {
            let Some(how) = row.randomize.as_ref().filter(|how| (how.when)(self)) else { continue };
            match &row.kind {
                Kind::Number(number) if !row.id.is_some_and(&locked) => {
                    if let Some(value) = (number.get)(self) {
                        let value = random.change(how.name, &how.change, value);
                        (number.set)(&mut new, number.scale.limits.clamp(value));
                    }
                }
                Kind::Layers(table) => *(table.get_mut)(&mut new) = layers(table, how),
                _ => {}
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::{Masks, Region, Strip};
    use impasto_network::vgg::Layer;

    #[test]
    fn powers_of_two_are_those_of_the_library() {
        for i in -3200..=3200 {
            let x = f64::from(i) / 400.0;
            let (ours, theirs) = (power_of_two(x), x.exp2());
            assert!((ours - theirs).abs() <= 2e-15 * theirs, "{x}: {ours} {theirs}");
        }
        assert_eq!([0.0, 1.0, 3.0, -2.0].map(power_of_two), [1.0, 2.0, 8.0, 0.25]);
    }

    #[test]
    fn a_random_mix_is_the_same_everywhere() {
        let randomized = Settings::default().randomized(7, 0.5, |_| false);
        let weights: Vec<f64> = randomized.style_layers.iter().map(|(_, weight)| weight).collect();
        assert_eq!(
            (randomized.style_weight, randomized.style_tilt, randomized.style_scale, weights),
            (2.04, 0.0972, 0.844, vec![0.673, 1.49, 0.27, 0.243, 0.0])
        );
    }

    #[test]
    fn masks_are_left_alone() {
        let regions = vec![Region { name: "sky".into(), strength: 0.5, ..Region::default() }];
        let settings = Settings { masks: Masks { regions, ..Masks::default() }, ..Settings::default() };
        let randomized = settings.randomized(7, 1.0, |_| false);
        assert_ne!(randomized.style_weight, settings.style_weight);
        assert_eq!(randomized.masks, settings.masks);
    }

    #[test]
    fn random_numbers_fill_their_range_evenly() {
        let numbers: Vec<f64> = (0..4000).map(|seed| random(seed, "style relu3_1")).collect();
        let mean = numbers.iter().sum::<f64>() / 4000.0;
        let square = numbers.iter().map(|number| number * number).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0 / 3.0).abs() < 0.02, "{mean} {square}");
        assert!(numbers.iter().all(|number| (-1.0..=1.0).contains(number)));
        let other: Vec<f64> = (0..4000).map(|seed| random(seed, "style relu3_2")).collect();
        let together = numbers.iter().zip(&other).map(|(a, b)| a * b).sum::<f64>() / 4000.0;
        assert!(together.abs() < 0.03, "{together}");
    }

    #[test]
    fn ineffective_locked_and_zero_parameters_are_not_randomized() {
        let mut mix = Settings { smoothness_muted: true, ..Settings::default() };
        let [first, second, third, ..] = Layer::PAPER_STYLE;
        mix.style_layers.set_strip(first, Strip { weight: 1.0, muted: true, solo: false });
        mix.style_layers.set(second, 0.0);
        let free = mix.randomized(3, 0.8, |_| false);
        let held = mix.randomized(3, 0.8, |id| {
            [ParamId::Style(third), ParamId::Beta, ParamId::StyleTilt].contains(&id)
        });
        for layer in [first, second] {
            assert_eq!(free.style_layers.strip(layer), mix.style_layers.strip(layer));
        }
        assert_eq!(free.smoothness_weight, mix.smoothness_weight);
        assert_ne!(free.style_layers.get(third), mix.style_layers.get(third));
        assert_eq!(held.style_layers.get(third), mix.style_layers.get(third));
        assert_eq!((held.style_weight, held.style_tilt), (mix.style_weight, mix.style_tilt));
        let rest = Layer::PAPER_STYLE[3];
        assert_eq!(held.style_layers.get(rest), free.style_layers.get(rest));
        assert_eq!(
            (mix.randomized(3, 0.0, |_| false), mix.randomized(3, f64::NAN, |_| false)),
            (mix.clone(), mix.clone())
        );
        assert_ne!(mix.randomized(4, 0.8, |_| false), free);
        // Choices don't change.
        assert_eq!((free.statistic, free.optimizer, free.keep_colours), (mix.statistic, mix.optimizer, 0.0));
    }

    proptest! {
        #[test]
        fn randomized_mixes_are_valid_and_near(
            seed in any::<u64>(),
            amount in 0.0..=1.0,
            beta in prop_oneof![1e-3..1e3, prop::num::f64::POSITIVE],
            scale in 0.05..=20.0,
            style_amount in prop::option::of(0.0..=1.0),
            keep_colours in 0.0..=1.0,
            style_tilt in -1.0..=1.0,
        ) {
            let mix = Settings { style_weight: beta, style_scale: scale, style_amount, keep_colours, style_tilt, ..Settings::default() };
            let randomized = mix.randomized(seed, amount, |_| false);
            prop_assert!(randomized.validate().is_ok(), "{:?}", randomized.validate());
            prop_assert_eq!(&randomized, &mix.randomized(seed, amount, |_| false));
            for (layer, weight) in randomized.style_layers.iter().filter(|(_, weight)| *weight > 0.0) {
                let octaves = (weight / mix.style_layers.get(layer).unwrap()).log2().abs();
                prop_assert!(octaves <= 4.0 * amount + 0.02);
            }
        }
    }
}
