//! What a kernel is given to do.

use crate::compute::shape::Shape;

/// A convolution as far as its tile is concerned: its input and its number of output channels.
pub type Work = (Shape, usize);
