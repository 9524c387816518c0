//! Vector instruction sets of the processor.

use std::sync::LazyLock;

/// Vector instruction sets with their own kernel. Only [`Isa::available`] makes values, of sets that it
/// has found: code that needs the instructions relies on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Plain Rust, vectorised by the compiler for the target's baseline.
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
        #[cfg(target_arch = "aarch64")]
        list.push(Isa::Neon);
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
