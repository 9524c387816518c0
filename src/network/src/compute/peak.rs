//! A device's peak rate of multiply-adds from registers or the L1 cache.

use std::time::Instant;

use burn::tensor::{Device as TensorDevice, Tensor};
use rayon::prelude::*;

use super::{cpu, gpu};

/// Minimum seconds of a measurement, and the number of measurements, of which the best counts.
const SECONDS: f64 = 0.03;
const TIMES: usize = 5;

/// Floating-point operations per second of a device, a multiply-add being two.
pub fn peak(device: &TensorDevice) -> f64 {
    if *device != TensorDevice::flex() {
        let queue = gpu::Queue::of(&Tensor::zeros([1], device));
        return best(|rounds| {
            let flops = gpu::multiply_adds(&queue, rounds);
            // If the device fails here, it will fail again where the error is handled.
            drop(device.sync());
            flops
        });
    }
    let threads = rayon::current_num_threads();
    best(|rounds| (0..threads).into_par_iter().map(|_| cpu::multiply_adds(rounds)).sum())
}

/// The best rate of `work`, which returns its number of operations for a number of rounds.
fn best(work: impl Fn(usize) -> f64) -> f64 {
    let mut rounds = 1;
    loop {
        let start = Instant::now();
        work(rounds);
        if start.elapsed().as_secs_f64() >= SECONDS || rounds > 1 << 24 {
            break;
        }
        rounds *= 2;
    }
    let once = |_| {
        let start = Instant::now();
        work(rounds) / start.elapsed().as_secs_f64()
    };
    (0..TIMES).map(once).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_has_a_peak() {
        let peak = peak(&TensorDevice::flex());
        assert!(peak.is_finite() && peak > 1e8, "{peak}");
    }
}
