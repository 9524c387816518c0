//! The second of two parts of `vgg19.safetensors`, the weights that `impasto-network` bundles: block 5. The
//! first is `impasto-vgg19-a`.

/// The part's bytes. Never inlined: so they are once in a program, and not in what the compiler reads of this
/// crate.
#[inline(never)]
pub fn part() -> &'static [u8] {
    include_bytes!(env!("PART"))
}
