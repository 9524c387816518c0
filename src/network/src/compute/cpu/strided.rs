//! Strided views of matrices.

/// A matrix inside a slice: element (i, j) is at i·`row` + j·`step`.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub step: usize,
}

/// Where the last of `count` rows ends if they begin `row` apart and have `width` values each, `count` not 0.
/// What no number can say becomes the largest one, where no slice reaches.
pub fn end(count: usize, row: usize, width: usize) -> usize {
    (count - 1).checked_mul(row).and_then(|start| start.checked_add(width)).unwrap_or(usize::MAX)
}
