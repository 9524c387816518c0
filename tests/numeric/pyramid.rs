//! A run through the sizes of a pyramid, on the CPU with the real network.

use crate::common::{inputs, mean_difference};
use image::RgbImage;
use impasto_core::settings::{DeviceChoice, Pooling, Settings, Statistic, StyleMix};
use impasto_engine::session::{Engine, Job, LevelCommand, PaintEngine, PyramidProgress, Start};

fn job(settings: Settings, start: Start) -> Job {
    crate::common::job(Settings { device: DeviceChoice::Cpu, ..settings }, start)
}

fn settings() -> Settings {
    Settings { size: 256, steps: 10, ..Settings::default() }
}

fn started(settings: Settings, start: Start, current: Option<&RgbImage>) -> PaintEngine {
    let mut engine = PaintEngine::new();
    engine.start(&job(settings, start), current, &mut |_| ()).unwrap();
    engine
}

fn place(engine: &mut PaintEngine) -> PyramidProgress {
    engine.read().unwrap().place
}

#[test]
fn a_run_climbs_and_its_picture_always_has_the_final_size() {
    let mut engine = started(settings(), Start::Beginning, None);
    let mut sizes = Vec::new();
    let mut before: Option<RgbImage> = None;
    for _ in 0..10 {
        engine.step().unwrap();
        let reading = engine.read().unwrap();
        assert_eq!(reading.picture.width(), 256);
        let size = reading.place.width;
        if let (Some(before), Some(&last)) = (&before, sizes.last()) {
            // Climbing is seen as more detail, not as another picture.
            let moved = mean_difference(before, &reading.picture);
            assert!(moved < 14.0, "from {last} to {size}: {moved}");
        }
        before = Some(reading.picture);
        sizes.push(size);
    }
    assert_eq!((sizes[0], sizes[9]), (128, 256));
    assert!(sizes.contains(&181) && sizes.is_sorted(), "{sizes:?}");
}

#[test]
fn the_loss_falls_further_in_a_pyramid_for_less_work() {
    let total = |pyramid: bool, steps: u32| {
        let mut engine =
            started(Settings { pyramid, steps, averaging: 0.0, ..settings() }, Start::Beginning, None);
        (0..steps).for_each(|_| engine.step().unwrap());
        engine.losses().unwrap().unwrap().total
    };
    // 40 steps of this pyramid are the work of 18 at the final size.
    let (climbed, flat) = (total(true, 40), total(false, 18));
    assert!(climbed < flat, "{climbed} and {flat}");
}

#[test]
fn levels_are_held_dropped_and_climbed_at_will() {
    let mut engine = started(Settings { steps: 12, ..settings() }, Start::Beginning, None);
    engine.level(LevelCommand::Drop).unwrap();
    assert_eq!(place(&mut engine).level, 0, "there is nothing below");
    engine.level(LevelCommand::Hold).unwrap();
    (0..12).for_each(|_| engine.step().unwrap());
    assert_eq!((place(&mut engine).level, place(&mut engine).held), (0, true));
    engine.level(LevelCommand::Climb).unwrap();
    engine.level(LevelCommand::Climb).unwrap();
    engine.level(LevelCommand::Climb).unwrap();
    assert_eq!(place(&mut engine).level, 2, "there is nothing above");
    (0..4).for_each(|_| engine.step().unwrap());
    let painted = engine.read().unwrap().picture;
    engine.level(LevelCommand::Drop).unwrap();
    let dropped = engine.read().unwrap();
    assert_eq!((dropped.place.width, dropped.place.held), (181, true));
    engine.level(LevelCommand::Climb).unwrap();
    // Down and up again without a step in between brings the fine detail back.
    let back = mean_difference(&engine.read().unwrap().picture, &painted);
    let lost = mean_difference(&dropped.picture, &painted);
    assert!(back < 0.6 && lost > 2.0 * back, "{back} {lost}");
    // Over two levels as well.
    for order in [LevelCommand::Drop, LevelCommand::Drop, LevelCommand::Climb, LevelCommand::Climb] {
        engine.level(order).unwrap();
    }
    let back = mean_difference(&engine.read().unwrap().picture, &painted);
    assert!(back < 0.9, "{back}");
    // Who lets go of a level gives what is left to the levels to come.
    engine.level(LevelCommand::Drop).unwrap();
    engine.level(LevelCommand::Release).unwrap();
    engine
        .update(
            &Settings { device: DeviceChoice::Cpu, steps: 30, ..settings() },
            &inputs(&[StyleMix::default()]),
        )
        .unwrap();
    let there = place(&mut engine);
    let step = engine.read().unwrap().step;
    assert!(!there.held && there.ends.len() == 2 && there.ends[0] >= step + 4, "{there:?}");
    assert_eq!(there.ends[1], 30);
    (0..14).for_each(|_| engine.step().unwrap());
    assert_eq!(place(&mut engine).level, 2);
}

#[test]
fn who_goes_on_begins_at_the_pictures_size_and_who_repaints_at_the_smallest() {
    let current = RgbImage::from_pixel(256, 170, image::Rgb([90, 20, 40]));
    let mut on = started(settings(), Start::Current, Some(&current));
    assert_eq!(place(&mut on).width, 256);
    let mut again = started(settings(), Start::Repaint, Some(&current));
    assert_eq!(place(&mut again).width, 128);
    assert!(mean_difference(&again.read().unwrap().picture, &on.read().unwrap().picture) < 1.0);
    // Late in the pyramid, it shares the steps from there.
    let small = RgbImage::from_pixel(181, 120, image::Rgb([90, 20, 40]));
    let mut middle = started(settings(), Start::Current, Some(&small));
    assert_eq!(place(&mut middle).width, 181);
    (0..7).for_each(|_| middle.step().unwrap());
    assert_eq!(place(&mut middle).width, 256);
}

#[test]
fn a_restart_goes_on_at_the_level_that_it_left() {
    let mut engine = started(settings(), Start::Beginning, None);
    engine.step().unwrap();
    let picture = engine.read().unwrap().picture;
    assert_eq!(picture.width(), 256);
    // The picture has the final size, and was painted at half of that.
    let larger = job(Settings { size: 512, ..settings() }, Start::Current);
    engine.start(&larger, Some(&picture), &mut |_| ()).unwrap();
    assert_eq!(place(&mut engine).width, 128);
}

#[test]
fn settings_change_hot_in_the_middle_of_a_pyramid() {
    let mut engine = started(settings(), Start::Beginning, None);
    (0..3).for_each(|_| engine.step().unwrap());
    let before = engine.read().unwrap();
    let mut changed = Settings { device: DeviceChoice::Cpu, style_weight: 40.0, ..settings() };
    changed.style_layers.set("relu3_3".parse().unwrap(), 0.5);
    engine.update(&changed, &inputs(&[StyleMix::default()])).unwrap();
    let after = engine.read().unwrap();
    assert_eq!(after.place.width, before.place.width);
    // The iterates' mean is weighed anew, which may turn a value that lay between two bytes.
    assert!(mean_difference(&after.picture, &before.picture) < 1e-3);
    // Fewer steps move the schedule on.
    engine.update(&Settings { steps: 4, ..changed.clone() }, &inputs(&[StyleMix::default()])).unwrap();
    engine.step().unwrap();
    assert!(engine.read().unwrap().place.level > before.place.level);
    assert!(engine.losses().unwrap().unwrap().style.contains_key(&"relu3_3".parse().unwrap()));
}

#[test]
fn painting_is_as_quick_after_a_climb_as_before() {
    let mut engine = started(Settings { steps: 60, averaging: 0.0, ..settings() }, Start::Beginning, None);
    let mut step = |count: u32| {
        (0..count).for_each(|_| engine.step().unwrap());
        let reading = engine.read().unwrap();
        (reading.losses.unwrap().style.values().sum::<f64>(), reading.place.level)
    };
    let mut before = step(1);
    // What an enlarged picture lacks is painted within a few steps, on every level.
    for _ in 0..59 {
        let now = step(1);
        if now.1 > before.1 {
            let later = step(8);
            assert!(later.0 < 0.5 * now.0, "level {}: {} to {}", now.1, now.0, later.0);
        }
        before = now;
        if now.1 == 2 {
            return;
        }
    }
}

#[test]
fn a_level_that_comes_again_aims_at_what_the_settings_want_by_then() {
    let usual = [StyleMix::default()];
    let larger = [StyleMix { scale: 0.6, ..StyleMix::default() }];
    let mut layers = settings().style_layers;
    layers.set("relu2_2".parse().unwrap(), 1.0);
    for (what, changed, mix) in [
        ("pooling", Settings { pooling: Pooling::Average, ..settings() }, usual),
        ("luminance", Settings { luminance_only: true, ..settings() }, usual),
        ("layers", Settings { style_layers: layers, ..settings() }, usual),
        ("statistic", Settings { statistic: Statistic::Wasserstein, ..settings() }, usual),
        ("colours", Settings { match_colours: 0.7, ..settings() }, usual),
        ("sliced", Settings { sliced_weight: 1.0, ..settings() }, usual),
        ("histogram", Settings { sliced_weight: 1.0, sliced_bases: 1, ..settings() }, usual),
        ("coherence", Settings { coherence_weight: 1.0, ..settings() }, usual),
        ("scale", settings(), larger),
        ("nothing", settings(), usual),
    ] {
        let mut engine = started(settings(), Start::Beginning, None);
        engine.level(LevelCommand::Climb).unwrap();
        engine.step().unwrap();
        engine.level(LevelCommand::Drop).unwrap();
        engine.update(&changed, &inputs(&mix)).unwrap();
        engine.step().unwrap();
        engine.level(LevelCommand::Climb).unwrap();
        let state = engine.checkpoint().unwrap().expect("a small state");
        let mut afresh = PaintEngine::new();
        let mut job = job(changed, Start::Beginning);
        job.inputs.styles[0].mix = mix[0];
        afresh.start(&job, None, &mut |_| ()).unwrap();
        afresh.restore(2, Some(&state)).unwrap();
        for engine in [&mut engine, &mut afresh] {
            engine.step().unwrap();
        }
        let terms = |engine: &mut PaintEngine| format!("{:?}", engine.losses().unwrap());
        assert_eq!(terms(&mut engine), terms(&mut afresh), "{what}");
        let picture = |engine: &mut PaintEngine| engine.read().unwrap().picture;
        assert_eq!(picture(&mut engine), picture(&mut afresh), "{what}");
    }
}
