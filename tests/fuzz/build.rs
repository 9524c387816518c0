//! Names a folder as Cargo does for tests alone: the window's support asks for it.

fn main() {
    println!("cargo::rustc-env=CARGO_TARGET_TMPDIR={}", std::env::var("OUT_DIR").expect("Cargo gives one"));
}
