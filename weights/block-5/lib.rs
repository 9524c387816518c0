//! The second of two parts of `vgg19.safetensors`, the weights that `impasto-network` bundles: block 5. The first is
//! `impasto-vgg19-a`.

/// The part's bytes. A static, so that a program holds them once.
pub static PART: [u8; include_bytes!(env!("PART")).len()] = *include_bytes!(env!("PART"));
