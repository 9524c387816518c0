//! The inner product that everything on the CPU comes down to: rows · packed panels, in registers, for the vector
//! instructions that this processor has.

use std::sync::LazyLock;

/// Vector instruction sets with a kernel of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Plain Rust that the compiler vectorises for the target's baseline (SSE2, NEON).
    Portable,
}

impl Isa {
    /// The best set of this processor.
    pub fn detected() -> Self {
        static DETECTED: LazyLock<Isa> =
            LazyLock::new(|| Isa::available().into_iter().next().unwrap_or(Isa::Portable));
        *DETECTED
    }

    /// All sets of this processor, best first.
    pub fn available() -> Vec<Self> {
        let mut list = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                list.push(Isa::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                list.push(Isa::Avx2);
            }
        }
        list.push(Isa::Portable);
        list
    }

    /// Columns of a packed panel.
    pub fn panel(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => 32,
            _ => 16,
        }
    }
}

/// A matrix K×N in panels of [`Isa::panel`] columns, each panel row by row, the last one filled up with zeros.
pub struct Packed {
    isa: Isa,
    values: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// Packs the matrix whose element (k, n) is `element(k, n)`.
    pub fn new(isa: Isa, depth: usize, columns: usize, element: impl Fn(usize, usize) -> f32) -> Self {
        let width = isa.panel();
        let panels = columns.div_ceil(width);
        let mut values = vec![0.0; panels * width * depth];
        for (panel, chunk) in values.chunks_exact_mut(width * depth).enumerate() {
            for (k, row) in chunk.chunks_exact_mut(width).enumerate() {
                for (lane, value) in row.iter_mut().enumerate() {
                    let n = panel * width + lane;
                    if n < columns {
                        *value = element(k, n);
                    }
                }
            }
        }
        Self { isa, values, depth, columns }
    }

    /// N rounded up to whole panels: the row stride of a product.
    pub fn padded_columns(&self) -> usize {
        self.columns.div_ceil(self.isa.panel()) * self.isa.panel()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        4 * self.values.len()
    }

    /// `out` = `rows` · this, for `count` rows of K values each; rows of `out` have [`Packed::padded_columns`] values.
    ///
    /// # Panics
    ///
    /// When a slice is too short.
    pub fn multiply(&self, rows: &[f32], count: usize, out: &mut [f32]) {
        let stride = self.padded_columns();
        assert!(rows.len() >= count * self.depth && out.len() >= count * stride, "whole rows");
        let width = self.isa.panel();
        for (panel, values) in self.values.chunks_exact(width * self.depth).enumerate() {
            let out = &mut out[panel * width..];
            match self.isa {
                // SAFETY: `Isa::available` has found these instructions, and the slices hold what is read and written:
                // `count` rows of `depth` values, a panel of `depth` rows, and `count` rows at `stride` of `out`.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => unsafe {
                    x86::avx512(rows.as_ptr(), count, self.depth, values.as_ptr(), out.as_mut_ptr(), stride);
                },
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => unsafe {
                    x86::avx2(rows.as_ptr(), count, self.depth, values.as_ptr(), out.as_mut_ptr(), stride);
                },
                Isa::Portable => portable(rows, count, self.depth, values, out, stride),
            }
        }
    }
}

fn portable(rows: &[f32], count: usize, depth: usize, panel: &[f32], out: &mut [f32], stride: usize) {
    const WIDTH: usize = 16;
    const HEIGHT: usize = 4;
    let mut row = 0;
    while row < count {
        let height = HEIGHT.min(count - row);
        let mut sums = [[0.0_f32; WIDTH]; HEIGHT];
        for (k, b) in panel.as_chunks::<WIDTH>().0.iter().enumerate() {
            for (i, sum) in sums.iter_mut().enumerate().take(height) {
                let a = rows[(row + i) * depth + k];
                for (s, b) in sum.iter_mut().zip(b) {
                    *s += a * b;
                }
            }
        }
        for (i, sum) in sums.iter().enumerate().take(height) {
            out[(row + i) * stride..][..WIDTH].copy_from_slice(sum);
        }
        row += height;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    macro_rules! kernel {
        ($name:ident, $block:ident, $features:literal, $height:literal, $lanes:literal, $zero:ident, $load:ident,
         $set:ident, $fma:ident, $store:ident, [$($rest:literal)*]) => {
            /// HEIGHT rows of the product with one panel, two vectors wide.
            #[target_feature(enable = $features)]
            unsafe fn $block<const HEIGHT: usize>(
                rows: *const f32, depth: usize, panel: *const f32, out: *mut f32, stride: usize,
            ) {
                // SAFETY: the caller of `$name` vouches for the extents.
                unsafe {
                    let mut sums = [[$zero(); 2]; HEIGHT];
                    for k in 0..depth {
                        let left = $load(panel.add(2 * $lanes * k));
                        let right = $load(panel.add(2 * $lanes * k + $lanes));
                        for i in 0..HEIGHT {
                            let a = $set(*rows.add(i * depth + k));
                            sums[i][0] = $fma(a, left, sums[i][0]);
                            sums[i][1] = $fma(a, right, sums[i][1]);
                        }
                    }
                    for (i, sum) in sums.iter().enumerate() {
                        $store(out.add(i * stride), sum[0]);
                        $store(out.add(i * stride + $lanes), sum[1]);
                    }
                }
            }

            /// # Safety
            ///
            /// The processor has the instructions; `rows` has `count`×`depth` values, `panel` `depth`×2·lanes, `out`
            /// `count` rows of 2·lanes at `stride`.
            #[target_feature(enable = $features)]
            pub unsafe fn $name(
                rows: *const f32, count: usize, depth: usize, panel: *const f32, out: *mut f32, stride: usize,
            ) {
                // SAFETY: every row that is touched lies below `count`.
                unsafe {
                    let mut row = 0;
                    while row + $height <= count {
                        $block::<$height>(rows.add(row * depth), depth, panel, out.add(row * stride), stride);
                        row += $height;
                    }
                    let (rows, out) = (rows.add(row * depth), out.add(row * stride));
                    match count - row {
                        $($rest => $block::<$rest>(rows, depth, panel, out, stride),)*
                        _ => {}
                    }
                }
            }
        };
    }

    kernel!(avx512, avx512_block, "avx512f,fma", 12, 16, _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps,
        _mm512_fmadd_ps, _mm512_storeu_ps, [1 2 3 4 5 6 7 8 9 10 11]);
    kernel!(avx2, avx2_block, "avx2,fma", 6, 8, _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps,
        _mm256_fmadd_ps, _mm256_storeu_ps, [1 2 3 4 5]);
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
                let packed = Packed::new(isa, depth, columns, |k, n| value(k * columns + n + 7));
                let stride = packed.padded_columns();
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
            }
        }
    }
}
