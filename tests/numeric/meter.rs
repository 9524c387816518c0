//! The level meters: each term's share of the gradient against the gradient with every other weight at 0, on
//! the CPU and on a graphics adapter.

use std::{collections::BTreeMap, sync::Arc};

use crate::common::{Reference, adapter, assert_close, cpu, reference_run};
use impasto_core::{
    settings::{Objective, ParamId, Settings, Statistic, Strip},
    transfer::Term,
};
use impasto_network::{compute::Device, vgg::Weights};

fn settings(objective: Objective) -> Settings {
    let mut settings = Settings::for_objective(objective);
    settings.smoothness_weight = 0.4;
    settings.content_layers.set("relu3_2".parse().unwrap(), 0.3);
    settings.style_layers.set("relu2_2".parse().unwrap(), 0.8);
    // Every layer counts in every objective.
    settings.style_layers =
        settings.style_layers.with_weights(|_, weight| if weight > 0.0 { weight } else { 0.7 });
    settings
}

/// The same with this term soloed.
fn solo(settings: &Settings, term: Term) -> Settings {
    let mut settings = settings.clone();
    let id = match term {
        Term::Content(layer) => ParamId::Content(layer),
        Term::Style(layer) => ParamId::Style(layer),
        Term::Global(term) => term.info().parameter,
    };
    let strip = settings.strip(id).expect("the term has a strip");
    settings.set_strip(id, Strip { solo: true, ..strip });
    settings
}

fn norm(gradient: &[f32]) -> f64 {
    gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt()
}

fn check(device: &Device, settings: &Settings) {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let mut run = reference_run(device, &reference, &weights, settings);
    let mut alone = reference_run(device, &reference, &weights, settings);
    let terms: Vec<Term> = Term::active(&settings.effective()).collect();
    assert_eq!(
        terms.len(),
        settings.content_layers.iter().count() + settings.style_layers.iter().count() + 1
    );
    let (whole, _) = run.gradient().unwrap();
    for _ in &terms {
        run.measure();
        // Measuring changes nothing about the gradient itself.
        assert!(crate::common::relative_error(&run.gradient().unwrap().0, &whole) < 1e-5);
        run.read().unwrap();
    }
    let shares = run.read().unwrap().norms.shares(settings).unwrap();
    let expected: BTreeMap<Term, f64> = terms
        .iter()
        .map(|&term| {
            alone.update(&solo(settings, term), &[1.0]).unwrap();
            (term, norm(&alone.gradient().unwrap().0))
        })
        .collect();
    let sum: f64 = expected.values().sum();
    for (term, found) in shares {
        let what = format!("{} {term:?} on {}", settings.objective, device.info.name);
        // A unit whose pre-activation rounds to the other side of 0 shows in one gradient and not in the
        // other.
        assert_close(&what, found, expected[&term] / sum, 2e-3);
    }
}

#[test]
fn shares_are_those_of_the_gradients_alone() {
    for &objective in Objective::ALL {
        check(&cpu(), &settings(objective));
    }
    for &statistic in Statistic::ALL {
        check(&cpu(), &Settings { statistic, ..settings(Objective::Balanced) });
    }
    check(&cpu(), &Settings { low_memory: true, ..settings(Objective::Balanced) });
}

#[test]
fn shares_on_an_adapter_are_those_of_the_gradients_alone() {
    let Some(device) = adapter() else { return };
    // A term of each kind: a software adapter takes its time.
    let layers = |names: &[&str]| names.iter().map(|name| (name.parse().unwrap(), 0.7)).collect();
    let few = Settings {
        content_layers: layers(&["relu3_2"]),
        style_layers: layers(&["relu1_1", "relu3_1"]),
        ..settings(Objective::Balanced)
    };
    check(&device, &few);
    check(&device, &Settings { statistic: Statistic::Wasserstein, ..few });
}

/// A muted layer that is deeper than all others is not even computed, and its share comes when it is heard
/// again.
#[test]
fn a_muted_term_has_no_share_and_one_that_is_heard_again_is_measured_first() {
    let settings = settings(Objective::Balanced);
    let deepest = Term::Style("relu5_1".parse().unwrap());
    let mut muted = settings.clone();
    let Term::Style(layer) = deepest else { unreachable!() };
    muted.style_layers.set_strip(layer, Strip { weight: 0.2, muted: true, solo: false });
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let mut run = reference_run(&cpu(), &reference, &weights, &muted);
    let mut measure = |settings: &Settings, times: usize| {
        run.update(settings, &[1.0]).unwrap();
        for _ in 0..times {
            run.measure();
            run.step().unwrap();
            run.read().unwrap();
        }
        run.read().unwrap().norms.shares(settings)
    };
    assert!(measure(&muted, 7).is_none(), "one term is missing");
    let shares = measure(&muted, 1).unwrap();
    assert!(!shares.contains_key(&deepest));
    assert!((shares.values().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(measure(&settings, 1).unwrap()[&deepest] > 0.0);
}
