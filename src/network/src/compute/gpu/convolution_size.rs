//! Size of a convolution.

use crate::compute::shape::Shape;

/// A convolution's size for the choice of its tile: its input and its number of output channels.
pub type ConvolutionSize = (Shape, usize);
