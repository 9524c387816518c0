//! Read numbers back from the device.

use burn::tensor::Tensor;

use super::TransferError;

/// Read a tensor's values, waiting for the device.
///
/// # Errors
///
/// If the device fails.
pub(super) fn values(tensor: Tensor<1>) -> Result<Vec<f32>, TransferError> {
    let data = tensor.try_into_data().map_err(|error| TransferError::Device(error.to_string()))?;
    data.try_to_vec::<f32>().map_err(|error| TransferError::Device(format!("{error:?}")))
}
