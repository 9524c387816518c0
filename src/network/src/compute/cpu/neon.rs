//! Sixteen floats and the matrix product in NEON's vectors of four, which every 64-bit ARM processor
//! supports.

use std::arch::aarch64::*;

use super::{simd::Simd, strided::Strided};

/// Four vectors of four.
#[derive(Clone, Copy)]
pub struct Neon([float32x4_t; 4]);

impl Neon {
    #[inline(always)]
    fn zip(self, other: Self, combine: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([combine(a, e), combine(b, f), combine(c, g), combine(d, h)])
    }
}

impl Simd for Neon {
    #[inline(always)]
    unsafe fn set(value: f32) -> Self {
        // SAFETY: NEON is part of this target.
        Self([unsafe { vdupq_n_f32(value) }; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: guaranteed by the caller.
        Self(std::array::from_fn(|part| unsafe { vld1q_f32(from.add(4 * part)) }))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        for (part, values) in self.0.into_iter().enumerate() {
            // SAFETY: guaranteed by the caller.
            unsafe { vst1q_f32(to.add(4 * part), values) }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        self.zip(other, |a, b| unsafe { vaddq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        self.zip(other, |a, b| unsafe { vsubq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        Self(std::array::from_fn(|part| unsafe { vfmaq_f32(other.0[part], self.0[part], factor.0[part]) }))
    }
    #[inline(always)]
    unsafe fn mul(self, factor: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        self.zip(factor, |a, b| unsafe { vmulq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        self.zip(other, |a, b| unsafe { vmaxq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn where_positive(self, mask: Self) -> Self {
        // SAFETY: guaranteed by the caller.
        self.zip(mask, |value, mask| unsafe {
            let positive = vcgtzq_f32(mask);
            vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(value), positive))
        })
    }
}

/// Rows per block: their sums take 24 of the 32 registers, the panel's row four, the left value one.
const HEIGHT: usize = 6;

/// HEIGHT rows of the product with one panel of sixteen columns.
///
/// # Safety
///
/// As [`product`].
#[expect(clippy::too_many_arguments, reason = "two matrices and where the product goes")]
#[inline(always)]
unsafe fn block<const HEIGHT: usize>(
    left: *const f32,
    row: usize,
    step: usize,
    right: *const f32,
    right_row: usize,
    depth: usize,
    out: *mut f32,
    stride: usize,
    add: bool,
) {
    // SAFETY: the caller of `product` guarantees the extents.
    unsafe {
        let mut sums = [[vdupq_n_f32(0.0); 4]; HEIGHT];
        for k in 0..depth {
            let panel: [float32x4_t; 4] =
                std::array::from_fn(|part| vld1q_f32(right.add(right_row * k + 4 * part)));
            for (i, sum) in sums.iter_mut().enumerate() {
                let a = vdupq_n_f32(*left.add(i * row + k * step));
                for (sum, panel) in sum.iter_mut().zip(panel) {
                    *sum = vfmaq_f32(*sum, a, panel);
                }
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            for (part, sum) in sum.into_iter().enumerate() {
                let out = out.add(i * stride + 4 * part);
                vst1q_f32(out, if add { vaddq_f32(vld1q_f32(out), sum) } else { sum });
            }
        }
    }
}

/// See [`super::kernel::product`].
///
/// # Safety
///
/// `left` has `count` rows of `depth` values, `right` `depth` rows of sixteen, `out` `count` rows of sixteen
/// at `stride`.
pub unsafe fn product(
    left: Strided<'_>,
    right: Strided<'_>,
    count: usize,
    depth: usize,
    out: *mut f32,
    stride: usize,
    add: bool,
) {
    let (row, step, right_row) = (left.row, left.step, right.row);
    let (left, right) = (left.values.as_ptr(), right.values.as_ptr());
    let mut at = 0;
    while at < count {
        // SAFETY: every row that is touched lies below `count`.
        unsafe {
            let (left, out) = (left.add(at * row), out.add(at * stride));
            match (count - at).min(HEIGHT) {
                1 => block::<1>(left, row, step, right, right_row, depth, out, stride, add),
                2 => block::<2>(left, row, step, right, right_row, depth, out, stride, add),
                3 => block::<3>(left, row, step, right, right_row, depth, out, stride, add),
                4 => block::<4>(left, row, step, right, right_row, depth, out, stride, add),
                5 => block::<5>(left, row, step, right, right_row, depth, out, stride, add),
                _ => block::<HEIGHT>(left, row, step, right, right_row, depth, out, stride, add),
            }
        }
        at += HEIGHT;
    }
}
