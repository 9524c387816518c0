//! What every driver must be able to do: `tests/bench/drivers.sh` runs this on more than one.

use impasto_network::compute::{OwnKernels, own_kernels, peak};

use crate::common::adapter;

#[test]
fn no_kernel_of_ours_is_replaced_on_this_adapter() {
    let Some(device) = adapter() else { return };
    assert_eq!(own_kernels(&device.tensor, |_| ()), Ok(OwnKernels::All));
    assert!(!device.info.reason.contains("burn"), "{}", device.info.reason);
}

#[test]
fn an_adapter_has_a_peak() {
    let Some(device) = adapter() else { return };
    let peak = peak(&device.tensor);
    assert!(peak.is_finite() && peak > 1e8, "{peak}");
}
