//! A run that turns non-finite goes back and on with a smaller step, always in the same way.

use image::RgbImage;
use impasto_core::settings::{DeviceChoice, LineSearch, Objective, Optimizer, Settings};
use impasto_engine::session::{Engine, LevelCommand, PaintEngine, Start};

use crate::common::job;

/// Nothing keeps classic's image within bounds.
fn settings(rate: f64, optimizer: Optimizer) -> Settings {
    Settings {
        size: 48,
        device: DeviceChoice::Cpu,
        learning_rate: rate,
        optimizer,
        line_search: LineSearch::Fixed,
        ..Settings::for_objective(Objective::Classic)
    }
}

struct Ended {
    notices: Vec<String>,
    picture: RgbImage,
    total: f64,
}

/// Paints so many steps, reading after those of which `reads` says so and after the last; after `changes` of
/// them the content's weight is another one.
fn paint(settings: &Settings, steps: u32, reads: impl Fn(u32) -> bool, changes: Option<u32>) -> Ended {
    let job = job(settings.clone(), Start::Beginning);
    let mut engine = PaintEngine::new();
    engine.start(&job, None, &mut |_| ()).unwrap();
    for step in 1..=steps {
        engine.step().unwrap();
        if reads(step) {
            engine.read().unwrap();
        }
        if changes == Some(step) {
            let changed = Settings { content_weight: 3.0, ..settings.clone() };
            engine.update(&changed, &job.inputs).unwrap();
        }
    }
    let reading = engine.read().unwrap();
    assert_eq!(reading.step, steps);
    let total = reading.losses.unwrap().total;
    Ended { notices: engine.take_notices(), picture: reading.picture, total }
}

/// A learning rate that is too large for this optimizer, but not by much: a whole check finds a quarter of it
/// sound.
fn too_large(optimizer: Optimizer) -> f64 {
    let mut rate = 10.0;
    while paint(&settings(rate, optimizer), 17, |_| false, None).notices.is_empty() {
        rate *= 4.0;
        assert!(rate < 1e30, "nothing is too large");
    }
    rate
}

#[test]
fn a_run_goes_back_and_on_with_a_smaller_step_and_says_so() {
    for optimizer in [Optimizer::Adam, Optimizer::Lbfgs] {
        let rate = too_large(optimizer);
        let ended = paint(&settings(rate, optimizer), 20, |_| true, None);
        assert!(ended.total.is_finite());
        let text = &ended.notices[0];
        assert!(text.contains("no longer finite") && text.contains("learning rate of"), "{text}");
        println!("{optimizer}: {:?}", ended.notices);
    }
}

#[test]
fn when_someone_looks_makes_no_difference() {
    for optimizer in [Optimizer::Adam, Optimizer::Lbfgs] {
        let settings = settings(too_large(optimizer), optimizer);
        for changes in [None, Some(5)] {
            let ends = [
                paint(&settings, 37, |_| true, changes),
                paint(&settings, 37, |_| false, changes),
                paint(&settings, 37, |step| step % 7 == 3, changes),
            ];
            assert!(ends.iter().all(|end| !end.notices.is_empty()));
            for end in &ends[1..] {
                assert_eq!(end.total, ends[0].total, "{optimizer}");
                assert_eq!(end.picture, ends[0].picture, "{optimizer}");
            }
        }
    }
}

#[test]
fn a_restored_run_keeps_its_smaller_step() {
    let settings = settings(too_large(Optimizer::Adam), Optimizer::Adam);
    let job = job(settings, Start::Beginning);
    let mut engine = PaintEngine::new();
    engine.start(&job, None, &mut |_| ()).unwrap();
    (0..32).for_each(|_| engine.step().unwrap());
    engine.read().unwrap();
    let state = engine.checkpoint().unwrap().unwrap();
    let then = |engine: &mut PaintEngine| {
        (0..5).for_each(|_| engine.step().unwrap());
        engine.read().unwrap().picture
    };
    let expected = then(&mut engine);
    let mut again = PaintEngine::new();
    again.start(&job, None, &mut |_| ()).unwrap();
    again.restore(32, Some(&state)).unwrap();
    assert_eq!(then(&mut again), expected);
}

#[test]
fn a_pyramid_is_climbed_from_a_finite_level() {
    let rate = too_large(Optimizer::Adam);
    let settings = Settings { size: 96, pyramid: true, steps: 60, ..settings(rate, Optimizer::Adam) };
    let job = job(settings, Start::Beginning);
    let mut engine = PaintEngine::new();
    engine.start(&job, None, &mut |_| ()).unwrap();
    (0..3).for_each(|_| engine.step().unwrap());
    engine.level(LevelCommand::Climb).unwrap();
    (0..3).for_each(|_| engine.step().unwrap());
    assert!(engine.read().unwrap().losses.unwrap().total.is_finite());
}

#[test]
fn what_no_smaller_step_makes_finite_ends_the_run() {
    let settings = Settings { style_weight: 1e38, ..settings(0.01, Optimizer::Adam) };
    let job = job(settings, Start::Beginning);
    let mut engine = PaintEngine::new();
    engine.start(&job, None, &mut |_| ()).unwrap();
    let error = (0..40).try_for_each(|_| engine.step()).and_then(|()| engine.read().map(drop)).unwrap_err();
    assert!(error.to_string().contains("no longer finite"), "{error}");
}

#[test]
fn an_ordinary_run_is_not_disturbed() {
    let usual = Settings { size: 48, device: DeviceChoice::Cpu, ..Settings::default() };
    let ends = [paint(&usual, 35, |_| true, Some(9)), paint(&usual, 35, |_| false, Some(9))];
    assert!(ends.iter().all(|end| end.notices.is_empty()));
    assert_eq!(ends[0].picture, ends[1].picture);
}
