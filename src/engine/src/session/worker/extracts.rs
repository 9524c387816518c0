//! Extracts of single layers, made in slices while painting rests.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use super::{Engine, Event, RunState, Worker, panic_text};
use impasto_base::error::chain;

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    pub(super) fn take_visualization_request(&mut self) {
        if let Some(request) = self.shared.request.take() {
            self.extracting.set(request);
        }
    }

    /// How long to wait for commands before making a slice of an extract; `None` if nothing is pending or a
    /// run is painting.
    pub(super) fn extract_wait(&self) -> Option<Duration> {
        let state = self.run.as_ref().map(|run| run.state)?;
        let rests = matches!(state, RunState::Paused | RunState::Finished | RunState::Stopped);
        rests.then(|| self.extracting.wait(Instant::now())).flatten()
    }

    /// Make a slice of the next extract. A failure never affects the run.
    pub(super) fn extract(&mut self) {
        let (Some(order), Some(engine)) = (self.extracting.next().cloned(), &mut self.engine) else { return };
        self.extracting.in_hand = true;
        let result = match catch_unwind(AssertUnwindSafe(|| engine.extract(&order))) {
            Ok(Ok(Some(state))) => Ok(state),
            // The window sends a new request when the engine has another network.
            Ok(Ok(None)) => return self.extracting.give_up(),
            Ok(Err(error)) => Err(chain(&*error)),
            Err(panic) => {
                self.extracting.broken = true;
                Err(format!("the engine failed: {}", panic_text(&*panic)))
            }
        };
        if let Some(run) = &mut self.run {
            // Its time doesn't count as a step's.
            run.pace.resume(Instant::now());
        }
        let done = result.as_ref().map_or(true, |state| state.is_done());
        let event = Event::Extract { key: order.key, result: result.map(Box::new) };
        if done {
            self.extracting.done();
            self.outbox.send(event);
        } else {
            self.outbox.send_or_drop(event);
        }
    }

    /// Release the current extract before a step, unless the two alternate.
    pub(super) fn put_extract_aside(&mut self) {
        if self.extracting.in_hand && !self.extracting.takes_turns() {
            self.extracting.in_hand = false;
            if let Some(engine) = &mut self.engine
                && catch_unwind(AssertUnwindSafe(|| engine.put_extract_aside())).is_err()
            {
                self.extracting.broken = true;
            }
        }
    }
}
