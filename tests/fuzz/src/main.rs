//! The targets of tests/strangers for libFuzzer. `IMPASTO_TARGET` names the one: all in one program, which is
//! linked once. `IMPASTO_SEEDS` names a folder that gets its seeds first.

#![no_main]

#[path = "../../strangers/memory.rs"]
mod memory;
#[path = "../../strangers/mutate.rs"]
mod mutate;
#[path = "../../strangers/targets/mod.rs"]
#[allow(dead_code, reason = "how many cases the tests try")]
mod targets;
#[path = "../../window_support/mod.rs"]
mod window_support;

use std::{path::Path, sync::OnceLock};

use impasto_base::random::SplitMix64;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[global_allocator]
static MEMORY: memory::Limited = memory::Limited;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn target() -> &'static targets::Target {
    static TARGET: OnceLock<&targets::Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("IMPASTO_TARGET").unwrap_or_default();
        assert!(!name.is_empty(), "IMPASTO_TARGET names one of {:?}", targets::ALL.map(|target| target.name));
        targets::named(&name)
    })
}

fn write_seeds() {
    let Some(folder) = std::env::var_os("IMPASTO_SEEDS") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (index, seed) in (target().seeds)().iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{index}")), seed).unwrap();
    }
}

fuzz_target!(
    init: write_seeds(),
    |data: &[u8]| (target().run)(data)
);

// Every other change is one of the tests', which know numbers in texts.
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    if seed.is_multiple_of(2) {
        return fuzzer_mutate(data, size, most);
    }
    let changed = mutate::mutated(&mut SplitMix64::new(seed.into()), &data[..size], &data[..size], most);
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
