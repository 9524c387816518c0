//! A painting without anybody who watches: what is told of it, when it ends, and what is left.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use image::RgbImage;
use impasto_core::transfer::Losses;
use impasto_engine::{
    queue::{RenderEnd, RenderObserver, RenderPlan, paint},
    replay::Interrupted,
};
use impasto_test_support::fake::{AtStep, Fake, Log};

/// The picture's height is the number of steps.
fn fake(log: Log) -> Fake {
    Fake::new(&Arc::new(Mutex::new(Log { picture: Some(|step| RgbImage::new(1, step)), ..log })))
}

fn usual() -> Fake {
    fake(Log::default())
}

#[derive(Default)]
struct RecordingObserver<'a> {
    planned: Vec<u32>,
    pictures: Vec<u32>,
    converged: Vec<u32>,
    films: Vec<u32>,
    notices: Vec<String>,
    interrupt: Option<(u32, &'a AtomicBool)>,
}

impl RenderObserver for RecordingObserver<'_> {
    fn losses(&mut self, step: u32, _: &Losses, seconds: f64, planned: bool) {
        assert!(seconds >= 0.0);
        if planned {
            self.planned.push(step);
        }
        if let Some((at, flag)) = self.interrupt {
            flag.store(step >= at, Ordering::Relaxed);
        }
    }
    fn converged(&mut self, step: u32) {
        self.converged.push(step);
    }
    fn notice(&mut self, text: &str) {
        self.notices.push(text.to_owned());
    }
    fn picture(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        assert_eq!(picture.height(), step);
        self.pictures.push(step);
        Ok(())
    }
    fn film(&mut self, step: u32, _: &RgbImage) -> anyhow::Result<()> {
        self.films.push(step);
        Ok(())
    }
}

fn plan(steps: u32, losses_every: u32, picture_every: u32) -> RenderPlan {
    RenderPlan {
        losses_every: Some(losses_every),
        picture_every: Some(picture_every),
        ..RenderPlan::steps(steps)
    }
}

#[test]
fn losses_and_pictures_come_at_the_planned_steps() {
    let mut observer = RecordingObserver::default();
    let painted = paint(&mut usual(), plan(25, 4, 10), &AtomicBool::new(false), &mut observer);
    assert!(matches!(painted.end, RenderEnd::Finished));
    assert_eq!(observer.planned, [1, 4, 8, 12, 16, 20, 24, 25]);
    assert_eq!(observer.pictures, [10, 20]);
    assert_eq!(painted.picture.map(|(step, picture)| (step, picture.height())), Some((25, 25)));
    assert!(painted.first_picture.is_some());
}

#[test]
fn convergence_is_reported_once_and_ends_the_run_only_on_request() {
    for (stop_when_converged, steps) in [(false, 60), (true, 37)] {
        let mut observer = RecordingObserver::default();
        let mut fake = fake(Log { converged_at: Some(37), ..Log::default() });
        let plan = RenderPlan { stop_when_converged, ..plan(60, 1, 10) };
        let painted = paint(&mut fake, plan, &AtomicBool::new(false), &mut observer);
        assert!(matches!(painted.end, RenderEnd::Finished));
        assert_eq!((painted.steps, painted.picture.map(|(step, _)| step)), (steps, Some(steps)));
        assert_eq!(observer.converged, [37]);
    }
}

#[test]
fn what_a_run_had_to_do_without_is_told_when_it_happens_and_at_the_end() {
    // Also in the last step, which nothing follows but the end.
    let limited: AtStep = Arc::new(|_, step| {
        let limits = [3, 25].contains(&step).then(|| format!("smaller from step {step}"));
        Ok(limits.into_iter().collect())
    });
    let mut fake = fake(Log { at_step: Some(limited), ..Log::default() });
    let mut observer = RecordingObserver::default();
    let painted = paint(&mut fake, plan(25, 4, 10), &AtomicBool::new(false), &mut observer);
    assert_eq!(painted.limits, ["smaller from step 3", "smaller from step 25"]);
    assert_eq!(observer.notices, painted.limits);
    let again = paint(&mut fake, plan(5, 4, 10), &AtomicBool::new(false), &mut observer);
    assert_eq!(again.limits, [""; 0], "they are of one run");
}

#[test]
fn the_moments_of_a_time_lapse_thin_out_and_have_both_ends() {
    let mut observer = RecordingObserver::default();
    let plan = RenderPlan { film: true, ..RenderPlan::steps(500) };
    paint(&mut usual(), plan, &AtomicBool::new(false), &mut observer);
    assert_eq!(observer.films[..24], (1..=24).collect::<Vec<_>>());
    assert_eq!(observer.films.last(), Some(&500));
    assert!((60..140).contains(&observer.films.len()), "{}", observer.films.len());
    assert!(observer.pictures.is_empty());
}

#[test]
fn an_interruption_leaves_the_picture_as_it_is_then() {
    let flag = AtomicBool::new(false);
    let mut observer = RecordingObserver { interrupt: Some((7, &flag)), ..RecordingObserver::default() };
    let painted = paint(&mut usual(), plan(1000, 1, 1000), &flag, &mut observer);
    assert!(matches!(painted.end, RenderEnd::Interrupted));
    assert_eq!((painted.steps, painted.picture.map(|(step, _)| step)), (7, Some(7)));
}

#[test]
fn an_interruption_between_two_steps_leaves_the_picture_even_before_the_first() {
    for at in [1, 7] {
        let interrupted: AtStep = Arc::new(move |_, step| match step == at {
            true => Err(Interrupted.into()),
            false => Ok(Vec::new()),
        });
        let mut fake = fake(Log { at_step: Some(interrupted), ..Log::default() });
        let painted =
            paint(&mut fake, plan(50, 1, 100), &AtomicBool::new(false), &mut RecordingObserver::default());
        assert!(matches!(painted.end, RenderEnd::Interrupted));
        assert_eq!((painted.steps, painted.picture.map(|(step, _)| step)), (at - 1, Some(at - 1)));
    }
}

#[test]
fn an_interruption_before_the_first_step_leaves_nothing() {
    let painted =
        paint(&mut usual(), plan(5, 1, 1), &AtomicBool::new(true), &mut RecordingObserver::default());
    assert!(matches!(painted.end, RenderEnd::Interrupted));
    assert!(painted.picture.is_none() && painted.first_picture.is_none());
}

#[test]
fn failures_and_panics_leave_the_last_good_picture() {
    let panics: AtStep = Arc::new(|_, step| {
        assert_ne!(step, 6, "the driver is gone");
        Ok(Vec::new())
    });
    for (log, expected) in [
        (Log { not_finite_at: Some(6), ..Log::default() }, "no longer finite"),
        (Log { at_step: Some(panics), ..Log::default() }, "the driver is gone"),
    ] {
        let mut fake = fake(log);
        let painted =
            paint(&mut fake, plan(50, 1, 2), &AtomicBool::new(false), &mut RecordingObserver::default());
        let RenderEnd::Failed(error) = painted.end else { panic!("no failure") };
        assert!(format!("{error:#}").contains(expected), "{error:#}");
        assert!(error.to_string().contains("step 6"), "{error}");
        assert_eq!(painted.picture.map(|(step, _)| step), Some(4));
    }
}
