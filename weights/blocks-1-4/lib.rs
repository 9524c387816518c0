//! The first of two parts of `vgg19.safetensors`, the weights that `impasto-network` bundles: blocks 1 to 4. There are two
//! crates, because crates.io takes 10 MiB each at most.

/// The part's bytes. A static, so that a program holds them once.
pub static PART: [u8; include_bytes!(env!("PART")).len()] = *include_bytes!(env!("PART"));
