//! What is shown of a painting, on the CPU with real pictures: colours that are kept or settled, transparency
//! and backgrounds. Painting goes on as without them.

use std::sync::Arc;

use crate::{
    common::{inputs, mean_difference},
    painting::{job, small, started, steps},
};
use image::RgbImage;
use impasto_core::{
    picture::{self, Picture},
    settings::{Objective, Rgb, Settings, StyleMix, Transparency},
    transfer::Inputs,
};
use impasto_engine::session::{Engine, PaintEngine};

#[test]
fn transparency_is_flattened_on_the_background_and_discarded_in_classic() {
    let mut rgba = [0, 0, 255, 0].repeat(32 * 32);
    rgba[3] = 255;
    let content = Arc::new(Picture::from_rgba("glass", 32, 32, rgba).unwrap());
    let sources = Inputs { content, ..job(Settings::default()).inputs };
    let made = |objective| {
        let transparency = Transparency::Flatten;
        let settings = Settings { size: 32, transparency, ..Settings::for_objective(objective) };
        sources.pictures(&settings, None).unwrap()
    };
    assert_eq!(made(Objective::Balanced).content.get_pixel(16, 16).0, [255, 255, 255]);
    assert_eq!(made(Objective::Classic).content.get_pixel(16, 16).0, [0, 0, 255]);
}

#[test]
fn a_content_that_stays_transparent_is_painted_alike_on_every_background() {
    // A disc with a soft edge.
    let pixel = |x: i32, y: i32| {
        let distance = f64::from((x - 48).pow(2) + (y - 48).pow(2)).sqrt();
        [(2 * x) as u8, 90, (2 * y) as u8, (255.0 * ((32.0 - distance) / 6.0).clamp(0.0, 1.0)) as u8]
    };
    let pixels = (0..96).flat_map(|y| (0..96).flat_map(move |x| pixel(x, y))).collect();
    let content = Arc::new(Picture::from_rgba("disc", 96, 96, pixels).unwrap());
    let paint = |background: Rgb| {
        let mut job = job(Settings { background, ..Settings::default() });
        job.inputs.content = Arc::clone(&content);
        let mut engine = PaintEngine::new();
        engine.start(&job, None, &mut |_| ()).unwrap();
        steps(&mut engine, 6);
        let shown = engine.read().unwrap().picture;
        assert_eq!(shown[(0, 0)].0, background.0, "what is shown is flat");
        job.inputs.matte(&job.settings, shown.dimensions()).unwrap().rgba(&shown)
    };
    let [black, blue] = [Rgb([0; 3]), Rgb([20, 40, 255])].map(paint);
    let mut opaque = 0;
    for (black, blue) in black.pixels().zip(blue.pixels()) {
        assert_eq!(black[3], blue[3]);
        opaque += u32::from(black[3] == 255);
        for channel in (0..3).filter(|_| black[3] > 0) {
            let rounding = if black[3] == 255 { 0 } else { 255 / u32::from(black[3]) + 1 };
            assert!(u32::from(black[channel].abs_diff(blue[channel])) <= rounding, "{black:?} {blue:?}");
        }
    }
    assert!(opaque > 300, "{opaque}");
}

#[test]
fn kept_colours_are_those_of_the_content_and_painting_goes_on_without_them() {
    let mut engine = started(Settings::default());
    steps(&mut engine, 12);
    let plain = engine.read().unwrap();
    assert!(plain.plain.is_none());
    engine
        .update(
            &small(Settings { keep_colours: 1.0, ..Settings::default() }),
            &inputs(&[StyleMix::default()]),
        )
        .unwrap();
    let kept = engine.read().unwrap();
    // What painting goes on from has not changed; what is seen has.
    assert_eq!(kept.plain.as_ref(), Some(&plain.picture));
    assert!(mean_difference(&kept.picture, &plain.picture) > 3.0);
    let content = picture::CONTENTS[0].open();
    let content =
        picture::resize(&content.rgb, kept.picture.width(), kept.picture.height(), picture::Filter::Lanczos);
    let redness = |image: &RgbImage| {
        let sum: i64 = image.pixels().map(|p| i64::from(p.0[0]) - i64::from(p.0[2])).sum();
        sum as f64 / image.pixels().len() as f64
    };
    assert!((redness(&kept.picture) - redness(&content)).abs() < 4.0);
    assert!((redness(&plain.picture) - redness(&content)).abs() > 20.0);
}

#[test]
fn settled_colours_are_shown_and_painting_goes_on_without_them() {
    let settle = |settle_colours, more: Settings| small(Settings { settle_colours, ..more });
    let mut engine = started(Settings::default());
    steps(&mut engine, 12);
    let plain = engine.read().unwrap();
    let styles = inputs(&[StyleMix::default()]);
    let mut shown = |settings: &Settings, inputs: &Inputs| {
        engine.update(settings, inputs).unwrap();
        engine.read().unwrap()
    };
    let settled = shown(&settle(1.0, Settings::default()), &styles);
    assert_eq!(settled.plain.as_ref(), Some(&plain.picture));
    assert!(mean_difference(&settled.picture, &plain.picture) > 3.0);
    let half = shown(&settle(0.5, Settings::default()), &styles).picture;
    let [before, after] = [&plain.picture, &settled.picture].map(|end| mean_difference(&half, end));
    let whole = mean_difference(&plain.picture, &settled.picture);
    assert!(
        before + after < 1.2 * whole && (0.3..0.7).contains(&(before / whole)),
        "{before} {after} {whole}"
    );
    // By another style it has other colours, and the content's if the styles have those; the content's own
    // colours go over it.
    let other =
        shown(&settle(1.0, Settings::default()), &inputs(&[StyleMix { weight: 0.0, ..StyleMix::default() }]));
    assert_eq!((other.plain, other.picture), (None, plain.picture.clone()), "no style counts");
    let matched = shown(&settle(1.0, Settings { match_colours: 1.0, ..Settings::default() }), &styles);
    let content = picture::resize(
        &picture::CONTENTS[0].open().rgb,
        plain.picture.width(),
        plain.picture.height(),
        picture::Filter::Lanczos,
    );
    let kept = picture::with_colours_of(&plain.picture, &content, 1.0);
    assert!(mean_difference(&matched.picture, &kept) < 0.7 * mean_difference(&settled.picture, &kept));
    let off = shown(&settle(0.0, Settings::default()), &styles);
    assert!(off.picture == plain.picture && off.plain.is_none());
    let both = shown(&settle(1.0, Settings { keep_colours: 1.0, ..Settings::default() }), &styles);
    assert!(both.picture == picture::with_colours_of(&settled.picture, &content, 1.0));
    // In light alone there are no colours to settle.
    let light = Settings { luminance_only: true, ..Settings::default() };
    let light = [0.0, 1.0].map(|settle_colours| {
        let mut engine = started(Settings { settle_colours, ..light.clone() });
        steps(&mut engine, 2);
        engine.read().unwrap().picture
    });
    assert!(light[0] == light[1]);
}

#[test]
fn settled_colours_leave_the_steps_as_they_are() {
    let paint = |settle_colours| {
        let mut engine = started(Settings { settle_colours, ..Settings::default() });
        let total = steps(&mut engine, 6);
        let reading = engine.read().unwrap();
        (total, reading.plain.unwrap_or(reading.picture))
    };
    assert!(paint(1.0) == paint(0.0));
}
