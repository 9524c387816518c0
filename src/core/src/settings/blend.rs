//! Interpolation between mixes.

use super::{Kind, LayerWeights, Masks, PARAMETERS, Parameter, Settings, Strip, StyleMix, parameters::Blend};

/// Interpolate weights geometrically; linearly if one of them is 0. Above 0 between if either is.
fn weight(a: f64, b: f64, t: f64) -> f64 {
    let between = if a > 0.0 && b > 0.0 {
        ((1.0 - t) * a.ln() + t * b.ln()).exp()
    } else {
        ((1.0 - t) * a + t * b).max(if a.max(b) > 0.0 { f64::MIN_POSITIVE } else { 0.0 })
    };
    // Rounding must not leave the interval.
    between.clamp(a.min(b), a.max(b))
}

/// Interpolate a share or an amount linearly.
fn share(a: f64, b: f64, t: f64) -> f64 {
    ((1.0 - t) * a + t * b).clamp(a.min(b), a.max(b))
}

/// A layer that only one mix has is faded from weight 0. Its solo changes at the middle; earlier it would
/// mute the rest.
fn layers(a: &LayerWeights, b: &LayerWeights, t: f64) -> LayerWeights {
    let first_half = t < 0.5;
    let (near, far) = if first_half { (a, b) } else { (b, a) };
    let all = near.layers().chain(far.layers().filter(|&layer| near.strip(layer).is_none()));
    all.map(|layer| {
        let of = |side: &LayerWeights| side.get(layer).unwrap_or(0.0);
        let switches = match (near.strip(layer), far.strip(layer)) {
            (Some(strip), _) => strip,
            (None, far) => Strip { solo: false, ..far.unwrap_or(Strip::new(0.0)) },
        };
        (layer, Strip { weight: weight(of(a), of(b), t), ..switches })
    })
    .collect()
}

/// Regions of the same name blend their strengths, all else of masks changes at the middle.
fn masks(a: &Masks, b: &Masks, t: f64) -> Masks {
    let (near, far) = if t < 0.5 { (a, b) } else { (b, a) };
    let mut between = near.clone();
    for region in &mut between.regions {
        if far.region(&region.name).is_some() {
            let of =
                |side: &Masks| side.region(&region.name).map_or(region.strength, |region| region.strength);
            region.strength = weight(of(a), of(b), t);
        }
    }
    between
}

impl Settings {
    /// Interpolate from `a` at `t` = 0 to `b` at 1, exact at both ends. Weights, scales and step sizes are
    /// interpolated geometrically, shares and amounts linearly; choices and switches change at the middle.
    /// All mixes between two valid ones are valid.
    #[must_use]
    pub fn blend(a: &Settings, b: &Settings, t: f64) -> Settings {
        if t.is_nan() || t <= 0.0 {
            return a.clone();
        }
        if t >= 1.0 {
            return b.clone();
        }
        let mut between = if t < 0.5 { a } else { b }.clone();
        for row in PARAMETERS {
            let way = match row.blend {
                Blend::Geometric => weight,
                Blend::Linear => share,
                Blend::Middle => continue,
            };
            match &row.kind {
                // A value that only one mix has changes at the middle.
                Kind::Number(number) => {
                    if let (Some(a), Some(b)) = ((number.get)(a), (number.get)(b)) {
                        (number.set)(&mut between, way(a, b, t));
                    }
                }
                Kind::Whole(whole) => {
                    let [a, b] = [a, b].map(|side| (whole.get)(side) as f64);
                    (whole.set)(&mut between, way(a, b, t).round() as u64);
                }
                Kind::Layers(_) | Kind::Switch | Kind::Other => {}
            }
        }
        for (_, table) in Parameter::layer_tables() {
            *(table.get_mut)(&mut between) = layers((table.get)(a), (table.get)(b), t);
        }
        between.masks = masks(&a.masks, &b.masks, t);
        between
    }
}

impl StyleMix {
    /// Interpolate a style's mix at `t`, see [`Settings::blend`].
    #[must_use]
    pub fn blend(a: StyleMix, b: StyleMix, t: f64) -> StyleMix {
        if t.is_nan() || t <= 0.0 {
            return a;
        }
        if t >= 1.0 {
            return b;
        }
        StyleMix {
            weight: weight(a.weight, b.weight, t),
            scale: weight(a.scale, b.scale, t),
            on: if t < 0.5 { a.on } else { b.on },
            crop: if t < 0.5 { a.crop } else { b.crop },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::Value;

    use super::*;
    use crate::settings::{GlobalTerm, MAX_BASES, Mix, Objective, Optimizer, Preset, Region, Statistic};
    use impasto_network::vgg::Layer;

    fn presets() -> Vec<Settings> {
        let mine = Settings::default();
        Preset::ALL.into_iter().map(|preset| mine.with_look(&preset.apply(&mine))).collect()
    }

    #[test]
    fn blends_are_exact_at_the_ends_and_symmetric() {
        for a in presets() {
            for b in presets() {
                assert_eq!(
                    (Settings::blend(&a, &b, 0.0), Settings::blend(&a, &b, 1.0)),
                    (a.clone(), b.clone())
                );
                assert_eq!(Settings::blend(&a, &b, f64::NAN), a);
                for t in [0.125, 0.25, 0.375, 0.625, 0.75] {
                    let there = Settings::blend(&a, &b, t);
                    assert_eq!(there, Settings::blend(&b, &a, 1.0 - t));
                    there.validate().unwrap();
                }
            }
        }
    }

    #[test]
    fn weights_blend_geometrically_shares_linearly_and_choices_at_the_middle() {
        let a =
            Settings { style_weight: 1.0, keep_colours: 0.2, smoothness_weight: 0.0, ..Settings::default() };
        let b = Settings {
            style_weight: 100.0,
            keep_colours: 0.6,
            smoothness_weight: 4.0,
            statistic: Statistic::Gram,
            optimizer: Optimizer::Lbfgs,
            ..Settings::default()
        };
        let quarter = Settings::blend(&a, &b, 0.25);
        assert!((quarter.style_weight - 100.0_f64.powf(0.25)).abs() < 1e-12);
        assert!((quarter.keep_colours - 0.3).abs() < 1e-15);
        assert_eq!(quarter.smoothness_weight, 1.0, "from 0 in a straight line");
        assert_eq!((quarter.statistic, quarter.optimizer), (Statistic::Moments, Optimizer::Adam));
        let middle = Settings::blend(&a, &b, 0.5);
        assert_eq!((middle.statistic, middle.optimizer), (Statistic::Gram, Optimizer::Lbfgs));
        assert!((middle.style_weight - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_layer_of_one_mix_fades_in_and_its_solo_changes_at_the_middle() {
        let (mut a, mut b) = (Settings::default(), Settings::default());
        let [new, gone] = [Layer::ALL[5], Layer::PAPER_STYLE[0]];
        b.style_layers.set_strip(new, Strip { weight: 0.8, muted: false, solo: true });
        b.style_layers.remove(gone);
        a.style_layers.set_strip(Layer::PAPER_STYLE[1], Strip { weight: 0.7, muted: true, solo: false });
        let strip = |t, layer| Settings::blend(&a, &b, t).style_layers.strip(layer);
        assert_eq!(strip(0.0, new), None);
        assert_eq!(strip(0.25, new), Some(Strip { weight: 0.2, muted: false, solo: false }));
        assert_eq!(strip(0.5, new), Some(Strip { weight: 0.4, muted: false, solo: true }));
        assert_eq!((strip(0.75, gone), strip(1.0, gone)), (Some(Strip::new(0.25)), None));
        let muted = |t| strip(t, Layer::PAPER_STYLE[1]).unwrap().muted;
        assert_eq!([0.2, 0.49, 0.5].map(muted), [true, true, false]);
    }

    #[test]
    fn strengths_of_regions_of_a_name_blend_and_other_masks_change_at_the_middle() {
        let with = |regions: &[(&str, f64)]| {
            let region = |&(name, strength): &(&str, f64)| Region {
                name: name.to_owned(),
                mask: format!("{name} {strength}.png").into(),
                strength,
                ..Region::default()
            };
            let masks = Masks { regions: regions.iter().map(region).collect(), ..Masks::default() };
            Settings { masks, ..Settings::default() }
        };
        let (a, b) = (with(&[("sky", 0.5), ("sea", 1.0)]), with(&[("rock", 0.25), ("sky", 2.0)]));
        let strengths = |t: f64| {
            let masks = Settings::blend(&a, &b, t).masks;
            masks.regions.iter().map(|region| (region.name.clone(), region.strength)).collect::<Vec<_>>()
        };
        let quarter = strengths(0.25);
        assert_eq!((quarter[0].0.as_str(), quarter[1].clone()), ("sky", ("sea".into(), 1.0)));
        assert!((quarter[0].1 - 0.5_f64.powf(0.75) * 2.0_f64.powf(0.25)).abs() < 1e-12);
        let later = strengths(0.75);
        assert_eq!((later[0].clone(), later[1].0.as_str()), (("rock".into(), 0.25), "sky"));
        assert!((later[1].1 - 0.5_f64.powf(0.25) * 2.0_f64.powf(0.75)).abs() < 1e-12);
        assert_eq!(Settings::blend(&a, &b, 0.25).masks.regions[0].mask, a.masks.regions[0].mask);
    }

    /// Every number of a mix, with its key.
    fn numbers(settings: &Settings) -> Vec<(String, f64)> {
        let mut all = Vec::new();
        for (key, value) in serde_json::to_value(settings).unwrap().as_object().unwrap() {
            match value {
                Value::Number(number) => all.push((key.clone(), number.as_f64().unwrap())),
                Value::Object(entries) => all.extend(
                    entries.iter().filter_map(|(entry, v)| Some((format!("{key}.{entry}"), v.as_f64()?))),
                ),
                _ => {}
            }
        }
        all
    }

    #[test]
    fn no_number_of_a_mix_jumps() {
        // Make every number of the mixes a and b differ.
        let a = Settings { style_amount: Some(0.2), ..Settings::default() };
        let mut value = serde_json::to_value(&a).unwrap();
        let mix = toml::Table::try_from(Mix::of(&a)).unwrap();
        let kept = ["steps"];
        for (key, value) in value.as_object_mut().unwrap() {
            if mix.contains_key(key) && !kept.contains(&key.as_str()) && value.is_number() {
                let whole = value.is_u64();
                let next = value.as_f64().unwrap() * 0.5 + 0.25;
                *value = if whole { (next.round() as u64 + 20).into() } else { next.into() };
            }
        }
        let b: Settings = serde_json::from_value(value).unwrap();
        let b = Settings { sliced_bases: MAX_BASES, ..b };
        b.validate().unwrap();
        let (quarter, ends) = (Settings::blend(&a, &b, 0.25), numbers(&a).into_iter().zip(numbers(&b)));
        let mut changed = 0;
        for (((key, a), (_, b)), (_, between)) in ends.zip(numbers(&quarter)) {
            if a != b {
                assert!(
                    (a.min(b)..a.max(b)).contains(&between) && between != a,
                    "{key} has no way of its own"
                );
                changed += 1;
            }
        }
        assert!(changed >= 14, "{changed}");
    }

    fn some_weight() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), 1e-3..10.0, prop::num::f64::POSITIVE | prop::num::f64::SUBNORMAL]
    }

    fn some_layers() -> impl Strategy<Value = LayerWeights> {
        let strip = (0..16_usize, some_weight(), any::<bool>(), prop::bool::weighted(0.2));
        vec(strip, 0..6).prop_map(|strips| {
            let strip = |(layer, weight, muted, solo)| (Layer::ALL[layer], Strip { weight, muted, solo });
            strips.into_iter().map(strip).collect()
        })
    }

    prop_compose! {
        fn some_settings()(
            objective in prop::sample::select(Objective::ALL.to_vec()),
            style_layers in some_layers(),
            content_layers in some_layers(),
            weights in [some_weight(), some_weight()],
            term_weights in vec(some_weight(), GlobalTerm::ALL.len()),
            switches in [any::<bool>(), any::<bool>()],
            style_amount in prop::option::of(0.0..=1.0),
            shares in [0.0..=1.0, 0.0..=1.0, 0.0..=1.0],
            decays in [0.0..1.0, 0.0..1.0, 0.0..1.0],
            rates in [prop::num::f64::POSITIVE, prop::num::f64::POSITIVE],
            style_scale in 0.05..=20.0,
            history in 1..=50_u32,
        ) -> Settings {
            let mut settings = Settings {
                style_layers,
                content_layers,
                content_weight: weights[0],
                style_weight: weights[1],
                smoothness_muted: switches[0],
                smoothness_solo: switches[1],
                style_amount,
                keep_colours: shares[0],
                match_colours: shares[1],
                settle_colours: shares[2],
                averaging: decays[0],
                beta1: decays[1],
                beta2: decays[2],
                learning_rate: rates[0],
                epsilon: rates[1],
                style_scale,
                history,
                ..Settings::for_objective(objective)
            };
            for (term, weight) in GlobalTerm::ALL.iter().zip(term_weights) {
                term.set_weight(&mut settings, weight);
            }
            settings
        }
    }

    /// Interpolated numbers of each kind.
    fn moving(s: &Settings) -> Vec<f64> {
        let terms = GlobalTerm::ALL.iter().map(|term| term.weight(s));
        let others =
            [s.content_weight, s.style_weight, s.learning_rate, s.keep_colours, s.settle_colours, s.beta2];
        terms.chain(others).collect()
    }

    proptest! {
        #[test]
        fn between_two_valid_mixes_all_are_valid_and_no_number_turns_back(
            a in some_settings(), b in some_settings(), mut ts in vec(0.0..=1.0_f64, 1..6),
        ) {
            prop_assume!(a.validate().is_ok() && b.validate().is_ok());
            ts.sort_by(f64::total_cmp);
            let way: Vec<Settings> = ts.iter().map(|&t| Settings::blend(&a, &b, t)).collect();
            for (settings, t) in way.iter().zip(&ts) {
                prop_assert!(settings.validate().is_ok(), "{t}: {:?}", settings.validate());
            }
            for pair in way.windows(2) {
                let [one, two] = [&pair[0], &pair[1]].map(moving);
                let ends = [&a, &b].map(moving);
                for i in 0..one.len() {
                    // The rounding error of a logarithm grows with its magnitude.
                    let slack = 1e-12 * one[i].max(two[i]) * one[i].max(f64::MIN_POSITIVE).ln().abs().max(1.0);
                    if ends[0][i] <= ends[1][i] {
                        prop_assert!(one[i] <= two[i] + slack, "{} {}", one[i], two[i]);
                    } else {
                        prop_assert!(one[i] + slack >= two[i], "{} {}", one[i], two[i]);
                    }
                }
            }
        }

        #[test]
        fn styles_between_are_valid(
            weights in [some_weight(), some_weight()], scales in [0.05..=20.0, 0.05..=20.0], t in 0.0..=1.0,
        ) {
            let mix = |i: usize| StyleMix { weight: weights[i], scale: scales[i], on: i == 0, crop: None };
            prop_assert!(StyleMix::blend(mix(0), mix(1), t).validate().is_ok());
            prop_assert_eq!(StyleMix::blend(mix(0), mix(1), 0.0), mix(0));
            prop_assert_eq!(StyleMix::blend(mix(0), mix(1), 1.0), mix(1));
        }
    }
}
