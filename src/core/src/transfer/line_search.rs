//! A line search for the strong Wolfe conditions (Nocedal & Wright, Numerical Optimization, 2006, algorithms
//! 3.5 and 3.6), as a state machine: it takes one evaluation and returns the next action, so that a run can
//! be paused or changed between two evaluations.

/// Sufficient decrease: minimum decrease relative to the prediction by the initial slope.
const DECREASE: f64 = 1e-4;
/// Curvature condition: maximum slope relative to the initial one.
const CURVATURE: f64 = 0.9;
/// Relative error of a value in single precision.
const NOISE: f64 = 1e-6;
/// Longest step, in multiples of the search direction.
const LONGEST: f64 = 64.0;
/// Evaluations after which the best step so far is accepted.
const PATIENCE: u32 = 20;
/// Upper bound of evaluations in a saved search.
const MAX_EVALUATIONS: f64 = 10_000.0;

/// The objective along the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Step length, in multiples of the search direction.
    pub step: f64,
    pub value: f64,
    /// Derivative of the value with respect to the step length.
    pub slope: f64,
}

impl Point {
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

/// Action after an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Accept the evaluated point as the next iterate.
    Accept,
    /// Evaluate at this step length.
    Try(f64),
    /// No step lowers the value.
    GiveUp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Increase the step until it brackets a minimum.
    Bracket { before: Point },
    /// A valid step lies between the two; `low` is the best so far.
    Zoom { low: Point, high: Point },
    /// Evaluate the best step so far again, and accept it.
    Settle,
}

/// The search along one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct WolfeSearch {
    start: Point,
    stage: Stage,
    evaluations: u32,
}

impl WolfeSearch {
    /// Begin a search with the value and the slope, which must be negative, at step length 0.
    pub fn new(value: f64, slope: f64) -> Self {
        let start = Point { step: 0.0, value, slope };
        Self { start, stage: Stage::Bracket { before: start }, evaluations: 0 }
    }

    /// Number of values of [`WolfeSearch::to_numbers`].
    pub const NUMBERS: usize = 10;

    /// Whether a trial step can have this length.
    pub fn is_length(step: f64) -> bool {
        step > 0.0 && step <= LONGEST
    }

    /// Serialize the search: evaluations, the start, the stage and its two points.
    pub fn to_numbers(&self) -> [f64; Self::NUMBERS] {
        let (stage, a, b) = match self.stage {
            Stage::Bracket { before } => (0.0, before, before),
            Stage::Zoom { low, high } => (1.0, low, high),
            Stage::Settle => (2.0, self.start, self.start),
        };
        [
            f64::from(self.evaluations),
            self.start.value,
            self.start.slope,
            stage,
            a.step,
            a.value,
            a.slope,
            b.step,
            b.value,
            b.slope,
        ]
    }

    /// Deserialize a search; `None` if the numbers are invalid.
    pub fn from_numbers(numbers: &[f64; Self::NUMBERS]) -> Option<Self> {
        let &[evaluations, value, slope, stage, a_step, a_value, a_slope, b_step, b_value, b_slope] = numbers;
        let start = Point { step: 0.0, value, slope };
        let [a, b] = [
            Point { step: a_step, value: a_value, slope: a_slope },
            Point { step: b_step, value: b_value, slope: b_slope },
        ];
        let stage = match stage {
            0.0 => Stage::Bracket { before: a },
            1.0 => Stage::Zoom { low: a, high: b },
            2.0 => Stage::Settle,
            _ => return None,
        };
        let within = |point: &Point| (0.0..=LONGEST).contains(&point.step);
        let counted = (0.0..=MAX_EVALUATIONS).contains(&evaluations) && evaluations.fract() == 0.0;
        (counted && within(&a) && within(&b)).then_some(Self {
            start,
            stage,
            evaluations: evaluations as u32,
        })
    }

    /// Process an evaluation: first at any step length, then at those of [`Verdict::Try`].
    pub fn advance(&mut self, at: Point) -> Verdict {
        self.evaluations += 1;
        let start = self.start;
        let promised = start.value + DECREASE * at.step * start.slope + NOISE * start.value.abs();
        let falls = at.is_finite() && at.value <= promised;
        let flat = at.slope.abs() <= -CURVATURE * start.slope;
        match self.stage {
            Stage::Settle => return Verdict::Accept,
            Stage::Bracket { before } => {
                if !falls || (self.evaluations > 1 && at.value >= before.value) {
                    self.stage = Stage::Zoom { low: before, high: at };
                } else if flat || at.step >= LONGEST {
                    return Verdict::Accept;
                } else if at.slope >= 0.0 {
                    self.stage = Stage::Zoom { low: at, high: before };
                } else {
                    self.stage = Stage::Bracket { before: at };
                    let far = at.step * 10.0;
                    let next = least_of_cubic(before, at).unwrap_or(far);
                    let near = at.step + 0.1 * (at.step - before.step);
                    return Verdict::Try(next.clamp(near, far).min(LONGEST));
                }
            }
            Stage::Zoom { low, high } => {
                if !falls || at.value >= low.value {
                    self.stage = Stage::Zoom { low, high: at };
                } else if flat {
                    return Verdict::Accept;
                } else {
                    let high = if at.slope * (high.step - low.step) >= 0.0 { low } else { high };
                    self.stage = Stage::Zoom { low: at, high };
                }
            }
        }
        self.narrow()
    }

    /// The next step length between the two ends.
    fn narrow(&mut self) -> Verdict {
        let Stage::Zoom { low, high } = self.stage else { return Verdict::GiveUp };
        let width = (high.step - low.step).abs();
        // The remaining decrease is below the noise of the values.
        let idle = width * low.slope.abs() <= NOISE * self.start.value.abs() * 0.1;
        if self.evaluations >= PATIENCE || idle {
            if low.step == 0.0 {
                return Verdict::GiveUp;
            }
            self.stage = Stage::Settle;
            return Verdict::Try(low.step);
        }
        let middle = 0.5 * (low.step + high.step);
        let (from, to) = (low.step.min(high.step), low.step.max(high.step));
        let next =
            if high.is_finite() { least_of_cubic(low, high).unwrap_or(middle) } else { from + 0.1 * width };
        Verdict::Try(next.clamp(from + 0.1 * width, to - 0.1 * width))
    }
}

/// Minimum of the cubic through two values with their slopes (Nocedal & Wright, equation 3.59).
fn least_of_cubic(a: Point, b: Point) -> Option<f64> {
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.step - b.step);
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = (b.step - a.step).signum() * square.sqrt();
    let step = b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    step.is_finite().then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Search along a function given with its derivative; returns the accepted step and the number of
    /// evaluations.
    fn search(first: f64, f: impl Fn(f64) -> (f64, f64)) -> Option<(f64, u32)> {
        let (value, slope) = f(0.0);
        let mut line = WolfeSearch::new(value, slope);
        let mut step = first;
        for evaluations in 1..100 {
            let (value, slope) = f(step);
            match line.advance(Point { step, value, slope }) {
                Verdict::Accept => return Some((step, evaluations)),
                Verdict::Try(next) => step = next,
                Verdict::GiveUp => return None,
            }
        }
        panic!("the search does not end");
    }

    #[test]
    fn accepted_steps_meet_the_strong_wolfe_conditions_from_near_and_far() {
        // Moré and Thuente's first function, a quadratic, and one with many local minima.
        let functions: [&dyn Fn(f64) -> (f64, f64); 3] = [
            &|t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2)),
            &|t| ((t - 3.0).powi(2), 2.0 * (t - 3.0)),
            &|t| {
                (
                    (0.3 * t - 2.0).powi(2) - 0.4 * (4.0 * t).sin(),
                    0.6 * (0.3 * t - 2.0) - 1.6 * (4.0 * t).cos(),
                )
            },
        ];
        for (index, f) in functions.into_iter().enumerate() {
            let (value, slope) = f(0.0);
            for first in [1e-3, 0.1, 1.0, 10.0, 60.0] {
                let (step, evaluations) = search(first, f).unwrap();
                let (end, end_slope) = f(step);
                assert!(
                    end <= value + DECREASE * step * slope + 1e-5,
                    "function {index} from {first}: {step}"
                );
                assert!(end_slope.abs() <= -CURVATURE * slope, "function {index} from {first}: {end_slope}");
                assert!(evaluations <= 12, "function {index} from {first}: {evaluations}");
            }
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_too_far() {
        let f = |t: f64| if t > 0.5 { (f64::NAN, f64::NAN) } else { ((t - 0.3).powi(2), 2.0 * (t - 0.3)) };
        let (step, _) = search(1.0, f).unwrap();
        assert!((0.01..=0.5).contains(&step), "{step}");
    }

    #[test]
    fn a_line_that_only_rises_is_given_up_and_one_that_only_falls_ends_at_the_longest_step() {
        // The initial slope is wrong, as at a kink.
        assert_eq!(search(1.0, |t| if t == 0.0 { (1.0, -1.0) } else { (1.0 + t, 1.0) }), None);
        let (step, _) = search(1.0, |t| (-t, -1.0)).unwrap();
        assert!((step - LONGEST).abs() < 1e-9, "{step}");
    }

    #[test]
    fn the_best_step_is_accepted_after_the_maximum_of_evaluations() {
        // Lower for t in (0, 1), but never flat enough.
        let f = |t: f64| if t < 1.0 { (-t, -1.0) } else { (2.0, 5.0) };
        let (step, evaluations) = search(2.0, f).unwrap();
        assert!(step < 1.0 && f(step).0 < -0.9, "{step}");
        assert!(evaluations <= PATIENCE + 1, "{evaluations}");
    }
}
