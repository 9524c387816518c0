//! Sixteen floats at once, for the processor's vector instructions.

use super::isa::Isa;

/// Sixteen floats. The methods compile to the vector instructions of the function into which they are
/// inlined.
///
/// # Safety
///
/// Of all methods: the processor has the instructions, and pointers have sixteen values behind them.
pub trait Simd: Copy {
    unsafe fn set(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    /// self · factor + other.
    unsafe fn mul_add(self, factor: Self, other: Self) -> Self;
    unsafe fn mul(self, factor: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    /// These values where the mask is positive, elsewhere 0.
    unsafe fn where_positive(self, mask: Self) -> Self;
}

/// Plain Rust.
#[derive(Clone, Copy)]
pub struct Plain([f32; 16]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, combine: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = combine(*a, b);
        }
        result
    }
}

impl Simd for Plain {
    #[inline(always)]
    unsafe fn set(value: f32) -> Self {
        Self([value; 16])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: guaranteed by the caller.
        Self(unsafe { from.cast::<[f32; 16]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: guaranteed by the caller.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
        // Not `f32::mul_add`, which is a library call without FMA instructions.
        self.zip(factor, |a, b| a * b).zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn mul(self, factor: Self) -> Self {
        self.zip(factor, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, f32::max)
    }
    #[inline(always)]
    unsafe fn where_positive(self, mask: Self) -> Self {
        self.zip(mask, |value, mask| if mask > 0.0 { value } else { 0.0 })
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Simd;

    #[derive(Clone, Copy)]
    pub struct Avx512(__m512);

    impl Simd for Avx512 {
        #[inline(always)]
        unsafe fn set(value: f32) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_set1_ps(value) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller.
            unsafe { _mm512_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_sub_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, other.0) })
        }
        #[inline(always)]
        unsafe fn mul(self, factor: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_mul_ps(self.0, factor.0) })
        }
        #[inline(always)]
        unsafe fn max(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            Self(unsafe { _mm512_max_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn where_positive(self, mask: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe {
                let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(mask.0, _mm512_setzero_ps());
                Self(_mm512_maskz_mov_ps(positive, self.0))
            }
        }
    }

    /// Two vectors of eight.
    #[derive(Clone, Copy)]
    pub struct Avx2(__m256, __m256);

    impl Simd for Avx2 {
        #[inline(always)]
        unsafe fn set(value: f32) -> Self {
            // SAFETY: guaranteed by the caller.
            let half = unsafe { _mm256_set1_ps(value) };
            Self(half, half)
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller.
            unsafe {
                _mm256_storeu_ps(to, self.0);
                _mm256_storeu_ps(to.add(8), self.1);
            }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe {
                let first = _mm256_fmadd_ps(self.0, factor.0, other.0);
                Self(first, _mm256_fmadd_ps(self.1, factor.1, other.1))
            }
        }
        #[inline(always)]
        unsafe fn mul(self, factor: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe { Self(_mm256_mul_ps(self.0, factor.0), _mm256_mul_ps(self.1, factor.1)) }
        }
        #[inline(always)]
        unsafe fn max(self, other: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
        }
        #[inline(always)]
        unsafe fn where_positive(self, mask: Self) -> Self {
            // SAFETY: guaranteed by the caller.
            unsafe {
                let zero = _mm256_setzero_ps();
                let first = _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_GT_OQ>(mask.0, zero));
                Self(first, _mm256_and_ps(self.1, _mm256_cmp_ps::<_CMP_GT_OQ>(mask.1, zero)))
            }
        }
    }
}

/// A kernel that is generic over vectors.
pub trait SimdKernel {
    /// # Safety
    ///
    /// The processor has the instructions of `S`.
    unsafe fn run<S: Simd>(self);
}

/// Run a kernel with an instruction set's vectors.
pub fn with_simd(isa: Isa, work: impl SimdKernel) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,fma")]
    unsafe fn avx512(work: impl SimdKernel) {
        // SAFETY: this function has the instructions.
        unsafe { work.run::<Avx512>() }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(work: impl SimdKernel) {
        // SAFETY: this function has the instructions.
        unsafe { work.run::<Avx2>() }
    }
    match isa {
        // SAFETY: `Isa::available` has found these instructions.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { avx512(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: guaranteed by the caller.
        Isa::Avx2 => unsafe { avx2(work) },
        // SAFETY: NEON is part of the target.
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => unsafe { work.run::<super::neon::Neon>() },
        // SAFETY: plain Rust needs none.
        Isa::Portable => unsafe { work.run::<Plain>() },
    }
}
