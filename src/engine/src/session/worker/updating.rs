//! Taking over changed settings and pictures between two steps.

use super::{Engine, Event, Run, RunState, Update, Worker};
use impasto_core::{
    settings::{Region, RegionRole, Settings},
    transfer::Inputs,
};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Take the run's latest update out of its slot, if there is one: hand it to the engine and record it.
    pub(super) fn take_update(&mut self) {
        let Some(run) = &self.run else { return };
        let (id, state, step) = (run.id, run.state, run.step);
        // Leave updates for a run that still waits in the inbox.
        let Some(update) = self.shared.update.take_if(|update| update.run <= id) else { return };
        let Update { number, run: target, mut settings, mut inputs, dragged } = update;
        if target != id || state == RunState::Failed {
            return;
        }
        let mut replaces = self.replaces_pictures(&mut settings, &mut inputs);
        let recoloured = self.run.as_ref().is_some_and(|run| {
            let other_content = run.inputs.content.sha256 != inputs.content.sha256;
            let kept = |settings: &Settings| -> Vec<Region> {
                settings.masks.of_role(RegionRole::Keep).cloned().collect()
            };
            let settled = settings.settled_colours();
            // Those that colours are settled in.
            let palette = |inputs: &Inputs| inputs.palette.as_ref().map(|palette| palette.sha256);
            let other_colours = replaces
                || run.inputs.mix() != inputs.mix()
                || palette(&run.inputs) != palette(&inputs)
                || run.settings.match_colours != settings.match_colours;
            run.settings.kept_colours() != settings.kept_colours()
                || run.settings.settled_colours() != settled
                || kept(&run.settings) != kept(&settings)
                || (other_content && settings.kept_colours() > 0.0)
                || (other_colours && settled > 0.0)
        });
        self.before_change();
        let repaints = self.run.as_ref().is_some_and(|run| {
            replaces || !run.inputs.same_mix_and_palette(&inputs) || run.settings.changes_painting(&settings)
        });
        if dragged && repaints && settings.follow_drags {
            self.start_downscale();
        }
        let mut applied = self.update_engine(&mut settings, &mut inputs, replaces);
        if let Err(text) = &applied
            && replaces
            && self.engine.is_some()
        {
            self.refuse_pictures(text, &mut settings, &mut inputs);
            replaces = false;
            applied = self.update_engine(&mut settings, &mut inputs, false);
        }
        match applied {
            Err(text) if self.engine.is_none() => return self.fail(text),
            Err(text) => return self.outbox.send(Event::Notice { run: id, text }),
            Ok(()) => {}
        }
        let converged = self.engine.as_ref().is_some_and(E::converged);
        if let Some(run) = &mut self.run {
            run.record_uncounted_steps();
            let changes = ((&run.settings, &settings), (&run.inputs, &inputs));
            match replaces {
                true => run.record.replace_pictures(step, changes.0, changes.1),
                false => run.record.change(step, changes.0, changes.1),
            }
            (run.settings, run.inputs) = (settings, inputs);
            run.update = number;
            run.changed |= repaints;
            run.converged = converged;
            if repaints {
                run.settling.reset();
            }
        }
        let over = self.run.as_ref().is_some_and(Run::is_over);
        match state {
            RunState::Finished if !over => {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.set_state(RunState::Running);
            }
            RunState::Running if over => self.stop_painting(RunState::Finished),
            RunState::Running | RunState::Preparing => {}
            // Recolouring shows without a step.
            _ if recoloured => {
                if let Some(run) = &mut self.run {
                    run.shown = None;
                    run.painted_update = run.update;
                }
                self.read_back(true);
            }
            _ => {}
        }
    }
}
