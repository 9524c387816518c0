//! Telling a graphics device that has no memory left from one that is broken.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use burn::tensor::Device as TensorDevice;

/// Refused allocations of each watched device since it was opened.
static REFUSED: Mutex<Vec<(TensorDevice, Arc<AtomicU64>)>> = Mutex::new(Vec::new());

/// What CubeCL and wgpu say of an allocation that fails for want of memory, or exceeds the adapter's largest
/// buffer.
const SIGNS: [&str; 6] = [
    "Out of Memory",
    "Not enough memory left",
    "out of device memory",
    "can't allocate buffer of size",
    "greater than the maximum buffer size",
    "buffer_binding_size",
];

/// Whether an error is about memory, by its text, which is all that CubeCL passes on from its threads.
pub fn is_about_memory(error: &str) -> bool {
    SIGNS.iter().any(|sign| error.contains(sign))
}

/// Count the allocations that the driver refuses `tensor`, which runs on `device`. They appear nowhere else:
/// a later read only says that the buffer does not exist.
pub fn watch(tensor: &TensorDevice, device: &wgpu::Device) {
    let count = Arc::new(AtomicU64::new(0));
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner).push((tensor.clone(), Arc::clone(&count)));
    device.on_uncaptured_error(Arc::new(move |error| note(&error, &count)));
}

/// The number of allocations that the driver has refused a watched device so far.
pub fn refused(tensor: &TensorDevice) -> u64 {
    let watched = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let count = watched.iter().find(|(device, _)| device == tensor);
    count.map_or(0, |(_, count)| count.load(Ordering::Relaxed))
}

/// Count an error that is about memory, and panic as CubeCL does at every error, so that the buffer is not
/// used.
fn note(error: &wgpu::Error, count: &AtomicU64) {
    let text = error.to_string();
    if matches!(error, wgpu::Error::OutOfMemory { .. }) || is_about_memory(&text) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    if std::thread::panicking() {
        tracing::debug!("wgpu error: {text}");
    } else {
        panic!("wgpu error: {text}");
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;

    #[test]
    fn a_refused_allocation_is_told_from_other_failures() {
        let count = AtomicU64::new(0);
        let noted = |error: wgpu::Error| {
            let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| note(&error, &count))).is_err();
            (panicked, count.load(Ordering::Relaxed))
        };
        let source = || Box::new(std::fmt::Error);
        let other = |description: &str| wgpu::Error::Validation {
            source: source(),
            description: description.to_owned(),
        };
        assert_eq!(noted(wgpu::Error::OutOfMemory { source: source() }), (true, 1));
        assert_eq!(noted(other("a pipeline is invalid")), (true, 1));
        let text = "Buffer size 9 is greater than the maximum buffer size (8)";
        assert_eq!(noted(other(text)), (true, 2));
        assert!(is_about_memory("can't allocate buffer of size: 12\nno backtrace"));
        for text in ["The device is poisoned: Unknown: device lost", "couldn't find resource for that handle"]
        {
            assert!(!is_about_memory(text));
        }
    }
}
