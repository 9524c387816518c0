//! Which of our own kernels a graphics adapter can be trusted with.

use burn::tensor::Device as TensorDevice;

use super::{
    check::self_check,
    kernel_choice::{Kernel, KernelChoice, OwnKernels, replace_kernels},
};

/// Run the self-check with all of our own kernels, and if it fails with each of them alone while burn's
/// operations stand in for the others, so that one that fails costs no other. `alive` is called between any
/// two checks.
///
/// # Errors
///
/// What the self-check found, if it fails with burn's operations too.
pub fn own_kernels(device: &TensorDevice, alive: impl Fn()) -> Result<OwnKernels, String> {
    let Err(why) = self_check(device, KernelChoice::Own) else { return Ok(OwnKernels::All) };
    alive();
    if self_check(device, KernelChoice::Portable).is_err() {
        return Err(why);
    }
    let mut failed = Vec::new();
    for kernel in Kernel::ALL {
        alive();
        let others: Vec<Kernel> = Kernel::ALL.into_iter().filter(|other| *other != kernel).collect();
        replace_kernels(device, &others);
        if let Err(error) = self_check(device, KernelChoice::Own) {
            failed.push((kernel, error));
        }
    }
    alive();
    let found = OwnKernels::Without(failed);
    found.use_on(device);
    let together = self_check(device, KernelChoice::Own);
    // What is used is decided when the device is opened.
    replace_kernels(device, &[]);
    Ok(if together.is_ok() { found } else { OwnKernels::None(why) })
}
