//! Replacing pictures during a run; those that cannot be used leave the former ones in force.

use super::{Engine, Event, Run, Worker};
use impasto_core::{settings::Settings, transfer::Inputs};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Whether an update replaces pictures. Those that were refused before are exchanged for the run's, so
    /// that the rest of the update is applied.
    pub(super) fn replaces_pictures(&self, settings: &mut Settings, inputs: &mut Inputs) -> bool {
        let Some(run) = &self.run else { return false };
        if run.refused_pictures.as_ref().is_some_and(|refused| refused.same_sources(inputs)) {
            run.keep_pictures(settings, inputs);
        }
        !run.inputs.same_sources(inputs)
    }

    /// Tell why an update's pictures cannot be used, and continue with the run's.
    pub(super) fn refuse_pictures(&mut self, text: &str, settings: &mut Settings, inputs: &mut Inputs) {
        let Some(run) = &mut self.run else { return };
        run.refused_pictures = Some(inputs.clone());
        run.keep_pictures(settings, inputs);
        let text = format!("painting goes on with the pictures as they were: {text}");
        self.outbox.send(Event::Notice { run: run.id, text });
    }
}

impl Run {
    /// Put the run's pictures in place of others.
    fn keep_pictures(&self, settings: &mut Settings, inputs: &mut Inputs) {
        let mix = inputs.mix();
        inputs.clone_from(&self.inputs);
        inputs.set_mix(&mix);
        settings.palette.clone_from(&self.settings.palette);
        settings.masks.clone_from(&self.settings.masks);
    }
}
