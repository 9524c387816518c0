//! Determine which of our own kernels work on a graphics adapter.

use burn::tensor::Device as TensorDevice;

use super::{
    check::self_check,
    kernel_choice::{Kernel, KernelChoice, OwnKernels, replace_kernels},
};

/// Run the self-check with all of our own kernels; if it fails, with each in turn.
///
/// # Errors
///
/// The self-check's error if it fails with burn's operations too.
pub fn own_kernels(device: &TensorDevice, trying: impl Fn(Option<Kernel>)) -> Result<OwnKernels, String> {
    let Err(why) = self_check(device, KernelChoice::Own) else { return Ok(OwnKernels::All) };
    trying(None);
    match one_by_one(device, Vec::new(), trying) {
        Ok(OwnKernels::None(_)) => Ok(OwnKernels::None(why)),
        found => found.map_err(|_| why),
    }
}

/// Run the self-check with each of our own kernels alone, the others replaced by burn's operations, and then
/// with all that passed. Kernels that are known to fail are skipped. `trying` is called before each check
/// with its kernel, or `None` for several.
///
/// # Errors
///
/// The self-check's error if it fails with burn's operations only.
pub fn one_by_one(
    device: &TensorDevice,
    mut failed: Vec<(Kernel, String)>,
    trying: impl Fn(Option<Kernel>),
) -> Result<OwnKernels, String> {
    self_check(device, KernelChoice::Portable)?;
    for kernel in Kernel::ALL {
        if failed.iter().any(|(known, _)| *known == kernel) {
            continue;
        }
        trying(Some(kernel));
        let others: Vec<Kernel> = Kernel::ALL.into_iter().filter(|other| *other != kernel).collect();
        replace_kernels(device, &others);
        if let Err(error) = self_check(device, KernelChoice::Own) {
            failed.push((kernel, error));
        }
    }
    trying(None);
    let found = OwnKernels::Without(failed);
    found.use_on(device);
    let together = self_check(device, KernelChoice::Own);
    // Opening the device decides which kernels are used.
    replace_kernels(device, &[]);
    Ok(match together {
        Ok(()) => found,
        Err(why) => OwnKernels::None(why),
    })
}
