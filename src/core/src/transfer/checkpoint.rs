//! The complete state of a run at one size, on the host. Its file format is safetensors, see `state_file.rs`.

use std::collections::BTreeMap;

use super::{Term, line_search::WolfeSearch, planes::Planes};
use crate::settings::Optimizer;
use impasto_network::vgg::Layer;

/// Everything that a step changes in a run at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The optimised variable.
    pub variable: Planes,
    pub optimizer: OptimizerState,
    /// Decaying sums of the iterates and of their weights, and the steps since it began.
    pub average: Option<(Planes, f64, u32)>,
    /// ‖∂L/∂variable‖² of the last step.
    pub gradient_norm: Option<f32>,
    /// Weights have changed since the last step.
    pub reweighted: bool,
    pub lowest: LowestState,
    /// The last step's terms, unweighted.
    pub terms: Vec<(Term, f32)>,
    /// Of the term that keeps its aims for some evaluations, if it is in use.
    pub aims: Option<Aims>,
    /// Of the term that goes through bases, unless it is at their beginning.
    pub cycle: Option<Cycle<Planes>>,
}

/// Where a term is among its bases. What it keeps for some evaluations is computed anew from the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle<P> {
    /// Number of the basis, counted on beyond the last one.
    pub turn: u32,
    /// Evaluations since features were sorted.
    pub age: u32,
    /// The network's input then; `None` if the next evaluation sorts.
    pub picture: Option<P>,
}

/// What the places of the picture aim at.
#[derive(Clone, Debug, PartialEq)]
pub struct Aims {
    /// Evaluations since they were chosen.
    pub age: u32,
    /// By layer and part of the picture: for each position `[P]` the number of a sample of the styles.
    pub parts: BTreeMap<(Layer, usize), Vec<u32>>,
}

/// State of an optimizer.
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

/// The history of L-BFGS, and the state of its line search.
#[derive(Clone, Debug, PartialEq)]
pub struct LbfgsState {
    /// s, y and 1/sᵀy of each pair, oldest first.
    pub pairs: Vec<(Planes, Planes, f32)>,
    /// Scale of the initial inverse Hessian.
    pub scale: Option<f32>,
    /// The last accepted iterate, its gradient and its value (NaN if unknown).
    pub base: Option<(Planes, Planes, f64)>,
    /// The search direction, the trial step length and the line search.
    pub search: Option<(Planes, f64, Option<WolfeSearch>)>,
    pub caution: f64,
}

/// The lowest totals of the last steps, oldest first, and the best iterate with its total.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LowestState {
    pub past: Vec<f32>,
    pub kept: Option<(f32, Planes)>,
}

impl State {
    /// Whether all planes have the same shape, and the state is of this optimizer.
    pub fn fits(&self, optimizer: Optimizer) -> bool {
        let shape = (self.variable.width, self.variable.height);
        matches!(self.optimizer, OptimizerState::Lbfgs(_)) == (optimizer == Optimizer::Lbfgs)
            && self.all_planes().all(|planes| (planes.width, planes.height) == shape)
    }

    /// All its planes.
    pub fn all_planes(&self) -> impl Iterator<Item = &Planes> {
        let optimizer: Vec<&Planes> = match &self.optimizer {
            OptimizerState::Adam(adam) => adam.iter().flat_map(|adam| [&adam.mean, &adam.square]).collect(),
            OptimizerState::Lbfgs(lbfgs) => {
                let pairs = lbfgs.pairs.iter().flat_map(|(step, change, _)| [step, change]);
                let base = lbfgs.base.iter().flat_map(|(x, gradient, _)| [x, gradient]);
                pairs.chain(base).chain(lbfgs.search.iter().map(|(direction, ..)| direction)).collect()
            }
        };
        let average = self.average.iter().map(|(sum, ..)| sum);
        let kept = self.lowest.kept.iter().map(|(_, best)| best);
        let sorted = self.cycle.iter().filter_map(|cycle| cycle.picture.as_ref());
        std::iter::once(&self.variable).chain(optimizer).chain(average).chain(kept).chain(sorted)
    }
}
