//! The headless painting loop: steps, read-backs, interruption and failure. It knows neither files nor
//! terminals, so that tests can drive it with a small engine of their own.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context;
use image::RgbImage;

use super::RenderObserver;
use crate::{
    replay::Interrupted,
    session::{Engine, EngineError},
};
use impasto_core::{settings::Settings, transfer::Losses};

/// Which steps to paint and to read back.
#[derive(Clone, Copy, Debug)]
pub struct RenderPlan {
    pub steps: u32,
    /// Read the losses at every multiple of this, and at the first and last step.
    pub losses_every: Option<u32>,
    /// Report the picture at every multiple of this.
    pub picture_every: Option<u32>,
    /// Stop when the objective has converged.
    pub stop_when_converged: bool,
    /// Report pictures for a time-lapse: every step at first, ever fewer later.
    pub film: bool,
}

impl RenderPlan {
    /// So many steps, of which nothing but the last picture is needed.
    pub fn steps(steps: u32) -> Self {
        Self { steps, losses_every: None, picture_every: None, stop_when_converged: false, film: false }
    }

    /// A run as these settings ask for it, of which nothing but the last picture is needed.
    pub fn of(settings: &Settings) -> Self {
        Self { stop_when_converged: settings.stop_when_converged, ..Self::steps(settings.steps) }
    }
}

/// Why the loop ended.
#[derive(Debug)]
pub enum RenderEnd {
    Finished,
    Interrupted,
    Failed(anyhow::Error),
}

/// The result of the painting loop.
#[derive(Debug)]
pub struct RenderResult {
    pub end: RenderEnd,
    /// Steps painted.
    pub steps: u32,
    /// The last good picture, and the step after which it was read.
    pub picture: Option<(u32, RgbImage)>,
    /// When the first picture was read.
    pub first_picture: Option<Instant>,
    /// What the run had to do without, see [`Engine::take_limits`]: the picture is not what the settings ask
    /// for. The observer gets them as notices, too.
    pub limits: Vec<String>,
}

/// Read the picture at least this often, so that a failure late in a run does not lose everything.
const READ_EVERY: Duration = Duration::from_secs(2);
/// Queue steps on the device in batches of about this length: long enough to keep a fast device busy, short
/// enough to notice an interruption.
const BATCH: Duration = Duration::from_millis(50);
const MAX_BATCH: u32 = 64;
/// Steps so far per step between two pictures of a time-lapse: 500 steps give about 100.
const FILM_DENSITY: u32 = 24;

/// Paint a prepared run until it ends, is interrupted or fails.
pub fn paint(
    engine: &mut dyn Engine,
    plan: RenderPlan,
    interrupted: &AtomicBool,
    observer: &mut dyn RenderObserver,
) -> RenderResult {
    let mut painted = RenderResult {
        end: RenderEnd::Finished,
        steps: 0,
        picture: None,
        first_picture: None,
        limits: Vec::new(),
    };
    let mut run = Loop { engine, plan, observer, began: Instant::now(), painted: &mut painted };
    let end = match run.paint_steps(interrupted) {
        Ok(end) => end,
        Err(error) => RenderEnd::Failed(error),
    };
    run.report_notices();
    painted.end = end;
    painted
}

struct Loop<'a> {
    engine: &'a mut dyn Engine,
    plan: RenderPlan,
    observer: &'a mut dyn RenderObserver,
    began: Instant,
    painted: &'a mut RenderResult,
}

impl Loop<'_> {
    fn paint_steps(&mut self, interrupted: &AtomicBool) -> anyhow::Result<RenderEnd> {
        let mut batch = 1;
        let mut pending = 0;
        let mut synchronised = Instant::now();
        let mut last_read = Instant::now();
        let mut converged = false;
        let mut filmed = 0;
        for step in 1..=self.plan.steps {
            self.observer.before_step();
            if interrupted.load(Ordering::Relaxed) {
                return self.last_picture().map(|()| RenderEnd::Interrupted);
            }
            let failed = || format!("painting failed at step {step}");
            match guarded(|| self.engine.step()) {
                Err(error) if is_interruption(&error) => {
                    // The picture may have changed since the last step, also before the first.
                    let films = self.plan.film && filmed != step - 1;
                    return self.read(step - 1, films).map(|()| RenderEnd::Interrupted);
                }
                result => result.with_context(failed)?,
            }
            self.painted.steps = step;
            self.report_notices();
            pending += 1;
            let wanted = |every: Option<u32>| every.is_some_and(|every| step.is_multiple_of(every));
            let ends = step == 1 || step == self.plan.steps;
            let films = self.plan.film && (ends || (step - filmed) * FILM_DENSITY >= step);
            if films || ends || wanted(self.plan.picture_every) || last_read.elapsed() >= READ_EVERY {
                if films {
                    filmed = step;
                }
                self.read(step, films).with_context(failed)?;
                last_read = Instant::now();
            } else if wanted(self.plan.losses_every) || pending >= batch {
                let losses = guarded(|| self.engine.losses()).with_context(failed)?;
                self.report_losses(step, losses.as_ref());
            } else {
                continue;
            }
            if self.engine.converged() && !converged {
                converged = true;
                self.observer.converged(step);
                if self.plan.stop_when_converged {
                    return self.last_picture().map(|()| RenderEnd::Finished);
                }
            }
            let seconds = synchronised.elapsed().as_secs_f64() / f64::from(pending);
            batch = ((BATCH.as_secs_f64() / seconds.max(1e-9)) as u32).clamp(1, MAX_BATCH);
            pending = 0;
            synchronised = Instant::now();
        }
        Ok(RenderEnd::Finished)
    }

    /// Read the picture of the last step, if it was not read yet.
    fn last_picture(&mut self) -> anyhow::Result<()> {
        let step = self.painted.steps;
        let known = self.painted.picture.as_ref().map_or(0, |&(step, _)| step);
        if step > known {
            self.read(step, self.plan.film).with_context(|| format!("painting failed at step {step}"))?;
        }
        Ok(())
    }

    fn read(&mut self, step: u32, films: bool) -> anyhow::Result<()> {
        let reading = guarded(|| self.engine.read())?;
        self.painted.first_picture.get_or_insert_with(Instant::now);
        self.report_losses(step, reading.losses.as_ref());
        let (_, picture) = self.painted.picture.insert((step, reading.picture));
        self.observer.picture_read(picture);
        if self.plan.picture_every.is_some_and(|every| step.is_multiple_of(every)) {
            self.observer.picture(step, picture)?;
        }
        if films {
            self.observer.film(step, picture)?;
        }
        Ok(())
    }

    fn report_notices(&mut self) {
        self.engine.take_notices().iter().for_each(|text| self.observer.notice(text));
        for text in self.engine.take_limits() {
            self.observer.notice(&text);
            self.painted.limits.push(text);
        }
    }

    fn report_losses(&mut self, step: u32, losses: Option<&Losses>) {
        if let Some(losses) = losses {
            let ends = step == 1 || step == self.plan.steps;
            let planned = self.plan.losses_every.is_some_and(|every| ends || step.is_multiple_of(every));
            self.observer.losses(step, losses, self.began.elapsed().as_secs_f64(), planned);
        }
    }
}

fn is_interruption(error: &anyhow::Error) -> bool {
    error.downcast_ref::<EngineError>().is_some_and(|error| error.is::<Interrupted>())
}

/// Call the engine and turn a panic in it or in a driver into an error, so that the painted picture is not
/// lost.
pub fn guarded<T>(call: impl FnOnce() -> Result<T, EngineError>) -> anyhow::Result<T> {
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(anyhow::Error::from_boxed),
        Err(payload) => {
            let message = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("without a message");
            Err(anyhow::anyhow!("the engine panicked: {message}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{PyramidProgress, Reading};
    use impasto_core::{
        run::{Job, RunInfo},
        settings::Settings,
        transfer::{GradientNorms, Inputs},
    };

    /// Steps cost nothing; the picture is not finite from step `fails_at`, and step `panics_at` panics.
    #[derive(Default)]
    struct Fake {
        step: u32,
        fails_at: Option<u32>,
        panics_at: Option<u32>,
        interrupted_at: Option<u32>,
        converges_at: Option<u32>,
        /// The steps before which the device has no memory left.
        limited_at: Vec<u32>,
        limits: Vec<String>,
    }

    impl Engine for Fake {
        fn start(
            &mut self,
            _: &Job,
            _: Option<&RgbImage>,
            _: &mut dyn FnMut(&str),
        ) -> Result<RunInfo, EngineError> {
            Err("not needed".into())
        }
        fn update(&mut self, _: &Settings, _: &Inputs) -> Result<(), EngineError> {
            Ok(())
        }
        fn step(&mut self) -> Result<(), EngineError> {
            if Some(self.step + 1) == self.interrupted_at {
                return Err(Interrupted.into());
            }
            self.step += 1;
            if self.limited_at.contains(&self.step) {
                self.limits.push(format!("smaller from step {}", self.step));
            }
            assert_ne!(Some(self.step), self.panics_at, "the driver is gone");
            Ok(())
        }
        fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
            match self.fails_at {
                Some(step) if self.step >= step => Err("the picture is not finite".into()),
                _ => Ok((self.step > 0).then(Losses::default)),
            }
        }
        fn read(&mut self) -> Result<Reading, EngineError> {
            let losses = self.losses()?;
            let picture = RgbImage::new(1, self.step);
            Ok(Reading {
                step: self.step,
                place: PyramidProgress::default(),
                losses,
                norms: GradientNorms::default(),
                picture,
                plain: None,
            })
        }
        fn take_limits(&mut self) -> Vec<String> {
            std::mem::take(&mut self.limits)
        }
        fn converged(&self) -> bool {
            self.converges_at.is_some_and(|at| self.step >= at)
        }
        fn end(&mut self) {}
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
        let painted = paint(&mut Fake::default(), plan(25, 4, 10), &AtomicBool::new(false), &mut observer);
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
            let mut fake = Fake { converges_at: Some(37), ..Fake::default() };
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
        let mut fake = Fake { limited_at: vec![3, 25], ..Fake::default() };
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
        paint(&mut Fake::default(), plan, &AtomicBool::new(false), &mut observer);
        assert_eq!(observer.films[..24], (1..=24).collect::<Vec<_>>());
        assert_eq!(observer.films.last(), Some(&500));
        assert!((60..140).contains(&observer.films.len()), "{}", observer.films.len());
        assert!(observer.pictures.is_empty());
    }

    #[test]
    fn an_interruption_leaves_the_picture_as_it_is_then() {
        let flag = AtomicBool::new(false);
        let mut observer = RecordingObserver { interrupt: Some((7, &flag)), ..RecordingObserver::default() };
        let painted = paint(&mut Fake::default(), plan(1000, 1, 1000), &flag, &mut observer);
        assert!(matches!(painted.end, RenderEnd::Interrupted));
        assert_eq!((painted.steps, painted.picture.map(|(step, _)| step)), (7, Some(7)));
    }

    #[test]
    fn an_interruption_between_two_steps_leaves_the_picture_even_before_the_first() {
        for at in [1, 7] {
            let mut fake = Fake { interrupted_at: Some(at), ..Fake::default() };
            let painted = paint(
                &mut fake,
                plan(50, 1, 100),
                &AtomicBool::new(false),
                &mut RecordingObserver::default(),
            );
            assert!(matches!(painted.end, RenderEnd::Interrupted));
            assert_eq!((painted.steps, painted.picture.map(|(step, _)| step)), (at - 1, Some(at - 1)));
        }
    }

    #[test]
    fn an_interruption_before_the_first_step_leaves_nothing() {
        let painted = paint(
            &mut Fake::default(),
            plan(5, 1, 1),
            &AtomicBool::new(true),
            &mut RecordingObserver::default(),
        );
        assert!(matches!(painted.end, RenderEnd::Interrupted));
        assert!(painted.picture.is_none() && painted.first_picture.is_none());
    }

    #[test]
    fn failures_and_panics_leave_the_last_good_picture() {
        for fake in
            [Fake { fails_at: Some(6), ..Fake::default() }, Fake { panics_at: Some(6), ..Fake::default() }]
        {
            let expected = if fake.fails_at.is_some() { "not finite" } else { "the driver is gone" };
            let mut fake = fake;
            let painted =
                paint(&mut fake, plan(50, 1, 2), &AtomicBool::new(false), &mut RecordingObserver::default());
            let RenderEnd::Failed(error) = painted.end else { panic!("no failure") };
            assert!(format!("{error:#}").contains(expected), "{error:#}");
            assert!(error.to_string().contains("step 6"), "{error}");
            assert_eq!(painted.picture.map(|(step, _)| step), Some(4));
        }
    }
}
