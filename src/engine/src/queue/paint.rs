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
