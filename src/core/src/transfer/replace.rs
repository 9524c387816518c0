//! Continue with other pictures: replace their images between two steps, and fade from the former targets to
//! the new ones.

use super::{StyleTransfer, TransferError, target_fade::Fade, targets::Replacement, transition::Transition};

impl StyleTransfer {
    /// Replace images between two steps. The painted image, the moments and the step count stay. If it
    /// `fades`, the targets move from the former to the new ones over ten steps, of which the tenth has the
    /// new ones alone. L-BFGS does not fade: its line search needs an objective that stays the same, so it
    /// begins again with the new targets.
    ///
    /// # Errors
    ///
    /// If a new image's shorter side is too short for the deepest layer in use; then nothing changes.
    ///
    /// # Panics
    ///
    /// If there is no style, not one weight per style, no former style of an index, or the content has
    /// another shape.
    pub fn replace(&mut self, replacement: &Replacement, fades: bool) -> Result<(), TransferError> {
        let Replacement { content, styles, style_weights } = replacement;
        assert!(!styles.is_empty(), "a run has at least one style");
        assert_eq!(styles.len(), style_weights.len(), "one weight per style");
        let shape = self.dimensions();
        assert!(content.as_ref().is_none_or(|content| content.dimensions() == shape), "same shape");
        let fades = fades && self.lbfgs.is_none();
        let balance = [self.settings.content_weight, self.settings.style_weight];
        self.evaluator.replace(replacement, &self.settings, fades)?;
        (self.calibration, self.fade) = (None, None);
        self.update_balance()?;
        if fades {
            self.fade = Some(Fade::new(balance));
            self.set_fade()?;
        }
        self.norm_monitor.forget_styles(true);
        self.on_objective_changed(Transition::Sudden);
        Ok(())
    }

    /// Check the present images, and new ones before [`StyleTransfer::replace`], for the effective settings
    /// of `settings`.
    ///
    /// # Errors
    ///
    /// If an image's shorter side is too short for the deepest layer in use.
    pub(super) fn check(
        &self,
        replacement: Option<&Replacement>,
        settings: &crate::settings::Modulated,
    ) -> Result<(), TransferError> {
        let settings = settings.effective();
        self.evaluator.check_layers(&settings)?;
        replacement.map_or(Ok(()), |replacement| self.evaluator.check(replacement, &settings))
    }

    /// Whether the targets are moving to those of new pictures.
    pub fn is_fading(&self) -> bool {
        self.fade.is_some()
    }

    /// Share of the new targets, 0 to 1, amid a fade.
    pub(super) fn fade_share(&self) -> Option<f64> {
        self.fade.as_ref().map(Fade::share)
    }

    /// Move the targets by a step of the fade, if there is one.
    pub(super) fn advance_fade(&mut self) -> Result<(), TransferError> {
        let Some(fade) = &mut self.fade else { return Ok(()) };
        match fade.advance() {
            true => self.set_fade()?,
            false => self.end_fade()?,
        }
        self.on_objective_changed(Transition::Gradual);
        Ok(())
    }

    /// End a fade at once: only the new targets remain.
    pub(super) fn end_fade(&mut self) -> Result<(), TransferError> {
        if self.fade.take().is_some() {
            self.evaluator.end_fade(&self.settings)?;
            self.update_balance()?;
        }
        Ok(())
    }

    fn set_fade(&mut self) -> Result<(), TransferError> {
        if let Some(fade) = &self.fade {
            self.evaluator.set_fade(fade.share(), &self.settings);
        }
        self.update_balance()
    }
}
