//! A run's whole state as bytes, so that painting can go on from an earlier moment exactly as it did then.
//!
//! Pictures and settings are not in it: a state fits the run that it was taken of, with the settings of that moment.
//!
//! Version 2 has every optimizer, the lowest totals with the best iterate, and the last step's terms; version 3 the steps in
//! the mean. Version 1, which had Adam's moments alone, and 2 are still read. The bytes may come from a file of a stranger:
//! nothing is believed that the rest of them does not bear out.

use super::{Term, TransferError, line_search::LineSearch, lowest::WINDOW, planes::Planes};
use crate::{
    settings::{MAX_HISTORY, Optimizer},
    vgg::Layer,
};

const MAGIC: &[u8; 7] = b"IMPASTO";
/// The version that is written, as the digit behind the magic.
const VERSION: u8 = b'3';
const FIRST: u8 = b'1';
const SECOND: u8 = b'2';
/// Most terms of an objective, levels of a pyramid and details.
pub const MOST: usize = 64;

/// All that changes from step to step in a run at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The optimised variable.
    pub variable: Planes,
    pub optimizer: OptimizerState,
    /// Decaying sum of the iterates, and of the weights in it, and the steps since it began.
    pub average: Option<(Planes, f64, u32)>,
    /// ‖∂L/∂variable‖² of the last step.
    pub gradient_norm: Option<f32>,
    /// Weights have changed since the last step.
    pub reweighted: bool,
    pub lowest: LowestState,
    /// The last step's terms, unweighted.
    pub terms: Vec<(Term, f32)>,
}

/// What an optimizer has seen.
#[derive(Clone, Debug, PartialEq)]
pub enum OptimizerState {
    Adam(Option<AdamState>),
    Lbfgs(LbfgsState),
}

/// Decaying means of the gradient and of its square, and the powers of β₁ and β₂ so far.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamState {
    pub mean: Planes,
    pub square: Planes,
    pub decays: [f64; 2],
}

/// What L-BFGS knows of the curvature, and where its line search is.
#[derive(Clone, Debug, PartialEq)]
pub struct LbfgsState {
    /// s, y and 1/sᵀy of each pair, oldest first.
    pub pairs: Vec<(Planes, Planes, f32)>,
    /// Scale of the initial inverse Hessian.
    pub scale: Option<f32>,
    /// The last accepted iterate, its gradient and its value, NaN where that is not known.
    pub base: Option<(Planes, Planes, f64)>,
    /// The direction that is searched, the step length on trial and how far the search is.
    pub search: Option<(Planes, f64, Option<LineSearch>)>,
    pub caution: f64,
}

/// The lowest totals of the last steps, oldest first, and the iterate that is kept as the best with its total.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LowestState {
    pub past: Vec<f32>,
    pub kept: Option<(f32, Planes)>,
}

impl State {
    /// Whether it is all of one shape, and of this optimizer.
    pub fn fits(&self, optimizer: Optimizer) -> bool {
        let shape = (self.variable.width, self.variable.height);
        matches!(self.optimizer, OptimizerState::Lbfgs(_)) == (optimizer == Optimizer::Lbfgs)
            && self.all_planes().all(|planes| (planes.width, planes.height) == shape)
    }

    /// All planes in it.
    pub fn all_planes(&self) -> impl Iterator<Item = &Planes> {
        let optimizer: Vec<&Planes> = match &self.optimizer {
            OptimizerState::Adam(adam) => adam.iter().flat_map(|adam| [&adam.mean, &adam.square]).collect(),
            OptimizerState::Lbfgs(lbfgs) => {
                let pairs = lbfgs.pairs.iter().flat_map(|(moved, change, _)| [moved, change]);
                let base = lbfgs.base.iter().flat_map(|(x, gradient, _)| [x, gradient]);
                pairs.chain(base).chain(lbfgs.search.iter().map(|(direction, ..)| direction)).collect()
            }
        };
        let average = self.average.iter().map(|(sum, ..)| sum);
        let kept = self.lowest.kept.iter().map(|(_, best)| best);
        std::iter::once(&self.variable).chain(optimizer).chain(average).chain(kept)
    }
}

/// A term as two bytes.
fn term_code(term: Term) -> [u8; 2] {
    match term {
        Term::Content(layer) => [0, layer.index() as u8],
        Term::Style(layer) => [1, layer.index() as u8],
        Term::Smoothness => [2, 0],
        Term::Histogram => [3, 0],
    }
}

fn term_of([kind, layer]: [u8; 2]) -> Option<Term> {
    let layer = Layer::from_index(usize::from(layer))?;
    match kind {
        0 => Some(Term::Content(layer)),
        1 => Some(Term::Style(layer)),
        2 => Some(Term::Smoothness),
        3 => Some(Term::Histogram),
        _ => None,
    }
}

/// Writes values one after the other.
pub struct Writer(Vec<u8>);

impl Default for Writer {
    fn default() -> Self {
        Self([MAGIC.as_slice(), &[VERSION]].concat())
    }
}

impl Writer {
    pub fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }

    pub fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("few"));
    }

    pub fn planes(&mut self, planes: &Planes) {
        self.u32(planes.width);
        self.u32(planes.height);
        self.0.reserve(planes.values.len() * 4);
        for value in &planes.values {
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn option<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub fn state(&mut self, state: &State) {
        self.planes(&state.variable);
        match &state.optimizer {
            OptimizerState::Adam(adam) => {
                self.flag(false);
                self.option(adam.as_ref(), |writer, adam| {
                    writer.planes(&adam.mean);
                    writer.planes(&adam.square);
                    adam.decays.iter().for_each(|&decay| writer.f64(decay));
                });
            }
            OptimizerState::Lbfgs(lbfgs) => {
                self.flag(true);
                self.lbfgs(lbfgs);
            }
        }
        self.option(state.average.as_ref(), |writer, (sum, weight, steps)| {
            writer.planes(sum);
            writer.f64(*weight);
            writer.u32(*steps);
        });
        self.option(state.gradient_norm.as_ref(), |writer, &norm| writer.f32(norm));
        self.flag(state.reweighted);
        self.count(state.lowest.past.len());
        state.lowest.past.iter().for_each(|&total| self.f32(total));
        self.option(state.lowest.kept.as_ref(), |writer, (total, best)| {
            writer.f32(*total);
            writer.planes(best);
        });
        self.count(state.terms.len());
        for &(term, value) in &state.terms {
            self.0.extend(term_code(term));
            self.f32(value);
        }
    }

    fn lbfgs(&mut self, lbfgs: &LbfgsState) {
        self.count(lbfgs.pairs.len());
        for (moved, change, rho) in &lbfgs.pairs {
            self.planes(moved);
            self.planes(change);
            self.f32(*rho);
        }
        self.option(lbfgs.scale.as_ref(), |writer, &scale| writer.f32(scale));
        self.option(lbfgs.base.as_ref(), |writer, (x, gradient, value)| {
            writer.planes(x);
            writer.planes(gradient);
            writer.f64(*value);
        });
        self.option(lbfgs.search.as_ref(), |writer, (direction, trial, line)| {
            writer.planes(direction);
            writer.f64(*trial);
            writer.option(line.as_ref(), |writer, line| {
                line.to_numbers().into_iter().for_each(|number| writer.f64(number));
            });
        });
        self.f64(lbfgs.caution);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what a [`Writer`] has written.
pub struct Reader<'a> {
    bytes: &'a [u8],
    version: u8,
}

impl<'a> Reader<'a> {
    /// # Errors
    ///
    /// When these bytes are no state, or of a later version.
    pub fn new(bytes: &'a [u8]) -> Result<Self, TransferError> {
        match bytes.strip_prefix(MAGIC) {
            Some([version @ FIRST..=VERSION, bytes @ ..]) => Ok(Self { bytes, version: *version }),
            _ => Err(TransferError::Checkpoint),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], TransferError> {
        let (head, tail) = self.bytes.split_first_chunk::<N>().ok_or(TransferError::Checkpoint)?;
        self.bytes = tail;
        Ok(*head)
    }

    pub fn u32(&mut self) -> Result<u32, TransferError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub fn flag(&mut self) -> Result<bool, TransferError> {
        Ok(self.take::<1>()? != [0])
    }

    pub fn f32(&mut self) -> Result<f32, TransferError> {
        Ok(f32::from_bits(self.u32()?))
    }

    pub fn f64(&mut self) -> Result<f64, TransferError> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    /// A number of things that are no more than `most`.
    pub fn count(&mut self, most: usize) -> Result<usize, TransferError> {
        let count = self.u32()? as usize;
        if count > most { Err(TransferError::Checkpoint) } else { Ok(count) }
    }

    pub fn planes(&mut self) -> Result<Planes, TransferError> {
        let (width, height) = (self.u32()?, self.u32()?);
        let bytes = 12 * u128::from(width) * u128::from(height);
        let bytes = usize::try_from(bytes).map_err(|_| TransferError::Checkpoint)?;
        let (values, rest) = self.bytes.split_at_checked(bytes).ok_or(TransferError::Checkpoint)?;
        self.bytes = rest;
        let values = values.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Ok(Planes { width, height, values })
    }

    fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, TransferError>,
    ) -> Result<Option<T>, TransferError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    fn several<T>(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, TransferError>,
    ) -> Result<Vec<T>, TransferError> {
        (0..self.count(most)?).map(|_| read(self)).collect()
    }

    /// The rest is a state; nothing may follow it.
    pub fn state(&mut self) -> Result<State, TransferError> {
        let variable = self.planes()?;
        let optimizer = if self.version == FIRST {
            self.first_optimizer()?
        } else if self.flag()? {
            OptimizerState::Lbfgs(self.lbfgs()?)
        } else {
            OptimizerState::Adam(self.option(|reader| {
                let (mean, square) = (reader.planes()?, reader.planes()?);
                Ok(AdamState { mean, square, decays: [reader.f64()?, reader.f64()?] })
            })?)
        };
        let average = self.option(|reader| {
            let (sum, weight) = (reader.planes()?, reader.f64()?);
            // Before, a mean reached back as far from the start.
            let steps = if reader.version > SECOND { reader.u32()? } else { u32::MAX };
            Ok((sum, weight, steps))
        })?;
        let gradient_norm = self.option(Self::f32)?;
        let reweighted = self.flag()?;
        let mut state = State {
            variable,
            optimizer,
            average,
            gradient_norm,
            reweighted,
            lowest: LowestState::default(),
            terms: Vec::new(),
        };
        if self.version > FIRST {
            state.lowest.past = self.several(WINDOW + 1, Self::f32)?;
            state.lowest.kept = self.option(|reader| Ok((reader.f32()?, reader.planes()?)))?;
            state.terms = self.several(MOST, |reader| {
                let term = term_of(reader.take()?).ok_or(TransferError::Checkpoint)?;
                Ok((term, reader.f32()?))
            })?;
        }
        if self.bytes.is_empty() { Ok(state) } else { Err(TransferError::Checkpoint) }
    }

    fn first_optimizer(&mut self) -> Result<OptimizerState, TransferError> {
        let planes = self.several(2, Self::planes)?;
        let numbers = self.several(2, Self::f64)?;
        match (<[Planes; 2]>::try_from(planes), numbers.as_slice()) {
            (Ok([mean, square]), &[first, second]) => {
                Ok(OptimizerState::Adam(Some(AdamState { mean, square, decays: [first, second] })))
            }
            (Err(planes), []) if planes.is_empty() => Ok(OptimizerState::Adam(None)),
            _ => Err(TransferError::Checkpoint),
        }
    }

    fn lbfgs(&mut self) -> Result<LbfgsState, TransferError> {
        let pairs = self.several(MAX_HISTORY as usize, |reader| {
            Ok((reader.planes()?, reader.planes()?, reader.f32()?))
        })?;
        let scale = self.option(Self::f32)?;
        let base = self.option(|reader| Ok((reader.planes()?, reader.planes()?, reader.f64()?)))?;
        let search = self.option(|reader| {
            let (direction, trial) = (reader.planes()?, reader.f64()?);
            let line = reader.option(|reader| {
                let mut numbers = [0.0; LineSearch::NUMBERS];
                for number in &mut numbers {
                    *number = reader.f64()?;
                }
                LineSearch::from_numbers(&numbers).ok_or(TransferError::Checkpoint)
            })?;
            match LineSearch::is_length(trial) {
                true => Ok((direction, trial, line)),
                false => Err(TransferError::Checkpoint),
            }
        })?;
        // A search starts somewhere.
        if search.is_some() && base.is_none() {
            return Err(TransferError::Checkpoint);
        }
        Ok(LbfgsState { pairs, scale, base, search, caution: self.f64()? })
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
