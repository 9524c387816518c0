//! Applying changed settings and pictures to the engine, without styles' scales that do not fit into the
//! device's memory.

use super::{Engine, Event, Worker};
use impasto_base::error::chain;
use impasto_core::{
    settings::{Crop, Settings},
    transfer::{Inputs, TransferError},
};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Apply changed settings to the engine, and pictures if it `replaces` some. If a style's scale is too
    /// large for the device, the scales stay as they are in the run, also in `settings` and `inputs`, and
    /// everything else is applied; the user is notified once.
    pub(super) fn update_engine(
        &mut self,
        settings: &mut Settings,
        inputs: &mut Inputs,
        replaces: bool,
    ) -> Result<(), String> {
        let apply = |engine: &mut E, settings: &Settings, inputs: &Inputs| match replaces {
            true => engine.replace_pictures(settings, inputs),
            false => engine.update(settings, inputs),
        };
        let refused = self.guard(|engine, _| match apply(engine, settings, inputs) {
            Ok(()) => Ok(None),
            Err(error) => match error.downcast_ref::<TransferError>() {
                Some(TransferError::Scale { .. }) => Ok(Some(chain(&*error))),
                _ => Err(error),
            },
        })?;
        let Some(run) = &mut self.run else { return Ok(()) };
        let Some(text) = refused else {
            run.refused_scales = None;
            return Ok(());
        };
        let wanted = scales(settings, inputs);
        settings.style_scale = run.settings.style_scale;
        for (style, before) in inputs.styles.iter_mut().zip(&run.inputs.styles) {
            // A larger part takes more room too.
            (style.mix.scale, style.mix.crop) = (before.mix.scale, before.mix.crop);
        }
        let (run, known) = (run.id, run.refused_scales.replace(wanted.clone()) == Some(wanted));
        self.guard(|engine, _| apply(engine, settings, inputs))?;
        if !known {
            self.outbox.send(Event::Notice { run, text });
        }
        Ok(())
    }
}

/// The scale of all styles, then the scale and the part of each.
fn scales(settings: &Settings, inputs: &Inputs) -> Vec<(f64, Option<Crop>)> {
    let styles = inputs.mix();
    std::iter::once((settings.style_scale, None))
        .chain(styles.iter().map(|mix| (mix.scale, mix.crop)))
        .collect()
}
