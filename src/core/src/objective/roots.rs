//! Square roots of covariances, including singular ones.
//!
//! The covariance Σ = G − μμᵀ of a flat picture is 0 except for rounding, and rounding may make eigenvalues
//! negative, for which there is no root: the Newton–Schulz iteration multiplies them by 9/4 in each step and
//! soon diverges. Sums of P products in single precision are within P·u·tr G of the exact ones, u being
//! 6·10⁻⁸ (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1), usually far closer.
//!
//! * **A target's** root is checked once. If it is invalid, the diagonal's ε is replaced by a floor of
//!   u·tr G + ε, times the smallest power of 4 that gives a root, see [`Floor`]. Both covariances get it, so
//!   that the distance remains a distance with the same gradient formula. ε suffices for all pictures that
//!   are not flat.
//! * **A picture's** root changes in each step, so reading it back for a check would be too slow. If the
//!   iteration becomes unstable it returns to its last stable state, see [`roots`], which ignores the
//!   smallest eigenvalues.

use burn::tensor::{Bool, Tensor};

use super::moments::{EPSILON, Floor, Moments, diagonal};

/// Steps of the Newton–Schulz iteration for a target's root, computed once.
const TARGET_ITERATIONS: usize = 16;
/// Steps between two checks of the iteration.
const CHECK_EVERY: usize = 4;
/// Per channel, how far Σt² of a stable iteration may exceed Σt.
const SLACK: f64 = 0.05;
/// Unit roundoff of single precision.
const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
/// ‖A·A − Σ‖/‖Σ‖ above which A is not a root; it is at most 10⁻³ for pictures that are not flat.
const NO_ROOT: f64 = 0.03;
/// How often a floor is multiplied by 4: up to u·4¹² = 1 of the trace.
const MAX_TRIES: i32 = 12;

/// A covariance's floor, its root `[C, C]` and its trace `[1]`.
pub struct RootedCovariance {
    pub floor: Floor,
    pub root: Tensor<2>,
    pub trace: Tensor<1>,
}

impl RootedCovariance {
    /// Of a layer's statistics, given tr G `[1]` and the identity of its shape.
    ///
    /// # Panics
    ///
    /// If the device fails.
    pub fn of(moments: &Moments, trace: &Tensor<1>, identity: &Tensor<2>) -> Self {
        let rooted = |floor: Floor| {
            let covariance = moments.covariance(identity, floor);
            let root = roots(covariance.clone(), TARGET_ITERATIONS, identity).0;
            let distance = (root.clone().matmul(root.clone()) - covariance.clone()).square().sum();
            let trace = diagonal(&covariance, identity).sum();
            (Self { floor, root, trace }, distance / covariance.square().sum())
        };
        let number = |number: Tensor<1>| f64::from(number.into_scalar::<f32>());
        let is_root = |error: Tensor<1>| number(error) < NO_ROOT * NO_ROOT;
        let (mut found, error) = rooted(Floor(EPSILON));
        if is_root(error) {
            return found;
        }
        let trace = number(trace.clone());
        for tries in 0..=MAX_TRIES {
            let (with_floor, error) = rooted(Floor(EPSILON + ROUNDING * trace * 4f64.powi(tries)));
            found = with_floor;
            if is_root(error) {
                break;
            }
        }
        found
    }
}

/// Square root and inverse square root of a symmetric positive definite matrix, by the coupled Newton–Schulz
/// iteration (Higham, Functions of Matrices, 2008, section 6.7).
///
/// For a matrix that rounding has made indefinite, the result of fewer steps, which underestimates
/// eigenvalues of the magnitude of the negative ones. Nothing is read back.
pub fn roots(matrix: Tensor<2>, iterations: usize, identity: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let norm: Tensor<2> = matrix.clone().square().sum().sqrt().reshape([1, 1]);
    let mut root = matrix / norm.clone();
    let mut inverse = identity.clone();
    let mut known = (root.clone(), inverse.clone());
    for step in 1..=iterations {
        let product = inverse.clone().matmul(root.clone());
        let mut turn = (identity.clone() * 3.0 - product.clone()) * 0.5;
        if step.is_multiple_of(CHECK_EVERY) {
            let sound = is_sound(product, identity);
            root = known.0.mask_where(sound.clone(), root);
            inverse = known.1.mask_where(sound.clone(), inverse);
            turn = identity.clone().mask_where(sound, turn);
            known = (root.clone(), inverse.clone());
        }
        root = root.matmul(turn.clone());
        inverse = turn.matmul(inverse);
    }
    (root * norm.clone().sqrt(), inverse / norm.sqrt())
}

/// Whether the eigenvalues t of a step's product are within 0 to 1, where t² ≤ t, up to a tolerance.
fn is_sound(product: Tensor<2>, identity: &Tensor<2>) -> Tensor<2, Bool> {
    let [channels, _] = product.dims();
    let excess = (product.clone() * (product - identity.clone())).sum();
    // NaN is not lower either.
    excess.lower_elem(1.0 + SLACK * channels as f64).reshape([1, 1]).expand([channels, channels])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use impasto_network::compute::Features;

    use super::*;

    fn matrix(values: Vec<f32>) -> Tensor<2> {
        let side = values.len().isqrt();
        Tensor::from_data(TensorData::new(values, [side, side]), &Device::flex())
    }

    fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn error(found: Tensor<2>, expected: Tensor<2>) -> f32 {
        let [distance, energy] =
            [(found - expected.clone()).square().sum(), expected.square().sum()].map(|sum| host(sum)[0]);
        distance / energy
    }

    /// Statistics of `positions` features in `channels` channels around `level`, with noise.
    fn moments(channels: usize, positions: usize, level: f32, noise: f32) -> Moments {
        let value = |i: usize| (i.wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 65536.0 - 0.5;
        let of_channel = |c: usize| level * (1.0 + 3.0 * value(7 * c + 1));
        let values: Vec<f32> =
            (0..channels * positions).map(|i| of_channel(i / positions) + noise * value(i)).collect();
        let data = TensorData::new(values, [1, channels, 1, positions]);
        Moments::of(&Features::Tensor(Tensor::from_data(data, &Device::flex())))
    }

    fn covariance(moments: &Moments) -> (RootedCovariance, Tensor<2>, Tensor<2>) {
        let identity = Tensor::eye(moments.mean.dims()[0], &Device::flex());
        let trace = diagonal(&moments.gram, &identity).sum();
        let rooted = RootedCovariance::of(moments, &trace, &identity);
        let covariance = moments.covariance(&identity, rooted.floor);
        (rooted, covariance, identity)
    }

    #[test]
    fn roots_are_roots() {
        let (rooted, covariance, identity) = covariance(&moments(6, 40, 1.0, 1.0));
        assert_eq!(rooted.floor, Floor(EPSILON), "enough, so that nothing changes");
        assert!(error(rooted.root.clone().matmul(rooted.root), covariance.clone()) < 1e-8);
        let (root, inverse) = roots(covariance, 16, &identity);
        assert!(error(root.matmul(inverse), identity) < 1e-6);
    }

    #[test]
    fn a_covariance_of_rounding_errors_gets_a_sufficient_floor() {
        for (level, noise) in [(30.0, 0.0), (300.0, 0.0), (300.0, 1e-4), (0.0, 0.0)] {
            let moments = moments(64, 9000, level, noise);
            let (rooted, covariance, _) = covariance(&moments);
            let trace = host(rooted.trace)[0];
            assert!(trace > 0.0, "{level} {noise}: {trace}");
            let error = error(rooted.root.clone().matmul(rooted.root), covariance);
            assert!(error < 1e-3, "{level} {noise}: {error} with {:?}", rooted.floor);
            let size = f64::from(host(moments.gram.square().sum())[0]).sqrt();
            assert!(rooted.floor.0 <= EPSILON + 1e-3 * size, "{:?} for {size}", rooted.floor);
            assert_eq!(rooted.floor.0 > EPSILON, level > 0.0, "{level} {noise}: {:?}", rooted.floor);
        }
    }

    #[test]
    fn an_indefinite_matrix_gives_numbers_and_the_rest_of_its_root() {
        for below in [0.0, -1e-6, -1e-4, -1e-2, -0.3, -1.0] {
            let eigenvalues = [1.0, 0.5, 0.1, below];
            let diagonal = (0..16).map(|i| if i % 5 == 0 { eigenvalues[i / 5] } else { 0.0 }).collect();
            let identity = Tensor::eye(4, &Device::flex());
            let (root, inverse) = roots(matrix(diagonal), 12, &identity);
            let (root, inverse) = (host(root), host(inverse));
            assert!(
                root.iter().chain(&inverse).all(|value| value.abs() < 1e4),
                "{below}: {root:?} {inverse:?}"
            );
            // Only eigenvalues that are larger than the negative ones in magnitude.
            if below > -1e-3 {
                assert!((root[0] - 1.0).abs() < 0.02 && (root[5] - 0.5_f32.sqrt()).abs() < 0.02, "{root:?}");
            }
        }
    }
}
