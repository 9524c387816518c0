//! Finds the part for `lib.rs`: cut from the whole file in the repository, or beside this file in a published
//! crate.

use std::{env, fs, path::PathBuf};

/// Where the file is cut: before conv5_1's indices.
const SPLIT: usize = 10_625_824;

fn main() {
    let folder = |name: &str| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let here = folder("CARGO_MANIFEST_DIR");
    let whole = here.join("../vgg19.safetensors");
    let part = if whole.exists() {
        let part = folder("OUT_DIR").join("part.bin");
        let bytes = fs::read(&whole).expect("the weights can be read");
        fs::write(&part, &bytes[SPLIT..]).expect("the build's folder can be written");
        println!("cargo::rerun-if-changed={}", whole.display());
        part
    } else {
        here.join("part.bin")
    };
    if !part.exists() {
        // As in a folder of vendored crates, whose source is the repository: what is beside a crate stays
        // behind.
        let beside = here.parent().unwrap_or(&here).join("vgg19.safetensors");
        println!(
            "cargo::error=the network's weights are missing: copy weights/vgg19.safetensors of Impasto's repository to {}, or build without the feature bundled-weights",
            beside.display()
        );
        return;
    }
    println!("cargo::rustc-env=PART={}", part.display());
}
