//! The values of the objective's terms on the device.

use burn::tensor::{Device, Tensor, TensorData};

use super::{Losses, Term};
use crate::settings::Settings;

/// One step's unweighted terms, each `[1]`.
#[derive(Clone, Default)]
pub struct Terms(Vec<(Term, Tensor<1>)>);

impl Terms {
    pub fn push(&mut self, term: Term, value: Tensor<1>) {
        self.0.push((term, value));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Upload values that were read back.
    pub fn of(terms: &[(Term, f32)], device: &Device) -> Self {
        let value = |value: f32| Tensor::from_data(TensorData::new(vec![value], [1]), device);
        Self(terms.iter().map(|&(term, number)| (term, value(number))).collect())
    }

    /// The terms in the order of [`Terms::values`].
    pub fn names(&self) -> impl Iterator<Item = Term> + '_ {
        self.0.iter().map(|&(term, _)| term)
    }

    /// The values, to be read back.
    pub fn values(&self) -> impl Iterator<Item = Tensor<1>> + '_ {
        self.0.iter().map(|(_, value)| value.clone())
    }

    /// The objective as in [`Losses::total`], `[1]`; `None` if there is no term.
    pub fn total(&self, settings: &Settings) -> Option<Tensor<1>> {
        let weighted =
            self.0.iter().map(|(term, value)| value.clone() * (term.weight(settings) * term.share()));
        weighted.reduce(|sum, value| sum + value)
    }

    /// The losses of these terms, given their values read back.
    pub fn losses(&self, numbers: &[f32], settings: &Settings) -> Losses {
        let mut losses = Losses::default();
        for ((term, _), &number) in self.0.iter().zip(numbers) {
            let number = f64::from(number);
            match *term {
                Term::Content(layer) => {
                    losses.content += settings.content_layers.get(layer).unwrap_or(0.0) * number;
                    losses.content_layers.insert(layer, number);
                }
                Term::Style(layer) => {
                    losses.style.insert(layer, number);
                }
                Term::Global(global) => {
                    *losses.global.entry(global).or_default() += number * term.share();
                }
            }
        }
        losses.weigh(settings);
        losses
    }
}
