//! Downscaling: a smaller size while a control is dragged, and back afterwards.

use std::time::{Duration, Instant};

use super::{DownscalePart, Engine, Pace, RunState, Worker};

/// Steps longer than this, in seconds, are too slow to follow a drag.
const FAST_STEP: f64 = 0.1;
/// Idle time after a drag before painting returns to the full size.
const DRAG_REST: Duration = Duration::from_millis(700);

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Go to a smaller size if steps are too slow to follow a drag, or stay there.
    pub(super) fn start_downscale(&mut self) {
        let Some(run) = self.run.as_mut().filter(|run| run.state == RunState::Running) else { return };
        if run.downscale.is_none() {
            let measured = run.pace.seconds_per_step();
            let seconds = if measured > 0.0 { measured } else { run.full_size_seconds };
            run.full_size_seconds = seconds;
            if seconds <= FAST_STEP {
                return;
            }
            match self.guard(|engine, _| engine.begin_downscale(FAST_STEP / seconds)) {
                Err(message) => return self.fail(message),
                Ok(false) => return,
                Ok(true) => {}
            }
        }
        if let Some(run) = &mut self.run {
            if run.downscale.is_none() {
                // The time per step depends on the size.
                run.pace = Pace::new(Instant::now());
                run.record.add_downscale(run.step, DownscalePart::Begin(FAST_STEP / run.full_size_seconds));
            }
            run.downscale = Some(Instant::now());
        }
    }

    pub(super) fn has_rested(&self) -> bool {
        let since = self.run.as_ref().and_then(|run| run.downscale);
        since.is_some_and(|since| since.elapsed() >= DRAG_REST)
    }

    /// Return to the full size, if downscaled.
    pub(super) fn end_downscale(&mut self) {
        if self.run.as_mut().is_none_or(|run| run.state == RunState::Failed || run.downscale.take().is_none())
        {
            return;
        }
        match self.guard(|engine, _| engine.end_downscale()) {
            Err(message) => self.fail(message),
            Ok(()) => {
                if let Some(run) = &mut self.run {
                    run.record_uncounted_steps();
                    run.record.add_downscale(run.step, DownscalePart::End);
                    run.pace = Pace::new(Instant::now());
                    run.shown = None;
                }
            }
        }
    }
}
