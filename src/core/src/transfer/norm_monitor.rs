//! Monitor of the gradient norms of the objective's terms, for the mixer's level meters.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::Term;
use crate::settings::Settings;

/// Unweighted gradient norms ‖∂Lₜ/∂x‖ of terms t with respect to the optimised variable x. Measured one term
/// at a time, so they are from different steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientNorms {
    norms: BTreeMap<Term, f64>,
    /// Effective α and β if the style amount sets them.
    pub balance: Option<[f64; 2]>,
}

impl GradientNorms {
    pub fn set(&mut self, term: Term, norm: f64) {
        self.norms.insert(term, norm);
    }

    pub fn get(&self, term: Term) -> Option<f64> {
        self.norms.get(&term).copied()
    }

    /// Multiply every norm by a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let norms = self.norms.iter().map(|(&term, norm)| (term, norm * factor));
        Self { norms: norms.collect(), balance: self.balance }
    }

    /// Share of each active term in the gradient, 0 to 1: its norm times its weight, over the sum of all.
    /// `None` until every active term has been measured.
    pub fn shares(&self, settings: &Settings) -> Option<BTreeMap<Term, f64>> {
        let mut effective = settings.effective();
        if let (Some(_), Some([alpha, beta])) = (settings.style_amount, self.balance) {
            effective.set_balance([alpha, beta]);
        }
        let norms: Option<BTreeMap<Term, f64>> = Term::active(&effective)
            .map(|term| Some((term, term.weight(&effective) * self.get(term)?)))
            .collect();
        let mut norms = norms?;
        let sum: f64 = norms.values().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return None;
        }
        norms.values_mut().for_each(|norm| *norm /= sum);
        Some(norms)
    }
}

/// Schedules the measurement of terms and stores the results.
#[derive(Default)]
pub struct GradientNormMonitor {
    norms: GradientNorms,
    /// Whether to measure in the next step.
    requested: bool,
    last: Option<Term>,
    /// The last measured norm `[1]`, still on the device.
    found: Option<(Term, Tensor<1>)>,
}

impl GradientNormMonitor {
    /// Request the measurement of one term in the next step.
    pub fn request(&mut self) {
        self.requested = true;
    }

    /// The term to measure in this step, if requested: one without a norm, otherwise the one after the last.
    pub fn next_term(&mut self, effective: &Settings) -> Option<Term> {
        if !std::mem::take(&mut self.requested) || self.found.is_some() {
            return None;
        }
        let missing = Term::active(effective).find(|term| self.norms.get(*term).is_none());
        let after = || Term::active(effective).find(|term| Some(*term) > self.last);
        self.last = missing.or_else(after).or_else(|| Term::active(effective).next());
        self.last
    }

    /// Record a term's gradient `[1, 3, H, W]`.
    pub fn record(&mut self, term: Term, gradient: &Tensor<4>) {
        self.found = Some((term, gradient.clone().square().sum().sqrt()));
    }

    /// The norm to read back, if any.
    pub fn value(&self) -> Option<Tensor<1>> {
        self.found.as_ref().map(|(_, norm)| norm.clone())
    }

    /// Store the norm after its read-back.
    pub fn read(&mut self, norm: f64) {
        if let Some((term, _)) = self.found.take()
            && norm.is_finite()
        {
            self.norms.set(term, norm);
        }
    }

    pub fn norms(&self) -> &GradientNorms {
        &self.norms
    }

    /// Set the α and β of the style amount, if any.
    pub fn set_balance(&mut self, balance: Option<[f64; 2]>) {
        self.norms.balance = balance;
    }

    /// Drop the styles' norms after a change of their targets. Other pictures or shares also change the
    /// reference of the content term.
    pub fn forget_styles(&mut self, pictures: bool) {
        self.norms.norms.retain(|term, _| match term {
            Term::Style(_) => false,
            Term::Content(_) => !pictures,
            Term::Global(term) => !term.compares_styles(),
        });
        self.found = None;
    }

    /// Continue with another level's norms.
    pub fn set_norms(&mut self, norms: &GradientNorms) {
        // Keep this level's balance.
        self.norms = GradientNorms { balance: self.norms.balance, ..norms.clone() };
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::settings::{GlobalTerm, LayerWeights, Strip};
    use impasto_network::vgg::Layer;

    const SMOOTHNESS: Term = Term::Global(GlobalTerm::Smoothness);

    fn measure(norm_monitor: &mut GradientNormMonitor, settings: &Settings, norm: f32) -> Option<Term> {
        norm_monitor.request();
        let term = norm_monitor.next_term(&settings.effective())?;
        let data = TensorData::new(vec![norm, 0.0, 0.0], [1, 3, 1, 1]);
        norm_monitor.record(term, &Tensor::from_data(data, &Device::flex()));
        let found: Vec<f32> = norm_monitor.value().unwrap().into_data().try_to_vec().unwrap();
        norm_monitor.read(f64::from(found[0]));
        Some(term)
    }

    #[test]
    fn terms_are_measured_in_rotation_and_missing_ones_first() {
        let mut settings = Settings { smoothness_weight: 0.0, ..Settings::default() };
        settings.content_layers = LayerWeights::paper_content();
        let [first, second] = [Layer::ALL[0], Layer::ALL[2]].map(Term::Style);
        settings.style_layers = [(Layer::ALL[0], 0.5), (Layer::ALL[2], 2.0)].into_iter().collect();
        settings.content_layers.set_strip(Layer::ALL[9], Strip { weight: 1.0, muted: true, solo: false });
        let mut norm_monitor = GradientNormMonitor::default();
        assert_eq!(norm_monitor.next_term(&settings.effective()), None, "nobody has requested");
        assert_eq!(measure(&mut norm_monitor, &settings, 3.0), Some(first));
        assert_eq!(norm_monitor.norms().shares(&settings), None, "one of two");
        assert_eq!(measure(&mut norm_monitor, &settings, 0.25), Some(second));
        // β·.5·3 against β·2·.25.
        let shares = norm_monitor.norms().shares(&settings).unwrap();
        assert_eq!((shares[&first], shares[&second]), (0.75, 0.25));
        assert_eq!(measure(&mut norm_monitor, &settings, 1.0), Some(first));
        settings.smoothness_weight = 1.0;
        settings.content_layers = LayerWeights::paper_content();
        assert_eq!(measure(&mut norm_monitor, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
        assert_eq!(measure(&mut norm_monitor, &settings, 1.0), Some(SMOOTHNESS));
        assert_eq!(measure(&mut norm_monitor, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
        let left = |norm_monitor: &GradientNormMonitor| {
            norm_monitor.norms().norms.keys().copied().collect::<Vec<_>>()
        };
        norm_monitor.forget_styles(false);
        assert_eq!(left(&norm_monitor), [Term::Content(Layer::ALL[9]), SMOOTHNESS]);
        norm_monitor.forget_styles(true);
        assert_eq!(left(&norm_monitor), [SMOOTHNESS]);
        assert_eq!(norm_monitor.norms().shares(&settings), None);
        assert_eq!(measure(&mut norm_monitor, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
    }
}
