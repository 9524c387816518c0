//! Maps of what a layer sees as alike, made between two steps.

use std::time::Instant;

use super::{Engine, Event, RunState, Worker};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Answer the latest request for a map, if there is one. The run is not changed.
    pub(super) fn answer_similarity(&mut self) {
        // A run may be among the commands that wait.
        if !(self.queue.is_empty() && self.commands.is_empty()) {
            return;
        }
        let Some(request) = self.shared.similar.take() else { return };
        let there = self
            .run
            .as_ref()
            .is_some_and(|run| !matches!(run.state, RunState::Failed | RunState::Preparing | RunState::Idle));
        let result = match there {
            true => self.guard(|engine, _| engine.similarity(request.layer, request.point)),
            false => Ok(None),
        };
        if let Some(run) = &mut self.run {
            // Its time doesn't count as a step's.
            run.pace.resume(Instant::now());
        }
        let result = result.and_then(|map| map.ok_or_else(|| "there is no painting yet".to_owned()));
        if let (Err(text), true, true) = (&result, there, self.engine.is_none()) {
            self.fail(text.clone());
        }
        self.outbox.send(Event::Similarity { number: request.number, result: result.map(Box::new) });
    }
}
