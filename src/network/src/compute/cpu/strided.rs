//! Strided views of matrices.

/// A matrix inside a slice: element (i, j) is at i·`row` + j·`step`.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub step: usize,
}
