//! Checkpoint and restore a run.

use super::{
    StyleTransfer, TransferError,
    checkpoint::State,
    freeze::Frozen,
    guard::MAX_HALVINGS,
    painting::Painting,
    schedule::{Level, Schedule},
    state_file::{self, RunProgress, SavedRun},
    transition::Transition,
};

impl Painting {
    /// Serialize the complete state, see [`Painting::restore`].
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn checkpoint(&mut self) -> Result<Vec<u8>, TransferError> {
        let state = self.transfer()?.state()?;
        let progress = RunProgress {
            step: self.step,
            entered: self.entered,
            level: self.level,
            held: self.held,
            done: self.done,
            halvings: self.guard.halvings,
            levels: self.schedule.levels().to_vec(),
        };
        let frozen = self.frozen.as_ref().map(Frozen::planes);
        Ok(state_file::to_bytes(&progress, &self.details, frozen.as_ref(), &state))
    }

    /// Continue from an earlier step of a run with the same pictures: exactly if its state is given and the
    /// settings are those of that step, otherwise from the current picture, counted as that step.
    ///
    /// # Errors
    ///
    /// If the state belongs to other pictures or sizes, or the device fails; then nothing changes.
    pub fn restore(&mut self, step: u32, state: Option<&[u8]>) -> Result<(), TransferError> {
        let Some(bytes) = state else {
            self.step = step;
            self.entered = step;
            self.share_steps();
            return self.keep_state();
        };
        let SavedRun { progress, details, frozen, state } = state_file::from_bytes(bytes)?;
        let frozen = frozen.map(|planes| Frozen::of(&planes));
        if frozen.as_ref().is_some_and(|frozen| frozen.shown.dimensions() != self.shape) {
            return Err(TransferError::Checkpoint);
        }
        let RunProgress { step, entered, level, held, done, halvings, levels } = progress;
        let sizes = |levels: &[Level]| levels.iter().map(|level| level.size).collect::<Vec<_>>();
        let counted = entered <= step && step <= u32::MAX / 2 && done.is_finite() && done >= 0.0;
        let counted = counted && halvings <= MAX_HALVINGS;
        if !counted || level >= levels.len() || sizes(&levels) != sizes(self.schedule.levels()) {
            return Err(TransferError::Checkpoint);
        }
        // The last step used the automation of the step before.
        self.modulate_to(step.saturating_sub(1))?;
        self.level = level;
        let before = std::mem::replace(&mut self.guard.halvings, halvings);
        if let Err(error) = self.begin_level_with(&state) {
            self.guard.halvings = before;
            let (width, height) = self.transfer.as_ref().map_or((0, 0), StyleTransfer::dimensions);
            self.level = self.schedule.level_for(width.max(height));
            return Err(error);
        }
        (self.step, self.entered, self.held, self.done, self.details) = (step, entered, held, done, details);
        self.schedule = Schedule::of(levels);
        if self.masks.freeze() && frozen.is_some() {
            self.frozen = frozen;
        }
        self.keep_state()
    }

    /// Apply a state at the current level, preparing that level if another one is loaded.
    fn begin_level_with(&mut self, state: &State) -> Result<(), TransferError> {
        if self.transfer()?.dimensions() == (state.variable.width, state.variable.height) {
            let keys = self.inputs.image_keys(&self.level_settings());
            self.apply_inputs(&keys, Transition::Gradual, false)?;
            self.transfer()?.end_fade()?;
            return self.transfer()?.set_state(state);
        }
        // Check first, so that an invalid state doesn't drop the loaded level.
        if !state.fits(self.settings.optimizer) {
            return Err(TransferError::Checkpoint);
        }
        if self.inputs.shapes(&self.level_settings()).content != (state.variable.width, state.variable.height)
        {
            return Err(TransferError::Checkpoint);
        }
        let network = self.transfer.take().map(StyleTransfer::into_network);
        let mut transfer = self.begin_level(network)?;
        let taken = transfer.set_state(state);
        self.transfer = Some(transfer);
        taken
    }
}
