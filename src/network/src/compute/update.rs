//! A fused step of Adam in one pass over the picture: both moments, the update, its bounds, the iterates'
//! average and the gradient's norm.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use rayon::prelude::*;

use super::{
    gpu,
    kernel_choice::{Kernel, has_kernel},
};

/// The constants of a step, in PyTorch's form of Adam: m ← β₁·m + (1−β₁)·g, v ← β₂·v + (1−β₂)·g²,
/// x ← x − rate·m/(√(v/correction) + ε).
#[derive(Clone, Copy, Debug)]
pub struct Update {
    pub beta1: f64,
    pub beta2: f64,
    /// The learning rate over 1 − β₁ᵗ.
    pub rate: f64,
    /// 1 − β₂ᵗ.
    pub correction: f64,
    pub epsilon: f64,
    /// x stays in 0 to 1.
    pub confine: bool,
    /// Decay d of the sum of the iterates: s ← d·s + (1−d)·x.
    pub averaging: f64,
}

/// State that a step changes; all of the same shape.
#[derive(Clone)]
pub struct Iterate {
    /// x
    pub variable: Tensor<4>,
    /// m
    pub mean: Tensor<4>,
    /// v
    pub square: Tensor<4>,
    /// s, if averaging is used.
    pub sum: Option<Tensor<4>>,
}

/// Values per task, which fit in the core's cache.
const CHUNK: usize = 1 << 12;

impl Update {
    /// The iterate after a step, and partial sums of ‖g‖². Uses one kernel on a graphics adapter, or burn's
    /// operations if that is disabled, and one loop on the CPU.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn apply(&self, iterate: Iterate, gradient: Tensor<4>) -> (Iterate, Tensor<1>) {
        let device = gradient.device();
        let shape = gradient.dims();
        let Iterate { variable, mean, square, sum } = &iterate;
        let same = [variable, mean, square].into_iter().chain(sum).all(|tensor| tensor.dims() == shape);
        assert!(same, "one shape");
        if device == TensorDevice::flex() {
            self.on_cpu(iterate, gradient)
        } else if has_kernel(&device, Kernel::Adam) {
            gpu::update(self, iterate, gradient)
        } else {
            self.portable(iterate, gradient)
        }
    }

    /// As [`Update::apply`] with burn's operations: the reference.
    pub fn portable(&self, iterate: Iterate, gradient: Tensor<4>) -> (Iterate, Tensor<1>) {
        let norm = gradient.clone().square().sum();
        let mean = iterate.mean * self.beta1 + gradient.clone() * (1.0 - self.beta1);
        let square = iterate.square * self.beta2 + gradient.square() * (1.0 - self.beta2);
        let divisor = (square.clone() / self.correction).sqrt() + self.epsilon;
        let mut variable = iterate.variable - mean.clone() / divisor * self.rate;
        if self.confine {
            variable = variable.clamp(0.0, 1.0);
        }
        let now = variable.clone() * (1.0 - self.averaging);
        let sum = iterate.sum.map(|sum| sum * self.averaging + now);
        (Iterate { variable, mean, square, sum }, norm)
    }

    fn on_cpu(&self, iterate: Iterate, gradient: Tensor<4>) -> (Iterate, Tensor<1>) {
        let device = gradient.device();
        // A tensor with no other owner is updated in place, not copied.
        let gradient = gradient.into_data();
        let [mut variable, mut mean, mut square] =
            [iterate.variable, iterate.mean, iterate.square].map(Tensor::into_data);
        let mut sum = iterate.sum.map(Tensor::into_data);
        let gradients = gradient.as_slice::<f32>().expect(FLOATS);
        let sums: Vec<Option<&mut [f32]>> = match &mut sum {
            Some(sum) => floats(sum).chunks_mut(CHUNK).map(Some).collect(),
            None => gradients.chunks(CHUNK).map(|_| None).collect(),
        };
        let moments = floats(&mut mean).par_chunks_mut(CHUNK).zip(floats(&mut square).par_chunks_mut(CHUNK));
        let chunks = gradients.par_chunks(CHUNK).zip(floats(&mut variable).par_chunks_mut(CHUNK));
        let parts: Vec<f64> = chunks
            .zip(moments)
            .zip(sums)
            .map(|(((gradient, variable), (mean, square)), sum)| {
                self.chunk(gradient, variable, mean, square, sum);
                f64::from(squares(gradient))
            })
            .collect();
        let norm = parts.iter().sum::<f64>() as f32;
        let tensor = |data: TensorData| Tensor::<4>::from_data(data, &device);
        let iterate = Iterate {
            variable: tensor(variable),
            mean: tensor(mean),
            square: tensor(square),
            sum: sum.map(tensor),
        };
        (iterate, Tensor::from_data(TensorData::new(vec![norm], [1]), &device))
    }

    fn chunk(&self, g: &[f32], x: &mut [f32], m: &mut [f32], v: &mut [f32], sum: Option<&mut [f32]>) {
        let [beta1, beta2, rate, epsilon] =
            [self.beta1, self.beta2, self.rate, self.epsilon].map(|value| value as f32);
        let [rest1, rest2, inverse_correction] =
            [1.0 - self.beta1, 1.0 - self.beta2, 1.0 / self.correction].map(|value| value as f32);
        for (((g, x), m), v) in g.iter().zip(&mut *x).zip(m).zip(v) {
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * g * g;
            *x -= rate * *m / ((*v * inverse_correction).sqrt() + epsilon);
        }
        if self.confine {
            x.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
        }
        if let Some(sum) = sum {
            let (decay, rest) = (self.averaging as f32, (1.0 - self.averaging) as f32);
            sum.iter_mut().zip(x).for_each(|(sum, x)| *sum = decay * *sum + rest * *x);
        }
    }
}

const FLOATS: &str = "a tensor of floats";

fn floats(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect(FLOATS)
}

/// Uses sixteen parallel sums, which vectorises and keeps precision.
fn squares(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (rows, rest) = values.as_chunks::<16>();
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value * value);
    }
    sums.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_loop_agrees_with_burns_operations() {
        let device = TensorDevice::flex();
        let shape = [1, 3, 53, 77];
        let tensor = |salt: usize, low: f32| {
            let value = |i: usize| ((i + 31 * salt).wrapping_mul(2_654_435_761) >> 9 & 0xffff) as f32;
            let values: Vec<f32> = (0..3 * 53 * 77).map(|i| value(i) / 65536.0 + low).collect();
            Tensor::<4>::from_data(TensorData::new(values, shape), &device)
        };
        let host = |tensor: &Tensor<4>| tensor.to_data().try_to_vec::<f32>().unwrap();
        for (confine, average) in [(true, true), (false, true), (true, false)] {
            let start = Iterate {
                variable: tensor(1, 0.0),
                mean: tensor(2, -0.5),
                square: tensor(3, 0.0),
                sum: average.then(|| tensor(4, 0.0)),
            };
            let update = Update {
                beta1: 0.9,
                beta2: 0.99,
                rate: 0.3,
                correction: 0.2,
                epsilon: 1e-8,
                confine,
                averaging: 0.95,
            };
            let gradient = tensor(5, -0.5);
            // The variable has another owner.
            let (seen, before) = (start.variable.clone(), host(&start.variable));
            let (expected, norm) = update.portable(start.clone(), gradient.clone());
            let (found, parts) = update.apply(start, gradient);
            assert_eq!(host(&seen), before);
            let pairs = [
                (&found.variable, &expected.variable),
                (&found.mean, &expected.mean),
                (&found.square, &expected.square),
            ];
            assert_eq!(found.sum.is_some(), average);
            for (found, expected) in pairs.into_iter().chain(found.sum.as_ref().zip(expected.sum.as_ref())) {
                for (found, expected) in host(found).iter().zip(host(expected)) {
                    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
                }
            }
            let [norm, parts] = [norm, parts].map(|norm| norm.sum().into_scalar::<f32>());
            assert!((norm - parts).abs() < 1e-5 * norm, "{norm} {parts}");
            assert!(host(&found.variable).iter().any(|x| (*x == 0.0 || *x == 1.0) == confine));
        }
    }
}
