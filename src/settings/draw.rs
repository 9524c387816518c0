//! Mixes drawn by lot around another.

use super::{Knob, LayerWeights, STYLE_SCALES, Settings, three_digits};
use crate::{base::random::SplitMix64, vgg::Layer};

/// How far a draw of amount 1 leads at most: weights by this power of two either way.
const OCTAVES: f64 = 4.0;
/// The same for what moves the whole picture: β, and the scale of the strokes.
const BALANCE_OCTAVES: f64 = 2.5;
const SCALE_OCTAVES: f64 = 1.5;
/// How far shares move at most, and the tilt.
const SHARE: f64 = 0.4;
const TILT: f64 = 0.4;
/// Where a style amount stays: what is drawn has some of both.
const AMOUNTS: [f64; 2] = [0.05, 0.98];

/// A number from -1 to 1 for a name: SplitMix64 of the seed and the name's FNV-1a. So each
/// knob has a lot of its own, whichever others are locked.
fn lot(seed: u64, name: &str) -> f64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    SplitMix64::new(SplitMix64::new(seed).next_u64() ^ name).next_signed()
}

/// 2^x for |x| ≤ 32 out of sums and products alone, which are the same on every machine: those of the system's mathematics are
/// not. Relative error below 1e-15.
fn power_of_two(x: f64) -> f64 {
    let whole = x.floor();
    let rest = (x - whole) * std::f64::consts::LN_2;
    // Taylor's series of e^rest, 0 ≤ rest < ln 2, by Horner.
    let series = (1..=20).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    let factor = (1_u64 << whole.abs() as u32) as f64;
    if whole < 0.0 { series / factor } else { series * factor }
}

/// One draw.
struct Draw {
    seed: u64,
    /// 0 to 1.
    amount: f64,
}

impl Draw {
    /// What is 0, or would leave the range of numbers, stays.
    fn weight(&self, name: &str, octaves: f64, weight: f64) -> f64 {
        let drawn = three_digits(weight * power_of_two(self.amount * octaves * lot(self.seed, name)));
        if drawn > 0.0 && drawn.is_finite() { drawn } else { weight }
    }

    fn share(&self, name: &str, far: f64, share: f64, [least, most]: [f64; 2]) -> f64 {
        let moved = share + self.amount * far * lot(self.seed, name);
        // What lies outside already may stay there.
        three_digits(moved).clamp(least.min(share), most.max(share))
    }
}

impl Settings {
    /// Another mix around this one: weights, balance, tilt, scale of the strokes and shares of colour moved by lot, by `amount`, 0 to 1, of
    /// a far way. What is 0, muted, silenced by a solo or `locked` stays, and so does every choice. The same seed, amount and
    /// settings give the same mix to the last bit on every machine.
    #[must_use]
    pub fn drawn(&self, seed: u64, amount: f64, locked: impl Fn(Knob) -> bool) -> Settings {
        let amount = if amount.is_nan() { 0.0 } else { amount.clamp(0.0, 1.0) };
        if amount == 0.0 {
            return self.clone();
        }
        let draw = Draw { seed, amount };
        let any_solo = self.any_solo();
        let layers = |weights: &LayerWeights, kind: &str, knob: fn(Layer) -> Knob| -> LayerWeights {
            let strips = weights.strips().map(|(layer, mut strip)| {
                if strip.heard(any_solo) > 0.0 && !locked(knob(layer)) {
                    strip.weight = draw.weight(&format!("{kind} {layer}"), OCTAVES, strip.weight);
                }
                (layer, strip)
            });
            strips.collect()
        };
        let mut new = Settings {
            style_layers: layers(&self.style_layers, "style", Knob::Style),
            content_layers: layers(&self.content_layers, "content", Knob::Content),
            ..self.clone()
        };
        let silent = self.smoothness_muted || (any_solo && !self.smoothness_solo);
        if !silent && !locked(Knob::Smoothness) {
            new.smoothness_weight = draw.weight("smoothness", OCTAVES, self.smoothness_weight);
        }
        let balance = if self.style_amount.is_some() { Knob::StyleAmount } else { Knob::Beta };
        if !locked(balance) {
            match &mut new.style_amount {
                Some(amount) => *amount = draw.share("balance", SHARE, *amount, AMOUNTS),
                None => new.style_weight = draw.weight("balance", BALANCE_OCTAVES, self.style_weight),
            }
        }
        if !locked(Knob::StyleTilt) {
            new.style_tilt = draw.share("tilt", TILT, self.style_tilt, [-1.0, 1.0]);
        }
        let scale = draw.weight("scale", SCALE_OCTAVES, self.style_scale);
        new.style_scale = scale.clamp(*STYLE_SCALES.start(), *STYLE_SCALES.end());
        for (name, share) in [("keep", &mut new.keep_colours), ("match", &mut new.match_colours)] {
            if *share > 0.0 {
                *share = draw.share(name, SHARE, *share, [0.01, 1.0]);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::Strip;

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
    fn a_draw_is_the_same_everywhere() {
        let drawn = Settings::default().drawn(7, 0.5, |_| false);
        let weights: Vec<f64> = drawn.style_layers.iter().map(|(_, weight)| weight).collect();
        assert_eq!(
            (drawn.style_weight, drawn.style_tilt, drawn.style_scale, weights),
            (2.04, 0.0972, 0.844, vec![0.673, 1.49, 0.27, 0.243, 2.7])
        );
    }

    #[test]
    fn lots_fill_their_range_evenly() {
        let lots: Vec<f64> = (0..4000).map(|seed| lot(seed, "style relu3_1")).collect();
        let mean = lots.iter().sum::<f64>() / 4000.0;
        let square = lots.iter().map(|lot| lot * lot).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0 / 3.0).abs() < 0.02, "{mean} {square}");
        assert!(lots.iter().all(|lot| (-1.0..=1.0).contains(lot)));
        let other: Vec<f64> = (0..4000).map(|seed| lot(seed, "style relu3_2")).collect();
        let together = lots.iter().zip(&other).map(|(a, b)| a * b).sum::<f64>() / 4000.0;
        assert!(together.abs() < 0.03, "{together}");
    }

    #[test]
    fn what_is_silent_locked_or_zero_stays_and_the_others_do_not_notice() {
        let mut mix = Settings { smoothness_muted: true, ..Settings::default() };
        let [first, second, third, ..] = Layer::PAPER_STYLE;
        mix.style_layers.set_strip(first, Strip { weight: 1.0, muted: true, solo: false });
        mix.style_layers.set(second, 0.0);
        let free = mix.drawn(3, 0.8, |_| false);
        let held =
            mix.drawn(3, 0.8, |knob| [Knob::Style(third), Knob::Beta, Knob::StyleTilt].contains(&knob));
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
            (mix.drawn(3, 0.0, |_| false), mix.drawn(3, f64::NAN, |_| false)),
            (mix.clone(), mix.clone())
        );
        assert_ne!(mix.drawn(4, 0.8, |_| false), free);
        // Each choice is as it was.
        assert_eq!((free.statistic, free.optimizer, free.keep_colours), (mix.statistic, mix.optimizer, 0.0));
    }

    proptest! {
        #[test]
        fn what_is_drawn_of_a_valid_mix_is_valid_and_near(
            seed in any::<u64>(),
            amount in 0.0..=1.0,
            beta in prop_oneof![1e-3..1e3, prop::num::f64::POSITIVE],
            scale in 0.05..=20.0,
            style_amount in prop::option::of(0.0..=1.0),
            keep_colours in 0.0..=1.0,
            style_tilt in -1.0..=1.0,
        ) {
            let mix = Settings { style_weight: beta, style_scale: scale, style_amount, keep_colours, style_tilt, ..Settings::default() };
            let drawn = mix.drawn(seed, amount, |_| false);
            prop_assert!(drawn.validate().is_ok(), "{:?}", drawn.validate());
            prop_assert_eq!(&drawn, &mix.drawn(seed, amount, |_| false));
            for (layer, weight) in drawn.style_layers.iter() {
                let octaves = (weight / mix.style_layers.get(layer).unwrap()).log2().abs();
                prop_assert!(octaves <= OCTAVES * amount + 0.02);
            }
        }
    }
}
