//! How much of the image's gradient each term of the objective has: the level meters of the mixer.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::Term;
use crate::settings::Settings;

/// ‖∂Lₜ/∂x‖ of terms t before their weights, x being the optimised variable. Measured one at a time, so they are of
/// different steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientNorms {
    norms: BTreeMap<Term, f64>,
    /// α and β in force where the style amount has set them.
    pub balance: Option<[f64; 2]>,
}

impl GradientNorms {
    pub fn set(&mut self, term: Term, norm: f64) {
        self.norms.insert(term, norm);
    }

    pub fn get(&self, term: Term) -> Option<f64> {
        self.norms.get(&term).copied()
    }

    /// The same times a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let norms = self.norms.iter().map(|(&term, norm)| (term, norm * factor));
        Self { norms: norms.collect(), balance: self.balance }
    }

    /// Each counting term's share of the gradient, 0 to 1: its norm times its weight, in the sum of all. `None` until
    /// every counting term has been measured.
    pub fn shares(&self, settings: &Settings) -> Option<BTreeMap<Term, f64>> {
        let mut heard = settings.heard();
        if let (Some(_), Some([alpha, beta])) = (settings.style_amount, self.balance) {
            heard.set_balance([alpha, beta]);
        }
        let norms: Option<BTreeMap<Term, f64>> =
            Term::heard(&heard).map(|term| Some((term, term.weight(&heard) * self.get(term)?))).collect();
        let mut norms = norms?;
        let sum: f64 = norms.values().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return None;
        }
        norms.values_mut().for_each(|norm| *norm /= sum);
        Some(norms)
    }
}

/// Decides which term is measured next and keeps what was found.
#[derive(Default)]
pub struct Meter {
    norms: GradientNorms,
    /// Measure in the next step.
    asked: bool,
    last: Option<Term>,
    /// What the last measuring step found, `[1]`, still on the device.
    found: Option<(Term, Tensor<1>)>,
}

impl Meter {
    /// Asks for one term in the next step.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// The term that this step is to measure, if any: one that has no norm yet, otherwise the one after the last.
    pub fn due(&mut self, heard: &Settings) -> Option<Term> {
        if !std::mem::take(&mut self.asked) || self.found.is_some() {
            return None;
        }
        let missing = Term::heard(heard).find(|term| self.norms.get(*term).is_none());
        let after = || Term::heard(heard).find(|term| Some(*term) > self.last);
        self.last = missing.or_else(after).or_else(|| Term::heard(heard).next());
        self.last
    }

    /// Takes a term's gradient `[1, 3, H, W]`.
    pub fn take(&mut self, term: Term, gradient: &Tensor<4>) {
        self.found = Some((term, gradient.clone().square().sum().sqrt()));
    }

    /// The norm that waits to be read back, if any.
    pub fn value(&self) -> Option<Tensor<1>> {
        self.found.as_ref().map(|(_, norm)| norm.clone())
    }

    /// Takes the waiting norm as it was read back.
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

    /// Takes the α and β that the style amount has set, if any.
    pub fn set_balance(&mut self, balance: Option<[f64; 2]>) {
        self.norms.balance = balance;
    }

    /// Forgets the styles' norms: they have another aim now. With other pictures or shares of them, what content is
    /// relative to is another as well.
    pub fn forget_styles(&mut self, pictures: bool) {
        self.norms.norms.retain(|term, _| match term {
            Term::Style(_) => false,
            Term::Content(_) => !pictures,
            Term::Global(term) => !term.compares_styles(),
        });
        self.found = None;
    }

    /// Goes on with another size's norms.
    pub fn take_over(&mut self, norms: &GradientNorms) {
        // The balance is this size's own.
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

    fn measure(meter: &mut Meter, settings: &Settings, norm: f32) -> Option<Term> {
        meter.ask();
        let term = meter.due(&settings.heard())?;
        let data = TensorData::new(vec![norm, 0.0, 0.0], [1, 3, 1, 1]);
        meter.take(term, &Tensor::from_data(data, &Device::flex()));
        let found: Vec<f32> = meter.value().unwrap().into_data().try_to_vec().unwrap();
        meter.read(f64::from(found[0]));
        Some(term)
    }

    #[test]
    fn terms_are_measured_in_rotation_and_what_is_missing_first() {
        let mut settings = Settings { smoothness_weight: 0.0, ..Settings::default() };
        settings.content_layers = LayerWeights::paper_content();
        let [first, second] = [Layer::ALL[0], Layer::ALL[2]].map(Term::Style);
        settings.style_layers = [(Layer::ALL[0], 0.5), (Layer::ALL[2], 2.0)].into_iter().collect();
        settings.content_layers.set_strip(Layer::ALL[9], Strip { weight: 1.0, muted: true, solo: false });
        let mut meter = Meter::default();
        assert_eq!(meter.due(&settings.heard()), None, "nobody has asked");
        assert_eq!(measure(&mut meter, &settings, 3.0), Some(first));
        assert_eq!(meter.norms().shares(&settings), None, "one of two");
        assert_eq!(measure(&mut meter, &settings, 0.25), Some(second));
        // β·.5·3 against β·2·.25.
        let shares = meter.norms().shares(&settings).unwrap();
        assert_eq!((shares[&first], shares[&second]), (0.75, 0.25));
        assert_eq!(measure(&mut meter, &settings, 1.0), Some(first));
        settings.smoothness_weight = 1.0;
        settings.content_layers = LayerWeights::paper_content();
        assert_eq!(measure(&mut meter, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
        assert_eq!(measure(&mut meter, &settings, 1.0), Some(SMOOTHNESS));
        assert_eq!(measure(&mut meter, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
        let left = |meter: &Meter| meter.norms().norms.keys().copied().collect::<Vec<_>>();
        meter.forget_styles(false);
        assert_eq!(left(&meter), [Term::Content(Layer::ALL[9]), SMOOTHNESS]);
        meter.forget_styles(true);
        assert_eq!(left(&meter), [SMOOTHNESS]);
        assert_eq!(meter.norms().shares(&settings), None);
        assert_eq!(measure(&mut meter, &settings, 1.0), Some(Term::Content(Layer::ALL[9])));
    }
}
