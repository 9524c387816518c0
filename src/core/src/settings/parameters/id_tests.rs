//! Tests of the ids.

use super::{super::range::ZERO, *};
use crate::settings::{Masks, Region};

fn everything() -> (Settings, Vec<StyleMix>) {
    let masks = Masks { regions: vec![Region::default(); 2], ..Masks::default() };
    let mut settings = Settings { style_amount: None, masks, ..Settings::default() };
    Layer::ALL.into_iter().for_each(|layer| {
        settings.style_layers.set(layer, 0.5);
        settings.content_layers.set(layer, 0.25);
    });
    (settings, vec![StyleMix::default(); 3])
}

#[test]
fn every_id_has_a_text_that_is_read_again() {
    let (settings, mix) = everything();
    let all = ParamId::all(&settings, &mix);
    let fields = PARAMETERS.iter().filter(|row| row.id.is_some()).count();
    assert_eq!(all.len(), fields + 32 + 6 + 2);
    for id in all {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    for wrong in [
        "",
        "gamma",
        "style/relu9_1",
        "style",
        "picture/0/weight",
        "picture/1/size",
        "picture/256/scale",
        "region/0/strength",
        "region/1/weight",
    ] {
        assert!(wrong.parse::<ParamId>().unwrap_err().contains("style-amount"), "{wrong}");
    }
}

#[test]
fn an_id_sets_its_setting_and_no_other() {
    let (before, mix_before) = everything();
    for id in ParamId::all(&before, &mix_before) {
        let (mut settings, mut mix) = (before.clone(), mix_before.clone());
        if id == ParamId::StyleAmount {
            assert!(!id.set(&mut settings, &mut mix, 0.5), "it is off");
            continue;
        }
        let value = 0.625;
        assert!(id.set(&mut settings, &mut mix, value), "{id}");
        assert_eq!(id.get(&settings, &mix), Some(value), "{id}");
        let old = id.get(&before, &mix_before).unwrap();
        assert!(id.set(&mut settings, &mut mix, old));
        assert_eq!((settings, mix), (before.clone(), mix_before.clone()), "{id}");
    }
}

#[test]
fn inactive_parameters_are_neither_read_nor_set() {
    let mut settings = Settings { style_amount: Some(0.5), luminance_only: true, ..Settings::default() };
    for id in [
        ParamId::Alpha,
        ParamId::Beta,
        ParamId::KeepColours,
        ParamId::SettleColours,
        ParamId::PictureWeight(0),
        ParamId::RegionStrength(0),
        ParamId::Style(Layer::ALL[1]),
    ] {
        assert_eq!(id.get(&settings, &[]), None, "{id}");
        assert!(!id.set(&mut settings, &mut [], 0.5), "{id}");
    }
    assert!(ParamId::StyleAmount.set(&mut settings, &mut [], 0.25));
    for (id, wrong) in [
        (ParamId::StyleAmount, 1.5),
        (ParamId::LearningRate, 0.0),
        (ParamId::Beta2, 1.0),
        (ParamId::Smoothness, f64::NAN),
    ] {
        assert!(!id.set(&mut settings, &mut [], wrong), "{id} {wrong}");
    }
    assert_eq!(settings.style_amount, Some(0.25));
    settings.validate().unwrap();
}

#[test]
fn ranges_contain_the_defaults_and_only_valid_values() {
    for &objective in Objective::ALL {
        let defaults = Settings::for_objective(objective);
        for id in ParamId::all(&defaults, &[StyleMix::default()]) {
            let range = id.range(objective);
            if let Some(value) = id.get(&defaults, &[StyleMix::default()]) {
                assert!(range.contains(value), "{id} {value} {range:?}");
            }
            for place in [0.0, ZERO, 0.3, 0.99, 1.0, 2.0, -1.0, f64::NAN] {
                let value = range.value(place);
                assert!(id.allows(value) && range.contains(value), "{id} {place} {value}");
            }
            assert_eq!(range.value(1.0), range.max);
        }
    }
    let beta = ParamId::Beta.range(Objective::Classic);
    assert_eq!((beta.value(0.0), beta.value(ZERO)), (0.0, 1e3));
}

proptest::proptest! {
    #[test]
    fn places_and_values_belong_together(place in 0.0..=1.0f64, more in 0.0..=1.0f64) {
        for id in [ParamId::Beta, ParamId::LearningRate, ParamId::KeepColours, ParamId::Averaging, ParamId::StyleScale] {
            let range = id.range(Objective::Balanced);
            let back = range.position(range.value(place));
            let expected = if range.zero && place < ZERO { 0.0 } else { place };
            proptest::prop_assert!((back - expected).abs() < 1e-9, "{} {} {}", id, place, back);
            let (low, high) = (place.min(more), place.max(more));
            proptest::prop_assert!(range.value(low) <= range.value(high));
        }
    }
}

#[test]
fn values_outside_are_clamped_to_the_range() {
    for objective in Objective::ALL {
        for id in
            [ParamId::Alpha, ParamId::Beta, ParamId::LearningRate, ParamId::Averaging, ParamId::StyleScale]
        {
            let range = id.range(*objective);
            for value in
                [1e308, -1e308, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, range.min, range.max]
            {
                let near = range.nearest(value);
                let least = if range.zero { 0.0 } else { range.min };
                assert!((least..=range.max).contains(&near), "{id} {value} {near}");
            }
            assert_eq!(range.nearest(0.3 * range.min + 0.7 * range.max), 0.3 * range.min + 0.7 * range.max);
        }
    }
}
