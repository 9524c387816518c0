//! A layer's style: statistics of its features over all positions, and their distance to a target's.
//!
//! With F the features, P positions, G = F·Fᵀ/P their Gram matrix, μ their mean, Σ = G − μμᵀ + η·I their
//! covariance and σ the root of its diagonal, a star marking the target (η is ε except for flat styles, see
//! [`Floor`](super::moments::Floor)):
//!
//! * **gram** (Gatys, Ecker & Bethge, CVPR 2016): ‖G−G*‖².
//! * **moments** (Risser, Wilmot & Barnes, arXiv 1701.08893, who add histograms, see [`super::Quantiles`];
//!   Li et al., IJCAI 2017): beside the Gram term ‖μ−μ*‖²/‖μ*‖² + ‖σ−σ*‖²/‖σ*‖².
//! * **wasserstein**: the 2-Wasserstein distance of the two normal distributions, ‖μ−μ*‖² + tr(Σ + Σ* −
//!   2(A·Σ·A)^½) with A = Σ*^½, over tr G*.
//!
//! Positions may count by weights m: then G = Σ m·F·Fᵀ/M and μ = Σ m·F/M with M = Σm, which takes the place
//! of P, and the gradient at a position is m(p)·(D·F_p + v).
//!
//! All gradients with respect to F have the form D·F + v·1ᵀ, see
//! [`impasto_network::compute::FeatureGradient`].

use burn::tensor::Tensor;

use super::{
    LEAST_ENERGY,
    moments::{EPSILON, Moments, diagonal, identity},
    roots::{RootedCovariance, roots},
};
use crate::settings::Statistic;
use impasto_network::compute::{Features, GpuFeatures, MomentsTarget, PositionWeights};

/// Steps of the Newton–Schulz iteration for a picture's root, in each step.
const ITERATIONS: usize = 12;

/// A layer's target statistics, with values derived for the chosen statistic.
pub struct StyleTarget {
    pub moments: Moments,
    /// ‖G*‖².
    pub energy: f64,
    derived: Derived,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each style layer")]
enum Derived {
    Gram,
    Moments {
        deviation: Tensor<1>,
        mean_energy: Tensor<1>,
        deviation_energy: Tensor<1>,
        identity: Tensor<2>,
        /// All of them in the layout of the adapter's kernel.
        packed: MomentsTarget,
    },
    /// Σ* and its root; tr G* `[1]`.
    Wasserstein {
        covariance: RootedCovariance,
        trace: Tensor<1>,
        identity: Tensor<2>,
    },
}

/// A term's value `[1]` and the parts of its gradient.
pub struct StyleTerm {
    pub value: Tensor<1>,
    /// D `[C, C]`.
    pub matrix: Tensor<2>,
    /// v `[C]`.
    pub vector: Option<Tensor<1>>,
}

impl StyleTarget {
    /// A target with these statistics.
    pub fn new(moments: Moments, statistic: Statistic) -> Self {
        Self::many(vec![moments], statistic).pop().expect("a target for each")
    }

    /// Targets for several layers with a single read-back: dragging a style's weight recomputes them
    /// repeatedly.
    ///
    /// # Panics
    ///
    /// If the device fails.
    pub fn many(each: Vec<Moments>, statistic: Statistic) -> Vec<Self> {
        if each.is_empty() {
            return Vec::new();
        }
        let squares = each.iter().map(|moments| moments.gram.clone().square().sum()).collect();
        let energies = Tensor::<1>::cat(squares, 0).into_data();
        let energies = energies.try_to_vec::<f32>().expect("the device gives its numbers back");
        let targets = each.into_iter().zip(energies).map(|(moments, energy)| {
            let derived = Self::derive(&moments, statistic);
            Self { moments, energy: f64::from(energy), derived }
        });
        targets.collect()
    }

    /// Switch to another statistic.
    pub fn set_statistic(&mut self, statistic: Statistic) {
        let fits = matches!(
            (&self.derived, statistic),
            (Derived::Gram, Statistic::Gram)
                | (Derived::Moments { .. }, Statistic::Moments)
                | (Derived::Wasserstein { .. }, Statistic::Wasserstein)
        );
        if !fits {
            self.derived = Self::derive(&self.moments, statistic);
        }
    }

    fn derive(moments: &Moments, statistic: Statistic) -> Derived {
        // Uploaded once, so that a step uploads nothing.
        let identity = || identity(&moments.gram);
        match statistic {
            Statistic::Gram => Derived::Gram,
            Statistic::Moments => {
                let identity = identity();
                let deviation = moments.deviation(&identity);
                let energy = |values: &Tensor<1>| values.clone().square().sum().clamp_min(LEAST_ENERGY);
                let [mean_energy, deviation_energy] = [&moments.mean, &deviation].map(energy);
                let parts = [&moments.mean, &deviation, &mean_energy, &deviation_energy];
                let packed = MomentsTarget::new(parts, EPSILON);
                Derived::Moments { deviation, mean_energy, deviation_energy, identity, packed }
            }
            Statistic::Wasserstein => {
                let identity = identity();
                let trace = diagonal(&moments.gram, &identity).sum().clamp_min(LEAST_ENERGY);
                let covariance = RootedCovariance::of(moments, &trace, &identity);
                Derived::Wasserstein { covariance, trace, identity }
            }
        }
    }

    /// Evaluate the term at a layer's features; `gram_factor` is the factor of ‖G−G*‖².
    pub fn term(&self, features: &Features, gram_factor: f64) -> StyleTerm {
        self.weighted(features, None, gram_factor, 1.0)
    }

    /// As [`StyleTarget::term`] with the gradient's parts, but not the value, multiplied by a weight. The
    /// statistics count `positions` by their weights, and so must the caller the gradient.
    pub fn weighted(
        &self,
        features: &Features,
        positions: Option<&PositionWeights>,
        gram_factor: f64,
        weight: f64,
    ) -> StyleTerm {
        if let Features::Gpu(features) = features
            && let Some(term) = self.on_adapter(features, positions, gram_factor, weight)
        {
            return term;
        }
        let term = self.with_tensor_ops(features, positions, gram_factor);
        if weight == 1.0 {
            return term;
        }
        let (matrix, vector) = (term.matrix * weight, term.vector.map(|vector| vector * weight));
        StyleTerm { value: term.value, matrix, vector }
    }

    /// As [`StyleTarget::weighted`] in one pass over the matrix, if there is a kernel for it.
    fn on_adapter(
        &self,
        features: &GpuFeatures,
        positions: Option<&PositionWeights>,
        gram_factor: f64,
        weight: f64,
    ) -> Option<StyleTerm> {
        let moments = match &self.derived {
            Derived::Gram => None,
            Derived::Moments { packed, .. } => Some(packed),
            Derived::Wasserstein { .. } => return None,
        };
        let target = &self.moments.gram;
        let (value, matrix, vector) = features.style_term(target, moments, gram_factor, weight, positions)?;
        Some(StyleTerm { value, matrix, vector })
    }

    /// As [`StyleTarget::term`] with burn's operations: the reference.
    fn with_tensor_ops(
        &self,
        features: &Features,
        weights: Option<&PositionWeights>,
        gram_factor: f64,
    ) -> StyleTerm {
        let positions = weights.map_or(features.positions() as f64, PositionWeights::sum);
        match &self.derived {
            Derived::Gram => {
                let gram = weights.map_or_else(|| features.gram(), |weights| features.weighted_gram(weights));
                self.gram_term(gram, gram_factor, positions)
            }
            Derived::Moments { deviation, mean_energy, deviation_energy, identity, .. } => {
                let moments = Moments::weighted(features, weights);
                let mut term = self.gram_term(moments.gram.clone(), gram_factor, positions);
                let mean = moments.mean.clone() - self.moments.mean.clone();
                let found = moments.deviation(identity);
                let deviation_difference = found.clone() - deviation.clone();
                term.value = term.value
                    + mean.clone().square().sum() / mean_energy.clone()
                    + deviation_difference.clone().square().sum() / deviation_energy.clone();
                // ∂σ/∂F = (F − μ)/(Pσ) in each channel.
                let factor = deviation_difference / deviation_energy.clone() / found * (2.0 / positions);
                let mean_part = mean / mean_energy.clone() * (2.0 / positions);
                term.vector = Some(mean_part - factor.clone() * moments.mean);
                term.matrix = term.matrix + on_diagonal(factor, identity);
                term
            }
            Derived::Wasserstein {
                covariance: RootedCovariance { floor, root, trace: target_trace },
                trace,
                identity,
            } => {
                let moments = Moments::weighted(features, weights);
                let covariance = moments.covariance(identity, *floor);
                let product = root.clone().matmul(covariance.clone()).matmul(root.clone());
                let (square_root, inverse) = roots(product, ITERATIONS, identity);
                let mean = moments.mean.clone() - self.moments.mean.clone();
                let traces = diagonal(&covariance, identity).sum() + target_trace.clone()
                    - diagonal(&square_root, identity).sum() * 2.0;
                let value = (mean.clone().square().sum() + traces) / trace.clone();
                // The gradient of tr Σ − 2·tr(A·Σ·A)^½ with respect to Σ is I − A·(A·Σ·A)^-½·A, which is
                // symmetric.
                let [channels] = mean.dims();
                let inner = root.clone().matmul(inverse).matmul(root.clone());
                let scale = trace.clone().recip() * (2.0 / positions);
                let matrix = (identity.clone() - inner) * scale.clone().reshape([1, 1]);
                let turned: Tensor<1> =
                    matrix.clone().matmul(moments.mean.reshape([channels, 1])).reshape([channels]);
                StyleTerm { value, matrix, vector: Some(mean * scale - turned) }
            }
        }
    }

    fn gram_term(&self, gram: Tensor<2>, factor: f64, positions: f64) -> StyleTerm {
        let difference = gram - self.moments.gram.clone();
        StyleTerm {
            value: difference.clone().square().sum() * factor,
            // The gradient of ‖G−G*‖² with respect to F is 4/P·(G−G*)·F.
            matrix: difference * (4.0 * factor / positions),
            vector: None,
        }
    }
}

fn on_diagonal(values: Tensor<1>, identity: &Tensor<2>) -> Tensor<2> {
    let [channels] = values.dims();
    let column: Tensor<2> = values.reshape([channels, 1]);
    identity.clone() * column
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::{super::test_values as values, *};

    fn features(salt: usize, positions: usize) -> Tensor<4> {
        let data = TensorData::new(values(6 * positions, salt), [1, 6, 1, positions]);
        Tensor::from_data(data, &Device::flex())
    }

    fn number<const D: usize>(tensor: Tensor<D>) -> f64 {
        f64::from(tensor.into_data().try_to_vec::<f32>().unwrap()[0])
    }

    #[test]
    fn every_statistic_is_least_at_its_target_and_its_gradient_agrees_with_differences() {
        let (x, target) = (features(1, 50), Features::Tensor(features(2, 30)));
        for &statistic in Statistic::ALL {
            let style_target = StyleTarget::new(Moments::of(&target), statistic);
            let factor = 1.0 / style_target.energy;
            let least = number(style_target.term(&target, factor).value);
            assert!(least.abs() < 2e-3, "{statistic}: {least}");
            let mut aim_again = StyleTarget::new(Moments::of(&target), Statistic::Gram);
            aim_again.set_statistic(statistic);
            let value = |x: Tensor<4>| number(aim_again.term(&Features::Tensor(x), factor).value);
            assert!(value(x.clone()) > 1e-3, "{statistic}");
            let term = style_target.term(&Features::Tensor(x.clone()), factor);
            let gradient_parts = impasto_network::compute::FeatureGradient {
                matrix: Some(term.matrix),
                vector: term.vector,
                ..impasto_network::compute::FeatureGradient::default()
            };
            let gradient = gradient_parts.gradient(&Features::Tensor(x.clone()));
            let direction = features(3, 50) - 0.5;
            let along = number((gradient * direction.clone()).sum());
            let step = 1e-2_f64;
            let (ahead, behind) = (x.clone() + direction.clone() * step, x.clone() - direction * step);
            let difference = (value(ahead) - value(behind)) / (2.0 * step);
            assert!(((difference - along) / difference).abs() < 5e-3, "{statistic}: {along} {difference}");
        }
    }

    #[test]
    fn the_gradient_toward_a_nearly_flat_style_agrees_with_differences() {
        // Channels hardly vary, so that rounding makes their covariance indefinite without a floor.
        let channels = 48;
        let level = |channel: usize| 200.0 * values(1, 31 * channel)[0];
        let data: Vec<f32> =
            (0..channels * 5000).map(|i| level(i / 5000) + 1e-4 * (values(1, i)[0] - 0.5)).collect();
        let flat = TensorData::new(data, [1, channels, 1, 5000]);
        let flat = Moments::of(&Features::Tensor(Tensor::from_data(flat, &Device::flex())));
        let picture = TensorData::new(values(channels * 400, 1), [1, channels, 20, 20]);
        let x: Tensor<4> = Tensor::from_data(picture, &Device::flex()) * 3.0 + 100.0;
        let style_target = StyleTarget::new(flat, Statistic::Wasserstein);
        let Derived::Wasserstein { covariance, .. } = &style_target.derived else {
            panic!("another statistic")
        };
        assert!(covariance.floor.0 > EPSILON, "{:?}", covariance.floor);
        let value = |x: Tensor<4>| number(style_target.term(&Features::Tensor(x), 1.0).value);
        let term = style_target.term(&Features::Tensor(x.clone()), 1.0);
        let gradient_parts = impasto_network::compute::FeatureGradient {
            matrix: Some(term.matrix),
            vector: term.vector,
            ..impasto_network::compute::FeatureGradient::default()
        };
        let gradient = gradient_parts.gradient(&Features::Tensor(x.clone()));
        let size = number(gradient.clone().square().sum()).sqrt();
        assert!(size.is_finite() && size > 0.0, "{size}");
        let direction = gradient.clone() * (20.0 / size);
        let along = number((gradient * direction.clone()).sum());
        let difference = (value(x.clone() + direction.clone()) - value(x - direction)) / 2.0;
        assert!(((difference - along) / difference).abs() < 2e-2, "{along} {difference}");
    }

    #[test]
    fn several_targets_at_once_equal_single_ones() {
        let each: Vec<Moments> =
            (1..4).map(|salt| Moments::of(&Features::Tensor(features(salt, 30)))).collect();
        let x = Features::Tensor(features(9, 40));
        let together = StyleTarget::many(each.clone(), Statistic::Moments);
        assert_eq!(together.len(), 3);
        for (style_target, moments) in together.into_iter().zip(each) {
            let alone = StyleTarget::new(moments, Statistic::Moments);
            assert_eq!(style_target.energy, alone.energy);
            assert_eq!(number(style_target.term(&x, 0.5).value), number(alone.term(&x, 0.5).value));
        }
        assert!(StyleTarget::many(Vec::new(), Statistic::Gram).is_empty());
    }

    #[test]
    fn the_distance_of_two_normal_distributions_computed_by_hand() {
        // One channel: μ 1 and 2, σ² 1/4 and 1; ((1 − 2)² + (1/2 − 1)²)/(1 + 4), up to ε.
        let data = |values: Vec<f32>| {
            let positions = values.len();
            let data = TensorData::new(values, [1, 1, 1, positions]);
            Features::Tensor(Tensor::from_data(data, &Device::flex()))
        };
        let style_target = StyleTarget::new(Moments::of(&data(vec![1.0, 3.0])), Statistic::Wasserstein);
        let found = number(style_target.term(&data(vec![0.5, 1.5]), 1.0).value);
        assert!((found - 1.25 / 5.0).abs() < 1e-3, "{found}");
    }
}
