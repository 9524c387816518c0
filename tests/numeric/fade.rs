//! The targets amid a fade, against what they must be between the former and the new ones.

use std::sync::Arc;

use crate::common::{Reference, assert_close, cpu, pictures, reference_settings, relative_error};
use image::RgbImage;
use impasto_core::{
    settings::{GlobalTerm, Objective, Optimizer, Settings, Statistic},
    transfer::{Losses, Pictures, Replacement, StyleImage, StyleTransfer},
};
use impasto_network::vgg::Weights;

struct Bench {
    reference: Reference,
    weights: Arc<Weights>,
    settings: Settings,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let weights = Arc::new(Weights::bundled().unwrap());
        Self { reference: Reference::load(), weights, settings }
    }

    fn run(&self, content: &RgbImage, styles: &[&RgbImage], shares: &[f64]) -> StyleTransfer {
        let styles = styles.iter().map(|style| (*style).clone()).collect();
        let pictures =
            Pictures { initial: content.clone(), content: content.clone(), styles, style_masks: Vec::new() };
        let weights = Arc::clone(&self.weights);
        StyleTransfer::new(&cpu().tensor, weights, None, &pictures, shares, &self.settings).unwrap()
    }

    /// The gradient and the losses at the reference's iterate.
    fn at_iterate(&self, run: &mut StyleTransfer) -> (Vec<f32>, Losses) {
        run.set_variable(self.reference.variable(self.settings.objective));
        run.gradient().unwrap()
    }
}

fn to(content: Option<&RgbImage>, style: &RgbImage) -> Replacement {
    let styles = vec![StyleImage::New(style.clone(), None)];
    Replacement { content: content.cloned(), styles, style_weights: vec![1.0] }
}

/// The content, a style, another style, and another content.
fn four() -> [RgbImage; 4] {
    let Pictures { content, mut styles, .. } = pictures();
    let style = styles.remove(0);
    let mut negative = content.clone();
    image::imageops::invert(&mut negative);
    let other = RgbImage::from_fn(90, 70, |x, y| {
        image::Rgb([(x * 3 % 251) as u8, (y * x % 255) as u8, if x / 9 % 2 == y / 7 % 2 { 220 } else { 30 }])
    });
    [content, style, other, negative]
}

#[test]
fn a_fade_passes_through_the_mixes_of_the_old_and_the_new_style() {
    let [content, style, other, _] = four();
    for statistic in [Statistic::Gram, Statistic::Moments, Statistic::Wasserstein] {
        // One basis, as each evaluation of a fade takes the next.
        let bench = Bench::new(Settings {
            statistic,
            sliced_weight: 2.0,
            sliced_bases: 1,
            ..reference_settings(Objective::Balanced)
        });
        let mut run = bench.run(&content, &[&style], &[1.0]);
        run.replace(&to(None, &other), true).unwrap();
        for step in 0..=10 {
            if step > 0 {
                run.step().unwrap();
            }
            let (gradient, losses) = bench.at_iterate(&mut run);
            assert_eq!(run.is_fading(), step < 10, "{step}");
            if ![0, 1, 3, 9, 10].contains(&step) {
                continue;
            }
            let share = f64::from(step) / 10.0;
            let mut mix = bench.run(&content, &[&style, &other], &[1.0 - share, share]);
            let (wanted, mixed) = bench.at_iterate(&mut mix);
            for (layer, value) in &mixed.style {
                let what = format!("{statistic} {layer} after {step}");
                assert_close(&what, losses.style[layer], *value, 1e-5);
            }
            let sliced = |losses: &Losses| losses.global[&GlobalTerm::Sliced];
            assert_close("sliced", sliced(&losses), sliced(&mixed), 1e-5);
            // The unit of the content's distances follows too.
            assert_close("content", losses.content, mixed.content, 1e-5);
            let error = relative_error(&gradient, &wanted);
            assert!(error < 1e-4, "{statistic} after {step}: the gradient differs by {error:.1e}");
        }
        // To the last bit, at the end.
        let mut fresh = bench.run(&content, &[&other], &[1.0]);
        assert_eq!(bench.at_iterate(&mut run), bench.at_iterate(&mut fresh), "{statistic}");
    }
}

#[test]
fn the_losses_of_two_contents_are_blended() {
    let [content, style, _, negative] = four();
    // Its factor does not depend on the features, so that losses and gradients are linear. L-BFGS, its own
    // optimizer, does not fade.
    let bench = Bench::new(Settings { optimizer: Optimizer::Adam, ..reference_settings(Objective::Paper) });
    let (first, last) = (
        bench.at_iterate(&mut bench.run(&content, &[&style], &[1.0])),
        bench.at_iterate(&mut bench.run(&negative, &[&style], &[1.0])),
    );
    assert!((first.1.content / last.1.content - 1.0).abs() > 0.1, "{first:?}");
    let mut run = bench.run(&content, &[&style], &[1.0]);
    run.replace(&Replacement { styles: vec![StyleImage::Kept(0)], ..to(Some(&negative), &style) }, true)
        .unwrap();
    let blended = |a: f64, b: f64, share: f64| a * (1.0 - share) + b * share;
    let check = |found: &(Vec<f32>, Losses), share: f64, what: &str| {
        assert_close(what, found.1.content, blended(first.1.content, last.1.content, share), 1e-5);
        // The same style, blended with itself.
        for (layer, value) in &first.1.style {
            assert_close(&format!("{what}: {layer}"), found.1.style[layer], *value, 1e-6);
        }
        let wanted: Vec<f32> = first
            .0
            .iter()
            .zip(&last.0)
            .map(|(a, b)| blended(f64::from(*a), f64::from(*b), share) as f32)
            .collect();
        let error = relative_error(&found.0, &wanted);
        assert!(error < 1e-4, "{what}: the gradient differs by {error:.1e}");
    };
    check(&bench.at_iterate(&mut run), 0.0, "at first");
    for _ in 0..4 {
        run.step().unwrap();
    }
    check(&bench.at_iterate(&mut run), 0.4, "after 4 steps");
    // Replaced again amid the fade: the next begins where this one is.
    run.replace(&Replacement { styles: vec![StyleImage::Kept(0)], ..to(Some(&content), &style) }, true)
        .unwrap();
    let (gradient, _) = bench.at_iterate(&mut run);
    let wanted: Vec<f32> = first.0.iter().zip(&last.0).map(|(a, b)| a * 0.6 + b * 0.4).collect();
    assert!(relative_error(&gradient, &wanted) < 1e-4);
    for _ in 0..10 {
        run.step().unwrap();
    }
    assert_eq!(bench.at_iterate(&mut run), first, "it is back");
}

#[test]
fn a_picture_that_is_too_narrow_changes_nothing() {
    let [content, style, ..] = four();
    let bench = Bench::new(reference_settings(Objective::Balanced));
    let mut run = bench.run(&content, &[&style], &[1.0]);
    let before = bench.at_iterate(&mut run);
    let error = run.replace(&to(None, &RgbImage::new(60, 9)), true).unwrap_err().to_string();
    assert!(error.contains("style picture would be 60×9"), "{error}");
    assert!(!run.is_fading());
    assert_eq!(bench.at_iterate(&mut run), before);
}
