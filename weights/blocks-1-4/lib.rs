//! The first of two parts of `vgg19.safetensors`, the weights that `impasto-network` bundles: blocks 1 to 4.
//! There are two crates, because crates.io takes 10 MiB each at most.

/// The part's bytes. Never inlined: so they are once in a program, and not in what the compiler reads of this
/// crate.
#[inline(never)]
pub fn part() -> &'static [u8] {
    include_bytes!(env!("PART"))
}
