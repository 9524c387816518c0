//! The matrix product that all CPU kernels use: rows · packed panels, in registers, for the processor's
//! vector instructions.

use super::{
    isa::Isa,
    strided::{Strided, end},
};

/// A matrix K×N in panels of [`Isa::panel`] columns, each row-major, the last one padded with zeros.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    pub isa: Isa,
    pub values: &'a [f32],
    pub depth: usize,
    pub columns: usize,
}

/// `columns` rounded up to whole panels: the row stride of a product with a [`Packed`] matrix.
pub fn padded(isa: Isa, columns: usize) -> usize {
    columns.div_ceil(isa.panel()) * isa.panel()
}

/// Values of a [`Packed`] matrix whose element (k, n) is `element(k, n)`.
pub fn pack(isa: Isa, depth: usize, columns: usize, element: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let width = isa.panel();
    let mut values = vec![0.0; padded(isa, columns) * depth];
    for (panel, chunk) in values.chunks_exact_mut(width * depth).enumerate() {
        for (k, row) in chunk.chunks_exact_mut(width).enumerate() {
            for (lane, value) in row.iter_mut().enumerate().take(columns - panel * width) {
                *value = element(k, panel * width + lane);
            }
        }
    }
    values
}

impl Packed<'_> {
    /// `out` = `rows` · this, for `count` rows of K values each; rows of `out` have [`padded`] values.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub fn multiply(&self, rows: &[f32], count: usize, out: &mut [f32]) {
        self.product(rows, count, out, false);
    }

    /// `out` += `rows` · this, see [`Packed::multiply`].
    pub fn multiply_add(&self, rows: &[f32], count: usize, out: &mut [f32]) {
        self.product(rows, count, out, true);
    }

    fn product(&self, rows: &[f32], count: usize, out: &mut [f32], add: bool) {
        let (width, stride) = (self.isa.panel(), padded(self.isa, self.columns));
        let left = Strided { values: rows, row: self.depth, step: 1 };
        for (panel, values) in self.values.chunks_exact(width * self.depth).enumerate() {
            let right = Strided { values, row: width, step: 1 };
            product(self.isa, left, right, count, self.depth, &mut out[panel * width..], stride, add);
        }
    }
}

/// `out` = or += `left` · `right` for `count` rows of `left`, `depth` products per element and one panel of
/// columns; `right` has step 1, rows of `out` begin `stride` apart.
///
/// # Panics
///
/// If a slice is too short.
#[expect(clippy::too_many_arguments, reason = "the shape of a matrix product")]
pub fn product(
    isa: Isa,
    left: Strided<'_>,
    right: Strided<'_>,
    count: usize,
    depth: usize,
    out: &mut [f32],
    stride: usize,
    add: bool,
) {
    if count == 0 || depth == 0 {
        return;
    }
    let width = isa.panel();
    assert!(right.step == 1 && end(depth, right.row, width) <= right.values.len(), "whole rows");
    assert!(end(count, left.row, end(depth, left.step, 1)) <= left.values.len(), "whole rows");
    assert!(end(count, stride, width) <= out.len(), "whole rows");
    match isa {
        // SAFETY: `Isa::available` has found these instructions, and the assertions ensure that all accesses
        // are inside the slices.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { x86::avx512(left, right, count, depth, out.as_mut_ptr(), stride, add) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { x86::avx2(left, right, count, depth, out.as_mut_ptr(), stride, add) },
        // SAFETY: NEON is part of the target, and all accesses are inside the slices.
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => unsafe {
            super::neon::product(left, right, count, depth, out.as_mut_ptr(), stride, add);
        },
        Isa::Portable => portable(left, right, count, depth, out, stride, add),
    }
}

/// Multiply small matrices that fit in the L1 cache; returns the number of operations.
pub fn multiply_adds(rounds: usize) -> f64 {
    const COUNT: usize = 12;
    const DEPTH: usize = 64;
    let isa = Isa::detected();
    let (rows, values) = (vec![0.5; COUNT * DEPTH], vec![0.25; DEPTH * isa.panel()]);
    let mut out = vec![0.0; COUNT * isa.panel()];
    let packed = Packed { isa, values: &values, depth: DEPTH, columns: isa.panel() };
    let rounds = 64 * rounds;
    for _ in 0..rounds {
        packed.multiply(std::hint::black_box(&rows), COUNT, std::hint::black_box(&mut out));
    }
    (2 * COUNT * DEPTH * isa.panel() * rounds) as f64
}

fn portable(
    left: Strided<'_>,
    right: Strided<'_>,
    count: usize,
    depth: usize,
    out: &mut [f32],
    stride: usize,
    add: bool,
) {
    const WIDTH: usize = 16;
    const HEIGHT: usize = 4;
    let mut row = 0;
    while row < count {
        let height = HEIGHT.min(count - row);
        let mut sums = [[0.0_f32; WIDTH]; HEIGHT];
        for k in 0..depth {
            let b = &right.values[k * right.row..][..WIDTH];
            for (i, sum) in sums.iter_mut().enumerate().take(height) {
                let a = left.values[(row + i) * left.row + k * left.step];
                for (s, b) in sum.iter_mut().zip(b) {
                    *s += a * b;
                }
            }
        }
        for (i, sum) in sums.iter().enumerate().take(height) {
            let out = &mut out[(row + i) * stride..][..WIDTH];
            for (out, sum) in out.iter_mut().zip(sum) {
                *out = if add { *out + sum } else { *sum };
            }
        }
        row += height;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use crate::compute::cpu::strided::Strided;

    macro_rules! kernel {
        ($name:ident, $block:ident, $features:literal, $height:literal, $lanes:literal, $zero:ident, $load:ident,
         $set:ident, $fma:ident, $sum:ident, $store:ident, [$($rest:literal)*]) => {
            /// HEIGHT rows of the product with one panel, two vectors wide.
            ///
            /// # Safety
            ///
            /// As the function below, for HEIGHT rows.
            #[target_feature(enable = $features)]
            #[expect(clippy::too_many_arguments, reason = "two matrices and where the product goes")]
            unsafe fn $block<const HEIGHT: usize>(
                left: *const f32, row: usize, step: usize, right: *const f32, right_row: usize, depth: usize,
                out: *mut f32, stride: usize, add: bool,
            ) {
                // SAFETY: the caller guarantees the instructions and the extents: `k` < `depth`, `i` <
                // HEIGHT.
                unsafe {
                    let mut sums = [[$zero(); 2]; HEIGHT];
                    for k in 0..depth {
                        let first = $load(right.add(right_row * k));
                        let second = $load(right.add(right_row * k + $lanes));
                        for i in 0..HEIGHT {
                            let a = $set(*left.add(i * row + k * step));
                            sums[i][0] = $fma(a, first, sums[i][0]);
                            sums[i][1] = $fma(a, second, sums[i][1]);
                        }
                    }
                    for (i, sum) in sums.iter().enumerate() {
                        let out = out.add(i * stride);
                        let [mut first, mut second] = *sum;
                        if add {
                            first = $sum(first, $load(out));
                            second = $sum(second, $load(out.add($lanes)));
                        }
                        $store(out, first);
                        $store(out.add($lanes), second);
                    }
                }
            }

            /// # Safety
            ///
            /// The processor has the instructions; `left` holds `count` rows of `depth` values, `right`
            /// `depth` rows of 2·lanes; at `out` lie `count` rows of 2·lanes, `stride` apart, that nothing
            /// else reads or writes.
            #[target_feature(enable = $features)]
            pub unsafe fn $name(
                left: Strided<'_>, right: Strided<'_>, count: usize, depth: usize, out: *mut f32, stride: usize,
                add: bool,
            ) {
                let (row, step, right_row) = (left.row, left.step, right.row);
                let (left, right) = (left.values.as_ptr(), right.values.as_ptr());
                // SAFETY: the caller guarantees the extents, and every row that a pointer is formed to, and
                // those that are handed on, lie below `count`.
                unsafe {
                    let mut at = 0;
                    while at + $height <= count {
                        let (left, out) = (left.add(at * row), out.add(at * stride));
                        $block::<$height>(left, row, step, right, right_row, depth, out, stride, add);
                        at += $height;
                    }
                    // Behind the last row may lie less than a row's distance of memory.
                    if at < count {
                        let (left, out) = (left.add(at * row), out.add(at * stride));
                        match count - at {
                            $($rest => $block::<$rest>(left, row, step, right, right_row, depth, out, stride, add),)*
                            _ => {}
                        }
                    }
                }
            }
        };
    }

    kernel!(avx512, avx512_block, "avx512f,fma", 12, 16, _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps,
        _mm512_fmadd_ps, _mm512_add_ps, _mm512_storeu_ps, [1 2 3 4 5 6 7 8 9 10 11]);
    kernel!(avx2, avx2_block, "avx2,fma", 6, 8, _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps,
        _mm256_fmadd_ps, _mm256_add_ps, _mm256_storeu_ps, [1 2 3 4 5]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_multiplies_matrices_of_every_shape() {
        let value = |i: usize| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0;
        for isa in Isa::available() {
            for (count, depth, columns) in [(1, 1, 1), (5, 3, 16), (12, 27, 64), (13, 64, 27), (31, 70, 130)]
            {
                let rows: Vec<f32> = (0..count * depth).map(value).collect();
                let values = pack(isa, depth, columns, |k, n| value(k * columns + n + 7));
                let packed = Packed { isa, values: &values, depth, columns };
                let stride = padded(isa, columns);
                let mut out = vec![f32::NAN; count * stride];
                packed.multiply(&rows, count, &mut out);
                for row in 0..count {
                    for n in 0..columns {
                        let expected: f64 = (0..depth)
                            .map(|k| f64::from(rows[row * depth + k]) * f64::from(value(k * columns + n + 7)))
                            .sum();
                        let found = f64::from(out[row * stride + n]);
                        assert!((found - expected).abs() < 1e-5, "{isa:?} {count}×{depth}×{columns}");
                    }
                }
                let once = out.clone();
                packed.multiply_add(&rows, count, &mut out);
                for (twice, once) in out.iter().zip(&once) {
                    assert!((twice - 2.0 * once).abs() < 1e-5, "{isa:?} {count}×{depth}×{columns} added");
                }
            }
        }
    }

    /// No slice is longer than it has to be: the last row has nothing behind it.
    #[test]
    fn matrices_inside_others_are_read_and_written_to_their_last_value_and_no_further() {
        for isa in Isa::available() {
            let width = isa.panel();
            for (count, depth) in [(1, 1), (6, 2), (12, 5), (18, 3), (24, 7), (29, 4)] {
                let (row, step, right_row, stride) = (1, count + 3, width + 5, width + 9);
                let value = |i: usize| ((i * 29 + 7) % 83) as f32 / 40.0 - 1.0;
                let values: Vec<f32> = (0..end(count, row, end(depth, step, 1))).map(value).collect();
                let panel: Vec<f32> = (0..end(depth, right_row, width)).map(value).collect();
                let mut out = vec![0.5; end(count, stride, width)];
                let left = Strided { values: &values, row, step };
                let right = Strided { values: &panel, row: right_row, step: 1 };
                product(isa, left, right, count, depth, &mut out, stride, false);
                for (at, found) in out.iter().enumerate() {
                    let (i, j) = (at / stride, at % stride);
                    let term = |k: usize| {
                        f64::from(values[i * row + k * step]) * f64::from(panel[k * right_row + j])
                    };
                    let expected = if j < width { (0..depth).map(term).sum() } else { 0.5 };
                    assert!(
                        (f64::from(*found) - expected).abs() < 1e-5,
                        "{isa:?} {count}×{depth} at {i}, {j}"
                    );
                }
                let short = out.len() - 1;
                let refused = std::panic::catch_unwind(move || {
                    product(isa, left, right, count, depth, &mut out[..short], stride, false);
                });
                assert!(refused.is_err(), "{isa:?} {count}×{depth}: one value too few");
            }
            let (values, mut out) = ([0.0; 64], [0.0; 64]);
            let far = Strided { values: &values, row: usize::MAX / 2 + 1, step: 1 };
            let near = Strided { values: &values, row: width, step: 1 };
            // Two rows that begin half of all memory apart: three would begin where they started.
            let refused = std::panic::catch_unwind(move || product(isa, far, near, 3, 1, &mut out, 0, false));
            assert!(refused.is_err(), "{isa:?}: rows that wrap");
        }
    }
}
