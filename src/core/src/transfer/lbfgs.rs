//! L-BFGS (Liu & Nocedal 1989; Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4), one evaluation
//! of the objective at a time.
//!
//! All vectors and the scalars of the two-loop recursion stay on the device. The Wolfe line search reads back
//! two or three scalars per evaluation, since the next step length depends on them; fixed steps read back
//! none.
//!
//! Our own because burn's runs a whole line search within one call: nothing can be displayed, changed or kept
//! between two evaluations, and its state cannot be saved.

use std::collections::VecDeque;

use burn::tensor::{Device, Tensor, TensorData};

use super::{
    TransferError,
    checkpoint::LbfgsState,
    line_search::{Point, Verdict, WolfeSearch},
    planes::Planes,
    readback::values,
};
use crate::settings::{LineSearch, Settings};

/// Minimum cosine between step and gradient change of a valid pair: the curvature along the step is then
/// positive beyond rounding.
const COSINE: f64 = 1e-6;
/// Factor of the first step after a failed search.
const CAUTION: f64 = 0.1;
const LEAST_CAUTION: f64 = 1e-6;

/// A step and the change of the gradient.
struct Pair {
    /// s and y `[1, 3, H, W]`.
    step: Tensor<4>,
    change: Tensor<4>,
    /// 1/sᵀy `[1]`; 0 for an invalid pair.
    rho: Tensor<1>,
}

/// The last accepted iterate.
struct Base {
    x: Tensor<4>,
    gradient: Tensor<4>,
    /// NaN if it was not read back.
    value: f64,
}

struct Search {
    direction: Tensor<4>,
    /// Step length to evaluate.
    trial: f64,
    /// `None` until the first trial is evaluated.
    line: Option<WolfeSearch>,
}

/// The optimizer: its history of pairs, and its line search.
pub struct Lbfgs {
    /// Oldest first.
    history: VecDeque<Pair>,
    /// Scale of the initial inverse Hessian, `[1]`.
    scale: Option<Tensor<1>>,
    base: Option<Base>,
    search: Option<Search>,
    caution: f64,
}

/// Result of an evaluation.
pub struct Step {
    /// Where to evaluate next.
    pub next: Tensor<4>,
    /// Whether the evaluated point is the new iterate, and not only a trial of the line search.
    pub accepted: bool,
}

fn dot(a: &Tensor<4>, b: &Tensor<4>) -> Tensor<1> {
    (a.clone() * b.clone()).sum()
}

/// A scalar on the device, reshaped to multiply images.
fn factor(number: Tensor<1>) -> Tensor<4> {
    number.reshape([1, 1, 1, 1])
}

/// √(mean of squares) `[1]`, above 0.
fn root_mean_square(x: &Tensor<4>) -> Tensor<1> {
    x.clone().square().mean().sqrt().clamp_min(1e-30)
}

impl Lbfgs {
    /// An optimizer in its initial state.
    pub fn new() -> Self {
        Self { history: VecDeque::new(), scale: None, base: None, search: None, caution: 1.0 }
    }

    /// The last accepted iterate; `None` before the first.
    pub fn iterate(&self) -> Option<&Tensor<4>> {
        self.base.as_ref().map(|base| &base.x)
    }

    /// Reset for a changed objective. The caller continues from [`Lbfgs::iterate`].
    pub fn forget(&mut self) {
        *self = Self::new();
    }

    /// Go on from [`Lbfgs::iterate`] with other values but the same curvature, as after a change of the
    /// targets of squared distances: only the history stays. No pair is made across the change.
    pub fn begin_again(&mut self) {
        (self.base, self.search) = (None, None);
    }

    /// Its state on the host.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn state(&self) -> Result<LbfgsState, TransferError> {
        let number = |number: &Tensor<1>| Ok::<f32, TransferError>(values(number.clone())?[0]);
        let pair = |pair: &Pair| Ok((Planes::of(&pair.step)?, Planes::of(&pair.change)?, number(&pair.rho)?));
        let base = |base: &Base| {
            Ok::<_, TransferError>((Planes::of(&base.x)?, Planes::of(&base.gradient)?, base.value))
        };
        let search = |search: &Search| {
            Ok::<_, TransferError>((Planes::of(&search.direction)?, search.trial, search.line.clone()))
        };
        Ok(LbfgsState {
            pairs: self.history.iter().map(pair).collect::<Result<_, TransferError>>()?,
            scale: self.scale.as_ref().map(number).transpose()?,
            base: self.base.as_ref().map(base).transpose()?,
            search: self.search.as_ref().map(search).transpose()?,
            caution: self.caution,
        })
    }

    /// An optimizer with this state.
    pub fn of(state: &LbfgsState, device: &Device) -> Self {
        let image = |planes: &Planes| planes.tensor(device);
        let number = |number: f32| Tensor::from_data(TensorData::new(vec![number], [1]), device);
        let pair = |(step, change, rho): &(Planes, Planes, f32)| Pair {
            step: image(step),
            change: image(change),
            rho: number(*rho),
        };
        let base = |(x, gradient, value): &(Planes, Planes, f64)| Base {
            x: image(x),
            gradient: image(gradient),
            value: *value,
        };
        Self {
            history: state.pairs.iter().map(pair).collect(),
            scale: state.scale.map(number),
            base: state.base.as_ref().map(base),
            search: state.search.as_ref().map(|(direction, trial, line)| Search {
                direction: image(direction),
                trial: *trial,
                line: line.clone(),
            }),
            caution: state.caution,
        }
    }

    /// Number of images `[1, 3, H, W]` that it holds.
    pub fn images(&self) -> usize {
        2 * self.history.len() + if self.base.is_some() { 2 } else { 0 } + usize::from(self.search.is_some())
    }

    /// Process the objective's value `[1]` and gradient at `x`, which is the last call's [`Step::next`], or
    /// any point at first.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn step(
        &mut self,
        x: Tensor<4>,
        gradient: Tensor<4>,
        value: Tensor<1>,
        settings: &Settings,
    ) -> Result<Step, TransferError> {
        let fixed = settings.line_search == LineSearch::Fixed;
        let value = match (&self.base, self.search.take()) {
            _ if fixed => f64::NAN,
            // After a fixed step there is no value to compare with.
            (Some(base), Some(mut search)) if base.value.is_finite() => {
                let base_x = base.x.clone();
                let (value, outcome) = evaluate_trial(base, &mut search, &gradient, value)?;
                match outcome {
                    SearchOutcome::Accepted => value,
                    SearchOutcome::Trying => {
                        let next = base_x + search.direction.clone() * search.trial;
                        self.search = Some(search);
                        return Ok(Step { next, accepted: false });
                    }
                    SearchOutcome::Lost => {
                        // Restart from the same point along the gradient; if that failed, with a shorter
                        // step.
                        if self.history.is_empty() {
                            self.caution = (self.caution * CAUTION).max(LEAST_CAUTION);
                        }
                        self.history.clear();
                        self.scale = None;
                        let downhill = base.gradient.clone();
                        let direction = self.direction(&downhill, settings.learning_rate);
                        let next = base_x + direction.clone();
                        self.search = Some(Search { direction, trial: 1.0, line: None });
                        return Ok(Step { next, accepted: false });
                    }
                }
            }
            _ => read(vec![value])?[0],
        };
        if let Some(base) = self.base.take() {
            self.add_pair(&base, &x, &gradient);
        }
        while self.history.len() > settings.history as usize {
            self.history.pop_front();
        }
        let mut direction = self.direction(&gradient, settings.learning_rate);
        if fixed {
            // Without a line search, limit the step length for safety.
            let limit = root_mean_square(&direction).recip() * settings.learning_rate;
            direction = direction * factor(limit.clamp_max(1.0));
        }
        let next = x.clone() + direction.clone();
        self.base = Some(Base { x, gradient, value });
        self.search = Some(Search { direction, trial: 1.0, line: None });
        Ok(Step { next, accepted: true })
    }

    /// Add the step from `base` to `x` to the history.
    fn add_pair(&mut self, base: &Base, x: &Tensor<4>, gradient: &Tensor<4>) {
        let step = x.clone() - base.x.clone();
        let change = gradient.clone() - base.gradient.clone();
        let product = dot(&step, &change);
        let (step_square, change_square) = (dot(&step, &step), dot(&change, &change));
        let least = (step_square * change_square.clone()).sqrt() * COSINE;
        let void = product.clone().lower_equal(least);
        let rho = product.clone().recip().mask_fill(void.clone(), 0.0);
        let scale = product / change_square;
        self.scale = Some(match self.scale.take() {
            Some(before) => scale.mask_where(void, before),
            None => scale,
        });
        self.caution = 1.0;
        self.history.push_back(Pair { step, change, rho });
    }

    /// −H·g by the two-loop recursion. Without history the steepest descent, with `rate` as root mean square.
    fn direction(&mut self, gradient: &Tensor<4>, rate: f64) -> Tensor<4> {
        let rate = rate * self.caution;
        let scale = self.scale.get_or_insert_with(|| root_mean_square(gradient).recip() * rate).clone();
        let mut q = gradient.clone();
        let mut along = Vec::with_capacity(self.history.len());
        for pair in self.history.iter().rev() {
            let alpha = dot(&pair.step, &q) * pair.rho.clone();
            q = q - pair.change.clone() * factor(alpha.clone());
            along.push(alpha);
        }
        let mut q = q * factor(scale);
        for (pair, alpha) in self.history.iter().zip(along.into_iter().rev()) {
            let beta = dot(&pair.change, &q) * pair.rho.clone();
            q = q + pair.step.clone() * factor(alpha - beta);
        }
        q.neg()
    }
}

enum SearchOutcome {
    Accepted,
    /// Continue with a new trial.
    Trying,
    Lost,
}

/// Read the value and the slope at a trial in one read-back, and advance the line search.
fn evaluate_trial(
    base: &Base,
    search: &mut Search,
    gradient: &Tensor<4>,
    value: Tensor<1>,
) -> Result<(f64, SearchOutcome), TransferError> {
    let mut wanted = vec![value, dot(gradient, &search.direction)];
    if search.line.is_none() {
        wanted.push(dot(&base.gradient, &search.direction));
    }
    let numbers = read(wanted)?;
    let (value, slope) = (numbers[0], numbers[1]);
    let line = match (&mut search.line, numbers.get(2)) {
        (Some(line), _) => line,
        (line, Some(&start)) if start < 0.0 => line.insert(WolfeSearch::new(base.value, start)),
        // Not a descent direction.
        _ => return Ok((value, SearchOutcome::Lost)),
    };
    let outcome = match line.advance(Point { step: search.trial, value, slope }) {
        Verdict::Accept => SearchOutcome::Accepted,
        Verdict::Try(trial) => {
            search.trial = trial;
            SearchOutcome::Trying
        }
        Verdict::GiveUp => SearchOutcome::Lost,
    };
    Ok((value, outcome))
}

fn read(numbers: Vec<Tensor<1>>) -> Result<Vec<f64>, TransferError> {
    Ok(values(Tensor::cat(numbers, 0))?.into_iter().map(f64::from).collect())
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn tensor(values: &[f64]) -> Tensor<4> {
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        let shape = [1, 1, 1, values.len()];
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn host(tensor: &Tensor<4>) -> Vec<f64> {
        let values: Vec<f32> = tensor.to_data().try_to_vec().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    fn settings(line_search: LineSearch) -> Settings {
        Settings { line_search, ..Settings::default() }
    }

    /// Minimise; returns the iterate after `evaluations`, and the values at the iterates.
    fn minimise(
        f: impl Fn(&[f64]) -> (f64, Vec<f64>),
        start: &[f64],
        evaluations: usize,
        settings: &Settings,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut optimizer = Lbfgs::new();
        let (mut x, mut accepted) = (tensor(start), Vec::new());
        for _ in 0..evaluations {
            let (value, gradient) = f(&host(&x));
            let number = Tensor::from_data(TensorData::new(vec![value as f32], [1]), &Device::flex());
            let step = optimizer.step(x, tensor(&gradient), number, settings).unwrap();
            if step.accepted {
                accepted.push(value);
            }
            x = step.next;
        }
        (host(optimizer.iterate().unwrap()), accepted)
    }

    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
    }

    /// A quadratic with condition number 10 000.
    fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
        let weight = |i: usize| 10f64.powf(4.0 * i as f64 / 11.0);
        let target = |i: usize| (i as f64 * 0.7).sin();
        let value = x.iter().enumerate().map(|(i, x)| weight(i) * (x - target(i)).powi(2)).sum();
        (value, x.iter().enumerate().map(|(i, x)| 2.0 * weight(i) * (x - target(i))).collect())
    }

    #[test]
    fn rosenbrocks_valley_is_walked_to_its_end_and_values_never_rise() {
        let (x, values) = minimise(rosenbrock, &[-1.2, 1.0], 80, &settings(LineSearch::Wolfe));
        assert!((x[0] - 1.0).abs() < 1e-2 && (x[1] - 1.0).abs() < 2e-2, "{x:?} {values:?}");
        assert!(values.windows(2).all(|w| w[1] <= w[0] * (1.0 + 1e-5)), "{values:?}");
    }

    #[test]
    fn an_ill_conditioned_bowl_is_emptied_by_searched_and_by_fixed_steps() {
        for (kind, evaluations) in [(LineSearch::Wolfe, 100), (LineSearch::Fixed, 200)] {
            let (x, values) = minimise(bowl, &[0.0; 12], evaluations, &settings(kind));
            let last = bowl(&x).0;
            assert!(last < 1e-6 * values[0], "{kind}: {last} of {}", values[0]);
        }
    }

    #[test]
    fn the_first_step_is_as_long_as_the_learning_rate_and_fixed_steps_never_are_longer() {
        let settings = Settings { learning_rate: 0.05, ..settings(LineSearch::Fixed) };
        let mut optimizer = Lbfgs::new();
        let mut x = tensor(&[-1.2, 1.0]);
        for index in 0..30 {
            let (value, gradient) = rosenbrock(&host(&x));
            let number = Tensor::from_data(TensorData::new(vec![value as f32], [1]), &Device::flex());
            let next = optimizer.step(x.clone(), tensor(&gradient), number, &settings).unwrap().next;
            let step: f64 = host(&next).iter().zip(host(&x)).map(|(a, b)| (a - b).powi(2)).sum();
            let length = (step / 2.0).sqrt();
            assert!(length < 0.0501 && (index > 0 || length > 0.0499), "step {index}: {length}");
            x = next;
        }
    }

    #[test]
    fn a_kink_from_which_no_direction_leads_down_leaves_the_iterate_in_its_place() {
        // |x| with the gradient of one side at 0.
        let kink = |x: &[f64]| (x[0].abs() + 1.0, vec![if x[0] >= 0.0 { 1.0 } else { -1.0 }]);
        let (x, values) = minimise(kink, &[0.0], 60, &settings(LineSearch::Wolfe));
        assert!(x[0].abs() < 1e-3 && values.iter().all(|v| v.is_finite()), "{x:?}");
    }

    #[test]
    fn history_is_kept_as_long_as_asked_and_can_be_forgotten() {
        let mut settings = settings(LineSearch::Fixed);
        settings.history = 3;
        let mut optimizer = Lbfgs::new();
        let mut x = tensor(&[0.0; 12]);
        for _ in 0..9 {
            let (value, gradient) = bowl(&host(&x));
            let number = Tensor::from_data(TensorData::new(vec![value as f32], [1]), &Device::flex());
            x = optimizer.step(x, tensor(&gradient), number, &settings).unwrap().next;
        }
        assert_eq!(optimizer.history.len(), 3);
        optimizer.forget();
        assert!(optimizer.history.is_empty() && optimizer.iterate().is_none() && optimizer.scale.is_none());
    }
}
