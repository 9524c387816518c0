//! Settings that change between two steps of an optimisation.

use super::{
    StyleTransfer, TransferError, adam::Adam, amount::Calibration, average::Average, lbfgs::Lbfgs,
    lowest::Lowest, norm_monitor::GradientNormMonitor, transition::Transition,
};
use crate::settings::{GlobalTerm, Modulated, Optimizer, Settings};

impl StyleTransfer {
    /// Set α and β by the style amount, measuring layers that have not been measured.
    pub(super) fn update_balance(&mut self) -> Result<(), TransferError> {
        let mut balance = None;
        if let Some(amount) = self.requested.style_amount {
            let calibration = match self.calibration.take().filter(|before| before.fits(&self.requested)) {
                Some(calibration) => calibration,
                None => {
                    // It applies to the new targets.
                    self.evaluator.set_fade(1.0, &self.settings);
                    let measured = Calibration::measure(&mut self.evaluator, &self.space, &self.requested)?;
                    if let Some(fade) = &self.fade {
                        self.evaluator.set_fade(fade.share(), &self.settings);
                    }
                    measured
                }
            };
            balance = calibration.balance(amount, &self.requested);
            if let Some(fade) = &self.fade {
                balance = balance.map(|new| fade.balance(new));
            }
            self.calibration = Some(calibration);
        }
        if let Some([alpha, beta]) = balance {
            self.settings.set_balance([alpha, beta]);
            self.evaluator.prepare(&self.settings)?;
        }
        self.norm_monitor.set_balance(balance);
        Ok(())
    }

    /// Apply changed settings between two steps: weights, layers, the pooling, optimizer constants, the
    /// weights of the styles. The image, the moments and the step count stay. Settings listed by
    /// [`Settings::restart_reasons`] are ignored.
    ///
    /// # Errors
    ///
    /// If an added layer is too deep for the pictures; then nothing changes.
    pub fn update(
        &mut self,
        settings: impl Into<Modulated>,
        style_weights: &[f64],
    ) -> Result<(), TransferError> {
        self.change(&settings.into(), style_weights, Transition::Sudden)
    }

    /// As [`StyleTransfer::update`], for a kind of change.
    pub(super) fn change(
        &mut self,
        settings: &Modulated,
        style_weights: &[f64],
        transition: Transition,
    ) -> Result<(), TransferError> {
        let before = self.settings.clone();
        let requested = settings.for_run_of(&self.requested);
        self.settings = requested.effective();
        self.evaluator.prepare(&self.settings).inspect_err(|_| self.settings = before.clone())?;
        if self.settings.optimizer == Optimizer::Lbfgs {
            self.end_fade()?;
        }
        let styles_changed = self.evaluator.blend(style_weights, &self.settings);
        let regions_of = |s: &Settings| -> Vec<_> {
            s.masks.painted().map(|region| (region.strength, region.styles.clone())).collect()
        };
        if styles_changed || regions_of(&before) != regions_of(&self.settings) {
            self.calibration = None;
        }
        let requested_before = std::mem::replace(&mut self.requested, requested);
        if let Err(error) = self.update_balance() {
            self.settings = before;
            self.requested = requested_before;
            return Err(error);
        }
        let weights_of = |s: &Settings| {
            (
                s.content_weight,
                s.style_weight,
                GlobalTerm::ALL.iter().map(|term| term.weight(s)).collect::<Vec<_>>(),
                if s.sliced_weight > 0.0 { s.sliced_bases } else { 1 },
                s.smoothness,
                s.statistic,
                s.luminance_only,
                s.pooling,
                s.content_layers.clone(),
                s.style_layers.clone(),
                regions_of(s),
            )
        };
        if styles_changed || weights_of(&before) != weights_of(&self.settings) {
            self.on_objective_changed(transition);
        }
        // Last, to keep the average that covers Adam's first steps.
        if self.settings.optimizer != before.optimizer {
            self.change_optimizer();
        }
        if before.feature_settings() != self.settings.feature_settings() {
            self.norm_monitor = GradientNormMonitor::default();
        } else if styles_changed || before.statistic != self.settings.statistic {
            self.norm_monitor.forget_styles(styles_changed);
        }
        Ok(())
    }

    /// Handle a change of the objective: reset the history of L-BFGS; after a sudden one also fade the
    /// average and prepare to rescale Adam's moments.
    pub(super) fn on_objective_changed(&mut self, transition: Transition) {
        self.lowest = Lowest::default();
        self.converged = false;
        if let Some(lbfgs) = &mut self.lbfgs {
            if let Some(iterate) = lbfgs.iterate() {
                self.variable = iterate.clone();
            }
            self.evaluator.targets_mut().expire_aims();
            return lbfgs.forget();
        }
        if transition == Transition::Sudden {
            self.reweighted = true;
            self.average.fade();
        }
    }

    /// Continue from the displayed picture with a new optimizer.
    fn change_optimizer(&mut self) {
        let shown = self.shown();
        self.average = Average::default();
        self.adam = Adam::new();
        self.gradient_norm = None;
        self.reweighted = false;
        self.lbfgs = (self.settings.optimizer == Optimizer::Lbfgs).then(Lbfgs::new);
        self.lowest.restart_window();
        self.converged = false;
        if self.lbfgs.is_none() && self.settings.averaging > 0.0 {
            // Adam's first steps are the noisiest.
            self.average.begin(self.space.confine(shown.clone()));
        }
        self.variable = self.space.confine(shown);
    }
}
